//! Refunds (退款), of single orders and of the sub-orders of combined ones.
//!
//! **One `out_refund_no` refunds once, however often it is sent; a new one refunds again.** Store
//! the number before the call, and send the same refund again until the outcome is known.
//!
//! ```
//! use wechatpay::refund::{self, Refund, Status};
//! use wechatpay::{Fen, OutRefundNo};
//!
//! # let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
//! # let notify_url = sandbox.notify_url();
//! # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
//! # wechatpay::pay::app::prepay(signer, gateway, &order)?;
//! # sandbox.pay("order-1")?;
//! let number = OutRefundNo::new("1217752501-1")?;
//! let refund = Refund::new(number, order.out_trade_no, Fen(60), Fen(100));
//! refund::apply(signer, gateway, &refund)?;
//! // Some time later.
//! # sandbox.succeed_refund("1217752501-1")?;
//! let state = refund::query(signer, gateway, &refund.out_refund_no)?;
//! assert_eq!(state.status, Status::Success);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::{Deserialize, Serialize};

use crate::error::{Error, Violations};
use crate::gateway::Gateway;
use crate::id::{self, NotifyUrl, OutRefundNo, OutTradeNo, RefundId, TransactionId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::received;
use crate::signer::Signer;
use crate::strict_json::{self, Json, Object, Read, read_strictly};
use crate::time::Time;
use crate::validate;

/// 申请退款: asks for a refund of a paid order, whole or in part.
///
/// `POST /v3/refund/domestic/refunds` (m/4012791862). Within a year of the payment, at most 50
/// refunds an order, at least a minute apart. A success means that WeChat Pay took the request:
/// [`Status::Processing`]. Whether the money went back is said by [`query`] or a notification.
///
/// ```
/// use wechatpay::refund::{self, Refund, Status};
/// use wechatpay::{Fen, OutRefundNo};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// let number = OutRefundNo::new("refund-1")?; // Stored before the call.
/// let refund = Refund::new(number, order.out_trade_no, Fen(60), Fen(100));
/// let state = refund::apply(signer, gateway, &refund)?;
/// assert_eq!(state.status, Status::Processing);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: nothing is refunded. Correct what the error names, then send the same refund.
/// * `Refused`: this call refunds nothing; on `NOT_ENOUGH` top up and send the same refund again.
///   Take a new number only when [`query`] says that the old one is `CLOSED`.
/// * `Unknown`: the money may be on its way; 429 belongs here. Send **the same refund** again, or
///   [`query`] it. A new number would refund twice.
pub fn apply(signer: &dyn Signer, gateway: &Gateway, refund: &Refund) -> Result<State, Error> {
    let body = refund.to_body(signer)?;
    let is_about = |said: &State| said.out_refund_no == refund.out_refund_no;
    gateway
        .post_about(signer, "/v3/refund/domestic/refunds", &body, is_about)
        .map_err(Error::of_refund)
}

/// 查询单笔退款: what became of a refund, by your number.
///
/// `GET /v3/refund/domestic/refunds/{out_refund_no}` (m/4012791863). Ask every minute, more rarely
/// after five.
///
/// ```
/// use wechatpay::refund::{self, Status};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let number = wechatpay::OutRefundNo::new("refund-1")?;
/// # let part = wechatpay::Fen(60);
/// # let refund = wechatpay::refund::Refund::new(number, order.out_trade_no.clone(), part, total);
/// # wechatpay::refund::apply(signer, gateway, &refund)?;
/// # sandbox.succeed_refund("refund-1")?;
/// let state = refund::query(signer, gateway, &refund.out_refund_no)?;
/// assert_eq!(state.status, Status::Success); // The money went back.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A query changes nothing, so repeat it whatever the outcome. `RESOURCE_NOT_EXISTS` right after a
/// refund whose outcome was unknown is no verdict: send that refund again.
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_refund_no: &OutRefundNo,
) -> Result<State, Error> {
    let mut path = format!("/v3/refund/domestic/refunds/{}", id::encoded(out_refund_no.as_str()));
    if let Some(sub) = signer.sub_merchant() {
        path.push_str("?sub_mchid=");
        path.push_str(sub.mchid());
    }
    gateway.get_about(signer, &path, |said: &State| said.out_refund_no == *out_refund_no)
}

