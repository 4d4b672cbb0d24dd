//! From a request to its response: faults, decision, signature.

use super::authority::{MERCHANT_KEY_PEM, NEXT_PLATFORM_KEY_PEM, PLATFORM_KEY_PEM};
use super::authorization_header;
use super::calendar::http_date;
use super::fault::WrongSignature;
use super::fault_rules::CallFault;
use super::interface::{Call, Interface};
use super::interfaces::scripted;
use super::outgoing::Outgoing;
use super::rate_limit::RateLimit;
use super::received::Received;
use super::refusal::Refusal;
use super::response::Response;
use super::router::{Route, route};
use super::state::State;
use super::url;

/// Responds to a request; `now` is the true time in Unix seconds.
pub(super) fn respond(state: &mut State, request: &Received, now: i64) -> Outgoing {
    state.received.push(request.clone());
    let outgoing = respond_by_version(state, request, now);
    state.journal.exchanged(now, request, &outgoing);
    outgoing
}

fn respond_by_version(state: &mut State, request: &Received, now: i64) -> Outgoing {
    #[cfg(feature = "v2")]
    if super::v2::responder::serves(request) {
        return super::v2::responder::respond(state, request, now);
    }
    respond_v3(state, request, now)
}

fn respond_v3(state: &mut State, request: &Received, now: i64) -> Outgoing {
    let route = match state.scripts.find(request) {
        Some(script) => {
            Ok(Route { interface: scripted::interface(script), path_parameters: Vec::new() })
        }
        None => route(request),
    };
    let is_file = route.as_ref().is_ok_and(|route| route.interface.is_file);
    let accepted = route.and_then(|route| {
        let mchid = identify(state, route.interface, request, now)?;
        Ok((route, mchid))
    });
    // A request that is refused anyway gets no fault.
    let fault = match &accepted {
        Ok(_) => state.faults.draw(request),
        Err(_) => CallFault::default(),
    };
    let result = accepted.and_then(|accepted| {
        check_rate(state, now)?;
        Ok(accepted)
    });
    let result = match (result, fault.instead) {
        (Ok(_), Some(refusal)) | (Err(refusal), _) => Err(refusal),
        (Ok((route, mchid)), None) => decide(state, &route, &mchid, request, now),
    };
    let result = result.and_then(|response| fault.afterwards.map_or(Ok(response), Err));
    let (mut response, number) = match result {
        Ok(response) => (response, 0),
        Err(refusal) => (refusal.response(), refusal.number),
    };
    add_headers(state, &mut response, number, now);
    if let Some(rewrite) = fault.rewrite {
        rewrite(&mut response);
    }
    state.faults.rewrite(&mut response);
    if !is_file {
        let signed_at = state.clock.response(now).saturating_add(fault.skew);
        sign(state, &mut response, request, signed_at, fault.wrong_signature);
    }
    if let Some(tamper) = fault.tamper {
        tamper(&mut response);
    }
    state.faults.tamper(&mut response);
    Outgoing { response, wire_fault: fault.wire_fault }
}

/// Checks what every interface requires, and returns the merchant who signed the request.
fn identify(
    state: &State,
    interface: &Interface,
    request: &Received,
    now: i64,
) -> Result<String, Refusal> {
    if request.is_too_long() {
        return Err(Refusal::new(413, "INVALID_REQUEST", TOO_LONG));
    }
    check_headers(request, interface)?;
    if !interface.is_for_any_key {
        state.platform.responding(request)?;
    }
    authorization_header::check(request, &state.merchants, state.clock.signature(now))
}

/// 频率限制.
fn check_rate(state: &mut State, now: i64) -> Result<(), Refusal> {
    let business = state.clock.business(now);
    let takes = |limit: &mut RateLimit| limit.takes(business);
    if state.rate_limit.as_mut().is_none_or(takes) {
        return Ok(());
    }
    Err(Refusal::new(429, "FREQUENCY_LIMITED", "频率超限，请降低请求频率后重试"))
}

