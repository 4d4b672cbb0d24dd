//! 退款: refunds of single orders and of the sub-orders of combined orders.
//!
//! ```
//! use wechatpay::Fen;
//! use wechatpay::v2::{App, pay, refund};
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
//! let (number, address) = ("order-1".parse()?, "14.23.150.211".parse()?);
//! let url = sandbox.notify_url();
//! let order = pay::Order::new(sandbox.appid(), number, "公仔", Fen(100), address, url);
//! pay::prepay(signer, gateway, &order, &App)?;
//! sandbox.v2().pay("order-1", &[])?; // 用户付款
//!
//! let number = "refund-1".parse()?; // 调用前先保存
//! let refund = refund::Refund::new(order.appid, number, order.out_trade_no, Fen(60), Fen(100));
//! refund::apply(signer, gateway, &refund)?;
//!
//! sandbox.v2().succeed_refund("refund-1")?; // 退款到账
//! let query = refund::RefundQuery::new(refund.appid, refund.out_refund_no);
//! let found = refund::query(signer, gateway, &query)?;
//! assert_eq!(found.refunds[0].refund_status, refund::Status::Success);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::error::{Error, Violations};
use crate::id::{AppId, NotifyUrl, OutRefundNo, OutTradeNo, RefundId, TransactionId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::refund::{Channel, Payment};
use crate::strict_json::{Object, Read};
use crate::time::Time;
use crate::v2::fields::{Fields, Malformed};
use crate::v2::from_xml;
use crate::v2::gateway::{CertifiedGateway, Gateway};
use crate::v2::order_fields::FieldText;
use crate::v2::parse::{fen, number, received, spaced_time};
use crate::v2::pay::Coupon;
use crate::v2::signer::Signer;
use crate::v2::validate;
use crate::v2::xml;
use crate::validate as shared;

/// 申请退款: requests a full or partial refund of a paid order.
///
/// `POST /secapi/pay/refund` ([page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_4)),
/// with the merchant's client certificate: see [`Gateway::with_certified`]. Within one year of the
/// payment, at most 50 refunds of an order, at least one minute apart. Success means that WeChat Pay
/// accepted the request; [`query`] or a notification tells whether the money was returned.
///
/// ```
/// use wechatpay::v2::refund::{self, AcceptedRefund, Refund};
/// use wechatpay::v2::{CertifiedGateway, Signer};
/// use wechatpay::Error;
///
/// fn refund(
///     signer: &dyn Signer,
///     gateway: &CertifiedGateway,
///     refund: &Refund,
/// ) -> Result<AcceptedRefund, Error> {
///     refund::apply(signer, gateway, refund)
/// }
/// ```
///
/// # Errors
/// The [outcome](Error::outcome) tells what may have happened:
/// * `NotSent`: nothing is refunded. Fix what the error names, then send the same refund.
/// * `Refused`: this call refunds nothing. After `NOTENOUGH`, top up and retry with the same refund.
///   Use a new refund number only when [`query`] returns `REFUNDCLOSE` for the old one.
/// * `Unknown`: the money may be returned; `return_code=FAIL` is always unknown. Retry with **the same
///   refund**, or query it. A new refund number would refund twice. A response about another amount belongs here.
#[doc(alias = "申请退款")]
#[doc(alias = "退款")]
pub fn apply(
    signer: &dyn Signer,
    gateway: &CertifiedGateway,
    refund: &Refund,
) -> Result<AcceptedRefund, Error> {
    let fields = refund.to_fields(signer)?;
    gateway.call_certified(signer, "/secapi/pay/refund", fields)?.read(|fields| {
        let accepted = AcceptedRefund::read(fields)?;
        // The gateway compares the numbers.
        let differs = |name| Err(Malformed::new(format!("{name} is not that of the request")));
        if accepted.refund_fee != refund.refund_fee {
            return differs("refund_fee");
        }
        if accepted.total_fee.is_some_and(|total| total != refund.total_fee) {
            return differs("total_fee");
        }
        Ok(accepted)
    })
}

/// 查询退款: queries all refunds of an order, or one refund.
///
/// `POST /pay/refundquery` ([page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_5)). A
/// response has at most ten refunds, so if there are more, query by refund number. For an order older
/// than 18 months, use its `transaction_id`.
///
/// ```
/// use wechatpay::v2::refund::{self, Refund, RefundQuery, Status};
/// use wechatpay::v2::{Gateway, Signer};
/// use wechatpay::Error;
///
/// fn is_returned(signer: &dyn Signer, gateway: &Gateway, refund: &Refund) -> Result<bool, Error> {
///     let query = RefundQuery::new(refund.appid.clone(), refund.out_refund_no.clone());
///     let found = refund::query(signer, gateway, &query)?;
///     Ok(found.refunds.iter().any(|refund| refund.refund_status == Status::Success))
/// }
/// ```
///
/// # Errors
/// Safe to retry. `REFUNDNOTEXIST` right after a refund with an unknown outcome is not conclusive:
/// retry with that refund.
#[doc(alias = "查询退款")]
#[doc(alias = "refundquery")]
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    query: &RefundQuery,
) -> Result<Refunds, Error> {
    let mut fields = Fields::of(signer.mchid(), &query.appid);
    let (name, number) = query.number.to_field();
    fields.set(name, number);
    fields.set_optional("offset", query.offset);
    gateway
        .call(signer, "/pay/refundquery", fields)?
        .read(|response| Refunds::read(response)?.only(&query.number))
}

