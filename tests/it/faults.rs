//! The fault matrix: each fault made below the library, each with its one right verdict.
//!
//! Two things are checked beside the verdict: that no request was sent twice, and that the call
//! ended in time.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use rcgen::{SanType, date_time_ymd};
use wechatpay::call;
use wechatpay::pay::{self, GoodsDetail, Order, SceneInfo, app};
use wechatpay::refund::{self, FundsAccount, Refund, RefundFrom};
use wechatpay::transfer::{self, ReceiveStyle, Scene, Transfer};
use wechatpay::{
    AppId, Error, Fen, Gateway, HttpOptions, Method, NotifyUrl, OpenId, OutBillNo, OutRefundNo,
    OutTradeNo, Outcome, Proxy, RsaSigner, SignError, Signature, Signer, Time, UreqTransport,
    signing,
};
use wechatpay_sandbox::Sandbox;

use crate::scripted_server::{self, Peer, Wire, WireResponse, platform_keys};
use crate::support::{start, within};

mod profit_sharing;
#[cfg(feature = "v2")]
mod v2;

// The operations.

struct Operation {
    name: &'static str,
    call: &'static dyn Call,
    /// A successful response of WeChat Pay.
    response: &'static str,
    /// A required member of the response.
    required: &'static str,
    /// A member whose value may be a word that this version does not know.
    open: Option<&'static str>,
}

/// How an operation is called, whichever protocol it uses.
trait Call: Sync {
    fn protocol(&self) -> Protocol;

    fn in_sandbox(&self, sandbox: &Sandbox) -> Result<(), Error>;

    /// Makes the call, as often as it is called, over the same connections.
    fn over(&self, base_url: &str, transport: UreqTransport) -> Box<dyn Fn() -> Result<(), Error>>;

    fn signed_by(&self, signer: &Named, base_url: &str) -> Result<(), Error>;

    /// The call with a field that breaks a rule, for each rule.
    fn broken(&self, base_url: &str) -> Vec<Result<(), Error>>;
}

struct V3 {
    call: fn(&dyn Signer, &Gateway) -> Result<(), Error>,
    broken: fn(&dyn Signer, &Gateway) -> Vec<Result<(), Error>>,
}

impl Call for V3 {
    fn protocol(&self) -> Protocol {
        Protocol::V3
    }

    fn in_sandbox(&self, sandbox: &Sandbox) -> Result<(), Error> {
        (self.call)(sandbox.signer(), sandbox.gateway())
    }

    fn over(&self, base_url: &str, transport: UreqTransport) -> Box<dyn Fn() -> Result<(), Error>> {
        let gateway = Gateway::at(base_url, platform_keys(), transport).unwrap();
        let (merchant, call) = (merchant(), self.call);
        Box::new(move || call(&merchant, &gateway))
    }

    fn signed_by(&self, signer: &Named, base_url: &str) -> Result<(), Error> {
        (self.call)(signer, &at(base_url))
    }

    fn broken(&self, base_url: &str) -> Vec<Result<(), Error>> {
        (self.broken)(&merchant(), &at(base_url))
    }
}

static OPERATIONS: [Operation; 6] = [
    Operation {
        name: "prepay",
        call: &V3 {
            call: |signer, gateway| app::prepay(signer, gateway, &order(UNPAID)).map(drop),
            broken: broken_orders,
        },
        response: r#"{"prepay_id":"wx201410272009395522657a690389285100"}"#,
        required: "prepay_id",
        open: None,
    },
    Operation {
        name: "refund",
        call: &V3 {
            call: |signer, gateway| refund::apply(signer, gateway, &refund_of(PAID)).map(drop),
            broken: broken_refunds,
        },
        response: r#"{"refund_id":"50000000382019052709732678859","out_refund_no":"fault-refund-1",
            "transaction_id":"1217752501201407033233368018","out_trade_no":"fault-paid-1",
            "channel":"ORIGINAL","user_received_account":"招商银行信用卡0403",
            "create_time":"2020-12-01T16:18:12+08:00","status":"PROCESSING",
            "amount":{"total":100,"refund":60,"payer_total":100,"payer_refund":60}}"#,
        required: "refund_id",
        open: Some("status"),
    },
    Operation {
        name: "query",
        call: &V3 {
            call: |signer, gateway| pay::query(signer, gateway, &number(PAID)).map(drop),
            broken: |_, _| {
                let wrong =
                    ["12345", "", "123456789012345678901234567890123", "fault paid", "订单号"];
                wrong.into_iter().map(|text| OutTradeNo::new(text).map(drop)).collect()
            },
        },
        response: r#"{"appid":"wxd678efh567hg6787","mchid":"1900007291",
            "out_trade_no":"fault-paid-1","trade_state":"NOTPAY","trade_state_desc":"未支付"}"#,
        required: "trade_state",
        open: Some("trade_state"),
    },
    Operation {
        name: "transfer",
        call: &V3 {
            call: |signer, gateway| transfer::create(signer, gateway, &transfer_of(100)).map(drop),
            broken: broken_transfers,
        },
        response: r#"{"out_bill_no":"faulttransfer1","state":"WAIT_USER_CONFIRM",
            "transfer_bill_no":"1330000071100999991182020050700019480001",
            "create_time":"2015-05-20T13:29:35.120+08:00","package_info":"affffddafdfafddffda=="}"#,
        required: "transfer_bill_no",
        open: Some("state"),
    },
    Operation {
        name: "any-write",
        call: &V3 {
            call: |signer, gateway| {
                let stock = serde_json::json!({ "stock_name": "8月1日活动券" });
                read_stock(&call::post(signer, gateway, STOCKS, &stock)?)
            },
            broken: |signer, gateway| {
                let wrong = ["", "/v2/x", "//x/v3/y", "/v3/x#y", "/v3/x y", "/v3/../x", "/v3/{x}"];
                let paths = wrong.map(|path| call::post(signer, gateway, path, "{}").map(drop));
                let body = call::post(signer, gateway, STOCKS, "not an object").map(drop);
                paths.into_iter().chain([body]).collect()
            },
        },
        response: STOCK,
        required: "stock_id",
        open: None,
    },
    Operation {
        name: "any-read",
        call: &V3 {
            call: |signer, gateway| read_stock(&call::get(signer, gateway, STOCKS)?),
            broken: |signer, gateway| {
                let wrong = ["https://x/v3/y", "/v3/x?y=支付", "/v3/x?y=a+b", "/v3/x?", "/v3//x"];
                wrong.map(|path| call::get(signer, gateway, path).map(drop)).into()
            },
        },
        response: STOCK,
        required: "stock_id",
        open: None,
    },
];

