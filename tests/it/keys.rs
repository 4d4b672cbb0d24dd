//! Key files are read strictly, and each kind of wrong file has its own error.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wechatpay::{Error, PlatformKeys, RsaSigner, Signer};

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../data/keys/", $name))
    };
}

const ID: &str = "PUB_KEY_ID_0119000072912025010100000000000001";

/// Reads a private key with each signer: all must report and sign the same.
fn private(pem: impl AsRef<[u8]>) -> Result<(), String> {
    fn signed<S: Signer>(signer: Result<S, Error>) -> Result<Vec<u8>, String> {
        signer.map(|signer| signer.sign(b"x").unwrap().bytes).map_err(|error| error.to_string())
    }
    let (mchid, serial_no, pem) = ("1900007291", "DE55AD98ED71D6ED", pem.as_ref());
    let by_ring = signed(RsaSigner::from_pem(mchid, serial_no, pem));
    #[cfg(feature = "aws-lc-rs")]
    assert_eq!(signed(wechatpay::AwsLcSigner::from_pem(mchid, serial_no, pem)), by_ring);
    by_ring.map(drop)
}

fn public(pem: impl AsRef<[u8]>) -> Result<(), String> {
    PlatformKeys::from_pem(ID, pem).map(drop).map_err(|error| error.to_string())
}

fn certificate(pem: impl AsRef<[u8]>) -> Result<(), String> {
    PlatformKeys::from_certificate(pem).map(drop).map_err(|error| error.to_string())
}

#[test]
fn good_private_keys_sign() {
    let rsa2048 = key!("rsa2048.pem");
    for (name, pem) in [
        ("2048", rsa2048.to_owned()),
        ("3072", key!("rsa3072.pem").to_owned()),
        ("4096", key!("rsa4096.pem").to_owned()),
        ("PKCS#1", key!("rsa2048.pkcs1.pem").to_owned()),
        ("CRLF", rsa2048.replace('\n', "\r\n")),
        ("BOM", format!("\u{feff}{rsa2048}")),
        ("no newline at the end", rsa2048.trim_end().to_owned()),
        ("blank lines around", format!("\n\n{rsa2048}\n\n")),
        ("text before", format!("Bag Attributes\n    friendlyName: x\n{rsa2048}")),
        ("with its certificate", format!("{}{rsa2048}", key!("cert.pem"))),
    ] {
        assert_eq!(private(pem), Ok(()), "{name}");
    }
}

