//! The other direction: an ESC/POS stream as a printer would read it, for simulated printers and the page that shows their paper. Bytes come in pieces
//! of any size; a command split anywhere is held until it is whole. What is unknown is kept as unknown, one byte at a time, as cheap printers do.
//!
//! A real printer reads its line twice: real-time commands are executed the moment they arrive, ahead of everything queued, even inside a
//! picture's data. [`RealTimeScanner`] is that first reader, [`Interpreter`] the second.

use super::commands::{ProcessId, RealTimeQuery};
use super::profile::PrinterProfile;
use super::raster::Bitmap;
use crate::device::lang::CodePage;
use crate::document::Align;

/// What one command does to the paper, the drawer or the line back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaperOp {
    Initialise,
    /// Characters in the current style; a byte the page has nothing for comes out as U+FFFD.
    Text(String),
    LineFeed,
    /// Prints what is in the line, then feeds so many lines.
    FeedLines(u8),
    FeedDots(u8),
    LineSpacing(Option<u8>),
    Align(Align),
    Emphasis(bool),
    Underline(bool),
    Reverse(bool),
    SmallFont(bool),
    /// Times normal width and height, 1 to 8.
    Size {
        width: u8,
        height: u8,
    },
    CodePage(u8),
    BarcodeHeight(u8),
    BarcodeModule(u8),
    BarcodeText(u8),
    /// `data` as the symbology means it, without set switches and terminators.
    Barcode {
        symbology: Symbology,
        data: String,
    },
    QrModule(u8),
    Qr(String),
    Raster(Bitmap),
    Cut {
        partial: bool,
    },
    DrawerPulse {
        pin: u8,
        on_ms: u16,
        off_ms: u16,
    },
    Beep,
    /// `GS r n`: answer when everything before has been printed.
    StatusQuery(u8),
    /// `GS I n`.
    Identify(u8),
    /// `GS a n`: answer at once, then at each change of what the bits name. 0 switches it off.
    AsbEnable(u8),
    /// `GS ( H`: answer when everything before has been printed.
    ProcessId(ProcessId),
    /// A real-time command met again in the queue: nothing more to do, its scanner has answered.
    RealTime(RealTimeCommand),
    /// A command without a visible effect here: known, whole, ignored.
    Ignored(Vec<u8>),
    /// A byte no command begins with, or a command nobody knows.
    Unknown(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbology {
    UpcA,
    UpcE,
    Ean13,
    Ean8,
    Code39,
    Itf,
    Codabar,
    Code93,
    Code128,
    Gs1_128,
    DataBar,
}

/// What is executed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealTimeCommand {
    /// `DLE EOT n`
    Status(RealTimeQuery),
    /// `DLE ENQ n`: 1 prints on, 2 forgets the buffers.
    Recover(u8),
    /// `DLE DC4 1 m t`: a pulse out of turn.
    Pulse { pin: u8, ms: u16 },
    /// `DLE DC4 8`: clears the buffers.
    Clear,
    /// Another `DLE DC4` or `DLE EOT`.
    Other(u8),
}

/// A picture with more bytes than this is read over and not kept.
pub const RASTER_BYTES_MAX: usize = 1 << 20;

/// The queued reader.
#[derive(Debug, Clone)]
pub struct Interpreter {
    pages: Vec<(u8, CodePage)>,
    page: CodePage,
    first_page: CodePage,
    pending: Vec<u8>,
    /// Bytes of an oversized command still to be read over.
    skip: usize,
    qr_data: String,
}

impl Interpreter {
    pub fn new(profile: &PrinterProfile) -> Interpreter {
        let pages: Vec<(u8, CodePage)> = profile.code_pages.iter().map(|entry| (entry.number, entry.page)).collect();
        let first_page = pages.first().map_or(CodePage::Pc437, |(_, page)| *page);
        Interpreter { pages, page: first_page, first_page, pending: Vec::new(), skip: 0, qr_data: String::new() }
    }

