//! Downloads of any interface: what is fetched, what is checked, and where no request goes.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use wechatpay::call::{self, Download, FileHash, Upload};
use wechatpay::transfer::receipt::{self, Receipt};
use wechatpay::{
    Error, ErrorKind, Gateway, HttpOptions, Method, Outcome, Proxy, Signer, Untrusted,
    UreqTransport, bill,
};
use wechatpay_sandbox::{Response, Sandbox, Script};

use crate::scripted_server::{Peer, Wire, WireResponse, platform_keys};
use crate::support::{api, start};

const FILE: &str = "/v3/billdownload/file";
const CONTENT: &[u8] = b"message";
const SHA1: &str = "6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d";
const SHA256: &str = "ab530a13e45914982b79f9b7e3fba994cfd1f3fb22f71cea1afbf02b460c6d1d";

/// A sandbox that offers the file, and the link to it.
fn offering() -> (Sandbox, String) {
    let sandbox = start();
    sandbox.script(Method::Get, FILE, Script::file(CONTENT));
    let link = format!("{}{FILE}?token=1+/=", sandbox.base_url());
    (sandbox, link)
}

fn sha1() -> FileHash {
    FileHash::sha1(SHA1).unwrap()
}

fn write(sandbox: &Sandbox, download: &Download) -> Result<Vec<u8>, Error> {
    let mut file = Vec::new();
    let length = download.write(sandbox.signer(), sandbox.gateway(), &mut file)?;
    assert_eq!(length, file.len() as u64);
    Ok(file)
}

/// An empty directory of this test's own.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("downloads").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn names(directory: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    fs::read_dir(directory).unwrap().map(|entry| name(entry.unwrap())).collect()
}

fn is_other_hash(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Untrusted { reason: Untrusted::Hash, status: 200, .. })
}

#[test]
fn file_is_checked_by_the_hash_in_any_case() {
    let (sandbox, link) = offering();
    for (hash_type, hash_value) in [("SHA1", SHA1), ("SHA256", SHA256)] {
        for hash_value in [hash_value.to_owned(), hash_value.to_uppercase()] {
            let hash = FileHash::new(hash_type, &hash_value).unwrap();
            assert_eq!(hash.hash_value(), hash_value.to_lowercase());
            assert_eq!(write(&sandbox, &Download::new(&link, hash)).unwrap(), CONTENT);
            let other = hash_value.replace(['a', 'A'], "b");
            let other = FileHash::new(hash_type, &other).unwrap();
            let error = write(&sandbox, &Download::new(&link, other)).unwrap_err();
            assert!(is_other_hash(&error), "{error}");
        }
    }
    let request = sandbox.received().pop().unwrap();
    assert_eq!(request.path, format!("{FILE}?token=1+/="));
    assert_eq!(request.header("Accept"), Some(&b"*/*"[..]));
    assert!(request.header("Authorization").is_some() && request.body.is_empty());
}

#[test]
fn offer_in_a_response_becomes_a_file() {
    let (sandbox, link) = offering();
    let path = "/v3/marketing/favor/stocks/9865000/use-flow";
    let offer = |hash_type: &str| {
        let offer =
            json!({ "url": link, "hash_value": SHA1.to_uppercase(), "hash_type": hash_type });
        sandbox.script(Method::Get, path, Script::new(200, offer.to_string()));
        let offer = call::get(sandbox.signer(), sandbox.gateway(), path).unwrap();
        let offer: Value = offer.json().unwrap();
        let text = |name: &str| offer[name].as_str().unwrap();
        let hash = FileHash::new(text("hash_type"), text("hash_value"))?;
        Ok::<_, Error>(Download::new(text("url"), hash))
    };
    let directory = directory("offer");
    let file = directory.join("use-flow.csv");
    let download = offer("SHA1").unwrap();
    assert_eq!(download.save(sandbox.signer(), sandbox.gateway(), &file), Ok(7));
    assert_eq!(fs::read(&file).unwrap(), CONTENT);
    // Refused by name, before the file is requested.
    let error = offer("SM3").unwrap_err();
    assert!(error.to_string().contains("SM3 is not supported"), "{error}");
    assert_eq!(sandbox.received().pop().unwrap().path, path);
}

