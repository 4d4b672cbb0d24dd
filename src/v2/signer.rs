//! The [`Signer`] trait of APIv2, [`HmacSha256Key`] and [`Md5Key`].

use std::fmt;
use std::sync::Arc;

use aes::Aes256;
use aes::cipher::{Array, BlockCipherDecrypt, KeyInit};
use md5::{Digest, Md5};
use ring::hmac::{self, HMAC_SHA256};
use ring::rand::SystemRandom;

use crate::error::{Error, Invalid, SignError, Untrusted};
use crate::id;
use crate::v2::fields::Fields;
use crate::v2::signing::message;

/// Signs for one merchant with the APIv2 key (API密钥), and verifies what WeChat Pay signed with it:
/// the key is a shared secret.
///
/// It is not the [`Signer`](crate::Signer) of APIv3, so an RSA key cannot sign an APIv2 call:
///
/// ```compile_fail
/// use wechatpay::v2::{Gateway, pay};
///
/// fn close(signer: &wechatpay::RsaSigner, gateway: &Gateway, order: &pay::Order) {
///     let _ = pay::close(signer, gateway, &order.appid, &order.out_trade_no);
/// }
/// ```
///
/// ```
/// use wechatpay::v2::{Gateway, HmacSha256Key, pay};
///
/// fn close(signer: &HmacSha256Key, gateway: &Gateway, order: &pay::Order) {
///     let _ = pay::close(signer, gateway, &order.appid, &order.out_trade_no);
/// }
/// ```
pub trait Signer: Send + Sync {
    /// 商户号: number of the merchant that signs, sent as `mch_id`, or as `combine_mch_id` of a combined
    /// order.
    fn mchid(&self) -> &str;

    /// 签名类型: signature algorithm of requests and of their responses.
    fn sign_type(&self) -> SignType;

    /// 签名: returns the digest of `{message}&key={key}` in upper-case hexadecimal. The message comes
    /// from [`signing::message`](crate::v2::signing::message).
    ///
    /// # Errors
    /// [`SignError`] if the signer fails; nothing is sent then.
    fn sign(&self, message: &str) -> Result<String, SignError>;

    /// Decrypts the `req_info` of a refund notification, already decoded from Base64: AES-256-ECB with
    /// PKCS#7 padding; the AES key is the MD5 of the API key in lower-case hexadecimal. Returns `None`
    /// for any failure.
    fn decrypt(&self, req_info: &[u8]) -> Option<Vec<u8>>;
}

/// A reference signs as what it refers to.
impl<T: Signer + ?Sized> Signer for &T {
    fn mchid(&self) -> &str {
        T::mchid(self)
    }

    fn sign_type(&self) -> SignType {
        T::sign_type(self)
    }

    fn sign(&self, message: &str) -> Result<String, SignError> {
        T::sign(self, message)
    }

    fn decrypt(&self, req_info: &[u8]) -> Option<Vec<u8>> {
        T::decrypt(self, req_info)
    }
}

/// Several threads or owners may share one signer.
impl<T: Signer + ?Sized> Signer for Arc<T> {
    fn mchid(&self) -> &str {
        T::mchid(self)
    }

    fn sign_type(&self) -> SignType {
        T::sign_type(self)
    }

    fn sign(&self, message: &str) -> Result<String, SignError> {
        T::sign(self, message)
    }

    fn decrypt(&self, req_info: &[u8]) -> Option<Vec<u8>> {
        T::decrypt(self, req_info)
    }
}

/// 签名类型: signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignType {
    /// HMAC-SHA256: 64 digits. The only one for combined orders.
    HmacSha256,
    /// MD5: 32 digits. WeChat Pay's default.
    Md5,
}

impl SignType {
    /// The name that WeChat Pay uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha256 => "HMAC-SHA256",
            Self::Md5 => "MD5",
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::HmacSha256 => 64,
            Self::Md5 => 32,
        }
    }
}

