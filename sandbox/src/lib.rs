//! A local WeChat Pay (微信支付) emulator for tests, because APIv3 has no test environment.
//!
//! [`Sandbox::start`] serves HTTPS on 127.0.0.1 from its own threads until the value is dropped. It
//! checks every request as strictly as WeChat Pay (the signature over the bytes received, the clock,
//! headers, every field), responds with the documented errors, signs its responses, and injects any
//! [`Fault`] on request. It shares no check with the client, so an error that was made in one of them
//! is not hidden by the other.
//!
//! It serves what a merchant needs from the order to the bill: orders (APP, JSAPI, Native, H5), single
//! and combined (合单), queries, closing, refunds, profit sharing (分账), platform certificates, bills and notifications, for a
//! direct merchant and for a partner (服务商) with a sub-merchant. What users, banks and the platform do
//! by themselves is done by methods, such as [`Sandbox::pay`], [`Sandbox::succeed_refund`] and
//! [`Sandbox::let_time_pass`].
//!
//! ```
//! use wechatpay::pay::{self, TradeState, app};
//! use wechatpay_sandbox::Sandbox;
//!
//! let sandbox = Sandbox::start()?;
//! let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//!
//! let order = sandbox.order("order-1")?;
//! app::prepay(signer, gateway, &order)?; // The program under test does this.
//! sandbox.pay("order-1")?; // The user does this.
//! let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
//! assert_eq!(transaction.trade_state, TradeState::Success);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A browser finds at [`Sandbox::base_url`] a page of what happened. From there, or from an h5_url, it
//! reaches the cashier, where a click pays an order or refuses to; [`Sandbox::cashier_url`] returns the
//! cashier's address for a code_url or a prepay_id. Programs in other languages use the [`commands`],
//! which do in JSON what the methods do. The program `wechatpay-sandbox` serves a sandbox to them.
//!
//! A transfer (商家转账) is confirmed by [`Sandbox::confirm_transfer`], or in a browser at
//! [`Sandbox::confirmation_url`]. Every user's real name is 张三.
//!
//! With the feature `v2` (default) the sandbox serves APIv2 as well, for the same merchant: see
//! `Sandbox::v2`.
//!
//! A third-party client uses [`Sandbox::base_url`] and trusts [`Sandbox::ca_pem`]. If it supports no
//! host but api.mch.weixin.qq.com or api2.mch.weixin.qq.com, lead it here by a proxy or a resolver: the
//! TLS certificate contains those names too, and a request to one of them gets links to bills with that
//! name.
//!
//! Beside the merchant of [`Sandbox::mchid`] and its sub-merchant there is another merchant
//! ([`Sandbox::neighbour_mchid`]) with the appid wx2421b1c4370ec43b, which signs with a key of its own
//! ([`Sandbox::neighbour_signer`]): for combined orders, for receivers of profit sharing, and for requests
//! about the orders of another merchant. [`Sandbox::appid`] is bound to it as well, so that it can take
//! part in combined orders. It has no APIv2 key. An openid that begins with `other-` belongs to a user of another appid.
#![doc = include_str!("TESTING.md")]
#![doc = include_str!("RULES.md")]

mod access;
mod any_order;
mod authority;
mod authorization_header;
mod balance;
mod bills;
mod calendar;
mod caller;
mod cashier;
mod certificates;
mod cipher;
mod combined_order;
mod combined_orders;
mod combined_transaction;
mod command;
mod command_json;
pub mod commands;
mod connections;
mod controller;
mod dispatcher;
#[cfg(feature = "aws-lc-rs")]
mod encrypted_fields;
mod fault;
mod fault_rules;
mod fields;
mod flow;
mod fund_flow_bill;
mod html;
mod images;
mod interface;
mod interfaces;
mod journal;
mod json;
mod merchant_checks;
mod merchants;
mod money;
mod multipart;
mod notifications;
mod order;
mod order_book;
mod order_error;
mod order_html;
mod outgoing;
mod overview;
mod path_pattern;
mod placed_orders;
mod platform;
mod rate_limit;
mod received;
mod refund;
mod refund_error;
mod refunds;
mod refusal;
mod responder;
mod response;
mod router;
mod sandbox;
mod schema;
mod scripts;
mod server;
pub mod settings;
mod sharing;
mod single_orders;
mod socket;
mod state;
mod summary;
#[cfg(test)]
mod test_desk;
mod trade_bill;
mod trade_type;
mod transaction;
mod transfer;
mod transfer_authorizations;
mod transfer_commands;
mod transfer_error;
mod transfer_fields;
mod transfer_page;
mod transfer_receipts;
mod transfer_summary;
mod transfers;
mod unique_ids;
mod url;
#[cfg(feature = "v2")]
pub mod v2;
mod version;
mod wire_faults;

pub use self::fault::{Fault, UnknownFault};
pub use self::fault_rules::FaultRule;
pub use self::notifications::{Delivery, Notification};
pub use self::order_error::OrderError;
pub use self::platform::KeyMode;
pub use self::received::Received;
pub use self::refund_error::RefundError;
pub use self::response::Response;
pub use self::sandbox::Sandbox;
pub use self::scripts::{Script, ScriptedRequest};
pub use self::sharing::return_policy::ReturnPolicy;
pub use self::sharing::sandbox::SplitError;
pub use self::sharing::summary::{ReturnSummary, ShareSummary, SplitSummary};
pub use self::summary::{OrderItem, OrderSummary, RefundSummary};
pub use self::transfer_error::TransferError;
pub use self::transfer_summary::TransferSummary;
