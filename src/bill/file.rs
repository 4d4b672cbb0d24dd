//! The download of a bill's file.

use std::io::Write;
use std::path::Path;

use super::Link;
use crate::error::Error;
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
/// use wechatpay::{Error, Gateway, Signer, bill};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, link: &bill::Link) -> Result<(), Error> {
///     let path = "2026-10-01.csv";
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
    path: impl AsRef<Path>,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    link.file().download_to(signer, gateway, path.as_ref(), progress)
}
