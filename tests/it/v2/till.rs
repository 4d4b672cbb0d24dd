//! Payments at the till: the payer's code is charged once, and the end is certain.

use std::cell::Cell;
use std::time::Duration;

use wechatpay::v2::HmacSha256Key;
use wechatpay::v2::pay::{
    self, Attempt, AuthCode, MicropayOrder, NotCharged, Reversal, Step, TillPayment,
};
use wechatpay::{Code, Fen, Outcome, Retry, Time};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, start};
use crate::v2::{number, order, payer};

/// A till, whose clock and the sandbox's move together.
pub(crate) struct Till<'a> {
    pub(crate) sandbox: &'a Sandbox,
    passed: Cell<i64>,
}

impl<'a> Till<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, passed: Cell::new(0) }
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_unix_seconds(Time::now().unwrap().unix_seconds() + self.passed.get()).unwrap()
    }

    pub(crate) fn wait(&self, pause: Duration) {
        self.sandbox.let_time_pass(pause.as_secs());
        self.passed.set(self.passed.get() + i64::try_from(pause.as_secs()).unwrap());
    }

    pub(crate) fn order(&self, text: &str) -> MicropayOrder {
        let address = "203.0.113.7".parse().unwrap();
        MicropayOrder::new(self.sandbox.appid(), number(text), "咖啡", Fen(100), address)
    }

    pub(crate) fn payment(&self, text: &str) -> TillPayment {
        TillPayment::new(self.sandbox.v2().signer(), self.order(text), self.now()).unwrap()
    }

    pub(crate) fn charge(&self, payment: &mut TillPayment, code: String) -> Step {
        let v2 = self.sandbox.v2();
        payment.charge(v2.signer(), v2.gateway(), AuthCode::new(code).unwrap(), self.now())
    }

    /// Waits for the requested pause and takes the next step, after a crash.
    pub(crate) fn step(&self, payment: &mut TillPayment, pause: Duration) -> Step {
        *payment = TillPayment::from_json(&payment.to_json().unwrap()).unwrap();
        self.wait(pause);
        let v2 = self.sandbox.v2();
        payment.step(v2.signer(), v2.gateway(), self.now())
    }

    /// Takes steps to the end.
    pub(crate) fn finish(&self, payment: &mut TillPayment, mut step: Step) -> Step {
        for _ in 0..100 {
            match step {
                Step::Wait { pause, .. } => step = self.step(payment, pause),
                end => return end,
            }
        }
        panic!("no end");
    }

    /// As NTP does with a wrong clock: no time passes.
    fn set_clock(&self, seconds: i64) {
        self.passed.set(self.passed.get() + seconds);
    }

    fn calls(&self, path: &str) -> usize {
        self.sandbox.received().iter().filter(|request| request.path == path).count()
    }
}

/// The state of an order in the sandbox's books.
pub(crate) fn state(sandbox: &Sandbox, number: &str) -> Option<String> {
    let mut orders = sandbox.orders().into_iter();
    orders.find(|order| order.out_trade_no == number).map(|order| order.trade_state)
}

#[track_caller]
fn pause(step: &Step) -> u64 {
    match step {
        Step::Wait { pause, .. } => pause.as_secs(),
        end => panic!("{end:?}"),
    }
}

#[test]
fn payer_without_pin_is_charged_by_one_call() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let mut payment = till.payment("till-ready");
    let code = sandbox.v2().show_code();
    let Step::Paid(paid) = till.charge(&mut payment, code) else { panic!() };
    assert_eq!((paid.total(), paid.out_trade_no().as_str()), (Fen(100), "till-ready"));
    assert_eq!(sandbox.received().len(), 1);
    // Loaded again, it is queried, and never reversed.
    till.wait(Duration::from_secs(3600));
    assert_eq!(till.step(&mut payment, Duration::ZERO), Step::Paid(paid));
    assert_eq!(state(&sandbox, "till-ready").as_deref(), Some("SUCCESS"));
    assert!(sandbox.v2().take_notifications().is_empty(), "there is no notification");
}

