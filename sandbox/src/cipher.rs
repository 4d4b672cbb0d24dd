//! AEAD_AES_256_GCM under the APIv3密钥, for notifications and certificates.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use super::unique_ids::UniqueIds;

/// APIv3密钥, ready to encrypt.
pub(super) struct Cipher(LessSafeKey);

impl Cipher {
    pub(super) fn new(api_v3_key: &str) -> io::Result<Self> {
        UnboundKey::new(&AES_256_GCM, api_v3_key.as_bytes())
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| io::Error::other("an APIv3 key has 32 bytes"))
    }

    /// The plaintext as JSON carries it, under a fresh nonce.
    pub(super) fn encrypted(&self, purpose: &str, plaintext: &[u8], ids: &mut UniqueIds) -> Value {
        let nonce = ids.digits(NONCE);
        json!({
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": STANDARD.encode(self.seal(&nonce, purpose, plaintext)),
            "associated_data": purpose,
            "nonce": nonce,
        })
    }

    fn seal(&self, nonce: &str, associated_data: &str, plaintext: &[u8]) -> Vec<u8> {
        let mut bytes = plaintext.to_vec();
        let sealed = Nonce::try_assume_unique_for_key(nonce.as_bytes()).and_then(|nonce| {
            self.0.seal_in_place_append_tag(nonce, Aad::from(associated_data), &mut bytes)
        });
        // Only a plaintext of 64 GB fails; its ciphertext is empty.
        if sealed.is_ok() { bytes } else { Vec::new() }
    }
}

/// What AES-GCM is defined for, and what every sample has.
const NONCE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encrypts_as_the_official_library_does() {
        let cipher = Cipher::new("a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb").unwrap();
        let sealed = cipher.seal("uluk4a9R25RW", "associatedData", b"message");
        assert_eq!(STANDARD.encode(sealed), "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=");
    }

    #[test]
    fn every_text_has_its_own_nonce() {
        let (cipher, mut ids) = (Cipher::new(&"k".repeat(32)).unwrap(), UniqueIds::new([0; 32]));
        let (one, two) = (
            cipher.encrypted("refund", b"a", &mut ids),
            cipher.encrypted("refund", b"a", &mut ids),
        );
        assert_ne!(one["nonce"], two["nonce"]);
        assert_eq!(one["nonce"].as_str().unwrap().len(), 12);
        assert_eq!(one["associated_data"], "refund");
        assert!(Cipher::new("short").is_err());
    }
}
