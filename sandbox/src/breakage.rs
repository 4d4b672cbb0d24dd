//! Answers that break on the wire: what is said in place of one, and how it ends.

/// How an answer breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Break {
    Reset,
    Cut,
    Close,
    Silence,
    SilenceAfterHeaders,
    HalfStatusLine,
    HalfHeaders,
    ShortBody,
    ShortChunk,
    MissingLastChunk,
    ShortBodyWithoutLength,
    ResetInBodyWithoutLength,
    DrippingHeaders,
    DrippingBody,
    Garbage,
    SwitchingProtocols,
    TlsAlert,
    TooManyHeaders,
    HugeHeader,
    HugeBody,
    EndlessChunks,
    EndlessChunkSize,
    EndlessTrailers,
    EndlessContinue,
    BadChunkSize,
    TwoContentLengths,
    ContinueFirst,
    CloseAfterTheAnswer,
}

/// What is said, and how it ends.
pub(super) struct Script {
    pub(super) said: Vec<u8>,
    pub(super) end: End,
}

/// What comes after that.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    /// Nothing out of order: the connection can be used again.
    Good,
    /// TLS's goodbye, and the end of the connection.
    Close,
    /// The end of the connection, without a goodbye.
    Cut,
    /// RST.
    Reset,
    /// Silence, until the client has had enough.
    Silence,
    /// A byte now and then of this, until the client has had enough.
    Drip(Vec<u8>),
    /// This again and again, until the client has had enough.
    Flood(Vec<u8>),
    /// This, below TLS, and the end of the connection.
    Below(Vec<u8>),
}

impl Break {
    /// What becomes of an answer: its head and body, as they would be sent.
    pub(super) fn script(self, answer: &[u8]) -> Script {
        let Message { head, body } = Message::of(answer);
        let plain = unframed(&head);
        let short = body.get(..body.len().saturating_sub(1)).unwrap_or_default();
        let half = |bytes: &[u8]| bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
        let ended = |parts: &[&[u8]], end| Script { said: parts.concat(), end };
        let chunked = || [plain.as_slice(), CHUNKED, LINE].concat();
        let size = format!("{:x}\r\n", body.len());
        match self {
            Self::Reset => ended(&[], End::Reset),
            Self::Cut => ended(&[], End::Cut),
            Self::Close => ended(&[], End::Close),
            Self::Silence => ended(&[], End::Silence),
            Self::SilenceAfterHeaders => ended(&[&head, LINE], End::Silence),
            Self::HalfStatusLine => ended(&[b"HTTP/1.1 20"], End::Close),
            Self::HalfHeaders => ended(&[&half(&head)], End::Close),
            Self::ShortBody => ended(&[&head, LINE, short], End::Close),
            Self::ShortChunk => ended(&[&chunked(), size.as_bytes(), &half(&body)], End::Close),
            Self::MissingLastChunk => {
                ended(&[&chunked(), size.as_bytes(), &body, LINE], End::Close)
            }
            Self::ShortBodyWithoutLength => ended(&[&plain, LINE, short], End::Close),
            Self::ResetInBodyWithoutLength => ended(&[&plain, LINE, short], End::Reset),
            Self::DrippingHeaders => {
                ended(&[b"HTTP/1.1 200 OK\r\n"], End::Drip(b"X-Drip: 1\r\n".to_vec()))
            }
            Self::DrippingBody => {
                ended(&[&plain, b"Content-Length: 900000\r\n", LINE], End::Drip(b" ".to_vec()))
            }
            Self::Garbage => ended(&[b"SSH-2.0-OpenSSH_9.6\r\n\0\x01\xFF\r\n\r\n"], End::Close),
            Self::SwitchingProtocols => ended(
                &[b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", answer],
                End::Close,
            ),
            Self::TlsAlert => ended(&[], End::Below(ALERT.to_vec())),
            Self::TooManyHeaders => {
                let more: String = (0..HEADERS).map(|n| format!("X-{n}: {n}\r\n")).collect();
                ended(&[&head, more.as_bytes(), LINE, &body], End::Close)
            }
            Self::HugeHeader => {
                ended(&[&head, b"X-Huge: ", &vec![b'x'; MEBIBYTE], LINE, LINE, &body], End::Close)
            }
            Self::HugeBody => ended(
                &[&plain, b"Content-Length: 99000000\r\n", LINE],
                End::Flood(vec![b' '; BLOCK]),
            ),
            Self::EndlessChunks => {
                ended(&[&chunked()], End::Flood(b"8\r\n        \r\n".repeat(MANY)))
            }
            Self::EndlessChunkSize => ended(&[&chunked()], End::Flood(vec![b'1'; BLOCK])),
            Self::EndlessTrailers => {
                ended(&[&chunked(), b"0\r\n"], End::Flood(b"X-Trailer: 1\r\n".repeat(MANY)))
            }
            Self::EndlessContinue => ended(&[], End::Flood(CONTINUE.repeat(MANY))),
            Self::BadChunkSize => ended(&[&chunked(), b"xyz\r\n", &body], End::Close),
            Self::TwoContentLengths => {
                ended(&[&head, b"Content-Length: 7\r\n", LINE, &body], End::Close)
            }
            Self::ContinueFirst => ended(&[CONTINUE, answer], End::Good),
            Self::CloseAfterTheAnswer => ended(&[answer], End::Close),
        }
    }
}

/// An answer in two.
struct Message {
    /// With the end of its last line, without the empty one.
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Message {
    fn of(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) =
            answer.split_at_checked(end.map_or(0, |end| end.saturating_add(2))).unwrap_or_default();
        Self { head: head.to_vec(), body: body.get(2..).unwrap_or_default().to_vec() }
    }
}

/// The head without what says where the body ends.
fn unframed(head: &[u8]) -> Vec<u8> {
    let is_framing = |line: &&[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.eq_ignore_ascii_case(b"content-length")
            || name.eq_ignore_ascii_case(b"transfer-encoding")
    };
    head.split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !is_framing(line))
        .collect::<Vec<_>>()
        .concat()
}

