//! 分账接收方: who receives a share, and the relation to the merchant.

use serde::{Deserialize, Serialize};

use crate::encryption::Encrypted;
use crate::error::{Error, Invalid, Violations};
use crate::id::{self, OpenId};
use crate::open_set::open_set;
use crate::party::Party;
use crate::profit_sharing::names::Names;
use crate::strict_json::{Json, Object, Read};

open_set! {
    /// 分账接收方类型: type of a receiver.
    profit_sharing::ReceiverType {
        /// 商户号: a merchant.
        Merchant = "MERCHANT_ID",
        /// 个人openid: a person, under the merchant's appid; in partner mode the partner's.
        OpenId = "PERSONAL_OPENID",
        /// 个人sub_openid: a person, under the sub-merchant's appid. Partner mode only.
        SubOpenId = "PERSONAL_SUB_OPENID",
    }
}

impl Read for ReceiverType {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        match String::read(json, path.clone(), violations)?.into() {
            Self::Other(_) => {
                violations.note(path, "must be MERCHANT_ID, PERSONAL_OPENID or PERSONAL_SUB_OPENID")
            }
            known => Some(known),
        }
    }
}

/// 分账接收方账号: the account of a receiver: a merchant number or an openid.
///
/// ```
/// use wechatpay::profit_sharing::{ReceiverAccount, ReceiverType};
///
/// let account = ReceiverAccount::merchant("1900000109")?;
/// assert_eq!(account.r#type(), &ReceiverType::Merchant);
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiverAccount {
    r#type: ReceiverType,
    account: String,
}

