//! The download of a file that is not signed: streamed, bounded, and checked against its hash.

use std::io::{self, Read, Write};
use std::path::Path;

#[cfg(feature = "gzip")]
use flate2::read::MultiGzDecoder;
use ring::digest;

use crate::atomic_file::AtomicFile;
use crate::error::{CallContext, Error, ErrorKind, Invalid, TransportError, Untrusted};
use crate::gateway::Gateway;
use crate::signer::Signer;

/// A file that WeChat Pay offers. The file is not signed; its hash is, if it has one.
pub(crate) struct RemoteFile<'a> {
    pub(crate) url: &'a str,
    /// `None`: only TLS vouches for the file.
    pub(crate) hash: Option<&'a FileHash>,
    #[cfg(feature = "gzip")]
    pub(crate) is_compressed: bool,
    /// In bytes.
    pub(crate) size_limit: u64,
}

/// 哈希值: the hash of a file that is not signed, from the signed response that contains its link.
///
/// ```
/// use wechatpay::call::FileHash;
///
/// // hash_type and hash_value of the response, in upper or lower case.
/// let hash = FileHash::new("SHA1", "6F9B9AF3CD6E8B8A73C2CDCED37FE9F59226E27D")?;
/// assert_eq!(hash.hash_value(), "6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d");
/// assert!(FileHash::new("SM3", "0").is_err());
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHash {
    algorithm: Algorithm,
    /// In lower-case hexadecimal.
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
}

impl FileHash {
    /// 哈希类型, 哈希值: `hash_type` and `hash_value` of the response. The type is `SHA1` or `SHA256`.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if the type is another one, such as `SM3` (国密), or if the value does not have its form.
    pub fn new(hash_type: &str, hash_value: &str) -> Result<Self, Error> {
        if hash_type.eq_ignore_ascii_case("SHA1") {
            return Self::sha1(hash_value);
        }
        if hash_type.eq_ignore_ascii_case("SHA256") {
            return Self::sha256(hash_value);
        }
        let rule = if hash_type.eq_ignore_ascii_case("SM3") {
            "must be SHA1 or SHA256; SM3 is not supported, so get this file on the merchant platform"
        } else {
            "must be SHA1 or SHA256; use the one in the response with the link"
        };
        Err(Invalid::new("hash_type", rule).into())
    }

    /// A SHA-1: 40 hexadecimal digits.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if it is not that.
    pub fn sha1(hash_value: &str) -> Result<Self, Error> {
        Self::of(Algorithm::Sha1, hash_value)
    }

    /// A SHA-256: 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if it is not that.
    pub fn sha256(hash_value: &str) -> Result<Self, Error> {
        Self::of(Algorithm::Sha256, hash_value)
    }

    /// 哈希类型: `SHA1` or `SHA256`.
    #[must_use]
    pub fn hash_type(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        }
    }

    /// 哈希值: the hash, in lower-case hexadecimal.
    #[must_use]
    pub fn hash_value(&self) -> &str {
        &self.value
    }

    fn of(algorithm: Algorithm, value: &str) -> Result<Self, Error> {
        let (digits, rule) = match algorithm {
            Algorithm::Sha1 => (40, "must be a SHA-1 in hexadecimal; apply for a new link"),
            Algorithm::Sha256 => (64, "must be a SHA-256 in hexadecimal; apply for a new link"),
        };
        if value.len() != digits || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Invalid::new("hash_value", rule).into());
        }
        Ok(Self { algorithm, value: value.to_ascii_lowercase() })
    }

    fn digest(&self) -> digest::Context {
        digest::Context::new(match self.algorithm {
            Algorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::Sha256 => &digest::SHA256,
        })
    }
}

impl RemoteFile<'_> {
    pub(crate) fn download(
        &self,
        signer: &dyn Signer,
        gateway: &Gateway,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64, Error> {
        let response = gateway.download(signer, self.url)?;
        if self.hash.is_none() && !response.states_its_end() {
            let what = "the file has neither Content-Length nor chunks, so it may be incomplete";
            return Err(malformed(what));
        }
        let body = Wire::new(response.body, self.size_limit);
        #[cfg(feature = "gzip")]
        if self.is_compressed {
            return copy(MultiGzDecoder::new(body), self.hash, out, progress);
        }
        copy(body, self.hash, out, progress)
    }

    pub(crate) fn download_to(
        &self,
        signer: &dyn Signer,
        gateway: &Gateway,
        path: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64, Error> {
        let mut file = AtomicFile::create(path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => Invalid::new("path", error.to_string()).into(),
            _ => output(&error),
        })?;
        let length = self.download(signer, gateway, &mut file, progress)?;
        file.commit().map_err(|error| output(&error))?;
        Ok(length)
    }
}

