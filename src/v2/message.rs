//! The string that gets signed (签名算法).

use std::collections::BTreeMap;

/// Every field whose value is not empty, except `sign`, sorted by name and joined as
/// `name=value&name=value`. The key is the signer's to append.
///
/// The values are those of the decoded XML: nothing is trimmed, encoded or escaped.
///
/// ```
/// let fields = [("nonce_str", "n0nce"), ("appid", "wx1"), ("attach", ""), ("sign", "9A0A")];
/// assert_eq!(wechatpay::v2::message(fields), "appid=wx1&nonce_str=n0nce");
/// ```
#[must_use]
pub fn message<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let signed = |(name, value): &(&str, &str)| *name != "sign" && !value.is_empty();
    let sorted: BTreeMap<&str, &str> = fields.into_iter().filter(signed).collect();
    let pieces = sorted.into_iter().flat_map(|(name, value)| ["&", name, "=", value]);
    pieces.skip(1).collect::<Vec<_>>().concat()
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
    fn a_zero_and_a_blank_are_values_and_nothing_is_escaped() {
        let fields = [("b", " "), ("a", "0"), ("c", "测试 A&B <x>"), ("d", ""), ("sign", "x")];
        assert_eq!(message(fields), "a=0&b= &c=测试 A&B <x>");
    }
}
