//! Every API there is: its function, its request, its document, and one of its errors.

use wechatpay::pay::h5::{H5Info, H5Type, Scene};
use wechatpay::pay::jsapi::Payer;
use wechatpay::pay::{self, SceneInfo, app, h5, jsapi, native};
use wechatpay::refund::{self, Refund};
use wechatpay::sandbox::Sandbox;
use wechatpay::{
    ApiV3Key, Code, Error, Fen, OpenId, OutRefundNo, OutTradeNo, Partner, RefundId, Signer,
    SubMerchant, TransactionId, certificates,
};

use crate::support::{api, order, start};

/// The number of the order that is placed before each call, or by it.
const NUMBER: &str = "1217752501201407033233368018";
const REFUND: &str = "refund*1|@";

struct Row {
    api: &'static str,
    method: &'static str,
    /// Path and query; `{…}` stands for a number of WeChat Pay's.
    path: &'static str,
    document: &'static str,
    /// What must have happened before.
    before: fn(&Sandbox, &dyn Signer),
    call: fn(&Sandbox, &dyn Signer) -> Result<(), Error>,
    error: (u16, Code),
}

#[test]
fn every_api_makes_exactly_its_request_and_reports_its_errors() {
    for row in DIRECT {
        check(&row, |sandbox, run| run(sandbox.signer()));
    }
}

#[test]
fn every_api_serves_partners_by_the_same_functions() {
    for row in PARTNER {
        check(&row, |sandbox, run| {
            let mut sub_merchant = SubMerchant::new(sandbox.sub_mchid()).unwrap();
            sub_merchant.appid = Some(sandbox.sub_appid());
            run(&Partner::new(sandbox.signer(), sub_merchant));
        });
    }
}

#[test]
fn the_readme_names_every_api() {
    let readme = include_str!("../../README.md");
    for row in DIRECT {
        let (path, _) = row.path.split_once('?').unwrap_or((row.path, ""));
        let path =
            path.replace(NUMBER, "{out_trade_no}").replace(REFUND_ENCODED, "{out_refund_no}");
        let request = format!("`{} {path}`", row.method);
        assert!(readme.contains(&request) && readme.contains(row.document), "{request}");
    }
}

fn check(row: &Row, with_signer: impl Fn(&Sandbox, &dyn Fn(&dyn Signer))) {
    let sandbox = start();
    with_signer(&sandbox, &|signer| {
        (row.before)(&sandbox, signer);
        let before = sandbox.received().len();
        (row.call)(&sandbox, signer).unwrap_or_else(|error| panic!("{}: {error}", row.api));
        let received = sandbox.received();
        let request = &received[before];
        assert_eq!(received.len(), before + 1, "{}", row.api);
        assert_eq!(request.method, row.method, "{}", row.api);
        assert!(matches_pattern(&request.path, row.path), "{}: {}", row.api, request.path);
        assert_eq!(request.body.is_empty(), row.method == "GET", "{}", row.api);

        let (status, code) = &row.error;
        sandbox.refuse_next(*status, code.as_str(), "");
        let error = (row.call)(&sandbox, signer).unwrap_err();
        assert_eq!((api(&error).status, &api(&error).code), (*status, code), "{}", row.api);
    });
}

/// Whether the path is the pattern with something in place of each `{…}`.
fn matches_pattern(path: &str, pattern: &str) -> bool {
    match (pattern.split_once('{'), pattern.split_once('}')) {
        (Some((start, _)), Some((_, end))) => {
            path.starts_with(start) && path.ends_with(end) && path.len() > start.len() + end.len()
        }
        _ => path == pattern,
    }
}

fn number() -> OutTradeNo {
    OutTradeNo::new(NUMBER).unwrap()
}

fn out_refund_no() -> OutRefundNo {
    OutRefundNo::new(REFUND).unwrap()
}

fn a_refund() -> Refund {
    Refund::new(out_refund_no(), number(), Fen(100), Fen(100))
}

fn nothing(_: &Sandbox, _: &dyn Signer) {}

fn placed(sandbox: &Sandbox, signer: &dyn Signer) {
    app::prepay(signer, sandbox.gateway(), &order(sandbox, NUMBER)).unwrap();
}

fn paid(sandbox: &Sandbox, signer: &dyn Signer) {
    placed(sandbox, signer);
    sandbox.pay(NUMBER).unwrap();
}

fn refunded(sandbox: &Sandbox, signer: &dyn Signer) {
    paid(sandbox, signer);
    refund::apply(signer, sandbox.gateway(), &a_refund()).unwrap();
}

