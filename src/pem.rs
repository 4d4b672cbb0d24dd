//! Reading key files. Their text travels through environment variables, YAML and databases, so its layout does not
//! matter; each wrong kind of file has its own error.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::{PemObject, SectionKind};

use crate::error::Invalid;

/// A private key in DER.
pub(crate) enum PrivateKey {
    Pkcs1(Vec<u8>),
    Pkcs8(Vec<u8>),
}

impl PrivateKey {
    /// In the layout and with the label that every reader of PEM accepts.
    pub(crate) fn to_pem(&self) -> String {
        let (label, der) = match self {
            Self::Pkcs1(der) => ("RSA PRIVATE KEY", der),
            Self::Pkcs8(der) => ("PRIVATE KEY", der),
        };
        format!("{BEGIN}{label}{DASHES}\n{}\n{END}{label}{DASHES}\n", STANDARD.encode(der))
    }
}

/// The content of a key file. The error names the file.
pub(crate) fn read_file(name: &str, path: &Path) -> Result<Vec<u8>, Invalid> {
    std::fs::read(path).map_err(|error| {
        Invalid::new(name, format!("cannot be read from {}: {error}", path.display()))
    })
}

pub(crate) fn private_key(name: &str, pem: &[u8]) -> Result<PrivateKey, Invalid> {
    let (kind, der) = one_section(name, pem, "a private key (BEGIN PRIVATE KEY)", |kind| {
        use SectionKind::{EcPrivateKey, PrivateKey, RsaPrivateKey};
        matches!(kind, PrivateKey | RsaPrivateKey | EcPrivateKey)
    })?;
    // The content decides, not the label: people change it for libraries that expect the other one.
    match (PrivateKeyDer::try_from(&*der), kind) {
        (Ok(PrivateKeyDer::Sec1(_)), _) | (_, SectionKind::EcPrivateKey) => {
            Err(Invalid::new(name, "is an EC key; WeChat Pay signs with RSA keys"))
        }
        (Ok(PrivateKeyDer::Pkcs1(_)), _) => Ok(PrivateKey::Pkcs1(der)),
        _ => Ok(PrivateKey::Pkcs8(der)),
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

/// Every certificate of a file that may contain several, such as a list of roots.
pub(crate) fn certificates(name: &str, pem: &[u8]) -> Result<Vec<Vec<u8>>, Invalid> {
    let found: Vec<_> = sections(name, pem)?
        .into_iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| der)
        .collect();
    if found.is_empty() {
        Err(Invalid::new(name, "contains no certificate (BEGIN CERTIFICATE)"))
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
        (Some(_), false) => Err(Invalid::new(
            name,
            format!("must contain {wanted} once, and contains more than one"),
        )),
        (None, _) => {
            let instead = others.first().map_or_else(|| unread(pem), |(kind, _)| name_of(*kind));
            Err(Invalid::new(name, format!("must contain {wanted}, and contains {instead}")))
        }
    }
}

fn sections(name: &str, pem: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>, Invalid> {
    if contains(pem, b"ENCRYPTED") {
        let rule =
            "is encrypted with a password; decrypt it first (openssl pkey -in FILE -out FILE)";
        return Err(Invalid::new(name, rule));
    }
    let pem = with_line_breaks(&String::from_utf8_lossy(pem));
    <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(
        |_| Invalid::new(name, "is damaged: its PEM text cannot be decoded; copy the file again"),
    )
}

/// The sections of the text, each with its label and its content on lines of their own.
///
/// Line breaks may have become the two characters `\n`, blanks, or nothing; lines may be indented, and
/// the text may be in quotes.
fn with_line_breaks(text: &str) -> String {
    let mut sections = String::new();
    for section in text.split(BEGIN).skip(1) {
        let (label, rest) = section.split_once(DASHES).unwrap_or((section, ""));
        let (content, end) = rest.split_once(END).unwrap_or((rest, ""));
        let end_label = end.split_once(DASHES).map_or("", |(label, _)| label);
        sections.extend([BEGIN, label, DASHES, "\n", &without_layout(content), "\n"]);
        sections.extend([END, end_label, DASHES, "\n"]);
    }
    sections
}

/// Base64 has no back-slash, so each one begins the escape sequence of a line break or a blank.
fn without_layout(content: &str) -> String {
    let mut is_escape = false;
    content
        .chars()
        .filter(|character| {
            let is_layout = character.is_whitespace()
                || *character == '\\'
                || (is_escape && matches!(character, 'n' | 'r' | 't'));
            is_escape = *character == '\\';
            !is_layout
        })
        .collect()
}

/// The probable kind of a text without any section.
fn unread(pem: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(without_mark(pem));
    let text = text.trim();
    if text.is_empty() {
        "nothing"
    } else if text.contains(BEGIN) {
        "something else"
    } else if is_pkcs12(pem) {
        "a PKCS#12 archive (apiclient_cert.p12); use the file apiclient_key.pem or apiclient_cert.pem"
    } else if pem.first() == Some(&DER_SEQUENCE) {
        "binary data (DER); use the PEM file"
    } else if is_path(text) {
        "the path of a file; pass the content of the file, or use the function that reads a file"
    } else if text.starts_with("MII") {
        "Base64 text without the lines BEGIN and END; copy the complete file"
    } else {
        "no PEM text at all"
    }
}

/// RFC 7292: a sequence that begins with version 3.
fn is_pkcs12(file: &[u8]) -> bool {
    let version = [0x02, 0x01, 0x03];
    file.first() == Some(&DER_SEQUENCE) && file.windows(3).take(6).any(|bytes| bytes == version)
}

fn is_path(text: &str) -> bool {
    let extensions = [".pem", ".p12", ".pfx", ".key", ".crt", ".cer", ".der", ".txt"];
    let text = text.trim_matches(['"', '\'']).to_ascii_lowercase();
    !text.contains('\n') && extensions.iter().any(|extension| text.ends_with(extension))
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

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// With this byte every key, certificate and archive in DER begins.
const DER_SEQUENCE: u8 = 0x30;
