//! Guides: what the pages of single functions do not tell.
//!
//! | guide | what it answers |
//! |---|---|
//! | [`keys`] | which key file is which, both modes of WeChat Pay's keys, and the switch between them |
//! | [`notifications`] | what to do with what WeChat Pay posts to you, and what to answer |
//! | [`unknown_outcomes`] | what to do when nobody knows whether an order or a refund was made |
//! | [`testing`] | how to test a merchant's program without a contract and without money |
//! | [`key_stores`] | how to sign with a key that lives in a KMS or an HSM |
//! | [`bills`] | how to fetch, check and read the bills of a day |
//! | [`embedding`] | servers, async programs, proxies and time-outs, and calls that are not here |
//! | [`moving`] | which call of the official Go and Java libraries is which call here |
//!
//! # What people stumble over
//!
//! | what you see | what to look at |
//! |---|---|
//! | 401 `SIGN_ERROR`, 签名错误 | the error says which line differs ([`SignDiagnosis`](crate::SignDiagnosis)); if none does, key, serial number and merchant number do not belong together |
//! | 404 `RESOURCE_NOT_EXISTS`, 无可用的平台证书 | you have a public key and no certificates: [`keys`] |
//! | an answer or notification under a key that is not held | the switch from certificates to the public key, or a rotation: [`keys`] |
//! | 验签失败 at a notification | the body was parsed and written again: [`notifications`] |
//! | `WECHATPAY/SIGNTEST/` | a probe (签名探测流量), to be refused: [`notifications`] |
//! | notifications without end, or none at all | what to answer, and what must be set: [`notifications`] |
//! | the order stands, and the phone says 签名错误 or 缺少参数 | each kind signs another text: take its own function, [`pay::app::invoke`](crate::pay::app::invoke), [`pay::jsapi::invoke`](crate::pay::jsapi::invoke) or [`pay::jsapi::invoke_mini_program`](crate::pay::jsapi::invoke_mini_program), with the signer and the appid of the order, and hand over its JSON as it is |
//! | 商户订单号重复, `OUT_TRADE_NO_USED` | changed parameters under one number: [`unknown_outcomes`] |
//! | `time_expire` is refused | [`Time`](crate::Time) writes RFC 3339, for APIv2 `yyyyMMddHHmmss` in Beijing time; it is a moment, not a length of time |
//! | a refund's notification has no `status` | it says `refund_status`; [`refund::State`](crate::refund::State) reads both |
//! | a bill carries no signature | its link does, with the hash: [`bills`] |
//! | "unexpected end of stream", resets, time-outs, a proxy | [`embedding`] |
//! | an empty `prepay_id` without an error | cannot be: what a success must hold is there, or the call is an error |
//! | products that are not here | [`embedding`] |

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("notifications.md")]
pub mod notifications {}

#[doc = include_str!("unknown_outcomes.md")]
pub mod unknown_outcomes {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("key_stores.md")]
pub mod key_stores {}

#[doc = include_str!("bills.md")]
pub mod bills {}

#[doc = include_str!("embedding.md")]
pub mod embedding {}

#[doc = include_str!("moving.md")]
pub mod moving {}