#[test]
fn image_of_a_complaint_is_downloaded_by_its_path() {
    let sandbox = start();
    let image = b"\x89PNG\r\n\x1a\n".to_vec();
    let upload = Upload::new("complaint.png", image.clone()).unwrap();
    let path = "/v3/merchant-service/images/upload";
    let response = upload.send(sandbox.signer(), sandbox.gateway(), path).unwrap();
    let media_id = response.json::<Value>().unwrap()["media_id"].as_str().unwrap().to_owned();
    let path = |media_id: &str| {
        let path = call::Path::new("/v3/merchant-service/images/{media_id}");
        path.variable("media_id", media_id).unwrap()
    };
    assert_eq!(write(&sandbox, &Download::unverified(path(&media_id))).unwrap(), image);
    let link = format!("{}{}", sandbox.base_url(), path(&media_id).as_str());
    assert_eq!(write(&sandbox, &Download::unverified(link)).unwrap(), image);
    let error = write(&sandbox, &Download::unverified(path("1"))).unwrap_err();
    assert_eq!(api(&error).code.as_str(), "PARAM_ERROR");
    // Everywhere else, a response without a signature is refused.
    let error = call::get(sandbox.signer(), sandbox.gateway(), path(&media_id)).unwrap_err();
    let is_unsigned = |reason: &Untrusted| matches!(reason, Untrusted::Missing(_));
    assert!(matches!(error.kind(), ErrorKind::Untrusted { reason, .. } if is_unsigned(reason)));
}

/// Without a hash, and by a path in place of a link: interfaces on the list only.
#[test]
fn interface_that_is_not_on_the_list_gets_no_request() {
    let sandbox = start();
    let base = sandbox.base_url();
    for path in [
        "/v3/certificates",
        "/v3/billdownload/file/x?token=SECRET",
        "/v3/merchant-service/images/upload",
        "/v3/merchant-service/images/a/b",
        "/v3/merchant-service/images/%2E.",
        "/v3/pay/transactions/id/1?mchid=SECRET",
    ] {
        sandbox.script(Method::Get, path, Script::file(CONTENT));
        let link = format!("{base}{path}");
        for download in
            [Download::new(path, sha1()), Download::unverified(path), Download::unverified(&link)]
        {
            let error = write(&sandbox, &download).unwrap_err();
            assert_eq!(error.outcome(), Outcome::NotSent, "{path}");
            let text = error.to_string();
            let is_named = text.contains("/v3/transferdownload/signfile")
                && text.ends_with("use Call for all others");
            assert!(is_named || text.starts_with("path must not contain"), "{text}");
            assert!(!format!("{error:?} {text} {download:?}").contains("SECRET"), "{text}");
        }
        assert!(sandbox.received().is_empty(), "{path}");
    }
    // The path of a link may change; the hash still identifies the file.
    sandbox.script(Method::Get, "/v4/another/file", Script::file(CONTENT));
    let link = format!("{base}/v3/another/file");
    sandbox.script(Method::Get, "/v3/another/file", Script::file(CONTENT));
    assert_eq!(write(&sandbox, &Download::new(link, sha1())).unwrap(), CONTENT);
}

type ByLink = fn(&Sandbox, &str) -> Error;

/// Everything that follows a link.
const BY_LINK: [(&str, ByLink); 4] = [
    ("bill", |sandbox, link| {
        let body = json!({ "hash_type": "SHA1", "hash_value": SHA1, "download_url": link });
        sandbox.rewrite_next(move |response| {
            (response.status, response.body) = (200, body.to_string().into());
        });
        let day = "2018-06-08".parse().unwrap();
        let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
        let link = bill::trade(signer, gateway, &bill::Trade::new(day)).unwrap();
        bill::download(signer, gateway, &link, &mut Vec::new(), &mut |_| ()).unwrap_err()
    }),
    ("receipt", |sandbox, link| {
        let receipt = json!({ "state": "FINISHED", "create_time": "2015-05-20T13:29:35+08:00",
            "hash_type": "SHA256", "hash_value": SHA256, "download_url": link });
        let receipt: Receipt = serde_json::from_value(receipt).unwrap();
        let link = receipt.link().unwrap().unwrap();
        let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
        receipt::download(signer, gateway, &link, &mut Vec::new()).unwrap_err()
    }),
    ("call", |sandbox, link| write(sandbox, &Download::new(link, sha1())).unwrap_err()),
    ("unverified", |sandbox, link| write(sandbox, &Download::unverified(link)).unwrap_err()),
];

