//! A server that misbehaves by script, below everything the library could know of: on the socket,
//! in TLS and in HTTP.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::crypto::ring::default_provider;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, SockRef, Socket, Type};
use wechatpay::{PlatformKeys, RsaSigner, Signer, Time};

/// Serves each connection by its script, in a thread of its own.
pub(crate) struct Wire {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// What is done to the connection of this number, counted from 0. Its errors do not matter: what
/// counts is what the client saw.
type Script = Box<dyn Fn(&mut Peer, usize) -> io::Result<()> + Send + Sync>;

struct State {
    script: Script,
    attempts: AtomicUsize,
    stopping: AtomicBool,
}

impl Wire {
    pub(crate) fn start(
        script: impl Fn(&mut Peer, usize) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            script: Box::new(script),
            attempts: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        });
        let accepting = thread::spawn({
            let state = Arc::clone(&state);
            move || accept(&listener, &state)
        });
        Self { address, state, accepting }
    }

    /// A server that does nothing but TLS, with a certificate of its own, and its authority.
    pub(crate) fn start_tls(change: impl FnOnce(&mut CertificateParams)) -> (Self, String) {
        let (tls, ca_pem) = certified(change);
        let wire = Self::start(move |peer, _| {
            let server = ServerConnection::new(Arc::clone(&tls)).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(server, peer.socket.try_clone()?);
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request)?;
            request.truncate(length);
            stream.write_all(&WireResponse::signed("{}").bytes())?;
            stream.conn.send_close_notify();
            stream.flush()
        });
        (wire, ca_pem)
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// Stops, and returns the number of connections and of further requests on each.
    pub(crate) fn finish(self) -> usize {
        self.state.stopping.store(true, Ordering::SeqCst);
        // The accepting thread sleeps in the system until a client connects.
        let waker = TcpStream::connect(self.address).unwrap();
        self.accepting.join().unwrap();
        drop(waker);
        self.state.attempts.load(Ordering::SeqCst) - 1
    }
}

/// Connections that still wait to be accepted at the end are counted as well.
fn accept(listener: &TcpListener, state: &Arc<State>) {
    for number in 0.. {
        let Ok((socket, _)) = listener.accept() else { break };
        state.attempts.fetch_add(1, Ordering::SeqCst);
        if state.stopping.load(Ordering::SeqCst) {
            listener.set_nonblocking(true).unwrap();
            continue;
        }
        let state = Arc::clone(state);
        thread::spawn(move || {
            socket.set_nodelay(true)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            socket.set_write_timeout(Some(PATIENCE))?;
            let mut peer = Peer { socket, state: Arc::clone(&state), requests: 0 };
            (state.script)(&mut peer, number)
        });
    }
}

/// The server's end of one connection. Dropping it closes the connection.
pub(crate) struct Peer {
    socket: TcpStream,
    state: Arc<State>,
    requests: usize,
}

impl Peer {
    /// Reads a whole request.
    pub(crate) fn request(&mut self) -> io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.socket.read_exact(&mut byte)?;
            if head.is_empty() {
                self.count();
            }
            head.extend(byte);
        }
        self.bytes(length(&head))
    }

    /// Reads that many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> io::Result<()> {
        let count = u64::try_from(count).unwrap();
        let read = io::copy(&mut (&self.socket).take(count), &mut io::sink())?;
        if read == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Waits for the first byte of a request, and leaves it where it is.
    pub(crate) fn first_byte(&mut self) -> io::Result<()> {
        self.socket.peek(&mut [0])?;
        self.count();
        Ok(())
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.socket.write_all(bytes.as_ref())
    }

    /// A byte now and then, until the client has had enough.
    pub(crate) fn drip(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes.iter().cycle() {
            self.send([*byte])?;
            thread::sleep(DRIP);
        }
        Ok(())
    }

    /// Sends the same bytes until the client closes the connection.
    pub(crate) fn flood(&mut self, bytes: &[u8]) -> io::Result<()> {
        loop {
            self.send(bytes)?;
        }
    }

    /// Silence, until the client has had enough.
    pub(crate) fn wait(&mut self) -> io::Result<()> {
        while self.socket.read(&mut [0; 1024])? > 0 {}
        Ok(())
    }

    /// Says that no more will come.
    pub(crate) fn hang_up(&mut self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Both)
    }

    /// Goodbye without ceremony: RST in place of FIN.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        SockRef::from(&self.socket).set_linger(Some(Duration::ZERO))
    }

    fn count(&mut self) {
        self.requests += 1;
        if self.requests > 1 {
            self.state.attempts.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    line.map_or(0, |length| length.trim().parse().unwrap())
}

/// A response of WeChat Pay's, signed, which a script may then spoil.
pub(crate) struct WireResponse {
    /// Each line with its end, without the empty one.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl WireResponse {
    /// Good as it is.
    pub(crate) fn signed(body: &str) -> Self {
        let mut response = Self::unframed(body);
        response.head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        response
    }

    /// Ends with the connection: HTTP/1.1 allows that.
    pub(crate) fn unframed(body: &str) -> Self {
        Self::signed_at(Time::now().unwrap().unix_seconds(), body)
    }

    /// Likewise, signed at this time.
    pub(crate) fn signed_at(timestamp: i64, body: &str) -> Self {
        let nonce = "5K8264ILTKCH16CQ2502CHE8ERT4EH2I";
        let message = format!("{timestamp}\n{nonce}\n{body}\n");
        let signature = platform().sign(message.as_bytes()).unwrap().bytes;
        let signature = STANDARD.encode(signature);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nRequest-ID: 08F78BB5AF-0\r\n\
             Wechatpay-Timestamp: {timestamp}\r\nWechatpay-Nonce: {nonce}\r\n\
             Wechatpay-Signature: {signature}\r\nWechatpay-Serial: {PLATFORM_ID}\r\n"
        );
        Self { head, body: body.as_bytes().to_vec() }
    }

    pub(crate) fn with(mut self, line: &str) -> Self {
        self.head.push_str(line);
        self.head.push_str("\r\n");
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

/// The keys by which [`WireResponse::signed`] is verified.
pub(crate) fn platform_keys() -> PlatformKeys {
    PlatformKeys::from_pem(PLATFORM_ID, include_str!("../data/keys/rsa2048.pub.pem")).unwrap()
}

fn platform() -> RsaSigner {
    RsaSigner::from_pem("1", "1", include_str!("../data/keys/rsa2048.pem")).unwrap()
}

/// A port whose queue of connections is full: the next one is neither taken nor refused. Holds as
/// long as the sockets are kept.
pub(crate) fn full_port() -> (SocketAddr, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut sockets = vec![listener];
    // How many connections fit depends on what the system makes of 0.
    loop {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        if socket.connect_timeout(&address.into(), Duration::from_millis(100)).is_err() {
            return (address, sockets);
        }
        sockets.push(socket);
    }
}

/// A certificate for 127.0.0.1, unless it is changed, and the authority that signed it.
fn certified(change: impl FnOnce(&mut CertificateParams)) -> (Arc<ServerConfig>, String) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::default();
    leaf.subject_alt_names = vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into())];
    change(&mut leaf);
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let tls = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key.into())
        .unwrap();
    (Arc::new(tls), ca_pem)
}

pub(crate) const PLATFORM_ID: &str = "PUB_KEY_ID_0119000072912025010100000000000001";
/// Longer than any test waits; it ends threads that are no longer used.
const PATIENCE: Duration = Duration::from_secs(20);
const DRIP: Duration = Duration::from_millis(10);
