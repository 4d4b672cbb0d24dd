//! The strings that are signed (待签名串), as WeChat Pay documents them (签名生成, 签名验证, 调起支付签名).
//!
//! Pure functions: the clock and the nonce are arguments. Every line ends with a line feed, and
//! so does the last one. An empty body is an empty line.
//!
//! ```
//! use wechatpay::{Signer, signing};
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! let signer = sandbox.signer();
//! let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242"; // A fresh one for each request.
//! let message = signing::request("GET", "/v3/certificates", 1554208460, nonce, b"");
//! let signature = signer.sign(&message)?;
//! assert_eq!(signature.bytes.len(), 256);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

/// 签名生成: builds the five lines of a request: method, path with query, timestamp, nonce, body.
///
/// `path_and_query` and `body` must be the bytes that are sent.
///
/// ```
/// let message = wechatpay::signing::request(
///     "GET", "/v3/certificates", 1554208460, "593BEC0C930BF1AFEB40B4A08C8FB242", b"",
/// );
/// assert_eq!(message, b"GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n");
/// ```
#[must_use]
#[doc(alias = "签名生成")]
pub fn request(
    method: &str,
    path_and_query: &str,
    timestamp: i64,
    nonce: &str,
    body: &[u8],
) -> Vec<u8> {
    let timestamp = timestamp.to_string();
    lines([
        method.as_bytes(),
        path_and_query.as_bytes(),
        timestamp.as_bytes(),
        nonce.as_bytes(),
        body,
    ])
}

/// 签名验证: builds the three lines of a response or a notification: the timestamp and the nonce of the
/// headers, and the body as received.
///
/// ```
/// let message = wechatpay::signing::response("1554209980", "c5ac7061fccab6bf", b"{}");
/// assert_eq!(message, b"1554209980\nc5ac7061fccab6bf\n{}\n");
/// ```
#[must_use]
#[doc(alias = "签名验证")]
pub fn response(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    lines([timestamp.as_bytes(), nonce.as_bytes(), body])
}

/// 调起支付签名: builds the four lines with which a client starts a payment: appid, timestamp, nonce, and `what`: the
/// prepay_id alone for an app, `prepay_id=…` for JSAPI and mini-programs.
///
/// ```
/// let message = wechatpay::signing::invoke("wx2421b1c4370ec43b", 1554208460, "593BEC", "wx2014");
/// assert_eq!(message, b"wx2421b1c4370ec43b\n1554208460\n593BEC\nwx2014\n");
/// ```
#[must_use]
#[doc(alias = "调起支付签名")]
pub fn invoke(appid: &str, timestamp: i64, nonce: &str, what: &str) -> Vec<u8> {
    let timestamp = timestamp.to_string();
    lines([appid.as_bytes(), timestamp.as_bytes(), nonce.as_bytes(), what.as_bytes()])
}

fn lines<const N: usize>(lines: [&[u8]; N]) -> Vec<u8> {
    let length = lines.iter().fold(N, |sum, line| sum.saturating_add(line.len()));
    let mut message = Vec::with_capacity(length);
    for line in lines {
        message.extend_from_slice(line);
        message.push(b'\n');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_vectors::{self as vectors, sha256_hex, verifies};

    const TIMESTAMP: i64 = 1_554_208_460;
    const NONCE: &str = "593BEC0C930BF1AFEB40B4A08C8FB242";

    #[test]
    fn published_messages_are_byte_equal_and_signatures_verify() {
        let image_meta = concat!(
            r#"{"filename":"wechatpay_logo.png","#,
            r#""sha256":"d2973a45b1d528c21ebb77792ef3fcea40fa9a4e04a17e35369102ba9c84c8b1"}"#
        );
        let appid = "wx2421b1c4370ec43b";
        let prepay_id = "wx201410272009395522657a690389285100";
        let cases = [
            (
                request("GET", "/v3/refund/domestic/refunds/123123123123", TIMESTAMP, NONCE, b""),
                90,
                "c65a830c3a6f61f3312ff204f6e4fda6397078cb96775237273c1d0f8da02dcd",
                vectors::V1,
            ),
            (
                request(
                    "POST",
                    "/v3/pay/transactions/jsapi",
                    TIMESTAMP,
                    NONCE,
                    vectors::V2_BODY.as_bytes(),
                ),
                372,
                "87a9f84cd9b4bdb78ec4dbe4595c8c8bf04d3e79a6765b2100741d1a473d37af",
                vectors::V2,
            ),
            (
                request(
                    "POST",
                    "/v3/marketing/favor/media/image-upload",
                    TIMESTAMP,
                    NONCE,
                    image_meta.as_bytes(),
                ),
                198,
                "6309cc12a67ddb104e4fd10186a32de30170dfae2278d8fa23c1aa2ab96a5710",
                vectors::V3,
            ),
            (
                invoke(appid, TIMESTAMP, NONCE, &format!("prepay_id={prepay_id}")),
                110,
                "bf5c0eab11b7710ea376aaa5038ad079fb8175af60d6cbf676fa3bcc4d218bcb",
                vectors::V4,
            ),
            (
                invoke(appid, TIMESTAMP, NONCE, prepay_id),
                100,
                "24bea8d9042023a0a50bdf8580f0e52570033d68244bd66ec63df7cc25a9073c",
                vectors::V5,
            ),
        ];
        for (number, (message, length, digest, signature)) in (1..).zip(cases) {
            assert_eq!(message.len(), length, "V{number}");
            assert_eq!(sha256_hex(&message), digest, "V{number}");
            assert!(verifies(vectors::MERCHANT_KEY, &message, signature), "V{number}");
        }
    }

    #[test]
    fn published_response_verifies_only_with_its_own_key() {
        let message = response("1722850421", "d824f2e086d3c1df967785d13fcd22ef", vectors::E2_BODY);
        assert_eq!(
            sha256_hex(&message),
            "2f190612debde9369868489ccda12b9b816381eb5632a8abb73bfe80b6dbd5da"
        );
        assert!(verifies(vectors::PLATFORM_KEY, &message, vectors::E2));
        assert!(!verifies(vectors::MERCHANT_KEY, &message, vectors::E2));
    }

    #[test]
    fn query_string_belongs_to_the_message() {
        let message = request(
            "GET",
            "/v3/pay/transactions/id/1217752501201407033233368018?mchid=1230000109",
            1_652_750_623,
            "eBYqCOxa0QudMnPvVilkTzOg3gHh5Z3u",
            b"",
        );
        let published = "GET\n/v3/pay/transactions/id/1217752501201407033233368018?\
                         mchid=1230000109\n1652750623\neBYqCOxa0QudMnPvVilkTzOg3gHh5Z3u\n\n";
        assert_eq!(message, published.as_bytes());
    }

    #[test]
    fn body_that_ends_in_a_line_feed_gets_one_more() {
        let message = request("POST", "/v3/certificates", 1_624_523_846, "A1B2", b"Hello World!\n");
        assert!(message.ends_with(b"A1B2\nHello World!\n\n"));
    }

    #[test]
    fn empty_response_is_an_empty_line() {
        assert_eq!(
            response("1624523846", "NONCE1234567890", b""),
            b"1624523846\nNONCE1234567890\n\n"
        );
    }
}
