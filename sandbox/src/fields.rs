//! The fields of every request, as the documents list them.

use super::caller::MerchantKind;
use super::schema::{
    CURRENCY, DATE, DATE_TIME, Form, GOODS_ID, IP, NOTIFY_URL, ORDER_NUMBER, REFUND_NUMBER,
    REFUNDABLE_BANK, Rule, Table, formed, list, object, optional, required, text, whole,
};
use super::trade_type::TradeType;

/// 下单: one shape, in which the seller, the payer and the scene differ.
pub(super) fn order(mode: MerchantKind, trade_type: TradeType) -> [Table; 4] {
    let seller = match mode {
        MerchantKind::Direct => MERCHANT,
        MerchantKind::Partner => PARTNER,
    };
    let payer = match (trade_type, mode) {
        (TradeType::Jsapi, MerchantKind::Direct) => PAYER,
        (TradeType::Jsapi, MerchantKind::Partner) => PARTNER_PAYER,
        _ => NONE,
    };
    let scene = if trade_type == TradeType::H5 { H5_SCENE } else { SCENE };
    [seller, ORDER, payer, scene]
}

/// 查询订单, 关闭订单: whose order it is.
pub(super) fn owner(mode: MerchantKind) -> Table {
    match mode {
        MerchantKind::Direct => OWNER,
        MerchantKind::Partner => PARTNER_OWNER,
    }
}

/// 合单下单: one shape, in which the sub-orders, the payer and the scene differ.
pub(super) fn combined_order(mode: MerchantKind, trade_type: TradeType) -> [Table; 5] {
    let sub_orders = match mode {
        MerchantKind::Direct => SUB_ORDERS,
        MerchantKind::Partner => PARTNER_SUB_ORDERS,
    };
    let payer = match (trade_type, mode) {
        (TradeType::Jsapi, MerchantKind::Direct) => COMBINED_PAYER,
        (TradeType::Jsapi, MerchantKind::Partner) => PARTNER_COMBINED_PAYER,
        (TradeType::App, MerchantKind::Direct) => APP_COMBINED_PAYER,
        (TradeType::App, MerchantKind::Partner) => PARTNER_APP_COMBINED_PAYER,
        (TradeType::Native | TradeType::H5, _) => NONE,
    };
    let scene = if trade_type == TradeType::H5 { COMBINED_H5_SCENE } else { COMBINED_SCENE };
    let scenario = match trade_type {
        TradeType::App | TradeType::Jsapi => SCENARIO,
        TradeType::Native | TradeType::H5 => NONE,
    };
    [COMBINED_ORDER, sub_orders, payer, scene, scenario]
}

/// 关闭合单订单: the whole order, by the numbers of its parts.
pub(super) fn combined_closing(mode: MerchantKind) -> [Table; 2] {
    let sub_orders = match mode {
        MerchantKind::Direct => CLOSED_SUB_ORDERS,
        MerchantKind::Partner => PARTNER_CLOSED_SUB_ORDERS,
    };
    [CLOSING, sub_orders]
}

/// For an interface without parameters.
pub(super) const NONE: Table = &[];

/// 商户订单号.
pub(super) const OUT_TRADE_NO: Rule = Rule::Text { shortest: 6, longest: 32, form: ORDER_NUMBER };
/// 商户退款单号.
pub(super) const OUT_REFUND_NO: Rule = formed(64, REFUND_NUMBER);
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
    optional("time_expire", formed(64, DATE_TIME)),
    optional("attach", text(128)),
    required("notify_url", formed(255, NOTIFY_URL)),
    optional("goods_tag", text(32)),
    optional("support_fapiao", Rule::Flag),
    required("amount", object(&[AMOUNT])),
    optional("detail", Rule::Object { tables: &[DETAIL], longest: 6144 }),
    optional("settle_info", object(&[SETTLE_INFO])),
    optional("limit_pay", LIMIT_PAY),
    optional("subsidy_info", SUBSIDY_INFO),
];

