//! [`Sandbox`], by which tests use and control the emulator.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};

use rcgen::KeyPair;

use wechatpay::{
    AppId, Fen, Gateway, HttpOptions, Method, NotifyUrl, OutTradeNo, PlatformKeys, RsaSigner,
    UreqTransport, pay,
};

use super::authority::{
    A_DAY, Authority, Certificate, MERCHANT_KEY_PEM, NEIGHBOUR_KEY_PEM, PLATFORM_KEY_PEM, ring_key,
    seed,
};
use super::balance::Balance;
use super::calendar::unix_now;
use super::cipher::Cipher;
use super::controller::Controller;
use super::dispatcher::Dispatcher;
use super::fault::Fault;
use super::fault_rules::FaultRule;
use super::merchants::{
    API_V3_KEY, APPID, MCHID, MerchantCertificate, NEIGHBOUR_APPID, NEIGHBOUR_MCHID, SUB_APPID,
    SUB_MCHID, sandbox_merchants,
};
use super::notifications::{Delivery, Notification};
use super::order_error::OrderError;
use super::order_html::cashier_path;
use super::platform::{
    KeyMode, PLATFORM_NAME, PUBLIC_KEY_ID, Platform, PlatformCertificate, PlatformKey,
};
use super::rate_limit::RateLimit;
use super::received::Received;
use super::refund::RefundStatus;
use super::refund_error::RefundError;
use super::refusal::Refusal;
use super::response::Response;
use super::scripts::{Script, ScriptedRequest};
use super::server::{Server, reachable};
use super::state::{State, lock};
use super::summary::{OrderSummary, RefundSummary};
use super::transfer_error::TransferError;
use super::transfer_page::confirmation_path;
use super::transfer_summary::TransferSummary;
use super::unique_ids::UniqueIds;
#[cfg(feature = "v2")]
use super::v2::V2;
use super::version::Version;

/// A running sandbox, with everything that a merchant needs to use it. Dropping it stops it.
pub struct Sandbox {
    // Declared first, and so dropped first: no request arrives while the rest is dropped.
    server: Server,
    state: Arc<Mutex<State>>,
    base_url: String,
    controller: Arc<Controller>,
    merchant: Certificate,
    neighbour: Certificate,
    platform: Certificate,
    public_key_pem: String,
    appid: AppId,
    neighbour_appid: AppId,
    sub_appid: AppId,
    notify_url: NotifyUrl,
    signer: RsaSigner,
    neighbour_signer: RsaSigner,
    platform_keys: PlatformKeys,
    gateway: Gateway,
    #[cfg(feature = "v2")]
    v2: V2,
}

