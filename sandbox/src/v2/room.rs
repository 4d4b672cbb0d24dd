//! APIv2 without its network: a state machine from request to answer.

use std::collections::VecDeque;

use aes::Aes256;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::answer::Answer;
use super::super::balance::Balance;
use super::super::fresh::Fresh;
use super::super::merchants::Merchants;
use super::super::notifications::Notifications;
use super::super::order_error::OrderError;
use super::super::received::Received;
use super::super::refusal::Refusal;
use super::super::tickets::Tickets;
use super::super::url;
use super::call::Call;
use super::fault::Fault;
use super::orders::{Key, Orders};
use super::{Fields, fields_of, refunds, sign, tables, text, xml};

/// Everything that the sandbox remembers of APIv2.
#[derive(Default)]
pub(crate) struct Room {
    pub(super) orders: Orders,
    faults: VecDeque<Fault>,
    failures: VecDeque<String>,
    rewrites: VecDeque<Rewrite>,
    /// The merchant's certificate in DER, which refunds must come with.
    certificate: Vec<u8>,
}

/// What a test does to the fields of one answer.
pub(crate) type Rewrite = Box<dyn FnOnce(&mut Fields) + Send>;

/// What a call is judged by, beside itself.
pub(crate) struct Place<'a> {
    pub(crate) merchants: &'a Merchants,
    pub(crate) fresh: &'a mut Fresh,
    pub(crate) base_url: &'a str,
    pub(crate) tickets: &'a mut Tickets,
    pub(crate) balance: &'a mut Balance,
    pub(crate) notifications: &'a mut Notifications,
    /// Business time in Unix seconds.
    pub(crate) now: i64,
    /// How the request is signed.
    pub(crate) sign_type: &'a str,
}

impl Place<'_> {
    /// Whether there is such a merchant, and whether the appid is bound to it.
    pub(super) fn check_appid(&self, merchant: &str, appid: &str) -> Result<(), Fault> {
        let known = |appid: &str| {
            self.merchants.values().any(|merchant| merchant.appids.iter().any(|own| own == appid))
        };
        match self.merchants.get(merchant) {
            None => Err(Fault::new("MCHID_NOT_EXIST", "MCHID不存在")),
            Some(_) if !known(appid) => Err(Fault::new("APPID_NOT_EXIST", "APPID不存在")),
            Some(merchant) if merchant.appids.iter().any(|own| own == appid) => Ok(()),
            Some(_) => Err(Fault::new("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")),
        }
    }
}

impl Room {
    /// Takes refunds from who shows this certificate.
    pub(crate) fn certify(&mut self, certificate: Vec<u8>) {
        self.certificate = certificate;
    }

    /// Whether a request is one of APIv2.
    pub(crate) fn serves(request: &Received) -> bool {
        let (path, _) = url::split(&request.path);
        Call::of_path(path).is_some()
    }

    /// Answers a request: with status 200, whatever it says. With a refusal in place of the call,
    /// or in place of its answer alone.
    pub(crate) fn handle(
        &mut self,
        request: &Received,
        mut at: Place<'_>,
        (instead, afterwards): (Option<&Refusal>, Option<&Refusal>),
    ) -> Answer {
        let troubles = (instead.map(Fault::of_v3), afterwards.map(Fault::of_v3));
        let told = self
            .answer(request, &mut at, troubles)
            .unwrap_or_else(|text| fields_of(&[("return_code", "FAIL"), ("return_msg", &text)]));
        Answer::file("text/xml; charset=utf-8", &xml::write("xml", &told))
    }

