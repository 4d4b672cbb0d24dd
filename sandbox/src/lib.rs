//! A WeChat Pay of one's own, for tests: 微信支付 APIv3 has no test environment.
//!
//! [`Sandbox::start`] serves HTTPS on 127.0.0.1 from its own threads until the value is dropped. It
//! checks every request as strictly as the service does (signature over the bytes received, clock,
//! headers, every field), answers with the documented errors, signs its answers, and misbehaves on
//! request. It shares none of its checks with the client, so a fault made twice does not cancel
//! out.
//!
//! It serves what a merchant needs from order to bill: orders (APP, JSAPI, Native, H5), single and
//! combined (合单), queries, closing, refunds, platform certificates, bills, and notifications; all of it
//! for a direct merchant and for a partner (服务商) with a sub-merchant. What users, banks and the platform do of their own
//! accord is done by methods: [`Sandbox::pay`], [`Sandbox::succeed_refund`],
//! [`Sandbox::let_time_pass`].
//!
//! ```
//! use wechatpay_sandbox::Sandbox;
//!
//! let sandbox = Sandbox::start()?;
//! let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//!
//! // Here the program under test places its orders with `signer` and `gateway`.
//! # let _ = (signer, gateway);
//!
//! assert_eq!(sandbox.received().len(), 0);
//! assert!(sandbox.pay("1217752501201407033233368018").is_err(), "no such order was placed");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A browser sees at [`Sandbox::base_url`] what happened, and leads from there, or from an h5_url, to
//! a cashier, where a click pays an order or refuses to; [`Sandbox::cashier_url`] says where for a
//! code_url or a prepay_id. Programs in other languages do by [`commands`] in JSON what the methods
//! do; `examples/sandbox.rs` serves a sandbox to them.
//!
//! With the feature `v2` it serves APIv2 as well, for the same merchant: see `Sandbox::v2`.
//!
//! A client of another make is pointed at [`Sandbox::base_url`] and trusts [`Sandbox::ca_pem`]. One
//! that knows no host but api.mch.weixin.qq.com or api2.mch.weixin.qq.com is led here by a proxy or
//! by the resolver: the TLS certificate has those names too, and whoever asks by one of them gets
//! links to bills with it.
//!
//! Besides the merchant of [`Sandbox::mchid`] and its sub-merchant it knows a neighbour
//! ([`Sandbox::neighbour_mchid`]) with the appid wx2421b1c4370ec43b, who has no certificate: for
//! orders that name somebody else. [`Sandbox::appid`] is bound to it as well, so that it can take
//! part in combined orders. An openid that begins with `other-` is one of somebody else's users.
#![doc = include_str!("TESTING.md")]
#![doc = include_str!("RULES.md")]

mod answer;
mod authority;
mod authorization;
mod balance;
mod bills;
mod breakage;
mod calendar;
mod cashier;
mod certificates;
mod cipher;
mod combined;
mod combined_transaction;
pub mod commands;
mod console;
mod fault;
mod fault_rules;
mod fields;
mod fresh;
mod fund_flow_bill;
mod html;
mod journal;
mod json;
mod lines;
mod merchants;
mod money;
mod notifications;
mod order_error;
mod orders;
mod overview;
mod parties;
mod platform;
mod rate_limit;
mod received;
mod refunds;
mod refusal;
mod schema;
mod server;
pub mod settings;
mod socket;
mod summary;
mod tickets;
mod trade_bill;
mod trade_type;
mod transaction;
mod url;
#[cfg(feature = "v2")]
pub mod v2;
mod world;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rcgen::KeyPair;
use ring::signature::RsaKeyPair;

use wechatpay::{
    AppId, Fen, Gateway, HttpOptions, NotifyUrl, OutTradeNo, PlatformKeys, RsaSigner,
    UreqTransport, pay,
};

pub use self::answer::Answer;
pub use self::fault::{Fault, UnknownFault};
pub use self::fault_rules::FaultRule;
pub use self::notifications::{Delivery, Notification};
pub use self::order_error::OrderError;
pub use self::platform::KeyMode;
pub use self::received::Received;
pub use self::refunds::NoSuchRefund;
pub use self::summary::{OrderItem, OrderSummary, RefundSummary};

