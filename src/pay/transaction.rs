//! What queries and notifications say of an order.

use serde::Deserialize;

use crate::id::{OpenId, OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::received;
use crate::time::Time;

/// An order as WeChat Pay sees it, from a [query](crate::pay::query) or a
/// [notification](crate::notify); the same shape in both.
///
/// Much of it is there only once the order is paid. That it is paid is proved by
/// [`paid`](Self::paid) alone.
///
/// ```
/// use wechatpay::pay::{self, TradeState};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// assert_eq!(transaction.trade_state, TradeState::NotPay);
/// assert_eq!(transaction.transaction_id, None); // There is none before the payment.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
    /// 商户订单号: your number of the order.
    #[serde(deserialize_with = "received::text")]
    pub out_trade_no: OutTradeNo,
    /// 微信支付订单号: WeChat Pay's number of the payment, once there is one.
    #[serde(default, deserialize_with = "received::option")]
    pub transaction_id: Option<TransactionId>,
    /// 交易类型.
    #[serde(default, deserialize_with = "received::option")]
    pub trade_type: Option<TradeType>,
    /// 交易状态.
    pub trade_state: TradeState,
    /// 交易状态描述, for people.
    #[serde(default, deserialize_with = "received::option")]
    pub trade_state_desc: Option<String>,
    /// 银行类型: more than two hundred words, such as `CMB_CREDIT`, and `OTHERS`.
    #[serde(default, deserialize_with = "received::option")]
    pub bank_type: Option<String>,
    /// 商户数据包 of the order, once it is paid. It may hold what users typed: escape it.
    #[serde(default, deserialize_with = "received::option")]
    pub attach: Option<String>,
    /// 支付完成时间.
    #[serde(default, deserialize_with = "received::option")]
    pub success_time: Option<Time>,
    /// 支付者.
    pub payer: Option<Payer>,
    /// 订单金额.
    pub amount: Option<Amount>,
    scene_info: Option<SceneInfo>,
    /// 优惠功能: the coupons that were used.
    #[serde(default, deserialize_with = "received::list")]
    pub promotion_detail: Vec<Promotion>,
}

impl Transaction {
    /// The appid of the order: 应用ID, or 服务商应用ID in partner mode.
    #[must_use]
    pub fn appid(&self) -> Option<&str> {
        self.appid.as_deref().or(self.sp_appid.as_deref())
    }

    /// The merchant who placed the order: 商户号, or 服务商户号 in partner mode.
    #[must_use]
    pub fn mchid(&self) -> Option<&str> {
        self.mchid.as_deref().or(self.sp_mchid.as_deref())
    }

    /// 子商户应用ID, in partner mode.
    #[must_use]
    pub fn sub_appid(&self) -> Option<&str> {
        self.sub_appid.as_deref()
    }

    /// 子商户号, in partner mode.
    #[must_use]
    pub fn sub_mchid(&self) -> Option<&str> {
        self.sub_mchid.as_deref()
    }

    /// 商户端设备号 of the order's scene.
    #[must_use]
    pub fn device_id(&self) -> Option<&str> {
        self.scene_info.as_ref()?.device_id.as_deref()
    }
}

open_set! {
    /// 交易状态.
    pay::TradeState {
        /// 支付成功: paid.
        Success = "SUCCESS",
        /// 转入退款: paid, and a refund was asked for; see its own state.
        Refund = "REFUND",
        /// 未支付: not paid yet, which is not final.
        NotPay = "NOTPAY",
        /// 已关闭: can no longer be paid.
        Closed = "CLOSED",
        /// 已撤销, of code payments only.
        Revoked = "REVOKED",
        /// 用户支付中, of code payments only.
        UserPaying = "USERPAYING",
        /// 支付失败, of code payments only.
        PayError = "PAYERROR",
        /// 已接收，等待扣款.
        Accept = "ACCEPT",
    }
}

open_set! {
    /// 交易类型.
    pay::TradeType {
        /// 公众号支付 and 小程序支付.
        Jsapi = "JSAPI",
        /// 扫码支付.
        Native = "NATIVE",
        /// APP支付.
        App = "APP",
        /// H5支付, which WeChat Pay calls MWEB here.
        H5 = "MWEB",
        /// 付款码支付.
        Micropay = "MICROPAY",
        /// 刷脸支付.
        Facepay = "FACEPAY",
    }
}

/// 支付者.
///
/// ```
/// # use wechatpay::pay;
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// let openid = transaction.payer.and_then(|payer| payer.openid);
/// # assert!(openid.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "PayerSaid")]
#[non_exhaustive]
pub struct Payer {
    /// 用户标识 under the order's appid.
    pub openid: Option<OpenId>,
    /// 用户子标识 under the sub-merchant's appid, in partner mode.
    pub sub_openid: Option<OpenId>,
}

/// Partner mode has a name of its own for the first.
#[derive(Deserialize)]
struct PayerSaid {
    #[serde(default, deserialize_with = "received::option")]
    openid: Option<OpenId>,
    #[serde(default, deserialize_with = "received::option")]
    sp_openid: Option<OpenId>,
    #[serde(default, deserialize_with = "received::option")]
    sub_openid: Option<OpenId>,
}

impl From<PayerSaid> for Payer {
    fn from(said: PayerSaid) -> Self {
        Self { openid: said.openid.or(said.sp_openid), sub_openid: said.sub_openid }
    }
}

