//! [`UreqTransport`]: HTTPS with ureq and rustls, and its [`HttpOptions`]. No other file names ureq.

mod connector;
mod options;
mod proxy;
mod resolver;

use std::fmt;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::http::Version;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, AsSendBody, Body, BodyReader, SendBody};

use self::connector::{DeadlineConnector, NotConnected};
pub use self::options::{ClientCertificate, HttpOptions, MinimumFileRate};
pub use self::proxy::Proxy;
use self::resolver::Addresses;
use crate::base_url::{check_url, is_loopback};
use crate::error::{Error, Invalid, TransportError, TransportErrorKind};
use crate::method::Method;
use crate::pem;
use crate::transport::{Request, Response, Transport};

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
    minimum_file_rate: MinimumFileRate,
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
        // ureq panics if the end of a call is later than the system can represent.
        if options.total_timeout > LONGEST_TIMEOUT {
            return Err(Invalid::new("total_timeout", "must not exceed a day").into());
        }
        if options.minimum_file_rate.interval.is_zero() {
            let rule = "must be greater than zero";
            return Err(Invalid::new("minimum_file_rate/interval", rule).into());
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .input_buffer_size(INPUT_BUFFER)
            .output_buffer_size(OUTPUT_BUFFER)
            .max_response_header_size(HEADER_LIMIT)
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
        config = config.tls_config(tls.build()).proxy(options.proxy.resolve()?);
        let addresses = Addresses::default();
        Ok(Self {
            agent: Agent::with_parts(
                config.build(),
                DeadlineConnector::default(),
                addresses.clone(),
            ),
            addresses,
            total_timeout: options.total_timeout,
            minimum_file_rate: options.minimum_file_rate,
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
        let builder = builder(request);
        match request.body {
            // GET and DELETE without a body have no Content-Length; the other methods have a length
            // of 0.
            [] if matches!(request.method, Method::Get | Method::Delete) => {
                self.run(builder.body(()), host, request.is_file)
            }
            body => self.run(builder.body(body), host, request.is_file),
        }
    }

    fn send_stream(
        &self,
        request: &Request<'_>,
        body: &mut dyn Read,
        length: u64,
    ) -> Result<Response, TransportError> {
        let host = check_url(request.url).map_err(TransportError::not_sent)?;
        // Without a length ureq would send chunks.
        let builder = builder(request).header("Content-Length", length);
        self.run(builder.body(SendBody::from_reader(body)), host, request.is_file)
    }
}

fn builder(request: &Request<'_>) -> ureq::http::request::Builder {
    let builder = ureq::http::Request::builder().method(request.method.as_str()).uri(request.url);
    request.headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value))
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
                .timeout_per_read(Some(self.total_timeout.min(self.minimum_file_rate.interval)))
                .build();
        }
        let started = Instant::now();
        let received = self.agent.run(ready).map_err(|error| {
            self.addresses.forget();
            transport_error(&error)
        })?;
        let limit = match (is_file, received.status().as_u16()) {
            // ureq limits the complete call.
            (false, _) => Limit::None,
            (true, 200) => Limit::rate(self.minimum_file_rate),
            // The response is no file, so the call may take no longer than any other.
            (true, _) => Limit::Until(started.checked_add(self.total_timeout)),
        };
        Ok(response(received, limit))
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

fn response(received: ureq::http::Response<Body>, limit: Limit) -> Response {
    let (mut head, body) = received.into_parts();
    if head.version < Version::HTTP_11 {
        // It has no meaning there, so ureq ignores it.
        head.headers.remove("Transfer-Encoding");
    }
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    Response {
        status: head.status.as_u16(),
        headers,
        body: Box::new(Reader { body: body.into_reader(), limit }),
    }
}

/// The error that ended the request, and whether a byte of it may have been sent. Resolving and connecting, TLS
/// included, come before the first byte. For every other error that is uncertain.
fn transport_error(error: &ureq::Error) -> TransportError {
    use ureq::{Error, Timeout};
    if let Some(not_connected) = NotConnected::find(error) {
        return not_connected;
    }
    let (kind, what) = match error {
        // The timeout of resolving, before the resolver is asked.
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            return TransportError::not_sent("no connection: timed out")
                .with_kind(TransportErrorKind::Timeout);
        }
        // ureq's own text would repeat the URL.
        Error::BadUri(_) => return TransportError::not_sent("the URL cannot be sent"),
        Error::Timeout(_) => (TransportErrorKind::Timeout, TIMED_OUT.to_owned()),
        Error::Io(error) => (kind_of(error), explain(error)),
        error => (TransportErrorKind::Other, error.to_string()),
    };
    TransportError::unknown(format!("no response: {what}")).with_kind(kind)
}

fn kind_of(error: &io::Error) -> TransportErrorKind {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    match error.kind() {
        TimedOut => TransportErrorKind::Timeout,
        ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof => {
            TransportErrorKind::Reset
        }
        io::ErrorKind::InvalidData => TransportErrorKind::Tls,
        _ => TransportErrorKind::Other,
    }
}

/// The body of a response, with a limit of time, and with errors that people understand.
struct Reader {
    body: BodyReader<'static>,
    limit: Limit,
}

enum Limit {
    None,
    Until(Option<Instant>),
    Rate {
        minimum: MinimumFileRate,
        /// The time that was spent on reading since the interval began.
        waited: Duration,
        received: u64,
    },
}

impl Limit {
    fn rate(minimum: MinimumFileRate) -> Self {
        Self::Rate { minimum, waited: Duration::ZERO, received: 0 }
    }

