//! The fields of every request, as the documents list them.

use super::parties::Mode;
use super::schema::{
    Rule, Table, formed, is_currency, is_date, is_date_time, is_goods_id, is_ip, is_notify_url,
    is_order_number, is_refund_number, is_refundable_bank, object, optional, required, text,
};
use super::trade_type::TradeType;

/// 下单: one shape, in which the seller, the payer and the scene differ.
pub(super) fn order(mode: Mode, trade_type: TradeType) -> [Table; 4] {
    let seller = match mode {
        Mode::Direct => MERCHANT,
        Mode::Partner => PARTNER,
    };
    let payer = match (trade_type, mode) {
        (TradeType::Jsapi, Mode::Direct) => PAYER,
        (TradeType::Jsapi, Mode::Partner) => PARTNER_PAYER,
        _ => NONE,
    };
    let scene = if trade_type == TradeType::H5 { H5_SCENE } else { SCENE };
    [seller, ORDER, payer, scene]
}

/// 查询订单, 关闭订单: whose order it is.
pub(super) fn owner(mode: Mode) -> Table {
    match mode {
        Mode::Direct => OWNER,
        Mode::Partner => PARTNER_OWNER,
    }
}

/// For an interface without parameters.
pub(super) const NONE: Table = &[];

/// 商户订单号.
pub(super) const OUT_TRADE_NO: Rule =
    Rule::Text { shortest: 6, longest: 32, form: is_order_number };
/// 商户退款单号.
pub(super) const OUT_REFUND_NO: Rule = formed(64, is_refund_number);
/// 微信支付订单号, 微信支付退款单号.
pub(super) const PLATFORM_NUMBER: Rule = text(32);

const MERCHANT: Table = &[required("appid", text(32)), required("mchid", text(32))];

const PARTNER: Table = &[
    required("sp_appid", text(32)),
    required("sp_mchid", text(32)),
    optional("sub_appid", text(32)),
    required("sub_mchid", text(32)),
];

const OWNER: Table = &[required("mchid", text(32))];
const PARTNER_OWNER: Table = &[required("sp_mchid", text(32)), required("sub_mchid", text(32))];

const ORDER: Table = &[
    required("description", text(127)),
    required("out_trade_no", OUT_TRADE_NO),
    optional("time_expire", formed(64, is_date_time)),
    optional("attach", text(128)),
    required("notify_url", formed(255, is_notify_url)),
    optional("goods_tag", text(32)),
    optional("support_fapiao", Rule::Flag),
    required("amount", object(&[AMOUNT])),
    optional("detail", Rule::Object { tables: &[DETAIL], longest: 6144 }),
    optional("settle_info", object(&[SETTLE_INFO])),
];

/// 订单金额.
const AMOUNT: Table =
    &[required("total", Rule::Whole { least: 1 }), optional("currency", formed(16, is_currency))];

/// 支付者 (JSAPI).
const PAYER: Table = &[required("payer", object(&[&[required("openid", text(128))]]))];

/// 支付者 of a partner's order: one of both, which a table cannot say.
const PARTNER_PAYER: Table = &[required(
    "payer",
    object(&[&[optional("sp_openid", text(128)), optional("sub_openid", text(128))]]),
)];

const SCENE: Table = &[optional("scene_info", object(&[SCENE_INFO]))];
const H5_SCENE: Table = &[required("scene_info", object(&[SCENE_INFO, H5]))];

/// 优惠功能.
const DETAIL: Table = &[
    optional("cost_price", Rule::Whole { least: 0 }),
    optional("invoice_id", text(32)),
    optional("goods_detail", Rule::List(GOODS_DETAIL)),
];

/// 单品列表.
const GOODS_DETAIL: Table = &[
    required("merchant_goods_id", formed(32, is_goods_id)),
    optional("wechatpay_goods_id", text(32)),
    optional("goods_name", text(256)),
    required("quantity", Rule::Whole { least: 1 }),
    required("unit_price", Rule::Whole { least: 0 }),
];

/// 场景信息.
const SCENE_INFO: Table = &[
    required("payer_client_ip", formed(45, is_ip)),
    optional("device_id", text(32)),
    optional("store_info", object(&[STORE_INFO])),
];

/// 商户门店信息.
const STORE_INFO: Table = &[
    required("id", text(32)),
    optional("name", text(256)),
    optional("area_code", text(32)),
    optional("address", text(512)),
];

const H5: Table = &[required("h5_info", object(&[H5_INFO]))];

/// H5场景信息.
const H5_INFO: Table = &[
    required("type", formed(32, |kind| matches!(kind, "Wap" | "iOS" | "Android"))),
    optional("app_name", text(64)),
    optional("app_url", text(128)),
    optional("bundle_id", text(128)),
    optional("package_name", text(128)),
];

/// 申请退款: the merchant is the one who signs. A table cannot say that one of the first two must be
/// there and not both.
pub(super) const REFUND: Table = &[
    optional("transaction_id", text(32)),
    optional("out_trade_no", text(32)),
    optional("sub_mchid", text(32)),
    required("out_refund_no", OUT_REFUND_NO),
    optional("reason", formed(80, |reason| reason.len() <= 80)),
    optional("notify_url", formed(256, is_notify_url)),
    optional("funds_account", formed(32, |account| matches!(account, "AVAILABLE" | "UNSETTLED"))),
    required("amount", object(&[REFUND_AMOUNT])),
    optional("goods_detail", Rule::List(REFUND_GOODS_DETAIL)),
];

/// 金额信息.
const REFUND_AMOUNT: Table = &[
    required("refund", Rule::Whole { least: 1 }),
    optional("from", Rule::List(FROM)),
    required("total", Rule::Whole { least: 1 }),
    required("currency", formed(16, is_currency)),
];

