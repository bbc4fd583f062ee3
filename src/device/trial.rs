//! `counterfoil device test NAME`: the technician's try-out of one device, with the very driver the node uses. It needs the device for
//! itself: while a node runs it says so, and where the same test is on the node's pages.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use tokio::sync::mpsc;

use super::{
    DEVICE_REPORTS_MAX, DeviceConfig, DeviceKind, DeviceReport, DeviceState, Devices, PrintOrder, PrinterOrder, Printout, ScaleReading,
    Setup, SetupError, TestKind, Wanted, label_job, spawn,
};
use crate::check::is_node_running;
use crate::document::{Align, Block, Document, Printable, Style};
use crate::ids::JobId;
use crate::money::Qty;
use crate::node::config;
use crate::process;
use crate::retail::PrintProgress;
use crate::time::SystemClock;

/// What the set-up sheet's last code says. A scanner that is set up right sends exactly this.
pub const TEST_CODE: &str = "ABCxyz-0123/+";

const READY_PATIENCE: Duration = Duration::from_secs(20);
const PRINT_PATIENCE: Duration = Duration::from_secs(120);
const SCAN_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// A test of a scanner ends after so many scans.
const SCANS: u32 = 5;

#[derive(Debug, Args)]
pub struct DeviceArgs {
    #[command(subcommand)]
    pub command: DeviceCommand,
}

#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Tries one device: a printer prints a slip, beeps and opens the drawer; a label printer prints a label; a scanner shows what it sends;
    /// a display shows a text; a scale weighs once.
    Test(TestArgs),
    /// Lists the configured devices.
    List(ListArgs),
}

#[derive(Debug, Args)]
pub struct TestArgs {
    /// The device's name in the configuration.
    pub name: String,
    /// The node's configuration.
    #[arg(long, default_value = "/etc/counterfoil/node.toml")]
    pub config: PathBuf,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// The node's configuration.
    #[arg(long, default_value = "/etc/counterfoil/node.toml")]
    pub config: PathBuf,
}

/// Exit code 0: the device works. 1: it does not. 75: it is held by somebody else. 78: the configuration cannot be used.
pub fn run(args: &DeviceArgs) -> ExitCode {
    let path = match &args.command {
        DeviceCommand::Test(args) => &args.config,
        DeviceCommand::List(args) => &args.config,
    };
    let config = match config::load(path) {
        Ok(config) => config,
        Err(error) => return process::fail(&error, process::EXIT_CONFIG),
    };
    let mut out = std::io::stdout();
    match &args.command {
        DeviceCommand::List(_) => {
            for device in &config.devices {
                let _ = writeln!(out, "{:<16} {:?} at {}, profile {}", device.name, device.kind, device.port.address(), device.profile);
            }
            ExitCode::SUCCESS
        }
        DeviceCommand::Test(args) => {
            let Some(device) = config.devices.iter().find(|device| device.name.as_str() == args.name) else {
                let known = config.devices.iter().map(|device| device.name.as_str()).collect::<Vec<_>>().join(", ");
                return process::fail(&TrialError::NoSuchDevice { name: args.name.clone(), known }, process::EXIT_CONFIG);
            };
            if is_node_running(&config.data_dir) {
                let held = TrialError::InUse { address: device.port.address().to_owned() };
                return process::fail(&held, process::EXIT_UNAVAILABLE);
            }
            match try_out(device, config.font.clone(), &mut out) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error @ TrialError::InUse { .. }) => process::fail(&error, process::EXIT_UNAVAILABLE),
                Err(error @ TrialError::Setup(_)) => process::fail(&error, process::EXIT_CONFIG),
                Err(error) => process::fail(&error, 1),
            }
        }
    }
}

/// Why a device did not pass.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    #[error("no device is called {name:?}: the configuration has {known}")]
    NoSuchDevice { name: String, known: String },
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(
        "{address} is in use: a running node tests its devices on its own pages; or stop it (`systemctl stop counterfoil-node`) and test here"
    )]
    InUse { address: String },
    #[error("the device is not ready: {hint}")]
    NotReady { hint: String },
    #[error("the printer did not prove the paper: {what}")]
    NotProved { what: String },
    #[error("no scan came within {} s: scan any code; if nothing comes, check the scanner's interface and cable", SCAN_PATIENCE.as_secs())]
    NoScan,
    #[error("this thread could not wait for the device: {0}")]
    Runtime(std::io::Error),
}

