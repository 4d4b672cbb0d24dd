//! RSA by itself, with the merchant's key: what no call of WeChat Pay can do without.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey};
use ring::rand::SystemRandom;
use ring::signature::UnparsedPublicKey;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

pub(crate) trait Rsa: Sync {
    fn sign(&self, message: &[u8]) -> Vec<u8>;

    /// Stops the bench if the signature is wrong.
    fn verify(&self, message: &[u8], signature: &[u8]);
}

pub(crate) struct Ring(ring::rsa::KeyPair);

impl Ring {
    pub(crate) fn new(pem: &str) -> Self {
        Self(ring::rsa::KeyPair::from_pkcs8(der(pem).secret_pkcs8_der()).unwrap())
    }
}

impl Rsa for Ring {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        use ring::signature::RSA_PKCS1_SHA256;
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    fn verify(&self, message: &[u8], signature: &[u8]) {
        use ring::signature::RSA_PKCS1_2048_8192_SHA256;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.0.public())
            .verify(message, signature)
            .unwrap();
    }
}

pub(crate) struct AwsLc {
    key: aws_lc_rs::rsa::KeyPair,
    public: ParsedPublicKey,
    oaep: OaepPublicEncryptingKey,
}

impl AwsLc {
    pub(crate) fn new(pem: &str) -> Self {
        use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
        let key = aws_lc_rs::rsa::KeyPair::from_pkcs8(der(pem).secret_pkcs8_der()).unwrap();
        let public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key()).unwrap();
        let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let oaep = PublicEncryptingKey::from_der(spki.as_ref()).unwrap();
        Self { key, public, oaep: OaepPublicEncryptingKey::new(oaep).unwrap() }
    }

    pub(crate) fn encrypt(&self, text: &str) -> Vec<u8> {
        let mut ciphertext = vec![0; self.oaep.ciphertext_size()];
        self.oaep.encrypt(&OAEP_SHA1_MGF1SHA1, text.as_bytes(), &mut ciphertext, None).unwrap();
        ciphertext
    }
}

impl Rsa for AwsLc {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        use aws_lc_rs::{rand::SystemRandom, signature::RSA_PKCS1_SHA256};
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    fn verify(&self, message: &[u8], signature: &[u8]) {
        self.public.verify_sig(message, signature).unwrap();
    }
}

fn der(pem: &str) -> PrivatePkcs8KeyDer<'static> {
    PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap()
}
