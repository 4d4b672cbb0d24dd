//! A payment at the till, from the first attempt to a certain end.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Invalid, Outcome};
use crate::pay::{NotPaid, Paid, TradeState};
use crate::time::Time;
use crate::v2::gateway::{CertifiedGateway, Gateway};
use crate::v2::pay::auth_code::AuthCode;
use crate::v2::pay::micropay_order::{Attempt, MicropayOrder};
use crate::v2::pay::transaction::Transaction;
use crate::v2::pay::{Reversal, micropay, query, reverse};
use crate::v2::signer::Signer;
use crate::validate;

/// 付款码支付的流程: a payment at the till, as a state machine. It charges the payer's code once, queries the
/// order every few seconds for 45 seconds, and then reverses it until that is done
/// ([page](https://pay.weixin.qq.com/doc/v2/merchant/4011937125)).
///
/// [`charge`](Self::charge) and each [`step`](Self::step) make at most one call, and return what to do
/// next and how long to wait. Nothing sleeps or retries by itself. Store the state, [`to_json`](Self::to_json),
/// before `charge` and after each step: after a crash, [`from_json`](Self::from_json) continues it, and
/// never charges again. A clock that is set in between neither ends nor prolongs it.
///
/// ```
/// use wechatpay::v2::pay::{AuthCode, MicropayOrder, Step, TillPayment};
/// use wechatpay::v2::{CertifiedGateway, Signer};
/// use wechatpay::{Error, Time};
///
/// fn pay_at_the_till(
///     signer: &dyn Signer,
///     gateway: &CertifiedGateway,
///     order: MicropayOrder,
///     code: AuthCode,
/// ) -> Result<Step, Error> {
///     let mut payment = TillPayment::new(signer, order, Time::now()?)?;
///     std::fs::write("payment.json", payment.to_json()?).unwrap(); // 先保存,再扣款
///     let mut step = payment.charge(signer, gateway, code, Time::now()?);
///     while let Step::Wait { pause, .. } = step {
///         std::fs::write("payment.json", payment.to_json()?).unwrap();
///         std::thread::sleep(pause);
///         step = payment.step(signer, gateway, Time::now()?);
///     }
///     Ok(step)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillPayment {
    /// The merchant that the payment began with. Another merchant has no such order, so the payer would seem not charged.
    mchid: String,
    order: MicropayOrder,
    /// How long ago the code was charged, or may have been: what passed between the steps.
    age: Duration,
    /// The time of the last step, by the caller's clock, which may be set in between.
    seen: Time,
    stage: Stage,
}

/// What to do next in a [`TillPayment`].
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Not certain yet: call [`TillPayment::step`] after this pause.
    Wait {
        /// How long to wait. Zero: at once.
        pause: Duration,
        /// The error of the call, if it failed. If it names settings, correct them.
        error: Option<Error>,
    },
    /// 支付成功: the payer was charged once. Final.
    Paid(Paid),
    /// The payer was not charged, or the money was returned, and the order can no longer be paid. Final.
    /// Another attempt needs another code and another order number.
    NotCharged(NotCharged),
    /// The number is that of another order, or the order was refunded by another program. It was not
    /// reversed. Final. Check how order numbers are made.
    OtherOrder(NotPaid),
}

/// Why a payer was not charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotCharged {
    /// Nothing was sent, for this reason.
    NotSent(String),
    /// 支付失败: WeChat Pay refused the code.
    Refused {
        /// 错误代码: error code, such as `NOTENOUGH`.
        code: String,
        /// 错误代码描述: WeChat Pay's message, for people.
        message: String,
    },
    /// 已撤销: the order was reversed; if the payer had been charged, the money was returned.
    Reversed,
    /// 已关闭: the order is closed.
    Closed,
    /// 订单不存在: the attempt never reached WeChat Pay.
    NeverPlaced,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Nothing was sent yet. Never stored.
    New,
    /// The code was charged, or may have been.
    Charged,
    /// It is to be reversed.
    Reversing,
    /// It was proved to be paid, so it is never reversed.
    Paid,
    NotCharged(NotCharged),
    OtherOrder,
}

impl TillPayment {
    /// A payment of this signer's merchant that is to begin now. Sends nothing. If a step gets the signer of
    /// another merchant, it sends nothing.
    ///
    /// # Errors
    /// [`Error`] of invalid input if the order breaks a rule.
    pub fn new(signer: &dyn Signer, order: MicropayOrder, now: Time) -> Result<Self, Error> {
        order.validate()?;
        let mchid = signer.mchid().to_owned();
        Ok(Self { mchid, order, age: Duration::ZERO, seen: now, stage: Stage::New })
    }

    /// 商户订单: the order.
    #[must_use]
    pub fn order(&self) -> &MicropayOrder {
        &self.order
    }

