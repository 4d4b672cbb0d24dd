//! 场景信息: the payer's IP address, the merchant's device and store, and where an H5 payer comes from.

use std::net::IpAddr;

use serde::{Serialize, Serializer};

use crate::error::Violations;
use crate::request_fields::request_fields;
use crate::strict_json::{Json, Object, Read};
use crate::validate;

/// 场景信息: the payer's IP address, and the merchant's device and store.
///
/// ```
/// use wechatpay::pay::{Order, SceneInfo, StoreInfo};
///
/// fn example(order: &mut Order) -> Result<(), std::net::AddrParseError> {
///     let mut scene_info = SceneInfo::new("14.23.150.211".parse()?);
///     scene_info.store_info = Some(StoreInfo::new("0001"));
///     order.scene_info = Some(scene_info);
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SceneInfo {
    /// 用户终端IP: the payer's own IP address, IPv4 or IPv6.
    #[serde(serialize_with = "canonical")]
    pub payer_client_ip: IpAddr,
    /// 商户端设备号: number of the store or till. 1 to 32 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// 商户门店信息: the store. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_info: Option<StoreInfo>,
}

impl SceneInfo {
    /// A scene with the payer's IP address.
    #[must_use]
    pub fn new(payer_client_ip: IpAddr) -> Self {
        Self { payer_client_ip, device_id: None, store_info: None }
    }

    fn read_fields(object: &mut Object<'_>) -> Option<Self> {
        let payer_client_ip = object.required("payer_client_ip");
        let device_id = object.optional("device_id");
        let store_info = object.optional("store_info");
        Some(Self { payer_client_ip: payer_client_ip?, device_id, store_info })
    }

    pub(super) fn find_violations(&self, violations: &mut Violations) {
        validate::optional_text(violations, "/scene_info/device_id", self.device_id.as_deref(), 32);
        let Some(store_info) = &self.store_info else { return };
        let at = |name| format!("/scene_info/store_info/{name}");
        let StoreInfo { id, name, area_code, address } = store_info;
        validate::text(violations, at("id"), id, 32);
        validate::optional_text(violations, at("name"), name.as_deref(), 256);
        validate::optional_text(violations, at("area_code"), area_code.as_deref(), 32);
        validate::optional_text(violations, at("address"), address.as_deref(), 512);
    }
}

impl Read for SceneInfo {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        Object::read(json, path, violations, Self::read_fields)
    }
}

/// 商户门店信息: a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreInfo {
    /// 门店编号: store number. 1 to 32 characters.
    pub id: String,
    /// 门店名称: store name. 1 to 256 characters.
    pub name: Option<String>,
    /// 地区编码: official code of the district. 1 to 32 characters.
    pub area_code: Option<String>,
    /// 详细地址: street address. 1 to 512 characters.
    pub address: Option<String>,
}

request_fields! { StoreInfo { id: String; name, area_code, address } }

impl StoreInfo {
    /// A store with its number.
    pub fn new(id: impl Into<String>) -> Self {
        Self::with_required(id.into())
    }
}

/// 场景信息 of an H5 order: the payer's IP address, and where the payer comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Scene {
    /// 场景信息: must have the IP address that opens the h5_url.
    #[serde(flatten)]
    pub scene_info: SceneInfo,
    /// H5场景信息: the web page or app that the payer comes from.
    pub h5_info: H5Info,
}

impl Scene {
    /// The scene of an H5 order.
    #[must_use]
    pub fn new(scene_info: SceneInfo, h5_info: H5Info) -> Self {
        Self { scene_info, h5_info }
    }

    pub(super) fn find_violations(&self, violations: &mut Violations) {
        self.scene_info.find_violations(violations);
        self.h5_info.find_violations(violations);
    }
}

impl Read for Scene {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        Object::read(json, path, violations, |object| {
            let h5_info = object.required("h5_info");
            let scene_info = SceneInfo::read_fields(object);
            Some(Self { scene_info: scene_info?, h5_info: h5_info? })
        })
    }
}

/// H5场景信息: the web page or app that the payer of an H5 order comes from.
///
/// ```
/// use wechatpay::pay::h5::{H5Info, H5Type};
///
/// let mut h5_info = H5Info::new(H5Type::Ios);
/// h5_info.bundle_id = Some("com.tencent.wzryiOS".into());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct H5Info {
    /// 场景类型: web page, iOS app or Android app.
    pub r#type: H5Type,
    /// 应用名称: app name. 1 to 64 characters. Default: none.
    pub app_name: Option<String>,
    /// 网站URL: URL of the website. 1 to 128 characters. Default: none.
    pub app_url: Option<String>,
    /// iOS平台BundleID: bundle ID of the iOS app. 1 to 128 characters. Default: none.
    pub bundle_id: Option<String>,
    /// Android平台PackageName: package name of the Android app. 1 to 128 characters. Default: none.
    pub package_name: Option<String>,
}

request_fields! { H5Info { r#type: H5Type; app_name, app_url, bundle_id, package_name } }

impl H5Info {
    /// A web page, an iOS app or an Android app.
    #[must_use]
    pub fn new(r#type: H5Type) -> Self {
        Self::with_required(r#type)
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

/// 场景类型: what the payer of an H5 order comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum H5Type {
    /// `Wap`: a web page in a phone's browser.
    Wap,
    /// `iOS`: an iOS app.
    #[serde(rename = "iOS")]
    Ios,
    /// `Android`: an Android app.
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

/// A dual-stack socket shows the address of an IPv4 payer as `::ffff:14.23.150.211`.
pub(crate) fn canonical<S: Serializer>(address: &IpAddr, serializer: S) -> Result<S::Ok, S::Error> {
    address.to_canonical().serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An H5 order is paid from its address only, and WeChat Pay sees the payer's IPv4 address.
    #[test]
    fn ipv4_mapped_address_is_sent_as_ipv4() {
        for (address, sent) in
            [("::ffff:14.23.150.211", "14.23.150.211"), ("2001:db8::1", "2001:db8::1")]
        {
            let scene = SceneInfo::new(address.parse().unwrap());
            let json = serde_json::to_value(&scene).unwrap();
            assert_eq!(json, serde_json::json!({ "payer_client_ip": sent }));
        }
    }
}