/// 发起异常退款: has a refund that ended [`Status::Abnormal`] paid to the merchant's own card.
///
/// `POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund` (m/4012791864), with
/// `MERCHANT_BANK_CARD`: the payer is then paid back by other means. A refund to another card of
/// the payer's takes encrypted card data and is done on the merchant platform.
///
/// ```
/// use wechatpay::refund::{self, Status};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let number = wechatpay::OutRefundNo::new("refund-1")?;
/// # let part = wechatpay::Fen(60);
/// # let refund = wechatpay::refund::Refund::new(number, order.out_trade_no.clone(), part, total);
/// # wechatpay::refund::apply(signer, gateway, &refund)?;
/// # sandbox.fail_refund("refund-1")?;
/// let state = refund::query(signer, gateway, &refund.out_refund_no)?;
/// if state.status == Status::Abnormal {
///     refund::apply_abnormal(signer, gateway, &state.refund_id, &state.out_refund_no)?;
/// }
/// # let state = refund::query(signer, gateway, &refund.out_refund_no)?;
/// # assert_eq!(state.status, Status::Processing);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`apply`]: after `Unknown`, send the same again.
pub fn apply_abnormal(
    signer: &dyn Signer,
    gateway: &Gateway,
    refund_id: &RefundId,
    out_refund_no: &OutRefundNo,
) -> Result<State, Error> {
    let sub_mchid = signer.sub_merchant().map(|sub| sub.mchid());
    let body =
        validate::to_json(&Abnormal { sub_mchid, out_refund_no, r#type: "MERCHANT_BANK_CARD" })?;
    let number = id::encoded(refund_id.as_str());
    let path = format!("/v3/refund/domestic/refunds/{number}/apply-abnormal-refund");
    let is_about =
        |said: &State| said.refund_id == *refund_id && said.out_refund_no == *out_refund_no;
    gateway.post_about(signer, &path, &body, is_about).map_err(Error::of_refund)
}

/// What is to be refunded. Keep it: sent again after an unknown outcome it becomes the same bytes.
///
/// ```
/// use wechatpay::{Fen, OutRefundNo, OutTradeNo, refund::Refund};
///
/// let order = OutTradeNo::new("1217752501201407033233368018")?;
/// let mut refund = Refund::new(OutRefundNo::new("1217752501-1")?, order, Fen(60), Fen(100));
/// refund.reason = Some("商品已售完".into());
/// refund.validate()?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refund {
    /// 商户退款单号: your number of the refund.
    pub out_refund_no: OutRefundNo,
    /// The order that was paid.
    pub payment: Payment,
    /// 退款金额, in fen: at least 1, at most the total.
    pub refund: Fen,
    /// 原订单金额, in fen: the total of the order.
    pub total: Fen,
    /// 退款原因, shown to the payer. At most 80 **bytes**, about 26 Chinese characters. Default: none.
    pub reason: Option<String>,
    /// 退款结果回调url: where the notification of the refund goes. Default: none, which means what the
    /// merchant platform says.
    pub notify_url: Option<NotifyUrl>,
    /// 退款资金来源: from which account the money comes. Default: none, which means money that is not
    /// settled yet.
    pub funds_account: Option<FundsAccount>,
    /// 退款出资账户及金额, where it comes from several. Default: none.
    pub from: Vec<RefundFrom>,
    /// 退款商品: must agree with the goods of the order. Default: none.
    pub goods_detail: Vec<GoodsDetail>,
}

impl Refund {
    /// A refund of `refund` of the `total` of an order, named by either of its numbers.
    pub fn new(
        out_refund_no: OutRefundNo,
        payment: impl Into<Payment>,
        refund: Fen,
        total: Fen,
    ) -> Self {
        Self {
            out_refund_no,
            payment: payment.into(),
            refund,
            total,
            reason: None,
            notify_url: None,
            funds_account: None,
            from: Vec::new(),
            goods_detail: Vec::new(),
        }
    }

    /// Reads the body of a refund as the documents print it.
    ///
    /// A field that is unknown, of the wrong type or there twice is an error, and so is a word that
    /// is not known. `sub_mchid` and `currency` may be left out; where they are given, they must be
    /// the signer's sub-merchant, and CNY. Lengths and amounts are left to [`validate`](Self::validate).
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        strict_json::read(json, |object| {
            if let Some(sub) = signer.sub_merchant() {
                object.agrees(
                    "sub_mchid",
                    Some(sub.mchid()),
                    ", that of the signer's sub-merchant",
                );
            }
            let payment = Payment::read(object);
            let out_refund_no = object.required("out_refund_no");
            let reason = object.optional("reason");
            let notify_url = object.optional("notify_url");
            let funds_account = object.optional("funds_account");
            let amount = object.object("amount", |amount| {
                amount.currency();
                let from = amount.optional("from").unwrap_or_default();
                let (refund, total) = (amount.required("refund"), amount.required("total"));
                Some((refund?, total?, from))
            });
            let goods_detail = object.optional("goods_detail").unwrap_or_default();
            let (refund, total, from) = amount?;
            Some(Self {
                out_refund_no: out_refund_no?,
                payment: payment?,
                refund,
                total,
                reason,
                notify_url,
                funds_account,
                from,
                goods_detail,
            })
        })
    }

    /// Holds the refund against every documented rule, as [`apply`] does before it sends anything.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its JSON path and rule.
    pub fn validate(&self) -> Result<(), Error> {
        let mut violations = Violations::default();
        if let Some(reason) = &self.reason {
            validate::text(&mut violations, "/reason", reason, 80);
            if reason.len() > 80 && reason.chars().count() <= 80 {
                violations.add("/reason", "must not exceed 80 bytes, about 26 Chinese characters");
            }
        }
        validate::total(&mut violations, "/amount/refund", self.refund);
        validate::total(&mut violations, "/amount/total", self.total);
        if self.refund > self.total {
            violations.add("/amount/refund", "must not exceed /amount/total");
        }
        for (index, from) in self.from.iter().enumerate() {
            validate::total(&mut violations, format!("/amount/from/{index}/amount"), from.amount);
        }
        for (index, goods) in self.goods_detail.iter().enumerate() {
            goods.find_violations(&mut violations, &format!("/goods_detail/{index}"));
        }
        Ok(violations.into_result()?)
    }

    /// The body of the request. The same refund becomes the same bytes.
    fn to_body(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        self.validate()?;
        let (out_trade_no, transaction_id) = match &self.payment {
            Payment::OutTradeNo(number) => (Some(number), None),
            Payment::TransactionId(number) => (None, Some(number)),
        };
        Ok(validate::to_json(&Body {
            sub_mchid: signer.sub_merchant().map(|sub| sub.mchid()),
            transaction_id,
            out_trade_no,
            out_refund_no: &self.out_refund_no,
            reason: self.reason.as_deref(),
            notify_url: self.notify_url.as_ref(),
            funds_account: self.funds_account.as_ref(),
            amount: BodyAmount {
                refund: self.refund,
                from: &self.from,
                total: self.total,
                currency: "CNY",
            },
            goods_detail: &self.goods_detail,
        })?)
    }
}

