//! The names in the caller's JSON: ciphertexts, or plain text that is encrypted while it is read.

use crate::encryption::Encrypted;
#[cfg(feature = "aws-lc-rs")]
use crate::encryption::Encryptor;
use crate::error::Violations;
use crate::strict_json::Object;

/// The form of the names in the caller's JSON.
pub(super) enum Names<'a> {
    /// Ciphertexts under the key with this serial number. Without one, there must be no name.
    Encrypted(Option<&'a str>),
    /// Plain text.
    #[cfg(feature = "aws-lc-rs")]
    Plain(&'a Encryptor),
}

impl Names<'_> {
    /// Reads the member `name`, which may be left out.
    pub(super) fn read(&self, object: &mut Object<'_>) -> Option<Encrypted> {
        let name: String = object.optional("name")?;
        let name = match self {
            Self::Encrypted(Some(serial)) => Encrypted::new(*serial, name),
            Self::Encrypted(None) => {
                object
                    .violation("name", "needs the serial number of the key it was encrypted with");
                return None;
            }
            #[cfg(feature = "aws-lc-rs")]
            Self::Plain(encryptor) => encryptor.encrypt(&name),
        };
        object.checked("name", name)
    }
}

/// The serial number of the key that these values were encrypted with; none if there is no value.
pub(super) fn serial<'a>(names: impl IntoIterator<Item = &'a Encrypted>) -> Option<&'a str> {
    names.into_iter().next().map(Encrypted::serial)
}

/// A request has one header for the serial number, so the names of its receivers have one key.
pub(super) fn find_violations<'a>(
    violations: &mut Violations,
    serial: Option<&str>,
    names: impl IntoIterator<Item = Option<&'a Encrypted>>,
) {
    for (index, name) in names.into_iter().enumerate() {
        if name.is_some_and(|name| serial != Some(name.serial())) {
            let path = format!("/receivers/{index}/name");
            violations.add(path, "must be encrypted with the same key as the other names");
        }
    }
}
