//! Refunds (退款), of single orders and of the sub-orders of combined ones.

use crate::error::{Error, Violations};
use crate::id::{AppId, NotifyUrl, OutRefundNo, OutTradeNo, RefundId, TransactionId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::refund::{Channel, Payment};
use crate::time::Time;
use crate::v2::fields::{Fields, Malformed, checked, fen, number, spaced_time};
use crate::v2::gateway::Gateway;
use crate::v2::signer::Signer;
use crate::v2::transaction::Coupon;
use crate::v2::validate;
use crate::validate as shared;

/// 申请退款: asks for a refund of a paid order, whole or in part.
///
/// `POST /secapi/pay/refund`, with the merchant's client certificate: see
/// [`Gateway::with_certified`]. Within a year of the payment, at most 50 refunds an order, at least
/// a minute apart. A success means that WeChat Pay took the request. Whether the money went back is
/// said by [`refund_query`] or a notification.
///
/// ```
/// use wechatpay::v2::{self, Refund};
/// use wechatpay::{Fen, OutRefundNo};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay("order-1", &[])?;
/// let number = OutRefundNo::new("refund-1")?; // Stored before the call.
/// let refund = Refund::new(order.appid, number, order.out_trade_no, Fen(60), Fen(100));
/// let accepted = v2::refund(signer, gateway, &refund)?;
/// assert_eq!(accepted.refund_fee, Fen(60));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: nothing is refunded. Correct what the error names, then send the same refund.
/// * `Refused`: this call refunds nothing; on `NOTENOUGH` top up and send the same refund again.
///   Take a new number only when [`refund_query`] says that the old one is `REFUNDCLOSE`.
/// * `Unknown`: the money may be on its way; `return_code=FAIL` belongs here. Send **the same
///   refund** again, or query it. A new number would refund twice.
pub fn refund(
    signer: &dyn Signer,
    gateway: &Gateway,
    refund: &Refund,
) -> Result<AcceptedRefund, Error> {
    let fields = refund.to_fields(signer)?;
    gateway.call_certified(signer, "/secapi/pay/refund", fields)?.read(AcceptedRefund::read)
}

/// 查询退款: what became of the refunds of an order, or of one of them.
///
/// `POST /pay/refundquery`. Ten refunds are answered at once, so ask by the number of the refund
/// where there are many. An order older than a year and a half is found by its `transaction_id`
/// only.
///
/// ```
/// use wechatpay::v2::{self, RefundQuery, RefundStatus};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay("order-1", &[])?;
/// # let (appid, number) = (sandbox.appid(), "refund-1".parse()?);
/// # let payment = order.out_trade_no.clone();
/// # let refund = wechatpay::v2::Refund::new(appid, number, payment, wechatpay::Fen(60), total);
/// # wechatpay::v2::refund(signer, gateway, &refund)?;
/// # sandbox.v2().succeed_refund("refund-1")?;
/// let query = RefundQuery::new(refund.appid, refund.out_refund_no);
/// let found = v2::refund_query(signer, gateway, &query)?;
/// assert_eq!(found.refunds[0].refund_status, RefundStatus::Success); // The money went back.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A query changes nothing, so repeat it whatever the outcome. `REFUNDNOTEXIST` right after a
/// refund whose outcome was unknown is no verdict: send that refund again.
pub fn refund_query(
    signer: &dyn Signer,
    gateway: &Gateway,
    query: &RefundQuery,
) -> Result<Refunds, Error> {
    let mut fields = Fields::of(signer, &query.appid);
    let (name, number) = query.number.to_field();
    fields.set(name, number);
    fields.set_optional("offset", query.offset);
    gateway
        .call(signer, "/pay/refundquery", fields)?
        .read(|answer| Refunds::read(answer)?.only(&query.number))
}

/// What is to be refunded. Keep it: **one `out_refund_no` refunds once, however often it is sent; a
/// new one refunds again.**
///
/// ```
/// use wechatpay::v2::Refund;
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
    /// 公众账号ID of the order.
    pub appid: AppId,
    /// 商户退款单号: your number of the refund.
    pub out_refund_no: OutRefundNo,
    /// The order that was paid.
    pub payment: Payment,
    /// 退款金额, in fen: at least 1, at most the total.
    pub refund_fee: Fen,
    /// 订单金额, in fen: the total of the order.
    pub total_fee: Fen,
    /// 货币种类, which must be that of the order. Default: none, which means `CNY`.
    pub refund_fee_type: Option<String>,
    /// 退款原因, shown to the payer. 1 to 80 characters. Default: none.
    pub refund_desc: Option<String>,
    /// 退款资金来源, for merchants of the old kind of funds. Default: none, which means money that is
    /// not settled yet.
    pub refund_account: Option<RefundAccount>,
    /// 退款结果通知url: where the notification of the refund goes. Default: none, which means what the
    /// merchant platform says.
    pub notify_url: Option<NotifyUrl>,
}