/// An interface that neither the library nor the sandbox knows.
const STOCKS: &str = "/v3/marketing/busifavor/stocks";
const STOCK: &str = r#"{"stock_id":"98065001"}"#;

fn read_stock(verified: &call::Verified) -> Result<(), Error> {
    #[derive(serde::Deserialize)]
    struct Stock {
        #[serde(rename = "stock_id")]
        _stock_id: String,
    }
    verified.json::<Stock>().map(drop)
}

fn operations() -> Vec<&'static Operation> {
    #[cfg(not(feature = "v2"))]
    let of_v2 = [];
    #[cfg(feature = "v2")]
    let of_v2 = [&v2::ORDER, &v2::MICROPAY, &v2::REVERSE];
    OPERATIONS.iter().chain([&profit_sharing::SPLIT]).chain(of_v2).collect()
}

const UNPAID: &str = "fault-unpaid-1";
const PAID: &str = "fault-paid-1";

fn number(text: &str) -> OutTradeNo {
    OutTradeNo::new(text).unwrap()
}

fn order(out_trade_no: &str) -> Order {
    Order::new(
        AppId::new("wxd678efh567hg6787").unwrap(),
        number(out_trade_no),
        "Image形象店-深圳腾大-QQ公仔",
        Fen(100),
        NotifyUrl::new("https://127.0.0.1/notify").unwrap(),
    )
}

fn now() -> i64 {
    Time::now().unwrap().unix_seconds()
}

fn refund_of(out_trade_no: &str) -> Refund {
    let out_refund_no = OutRefundNo::new("fault-refund-1").unwrap();
    Refund::new(out_refund_no, number(out_trade_no), Fen(60), Fen(100))
}

fn transfer_of(fen: u64) -> Transfer {
    let appid = AppId::new("wxd678efh567hg6787").unwrap();
    let number = OutBillNo::new("faulttransfer1").unwrap();
    let openid = OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap();
    let scene = Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖");
    Transfer::new(appid, number, openid, scene, Fen(fen), "新会员开通有礼")
}

fn broken_transfers(signer: &dyn Signer, gateway: &Gateway) -> Vec<Result<(), Error>> {
    let rules: [&dyn Fn(&mut Transfer); 9] = [
        &|transfer| transfer.transfer_amount = Fen(9),
        &|transfer| transfer.transfer_amount = Fen(u64::MAX),
        &|transfer| transfer.transfer_amount = Fen(200_000),
        &|transfer| transfer.transfer_remark.clear(),
        &|transfer| transfer.transfer_remark = "注".repeat(33),
        &|transfer| transfer.scene = Scene::other("1000", Vec::new()),
        &|transfer| transfer.user_recv_perception = Some("货款".into()),
        &|transfer| {
            transfer.scene = Scene::purchase("大米");
            transfer.user_recv_style = Some(ReceiveStyle::RedPacket);
        },
        &|transfer| transfer.sponsor_mchid = Some("1900000109".into()),
    ];
    let broken = rules.map(|breaks| {
        let mut transfer = transfer_of(100);
        breaks(&mut transfer);
        transfer::create(signer, gateway, &transfer).map(drop)
    });
    broken.into()
}

fn broken_orders(signer: &dyn Signer, gateway: &Gateway) -> Vec<Result<(), Error>> {
    let long = |length| Some("长".repeat(length));
    let rules: [&dyn Fn(&mut Order); 15] = [
        &|order| order.description.clear(),
        &|order| order.description = "长".repeat(128),
        &|order| order.description = "公仔🧸".into(),
        &|order| order.attach = long(129),
        &|order| order.attach = Some(String::new()),
        &|order| order.goods_tag = long(33),
        &|order| order.total = Fen(0),
        &|order| order.total = Fen(u64::MAX),
        &|order| order.time_expire = Some("2030-01-01T00:00:00.5Z".parse().unwrap()),
        &|order| order.detail.get_or_insert_default().invoice_id = long(33),
        &|order| order.detail.get_or_insert_default().cost_price = Some(Fen(u64::MAX)),
        &|order| {
            let goods = GoodsDetail::new("a b", 1, Fen(1));
            order.detail.get_or_insert_default().goods_detail = vec![goods];
        },
        &|order| {
            let goods = GoodsDetail::new("1", 0, Fen(1));
            order.detail.get_or_insert_default().goods_detail = vec![goods];
        },
        &|order| {
            let goods = GoodsDetail::new("1", 1, Fen(1));
            order.detail.get_or_insert_default().goods_detail = vec![goods; 200];
        },
        &|order| {
            let mut scene_info = SceneInfo::new(Ipv4Addr::LOCALHOST.into());
            scene_info.device_id = long(33);
            order.scene_info = Some(scene_info);
        },
    ];
    let broken = rules.map(|breaks| {
        let mut order = order(UNPAID);
        breaks(&mut order);
        app::prepay(signer, gateway, &order).map(drop)
    });
    broken.into()
}

fn broken_refunds(signer: &dyn Signer, gateway: &Gateway) -> Vec<Result<(), Error>> {
    let rules: [&dyn Fn(&mut Refund); 8] = [
        &|refund| refund.refund = Fen(0),
        &|refund| refund.refund = Fen(101),
        &|refund| refund.total = Fen(u64::MAX),
        &|refund| refund.reason = Some("因".repeat(27)),
        &|refund| refund.reason = Some("🧸".into()),
        &|refund| refund.reason = Some(String::new()),
        &|refund| refund.from = vec![RefundFrom::new(FundsAccount::Available, Fen(0))],
        &|refund| refund.goods_detail = vec![refund::GoodsDetail::new("", Fen(1), Fen(1), 1)],
    ];
    let broken = rules.map(|breaks| {
        let mut refund = refund_of(PAID);
        breaks(&mut refund);
        refund::apply(signer, gateway, &refund).map(drop)
    });
    broken.into()
}

// The faults, and the expected verdicts.

struct Fault {
    /// Its place in the matrix.
    number: u8,
    /// `None`: each protocol.
    only: Option<Protocol>,
    verdict: Verdict,
    /// Part of what the error says: that it failed for this reason and no other.
    why: &'static str,
    make: Make,
}

#[derive(Clone, Copy, PartialEq)]
enum Protocol {
    V3,
    #[cfg(feature = "v2")]
    V2,
}

#[derive(Clone, Copy)]
enum Verdict {
    NotSent,
    Refused,
    /// But for writes other than orders, which may be in progress.
    RefusedUnlessInProgress,
    Unknown,
    Good,
}

