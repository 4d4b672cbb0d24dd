//! The command `doctor`.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use wechatpay_sandbox::{Fault, FaultRule, KeyMode, Sandbox};

use crate::program::Program;

#[test]
fn doctor_with_correct_settings_reports_no_problems() {
    let program = Program::new("healthy");
    let done = program.run(&["doctor"]);
    assert_eq!((done.status, done.err.as_str()), (0, ""), "{}", done.out);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    let states: Vec<_> = report.as_array().unwrap().iter().map(|it| &it["state"]).collect();
    assert!(!states.contains(&&json!("problem")), "{report}");
    assert_eq!(program.sandbox.received().len(), 2, "one query for each protocol");
    let queries = report.as_array().unwrap().iter().filter(|it| {
        let is_query = it["check"] == "host and keys" || it["check"] == "APIv2 call";
        is_query && it["state"] == "ok"
    });
    assert_eq!(queries.count(), 2, "{report}");
    assert_eq!(program.sandbox.received()[0].method, "GET");
}

/// The header is unsigned, so anyone on the path can write it.
#[test]
fn doctor_hostile_date_header_leaves_clock_unchecked() {
    for date in ["(".repeat(15_000), "Sun, 06 Nov 1994".into(), String::new()] {
        let program = Program::new("doctor-date");
        program.sandbox.tamper_next(move |response| response.set_header("Date", &date));
        let done = program.run(&["doctor"]);
        assert_eq!((done.status, done.err.as_str()), (0, ""));
        let report: Value = serde_json::from_str(&done.out).unwrap();
        let clock = report.as_array().unwrap().iter().find(|it| it["check"] == "clock");
        assert_eq!(clock.unwrap()["state"], "not checked", "{report}");
    }
}

