//! 转账失败原因: why a transfer failed, and what to do about it.

use crate::open_set::open_set;

open_set! {
    /// 转账失败原因: why a transfer failed
    /// ([m/4013774966](https://pay.weixin.qq.com/doc/v3/merchant/4013774966)).
    transfer::FailReason {
        /// The user's account is frozen.
        AccountFrozen = "ACCOUNT_FROZEN",
        /// The user's account does not exist.
        AccountNotExist = "ACCOUNT_NOT_EXIST",
        /// The account of the user's bank card is abnormal.
        BankCardAccountAbnormal = "BANK_CARD_ACCOUNT_ABNORMAL",
        /// The bank of the user's bank card is wrong.
        BankCardBankInfoWrong = "BANK_CARD_BANK_INFO_WRONG",
        /// The user's bank card data is wrong.
        BankCardCardInfoWrong = "BANK_CARD_CARD_INFO_WRONG",
        /// The user's bank card received more than its limit.
        BankCardCollectionsAboveQuota = "BANK_CARD_COLLECTIONS_ABOVE_QUOTA",
        /// A parameter of the user's bank card is wrong.
        BankCardParamError = "BANK_CARD_PARAM_ERROR",
        /// The state of the user's bank card is abnormal.
        BankCardStatusAbnormal = "BANK_CARD_STATUS_ABNORMAL",
        /// The user received this month's limit; the user must verify the real name.
        BlockB2cUserlimitamountBsruleMonth = "BLOCK_B2C_USERLIMITAMOUNT_BSRULE_MONTH",
        /// The user received this month's limit.
        BlockB2cUserlimitamountMonth = "BLOCK_B2C_USERLIMITAMOUNT_MONTH",
        /// The user received as many transfers as a day allows.
        DayReceivedCountExceed = "DAY_RECEIVED_COUNT_EXCEED",
        /// The user received as much as a day allows.
        DayReceivedQuotaExceed = "DAY_RECEIVED_QUOTA_EXCEED",
        /// The amount exceeds the estimate.
        ExceededEstimatedAmount = "EXCEEDED_ESTIMATED_AMOUNT",
        /// The user's identity card number is wrong.
        IdCardNotCorrect = "ID_CARD_NOT_CORRECT",
        /// The merchant cancelled the transfer.
        MchCancel = "MCH_CANCEL",
        /// The merchant rejected the transfer.
        MerchantReject = "MERCHANT_REJECT",
        /// The merchant did not confirm the transfer in time.
        MerchantNotConfirm = "MERCHANT_NOT_CONFIRM",
        /// The user's name is not the real name.
        NameNotCorrect = "NAME_NOT_CORRECT",
        /// The openid is not valid, or not of this appid.
        OpenidInvalid = "OPENID_INVALID",
        /// Another reason.
        OtherFailReasonType = "OTHER_FAIL_REASON_TYPE",
        /// Closed because it was not finished in time: the user did not confirm within 24 hours, or the operation account had too little money.
        OverdueClose = "OVERDUE_CLOSE",
        /// The user's account is abnormal.
        PayeeAccountAbnormal = "PAYEE_ACCOUNT_ABNORMAL",
        /// The merchant's account is abnormal.
        PayerAccountAbnormal = "PAYER_ACCOUNT_ABNORMAL",
        /// The merchant has no permission for the product, or lost it.
        ProductAuthCheckFail = "PRODUCT_AUTH_CHECK_FAIL",
        /// The user's account received as much as its kind of verification allows.
        RealnameAccountReceivedQuotaExceed = "REALNAME_ACCOUNT_RECEIVED_QUOTA_EXCEED",
        /// The user has not verified the real name.
        RealNameCheckFail = "REAL_NAME_CHECK_FAIL",
        /// The user has no account for receiving.
        ReceiveAccountNotConfigure = "RECEIVE_ACCOUNT_NOT_CONFIGURE",
        /// The transfer differs from its reservation.
        ReservationInfoNotMatch = "RESERVATION_INFO_NOT_MATCH",
        /// The scene differs from that of the reservation.
        ReservationSceneNotMatch = "RESERVATION_SCENE_NOT_MATCH",
        /// The reservation is not in effect.
        ReservationStateInvalid = "RESERVATION_STATE_INVALID",
        /// The merchant's limit for the user, or for a day, is exceeded.
        TransferQuotaExceed = "TRANSFER_QUOTA_EXCEED",
        /// The remark could not be set.
        TransferRemarkSetFail = "TRANSFER_REMARK_SET_FAIL",
        /// WeChat Pay sees a risk.
        TransferRisk = "TRANSFER_RISK",
        /// The scene is not valid for the merchant.
        TransferSceneInvalid = "TRANSFER_SCENE_INVALID",
        /// The scene is not available now.
        TransferSceneUnavailable = "TRANSFER_SCENE_UNAVAILABLE",
        /// The transfers for one order exceed its amount.
        RelatedOrderTransferAmountExceed = "RELATED_ORDER_TRANSFER_AMOUNT_EXCEED",
        /// There are too many transfers for one order.
        RelatedOrderTransferCountExceed = "RELATED_ORDER_TRANSFER_COUNT_EXCEED",
        /// The budget is used up.
        BudgetNotEnough = "BUDGET_NOT_ENOUGH",
    }
}

