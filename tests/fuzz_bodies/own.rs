//! The targets of the caller's own orders: whatever is read is sent as it was read.

use std::fmt::Debug;

use wechatpay::pay::{self, Order};
use wechatpay::refund::{self, Refund};
use wechatpay::{Error, Gateway, Partner, Signer, SubMerchant, combine};

use super::{Pen, Wire, nothing_sent};

/// JSON, as the body of every kind of order and of a refund, of a merchant and of a partner.
pub(crate) fn own_json(data: &[u8]) -> bool {
    let mut sub_merchant = SubMerchant::new("1900000109").unwrap();
    sub_merchant.appid = Some("wxd678efh567hg6787".try_into().unwrap());
    let partner = Partner::new(&Pen, sub_merchant);
    let signers: [&dyn Signer; 2] = [&Pen, &partner];
    let took = signers.map(|signer| {
        let read = |json: &[u8]| Order::from_json(signer, json);
        let single = same(data, read, |gateway, order| pay::app::prepay(signer, gateway, order));
        let read = |json: &[u8]| pay::jsapi::from_json(signer, json);
        let jsapi = same(data, read, |gateway, (order, payer)| {
            pay::jsapi::prepay(signer, gateway, order, payer)
        });
        let read = |json: &[u8]| pay::h5::from_json(signer, json);
        let h5 = same(data, read, |gateway, (order, scene)| {
            pay::h5::prepay(signer, gateway, order, scene)
        });
        let read = |json: &[u8]| combine::Order::from_json(signer, json);
        let combined =
            same(data, read, |gateway, order| combine::app::prepay(signer, gateway, order));
        let read = |json: &[u8]| combine::jsapi::from_json(signer, json);
        let combined_jsapi = same(data, read, |gateway, (order, payer)| {
            combine::jsapi::prepay(signer, gateway, order, payer)
        });
        let read = |json: &[u8]| combine::h5::from_json(signer, json);
        let combined_h5 = same(data, read, |gateway, (order, scene)| {
            combine::h5::prepay(signer, gateway, order, scene)
        });
        let read = |json: &[u8]| Refund::from_json(signer, json);
        let refund = same(data, read, |gateway, refund| refund::apply(signer, gateway, refund));
        [single, jsapi, h5, combined, combined_jsapi, combined_h5, refund].contains(&true)
    });
    took.contains(&true)
}

/// Reads a request, sends it to a transport without responses, and reads the sent body again.
fn same<T: Debug + PartialEq, A: Debug>(
    data: &[u8],
    read: impl Fn(&[u8]) -> Result<T, Error>,
    send: impl Fn(&Gateway, &T) -> Result<A, Error>,
) -> bool {
    let Some(order) = accepted(read(data)) else { return false };
    let wire = Wire::dead();
    sent(send(&wire.gateway(), &order));
    for sent in wire.sent() {
        assert_eq!(read(&sent.body).as_ref(), Ok(&order));
    }
    true
}

/// The transport returns no response, so every call ends in an error.
pub(super) fn sent<A: Debug>(response: Result<A, Error>) {
    response.unwrap_err();
}

/// The request that was read. An error must have no control characters.
pub(super) fn accepted<T>(read: Result<T, Error>) -> Option<T> {
    read.map_err(|error| {
        let error = nothing_sent(&error).to_string();
        assert!(!error.contains(char::is_control), "{error:?}");
    })
    .ok()
}
