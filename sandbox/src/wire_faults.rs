//! Faults on the wire: which bytes are sent instead of a response, and how the connection ends.

use super::fault::Fault;

/// The bytes that are sent, and how the connection ends after them.
pub(super) struct Script {
    pub(super) bytes: Vec<u8>,
    pub(super) end: End,
}

/// What happens after the bytes of a [`Script`].
#[derive(Debug, PartialEq)]
pub(super) enum End {
    /// Nothing: the connection can be used again.
    KeepAlive,
    /// The connection is closed, with a TLS close_notify.
    Close,
    /// The connection is closed, without a TLS close_notify.
    Cut,
    /// The connection is reset (RST).
    Reset,
    /// Nothing is sent until the client gives up.
    Silence,
    /// These bytes are sent slowly, one at a time, until the client gives up.
    Drip(Vec<u8>),
    /// These bytes are sent repeatedly until the client gives up.
    Flood(Vec<u8>),
    /// These bytes are sent below TLS, and the connection is closed.
    BelowTls(Vec<u8>),
}

/// What a fault makes of a response, which is given as the bytes that would be sent.
pub(super) fn script(fault: Fault, response: &[u8]) -> Script {
    let Message { head, body } = Message::of(response);
    let plain = unframed(&head);
    let short = body.get(..body.len().saturating_sub(1)).unwrap_or_default();
    let half = |bytes: &[u8]| bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
    let ended = |parts: &[&[u8]], end| Script { bytes: parts.concat(), end };
    let chunked = || [plain.as_slice(), CHUNKED, LINE].concat();
    let size = format!("{:x}\r\n", body.len());
    match fault {
        Fault::ClosedBeforeReading | Fault::ResetAfterTheRequest => ended(&[], End::Reset),
        Fault::ClosedAfterHalfTheRequest => ended(&[], End::Cut),
        Fault::ClosedWithoutResponse => ended(&[], End::Close),
        Fault::Silence => ended(&[], End::Silence),
        Fault::SilenceAfterHeaders => ended(&[&head, LINE], End::Silence),
        Fault::HalfStatusLine => ended(&[b"HTTP/1.1 20"], End::Close),
        Fault::HalfHeaders => ended(&[&half(&head)], End::Close),
        Fault::ShortBody => ended(&[&head, LINE, short], End::Close),
        Fault::ShortChunk => ended(&[&chunked(), size.as_bytes(), &half(&body)], End::Close),
        Fault::MissingLastChunk => ended(&[&chunked(), size.as_bytes(), &body, LINE], End::Close),
        Fault::ShortBodyWithoutLength => ended(&[&plain, LINE, short], End::Close),
        Fault::ResetInBodyWithoutLength => ended(&[&plain, LINE, short], End::Reset),
        Fault::DrippingHeaders => {
            ended(&[b"HTTP/1.1 200 OK\r\n"], End::Drip(b"X-Drip: 1\r\n".to_vec()))
        }
        Fault::DrippingBody => {
            ended(&[&plain, b"Content-Length: 900000\r\n", LINE], End::Drip(b" ".to_vec()))
        }
        Fault::Garbage => ended(&[b"SSH-2.0-OpenSSH_9.6\r\n\0\x01\xFF\r\n\r\n"], End::Close),
        Fault::SwitchingProtocols => ended(
            &[b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", response],
            End::Close,
        ),
        Fault::TlsAlert => ended(&[], End::BelowTls(ALERT.to_vec())),
        Fault::TooManyHeaders => {
            let more: String = (0..HEADERS).map(|n| format!("X-{n}: {n}\r\n")).collect();
            ended(&[&head, more.as_bytes(), LINE, &body], End::Close)
        }
        Fault::HugeHeader => {
            ended(&[&head, b"X-Huge: ", &vec![b'x'; MEBIBYTE], LINE, LINE, &body], End::Close)
        }
        Fault::HugeBody => {
            ended(&[&plain, b"Content-Length: 99000000\r\n", LINE], End::Flood(vec![b' '; BLOCK]))
        }
        Fault::EndlessChunks => ended(&[&chunked()], End::Flood(b"8\r\n        \r\n".repeat(MANY))),
        Fault::EndlessChunkSize => ended(&[&chunked()], End::Flood(vec![b'1'; BLOCK])),
        Fault::EndlessTrailers => {
            ended(&[&chunked(), b"0\r\n"], End::Flood(b"X-Trailer: 1\r\n".repeat(MANY)))
        }
        Fault::EndlessContinue => ended(&[], End::Flood(CONTINUE.repeat(MANY))),
        Fault::BadChunkSize => ended(&[&chunked(), b"xyz\r\n", &body], End::Close),
        Fault::TwoContentLengths => {
            ended(&[&head, b"Content-Length: 7\r\n", LINE, &body], End::Close)
        }
        Fault::ContinueFirst => ended(&[CONTINUE, response], End::KeepAlive),
        Fault::ClosedAfterTheResponse => ended(&[response], End::Close),
        // These faults are not on the wire.
        _ => ended(&[response], End::KeepAlive),
    }
}

/// A response in two parts.
struct Message {
    /// With the end of its last line, without the empty line.
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Message {
    fn of(response: &[u8]) -> Self {
        let end = response.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = response
            .split_at_checked(end.map_or(0, |end| end.saturating_add(2)))
            .unwrap_or_default();
        Self { head: head.to_vec(), body: body.get(2..).unwrap_or_default().to_vec() }
    }
}

/// The head without Content-Length and Transfer-Encoding.
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
/// 100 more than ureq accepts.
const HEADERS: usize = 228;
const MEBIBYTE: usize = 1 << 20;
/// About as much as goes into a TLS record.
const BLOCK: usize = 16 * 1024;
const MANY: usize = 512;

#[cfg(test)]
mod tests {
    use super::super::fault::Effect;
    use super::*;

    const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: 1\r\n\r\n{\n\r\n}";

    fn sent(fault: Fault) -> String {
        String::from_utf8(script(fault, RESPONSE).bytes).unwrap()
    }

    #[test]
    fn response_is_cut_where_the_fault_name_says() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: 1\r\n\r\n";
        assert_eq!(sent(Fault::SilenceAfterHeaders), head);
        assert_eq!(sent(Fault::ShortBody), format!("{head}{{\n\r\n"));
        let plain = "HTTP/1.1 200 OK\r\nX: 1\r\n";
        assert_eq!(sent(Fault::ShortBodyWithoutLength), format!("{plain}\r\n{{\n\r\n"));
        let chunked = format!("{plain}Transfer-Encoding: chunked\r\n\r\n");
        assert_eq!(sent(Fault::MissingLastChunk), format!("{chunked}5\r\n{{\n\r\n}}\r\n"));
        assert!(
            head.starts_with(&sent(Fault::HalfHeaders)) && !sent(Fault::HalfHeaders).is_empty()
        );
        assert!(sent(Fault::ContinueFirst).ends_with("\n\r\n}"));
    }

    #[test]
    fn incomplete_response_breaks_no_script() {
        for fault in [Fault::HalfHeaders, Fault::ShortBody, Fault::ShortChunk] {
            assert!(script(fault, b"HTTP/1.1").bytes.len() < 64);
        }
    }

    #[test]
    fn every_wire_fault_changes_what_is_sent() {
        for fault in Fault::ALL {
            let Script { bytes, end } = script(*fault, RESPONSE);
            let is_unchanged = bytes == RESPONSE && end == End::KeepAlive;
            assert_eq!(is_unchanged, !matches!(fault.effect(), Effect::OnTheWire), "{fault}");
        }
    }
}
