//! The fault matrix of APIv2: its operation, and what goes wrong in XML.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};

use wechatpay::v2;
use wechatpay::v2::pay::{Attempt, AuthCode};
use wechatpay::{Error, Fen, OutTradeNo, SignError, UreqTransport};
use wechatpay_sandbox::Sandbox;

use super::{
    AMPLE, Call, Fault, Make, Named, Operation, Protocol, UNPAID, Verdict, compress, order, own,
    page, run, tampered, transport, with_signer,
};

struct V2 {
    /// The last argument is the payer's code.
    call: fn(&dyn v2::Signer, &v2::CertifiedGateway, &str) -> Result<(), Error>,
    broken: fn(&dyn v2::Signer, &v2::CertifiedGateway) -> Vec<Result<(), Error>>,
}

impl Call for V2 {
    fn protocol(&self) -> Protocol {
        Protocol::V2
    }

    fn in_sandbox(&self, sandbox: &Sandbox) -> Result<(), Error> {
        let code = sandbox.v2().show_code();
        (self.call)(sandbox.v2().signer(), sandbox.v2().gateway(), &code)
    }

    fn over(&self, base_url: &str, transport: UreqTransport) -> Box<dyn Fn() -> Result<(), Error>> {
        let gateway = v2::Gateway::at(base_url, transport.clone()).unwrap();
        let gateway = gateway.with_certified(transport);
        let (merchant, call) = (merchant(), self.call);
        Box::new(move || call(&merchant, &gateway, CODE))
    }

    fn signed_by(&self, signer: &Named, base_url: &str) -> Result<(), Error> {
        (self.call)(signer, &at(base_url), CODE)
    }

    fn broken(&self, base_url: &str) -> Vec<Result<(), Error>> {
        (self.broken)(&merchant(), &at(base_url))
    }
}

pub(super) static ORDER: Operation = Operation {
    name: "v2 order",
    call: &V2 {
        call: |signer, gateway, _| {
            v2::pay::prepay(signer, gateway, &v2_order(), &v2::App).map(drop)
        },
        broken: broken_orders,
    },
    response: "<xml><appid>wxd678efh567hg6787</appid><mch_id>1900007291</mch_id>\
        <nonce_str>5K8264ILTKCH16CQ2502SI8ZNMTM67VS</nonce_str>\
        <prepay_id>wx201410272009395522657a690389285100</prepay_id>\
        <result_code>SUCCESS</result_code><return_code>SUCCESS</return_code>\
        <return_msg>OK</return_msg><trade_type>APP</trade_type>\
        <sign>04C0A77960D6B76D817B7999A36A8534CAF8188A7EE300BE06542F4811518371</sign></xml>",
    required: "prepay_id",
    open: None,
};

/// In the sandbox, its order number is another one each time, since an order is charged once.
pub(super) static MICROPAY: Operation = Operation {
    name: "v2 micropay",
    call: &V2 {
        call: |signer, gateway, code| {
            let next = || format!("fault-{}", NEXT.fetch_add(1, Ordering::SeqCst));
            let order = till_order(&if code == CODE { TILL.to_owned() } else { next() });
            match v2::pay::micropay(signer, gateway, &order, AuthCode::new(code)?)? {
                // A final refusal is a result, and no error.
                Attempt::Paid(_) | Attempt::Refused(_) => Ok(()),
                Attempt::Pending => panic!("nobody has to type a PIN"),
            }
        },
        broken: broken_till_orders,
    },
    response: "<xml><appid>wxd678efh567hg6787</appid><bank_type>OTHERS</bank_type>\
        <cash_fee>100</cash_fee><mch_id>1900007291</mch_id>\
        <nonce_str>5K8264ILTKCH16CQ2502SI8ZNMTM67VS</nonce_str>\
        <openid>oUpF8uMuAJO</openid><out_trade_no>fault-till-1</out_trade_no>\
        <result_code>SUCCESS</result_code><return_code>SUCCESS</return_code>\
        <return_msg>OK</return_msg><time_end>20250101090807</time_end>\
        <total_fee>100</total_fee><trade_type>MICROPAY</trade_type>\
        <transaction_id>4200000000202501010000000001</transaction_id>\
        <sign>79D899C50748A6CB25A104F1B36B3343E3DA1FD88F450E19270BD9DC37D75850</sign></xml>",
    required: "transaction_id",
    open: None,
};