/// On no current page, but in the official SDKs.
const SUBSIDY_INFO: Rule = object(&[&[required(
    "subsidy_detail",
    Rule::List { tables: &[SUBSIDY_DETAIL], fewest: 1, most: 100 },
)]]);
const SUBSIDY_DETAIL: Table = &[
    required("subsidy_period_type", Rule::Word(&["DAILY", "PERIOD"])),
    required("subsidy_plan", Rule::List { tables: &[SUBSIDY_PLAN], fewest: 1, most: 100 }),
];
const SUBSIDY_PLAN: Table = &[
    required("subsidy_installment_num", whole(1)),
    required("subsidy_percent", Rule::Whole { least: 0, most: 100 }),
];

/// 指定支付方式: on no current page, but in the official SDKs.
const LIMIT_PAY: Rule = Rule::Words(&["no_balance", "no_credit", "no_debit", "balance_only"]);

/// 订单金额.
const AMOUNT: Table = &[required("total", whole(1)), optional("currency", CURRENCY)];

/// 支付者 (JSAPI).
const PAYER: Table = &[required("payer", object(&[&[required("openid", text(128))]]))];

/// 支付者 of a partner's order: one of the two, which `merchant_checks` checks.
const PARTNER_PAYER: Table = &[required(
    "payer",
    object(&[&[optional("sp_openid", text(128)), optional("sub_openid", text(128))]]),
)];

const SCENE: Table = &[optional("scene_info", object(&[SCENE_INFO]))];
const H5_SCENE: Table = &[required("scene_info", object(&[SCENE_INFO, H5]))];

/// 优惠功能.
const DETAIL: Table = &[
    optional("cost_price", whole(0)),
    optional("invoice_id", text(32)),
    optional("goods_detail", list(&[GOODS_DETAIL])),
];

/// 单品列表.
const GOODS_DETAIL: Table = &[
    required("merchant_goods_id", formed(32, GOODS_ID)),
    optional("wechatpay_goods_id", text(32)),
    optional("goods_name", text(256)),
    required("quantity", whole(1)),
    required("unit_price", whole(0)),
];

/// 场景信息.
const SCENE_INFO: Table = &[
    required("payer_client_ip", formed(45, IP)),
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
    required("type", Rule::Word(&["Wap", "iOS", "Android"])),
    optional("app_name", text(64)),
    optional("app_url", text(128)),
    optional("bundle_id", text(128)),
    optional("package_name", text(128)),
];

const COMBINED_ORDER: Table = &[
    required("combine_appid", text(32)),
    required("combine_mchid", text(32)),
    required("combine_out_trade_no", OUT_TRADE_NO),
    optional("time_expire", formed(64, DATE_TIME)),
    required("notify_url", formed(255, NOTIFY_URL)),
    // The last three are on no current page, but in the official SDKs.
    optional("time_start", formed(64, DATE_TIME)),
    optional("limit_pay", LIMIT_PAY),
    optional("subsidy_info", SUBSIDY_INFO),
];

/// 子单信息列表: of a direct merchant 2 to 10, of a partner 1 to 50.
const SUB_ORDERS: Table =
    &[required("sub_orders", Rule::List { tables: &[SUB_ORDER], fewest: 2, most: 10 })];
const PARTNER_SUB_ORDERS: Table = &[required(
    "sub_orders",
    Rule::List { tables: &[SUB_ORDER, SUB_MERCHANT], fewest: 1, most: 50 },
)];

const SUB_ORDER: Table = &[
    required("mchid", text(32)),
    required("attach", text(128)),
    required("amount", object(&[SUB_ORDER_AMOUNT])),
    required("out_trade_no", OUT_TRADE_NO),
    optional("detail", text(6000)),
    required("description", text(127)),
    optional("settle_info", object(&[SETTLE_INFO, SUBSIDY_AMOUNT])),
    optional("goods_tag", text(32)),
];

const SUB_MERCHANT: Table = &[required("sub_mchid", text(32)), optional("sub_appid", text(32))];

/// 子单金额信息: ten million yuan at most (merchant/4013420906).
const SUB_ORDER_AMOUNT: Table = &[
    required("total_amount", Rule::Whole { least: 1, most: 1_000_000_000 }),
    required("currency", CURRENCY),
];

/// 合单支付者信息: a partner needs one of the two, which `merchant_checks` checks.
const COMBINED_PAYER: Table =
    &[required("combine_payer_info", object(&[&[required("openid", text(128))]]))];
