//! The sandbox without its network: a state machine from request to answer.

use std::collections::VecDeque;

use super::answer::Answer;
use super::authorization;
use super::fresh::Fresh;
use super::merchants::Merchants;
use super::orders::{NoSuchOrder, Orders};
use super::platform::Platform;
use super::received::Received;
use super::refusal::Refusal;

/// Everything that the sandbox remembers.
pub(super) struct World {
    platform: Platform,
    merchants: Merchants,
    orders: Orders,
    fresh: Fresh,
    clock_offset: i64,
    answer_offset: i64,
    received: Vec<Received>,
    refusals: VecDeque<Refusal>,
    rewrites: VecDeque<Change>,
    tampers: VecDeque<Change>,
}

/// What a test does to one answer.
pub(super) type Change = Box<dyn FnOnce(&mut Answer) + Send>;

/// The interfaces that the sandbox serves.
enum Call {
    /// APP下单.
    PlaceApp,
}

impl World {
    pub(super) fn new(platform: Platform, merchants: Merchants, fresh: Fresh) -> Self {
        Self {
            platform,
            merchants,
            fresh,
            orders: Orders::default(),
            clock_offset: 0,
            answer_offset: 0,
            received: Vec::new(),
            refusals: VecDeque::new(),
            rewrites: VecDeque::new(),
            tampers: VecDeque::new(),
        }
    }

    /// Answers a request; `now` is the true time in Unix seconds.
    pub(super) fn handle(&mut self, request: &Received, now: i64) -> Answer {
        let now = self.clock(now);
        self.received.push(request.clone());
        let (mut answer, number) = match self.decide(request, now) {
            Ok(answer) => (answer, 0),
            Err(refusal) => (refusal.answer(), refusal.number),
        };
        self.dress(&mut answer, number);
        if let Some(rewrite) = self.rewrites.pop_front() {
            rewrite(&mut answer);
        }
        self.seal(&mut answer, request, now.saturating_add(self.answer_offset));
        if let Some(tamper) = self.tampers.pop_front() {
            tamper(&mut answer);
        }
        answer
    }

    /// The user pays an order.
    pub(super) fn pay(&mut self, mchid: &str, number: &str, now: i64) -> Result<(), NoSuchOrder> {
        let now = self.clock(now);
        self.orders.pay(mchid, number, now)
    }

    /// An order is closed by other means than the interface.
    pub(super) fn close(&mut self, mchid: &str, number: &str) -> Result<(), NoSuchOrder> {
        self.orders.close(mchid, number)
    }

    pub(super) fn received(&self) -> &[Received] {
        &self.received
    }

    pub(super) fn refuse_next(&mut self, refusal: Refusal) {
        self.refusals.push_back(refusal);
    }

    pub(super) fn rewrite_next(&mut self, change: Change) {
        self.rewrites.push_back(change);
    }

    pub(super) fn tamper_next(&mut self, change: Change) {
        self.tampers.push_back(change);
    }

    pub(super) fn shift_clock(&mut self, seconds: i64) {
        self.clock_offset = self.clock_offset.saturating_add(seconds);
    }

    pub(super) fn shift_answers(&mut self, seconds: i64) {
        self.answer_offset = self.answer_offset.saturating_add(seconds);
    }

    fn clock(&self, now: i64) -> i64 {
        now.saturating_add(self.clock_offset)
    }

    fn decide(&mut self, request: &Received, now: i64) -> Result<Answer, Refusal> {
        let call = route(request)?;
        check_headers(request)?;
        self.platform.answering_serial(request)?;
        let mchid = authorization::check(request, &self.merchants, now)?;
        if let Some(refusal) = self.refusals.pop_front() {
            return Err(refusal);
        }
        let Self { orders, merchants, fresh, .. } = self;
        match call {
            Call::PlaceApp => orders
                .place_app(&request.body, &mchid, merchants, now, fresh)
                .map(|body| Answer::json(200, &body)),
        }
    }

    /// The headers of every answer (如何解析应答, merchant/4013053249).
    fn dress(&mut self, answer: &mut Answer, number: u32) {
        let id = self.fresh.digits(32).to_ascii_uppercase();
        answer.set_header("Request-ID", format!("{id}-{number}"));
        answer.set_header("Content-Type", "application/json; charset=utf-8");
        answer.set_header("Cache-Control", "no-cache, must-revalidate");
        answer.set_header("X-Content-Type-Options", "nosniff");
        answer.set_header("Content-Language", "zh-CN");
    }