    /// The ops completed by these bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<PaperOp> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.pending.extend_from_slice(&bytes[skipped..]);
        let mut ops = Vec::new();
        let mut at = 0;
        while at < self.pending.len() {
            match self.step(at) {
                Step::Whole { op, length } => {
                    ops.push(op);
                    let over = (at + length).saturating_sub(self.pending.len());
                    self.skip += over;
                    at = (at + length).min(self.pending.len());
                }
                Step::Partial => break,
            }
        }
        self.pending.drain(..at);
        ops
    }

    /// Bytes of a command that is not whole yet.
    pub fn is_in_command(&self) -> bool {
        !self.pending.is_empty() || self.skip > 0
    }

    fn step(&mut self, at: usize) -> Step {
        let rest = &self.pending[at..];
        match rest[0] {
            0x0a => whole(PaperOp::LineFeed, 1),
            0x00 => whole(PaperOp::Ignored(vec![0]), rest.iter().take_while(|b| **b == 0).count()),
            0x0d | 0x09 | 0x0c | 0x18 => whole(PaperOp::Ignored(vec![rest[0]]), 1),
            0x10 => real_time(rest).map_or(Step::Partial, |(command, length)| match command {
                Some(command) => whole(PaperOp::RealTime(command), length),
                None => whole(PaperOp::Unknown(0x10), 1),
            }),
            0x1b => self.escape(at),
            0x1c => fs(rest),
            0x1d => self.gs(at),
            0x20..=0x7e | 0x80.. => {
                let length = rest.iter().take_while(|b| matches!(b, 0x20..=0x7e | 0x80..)).count();
                let text = rest[..length].iter().map(|b| self.page.char(*b).unwrap_or('\u{fffd}')).collect();
                whole(PaperOp::Text(text), length)
            }
            byte => whole(PaperOp::Unknown(byte), 1),
        }
    }

    fn escape(&mut self, at: usize) -> Step {
        let rest = &self.pending[at..];
        let Some(&command) = rest.get(1) else { return Step::Partial };
        let length = match command {
            b'2' | b'@' | b'<' | b'L' | b'S' | b'i' | b'm' | b'v' | 0x0c => 2,
            b' ' | b'!' | b'%' | b'-' | b'3' | b'=' | b'?' | b'E' | b'G' | b'J' | b'K' | b'M' | b'R' | b'T' | b'V' | b'a' | b'd' | b'e'
            | b'r' | b't' | b'u' | b'{' => 3,
            b'$' | b'\\' | b'B' | b'c' => 4,
            b'p' => 5,
            b'W' => 10,
            b'(' => return sized(rest),
            b'*' => {
                let [mode, low, high] = match rest.get(2..5) {
                    Some(header) => [header[0], header[1], header[2]],
                    None => return Step::Partial,
                };
                let columns = usize::from(low) + usize::from(high) * 256;
                return ignored(rest, 5 + columns * if mode >= 32 { 3 } else { 1 });
            }
            b'D' => match rest.iter().skip(2).take(33).position(|b| *b == 0) {
                Some(end) => return ignored(rest, 3 + end),
                None if rest.len() < 35 => return Step::Partial,
                None => 2,
            },
            _ => return whole(PaperOp::Unknown(0x1b), 1),
        };
        let Some(body) = rest.get(..length) else { return Step::Partial };
        let on = |n: u8| n & 1 == 1;
        let op = match (command, body.get(2).copied().unwrap_or(0)) {
            (b'@', _) => {
                self.page = self.first_page;
                self.qr_data.clear();
                PaperOp::Initialise
            }
            (b'd', n) => PaperOp::FeedLines(n),
            (b'J', n) => PaperOp::FeedDots(n),
            (b'2', _) => PaperOp::LineSpacing(None),
            (b'3', n) => PaperOp::LineSpacing(Some(n)),
            (b'a', n) => PaperOp::Align(match n & 3 {
                0 => Align::Left,
                1 => Align::Centre,
                _ => Align::Right,
            }),
            (b'E' | b'G', n) => PaperOp::Emphasis(on(n)),
            (b'-', n) => PaperOp::Underline(n & 3 != 0),
            (b'M', n) => PaperOp::SmallFont(n & 3 == 1),
            (b't', n) => {
                self.page = self.pages.iter().find(|(number, _)| *number == n).map_or(self.page, |(_, page)| *page);
                PaperOp::CodePage(n)
            }
            (b'i', _) => PaperOp::Cut { partial: false },
            (b'm', _) => PaperOp::Cut { partial: true },
            (b'B', _) => PaperOp::Beep,
            // No time on is no pulse: a command cut off and filled up with zeros opens nothing.
            (b'p', _) if body[3] == 0 => PaperOp::Ignored(body.to_vec()),
            (b'p', m) => PaperOp::DrawerPulse {
                pin: if on(m) { 5 } else { 2 },
                on_ms: u16::from(body[3]) * 2,
                off_ms: u16::from(body[4].max(body[3])) * 2,
            },
            _ => PaperOp::Ignored(body.to_vec()),
        };
        whole(op, length)
    }

    fn gs(&mut self, at: usize) -> Step {
        let rest = &self.pending[at..];
        let Some(&command) = rest.get(1) else { return Step::Partial };
        let length = match command {
            b':' | b'/' => 2 + usize::from(command == b'/'),
            b'!' | b'B' | b'H' | b'I' | b'T' | b'a' | b'b' | b'f' | b'h' | b'r' | b'w' => 3,
            b'$' | b'L' | b'P' | b'W' | b'\\' | b'z' => 4,
            b'^' => 5,
            b'V' => match rest.get(2) {
                None => return Step::Partial,
                Some(0x41 | 0x42 | 0x61 | 0x62 | 0x67 | 0x68) => 4,
                Some(_) => 3,
            },
            b'k' => return barcode(rest),
            b'v' => return raster(rest),
            b'(' => return self.gs_sized(at),
            b'8' => {
                let Some(size) = rest.get(3..7) else { return Step::Partial };
                let size = size.iter().rev().fold(0, |sum, b| sum * 256 + usize::from(*b));
                return ignored(rest, 7 + size);
            }
            b'*' => {
                let Some(size) = rest.get(2..4) else { return Step::Partial };
                return ignored(rest, 4 + usize::from(size[0]) * usize::from(size[1]) * 8);
            }
            _ => return whole(PaperOp::Unknown(0x1d), 1),
        };
        let Some(body) = rest.get(..length) else { return Step::Partial };
        let n = body.get(2).copied().unwrap_or(0);
        let op = match command {
            b'!' => PaperOp::Size { width: (n >> 4 & 7) + 1, height: (n & 7) + 1 },
            b'B' => PaperOp::Reverse(n & 1 == 1),
            b'V' => PaperOp::Cut { partial: !matches!(n, 0x00 | 0x30 | 0x41 | 0x61 | 0x67) },
            b'h' => PaperOp::BarcodeHeight(n),
            b'w' => PaperOp::BarcodeModule(n),
            b'H' => PaperOp::BarcodeText(n),
            b'a' => PaperOp::AsbEnable(n),
            b'r' => PaperOp::StatusQuery(n),
            b'I' => PaperOp::Identify(n),
            _ => PaperOp::Ignored(body.to_vec()),
        };
        whole(op, length)
    }

    /// `GS ( x pL pH ...`: the length is in the command, so that unknown ones can be read over.
    fn gs_sized(&mut self, at: usize) -> Step {
        let rest = &self.pending[at..];
        let (letter, length) = match (rest.get(2), rest.get(3..5)) {
            (Some(letter), Some(size)) => (*letter, 5 + usize::from(size[0]) + usize::from(size[1]) * 256),
            _ => return Step::Partial,
        };
        let Some(body) = rest.get(5..length) else { return Step::Partial };
        let op = match (letter, body) {
            (b'H', [0x30, 0x30, a, b, c, d]) => match ProcessId::from_bytes([*a, *b, *c, *d]) {
                Some(id) => PaperOp::ProcessId(id),
                None => PaperOp::Ignored(rest[..length].to_vec()),
            },
            (b'k', [0x31, 0x43, n]) => PaperOp::QrModule(*n),
            (b'k', [0x31, 0x50, 0x30, data @ ..]) => {
                self.qr_data = String::from_utf8_lossy(data).into_owned();
                PaperOp::Ignored(rest[..length].to_vec())
            }
            (b'k', [0x31, 0x51, 0x30]) => PaperOp::Qr(std::mem::take(&mut self.qr_data)),
            _ => PaperOp::Ignored(rest[..length].to_vec()),
        };
        whole(op, length)
    }
}

