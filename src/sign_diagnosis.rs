//! [`SignDiagnosis`]: why WeChat Pay returned `SIGN_ERROR`.

use std::fmt;

/// The comparison of the message that was signed with the one that WeChat Pay built.
///
/// On a wrong signature, WeChat Pay returns its own message (`detail.sign_information`), with the body
/// truncated. The comparison shows which line changed on the way. If none did, the private key is the
/// wrong one.
///
/// ```
/// use wechatpay::Error;
///
/// fn show(error: &Error) {
///     if let Some(diagnosis) = error.api().and_then(|api| api.sign_diagnosis.as_ref()) {
///         println!("{diagnosis}");
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignDiagnosis {
    /// The first line that differs; `None` if WeChat Pay built the same message.
    pub line: Option<MessageLine>,
    /// The length in bytes of the message that was signed.
    pub signed_length: usize,
    /// The length in bytes of the message that WeChat Pay built.
    pub received_length: Option<usize>,
}

/// One of the five lines of the message that is signed.
///
/// ```
/// use wechatpay::MessageLine;
/// assert_eq!(MessageLine::Url.to_string(), "line 2 (path and query)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageLine {
    /// Line 1, the HTTP method.
    Method,
    /// Line 2, the path with its query.
    Url,
    /// Line 3, the timestamp.
    Timestamp,
    /// Line 4, the nonce.
    Nonce,
    /// Line 5, the body.
    Body,
}

/// WeChat Pay's view of the message (`detail.sign_information`).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SignInformation {
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) message_length: Option<usize>,
    pub(crate) truncated_message: Option<String>,
}

impl SignDiagnosis {
    /// Compares the message that was signed with the one that WeChat Pay built.
    pub(crate) fn of(signed: &[u8], seen: &SignInformation) -> Self {
        let line = match &seen.truncated_message {
            Some(message) => first_difference(signed, message.as_bytes()),
            None => method_or_url(signed, seen),
        };
        let received_length = seen.message_length;
        let body_if_longer_or_shorter =
            received_length.filter(|length| *length != signed.len()).map(|_| MessageLine::Body);
        Self {
            line: line.or(body_if_longer_or_shorter),
            signed_length: signed.len(),
            received_length,
        }
    }

    fn cause(&self) -> &'static str {
        match self.line {
            Some(MessageLine::Method) => {
                "another method arrived than was signed; check for a redirect or a proxy"
            }
            Some(MessageLine::Url) => {
                "another path or query arrived than was signed; check that no proxy and no base URL \
                 rewrites it"
            }
            Some(MessageLine::Timestamp | MessageLine::Nonce) => {
                "the Authorization header does not contain the value that was signed; check that the \
                 Signer signs the message unchanged, and that no proxy changes headers"
            }
            Some(MessageLine::Body) if self.received_length < Some(self.signed_length) => {
                "less of the body arrived than was signed; check that no Transport and no proxy drops \
                 or rewrites it"
            }
            Some(MessageLine::Body) => {
                "another body arrived than was signed; check that no Transport and no proxy re-encodes \
                 it"
            }
            None => {
                "the message arrived as it was signed, so the private key does not belong to the \
                 certificate; check that apiclient_key.pem and the serial number belong \
                 together"
            }
        }
    }
}

impl fmt::Display for SignDiagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{line} of the signed message differs")?,
            None => write!(f, "no line of the signed message differs")?,
        }
        if let Some(received) = self.received_length {
            write!(f, " ({} bytes signed, {received} received)", self.signed_length)?;
        }
        write!(f, ": {}", self.cause())
    }
}

impl fmt::Display for MessageLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "line 1 (method)",
            Self::Url => "line 2 (path and query)",
            Self::Timestamp => "line 3 (timestamp)",
            Self::Nonce => "line 4 (nonce)",
            Self::Body => "line 5 (body)",
        })
    }
}

fn first_difference(signed: &[u8], seen: &[u8]) -> Option<MessageLine> {
    let (mut signed, mut seen) = (five_lines(signed), five_lines(seen));
    LINES.into_iter().find(|line| {
        let (signed, seen) = (signed.next().unwrap_or_default(), seen.next().unwrap_or_default());
        let cut = *line == MessageLine::Body || seen.len() >= SHORTEST_CUT;
        if cut { !signed.starts_with(seen) } else { signed != seen }
    })
}

fn method_or_url(signed: &[u8], seen: &SignInformation) -> Option<MessageLine> {
    let mut lines = five_lines(signed);
    let mut differs = |seen: &Option<String>| {
        let signed = lines.next();
        seen.as_ref().is_some_and(|seen| Some(seen.as_bytes()) != signed)
    };
    if differs(&seen.method) {
        Some(MessageLine::Method)
    } else if differs(&seen.url) {
        Some(MessageLine::Url)
    } else {
        None
    }
}

