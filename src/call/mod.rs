//! Any APIv3 interface (通用接口调用): the same signature, verification, limits and errors as the functions of this crate, for the
//! interfaces that have no function here.
//!
//! [`get`] and [`post`] are the short forms. [`Call`] has every method, with or without a body, and encrypted fields. [`Path`]
//! encodes variables and query values. The result is [`Verified`]: nothing of a response can be read before its signature is
//! verified. [`Upload`] sends a file; [`Download`] fetches one, which WeChat Pay does not sign.
//!
//! ```
//! use serde_json::json;
//! use wechatpay::call::{self, Call, Path};
//! use wechatpay::{Error, Gateway, Method, Signer};
//!
//! fn example(signer: &dyn Signer, gateway: &Gateway, stock_id: &str) -> Result<(), Error> {
//!     let path = Path::new("/v3/marketing/busifavor/stocks/{stock_id}").variable("stock_id", stock_id)?;
//!     let stock: serde_json::Value = call::get(signer, gateway, path)?.json()?;
//!
//!     Call::new(Method::Put, "/v3/merchant-service/complaint-notifications")?
//!         .json(&json!({ "url": "https://shop.example/complaints" }))?
//!         .send(signer, gateway)?;
//!     Ok(())
//! }
//! ```

mod download;
mod json_text;
#[cfg(feature = "aws-lc-rs")]
mod leaf;
mod path;
mod upload;

use std::fmt;

use serde::Serialize;

use crate::encryption;
#[cfg(feature = "aws-lc-rs")]
use crate::encryption::Encryptor;
use crate::error::{Error, Invalid};
use crate::gateway::{Body, Gateway};
use crate::method::Method;
use crate::platform_keys;
use crate::signer::Signer;
use crate::validate;

pub use self::download::Download;
#[cfg(feature = "aws-lc-rs")]
use self::leaf::Leaf;
pub use self::path::Path;
pub use self::upload::Upload;
pub use crate::gateway::Verified;
pub use crate::remote_file::FileHash;

/// Sends a `GET` to an interface: it reads, and changes nothing.
///
/// ```
/// use wechatpay::call::{self, Path, Verified};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Verified, Error> {
///     let complaints = Path::new("/v3/merchant-service/complaints-v2")
///         .query("begin_date", "2026-11-01")
///         .query("end_date", "2026-11-28");
///     call::get(signer, gateway, complaints)
/// }
/// ```
///
/// # Errors
/// Safe to retry, whatever the outcome.
pub fn get(
    signer: &dyn Signer,
    gateway: &Gateway,
    path: impl AsRef<str>,
) -> Result<Verified, Error> {
    Call::new(Method::Get, path)?.send(signer, gateway)
}

/// Sends a `POST` with a JSON body to an interface.
///
/// ```
/// use serde_json::Value;
/// use wechatpay::call::{self, Verified};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, stock: &Value) -> Result<Verified, Error> {
///     call::post(signer, gateway, "/v3/marketing/busifavor/stocks", stock)
/// }
/// ```
///
/// # Errors
/// As [`Call::send`].
pub fn post(
    signer: &dyn Signer,
    gateway: &Gateway,
    path: impl AsRef<str>,
    body: &(impl Serialize + ?Sized),
) -> Result<Verified, Error> {
    Call::new(Method::Post, path)?.json(body)?.send(signer, gateway)
}

/// A call of any interface. It can be sent again: the bytes are the same.
///
/// ```
/// use serde_json::json;
/// use wechatpay::call::{Call, Verified};
/// use wechatpay::{Error, Gateway, Method, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Verified, Error> {
///     Call::new(Method::Patch, "/v3/new-tax-control-fapiao/merchant/development-config")?
///         .json(&json!({ "callback_url": "https://shop.example/fapiao" }))?
///         .send(signer, gateway)
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    method: Method,
    path: String,
    body: Vec<u8>,
    encryption_serial: Option<String>,
    /// Where the body was encrypted: nothing is encrypted twice.
    encrypted: Vec<String>,
}

impl Call {
    /// A call without a body. `path` is the path and query, percent-encoded: a [`Path`], or a text
    /// that needs no encoding. It begins with `/v3/` (or `/hk/v3/`); the host is that of the gateway.
    ///
    /// # Errors
    /// [`Error`] if the path is not of that form.
    pub fn new(method: Method, path: impl AsRef<str>) -> Result<Self, Error> {
        let path = path.as_ref();
        path::check(path)?;
        Ok(Self {
            method,
            path: path.to_owned(),
            body: Vec::new(),
            encryption_serial: None,
            encrypted: Vec::new(),
        })
    }

