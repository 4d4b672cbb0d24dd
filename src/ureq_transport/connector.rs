//! Connecting: one deadline for the complete phase, and errors that say that nothing was sent. Reading: a deadline for
//! each read of a file.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport, time,
};

use super::explain;
use crate::error::{TransportError, TransportErrorKind};

/// ureq's connectors (SOCKS, CONNECT, TCP, TLS) under one absolute deadline. By itself, ureq gives
/// each read of a proxy's response to CONNECT the complete connect timeout again.
#[derive(Debug, Default)]
pub(super) struct DeadlineConnector(DefaultConnector);

impl Connector<()> for DeadlineConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let is_connecting = Arc::new(AtomicBool::new(true));
        let deadline = deadline(details);
        let run_connector = Arc::clone(&details.run_connector);
        // ureq connects to a proxy with this function, and then waits for the proxy's response.
        let run_connector = {
            let is_connecting = Arc::clone(&is_connecting);
            Arc::new(move |details: &ConnectionDetails<'_>| {
                let transport = run_connector(details)?;
                let is_connecting = Arc::clone(&is_connecting);
                let deadline = Deadline::Connecting { at: deadline, is_connecting };
                let transport: Box<dyn Transport> =
                    Box::new(DeadlineTransport { transport, deadline });
                Ok(transport)
            })
        };
        let limited = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector,
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let connected = self.0.connect(&limited, chained);
        is_connecting.store(false, Ordering::Relaxed);
        let connected =
            connected.map_err(|error| NotConnected::new(&error, details).into_ureq())?;
        Ok(connected.map(|transport| -> Self::Out {
            Box::new(DeadlineTransport { transport, deadline: Deadline::Reading })
        }))
    }
}

/// When the connect phase must have ended.
fn deadline(details: &ConnectionDetails<'_>) -> Option<Instant> {
    match (details.now, details.timeout.after) {
        (time::Instant::Exact(began), time::Duration::Exact(after)) => began.checked_add(after),
        _ => None,
    }
}

/// Runs a read of a body, which must end before the deadline. By itself, ureq reads on without a limit as long as it
/// receives anything, such as trailers, that is no part of the body.
pub(super) fn until<T>(deadline: Option<Instant>, read: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            READ_DEADLINE.set(None);
        }
    }
    // Also if ureq panics: the thread may send further requests.
    let _reset = Reset;
    READ_DEADLINE.set(deadline);
    read()
}

thread_local! {
    /// ureq calls the connection in the thread that reads, and passes nothing else to it.
    static READ_DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A connection with a deadline for what it is used for.
#[derive(Debug)]
struct DeadlineTransport {
    transport: Box<dyn Transport>,
    deadline: Deadline,
}

#[derive(Debug)]
enum Deadline {
    /// A proxy must answer before it while the connect phase lasts.
    Connecting { at: Option<Instant>, is_connecting: Arc<AtomicBool> },
    /// The deadline of [`until`].
    Reading,
}

impl DeadlineTransport {
    fn limit(&self, timeout: NextTimeout) -> Result<NextTimeout, ureq::Error> {
        let (deadline, reason) = match &self.deadline {
            Deadline::Connecting { at, is_connecting } => {
                (at.filter(|_| is_connecting.load(Ordering::Relaxed)), ureq::Timeout::Connect)
            }
            Deadline::Reading => (READ_DEADLINE.get(), ureq::Timeout::RecvBody),
        };
        let Some(deadline) = deadline else { return Ok(timeout) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ureq::Error::Timeout(reason));
        }
        Ok(NextTimeout { after: timeout.after.min(time::Duration::Exact(left)), ..timeout })
    }
}

impl Transport for DeadlineTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let timeout = self.limit(timeout)?;
        self.transport.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let timeout = self.limit(timeout)?;
        self.transport.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}

/// A failure of connecting or resolving, which come before the first byte of a request: it is
/// certain that nothing was sent. It travels through ureq as an error of its own.
#[derive(Debug)]
pub(super) struct NotConnected(pub(super) TransportError);

impl NotConnected {
    fn new(error: &ureq::Error, details: &ConnectionDetails<'_>) -> Self {
        if let Some(known) = Self::find(error) {
            return Self(known);
        }
        let host = details.uri.host().unwrap_or_default();
        let proxy = details.config.proxy().filter(|proxy| !proxy.is_no_proxy(details.uri));
        let proxy = proxy.map(|proxy| format!("the proxy {}", proxy.host()));
        let target = proxy.as_ref().map_or_else(
            || format!("no connection to {host}"),
            |proxy| format!("no connection to {host} through {proxy}"),
        );
        let (kind, what) = match error {
            ureq::Error::Timeout(_) => (TransportErrorKind::Timeout, "timed out".to_owned()),
            ureq::Error::ConnectProxyFailed(reason) => {
                (TransportErrorKind::Proxy, explain_proxy(reason))
            }
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                (TransportErrorKind::Timeout, "timed out".to_owned())
            }
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                (TransportErrorKind::Connect, "refused".to_owned())
            }
            ureq::Error::Io(error) if is_tls(error) => (TransportErrorKind::Tls, explain(error)),
            ureq::Error::Io(error) if proxy.is_some() => {
                (TransportErrorKind::Proxy, explain(error))
            }
            ureq::Error::Io(error) => (TransportErrorKind::Connect, explain(error)),
            ureq::Error::Tls(what) => (TransportErrorKind::Tls, (*what).to_owned()),
            error if proxy.is_some() => (
                TransportErrorKind::Proxy,
                format!("the proxy's response to CONNECT cannot be read ({error}); check its URL"),
            ),
            error => (TransportErrorKind::Connect, error.to_string()),
        };
        Self(TransportError::not_sent(format!("{target}: {what}")).with_kind(kind))
    }

    /// The error in which it travels.
    pub(super) fn into_ureq(self) -> ureq::Error {
        ureq::Error::Other(Box::new(self))
    }

    /// The failure within an error of ureq's.
    pub(super) fn find(error: &ureq::Error) -> Option<TransportError> {
        match error {
            ureq::Error::Other(other) => other.downcast_ref::<Self>().map(|found| found.0.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotConnected {}

/// Whether rustls reports it.
fn is_tls(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
        || error.get_ref().is_some_and(|inner| inner.to_string().starts_with("invalid peer"))
}

/// Explains ureq's text about a proxy that did not open a tunnel.
fn explain_proxy(reason: &str) -> String {
    let status: String = reason.chars().filter(char::is_ascii_digit).take(3).collect();
    match status.as_str() {
        "407" => {
            "the proxy requires a user name and password (HTTP 407); set them in its URL".to_owned()
        }
        "" => "the proxy closed the connection; check its URL".to_owned(),
        status => format!("the proxy refused the connection (HTTP {status}); check its rules"),
    }
}

#[cfg(test)]
mod tests {
    use std::panic;

    use super::*;

    #[test]
    fn read_deadline_ends_with_its_read() {
        let now = Instant::now();
        assert_eq!(until(Some(now), || READ_DEADLINE.get()), Some(now));
        assert_eq!(READ_DEADLINE.get(), None);
        let panicked = panic::catch_unwind(|| until(Some(now), || panic!("as ureq might")));
        assert!(panicked.is_err() && READ_DEADLINE.get().is_none());
    }
}
