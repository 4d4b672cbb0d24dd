//! Measures two things in turn, in small batches, so that a machine that slows down slows both.

use std::time::{Duration, Instant};

/// The medians over all pairs of batches.
pub(crate) struct Pairs {
    /// Of one call of the whole.
    pub(crate) whole: Duration,
    /// Of one call of what it is held against.
    pub(crate) bare: Duration,
    pub(crate) ratio: f64,
    /// By how many microseconds the whole takes longer.
    pub(crate) more: f64,
}

impl Pairs {
    pub(crate) fn measure(calls: u32, whole: impl Fn(), bare: impl Fn()) -> Self {
        time(calls, &whole);
        time(calls, &bare);
        let (mut wholes, mut bares) = (Vec::new(), Vec::new());
        let (mut ratios, mut more) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            // Now one first, now the other: neither profits from coming second.
            let (one, other) = if pair % 2 == 0 {
                let one = time(calls, &whole);
                (one, time(calls, &bare))
            } else {
                let other = time(calls, &bare);
                (time(calls, &whole), other)
            };
            ratios.push(one.as_secs_f64() / other.as_secs_f64());
            more.push((one.as_secs_f64() - other.as_secs_f64()) * 1e6);
            wholes.push(one);
            bares.push(other);
        }
        wholes.sort_unstable();
        bares.sort_unstable();
        let middle = PAIRS / 2;
        let (whole, bare) = (wholes[middle], bares[middle]);
        Self { whole, bare, ratio: median(ratios), more: median(more) }
    }

    /// The line of a table: what it is, whole, bare, ratio.
    pub(crate) fn print(&self, what: &str) {
        let Self { whole, bare, ratio, .. } = self;
        println!("{what:<56} {whole:>12.2?} {bare:>12.2?} {ratio:>7.3}");
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The time of one call, over a batch.
fn time(calls: u32, call: &impl Fn()) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed() / calls
}

const PAIRS: usize = 600;