    /// The same call with this body: anything that serializes as a JSON object. Leave out what is
    /// `None` (`skip_serializing_if`), because WeChat Pay does not accept `null`.
    ///
    /// # Errors
    /// [`Error`] if the value cannot be serialized or is not an object, or if the method is `GET`.
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        self.json_text(validate::to_json(body)?)
    }

    /// The same call with this JSON object as its body, byte for byte: a text that was written by
    /// hand or stored.
    ///
    /// # Errors
    /// [`Error`] if the text is not a JSON object in UTF-8, or if the method is `GET`.
    pub fn json_text(self, body: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let body = body.into();
        if self.method == Method::Get {
            return Err(Invalid::new("body", "must be left out with GET").into());
        }
        json_text::check(&body).map_err(|rule| Invalid::new("body", rule))?;
        Ok(Self { body, encrypted: Vec::new(), ..self })
    }

    /// The same call with the value at a JSON pointer (`/user_name`, `/receivers/0/name`) encrypted,
    /// for the fields that WeChat Pay's documents mark as encrypted. The body has it in plain text until then.
    ///
    /// ```
    /// use serde_json::json;
    /// use wechatpay::call::Call;
    /// use wechatpay::encryption::Encryptor;
    /// use wechatpay::{Error, Method};
    ///
    /// fn example(encryptor: &Encryptor) -> Result<Call, Error> {
    ///     Call::new(Method::Post, "/v3/security/echo")?
    ///         .json(&json!({ "echo_message": "1", "encrypted_echo_message": "张三" }))?
    ///         .encrypt(encryptor, "/encrypted_echo_message")
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error`] if there is no text at the pointer, if it is empty, too long or encrypted already, or if another
    /// value was encrypted with another key.
    #[cfg(feature = "aws-lc-rs")]
    #[doc(alias = "敏感信息加密")]
    pub fn encrypt(mut self, encryptor: &Encryptor, pointer: &str) -> Result<Self, Error> {
        let violation = |rule| Invalid::new(pointer, rule);
        if self.encrypted.iter().any(|encrypted| encrypted == pointer) {
            return Err(violation("must not be encrypted twice").into());
        }
        let json = json_text::check(&self.body).map_err(|rule| Invalid::new("body", rule))?;
        let leaf = Leaf::find(json, pointer).map_err(violation)?;
        let encrypted = encryptor.encrypt_field(pointer, &leaf.text)?;
        let body = format!("{}\"{}\"{}", leaf.before, encrypted.ciphertext(), leaf.after);
        self.body = body.into_bytes();
        self.encrypted.push(pointer.to_owned());
        self.encrypted_under(encryptor.serial())
    }

    /// The same call, for a body or a query that contains values encrypted elsewhere: `serial` is that
    /// of their key ([`Encrypted::serial`](crate::encryption::Encrypted::serial)).
    ///
    /// ```
    /// use wechatpay::call::{Call, Path};
    /// use wechatpay::encryption::Encrypted;
    /// use wechatpay::{Error, Method};
    ///
    /// fn example(mobile: &Encrypted) -> Result<Call, Error> {
    ///     let path = Path::new("/v3/smartguide/guides").query("mobile", mobile.ciphertext());
    ///     Call::new(Method::Get, path)?.encrypted_under(mobile.serial())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error`] if it is not such a serial number, or not that of the values encrypted before.
    pub fn encrypted_under(mut self, serial: &str) -> Result<Self, Error> {
        encryption::check_serial(serial)?;
        if self
            .encryption_serial
            .as_deref()
            .is_some_and(|known| !platform_keys::is_same_serial(known, serial))
        {
            return Err(encryption::two_serials().into());
        }
        self.encryption_serial = Some(serial.to_owned());
        Ok(self)
    }

    /// Sends the call once.
    ///
    /// A success is 200, 202 or 204: see [`Verified::status`].
    ///
    /// # Errors
    /// What the [outcome](Error::outcome) means here:
    /// * `NotSent`: nothing was changed. Correct what the error names. If the gateway no longer has the
    ///   key of the encrypted fields, encrypt the same values again, under the same number.
    /// * `Refused`: WeChat Pay refused the request; nothing was changed.
    /// * `Unknown`: it may have been processed; 429 belongs here, because interfaces differ in what they do then. Query
    ///   first, or send the same call again if its interface takes a request with the same number as one. Never send a
    ///   code payment (付款码支付) again.
    ///
    /// A failed `GET` has changed nothing, whatever its outcome: [`Error::is_read`].
    pub fn send(&self, signer: &dyn Signer, gateway: &Gateway) -> Result<Verified, Error> {
        let body = Body::encrypted(&self.body, self.encryption_serial());
        gateway.call(signer, self.method, &self.path, body)
    }

    /// The body as it is sent; empty if there is none. Store it, with
    /// [`encryption_serial`](Self::encryption_serial), to send the same bytes again after a restart.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The serial number of the key that encrypted fields of this call.
    #[must_use]
    pub fn encryption_serial(&self) -> Option<&str> {
        self.encryption_serial.as_deref()
    }
}

