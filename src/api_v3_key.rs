//! [`ApiV3Key`] (APIv3密钥): decrypts notifications and platform certificates.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::Deserialize;

use crate::error::{Error, Invalid};

/// APIv3密钥: the APIv3 key, 32 letters and digits, set on the merchant platform. It is not the APIv2
/// key. WeChat Pay sends no notifications until it is set.
///
/// `Debug` shows nothing of the key, and it cannot be cloned. ring does not wipe it when it is dropped.
///
/// ```
/// use wechatpay::ApiV3Key;
/// assert!(ApiV3Key::new("0123456789ABCDEFGHIJKLMNOPQRSTUV").is_ok());
/// assert!(ApiV3Key::new("0123456789ABCDEFGHIJKLMNOPQRSTUV\n").is_err());
/// ```
pub struct ApiV3Key(LessSafeKey);

impl ApiV3Key {
    /// Checks the length of the key.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) unless the key has 32 bytes. The usual cause is a blank
    /// or a line feed that was copied with it.
    pub fn new(key: impl AsRef<[u8]>) -> Result<Self, Error> {
        let key = key.as_ref();
        UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map(Self).map_err(|_| {
            let rule = format!(
                "must be the 32 characters set on the merchant platform, and is {} bytes; check \
                 that no blank or line feed was copied with it",
                key.len()
            );
            Invalid::new("api_v3_key", rule).into()
        })
    }

    /// Decrypts a ciphertext of WeChat Pay. A failure is `None` for every reason, so that an attacker
    /// learns nothing from it.
    pub(crate) fn open(&self, sealed: &Sealed<'_>) -> Option<Vec<u8>> {
        if sealed.algorithm != ALGORITHM {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(sealed.nonce.as_bytes()).ok()?;
        let associated_data = sealed.associated_data.as_deref().unwrap_or_default();
        let mut text = STANDARD.decode(sealed.ciphertext.as_bytes()).ok()?;
        let length = self
            .0
            .open_in_place(nonce, Aad::from(associated_data.as_bytes()), &mut text)
            .ok()?
            .len();
        text.truncate(length);
        Some(text)
    }
}

impl fmt::Debug for ApiV3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiV3Key").finish_non_exhaustive()
    }
}

/// A ciphertext, as notifications and certificates contain it.
#[derive(Deserialize)]
pub(crate) struct Sealed<'a> {
    /// The type of the plaintext; absent in certificates.
    #[serde(borrow, default)]
    pub(crate) original_type: Cow<'a, str>,
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
    #[serde(default)]
    associated_data: Option<String>,
    #[serde(borrow)]
    nonce: Cow<'a, str>,
}

/// The only algorithm for merchants with RSA keys ([m/4012071382](https://pay.weixin.qq.com/doc/v3/merchant/4012071382)).
const ALGORITHM: &str = "AEAD_AES_256_GCM";

#[cfg(test)]
mod tests {
    use super::*;

    /// java:core AeadAesCipherTest.
    fn open(change: impl FnOnce(&mut Sealed<'static>)) -> Option<Vec<u8>> {
        let mut sealed = Sealed {
            original_type: "".into(),
            algorithm: ALGORITHM.into(),
            ciphertext: "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=".into(),
            associated_data: Some("associatedData".to_owned()),
            nonce: "uluk4a9R25RW".into(),
        };
        change(&mut sealed);
        ApiV3Key::new("a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb").unwrap().open(&sealed)
    }

    #[test]
    fn published_vector_is_decrypted() {
        assert_eq!(open(|_| ()).unwrap(), b"message");
    }

    #[test]
    fn wrong_input_is_refused_without_a_panic() {
        let wrong: [fn(&mut Sealed<'static>); 14] = [
            |sealed| sealed.algorithm = "AEAD_SM4_GCM".into(),
            |sealed| sealed.associated_data = Some("bad-associatedData".into()),
            |sealed| sealed.associated_data = Some(String::new()),
            |sealed| sealed.associated_data = None,
            |sealed| sealed.nonce = "bad-4a9R25RW".into(),
            |sealed| sealed.nonce = "uluk4a9R25R".into(),
            |sealed| sealed.nonce = "uluk4a9R25RW1".into(),
            |sealed| sealed.nonce = "ｕｌｕｋ".into(),
            |sealed| sealed.ciphertext = "".into(),
            |sealed| sealed.ciphertext = "AAAAAAAAAAAAAAAAAAAA".into(),
            |sealed| sealed.ciphertext = "not Base64!".into(),
            |sealed| sealed.ciphertext = sealed.ciphertext.replace('+', "-").into(),
            |sealed| sealed.ciphertext = sealed.ciphertext.replace('=', "").into(),
            |sealed| sealed.ciphertext = STANDARD.encode([0; 128]).into(),
        ];
        for (index, change) in wrong.into_iter().enumerate() {
            assert_eq!(open(change), None, "{index}");
        }
    }

    #[test]
    fn key_is_32_bytes_and_hidden_in_debug() {
        let key = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
        for wrong in ["", key.trim_start_matches("0"), &format!("{key}\n"), &format!(" {key} ")] {
            let error = ApiV3Key::new(wrong).unwrap_err().to_string();
            let length = format!(" and is {} bytes; ", wrong.len());
            assert!(error.contains(&length), "{error}");
        }
        assert_eq!(format!("{:?}", ApiV3Key::new(key).unwrap()), "ApiV3Key { .. }");
    }
}
