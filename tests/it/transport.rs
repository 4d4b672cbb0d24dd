//! One request a call, bounded, without redirects; and malformed responses.

use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wechatpay::call::Download;
use wechatpay::pay::app;
use wechatpay::{
    ErrorKind, Gateway, HttpOptions, Method, MinimumFileRate, Outcome, PlatformKeys, Proxy,
    Request, Retry, Transport, TransportErrorKind, UreqTransport,
};
use wechatpay_sandbox::{Response, Script};

use crate::scripted_server::{Peer, Wire};
use crate::support::{api, order, start, within};

const MEBIBYTE: usize = 1024 * 1024;

#[test]
fn redirect_is_not_followed() {
    let sandbox = start();
    let order = order(&sandbox, "redirect-1");
    for (count, status) in (1..).zip([301, 302, 303, 307, 308]) {
        let location = format!("{}/v3/pay/transactions/app", sandbox.base_url());
        sandbox.tamper_next(move |response| {
            *response = Response { status, headers: Vec::new(), body: Vec::new() };
            response.set_header("Location", location);
        });
        let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
        assert_eq!(api(&error).status, status);
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
        assert_eq!(sandbox.received().len(), count);
    }
}

#[test]
fn response_of_more_than_a_mebibyte_is_refused() {
    let sandbox = start();
    let order = order(&sandbox, "large-1");
    let padded = |length: usize| {
        move |response: &mut Response| {
            let padding = length - response.body.len();
            response.body.splice(0..0, std::iter::repeat_n(b' ', padding));
        }
    };
    sandbox.rewrite_next(padded(MEBIBYTE));
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    sandbox.rewrite_next(padded(MEBIBYTE + 1));
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert!(error.to_string().starts_with("the response is larger than 1 MiB"), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[test]
fn truncated_response_is_unknown() {
    let sandbox = start();
    let order = order(&sandbox, "broken-off-1");
    sandbox.tamper_next(|response| response.set_header("Content-Length", "1000"));
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert!(error.to_string().starts_with("the response broke off"), "{error}");
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));

    sandbox.tamper_next(|response| response.status = 0);
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));
    assert_eq!(sandbox.received().len(), 2);
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
}

#[test]
fn verified_but_malformed_response_is_unknown() {
    let sandbox = start();
    let order = order(&sandbox, "odd-response-1");
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "{\"prepay_id\":null}",
        "{\"prepay_id\":7}",
        "{\"prepay_id\":\"\"}",
        "{\"prepay_id\":\"wx\\n1\"}",
        "{\"prepay_id\":\"SECRET\"",
        "{\"prepay_id\":\"SECRET\"} SECRET",
        "{\"prepay_id\":{\"SECRET\":1}}",
        "\u{feff}{\"prepay_id\":\"wx1\"}",
    ] {
        sandbox.rewrite_next(move |response| response.body = body.into());
        let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Malformed { status: 200, .. }),
            "{body}: {error}"
        );
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
    }
    sandbox.rewrite_next(|response| {
        response.body = r#"{"new_key":[1,{"x":null}],"prepay_id":"wx1","prepay":"x"}"#.into();
    });
    let prepay_id = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    assert_eq!(prepay_id.as_str(), "wx1");
}

#[test]
fn http_202_is_not_a_placed_order() {
    let sandbox = start();
    let order = order(&sandbox, "accepted-1");
    sandbox.rewrite_next(|response| response.status = 202);
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert_eq!(api(&error).status, 202);
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));
}

#[test]
fn page_of_a_proxy_keeps_its_http_status() {
    let sandbox = start();
    let order = order(&sandbox, "html-page-1");
    let table = [
        (502, Outcome::Unknown, "<html><h1>502 Bad Gateway</h1></html>".to_owned()),
        (503, Outcome::Unknown, String::new()),
        (404, Outcome::Refused, "<html>".repeat(1000)),
        (403, Outcome::Refused, "[1,2]".to_owned()),
        (413, Outcome::Refused, "{\"code\":7,\"message\":[],\"detail\":\"x\"}".to_owned()),
    ];
    for (status, outcome, body) in table {
        sandbox.tamper_next(move |response| {
            *response = Response { status, headers: Vec::new(), body: body.into() };
        });
        let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
        let response = api(&error);
        assert_eq!((response.status, response.code.as_str(), response.signed), (status, "", false));
        assert_eq!(error.outcome(), outcome);
        assert!(!error.to_string().contains('<'), "{error}");
    }
    sandbox.tamper_next(|response| {
        *response =
            Response { status: 200, headers: Vec::new(), body: "<html>log in</html>".into() };
    });
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Untrusted { status: 200, .. }), "{error}");
}