type Script = fn(&mut Peer, &Operation) -> std::io::Result<()>;

type Prepare = Box<dyn Fn(&Sandbox, &'static Operation) + Send + Sync>;

enum Make {
    /// By a server that is asked over plain HTTP.
    Server(Script),
    /// Likewise, where it is the time that ends the call.
    Slow(Script),
    /// By the sandbox, prepared for one call.
    Sandbox(Prepare),
    /// In its own way.
    Own(Box<dyn Fn(&'static Operation) -> Vec<Seen> + Send + Sync>),
}

/// The result of one call.
struct Seen {
    result: Result<(), Error>,
    attempts: usize,
    elapsed: Duration,
    total_timeout: Duration,
}

/// The timeout of calls that must not time out: only a hanging test takes that long.
const AMPLE: Duration = Duration::from_secs(15);
/// The timeout of calls that must time out.
const SHORT: Duration = Duration::from_millis(400);
/// The timeout of calls whose connection may take a quarter of it.
const LONGER: Duration = Duration::from_secs(2);
/// A call that takes longer has no limit of time.
const HANGS: Duration = Duration::from_secs(60);
/// The time that a call may take beyond its timeout.
const MARGIN: Duration = Duration::from_millis(200);
/// The time that a busy machine may add once.
const NOISE: Duration = Duration::from_secs(5);

fn server(number: u8, why: &'static str, script: Script) -> Fault {
    Fault::new(number, Verdict::Unknown, why, Make::Server(script))
}

fn slow(number: u8, why: &'static str, script: Script) -> Fault {
    Fault::new(number, Verdict::Unknown, why, Make::Slow(script))
}

fn own(
    number: u8,
    verdict: Verdict,
    why: &'static str,
    run: impl Fn(&'static Operation) -> Vec<Seen> + Send + Sync + 'static,
) -> Fault {
    Fault::new(number, verdict, why, Make::Own(Box::new(run)))
}

/// A response that is changed after it was signed.
fn tampered(
    number: u8,
    why: &'static str,
    change: impl Fn(&mut wechatpay_sandbox::Response) + Clone + Send + Sync + 'static,
) -> Fault {
    let make = Make::Sandbox(Box::new(move |sandbox, _| sandbox.tamper_next(change.clone())));
    Fault::new(number, Verdict::Unknown, why, make)
}

/// A malformed response with a valid signature.
fn rewritten(
    number: u8,
    verdict: Verdict,
    why: &'static str,
    change: impl Fn(&mut wechatpay_sandbox::Response, &Operation) + Copy + Send + Sync + 'static,
) -> Fault {
    let make = move |sandbox: &Sandbox, operation: &'static Operation| {
        sandbox.rewrite_next(move |response| change(response, operation));
    };
    Fault::new(number, verdict, why, Make::Sandbox(Box::new(make)))
}

/// An error response of WeChat Pay's.
fn refused(number: u8, verdict: Verdict, status: u16, code: &'static str) -> Fault {
    let make = Make::Sandbox(Box::new(move |sandbox, _| sandbox.refuse_next(status, code, "")));
    Fault::new(number, verdict, code, make)
}

/// A page of a proxy or load balancer.
fn page(number: u8, verdict: Verdict, status: u16, body: impl Into<Vec<u8>>) -> Fault {
    let body = body.into();
    let make = move |sandbox: &Sandbox, _: &'static Operation| {
        let body = body.clone();
        sandbox.tamper_next(move |response| {
            *response = wechatpay_sandbox::Response { status, headers: Vec::new(), body };
        });
    };
    let why = if status == 200 { "is missing" } else { "is not signed" };
    Fault::new(number, verdict, why, Make::Sandbox(Box::new(make)))
}

// The matrix, by its sections.

/// 1 to 6. See also [`ELSEWHERE`].
fn before_anything_is_sent() -> Vec<Fault> {
    vec![
        own(1, Verdict::NotSent, "", |operation| {
            let wire = Wire::start(|peer, _| peer.request());
            let results = operation.call.broken(&wire.url("http"));
            nothing_sent(results, wire)
        }),
        own(1, Verdict::NotSent, "mchid must", |operation| {
            with_signer(operation, &Named("19\r\n"))
        })
        .only(Protocol::V3),
        own(2, Verdict::NotSent, "the HSM", |operation| with_signer(operation, &Named("190000"))),
        own(4, Verdict::NotSent, "refused", |operation| {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
            ["http", "https"]
                .map(|scheme| call_at(operation, &format!("{scheme}://{free}"), None, AMPLE))
                .into()
        }),
        own(5, Verdict::NotSent, "timed out", |operation| {
            let (address, _kept) = scripted_server::full_port();
            ["http", "https"]
                .map(|scheme| call_at(operation, &format!("{scheme}://{address}"), None, LONGER))
                .into()
        }),
        // The socket is connected, but the TLS handshake never ends: no byte of the request can
        // have left.
        own(5, Verdict::NotSent, "timed out", |operation| {
            let wire = Wire::start(|peer, _| peer.wait());
            let seen = call_at(operation, &wire.url("https"), None, LONGER);
            assert_eq!(wire.finish(), 1);
            vec![seen]
        }),
    ]
}

/// 8 to 30.
fn on_the_way() -> Vec<Fault> {
    vec![
        server(8, "no response", |_, _| Ok(())),
        server(8, "reset", |peer, _| {
            peer.first_byte()?;
            peer.reset()
        }),
        server(9, "reset", |peer, _| peer.bytes(100)),
        server(9, "reset", |peer, _| {
            peer.bytes(100)?;
            peer.reset()
        }),
        server(10, "reset", |peer, _| {
            peer.request()?;
            peer.reset()
        }),
        slow(11, "timed out", |peer, _| {
            peer.request()?;
            peer.wait()
        }),
        slow(12, "broke off: timed out", |peer, operation| {
            let response = WireResponse::signed(operation.response);
            peer.request()?;
            peer.send(response.head + "\r\n")?;
            peer.wait()
        }),
        server(13, "the connection was closed", |peer, _| {
            peer.request()?;
            peer.send("HTTP/1.1 20")
        }),
        server(14, "the connection was closed", |peer, operation| {
            let response = WireResponse::signed(operation.response);
            peer.request()?;
            peer.send(&response.head[..response.head.len() / 2])
        }),
        server(15, "broke off", |peer, operation| {
            let mut response = WireResponse::signed(operation.response);
            response.body.pop();
            peer.request()?;
            peer.send(response.bytes())
        }),
        server(16, "broke off", |peer, operation| {
            let response =
                WireResponse::unframed(operation.response).with("Transfer-Encoding: chunked");
            peer.request()?;
            peer.send(format!("{}\r\n{:x}\r\n", response.head, response.body.len()))?;
            peer.send(&response.body[..10])
        }),
        // Without the last chunk, the body looks complete but is not known to be.
        server(16, "broke off", |peer, operation| {
            let response =
                WireResponse::unframed(operation.response).with("Transfer-Encoding: chunked");
            peer.request()?;
            peer.send(format!("{}\r\n{:x}\r\n", response.head, response.body.len()))?;
            peer.send([&response.body[..], b"\r\n"].concat())
        }),
        // A body without length ends with its connection: only the signature, or the XML, shows
        // whether it is complete.
        server(17, "the response (HTTP 200)", |peer, operation| {
            let mut response = WireResponse::unframed(operation.response);
            response.body.pop();
            peer.request()?;
            peer.send(response.bytes())
        }),
        server(18, "", |peer, operation| {
            let mut response = WireResponse::unframed(operation.response);
            response.body.pop();
            peer.request()?;
            peer.send(response.bytes())?;
            peer.reset()
        }),
        slow(19, "timed out", |peer, _| {
            peer.request()?;
            peer.send("HTTP/1.1 200 OK\r\n")?;
            peer.drip(b"X-Drip: 1\r\n")
        }),
        slow(20, "broke off", |peer, operation| {
            let response =
                WireResponse::unframed(operation.response).with("Content-Length: 900000");
            peer.request()?;
            peer.send(response.head + "\r\n")?;
            peer.drip(b" ")
        }),
        server(21, "invalid HTTP version", |peer, _| {
            peer.request()?;
            peer.send("SSH-2.0-OpenSSH_9.6\r\n\0\x01\u{ffff}\r\n\r\n")
        }),
        server(21, "HTTP 101", |peer, operation| {
            peer.request()?;
            peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")?;
            peer.send(WireResponse::signed(operation.response).bytes())
        }),
        server(23, "too many headers", |peer, operation| {
            let mut response = WireResponse::signed(operation.response);
            for number in 0..128 + 100 {
                write!(response.head, "X-{number}: {number}\r\n").unwrap();
            }
            peer.request()?;
            peer.send(response.bytes())
        }),
        server(24, "header is too big", |peer, operation| {
            let response = WireResponse::signed(operation.response)
                .with(&format!("X: {}", "x".repeat(1 << 20)));
            peer.request()?;
            peer.send(response.bytes())
        }),
        server(25, "larger than 1 MiB", |peer, operation| {
            let response =
                WireResponse::unframed(operation.response).with("Content-Length: 99000000");
            peer.request()?;
            peer.send(response.bytes())?;
            peer.flood(&[b' '; 4096])
        }),
        server(26, "larger than 1 MiB", |peer, operation| {
            let response =
                WireResponse::unframed(operation.response).with("Transfer-Encoding: chunked");
            peer.request()?;
            peer.send(response.head + "\r\n")?;
            peer.flood(b"8\r\n        \r\n")
        }),
        slow(26, "", |peer, operation| {
            let response =
                WireResponse::unframed(operation.response).with("Transfer-Encoding: chunked");
            peer.request()?;
            peer.send(response.head + "\r\n")?;
            peer.flood(b"1111111111111111")
        }),
        slow(26, "", |peer, operation| {
            let response =
                WireResponse::unframed(operation.response).with("Transfer-Encoding: chunked");
            peer.request()?;
            peer.send(response.head + "\r\n0\r\n")?;
            peer.flood(b"X-Trailer: 1\r\n")
        }),
        slow(26, "", |peer, _| {
            peer.request()?;
            peer.flood(b"HTTP/1.1 100 Continue\r\n\r\n")
        }),
        server(27, "chunk length", |peer, operation| {
            let response =
                WireResponse::unframed(operation.response).with("Transfer-Encoding: chunked");
            peer.request()?;
            peer.send(response.head + "\r\nxyz\r\n")?;
            peer.send(response.body)
        }),
        // The peer closed the idle connection. This is detected before anything is sent, and the
        // call opens a new connection.
        own(28, Verdict::Good, "", |operation| {
            stale(operation, Moment::BeforeTheCall, |peer| peer.hang_up())
        }),
        // The peer closes the connection as the request arrives: too late to be detected.
        own(28, Verdict::Unknown, "", |operation| {
            stale(operation, Moment::DuringTheCall, |peer| {
                peer.first_byte()?;
                peer.reset()
            })
        }),
        own(29, Verdict::Unknown, "reset", |operation| {
            stale(operation, Moment::DuringTheCall, |peer| {
                peer.request()?;
                peer.reset()
            })
        }),
        server(30, "conflicting content-length", |peer, operation| {
            let response = WireResponse::signed(operation.response).with("Content-Length: 7");
            peer.request()?;
            peer.send(response.bytes())
        }),
    ]
}

/// 22, and 31 to 34: the handshake fails.
fn in_tls() -> Vec<Fault> {
    vec![
        own(22, Verdict::NotSent, "fatal alert", |operation| {
            let wire = Wire::start(|peer, _| {
                peer.first_byte()?;
                // Alert, fatal, handshake_failure.
                peer.send([0x15, 3, 3, 0, 2, 2, 40])
            });
            vec![call_over_tls(operation, wire, None)]
        }),
        own(31, Verdict::NotSent, "UnknownIssuer", |operation| {
            let (wire, _) = Wire::start_tls(|_| ());
            vec![call_over_tls(operation, wire, None)]
        }),
        // An authority of the same name, with another key.
        own(31, Verdict::NotSent, "BadSignature", |operation| {
            let (wire, _) = Wire::start_tls(|_| ());
            let (other, other_ca_pem) = Wire::start_tls(|_| ());
            assert_eq!(other.finish(), 0);
            vec![call_over_tls(operation, wire, Some(&other_ca_pem))]
        }),
        own(32, Verdict::NotSent, "not valid for name", |operation| {
            let (wire, ca_pem) = Wire::start_tls(|leaf| {
                let name = "api.mch.weixin.qq.com".try_into().unwrap();
                leaf.subject_alt_names = vec![SanType::DnsName(name)];
            });
            vec![call_over_tls(operation, wire, Some(&ca_pem))]
        }),
        own(33, Verdict::NotSent, "expired", |operation| {
            let (wire, ca_pem) = Wire::start_tls(|leaf| {
                leaf.not_before = date_time_ymd(2020, 1, 1);
                leaf.not_after = date_time_ymd(2020, 12, 31);
            });
            vec![call_over_tls(operation, wire, Some(&ca_pem))]
        }),
        own(34, Verdict::NotSent, "corrupt message", |operation| {
            let wire = Wire::start(|peer, _| {
                peer.first_byte()?;
                peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            });
            vec![call_over_tls(operation, wire, None)]
        }),
    ]
}

/// 60 to 69. Whatever a proxy does, the request stays here until TLS reaches the host.
fn at_proxy_and_dns() -> Vec<Fault> {
    vec![
        // A label of 64 characters is no name anywhere, so no name server is asked.
        own(60, Verdict::NotSent, "cannot be resolved", |operation| {
            vec![call_at(operation, &format!("https://{}.example", "x".repeat(64)), None, AMPLE)]
        }),
        proxied(61, "requires a user name and password", |peer, _| {
            peer.request()?;
            peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        }),
        proxied(61, "refused the connection (HTTP 403)", |peer, _| {
            peer.request()?;
            peer.send("HTTP/1.1 403 Forbidden\r\n\r\n")
        }),
        proxied(61, "refused the connection (HTTP 502)", |peer, _| {
            peer.request()?;
            peer.send("HTTP/1.1 502 Bad Gateway\r\n\r\n")
        }),
        proxied(62, "through the proxy 127.0.0.1", |peer, _| peer.request()),
        proxied(63, "timed out", |peer, _| {
            peer.request()?;
            peer.wait()
        }),
        proxied(64, "timed out", |peer, _| {
            peer.request()?;
            peer.send("HTTP/1.1 200 OK\r\nX: ")?;
            peer.drip(b"x")
        }),
        proxied(65, "through the proxy 127.0.0.1", |peer, _| {
            peer.request()?;
            peer.send("SSH-2.0-OpenSSH_9.9\r\n\r\n")
        }),
        own(66, Verdict::NotSent, "through the proxy 127.0.0.1", |operation| {
            vec![through(operation, "socks5h", |peer, _| {
                // The greeting: version, one method, none.
                peer.bytes(3)?;
                peer.send([5, 0])?;
                // Version, connect, reserved, a name and its length.
                peer.bytes(4 + 1 + "api.mch.weixin.qq.com".len() + 2)?;
                // Not allowed by the rules.
                peer.send([5, 2, 0, 1, 0, 0, 0, 0, 0, 0])
            })]
        }),
        own(67, Verdict::NotSent, "proxy must be an HTTP or SOCKS5 proxy", |_| {
            let mut options = HttpOptions::default();
            options.proxy = Proxy::Url("socks4://127.0.0.1:1080".into());
            vec![timed(AMPLE, || UreqTransport::new(&options).map(drop))]
        }),
        proxied(68, "timed out", |peer, _| {
            peer.request()?;
            peer.send("HTTP/1.1 200 OK\r\n\r\n")?;
            peer.wait()
        }),
        proxied(69, "corrupt message", |peer, _| {
            peer.request()?;
            peer.send("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n")
        }),
    ]
}

/// 35 to 49.
fn unverified_responses() -> Vec<Fault> {
    let mut faults = Vec::new();
    for name in ["Timestamp", "Nonce", "Signature", "Serial"] {
        let name = ["Wechatpay-", name].concat();
        let (missing, twice, foreign) = (name.clone(), name.clone(), name);
        faults.push(tampered(35, "is missing", move |response| response.remove_header(&missing)));
        faults.push(tampered(36, "more than once", move |response| {
            let value = response.header(&twice).unwrap().to_vec();
            response.add_header(&twice, value);
        }));
        faults.push(tampered(37, "empty or malformed", move |response| {
            let mut value = response.header(&foreign).unwrap().to_vec();
            value.push(0xFF);
            response.set_header(&foreign, value);
        }));
    }
    let not_verified = "signature verification failed";
    faults.extend([
        server(38, "behind the system clock", |peer, operation| {
            peer.request()?;
            peer.send(WireResponse::signed_at(now() - 301, operation.response).bytes())
        })
        .only(Protocol::V3),
        server(39, "ahead of the system clock", |peer, operation| {
            peer.request()?;
            peer.send(WireResponse::signed_at(now() + 330, operation.response).bytes())
        })
        .only(Protocol::V3),
        tampered(40, "does not contain", |response| {
            response.set_header("Wechatpay-Serial", PLATFORM_ID_2);
        }),
        tampered(41, not_verified, |response| {
            let other = include_str!("../data/keys/rsa2048.pem");
            sign(response, &RsaSigner::from_pem("1", "1", other).unwrap());
        }),
        tampered(42, not_verified, |response| response.body.push(b' ')),
        tampered(42, not_verified, |response| {
            let digit = response.body.iter_mut().find(|byte| byte.is_ascii_digit()).unwrap();
            *digit ^= 1;
        }),
        tampered(42, not_verified, |response| response.body.clear()),
        tampered(43, not_verified, |response| response.set_header("Wechatpay-Nonce", "0")),
        Fault::new(
            44,
            Verdict::Unknown,
            not_verified,
            Make::Sandbox(Box::new(|sandbox, operation| {
                let (send, receive) = mpsc::channel();
                sandbox.tamper_next(move |response| send.send(response.headers.clone()).unwrap());
                let mut order = order(UNPAID);
                order.out_trade_no = number(&format!("fault-44-{}", operation.name));
                app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
                let headers = receive.recv().unwrap();
                sandbox.tamper_next(move |response| response.headers = headers);
            })),
        ),
        tampered(45, not_verified, compress),
        // Signed as compressed: the signature is verified, and the body is no JSON.
        rewritten(45, Verdict::Unknown, "its JSON is broken", |response, _| compress(response)),
        Fault::new(
            46,
            Verdict::Unknown,
            not_verified,
            Make::Sandbox(Box::new(|sandbox, _| {
                let (serial_no, key) = (sandbox.serial_no(), sandbox.merchant_key_pem());
                let own = RsaSigner::from_pem(sandbox.mchid(), serial_no, key).unwrap();
                sandbox.tamper_next(move |response| sign(response, &own));
            })),
        ),
        tampered(47, "probes", |response| {
            let real = String::from_utf8(response.header("Wechatpay-Signature").unwrap().to_vec());
            let probe = format!("WECHATPAY/SIGNTEST/{}", &real.unwrap()[19..]);
            response.set_header("Wechatpay-Signature", probe);
        }),
        page(48, Verdict::Unknown, 200, "<html><form action=/login></html>"),
    ]);
    faults.extend([
        own(49, Verdict::Unknown, "HTTP 30", |operation| vec![redirected(operation, "302 Found")]),
        own(49, Verdict::Unknown, "HTTP 30", |operation| {
            vec![redirected(operation, "307 Temporary Redirect")]
        }),
        own(49, Verdict::Unknown, "HTTP 30", |operation| {
            vec![redirected(operation, "308 Permanent Redirect")]
        }),
    ]);
    faults
}

/// 50 to 54. See also [`ELSEWHERE`].
fn verified_but_unexpected() -> Vec<Fault> {
    let odd = |change| rewritten(50, Verdict::Unknown, "is not what WeChat Pay documents", change);
    let changes: [fn(&mut wechatpay_sandbox::Response, &Operation); 9] = [
        |response, _| response.body = b"[]".to_vec(),
        |response, _| response.body = b"null".to_vec(),
        |response, _| response.body.clear(),
        |response, _| response.body = b"{}".to_vec(),
        |response, operation| set(response, operation.required, None),
        |response, operation| set(response, operation.required, Some("null")),
        |response, operation| set(response, operation.required, Some("{\"x\":[1]}")),
        |response, operation| set(response, operation.required, Some("7")),
        |response, _| response.body.truncate(response.body.len() - 1),
    ];
    let mut faults: Vec<Fault> = changes.map(odd).into();
    let informed: [Script; 2] = [
        |peer, operation| {
            peer.request()?;
            peer.send("HTTP/1.1 100 Continue\r\n\r\n")?;
            peer.send(WireResponse::signed(operation.response).bytes())
        },
        |peer, operation| {
            peer.request()?;
            peer.send("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")?;
            peer.send(WireResponse::signed(operation.response).bytes())
        },
    ];
    faults.extend(informed.map(|script| Fault::new(54, Verdict::Good, "", Make::Server(script))));
    faults.extend([
        rewritten(51, Verdict::Good, "", |response, _| {
            set(response, "new", Some("[{\"x\":null}]"));
        }),
        rewritten(52, Verdict::Good, "", |response, operation| {
            // The response to an order has nothing but its number.
            set(response, operation.open.unwrap_or("new"), Some("\"NEW_WORD\""));
        }),
    ]);
    faults
}

/// 55 to 59.
fn refused_or_failed() -> Vec<Fault> {
    let refusals = [
        (400, "APPID_MCHID_NOT_MATCH"),
        (400, "INVALID_REQUEST"),
        (400, "MCH_NOT_EXISTS"),
        (400, "ORDER_CLOSED"),
        (400, "PARAM_ERROR"),
        (401, "SIGN_ERROR"),
        (403, "ACCOUNT_ERROR"),
        (403, "NOT_ENOUGH"),
        (403, "NO_AUTH"),
        (403, "OUT_TRADE_NO_USED"),
        (403, "RULE_LIMIT"),
        (403, "TRADE_ERROR"),
        (403, "USER_ACCOUNT_ABNORMAL"),
        (404, "MCH_NOT_EXISTS"),
        (404, "ORDER_NOT_EXIST"),
        (404, "RESOURCE_NOT_EXISTS"),
        (403, UNDOCUMENTED),
    ];
    let mut faults: Vec<Fault> =
        refusals.map(|(status, code)| refused(55, Verdict::Refused, status, code)).into();
    faults.extend([
        page(56, Verdict::Refused, 404, ""),
        page(56, Verdict::Refused, 403, "<html>forbidden</html>"),
        page(56, Verdict::Refused, 413, vec![b'<'; 1_000_000]),
        refused(57, Verdict::RefusedUnlessInProgress, 429, "FREQUENCY_LIMITED"),
        refused(57, Verdict::RefusedUnlessInProgress, 429, "RATELIMIT_EXCEEDED"),
        page(57, Verdict::RefusedUnlessInProgress, 429, "slow down"),
        refused(58, Verdict::Unknown, 500, "SYSTEM_ERROR"),
        refused(58, Verdict::Unknown, 500, "BANK_ERROR"),
        page(58, Verdict::Unknown, 500, ""),
        page(58, Verdict::Unknown, 502, "<html>bad gateway</html>"),
        page(58, Verdict::Unknown, 503, "<html>try again</html>"),
        page(58, Verdict::Unknown, 504, "<html>gateway time-out</html>"),
        refused(59, Verdict::Refused, 500, "OPENID_MISMATCH"),
        refused(59, Verdict::Refused, 500, "INVALID_TRANSACTIONID"),
    ]);
    faults
}

/// Faults that cannot be made for each operation, and the tests that check them instead.
const ELSEWHERE: [(u8, &str); 3] = [
    (
        3,
        "a clock before 1970: the system's clock is not a test's to set; Time::now is the one reader",
    ),
    (
        6,
        "resolving takes too long: the system's resolver cannot be slowed down; src/ureq_transport",
    ),
    (53, "only closing returns 204: closing_accepts_http_204"),
];

// The runs.

#[test]
fn invalid_or_unconnected_request_is_not_sent() {
    run(&before_anything_is_sent());
}

#[test]
fn lost_request_or_response_is_unknown() {
    run(&on_the_way());
}

#[test]
fn tls_failure_is_not_sent() {
    run(&in_tls());
}

#[test]
fn proxy_or_dns_failure_is_not_sent() {
    run(&at_proxy_and_dns());
}

#[test]
fn unverified_response_is_unknown() {
    run(&unverified_responses());
}

#[test]
fn verified_but_unexpected_response_is_unknown_or_accepted() {
    run(&verified_but_unexpected());
}

#[test]
fn error_response_has_its_outcome() {
    run(&refused_or_failed());
}

#[test]
fn closing_accepts_http_204() {
    let sandbox = start();
    app::prepay(sandbox.signer(), sandbox.gateway(), &order(UNPAID)).unwrap();
    pay::close(sandbox.signer(), sandbox.gateway(), &number(UNPAID)).unwrap();
    assert_eq!(sandbox.received().len(), 2);
}

#[test]
fn fault_matrix_covers_every_number() {
    let sections = [
        before_anything_is_sent(),
        on_the_way(),
        in_tls(),
        at_proxy_and_dns(),
        unverified_responses(),
        verified_but_unexpected(),
        refused_or_failed(),
        #[cfg(feature = "v2")]
        v2::nothing_sent_in_xml(),
        #[cfg(feature = "v2")]
        v2::responses_in_xml(),
    ];
    let faults = || sections.iter().flatten();
    let made: BTreeSet<u8> = faults().map(|fault| fault.number).collect();
    let elsewhere: BTreeSet<u8> = ELSEWHERE.iter().map(|(number, _)| *number).collect();
    assert!(made.is_disjoint(&elsewhere));
    assert_eq!(
        made.union(&elsewhere).copied().collect::<Vec<u8>>(),
        Vec::from_iter((1..=69).filter(|n| *n != 7))
    );
    assert!(made.len() >= 45, "{} numbers", made.len());
    let cases = |operation| faults().filter(|fault| fault.concerns(operation)).count();
    let cases: Vec<_> = operations().into_iter().map(cases).collect();
    assert!(cases.iter().all(|cases| *cases >= 60), "{cases:?}");
}

/// Each fault for each operation, by a few threads, because most of the time is spent waiting.
#[track_caller]
fn run(faults: &[Fault]) {
    let cases: Vec<(&Fault, &'static Operation)> = faults
        .iter()
        .flat_map(|fault| operations().into_iter().map(move |operation| (fault, operation)))
        .filter(|(fault, operation)| fault.concerns(operation))
        .collect();
    let (next, overtime) = (AtomicUsize::new(0), Mutex::new(vec![Duration::MAX; faults.len()]));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let bench = Bench::default();
                while let Some((fault, operation)) = cases.get(next.fetch_add(1, Ordering::SeqCst))
                {
                    let index = faults.iter().position(|other| std::ptr::eq(other, *fault));
                    let late = judge(fault, operation, &fault.run(operation, &bench));
                    let mut overtime = overtime.lock().unwrap();
                    let least = &mut overtime[index.unwrap()];
                    *least = late.min(*least);
                }
            });
        }
    });
    // A machine that is busy makes some calls late, but hardly all that meet the same fault.
    for (fault, late) in faults.iter().zip(overtime.into_inner().unwrap()) {
        assert!(late <= MARGIN, "fault {} always ends {late:?} late", fault.number);
    }
}

