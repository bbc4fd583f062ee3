//! The inside of a simulated receipt printer: bytes and time in, paper, drawer and answers out. No line, no thread. It prints in order and
//! in its own time, stops without paper or with an open cover, keeps its buffer and goes on by itself; it answers queued questions when all
//! before them is on paper, and real-time ones at once. That is what the driver's promises are tested against.

use std::collections::VecDeque;

use crate::device::lang::escpos::{
    Identify, Interpreter, Paper, PaperOp, PrinterProfile, RealTimeCommand, RealTimeQuery, RealTimeScanner, StatusQuery,
};

/// Bytes a printer holds before it takes no more: small models have 4 KiB.
pub const RECEIVE_BUFFER_BYTES: usize = 4096;

/// What a person does to the printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    PaperOut,
    PaperLow,
    CoverOpen,
    /// The plug of the network or of the power to its interface is out: the connection breaks and none comes up.
    Offline,
    /// Takes a third of a second for each line.
    Slow,
}

/// Where the switches stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    pub paper_out: bool,
    pub paper_low: bool,
    pub cover_open: bool,
    pub offline: bool,
    pub slow: bool,
}

/// How a printer misbehaves. One at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// Takes bytes and never answers.
    Mute,
    /// Answers every question with bytes that mean nothing.
    Nonsense,
    /// Takes no bytes.
    NeverReads,
    /// Answers real-time questions and status, and never the queued question behind a job.
    NoProof,
}

/// A printer without its line.
pub struct PrinterEngine {
    profile: PrinterProfile,
    ahead: RealTimeScanner,
    interpreter: Interpreter,
    buffer: VecDeque<u8>,
    waiting: VecDeque<PaperOp>,
    paper: Paper,
    switches: Switches,
    fault: Fault,
    /// Lines until the roll ends by itself.
    lines_left: Option<u32>,
    busy_until_ms: u64,
    line_ms: u64,
    asb: u8,
    asb_told: [u8; 4],
    replies: Vec<u8>,
    drawer_open: bool,
    pulses: u32,
    cuts: u32,
    received: u64,
}

const SLOW_LINE_MS: u64 = 330;

impl PrinterEngine {
    /// Prints a line in `line_ms`; 0 is at once.
    pub fn new(profile: PrinterProfile, line_ms: u64) -> PrinterEngine {
        PrinterEngine {
            ahead: RealTimeScanner::new(),
            interpreter: Interpreter::new(&profile),
            buffer: VecDeque::new(),
            waiting: VecDeque::new(),
            paper: Paper::new(&profile),
            profile,
            switches: Switches::default(),
            fault: Fault::None,
            lines_left: None,
            busy_until_ms: 0,
            line_ms,
            asb: 0,
            asb_told: [0; 4],
            replies: Vec::new(),
            drawer_open: false,
            pulses: 0,
            cuts: 0,
            received: 0,
        }
    }

    // The line.

    /// Bytes it would take now.
    pub fn room(&self) -> usize {
        if self.fault == Fault::NeverReads { 0 } else { RECEIVE_BUFFER_BYTES.saturating_sub(self.buffer.len()) }
    }

    /// Takes as many bytes as it has room for and says how many.
    pub fn receive(&mut self, bytes: &[u8], now_ms: u64) -> usize {
        let taken = bytes.len().min(self.room());
        self.received += taken as u64;
        for command in self.ahead.push(&bytes[..taken]) {
            self.at_once(command);
        }
        self.buffer.extend(&bytes[..taken]);
        self.work(now_ms);
        taken
    }