    /// 提交付款码支付: charges the payer's code, with one call of [`micropay`].
    ///
    /// A payment is charged once: if this one was charged or loaded before, it sends nothing and asks for
    /// a [`step`](Self::step).
    #[doc(alias = "付款码支付")]
    pub fn charge(
        &mut self,
        signer: &dyn Signer,
        gateway: &Gateway,
        auth_code: AuthCode,
        now: Time,
    ) -> Step {
        if self.stage != Stage::New {
            return wait(Duration::ZERO, None);
        }
        (self.seen, self.stage) = (now, Stage::Charged);
        let attempt = self
            .check_merchant(signer)
            .and_then(|()| micropay(signer, gateway, &self.order, auth_code));
        match attempt {
            Ok(Attempt::Paid(paid)) => self.paid(paid),
            Ok(Attempt::Pending) => wait(PAUSE, None),
            Ok(Attempt::Refused(error)) => {
                let code = error.code.as_str().to_owned();
                self.not_charged(NotCharged::Refused { code, message: error.message })
            }
            Err(error) if is_not_sent(&error) => {
                self.not_charged(NotCharged::NotSent(error.to_string()))
            }
            Err(error) => wait(PAUSE, Some(error)),
        }
    }

    /// The next call: a query, or a reversal. After seven days nothing can be reversed (`REVERSE_EXPIRE`): then a query tells
    /// what became of the order, and a paid one ends as [`Step::Paid`], to be refunded if nothing was handed over.
    #[doc(alias = "查询订单")]
    #[doc(alias = "撤销订单")]
    pub fn step(&mut self, signer: &dyn Signer, gateway: &CertifiedGateway, now: Time) -> Step {
        self.grow_older(now);
        if let Err(error) = self.check_merchant(signer) {
            return wait(PAUSE, Some(error));
        }
        match &self.stage {
            Stage::NotCharged(reason) => Step::NotCharged(reason.clone()),
            Stage::Reversing if self.age < REVERSE_FROM => {
                wait(REVERSE_FROM.saturating_sub(self.age), None)
            }
            Stage::Reversing => self.reverse(signer, gateway),
            Stage::New | Stage::Charged | Stage::Paid | Stage::OtherOrder => {
                self.query(signer, gateway)
            }
        }
    }

    /// The state, to be stored. It contains the order, and no code of the payer.
    ///
    /// # Errors
    /// None is known.
    pub fn to_json(&self) -> Result<Vec<u8>, Error> {
        // A payment may be charged right after it is stored, so it counts as charged.
        let stage = if self.stage == Stage::New { &Stage::Charged } else { &self.stage };
        let (mchid, order) = (self.mchid.clone(), self.order.to_texts()?);
        let (age, seen) = (self.age.as_secs(), self.seen.unix_seconds());
        Ok(validate::to_json(&Stored { mchid, order, age, seen, stage: stage.clone() })?)
    }