impl Sandbox {
    /// Starts a sandbox on 127.0.0.1, on a port that the system chooses.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert!(sandbox.base_url().starts_with("https://127.0.0.1:"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the system provides no socket, no thread or no random numbers.
    pub fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Starts a sandbox on this address. If the port is 0, the system chooses one.
    ///
    /// ```
    /// use std::net::{Ipv4Addr, SocketAddr};
    ///
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    /// assert!(sandbox.base_url().starts_with("https://127.0.0.1:"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Sandbox::start`], and if the address is in use or does not belong to this machine.
    pub fn start_at(address: SocketAddr) -> io::Result<Self> {
        let authority = Authority::new()?;
        let merchant_key = KeyPair::from_pem(MERCHANT_KEY_PEM).map_err(io::Error::other)?;
        let platform_key = KeyPair::from_pem(PLATFORM_KEY_PEM).map_err(io::Error::other)?;
        let merchant = authority.certify(MCHID, &merchant_key, A_DAY)?;
        let neighbour_key = KeyPair::from_pem(NEIGHBOUR_KEY_PEM).map_err(io::Error::other)?;
        let neighbour = authority.certify(NEIGHBOUR_MCHID, &neighbour_key, A_DAY)?;
        let platform = authority.certify(PLATFORM_NAME, &platform_key, A_DAY)?;
        let public_key_pem = platform_key.public_key_pem();

        let listener = TcpListener::bind(address)?;
        let address = reachable(listener.local_addr()?);
        let base_url = format!("https://{address}");
        let key_pair = Arc::new(ring_key(&platform_key)?);
        let public_key =
            PlatformKey { serial_no: PUBLIC_KEY_ID.to_owned(), key_pair: Arc::clone(&key_pair) };
        let state = State::new(
            Platform::new(public_key, PlatformCertificate::new(&platform, key_pair)),
            sandbox_merchants(
                MerchantCertificate::new(&merchant.serial_no, &ring_key(&merchant_key)?),
                MerchantCertificate::new(&neighbour.serial_no, &ring_key(&neighbour_key)?),
            ),
            Cipher::new(API_V3_KEY)?,
            UniqueIds::new(seed()?),
            base_url.clone(),
        );
        let state = Arc::new(Mutex::new(state));
        let options = HttpOptions::trusting(&authority.pem);
        let controller =
            Arc::new(Controller::new(Arc::clone(&state), authority, address.ip(), &options)?);
        let dispatcher = Dispatcher(Arc::clone(&controller));
        let server = Server::start(listener, controller.connections(), dispatcher)?;

        let signer = RsaSigner::from_pem(MCHID, &merchant.serial_no, MERCHANT_KEY_PEM);
        let neighbour_signer =
            RsaSigner::from_pem(NEIGHBOUR_MCHID, &neighbour.serial_no, NEIGHBOUR_KEY_PEM);
        let platform_keys = PlatformKeys::from_pem(PUBLIC_KEY_ID, &public_key_pem)
            .and_then(|keys| keys.with_certificate(&platform.pem))
            .map_err(io::Error::other)?;
        let gateway = UreqTransport::new(&options)
            .and_then(|transport| Gateway::at(&base_url, platform_keys.clone(), transport))
            .map_err(io::Error::other)?;
        #[cfg(feature = "v2")]
        let v2 = V2::new(Arc::clone(&state), &base_url, &options, &merchant.pem, MERCHANT_KEY_PEM)?;
        Ok(Self {
            server,
            state,
            base_url,
            controller,
            merchant,
            neighbour,
            platform,
            public_key_pem,
            appid: AppId::try_from(APPID).map_err(io::Error::other)?,
            sub_appid: AppId::try_from(SUB_APPID).map_err(io::Error::other)?,
            notify_url: NotifyUrl::try_from(NOTIFY_URL).map_err(io::Error::other)?,
            neighbour_appid: AppId::try_from(NEIGHBOUR_APPID).map_err(io::Error::other)?,
            signer: signer.map_err(io::Error::other)?,
            neighbour_signer: neighbour_signer.map_err(io::Error::other)?,
            platform_keys,
            gateway,
            #[cfg(feature = "v2")]
            v2,
        })
    }

