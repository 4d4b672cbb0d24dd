//! [`Download`]: a file that is not signed, by the link to it.

use std::fmt;
use std::io::Write;
use std::path::Path as FilePath;

use super::path;
use crate::error::{CallContext, Error, Invalid};
use crate::gateway::Gateway;
use crate::remote_file::{FILE_LIMIT, FileHash, RemoteFile};
use crate::signer::Signer;

/// 文件下载: a file that an interface offers by a link, such as invoices, vouchers and images of complaints.
///
/// The `GET` is signed like any other call, but WeChat Pay does not sign the file. Instead, most of the signed responses that
/// contain a link contain the hash of its file as well: give it to [`new`](Self::new). [`unverified`](Self::unverified) is for
/// the files that have none. Bills and receipts have functions of their own: [`bill::download`](crate::bill::download),
/// [`transfer::receipt::download`](crate::transfer::receipt::download).
///
/// ```
/// use std::path::Path;
/// use wechatpay::call::{self, Download, FileHash};
/// use wechatpay::{Error, Gateway, Signer};
///
/// #[derive(serde::Deserialize)]
/// struct Offer {
///     url: String,
///     hash_type: String,
///     hash_value: String,
/// }
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<u64, Error> {
///     let path = "/v3/marketing/favor/stocks/9865000/use-flow";
///     let offer: Offer = call::get(signer, gateway, path)?.json()?;
///     let hash = FileHash::new(&offer.hash_type, &offer.hash_value)?;
///     Download::new(&offer.url, hash).save(signer, gateway, Path::new("use-flow.csv"))
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Download {
    link: String,
    hash: Option<FileHash>,
    #[cfg(feature = "gzip")]
    is_compressed: bool,
    size_limit: u64,
}

impl Download {
    /// A file whose hash is known: `link` and `hash` are from one signed response. Links expire, some within 30 seconds.
    ///
    /// The link must lead to a host of WeChat Pay or to that of the gateway. In place of a link it may be a path with which a file
    /// is known to be downloaded, as in [`unverified`](Self::unverified).
    #[doc(alias = "文件下载")]
    pub fn new(link: impl AsRef<str>, hash: FileHash) -> Self {
        Self::of(link.as_ref(), Some(hash), FILE_LIMIT)
    }

    /// A file without a hash: **only TLS vouches for its bytes**. Anything that can change them between WeChat Pay and this
    /// program, such as a proxy that ends TLS, remains unnoticed.
    ///
    /// `link` is a link or a path of this list, which has every interface whose response is known to be a file that is not signed:
    /// * `/v3/billdownload/file`
    /// * `/v3/transferdownload/elecvoucherfile`
    /// * `/v3/transferdownload/signfile`
    /// * `/v3/new-tax-control-fapiao/download` (下载发票文件)
    /// * `/v3/merchant-service/images/{media_id}` (图片请求接口)
    ///
    /// ```
    /// use wechatpay::call::{Download, Path};
    /// use wechatpay::{Error, Gateway, Signer};
    ///
    /// fn example(signer: &dyn Signer, gateway: &Gateway, media_id: &str) -> Result<Vec<u8>, Error> {
    ///     let path = Path::new("/v3/merchant-service/images/{media_id}").variable("media_id", media_id)?;
    ///     let mut image = Vec::new();
    ///     Download::unverified(path).write(signer, gateway, &mut image)?;
    ///     Ok(image)
    /// }
    /// ```
    #[doc(alias = "图片请求接口")]
    #[doc(alias = "下载发票文件")]
    pub fn unverified(link: impl AsRef<str>) -> Self {
        Self::of(link.as_ref(), None, UNVERIFIED_LIMIT)
    }

    /// The same file, which is transferred as gzip and decompressed here, if the link was requested so (`tar_type=GZIP`). The
    /// hash is that of the decompressed file.
    #[cfg(feature = "gzip")]
    #[must_use]
    pub fn compressed(self) -> Self {
        Self { is_compressed: true, ..self }
    }

    /// The same file, which is refused if it has more bytes. Default: 16 GiB with a hash, and 64 MiB without.
    #[must_use]
    pub fn size_limit(self, bytes: u64) -> Self {
        Self { size_limit: bytes, ..self }
    }

    /// Downloads the file, writes it to `out`, and returns its length in bytes. Memory use does not grow with the file.
    ///
    /// The hash can only be checked at the end: do not use the contents of `out` before this function returns `Ok`.
    /// [`save`](Self::save) takes care of that.
    ///
    /// ```
    /// use wechatpay::call::{Download, FileHash};
    /// use wechatpay::{Error, Gateway, Signer};
    ///
    /// fn example(signer: &dyn Signer, gateway: &Gateway, link: &str, hash: FileHash) -> Result<Vec<u8>, Error> {
    ///     let mut file = Vec::new();
    ///     Download::new(link, hash).size_limit(1_000_000).write(signer, gateway, &mut file)?;
    ///     Ok(file)
    /// }
    /// ```
    ///
    /// # Errors
    /// Safe to retry, with a new link if it expired: the call changes nothing.
    /// * [`Invalid`](crate::ErrorKind::Invalid): the link leads to another host, which the error names, or to an interface that
    ///   is not on the list. Nothing was sent.
    /// * [`Untrusted`](crate::ErrorKind::Untrusted): the file does not have the hash.
    /// * [`Transport`](crate::ErrorKind::Transport): the file broke off.
    /// * [`Output`](crate::ErrorKind::Output): `out` did not take it.
    /// * [`Malformed`](crate::ErrorKind::Malformed): the file exceeds the size limit, cannot be unpacked, or has no hash and states
    ///   no length, so that it may be incomplete.
    /// * [`Api`](crate::ErrorKind::Api): WeChat Pay refused, as for a link that is too old.
    pub fn write(
        &self,
        signer: &dyn Signer,
        gateway: &Gateway,
        out: &mut dyn Write,
    ) -> Result<u64, Error> {
        let url = self.url(gateway)?;
        self.file(&url).download(signer, gateway, out, &mut |_| ())
    }

    /// Downloads the file to a path, where it appears only when it is complete and checked, as with
    /// [`bill::download_to`](crate::bill::download_to). Returns its length in bytes.
    ///
    /// ```
    /// use std::path::Path;
    /// use wechatpay::call::{Download, FileHash};
    /// use wechatpay::{Error, Gateway, Signer};
    ///
    /// fn example(signer: &dyn Signer, gateway: &Gateway, link: &str, hash: FileHash) -> Result<u64, Error> {
    ///     Download::new(link, hash).save(signer, gateway, Path::new("receipt.pdf"))
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`write`](Self::write); and [`Invalid`](crate::ErrorKind::Invalid) if `path` names no file. Nothing was sent then.
    pub fn save(
        &self,
        signer: &dyn Signer,
        gateway: &Gateway,
        path: impl AsRef<FilePath>,
    ) -> Result<u64, Error> {
        let url = self.url(gateway)?;
        self.file(&url).download_to(signer, gateway, path.as_ref(), &mut |_| ())
    }

    fn of(link: &str, hash: Option<FileHash>, size_limit: u64) -> Self {
        Self {
            link: link.to_owned(),
            hash,
            #[cfg(feature = "gzip")]
            is_compressed: false,
            size_limit,
        }
    }

    /// The URL, if nothing forbids to download from it.
    fn url(&self, gateway: &Gateway) -> Result<String, Error> {
        self.checked_url(gateway)
            .map_err(|invalid| Error::from(invalid).in_call(CallContext::DOWNLOAD))
    }

    fn checked_url(&self, gateway: &Gateway) -> Result<String, Invalid> {
        let link = &*self.link;
        if link.starts_with('/') {
            path::check(link)?;
            check_listed("path", link)?;
            return Ok(format!("{}{link}", gateway.base_url()));
        }
        let path = gateway.path_within(link)?;
        // The path of a link may change at any time (https://pay.weixin.qq.com/doc/v3/merchant/4012716436). With a hash
        // that is no danger.
        if self.hash.is_none() {
            check_listed("download_url", path)?;
        }
        Ok(link.to_owned())
    }

    fn file<'a>(&'a self, url: &'a str) -> RemoteFile<'a> {
        RemoteFile {
            url,
            hash: self.hash.as_ref(),
            #[cfg(feature = "gzip")]
            is_compressed: self.is_compressed,
            size_limit: self.size_limit,
        }
    }
}

