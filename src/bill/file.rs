//! The download of a bill's file: streamed, bounded, and checked against its SHA-1.

use std::io::{self, Read, Write};
use std::path::Path;

#[cfg(feature = "gzip")]
use flate2::read::MultiGzDecoder;
use ring::digest;

use super::Link;
use crate::atomic_file::AtomicFile;
use crate::error::{Call, Error, ErrorKind, Invalid, TransportError, Untrusted};
use crate::gateway::Gateway;
use crate::signer::Signer;

/// 下载账单: downloads a bill, writes it uncompressed to `out`, and returns its length in bytes.
///
/// [`GET`](https://pay.weixin.qq.com/doc/v3/merchant/4012791868) of the link's URL, within five
/// minutes, by the merchant that applied for the link. `progress` is called after each piece with
/// the number of bytes written so far. Memory use does not grow with the bill. A file of more than
/// 16 GiB, or one that decompresses to more than a hundred times its size, is refused.
///
/// The response is not signed, but the SHA-1 of the file is, and it can only be checked at the end:
/// do not use the contents of `out` before this function returns `Ok`. [`download_to`] takes care of
/// that.
///
/// ```
/// use wechatpay::{Error, Gateway, Signer, bill};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, link: &bill::Link) -> Result<Vec<u8>, Error> {
///     let mut file = Vec::new();
///     bill::download(signer, gateway, link, &mut file, &mut |bytes| println!("{bytes} bytes"))?;
///     Ok(file)
/// }
/// ```
///
/// # Errors
/// Safe to retry with a new link: the call changes nothing.
/// * [`Invalid`](crate::ErrorKind::Invalid): the link does not lead to WeChat Pay or to the gateway. Nothing was sent.
/// * [`Untrusted`](crate::ErrorKind::Untrusted): the file is not the one whose SHA-1 was signed.
/// * [`Transport`](crate::ErrorKind::Transport): the file broke off.
/// * [`Output`](crate::ErrorKind::Output): `out` did not take it.
/// * [`Malformed`](crate::ErrorKind::Malformed): the file cannot be unpacked, or exceeds a bound.
/// * [`Api`](crate::ErrorKind::Api): as with `INVALID_REQUEST` for a link that is too old, and `NO_AUTH` for one of
///   another merchant.
#[doc(alias = "下载账单")]
pub fn download(
    signer: &dyn Signer,
    gateway: &Gateway,
    link: &Link,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    link.file().download(signer, gateway, out, progress)
}

/// 下载账单: downloads a bill to a path. The file appears there only when it is complete and checked.
///
/// Like [`download`], but the bill is first written next to `path`, to a file whose name has eight
/// random characters and `.part` appended. After its SHA-1 was checked, the file is synced and moved
/// to `path`, where it replaces an existing file, and the folder is synced. A bill holds the openids of
/// payers, so a new file is readable by its owner only; one that replaces a file gets the permissions of
/// that file. If `path` is not a file, such as a folder or a device, nothing is sent. On failure the
/// partial file is removed; it remains only if the process is killed.
///
/// ```
/// use std::path::Path;
/// use wechatpay::{Error, Gateway, Signer, bill};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, link: &bill::Link) -> Result<(), Error> {
///     let path = Path::new("2026-10-01.csv");
///     let length = bill::download_to(signer, gateway, link, path, &mut |_bytes| ())?;
///     println!("{length} bytes");
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As [`download`]; and [`Invalid`](crate::ErrorKind::Invalid) if `path` names no file. Nothing was sent.
#[doc(alias = "下载账单")]
pub fn download_to(
    signer: &dyn Signer,
    gateway: &Gateway,
    link: &Link,
    path: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    link.file().download_to(signer, gateway, path, progress)
}

/// A file that WeChat Pay offers, and its hash, which is signed while the file is not.
pub(crate) struct RemoteFile<'a> {
    pub(crate) url: &'a str,
    pub(crate) hash: FileHash<'a>,
    #[cfg(feature = "gzip")]
    pub(crate) is_compressed: bool,
    /// In bytes.
    pub(crate) size_limit: u64,
}