fn decide(
    state: &mut State,
    route: &Route<'_>,
    mchid: &str,
    request: &Received,
    now: i64,
) -> Result<Response, Refusal> {
    let (_, query) = url::split(&request.path);
    let now = state.clock.business(now);
    let path_parameters = route.path_parameters.as_slice();
    let call = Call { request, query, path_parameters, mchid, now };
    (route.interface.handle)(&call, state)
}

/// Adds the headers of every response (如何解析应答, merchant/4013053249).
fn add_headers(state: &mut State, response: &mut Response, number: u32, now: i64) {
    let id = state.ids.digits(32).to_ascii_uppercase();
    response.set_header("Request-ID", format!("{id}-{number}"));
    if response.header("Content-Type").is_none() {
        response.set_header("Content-Type", "application/json; charset=utf-8");
    }
    response.set_header("Date", http_date(state.clock.signature(now)));
    response.set_header("Cache-Control", "no-cache, must-revalidate");
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Content-Language", "zh-CN");
}

/// Signs the response, unless its status is 401: then the service does not know the merchant.
fn sign(
    state: &mut State,
    response: &mut Response,
    request: &Received,
    now: i64,
    wrong: Option<WrongSignature>,
) {
    if response.status == 401 {
        return;
    }
    let key = state.platform.responding(request).unwrap_or_else(|_| state.platform.default_key());
    let nonce = state.ids.digits(32);
    let signed: &[u8] = match wrong {
        Some(WrongSignature::OfAnotherResponse) => b"{}",
        _ => &response.body,
    };
    let mut headers = key.sign(signed, now, &nonce);
    let other_keys: &[&str] = match wrong {
        Some(WrongSignature::ByMerchant) => &[MERCHANT_KEY_PEM],
        // Either key may be in use.
        Some(WrongSignature::ByStranger) => &[NEXT_PLATFORM_KEY_PEM, PLATFORM_KEY_PEM],
        Some(WrongSignature::OfAnotherResponse) | None => &[],
    };
    let others = other_keys.iter().filter_map(|pem| key.with_key(pem));
    let others = others.map(|other| other.sign(signed, now, &nonce));
    if let Some(other) = others.into_iter().find(|other| *other != headers) {
        headers = other;
    }
    for (name, value) in headers {
        response.set_header(name, value);
    }
}

/// The headers that every interface requires before it checks the signature. `Accept` must name JSON,
/// unless the response is a file.
fn check_headers(request: &Received, interface: &Interface) -> Result<(), Refusal> {
    let (accept, agent) = (request.header("Accept"), request.header("User-Agent"));
    if agent.is_none_or(<[u8]>::is_empty) || accept.is_none_or(<[u8]>::is_empty) {
        return Err(Refusal::new(400, "INVALID_REQUEST", NO_AGENT));
    }
    if !interface.is_file && !names(request, "Accept", &["application/json", "*/*"]) {
        return Err(Refusal::new(400, "INVALID_REQUEST", "Http头Accept须为application/json"));
    }
    // Uploads, and the interfaces with a scripted response, take files.
    let content_types: &[&str] = &["application/json", "multipart/form-data"];
    if !request.body.is_empty() && !names(request, "Content-Type", content_types) {
        return Err(Refusal::new(400, "INVALID_REQUEST", "Http头Content-Type须为application/json"));
    }
    Ok(())
}

/// Whether the header names one of these media types, whatever their parameters.
fn names(request: &Received, header: &str, media_types: &[&str]) -> bool {
    let value = request.only_header(header).unwrap_or_default();
    let mut named = value.split(',').map(|item| item.split(';').next().unwrap_or_default().trim());
    named.any(|name| media_types.iter().any(|media_type| name.eq_ignore_ascii_case(media_type)))
}

/// In the service's own words.
const NO_AGENT: &str = "Http头缺少Accept或User-Agent";
/// In the sandbox's own.
const TOO_LONG: &str = "请求体超过1 MiB，沙箱不接受。The sandbox accepts no body over 1 MiB";

