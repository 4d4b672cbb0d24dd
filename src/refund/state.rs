//! 退款状态: the state of a refund, as responses and notifications return it.

use serde::{Deserialize, Serialize};

use crate::id::{OutRefundNo, OutTradeNo, RefundId, TransactionId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::received;
use crate::refund::request::{FundsAccount, GoodsDetail, RefundFrom};
use crate::time::Time;

/// 退款: a refund as WeChat Pay sees it, from [`apply`](crate::refund::apply), [`query`](crate::refund::query) or a
/// [notification](crate::notify); the same structure in all of them, though a notification has fewer fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// 微信支付退款单号: WeChat Pay's refund number.
    #[serde(deserialize_with = "received::text")]
    pub refund_id: RefundId,
    /// 商户退款单号: merchant refund number.
    #[serde(deserialize_with = "received::text")]
    pub out_refund_no: OutRefundNo,
    /// 微信支付订单号: WeChat Pay's transaction ID of the payment.
    #[serde(deserialize_with = "received::text")]
    pub transaction_id: TransactionId,
    /// 商户订单号: merchant order number.
    #[serde(deserialize_with = "received::text")]
    pub out_trade_no: OutTradeNo,
    /// 退款状态: state of the refund, which notifications call `refund_status`.
    #[serde(alias = "refund_status")]
    pub status: Status,
    /// 退款渠道: how the money is returned.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub channel: Option<Channel>,
    /// 退款入账账户: the account that receives the money, as text for people.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub user_received_account: Option<String>,
    /// 退款成功时间: time of success, once the money was returned.
    #[serde(default, deserialize_with = "received::option")]
    pub success_time: Option<Time>,
    /// 退款创建时间: time of the request.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub create_time: Option<Time>,
    /// 资金账户: the account that the money comes from.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub funds_account: Option<FundsAccount>,
    /// 金额信息: amounts of the refund.
    pub amount: Amount,
    /// 优惠退款信息: the coupons that are refunded.
    #[serde(default, deserialize_with = "received::lenient_list")]
    pub promotion_detail: Vec<Promotion>,
    #[serde(default, deserialize_with = "received::option")]
    mchid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    sp_mchid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    sub_mchid: Option<String>,
}

impl State {
    /// 商户号: the merchant that placed the order; in partner mode the partner (服务商户号). Only notifications
    /// have it.
    #[must_use]
    pub fn mchid(&self) -> Option<&str> {
        self.mchid.as_deref().or(self.sp_mchid.as_deref())
    }

    /// 子商户号: the sub-merchant's number, in notifications of partner mode.
    #[must_use]
    pub fn sub_mchid(&self) -> Option<&str> {
        self.sub_mchid.as_deref()
    }
}

open_set! {
    /// 退款状态: state of a refund. An accepted refund is [`Processing`](Self::Processing); only
    /// [`Success`](Self::Success) means that the money was returned.
    refund::Status {
        /// 退款成功: the money was returned.
        Success = "SUCCESS",
        /// 退款关闭: nothing will be refunded under this refund number.
        Closed = "CLOSED",
        /// 退款处理中: accepted and in progress.
        Processing = "PROCESSING",
        /// 退款异常: the payer's account cannot receive it; see
        /// [`apply_abnormal`](crate::refund::apply_abnormal).
        Abnormal = "ABNORMAL",
    }
}

open_set! {
    /// 退款渠道: how the money is returned.
    refund::Channel {
        /// 原路退款: the way it was paid.
        Original = "ORIGINAL",
        /// 退回到余额: to the payer's balance.
        Balance = "BALANCE",
        /// 原账户异常退到其他余额账户: to another balance, because the account is abnormal.
        OtherBalance = "OTHER_BALANCE",
        /// 原银行卡异常退到其他银行卡: to another bank card, because the card is abnormal.
        OtherBankCard = "OTHER_BANKCARD",
    }
}

