//! Numbers and names with a documented form: checked when they are made, then trusted. Those in
//! responses of WeChat Pay are accepted in any form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Invalid};
use crate::received::Received;

macro_rules! checked_text {
    ($(#[$doc:meta])+ $name:ident, $path:literal, $check:path, $right:literal, $wrong:literal) => {
        $(#[$doc])+
        ///
        /// ```
        #[doc = concat!("use wechatpay::", stringify!($name), ";")]
        ///
        #[doc = concat!("let ", $path, " = ", stringify!($name), "::new(\"", $right, "\")?;")]
        #[doc = concat!("assert_eq!(", $path, ".as_str(), \"", $right, "\");")]
        #[doc = concat!("assert!(", stringify!($name), "::new(\"", $wrong, "\").is_err());")]
        /// # Ok::<(), wechatpay::Error>(())
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks the text and takes it.
            ///
            /// # Errors
            /// [`Invalid`](crate::ErrorKind::Invalid) with the rule that it breaks.
            pub fn new(text: impl Into<String>) -> Result<Self, Error> {
                let text = text.into();
                match $check(&text) {
                    Ok(()) => Ok(Self(text)),
                    Err(rule) => Err(Invalid::new($path, rule).into()),
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Error;

            fn try_from(text: &str) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl Received for $name {
            fn received(text: &str) -> Option<Self> {
                check_printable(text).is_ok().then(|| Self(text.to_owned()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// 应用ID: the app, public account or mini-program in which the user pays. It must be bound to
    /// the merchant number on the merchant platform. 1 to 32 letters, digits, `_`, `-`.
    AppId, "appid", check_appid,
    "wxd678efh567hg6787", "wx d678"
}

checked_text! {
    /// 商户订单号: the merchant's own number of an order, unique per merchant. 6 to 32 letters,
    /// digits, `_`, `-`, `|`, `*`.
    ///
    /// You choose it: this crate never generates one. After an unknown outcome, retry with the same
    /// number. In responses any form is accepted, since orders of APIv2 or of earlier years may have
    /// other forms.
    OutTradeNo, "out_trade_no", check_out_trade_no,
    "1217752501201407033233368018", "short"
}

checked_text! {
    /// 商户退款单号: the merchant's own number of a refund, unique per merchant. 1 to 64 letters,
    /// digits, `_`, `-`, `|`, `*`, `@`.
    ///
    /// You choose it: this crate never generates one. One number refunds once, however often it is
    /// sent; a new number refunds again.
    OutRefundNo, "out_refund_no", check_out_refund_no,
    "1217752501201407033233368018-1", "refund 1"
}

checked_text! {
    /// 商户分账单号: the merchant's own number of a split (分账), unique per merchant. 1 to 64 letters,
    /// digits, `_`, `-`, `|`, `*`, `@`.
    ///
    /// It is always the caller's: nothing in this crate makes one up. One number splits once, however
    /// often it is sent; a new number splits again.
    OutOrderNo, "out_order_no", check_out_order_no,
    "P20150806125346", "split 1"
}

checked_text! {
    /// 商户分账单号 of a request to unfreeze (解冻剩余资金): the merchant's own number. 1 to 64 letters, digits,
    /// `_`, `-`, `|`, `*`, `@`.
    ///
    /// **It must not be the number of a split.** With such a number WeChat Pay returns the old split, as a success, and unfreezes
    /// nothing. So it has a type of its own.
    OutUnfreezeNo, "out_order_no", check_out_order_no,
    "P20150806125346-rest", "unfreeze 1"
}

checked_text! {
    /// 商户回退单号: the merchant's own number of a return (分账回退), unique per merchant. 1 to 64 letters, digits, `_`, `-`,
    /// `*`, `@`; unlike the number of a split without `|`.
    ///
    /// It is always the caller's: nothing in this crate makes one up. After an unknown outcome the same number
    /// is sent again; a new number may take the money twice.
    OutReturnNo, "out_return_no", check_out_return_no,
    "R20190516001", "R20190516|001"
}

checked_text! {
    /// 微信分账单号: WeChat Pay's number of a split. 1 to 64 letters and digits.
    SplitId, "order_id", check_split_id,
    "3008450740201411110007820472", "3008-4507"
}

checked_text! {
    /// 微信支付订单号: WeChat Pay's number of a payment. An order has one once it is paid.
    /// 1 to 32 letters and digits.
    TransactionId, "transaction_id", check_number,
    "4200000015201711256947025404", "4200-0000"
}

checked_text! {
    /// 微信支付退款单号: WeChat Pay's number of a refund. 1 to 32 letters and digits.
    RefundId, "refund_id", check_number,
    "50000000382019052709732678859", "5000-0000"
}

checked_text! {
    /// 用户标识: a user, under one appid. 1 to 128 letters, digits, `_`, `-`.
    OpenId, "openid", check_openid,
    "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "oUpF8 uMuAJO"
}

checked_text! {
    /// 通知地址: the URL to which WeChat Pay posts its notifications (callbacks). A complete URL of at most
    /// 255 characters, with a path, without query or fragment, reachable from the internet without login; `https`, or
    /// `http` over a leased line.
    NotifyUrl, "notify_url", check_notify_url,
    "https://shop.example/notify", "https://shop.example/notify?order=1"
}

checked_text! {
    /// 商户单号: the merchant's own number of a transfer, unique per merchant. 1 to 32 letters and
    /// digits, nothing else.
    ///
    /// It is always the caller's: nothing in this crate makes one up. One number transfers once, however
    /// often it is sent; a new number transfers again.
    OutBillNo, "out_bill_no", check_number,
    "plfk2020042013", "plfk-2020042013"
}

checked_text! {
    /// 微信转账单号: WeChat Pay's number of a transfer. 1 to 64 letters, digits, `_`, `-`.
    TransferBillNo, "transfer_bill_no", check_transfer_bill_no,
    "1330000071100999991182020050700019480001", "1330/0000"
}

checked_text! {
    /// 跳转领取页面的package信息: what a client needs to open the page on which the user confirms a
    /// transfer or an authorization. It proves that the page can be opened, not that money was moved.
    PackageInfo, "package_info", check_printable,
    "affffddafdfafddffda==", "affff dda"
}

checked_text! {
    /// 商户侧授权单号: the merchant's own number of an authorization of transfers, unique per merchant.
    /// 1 to 32 letters, digits, `_`, `-`.
    OutAuthorizationNo, "out_authorization_no", check_out_authorization_no,
    "plfk2020042013", "plfk 2020"
}

checked_text! {
    /// 微信转账授权单号: WeChat Pay's number of an authorization of transfers. 1 to 32 letters and digits.
    AuthorizationId, "authorization_id", check_number,
    "661234567890", "6612-3456"
}

checked_text! {
    /// 预支付交易会话标识: the value with which a client starts the payment; valid for two hours.
    /// It proves that an order exists, not that it was paid.
    PrepayId, "prepay_id", check_printable,
    "wx201410272009395522657a690389285100", "wx2014 1027"
}

checked_text! {
    /// 二维码链接: the content of a Native order's QR code; valid for two hours. Its form and length may
    /// change, and only a live camera may scan it.
    CodeUrl, "code_url", check_printable,
    "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00", "weixin:// wxpay"
}

checked_text! {
    /// 支付跳转链接: the page in the browser where the user pays an H5 order; valid for five minutes. Its form and
    /// length may change.
    H5Url, "h5_url", check_printable,
    "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?package=1", "https:// wx.tenpay.com"
}

impl AsRef<Self> for AppId {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl H5Url {
    /// The URL with the page to which the user returns, as `redirect_url`. Its host must be the one
    /// registered for H5. The return does not prove a payment: query the order.
    #[must_use]
    pub fn with_redirect(&self, redirect_url: &str) -> String {
        format!("{}&redirect_url={}", self.0, encoded(redirect_url))
    }
}

/// Percent-encodes everything but letters, digits, `-`, `.`, `_` and `~`.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// 商户号: checked at each call, because it becomes part of a header.
pub(crate) fn check_mchid(text: &str) -> Result<(), &'static str> {
    let rule = "must be the merchant number: 1 to 32 letters and digits";
    if is_made_of(text, 1..=32, b"") { Ok(()) } else { Err(rule) }
}

/// 商户API证书序列号, likewise.
pub(crate) fn check_serial_no(text: &str) -> Result<(), &'static str> {
    if text.starts_with("PUB_KEY_ID_") {
        return Err(
            "must be the serial number of the merchant's API certificate; the PUB_KEY_ID_… \
                    belongs to WeChat Pay's public key: use it in PlatformKeys",
        );
    }
    if text.starts_with("0x") || text.starts_with("0X") {
        return Err("must be written without 0x, as the merchant platform shows it");
    }
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_decimal && text.len() > LONGEST_SERIAL_NO {
        return Err("must be in hexadecimal, as the merchant platform shows it, not in decimal");
    }
    let rule = "must be the serial number of the merchant's API certificate: 1 to 40 hexadecimal \
                digits, without colons or blanks";
    let digits = text.trim_start_matches('0');
    let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_good = is_hexadecimal && (1..=LONGEST_SERIAL_NO).contains(&digits.len());
    if is_good && text.len() <= 64 { Ok(()) } else { Err(rule) }
}

fn check_appid(text: &str) -> Result<(), &'static str> {
    let rule = "must be 1 to 32 letters, digits, _ or -";
    if is_made_of(text, 1..=32, b"_-") { Ok(()) } else { Err(rule) }
}

/// The larger of the two documented sets: documents 000 and 003 allow `|`, document 004 does not.
fn check_out_trade_no(text: &str) -> Result<(), &'static str> {
    let rule = "must be 6 to 32 letters, digits, _, -, | or *";
    if is_made_of(text, 6..=32, b"_-|*") { Ok(()) } else { Err(rule) }
}

fn check_out_refund_no(text: &str) -> Result<(), &'static str> {
    let rule = "must be 1 to 64 letters, digits, _, -, |, * or @";
    if is_made_of(text, 1..=64, b"_-|*@") { Ok(()) } else { Err(rule) }
}

fn check_out_order_no(text: &str) -> Result<(), &'static str> {
    let rule = "must be 1 to 64 letters, digits, _, -, |, * or @";
    if is_made_of(text, 1..=64, b"_-|*@") { Ok(()) } else { Err(rule) }
}

/// [m/4012525210](https://pay.weixin.qq.com/doc/v3/merchant/4012525210) leaves `|` out.
fn check_out_return_no(text: &str) -> Result<(), &'static str> {
    let rule = "must be 1 to 64 letters, digits, _, -, * or @";
    if is_made_of(text, 1..=64, b"_-*@") { Ok(()) } else { Err(rule) }
}

fn check_split_id(text: &str) -> Result<(), &'static str> {
    if is_made_of(text, 1..=64, b"") { Ok(()) } else { Err("must be 1 to 64 letters and digits") }
}

fn check_number(text: &str) -> Result<(), &'static str> {
    if is_made_of(text, 1..=32, b"") { Ok(()) } else { Err("must be 1 to 32 letters and digits") }
}

fn check_transfer_bill_no(text: &str) -> Result<(), &'static str> {
    let rule = "must be 1 to 64 letters, digits, _ or -";
    if is_made_of(text, 1..=64, b"_-") { Ok(()) } else { Err(rule) }
}

