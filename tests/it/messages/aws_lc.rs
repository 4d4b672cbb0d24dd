//! The texts of what needs AWS-LC.

use wechatpay::PlatformKeys;
use wechatpay::encryption::{self, RsaDecryptor};

use super::Table;

pub(super) fn encrypted_fields(table: &mut Table) {
    table.chapter("AWS-LC: encrypted fields");
    table.error("no key", PlatformKeys::none().encryptor());
    let keys =
        PlatformKeys::from_pem("PUB_KEY_ID_01", include_str!("../../data/keys/rsa2048.pub.pem"))
            .unwrap();
    let encryptor = keys.encryptor().unwrap();
    table.error("nothing to encrypt", encryptor.encrypt(""));
    table.error("too much to encrypt", encryptor.encrypt(&"x".repeat(215)));
    let decryptor = RsaDecryptor::from_pem(include_str!("../../data/keys/rsa2048.pem")).unwrap();
    let error = encryption::decrypt(&decryptor, "MTIzNA==").unwrap_err();
    table.line("ciphertext, of another key", error);
}
