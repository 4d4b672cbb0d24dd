//! Every API there is: its function, its request, its document, and one of its errors.

use std::cell::RefCell;

use wechatpay::call::{Call, Download, FileHash, Path};
use wechatpay::encryption::Encrypted;
use wechatpay::pay::Payer;
use wechatpay::pay::h5::{H5Info, H5Type, Scene};
use wechatpay::pay::{self, SceneInfo, app, h5, jsapi, native};
use wechatpay::refund::{self, Refund};
use wechatpay::transfer::authorization::{self, AuthorizationRequest, AuthorizedTransfer};
use wechatpay::transfer::receipt::{self, ReceiptLink};
use wechatpay::transfer::{self, AuthorizationInfo, Transfer};
use wechatpay::{
    ApiV3Key, Code, Error, Fen, Method, OpenId, OutAuthorizationNo, OutBillNo, OutRefundNo,
    OutTradeNo, Partner, RefundId, Signer, SubMerchant, TransactionId, TransferBillNo, bill,
    certificates, combine,
};
use wechatpay_sandbox::{Sandbox, Script};

use crate::support::{api, noon, order, start};
use crate::transfers;

mod profit_sharing;
#[cfg(feature = "v2")]
mod v2;

/// The number of the order that is placed before each call, or by it.
const NUMBER: &str = "1217752501201407033233368018";
const REFUND: &str = "refund*1|@";
const TRANSFER: &str = "plfk2020042013";
const AUTHORIZATION: &str = "authorization1";
/// A `POST` without a body.
const BODILESS: [&str; 2] = ["撤销转账", "解除免确认收款授权"];

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
    for row in DIRECT.into_iter().chain(profit_sharing::DIRECT) {
        check(&row, |sandbox, run| run(sandbox.signer()));
    }
}

#[test]
fn generic_call_equals_the_function_of_each_interface() {
    check(&ANY_INTERFACE, |sandbox, run| run(sandbox.signer()));
    assert!(GUIDES[0].contains("| 通用接口调用 | [`call::get`]"));
}

#[test]
fn file_download_is_one_get_of_its_path() {
    check(&DOWNLOAD, |sandbox, run| run(sandbox.signer()));
    assert!(GUIDES.iter().all(|guide| guide.contains("| 文件下载 | [`call::Download`]")));
}

#[test]
fn every_api_serves_partners_by_the_same_functions() {
    for row in PARTNER.into_iter().chain(profit_sharing::partner()) {
        check(&row, |sandbox, run| {
            let mut sub_merchant = SubMerchant::new(sandbox.sub_mchid()).unwrap();
            sub_merchant.appid = Some(sandbox.sub_appid());
            run(&Partner::new(sandbox.signer(), sub_merchant));
        });
    }
}

/// English and Chinese.
const GUIDES: [&str; 2] = [
    include_str!("../../src/guide/interfaces.md"),
    include_str!("../../src/guide/zh/interfaces.md"),
];

#[test]
fn guide_lists_exactly_the_apis_of_the_table() {
    let rows = DIRECT.into_iter().chain(profit_sharing::DIRECT);
    let rows: Vec<_> = rows.chain(PARTNER).chain(profit_sharing::partner()).collect();
    for guide in GUIDES {
        for row in &rows {
            let request = format!("`{}`", request(row));
            let is_row = |line: &&str| line.starts_with('|') && line.contains(row.api);
            let mut found = guide.lines().filter(is_row);
            let is_listed =
                found.any(|line| line.contains(&request) && line.contains(row.document));
            assert!(is_listed, "{} {request} {}", row.api, row.document);
        }
        let known: Vec<_> = rows.iter().map(request).collect();
        for listed in requests(guide).filter(|request| request.contains(" /v3/")) {
            assert!(known.iter().any(|known| known == listed), "{listed} is not tested");
        }
    }
    assert!(requests(GUIDES[0]).eq(requests(GUIDES[1])));
}

