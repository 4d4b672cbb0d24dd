//! The texts of what needs AWS-LC.

use wechatpay::call::Call;
use wechatpay::encryption::{self, RsaDecryptor};
use wechatpay::{Method, PlatformKeys};

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
    let call = Call::new(Method::Post, "/v3/x").unwrap();
    let call = call.json_text(r#"{"name":"x","age":1,"twice":"x","twice":"y"}"#).unwrap();
    let encrypt = |pointer| call.clone().encrypt(&encryptor, pointer);
    table.error("no pointer", encrypt("name"));
    table.error("nothing there", encrypt("/no"));
    table.error("no text there", encrypt("/age"));
    table.error("two there", encrypt("/twice"));
    let encrypted = encrypt("/name").unwrap();
    table.error("encrypted already", encrypted.encrypt(&encryptor, "/name"));
    let decryptor = RsaDecryptor::from_pem(include_str!("../../data/keys/rsa2048.pem")).unwrap();
    let error = encryption::decrypt(&decryptor, "MTIzNA==").unwrap_err();
    table.line("ciphertext, of another key", error);
}
