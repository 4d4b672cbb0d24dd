//! 商家转账: transfers to users. The merchant pays a user, who confirms in WeChat.
//!
//! **Money that was transferred cannot be called back, and a second transfer pays twice.** Store the
//! transfer ([`Transfer::to_json`]) before the call. After anything but a verified success, send
//! **the same transfer** again. A new number is right only after [`Transfer::ended`], which takes a
//! verified [`FAIL`](BillState::Fail) or [`CANCELLED`](BillState::Cancelled).
//!
//! 1. [`create`] the transfer. The response contains the [`PackageInfo`], once the user can confirm.
//! 2. Give [`invoke`] or [`invoke_app`] to the client, which opens the page of confirmation.
//! 3. [`query`] the transfer, or take its notification. What the client reports is not the money.
//!
//! Transfers are paid from the operation account (运营账户), and are in its fund flow bill
//! ([`AccountType::Operation`](crate::bill::AccountType::Operation)). They are for direct merchants.
//! [`authorization`] is for transfers without a confirmation each, [`receipt`] for electronic receipts.
//!
//! ```
//! use wechatpay::transfer::{self, BillState, Scene, Transfer};
//! use wechatpay::{Fen, OpenId, OutBillNo};
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//!
//! let number = OutBillNo::new("plfk2020042013")?;
//! let openid = OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?;
//! let scene = Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖");
//! let transfer = Transfer::new(sandbox.appid(), number, openid, scene, Fen(100), "新会员开通有礼");
//! // Here the merchant stores transfer.to_json(signer)?.
//! let created = transfer::create(signer, gateway, &transfer)?;
//! let package_info = created.package_info.ok_or("not to be confirmed yet: create it again")?;
//! let for_the_page = transfer::invoke(signer, &transfer, &package_info);
//!
//! sandbox.confirm_transfer("plfk2020042013")?; // The user confirms.
//! let bill = transfer::query(signer, gateway, &transfer.out_bill_no)?;
//! assert_eq!(bill.state, BillState::Success);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::gateway::{Body, Gateway};
use crate::id::{self, OutAuthorizationNo, OutBillNo, PackageInfo, TransferBillNo};
use crate::received;
use crate::signer::Signer;
use crate::time::Time;

pub mod authorization;
mod bill;
mod confirmation;
mod ended;
mod fail_reason;
pub mod receipt;
mod request;
mod rules;
mod scene;

pub use self::bill::{Bill, BillState, PaymentMethodType};
pub use self::confirmation::{InvokeParameters, invoke, invoke_app};
pub use self::ended::{Ended, NotEnded};
pub use self::fail_reason::FailReason;
pub use self::request::{AuthorizationInfo, ReceiveStyle, Transfer};
pub use self::scene::{ReportInfo, Scene};

/// 发起转账: creates a transfer to a user.
///
/// `POST /v3/fund-app/mch-transfer/transfer-bills`
/// ([m/4012716434](https://pay.weixin.qq.com/doc/v3/merchant/4012716434)). At most 100 per second; by default at most
/// 200 yuan each, and 2,000 yuan per user and day. The user must confirm within 24 hours.
///
/// The same transfer, created again within three calendar days, is the same bill: the response shows its
/// present state, with its `package_info` while it waits for the user. That is the only way to a
/// `package_info` that was lost.
///
/// ```
/// use wechatpay::transfer::{self, Created, Transfer};
/// use wechatpay::{Error, Gateway, Retry, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, transfer: &Transfer) -> Result<Created, Error> {
///     let mut attempts = 0;
///     loop {
///         match transfer::create(signer, gateway, transfer) {
///             Err(error) if error.retry() == Retry::SameRequest && attempts < 3 => attempts += 1,
///             result => return result,
///         }
///     }
/// }
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: nothing is transferred. Correct what the error names, and create it under the same number.
/// * `Refused`: this call transferred nothing; an earlier one may have. On `NOT_ENOUGH`, top up the operation account
///   and create the same transfer again. On `ALREADY_EXISTS` and `INVALID_REQUEST`, [`query`] it: there is
///   a transfer with this number, which has ended, or has other values, or is older than three days.
/// * `Unknown`: it may be under way; status 429 belongs here. Create **the same transfer** again, more
///   slowly. A new number would pay twice.
#[doc(alias = "发起转账")]
#[doc(alias = "转账")]
#[doc(alias = "商家转账")]
pub fn create(
    signer: &dyn Signer,
    gateway: &Gateway,
    transfer: &Transfer,
) -> Result<Created, Error> {
    transfer.without_authorization()?;
    let body = transfer.to_json(signer)?;
    let body = Body::encrypted(&body, transfer.encryption_serial());
    let is_about = |created: &Created| created.out_bill_no == transfer.out_bill_no;
    gateway.post_about(signer, BILLS, body, is_about)
}

