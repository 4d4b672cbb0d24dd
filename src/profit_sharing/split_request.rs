//! 请求分账: a split of a paid order's frozen money.

use serde::Serialize;

use crate::encryption::Encrypted;
#[cfg(feature = "aws-lc-rs")]
use crate::encryption::Encryptor;
use crate::error::{Error, Member, Violations};
use crate::id::{AppId, OutOrderNo, TransactionId};
use crate::money::Fen;
use crate::party::{Party, PartyFields};
use crate::profit_sharing::names::{self, Names};
use crate::profit_sharing::receiver::{Receiver, ReceiverType};
use crate::signer::Signer;
use crate::strict_json::{self, Object};
use crate::validate;

/// 请求分账: a split of a paid order's frozen money between receivers.
///
/// Keep it: if the outcome of requesting it is unknown, request the same split again. The same split
/// becomes the same bytes. Encrypting a name again does not, so store [`to_json`](Self::to_json) and
/// [`encryption_serial`](Self::encryption_serial), not the plain names alone.
///
/// ```
/// use wechatpay::encryption::Encrypted;
/// use wechatpay::profit_sharing::{Receiver, Remainder, Share, Split};
/// use wechatpay::{Error, Fen, OutOrderNo, TransactionId};
///
/// fn example(transaction_id: TransactionId, full_name: Encrypted) -> Result<Split, Error> {
///     let receiver = Receiver::merchant("1900000109", full_name)?;
///     let shares = vec![Share::new(receiver, Fen(30), "分给供应商")];
///     let number = OutOrderNo::new("split-1")?; // Stored before the call.
///     Ok(Split::new(transaction_id, number, shares, Remainder::StaysFrozen))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Split {
    /// 微信订单号: WeChat Pay's transaction ID of the order; of a combined order, that of the sub-order.
    pub transaction_id: TransactionId,
    /// 商户分账单号: the merchant's own number of the split.
    pub out_order_no: OutOrderNo,
    /// 分账接收方列表: who receives how much. 1 to 50, each receiver once.
    pub receivers: Vec<Share>,
    /// 是否解冻剩余未分资金: what becomes of the rest.
    pub remainder: Remainder,
    /// 应用ID: the appid that the openids are of. Needed if there is an openid among the receivers. Default: none.
    pub appid: Option<AppId>,
}

/// 分账: what one receiver gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Share {
    /// 分账接收方: the receiver, who must have been [added](crate::profit_sharing::add_receiver) before.
    #[serde(flatten)]
    pub receiver: Receiver,
    /// 分账金额: the amount in fen, at least 1.
    pub amount: Fen,
    /// 分账描述: description, shown to the receiver and in bills. 1 to 80 characters.
    pub description: String,
}

/// 是否解冻剩余未分资金: what becomes of the money that a split leaves (`unfreeze_unsplit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remainder {
    /// 不解冻: it stays frozen. The order can be split again.
    StaysFrozen,
    /// 解冻: it goes back to the merchant. **The order can never be split again**, so this is for the last split.
    IsUnfrozen,
}

impl Share {
    /// This amount for this receiver.
    pub fn new(receiver: Receiver, amount: Fen, description: impl Into<String>) -> Self {
        Self { receiver, amount, description: description.into() }
    }
}

impl Split {
    /// A split between these receivers.
    #[must_use]
    pub fn new(
        transaction_id: TransactionId,
        out_order_no: OutOrderNo,
        receivers: Vec<Share>,
        remainder: Remainder,
    ) -> Self {
        Self { transaction_id, out_order_no, receivers, remainder, appid: None }
    }

