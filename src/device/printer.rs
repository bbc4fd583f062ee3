//! A printer's owner, of receipts or of labels: one thread around the port and the job machine. It moves bytes and orders in, reports and bytes out, and decides
//! nothing: what may be sent when is the machine's.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::job_machine::JobMachine;
use super::lang::escpos::commands::{beep, drawer_pulse};
use super::lang::escpos::{GlyphSource, Options, PrinterProfile, encode};
use super::port::{Close, Port, PortError, READ_BYTES_MAX};
use super::print_job::{DRAWER, Encode, Errand, Output, PrintMachine, Stream, View};
use super::reporter::Reporter;
use super::{PrinterOrder, Stop, TestKind};

/// Makes jobs' bytes for a printer of this profile. What had to be written in other letters is logged.
pub fn encoder(profile: PrinterProfile, font: Option<Arc<dyn GlyphSource>>) -> Encode {
    Box::new(move |document, kick, fence| {
        let encoded = encode(document, &profile, Options { kick, fence, font: font.as_deref() });
        if !encoded.transliterated.is_empty() {
            let letters: String = encoded.transliterated.iter().collect();
            tracing::warn!(profile = profile.name, letters, "the printer lacks these letters; they were replaced");
        }
        Stream { print_ms: profile.print_ms(encoded.dots_high), bytes: encoded.bytes, fence: encoded.fence }
    })
}

/// Bytes given to the port at a time.
const WRITE_BYTES_MAX: usize = 4096;
/// The longest a wait lasts.
const IDLE_WAIT_MS: u64 = 10_000;

/// A receipt printer's machine with what hangs on it: drawer, beeper, the technician's page.
pub struct ReceiptMachine {
    pub machine: PrintMachine,
    pub profile: PrinterProfile,
    /// The bytes of the technician's page.
    pub test_page: Vec<u8>,
}

pub struct PrinterOwner<M> {
    port: Box<dyn Port>,
    open: bool,
    machine: M,
    inbox: mpsc::Receiver<PrinterOrder>,
    inbox_open: bool,
    reporter: Reporter,
    stop: Stop,
}

impl<M: JobMachine> PrinterOwner<M> {
    pub fn new(port: Box<dyn Port>, machine: M, inbox: mpsc::Receiver<PrinterOrder>, reporter: Reporter, stop: Stop) -> PrinterOwner<M> {
        PrinterOwner { port, open: false, machine, inbox, inbox_open: true, reporter, stop }
    }

    /// Until told to stop and nothing is on its way, or until nobody listens.
    pub fn run(mut self) {
        while self.turn() {}
        self.port.close(Close::Gently);
    }

    /// One round. False when it is over.
    pub fn turn(&mut self) -> bool {
        self.take_orders();
        if self.stop.is_asked() {
            self.machine.stop(self.now_ms());
        }
        self.machine.tick(self.now_ms());
        if !self.settle() {
            return false;
        }
        if self.stop.is_asked() && self.machine.is_idle() {
            return false;
        }
        self.write();
        let due_ms = self.machine.deadline_ms().saturating_sub(self.now_ms()).min(IDLE_WAIT_MS);
        if due_ms > 0 {
            self.port.wait(self.open && !self.machine.to_write().is_empty(), Duration::from_millis(due_ms));
        }
        self.read();
        self.settle()
    }

    fn take_orders(&mut self) {
        while self.inbox_open {
            match self.inbox.try_recv() {
                Ok(order) => self.machine.order(order, self.reporter.clock.monotonic_ms()),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => self.inbox_open = false,
            }
        }
    }

    /// Does what the machine asks for, and says what became of it. False when nobody listens.
    fn settle(&mut self) -> bool {
        while let Some(output) = self.machine.poll() {
            match output {
                Output::Open => match self.port.open() {
                    Ok(()) => {
                        self.open = true;
                        self.machine.opened(self.now_ms());
                    }
                    Err(error) => self.lost(&error),
                },
                Output::Close(how) => {
                    self.port.close(how);
                    self.open = false;
                }
                Output::Report { job, progress } => {
                    tracing::info!(device = %self.reporter.name(), %job, ?progress, "print job");
                    if !self.reporter.job(job, progress) {
                        return false;
                    }
                }
            }
        }
        let view = self.machine.view();
        self.reporter.state(view.state, &view.hint, view.sensors)
    }

    fn write(&mut self) {
        while self.open && !self.machine.to_write().is_empty() {
            let bytes = self.machine.to_write();
            match self.port.write(&bytes[..bytes.len().min(WRITE_BYTES_MAX)]) {
                Ok(0) => return,
                Ok(count) => self.machine.wrote(count, self.now_ms()),
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

impl JobMachine for ReceiptMachine {
    fn order(&mut self, order: PrinterOrder, now_ms: u64) {
        match order {
            PrinterOrder::Print(order) => self.machine.print(order, now_ms),
            PrinterOrder::Release { job } => self.machine.release(job, now_ms),
            PrinterOrder::Drop { job } => self.machine.drop_job(job, now_ms),
            PrinterOrder::Kick | PrinterOrder::Test(TestKind::Drawer) => {
                self.machine.errand(Errand { name: DRAWER, bytes: drawer_pulse(&self.profile).to_vec() }, now_ms);
            }
            PrinterOrder::Test(TestKind::Beep) => self.machine.errand(Errand { name: "beep", bytes: beep(&self.profile) }, now_ms),
            PrinterOrder::Test(TestKind::Page) => {
                self.machine.errand(Errand { name: "test page", bytes: self.test_page.clone() }, now_ms);
            }
        }
    }
    fn opened(&mut self, now_ms: u64) {
        self.machine.opened(now_ms);
    }
    fn lost(&mut self, error: &PortError, now_ms: u64) {
        self.machine.lost(error, now_ms);
    }
    fn wrote(&mut self, count: usize, now_ms: u64) {
        self.machine.wrote(count, now_ms);
    }
    fn received(&mut self, bytes: &[u8], now_ms: u64) {
        self.machine.received(bytes, now_ms);
    }
    fn tick(&mut self, now_ms: u64) {
        self.machine.tick(now_ms);
    }
    fn stop(&mut self, now_ms: u64) {
        self.machine.stop(now_ms);
    }
    fn poll(&mut self) -> Option<Output> {
        self.machine.poll()
    }
    fn to_write(&self) -> &[u8] {
        self.machine.to_write()
    }
    fn deadline_ms(&self) -> u64 {
        self.machine.deadline_ms()
    }
    fn is_idle(&self) -> bool {
        self.machine.is_idle()
    }
    fn view(&self) -> View {
        self.machine.view()
    }
}