impl fmt::Display for SignType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Signs with HMAC-SHA256, the algorithm for new programs.
///
/// `Debug` does not print the key. It cannot be cloned, and is not erased from memory when dropped.
///
/// ```
/// use wechatpay::v2::HmacSha256Key;
/// assert!(HmacSha256Key::new("1900000109", "0123456789ABCDEFGHIJKLMNOPQRSTUV").is_ok());
/// assert!(HmacSha256Key::new("1900000109", "0123456789ABCDEFGHIJKLMNOPQRSTUV\n").is_err());
/// ```
pub struct HmacSha256Key {
    mchid: String,
    key: ApiKey,
}

impl HmacSha256Key {
    /// A signer for the merchant (商户号) with the APIv2 key (API密钥) that is set on the merchant
    /// platform.
    ///
    /// # Errors
    /// If the key is not 32 printable ASCII characters. Check for a blank or line feed that was copied
    /// with it.
    pub fn new(mchid: impl Into<String>, api_key: impl Into<String>) -> Result<Self, Error> {
        Ok(Self { mchid: checked(mchid.into())?, key: ApiKey::new(api_key.into())? })
    }
}

impl Signer for HmacSha256Key {
    fn mchid(&self) -> &str {
        &self.mchid
    }

    fn sign_type(&self) -> SignType {
        SignType::HmacSha256
    }

    fn sign(&self, message: &str) -> Result<String, SignError> {
        let key = hmac::Key::new(HMAC_SHA256, self.key.0.as_bytes());
        let mut digest = hmac::Context::with_key(&key);
        self.key.signed_parts(message).iter().for_each(|part| digest.update(part));
        Ok(upper_hex(digest.sign().as_ref()))
    }

    fn decrypt(&self, req_info: &[u8]) -> Option<Vec<u8>> {
        self.key.decrypt(req_info)
    }
}

impl fmt::Debug for HmacSha256Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacSha256Key").field("mchid", &self.mchid).finish_non_exhaustive()
    }
}

/// Signs with MD5, for legacy integrations. WeChat Pay signs the responses and notifications of such
/// orders with MD5 too.
///
/// `Debug` does not print the key. It cannot be cloned, and is not erased from memory when dropped.
pub struct Md5Key {
    mchid: String,
    key: ApiKey,
}

impl Md5Key {
    /// A signer for the merchant (商户号) with the APIv2 key (API密钥) that is set on the merchant
    /// platform.
    ///
    /// # Errors
    /// As [`HmacSha256Key::new`].
    pub fn new(mchid: impl Into<String>, api_key: impl Into<String>) -> Result<Self, Error> {
        Ok(Self { mchid: checked(mchid.into())?, key: ApiKey::new(api_key.into())? })
    }
}

impl Signer for Md5Key {
    fn mchid(&self) -> &str {
        &self.mchid
    }

    fn sign_type(&self) -> SignType {
        SignType::Md5
    }

    fn sign(&self, message: &str) -> Result<String, SignError> {
        let mut digest = Md5::new();
        self.key.signed_parts(message).iter().for_each(|part| digest.update(part));
        Ok(upper_hex(&digest.finalize()))
    }

    fn decrypt(&self, req_info: &[u8]) -> Option<Vec<u8>> {
        self.key.decrypt(req_info)
    }
}

impl fmt::Debug for Md5Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Md5Key").field("mchid", &self.mchid).finish_non_exhaustive()
    }
}

/// Returns the `sign` of these fields.
pub(super) fn sign(signer: &dyn Signer, fields: &Fields) -> Result<String, SignError> {
    let sign = signer.sign(&message(fields.iter()))?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    if sign.len() == signer.sign_type().digits() && sign.bytes().all(is_digit) {
        Ok(sign)
    } else {
        Err(SignError::new("the signer's digest is not upper-case hexadecimal of its length"))
    }
}

