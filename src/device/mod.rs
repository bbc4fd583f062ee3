//! Devices: a port moves bytes, a language gives them meaning, one owner task per device serialises its callers.
//! What an owner learns goes to the node's loop as a [`DeviceReport`]; what it is told comes through its inbox. No device code knows sales.

pub mod lang;
pub mod port;

pub mod card_machine;
pub mod display;
pub mod font;
pub mod job_machine;
pub mod label_job;
pub mod print_job;
pub mod printer;
pub mod profile;
pub mod reporter;
pub mod scale;
pub mod scale_machine;
pub mod scanner;
pub mod sim;
pub mod terminal;
pub mod trial;

mod spawn;

pub use display::DisplayHandle;
pub use scale::ScaleHandle;
pub use scale_machine::Wanted;
pub use spawn::{Devices, Setup, SetupError, Stop, spawn};
pub use terminal::{TerminalHandle, TerminalOrder};

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::document::Document;
use crate::document::label::BagLabel;
use crate::ids::{AttemptId, DeviceName, JobId, WorkstationId};
use crate::money::Money;
use crate::retail::{CardMark, CardProgress, PrintProgress};

/// One device as the checked configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceConfig {
    pub name: DeviceName,
    pub kind: DeviceKind,
    /// Where its scans go, or whose display it is. Printers can serve several.
    pub workstation: Option<WorkstationId>,
    pub port: PortConfig,
    /// Name of a profile in `firmware-config/` (built in) or of a file.
    pub profile: String,
    /// What the switch of the drawer on this printer says.
    pub drawer_sense: DrawerSense,
    /// For card terminals.
    pub card: CardSetting,
}

/// What a card terminal wants to know of its till.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CardSetting {
    /// Six digits.
    pub password: u32,
    /// ISO 4217 numeric code of the store's currency.
    pub currency: u16,
}

/// Which level of the drawer's switch means open. It depends on the drawer and its cable, not on the printer: found out at set-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawerSense {
    /// No switch, or nobody has looked: nothing is said of the drawer.
    #[default]
    None,
    HighIsOpen,
    LowIsOpen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    Scanner,
    /// A receipt printer, with the drawer that hangs on it.
    Printer,
    /// A label printer that speaks ZPL.
    LabelPrinter,
    /// A customer display of 2 x 20 characters. Pages are not devices.
    LineDisplay,
    /// A card terminal that speaks ZVT over TCP.
    Zvt,
    /// A checkout scale.
    Scale,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortConfig {
    Serial {
        path: String,
        baud: u32,
    },
    Tcp {
        address: String,
    },
    /// `/dev/usb/lp*`, or a FIFO or pty in tests: opened for reading and writing as a file.
    File {
        path: String,
    },
    /// A keyboard scanner, grabbed.
    Evdev {
        path: String,
    },
}

impl PortConfig {
    /// The path or address, as typed.
    pub fn address(&self) -> &str {
        match self {
            PortConfig::Serial { path, .. } | PortConfig::File { path } | PortConfig::Evdev { path } => path,
            PortConfig::Tcp { address } => address,
        }
    }
}

/// What an owner tells the loop. Every variant is a fact; the loop decides what it means.
#[derive(Debug, Clone)]
pub enum DeviceReport {
    /// One frame, suffix stripped; an AIM identifier stays in front.
    Scan {
        device: DeviceName,
        workstation: Option<WorkstationId>,
        frame: Vec<u8>,
    },
    Status(DeviceStatus),
    Job {
        printer: DeviceName,
        job: JobId,
        progress: PrintProgress,
    },
    Card {
        terminal: DeviceName,
        attempt: AttemptId,
        progress: CardProgress,
    },
    /// The newest transaction in a card terminal's book.
    TerminalSeen {
        terminal: DeviceName,
        last: Option<CardMark>,
        amount: Option<Money>,
    },
    /// What lies on a scale, while a till waits for it, and each time it changed.
    Weight {
        scale: DeviceName,
        reading: ScaleReading,
    },
}

/// What a scale says to a till that waits for a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleReading {
    Empty,
    Moving,
    /// It has not come to rest for a long time.
    Unsettled,
    /// It stands still, and it is not what was sold last.
    Stable {
        grams: i64,
    },
    /// The goods that were sold last have not left it.
    SameLoad,
    UnderZero,
    OverCapacity,
    /// A tare is set on the scale itself, which no receipt would show.
    OwnTare,
    NoAnswer,
}

/// After UnifiedPOS, kept smaller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStatus {
    pub name: DeviceName,
    pub kind: DeviceKind,
    pub workstation: Option<WorkstationId>,
    pub state: DeviceState,
    /// Milliseconds since 1970 of the last change of `state`.
    pub since_ms: i64,
    /// For people: what is the matter and what to do; empty when all is well.
    pub hint: String,
    pub paper: Option<Paper>,
    pub cover_open: Option<bool>,
    pub drawer_open: Option<bool>,
}

/// `cause` is a short code: "paper_out", "cover_open", "offline", "no_port", "unplugged", "cutter", "busy", ...
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    Absent,
    Starting,
    Ready,
    Busy,
    /// A person can help.
    Attention {
        cause: String,
    },
    /// A technician must.
    Fault {
        cause: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    Ok,
    Low,
    Out,
}

/// What the loop tells a printer's owner.
#[derive(Debug, Clone)]
pub enum PrinterOrder {
    Print(PrintOrder),
    /// The held job's resumption is on disk: its first byte may leave.
    Release {
        job: JobId,
    },
    /// The cashier gave the job up. Only a job of which no byte was sent is dropped.
    Drop {
        job: JobId,
    },
    /// Drawer pulse alone. At most once; dropped when the preflight is not clean.
    Kick,
    /// Technician's test: page, beep, drawer.
    Test(TestKind),
}

#[derive(Debug, Clone)]
pub struct PrintOrder {
    pub job: JobId,
    pub printout: Printout,
    /// Open the stream with a drawer pulse. Ignored (and never made up for) when the job has to be held first.
    pub kick: bool,
    /// The job was held when the process stopped: ask for leave (`Resumed`) before the first byte.
    pub held_before: bool,
}

/// What comes out. A printer for the other kind gives the job back as failed, with no byte sent.
#[derive(Debug, Clone)]
pub enum Printout {
    Paper(Arc<Document>),
    Label(Arc<BagLabel>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestKind {
    Page,
    Beep,
    Drawer,
}

/// Inbox of a printer's owner. A full inbox is a limit reached: the order comes back.
#[derive(Debug, Clone)]
pub struct PrinterHandle {
    pub name: DeviceName,
    pub inbox: mpsc::Sender<PrinterOrder>,
}

/// Orders a printer's inbox holds.
pub const PRINTER_INBOX_MAX: usize = 256;
/// Reports the loop's inbox holds from all devices.
pub const DEVICE_REPORTS_MAX: usize = 1024;