const PARTNER_COMBINED_PAYER: Table =
    &[required("combine_payer_info", object(&[OPENID, SUB_OPENID]))];
const APP_COMBINED_PAYER: Table = &[optional("combine_payer_info", object(&[OPENID]))];
const PARTNER_APP_COMBINED_PAYER: Table =
    &[optional("combine_payer_info", object(&[OPENID, SUB_OPENID]))];

const OPENID: Table = &[optional("openid", text(128))];
const SUB_OPENID: Table = &[optional("sub_openid", text(128))];

/// 场景信息, whose device has a shorter number than in single orders, but for H5.
const COMBINED_SCENE: Table = &[optional(
    "scene_info",
    object(&[&[required("payer_client_ip", formed(45, IP)), optional("device_id", text(16))]]),
)];
const COMBINED_H5_SCENE: Table = &[required(
    "scene_info",
    object(&[&[required("payer_client_ip", formed(45, IP)), required("device_id", text(32))], H5]),
)];

/// 交易场景: in the sample code of the documents, and in none of their tables.
const SCENARIO: Table = &[optional("trade_scenario", Rule::Word(&["RECOMMERCE"]))];

const CLOSING: Table = &[required("combine_appid", text(32))];
const CLOSED_SUB_ORDERS: Table =
    &[required("sub_orders", Rule::List { tables: &[CLOSED_SUB_ORDER], fewest: 1, most: 50 })];
const PARTNER_CLOSED_SUB_ORDERS: Table = &[required(
    "sub_orders",
    Rule::List { tables: &[CLOSED_SUB_ORDER, SUB_MERCHANT], fewest: 1, most: 50 },
)];
const CLOSED_SUB_ORDER: Table =
    &[required("mchid", text(32)), required("out_trade_no", OUT_TRADE_NO)];

/// 申请退款: of the merchant who signs. `refunds` checks that exactly one of the first two is present.
pub(super) const REFUND: Table = &[
    optional("transaction_id", text(32)),
    optional("out_trade_no", text(32)),
    optional("sub_mchid", text(32)),
    required("out_refund_no", OUT_REFUND_NO),
    optional("reason", formed(80, REASON)),
    optional("notify_url", formed(256, NOTIFY_URL)),
    optional("funds_account", Rule::Word(&["AVAILABLE", "UNSETTLED"])),
    required("amount", object(&[REFUND_AMOUNT])),
    optional("goods_detail", list(&[REFUND_GOODS_DETAIL])),
];

const REASON: Form = Form::new(|reason| reason.len() <= 80, "is longer than 80 bytes");

/// 金额信息.
const REFUND_AMOUNT: Table = &[
    required("refund", whole(1)),
    optional("from", list(&[FROM])),
    required("total", whole(1)),
    required("currency", CURRENCY),
];

/// 退款出资账户及金额.
const FROM: Table =
    &[required("account", Rule::Word(&["AVAILABLE", "UNAVAILABLE"])), required("amount", whole(1))];

/// 退款商品.
const REFUND_GOODS_DETAIL: Table = &[
    required("merchant_goods_id", formed(32, GOODS_ID)),
    optional("wechatpay_goods_id", text(32)),
    optional("goods_name", text(256)),
    required("unit_price", whole(0)),
    required("refund_amount", whole(0)),
    required("refund_quantity", whole(1)),
];

/// 查询单笔退款: of a partner.
pub(super) const REFUND_OWNER: Table = &[optional("sub_mchid", text(32))];

/// 发起异常退款. `refunds` checks that the bank is present for a user's card.
pub(super) const ABNORMAL_REFUND: Table = &[
    optional("sub_mchid", text(32)),
    required("out_refund_no", OUT_REFUND_NO),
    required("type", Rule::Word(&["USER_BANK_CARD", "MERCHANT_BANK_CARD"])),
    optional("bank_type", formed(16, REFUNDABLE_BANK)),
    optional("bank_account", text(1024)),
    optional("real_name", text(1024)),
];

/// 下载平台证书. The sandbox knows no SM2.
pub(super) const CERTIFICATES: Table = &[optional("algorithm_type", Rule::Word(&["RSA", "ALL"]))];

