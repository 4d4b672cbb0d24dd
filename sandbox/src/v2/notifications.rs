//! 支付结果通知, 退款结果通知: what notifications of APIv2 contain.

use aes::Aes256;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::unique_ids::UniqueIds;
use super::fields::{fields_of, merged, text};
use super::order::Order;
use super::order_book::{OrderBook, own};
use super::refund::Refund;
use super::{refunds, sign, xml};

/// A notification that is to be sent.
pub(super) struct Message {
    pub(super) notify_url: String,
    pub(super) body: Vec<u8>,
}

/// 支付结果通知 of a paid order, single or combined.
pub(super) fn of_payment(orders: &OrderBook, number: &str, ids: &mut UniqueIds) -> Option<Message> {
    let key = own(number);
    let (parameters, content, sign_type) = match orders.combined.get(&key) {
        Some(combined) => {
            let more = [("result_msg", "OK"), ("sign_type", "HMAC-SHA256")];
            let content = merged(orders.describe_combined(combined), &more);
            (&combined.parameters, content, "HMAC-SHA256")
        }
        None => {
            let order = orders.single(&key)?;
            let parties = ["appid", "mch_id"].map(|name| (name, text(&order.parameters, name)));
            let content = merged(order.describe_payment(order.payment.as_ref()?), &parties);
            // By the algorithm of the order, which the notification does not name.
            (&order.parameters, content, order.sign_type.as_str())
        }
    };
    let more =
        [("return_code", "SUCCESS"), ("result_code", "SUCCESS"), ("nonce_str", &*ids.digits(32))];
    let content = merged(content, &more);
    let sign = sign::sign(sign_type, &content).unwrap_or_default();
    let body = xml::write("xml", &merged(content, &[("sign", &sign)]));
    Some(Message { notify_url: text(parameters, "notify_url").to_owned(), body })
}

/// 退款结果通知: its content is encrypted, and it has no signature.
pub(super) fn of_refund(order: &Order, refund: &Refund, ids: &mut UniqueIds) -> Message {
    let req_info = encrypted(&xml::write("root", &refunds::describe(order, refund)));
    let content = fields_of(&[
        ("return_code", "SUCCESS"),
        ("appid", text(&order.parameters, "appid")),
        ("mch_id", text(&order.parameters, "mch_id")),
        ("nonce_str", &ids.digits(32)),
        ("req_info", &req_info),
    ]);
    let notify_url = refund.notify_url().unwrap_or_else(|| text(&order.parameters, "notify_url"));
    Message { notify_url: notify_url.to_owned(), body: xml::write("xml", &content) }
}

/// AES-256-ECB with PKCS#7, in Base64.
fn encrypted(text: &[u8]) -> String {
    let Ok(cipher) = Aes256::new_from_slice(sign::notification_key().as_bytes()) else {
        return String::new();
    };
    let (whole, rest) = Array::slice_as_chunks(text);
    let padding = 16_usize.saturating_sub(rest.len());
    let mut last = [u8::try_from(padding).unwrap_or_default(); 16];
    last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
    let mut sealed = Vec::new();
    for block in whole.iter().copied().chain([Array::from(last)]) {
        let mut block = block;
        cipher.encrypt_block(&mut block);
        sealed.extend_from_slice(&block);
    }
    STANDARD.encode(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refund_notification_is_encrypted_as_by_openssl() {
        // `openssl enc -aes-256-ecb` under the hexadecimal MD5 of the sandbox's key.
        assert_eq!(sign::notification_key(), "f5c055e657fc0cc899bb360e5b0667ba");
        assert_eq!(encrypted(b"<root></root>"), "ISUIiv66Z7CUk+/XyN615A==");
        assert_eq!(encrypted(&[b'x'; 16]), "Ja30twVsqK2nQ7Qw9uexhLa4BuAY5YwCHr9gYIV7XJs=");
    }
}
