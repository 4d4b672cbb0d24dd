//! From a request of APIv2 to its response: faults, decision, signature.

use super::super::merchants::MCHID;
use super::super::outgoing::Outgoing;
use super::super::received::Received;
use super::super::refusal::Refusal as V3Refusal;
use super::super::response::Response;
use super::super::state::State;
use super::super::url;
use super::context::Context;
use super::fields::{Fields, fields_of, merged, text};
use super::interface::Interface;
use super::refusal::Refusal;
use super::router::route;
use super::state::V2State;
use super::{sign, tables, xml};

/// Whether a request is one of APIv2, modelled or not.
pub(crate) fn serves(request: &Received) -> bool {
    PATHS.iter().any(|prefix| request.path.starts_with(prefix))
}

/// Responds to a request; `now` is the true time in Unix seconds.
///
/// Faults of a response's signature concern no response of APIv2, which has its signature in a field.
pub(crate) fn respond(state: &mut State, request: &Received, now: i64) -> Outgoing {
    let fault = state.faults.draw_by_rule(request);
    let (v2, context) = state.v2(now);
    let refusals = (fault.instead.as_ref(), fault.afterwards.as_ref());
    let mut response = respond_with(v2, request, context, refusals);
    if let Some(tamper) = fault.tamper {
        tamper(&mut response);
    }
    state.faults.tamper(&mut response);
    Outgoing { response, wire_fault: fault.wire_fault }
}

/// Responds to a request with status 200, except without a certificate. The first refusal takes the place of the call, the
/// second one that of its response alone.
fn respond_with(
    v2: &mut V2State,
    request: &Received,
    context: Context<'_>,
    (instead, afterwards): (Option<&V3Refusal>, Option<&V3Refusal>),
) -> Response {
    if let Some(reason) = lacks_certificate(v2, request) {
        return refused_connection(reason);
    }
    let refusals = (instead.map(Refusal::of_v3), afterwards.map(Refusal::of_v3));
    let fields = signed_response(v2, request, context, refusals)
        .unwrap_or_else(|text| fields_of(&[("return_code", "FAIL"), ("return_msg", &text)]));
    Response::file("text/xml; charset=utf-8", &xml::write("xml", &fields))
}

/// The response with its signature, or the text of an unsigned refusal.
fn signed_response(
    v2: &mut V2State,
    request: &Received,
    mut context: Context<'_>,
    (instead, afterwards): (Option<Refusal>, Option<Refusal>),
) -> Result<Fields, String> {
    let (path, query) = url::split(&request.path);
    let interface = route(path).ok_or_else(|| format!("{NOT_MODELLED}: {path}"))?;
    if !query.is_empty() {
        return Err("请求地址错误".to_owned());
    }
    if request.is_too_long() {
        return Err("请求体超过1 MiB，沙箱不接受".to_owned());
    }
    let asked = read(request)?;
    let (appid, mch_id) = if interface.is_combined { COMBINED_PARTIES } else { PARTIES };
    // Only this merchant has a key here.
    if text(&asked, mch_id) != MCHID {
        return Err(format!("商户号{mch_id}不存在"));
    }
    let sign_type = asked.get("sign_type").map_or("MD5", String::as_str);
    if sign::sign(sign_type, &asked).as_deref() != Some(text(&asked, "sign")) {
        return Err("签名错误".to_owned());
    }
    if let Some(text) = v2.failures.pop_front() {
        return Err(text);
    }
    context.sign_type = sign_type.to_owned();
    let decided = match instead {
        Some(refusal) => Err(refusal),
        None => decide(v2, interface, &asked, &mut context),
    };
    let decided = decided.and_then(|fields| afterwards.map_or(Ok(fields), Err));
    let fields = match decided {
        Ok(fields) => merged(fields, &[("result_code", "SUCCESS")]),
        Err(Refusal { code, text }) => {
            fields_of(&[("result_code", "FAIL"), ("err_code", &code), ("err_code_des", &text)])
        }
    };
    let more = [
        ("return_code", "SUCCESS"),
        ("return_msg", "OK"),
        (appid, text(&asked, appid)),
        (mch_id, text(&asked, mch_id)),
        ("nonce_str", &*context.ids.digits(32)),
    ];
    let mut fields = merged(fields, &more);
    if let Some(rewrite) = v2.rewrites.pop_front() {
        rewrite(&mut fields);
    }
    let sign = sign::sign(sign_type, &fields).unwrap_or_default();
    Ok(merged(fields, &[("sign", &sign)]))
}