/// Method and path as the documents write them.
fn request(row: &Row) -> String {
    let (path, _) = row.path.split_once('?').unwrap_or((row.path, ""));
    let is_combined = path.contains("combine");
    let number = if is_combined { "{combine_out_trade_no}" } else { "{out_trade_no}" };
    let path = path.replace(NUMBER, number).replace(REFUND_ENCODED, "{out_refund_no}");
    let path = path.replace(profit_sharing::SPLIT_ENCODED, "{out_order_no}");
    let path = path.replace(profit_sharing::RETURN_ENCODED, "{out_return_no}");
    let path = path.replace(TRANSFER, "{out_bill_no}").replace("1900000109", "{sub_mchid}");
    format!("{} {}", row.method, path.replace(AUTHORIZATION, "{out_authorization_no}"))
}

/// The requests that a guide lists.
fn requests(guide: &str) -> impl Iterator<Item = &str> {
    let code = guide.split('`').skip(1).step_by(2);
    code.filter(|code| code.starts_with("GET /") || code.starts_with("POST /"))
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
        let is_empty = row.method == "GET" || BODILESS.contains(&row.api);
        assert_eq!(request.body.is_empty(), is_empty, "{}", row.api);

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
    KNOWN_DAY.set(Some(bill::Date::of(noon(sandbox))));
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
    let id = KNOWN_ID.with_borrow(Option::clone).unwrap();
    pay::query_by_id(signer, sandbox.gateway(), &id).map(drop)
}

fn paid_and_known(sandbox: &Sandbox, signer: &dyn Signer) {
    paid(sandbox, signer);
    let id = transaction_id(sandbox, signer);
    KNOWN_ID.set(Some(id));
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
    KNOWN_REFUND_ID.set(Some(state.refund_id));
}

fn call_abnormal(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let id: RefundId = KNOWN_REFUND_ID.with_borrow(Option::clone).unwrap();
    refund::apply_abnormal(signer, sandbox.gateway(), &id, &out_refund_no()).map(drop)
}

fn call_trade_bill(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    bill::trade(signer, sandbox.gateway(), &bill::Trade::new(the_day())).map(drop)
}

fn call_fund_flow_bill(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    bill::fund_flow(signer, sandbox.gateway(), &bill::FundFlow::new(the_day())).map(drop)
}

fn linked(sandbox: &Sandbox, signer: &dyn Signer) {
    paid_two_days_ago(sandbox, signer);
    let link = bill::trade(signer, sandbox.gateway(), &bill::Trade::new(the_day())).unwrap();
    KNOWN_LINK.set(Some(link));
}

fn call_download(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let link = KNOWN_LINK.with_borrow(Option::clone).unwrap();
    let mut file = Vec::new();
    bill::download(signer, sandbox.gateway(), &link, &mut file, &mut |_| ()).map(drop)
}

fn the_day() -> bill::Date {
    KNOWN_DAY.with_borrow(Option::clone).unwrap()
}

fn combined(sandbox: &Sandbox) -> combine::Order {
    let part = |mchid: &str, part| {
        let number = OutTradeNo::new(format!("{NUMBER}-{part}")).unwrap();
        combine::SubOrder::new(mchid, number, "d", Fen(10), "a")
    };
    let sub_orders = vec![part(sandbox.mchid(), 1), part("1900009191", 2)];
    combine::Order::new(sandbox.appid(), number(), sub_orders, sandbox.notify_url())
}

fn combined_placed(sandbox: &Sandbox, signer: &dyn Signer) {
    call_combine_app(sandbox, signer).unwrap();
}

fn call_combine_app(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    combine::app::prepay(signer, sandbox.gateway(), &combined(sandbox)).map(drop)
}

fn call_combine_jsapi(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let payer = Payer::new(openid());
    combine::jsapi::prepay(signer, sandbox.gateway(), &combined(sandbox), &payer).map(drop)
}

fn call_combine_native(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    combine::native::prepay(signer, sandbox.gateway(), &combined(sandbox)).map(drop)
}