/// The other merchant has no such order, and a till that took that for "never placed" would charge again.
#[test]
fn payment_ends_with_the_merchant_that_began_it() {
    let sandbox = start();
    let (till, v2) = (Till::new(&sandbox), sandbox.v2());
    let other = HmacSha256Key::new("1900009191", "W".repeat(32)).unwrap();
    let rule = "mch_id must be 1900007291, with which the payment began; use its signer";

    let mut payment = till.payment("till-merchant");
    let step = till.charge(&mut payment, v2.show_code());
    assert!(matches!(step, Step::Paid(_)));
    let mut stored = TillPayment::from_json(&payment.to_json().unwrap()).unwrap();
    for _ in 0..10 {
        till.wait(Duration::from_secs(45));
        let step = stored.step(&other, v2.gateway(), till.now());
        let Step::Wait { error: Some(error), .. } = step else { panic!("{step:?}") };
        assert_eq!((error.outcome(), error.to_string().as_str()), (Outcome::NotSent, rule));
    }
    assert_eq!(sandbox.received().len(), 1);
    assert!(matches!(till.step(&mut stored, Duration::ZERO), Step::Paid(_)));

    let (mut payment, code) = (till.payment("till-other"), AuthCode::new(v2.show_code()).unwrap());
    let step = payment.charge(&other, v2.gateway(), code, till.now());
    assert_eq!(step, Step::NotCharged(NotCharged::NotSent(rule.to_owned())));
    assert_eq!(sandbox.received().len(), 2);
}

#[test]
fn payer_who_types_the_pin_is_charged_once() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let mut payment = till.payment("till-pin");
    let step = till.charge(&mut payment, sandbox.v2().show_code_with_pin());
    assert_eq!(pause(&step), 5);
    let step = till.step(&mut payment, Duration::from_secs(5));
    assert_eq!(pause(&step), 5);
    sandbox.v2().pay("till-pin", &[]).unwrap();
    assert!(matches!(till.finish(&mut payment, step), Step::Paid(_)));
    assert_eq!((till.calls("/pay/micropay"), till.calls("/secapi/pay/reverse")), (1, 0));
}

#[test]
fn payment_that_stays_unclear_is_reversed() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    for refuses in [true, false] {
        let name = if refuses { "till-refused" } else { "till-vanished" };
        let mut payment = till.payment(name);
        let step = till.charge(&mut payment, sandbox.v2().show_code_with_pin());
        if refuses {
            sandbox.v2().refuse_payment(name).unwrap();
        }
        let end = till.finish(&mut payment, step);
        assert_eq!(end, Step::NotCharged(NotCharged::Reversed), "{name}");
        assert_eq!(state(&sandbox, name).as_deref(), Some("REVOKED"));
        // It is too late to pay.
        assert!(sandbox.v2().pay(name, &[]).is_err());
        assert_eq!(till.step(&mut payment, Duration::ZERO), end);
    }
}

#[test]
fn reversal_is_called_until_it_is_done() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let mut payment = till.payment("till-recall");
    let step = till.charge(&mut payment, sandbox.v2().show_code_with_pin());
    sandbox.v2().refuse_payment("till-recall").unwrap();
    sandbox.v2().recall_next();
    sandbox.v2().recall_next();
    let end = till.finish(&mut payment, step);
    assert_eq!(end, Step::NotCharged(NotCharged::Reversed));
    assert_eq!(till.calls("/secapi/pay/reverse"), 3);
}

#[test]
fn lost_response_of_a_charge_is_found_by_a_query() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let mut payment = till.payment("till-lost");
    sandbox.tamper_next(|response| response.status = 0);
    let step = till.charge(&mut payment, sandbox.v2().show_code());
    let Step::Wait { error: Some(error), .. } = &step else { panic!("{step:?}") };
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
    assert!(error.to_string().contains("the payer may have been charged; query"), "{error}");
    assert!(matches!(till.finish(&mut payment, step), Step::Paid(_)));
    assert_eq!(till.calls("/pay/micropay"), 1);
}