pub(super) static REVERSE: Operation = Operation {
    name: "v2 reverse",
    call: &V2 {
        call: |signer, gateway, _| {
            let order = till_order(TILL);
            match v2::pay::reverse(signer, gateway, &order.appid, &order.out_trade_no)? {
                v2::pay::Reversal::Done => Ok(()),
                v2::pay::Reversal::Recall => panic!("reversed too early"),
            }
        },
        broken: |_, _| vec![OutTradeNo::new("12345").map(drop)],
    },
    response: "<xml><appid>wxd678efh567hg6787</appid><mch_id>1900007291</mch_id>\
        <nonce_str>5K8264ILTKCH16CQ2502SI8ZNMTM67VS</nonce_str><recall>N</recall>\
        <result_code>SUCCESS</result_code><return_code>SUCCESS</return_code>\
        <return_msg>OK</return_msg>\
        <sign>69C3DF430BE77BBB9D775A6510684B4C3EF4F9C6F1E97606CFB666DE37D04219</sign></xml>",
    required: "recall",
    open: None,
};

/// Pays the order that is reversed, long enough ago.
pub(super) fn pay_at_the_till(sandbox: &Sandbox) {
    let code = AuthCode::new(sandbox.v2().show_code()).unwrap();
    let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
    let paid = v2::pay::micropay(signer, gateway, &till_order(TILL), code).unwrap();
    assert!(matches!(paid, Attempt::Paid(_)));
    sandbox.let_time_pass(20);
}

/// Whether this is a final refusal of a code, which is no error.
pub(super) fn is_final_refusal(operation: &Operation, code: &str) -> bool {
    operation.name == MICROPAY.name
        && ["NOAUTH", "NOTENOUGH", "ORDERCLOSED", "SIGNERROR"].contains(&code)
}

static NEXT: AtomicUsize = AtomicUsize::new(10_000);
const TILL: &str = "fault-till-1";
const CODE: &str = "134567890123456789";

#[test]
fn xml_request_of_an_invalid_merchant_is_not_sent() {
    run(&nothing_sent_in_xml());
}

#[test]
fn malformed_or_unverified_xml_response_is_unknown() {
    run(&responses_in_xml());
}

/// 1. See also the faults of both protocols.
pub(super) fn nothing_sent_in_xml() -> Vec<Fault> {
    vec![
        own(1, Verdict::NotSent, "mch_id must", |operation| {
            with_signer(operation, &Named("19\r\n"))
        })
        .only(Protocol::V2),
    ]
}

