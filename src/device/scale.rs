//! A scale's owner: one thread around the port and the conversation's machine. It moves bytes in and out, tells the loop what lies on the scale
//! while a till waits for it, and heals after unplugging.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::port::{Close, Port, PortError, READ_BYTES_MAX, Reopen, Waker, reopen};
use super::reporter::{Reporter, Sensors};
use super::scale_machine::{ScaleMachine, Wanted};
use super::{DeviceState, Stop};

/// The longest a wait lasts.
const IDLE_WAIT_MS: u64 = 10_000;

/// How the loop tells a scale that a till waits for a weight. Cheap to clone; never waits.
#[derive(Clone)]
pub struct ScaleHandle {
    wanted: Arc<Mutex<Option<Wanted>>>,
    waker: Waker,
}

impl ScaleHandle {
    pub fn new(waker: Waker) -> ScaleHandle {
        ScaleHandle { wanted: Arc::default(), waker }
    }

    /// `None`: no article waits. On repeat: nothing changes.
    pub fn weigh(&self, waiting: Option<Wanted>) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if *wanted != waiting {
            *wanted = waiting;
            drop(wanted);
            self.waker.ring();
        }
    }

    fn wanted(&self) -> Option<Wanted> {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct ScaleOwner {
    port: Box<dyn Port>,
    open: bool,
    machine: ScaleMachine,
    handle: ScaleHandle,
    reopen: Reopen,
    reporter: Reporter,
    stop: Stop,
}

impl ScaleOwner {
    pub fn new(port: Box<dyn Port>, handle: ScaleHandle, reporter: Reporter, stop: Stop) -> ScaleOwner {
        let reopen = Reopen::new(reopen::SCANNER_STEPS_MS);
        ScaleOwner { port, open: false, machine: ScaleMachine::default(), handle, reopen, reporter, stop }
    }

    /// Until told to stop, or until nobody listens.
    pub fn run(mut self) {
        while self.turn() {}
        self.port.close(Close::Gently);
    }

    /// One round. False when it is over.
    pub fn turn(&mut self) -> bool {
        if self.stop.is_asked() {
            return false;
        }
        let now_ms = self.now_ms();
        self.machine.want(self.handle.wanted(), now_ms);
        if !self.open && now_ms >= self.reopen.due_ms() && !self.try_open(now_ms) {
            return false;
        }
        if self.open {
            self.machine.tick(now_ms);
            if let Err(error) = self.write() {
                return self.lost(&error);
            }
        }
        if !self.settle() {
            return false;
        }
        let due_ms = if self.open { self.machine.deadline_ms() } else { self.reopen.due_ms() };
        let wait_ms = due_ms.saturating_sub(self.now_ms()).min(IDLE_WAIT_MS);
        self.port.wait(self.open && !self.machine.to_write().is_empty(), Duration::from_millis(wait_ms));
        match self.read() {
            Ok(()) => self.settle(),
            Err(error) => self.lost(&error),
        }
    }

    fn try_open(&mut self, now_ms: u64) -> bool {
        match self.port.open() {
            Ok(()) => {
                self.open = true;
                self.reopen.succeeded();
                self.machine.opened(now_ms);
                true
            }
            Err(error) => self.lost(&error),
        }
    }

    fn write(&mut self) -> Result<(), PortError> {
        while !self.machine.to_write().is_empty() {
            match self.port.write(self.machine.to_write())? {
                0 => return Ok(()),
                count => self.machine.wrote(count),
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), PortError> {
        let mut bytes = [0u8; READ_BYTES_MAX];
        while self.open {
            match self.port.read(&mut bytes)? {
                0 => return Ok(()),
                count => self.machine.received(&bytes[..count], self.now_ms()),
            }
        }
        Ok(())
    }

    /// Tells what is new. False when nobody listens.
    fn settle(&mut self) -> bool {
        while let Some(reading) = self.machine.poll() {
            if !self.reporter.weight(reading) {
                return false;
            }
        }
        if !self.open {
            return true;
        }
        let (state, hint) = self.machine.state();
        state == DeviceState::Starting || self.reporter.state(state, hint, Sensors::default())
    }

    fn lost(&mut self, error: &PortError) -> bool {
        self.port.close(Close::Abort);
        self.open = false;
        self.machine.lost();
        self.reopen.failed(self.now_ms());
        self.reporter.state(error.state(), &error.to_string(), Sensors::default()) && self.settle()
    }

    fn now_ms(&self) -> u64 {
        self.reporter.clock.monotonic_ms()
    }
}