/// The reader ahead of the queue. It sees every byte, also those of texts and pictures: so does a real printer's.
#[derive(Debug, Clone, Default)]
pub struct RealTimeScanner {
    pending: Vec<u8>,
}

impl RealTimeScanner {
    pub fn new() -> RealTimeScanner {
        RealTimeScanner::default()
    }

    pub fn push(&mut self, bytes: &[u8]) -> Vec<RealTimeCommand> {
        let mut commands = Vec::new();
        for &byte in bytes {
            if self.pending.is_empty() && byte != 0x10 {
                continue;
            }
            self.pending.push(byte);
            while let Some(start) = self.pending.iter().position(|b| *b == 0x10) {
                self.pending.drain(..start);
                match real_time(&self.pending) {
                    None => break,
                    Some((command, length)) => {
                        commands.extend(command);
                        self.pending.drain(..length);
                    }
                }
            }
            if !self.pending.contains(&0x10) {
                self.pending.clear();
            }
        }
        commands
    }
}

enum Step {
    Whole { op: PaperOp, length: usize },
    Partial,
}

fn whole(op: PaperOp, length: usize) -> Step {
    Step::Whole { op, length }
}

/// A known command without an effect here; what does not fit in memory is read over as it comes.
fn ignored(rest: &[u8], length: usize) -> Step {
    if length > RASTER_BYTES_MAX {
        return whole(PaperOp::Ignored(rest[..rest.len().min(8)].to_vec()), length);
    }
    match rest.get(..length) {
        Some(body) => whole(PaperOp::Ignored(body.to_vec()), length),
        None => Step::Partial,
    }
}