/// An order that was paid, by one of its numbers.
///
/// ```
/// use wechatpay::{OutTradeNo, refund::Payment};
///
/// let number = OutTradeNo::new("1217752501201407033233368018")?;
/// assert_eq!(Payment::from(number.clone()), Payment::OutTradeNo(number));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payment {
    /// 商户订单号: your number.
    OutTradeNo(OutTradeNo),
    /// 微信支付订单号: WeChat Pay's number.
    TransactionId(TransactionId),
}

impl Payment {
    fn read(object: &mut Object<'_>) -> Option<Self> {
        if !object.has("transaction_id") {
            return object.required("out_trade_no").map(Self::OutTradeNo);
        }
        if object.optional::<OutTradeNo>("out_trade_no").is_some() {
            object.violation("out_trade_no", "must not stand beside transaction_id: one is enough");
        }
        object.optional("transaction_id").map(Self::TransactionId)
    }
}

impl From<OutTradeNo> for Payment {
    fn from(number: OutTradeNo) -> Self {
        Self::OutTradeNo(number)
    }
}

impl From<TransactionId> for Payment {
    fn from(number: TransactionId) -> Self {
        Self::TransactionId(number)
    }
}

open_set! {
    /// 资金账户: where the money of a refund comes from. A request may name the first two.
    refund::FundsAccount {
        /// 可用余额账户, for merchants of the old kind of funds.
        Available = "AVAILABLE",
        /// 未结算资金, for refunds of mobility deposits.
        Unsettled = "UNSETTLED",
        /// 不可用余额.
        Unavailable = "UNAVAILABLE",
        /// 运营户.
        Operation = "OPERATION",
        /// 基本账户.
        Basic = "BASIC",
        /// 数字人民币基本账户.
        EcnyBasic = "ECNY_BASIC",
    }
}

