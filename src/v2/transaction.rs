//! What queries and notifications say of an order.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::id::{AppId, OpenId, OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::pay::paid::{Claim, NotPaid, Paid, same};
use crate::pay::{TradeState, TradeType};
use crate::time::Time;
use crate::v2::fields::{Fields, Malformed, checked, fen, number, time};
use crate::v2::gateway::Gateway;
use crate::v2::order::Order;
use crate::v2::signer::Signer;

/// 查询订单: what became of an order, by your number.
///
/// `POST /pay/orderquery`. Combined orders are asked for by
/// [`query_combined`](crate::v2::query_combined), each of their sub-orders here.
///
/// ```
/// use wechatpay::v2::{self, Signer};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay("order-1", &[])?;
/// let transaction = v2::query(signer, gateway, &order.appid, &order.out_trade_no)?;
/// let paid = transaction.paid(signer.mch_id(), &order)?;
/// assert_eq!(paid.total(), order.total_fee); // Ship it.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A query changes nothing, so repeat it whatever the outcome. `ORDERNOTEXIST` right after an order
/// whose outcome was unknown is no verdict: that order may still be on its way.
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    appid: &AppId,
    out_trade_no: &OutTradeNo,
) -> Result<Transaction, Error> {
    ask(signer, gateway, appid, "out_trade_no", out_trade_no.as_str())
}

/// 查询订单: what became of a payment, by WeChat Pay's number.
///
/// `POST /pay/orderquery`.
///
/// ```
/// use wechatpay::v2;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay("order-1", &[])?;
/// # let transaction = v2::query(signer, gateway, &order.appid, &order.out_trade_no)?;
/// # let transaction_id = transaction.transaction_id.unwrap();
/// let transaction = v2::query_by_id(signer, gateway, &order.appid, &transaction_id)?;
/// assert_eq!(transaction.out_trade_no, order.out_trade_no);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`query`].
pub fn query_by_id(
    signer: &dyn Signer,
    gateway: &Gateway,
    appid: &AppId,
    transaction_id: &TransactionId,
) -> Result<Transaction, Error> {
    ask(signer, gateway, appid, "transaction_id", transaction_id.as_str())
}

fn ask(
    signer: &dyn Signer,
    gateway: &Gateway,
    appid: &AppId,
    name: &'static str,
    number: &str,
) -> Result<Transaction, Error> {
    let mut fields = Fields::of(signer, appid);
    fields.set(name, number);
    gateway.call(signer, "/pay/orderquery", fields)?.read(Transaction::of_query)
}

/// An order as WeChat Pay sees it, from a [`query`] or a [notification](crate::v2::notify); the same
/// shape in both.
///
/// Much of it is there only once the order is paid. That it is paid is proved by
/// [`paid`](Self::paid) alone.
///
/// ```
/// use wechatpay::{pay::TradeState, v2};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// let transaction = v2::query(signer, gateway, &order.appid, &order.out_trade_no)?;
/// assert_eq!(transaction.trade_state, TradeState::NotPay);
/// assert_eq!(transaction.transaction_id, None); // There is none before the payment.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transaction {
    /// 公众账号ID of the order.
    pub appid: Option<String>,
    /// 商户号 that placed the order.
    pub mch_id: Option<String>,
    /// 商户订单号: your number of the order.
    pub out_trade_no: OutTradeNo,
    /// 微信支付订单号: WeChat Pay's number of the payment, once there is one.
    pub transaction_id: Option<TransactionId>,
    /// 交易状态. A notification has none: it is [`TradeState::Success`] there, or
    /// [`TradeState::PayError`] if its `result_code` is FAIL.
    pub trade_state: TradeState,
    /// 交易状态描述, for people.
    pub trade_state_desc: Option<String>,
    /// 交易类型.
    pub trade_type: Option<TradeType>,
    /// 用户标识 under the order's appid.
    pub openid: Option<OpenId>,
    /// 是否关注公众账号.
    pub is_subscribe: Option<bool>,
    /// 设备号 of the order.
    pub device_info: Option<String>,
    /// 付款银行, such as `CMC`, and `OTHERS`.
    pub bank_type: Option<String>,
    /// 订单金额, in fen: what was ordered.
    pub total_fee: Option<Fen>,
    /// 应结订单金额, in fen: the total less coupons that were no cash.
    pub settlement_total_fee: Option<Fen>,
    /// 货币种类; none means `CNY`.
    pub fee_type: Option<String>,
    /// 现金支付金额, in fen.
    pub cash_fee: Option<Fen>,
    /// 现金支付货币类型.
    pub cash_fee_type: Option<String>,
    /// 代金券金额, in fen: all coupons together.
    pub coupon_fee: Option<Fen>,
    /// 代金券: the coupons that were used.
    pub coupons: Vec<Coupon>,
    /// 附加数据 of the order. It may hold what users typed: escape it.
    pub attach: Option<String>,
    /// 支付完成时间.
    pub time_end: Option<Time>,
    /// 优惠详情, as the JSON that was received.
    pub promotion_detail: Option<String>,
}

