//! A printer's owner on a simulated port and a clock that moves when it waits: hours pass in milliseconds, and every run is the same.

use std::sync::Arc;

use counterfoil::device::lang::escpos::PrinterProfile;
use counterfoil::device::print_job::{PrintMachine, Setting};
use counterfoil::device::printer::{PrinterOwner, ReceiptMachine, encoder};
use counterfoil::device::reporter::Reporter;
use counterfoil::device::sim::{PrinterEngine, SimClock, SimPort};
use counterfoil::device::{
    DEVICE_REPORTS_MAX, DeviceKind, DeviceReport, DeviceStatus, DrawerSense, PRINTER_INBOX_MAX, PrintOrder, PrinterOrder, Printout, Stop,
};
use counterfoil::document::{Align, Block, Document, Printable, Style};
use counterfoil::ids::{DeviceName, JobId};
use counterfoil::retail::PrintProgress;
use counterfoil::time::Clock;
use tokio::sync::mpsc;
use uuid::Uuid;

pub struct Bench {
    pub port: SimPort,
    pub clock: Arc<SimClock>,
    pub stop: Stop,
    pub owner: PrinterOwner<ReceiptMachine>,
    pub inbox: mpsc::Sender<PrinterOrder>,
    reports: mpsc::Receiver<DeviceReport>,
    /// What was said of jobs, in order.
    pub said: Vec<(JobId, PrintProgress)>,
    pub statuses: Vec<DeviceStatus>,
    /// Answer `Resumed` at once, as the loop does when it is on disk.
    pub releases: bool,
}

pub fn profile(name: &str) -> PrinterProfile {
    PrinterProfile::built_in(name).unwrap_or_else(|| panic!("no profile {name}"))
}

/// A line of text and a cut; `mark` tells the papers apart.
pub fn paper(mark: &str, lines: usize) -> Arc<Document> {
    let line = |text: String| Block::Text { text: Printable::new(&text), align: Align::Left, style: Style::PLAIN, rows_max: 1 };
    let mut blocks: Vec<Block> = (0..lines).map(|n| line(format!("{mark} line {n}"))).collect();
    blocks.push(Block::Cut);
    Arc::new(Document { blocks })
}

pub fn job(n: u128) -> JobId {
    JobId(Uuid::from_u128(n))
}

pub fn cause(code: &str) -> String {
    code.to_owned()
}

impl Bench {
    pub fn new(profile: PrinterProfile, line_ms: u64) -> Bench {
        let clock = Arc::new(SimClock::new());
        let port = SimPort::new(PrinterEngine::new(profile.clone(), line_ms), clock.clone());
        let (sender, reports) = mpsc::channel(DEVICE_REPORTS_MAX);
        let name = DeviceName::new("printer-1").expect("a name");
        let reporter = Reporter::new(name, DeviceKind::Printer, None, sender, clock.clone());
        let (inbox, orders) = mpsc::channel(PRINTER_INBOX_MAX);
        let stop = Stop::default();
        let setting = Setting { fences: 7, drawer_sense: DrawerSense::HighIsOpen, ..Setting::default() };
        let machine = PrintMachine::new(&profile, encoder(profile.clone(), None), setting);
        let owner = PrinterOwner::new(
            Box::new(port.clone()),
            ReceiptMachine { machine, profile, test_page: b"test\n".to_vec() },
            orders,
            reporter,
            stop.clone(),
        );
        Bench { port, clock, stop, owner, inbox, reports, said: Vec::new(), statuses: Vec::new(), releases: true }
    }

    pub fn order(&self, order: PrinterOrder) {
        self.inbox.try_send(order).expect("the inbox has room");
    }
    pub fn print(&self, id: JobId, document: &Arc<Document>, kick: bool) {
        self.order(PrinterOrder::Print(PrintOrder { job: id, printout: Printout::Paper(document.clone()), kick, held_before: false }));
    }

    /// One round of the owner, and what it said. False when it ended.
    pub fn turn(&mut self) -> bool {
        let goes_on = self.owner.turn();
        while let Ok(report) = self.reports.try_recv() {
            match report {
                DeviceReport::Job { job, progress, .. } => {
                    if self.releases && progress == (PrintProgress::Resumed {}) {
                        self.order(PrinterOrder::Release { job });
                    }
                    self.said.push((job, progress));
                }
                DeviceReport::Status(status) => self.statuses.push(status),
                other => panic!("a printer says {other:?}"),
            }
        }
        goes_on
    }

    /// Lets so much simulated time pass.
    pub fn run_for(&mut self, ms: u64) {
        let until = self.clock.monotonic_ms() + ms;
        while self.clock.monotonic_ms() < until && self.turn() {}
    }

    /// Until it holds, for at most ten simulated minutes.
    pub fn run_until(&mut self, what: &str, mut holds: impl FnMut(&Bench) -> bool) {
        let until = self.clock.monotonic_ms() + 600_000;
        while !holds(self) {
            assert!(
                self.clock.monotonic_ms() < until,
                "{what} did not come; said: {:?}, last status: {:?}",
                self.said,
                self.statuses.last()
            );
            assert!(self.turn(), "the owner ended before {what}");
        }
    }

    /// What was said of one job.
    pub fn story(&self, id: JobId) -> Vec<PrintProgress> {
        self.said.iter().filter(|(job, _)| *job == id).map(|(_, progress)| progress.clone()).collect()
    }
    pub fn is_over(&self, id: JobId) -> bool {
        self.story(id).iter().any(is_end)
    }
    pub fn pulses(&self) -> u32 {
        self.port.with_engine(|engine, _| engine.pulses())
    }
    pub fn cuts(&self) -> u32 {
        self.port.with_engine(|engine, _| engine.cuts())
    }
    /// Everything on the paper, one line per row.
    pub fn text(&self) -> String {
        self.port.with_engine(|engine, _| counterfoil::device::lang::escpos::paper_text(engine.paper()))
    }
    /// How often a text stands on the paper.
    pub fn count(&self, text: &str) -> usize {
        self.text().matches(text).count()
    }
}

/// Nothing can follow.
pub fn is_end(progress: &PrintProgress) -> bool {
    match progress {
        PrintProgress::Printed {} | PrintProgress::Sent {} | PrintProgress::FailedClean { .. } | PrintProgress::Unknown { .. } => true,
        PrintProgress::HeldClean { .. } | PrintProgress::Resumed {} => false,
    }
}
