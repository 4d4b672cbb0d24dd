//! How bytes travel: the [`Transport`] trait, and [`UreqTransport`] over ureq and rustls.

use std::fmt;
use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody, Body};

use crate::error::{Error, Invalid, TransportError};
use crate::pem;
use crate::signer::RsaSigner;

/// Sends one request and returns its answer. Replace it to route calls your own way; most programs
/// use [`UreqTransport`].
///
/// An implementation sends the request at most once, follows no redirect, verifies TLS, passes the
/// bytes on as they are, and ends in bounded time. The library trusts nothing that it returns before
/// the signature is verified.
///
/// ```
/// use wechatpay::{Response, Request, Transport, TransportError};
///
/// /// Counts nothing but the time of each call.
/// struct Timed<T>(T);
///
/// impl<T: Transport> Transport for Timed<T> {
///     fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
///         let started = std::time::Instant::now();
///         let reply = self.0.send(request);
///         println!("{} took {:?}", request.method, started.elapsed());
///         reply
///     }
/// }
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
/// let mut options = wechatpay::HttpOptions::default();
/// options.root_certificates = Some(sandbox.ca_pem().to_owned());
/// let transport = Timed(wechatpay::UreqTransport::new(&options)?);
/// let keys = sandbox.platform_keys().clone();
/// let gateway = wechatpay::Gateway::at(sandbox.base_url(), keys, transport)?;
/// wechatpay::pay::app::prepay(signer, &gateway, &order)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Transport: Send + Sync {
    /// Sends the request.
    ///
    /// # Errors
    /// [`TransportError::not_sent`] only if certainly no byte of the request has left, else
    /// [`TransportError::unknown`]. An answer of any status is not an error.
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError>;
}

/// Several gateways, such as those of several merchants, may share one transport and its
/// connections.
impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        T::send(self, request)
    }
}

/// A request, ready to be sent.
///
/// ```
/// use wechatpay::Request;
///
/// fn show(request: &Request<'_>) {
///     println!("{request:?}, {} bytes", request.body.len()); // Without headers and body.
/// }
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Request<'a> {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The whole URL. Its path and query are signed: they must arrive byte for byte.
    pub url: &'a str,
    /// Names and values, each name once.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body, empty for `GET`. It is signed: it must arrive byte for byte.
    pub body: &'a [u8],
    /// The answer is a file of any length: bound the time of each read of its body, not the time of
    /// the whole call.
    pub is_file: bool,
}

impl<'a> Request<'a> {
    /// A request that expects a short response; see [`is_file`](Self::is_file).
    #[must_use]
    pub fn new(
        method: &'static str,
        url: &'a str,
        headers: &'a [(&'static str, &'a str)],
        body: &'a [u8],
    ) -> Self {
        Self { method, url, headers, body, is_file: false }
    }
}

/// Leaves out headers and body: they hold the signature and what the payer bought.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split_once('?').map_or(self.url, |(path, _)| path);
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &path)
            .finish_non_exhaustive()
    }
}

/// An answer, as received.
///
/// ```
/// use wechatpay::Response;
///
/// let headers = vec![("Content-Type".to_owned(), b"application/json".to_vec())];
/// let reply = Response { status: 200, headers, body: Box::new(&b"{}"[..]) };
/// # assert_eq!(reply.status, 200);
/// ```
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names and values, in order, repeated ones repeated.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body. Its reader sets the limit.
    pub body: Box<dyn Read + Send>,
}

impl Response {
    /// The header `Request-ID`.
    pub(crate) fn request_id(&self) -> Option<String> {
        let (_, value) =
            self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Request-ID"))?;
        let id = std::str::from_utf8(value).ok()?;
        Some(id.chars().filter(char::is_ascii_graphic).take(128).collect())
    }

