//! [`V2`], by which tests use APIv2.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use wechatpay::v2::{CertifiedGateway, Gateway, HmacSha256Key, Md5Key};
use wechatpay::{ClientCertificate, Fen, HttpOptions, UreqTransport};

use super::super::calendar::unix_now;
use super::super::merchants::MCHID;
use super::super::notifications::Notification;
use super::super::order_error::OrderError;
use super::super::placed_orders::OrderId;
use super::super::refund::RefundStatus;
use super::super::refund_error::RefundError;
use super::super::state::{State, lock};
use super::super::version::Version;
use super::refusal::Refusal;
use super::sign::API_KEY;

/// The merchant's side of APIv2, and the actions of users and the platform: see
/// [`Sandbox::v2`](crate::Sandbox::v2).
pub struct V2 {
    state: Arc<Mutex<State>>,
    signer: HmacSha256Key,
    md5_signer: Md5Key,
    gateway: CertifiedGateway,
}

impl V2 {
    pub(crate) fn new(
        state: Arc<Mutex<State>>,
        base_url: &str,
        options: &HttpOptions,
        certificate_pem: &str,
        key_pem: &str,
    ) -> io::Result<Self> {
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(io::Error::other)?
            .to_vec();
        lock(&state).v2.certificate = certificate;
        let mut certified = options.clone();
        let client = ClientCertificate::from_pem(certificate_pem, key_pem);
        certified.client_certificate = Some(client.map_err(io::Error::other)?);
        let transport = UreqTransport::new(options).map_err(io::Error::other)?;
        let with_certificate = UreqTransport::new(&certified).map_err(io::Error::other)?;
        Ok(Self {
            state,
            signer: HmacSha256Key::new(MCHID, API_KEY).map_err(io::Error::other)?,
            md5_signer: Md5Key::new(MCHID, API_KEY).map_err(io::Error::other)?,
            gateway: Gateway::at(base_url, transport)
                .map_err(io::Error::other)?
                .with_certified(with_certificate),
        })
    }

    /// API密钥: the merchant's APIv2 key.
    #[must_use]
    pub fn api_key(&self) -> &str {
        API_KEY
    }

    /// The merchant's signer by HMAC-SHA256.
    #[must_use]
    pub fn signer(&self) -> &HmacSha256Key {
        &self.signer
    }

    /// The same merchant's signer by MD5.
    #[must_use]
    pub fn md5_signer(&self) -> &Md5Key {
        &self.md5_signer
    }

    /// A gateway to the sandbox, with the merchant's client certificate for refunds.
    #[must_use]
    pub fn gateway(&self) -> &CertifiedGateway {
        &self.gateway
    }

    /// Pays an order, single or combined, as its user would, with a coupon for each of these amounts.
    /// This makes one notification.
    ///
    /// # Errors
    ///
    /// If APIv2 has no order with this number, if it is paid or closed, or if the time to pay it is
    /// over: its own (time_expire), or that of its newest prepay_id, code_url or mweb_url. Coupons are
    /// for single orders alone. See [`OrderError`].
    pub fn pay(&self, out_trade_no: &str, coupons: &[Fen]) -> Result<(), OrderError> {
        let coupons: Vec<u64> = coupons.iter().map(|Fen(fen)| *fen).collect();
        let order = OrderId::new(Version::V2, out_trade_no);
        lock(&self.state).pay(&order, &coupons, unix_now())
    }

    /// Lets the user's payment fail: the bank refuses, or the user cancels. The order stays NOTPAY and
    /// can still be paid, and there is no notification.
    ///
    /// # Errors
    ///
    /// As [`V2::pay`].
    pub fn refuse_payment(&self, out_trade_no: &str) -> Result<(), OrderError> {
        let order = OrderId::new(Version::V2, out_trade_no);
        lock(&self.state).refuse_payment(&order, unix_now())
    }

