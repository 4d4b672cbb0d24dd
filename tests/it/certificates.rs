//! Platform certificates, both key modes and the time between.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use wechatpay::Time;
use wechatpay::pay::app;
use wechatpay::{
    ApiV3Key, Code, Error, ErrorKind, Outcome, PlatformKeys, Untrusted, certificates, notify,
};
use wechatpay_sandbox::KeyMode;
use wechatpay_sandbox::Sandbox;

use crate::support::{api, order, start};

fn key(sandbox: &Sandbox) -> ApiV3Key {
    ApiV3Key::new(sandbox.api_v3_key()).unwrap()
}

#[test]
fn merchant_in_certificate_mode_starts_without_keys() {
    let sandbox = start();
    sandbox.set_key_mode(KeyMode::Certificate);
    let gateway = sandbox.gateway().with_keys(PlatformKeys::none());
    let listed = certificates::list(sandbox.signer(), &gateway, &key(&sandbox)).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].serial_no, sandbox.platform_certificate_serial_no());
    assert_eq!(listed[0].pem, sandbox.platform_certificate_pem());
    assert!(listed[0].effective_time < listed[0].expire_time);
    assert_eq!(sandbox.received()[0].header("Wechatpay-Serial"), None);

    let gateway = gateway.with_keys(certificates::keys(&listed).unwrap());
    app::prepay(sandbox.signer(), &gateway, &order(&sandbox, "certificate-mode")).unwrap();
}

#[test]
fn certificate_list_in_public_key_mode_reports_the_mode() {
    let sandbox = start();
    sandbox.set_key_mode(KeyMode::PublicKey);
    let error =
        certificates::list(sandbox.signer(), sandbox.gateway(), &key(&sandbox)).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (404, &Code::RESOURCE_NOT_EXISTS));
    assert!(error.to_string().contains("this merchant is in public-key mode"), "{error}");
}

#[test]
fn certificate_list_forged_or_undecryptable_is_rejected() {
    let sandbox = start();
    let gateway = sandbox.gateway().with_keys(PlatformKeys::none());
    let list = |key: &ApiV3Key| certificates::list(sandbox.signer(), &gateway, key).unwrap_err();
    let wrong_key = ApiV3Key::new("x".repeat(32)).unwrap();
    let serial = sandbox.platform_certificate_serial_no().to_owned();
    let unknown = |error: Error| {
        assert_eq!(error.outcome(), Outcome::Unknown);
        let ErrorKind::Untrusted { reason, .. } = error.kind() else { panic!("{error}") };
        assert_eq!(*reason, Untrusted::UnknownSerial(serial.clone()));
    };
    unknown(list(&wrong_key));
    sandbox.rewrite_next(|response| response.body = b"{}".to_vec());
    unknown(list(&key(&sandbox)));
    sandbox.tamper_next(|response| response.body.push(b' '));
    let error = list(&key(&sandbox));
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Untrusted { reason: Untrusted::Signature { probe: false }, .. }
        ),
        "{error}"
    );
    // The keys of the gateway verify the response, but no certificate in it can be decrypted.
    let error = certificates::list(sandbox.signer(), sandbox.gateway(), &wrong_key).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed { .. }), "{error}");
}

#[test]
fn unreadable_listed_certificate_is_a_malformed_response() {
    let sandbox = start();
    sandbox.set_key_mode(KeyMode::Certificate);
    let held = PlatformKeys::from_certificate(sandbox.platform_certificate_pem()).unwrap();
    let gateway = sandbox.gateway().with_keys(held);
    let sealing = UnboundKey::new(&AES_256_GCM, sandbox.api_v3_key().as_bytes()).unwrap();
    let mut sealed = b"no certificate".to_vec();
    LessSafeKey::new(sealing)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(*b"61f9c719728a"),
            Aad::from("certificate"),
            &mut sealed,
        )
        .unwrap();
    let list = serde_json::json!({"data": [{
        "serial_no": "AB",
        "effective_time": "2018-06-08T10:34:56+08:00",
        "expire_time": "2028-12-08T10:34:56+08:00",
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": "61f9c719728a",
            "associated_data": "certificate",
            "ciphertext": STANDARD.encode(sealed),
        },
    }]});
    sandbox.rewrite_next(move |response| response.body = list.to_string().into_bytes());
    let error = certificates::list(sandbox.signer(), &gateway, &key(&sandbox)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed { .. }), "{error}");
    assert!(error.to_string().contains("a certificate that cannot be read"), "{error}");
}

#[test]
fn times_are_read_as_text_and_as_the_integers_of_the_table() {
    let sandbox = start();
    sandbox.set_key_mode(KeyMode::Certificate);
    let held = PlatformKeys::from_certificate(sandbox.platform_certificate_pem()).unwrap();
    let gateway = sandbox.gateway().with_keys(held);
    for (written, time) in [
        (serde_json::json!(1_722_850_421), Time::from_unix_seconds(1_722_850_421).ok()),
        (
            serde_json::json!("2024-08-05T17:33:41+08:00"),
            Time::from_unix_seconds(1_722_850_421).ok(),
        ),
        (serde_json::json!(""), None),
        (serde_json::json!(null), None),
    ] {
        sandbox.rewrite_next(move |response| {
            let mut list: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
            list["data"][0]["effective_time"] = written;
            response.body = list.to_string().into_bytes();
        });
        let listed = certificates::list(sandbox.signer(), &gateway, &key(&sandbox)).unwrap();
        assert_eq!(listed[0].effective_time, time);
    }
}

