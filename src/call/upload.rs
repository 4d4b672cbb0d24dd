//! [`Upload`]: a file, and the multipart body that carries it.

use std::fmt;
use std::io::{Read, Seek, SeekFrom};

use ring::digest;
use serde::Serialize;
use serde_json::{Map, Value};

use super::path;
use crate::error::{Error, Invalid};
use crate::gateway::{Body, Gateway, Verified};
use crate::method::Method;
use crate::signer::{self, Signer};
use crate::validate;

/// 文件上传, 图片上传, 视频上传: a file for an upload interface, such as `POST /v3/merchant/media/upload`.
///
/// The signature covers the name and the SHA-256 of the file (`meta`), and so the file. It is read completely before it is
/// sent. An upload that is repeated gives another `media_id`, and does no harm.
///
/// ```
/// use serde_json::Value;
/// use wechatpay::call::Upload;
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, license: Vec<u8>) -> Result<Value, Error> {
///     Upload::new("license.png", license)?
///         .send(signer, gateway, "/v3/merchant/media/upload")?
///         .json() // {"media_id": "..."}
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    filename: String,
    meta: Vec<u8>,
    content: Vec<u8>,
}

impl Upload {
    /// The default limit of [`from_reader`](Self::from_reader): 16 MiB. The largest documented file has 7.5 MB.
    pub const LIMIT: u64 = 16 * 1024 * 1024;

    /// A file from memory. `filename` has 1 to 128 visible ASCII characters, with the suffix of its kind.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if the name is not of that form, or if the file is empty or larger than
    /// [`LIMIT`](Self::LIMIT).
    #[doc(alias = "图片上传")]
    #[doc(alias = "视频上传")]
    #[doc(alias = "文件上传")]
    pub fn new(filename: impl Into<String>, content: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let (filename, content) = (filename.into(), content.into());
        check_filename(&filename).map_err(|rule| Invalid::new("filename", rule))?;
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        if length == 0 || length > Self::LIMIT {
            return Err(Invalid::new("file", SIZE_RULE).into());
        }
        let meta = meta(&filename, &content, &Map::new())?;
        Ok(Self { filename, meta, content })
    }

    /// A file that is read from its start: a `std::fs::File`, or anything that can be read and rewound.
    ///
    /// ```
    /// use std::fs::File;
    /// use wechatpay::call::Upload;
    ///
    /// fn example() -> Result<Upload, Box<dyn std::error::Error>> {
    ///     Ok(Upload::from_reader("license.png", File::open("scans/license.png")?)?)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new); also if the file cannot be read.
    pub fn from_reader(
        filename: impl Into<String>,
        mut file: impl Read + Seek,
    ) -> Result<Self, Error> {
        let mut content = Vec::new();
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.take(Self::LIMIT.saturating_add(1)).read_to_end(&mut content))
            .map_err(|error| Invalid::new("file", format!("cannot be read: {}", error.kind())))?;
        Self::new(filename, content)
    }

    /// The same file with more fields in `meta`, for the interfaces that document them: anything that serializes as
    /// a JSON object. The fields are signed.
    ///
    /// ```
    /// use serde_json::json;
    /// use wechatpay::Error;
    /// use wechatpay::call::Upload;
    ///
    /// fn example(invoice: Upload) -> Result<Upload, Error> {
    ///     invoice.with_meta(&json!({ "file_type": "PDF" }))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if it is no JSON object, or names `filename` or `sha256`.
    pub fn with_meta(self, fields: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let rule = "must be a JSON object without filename and sha256";
        match serde_json::to_value(fields) {
            Ok(Value::Object(fields))
                if !fields.contains_key("filename") && !fields.contains_key("sha256") =>
            {
                let meta = meta(&self.filename, &self.content, &fields)?;
                Ok(Self { meta, ..self })
            }
            _ => Err(Invalid::new("meta", rule).into()),
        }
    }

    /// Sends the file once to the interface at this path.
    ///
    /// # Errors
    /// As [`Call::send`](super::Call::send). Safe to retry, whatever the outcome: each upload is one of its own.
    pub fn send(
        &self,
        signer: &dyn Signer,
        gateway: &Gateway,
        path: impl AsRef<str>,
    ) -> Result<Verified, Error> {
        let path = path.as_ref();
        path::check(path)?;
        let boundary = self.boundary()?;
        let (bytes, content_type) =
            (self.body(&boundary), format!("multipart/form-data;boundary={boundary}"));
        gateway.call(signer, Method::Post, path, Body::multipart(&bytes, &self.meta, &content_type))
    }

    /// The JSON that is signed: `filename`, `sha256` (lower case) and further fields.
    #[must_use]
    pub fn meta(&self) -> &[u8] {
        &self.meta
    }

    /// A text that occurs nowhere in the file: 32 random characters never do, except by a broken source of randomness.
    fn boundary(&self) -> Result<String, Error> {
        let boundary = signer::nonce()?;
        let is_within =
            |bytes: &[u8]| bytes.windows(boundary.len()).any(|part| part == boundary.as_bytes());
        if is_within(&self.content) || is_within(&self.meta) {
            return Err(Invalid::new("file", "contains the boundary of its parts; retry").into());
        }
        Ok(boundary)
    }

    /// Two parts in this order, with lines that end in CRLF (p/4012760432).
    fn body(&self, boundary: &str) -> Vec<u8> {
        let Self { filename, meta, content } = self;
        let kind = content_type(filename);
        let before_meta = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"meta\";\r\n\
             Content-Type: application/json\r\n\r\n"
        );
        let before_file = format!(
            "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{filename}\";\r\nContent-Type: {kind}\r\n\r\n"
        );
        let end = format!("\r\n--{boundary}--\r\n");
        [before_meta.as_bytes(), meta, before_file.as_bytes(), content, end.as_bytes()].concat()
    }
}

