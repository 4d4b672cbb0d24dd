//! The request pipeline of every APIv2 call: sign, send once, verify, parse.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::base_url::{self, MAIN_HOST, STANDBY_HOST};
use crate::error::{ApiError, CERTIFICATE_TEXTS, CallContext, Code, Error, ErrorKind, Invalid};
use crate::method::Method;
use crate::transport::{Request, Transport};
use crate::ureq_transport::{HttpOptions, UreqTransport};
use crate::v2::fields::{Fields, Malformed};
use crate::v2::signer::{self, Signer};
use crate::v2::xml;
use crate::{id, signer as v3_signer};

/// Sends APIv2 calls. One per process is enough: cloning is cheap, it can be shared between threads,
/// and it reuses connections. Responses are verified with the signer's key.
///
/// ```
/// use wechatpay::v2::{App, Gateway, Signer, pay};
/// use wechatpay::{Error, PrepayId};
///
/// fn place(signer: &dyn Signer, order: &pay::Order) -> Result<PrepayId, Error> {
///     let gateway = Gateway::new()?;
///     pay::prepay(signer, &gateway, order, &App)
/// }
/// ```
#[derive(Clone)]
pub struct Gateway {
    base_url: Arc<str>,
    transport: Arc<dyn Transport>,
}

impl Gateway {
    /// 主域名: the main host, `https://api.mch.weixin.qq.com`, with the default [`HttpOptions`].
    ///
    /// # Errors
    /// If the default settings cannot be used on this machine.
    pub fn new() -> Result<Self, Error> {
        Self::at(MAIN_HOST, UreqTransport::new(&HttpOptions::default())?)
    }

    /// 备域名: the backup host in another city, `https://api2.mch.weixin.qq.com`, for when the main host
    /// cannot be reached. Retry with the same order or refund there.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn standby() -> Result<Self, Error> {
        Self::at(STANDBY_HOST, UreqTransport::new(&HttpOptions::default())?)
    }

    /// Any host, through any transport. The base URL is `https://` and a host, without a path;
    /// `http://` is accepted for loopback addresses only.
    ///
    /// # Errors
    /// If the base URL does not have that form.
    pub fn at(base_url: &str, transport: impl Transport + 'static) -> Result<Self, Error> {
        let base_url = base_url::check(base_url)?;
        Ok(Self { base_url: base_url.into(), transport: Arc::new(transport) })
    }

    /// The same host, with a second transport that presents the merchant's client certificate
    /// (商户API证书), for the calls that require it:
    /// [`refund::apply`](crate::v2::refund::apply) and [`pay::reverse`](crate::v2::pay::reverse).
    ///
    /// ```
    /// use wechatpay::v2::{CertifiedGateway, Gateway};
    /// use wechatpay::{ClientCertificate, Error, HttpOptions, UreqTransport};
    ///
    /// fn gateway(cert_pem: &[u8], key_pem: &[u8]) -> Result<CertifiedGateway, Error> {
    ///     let mut options = HttpOptions::default();
    ///     options.client_certificate = Some(ClientCertificate::from_pem(cert_pem, key_pem)?);
    ///     Ok(Gateway::new()?.with_certified(UreqTransport::new(&options)?))
    /// }
    /// ```
    #[must_use]
    pub fn with_certified(self, transport: impl Transport + 'static) -> CertifiedGateway {
        CertifiedGateway { gateway: self, transport: Arc::new(transport) }
    }

    /// The base URL of the host that calls are sent to.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Signs and sends the fields, and returns the verified response if it is a success.
    pub(super) fn call(
        &self,
        signer: &dyn Signer,
        path: &str,
        fields: Fields,
    ) -> Result<Response, Error> {
        self.exchange(&*self.transport, signer, path, fields)
    }

    /// Closes an order. A closed order is a success.
    pub(super) fn close(
        &self,
        signer: &dyn Signer,
        path: &str,
        fields: Fields,
    ) -> Result<(), Error> {
        match self.call(signer, path, fields) {
            Err(error) if error.api().is_some_and(|api| api.code == Code::ORDER_CLOSED) => Ok(()),
            response => response.map(drop),
        }
    }

    fn exchange(
        &self,
        transport: &dyn Transport,
        signer: &dyn Signer,
        path: &str,
        mut fields: Fields,
    ) -> Result<Response, Error> {
        let call = CallContext::v2(path);
        sign(signer, &mut fields).map_err(|error| error.in_call(call))?;
        let (url, body) = (format!("{}{path}", self.base_url), xml::write(&fields));
        let lost = |error| Error::new(call, ErrorKind::Transport(error));
        let request = Request {
            method: Method::Post,
            url: &url,
            headers: &[("Accept", "text/xml"), ("Content-Type", "text/xml; charset=utf-8")],
            body: body.as_bytes(),
            is_file: false,
        };
        let mut received = transport.send(&request).map_err(lost)?;
        let request_id = received.request_id();
        let (status, body) = (received.status, received.read_body().map_err(lost)?);
        let mut response = Response { call, status, request_id, fields: Fields::default() };
        if status != 200 {
            // WeChat Pay's server names a missing certificate in a page; nothing else of it is read.
            let is_named = |text: &&&str| body.windows(text.len()).any(|it| it == text.as_bytes());
            let message = CERTIFICATE_TEXTS.iter().find(is_named).copied().unwrap_or_default();
            return Err(response.refused(false, message.to_owned()));
        }
        response.fields = xml::read_response(&body).map_err(|what| response.malformed(what))?;
        response.judged(signer, &fields)
    }
}

