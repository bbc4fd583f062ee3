//! How an owner speaks to the loop: scans, jobs, and its state when it changed. Knows no device.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{DeviceKind, DeviceReport, DeviceState, DeviceStatus, Paper, ScaleReading};
use crate::ids::{AttemptId, DeviceName, JobId, WorkstationId};
use crate::money::Money;
use crate::retail::{CardMark, CardProgress, PrintProgress};
use crate::time::Clock;

/// One device's voice. Reports wait when the loop is behind; none is dropped.
pub struct Reporter {
    pub clock: Arc<dyn Clock>,
    reports: mpsc::Sender<DeviceReport>,
    status: DeviceStatus,
    said: bool,
}

/// What is worth saying beside the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sensors {
    pub paper: Option<Paper>,
    pub cover_open: Option<bool>,
    pub drawer_open: Option<bool>,
}

impl Reporter {
    pub fn new(
        name: DeviceName,
        kind: DeviceKind,
        workstation: Option<WorkstationId>,
        reports: mpsc::Sender<DeviceReport>,
        clock: Arc<dyn Clock>,
    ) -> Reporter {
        let status = DeviceStatus {
            name,
            kind,
            workstation,
            state: DeviceState::Starting,
            since_ms: clock.now().ms,
            hint: String::new(),
            paper: None,
            cover_open: None,
            drawer_open: None,
        };
        Reporter { clock, reports, status, said: false }
    }

    pub fn name(&self) -> &DeviceName {
        &self.status.name
    }
    pub fn status(&self) -> &DeviceStatus {
        &self.status
    }

    /// Says the state when it differs from the last one said. False when nobody listens any more.
    pub fn state(&mut self, state: DeviceState, hint: &str, sensors: Sensors) -> bool {
        let mut next = DeviceStatus {
            hint: hint.to_owned(),
            paper: sensors.paper,
            cover_open: sensors.cover_open,
            drawer_open: sensors.drawer_open,
            ..self.status.clone()
        };
        if next.state != state {
            next.state = state;
            next.since_ms = self.clock.now().ms;
        }
        if self.said && next == self.status {
            return true;
        }
        self.log(&next);
        self.status = next;
        self.said = true;
        self.send(DeviceReport::Status(self.status.clone()))
    }

    pub fn scan(&self, frame: Vec<u8>) -> bool {
        self.send(DeviceReport::Scan { device: self.status.name.clone(), workstation: self.status.workstation.clone(), frame })
    }

    pub fn job(&self, job: JobId, progress: PrintProgress) -> bool {
        self.send(DeviceReport::Job { printer: self.status.name.clone(), job, progress })
    }

    pub fn card(&self, attempt: AttemptId, progress: CardProgress) -> bool {
        self.send(DeviceReport::Card { terminal: self.status.name.clone(), attempt, progress })
    }

    pub fn seen(&self, last: Option<CardMark>, amount: Option<Money>) -> bool {
        self.send(DeviceReport::TerminalSeen { terminal: self.status.name.clone(), last, amount })
    }

    pub fn weight(&self, reading: ScaleReading) -> bool {
        self.send(DeviceReport::Weight { scale: self.status.name.clone(), reading })
    }

    fn send(&self, report: DeviceReport) -> bool {
        self.reports.blocking_send(report).is_ok()
    }

    fn log(&self, next: &DeviceStatus) {
        let (device, hint) = (next.name.as_str(), next.hint.as_str());
        match (&next.state, next.state == self.status.state) {
            (_, true) => {
                tracing::debug!(device, hint, sensors = ?(next.paper, next.cover_open, next.drawer_open), "device sensors changed")
            }
            (DeviceState::Fault { cause }, false) => tracing::error!(device, cause, hint, "device needs a technician"),
            (DeviceState::Attention { cause }, false) => tracing::warn!(device, cause, hint, "device needs attention"),
            (DeviceState::Absent, false) => tracing::warn!(device, hint, "device is absent"),
            (DeviceState::Starting | DeviceState::Ready, false) => tracing::info!(device, state = ?next.state, "device"),
            (DeviceState::Busy, false) => tracing::debug!(device, "device is busy"),
        }
    }
}