#[test]
fn foreign_host_is_named_and_gets_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let foreign = listener.local_addr().unwrap();
    let sandbox = start();
    let base = sandbox.base_url().to_owned();
    for (link, host) in [
        (format!("https://{foreign}{FILE}?token=SECRET"), format!("https://{foreign}")),
        (format!("http://{foreign}{FILE}?token=SECRET"), format!("http://{foreign}")),
        (format!("{base}@{foreign}{FILE}?token=SECRET"), format!("https://{foreign}")),
        (format!("https://user:SECRET@{foreign}{FILE}"), format!("https://{foreign}")),
        (format!("https://{foreign}\\@{base}{FILE}?token=SECRET"), format!("https://{foreign}")),
        (format!("{base}.evil.example{FILE}"), format!("{base}.evil.example")),
        (
            "https://a\u{1b}[2J\r\nb\u{202e}/x".into(),
            "https://a\u{fffd}[2J\u{fffd}\u{fffd}b\u{fffd}".into(),
        ),
        (format!("https://{}/x", "长".repeat(300)), format!("https://{}…", "长".repeat(253))),
    ] {
        let expected =
            format!("download_url must be on a host of WeChat Pay, not on {host}; use a new link");
        for (name, error_of) in BY_LINK {
            let error = error_of(&sandbox, &link);
            assert_eq!(error.to_string(), expected, "{name}, {link:?}");
            assert_eq!(error.outcome(), Outcome::NotSent);
            assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
        }
    }
    let connection = listener.accept().map(drop).unwrap_err();
    assert_eq!(connection.kind(), io::ErrorKind::WouldBlock);
    // The applications for bills, and nothing else.
    let paths = sandbox.received().into_iter().map(|request| request.path);
    assert!(paths.into_iter().all(|path| path.starts_with("/v3/bill/tradebill")));
}

/// What happens to a response after it was made, and what the error is then, with a hash and without.
type Damage = (fn(&mut Response), Option<fn(&Error) -> bool>, Option<fn(&Error) -> bool>);

fn is_transport(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Transport(_))
}

fn is_malformed(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Malformed { .. })
}

const DAMAGES: [Damage; 9] = [
    (|response| response.body[0] ^= 1, Some(is_other_hash), None),
    (|response| response.body.clear(), Some(is_other_hash), None),
    (|response| response.body.push(b'\n'), Some(is_other_hash), None),
    (
        |response| response.set_header("Content-Length", (response.body.len() + 1).to_string()),
        Some(is_transport),
        Some(is_transport),
    ),
    (|response| response.status = 0, Some(is_transport), Some(is_transport)),
    (|response| response.status = 204, Some(|error| error.outcome() == Outcome::Unknown), None),
    (|response| response.status = 206, Some(is_unsigned), Some(is_unsigned)),
    (|response| response.status = 302, Some(is_api), Some(is_api)),
    (|response| response.status = 503, Some(is_api), Some(is_api)),
];

fn is_unsigned(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Untrusted { reason: Untrusted::Missing(_), .. })
}

fn is_api(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Api(_))
}

#[test]
fn file_is_complete_or_absent_under_its_name() {
    let (sandbox, link) = offering();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let directory = directory("complete_or_absent");
    let path = directory.join("file.bin");
    let with_hash = (Download::new(&link, sha1()), "hash");
    for (download, kind) in [with_hash, (Download::unverified(&link), "no hash")] {
        for (index, (damage, of_hash, of_none)) in DAMAGES.into_iter().enumerate() {
            let expected = if kind == "hash" { of_hash } else { of_none };
            let Some(is_expected) = expected else { continue };
            for before in [None, Some("before")] {
                let _ = fs::remove_file(&path);
                if let Some(before) = before {
                    fs::write(&path, before).unwrap();
                }
                sandbox.tamper_next(damage);
                let error = download.save(signer, gateway, &path).unwrap_err();
                assert!(is_expected(&error), "{kind} {index}: {error}");
                assert!(error.is_read() && error.outcome() != Outcome::NotSent, "{error}");
                assert_eq!(names(&directory).len(), usize::from(before.is_some()), "{index}");
                assert_eq!(fs::read_to_string(&path).ok().as_deref(), before, "{index}");
            }
        }
        assert_eq!(download.save(signer, gateway, &path), Ok(7));
        assert_eq!((names(&directory).len(), fs::read(&path).unwrap()), (1, CONTENT.to_vec()));
        let small = download.clone().size_limit(6);
        let error = small.save(signer, gateway, &path).unwrap_err();
        assert!(is_malformed(&error) && error.to_string().contains("exceeds the size limit"));
        assert_eq!(download.clone().size_limit(7).save(signer, gateway, &path), Ok(7));
        let count = sandbox.received().len();
        let error = download.save(signer, gateway, &directory).unwrap_err();
        assert_eq!(error.to_string(), "path must name a file, but names a folder or device");
        assert_eq!(sandbox.received().len(), count);
    }
}