/// Tries one device and says what happens.
pub fn try_out(device: &DeviceConfig, font: Option<PathBuf>, out: &mut dyn Write) -> Result<(), TrialError> {
    let (sender, reports) = mpsc::channel(DEVICE_REPORTS_MAX);
    let devices = spawn(Setup { devices: vec![device.clone()], font, german: false }, sender, Arc::new(SystemClock::new()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(TrialError::Runtime)?;
    let mut trial = Trial { device, runtime, reports, devices, out };
    let outcome = trial.run();
    let Trial { runtime, devices, .. } = trial;
    runtime.block_on(devices.shutdown(STOP_PATIENCE));
    outcome
}

struct Trial<'a> {
    device: &'a DeviceConfig,
    runtime: tokio::runtime::Runtime,
    reports: mpsc::Receiver<DeviceReport>,
    devices: Devices,
    out: &'a mut dyn Write,
}

impl Trial<'_> {
    fn run(&mut self) -> Result<(), TrialError> {
        self.wait_ready()?;
        match self.device.kind {
            DeviceKind::Printer => self.printer(),
            DeviceKind::LabelPrinter => {
                self.say("one label should come out: compare its letters with the ones of the till's language, and scan its code");
                self.proved(Printout::Label(Arc::new(label_job::test_label())))
            }
            DeviceKind::Scanner => self.scanner(),
            DeviceKind::LineDisplay => self.display(),
            DeviceKind::Zvt => self.terminal(),
            DeviceKind::Scale => self.scale(),
        }
    }

    fn printer(&mut self) -> Result<(), TrialError> {
        self.say("the drawer should open, the printer beep if it can, and two papers come out");
        for kind in [TestKind::Drawer, TestKind::Beep, TestKind::Page] {
            self.order(PrinterOrder::Test(kind));
        }
        self.proved(Printout::Paper(Arc::new(proof_paper())))
    }

    /// Prints it and says what became of it.
    fn proved(&mut self, printout: Printout) -> Result<(), TrialError> {
        let job = JobId(uuid::Uuid::now_v7());
        self.order(PrinterOrder::Print(PrintOrder { job, printout, kick: false, held_before: false }));
        let deadline = Instant::now() + PRINT_PATIENCE;
        while let Some(report) = self.next(deadline) {
            match report {
                DeviceReport::Status(status) if !status.hint.is_empty() => self.say(status.hint),
                DeviceReport::Job { progress, .. } => match progress {
                    PrintProgress::Printed {} => {
                        self.say("proved: the printer says that all of it is on paper");
                        return Ok(());
                    }
                    PrintProgress::Sent {} => {
                        self.say("sent: this printer cannot prove more; look at the paper");
                        return Ok(());
                    }
                    PrintProgress::HeldClean { cause } => self.say(format!("held, nothing sent: {cause}")),
                    PrintProgress::Resumed {} => self.order(PrinterOrder::Release { job }),
                    PrintProgress::FailedClean { cause } | PrintProgress::Unknown { cause } => {
                        return Err(TrialError::NotProved { what: cause });
                    }
                },
                DeviceReport::Status(_)
                | DeviceReport::Scan { .. }
                | DeviceReport::Card { .. }
                | DeviceReport::TerminalSeen { .. }
                | DeviceReport::Weight { .. } => {}
            }
        }
        Err(TrialError::NotProved { what: format!("nothing was heard for {} s", PRINT_PATIENCE.as_secs()) })
    }

    fn scanner(&mut self) -> Result<(), TrialError> {
        self.say(format!("scan up to {SCANS} codes; the set-up sheet's last one reads {TEST_CODE}"));
        let mut scans = 0;
        while scans < SCANS {
            let Some(report) = self.next(Instant::now() + SCAN_PATIENCE) else { break };
            match report {
                DeviceReport::Scan { frame, .. } => {
                    scans += 1;
                    self.say(Scanned(&frame));
                }
                DeviceReport::Status(status) => self.say(format!("{:?} {}", status.state, status.hint)),
                DeviceReport::Job { .. } | DeviceReport::Card { .. } | DeviceReport::TerminalSeen { .. } | DeviceReport::Weight { .. } => {}
            }
        }
        if scans == 0 { Err(TrialError::NoScan) } else { Ok(()) }
    }

    fn display(&mut self) -> Result<(), TrialError> {
        if let Some(display) = self.devices.displays.get(&self.device.name) {
            display.show("COUNTERFOIL TEST 123", "\u{c4}\u{d6}\u{dc} 0123456789.,-+*");
        }
        self.say("both lines should be full for five seconds");
        let _ = self.next(Instant::now() + Duration::from_secs(5));
        Ok(())
    }

    /// Registered, and its book could be read: enough to know that address, password and currency are right. No money moves.
    fn terminal(&mut self) -> Result<(), TrialError> {
        let deadline = Instant::now() + READY_PATIENCE;
        while let Some(report) = self.next(deadline) {
            match report {
                DeviceReport::TerminalSeen { last: Some(last), .. } => {
                    self.say(format!("registered; its newest transaction has receipt number {}, trace {}", last.receipt, last.trace));
                    return Ok(());
                }
                DeviceReport::TerminalSeen { last: None, .. } => {
                    self.say("registered; it has no transaction yet");
                    return Ok(());
                }
                DeviceReport::Status(status) if !status.hint.is_empty() => self.say(status.hint),
                DeviceReport::Status(_)
                | DeviceReport::Scan { .. }
                | DeviceReport::Job { .. }
                | DeviceReport::Card { .. }
                | DeviceReport::Weight { .. } => {}
            }
        }
        Err(TrialError::NotReady { hint: "it registered and then did not say what its newest transaction is".to_owned() })
    }

    /// Weighs once: whatever the technician puts on it.
    fn scale(&mut self) -> Result<(), TrialError> {
        self.say("put something on the scale");
        if let Some(scale) = self.devices.scales.get(&self.device.name) {
            scale.weigh(Some(Wanted { serial: 1, again: true }));
        }
        let deadline = Instant::now() + SCAN_PATIENCE;
        while let Some(report) = self.next(deadline) {
            match report {
                DeviceReport::Weight { reading: ScaleReading::Stable { grams }, .. } => {
                    self.say(format!("weighed {} kg: compare it with the scale's own display", Qty::from_thousandths(grams)));
                    return Ok(());
                }
                DeviceReport::Weight { reading, .. } => self.say(reading_words(reading)),
                DeviceReport::Status(status) if !status.hint.is_empty() => self.say(status.hint),
                DeviceReport::Status(_)
                | DeviceReport::Scan { .. }
                | DeviceReport::Job { .. }
                | DeviceReport::Card { .. }
                | DeviceReport::TerminalSeen { .. } => {}
            }
        }
        Err(TrialError::NotReady { hint: format!("it answered and gave no stable weight within {} s", SCAN_PATIENCE.as_secs()) })
    }

    fn wait_ready(&mut self) -> Result<(), TrialError> {
        let deadline = Instant::now() + READY_PATIENCE;
        let mut hint = format!("nothing was heard of it for {} s", READY_PATIENCE.as_secs());
        while let Some(report) = self.next(deadline) {
            let DeviceReport::Status(status) = report else { continue };
            match &status.state {
                DeviceState::Ready | DeviceState::Busy => {
                    self.say("ready");
                    return Ok(());
                }
                DeviceState::Fault { cause } if cause == "in_use" => {
                    return Err(TrialError::InUse { address: self.device.port.address().to_owned() });
                }
                DeviceState::Absent | DeviceState::Starting | DeviceState::Attention { .. } | DeviceState::Fault { .. } => {
                    if !status.hint.is_empty() {
                        self.say(&status.hint);
                        hint = status.hint;
                    }
                }
            }
        }
        Err(TrialError::NotReady { hint })
    }

    fn next(&mut self, deadline: Instant) -> Option<DeviceReport> {
        let left = deadline.saturating_duration_since(Instant::now());
        let reports = &mut self.reports;
        self.runtime.block_on(async { tokio::time::timeout(left, reports.recv()).await }).ok().flatten()
    }

    fn order(&self, order: PrinterOrder) {
        if let Some(printer) = self.devices.printers.get(&self.device.name) {
            // The inbox of a device that was just started has room for a handful of orders.
            let _ = printer.inbox.try_send(order);
        }
    }

    fn say(&mut self, what: impl fmt::Display) {
        let _ = writeln!(self.out, "{}: {what}", self.device.name);
    }
}