use self::authority::{A_DAY, Authority, Certificate, MERCHANT_KEY_PEM, PLATFORM_KEY_PEM};
use self::cipher::Cipher;
use self::console::Console;
use self::fresh::Fresh;
use self::merchants::{Merchant, MerchantCertificate, Merchants};
use self::notifications::Version;
use self::platform::{Platform, PlatformCertificate, Seal};
use self::rate_limit::RateLimit;
use self::refunds::RefundStatus;
use self::refusal::Refusal;
use self::server::Server;
use self::world::World;

/// A running sandbox, with everything that a merchant needs to use it. Dropping it stops it.
pub struct Sandbox {
    // Declared first: dropped first, so that nobody asks while the rest goes.
    server: Server,
    world: Arc<Mutex<World>>,
    base_url: String,
    console: Arc<Console>,
    merchant: Certificate,
    platform: Certificate,
    public_key_pem: String,
    appid: AppId,
    sub_appid: AppId,
    notify_url: NotifyUrl,
    signer: RsaSigner,
    platform_keys: PlatformKeys,
    gateway: Gateway,
    #[cfg(feature = "v2")]
    v2: v2::V2,
}

impl Sandbox {
    /// Starts a sandbox on 127.0.0.1, on a port of the system's choice.
    ///
    /// # Errors
    ///
    /// If the system grants no socket, no thread or no random numbers.
    pub fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Starts a sandbox on this address; port 0 is a port of the system's choice.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::start`], and if the address is taken or not of this machine.
    pub fn start_at(address: SocketAddr) -> io::Result<Self> {
        let authority = Authority::new()?;
        let merchant_key = KeyPair::from_pem(MERCHANT_KEY_PEM).map_err(io::Error::other)?;
        let platform_key = KeyPair::from_pem(PLATFORM_KEY_PEM).map_err(io::Error::other)?;
        let merchant = authority.certify(MCHID, &merchant_key, A_DAY)?;
        let platform = authority.certify(PLATFORM, &platform_key, A_DAY)?;
        let public_key_pem = platform_key.public_key_pem();

        let listener = TcpListener::bind(address)?;
        let address = server::reachable(listener.local_addr()?);
        let base_url = format!("https://{address}");
        let key = Arc::new(ring_key(&platform_key)?);
        let world = World::new(
            Platform::new(
                Seal { serial: PUBLIC_KEY_ID.to_owned(), key: Arc::clone(&key) },
                PlatformCertificate::new(&platform, key),
            ),
            merchants(&merchant, &ring_key(&merchant_key)?),
            Cipher::new(API_V3_KEY)?,
            Fresh::new(authority::seed()?),
            base_url.clone(),
        );
        let world = Arc::new(Mutex::new(world));
        let options = HttpOptions::trusting(&authority.pem);
        let console =
            Arc::new(Console::new(Arc::clone(&world), authority, address.ip(), &options)?);
        let server = Server::start(listener, console.lines(), Arc::clone(&console))?;

        let signer = RsaSigner::from_pem(MCHID, &merchant.serial_no, MERCHANT_KEY_PEM);
        let platform_keys = PlatformKeys::from_pem(PUBLIC_KEY_ID, &public_key_pem)
            .and_then(|keys| keys.with_certificate(&platform.pem))
            .map_err(io::Error::other)?;
        let gateway = UreqTransport::new(&options)
            .and_then(|transport| Gateway::at(&base_url, platform_keys.clone(), transport))
            .map_err(io::Error::other)?;
        #[cfg(feature = "v2")]
        let v2 =
            v2::V2::new(Arc::clone(&world), &base_url, &options, &merchant.pem, MERCHANT_KEY_PEM)?;
        Ok(Self {
            server,
            world,
            base_url,
            console,
            merchant,
            platform,
            public_key_pem,
            appid: AppId::try_from(APPID).map_err(io::Error::other)?,
            sub_appid: AppId::try_from(SUB_APPID).map_err(io::Error::other)?,
            notify_url: NotifyUrl::try_from(NOTIFY_URL).map_err(io::Error::other)?,
            signer: signer.map_err(io::Error::other)?,
            platform_keys,
            gateway,
            #[cfg(feature = "v2")]
            v2,
        })
    }

