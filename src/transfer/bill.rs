//! 转账单: a transfer as WeChat Pay sees it.

use serde::{Deserialize, Serialize};

use crate::id::{AppId, OpenId, OutBillNo, TransferBillNo};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::received;
use crate::time::Time;
use crate::transfer::fail_reason::FailReason;

/// 转账单: a transfer as WeChat Pay sees it, from [`query`](crate::transfer::query) or a
/// [notification](crate::notify), which has fewer fields.
///
/// It has no `package_info`: only the response of [`create`](crate::transfer::create) has one. If it was lost,
/// create the same transfer again, within three calendar days.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bill {
    /// 商户号: merchant number; the documents spell it with an underscore here.
    #[serde(deserialize_with = "received::text")]
    pub mch_id: String,
    /// 商户单号: merchant transfer number.
    #[serde(deserialize_with = "received::text")]
    pub out_bill_no: OutBillNo,
    /// 微信转账单号: WeChat Pay's transfer number.
    #[serde(deserialize_with = "received::text")]
    pub transfer_bill_no: TransferBillNo,
    /// 商户AppID: the appid; a notification has none.
    #[serde(default, deserialize_with = "received::option")]
    pub appid: Option<AppId>,
    /// 单据状态: state of the transfer.
    pub state: BillState,
    /// 转账金额: amount in fen.
    pub transfer_amount: Fen,
    /// 转账备注: remark; a notification has none.
    #[serde(default, deserialize_with = "received::option")]
    pub transfer_remark: Option<String>,
    /// 失败原因: reason of a failure.
    #[serde(default, deserialize_with = "received::option")]
    pub fail_reason: Option<FailReason>,
    /// 收款用户OpenID: the user who receives the money.
    #[serde(default, deserialize_with = "received::option")]
    pub openid: Option<OpenId>,
    /// 收款用户姓名: the user's name, encrypted for the merchant, if the transfer named it. See
    /// [`decrypt`](crate::encryption::decrypt).
    #[serde(default, deserialize_with = "received::option")]
    pub user_name: Option<String>,
    /// 单据创建时间: time at which the transfer was created.
    pub create_time: Time,
    /// 最后一次单据状态变更时间: time of the last change of the state.
    pub update_time: Time,
    /// 收款方式: where a paid transfer went; only in notifications.
    #[serde(default, deserialize_with = "received::option")]
    pub payment_method_type: Option<PaymentMethodType>,
}

/// Leaves out the user's name.
impl std::fmt::Debug for Bill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bill")
            .field("out_bill_no", &self.out_bill_no)
            .field("transfer_bill_no", &self.transfer_bill_no)
            .field("state", &self.state)
            .field("transfer_amount", &self.transfer_amount)
            .field("fail_reason", &self.fail_reason)
            .finish_non_exhaustive()
    }
}

open_set! {
    /// 单据状态: state of a transfer. Only [`Success`](Self::Success) means that the user has the money.
    transfer::BillState {
        /// 转账已受理: accepted. If it stays so, create the same transfer again, and check the operation account.
        Accepted = "ACCEPTED",
        /// 转账锁定资金中: money is being reserved; if the balance is too low for 24 hours, the transfer fails.
        Processing = "PROCESSING",
        /// 待收款用户确认: money is reserved, and the user may confirm.
        WaitUserConfirm = "WAIT_USER_CONFIRM",
        /// 转账中: the user confirmed. The documents spell it with one R.
        Transfering = "TRANSFERING",
        /// 转账成功: the user has the money. Final.
        Success = "SUCCESS",
        /// 转账失败: failed; the reason is in `fail_reason`. Final.
        Fail = "FAIL",
        /// 商户撤销请求受理成功，该笔转账正在撤销中: being cancelled; the user's confirmation may still win.
        Canceling = "CANCELING",
        /// 转账撤销完成: cancelled, and the money is back. Final.
        Cancelled = "CANCELLED",
    }
}

impl BillState {
    /// Whether this is a final state: `SUCCESS`, `FAIL` or `CANCELLED`. A word that is not known here is not.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Success | Self::Fail | Self::Cancelled)
    }
}

open_set! {
    /// 收款方式: where the money of a transfer went.
    transfer::PaymentMethodType {
        /// 零钱: the user's balance in WeChat.
        Balance = "CFT",
        /// 香港钱包: the user's wallet in Hong Kong.
        HongKongWallet = "WPHK",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) fn bill(change: impl FnOnce(&mut Value)) -> Bill {
        let mut bill = json!({
            "mch_id": "1900007291", "out_bill_no": "plfk2020042013",
            "transfer_bill_no": "1330000071100999991182020050700019480001",
            "appid": "wxf636efh567hg4356", "state": "FAIL", "transfer_amount": 40000,
            "transfer_remark": "新会员开通有礼", "fail_reason": "PAYEE_ACCOUNT_ABNORMAL",
            "openid": "o-MYE42l80oelYMDE34nYD456Xoy", "user_name": "SECRET",
            "create_time": "2015-05-20T13:29:35.120+08:00",
            "update_time": "2015-05-20T13:29:35.120+08:00",
        });
        change(&mut bill);
        serde_json::from_value(bill).unwrap()
    }

    #[test]
    fn stored_bill_is_the_same() {
        let bill = bill(|_| ());
        let stored = serde_json::to_string(&bill).unwrap();
        assert_eq!(serde_json::from_str::<Bill>(&stored).unwrap(), bill);
    }

    #[test]
    fn query_and_notification_have_one_structure() {
        let of_query = bill(|_| ());
        assert_eq!(of_query.fail_reason, Some(FailReason::PayeeAccountAbnormal));
        let of_notification = bill(|bill| {
            for name in ["appid", "transfer_remark", "user_name", "fail_reason"] {
                bill.as_object_mut().unwrap().remove(name);
            }
            (bill["state"], bill["payment_method_type"]) = (json!("SUCCESS"), json!("CFT"));
        });
        assert_eq!(of_notification.state, BillState::Success);
        assert_eq!(of_notification.payment_method_type, Some(PaymentMethodType::Balance));
        assert_eq!((of_notification.appid, of_query.openid.is_some()), (None, true));
    }

    #[test]
    fn only_three_states_are_final() {
        let states = [
            "ACCEPTED",
            "PROCESSING",
            "WAIT_USER_CONFIRM",
            "TRANSFERING",
            "SUCCESS",
            "FAIL",
            "CANCELING",
            "CANCELLED",
            "TRANSFERRING",
            "NEW",
        ];
        let is_final = |word: &&str| BillState::from(*word).is_final();
        let finals: Vec<_> = states.into_iter().filter(is_final).collect();
        assert_eq!(finals, ["SUCCESS", "FAIL", "CANCELLED"]);
    }

    #[test]
    fn debug_leaves_out_the_name() {
        let shown = format!("{:?}", bill(|_| ()));
        assert!(shown.contains("plfk2020042013") && !shown.contains("SECRET"), "{shown}");
    }
}
