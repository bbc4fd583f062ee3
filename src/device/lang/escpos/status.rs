//! The state of a printer as its replies add up to it. It shows what the printer said last, never that something was printed.

use super::commands::{RealTimeQuery, StatusQuery};
use super::reply::{Asb, Reply};

/// Folded from replies. Every flag is false until the printer has said otherwise; `heard` tells whether it has said anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrinterStatus {
    /// At least one status reply has been understood.
    pub heard: bool,
    pub offline: bool,
    pub cover_open: bool,
    pub paper: PaperStatus,
    pub cutter_error: bool,
    /// An error that an operator can clear (black mark, cutter).
    pub recoverable: bool,
    /// Switch the printer off.
    pub unrecoverable: bool,
    /// Pauses and goes on alone.
    pub head_hot: bool,
    /// Somebody holds the FEED button.
    pub feed_pressed: bool,
    /// The level of the drawer's switch; which level means open depends on the drawer.
    pub drawer_pin3_high: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PaperStatus {
    #[default]
    Ok,
    /// Prints on; change the roll soon.
    Low,
    Out,
}

/// What keeps a printer from printing, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    Unrecoverable,
    CoverOpen,
    PaperOut,
    Cutter,
    Recoverable,
    HeadHot,
    FeedPressed,
    Offline,
}

impl Trouble {
    /// The short code that goes into records and device states.
    pub const fn code(self) -> &'static str {
        match self {
            Trouble::Unrecoverable => "unrecoverable",
            Trouble::CoverOpen => "cover_open",
            Trouble::PaperOut => "paper_out",
            Trouble::Cutter => "cutter",
            Trouble::Recoverable => "recoverable",
            Trouble::HeadHot => "head_hot",
            Trouble::FeedPressed => "feed_pressed",
            Trouble::Offline => "offline",
        }
    }
    /// What happened and what to do, for people.
    pub const fn hint(self) -> &'static str {
        match self {
            Trouble::Unrecoverable => "The printer has a fault it cannot clear: switch it off and use another one.",
            Trouble::CoverOpen => "The printer's cover is open: close it.",
            Trouble::PaperOut => "The printer is out of paper: put in a new roll.",
            Trouble::Cutter => "The printer's knife is stuck: open the cover, take out the paper, close it, then choose to go on.",
            Trouble::Recoverable => "The printer stopped with an error: open and close the cover, then choose to go on.",
            Trouble::HeadHot => "The print head is too hot: wait, it goes on by itself.",
            Trouble::FeedPressed => "Somebody holds the printer's FEED button: let it go.",
            Trouble::Offline => "The printer says it is off-line: check its buttons and its display.",
        }
    }
}

impl PrinterStatus {
    /// Takes one reply in. True when something changed.
    pub fn apply(&mut self, reply: &Reply) -> bool {
        let before = *self;
        match reply {
            Reply::Asb(asb) => self.take_asb(*asb),
            Reply::RealTime { query: Some(query), byte } => self.take_real_time(*query, *byte),
            Reply::Status { query: StatusQuery::Paper, byte } => {
                self.heard = true;
                self.paper = paper_of(byte & 0x03 != 0, byte & 0x0c != 0);
            }
            Reply::Status { query: StatusQuery::Drawer, byte } => {
                self.heard = true;
                self.drawer_pin3_high = Some(byte & 0x01 != 0);
            }
            Reply::Offline { .. } => {
                self.heard = true;
                self.offline = true;
            }
            Reply::RealTime { query: None, .. }
            | Reply::ProcessId(_)
            | Reply::Cleared
            | Reply::Identification { .. }
            | Reply::Block { .. }
            | Reply::Xon
            | Reply::Xoff
            | Reply::Noise(_) => {}
        }
        *self != before
    }

    /// What keeps it from printing; `None` when nothing is known to.
    pub fn trouble(&self) -> Option<Trouble> {
        let troubles = [
            (self.unrecoverable, Trouble::Unrecoverable),
            (self.cover_open, Trouble::CoverOpen),
            (self.paper == PaperStatus::Out, Trouble::PaperOut),
            (self.cutter_error, Trouble::Cutter),
            (self.recoverable, Trouble::Recoverable),
            (self.head_hot, Trouble::HeadHot),
            (self.feed_pressed, Trouble::FeedPressed),
            (self.offline, Trouble::Offline),
        ];
        troubles.into_iter().find(|(present, _)| *present).map(|(_, trouble)| trouble)
    }

    /// The other direction, for simulated printers: what a printer in this state sends on its own.
    pub fn asb(&self) -> Asb {
        let one = 0x10
            | flag(self.drawer_pin3_high == Some(true), 0x04)
            | flag(self.offline, 0x08)
            | flag(self.cover_open, 0x20)
            | flag(self.feed_pressed, 0x40);
        let two = flag(self.recoverable, 0x04) | flag(self.cutter_error, 0x08) | flag(self.unrecoverable, 0x20) | flag(self.head_hot, 0x40);
        let three = flag(self.paper != PaperStatus::Ok, 0x03) | flag(self.paper == PaperStatus::Out, 0x0c);
        Asb([one, two, three, 0])
    }

