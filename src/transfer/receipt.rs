//! 电子回单: electronic receipts of transfers.
//!
//! A transfer has a receipt if it is `SUCCESS`, named the user ([`Transfer::user_name`](crate::transfer::Transfer::user_name)),
//! and is at most six months old. [`apply`] for it, [`query`] it every few minutes until it is
//! [`Finished`](ReceiptState::Finished), usually within an hour, and [`download_to`] a file: a PDF. A receipt is kept for 90
//! days; then apply again.
//!
//! ```
//! use wechatpay::transfer::receipt;
//! use wechatpay::{Error, Gateway, OutBillNo, Signer};
//!
//! fn example(signer: &dyn Signer, gateway: &Gateway, number: &OutBillNo) -> Result<(), Error> {
//!     receipt::apply(signer, gateway, number)?;
//!     let receipt = receipt::query(signer, gateway, number)?; // Some minutes later.
//!     match receipt.link()? {
//!         Some(link) => receipt::download_to(signer, gateway, &link, "receipt.pdf").map(drop),
//!         None => Ok(println!("{}: query again later", receipt.state)),
//!     }
//! }
//! ```

use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Invalid};
use crate::gateway::Gateway;
use crate::id::{self, OutBillNo, TransferBillNo};
use crate::open_set::open_set;
use crate::received;
use crate::remote_file::{FileHash, RemoteFile};
use crate::signer::Signer;
use crate::time::Time;
use crate::validate;

/// 商户单号申请电子回单: applies for the receipt of a transfer, by the merchant's number.
///
/// `POST /v3/fund-app/mch-transfer/elecsign/out-bill-no`
/// ([m/4012716452](https://pay.weixin.qq.com/doc/v3/merchant/4012716452)).
///
/// ```
/// use wechatpay::transfer::receipt::{self, Receipt};
/// use wechatpay::{Error, Gateway, OutBillNo, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Receipt, Error> {
///     receipt::apply(signer, gateway, &OutBillNo::new("plfk2020042013")?)
/// }
/// ```
///
/// # Errors
/// No money is moved, so it is safe to retry. The transfer must be `SUCCESS`, and must have had a `user_name`.
#[doc(alias = "商户单号申请电子回单")]
#[doc(alias = "电子回单")]
#[doc(alias = "申请电子回单")]
pub fn apply(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_bill_no: &OutBillNo,
) -> Result<Receipt, Error> {
    let body =
        validate::to_json(&Application { out_bill_no: Some(out_bill_no), transfer_bill_no: None })?;
    gateway.post(signer, &format!("{RECEIPTS}/out-bill-no"), &body)
}

/// 微信单号申请电子回单: applies for the receipt of a transfer, by WeChat Pay's number.
///
/// `POST /v3/fund-app/mch-transfer/elecsign/transfer-bill-no`
/// ([m/4012716456](https://pay.weixin.qq.com/doc/v3/merchant/4012716456)). As [`apply`].
///
/// ```
/// use wechatpay::transfer::receipt::{self, Receipt};
/// use wechatpay::{Error, Gateway, Signer, TransferBillNo};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Receipt, Error> {
///     let number = TransferBillNo::new("1330000071100999991182020050700019480001")?;
///     receipt::apply_by_id(signer, gateway, &number)
/// }
/// ```
///
/// # Errors
/// As [`apply`].
#[doc(alias = "微信单号申请电子回单")]
#[doc(alias = "申请电子回单")]
pub fn apply_by_id(
    signer: &dyn Signer,
    gateway: &Gateway,
    transfer_bill_no: &TransferBillNo,
) -> Result<Receipt, Error> {
    let application = Application { out_bill_no: None, transfer_bill_no: Some(transfer_bill_no) };
    let body = validate::to_json(&application)?;
    gateway.post(signer, &format!("{RECEIPTS}/transfer-bill-no"), &body)
}

/// 商户单号查询电子回单: queries the receipt of a transfer, by the merchant's number.
///
/// `GET /v3/fund-app/mch-transfer/elecsign/out-bill-no/{out_bill_no}`
/// ([m/4012716436](https://pay.weixin.qq.com/doc/v3/merchant/4012716436)). Each query returns a new link, valid for ten minutes.
///
/// ```
/// use wechatpay::transfer::receipt::{self, Receipt};
/// use wechatpay::{Error, Gateway, OutBillNo, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Receipt, Error> {
///     receipt::query(signer, gateway, &OutBillNo::new("plfk2020042013")?)
/// }
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. On `NOT_FOUND`, [`apply`] first.
#[doc(alias = "商户单号查询电子回单")]
#[doc(alias = "查询电子回单")]
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_bill_no: &OutBillNo,
) -> Result<Receipt, Error> {
    let number = id::encoded(out_bill_no.as_str());
    gateway.get(signer, &format!("{RECEIPTS}/out-bill-no/{number}"))
}