fn call_combine_h5(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let address = "14.23.150.211".parse().unwrap();
    let scene = combine::h5::Scene::new(address, "POS1:1", H5Info::new(H5Type::Wap));
    combine::h5::prepay(signer, sandbox.gateway(), &combined(sandbox), &scene).map(drop)
}

fn call_combine_query(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    combine::query(signer, sandbox.gateway(), &number()).map(drop)
}

fn call_combine_close(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    combine::close(signer, sandbox.gateway(), &combined(sandbox))
}

fn call_certificates(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    certificates::list(signer, sandbox.gateway(), &key).map(drop)
}

fn a_transfer(sandbox: &Sandbox) -> Transfer {
    let mut transfer = transfers::transfer(sandbox, TRANSFER);
    transfer.user_name = Some(user_name(sandbox));
    transfer
}

#[cfg(feature = "aws-lc-rs")]
fn user_name(sandbox: &Sandbox) -> Encrypted {
    sandbox.platform_keys().encryptor().unwrap().encrypt("张三").unwrap()
}

/// Without the feature, the sandbox decrypts nothing either.
#[cfg(not(feature = "aws-lc-rs"))]
fn user_name(sandbox: &Sandbox) -> Encrypted {
    Encrypted::new(sandbox.public_key_id(), "q6urq".repeat(68) + "q6s=").unwrap()
}

fn out_bill_no() -> OutBillNo {
    OutBillNo::new(TRANSFER).unwrap()
}

fn out_authorization_no() -> OutAuthorizationNo {
    OutAuthorizationNo::new(AUTHORIZATION).unwrap()
}

fn call_transfer(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let transfer = a_transfer(sandbox);
    let created = transfer::create(signer, sandbox.gateway(), &transfer)?;
    KNOWN_TRANSFER.set(Some(created.transfer_bill_no));
    Ok(())
}

fn transfer_created(sandbox: &Sandbox, signer: &dyn Signer) {
    call_transfer(sandbox, signer).unwrap();
}

fn call_transfer_with_authorization(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let mut transfer = transfers::transfer(sandbox, TRANSFER);
    let (number, url) = (out_authorization_no(), sandbox.notify_url());
    transfer.authorization_info = Some(AuthorizationInfo::new(number, "李四", url));
    transfer::create_with_authorization(signer, sandbox.gateway(), &transfer).map(drop)
}

fn call_transfer_query(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    transfer::query(signer, sandbox.gateway(), &out_bill_no()).map(drop)
}

fn call_transfer_query_by_id(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let id = KNOWN_TRANSFER.with_borrow(Option::clone).unwrap();
    transfer::query_by_id(signer, sandbox.gateway(), &id).map(drop)
}

fn call_transfer_cancel(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    transfer::cancel(signer, sandbox.gateway(), &out_bill_no()).map(drop)
}

fn transfer_paid(sandbox: &Sandbox, signer: &dyn Signer) {
    transfer_created(sandbox, signer);
    sandbox.confirm_transfer(TRANSFER).unwrap();
}

fn call_receipt(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    receipt::apply(signer, sandbox.gateway(), &out_bill_no()).map(drop)
}

fn call_receipt_by_id(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let id = KNOWN_TRANSFER.with_borrow(Option::clone).unwrap();
    receipt::apply_by_id(signer, sandbox.gateway(), &id).map(drop)
}

fn receipt_applied(sandbox: &Sandbox, signer: &dyn Signer) {
    transfer_paid(sandbox, signer);
    call_receipt(sandbox, signer).unwrap();
    sandbox.let_time_pass(60);
}

fn call_receipt_query(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    receipt::query(signer, sandbox.gateway(), &out_bill_no()).map(drop)
}

fn call_receipt_query_by_id(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let id = KNOWN_TRANSFER.with_borrow(Option::clone).unwrap();
    receipt::query_by_id(signer, sandbox.gateway(), &id).map(drop)
}