#[cfg(feature = "gzip")]
#[test]
fn compressed_file_is_checked_after_decompression() {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    let (sandbox, link) = offering();
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(CONTENT).unwrap();
    sandbox.script(Method::Get, FILE, Script::file(packer.finish().unwrap()));
    let download = Download::new(&link, sha1());
    assert!(is_other_hash(&write(&sandbox, &download).unwrap_err()));
    assert_eq!(write(&sandbox, &download.compressed()).unwrap(), CONTENT);
}

type WireScript = fn(&mut Peer) -> io::Result<()>;

/// A file of a server that misbehaves, and part of what the error says.
const BROKEN: [(&str, WireScript); 15] = [
    ("no response", |_| Ok(())),
    ("reset", |peer| {
        peer.request()?;
        peer.reset()
    }),
    ("timed out", |peer| {
        peer.request()?;
        peer.wait()
    }),
    ("the connection was closed", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\nContent-Le")
    }),
    ("broke off", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nmessag")
    }),
    ("broke off: timed out", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nmessag")?;
        peer.wait()
    }),
    ("broke off", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n")?;
        peer.drip(b"m")
    }),
    ("broke off", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nmessage\r\n")
    }),
    // Without either, a truncated file looks like a complete one.
    ("neither Content-Length nor chunks", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\n\r\nmessage")
    }),
    ("neither Content-Length nor chunks", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nmessage")
    }),
    // HTTP/1.0 has no chunks.
    ("neither Content-Length nor chunks", |peer| {
        peer.request()?;
        peer.send("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nmessage\r\n0\r\n\r\n")
    }),
    ("broke off: timed out", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nmessage\r\n0\r\n")?;
        peer.flood("X-Trailer: 1\r\n".repeat(1000).as_bytes())
    }),
    ("HTTP 302", |peer| {
        peer.request()?;
        peer.send(
            "HTTP/1.1 302 Found\r\nLocation: /v3/billdownload/file\r\nContent-Length: 0\r\n\r\n",
        )
    }),
    ("HTTP 403", |peer| {
        peer.request()?;
        peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\n<p/>")
    }),
    ("is not a file", |peer| {
        peer.request()?;
        let mut response = WireResponse::signed("message");
        response.head = response.head.replace("200 OK", "203 Non-Authoritative Information");
        peer.send(response.bytes())
    }),
];

/// The row of downloads in the matrix of faults: what is signed there is not signed here.
#[test]
fn broken_download_is_requested_once_and_leaves_no_file() {
    let sandbox = start();
    let directory = directory("broken");
    for (what, script) in BROKEN {
        let wire = Wire::start(move |peer, _| script(peer));
        let gateway = at(&wire);
        let path = directory.join("file.bin");
        let download = Download::unverified("/v3/billdownload/file?token=SECRET");
        let error = download.save(sandbox.signer(), &gateway, path).unwrap_err();
        assert!(error.to_string().contains(what), "{what}: {error}");
        assert!(!error.to_string().contains("SECRET"), "{error}");
        assert!(error.is_read(), "{what}");
        assert_eq!(wire.finish(), 1, "{what}");
        assert!(names(&directory).is_empty(), "{what}");
    }
    // With a hash, the end of the connection may be the end of the file.
    let wire = Wire::start(|peer, _| {
        peer.request()?;
        peer.send("HTTP/1.1 200 OK\r\n\r\nmessage")
    });
    let download = Download::new(format!("{}{FILE}", wire.url("http")), sha1());
    assert_eq!(download.write(sandbox.signer(), &at(&wire), &mut Vec::new()), Ok(7));
    assert_eq!(wire.finish(), 1);
}

fn at(wire: &Wire) -> Gateway {
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Direct;
    options.total_timeout = Duration::from_secs(1);
    options.minimum_file_rate.interval = Duration::from_secs(1);
    let transport = UreqTransport::new(&options).unwrap();
    Gateway::at(&wire.url("http"), platform_keys(), transport).unwrap()
}

#[test]
fn download_of_a_partner_is_signed_by_the_partner() {
    let (sandbox, link) = offering();
    let sub_merchant = wechatpay::SubMerchant::new(sandbox.sub_mchid()).unwrap();
    let partner = wechatpay::Partner::new(sandbox.signer(), sub_merchant);
    let signer: &dyn Signer = &partner;
    let mut file = Vec::new();
    assert_eq!(Download::new(link, sha1()).write(signer, sandbox.gateway(), &mut file), Ok(7));
}
