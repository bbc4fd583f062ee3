//! How long to wait after a failure: doubling to a cap, spread so that a thousand nodes do not come back in the same second.
//! No randomness: the spread comes from the node's name and the number of failures.

/// First wait after a failure.
pub const WAIT_MS_FIRST: u64 = 500;
/// The longest wait.
pub const WAIT_MS_MAX: u64 = 30_000;

#[derive(Debug, Clone)]
pub struct Backoff {
    seed: u64,
    failures: u32,
}

impl Backoff {
    /// `name` spreads the waits of different callers.
    pub fn new(name: &str) -> Backoff {
        Backoff { seed: name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)), failures: 0 }
    }

    pub fn failures(&self) -> u32 {
        self.failures
    }

    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Milliseconds to wait now: between three and five quarters of the doubled time, never above [`WAIT_MS_MAX`].
    pub fn failed(&mut self) -> u64 {
        let plain = WAIT_MS_FIRST.saturating_mul(1 << self.failures.min(16)).min(WAIT_MS_MAX);
        self.failures = self.failures.saturating_add(1);
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let spread = (self.seed >> 33) % (plain / 2 + 1);
        (plain - plain / 4 + spread).min(WAIT_MS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_the_cap_and_start_again_after_a_success() {
        let mut backoff = Backoff::new("s1/n1");
        let waits: Vec<u64> = (0..12).map(|_| backoff.failed()).collect();
        assert!((375..=625).contains(&waits[0]), "{waits:?}");
        assert!(waits.iter().all(|w| *w <= WAIT_MS_MAX) && waits[11] >= WAIT_MS_MAX * 3 / 4, "{waits:?}");
        backoff.succeeded();
        assert!(backoff.failed() <= 625);
    }
}