/// Verifies WeChat Pay's `sign` over all fields, known or not.
pub(super) fn verify(signer: &dyn Signer, fields: &Fields) -> Result<(), Untrusted> {
    let received = fields.get("sign").ok_or(Untrusted::MissingSign)?;
    let sign_type = signer.sign_type();
    let claimed = fields.get("sign_type").unwrap_or(sign_type.as_str());
    if claimed != sign_type.as_str() || received.len() != sign_type.digits() {
        return Err(Untrusted::OtherSignType);
    }
    let expected = sign(signer, fields).map_err(|_| Untrusted::WrongSign)?;
    // Comparing their HMACs under a random key takes the same time for any two digests.
    let key =
        hmac::Key::generate(HMAC_SHA256, &SystemRandom::new()).map_err(|_| Untrusted::WrongSign)?;
    let tag = hmac::sign(&key, expected.as_bytes());
    hmac::verify(&key, received.to_ascii_uppercase().as_bytes(), tag.as_ref())
        .map_err(|_| Untrusted::WrongSign)
}

/// Whether `sign` has the length of this signer's digests.
pub(super) fn has_length_of(signer: &dyn Signer, fields: &Fields) -> bool {
    fields.get("sign").is_some_and(|sign| sign.len() == signer.sign_type().digits())
}

struct ApiKey(String);

impl ApiKey {
    fn new(key: String) -> Result<Self, Invalid> {
        if key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(key));
        }
        let rule = "must be the APIv2 key: 32 printable ASCII characters, without blanks; it is \
                    not the APIv3 key";
        Err(Invalid::new("api_key", rule))
    }

    /// `{message}&key={key}`. Not joined, so that the key is not copied.
    fn signed_parts<'a>(&'a self, message: &'a str) -> [&'a [u8]; 3] {
        [message.as_bytes(), b"&key=", self.0.as_bytes()]
    }

    fn decrypt(&self, req_info: &[u8]) -> Option<Vec<u8>> {
        let key = upper_hex(&Md5::digest(&self.0)).to_ascii_lowercase();
        let cipher = Aes256::new_from_slice(key.as_bytes()).ok()?;
        let (blocks, rest) = Array::slice_as_chunks(req_info);
        let mut text: Vec<u8> = Vec::with_capacity(req_info.len());
        for block in blocks {
            let mut block = *block;
            cipher.decrypt_block(&mut block);
            text.extend_from_slice(&block);
        }
        let padding = usize::from(*text.last()?);
        let length = text.len().checked_sub(padding)?;
        let (_, tail) = text.split_at_checked(length)?;
        let is_padding = tail.iter().all(|byte| usize::from(*byte) == padding);
        if !rest.is_empty() || !(1..=16).contains(&padding) || !is_padding {
            return None;
        }
        text.truncate(length);
        Some(text)
    }
}

fn checked(mchid: String) -> Result<String, Invalid> {
    id::check_mchid(&mchid).map_err(|rule| Invalid::new("mch_id", rule))?;
    Ok(mchid)
}

fn upper_hex(bytes: &[u8]) -> String {
    let digit =
        |half| char::from_digit(u32::from(half), 16).map(|digit| digit.to_ascii_uppercase());
    let mut hex = String::with_capacity(bytes.len().saturating_mul(2));
    hex.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit));
    hex
}

