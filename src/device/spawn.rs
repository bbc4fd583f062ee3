//! Starts one owner thread per device of the configuration and ends them. Owners are plain threads: each blocks in one poll of its port.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::card_machine::{self, CardMachine};
use super::display::{DisplayHandle, DisplayOwner};
use super::font::{FontError, FontGlyphs};
use super::job_machine::JobMachine;
use super::label_job::{LabelMachine, LabelTimings};
use super::lang::escpos::{GlyphSource, test_slip};
use super::lang::scale::ScaleLanguage;
use super::lang::zvt::Registration;
use super::port::{Port, RealPort, SerialFormat, Waker};
use super::print_job::{PrintMachine, Setting};
use super::printer::{PrinterOwner, ReceiptMachine, encoder};
use super::profile::{DisplayProfile, ProfileError, ScaleProfile, ScannerProfile, TerminalProfile, load_label_printer, load_printer};
use super::reporter::Reporter;
use super::scale::{ScaleHandle, ScaleOwner};
use super::scanner::ScannerOwner;
use super::terminal::{TerminalHandle, TerminalOwner};
use super::{DeviceConfig, DeviceKind, DeviceReport, PRINTER_INBOX_MAX, PortConfig, PrinterHandle};
use crate::ids::DeviceName;
use crate::time::Clock;

/// What is to be started.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub devices: Vec<DeviceConfig>,
    /// Draws the characters that a printer lacks. Without one they are transliterated.
    pub font: Option<PathBuf>,
    /// Card terminals' words in German; in English otherwise.
    pub german: bool,
}

/// Why the devices cannot be started: the configuration names something that does not exist. A device that is merely off or unplugged is
/// no error: its owner waits for it.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("device {device}: {reason}")]
    Profile { device: DeviceName, reason: ProfileError },
    #[error("the font {path} cannot be read: {reason}: name an existing file, or leave the key out")]
    FontUnreadable { path: PathBuf, reason: std::io::Error },
    #[error("the font {path}: {reason}")]
    Font { path: PathBuf, reason: FontError },
    #[error("device {device}: the operating system gives no thread: {reason}")]
    Thread { device: DeviceName, reason: std::io::Error },
}

/// The running owners.
pub struct Devices {
    pub printers: BTreeMap<DeviceName, PrinterHandle>,
    pub displays: BTreeMap<DeviceName, DisplayHandle>,
    pub terminals: BTreeMap<DeviceName, TerminalHandle>,
    pub scales: BTreeMap<DeviceName, ScaleHandle>,
    running: Vec<Running>,
}

struct Running {
    stop: Stop,
    waker: Waker,
    ended: oneshot::Receiver<()>,
}

/// Asks an owner to stop. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn ask(&self) {
        self.0.store(true, Ordering::Release);
    }
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Starts an owner for each device. Reports wait when the loop is behind, so the loop must never wait for an owner.
pub fn spawn(setup: Setup, reports: mpsc::Sender<DeviceReport>, clock: Arc<dyn Clock>) -> Result<Devices, SetupError> {
    let mut devices = Devices {
        printers: BTreeMap::new(),
        displays: BTreeMap::new(),
        terminals: BTreeMap::new(),
        scales: BTreeMap::new(),
        running: Vec::new(),
    };
    let font = setup.font.map(load_font).transpose()?;
    for config in setup.devices {
        let reporter = Reporter::new(config.name.clone(), config.kind, config.workstation.clone(), reports.clone(), clock.clone());
        match config.kind {
            DeviceKind::Scanner => devices.start_scanner(&config, reporter)?,
            DeviceKind::Printer => devices.start_printer(&config, font.clone(), reporter)?,
            DeviceKind::LabelPrinter => devices.start_label_printer(&config, font.clone(), reporter)?,
            DeviceKind::LineDisplay => devices.start_display(&config, reporter)?,
            DeviceKind::Zvt => devices.start_terminal(&config, setup.german, reporter)?,
            DeviceKind::Scale => devices.start_scale(&config, reporter)?,
        }
    }
    Ok(devices)
}

impl Devices {
    /// Asks all owners to stop and waits for them. A printer's owner first waits for the proof of the paper it is printing; what was not
    /// begun is reported as held. So the loop must go on taking reports meanwhile. False when one did not end within `patience`.
    pub async fn shutdown(self, patience: Duration) -> bool {
        for running in &self.running {
            running.stop.ask();
            running.waker.ring();
        }
        let all = async {
            for running in self.running {
                let _ = running.ended.await;
            }
        };
        tokio::time::timeout(patience, all).await.is_ok()
    }

    fn start_scanner(&mut self, config: &DeviceConfig, reporter: Reporter) -> Result<(), SetupError> {
        let profile = ScannerProfile::load(&config.profile);
        let profile = profile.map_err(|reason| SetupError::Profile { device: config.name.clone(), reason })?;
        let port = Box::new(RealPort::new(config.port.clone(), profile.serial));
        let keyboard = matches!(config.port, PortConfig::Evdev { .. });
        let (stop, waker) = (Stop::default(), port.waker());
        let owner = ScannerOwner::new(port, &profile, keyboard, reporter, stop.clone());
        self.start(&config.name, stop, waker, move || owner.run())
    }

    fn start_printer(&mut self, config: &DeviceConfig, font: Option<Arc<dyn GlyphSource>>, reporter: Reporter) -> Result<(), SetupError> {
        let profile = load_printer(&config.profile).map_err(|reason| SetupError::Profile { device: config.name.clone(), reason })?;
        let port = Box::new(RealPort::new(config.port.clone(), profile.serial));
        let fences = reporter.clock.now().ms.unsigned_abs();
        let setting = Setting { fences, drawer_sense: config.drawer_sense, ..Setting::default() };
        let machine = PrintMachine::new(&profile, encoder(profile.clone(), font), setting);
        let test_page = test_slip(&profile, None).bytes;
        self.start_owner(config, port, ReceiptMachine { machine, profile, test_page }, reporter)
    }