/// `ESC ( x pL pH ...` and `FS ( x pL pH ...`.
fn sized(rest: &[u8]) -> Step {
    let Some(size) = rest.get(3..5) else { return Step::Partial };
    let length = 5 + usize::from(size[0]) + usize::from(size[1]) * 256;
    match rest.get(..length) {
        Some(body) if body[0] == 0x1b && body[2] == b'A' => whole(PaperOp::Beep, length),
        Some(body) => whole(PaperOp::Ignored(body.to_vec()), length),
        None => Step::Partial,
    }
}

fn fs(rest: &[u8]) -> Step {
    match rest.get(1) {
        None => Step::Partial,
        Some(b'.' | b'&') => ignored(rest, 2),
        Some(b'!' | b'-' | b'C' | b'W') => ignored(rest, 3),
        Some(b'S' | b'p') => ignored(rest, 4),
        Some(b'(') => sized(rest),
        Some(_) => whole(PaperOp::Unknown(0x1c), 1),
    }
}

/// `None`: not whole yet. `Some((None, 1))`: a DLE that begins no real-time command.
fn real_time(rest: &[u8]) -> Option<(Option<RealTimeCommand>, usize)> {
    let (second, third) = (*rest.get(1)?, rest.get(2));
    match second {
        0x04 => {
            let n = *third?;
            // 7 and 8 (ink, peeler) carry one more byte.
            let length = if matches!(n, 7 | 8) { 4 } else { 3 };
            rest.get(..length)?;
            Some((Some(RealTimeQuery::from_number(n).map_or(RealTimeCommand::Other(n), RealTimeCommand::Status)), length))
        }
        0x05 => Some((Some(RealTimeCommand::Recover(*third?)), 3)),
        0x14 => match *third? {
            1 => {
                let body = rest.get(3..5)?;
                Some((Some(RealTimeCommand::Pulse { pin: if body[0] & 1 == 1 { 5 } else { 2 }, ms: u16::from(body[1]) * 100 }), 5))
            }
            2 => rest.get(..5).map(|_| (Some(RealTimeCommand::Other(2)), 5)),
            8 => rest.get(..10).map(|_| (Some(RealTimeCommand::Clear), 10)),
            n => Some((Some(RealTimeCommand::Other(n)), 3)),
        },
        _ => Some((None, 1)),
    }
}

