//! The combined order that queries and notifications return.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::id::{OpenId, OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::pay::paid::{Claim, NotPaid, Paid, same};
use crate::pay::{TradeState, TradeType};
use crate::received::{self, Received};
use crate::time::Time;
use crate::v2::combine::order::{Order, SubOrder};
use crate::v2::fields::{Fields, Malformed};
use crate::v2::merchant::Merchant;
use crate::v2::parse::{self, json, time};
use crate::v2::pay::transaction::notified_state;

/// A combined order in WeChat Pay's state, from a [`query`](crate::v2::combine::query) or a
/// [notification](crate::v2::notify). All of its sub-orders are paid together, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transaction {
    /// 合单appid: appid that the payment is made in.
    pub combine_appid: Option<String>,
    /// 合单商户号: merchant that started the payment.
    pub combine_mch_id: Option<String>,
    /// 合单商户订单号: merchant order number of the combined order.
    pub combine_out_trade_no: OutTradeNo,
    /// 合单用户标识: the payer's openid under `combine_appid`.
    pub combine_openid: Option<OpenId>,
    /// 交易状态: state of the combined order, if a query returned it. From a notification, which has
    /// none, it is [`TradeState::Success`], or [`TradeState::PayError`] if `result_code` is FAIL.
    pub trade_state: Option<TradeState>,
    /// 交易状态描述: description of the state, for people.
    pub trade_state_desc: Option<String>,
    /// 交易类型: trade type.
    pub trade_type: Option<TradeType>,
    /// 付款银行: bank of the payer.
    pub bank_type: Option<String>,
    /// 设备号: your identifier of the shop or till, from the order.
    pub device_info: Option<String>,
    /// 子单信息: the sub-orders, as the received JSON; [`sub_orders`](Self::sub_orders) parses it.
    pub sub_order_list: Option<String>,
}

impl Transaction {
    /// Parses the sub-orders. `None` if there is no list or its shape is unknown. The documents
    /// contradict each other about its field names: both those of APIv2 and of APIv3 are accepted.
    #[must_use]
    pub fn sub_orders(&self) -> Option<Vec<SubTransaction>> {
        match json(self.sub_order_list.as_deref()?)? {
            SubOrderList::Counted { order_list } | SubOrderList::Bare(order_list) => {
                Some(order_list)
            }
        }
    }

    /// Proves that every sub-order of this merchant's combined order is paid: compares the state,
    /// merchants, appids, order numbers, amounts and currencies with `order`. Returns a [`Paid`] for
    /// each sub-order, in the order of `order.sub_orders`.
    ///
    /// # Errors
    /// [`NotPaid`] names what differs, and in which sub-order.
    pub fn paid(
        &self,
        merchant: &(impl Merchant + ?Sized),
        order: &Order,
    ) -> Result<Vec<Paid>, NotPaid> {
        let mchid = Some(merchant.number());
        same("combine_mch_id", self.combine_mch_id.as_deref(), mchid)?;
        let appid = order.combine_appid.as_str();
        same("combine_appid", self.combine_appid.as_deref(), Some(appid))?;
        same("combine_out_trade_no", &self.combine_out_trade_no, &order.combine_out_trade_no)?;
        match &self.trade_state {
            None => return Err(NotPaid::Missing("trade_state")),
            Some(TradeState::Success) => {}
            Some(state) => return Err(NotPaid::State(state.clone())),
        }
        let received = self.sub_orders().ok_or(NotPaid::Missing("sub_order_list"))?;
        same("the number of sub-orders", received.len(), order.sub_orders.len())?;
        order.sub_orders.iter().map(|ordered| paid_sub_order(&received, ordered)).collect()
    }

    pub(super) fn of_query(fields: &Fields) -> Result<Self, Malformed> {
        Self::read(fields, fields.optional("trade_state", parse::received)?)
    }

    pub(in crate::v2) fn of_notification(fields: &Fields) -> Result<Self, Malformed> {
        Self::read(fields, Some(notified_state(fields)?))
    }

    fn read(fields: &Fields, trade_state: Option<TradeState>) -> Result<Self, Malformed> {
        Ok(Self {
            combine_appid: fields.text("combine_appid"),
            combine_mch_id: fields.text("combine_mch_id"),
            combine_out_trade_no: fields.required("combine_out_trade_no", parse::received)?,
            combine_openid: fields.lenient("combine_openid", parse::received),
            trade_state,
            trade_state_desc: fields.text("trade_state_desc"),
            trade_type: fields.lenient("trade_type", parse::received),
            bank_type: fields.text("bank_type"),
            device_info: fields.text("device_info"),
            sub_order_list: fields.text("sub_order_list"),
        })
    }
}

