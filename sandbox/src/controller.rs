//! What tests control beside the state: certificates, connections, and the delivery of notifications.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rcgen::KeyPair;
use rustls::ServerConfig;

use wechatpay::{HttpOptions, Proxy, UreqTransport};

use super::authority::{Authority, NEXT_PLATFORM_KEY_PEM, ring_key};
use super::calendar::unix_now;
use super::connections::Connections;
use super::fault::{Fault, Greeting};
use super::fault_rules::FaultRule;
use super::notifications::{Delivery, Notification};
use super::platform::{PLATFORM_NAME, PlatformCertificate};
use super::state::{State, lock};

/// The state, with what it takes to control the sandbox from outside.
pub(super) struct Controller {
    state: Arc<Mutex<State>>,
    authority: Authority,
    /// Where the sandbox listens.
    address: IpAddr,
    tls: Arc<ServerConfig>,
    connections: Arc<Connections>,
    /// Posts notifications.
    poster: UreqTransport,
}

impl Controller {
    /// The options contain the authority that merchants' servers must have.
    pub(super) fn new(
        state: Arc<Mutex<State>>,
        authority: Authority,
        address: IpAddr,
        options: &HttpOptions,
    ) -> io::Result<Self> {
        let mut options = options.clone();
        options.total_timeout = PATIENCE;
        options.proxy = Proxy::Direct;
        let poster = UreqTransport::new(&options).map_err(io::Error::other)?;
        let tls = authority.tls(address)?;
        Ok(Self { state, authority, address, tls, connections: Arc::default(), poster })
    }

    /// Where the sandbox listens.
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    /// Its connections.
    pub(super) fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.connections)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn ca_pem(&self) -> &str {
        &self.authority.pem
    }

    /// Lets calls, or connections, meet this fault.
    pub(super) fn fault_when(&self, rule: FaultRule, fault: Fault) {
        self.state().faults.add(rule, fault);
        if fault.greeting().is_some() {
            self.connections.close_idle();
        }
    }

    /// Shows the next platform certificate, and returns its PEM.
    pub(super) fn announce(&self) -> io::Result<String> {
        let certificate = self.next_platform_certificate()?;
        let pem = certificate.pem.clone();
        self.state().platform.announce(certificate);
        Ok(pem)
    }

    /// Changes to the next platform certificate, and returns its PEM.
    pub(super) fn rotate(&self) -> io::Result<String> {
        let certificate = self.next_platform_certificate()?;
        Ok(self.state().platform.rotate(certificate))
    }

    fn next_platform_certificate(&self) -> io::Result<PlatformCertificate> {
        let key = KeyPair::from_pem(NEXT_PLATFORM_KEY_PEM).map_err(io::Error::other)?;
        let certificate = self.authority.certify(PLATFORM_NAME, &key, Duration::ZERO)?;
        Ok(PlatformCertificate::new(&certificate, Arc::new(ring_key(&key)?)))
    }

    /// Posts a notification as it is.
    pub(super) fn post(&self, notification: &Notification) -> Delivery {
        let delivery = notification.post(&self.poster);
        self.state().journal.sent(unix_now(), notification.clone(), Some(delivery.clone()));
        delivery
    }

    /// Posts every pending notification.
    pub(super) fn deliver_notifications(&self) -> Vec<Delivery> {
        let pending = self.state().pending_notifications(unix_now());
        self.deliver(pending)
    }

    /// Posts the pending notifications that are due.
    pub(super) fn deliver_due_notifications(&self) -> Vec<Delivery> {
        let due = self.state().due_notifications(unix_now());
        self.deliver(due)
    }

    fn deliver(&self, notifications: Vec<Notification>) -> Vec<Delivery> {
        let deliver = |notification: Notification| {
            // Without the lock, because the merchant may call the sandbox before it responds.
            let mut delivery = notification.post(&self.poster);
            let (mut state, now) = (self.state(), unix_now());
            if delivery.is_accepted() {
                state.notifications.settle(&notification.id);
            } else {
                let pause = state.postpone(&notification.id, now);
                let pause = pause.and_then(|seconds| u64::try_from(seconds).ok());
                delivery.next_attempt = pause.map(Duration::from_secs);
            }
            state.journal.sent(now, notification, Some(delivery.clone()));
            delivery
        };
        notifications.into_iter().map(deliver).collect()
    }

    /// The TLS configuration of a new connection; `None` if it is not to speak TLS.
    pub(super) fn greet(&self) -> io::Result<Option<Arc<ServerConfig>>> {
        let greeting = self.state().faults.draw_greeting();
        Ok(Some(match greeting {
            None => Arc::clone(&self.tls),
            Some(Greeting::UnknownAuthority) => Authority::unknown()?.tls(self.address)?,
            Some(Greeting::OtherHost) => self.authority.tls_of_another_host()?,
            Some(Greeting::ExpiredCertificate) => self.authority.expired_tls(self.address)?,
            Some(Greeting::PlainText) => return Ok(None),
        }))
    }
}

/// How long a merchant may take to respond to a notification (merchant/4012791861).
const PATIENCE: Duration = Duration::from_secs(5);
