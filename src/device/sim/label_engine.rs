//! The inside of a simulated label printer: bytes and time in, labels and answers out. No line, no thread. As Zebra's do, it takes formats ahead of
//! printing them, stops without labels, ribbon, with an open head or paused, goes on by itself, prints the label again that the end of the roll
//! spoiled, and is silent on `~HS` while it needs help.

use std::collections::VecDeque;

use crate::device::lang::zpl::{Heard, Immediate, Interpreter, LabelPicture, LabelProfile};

/// Labels that are kept to look at; older ones fall to the floor.
const LABELS_KEPT_MAX: usize = 60;
/// Bytes it takes at a time.
const WINDOW_BYTES: usize = 4_096;

/// What a person does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelSwitch {
    PaperOut,
    RibbonOut,
    HeadOpen,
    Paused,
    /// The plug is out: the connection breaks and none comes up.
    Offline,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LabelSwitches {
    pub paper_out: bool,
    pub ribbon_out: bool,
    pub head_open: bool,
    pub paused: bool,
    pub offline: bool,
}

/// How it misbehaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LabelFault {
    #[default]
    None,
    /// Takes bytes and never answers.
    Mute,
    /// Does not count its labels, as clones don't.
    NoCount,
    /// Takes labels, says that all is well, and prints none.
    Blank,
}

/// A label printer without its line.
pub struct LabelEngine {
    profile: LabelProfile,
    interpreter: Interpreter,
    /// Formats in its memory.
    waiting: VecDeque<LabelPicture>,
    labels: VecDeque<LabelPicture>,
    switches: LabelSwitches,
    fault: LabelFault,
    /// Labels until the roll ends by itself.
    labels_left: Option<u32>,
    /// Of all its life; the power does not take it away.
    odometer: u64,
    label_ms: u64,
    busy_until_ms: Option<u64>,
    replies: Vec<u8>,
    received: u64,
}

impl LabelEngine {
    /// `profile`: what it really is, which may be another than its driver thinks. A label takes `label_ms`.
    pub fn new(profile: LabelProfile, label_ms: u64) -> LabelEngine {
        let size = profile.size();
        let interpreter = Interpreter::new(profile.dots(size.width), profile.dots(size.height));
        LabelEngine {
            profile,
            interpreter,
            waiting: VecDeque::new(),
            labels: VecDeque::new(),
            switches: LabelSwitches::default(),
            fault: LabelFault::None,
            labels_left: None,
            odometer: 4_711,
            label_ms,
            busy_until_ms: None,
            replies: Vec::new(),
            received: 0,
        }
    }

    // The line.

    pub fn room(&self) -> usize {
        WINDOW_BYTES
    }

    pub fn receive(&mut self, bytes: &[u8], now_ms: u64) {
        self.received += bytes.len() as u64;
        self.work(now_ms);
        let (at_once, heard) = self.interpreter.push(bytes);
        for heard in heard {
            match heard {
                Heard::Label(label) => {
                    let copies = usize::try_from(label.quantity).unwrap_or(1);
                    self.waiting.extend(std::iter::repeat_n(*label, copies));
                }
                Heard::Variable(name) => self.say_variable(&name),
            }
        }
        self.work(now_ms);
        at_once.into_iter().for_each(|command| self.obey(command));
        self.work(now_ms);
    }

    /// What it says; emptied.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// A new connection: answers to the old one are lost, everything else stays.
    pub fn connected(&mut self) {
        self.replies.clear();
    }

    // Time.

    pub fn work(&mut self, now_ms: u64) {
        while !self.is_stopped() && !self.waiting.is_empty() {
            let due_ms = *self.busy_until_ms.get_or_insert(now_ms + self.label_ms);
            if now_ms < due_ms {
                return;
            }
            self.busy_until_ms = None;
            if let Some(label) = self.waiting.pop_front()
                && self.fault != LabelFault::Blank
            {
                self.come_out(label);
            }
        }
    }

    /// When there will be something to do, if nothing comes in.
    pub fn due_ms(&self) -> Option<u64> {
        self.busy_until_ms.filter(|_| !self.is_stopped())
    }

    fn come_out(&mut self, label: LabelPicture) {
        self.odometer += 1;
        self.labels.push_back(label);
        if self.labels.len() > LABELS_KEPT_MAX {
            self.labels.pop_front();
        }
        if let Some(left) = &mut self.labels_left {
            *left = left.saturating_sub(1);
            self.switches.paper_out |= *left == 0;
        }
    }

