//! Bills: applied for, fetched, checked, read.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};
use wechatpay::bill::{
    self, AccountType, BillType, Date, Direction, FundFlow, FundFlowBill, FundFlowRow, Link,
    RefundState, RowState, Trade, TradeBill, Yuan,
};
use wechatpay::pay::{TradeType, app};
use wechatpay::refund::{self, Refund};
use wechatpay::transfer;
use wechatpay::{
    Code, Error, ErrorKind, Fen, Gateway, HttpOptions, OutRefundNo, Outcome, Partner, Retry,
    SubMerchant, Time, Untrusted, UreqTransport,
};
use wechatpay_sandbox::{Response, Sandbox};

use crate::support::{api, noon, order, start};
use crate::transfers;

#[cfg(feature = "gzip")]
mod gzip;

/// What happens to a response after it was signed.
type Damage = fn(&mut Response);

/// Whether an error is the expected one.
type Expected = fn(&Error) -> bool;

const HOUR: u64 = 3600;

/// From noon until the bills of the day are ready, at 10 o'clock of the next one.
const UNTIL_READY: u64 = 22 * HOUR;

/// Sells two things at noon, refunds a part of the first, and returns the day of that.
fn trade(sandbox: &Sandbox) -> Date {
    let noon = noon(sandbox);
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut first = order(sandbox, "bill-1");
    first.description = "零食,\"大\" `x` C:\\new\t.".into();
    first.attach = Some("a,b\\".into());
    first.total = Fen(976);
    app::prepay(signer, gateway, &first).unwrap();
    app::prepay(signer, gateway, &order(sandbox, "bill-2")).unwrap();
    app::prepay(signer, gateway, &order(sandbox, "bill-unpaid")).unwrap();
    sandbox.pay("bill-1").unwrap();
    sandbox.pay("bill-2").unwrap();
    let number = OutRefundNo::new("bill-1-refund").unwrap();
    let refund = Refund::new(number, first.out_trade_no.clone(), Fen(700), first.total);
    refund::apply(signer, gateway, &refund).unwrap();
    sandbox.succeed_refund("bill-1-refund").unwrap();
    Date::of(noon)
}

/// A sandbox with a day of trade whose bills are ready.
fn traded() -> (Sandbox, Date) {
    let sandbox = start();
    let date = trade(&sandbox);
    sandbox.let_time_pass(UNTIL_READY);
    (sandbox, date)
}

#[track_caller]
fn link(sandbox: &Sandbox, bill: &Trade) -> Link {
    bill::trade(sandbox.signer(), sandbox.gateway(), bill).unwrap()
}

fn download(sandbox: &Sandbox, link: &Link) -> Result<Vec<u8>, Error> {
    let mut file = Vec::new();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let length = bill::download(signer, gateway, link, &mut file, &mut |_| ())?;
    assert_eq!(length, file.len() as u64);
    Ok(file)
}

/// The rows of a fund-flow bill whose totals are right.
pub(crate) fn fund_flow(sandbox: &Sandbox, date: Date, account: AccountType) -> Vec<FundFlowRow> {
    let mut request = FundFlow::new(date);
    request.account_type = Some(account);
    let link = bill::fund_flow(sandbox.signer(), sandbox.gateway(), &request).unwrap();
    let file = download(sandbox, &link).unwrap();
    let mut bill = FundFlowBill::new(&file[..]).unwrap();
    let rows = bill.by_ref().collect::<Result<_, _>>().unwrap();
    bill.finish().unwrap();
    rows
}

/// An empty directory of this test's own.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bill").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn names(directory: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    fs::read_dir(directory).unwrap().map(|entry| name(entry.unwrap())).collect()
}

