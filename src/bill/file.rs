//! The file of a bill, from its link to a writer: streamed, bounded, and held against its SHA-1.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

#[cfg(feature = "gzip")]
use flate2::read::MultiGzDecoder;
use ring::digest;

use super::Link;
use crate::error::{Error, Invalid, TransportError, Untrusted};
use crate::gateway::Gateway;
use crate::signer::{self, Signer};
use crate::transport::plain;

/// 下载账单: writes a bill, uncompressed, and returns its length in bytes.
///
/// `GET` of the link's URL (m/4012791868), within five minutes, by the merchant who applied for it.
/// `progress` is told after each piece how many bytes were written so far. Memory does not grow
/// with the bill; one of more than 16 GiB is refused, and so is one that unpacks to more than a
/// hundred times what came.
///
/// The answer is not signed; its SHA-1 is, and that is known only at the end. So what `out` holds
/// is nothing before this returns `Ok`. [`download_to`] sees to that.
///
/// ```
/// use wechatpay::bill;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let paid = wechatpay::pay::query(signer, gateway, &order.out_trade_no)?;
/// # let day = wechatpay::bill::Date::of(paid.success_time.unwrap());
/// # sandbox.let_time_pass(2 * 86_400);
/// # let link = bill::trade(signer, gateway, &bill::Trade::new(day))?;
/// let mut file = Vec::new();
/// let length = bill::download(signer, gateway, &link, &mut file, &mut |bytes| {
///     println!("{bytes} bytes so far");
/// })?;
/// assert_eq!(length, file.len() as u64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Downloading changes nothing, so it may be repeated, with a fresh link.
/// * [`Error::Invalid`]: the link does not lead to WeChat Pay or to the gateway. Nothing was sent.
/// * [`Error::Untrusted`]: the file is not the one whose SHA-1 was signed.
/// * [`Error::Transport`]: the file broke off.
/// * [`Error::Output`]: `out` did not take it.
/// * [`Error::Malformed`]: the file cannot be unpacked, or exceeds a bound.
/// * [`Error::Api`]: as with `INVALID_REQUEST` for a link that is too old, and `NO_AUTH` for one of
///   another merchant.
pub fn download(
    signer: &dyn Signer,
    gateway: &Gateway,
    link: &Link,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let body = Wire::new(gateway.download(signer, &link.url)?);
    #[cfg(feature = "gzip")]
    if link.is_compressed {
        return copy(MultiGzDecoder::new(body), link, out, progress);
    }
    copy(body, link, out, progress)
}

/// 下载账单 into a file: as [`download`], and the file is there only once it is whole and right.
///
/// The bill is written beside `path`, under its name with eight random characters and `.part`
/// appended; synced; and moved to `path` after its SHA-1 was found right. A file that was there
/// before is replaced then, not earlier; what is no file, such as a folder or a device, is left
/// alone. On failure the part is removed; only a process that is killed leaves one behind.
///
/// ```
/// use std::path::Path;
/// use wechatpay::bill;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let paid = wechatpay::pay::query(signer, gateway, &order.out_trade_no)?;
/// # let day = wechatpay::bill::Date::of(paid.success_time.unwrap());
/// # sandbox.let_time_pass(2 * 86_400);
/// # let link = bill::trade(signer, gateway, &bill::Trade::new(day))?;
/// let path = Path::new("2026-10-01.csv");
/// # let path = &std::env::temp_dir().join(format!("wechatpay-{}.csv", std::process::id()));
/// bill::download_to(signer, gateway, &link, path, &mut |_bytes| ())?;
/// assert!(path.exists()); // Whole, and with the SHA-1 that was signed.
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`download`]; and [`Error::Invalid`] if `path` names no file. Nothing was sent.
pub fn download_to(
    signer: &dyn Signer,
    gateway: &Gateway,
    link: &Link,
    path: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let (part, mut file) = Part::create(path)?;
    let length = download(signer, gateway, link, &mut file, progress)?;
    file.sync_all().map_err(|error| output(&error))?;
    drop(file);
    fs::rename(&part.path, path).map_err(|error| output(&error))?;
    Ok(length)
}

/// A file that is removed when this is dropped, unless it was moved away.
struct Part {
    path: PathBuf,
}

impl Part {
    fn create(target: &Path) -> Result<(Self, File), Error> {
        let mut name = target
            .file_name()
            .ok_or_else(|| Invalid::new("path", "must name a file"))
            .map(OsString::from)?;
        // What is no file, such as a device, must not be replaced by one.
        if fs::metadata(target).is_ok_and(|found| !found.is_file()) {
            return Err(Invalid::new("path", "must name a file, and names something else").into());
        }
        // Two downloads at once, or one that was killed, must not share a part.
        let random: String = signer::nonce()?.chars().take(8).collect();
        name.push(format!(".{random}.part"));
        let path = target.with_file_name(name);
        let file = File::create_new(&path).map_err(|error| output(&error))?;
        Ok((Self { path }, file))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a success there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

/// What a file is read from, and how long it may become.
trait Source: Read {
    /// The bound for the bytes read so far.
    fn limit(&self) -> u64;
}

fn copy(
    mut source: impl Source,
    link: &Link,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let mut sha1 = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
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
            return Err(malformed("the file is larger than any bill"));
        }
        sha1.update(piece);
        out.write_all(piece).map_err(|error| output(&error))?;
        progress(written);
    }
    out.flush().map_err(|error| output(&error))?;
    let found: String = sha1.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    if found != link.sha1 {
        return Err(Error::Untrusted { status: 200, reason: Untrusted::Hash, request_id: None });
    }
    Ok(written)
}

/// The answer as it comes in.
struct Wire {
    body: Box<dyn Read + Send>,
    received: u64,
}

