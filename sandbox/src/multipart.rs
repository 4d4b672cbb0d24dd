//! The two parts of an upload: `meta`, which is signed, and the file.

use ring::digest;
use serde_json::Value;

use super::received::Received;
use super::refusal::Refusal;

/// The parts of an upload, in their order.
pub(super) struct Upload<'a> {
    pub(super) meta: &'a [u8],
    filename: &'a str,
    pub(super) file: &'a [u8],
}

/// What the signature of a request covers: the body, or the `meta` of an upload.
pub(super) fn signed(request: &Received) -> &[u8] {
    Upload::read(request).map_or(&request.body, |upload| upload.meta)
}

impl<'a> Upload<'a> {
    /// Reads lines that end in CRLF, and `meta` before the file (文件上传, partner/4012760432).
    pub(super) fn read(request: &'a Received) -> Option<Self> {
        let boundary = boundary(request)?;
        let rest = request.body.strip_prefix(format!("--{boundary}\r\n").as_bytes())?;
        let end = format!("\r\n--{boundary}");
        let (meta_head, rest) = split(rest, b"\r\n\r\n")?;
        let (meta, rest) = split(rest, end.as_bytes())?;
        let (file_head, rest) = split(rest.strip_prefix(b"\r\n")?, b"\r\n\r\n")?;
        let (file, rest) = split(rest, end.as_bytes())?;
        let file_head = std::str::from_utf8(file_head).ok()?;
        let is_complete = rest.strip_prefix(b"--").is_some_and(|rest| rest.trim_ascii().is_empty());
        let are_named = std::str::from_utf8(meta_head).ok()?.contains("name=\"meta\"")
            && file_head.contains("name=\"file\"");
        let (_, filename) = file_head.split_once("filename=\"")?;
        let (filename, _) = filename.split_once('"')?;
        (is_complete && are_named).then_some(Self { meta, filename, file })
    }

    /// The `meta`, if it is of this file.
    pub(super) fn check(&self) -> Result<Value, Refusal> {
        let meta: Value = serde_json::from_slice(self.meta)
            .map_err(|_| Refusal::new(400, "PARAM_ERROR", "meta须为JSON"))?;
        let text = |name| meta.get(name).and_then(Value::as_str).unwrap_or_default();
        let digest = digest::digest(&digest::SHA256, self.file);
        let sha256: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        if self.file.is_empty() || text("sha256") != sha256 {
            return Err(Refusal::new(400, "PARAM_ERROR", "文件的sha256与meta不一致"));
        }
        if text("filename") != self.filename || !self.filename.contains('.') {
            return Err(Refusal::new(400, "PARAM_ERROR", "filename与meta不一致，或无后缀"));
        }
        Ok(meta)
    }

    /// The suffix of the file's name, in lower case.
    pub(super) fn suffix(&self) -> String {
        let suffix = self.filename.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        suffix.to_ascii_lowercase()
    }
}

fn boundary(request: &Received) -> Option<&str> {
    let (media_type, parameters) = request.only_header("Content-Type")?.split_once(';')?;
    let boundary = parameters.trim().strip_prefix("boundary=")?;
    media_type.trim().eq_ignore_ascii_case("multipart/form-data").then_some(boundary)
}

fn split<'a>(bytes: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(by.len()).position(|window| window == by)?;
    let (before, rest) = bytes.split_at_checked(at)?;
    Some((before, rest.get(by.len()..)?))
}
