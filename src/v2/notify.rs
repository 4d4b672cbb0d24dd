//! 通知: verifies what WeChat Pay posts to the `notify_url` of an APIv2 order or refund (callback,
//! webhook).
//!
//! Anyone can post to that URL, so [`open`] accepts only notifications that are signed or encrypted
//! with the APIv2 key. Take the body as received, [`open`] it, store the result, return [`ACCEPTED`]
//! within five seconds, then do the work.
//!
//! A notification has neither a timestamp nor an ID, so anyone who saw an old one can post it again:
//! process each `transaction_id` or `out_refund_no` once. Notifications come more than once, in
//! any order, and sometimes never: query the order as well.
//!
//! ```
//! use wechatpay::v2::Signer;
//! use wechatpay::v2::notify::{self, Notification};
//!
//! /// 返回应答正文,HTTP 状态码 200,Content-Type: text/xml
//! fn post(signer: &dyn Signer, body: &[u8]) -> &'static str {
//!     match notify::open(signer, body) {
//!         Ok(Notification::Transaction(transaction)) => { /* 保存 */ }
//!         Ok(Notification::Refund(refund)) => { /* 保存 */ }
//!         Ok(other) => { /* 保存 */ }
//!         Err(refusal) => return notify::REFUSED,
//!     }
//!     notify::ACCEPTED
//! }
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;

use crate::notify::Refusal;
use crate::v2::fields::{Fields, Malformed};
use crate::v2::parse::json;
use crate::v2::refund::NotifiedRefund;
use crate::v2::signer::{self, Signer};
use crate::v2::{combine, pay, xml};

/// 支付结果通知, 合单支付结果通知, 退款结果通知: verifies and parses a notification, and decrypts that of a
/// refund.
///
/// `signer` is the signer of the order: WeChat Pay signs the notification with the same algorithm, and
/// may not name it. `body` is the body as received
/// ([payments](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_7),
/// [refunds](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_16),
/// [combined payments](https://pay.weixin.qq.com/wiki/doc/api/combine.php?chapter=24_4)).
///
/// A refund notification is encrypted but not signed, so an attacker could rearrange its blocks: call
/// [`refund::query`](crate::v2::refund::query) before you act on a large amount.
///
/// ```
/// use wechatpay::pay::Paid;
/// use wechatpay::v2::notify::{self, Notification};
/// use wechatpay::v2::{Signer, pay};
///
/// fn paid(
///     signer: &dyn Signer,
///     body: &[u8],
///     order: &pay::Order,
/// ) -> Result<Option<Paid>, Box<dyn std::error::Error>> {
///     match notify::open(signer, body)? {
///         Notification::Transaction(transaction) => {
///             Ok(Some(transaction.paid(signer, order)?))
///         }
///         other => Ok(None),
///     }
/// }
/// ```
///
/// # Errors
/// [`Refusal`] with the reason; return [`REFUSED`]. WeChat Pay sends the notification again, up to 15
/// times a day.
#[doc(alias = "支付结果通知")]
#[doc(alias = "合单支付结果通知")]
#[doc(alias = "退款结果通知")]
pub fn open(signer: &dyn Signer, body: &[u8]) -> Result<Notification, Refusal> {
    let fields = received(body)?;
    open_by(signer, &fields)
}

/// 支付结果通知: [`open`] while a merchant changes from MD5 to HMAC-SHA256.
///
/// If it is unknown which algorithm signed the order, the length of the notification's `sign` selects
/// the signer. A forger could then choose the weaker algorithm, so use it during the change only.
///
/// ```
/// use wechatpay::notify::Refusal;
/// use wechatpay::v2::notify::{self, Notification};
/// use wechatpay::v2::{HmacSha256Key, Md5Key};
///
/// fn either(new: &HmacSha256Key, old: &Md5Key, body: &[u8]) -> Result<Notification, Refusal> {
///     notify::open_by_length(new, old, body)
/// }
/// ```
///
/// # Errors
/// As [`open`].
#[doc(alias = "支付结果通知")]
pub fn open_by_length(
    hmac_sha256: &dyn Signer,
    md5: &dyn Signer,
    body: &[u8],
) -> Result<Notification, Refusal> {
    let fields = received(body)?;
    open_by(if signer::has_length_of(md5, &fields) { md5 } else { hmac_sha256 }, &fields)
}

