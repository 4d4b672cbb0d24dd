//! Every API of APIv2: its function, its request, and one of its errors.

use wechatpay::v2::pay::{Attempt, AuthCode, MicropayOrder, Reversal};
use wechatpay::v2::refund::{self, Refund, RefundQuery};
use wechatpay::v2::{App, combine, pay};
use wechatpay::{ApiError, Code, Error, Fen, OutRefundNo};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, start};
use crate::v2::{combined, number, order};

struct Row {
    api: &'static str,
    path: &'static str,
    /// What must have happened before.
    before: fn(&Sandbox),
    call: fn(&Sandbox) -> Result<(), Failure>,
    error: (&'static str, Code),
}

/// How a call fails: a refused payment at the till is a result, and not an error.
enum Failure {
    Error(Error),
    Refused(Box<ApiError>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Failure {
    fn code(&self) -> &Code {
        match self {
            Self::Error(error) => &api(error).code,
            Self::Refused(error) => &error.code,
        }
    }
}

#[test]
fn every_api_of_v2_makes_its_request_and_reports_its_errors() {
    for Row { api, path, before, call, error: (spelled, code) } in TABLE {
        let sandbox = start();
        before(&sandbox);
        let count = sandbox.received().len();
        assert!(call(&sandbox).is_ok(), "{api}");
        let received = sandbox.received();
        assert_eq!(received.len(), count + 1, "{api}");
        assert_eq!((received[count].method.as_str(), &*received[count].path), ("POST", path));
        let is_row = |line: &&str| line.starts_with(&format!("| {api} | [`v2::"));
        let mut rows = super::GUIDES[0].lines().filter(is_row);
        assert!(rows.any(|row| row.contains(&format!("`POST {path}`"))), "{api}: {path}");

        sandbox.v2().refuse_next(spelled, "说明");
        assert_eq!(call(&sandbox).unwrap_err().code(), &code, "{api}");
    }
}

const NUMBER: &str = "v2-order-1";
const REFUND: &str = "v2-refund-1";

fn nothing(_: &Sandbox) {}

fn placed(sandbox: &Sandbox) {
    call_prepay(sandbox).ok().unwrap();
}

fn paid(sandbox: &Sandbox) {
    placed(sandbox);
    sandbox.v2().pay(NUMBER, &[]).unwrap();
}

fn refunded(sandbox: &Sandbox) {
    paid(sandbox);
    call_refund(sandbox).ok().unwrap();
}

fn combined_placed(sandbox: &Sandbox) {
    call_combined(sandbox).ok().unwrap();
}

/// Fifteen seconds after it, an attempt may be reversed.
fn charged(sandbox: &Sandbox) {
    call_micropay(sandbox).ok().unwrap();
    sandbox.let_time_pass(15);
}

fn call_prepay(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    pay::prepay(v2.signer(), v2.gateway(), &order(sandbox, NUMBER), &App)?;
    Ok(())
}

fn call_query(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    pay::query(v2.signer(), v2.gateway(), &sandbox.appid(), &number(NUMBER))?;
    Ok(())
}

fn call_close(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    pay::close(v2.signer(), v2.gateway(), &sandbox.appid(), &number(NUMBER))?;
    Ok(())
}

fn call_micropay(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    let address = "203.0.113.7".parse().unwrap();
    let order = MicropayOrder::new(sandbox.appid(), number(NUMBER), "咖啡", Fen(100), address);
    let code = AuthCode::new(v2.show_code())?;
    match pay::micropay(v2.signer(), v2.gateway(), &order, code)? {
        Attempt::Refused(error) => Err(Failure::Refused(Box::new(error))),
        _ => Ok(()),
    }
}

fn call_reverse(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    let reversal = pay::reverse(v2.signer(), v2.gateway(), &sandbox.appid(), &number(NUMBER))?;
    assert!(matches!(reversal, Reversal::Done));
    Ok(())
}

fn out_refund_no() -> OutRefundNo {
    OutRefundNo::new(REFUND).unwrap()
}

fn call_refund(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    let refund = Refund::new(sandbox.appid(), out_refund_no(), number(NUMBER), Fen(60), Fen(100));
    refund::apply(v2.signer(), v2.gateway(), &refund)?;
    Ok(())
}

fn call_refund_query(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    let query = RefundQuery::new(sandbox.appid(), out_refund_no());
    refund::query(v2.signer(), v2.gateway(), &query)?;
    Ok(())
}

fn call_combined(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    combine::prepay(v2.signer(), v2.gateway(), &combined(sandbox, NUMBER), &App)?;
    Ok(())
}

fn call_combined_query(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    combine::query(v2.signer(), v2.gateway(), &sandbox.appid(), &number(NUMBER))?;
    Ok(())
}

fn call_combined_close(sandbox: &Sandbox) -> Result<(), Failure> {
    let v2 = sandbox.v2();
    combine::close(v2.signer(), v2.gateway(), &combined(sandbox, NUMBER))?;
    Ok(())
}

const TABLE: [Row; 10] = [
    Row {
        api: "统一下单",
        path: "/pay/unifiedorder",
        before: nothing,
        call: call_prepay,
        error: ("OUT_TRADE_NO_USED", Code::OUT_TRADE_NO_USED),
    },
    Row {
        api: "查询订单",
        path: "/pay/orderquery",
        before: placed,
        call: call_query,
        error: ("ORDERNOTEXIST", Code::ORDER_NOT_EXIST),
    },
    Row {
        api: "关闭订单",
        path: "/pay/closeorder",
        before: placed,
        call: call_close,
        error: ("ORDERPAID", Code::ORDERPAID),
    },
    Row {
        api: "付款码支付",
        path: "/pay/micropay",
        before: nothing,
        call: call_micropay,
        error: ("NOTENOUGH", Code::NOT_ENOUGH),
    },
    Row {
        api: "撤销订单",
        path: "/secapi/pay/reverse",
        before: charged,
        call: call_reverse,
        error: ("SYSTEMERROR", Code::SYSTEM_ERROR),
    },
    Row {
        api: "申请退款",
        path: "/secapi/pay/refund",
        before: paid,
        call: call_refund,
        error: ("BIZERR_NEED_RETRY", Code::BIZERR_NEED_RETRY),
    },
    Row {
        api: "查询退款",
        path: "/pay/refundquery",
        before: refunded,
        call: call_refund_query,
        error: ("REFUNDNOTEXIST", Code::REFUNDNOTEXIST),
    },
    Row {
        api: "合单下单",
        path: "/pay/combinedorder",
        before: nothing,
        call: call_combined,
        error: ("COMBINE_PAY_NOAUTH", Code::COMBINE_PAY_NOAUTH),
    },
    Row {
        api: "查询合单订单",
        path: "/pay/querycombinedorder",
        before: combined_placed,
        call: call_combined_query,
        error: ("ORDERNOTEXIST", Code::ORDER_NOT_EXIST),
    },
    Row {
        api: "关闭合单订单",
        path: "/pay/closecombinedorder",
        before: combined_placed,
        call: call_combined_close,
        error: ("ORDERPAID", Code::ORDERPAID),
    },
];