const REFUSALS_OF_TRANSFERS: [&str; 7] = [
    "APPID_MCHID_NOT_MATCH",
    "INVALID_REQUEST",
    "NOT_ENOUGH",
    "NO_AUTH",
    "ORDER_CLOSED",
    "PARAM_ERROR",
    "SIGN_ERROR",
];

/// A code that no document lists. For a call that moves money it refuses nothing.
const UNDOCUMENTED: &str = "SOMETHING_NEW";

/// Holds what was seen against what is right, and returns by how much it was late.
#[track_caller]
fn judge(fault: &Fault, operation: &Operation, seen: &[Seen]) -> Duration {
    assert!(!seen.is_empty());
    let mut latest = Duration::ZERO;
    for Seen { result, attempts, elapsed, total_timeout } in seen {
        let case = format!("fault {} of {}: {result:?}", fault.number, operation.name);
        let expected = match fault.verdict {
            #[cfg(feature = "v2")]
            Verdict::Refused if v2::is_final_refusal(operation, fault.why) => None,
            Verdict::NotSent => Some(Outcome::NotSent),
            Verdict::RefusedUnlessInProgress
                if ["refund", "split", "transfer", "any-write"].contains(&operation.name) =>
            {
                Some(Outcome::Unknown)
            }
            // A transfer cannot be called back, so a code that its documents lack refuses nothing.
            Verdict::Refused
                if operation.name == "transfer" && !REFUSALS_OF_TRANSFERS.contains(&fault.why) =>
            {
                Some(Outcome::Unknown)
            }
            Verdict::Refused
                if fault.why == UNDOCUMENTED && ["refund", "split"].contains(&operation.name) =>
            {
                Some(Outcome::Unknown)
            }
            Verdict::Refused | Verdict::RefusedUnlessInProgress => Some(Outcome::Refused),
            Verdict::Unknown => Some(Outcome::Unknown),
            Verdict::Good => None,
        };
        assert_eq!(result.as_ref().err().map(Error::outcome), expected, "{case}");
        if let Err(error) = result {
            assert!(error.to_string().contains(fault.why), "{case} for another reason: {error}");
        }
        let is_asked = expected != Some(Outcome::NotSent);
        assert_eq!(*attempts, usize::from(is_asked), "attempts: {case}");
        let late = elapsed.saturating_sub(*total_timeout);
        assert!(late <= NOISE, "{case} took {elapsed:?}");
        latest = latest.max(late);
    }
    latest
}