/// A request for a refund. Keep it: **one `out_refund_no` refunds once, however often it is sent; a
/// new one refunds again.**
///
/// ```
/// use wechatpay::v2::refund::Refund;
/// use wechatpay::{AppId, Fen, OutRefundNo, OutTradeNo};
///
/// let mut refund = Refund::new(
///     AppId::new("wx2421b1c4370ec43b")?,
///     OutRefundNo::new("1415701182-1")?,
///     OutTradeNo::new("1415757673")?,
///     Fen(60),
///     Fen(100),
/// );
/// refund.refund_desc = Some("商品已售完".into());
/// refund.validate()?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refund {
    /// 公众账号ID: appid of the order.
    pub appid: AppId,
    /// 商户退款单号: merchant refund number.
    pub out_refund_no: OutRefundNo,
    /// 商户订单号 or 微信支付订单号: the paid order.
    pub payment: Payment,
    /// 退款金额: amount to refund, in fen; at least 1, at most the total.
    pub refund_fee: Fen,
    /// 订单金额: total amount of the order, in fen.
    pub total_fee: Fen,
    /// 货币种类: currency, which must be that of the order. Default: none, which means `CNY`.
    pub refund_fee_type: Option<String>,
    /// 退款原因: reason, shown to the payer. 1 to 80 characters. Default: none.
    pub refund_desc: Option<String>,
    /// 退款资金来源: source of the money, for merchants with the older kind of account. Default: none,
    /// which means unsettled funds.
    pub refund_account: Option<RefundAccount>,
    /// 退款结果通知url: URL for the notification of the refund. Default: none, which means the one set
    /// on the merchant platform.
    pub notify_url: Option<NotifyUrl>,
}

impl Refund {
    /// A refund of `refund_fee` out of `total_fee`, the total of the order.
    pub fn new(
        appid: AppId,
        out_refund_no: OutRefundNo,
        payment: impl Into<Payment>,
        refund_fee: Fen,
        total_fee: Fen,
    ) -> Self {
        Self {
            appid,
            out_refund_no,
            payment: payment.into(),
            refund_fee,
            total_fee,
            refund_fee_type: None,
            refund_desc: None,
            refund_account: None,
            notify_url: None,
        }
    }

