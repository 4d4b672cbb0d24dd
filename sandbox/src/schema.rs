//! The rules for fields of a request, and the functions that check bodies, queries and paths.

use std::net::IpAddr;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::json::{self, pointer};
use super::refusal::{Location, Refusal};
use super::url;

/// A field of an object: its name, whether it is required, and its rule.
pub(super) struct Field {
    name: &'static str,
    required: bool,
    rule: Rule,
}

/// The fields of an object, or a part of them.
pub(super) type Table = &'static [Field];

/// The values that a field may have.
pub(super) enum Rule {
    /// A string with this number of characters and this form.
    Text { shortest: usize, longest: usize, form: Form },
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of at least one of these words.
    Words(&'static [&'static str]),
    /// An integer in these bounds.
    Whole { least: i64, most: i64 },
    /// `true` or `false`.
    Flag,
    /// An object with these fields and no others, of at most this many bytes when written
    /// without blanks.
    Object { tables: &'static [Table], longest: usize },
    /// A list of this many objects with these fields and no others.
    List { tables: &'static [Table], fewest: usize, most: usize },
}

/// A rule for a text beside its length.
#[derive(Clone, Copy)]
pub(super) struct Form {
    is_met: fn(&str) -> bool,
    /// The error of a text that breaks it.
    issue: &'static str,
}

impl Form {
    pub(super) const fn new(is_met: fn(&str) -> bool, issue: &'static str) -> Self {
        Self { is_met, issue }
    }
}

/// Reads a body, and refuses it unless it is an object with these fields and no others.
pub(super) fn read(body: &[u8], tables: &[Table]) -> Result<Value, Refusal> {
    let value = parse(body)?;
    check_body(&value, tables)?;
    Ok(value)
}

/// The first half of [`read`], for a body whose fields depend on its content.
pub(super) fn parse(body: &[u8]) -> Result<Value, Refusal> {
    json::parse(body)
        .map_err(|fault| Refusal::parameter(Location::Body, &fault.pointer, None, &fault.issue))
}

/// The second half of [`read`].
pub(super) fn check_body(value: &Value, tables: &[Table]) -> Result<(), Refusal> {
    check_object(tables, value, "").map_err(|wrong| wrong.refusal(Location::Body))
}

/// Whether one of the tables has a field with this name.
#[cfg(feature = "v2")]
pub(super) fn has_field(tables: &[Table], name: &str) -> bool {
    tables.iter().copied().flatten().any(|field| field.name == name)
}

/// Reads a query into an object of strings, and refuses it unless it has these parameters and no
/// others, each once.
pub(super) fn read_query(query: &str, table: Table) -> Result<Value, Refusal> {
    let refusal = |name: &str, issue| Refusal::parameter(Location::Query, name, None, issue);
    let mut members = Map::new();
    for parameter in url::parameters(query) {
        let (name, value) =
            parameter.ok_or_else(|| refusal("", "is not name=value, percent-encoded"))?;
        if members.contains_key(&name) {
            return Err(refusal(&name, "occurs twice"));
        }
        members.insert(name, value.into());
    }
    let value = Value::Object(members);
    check_object(&[table], &value, "").map_err(|wrong| wrong.refusal(Location::Query))?;
    Ok(value)
}

/// Reads a parameter of the path.
pub(super) fn read_path(name: &str, raw: &str, rule: &Rule) -> Result<String, Refusal> {
    let text = url::decode(raw).ok_or_else(|| {
        Refusal::parameter(Location::Url, name, Some(&raw.into()), "is not percent-encoded")
    })?;
    check(rule, &text.as_str().into(), name).map_err(|wrong| wrong.refusal(Location::Url))?;
    Ok(text)
}

/// A date and time that [`read`] accepted, in Unix seconds.
pub(super) fn unix_time(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

/// A string field of an accepted object; empty if it is optional and absent.
pub(super) fn text_of<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// An amount of an accepted object, at a JSON pointer; 0 if it is optional and absent.
pub(super) fn fen_of(object: &Value, place: &str) -> u64 {
    object.pointer(place).and_then(Value::as_u64).unwrap_or_default()
}

/// The objects of an accepted list; none if it is optional and absent.
pub(super) fn items_of<'a>(object: &'a Value, field: &str) -> &'a [Value] {
    object.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What is wrong with a value, and where.
struct Wrong {
    place: String,
    value: Option<Value>,
    issue: String,
    extra: bool,
}

impl Wrong {
    fn new(place: &str, value: &Value, issue: &str) -> Self {
        let (place, value) = (place.to_owned(), Some(value.clone()));
        Self { place, value, issue: issue.to_owned(), extra: false }
    }

    fn refusal(&self, location: Location) -> Refusal {
        let field = match location {
            Location::Body => &self.place,
            Location::Query | Location::Url => self.place.trim_start_matches('/'),
        };
        let refusal = Refusal::parameter(location, field, self.value.as_ref(), &self.issue);
        if self.extra { refusal.numbered(EXTRA) } else { refusal }
    }
}

fn check_object(tables: &[Table], value: &Value, place: &str) -> Result<(), Wrong> {
    let members = value.as_object().ok_or_else(|| Wrong::new(place, value, "is not an object"))?;
    let fields = || tables.iter().copied().flatten();
    for (name, value) in members {
        if !fields().any(|field| field.name == name) {
            let wrong = Wrong::new(&pointer(place, name), value, "is an illegal extra parameter");
            return Err(Wrong { extra: true, ..wrong });
        }
    }
    for field in fields() {
        let place = pointer(place, field.name);
        match members.get(field.name) {
            Some(value) => check(&field.rule, value, &place)?,
            None if field.required => {
                let issue = "is required".to_owned();
                return Err(Wrong { place, value: None, issue, extra: false });
            }
            None => {}
        }
    }
    Ok(())
}

fn check(rule: &Rule, value: &Value, place: &str) -> Result<(), Wrong> {
    let wrong = |issue: &str| Wrong::new(place, value, issue);
    match rule {
        Rule::Text { shortest, longest, form } => {
            let text = value.as_str().ok_or_else(|| wrong("is not a string"))?;
            if !(*shortest..=*longest).contains(&text.chars().count()) {
                return Err(wrong(&format!("is not {shortest} to {longest} long")));
            }
            if !(form.is_met)(text) {
                return Err(wrong(form.issue));
            }
        }
        Rule::Word(words) => {
            let text = value.as_str().ok_or_else(|| wrong("is not a string"))?;
            if !words.contains(&text) {
                return Err(wrong(&format!("is not {}", words.join(" or "))));
            }
        }
        Rule::Words(words) => {
            let items = value.as_array().ok_or_else(|| wrong("is not an array"))?;
            if items.is_empty() {
                return Err(wrong("has fewer than 1 items"));
            }
            for (index, item) in items.iter().enumerate() {
                check(&Rule::Word(words), item, &pointer(place, &index.to_string()))?;
            }
        }
        Rule::Whole { least, most } => {
            let number = value.as_i64().ok_or_else(|| wrong("is not an integer"))?;
            if number < *least {
                return Err(wrong(&format!("is less than {least}")));
            }
            if number > *most {
                return Err(wrong(&format!("is more than {most}")));
            }
        }
        Rule::Flag => {
            value.as_bool().ok_or_else(|| wrong("is not a boolean"))?;
        }
        Rule::Object { tables, longest } => {
            check_object(tables, value, place)?;
            if value.to_string().len() > *longest {
                return Err(wrong(&format!("is longer than {longest} bytes")));
            }
        }
        Rule::List { tables, fewest, most } => {
            let items = value.as_array().ok_or_else(|| wrong("is not an array"))?;
            if items.len() < *fewest {
                return Err(wrong(&format!("has fewer than {fewest} items")));
            }
            if items.len() > *most {
                return Err(wrong(&format!("has more than {most} items")));
            }
            for (index, item) in items.iter().enumerate() {
                check_object(tables, item, &pointer(place, &index.to_string()))?;
            }
        }
    }
    Ok(())
}

pub(super) const fn required(name: &'static str, rule: Rule) -> Field {
    Field { name, required: true, rule }
}

pub(super) const fn optional(name: &'static str, rule: Rule) -> Field {
    Field { name, required: false, rule }
}

pub(super) const fn text(longest: usize) -> Rule {
    formed(longest, Form::new(|_| true, ""))
}

pub(super) const fn formed(longest: usize, form: Form) -> Rule {
    Rule::Text { shortest: 1, longest, form }
}

pub(super) const fn whole(least: i64) -> Rule {
    Rule::Whole { least, most: i64::MAX }
}

/// Of at least one object.
pub(super) const fn list(tables: &'static [Table]) -> Rule {
    Rule::List { tables, fewest: 1, most: usize::MAX }
}

pub(super) const fn object(tables: &'static [Table]) -> Rule {
    Rule::Object { tables, longest: usize::MAX }
}

pub(super) const ORDER_NUMBER: Form =
    Form::new(is_order_number, "has other characters than digits, letters and _-|*");
pub(super) const REFUND_NUMBER: Form =
    Form::new(is_refund_number, "has other characters than digits, letters and _-|*@");
pub(super) const GOODS_ID: Form =
    Form::new(is_goods_id, "has other characters than digits, letters and _-");
pub(super) const REFUNDABLE_BANK: Form =
    Form::new(is_refundable_bank, "is not a debit card of a bank that the document names");
pub(super) const IP: Form = Form::new(is_ip, "is not an IPv4 or IPv6 address");
pub(super) const DATE_TIME: Form =
    Form::new(is_date_time, "is not a time like 2018-06-08T10:34:56+08:00");
pub(super) const DATE: Form = Form::new(is_date, "is not a date like 2018-06-08");
pub(super) const NOTIFY_URL: Form = Form::new(
    is_notify_url,
    "is not a complete http or https address with a path and without a query",
);

fn is_order_number(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || "_-|*".contains(character))
}

