//! H5支付: the payer comes from a browser outside WeChat.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Faults};
use crate::gateway::Gateway;
use crate::id::H5Url;
use crate::pay::order::Extras;
use crate::pay::{self, Order, SceneInfo, check};
use crate::signer::Signer;

/// H5下单: places an order that is paid from a browser outside WeChat.
///
/// `POST /v3/pay/transactions/h5` (m/4012791834). The h5_url is valid for five minutes; the
/// identical order, sent again, returns a fresh one. [`H5Url::with_redirect`] names the page to
/// return to.
///
/// # Errors
/// As [`app::prepay`](crate::pay::app::prepay). The order's own `scene_info` must be empty: the
/// scene is an argument here.
pub fn prepay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    scene: &Scene,
) -> Result<H5Url, Error> {
    let body = order.to_body(signer, Extras { h5_scene: Some(scene), ..Extras::default() })?;
    let answer: Linked = gateway.post(signer, &pay::path(signer, "h5"), &body)?;
    Ok(answer.h5_url)
}

/// 场景信息 of an H5 order: where the payer stands, and from what the payer comes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scene {
    /// The address of the payer, which must be the one that opens the h5_url.
    pub scene_info: SceneInfo,
    /// H5场景信息.
    pub h5_info: H5Info,
}

impl Scene {
    /// A payer's place and origin.
    #[must_use]
    pub fn new(scene_info: SceneInfo, h5_info: H5Info) -> Self {
        Self { scene_info, h5_info }
    }
}

/// H5场景信息: from what the payer comes.
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

    pub(crate) fn find_faults(&self, faults: &mut Faults) {
        let fields = [
            ("app_name", &self.app_name, 64),
            ("app_url", &self.app_url, 128),
            ("bundle_id", &self.bundle_id, 128),
            ("package_name", &self.package_name, 128),
        ];
        for (name, value, longest) in fields {
            let path = format!("/scene_info/h5_info/{name}");
            check::optional_text(faults, path, value.as_deref(), longest);
        }
    }
}

/// 场景类型: from what the payer of an H5 order comes.
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

/// The answer of every order that is paid this way.
#[derive(Deserialize)]
pub(crate) struct Linked {
    pub(crate) h5_url: H5Url,
}