    /// Reads the XML of a refund as WeChat Pay's page prints it.
    ///
    /// As strict as [`pay::Order::from_xml`](crate::v2::pay::Order::from_xml). If both `transaction_id` and
    /// `out_trade_no` are present, `transaction_id` counts.
    ///
    /// # Errors
    /// [`Error`] of invalid input with every violation, each by its field and rule.
    pub fn from_xml(signer: &dyn Signer, xml: &[u8]) -> Result<Self, Error> {
        let members = |object: &mut Object<'_>| {
            object.agrees("mch_id", Some(signer.mchid()), ", that of the signer");
            let has_number = object.has("transaction_id") || object.has("out_trade_no");
            let transaction_id = object.optional("transaction_id").map(Payment::TransactionId);
            let out_trade_no = Payment::read_order_number(object).map(Payment::OutTradeNo);
            if !has_number {
                object.violation("out_trade_no", "is missing, and so is transaction_id");
            }
            let (appid, out_refund_no) =
                (object.required("appid"), object.required("out_refund_no"));
            let refund_fee = FieldText::required(object, "refund_fee");
            let total_fee = FieldText::required(object, "total_fee");
            let refund_fee_type = object.optional("refund_fee_type");
            let refund_desc = object.optional("refund_desc");
            let refund_account: Option<String> = object.optional("refund_account");
            let notify_url = object.optional("notify_url");
            let payment = transaction_id
                .or(out_trade_no)
                .or_else(|| Read::stand_in().map(Payment::OutTradeNo));
            let mut refund = Self::new(appid?, out_refund_no?, payment?, refund_fee?, total_fee?);
            refund.refund_fee_type = refund_fee_type;
            refund.refund_desc = refund_desc;
            refund.refund_account = refund_account.as_deref().and_then(received);
            refund.notify_url = notify_url;
            Some(refund)
        };
        from_xml::read(signer, xml, members, |refund, violations| {
            refund.find_violations(violations);
            Ok(())
        })
    }

    /// The fields that [`apply`] sends as XML, without `nonce_str`, `sign_type` and `sign`, which each request has anew.
    ///
    /// Store it to send the same refund again after a restart: [`from_xml`](Self::from_xml) returns an equal refund.
    ///
    /// ```
    /// use wechatpay::Error;
    /// use wechatpay::v2::Signer;
    /// use wechatpay::v2::refund::Refund;
    ///
    /// fn restored(signer: &dyn Signer, refund: &Refund) -> Result<Refund, Error> {
    ///     let stored: String = refund.to_xml(signer)?;
    ///     Refund::from_xml(signer, stored.as_bytes())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_xml(&self, signer: &dyn Signer) -> Result<String, Error> {
        Ok(xml::write(&self.to_fields(signer)?))
    }

    /// Validates the refund against the documented rules. [`apply`] does this before sending.
    ///
    /// # Errors
    /// [`Error`] of invalid input with every violation, each by its field and rule.
    pub fn validate(&self) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations))?)
    }

    fn find_violations(&self, violations: &mut Violations) {
        shared::total(violations, "refund_fee", self.refund_fee);
        shared::total(violations, "total_fee", self.total_fee);
        if self.refund_fee > self.total_fee && !violations.is_misread("total_fee") {
            violations.add("refund_fee", "must not exceed total_fee");
        }
        if let Some(fee_type) = &self.refund_fee_type {
            validate::fee_type(violations, "refund_fee_type", fee_type);
        }
        validate::optional_text(violations, "refund_desc", self.refund_desc.as_deref(), 80);
    }

    /// The fields of the request without `nonce_str` and `sign`. The same refund becomes the same
    /// fields.
    fn to_fields(&self, signer: &dyn Signer) -> Result<Fields, Error> {
        self.validate()?;
        let mut fields = Fields::of(signer.mchid(), &self.appid);
        match &self.payment {
            Payment::OutTradeNo(number) => fields.set("out_trade_no", number),
            Payment::TransactionId(number) => fields.set("transaction_id", number),
        }
        fields.set("out_refund_no", &self.out_refund_no);
        fields.set("refund_fee", self.refund_fee.0);
        fields.set("total_fee", self.total_fee.0);
        fields.set_optional("refund_fee_type", self.refund_fee_type.as_ref());
        fields.set_optional("refund_desc", self.refund_desc.as_ref());
        fields.set_optional("refund_account", self.refund_account.as_ref());
        fields.set_optional("notify_url", self.notify_url.as_ref());
        Ok(fields)
    }
}

open_set! {
    /// 退款资金来源: source of the refunded money.
    [v2] refund::RefundAccount {
        /// 未结算资金退款: unsettled funds.
        UnsettledFunds = "REFUND_SOURCE_UNSETTLED_FUNDS",
        /// 可用余额退款: available balance.
        RechargeFunds = "REFUND_SOURCE_RECHARGE_FUNDS",
    }
}

