//! Amounts in fen: what is charged for them, how they are shared out, how bills print them.

/// 手续费 on an amount that is settled, rounded to the nearest fen.
pub(super) fn fee(fen: u64) -> u64 {
    share(fen, 2 * TEN_THOUSANDTHS, 10_000).saturating_add(1) / 2
}

/// The part of `whole` that belongs to `done` out of `total`, rounded down.
pub(super) fn share(whole: u64, done: u64, total: u64) -> u64 {
    let product = u128::from(whole).saturating_mul(done.into());
    let part = product.checked_div(total.into()).unwrap_or_default();
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// In yuan, with two decimals.
pub(super) fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// 费率, as bills print it.
pub(super) const RATE: &str = "0.60%";
/// The same, to reckon with.
const TEN_THOUSANDTHS: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fee_is_rounded_to_the_nearest_fen() {
        for (fen, expected) in
            [(0, 0), (83, 0), (84, 1), (100, 1), (249, 1), (250, 2), (10_000, 60)]
        {
            assert_eq!(fee(fen), expected, "{fen}");
        }
        assert!(fee(u64::MAX) > 0);
    }

    #[test]
    fn shares_are_exact_and_never_overflow() {
        assert_eq!(share(20, 50, 100), 10);
        assert_eq!(share(1, 99, 100), 0);
        assert_eq!(share(u64::MAX, u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(share(u64::MAX, 2, 1), u64::MAX);
        assert_eq!(share(1, 1, 0), 0);
    }

    #[test]
    fn yuan_have_two_decimals() {
        assert_eq!([0, 5, 100, 1234].map(yuan), ["0.00", "0.05", "1.00", "12.34"]);
    }
}
