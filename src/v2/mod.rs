//! APIv2 (XML), for merchants who still use it: 统一下单, 合单下单, queries, refunds and notifications.
//!
//! New programs should use APIv3, the rest of this crate. The module and function names are the
//! same here. Errors, money, times, [`Transport`](crate::Transport) and [`Paid`](crate::pay::Paid)
//! are shared; signer and gateway are separate, since APIv2 signs with a secret that the merchant
//! shares with WeChat Pay ([`Signer`]), which is not the APIv3 key.
//!
//! ```
//! use wechatpay::v2::{Jsapi, Signer, pay};
//! use wechatpay::{AppId, Fen, NotifyUrl, OpenId, OutTradeNo};
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?; // 正式环境:HmacSha256Key::new 和 Gateway::new
//! let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
//! let order = pay::Order::new(
//!     AppId::new("wxd678efh567hg6787")?,
//!     OutTradeNo::new("1415659990")?,
//!     "JSAPI支付测试",
//!     Fen(1),
//!     "14.23.150.211".parse()?,
//!     NotifyUrl::new("https://wxpay.wxutil.com/pub_v2/pay/notify.v2.php")?,
//! );
//! let payer = Jsapi::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
//! let prepay_id = pay::prepay(signer, gateway, &order, &payer)?;
//! let for_the_page = pay::invoke_jsapi(signer, &order, &prepay_id)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Partner mode (服务商) is supported only for the sub-orders of a combined order, as in document 002.
//!
//! # Responses
//!
//! A response is checked in the order that WeChat Pay prescribes: `return_code`, then the signature
//! over every field, known or not, then `result_code`, then the trade state. A response with
//! `return_code=FAIL` is not signed: the error has no [code](crate::ApiError::code), its message is
//! the received text, and its outcome is unknown. A signed `result_code=FAIL` has a code. Its outcome
//! is the documented one; that of an undocumented code is unknown.

pub mod combine;
mod fields;
mod from_xml;
mod gateway;
mod merchant;
pub mod notify;
mod order_fields;
mod parse;
pub mod pay;
pub mod refund;
mod signer;
pub mod signing;
mod trade_type;
mod validate;
mod xml;

pub use self::gateway::{CertifiedGateway, Gateway};
pub use self::merchant::Merchant;
pub use self::signer::{HmacSha256Key, Md5Key, SignType, Signer};
pub use self::trade_type::{AnyTrade, App, H5, H5Info, Jsapi, Native, Trade};
