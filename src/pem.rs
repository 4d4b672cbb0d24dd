//! Reading key files: each wrong kind of file gets its own plain words.

use rustls_pki_types::pem::{PemObject, SectionKind};

use crate::error::Invalid;

/// A private key as its file holds it, in DER.
pub(crate) enum PrivateKey {
    Pkcs1(Vec<u8>),
    Pkcs8(Vec<u8>),
}

pub(crate) fn private_key(name: &str, pem: &[u8]) -> Result<PrivateKey, Invalid> {
    let (kind, der) = one_section(name, pem, "a private key (BEGIN PRIVATE KEY)", |kind| {
        use SectionKind::{EcPrivateKey, PrivateKey, RsaPrivateKey};
        matches!(kind, PrivateKey | RsaPrivateKey | EcPrivateKey)
    })?;
    match kind {
        SectionKind::PrivateKey => Ok(PrivateKey::Pkcs8(der)),
        SectionKind::RsaPrivateKey => Ok(PrivateKey::Pkcs1(der)),
        _ => Err(Invalid::new(name, "is an EC key; WeChat Pay signs with RSA keys")),
    }
}

pub(crate) fn public_key(name: &str, pem: &[u8]) -> Result<Vec<u8>, Invalid> {
    let wanted = "a public key (BEGIN PUBLIC KEY)";
    one_section(name, pem, wanted, |kind| kind == SectionKind::PublicKey).map(|(_, der)| der)
}

pub(crate) fn certificate(name: &str, pem: &[u8]) -> Result<Vec<u8>, Invalid> {
    let wanted = "a certificate (BEGIN CERTIFICATE)";
    one_section(name, pem, wanted, |kind| kind == SectionKind::Certificate).map(|(_, der)| der)
}

/// Every certificate of a file that may hold several, such as a list of roots.
pub(crate) fn certificates(name: &str, pem: &[u8]) -> Result<Vec<Vec<u8>>, Invalid> {
    let found: Vec<_> = sections(name, pem)?
        .into_iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| der)
        .collect();
    if found.is_empty() {
        Err(Invalid::new(name, "holds no certificate (BEGIN CERTIFICATE)"))
    } else {
        Ok(found)
    }
}

/// The text without the mark that editors on Windows put at the start of a file.
pub(crate) fn without_mark(pem: &[u8]) -> &[u8] {
    pem.strip_prefix("\u{feff}".as_bytes()).unwrap_or(pem)
}

fn one_section(
    name: &str,
    pem: &[u8],
    wanted: &str,
    is_wanted: impl Fn(SectionKind) -> bool,
) -> Result<(SectionKind, Vec<u8>), Invalid> {
    let (mut found, others): (Vec<_>, Vec<_>) =
        sections(name, pem)?.into_iter().partition(|(kind, _)| is_wanted(*kind));
    match (found.pop(), found.is_empty()) {
        (Some(section), true) => Ok(section),
        (Some(_), false) => {
            Err(Invalid::new(name, format!("must hold {wanted} once, and holds more than one")))
        }
        (None, _) => {
            let instead = others.first().map_or_else(|| unread(pem), |(kind, _)| name_of(*kind));
            Err(Invalid::new(name, format!("must hold {wanted}, and holds {instead}")))
        }
    }
}

fn sections(name: &str, pem: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>, Invalid> {
    let pem = without_mark(pem);
    if contains(pem, b"ENCRYPTED") {
        let rule =
            "is encrypted with a password; decrypt it first (openssl pkey -in FILE -out FILE)";
        return Err(Invalid::new(name, rule));
    }
    <(SectionKind, Vec<u8>)>::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| {
        Invalid::new(name, "is damaged: its PEM text cannot be decoded; copy the file again")
    })
}

fn unread(pem: &[u8]) -> &'static str {
    if pem.is_empty() {
        "nothing"
    } else if contains(pem, b"-----BEGIN ") {
        "something else"
    } else {
        "no PEM text at all"
    }
}

fn name_of(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Certificate => "a certificate",
        SectionKind::PublicKey => "a public key",
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
            "a private key"
        }
        _ => "something else",
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