#[test]
fn doctor_names_each_problem() {
    type Trouble = fn(&mut Program);
    let table: [(&str, Trouble, &str); 22] = [
        (
            "key-of-another",
            |program| {
                let other = include_str!("../../../tests/data/keys/rsa3072.pem");
                program.write("apiclient_key.pem", other);
            },
            "problem: merchant's certificate: WECHATPAY_PRIVATE_KEY_FILE: private_key is not the key of the certificate; use a key and a certificate of one \
             certificate request\n",
        ),
        (
            "key-of-another-without-certificate",
            |program| {
                let other = include_str!("../../../tests/data/keys/rsa2048.pem");
                program.write("apiclient_key.pem", other);
                program.settings.remove("WECHATPAY_CERT_FILE");
            },
            "check that WECHATPAY_SERIAL_NO is the certificate of WECHATPAY_PRIVATE_KEY_FILE, \
             and that both belong to WECHATPAY_MCHID\n",
        ),
        (
            "serial",
            |program| {
                program.settings.insert("WECHATPAY_SERIAL_NO", "AB12".into());
            },
            "problem: merchant's certificate: WECHATPAY_SERIAL_NO is not the serial number \
             of the certificate; set it to ",
        ),
        (
            "clock-behind",
            |program| program.sandbox.shift_clock(400),
            " seconds behind WeChat Pay's, and at most five minutes are allowed; correct it\n",
        ),
        (
            "clock-behind-without-date",
            |program| {
                program.sandbox.shift_clock(400);
                program.sandbox.tamper_next(|response| response.remove_header("Date"));
            },
            "problem: clock: WeChat Pay rejected the request's timestamp; correct the system clock\n",
        ),
        (
            "clock-ahead-by-date",
            |program| {
                let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(3600));
                program.sandbox.tamper_next(move |response| response.set_header("Date", date));
            },
            " seconds ahead of WeChat Pay's, and at most five minutes are allowed; correct it\n",
        ),
        (
            "answers-from-the-past",
            |program| program.sandbox.shift_responses(-400),
            " seconds ahead of WeChat Pay's, and at most five minutes are allowed; correct it\n",
        ),
        (
            "public-key-id",
            |program| {
                let id = "PUB_KEY_ID_0119000072912025010100000000000009";
                program.settings.insert("WECHATPAY_PUBLIC_KEY_ID", id.into());
            },
            "; set WECHATPAY_PLATFORM_CERT_FILE to it, or set WECHATPAY_PUBLIC_KEY_ID to the exact ID \
             on the merchant platform\n",
        ),
        (
            "public-key-id-beside-a-certificate",
            |program| {
                let id = "PUB_KEY_ID_0119000072912025010100000000000009";
                program.settings.insert("WECHATPAY_PUBLIC_KEY_ID", id.into());
                let certificate = program.sandbox.platform_certificate_pem().to_owned();
                let file = program.write("platform.pem", certificate);
                program.settings.insert("WECHATPAY_PLATFORM_CERT_FILE", file);
            },
            "check that WECHATPAY_PUBLIC_KEY_ID is the ID on the merchant platform\n",
        ),
        (
            "certificate-of-the-merchant",
            |program| {
                let file = program.settings["WECHATPAY_CERT_FILE"].clone();
                program.settings.insert("WECHATPAY_PLATFORM_CERT_FILE", file);
            },
            "problem: WeChat Pay's keys: WECHATPAY_PLATFORM_CERT_FILE is the merchant's certificate; \
             set it to WeChat Pay's, wechatpay_….pem\n",
        ),
        (
            "no-merchant",
            |program| {
                program.settings.remove("WECHATPAY_MCHID");
                program.settings.insert("WECHATPAY_MCHI", "1900007291".into());
            },
            "problem: merchant and private key: WECHATPAY_MCHID is not set; set it to the merchant number \
             (商户号); WECHATPAY_MCHI is set, but is not a setting, check its spelling\n",
        ),
        (
            "no-such-host",
            |program| {
                program.settings.insert("WECHATPAY_BASE_URL", "https://shop.invalid".into());
            },
            "problem: host: cannot reach https://shop.invalid: no connection: the host shop.invalid \
             cannot be resolved; check the host name in WECHATPAY_BASE_URL, and the network\n",
        ),
        (
            "host-of-another-name",
            |program| program.sandbox.fault_when(FaultRule::every_call(), Fault::OtherHost),
            "; check WECHATPAY_BASE_URL; a different host responds there\n",
        ),
        (
            "expired-host",
            |program| {
                program.sandbox.fault_when(FaultRule::every_call(), Fault::ExpiredCertificate);
            },
            "; the host's certificate is not valid now; check the system clock\n",
        ),
        (
            "authority-that-is-none",
            |program| {
                program.write("ca.pem", "");
            },
            "problem: host: WECHATPAY_CA_FILE: root_certificates contains no certificate (BEGIN \
             CERTIFICATE)\n",
        ),
        (
            "public-key",
            |program| {
                program
                    .write("pub_key.pem", include_str!("../../../tests/data/keys/rsa2048.pub.pem"));
            },
            "check that WECHATPAY_PUBLIC_KEY_FILE is the key of WECHATPAY_PUBLIC_KEY_ID\n",
        ),
        (
            "api-v3-key",
            |program| {
                program.settings.insert("WECHATPAY_API_V3_KEY", "31".repeat(15) + "1");
            },
            "problem: APIv3 key: WECHATPAY_API_V3_KEY: api_v3_key must be the 32 characters set on \
             the merchant platform, and is 31 bytes",
        ),
        (
            "host",
            |program| {
                // A port on which no server listens any more.
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = listener.local_addr().unwrap();
                program.settings.insert("WECHATPAY_BASE_URL", format!("https://{address}"));
            },
            "; check WECHATPAY_BASE_URL, where no server listens, and the firewall\n",
        ),
        (
            "authority",
            |program| {
                let other = Sandbox::start().unwrap();
                program.write("ca.pem", other.ca_pem());
            },
            "; set WECHATPAY_CA_FILE to the certificate authority of a private host, or unset it \
             for WeChat Pay's; check also for a proxy that intercepts TLS\n",
        ),
        (
            "base-url",
            |program| {
                program.settings.insert("WECHATPAY_BASE_URL", "http://shop.example".into());
            },
            "problem: host: WECHATPAY_BASE_URL: base_url must start with https://; http:// is \
             for loopback addresses only\n",
        ),
        (
            "file",
            |program| fs::remove_file(program.path("pub_key.pem")).unwrap(),
            "problem: WeChat Pay's keys: WECHATPAY_PUBLIC_KEY_FILE: ",
        ),
        (
            "mode",
            |program| {
                program.sandbox.set_key_mode(KeyMode::Certificate);
            },
            "problem: WeChat Pay's keys: WeChat Pay signs with the platform certificate ",
        ),
    ];
    for (name, fault, expected) in table {
        let mut program = Program::new(&format!("doctor-{name}"));
        fault(&mut program);
        let done = program.run(&["doctor"]);
        assert_eq!(done.status, 1, "{name}: {}", done.out);
        assert!(done.err.contains(expected), "{name}: {}", done.err);
        assert_eq!(done.err.matches("problem: ").count(), 1, "{name}: {}", done.err);
        let report: Value = serde_json::from_str(&done.out).unwrap();
        let problems = report.as_array().unwrap().iter().filter(|it| it["state"] == "problem");
        assert_eq!(problems.count(), 1, "{name}: {report}");
    }
}