#[test]
fn refused_connection_is_certainly_not_sent() {
    let sandbox = start();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Direct;
    let transport = UreqTransport::new(&options).unwrap();
    let keys = sandbox.platform_keys().clone();
    let gateway = Gateway::at(&format!("https://{free}"), keys, transport).unwrap();
    let order = order(&sandbox, "refused-1");
    let error = app::prepay(sandbox.signer(), &gateway, &order).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::NotSent, Retry::SameRequest));
    assert_eq!(error.to_string(), "no connection to 127.0.0.1: refused; nothing was sent; retry");
}

#[test]
fn longest_timeout_is_a_day_and_can_be_used() {
    let sandbox = start();
    let mut options = HttpOptions::trusting(sandbox.ca_pem());
    options.total_timeout = Duration::MAX;
    let error = UreqTransport::new(&options).unwrap_err();
    assert_eq!(error.to_string(), "total_timeout must not exceed a day");
    options.total_timeout = Duration::from_secs(24 * 60 * 60);
    options.minimum_file_rate.interval = Duration::MAX;
    let transport = UreqTransport::new(&options).unwrap();
    let keys = sandbox.platform_keys().clone();
    let gateway = Gateway::at(sandbox.base_url(), keys, transport).unwrap();
    app::prepay(sandbox.signer(), &gateway, &order(&sandbox, "longest-1")).unwrap();
    sandbox.script(Method::Get, "/v3/billdownload/file", Script::file(b"message"));
    let mut file = Vec::new();
    let download = Download::unverified("/v3/billdownload/file");
    assert_eq!(download.write(sandbox.signer(), &gateway, &mut file), Ok(7));
}

#[test]
fn silent_server_ends_in_a_timeout() {
    let sandbox = start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    // Plain HTTP: the connection is open at once, so the missing response ends the call.
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let order = order(&sandbox, "silence-1");
    let wait = |total_timeout| {
        let mut options = HttpOptions::default();
        options.total_timeout = total_timeout;
        let transport = UreqTransport::new(&options).unwrap();
        let gateway = Gateway::at(&base_url, sandbox.platform_keys().clone(), transport).unwrap();
        let started = Instant::now();
        let error = app::prepay(sandbox.signer(), &gateway, &order).unwrap_err();
        (total_timeout, started.elapsed(), error)
    };
    // A machine that is busy may not even connect in a quarter of that.
    let mut waited = [800, 4_000, 20_000].into_iter().map(Duration::from_millis).map(wait);
    let (total_timeout, elapsed, error) =
        waited.find(|(.., error)| error.outcome() != Outcome::NotSent).unwrap();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));
    assert!(elapsed >= total_timeout, "{error}");
    assert!(elapsed < total_timeout + Duration::from_secs(5), "{error}");
}

#[test]
fn proxy_is_used_except_for_loopback() {
    let sandbox = start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Url(format!("http://{}", listener.local_addr().unwrap()));
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    let transport = UreqTransport::new(&options).unwrap();
    let keys = sandbox.platform_keys().clone();
    let direct = Gateway::at(sandbox.base_url(), keys.clone(), transport.clone()).unwrap();
    app::prepay(sandbox.signer(), &direct, &order(&sandbox, "proxy-1")).unwrap();

    let asked = std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(socket).read_line(&mut line).unwrap();
        line
    });
    let far = Gateway::at("https://shop.example", keys, transport).unwrap();
    let error = app::prepay(sandbox.signer(), &far, &order(&sandbox, "proxy-2")).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(asked.join().unwrap(), "CONNECT shop.example:443 HTTP/1.1\r\n");
}

#[test]
fn connection_is_used_again() {
    let sandbox = start();
    for number in 0..5 {
        let order = order(&sandbox, &format!("reuse-{number}"));
        app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    }
    assert_eq!(sandbox.connections(), 1);
}

#[test]
fn gateways_of_several_merchants_share_pooled_connections() {
    let sandbox = start();
    let mut options = HttpOptions::default();
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    let transport: Arc<dyn Transport> = Arc::new(UreqTransport::new(&options).unwrap());
    for (index, keys) in [sandbox.platform_keys().clone(), PlatformKeys::none()].iter().enumerate()
    {
        let gateway =
            Gateway::at(sandbox.base_url(), keys.clone(), Arc::clone(&transport)).unwrap();
        let order = order(&sandbox, &format!("shared-{index}"));
        let result = app::prepay(sandbox.signer(), &gateway, &order);
        assert_eq!(result.is_ok(), index == 0, "each believes by keys of its own");
    }
    assert_eq!((sandbox.received().len(), sandbox.connections()), (2, 1));
}