/// The source of a file, with a limit on its length.
trait Source: Read {
    /// The limit, given the bytes received so far.
    fn limit(&self) -> u64;
}

fn copy(
    mut source: impl Source,
    hash: Option<&FileHash>,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let mut digest = hash.map(FileHash::digest);
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut written = 0_u64;
    loop {
        let piece = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => buffer.get(..length).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(of_wire(error)),
        };
        written =
            u64::try_from(piece.len()).map_or(u64::MAX, |length| written.saturating_add(length));
        if written > source.limit() {
            return Err(malformed(TOO_LARGE));
        }
        if let Some(digest) = &mut digest {
            digest.update(piece);
        }
        out.write_all(piece).map_err(|error| output(&error))?;
        progress(written);
    }
    out.flush().map_err(|error| output(&error))?;
    let found: Option<String> = digest
        .map(|digest| digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect());
    if found.as_deref() != hash.map(FileHash::hash_value) {
        let reason = Untrusted::Hash;
        let kind = ErrorKind::Untrusted { status: 200, reason, request_id: None, unverified: None };
        return Err(Error::new(CallContext::DOWNLOAD, kind));
    }
    Ok(written)
}

/// The body of the response.
struct Wire {
    body: Box<dyn Read + Send>,
    received: u64,
    size_limit: u64,
}

impl Wire {
    fn new(body: Box<dyn Read + Send>, size_limit: u64) -> Self {
        Self { body, received: 0, size_limit }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.body.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => {
                let what = format!("the file broke off: {error}");
                let kind = ErrorKind::Transport(TransportError::unknown(what));
                io::Error::other(Error::new(CallContext::DOWNLOAD, kind))
            }
        })?;
        self.received = self.received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        // Compressed, a file may have any number of bytes from which nothing comes.
        if self.received > self.size_limit.saturating_add(OVERHEAD) {
            return Err(io::Error::other(malformed(TOO_LARGE)));
        }
        Ok(length)
    }
}

impl Source for Wire {
    fn limit(&self) -> u64 {
        self.size_limit
    }
}

#[cfg(feature = "gzip")]
impl Source for MultiGzDecoder<Wire> {
    fn limit(&self) -> u64 {
        let Wire { received, size_limit, .. } = self.get_ref();
        received.saturating_mul(EXPANSION).saturating_add(EXPANSION_FREE).min(*size_limit)
    }
}

/// The error of the [`Wire`] within this one, or else that of the decompression.
fn of_wire(error: io::Error) -> Error {
    error.downcast().unwrap_or_else(|_| malformed("the file is not complete gzip"))
}

fn malformed(what: &str) -> Error {
    let (status, what) = (200, what.to_owned());
    Error::new(CallContext::DOWNLOAD, ErrorKind::Malformed { status, what, request_id: None })
}

fn output(error: &io::Error) -> Error {
    let (kind, what) = (error.kind(), error.to_string());
    Error::new(CallContext::DOWNLOAD, ErrorKind::Output { kind, what })
}

const TOO_LARGE: &str = "the file exceeds the size limit";

/// Two TLS records.
const BUFFER_SIZE: usize = 32 * 1024;

/// Our own limit: a row of a bill takes about 400 bytes, so this is about forty million rows.
pub(crate) const FILE_LIMIT: u64 = 16 * 1024 * 1024 * 1024;

/// Our own limit: a file that does not compress becomes a little longer.
const OVERHEAD: u64 = 1024 * 1024;

/// Our own limit: rows contain long random numbers and compress to about a tenth.
#[cfg(feature = "gzip")]
const EXPANSION: u64 = 100;