    /// The body of an answer that is no file.
    pub(crate) fn read_body(&mut self) -> Result<Vec<u8>, TransportError> {
        let mut body = Vec::new();
        (&mut self.body).take(ANSWER_LIMIT.saturating_add(1)).read_to_end(&mut body).map_err(
            |error| TransportError::unknown(format!("the response broke off: {}", plain(&error))),
        )?;
        if u64::try_from(body.len()).is_ok_and(|length| length > ANSWER_LIMIT) {
            return Err(TransportError::unknown("the response is larger than 1 MiB"));
        }
        Ok(body)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

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
    /// The time a whole call may take, or each read of a file. Finding the address and connecting may take a quarter of it
    /// each, and never more than 5 s, so that a connection that never existed differs from a
    /// lost response. Default: 30 s.
    pub total_timeout: Duration,
    /// Certificates (PEM, one or more) to trust as roots in place of Mozilla's, for a host such as the
    /// sandbox. A gateway talks to one host, so no other root is needed. Default:
    /// none, which means Mozilla's roots.
    pub root_certificates: Option<String>,
    /// The merchant's own certificate, for the calls of APIv2 that need one
    /// (`v2::Gateway::with_certified`). APIv3 needs none. Default: none.
    pub client_certificate: Option<ClientCertificate>,
    /// The way out. TLS reaches through a proxy to WeChat Pay. Default: [`Proxy::FromEnvironment`].
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

/// A merchant's certificate (商户API证书) and its private key, to show in TLS who is asking.
///
/// `Debug` shows nothing of them; they are not wiped when they are dropped.
///
/// ```
/// use wechatpay::{ClientCertificate, HttpOptions};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let apiclient_cert_pem = sandbox.merchant_certificate_pem();
/// let apiclient_key_pem = sandbox.merchant_key_pem();
/// let certificate = ClientCertificate::from_pem(apiclient_cert_pem, apiclient_key_pem)?;
/// let mut options = HttpOptions::default();
/// options.client_certificate = Some(certificate);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ClientCertificate(ClientCert);

impl ClientCertificate {
    /// From the texts of `apiclient_cert.pem` and `apiclient_key.pem`.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) says what is wrong with either, also if the key is not that of the
    /// certificate.
    pub fn from_pem(
        certificate_pem: impl AsRef<[u8]>,
        private_key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        let (certificate_pem, private_key_pem) =
            (certificate_pem.as_ref(), private_key_pem.as_ref());
        // ureq panics on what does not fit together. Whose it is does not matter here.
        RsaSigner::from_certificate("0", certificate_pem, private_key_pem)?;
        let certificate = pem::certificate("certificate", certificate_pem)?;
        let key = PrivateKey::from_pem(pem::without_mark(private_key_pem)).map_err(|_| {
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
    /// What `ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
    FromEnvironment,
    /// No proxy, whatever the environment says.
    Direct,
    /// An HTTP proxy: `http://proxy.example:3128`, with `user:password@` if it asks for that.
    Url(String),
}

/// Leaves out the URL, which may hold a password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FromEnvironment => "FromEnvironment",
            Self::Direct => "Direct",
            Self::Url(_) => "Url(..)",
        })
    }
}

/// HTTPS by ureq and rustls: verifies every certificate, follows no redirect, reuses connections.
///
/// ureq logs through the `log` crate. At level `TRACE` it prints the headers of requests, the
/// signature among them, so keep `TRACE` off for the target `ureq` in production.
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
    /// [`Invalid`](crate::ErrorKind::Invalid) if a timeout, a root certificate or the proxy cannot be used.
    pub fn new(options: &HttpOptions) -> Result<Self, Error> {
        let connect_timeout = options.total_timeout.checked_div(4).unwrap_or_default();
        if connect_timeout.is_zero() {
            return Err(Invalid::new("total_timeout", "must be longer than nothing").into());
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
        let mut builder = ureq::http::Request::builder().method(request.method).uri(request.url);
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        match request.body {
            // A GET says nothing of a body, not even that it is empty.
            [] if request.method == "GET" => self.run(builder.body(()), host, request.is_file),
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
        self.agent.run(ready).map(reply).map_err(|error| {
            self.addresses.forget();
            lost(&error)
        })
    }
}

/// Where hosts were found, so that not every call has to ask. ureq by itself asks at every call, even
/// one that has a connection, and in a thread made for it, since there is a timeout.
#[derive(Debug, Clone, Default)]
struct Addresses(Arc<Mutex<Vec<Found>>>);

#[derive(Debug)]
struct Found {
    uri: Uri,
    addresses: ResolvedSocketAddrs,
    at: Instant,
}

impl Addresses {
    /// A call failed, perhaps because the host is elsewhere by now: the next one asks again.
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
    /// Whether it is of the same host and port.
    fn is_of(&self, uri: &Uri) -> bool {
        self.uri.authority() == uri.authority() && self.uri.scheme() == uri.scheme()
    }

    fn is_fresh(&self) -> bool {
        self.at.elapsed() < ADDRESS_AGE
    }
}

/// Checks that a URL is one a request may go to, `https` unless it is loopback, and returns its
/// host.
pub(crate) fn check_url(url: &str) -> Result<&str, &'static str> {
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err("must start with https://"),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, _)) if !authority.ends_with(']') => host,
        _ => authority,
    };
    if host.is_empty() || authority.contains(['@', ' ']) {
        Err("must name a host, without user name or password")
    } else if secure || is_loopback(host) {
        Ok(host)
    } else {
        Err("must start with https://; http:// is for loopback addresses only")
    }
}

