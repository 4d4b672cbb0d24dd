//! 场景信息: where the payer stands, and from what an H5 payer comes.

use std::net::IpAddr;

use serde::{Serialize, Serializer};

use crate::error::Violations;
use crate::strict_json::{Json, Object, Read, read_strictly};
use crate::validate;

/// 场景信息: where the payer stands.
///
/// ```
/// use wechatpay::pay::{SceneInfo, StoreInfo};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let mut order = order;
/// let mut scene_info = SceneInfo::new("14.23.150.211".parse()?);
/// scene_info.store_info = Some(StoreInfo::new("0001"));
/// order.scene_info = Some(scene_info);
/// # order.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SceneInfo {
    /// 用户终端IP: the payer's own address, IPv4 or IPv6.
    pub payer_client_ip: IpAddr,
    /// 商户端设备号: the number of the shop or till. 1 to 32 characters.
    pub device_id: Option<String>,
    /// 商户门店信息: the shop.
    pub store_info: Option<StoreInfo>,
}

impl SceneInfo {
    /// A scene with the address of the payer.
    #[must_use]
    pub fn new(payer_client_ip: IpAddr) -> Self {
        Self { payer_client_ip, device_id: None, store_info: None }
    }

    /// What is left of a scene once its kind's own members were taken.
    pub(super) fn read_rest(object: &mut Object<'_>) -> Option<Self> {
        let payer_client_ip = object.required("payer_client_ip");
        let device_id = object.optional("device_id");
        let store_info = object.optional("store_info");
        Some(Self { payer_client_ip: payer_client_ip?, device_id, store_info })
    }

    pub(super) fn to_body<'a>(&'a self, h5_info: Option<&'a H5Info>) -> SceneBody<'a> {
        SceneBody {
            payer_client_ip: self.payer_client_ip,
            device_id: self.device_id.as_deref(),
            store_info: self.store_info.as_ref(),
            h5_info,
        }
    }

    pub(super) fn find_violations(&self, violations: &mut Violations) {
        validate::optional_text(violations, "/scene_info/device_id", self.device_id.as_deref(), 32);
        let Some(StoreInfo { id, name, area_code, address }) = &self.store_info else { return };
        validate::text(violations, "/scene_info/store_info/id", id, 32);
        validate::optional_text(violations, "/scene_info/store_info/name", name.as_deref(), 256);
        validate::optional_text(
            violations,
            "/scene_info/store_info/area_code",
            area_code.as_deref(),
            32,
        );
        validate::optional_text(
            violations,
            "/scene_info/store_info/address",
            address.as_deref(),
            512,
        );
    }
}

impl Read for SceneInfo {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        Object::read(json, path, violations, Self::read_rest)
    }
}

/// 商户门店信息: a shop.
///
/// ```
/// use wechatpay::pay::StoreInfo;
///
/// let mut store_info = StoreInfo::new("0001");
/// store_info.name = Some("腾讯大厦分店".into());
/// # assert_eq!(store_info.id, "0001");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreInfo {
    /// 门店编号: your number of the shop. 1 to 32 characters.
    pub id: String,
    /// 门店名称. 1 to 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 地区编码: the official code of the district. 1 to 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
    /// 详细地址. 1 to 512 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl StoreInfo {
    /// A shop with its number.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), name: None, area_code: None, address: None }
    }
}

read_strictly! { StoreInfo { id; name, area_code, address } }

/// H5场景信息: from what the payer comes.
///
/// ```
/// use wechatpay::pay::h5::{H5Info, H5Type};
///
/// let mut h5_info = H5Info::new(H5Type::Ios);
/// h5_info.bundle_id = Some("com.tencent.wzryiOS".into());
/// # assert_eq!(h5_info.r#type, H5Type::Ios);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct H5Info {
    /// 场景类型.
    pub r#type: H5Type,
    /// 应用名称. 1 to 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_name: Option<String>,
    /// 网站URL. 1 to 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_url: Option<String>,
    /// iOS平台BundleID. 1 to 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle_id: Option<String>,
    /// Android平台PackageName. 1 to 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_name: Option<String>,
}

impl H5Info {
    /// From a web page, an iOS app or an Android app.
    #[must_use]
    pub fn new(r#type: H5Type) -> Self {
        Self { r#type, app_name: None, app_url: None, bundle_id: None, package_name: None }
    }

    pub(crate) fn find_violations(&self, violations: &mut Violations) {
        let fields = [
            ("app_name", &self.app_name, 64),
            ("app_url", &self.app_url, 128),
            ("bundle_id", &self.bundle_id, 128),
            ("package_name", &self.package_name, 128),
        ];
        for (name, value, longest) in fields {
            let path = format!("/scene_info/h5_info/{name}");
            validate::optional_text(violations, path, value.as_deref(), longest);
        }
    }
}

read_strictly! { H5Info { r#type; app_name, app_url, bundle_id, package_name } }

/// 场景类型: from what the payer of an H5 order comes.
///
/// ```
/// use wechatpay::pay::h5::{H5Info, H5Type};
/// assert_eq!(H5Info::new(H5Type::Android).r#type, H5Type::Android);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum H5Type {
    /// A web page in a phone's browser.
    Wap,
    /// An iOS app.
    #[serde(rename = "iOS")]
    Ios,
    /// An Android app.
    Android,
}

impl Read for H5Type {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        match String::read(json, path.clone(), violations)?.as_str() {
            "Wap" => Some(Self::Wap),
            "iOS" => Some(Self::Ios),
            "Android" => Some(Self::Android),
            _ => violations.note(path, "must be Wap, iOS or Android"),
        }
    }
}

/// `scene_info` as it is sent, of single and combined orders.
#[derive(Serialize)]
pub(crate) struct SceneBody<'a> {
    #[serde(serialize_with = "canonical")]
    pub(crate) payer_client_ip: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store_info: Option<&'a StoreInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) h5_info: Option<&'a H5Info>,
}

/// A socket for both versions shows the address of an IPv4 payer as `::ffff:14.23.150.211`.
fn canonical<S: Serializer>(address: &IpAddr, serializer: S) -> Result<S::Ok, S::Error> {
    address.to_canonical().serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An H5 order is paid from its address only, and WeChat Pay sees the payer's IPv4 address.
    #[test]
    fn an_ipv4_payer_who_came_to_a_socket_for_both_versions_is_named_by_the_ipv4_address() {
        for (address, sent) in
            [("::ffff:14.23.150.211", "14.23.150.211"), ("2001:db8::1", "2001:db8::1")]
        {
            let scene = SceneInfo::new(address.parse().unwrap());
            let json = serde_json::to_value(scene.to_body(None)).unwrap();
            assert_eq!(json, serde_json::json!({ "payer_client_ip": sent }));
        }
    }
}