fn receipt_linked(sandbox: &Sandbox, signer: &dyn Signer) {
    receipt_applied(sandbox, signer);
    let receipt = receipt::query(signer, sandbox.gateway(), &out_bill_no()).unwrap();
    KNOWN_RECEIPT.set(receipt.link().unwrap());
}

fn call_receipt_download(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let link = KNOWN_RECEIPT.with_borrow(Option::clone).unwrap();
    receipt::download(signer, sandbox.gateway(), &link, &mut Vec::new()).map(drop)
}

fn call_authorize(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let (appid, url) = (sandbox.appid(), sandbox.notify_url());
    let number = out_authorization_no();
    let request = AuthorizationRequest::new(number, appid, openid(), "1000", "李四", url);
    authorization::request(signer, sandbox.gateway(), &request).map(drop)
}

fn authorization_requested(sandbox: &Sandbox, signer: &dyn Signer) {
    call_authorize(sandbox, signer).unwrap();
}

fn authorized(sandbox: &Sandbox, signer: &dyn Signer) {
    authorization_requested(sandbox, signer);
    sandbox.confirm_authorization(AUTHORIZATION).unwrap();
}

fn call_authorization_query(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    authorization::query(signer, sandbox.gateway(), &out_authorization_no()).map(drop)
}

fn call_authorization_close(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    authorization::close(signer, sandbox.gateway(), &out_authorization_no()).map(drop)
}

fn call_authorized_transfer(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let transfer = transfers::transfer(sandbox, TRANSFER);
    let transfer = AuthorizedTransfer::new(
        out_authorization_no(),
        transfer.appid,
        transfer.out_bill_no,
        transfer.scene,
        transfer.transfer_amount,
        transfer.transfer_remark,
    );
    authorization::transfer(signer, sandbox.gateway(), &transfer).map(drop)
}

thread_local! {
    static KNOWN_DAY: RefCell<Option<bill::Date>> = const { RefCell::new(None) };
    static KNOWN_ID: RefCell<Option<TransactionId>> = const { RefCell::new(None) };
    static KNOWN_LINK: RefCell<Option<bill::Link>> = const { RefCell::new(None) };
    static KNOWN_RECEIPT: RefCell<Option<ReceiptLink>> = const { RefCell::new(None) };
    static KNOWN_TRANSFER: RefCell<Option<TransferBillNo>> = const { RefCell::new(None) };
    static KNOWN_REFUND_ID: RefCell<Option<RefundId>> = const { RefCell::new(None) };
}

const REFUND_ENCODED: &str = "refund%2A1%7C%40";

/// An interface without a function.
const ANY_INTERFACE: Row = Row {
    api: "通用接口调用",
    method: "PATCH",
    path: "/v3/goldplan/merchants/open-advertising-show?x=%2B",
    document: "",
    before: |sandbox, _| {
        let path = "/v3/goldplan/merchants/open-advertising-show";
        sandbox.script(Method::Patch, path, Script::new(204, ""));
    },
    call: |sandbox, signer| {
        let path = Path::new("/v3/goldplan/merchants/open-advertising-show").query("x", "+");
        let body = serde_json::json!({ "sub_mchid": sandbox.sub_mchid() });
        let call = Call::new(Method::Patch, path)?.json(&body)?;
        call.send(signer, sandbox.gateway()).map(drop)
    },
    error: (429, Code::FREQUENCY_LIMITED),
};

const DOWNLOAD: Row = Row {
    api: "文件下载",
    method: "GET",
    path: "/v3/billdownload/file?token=1",
    document: "",
    before: |sandbox, _| {
        sandbox.script(Method::Get, "/v3/billdownload/file", Script::file("message"));
    },
    call: |sandbox, signer| {
        let hash = FileHash::sha1("6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d")?;
        let link = format!("{}/v3/billdownload/file?token=1", sandbox.base_url());
        Download::new(link, hash).write(signer, sandbox.gateway(), &mut Vec::new()).map(drop)
    },
    error: (400, Code::INVALID_REQUEST),
};

