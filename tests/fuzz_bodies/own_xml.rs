//! The target of the caller's own orders in XML.

use wechatpay::v2::{self, AnyTrade};

use super::Wire;
use super::own::{accepted, sent};
use super::v2::{HMAC, gateway};

/// XML, as the body of a single and of a combined order.
pub(crate) fn own_xml(data: &[u8]) -> bool {
    let wire = Wire::dead();
    let single = accepted(v2::pay::Order::from_xml(&*HMAC, data)).is_some_and(|(order, trade)| {
        let place = |gateway: &v2::Gateway| match &trade {
            AnyTrade::App(kind) => v2::pay::prepay(&*HMAC, gateway, &order, kind).map(drop),
            AnyTrade::Jsapi(kind) => v2::pay::prepay(&*HMAC, gateway, &order, kind).map(drop),
            AnyTrade::Native(kind) => v2::pay::prepay(&*HMAC, gateway, &order, kind).map(drop),
            AnyTrade::H5(kind) => v2::pay::prepay(&*HMAC, gateway, &order, kind).map(drop),
        };
        sent(place(&gateway(&wire)));
        for sent in wire.sent() {
            let again = v2::pay::Order::from_xml(&*HMAC, &sent.body).unwrap();
            assert_eq!(again, (order.clone(), trade.clone()));
        }
        true
    });
    let wire = Wire::dead();
    let combined =
        accepted(v2::combine::Order::from_xml(&*HMAC, data)).is_some_and(|(order, trade)| {
            if let AnyTrade::Jsapi(kind) = &trade {
                sent(v2::combine::prepay(&*HMAC, &gateway(&wire), &order, kind));
            }
            for sent in wire.sent() {
                let again = v2::combine::Order::from_xml(&*HMAC, &sent.body).unwrap();
                assert_eq!(again, (order.clone(), trade.clone()));
            }
            true
        });
    single || combined
}