    fn is_stopped(&self) -> bool {
        let LabelSwitches { paper_out, ribbon_out, head_open, paused, offline: _ } = self.switches;
        paper_out || ribbon_out || head_open || paused
    }

    // What people do and see.

    pub fn set(&mut self, switch: LabelSwitch, on: bool, now_ms: u64) {
        let place = match switch {
            LabelSwitch::PaperOut => &mut self.switches.paper_out,
            LabelSwitch::RibbonOut => &mut self.switches.ribbon_out,
            LabelSwitch::HeadOpen => &mut self.switches.head_open,
            LabelSwitch::Paused => &mut self.switches.paused,
            LabelSwitch::Offline => &mut self.switches.offline,
        };
        *place = on;
        if switch == LabelSwitch::PaperOut && !on {
            self.labels_left = None;
        }
        // A label that was under the head is printed again, whole.
        self.busy_until_ms = None;
        self.work(now_ms);
    }

    /// The roll ends by itself after so many labels.
    pub fn set_labels_left(&mut self, labels: u32) {
        self.labels_left = Some(labels);
        self.switches.paper_out |= labels == 0;
    }

    pub fn misbehave(&mut self, fault: LabelFault) {
        self.fault = fault;
    }

    pub fn take_labels_away(&mut self) {
        self.labels.clear();
    }

    /// Off and on: what was not printed is gone.
    pub fn power_cycle(&mut self) {
        self.interpreter.forget();
        self.waiting.clear();
        self.replies.clear();
        self.busy_until_ms = None;
        self.switches.paused = false;
    }

    pub fn switches(&self) -> LabelSwitches {
        self.switches
    }
    /// Oldest first.
    pub fn labels(&self) -> &VecDeque<LabelPicture> {
        &self.labels
    }
    pub fn received(&self) -> u64 {
        self.received
    }
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    // What it answers.

    fn obey(&mut self, command: Immediate) {
        match command {
            Immediate::HostStatus => self.say_status(),
            Immediate::Health => self.say_health(),
            Immediate::Identify => {
                let answer = format!("\x02SIM-{}dpi,V1.0,{},8192KB\x03\r\n", self.profile.dpi, self.profile.dots_per_mm());
                self.say(&answer);
            }
            // The interpreter has dropped it.
            Immediate::DropPartial => {}
            Immediate::Pause(on) => self.switches.paused = on,
        }
    }

    fn say(&mut self, text: &str) {
        if self.fault != LabelFault::Mute {
            self.replies.extend(text.bytes());
        }
    }

    fn say_status(&mut self) {
        let LabelSwitches { paper_out, ribbon_out, head_open, paused, offline: _ } = self.switches;
        if paper_out || ribbon_out || head_open {
            return;
        }
        let formats = self.waiting.len().min(999);
        let (paused, partial) = (u8::from(paused), u8::from(self.interpreter.is_partial()));
        let answer = format!(
            "\x02030,0,{paused},0400,{formats:03},0,0,{partial},000,0,0,0\x03\r\n\x02001,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"
        );
        self.say(&answer);
    }

    fn say_health(&mut self) {
        let LabelSwitches { paper_out, ribbon_out, head_open, paused, offline: _ } = self.switches;
        let bits = [(paper_out, 0x1), (ribbon_out, 0x2), (head_open, 0x4), (paused, 0x1_0000)];
        let errors: u32 = bits.iter().filter(|(on, _)| *on).map(|(_, bit)| bit).sum();
        let warnings = if self.labels_left.is_some_and(|left| (1..=5).contains(&left)) { 8 } else { 0 };
        let answer = format!(
            "\x02\r\n\r\n  PRINTER STATUS\r\n   ERRORS:         {} 00000000 {errors:08X}\r\n   WARNINGS:       {} 00000000 {warnings:08X}\r\n\x03",
            u8::from(errors != 0),
            u8::from(warnings != 0),
        );
        self.say(&answer);
    }

    fn say_variable(&mut self, name: &str) {
        let counts = self.fault != LabelFault::NoCount && name == "odometer.total_label_count";
        let answer = if counts { format!("\"{}\"", self.odometer) } else { "\"?\"".to_owned() };
        self.say(&answer);
    }
}
