//! The rules that every transfer shares, with a confirmation or under an authorization.

use crate::encryption::Encrypted;
#[cfg(feature = "aws-lc-rs")]
use crate::encryption::Encryptor;
use crate::error::{Invalid, Violations};
use crate::money::Fen;
use crate::party::Party;
use crate::strict_json::Object;
use crate::transfer::scene::{Infos, Scene};
use crate::validate;

/// The fields that every transfer has.
pub(super) struct Terms<'a> {
    pub(super) scene: &'a Scene,
    pub(super) infos: Infos,
    pub(super) user_name: Option<&'a Encrypted>,
    pub(super) amount: Fen,
    pub(super) remark: &'a str,
    pub(super) perception: Option<&'a str>,
    pub(super) sponsor_mchid: Option<&'a str>,
}

impl Terms<'_> {
    pub(super) fn find_violations(&self, violations: &mut Violations) {
        self.scene.find_violations(violations, self.infos);
        self.scene.check_perception(violations, self.perception);
        if !(LEAST..=Fen::MAX).contains(&self.amount) {
            let rule = "must be at least 10 fen and fit a signed 64-bit integer";
            violations.add("/transfer_amount", rule);
        }
        if self.user_name.is_none() && self.amount >= NAME_REQUIRED {
            violations.add("/user_name", "must be set, encrypted, from 2,000 yuan");
        }
        if self.user_name.is_some() && self.amount < NAME_ALLOWED {
            violations.add("/user_name", "must be left out under 0.30 yuan");
        }
        validate::text(violations, "/transfer_remark", self.remark, 32);
        validate::optional_text(violations, "/sponsor_mchid", self.sponsor_mchid, 32);
    }
}

/// Transfers are for direct merchants.
pub(super) fn check_party(party: Party<'_>) -> Result<(), Invalid> {
    if party.sub_merchant().is_some() {
        let rule = "must be absent, because transfers are for direct merchants; use the merchant's own signer";
        return Err(Invalid::new("sub_mchid", rule));
    }
    Ok(())
}

/// What `user_name` in the caller's JSON is. It may be left out.
pub(super) enum UserName<'a> {
    /// A ciphertext under the key with this serial number, which is known beside the body.
    Encrypted(Option<&'a str>),
    /// Plain text.
    #[cfg(feature = "aws-lc-rs")]
    Plain(&'a Encryptor),
}

impl UserName<'_> {
    pub(super) fn read(&self, object: &mut Object<'_>) -> Option<Encrypted> {
        let text: String = object.optional("user_name")?;
        let user_name = match self {
            Self::Encrypted(Some(serial)) => Encrypted::new(*serial, text),
            Self::Encrypted(None) => {
                object.violation(
                    "user_name",
                    "must be given with the encryption_serial that it was stored with",
                );
                return None;
            }
            #[cfg(feature = "aws-lc-rs")]
            Self::Plain(encryptor) => encryptor.encrypt(&text),
        };
        object.checked("user_name", user_name)
    }
}

const LEAST: Fen = Fen(10);
const NAME_ALLOWED: Fen = Fen(30);
const NAME_REQUIRED: Fen = Fen(200_000);