/// Our own limit: a short file may compress better than a long one.
#[cfg(feature = "gzip")]
const EXPANSION_FREE: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: &[u8] = b"message";
    /// Of `message`.
    const SHA1: &str = "6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d";

    fn hash() -> FileHash {
        FileHash::sha1(SHA1).unwrap()
    }

    fn wire(body: impl Read + Send + 'static) -> Wire {
        Wire::new(Box::new(body), FILE_LIMIT)
    }

    fn copied(source: impl Source) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        copy(source, Some(&hash()), &mut out, &mut |_| ()).map(|length| {
            assert_eq!(length, u64::try_from(out.len()).unwrap());
            out
        })
    }

    #[test]
    fn file_is_written_with_progress() {
        let (mut out, mut progress) = (Vec::new(), Vec::new());
        let pieces = CONTENT[..3].chain(&CONTENT[3..]);
        let length =
            copy(wire(pieces), Some(&hash()), &mut out, &mut |so_far| progress.push(so_far));
        assert_eq!((length, &out[..]), (Ok(7), CONTENT));
        assert_eq!(progress, [3, 7]);
    }

    #[test]
    fn file_is_checked_by_the_algorithm_that_is_named() {
        let sha256 = "ab530a13e45914982b79f9b7e3fba994cfd1f3fb22f71cea1afbf02b460c6d1d";
        let copied =
            |hash: &FileHash| copy(wire(CONTENT), Some(hash), &mut Vec::new(), &mut |_| ());
        for value in [sha256, &sha256.to_uppercase()] {
            assert_eq!(copied(&FileHash::new("SHA256", value).unwrap()), Ok(7));
        }
        assert_eq!(copied(&FileHash::new("sha1", &SHA1.to_uppercase()).unwrap()), Ok(7));
        assert!(copied(&FileHash::sha256(&sha256.replace('a', "b")).unwrap()).is_err());
    }

    #[test]
    fn hash_of_another_kind_or_form_is_refused_by_name() {
        for (hash_type, hash_value, error) in [
            ("SM3", SHA1, "hash_type must be SHA1 or SHA256; SM3 is not supported, so get"),
            ("MD5", SHA1, "hash_type must be SHA1 or SHA256; use the one"),
            ("", SHA1, "hash_type must be SHA1 or SHA256; use the one"),
            ("SHA256", SHA1, "hash_value must be a SHA-256 in hexadecimal"),
            ("SHA1", "", "hash_value must be a SHA-1 in hexadecimal"),
            ("SHA1", &SHA1.replace('f', "g"), "hash_value must be a SHA-1 in hexadecimal"),
            ("SHA1", &format!("{SHA1}0"), "hash_value must be a SHA-1 in hexadecimal"),
        ] {
            let found = FileHash::new(hash_type, hash_value).unwrap_err().to_string();
            assert!(found.starts_with(error), "{found}");
        }
    }

    #[test]
    fn file_without_a_hash_is_copied_as_it_comes() {
        let mut out = Vec::new();
        assert_eq!(copy(wire(CONTENT), None, &mut out, &mut |_| ()), Ok(7));
        assert_eq!(out, CONTENT);
    }

    #[test]
    fn file_with_another_sha1_is_untrusted() {
        for other in [&b"Message"[..], b"messag", b"message\n", b""] {
            let error = copied(wire(other)).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Untrusted { reason: Untrusted::Hash, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn interrupted_file_is_a_transport_error() {
        struct Broken(Option<io::ErrorKind>);
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                self.0.take().map_or(Ok(0), |kind| Err(kind.into()))
            }
        }
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::TimedOut] {
            let error = copied(wire(CONTENT.chain(Broken(Some(kind))))).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error}");
            assert!(error.to_string().starts_with("the file broke off: "), "{error}");
        }
        let interrupted = Broken(Some(io::ErrorKind::Interrupted));
        assert_eq!(copied(wire(interrupted.chain(CONTENT))).unwrap(), CONTENT);
    }

    #[test]
    fn failing_writer_ends_the_download() {
        struct Full {
            room: usize,
            flushes: bool,
        }
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let length = bytes.len().min(self.room);
                self.room -= length;
                if length == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(length) }
            }

            fn flush(&mut self) -> io::Result<()> {
                if self.flushes { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
            }
        }
        for (room, flushes, is_written) in [(6, true, false), (7, false, false), (7, true, true)] {
            let mut out = Full { room, flushes };
            let result = copy(wire(CONTENT), Some(&hash()), &mut out, &mut |_| ());
            match result {
                Ok(length) => assert!(is_written && length == 7),
                Err(error) => {
                    let kind = io::ErrorKind::StorageFull;
                    assert!(
                        matches!(error.kind(), ErrorKind::Output { kind: of, .. } if *of == kind)
                    );
                    assert!(!is_written);
                }
            }
        }
    }

    #[test]
    fn too_long_file_is_refused() {
        struct Short(Wire);
        impl Read for Short {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.read(buffer)
            }
        }
        impl Source for Short {
            fn limit(&self) -> u64 {
                7
            }
        }
        assert_eq!(copied(Short(wire(CONTENT))).unwrap(), CONTENT);
        let error = copied(Short(wire(CONTENT.chain(&b"!"[..])))).unwrap_err();
        assert!(error.to_string().contains(": the file exceeds the size limit;"), "{error}");
    }

    #[cfg(feature = "gzip")]
    mod packed {
        use flate2::{Compression, GzBuilder};

        use super::*;

        fn packed(content: impl Read) -> Vec<u8> {
            let mut packed = Vec::new();
            let mut packer =
                GzBuilder::new().filename("bill.csv").read(content, Compression::best());
            packer.read_to_end(&mut packed).unwrap();
            packed
        }

        fn unpacked(packed: Vec<u8>) -> Result<Vec<u8>, Error> {
            copied(MultiGzDecoder::new(wire(io::Cursor::new(packed))))
        }

        #[test]
        fn compressed_file_is_checked_after_decompression() {
            assert_eq!(unpacked(packed(CONTENT)).unwrap(), CONTENT);
            let error = unpacked(packed(&b"Message"[..])).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Untrusted { reason: Untrusted::Hash, .. }),
                "{error}"
            );
        }

        #[test]
        fn several_gzip_members_are_one_file() {
            let pieces = [packed(&CONTENT[..3]), packed(&CONTENT[3..])].concat();
            assert_eq!(unpacked(pieces).unwrap(), CONTENT);
        }

        #[test]
        fn incomplete_gzip_is_refused() {
            let whole = packed(CONTENT);
            let mut wrong: Vec<Vec<u8>> =
                (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
            wrong.push(CONTENT.to_vec());
            wrong.push([&whole[..], b"\n"].concat());
            wrong.push([&whole[..], CONTENT].concat());
            wrong.push([&whole[..], &whole[..5]].concat());
            for position in [whole.len() - 1, whole.len() - 8, whole.len() - 9] {
                let mut flipped = whole.clone();
                flipped[position] ^= 1;
                wrong.push(flipped);
            }
            for packed in wrong {
                let error = unpacked(packed.clone()).unwrap_err();
                assert!(
                    error.to_string().contains(": the file is not complete gzip;"),
                    "{packed:x?}"
                );
            }
        }

        #[test]
        fn interrupted_gzip_is_a_transport_error() {
            struct Broken;
            impl Read for Broken {
                fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                    Err(io::ErrorKind::UnexpectedEof.into())
                }
            }
            let whole = packed(CONTENT);
            for end in 0..=whole.len() {
                let source = io::Cursor::new(whole[..end].to_vec()).chain(Broken);
                let error = copied(MultiGzDecoder::new(wire(source))).unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{end}: {error}");
            }
        }

        /// Such a file may be sent without end, and nothing of it would ever be written.
        #[test]
        fn compressed_file_without_content_is_refused_at_the_limit() {
            let [header, empty_block] = [&packed(io::empty())[..19], &[0, 0, 0, 0xff, 0xff]];
            let blocks = empty_block.repeat(300_000);
            let sent = |length: u64| {
                let file = io::Cursor::new([header, &blocks].concat()).take(length);
                let mut source = wire(file);
                source.size_limit = 1000;
                copied(MultiGzDecoder::new(source)).unwrap_err().to_string()
            };
            let within = sent(1000 + OVERHEAD);
            assert!(within.contains(": the file is not complete gzip;"), "{within}");
            let beyond = sent(1000 + OVERHEAD + 1);
            assert!(beyond.contains(": the file exceeds the size limit;"), "{beyond}");
        }

        #[test]
        fn bomb_is_refused_before_it_is_decompressed() {
            struct Counting(u64);
            impl Write for Counting {
                fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                    self.0 += u64::try_from(bytes.len()).unwrap();
                    Ok(bytes.len())
                }

                fn flush(&mut self) -> io::Result<()> {
                    Ok(())
                }
            }
            let bomb = packed(io::repeat(b'0').take(64 * 1024 * 1024));
            let most = u64::try_from(bomb.len()).unwrap() * EXPANSION + EXPANSION_FREE;
            let mut out = Counting(0);
            let source = MultiGzDecoder::new(wire(io::Cursor::new(bomb)));
            let error = copy(source, Some(&hash()), &mut out, &mut |_| ()).unwrap_err();
            assert!(error.to_string().contains(": the file exceeds the size limit;"), "{error}");
            assert!(out.0 <= most && most < 8 * 1024 * 1024, "{}", out.0);
        }
    }
}
