//! 合单交易: the state of a combined order, as queries and notifications return it.

use serde::{Deserialize, Serialize};

use crate::id::{OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::pay::{Payer, Promotion, TradeState, TradeType};
use crate::received;
use crate::time::Time;

/// 合单交易: a combined order as WeChat Pay sees it. All of its sub-orders are paid, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Transaction {
    /// 合单商户应用ID: the appid of the combined order.
    pub combine_appid: String,
    /// 合单商户号: the merchant that placed the combined order.
    pub combine_mchid: String,
    /// 合单商户订单号: merchant order number of the combined order.
    #[serde(deserialize_with = "received::text")]
    pub combine_out_trade_no: OutTradeNo,
    /// 合单支付者信息: the user who paid.
    #[serde(default, deserialize_with = "received::lenient")]
    pub combine_payer_info: Option<Payer>,
    /// 商品单信息: the sub-orders.
    #[serde(default, deserialize_with = "received::list")]
    pub sub_orders: Vec<SubTransaction>,
}

/// 商品单信息: a sub-order as WeChat Pay sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubTransaction {
    /// 商品单商户号: the merchant of the sub-order.
    pub mchid: String,
    /// 子商户号: the sub-merchant's number, in partner mode.
    #[serde(default, deserialize_with = "received::option")]
    pub sub_mchid: Option<String>,
    /// 商品单订单号: merchant order number of the sub-order.
    #[serde(deserialize_with = "received::text")]
    pub out_trade_no: OutTradeNo,
    /// 微信支付订单号: WeChat Pay's transaction ID, once the order is paid.
    #[serde(default, deserialize_with = "received::option")]
    pub transaction_id: Option<TransactionId>,
    /// 交易类型: what the payer pays in.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub trade_type: Option<TradeType>,
    /// 交易状态: state of the sub-order.
    pub trade_state: TradeState,
    /// 付款银行: the payer's bank.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub bank_type: Option<String>,
    /// 商户数据包: the sub-order's own data. It may contain user input: escape it.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub attach: Option<String>,
    /// 支付完成时间: time of the payment.
    #[serde(default, deserialize_with = "received::option")]
    pub success_time: Option<Time>,
    /// 订单金额: amounts of the sub-order.
    pub amount: Option<Amount>,
    /// 优惠功能: the coupons that were used.
    #[serde(default, deserialize_with = "received::lenient_list")]
    pub promotion_detail: Vec<Promotion>,
}

/// 订单金额: amounts of a sub-order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Amount {
    /// 标价金额: what was ordered, in fen.
    pub total_amount: Option<Fen>,
    /// 现金支付金额: the total minus coupons, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub payer_amount: Option<Fen>,
    /// 标价币种: currency, CNY.
    #[serde(default, deserialize_with = "received::option")]
    pub currency: Option<String>,
    /// 现金支付币种: currency that the payer paid in.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub payer_currency: Option<String>,
    /// 结算汇率: settlement rate, times 10^8.
    #[serde(default, deserialize_with = "received::lenient")]
    pub settlement_rate: Option<u64>,
}