/// Checks that a URL is a host and nothing more, and returns it without the last slash.
pub(crate) fn check_base_url(base_url: &str) -> Result<&str, Invalid> {
    let base_url = base_url.strip_suffix('/').unwrap_or(base_url);
    check_url(base_url).map_err(|rule| Invalid::new("base_url", rule))?;
    let authority = base_url.split_once("://").map_or("", |(_, authority)| authority);
    if authority.contains(['/', '?', '#']) || !authority.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Invalid::new("base_url", "must end after the host, without path or query"));
    }
    Ok(base_url)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn roots(pem: &str) -> Result<RootCerts, Invalid> {
    let roots = pem::certificates("root_certificates", pem.as_bytes())?;
    for root in &roots {
        let root = rustls_pki_types::CertificateDer::from(root.as_slice());
        webpki::anchor_from_trusted_cert(&root).map_err(|_| {
            Invalid::new(
                "root_certificates",
                "holds a certificate that cannot be read; copy the file again",
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

fn reply(response: ureq::http::Response<Body>) -> Response {
    let (head, body) = response.into_parts();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    Response { status: head.status.as_u16(), headers, body: Box::new(body.into_reader()) }
}

/// What ended the request, and whether a byte of it may have left. ureq connects, TLS included,
/// before it writes, so a timeout of resolving or connecting is certain; whatever else may have
/// come later is not.
fn lost(error: &ureq::Error) -> TransportError {
    use ureq::{Error, Timeout};
    match error {
        Error::Timeout(phase @ (Timeout::Resolve | Timeout::Connect)) => {
            TransportError::not_sent(format!("no connection: timed out ({phase})"))
        }
        Error::HostNotFound => TransportError::not_sent("no connection: no such host"),
        Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            TransportError::not_sent("no connection: refused")
        }
        // Its text would repeat the URL.
        Error::BadUri(_) => TransportError::not_sent("the URL cannot be sent"),
        Error::Timeout(_) => TransportError::unknown(format!("no response: {TIME_RAN_OUT}")),
        Error::Io(error) => TransportError::unknown(format!("no response: {}", plain(error))),
        error => TransportError::unknown(format!("no response: {error}")),
    }
}

/// What became of a connection, where the words of ureq and rustls are for programmers.
pub(crate) fn plain(error: &io::Error) -> String {
    let words = error.to_string();
    match (error.kind(), words.strip_prefix("invalid peer certificate: ")) {
        (_, Some(why)) => format!(
            "the host's certificate is not trusted ({why}); look at root_certificates, the clock, \
             and for a proxy that opens TLS"
        ),
        _ if words.starts_with("timeout: ") => TIME_RAN_OUT.to_owned(),
        (io::ErrorKind::UnexpectedEof, _) => "the connection was closed".to_owned(),
        _ => words,
    }
}

const TIME_RAN_OUT: &str = "timed out";

/// m/4013070347 and every other page.
pub(crate) const MAIN_HOST: &str = "https://api.mch.weixin.qq.com";
pub(crate) const STANDBY_HOST: &str = "https://api2.mch.weixin.qq.com";

/// Ours: WeChat Pay's largest answers that are no files are a few kilobytes.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// Sent with every request; WeChat Pay refuses requests without one (m/4012081709).
const USER_AGENT: &str = concat!("wechatpay-blocking/", env!("CARGO_PKG_VERSION"));

/// What the official Go library allows (go:core/client.go).
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Ours. Longer than a lost SYN takes to be sent twice more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// WeChat Pay closes idle connections after 8 s (`Keep-Alive: timeout=8`, m/4013053249).
const IDLE_AGE: Duration = Duration::from_secs(7);

/// Ours. Short beside the time for which name servers keep an address.
const ADDRESS_AGE: Duration = Duration::from_secs(10);

/// Ours: enough for a program of many threads, each of which needs one.
const IDLE_CONNECTIONS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_leaves_this_machine() {
        for (url, host) in [
            ("https://api.mch.weixin.qq.com/v3/certificates", "api.mch.weixin.qq.com"),
            ("https://127.0.0.1:8443", "127.0.0.1"),
            ("http://127.0.0.1:8080/x", "127.0.0.1"),
            ("http://[::1]:8080/x", "[::1]"),
            ("http://localhost/x", "localhost"),
        ] {
            assert_eq!(check_url(url), Ok(host));
        }
        for url in [
            "",
            "api.mch.weixin.qq.com",
            "ftp://x/",
            "http://api.mch.weixin.qq.com/",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "https://",
            "https:///v3",
            "https://user:password@api.mch.weixin.qq.com/",
            "http://evil.example:80@127.0.0.1/",
            "http://10.0.0.1/",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }

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
    fn settings_that_cannot_work_are_told_by_name() {
        let mut options = HttpOptions { total_timeout: Duration::ZERO, ..HttpOptions::default() };
        let error = |options: &HttpOptions| UreqTransport::new(options).unwrap_err().to_string();
        assert_eq!(error(&options), "total_timeout must be longer than nothing");
        options = HttpOptions { proxy: Proxy::Url("socks5://x".into()), ..HttpOptions::default() };
        assert_eq!(error(&options), "proxy must be an HTTP proxy: http://proxy.example:3128");
        options = HttpOptions { root_certificates: Some("x".into()), ..HttpOptions::default() };
        assert_eq!(error(&options), "root_certificates holds no certificate (BEGIN CERTIFICATE)");
    }

    #[test]
    fn debug_shows_no_password_no_query_and_no_header() {
        let proxy = Proxy::Url("http://user:SECRET@proxy.example:3128".into());
        let options = HttpOptions { proxy, ..HttpOptions::default() };
        let request = Request {
            method: "GET",
            url: "https://api.mch.weixin.qq.com/v3/billdownload/file?token=SECRET",
            headers: &[("Authorization", "SECRET")],
            body: b"SECRET",
            is_file: false,
        };
        for text in [format!("{options:?}"), format!("{request:?}")] {
            assert!(!text.contains("SECRET"), "{text}");
        }
    }

    #[test]
    fn only_what_certainly_came_before_the_first_byte_is_not_sent() {
        let io = |kind| ureq::Error::Io(io::Error::from(kind));
        for error in [
            ureq::Error::Timeout(ureq::Timeout::Resolve),
            ureq::Error::Timeout(ureq::Timeout::Connect),
            ureq::Error::HostNotFound,
            ureq::Error::BadUri("https://x/?token=SECRET".into()),
            io(io::ErrorKind::ConnectionRefused),
        ] {
            let lost = lost(&error);
            assert!(!lost.may_have_left() && !lost.to_string().contains("SECRET"), "{error}");
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
            assert!(lost(&error).may_have_left(), "{error}");
        }
    }
}
