//! A request as the sandbox received it.

/// A request, byte for byte as the sandbox received it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received {
    /// The method, such as `POST`.
    pub method: String,
    /// The path and the query, as in the request line.
    pub path: String,
    /// The headers: names in lower case, values as raw bytes.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, after chunks were joined.
    pub body: Vec<u8>,
    /// The client certificate in DER, if the client presented one.
    pub client_certificate: Option<Vec<u8>>,
}

impl Received {
    /// The first header with this name, in any case.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// assert!(sandbox.received()[0].header("Authorization").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers_named(name).next()
    }

    /// The header with this name, if there is exactly one and it is ASCII.
    pub(super) fn only_header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers_named(name);
        let value = values.next().filter(|value| value.is_ascii())?;
        if values.next().is_some() {
            return None;
        }
        std::str::from_utf8(value).ok()
    }

    /// Whether the body is longer than the sandbox accepts. If it is longer than the sandbox reads,
    /// the rest is cut off.
    pub(super) fn is_too_long(&self) -> bool {
        let is_upload = self
            .header("Content-Type")
            .is_some_and(|value| value.to_ascii_lowercase().starts_with(b"multipart/form-data"));
        self.body.len() > if is_upload { LONGEST_BODY } else { LONGEST_MESSAGE }
    }

    fn headers_named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }
}

/// The sandbox's own limit of a body that is no upload, in bytes. The largest request that the documents
/// describe is far smaller.
pub(super) const LONGEST_MESSAGE: usize = 1024 * 1024;

/// The sandbox's own limit of an upload in bytes. The largest that the documents describe has 7.5 MB.
pub(super) const LONGEST_BODY: usize = 8 * 1024 * 1024;
