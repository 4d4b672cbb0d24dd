//! Uploads: what is signed, what is sent, and what the other side takes.

use std::io::Cursor;

use serde_json::{Value, json};
use wechatpay::call::Upload;
use wechatpay::{ErrorKind, Method, Outcome, Untrusted};
use wechatpay_sandbox::Script;

use crate::support::{api, start};

const IMAGE: &str = "/v3/merchant-service/images/upload";

/// Whatever a file may contain, line ends and boundaries of other parts among them.
fn file() -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\r\n--BOUNDARY\r\n--".to_vec();
    file.extend((0..=255).cycle().take(100_000));
    file
}

#[test]
fn documented_upload_returns_its_media() {
    let sandbox = start();
    for (path, filename, name) in [
        ("/v3/merchant/media/upload", "license.pdf", "media_id"),
        ("/v3/merchant/media/video_upload", "shop.mp4", "media_id"),
        (IMAGE, "complaint.png", "media_id"),
        ("/v3/marketing/favor/media/image-upload", "coupon.JPG", "media_url"),
    ] {
        let upload = Upload::from_reader(filename, Cursor::new(file())).unwrap();
        let response = upload.send(sandbox.signer(), sandbox.gateway(), path).unwrap();
        assert!(response.json::<Value>().unwrap()[name].is_string(), "{path}");
        let received = sandbox.received().pop().unwrap();
        let header = |name| String::from_utf8_lossy(received.header(name).unwrap()).into_owned();
        assert!(header("Content-Type").starts_with("multipart/form-data;boundary="), "{path}");
        assert_eq!(header("Accept"), "application/json");
        assert!(received.body.windows(upload.meta().len()).any(|part| part == upload.meta()));
    }
}

#[test]
fn scripted_upload_has_further_meta() {
    let sandbox = start();
    let path = "/v3/new-tax-control-fapiao/fapiao-applications/upload-fapiao-file";
    sandbox.script(Method::Post, path, Script::new(200, r#"{"fapiao_media_id":"1"}"#));
    let upload = Upload::new("invoice.pdf", file()).unwrap();
    let upload = upload.with_meta(&json!({ "file_type": "PDF" })).unwrap();
    let response = upload.send(sandbox.signer(), sandbox.gateway(), path).unwrap();
    assert_eq!(response.json::<Value>().unwrap()["fapiao_media_id"], "1");
    let meta: Value = serde_json::from_str(&sandbox.scripted_requests()[0].body).unwrap();
    assert_eq!((&meta["file_type"], &meta["filename"]), (&json!("PDF"), &json!("invoice.pdf")));
}

#[test]
fn refused_upload_names_the_outcome() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let text = Upload::new("complaint.txt", file()).unwrap();
    let error = text.send(signer, gateway, IMAGE).unwrap_err();
    assert_eq!((api(&error).code.as_str(), error.outcome()), ("PARAM_ERROR", Outcome::Refused));
    let large = Upload::new("complaint.png", vec![0; 2 * 1024 * 1024 + 1]).unwrap();
    let error = large.send(signer, gateway, IMAGE).unwrap_err();
    assert_eq!(api(&error).code.as_str(), "PARAM_ERROR");

    let sent = sandbox.received().len();
    let image = Upload::new("complaint.png", file()).unwrap();
    let error = image.send(signer, gateway, "https://evil.example/v3/x").unwrap_err();
    assert_eq!((error.outcome(), sandbox.received().len()), (Outcome::NotSent, sent));

    sandbox.tamper_next(|response| response.body = b"{\"media_id\":\"forged\"}".to_vec());
    let error = image.send(signer, gateway, IMAGE).unwrap_err();
    let is_forged = |reason: &Untrusted| matches!(reason, Untrusted::Signature { .. });
    assert!(matches!(error.kind(), ErrorKind::Untrusted { reason, .. } if is_forged(reason)));
}