#[test]
fn trade_bill_rows_are_paid_orders_and_refunds() {
    let (sandbox, date) = traded();
    let file = download(&sandbox, &link(&sandbox, &Trade::new(date))).unwrap();
    let mut bill = TradeBill::new(&file[..]).unwrap();
    let rows: Vec<_> = bill.by_ref().collect::<Result<_, _>>().unwrap();
    let summary = bill.finish().unwrap();

    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| Date::of(row.time) == date));
    assert!(rows.iter().all(|row| row.mchid == sandbox.mchid() && row.sub_mchid.is_none()));
    let row = |number: &str, state: RowState| {
        let mut found = rows.iter().filter(|row| row.out_trade_no == number && row.state == state);
        let row = found.next().unwrap();
        assert!(found.next().is_none());
        row
    };
    let first = row("bill-1", RowState::Success);
    assert_eq!((first.order_total, &first.refund), (Some(Fen(976)), &None));
    assert_eq!(first.trade_type, TradeType::App);
    assert_eq!(first.description, "零食,\"大\" `x` C:\\new\t.");
    assert_eq!(first.attach.as_deref(), Some("a,b\\"));
    let second = row("bill-2", RowState::Success);
    assert_eq!((second.order_total, second.refund.is_none()), (Some(Fen(100)), true));
    let refunded = row("bill-1", RowState::Refund);
    let refund = refunded.refund.as_ref().unwrap();
    assert_eq!(refund.out_refund_no.as_deref(), Some("bill-1-refund"));
    assert_eq!(refund.requested, Some(Fen(700)));
    assert_eq!(refund.state, Some(RefundState::Success));
    assert_eq!(refunded.transaction_id, first.transaction_id);
    assert_eq!(refunded.description, first.description);

    assert_eq!((summary.rows, summary.order_total), (3, Some(Fen(1076))));
    assert_eq!(summary.requested, Some(Fen(700)));
    assert!(first.fee > Yuan::default() && refunded.fee < Yuan::default());
}

#[test]
fn bills_of_payments_and_of_refunds_share_the_rows_between_them() {
    let (sandbox, date) = traded();
    let rows = |bill_type: Option<BillType>| {
        let mut bill = Trade::new(date);
        bill.bill_type = bill_type;
        let file = download(&sandbox, &link(&sandbox, &bill)).unwrap();
        TradeBill::new(&file[..]).unwrap().map(|row| row.unwrap().state).collect::<Vec<_>>()
    };
    assert_eq!(rows(Some(BillType::Success)), [RowState::Success, RowState::Success]);
    assert_eq!(rows(Some(BillType::Refund)), [RowState::Refund]);
    assert_eq!(rows(Some(BillType::All)), rows(None));
}

#[test]
fn fund_flow_bill_adds_up() {
    let (sandbox, date) = traded();
    let link = bill::fund_flow(sandbox.signer(), sandbox.gateway(), &FundFlow::new(date)).unwrap();
    let file = download(&sandbox, &link).unwrap();
    let mut bill = FundFlowBill::new(&file[..]).unwrap();
    let rows: Vec<_> = bill.by_ref().collect::<Result<_, _>>().unwrap();
    let summary = bill.finish().unwrap();
    let incoming: u64 =
        rows.iter().filter(|row| row.direction == Direction::In).map(|row| row.amount.0).sum();
    assert!(incoming >= 1076 && summary.amount_in == Fen(incoming), "{incoming}");
    assert_eq!(summary.rows, rows.len() as u64);
    assert!(rows.iter().any(|row| row.direction == Direction::Out && row.amount >= Fen(700)));
    assert!(rows.iter().all(|row| Date::of(row.time) == date));
}

