//! Transfers that name their user, and their receipts.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use wechatpay::encryption::{self, Encrypted, RsaDecryptor};
use wechatpay::transfer::receipt::{self, ReceiptState};
use wechatpay::transfer::{BillState, FailReason, Transfer};
use wechatpay::{ErrorKind, Fen, Outcome, Untrusted};
use wechatpay_sandbox::Sandbox;

use super::{NUMBER, create, query, transfer};
use crate::support::start;

fn named(sandbox: &Sandbox, number: &str, name: &str) -> Transfer {
    let mut transfer = transfer(sandbox, number);
    let encryptor = sandbox.platform_keys().encryptor().unwrap();
    transfer.user_name = Some(encryptor.encrypt(name).unwrap());
    transfer.transfer_amount = Fen(200_000);
    transfer
}

#[test]
fn name_is_sent_encrypted_and_comes_back_encrypted() {
    let sandbox = start();
    let transfer = named(&sandbox, NUMBER, "张三");
    assert_eq!(create(&sandbox, &transfer).unwrap().state, BillState::WaitUserConfirm);
    assert_eq!(sandbox.transfers()[0].user_name, "张三");
    let received = sandbox.received();
    let request = received.last().unwrap();
    let serial = transfer.encryption_serial().unwrap();
    assert_eq!(request.header("Wechatpay-Serial"), Some(serial.as_bytes()));
    assert_eq!(request.body, transfer.to_json(sandbox.signer()).unwrap());
    // The same bytes after a restart; other bytes of the same name are the same transfer, too.
    let restored = Transfer::from_json(sandbox.signer(), &request.body, Some(serial)).unwrap();
    assert!(create(&sandbox, &restored).is_ok());
    assert!(create(&sandbox, &named(&sandbox, NUMBER, "张三")).is_ok());

    let decryptor = RsaDecryptor::from_pem(sandbox.merchant_key_pem()).unwrap();
    let user_name = query(&sandbox, &transfer).user_name.unwrap();
    assert_eq!(encryption::decrypt(&decryptor, &user_name).as_deref(), Ok("张三"));
}

#[test]
fn wrong_name_fails_and_unreadable_name_is_refused() {
    let sandbox = start();
    let transfer = named(&sandbox, NUMBER, "李四");
    let created = create(&sandbox, &transfer).unwrap();
    assert_eq!((created.state, created.package_info), (BillState::Fail, None));
    assert_eq!(created.fail_reason, Some(FailReason::NameNotCorrect));
    sandbox.set_real_name("李四");
    assert!(create(&sandbox, &named(&sandbox, "plfk2", "李四")).is_ok());

    let mut unreadable = named(&sandbox, "plfk3", "李四");
    let serial = unreadable.encryption_serial().unwrap().to_owned();
    let ciphertext = "q6urq".repeat(68) + "q6s=";
    unreadable.user_name = Some(Encrypted::new(serial, ciphertext).unwrap());
    assert_eq!(create(&sandbox, &unreadable).unwrap_err().outcome(), Outcome::Refused);
    let foreign = Encrypted::new("PUB_KEY_ID_0", "q6urq".repeat(68) + "q6s=").unwrap();
    unreadable.user_name = Some(foreign);
    assert_eq!(create(&sandbox, &unreadable).unwrap_err().outcome(), Outcome::NotSent);
}

/// A paid transfer with a finished receipt.
fn receipted(sandbox: &Sandbox) -> Transfer {
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let transfer = named(sandbox, NUMBER, "张三");
    create(sandbox, &transfer).unwrap();
    let early = receipt::apply(signer, gateway, &transfer.out_bill_no).unwrap_err();
    assert_eq!(early.outcome(), Outcome::Refused);
    sandbox.confirm_transfer(NUMBER).unwrap();
    let applied = receipt::apply(signer, gateway, &transfer.out_bill_no).unwrap();
    assert_eq!((&applied.state, applied.link()), (&ReceiptState::Generating, Ok(None)));
    sandbox.let_time_pass(60);
    transfer
}

#[test]
fn receipt_is_downloaded_and_checked() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let transfer = receipted(&sandbox);
    let by_number = receipt::query(signer, gateway, &transfer.out_bill_no).unwrap();
    assert_eq!(by_number.state, ReceiptState::Finished);
    let id = query(&sandbox, &transfer).transfer_bill_no;
    assert_eq!(receipt::apply_by_id(signer, gateway, &id).unwrap().state, ReceiptState::Finished);
    let by_id = receipt::query_by_id(signer, gateway, &id).unwrap();
    let (link, other) = (by_number.link().unwrap().unwrap(), by_id.link().unwrap().unwrap());
    assert_eq!(link.sha256(), other.sha256());

    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("receipt.pdf");
    let length = receipt::download_to(signer, gateway, &link, &path).unwrap();
    let pdf = fs::read(&path).unwrap();
    assert_eq!(u64::try_from(pdf.len()).unwrap(), length);
    assert!(pdf.starts_with(b"%PDF-1.4"));
    fs::remove_file(&path).unwrap();
    sandbox.tamper_next(|response| response.body.push(b' '));
    let error = receipt::download_to(signer, gateway, &link, &path).unwrap_err();
    let is_hash = matches!(error.kind(), ErrorKind::Untrusted { reason: Untrusted::Hash, .. });
    assert!(is_hash && !path.exists(), "{error}");
    sandbox.let_time_pass(601);
    assert!(receipt::download_to(signer, gateway, &link, &path).is_err());
}

#[test]
fn receipt_of_another_host_or_hash_is_not_requested() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let transfer = receipted(&sandbox);
    let queried = |name: &'static str, value: &'static str| {
        sandbox.rewrite_next(move |response| {
            let mut body: Value = serde_json::from_slice(&response.body).unwrap();
            body[name] = json!(value);
            response.body = body.to_string().into_bytes();
        });
        receipt::query(signer, gateway, &transfer.out_bill_no).unwrap()
    };
    let elsewhere = queried("download_url", "https://evil.example/x?token=SECRET");
    let before = sandbox.received().len();
    let link = elsewhere.link().unwrap().unwrap();
    let error = receipt::download(signer, gateway, &link, &mut Vec::new()).unwrap_err();
    assert_eq!((error.outcome(), sandbox.received().len()), (Outcome::NotSent, before));
    let text = format!("{error} {elsewhere:?}");
    assert!(text.contains("not on https://evil.example;") && !text.contains("SECRET"), "{text}");
    let national = queried("hash_type", "SM3").link().unwrap_err();
    assert!(national.to_string().contains("SM3 is not supported"), "{national}");
}