    /// The answer, signed; or the words of an unsigned refusal.
    fn answer(
        &mut self,
        request: &Received,
        at: &mut Place<'_>,
        (instead, afterwards): (Option<Fault>, Option<Fault>),
    ) -> Result<Fields, String> {
        let (path, query) = url::split(&request.path);
        let call = Call::of_path(path).filter(|_| query.is_empty()).ok_or("请求地址错误")?;
        let asked = read(request)?;
        let (appid, mch_id) = if call.is_combined() { COMBINED_PARTIES } else { PARTIES };
        // Only this merchant has a key here.
        if text(&asked, mch_id) != super::super::MCHID {
            return Err(format!("商户号{mch_id}不存在"));
        }
        let sign_type = asked.get("sign_type").map_or("MD5", String::as_str).to_owned();
        if sign::sign(&sign_type, &asked).as_deref() != Some(text(&asked, "sign")) {
            return Err("签名错误".to_owned());
        }
        let is_certified = request.client_certificate.as_ref() == Some(&self.certificate);
        if path.starts_with("/secapi/") && !is_certified {
            return Err("证书校验错误".to_owned());
        }
        if let Some(text) = self.failures.pop_front() {
            return Err(text);
        }
        let at = &mut Place {
            sign_type: &sign_type,
            fresh: &mut *at.fresh,
            tickets: &mut *at.tickets,
            balance: &mut *at.balance,
            notifications: &mut *at.notifications,
            ..*at
        };
        let told = instead.map_or_else(|| self.decide(call, &asked, at), Err);
        let mut told = match told.and_then(|told| afterwards.map_or(Ok(told), Err)) {
            Ok(told) => merged(told, &[("result_code", "SUCCESS")]),
            Err(Fault { code, text }) => {
                fields_of(&[("result_code", "FAIL"), ("err_code", &code), ("err_code_des", &text)])
            }
        };
        told = merged(
            told,
            &[
                ("return_code", "SUCCESS"),
                ("return_msg", "OK"),
                (appid, text(&asked, appid)),
                (mch_id, text(&asked, mch_id)),
                ("nonce_str", &at.fresh.digits(32)),
            ],
        );
        if let Some(rewrite) = self.rewrites.pop_front() {
            rewrite(&mut told);
        }
        let sign = sign::sign(&sign_type, &told).unwrap_or_default();
        Ok(merged(told, &[("sign", &sign)]))
    }

    fn decide(&mut self, call: Call, asked: &Fields, at: &mut Place<'_>) -> Result<Fields, Fault> {
        if call.is_combined() && at.sign_type != "HMAC-SHA256" {
            return Err(Fault::new("INVALID_PARAMS", "暂只支持HMAC-SHA256的签名方式"));
        }
        if let Some(fault) = self.faults.pop_front() {
            return Err(fault);
        }
        tables::check(call, asked)?;
        let orders = &mut self.orders;
        match call {
            Call::Place => orders.place(asked, at),
            Call::Query => orders.query(asked),
            Call::Close => orders.close(asked, at.now),
            Call::PlaceCombined => orders.place_combined(asked, at),
            Call::QueryCombined => orders.query_combined(asked),
            Call::CloseCombined => orders.close_combined(asked, at.now),
            Call::Refund => refunds::apply(orders, asked, at),
            Call::QueryRefund => refunds::query(orders, asked),
        }
    }

    /// The user pays an order, which makes a notification.
    pub(crate) fn pay(
        &mut self,
        number: &str,
        coupons: &[u64],
        Place { now, fresh, notifications, .. }: Place<'_>,
    ) -> Result<(), OrderError> {
        let order = self.orders.pay(&own(number), coupons, now, fresh)?;
        let payment = order.payment.as_ref().ok_or(OrderError::NotPlaced)?;
        let told = merged(
            order.describe_payment(payment),
            &[
                ("return_code", "SUCCESS"),
                ("result_code", "SUCCESS"),
                ("appid", text(&order.parameters, "appid")),
                ("mch_id", text(&order.parameters, "mch_id")),
                ("nonce_str", &fresh.digits(32)),
            ],
        );
        // By the algorithm of the order, of which the notification says nothing.
        let sign = sign::sign(&order.sign_type, &told).unwrap_or_default();
        let notify_url = text(&order.parameters, "notify_url").to_owned();
        notifications.add_v2(
            &notify_url,
            number,
            xml::write("xml", &merged(told, &[("sign", &sign)])),
            now,
            fresh,
        );
        Ok(())
    }