#[test]
fn wrong_private_keys_are_named_by_their_defect() {
    let rsa2048 = key!("rsa2048.pem");
    let encrypted = "private_key is encrypted with a password; decrypt it first (openssl pkey -in \
                     FILE -out FILE)";
    let damaged = "private_key is damaged: its PEM text cannot be decoded; copy the file again";
    let wanted = "private_key must contain a private key (BEGIN PRIVATE KEY), and contains";
    let table = [
        (
            key!("rsa1024.pem").to_owned(),
            "private_key is too short; WeChat Pay signs with RSA keys of 2048 bits".to_owned(),
        ),
        (
            key!("ec.pem").to_owned(),
            "private_key is not an RSA key; WeChat Pay signs with RSA keys".to_owned(),
        ),
        (
            key!("ed25519.pem").to_owned(),
            "private_key is not an RSA key; WeChat Pay signs with RSA keys".to_owned(),
        ),
        (
            key!("ec.sec1.pem").to_owned(),
            "private_key is an EC key; WeChat Pay signs with RSA keys".to_owned(),
        ),
        (key!("rsa2048.encrypted.pem").to_owned(), encrypted.to_owned()),
        (key!("rsa2048.pkcs1.encrypted.pem").to_owned(), encrypted.to_owned()),
        (key!("rsa2048.pub.pem").to_owned(), format!("{wanted} a public key")),
        (key!("cert.pem").to_owned(), format!("{wanted} a certificate")),
        (
            format!("{rsa2048}{}", key!("rsa3072.pem")),
            "private_key must contain a private key (BEGIN PRIVATE KEY) once, and contains more than one"
                .to_owned(),
        ),
        (String::new(), format!("{wanted} nothing")),
        ("garbage".to_owned(), format!("{wanted} no PEM text at all")),
        (key!("rsa2048.pkcs1.pub.pem").to_owned(), format!("{wanted} something else")),
        (rsa2048.replace("MII", "M!I"), damaged.to_owned()),
        (rsa2048[..900].to_owned(), damaged.to_owned()),
        (
            rsa2048
                .lines()
                .enumerate()
                .filter(|(line, _)| *line != 5)
                .map(|(_, text)| format!("{text}\n"))
                .collect(),
            "private_key is damaged: the PEM text contains no complete RSA private key; copy the file again".to_owned(),
        ),
        (
            key!("ec.pem").replace("PRIVATE KEY", "RSA PRIVATE KEY"),
            "private_key is not an RSA key; WeChat Pay signs with RSA keys".to_owned(),
        ),
        (
            key!("ec.sec1.pem").replace("EC PRIVATE KEY", "PRIVATE KEY"),
            "private_key is an EC key; WeChat Pay signs with RSA keys".to_owned(),
        ),
        (rsa2048.replace('\n', "\\n").replace("MII", "M!I"), damaged.to_owned()),
        (
            format!("{rsa2048}{rsa2048}").replace('\n', "\\n"),
            "private_key must contain a private key (BEGIN PRIVATE KEY) once, and contains more than one"
                .to_owned(),
        ),
        (key!("rsa2048.encrypted.pem").replace('\n', "\\n"), encrypted.to_owned()),
        (
            "/etc/wechatpay/apiclient_key.pem".to_owned(),
            format!("{wanted} the path of a file; pass the content of the file, or use the function that reads a file"),
        ),
        (
            "\"certs\\apiclient_key.pem\"\n".to_owned(),
            format!("{wanted} the path of a file; pass the content of the file, or use the function that reads a file"),
        ),
        (
            rsa2048.lines().filter(|line| !line.starts_with('-')).collect(),
            format!("{wanted} Base64 text without the lines BEGIN and END; copy the complete file"),
        ),
    ];
    for (pem, expected) in table {
        assert_eq!(private(&pem), Err(expected), "{pem}");
    }
    let der = STANDARD
        .decode(rsa2048.lines().filter(|line| !line.starts_with('-')).collect::<String>())
        .unwrap();
    // The beginnings of an archive by OpenSSL and of one by Java, which does not know its length.
    let pkcs12 =
        [&[0x30, 0x82, 0x0a, 0x5b, 0x02, 0x01, 0x03, 0x30][..], &[0x30, 0x80, 0x02, 0x01, 0x03]];
    let archive = format!(
        "{wanted} a PKCS#12 archive (apiclient_cert.p12); use the file apiclient_key.pem or apiclient_cert.pem"
    );
    for file in pkcs12 {
        assert_eq!(private(file), Err(archive.clone()));
    }
    assert_eq!(private(der), Err(format!("{wanted} binary data (DER); use the PEM file")));
    assert!(private(b"\xff\xfe\x00").is_err());
}

/// As the text arrives from .env files, Docker, CI secrets, YAML, JSON in JSON, forms and chats.
fn layouts(pem: &str) -> Vec<(&'static str, String)> {
    let joined: String = pem.lines().collect();
    let indented: String = pem.lines().map(|line| format!("        {line}\n")).collect();
    vec![
        ("escaped line breaks", pem.replace('\n', "\\n")),
        ("escaped CRLF", pem.replace('\n', "\\r\\n")),
        ("twice escaped", pem.replace('\n', "\\\\n")),
        ("blanks", pem.replace('\n', " ")),
        ("no line breaks", joined),
        ("indented", indented.clone()),
        ("tabs", indented.replace("        ", "\t")),
        (
            "no-break spaces",
            indented
                .replace(' ', "\u{a0}")
                .replace("BEGIN\u{a0}", "BEGIN ")
                .replace("END\u{a0}", "END ")
                .replace("\u{a0}KEY", " KEY")
                .replace("RSA\u{a0}", "RSA "),
        ),
        ("double quotes", format!("\"{}\"", pem.trim().replace('\n', "\\n"))),
        ("single quotes", format!("'{}'\n", pem.trim())),
        ("assignment", format!("KEY=\"{}\"\nOTHER=1\n", pem.trim())),
        ("continued lines", pem.replace('\n', "\\\n")),
        ("CR", pem.replace('\n', "\r")),
        ("blank lines between", pem.replace('\n', "\n\n")),
        ("BOM and CRLF", format!("\u{feff}{}", pem.replace('\n', "\r\n"))),
    ]
}

#[test]
fn layout_of_a_key_or_certificate_does_not_matter() {
    for (layout, pem) in
        layouts(key!("rsa2048.pem")).into_iter().chain(layouts(key!("rsa2048.pkcs1.pem")))
    {
        assert_eq!(private(&pem), Ok(()), "{layout}: {pem}");
    }
    for (layout, pem) in layouts(key!("rsa2048.pub.pem")) {
        assert_eq!(public(&pem), Ok(()), "{layout}: {pem}");
    }
    for (layout, pem) in layouts(key!("cert.pem")) {
        assert_eq!(certificate(&pem), Ok(()), "{layout}: {pem}");
        let mut options = wechatpay::HttpOptions::default();
        options.root_certificates = Some(pem.repeat(2));
        assert!(wechatpay::UreqTransport::new(&options).is_ok(), "{layout}: {pem}");
        let key = layouts(key!("rsa2048.pem")).into_iter().find(|(name, _)| *name == layout);
        let key = key.unwrap().1;
        assert!(wechatpay::ClientCertificate::from_pem(&pem, &key).is_ok(), "{layout}: {key}");
        #[cfg(feature = "aws-lc-rs")]
        assert!(wechatpay::encryption::RsaDecryptor::from_pem(&key).is_ok(), "{layout}: {key}");
    }
}

