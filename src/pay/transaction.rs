//! 交易: the state of an order, as queries and notifications return it.

use serde::{Deserialize, Serialize};

use crate::id::{OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::pay::payer::Payer;
use crate::received;
use crate::time::Time;

/// 交易: an order as WeChat Pay sees it, from a [query](crate::pay::query) or a
/// [notification](crate::notify); the same structure in both.
///
/// Many fields are present only once the order is paid. Only [`paid`](Self::paid) proves that it is. A field
/// that is no part of this proof is `None` if it is absent or not as documented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Transaction {
    #[serde(default, deserialize_with = "received::option")]
    pub(super) appid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    pub(super) mchid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    pub(super) sp_appid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    pub(super) sp_mchid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    pub(super) sub_appid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    pub(super) sub_mchid: Option<String>,
    /// 商户订单号: merchant order number.
    #[serde(deserialize_with = "received::text")]
    pub out_trade_no: OutTradeNo,
    /// 微信支付订单号: WeChat Pay's transaction ID, once the order is paid.
    #[serde(default, deserialize_with = "received::option")]
    pub transaction_id: Option<TransactionId>,
    /// 交易类型: what the payer pays in.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub trade_type: Option<TradeType>,
    /// 交易状态: state of the order.
    pub trade_state: TradeState,
    /// 交易状态描述: description of the state, for people.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub trade_state_desc: Option<String>,
    /// 银行类型: the payer's bank, one of more than two hundred codes such as `CMB_CREDIT`, or `OTHERS`.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub bank_type: Option<String>,
    /// 商户数据包: the order's own data, once it is paid. It may contain user input: escape it.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub attach: Option<String>,
    /// 支付完成时间: time of the payment.
    #[serde(default, deserialize_with = "received::option")]
    pub success_time: Option<Time>,
    /// 支付者: the user who paid.
    #[serde(default, deserialize_with = "received::lenient")]
    pub payer: Option<Payer>,
    /// 订单金额: amounts of the order.
    pub amount: Option<Amount>,
    #[serde(default, deserialize_with = "received::lenient")]
    scene_info: Option<Device>,
    /// 优惠功能: the coupons that were used.
    #[serde(default, deserialize_with = "received::lenient_list")]
    pub promotion_detail: Vec<Promotion>,
}

impl Transaction {
    /// 应用ID: the appid of the order; in partner mode the partner's (服务商应用ID).
    #[must_use]
    pub fn appid(&self) -> Option<&str> {
        self.appid.as_deref().or(self.sp_appid.as_deref())
    }

    /// 商户号: the merchant that placed the order; in partner mode the partner (服务商户号).
    #[must_use]
    pub fn mchid(&self) -> Option<&str> {
        self.mchid.as_deref().or(self.sp_mchid.as_deref())
    }

    /// 子商户应用ID: the sub-merchant's appid, in partner mode.
    #[must_use]
    pub fn sub_appid(&self) -> Option<&str> {
        self.sub_appid.as_deref()
    }

    /// 子商户号: the sub-merchant's number, in partner mode.
    #[must_use]
    pub fn sub_mchid(&self) -> Option<&str> {
        self.sub_mchid.as_deref()
    }

    /// 商户端设备号: the merchant's device, from the order's scene.
    #[must_use]
    pub fn device_id(&self) -> Option<&str> {
        self.scene_info.as_ref()?.device_id.as_deref()
    }
}

open_set! {
    /// 交易状态: state of an order.
    pay::TradeState {
        /// 支付成功: paid.
        Success = "SUCCESS",
        /// 转入退款: paid, and a refund was requested; query the refund.
        Refund = "REFUND",
        /// 未支付: not paid yet; not final.
        NotPay = "NOTPAY",
        /// 已关闭: can no longer be paid.
        Closed = "CLOSED",
        /// 已撤销: revoked; code payments only.
        Revoked = "REVOKED",
        /// 用户支付中: the user is paying; code payments only.
        UserPaying = "USERPAYING",
        /// 支付失败: payment failed; code payments only.
        PayError = "PAYERROR",
        /// 已接收，等待扣款: accepted, waiting for the debit.
        Accept = "ACCEPT",
    }
}

open_set! {
    /// 交易类型: what an order is paid in.
    pay::TradeType {
        /// 公众号支付 and 小程序支付: on a page within WeChat, or in a mini-program.
        Jsapi = "JSAPI",
        /// 扫码支付: by scanning a QR code.
        Native = "NATIVE",
        /// APP支付: in the merchant's app.
        App = "APP",
        /// H5支付: from a browser; WeChat Pay calls it MWEB here.
        H5 = "MWEB",
        /// 付款码支付: the merchant scans the payer's code.
        Micropay = "MICROPAY",
        /// 刷脸支付: face payment.
        Facepay = "FACEPAY",
    }
}

