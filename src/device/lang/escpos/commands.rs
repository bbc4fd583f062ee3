//! The short commands: questions to a printer, the fence, the drawer, recovery. Numbers from Epson's ESC/POS reference.

use super::profile::{BuzzerKind, PrinterProfile};

/// `GS a 15`: tell on your own when drawer, line, errors or paper change. Lasts until `ESC @`, so it is sent after each.
pub const ASB_ON: [u8; 3] = [0x1d, 0x61, 0x0f];
pub const INITIALISE: [u8; 2] = [0x1b, 0x40];
/// Print on from the line that failed. Only when a person asked for it.
pub const RECOVER_CONTINUE: [u8; 3] = [0x10, 0x05, 0x01];
/// Forget everything that is buffered. Only when a person asked for it.
pub const RECOVER_DISCARD: [u8; 3] = [0x10, 0x05, 0x02];

/// `DLE EOT n`: answered at once, ahead of queued data. Shows a state, never completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealTimeQuery {
    Printer,
    OfflineCause,
    Error,
    Roll,
}

impl RealTimeQuery {
    pub const ALL: [RealTimeQuery; 4] = [RealTimeQuery::Printer, RealTimeQuery::OfflineCause, RealTimeQuery::Error, RealTimeQuery::Roll];

    pub const fn number(self) -> u8 {
        match self {
            RealTimeQuery::Printer => 1,
            RealTimeQuery::OfflineCause => 2,
            RealTimeQuery::Error => 3,
            RealTimeQuery::Roll => 4,
        }
    }
    pub fn from_number(n: u8) -> Option<RealTimeQuery> {
        RealTimeQuery::ALL.into_iter().find(|query| query.number() == n)
    }
    pub const fn bytes(self) -> [u8; 3] {
        [0x10, 0x04, self.number()]
    }
}

/// `GS r n`: queued behind the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusQuery {
    Paper,
    Drawer,
}

impl StatusQuery {
    pub const fn number(self) -> u8 {
        match self {
            StatusQuery::Paper => 1,
            StatusQuery::Drawer => 2,
        }
    }
    pub const fn bytes(self) -> [u8; 3] {
        [0x1d, 0x72, self.number()]
    }
}

/// `GS I n`: what the printer says it is. A hint for choosing a profile, no more: some answer with another maker's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identify {
    Firmware,
    Maker,
    Model,
    Serial,
}

impl Identify {
    pub const ALL: [Identify; 4] = [Identify::Firmware, Identify::Maker, Identify::Model, Identify::Serial];

    pub const fn number(self) -> u8 {
        match self {
            Identify::Firmware => 0x41,
            Identify::Maker => 0x42,
            Identify::Model => 0x43,
            Identify::Serial => 0x44,
        }
    }
    pub const fn bytes(self) -> [u8; 3] {
        [0x1d, 0x49, self.number()]
    }
}

/// Four characters that a printer gives back when all before them was printed. Later ids prove earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId([u8; 4]);

impl ProcessId {
    /// "0001" to "9999", then from the start again.
    pub fn numbered(count: u64) -> ProcessId {
        let n = count % 9_999 + 1;
        let digit = |place: u64| b'0' + u8::try_from(n / place % 10).expect("a digit");
        ProcessId([digit(1000), digit(100), digit(10), digit(1)])
    }
    /// `None` unless all four are printable, 20h to 7Eh.
    pub fn from_bytes(bytes: [u8; 4]) -> Option<ProcessId> {
        bytes.iter().all(|b| (0x20..0x7f).contains(b)).then_some(ProcessId(bytes))
    }
    pub const fn bytes(self) -> [u8; 4] {
        self.0
    }
    /// `GS ( H` function 48.
    pub const fn command(self) -> [u8; 11] {
        let [a, b, c, d] = self.0;
        [0x1d, 0x28, 0x48, 0x06, 0x00, 0x30, 0x30, a, b, c, d]
    }
    /// What a printer answers when all before it was printed. For simulated printers.
    pub const fn reply(self) -> [u8; 7] {
        let [a, b, c, d] = self.0;
        [0x37, 0x22, a, b, c, d, 0x00]
    }
}

/// `ESC p`: the drawer's pulse, queued behind the data. On repeat: opens the drawer again, so send it once.
pub fn drawer_pulse(profile: &PrinterProfile) -> [u8; 5] {
    let drawer = profile.capability.drawer.is;
    let steps = |ms: u16| u8::try_from(ms / 2).unwrap_or(u8::MAX);
    [0x1b, 0x70, u8::from(drawer.pin == 5), steps(drawer.on_ms), steps(drawer.off_ms)]
}

/// One beep; empty when the printer has no buzzer.
pub fn beep(profile: &PrinterProfile) -> Vec<u8> {
    match profile.capability.buzzer.is {
        BuzzerKind::EscParenA => vec![0x1b, 0x28, 0x41, 0x04, 0x00, 0x30, 0x31, 0x01, 0x05],
        BuzzerKind::EscB => vec![0x1b, 0x42, 0x01, 0x02],
        BuzzerKind::None => Vec::new(),
    }
}

/// After a connection broke in mid-command: fills up whatever the printer still waits for with zeros, then starts afresh. Wait for the
/// answer to the automatic status before sending real data.
pub fn wake() -> Vec<u8> {
    let mut bytes = vec![0; WAKE_ZEROS];
    bytes.extend(INITIALISE);
    bytes.extend(ASB_ON);
    bytes
}

/// More than any command of ours has data: whatever a printer still waits for, they complete it.
pub const WAKE_ZEROS: usize = 8 * 1024;