    /// As [`Room::pay`], for a combined order.
    pub(crate) fn pay_combined(
        &mut self,
        number: &str,
        Place { now, fresh, notifications, .. }: Place<'_>,
    ) -> Result<(), OrderError> {
        let key = own(number);
        self.orders.pay_combined(&key, now, fresh)?;
        let whole = self.orders.combined.get(&key).ok_or(OrderError::NotPlaced)?;
        let told = merged(
            self.orders.describe_combined(whole),
            &[
                ("return_code", "SUCCESS"),
                ("result_code", "SUCCESS"),
                ("result_msg", "OK"),
                ("sign_type", "HMAC-SHA256"),
                ("nonce_str", &fresh.digits(32)),
            ],
        );
        let sign = sign::sign("HMAC-SHA256", &told).unwrap_or_default();
        let notify_url = text(&whole.parameters, "notify_url").to_owned();
        notifications.add_v2(
            &notify_url,
            number,
            xml::write("xml", &merged(told, &[("sign", &sign)])),
            now,
            fresh,
        );
        Ok(())
    }

    /// The user's payment of an order fails.
    pub(crate) fn refuse_payment(&self, number: &str, now: i64) -> Result<(), OrderError> {
        self.orders.refuse_payment(&own(number), now)
    }

    /// As [`Room::refuse_payment`], for a combined order.
    pub(crate) fn refuse_combined_payment(&self, number: &str, now: i64) -> Result<(), OrderError> {
        self.orders.refuse_combined_payment(&own(number), now)
    }

    /// The platform closes an order, and its number is burnt.
    pub(crate) fn close(&mut self, number: &str) -> Result<(), OrderError> {
        self.orders.shut(&own(number))
    }

    /// As [`Room::close`], for a combined order.
    pub(crate) fn close_combined(&mut self, number: &str) -> Result<(), OrderError> {
        self.orders.shut_combined(&own(number))
    }

    /// A refund ends, which makes a notification; says whether there was one to end.
    pub(crate) fn end_refund(
        &mut self,
        number: &str,
        status: &'static str,
        Place { now, fresh, notifications, balance, .. }: Place<'_>,
    ) -> bool {
        let ended = refunds::end(&mut self.orders, super::super::MCHID, number, status, now);
        let Some((order, refund)) = ended else { return false };
        let req_info = sealed(&xml::write("root", &refund.describe(order)));
        let notify_url = refund.notify_url(order).to_owned();
        let told = fields_of(&[
            ("return_code", "SUCCESS"),
            ("appid", text(&order.parameters, "appid")),
            ("mch_id", text(&order.parameters, "mch_id")),
            ("nonce_str", &fresh.digits(32)),
            ("req_info", &req_info),
        ]);
        if status == "REFUNDCLOSE" {
            balance.put_back(refund.fee());
        }
        notifications.add_v2(&notify_url, number, xml::write("xml", &told), now, fresh);
        true
    }

    pub(crate) fn refuse_next(&mut self, code: &str, text: &str) {
        self.faults.push_back(Fault::new(code, text));
    }

    pub(crate) fn fail_next(&mut self, text: &str) {
        self.failures.push_back(text.to_owned());
    }

    pub(crate) fn rewrite_next(&mut self, rewrite: Rewrite) {
        self.rewrites.push_back(rewrite);
    }
}

/// The fields of a request; or what is said where nobody knows yet whom to answer.
fn read(request: &Received) -> Result<Fields, &'static str> {
    if request.method != "POST" {
        return Err("请使用post方法");
    }
    // Its media type is not asked: no document names one, and every client sends another.
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

/// AES-256-ECB with PKCS#7, in Base64.
fn sealed(text: &[u8]) -> String {
    let Ok(cipher) = Aes256::new_from_slice(sign::notification_key().as_bytes()) else {
        return String::new();
    };
    let (whole, rest) = Array::slice_as_chunks(text);
    let padding = 16_usize.saturating_sub(rest.len());
    let mut last = [u8::try_from(padding).unwrap_or_default(); 16];
    last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
    let mut sealed = Vec::new();
    for block in whole.iter().copied().chain([Array::from(last)]) {
        let mut block = block;
        cipher.encrypt_block(&mut block);
        sealed.extend_from_slice(&block);
    }
    STANDARD.encode(sealed)
}

fn own(number: &str) -> Key {
    (super::super::MCHID.to_owned(), number.to_owned())
}

fn merged(mut fields: Fields, more: &[(&str, &str)]) -> Fields {
    fields.extend(fields_of(more));
    fields
}