fn decide(
    v2: &mut V2State,
    interface: &Interface,
    asked: &Fields,
    context: &mut Context<'_>,
) -> Result<Fields, Refusal> {
    if interface.is_combined && context.sign_type != "HMAC-SHA256" {
        return Err(Refusal::new("INVALID_PARAMS", "暂只支持HMAC-SHA256的签名方式"));
    }
    if let Some(refusal) = v2.refusals.pop_front() {
        return Err(refusal);
    }
    tables::check(interface, asked)?;
    (interface.handle)(&mut v2.orders, asked, context)
}

/// The fields of a request, or the text of the refusal if the merchant is not known yet.
fn read(request: &Received) -> Result<Fields, &'static str> {
    if request.method != "POST" {
        return Err("请使用post方法");
    }
    // Its media type is not checked: no document names one, and every client sends another.
    if request.body.is_empty() {
        return Err("post数据为空");
    }
    let text = std::str::from_utf8(&request.body).map_err(|_| "编码格式错误")?;
    if text.chars().any(|character| character.len_utf8() > 3) {
        return Err("编码格式错误");
    }
    let mut fields = xml::read(text).ok_or("XML格式错误")?;
    fields.retain(|_, value| !value.is_empty());
    Ok(fields)
}

/// What is wrong with the client certificate of a request that needs one.
fn lacks_certificate(v2: &V2State, request: &Received) -> Option<&'static str> {
    match &request.client_certificate {
        _ if !request.path.starts_with("/secapi/") => None,
        None => Some("No required SSL certificate was sent"),
        Some(certificate) if *certificate != v2.certificate => Some("The SSL certificate error"),
        Some(_) => None,
    }
}