/// A verified notification.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notification {
    /// 支付结果通知: a single order. Only [`paid`](pay::Transaction::paid) proves the payment.
    Transaction(Box<pay::Transaction>),
    /// 合单支付结果通知: a combined order, sent to the merchant that started it. Only
    /// [`paid`](combine::Transaction::paid) proves the payment.
    Combined(Box<combine::Transaction>),
    /// 退款结果通知: a refund. Its `refund_status` is the result.
    Refund(Box<NotifiedRefund>),
}

/// The response, with status 200 and `Content-Type: text/xml`, to a notification that is stored.
pub const ACCEPTED: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code>\
                            <return_msg><![CDATA[OK]]></return_msg></xml>";

/// The response, with status 200 and `Content-Type: text/xml`, to a notification that is refused or
/// could not be stored. WeChat Pay sends it again. It contains no reason that a stranger could use.
pub const REFUSED: &str = "<xml><return_code><![CDATA[FAIL]]></return_code>\
                           <return_msg><![CDATA[FAIL]]></return_msg></xml>";

fn received(body: &[u8]) -> Result<Fields, Refusal> {
    if body.len() > xml::SIZE_LIMIT {
        return Err(Refusal::TooLarge);
    }
    let fields = xml::read(body, "xml").map_err(malformed)?;
    match fields.get("return_code") {
        Some("SUCCESS") => Ok(fields),
        _ => Err(Refusal::Malformed("return_code is not SUCCESS".to_owned())),
    }
}

fn open_by(signer: &dyn Signer, fields: &Fields) -> Result<Notification, Refusal> {
    // An encrypted notification has no signature, and nothing else in it is read.
    if let Some(req_info) = fields.get("req_info") {
        if fields.get("mch_id") != Some(signer.mchid()) {
            return Err(Refusal::Malformed("mch_id is not that of the signer".to_owned()));
        }
        let decoded = STANDARD.decode(req_info).map_err(|_| refused("req_info is not Base64"))?;
        let text = signer.decrypt(&decoded).ok_or(Refusal::Undecryptable)?;
        let refund = xml::read(&text, "root").map_err(malformed)?;
        let refund = NotifiedRefund::read(&refund).map_err(malformed)?;
        return Ok(Notification::Refund(Box::new(refund)));
    }
    signer::verify(signer, fields).map_err(Refusal::Untrusted)?;
    check_boundaries(fields)?;
    if fields.get("combine_out_trade_no").is_some() {
        let transaction = combine::Transaction::of_notification(fields).map_err(malformed)?;
        Ok(Notification::Combined(Box::new(transaction)))
    } else {
        let transaction = pay::Transaction::of_notification(fields).map_err(malformed)?;
        Ok(Notification::Transaction(Box::new(transaction)))
    }
}

/// Refuses a notification that was split into other fields than WeChat Pay signed. The signed string
/// escapes nothing: `a=1&b=2` may be two fields, or one whose value is `1&b=2`. A payer may type the
/// `attach` of an order, and with it any number of fields; but the genuine fields of the same names
/// remain in the string, and a forger must hide them in the value of another field.
fn check_boundaries(fields: &Fields) -> Result<(), Refusal> {
    if fields.get("out_trade_no").is_some() && fields.get("combine_out_trade_no").is_some() {
        return Err(refused("it has both an out_trade_no and a combine_out_trade_no"));
    }
    for (name, value) in fields.iter() {
        let hidden = match name {
            // A merchant's own data, which may be a query string. It sorts before the fields that every
            // payment has, so it contains one of them in its place only if it was extended to it.
            "attach" => names_in(value)
                .find(|name| ALWAYS_PRESENT.contains(name) && fields.get(name).is_none()),
            // Complete JSON ends where it was signed; the `attach` within may contain anything.
            "sub_order_list" if value.is_empty() || json::<IgnoredAny>(value).is_some() => None,
            "sub_order_list" => return Err(refused("sub_order_list is not JSON")),
            _ => names_in(value).find(|name| is_read(name)),
        };
        if let Some(hidden) = hidden {
            return Err(refused(format!("a value contains another field, {hidden}")));
        }
    }
    Ok(())
}