impl Refund {
    /// A refund of `refund_fee` of the `total_fee` of an order, named by either of its numbers.
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

    /// Holds the refund against every documented rule, as [`refund()`] does before it sends
    /// anything.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its field and rule.
    pub fn validate(&self) -> Result<(), Error> {
        let mut violations = Violations::default();
        shared::total(&mut violations, "refund_fee", self.refund_fee);
        shared::total(&mut violations, "total_fee", self.total_fee);
        if self.refund_fee > self.total_fee {
            violations.add("refund_fee", "must not exceed total_fee");
        }
        if let Some(fee_type) = &self.refund_fee_type {
            validate::fee_type(&mut violations, "refund_fee_type", fee_type);
        }
        validate::optional_text(&mut violations, "refund_desc", self.refund_desc.as_deref(), 80);
        Ok(violations.into_result()?)
    }

    /// The fields of the request, without what is new each time. The same refund becomes the same
    /// fields.
    fn to_fields(&self, signer: &dyn Signer) -> Result<Fields, Error> {
        self.validate()?;
        let mut fields = Fields::of(signer, &self.appid);
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
    /// 退款资金来源.
    v2::RefundAccount {
        /// 未结算资金退款.
        UnsettledFunds = "REFUND_SOURCE_UNSETTLED_FUNDS",
        /// 可用余额退款.
        RechargeFunds = "REFUND_SOURCE_RECHARGE_FUNDS",
    }
}

/// A refund that WeChat Pay took. It says nothing of whether the money went back.
///
/// ```
/// # use wechatpay::v2;
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay("order-1", &[])?;
/// # let (appid, number) = (sandbox.appid(), "refund-1".parse()?);
/// # let payment = order.out_trade_no.clone();
/// # let refund = wechatpay::v2::Refund::new(appid, number, payment, wechatpay::Fen(60), total);
/// let accepted = v2::refund(signer, gateway, &refund)?;
/// println!("{} is {} of WeChat Pay's", accepted.out_refund_no, accepted.refund_id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedRefund {
    /// 微信支付退款单号.
    pub refund_id: RefundId,
    /// 商户退款单号: your number of the refund.
    pub out_refund_no: OutRefundNo,
    /// 微信支付订单号.
    pub transaction_id: TransactionId,
    /// 商户订单号: your number of the order.
    pub out_trade_no: OutTradeNo,
    /// 退款金额, in fen.
    pub refund_fee: Fen,
    /// 应结退款金额, in fen: without coupons that were no cash.
    pub settlement_refund_fee: Option<Fen>,
    /// 标价金额, in fen: the total of the order. Some answers leave it out.
    pub total_fee: Option<Fen>,
    /// 应结订单金额, in fen.
    pub settlement_total_fee: Option<Fen>,
    /// 标价币种; none means `CNY`.
    pub fee_type: Option<String>,
    /// 现金支付金额, in fen.
    pub cash_fee: Option<Fen>,
    /// 现金退款金额, in fen.
    pub cash_refund_fee: Option<Fen>,
    /// 代金券退款总金额, in fen.
    pub coupon_refund_fee: Option<Fen>,
    /// 退款代金券.
    pub coupons: Vec<Coupon>,
}

impl AcceptedRefund {
    fn read(fields: &Fields) -> Result<Self, Malformed> {
        let coupons = ["coupon_refund_id_", "coupon_type_", "coupon_refund_fee_"];
        Ok(Self {
            refund_id: fields.required("refund_id", checked)?,
            out_refund_no: fields.required("out_refund_no", checked)?,
            transaction_id: fields.required("transaction_id", checked)?,
            out_trade_no: fields.required("out_trade_no", checked)?,
            refund_fee: fields.required("refund_fee", fen)?,
            settlement_refund_fee: fields.optional("settlement_refund_fee", fen)?,
            total_fee: fields.optional("total_fee", fen)?,
            settlement_total_fee: fields.optional("settlement_total_fee", fen)?,
            fee_type: fields.text("fee_type"),
            cash_fee: fields.optional("cash_fee", fen)?,
            cash_refund_fee: fields.optional("cash_refund_fee", fen)?,
            coupon_refund_fee: fields.optional("coupon_refund_fee", fen)?,
            coupons: Coupon::read_all(fields, coupons)?,
        })
    }
}