#[test]
fn operation_bill_has_each_transfer_under_its_number() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let date = Date::of(noon(&sandbox));
    for number in ["billpaid", "billfailed"] {
        transfer::create(signer, gateway, &transfers::transfer(&sandbox, number)).unwrap();
    }
    sandbox.confirm_transfer("billpaid").unwrap();
    sandbox.fail_transfer("billfailed", "PAYEE_ACCOUNT_ABNORMAL").unwrap();
    sandbox.let_time_pass(UNTIL_READY);
    let rows = fund_flow(&sandbox, date, AccountType::Operation);
    let of = |number: &str| {
        let is_own = |row: &&FundFlowRow| row.voucher_no.as_deref() == Some(number);
        let rows = rows.iter().filter(is_own);
        rows.map(|row| (row.direction.clone(), row.amount)).collect::<Vec<_>>()
    };
    assert_eq!(of("billpaid"), [(Direction::Out, Fen(100))]);
    assert_eq!(of("billfailed"), [(Direction::Out, Fen(100)), (Direction::In, Fen(100))]);
    assert!(rows.iter().all(|row| row.balance.to_fen().is_some()), "below zero: {rows:?}");
    let basic = FundFlow::new(date);
    let error = bill::fund_flow(signer, gateway, &basic).unwrap_err();
    assert_eq!(api(&error).code, Code::NO_STATEMENT_EXIST);
}

#[test]
fn bill_request_carries_every_parameter() {
    let (sandbox, date) = traded();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let last = || sandbox.received().pop().unwrap();
    let mut trade = Trade::new(date);
    trade.bill_type = Some(BillType::Refund);
    let link = link(&sandbox, &trade);
    let path = format!("/v3/bill/tradebill?bill_date={date}&bill_type=REFUND");
    assert_eq!((last().method.as_str(), last().path), ("GET", path));

    download(&sandbox, &link).unwrap();
    let request = last();
    assert!(request.path.contains("token="), "{}", request.path);
    assert!(request.header("Authorization").is_some() && request.body.is_empty());

    let mut fund_flow = FundFlow::new(date);
    let _ = bill::fund_flow(signer, gateway, &fund_flow);
    assert_eq!(last().path, format!("/v3/bill/fundflowbill?bill_date={date}"));
    fund_flow.account_type = Some(AccountType::Operation);
    let _ = bill::fund_flow(signer, gateway, &fund_flow);
    let path = format!("/v3/bill/fundflowbill?bill_date={date}&account_type=OPERATION");
    assert_eq!(last().path, path);

    let count = sandbox.received().len();
    fund_flow.account_type = Some(AccountType::Other("ALL&x=1".into()));
    let error = bill::fund_flow(signer, gateway, &fund_flow).unwrap_err();
    assert_eq!(error.to_string(), "account_type must be letters, digits and _");
    let partner = Partner::new(signer, SubMerchant::new(sandbox.sub_mchid()).unwrap());
    let error = bill::fund_flow(&partner, gateway, &FundFlow::new(date)).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(sandbox.received().len(), count);

    let _ = bill::trade(&partner, gateway, &Trade::new(date));
    let sub_mchid = sandbox.sub_mchid();
    let path = format!("/v3/bill/tradebill?bill_date={date}&sub_mchid={sub_mchid}");
    assert_eq!(last().path, path);
}

#[test]
fn bill_without_trade_and_bill_not_ready_have_own_codes() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let date = trade(&sandbox);
    sandbox.let_time_pass(20 * HOUR);
    let trade = Trade::new(date);
    let creating = bill::trade(signer, gateway, &trade).unwrap_err();
    assert_eq!(api(&creating).code, Code::STATEMENT_CREATING);
    assert_eq!((creating.outcome(), creating.retry()), (Outcome::Refused, Retry::SameRequest));
    let creating = bill::fund_flow(signer, gateway, &FundFlow::new(date)).unwrap_err();
    assert_eq!(api(&creating).code, Code::STATEMENT_CREATING);

    sandbox.let_time_pass(3 * HOUR);
    assert!(bill::trade(signer, gateway, &trade).is_ok());
    let week_ago = Time::now().unwrap().unix_seconds() - 7 * 24 * 3600;
    let quiet = Date::of(Time::from_unix_seconds(week_ago).unwrap());
    let nothing = bill::trade(signer, gateway, &Trade::new(quiet)).unwrap_err();
    assert_eq!(api(&nothing).code, Code::NO_STATEMENT_EXIST);
    assert_eq!((nothing.outcome(), nothing.retry()), (Outcome::Refused, Retry::Never));
    let nothing = bill::fund_flow(signer, gateway, &FundFlow::new(quiet)).unwrap_err();
    assert_eq!(api(&nothing).code, Code::NO_STATEMENT_EXIST);
}

