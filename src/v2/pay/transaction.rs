//! The order that queries and notifications return.

use std::collections::BTreeMap;

use crate::id::{OpenId, OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::pay::paid::{Claim, NotPaid, Paid, same};
use crate::pay::{TradeState, TradeType};
use crate::time::Time;
use crate::v2::fields::{Fields, Malformed};
use crate::v2::merchant::Merchant;
use crate::v2::parse::{fen, number, received, time};
use crate::v2::pay::payable::Payable;

/// An order in WeChat Pay's state, from a [`query`](crate::v2::pay::query) or a
/// [notification](crate::v2::notify).
///
/// Many fields are set only once the order is paid. Only [`paid`](Self::paid) proves the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transaction {
    /// 公众账号ID: appid of the order.
    pub appid: Option<String>,
    /// 商户号: merchant that placed the order.
    pub mch_id: Option<String>,
    /// 商户订单号: merchant order number.
    pub out_trade_no: OutTradeNo,
    /// 微信支付订单号: WeChat Pay's transaction ID, once the order is paid.
    pub transaction_id: Option<TransactionId>,
    /// 交易状态: trade state. From a notification, which has none, it is [`TradeState::Success`], or
    /// [`TradeState::PayError`] if `result_code` is FAIL.
    pub trade_state: TradeState,
    /// 交易状态描述: description of the state, for people.
    pub trade_state_desc: Option<String>,
    /// 交易类型: trade type.
    pub trade_type: Option<TradeType>,
    /// 用户标识: the payer's openid under the order's appid.
    pub openid: Option<OpenId>,
    /// 是否关注公众账号: whether the payer follows the official account.
    pub is_subscribe: Option<bool>,
    /// 设备号: your identifier of the shop or till, from the order.
    pub device_info: Option<String>,
    /// 付款银行: bank of the payer, such as `CMC`, or `OTHERS`.
    pub bank_type: Option<String>,
    /// 订单金额: total amount of the order, in fen.
    pub total_fee: Option<Fen>,
    /// 应结订单金额: amount to settle, in fen: the total without non-cash coupons.
    pub settlement_total_fee: Option<Fen>,
    /// 货币种类: currency. `None` means `CNY`.
    pub fee_type: Option<String>,
    /// 现金支付金额: amount paid without coupons, in fen.
    pub cash_fee: Option<Fen>,
    /// 现金支付货币类型: currency of the cash amount.
    pub cash_fee_type: Option<String>,
    /// 代金券金额: amount of all coupons, in fen.
    pub coupon_fee: Option<Fen>,
    /// 代金券: coupons that were used.
    pub coupons: Vec<Coupon>,
    /// 附加数据: your own data from the order. If users typed it, escape it.
    pub attach: Option<String>,
    /// 支付完成时间: payment time.
    pub time_end: Option<Time>,
    /// 优惠详情: discounts, as the received JSON.
    pub promotion_detail: Option<String>,
}

/// 代金券: a coupon that was used or refunded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coupon {
    /// 代金券ID: coupon ID.
    pub id: Option<String>,
    /// 代金券类型: coupon type, `CASH` or `NO_CASH`.
    pub r#type: Option<String>,
    /// 单个代金券支付金额: amount that was paid with this coupon, or refunded to it, in fen.
    pub fee: Option<Fen>,
}

impl Transaction {
    /// Proves that this merchant's order is paid: compares the state, merchant, appid, order number,
    /// amount and currency with `order`.
    ///
    /// # Errors
    /// [`NotPaid`] names what differs.
    pub fn paid(
        &self,
        merchant: &(impl Merchant + ?Sized),
        order: &impl Payable,
    ) -> Result<Paid, NotPaid> {
        let order = order.terms();
        same("mch_id", self.mch_id.as_deref(), Some(merchant.number()))?;
        same("appid", self.appid.as_deref(), Some(order.appid.as_str()))?;
        same("out_trade_no", &self.out_trade_no, order.out_trade_no)?;
        if self.trade_state == TradeState::Success {
            same("fee_type", self.fee_type.as_deref().unwrap_or("CNY"), order.currency)?;
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

    pub(super) fn of_query(fields: &Fields) -> Result<Self, Malformed> {
        Self::read(fields, fields.required("trade_state", received)?)
    }

    pub(in crate::v2) fn of_notification(fields: &Fields) -> Result<Self, Malformed> {
        Self::read(fields, notified_state(fields)?)
    }

    fn read(fields: &Fields, trade_state: TradeState) -> Result<Self, Malformed> {
        Ok(Self {
            appid: fields.text("appid"),
            mch_id: fields.text("mch_id"),
            out_trade_no: fields.required("out_trade_no", received)?,
            transaction_id: fields.optional("transaction_id", received)?,
            trade_state,
            trade_state_desc: fields.text("trade_state_desc"),
            trade_type: fields.lenient("trade_type", received),
            openid: fields.lenient("openid", received),
            is_subscribe: fields.get("is_subscribe").map(|word| word == "Y"),
            device_info: fields.text("device_info"),
            bank_type: fields.text("bank_type"),
            total_fee: fields.optional("total_fee", fen)?,
            settlement_total_fee: fields.lenient("settlement_total_fee", fen),
            fee_type: fields.text("fee_type"),
            cash_fee: fields.lenient("cash_fee", fen),
            cash_fee_type: fields.text("cash_fee_type"),
            coupon_fee: fields.lenient("coupon_fee", fen),
            coupons: Coupon::read_all(fields, ["coupon_id_", "coupon_type_", "coupon_fee_"]),
            attach: fields.text("attach"),
            time_end: fields.optional("time_end", time)?,
            promotion_detail: fields.text("promotion_detail"),
        })
    }
}

impl Coupon {
    /// All coupons, sorted by their index. The fields come in any order, and a coupon may lack some.
    pub(in crate::v2) fn read_all(fields: &Fields, [ids, types, fees]: [&str; 3]) -> Vec<Self> {
        let mut coupons: BTreeMap<u64, Self> = BTreeMap::new();
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            let index = |prefix| name.strip_prefix(prefix).and_then(number);
            if let Some(index) = index(ids) {
                coupons.entry(index).or_default().id = Some(value.to_owned());
            } else if let Some(index) = index(types) {
                coupons.entry(index).or_default().r#type = Some(value.to_owned());
            } else if let Some(index) = index(fees) {
                coupons.entry(index).or_default().fee = fen(value);
            }
        }
        coupons.into_values().collect()
    }
}

/// The trade state of a notification, which has only a `result_code`. The response to a query has both
/// and is signed in the same way, so an attacker could post it as a notification; its `result_code` is
/// only about the query.
pub(in crate::v2) fn notified_state(fields: &Fields) -> Result<TradeState, Malformed> {
    let state = fields.optional("trade_state", received)?;
    match fields.get("result_code") {
        Some("SUCCESS") => Ok(state.unwrap_or(TradeState::Success)),
        Some("FAIL") => Ok(TradeState::PayError),
        _ => Err(Malformed::new("result_code is missing or unknown")),
    }
}
