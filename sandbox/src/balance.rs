//! 可用余额: what the merchant's refunds are paid from.

/// An amount in fen, or unlimited.
#[derive(Default)]
pub(super) struct Balance(Option<u64>);

impl Balance {
    pub(super) fn of(fen: u64) -> Self {
        Self(Some(fen))
    }

    /// Takes so many fen out, if there are so many.
    pub(super) fn take(&mut self, fen: u64) -> bool {
        match &mut self.0 {
            None => true,
            Some(left) => match left.checked_sub(fen) {
                Some(rest) => {
                    *left = rest;
                    true
                }
                None => false,
            },
        }
    }

    /// Puts back what was not needed.
    pub(super) fn put_back(&mut self, fen: u64) {
        if let Some(left) = &mut self.0 {
            *left = left.saturating_add(fen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncovered_amount_is_not_taken() {
        let mut balance = Balance::of(5);
        assert!(!balance.take(6) && balance.take(5) && !balance.take(1));
        balance.put_back(1);
        assert!(balance.take(1));
        assert!(Balance::default().take(u64::MAX));
    }
}
