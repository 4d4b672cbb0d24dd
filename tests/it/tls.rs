//! TLS is always verified, and nothing is sent to whom it does not verify.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType, date_time_ymd};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};
use wechatpay::pay::app;
use wechatpay::{Error, ErrorKind, Gateway, HttpOptions, Outcome, Proxy, UreqTransport};
use wechatpay_sandbox::Sandbox;

use crate::support::{order, start};

/// Answers one connection with a certificate of its own; returns what it could read of a request.
struct Impostor {
    base_url: String,
    ca_pem: String,
    thread: JoinHandle<Vec<u8>>,
}

impl Impostor {
    fn start(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::default();
        leaf.subject_alt_names = vec![SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST))];
        change(&mut leaf);
        let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let tls = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let base_url = format!("https://{}", listener.local_addr().unwrap());
        let thread = thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let server = ServerConnection::new(Arc::new(tls)).unwrap();
            let mut request = vec![0; 1024];
            let length = StreamOwned::new(server, socket).read(&mut request).unwrap_or(0);
            request.truncate(length);
            request
        });
        Self { base_url, ca_pem, thread }
    }

    /// The error of an order sent to it, and what it could read.
    fn tempt(self, ca_pem: Option<&str>) -> (Error, Vec<u8>) {
        let sandbox = start();
        let mut options = HttpOptions::default();
        options.proxy = Proxy::Direct;
        options.root_certificates = ca_pem.map(str::to_owned);
        let transport = UreqTransport::new(&options).unwrap();
        let gateway =
            Gateway::at(&self.base_url, sandbox.platform_keys().clone(), transport).unwrap();
        let order = order(&sandbox, "tempted-1");
        let error = app::prepay(sandbox.signer(), &gateway, &order).unwrap_err();
        (error, self.thread.join().unwrap())
    }
}

#[track_caller]
fn refused((error, read): (Error, Vec<u8>), why: &str) {
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.to_string().contains(why), "{error}");
    assert_eq!(read, b"", "the request was sent to an impostor");
}

#[test]
fn certificate_of_an_unknown_authority_is_refused() {
    let impostor = Impostor::start(|_| ());
    refused(impostor.tempt(None), "UnknownIssuer");
    let impostor = Impostor::start(|_| ());
    let other_ca = start().ca_pem().to_owned();
    refused(impostor.tempt(Some(&other_ca)), "UnknownIssuer");
}

#[test]
fn certificate_for_another_name_is_refused() {
    let impostor = Impostor::start(|leaf| {
        leaf.subject_alt_names =
            vec![SanType::DnsName("api.mch.weixin.qq.com".try_into().unwrap())];
    });
    let ca_pem = impostor.ca_pem.clone();
    refused(impostor.tempt(Some(&ca_pem)), "not valid for name");
}

#[test]
fn expired_certificate_is_refused() {
    let impostor = Impostor::start(|leaf| {
        leaf.not_before = date_time_ymd(2020, 1, 1);
        leaf.not_after = date_time_ymd(2020, 12, 31);
    });
    let ca_pem = impostor.ca_pem.clone();
    refused(impostor.tempt(Some(&ca_pem)), "expired");
}

/// The three above fail for their own reason: with everything right the request is sent.
#[test]
fn valid_certificate_receives_the_request() {
    let impostor = Impostor::start(|_| ());
    let ca_pem = impostor.ca_pem.clone();
    let (error, read) = impostor.tempt(Some(&ca_pem));
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(read.starts_with(b"POST /v3/pay/transactions/app HTTP/1.1\r\n"));
}

/// The certificate that a third-party client gets from the sandbox for this host.
fn certificate_for(sandbox: &Sandbox, host: &str) -> CertificateDer<'static> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(sandbox.ca_pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let address = sandbox.base_url().strip_prefix("https://").unwrap();
    client.complete_io(&mut TcpStream::connect(address).unwrap()).unwrap();
    client.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Most clients know one host and no option to change it: a proxy leads them here.
#[test]
fn sandbox_serves_the_host_names_of_wechat_pay() {
    let sandbox = start();
    for host in ["localhost", "127.0.0.1", "api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"] {
        certificate_for(&sandbox, host);
    }
}

/// From 3.13 on Python takes RFC 5280 at its word, and refused the sandbox.
#[test]
fn sandbox_certificate_names_the_key_of_its_authority() {
    let certificate = certificate_for(&start(), "localhost");
    let authority_key_identifier = [0x06, 0x03, 0x55, 0x1D, 0x23];
    assert!(certificate.windows(5).any(|bytes| bytes == authority_key_identifier));
}