/// 35 to 58 in XML: there, the signature is a field, and every response has the status 200.
///
/// Nothing in it is signed at a time (38, 39), by a numbered key (40) or as a probe (47).
pub(super) fn responses_in_xml() -> Vec<Fault> {
    let (untrusted, not_documented) =
        ("sign verification failed", "is not what WeChat Pay documents");
    let mut faults = vec![
        tampered(35, "it has no sign", |response| replace(response, "sign", None)),
        tampered(35, "it has no sign", |response| replace(response, "sign", Some(""))),
        tampered(36, " twice", |response| {
            let sign = field(response, "sign");
            add(response, "sign", &sign);
        }),
        tampered(37, "not UTF-8", |response| {
            let end = response.body.len() - "</xml>".len();
            response.body.insert(end, 0xFF);
        }),
        Fault::new(
            41,
            Verdict::Unknown,
            untrusted,
            Make::Sandbox(Box::new(|sandbox, _| {
                let key = v2::HmacSha256Key::new("1900007291", sandbox.v2().api_key()).unwrap();
                sandbox.tamper_next(move |response| {
                    assert_eq!(sign_xml(response, &key), field(response, "sign"));
                    let sign = sign_xml(response, &merchant());
                    replace(response, "sign", Some(&sign));
                });
            })),
        ),
        // The shorter digest of the same key, which an attacker may try in its place.
        tampered(41, "not of the signer's algorithm", |response| {
            let sign = field(response, "sign")[..32].to_owned();
            replace(response, "sign", Some(&sign));
        }),
        Fault::new(
            42,
            Verdict::Unknown,
            untrusted,
            Make::Sandbox(Box::new(|sandbox, operation| {
                let required = operation.required;
                sandbox.tamper_next(move |response| {
                    let changed = field(response, required) + "0";
                    replace(response, required, Some(&changed));
                });
            })),
        ),
        tampered(42, untrusted, |response| add(response, "new", "1")),
        tampered(42, untrusted, |response| replace(response, "return_msg", None)),
        tampered(42, untrusted, |response| replace(response, "result_code", Some("FAIL"))),
        tampered(42, not_documented, |response| response.body.clear()),
        tampered(43, untrusted, |response| replace(response, "nonce_str", Some("0"))),
        // An older response: only its order number shows that.
        rewritten_xml(44, Verdict::Unknown, "is not that of the request", |fields, _| {
            fields.insert("out_trade_no".into(), "fault-other-1".into());
        }),
        tampered(45, not_documented, compress),
        // The key is shared, so that the merchant's own request is signed as well as any response.
        Fault::new(
            46,
            Verdict::Unknown,
            "return_code is missing",
            Make::Sandbox(Box::new(|sandbox, operation| {
                operation.call.in_sandbox(sandbox).unwrap();
                let request = sandbox.received().pop().unwrap().body;
                sandbox.tamper_next(move |response| response.body = request);
            })),
        ),
        page(48, Verdict::Unknown, 200, "<html><form action=/login></html>")
            .because(not_documented),
    ];
    type Change = fn(&mut BTreeMap<String, String>, &str);
    let odd: [Change; 4] = [
        |fields, required| drop(fields.remove(required)),
        |fields, required| drop(fields.insert(required.into(), "wx 1".into())),
        |fields, _| drop(fields.remove("result_code")),
        |fields, _| drop(fields.insert("appid".into(), "wx1".into())),
    ];
    faults.extend(odd.map(|change| rewritten_xml(50, Verdict::Unknown, not_documented, change)));
    faults.extend(
        ["[]", "null", "<xml/>", "<xml></xml>", "<xml>"]
            .map(|body| tampered(50, not_documented, move |response| response.body = body.into())),
    );
    faults.extend([
        rewritten_xml(51, Verdict::Good, "", |fields, _| {
            fields.insert("new".into(), "<![CDATA[&".into());
        }),
        rewritten_xml(52, Verdict::Good, "", |fields, _| {
            fields.insert("trade_type".into(), "NEW_WORD".into());
        }),
    ]);
    faults.extend(
        ["NOAUTH", "NOTENOUGH", "ORDERPAID", "ORDERCLOSED", "OUT_TRADE_NO_USED", "SIGNERROR"]
            .map(|code| refused_in_xml(55, Verdict::Refused, code)),
    );
    // Another status does not come from WeChat Pay.
    faults.extend(
        [(56, 404), (56, 403), (57, 429), (58, 500), (58, 502), (58, 503), (58, 504)]
            .map(|(number, status)| page(number, Verdict::Unknown, status, "<html></html>")),
    );
    faults.extend(
        ["SYSTEMERROR", "BRAND_NEW"].map(|code| refused_in_xml(58, Verdict::Unknown, code)),
    );
    faults.into_iter().map(|fault| fault.only(Protocol::V2)).collect()
}

/// Likewise in XML.
fn rewritten_xml(
    number: u8,
    verdict: Verdict,
    why: &'static str,
    change: impl Fn(&mut BTreeMap<String, String>, &str) + Copy + Send + Sync + 'static,
) -> Fault {
    let make = move |sandbox: &Sandbox, operation: &'static Operation| {
        sandbox.v2().rewrite_next(move |fields| change(fields, operation.required));
    };
    Fault::new(number, verdict, why, Make::Sandbox(Box::new(make)))
}

/// Likewise in XML.
fn refused_in_xml(number: u8, verdict: Verdict, code: &'static str) -> Fault {
    let make = Make::Sandbox(Box::new(move |sandbox, _| sandbox.v2().refuse_next(code, "")));
    Fault::new(number, verdict, code, make)
}

fn v2_order() -> v2::pay::Order {
    let order = order(UNPAID);
    let address = Ipv4Addr::LOCALHOST.into();
    v2::pay::Order::new(
        order.appid,
        order.out_trade_no,
        &order.description,
        order.total,
        address,
        order.notify_url,
    )
}

