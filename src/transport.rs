//! The [`Transport`] trait, its [`Request`] and its [`Response`].

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use crate::error::TransportError;
use crate::method::Method;

/// Sends one request and returns its response. Implement it to route calls in your own way; most
/// programs use [`UreqTransport`](crate::UreqTransport).
///
/// An implementation sends the request at most once, follows no redirect, verifies TLS, does not
/// modify the bytes, and ends in bounded time. The library trusts nothing that it returns before the
/// signature is verified.
///
/// ```
/// use wechatpay::{Request, Response, Transport, TransportError};
///
/// /// Prints how long each call takes.
/// struct Timed<T>(T);
///
/// impl<T: Transport> Transport for Timed<T> {
///     fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
///         let started = std::time::Instant::now();
///         let response = self.0.send(request);
///         println!("{} took {:?}", request.method, started.elapsed());
///         response
///     }
/// }
/// ```
pub trait Transport: Send + Sync {
    /// Sends the request.
    ///
    /// # Errors
    /// [`TransportError::not_sent`] only if certainly no byte of the request was sent, else
    /// [`TransportError::unknown`]. A response with any status is not an error.
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError>;

    /// Sends an upload: a request whose body is read from `body` and has exactly `length` bytes; [`Request::body`] is
    /// empty. By default, the body is read into memory and sent by [`send`](Self::send), so an implementation need not
    /// have this function.
    ///
    /// # Errors
    /// As [`send`](Self::send). A body that cannot be read or is too short is an error as well.
    fn send_stream(
        &self,
        request: &Request<'_>,
        body: &mut dyn Read,
        length: u64,
    ) -> Result<Response, TransportError> {
        let mut bytes = Vec::new();
        body.take(length).read_to_end(&mut bytes).map_err(|error| {
            TransportError::not_sent(format!("the body cannot be read: {error}"))
        })?;
        if u64::try_from(bytes.len()) != Ok(length) {
            return Err(TransportError::not_sent("the body is too short"));
        }
        self.send(&Request { body: &bytes, ..*request })
    }
}

/// Several gateways, such as those of several merchants, may share one transport and its
/// connections.
impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        T::send(self, request)
    }

    fn send_stream(
        &self,
        request: &Request<'_>,
        body: &mut dyn Read,
        length: u64,
    ) -> Result<Response, TransportError> {
        T::send_stream(self, request, body, length)
    }
}

/// A signed request.
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
    /// The HTTP method.
    pub method: Method,
    /// The complete URL. Its path and query are signed: they must arrive byte for byte.
    pub url: &'a str,
    /// Names and values of the headers, each name once.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body; empty if there is none. It is signed, of an upload only a part: it must arrive byte for byte.
    pub body: &'a [u8],
    /// Whether the response is a file of any length: limit the time of each read of its body, not
    /// the time of the whole call.
    pub is_file: bool,
}

impl<'a> Request<'a> {
    /// A request that expects a short response; see [`is_file`](Self::is_file).
    #[must_use]
    pub fn new(
        method: Method,
        url: &'a str,
        headers: &'a [(&'static str, &'a str)],
        body: &'a [u8],
    ) -> Self {
        Self { method, url, headers, body, is_file: false }
    }
}

/// Leaves out headers and body: they contain the signature and the order.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split_once('?').map_or(self.url, |(path, _)| path);
        f.debug_struct("Request")
            .field("method", &self.method.as_str())
            .field("url", &path)
            .finish_non_exhaustive()
    }
}

/// A response as received.
///
/// ```
/// use wechatpay::Response;
///
/// let headers = vec![("Content-Type".to_owned(), b"application/json".to_vec())];
/// let response = Response { status: 200, headers, body: Box::new(&b"{}"[..]) };
/// assert_eq!(response.status, 200);
/// ```
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names and values of the headers, in order; a repeated header is there more than once.
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

    /// Whether the headers tell where the body ends, so that a body that was cut off is noticed.
    pub(crate) fn states_its_end(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            let mut codings = value.split(|byte| *byte == b',');
            name.eq_ignore_ascii_case("Content-Length")
                || name.eq_ignore_ascii_case("Transfer-Encoding")
                    && codings.any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
        })
    }

    /// Reads the body of a response that is not a file.
    pub(crate) fn read_body(&mut self) -> Result<Vec<u8>, TransportError> {
        self.read_at_most(RESPONSE_LIMIT)?
            .ok_or_else(|| TransportError::unknown("the response is larger than 1 MiB"))
    }

    /// Reads the body of an error response; `None` if it is larger than one may be.
    pub(crate) fn read_error_body(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        self.read_at_most(ERROR_LIMIT)
    }

    fn read_at_most(&mut self, limit: u64) -> Result<Option<Vec<u8>>, TransportError> {
        let mut body = Vec::with_capacity(USUAL_SIZE);
        let lost = |error| TransportError::unknown(format!("the response broke off: {error}"));
        (&mut self.body).take(limit.saturating_add(1)).read_to_end(&mut body).map_err(lost)?;
        if body.capacity() > USUAL_SIZE {
            body.shrink_to_fit();
        }
        let is_complete = u64::try_from(body.len()).is_ok_and(|length| length <= limit);
        Ok(is_complete.then_some(body))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Our own limit: WeChat Pay's largest responses that are not files have a few kilobytes.
const RESPONSE_LIMIT: u64 = 1024 * 1024;

/// Our own limit: WeChat Pay's error bodies have about a kilobyte.
const ERROR_LIMIT: u64 = 64 * 1024;

/// The buffer that most responses fit in, in bytes. A larger one grows by doubling, so its spare half is returned.
const USUAL_SIZE: usize = 1024;

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn debug_of_a_request_hides_query_headers_and_body() {
        let request = Request {
            method: Method::Get,
            url: "https://api.mch.weixin.qq.com/v3/billdownload/file?token=SECRET",
            headers: &[("Authorization", "SECRET")],
            body: b"SECRET",
            is_file: false,
        };
        let text = format!("{request:?}");
        assert!(text.contains("/v3/billdownload/file") && !text.contains("SECRET"), "{text}");
    }

    #[test]
    fn body_takes_no_more_than_the_limit_however_it_arrives() {
        for first in [1, 20, 31, 1000, 1025] {
            let rest = vec![b' '; 1024 * 1024 - first];
            let body = io::Cursor::new(vec![b' '; first]).chain(io::Cursor::new(rest));
            let mut response = Response { status: 200, headers: Vec::new(), body: Box::new(body) };
            let body = response.read_body().unwrap();
            assert_eq!((body.len(), body.capacity()), (1024 * 1024, 1024 * 1024), "{first}");
        }
    }
}
