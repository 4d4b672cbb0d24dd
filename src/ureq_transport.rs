//! [`UreqTransport`]: HTTPS with ureq and rustls, and its [`HttpOptions`]. No other file names ureq.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody, Body, BodyReader};

use crate::base_url::{check_url, is_loopback};
use crate::error::{Error, Invalid, TransportError};
use crate::method::Method;
use crate::pem;
use crate::signer::RsaSigner;
use crate::transport::{Request, Response, Transport};

/// Settings of [`UreqTransport`].
///
/// ```
/// use std::time::Duration;
/// use wechatpay::{HttpOptions, UreqTransport};
///
/// let mut options = HttpOptions::default();
/// options.total_timeout = Duration::from_secs(10);
/// let transport = UreqTransport::new(&options)?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpOptions {
    /// The time that a whole call may take, or each read of a file. Resolving the host and
    /// connecting may each take a quarter of it, and at most 5 s, so that a failed connection is
    /// distinguished from a lost response. Default: 30 s.
    pub total_timeout: Duration,
    /// Root certificates (PEM, one or more) to trust instead of Mozilla's, for a host such as the
    /// sandbox. A gateway talks to one host, so no other root is needed. Default: none, which means
    /// Mozilla's roots.
    pub root_certificates: Option<String>,
    /// 商户API证书: the merchant's API certificate, for the calls of APIv2 that need it
    /// (`v2::Gateway::with_certified`). APIv3 never needs it. Default: none.
    pub client_certificate: Option<ClientCertificate>,
    /// The proxy. TLS reaches through it to WeChat Pay. Default: [`Proxy::FromEnvironment`].
    pub proxy: Proxy,
}

impl HttpOptions {
    /// The default settings for a host with its own certificate authority, such as the sandbox.
    pub fn trusting(root_certificates: impl Into<String>) -> Self {
        Self { root_certificates: Some(root_certificates.into()), ..Self::default() }
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            total_timeout: TOTAL_TIMEOUT,
            root_certificates: None,
            client_certificate: None,
            proxy: Proxy::FromEnvironment,
        }
    }
}

/// 商户API证书: a merchant's API certificate and its private key, with which the client authenticates
/// in TLS.
///
/// `Debug` shows nothing of them; they are not wiped when they are dropped.
#[derive(Clone)]
pub struct ClientCertificate(ClientCert);

impl ClientCertificate {
    /// Reads the contents of `apiclient_cert.pem` and `apiclient_key.pem`.
    ///
    /// ```
    /// use wechatpay::{ClientCertificate, Error, HttpOptions};
    ///
    /// fn example(cert_pem: &[u8], key_pem: &[u8]) -> Result<HttpOptions, Error> {
    ///     let mut options = HttpOptions::default();
    ///     options.client_certificate = Some(ClientCertificate::from_pem(cert_pem, key_pem)?);
    ///     Ok(options)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if either cannot be read, or if the key is not that of
    /// the certificate.
    pub fn from_pem(
        certificate_pem: impl AsRef<[u8]>,
        private_key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        let (certificate_pem, private_key_pem) =
            (certificate_pem.as_ref(), private_key_pem.as_ref());
        // ureq panics if the two do not fit together. The merchant number does not matter here.
        RsaSigner::from_certificate("0", certificate_pem, private_key_pem)?;
        let certificate = pem::certificate("certificate", certificate_pem)?;
        let key = pem::private_key("private_key", private_key_pem)?.to_pem();
        let key = PrivateKey::from_pem(key.as_bytes()).map_err(|_| {
            Invalid::new(
                "private_key",
                "is damaged: its PEM text cannot be read; copy the file again",
            )
        })?;
        let certificate = Certificate::from_der(&certificate).to_owned();
        Ok(Self(ClientCert::new_with_certs(&[certificate], key)))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// Which proxy to use. Loopback addresses are always reached directly.
///
/// ```
/// use wechatpay::{HttpOptions, Proxy, UreqTransport};
///
/// let mut options = HttpOptions::default();
/// options.proxy = Proxy::Url("http://proxy.example:3128".into());
/// let transport = UreqTransport::new(&options)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// The proxy that `ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name.
    FromEnvironment,
    /// No proxy. The environment is ignored.
    Direct,
    /// An HTTP proxy: `http://proxy.example:3128`, with `user:password@` if it requires authentication.
    Url(String),
}

/// Leaves out the URL, which may contain a password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FromEnvironment => "FromEnvironment",
            Self::Direct => "Direct",
            Self::Url(_) => "Url(..)",
        })
    }
}