#[test]
fn bill_link_lasts_five_minutes() {
    let (sandbox, date) = traded();
    let link = link(&sandbox, &Trade::new(date));
    sandbox.let_time_pass(301);
    let error = download(&sandbox, &link).unwrap_err();
    assert_eq!(api(&error).code, Code::INVALID_REQUEST);
}

#[test]
fn refused_download_writes_nothing() {
    let (sandbox, date) = traded();
    let link = link(&sandbox, &Trade::new(date));
    let mut file = Vec::new();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    for (status, code) in [(403, Code::NO_AUTH), (400, Code::INVALID_REQUEST)] {
        sandbox.refuse_next(status, code.as_str(), "");
        let error = bill::download(signer, gateway, &link, &mut file, &mut |_| ()).unwrap_err();
        assert_eq!((api(&error).status, &api(&error).code), (status, &code));
    }
    for status in [204, 206, 302] {
        sandbox.rewrite_next(move |response| response.status = status);
        let error = bill::download(signer, gateway, &link, &mut file, &mut |_| ()).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    }
    assert!(file.is_empty());
}

#[test]
fn damaged_bill_file_never_looks_complete() {
    let (sandbox, date) = traded();
    let link = link(&sandbox, &Trade::new(date));
    let damages: [(Damage, Expected); 5] = [
        (|response| response.body[100] ^= 1, is_other_hash),
        (|response| response.body.truncate(response.body.len() - 1), is_other_hash),
        (|response| response.body.push(b'\n'), is_other_hash),
        (|response| response.body.clear(), is_other_hash),
        (cut_off, |error| matches!(error.kind(), ErrorKind::Transport(_))),
    ];
    never_looks_complete(&sandbox, &link, &damages, "never_looks_complete");
}

/// Downloads to a file under each damage, and then without any.
fn never_looks_complete(
    sandbox: &Sandbox,
    link: &Link,
    damages: &[(Damage, Expected)],
    name: &str,
) {
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let directory = directory(name);
    let path = directory.join("bill.csv");
    for (index, (damage, is_expected)) in damages.iter().enumerate() {
        for before in [None, Some("before")] {
            let _ = fs::remove_file(&path);
            if let Some(before) = before {
                fs::write(&path, before).unwrap();
            }
            sandbox.tamper_next(*damage);
            let error = bill::download_to(signer, gateway, link, &path, &mut |_| ()).unwrap_err();
            assert!(is_expected(&error), "{index}: {error}");
            assert_eq!(error.outcome(), Outcome::Unknown);
            assert_eq!(names(&directory).len(), usize::from(before.is_some()), "{index}");
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), before, "{index}");
        }
    }
    let length = bill::download_to(signer, gateway, link, &path, &mut |_| ()).unwrap();
    assert_eq!(names(&directory), ["bill.csv"]);
    let file = fs::read(&path).unwrap();
    assert_eq!((file.len() as u64, Ok(&file)), (length, download(sandbox, link).as_ref()));
}

fn is_other_hash(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Untrusted { reason: Untrusted::Hash, status: 200, .. })
}

fn cut_off(response: &mut Response) {
    response.set_header("Content-Length", (response.body.len() + 1).to_string());
}

#[test]
fn download_that_panics_leaves_no_file() {
    let (sandbox, date) = traded();
    let link = link(&sandbox, &Trade::new(date));
    let directory = directory("panics");
    let path = directory.join("bill.csv");
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut progress = |_| {
        let names = names(&directory);
        assert!(names.len() == 1 && names[0].starts_with("bill.csv."), "{names:?}");
        assert!(names[0].ends_with(".part"), "{names:?}");
        panic::resume_unwind(Box::new("the caller's own"));
    };
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        bill::download_to(signer, gateway, &link, &path, &mut progress)
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"the caller's own"));
    assert!(names(&directory).is_empty());
}