#[test]
fn content_of_a_private_key_counts_and_not_its_label() {
    let pkcs8 = key!("rsa2048.pem").replace("PRIVATE KEY", "RSA PRIVATE KEY");
    let pkcs1 = key!("rsa2048.pkcs1.pem").replace("RSA PRIVATE KEY", "PRIVATE KEY");
    for pem in [pkcs8, pkcs1] {
        assert_eq!(private(&pem), Ok(()), "{pem}");
        assert!(wechatpay::ClientCertificate::from_pem(key!("cert.pem"), &pem).is_ok(), "{pem}");
        #[cfg(feature = "aws-lc-rs")]
        assert!(wechatpay::encryption::RsaDecryptor::from_pem(&pem).is_ok(), "{pem}");
    }
    let short = key!("rsa1024.pem").replace("PRIVATE KEY", "RSA PRIVATE KEY");
    let error = private(short).unwrap_err();
    assert!(error.starts_with("private_key is too short"), "{error}");
}

#[test]
fn decimal_serial_number_is_refused_before_any_call() {
    for (serial_no, expected) in [
        (
            "170507173208889094098556183105226684117462006412",
            "serial_no must be in hexadecimal, as the merchant platform shows it, not in decimal",
        ),
        (
            "0x1DDE55AD98ED71D6",
            "serial_no must be written without 0x, as the merchant platform shows it",
        ),
    ] {
        let error = RsaSigner::from_pem("1900007291", serial_no, key!("rsa2048.pem")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn public_keys_in_any_layout_are_read_and_wrong_ones_named() {
    let rsa2048 = key!("rsa2048.pub.pem");
    let one_line = {
        let body: String = rsa2048.lines().filter(|line| !line.starts_with('-')).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----")
    };
    for good in [
        rsa2048,
        &one_line,
        key!("rsa3072.pub.pem"),
        key!("rsa4096.pub.pem"),
        &rsa2048.replace('\n', "\r\n"),
    ] {
        assert_eq!(public(good), Ok(()), "{good}");
    }
    let wanted = "public_key must contain a public key (BEGIN PUBLIC KEY), and contains";
    for (pem, expected) in [
        (
            key!("rsa1024.pub.pem"),
            "public_key is too short; WeChat Pay's RSA keys have 2048 bits".to_owned(),
        ),
        (
            key!("ec.pub.pem"),
            "public_key is not an RSA key; WeChat Pay signs with RSA keys".to_owned(),
        ),
        (
            key!("ed25519.pub.pem"),
            "public_key is not an RSA key; WeChat Pay signs with RSA keys".to_owned(),
        ),
        (key!("rsa2048.pem"), format!("{wanted} a private key")),
        (key!("cert.pem"), format!("{wanted} a certificate")),
        (key!("rsa2048.pkcs1.pub.pem"), format!("{wanted} something else")),
        ("", format!("{wanted} nothing")),
    ] {
        assert_eq!(public(pem), Err(expected), "{pem}");
    }
}

#[test]
fn certificates_give_their_serial_and_wrong_ones_are_named() {
    let keys = PlatformKeys::from_certificate(key!("cert.pem")).unwrap();
    assert_eq!(format!("{keys:?}"), "[\"DE55AD98ED71D6EDD4A4A16996DE7B47773A8C\"]");
    for (pem, expected) in [
        (key!("cert.rsa1024.pem"), "platform_certificate is too short; WeChat Pay's RSA keys have 2048 bits".to_owned()),
        (key!("cert.ec.pem"), "platform_certificate is not an RSA key; WeChat Pay signs with RSA keys".to_owned()),
        (key!("rsa2048.pub.pem"), "platform_certificate must contain a certificate (BEGIN CERTIFICATE), and contains a public key".to_owned()),
        (&key!("rsa2048.pub.pem").replace("PUBLIC KEY", "CERTIFICATE"), "platform_certificate is damaged: the PEM text contains no X.509 certificate; copy the file again".to_owned()),
    ] {
        assert_eq!(certificate(pem), Err(expected), "{pem}");
    }
}

#[test]
fn signer_takes_serial_from_certificate_that_fits_its_key() {
    // The first bit of this number is set, so DER puts a zero byte before it; it must not show.
    let of = |certificate: &str, key: &str| {
        let by_ring = RsaSigner::from_certificate("1900007291", certificate, key);
        let by_ring = by_ring.map(|signer| signer.serial_no().to_owned());
        #[cfg(feature = "aws-lc-rs")]
        {
            let signer = wechatpay::AwsLcSigner::from_certificate("1900007291", certificate, key);
            assert_eq!(signer.map(|signer| signer.serial_no().to_owned()), by_ring);
        }
        by_ring
    };
    let serial_no = of(key!("cert.pem"), key!("rsa2048.pem")).unwrap();
    assert_eq!(serial_no, "DE55AD98ED71D6EDD4A4A16996DE7B47773A8C");
    let error = of(key!("cert.pem"), key!("rsa3072.pem")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "private_key is not the key of the certificate; use a key and a certificate of one certificate request"
    );
    let error = of(key!("rsa2048.pem"), key!("rsa2048.pem")).unwrap_err();
    assert!(error.to_string().starts_with("certificate must contain a certificate"), "{error}");
}

#[test]
fn keys_are_read_from_files() {
    let keys = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keys");
    let from_key = RsaSigner::from_pem_file("1900007291", "AB", keys.join("rsa2048.pem")).unwrap();
    let files = ("1900007291", keys.join("cert.pem"), keys.join("rsa2048.pem"));
    let (mchid, certificate, key) = &files;
    let signature = from_key.sign(b"x").unwrap().bytes;
    let certified = RsaSigner::from_certificate_files(*mchid, certificate, key).unwrap();
    assert_eq!(certified.sign(b"x").unwrap().bytes, signature);
    let error = RsaSigner::from_pem_file(*mchid, "AB", keys.join("none.pem")).unwrap_err();
    assert!(error.to_string().starts_with("private_key cannot be read from "), "{error}");

    let none = keys.join("none.pem");
    assert!(PlatformKeys::from_pem_file(ID, keys.join("rsa2048.pub.pem")).is_ok());
    assert!(PlatformKeys::from_certificate_file(certificate).is_ok());
    let error = PlatformKeys::from_pem_file(ID, &none).unwrap_err();
    assert!(error.to_string().starts_with("public_key cannot be read from "), "{error}");
    let error = PlatformKeys::from_certificate_file(&none).unwrap_err();
    assert!(error.to_string().starts_with("certificate cannot be read from "), "{error}");
}

#[test]
#[cfg(feature = "aws-lc-rs")]
fn keys_are_read_from_files_for_aws_lc() {
    use wechatpay::AwsLcSigner;
    let keys = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keys");
    let (certificate, key) = (keys.join("cert.pem"), keys.join("rsa2048.pem"));
    let by_ring = RsaSigner::from_pem_file("1900007291", "AB", &key).unwrap();
    for signer in [
        AwsLcSigner::from_certificate_files("1900007291", &certificate, &key).unwrap(),
        AwsLcSigner::from_pem_file("1900007291", "AB", &key).unwrap(),
    ] {
        assert_eq!(signer.sign(b"x").unwrap().bytes, by_ring.sign(b"x").unwrap().bytes);
    }
    for error in [
        AwsLcSigner::from_pem_file("1900007291", "AB", keys.join("none.pem")).unwrap_err(),
        AwsLcSigner::from_certificate_files("1900007291", &certificate, keys.join("none.pem"))
            .unwrap_err(),
    ] {
        assert!(error.to_string().starts_with("private_key cannot be read from "), "{error}");
    }
}

#[test]
fn damaged_private_key_fails_when_read_not_when_signing() {
    let (first, last) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    let text = key!("rsa2048.pem").trim().strip_prefix(first).unwrap().strip_suffix(last).unwrap();
    let der = STANDARD.decode(text.replace(['\r', '\n'], "")).unwrap();
    for position in 0..der.len() {
        let mut der = der.clone();
        der[position] ^= 1;
        let pem = format!("{first}\n{}\n{last}\n", STANDARD.encode(der));
        let of_ring = RsaSigner::from_pem("1900007291", "AB", &pem);
        if let Ok(signer) = &of_ring {
            signer.sign(b"an order").unwrap_or_else(|error| panic!("byte {position}: {error}"));
        }
        #[cfg(feature = "aws-lc-rs")]
        if let Ok(signer) = wechatpay::AwsLcSigner::from_pem("1900007291", "AB", &pem) {
            // Both accept and refuse the same keys, and both sign alike.
            assert_eq!(signer.sign(b"an order"), of_ring.unwrap().sign(b"an order"));
        }
    }
}
