//! Guides to subjects that concern more than one function. 中文版在 [`zh`].
//!
//! | guide | subject |
//! |---|---|
//! | [`trade_types`] | which kind of order to choose: JSAPI, mini program, App, H5 or Native |
//! | [`interfaces`] | 接口一览: every function with its method, path and document |
//! | [`keys`] | which key file is which, where to get it, both modes of WeChat Pay's keys, and the switch between them |
//! | [`notifications`] | how to receive notifications (callbacks), and how to respond |
//! | [`unknown_outcomes`] | what to do if it is not known whether an order or a refund was made |
//! | [`profit_sharing`] | 分账: from the flag on the order to the last fen |
//! | [`transfers`] | how to transfer money to a user, once |
//! | [`testing`] | how to test a merchant's program without a merchant account and without money |
//! | [`key_stores`] | how to sign with a key in a KMS or an HSM |
//! | [`bills`] | how to download, check and read the bills of a day |
//! | [`any_interface`] | how to call the interfaces that have no function here |
//! | [`embedding`] | servers, async programs, proxies and timeouts |
//! | [`moving`] | the calls of the official Go and Java libraries, and ours |
//! | [`comparison`] | what other libraries have, and what this one has |
//!
//! # Common problems
//!
//! | symptom | cause and solution |
//! |---|---|
//! | 401 `SIGN_ERROR`, 签名错误 | the error names the line that differs ([`SignDiagnosis`](crate::SignDiagnosis)); if none differs, key, serial number and merchant number do not belong together |
//! | 404 `RESOURCE_NOT_EXISTS`, 无可用的平台证书 | you have a public key and no certificates: [`keys`] |
//! | a response or notification signed with an unknown key | the switch from certificates to the public key, or a rotation: [`keys`] |
//! | 验签失败 of a notification | the body was parsed and serialized again: [`notifications`] |
//! | `WECHATPAY/SIGNTEST/` | a probe (签名探测流量), to be refused: [`notifications`] |
//! | endless notifications, or none | the response, and the settings: [`notifications`] |
//! | the order exists, and the phone shows 签名错误 or 缺少参数 | each kind of payment signs another text: use its own function, [`pay::app::invoke`](crate::pay::app::invoke), [`pay::jsapi::invoke`](crate::pay::jsapi::invoke) or [`pay::jsapi::invoke_mini_program`](crate::pay::jsapi::invoke_mini_program), with the signer and the appid of the order, and pass on its JSON unchanged |
//! | 商户订单号重复, `OUT_TRADE_NO_USED` | changed parameters with the same order number: [`unknown_outcomes`] |
//! | `time_expire` is refused | [`Time`](crate::Time) writes RFC 3339, for APIv2 `yyyyMMddHHmmss` in Beijing time; the value is a point in time, not a duration |
//! | a refund's notification has no `status` | it has `refund_status`; [`refund::State`](crate::refund::State) reads both |
//! | a bill has no signature | its link is signed, with the hash of the file: [`bills`] |
//! | "unexpected end of stream", resets, timeouts, a proxy | [`embedding`] |
//! | an empty `prepay_id` without an error | cannot happen: if a required field is missing in a success, the call returns an error |
//! | an interface that has no function here | [`any_interface`] |

pub mod zh;

#[doc = include_str!("trade_types.md")]
pub mod trade_types {}

#[doc = include_str!("interfaces.md")]
pub mod interfaces {}

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("notifications.md")]
pub mod notifications {}

#[doc = include_str!("unknown_outcomes.md")]
pub mod unknown_outcomes {}

#[doc = include_str!("profit_sharing.md")]
pub mod profit_sharing {}

#[doc = include_str!("transfers.md")]
pub mod transfers {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("key_stores.md")]
pub mod key_stores {}

#[doc = include_str!("bills.md")]
pub mod bills {}

#[doc = include_str!("any_interface.md")]
pub mod any_interface {}

#[doc = include_str!("embedding.md")]
pub mod embedding {}

#[doc = include_str!("moving.md")]
pub mod moving {}

#[doc = include_str!("comparison.md")]
pub mod comparison {}