/// Which refunds are asked for.
///
/// ```
/// use wechatpay::{AppId, OutTradeNo, v2::RefundQuery};
///
/// let order = OutTradeNo::new("1415757673")?;
/// let mut query = RefundQuery::new(AppId::new("wx2421b1c4370ec43b")?, order);
/// query.offset = Some(10); // The eleventh refund of that order, and on.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefundQuery {
    /// 公众账号ID of the order.
    pub appid: AppId,
    /// The number they are asked for by.
    pub number: RefundNumber,
    /// 偏移量: how many refunds of the order to skip; ten are answered at once. Default: none.
    pub offset: Option<u32>,
}

impl RefundQuery {
    /// By the number of a refund, or of the order.
    pub fn new(appid: AppId, number: impl Into<RefundNumber>) -> Self {
        Self { appid, number: number.into(), offset: None }
    }
}

/// By which number refunds are asked for.
///
/// ```
/// use wechatpay::{OutRefundNo, v2::RefundNumber};
///
/// let number = OutRefundNo::new("1415701182-1")?;
/// assert_eq!(RefundNumber::from(number.clone()), RefundNumber::OutRefundNo(number));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundNumber {
    /// 微信支付退款单号: one refund.
    RefundId(RefundId),
    /// 商户退款单号: one refund.
    OutRefundNo(OutRefundNo),
    /// 微信支付订单号: all refunds of an order.
    TransactionId(TransactionId),
    /// 商户订单号: all refunds of an order.
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

/// The refunds of an order, as [`refund_query`] found them.
///
/// ```
/// # use wechatpay::v2::{self, RefundQuery};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay("order-1", &[])?;
/// # let (appid, number) = (sandbox.appid(), "refund-1".parse()?);
/// # let payment = order.out_trade_no.clone();
/// # let refund = wechatpay::v2::Refund::new(appid, number, payment, wechatpay::Fen(60), total);
/// # wechatpay::v2::refund(signer, gateway, &refund)?;
/// let query = RefundQuery::new(order.appid, order.out_trade_no);
/// let found = v2::refund_query(signer, gateway, &query)?;
/// assert_eq!(found.refunds.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refunds {
    /// 微信支付订单号.
    pub transaction_id: TransactionId,
    /// 商户订单号: your number of the order.
    pub out_trade_no: OutTradeNo,
    /// 订单金额, in fen. Some answers leave it out, as the sample of the page does.
    pub total_fee: Option<Fen>,
    /// 应结订单金额, in fen.
    pub settlement_total_fee: Option<Fen>,
    /// 货币种类; none means `CNY`.
    pub fee_type: Option<String>,
    /// 现金支付金额, in fen.
    pub cash_fee: Option<Fen>,
    /// 订单总共已发生的部分退款次数, where it is more than is answered here.
    pub total_refund_count: Option<u64>,
    /// The refunds that are answered here; the one that was asked for by its own number, and no
    /// other.
    pub refunds: Vec<RefundState>,
}