/// Leaves out the link, because its token gives access to the file.
impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// Checks that the response of an interface is known to be a file that is not signed.
fn check_listed(name: &str, path_and_query: &str) -> Result<(), Invalid> {
    let path = path::without_query(path_and_query);
    let is_image_id = |id: &str| id != "upload" && !id.contains('/') && path::check(path).is_ok();
    if path.strip_prefix(IMAGES).is_some_and(is_image_id) || UNSIGNED.contains(&path) {
        return Ok(());
    }
    Err(Invalid::new(name, RULE))
}

/// The files that the official PHP library or wechatpay-axios-plugin exempts from verification.
const UNSIGNED: [&str; 4] = [
    "/v3/billdownload/file",
    "/v3/transferdownload/elecvoucherfile",
    "/v3/transferdownload/signfile",
    "/v3/new-tax-control-fapiao/download",
];

/// 图片请求接口 ([m/4012467251](https://pay.weixin.qq.com/doc/v3/merchant/4012467251)), before its `media_id`.
const IMAGES: &str = "/v3/merchant-service/images/";

const RULE: &str = "must be of an interface whose file is not signed (/v3/billdownload/file, \
    /v3/transferdownload/elecvoucherfile, /v3/transferdownload/signfile, \
    /v3/new-tax-control-fapiao/download, /v3/merchant-service/images/…); use Call for all others";

/// Our own limit: the documented files without a hash are images of up to 2 MB and invoices.
const UNVERIFIED_LIMIT: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_has_the_unsigned_files_and_nothing_else() {
        let listed = |path| check_listed("path", path).is_ok();
        for path in [
            "/v3/billdownload/file?token=x&tartype=gzip",
            "/v3/transferdownload/elecvoucherfile?token=x",
            "/v3/transferdownload/signfile?token=x",
            "/v3/new-tax-control-fapiao/download?token=x",
            "/v3/merchant-service/images/ChsyMDA4MDIwMD%2FxMTMyNQ%3D%3D",
        ] {
            assert!(listed(path), "{path}");
        }
        for path in [
            "/v3/billdownload/file/x",
            "/v3/billdownload/files",
            "/v3/billdownload",
            "/V3/billdownload/file",
            "/v3/x?/v3/billdownload/file",
            "/v3/pay/transactions/id/1",
            "/v3/merchant-service/images/upload",
            "/v3/merchant-service/images/upload?x=1",
            "/v3/merchant-service/images/",
            "/v3/merchant-service/images",
            "/v3/merchant-service/images/a/b",
            "/v3/merchant-service/images/..",
            "/v3/merchant-service/images/%2E%2e",
            "/v3/merchant-service/images/../complaints-v2",
            "/v3/merchant-service/images/..%2F..%2Fpay%2Ftransactions%2Fid%2F1",
        ] {
            assert!(!listed(path), "{path}");
        }
    }

    #[test]
    fn debug_omits_the_token() {
        let download = Download::unverified("https://x.example/?token=SECRET");
        assert_eq!(format!("{download:?}"), "Download { hash: None, .. }");
    }
}