/// 发起转账并完成免确认收款授权: creates a transfer, and asks the user on the same page to authorize later
/// transfers.
///
/// `POST /v3/fund-app/mch-transfer/transfer-bills/pre-transfer-with-authorization`
/// ([m/4014399293](https://pay.weixin.qq.com/doc/v3/merchant/4014399293)). As [`create`], with
/// [`Transfer::authorization_info`]. The user may confirm the transfer and not the authorization: see
/// [`authorization::query`].
///
/// ```
/// use wechatpay::transfer::{self, AuthorizationInfo, Created, Transfer};
/// use wechatpay::{Error, Gateway, NotifyUrl, OutAuthorizationNo, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, transfer: &Transfer) -> Result<Created, Error> {
///     let number = OutAuthorizationNo::new("plfk2020042013")?;
///     let notify_url = NotifyUrl::new("https://shop.example/authorizations")?;
///     let mut transfer = transfer.clone(); // Stored with it, before the call.
///     transfer.authorization_info = Some(AuthorizationInfo::new(number, "李四的店", notify_url));
///     transfer::create_with_authorization(signer, gateway, &transfer)
/// }
/// ```
///
/// # Errors
/// As [`create`].
#[doc(alias = "发起转账并完成免确认收款授权")]
pub fn create_with_authorization(
    signer: &dyn Signer,
    gateway: &Gateway,
    transfer: &Transfer,
) -> Result<Created, Error> {
    transfer.with_authorization()?;
    let body = transfer.to_json(signer)?;
    let body = Body::encrypted(&body, transfer.encryption_serial());
    let path = format!("{BILLS}/pre-transfer-with-authorization");
    let is_about = |created: &Created| created.out_bill_no == transfer.out_bill_no;
    gateway.post_about(signer, &path, body, is_about)
}

/// 商户单号查询转账单: queries a transfer by the merchant's number.
///
/// `GET /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}`
/// ([m/4012716437](https://pay.weixin.qq.com/doc/v3/merchant/4012716437)), within 30 days; later the fund flow bill of
/// the operation account has it, with the number as 业务凭证号. At most 100 per second.
///
/// ```
/// use wechatpay::transfer::{self, BillState, Transfer};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, transfer: &Transfer) -> Result<(), Error> {
///     let bill = transfer::query(signer, gateway, &transfer.out_bill_no)?;
///     match (&bill.state, &bill.fail_reason) {
///         (BillState::Success, _) => println!("the user has the money"),
///         (_, Some(reason)) => println!("{reason}: {}", reason.advice()),
///         (state, _) => println!("{state}: query again later"),
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. `NOT_FOUND` right after a transfer whose outcome was unknown is not
/// conclusive: create that transfer again.
#[doc(alias = "商户单号查询转账单")]
#[doc(alias = "查询转账单")]
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_bill_no: &OutBillNo,
) -> Result<Bill, Error> {
    let path = format!("{BILLS}/out-bill-no/{}", id::encoded(out_bill_no.as_str()));
    let is_about = |bill: &Bill| bill.out_bill_no == *out_bill_no && bill.mch_id == signer.mchid();
    gateway.get_about(signer, &path, is_about)
}

/// 微信单号查询转账单: queries a transfer by WeChat Pay's number.
///
/// `GET /v3/fund-app/mch-transfer/transfer-bills/transfer-bill-no/{transfer_bill_no}`
/// ([m/4012716457](https://pay.weixin.qq.com/doc/v3/merchant/4012716457)), within 30 days. See [`query`].
///
/// ```
/// use wechatpay::transfer::{self, Bill};
/// use wechatpay::{Error, Gateway, Signer, TransferBillNo};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Bill, Error> {
///     let number = TransferBillNo::new("1330000071100999991182020050700019480001")?;
///     transfer::query_by_id(signer, gateway, &number)
/// }
/// ```
///
/// # Errors
/// As [`query`].
#[doc(alias = "微信单号查询转账单")]
#[doc(alias = "查询转账单")]
pub fn query_by_id(
    signer: &dyn Signer,
    gateway: &Gateway,
    transfer_bill_no: &TransferBillNo,
) -> Result<Bill, Error> {
    let number = id::encoded(transfer_bill_no.as_str());
    let path = format!("{BILLS}/transfer-bill-no/{number}");
    let is_about =
        |bill: &Bill| bill.transfer_bill_no == *transfer_bill_no && bill.mch_id == signer.mchid();
    gateway.get_about(signer, &path, is_about)
}

