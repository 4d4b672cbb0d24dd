//! What queries and notifications say of a combined order.

use serde::Deserialize;

use crate::id::{OpenId, OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::pay::paid::{Claim, NotPaid, Paid, same};
use crate::pay::{TradeState, TradeType};
use crate::received;
use crate::time::Time;
use crate::v2::combined::{CombinedOrder, SubOrder};
use crate::v2::fields::{Fields, Malformed, checked, json, time};
use crate::v2::transaction::notified_state;

/// A combined order as WeChat Pay sees it, from [`query_combined`](crate::v2::query_combined) or a
/// [notification](crate::v2::notify). All of its sub-orders are paid together, or none.
///
/// ```
/// use wechatpay::v2;
///
/// # use wechatpay::{Fen, v2::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let appid = sandbox.appid();
/// # let sub_order = |mchid, number: &str| {
/// #     let appid = appid.clone();
/// #     number.parse().map(|number| SubOrder::new(appid, mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::v2::CombinedOrder::new(
/// #     appid.clone(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     "14.23.150.211".parse()?,
/// #     sandbox.notify_url(),
/// # );
/// # wechatpay::v2::combined_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay_combined("order-1")?;
/// let number = &order.combine_out_trade_no;
/// let transaction = v2::query_combined(signer, gateway, &order.combine_appid, number)?;
/// assert_eq!(transaction.sub_orders().unwrap_or_default().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CombinedTransaction {
    /// 合单appid.
    pub combine_appid: Option<String>,
    /// 合单商户号.
    pub combine_mch_id: Option<String>,
    /// 合单商户订单号: your number of the whole.
    pub combine_out_trade_no: OutTradeNo,
    /// 合单用户标识.
    pub combine_openid: Option<OpenId>,
    /// 交易状态 of the whole, where a query says it. A notification has none: it is
    /// [`TradeState::Success`] there, or [`TradeState::PayError`] if its `result_code` is FAIL.
    pub trade_state: Option<TradeState>,
    /// 交易状态描述, for people.
    pub trade_state_desc: Option<String>,
    /// 交易类型.
    pub trade_type: Option<TradeType>,
    /// 付款银行.
    pub bank_type: Option<String>,
    /// 设备号 of the order.
    pub device_info: Option<String>,
    /// 子单信息, as the JSON that was received; [`sub_orders`](Self::sub_orders) reads it.
    pub sub_order_list: Option<String>,
}

impl CombinedTransaction {
    /// The sub-orders; `None` if there is no list, or one of a shape that is not known. The
    /// documents contradict each other about its names: those of APIv2 and those of APIv3 are read.
    #[must_use]
    pub fn sub_orders(&self) -> Option<Vec<SubTransaction>> {
        match json(self.sub_order_list.as_deref()?)? {
            SubOrderList::Counted { order_list } | SubOrderList::Bare(order_list) => {
                Some(order_list)
            }
        }
    }

    /// Proves that this combined order of this merchant is paid, each of its sub-orders: state,
    /// merchants, appids, numbers, amounts and currencies are compared. Yields a [`Paid`] for each
    /// sub-order, in the order of `order`.
    ///
    /// # Errors
    /// [`NotPaid`] names what differs, and in which sub-order.
    pub fn paid(&self, combine_mch_id: &str, order: &CombinedOrder) -> Result<Vec<Paid>, NotPaid> {
        same("combine_mch_id", self.combine_mch_id.as_deref(), Some(combine_mch_id))?;
        let appid = order.combine_appid.as_str();
        same("combine_appid", self.combine_appid.as_deref(), Some(appid))?;
        same("combine_out_trade_no", &self.combine_out_trade_no, &order.combine_out_trade_no)?;
        match &self.trade_state {
            None => return Err(NotPaid::Missing("trade_state")),
            Some(TradeState::Success) => {}
            Some(state) => return Err(NotPaid::State(state.clone())),
        }
        let theirs = self.sub_orders().ok_or(NotPaid::Missing("sub_order_list"))?;
        same("the number of sub-orders", theirs.len(), order.sub_orders.len())?;
        order.sub_orders.iter().map(|ours| paid_part(&theirs, ours)).collect()
    }

    pub(super) fn of_query(fields: &Fields) -> Result<Self, Malformed> {
        Self::read(fields, fields.optional("trade_state", checked)?)
    }

    pub(super) fn of_notification(fields: &Fields) -> Result<Self, Malformed> {
        Self::read(fields, Some(notified_state(fields)?))
    }

