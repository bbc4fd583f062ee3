//! Word to systemd: ready, alive, stopping. The watchdog is fed by the commit loop itself, so that a loop that hangs is restarted.

use std::time::Duration;

use tokio::time::Instant;

pub struct Notify {
    /// Half the time systemd allows between two signs of life.
    every: Option<Duration>,
    next: Option<Instant>,
}

impl Notify {
    /// Reads NOTIFY_SOCKET and WATCHDOG_USEC as systemd sets them; without them every call does nothing.
    pub fn from_environment() -> Notify {
        let every = sd_notify::watchdog_enabled().map(|limit| limit / 2);
        Notify { every, next: None }
    }

    /// When the loop must come round for the watchdog's sake.
    pub fn due(&self) -> Option<Instant> {
        self.every.map(|_| self.next.unwrap_or_else(Instant::now))
    }

    /// Called by the loop each time round.
    pub fn ping(&mut self, now: Instant) {
        let Some(every) = self.every else { return };
        if self.next.is_none_or(|next| next <= now) {
            tell(sd_notify::NotifyState::Watchdog);
            self.next = Some(now + every);
        }
    }
}

/// The node can sell.
pub fn ready() {
    tell(sd_notify::NotifyState::Ready);
}

/// A clean stop has begun.
pub fn stopping() {
    tell(sd_notify::NotifyState::Stopping);
}

fn tell(state: sd_notify::NotifyState<'_>) {
    if let Err(reason) = sd_notify::notify(&[state]) {
        tracing::warn!(%reason, "systemd's notify socket did not take our word");
    }
}
