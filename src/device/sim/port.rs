//! The simulated port: a [`PrinterEngine`] right behind it and a clock that moves when the owner waits. Cuts the link after any byte.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::{PrinterEngine, SimClock};
use crate::device::port::{Close, Port, PortError, Waker};
use crate::time::Clock;

/// One end of a line without a line. Clones share it: a test holds one, the owner the other.
#[derive(Clone)]
pub struct SimPort {
    clock: Arc<SimClock>,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    engine: PrinterEngine,
    open: bool,
    opens: u32,
    /// Bytes the port takes at a time.
    window: usize,
    /// Bytes the port still takes before the link breaks.
    cut_after: Option<usize>,
    /// Of the bytes that were taken before the cut, so many never reached the printer.
    lost_at_cut: usize,
    in_flight: Vec<u8>,
    written: u64,
}

impl SimPort {
    pub fn new(engine: PrinterEngine, clock: Arc<SimClock>) -> SimPort {
        let shared =
            Shared { engine, open: false, opens: 0, window: 256, cut_after: None, lost_at_cut: 0, in_flight: Vec::new(), written: 0 };
        SimPort { clock, shared: Arc::new(Mutex::new(shared)) }
    }

    /// Breaks the link when `after` more bytes were taken; the last `lost` of them never arrive.
    pub fn cut(&self, after: usize, lost: usize) {
        let mut shared = self.lock();
        shared.cut_after = Some(after);
        shared.lost_at_cut = lost;
    }
    /// Bytes one write takes at most.
    pub fn set_window(&self, bytes: usize) {
        self.lock().window = bytes;
    }
    /// Does something to the printer behind the line.
    pub fn with_engine<T>(&self, act: impl FnOnce(&mut PrinterEngine, u64) -> T) -> T {
        let now_ms = self.clock.monotonic_ms();
        act(&mut self.lock().engine, now_ms)
    }
    /// Bytes taken from the owner since it was made.
    pub fn written(&self) -> u64 {
        self.lock().written
    }
    /// Times it was opened with success.
    pub fn opens(&self) -> u32 {
        self.lock().opens
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

const ADDRESS: &str = "simulated";

fn lost(why: &str) -> PortError {
    PortError::Lost { address: ADDRESS.into(), why: why.into() }
}

impl Port for SimPort {
    fn open(&mut self) -> Result<(), PortError> {
        let mut shared = self.lock();
        if shared.engine.switches().offline {
            return Err(PortError::Unreachable { address: ADDRESS.into() });
        }
        shared.engine.connected();
        shared.open = true;
        shared.opens += 1;
        Ok(())
    }

    fn close(&mut self, _how: Close) {
        let mut shared = self.lock();
        shared.deliver(self.clock.monotonic_ms());
        shared.open = false;
    }

    fn wait(&mut self, to_write: bool, timeout: Duration) {
        let mut shared = self.lock();
        let now_ms = self.clock.monotonic_ms();
        shared.deliver(now_ms);
        if shared.open && (shared.engine.has_replies() || (to_write && shared.may_take() > 0)) {
            return;
        }
        let until_ms = now_ms + u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1);
        let next_ms = shared.engine.due_ms().map_or(until_ms, |due| due.clamp(now_ms + 1, until_ms));
        self.clock.advance(next_ms - now_ms);
        shared.engine.work(next_ms);
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize, PortError> {
        let mut shared = self.lock();
        if shared.engine.switches().offline {
            shared.open = false;
        }
        if !shared.open {
            return Err(lost("the link is cut"));
        }
        let replies = shared.engine.take_replies();
        let count = replies.len().min(into.len());
        into[..count].copy_from_slice(&replies[..count]);
        shared.engine.put_back_replies(&replies[count..]);
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        let mut shared = self.lock();
        if !shared.open || shared.engine.switches().offline || shared.cut_after == Some(0) {
            if shared.cut_after == Some(0) {
                shared.break_link(self.clock.monotonic_ms());
            }
            shared.open = false;
            return Err(lost("the link is cut"));
        }
        let count = bytes.len().min(shared.may_take());
        shared.in_flight.extend_from_slice(&bytes[..count]);
        shared.written += count as u64;
        if let Some(left) = &mut shared.cut_after {
            *left -= count;
            if *left == 0 {
                shared.break_link(self.clock.monotonic_ms());
            }
        }
        Ok(count)
    }

    fn waker(&self) -> Waker {
        Waker::new(|| {})
    }
}

impl Shared {
    fn may_take(&self) -> usize {
        let room = self.engine.room().saturating_sub(self.in_flight.len());
        self.window.min(room).min(self.cut_after.unwrap_or(usize::MAX))
    }

    fn deliver(&mut self, now_ms: u64) {
        let bytes = std::mem::take(&mut self.in_flight);
        let taken = self.engine.receive(&bytes, now_ms);
        debug_assert_eq!(taken, bytes.len(), "the port never takes more than the printer has room for");
    }

    /// The last bytes stay in the cable.
    fn break_link(&mut self, now_ms: u64) {
        let arrived = self.in_flight.len().saturating_sub(self.lost_at_cut);
        self.in_flight.truncate(arrived);
        self.deliver(now_ms);
        self.open = false;
        self.cut_after = None;
    }
}