#[test]
fn both_certificates_verify_during_rotation() {
    let sandbox = start();
    sandbox.set_key_mode(KeyMode::Certificate);
    let old = PlatformKeys::from_certificate(sandbox.platform_certificate_pem()).unwrap();
    let gateway = sandbox.gateway().with_keys(old);
    app::prepay(sandbox.signer(), &gateway, &order(&sandbox, "before-rotation")).unwrap();

    sandbox.rotate_platform_certificate().unwrap();
    let listed = certificates::list(sandbox.signer(), &gateway, &key(&sandbox)).unwrap();
    assert_eq!(listed.len(), 2);
    let rotated = gateway.with_keys(certificates::keys(&listed).unwrap());
    app::prepay(sandbox.signer(), &rotated, &order(&sandbox, "after-rotation")).unwrap();
    let newest = listed.iter().max_by_key(|certificate| certificate.effective_time).unwrap();
    assert_eq!(
        sandbox.received().last().unwrap().header("Wechatpay-Serial").unwrap(),
        newest.serial_no.as_bytes()
    );
}

#[test]
fn notifications_during_key_change_verify_under_either_key() {
    let sandbox = start();
    let mut signed_by = Vec::new();
    for number in ["changing-1", "changing-2"] {
        app::prepay(sandbox.signer(), sandbox.gateway(), &order(&sandbox, number)).unwrap();
        sandbox.pay(number).unwrap();
    }
    for notification in sandbox.take_notifications() {
        let headers: Vec<_> = notification
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let now = Time::now().unwrap();
        let both = sandbox.platform_keys();
        notify::open(both, &key(&sandbox), headers.iter().copied(), &notification.body, now)
            .unwrap();
        let serial = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Wechatpay-Serial"));
        signed_by.push(String::from_utf8(serial.unwrap().1.to_vec()).unwrap());
    }
    signed_by.sort();
    let mut expected =
        [sandbox.public_key_id().to_owned(), sandbox.platform_certificate_serial_no().to_owned()];
    expected.sort();
    assert_eq!(signed_by, expected);
}

#[test]
fn keys_are_exchanged_in_a_running_program_without_a_lock() {
    let sandbox = start();
    let certificate_only =
        PlatformKeys::from_certificate(sandbox.platform_certificate_pem()).unwrap();
    let gateway = sandbox.gateway().clone();
    let running = std::thread::spawn({
        let (gateway, order) = (gateway.clone(), order(&sandbox, "running-1"));
        let signer = wechatpay::RsaSigner::from_pem(
            sandbox.mchid(),
            sandbox.serial_no(),
            sandbox.merchant_key_pem(),
        )
        .unwrap();
        move || app::prepay(&signer, &gateway, &order)
    });
    let exchanged = gateway.with_keys(certificate_only);
    app::prepay(sandbox.signer(), &exchanged, &order(&sandbox, "running-2")).unwrap();
    running.join().unwrap().unwrap();
}

#[test]
fn expired_certificate_is_reported_and_still_verifies() {
    let at = |text: &str| text.parse::<Time>().unwrap();
    let keys = PlatformKeys::from_certificate(include_str!("../data/keys/cert.pem")).unwrap();
    let expired = include_str!("../data/keys/cert.expired.pem");
    let keys = keys.with_certificate(expired).unwrap();
    let expired = |now: &str| {
        keys.expired(at(now))
            .map(|(serial_no, end)| format!("{serial_no} {end}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(expired("2023-06-08T08:00:00+08:00"), [""; 0]);
    assert_eq!(expired("2023-06-08T08:00:01+08:00"), ["01AB 2023-06-08T08:00:00+08:00"]);
    assert_eq!(expired("2127-01-01T00:00:00+08:00").len(), 2);
    let sandbox = start();
    let public = PlatformKeys::from_pem(sandbox.public_key_id(), sandbox.public_key_pem()).unwrap();
    assert_eq!(public.expired(at("9999-12-31T00:00:00+08:00")).count(), 0);
}

#[test]
fn expired_certificates_of_the_list_are_left_out() {
    let sandbox = start();
    sandbox.set_key_mode(KeyMode::Certificate);
    let held = PlatformKeys::from_certificate(sandbox.platform_certificate_pem()).unwrap();
    let gateway = sandbox.gateway().with_keys(held);
    sandbox.rotate_platform_certificate().unwrap();
    let listed = certificates::list(sandbox.signer(), &gateway, &key(&sandbox)).unwrap();
    let count = |listed: &[certificates::PlatformCertificate]| {
        certificates::keys(listed).map(|keys| format!("{keys:?}").matches('"').count() / 2)
    };
    assert_eq!(count(&listed), Ok(2));
    let mut by_list = listed.clone();
    by_list[0].expire_time = "2023-06-08T08:00:00+08:00".parse().ok();
    assert_eq!(count(&by_list), Ok(1));
    let mut by_itself = listed;
    by_itself[1].pem = include_str!("../data/keys/cert.expired.pem").to_owned();
    assert_eq!(count(&by_itself), Ok(1));
    let error = count(&by_itself[1..]).unwrap_err().to_string();
    assert!(error.starts_with("platform_certificates must not all be expired"), "{error}");
    assert_eq!(count(&[]), Ok(0));
}