fn check_out_authorization_no(text: &str) -> Result<(), &'static str> {
    let rule = "must be 1 to 32 letters, digits, _ or -";
    if is_made_of(text, 1..=32, b"_-") { Ok(()) } else { Err(rule) }
}

fn check_openid(text: &str) -> Result<(), &'static str> {
    let rule = "must be 1 to 128 letters, digits, _ or -";
    if is_made_of(text, 1..=128, b"_-") { Ok(()) } else { Err(rule) }
}

/// A value of WeChat Pay is accepted in any form that cannot break a header line.
fn check_printable(text: &str) -> Result<(), &'static str> {
    // Without an early exit, so that the compiler checks many bytes in one step.
    let is_graphic = text.bytes().fold(true, |all, byte| all & byte.is_ascii_graphic());
    if is_graphic && !text.is_empty() { Ok(()) } else { Err("must be printable ASCII") }
}

/// The rules of notify_url填写注意事项. Length 255: document 003; documents 004 and the refund
/// pages allow one more.
fn check_notify_url(text: &str) -> Result<(), &'static str> {
    if text.len() > 255 {
        return Err("must not exceed 255 characters");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be printable ASCII without blanks; encode anything else");
    }
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return Err("must start with https:// (or http:// over a leased line)");
    };
    if text.contains(['?', '#']) {
        return Err("must have no query and no fragment");
    }
    match rest.split_once('/') {
        None => Err("must have a path: https://shop.example/notify"),
        Some((host, _)) if is_host_and_port(host) => Ok(()),
        Some(_) => Err("must name a host, without user name or password"),
    }
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let host_is_good = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_made_of(host, 1..=253, b".-_"),
    };
    host_is_good && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_made_of(text: &str, length: std::ops::RangeInclusive<usize>, others: &[u8]) -> bool {
    length.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
}

