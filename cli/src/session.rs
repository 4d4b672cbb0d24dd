//! The merchant, the gateways, and the last response of WeChat Pay.

use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use wechatpay::{
    ApiV3Key, ClientCertificate, Gateway, HttpOptions, Request, Response, RsaSigner, Transport,
    TransportError, UreqTransport, v2,
};
use wechatpay_sandbox::Sandbox;
use wechatpay_sandbox::settings::{self, Settings};

use crate::failure::{Failure, Result};
use crate::language::language;
use crate::terminal::print_note;

/// Everything that a call needs.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) gateway: Gateway,
    pub(crate) v2_gateway: v2::Gateway,
    last_response: LastResponse,
}

impl Session {
    /// Reads the settings from the environment; with `--sandbox`, starts a sandbox instead.
    pub(crate) fn open() -> Result<Self> {
        Self::open_with(&[])
    }

    /// As [`open`](Self::open), for a command that needs these settings as well.
    pub(crate) fn open_with(names: &[&str]) -> Result<Self> {
        Self::new(load(names)?)
    }

    pub(crate) fn new(settings: Settings) -> Result<Self> {
        if let Some(sandbox) = &settings.sandbox {
            let url = sandbox.base_url();
            print_note(language().choose(
                format!("using a sandbox at {url}, which ends with this command"),
                format!("使用沙箱 {url}，它随本命令结束"),
            ));
        }
        let last_response = LastResponse::default();
        let transport = settings.transport().map_err(Failure::of_settings)?;
        let transport = RecordingTransport { transport, last_response: last_response.clone() };
        let gateway = settings.gateway(transport.clone()).map_err(Failure::of_settings)?;
        let v2_gateway = v2::Gateway::at(&settings.base_url, transport);
        let v2_gateway = settings::name_variable(v2_gateway).map_err(Failure::of_settings)?;
        Ok(Self { settings, gateway, v2_gateway, last_response })
    }

    pub(crate) fn signer(&self) -> &RsaSigner {
        &self.settings.signer
    }

    /// The last response. Use it only after a call has returned `Ok`, which means that the call has
    /// verified and parsed it.
    pub(crate) fn response(&self) -> Result<Value> {
        serde_json::from_slice(&self.response_body())
            .map_err(|error| Failure::Unprinted { what: error.to_string(), is_write: true })
    }

    pub(crate) fn response_body(&self) -> Vec<u8> {
        self.last_response.get().body
    }

    /// A header of the last response. It is not signed.
    pub(crate) fn response_header(&self, name: &str) -> Option<String> {
        let headers = self.last_response.get().headers;
        let (_, value) = headers.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        String::from_utf8(value).ok()
    }

    pub(crate) fn api_v3_key(&self) -> Result<ApiV3Key> {
        let key = match &self.settings.sandbox {
            Some(sandbox) => sandbox.api_v3_key().to_owned(),
            None => settings::required("WECHATPAY_API_V3_KEY").map_err(Failure::of_settings)?,
        };
        settings::name_variable(ApiV3Key::new(key)).map_err(Failure::of_settings)
    }

    /// The gateway of APIv2 with the merchant's client certificate.
    pub(crate) fn certified_v2_gateway(&self) -> Result<v2::CertifiedGateway> {
        let (certificate, key) = match &self.settings.sandbox {
            Some(sandbox) => (
                sandbox.merchant_certificate_pem().as_bytes().to_vec(),
                sandbox.merchant_key_pem().as_bytes().to_vec(),
            ),
            None => {
                let file = |name| settings::file_content(name).map_err(Failure::of_settings);
                (file("WECHATPAY_CERT_FILE")?, file("WECHATPAY_PRIVATE_KEY_FILE")?)
            }
        };
        let certificate = settings::name_variable(ClientCertificate::from_pem(certificate, key));
        let mut options = HttpOptions::default();
        options.root_certificates.clone_from(&self.settings.root_certificates);
        options.client_certificate = Some(certificate.map_err(Failure::of_settings)?);
        let transport = settings::name_variable(UreqTransport::new(&options));
        let transport = RecordingTransport {
            transport: transport.map_err(Failure::of_settings)?,
            last_response: self.last_response.clone(),
        };
        Ok(self.v2_gateway.clone().with_certified(transport))
    }

    pub(crate) fn v2_key(&self) -> Result<String> {
        match &self.settings.sandbox {
            Some(sandbox) => Ok(sandbox.v2().api_key().to_owned()),
            None => settings::required("WECHATPAY_V2_KEY").map_err(Failure::of_settings),
        }
    }
}

/// The settings of the environment, or of a sandbox that this command starts. Only `--sandbox` starts one: the environment
/// of a cron job is empty, and its script must not report success for a call that only a sandbox received.
pub(crate) fn load(names: &[&str]) -> Result<Settings> {
    let loaded = if wants_sandbox() {
        Sandbox::start().map_err(Into::into).and_then(Settings::of_sandbox)
    } else if settings::is_any_set() {
        Settings::load_with(names)
    } else {
        Err(no_setting().into())
    };
    loaded.map_err(Failure::of_settings)
}

/// Makes the command start a sandbox for itself.
pub(crate) fn use_sandbox() {
    WANTS_SANDBOX.store(true, Ordering::Relaxed);
}

/// Whether the command is to start a sandbox for itself.
pub(crate) fn wants_sandbox() -> bool {
    WANTS_SANDBOX.load(Ordering::Relaxed)
}

static WANTS_SANDBOX: AtomicBool = AtomicBool::new(false);

/// The error of a command that has neither settings nor `--sandbox`.
pub(crate) fn no_setting() -> String {
    let english = "no setting is set; set the WECHATPAY_… variables, or --settings to a file with them, or \
                   --sandbox to try the command in a sandbox";
    let chinese = "没有任何配置；设置 WECHATPAY_… 环境变量，或用 --settings 指定配置文件，或用 --sandbox 在沙箱中试用";
    language().choose(english, chinese).to_owned()
}

#[derive(Clone, Default)]
struct Received {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

#[derive(Clone, Default)]
struct LastResponse(Arc<Mutex<Received>>);

impl LastResponse {
    fn get(&self) -> Received {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, received: Received) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = received;
    }
}

/// Keeps each response, so that it can be printed with all of WeChat Pay's fields.
#[derive(Clone)]
struct RecordingTransport {
    transport: UreqTransport,
    last_response: LastResponse,
}

impl Transport for RecordingTransport {
    fn send(&self, request: &Request<'_>) -> std::result::Result<Response, TransportError> {
        let mut response = self.transport.send(request)?;
        if request.is_file {
            return Ok(response);
        }
        let mut body = Vec::new();
        let read = (&mut response.body).take(SIZE_LIMIT).read_to_end(&mut body);
        read.map_err(|error| TransportError::unknown(format!("the response broke off: {error}")))?;
        self.last_response.set(Received { headers: response.headers.clone(), body: body.clone() });
        Ok(Response { body: Box::new(Cursor::new(body)), ..response })
    }
}

/// More than the library accepts of a response.
const SIZE_LIMIT: u64 = 2 * 1024 * 1024;
