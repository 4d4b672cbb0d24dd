//! HTTP/1.1, as much of it as the shop needs: one request for each connection.
//!
//! Anyone can connect, so nothing is reserved for what a client only announces, and a client that is slow is given up. A
//! worker gets a request when it is complete.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A complete request.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names and values as received.
    headers: Vec<(String, Vec<u8>)>,
    /// The body as received.
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The first header with this name, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }
}

/// A response: its status and its body, which is JSON.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A client that waits for a response.
pub(crate) struct Client {
    connection: TcpStream,
    _place: Place,
}

impl Client {
    pub(crate) fn respond(self, response: &Response) -> io::Result<()> {
        respond(&self.connection, response)
    }
}

/// Requests that are complete, for the workers.
pub(crate) struct Requests(Mutex<Receiver<(Request, Client)>>);

impl Requests {
    /// Waits for the next request; none if no more can arrive.
    pub(crate) fn next(&self) -> Option<(Request, Client)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }
}

/// Accepts connections and reads their requests, in threads of its own. `limit` is the largest body for a path.
/// `give_up` is called if no connection can be accepted any more.
pub(crate) fn accept(
    listener: TcpListener,
    limit: fn(&str) -> usize,
    give_up: fn(&io::Error) -> !,
) -> Requests {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let open = Arc::new(AtomicUsize::new(0));
        loop {
            match listener.accept() {
                // A connection beyond the limit is closed; WeChat Pay posts its notification again.
                Ok((connection, _)) => {
                    if let Some(place) = Place::take(&open) {
                        let client = Client { connection, _place: place };
                        let sender = sender.clone();
                        thread::spawn(move || hand_over(client, limit, &sender));
                    }
                }
                // The client has disconnected already.
                Err(error)
                    if [ErrorKind::ConnectionAborted, ErrorKind::Interrupted]
                        .contains(&error.kind()) => {}
                Err(error) => give_up(&error),
            }
        }
    });
    Requests(Mutex::new(receiver))
}

/// One of the connections that may be open.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(open));
        (open.fetch_add(1, Ordering::SeqCst) < CONNECTIONS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn hand_over(client: Client, limit: fn(&str) -> usize, sender: &Sender<(Request, Client)>) {
    match read(&client.connection, limit) {
        // If no worker is left, the process is ending.
        Ok(Ok(request)) => drop(sender.send((request, client))),
        Ok(Err(status)) => {
            let body = r#"{"error":"the request is not as it must be"}"#.to_owned();
            let _ = respond(&client.connection, &Response { status, body });
            read_rest(&client.connection);
        }
        // The client was slow, or has disconnected.
        Err(_) => {}
    }
}

/// Reads on for a moment: if a connection is closed before its request was read, the client may not see the response.
fn read_rest(connection: &TcpStream) {
    let deadline = Instant::now().checked_add(Duration::from_secs(1));
    let mut rest = Vec::new();
    while rest.len() < LARGEST_REST && read_more(connection, deadline, &mut rest).is_ok() {}
}

/// Reads a request, or returns the status of the response to a wrong one.
fn read(connection: &TcpStream, limit: fn(&str) -> usize) -> io::Result<Result<Request, u16>> {
    let deadline = Instant::now().checked_add(PATIENCE);
    let mut received = Vec::new();
    let (mut request, start, length) = loop {
        if received.len() > LARGEST_HEAD {
            return Ok(Err(431));
        }
        read_more(connection, deadline, &mut received)?;
        match head(&received) {
            Ok(Some(head)) => break head,
            Ok(None) => {}
            Err(status) => return Ok(Err(status)),
        }
    };
    if length > limit(&request.path) {
        return Ok(Err(413));
    }
    if request.header("Expect").is_some() {
        (&mut &*connection).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = received.split_off(start);
    while request.body.len() < length {
        read_more(connection, deadline, &mut request.body)?;
    }
    request.body.truncate(length);
    Ok(Ok(request))
}

fn read_more(
    mut connection: &TcpStream,
    deadline: Option<Instant>,
    received: &mut Vec<u8>,
) -> io::Result<()> {
    let left = deadline.and_then(|deadline| deadline.checked_duration_since(Instant::now()));
    let left = left.filter(|left| !left.is_zero()).ok_or(ErrorKind::TimedOut)?;
    connection.set_read_timeout(Some(left))?;
    let mut piece = [0; 4096];
    let length = connection.read(&mut piece)?;
    received.extend(piece.get(..length).unwrap_or_default());
    if length == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// The request without its body, where the body starts, and its length; none if the headers are not complete.
fn head(received: &[u8]) -> Result<Option<(Request, usize, usize)>, u16> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let start = match head.parse(received) {
        Ok(httparse::Status::Complete(start)) => start,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(400),
    };
    let headers = head.headers.iter().map(|header| (header.name.to_owned(), header.value.to_vec()));
    let request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: head.path.unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: Vec::new(),
    };
    let lengths: Vec<_> = request
        .headers()
        .filter(|(name, _)| name.eq_ignore_ascii_case("Content-Length"))
        .map(|(_, value)| value)
        .collect();
    // If two servers disagree about the end of a body, a request can be smuggled past the one in front.
    let is_chunked = request.header("Transfer-Encoding").is_some();
    let length = match lengths.as_slice() {
        _ if is_chunked => return Err(411),
        [] => 0,
        [length] => {
            let digits = std::str::from_utf8(length).ok();
            let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            digits.and_then(|text| text.parse().ok()).ok_or(400_u16)?
        }
        _ => return Err(400),
    };
    Ok(Some((request, start, length)))
}

fn respond(mut connection: &TcpStream, response: &Response) -> io::Result<()> {
    let Response { status, body } = response;
    let head = format!(
        "HTTP/1.1 {status} {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        if *status == 204 { 0 } else { body.len() },
    );
    connection.set_write_timeout(Some(PATIENCE))?;
    connection.write_all(head.as_bytes())?;
    if *status != 204 {
        connection.write_all(body.as_bytes())?;
    }
    connection.shutdown(Shutdown::Write)
}

/// The time that a client has to send its request, and to receive the response.
const PATIENCE: Duration = Duration::from_secs(10);
/// The number of connections that may be open at the same time.
const CONNECTIONS: usize = 64;
/// The largest request line with its headers, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// The largest part of a refused request that is read, in bytes.
const LARGEST_REST: usize = 64 * 1024;
const MOST_HEADERS: usize = 64;
