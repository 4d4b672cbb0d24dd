//! The sandbox's keys as they change, and sandboxes side by side.

use std::collections::BTreeSet;
use std::thread;

use wechatpay::notify;
use wechatpay::pay::app;
use wechatpay::{
    ApiV3Key, Error, ErrorKind, Gateway, HttpOptions, PlatformKeys, Proxy, Time, Untrusted,
    UreqTransport, certificates,
};
use wechatpay_sandbox::{Fault, KeyMode, OrderError, Sandbox};

use crate::support::{order, start};

fn public_key(sandbox: &Sandbox) -> PlatformKeys {
    PlatformKeys::from_pem(sandbox.public_key_id(), sandbox.public_key_pem()).unwrap()
}

fn certificate(pem: &str) -> PlatformKeys {
    PlatformKeys::none().with_certificate(pem).unwrap()
}

/// The way to the sandbox of a merchant who holds these keys.
fn gateway(sandbox: &Sandbox, keys: &PlatformKeys) -> Gateway {
    let mut options = HttpOptions::default();
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    options.proxy = Proxy::Direct;
    let transport = UreqTransport::new(&options).unwrap();
    Gateway::at(sandbox.base_url(), keys.clone(), transport).unwrap()
}

/// A call of this merchant, always the same.
fn call(sandbox: &Sandbox, keys: &PlatformKeys) -> Result<(), Error> {
    let order = order(sandbox, "keys-1");
    app::prepay(sandbox.signer(), &gateway(sandbox, keys), &order).map(drop)
}

/// Whether the merchant names a key that the platform does not use any more or yet, so that the
/// response is signed with another one.
fn is_unknown(sandbox: &Sandbox, keys: &PlatformKeys) -> bool {
    let error = call(sandbox, keys).unwrap_err();
    matches!(
        error.kind(),
        ErrorKind::Untrusted { status: 400, reason: Untrusted::UnknownSerial(_), .. }
    )
}

/// Whose signature is on so many notifications.
fn notifications(sandbox: &Sandbox, count: usize) -> BTreeSet<Vec<u8>> {
    let mut serials = BTreeSet::new();
    for number in 0..count {
        let order = order(sandbox, &format!("keys-notification-{number}"));
        app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
        sandbox.pay(order.out_trade_no.as_str()).unwrap();
        for notification in sandbox.take_notifications() {
            let serial = notification.headers.iter().find(|(name, _)| name == "Wechatpay-Serial");
            serials.insert(serial.unwrap().1.clone());
        }
    }
    serials
}

#[test]
fn merchant_changing_to_the_public_key_needs_both_keys() {
    let sandbox = start();
    let (new, old) = (public_key(&sandbox), certificate(sandbox.platform_certificate_pem()));
    sandbox.set_key_mode(KeyMode::Certificate);
    call(&sandbox, &old).unwrap();
    assert!(is_unknown(&sandbox, &new));
    sandbox.set_key_mode(KeyMode::Mixed);
    call(&sandbox, &old).unwrap();
    call(&sandbox, &new).unwrap();
    let serials = notifications(&sandbox, 2);
    let by_key = sandbox.public_key_id().as_bytes().to_vec();
    let by_certificate = sandbox.platform_certificate_serial_no().as_bytes().to_vec();
    assert_eq!(serials, BTreeSet::from([by_key, by_certificate]));
    sandbox.set_key_mode(KeyMode::PublicKey);
    call(&sandbox, &new).unwrap();
    assert!(is_unknown(&sandbox, &old));
}

#[test]
fn platform_certificate_is_announced_used_and_retired() {
    let sandbox = start();
    sandbox.set_key_mode(KeyMode::Certificate);
    let old = certificate(sandbox.platform_certificate_pem());
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let shown = || {
        let gateway = gateway(&sandbox, &old);
        certificates::list(sandbox.signer(), &gateway, &key).unwrap().len()
    };
    assert_eq!(shown(), 1);
    let next = certificate(&sandbox.announce_platform_certificate().unwrap());
    assert_eq!(shown(), 2);
    call(&sandbox, &old).unwrap();
    assert!(is_unknown(&sandbox, &next));

    let pem = sandbox.rotate_platform_certificate().unwrap();
    call(&sandbox, &old).unwrap();
    call(&sandbox, &certificate(&pem)).unwrap();
    call(&sandbox, &next).unwrap();
    sandbox.retire_platform_certificates();
    assert!(is_unknown(&sandbox, &old));
    call(&sandbox, &next).unwrap();
}

#[test]
fn notification_under_an_unknown_certificate_is_refused() {
    let sandbox = start();
    sandbox.set_key_mode(KeyMode::Certificate);
    let old = certificate(sandbox.platform_certificate_pem());
    call(&sandbox, &old).unwrap();
    sandbox.pay("keys-1").unwrap();
    sandbox.rotate_platform_certificate().unwrap();
    let notification = sandbox.take_notifications().remove(0);
    let headers =
        notification.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let refusal = notify::open(&old, &key, headers, &notification.body, Time::now().unwrap());
    let refusal = refusal.unwrap_err();
    assert!(
        matches!(refusal, notify::Refusal::Untrusted(Untrusted::UnknownSerial(_))),
        "{refusal}"
    );
}

#[test]
fn sandboxes_side_by_side_know_nothing_of_each_other() {
    let orders = |number: usize| {
        let sandbox = start();
        let place = |text: &str| {
            app::prepay(sandbox.signer(), sandbox.gateway(), &order(&sandbox, text)).map(drop)
        };
        for _ in 0..number {
            sandbox.fault_next(Fault::SystemError);
            place("side-by-side-1").unwrap_err();
        }
        place("side-by-side-1").unwrap();
        sandbox.let_time_pass(if number % 2 == 0 { 0 } else { 8 * 86_400 });
        let expected = if number % 2 == 0 { Ok(()) } else { Err(OrderError::Expired) };
        assert_eq!(sandbox.pay("side-by-side-1"), expected);
        assert_eq!(sandbox.take_notifications().len(), usize::from(expected.is_ok()));
        assert_eq!(sandbox.received().len(), number + 1);
    };
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || orders(number));
        }
    });
}
