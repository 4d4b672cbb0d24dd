//! APIv2 in the sandbox: the same merchant, with orders of their own.
//!
//! It checks as strictly as the rest: the signature over the fields received, every field and the
//! JSON in it, and for refunds the client certificate. It answers with the codes of the documents.
//! What is refused before anybody knows whom to answer, a wrong signature among it, is
//! `return_code=FAIL` with a text and without a signature, as with the service.

mod call;
mod commands;
mod fault;
mod orders;
mod refunds;
mod room;
mod sign;
mod summary;
mod tables;
mod xml;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use time::{PrimitiveDateTime, UtcOffset};

use wechatpay::v2::{Gateway, HmacSha256Key, Md5Key};
use wechatpay::{ClientCertificate, Fen, HttpOptions, UreqTransport};

use super::notifications::{Notification, Version};
use super::order_error::OrderError;
use super::refunds::NoSuchRefund;
use super::world::World;
use super::{MCHID, lock, unix_now};

pub(super) use self::commands::command;
pub(super) use self::room::{Place, Room};

/// The fields of a message. They stand sorted by their bytes, as they are signed.
type Fields = BTreeMap<String, String>;

/// What a merchant needs of APIv2, and what users and the platform do there: see
/// [`Sandbox::v2`](super::Sandbox::v2).
pub struct V2 {
    world: Arc<Mutex<World>>,
    signer: HmacSha256Key,
    md5_signer: Md5Key,
    gateway: Gateway,
}