fn sign(signer: &dyn Signer, fields: &mut Fields) -> Result<(), Error> {
    id::check_mchid(signer.mchid()).map_err(|rule| Invalid::new("mch_id", rule))?;
    fields.set("nonce_str", v3_signer::nonce()?);
    fields.set("sign_type", signer.sign_type());
    fields.set("sign", signer::sign(signer, fields)?);
    Ok(())
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// A [`Gateway`] with the merchant's client certificate (商户API证书), made by
/// [`Gateway::with_certified`].
///
/// Where a call takes a `&Gateway`, a `&CertifiedGateway` fits too, and the certificate is not presented.
#[derive(Clone)]
pub struct CertifiedGateway {
    gateway: Gateway,
    transport: Arc<dyn Transport>,
}

impl CertifiedGateway {
    /// [`Gateway::call`] with the client certificate.
    pub(super) fn call_certified(
        &self,
        signer: &dyn Signer,
        path: &str,
        fields: Fields,
    ) -> Result<Response, Error> {
        self.gateway.exchange(&*self.transport, signer, path, fields)
    }
}

impl Deref for CertifiedGateway {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

impl fmt::Debug for CertifiedGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertifiedGateway").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// The fields of a response.
pub(super) struct Response {
    call: CallContext,
    status: u16,
    request_id: Option<String>,
    fields: Fields,
}

impl Response {
    /// Parses the verified fields.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Fields) -> Result<T, Malformed>,
    ) -> Result<T, Error> {
        read(&self.fields).map_err(|what| self.malformed(what))
    }

    /// First `return_code`, which is not signed if it is FAIL; then the signature; then
    /// `result_code`.
    fn judged(self, signer: &dyn Signer, request: &Fields) -> Result<Self, Error> {
        match self.fields.get("return_code") {
            Some("SUCCESS") => {}
            Some("FAIL") => {
                let message = self.fields.text("return_msg").unwrap_or_default();
                return Err(self.refused(false, message));
            }
            _ => return Err(self.malformed(Malformed::new("return_code is missing or unknown"))),
        }
        if let Err(reason) = signer::verify(signer, &self.fields) {
            let (status, request_id) = (self.status, self.request_id);
            let kind = ErrorKind::Untrusted { status, reason, request_id, unverified: None };
            return Err(Error::new(self.call, kind));
        }
        // A response contains neither a time nor the request's nonce, so compare the numbers.
        for name in ECHOED {
            let (sent, received) = (request.get(name), self.fields.get(name));
            if sent.is_some() && received.is_some() && sent != received {
                let what = format!("{name} is not that of the request");
                return Err(self.malformed(Malformed::new(what)));
            }
        }
        match self.fields.get("result_code") {
            Some("SUCCESS") => Ok(self),
            Some("FAIL") => {
                let message = self.fields.text("err_code_des").unwrap_or_default();
                Err(self.refused(true, message))
            }
            _ => Err(self.malformed(Malformed::new("result_code is missing or unknown"))),
        }
    }

    /// A code is taken from a signed response only.
    fn refused(&self, signed: bool, message: String) -> Error {
        let code = self.fields.get("err_code").filter(|_| signed).unwrap_or_default();
        let error = ApiError {
            status: self.status,
            code: Code::new(code),
            message,
            detail: None,
            request_id: self.request_id.clone(),
            signed,
            sign_diagnosis: None,
        };
        Error::new(self.call, ErrorKind::Api(error))
    }

    fn malformed(&self, Malformed(what): Malformed) -> Error {
        let (status, request_id) = (self.status, self.request_id.clone());
        Error::new(self.call, ErrorKind::Malformed { status, what, request_id })
    }
}

/// The fields that a response may repeat from its request.
const ECHOED: [&str; 9] = [
    "appid",
    "mch_id",
    "combine_appid",
    "combine_mch_id",
    "combine_out_trade_no",
    "out_trade_no",
    "transaction_id",
    "out_refund_no",
    "refund_id",
];