const PARTIES: (&str, &str) = ("appid", "mch_id");
const COMBINED_PARTIES: (&str, &str) = ("combine_appid", "combine_mch_id");

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::super::merchants::Merchant;
    use super::super::super::{APPID, MCHID, NEIGHBOUR_APPID, NEIGHBOUR_MCHID};
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

    fn told(room: &mut Room, request: &Received) -> Fields {
        let (merchants, mut fresh) = (merchants(), Fresh::new([7; 32]));
        let place = Place {
            merchants: &merchants,
            fresh: &mut fresh,
            balance: &mut Balance::default(),
            notifications: &mut Notifications::default(),
            base_url: "https://127.0.0.1:1",
            tickets: &mut Tickets::default(),
            now: NOW,
            sign_type: "",
        };
        let answer = room.handle(request, place, (None, None));
        assert_eq!(answer.status, 200);
        xml::read(std::str::from_utf8(&answer.body).unwrap()).unwrap()
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
        let told = told(&mut Room::default(), &request(path, &xml::write("xml", &fields)));
        if text(&told, "return_code") == "FAIL" {
            assert!(!told.contains_key("sign"));
            return text(&told, "return_msg").to_owned();
        }
        assert_eq!(sign::sign("HMAC-SHA256", &told).as_deref(), told.get("sign").map(|s| &**s));
        text(&told, "err_code").to_owned()
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
            ("openID", "o1", "INVALID_REQUEST"),
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
        let by_md5 = told(&mut Room::default(), &{
            let mut fields = merged(fields_of(&order), &[("sign_type", "MD5")]);
            fields.insert("sign".to_owned(), sign::sign("MD5", &fields).unwrap());
            request("/pay/combinedorder", &xml::write("xml", &fields))
        });
        assert_eq!(text(&by_md5, "err_code"), "INVALID_PARAMS");
    }

    #[test]
    fn what_nobody_can_sign_is_refused_with_a_text() {
        let said = |request: &Received| {
            let told = told(&mut Room::default(), request);
            assert_eq!((text(&told, "return_code"), told.len()), ("FAIL", 2));
            text(&told, "return_msg").to_owned()
        };
        let path = "/pay/unifiedorder";
        let mut asked = request(path, b"<xml></xml>");
        asked.method = "GET".to_owned();
        assert_eq!(said(&asked), "请使用post方法");
        assert_eq!(said(&request(path, b"")), "post数据为空");
        assert_eq!(said(&request(path, b"<xml><a>\xff</a></xml>")), "编码格式错误");
        assert_eq!(said(&request(path, "<xml><a>🧸</a></xml>".as_bytes())), "编码格式错误");
        assert_eq!(said(&request(path, b"<xml><a>1</xml>")), "XML格式错误");
        assert_eq!(said(&request("/pay/unifiedorder?x=1", b"<xml></xml>")), "请求地址错误");
        assert_eq!(said(&request(path, b"<xml></xml>")), "商户号mch_id不存在");
    }

    /// No document names a media type, and clients send whatever theirs is: curl's that of a form.
    #[test]
    fn a_request_is_read_whatever_its_media_type() {
        for media_type in ["text/xml; charset=utf-8", "application/x-www-form-urlencoded", ""] {
            let mut asked = request("/pay/unifiedorder", b"<xml><mch_id>1</mch_id></xml>");
            asked.headers = vec![("content-type".to_owned(), media_type.into())];
            let told = told(&mut Room::default(), &asked);
            assert_eq!(text(&told, "return_msg"), "商户号mch_id不存在", "{media_type}");
        }
    }

    #[test]
    fn a_combined_order_is_closed_in_whatever_order_its_parts_are_named() {
        let mut room = Room::default();
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
            let told = told(&mut room, &request(path, &xml::write("xml", &fields)));
            (text(&told, "result_code").to_owned(), text(&told, "err_code").to_owned())
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

    #[test]
    fn a_refund_notification_is_encrypted_as_openssl_encrypts_it() {
        // `openssl enc -aes-256-ecb` under the hexadecimal MD5 of the sandbox's key.
        assert_eq!(sign::notification_key(), "f5c055e657fc0cc899bb360e5b0667ba");
        assert_eq!(sealed(b"<root></root>"), "ISUIiv66Z7CUk+/XyN615A==");
        assert_eq!(sealed(&[b'x'; 16]), "Ja30twVsqK2nQ7Qw9uexhLa4BuAY5YwCHr9gYIV7XJs=");
    }
}