fn refund_failed(sandbox: &Sandbox, signer: &dyn Signer) {
    refunded(sandbox, signer);
    sandbox.fail_refund(REFUND).unwrap();
}

fn paid_two_days_ago(sandbox: &Sandbox, signer: &dyn Signer) {
    paid(sandbox, signer);
    sandbox.let_time_pass(2 * 86_400);
}

fn transaction_id(sandbox: &Sandbox, signer: &dyn Signer) -> TransactionId {
    let transaction = pay::query(signer, sandbox.gateway(), &number()).unwrap();
    transaction.transaction_id.unwrap()
}

fn openid() -> OpenId {
    OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap()
}

fn call_app(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    app::prepay(signer, sandbox.gateway(), &order(sandbox, NUMBER)).map(drop)
}

fn call_jsapi(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let payer = Payer::new(openid());
    jsapi::prepay(signer, sandbox.gateway(), &order(sandbox, NUMBER), &payer).map(drop)
}

fn call_native(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    native::prepay(signer, sandbox.gateway(), &order(sandbox, NUMBER)).map(drop)
}

fn call_h5(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let scene_info = SceneInfo::new("14.23.150.211".parse().unwrap());
    let scene = Scene::new(scene_info, H5Info::new(H5Type::Wap));
    h5::prepay(signer, sandbox.gateway(), &order(sandbox, NUMBER), &scene).map(drop)
}

fn call_query(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    pay::query(signer, sandbox.gateway(), &number()).map(drop)
}

fn call_query_by_id(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    // The number is the sandbox's to give, so it is asked for by the other query first.
    let id = KNOWN_ID.with(|known| {
        known.borrow_mut().get_or_insert_with(|| transaction_id(sandbox, signer)).clone()
    });
    pay::query_by_id(signer, sandbox.gateway(), &id).map(drop)
}

fn paid_and_known(sandbox: &Sandbox, signer: &dyn Signer) {
    paid(sandbox, signer);
    let id = transaction_id(sandbox, signer);
    KNOWN_ID.with(|known| *known.borrow_mut() = Some(id));
}

fn call_close(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    pay::close(signer, sandbox.gateway(), &number())
}

fn call_refund(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    refund::apply(signer, sandbox.gateway(), &a_refund()).map(drop)
}

fn call_refund_query(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    refund::query(signer, sandbox.gateway(), &out_refund_no()).map(drop)
}

fn refund_failed_and_known(sandbox: &Sandbox, signer: &dyn Signer) {
    refund_failed(sandbox, signer);
    let state = refund::query(signer, sandbox.gateway(), &out_refund_no()).unwrap();
    KNOWN_REFUND_ID.with(|known| *known.borrow_mut() = Some(state.refund_id));
}

fn call_abnormal(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let id: RefundId = KNOWN_REFUND_ID.with(|known| known.borrow().clone()).unwrap();
    refund::apply_abnormal(signer, sandbox.gateway(), &id, &out_refund_no()).map(drop)
}

fn call_certificates(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    certificates::list(signer, sandbox.gateway(), &key).map(drop)
}

thread_local! {
    static KNOWN_ID: std::cell::RefCell<Option<TransactionId>> =
        const { std::cell::RefCell::new(None) };
    static KNOWN_REFUND_ID: std::cell::RefCell<Option<RefundId>> =
        const { std::cell::RefCell::new(None) };
}

const REFUND_ENCODED: &str = "refund%2A1%7C%40";