    /// When a read that begins at this time must have ended.
    fn deadline(&self, began: Instant) -> Option<Instant> {
        match self {
            Self::None => None,
            Self::Until(deadline) => *deadline,
            Self::Rate { minimum, .. } => began.checked_add(minimum.interval),
        }
    }

    /// Takes note of a read that began at this time and brought that many bytes.
    fn check(&mut self, began: Instant, length: usize) -> io::Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Until(deadline) => match deadline {
                Some(deadline) if Instant::now() > *deadline => Err(io::ErrorKind::TimedOut.into()),
                _ => Ok(()),
            },
            Self::Rate { minimum, waited, received } => {
                *waited = waited.saturating_add(began.elapsed());
                *received = received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
                if *received >= minimum.bytes || length == 0 {
                    (*waited, *received) = (Duration::ZERO, 0);
                } else if *waited >= minimum.interval {
                    let MinimumFileRate { bytes, interval } = minimum;
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        format!("it is slower than {bytes} bytes in {interval:?}"),
                    ));
                }
                Ok(())
            }
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let began = Instant::now();
        let read = connector::until(self.limit.deadline(began), || self.body.read(buffer));
        let read = read.and_then(|length| {
            self.limit.check(began, length)?;
            Ok(length)
        });
        read.map_err(|error| match (error.kind(), explain(&error)) {
            // ureq's own timeouts have no kind.
            (_, text) if text == TIMED_OUT => io::Error::new(io::ErrorKind::TimedOut, text),
            (kind, text) => io::Error::new(kind, text),
        })
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
        (io::ErrorKind::TimedOut, _) if error.get_ref().is_none() => TIMED_OUT.to_owned(),
        (io::ErrorKind::UnexpectedEof, _) => "the connection was closed".to_owned(),
        _ => text,
    }
}

const TIMED_OUT: &str = "timed out";

/// Sent with every request; WeChat Pay refuses requests without one
/// ([m/4012081709](https://pay.weixin.qq.com/doc/v3/merchant/4012081709)).
const USER_AGENT: &str = concat!("wechatpay-blocking/", env!("CARGO_PKG_VERSION"));

/// Our own value: longer than a lost SYN takes to be sent twice more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Our own limit: no call takes so long.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// WeChat Pay closes idle connections after 8 s (`Keep-Alive: timeout=8`,
/// [m/4013053249](https://pay.weixin.qq.com/doc/v3/merchant/4013053249)).
const IDLE_AGE: Duration = Duration::from_secs(7);

/// Our own value: enough for a program with many threads, each of which needs one.
const IDLE_CONNECTIONS: usize = 64;

/// The buffers of a connection, in bytes, which it keeps while it is open; ureq's defaults are 128 KiB each.
const INPUT_BUFFER: usize = 32 * 1024;
const OUTPUT_BUFFER: usize = 16 * 1024;

/// Our own limit: the headers of WeChat Pay's responses have about a kilobyte. They must fit in the buffer.
const HEADER_LIMIT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_settings_are_named() {
        let mut options = HttpOptions { total_timeout: Duration::ZERO, ..HttpOptions::default() };
        let error = |options: &HttpOptions| UreqTransport::new(options).unwrap_err().to_string();
        assert_eq!(error(&options), "total_timeout must be greater than zero");
        for (total_timeout, is_right) in
            [(LONGEST_TIMEOUT, true), (LONGEST_TIMEOUT + Duration::from_nanos(1), false)]
        {
            options.total_timeout = total_timeout;
            assert_eq!(UreqTransport::new(&options).is_ok(), is_right, "{total_timeout:?}");
        }
        assert_eq!(error(&options), "total_timeout must not exceed a day");
        options = HttpOptions { proxy: Proxy::Url("socks4://x".into()), ..HttpOptions::default() };
        assert!(error(&options).starts_with("proxy must be an HTTP or SOCKS5 proxy: http://"));
        let minimum_file_rate = MinimumFileRate { bytes: 1, interval: Duration::ZERO };
        options = HttpOptions { minimum_file_rate, ..HttpOptions::default() };
        assert_eq!(error(&options), "minimum_file_rate/interval must be greater than zero");
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
        let not_connected = TransportError::not_sent("x").with_kind(TransportErrorKind::Dns);
        for error in [
            ureq::Error::Timeout(ureq::Timeout::Resolve),
            ureq::Error::Timeout(ureq::Timeout::Connect),
            ureq::Error::BadUri("https://x/?token=SECRET".into()),
            NotConnected(not_connected).into_ureq(),
        ] {
            let found = transport_error(&error);
            assert!(!found.may_have_left() && !found.to_string().contains("SECRET"), "{error}");
        }
        for (error, kind) in [
            (ureq::Error::Timeout(ureq::Timeout::Global), TransportErrorKind::Timeout),
            (ureq::Error::Timeout(ureq::Timeout::SendRequest), TransportErrorKind::Timeout),
            (ureq::Error::Timeout(ureq::Timeout::RecvResponse), TransportErrorKind::Timeout),
            (ureq::Error::ConnectionFailed, TransportErrorKind::Other),
            // Only a connector knows that nothing was sent before.
            (io(io::ErrorKind::ConnectionRefused), TransportErrorKind::Other),
            (io(io::ErrorKind::ConnectionReset), TransportErrorKind::Reset),
            (io(io::ErrorKind::InvalidData), TransportErrorKind::Tls),
            (io(io::ErrorKind::UnexpectedEof), TransportErrorKind::Reset),
        ] {
            let found = transport_error(&error);
            assert_eq!((found.may_have_left(), found.kind()), (true, kind), "{error}");
        }
    }
}