impl Refunds {
    fn read(fields: &Fields) -> Result<Self, Malformed> {
        let count = fields.required("refund_count", number)?;
        if count > PAGE {
            return Err(Malformed::new("refund_count is larger than a page"));
        }
        Ok(Self {
            transaction_id: fields.required("transaction_id", checked)?,
            out_trade_no: fields.required("out_trade_no", checked)?,
            total_fee: fields.optional("total_fee", fen)?,
            settlement_total_fee: fields.optional("settlement_total_fee", fen)?,
            fee_type: fields.text("fee_type"),
            cash_fee: fields.optional("cash_fee", fen)?,
            total_refund_count: fields.optional("total_refund_count", number)?,
            refunds: (0..count)
                .map(|index| RefundState::read(fields, &format!("_{index}")))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Where one refund was asked for: that one, and no other. The fields of a refund bear its place
    /// in the answer, so they are not held against the request with the rest.
    fn only(mut self, asked: &RefundNumber) -> Result<Self, Malformed> {
        match asked {
            RefundNumber::RefundId(id) => self.refunds.retain(|refund| refund.refund_id == *id),
            RefundNumber::OutRefundNo(number) => {
                self.refunds.retain(|refund| refund.out_refund_no == *number);
            }
            RefundNumber::TransactionId(_) | RefundNumber::OutTradeNo(_) => return Ok(self),
        }
        if self.refunds.is_empty() {
            return Err(Malformed::new("the refund that was asked for is not in it"));
        }
        Ok(self)
    }
}

/// A refund as WeChat Pay sees it, from [`refund_query`] or a [notification](crate::v2::notify).
///
/// ```
/// # use wechatpay::{Fen, v2::{self, RefundQuery, RefundStatus}};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay("order-1", &[])?;
/// # let (appid, number) = (sandbox.appid(), "refund-1".parse()?);
/// # let payment = order.out_trade_no.clone();
/// # let refund = wechatpay::v2::Refund::new(appid, number, payment, wechatpay::Fen(60), total);
/// # wechatpay::v2::refund(signer, gateway, &refund)?;
/// # let query = RefundQuery::new(order.appid, order.out_trade_no);
/// # let found = v2::refund_query(signer, gateway, &query)?;
/// let state = &found.refunds[0];
/// assert_eq!((state.refund_fee, &state.refund_status), (Fen(60), &RefundStatus::Processing));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefundState {
    /// 微信支付退款单号.
    pub refund_id: RefundId,
    /// 商户退款单号: your number of the refund.
    pub out_refund_no: OutRefundNo,
    /// 退款状态.
    pub refund_status: RefundStatus,
    /// 退款金额, in fen.
    pub refund_fee: Fen,
    /// 应结退款金额, in fen: without coupons that were no cash.
    pub settlement_refund_fee: Option<Fen>,
    /// 退款渠道, in queries.
    pub refund_channel: Option<Channel>,
    /// 退款资金来源.
    pub refund_account: Option<RefundAccount>,
    /// 退款入账账户 (`refund_recv_accout`): a text for people.
    pub refund_recv_account: Option<String>,
    /// 退款成功时间, once the money went back.
    pub success_time: Option<Time>,
    /// 代金券退款金额, in fen.
    pub coupon_refund_fee: Option<Fen>,
    /// 退款代金券, in queries.
    pub coupons: Vec<Coupon>,
}

impl RefundState {
    /// Reads the fields whose names end so: `_0` and on in queries, nothing in notifications.
    pub(super) fn read(fields: &Fields, suffix: &str) -> Result<Self, Malformed> {
        let name = |name: &str| format!("{name}{suffix}");
        // A query says `refund_success_time_0`, a notification `success_time`.
        let prefix = if suffix.is_empty() { "" } else { "refund_" };
        let success_time = format!("{prefix}success_time{suffix}");
        let coupon = |start: &str| format!("{start}{suffix}_");
        let coupons = if suffix.is_empty() {
            Vec::new()
        } else {
            let names = ["coupon_refund_id", "coupon_type", "coupon_refund_fee"].map(coupon);
            Coupon::read_all(fields, names.each_ref().map(String::as_str))?
        };
        Ok(Self {
            refund_id: fields.required(&name("refund_id"), checked)?,
            out_refund_no: fields.required(&name("out_refund_no"), checked)?,
            refund_status: fields.required(&name("refund_status"), checked)?,
            refund_fee: fields.required(&name("refund_fee"), fen)?,
            settlement_refund_fee: fields.optional(&name("settlement_refund_fee"), fen)?,
            refund_channel: fields.optional(&name("refund_channel"), checked)?,
            refund_account: fields.optional(&name("refund_account"), checked)?,
            refund_recv_account: fields.text(&name("refund_recv_accout")),
            success_time: fields.optional(&success_time, spaced_time)?,
            coupon_refund_fee: fields.optional(&name("coupon_refund_fee"), fen)?,
            coupons,
        })
    }
}

open_set! {
    /// 退款状态. Only [`Success`](Self::Success) means that the money went back.
    v2::RefundStatus {
        /// 退款成功: the money went back.
        Success = "SUCCESS",
        /// 退款关闭: it will not be refunded under this number; look why before you try again.
        Closed = "REFUNDCLOSE",
        /// 退款处理中: taken, on its way.
        Processing = "PROCESSING",
        /// 退款异常: the payer's account cannot take it; refund by hand on the merchant platform.
        Change = "CHANGE",
    }
}

/// A refund, as a [notification](crate::v2::notify) says it.
///
/// ```
/// use wechatpay::v2::notify::{self, Notification};
/// use wechatpay::v2::RefundStatus;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay("order-1", &[])?;
/// # let (appid, number) = (sandbox.appid(), "refund-1".parse()?);
/// # let payment = order.out_trade_no.clone();
/// # let refund = wechatpay::v2::Refund::new(appid, number, payment, wechatpay::Fen(60), total);
/// # wechatpay::v2::refund(signer, gateway, &refund)?;
/// # sandbox.v2().succeed_refund("refund-1")?;
/// # let body = sandbox.v2().take_notifications().pop().unwrap().body;
/// if let Notification::Refund(notified) = notify::open(signer, &body)? {
///     assert_eq!(notified.refund.refund_status, RefundStatus::Success);
/// }
/// # else { panic!() }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifiedRefund {
    /// 微信支付订单号.
    pub transaction_id: TransactionId,
    /// 商户订单号: your number of the order.
    pub out_trade_no: OutTradeNo,
    /// 订单金额, in fen.
    pub total_fee: Fen,
    /// 应结订单金额, in fen.
    pub settlement_total_fee: Option<Fen>,
    /// 退款发起来源: `API` or `VENDOR_PLATFORM`.
    pub refund_request_source: Option<String>,
    /// The refund itself.
    pub refund: RefundState,
}

impl NotifiedRefund {
    pub(super) fn read(fields: &Fields) -> Result<Self, Malformed> {
        Ok(Self {
            transaction_id: fields.required("transaction_id", checked)?,
            out_trade_no: fields.required("out_trade_no", checked)?,
            total_fee: fields.required("total_fee", fen)?,
            settlement_total_fee: fields.optional("settlement_total_fee", fen)?,
            refund_request_source: fields.text("refund_request_source"),
            refund: RefundState::read(fields, "")?,
        })
    }
}

/// What `/pay/refundquery` answers at once.
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
    fn every_field_is_sent_under_its_name() {
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
    fn each_rule_is_told_by_its_field() {
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
    fn a_query_reads_each_refund_with_its_coupons() {
        let answer = fields(&[
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
        let refunds = Refunds::read(&answer).unwrap();
        assert_eq!((refunds.total_refund_count, refunds.refunds.len()), (Some(12), 2));
        let (one, two) = (&refunds.refunds[0], &refunds.refunds[1]);
        assert_eq!(one.refund_channel, Some(Channel::Original));
        assert_eq!(one.success_time.unwrap().compact(), "20160725152626");
        assert_eq!(one.refund_recv_account.as_deref(), Some("招商银行信用卡0403"));
        assert_eq!(one.coupon_refund_fee, Some(Fen(10)));
        assert_eq!((one.coupons.len(), one.coupons[0].fee), (1, Some(Fen(10))));
        assert_eq!((&two.refund_status, two.coupons.len()), (&RefundStatus::Closed, 0));
    }

    /// Such an order is refunded by its `transaction_id`; an answer that could not be read would leave
    /// the refund unknown for ever.
    #[test]
    fn the_refund_of_an_order_whose_number_is_of_the_older_form_is_read() {
        for number in ["1001", "shop@1415757673"] {
            assert!(OutTradeNo::new(number).is_err());
            let told = fields(&[
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
            assert_eq!(AcceptedRefund::read(&told).unwrap().out_trade_no.as_str(), number);
            assert_eq!(Refunds::read(&told).unwrap().out_trade_no.as_str(), number);
            assert_eq!(NotifiedRefund::read(&told).unwrap().out_trade_no.as_str(), number);
        }
    }

    /// As the sample of 查询退款 is: an answer that cannot be read would leave the refund unknown.
    #[test]
    fn a_refund_is_read_without_the_total_of_its_order() {
        let told = fields(&[
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
        assert_eq!(AcceptedRefund::read(&told).unwrap().total_fee, None);
        let page = Refunds::read(&told).unwrap();
        assert_eq!((page.total_fee, page.refunds.len()), (None, 1));
    }

    /// Ten refunds of an order that was paid with ten coupons: 400 fields and more.
    #[test]
    fn the_largest_page_is_read() {
        let mut answer = fields(&[
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
                answer.insert(format!("{name}_{n}"), value.to_owned()).unwrap();
            }
            for m in 0..10 {
                for (name, value) in [
                    ("coupon_type", "NO_CASH"),
                    ("coupon_refund_id", "2000000044096177209"),
                    ("coupon_refund_fee", "1"),
                ] {
                    answer.insert(format!("{name}_{n}_{m}"), value.to_owned()).unwrap();
                }
            }
        }
        let received = xml::read_answer(xml::write(&answer).as_bytes()).unwrap();
        let page = Refunds::read(&received).unwrap();
        assert_eq!((page.refunds.len(), page.refunds[9].coupons.len()), (10, 10));
    }

    #[test]
    fn a_query_that_promises_more_than_it_holds_is_an_error() {
        let mut answer = fields(&[
            ("transaction_id", "42"),
            ("out_trade_no", "1415757673"),
            ("total_fee", "100"),
            ("refund_count", "1"),
        ]);
        let what = |answer: &Fields| Refunds::read(answer).unwrap_err().0;
        assert_eq!(what(&answer), "refund_id_0 is missing");
        answer.set("refund_count", "18446744073709551615");
        assert_eq!(what(&answer), "refund_count is larger than a page");
    }
}