/// HTTPS with ureq and rustls. It verifies every certificate, follows no redirect, and reuses
/// connections.
///
/// ureq logs through the `log` crate. At level `TRACE` it prints the headers of requests, which
/// contain the signature, so keep `TRACE` off for the target `ureq` in production.
///
/// ```
/// use std::sync::Arc;
/// use wechatpay::{Gateway, HttpOptions, UreqTransport};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let keys = sandbox.platform_keys().clone();
/// let transport = Arc::new(UreqTransport::new(&HttpOptions::default())?);
/// let gateway = Gateway::at("https://api.mch.weixin.qq.com", keys.clone(), transport.clone())?;
/// let standby = Gateway::at("https://api2.mch.weixin.qq.com", keys, transport)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct UreqTransport {
    agent: Agent,
    addresses: Addresses,
    total_timeout: Duration,
}

impl UreqTransport {
    /// A transport with its own connections.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the timeout, a root certificate or the proxy cannot
    /// be used.
    pub fn new(options: &HttpOptions) -> Result<Self, Error> {
        let connect_timeout = options.total_timeout.checked_div(4).unwrap_or_default();
        if connect_timeout.is_zero() {
            return Err(Invalid::new("total_timeout", "must be greater than zero").into());
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(USER_AGENT)
            .timeout_global(Some(options.total_timeout))
            .timeout_resolve(Some(connect_timeout.min(CONNECT_TIMEOUT)))
            .timeout_connect(Some(connect_timeout.min(CONNECT_TIMEOUT)))
            .max_idle_age(IDLE_AGE)
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS);
        let mut tls = TlsConfig::builder();
        if let Some(pem) = &options.root_certificates {
            tls = tls.root_certs(roots(pem)?);
        }
        if let Some(ClientCertificate(certificate)) = &options.client_certificate {
            tls = tls.client_cert(Some(certificate.clone()));
        }
        config = config.tls_config(tls.build());
        config = match &options.proxy {
            Proxy::FromEnvironment => config,
            Proxy::Direct => config.proxy(None),
            Proxy::Url(url) => config.proxy(Some(http_proxy(url)?)),
        };
        let addresses = Addresses::default();
        Ok(Self {
            agent: Agent::with_parts(
                config.build(),
                DefaultConnector::default(),
                addresses.clone(),
            ),
            addresses,
            total_timeout: options.total_timeout,
        })
    }
}

impl fmt::Debug for UreqTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UreqTransport").finish_non_exhaustive()
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let host = check_url(request.url).map_err(TransportError::not_sent)?;
        let mut builder =
            ureq::http::Request::builder().method(request.method.as_str()).uri(request.url);
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        match request.body {
            // These have no header about an absent body; the others have a length of 0.
            [] if matches!(request.method, Method::Get | Method::Delete) => {
                self.run(builder.body(()), host, request.is_file)
            }
            body => self.run(builder.body(body), host, request.is_file),
        }
    }
}

impl UreqTransport {
    fn run<B: AsSendBody>(
        &self,
        ready: ureq::http::Result<ureq::http::Request<B>>,
        host: &str,
        is_file: bool,
    ) -> Result<Response, TransportError> {
        let mut ready =
            ready.map_err(|_| TransportError::not_sent("the URL or a header cannot be sent"))?;
        if is_loopback(host) && self.agent.config().proxy().is_some() {
            ready = self.agent.configure_request(ready).proxy(None).build();
        }
        if is_file {
            ready = self
                .agent
                .configure_request(ready)
                .timeout_global(None)
                .timeout_recv_response(Some(self.total_timeout))
                .timeout_per_read(Some(self.total_timeout))
                .build();
        }
        self.agent.run(ready).map(response).map_err(|error| {
            self.addresses.forget();
            transport_error(&error)
        })
    }
}

/// The addresses of hosts, so that not every call has to resolve one. ureq by itself resolves at
/// every call, even with an open connection, and in a new thread, because there is a timeout.
#[derive(Debug, Clone, Default)]
struct Addresses(Arc<Mutex<Vec<Found>>>);

