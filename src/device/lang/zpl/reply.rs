//! What a label printer answers: `~HS` in three frames, `~HQES` as text, `~HI`, and the value of a variable in quotes.

/// Bytes of one answer; what is longer is none.
const ANSWER_BYTES_MAX: usize = 2_048;

const STX: u8 = 0x02;
const ETX: u8 = 0x03;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelReply {
    /// First frame of `~HS`.
    Buffer { paper_out: bool, paused: bool, formats: u32, partial: bool, hot: bool },
    /// Second frame of `~HS`.
    Head { open: bool, ribbon_out: bool, labels_left: u32 },
    /// Bits of `~HQES`.
    Health { errors: u32, warnings: u32 },
    /// Of `~HI`.
    DotsPerMm(u32),
    /// A variable; `None`: the printer has no number under that name.
    Odometer(Option<u64>),
    /// Something else.
    Noise,
}

/// Cuts what comes in into answers.
#[derive(Debug, Default)]
pub struct LabelReplyParser {
    pending: Vec<u8>,
    inside: Option<u8>,
}

impl LabelReplyParser {
    pub fn push(&mut self, bytes: &[u8]) -> Vec<LabelReply> {
        let mut replies = Vec::new();
        for &byte in bytes {
            match (self.inside, byte) {
                (None, STX) => self.begin(ETX),
                (None, b'"') => self.begin(b'"'),
                (None, _) => {}
                (Some(end), _) if byte == end => {
                    self.inside = None;
                    let text = String::from_utf8_lossy(&self.pending).into_owned();
                    replies.push(if end == ETX { frame(&text) } else { LabelReply::Odometer(text.trim().parse().ok()) });
                }
                // A new answer begins where the last one broke off.
                (Some(_), STX) => self.begin(ETX),
                (Some(_), _) if self.pending.len() == ANSWER_BYTES_MAX => {
                    self.inside = None;
                    replies.push(LabelReply::Noise);
                }
                (Some(_), _) => self.pending.push(byte),
            }
        }
        replies
    }

    fn begin(&mut self, end: u8) {
        self.inside = Some(end);
        self.pending.clear();
    }
}

fn frame(text: &str) -> LabelReply {
    if text.contains("ERRORS:") {
        return health(text).unwrap_or(LabelReply::Noise);
    }
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    match fields.len() {
        12 => first_of_status(&fields).unwrap_or(LabelReply::Noise),
        11 => second_of_status(&fields).unwrap_or(LabelReply::Noise),
        4.. => fields[2].parse().ok().filter(|dots| (1..=48).contains(dots)).map_or(LabelReply::Noise, LabelReply::DotsPerMm),
        _ => LabelReply::Noise,
    }
}

fn first_of_status(fields: &[&str]) -> Option<LabelReply> {
    let flag = |at: usize| fields[at] == "1";
    let formats = fields[4].parse().ok()?;
    Some(LabelReply::Buffer { paper_out: flag(1), paused: flag(2), formats, partial: flag(7), hot: flag(11) })
}

fn second_of_status(fields: &[&str]) -> Option<LabelReply> {
    let labels_left = fields[8].parse().ok()?;
    Some(LabelReply::Head { open: fields[2] == "1", ribbon_out: fields[3] == "1", labels_left })
}

/// `ERRORS: 1 00000000 00000005`: the last group of each line.
fn health(text: &str) -> Option<LabelReply> {
    let group = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name))?;
        u32::from_str_radix(line.split_whitespace().nth(2)?, 16).ok()
    };
    Some(LabelReply::Health { errors: group("ERRORS:")?, warnings: group("WARNINGS:").unwrap_or(0) })
}

/// All that is known of a label printer on this connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelStatus {
    pub errors: Option<u32>,
    pub warnings: u32,
    /// Of the newest round of questions; `None`: not answered.
    pub buffer: Option<Buffer>,
    pub head: Option<Head>,
    pub dots_per_mm: Option<u32>,
    /// The outer `None`: not answered in this round. The inner: it does not count.
    pub odometer: Option<Option<u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer {
    pub paper_out: bool,
    pub paused: bool,
    pub formats: u32,
    pub partial: bool,
    pub hot: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub open: bool,
    pub ribbon_out: bool,
    pub labels_left: u32,
}

/// What a person must see to. In the order in which it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelTrouble {
    HeadOpen,
    PaperOut,
    RibbonOut,
    Jam,
    Cutter,
    HeadHot,
    Mark,
    Paused,
    Other,
}

impl LabelStatus {
    /// Forgets what is asked anew in every round.
    pub fn new_round(&mut self) {
        *self = LabelStatus { dots_per_mm: self.dots_per_mm, ..LabelStatus::default() };
    }

    pub fn apply(&mut self, reply: &LabelReply) {
        match *reply {
            LabelReply::Buffer { paper_out, paused, formats, partial, hot } => {
                self.buffer = Some(Buffer { paper_out, paused, formats, partial, hot });
            }
            LabelReply::Head { open, ribbon_out, labels_left } => self.head = Some(Head { open, ribbon_out, labels_left }),
            LabelReply::Health { errors, warnings } => (self.errors, self.warnings) = (Some(errors), warnings),
            LabelReply::DotsPerMm(dots) => self.dots_per_mm = Some(dots),
            LabelReply::Odometer(count) => self.odometer = Some(count),
            LabelReply::Noise => {}
        }
    }