    fn read(fields: &Fields, trade_state: Option<TradeState>) -> Result<Self, Malformed> {
        Ok(Self {
            combine_appid: fields.text("combine_appid"),
            combine_mch_id: fields.text("combine_mch_id"),
            combine_out_trade_no: fields.required("combine_out_trade_no", checked)?,
            combine_openid: fields.optional("combine_openid", checked)?,
            trade_state,
            trade_state_desc: fields.text("trade_state_desc"),
            trade_type: fields.optional("trade_type", checked)?,
            bank_type: fields.text("bank_type"),
            device_info: fields.text("device_info"),
            sub_order_list: fields.text("sub_order_list"),
        })
    }
}

/// 子单: one of the orders that are paid at once.
///
/// ```
/// # use wechatpay::v2;
/// # use wechatpay::{Fen, v2::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let appid = sandbox.appid();
/// # let sub_order = |mchid, number: &str| {
/// #     let appid = appid.clone();
/// #     number.parse().map(|number| SubOrder::new(appid, mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::v2::CombinedOrder::new(
/// #     appid.clone(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     "14.23.150.211".parse()?,
/// #     sandbox.notify_url(),
/// # );
/// # wechatpay::v2::combined_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay_combined("order-1")?;
/// # let number = &order.combine_out_trade_no;
/// # let transaction = v2::query_combined(signer, gateway, &order.combine_appid, number)?;
/// for sub_order in transaction.sub_orders().unwrap_or_default() {
///     println!("{} goes to {}", sub_order.out_trade_no, sub_order.mch_id);
/// #     assert!(sub_order.transaction_id.is_some());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SubTransaction {
    /// 子单appid.
    #[serde(default, deserialize_with = "received::option")]
    pub appid: Option<String>,
    /// 子单商户号: who is paid.
    #[serde(alias = "mchid")]
    pub mch_id: String,
    /// 子单商户订单号: your number of the sub-order.
    #[serde(deserialize_with = "received::text")]
    pub out_trade_no: OutTradeNo,
    /// 微信支付订单号, once there is one.
    #[serde(default, deserialize_with = "received::option")]
    pub transaction_id: Option<TransactionId>,
    /// 用户标识 under the sub-order's appid.
    #[serde(default, deserialize_with = "received::option")]
    pub openid: Option<OpenId>,
    total_fee: Option<Fen>,
    #[serde(default, deserialize_with = "received::option")]
    fee_type: Option<String>,
    amount: Option<Amount>,
    /// 现金支付金额, in fen.
    pub cash_fee: Option<Fen>,
    /// 附加数据 of the sub-order. It may hold what users typed: escape it.
    #[serde(default, deserialize_with = "received::option")]
    pub attach: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    time_end: Option<String>,
}

impl SubTransaction {
    /// 子单金额, in fen: what was ordered.
    #[must_use]
    pub fn total_fee(&self) -> Option<Fen> {
        self.total_fee.or_else(|| self.amount.as_ref()?.total_amount)
    }

    /// 货币类型; none means `CNY`.
    #[must_use]
    pub fn fee_type(&self) -> Option<&str> {
        self.fee_type.as_deref().or_else(|| self.amount.as_ref()?.currency.as_deref())
    }

    /// 支付完成时间.
    #[must_use]
    pub fn time_end(&self) -> Option<Time> {
        time(self.time_end.as_deref()?)
    }

    fn paid(&self, ours: &SubOrder) -> Result<Paid, NotPaid> {
        if let Some(appid) = &self.appid {
            same("appid", appid.as_str(), ours.appid.as_str())?;
        }
        same("fee_type", self.fee_type().unwrap_or("CNY"), ours.fee_type.as_str())?;
        Claim {
            // The whole is paid or nothing of it.
            trade_state: &TradeState::Success,
            out_trade_no: &self.out_trade_no,
            transaction_id: self.transaction_id.as_ref(),
            total: ("total_fee", self.total_fee()),
            currency: None,
            success_time: Some(self.time_end().ok_or(NotPaid::Missing("time_end"))?),
        }
        .prove(ours.total_fee)
    }
}

fn paid_part(theirs: &[SubTransaction], ours: &SubOrder) -> Result<Paid, NotPaid> {
    let is_ours =
        |sub: &&SubTransaction| sub.mch_id == ours.mch_id && sub.out_trade_no == ours.out_trade_no;
    theirs
        .iter()
        .find(is_ours)
        .ok_or(NotPaid::Missing("the sub-order"))
        .and_then(|theirs| theirs.paid(ours))
        .map_err(|reason| NotPaid::SubOrder {
            out_trade_no: ours.out_trade_no.clone(),
            reason: Box::new(reason),
        })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SubOrderList {
    Counted { order_list: Vec<SubTransaction> },
    Bare(Vec<SubTransaction>),
}

/// As APIv3 names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Amount {
    total_amount: Option<Fen>,
    #[serde(default, deserialize_with = "received::option")]
    currency: Option<String>,
}
