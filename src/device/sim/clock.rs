//! A clock that moves only when told.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::{Clock, ClockQuality, Stamp};

/// Milliseconds since the simulation's start; the wall clock stands at 2026-01-01T00:00:00Z then.
#[derive(Debug, Default)]
pub struct SimClock {
    ms: AtomicU64,
}

const EPOCH_MS: i64 = 1_767_225_600_000;

impl SimClock {
    pub fn new() -> SimClock {
        SimClock::default()
    }
    pub fn advance(&self, by_ms: u64) {
        self.ms.fetch_add(by_ms, Ordering::AcqRel);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Stamp {
        let ms = i64::try_from(self.monotonic_ms()).unwrap_or(i64::MAX - EPOCH_MS);
        Stamp { ms: EPOCH_MS + ms, quality: ClockQuality::Synchronised }
    }
    fn monotonic_ms(&self) -> u64 {
        self.ms.load(Ordering::Acquire)
    }
}