/// As the web server before WeChat Pay responds, according to merchants' logs.
fn refused_connection(reason: &str) -> Response {
    let page = format!(
        "<html>\r\n<head><title>400 {reason}</title></head>\r\n<body>\r\n<center><h1>400 Bad \
         Request</h1></center>\r\n<center>{reason}</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = Response::file("text/html", page.as_bytes());
    response.status = 400;
    response
}

/// The paths of APIv2 begin with these.
const PATHS: [&str; 9] = [
    "/pay/",
    "/secapi/",
    "/mmpaymkttransfers/",
    "/payitil/",
    "/tools/",
    "/risk/",
    "/billcommentsp/",
    "/deposit/",
    "/papay/",
];

const NOT_MODELLED: &str = "沙箱未模拟该接口 not modelled by this sandbox";

const PARTIES: (&str, &str) = ("appid", "mch_id");
const COMBINED_PARTIES: (&str, &str) = ("combine_appid", "combine_mch_id");

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::super::balance::Balance;
    use super::super::super::merchants::{APPID, NEIGHBOUR_APPID, NEIGHBOUR_MCHID};
    use super::super::super::merchants::{Merchant, Merchants};
    use super::super::super::notifications::Notifications;
    use super::super::super::placed_orders::PlacedOrders;
    use super::super::super::sharing::state::Sharing;
    use super::super::super::unique_ids::UniqueIds;
    use super::*;

    /// 2025-01-01 09:08:07 in Beijing.
    const NOW: i64 = 1_735_693_687;

    fn merchants() -> Merchants {
        let merchant = |appids: &[&str]| Merchant {
            appids: appids.iter().map(|appid| (*appid).to_owned()).collect(),
            sub_mchids: Vec::new(),
            certificate: None,
        };
        HashMap::from([
            (MCHID.to_owned(), merchant(&[APPID])),
            (NEIGHBOUR_MCHID.to_owned(), merchant(&[NEIGHBOUR_APPID, APPID])),
        ])
    }

    fn request(path: &str, body: &[u8]) -> Received {
        Received {
            method: "POST".to_owned(),
            path: path.to_owned(),
            headers: vec![("content-type".to_owned(), b"text/xml".to_vec())],
            body: body.to_vec(),
            client_certificate: None,
        }
    }

    fn output(v2_state: &mut V2State, request: &Received) -> Fields {
        let (merchants, mut ids) = (merchants(), UniqueIds::new([7; 32]));
        let place = Context {
            merchants: &merchants,
            ids: &mut ids,
            balance: &mut Balance::default(),
            sharing: &Sharing::default(),
            notifications: &mut Notifications::default(),
            base_url: "https://127.0.0.1:1",
            placed_orders: &mut PlacedOrders::default(),
            now: NOW,
            sign_type: String::new(),
        };
        let response = respond_with(v2_state, request, place, (None, None));
        assert_eq!(response.status, 200);
        xml::read(std::str::from_utf8(&response.body).unwrap()).unwrap()
    }

    /// The error code of a request with these fields changed; empty for a success, the text of an
    /// unsigned refusal.
    fn code(path: &str, fields: &[(&str, &str)], changes: &[(&str, &str)]) -> String {
        let mut fields = merged(fields_of(fields), changes);
        fields.retain(|_, value| !value.is_empty());
        if !fields.contains_key("sign") {
            let sign_type = fields.get("sign_type").map_or("MD5", String::as_str);
            let sign = sign::sign(sign_type, &fields).unwrap();
            fields.insert("sign".to_owned(), sign);
        }
        let output = output(&mut V2State::default(), &request(path, &xml::write("xml", &fields)));
        if text(&output, "return_code") == "FAIL" {
            assert!(!output.contains_key("sign"));
            return text(&output, "return_msg").to_owned();
        }
        assert_eq!(sign::sign("HMAC-SHA256", &output).as_deref(), output.get("sign").map(|s| &**s));
        text(&output, "err_code").to_owned()
    }

    const ORDER: [(&str, &str); 11] = [
        ("appid", APPID),
        ("mch_id", MCHID),
        ("nonce_str", "n0nce"),
        ("sign_type", "HMAC-SHA256"),
        ("body", "b"),
        ("out_trade_no", "order-1"),
        ("total_fee", "1"),
        ("spbill_create_ip", "2001:db8::1"),
        ("notify_url", "https://127.0.0.1/notify"),
        ("trade_type", "JSAPI"),
        ("openid", "o1"),
    ];

    #[test]
    fn every_field_of_an_order_is_checked() {
        let long = "x".repeat(129);
        for (name, value, expected) in [
            ("attach", "a", ""),
            ("body", &long, "INVALID_REQUEST"),
            ("body", "", "LACK_PARAMS"),
            ("openid", "", "LACK_PARAMS"),
            ("openid", "other-1", "INVALID_REQUEST"),
            ("openID", "o1", ""),
            ("version", "1.0", ""),
            ("sub_mch_id", "1900000109", ""),
            ("out_trade_no", "short", "INVALID_REQUEST"),
            ("total_fee", "0", "INVALID_REQUEST"),
            ("total_fee", "1.00", "INVALID_REQUEST"),
            ("total_fee", "01", "INVALID_REQUEST"),
            ("spbill_create_ip", "localhost", "INVALID_REQUEST"),
            ("notify_url", "https://127.0.0.1/notify?x=1", "INVALID_REQUEST"),
            ("time_expire", "20250101090807", ""),
            ("time_expire", "20250230090807", "INVALID_REQUEST"),
            ("fee_type", "USD", "INVALID_REQUEST"),
            ("trade_type", "NATIVE", "LACK_PARAMS"),
            ("trade_type", "H5", "INVALID_REQUEST"),
            ("receipt", "N", "INVALID_REQUEST"),
            ("profit_sharing", "y", "INVALID_REQUEST"),
            ("limit_pay", "credit", "INVALID_REQUEST"),
            ("detail", r#"{"goods_detail":[{"goods_id":"1","quantity":1,"price":1}]}"#, ""),
            ("detail", r#"{"goods_detail":[]}"#, "INVALID_REQUEST"),
            ("detail", r#"{"goods_detail":[{"goods_id":"1","quantity":1}]}"#, "LACK_PARAMS"),
            ("detail", "{}", "LACK_PARAMS"),
            ("detail", "一台手机", ""),
            ("scene_info", r#"{"store_info":{"id":"1"}}"#, ""),
            ("scene_info", r#"{"store_info":{"id":"1","x":1}}"#, "INVALID_REQUEST"),
            ("scene_info", r#"{"store_info":{"id":"1"},}"#, "INVALID_REQUEST"),
            ("appid", "wx-nobody", "APPID_NOT_EXIST"),
            ("appid", NEIGHBOUR_APPID, "APPID_MCHID_NOT_MATCH"),
            ("mch_id", NEIGHBOUR_MCHID, "商户号mch_id不存在"),
            ("sign", "0", "签名错误"),
            ("nonce_str", &long, "INVALID_REQUEST"),
        ] {
            let found = code("/pay/unifiedorder", &ORDER, &[(name, value)]);
            assert_eq!(found, expected, "{name} {value}");
        }
        for (h5_info, expected) in [
            (r#"{"h5_info":{"type":"IOS","app_name":"a","bundle_id":"b"}}"#, ""),
            (r#"{"h5_info":{"type":"Android","app_name":"a","package_name":"b"}}"#, ""),
            (r#"{"h5_info":{"type":"Wap","wap_url":"https://a","wap_name":"b"}}"#, ""),
            (r#"{"h5_info":{"type":"Wap","wap_url":"https://a"}}"#, "LACK_PARAMS"),
            (r#"{"h5_info":{"type":"iOS","app_name":"a","bundle_id":"b"}}"#, "INVALID_REQUEST"),
            (r#"{"store_info":{"id":"1"}}"#, "INVALID_REQUEST"),
        ] {
            let changes = [("trade_type", "MWEB"), ("openid", ""), ("scene_info", h5_info)];
            assert_eq!(code("/pay/unifiedorder", &ORDER, &changes), expected, "{h5_info}");
        }
    }

    #[test]
    fn every_field_of_a_combined_order_is_checked() {
        let part = |mch_id: &str, number: &str| {
            format!(
                r#"{{"appid":"{APPID}","mch_id":"{mch_id}","body":"b","out_trade_no":"{number}",
                "fee_type":"CNY","total_fee":1,"attach":"a"}}"#
            )
        };
        let list = |count: usize, parts: &[String]| {
            format!(r#"{{"order_num":{count},"order_list":[{}]}}"#, parts.join(","))
        };
        let (one, two) = (part(MCHID, "part-1"), part(NEIGHBOUR_MCHID, "part-2"));
        let good = list(2, &[one.clone(), two.clone()]);
        let order = [
            ("combine_appid", APPID),
            ("combine_mch_id", MCHID),
            ("nonce_str", "n0nce"),
            ("sign_type", "HMAC-SHA256"),
            ("combine_out_trade_no", "whole-1"),
            ("spbill_create_ip", "8.8.8.8"),
            ("notify_url", "http://127.0.0.1/notify"),
            ("trade_type", "APP"),
            ("sub_order_list", good.as_str()),
        ];
        let eleven: Vec<_> = (0..11).map(|n| part(MCHID, &format!("part-{n}"))).collect();
        let same = list(2, &[one.clone(), one.clone()]);
        for (name, value, expected) in [
            ("device_info", "TEST01", ""),
            ("attach", "a", "POST_DATA_INVALID"),
            ("appid", APPID, "POST_DATA_INVALID"),
            ("spbill_create_ip", "2001:db8::1234:5678", "INVALID_PARAMS"),
            ("trade_type", "JSAPI", "LACK_PARAMS"),
            ("sub_order_list", "", "LACK_PARAMS"),
            ("sub_order_list", &list(1, &[one, two]), "INVALID_PARAMS"),
            ("sub_order_list", &list(11, &eleven), "SUBORDER_LIMIT_EXCEEDED"),
            ("sub_order_list", &same, "OUT_TRADE_NO_USED"),
            ("sub_order_list", &good.replace(":1,", ":\"1\","), "INVALID_PARAMS"),
            (
                "sub_order_list",
                &good.replace("\"order_num\":2", "\"order_num\":\"2\""),
                "INVALID_PARAMS",
            ),
            ("sub_order_list", &good.replace("]}", ",]}"), "INVALID_PARAMS"),
            (
                "sub_order_list",
                &good.replace("\"attach\":\"a\"", "\"goods_tag\":\"a\""),
                "POST_DATA_INVALID",
            ),
            ("sub_order_list", &good.replace(MCHID, "1900000000"), "MCHID_NOT_EXIST"),
        ] {
            let found = code("/pay/combinedorder", &order, &[(name, value)]);
            assert_eq!(found, expected, "{name} {value}");
        }
        let by_md5 = output(&mut V2State::default(), &{
            let mut fields = merged(fields_of(&order), &[("sign_type", "MD5")]);
            fields.insert("sign".to_owned(), sign::sign("MD5", &fields).unwrap());
            request("/pay/combinedorder", &xml::write("xml", &fields))
        });
        assert_eq!(text(&by_md5, "err_code"), "INVALID_PARAMS");
    }

    #[test]
    fn unsignable_request_is_refused_with_a_text() {
        let return_msg = |request: &Received| {
            let output = output(&mut V2State::default(), request);
            assert_eq!((text(&output, "return_code"), output.len()), ("FAIL", 2));
            text(&output, "return_msg").to_owned()
        };
        let path = "/pay/unifiedorder";
        let mut asked = request(path, b"<xml></xml>");
        asked.method = "GET".to_owned();
        assert_eq!(return_msg(&asked), "请使用post方法");
        assert_eq!(return_msg(&request(path, b"")), "post数据为空");
        assert_eq!(return_msg(&request(path, b"<xml><a>\xff</a></xml>")), "编码格式错误");
        assert_eq!(return_msg(&request(path, "<xml><a>🧸</a></xml>".as_bytes())), "编码格式错误");
        assert_eq!(return_msg(&request(path, b"<xml><a>1</xml>")), "XML格式错误");
        assert_eq!(return_msg(&request("/pay/unifiedorder?x=1", b"<xml></xml>")), "请求地址错误");
        let unknown = request("/tools/shorturl", b"<xml></xml>");
        assert!(serves(&unknown) && return_msg(&unknown).contains("not modelled by this sandbox"));
        assert_eq!(return_msg(&request(path, b"<xml></xml>")), "商户号mch_id不存在");
    }

    /// No document names a media type, and clients send whatever theirs is: curl's that of a form.
    #[test]
    fn request_of_any_media_type_is_read() {
        for media_type in ["text/xml; charset=utf-8", "application/x-www-form-urlencoded", ""] {
            let mut asked = request("/pay/unifiedorder", b"<xml><mch_id>1</mch_id></xml>");
            asked.headers = vec![("content-type".to_owned(), media_type.into())];
            let output = output(&mut V2State::default(), &asked);
            assert_eq!(text(&output, "return_msg"), "商户号mch_id不存在", "{media_type}");
        }
    }

    #[test]
    fn combined_order_closes_with_sub_orders_in_any_order() {
        let mut v2_state = V2State::default();
        let common = [
            ("combine_appid", APPID),
            ("combine_mch_id", MCHID),
            ("nonce_str", "n0nce"),
            ("sign_type", "HMAC-SHA256"),
            ("combine_out_trade_no", "whole-1"),
        ];
        let mut code = |path: &str, more: &[(&str, &str)]| {
            let mut fields = merged(fields_of(&common), more);
            fields.insert("sign".to_owned(), sign::sign("HMAC-SHA256", &fields).unwrap());
            let output = output(&mut v2_state, &request(path, &xml::write("xml", &fields)));
            (text(&output, "result_code").to_owned(), text(&output, "err_code").to_owned())
        };
        let part = |number: &str| {
            format!(
                r#"{{"appid":"{APPID}","mch_id":"{MCHID}","body":"b","out_trade_no":"{number}",
                "fee_type":"CNY","total_fee":1,"attach":"a"}}"#
            )
        };
        let list = [part("part-1"), part("part-2")].join(",");
        let list = format!(r#"{{"order_num":2,"order_list":[{list}]}}"#);
        let more = [
            ("spbill_create_ip", "8.8.8.8"),
            ("notify_url", "http://127.0.0.1/notify"),
            ("trade_type", "APP"),
            ("sub_order_list", &list),
        ];
        assert_eq!(code("/pay/combinedorder", &more).0, "SUCCESS");
        let named = |numbers: &[&str]| {
            let part =
                |number: &&str| format!(r#"{{"mch_id":"{MCHID}","out_trade_no":"{number}"}}"#);
            format!("[{}]", numbers.iter().map(part).collect::<Vec<_>>().join(","))
        };
        for (numbers, expected) in [
            (["part-1", "part-1"], "INVALID_PARAMS"),
            (["part-1", "part-3"], "INVALID_PARAMS"),
            (["part-2", "part-1"], ""),
        ] {
            let list = named(&numbers);
            let closed = code("/pay/closecombinedorder", &[("sub_order_list", &list)]);
            assert_eq!(closed.1, expected, "{numbers:?}");
        }
    }
}
