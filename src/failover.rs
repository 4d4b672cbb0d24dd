//! [`Failover`] (跨城冗灾): the main host, and the standby if the main host cannot be reached.

use crate::error::{Error, ErrorKind, Outcome, Retry};
use crate::gateway::Gateway;
use crate::signer::Signer;

/// 跨城冗灾: makes a call on the main host and, only if the request or its response was lost, once more
/// on the standby ([m/4012075113](https://pay.weixin.qq.com/doc/v3/merchant/4012075113)).
///
/// Only a [`Transport`](crate::ErrorKind::Transport) error leads to the second request. Every response
/// of WeChat Pay is final, and so is a response that fails verification. Both requests carry the same
/// order, refund or number, so WeChat Pay treats the second as a repetition of the first: one order
/// never becomes two. If the call fails on both hosts, the error is the one with the less certain
/// outcome.
///
/// ```
/// use wechatpay::pay::app;
/// use wechatpay::{Failover, Gateway, Host, HttpOptions, UreqTransport};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let order = sandbox.order("order-1")?;
/// let keys = sandbox.platform_keys().clone();
/// // A main host that refuses every connection:
/// let main = Gateway::at("https://127.0.0.1:1", keys, UreqTransport::new(&HttpOptions::default())?)?;
/// let hosts = Failover::new(main, sandbox.gateway().clone());
///
/// let answered = hosts.call(sandbox.signer(), &order, app::prepay);
/// assert_eq!(answered.host, Host::Standby);
/// let prepay_id = answered.result?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "跨城冗灾")]
#[derive(Debug, Clone)]
pub struct Failover {
    main: Gateway,
    standby: Gateway,
}

/// One of the two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host {
    /// 主域名: the main host.
    Main,
    /// 备域名: the backup host.
    Standby,
}

/// The result of a call, and the host that it comes from.
#[must_use]
#[derive(Debug)]
#[non_exhaustive]
pub struct Answered<T> {
    /// The host that `result` comes from.
    pub host: Host,
    /// The result of the call there.
    pub result: Result<T, Error>,
}

impl Failover {
    /// Combines the main gateway and its standby.
    #[must_use]
    pub fn new(main: Gateway, standby: Gateway) -> Self {
        Self { main, standby }
    }

    /// Calls `function` with `what` on the main host and, if that call was lost, once on the standby.
    /// That makes two requests at most.
    ///
    /// `function` is a function of this crate, such as [`app::prepay`](crate::pay::app::prepay) or
    /// [`refund::apply`](crate::refund::apply). Wrap one with more arguments in a closure. It must not
    /// generate the order number: the second request would be another order then.
    pub fn call<W: ?Sized, T>(
        &self,
        signer: &dyn Signer,
        what: &W,
        function: impl Fn(&dyn Signer, &Gateway, &W) -> Result<T, Error>,
    ) -> Answered<T> {
        let lost = match function(signer, &self.main, what) {
            Err(error) if is_lost(&error) => error,
            result => return Answered { host: Host::Main, result },
        };
        match function(signer, &self.standby, what) {
            // The standby does not know what reached the main host.
            Err(error)
                if !lost.is_read()
                    && uncertainty(error.outcome()) < uncertainty(lost.outcome()) =>
            {
                Answered { host: Host::Main, result: Err(lost) }
            }
            result => Answered { host: Host::Standby, result },
        }
    }
}

/// Whether the request or its response was lost, and the request may be sent again.
fn is_lost(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Transport(_)) && error.retry() == Retry::SameRequest
}

fn uncertainty(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::NotSent => 0,
        Outcome::Refused => 1,
        Outcome::Unknown => 2,
    }
}
