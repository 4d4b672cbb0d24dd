//! Random text.

use ring::rand::{SecureRandom, SystemRandom};

use crate::failure::{Failure, Result};

/// 128 random bits in hexadecimal capitals, as WeChat Pay's documents print a nonce (随机字符串).
pub(crate) fn random_hexadecimal() -> Result<String> {
    let mut bits = [0; 16];
    SystemRandom::new().fill(&mut bits).map_err(|_| {
        Failure::Invalid("the operating system returned no random numbers".to_owned())
    })?;
    Ok(format!("{:032X}", u128::from_be_bytes(bits)))
}