/// The lines without their line feeds. The body may contain more line feeds.
fn five_lines(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    message.strip_suffix(b"\n").unwrap_or(message).splitn(LINES.len(), |byte| *byte == b'\n')
}

const LINES: [MessageLine; 5] = [
    MessageLine::Method,
    MessageLine::Url,
    MessageLine::Timestamp,
    MessageLine::Nonce,
    MessageLine::Body,
];

/// WeChat Pay cuts the body, to 8 characters where seen (wechatpay-go#235 and others). If it
/// ever cuts another line, at least that many bytes remain.
const SHORTEST_CUT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing;

    const NONCE: &str = "IXlHDnWguGbz7uMOL7xdPibFoV342jP3";
    const BODY: &[u8] = br#"{"amount":{"total":1}}"#;

    fn signed() -> Vec<u8> {
        signing::request("POST", "/v3/pay/transactions/app", 1_756_951_532, NONCE, BODY)
    }

    fn diagnose(received: &[u8]) -> SignDiagnosis {
        let mut cut: Vec<&[u8]> = received.splitn(5, |byte| *byte == b'\n').collect();
        let body = cut.pop().unwrap().strip_suffix(b"\n").unwrap();
        let mut text = cut.join(&b'\n');
        text.push(b'\n');
        text.extend(body.iter().take(8));
        text.push(b'\n');
        let seen = SignInformation {
            method: Some("POST".to_owned()),
            url: Some("/v3/pay/transactions/app".to_owned()),
            message_length: Some(received.len()),
            truncated_message: Some(String::from_utf8(text).unwrap()),
        };
        SignDiagnosis::of(&signed(), &seen)
    }

    #[test]
    fn line_changed_by_a_proxy_is_named() {
        let path = "/v3/pay/transactions/app";
        let at = 1_756_951_532;
        let cases = [
            (signing::request("GET", path, at, NONCE, BODY), MessageLine::Method),
            (signing::request("POST", "/x/v3/pay", at, NONCE, BODY), MessageLine::Url),
            (
                signing::request("POST", "/v3/pay/transactions/app?", at, NONCE, BODY),
                MessageLine::Url,
            ),
            (signing::request("POST", path, at + 1, NONCE, BODY), MessageLine::Timestamp),
            (signing::request("POST", path, at, &NONCE.to_lowercase(), BODY), MessageLine::Nonce),
            (signing::request("POST", path, at, NONCE, b""), MessageLine::Body),
            (signing::request("POST", path, at, NONCE, b"{\"appid\":1}"), MessageLine::Body),
            (signing::request("POST", path, at, NONCE, b"{\n \"amount\":1}"), MessageLine::Body),
            (signing::request("POST", path, at, NONCE, &[BODY, b" "].concat()), MessageLine::Body),
        ];
        for (received, line) in cases {
            assert_eq!(diagnose(&received).line, Some(line), "{received:?}");
        }
    }

    #[test]
    fn equal_message_means_the_wrong_key() {
        let diagnosis = diagnose(&signed());
        assert_eq!(diagnosis.line, None);
        assert!(diagnosis.to_string().contains("apiclient_key.pem and the serial number"));
    }

    #[test]
    fn lost_body_is_recognised_by_its_length() {
        let received =
            signing::request("POST", "/v3/pay/transactions/app", 1_756_951_532, NONCE, b"");
        assert_eq!(
            diagnose(&received).to_string(),
            "line 5 (body) of the signed message differs (97 bytes signed, 75 received): less of \
             the body arrived than was signed; check that no Transport and no proxy drops or \
             rewrites it"
        );
    }

    #[test]
    fn method_and_url_are_compared_without_a_message() {
        let line = |method: &str, url: &str| {
            let (method, url) = (Some(method.to_owned()), Some(url.to_owned()));
            let seen = SignInformation { method, url, ..SignInformation::default() };
            SignDiagnosis::of(&signed(), &seen).line
        };
        assert_eq!(line("GET", "/v3/pay/transactions/app"), Some(MessageLine::Method));
        assert_eq!(line("POST", "/v3/pay/transactions"), Some(MessageLine::Url));
        assert_eq!(line("POST", "/v3/pay/transactions/app"), None);
    }

    #[test]
    fn missing_information_is_not_conclusive() {
        let mut seen = SignInformation::default();
        assert_eq!(SignDiagnosis::of(&signed(), &seen).line, None);
        seen.truncated_message = Some(String::new());
        assert_eq!(SignDiagnosis::of(&signed(), &seen).line, Some(MessageLine::Method));
    }
}
