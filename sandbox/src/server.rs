//! The network: an HTTPS server in front of a function from request to response, with a thread for each
//! connection.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use ureq_proto::http::{Request, Response as HttpResponse, header};
use ureq_proto::server::state::{ProvideResponse, RecvBody, RecvRequest, SendBody};
use ureq_proto::server::{RecvRequestResult, Reply, SendResponseResult};

use super::connections::{ConnectionState, Connections};
use super::fault::Fault;
use super::outgoing::Outgoing;
use super::received::{LONGEST_BODY, Received};
use super::response::Response;
use super::socket::Socket;
use super::wire_faults::{End, script};

/// A running server. Dropping it closes every connection and ends every thread.
pub(super) struct Server {
    /// The address at which this machine reaches it.
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    host: Box<dyn Host>,
    connections: Arc<Connections>,
    stopping: AtomicBool,
    handshakes: AtomicUsize,
}

/// The host that the server serves.
pub(super) trait Host: Send + Sync {
    /// The TLS configuration of a new connection; `None` if it is not to speak TLS.
    fn greet(&self) -> io::Result<Option<Arc<ServerConfig>>>;

    /// Responds to a request; `peer` is the address of the client.
    fn respond(&self, request: &Received, peer: IpAddr) -> Outgoing;
}

impl Server {
    pub(super) fn start(
        listener: TcpListener,
        connections: Arc<Connections>,
        host: impl Host + 'static,
    ) -> io::Result<Self> {
        let address = reachable(listener.local_addr()?);
        let shared = Arc::new(Shared {
            host: Box::new(host),
            connections,
            stopping: AtomicBool::new(false),
            handshakes: AtomicUsize::new(0),
        });
        let accepting = spawn(&shared, move |shared| accept(&listener, shared))?;
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// How many TLS handshakes were completed.
    pub(super) fn handshakes(&self) -> usize {
        self.shared.handshakes.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The accepting thread sleeps in the system until a client connects.
        let awake = TcpStream::connect_timeout(&self.address, WAKING).is_ok();
        if let Some(accepting) =
            self.accepting.take().filter(|accepting| awake || accepting.is_finished())
        {
            // A thread that panicked has ended as well.
            let _ = accepting.join();
        }
    }
}

/// A connection with its thread.
struct Connection {
    /// Owned by the thread, so that the socket is closed when the thread ends.
    socket: Weak<TcpStream>,
    thread: JoinHandle<()>,
}

impl Connection {
    fn open(socket: TcpStream, shared: &Arc<Shared>) -> io::Result<Self> {
        let peer = socket.peer_addr()?.ip().to_canonical();
        socket.set_read_timeout(Some(KEEP_ALIVE))?;
        socket.set_write_timeout(Some(KEEP_ALIVE))?;
        socket.set_nodelay(true)?;
        let socket = Arc::new(socket);
        let kept = Arc::downgrade(&socket);
        let state = shared.connections.add(&socket);
        let thread = spawn(shared, move |shared| {
            // A connection may end in any way; a test checks what the client saw.
            let _ = meet(Socket(socket), peer, state, shared);
        })?;
        Ok(Self { socket: kept, thread })
    }

    fn close(self) {
        // Either side may have closed it already, and the thread may have panicked in the closure of a
        // test.
        if let Some(socket) = self.socket.upgrade() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        let _ = self.thread.join();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut open: Vec<Connection> = Vec::new();
    for socket in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            break;
        }
        open.retain(|connection| !connection.thread.is_finished());
        match socket.and_then(|socket| Connection::open(socket, shared)) {
            Ok(connection) => open.push(connection),
            Err(error) if is_fleeting(&error) => {}
            Err(_) => break,
        }
    }
    open.into_iter().for_each(Connection::close);
}

/// Whether an error concerns one connection and not the listener.
fn is_fleeting(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | NotConnected)
}

/// Serves a connection until one side closes it.
fn meet(socket: Socket, peer: IpAddr, state: ConnectionState, shared: &Shared) -> io::Result<()> {
    match shared.host.greet()? {
        Some(tls) => Wire::new(socket, peer, state, tls)?.serve(shared),
        None => respond_without_tls(socket),
    }
}

/// Responds as a server without TLS does, which finds no HTTP in the ClientHello.
fn respond_without_tls(mut socket: Socket) -> io::Result<()> {
    let _greeting = socket.read(&mut [0; BLOCK])?;
    socket
        .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    socket.0.shutdown(Shutdown::Both)
}

/// One TLS connection, and the bytes that were received but not yet used.
struct Wire {
    stream: StreamOwned<ServerConnection, Socket>,
    unread: Vec<u8>,
    peer: IpAddr,
    state: ConnectionState,
    /// Whether the connection ends without a close_notify.
    is_cut: bool,
}