/// 订单金额: amounts of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Amount {
    /// 总金额: what was ordered, in fen.
    pub total: Option<Fen>,
    /// 用户支付金额: the total minus coupons, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub payer_total: Option<Fen>,
    /// 货币类型: currency, CNY.
    #[serde(default, deserialize_with = "received::option")]
    pub currency: Option<String>,
    /// 用户支付币种: currency that the payer paid in.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub payer_currency: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Device {
    #[serde(default, deserialize_with = "received::lenient_text")]
    device_id: Option<String>,
}

/// 优惠功能: a coupon that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Promotion {
    /// 券ID: coupon ID.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub coupon_id: Option<String>,
    /// 优惠名称: name of the coupon.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub name: Option<String>,
    /// 优惠范围: scope, `GLOBAL` (the order) or `SINGLE` (single items).
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub scope: Option<String>,
    /// 优惠类型: type, `CASH` (prepaid, 预充值) or `NOCASH` (免充值).
    #[serde(default, rename = "type", deserialize_with = "received::lenient_text")]
    pub r#type: Option<String>,
    /// 优惠券面额: amount of the coupon, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub amount: Option<Fen>,
    /// 活动ID: ID of the campaign.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub stock_id: Option<String>,
    /// 微信出资: WeChat Pay's contribution, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub wechatpay_contribute: Option<Fen>,
    /// 商户出资: the merchant's contribution, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub merchant_contribute: Option<Fen>,
    /// 其他出资: contribution of others, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub other_contribute: Option<Fen>,
    /// 优惠币种: currency of the coupon.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub currency: Option<String>,
    /// 单品列表: the items, for coupons on single items.
    #[serde(default, deserialize_with = "received::lenient_list")]
    pub goods_detail: Vec<DiscountedGoods>,
}

