//! 敏感信息加解密: fields that are RSA-OAEP ciphertexts, decrypted and encrypted as the service does.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::signature::{KeyPair, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;

use super::authority::{NEXT_PLATFORM_KEY_PEM, PLATFORM_KEY_PEM};
use super::merchants::Merchant;
use super::platform::{self, Platform};
use super::received::Received;
use super::refusal::Refusal;

/// The JSON with the fields at these pointers decrypted, by the key that the request names; `None` if none of them is there.
pub(super) fn decrypt(
    json: &Value,
    pointers: &[impl AsRef<str>],
    request: &Received,
    platform: &Platform,
) -> Result<Option<Value>, Refusal> {
    let mut plain = json.clone();
    let mut is_any = false;
    for pointer in pointers {
        let Some(field) = plain.pointer_mut(pointer.as_ref()) else { continue };
        // The messages of the service, as merchants report them.
        if !platform::names_key(request) {
            return Err(parameter_error("HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)"));
        }
        let named = platform.responding(request)?.key_pair.public_key().as_ref();
        let ciphertext = field.as_str().and_then(|text| STANDARD.decode(text).ok());
        let ciphertext = ciphertext
            .filter(|bytes| bytes.len() == 256)
            .ok_or_else(|| parameter_error("请确认待处理的消息是否为加密后的密文"))?;
        let plaintext = private_key(named).and_then(|key| decrypted(&key, &ciphertext));
        *field = plaintext.ok_or_else(|| parameter_error("平台私钥解密失败"))?.into();
        is_any = true;
    }
    Ok(is_any.then_some(plain))
}

/// Encrypts the fields of a response for the merchant, those that are there.
pub(super) fn encrypt(
    body: Vec<u8>,
    pointers: &[String],
    merchant: Option<&Merchant>,
) -> Result<Vec<u8>, Refusal> {
    if pointers.is_empty() {
        return Ok(body);
    }
    let failed = || Refusal::new(500, "SYSTEM_ERROR", "系统异常");
    let key = merchant.and_then(|merchant| merchant.certificate.as_ref());
    let key = key.and_then(|certificate| public_key(&certificate.public_key)).ok_or_else(failed)?;
    let mut json: Value = serde_json::from_slice(&body).map_err(|_| failed())?;
    for pointer in pointers {
        let Some(field) = json.pointer_mut(pointer) else { continue };
        let plaintext = field.as_str().ok_or_else(failed)?;
        let mut bytes = vec![0; key.ciphertext_size()];
        let bytes = key
            .encrypt(&OAEP_SHA1_MGF1SHA1, plaintext.as_bytes(), &mut bytes, None)
            .map_err(|_| failed())?;
        *field = STANDARD.encode(bytes).into();
    }
    Ok(json.to_string().into_bytes())
}

fn decrypted(key: &OaepPrivateDecryptingKey, ciphertext: &[u8]) -> Option<String> {
    let mut plaintext = vec![0; key.min_output_size()];
    let plaintext = key.decrypt(&OAEP_SHA1_MGF1SHA1, ciphertext, &mut plaintext, None).ok()?;
    String::from_utf8(plaintext.to_vec()).ok()
}

/// The private half of one of the platform's public keys.
fn private_key(public_key: &[u8]) -> Option<OaepPrivateDecryptingKey> {
    [PLATFORM_KEY_PEM, NEXT_PLATFORM_KEY_PEM].into_iter().find_map(|pem| {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()?;
        let key = PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der()).ok()?;
        let key = OaepPrivateDecryptingKey::new(key).ok()?;
        (pair.public_key().as_ref() == public_key).then_some(key)
    })
}

/// A public key in PKCS#1.
fn public_key(pkcs1: &[u8]) -> Option<OaepPublicEncryptingKey> {
    let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1).ok()?;
    let spki = parsed.as_der().ok()?;
    OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(spki.as_ref()).ok()?).ok()
}

fn parameter_error(message: &str) -> Refusal {
    Refusal::new(400, "PARAM_ERROR", message)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::responder::tests::platform_key;
    use super::*;

    pub(crate) fn encrypted_for_the_platform(text: &str) -> String {
        let key = public_key(platform_key().public_key().as_ref()).unwrap();
        let mut bytes = vec![0; key.ciphertext_size()];
        let bytes = key.encrypt(&OAEP_SHA1_MGF1SHA1, text.as_bytes(), &mut bytes, None).unwrap();
        STANDARD.encode(bytes)
    }

    #[test]
    fn ciphertext_is_decrypted_by_its_own_key_only() {
        let public_key = platform_key().public_key().as_ref().to_vec();
        let ciphertext = STANDARD.decode(encrypted_for_the_platform("张三")).unwrap();
        let key = private_key(&public_key).unwrap();
        assert_eq!(decrypted(&key, &ciphertext).as_deref(), Some("张三"));
        assert_eq!(decrypted(&key, &ciphertext[1..]), None);
        let der = PrivatePkcs8KeyDer::from_pem_slice(NEXT_PLATFORM_KEY_PEM.as_bytes()).unwrap();
        let next = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        let next = private_key(next.public_key().as_ref()).unwrap();
        assert_eq!(decrypted(&next, &ciphertext), None);
        assert!(private_key(b"").is_none());
    }
}