#[test]
fn charge_that_never_arrived_ends_as_never_placed() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    // The state after a crash between storing and sending.
    let mut payment = till.payment("till-never");
    let step = till.step(&mut payment, Duration::ZERO);
    let end = till.finish(&mut payment, step);
    assert_eq!(end, Step::NotCharged(NotCharged::NeverPlaced));
    // The payer is not charged any more.
    let step = till.charge(&mut payment, sandbox.v2().show_code());
    assert_eq!(pause(&step), 0);
    assert_eq!(till.calls("/pay/micropay"), 0);
}

#[test]
fn used_expired_or_foreign_code_is_refused() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let v2 = sandbox.v2();
    let attempt = |text: &str, code: &str| {
        let code = AuthCode::new(code).unwrap();
        pay::micropay(v2.signer(), v2.gateway(), &till.order(text), code).unwrap()
    };
    let refused = |text: &str, code: &str| match attempt(text, code) {
        Attempt::Refused(error) => error.code,
        other => panic!("{other:?}"),
    };
    let code = v2.show_code();
    assert!(matches!(attempt("code-01", &code), Attempt::Paid(_)));
    assert_eq!(refused("code-02", &code), Code::AUTH_CODE_ERROR);
    assert_eq!(refused("code-03", "150000000000000000"), Code::AUTH_CODE_INVALID);
    let code = v2.show_code();
    sandbox.let_time_pass(61);
    assert_eq!(refused("code-04", &code), Code::AUTHCODEEXPIRE);
    assert!(matches!(attempt("code-05", &v2.show_code_with_pin()), Attempt::Pending));
    // The same order again is no refusal: the first one may be paid.
    for (text, expected) in [("code-01", Code::ORDERPAID), ("code-05", Code::OUT_TRADE_NO_USED)] {
        let code = AuthCode::new(v2.show_code()).unwrap();
        let error = pay::micropay(v2.signer(), v2.gateway(), &till.order(text), code).unwrap_err();
        assert_eq!((api(&error).code.clone(), error.retry()), (expected, Retry::QueryFirst));
    }
    v2.refuse_next("NOTENOUGH", "余额不足");
    assert_eq!(refused("code-06", &v2.show_code()), Code::NOT_ENOUGH);
}

#[test]
fn success_of_another_order_is_no_proof() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let v2 = sandbox.v2();
    for (name, value) in [("total_fee", "1"), ("out_trade_no", "other-01"), ("fee_type", "USD")] {
        v2.rewrite_next(move |fields| drop(fields.insert(name.to_owned(), value.to_owned())));
        let code = AuthCode::new(v2.show_code()).unwrap();
        let order = till.order(&format!("differs-{}", name.len()));
        let error = pay::micropay(v2.signer(), v2.gateway(), &order, code).unwrap_err();
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn number_of_another_order_is_never_reversed() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let v2 = sandbox.v2();
    let mut other = till.order("shared-01");
    other.total_fee = Fen(999);
    let code = AuthCode::new(v2.show_code()).unwrap();
    assert!(matches!(pay::micropay(v2.signer(), v2.gateway(), &other, code), Ok(Attempt::Paid(_))));
    let mut payment = till.payment("shared-01");
    let step = till.charge(&mut payment, v2.show_code());
    assert!(matches!(till.finish(&mut payment, step), Step::OtherOrder(_)));
    assert_eq!(state(&sandbox, "shared-01").as_deref(), Some("SUCCESS"));
}

