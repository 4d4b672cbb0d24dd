//! 签名算法: the string that APIv2 signs.
//!
//! ```
//! use wechatpay::v2::{HmacSha256Key, Signer, signing};
//!
//! let key = HmacSha256Key::new("10000100", "192006250b4c09247ec02edce69f6a2d")?;
//! let message = signing::message([
//!     ("appid", "wxd930ea5d5a258f4f"),
//!     ("mch_id", "10000100"),
//!     ("device_info", "1000"),
//!     ("body", "test"),
//!     ("nonce_str", "ibuaiVcKdpRxkhJA"),
//! ]);
//! assert!(key.sign(&message)?.starts_with("6A9AE1657590FD6257D693A078E1C3E4"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

/// 待签名串: the fields with a value, except `sign`, sorted by name and joined as
/// `name=value&name=value`, to which the signer appends `&key=`
/// ([page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=4_3)).
///
/// Values are those of the decoded XML: not trimmed, encoded or escaped.
///
/// ```
/// let fields = [("nonce_str", "n0nce"), ("appid", "wx1"), ("attach", ""), ("sign", "9A0A")];
/// assert_eq!(wechatpay::v2::signing::message(fields), "appid=wx1&nonce_str=n0nce");
/// ```
#[doc(alias = "签名算法")]
#[must_use]
pub fn message<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let fields = fields.into_iter();
    let mut sorted: Vec<(&str, &str)> = Vec::with_capacity(fields.size_hint().0);
    sorted.extend(fields.filter(|(name, value)| *name != "sign" && !value.is_empty()));
    // In most cases they are sorted already. Of two with one name, the last one counts.
    sorted.sort_by_key(|(name, _)| *name);
    sorted.dedup_by(|later, earlier| {
        later.0 == earlier.0 && {
            earlier.1 = later.1;
            true
        }
    });
    let length = sorted.iter().map(|(name, value)| name.len().saturating_add(value.len()));
    let length = length.fold(0_usize, |sum, length| sum.saturating_add(length).saturating_add(2));
    let mut message = String::with_capacity(length);
    for (name, value) in sorted {
        if !message.is_empty() {
            message.push('&');
        }
        message.extend([name, "=", value]);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_bytes() {
        let names = [
            "coupon_id_2",
            "a",
            "_u",
            "B",
            "Ab",
            "A_b",
            "coupon_id_10",
            "remark",
            "re_openid",
            "REMARK",
            "RE_OPENID",
            "rfc822",
            "rfc2086",
            "rfc1",
        ];
        let message = message(names.map(|name| (name, "1")));
        let sorted: Vec<_> = message.split("=1").map(|name| name.trim_matches('&')).collect();
        let expected = [
            "A_b",
            "Ab",
            "B",
            "REMARK",
            "RE_OPENID",
            "_u",
            "a",
            "coupon_id_10",
            "coupon_id_2",
            "re_openid",
            "remark",
            "rfc1",
            "rfc2086",
            "rfc822",
            "",
        ];
        assert_eq!(sorted, expected);
    }

    #[test]
    fn zero_and_blank_are_signed_without_escaping() {
        let fields = [("b", " "), ("a", "0"), ("c", "测试 A&B <x>"), ("d", ""), ("sign", "x")];
        assert_eq!(message(fields), "a=0&b= &c=测试 A&B <x>");
    }
}
