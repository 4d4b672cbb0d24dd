//! Who asks, and through what; and the answer as it came.

use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use wechatpay::{
    ApiV3Key, Gateway, Request, Response, RsaSigner, Transport, TransportError, UreqTransport, v2,
};

use crate::Result;
use crate::failure::Failure;
use wechatpay_sandbox::settings::{self, Settings};

/// Everything that a call needs.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) gateway: Gateway,
    pub(crate) v2_gateway: v2::Gateway,
    answer: Answer,
}

impl Session {
    pub(crate) fn open() -> Result<Self> {
        Self::of(Settings::load().map_err(Failure::of_settings)?)
    }

    pub(crate) fn of(settings: Settings) -> Result<Self> {
        if let Some(sandbox) = &settings.sandbox {
            eprintln!("note: nothing is set, so this goes to a sandbox at {}", sandbox.base_url());
        }
        let answer = Answer::default();
        let transport = settings.transport().map_err(Failure::of_settings)?;
        let transport = Kept { transport, answer: answer.clone() };
        let gateway = settings.gateway(transport.clone()).map_err(Failure::of_settings)?;
        let v2_gateway = v2::Gateway::at(&settings.base_url, transport);
        let v2_gateway = settings::named(v2_gateway).map_err(Failure::of_settings)?;
        Ok(Self { settings, gateway, v2_gateway, answer })
    }

    pub(crate) fn signer(&self) -> &RsaSigner {
        &self.settings.signer
    }

    /// The last answer, once a call has ended well and so has believed and read it.
    pub(crate) fn answered(&self) -> Result<Value> {
        serde_json::from_slice(&self.answered_body())
            .map_err(|error| Failure::Unprinted(error.to_string()))
    }

    pub(crate) fn answered_body(&self) -> Vec<u8> {
        self.answer.lock().body
    }

    /// A header of the last answer, which nobody signed.
    pub(crate) fn answered_header(&self, name: &str) -> Option<String> {
        let headers = self.answer.lock().headers;
        let (_, value) = headers.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        String::from_utf8(value).ok()
    }

    pub(crate) fn api_v3_key(&self) -> Result<ApiV3Key> {
        let key = match &self.settings.sandbox {
            Some(sandbox) => sandbox.api_v3_key().to_owned(),
            None => settings::text("WECHATPAY_API_V3_KEY").map_err(Failure::of_settings)?,
        };
        settings::named(ApiV3Key::new(key)).map_err(Failure::of_settings)
    }

    pub(crate) fn v2_key(&self) -> Result<String> {
        match &self.settings.sandbox {
            Some(sandbox) => Ok(sandbox.v2().api_key().to_owned()),
            None => settings::text("WECHATPAY_V2_KEY").map_err(Failure::of_settings),
        }
    }
}

#[derive(Clone, Default)]
struct Received {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// Where the last answer is kept.
#[derive(Clone, Default)]
struct Answer(Arc<Mutex<Received>>);

impl Answer {
    fn lock(&self) -> Received {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, received: Received) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = received;
    }
}

/// Keeps the answer as it came, so that it can be shown in WeChat Pay's own names.
#[derive(Clone)]
struct Kept {
    transport: UreqTransport,
    answer: Answer,
}

impl Transport for Kept {
    fn send(&self, request: &Request<'_>) -> std::result::Result<Response, TransportError> {
        let mut reply = self.transport.send(request)?;
        if request.is_file {
            return Ok(reply);
        }
        let mut body = Vec::new();
        let read = (&mut reply.body).take(SIZE_LIMIT).read_to_end(&mut body);
        read.map_err(|error| TransportError::unknown(format!("the answer broke off: {error}")))?;
        self.answer.set(Received { headers: reply.headers.clone(), body: body.clone() });
        Ok(Response { body: Box::new(Cursor::new(body)), ..reply })
    }
}

/// More than the library takes of an answer.
const SIZE_LIMIT: u64 = 2 * 1024 * 1024;