/// 订单金额.
///
/// ```
/// # use wechatpay::{Fen, pay};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay_with_coupon("order-1", Fen(20))?;
/// let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// let amount = transaction.amount.unwrap_or_default();
/// assert_eq!((amount.total, amount.payer_total), (Some(Fen(100)), Some(Fen(80))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Amount {
    /// 总金额, in fen: what was ordered.
    pub total: Option<Fen>,
    /// 用户支付金额, in fen: the total less the coupons.
    pub payer_total: Option<Fen>,
    /// 货币类型: CNY.
    #[serde(default, deserialize_with = "received::option")]
    pub currency: Option<String>,
    /// 用户支付币种.
    #[serde(default, deserialize_with = "received::option")]
    pub payer_currency: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct SceneInfo {
    #[serde(default, deserialize_with = "received::option")]
    device_id: Option<String>,
}

/// 优惠功能: a coupon that was used.
///
/// ```
/// # use wechatpay::{Fen, pay};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay_with_coupon("order-1", Fen(20))?;
/// let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// assert_eq!(transaction.promotion_detail[0].amount, Fen(20));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Promotion {
    /// 券ID.
    pub coupon_id: String,
    /// 优惠名称.
    #[serde(default, deserialize_with = "received::option")]
    pub name: Option<String>,
    /// 优惠范围: `GLOBAL` or `SINGLE`.
    #[serde(default, deserialize_with = "received::option")]
    pub scope: Option<String>,
    /// 优惠类型: `CASH` or `NOCASH`.
    #[serde(default, rename = "type", deserialize_with = "received::option")]
    pub r#type: Option<String>,
    /// 优惠券面额, in fen.
    pub amount: Fen,
    /// 活动ID.
    #[serde(default, deserialize_with = "received::option")]
    pub stock_id: Option<String>,
    /// 微信出资, in fen.
    pub wechatpay_contribute: Option<Fen>,
    /// 商户出资, in fen.
    pub merchant_contribute: Option<Fen>,
    /// 其他出资, in fen.
    pub other_contribute: Option<Fen>,
    /// 优惠币种.
    #[serde(default, deserialize_with = "received::option")]
    pub currency: Option<String>,
    /// 单品列表, for coupons on single goods.
    #[serde(default, deserialize_with = "received::list")]
    pub goods_detail: Vec<DiscountedGoods>,
}

/// 单品: goods on which a coupon was used.
///
/// ```
/// # let json = r#"{"appid":"wx1","mchid":"1","out_trade_no":"order-1","trade_state":"SUCCESS",
/// #     "promotion_detail":[{"coupon_id":"1","amount":20,"goods_detail":[{"goods_id":"1246464644",
/// #     "quantity":1,"unit_price":100,"discount_amount":20}]}]}"#;
/// # let transaction: wechatpay::pay::Transaction = serde_json::from_str(json)?;
/// let goods = &transaction.promotion_detail[0].goods_detail[0];
/// assert_eq!((goods.goods_id.as_str(), goods.quantity), ("1246464644", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DiscountedGoods {
    /// 商品编码.
    pub goods_id: String,
    /// 商品数量.
    pub quantity: u64,
    /// 商品单价, in fen.
    pub unit_price: Fen,
    /// 商品优惠金额, in fen.
    pub discount_amount: Fen,
    /// 商品备注.
    #[serde(default, deserialize_with = "received::option")]
    pub goods_remark: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpaid_order_says_little_and_may_say_it_with_empty_values() {
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
    fn names_of_both_modes_may_stand_side_by_side() {
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
    fn a_member_of_the_wrong_type_is_an_error_and_not_an_absence() {
        let with = |member: &str| {
            let text = format!(
                r#"{{"appid":"wx1","mchid":"19","out_trade_no":"order-1",
                "trade_state":"SUCCESS",{member}}}"#
            );
            serde_json::from_str::<Transaction>(&text)
        };
        assert!(with(r#""attach":"x""#).is_ok());
        for wrong in [
            r#""attach":7"#,
            r#""transaction_id":4200000015201711256947025404"#,
            r#""success_time":"yesterday""#,
            r#""success_time":1722850421"#,
            r#""amount":{"total":"100"}"#,
            r#""amount":{"total":100.0}"#,
            r#""payer":"o""#,
            r#""promotion_detail":{}"#,
            r#""trade_state":"SUCCESS""#,
        ] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_that_were_given_by_other_rules_are_taken_as_they_are() {
        let with = |number: &str| {
            let text = format!(
                r#"{{"appid":"wx1","mchid":"19","out_trade_no":"{number}","trade_state":"SUCCESS",
                "transaction_id":"{number}","payer":{{"openid":"{number}"}}}}"#
            );
            serde_json::from_str::<Transaction>(&text)
        };
        // Orders of APIv2 had numbers of two characters, and of @ among others.
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
    fn unknown_words_and_members_do_not_break_the_reading() {
        let text = r#"{"appid":"wx1","mchid":"19","out_trade_no":"order-1","new":{"x":[1]},
            "trade_state":"FROZEN","trade_type":"PALM","bank_type":"CMC"}"#;
        let transaction: Transaction = serde_json::from_str(text).unwrap();
        assert_eq!(transaction.trade_state, TradeState::Other("FROZEN".into()));
        assert_eq!(transaction.trade_type.unwrap().as_str(), "PALM");
        assert_eq!(TradeType::from("MWEB".to_owned()), TradeType::H5);
    }
}