fn is_refund_number(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || "_-|*@".contains(character))
}

fn is_goods_id(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || "_-".contains(character))
}

/// The debit cards of the fifteen banks that the document names.
fn is_refundable_bank(text: &str) -> bool {
    let banks = [
        "CMB", "COMM", "ABC", "CCB", "ICBC", "BOC", "PAB", "SPDB", "CITIC", "CEB", "CMBC", "CIB",
        "GDB", "PSBC", "NBCB",
    ];
    text.strip_suffix("_DEBIT").is_some_and(|bank| banks.contains(&bank))
}

fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// yyyy-MM-DDTHH:mm:ss and an offset: the calendar is checked by `time`, the shape here, as RFC
/// 3339 allows more.
fn is_date_time(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|character| if character.is_ascii_digit() { '0' } else { character })
        .collect();
    let shapes = ["0000-00-00T00:00:00+00:00", "0000-00-00T00:00:00-00:00", "0000-00-00T00:00:00Z"];
    shapes.contains(&shape.as_str()) && unix_time(text).is_some()
}

/// yyyy-MM-dd.
fn is_date(text: &str) -> bool {
    is_date_time(&format!("{text}T00:00:00Z"))
}

/// A full address with a path, without query and fragment. Loopback hosts pass, unlike in the real
/// service.
fn is_notify_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some((host, _)) = rest.and_then(|rest| rest.split_once('/')) else { return false };
    let plain = text.chars().all(|character| character.is_ascii_graphic());
    plain && !host.is_empty() && !host.contains('@') && !text.contains(['?', '#', '\\'])
}

