//! The fields of every request, as documents 001 and 002 and their neighbours list them.

use serde_json::Value;

use super::super::schema::{
    self, ANY_CURRENCY, CURRENCY, Form, GOODS_ID, IP, NOTIFY_URL, ORDER_NUMBER, REFUND_NUMBER,
    Rule, Table, formed, object, optional, required, text, whole,
};
use super::fields::{Fields, unix_time};
use super::interface::Interface;
use super::refusal::{FieldErrors, Refusal};

/// Checks the fields of a request, and the JSON in them, against their tables.
pub(super) fn check(interface: &Interface, fields: &Fields) -> Result<(), Refusal> {
    let common = if interface.is_combined { COMBINED } else { SINGLE };
    let tables = [common, interface.fields];
    // Document 002 alone refuses parameters that are not in its list (POST_DATA_INVALID).
    let is_checked = |name: &str| interface.is_combined || schema::has_field(&tables, name);
    let members = fields.iter().filter(|(name, _)| is_checked(name));
    let members = members.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let request = Value::Object(members.collect());
    let refused = |refusal| Refusal::of_field(interface.field_errors, &refusal);
    schema::check_body(&request, &tables).map_err(refused)?;
    for (name, table) in [("detail", DETAIL), ("scene_info", scene(fields))] {
        // A detail may be text.
        let is_json = |text: &&String| name != "detail" || text.starts_with('{');
        if let Some(json) = fields.get(name).filter(is_json) {
            json_of(interface.field_errors, json, &[table])?;
        }
    }
    Ok(())
}

/// 子单信息, checked.
pub(super) fn sub_orders(fields: &Fields) -> Result<Vec<Value>, Refusal> {
    let json = fields.get("sub_order_list").map_or("", String::as_str);
    let list = json_of(FieldErrors::COMBINED, json, &[SUB_ORDER_LIST])?;
    let items = schema::items_of(&list, "order_list");
    if items.len() > MOST_SUB_ORDERS {
        return Err(Refusal::new("SUBORDER_LIMIT_EXCEEDED", "子单数量超过系统限制最大值"));
    }
    let counted = list.get("order_num").and_then(Value::as_u64);
    if counted != u64::try_from(items.len()).ok() {
        return Err(Refusal::new("INVALID_PARAMS", "order_num与子单数量不一致"));
    }
    Ok(items.to_vec())
}

/// 子单信息 of a request to close.
pub(super) fn closed_sub_orders(fields: &Fields) -> Result<Vec<Value>, Refusal> {
    let json = fields.get("sub_order_list").map_or("", String::as_str);
    // The field is a list, which a table can only describe as a member.
    let wrapped = format!("{{\"order_list\":{json}}}");
    let list = json_of(FieldErrors::COMBINED, &wrapped, &[CLOSED_LIST])?;
    Ok(schema::items_of(&list, "order_list").to_vec())
}

fn json_of(errors: FieldErrors, json: &str, tables: &[Table]) -> Result<Value, Refusal> {
    schema::read(json.as_bytes(), tables).map_err(|refusal| Refusal::of_field(errors, &refusal))
}

fn scene(fields: &Fields) -> Table {
    let is_h5 = fields.get("trade_type").is_some_and(|kind| kind == "MWEB");
    let of_type = |name: &str| {
        fields.get("scene_info").is_some_and(|json| json.contains(&format!("\"{name}\"")))
    };
    match (is_h5, of_type("IOS"), of_type("Android")) {
        (false, ..) => STORE_SCENE,
        (true, true, _) => IOS_SCENE,
        (true, _, true) => ANDROID_SCENE,
        (true, ..) => WAP_SCENE,
    }
}

const SINGLE: Table = &[
    required("appid", text(32)),
    required("mch_id", text(32)),
    required("nonce_str", NONCE),
    required("sign", text(64)),
    optional("sign_type", text(32)),
];

const COMBINED: Table = &[
    required("combine_appid", text(32)),
    required("combine_mch_id", text(32)),
    required("nonce_str", NONCE),
    required("sign", text(128)),
    required("sign_type", text(64)),
];

pub(super) const ORDER: Table = &[
    optional("device_info", text(32)),
    required("body", text(128)),
    optional("detail", text(6000)),
    optional("attach", text(127)),
    required("out_trade_no", OUT_TRADE_NO),
    optional("fee_type", CURRENCY),
    required("total_fee", FEN),
    required("spbill_create_ip", formed(64, IP)),
    optional("time_start", TIME),
    optional("time_expire", TIME),
    optional("goods_tag", text(32)),
    required("notify_url", formed(256, NOTIFY_URL)),
    required("trade_type", TRADE_TYPE),
    optional("product_id", text(32)),
    optional("limit_pay", Rule::Word(&["no_credit"])),
    optional("openid", text(128)),
    optional("receipt", Rule::Word(&["Y"])),
    optional("profit_sharing", Rule::Word(&["Y", "N"])),
    optional("scene_info", text(256)),
];

pub(super) const MICROPAY: Table = &[
    required("auth_code", formed(18, AUTH_CODE)),
    optional("device_info", text(32)),
    required("body", text(128)),
    optional("detail", text(6000)),
    optional("attach", text(127)),
    required("out_trade_no", OUT_TRADE_NO),
    optional("fee_type", CURRENCY),
    required("total_fee", FEN),
    required("spbill_create_ip", formed(64, IP)),
    optional("time_start", TIME),
    optional("time_expire", TIME),
    optional("goods_tag", text(32)),
    optional("limit_pay", Rule::Word(&["no_credit"])),
    optional("receipt", Rule::Word(&["Y"])),
    optional("profit_sharing", Rule::Word(&["Y", "N"])),
    optional("scene_info", text(256)),
];