/// 金额信息: amounts of a refund, in fen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Amount {
    /// 订单金额: the total of the order.
    pub total: Fen,
    /// 退款金额: the amount of the refund.
    pub refund: Fen,
    /// 用户支付金额: what the payer paid in cash.
    pub payer_total: Fen,
    /// 用户退款金额: what the payer gets back in cash.
    pub payer_refund: Fen,
    /// 应结退款金额: the refund without non-prepaid coupons (免充值).
    #[serde(default, deserialize_with = "received::lenient")]
    pub settlement_refund: Option<Fen>,
    /// 应结订单金额: the total without non-prepaid coupons (免充值).
    #[serde(default, deserialize_with = "received::lenient")]
    pub settlement_total: Option<Fen>,
    /// 优惠退款金额: the part of the refund that coupons paid.
    #[serde(default, deserialize_with = "received::lenient")]
    pub discount_refund: Option<Fen>,
    /// 退款币种: currency, CNY.
    #[serde(default, deserialize_with = "received::option")]
    pub currency: Option<String>,
    /// 手续费退款金额: the commission that is returned.
    #[serde(default, deserialize_with = "received::lenient")]
    pub refund_fee: Option<Fen>,
    /// 退款出资账户及金额: the accounts and amounts, if the request named any.
    #[serde(default, deserialize_with = "received::lenient_list")]
    pub from: Vec<RefundFrom>,
}

/// 优惠退款信息: a coupon of the order that is refunded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Promotion {
    /// 券ID: coupon ID.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub promotion_id: Option<String>,
    /// 优惠范围: scope, `GLOBAL` (the order) or `SINGLE` (single items).
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub scope: Option<String>,
    /// 优惠类型: type; the documents have `CASH`, `NOCASH`, `COUPON` and `DISCOUNT`.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub r#type: Option<String>,
    /// 优惠券面额: amount of the coupon, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub amount: Option<Fen>,
    /// 优惠退款金额: the amount that is refunded, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub refund_amount: Option<Fen>,
    /// 商品列表: the items.
    #[serde(default, deserialize_with = "received::lenient_list")]
    pub goods_detail: Vec<GoodsDetail>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_and_notification_have_one_structure() {
        let response = r#"{"refund_id":"50000000382019052709732678859","out_refund_no":"r-1",
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
        let response: State = serde_json::from_str(response).unwrap();
        let notification: State = serde_json::from_str(notification).unwrap();
        assert_eq!((response.mchid(), notification.mchid()), (None, Some("1900000100")));
        assert_eq!((response.status, notification.status), (Status::Processing, Status::Success));
        assert_eq!(response.refund_id, notification.refund_id);
        assert_eq!(response.channel, Some(Channel::Original));
        assert_eq!(response.promotion_detail[0].goods_detail[0].refund_quantity, 1);
    }

    #[test]
    fn success_time_of_refund_in_progress_is_none() {
        let with = |success_time: &str| {
            let response = format!(
                r#"{{"refund_id":"50","out_refund_no":"r-1","transaction_id":"42",
                "out_trade_no":"order-1","status":"PROCESSING","success_time":{success_time},
                "create_time":"2021-02-01T15:13:10+08:00",
                "amount":{{"total":1,"refund":1,"payer_total":1,"payer_refund":1}}}}"#
            );
            serde_json::from_str::<State>(&response)
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
    fn partner_notification_names_both_merchants() {
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

    #[test]
    fn fields_outside_the_refund_result_may_have_any_form() {
        let with = |members: &str| {
            let text = format!(
                r#"{{"refund_id":"50","out_refund_no":"r-1","transaction_id":"42",
                "out_trade_no":"order-1","status":"SUCCESS",{members}}}"#
            );
            serde_json::from_str::<State>(&text)
        };
        let amount = r#""amount":{"total":1,"refund":1,"payer_total":1,"payer_refund":1}"#;
        let plain = with(amount).unwrap();
        for member in [
            r#""channel":7"#,
            r#""user_received_account":{}"#,
            r#""create_time":"soon""#,
            r#""funds_account":[]"#,
            r#""promotion_detail":{}"#,
        ] {
            assert_eq!(with(&format!("{member},{amount}")).unwrap(), plain, "{member}");
        }
        let coupon = with(&format!(r#""promotion_detail":[{{"amount":1}}],{amount}"#)).unwrap();
        assert_eq!(coupon.promotion_detail[0].amount, Some(Fen(1)));
        for wrong in [
            r#""amount":{"total":1,"payer_total":1,"payer_refund":1}"#,
            r#""amount":{"total":"1","refund":1,"payer_total":1,"payer_refund":1}"#,
            r#""amount":null"#,
        ] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }
}
