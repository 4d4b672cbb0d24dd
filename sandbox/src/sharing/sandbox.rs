//! What receivers and the platform do to splits, as methods of the sandbox.

use std::error::Error;
use std::fmt;

use wechatpay::{Fen, NotifyUrl};

use super::return_policy::ReturnPolicy;
use super::summary::{ReturnSummary, SplitSummary};
use crate::calendar::unix_now;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// Every split that was accepted, and every request to unfreeze, the newest first, in its present state.
    ///
    /// A split stays `PROCESSING` for a minute ([`Sandbox::let_time_pass`]), or until [`Sandbox::finish_split`].
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// // Here the program under test splits orders.
    /// assert!(sandbox.splits().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn splits(&self) -> Vec<SplitSummary> {
        self.state().split_summaries(unix_now())
    }

    /// Every return of a share, the newest first, in its present state.
    #[must_use]
    pub fn returns(&self) -> Vec<ReturnSummary> {
        self.state().return_summaries(unix_now())
    }

    /// The frozen amount of a paid order with profit sharing, which can still be split: zero once it is finished. `None` if
    /// there is no such order. The fee is taken off, as WeChat Pay does.
    #[must_use]
    pub fn frozen(&self, transaction_id: &str) -> Option<Fen> {
        self.state().frozen(transaction_id, unix_now()).map(Fen)
    }

    /// Ends a split, or a request to unfreeze, now: each receiver is paid, but those of [`Sandbox::fail_receiver`].
    ///
    /// # Errors
    ///
    /// If there is none with this number that is `PROCESSING`.
    pub fn finish_split(&self, out_order_no: &str) -> Result<(), SplitError> {
        let mut state = self.state();
        let now = state.clock.business(unix_now());
        let is_ended = state.finish_split(out_order_no, now);
        if is_ended { Ok(()) } else { Err(SplitError { out_order_no: out_order_no.to_owned() }) }
    }

    /// From now on, a share of this receiver ends as `CLOSED` with this reason, such as `ACCOUNT_ABNORMAL`. Without a
    /// reason it is paid again.
    pub fn fail_receiver(&self, account: &str, reason: Option<&str>) {
        let mut state = self.state();
        match reason {
            Some(reason) => {
                state.sharing.failing.insert(account.to_owned(), reason.to_owned());
            }
            None => {
                state.sharing.failing.remove(account);
            }
        }
    }

    /// 最大分账比例: sets the largest part of an order that may be split, in units of 1/10,000. At the start it is 3000
    /// (30 %).
    pub fn set_max_ratio(&self, max_ratio: u32) {
        self.state().sharing.max_ratio = max_ratio;
    }

    /// Sets how a receiver responds to requests to return money from now on.
    pub fn set_return_policy(&self, mchid: &str, policy: ReturnPolicy) {
        self.state().sharing.policies.insert(mchid.to_owned(), policy);
    }

    /// 分账动账通知: where the notifications of receiving merchants go. At the start this is
    /// [`Sandbox::notify_url`].
    pub fn set_share_notify_url(&self, notify_url: &NotifyUrl) {
        self.state().sharing.notify_url = notify_url.as_str().to_owned();
    }
}

/// Why [`Sandbox::finish_split`] cannot end a split: there is none with this number that is `PROCESSING`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitError {
    out_order_no: String,
}

impl fmt::Display for SplitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = &self.out_order_no;
        write!(
            formatter,
            "the sandbox has no split {number} that is PROCESSING; check its number (out_order_no)"
        )
    }
}

impl Error for SplitError {}