pub(super) const COMBINED_ORDER: Table = &[
    optional("device_info", text(32)),
    required("combine_out_trade_no", OUT_TRADE_NO),
    required("spbill_create_ip", formed(16, IP)),
    optional("time_start", TIME),
    optional("time_expire", TIME),
    required("notify_url", formed(256, NOTIFY_URL)),
    required("trade_type", TRADE_TYPE),
    optional("product_id", text(32)),
    optional("combine_openid", text(128)),
    optional("scene_info", text(256)),
    required("sub_order_list", formed(SUB_ORDER_BYTES, LIST)),
];

pub(super) const QUERY: Table =
    &[optional("transaction_id", text(32)), optional("out_trade_no", OUT_TRADE_NO)];

pub(super) const CLOSE: Table = &[required("out_trade_no", OUT_TRADE_NO)];

pub(super) const COMBINED_QUERY: Table = &[required("combine_out_trade_no", OUT_TRADE_NO)];

pub(super) const COMBINED_CLOSE: Table = &[
    required("combine_out_trade_no", OUT_TRADE_NO),
    required("sub_order_list", text(SUB_ORDER_BYTES)),
];

pub(super) const REFUND: Table = &[
    optional("transaction_id", text(32)),
    optional("out_trade_no", OUT_TRADE_NO),
    required("out_refund_no", formed(64, REFUND_NUMBER)),
    required("total_fee", FEN),
    required("refund_fee", FEN),
    optional("refund_fee_type", CURRENCY),
    optional("refund_desc", text(80)),
    optional(
        "refund_account",
        Rule::Word(&["REFUND_SOURCE_UNSETTLED_FUNDS", "REFUND_SOURCE_RECHARGE_FUNDS"]),
    ),
    optional("notify_url", formed(256, NOTIFY_URL)),
];

pub(super) const REFUND_QUERY: Table = &[
    optional("refund_id", text(32)),
    optional("out_refund_no", formed(64, REFUND_NUMBER)),
    optional("transaction_id", text(32)),
    optional("out_trade_no", OUT_TRADE_NO),
    optional("offset", formed(10, NUMBER)),
];

const DETAIL: Table = &[
    optional("cost_price", whole(0)),
    optional("receipt_id", text(32)),
    required("goods_detail", schema::list(&[GOODS_DETAIL])),
];

const GOODS_DETAIL: Table = &[
    required("goods_id", formed(32, GOODS_ID)),
    optional("wxpay_goods_id", text(32)),
    optional("goods_name", text(256)),
    required("quantity", whole(1)),
    required("price", whole(0)),
    optional("goods_category", text(32)),
    optional("body", text(1000)),
];

const STORE_SCENE: Table = &[required(
    "store_info",
    object(&[&[
        required("id", text(32)),
        optional("name", text(64)),
        optional("area_code", text(6)),
        optional("address", text(128)),
    ]]),
)];

const IOS_SCENE: Table = &[required(
    "h5_info",
    object(&[&[
        required("type", text(8)),
        required("app_name", text(256)),
        required("bundle_id", text(256)),
    ]]),
)];

const ANDROID_SCENE: Table = &[required(
    "h5_info",
    object(&[&[
        required("type", text(8)),
        required("app_name", text(256)),
        required("package_name", text(256)),
    ]]),
)];

const WAP_SCENE: Table = &[required(
    "h5_info",
    object(&[&[
        required("type", Rule::Word(&["Wap"])),
        required("wap_url", text(256)),
        required("wap_name", text(256)),
    ]]),
)];

const SUB_ORDER_LIST: Table =
    &[required("order_num", whole(1)), required("order_list", schema::list(&[SUB_ORDER]))];

const SUB_ORDER: Table = &[
    required("appid", text(32)),
    required("mch_id", text(32)),
    required("body", text(SUB_ORDER_BYTES)),
    required("out_trade_no", OUT_TRADE_NO),
    required("fee_type", ANY_CURRENCY),
    required("total_fee", whole(1)),
    required("attach", text(SUB_ORDER_BYTES)),
    optional("detail", text(SUB_ORDER_BYTES)),
    optional("sub_appid", text(32)),
    optional("sub_mch_id", text(32)),
];

const CLOSED_LIST: Table = &[required(
    "order_list",
    schema::list(&[&[required("mch_id", text(32)), required("out_trade_no", OUT_TRADE_NO)]]),
)];

const OUT_TRADE_NO: Rule = Rule::Text { shortest: 6, longest: 32, form: ORDER_NUMBER };
const NONCE: Rule = formed(
    32,
    Form::new(
        |nonce| nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "has other characters than digits and letters",
    ),
);
const FEN: Rule = formed(
    19,
    Form::new(
        |fen| is_number(fen) && !fen.starts_with('0') && fen.parse::<i64>().is_ok(),
        "is not a number of fen, from 1",
    ),
);
const TIME: Rule = formed(
    14,
    Form::new(
        |time| time.len() == 14 && is_number(time) && unix_time(time).is_some(),
        "is not a time like 20091225091010",
    ),
);
const AUTH_CODE: Form = Form::new(
    |code| {
        let prefix = code.get(..2).and_then(|prefix| prefix.parse::<u8>().ok());
        code.len() == 18 && is_number(code) && prefix.is_some_and(|it| (10..=15).contains(&it))
    },
    "is not 18 digits that begin with 10 to 15",
);
const NUMBER: Form = Form::new(is_number, "is not a number");
const LIST: Form = Form::new(|list| list.len() <= SUB_ORDER_BYTES, "is longer than 10240 bytes");
const TRADE_TYPE: Rule = Rule::Word(&["JSAPI", "NATIVE", "APP", "MWEB"]);

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Document 002.
const MOST_SUB_ORDERS: usize = 10;
const SUB_ORDER_BYTES: usize = 10_240;