/// 子单: a sub-order in WeChat Pay's state.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SubTransaction {
    /// 子单appid: appid of the sub-order.
    #[serde(default, deserialize_with = "received::option")]
    pub appid: Option<String>,
    /// 子单商户号: merchant that is paid.
    #[serde(alias = "mchid")]
    pub mch_id: String,
    /// 子单商户订单号: merchant order number of the sub-order.
    #[serde(deserialize_with = "received::text")]
    pub out_trade_no: OutTradeNo,
    /// 微信支付订单号: WeChat Pay's transaction ID, once the sub-order is paid.
    #[serde(default, deserialize_with = "received::option")]
    pub transaction_id: Option<TransactionId>,
    /// 用户标识: the payer's openid under the sub-order's appid.
    #[serde(default, deserialize_with = "text_if_any")]
    pub openid: Option<OpenId>,
    total_fee: Option<Fen>,
    #[serde(default, deserialize_with = "received::option")]
    fee_type: Option<String>,
    amount: Option<Amount>,
    /// 现金支付金额: amount paid without coupons, in fen.
    #[serde(default, deserialize_with = "amount_if_any")]
    pub cash_fee: Option<Fen>,
    /// 附加数据: your own data from the sub-order. If users typed it, escape it.
    #[serde(default, deserialize_with = "text_if_any")]
    pub attach: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    time_end: Option<String>,
}

/// A text that proves nothing: one of the wrong type or form must not hide a payment, and counts as absent. `received` has
/// the same for JSON that is not within a choice of two forms.
fn text_if_any<'de, D: Deserializer<'de>, T: Received>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let json = Value::deserialize(deserializer)?;
    Ok(json.as_str().filter(|text| !text.is_empty()).and_then(T::received))
}

/// Likewise, an amount.
fn amount_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fen>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_u64().map(Fen))
}

impl SubTransaction {
    /// 子单金额: amount of the sub-order, in fen.
    #[must_use]
    pub fn total_fee(&self) -> Option<Fen> {
        self.total_fee.or_else(|| self.amount.as_ref()?.total_amount)
    }

    /// 货币类型: currency. `None` means `CNY`.
    #[must_use]
    pub fn fee_type(&self) -> Option<&str> {
        self.fee_type.as_deref().or_else(|| self.amount.as_ref()?.currency.as_deref())
    }

    /// 支付完成时间: payment time.
    #[must_use]
    pub fn time_end(&self) -> Option<Time> {
        time(self.time_end.as_deref()?)
    }

    fn paid(&self, ordered: &SubOrder) -> Result<Paid, NotPaid> {
        if let Some(appid) = &self.appid {
            same("appid", appid.as_str(), ordered.appid.as_str())?;
        }
        same("fee_type", self.fee_type().unwrap_or("CNY"), ordered.fee_type.as_str())?;
        Claim {
            // Sub-orders are paid together or not at all.
            trade_state: &TradeState::Success,
            out_trade_no: &self.out_trade_no,
            transaction_id: self.transaction_id.as_ref(),
            total: ("total_fee", self.total_fee()),
            currency: None,
            success_time: Some(self.time_end().ok_or(NotPaid::Missing("time_end"))?),
        }
        .prove(ordered.total_fee)
    }
}

fn paid_sub_order(received: &[SubTransaction], ordered: &SubOrder) -> Result<Paid, NotPaid> {
    let is_ours = |sub: &&SubTransaction| {
        sub.mch_id == ordered.mch_id && sub.out_trade_no == ordered.out_trade_no
    };
    received
        .iter()
        .find(is_ours)
        .ok_or(NotPaid::Missing("the sub-order"))
        .and_then(|received| received.paid(ordered))
        .map_err(|reason| NotPaid::SubOrder {
            out_trade_no: ordered.out_trade_no.clone(),
            reason: Box::new(reason),
        })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SubOrderList {
    Counted { order_list: Vec<SubTransaction> },
    Bare(Vec<SubTransaction>),
}

/// The form of APIv3.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Amount {
    total_amount: Option<Fen>,
    #[serde(default, deserialize_with = "received::option")]
    currency: Option<String>,
}
