//! What the sandbox does besides playing the service: for tests, for the developer, for the user.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rcgen::KeyPair;
use rustls::ServerConfig;

use wechatpay::{HttpOptions, Proxy, UreqTransport};

use super::answer::Answer;
use super::authority::{Authority, NEXT_PLATFORM_KEY_PEM};
use super::fault::{Fault, Greeting};
use super::fault_rules::FaultRule;
use super::lines::Lines;
use super::notifications::{Delivery, Letter, Notification};
use super::platform::PlatformCertificate;
use super::received::Received;
use super::server::Host;
use super::world::{Outgoing, World};
use super::{PLATFORM, cashier, commands, lock, overview, ring_key, unix_now, url};

/// The world, and what it takes to act on it from outside.
pub(super) struct Console {
    world: Arc<Mutex<World>>,
    authority: Authority,
    /// Where the sandbox listens.
    address: IpAddr,
    tls: Arc<ServerConfig>,
    lines: Arc<Lines>,
    /// Carries the notifications.
    postman: UreqTransport,
}

impl Console {
    /// The options say whom the postman trusts.
    pub(super) fn new(
        world: Arc<Mutex<World>>,
        authority: Authority,
        address: IpAddr,
        options: &HttpOptions,
    ) -> io::Result<Self> {
        let mut options = options.clone();
        options.total_timeout = PATIENCE;
        options.proxy = Proxy::Direct;
        let postman = UreqTransport::new(&options).map_err(io::Error::other)?;
        let tls = authority.tls(address)?;
        Ok(Self { world, authority, address, tls, lines: Arc::default(), postman })
    }

    /// Its connections.
    pub(super) fn lines(&self) -> Arc<Lines> {
        Arc::clone(&self.lines)
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    pub(super) fn ca_pem(&self) -> &str {
        &self.authority.pem
    }

    /// Lets calls, or connections, meet this fault.
    pub(super) fn fault_when(&self, rule: FaultRule, fault: Fault) {
        self.world().fault_when(rule, fault);
        if fault.greeting().is_some() {
            self.lines.end();
        }
    }

    /// Shows the next platform certificate, and returns its PEM.
    pub(super) fn announce(&self) -> io::Result<String> {
        let certificate = self.next_platform_certificate()?;
        let pem = certificate.pem.clone();
        self.world().announce(certificate);
        Ok(pem)
    }

    /// Changes to the next platform certificate, and returns its PEM.
    pub(super) fn rotate(&self) -> io::Result<String> {
        let certificate = self.next_platform_certificate()?;
        Ok(self.world().rotate(certificate))
    }

    fn next_platform_certificate(&self) -> io::Result<PlatformCertificate> {
        let key = KeyPair::from_pem(NEXT_PLATFORM_KEY_PEM).map_err(io::Error::other)?;
        let certificate = self.authority.certify(PLATFORM, &key, Duration::ZERO)?;
        Ok(PlatformCertificate::new(&certificate, Arc::new(ring_key(&key)?)))
    }

    /// Posts a notification as it is.
    pub(super) fn post(&self, notification: &Notification) -> Delivery {
        let delivery = notification.post(&self.postman);
        self.world().journal().sent(unix_now(), notification.clone(), Some(delivery.clone()));
        delivery
    }

    /// Posts every pending notification.
    pub(super) fn deliver_notifications(&self) -> Vec<Delivery> {
        let letters = self.world().letters(unix_now());
        self.deliver(letters)
    }

    /// Posts the pending notifications whose time has come.
    pub(super) fn deliver_due_notifications(&self) -> Vec<Delivery> {
        let letters = self.world().due_letters(unix_now());
        self.deliver(letters)
    }

    fn deliver(&self, letters: Vec<Letter>) -> Vec<Delivery> {
        let deliver = |letter: Letter| {
            // Without the lock, for the merchant may call the sandbox before it answers.
            let mut delivery = letter.post(&self.postman);
            let (mut world, now) = (self.world(), unix_now());
            if delivery.is_accepted() {
                world.settle(&letter.id);
            } else {
                let pause = world.postpone(&letter.id, now);
                let pause = pause.and_then(|seconds| u64::try_from(seconds).ok());
                delivery.next_attempt = pause.map(Duration::from_secs);
            }
            world.journal().sent(now, letter.into(), Some(delivery.clone()));
            delivery
        };
        letters.into_iter().map(deliver).collect()
    }
}

impl Host for Arc<Console> {
    fn greet(&self) -> io::Result<Option<Arc<ServerConfig>>> {
        let greeting = self.world().draw_greeting();
        Ok(Some(match greeting {
            None => Arc::clone(&self.tls),
            Some(Greeting::UnknownAuthority) => Authority::unknown()?.tls(self.address)?,
            Some(Greeting::OtherHost) => self.authority.tls_of_another_host()?,
            Some(Greeting::ExpiredCertificate) => self.authority.expired_tls(self.address)?,
            Some(Greeting::PlainText) => return Ok(None),
        }))
    }

    fn answer(&self, request: &Received, peer: IpAddr) -> Outgoing {
        let (path, _) = url::split(&request.path);
        let answer = match path {
            "/" => overview::answer(&mut self.world(), request, unix_now()),
            "/h5" | "/cashier" => {
                let mut world = self.world();
                world.receive(request);
                cashier::answer(&mut world, request, unix_now())
            }
            // Every browser asks for it.
            "/favicon.ico" => Answer::empty(204),
            "/sandbox/style.css" => overview::style(),
            _ if path.starts_with("/sandbox/") => commands::answer(self, request, peer),
            _ => return self.world().respond(request, unix_now()),
        };
        answer.into()
    }
}

/// Whether another site's page made the browser send it: no such page may act here.
pub(super) fn is_foreign(request: &Received) -> bool {
    let host = request.only_header("Host").unwrap_or_default();
    let own = format!("https://{host}");
    request.header("Origin").is_some_and(|origin| origin != own.as_bytes())
}

/// How long a merchant may take to answer a notification (merchant/4012791861).
const PATIENCE: Duration = Duration::from_secs(5);