#[test]
fn unwritable_path_fails_before_the_request_is_sent() {
    let (sandbox, date) = traded();
    let link = link(&sandbox, &Trade::new(date));
    let directory = directory("nowhere");
    let count = sandbox.received().len();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let nowhere = directory.join("missing").join("bill.csv");
    let error = bill::download_to(signer, gateway, &link, &nowhere, &mut |_| ()).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Output { kind: std::io::ErrorKind::NotFound, .. }),
        "{error}"
    );
    let error = bill::download_to(signer, gateway, &link, Path::new("/"), &mut |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "path must name a file");
    let taken = directory.join("taken");
    fs::create_dir_all(taken.join("x")).unwrap();
    let error = bill::download_to(signer, gateway, &link, &taken, &mut |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "path must name a file, but names a folder or device");
    assert_eq!(sandbox.received().len(), count);
    assert_eq!(names(&directory), ["taken"]);
}

/// As `-o /dev/null` was, by a program that ran as root.
#[cfg(unix)]
#[test]
fn socket_at_the_path_is_not_replaced_by_a_bill() {
    let (sandbox, date) = traded();
    let link = link(&sandbox, &Trade::new(date));
    // The path of a socket must be short.
    let socket = std::env::temp_dir().join(format!("wechatpay-{}", std::process::id()));
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let error = bill::download_to(signer, gateway, &link, &socket, &mut |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "path must name a file, but names a folder or device");
    assert!(!fs::metadata(&socket).unwrap().is_file());
    fs::remove_file(&socket).unwrap();
}

#[test]
fn signature_stays_on_host_and_token_out_of_errors() {
    let (sandbox, date) = traded();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let base = sandbox.base_url().to_owned();
    for wrong in [
        "https://evil.example/v3/billdownload/file?token=SECRET".to_owned(),
        "https://api.mch.weixin.qq.com.evil.example/file?token=SECRET".to_owned(),
        "https://api.mch.weixin.qq.com@evil.example/file?token=SECRET".to_owned(),
        "https://api.mch.weixin.qq.com:8443/file?token=SECRET".to_owned(),
        "http://api.mch.weixin.qq.com/file?token=SECRET".to_owned(),
        "/v3/billdownload/file?token=SECRET".to_owned(),
        "//evil.example/file?token=SECRET".to_owned(),
        format!("{base}@evil.example/file?token=SECRET"),
        format!("{base}.evil.example/file?token=SECRET"),
        format!("{base}0/file?token=SECRET"),
        format!("{base}?token=SECRET"),
        format!("{base}/file?token=SECRET\r\nX: y"),
        format!("{base}/file?token=SECRET#x"),
        format!("{base}/file?token=密"),
        "file:///etc/passwd?SECRET".to_owned(),
        String::new(),
    ] {
        sandbox.rewrite_next({
            let wrong = wrong.clone();
            move |response| {
                let mut body: Value = serde_json::from_slice(&response.body).unwrap();
                body["download_url"] = json!(wrong);
                response.body = body.to_string().into_bytes();
            }
        });
        let link = link(&sandbox, &Trade::new(date));
        let count = sandbox.received().len();
        let mut file = Vec::new();
        let error = bill::download(signer, gateway, &link, &mut file, &mut |_| ()).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{wrong}");
        assert_eq!((sandbox.received().len(), file.len()), (count, 0), "{wrong}");
        let seen = format!("{link:?} {error} {error:?}");
        assert!(!seen.contains("SECRET") && !format!("{link:?}").contains("evil"), "{seen}");
        // The host is named, without a user name before it, which may be a secret.
        let authority = wrong.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next());
        let host = authority.flatten().and_then(|authority| authority.rsplit('@').next());
        let host = host.filter(|host| !host.is_empty() && !base.ends_with(&format!("/{host}")));
        let named = error.to_string().split_once(", not on ").map(|(_, named)| {
            let (named, _) = named.split_once("; use a new link").unwrap();
            named.split_once("://").unwrap().1.to_owned()
        });
        assert_eq!(named.as_deref(), host, "{wrong}: {error}");
    }
}