    /// What it says; emptied.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    pub fn has_replies(&self) -> bool {
        !self.replies.is_empty()
    }

    /// What could not be said yet goes back to the front.
    pub fn put_back_replies(&mut self, bytes: &[u8]) {
        self.replies.splice(0..0, bytes.iter().copied());
    }

    /// A new connection: answers to the old one are lost, everything else stays as it was.
    pub fn connected(&mut self) {
        self.replies.clear();
    }

    // Time.

    /// Prints what is due by now.
    pub fn work(&mut self, now_ms: u64) {
        while self.may_print(now_ms) {
            if self.waiting.is_empty() {
                let Some(byte) = self.buffer.pop_front() else { break };
                self.waiting.extend(self.interpreter.push(&[byte]));
            } else if let Some(op) = self.waiting.pop_front() {
                self.print(op, now_ms);
            }
        }
        self.tell_changes();
    }

    /// When there will be something to do, if nothing comes in.
    pub fn due_ms(&self) -> Option<u64> {
        let has_work = !self.buffer.is_empty() || !self.waiting.is_empty();
        (has_work && !self.is_stopped()).then_some(self.busy_until_ms)
    }

    // What people do and see.

    pub fn set(&mut self, switch: Switch, on: bool, now_ms: u64) {
        let place = match switch {
            Switch::PaperOut => &mut self.switches.paper_out,
            Switch::PaperLow => &mut self.switches.paper_low,
            Switch::CoverOpen => &mut self.switches.cover_open,
            Switch::Offline => &mut self.switches.offline,
            Switch::Slow => &mut self.switches.slow,
        };
        *place = on;
        if switch == Switch::PaperOut {
            self.lines_left = None;
        }
        self.work(now_ms);
    }

    pub fn misbehave(&mut self, fault: Fault) {
        self.fault = fault;
    }

    /// The roll ends by itself after so many lines.
    pub fn set_lines_left(&mut self, lines: u32) {
        self.lines_left = Some(lines);
    }

    /// Off and on: buffer, modes and answers are gone, paper and drawer stay.
    pub fn power_cycle(&mut self) {
        self.ahead = RealTimeScanner::new();
        self.interpreter = Interpreter::new(&self.profile);
        self.buffer.clear();
        self.waiting.clear();
        self.replies.clear();
        self.asb = 0;
        self.busy_until_ms = 0;
        self.paper.apply(&PaperOp::Initialise);
    }

    pub fn close_drawer(&mut self) {
        self.drawer_open = false;
        self.tell_changes();
    }

    /// Takes the papers that were cut off.
    pub fn tear_off(&mut self) {
        let _ = self.paper.take_cut_off();
    }

    pub fn paper(&self) -> &Paper {
        &self.paper
    }
    pub fn switches(&self) -> Switches {
        self.switches
    }
    pub fn is_drawer_open(&self) -> bool {
        self.drawer_open
    }
    /// Drawer pulses since it was made.
    pub fn pulses(&self) -> u32 {
        self.pulses
    }
    /// Papers cut off since it was made.
    pub fn cuts(&self) -> u32 {
        self.cuts
    }
    /// Bytes taken since it was made.
    pub fn received(&self) -> u64 {
        self.received
    }
    /// All it was given is on paper.
    pub fn is_done(&self) -> bool {
        self.buffer.is_empty() && self.waiting.is_empty()
    }

    fn is_stopped(&self) -> bool {
        self.switches.paper_out || self.switches.cover_open
    }

    fn may_print(&self, now_ms: u64) -> bool {
        !self.is_stopped() && now_ms >= self.busy_until_ms
    }

    fn print(&mut self, op: PaperOp, now_ms: u64) {
        let lines = lines_of(&op);
        let line_ms = if self.switches.slow { SLOW_LINE_MS } else { self.line_ms };
        self.busy_until_ms = self.busy_until_ms.max(now_ms) + lines * line_ms;
        self.paper.apply(&op);
        match op {
            PaperOp::DrawerPulse { .. } => {
                self.pulses += 1;
                self.drawer_open = true;
            }
            PaperOp::Cut { .. } => self.cuts += 1,
            PaperOp::Initialise => self.asb = 0,
            PaperOp::AsbEnable(mask) => {
                self.asb = mask;
                if mask != 0 {
                    self.asb_told = self.asb_bytes();
                    self.answer(&self.asb_told.clone());
                }
            }
            PaperOp::ProcessId(id) if self.fault != Fault::NoProof => {
                let [a, b, c, d] = id.bytes();
                self.answer(&[0x37, 0x22, a, b, c, d, 0x00]);
            }
            PaperOp::StatusQuery(n) if self.fault != Fault::NoProof => {
                let paper = u8::from(self.switches.paper_low) * 0x03;
                let drawer = u8::from(self.drawer_open);
                self.answer(&[if n == StatusQuery::Drawer.number() { drawer } else { paper }]);
            }
            PaperOp::Identify(n) => self.identify(n),
            PaperOp::ProcessId(_)
            | PaperOp::StatusQuery(_)
            | PaperOp::Text(_)
            | PaperOp::LineFeed
            | PaperOp::FeedLines(_)
            | PaperOp::FeedDots(_)
            | PaperOp::LineSpacing(_)
            | PaperOp::Align(_)
            | PaperOp::Emphasis(_)
            | PaperOp::Underline(_)
            | PaperOp::Reverse(_)
            | PaperOp::SmallFont(_)
            | PaperOp::Size { .. }
            | PaperOp::CodePage(_)
            | PaperOp::BarcodeHeight(_)
            | PaperOp::BarcodeModule(_)
            | PaperOp::BarcodeText(_)
            | PaperOp::Barcode { .. }
            | PaperOp::QrModule(_)
            | PaperOp::Qr(_)
            | PaperOp::Raster(_)
            | PaperOp::Beep
            | PaperOp::RealTime(_)
            | PaperOp::Ignored(_)
            | PaperOp::Unknown(_) => {}
        }
        if let Some(left) = &mut self.lines_left {
            *left = left.saturating_sub(u32::try_from(lines).unwrap_or(u32::MAX));
            if *left == 0 {
                self.lines_left = None;
                self.switches.paper_out = true;
            }
        }
    }

    fn at_once(&mut self, command: RealTimeCommand) {
        match command {
            RealTimeCommand::Status(query) => {
                let byte = self.status_byte(query);
                self.answer(&[byte]);
            }
            RealTimeCommand::Pulse { .. } => {
                self.pulses += 1;
                self.drawer_open = true;
            }
            RealTimeCommand::Clear | RealTimeCommand::Recover(2) => {
                self.buffer.clear();
                self.waiting.clear();
                self.interpreter = Interpreter::new(&self.profile);
            }
            RealTimeCommand::Recover(_) | RealTimeCommand::Other(_) => {}
        }
    }

    fn identify(&mut self, n: u8) {
        let text: &[u8] = match n {
            _ if n == Identify::Maker.number() => b"_COUNTERFOIL\0",
            _ if n == Identify::Model.number() => b"_SIMULATED\0",
            _ => b"_0\0",
        };
        self.answer(text);
    }

    fn answer(&mut self, bytes: &[u8]) {
        match self.fault {
            Fault::Mute => {}
            // Bytes with bit 7 set and the fixed bits wrong begin no reply.
            Fault::Nonsense => self.replies.extend(bytes.iter().map(|byte| byte | 0x91)),
            Fault::None | Fault::NeverReads | Fault::NoProof => self.replies.extend_from_slice(bytes),
        }
    }

    fn tell_changes(&mut self) {
        let now = self.asb_bytes();
        if self.asb != 0 && now != self.asb_told {
            self.asb_told = now;
            self.answer(&now);
        }
    }

    fn asb_bytes(&self) -> [u8; 4] {
        let Switches { paper_out, paper_low, cover_open, .. } = self.switches;
        let bit = |on: bool, bits: u8| if on { bits } else { 0 };
        let first = 0x10 | bit(self.drawer_open, 0x04) | bit(self.is_stopped(), 0x08) | bit(cover_open, 0x20);
        [first, 0, bit(paper_low || paper_out, 0x03) | bit(paper_out, 0x0c), 0]
    }

    fn status_byte(&self, query: RealTimeQuery) -> u8 {
        let Switches { paper_out, paper_low, cover_open, .. } = self.switches;
        let bit = |on: bool, bits: u8| if on { bits } else { 0 };
        0x12 | match query {
            RealTimeQuery::Printer => bit(self.drawer_open, 0x04) | bit(self.is_stopped(), 0x08),
            RealTimeQuery::OfflineCause => bit(cover_open, 0x04) | bit(paper_out, 0x20),
            RealTimeQuery::Error => 0,
            RealTimeQuery::Roll => bit(paper_low || paper_out, 0x0c) | bit(paper_out, 0x60),
        }
    }
}