/// 撤销转账: cancels a transfer that the user has not confirmed.
///
/// `POST /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}/cancel`
/// ([m/4012716458](https://pay.weixin.qq.com/doc/v3/merchant/4012716458)), without a body. At most 20 per second.
///
/// Success means that the request was accepted, not that the transfer is cancelled: a user who confirms at the same
/// time still gets the money. [`query`] the transfer until it is [`Cancelled`](BillState::Cancelled) or
/// [`Success`](BillState::Success).
///
/// ```
/// use wechatpay::transfer::{self, Transfer};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, transfer: &Transfer) -> Result<(), Error> {
///     transfer::cancel(signer, gateway, &transfer.out_bill_no)?;
///     let bill = transfer::query(signer, gateway, &transfer.out_bill_no)?;
///     println!("{}", bill.state);
///     Ok(())
/// }
/// ```
///
/// # Errors
/// After `Unknown`, cancel it again. If it is refused, [`query`] it: it may have ended, or be confirmed.
#[doc(alias = "撤销转账")]
pub fn cancel(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_bill_no: &OutBillNo,
) -> Result<Cancellation, Error> {
    let path = format!("{BILLS}/out-bill-no/{}/cancel", id::encoded(out_bill_no.as_str()));
    let is_about = |cancelled: &Cancellation| cancelled.out_bill_no == *out_bill_no;
    gateway.post_about(signer, &path, Body::NONE, is_about)
}

/// 转账单, as the response of [`create`] shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Created {
    /// 商户单号: merchant transfer number.
    #[serde(deserialize_with = "received::text")]
    pub out_bill_no: OutBillNo,
    /// 微信转账单号: WeChat Pay's transfer number.
    #[serde(deserialize_with = "received::text")]
    pub transfer_bill_no: TransferBillNo,
    /// 单据创建时间: time at which the transfer was created.
    pub create_time: Time,
    /// 单据状态: state of the transfer.
    pub state: BillState,
    /// 跳转领取页面的package信息: opens the page of confirmation; only while the transfer waits for the user
    /// ([`BillState::WaitUserConfirm`]). No query returns it. If it is missing, or lost, create the same transfer again.
    #[serde(default, deserialize_with = "received::option")]
    pub package_info: Option<PackageInfo>,
    /// 失败原因: reason of a failure.
    #[serde(default, deserialize_with = "received::option")]
    pub fail_reason: Option<FailReason>,
    /// 用户展示名称: the user's name in the authorization, after [`create_with_authorization`].
    #[serde(default, deserialize_with = "received::option")]
    pub user_display_name: Option<String>,
    /// 商户侧授权单号: merchant authorization number, after [`create_with_authorization`].
    #[serde(default, deserialize_with = "received::option")]
    pub out_authorization_no: Option<OutAuthorizationNo>,
}

/// 撤销中的转账单: the response of [`cancel`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cancellation {
    /// 商户单号: merchant transfer number.
    #[serde(deserialize_with = "received::text")]
    pub out_bill_no: OutBillNo,
    /// 微信转账单号: WeChat Pay's transfer number.
    #[serde(deserialize_with = "received::text")]
    pub transfer_bill_no: TransferBillNo,
    /// 单据状态: state of the transfer, [`BillState::Canceling`] or [`BillState::Cancelled`].
    pub state: BillState,
    /// 最后一次单据状态变更时间: time of the last change of the state.
    pub update_time: Time,
}

const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_has_package_info_only_while_it_waits() {
        let created = |more: &str| -> Created {
            let json = format!(
                r#"{{"out_bill_no":"plfk2020042013","create_time":"2015-05-20T13:29:35.120+08:00",
                "transfer_bill_no":"1330000071100999991182020050700019480001",{more}}}"#
            );
            serde_json::from_str(&json).unwrap()
        };
        let waits =
            created(r#""state":"WAIT_USER_CONFIRM","package_info":"affffddafdfafddffda==""#);
        let stored = serde_json::to_string(&waits).unwrap();
        assert_eq!(serde_json::from_str::<Created>(&stored).unwrap(), waits);
        assert_eq!(waits.package_info.unwrap().as_str(), "affffddafdfafddffda==");
        let accepted = created(r#""state":"ACCEPTED","package_info":"""#);
        assert_eq!((accepted.state, accepted.package_info), (BillState::Accepted, None));
        let failed = created(r#""state":"FAIL","fail_reason":"PAYEE_ACCOUNT_ABNORMAL""#);
        assert_eq!(failed.fail_reason, Some(FailReason::PayeeAccountAbnormal));
    }
}
