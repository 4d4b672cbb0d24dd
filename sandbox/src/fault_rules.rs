//! Which calls a fault meets.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::fault::{Effect, Fault, Greeting, WrongSignature};
use super::received::Received;
use super::refusal::Refusal;
use super::response::Response;

/// Which calls meet a fault, how many of them, and whether they are carried out.
///
/// ```
/// use wechatpay_sandbox::FaultRule;
///
/// // The responses to the next three refunds are lost after the refunds are accepted.
/// let rule = FaultRule::calls("POST", "/v3/refund/").times(3).after_the_call();
/// # let _ = rule;
/// ```
#[derive(Clone)]
pub struct FaultRule {
    /// Every method if empty.
    method: String,
    path_prefix: String,
    predicate: Arc<Predicate>,
    /// How many calls are met; all if `None`.
    left: Option<usize>,
    /// How many calls go well before that.
    skipped: usize,
    spares_the_call: Option<bool>,
}

type Predicate = dyn Fn(&Received) -> bool + Send + Sync;

impl FaultRule {
    /// Every call, until [`Sandbox::clear_faults`](super::Sandbox::clear_faults).
    ///
    /// ```
    /// use wechatpay_sandbox::{Fault, FaultRule, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.fault_when(FaultRule::every_call(), Fault::Silence);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn every_call() -> Self {
        Self {
            method: String::new(),
            path_prefix: String::new(),
            predicate: Arc::new(|_| true),
            left: None,
            skipped: 0,
            spares_the_call: None,
        }
    }

    /// Every call with this method, such as `POST`, to a path with this prefix.
    ///
    /// ```
    /// use wechatpay_sandbox::{Fault, FaultRule, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.fault_when(FaultRule::calls("GET", "/v3/pay/"), Fault::Silence);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn calls(method: &str, path_prefix: &str) -> Self {
        let (method, path_prefix) = (method.to_owned(), path_prefix.to_owned());
        Self { method, path_prefix, ..Self::every_call() }
    }

    /// Only calls that fulfil this condition as well. It must not use the sandbox, which would wait for
    /// itself.
    ///
    /// ```
    /// use wechatpay_sandbox::{Fault, FaultRule, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.fault_when(FaultRule::every_call().when(|request| request.body.len() > 1000), Fault::Silence);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn when(mut self, predicate: impl Fn(&Received) -> bool + Send + Sync + 'static) -> Self {
        let before = self.predicate;
        self.predicate = Arc::new(move |request| before(request) && predicate(request));
        self
    }

    /// Only this many calls.
    ///
    /// ```
    /// use wechatpay_sandbox::{Fault, FaultRule, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.fault_when(FaultRule::every_call().times(2), Fault::Silence);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.left = Some(count);
        self
    }

    /// Skips this number of calls before the first one that it meets.
    ///
    /// ```
    /// use wechatpay_sandbox::{Fault, FaultRule, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.fault_when(FaultRule::every_call().skip(1).times(1), Fault::Silence);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn skip(mut self, count: usize) -> Self {
        self.skipped = count;
        self
    }

    /// The calls are not carried out: the request is lost. The fault then changes a response
    /// 500 SYSTEM_ERROR.
    ///
    /// ```
    /// use wechatpay_sandbox::{Fault, FaultRule, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.fault_when(FaultRule::every_call().before_the_call(), Fault::Silence);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn before_the_call(mut self) -> Self {
        self.spares_the_call = Some(false);
        self
    }

    /// The calls are carried out, and only the response is lost, also for faults that are errors.
    ///
    /// [`Fault::ClosedBeforeReading`] and [`Fault::ClosedAfterHalfTheRequest`] ignore this.
    ///
    /// ```
    /// use wechatpay_sandbox::{Fault, FaultRule, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.fault_when(FaultRule::every_call().after_the_call(), Fault::Silence);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn after_the_call(mut self) -> Self {
        self.spares_the_call = Some(true);
        self
    }

    fn meets(&self, request: &Received) -> bool {
        (self.method.is_empty() || self.method.eq_ignore_ascii_case(&request.method))
            && request.path.starts_with(&self.path_prefix)
            && (self.predicate)(request)
    }

    /// Counts a call that matches. Returns whether the rule applies to it.
    fn takes(&mut self) -> bool {
        if self.skipped > 0 {
            self.skipped = self.skipped.saturating_sub(1);
            return false;
        }
        match &mut self.left {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left = left.saturating_sub(1);
                true
            }
        }
    }

    fn is_spent(&self) -> bool {
        self.left == Some(0)
    }
}

