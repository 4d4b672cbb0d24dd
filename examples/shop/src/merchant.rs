//! 商户: what the shop needs to talk to WeChat Pay.

use std::time::Duration;

use wechatpay::{ApiV3Key, AppId, Gateway, NotifyUrl, PlatformKeys, RsaSigner};

/// The merchant. There is one in the process, and all threads share it.
pub(crate) struct Merchant {
    pub(crate) appid: AppId,
    pub(crate) notify_url: NotifyUrl,
    pub(crate) signer: RsaSigner,
    pub(crate) gateway: Gateway,
    /// What notifications are verified with.
    pub(crate) keys: PlatformKeys,
    /// What notifications are decrypted with.
    pub(crate) api_v3_key: ApiV3Key,
}

/// How long a call may take. A customer is waiting; the worker continues what took longer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