impl Wire {
    fn new(
        socket: Socket,
        peer: IpAddr,
        state: ConnectionState,
        tls: Arc<ServerConfig>,
    ) -> io::Result<Self> {
        let tls = ServerConnection::new(tls).map_err(io::Error::other)?;
        let stream = StreamOwned::new(tls, socket);
        Ok(Self { stream, unread: Vec::new(), peer, state, is_cut: false })
    }

    /// Responds to requests until one side closes the connection.
    fn serve(mut self, shared: &Shared) -> io::Result<()> {
        self.stream.conn.complete_io(&mut self.stream.sock)?;
        shared.handshakes.fetch_add(1, Ordering::SeqCst);
        while let Some((request, reply)) = self.receive()? {
            let Outgoing { response, wire_fault } = shared.host.respond(&request, self.peer);
            let (bytes, reusable) = render(reply, &response)?;
            let is_good = match wire_fault {
                Some(fault) => self.perform(fault, &bytes, shared)?,
                None => {
                    // First, because a test that has the response may close idle connections at once.
                    self.state.set_idle(true);
                    self.write(&bytes).map(|()| true)?
                }
            };
            self.state.set_idle(true);
            if !(is_good && reusable && shared.connections.may_continue(&self.state)) {
                break;
            }
        }
        Ok(())
    }

    /// The next request, or `None` if the client is done.
    fn receive(&mut self) -> io::Result<Option<(Received, Reply<ProvideResponse>)>> {
        let mut reply = Reply::new().map_err(io::Error::other)?;
        let Some((request, target)) = self.receive_head(&mut reply)? else { return Ok(None) };
        let mut body = Vec::new();
        let reply = match reply.proceed() {
            Some(RecvRequestResult::ProvideResponse(reply)) => reply,
            Some(RecvRequestResult::RecvBody(reply)) => {
                self.receive_body(reply, &request, &mut body)?
            }
            Some(RecvRequestResult::Send100(reply)) => {
                let mut line = [0; 64];
                let (length, reply) = reply.accept(&mut line).map_err(io::Error::other)?;
                self.write(line.get(..length).unwrap_or_default())?;
                self.receive_body(reply, &request, &mut body)?
            }
            None => return Err(io::Error::other("a request without an end")),
        };
        let headers = request.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        let method = request.method().to_string();
        let certificates = self.stream.conn.peer_certificates();
        let client_certificate =
            certificates.and_then(|chain| chain.first()).map(|der| der.to_vec());
        let received = Received { method, path: target, headers, body, client_certificate };
        Ok(Some((received, reply)))
    }

    /// The head of a request, and its target as received: `Request` keeps a parsed one.
    fn receive_head(
        &mut self,
        reply: &mut Reply<RecvRequest>,
    ) -> io::Result<Option<(Request<()>, String)>> {
        loop {
            let Ok((used, request)) = reply.try_request(&self.unread) else {
                return self.hang_up("400 Bad Request", "the request is not HTTP/1.1");
            };
            if let Some(request) = request {
                let head: Vec<u8> = self.unread.drain(..used).collect();
                return match target(&head) {
                    Some(target) => Ok(Some((request, target))),
                    None => self.hang_up("400 Bad Request", "the path is not UTF-8"),
                };
            }
            if self.unread.len() > LONGEST_HEAD {
                return self
                    .hang_up("431 Request Header Fields Too Large", "the headers are over 64 KiB");
            }
            if self.fill()? == 0 {
                return Ok(None);
            }
            self.state.set_idle(false);
        }
    }