#[cfg(test)]
pub(super) mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    pub(in crate::v2) const KEY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

    pub(in crate::v2) fn hmac_key() -> HmacSha256Key {
        HmacSha256Key::new("1900000001", KEY).unwrap()
    }

    pub(in crate::v2) fn md5_key() -> Md5Key {
        Md5Key::new("1900000001", KEY).unwrap()
    }

    /// The digest by MD5 and the one by HMAC-SHA256.
    fn both(key: &str, message: &str) -> [String; 2] {
        let signers: [&dyn Signer; 2] =
            [&Md5Key::new("1", key).unwrap(), &HmacSha256Key::new("1", key).unwrap()];
        signers.map(|signer| signer.sign(message).unwrap())
    }

    fn fields(pairs: &[(&'static str, &str)]) -> Fields {
        let mut fields = Fields::default();
        pairs.iter().for_each(|(name, value)| fields.set(name, value));
        fields
    }

    #[test]
    fn shared_signer_signs_as_the_signer_itself() {
        fn seen(signer: &dyn Signer) -> (&str, SignType, String, bool) {
            let decrypted = signer.decrypt(&[0; 16]).is_some();
            (signer.mchid(), signer.sign_type(), signer.sign("a=1").unwrap(), decrypted)
        }
        let keys: [Arc<dyn Signer>; 2] = [Arc::new(hmac_key()), Arc::new(md5_key())];
        for key in keys {
            assert_eq!(seen(&key), seen(&*key));
            assert_eq!(seen(&&*key), seen(&*key));
        }
    }

    #[test]
    fn published_signs_are_reproduced() {
        let key = "192006250b4c09247ec02edce69f6a2d";
        let mut sample = vec![
            ("appid", "wxd930ea5d5a258f4f"),
            ("mch_id", "10000100"),
            ("device_info", "1000"),
            ("body", "test"),
            ("nonce_str", "ibuaiVcKdpRxkhJA"),
        ];
        let published = [
            "9A0A8659F005D6984697E2CA0A9CF3B7",
            "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6",
        ];
        assert_eq!(both(key, &message(sample.iter().copied())), published);
        sample.extend([("attach", ""), ("sign", "of before")]);
        assert_eq!(both(key, &message(sample.iter().copied())), published);
        sample.push(("sign_type", "HMAC-SHA256"));
        assert_eq!(
            both(key, &message(sample)),
            [
                "8BBDF38FFD24E59C51589AE437932C6B",
                "2C9DF1156522C0B2B03B4DBF3BCA5CACB602CBD5CA0F9E112458CF3E9855303B",
            ]
        );
        assert_eq!(
            both("exposed_your_key_here_have_risks", "")[0],
            "B3D43C8390F26E2030D4D17BD580FBC8"
        );
    }

    #[test]
    fn chinese_order_signs_like_openssl() {
        let order = [
            ("appid", "wx0000000000000001"),
            ("body", "测试 A&B <x>"),
            ("attach", ""),
            ("mch_id", "1900000001"),
            ("nonce_str", "n0nce"),
            ("notify_url", "https://shop.example/pay/notify"),
            ("out_trade_no", "T20250101-001"),
            ("product_id", "P1"),
            ("spbill_create_ip", "203.0.113.7"),
            ("total_fee", "1"),
            ("trade_type", "NATIVE"),
        ];
        assert_eq!(
            both(KEY, &message(order)),
            [
                "25987C25A6582C1EC0B8C8AE8DB0035C",
                "0F6F418BF15236C5C31E2624727B5BE051E016B11688D42C0B6258D256C4315D",
            ]
        );
        let sorted = [
            ("coupon_id_2", "7"),
            ("a", "1"),
            ("B", "2"),
            ("_u", "3"),
            ("A_b", "4"),
            ("Ab", "5"),
            ("coupon_id_10", "6"),
        ];
        assert_eq!(
            both(KEY, &message(sorted)),
            [
                "107F694700ECD43122784A6D88256A1A",
                "F44990A345FCDAF932D82FA6573EF6C31C7A931279B5A12347C6D9061152C10A",
            ]
        );
    }

    #[test]
    fn sign_verifies_in_either_case_and_no_other_form() {
        let signers: [&dyn Signer; 2] = [&hmac_key(), &md5_key()];
        for signer in signers {
            let mut good = fields(&[("a", "1"), ("future_field", "x"), ("empty", "")]);
            good.set("sign", sign(signer, &good).unwrap());
            assert_eq!(verify(signer, &good), Ok(()));
            let with = |name: &'static str, value: &str| {
                let mut fields = good.clone();
                fields.set(name, value);
                verify(signer, &fields)
            };
            let sign = good.text("sign").unwrap();
            assert_eq!(with("sign", &sign.to_lowercase()), Ok(()));
            assert_eq!(with("empty", ""), Ok(()));
            for (name, value) in [("a", "2"), ("future_field", ""), ("empty", " "), ("b", "1")] {
                assert_eq!(with(name, value), Err(Untrusted::WrongSign), "{name}");
            }
            for position in 0..sign.len() {
                let mut digits: Vec<char> = sign.chars().collect();
                digits[position] = if digits[position] == '0' { '1' } else { '0' };
                let wrong = with("sign", &String::from_iter(digits));
                assert_eq!(wrong, Err(Untrusted::WrongSign), "{position}");
            }
            assert_eq!(with("sign", ""), Err(Untrusted::MissingSign));
            assert_eq!(with("sign", sign.split_at(1).1), Err(Untrusted::OtherSignType));
            assert_eq!(with("sign", &format!("{sign}0")), Err(Untrusted::OtherSignType));
            assert_eq!(with("sign_type", "HMAC-SHA1"), Err(Untrusted::OtherSignType));
        }
    }

    #[test]
    fn sign_of_other_algorithm_is_refused() {
        let mut md5 = fields(&[("a", "1")]);
        md5.set("sign", sign(&md5_key(), &md5).unwrap());
        assert_eq!(verify(&hmac_key(), &md5), Err(Untrusted::OtherSignType));
        let mut hmac = fields(&[("a", "1"), ("sign_type", "MD5")]);
        hmac.set("sign", sign(&hmac_key(), &hmac).unwrap());
        assert_eq!(verify(&hmac_key(), &hmac), Err(Untrusted::OtherSignType));
    }

    #[test]
    fn req_info_decrypts_with_md5_of_the_key() {
        let open = |key: &str, base64: &str| {
            let key = HmacSha256Key::new("1", key).unwrap();
            key.decrypt(&STANDARD.decode(base64.trim()).unwrap())
        };
        let ours = "Ah/r51EbcbjLQdTNBSBoav/TvXlKhtPRh1nxDLnLH4CO3jSvNsj8NF+FUPrcZVWkxTNFt78b22DhFA+\
                    jxfQvUUlbygaJ4DgKrmW4Cn1HuSTzNU0iKgd+mcor/o5E6jZw";
        let text = "<root><out_trade_no>T20250101-001</out_trade_no>\
                    <refund_status>SUCCESS</refund_status></root>";
        assert_eq!(open(KEY, ours).unwrap(), text.as_bytes());
        let published = open("ziR0QKsTUfMOuochC9RfCdmfHECorQAP", include_str!("req_info.txt"));
        let published = published.unwrap();
        assert_eq!(published.len(), 820);
        assert!(String::from_utf8(published).unwrap().contains("50000404922017112502468056157"));
        assert_eq!(open("LEADINGZEROTESTKEY00000000000252", ours), None);
        for wrong in ["", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA=="] {
            assert_eq!(open(KEY, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn md5_of_key_keeps_leading_zeros() {
        let key = Md5::digest("LEADINGZEROTESTKEY00000000000252");
        assert_eq!(upper_hex(&key), "00F07AD0EC4B51E93191358ABEE977B9");
    }

    #[test]
    fn key_must_be_32_characters_and_is_not_printed() {
        let (_, short) = KEY.split_at(1);
        for wrong in ["", short, &format!("{KEY}\n"), &format!(" {short}")] {
            let error = Md5Key::new("1900000001", wrong).unwrap_err().to_string();
            assert!(error.starts_with("api_key must be the APIv2 key: 32 printable"), "{error}");
        }
        let error = HmacSha256Key::new("19\r\n", KEY).unwrap_err().to_string();
        assert!(error.starts_with("mch_id must be"), "{error}");
        let shown = format!("{:?} {:?}", hmac_key(), md5_key());
        assert_eq!(
            shown,
            "HmacSha256Key { mchid: \"1900000001\", .. } Md5Key { mchid: \"1900000001\", .. }"
        );
    }

    #[test]
    fn signer_with_malformed_digest_is_an_error() {
        struct Broken;
        impl Signer for Broken {
            fn mchid(&self) -> &str {
                "1900000001"
            }
            fn sign_type(&self) -> SignType {
                SignType::Md5
            }
            fn sign(&self, _: &str) -> Result<String, SignError> {
                Ok("9a0a8659f005d6984697e2ca0a9cf3b7".to_owned())
            }
            fn decrypt(&self, _: &[u8]) -> Option<Vec<u8>> {
                None
            }
        }
        assert!(sign(&Broken, &Fields::default()).is_err());
    }
}
