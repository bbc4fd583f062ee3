//! Print jobs as the record knows them: asked for, held, resumed, ended. A job without an outcome after a restart is unknown
//! unless a flushed record says that no byte had been sent.

use serde::{Deserialize, Serialize};

use super::event::PrintSubject;
use crate::ids::{DeviceName, JobId, WorkstationId};
use crate::time::Stamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPrint {
    pub job: JobId,
    pub printer: DeviceName,
    pub workstation: WorkstationId,
    pub what: PrintSubject,
    pub copy: u32,
    pub asked_at: Stamp,
    pub state: PrintState,
}

/// Whose move it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintState {
    /// The printer's owner: bytes may be on their way. After a restart this is `Unknown`.
    Given,
    /// The printer's: no byte has left; it goes on by itself when the cause is gone. Survives a restart.
    HeldClean { cause: String },
    /// The cashier's: did it come out?
    Unknown { cause: String },
    /// The cashier's: given up with no byte sent; print again or drop.
    FailedClean { cause: String },
}
