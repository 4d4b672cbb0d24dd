//! Measures two things in turn, in small batches, so that a machine that slows down slows both.

use std::time::{Duration, Instant};

/// The medians over all pairs of batches.
pub(crate) struct Pairs {
    /// Of one call of the complete.
    pub(crate) complete: Duration,
    /// Of one call of what it is held against.
    pub(crate) bare: Duration,
    pub(crate) ratio: f64,
    /// By how many microseconds the complete takes longer.
    pub(crate) more: f64,
}

impl Pairs {
    pub(crate) fn measure(calls: u32, complete: impl Fn(), bare: impl Fn()) -> Self {
        time(calls, &complete);
        time(calls, &bare);
        let (mut completes, mut bares) = (Vec::new(), Vec::new());
        let (mut ratios, mut more) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            // Now one first, now the other: neither profits from coming second.
            let (one, other) = if pair % 2 == 0 {
                let one = time(calls, &complete);
                (one, time(calls, &bare))
            } else {
                let other = time(calls, &bare);
                (time(calls, &complete), other)
            };
            ratios.push(one.as_secs_f64() / other.as_secs_f64());
            more.push((one.as_secs_f64() - other.as_secs_f64()) * 1e6);
            completes.push(one);
            bares.push(other);
        }
        completes.sort_unstable();
        bares.sort_unstable();
        let middle = PAIRS / 2;
        let (complete, bare) = (completes[middle], bares[middle]);
        Self { complete, bare, ratio: median(ratios), more: median(more) }
    }

    /// The line of a table: what it is, complete, bare, ratio.
    pub(crate) fn print(&self, what: &str) {
        let Self { complete, bare, ratio, .. } = self;
        println!("{what:<56} {complete:>12.2?} {bare:>12.2?} {ratio:>7.3}");
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
