//! Secrets of the sandbox's merchant in texts, and in the log below level TRACE.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Once};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use log::{LevelFilter, Log, Metadata, Record};

/// Installs a logger for all tests. It checks each record at once, so that a secret fails the test
/// that logs it.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

struct Listener;

pub(crate) static HEARD: AtomicUsize = AtomicUsize::new(0);

impl Log for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        HEARD.fetch_add(1, Ordering::Relaxed);
        assert!(!leaks(&record.args().to_string()), "a secret in the log of {}", record.target());
    }

    fn flush(&self) {}
}

/// Whether the text contains 16 bytes of a secret: raw, in Base64, or in hexadecimal.
pub(crate) fn leaks(text: &str) -> bool {
    static PIECES: LazyLock<HashSet<Vec<u8>>> = LazyLock::new(pieces);
    let holds = |text: &str| text.as_bytes().windows(16).any(|piece| PIECES.contains(piece));
    holds(text) || holds(&text.to_lowercase())
}

/// The merchant's private key and the API keys, in pieces of 16 bytes.
fn pieces() -> HashSet<Vec<u8>> {
    let sandbox = wechatpay_sandbox::Sandbox::start().unwrap();
    let pem = sandbox.merchant_key_pem();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(&base64).unwrap();
    // The first bytes are equal in every RSA key.
    let (base64, der) = (&base64.as_bytes()[36..], &der[26..]);
    let api_keys = crate::api_keys(&sandbox);
    let texts = || api_keys.iter().map(String::as_bytes);
    // The Base64 text depends on the offset modulo 3.
    let secrets = texts().chain([der]);
    let encoded = secrets.flat_map(|secret| {
        let shifted = secret.iter().enumerate().take(3).map(|(start, _)| &secret[start..]);
        shifted.map(|secret| STANDARD.encode(secret)).chain([hex(secret)]).collect::<Vec<_>>()
    });
    let texts = texts().chain([base64]).map(<[u8]>::to_vec);
    texts
        .chain(encoded.map(String::into_bytes))
        .flat_map(|secret| secret.windows(16).map(<[u8]>::to_vec).collect::<Vec<_>>())
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