/// 货币类型.
/// A currency of ISO 4217, in combined orders of APIv2.
#[cfg(feature = "v2")]
pub(super) const ANY_CURRENCY: Rule = formed(
    3,
    Form::new(
        |text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
        "is not a currency of three capital letters",
    ),
);
pub(super) const CURRENCY: Rule = Rule::Word(&["CNY"]);
/// The service's number for an extra parameter (排障手册).
const EXTRA: u32 = 270_924_358;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::caller::MerchantKind;
    use super::super::fields;
    use super::super::trade_type::TradeType;
    use super::*;

    fn app_order() -> [Table; 4] {
        fields::order(MerchantKind::Direct, TradeType::App)
    }

    fn whole_order() -> Value {
        json!({
            "appid": "wxd678efh567hg6787", "mchid": "1230000109",
            "description": "Image形象店-深圳腾大-QQ公仔",
            "out_trade_no": "1217752501201407033233368018",
            "time_expire": "2018-06-08T10:34:56+08:00", "attach": "自定义数据说明",
            "notify_url": "https://www.weixin.qq.com/wxpay/pay.php", "goods_tag": "WXG",
            "support_fapiao": false, "amount": { "total": 100, "currency": "CNY" },
            "detail": { "cost_price": 1, "invoice_id": "wx123", "goods_detail": [{
                "merchant_goods_id": "1246464644", "wechatpay_goods_id": "1001",
                "goods_name": "iPhone6s 16G", "quantity": 1, "unit_price": 528800
            }] },
            "scene_info": { "payer_client_ip": "14.23.150.211", "device_id": "013467007045764",
                "store_info": { "id": "0001", "name": "腾讯大厦分店", "area_code": "440305",
                    "address": "广东省深圳市南山区科技中一道10000号" } },
            "settle_info": { "profit_sharing": false }
        })
    }

    /// Puts `value` at `place` of the whole order, or takes the field away, and reads the result.
    fn read_with(place: &str, value: Option<Value>) -> Result<Value, Refusal> {
        let mut order = whole_order();
        let (parent, name) = place.rsplit_once('/').unwrap();
        let members = order.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => members.insert(name.to_owned(), value),
            None => members.remove(name),
        };
        read(order.to_string().as_bytes(), &app_order())
    }

    #[test]
    fn refusal_reports_what_the_field_should_be() {
        for (place, value, issue) in [
            ("/out_trade_no", json!("a b c d"), "other characters than digits"),
            ("/notify_url", json!("https://a.cn/?x=1"), "without a query"),
            ("/time_expire", json!("2018-06-08 10:34:56"), "2018-06-08T10:34:56+08:00"),
            ("/amount/currency", json!("USD"), "is not CNY"),
            ("/scene_info/payer_client_ip", json!("localhost"), "IPv4 or IPv6"),
            ("/detail/goods_detail", json!([]), "has fewer than 1 items"),
        ] {
            let refusal = read_with(place, Some(value)).unwrap_err();
            let output = refusal.detail.unwrap();
            let output = output["issue"].as_str().unwrap();
            assert!(output.contains(issue), "{place} {output}");
        }
    }

    #[track_caller]
    fn refused_at(place: &str, value: Option<Value>) {
        let refusal = read_with(place, value.clone()).expect_err(place);
        let detail = refusal.detail.unwrap();
        assert_eq!((refusal.status, refusal.code.as_str()), (400, "PARAM_ERROR"));
        assert_eq!(detail["field"], place);
        assert_eq!(detail.get("value"), value.as_ref());
    }

    #[test]
    fn documents_order_passes() {
        assert_eq!(
            read(whole_order().to_string().as_bytes(), &app_order()).unwrap(),
            whole_order()
        );
    }

    #[test]
    fn required_fields_are_missed_and_optional_ones_are_not() {
        for place in ["/appid", "/mchid", "/description", "/out_trade_no", "/notify_url", "/amount"]
        {
            refused_at(place, None);
        }
        refused_at("/amount/total", None);
        refused_at("/detail/goods_detail/0/quantity", None);
        refused_at("/scene_info/payer_client_ip", None);
        for place in
            ["/time_expire", "/attach", "/goods_tag", "/support_fapiao", "/amount/currency"]
        {
            assert!(read_with(place, None).is_ok(), "{place}");
        }
        for place in ["/detail", "/scene_info", "/settle_info", "/scene_info/store_info"] {
            assert!(read_with(place, None).is_ok(), "{place}");
        }
    }

    #[test]
    fn types_and_null_and_extra_keys_are_refused() {
        refused_at("/amount/total", Some(json!("100")));
        refused_at("/amount", Some(json!([])));
        refused_at("/support_fapiao", Some(json!("true")));
        refused_at("/attach", Some(Value::Null));
        refused_at("/detail/goods_detail", Some(json!([])));
        refused_at("/detail/goods_detail", Some(json!({})));
        refused_at("/payer", Some(json!({ "openid": "o" })));
        refused_at("/amount/payer_total", Some(json!(1)));
        assert_eq!(read_with("/identity", Some(json!([]))).unwrap_err().number, EXTRA);
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(read_with("/description", Some(json!("中".repeat(127)))).is_ok());
        refused_at("/description", Some(json!("中".repeat(128))));
        refused_at("/description", Some(json!("")));
        assert!(read_with("/out_trade_no", Some(json!("aZ9_-|"))).is_ok());
        refused_at("/out_trade_no", Some(json!("12345")));
        refused_at("/out_trade_no", Some(json!("1".repeat(33))));
        refused_at("/out_trade_no", Some(json!("123 456")));
    }

    #[test]
    fn detail_is_at_most_6144_bytes() {
        let goods = |count: usize| {
            let item = json!({ "merchant_goods_id": "1", "quantity": 1, "unit_price": 1,
                "goods_name": "中".repeat(256) });
            json!({ "goods_detail": vec![item; count] })
        };
        assert!(read_with("/detail", Some(goods(7))).is_ok());
        refused_at("/detail", Some(goods(8)));
    }

    #[test]
    fn money_is_a_positive_integer() {
        for total in [json!(0), json!(-1), json!(u64::MAX)] {
            refused_at("/amount/total", Some(total));
        }
        refused_at("/amount/currency", Some(json!("USD")));
        let halves = whole_order().to_string().replace("\"total\":100", "\"total\":100.0");
        let detail = read(halves.as_bytes(), &app_order()).unwrap_err().detail.unwrap();
        assert_eq!(detail["field"], "/amount/total");
    }

    #[test]
    fn times_have_one_shape_and_a_calendar() {
        for time in ["2024-02-29T23:59:59Z", "2015-05-20T13:29:35-11:30"] {
            assert!(read_with("/time_expire", Some(json!(time))).is_ok(), "{time}");
        }
        for time in [
            "2015-05-20T13:29:35.000+08:00",
            "2015-05-20 13:29:35+08:00",
            "2015-05-20t13:29:35z",
            "2023-02-29T00:00:00Z",
            "2015-05-20T24:00:00Z",
            "2015-05-20T13:29:35",
            "20150520132935",
        ] {
            refused_at("/time_expire", Some(json!(time)));
        }
    }

    #[test]
    fn notify_urls_are_complete_and_without_query() {
        for url in ["https://127.0.0.1:8443/notify", "http://localhost/n"] {
            assert!(read_with("/notify_url", Some(json!(url))).is_ok(), "{url}");
        }
        for url in [
            "https://a.cn",
            "ftp://a.cn/n",
            "https:///n",
            "https://a.cn/n?x=1",
            "https://a.cn/n#x",
            "https://u@a.cn/n",
            "https://a.cn/n n",
            "HTTPS://a.cn/n",
            "/n",
        ] {
            refused_at("/notify_url", Some(json!(url)));
        }
        refused_at("/scene_info/payer_client_ip", Some(json!("1.2.3.256")));
        assert!(read_with("/scene_info/payer_client_ip", Some(json!("2001:db8::1"))).is_ok());
    }
}