/// Comes out after the slip, with a proof asked for behind it.
fn proof_paper() -> Document {
    let text = Printable::new("This paper asked the printer for proof.");
    Document { blocks: vec![Block::Text { text, align: Align::Left, style: Style::PLAIN, rows_max: 2 }, Block::Cut] }
}

fn reading_words(reading: ScaleReading) -> &'static str {
    match reading {
        ScaleReading::Empty => "nothing is on it",
        ScaleReading::Moving => "the weight is moving",
        ScaleReading::Unsettled => "the weight does not come to rest: look for draught, vibration, or something that touches the pan",
        ScaleReading::Stable { .. } => "the weight stands still",
        ScaleReading::SameLoad => "the same goods are still on it",
        ScaleReading::UnderZero => "below zero: empty it and set it to zero",
        ScaleReading::OverCapacity => "overloaded: take something off",
        ScaleReading::OwnTare => "a tare is set on the scale: clear it there",
        ScaleReading::NoAnswer => "no answer",
    }
}

/// A scan as the technician reads it.
struct Scanned<'a>(&'a [u8]);

impl fmt::Display for Scanned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.escape_ascii();
        let (aim, data) = match self.0 {
            [b']', _, _, data @ ..] => (true, data),
            data => (false, data),
        };
        write!(f, "scanned {text}")?;
        if !aim {
            write!(f, " (no AIM identifier: switch it on)")?;
        }
        if data == TEST_CODE.as_bytes() {
            write!(f, " - the test code, exactly: this scanner is set up right")?;
        } else if data.eq_ignore_ascii_case(TEST_CODE.as_bytes()) {
            write!(f, " - the test code with other letters: Caps Lock or another keyboard country is set")?;
        }
        Ok(())
    }
}