/// 退款出资账户及金额.
const FROM: Table = &[
    required("account", formed(32, |account| matches!(account, "AVAILABLE" | "UNAVAILABLE"))),
    required("amount", Rule::Whole { least: 1 }),
];

/// 退款商品.
const REFUND_GOODS_DETAIL: Table = &[
    required("merchant_goods_id", formed(32, is_goods_id)),
    optional("wechatpay_goods_id", text(32)),
    optional("goods_name", text(256)),
    required("unit_price", Rule::Whole { least: 0 }),
    required("refund_amount", Rule::Whole { least: 0 }),
    required("refund_quantity", Rule::Whole { least: 1 }),
];

/// 查询单笔退款: of a partner.
pub(super) const REFUND_OWNER: Table = &[optional("sub_mchid", text(32))];

/// 发起异常退款. The bank is needed for a user's card only, which a table cannot say.
pub(super) const ABNORMAL_REFUND: Table = &[
    optional("sub_mchid", text(32)),
    required("out_refund_no", OUT_REFUND_NO),
    required("type", formed(32, |kind| matches!(kind, "USER_BANK_CARD" | "MERCHANT_BANK_CARD"))),
    optional("bank_type", formed(16, is_refundable_bank)),
    optional("bank_account", text(1024)),
    optional("real_name", text(1024)),
];

/// 下载平台证书. The sandbox knows no SM2.
pub(super) const CERTIFICATES: Table =
    &[optional("algorithm_type", formed(8, |kind| matches!(kind, "RSA" | "ALL")))];

/// 申请交易账单.
pub(super) const TRADE_BILL: Table = &[
    required("bill_date", BILL_DATE),
    optional("sub_mchid", text(12)),
    optional("bill_type", formed(32, |kind| matches!(kind, "ALL" | "SUCCESS" | "REFUND"))),
    optional("tar_type", TAR_TYPE),
];

/// 申请资金账单.
pub(super) const FUND_FLOW_BILL: Table = &[
    required("bill_date", BILL_DATE),
    optional("account_type", formed(32, |kind| matches!(kind, "BASIC" | "OPERATION" | "FEES"))),
    optional("tar_type", TAR_TYPE),
];

/// 下载账单.
pub(super) const BILL_FILE: Table =
    &[required("token", text(64)), optional("tartype", formed(8, |kind| kind == "gzip"))];

const BILL_DATE: Rule = formed(10, is_date);
const TAR_TYPE: Rule = formed(8, |kind| kind == "GZIP");

/// 结算信息.
const SETTLE_INFO: Table = &[optional("profit_sharing", Rule::Flag)];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::schema::read;
    use super::*;

    fn order() -> Value {
        json!({ "appid": "wx1", "mchid": "1", "description": "d", "out_trade_no": "order-1",
            "notify_url": "https://127.0.0.1/notify", "amount": { "total": 1 } })
    }

    fn refused_at(trade_type: TradeType, fields: &Value) -> Option<String> {
        let mut order = order();
        let members = order.as_object_mut().unwrap();
        members.extend(fields.as_object().unwrap().clone());
        let refusal = read(order.to_string().as_bytes(), &super::order(Mode::Direct, trade_type));
        refusal.err().map(|refusal| refusal.detail.unwrap()["field"].as_str().unwrap().to_owned())
    }

    #[test]
    fn only_jsapi_has_a_payer() {
        use TradeType::{App, Jsapi, Native};
        let payer = json!({ "payer": { "openid": "o" } });
        assert_eq!(refused_at(Jsapi, &payer), None);
        for other in [App, Native] {
            assert_eq!(refused_at(other, &payer).as_deref(), Some("/payer"));
            assert_eq!(refused_at(other, &json!({})), None);
        }
        assert_eq!(refused_at(Jsapi, &json!({})).as_deref(), Some("/payer"));
        let long = json!({ "payer": { "openid": "o".repeat(129) } });
        assert_eq!(refused_at(Jsapi, &long).as_deref(), Some("/payer/openid"));
    }

    #[test]
    fn only_h5_has_a_scene_of_its_own() {
        let scene = |h5_info: Value| {
            let scene_info = json!({ "payer_client_ip": "1.2.3.4", "h5_info": h5_info });
            json!({ "scene_info": scene_info })
        };
        let whole = json!({ "type": "Wap", "app_name": "n", "app_url": "https://a.cn",
            "bundle_id": "b", "package_name": "p" });
        assert_eq!(refused_at(TradeType::H5, &scene(whole)), None);
        assert_eq!(refused_at(TradeType::H5, &json!({})).as_deref(), Some("/scene_info"));
        let plain = json!({ "scene_info": { "payer_client_ip": "1.2.3.4" } });
        let field = refused_at(TradeType::H5, &plain);
        assert_eq!(field.as_deref(), Some("/scene_info/h5_info"));
        let field = refused_at(TradeType::H5, &scene(json!({ "type": "wap" })));
        assert_eq!(field.as_deref(), Some("/scene_info/h5_info/type"));
        let field = refused_at(TradeType::App, &scene(json!({ "type": "Wap" })));
        assert_eq!(field.as_deref(), Some("/scene_info/h5_info"));
    }

    #[test]
    fn a_bill_date_is_a_date() {
        use super::super::schema::read_query;
        assert!(read_query("bill_date=2024-02-29", TRADE_BILL).is_ok());
        for date in ["2023-02-29", "20240229", "2024-2-29", "2024-02-29T", ""] {
            assert!(read_query(&format!("bill_date={date}"), TRADE_BILL).is_err(), "{date}");
        }
    }
}