    /// Reads a state that was stored.
    ///
    /// # Errors
    /// [`Error`] of invalid input if it is not what [`to_json`](Self::to_json) returns.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let unreadable = |_| Invalid::new("json", "must be the stored state of a TillPayment");
        let Stored { mchid, order, age, seen, stage } =
            serde_json::from_slice(json).map_err(unreadable)?;
        let (order, age) = (MicropayOrder::from_texts(order)?, Duration::from_secs(age));
        Ok(Self { mchid, order, age, seen: Time::from_unix_seconds(seen)?, stage })
    }

    fn check_merchant(&self, signer: &dyn Signer) -> Result<(), Error> {
        if signer.mchid() == self.mchid {
            return Ok(());
        }
        let rule = format!("must be {}, with which the payment began; use its signer", self.mchid);
        Err(Invalid::new("mch_id", rule).into())
    }

    fn query(&mut self, signer: &dyn Signer, gateway: &Gateway) -> Step {
        let order = &self.order;
        let found = query(signer, gateway, &order.appid, &order.out_trade_no);
        let error = match found.map(|transaction| self.judge(signer, &transaction)) {
            Ok(Some(end)) => return end,
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if self.stage != Stage::Charged && self.stage != Stage::New {
            return wait(PAUSE, error);
        }
        let left = DEADLINE.saturating_sub(self.age);
        if left.is_zero() {
            self.stage = Stage::Reversing;
        }
        wait(left.min(PAUSE), error)
    }

    /// The step that follows from a queried order; `None` if it is not certain yet.
    fn judge(&mut self, signer: &dyn Signer, transaction: &Transaction) -> Option<Step> {
        match transaction.paid(signer, &self.order) {
            Ok(paid) => Some(self.paid(paid)),
            Err(NotPaid::State(TradeState::Revoked)) => {
                Some(self.not_charged(NotCharged::Reversed))
            }
            Err(NotPaid::State(TradeState::Closed)) => Some(self.not_charged(NotCharged::Closed)),
            // It can no longer be paid, but only a reversal makes that certain.
            Err(NotPaid::State(TradeState::PayError)) => {
                self.stage = Stage::Reversing;
                Some(wait(Duration::ZERO, None))
            }
            Err(reason @ (NotPaid::Differs(_) | NotPaid::State(TradeState::Refund))) => {
                self.stage = Stage::OtherOrder;
                Some(Step::OtherOrder(reason))
            }
            Err(_) => None,
        }
    }

    fn reverse(&mut self, signer: &dyn Signer, gateway: &CertifiedGateway) -> Step {
        let order = &self.order;
        match reverse(signer, gateway, &order.appid, &order.out_trade_no) {
            Ok(Reversal::Done) => self.not_charged(NotCharged::Reversed),
            Ok(Reversal::Recall) => wait(PAUSE, None),
            Err(error) => {
                let code = error.api().filter(|error| error.signed).map(|error| &error.code);
                // By then, no attempt can still be in progress.
                if code == Some(&Code::ORDER_NOT_EXIST) && self.age >= SETTLED {
                    return self.not_charged(NotCharged::NeverPlaced);
                }
                // No later reversal can succeed, so only a query shows the result.
                if code == Some(&Code::REVERSE_EXPIRE) {
                    self.stage = Stage::Charged;
                }
                wait(PAUSE, Some(error))
            }
        }
    }

    fn paid(&mut self, paid: Paid) -> Step {
        self.stage = Stage::Paid;
        Step::Paid(paid)
    }

    fn not_charged(&mut self, reason: NotCharged) -> Step {
        self.stage = Stage::NotCharged(reason.clone());
        Step::NotCharged(reason)
    }

    /// Adds the time since the last step. A clock that was set back adds nothing, and one that was set forward, or a
    /// till that was off, no more than a step can take: too young is safe, and too old may miss an attempt.
    fn grow_older(&mut self, now: Time) {
        let seconds = now.unix_seconds().saturating_sub(self.seen.unix_seconds());
        let passed = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        self.age = self.age.saturating_add(passed.min(LONGEST_STEP));
        self.seen = now;
    }
}

fn wait(pause: Duration, error: Option<Error>) -> Step {
    Step::Wait { pause, error }
}

fn is_not_sent(error: &Error) -> bool {
    error.outcome() == Outcome::NotSent
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    mchid: String,
    order: BTreeMap<String, String>,
    /// In seconds.
    age: u64,
    /// In Unix seconds.
    seen: i64,
    stage: Stage,
}

/// The page advises to wait five seconds before the first query, and about ten between the others.
const PAUSE: Duration = Duration::from_secs(5);

/// For how long the page advises to query before the order is reversed.
const DEADLINE: Duration = Duration::from_secs(45);

/// The page: a reversal at least 15 seconds after the payment.
const REVERSE_FROM: Duration = Duration::from_secs(15);

/// Our choice: longer than [`LONGEST_STEP`] and the total timeout of a call, so that no attempt arrives after it.
const SETTLED: Duration = Duration::from_secs(90);

/// The total timeout of a call, and the longest pause.
const LONGEST_STEP: Duration = Duration::from_secs(30 + 15);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Fen;
    use crate::v2::signer::HmacSha256Key;

    fn payment() -> TillPayment {
        let (appid, number) = ("wx0000000000000001".parse().unwrap(), "till-0001".parse().unwrap());
        let address = "203.0.113.7".parse().unwrap();
        let order = MicropayOrder::new(appid, number, "咖啡", Fen(100), address);
        let signer = HmacSha256Key::new("1900000109", "0123456789abcdef0123456789ABCDEF").unwrap();
        let now = Time::from_unix_seconds(1_735_693_687).unwrap();
        TillPayment::new(&signer, order, now).unwrap()
    }

    #[test]
    fn stored_payment_is_read_back_and_counts_as_charged() {
        let reasons = [
            NotCharged::Reversed,
            NotCharged::NotSent("no connection".into()),
            NotCharged::Refused { code: "NOTENOUGH".into(), message: "余额不足".into() },
        ];
        let ends = reasons.map(Stage::NotCharged);
        let stages = [Stage::Charged, Stage::Reversing, Stage::Paid, Stage::OtherOrder];
        for stage in stages.into_iter().chain(ends) {
            let payment = TillPayment { stage, ..payment() };
            assert_eq!(TillPayment::from_json(&payment.to_json().unwrap()).unwrap(), payment);
        }
        let stored = TillPayment::from_json(&payment().to_json().unwrap()).unwrap();
        assert_eq!(stored.stage, Stage::Charged);
        let json = String::from_utf8(payment().to_json().unwrap()).unwrap();
        for damaged in
            ["", "{}", &json.replace("total_fee", "total"), &json.replace("order\"", "x\"")]
        {
            assert!(TillPayment::from_json(damaged.as_bytes()).is_err(), "{damaged}");
        }
    }
}