/// A refund that WeChat Pay accepted. It does not tell whether the money was returned.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedRefund {
    /// 微信支付退款单号: WeChat Pay's refund ID.
    pub refund_id: RefundId,
    /// 商户退款单号: merchant refund number.
    pub out_refund_no: OutRefundNo,
    /// 微信支付订单号: WeChat Pay's transaction ID.
    pub transaction_id: TransactionId,
    /// 商户订单号: merchant order number.
    pub out_trade_no: OutTradeNo,
    /// 退款金额: refunded amount, in fen.
    pub refund_fee: Fen,
    /// 应结退款金额: refunded amount without non-cash coupons, in fen.
    pub settlement_refund_fee: Option<Fen>,
    /// 标价金额: total amount of the order, in fen. Some responses leave it out.
    pub total_fee: Option<Fen>,
    /// 应结订单金额: amount of the order to settle, in fen.
    pub settlement_total_fee: Option<Fen>,
    /// 标价币种: currency. `None` means `CNY`.
    pub fee_type: Option<String>,
    /// 现金支付金额: amount paid without coupons, in fen.
    pub cash_fee: Option<Fen>,
    /// 现金退款金额: amount refunded without coupons, in fen.
    pub cash_refund_fee: Option<Fen>,
    /// 代金券退款总金额: amount refunded to coupons, in fen.
    pub coupon_refund_fee: Option<Fen>,
    /// 退款代金券: refunded coupons.
    pub coupons: Vec<Coupon>,
}

impl AcceptedRefund {
    fn read(fields: &Fields) -> Result<Self, Malformed> {
        let coupons = ["coupon_refund_id_", "coupon_type_", "coupon_refund_fee_"];
        Ok(Self {
            refund_id: fields.required("refund_id", received)?,
            out_refund_no: fields.required("out_refund_no", received)?,
            transaction_id: fields.required("transaction_id", received)?,
            out_trade_no: fields.required("out_trade_no", received)?,
            refund_fee: fields.required("refund_fee", fen)?,
            settlement_refund_fee: fields.lenient("settlement_refund_fee", fen),
            total_fee: fields.optional("total_fee", fen)?,
            settlement_total_fee: fields.lenient("settlement_total_fee", fen),
            fee_type: fields.text("fee_type"),
            cash_fee: fields.lenient("cash_fee", fen),
            cash_refund_fee: fields.lenient("cash_refund_fee", fen),
            coupon_refund_fee: fields.lenient("coupon_refund_fee", fen),
            coupons: Coupon::read_all(fields, coupons),
        })
    }
}

/// The refunds to query.
///
/// ```
/// use wechatpay::v2::refund::RefundQuery;
/// use wechatpay::{AppId, OutTradeNo};
///
/// let order = OutTradeNo::new("1415757673")?;
/// let mut query = RefundQuery::new(AppId::new("wx2421b1c4370ec43b")?, order);
/// query.offset = Some(10); // 从第 11 笔退款开始
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefundQuery {
    /// 公众账号ID: appid of the order.
    pub appid: AppId,
    /// The number to query by.
    pub number: RefundNumber,
    /// 偏移量: number of refunds of the order to skip; a response has at most ten. Default: none.
    pub offset: Option<u32>,
}

impl RefundQuery {
    /// A query by the number of a refund or of its order.
    pub fn new(appid: AppId, number: impl Into<RefundNumber>) -> Self {
        Self { appid, number: number.into(), offset: None }
    }
}

/// The number that refunds are queried by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundNumber {
    /// 微信支付退款单号: one refund, by WeChat Pay's refund ID.
    RefundId(RefundId),
    /// 商户退款单号: one refund, by the merchant's refund number.
    OutRefundNo(OutRefundNo),
    /// 微信支付订单号: all refunds of an order, by WeChat Pay's transaction ID.
    TransactionId(TransactionId),
    /// 商户订单号: all refunds of an order, by the merchant's order number.
    OutTradeNo(OutTradeNo),
}

impl RefundNumber {
    fn to_field(&self) -> (&'static str, &str) {
        match self {
            Self::RefundId(number) => ("refund_id", number.as_str()),
            Self::OutRefundNo(number) => ("out_refund_no", number.as_str()),
            Self::TransactionId(number) => ("transaction_id", number.as_str()),
            Self::OutTradeNo(number) => ("out_trade_no", number.as_str()),
        }
    }
}