/// 申请交易账单.
pub(super) const TRADE_BILL: Table = &[
    required("bill_date", BILL_DATE),
    optional("sub_mchid", text(12)),
    optional("bill_type", Rule::Word(&["ALL", "SUCCESS", "REFUND"])),
    optional("tar_type", TAR_TYPE),
];

/// 申请资金账单.
pub(super) const FUND_FLOW_BILL: Table = &[
    required("bill_date", BILL_DATE),
    optional("account_type", Rule::Word(&["BASIC", "OPERATION", "FEES"])),
    optional("tar_type", TAR_TYPE),
];

/// 下载账单.
pub(super) const BILL_FILE: Table =
    &[required("token", text(64)), optional("tartype", Rule::Word(&["gzip"]))];

const BILL_DATE: Rule = formed(10, DATE);
const TAR_TYPE: Rule = Rule::Word(&["GZIP"]);

/// In sub-orders of the official SDKs alone.
const SUBSIDY_AMOUNT: Table = &[optional("subsidy_amount", whole(1))];

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
        let refusal =
            read(order.to_string().as_bytes(), &super::order(MerchantKind::Direct, trade_type));
        refusal.err().map(|refusal| refusal.detail.unwrap()["field"].as_str().unwrap().to_owned())
    }

    #[test]
    fn fields_of_the_official_sdks_are_accepted() {
        use TradeType::{App, H5, Jsapi, Native};
        let limit_pay = |words: &[&str]| json!({ "limit_pay": words });
        assert_eq!(refused_at(App, &limit_pay(&["no_credit", "no_balance"])), None);
        assert_eq!(refused_at(App, &limit_pay(&[])).as_deref(), Some("/limit_pay"));
        let place = refused_at(App, &limit_pay(&["no_credit", "credit"]));
        assert_eq!(place.as_deref(), Some("/limit_pay/1"));
        let place = refused_at(App, &json!({ "limit_pay": "no_credit" }));
        assert_eq!(place.as_deref(), Some("/limit_pay"));
        let both = json!({ "limit_pay": ["no_debit"], "time_start": "2018-06-08T10:34:56+08:00" });
        for mode in [MerchantKind::Direct, MerchantKind::Partner] {
            for trade_type in [App, H5, Jsapi, Native] {
                let known = |name: &str| {
                    let tables = combined_order(mode, trade_type);
                    let refusal = read(json!({ name: both[name] }).to_string().as_bytes(), &tables);
                    refusal.unwrap_err().detail.unwrap()["issue"] == "is required"
                };
                assert!(known("limit_pay") && known("time_start"));
            }
        }
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
    fn only_h5_has_its_own_scene() {
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

    fn part(fields: Value) -> Value {
        let mut part = json!({ "mchid": "1", "attach": "a", "out_trade_no": "part-1",
            "description": "d", "amount": { "total_amount": 1, "currency": "CNY" } });
        part.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        part
    }

    fn combined_refused_at(
        mode: MerchantKind,
        trade_type: TradeType,
        fields: Value,
    ) -> Option<String> {
        let sub_merchant = json!({ "sub_mchid": "2" });
        let parts = match mode {
            MerchantKind::Direct => vec![part(json!({})); 2],
            MerchantKind::Partner => vec![part(sub_merchant); 1],
        };
        let mut order = json!({ "combine_appid": "wx1", "combine_mchid": "1",
            "combine_out_trade_no": "whole-1", "notify_url": "https://127.0.0.1/notify",
            "sub_orders": parts });
        order.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let refusal = read(order.to_string().as_bytes(), &combined_order(mode, trade_type));
        refusal.err().map(|refusal| refusal.detail.unwrap()["field"].as_str().unwrap().to_owned())
    }

    #[test]
    fn combined_order_has_the_documents_parts() {
        let direct = |fields| combined_refused_at(MerchantKind::Direct, TradeType::Native, fields);
        let partner =
            |fields| combined_refused_at(MerchantKind::Partner, TradeType::Native, fields);
        let parts = |count, fields| json!({ "sub_orders": vec![part(fields); count] });
        let sub = || json!({ "sub_mchid": "2", "sub_appid": "wx2" });
        let whole = json!({ "detail": "买单费用", "goods_tag": "WXG",
            "settle_info": { "profit_sharing": false },
            "amount": { "total_amount": 1_000_000_000, "currency": "CNY" } });
        assert_eq!(direct(parts(10, whole)), None);
        assert_eq!(partner(parts(50, sub())), None);
        for count in [0, 1, 11] {
            assert_eq!(direct(parts(count, json!({}))).as_deref(), Some("/sub_orders"));
        }
        for count in [0, 51] {
            assert_eq!(partner(parts(count, sub())).as_deref(), Some("/sub_orders"));
        }
        for (wrong, place) in [
            (json!({ "attach": "" }), "attach"),
            (json!({ "detail": {} }), "detail"),
            (json!({ "support_fapiao": false }), "support_fapiao"),
            (json!({ "sub_mchid": "2" }), "sub_mchid"),
            (json!({ "amount": { "total_amount": 1 } }), "amount/currency"),
            (
                json!({ "amount": { "total_amount": 1_000_000_001, "currency": "CNY" } }),
                "amount/total_amount",
            ),
        ] {
            let place = format!("/sub_orders/0/{place}");
            assert_eq!(direct(parts(2, wrong)), Some(place));
        }
        let field = partner(parts(1, json!({})));
        assert_eq!(field.as_deref(), Some("/sub_orders/0/sub_mchid"));
        let app = |fields| combined_refused_at(MerchantKind::Direct, TradeType::App, fields);
        assert_eq!(app(json!({ "trade_scenario": "RECOMMERCE" })), None);
        let scenario = Some("/trade_scenario".to_owned());
        assert_eq!(app(json!({ "trade_scenario": "OTHER" })), scenario);
        assert_eq!(direct(json!({ "trade_scenario": "RECOMMERCE" })), scenario);
    }

    #[test]
    fn payers_and_scenes_of_combined_orders_differ_by_kind() {
        use TradeType::{App, H5, Jsapi, Native};
        let direct =
            |trade_type, fields| combined_refused_at(MerchantKind::Direct, trade_type, fields);
        let payer = || json!({ "combine_payer_info": { "openid": "o" } });
        for (trade_type, with, without) in [
            (App, None, None),
            (Jsapi, None, Some("/combine_payer_info")),
            (Native, Some("/combine_payer_info"), None),
        ] {
            assert_eq!(direct(trade_type, payer()).as_deref(), with);
            assert_eq!(direct(trade_type, json!({})).as_deref(), without);
        }
        let sub = || json!({ "combine_payer_info": { "sub_openid": "o" } });
        assert_eq!(direct(App, sub()).as_deref(), Some("/combine_payer_info/sub_openid"));
        for trade_type in [App, Jsapi] {
            assert_eq!(combined_refused_at(MerchantKind::Partner, trade_type, sub()), None);
        }

        let scene = |device_id: Option<usize>, h5_info: bool| {
            let mut scene = json!({ "payer_client_ip": "1.2.3.4" });
            if let Some(length) = device_id {
                scene["device_id"] = json!("1".repeat(length));
            }
            if h5_info {
                scene["h5_info"] = json!({ "type": "Wap" });
            }
            json!({ "scene_info": scene })
        };
        let (device, h5_info) = ("/scene_info/device_id", "/scene_info/h5_info");
        for (trade_type, scene, place) in [
            (App, scene(None, false), None),
            (App, scene(Some(16), false), None),
            (App, scene(Some(17), false), Some(device)),
            (App, scene(Some(16), true), Some(h5_info)),
            (H5, scene(Some(32), true), None),
            (H5, scene(None, true), Some(device)),
            (H5, scene(Some(33), true), Some(device)),
            (H5, scene(Some(32), false), Some(h5_info)),
            (H5, json!({}), Some("/scene_info")),
        ] {
            assert_eq!(direct(trade_type, scene).as_deref(), place);
        }
    }

    #[test]
    fn bill_date_is_a_date() {
        use super::super::schema::read_query;
        assert!(read_query("bill_date=2024-02-29", TRADE_BILL).is_ok());
        for date in ["2023-02-29", "20240229", "2024-2-29", "2024-02-29T", ""] {
            assert!(read_query(&format!("bill_date={date}"), TRADE_BILL).is_err(), "{date}");
        }
    }
}
