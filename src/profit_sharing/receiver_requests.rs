//! 添加分账接收方, 删除分账接收方: the requests that change a merchant's list of receivers.

use serde::Serialize;

#[cfg(feature = "aws-lc-rs")]
use crate::encryption::Encryptor;
use crate::error::{Error, Violations};
use crate::id::AppId;
use crate::party::{Party, PartyFields};
use crate::profit_sharing::names::{self, Names};
use crate::profit_sharing::receiver::{Receiver, ReceiverAccount, ReceiverType, RelationType};
use crate::signer::Signer;
use crate::strict_json::{self, Object};
use crate::validate;

/// 添加分账接收方: a receiver to be added to the merchant's list.
///
/// ```
/// use wechatpay::AppId;
/// use wechatpay::encryption::Encrypted;
/// use wechatpay::profit_sharing::{NewReceiver, Receiver, RelationType};
///
/// fn example(appid: AppId, full_name: Encrypted) -> Result<NewReceiver, wechatpay::Error> {
///     let receiver = Receiver::merchant("1900000109", full_name)?;
///     Ok(NewReceiver::new(appid, receiver, RelationType::Supplier))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewReceiver {
    /// 公众账号ID: the appid, bound to the merchant; in partner mode to the partner.
    pub appid: AppId,
    /// 分账接收方: the receiver.
    pub receiver: Receiver,
    /// 与分账方的关系类型: its relation to the merchant.
    pub relation_type: RelationType,
    /// 自定义的分账关系: the relation in words, at most 10 characters, with [`RelationType::Custom`] and only then.
    /// Default: none.
    pub custom_relation: Option<String>,
}

impl NewReceiver {
    /// A receiver with this relation to the merchant.
    #[must_use]
    pub fn new(appid: AppId, receiver: Receiver, relation_type: RelationType) -> Self {
        Self { appid, receiver, relation_type, custom_relation: None }
    }

    /// Parses a body as the documents print it, with its name encrypted under the key with this serial number:
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

    /// Parses a body as [`from_json`](Self::from_json) does, but its name is plain text, which is encrypted.
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

    /// Validates the request against the documented rules. [`add_receiver`](crate::profit_sharing::add_receiver)
    /// does this before sending.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self, signer: &dyn Signer) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations, signer))?)
    }

    fn find_violations(&self, violations: &mut Violations, signer: &dyn Signer) {
        let party = Party::from(signer);
        self.receiver.account().find_violations(violations, "", party);
        if self.relation_type == RelationType::ServiceProvider && party.sub_merchant().is_none() {
            violations.add("/relation_type", "must not be SERVICE_PROVIDER without a partner");
        }
        if matches!(self.relation_type, RelationType::Other(_)) {
            violations.add("/relation_type", "must be a documented value, such as STORE or CUSTOM");
        }
        let is_custom = self.relation_type == RelationType::Custom;
        match &self.custom_relation {
            Some(_) if !is_custom => violations
                .add("/custom_relation", "must be left out unless relation_type is CUSTOM"),
            None if is_custom => {
                violations.add("/custom_relation", "is missing; relation_type is CUSTOM");
            }
            relation => {
                let relation = relation.as_deref();
                validate::optional_text(violations, "/custom_relation", relation, 10);
            }
        }
    }

    /// The body that is sent. The same request becomes the same bytes.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        self.validate(signer)?;
        Ok(validate::to_json(&NewBody {
            party: parties(signer, self.receiver.account()),
            appid: &self.appid,
            receiver: &self.receiver,
            relation_type: &self.relation_type,
            custom_relation: self.custom_relation.as_deref(),
        })?)
    }

    /// The serial number of the key that the name was encrypted with. Store it beside the body.
    #[must_use]
    pub fn encryption_serial(&self) -> Option<&str> {
        names::serial(self.receiver.name())
    }

    fn from_json_with(signer: &dyn Signer, names: &Names<'_>, json: &[u8]) -> Result<Self, Error> {
        let members = |object: &mut Object<'_>| Self::read(signer, names, object);
        strict_json::read(json, members, |receiver, violations| {
            receiver.find_violations(violations, signer);
        })
    }

    fn read(signer: &dyn Signer, names: &Names<'_>, object: &mut Object<'_>) -> Option<Self> {
        read_parties(signer, object);
        let appid = object.required("appid");
        let receiver = Receiver::read(object, names);
        let relation_type = object.required("relation_type");
        let custom_relation = object.optional("custom_relation");
        Some(Self {
            appid: appid?,
            receiver: receiver?,
            relation_type: relation_type?,
            custom_relation,
        })
    }
}

/// 删除分账接收方: a receiver to be deleted from the merchant's list.
///
/// ```
/// use wechatpay::AppId;
/// use wechatpay::profit_sharing::{DeletedReceiver, ReceiverAccount};
///
/// fn example(appid: AppId) -> Result<DeletedReceiver, wechatpay::Error> {
///     Ok(DeletedReceiver::new(appid, ReceiverAccount::merchant("1900000109")?))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeletedReceiver {
    /// 公众账号ID: the appid, bound to the merchant; in partner mode to the partner.
    pub appid: AppId,
    /// 分账接收方: the account of the receiver.
    pub account: ReceiverAccount,
}

impl DeletedReceiver {
    /// The receiver with this account.
    #[must_use]
    pub fn new(appid: AppId, account: ReceiverAccount) -> Self {
        Self { appid, account }
    }

    /// Parses a body as the documents print it, strictly as [`NewReceiver::from_json`] does.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        let members = |object: &mut Object<'_>| {
            read_parties(signer, object);
            let appid = object.required("appid");
            let account = ReceiverAccount::read(object);
            Some(Self { appid: appid?, account: account? })
        };
        strict_json::read(json, members, |receiver, violations| {
            receiver.find_violations(violations, signer);
        })
    }

    /// Validates the request against the documented rules. [`delete_receiver`](crate::profit_sharing::delete_receiver)
    /// does this before sending.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self, signer: &dyn Signer) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations, signer))?)
    }

    fn find_violations(&self, violations: &mut Violations, signer: &dyn Signer) {
        self.account.find_violations(violations, "", Party::from(signer));
    }

    /// The body that is sent. The same request becomes the same bytes.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        self.validate(signer)?;
        let party = parties(signer, &self.account);
        Ok(validate::to_json(&DeletedBody { party, appid: &self.appid, account: &self.account })?)
    }
}

/// `sub_mchid`, and `sub_appid` if the receiver's openid is under it.
fn parties<'a>(signer: &'a dyn Signer, account: &ReceiverAccount) -> PartyFields<'a> {
    super::party_fields(Party::from(signer), account.is(&ReceiverType::SubOpenId))
}

fn read_parties(signer: &dyn Signer, object: &mut Object<'_>) {
    super::read_party_fields(Party::from(signer), object);
}

#[derive(Serialize)]
struct NewBody<'a> {
    #[serde(flatten)]
    party: PartyFields<'a>,
    appid: &'a AppId,
    #[serde(flatten)]
    receiver: &'a Receiver,
    relation_type: &'a RelationType,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_relation: Option<&'a str>,
}

#[derive(Serialize)]
struct DeletedBody<'a> {
    #[serde(flatten)]
    party: PartyFields<'a>,
    appid: &'a AppId,
    #[serde(flatten)]
    account: &'a ReceiverAccount,
}