/// A sandbox for each thread, started when it is needed: what is damaged is the next response,
/// whosever it is.
#[derive(Default)]
struct Bench(std::cell::OnceCell<Sandbox>);

impl Bench {
    fn sandbox(&self) -> &Sandbox {
        self.0.get_or_init(|| {
            let sandbox = start();
            for number in [UNPAID, PAID] {
                app::prepay(sandbox.signer(), sandbox.gateway(), &order(number)).unwrap();
            }
            sandbox.pay(PAID).unwrap();
            #[cfg(feature = "v2")]
            v2::pay_at_the_till(&sandbox);
            profit_sharing::prepare(&sandbox);
            for method in [Method::Get, Method::Post] {
                sandbox.script(method, STOCKS, wechatpay_sandbox::Script::new(200, STOCK));
            }
            sandbox
        })
    }
}

impl Fault {
    fn new(number: u8, verdict: Verdict, why: &'static str, make: Make) -> Self {
        // The fault of the sandbox changes a response.
        let only = match make {
            Make::Sandbox(_) => Some(Protocol::V3),
            Make::Server(_) | Make::Slow(_) | Make::Own(_) => None,
        };
        Self { number, only, verdict, why, make }
    }

    fn only(self, protocol: Protocol) -> Self {
        Self { only: Some(protocol), ..self }
    }

