//! [`Upload`]: a file, and the multipart body that carries it.

use std::fmt;
use std::io::{self, Cursor, Read, Seek};
use std::sync::{Arc, Mutex, PoisonError};

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
/// sent, and again while it is sent, piece by piece. An upload that is repeated gives another `media_id`, and does no harm.
///
/// Uploads with the same `meta` are equal: it contains the name and the SHA-256.
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
#[derive(Clone)]
pub struct Upload {
    filename: String,
    meta: Vec<u8>,
    length: u64,
    sha256: String,
    file: Arc<Mutex<dyn Source>>,
}

/// A file, wherever it is.
trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

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
        Self::from_reader(filename, Cursor::new(content.into()))
    }

    /// A file that is read from its start: a `std::fs::File`, or anything that can be read and rewound. It stays open, is
    /// never in memory completely, and must not change before it is sent.
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
        mut file: impl Read + Seek + Send + 'static,
    ) -> Result<Self, Error> {
        let filename = filename.into();
        check_filename(&filename).map_err(|rule| Invalid::new("filename", rule))?;
        let Scan { length, sha256, .. } = Scan::of(&mut file, None).map_err(unreadable)?;
        if length == 0 || length > Self::LIMIT {
            return Err(Invalid::new("file", SIZE_RULE).into());
        }
        let meta = meta(&filename, &sha256, &Map::new())?;
        Ok(Self { filename, meta, length, sha256, file: Arc::new(Mutex::new(file)) })
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
                let meta = meta(&self.filename, &self.sha256, &fields)?;
                Ok(Self { meta, ..self })
            }
            _ => Err(Invalid::new("meta", rule).into()),
        }
    }

    /// Sends the file once to the interface at this path.
    ///
    /// # Errors
    /// As [`Call::send`](super::Call::send). Safe to retry, whatever the outcome: each upload is one of its own. If the
    /// file was changed since, nothing is sent.
    pub fn send(
        &self,
        signer: &dyn Signer,
        gateway: &Gateway,
        path: impl AsRef<str>,
    ) -> Result<Verified, Error> {
        let path = path.as_ref();
        path::check(path)?;
        let boundary = signer::nonce()?;
        // Each use rewinds the file first, so the position where another one ended does not matter.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        self.check(&mut *file, boundary.as_bytes())?;
        file.rewind().map_err(unreadable)?;
        let (before, after) = self.frame(&boundary);
        let frame = before.len().saturating_add(after.len());
        let length = u64::try_from(frame).unwrap_or(u64::MAX).saturating_add(self.length);
        let file = Exactly { file: &mut *file, left: self.length };
        let mut body = before.as_slice().chain(file).chain(after.as_bytes());
        let content_type = format!("multipart/form-data;boundary={boundary}");
        let body = Body::multipart((&mut body, length), &self.meta, &content_type);
        gateway.call(signer, Method::Post, path, body)
    }

    /// The JSON that is signed: `filename`, `sha256` (lower case) and further fields.
    #[must_use]
    pub fn meta(&self) -> &[u8] {
        &self.meta
    }

    /// Checks that the file is the one that was read, and that the boundary occurs nowhere in it: 32 random characters
    /// never do, except by a broken source of randomness.
    fn check(&self, file: &mut dyn Source, boundary: &[u8]) -> Result<(), Error> {
        let scan = Scan::of(file, Some(boundary)).map_err(unreadable)?;
        if (scan.length, &scan.sha256) != (self.length, &self.sha256) {
            return Err(Invalid::new("file", "was changed; make a new Upload of it").into());
        }
        if scan.has_boundary || contains(&self.meta, boundary) {
            return Err(Invalid::new("file", "contains the boundary of its parts; retry").into());
        }
        Ok(())
    }

    /// The bytes before and after the file: two parts in this order, with lines that end in CRLF
    /// ([p/4012760432](https://pay.weixin.qq.com/doc/v3/partner/4012760432)).
    fn frame(&self, boundary: &str) -> (Vec<u8>, String) {
        let Self { filename, meta, .. } = self;
        let kind = content_type(filename);
        let before_meta = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"meta\";\r\n\
             Content-Type: application/json\r\n\r\n"
        );
        let before_file = format!(
            "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{filename}\";\r\nContent-Type: {kind}\r\n\r\n"
        );
        let before = [before_meta.as_bytes(), meta, before_file.as_bytes()].concat();
        (before, format!("\r\n--{boundary}--\r\n"))
    }
}

impl PartialEq for Upload {
    fn eq(&self, other: &Self) -> bool {
        self.meta == other.meta
    }
}

impl Eq for Upload {}

/// Leaves out the file.
impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("filename", &self.filename)
            .field("length", &self.length)
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

/// What is known of a file that was read from start to end, or beyond the limit.
struct Scan {
    length: u64,
    sha256: String,
    has_boundary: bool,
}

impl Scan {
    fn of(file: &mut dyn Source, boundary: Option<&[u8]>) -> io::Result<Self> {
        file.rewind()?;
        let (mut digest, mut length, mut has_boundary) =
            (digest::Context::new(&digest::SHA256), 0_u64, false);
        let overlap = boundary.map_or(0, <[u8]>::len);
        let mut window = Vec::new();
        while length <= Upload::LIMIT {
            // A boundary may begin in one piece and end in the next.
            window.drain(..window.len().saturating_sub(overlap));
            let kept = window.len();
            let read = (&mut *file).take(PIECE).read_to_end(&mut window)?;
            if read == 0 {
                break;
            }
            length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            digest.update(window.get(kept..).unwrap_or_default());
            has_boundary |= boundary.is_some_and(|boundary| contains(&window, boundary));
        }
        let digest = digest.finish();
        let sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { length, sha256, has_boundary })
    }
}

fn contains(bytes: &[u8], boundary: &[u8]) -> bool {
    bytes.windows(boundary.len()).any(|part| part == boundary)
}

fn unreadable(error: io::Error) -> Error {
    Invalid::new("file", format!("cannot be read: {}", error.kind())).into()
}

/// A file of the length that was announced, even if it is changed while it is sent.
struct Exactly<'a> {
    file: &'a mut dyn Source,
    left: u64,
}

impl Read for Exactly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&mut *self.file).take(self.left).read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::Error::other("the file became shorter while it was sent"));
        }
        self.left = self.left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

fn meta(filename: &str, sha256: &str, fields: &Map<String, Value>) -> Result<Vec<u8>, Error> {
    Ok(validate::to_json(&Meta { filename, sha256, fields })?)
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

/// As much of a file as is in memory at a time.
const PIECE: u64 = 64 * 1024;

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
        let (before, after) = upload.frame("BOUNDARY");
        let body = String::from_utf8(before).unwrap() + "message" + &after;
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
        let large = Cursor::new(vec![0; 16 * 1024 * 1024 + 1]);
        assert!(error(Upload::from_reader("a.jpg", large)).starts_with("file must be 1 byte"));
    }

    #[test]
    fn reader_is_rewound_before_it_is_read() {
        let mut file = Cursor::new(b"message".to_vec());
        file.set_position(3);
        let upload = Upload::from_reader("filea.jpg", file).unwrap();
        assert_eq!(upload, Upload::new("filea.jpg", b"message".to_vec()).unwrap());
    }
}
