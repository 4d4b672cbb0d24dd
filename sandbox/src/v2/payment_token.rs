//! What a merchant gets for an order: a prepay_id, a code_url or an mweb_url.

use super::super::calendar::Beijing;
use super::super::placed_orders::OrderId;
use super::context::Context;
use super::fields::{Fields, fields_of};

/// What the merchant gets for an order: new at every call.
pub(super) fn payment_token(trade_type: &str, id: OrderId, context: &mut Context<'_>) -> Fields {
    let moment = Beijing::at(context.now).digits();
    let prepay_id = format!("wx{moment}{}", context.ids.digits(20));
    let mut output = fields_of(&[("trade_type", trade_type), ("prepay_id", &prepay_id)]);
    let name = match trade_type {
        "NATIVE" => {
            let code_url = format!("weixin://wxpay/bizpayurl?pr={}", context.ids.digits(9));
            output.insert("code_url".to_owned(), code_url.clone());
            code_url
        }
        "MWEB" => {
            let package = context.ids.decimals(10);
            let path = format!("/h5?prepay_id={prepay_id}&package={package}");
            output.insert("mweb_url".to_owned(), format!("{}{path}", context.base_url));
            path
        }
        _ => prepay_id,
    };
    context.placed_orders.add(&name, id, context.now);
    output
}