    /// Where the sandbox listens, such as `https://127.0.0.1:49152`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The certificate of the authority that signed the sandbox's TLS certificate. Every sandbox
    /// has its own.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.console.ca_pem()
    }

    /// An appid that is bound to [`Sandbox::mchid`].
    #[must_use]
    pub fn appid(&self) -> AppId {
        self.appid.clone()
    }

    /// 商户号: the merchant's number.
    #[must_use]
    pub fn mchid(&self) -> &str {
        MCHID
    }

    /// 子商户号: a merchant for whom [`Sandbox::mchid`] may act as a partner (服务商).
    #[must_use]
    pub fn sub_mchid(&self) -> &str {
        SUB_MCHID
    }

    /// An appid that is bound to [`Sandbox::sub_mchid`].
    #[must_use]
    pub fn sub_appid(&self) -> AppId {
        self.sub_appid.clone()
    }

    /// Another merchant, to whom [`Sandbox::appid`] is bound as well: for its sub-orders in combined
    /// orders. It has no certificate, and asks for nothing itself.
    #[must_use]
    pub fn neighbour_mchid(&self) -> &str {
        NEIGHBOUR_MCHID
    }

    /// APIv3密钥: what notifications and certificates are encrypted with.
    #[must_use]
    pub fn api_v3_key(&self) -> &str {
        API_V3_KEY
    }

    /// 商户API证书序列号: the serial number of [`Sandbox::merchant_certificate_pem`].
    #[must_use]
    pub fn serial_no(&self) -> &str {
        &self.merchant.serial_no
    }

    /// 商户API私钥 (`apiclient_key.pem`): throwaway, the same in every sandbox.
    #[must_use]
    pub fn merchant_key_pem(&self) -> &str {
        MERCHANT_KEY_PEM
    }

    /// 商户API证书 (`apiclient_cert.pem`).
    #[must_use]
    pub fn merchant_certificate_pem(&self) -> &str {
        &self.merchant.pem
    }

    /// 微信支付公钥ID.
    #[must_use]
    pub fn public_key_id(&self) -> &str {
        PUBLIC_KEY_ID
    }

    /// 微信支付公钥 (`pub_key.pem`).
    #[must_use]
    pub fn public_key_pem(&self) -> &str {
        &self.public_key_pem
    }

    /// 平台证书: over the same key as [`Sandbox::public_key_pem`].
    #[must_use]
    pub fn platform_certificate_pem(&self) -> &str {
        &self.platform.pem
    }

    /// The serial number of [`Sandbox::platform_certificate_pem`].
    #[must_use]
    pub fn platform_certificate_serial_no(&self) -> &str {
        &self.platform.serial_no
    }

    /// An address for notifications at which nobody listens: for orders whose notifications are taken with
    /// [`Sandbox::take_notifications`].
    #[must_use]
    pub fn notify_url(&self) -> NotifyUrl {
        self.notify_url.clone()
    }

    /// An order of the sandbox's merchant over 100 fen, for tests: with [`Sandbox::appid`],
    /// [`Sandbox::notify_url`] and this merchant order number. It is not placed yet.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let order = sandbox.order("order-1")?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &order)?;
    /// sandbox.pay("order-1")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`wechatpay::Error::Invalid`] if the order number has not 6 to 32 characters, or has other
    /// characters than letters, digits and `_-|*`.
    pub fn order(&self, out_trade_no: &str) -> Result<pay::Order, wechatpay::Error> {
        let number = OutTradeNo::new(out_trade_no)?;
        let (appid, notify_url) = (self.appid(), self.notify_url());
        Ok(pay::Order::new(appid, number, DESCRIPTION, Fen(100), notify_url))
    }

    /// The merchant's signer.
    #[must_use]
    pub fn signer(&self) -> &RsaSigner {
        &self.signer
    }

    /// 微信支付公钥 and 平台证书, side by side.
    #[must_use]
    pub fn platform_keys(&self) -> &PlatformKeys {
        &self.platform_keys
    }

    /// A gateway to the sandbox, which trusts only the sandbox's own authority.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// APIv2: its signers, its gateway, and what users and the platform do there.
    #[cfg(feature = "v2")]
    #[must_use]
    pub fn v2(&self) -> &v2::V2 {
        &self.v2
    }

    /// Every request since the start, in order, also those that were refused, and those of users
    /// who followed an h5_url.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.world).received().to_vec()
    }

    /// Every order that was placed, of APIv3 and APIv2, the newest first, as it stands now.
    #[must_use]
    pub fn orders(&self) -> Vec<OrderSummary> {
        lock(&self.world).order_summaries(unix_now())
    }

    /// Every refund that was accepted, of APIv3 and APIv2, the newest first, as it stands now.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// // Here the program under test takes orders and gives money back.
    /// let moved: u64 = sandbox.refunds().iter().map(|refund| refund.refund.0).sum();
    /// assert_eq!(moved, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn refunds(&self) -> Vec<RefundSummary> {
        lock(&self.world).refund_summaries()
    }

    /// 收银台: the address at which a browser pays an order, or refuses to, by its prepay_id or
    /// code_url. An h5_url is such an address itself.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let address = sandbox.cashier_url("weixin://wxpay/bizpayurl?pr=JyC91EIz1");
    /// let place = "/cashier?code_url=weixin%3A%2F%2Fwxpay%2Fbizpayurl%3Fpr%3DJyC91EIz1";
    /// assert_eq!(address, format!("{}{place}", sandbox.base_url()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn cashier_url(&self, ticket: &str) -> String {
        if ticket.starts_with("https://") {
            return ticket.to_owned();
        }
        format!("{}{}", self.base_url, cashier::address(ticket))
    }

    /// How many TLS handshakes were completed since the start.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.handshakes()
    }

    /// Refuses the next call with this error: nothing happens to its order.
    ///
    /// A request that is not signed as it should be gets its own error instead, and the refusal
    /// waits for the one after it. Said twice, it refuses two calls. As with the service, a 401 is
    /// not signed.
    pub fn refuse_next(&self, status: u16, code: &str, message: &str) {
        lock(&self.world).refuse_next(Refusal::new(status, code, message));
    }

    /// Passes the next answer through `change` after it was signed: nobody should believe the
    /// result.
    ///
    /// The call itself has happened. Said twice, it changes two answers. `change` must not use the
    /// sandbox, which waits for it.
    pub fn tamper_next(&self, change: impl FnOnce(&mut Answer) + Send + 'static) {
        lock(&self.world).tamper_next(Box::new(change));
    }

    /// Passes the next answer through `change` before it is signed: odd, but to be believed.
    ///
    /// As with [`Sandbox::tamper_next`], the call itself has happened and `change` must not use the
    /// sandbox.
    pub fn rewrite_next(&self, change: impl FnOnce(&mut Answer) + Send + 'static) {
        lock(&self.world).rewrite_next(Box::new(change));
    }

    /// Lets the next call meet this fault.
    ///
    /// ```
    /// use wechatpay::pay::{self, app};
    /// use wechatpay_sandbox::{Fault, Sandbox};
    /// use wechatpay::{Fen, OutTradeNo, Outcome};
    ///
    /// let sandbox = Sandbox::start()?;
    /// let number = OutTradeNo::new("1217752501201407033233368018")?;
    /// let notify_url = sandbox.notify_url();
    /// let order = pay::Order::new(sandbox.appid(), number, "QQ公仔", Fen(100), notify_url);
    ///
    /// sandbox.fault_next(Fault::ResetAfterTheRequest);
    /// let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    /// assert_eq!(error.outcome(), Outcome::Unknown);
    /// sandbox.pay(order.out_trade_no.as_str())?; // Only the answer was lost.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fault_next(&self, fault: Fault) {
        self.fault_when(FaultRule::every_call().times(1), fault);
    }

    /// Lets the calls that the rule chooses meet this fault. Of several rules for one call the
    /// oldest decides; a call that is not signed as it should be meets none.
    ///
    /// In APIv2 faults on the wire, of machines between and errors, in their own spelling, are what
    /// they are in APIv3, and [`Fault::TamperedBody`] and [`Fault::EmptiedBody`] as well. The other
    /// faults of an answer concern headers and JSON, which APIv2 does not have.
    pub fn fault_when(&self, rule: FaultRule, fault: Fault) {
        self.console.fault_when(rule, fault);
    }

    /// Forgets every fault that is still to come, also those of [`Sandbox::refuse_next`],
    /// [`Sandbox::tamper_next`] and [`Sandbox::rewrite_next`].
    pub fn clear_faults(&self) {
        lock(&self.world).clear_faults();
    }

    /// Chooses the keys that answers and notifications are signed with from now on.
    pub fn set_key_mode(&self, mode: KeyMode) {
        lock(&self.world).set_key_mode(mode);
    }

    /// The next platform certificate, over a second key, appears beside the old one in the answer of
    /// `GET /v3/certificates`. Nothing is signed with it before
    /// [`Sandbox::rotate_platform_certificate`]. Returns its PEM.
    ///
    /// # Errors
    ///
    /// If the system grants no random numbers.
    pub fn announce_platform_certificate(&self) -> io::Result<String> {
        self.console.announce()
    }

    /// 平台证书轮换: changes to the announced platform certificate, else to a new one over a second
    /// key, and returns its PEM.
    ///
    /// From now on notifications are signed with it, and so are answers unless a request names the old
    /// one. Both are in the answer of `GET /v3/certificates`.
    ///
    /// # Errors
    ///
    /// If the system grants no random numbers.
    pub fn rotate_platform_certificate(&self) -> io::Result<String> {
        self.console.rotate()
    }

    /// Ends a rotation: platform certificates that were replaced are neither shown nor used any
    /// more, and who still names one is refused with PARAM_ERROR.
    pub fn retire_platform_certificates(&self) {
        lock(&self.world).retire();
    }

    /// Moves the clock of the sandbox by that many seconds, from where it stands: also the one by
    /// which it checks and makes signatures.
    pub fn shift_clock(&self, seconds: i64) {
        lock(&self.world).shift_clock(seconds);
    }

    /// Moves the time at which answers are signed, and nothing else: they come from the past or the
    /// future then, with good signatures.
    pub fn shift_answers(&self, seconds: i64) {
        lock(&self.world).shift_answers(seconds);
    }

    /// Lets time pass for orders, payments and bills, but not for signatures: neither those of
    /// requests nor those of answers grow old.
    pub fn let_time_pass(&self, seconds: u64) {
        lock(&self.world).let_time_pass(seconds);
    }

    /// Pays an order, as its user would. This makes a notification.
    ///
    /// # Errors
    ///
    /// If the order was not placed, is paid or closed, or if the time to pay it is over: its own
    /// (time_expire, else seven days), or that of its newest prepay_id, code_url or h5_url. See
    /// [`OrderError`].
    pub fn pay(&self, out_trade_no: &str) -> Result<(), OrderError> {
        self.pay_with_coupon(out_trade_no, Fen(0))
    }

    /// As [`Sandbox::pay`], but a coupon (充值券, paid for by the merchant) pays this part of the
    /// order: at most all of it.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::pay`].
    pub fn pay_with_coupon(&self, out_trade_no: &str, coupon: Fen) -> Result<(), OrderError> {
        lock(&self.world).pay(MCHID, out_trade_no, coupon.0, unix_now())
    }

    /// The user's payment fails: the bank says no, or the user breaks it off.
    ///
    /// The order stays NOTPAY and can still be paid, and there is no notification: PAYERROR is a state of
    /// 付款码 orders alone, which the sandbox does not have.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::pay`].
    pub fn refuse_payment(&self, out_trade_no: &str) -> Result<(), OrderError> {
        lock(&self.world).refuse_payment(MCHID, out_trade_no, unix_now())
    }

    /// As [`Sandbox::refuse_payment`], for a combined order.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::pay`].
    pub fn refuse_combined_payment(&self, combine_out_trade_no: &str) -> Result<(), OrderError> {
        lock(&self.world).refuse_combined_payment(MCHID, combine_out_trade_no, unix_now())
    }

    /// Closes an order, as the platform would.
    ///
    /// # Errors
    ///
    /// If the order was not placed, or is paid or closed.
    pub fn close(&self, out_trade_no: &str) -> Result<(), OrderError> {
        lock(&self.world).close(MCHID, out_trade_no)
    }

    /// Pays a combined order, all of its sub-orders together, as its user would. This makes one
    /// notification.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::pay`].
    pub fn pay_combined(&self, combine_out_trade_no: &str) -> Result<(), OrderError> {
        lock(&self.world).pay_combined(MCHID, combine_out_trade_no, unix_now())
    }

    /// Closes a combined order, as the platform would.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::close`].
    pub fn close_combined(&self, combine_out_trade_no: &str) -> Result<(), OrderError> {
        lock(&self.world).close_combined(MCHID, combine_out_trade_no)
    }

    /// A refund succeeds: the money is back with the user. This makes a notification.
    ///
    /// # Errors
    ///
    /// If there is no such refund, or if it is not being processed.
    pub fn succeed_refund(&self, out_refund_no: &str) -> Result<(), NoSuchRefund> {
        self.end_refund(out_refund_no, RefundStatus::Success)
    }

    /// 退款异常: the user's card is gone, and the merchant must say where the money should go. This
    /// makes a notification.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::succeed_refund`].
    pub fn fail_refund(&self, out_refund_no: &str) -> Result<(), NoSuchRefund> {
        self.end_refund(out_refund_no, RefundStatus::Abnormal)
    }

    /// 退款关闭: nothing is refunded, and its amount can be refunded under another number. This makes
    /// a notification.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::succeed_refund`].
    pub fn close_refund(&self, out_refund_no: &str) -> Result<(), NoSuchRefund> {
        self.end_refund(out_refund_no, RefundStatus::Closed)
    }

    /// 可用余额: what refunds are paid from, from now on. One that asks for more than is left is
    /// refused with NOT_ENOUGH; one that is closed puts its amount back; payments add nothing.
    ///
    /// Without this there is always enough, and with [`Fen::MAX`] there is again.
    pub fn set_balance(&self, balance: Fen) {
        lock(&self.world).set_balance(balance.0);
    }

    /// 频率限制: takes only so many calls of APIv3 in any span of this many seconds, and refuses the
    /// others with 429 FREQUENCY_LIMITED.
    ///
    /// [`Sandbox::let_time_pass`] ends a span. Without this there is no limit, and with
    /// [`usize::MAX`] calls there is none again.
    pub fn limit_rate(&self, calls: usize, seconds: u32) {
        lock(&self.world).limit_rate(RateLimit::new(calls, seconds.into()));
    }

    /// Takes the notifications of APIv3 that were neither taken nor delivered, the oldest first, signed
    /// now.
    ///
    /// What is taken comes by no other way: not to use it is a notification that never arrives; to
    /// [`Sandbox::post`] it twice, later ([`Sandbox::sign_again`]) or in another order, is what a
    /// merchant must bear as well.
    #[allow(clippy::must_use_candidate, reason = "whoever drops notifications loses them")]
    pub fn take_notifications(&self) -> Vec<Notification> {
        lock(&self.world).take_notifications(Version::V3, unix_now())
    }

    /// The notifications that were neither taken nor delivered, the oldest first, signed now. They stay
    /// pending.
    #[must_use]
    pub fn pending_notifications(&self) -> Vec<Notification> {
        lock(&self.world).pending_notifications(unix_now())
    }

    /// The notification with a fresh signature, as every attempt has it.
    #[must_use]
    pub fn sign_again(&self, notification: &Notification) -> Notification {
        lock(&self.world).sign_again(notification, unix_now())
    }

    /// Posts a notification, exactly as it is, to its notify_url, whether or not it is still pending.
    ///
    /// That changes nothing about the schedule. For the rest see [`Sandbox::deliver_notifications`].
    #[allow(clippy::must_use_candidate, reason = "most callers look at what their merchant did")]
    pub fn post(&self, notification: &Notification) -> Delivery {
        self.console.post(notification)
    }

    /// Posts every pending notification to its notify_url, one after the other, signed now, whether or not
    /// its time has come.
    ///
    /// A notification that is answered with 200 or 204 is delivered, one of APIv2 if the answer says
    /// SUCCESS as well; any other stays pending, and gets its next time on the schedule. The sandbox
    /// calls loopback addresses only, without a proxy, and waits five seconds for an answer; over
    /// TLS it trusts its own authority only.
    #[allow(clippy::must_use_candidate, reason = "most callers look at what their merchant did")]
    pub fn deliver_notifications(&self) -> Vec<Delivery> {
        self.console.deliver_notifications()
    }

    /// As [`Sandbox::deliver_notifications`], but only the notifications whose time has come: at once, and after
    /// 15 s, 15 s, 30 s, 3 min, 10 min, 20 min, three times 30 min, 60 min, three times 3 h and twice
    /// 6 h, each counted from the last attempt. Then the platform gives up.
    ///
    /// Time is what [`Sandbox::let_time_pass`] makes of it.
    #[allow(clippy::must_use_candidate, reason = "most callers look at what their merchant did")]
    pub fn deliver_due_notifications(&self) -> Vec<Delivery> {
        self.console.deliver_due_notifications()
    }
}