impl Read for FundsAccount {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        match String::read(json, path.clone(), violations)?.into() {
            Self::Other(_) => violations.note(path, "must be a documented word, such as AVAILABLE"),
            word => Some(word),
        }
    }
}

/// 退款出资账户及金额: how much comes from one account.
///
/// ```
/// use wechatpay::refund::{FundsAccount, RefundFrom};
/// use wechatpay::Fen;
///
/// # let number = wechatpay::OutTradeNo::new("order-1")?;
/// # let mut refund = wechatpay::refund::Refund::new("r".parse()?, number, Fen(60), Fen(100));
/// refund.from = vec![RefundFrom::new(FundsAccount::Available, Fen(60))];
/// # refund.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RefundFrom {
    /// 出资账户类型: [`FundsAccount::Available`] or [`FundsAccount::Unavailable`].
    pub account: FundsAccount,
    /// 出资金额, in fen; at least 1.
    pub amount: Fen,
}

impl RefundFrom {
    /// So much from this account.
    #[must_use]
    pub fn new(account: FundsAccount, amount: Fen) -> Self {
        Self { account, amount }
    }
}

read_strictly! { RefundFrom { account, amount; } }

/// 退款商品: goods that are refunded, in requests and in answers.
///
/// ```
/// use wechatpay::{Fen, refund::GoodsDetail};
///
/// # let number = wechatpay::OutTradeNo::new("order-1")?;
/// # let mut refund = wechatpay::refund::Refund::new("r".parse()?, number, Fen(60), Fen(100));
/// refund.goods_detail = vec![GoodsDetail::new("1217752501", Fen(60), Fen(60), 1)];
/// # refund.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GoodsDetail {
    /// 商户侧商品编码: your number of the goods. 1 to 32 letters, digits, `_`, `-`.
    pub merchant_goods_id: String,
    /// 微信侧商品编码. 1 to 32 characters.
    #[serde(default, deserialize_with = "received::option")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wechatpay_goods_id: Option<String>,
    /// 商品名称. 1 to 256 characters.
    #[serde(default, deserialize_with = "received::option")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goods_name: Option<String>,
    /// 商品单价, in fen.
    pub unit_price: Fen,
    /// 商品退款金额, in fen.
    pub refund_amount: Fen,
    /// 商品退货数量; at least 1.
    pub refund_quantity: u64,
}

impl GoodsDetail {
    /// Goods that are refunded.
    pub fn new(
        merchant_goods_id: impl Into<String>,
        unit_price: Fen,
        refund_amount: Fen,
        refund_quantity: u64,
    ) -> Self {
        Self {
            merchant_goods_id: merchant_goods_id.into(),
            wechatpay_goods_id: None,
            goods_name: None,
            unit_price,
            refund_amount,
            refund_quantity,
        }
    }

    fn find_violations(&self, violations: &mut Violations, path: &str) {
        let at = |name| format!("{path}/{name}");
        validate::goods_id(violations, at("merchant_goods_id"), &self.merchant_goods_id);
        let wechatpay_goods_id = self.wechatpay_goods_id.as_deref();
        validate::optional_text(violations, at("wechatpay_goods_id"), wechatpay_goods_id, 32);
        validate::optional_text(violations, at("goods_name"), self.goods_name.as_deref(), 256);
        validate::amount(violations, at("unit_price"), self.unit_price);
        validate::amount(violations, at("refund_amount"), self.refund_amount);
        validate::quantity(violations, at("refund_quantity"), self.refund_quantity);
    }
}

read_strictly! {
    GoodsDetail {
        merchant_goods_id, unit_price, refund_amount, refund_quantity; wechatpay_goods_id, goods_name
    }
}