/// Leaves out the file.
impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("filename", &self.filename)
            .field("length", &self.content.len())
            .finish_non_exhaustive()
    }
}

fn check_filename(filename: &str) -> Result<(), &'static str> {
    let is_plain =
        |byte: u8| (byte.is_ascii_graphic() && !b"\"\\/".contains(&byte)) || byte == b' ';
    if !(1..=128).contains(&filename.len()) || !filename.bytes().all(is_plain) {
        return Err("must be 1 to 128 ASCII characters without quotes and slashes; it may differ \
                    from the name on disk");
    }
    match filename.rsplit_once('.') {
        Some((name, suffix)) if !name.is_empty() && !suffix.is_empty() => Ok(()),
        _ => Err("must end in the suffix of its kind, such as .jpg"),
    }
}

fn meta(filename: &str, content: &[u8], fields: &Map<String, Value>) -> Result<Vec<u8>, Error> {
    let digest = digest::digest(&digest::SHA256, content);
    let sha256: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(validate::to_json(&Meta { filename, sha256: &sha256, fields })?)
}

#[derive(Serialize)]
struct Meta<'a> {
    filename: &'a str,
    sha256: &'a str,
    #[serde(flatten)]
    fields: &'a Map<String, Value>,
}

/// The samples of the documents name the kind by the suffix: `image/jpg`.
fn content_type(filename: &str) -> String {
    let suffix = filename.rsplit_once('.').map_or("", |(_, suffix)| suffix).to_ascii_lowercase();
    match &*suffix {
        "jpg" | "jpeg" | "bmp" | "png" => format!("image/{suffix}"),
        "pdf" => "application/pdf".to_owned(),
        "avi" | "wmv" | "mpeg" | "mp4" | "mov" | "mkv" | "flv" | "f4v" | "m4v" => {
            format!("video/{suffix}")
        }
        _ => "application/octet-stream".to_owned(),
    }
}

const SIZE_RULE: &str =
    "must be 1 byte to 16 MiB; the largest file that WeChat Pay takes has 7.5 MB";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{signing, test_vectors as vectors};

    fn error<T: fmt::Debug>(result: Result<T, Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn body_has_meta_and_file_with_crlf() {
        let upload = Upload::new("filea.jpg", b"message".to_vec()).unwrap();
        let meta = "{\"filename\":\"filea.jpg\",\"sha256\":\
                    \"ab530a13e45914982b79f9b7e3fba994cfd1f3fb22f71cea1afbf02b460c6d1d\"}";
        assert_eq!(std::str::from_utf8(upload.meta()), Ok(meta));
        let body = String::from_utf8(upload.body("BOUNDARY")).unwrap();
        let expected = format!(
            "--BOUNDARY\r\nContent-Disposition: form-data; name=\"meta\";\r\n\
             Content-Type: application/json\r\n\r\n{meta}\r\n\
             --BOUNDARY\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"filea.jpg\";\r\nContent-Type: image/jpg\r\n\r\nmessage\r\n--BOUNDARY--\r\n"
        );
        assert_eq!(body, expected);
    }

    /// The file of the sample is not published, but what is signed is.
    #[test]
    fn published_upload_signature_is_of_the_meta() {
        let filename = "wechatpay_logo.png";
        let sha256 = "d2973a45b1d528c21ebb77792ef3fcea40fa9a4e04a17e35369102ba9c84c8b1";
        let meta = validate::to_json(&Meta { filename, sha256, fields: &Map::new() }).unwrap();
        let path = "/v3/marketing/favor/media/image-upload";
        let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
        let message = signing::request("POST", path, 1_554_208_460, nonce, &meta);
        assert!(vectors::verifies(vectors::MERCHANT_KEY, &message, vectors::V3));
    }

    #[test]
    fn further_meta_fields_are_signed() {
        let upload = Upload::new("a.pdf", b"message".to_vec()).unwrap();
        let with_meta = upload.clone().with_meta(&json!({ "file_type": "PDF", "n": 1 })).unwrap();
        let meta = std::str::from_utf8(with_meta.meta()).unwrap();
        assert!(meta.ends_with("1d\",\"file_type\":\"PDF\",\"n\":1}"), "{meta}");
        for wrong in
            [json!([]), json!("a"), json!({ "sha256": "" }), json!({ "filename": "b.pdf" })]
        {
            let rule = "meta must be a JSON object without filename and sha256";
            assert_eq!(error(upload.clone().with_meta(&wrong)), rule);
        }
    }

    #[test]
    fn unusable_file_is_refused() {
        for wrong in ["", "a", ".jpg", "a.", "图.jpg", "a\".jpg", "a/b.jpg", "a\r\n.jpg"] {
            let error = error(Upload::new(wrong, b"x".to_vec()));
            assert!(error.starts_with("filename must "), "{error}");
        }
        let too_long = format!("{}.jpg", "a".repeat(125));
        assert!(Upload::new(too_long, b"x".to_vec()).is_err());
        assert!(
            error(Upload::new("a.jpg", Vec::new())).starts_with("file must be 1 byte to 16 MiB")
        );
        let large = std::io::Cursor::new(vec![0; 16 * 1024 * 1024 + 1]);
        assert!(error(Upload::from_reader("a.jpg", large)).starts_with("file must be 1 byte"));
    }

    #[test]
    fn reader_is_rewound_before_it_is_read() {
        let mut file = std::io::Cursor::new(b"message".to_vec());
        file.set_position(3);
        let upload = Upload::from_reader("filea.jpg", file).unwrap();
        assert_eq!(upload, Upload::new("filea.jpg", b"message".to_vec()).unwrap());
    }
}
