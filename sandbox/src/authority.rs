//! The certificate authority of one sandbox, and the keys it certifies.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::RsaKeyPair;
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

/// The main and the standby host of WeChat Pay. If a client cannot be configured for another
/// host, a proxy or the resolver leads it here.
pub(super) const HOSTS: [&str; 2] = ["api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"];

/// A certificate authority, made anew for every sandbox.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub(super) pem: String,
}

/// A certificate over one of the RSA keys.
pub(super) struct Certificate {
    pub(super) pem: String,
    /// 40 upper-case hex digits.
    pub(super) serial_no: String,
    /// Unix seconds.
    pub(super) effective_time: i64,
    pub(super) expire_time: i64,
}

/// 商户API私钥 of the sandbox: public, throwaway, worthless.
pub(super) const MERCHANT_KEY_PEM: &str = include_str!("keys/merchant.pem");
/// 商户API私钥 of the neighbour: public, throwaway, worthless.
pub(super) const NEIGHBOUR_KEY_PEM: &str = include_str!("keys/neighbour.pem");
/// The key of the platform: public, throwaway, worthless.
pub(super) const PLATFORM_KEY_PEM: &str = include_str!("keys/platform.pem");
/// The key of the platform's next certificate: public, throwaway, worthless.
pub(super) const NEXT_PLATFORM_KEY_PEM: &str = include_str!("keys/platform-next.pem");

impl Authority {
    pub(super) fn new() -> io::Result<Self> {
        Self::named("WeChat Pay sandbox authority")
    }

    /// An authority that no client trusts.
    pub(super) fn unknown() -> io::Result<Self> {
        Self::named("Unknown authority")
    }

    fn named(common_name: &str) -> io::Result<Self> {
        let mut params = params(common_name, A_DAY)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// TLS for localhost, 127.0.0.1, `address` and the names of WeChat Pay.
    pub(super) fn tls(&self, address: IpAddr) -> io::Result<Arc<ServerConfig>> {
        let mut params = params("localhost", A_DAY)?;
        params.subject_alt_names = own_names(address)?;
        self.serve(params)
    }

    /// As [`Authority::tls`], but for a host that is not the sandbox's.
    pub(super) fn tls_of_another_host(&self) -> io::Result<Arc<ServerConfig>> {
        let mut params = params(OTHER_HOST, A_DAY)?;
        params.subject_alt_names = vec![dns_name(OTHER_HOST)?];
        self.serve(params)
    }

    /// As [`Authority::tls`], but with a certificate that ended a day ago.
    pub(super) fn expired_tls(&self, address: IpAddr) -> io::Result<Arc<ServerConfig>> {
        let mut params = params("localhost", A_DAY.saturating_mul(2))?;
        params.subject_alt_names = own_names(address)?;
        params.not_after = params.not_before.saturating_add(time::Duration::DAY);
        self.serve(params)
    }

    fn serve(&self, mut params: CertificateParams) -> io::Result<Arc<ServerConfig>> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(self.pem.as_bytes()).map_err(io::Error::other)?;
        roots.add(root).map_err(io::Error::other)?;
        let provider = Arc::new(default_provider());
        // A merchant may show its certificate; only some interfaces of APIv2 ask for it.
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .map_err(io::Error::other)?;
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![leaf.der().clone()], key.into())
            .map(Arc::new)
            .map_err(io::Error::other)
    }

    /// A certificate over `key` of this age, valid for five years as the real ones are.
    pub(super) fn certify(
        &self,
        common_name: &str,
        key: &KeyPair,
        age: Duration,
    ) -> io::Result<Certificate> {
        let serial = serial_number()?;
        let mut params = params(common_name, age)?;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let certificate = params.signed_by(key, &self.issuer).map_err(io::Error::other)?;
        Ok(Certificate {
            pem: certificate.pem(),
            serial_no: serial.iter().map(|byte| format!("{byte:02X}")).collect(),
            effective_time: params.not_before.unix_timestamp(),
            expire_time: params.not_after.unix_timestamp(),
        })
    }
}

/// The names and addresses by which a client reaches the sandbox.
fn own_names(address: IpAddr) -> io::Result<Vec<SanType>> {
    let names = ["localhost"].into_iter().chain(HOSTS).map(dns_name);
    let addresses = [IpAddr::from([127, 0, 0, 1]), address].map(|it| Ok(SanType::IpAddress(it)));
    names.chain(addresses).collect()
}

fn dns_name(name: &str) -> io::Result<SanType> {
    Ok(SanType::DnsName(name.try_into().map_err(io::Error::other)?))
}

/// The key pair, as `ring` signs with it.
pub(super) fn ring_key(key: &KeyPair) -> io::Result<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(&key.serialize_der())
        .map_err(|rejected| io::Error::other(rejected.to_string()))
}

/// 32 random bytes.
pub(super) fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    SystemRandom::new()
        .fill(&mut seed)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(seed)
}

/// 20 bytes, the first from 0x40 to 0x7F: so it is positive, and its hex has no leading zero to
/// lose.
fn serial_number() -> io::Result<Vec<u8>> {
    let mut serial: Vec<u8> = seed()?.into_iter().take(20).collect();
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3F) | 0x40;
    }
    Ok(serial)
}

fn params(common_name: &str, age: Duration) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.distinguished_name.push(DnType::OrganizationName, "wechatpay-blocking sandbox");
    // RFC 5280 requires it, and so do strict clients, such as Python since 3.13.
    params.use_authority_key_identifier_extension = true;
    let clock = || io::Error::other("the clock");
    let beginning = i64::try_from(age.as_secs())
        .ok()
        .and_then(|age| OffsetDateTime::now_utc().checked_sub(time::Duration::seconds(age)));
    params.not_before = beginning.ok_or_else(clock)?;
    params.not_after = params.not_before.checked_add(FIVE_YEARS).ok_or_else(clock)?;
    Ok(params)
}

/// A clock that is a little behind must not find a certificate from the future.
pub(super) const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A reserved name (RFC 2606).
const OTHER_HOST: &str = "other-host.example";
const FIVE_YEARS: time::Duration = time::Duration::days(5 * 365);