/// The names of the fields that a value contains after an `&`.
fn names_in(value: &str) -> impl Iterator<Item = &str> {
    value.split('&').skip(1).filter_map(|field| Some(field.split_once('=')?.0))
}

/// Whether the library reads a field of this name from a notification.
fn is_read(name: &str) -> bool {
    READ.contains(&name) || COUPON_FIELDS.iter().any(|prefix| name.starts_with(prefix))
}

fn refused(what: impl Into<String>) -> Refusal {
    Refusal::Malformed(what.into())
}

fn malformed(Malformed(what): Malformed) -> Refusal {
    refused(what)
}

/// The fields that the library reads from a notification of a payment, and the other documented ones.
const READ: [&str; 43] = [
    "appid",
    "attach",
    "bank_type",
    "cash_fee",
    "cash_fee_type",
    "combine_appid",
    "combine_mch_id",
    "combine_openid",
    "combine_out_trade_no",
    "coupon_count",
    "coupon_fee",
    "device_info",
    "err_code",
    "err_code_des",
    "fee_type",
    "is_subscribe",
    "mch_id",
    "nonce_str",
    "openid",
    "out_trade_no",
    "promotion_detail",
    "rate",
    "rate_value",
    "req_info",
    "result_code",
    "result_msg",
    "return_code",
    "return_msg",
    "settlement_total_fee",
    "sign",
    "sign_type",
    "sub_appid",
    "sub_is_subscribe",
    "sub_mch_id",
    "sub_openid",
    "sub_order_list",
    "time_end",
    "total_fee",
    "trade_state",
    "trade_state_desc",
    "trade_type",
    "transaction_id",
    "version",
];

/// Likewise, each with an index.
const COUPON_FIELDS: [&str; 3] = ["coupon_fee_", "coupon_id_", "coupon_type_"];

