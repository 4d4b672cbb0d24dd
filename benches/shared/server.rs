//! An HTTPS server on 127.0.0.1 that checks nothing and responds at once: what a call costs its client
//! shows best beside a server that costs next to nothing.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use wechatpay::{Gateway, HttpOptions, PlatformKeys, Proxy, UreqTransport};

pub(crate) struct Server {
    pub(crate) base_url: String,
    pub(crate) ca_pem: String,
}

impl Server {
    /// `respond` is given what was received, and writes what is sent.
    pub(crate) fn start<A>(respond: impl FnOnce(&str) -> A) -> Self
    where
        A: Fn(&[u8], &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::default();
        leaf.subject_alt_names = vec![SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST))];
        let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let tls = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key.into())
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let base_url = format!("https://{}", listener.local_addr().unwrap());
        let (tls, respond) = (Arc::new(tls), Arc::new(respond(&base_url)));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (tls, respond) = (tls.clone(), respond.clone());
                // Ends when the client closes the connection.
                thread::spawn(move || serve(socket?, tls, &*respond));
            }
        });
        Self { base_url, ca_pem }
    }

    pub(crate) fn gateway(&self, keys: &PlatformKeys) -> Gateway {
        let mut options = HttpOptions::default();
        options.root_certificates = Some(self.ca_pem.clone());
        options.proxy = Proxy::Direct;
        Gateway::at(&self.base_url, keys.clone(), UreqTransport::new(&options).unwrap()).unwrap()
    }
}

fn serve<A>(socket: TcpStream, tls: Arc<ServerConfig>, respond: &A) -> io::Result<()>
where
    A: Fn(&[u8], &mut dyn Write) -> io::Result<()>,
{
    socket.set_nodelay(true)?;
    let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, socket);
    let mut received = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece)?;
        if length == 0 {
            return Ok(());
        }
        received.extend_from_slice(&piece[..length]);
        if is_complete(&received) {
            respond(&received, &mut stream)?;
            stream.flush()?;
            received.clear();
        }
    }
}

/// Whether a request is all here, its body included.
fn is_complete(received: &[u8]) -> bool {
    let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&received[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    received.len() - end - 4 >= length.map_or(0, |length| length.trim().parse().unwrap())
}
