//! Measures two things in turn, in small batches, so that a machine that slows down slows both.

use std::time::{Duration, Instant};

/// The medians over all pairs of batches.
pub(crate) struct Pairs {
    /// The time of one complete call.
    pub(crate) complete: Duration,
    /// The time of one raw call, with which the complete one is compared.
    pub(crate) raw: Duration,
    pub(crate) ratio: f64,
    /// By how many microseconds the complete takes longer.
    pub(crate) more: f64,
}

impl Pairs {
    pub(crate) fn measure(calls: u32, complete: impl Fn(), raw: impl Fn()) -> Self {
        time(calls, &complete);
        time(calls, &raw);
        let (mut completes, mut raws) = (Vec::new(), Vec::new());
        let (mut ratios, mut more) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            // The two take turns in coming first, so that neither profits from coming second.
            let (one, other) = if pair % 2 == 0 {
                let one = time(calls, &complete);
                (one, time(calls, &raw))
            } else {
                let other = time(calls, &raw);
                (time(calls, &complete), other)
            };
            ratios.push(one.as_secs_f64() / other.as_secs_f64());
            more.push((one.as_secs_f64() - other.as_secs_f64()) * 1e6);
            completes.push(one);
            raws.push(other);
        }
        completes.sort_unstable();
        raws.sort_unstable();
        let middle = PAIRS / 2;
        let (complete, raw) = (completes[middle], raws[middle]);
        Self { complete, raw, ratio: median(ratios), more: median(more) }
    }

    /// The line of a table: what it is, complete, raw, ratio.
    pub(crate) fn print(&self, what: &str) {
        let Self { complete, raw, ratio, .. } = self;
        println!("{what:<56} {complete:>12.2?} {raw:>12.2?} {ratio:>7.3}");
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