/// Leaves out query and body, which may contain personal data.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("path", &path::without_query(&self.path))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "PUB_KEY_ID_0119000072912024101100397200000006";

    fn call(method: Method) -> Call {
        Call::new(method, "/v3/security/echo?token=SECRET").unwrap()
    }

    fn error<T: fmt::Debug>(result: Result<T, Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn body_is_sent_as_it_was_written() {
        let text = " {\"b\": 1.50, \"a\": \"\\u4e09\"}\n";
        assert_eq!(call(Method::Post).json_text(text).unwrap().body(), text.as_bytes());
        assert_eq!(call(Method::Post).json(&json!({ "a": 1 })).unwrap().body(), b"{\"a\":1}");
        assert_eq!(call(Method::Post).body(), b"");
    }

    #[test]
    fn wrong_body_is_refused() {
        assert_eq!(error(call(Method::Get).json(&json!({}))), "body must be left out with GET");
        // JSON as a text becomes a JSON string.
        assert_eq!(error(call(Method::Put).json("{}")), "body must be a JSON object");
        assert_eq!(
            error(call(Method::Put).json_text("{a:1}")),
            "body must be JSON; check line 1, column 2"
        );
    }

    #[test]
    fn fields_are_encrypted_under_one_serial() {
        let call = call(Method::Get).encrypted_under(ID).unwrap();
        assert_eq!(call.encryption_serial(), Some(ID));
        assert!(call.clone().encrypted_under(ID).is_ok());
        assert_eq!(
            error(call.clone().encrypted_under("AB12")),
            "encryption_serial must be one for all encrypted fields of a request; encrypt them \
             with one encryptor"
        );
        assert!(error(call.encrypted_under("x")).starts_with("encryption_serial must be PUB_KEY"));
    }

    #[test]
    fn debug_shows_neither_query_nor_body() {
        let call = call(Method::Post).json(&json!({ "a": "SECRET" })).unwrap();
        let shown = "Call { method: Post, path: \"/v3/security/echo\", .. }";
        assert_eq!(format!("{call:?}"), shown);
    }

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn leaf_is_encrypted_once_and_nothing_else_changes() {
        use crate::encryption::{RsaDecryptor, decrypt};
        use crate::platform_keys::PlatformKeys;

        let key = include_str!("../../tests/data/keys/rsa2048.pub.pem");
        let encryptor = PlatformKeys::from_pem(ID, key).unwrap().encryptor().unwrap();
        let plain = r#"{"amount": 1e2, "names": [{"name": "张\u4e09"}], "n": null}"#;
        let call = call(Method::Post).json_text(plain).unwrap();
        let encrypted = call.clone().encrypt(&encryptor, "/names/0/name").unwrap();
        assert_eq!(encrypted.encryption_serial(), Some(ID));
        let body = std::str::from_utf8(encrypted.body()).unwrap();
        let (start, end) = plain.split_once(r#"张\u4e09"#).unwrap();
        let ciphertext = body.strip_prefix(start).unwrap().strip_suffix(end).unwrap();
        let private_key = include_str!("../../tests/data/keys/rsa2048.pem");
        let decryptor = RsaDecryptor::from_pem(private_key).unwrap();
        assert_eq!(decrypt(&decryptor, ciphertext).as_deref(), Ok("张三"));

        assert_eq!(
            error(encrypted.clone().encrypt(&encryptor, "/names/0/name")),
            "/names/0/name must not be encrypted twice"
        );
        for (pointer, rule) in [
            ("/amount", "/amount must be a text"),
            ("/name", "/name is missing"),
            ("name", "name must be a JSON pointer, such as /user_name"),
        ] {
            assert_eq!(error(call.clone().encrypt(&encryptor, pointer)), rule);
        }
        let long = json!({ "name": "x".repeat(215), "none": "" });
        let call = call.json(&long).unwrap();
        assert_eq!(
            error(call.clone().encrypt(&encryptor, "/name")),
            "/name must not exceed 214 bytes of UTF-8"
        );
        assert_eq!(
            error(call.encrypt(&encryptor, "/none")),
            "/none must not be empty; leave the field out instead"
        );
        // A new body is plain text again; the path may still contain a ciphertext.
        let plain = encrypted.json_text(plain).unwrap();
        assert_eq!(plain.encryption_serial(), Some(ID));
        assert!(plain.encrypt(&encryptor, "/names/0/name").is_ok());
    }
}