const DIRECT: [Row; 34] = [
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
    Row {
        api: "申请交易账单",
        method: "GET",
        path: "/v3/bill/tradebill?bill_date={day}",
        document: "m/4012791866",
        before: paid_two_days_ago,
        call: call_trade_bill,
        error: (400, Code::NO_STATEMENT_EXIST),
    },
    Row {
        api: "申请资金账单",
        method: "GET",
        path: "/v3/bill/fundflowbill?bill_date={day}",
        document: "m/4012791867",
        before: paid_two_days_ago,
        call: call_fund_flow_bill,
        error: (400, Code::STATEMENT_CREATING),
    },
    Row {
        api: "下载账单",
        method: "GET",
        path: "/v3/billdownload/file?token={token}",
        document: "m/4012791868",
        before: linked,
        call: call_download,
        error: (403, Code::NO_AUTH),
    },
    Row {
        api: "APP合单下单",
        method: "POST",
        path: "/v3/combine-transactions/app",
        document: "000",
        before: nothing,
        call: call_combine_app,
        error: (403, Code::NO_AUTH),
    },
    Row {
        api: "JSAPI合单下单",
        method: "POST",
        path: "/v3/combine-transactions/jsapi",
        document: "m/4012556926",
        before: nothing,
        call: call_combine_jsapi,
        error: (500, Code::OPENID_MISMATCH),
    },
    Row {
        api: "Native合单下单",
        method: "POST",
        path: "/v3/combine-transactions/native",
        document: "m/4012556982",
        before: nothing,
        call: call_combine_native,
        error: (403, Code::RULE_LIMIT),
    },
    Row {
        api: "H5合单下单",
        method: "POST",
        path: "/v3/combine-transactions/h5",
        document: "m/4012556961",
        before: nothing,
        call: call_combine_h5,
        error: (400, Code::MCH_NOT_EXISTS),
    },
    Row {
        api: "查询合单订单",
        method: "GET",
        path: "/v3/combine-transactions/out-trade-no/1217752501201407033233368018",
        document: "m/4012557006",
        before: combined_placed,
        call: call_combine_query,
        error: (404, Code::ORDER_NOT_EXIST),
    },
    Row {
        api: "关闭合单订单",
        method: "POST",
        path: "/v3/combine-transactions/out-trade-no/1217752501201407033233368018/close",
        document: "m/4012577452",
        before: combined_placed,
        call: call_combine_close,
        error: (400, Code::INVALID_REQUEST),
    },
    Row {
        api: "发起转账",
        method: "POST",
        path: "/v3/fund-app/mch-transfer/transfer-bills",
        document: "m/4012716434",
        before: nothing,
        call: call_transfer,
        error: (403, Code::NOT_ENOUGH),
    },
    Row {
        api: "发起转账并完成免确认收款授权",
        method: "POST",
        path: "/v3/fund-app/mch-transfer/transfer-bills/pre-transfer-with-authorization",
        document: "m/4014399293",
        before: nothing,
        call: call_transfer_with_authorization,
        error: (400, Code::ALREADY_EXISTS),
    },
    Row {
        api: "商户单号查询转账单",
        method: "GET",
        path: "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/plfk2020042013",
        document: "m/4012716437",
        before: transfer_created,
        call: call_transfer_query,
        error: (404, Code::NOT_FOUND),
    },
    Row {
        api: "微信单号查询转账单",
        method: "GET",
        path: "/v3/fund-app/mch-transfer/transfer-bills/transfer-bill-no/{transfer_bill_no}",
        document: "m/4012716457",
        before: transfer_created,
        call: call_transfer_query_by_id,
        error: (404, Code::NOT_FOUND),
    },
    Row {
        api: "撤销转账",
        method: "POST",
        path: "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/plfk2020042013/cancel",
        document: "m/4012716458",
        before: transfer_created,
        call: call_transfer_cancel,
        error: (400, Code::INVALID_REQUEST),
    },
    Row {
        api: "商户单号申请电子回单",
        method: "POST",
        path: "/v3/fund-app/mch-transfer/elecsign/out-bill-no",
        document: "m/4012716452",
        before: transfer_paid,
        call: call_receipt,
        error: (400, Code::INVALID_REQUEST),
    },
    Row {
        api: "微信单号申请电子回单",
        method: "POST",
        path: "/v3/fund-app/mch-transfer/elecsign/transfer-bill-no",
        document: "m/4012716456",
        before: transfer_paid,
        call: call_receipt_by_id,
        error: (400, Code::INVALID_REQUEST),
    },
    Row {
        api: "商户单号查询电子回单",
        method: "GET",
        path: "/v3/fund-app/mch-transfer/elecsign/out-bill-no/plfk2020042013",
        document: "m/4012716436",
        before: receipt_applied,
        call: call_receipt_query,
        error: (404, Code::NOT_FOUND),
    },
    Row {
        api: "微信单号查询电子回单",
        method: "GET",
        path: "/v3/fund-app/mch-transfer/elecsign/transfer-bill-no/{transfer_bill_no}",
        document: "m/4012716455",
        before: receipt_applied,
        call: call_receipt_query_by_id,
        error: (404, Code::NOT_FOUND),
    },
    Row {
        api: "下载电子回单",
        method: "GET",
        path: "/v3/transferdownload/elecvoucherfile?token={token}",
        document: "m/4013866774",
        before: receipt_linked,
        call: call_receipt_download,
        error: (403, Code::NO_AUTH),
    },
    Row {
        api: "发起免确认收款授权",
        method: "POST",
        path: "/v3/fund-app/mch-transfer/user-confirm-authorization",
        document: "m/4015901167",
        before: nothing,
        call: call_authorize,
        error: (403, Code::NO_AUTH),
    },
    Row {
        api: "商户单号查询授权结果",
        method: "GET",
        path: "/v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/authorization1",
        document: "m/4014399423",
        before: authorization_requested,
        call: call_authorization_query,
        error: (404, Code::NOT_FOUND),
    },
    Row {
        api: "解除免确认收款授权",
        method: "POST",
        path: "/v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/authorization1/close",
        document: "m/4015653811",
        before: authorized,
        call: call_authorization_close,
        error: (400, Code::INVALID_REQUEST),
    },
    Row {
        api: "免确认收款模式转账",
        method: "POST",
        path: "/v3/fund-app/mch-transfer/transfer-bills/transfer",
        document: "m/4014399371",
        before: authorized,
        call: call_authorized_transfer,
        error: (400, Code::ORDER_CLOSED),
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
        document: "",
        before: placed,
        call: call_query,
        error: (404, Code::ORDER_NOT_EXIST),
    },
    Row {
        api: "微信支付订单号查询订单",
        method: "GET",
        path: "/v3/pay/partner/transactions/id/{transaction_id}\
               ?sp_mchid=1900007291&sub_mchid=1900000109",
        document: "",
        before: paid_and_known,
        call: call_query_by_id,
        error: (404, Code::ORDER_NOT_EXIST),
    },
    Row {
        api: "关闭订单",
        method: "POST",
        path: "/v3/pay/partner/transactions/out-trade-no/1217752501201407033233368018/close",
        document: "",
        before: placed,
        call: call_close,
        error: (403, Code::TRADE_ERROR),
    },
    Row {
        api: "申请退款",
        method: "POST",
        path: "/v3/refund/domestic/refunds",
        document: "",
        before: paid,
        call: call_refund,
        error: (403, Code::NOT_ENOUGH),
    },
    Row {
        api: "查询单笔退款",
        method: "GET",
        path: "/v3/refund/domestic/refunds/refund%2A1%7C%40?sub_mchid=1900000109",
        document: "",
        before: refunded,
        call: call_refund_query,
        error: (404, Code::RESOURCE_NOT_EXISTS),
    },
];
