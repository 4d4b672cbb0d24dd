//! The one road of every APIv2 call: sign, send once, believe, read.

use std::fmt;
use std::sync::Arc;

use crate::error::{ApiError, Code, Error, Invalid};
use crate::transport::{
    self, HttpOptions, MAIN_HOST, Request, STANDBY_HOST, Transport, UreqTransport,
};
use crate::v2::fields::{Fields, Malformed};
use crate::v2::signer::{self, Signer};
use crate::v2::xml;
use crate::{id, signer as v3_signer};

/// Where APIv2 calls go. One for a whole process: it is cheap to clone, safe to share between
/// threads, and reuses its connections. Answers are believed by the key of the signer.
///
/// ```
/// use wechatpay::v2::{self, App, Gateway};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// let gateway = Gateway::new()?;
/// # assert_eq!(gateway.base_url(), "https://api.mch.weixin.qq.com");
/// # let gateway = sandbox.v2().gateway();
/// let prepay_id = v2::unified_order(signer, &gateway, &order, &App)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Gateway {
    base_url: Arc<str>,
    transport: Arc<dyn Transport>,
    certified: Option<Arc<dyn Transport>>,
}

impl Gateway {
    /// The main host (主域名), `https://api.mch.weixin.qq.com`, with the default [`HttpOptions`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if the default settings cannot be used on this machine.
    pub fn new() -> Result<Self, Error> {
        Self::at(MAIN_HOST, UreqTransport::new(&HttpOptions::default())?)
    }

    /// The backup host (备域名), `https://api2.mch.weixin.qq.com`, in another city. It is for the
    /// time when the main host cannot be reached; take the same number and the same values there.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn standby() -> Result<Self, Error> {
        Self::at(STANDBY_HOST, UreqTransport::new(&HttpOptions::default())?)
    }

    /// Any host, by any transport: `https://` and a host, without a path. `http://` is taken for
    /// loopback addresses only.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the base URL is not of that form.
    pub fn at(base_url: &str, transport: impl Transport + 'static) -> Result<Self, Error> {
        let base_url = transport::check_base_url(base_url)?;
        Ok(Self { base_url: base_url.into(), transport: Arc::new(transport), certified: None })
    }

    /// The same host, with a second transport that presents the merchant's client certificate
    /// (商户API证书). It carries the calls that need one, [`refund`](crate::v2::refund()), and no
    /// other.
    ///
    /// ```
    /// use wechatpay::v2::Gateway;
    /// use wechatpay::{ClientCertificate, HttpOptions, UreqTransport};
    ///
    /// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
    /// # let apiclient_cert_pem = sandbox.merchant_certificate_pem();
    /// # let apiclient_key_pem = sandbox.merchant_key_pem();
    /// let certificate = ClientCertificate::from_pem(apiclient_cert_pem, apiclient_key_pem)?;
    /// let mut options = HttpOptions::default();
    /// options.client_certificate = Some(certificate);
    /// let gateway = Gateway::new()?.with_certified(UreqTransport::new(&options)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_certified(self, transport: impl Transport + 'static) -> Self {
        Self { certified: Some(Arc::new(transport)), ..self }
    }

    /// The host that calls go to.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Sends the fields, signed, and returns the answer once it is believed and a success.
    pub(super) fn call(
        &self,
        signer: &dyn Signer,
        path: &str,
        fields: Fields,
    ) -> Result<Answer, Error> {
        self.exchange(&*self.transport, signer, path, fields)
    }

    /// The same with the client certificate.
    pub(super) fn call_certified(
        &self,
        signer: &dyn Signer,
        path: &str,
        fields: Fields,
    ) -> Result<Answer, Error> {
        let rule = "is needed for this call: see Gateway::with_certified";
        let certified =
            self.certified.as_deref().ok_or_else(|| Invalid::new("client_certificate", rule))?;
        self.exchange(certified, signer, path, fields)
    }

    fn exchange(
        &self,
        transport: &dyn Transport,
        signer: &dyn Signer,
        path: &str,
        mut fields: Fields,
    ) -> Result<Answer, Error> {
        id::check_mchid(signer.mch_id()).map_err(|rule| Invalid::new("mch_id", rule))?;
        fields.set("nonce_str", v3_signer::nonce()?);
        fields.set("sign_type", signer.sign_type());
        fields.set("sign", signer::sign(signer, &fields)?);
        let (url, body) = (format!("{}{path}", self.base_url), xml::write(&fields));
        let mut reply = transport.send(&Request {
            method: "POST",
            url: &url,
            headers: &[("Accept", "text/xml"), ("Content-Type", "text/xml; charset=utf-8")],
            body: body.as_bytes(),
            is_file: false,
        })?;
        let request_id = reply.request_id();
        let (status, body) = (reply.status, reply.read_body()?);
        let mut answer = Answer { status, request_id, fields: Fields::default() };
        if status != 200 {
            return Err(answer.refused(false, String::new()));
        }
        answer.fields = xml::read_answer(&body).map_err(|what| answer.malformed(what))?;
        answer.judged(signer, &fields)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("base_url", &self.base_url)
            .field("certified", &self.certified.is_some())
            .finish_non_exhaustive()
    }
}

/// The fields of an answer.
pub(super) struct Answer {
    status: u16,
    request_id: Option<String>,
    fields: Fields,
}

impl Answer {
    /// Reads what was believed.
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
        if let Err(reason) = signer::believe(signer, &self.fields) {
            let (status, request_id) = (self.status, self.request_id);
            return Err(Error::Untrusted { status, reason, request_id });
        }
        // An answer has neither time nor nonce of the request in it: hold the numbers together.
        for name in ECHOED {
            let (ours, theirs) = (request.get(name), self.fields.get(name));
            if ours.is_some() && theirs.is_some() && ours != theirs {
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

    /// Only what is signed has a code.
    fn refused(&self, signed: bool, message: String) -> Error {
        let code = self.fields.get("err_code").filter(|_| signed).unwrap_or_default();
        Error::Api(Box::new(ApiError {
            status: self.status,
            code: Code::new(code),
            message,
            detail: None,
            request_id: self.request_id.clone(),
            signed,
            sign_diagnosis: None,
            is_refund: false,
            is_v2: true,
        }))
    }

    fn malformed(&self, Malformed(what): Malformed) -> Error {
        Error::Malformed { status: self.status, what, request_id: self.request_id.clone() }
    }
}

/// What an answer repeats of its request, where it repeats it.
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