/// Twenty bytes (RFC 5280, 4.1.2.2). In decimal, that is a number of up to 49 digits.
const LONGEST_SERIAL_NO: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_numbers_keep_to_the_documented_characters_and_length() {
        for good in ["123456", "a_-|*Z", &"9".repeat(32)] {
            assert_eq!(OutTradeNo::new(good).unwrap().as_str(), good);
        }
        let too_long = "9".repeat(33);
        let wrong = [
            "",
            "12345",
            &too_long,
            "12345 6",
            "12345/6",
            "12345%6",
            "12345?6",
            "12345#6",
            "12345\n6",
            "12345\u{0}6",
            "１２３４５６",
            "订单号订单号",
            "12345@6",
            "../../x",
        ];
        for text in wrong {
            let error = OutTradeNo::new(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                "out_trade_no must be 6 to 32 letters, digits, _, -, | or *",
                "{text:?}"
            );
        }
    }

    #[test]
    fn notify_urls_keep_to_the_documented_form() {
        let longest = format!("https://shop.example/{}", "n".repeat(255 - 21));
        for good in [
            "https://www.weixin.qq.com/wxpay/pay.php",
            "http://10.0.0.7:8080/notify",
            "https://[2001:db8::1]:8443/notify",
            "https://[2001:db8::1]/notify",
            "https://shop.example/",
            "https://shop.example/%E9%80%9A%E7%9F%A5",
            &longest,
        ] {
            assert!(NotifyUrl::new(good).is_ok(), "{good}");
        }
        for (wrong, rule) in [
            ("", "must start with https://"),
            ("shop.example/notify", "must start with https://"),
            ("ftp://shop.example/notify", "must start with https://"),
            ("HTTPS://shop.example/notify", "must start with https://"),
            ("https://shop.example", "must have a path"),
            ("https:///notify", "must name a host"),
            ("https://user@shop.example/notify", "must name a host"),
            ("https://shop.example:0/notify", "must name a host"),
            ("https://shop.example:99999/notify", "must name a host"),
            ("https://[::1/notify", "must name a host"),
            ("https://shop.example/notify?x=1", "must have no query"),
            ("https://shop.example?x=/1", "must have no query"),
            ("https://shop.example/notify#x", "must have no query"),
            ("https://shop.example/no tify", "must be printable ASCII"),
            ("https://shop.example/notify\n", "must be printable ASCII"),
            ("https://商店.example/notify", "must be printable ASCII"),
            (&format!("{longest}n"), "must not exceed 255"),
        ] {
            let error = NotifyUrl::new(wrong).unwrap_err().to_string();
            assert!(error.starts_with(&format!("notify_url {rule}")), "{wrong}: {error}");
        }
    }

    #[test]
    fn id_that_could_break_a_header_is_refused() {
        for text in ["", "19000\r\n09", "19\"00", "19 00", "1900，", &"1".repeat(65)] {
            assert!(check_mchid(text).is_err() && check_serial_no(text).is_err(), "{text:?}");
        }
        assert!(check_mchid("1900007291").is_ok());
        for serial_no in
            ["1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C", &"9".repeat(40), "AB", "1", "00ab"]
        {
            assert!(check_serial_no(serial_no).is_ok(), "{serial_no}");
        }
    }

    #[test]
    fn mixed_up_serial_numbers_are_distinguished() {
        let rule = check_serial_no("PUB_KEY_ID_0119000072912024101100397200000006").unwrap_err();
        assert!(rule.contains("use it in PlatformKeys"));
    }

    /// The same number in each: WeChat Pay would refuse the first call with SIGN_ERROR.
    #[test]
    fn serial_number_in_another_notation_is_refused() {
        let decimal = "170507173208889094098556183105226684117462006412";
        for (text, part) in [
            (decimal, "not in decimal"),
            ("0x1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C", "without 0x"),
            ("0X1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C", "without 0x"),
            ("1D:DE:55:AD", "without colons"),
            ("1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8CA", "1 to 40"),
            ("0000", "1 to 40"),
            ("wx1900", "hexadecimal"),
        ] {
            let rule = check_serial_no(text).unwrap_err();
            assert!(rule.contains(part), "{text}: {rule}");
        }
    }

    #[test]
    fn return_page_is_appended_encoded_to_an_unchanged_url() {
        let url = H5Url::new("https://wx.tenpay.com/x?prepay_id=wx1&package=2").unwrap();
        assert_eq!(
            url.with_redirect("https://shop.example/paid?no=1&x=支付"),
            "https://wx.tenpay.com/x?prepay_id=wx1&package=2&redirect_url=\
             https%3A%2F%2Fshop.example%2Fpaid%3Fno%3D1%26x%3D%E6%94%AF%E4%BB%98"
        );
    }

    #[test]
    fn refund_numbers_and_the_rest_keep_to_their_characters() {
        assert!(OutRefundNo::new("1").is_ok() && OutRefundNo::new("a_-|*@".repeat(10)).is_ok());
        assert!(OutRefundNo::new("").is_err() && OutRefundNo::new("1/2").is_err());
        assert!(OutRefundNo::new("1".repeat(65)).is_err());
        assert!(TransactionId::new("4200000015201711256947025404").is_ok());
        assert!(TransactionId::new("42/..").is_err() && RefundId::new("").is_err());
        assert!(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").is_ok());
        assert!(OpenId::new("o\n1").is_err() && OpenId::new("o".repeat(129)).is_err());
        assert!(CodeUrl::new("weixin://wxpay/bizpayurl?pr=JyC91EIz1").is_ok());
        assert!(CodeUrl::new("").is_err() && CodeUrl::new("weixin:// x").is_err());
    }

    #[test]
    fn appids_and_prepay_ids_are_plain() {
        assert!(AppId::new("wxd678efh567hg6787").is_ok());
        assert!(AppId::new("").is_err() && AppId::new("wx d678").is_err());
        assert!(PrepayId::new("up_wx201410272009395522657a690389285100").is_ok());
        assert!(PrepayId::new("").is_err() && PrepayId::new("wx\n1").is_err());
    }
}