/// The fields that every notification of a single payment has, and that sort after `attach`
/// ([page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_7)).
const ALWAYS_PRESENT: [&str; 6] =
    ["bank_type", "cash_fee", "mch_id", "nonce_str", "openid", "out_trade_no"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Untrusted;
    use crate::id::{AppId, NotifyUrl, OutTradeNo};
    use crate::money::Fen;
    use crate::pay::{NotPaid, TradeState};
    use crate::v2::HmacSha256Key;
    use crate::v2::combine::SubOrder;
    use crate::v2::pay::Order;
    use crate::v2::refund::Status;
    use crate::v2::signer::tests::{hmac_key, md5_key};
    use crate::v2::signing::message;

    const PAID: [(&str, &str); 23] = [
        ("appid", "wx0000000000000001"),
        ("bank_type", "OTHERS"),
        ("cash_fee", "90"),
        ("coupon_count", "2"),
        ("coupon_fee", "10"),
        ("coupon_fee_0", "4"),
        ("coupon_fee_1", "6"),
        ("coupon_id_0", "10000"),
        ("coupon_id_1", "10001"),
        ("coupon_type_0", "CASH"),
        ("coupon_type_1", "NO_CASH"),
        ("future_field", "x"),
        ("is_subscribe", "N"),
        ("mch_id", "1900000001"),
        ("nonce_str", "n0nce"),
        ("openid", "oTESTOPENID"),
        ("out_trade_no", "T20250101-001"),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("time_end", "20250101090807"),
        ("total_fee", "100"),
        ("trade_type", "JSAPI"),
        ("transaction_id", "4200000000202501010000000001"),
    ];
    const MD5: &str = "106F5CFDAF3CD632350FF3BCC9AC78B7";
    const HMAC: &str = "32283A4273673F9F3A5C898DCA125B46B21FA6B779FF89B6818CA47EE13DC85B";

    fn notification(sign: &str) -> Vec<u8> {
        let mut fields = Fields::default();
        PAID.iter().for_each(|(name, value)| fields.set(name, value));
        fields.set("sign", sign);
        xml::write(&fields).into_bytes()
    }

    /// The notification with some fields changed, signed anew.
    fn signed_with(signer: &dyn Signer, changes: &[(&'static str, &str)]) -> Vec<u8> {
        let mut fields = Fields::default();
        PAID.iter().chain(changes).for_each(|(name, value)| fields.set(name, value));
        fields.set("sign", signer::sign(signer, &fields).unwrap());
        xml::write(&fields).into_bytes()
    }

    fn order() -> Order {
        Order::new(
            AppId::new("wx0000000000000001").unwrap(),
            OutTradeNo::new("T20250101-001").unwrap(),
            "b",
            Fen(100),
            "203.0.113.7".parse().unwrap(),
            NotifyUrl::new("https://shop.example/n").unwrap(),
        )
    }

    #[track_caller]
    fn transaction(notification: Result<Notification, Refusal>) -> pay::Transaction {
        match notification.unwrap() {
            Notification::Transaction(transaction) => *transaction,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paid_notification_proves_payment_with_either_algorithm() {
        let by_hmac = transaction(open(&hmac_key(), &notification(HMAC)));
        let by_md5 = transaction(open(&md5_key(), &notification(MD5)));
        assert_eq!(by_hmac, by_md5);
        for sign in [HMAC, MD5] {
            let either = open_by_length(&hmac_key(), &md5_key(), &notification(sign));
            assert_eq!(transaction(either), by_hmac);
        }
        let coupons = &by_hmac.coupons;
        assert_eq!(coupons.len(), 2);
        assert_eq!(coupons[1].id.as_deref(), Some("10001"));
        assert_eq!(coupons[1].r#type.as_deref(), Some("NO_CASH"));
        assert_eq!((coupons[0].fee, coupons[1].fee), (Some(Fen(4)), Some(Fen(6))));
        assert_eq!((by_hmac.coupon_fee, by_hmac.cash_fee), (Some(Fen(10)), Some(Fen(90))));
        let paid = by_hmac.paid("1900000001", &order()).unwrap();
        assert_eq!(paid.total(), Fen(100));
        assert_eq!(paid.success_time().unix_seconds(), 1_735_693_687);
        assert_eq!(paid.transaction_id().as_str(), "4200000000202501010000000001");
    }

    #[test]
    fn coupons_are_sorted_by_number() {
        let body = signed_with(
            &hmac_key(),
            &[("coupon_fee_10", "1"), ("coupon_id_2", "x"), ("coupon_type", "CASH")],
        );
        let transaction = transaction(open(&hmac_key(), &body));
        let fees: Vec<_> = transaction.coupons.iter().map(|coupon| coupon.fee).collect();
        assert_eq!(fees, [Some(Fen(4)), Some(Fen(6)), None, Some(Fen(1))]);
    }

    #[test]
    fn notification_that_differs_from_order_proves_nothing() {
        let not_paid = |changes: &[(&'static str, &str)]| {
            let body = signed_with(&hmac_key(), changes);
            transaction(open(&hmac_key(), &body)).paid("1900000001", &order()).unwrap_err()
        };
        for (name, value) in [
            ("mch_id", "1900000002"),
            ("appid", "wx0000000000000002"),
            ("out_trade_no", "T20250101-002"),
            ("fee_type", "USD"),
            ("total_fee", "99"),
        ] {
            assert_eq!(not_paid(&[(name, value)]), NotPaid::Differs(name));
        }
        for name in ["total_fee", "transaction_id", "time_end"] {
            assert_eq!(not_paid(&[(name, "")]), NotPaid::Missing(name));
        }
        assert_eq!(not_paid(&[("result_code", "FAIL")]), NotPaid::State(TradeState::PayError));
        assert_eq!(not_paid(&[("mch_id", "")]), NotPaid::Differs("mch_id"));
    }

    /// Both are signed in the same way, and the `result_code` of a query is only about the query.
    #[test]
    fn query_response_posted_as_notification_proves_nothing() {
        for (word, state) in [("REFUND", TradeState::Refund), ("CLOSED", TradeState::Closed)] {
            let body = signed_with(&hmac_key(), &[("trade_state", word)]);
            let posted = transaction(open(&hmac_key(), &body));
            assert_eq!(posted.paid("1900000001", &order()), Err(NotPaid::State(state.clone())));
            let combined = [
                ("combine_out_trade_no", "C20250101-001"),
                ("out_trade_no", ""),
                ("trade_state", word),
            ];
            let body = signed_with(&hmac_key(), &combined);
            let Ok(Notification::Combined(combined)) = open(&hmac_key(), &body) else {
                panic!("not a combined order");
            };
            assert_eq!(combined.trade_state, Some(state));
        }
        let body = signed_with(&hmac_key(), &[("trade_state", "SUCCESS")]);
        let posted = transaction(open(&hmac_key(), &body));
        assert!(posted.paid("1900000001", &order()).is_ok());
    }

    #[test]
    fn notification_signed_with_other_algorithm_or_key_is_refused() {
        use Untrusted::{MissingSign, OtherSignType, WrongSign};
        let refused = |signer: &dyn Signer, body: &[u8]| match open(signer, body).unwrap_err() {
            Refusal::Untrusted(reason) => reason,
            other => panic!("{other}"),
        };
        assert_eq!(refused(&hmac_key(), &notification(MD5)), OtherSignType);
        assert_eq!(refused(&md5_key(), &notification(HMAC)), OtherSignType);
        assert_eq!(refused(&hmac_key(), &notification("")), MissingSign);
        assert_eq!(
            refused(&hmac_key(), &notification(HMAC.strip_prefix('3').unwrap())),
            OtherSignType
        );
        assert_eq!(refused(&hmac_key(), &notification(&HMAC.replace('3', "4"))), WrongSign);
        let other = HmacSha256Key::new("1900000001", "V".repeat(32)).unwrap();
        assert_eq!(refused(&other, &notification(HMAC)), WrongSign);
        let contradicted = signed_with(&hmac_key(), &[("sign_type", "MD5")]);
        assert_eq!(refused(&hmac_key(), &contradicted), OtherSignType);
        let named = signed_with(&hmac_key(), &[("sign_type", "HMAC-SHA256")]);
        assert!(open(&hmac_key(), &named).is_ok());
        // An unknown field is signed too.
        let text = String::from_utf8(notification(HMAC)).unwrap();
        let changed = text.replace("<![CDATA[x]]></future", "<![CDATA[y]]></future");
        assert_eq!(refused(&hmac_key(), changed.as_bytes()), WrongSign);
    }

    /// The signed string escapes nothing, so one sign fits several notifications. The payer typed the
    /// `attach`; `hidden` is the genuine field that begins what the last typed field hides, up to the
    /// field `end`.
    fn cut(typed: &str, hidden: &str, end: &str) -> Result<Notification, Refusal> {
        assert!(typed.chars().count() <= 127, "an order takes it");
        let genuine = signed_with(&hmac_key(), &[("attach", typed), ("total_fee", "1")]);
        let received = transaction(open(&hmac_key(), &genuine));
        assert_eq!(received.attach.as_deref(), Some(typed));
        // The original is genuine, whatever the payer typed.
        assert_eq!(received.paid("1900000001", &order()), Err(NotPaid::Differs("total_fee")));
        let fields = xml::read(&genuine, "xml").unwrap();
        let signed = message(fields.iter());
        let (before, rest) = signed.rsplit_once(&format!("&{hidden}=")).unwrap();
        let (rest, after) = rest.rsplit_once(&format!("&{end}=")).unwrap();
        let mut forged = Fields::default();
        for field in before.split('&') {
            let (name, value) = field.split_once('=').unwrap();
            let value = if format!("{before}&").ends_with(&format!("&{field}&")) {
                format!("{value}&{hidden}={rest}")
            } else {
                value.to_owned()
            };
            forged.insert(name, &value).unwrap();
        }
        for field in format!("{end}={after}").split('&') {
            let (name, value) = field.split_once('=').unwrap();
            forged.insert(name, value).unwrap();
        }
        assert_eq!(message(forged.iter()), signed);
        forged.set("sign", fields.text("sign").unwrap());
        open(&hmac_key(), xml::write(&forged).as_bytes())
    }

    #[test]
    fn notification_split_into_other_fields_is_refused() {
        let order = "x&mch_id=1900000001&out_trade_no=order-2&result_code=SUCCESS\
                     &return_code=SUCCESS&time_end=20250101090807&total_fee=99999&tr=";
        let payer = "x&bank_type=ICBC&cash_fee=0&mch_id=1900000001&openid=oVICTIM&oq=";
        let list = "x&bank_type=A&cash_fee=0&mch_id=1900000001&out_trade_no=order-2\
                    &result_code=SUCCESS&return_code=SUCCESS&sub_order_list=";
        for (typed, hidden, end, expected) in [
            (order, "bank_type", "transaction_id", "a value contains another field, bank_type"),
            (payer, "bank_type", "out_trade_no", "a value contains another field, bank_type"),
            (list, "bank_type", "time_end", "sub_order_list is not JSON"),
            // Nothing but the rest of the attach.
            ("uid=5", "bank_type", "out_trade_no", "a value contains another field, bank_type"),
        ] {
            assert_eq!(
                cut(typed, hidden, end),
                Err(Refusal::Malformed(expected.into())),
                "{typed}"
            );
        }
    }

    #[test]
    fn attach_that_is_a_query_string_is_accepted() {
        for attach in [
            "uid=5&openid=oOTHER&out_trade_no=1",
            "a&b",
            "&bank_type=",
            "x&device_info=1&fee_type=9",
        ] {
            let body = signed_with(&hmac_key(), &[("attach", attach)]);
            let received = transaction(open(&hmac_key(), &body));
            assert_eq!(received.attach.as_deref(), Some(attach));
            assert!(received.paid("1900000001", &order()).is_ok());
        }
    }

    #[test]
    fn notification_of_two_kinds_is_refused() {
        let body = signed_with(&hmac_key(), &[("combine_out_trade_no", "C20250101-001")]);
        let refusal = open(&hmac_key(), &body).unwrap_err();
        assert!(refusal.to_string().contains("both an out_trade_no and a combine_out_trade_no"));
    }

    /// A field that is read must not be hidden, so each must be listed.
    #[test]
    fn every_field_that_is_read_is_listed() {
        let sources = [
            include_str!("notify.rs").split("mod tests").next().unwrap(),
            include_str!("pay/transaction.rs"),
            include_str!("combine/transaction.rs"),
        ];
        let mut found = 0;
        for source in sources {
            for call in ["get", "text", "optional", "required"] {
                for rest in source.split(&format!("fields.{call}(\"")).skip(1) {
                    let name = rest.split('"').next().unwrap();
                    assert!(is_read(name), "{name}");
                    found += 1;
                }
            }
        }
        assert!(found > 30, "{found}");
    }

    #[test]
    fn flipped_bit_never_changes_an_accepted_notification() {
        let (signer, body) = (hmac_key(), notification(HMAC));
        let good = open(&signer, &body).unwrap();
        for position in 0..body.len() {
            for bit in 0..8 {
                let mut flipped = body.clone();
                flipped[position] ^= 1 << bit;
                // A digit of the sign may be of either case.
                let same =
                    open(&signer, &flipped).map_or(true, |notification| notification == good);
                assert!(same, "bit {bit} of byte {position}");
            }
        }
    }

    /// WxJava #1890: a notification without `return_code` and `sign` passed.
    #[test]
    fn notification_without_return_code_or_sign_is_refused() {
        for xml in [
            "<xml><result_code>SUCCESS</result_code><out_trade_no>T20250101-001</out_trade_no></xml>",
            "<xml><return_code>FAIL</return_code><return_msg>x</return_msg></xml>",
            "<xml></xml>",
            "",
        ] {
            let refusal = open(&hmac_key(), xml.as_bytes()).unwrap_err();
            assert!(matches!(refusal, Refusal::Malformed(_)), "{xml}");
        }
        let long = vec![b' '; xml::SIZE_LIMIT + 1];
        assert_eq!(open(&hmac_key(), &long), Err(Refusal::TooLarge));
        let xxe = "<!DOCTYPE x [<!ENTITY k SYSTEM \"file:///etc/passwd\">]><xml><a>&k;</a></xml>";
        assert!(matches!(open(&hmac_key(), xxe.as_bytes()), Err(Refusal::Malformed(_))));
    }

    #[test]
    fn malformed_field_is_an_error_and_not_none() {
        for (name, value, what) in [
            ("total_fee", "1.00", "total_fee is malformed"),
            ("total_fee", "+1", "total_fee is malformed"),
            ("total_fee", "9223372036854775808", "total_fee is malformed"),
            ("time_end", "2025-01-01 09:08:07", "time_end is malformed"),
            ("out_trade_no", "", "out_trade_no is missing"),
            ("result_code", "MAYBE", "result_code is missing or unknown"),
        ] {
            let refusal = open(&hmac_key(), &signed_with(&hmac_key(), &[(name, value)]));
            assert_eq!(refusal, Err(Refusal::Malformed(what.to_owned())));
        }
    }

    fn combined(list: &str) -> combine::Transaction {
        let mut fields = Fields::default();
        for (name, value) in [
            ("return_code", "SUCCESS"),
            ("result_code", "SUCCESS"),
            ("combine_appid", "wx0000000000000001"),
            ("combine_mch_id", "1900000001"),
            ("combine_out_trade_no", "C20250101-001"),
            ("sign_type", "HMAC-SHA256"),
            ("sub_order_list", list),
        ] {
            fields.set(name, value);
        }
        fields.set("sign", signer::sign(&hmac_key(), &fields).unwrap());
        match open(&hmac_key(), xml::write(&fields).as_bytes()).unwrap() {
            Notification::Combined(transaction) => *transaction,
            other => panic!("{other:?}"),
        }
    }

    fn combined_order() -> combine::Order {
        let appid = AppId::new("wx0000000000000001").unwrap();
        let number = |text| OutTradeNo::new(text).unwrap();
        let sub = |mch_id, text, fen| {
            SubOrder::new(appid.clone(), mch_id, number(text), "b", Fen(fen), "a")
        };
        combine::Order::new(
            appid.clone(),
            number("C20250101-001"),
            vec![sub("1900000002", "part-1", 10), sub("1900000003", "part-2", 20)],
            "203.0.113.7".parse().unwrap(),
            NotifyUrl::new("https://shop.example/n").unwrap(),
        )
    }

    #[test]
    fn combined_notification_proves_each_sub_order() {
        let part = |mch_id: &str, number: &str, fee: u64, id: &str| {
            format!(
                r#"{{"appid":"wx0000000000000001","mch_id":"{mch_id}","openid":"o1",
                "total_fee":{fee},"cash_fee":{fee},"transaction_id":"{id}",
                "out_trade_no":"{number}","time_end":"20250101090807","new":1}}"#
            )
        };
        let (one, two) =
            (part("1900000002", "part-1", 10, "41"), part("1900000003", "part-2", 20, "42"));
        let list = |parts: &str| format!(r#"{{"order_num":2,"order_list":[{parts}]}}"#);
        let paid = |json: &str| combined(json).paid("1900000001", &combined_order());
        for json in [list(&format!("{two},{one}")), format!("[{one},{two}]")] {
            let paid = paid(&json).unwrap();
            let ids: Vec<_> = paid.iter().map(|paid| paid.transaction_id().as_str()).collect();
            assert_eq!(ids, ["41", "42"]);
        }
        let with_v3_names = two
            .replace("mch_id", "mchid")
            .replace(r#""total_fee":20"#, r#""amount":{"total_amount":20,"currency":"CNY"}"#);
        assert!(paid(&list(&format!("{one},{with_v3_names}"))).is_ok());
        // A member that proves nothing hides no payment.
        let odd = two.replace(r#""cash_fee":20"#, r#""cash_fee":"20""#).replace("o1", "订");
        assert!(paid(&list(&format!("{one},{odd}"))).is_ok());

        assert_eq!(paid(""), Err(NotPaid::Missing("sub_order_list")));
        assert_eq!(paid("{}"), Err(NotPaid::Missing("sub_order_list")));
        assert_eq!(paid(&list(&one)), Err(NotPaid::Differs("the number of sub-orders")));
        for (two, reason) in [
            (two.replace("20,", "19,"), NotPaid::Differs("total_fee")),
            (two.replace("wx0000000000000001", "wx2"), NotPaid::Differs("appid")),
            (two.replace("1900000003", "1900000002"), NotPaid::Missing("the sub-order")),
            (two.replace("20250101090807", ""), NotPaid::Missing("time_end")),
            (two.replace("\"42\"", "\"\""), NotPaid::Missing("transaction_id")),
            (two.replace("\"new\"", "\"fee_type\":\"USD\",\"new\""), NotPaid::Differs("fee_type")),
        ] {
            let out_trade_no = OutTradeNo::new("part-2").unwrap();
            let expected = NotPaid::SubOrder { out_trade_no, reason: Box::new(reason) };
            assert_eq!(paid(&list(&format!("{one},{two}"))), Err(expected));
        }
        let transaction = combined(&list(&format!("{one},{two}")));
        let other = transaction.paid("1900000009", &combined_order());
        assert_eq!(other, Err(NotPaid::Differs("combine_mch_id")));
        assert_eq!(transaction.sub_orders().unwrap()[0].cash_fee, Some(Fen(10)));
    }

    #[test]
    fn published_refund_notification_opens_with_its_key_only() {
        let body = |mch_id: &str, req_info: &str| {
            format!(
                "<xml><return_code>SUCCESS</return_code><appid>wx1</appid>\
                 <mch_id>{mch_id}</mch_id><nonce_str>n</nonce_str>\
                 <req_info><![CDATA[{req_info}]]></req_info></xml>"
            )
            .into_bytes()
        };
        let published = include_str!("req_info.txt").trim();
        let key = HmacSha256Key::new("1900000001", "ziR0QKsTUfMOuochC9RfCdmfHECorQAP").unwrap();
        let Notification::Refund(refund) = open(&key, &body("1900000001", published)).unwrap()
        else {
            panic!("not a refund");
        };
        assert_eq!(refund.out_trade_no.as_str(), "4893e76d8c8b434cb64e9cd536338e33");
        assert_eq!(refund.transaction_id.as_str(), "4200000015201711256947025404");
        assert_eq!(refund.refund_request_source.as_deref(), Some("API"));
        let state = &refund.refund;
        assert_eq!((state.refund_fee, refund.total_fee), (Fen(6), Fen(6)));
        assert_eq!(state.refund_status, Status::Success);
        assert_eq!(state.refund_recv_account.as_deref(), Some("支付用户零钱"));
        let time = state.success_time.unwrap().to_string();
        assert_eq!(time, "2017-11-25T15:36:17+08:00");

        assert_eq!(open(&hmac_key(), &body("1900000001", published)), Err(Refusal::Undecryptable));
        assert!(matches!(open(&key, &body("19", published)), Err(Refusal::Malformed(_))));
        for wrong in ["AAAA", published.strip_suffix("Pw==").unwrap()] {
            let refusal = open(&key, &body("1900000001", wrong)).unwrap_err();
            assert_eq!(refusal, Refusal::Undecryptable, "{wrong}");
        }
        // Damaged in transit; a wrong key is another error.
        for damaged in ["!", published.strip_suffix("=").unwrap()] {
            let refusal = open(&key, &body("1900000001", damaged)).unwrap_err();
            assert_eq!(refusal, Refusal::Malformed("req_info is not Base64".into()), "{damaged}");
        }
        // Without one block it decrypts, but is no message.
        let (_, cut) = published.split_at(64);
        assert!(open(&key, &body("1900000001", cut)).is_err());
    }

    #[test]
    fn accepted_and_refused_are_the_documented_xml() {
        assert_eq!(
            ACCEPTED,
            "<xml><return_code><![CDATA[SUCCESS]]></return_code>\
             <return_msg><![CDATA[OK]]></return_msg></xml>"
        );
        assert_eq!(xml::read(REFUSED.as_bytes(), "xml").unwrap().get("return_code"), Some("FAIL"));
    }
}