    /// What a printer in this state answers to `DLE EOT n`.
    pub fn answer(&self, query: RealTimeQuery) -> u8 {
        let out = self.paper == PaperStatus::Out;
        let error = self.recoverable || self.cutter_error || self.unrecoverable || self.head_hot;
        0x12 | match query {
            RealTimeQuery::Printer => {
                flag(self.drawer_pin3_high == Some(true), 0x04) | flag(self.offline, 0x08) | flag(self.feed_pressed, 0x40)
            }
            RealTimeQuery::OfflineCause => {
                flag(self.cover_open, 0x04) | flag(self.feed_pressed, 0x08) | flag(out, 0x20) | flag(error, 0x40)
            }
            RealTimeQuery::Error => {
                flag(self.recoverable, 0x04) | flag(self.cutter_error, 0x08) | flag(self.unrecoverable, 0x20) | flag(self.head_hot, 0x40)
            }
            RealTimeQuery::Roll => flag(self.paper != PaperStatus::Ok, 0x0c) | flag(out, 0x60),
        }
    }

    /// What a printer in this state answers to `GS r n`.
    pub fn answer_queued(&self, query: StatusQuery) -> u8 {
        match query {
            StatusQuery::Paper => flag(self.paper != PaperStatus::Ok, 0x03) | flag(self.paper == PaperStatus::Out, 0x0c),
            StatusQuery::Drawer => flag(self.drawer_pin3_high == Some(true), 0x01),
        }
    }

    fn take_asb(&mut self, Asb([one, two, three, _]): Asb) {
        self.heard = true;
        self.drawer_pin3_high = Some(one & 0x04 != 0);
        self.offline = one & 0x08 != 0;
        self.cover_open = one & 0x20 != 0;
        self.feed_pressed = one & 0x40 != 0;
        self.recoverable = two & 0x04 != 0;
        self.cutter_error = two & 0x08 != 0;
        self.unrecoverable = two & 0x20 != 0;
        self.head_hot = two & 0x40 != 0;
        self.paper = paper_of(three & 0x03 != 0, three & 0x0c != 0);
    }

    fn take_real_time(&mut self, query: RealTimeQuery, byte: u8) {
        self.heard = true;
        match query {
            RealTimeQuery::Printer => {
                self.drawer_pin3_high = Some(byte & 0x04 != 0);
                self.offline = byte & 0x08 != 0;
                self.feed_pressed = byte & 0x40 != 0;
            }
            RealTimeQuery::OfflineCause => {
                self.cover_open = byte & 0x04 != 0;
                if byte & 0x20 != 0 {
                    self.paper = PaperStatus::Out;
                }
            }
            RealTimeQuery::Error => {
                self.recoverable = byte & 0x04 != 0;
                self.cutter_error = byte & 0x08 != 0;
                self.unrecoverable = byte & 0x20 != 0;
                self.head_hot = byte & 0x40 != 0 && !self.cover_open;
            }
            RealTimeQuery::Roll => self.paper = paper_of(byte & 0x0c != 0, byte & 0x60 != 0),
        }
    }
}

fn flag(on: bool, bits: u8) -> u8 {
    if on { bits } else { 0 }
}

fn paper_of(near_end: bool, end: bool) -> PaperStatus {
    match (end, near_end) {
        (true, _) => PaperStatus::Out,
        (false, true) => PaperStatus::Low,
        (false, false) => PaperStatus::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_table_of_the_manual() {
        let real_time = |query, byte| Reply::RealTime { query: Some(query), byte };
        let check = |reply: Reply, expect: Option<Trouble>| {
            let mut status = PrinterStatus::default();
            status.apply(&reply);
            assert!(status.heard);
            assert_eq!(status.trouble(), expect, "{reply:?}");
        };
        for query in RealTimeQuery::ALL {
            check(real_time(query, 0x12), None);
        }
        check(real_time(RealTimeQuery::Printer, 0x1a), Some(Trouble::Offline));
        check(real_time(RealTimeQuery::OfflineCause, 0x16), Some(Trouble::CoverOpen));
        check(real_time(RealTimeQuery::OfflineCause, 0x32), Some(Trouble::PaperOut));
        check(real_time(RealTimeQuery::Error, 0x1a), Some(Trouble::Cutter));
        check(real_time(RealTimeQuery::Error, 0x32), Some(Trouble::Unrecoverable));
        check(real_time(RealTimeQuery::Roll, 0x1e), None);
        check(real_time(RealTimeQuery::Roll, 0x72), Some(Trouble::PaperOut));
        check(Reply::Asb(Asb([0x38, 0, 0, 0])), Some(Trouble::CoverOpen));
        check(Reply::Asb(Asb([0x18, 0, 0x0c, 0])), Some(Trouble::PaperOut));
        check(Reply::Asb(Asb([0x18, 0x08, 0, 0])), Some(Trouble::Cutter));
        check(Reply::Asb(Asb([0x18, 0x40, 0, 0])), Some(Trouble::HeadHot));
        check(Reply::Asb(Asb([0x10, 0, 0x03, 0])), None);
        check(Reply::Status { query: StatusQuery::Paper, byte: 0x0f }, Some(Trouble::PaperOut));

        let mut status = PrinterStatus::default();
        assert!(status.apply(&Reply::Asb(Asb([0x14, 0, 0x03, 0]))));
        assert_eq!((status.paper, status.drawer_pin3_high), (PaperStatus::Low, Some(true)));
        assert!(!status.apply(&Reply::Noise(0x14)));
    }
}