/// How many lines of paper an op moves.
fn lines_of(op: &PaperOp) -> u64 {
    const LINE_DOTS: usize = 30;
    match op {
        PaperOp::LineFeed => 1,
        PaperOp::FeedLines(count) => u64::from(*count),
        PaperOp::FeedDots(dots) => u64::from(*dots) / LINE_DOTS as u64,
        PaperOp::Raster(picture) => picture.height.div_ceil(LINE_DOTS) as u64,
        PaperOp::Barcode { .. } => 3,
        PaperOp::Qr(_) => 5,
        PaperOp::Cut { .. } => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::lang::escpos::ProcessId;

    fn engine() -> PrinterEngine {
        PrinterEngine::new(PrinterProfile::built_in("epson-80mm").expect("built in"), 10)
    }

    #[test]
    fn an_id_is_answered_when_all_before_it_is_on_paper() {
        let mut engine = engine();
        let mut job = b"\x1b@one\ntwo\n".to_vec();
        job.extend(ProcessId::numbered(41).command());
        assert_eq!(engine.receive(&job, 0), job.len());
        engine.work(10);
        assert_eq!(engine.take_replies(), b"", "the second line is not out yet");
        engine.work(20);
        assert_eq!(engine.take_replies(), b"7\"0042\0");
        assert!(engine.is_done());
    }

    #[test]
    fn without_paper_it_stops_says_so_and_goes_on_by_itself() {
        let mut engine = engine();
        engine.receive(b"\x1da\x0f", 0);
        assert_eq!(engine.take_replies(), [0x10, 0, 0, 0]);
        engine.set_lines_left(1);
        engine.receive(b"one\ntwo\n\x1br\x01", 0);
        engine.work(1000);
        assert_eq!(engine.take_replies(), [0x18, 0, 0x0f, 0]);
        engine.receive(b"\x10\x04\x04\x10\x04\x02", 1000);
        assert_eq!(engine.take_replies(), [0x7e, 0x32], "real-time answers come past the full queue");
        assert!(!engine.is_done());
        engine.set(Switch::PaperOut, false, 2000);
        engine.work(3000);
        assert_eq!(engine.take_replies(), [0x10, 0, 0, 0]);
        assert!(engine.is_done());
    }

    #[test]
    fn a_full_buffer_takes_no_more_and_a_power_cut_empties_it() {
        let mut engine = engine();
        engine.set(Switch::CoverOpen, true, 0);
        let long = vec![b'x'; RECEIVE_BUFFER_BYTES + 10];
        assert_eq!(engine.receive(&long, 0), RECEIVE_BUFFER_BYTES);
        assert_eq!(engine.receive(b"y", 0), 0);
        engine.power_cycle();
        assert!(engine.is_done());
        assert_eq!(engine.receive(b"y", 0), 1);
    }
}
