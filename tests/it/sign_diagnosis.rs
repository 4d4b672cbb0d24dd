//! The diagnosis in the error when WeChat Pay returns `SIGN_ERROR`.

use wechatpay::pay::app;
use wechatpay::{
    Code, ErrorKind, Gateway, HttpOptions, MessageLine, Outcome, Request, Response, RsaSigner,
    SignError, Signature, Signer, Transport, TransportError, UreqTransport,
};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, order, start};

/// A proxy that changes the request after it was signed.
struct Meddling {
    inner: UreqTransport,
    url: fn(&str) -> String,
    body: fn(&[u8]) -> Vec<u8>,
}

impl Transport for Meddling {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let (url, body) = ((self.url)(request.url), (self.body)(request.body));
        let mut request = *request;
        (request.url, request.body) = (&url, &body);
        self.inner.send(&request)
    }
}

fn meddled(
    sandbox: &Sandbox,
    url: fn(&str) -> String,
    body: fn(&[u8]) -> Vec<u8>,
) -> wechatpay::ApiError {
    let mut options = HttpOptions::default();
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    let transport = Meddling { inner: UreqTransport::new(&options).unwrap(), url, body };
    let keys = sandbox.platform_keys().clone();
    let gateway = Gateway::at(sandbox.base_url(), keys, transport).unwrap();
    let order = order(sandbox, "meddled-1");
    let error = app::prepay(sandbox.signer(), &gateway, &order).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused);
    assert_eq!((api(&error).status, &api(&error).code), (401, &Code::SIGN_ERROR));
    api(&error).clone()
}

#[test]
fn reserialized_body_is_found_by_its_line() {
    let sandbox = start();
    let spaced = |body: &[u8]| String::from_utf8_lossy(body).replace("\":", "\": ").into_bytes();
    let error = meddled(&sandbox, str::to_owned, spaced);
    let diagnosis = error.sign_diagnosis.unwrap();
    assert_eq!(diagnosis.line, Some(MessageLine::Body));
    assert!(diagnosis.received_length > Some(diagnosis.signed_length));
}

#[test]
fn lost_body_is_found_by_its_length() {
    let sandbox = start();
    let error = meddled(&sandbox, str::to_owned, |_| b"{}".to_vec());
    let diagnosis = error.sign_diagnosis.as_ref().unwrap();
    assert_eq!(diagnosis.line, Some(MessageLine::Body));
    assert!(error.to_string().contains("less of the body arrived than was signed"), "{error}");
}

#[test]
fn rewritten_path_is_found_by_its_line() {
    let sandbox = start();
    let error = meddled(&sandbox, |url| format!("{url}?from=proxy"), <[u8]>::to_vec);
    assert_eq!(error.sign_diagnosis.as_ref().unwrap().line, Some(MessageLine::Url));
    assert!(
        error.to_string().contains("line 2 (path and query) of the signed message differs"),
        "{error}"
    );
}

#[test]
fn key_not_matching_the_certificate_is_named_as_cause() {
    let sandbox = start();
    let other = include_str!("../data/keys/rsa2048.pem");
    let signer = RsaSigner::from_pem(sandbox.mchid(), sandbox.serial_no(), other).unwrap();
    let order = order(&sandbox, "wrong-key-1");
    let error = app::prepay(&signer, sandbox.gateway(), &order).unwrap_err();
    assert_eq!(api(&error).sign_diagnosis.as_ref().unwrap().line, None);
    assert!(
        error.to_string().contains("check that apiclient_key.pem and the serial number belong"),
        "{error}"
    );
}

#[test]
fn wrong_serial_or_mchid_is_refused_without_a_diagnosis() {
    let sandbox = start();
    let key = sandbox.merchant_key_pem();
    for (mchid, serial_no) in
        [(sandbox.mchid(), "0123456789ABCDEF"), ("1900000001", sandbox.serial_no())]
    {
        let signer = RsaSigner::from_pem(mchid, serial_no, key).unwrap();
        let order = order(&sandbox, "wrong-name-1");
        let error = app::prepay(&signer, sandbox.gateway(), &order).unwrap_err();
        assert_eq!((api(&error).status, &api(&error).code), (401, &Code::SIGN_ERROR));
        assert!(!api(&error).signed && api(&error).sign_diagnosis.is_none());
    }
}

#[test]
fn clock_off_by_six_minutes_is_refused() {
    let sandbox = start();
    sandbox.shift_clock(360);
    let order = order(&sandbox, "clock-1");
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (401, &Code::SIGN_ERROR));
}

/// Signs nothing, or something that cannot stand in a header.
struct Broken(Option<&'static str>);

impl Signer for Broken {
    fn mchid(&self) -> &str {
        self.0.unwrap_or("1900007291")
    }

    fn sign(&self, _: &[u8]) -> Result<Signature, SignError> {
        Err(SignError::new("the HSM is locked"))
    }
}

#[test]
fn signer_that_fails_sends_nothing() {
    let sandbox = start();
    let order = order(&sandbox, "locked-hsm-1");
    let error = app::prepay(&Broken(None), sandbox.gateway(), &order).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Sign(SignError::new("the HSM is locked")));
    assert_eq!(
        error.to_string(),
        "the request was not signed, so nothing was sent: the HSM is locked"
    );
    let error = app::prepay(&Broken(Some("19\r\nX: y")), sandbox.gateway(), &order).unwrap_err();
    assert!(error.to_string().starts_with("mchid must be the merchant number"), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(sandbox.received().len(), 0);
}