fn barcode(rest: &[u8]) -> Step {
    let Some(&m) = rest.get(2) else { return Step::Partial };
    let function_a =
        [Symbology::UpcA, Symbology::UpcE, Symbology::Ean13, Symbology::Ean8, Symbology::Code39, Symbology::Itf, Symbology::Codabar];
    if let Some(&symbology) = function_a.get(usize::from(m)) {
        let Some(end) = rest[3..].iter().take(256).position(|b| *b == 0) else {
            return if rest.len() > 259 { whole(PaperOp::Unknown(0x1d), 1) } else { Step::Partial };
        };
        return whole(PaperOp::Barcode { symbology, data: String::from_utf8_lossy(&rest[3..3 + end]).into_owned() }, 4 + end);
    }
    let symbology = match m {
        0x41..=0x47 => function_a[usize::from(m - 0x41)],
        0x48 => Symbology::Code93,
        0x49 | 0x4f => Symbology::Code128,
        0x4a => Symbology::Gs1_128,
        0x4b..=0x4e => Symbology::DataBar,
        _ => return whole(PaperOp::Unknown(0x1d), 1),
    };
    let Some(&count) = rest.get(3) else { return Step::Partial };
    let Some(data) = rest.get(4..4 + usize::from(count)) else { return Step::Partial };
    let data = match m {
        0x49 => code128_text(data),
        _ => String::from_utf8_lossy(data).into_owned(),
    };
    whole(PaperOp::Barcode { symbology, data }, 4 + usize::from(count))
}

/// Text of Code 128 data with its `{A`, `{B`, `{C` switches; in set C a byte is a value of two digits.
fn code128_text(data: &[u8]) -> String {
    let mut text = String::new();
    let mut set = b'B';
    let mut bytes = data.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' => match bytes.next() {
                Some(b'{') => text.push('{'),
                Some(switch @ (b'A' | b'B' | b'C')) => set = switch,
                Some(_) | None => {}
            },
            value if set == b'C' => text.push_str(&format!("{value:02}")),
            letter => text.push(char::from(letter)),
        }
    }
    text
}

/// `GS v 0 m xL xH yL yH`.
fn raster(rest: &[u8]) -> Step {
    let Some(header) = rest.get(..8) else { return Step::Partial };
    let (per_row, height) = (usize::from(header[4]) + usize::from(header[5]) * 256, usize::from(header[6]) + usize::from(header[7]) * 256);
    let size = per_row * height;
    if size > RASTER_BYTES_MAX {
        return whole(PaperOp::Ignored(header.to_vec()), 8 + size);
    }
    match rest.get(8..8 + size) {
        Some(bits) => whole(PaperOp::Raster(Bitmap { width: per_row * 8, height, bits: bits.to_vec() }), 8 + size),
        None => Step::Partial,
    }
}
