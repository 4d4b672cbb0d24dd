//! The platform's own key: which of its two names an answer is signed under, and the signature.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use super::answer::Answer;
use super::received::Received;
use super::refusal::Refusal;

/// 微信支付 itself: one RSA key under two names, 微信支付公钥 and 平台证书.
pub(super) struct Platform {
    pub(super) key: RsaKeyPair,
    pub(super) public_key_id: String,
    pub(super) certificate_serial_no: String,
}

impl Platform {
    /// The name under which an answer to this request is signed: the merchant chooses it.
    pub(super) fn answering_serial(&self, request: &Received) -> Result<&str, Refusal> {
        if request.header(SERIAL).is_none() {
            return Ok(&self.certificate_serial_no);
        }
        match request.only_header(SERIAL) {
            Some(serial) if serial == self.public_key_id => Ok(&self.public_key_id),
            Some(serial) if serial.eq_ignore_ascii_case(&self.certificate_serial_no) => {
                Ok(&self.certificate_serial_no)
            }
            _ => Err(Refusal::new(400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误")),
        }
    }

    /// Signs the raw body and adds the five headers of a signed answer.
    pub(super) fn seal(&self, answer: &mut Answer, serial: &str, now: i64, nonce: &str) {
        let timestamp = now.to_string();
        let message =
            [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", &answer.body, b"\n"].concat();
        let mut signature = vec![0; self.key.public().modulus_len()];
        let sealed =
            self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature);
        // Without a source of randomness the answer stays unsigned, and nobody will believe it.
        if sealed.is_err() {
            return;
        }
        answer.set_header("Wechatpay-Timestamp", timestamp);
        answer.set_header("Wechatpay-Nonce", nonce);
        answer.set_header("Wechatpay-Signature", STANDARD.encode(signature));
        answer.set_header(SERIAL, serial);
        answer.set_header("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048");
    }
}

const SERIAL: &str = "Wechatpay-Serial";
