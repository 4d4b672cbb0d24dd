//! 交易类型: where an order is paid, and what its merchant gets for it.

use serde_json::{Value, json};

use super::calendar::Beijing;
use super::unique_ids::UniqueIds;

/// 交易类型 (trade_type).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TradeType {
    App,
    Jsapi,
    Native,
    H5,
}

/// The token that the merchant gets for an order: new at every call, and good for one purpose only.
pub(super) struct PaymentToken {
    /// The text that opens the order at the cashier: the prepay_id, the code_url, or the path and query of
    /// the h5_url.
    pub(super) text: String,
    /// The body of the response to the merchant.
    pub(super) body: Value,
}

impl TradeType {
    /// In queries and notifications, where H5 has its old name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::App => "APP",
            Self::Jsapi => "JSAPI",
            Self::Native => "NATIVE",
            Self::H5 => "MWEB",
        }
    }

    /// How long the token can be paid with, in seconds.
    pub(super) fn token_life(self) -> i64 {
        match self {
            Self::App | Self::Jsapi | Self::Native => TWO_HOURS,
            Self::H5 => FIVE_MINUTES,
        }
    }

    pub(super) fn payment_token(
        self,
        now: i64,
        base_url: &str,
        ids: &mut UniqueIds,
    ) -> PaymentToken {
        let prepay_id = prepay_id(now, ids);
        match self {
            Self::App | Self::Jsapi => {
                PaymentToken { body: json!({ "prepay_id": prepay_id }), text: prepay_id }
            }
            Self::Native => {
                let code_url = format!("weixin://wxpay/bizpayurl?pr={}", ids.digits(9));
                PaymentToken { body: json!({ "code_url": code_url }), text: code_url }
            }
            Self::H5 => {
                let path = format!("/h5?prepay_id={prepay_id}&package={}", ids.decimals(10));
                let body = json!({ "h5_url": format!("{base_url}{path}") });
                PaymentToken { body, text: path }
            }
        }
    }
}

/// `wx`, the moment in Beijing, hex digits: 36 characters.
fn prepay_id(now: i64, ids: &mut UniqueIds) -> String {
    let moment = Beijing::at(now).digits();
    let hex = ids.digits(PREPAY_ID.saturating_sub("wx".len()).saturating_sub(moment.len()));
    format!("wx{moment}{hex}")
}

/// prepay_id (merchant/4013070347) and code_url (merchant/4012791877).
pub(super) const TWO_HOURS: i64 = 2 * 60 * 60;
/// h5_url (merchant/4012791834).
pub(super) const FIVE_MINUTES: i64 = 5 * 60;
/// The length of the documents' sample.
const PREPAY_ID: usize = 36;

#[cfg(test)]
mod tests {
    use super::super::authorization_header::tests::NOW;
    use super::*;

    #[test]
    fn payment_tokens_look_like_the_documents() {
        let mut ids = UniqueIds::new([0; 32]);
        let prepay_id = prepay_id(NOW, &mut ids);
        assert_eq!(prepay_id.len(), "wx201410272009395522657a690389285100".len());
        assert!(prepay_id.starts_with("wx20190402203420"), "{prepay_id}");

        let token = TradeType::Native.payment_token(NOW, "https://127.0.0.1:1", &mut ids);
        let code_url = token.body["code_url"].as_str().unwrap();
        assert!(code_url.starts_with("weixin://wxpay/bizpayurl?pr=") && code_url.len() <= 64);
        let token = TradeType::H5.payment_token(NOW, "https://127.0.0.1:1", &mut ids);
        let h5_url = token.body["h5_url"].as_str().unwrap();
        assert!(h5_url.starts_with("https://127.0.0.1:1/h5?prepay_id=wx"), "{h5_url}");
    }

    #[test]
    fn clock_may_show_anything() {
        for now in [i64::MIN, i64::MAX] {
            assert_eq!(prepay_id(now, &mut UniqueIds::new([0; 32])).len(), PREPAY_ID);
        }
    }
}