    /// The URL at which the sandbox listens, such as `https://127.0.0.1:49152`. A browser finds there
    /// a page of everything that happened.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert!(sandbox.base_url().starts_with("https://127.0.0.1:"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The certificate of the authority that signed the sandbox's TLS certificate, in PEM. Each
    /// sandbox has its own.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert!(sandbox.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.controller.ca_pem()
    }

    /// 应用ID: an appid that is bound to [`Sandbox::mchid`].
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.appid().as_str(), "wxd678efh567hg6787");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn appid(&self) -> AppId {
        self.appid.clone()
    }

    /// 商户号: the merchant number.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.mchid(), "1900007291");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn mchid(&self) -> &str {
        MCHID
    }

    /// 子商户号: the number of a sub-merchant for whom [`Sandbox::mchid`] may act as a partner (服务商).
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.sub_mchid(), "1900000109");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sub_mchid(&self) -> &str {
        SUB_MCHID
    }

    /// 子商户应用ID: an appid that is bound to [`Sandbox::sub_mchid`].
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.sub_appid().as_str(), "wxdace645e0bc2c424");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sub_appid(&self) -> AppId {
        self.sub_appid.clone()
    }

    /// The number of another merchant, for its sub-orders in combined orders: [`Sandbox::appid`] is
    /// bound to it as well. It has no certificate, and so cannot call anything itself.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.neighbour_mchid(), "1900009191");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn neighbour_mchid(&self) -> &str {
        NEIGHBOUR_MCHID
    }

    /// 应用ID: an appid that is bound to [`Sandbox::neighbour_mchid`] alone.
    #[must_use]
    pub fn neighbour_appid(&self) -> AppId {
        self.neighbour_appid.clone()
    }

    /// The signer of [`Sandbox::neighbour_mchid`], a second merchant with orders of its own.
    ///
    /// ```
    /// use wechatpay::pay;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let order = sandbox.order("order-1")?;
    /// pay::app::prepay(sandbox.signer(), sandbox.gateway(), &order)?;
    /// let of_another = pay::query(sandbox.neighbour_signer(), sandbox.gateway(), &order.out_trade_no);
    /// assert!(of_another.is_err()); // The neighbour has no such order.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn neighbour_signer(&self) -> &RsaSigner {
        &self.neighbour_signer
    }

    /// 商户API私钥 (`apiclient_key.pem`) of [`Sandbox::neighbour_mchid`], which is public and the same in every sandbox.
    #[must_use]
    pub fn neighbour_key_pem(&self) -> &str {
        NEIGHBOUR_KEY_PEM
    }

    /// 商户API证书 (`apiclient_cert.pem`) of [`Sandbox::neighbour_mchid`].
    #[must_use]
    pub fn neighbour_certificate_pem(&self) -> &str {
        &self.neighbour.pem
    }

    /// APIv3密钥: the APIv3 key, with which notifications and certificates are encrypted.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.api_v3_key().len(), 32);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn api_v3_key(&self) -> &str {
        API_V3_KEY
    }

    /// 商户API证书序列号: the serial number of [`Sandbox::merchant_certificate_pem`].
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.serial_no().len(), 40); // In hex.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn serial_no(&self) -> &str {
        &self.merchant.serial_no
    }

    /// 商户API私钥 (`apiclient_key.pem`): the merchant's private key, which is public and the same in
    /// every sandbox.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert!(sandbox.merchant_key_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn merchant_key_pem(&self) -> &str {
        MERCHANT_KEY_PEM
    }

    /// 商户API证书 (`apiclient_cert.pem`): the merchant's certificate.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let pem = sandbox.merchant_certificate_pem();
    /// assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn merchant_certificate_pem(&self) -> &str {
        &self.merchant.pem
    }

    /// 微信支付公钥ID: the ID of WeChat Pay's public key.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert!(sandbox.public_key_id().starts_with("PUB_KEY_ID_"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn public_key_id(&self) -> &str {
        PUBLIC_KEY_ID
    }

    /// 微信支付公钥 (`pub_key.pem`): WeChat Pay's public key.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert!(sandbox.public_key_pem().starts_with("-----BEGIN PUBLIC KEY-----"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn public_key_pem(&self) -> &str {
        &self.public_key_pem
    }

    /// 平台证书: a platform certificate over the key in [`Sandbox::public_key_pem`].
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let pem = sandbox.platform_certificate_pem();
    /// assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn platform_certificate_pem(&self) -> &str {
        &self.platform.pem
    }

    /// 平台证书序列号: the serial number of [`Sandbox::platform_certificate_pem`].
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.platform_certificate_serial_no().len(), 40); // In hex.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn platform_certificate_serial_no(&self) -> &str {
        &self.platform.serial_no
    }

    /// 通知地址: an address at which no server listens, for orders whose notifications are taken with
    /// [`Sandbox::take_notifications`].
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.notify_url().as_str(), "https://127.0.0.1/notify");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// [`wechatpay::ErrorKind::Invalid`] if the order number has not 6 to 32 characters, or has other
    /// characters than letters, digits and `_-|*`.
    pub fn order(&self, out_trade_no: &str) -> Result<pay::Order, wechatpay::Error> {
        let number = OutTradeNo::new(out_trade_no)?;
        let (appid, notify_url) = (self.appid(), self.notify_url());
        Ok(pay::Order::new(appid, number, DESCRIPTION, Fen(100), notify_url))
    }

    /// The merchant's signer.
    ///
    /// ```
    /// use wechatpay::Signer;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.signer().mchid(), sandbox.mchid());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn signer(&self) -> &RsaSigner {
        &self.signer
    }

    /// WeChat Pay's public key (微信支付公钥) and platform certificate (平台证书).
    ///
    /// ```
    /// use wechatpay::Gateway;
    /// use wechatpay::UreqTransport;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let keys = sandbox.platform_keys().clone();
    /// let gateway = Gateway::at(sandbox.base_url(), keys, UreqTransport::new(&Default::default())?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn platform_keys(&self) -> &PlatformKeys {
        &self.platform_keys
    }

    /// A gateway to the sandbox, which trusts the sandbox's own authority alone.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// APIv2: its signers, its gateway, and what users and the platform do to its orders.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.v2().api_key().len(), 32);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "v2")]
    #[must_use]
    pub fn v2(&self) -> &V2 {
        &self.v2
    }

    /// Every request since the start, in order: also those that were refused, and those of users who
    /// followed an h5_url.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// assert_eq!(sandbox.received()[0].path, "/v3/pay/transactions/app");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state).received.clone()
    }

    /// Every order that was placed, of APIv3 and APIv2, the newest first, in its present state.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// assert_eq!(sandbox.orders()[0].out_trade_no, "order-1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn orders(&self) -> Vec<OrderSummary> {
        lock(&self.state).order_summaries(unix_now())
    }

    /// Every refund that was accepted, of APIv3 and APIv2, the newest first, in its present state.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// // Here the program under test places orders and refunds them.
    /// let refunded: u64 = sandbox.refunds().iter().map(|refund| refund.refund.0).sum();
    /// assert_eq!(refunded, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn refunds(&self) -> Vec<RefundSummary> {
        lock(&self.state).refund_summaries()
    }

    /// 收银台: the address of the page on which a browser pays an order or refuses to, from its
    /// prepay_id or code_url. An h5_url is such an address itself.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let address = sandbox.cashier_url("weixin://wxpay/bizpayurl?pr=JyC91EIz1");
    /// let path = "/cashier?code_url=weixin%3A%2F%2Fwxpay%2Fbizpayurl%3Fpr%3DJyC91EIz1";
    /// assert_eq!(address, format!("{}{path}", sandbox.base_url()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn cashier_url(&self, payment_token: &str) -> String {
        if payment_token.starts_with("https://") {
            return payment_token.to_owned();
        }
        format!("{}{}", self.base_url, cashier_path(payment_token))
    }

    /// How many TLS handshakes were completed since the start.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert_eq!(sandbox.connections(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.handshakes()
    }

    /// Refuses the next call with this error. The call is not carried out.
    ///
    /// A request with a wrong signature gets its own error, and this one waits for the next request.
    /// Two calls of this method refuse two calls. As with WeChat Pay, a response with status 401 is
    /// not signed.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.refuse_next(403, "NO_AUTH", "商户无权限");
    /// let order = sandbox.order("order-1")?;
    /// let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    /// assert_eq!(error.api().unwrap().code.as_str(), "NO_AUTH");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refuse_next(&self, status: u16, code: &str, message: &str) {
        lock(&self.state).faults.refuse_next(Refusal::new(status, code, message));
    }

    /// Changes the next response after it was signed, so that its signature is wrong.
    ///
    /// The call itself is carried out. Two calls of this method change two responses. `change` must
    /// not use the sandbox, which would wait for itself.
    ///
    /// ```
    /// use wechatpay::Outcome;
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.tamper_next(|response| response.body.push(b' '));
    /// let order = sandbox.order("order-1")?;
    /// let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    /// assert_eq!(error.outcome(), Outcome::Unknown); // The order was placed.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tamper_next(&self, change: impl FnOnce(&mut Response) + Send + 'static) {
        lock(&self.state).faults.tamper_next(Box::new(change));
    }

    /// Changes the next response before it is signed, so that its signature is right.
    ///
    /// As with [`Sandbox::tamper_next`], the call itself is carried out, and `change` must not use the
    /// sandbox.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.rewrite_next(|response| response.body = br#"{"prepay_id":"wx1"}"#.to_vec());
    /// let order = sandbox.order("order-1")?;
    /// let prepay_id = app::prepay(sandbox.signer(), sandbox.gateway(), &order)?;
    /// assert_eq!(prepay_id.as_str(), "wx1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rewrite_next(&self, change: impl FnOnce(&mut Response) + Send + 'static) {
        lock(&self.state).faults.rewrite_next(Box::new(change));
    }

    /// Makes the next call meet this fault.
    ///
    /// ```
    /// use wechatpay::Outcome;
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::{Fault, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// let order = sandbox.order("order-1")?;
    ///
    /// sandbox.fault_next(Fault::ResetAfterTheRequest);
    /// let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    /// assert_eq!(error.outcome(), Outcome::Unknown);
    /// sandbox.pay("order-1")?; // Only the response was lost.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fault_next(&self, fault: Fault) {
        self.fault_when(FaultRule::every_call().times(1), fault);
    }

    /// Makes the calls that match the rule meet this fault. If several rules match a call, the oldest
    /// one decides. A call with a wrong signature meets no fault.
    ///
    /// In APIv2, faults on the wire, of proxies and errors are the same as in APIv3, errors with the
    /// codes of APIv2, and so are [`Fault::TamperedBody`] and [`Fault::EmptiedBody`]. The other faults
    /// of a response concern headers and JSON, which APIv2 does not have.
    ///
    /// ```
    /// use wechatpay_sandbox::{Fault, FaultRule, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// let rule = FaultRule::calls("POST", "/v3/refund/").times(2);
    /// sandbox.fault_when(rule, Fault::ClosedWithoutResponse); // The next two refunds.
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn fault_when(&self, rule: FaultRule, fault: Fault) {
        self.controller.fault_when(rule, fault);
    }

    /// Removes every fault that has not happened yet, also those of [`Sandbox::refuse_next`],
    /// [`Sandbox::tamper_next`] and [`Sandbox::rewrite_next`].
    ///
    /// ```
    /// use wechatpay_sandbox::{Fault, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.fault_next(Fault::Silence);
    /// sandbox.clear_faults(); // The next call meets no fault.
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn clear_faults(&self) {
        lock(&self.state).faults.clear();
    }

    /// Chooses the keys with which responses and notifications are signed from now on.
    ///
    /// ```
    /// use wechatpay_sandbox::{KeyMode, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.set_key_mode(KeyMode::PublicKey);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_key_mode(&self, mode: KeyMode) {
        lock(&self.state).platform.set_mode(mode);
    }

    /// Adds the next platform certificate, over a second key, to the response of
    /// `GET /v3/certificates`. Nothing is signed with it before
    /// [`Sandbox::rotate_platform_certificate`]. Returns it in PEM.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let next = sandbox.announce_platform_certificate()?;
    /// assert_eq!(sandbox.rotate_platform_certificate()?, next);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the system provides no random numbers.
    pub fn announce_platform_certificate(&self) -> io::Result<String> {
        self.controller.announce()
    }

    /// 平台证书轮换: replaces the platform certificate with the announced one, or with a new one over a
    /// second key if none was announced. Returns it in PEM.
    ///
    /// From now on notifications are signed with it, and so are responses, unless a request names the
    /// old one. Both are in the response of `GET /v3/certificates`.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let next = sandbox.rotate_platform_certificate()?;
    /// assert_ne!(next, sandbox.platform_certificate_pem());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the system provides no random numbers.
    pub fn rotate_platform_certificate(&self) -> io::Result<String> {
        self.controller.rotate()
    }

    /// Ends a rotation: platform certificates that were replaced are neither listed nor used any more,
    /// and a request that names one is refused with PARAM_ERROR.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.rotate_platform_certificate()?;
    /// sandbox.retire_platform_certificates(); // The first certificate is gone.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retire_platform_certificates(&self) {
        lock(&self.state).platform.retire();
    }

    /// Moves the sandbox's clock by this many seconds, also the one by which it checks and makes
    /// signatures.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.shift_clock(3600); // Now requests are refused: their time is an hour ago.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shift_clock(&self, seconds: i64) {
        lock(&self.state).clock.shift(seconds);
    }

    /// Moves the time at which responses are signed, and nothing else, by this many seconds: their
    /// signatures are right, but come from the past or the future.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.shift_responses(-3600); // Now responses seem an hour old.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shift_responses(&self, seconds: i64) {
        lock(&self.state).clock.shift_responses(seconds);
    }

    /// Lets time pass for orders, payments and bills, but not for the signatures of requests and
    /// responses.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::{OrderError, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.let_time_pass(3 * 60 * 60);
    /// assert_eq!(sandbox.pay("order-1"), Err(OrderError::PaymentTokenExpired));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn let_time_pass(&self, seconds: u64) {
        lock(&self.state).let_time_pass(seconds, unix_now());
    }

    /// Pays an order, as its user would. This makes one notification.
    ///
    /// The number is that of a single order (商户订单号), or of a combined order (合单商户订单号), whose
    /// sub-orders are paid together. If an order of APIv3 and one of APIv2 have the same number, the
    /// one of APIv3 is paid; `Sandbox::v2` pays the other one.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::{OrderError, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// assert_eq!(sandbox.pay("order-1"), Err(OrderError::Paid));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no order with this number, if it is paid or closed, or if the time to pay it is
    /// over: its own (time_expire, or else seven days), or that of its newest prepay_id, code_url or
    /// h5_url. See [`OrderError`].
    pub fn pay(&self, out_trade_no: &str) -> Result<(), OrderError> {
        self.pay_with_coupon(out_trade_no, Fen(0))
    }

    /// Pays a single order as [`Sandbox::pay`] does, but a coupon (充值券, paid for by the merchant)
    /// pays this part of it, at most all of it.
    ///
    /// ```
    /// use wechatpay::Fen;
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay_with_coupon("order-1", Fen(10))?; // The user pays 90 of 100 fen.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Sandbox::pay`], and [`OrderError::CouponNotSupported`] for a combined order.
    pub fn pay_with_coupon(&self, out_trade_no: &str, coupon: Fen) -> Result<(), OrderError> {
        let mut state = lock(&self.state);
        let order = state.find_order(out_trade_no)?;
        let coupons: &[u64] = if coupon == Fen(0) { &[] } else { &[coupon.0] };
        state.pay(&order, coupons, unix_now())
    }

    /// Lets the user's payment fail: the bank refuses, or the user cancels. For the number, see
    /// [`Sandbox::pay`].
    ///
    /// The order stays NOTPAY and can still be paid, and there is no notification: PAYERROR is a state
    /// of orders with a payment code (付款码) alone, which the sandbox does not have.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.refuse_payment("order-1")?;
    /// sandbox.pay("order-1")?; // The user tries again.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Sandbox::pay`].
    pub fn refuse_payment(&self, out_trade_no: &str) -> Result<(), OrderError> {
        let mut state = lock(&self.state);
        let order = state.find_order(out_trade_no)?;
        state.refuse_payment(&order, unix_now())
    }

    /// Closes an order, as the platform would. For the number, see [`Sandbox::pay`].
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::{OrderError, Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.close("order-1")?;
    /// assert_eq!(sandbox.pay("order-1"), Err(OrderError::Closed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no order with this number, or if it is paid or closed.
    pub fn close(&self, out_trade_no: &str) -> Result<(), OrderError> {
        let mut state = lock(&self.state);
        let order = state.find_order(out_trade_no)?;
        state.close(&order)
    }

    /// 退款成功: lets a refund succeed, so that the user has the money back. This makes a notification.
    ///
    /// If a refund of APIv3 and one of APIv2 have the same number, the one of APIv3 is meant.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay::refund::{self, Refund};
    /// use wechatpay::{Fen, OutRefundNo};
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    /// let order = sandbox.order("order-1")?;
    /// app::prepay(signer, gateway, &order)?;
    /// sandbox.pay("order-1")?;
    /// let number = OutRefundNo::new("refund-1")?;
    /// refund::apply(signer, gateway, &Refund::new(number, order.out_trade_no, Fen(60), Fen(100)))?;
    /// sandbox.succeed_refund("refund-1")?;
    /// assert_eq!(sandbox.refunds()[0].status, "SUCCESS");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no refund with this number, or if it is not being processed.
    pub fn succeed_refund(&self, out_refund_no: &str) -> Result<(), RefundError> {
        self.end_refund(out_refund_no, RefundStatus::Success)
    }

    /// 退款异常: lets a refund fail because the user's card is cancelled or frozen. The merchant must
    /// choose where the money goes. This makes a notification.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay::refund::{self, Refund};
    /// use wechatpay::{Fen, OutRefundNo};
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    /// let order = sandbox.order("order-1")?;
    /// app::prepay(signer, gateway, &order)?;
    /// sandbox.pay("order-1")?;
    /// let number = OutRefundNo::new("refund-1")?;
    /// refund::apply(signer, gateway, &Refund::new(number, order.out_trade_no, Fen(60), Fen(100)))?;
    /// sandbox.fail_refund("refund-1")?;
    /// assert_eq!(sandbox.refunds()[0].status, "ABNORMAL");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Sandbox::succeed_refund`].
    pub fn fail_refund(&self, out_refund_no: &str) -> Result<(), RefundError> {
        self.end_refund(out_refund_no, RefundStatus::Abnormal)
    }

    /// 退款关闭: closes a refund. Nothing is refunded, and its amount can be refunded under another
    /// refund number. This makes a notification.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay::refund::{self, Refund};
    /// use wechatpay::{Fen, OutRefundNo};
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    /// let order = sandbox.order("order-1")?;
    /// app::prepay(signer, gateway, &order)?;
    /// sandbox.pay("order-1")?;
    /// let number = OutRefundNo::new("refund-1")?;
    /// refund::apply(signer, gateway, &Refund::new(number, order.out_trade_no, Fen(60), Fen(100)))?;
    /// sandbox.close_refund("refund-1")?;
    /// assert_eq!(sandbox.refunds()[0].status, "CLOSED");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Sandbox::succeed_refund`].
    pub fn close_refund(&self, out_refund_no: &str) -> Result<(), RefundError> {
        self.end_refund(out_refund_no, RefundStatus::Closed)
    }

    /// 可用余额: sets the balance from which refunds are paid. A refund of more than is left is refused
    /// with NOT_ENOUGH. A refund that is closed returns its amount; payments add nothing.
    ///
    /// At the start the balance is unlimited, and with [`Fen::MAX`] it practically is again.
    ///
    /// ```
    /// use wechatpay::Fen;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.set_balance(Fen(0)); // Now refunds are refused with NOT_ENOUGH.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_balance(&self, balance: Fen) {
        lock(&self.state).balance = Balance::of(balance.0);
    }

    /// Every transfer that was accepted, the newest first, in its present state.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// // Here the program under test creates transfers.
    /// let paid = sandbox.transfers().into_iter().filter(|transfer| transfer.state == "SUCCESS");
    /// assert_eq!(paid.map(|transfer| transfer.transfer_amount.0).sum::<u64>(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn transfers(&self) -> Vec<TransferSummary> {
        lock(&self.state).transfer_summaries(unix_now())
    }

    /// 确认收款: confirms a transfer, as its user would, so that it is paid. This makes a notification, if the
    /// transfer has a notify_url.
    ///
    /// A transfer that is being cancelled can still be confirmed: it becomes `CANCELLED` only when a second of the
    /// sandbox's time has passed ([`Sandbox::let_time_pass`]).
    ///
    /// # Errors
    ///
    /// If there is no transfer with this number, or if it does not wait for its user.
    pub fn confirm_transfer(&self, out_bill_no: &str) -> Result<(), TransferError> {
        lock(&self.state).confirm_transfer(MCHID, out_bill_no, unix_now())
    }

    /// 转账失败: fails a transfer that has not ended, for this reason, such as `OVERDUE_CLOSE`. Its money goes back to the
    /// operation account. This makes a notification.
    ///
    /// A transfer that no user confirms fails by itself after 24 hours ([`Sandbox::let_time_pass`]).
    ///
    /// # Errors
    ///
    /// If there is no transfer with this number, or if it has ended.
    pub fn fail_transfer(&self, out_bill_no: &str, fail_reason: &str) -> Result<(), TransferError> {
        lock(&self.state).fail_transfer(MCHID, out_bill_no, fail_reason, unix_now())
    }

    /// 免确认收款授权: agrees to an authorization, as its user would, asked for alone or beside a transfer. This makes a
    /// notification.
    ///
    /// # Errors
    ///
    /// If there is no authorization with this number, or if it does not wait for its user.
    pub fn confirm_authorization(&self, out_authorization_no: &str) -> Result<(), TransferError> {
        lock(&self.state).confirm_authorization(MCHID, out_authorization_no, unix_now())
    }

    /// Makes the platform slow: as long as transfers are held, new ones stay `ACCEPTED`, without a package_info, and
    /// confirmed ones stay `TRANSFERING`. `false` lets them go on.
    pub fn hold_transfers(&self, held: bool) {
        lock(&self.state).hold_transfers(held, unix_now());
    }

    /// 运营账户余额: sets the balance of the operation account, from which transfers are paid. A transfer of more than is left is
    /// refused with NOT_ENOUGH. A transfer that ends without a payment returns its amount.
    ///
    /// At the start the balance is unlimited, and with [`Fen::MAX`] it practically is again.
    pub fn set_operation_balance(&self, balance: Fen) {
        lock(&self.state).transfers.balance = Balance::of(balance.0);
    }

    /// 实名: sets the real name of every user, 张三 at the start. A transfer with another name fails with
    /// `NAME_NOT_CORRECT`.
    pub fn set_real_name(&self, name: &str) {
        lock(&self.state).transfers.real_name.0 = name.to_owned();
    }

    /// 确认收款页: the address of the page on which a browser confirms a transfer or an authorization, from its package_info.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let address = sandbox.confirmation_url("affffddafdfafddffda==");
    /// assert_eq!(address, format!("{}/transfer?package=affffddafdfafddffda%3D%3D", sandbox.base_url()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn confirmation_url(&self, package_info: &str) -> String {
        format!("{}{}", self.base_url, confirmation_path(package_info))
    }

    /// 频率限制: accepts this many calls of APIv3 in any period of this many seconds, and refuses the
    /// others with 429 FREQUENCY_LIMITED.
    ///
    /// [`Sandbox::let_time_pass`] ends a period. At the start there is no limit, and with
    /// [`usize::MAX`] calls there is none again.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.limit_rate(1, 60); // The second call within a minute is refused.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn limit_rate(&self, calls: usize, seconds: u32) {
        lock(&self.state).rate_limit = Some(RateLimit::new(calls, seconds.into()));
    }

    /// Responds by this script to every call of an interface that the sandbox does not model. In the
    /// path, a segment in braces stands for any segment: `/v3/marketing/busifavor/stocks/{stock_id}`.
    ///
    /// A script for the same method and path is replaced. A script for an interface that the sandbox
    /// models takes its place.
    ///
    /// ```
    /// use wechatpay::Method;
    /// use wechatpay_sandbox::{Sandbox, Script};
    ///
    /// let sandbox = Sandbox::start()?;
    /// let path = "/v3/merchant-service/complaint-notifications";
    /// sandbox.script(Method::Delete, path, Script::new(204, ""));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn script(&self, method: Method, path: &str, script: Script) {
        lock(&self.state).scripts.add(method, path, script);
    }

    /// Removes every script. The requests that they responded to stay.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.clear_scripts();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clear_scripts(&self) {
        lock(&self.state).scripts.clear();
    }

    /// Every request that a script responded to, in order, with its encrypted fields in plain text.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// assert!(sandbox.scripted_requests().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scripted_requests(&self) -> Vec<ScriptedRequest> {
        lock(&self.state).scripts.requests().to_vec()
    }

    /// Takes the notifications of APIv3 that were neither taken nor delivered, the oldest first, signed
    /// now.
    ///
    /// A notification that is taken is not delivered any more: ignore it to test one that never arrives,
    /// or [`Sandbox::post`] it twice, later ([`Sandbox::sign_again`]) or in another order.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// assert_eq!(sandbox.take_notifications().len(), 1);
    /// assert!(sandbox.take_notifications().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[allow(clippy::must_use_candidate, reason = "a test may want to discard them")]
    pub fn take_notifications(&self) -> Vec<Notification> {
        lock(&self.state).take_notifications(Version::V3, unix_now())
    }

    /// The notifications that were neither taken nor delivered, the oldest first, signed now. They stay
    /// pending.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// assert_eq!(sandbox.pending_notifications().len(), 1);
    /// assert_eq!(sandbox.pending_notifications().len(), 1); // It stays pending.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pending_notifications(&self) -> Vec<Notification> {
        lock(&self.state).pending_notifications(unix_now())
    }

    /// The notification with a new signature, which each delivery has.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// let notification = sandbox.take_notifications().remove(0);
    /// assert_eq!(sandbox.sign_again(&notification).body, notification.body);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sign_again(&self, notification: &Notification) -> Notification {
        lock(&self.state).sign_again(notification, unix_now())
    }

    /// Posts a notification unchanged to its notify_url, whether or not it is still pending.
    ///
    /// This does not change the schedule. For the rest see [`Sandbox::deliver_notifications`].
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// let notification = sandbox.take_notifications().remove(0);
    /// assert!(!sandbox.post(&notification).is_accepted()); // No server listens there.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[allow(clippy::must_use_candidate, reason = "a test may look at its own server instead")]
    pub fn post(&self, notification: &Notification) -> Delivery {
        self.controller.post(notification)
    }

    /// Posts every pending notification to its notify_url, one after the other, signed now, whether or
    /// not it is due.
    ///
    /// A notification is delivered if the merchant responds with status 200 or 204; in APIv2 the
    /// response must contain SUCCESS as well. Otherwise it stays pending and gets its next time on the
    /// schedule. The sandbox posts to loopback addresses alone, without a proxy, and waits five seconds
    /// for a response. Over TLS it trusts its own authority alone.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// assert_eq!(sandbox.deliver_notifications().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[allow(clippy::must_use_candidate, reason = "a test may look at its own server instead")]
    pub fn deliver_notifications(&self) -> Vec<Delivery> {
        self.controller.deliver_notifications()
    }

    /// Posts the notifications that are due, as [`Sandbox::deliver_notifications`] does: at once, and
    /// again after 15 s, 15 s, 30 s, 3 min, 10 min, 20 min, three times 30 min, 60 min, three times 3 h
    /// and twice 6 h, each counted from the last attempt. Then the platform gives up.
    ///
    /// [`Sandbox::let_time_pass`] makes notifications due.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// assert_eq!(sandbox.deliver_due_notifications()[0].attempt, 1);
    /// assert!(sandbox.deliver_due_notifications().is_empty()); // The next one is due in 15 s.
    /// sandbox.let_time_pass(15);
    /// assert_eq!(sandbox.deliver_due_notifications()[0].attempt, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[allow(clippy::must_use_candidate, reason = "a test may look at its own server instead")]
    pub fn deliver_due_notifications(&self) -> Vec<Delivery> {
        self.controller.deliver_due_notifications()
    }
}

impl Sandbox {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn end_refund(&self, out_refund_no: &str, status: RefundStatus) -> Result<(), RefundError> {
        let mut state = lock(&self.state);
        let version = state.refund_version(out_refund_no);
        state.end_refund(version, out_refund_no, status, unix_now())
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

const DESCRIPTION: &str = "Image形象店-深圳腾大-QQ公仔";
/// No server listens there.
const NOTIFY_URL: &str = "https://127.0.0.1/notify";
