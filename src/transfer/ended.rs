//! 未付款的终态: the proof that a transfer ended without a payment.

use std::fmt;

use crate::error::{Error, Invalid};
use crate::id::{AppId, OutBillNo, TransferBillNo};
use crate::money::Fen;
use crate::transfer::bill::{Bill, BillState};
use crate::transfer::fail_reason::FailReason;

/// A transfer that ended without a payment: a bill that WeChat Pay signed, checked against the merchant's own
/// transfer, with the state `FAIL` or `CANCELLED`.
///
/// Only [`Transfer::ended`](crate::transfer::Transfer::ended) and its counterpart for transfers under an authorization
/// make one. It is not `Clone`: one transfer that ended allows one new transfer.
///
/// ```compile_fail
/// let ended = wechatpay::transfer::Ended { state: wechatpay::transfer::BillState::Fail };
/// ```
///
/// ```
/// use wechatpay::transfer::Ended;
///
/// fn book(ended: &Ended) {
///     println!("{} paid nothing: {}", ended.out_bill_no(), ended.state());
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    out_bill_no: OutBillNo,
    transfer_bill_no: TransferBillNo,
    state: BillState,
    fail_reason: Option<FailReason>,
}

impl Ended {
    /// 商户单号: merchant transfer number.
    #[must_use]
    pub fn out_bill_no(&self) -> &OutBillNo {
        &self.out_bill_no
    }

    /// 微信转账单号: WeChat Pay's transfer number.
    #[must_use]
    pub fn transfer_bill_no(&self) -> &TransferBillNo {
        &self.transfer_bill_no
    }

    /// 单据状态: state of the transfer, `FAIL` or `CANCELLED`.
    #[must_use]
    pub fn state(&self) -> &BillState {
        &self.state
    }

    /// 失败原因: reason of the failure. Its [`advice`](FailReason::advice) is what to change before the next transfer.
    #[must_use]
    pub fn fail_reason(&self) -> Option<&FailReason> {
        self.fail_reason.as_ref()
    }

    pub(super) fn prove(
        mchid: &str,
        (out_bill_no, appid, amount): (&OutBillNo, &AppId, Fen),
        bill: &Bill,
    ) -> Result<Self, NotEnded> {
        same("mch_id", bill.mch_id.as_str(), mchid)?;
        same("out_bill_no", &bill.out_bill_no, out_bill_no)?;
        // A notification has no appid.
        same("appid", bill.appid.as_ref().unwrap_or(appid), appid)?;
        same("transfer_amount", bill.transfer_amount, amount)?;
        match bill.state {
            BillState::Fail | BillState::Cancelled => Ok(Self {
                out_bill_no: bill.out_bill_no.clone(),
                transfer_bill_no: bill.transfer_bill_no.clone(),
                state: bill.state.clone(),
                fail_reason: bill.fail_reason.clone(),
            }),
            _ => Err(NotEnded::State(bill.state.clone())),
        }
    }

    /// Whether a transfer with the old number may be repeated under the new one.
    pub(super) fn allows(&self, old: &OutBillNo, new: &OutBillNo) -> Result<(), Error> {
        if self.out_bill_no != *old {
            let rule = "must be the number of the transfer that ended";
            return Err(Invalid::new("out_bill_no", rule).into());
        }
        if new == old {
            let rule = "must be a new number, because the old one has ended";
            return Err(Invalid::new("out_bill_no", rule).into());
        }
        Ok(())
    }
}

/// Why a bill does not prove that a transfer ended without a payment. Do not use a new number.
///
/// ```
/// use wechatpay::transfer::{BillState, NotEnded};
///
/// let reason = NotEnded::State(BillState::WaitUserConfirm);
/// assert_eq!(
///     reason.to_string(),
///     "the transfer may still be paid (state WAIT_USER_CONFIRM); query it later, and use no new number"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotEnded {
    /// The state (单据状态) is another one: `SUCCESS` is paid, every other may still be paid.
    State(BillState),
    /// The bill belongs to another transfer: this member differs.
    Differs(&'static str),
}

impl fmt::Display for NotEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(BillState::Success) => {
                f.write_str("the transfer was paid (state SUCCESS); use no new number")
            }
            Self::State(state) => write!(
                f,
                "the transfer may still be paid (state {state}); query it later, and use no new number"
            ),
            Self::Differs(what) => write!(
                f,
                "the bill is not of this transfer ({what} differs); query the transfer, and use no \
                 new number"
            ),
        }
    }
}

impl std::error::Error for NotEnded {}

fn same<T: PartialEq>(name: &'static str, found: T, expected: T) -> Result<(), NotEnded> {
    if found == expected { Ok(()) } else { Err(NotEnded::Differs(name)) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::signer::Signer;
    use crate::transfer::bill::tests::bill;
    use crate::transfer::request::tests::{Merchant, transfer};

    fn ended_with(change: impl FnOnce(&mut Value)) -> Result<Ended, NotEnded> {
        let merchant: &dyn Signer = &Merchant;
        transfer().ended(merchant, &bill(change))
    }

    #[test]
    fn failed_transfer_of_the_merchant_ended() {
        let ended = ended_with(|_| ()).unwrap();
        assert_eq!(ended.out_bill_no().as_str(), "plfk2020042013");
        assert_eq!(ended.transfer_bill_no().as_str(), "1330000071100999991182020050700019480001");
        assert_eq!((ended.state(), ended.fail_reason().is_some()), (&BillState::Fail, true));
        let cancelled = ended_with(|bill| {
            bill["state"] = json!("CANCELLED");
            bill["appid"] = json!(null);
        });
        assert!(cancelled.is_ok());
    }

    #[test]
    fn every_other_state_may_be_paid() {
        for state in [
            "ACCEPTED",
            "PROCESSING",
            "WAIT_USER_CONFIRM",
            "TRANSFERING",
            "SUCCESS",
            "CANCELING",
            "CANCELED",
            "FAILED",
            "",
        ] {
            let expected = NotEnded::State(BillState::from(state));
            assert_eq!(ended_with(|bill| bill["state"] = json!(state)), Err(expected), "{state}");
        }
    }

    #[test]
    fn difference_is_named() {
        for (name, value) in [
            ("mch_id", json!("1900007292")),
            ("out_bill_no", json!("plfk2020042014")),
            ("appid", json!("wx1")),
            ("transfer_amount", json!(40001)),
        ] {
            assert_eq!(ended_with(|bill| bill[name] = value), Err(NotEnded::Differs(name)));
        }
    }

    #[test]
    fn new_number_needs_the_proof_of_the_old_one() {
        let number = |text| OutBillNo::new(text).unwrap();
        let transfer = transfer();
        let next = transfer.again(ended_with(|_| ()).unwrap(), number("plfk2")).unwrap();
        assert_eq!((next.out_bill_no.as_str(), &next.scene), ("plfk2", &transfer.scene));
        let error = next.again(ended_with(|_| ()).unwrap(), number("plfk3")).unwrap_err();
        assert_eq!(error.to_string(), "out_bill_no must be the number of the transfer that ended");
        let same = transfer.again(ended_with(|_| ()).unwrap(), number("plfk2020042013"));
        assert!(same.unwrap_err().to_string().starts_with("out_bill_no must be a new number"));
    }
}
