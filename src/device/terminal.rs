//! A card terminal's owner: one thread around the port and the conversation's machine. It moves bytes and orders in, reports and bytes out, and
//! decides nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Stop;
use super::card_machine::{Attempt, CardMachine, Output};
use super::port::{Close, Port, PortError, READ_BYTES_MAX, Waker};
use super::reporter::{Reporter, Sensors};
use crate::ids::AttemptId;

/// Orders a terminal's inbox holds.
pub const TERMINAL_INBOX_MAX: usize = 32;
/// The longest a wait lasts.
const IDLE_WAIT_MS: u64 = 10_000;

/// What the loop tells a terminal's owner.
#[derive(Debug, Clone)]
pub enum TerminalOrder {
    /// At most once per attempt.
    Ask(Attempt),
    /// An attempt of the last run: find out how it ended.
    Recover(Attempt),
    /// The cashier gives up. The terminal has the last word.
    Cancel(AttemptId),
    /// A person has decided.
    Forget(AttemptId),
}

/// Inbox of a terminal's owner. Cheap to clone; never waits.
#[derive(Clone)]
pub struct TerminalHandle {
    orders: Arc<Mutex<VecDeque<TerminalOrder>>>,
    waker: Waker,
}

impl TerminalHandle {
    pub fn new(waker: Waker) -> TerminalHandle {
        TerminalHandle { orders: Arc::default(), waker }
    }

    /// False when the inbox is full: the limit is reached and the order was not taken.
    #[must_use]
    pub fn order(&self, order: TerminalOrder) -> bool {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.len() >= TERMINAL_INBOX_MAX {
            return false;
        }
        orders.push_back(order);
        drop(orders);
        self.waker.ring();
        true
    }

    fn next(&self) -> Option<TerminalOrder> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

pub struct TerminalOwner {
    port: Box<dyn Port>,
    open: bool,
    machine: CardMachine,
    handle: TerminalHandle,
    reporter: Reporter,
    stop: Stop,
}

impl TerminalOwner {
    pub fn new(port: Box<dyn Port>, machine: CardMachine, handle: TerminalHandle, reporter: Reporter, stop: Stop) -> TerminalOwner {
        TerminalOwner { port, open: false, machine, handle, reporter, stop }
    }

    /// Until told to stop, or until nobody listens. An attempt under way is not waited for: its intent is on disk, and the next start asks how
    /// it ended.
    pub fn run(mut self) {
        while self.turn() {}
        self.port.close(Close::Gently);
    }

    /// One round. False when it is over.
    pub fn turn(&mut self) -> bool {
        if self.stop.is_asked() {
            return false;
        }
        while let Some(order) = self.handle.next() {
            match order {
                TerminalOrder::Ask(attempt) => self.machine.begin(attempt),
                TerminalOrder::Recover(attempt) => self.machine.recover(attempt),
                TerminalOrder::Cancel(attempt) => self.machine.cancel(attempt),
                TerminalOrder::Forget(attempt) => self.machine.forget(attempt),
            }
        }
        self.machine.tick(self.now_ms());
        if !self.settle() {
            return false;
        }
        self.write();
        if !self.settle() {
            return false;
        }
        let due_ms = self.machine.deadline_ms().saturating_sub(self.now_ms()).min(IDLE_WAIT_MS);
        if due_ms > 0 {
            self.port.wait(self.open && !self.machine.to_write().is_empty(), Duration::from_millis(due_ms));
        }
        self.read();
        self.settle()
    }

    /// Does what the machine asks for, and says what became of it. False when nobody listens.
    fn settle(&mut self) -> bool {
        while let Some(output) = self.machine.poll() {
            let heard = match output {
                Output::Open => {
                    match self.port.open() {
                        Ok(()) => {
                            self.open = true;
                            self.machine.opened(self.now_ms());
                        }
                        Err(error) => self.lost(&error),
                    }
                    true
                }
                Output::Close(how) => {
                    self.port.close(how);
                    self.open = false;
                    true
                }
                Output::Report { attempt, progress } => {
                    tracing::info!(device = %self.reporter.name(), %attempt, ?progress, "card");
                    self.reporter.card(attempt, progress)
                }
                Output::Seen(last, amount) => self.reporter.seen(last, amount),
            };
            if !heard {
                return false;
            }
        }
        let (state, hint) = self.machine.state();
        self.reporter.state(state, &hint, Sensors::default())
    }

    fn write(&mut self) {
        while self.open && !self.machine.to_write().is_empty() {
            match self.port.write(self.machine.to_write()) {
                Ok(0) => return,
                Ok(count) => self.machine.wrote(count),
                Err(error) => self.lost(&error),
            }
        }
    }

    fn read(&mut self) {
        let mut bytes = [0u8; READ_BYTES_MAX];
        while self.open {
            match self.port.read(&mut bytes) {
                Ok(0) => return,
                Ok(count) => self.machine.received(&bytes[..count], self.now_ms()),
                Err(error) => self.lost(&error),
            }
        }
    }

    fn lost(&mut self, error: &PortError) {
        self.port.close(Close::Abort);
        self.open = false;
        self.machine.lost(error, self.now_ms());
    }

    fn now_ms(&self) -> u64 {
        self.reporter.clock.monotonic_ms()
    }
}