    fn concerns(&self, operation: &Operation) -> bool {
        self.only.is_none_or(|only| only == operation.call.protocol())
    }

    fn run(&self, operation: &'static Operation, bench: &Bench) -> Vec<Seen> {
        match &self.make {
            Make::Own(run) => run(operation),
            Make::Server(script) => vec![serve(operation, *script, AMPLE)],
            Make::Slow(script) => {
                // A machine that is busy may not even connect in a quarter of that.
                let mut seen = [SHORT, LONGER, AMPLE]
                    .into_iter()
                    .map(|total_timeout| serve(operation, *script, total_timeout));
                let met = seen.find(|seen| seen.attempts > 0);
                met.into_iter().collect()
            }
            Make::Sandbox(prepare) => {
                let sandbox = bench.sandbox();
                prepare(sandbox, operation);
                let before = sandbox.received().len();
                let seen = timed(AMPLE, || operation.call.in_sandbox(sandbox));
                vec![Seen { attempts: sandbox.received().len() - before, ..seen }]
            }
        }
    }
}

fn timed(total_timeout: Duration, call: impl FnOnce() -> Result<(), Error>) -> Seen {
    let started = Instant::now();
    let result = within(HANGS, call);
    Seen { result, attempts: 0, elapsed: started.elapsed(), total_timeout }
}