impl FailReason {
    /// What to do, for the merchant's operator. A new transfer needs [`Ended`](crate::transfer::Ended) first.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::AccountFrozen | Self::AccountNotExist | Self::PayeeAccountAbnormal => {
                "ask the user to check the WeChat Pay account, then transfer under a new number"
            }
            Self::BankCardAccountAbnormal
            | Self::BankCardBankInfoWrong
            | Self::BankCardCardInfoWrong
            | Self::BankCardCollectionsAboveQuota
            | Self::BankCardParamError
            | Self::BankCardStatusAbnormal => {
                "ask the user to check or change the bank card, then transfer under a new number"
            }
            Self::BlockB2cUserlimitamountBsruleMonth
            | Self::BlockB2cUserlimitamountMonth
            | Self::RealnameAccountReceivedQuotaExceed => {
                "transfer under a new number next month, or ask the user to verify the real name in WeChat Pay"
            }
            Self::DayReceivedCountExceed | Self::DayReceivedQuotaExceed => {
                "transfer under a new number tomorrow"
            }
            Self::ExceededEstimatedAmount | Self::TransferQuotaExceed => {
                "raise the limit on the merchant platform, or transfer under a new number tomorrow"
            }
            Self::IdCardNotCorrect | Self::NameNotCorrect => {
                "ask the user for the real name, then transfer under a new number"
            }
            Self::MchCancel | Self::MerchantReject => {
                "transfer under a new number only if it is still owed"
            }
            Self::MerchantNotConfirm => {
                "approve it on the merchant platform in time, then transfer under a new number"
            }
            Self::OpenidInvalid => "use the user's openid under this appid, with a new number",
            Self::OtherFailReasonType => {
                "ask WeChat Pay's support with the transfer number, before a new transfer"
            }
            Self::OverdueClose => {
                "check the operation account, ask the user to confirm within 24 hours, and transfer under a new number"
            }
            Self::PayerAccountAbnormal => {
                "check the merchant's accounts on the merchant platform, then transfer under a new number"
            }
            Self::ProductAuthCheckFail => {
                "apply for the product on the merchant platform, then transfer under a new number"
            }
            Self::RealNameCheckFail | Self::ReceiveAccountNotConfigure => {
                "ask the user to verify the real name in WeChat Pay, then transfer under a new number"
            }
            Self::ReservationInfoNotMatch
            | Self::ReservationSceneNotMatch
            | Self::ReservationStateInvalid => {
                "use the values of the reservation, or none, with a new number"
            }
            Self::TransferRemarkSetFail => "change the remark, and transfer under a new number",
            Self::TransferRisk => {
                "check the user, and ask WeChat Pay's support before a new transfer"
            }
            Self::TransferSceneInvalid | Self::TransferSceneUnavailable => {
                "check the scene on the merchant platform, then transfer under a new number"
            }
            Self::RelatedOrderTransferAmountExceed | Self::RelatedOrderTransferCountExceed => {
                "check what was transferred for the order, before a new transfer"
            }
            Self::BudgetNotEnough => {
                "raise the budget on the merchant platform, then transfer under a new number"
            }
            Self::Other(_) => "look the reason up in WeChat Pay's documents, before a new transfer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_that_is_unknown_has_advice_too() {
        let advice = FailReason::from("NEW_REASON").advice();
        assert!(advice.contains("before a new transfer"));
        assert!(FailReason::NameNotCorrect.advice().contains("real name"));
        assert_eq!(
            FailReason::BlockB2cUserlimitamountMonth.as_str(),
            "BLOCK_B2C_USERLIMITAMOUNT_MONTH"
        );
    }
}
