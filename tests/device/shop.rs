//! Devices started as the node starts them, on real ports and the machine's clock. Waits have a deadline and end at once when it holds.

use std::sync::Arc;
use std::time::Duration;

use counterfoil::device::{
    DEVICE_REPORTS_MAX, DeviceConfig, DeviceKind, DeviceReport, DeviceState, DeviceStatus, Devices, DrawerSense, PortConfig, PrintOrder,
    PrinterOrder, Printout, Setup, spawn,
};
use counterfoil::document::Document;
use counterfoil::ids::{DeviceName, JobId, WorkstationId};
use counterfoil::retail::PrintProgress;
use counterfoil::time::SystemClock;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// No wait in these tests is meant to last this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Shop {
    pub devices: Option<Devices>,
    reports: mpsc::Receiver<DeviceReport>,
    runtime: Runtime,
    pub seen: Vec<DeviceReport>,
}

pub fn name(text: &str) -> DeviceName {
    DeviceName::new(text).expect("a name")
}

pub fn config(device: &str, kind: DeviceKind, port: PortConfig, profile: &str) -> DeviceConfig {
    let workstation = Some(WorkstationId::new("1").expect("a name"));
    DeviceConfig {
        name: name(device),
        kind,
        workstation,
        port,
        profile: profile.to_owned(),
        drawer_sense: DrawerSense::HighIsOpen,
        card: Default::default(),
    }
}

impl Shop {
    pub fn start(devices: Vec<DeviceConfig>) -> Shop {
        let (sender, reports) = mpsc::channel(DEVICE_REPORTS_MAX);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let devices = spawn(Setup { devices, ..Setup::default() }, sender, Arc::new(SystemClock::new())).expect("devices start");
        Shop { devices: Some(devices), reports, runtime, seen: Vec::new() }
    }

    /// The first report from now on in which `find` finds something.
    pub fn wait<T>(&mut self, what: &str, mut find: impl FnMut(&DeviceReport) -> Option<T>) -> T {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let report = self.runtime.block_on(async { tokio::time::timeout(left, self.reports.recv()).await });
            let report = report.unwrap_or_else(|_| panic!("{what} did not come; seen: {:#?}", self.seen)).expect("owners run");
            let found = find(&report);
            self.seen.push(report);
            if let Some(found) = found {
                return found;
            }
        }
    }

    pub fn wait_scan(&mut self) -> String {
        self.wait("a scan", |report| match report {
            DeviceReport::Scan { frame, .. } => Some(String::from_utf8_lossy(frame).into_owned()),
            _ => None,
        })
    }

    pub fn wait_state(&mut self, device: &str, wanted: &DeviceState) -> DeviceStatus {
        self.wait(&format!("{device} {wanted:?}"), |report| match report {
            DeviceReport::Status(status) if status.name == name(device) && status.state == *wanted => Some(status.clone()),
            _ => None,
        })
    }

    pub fn print(&self, printer: &str, job: JobId, document: &Arc<Document>, kick: bool) {
        let order = PrintOrder { job, printout: Printout::Paper(document.clone()), kick, held_before: false };
        self.order(printer, PrinterOrder::Print(order));
    }

    pub fn order(&self, printer: &str, order: PrinterOrder) {
        let devices = self.devices.as_ref().expect("running");
        devices.printers[&name(printer)].inbox.try_send(order).expect("the inbox has room");
    }

    /// What becomes of a job; leave is given at once.
    pub fn wait_end(&mut self, printer: &str, job: JobId) -> Vec<PrintProgress> {
        let mut story = Vec::new();
        loop {
            let progress = self.wait("the end of a job", |report| match report {
                DeviceReport::Job { job: id, progress, .. } if *id == job => Some(progress.clone()),
                _ => None,
            });
            if progress == (PrintProgress::Resumed {}) {
                self.order(printer, PrinterOrder::Release { job });
            }
            story.push(progress);
            if story.last().is_some_and(super::bench::is_end) {
                return story;
            }
        }
    }

    /// All owners end within the patience.
    pub fn stop(mut self) -> Vec<DeviceReport> {
        let devices = self.devices.take().expect("running");
        assert!(self.runtime.block_on(devices.shutdown(PATIENCE)), "the owners did not end");
        while let Ok(report) = self.reports.try_recv() {
            self.seen.push(report);
        }
        self.seen
    }
}