/// A refund as WeChat Pay sees it, from [`apply`], [`query`] or a [notification](crate::notify); the same
/// shape in all of them, though a notification says less.
///
/// ```
/// use wechatpay::refund::{self, Status};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let number = wechatpay::OutRefundNo::new("refund-1")?;
/// # let part = wechatpay::Fen(60);
/// # let refund = wechatpay::refund::Refund::new(number, order.out_trade_no.clone(), part, total);
/// # wechatpay::refund::apply(signer, gateway, &refund)?;
/// # sandbox.succeed_refund("refund-1")?;
/// let state = refund::query(signer, gateway, &refund.out_refund_no)?;
/// match state.status {
///     Status::Success => assert!(state.success_time.is_some()),
///     Status::Processing => { /* ask again later */ }
///     other => { /* somebody must look */ }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// 微信支付退款单号.
    #[serde(deserialize_with = "received::text")]
    pub refund_id: RefundId,
    /// 商户退款单号: your number of the refund.
    #[serde(deserialize_with = "received::text")]
    pub out_refund_no: OutRefundNo,
    /// 微信支付订单号.
    #[serde(deserialize_with = "received::text")]
    pub transaction_id: TransactionId,
    /// 商户订单号: your number of the order.
    #[serde(deserialize_with = "received::text")]
    pub out_trade_no: OutTradeNo,
    /// 退款状态. Notifications call it `refund_status`.
    #[serde(alias = "refund_status")]
    pub status: Status,
    /// 退款渠道.
    #[serde(default, deserialize_with = "received::option")]
    pub channel: Option<Channel>,
    /// 退款入账账户: a free text for people.
    #[serde(default, deserialize_with = "received::option")]
    pub user_received_account: Option<String>,
    /// 退款成功时间, once the money went back.
    #[serde(default, deserialize_with = "received::option")]
    pub success_time: Option<Time>,
    /// 退款创建时间.
    #[serde(default, deserialize_with = "received::option")]
    pub create_time: Option<Time>,
    /// 资金账户.
    #[serde(default, deserialize_with = "received::option")]
    pub funds_account: Option<FundsAccount>,
    /// 金额信息.
    pub amount: Amount,
    /// 优惠退款信息.
    #[serde(default, deserialize_with = "received::list")]
    pub promotion_detail: Vec<Promotion>,
    #[serde(default, deserialize_with = "received::option")]
    mchid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    sp_mchid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    sub_mchid: Option<String>,
}

impl State {
    /// The merchant who placed the order: 商户号, or 服务商户号 in partner mode. Only notifications say it.
    #[must_use]
    pub fn mchid(&self) -> Option<&str> {
        self.mchid.as_deref().or(self.sp_mchid.as_deref())
    }

    /// 子商户号, in notifications of partner mode.
    #[must_use]
    pub fn sub_mchid(&self) -> Option<&str> {
        self.sub_mchid.as_deref()
    }
}

open_set! {
    /// 退款状态. A refund that was taken is [`Processing`](Self::Processing); only
    /// [`Success`](Self::Success) means that the money went back.
    refund::Status {
        /// 退款成功: the money went back.
        Success = "SUCCESS",
        /// 退款关闭: it will not be refunded under this number.
        Closed = "CLOSED",
        /// 退款处理中: taken, on its way.
        Processing = "PROCESSING",
        /// 退款异常: the payer's account cannot take it; see [`apply_abnormal`].
        Abnormal = "ABNORMAL",
    }
}

open_set! {
    /// 退款渠道: how the money goes back.
    refund::Channel {
        /// 原路退款: the way it came.
        Original = "ORIGINAL",
        /// 退回到余额: to the payer's balance.
        Balance = "BALANCE",
        /// 原账户异常退到其他余额账户.
        OtherBalance = "OTHER_BALANCE",
        /// 原银行卡异常退到其他银行卡.
        OtherBankCard = "OTHER_BANKCARD",
    }
}