const LINE: &[u8] = b"\r\n";
const CHUNKED: &[u8] = b"Transfer-Encoding: chunked\r\n";
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// Alert, fatal, handshake_failure.
const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 40];
/// 100 more than the client of the house takes.
const HEADERS: usize = 228;
const MEBIBYTE: usize = 1 << 20;
/// About as much as goes into a TLS record.
const BLOCK: usize = 16 * 1024;
const MANY: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: 1\r\n\r\n{\n\r\n}";

    fn said(broken: Break) -> String {
        String::from_utf8(broken.script(ANSWER).said).unwrap()
    }

    #[test]
    fn an_answer_is_cut_where_its_name_says() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: 1\r\n\r\n";
        assert_eq!(said(Break::SilenceAfterHeaders), head);
        assert_eq!(said(Break::ShortBody), format!("{head}{{\n\r\n"));
        let plain = "HTTP/1.1 200 OK\r\nX: 1\r\n";
        assert_eq!(said(Break::ShortBodyWithoutLength), format!("{plain}\r\n{{\n\r\n"));
        let chunked = format!("{plain}Transfer-Encoding: chunked\r\n\r\n");
        assert_eq!(said(Break::MissingLastChunk), format!("{chunked}5\r\n{{\n\r\n}}\r\n"));
        assert!(
            head.starts_with(&said(Break::HalfHeaders)) && !said(Break::HalfHeaders).is_empty()
        );
        assert!(said(Break::ContinueFirst).ends_with("\n\r\n}"));
    }

    #[test]
    fn an_answer_without_an_end_breaks_no_script() {
        for broken in [Break::HalfHeaders, Break::ShortBody, Break::ShortChunk] {
            assert!(broken.script(b"HTTP/1.1").said.len() < 64);
        }
    }
}