    fn receive_body(
        &mut self,
        mut reply: Reply<RecvBody>,
        request: &Request<()>,
        body: &mut Vec<u8>,
    ) -> io::Result<Reply<ProvideResponse>> {
        let headers = request.headers();
        // Otherwise `ureq-proto` would wait for chunks.
        if !headers.contains_key(header::CONTENT_LENGTH)
            && !headers.contains_key(header::TRANSFER_ENCODING)
        {
            return self.hang_up("411 Length Required", "the header Content-Length is missing");
        }
        let (mut part, mut length) = (vec![0; BLOCK], 0_usize);
        while !reply.is_ended() {
            let Ok((used, written)) = reply.read(&self.unread, &mut part) else {
                return self.hang_up(
                    "400 Bad Request",
                    "the body is not in the form that its headers announce",
                );
            };
            self.unread.drain(..used);
            // A body that is too long is read to its end as well. Otherwise the client would see a
            // reset connection in place of the response.
            let room = LONGEST_BODY.saturating_add(1).saturating_sub(body.len());
            body.extend_from_slice(part.get(..written.min(room)).unwrap_or_default());
            length = length.saturating_add(written);
            if length > MOST_READ || self.unread.len() > LONGEST_BODY {
                return self.hang_up("413 Content Too Large", "the body is over 64 MiB");
            }
            let stuck = used == 0 && written == 0 && !reply.is_ended();
            if stuck && self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        reply.proceed().map_err(io::Error::other)
    }

    /// Sends what a fault on the wire leaves of a response. Returns whether the connection can be used again.
    fn perform(&mut self, fault: Fault, response: &[u8], shared: &Shared) -> io::Result<bool> {
        let script = script(fault, response);
        if !script.bytes.is_empty() {
            self.write(&script.bytes)?;
        }
        match script.end {
            End::KeepAlive => return Ok(true),
            End::Close => {}
            End::Cut => self.is_cut = true,
            End::Reset => {
                self.is_cut = true;
                self.stream.sock.reset()?;
            }
            End::Silence => self.wait(shared)?,
            End::Drip(bytes) => {
                for byte in bytes.iter().cycle() {
                    self.write(&[*byte])?;
                    thread::sleep(DRIP);
                }
            }
            End::Flood(bytes) => loop {
                self.write(&bytes)?;
            },
            End::BelowTls(bytes) => {
                self.is_cut = true;
                self.stream.sock.write_all(&bytes)?;
                // The client should read the bytes, and not see a reset connection.
                self.wait(shared)?;
            }
        }
        Ok(false)
    }

    /// Sends nothing until the client closes the connection, or the sandbox ends.
    fn wait(&mut self, shared: &Shared) -> io::Result<()> {
        use io::ErrorKind::{TimedOut, WouldBlock};
        while !shared.stopping.load(Ordering::SeqCst) {
            match self.stream.sock.read(&mut [0; 1024]) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if matches!(error.kind(), TimedOut | WouldBlock) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Responds to what is no request, and closes the connection.
    fn hang_up<T>(&mut self, status: &str, reason: &str) -> io::Result<T> {
        let body = json!({ "code": "INVALID_REQUEST", "message": reason }).to_string();
        let response = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len(),
        );
        self.write(response.as_bytes())?;
        Err(io::Error::other(status.to_owned()))
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut block = [0; BLOCK];
        let length = self.stream.read(&mut block)?;
        self.unread.extend_from_slice(block.get(..length).unwrap_or_default());
        Ok(length)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }
}

/// Sends a close_notify, even after a panic, unless the connection is cut.
impl Drop for Wire {
    fn drop(&mut self) {
        if self.is_cut {
            return;
        }
        self.stream.conn.send_close_notify();
        // The client may have disconnected.
        let _ = self.stream.flush();
        let _ = self.stream.sock.0.shutdown(Shutdown::Both);
    }
}

/// The bytes of a response, and whether the connection can be used again.
fn render(reply: Reply<ProvideResponse>, response: &Response) -> io::Result<(Vec<u8>, bool)> {
    let mut reply = reply.provide(http_response(response)?).map_err(io::Error::other)?;
    let (mut bytes, mut part) = (Vec::new(), vec![0; LONGEST_HEAD]);
    while !reply.is_finished() {
        let length = reply.write(&mut part).map_err(io::Error::other)?;
        bytes.extend_from_slice(part.get(..length).unwrap_or_default());
    }
    restore_names(&mut bytes, response);
    let reusable = match reply.proceed() {
        SendResponseResult::Cleanup(reply) => !reply.must_close_connection(),
        SendResponseResult::SendBody(reply) => write_body(reply, &response.body, &mut bytes)?,
    };
    Ok((bytes, reusable))
}

/// Writes the names of headers as WeChat Pay spells them: wechatpay-java finds no other spelling. `ureq-proto` writes
/// them in lower case.
fn restore_names(head: &mut [u8], response: &Response) {
    let names = response.headers.iter().map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.chain(["Content-Length", "Keep-Alive"]).collect();
    for line in head.split_mut(|byte| *byte == b'\n').skip(1) {
        let length = line.iter().position(|byte| *byte == b':').unwrap_or_default();
        let Some(sent) = line.get_mut(..length) else { continue };
        let spelt = names.iter().find(|name| name.as_bytes().eq_ignore_ascii_case(sent));
        if let Some(name) = spelt {
            sent.copy_from_slice(name.as_bytes());
        }
    }
}

fn write_body(mut reply: Reply<SendBody>, body: &[u8], bytes: &mut Vec<u8>) -> io::Result<bool> {
    let mut part = vec![0; BLOCK];
    let mut rest = body;
    while !rest.is_empty() {
        let (used, written) = reply.write(rest, &mut part).map_err(io::Error::other)?;
        bytes.extend_from_slice(part.get(..written).unwrap_or_default());
        rest = rest.get(used..).unwrap_or_default();
    }
    if !reply.is_finished() {
        let (_, written) = reply.write(&[], &mut part).map_err(io::Error::other)?;
        bytes.extend_from_slice(part.get(..written).unwrap_or_default());
    }
    // The Content-Length of a test may be larger than the body: then the connection ends here.
    Ok(reply.is_finished() && !reply.proceed().must_close_connection())
}

fn http_response(response: &Response) -> io::Result<HttpResponse<()>> {
    let mut builder = HttpResponse::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value.as_slice());
    }
    let framed = response.header("Content-Length").or_else(|| response.header("Transfer-Encoding"));
    let bodiless = matches!(response.status, 204 | 304);
    if framed.is_none() && !bodiless {
        builder = builder.header(header::CONTENT_LENGTH, response.body.len());
    }
    // A client that pools connections learns how long this one is kept.
    builder = builder.header("Keep-Alive", format!("timeout={}", KEEP_ALIVE.as_secs()));
    builder.body(()).map_err(io::Error::other)
}