#[derive(Debug)]
struct Found {
    uri: Uri,
    addresses: ResolvedSocketAddrs,
    at: Instant,
}

impl Addresses {
    /// Forgets all after a failed call: the host may have moved, so the next call resolves again.
    fn forget(&self) {
        self.found().clear();
    }

    fn found(&self) -> MutexGuard<'_, Vec<Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let is_known = |found: &&Found| found.is_of(uri) && found.is_fresh();
        let known = self.found().iter().find(is_known).map(|found| found.addresses.clone());
        if let Some(addresses) = known {
            return Ok(addresses);
        }
        let addresses = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut found = self.found();
        found.retain(|earlier| !earlier.is_of(uri) && earlier.is_fresh());
        found.push(Found { uri: uri.clone(), addresses: addresses.clone(), at: Instant::now() });
        Ok(addresses)
    }
}

impl Found {
    /// Whether it belongs to the same host and port.
    fn is_of(&self, uri: &Uri) -> bool {
        self.uri.authority() == uri.authority() && self.uri.scheme() == uri.scheme()
    }

    fn is_fresh(&self) -> bool {
        self.at.elapsed() < ADDRESS_AGE
    }
}

fn roots(pem: &str) -> Result<RootCerts, Invalid> {
    let roots = pem::certificates("root_certificates", pem.as_bytes())?;
    for root in &roots {
        let root = rustls_pki_types::CertificateDer::from(root.as_slice());
        webpki::anchor_from_trusted_cert(&root).map_err(|_| {
            Invalid::new(
                "root_certificates",
                "contains a certificate that cannot be read; copy the file again",
            )
        })?;
    }
    let roots = roots.iter().map(|der| Certificate::from_der(der).to_owned());
    Ok(RootCerts::from(roots))
}

fn http_proxy(url: &str) -> Result<ureq::Proxy, Invalid> {
    let rule = "must be an HTTP proxy: http://proxy.example:3128";
    if !url.starts_with("http://") {
        return Err(Invalid::new("proxy", rule));
    }
    ureq::Proxy::new(url).map_err(|_| Invalid::new("proxy", rule))
}

fn response(received: ureq::http::Response<Body>) -> Response {
    let (head, body) = received.into_parts();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    Response { status: head.status.as_u16(), headers, body: Box::new(Reader(body.into_reader())) }
}

/// What ended the request, and whether a byte of it may have been sent. ureq connects, TLS included,
/// before it writes, so after a timeout of resolving or connecting nothing was sent. For every other
/// error that is uncertain.
fn transport_error(error: &ureq::Error) -> TransportError {
    use ureq::{Error, Timeout};
    match error {
        Error::Timeout(phase @ (Timeout::Resolve | Timeout::Connect)) => {
            TransportError::not_sent(format!("no connection: timed out ({phase})"))
        }
        Error::HostNotFound => TransportError::not_sent("no connection: no such host"),
        Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            TransportError::not_sent("no connection: refused")
        }
        // Its own text would repeat the URL.
        Error::BadUri(_) => TransportError::not_sent("the URL cannot be sent"),
        Error::Timeout(_) => TransportError::unknown(format!("no response: {TIMED_OUT}")),
        Error::Io(error) => TransportError::unknown(format!("no response: {}", explain(error))),
        error => TransportError::unknown(format!("no response: {error}")),
    }
}

/// The body of a response, with errors that people understand.
struct Reader(BodyReader<'static>);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| io::Error::new(error.kind(), explain(&error)))
    }
}

/// Describes the failure of a connection for people: the texts of ureq and rustls are for
/// programmers.
fn explain(error: &io::Error) -> String {
    let text = error.to_string();
    match (error.kind(), text.strip_prefix("invalid peer certificate: ")) {
        (_, Some(why)) => format!(
            "the host's certificate is not trusted ({why}); check root_certificates, the system \
             clock, and that no proxy intercepts TLS"
        ),
        _ if text.starts_with("timeout: ") => TIMED_OUT.to_owned(),
        (io::ErrorKind::UnexpectedEof, _) => "the connection was closed".to_owned(),
        _ => text,
    }
}

const TIMED_OUT: &str = "timed out";