/// 微信单号查询电子回单: queries the receipt of a transfer, by WeChat Pay's number.
///
/// `GET /v3/fund-app/mch-transfer/elecsign/transfer-bill-no/{transfer_bill_no}`
/// ([m/4012716455](https://pay.weixin.qq.com/doc/v3/merchant/4012716455)). As [`query`].
///
/// ```
/// use wechatpay::transfer::receipt::{self, Receipt};
/// use wechatpay::{Error, Gateway, Signer, TransferBillNo};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Receipt, Error> {
///     let number = TransferBillNo::new("1330000071100999991182020050700019480001")?;
///     receipt::query_by_id(signer, gateway, &number)
/// }
/// ```
///
/// # Errors
/// As [`query`].
#[doc(alias = "微信单号查询电子回单")]
#[doc(alias = "查询电子回单")]
pub fn query_by_id(
    signer: &dyn Signer,
    gateway: &Gateway,
    transfer_bill_no: &TransferBillNo,
) -> Result<Receipt, Error> {
    let number = id::encoded(transfer_bill_no.as_str());
    gateway.get(signer, &format!("{RECEIPTS}/transfer-bill-no/{number}"))
}

/// 下载电子回单: downloads a receipt, writes it to `out`, and returns its length in bytes.
///
/// [`GET`](https://pay.weixin.qq.com/doc/v3/merchant/4013866774) of the link's URL, within ten minutes. The response is not
/// signed, but the SHA-256 of the file is, and it can only be checked at the end: do not use the contents of `out` before this
/// function returns `Ok`. [`download_to`] takes care of that. A file of more than 64 MiB is refused.
///
/// ```
/// use wechatpay::transfer::receipt::{self, ReceiptLink};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, link: &ReceiptLink) -> Result<Vec<u8>, Error> {
///     let mut pdf = Vec::new();
///     receipt::download(signer, gateway, link, &mut pdf)?;
///     Ok(pdf)
/// }
/// ```
///
/// # Errors
/// Safe to retry with a new link: the call changes nothing.
/// * [`Invalid`](crate::ErrorKind::Invalid): the link leads to another host than WeChat Pay's or the gateway's, which the error
///   names. Nothing was sent.
/// * [`Untrusted`](crate::ErrorKind::Untrusted): the file is not the one whose SHA-256 was signed.
/// * Otherwise as [`bill::download`](crate::bill::download).
#[doc(alias = "下载电子回单")]
pub fn download(
    signer: &dyn Signer,
    gateway: &Gateway,
    link: &ReceiptLink,
    out: &mut dyn Write,
) -> Result<u64, Error> {
    link.file().download(signer, gateway, out, &mut |_| ())
}

/// 下载电子回单: downloads a receipt to a path, and returns its length in bytes. The file appears there only when it is complete
/// and checked, as with [`bill::download_to`](crate::bill::download_to).
///
/// ```
/// use wechatpay::transfer::receipt::{self, ReceiptLink};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, link: &ReceiptLink) -> Result<u64, Error> {
///     receipt::download_to(signer, gateway, link, "receipt.pdf")
/// }
/// ```
///
/// # Errors
/// As [`download`]; and if `path` names no file. Nothing was sent then.
#[doc(alias = "下载电子回单")]
pub fn download_to(
    signer: &dyn Signer,
    gateway: &Gateway,
    link: &ReceiptLink,
    path: impl AsRef<Path>,
) -> Result<u64, Error> {
    link.file().download_to(signer, gateway, path.as_ref(), &mut |_| ())
}

/// 电子回单: the receipt of a transfer. The response names no transfer.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// 电子回单申请单状态: state of the application.
    pub state: ReceiptState,
    /// 申请单创建时间: time of the application.
    pub create_time: Time,
    /// 申请单更新时间: time of the last change; only in the response of a query.
    #[serde(default, deserialize_with = "received::option")]
    pub update_time: Option<Time>,
    #[serde(default, deserialize_with = "received::option")]
    hash_type: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    hash_value: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    download_url: Option<String>,
}