/// The second word of the request line.
fn target(head: &[u8]) -> Option<String> {
    let line = head.trim_ascii_start().split(|byte| *byte == b'\n').next()?;
    let target = line.split(|byte| *byte == b' ').nth(1)?;
    String::from_utf8(target.to_vec()).ok()
}

/// A server on all addresses is reached by its loopback address.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let v4 = address.is_ipv4();
        address.set_ip(if v4 {
            Ipv4Addr::LOCALHOST.into()
        } else {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        });
    }
    address
}

fn spawn(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Arc<Shared>) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let shared = Arc::clone(shared);
    thread::Builder::new().name("wechatpay-sandbox".to_owned()).spawn(move || work(&shared))
}

/// WeChat Pay responds with `Keep-Alive: timeout=8` (merchant/4013053249).
const KEEP_ALIVE: Duration = Duration::from_secs(8);
/// The sandbox's own limit: the documents give none, and the longest interface takes far less.
const LONGEST_HEAD: usize = 64 * 1024;
/// A body that is longer than this is not even read to its end.
const MOST_READ: usize = 64 * 1024 * 1024;
/// A TLS record holds at most this much.
const BLOCK: usize = 16 * 1024;
/// Short enough to keep a connection busy and a call waiting.
const DRIP: Duration = Duration::from_millis(10);
/// A local connection takes no time; this is a bound for a machine without free sockets.
const WAKING: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_is_taken_as_received() {
        assert_eq!(target(b"GET /a%2Ab?x=|* HTTP/1.1\r\n\r\n").as_deref(), Some("/a%2Ab?x=|*"));
        assert_eq!(target(b"\r\nGET / HTTP/1.1\r\n\r\n").as_deref(), Some("/"));
        assert_eq!(target(b"GET /\xFF HTTP/1.1\r\n\r\n"), None);
        assert_eq!(target(b""), None);
    }

    #[test]
    fn response_that_http_cannot_express_is_an_error() {
        assert!(http_response(&Response::empty(0)).is_err());
        let mut response = Response::empty(200);
        response.add_header("X-Bytes", [0xFF]);
        assert!(http_response(&response).is_ok());
        response.add_header("X-Lines", "a\r\nb");
        assert!(http_response(&response).is_err());
    }

    #[test]
    fn response_reports_how_long_its_connection_is_kept() {
        let response = http_response(&Response::empty(204)).unwrap();
        assert_eq!(response.headers()["keep-alive"], "timeout=8");
    }

    #[test]
    fn header_names_are_sent_in_the_spelling_of_the_response() {
        let mut reply = Reply::new().unwrap();
        reply.try_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let Some(RecvRequestResult::ProvideResponse(reply)) = reply.proceed() else { panic!() };
        let mut response = Response { body: b"host: a".to_vec(), ..Response::empty(200) };
        for name in ["Request-ID", "Wechatpay-Timestamp", "X-Content-Type-Options"] {
            response.add_header(name, "host: b");
        }
        let (bytes, _) = render(reply, &response).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "host: a");
        let mut lines: Vec<_> = head.lines().collect();
        lines.sort_unstable();
        let expected = [
            "Content-Length: 7",
            "HTTP/1.1 200 OK",
            "Keep-Alive: timeout=8",
            "Request-ID: host: b",
            "Wechatpay-Timestamp: host: b",
            "X-Content-Type-Options: host: b",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn unspecified_address_becomes_loopback() {
        let address = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(address("0.0.0.0:1"), "127.0.0.1:1");
        assert_eq!(address("[::]:1"), "[::1]:1");
        assert_eq!(address("127.0.0.2:1"), "127.0.0.2:1");
    }
}
