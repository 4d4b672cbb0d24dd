//! Calls through real proxies, HTTP and SOCKS5, to the sandbox under WeChat Pay's name.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use wechatpay::pay::app;
use wechatpay::{Error, Gateway, HttpOptions, PrepayId, Proxy, UreqTransport};
use wechatpay_sandbox::Sandbox;

use crate::support::{order, start};

/// Takes one connection, opens it by its protocol, and reports what it was asked for.
fn proxy(
    sandbox: &Sandbox,
    open: fn(&mut TcpStream) -> io::Result<Vec<u8>>,
) -> (u16, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = sandbox.base_url().trim_start_matches("https://").to_owned();
    let (report, asked) = mpsc::channel();
    thread::spawn(move || {
        let (mut client, _) = listener.accept()?;
        report.send(open(&mut client)?).map_err(io::Error::other)?;
        let mut server = TcpStream::connect(target)?;
        let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
        thread::spawn(move || io::copy(&mut from_server, &mut to_client));
        io::copy(&mut client, &mut server)
    });
    (port, asked)
}

/// The request line of CONNECT and its headers.
fn open_http(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(bytes::<1>(client)?[0]);
    }
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    Ok(head)
}

/// User name, password, and the name of the host.
fn open_socks(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let [version, methods] = bytes(client)?;
    assert_eq!(version, 5);
    client.read_exact(&mut vec![0; methods.into()])?;
    client.write_all(&[5, 2])?;
    let [_] = bytes(client)?;
    let mut asked = text(client)?;
    asked.push(b' ');
    asked.extend(text(client)?);
    client.write_all(&[1, 0])?;
    // Version, connect, reserved, kind of address: a name.
    assert_eq!(bytes(client)?, [5, 1, 0, 3]);
    asked.push(b' ');
    asked.extend(text(client)?);
    assert_eq!(u16::from_be_bytes(bytes(client)?), 443);
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(asked)
}

fn bytes<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A length and that many bytes.
fn text(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let [length] = bytes(client)?;
    let mut text = vec![0; length.into()];
    client.read_exact(&mut text)?;
    Ok(text)
}

fn place(sandbox: &Sandbox, base_url: &str, proxy: String) -> Result<PrepayId, Error> {
    let mut options = HttpOptions::trusting(sandbox.ca_pem());
    options.proxy = Proxy::Url(proxy);
    let keys = sandbox.platform_keys().clone();
    let gateway = Gateway::at(base_url, keys, UreqTransport::new(&options).unwrap()).unwrap();
    app::prepay(sandbox.signer(), &gateway, &order(sandbox, "proxy-1"))
}

const WECHAT_PAY: &str = "https://api.mch.weixin.qq.com";

#[test]
fn http_proxy_carries_a_call() {
    let sandbox = start();
    let (port, asked) = proxy(&sandbox, open_http);
    place(&sandbox, WECHAT_PAY, format!("http://user:password@127.0.0.1:{port}")).unwrap();
    let head = String::from_utf8(asked.recv().unwrap()).unwrap();
    assert!(head.starts_with("CONNECT api.mch.weixin.qq.com:443 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n"), "{head}");
    assert!(!head.contains("WECHATPAY2"), "the proxy sees nothing of the request");
    assert_eq!(sandbox.received().len(), 1);
}

#[test]
fn socks5_proxy_carries_a_call_and_resolves_the_host() {
    let sandbox = start();
    let (port, asked) = proxy(&sandbox, open_socks);
    place(&sandbox, WECHAT_PAY, format!("socks5h://user:password@127.0.0.1:{port}")).unwrap();
    assert_eq!(asked.recv().unwrap(), b"user password api.mch.weixin.qq.com");
    assert_eq!(sandbox.received().len(), 1);
}

#[test]
fn loopback_host_is_reached_without_the_proxy() {
    let sandbox = start();
    for scheme in ["http", "socks5", "socks5h"] {
        let (port, asked) = proxy(&sandbox, open_http);
        let proxy = format!("{scheme}://127.0.0.1:{port}");
        place(&sandbox, sandbox.base_url(), proxy).unwrap();
        assert!(asked.try_recv().is_err(), "{scheme}");
    }
}