impl V2 {
    pub(super) fn new(
        world: Arc<Mutex<World>>,
        base_url: &str,
        options: &HttpOptions,
        certificate_pem: &str,
        key_pem: &str,
    ) -> io::Result<Self> {
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(io::Error::other)?
            .to_vec();
        lock(&world).v2(unix_now()).0.certify(certificate);
        let mut certified = options.clone();
        let client = ClientCertificate::from_pem(certificate_pem, key_pem);
        certified.client_certificate = Some(client.map_err(io::Error::other)?);
        let transport = UreqTransport::new(options).map_err(io::Error::other)?;
        let with_certificate = UreqTransport::new(&certified).map_err(io::Error::other)?;
        Ok(Self {
            world,
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
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Pays an order, as its user would, with a coupon for each of these amounts. This makes a
    /// notification.
    ///
    /// # Errors
    ///
    /// If the order was not placed, is paid or closed, or if the time to pay it is over: its own
    /// (time_expire), or that of its newest prepay_id, code_url or mweb_url.
    pub fn pay(&self, out_trade_no: &str, coupons: &[Fen]) -> Result<(), OrderError> {
        let coupons: Vec<u64> = coupons.iter().map(|Fen(fee)| *fee).collect();
        let mut world = lock(&self.world);
        let (room, place) = world.v2(unix_now());
        room.pay(out_trade_no, &coupons, place)
    }

    /// Pays a combined order, all of its parts together. This makes one notification.
    ///
    /// # Errors
    ///
    /// As [`V2::pay`].
    pub fn pay_combined(&self, combine_out_trade_no: &str) -> Result<(), OrderError> {
        let mut world = lock(&self.world);
        let (room, place) = world.v2(unix_now());
        room.pay_combined(combine_out_trade_no, place)
    }

    /// The user's payment fails: the bank says no, or the user breaks it off. The order stays
    /// NOTPAY and can still be paid, and there is no notification.
    ///
    /// # Errors
    ///
    /// As [`V2::pay`].
    pub fn refuse_payment(&self, out_trade_no: &str) -> Result<(), OrderError> {
        let mut world = lock(&self.world);
        let (room, place) = world.v2(unix_now());
        room.refuse_payment(out_trade_no, place.now)
    }

    /// As [`V2::refuse_payment`], for a combined order.
    ///
    /// # Errors
    ///
    /// As [`V2::pay`].
    pub fn refuse_combined_payment(&self, combine_out_trade_no: &str) -> Result<(), OrderError> {
        let mut world = lock(&self.world);
        let (room, place) = world.v2(unix_now());
        room.refuse_combined_payment(combine_out_trade_no, place.now)
    }

    /// Closes an order, as the platform would.
    ///
    /// # Errors
    ///
    /// If the order was not placed, or is paid or closed.
    pub fn close(&self, out_trade_no: &str) -> Result<(), OrderError> {
        lock(&self.world).v2(unix_now()).0.close(out_trade_no)
    }

    /// Closes a combined order, as the platform would.
    ///
    /// # Errors
    ///
    /// As [`V2::close`].
    pub fn close_combined(&self, combine_out_trade_no: &str) -> Result<(), OrderError> {
        lock(&self.world).v2(unix_now()).0.close_combined(combine_out_trade_no)
    }

    /// A refund succeeds: the money is back with the user. This makes a notification.
    ///
    /// # Errors
    ///
    /// If there is no such refund, or if it is not being processed.
    pub fn succeed_refund(&self, out_refund_no: &str) -> Result<(), NoSuchRefund> {
        self.end_refund(out_refund_no, "SUCCESS")
    }

    /// 退款异常 (CHANGE): the user's card is gone, and the merchant must see to it. This makes a notification.
    ///
    /// # Errors
    ///
    /// As [`V2::succeed_refund`].
    pub fn fail_refund(&self, out_refund_no: &str) -> Result<(), NoSuchRefund> {
        self.end_refund(out_refund_no, "CHANGE")
    }

    /// 退款关闭 (REFUNDCLOSE): nothing is refunded, and its amount can be refunded under another
    /// number. This makes a notification.
    ///
    /// # Errors
    ///
    /// As [`V2::succeed_refund`].
    pub fn close_refund(&self, out_refund_no: &str) -> Result<(), NoSuchRefund> {
        self.end_refund(out_refund_no, "REFUNDCLOSE")
    }

    /// Takes the notifications that were neither taken nor delivered, the oldest first.
    /// [`Sandbox::deliver_notifications`](super::Sandbox::deliver_notifications) and
    /// [`Sandbox::deliver_due_notifications`](super::Sandbox::deliver_due_notifications) post them as well.
    #[must_use]
    pub fn take_notifications(&self) -> Vec<Notification> {
        lock(&self.world).take_notifications(Version::V2, unix_now())
    }

    /// Refuses the next call of APIv2 with this code, signed: nothing happens to its order.
    pub fn refuse_next(&self, code: &str, text: &str) {
        lock(&self.world).v2(unix_now()).0.refuse_next(code, text);
    }

    /// Answers the next call of APIv2 with `return_code=FAIL` and this text, unsigned: nothing
    /// happens to its order.
    pub fn fail_next(&self, text: &str) {
        lock(&self.world).v2(unix_now()).0.fail_next(text);
    }

    /// Passes the fields of the next answer of APIv2 through `change` before it is signed: odd, but
    /// to be believed. [`Sandbox::tamper_next`](super::Sandbox::tamper_next) changes it afterwards.
    ///
    /// The call itself has happened. `change` must not use the sandbox, which waits for it.
    pub fn rewrite_next(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, String>) + Send + 'static,
    ) {
        lock(&self.world).v2(unix_now()).0.rewrite_next(Box::new(change));
    }
}

impl V2 {
    fn end_refund(&self, out_refund_no: &str, status: &'static str) -> Result<(), NoSuchRefund> {
        let mut world = lock(&self.world);
        let (room, place) = world.v2(unix_now());
        if room.end_refund(out_refund_no, status, place) {
            Ok(())
        } else {
            Err(NoSuchRefund::unknown(out_refund_no))
        }
    }
}

impl fmt::Debug for V2 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("V2").field("gateway", &self.gateway).finish_non_exhaustive()
    }
}

fn fields_of(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A field that was let pass; empty if it is an absent optional one.
fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

/// A number that was let pass; 0 if it is an absent optional one.
fn number_of(fields: &Fields, name: &str) -> u64 {
    text(fields, name).parse().unwrap_or_default()
}

/// `20091225091010` of Beijing in Unix seconds.
fn unix_time(text: &str) -> Option<i64> {
    let format =
        time::format_description::parse_borrowed::<2>("[year][month][day][hour][minute][second]");
    let beijing = UtcOffset::from_hms(8, 0, 0).ok()?;
    let moment = PrimitiveDateTime::parse(text, &format.ok()?).ok()?;
    Some(moment.assume_offset(beijing).unix_timestamp())
}

/// 32 letters and digits, for everybody to see.
const API_KEY: &str = "SandboxApiV2Key0SandboxApiV2Key0";
