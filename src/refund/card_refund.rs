//! [`CardRefund`]: an abnormal refund to a bank card of the payer.

use serde::Serialize;

use crate::encryption::{self, Encrypted};
use crate::error::{Error, Violations};
use crate::gateway::Body;
use crate::id::{OutRefundNo, RefundId};
use crate::party::{Party, PartyFields};
use crate::signer::Signer;
use crate::strict_json::{self, Object};
use crate::validate;

/// 异常退款, `USER_BANK_CARD`: pays a refund that ended as [`Status::Abnormal`](super::Status::Abnormal) to a bank card of the payer.
///
/// The card number and the name are encrypted, each time to other bytes. To make the same call again after an unknown outcome,
/// keep the value itself, or store [`to_json`](Self::to_json) together with [`encryption_serial`](Self::encryption_serial).
///
/// ```
/// use wechatpay::encryption::Encrypted;
/// use wechatpay::refund::{CardRefund, State};
///
/// fn example(state: State, account: Encrypted, name: Encrypted) -> CardRefund {
///     CardRefund::new(state.refund_id, state.out_refund_no, "ICBC_DEBIT", account, name)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CardRefund {
    /// 微信支付退款单号: WeChat Pay's refund number.
    pub refund_id: RefundId,
    /// 商户退款单号: merchant refund number.
    pub out_refund_no: OutRefundNo,
    /// 开户银行: the bank of the card, 1 to 16 characters, such as `ICBC_DEBIT`. Debit cards of 15 banks only; the page lists them.
    pub bank_type: String,
    /// 收款银行卡号: the card number, encrypted.
    pub bank_account: Encrypted,
    /// 收款用户姓名: the cardholder's name, encrypted.
    pub real_name: Encrypted,
}

impl CardRefund {
    /// A refund to this card. Encrypt both values with one `Encryptor`.
    pub fn new(
        refund_id: RefundId,
        out_refund_no: OutRefundNo,
        bank_type: impl Into<String>,
        bank_account: Encrypted,
        real_name: Encrypted,
    ) -> Self {
        Self { refund_id, out_refund_no, bank_type: bank_type.into(), bank_account, real_name }
    }

    /// Restores a refund from its body and the serial number of the key that it was encrypted with.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn from_json(
        signer: &dyn Signer,
        json: &[u8],
        refund_id: RefundId,
        encryption_serial: &str,
    ) -> Result<Self, Error> {
        encryption::check_serial(encryption_serial)?;
        let members = |object: &mut Object<'_>| {
            Party::from(signer).read_sub_mchid(object);
            let out_refund_no = object.required("out_refund_no");
            object.agrees("type", Some(TYPE), "");
            let bank_type = object.required("bank_type");
            let mut encrypted = |name| {
                let ciphertext: String = object.required(name)?;
                object.checked(name, Encrypted::new(encryption_serial, ciphertext))
            };
            let (bank_account, real_name) = (encrypted("bank_account"), encrypted("real_name"));
            Some(Self {
                refund_id,
                out_refund_no: out_refund_no?,
                bank_type: bank_type?,
                bank_account: bank_account?,
                real_name: real_name?,
            })
        };
        strict_json::read(json, members, Self::find_violations)
    }

    /// The request body. The same value becomes the same bytes.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        self.validate()?;
        Ok(validate::to_json(&Fields {
            party: Party::from(signer).sub_mchid_field(),
            out_refund_no: &self.out_refund_no,
            r#type: TYPE,
            bank_type: &self.bank_type,
            bank_account: &self.bank_account,
            real_name: &self.real_name,
        })?)
    }

    /// The serial number of the key that both values were encrypted with. It is not part of the body.
    #[must_use]
    pub fn encryption_serial(&self) -> &str {
        self.bank_account.serial()
    }

    /// Validates the refund against the documented rules, and that both values were encrypted with one key.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self) -> Result<(), Error> {
        encryption::common_serial([&self.bank_account, &self.real_name])?;
        Ok(Violations::collect(|violations| self.find_violations(violations))?)
    }

    fn find_violations(&self, violations: &mut Violations) {
        validate::text(violations, "/bank_type", &self.bank_type, 16);
    }

    pub(super) fn body<'a>(&'a self, json: &'a [u8]) -> Body<'a> {
        Body::encrypted(json, Some(self.encryption_serial()))
    }
}

const TYPE: &str = "USER_BANK_CARD";

#[derive(Serialize)]
struct Fields<'a> {
    #[serde(flatten)]
    party: PartyFields<'a>,
    out_refund_no: &'a OutRefundNo,
    r#type: &'static str,
    bank_type: &'a str,
    bank_account: &'a Encrypted,
    real_name: &'a Encrypted,
}