const DIRECT: [Row; 11] = [
    Row {
        api: "APP下单",
        method: "POST",
        path: "/v3/pay/transactions/app",
        document: "003",
        before: nothing,
        call: call_app,
        error: (403, Code::OUT_TRADE_NO_USED),
    },
    Row {
        api: "JSAPI下单",
        method: "POST",
        path: "/v3/pay/transactions/jsapi",
        document: "004",
        before: nothing,
        call: call_jsapi,
        error: (500, Code::OPENID_MISMATCH),
    },
    Row {
        api: "Native下单",
        method: "POST",
        path: "/v3/pay/transactions/native",
        document: "m/4012791877",
        before: nothing,
        call: call_native,
        error: (400, Code::ORDER_CLOSED),
    },
    Row {
        api: "H5下单",
        method: "POST",
        path: "/v3/pay/transactions/h5",
        document: "m/4012791834",
        before: nothing,
        call: call_h5,
        error: (403, Code::RULE_LIMIT),
    },
    Row {
        api: "商户订单号查询订单",
        method: "GET",
        path: "/v3/pay/transactions/out-trade-no/1217752501201407033233368018?mchid=1900007291",
        document: "m/4012791859",
        before: placed,
        call: call_query,
        error: (404, Code::ORDER_NOT_EXIST),
    },
    Row {
        api: "微信支付订单号查询订单",
        method: "GET",
        path: "/v3/pay/transactions/id/{transaction_id}?mchid=1900007291",
        document: "m/4012791858",
        before: paid_and_known,
        call: call_query_by_id,
        error: (404, Code::ORDER_NOT_EXIST),
    },
    Row {
        api: "关闭订单",
        method: "POST",
        path: "/v3/pay/transactions/out-trade-no/1217752501201407033233368018/close",
        document: "m/4012791860",
        before: placed,
        call: call_close,
        error: (403, Code::TRADE_ERROR),
    },
    Row {
        api: "申请退款",
        method: "POST",
        path: "/v3/refund/domestic/refunds",
        document: "m/4012791862",
        before: paid,
        call: call_refund,
        error: (403, Code::NOT_ENOUGH),
    },
    Row {
        api: "查询单笔退款",
        method: "GET",
        path: "/v3/refund/domestic/refunds/refund%2A1%7C%40",
        document: "m/4012791863",
        before: refunded,
        call: call_refund_query,
        error: (404, Code::RESOURCE_NOT_EXISTS),
    },
    Row {
        api: "发起异常退款",
        method: "POST",
        path: "/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund",
        document: "m/4012791864",
        before: refund_failed_and_known,
        call: call_abnormal,
        error: (404, Code::RESOURCE_NOT_EXISTS),
    },
    Row {
        api: "下载平台证书",
        method: "GET",
        path: "/v3/certificates",
        document: "m/4012551764",
        before: nothing,
        call: call_certificates,
        error: (404, Code::RESOURCE_NOT_EXISTS),
    },
];

const PARTNER: [Row; 9] = [
    Row {
        api: "APP下单",
        method: "POST",
        path: "/v3/pay/partner/transactions/app",
        document: "p/4013080231",
        before: nothing,
        call: call_app,
        error: (403, Code::OUT_TRADE_NO_USED),
    },
    Row {
        api: "JSAPI下单",
        method: "POST",
        path: "/v3/pay/partner/transactions/jsapi",
        document: "p/4012738519",
        before: nothing,
        call: call_jsapi,
        error: (500, Code::OPENID_MISMATCH),
    },
    Row {
        api: "Native下单",
        method: "POST",
        path: "/v3/pay/partner/transactions/native",
        document: "p/4012738659",
        before: nothing,
        call: call_native,
        error: (400, Code::ORDER_CLOSED),
    },
    Row {
        api: "H5下单",
        method: "POST",
        path: "/v3/pay/partner/transactions/h5",
        document: "p/4012738604",
        before: nothing,
        call: call_h5,
        error: (403, Code::RULE_LIMIT),
    },
    Row {
        api: "商户订单号查询订单",
        method: "GET",
        path: "/v3/pay/partner/transactions/out-trade-no/1217752501201407033233368018\
               ?sp_mchid=1900007291&sub_mchid=1900000109",
        document: "D.8",
        before: placed,
        call: call_query,
        error: (404, Code::ORDER_NOT_EXIST),
    },
    Row {
        api: "微信支付订单号查询订单",
        method: "GET",
        path: "/v3/pay/partner/transactions/id/{transaction_id}\
               ?sp_mchid=1900007291&sub_mchid=1900000109",
        document: "D.8",
        before: paid_and_known,
        call: call_query_by_id,
        error: (404, Code::ORDER_NOT_EXIST),
    },
    Row {
        api: "关闭订单",
        method: "POST",
        path: "/v3/pay/partner/transactions/out-trade-no/1217752501201407033233368018/close",
        document: "D.8",
        before: placed,
        call: call_close,
        error: (403, Code::TRADE_ERROR),
    },
    Row {
        api: "申请退款",
        method: "POST",
        path: "/v3/refund/domestic/refunds",
        document: "D.8",
        before: paid,
        call: call_refund,
        error: (403, Code::NOT_ENOUGH),
    },
    Row {
        api: "查询单笔退款",
        method: "GET",
        path: "/v3/refund/domestic/refunds/refund%2A1%7C%40?sub_mchid=1900000109",
        document: "D.8",
        before: refunded,
        call: call_refund_query,
        error: (404, Code::RESOURCE_NOT_EXISTS),
    },
];