impl From<RefundId> for RefundNumber {
    fn from(number: RefundId) -> Self {
        Self::RefundId(number)
    }
}

impl From<OutRefundNo> for RefundNumber {
    fn from(number: OutRefundNo) -> Self {
        Self::OutRefundNo(number)
    }
}

impl From<TransactionId> for RefundNumber {
    fn from(number: TransactionId) -> Self {
        Self::TransactionId(number)
    }
}

impl From<OutTradeNo> for RefundNumber {
    fn from(number: OutTradeNo) -> Self {
        Self::OutTradeNo(number)
    }
}

/// The refunds of an order that [`query`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refunds {
    /// 微信支付订单号: WeChat Pay's transaction ID.
    pub transaction_id: TransactionId,
    /// 商户订单号: merchant order number.
    pub out_trade_no: OutTradeNo,
    /// 订单金额: total amount of the order, in fen. Some responses leave it out, as does the page's
    /// sample.
    pub total_fee: Option<Fen>,
    /// 应结订单金额: amount of the order to settle, in fen.
    pub settlement_total_fee: Option<Fen>,
    /// 货币种类: currency. `None` means `CNY`.
    pub fee_type: Option<String>,
    /// 现金支付金额: amount paid without coupons, in fen.
    pub cash_fee: Option<Fen>,
    /// 订单总共已发生的部分退款次数: number of all refunds of the order, if the response has fewer.
    pub total_refund_count: Option<u64>,
    /// The refunds in the response. A query by refund number returns that refund only.
    pub refunds: Vec<State>,
}