/// 金额信息 of a refund, in fen.
///
/// ```
/// # use wechatpay::{Fen, refund};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let number = wechatpay::OutRefundNo::new("refund-1")?;
/// # let part = wechatpay::Fen(60);
/// # let refund = wechatpay::refund::Refund::new(number, order.out_trade_no.clone(), part, total);
/// # wechatpay::refund::apply(signer, gateway, &refund)?;
/// let state = refund::query(signer, gateway, &refund.out_refund_no)?;
/// assert_eq!((state.amount.refund, state.amount.total), (Fen(60), Fen(100)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Amount {
    /// 订单金额.
    pub total: Fen,
    /// 退款金额.
    pub refund: Fen,
    /// 用户支付金额: what the payer paid in cash.
    pub payer_total: Fen,
    /// 用户退款金额: what the payer gets back in cash.
    pub payer_refund: Fen,
    /// 应结退款金额: without coupons that were no cash.
    pub settlement_refund: Option<Fen>,
    /// 应结订单金额.
    pub settlement_total: Option<Fen>,
    /// 优惠退款金额.
    pub discount_refund: Option<Fen>,
    /// 退款币种: CNY.
    #[serde(default, deserialize_with = "received::option")]
    pub currency: Option<String>,
    /// 手续费退款金额: the commission that comes back.
    pub refund_fee: Option<Fen>,
    /// 退款出资账户及金额, if the request named any.
    #[serde(default, deserialize_with = "received::list")]
    pub from: Vec<RefundFrom>,
}

/// 优惠退款信息: a coupon of the order that is refunded.
///
/// ```
/// # use wechatpay::{Fen, refund};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay_with_coupon("order-1", Fen(20))?;
/// # let order = order.out_trade_no;
/// # let refund = refund::Refund::new("refund-1".parse()?, order, Fen(100), Fen(100));
/// # refund::apply(signer, gateway, &refund)?;
/// let state = refund::query(signer, gateway, &refund.out_refund_no)?;
/// assert_eq!(state.promotion_detail[0].refund_amount, Fen(20)); // The coupon's part.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Promotion {
    /// 券ID.
    pub promotion_id: String,
    /// 优惠范围: `GLOBAL` or `SINGLE`.
    pub scope: String,
    /// 优惠类型: documents print `CASH`, `NOCASH`, `COUPON` and `DISCOUNT`.
    pub r#type: String,
    /// 优惠券面额, in fen.
    pub amount: Fen,
    /// 优惠退款金额, in fen.
    pub refund_amount: Fen,
    /// 商品列表.
    #[serde(default, deserialize_with = "received::list")]
    pub goods_detail: Vec<GoodsDetail>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_mchid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a TransactionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_trade_no: Option<&'a OutTradeNo>,
    out_refund_no: &'a OutRefundNo,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_url: Option<&'a NotifyUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    funds_account: Option<&'a FundsAccount>,
    amount: BodyAmount<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    goods_detail: &'a [GoodsDetail],
}

#[derive(Serialize)]
struct BodyAmount<'a> {
    refund: Fen,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    from: &'a [RefundFrom],
    total: Fen,
    currency: &'static str,
}