impl Receipt {
    /// The link to the file, if the receipt is finished.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if the hash is not a SHA-256: SM3 (国密) is not supported, and a file is not
    /// downloaded without its hash.
    pub fn link(&self) -> Result<Option<ReceiptLink>, Error> {
        let Some(url) = &self.download_url else { return Ok(None) };
        match self.hash_type.as_deref() {
            Some("SHA256") => {}
            Some("SM3") => {
                let rule = "must be SHA256; SM3 is not supported, so get this receipt on the merchant platform";
                return Err(Invalid::new("hash_type", rule).into());
            }
            _ => {
                return Err(
                    Invalid::new("hash_type", "must be SHA256; query the receipt again").into()
                );
            }
        }
        let sha256 = self.hash_value.as_deref().unwrap_or_default();
        let sha256 = FileHash::sha256(sha256).map_err(|_| {
            let rule = "must be a SHA-256 in hexadecimal; query the receipt again";
            Invalid::new("hash_value", rule)
        })?;
        Ok(Some(ReceiptLink { url: url.clone(), sha256 }))
    }
}

/// Leaves out the link, because its token gives access to the receipt.
impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("state", &self.state)
            .field("create_time", &self.create_time)
            .finish_non_exhaustive()
    }
}

open_set! {
    /// 电子回单申请单状态: state of the application for a receipt.
    [transfer] receipt::ReceiptState {
        /// 表示当前电子签章处理中: being made; query it again in a few minutes.
        Generating = "GENERATING",
        /// 表示当前电子签章申请成功: ready to be downloaded.
        Finished = "FINISHED",
        /// 表示当前电子签章申请失败: it failed; apply again.
        Failed = "FAILED",
    }
}

/// The URL of a receipt's file, which is valid for ten minutes, and the SHA-256 of the file. Both are signed by WeChat Pay.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceiptLink {
    url: String,
    sha256: FileHash,
}

impl ReceiptLink {
    /// 哈希值: SHA-256 of the file, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        self.sha256.hash_value()
    }

    fn file(&self) -> RemoteFile<'_> {
        RemoteFile {
            url: &self.url,
            hash: Some(&self.sha256),
            #[cfg(feature = "gzip")]
            is_compressed: false,
            size_limit: SIZE_LIMIT,
        }
    }
}

/// Leaves out the URL, because its token gives access to the receipt.
impl fmt::Debug for ReceiptLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiptLink").field("sha256", &self.sha256()).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Application<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    out_bill_no: Option<&'a OutBillNo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_bill_no: Option<&'a TransferBillNo>,
}

const RECEIPTS: &str = "/v3/fund-app/mch-transfer/elecsign";

/// Our own limit: a receipt is a PDF of one page.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(hash_type: &str, hash_value: &str) -> Receipt {
        let json = format!(
            r#"{{"state":"FINISHED","create_time":"2020-05-20T13:29:35.120+08:00",
            "update_time":"2020-05-20T13:29:35.120+08:00","hash_type":"{hash_type}",
            "hash_value":"{hash_value}","download_url":"https://api.mch.weixin.qq.com/v3/x?token=SECRET"}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn hash_may_be_in_upper_case() {
        let hash = "DE731F35146A0BEFADE5DB9D1E468D96C01CA8898119C674FEE9F11F4DBE5529";
        let link = receipt("SHA256", hash).link().unwrap().unwrap();
        assert_eq!(link.sha256(), hash.to_lowercase());
        assert!(!format!("{link:?} {:?}", receipt("SHA256", hash)).contains("SECRET"));
    }

    #[test]
    fn file_without_a_known_hash_is_refused_by_name() {
        for (hash_type, hash, error) in [
            ("SM3", "0", "hash_type must be SHA256; SM3 is not supported"),
            ("SHA1", "0", "hash_type must be SHA256; query"),
            ("", "0", "hash_type must be SHA256; query"),
            ("SHA256", "", "hash_value must be a SHA-256"),
            ("SHA256", &"g".repeat(64), "hash_value must be a SHA-256"),
        ] {
            let found = receipt(hash_type, hash).link().unwrap_err().to_string();
            assert!(found.starts_with(error), "{found}");
        }
    }

    #[test]
    fn receipt_that_is_not_ready_has_no_link() {
        let json = r#"{"state":"GENERATING","create_time":"2020-05-20T13:29:35+08:00"}"#;
        let receipt: Receipt = serde_json::from_str(json).unwrap();
        assert_eq!((receipt.state.clone(), receipt.link()), (ReceiptState::Generating, Ok(None)));
    }
}
