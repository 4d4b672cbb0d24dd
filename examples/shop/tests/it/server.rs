//! The HTTP server: strangers can neither stop it nor keep it busy.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::shop::{KEY, OTHER_KEY, Shop};

/// A connection on which this much of a request was sent.
fn send(shop: &Shop, request: &str) -> TcpStream {
    let mut connection = TcpStream::connect(shop.url("").replace("http://", "")).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The server may have closed it.
    let _ = connection.write_all(request.as_bytes());
    connection
}

/// The first line of the response; empty if there is none.
fn status(mut connection: TcpStream) -> String {
    let mut response = String::new();
    let _ = connection.read_to_string(&mut response);
    response.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn wrong_request_is_refused_and_the_shop_goes_on() {
    let shop = Shop::open("wrong_request_is_refused_and_the_shop_goes_on");
    let with =
        |headers: &str| format!("POST /orders HTTP/1.1\r\nHost: shop\r\n{headers}\r\n\r\n{{");
    for (request, expected) in [
        (with("Content-Length: 4097"), "HTTP/1.1 413 413"),
        (with("Content-Length: 99999999999"), "HTTP/1.1 413 413"),
        (with("Content-Length: 18446744073709551615"), "HTTP/1.1 413 413"),
        (with("Content-Length: 18446744073709551616"), "HTTP/1.1 400 400"),
        (with("Content-Length: -1"), "HTTP/1.1 400 400"),
        (with("Content-Length: +1"), "HTTP/1.1 400 400"),
        (with("Content-Length: 1\r\nContent-Length: 2"), "HTTP/1.1 400 400"),
        (with("Content-Length: 1\r\nTransfer-Encoding: chunked"), "HTTP/1.1 411 411"),
        (with(&format!("X: {}", "x".repeat(40_000))), "HTTP/1.1 431 431"),
        (with(&"X: 1\r\n".repeat(100)), "HTTP/1.1 400 400"),
        ("garbage\u{1b}\r\n\r\n".to_owned(), "HTTP/1.1 400 400"),
    ] {
        assert_eq!(status(send(&shop, &request)), expected, "{request:.80}");
    }
    assert_eq!(shop.buy(OTHER_KEY).0, 201);
}

#[test]
fn slow_clients_keep_no_one_waiting() {
    let shop = Shop::open("slow_clients_keep_no_one_waiting");
    let start = Instant::now();
    let request = "POST /notify HTTP/1.1\r\nHost: shop\r\nContent-Length: 2000\r\n\r\n{";
    let connections: Vec<_> = (0..40).map(|_| send(&shop, request)).collect();
    assert_eq!(shop.buy(KEY).0, 201);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    // The shop has closed the connections of the slow clients.
    assert!(connections.into_iter().map(status).all(|status| status.is_empty()));
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}