    /// Signs the answer, unless it says 401: then the service does not know whom it answers.
    fn seal(&mut self, answer: &mut Answer, request: &Received, now: i64) {
        if answer.status == 401 {
            return;
        }
        let nonce = self.fresh.digits(32);
        let platform = &self.platform;
        let serial = platform.answering_serial(request).unwrap_or(&platform.certificate_serial_no);
        platform.seal(answer, serial, now, &nonce);
    }
}

fn route(request: &Received) -> Result<Call, Refusal> {
    let path = request.path.split('?').next().unwrap_or_default();
    let (method, call) = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "v3", "pay", "transactions", "app"] => ("POST", Call::PlaceApp),
        _ => return Err(Refusal::new(404, "RESOURCE_NOT_EXISTS", "请求的资源不存在")),
    };
    if request.method == method { Ok(call) } else { Err(Refusal::bare(405)) }
}

/// The headers that every interface wants, before it asks who calls.
fn check_headers(request: &Received) -> Result<(), Refusal> {
    let (accept, agent) = (request.header("Accept"), request.header("User-Agent"));
    if agent.is_none_or(<[u8]>::is_empty) || accept.is_none_or(<[u8]>::is_empty) {
        return Err(Refusal::new(400, "INVALID_REQUEST", NO_AGENT));
    }
    if !names(request, "Accept", &["application/json", "*/*"]) {
        return Err(Refusal::new(400, "INVALID_REQUEST", "Http头Accept须为application/json"));
    }
    if !request.body.is_empty() && !names(request, "Content-Type", &["application/json"]) {
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

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
    use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
    use serde_json::{Value, json};

    use super::super::authority::PLATFORM_KEY_PEM;
    use super::super::authorization::tests::{MCHID, NOW, merchants, signed};
    use super::*;

    const APP: &str = "/v3/pay/transactions/app";

    fn world() -> World {
        let platform = Platform {
            key: platform_key(),
            public_key_id: "PUB_KEY_ID_01".to_owned(),
            certificate_serial_no: "ABCD".to_owned(),
        };
        World::new(platform, merchants(), Fresh::new([1; 32]))
    }

    fn platform_key() -> RsaKeyPair {
        let der = PrivatePkcs8KeyDer::from_pem_slice(PLATFORM_KEY_PEM.as_bytes()).unwrap();
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()
    }

    fn order(number: &str) -> Received {
        let order = json!({ "appid": "wx1", "mchid": MCHID, "description": "d",
            "out_trade_no": number, "notify_url": "https://127.0.0.1/notify",
            "amount": { "total": 1 } });
        signed("POST", APP, &order.to_string())
    }

    fn with(mut request: Received, name: &str, value: &str) -> Received {
        request.headers.retain(|(other, _)| other != name);
        if !value.is_empty() {
            request.headers.push((name.to_owned(), value.into()));
        }
        request
    }

    #[track_caller]
    fn code(answer: &Answer) -> String {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["code"].as_str().unwrap_or("none").to_owned()
    }

    fn text<'a>(answer: &'a Answer, name: &str) -> &'a str {
        std::str::from_utf8(answer.header(name).unwrap_or_default()).unwrap()
    }

    #[track_caller]
    fn assert_sealed(answer: &Answer, serial: &str) {
        assert_eq!(text(answer, "Wechatpay-Serial"), serial);
        let (timestamp, nonce) =
            (text(answer, "Wechatpay-Timestamp"), text(answer, "Wechatpay-Nonce"));
        let body = std::str::from_utf8(&answer.body).unwrap();
        let signature = STANDARD.decode(text(answer, "Wechatpay-Signature")).unwrap();
        let key = platform_key();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref())
            .verify(format!("{timestamp}\n{nonce}\n{body}\n").as_bytes(), &signature)
            .unwrap();
    }

    #[test]
    fn an_order_is_answered_and_signed() {
        let answer = world().handle(&order("order-1"), NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (200, "none"));
        assert_sealed(&answer, "ABCD");
        assert_eq!(text(&answer, "Wechatpay-Timestamp"), NOW.to_string());
        assert!(text(&answer, "Request-ID").ends_with("-0"));
    }

    #[test]
    fn the_merchant_chooses_the_answering_key() {
        let mut world = world();
        for (asked, answered) in [("PUB_KEY_ID_01", "PUB_KEY_ID_01"), ("abcd", "ABCD")] {
            let answer = world.handle(&with(order("order-1"), "wechatpay-serial", asked), NOW);
            assert_eq!(answer.status, 200);
            assert_sealed(&answer, answered);
        }
        let answer = world.handle(&with(order("order-1"), "wechatpay-serial", "PUB_KEY_ID_1"), NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (400, "PARAM_ERROR"));
        assert_sealed(&answer, "ABCD");
    }

    #[test]
    fn paths_methods_and_headers_are_checked() {
        let mut world = world();
        for path in ["/", "", "/v3/pay/transactions/app/", "/v3/pay/transactions/App", "*"] {
            let answer = world.handle(&signed("POST", path, "{}"), NOW);
            assert_eq!((answer.status, code(&answer).as_str()), (404, "RESOURCE_NOT_EXISTS"));
            assert_sealed(&answer, "ABCD");
        }
        let answer = world.handle(&signed("GET", APP, ""), NOW);
        assert_eq!((answer.status, answer.body.len()), (405, 0));
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
            let answer = world.handle(&with(order("order-1"), name, value), NOW);
            assert_eq!(answer.status, status, "{name}: {value}");
        }
    }

    #[test]
    fn a_request_with_a_bad_signature_is_refused_unsigned() {
        let mut request = order("order-1");
        request.body.push(b' ');
        let answer = world().handle(&request, NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (401, "SIGN_ERROR"));
        assert!(text(&answer, "Request-ID").ends_with("-268443699"));
        assert_eq!(answer.header("Wechatpay-Signature"), None);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["detail"]["detail"]["issue"], "sign not match");
    }

    #[test]
    fn the_next_call_may_be_refused_and_nothing_happens() {
        let mut world = world();
        world.refuse_next(Refusal::new(500, "SYSTEM_ERROR", "系统异常"));
        let answer = world.handle(&with(order("order-1"), "authorization", ""), NOW);
        assert_eq!(answer.status, 401);
        let answer = world.handle(&order("order-1"), NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (500, "SYSTEM_ERROR"));
        assert_sealed(&answer, "ABCD");
        assert!(world.pay(MCHID, "order-1", NOW).is_err());
        assert_eq!(world.handle(&order("order-1"), NOW).status, 200);
        assert!(world.pay(MCHID, "order-1", NOW).is_ok());
        assert_eq!(world.received().len(), 3);
    }

    #[test]
    fn a_rewritten_answer_is_signed_and_a_tampered_one_is_not() {
        let mut world = world();
        world.rewrite_next(Box::new(|answer| answer.body = b"{}".to_vec()));
        let answer = world.handle(&order("order-1"), NOW);
        assert_eq!(answer.body, b"{}");
        assert_sealed(&answer, "ABCD");
        world.tamper_next(Box::new(|answer| answer.remove_header("wechatpay-nonce")));
        assert_eq!(world.handle(&order("order-1"), NOW).header("Wechatpay-Nonce"), None);
        assert_sealed(&world.handle(&order("order-1"), NOW), "ABCD");
    }

    #[test]
    fn the_clock_can_be_shifted() {
        let mut world = world();
        world.shift_clock(301);
        assert_eq!(world.handle(&order("order-1"), NOW).status, 401);
        assert_eq!(world.handle(&order("order-1"), NOW - 301).status, 200);
        world.shift_clock(i64::MAX);
        assert_eq!(world.handle(&order("order-1"), NOW).status, 401);
    }

    #[test]
    fn requests_get_different_ids_and_nonces() {
        let mut world = world();
        let (one, two) =
            (world.handle(&order("order-1"), NOW), world.handle(&order("order-1"), NOW));
        for name in ["Request-ID", "Wechatpay-Nonce", "Wechatpay-Signature"] {
            assert_ne!(one.header(name), two.header(name));
        }
    }
}