    /// 付款码: a payer shows a code at the till, and will pay without a PIN. It is good for one attempt, and
    /// for a minute of [`Sandbox::let_time_pass`](crate::Sandbox::let_time_pass).
    #[must_use]
    pub fn show_code(&self) -> String {
        lock(&self.state).show_payer_code(false, unix_now())
    }

    /// As [`V2::show_code`], of a payer who must type a PIN: within 30 seconds, [`V2::pay`] types it and
    /// [`V2::refuse_payment`] refuses.
    #[must_use]
    pub fn show_code_with_pin(&self) -> String {
        lock(&self.state).show_payer_code(true, unix_now())
    }

    /// Lets the next reversal (撤销订单) do nothing and ask to be called again (`recall`).
    pub fn recall_next(&self) {
        lock(&self.state).v2.recall_next();
    }

    /// Closes an order, single or combined, as the platform would.
    ///
    /// # Errors
    ///
    /// If APIv2 has no order with this number, or if it is paid or closed.
    pub fn close(&self, out_trade_no: &str) -> Result<(), OrderError> {
        lock(&self.state).close(&OrderId::new(Version::V2, out_trade_no))
    }

    /// A refund succeeds: the money is back with the user. This makes a notification.
    ///
    /// # Errors
    ///
    /// If there is no such refund, or if it is not being processed.
    pub fn succeed_refund(&self, out_refund_no: &str) -> Result<(), RefundError> {
        self.end_refund(out_refund_no, RefundStatus::Success)
    }

    /// 退款异常 (CHANGE): the user's card is gone, and the merchant must see to it. This makes a notification.
    ///
    /// # Errors
    ///
    /// As [`V2::succeed_refund`].
    pub fn fail_refund(&self, out_refund_no: &str) -> Result<(), RefundError> {
        self.end_refund(out_refund_no, RefundStatus::Abnormal)
    }

    /// 退款关闭 (REFUNDCLOSE): nothing is refunded, and its amount can be refunded under another
    /// number. This makes a notification.
    ///
    /// # Errors
    ///
    /// As [`V2::succeed_refund`].
    pub fn close_refund(&self, out_refund_no: &str) -> Result<(), RefundError> {
        self.end_refund(out_refund_no, RefundStatus::Closed)
    }

    /// Takes the notifications that were neither taken nor delivered, the oldest first.
    /// [`Sandbox::deliver_notifications`](crate::Sandbox::deliver_notifications) and
    /// [`Sandbox::deliver_due_notifications`](crate::Sandbox::deliver_due_notifications) post them as well.
    #[must_use]
    pub fn take_notifications(&self) -> Vec<Notification> {
        lock(&self.state).take_notifications(Version::V2, unix_now())
    }

    /// Refuses the next call of APIv2 with this code, signed: nothing happens to its order.
    pub fn refuse_next(&self, code: &str, text: &str) {
        lock(&self.state).v2.refusals.push_back(Refusal::new(code, text));
    }

    /// Responds to the next call of APIv2 with `return_code=FAIL` and this text, unsigned: nothing
    /// happens to its order.
    pub fn fail_next(&self, text: &str) {
        lock(&self.state).v2.failures.push_back(text.to_owned());
    }

    /// Passes the fields of the next response of APIv2 through `change` before it is signed: malformed,
    /// but verifiable. [`Sandbox::tamper_next`](crate::Sandbox::tamper_next) changes it afterwards.
    ///
    /// The call itself has happened. `change` must not use the sandbox, which waits for it.
    pub fn rewrite_next(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, String>) + Send + 'static,
    ) {
        lock(&self.state).v2.rewrites.push_back(Box::new(change));
    }
}

impl V2 {
    fn end_refund(&self, out_refund_no: &str, status: RefundStatus) -> Result<(), RefundError> {
        lock(&self.state).end_refund(Version::V2, out_refund_no, status, unix_now())
    }
}

impl fmt::Debug for V2 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("V2").field("gateway", &self.gateway).finish_non_exhaustive()
    }
}