/// Requests a file from a server that follows this script, and reads it to its end.
fn read_file(
    script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
    change: impl FnOnce(&mut HttpOptions),
) -> (io::Result<Vec<u8>>, Duration) {
    let wire = Wire::start(move |peer, _| {
        peer.request()?;
        script(peer)
    });
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Direct;
    options.total_timeout = Duration::from_secs(1);
    change(&mut options);
    let transport = UreqTransport::new(&options).unwrap();
    let url = wire.url("http");
    let mut request = Request::new(Method::Get, &url, &[], b"");
    request.is_file = true;
    let started = Instant::now();
    let read = within(Duration::from_secs(60), || {
        let mut body = Vec::new();
        transport.send(&request).unwrap().body.read_to_end(&mut body).map(|_| body)
    });
    assert_eq!(wire.finish(), 1);
    (read, started.elapsed())
}

#[test]
fn error_to_a_file_request_ends_within_the_total_timeout() {
    let (read, elapsed) = read_file(
        |peer| {
            peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")?;
            peer.drip(b" ")
        },
        |_| (),
    );
    assert_eq!(read.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");
}

#[test]
fn silent_file_ends_after_the_total_timeout() {
    let (read, elapsed) = read_file(
        |peer| {
            peer.send("HTTP/1.1 200 OK\r\n\r\n1,2\n")?;
            peer.wait()
        },
        |_| (),
    );
    assert_eq!(read.unwrap_err().to_string(), "timed out");
    assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");
}

#[test]
fn file_below_the_minimum_rate_ends_as_an_error() {
    let drip = |peer: &mut Peer| {
        peer.send("HTTP/1.1 200 OK\r\n\r\n")?;
        peer.drip(b" ")
    };
    // The file arrives at one byte each 10 ms.
    let (read, elapsed) = read_file(drip, |options| {
        options.minimum_file_rate =
            MinimumFileRate { bytes: 1000, interval: Duration::from_millis(500) };
    });
    let error = read.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "it is slower than 1000 bytes in 500ms");
    assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");
}

#[test]
fn slow_file_above_the_minimum_rate_arrives() {
    // The file takes longer than the total timeout of a call.
    let (read, elapsed) = read_file(
        |peer| {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 150\r\n\r\n")?;
            peer.drip(b" ")
        },
        |options| {
            options.total_timeout = Duration::from_millis(800);
            options.minimum_file_rate =
                MinimumFileRate { bytes: 1, interval: Duration::from_millis(400) };
        },
    );
    assert_eq!(read.unwrap().len(), 150);
    assert!(elapsed > Duration::from_millis(800), "{elapsed:?}");
}

#[test]
fn large_error_body_keeps_its_status_and_nothing_else() {
    let sandbox = start();
    let order = order(&sandbox, "large-error-1");
    for (length, code) in [(64 * 1024, "PARAM_ERROR"), (64 * 1024 + 1, "")] {
        sandbox.tamper_next(move |response| {
            let mut body = br#"{"code":"PARAM_ERROR","message":"x"}"#.to_vec();
            body.resize(length, b' ');
            *response = Response { status: 400, headers: Vec::new(), body };
        });
        let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
        let found = api(&error);
        assert_eq!((found.status, found.code.as_str()), (400, code), "{length}");
        assert_eq!(error.outcome(), Outcome::Refused);
    }
}

#[test]
fn transport_errors_tell_their_kind() {
    let keys = PlatformKeys::none();
    let kind = |base_url: &str| {
        let mut options = HttpOptions::default();
        options.proxy = Proxy::Direct;
        options.total_timeout = Duration::from_secs(2);
        let transport = UreqTransport::new(&options).unwrap();
        let gateway = Gateway::at(base_url, keys.clone(), transport).unwrap();
        let sandbox = start();
        let error =
            app::prepay(sandbox.signer(), &gateway, &order(&sandbox, "kinds-1")).unwrap_err();
        let ErrorKind::Transport(error) = error.kind() else { panic!("{error}") };
        error.kind()
    };
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    assert_eq!(kind(&format!("https://{free}")), TransportErrorKind::Connect);
    let host = "x".repeat(64);
    assert_eq!(kind(&format!("https://{host}.example")), TransportErrorKind::Dns);
    let silent = Wire::start(|peer, _| peer.wait());
    assert_eq!(kind(&silent.url("http")), TransportErrorKind::Timeout);
    let untrusted = start();
    assert_eq!(kind(untrusted.base_url()), TransportErrorKind::Tls);
    let closing = Wire::start(|peer, _| {
        peer.request()?;
        peer.reset()
    });
    assert_eq!(kind(&closing.url("http")), TransportErrorKind::Reset);
}
