//! The second signature, with which an app, a page or a mini-program starts the payment.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::Error;
use crate::id::AppId;
use crate::signer::{self, Signer};
use crate::signing;
use crate::time::Time;

/// What the client hands over beside the signed text.
pub(super) struct Invocation {
    pub(super) timestamp: String,
    pub(super) nonce: String,
    pub(super) signature: String,
}

/// Signs `package` for the appid that starts the payment.
pub(super) fn sign(signer: &dyn Signer, appid: &AppId, package: &str) -> Result<Invocation, Error> {
    let (timestamp, nonce) = (Time::now()?.unix_seconds(), signer::nonce()?);
    let message = signing::invoke(appid.as_str(), timestamp, &nonce, package);
    let signature = STANDARD.encode(signer.sign(&message)?.bytes);
    Ok(Invocation { timestamp: timestamp.to_string(), nonce, signature })
}