impl ReceiverAccount {
    /// A merchant, by its number.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if the merchant number is not 1 to 32 letters and digits.
    pub fn merchant(mchid: impl Into<String>) -> Result<Self, Error> {
        let account = mchid.into();
        id::check_mchid(&account).map_err(|rule| Invalid::new("account", rule))?;
        Ok(Self { r#type: ReceiverType::Merchant, account })
    }

    /// A person, by the openid under the merchant's appid; in partner mode the partner's.
    #[must_use]
    pub fn openid(openid: &OpenId) -> Self {
        Self { r#type: ReceiverType::OpenId, account: openid.as_str().to_owned() }
    }

    /// A person, by the openid under the appid of the [`SubMerchant`](crate::SubMerchant). Partner mode only.
    #[must_use]
    pub fn sub_openid(openid: &OpenId) -> Self {
        Self { r#type: ReceiverType::SubOpenId, account: openid.as_str().to_owned() }
    }

    /// 分账接收方类型: type of the receiver.
    #[must_use]
    pub fn r#type(&self) -> &ReceiverType {
        &self.r#type
    }

    /// 分账接收方账号: the merchant number or the openid.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    pub(super) fn is(&self, r#type: &ReceiverType) -> bool {
        self.r#type == *r#type
    }

    pub(super) fn is_merchant(&self, mchid: &str) -> bool {
        self.is(&ReceiverType::Merchant) && self.account == mchid
    }

    /// Reads `type` and `account`.
    pub(super) fn read(object: &mut Object<'_>) -> Option<Self> {
        match object.required("type") {
            Some(ReceiverType::Merchant) => {
                let mchid: String = object.required("account")?;
                object.checked("account", Self::merchant(mchid))
            }
            Some(ReceiverType::OpenId) => object.required("account").as_ref().map(Self::openid),
            Some(ReceiverType::SubOpenId) => {
                object.required("account").as_ref().map(Self::sub_openid)
            }
            // The type was reported already, and other types have no rules.
            _ => {
                let account = object.required("account")?;
                Some(Self { r#type: ReceiverType::Other(String::new()), account })
            }
        }
    }

    pub(super) fn find_violations(
        &self,
        violations: &mut Violations,
        path: &str,
        party: Party<'_>,
    ) {
        if self.account.len() > ACCOUNT_LENGTH {
            violations.add(format!("{path}/account"), "must not exceed 64 characters");
        }
        let names_appid = party.sub_merchant().is_some_and(|sub| sub.appid.is_some());
        if self.is(&ReceiverType::SubOpenId) && !names_appid {
            let rule = "needs a partner whose sub-merchant names its appid";
            violations.add(format!("{path}/type"), rule);
        }
    }
}

/// 分账接收方: a receiver. A merchant always has its encrypted name.
///
/// ```
/// use wechatpay::OpenId;
/// use wechatpay::encryption::Encrypted;
/// use wechatpay::profit_sharing::Receiver;
///
/// fn example(full_name: Encrypted, openid: &OpenId) -> Result<[Receiver; 2], wechatpay::Error> {
///     Ok([Receiver::merchant("1900000109", full_name)?, Receiver::openid(openid)])
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receiver {
    #[serde(flatten)]
    account: ReceiverAccount,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Encrypted>,
}

impl Receiver {
    /// A merchant, by its number and its full registered name (商户全称); of a micro or individual merchant, the
    /// owner's name. WeChat Pay checks the name.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if the merchant number is not 1 to 32 letters and digits.
    pub fn merchant(mchid: impl Into<String>, full_name: Encrypted) -> Result<Self, Error> {
        Ok(Self { account: ReceiverAccount::merchant(mchid)?, name: Some(full_name) })
    }

    /// A person, by the openid under the merchant's appid; in partner mode the partner's.
    #[must_use]
    pub fn openid(openid: &OpenId) -> Self {
        Self { account: ReceiverAccount::openid(openid), name: None }
    }

    /// A person, by the openid under the appid of the [`SubMerchant`](crate::SubMerchant). Partner mode only.
    #[must_use]
    pub fn sub_openid(openid: &OpenId) -> Self {
        Self { account: ReceiverAccount::sub_openid(openid), name: None }
    }

    /// The same receiver with a name. For a person, WeChat Pay then compares it with the real name.
    #[must_use]
    pub fn with_name(self, name: Encrypted) -> Self {
        Self { name: Some(name), ..self }
    }

    /// 分账接收方账号: the account.
    #[must_use]
    pub fn account(&self) -> &ReceiverAccount {
        &self.account
    }

    /// 分账接收方名称: the encrypted name.
    #[must_use]
    pub fn name(&self) -> Option<&Encrypted> {
        self.name.as_ref()
    }

    /// Reads `type`, `account` and `name`.
    pub(super) fn read(object: &mut Object<'_>, names: &Names<'_>) -> Option<Self> {
        let account = ReceiverAccount::read(object);
        let has_name = object.has("name");
        let name = names.read(object);
        let account = account?;
        if !has_name && account.is(&ReceiverType::Merchant) {
            object.violation("name", "is missing; a merchant needs its full registered name");
        }
        Some(Self { account, name })
    }
}

open_set! {
    /// 与分账方的关系类型: relation of a receiver to the merchant whose money is split.
    profit_sharing::RelationType {
        /// 门店: store.
        Store = "STORE",
        /// 员工: employee.
        Staff = "STAFF",
        /// 店主: store owner.
        StoreOwner = "STORE_OWNER",
        /// 合作伙伴: business partner.
        Partner = "PARTNER",
        /// 总部: headquarters.
        Headquarter = "HEADQUARTER",
        /// 品牌方: brand.
        Brand = "BRAND",
        /// 分销商: distributor.
        Distributor = "DISTRIBUTOR",
        /// 用户: user.
        User = "USER",
        /// 供应商: supplier.
        Supplier = "SUPPLIER",
        /// 服务商: partner (service provider). Partner mode only.
        ServiceProvider = "SERVICE_PROVIDER",
        /// 自定义: another relation, which `custom_relation` names.
        Custom = "CUSTOM",
    }
}

impl Read for RelationType {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        String::read(json, path, violations).map(Self::from)
    }
}

/// 分账接收方: a receiver as WeChat Pay returns it after it was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReceiverState {
    /// 分账接收方类型: type of the receiver.
    pub r#type: ReceiverType,
    /// 分账接收方账号: the merchant number or the openid.
    pub account: String,
    /// 分账接收方名称: the name, encrypted for the merchant; see [`decrypt`](crate::encryption::decrypt).
    #[serde(default, deserialize_with = "crate::received::option")]
    pub name: Option<String>,
    /// 与分账方的关系类型: the relation. If the receiver was added before, the one of that time.
    pub relation_type: RelationType,
    /// 自定义的分账关系: the relation in words, if it is [`RelationType::Custom`].
    #[serde(default, deserialize_with = "crate::received::option")]
    pub custom_relation: Option<String>,
}

const ACCOUNT_LENGTH: usize = 64;
