//! Time as a value that is passed in. The core never asks for it; the shell owns a [`Clock`] and stamps what enters.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::ids::Incarnation;

/// How far the wall clock can be believed. Order never depends on it: the journal's sequence does that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockQuality {
    /// The kernel says that the clock is disciplined.
    Synchronised,
    /// Nobody vouches for it: no RTC, no NTP since boot.
    #[default]
    Unverified,
    /// The wall clock stood before the newest record; the record's time was used as a lower bound.
    HeldBack,
}

/// A moment: milliseconds since 1970-01-01 UTC, and how far to believe it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub ms: i64,
    pub quality: ClockQuality,
}

/// How long a run of the process has lasted, by a clock that never goes back: for waits that no setting of the wall clock may stretch or cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    pub run: Incarnation,
    pub ms: u64,
}

/// The store's trading day. Not the calendar's: a bar closes Friday at three on Saturday morning.
pub type BusinessDate = jiff::civil::Date;

/// Where time comes from: the machine's clocks, or one that moves only when told.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Stamp;
    /// Milliseconds of a clock that never goes back, from an arbitrary start.
    fn monotonic_ms(&self) -> u64;
}

/// The machine's clocks.
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    pub fn new() -> SystemClock {
        SystemClock { started: Instant::now() }
    }
}
impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        // systemd-timesyncd and chrony both leave this mark when the kernel clock is disciplined.
        let synchronised = std::path::Path::new("/run/systemd/timesync/synchronized").exists();
        let quality = if synchronised { ClockQuality::Synchronised } else { ClockQuality::Unverified };
        Stamp { ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX), quality }
    }
    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that is set by hand, for simulations and for histories that took weeks. It vouches for itself; both its times are the same.
pub struct HandClock {
    ms: AtomicI64,
}

impl HandClock {
    pub fn at(ms: i64) -> HandClock {
        HandClock { ms: AtomicI64::new(ms) }
    }
    pub fn set(&self, ms: i64) {
        self.ms.store(ms, Ordering::Relaxed);
    }
    pub fn advance(&self, ms: i64) {
        self.ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Stamp {
        Stamp { ms: self.ms.load(Ordering::Relaxed), quality: ClockQuality::Synchronised }
    }
    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.ms.load(Ordering::Relaxed)).unwrap_or(0)
    }
}

/// "2026-11-22T19:33:31.000Z", for people and for exports.
pub fn rfc3339(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(at) => format!("{at:.3}"),
        Err(_) => format!("{ms} ms"),
    }
}