fn broken_orders(
    signer: &dyn v2::Signer,
    gateway: &v2::CertifiedGateway,
) -> Vec<Result<(), Error>> {
    let long = |length| Some("长".repeat(length));
    let rules: [&dyn Fn(&mut v2::pay::Order); 8] = [
        &|order| order.body.clear(),
        &|order| order.body = "长".repeat(129),
        &|order| order.body = "公仔🧸".into(),
        &|order| order.attach = long(129),
        &|order| order.device_info = long(33),
        &|order| order.goods_tag = long(33),
        &|order| order.total_fee = Fen(0),
        &|order| order.total_fee = Fen(u64::MAX),
    ];
    let broken = rules.map(|breaks| {
        let mut order = v2_order();
        breaks(&mut order);
        v2::pay::prepay(signer, gateway, &order, &v2::App).map(drop)
    });
    broken.into()
}

fn till_order(number: &str) -> v2::pay::MicropayOrder {
    let order = order(number);
    let address = Ipv4Addr::LOCALHOST.into();
    let (number, body) = (order.out_trade_no, order.description);
    v2::pay::MicropayOrder::new(order.appid, number, body, order.total, address)
}

fn broken_till_orders(
    signer: &dyn v2::Signer,
    gateway: &v2::CertifiedGateway,
) -> Vec<Result<(), Error>> {
    let rules: [&dyn Fn(&mut v2::pay::MicropayOrder); 4] = [
        &|order| order.body.clear(),
        &|order| order.attach = Some("长".repeat(129)),
        &|order| order.total_fee = Fen(0),
        &|order| order.detail = Some(v2::pay::OrderDetail::Text(String::new())),
    ];
    let broken = rules.map(|breaks| {
        let mut order = till_order(TILL);
        breaks(&mut order);
        v2::pay::micropay(signer, gateway, &order, AuthCode::new(CODE)?).map(drop)
    });
    broken.into_iter().chain([AuthCode::new("28").map(drop)]).collect()
}

fn at(base_url: &str) -> v2::CertifiedGateway {
    let gateway = v2::Gateway::at(base_url, transport(None, AMPLE)).unwrap();
    gateway.with_certified(transport(None, AMPLE))
}

fn merchant() -> v2::HmacSha256Key {
    v2::HmacSha256Key::new("1900007291", "K".repeat(32)).unwrap()
}

impl v2::Signer for Named {
    fn mchid(&self) -> &str {
        self.0
    }

    fn sign_type(&self) -> v2::SignType {
        v2::SignType::HmacSha256
    }

    fn sign(&self, _: &str) -> Result<String, SignError> {
        Err(SignError::new("the HSM is not there"))
    }

    fn decrypt(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

impl Fault {
    fn because(self, why: &'static str) -> Self {
        Self { why, ..self }
    }
}

/// The fields of a response in XML: the sandbox writes each on a line.
fn fields(response: &wechatpay_sandbox::Response) -> Vec<(String, String)> {
    let field = |line: &str| {
        let (name, rest) = line.strip_prefix('<')?.split_once('>')?;
        let value = rest.strip_suffix(&format!("</{name}>"))?;
        let text = value.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>"));
        Some((name.to_owned(), text.unwrap_or(value).to_owned()))
    };
    std::str::from_utf8(&response.body).unwrap().lines().filter_map(field).collect()
}

fn sign_xml(response: &wechatpay_sandbox::Response, key: &v2::HmacSha256Key) -> String {
    let fields = fields(response);
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    v2::Signer::sign(key, &v2::signing::message(fields)).unwrap()
}

fn field(response: &wechatpay_sandbox::Response, name: &str) -> String {
    fields(response).into_iter().find(|(other, _)| other == name).unwrap().1
}

/// Gives a field of a response in XML another value, or takes it out.
fn replace(response: &mut wechatpay_sandbox::Response, name: &str, value: Option<&str>) {
    let xml = String::from_utf8(std::mem::take(&mut response.body)).unwrap();
    let (before, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    let (_, after) = rest.split_once(&format!("</{name}>")).unwrap();
    let value = value.map(|value| format!("<{name}>{value}</{name}>")).unwrap_or_default();
    response.body = format!("{before}{value}{after}").into_bytes();
}

fn add(response: &mut wechatpay_sandbox::Response, name: &str, value: &str) {
    let xml = String::from_utf8(std::mem::take(&mut response.body)).unwrap();
    response.body = xml.replace("</xml>", &format!("<{name}>{value}</{name}></xml>")).into_bytes();
}