/// Sent with every request; WeChat Pay refuses requests without one (m/4012081709).
const USER_AGENT: &str = concat!("wechatpay-blocking/", env!("CARGO_PKG_VERSION"));

/// What the official Go library allows (go:core/client.go).
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Our own value: longer than a lost SYN takes to be sent twice more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// WeChat Pay closes idle connections after 8 s (`Keep-Alive: timeout=8`, m/4013053249).
const IDLE_AGE: Duration = Duration::from_secs(7);

/// Our own value: short compared to the time for which name servers keep an address.
const ADDRESS_AGE: Duration = Duration::from_secs(10);

/// Our own value: enough for a program with many threads, each of which needs one.
const IDLE_CONNECTIONS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_looked_up_again_only_after_a_failed_call() {
        // No name server is asked for this name: two dots in a row are none.
        let host = "https://no..host".parse::<Uri>().unwrap();
        let other_port = "https://no..host:444".parse::<Uri>().unwrap();
        let addresses = Addresses::default();
        let config = Config::default();
        let resolve = |uri| addresses.resolve(uri, &config, NextTimeout::default()).ok();
        let find = |at| {
            let mut found = addresses.empty();
            found.push(([192, 0, 2, 1], 443).into());
            addresses.found().push(Found { uri: host.clone(), addresses: found.clone(), at });
            Some(found)
        };
        assert_eq!(resolve(&host), None);
        let found = find(Instant::now());
        assert_eq!((resolve(&host), resolve(&other_port)), (found, None));
        addresses.forget();
        assert_eq!(resolve(&host), None);
        find(Instant::now().checked_sub(ADDRESS_AGE).unwrap());
        assert_eq!(resolve(&host), None);

        let loopback = "https://127.0.0.1".parse().unwrap();
        assert_eq!(resolve(&loopback).unwrap()[..], [([127, 0, 0, 1], 443).into()]);
        let known = addresses.found();
        assert_eq!(known.iter().map(|found| &found.uri).collect::<Vec<_>>(), [&loopback]);
    }

    #[test]
    fn unusable_settings_are_named() {
        let mut options = HttpOptions { total_timeout: Duration::ZERO, ..HttpOptions::default() };
        let error = |options: &HttpOptions| UreqTransport::new(options).unwrap_err().to_string();
        assert_eq!(error(&options), "total_timeout must be greater than zero");
        options = HttpOptions { proxy: Proxy::Url("socks5://x".into()), ..HttpOptions::default() };
        assert_eq!(error(&options), "proxy must be an HTTP proxy: http://proxy.example:3128");
        options = HttpOptions { root_certificates: Some("x".into()), ..HttpOptions::default() };
        assert_eq!(
            error(&options),
            "root_certificates contains no certificate (BEGIN CERTIFICATE)"
        );
    }

    #[test]
    fn debug_of_options_hides_the_password() {
        let proxy = Proxy::Url("http://user:SECRET@proxy.example:3128".into());
        let text = format!("{:?}", HttpOptions { proxy, ..HttpOptions::default() });
        assert!(!text.contains("SECRET"), "{text}");
    }

    #[test]
    fn failure_before_the_first_byte_is_not_sent() {
        let io = |kind| ureq::Error::Io(io::Error::from(kind));
        for error in [
            ureq::Error::Timeout(ureq::Timeout::Resolve),
            ureq::Error::Timeout(ureq::Timeout::Connect),
            ureq::Error::HostNotFound,
            ureq::Error::BadUri("https://x/?token=SECRET".into()),
            io(io::ErrorKind::ConnectionRefused),
        ] {
            let found = transport_error(&error);
            assert!(!found.may_have_left() && !found.to_string().contains("SECRET"), "{error}");
        }
        for error in [
            ureq::Error::Timeout(ureq::Timeout::Global),
            ureq::Error::Timeout(ureq::Timeout::SendRequest),
            ureq::Error::Timeout(ureq::Timeout::RecvResponse),
            ureq::Error::ConnectionFailed,
            io(io::ErrorKind::ConnectionReset),
            io(io::ErrorKind::InvalidData),
            io(io::ErrorKind::UnexpectedEof),
        ] {
            assert!(transport_error(&error).may_have_left(), "{error}");
        }
    }
}