    fn start_label_printer(
        &mut self,
        config: &DeviceConfig,
        font: Option<Arc<dyn GlyphSource>>,
        reporter: Reporter,
    ) -> Result<(), SetupError> {
        let profile = load_label_printer(&config.profile).map_err(|reason| SetupError::Profile { device: config.name.clone(), reason })?;
        let port = Box::new(RealPort::new(config.port.clone(), profile.serial));
        self.start_owner(config, port, LabelMachine::new(profile, font, LabelTimings::default()), reporter)
    }

    fn start_owner(
        &mut self,
        config: &DeviceConfig,
        port: Box<RealPort>,
        machine: impl JobMachine + 'static,
        reporter: Reporter,
    ) -> Result<(), SetupError> {
        let (stop, waker) = (Stop::default(), port.waker());
        let (inbox, orders) = mpsc::channel(PRINTER_INBOX_MAX);
        let (forward, owned) = mpsc::channel(1);
        self.printers.insert(config.name.clone(), PrinterHandle { name: config.name.clone(), inbox });
        forward_orders(config, orders, forward, waker.clone())?;
        let owner = PrinterOwner::new(port, machine, owned, reporter, stop.clone());
        self.start(&config.name, stop, waker, move || owner.run())
    }

    fn start_display(&mut self, config: &DeviceConfig, reporter: Reporter) -> Result<(), SetupError> {
        let profile = DisplayProfile::load(&config.profile);
        let profile = profile.map_err(|reason| SetupError::Profile { device: config.name.clone(), reason })?;
        let port = Box::new(RealPort::new(config.port.clone(), profile.serial));
        let (stop, waker) = (Stop::default(), port.waker());
        let handle = DisplayHandle::new(waker.clone());
        self.displays.insert(config.name.clone(), handle.clone());
        let owner = DisplayOwner::new(port, profile, handle, reporter, stop.clone());
        self.start(&config.name, stop, waker, move || owner.run())
    }

    fn start_terminal(&mut self, config: &DeviceConfig, german: bool, reporter: Reporter) -> Result<(), SetupError> {
        let profile = TerminalProfile::load(&config.profile);
        let profile = profile.map_err(|reason| SetupError::Profile { device: config.name.clone(), reason })?;
        let port = Box::new(RealPort::new(config.port.clone(), SerialFormat::default()));
        let (stop, waker) = (Stop::default(), port.waker());
        let registration = Registration { password: config.card.password, config: profile.config, currency: config.card.currency };
        let machine = CardMachine::new(card_machine::Setting { registration, german, timings: card_machine::Timings::default() });
        let handle = TerminalHandle::new(waker.clone());
        self.terminals.insert(config.name.clone(), handle.clone());
        let owner = TerminalOwner::new(port, machine, handle, reporter, stop.clone());
        self.start(&config.name, stop, waker, move || owner.run())
    }

    fn start_scale(&mut self, config: &DeviceConfig, reporter: Reporter) -> Result<(), SetupError> {
        let profile = ScaleProfile::load(&config.profile);
        let profile = profile.map_err(|reason| SetupError::Profile { device: config.name.clone(), reason })?;
        let ScaleLanguage::Toledo8217 = profile.language;
        let port = Box::new(RealPort::new(config.port.clone(), profile.serial));
        let (stop, waker) = (Stop::default(), port.waker());
        let handle = ScaleHandle::new(waker.clone());
        self.scales.insert(config.name.clone(), handle.clone());
        let owner = ScaleOwner::new(port, handle, reporter, stop.clone());
        self.start(&config.name, stop, waker, move || owner.run())
    }

    fn start(&mut self, name: &DeviceName, stop: Stop, waker: Waker, run: impl FnOnce() + Send + 'static) -> Result<(), SetupError> {
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name(name.to_string());
        let spawned = thread.spawn(move || {
            run();
            let _ = end.send(());
        });
        spawned.map_err(|reason| SetupError::Thread { device: name.clone(), reason })?;
        self.running.push(Running { stop, waker, ended });
        Ok(())
    }
}

fn load_font(path: PathBuf) -> Result<Arc<dyn GlyphSource>, SetupError> {
    let data = std::fs::read(&path).map_err(|reason| SetupError::FontUnreadable { path: path.clone(), reason })?;
    let glyphs = FontGlyphs::from_bytes(data).map_err(|reason| SetupError::Font { path, reason })?;
    Ok(Arc::new(glyphs))
}

/// Moves orders from the loop's inbox to the owner and ends its wait. Its own thread, because the owner waits in a poll of its port and the
/// inbox is no descriptor. It ends when the loop drops the handle, or when the owner ended.
fn forward_orders(
    config: &DeviceConfig,
    mut orders: mpsc::Receiver<super::PrinterOrder>,
    owner: mpsc::Sender<super::PrinterOrder>,
    waker: Waker,
) -> Result<(), SetupError> {
    let run = move || {
        while let Some(order) = orders.blocking_recv() {
            // The owner may have gone to wait just before this order filled the channel.
            if owner.blocking_send(order).is_err() {
                return;
            }
            waker.ring();
        }
    };
    let thread = std::thread::Builder::new().name(format!("{} orders", config.name));
    thread.spawn(run).map(|_| ()).map_err(|reason| SetupError::Thread { device: config.name.clone(), reason })
}