impl Wire {
    fn new(body: Box<dyn Read + Send>) -> Self {
        Self { body, received: 0 }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.body.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            // Told apart from what the unpacking may say.
            _ => {
                let what = format!("the file broke off: {}", plain(&error));
                io::Error::other(TransportError::unknown(what))
            }
        })?;
        self.received = self.received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        Ok(length)
    }
}

impl Source for Wire {
    fn limit(&self) -> u64 {
        FILE_LIMIT
    }
}

#[cfg(feature = "gzip")]
impl Source for MultiGzDecoder<Wire> {
    fn limit(&self) -> u64 {
        let received = self.get_ref().received;
        received.saturating_mul(EXPANSION).saturating_add(EXPANSION_FREE).min(FILE_LIMIT)
    }
}

fn unreadable(error: io::Error) -> Error {
    match error.downcast::<TransportError>() {
        Ok(error) => error.into(),
        Err(_) => malformed("the file is not whole gzip"),
    }
}

fn malformed(what: &str) -> Error {
    Error::Malformed { status: 200, what: what.to_owned(), request_id: None }
}

fn output(error: &io::Error) -> Error {
    Error::Output { kind: error.kind(), what: error.to_string() }
}

/// Two TLS records.
const BUFFER_SIZE: usize = 32 * 1024;

/// Ours: a row takes about 400 bytes, so this is some forty million rows.
const FILE_LIMIT: u64 = 16 * 1024 * 1024 * 1024;

/// Ours: rows hold long random numbers, and shrink to a tenth or so.
#[cfg(feature = "gzip")]
const EXPANSION: u64 = 100;

/// Ours: a short file may shrink more than a long one.
#[cfg(feature = "gzip")]
const EXPANSION_FREE: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: &[u8] = b"message";
    /// Of `message`.
    const SHA1: &str = "6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d";

    fn link() -> Link {
        let url = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=xxx".to_owned();
        Link { url, sha1: SHA1.to_owned(), is_compressed: false }
    }

    fn wire(body: impl Read + Send + 'static) -> Wire {
        Wire::new(Box::new(body))
    }

    fn copied(source: impl Source) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        copy(source, &link(), &mut out, &mut |_| ()).map(|length| {
            assert_eq!(length, u64::try_from(out.len()).unwrap());
            out
        })
    }

    #[test]
    fn a_file_is_written_and_its_progress_told() {
        let (mut out, mut progress) = (Vec::new(), Vec::new());
        let pieces = CONTENT[..3].chain(&CONTENT[3..]);
        let length = copy(wire(pieces), &link(), &mut out, &mut |so_far| progress.push(so_far));
        assert_eq!((length, &out[..]), (Ok(7), CONTENT));
        assert_eq!(progress, [3, 7]);
    }

    #[test]
    fn a_file_with_another_sha1_is_not_believed() {
        for other in [&b"Message"[..], b"messag", b"message\n", b""] {
            let error = copied(wire(other)).unwrap_err();
            assert!(matches!(error, Error::Untrusted { reason: Untrusted::Hash, .. }), "{error}");
        }
    }

    #[test]
    fn a_file_that_breaks_off_is_lost_on_the_way() {
        struct Broken(Option<io::ErrorKind>);
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                self.0.take().map_or(Ok(0), |kind| Err(kind.into()))
            }
        }
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::TimedOut] {
            let error = copied(wire(CONTENT.chain(Broken(Some(kind))))).unwrap_err();
            assert!(matches!(error, Error::Transport(_)), "{error}");
            assert!(error.to_string().starts_with("the file broke off: "), "{error}");
        }
        let interrupted = Broken(Some(io::ErrorKind::Interrupted));
        assert_eq!(copied(wire(interrupted.chain(CONTENT))).unwrap(), CONTENT);
    }

    #[test]
    fn a_writer_that_fails_ends_the_download() {
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
            let result = copy(wire(CONTENT), &link(), &mut out, &mut |_| ());
            match result {
                Ok(length) => assert!(is_written && length == 7),
                Err(Error::Output { kind: io::ErrorKind::StorageFull, .. }) => assert!(!is_written),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_file_that_is_too_long_is_refused() {
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
        assert!(error.to_string().ends_with(": the file is larger than any bill"), "{error}");
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
        fn a_packed_file_is_unpacked_and_held_against_the_sha1_of_the_plain_one() {
            assert_eq!(unpacked(packed(CONTENT)).unwrap(), CONTENT);
            let error = unpacked(packed(&b"Message"[..])).unwrap_err();
            assert!(matches!(error, Error::Untrusted { reason: Untrusted::Hash, .. }), "{error}");
        }

        #[test]
        fn a_file_in_several_packed_pieces_is_one_file() {
            let pieces = [packed(&CONTENT[..3]), packed(&CONTENT[3..])].concat();
            assert_eq!(unpacked(pieces).unwrap(), CONTENT);
        }

        #[test]
        fn what_is_not_whole_gzip_is_refused() {
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
                assert!(error.to_string().ends_with(": the file is not whole gzip"), "{packed:x?}");
            }
        }

        #[test]
        fn a_packed_file_that_breaks_off_is_lost_on_the_way() {
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
                assert!(matches!(error, Error::Transport(_)), "{end}: {error}");
            }
        }

        #[test]
        fn a_bomb_is_refused_long_before_it_is_unpacked() {
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
            let error = copy(source, &link(), &mut out, &mut |_| ()).unwrap_err();
            assert!(error.to_string().ends_with(": the file is larger than any bill"), "{error}");
            assert!(out.0 <= most && most < 8 * 1024 * 1024, "{}", out.0);
        }
    }
}