/// The hash of an uncompressed file, in lower-case hexadecimal.
#[derive(Clone, Copy)]
pub(crate) enum FileHash<'a> {
    Sha1(&'a str),
    Sha256(&'a str),
}

impl RemoteFile<'_> {
    pub(crate) fn download(
        &self,
        signer: &dyn Signer,
        gateway: &Gateway,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64, Error> {
        let body = Wire::new(gateway.download(signer, self.url)?, self.size_limit);
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
    hash: FileHash<'_>,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let (algorithm, expected) = match hash {
        FileHash::Sha1(sha1) => (&digest::SHA1_FOR_LEGACY_USE_ONLY, sha1),
        FileHash::Sha256(sha256) => (&digest::SHA256, sha256),
    };
    let mut digest = digest::Context::new(algorithm);
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut written = 0_u64;
    loop {
        let piece = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => buffer.get(..length).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        written =
            u64::try_from(piece.len()).map_or(u64::MAX, |length| written.saturating_add(length));
        if written > source.limit() {
            return Err(malformed("the file exceeds the size limit"));
        }
        digest.update(piece);
        out.write_all(piece).map_err(|error| output(&error))?;
        progress(written);
    }
    out.flush().map_err(|error| output(&error))?;
    let found: String = digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    if found != expected {
        let reason = Untrusted::Hash;
        let kind = ErrorKind::Untrusted { status: 200, reason, request_id: None, unverified: None };
        return Err(Error::new(Call::DOWNLOAD, kind));
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
            // Distinguishes this error from one of the decompression.
            _ => {
                let what = format!("the file broke off: {error}");
                io::Error::other(TransportError::unknown(what))
            }
        })?;
        self.received = self.received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
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

fn unreadable(error: io::Error) -> Error {
    match error.downcast::<TransportError>() {
        Ok(error) => Error::new(Call::DOWNLOAD, ErrorKind::Transport(error)),
        Err(_) => malformed("the file is not complete gzip"),
    }
}

fn malformed(what: &str) -> Error {
    let (status, what) = (200, what.to_owned());
    Error::new(Call::DOWNLOAD, ErrorKind::Malformed { status, what, request_id: None })
}

fn output(error: &io::Error) -> Error {
    let (kind, what) = (error.kind(), error.to_string());
    Error::new(Call::DOWNLOAD, ErrorKind::Output { kind, what })
}

/// Two TLS records.
const BUFFER_SIZE: usize = 32 * 1024;

/// Our own limit: a row takes about 400 bytes, so this is about forty million rows.
pub(super) const FILE_LIMIT: u64 = 16 * 1024 * 1024 * 1024;

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

    const HASH: FileHash<'_> = FileHash::Sha1(SHA1);

    fn wire(body: impl Read + Send + 'static) -> Wire {
        Wire::new(Box::new(body), FILE_LIMIT)
    }

    fn copied(source: impl Source) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        copy(source, HASH, &mut out, &mut |_| ()).map(|length| {
            assert_eq!(length, u64::try_from(out.len()).unwrap());
            out
        })
    }

    #[test]
    fn file_is_written_with_progress() {
        let (mut out, mut progress) = (Vec::new(), Vec::new());
        let pieces = CONTENT[..3].chain(&CONTENT[3..]);
        let length = copy(wire(pieces), HASH, &mut out, &mut |so_far| progress.push(so_far));
        assert_eq!((length, &out[..]), (Ok(7), CONTENT));
        assert_eq!(progress, [3, 7]);
    }

    #[test]
    fn file_is_checked_by_sha256_where_that_is_signed() {
        let sha256 = "ab530a13e45914982b79f9b7e3fba994cfd1f3fb22f71cea1afbf02b460c6d1d";
        let copied =
            |hash| copy(wire(CONTENT), FileHash::Sha256(hash), &mut Vec::new(), &mut |_| ());
        assert_eq!(copied(sha256), Ok(7));
        assert!(copied(SHA1).is_err() && copied(&sha256.replace('a', "b")).is_err());
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
            let result = copy(wire(CONTENT), HASH, &mut out, &mut |_| ());
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
            let error = copy(source, HASH, &mut out, &mut |_| ()).unwrap_err();
            assert!(error.to_string().contains(": the file exceeds the size limit;"), "{error}");
            assert!(out.0 <= most && most < 8 * 1024 * 1024, "{}", out.0);
        }
    }
}
