//! What kind of call an error belongs to, which decides what the error means.

/// The kind of a call: its protocol, what it is about, and whether it can change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallContext {
    pub(super) protocol: Protocol,
    pub(super) subject: Subject,
    pub(super) effect: Effect,
}

/// The protocol, each with its own error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    V3,
    #[cfg(feature = "v2")]
    V2,
}

/// What the call is about. A product whose errors have rules of their own gets a subject here, its
/// path below, and its rows in the table of [`outcome`](super::outcome).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Order,
    /// A payment at the till, whose request must never be sent twice.
    Micropay,
    Refund,
    Split,
    Unfreeze,
    Return,
    Transfer,
    Other,
}

/// Whether the call can change anything at WeChat Pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Read,
    Write,
}

impl CallContext {
    /// The download of a file.
    pub(crate) const DOWNLOAD: Self =
        Self { protocol: Protocol::V3, subject: Subject::Other, effect: Effect::Read };

    /// A call of APIv3. The path tells the subject, and the method tells the effect.
    pub(crate) fn v3(method: &str, path: &str) -> Self {
        let known = V3_SUBJECTS.iter().find(|(prefix, _)| path.starts_with(prefix));
        Self {
            protocol: Protocol::V3,
            subject: known.map_or(Subject::Other, |(_, subject)| *subject),
            effect: if method == "GET" { Effect::Read } else { Effect::Write },
        }
    }

    /// A call of APIv2, whose method is always `POST`. A path that is not listed is a write.
    #[cfg(feature = "v2")]
    pub(crate) fn v2(path: &str) -> Self {
        let known = V2_CALLS.iter().find(|(known, ..)| path == *known);
        let (subject, effect) = known
            .map_or((Subject::Other, Effect::Write), |(_, subject, effect)| (*subject, *effect));
        Self { protocol: Protocol::V2, subject, effect }
    }

    pub(super) fn subject(self) -> &'static str {
        self.subject.name()
    }

    pub(super) fn is_refund(self) -> bool {
        self.subject == Subject::Refund
    }

    /// Whether its request must not be sent again, not even the same one.
    pub(super) fn is_single_attempt(self) -> bool {
        self.subject == Subject::Micropay
    }

    pub(super) fn is_read(self) -> bool {
        self.effect == Effect::Read
    }

    /// Whether it changes what has a number of the merchant's, so that a query shows what became of it.
    pub(super) fn has_number(self) -> bool {
        self.subject != Subject::Other && !self.is_read()
    }
}

impl Subject {
    /// The subject as error texts name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Order | Self::Micropay => "order",
            Self::Refund => "refund",
            Self::Split => "split",
            Self::Unfreeze => "unfreeze request",
            Self::Return => "return",
            Self::Transfer => "transfer",
            Self::Other => "request",
        }
    }
}

const V3_SUBJECTS: [(&str, Subject); 11] = [
    // Longer paths come before the paths that they begin with.
    ("/v3/pay/transactions/codepay", Subject::Micropay),
    ("/v3/pay/partner/transactions/codepay", Subject::Micropay),
    ("/v3/pay/transactions/", Subject::Order),
    ("/v3/pay/partner/transactions/", Subject::Order),
    ("/v3/combine-transactions/", Subject::Order),
    ("/v3/refund/", Subject::Refund),
    ("/v3/profitsharing/orders/unfreeze", Subject::Unfreeze),
    ("/v3/profitsharing/orders", Subject::Split),
    ("/v3/profitsharing/transactions/", Subject::Split),
    ("/v3/profitsharing/return-orders", Subject::Return),
    ("/v3/fund-app/mch-transfer/transfer-bills", Subject::Transfer),
];

#[cfg(feature = "v2")]
const V2_CALLS: [(&str, Subject, Effect); 10] = [
    ("/pay/micropay", Subject::Micropay, Effect::Write),
    ("/secapi/pay/reverse", Subject::Order, Effect::Write),
    ("/pay/unifiedorder", Subject::Order, Effect::Write),
    ("/pay/orderquery", Subject::Order, Effect::Read),
    ("/pay/closeorder", Subject::Order, Effect::Write),
    ("/pay/combinedorder", Subject::Order, Effect::Write),
    ("/pay/querycombinedorder", Subject::Order, Effect::Read),
    ("/pay/closecombinedorder", Subject::Order, Effect::Write),
    ("/secapi/pay/refund", Subject::Refund, Effect::Write),
    ("/pay/refundquery", Subject::Refund, Effect::Read),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_of_v3_is_known_by_method_and_path() {
        for (method, path, subject, effect) in [
            ("POST", "/v3/pay/transactions/app", Subject::Order, Effect::Write),
            ("POST", "/v3/pay/partner/transactions/h5", Subject::Order, Effect::Write),
            ("GET", "/v3/pay/transactions/id/42?mchid=1", Subject::Order, Effect::Read),
            ("POST", "/v3/pay/transactions/codepay", Subject::Micropay, Effect::Write),
            ("POST", "/v3/pay/partner/transactions/codepay", Subject::Micropay, Effect::Write),
            ("POST", "/v3/combine-transactions/jsapi", Subject::Order, Effect::Write),
            ("POST", "/v3/refund/domestic/refunds", Subject::Refund, Effect::Write),
            ("GET", "/v3/refund/domestic/refunds/1", Subject::Refund, Effect::Read),
            ("POST", "/v3/profitsharing/orders", Subject::Split, Effect::Write),
            ("GET", "/v3/profitsharing/orders/P1?transaction_id=4", Subject::Split, Effect::Read),
            ("POST", "/v3/profitsharing/orders/unfreeze", Subject::Unfreeze, Effect::Write),
            ("GET", "/v3/profitsharing/transactions/4/amounts", Subject::Split, Effect::Read),
            ("POST", "/v3/profitsharing/return-orders", Subject::Return, Effect::Write),
            ("POST", "/v3/profitsharing/receivers/add", Subject::Other, Effect::Write),
            ("POST", "/v3/fund-app/mch-transfer/transfer-bills", Subject::Transfer, Effect::Write),
            (
                "POST",
                "/v3/fund-app/mch-transfer/elecsign/out-bill-no",
                Subject::Other,
                Effect::Write,
            ),
            ("GET", "/v3/certificates", Subject::Other, Effect::Read),
            ("DELETE", "/v3/refunds", Subject::Other, Effect::Write),
        ] {
            let call = CallContext::v3(method, path);
            assert_eq!((call.protocol, call.subject), (Protocol::V3, subject), "{path}");
            assert_eq!(call.effect, effect, "{method} {path}");
        }
    }

    #[cfg(feature = "v2")]
    #[test]
    fn call_of_v2_is_a_write_unless_listed() {
        let refund = CallContext::v2("/pay/refundquery");
        assert_eq!((refund.subject, refund.is_read()), (Subject::Refund, true));
        let unknown = CallContext::v2("/pay/orderquery/x");
        assert_eq!((unknown.subject, unknown.is_read()), (Subject::Other, false));
    }
}