impl Refunds {
    fn read(fields: &Fields) -> Result<Self, Malformed> {
        let count = fields.required("refund_count", number)?;
        if count > PAGE {
            return Err(Malformed::new("refund_count is larger than a page"));
        }
        Ok(Self {
            transaction_id: fields.required("transaction_id", received)?,
            out_trade_no: fields.required("out_trade_no", received)?,
            total_fee: fields.optional("total_fee", fen)?,
            settlement_total_fee: fields.lenient("settlement_total_fee", fen),
            fee_type: fields.text("fee_type"),
            cash_fee: fields.lenient("cash_fee", fen),
            total_refund_count: fields.lenient("total_refund_count", number),
            refunds: (0..count)
                .map(|index| State::read(fields, &format!("_{index}")))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Keeps the refund that was queried by its number. The gateway cannot compare these fields with
    /// the request, because their names end in the refund's index.
    fn only(mut self, queried: &RefundNumber) -> Result<Self, Malformed> {
        match queried {
            RefundNumber::RefundId(id) => self.refunds.retain(|refund| refund.refund_id == *id),
            RefundNumber::OutRefundNo(number) => {
                self.refunds.retain(|refund| refund.out_refund_no == *number);
            }
            RefundNumber::TransactionId(_) | RefundNumber::OutTradeNo(_) => return Ok(self),
        }
        if self.refunds.is_empty() {
            return Err(Malformed::new("the queried refund is missing"));
        }
        Ok(self)
    }
}

/// A refund in WeChat Pay's state, from a [`query`] or a [notification](crate::v2::notify).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// 微信支付退款单号: WeChat Pay's refund ID.
    pub refund_id: RefundId,
    /// 商户退款单号: merchant refund number.
    pub out_refund_no: OutRefundNo,
    /// 退款状态: refund status.
    pub refund_status: Status,
    /// 退款金额: refunded amount, in fen.
    pub refund_fee: Fen,
    /// 应结退款金额: refunded amount without non-cash coupons, in fen.
    pub settlement_refund_fee: Option<Fen>,
    /// 退款渠道: refund channel, from queries.
    pub refund_channel: Option<Channel>,
    /// 退款资金来源: source of the refunded money.
    pub refund_account: Option<RefundAccount>,
    /// 退款入账账户 (`refund_recv_accout`): account that receives the money, for people.
    pub refund_recv_account: Option<String>,
    /// 退款成功时间: time of success, once the money is returned.
    pub success_time: Option<Time>,
    /// 代金券退款金额: amount refunded to coupons, in fen.
    pub coupon_refund_fee: Option<Fen>,
    /// 退款代金券: refunded coupons, from queries.
    pub coupons: Vec<Coupon>,
}

impl State {
    /// Reads the fields whose names end in `suffix`: `_0`, `_1` … in queries, empty in notifications.
    pub(super) fn read(fields: &Fields, suffix: &str) -> Result<Self, Malformed> {
        let name = |name: &str| format!("{name}{suffix}");
        // `refund_success_time_0` in a query, `success_time` in a notification.
        let prefix = if suffix.is_empty() { "" } else { "refund_" };
        let success_time = format!("{prefix}success_time{suffix}");
        let coupon = |start: &str| format!("{start}{suffix}_");
        let coupons = if suffix.is_empty() {
            Vec::new()
        } else {
            let names = ["coupon_refund_id", "coupon_type", "coupon_refund_fee"].map(coupon);
            Coupon::read_all(fields, names.each_ref().map(String::as_str))
        };
        Ok(Self {
            refund_id: fields.required(&name("refund_id"), received)?,
            out_refund_no: fields.required(&name("out_refund_no"), received)?,
            refund_status: fields.required(&name("refund_status"), received)?,
            refund_fee: fields.required(&name("refund_fee"), fen)?,
            settlement_refund_fee: fields.lenient(&name("settlement_refund_fee"), fen),
            refund_channel: fields.lenient(&name("refund_channel"), received),
            refund_account: fields.lenient(&name("refund_account"), received),
            refund_recv_account: fields.text(&name("refund_recv_accout")),
            success_time: fields.optional(&success_time, spaced_time)?,
            coupon_refund_fee: fields.lenient(&name("coupon_refund_fee"), fen),
            coupons,
        })
    }
}

open_set! {
    /// 退款状态: refund status. Only [`Success`](Self::Success) means that the money was returned.
    [v2] refund::Status {
        /// 退款成功: the money was returned.
        Success = "SUCCESS",
        /// 退款关闭: closed; this refund number refunds nothing. Check the reason before a new refund.
        Closed = "REFUNDCLOSE",
        /// 退款处理中: accepted, in progress.
        Processing = "PROCESSING",
        /// 退款异常: the payer's account cannot receive it; refund manually on the merchant platform.
        Change = "CHANGE",
    }
}

/// A refund from a [notification](crate::v2::notify), with its order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifiedRefund {
    /// 微信支付订单号: WeChat Pay's transaction ID.
    pub transaction_id: TransactionId,
    /// 商户订单号: merchant order number.
    pub out_trade_no: OutTradeNo,
    /// 订单金额: total amount of the order, in fen.
    pub total_fee: Fen,
    /// 应结订单金额: amount of the order to settle, in fen.
    pub settlement_total_fee: Option<Fen>,
    /// 退款发起来源: origin of the refund, `API` or `VENDOR_PLATFORM`.
    pub refund_request_source: Option<String>,
    /// 退款: the refund.
    pub refund: State,
}

impl NotifiedRefund {
    pub(super) fn read(fields: &Fields) -> Result<Self, Malformed> {
        Ok(Self {
            transaction_id: fields.required("transaction_id", received)?,
            out_trade_no: fields.required("out_trade_no", received)?,
            total_fee: fields.required("total_fee", fen)?,
            settlement_total_fee: fields.lenient("settlement_total_fee", fen),
            refund_request_source: fields.text("refund_request_source"),
            refund: State::read(fields, "")?,
        })
    }
}

/// The most refunds in a response of `/pay/refundquery`.
const PAGE: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::signer::tests::hmac_key;
    use crate::v2::xml;

    fn refund() -> Refund {
        let number = OutTradeNo::new("1415757673").unwrap();
        let (appid, refund_no) = (AppId::new("wx1").unwrap(), OutRefundNo::new("r-1").unwrap());
        Refund::new(appid, refund_no, number, Fen(60), Fen(100))
    }