    /// Parses a body as the documents print it, with its names encrypted under the key with this serial number:
    /// what [`to_json`](Self::to_json) and [`encryption_serial`](Self::encryption_serial) returned.
    ///
    /// A field that is unknown, repeated or of the wrong type is an error. `sub_mchid` and `sub_appid` may be left
    /// out; otherwise they must be those of the signer's sub-merchant.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn from_json(
        signer: &dyn Signer,
        json: &[u8],
        encryption_serial: Option<&str>,
    ) -> Result<Self, Error> {
        Self::from_json_with(signer, &Names::Encrypted(encryption_serial), json)
    }

    /// Parses a body as [`from_json`](Self::from_json) does, but its names are plain text, which is encrypted.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    #[cfg(feature = "aws-lc-rs")]
    pub fn from_plain_json(
        signer: &dyn Signer,
        json: &[u8],
        encryptor: &Encryptor,
    ) -> Result<Self, Error> {
        Self::from_json_with(signer, &Names::Plain(encryptor), json)
    }

    /// 分账金额之和: the sum of the amounts.
    #[must_use]
    pub fn total(&self) -> Fen {
        Fen(self.receivers.iter().fold(0, |sum, share| sum.saturating_add(share.amount.0)))
    }

    /// Validates the split against the documented rules. [`split`](crate::profit_sharing::split) does this before
    /// sending.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self, signer: &dyn Signer) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations, signer))?)
    }

    fn find_violations(&self, violations: &mut Violations, signer: &dyn Signer) {
        let party = Party::from(signer);
        if !(1..=MOST_RECEIVERS).contains(&self.receivers.len()) {
            violations.add("/receivers", "must be 1 to 50 receivers");
        }
        if self.receivers.len() <= MOST_RECEIVERS {
            for (index, share) in self.receivers.iter().enumerate() {
                let earlier = self.receivers.iter().take(index);
                self.find_violations_of(violations, party, index, share, earlier);
            }
        }
        if self.total() > Fen::MAX {
            violations.add("/receivers", "must have a sum that fits a signed 64-bit integer");
        }
        if self.appid.is_none() && self.has(&ReceiverType::OpenId) {
            violations.add("/appid", "is missing; an openid among the receivers needs it");
        }
        let names = self.receivers.iter().map(|share| share.receiver.name());
        names::find_violations(violations, self.encryption_serial(), names);
    }

    /// The body that is sent. The same split becomes the same bytes.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        self.validate(signer)?;
        let party = Party::from(signer);
        Ok(validate::to_json(&Body {
            party: super::party_fields(party, self.has(&ReceiverType::SubOpenId)),
            appid: self.appid.as_ref(),
            transaction_id: &self.transaction_id,
            out_order_no: &self.out_order_no,
            receivers: &self.receivers,
            unfreeze_unsplit: self.remainder == Remainder::IsUnfrozen,
        })?)
    }

    /// The serial number of the key that the names were encrypted with; none if there is no name. Store it beside
    /// the body.
    #[must_use]
    pub fn encryption_serial(&self) -> Option<&str> {
        names::serial(self.names())
    }

    fn names(&self) -> impl Iterator<Item = &Encrypted> {
        self.receivers.iter().filter_map(|share| share.receiver.name())
    }

    fn has(&self, r#type: &ReceiverType) -> bool {
        self.receivers.iter().any(|share| share.receiver.account().is(r#type))
    }

    fn find_violations_of<'a>(
        &self,
        violations: &mut Violations,
        party: Party<'_>,
        index: usize,
        share: &Share,
        mut earlier: impl Iterator<Item = &'a Share>,
    ) {
        let path = format!("/receivers/{index}");
        let account = share.receiver.account();
        account.find_violations(violations, &path, party);
        if earlier.any(|earlier| earlier.receiver.account() == account) {
            let rule = "must be a receiver that occurs only once; add up its amounts";
            violations.add(format!("{path}/account"), rule);
        }
        if self.remainder == Remainder::IsUnfrozen && account.is_merchant(super::payer(party)) {
            let rule =
                "must not be the merchant itself if the rest is unfrozen: it gets the rest anyway";
            violations.add(format!("{path}/account"), rule);
        }
        let at = |name| Member { path: &path, name };
        validate::total(violations, at("amount"), share.amount);
        validate::text(violations, at("description"), &share.description, 80);
    }

    fn from_json_with(signer: &dyn Signer, names: &Names<'_>, json: &[u8]) -> Result<Self, Error> {
        let members = |object: &mut Object<'_>| Self::read(signer, names, object);
        strict_json::read(json, members, |split, violations| {
            split.find_violations(violations, signer);
        })
    }

    fn read(signer: &dyn Signer, names: &Names<'_>, object: &mut Object<'_>) -> Option<Self> {
        super::read_party_fields(Party::from(signer), object);
        let appid = object.optional("appid");
        let transaction_id = object.required("transaction_id");
        let out_order_no = object.required("out_order_no");
        let receivers = object.list("receivers", |object| {
            let receiver = Receiver::read(object, names);
            let amount = object.required("amount");
            let description = object.required("description");
            Some(Share { receiver: receiver?, amount: amount?, description: description? })
        });
        let remainder = object
            .required("unfreeze_unsplit")
            .map(|unfreeze| if unfreeze { Remainder::IsUnfrozen } else { Remainder::StaysFrozen });
        Some(Self {
            transaction_id: transaction_id?,
            out_order_no: out_order_no?,
            receivers: receivers?,
            remainder: remainder?,
            appid,
        })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    party: PartyFields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appid: Option<&'a AppId>,
    transaction_id: &'a TransactionId,
    out_order_no: &'a OutOrderNo,
    receivers: &'a [Share],
    unfreeze_unsplit: bool,
}

/// [m/4012525287](https://pay.weixin.qq.com/doc/v3/merchant/4012525287).
const MOST_RECEIVERS: usize = 50;