fn transport(ca_pem: Option<&str>, total_timeout: Duration) -> UreqTransport {
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Direct;
    options.total_timeout = total_timeout;
    options.root_certificates = ca_pem.map(str::to_owned);
    UreqTransport::new(&options).unwrap()
}

fn at(base_url: &str) -> Gateway {
    Gateway::at(base_url, platform_keys(), transport(None, AMPLE)).unwrap()
}

fn call_at(
    operation: &Operation,
    base_url: &str,
    ca_pem: Option<&str>,
    total_timeout: Duration,
) -> Seen {
    timed(total_timeout, operation.call.over(base_url, transport(ca_pem, total_timeout)))
}

fn serve(operation: &'static Operation, script: Script, total_timeout: Duration) -> Seen {
    let wire = Wire::start(move |peer, _| script(peer, operation));
    let seen = call_at(operation, &wire.url("http"), None, total_timeout);
    Seen { attempts: wire.finish(), ..seen }
}

/// A connection that fails in TLS: no request was made on it.
fn call_over_tls(operation: &Operation, wire: Wire, ca_pem: Option<&str>) -> Seen {
    let seen = call_at(operation, &wire.url("https"), ca_pem, AMPLE);
    assert_eq!(wire.finish(), 1);
    seen
}

/// A call to WeChat Pay's host through a proxy that follows this script, and is asked once.
fn through(operation: &Operation, scheme: &str, script: Script) -> Seen {
    let wire = Wire::start(move |peer, _| script(peer, operation_of_proxy()));
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Url(wire.url(scheme));
    options.total_timeout = LONGER;
    let transport = UreqTransport::new(&options).unwrap();
    let call = operation.call.over("https://api.mch.weixin.qq.com", transport);
    let seen = timed(LONGER, call);
    assert_eq!(wire.finish(), 1, "{:?}", seen.result);
    seen
}