#[test]
fn no_error_of_a_download_repeats_the_token() {
    let (sandbox, date) = traded();
    let link = link(&sandbox, &Trade::new(date));
    let _ = download(&sandbox, &link);
    let path = sandbox.received().pop().unwrap().path;
    let token = path.split_once("token=").unwrap().1.split('&').next().unwrap().to_owned();
    assert!(!token.is_empty() && !format!("{link:?}").contains(&token));
    let damages: [Damage; 5] = [
        |response| response.status = 0,
        |response| response.status = 302,
        |response| response.body.clear(),
        |response| response.status = 401,
        cut_off,
    ];
    for damage in damages {
        sandbox.tamper_next(damage);
        let error = download(&sandbox, &link).unwrap_err();
        let seen = format!("{error} {error:?}");
        assert!(!seen.contains(&token), "{seen}");
    }
}

#[test]
fn hash_must_be_a_sha1() {
    let (sandbox, date) = traded();
    sandbox.rewrite_next(|response| {
        let mut body: Value = serde_json::from_slice(&response.body).unwrap();
        body["hash_value"] = json!(body["hash_value"].as_str().unwrap().to_uppercase());
        body["hash_type"] = json!("Sha1");
        response.body = body.to_string().into_bytes();
    });
    let upper_case = link(&sandbox, &Trade::new(date));
    download(&sandbox, &upper_case).unwrap();
    let sha1 = "79bb0f45fc4c42234a918000b2668d689e2bde04";
    for (name, value) in [
        ("hash_type", json!("SHA256")),
        ("hash_type", json!("sha")),
        ("hash_type", json!("")),
        ("hash_type", Value::Null),
        ("hash_value", json!("")),
        ("hash_value", json!(sha1[1..])),
        ("hash_value", json!(format!("{sha1}00"))),
        ("hash_value", json!(sha1.replace('f', "g"))),
        ("hash_value", json!(7)),
        ("download_url", Value::Null),
    ] {
        sandbox.rewrite_next({
            let value = value.clone();
            move |response| {
                let mut body: Value = serde_json::from_slice(&response.body).unwrap();
                body[name] = value;
                response.body = body.to_string().into_bytes();
            }
        });
        let bill = Trade::new(date);
        let error = bill::trade(sandbox.signer(), sandbox.gateway(), &bill).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Malformed { status: 200, .. }),
            "{name} {value}: {error}"
        );
    }
}

#[test]
fn file_from_own_host_is_read_up_to_its_content_length() {
    let (sandbox, date) = traded();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let url = format!("{host}/file?token=xxx");
    sandbox.rewrite_next(move |response| {
        // The SHA-1 of `message`.
        let sha1 = "6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d";
        let body = json!({ "hash_type": "SHA1", "hash_value": sha1, "download_url": url });
        response.body = body.to_string().into_bytes();
    });
    let link = link(&sandbox, &Trade::new(date));
    let served = thread::spawn(move || {
        for (length, content) in [(7, "message and more"), (6, "message"), (8, "message")] {
            let (mut socket, _) = listener.accept().unwrap();
            let mut head = BufReader::new(&socket).lines().map(Result::unwrap);
            assert_eq!(head.next().unwrap(), "GET /file?token=xxx HTTP/1.1");
            head.find(|line| line.is_empty()).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            socket.write_all(format!("{head}{content}").as_bytes()).unwrap();
        }
    });
    let transport = UreqTransport::new(&HttpOptions::default()).unwrap();
    let gateway = Gateway::at(&host, sandbox.platform_keys().clone(), transport).unwrap();
    let fetch = || {
        let mut file = Vec::new();
        bill::download(sandbox.signer(), &gateway, &link, &mut file, &mut |_| ()).map(|_| file)
    };
    assert_eq!(fetch().unwrap(), b"message");
    assert!(is_other_hash(&fetch().unwrap_err()));
    assert!(matches!(fetch().unwrap_err().kind(), ErrorKind::Transport(_)));
    served.join().unwrap();
}
