//! Uploads: what is signed, what is sent, and what the other side takes.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wechatpay::call::Upload;
use wechatpay::{
    ErrorKind, Gateway, Method, Outcome, Request, Response, Transport, TransportError, Untrusted,
};
use wechatpay_sandbox::Script;

use crate::support::{api, start};

const IMAGE: &str = "/v3/merchant-service/images/upload";

/// Bytes of a file, with line ends and boundaries of other parts among them.
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
        let length: usize = header("Content-Length").parse().unwrap();
        assert_eq!((length, received.header("Transfer-Encoding")), (received.body.len(), None));
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

/// A file that is replaced by this content when it is opened or rewound for the second or third time.
struct Changing {
    file: Cursor<Vec<u8>>,
    rewound: usize,
    changed_at: usize,
    content: Vec<u8>,
}

impl Read for Changing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for Changing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.rewound += 1;
        if self.rewound == self.changed_at {
            self.file = Cursor::new(self.content.clone());
        }
        self.file.seek(to)
    }
}

fn changing(changed_at: usize, content: Vec<u8>) -> Upload {
    let file = Changing { file: Cursor::new(file()), rewound: 0, changed_at, content };
    Upload::from_reader("complaint.png", file).unwrap()
}

#[test]
fn file_that_changes_before_sending_is_not_sent() {
    let sandbox = start();
    for content in [vec![0; file().len()], vec![0; 10], Vec::new()] {
        let upload = changing(2, content);
        let error = upload.send(sandbox.signer(), sandbox.gateway(), IMAGE).unwrap_err();
        assert_eq!(error.to_string(), "file was changed; make a new Upload of it");
        assert_eq!((error.outcome(), sandbox.received().len()), (Outcome::NotSent, 0));
    }
}

#[test]
fn file_that_shrinks_while_it_is_sent_is_an_error() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let upload = changing(3, vec![0; 10]);
    let error = upload.send(signer, gateway, IMAGE).unwrap_err();
    assert!(error.to_string().contains("the file became shorter while it was sent"), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);

    // A longer one is cut where it ended, and its other content does not have the hash that was signed.
    let upload = changing(3, vec![0; 2 * file().len()]);
    let error = upload.send(signer, gateway, IMAGE).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused, "{error}");
}

#[test]
fn transport_without_streams_sends_the_complete_file() {
    struct Bytes(Arc<Mutex<Vec<u8>>>);
    impl Transport for Bytes {
        fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
            *self.0.lock().unwrap() = request.body.to_vec();
            Err(TransportError::not_sent("nowhere"))
        }
    }
    let sandbox = start();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let keys = sandbox.platform_keys().clone();
    let gateway = Gateway::at("https://shop.example", keys, Bytes(sent.clone())).unwrap();
    let upload = Upload::from_reader("complaint.png", Cursor::new(file())).unwrap();
    for _ in 0..2 {
        upload.send(sandbox.signer(), &gateway, IMAGE).unwrap_err();
        let sent = sent.lock().unwrap();
        assert!(sent.starts_with(b"--") && sent.ends_with(b"--\r\n"));
        assert!(sent.windows(file().len()).any(|part| part == file()));
    }
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
