//! A customer display's owner: two lines of twenty characters, the newest text wins, at most four refreshes a second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::lang::display::{initialise, show};
use super::port::{Close, Port, PortError, Reopen, Waker, reopen};
use super::profile::DisplayProfile;
use super::reporter::{Reporter, Sensors};
use super::{DeviceState, Stop};

/// Slow displays flicker above four refreshes a second.
const REFRESH_EVERY_MS: u64 = 250;
/// Sent again after this long, which heals a display that was off for a moment.
const REPEAT_EVERY_MS: u64 = 10_000;
/// A display that takes no byte for this long is not there.
const STALL_MS: u64 = 5_000;

/// How the loop tells a display what to show. Cheap to clone; never waits.
#[derive(Clone)]
pub struct DisplayHandle {
    wanted: Arc<Mutex<Wanted>>,
    waker: Waker,
}

#[derive(Default)]
struct Wanted {
    revision: u64,
    lines: [String; 2],
}

impl DisplayHandle {
    pub fn new(waker: Waker) -> DisplayHandle {
        DisplayHandle { wanted: Arc::default(), waker }
    }

    /// Longer lines are cut. On repeat: nothing changes.
    pub fn show(&self, upper: &str, lower: &str) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = [upper.to_owned(), lower.to_owned()];
        if wanted.lines != lines {
            wanted.lines = lines;
            wanted.revision += 1;
            drop(wanted);
            self.waker.ring();
        }
    }
}

pub struct DisplayOwner {
    port: Box<dyn Port>,
    open: bool,
    profile: DisplayProfile,
    handle: DisplayHandle,
    shown: Option<u64>,
    shown_ms: u64,
    outbox: Vec<u8>,
    moved_ms: u64,
    reopen: Reopen,
    reporter: Reporter,
    stop: Stop,
}

impl DisplayOwner {
    pub fn new(port: Box<dyn Port>, profile: DisplayProfile, handle: DisplayHandle, reporter: Reporter, stop: Stop) -> DisplayOwner {
        let reopen = Reopen::new(reopen::SCANNER_STEPS_MS);
        DisplayOwner {
            port,
            open: false,
            profile,
            handle,
            shown: None,
            shown_ms: 0,
            outbox: Vec::new(),
            moved_ms: 0,
            reopen,
            reporter,
            stop,
        }
    }

    /// Until told to stop, or until nobody listens.
    pub fn run(mut self) {
        while self.turn() {}
        self.port.close(Close::Abort);
    }

    /// One round. False when it is over.
    pub fn turn(&mut self) -> bool {
        if self.stop.is_asked() {
            return false;
        }
        let now_ms = self.reporter.clock.monotonic_ms();
        if !self.open {
            if now_ms < self.reopen.due_ms() {
                self.port.wait(false, Duration::from_millis(self.reopen.due_ms() - now_ms));
                return true;
            }
            return self.try_open(now_ms);
        }
        self.compose(now_ms);
        if let Err(error) = self.write(now_ms) {
            return self.lost(&error, now_ms);
        }
        let due_ms = if self.outbox.is_empty() { self.next_ms() } else { self.moved_ms + STALL_MS };
        self.port.wait(!self.outbox.is_empty(), Duration::from_millis(due_ms.saturating_sub(now_ms).max(1)));
        // What a display says is of no interest, but it must not fill the line; and an error shows that it is gone.
        match self.port.read(&mut [0u8; 64]) {
            Ok(_) => true,
            Err(error) => self.lost(&error, now_ms),
        }
    }

    fn try_open(&mut self, now_ms: u64) -> bool {
        match self.port.open() {
            Ok(()) => {
                self.open = true;
                self.reopen.succeeded();
                self.outbox = initialise(self.profile.language);
                self.moved_ms = now_ms;
                self.shown = None;
                self.say(DeviceState::Ready, "")
            }
            Err(error) => self.lost(&error, now_ms),
        }
    }

    fn next_ms(&self) -> u64 {
        let wanted = self.handle.wanted.lock().unwrap_or_else(PoisonError::into_inner).revision;
        self.shown_ms + if self.shown == Some(wanted) { REPEAT_EVERY_MS } else { REFRESH_EVERY_MS }
    }

    fn compose(&mut self, now_ms: u64) {
        let due = self.shown.is_none() || now_ms >= self.next_ms();
        if !due || !self.outbox.is_empty() && self.shown.is_some() {
            return;
        }
        let wanted = self.handle.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let [upper, lower] = &wanted.lines;
        self.outbox.extend(show(self.profile.language, upper, lower));
        self.shown = Some(wanted.revision);
        self.shown_ms = now_ms;
        self.moved_ms = now_ms;
    }

    fn write(&mut self, now_ms: u64) -> Result<(), PortError> {
        while !self.outbox.is_empty() {
            match self.port.write(&self.outbox)? {
                0 if now_ms >= self.moved_ms + STALL_MS => {
                    let why = "it takes no bytes".to_owned();
                    return Err(PortError::Lost { address: self.reporter.name().to_string(), why });
                }
                0 => return Ok(()),
                count => {
                    self.outbox.drain(..count);
                    self.moved_ms = now_ms;
                }
            }
        }
        Ok(())
    }

    fn lost(&mut self, error: &PortError, now_ms: u64) -> bool {
        self.port.close(Close::Abort);
        self.open = false;
        self.outbox.clear();
        self.reopen.failed(now_ms);
        self.say(error.state(), &error.to_string())
    }

    fn say(&mut self, state: DeviceState, hint: &str) -> bool {
        self.reporter.state(state, hint, Sensors::default())
    }
}
