//! What queries and notifications say of a combined order.

use serde::Deserialize;

use crate::id::{OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::pay::{Payer, Promotion, TradeState, TradeType};
use crate::received;
use crate::time::Time;

/// A combined order as WeChat Pay sees it. All of its sub-orders are paid together, or none.
///
/// ```
/// use wechatpay::combine;
///
/// # use wechatpay::{Fen, combine::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let sub_order = |mchid, number: &str| {
/// #     number.parse().map(|number| SubOrder::new(mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::combine::Order::new(
/// #     sandbox.appid(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     sandbox.notify_url(),
/// # );
/// # wechatpay::combine::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay_combined("order-1")?;
/// let transaction = combine::query(signer, gateway, &order.combine_out_trade_no)?;
/// assert_eq!(transaction.sub_orders.len(), order.sub_orders.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Transaction {
    /// 合单商户应用ID.
    pub combine_appid: String,
    /// 合单商户号.
    pub combine_mchid: String,
    /// 合单商户订单号.
    #[serde(deserialize_with = "received::text")]
    pub combine_out_trade_no: OutTradeNo,
    /// 合单支付者信息.
    pub combine_payer_info: Option<Payer>,
    /// 商品单信息.
    #[serde(default, deserialize_with = "received::list")]
    pub sub_orders: Vec<SubTransaction>,
}

/// 商品单信息: one sub-order.
///
/// ```
/// use wechatpay::combine;
/// use wechatpay::pay::TradeState;
///
/// # use wechatpay::{Fen, combine::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let sub_order = |mchid, number: &str| {
/// #     number.parse().map(|number| SubOrder::new(mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::combine::Order::new(
/// #     sandbox.appid(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     sandbox.notify_url(),
/// # );
/// # wechatpay::combine::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay_combined("order-1")?;
/// let transaction = combine::query(signer, gateway, &order.combine_out_trade_no)?;
/// assert_eq!(transaction.sub_orders[0].trade_state, TradeState::Success);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SubTransaction {
    /// 商品单商户号.
    pub mchid: String,
    /// 子商户号, in partner mode.
    #[serde(default, deserialize_with = "received::option")]
    pub sub_mchid: Option<String>,
    /// 商品单订单号: your number of the sub-order.
    #[serde(deserialize_with = "received::text")]
    pub out_trade_no: OutTradeNo,
    /// 微信支付订单号, once there is one.
    #[serde(default, deserialize_with = "received::option")]
    pub transaction_id: Option<TransactionId>,
    /// 交易类型.
    #[serde(default, deserialize_with = "received::option")]
    pub trade_type: Option<TradeType>,
    /// 交易状态.
    pub trade_state: TradeState,
    /// 付款银行.
    #[serde(default, deserialize_with = "received::option")]
    pub bank_type: Option<String>,
    /// 商户数据包.
    #[serde(default, deserialize_with = "received::option")]
    pub attach: Option<String>,
    /// 支付完成时间.
    #[serde(default, deserialize_with = "received::option")]
    pub success_time: Option<Time>,
    /// 订单金额.
    pub amount: Option<Amount>,
    /// 优惠功能: the coupons that were used.
    #[serde(default, deserialize_with = "received::list")]
    pub promotion_detail: Vec<Promotion>,
}

/// 订单金额 of a sub-order, in fen.
///
/// ```
/// use wechatpay::combine;
///
/// # use wechatpay::{Fen, combine::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let sub_order = |mchid, number: &str| {
/// #     number.parse().map(|number| SubOrder::new(mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::combine::Order::new(
/// #     sandbox.appid(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     sandbox.notify_url(),
/// # );
/// # wechatpay::combine::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay_combined("order-1")?;
/// let transaction = combine::query(signer, gateway, &order.combine_out_trade_no)?;
/// let amount = transaction.sub_orders[0].amount.clone().unwrap_or_default();
/// assert_eq!(amount.total_amount, Some(Fen(10)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Amount {
    /// 标价金额: what was ordered.
    pub total_amount: Option<Fen>,
    /// 现金支付金额: the total less the coupons.
    pub payer_amount: Option<Fen>,
    /// 标价币种: CNY.
    #[serde(default, deserialize_with = "received::option")]
    pub currency: Option<String>,
    /// 现金支付币种.
    #[serde(default, deserialize_with = "received::option")]
    pub payer_currency: Option<String>,
    /// 结算汇率, times 10^8.
    pub settlement_rate: Option<u64>,
}