    pub fn trouble(&self) -> Option<LabelTrouble> {
        let errors = self.errors.unwrap_or(0);
        let (buffer, head) = (self.buffer.as_ref(), self.head.as_ref());
        let has = |bits: u32| errors & bits != 0;
        if has(0x4) || head.is_some_and(|head| head.open) {
            return Some(LabelTrouble::HeadOpen);
        }
        if has(0x1) || buffer.is_some_and(|buffer| buffer.paper_out) {
            return Some(LabelTrouble::PaperOut);
        }
        if has(0x2) || head.is_some_and(|head| head.ribbon_out) {
            return Some(LabelTrouble::RibbonOut);
        }
        let rest = [
            (has(0x1000 | 0x4000 | 0x8000), LabelTrouble::Jam),
            (has(0x8), LabelTrouble::Cutter),
            (has(0x10) || buffer.is_some_and(|buffer| buffer.hot), LabelTrouble::HeadHot),
            (has(0x4_0000 | 0x8_0000), LabelTrouble::Mark),
            (has(0x1_0000) || buffer.is_some_and(|buffer| buffer.paused), LabelTrouble::Paused),
            (errors != 0, LabelTrouble::Other),
        ];
        rest.into_iter().find(|(is_so, _)| *is_so).map(|(_, trouble)| trouble)
    }

    pub fn is_heard(&self) -> bool {
        self.errors.is_some() || self.buffer.is_some() || self.head.is_some() || self.odometer.is_some()
    }

    /// Nothing waits in its memory and nothing is being printed.
    pub fn is_idle(&self) -> bool {
        self.buffer.is_some_and(|buffer| buffer.formats == 0 && !buffer.partial) && self.head.is_some_and(|head| head.labels_left == 0)
    }

    /// The end of the roll is near.
    pub fn is_paper_low(&self) -> bool {
        self.warnings & 0x8 != 0
    }
}

impl LabelTrouble {
    /// For the record.
    pub fn code(self) -> &'static str {
        match self {
            LabelTrouble::HeadOpen => "head_open",
            LabelTrouble::PaperOut => "paper_out",
            LabelTrouble::RibbonOut => "ribbon_out",
            LabelTrouble::Jam => "jam",
            LabelTrouble::Cutter => "cutter",
            LabelTrouble::HeadHot => "head_hot",
            LabelTrouble::Mark => "label_mark",
            LabelTrouble::Paused => "paused",
            LabelTrouble::Other => "fault",
        }
    }

    /// What to do.
    pub fn hint(self) -> &'static str {
        match self {
            LabelTrouble::HeadOpen => "The label printer's head is open: close it until it snaps in on both sides.",
            LabelTrouble::PaperOut => "No labels left: put in a new roll and close the printer. It goes on by itself.",
            LabelTrouble::RibbonOut => "The ribbon is used up: put in a new one.",
            LabelTrouble::Jam => "A label is jammed: open the printer, take it out, close it.",
            LabelTrouble::Cutter => "The cutter is blocked: switch the printer off and free it.",
            LabelTrouble::HeadHot => "The print head is hot: it goes on by itself when it has cooled.",
            LabelTrouble::Mark => "The gap between the labels is not found: check that the right roll is in, then calibrate.",
            LabelTrouble::Paused => "The label printer is paused: press its PAUSE key.",
            LabelTrouble::Other => "The label printer reports a fault: switch it off and on, then look at its lights.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> LabelStatus {
        let (mut parser, mut status) = (LabelReplyParser::default(), LabelStatus::default());
        // Byte by byte, as a slow line brings it.
        bytes.iter().flat_map(|byte| parser.push(&[*byte])).for_each(|reply| status.apply(&reply));
        status
    }

    #[test]
    fn a_printer_that_is_well() {
        let status =
            read(b"\x02030,0,0,0406,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n\"4711\"");
        assert_eq!((status.trouble(), status.is_idle(), status.odometer), (None, true, Some(Some(4711))));
        let status = read(b"\x02ZD421-300dpi,V93.21.15Z,12,8192KB\x03\r\n\"?\"");
        assert_eq!((status.dots_per_mm, status.odometer, status.is_idle()), (Some(12), Some(None), false));
    }

    #[test]
    fn every_trouble_has_its_name() {
        let said = |errors: &str| {
            read(
                format!(
                    "\x02\r\n  PRINTER STATUS\r\n   ERRORS:         1 00000000 {errors}\r\n   WARNINGS:       0 00000000 00000008\r\n\x03"
                )
                .as_bytes(),
            )
        };
        for (errors, trouble) in [
            ("00000000", None),
            ("00000001", Some("paper_out")),
            ("00000002", Some("ribbon_out")),
            ("00000005", Some("head_open")),
            ("00010001", Some("paper_out")),
            ("00001000", Some("jam")),
            ("00000008", Some("cutter")),
            ("00010000", Some("paused")),
            ("00080000", Some("label_mark")),
            ("00100000", Some("fault")),
        ] {
            assert_eq!(said(errors).trouble().map(LabelTrouble::code), trouble, "{errors}");
            assert!(said(errors).is_paper_low());
        }
        assert_eq!(read(b"\x02030,0,1,0406,000,0,0,0,000,0,0,0\x03").trouble(), Some(LabelTrouble::Paused));
    }

    #[test]
    fn nonsense_is_noise_and_ends() {
        let long = vec![b'x'; 10_000];
        let mut parser = LabelReplyParser::default();
        assert_eq!(parser.push(&[&[STX], long.as_slice()].concat()), [LabelReply::Noise]);
        assert_eq!(
            parser.push(b"\x02a,b\x03\x02,,,,,,,,,,,\x03\x02ERRORS: 1 2\x03"),
            [LabelReply::Noise, LabelReply::Noise, LabelReply::Noise]
        );
        assert_eq!(parser.push(b"\x02torn\x02Z,V,8,1KB\x03"), [LabelReply::DotsPerMm(8)]);
    }
}