/// The checks keep their English names, which scripts compare.
#[test]
fn doctor_in_chinese_explains_every_finding_in_chinese() {
    let explained = |program: &Program| {
        let done = program.run(&["--lang", "zh", "doctor"]);
        let report: Value = serde_json::from_str(&done.out).unwrap();
        for finding in report.as_array().unwrap() {
            let message = finding["message"].as_str().unwrap();
            assert!(message.contains(|c| ('一'..='鿿').contains(&c)), "{finding}");
        }
        done.err
    };
    let mut program = Program::new("doctor-chinese");
    assert_eq!(explained(&program), "");
    for name in ["WECHATPAY_API_V3_KEY", "WECHATPAY_V2_KEY", "WECHATPAY_CERT_FILE"] {
        program.settings.remove(name);
    }
    assert_eq!(explained(&program), "");
    program.sandbox.set_key_mode(KeyMode::Certificate);
    let problem = explained(&program);
    assert!(problem.starts_with("问题：WeChat Pay's keys：微信支付用平台证书"), "{problem}");
    program.sandbox.set_key_mode(KeyMode::Mixed);
    program.settings.insert("WECHATPAY_BASE_URL", "https://shop.invalid".into());
    let problem = explained(&program);
    assert!(problem.contains("；检查 WECHATPAY_BASE_URL 中的域名，以及网络\n"), "{problem}");
}

/// Only a call shows that an APIv2 key of the right length is the wrong one.
#[test]
fn doctor_names_a_wrong_v2_key() {
    let mut program = Program::new("doctor-v2-key");
    program.settings.insert("WECHATPAY_V2_KEY", "0123456789abcdef0123456789abcdef".into());
    let done = program.run(&["doctor"]);
    assert_eq!(done.status, 1, "{}", done.out);
    assert!(done.err.starts_with("problem: APIv2 key: "), "{}", done.err);
    assert!(done.err.contains("check that WECHATPAY_V2_KEY is the APIv2 key"), "{}", done.err);
    program.settings.remove("WECHATPAY_V2_KEY");
    let done = program.run(&["doctor"]);
    assert_eq!((done.status, done.err.as_str()), (0, ""), "{}", done.out);
    assert!(!done.out.contains("APIv2 call"), "{}", done.out);
}

#[cfg(unix)]
#[test]
fn doctor_warns_of_a_readable_key_and_an_expired_certificate() {
    use std::os::unix::fs::PermissionsExt;
    let mut program = Program::new("doctor-warnings");
    let key = program.path("apiclient_key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let expired = include_str!("../../../tests/data/keys/cert.expired.pem");
    let file = program.write("wechatpay_01AB.pem", expired);
    program.settings.insert("WECHATPAY_PLATFORM_CERT_FILE", file);
    let done = program.run(&["doctor"]);
    assert_eq!(done.status, 0, "{}", done.err);
    let expected =
        format!("warning: private key file: other users can read {key}; run: chmod 600 {key}\n");
    assert!(done.err.contains(&expected), "{}", done.err);
    let expected = "warning: platform certificate: the platform certificate 01AB expired at 2023-06-08T08:00:00+08:00; ";
    assert!(done.err.contains(expected), "{}", done.err);
    assert_eq!(done.err.lines().count(), 2, "{}", done.err);
}