/// 单品: an item that a coupon was used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DiscountedGoods {
    /// 商品编码: item number.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub goods_id: Option<String>,
    /// 商品数量: quantity.
    #[serde(default, deserialize_with = "received::lenient")]
    pub quantity: Option<u64>,
    /// 商品单价: the price of one, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub unit_price: Option<Fen>,
    /// 商品优惠金额: discount, in fen.
    #[serde(default, deserialize_with = "received::lenient")]
    pub discount_amount: Option<Fen>,
    /// 商品备注: remark.
    #[serde(default, deserialize_with = "received::lenient_text")]
    pub goods_remark: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpaid_order_may_have_empty_values() {
        let least = r#"{"appid":"wx1","mchid":"19","out_trade_no":"1217752501201407033233368018",
            "trade_state":"NOTPAY","trade_state_desc":"订单未支付"}"#;
        let empty = r#"{"amount":{"payer_currency":"CNY","total":1},"appid":"wx1","mchid":"19",
            "attach":"","bank_type":"","out_trade_no":"1217752501201407033233368018","payer":{},
            "promotion_detail":[],"scene_info":{"device_id":""},"success_time":"","trade_type":"",
            "trade_state":"NOTPAY","trade_state_desc":"订单未支付","transaction_id":""}"#;
        let null = r#"{"amount":null,"appid":"wx1","mchid":"19","attach":null,"payer":null,
            "out_trade_no":"1217752501201407033233368018","promotion_detail":null,
            "scene_info":null,"success_time":null,"trade_state":"NOTPAY","transaction_id":null}"#;
        for text in [least, empty, null] {
            let transaction: Transaction = serde_json::from_str(text).unwrap();
            assert_eq!(transaction.trade_state, TradeState::NotPay);
            assert_eq!(transaction.transaction_id, None);
            assert_eq!((transaction.attach, transaction.success_time), (None, None));
            assert_eq!(transaction.promotion_detail, []);
        }
    }

    #[test]
    fn names_of_both_modes_may_come_together() {
        let text = r#"{"appid":"","mchid":"","sp_appid":"wx1","sp_mchid":"19","sub_mchid":"20",
            "out_trade_no":"order-1","trade_state":"NOTPAY",
            "payer":{"openid":"","sp_openid":"o1","sub_openid":"o2"}}"#;
        let transaction: Transaction = serde_json::from_str(text).unwrap();
        assert_eq!((transaction.appid(), transaction.mchid()), (Some("wx1"), Some("19")));
        let payer = transaction.payer.unwrap();
        assert_eq!(payer.openid.unwrap().as_str(), "o1");
        assert_eq!(payer.sub_openid.unwrap().as_str(), "o2");
    }

    #[test]
    fn member_of_wrong_type_is_an_error() {
        let with = |member: &str| {
            let text = format!(
                r#"{{"appid":"wx1","mchid":"19","out_trade_no":"order-1",
                "trade_state":"SUCCESS",{member}}}"#
            );
            serde_json::from_str::<Transaction>(&text)
        };
        assert!(with(r#""attach":"x""#).is_ok());
        for wrong in [
            r#""transaction_id":4200000015201711256947025404"#,
            r#""success_time":"yesterday""#,
            r#""success_time":1722850421"#,
            r#""amount":{"total":"100"}"#,
            r#""amount":{"total":100.0}"#,
            r#""amount":[]"#,
            r#""amount":{"currency":156}"#,
            r#""sub_mchid":7"#,
            r#""trade_state":"SUCCESS""#,
        ] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    /// Each of these once made a paid order unreadable.
    #[test]
    fn member_that_proves_nothing_may_have_any_form() {
        let with = |member: &str| -> Transaction {
            let text = format!(
                r#"{{"appid":"wx1","mchid":"19","out_trade_no":"order-1","trade_state":"SUCCESS",{member}}}"#
            );
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{member}: {error}"))
        };
        let plain = with(r#""bank_type":"""#);
        for member in [
            r#""attach":7"#,
            r#""trade_type":{"x":[1]}"#,
            r#""trade_state_desc":["x"]"#,
            r#""bank_type":null"#,
            r#""payer":"o""#,
            r#""scene_info":7"#,
            r#""promotion_detail":{}"#,
            r#""promotion_detail":"[]""#,
            r#""promotion_detail":[7,null]"#,
        ] {
            assert_eq!(with(member), plain, "{member}");
        }
        let openid = with(r#""payer":{"openid":"o\t1","sub_openid":"o2"}"#).payer.unwrap();
        assert_eq!((openid.openid, openid.sub_openid.unwrap().as_str()), (None, "o2"));
        let amount = with(r#""amount":{"total":1,"payer_total":"1","payer_currency":1}"#).amount;
        assert_eq!(amount, Some(Amount { total: Some(Fen(1)), ..Amount::default() }));
        let coupons = with(
            r#""promotion_detail":[{"amount":5,"goods_detail":[{"goods_id":"M1","quantity":"1"},7]},
                {"coupon_id":"109519","amount":"5","goods_detail":{}}]"#,
        )
        .promotion_detail;
        assert_eq!((coupons[0].amount, &coupons[0].coupon_id), (Some(Fen(5)), &None));
        let goods = &coupons[0].goods_detail;
        assert_eq!((goods.len(), goods[0].goods_id.as_deref()), (1, Some("M1")));
        assert_eq!((goods[0].quantity, goods[0].unit_price), (None, None));
        assert_eq!((coupons[1].amount, coupons[1].coupon_id.as_deref()), (None, Some("109519")));
    }

    #[test]
    fn numbers_of_other_forms_are_accepted() {
        let with = |number: &str| {
            let text = format!(
                r#"{{"appid":"wx1","mchid":"19","out_trade_no":"{number}","trade_state":"SUCCESS",
                "transaction_id":"{number}","payer":{{"openid":"{number}"}}}}"#
            );
            serde_json::from_str::<Transaction>(&text)
        };
        // APIv2 accepted order numbers of two characters, and with @ among others.
        for number in ["a3", "shop@2015.1", &"9".repeat(200)] {
            let transaction = with(number).unwrap();
            assert_eq!(transaction.out_trade_no.as_str(), number);
            assert_eq!(transaction.transaction_id.unwrap().as_str(), number);
            assert_eq!(transaction.payer.unwrap().openid.unwrap().as_str(), number);
        }
        for wrong in ["", "a b", "a\\nb", "订单号"] {
            assert!(with(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn unknown_words_and_members_are_accepted() {
        let text = r#"{"appid":"wx1","mchid":"19","out_trade_no":"order-1","new":{"x":[1]},
            "trade_state":"FROZEN","trade_type":"PALM","bank_type":"CMC"}"#;
        let transaction: Transaction = serde_json::from_str(text).unwrap();
        assert_eq!(transaction.trade_state, TradeState::Other("FROZEN".into()));
        assert_eq!(transaction.trade_type.unwrap().as_str(), "PALM");
        assert_eq!(TradeType::from("MWEB".to_owned()), TradeType::H5);
    }
}