impl Sandbox {
    fn end_refund(&self, out_refund_no: &str, status: RefundStatus) -> Result<(), NoSuchRefund> {
        lock(&self.world).end_refund(MCHID, out_refund_no, status, unix_now())
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// A test that panicked while it held the lock must not take the other tests along.
fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn ring_key(key: &KeyPair) -> io::Result<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(&key.serialize_der())
        .map_err(|rejected| io::Error::other(rejected.to_string()))
}

fn merchants(certificate: &Certificate, key: &RsaKeyPair) -> Merchants {
    let certificate = MerchantCertificate {
        serial_no: certificate.serial_no.clone(),
        public_key: key.public().as_ref().to_vec(),
    };
    let silent = |appid: &str| Merchant {
        appids: vec![appid.to_owned()],
        sub_mchids: Vec::new(),
        certificate: None,
    };
    let sub_mchids = vec![SUB_MCHID.to_owned()];
    // The merchant's appid as well, without which it could take no part in combined orders.
    let appids = vec![NEIGHBOUR_APPID.to_owned(), APPID.to_owned()];
    let merchant = Merchant { sub_mchids, certificate: Some(certificate), ..silent(APPID) };
    HashMap::from([
        (MCHID.to_owned(), merchant),
        (SUB_MCHID.to_owned(), silent(SUB_APPID)),
        (NEIGHBOUR_MCHID.to_owned(), Merchant { appids, ..silent(NEIGHBOUR_APPID) }),
    ])
}

/// The samples of the documents.
const MCHID: &str = "1900007291";
const APPID: &str = "wxd678efh567hg6787";
const SUB_MCHID: &str = "1900000109";
const SUB_APPID: &str = "wxdace645e0bc2c424";
const NEIGHBOUR_MCHID: &str = "1900009191";
const NEIGHBOUR_APPID: &str = "wx2421b1c4370ec43b";
/// Of the documents' form: 34 digits, among them the mchid.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000072912025010100000000000001";
/// 32 letters and digits, for everybody to see.
const API_V3_KEY: &str = "SandboxApiV3Key0SandboxApiV3Key0";
/// The name in platform certificates.
const PLATFORM: &str = "Tenpay.com Sandbox";
const DESCRIPTION: &str = "Image形象店-深圳腾大-QQ公仔";
/// Nobody listens there.
const NOTIFY_URL: &str = "https://127.0.0.1/notify";