#[test]
fn reversal_of_other_orders_is_refused() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let v2 = sandbox.v2();
    let reverse =
        |text: &str| pay::reverse(v2.signer(), v2.gateway(), &sandbox.appid(), &number(text));
    let order = order(&sandbox, "reverse-jsapi");
    pay::prepay(v2.signer(), v2.gateway(), &order, &payer()).unwrap();
    assert_eq!(api(&reverse("reverse-jsapi").unwrap_err()).code.as_str(), "NOT_ALLOW");
    assert_eq!(api(&reverse("reverse-never").unwrap_err()).code, Code::ORDER_NOT_EXIST);

    let mut payment = till.payment("reverse-paid");
    assert!(matches!(till.charge(&mut payment, v2.show_code()), Step::Paid(_)));
    assert_eq!(reverse("reverse-paid"), Ok(Reversal::Recall), "within 15 seconds");
    till.wait(Duration::from_secs(15));
    assert_eq!(reverse("reverse-paid"), Ok(Reversal::Done));
    assert_eq!(reverse("reverse-paid"), Ok(Reversal::Done));
    assert_eq!(state(&sandbox, "reverse-paid").as_deref(), Some("REVOKED"));

    let mut payment = till.payment("reverse-late");
    assert!(matches!(till.charge(&mut payment, v2.show_code()), Step::Paid(_)));
    till.wait(Duration::from_secs(8 * 24 * 3600));
    let error = reverse("reverse-late").unwrap_err();
    assert_eq!((api(&error).code.clone(), error.retry()), (Code::REVERSE_EXPIRE, Retry::Never));
}

/// A till whose clock was an hour fast must not wait for that hour.
#[test]
fn clock_that_is_set_back_does_not_prolong_a_payment() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let mut payment = till.payment("clock-back");
    let step = till.charge(&mut payment, sandbox.v2().show_code_with_pin());
    till.set_clock(-3600);
    assert_eq!(till.finish(&mut payment, step), Step::NotCharged(NotCharged::Reversed));
    assert!(till.calls("/pay/orderquery") < 15, "{}", till.calls("/pay/orderquery"));
}

/// A till that starts in 1970 learns the time from the network, perhaps while an attempt is on its way.
#[test]
fn clock_that_is_set_forward_ends_no_payment_early() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    // The state after a crash between storing and sending.
    let mut payment = till.payment("clock-forward");
    let mut step = till.step(&mut payment, Duration::ZERO);
    till.set_clock(50 * 365 * 86_400);
    let mut passed = 0;
    while let Step::Wait { pause, .. } = step {
        passed += pause.as_secs();
        step = till.step(&mut payment, pause);
    }
    assert_eq!(step, Step::NotCharged(NotCharged::NeverPlaced));
    assert!((45..=90).contains(&passed), "{passed} s");
}

/// After seven days nothing can be reversed, and waiting does not change that. A query tells what became of it.
#[test]
fn payment_that_is_too_old_to_be_reversed_ends() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    let mut payment = till.payment("till-week");
    // The payer is charged, but no response arrives, and then the till is off for a week.
    sandbox.tamper_next(|response| response.status = 0);
    let mut step = till.charge(&mut payment, sandbox.v2().show_code());
    while pause(&step) > 0 {
        sandbox.tamper_next(|response| response.status = 0);
        step = till.step(&mut payment, Duration::from_secs(5));
    }
    assert_eq!(till.calls("/secapi/pay/reverse"), 0);
    till.wait(Duration::from_secs(8 * 86_400));
    assert!(matches!(till.finish(&mut payment, step), Step::Paid(_)));
    assert_eq!(till.calls("/secapi/pay/reverse"), 1);
}

/// Unread, a paid order would be reversed.
#[test]
fn member_that_proves_nothing_hides_no_payment() {
    let sandbox = start();
    let till = Till::new(&sandbox);
    for (index, (name, value)) in [
        ("cash_fee", "9.00"),
        ("settlement_total_fee", "-1"),
        ("coupon_fee", "x"),
        ("coupon_fee_0", "1e2"),
        ("openid", "订单"),
    ]
    .into_iter()
    .enumerate()
    {
        let v2 = sandbox.v2();
        v2.rewrite_next(move |fields| drop(fields.insert(name.to_owned(), value.to_owned())));
        let mut payment = till.payment(&format!("till-odd-{index}"));
        let step = till.charge(&mut payment, v2.show_code());
        assert!(matches!(step, Step::Paid(_)), "{name}: {step:?}");
    }
}