#[derive(Serialize)]
struct Abnormal<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_mchid: Option<&'a str>,
    out_refund_no: &'a OutRefundNo,
    r#type: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refund() -> Refund {
        let order = OutTradeNo::new("1217752501201407033233368018").unwrap();
        Refund::new(OutRefundNo::new("1217752501-1").unwrap(), order, Fen(60), Fen(100))
    }

    fn violations(change: impl FnOnce(&mut Refund)) -> String {
        let mut refund = refund();
        change(&mut refund);
        refund.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn each_rule_is_told_by_its_json_path() {
        let limit = "must be at least 1 fen and fit a signed 64-bit integer";
        assert_eq!(violations(|_| ()), "");
        assert_eq!(violations(|refund| refund.refund = Fen(100)), "");
        assert_eq!(violations(|refund| refund.refund = Fen(0)), format!("/amount/refund {limit}"));
        assert_eq!(
            violations(|refund| refund.refund = Fen(101)),
            "/amount/refund must not exceed /amount/total"
        );
        assert_eq!(violations(|refund| refund.reason = Some("因".repeat(26))), "");
        assert_eq!(
            violations(|refund| refund.reason = Some("因".repeat(27))),
            "/reason must not exceed 80 bytes, about 26 Chinese characters"
        );
        assert_eq!(
            violations(|refund| refund.reason = Some("x".repeat(81))),
            "/reason must be 1 to 80 characters"
        );
        assert_eq!(
            violations(|refund| refund.reason = Some("🧸".into())),
            "/reason must not hold emoji or other characters of four bytes in UTF-8"
        );
        assert_eq!(
            violations(|refund| {
                refund.from = vec![RefundFrom::new(FundsAccount::Available, Fen(0))];
            }),
            format!("/amount/from/0/amount {limit}")
        );
        assert_eq!(
            violations(|refund| refund.goods_detail = vec![GoodsDetail::new("", Fen(1), Fen(1), 0)]),
            "/goods_detail/0/merchant_goods_id must be 1 to 32 letters, digits, _ or -; \
             /goods_detail/0/refund_quantity must be at least 1 and fit a signed 64-bit integer"
        );
    }

    #[test]
    fn answers_and_notifications_are_one_shape() {
        let answer = r#"{"refund_id":"50000000382019052709732678859","out_refund_no":"r-1",
            "transaction_id":"4200000015201711256947025404","out_trade_no":"order-1",
            "channel":"ORIGINAL","user_received_account":"招商银行信用卡0403","status":"PROCESSING",
            "create_time":"2020-12-01T16:18:12+08:00","funds_account":"UNSETTLED",
            "amount":{"total":100,"refund":60,"payer_total":90,"payer_refund":50,
            "settlement_refund":60,"settlement_total":100,"discount_refund":10,"currency":"CNY",
            "from":[{"account":"AVAILABLE","amount":60}]},
            "promotion_detail":[{"promotion_id":"109519","scope":"SINGLE","type":"DISCOUNT",
            "amount":5,"refund_amount":10,"goods_detail":[{"merchant_goods_id":"1217752501",
            "unit_price":1,"refund_amount":1,"refund_quantity":1}]}]}"#;
        let notification = r#"{"mchid":"1900000100","transaction_id":"4200000015201711256947025404",
            "out_trade_no":"order-1","refund_id":"50000000382019052709732678859",
            "out_refund_no":"r-1","refund_status":"SUCCESS",
            "success_time":"2018-06-08T10:34:56+08:00","user_received_account":"招商银行信用卡0403",
            "amount":{"total":100,"refund":60,"payer_total":90,"payer_refund":50}}"#;
        let answer: State = serde_json::from_str(answer).unwrap();
        let notification: State = serde_json::from_str(notification).unwrap();
        assert_eq!((answer.mchid(), notification.mchid()), (None, Some("1900000100")));
        assert_eq!((answer.status, notification.status), (Status::Processing, Status::Success));
        assert_eq!(answer.refund_id, notification.refund_id);
        assert_eq!(answer.channel, Some(Channel::Original));
        assert_eq!(answer.promotion_detail[0].goods_detail[0].refund_quantity, 1);
    }

    #[test]
    fn a_refund_in_progress_says_in_many_ways_that_it_has_not_succeeded_yet() {
        let with = |success_time: &str| {
            let answer = format!(
                r#"{{"refund_id":"50","out_refund_no":"r-1","transaction_id":"42",
                "out_trade_no":"order-1","status":"PROCESSING","success_time":{success_time},
                "create_time":"2021-02-01T15:13:10+08:00",
                "amount":{{"total":1,"refund":1,"payer_total":1,"payer_refund":1}}}}"#
            );
            serde_json::from_str::<State>(&answer)
        };
        for nothing in [r#""""#, "null", r#""0001-01-01T00:00:00Z""#] {
            assert_eq!(with(nothing).unwrap().success_time, None, "{nothing}");
        }
        assert!(with(r#""2021-02-01T15:13:11+08:00""#).unwrap().success_time.is_some());
        for wrong in [r#""1969-12-31T23:59:59Z""#, r#""soon""#, "0"] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_notification_of_a_partner_names_both_merchants_and_may_name_the_partner_twice() {
        for members in
            [r#""sp_mchid":"1""#, r#""sp_mchid":"1","mchid":"""#, r#""mchid":"1","sp_mchid":"1""#]
        {
            let notification = format!(
                r#"{{{members},"sub_mchid":"2","transaction_id":"42","out_trade_no":"order-1",
                "refund_id":"50","out_refund_no":"r-1","refund_status":"CLOSED",
                "amount":{{"total":100,"refund":60,"payer_total":90,"payer_refund":50}}}}"#
            );
            let notification: State = serde_json::from_str(&notification).unwrap();
            assert_eq!((notification.mchid(), notification.sub_mchid()), (Some("1"), Some("2")));
        }
    }
}