    fn fields(pairs: &[(&'static str, &str)]) -> Fields {
        let mut fields = Fields::default();
        pairs.iter().for_each(|(name, value)| fields.set(name, value));
        fields
    }

    #[test]
    fn full_refund_sends_every_field() {
        let mut refund = refund();
        refund.refund_fee_type = Some("CNY".into());
        refund.refund_desc = Some("商品已售完".into());
        refund.refund_account = Some(RefundAccount::RechargeFunds);
        refund.notify_url = Some(NotifyUrl::new("https://shop.example/r").unwrap());
        let sent = refund.to_fields(&hmac_key()).unwrap();
        let expected = [
            ("appid", "wx1"),
            ("mch_id", "1900000001"),
            ("notify_url", "https://shop.example/r"),
            ("out_refund_no", "r-1"),
            ("out_trade_no", "1415757673"),
            ("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS"),
            ("refund_desc", "商品已售完"),
            ("refund_fee", "60"),
            ("refund_fee_type", "CNY"),
            ("total_fee", "100"),
        ];
        assert_eq!(sent.iter().collect::<Vec<_>>(), expected);
        refund.payment = TransactionId::new("42").unwrap().into();
        let sent = refund.to_fields(&hmac_key()).unwrap();
        assert_eq!((sent.get("transaction_id"), sent.get("out_trade_no")), (Some("42"), None));
    }

    #[test]
    fn sent_refund_is_read_back_equal() {
        let mut refund = refund();
        for payment in [refund.payment.clone(), TransactionId::new("42").unwrap().into()] {
            refund.payment = payment;
            refund.refund_desc = Some("商品已售完".into());
            refund.refund_account = Some(RefundAccount::RechargeFunds);
            let sent = refund.to_xml(&hmac_key()).unwrap();
            assert_eq!(Refund::from_xml(&hmac_key(), sent.as_bytes()), Ok(refund.clone()));
        }
        let error = Refund::from_xml(&hmac_key(), b"<xml><attach>1</attach></xml>").unwrap_err();
        let text = error.to_string();
        for part in ["out_trade_no is missing, and so is", "refund_fee is missing", "attach is not"]
        {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn broken_rule_is_reported_by_field() {
        let mut refund = refund();
        refund.refund_fee = Fen(101);
        refund.refund_desc = Some("因".repeat(81));
        refund.refund_fee_type = Some("RMB ".into());
        assert_eq!(
            refund.validate().unwrap_err().to_string(),
            "refund_fee must not exceed total_fee; \
             refund_fee_type must be three capital letters, such as CNY; \
             refund_desc must be 1 to 80 characters"
        );
        (refund.refund_fee, refund.total_fee) = (Fen(0), Fen(0));
        let error = refund.validate().unwrap_err().to_string();
        assert_eq!(error.matches("must be at least 1 fen").count(), 2);
    }

    #[test]
    fn query_reads_each_refund_with_its_coupons() {
        let response = fields(&[
            ("transaction_id", "42"),
            ("out_trade_no", "1415757673"),
            ("total_fee", "100"),
            ("cash_fee", "90"),
            ("total_refund_count", "12"),
            ("refund_count", "2"),
            ("out_refund_no_0", "r-1"),
            ("refund_id_0", "50"),
            ("refund_channel_0", "ORIGINAL"),
            ("refund_fee_0", "60"),
            ("refund_status_0", "SUCCESS"),
            ("refund_recv_accout_0", "招商银行信用卡0403"),
            ("refund_success_time_0", "2016-07-25 15:26:26"),
            ("coupon_refund_fee_0", "10"),
            ("coupon_refund_count_0", "1"),
            ("coupon_type_0_0", "CASH"),
            ("coupon_refund_id_0_0", "123"),
            ("coupon_refund_fee_0_0", "10"),
            ("out_refund_no_1", "r-2"),
            ("refund_id_1", "51"),
            ("refund_fee_1", "1"),
            ("refund_status_1", "REFUNDCLOSE"),
        ]);
        let refunds = Refunds::read(&response).unwrap();
        assert_eq!((refunds.total_refund_count, refunds.refunds.len()), (Some(12), 2));
        let (one, two) = (&refunds.refunds[0], &refunds.refunds[1]);
        assert_eq!(one.refund_channel, Some(Channel::Original));
        assert_eq!(one.success_time.unwrap().compact(), "20160725152626");
        assert_eq!(one.refund_recv_account.as_deref(), Some("招商银行信用卡0403"));
        assert_eq!(one.coupon_refund_fee, Some(Fen(10)));
        assert_eq!((one.coupons.len(), one.coupons[0].fee), (1, Some(Fen(10))));
        assert_eq!((&two.refund_status, two.coupons.len()), (&Status::Closed, 0));
    }

    /// Such an order is refunded by its `transaction_id`; if the response could not be read, the
    /// refund would stay unknown.
    #[test]
    fn refund_of_order_with_old_number_form_is_read() {
        for number in ["1001", "shop@1415757673"] {
            assert!(OutTradeNo::new(number).is_err());
            let response = fields(&[
                ("transaction_id", "42"),
                ("out_trade_no", number),
                ("out_refund_no", "r-1"),
                ("refund_id", "50"),
                ("refund_fee", "60"),
                ("total_fee", "100"),
                ("refund_count", "1"),
                ("out_refund_no_0", "r-1"),
                ("refund_id_0", "50"),
                ("refund_fee_0", "60"),
                ("refund_status_0", "SUCCESS"),
                ("refund_status", "SUCCESS"),
            ]);
            assert_eq!(AcceptedRefund::read(&response).unwrap().out_trade_no.as_str(), number);
            assert_eq!(Refunds::read(&response).unwrap().out_trade_no.as_str(), number);
            assert_eq!(NotifiedRefund::read(&response).unwrap().out_trade_no.as_str(), number);
        }
    }

    /// The sample of 查询退款 has none; if it could not be read, the refund would stay unknown.
    #[test]
    fn refund_without_total_fee_is_read() {
        let response = fields(&[
            ("transaction_id", "42"),
            ("out_trade_no", "order-1"),
            ("out_refund_no", "r-1"),
            ("refund_id", "50"),
            ("refund_fee", "60"),
            ("refund_count", "1"),
            ("out_refund_no_0", "r-1"),
            ("refund_id_0", "50"),
            ("refund_fee_0", "60"),
            ("refund_status_0", "PROCESSING"),
        ]);
        assert_eq!(AcceptedRefund::read(&response).unwrap().total_fee, None);
        let page = Refunds::read(&response).unwrap();
        assert_eq!((page.total_fee, page.refunds.len()), (None, 1));
    }

    /// Ten refunds of an order that was paid with ten coupons: more than 400 fields.
    #[test]
    fn largest_page_is_read() {
        let mut response = fields(&[
            ("transaction_id", "42"),
            ("out_trade_no", "1415757673"),
            ("total_fee", "100"),
            ("refund_count", "10"),
        ]);
        for n in 0..10 {
            for (name, value) in [
                ("out_refund_no", "r-1"),
                ("refund_id", "50"),
                ("refund_channel", "ORIGINAL"),
                ("refund_fee", "10"),
                ("settlement_refund_fee", "10"),
                ("coupon_refund_fee", "10"),
                ("coupon_refund_count", "10"),
                ("refund_status", "SUCCESS"),
                ("refund_account", "REFUND_SOURCE_UNSETTLED_FUNDS"),
                ("refund_recv_accout", "招商银行信用卡0403"),
                ("refund_success_time", "2016-07-25 15:26:26"),
            ] {
                response.insert(&format!("{name}_{n}"), value).unwrap();
            }
            for m in 0..10 {
                for (name, value) in [
                    ("coupon_type", "NO_CASH"),
                    ("coupon_refund_id", "2000000044096177209"),
                    ("coupon_refund_fee", "1"),
                ] {
                    response.insert(&format!("{name}_{n}_{m}"), value).unwrap();
                }
            }
        }
        let parsed = xml::read_response(xml::write(&response).as_bytes()).unwrap();
        let page = Refunds::read(&parsed).unwrap();
        assert_eq!((page.refunds.len(), page.refunds[9].coupons.len()), (10, 10));
    }

    #[test]
    fn query_with_missing_refunds_is_an_error() {
        let mut response = fields(&[
            ("transaction_id", "42"),
            ("out_trade_no", "1415757673"),
            ("total_fee", "100"),
            ("refund_count", "1"),
        ]);
        let what = |response: &Fields| Refunds::read(response).unwrap_err().0;
        assert_eq!(what(&response), "refund_id_0 is missing");
        response.set("refund_count", "18446744073709551615");
        assert_eq!(what(&response), "refund_count is larger than a page");
    }
}