impl fmt::Debug for FaultRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FaultRule")
            .field("method", &self.method)
            .field("path_prefix", &self.path_prefix)
            .field("left", &self.left)
            .field("skipped", &self.skipped)
            .field("spares_the_call", &self.spares_the_call)
            .finish_non_exhaustive()
    }
}

/// What a test changes in one response.
pub(super) type Change = Box<dyn FnOnce(&mut Response) + Send>;

/// The faults that wait for calls.
#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<(FaultRule, Fault)>,
    refusals: VecDeque<Refusal>,
    rewrites: VecDeque<Change>,
    tampers: VecDeque<Change>,
}

/// The faults of one call.
#[derive(Default)]
pub(super) struct CallFault {
    /// The refusal in place of the call.
    pub(super) instead: Option<Refusal>,
    /// The error in place of its response.
    pub(super) afterwards: Option<Refusal>,
    pub(super) rewrite: Option<fn(&mut Response)>,
    /// By how many seconds the time of the signature is wrong.
    pub(super) skew: i64,
    pub(super) wrong_signature: Option<WrongSignature>,
    pub(super) tamper: Option<fn(&mut Response)>,
    pub(super) wire_fault: Option<Fault>,
}

impl CallFault {
    /// With the codes of the interface at this path.
    fn at(self, path: &str) -> Self {
        let adapted = |refusal: Option<Refusal>| refusal.map(|refusal| refusal.at(path));
        Self { instead: adapted(self.instead), afterwards: adapted(self.afterwards), ..self }
    }
}

impl Faults {
    pub(super) fn add(&mut self, rule: FaultRule, fault: Fault) {
        self.rules.push((rule, fault));
    }

    /// Removes every rule.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
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

    /// The oldest refusal, else the oldest rule that takes this call.
    pub(super) fn draw(&mut self, request: &Received) -> CallFault {
        match self.refusals.pop_front() {
            Some(refusal) => CallFault { instead: Some(refusal), ..CallFault::default() },
            None => self.draw_by_rule(request),
        }
    }

    /// The oldest rule that takes this call.
    pub(super) fn draw_by_rule(&mut self, request: &Received) -> CallFault {
        let meets =
            |rule: &FaultRule, fault: Fault| fault.greeting().is_none() && rule.meets(request);
        let mut met = self.rules.iter_mut().filter(|(rule, fault)| meets(rule, *fault));
        let call_fault = met
            .find_map(|(rule, fault)| {
                rule.takes().then(|| call_fault(rule, *fault).at(&request.path))
            })
            .unwrap_or_default();
        self.rules.retain(|(rule, _)| !rule.is_spent());
        call_fault
    }

    /// How the next connection begins, if not as it should.
    pub(super) fn draw_greeting(&mut self) -> Option<Greeting> {
        let mut met =
            self.rules.iter_mut().filter_map(|(rule, fault)| Some((rule, fault.greeting()?)));
        let greeting = met.find_map(|(rule, greeting)| rule.takes().then_some(greeting));
        self.rules.retain(|(rule, _)| !rule.is_spent());
        greeting
    }

    pub(super) fn rewrite(&mut self, response: &mut Response) {
        if let Some(rewrite) = self.rewrites.pop_front() {
            rewrite(response);
        }
    }

    pub(super) fn tamper(&mut self, response: &mut Response) {
        if let Some(tamper) = self.tampers.pop_front() {
            tamper(response);
        }
    }
}