/// The proxy's script does not depend on what is called.
fn operation_of_proxy() -> &'static Operation {
    operations().first().unwrap()
}

fn proxied(number: u8, why: &'static str, script: Script) -> Fault {
    own(number, Verdict::NotSent, why, move |operation| vec![through(operation, "http", script)])
}

fn with_signer(operation: &Operation, signer: &Named) -> Vec<Seen> {
    let wire = Wire::start(|peer, _| peer.request());
    let result = operation.call.signed_by(signer, &wire.url("http"));
    nothing_sent(vec![result], wire)
}

fn nothing_sent(results: Vec<Result<(), Error>>, wire: Wire) -> Vec<Seen> {
    let attempts = wire.finish();
    let seen = |result| Seen { attempts, ..timed(AMPLE, || result) };
    results.into_iter().map(seen).collect()
}

/// When the far end of a connection that was used before meets its fate.
#[derive(PartialEq)]
enum Moment {
    BeforeTheCall,
    DuringTheCall,
}

/// A call over a connection that was used before.
fn stale(
    operation: &'static Operation,
    moment: Moment,
    fate: fn(&mut Peer) -> std::io::Result<()>,
) -> Vec<Seen> {
    let (send, met) = mpsc::channel();
    let wire = Wire::start(move |peer, number| {
        peer.request()?;
        peer.send(WireResponse::signed(operation.response).bytes())?;
        if number == 0 {
            fate(peer)?;
            send.send(()).map_err(std::io::Error::other)
        } else {
            peer.wait()
        }
    });
    let call = operation.call.over(&wire.url("http"), transport(None, AMPLE));
    call().unwrap();
    if moment == Moment::BeforeTheCall {
        met.recv().unwrap();
    }
    let seen = timed(AMPLE, call);
    vec![Seen { attempts: wire.finish() - 1, ..seen }]
}

/// A redirect to a server that must receive no request.
fn redirected(operation: &'static Operation, status: &'static str) -> Seen {
    let target = Wire::start(|peer, _| peer.request());
    let location = format!("Location: {}/v3/certificates", target.url("http"));
    let wire = Wire::start(move |peer, _| {
        peer.request()?;
        peer.send(format!("HTTP/1.1 {status}\r\n{location}\r\nContent-Length: 0\r\n\r\n"))
    });
    let seen = call_at(operation, &wire.url("http"), None, AMPLE);
    Seen { attempts: wire.finish() + target.finish(), ..seen }
}

fn merchant() -> RsaSigner {
    let key = include_str!("../data/keys/rsa2048.pem");
    RsaSigner::from_pem("1900007291", "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB", key).unwrap()
}

/// A merchant whose key service is down.
struct Named(&'static str);

impl Signer for Named {
    fn mchid(&self) -> &str {
        self.0
    }

    fn sign(&self, _: &[u8]) -> Result<Signature, SignError> {
        Err(SignError::new("the HSM is not there"))
    }
}

fn sign(response: &mut wechatpay_sandbox::Response, signer: &RsaSigner) {
    let text = |name| std::str::from_utf8(response.header(name).unwrap()).unwrap();
    let (timestamp, nonce) = (text("Wechatpay-Timestamp"), text("Wechatpay-Nonce"));
    let message = signing::response(timestamp, nonce, &response.body);
    let signature = STANDARD.encode(signer.sign(&message).unwrap().bytes);
    response.set_header("Wechatpay-Signature", signature);
}

fn compress(response: &mut wechatpay_sandbox::Response) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&response.body).unwrap();
    response.body = encoder.finish().unwrap();
    response.set_header("Content-Encoding", "gzip");
}

/// Gives a member of the response another value, or takes it out.
fn set(response: &mut wechatpay_sandbox::Response, name: &str, value: Option<&str>) {
    let mut body: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&response.body).unwrap();
    match value {
        Some(value) => drop(body.insert(name.to_owned(), serde_json::from_str(value).unwrap())),
        None => drop(body.remove(name).unwrap()),
    }
    response.body = serde_json::to_vec(&body).unwrap();
}

/// The ID of a key that no platform has.
const PLATFORM_ID_2: &str = "PUB_KEY_ID_0119000072912025010100000000000002";
