//! 场景信息 of combined orders: the payer's IP address, and the merchant's device.

use std::net::IpAddr;

use serde::Serialize;

use crate::error::Violations;
use crate::pay::scene::{H5Info, canonical};
use crate::strict_json::read_strictly;
use crate::validate;

/// 场景信息: the payer's IP address, and the merchant's device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SceneInfo {
    /// 用户终端IP: the payer's own IP address, IPv4 or IPv6.
    #[serde(serialize_with = "canonical")]
    pub payer_client_ip: IpAddr,
    /// 商户端设备号: number of the store or till. 1 to 16 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
}

impl SceneInfo {
    /// A scene with the payer's IP address.
    #[must_use]
    pub fn new(payer_client_ip: IpAddr) -> Self {
        Self { payer_client_ip, device_id: None }
    }

    pub(super) fn find_violations(&self, violations: &mut Violations) {
        validate::optional_text(violations, DEVICE_ID, self.device_id.as_deref(), 16);
    }
}

read_strictly! { SceneInfo { payer_client_ip; device_id } }

/// 场景信息 of a combined H5 order, whose `device_id` is required and longer than that of the other kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Scene {
    /// 用户终端IP: the IP address that opens the h5_url.
    #[serde(serialize_with = "canonical")]
    pub payer_client_ip: IpAddr,
    /// 商户端设备号: number of the store or till. 1 to 32 characters.
    pub device_id: String,
    /// H5场景信息: the web page or app that the payer comes from.
    pub h5_info: H5Info,
}

impl Scene {
    /// The scene of a combined H5 order.
    pub fn new(payer_client_ip: IpAddr, device_id: impl Into<String>, h5_info: H5Info) -> Self {
        Self { payer_client_ip, device_id: device_id.into(), h5_info }
    }

    pub(super) fn find_violations(&self, violations: &mut Violations) {
        validate::text(violations, DEVICE_ID, &self.device_id, 32);
        self.h5_info.find_violations(violations);
    }
}

read_strictly! { Scene { payer_client_ip, device_id, h5_info; } }

const DEVICE_ID: &str = "/scene_info/device_id";
