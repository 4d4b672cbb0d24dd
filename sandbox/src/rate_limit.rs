//! 频率限制: how many calls are taken in a time.

use std::collections::VecDeque;

/// A maximum of calls in any span of a number of seconds.
pub(super) struct RateLimit {
    calls: usize,
    seconds: i64,
    /// When the calls of the last span were taken, in Unix seconds.
    taken: VecDeque<i64>,
}

impl RateLimit {
    pub(super) fn new(calls: usize, seconds: i64) -> Self {
        Self { calls, seconds, taken: VecDeque::new() }
    }

    /// Whether one more call is taken now. One that is not does not count.
    pub(super) fn takes(&mut self, now: i64) -> bool {
        let begin = now.saturating_sub(self.seconds);
        self.taken.retain(|taken| *taken > begin);
        let takes = self.taken.len() < self.calls;
        if takes {
            self.taken.push_back(now);
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_begins_with_each_call() {
        let mut limit = RateLimit::new(2, 10);
        let taken = [0, 5, 9, 9, 10, 14, 15].map(|now| limit.takes(now));
        assert_eq!(taken, [true, true, false, false, true, false, true]);
    }
}