fn call_fault(rule: &FaultRule, fault: Fault) -> CallFault {
    let wish = rule.spares_the_call.unwrap_or_else(|| fault.spares_the_call());
    let spares = wish && !fault.is_before_the_call();
    let mut effect = CallFault::default();
    if !spares {
        effect.instead = Some(Refusal::new(500, "SYSTEM_ERROR", "系统错误"));
    }
    match fault.effect() {
        Effect::OnTheWire => effect.wire_fault = Some(fault),
        Effect::Rewrite(rewrite) => effect.rewrite = Some(rewrite),
        Effect::Skew(seconds) => effect.skew = seconds,
        Effect::Resign(wrong_signature) => effect.wrong_signature = Some(wrong_signature),
        Effect::Tamper(tamper) => effect.tamper = Some(tamper),
        Effect::Refuse(refusal) if spares => effect.afterwards = Some(refusal),
        Effect::Refuse(refusal) => effect.instead = Some(refusal),
        // This fault takes effect before there is a call.
        Effect::Greet(_) => {}
    }
    effect
}

#[cfg(test)]
mod tests {
    use super::super::authorization_header::tests::signed;
    use super::*;

    /// Which of so many calls break.
    fn broken(faults: &mut Faults, method: &str, path: &str, count: usize) -> Vec<bool> {
        let request = signed(method, path, "");
        (0..count).map(|_| faults.draw(&request).wire_fault.is_some()).collect()
    }

    #[test]
    fn rule_chooses_by_method_path_predicate_and_number() {
        let mut faults = Faults::default();
        let rule = FaultRule::calls("POST", "/v3/pay/")
            .when(|request| request.path.ends_with("/app"))
            .when(|request| request.body.is_empty())
            .skip(1)
            .times(2);
        faults.add(rule, Fault::Silence);
        assert_eq!(broken(&mut faults, "GET", "/v3/pay/transactions/app", 2), [false, false]);
        assert_eq!(broken(&mut faults, "POST", "/v3/refund/app", 1), [false]);
        assert_eq!(broken(&mut faults, "POST", "/v3/pay/transactions/h5", 1), [false]);
        let path = "/v3/pay/transactions/app";
        assert_eq!(broken(&mut faults, "POST", path, 4), [false, true, true, false]);
        assert!(faults.rules.is_empty());
        faults.add(FaultRule::every_call(), Fault::Silence);
        assert_eq!(broken(&mut faults, "GET", "/", 3), [true; 3]);
        faults.clear();
        assert_eq!(broken(&mut faults, "GET", "/", 1), [false]);
        assert!(format!("{:?}", FaultRule::calls("GET", "/v3")).contains("/v3"));
    }

    #[test]
    fn fault_in_the_handshake_meets_connections_and_no_calls() {
        let mut faults = Faults::default();
        let rule = FaultRule::calls("POST", "/v3/pay/").skip(1).times(1);
        faults.add(rule, Fault::PlainText);
        faults.add(FaultRule::every_call().times(1), Fault::Silence);
        assert_eq!(broken(&mut faults, "GET", "/", 2), [true, false]);
        let greetings = [(); 3].map(|()| faults.draw_greeting());
        assert_eq!(greetings, [None, Some(Greeting::PlainText), None]);
        assert!(faults.rules.is_empty());
    }

    #[test]
    fn rule_reports_whether_the_call_is_carried_out_else_the_fault() {
        let instead = |rule: FaultRule, fault| {
            let effect = call_fault(&rule, fault);
            (effect.instead.map(|it| it.status), effect.afterwards.map(|it| it.status))
        };
        let any = FaultRule::every_call;
        for (rule, fault, expected) in [
            (any(), Fault::Silence, (None, None)),
            (any().before_the_call(), Fault::Silence, (Some(500), None)),
            (any().after_the_call(), Fault::Silence, (None, None)),
            (any().after_the_call(), Fault::ClosedBeforeReading, (Some(500), None)),
            (any(), Fault::BadGatewayPage, (Some(500), None)),
            (any().after_the_call(), Fault::BadGatewayPage, (None, None)),
            (any(), Fault::NoAuth, (Some(403), None)),
            (any().after_the_call(), Fault::FrequencyLimited, (None, Some(429))),
        ] {
            assert_eq!(instead(rule, fault), expected, "{fault}");
        }
    }
}
