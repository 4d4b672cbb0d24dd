//! 跨城冗灾: the main host, and the standby when it cannot be reached.

use crate::error::{Error, ErrorKind, Outcome};
use crate::gateway::Gateway;
use crate::signer::Signer;

/// Makes a call on the main host and, only if it was lost on the way there, once more on the
/// standby (m/4012075113).
///
/// A request or an answer that is lost ([`Transport`](crate::ErrorKind::Transport)) is the one reason to go on: any response
/// of WeChat Pay is final, and so is a response that fails verification. Both calls get the same
/// borrowed order, refund or number, so both send the same bytes, and WeChat Pay takes the second
/// for a repetition of the first: one order never becomes two. Where a call fails on both hosts the
/// error is the one that leaves more open, so it never says less than the truth.
///
/// ```
/// use wechatpay::pay::app;
/// use wechatpay::{Failover, Gateway, Host};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
/// let keys = sandbox.platform_keys().clone();
/// let hosts = Failover::new(Gateway::new(keys.clone())?, Gateway::standby(keys)?);
/// // Nobody listens on port 1.
/// let nobody = wechatpay::UreqTransport::new(&wechatpay::HttpOptions::default())?;
/// let main = Gateway::at("https://127.0.0.1:1", sandbox.platform_keys().clone(), nobody)?;
/// let hosts = Failover::new(main, gateway.clone());
/// let answered = hosts.call(signer, &order, app::prepay);
/// if answered.host == Host::Standby {
///     println!("the main host cannot be reached");
/// }
/// assert_eq!(answered.host, Host::Standby);
/// let prepay_id = answered.result?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Failover {
    main: Gateway,
    standby: Gateway,
}

/// One of the two hosts.
///
/// ```
/// use wechatpay::{Failover, Host, pay::app};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
/// let (main, standby) = (gateway.clone(), gateway.clone());
/// let hosts = Failover::new(main, standby);
/// let answered = hosts.call(signer, &order, app::prepay);
/// assert_eq!(answered.host, Host::Main);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host {
    /// The main host (主域名).
    Main,
    /// The backup host (备域名).
    Standby,
}

/// What a call ended in, and where.
///
/// ```
/// use wechatpay::{Failover, pay::app};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
/// let (main, standby) = (gateway.clone(), gateway.clone());
/// let hosts = Failover::new(main, standby);
/// let answered = hosts.call(signer, &order, app::prepay);
/// println!("{:?} answered", answered.host);
/// let prepay_id = answered.result?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Debug)]
#[non_exhaustive]
pub struct Answered<T> {
    /// The host that `result` is of.
    pub host: Host,
    /// What the call returned there.
    pub result: Result<T, Error>,
}

impl Failover {
    /// The main gateway and its standby.
    #[must_use]
    pub fn new(main: Gateway, standby: Gateway) -> Self {
        Self { main, standby }
    }

    /// Calls `function` with `what`: on the main host, and where that call was lost, once on the
    /// standby. That makes two requests at most.
    ///
    /// `function` is any of this crate's, such as [`app::prepay`](crate::pay::app::prepay) or
    /// [`refund::apply`](crate::refund::apply); one that takes more than a signer, a gateway and
    /// `what` goes into a closure. It must not make up a number: then it would be another order.
    pub fn call<W: ?Sized, T>(
        &self,
        signer: &dyn Signer,
        what: &W,
        function: impl Fn(&dyn Signer, &Gateway, &W) -> Result<T, Error>,
    ) -> Answered<T> {
        let lost = match function(signer, &self.main, what) {
            Err(error) if matches!(error.kind(), ErrorKind::Transport(_)) => error,
            result => return Answered { host: Host::Main, result },
        };
        match function(signer, &self.standby, what) {
            // The standby cannot speak for what may have reached the main host.
            Err(error) if openness(error.outcome()) < openness(lost.outcome()) => {
                Answered { host: Host::Main, result: Err(lost) }
            }
            result => Answered { host: Host::Standby, result },
        }
    }
}

fn openness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::NotSent => 0,
        Outcome::Refused => 1,
        Outcome::Unknown => 2,
    }
}