#[cfg(test)]
pub(super) mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
    use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
    use serde_json::{Value, json};

    use super::super::authority::PLATFORM_KEY_PEM;
    use super::super::authorization_header::tests::{
        MCHID, NEIGHBOUR, NOW, SUB_MCHID, merchants, signed,
    };
    use super::super::cipher::Cipher;
    use super::super::notifications::Notification;
    use super::super::placed_orders::OrderId;
    use super::super::platform::{KeyMode, Platform, PlatformCertificate, PlatformKey};
    use super::super::refund::RefundStatus;
    use super::super::unique_ids::UniqueIds;
    use super::super::version::Version;
    use super::*;

    const APP: &str = "/v3/pay/transactions/app";
    const API_V3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
    const BASE_URL: &str = "https://127.0.0.1:1";

    impl State {
        pub(crate) fn handle(&mut self, request: &Received, now: i64) -> Response {
            respond(self, request, now).response
        }
    }

    pub(crate) fn state() -> State {
        let key = |serial_no: &str| PlatformKey {
            serial_no: serial_no.to_owned(),
            key_pair: platform_key().into(),
        };
        let certificate = PlatformCertificate {
            key: key("ABCD"),
            pem: "a certificate".to_owned(),
            effective_time: NOW,
            expire_time: NOW,
        };
        let platform = Platform::new(key("PUB_KEY_ID_01"), certificate);
        let cipher = Cipher::new(API_V3_KEY).unwrap();
        State::new(platform, merchants(), cipher, UniqueIds::new([1; 32]), BASE_URL.to_owned())
    }

    pub(crate) fn platform_key() -> RsaKeyPair {
        let der = PrivatePkcs8KeyDer::from_pem_slice(PLATFORM_KEY_PEM.as_bytes()).unwrap();
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()
    }

    fn v3(number: &str) -> OrderId {
        OrderId::new(Version::V3, number)
    }

    fn order(number: &str) -> Received {
        let order = json!({ "appid": "wx1", "mchid": MCHID, "description": "d",
            "out_trade_no": number, "notify_url": "https://127.0.0.1/notify",
            "amount": { "total": 1 } });
        signed("POST", APP, &order.to_string())
    }

    pub(crate) fn with(mut request: Received, name: &str, value: &str) -> Received {
        request.headers.retain(|(other, _)| other != name);
        if !value.is_empty() {
            request.headers.push((name.to_owned(), value.into()));
        }
        request
    }

    #[track_caller]
    pub(crate) fn code(response: &Response) -> String {
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        body["code"].as_str().unwrap_or("none").to_owned()
    }

    fn text<'a>(response: &'a Response, name: &str) -> &'a str {
        std::str::from_utf8(response.header(name).unwrap_or_default()).unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_sealed(response: &Response, serial: &str) {
        assert_eq!(text(response, "Wechatpay-Serial"), serial);
        let (timestamp, nonce) =
            (text(response, "Wechatpay-Timestamp"), text(response, "Wechatpay-Nonce"));
        let body = std::str::from_utf8(&response.body).unwrap();
        let signature = STANDARD.decode(text(response, "Wechatpay-Signature")).unwrap();
        let key = platform_key();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref())
            .verify(format!("{timestamp}\n{nonce}\n{body}\n").as_bytes(), &signature)
            .unwrap();
    }

    #[test]
    fn placed_order_gets_a_signed_response() {
        let response = state().handle(&order("order-1"), NOW);
        assert_eq!((response.status, code(&response).as_str()), (200, "none"));
        assert_sealed(&response, "ABCD");
        assert_eq!(text(&response, "Wechatpay-Timestamp"), NOW.to_string());
        assert!(text(&response, "Request-ID").ends_with("-0"));
    }

    #[test]
    fn merchant_chooses_the_responding_key() {
        let mut state = state();
        for (asked, responded) in [("PUB_KEY_ID_01", "PUB_KEY_ID_01"), ("abcd", "ABCD")] {
            let response = state.handle(&with(order("order-1"), "wechatpay-serial", asked), NOW);
            assert_eq!(response.status, 200);
            assert_sealed(&response, responded);
        }
        let response =
            state.handle(&with(order("order-1"), "wechatpay-serial", "PUB_KEY_ID_1"), NOW);
        assert_eq!((response.status, code(&response).as_str()), (400, "PARAM_ERROR"));
        assert_sealed(&response, "ABCD");
    }

    #[test]
    fn empty_serial_counts_as_absent() {
        let mut state = state();
        let mut request = order("order-1");
        request.headers.push(("wechatpay-serial".to_owned(), Vec::new()));
        let response = state.handle(&request, NOW);
        assert_eq!(response.status, 200);
        assert_sealed(&response, "ABCD");
        assert!(!super::super::platform::names_key(&request));
    }

    #[test]
    fn certificates_are_listed_whatever_the_serial() {
        let mut state = state();
        for serial in ["", "PUB_KEY_ID_9", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"] {
            let mut request = signed("GET", "/v3/certificates", "");
            request.headers.push(("wechatpay-serial".to_owned(), serial.into()));
            let response = state.handle(&request, NOW);
            assert_eq!(response.status, 200, "{serial}");
            assert_sealed(&response, "ABCD");
        }
    }

    #[test]
    fn too_long_body_is_refused_and_recorded() {
        let mut state = state();
        let body = " ".repeat(super::super::received::LONGEST_MESSAGE + 1);
        let response = state.handle(&signed("POST", APP, &body), NOW);
        assert_eq!((response.status, code(&response).as_str()), (413, "INVALID_REQUEST"));
        assert_eq!(state.journal.exchanges().len(), 1);
    }

    #[test]
    fn paths_methods_and_headers_are_checked() {
        let mut state = state();
        for path in ["/", "", "/v3/pay/transactions/app/", "/v3/pay/transactions/App", "*"] {
            let response = state.handle(&signed("POST", path, "{}"), NOW);
            assert_eq!((response.status, code(&response).as_str()), (404, "NOT_MODELLED"));
            assert_sealed(&response, "ABCD");
        }
        let response = state.handle(&signed("GET", APP, ""), NOW);
        assert_eq!((response.status, response.body.len()), (405, 0));
        for (name, value, status) in [
            ("user-agent", "", 400),
            ("accept", "", 400),
            ("accept", "text/html", 400),
            ("accept", "text/html, */*;q=0.1", 200),
            ("content-type", "", 400),
            ("content-type", "text/plain", 400),
            ("content-type", "application/json; charset=utf-8", 200),
            ("authorization", "", 401),
        ] {
            let response = state.handle(&with(order("order-1"), name, value), NOW);
            assert_eq!(response.status, status, "{name}: {value}");
        }
    }

    #[test]
    fn request_with_a_bad_signature_is_refused_unsigned() {
        let mut request = order("order-1");
        request.body.push(b' ');
        let response = state().handle(&request, NOW);
        assert_eq!((response.status, code(&response).as_str()), (401, "SIGN_ERROR"));
        assert!(text(&response, "Request-ID").ends_with("-268443699"));
        assert_eq!(response.header("Wechatpay-Signature"), None);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(body["detail"]["detail"]["issue"], "sign not match");
    }

    #[test]
    fn next_call_may_be_refused_and_nothing_happens() {
        let mut state = state();
        state.faults.refuse_next(Refusal::new(500, "SYSTEM_ERROR", "系统异常"));
        let response = state.handle(&with(order("order-1"), "authorization", ""), NOW);
        assert_eq!(response.status, 401);
        let response = state.handle(&order("order-1"), NOW);
        assert_eq!((response.status, code(&response).as_str()), (500, "SYSTEM_ERROR"));
        assert_sealed(&response, "ABCD");
        assert!(state.pay(&v3("order-1"), &[], NOW).is_err());
        assert_eq!(state.handle(&order("order-1"), NOW).status, 200);
        assert!(state.pay(&v3("order-1"), &[], NOW).is_ok());
        assert_eq!(state.received.len(), 3);
    }

    #[test]
    fn rewritten_response_is_signed_and_a_tampered_one_is_not() {
        let mut state = state();
        state.faults.rewrite_next(Box::new(|response| response.body = b"{}".to_vec()));
        let response = state.handle(&order("order-1"), NOW);
        assert_eq!(response.body, b"{}");
        assert_sealed(&response, "ABCD");
        state.faults.tamper_next(Box::new(|response| response.remove_header("wechatpay-nonce")));
        assert_eq!(state.handle(&order("order-1"), NOW).header("Wechatpay-Nonce"), None);
        assert_sealed(&state.handle(&order("order-1"), NOW), "ABCD");
    }

    #[test]
    fn clock_can_be_shifted() {
        let mut state = state();
        state.clock.shift(301);
        assert_eq!(state.handle(&order("order-1"), NOW).status, 401);
        assert_eq!(state.handle(&order("order-1"), NOW - 301).status, 200);
        state.clock.shift(i64::MAX);
        assert_eq!(state.handle(&order("order-1"), NOW).status, 401);
    }

    #[test]
    fn requests_get_different_ids_and_nonces() {
        let mut state = state();
        let (one, two) =
            (state.handle(&order("order-1"), NOW), state.handle(&order("order-1"), NOW));
        for name in ["Request-ID", "Wechatpay-Nonce", "Wechatpay-Signature"] {
            assert_ne!(one.header(name), two.header(name));
        }
    }

    /// A world with the order order-1 over 1 fen, paid.
    fn paid_world() -> State {
        let mut state = state();
        assert_eq!(state.handle(&order("order-1"), NOW).status, 200);
        state.pay(&v3("order-1"), &[], NOW).unwrap();
        state
    }

    #[track_caller]
    fn response(state: &mut State, method: &str, path: &str, body: &str) -> (u16, Value) {
        let response = state.handle(&signed(method, path, body), NOW);
        assert_sealed(&response, "ABCD");
        (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
    }

    fn decrypted(resource: &Value) -> Vec<u8> {
        let text = |field: &str| resource[field].as_str().unwrap();
        let key = UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).unwrap();
        let nonce = Nonce::try_assume_unique_for_key(text("nonce").as_bytes()).unwrap();
        let aad = Aad::from(text("associated_data"));
        let mut bytes = STANDARD.decode(text("ciphertext")).unwrap();
        LessSafeKey::new(key).open_in_place(nonce, aad, &mut bytes).unwrap().to_vec()
    }

    #[test]
    fn query_has_exactly_the_documented_parameters() {
        let mut state = paid_world();
        let path = "/v3/pay/transactions/out-trade-no/order-1";
        for (query, field) in [
            ("", "mchid"),
            ("?mchid=", "mchid"),
            ("?mchid", ""),
            ("?mchid=%", ""),
            ("?mchid=1900007291&mchid=1900007291", "mchid"),
            ("?mchid=1900007291&x=1", "x"),
            ("?mchid=1900007291&", ""),
        ] {
            let (status, output) = response(&mut state, "GET", &format!("{path}{query}"), "");
            assert_eq!((status, &output["code"]), (400, &json!("PARAM_ERROR")), "{query}");
            assert_eq!(output["detail"]["location"], "query", "{query}");
            assert_eq!(output["detail"]["field"], field, "{query}");
        }
        let neighbour = format!("{path}?mchid={NEIGHBOUR}");
        assert_eq!(response(&mut state, "GET", &neighbour, "").1["code"], "INVALID_REQUEST");
        let (status, output) =
            response(&mut state, "GET", &format!("{path}?mchid=%31900007291"), "");
        assert_eq!((status, &output["trade_state"]), (200, &json!("SUCCESS")));

        let (status, output) = response(&mut state, "POST", &format!("{APP}?x=1"), "{}");
        assert_eq!((status, &output["detail"]["field"]), (400, &json!("x")));
    }

    #[test]
    fn parameters_of_the_path_are_decoded_once() {
        let mut state = state();
        assert_eq!(state.handle(&order("a|b*c_-"), NOW).status, 200);
        let path =
            |number: &str| format!("/v3/pay/transactions/out-trade-no/{number}?mchid={MCHID}");
        for number in ["a|b*c_-", "a%7Cb%2Ac_-", "%61%7cb*c_-"] {
            let (status, output) = response(&mut state, "GET", &path(number), "");
            assert_eq!((status, &output["out_trade_no"]), (200, &json!("a|b*c_-")), "{number}");
        }
        for number in ["a%257Cb*c_-", "a%2Fb*c_-", "short", "order-%", "order-%FF"] {
            let (status, output) = response(&mut state, "GET", &path(number), "");
            assert_eq!((status, &output["detail"]["location"]), (400, &json!("url")), "{number}");
        }
        let (status, output) = response(&mut state, "GET", &path("order-2"), "");
        assert_eq!((status, &output["code"]), (404, &json!("ORDER_NOT_EXIST")));
    }

    #[test]
    fn unpaid_order_has_few_fields() {
        let mut state = state();
        state.handle(&order("order-1"), NOW);
        let path = format!("/v3/pay/transactions/out-trade-no/order-1?mchid={MCHID}");
        let (_, output) = response(&mut state, "GET", &path, "");
        let known = json!({ "appid": "wx1", "mchid": MCHID, "out_trade_no": "order-1",
            "trade_state": "NOTPAY", "trade_state_desc": "订单未支付" });
        assert_eq!(output, known);
    }

    #[test]
    fn closing_returns_an_empty_response() {
        let mut state = state();
        state.handle(&order("order-1"), NOW);
        let path = "/v3/pay/transactions/out-trade-no/order-1/close";
        let body = json!({ "mchid": MCHID }).to_string();
        for _ in 0..2 {
            let response = state.handle(&signed("POST", path, &body), NOW);
            assert_eq!((response.status, response.body.as_slice()), (204, b"".as_slice()));
            assert_sealed(&response, "ABCD");
        }
        assert_eq!(response(&mut state, "POST", path, "{}").1["code"], "PARAM_ERROR");
    }

    #[test]
    fn partner_has_its_own_paths_and_fields() {
        let mut state = state();
        let order = json!({ "sp_appid": "wx1", "sp_mchid": MCHID, "sub_mchid": SUB_MCHID,
            "sub_appid": "wx3", "description": "d", "out_trade_no": "order-1",
            "notify_url": "https://127.0.0.1/notify", "amount": { "total": 1 },
            "payer": { "sub_openid": "o1" } });
        let base = "/v3/pay/partner/transactions";
        let (status, _) =
            response(&mut state, "POST", &format!("{base}/jsapi"), &order.to_string());
        assert_eq!(status, 200);
        state.pay(&v3("order-1"), &[], NOW).unwrap();
        let owner = format!("sub_mchid={SUB_MCHID}&sp_mchid={MCHID}");
        let path = format!("{base}/out-trade-no/order-1?{owner}");
        let (_, output) = response(&mut state, "GET", &path, "");
        assert_eq!((&output["sp_appid"], &output["sub_appid"]), (&json!("wx1"), &json!("wx3")));
        assert_eq!(output["payer"]["sub_openid"], "o1");
        assert!(output["payer"]["sp_openid"].is_string() && output.get("mchid").is_none());
        let id = output["transaction_id"].as_str().unwrap();
        let path = format!("{base}/id/{id}?{owner}");
        assert_eq!(response(&mut state, "GET", &path, "").1, output);

        let notification = state.pending_notifications(NOW).pop().unwrap();
        let notification: Value = serde_json::from_slice(&notification.body).unwrap();
        let resource: Value =
            serde_json::from_slice(&decrypted(&notification["resource"])).unwrap();
        assert_eq!(resource, output);
    }

    #[test]
    fn combined_order_goes_from_request_to_one_notification() {
        let mut state = state();
        let part = |mchid, number| {
            json!({ "mchid": mchid, "attach": "a", "out_trade_no": number, "description": "d",
                "amount": { "total_amount": 1, "currency": "CNY" } })
        };
        let order = json!({ "combine_appid": "wx1", "combine_mchid": MCHID,
            "combine_out_trade_no": "whole|1", "notify_url": "https://127.0.0.1/notify",
            "sub_orders": [part(MCHID, "part-1"), part(NEIGHBOUR, "part-2")] });
        let base = "/v3/combine-transactions";
        let (status, output) =
            response(&mut state, "POST", &format!("{base}/native"), &order.to_string());
        assert_eq!((status, output["code_url"].is_string()), (200, true));
        state.pay(&v3("whole|1"), &[], NOW).unwrap();

        let path = format!("{base}/out-trade-no/whole%7C1");
        let (_, output) = response(&mut state, "GET", &path, "");
        assert_eq!(output["sub_orders"][1]["trade_state"], "SUCCESS");
        let notifications = state.pending_notifications(NOW);
        assert_eq!(notifications.len(), 1);
        let notification: Value = serde_json::from_slice(&notifications[0].body).unwrap();
        assert_eq!(notification["event_type"], "TRANSACTION.SUCCESS");
        let resource: Value =
            serde_json::from_slice(&decrypted(&notification["resource"])).unwrap();
        assert_eq!(resource, output);

        let (status, output) = response(&mut state, "GET", &format!("{path}?mchid={MCHID}"), "");
        assert_eq!((status, &output["detail"]["field"]), (400, &json!("mchid")));
        for number in ["whole%7C1", "part-1"] {
            let path = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={MCHID}");
            assert_eq!(response(&mut state, "GET", &path, "").1["code"], "ORDER_NOT_EXIST");
        }
        let parts = json!([{ "mchid": MCHID, "out_trade_no": "part-1" }]);
        let body = json!({ "combine_appid": "wx1", "sub_orders": parts }).to_string();
        let (_, output) = response(&mut state, "POST", &format!("{path}/close"), &body);
        assert_eq!(output["code"], "INVALID_REQUEST");
        let path = format!("{base}/id/1");
        assert_eq!(response(&mut state, "GET", &path, "").0, 404);
    }

    #[test]
    fn notification_is_signed_and_encrypted() {
        let mut state = paid_world();
        let mut pending = state.pending_notifications(NOW + 7);
        let notification = pending.pop().unwrap();
        let (id, notification) = (notification.id.clone(), notification);
        let signed =
            Response { status: 200, headers: notification.headers, body: notification.body };
        assert_sealed(&signed, "PUB_KEY_ID_01");
        assert_eq!(text(&signed, "Wechatpay-Timestamp"), (NOW + 7).to_string());

        let output: Value = serde_json::from_slice(&signed.body).unwrap();
        assert_eq!(
            (&output["id"], &output["event_type"]),
            (&json!(id), &json!("TRANSACTION.SUCCESS"))
        );
        assert_eq!(output["create_time"], "2019-04-02T20:34:20+08:00");
        assert_eq!(output["resource"]["original_type"], "transaction");
        let order: Value = serde_json::from_slice(&decrypted(&output["resource"])).unwrap();
        assert_eq!(
            (&order["trade_state"], &order["amount"]["total"]),
            (&json!("SUCCESS"), &json!(1))
        );

        assert_eq!(state.pending_notifications(NOW).len(), 1);
        state.notifications.settle(&id);
        assert!(state.pending_notifications(NOW).is_empty());
    }

    #[test]
    fn refund_goes_from_request_to_notification() {
        let mut state = paid_world();
        let path = "/v3/refund/domestic/refunds";
        let refund = json!({ "out_trade_no": "order-1", "out_refund_no": "r@1|*",
            "notify_url": "https://127.0.0.1/refunds",
            "amount": { "refund": 1, "total": 1, "currency": "CNY" } });
        let (status, output) = response(&mut state, "POST", path, &refund.to_string());
        assert_eq!((status, &output["status"]), (200, &json!("PROCESSING")));
        let asked = response(&mut state, "GET", &format!("{path}/r%401%7C*"), "");
        assert_eq!(asked, (200, output.clone()));

        state.end_refund(Version::V3, "r@1|*", RefundStatus::Abnormal, NOW).unwrap();
        let id = output["refund_id"].as_str().unwrap();
        let body = json!({ "out_refund_no": "r@1|*", "type": "MERCHANT_BANK_CARD" }).to_string();
        let path = format!("{path}/{id}/apply-abnormal-refund");
        assert_eq!(response(&mut state, "POST", &path, &body).1["status"], "PROCESSING");
        state.end_refund(Version::V3, "r@1|*", RefundStatus::Success, NOW).unwrap();

        let notifications: Vec<Notification> = state.pending_notifications(NOW);
        assert_eq!(notifications.len(), 3);
        assert_eq!(notifications[2].notify_url, "https://127.0.0.1/refunds");
        let output: Value = serde_json::from_slice(&notifications[2].body).unwrap();
        assert_eq!(output["event_type"], "REFUND.SUCCESS");
        let refund: Value = serde_json::from_slice(&decrypted(&output["resource"])).unwrap();
        assert_eq!(refund["refund_status"], "SUCCESS");
        let order = format!("/v3/pay/transactions/out-trade-no/order-1?mchid={MCHID}");
        assert_eq!(response(&mut state, "GET", &order, "").1["trade_state"], "REFUND");
    }

    #[test]
    fn certificates_are_encrypted_and_gone_in_public_key_mode() {
        let mut state = state();
        for query in ["", "?algorithm_type=RSA", "?algorithm_type=ALL"] {
            let (_, output) = response(&mut state, "GET", &format!("/v3/certificates{query}"), "");
            let certificate = &output["data"][0];
            assert_eq!(certificate["serial_no"], "ABCD");
            assert_eq!(certificate["effective_time"], "2019-04-02T20:34:20+08:00");
            assert_eq!(decrypted(&certificate["encrypt_certificate"]), b"a certificate");
        }
        let (status, _) = response(&mut state, "GET", "/v3/certificates?algorithm_type=SM2", "");
        assert_eq!(status, 400);
        state.platform.set_mode(KeyMode::PublicKey);
        let response = state.handle(&signed("GET", "/v3/certificates", ""), NOW);
        assert_eq!((response.status, code(&response).as_str()), (404, "RESOURCE_NOT_EXISTS"));
        assert_sealed(&response, "PUB_KEY_ID_01");
    }

    #[test]
    fn bill_link_is_signed_but_its_file_is_not() {
        let mut state = paid_world();
        let path = "/v3/bill/tradebill?bill_date=2019-04-02&bill_type=ALL";
        assert_eq!(response(&mut state, "GET", path, "").1["code"], "STATEMENT_CREATING");
        state.clock.let_time_pass(24 * 60 * 60);
        let (status, offer) = response(&mut state, "GET", path, "");
        assert_eq!(status, 200);
        let url = offer["download_url"].as_str().unwrap();
        let path = url.strip_prefix(BASE_URL).unwrap();
        let request = with(signed("GET", path, ""), "accept", "text/csv");
        let file = state.handle(&request, NOW);
        assert_eq!((file.status, file.header("Wechatpay-Signature")), (200, None));
        assert!(file.body.starts_with("\u{FEFF}交易时间,".as_bytes()));
        assert_eq!(state.handle(&with(request, "authorization", ""), NOW).status, 401);
        state.clock.let_time_pass(301);
        assert_eq!(state.handle(&signed("GET", path, ""), NOW).status, 400);
        let path = "/v3/bill/fundflowbill?bill_date=2019-04-02&tar_type=GZIP";
        let (_, offer) = response(&mut state, "GET", path, "");
        assert!(offer["download_url"].as_str().unwrap().ends_with("&tartype=gzip"));
    }

    #[test]
    fn link_names_the_host_by_which_it_was_asked_for() {
        let mut state = paid_world();
        state.clock.let_time_pass(24 * 60 * 60);
        let path = "/v3/bill/tradebill?bill_date=2019-04-02&bill_type=ALL";
        for (host, base_url) in [
            ("api.mch.weixin.qq.com", "https://api.mch.weixin.qq.com"),
            ("api2.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"),
            ("127.0.0.1:1", BASE_URL),
            ("shop.example", BASE_URL),
            ("", BASE_URL),
        ] {
            let response = state.handle(&with(signed("GET", path, ""), "host", host), NOW);
            let offer: Value = serde_json::from_slice(&response.body).unwrap();
            let url = offer["download_url"].as_str().unwrap();
            assert!(url.starts_with(&format!("{base_url}/v3/billdownload/file?token=")), "{url}");
        }
    }

    #[test]
    fn time_passes_for_business_and_not_for_signatures() {
        let mut state = state();
        state.handle(&order("order-1"), NOW);
        state.clock.let_time_pass(8 * 24 * 60 * 60);
        let response = state.handle(&order("order-1"), NOW);
        assert_eq!((response.status, code(&response).as_str()), (400, "INVALID_REQUEST"));
        assert_eq!(text(&response, "Wechatpay-Timestamp"), NOW.to_string());
        state.clock.let_time_pass(u64::MAX);
        assert_eq!(state.handle(&order("order-1"), NOW).status, 400);
    }
}