/// 代金券: a coupon that was used, or that is refunded.
///
/// ```
/// # use wechatpay::{Fen, v2};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay("order-1", &[Fen(20)])?;
/// let transaction = v2::query(signer, gateway, &order.appid, &order.out_trade_no)?;
/// assert_eq!(transaction.coupons[0].fee, Some(Fen(20)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coupon {
    /// 代金券ID.
    pub id: Option<String>,
    /// 代金券类型: `CASH` or `NO_CASH`.
    pub r#type: Option<String>,
    /// 单个代金券支付金额, or what of it is refunded, in fen.
    pub fee: Option<Fen>,
}

impl Transaction {
    /// Proves that this order of this merchant is paid: state, merchant, appid, number, amount and
    /// currency are compared.
    ///
    /// # Errors
    /// [`NotPaid`] names what differs.
    pub fn paid(&self, mch_id: &str, order: &Order) -> Result<Paid, NotPaid> {
        same("mch_id", self.mch_id.as_deref(), Some(mch_id))?;
        same("appid", self.appid.as_deref(), Some(order.appid.as_str()))?;
        same("out_trade_no", &self.out_trade_no, &order.out_trade_no)?;
        if self.trade_state == TradeState::Success {
            same("fee_type", self.fee_type.as_deref().unwrap_or("CNY"), order.currency())?;
            self.time_end.ok_or(NotPaid::Missing("time_end"))?;
        }
        Claim {
            trade_state: &self.trade_state,
            out_trade_no: &self.out_trade_no,
            transaction_id: self.transaction_id.as_ref(),
            total: ("total_fee", self.total_fee),
            currency: None,
            success_time: self.time_end,
        }
        .prove(order.total_fee)
    }

    fn of_query(fields: &Fields) -> Result<Self, Malformed> {
        Self::read(fields, fields.required("trade_state", checked)?)
    }

    pub(super) fn of_notification(fields: &Fields) -> Result<Self, Malformed> {
        Self::read(fields, notified_state(fields)?)
    }

    fn read(fields: &Fields, trade_state: TradeState) -> Result<Self, Malformed> {
        Ok(Self {
            appid: fields.text("appid"),
            mch_id: fields.text("mch_id"),
            out_trade_no: fields.required("out_trade_no", checked)?,
            transaction_id: fields.optional("transaction_id", checked)?,
            trade_state,
            trade_state_desc: fields.text("trade_state_desc"),
            trade_type: fields.optional("trade_type", checked)?,
            openid: fields.optional("openid", checked)?,
            is_subscribe: fields.get("is_subscribe").map(|word| word == "Y"),
            device_info: fields.text("device_info"),
            bank_type: fields.text("bank_type"),
            total_fee: fields.optional("total_fee", fen)?,
            settlement_total_fee: fields.optional("settlement_total_fee", fen)?,
            fee_type: fields.text("fee_type"),
            cash_fee: fields.optional("cash_fee", fen)?,
            cash_fee_type: fields.text("cash_fee_type"),
            coupon_fee: fields.optional("coupon_fee", fen)?,
            coupons: Coupon::read_all(fields, ["coupon_id_", "coupon_type_", "coupon_fee_"])?,
            attach: fields.text("attach"),
            time_end: fields.optional("time_end", time)?,
            promotion_detail: fields.text("promotion_detail"),
        })
    }
}

impl Coupon {
    /// Every coupon, in the order of their numbers; the fields come in any order, and not each
    /// coupon has all three.
    pub(super) fn read_all(
        fields: &Fields,
        [ids, types, fees]: [&str; 3],
    ) -> Result<Vec<Self>, Malformed> {
        let mut coupons: BTreeMap<u64, Self> = BTreeMap::new();
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            let index = |prefix| name.strip_prefix(prefix).and_then(number);
            if let Some(index) = index(ids) {
                coupons.entry(index).or_default().id = Some(value.to_owned());
            } else if let Some(index) = index(types) {
                coupons.entry(index).or_default().r#type = Some(value.to_owned());
            } else if let Some(index) = index(fees) {
                coupons.entry(index).or_default().fee = fields.optional(name, fen)?;
            }
        }
        Ok(coupons.into_values().collect())
    }
}

/// A notification of a payment has no state, only a result. The answer to a query has both and is signed
/// alike, so it could be posted as a notification: its result says nothing but that the query went well.
pub(super) fn notified_state(fields: &Fields) -> Result<TradeState, Malformed> {
    let state = fields.optional("trade_state", checked)?;
    match fields.get("result_code") {
        Some("SUCCESS") => Ok(state.unwrap_or(TradeState::Success)),
        Some("FAIL") => Ok(TradeState::PayError),
        _ => Err(Malformed::new("result_code is missing or unknown")),
    }
}
