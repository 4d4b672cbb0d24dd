//! Numbers that never repeat.

use std::iter::repeat;

use ring::digest::{SHA256, digest};

/// A well of fresh hex digits: unique by its counter, different in every sandbox by its seed.
///
/// A digest and not a random source, because it cannot fail in the middle of a call.
pub(super) struct UniqueIds {
    seed: [u8; 32],
    drawn: u64,
}

impl UniqueIds {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0 }
    }

    /// 64 lower-case hex digits that were not drawn before.
    pub(super) fn hex(&mut self) -> String {
        self.drawn = self.drawn.saturating_add(1);
        let input = [self.seed.as_slice(), &self.drawn.to_be_bytes()].concat();
        digest(&SHA256, &input).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// As [`UniqueIds::hex`], but that many digits: at most 64.
    pub(super) fn digits(&mut self, count: usize) -> String {
        self.hex().chars().take(count).collect()
    }

    /// That many decimal digits, at least ten: numbers that were not drawn before.
    pub(super) fn decimals(&mut self, count: usize) -> String {
        let hex = self.hex();
        let leading = count.saturating_sub(COUNTER);
        let digits = hex.chars().filter(char::is_ascii_digit).chain(repeat('0')).take(leading);
        format!("{}{:0COUNTER$}", digits.collect::<String>(), self.drawn)
    }
}

/// The digits that the counter takes.
const COUNTER: usize = 10;
