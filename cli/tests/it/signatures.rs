//! Request signatures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wechatpay::Signer;

use crate::program::Program;

#[test]
fn sign_prints_the_signed_lines_and_the_header() {
    let program = Program::new("sign");
    let body = program.write("signed", "{\"a\":\n1}");
    let signed = program.result(&["sign", "POST", "/v3/x?y=1", &body]);
    let lines: Vec<_> =
        signed["message"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!((lines[0], lines[1], lines[4]), ("POST\n", "/v3/x?y=1\n", "{\"a\":\n1}\n"));
    let authorization = signed["Authorization"].as_str().unwrap();
    for part in [
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1900007291\"".to_owned(),
        format!("timestamp=\"{}\"", lines[2].trim_end()),
        format!("nonce_str=\"{}\"", lines[3].trim_end()),
        format!("serial_no=\"{}\"", program.sandbox.serial_no()),
    ] {
        assert!(authorization.contains(&part), "{authorization} {part}");
    }
    let signer = program.sandbox.signer();
    let signature = Signer::sign(signer, lines.concat().as_bytes()).unwrap().bytes;
    let signature = STANDARD.encode(signature);
    assert!(authorization.contains(&format!("signature=\"{signature}\"")), "{authorization}");

    let signed = program.result(&["sign", "GET", "/v3/certificates"]);
    assert_eq!(signed["message"][4], "\n", "a request without a body");
    let file = program.write("file", "{}\n");
    let done = program.run(&["sign", "POST", "/v3/x", &file]);
    assert_eq!(done.status, 0);
    let expected =
        "note: the body ends with a line feed, which is part of the signed text; send it as well\n";
    assert_eq!(done.err, expected);
    let bytes = program.write("bytes", b"\xff");
    for (method, path, body, status) in [
        ("GET", "v3/x", &body, 2),
        ("GET", "/v3/x#part", &body, 2),
        ("GET", "/v3/中", &body, 2),
        ("get", "/v3/x", &body, 2),
        ("GET ", "/v3/x", &body, 2),
        ("POST", "/v3/x", &bytes, 1),
    ] {
        assert_eq!(program.run(&["sign", method, path, body]).status, status, "{method} {path}");
    }
}
