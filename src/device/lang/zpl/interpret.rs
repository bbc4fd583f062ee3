//! What a printer makes of ZPL: the part of the language that we write, and the commands that it obeys at once. For the simulator and the tests.

use super::super::escpos::Bitmap;
use super::super::escpos::code128::bars_of;
use crate::document::Align;

/// Bytes of a format that is not at its end yet; what is longer is dropped.
const FORMAT_BYTES_MAX: usize = 1 << 20;
const GET_VAR: &[u8] = b"! U1 getvar \"";

/// Commands that a printer obeys the moment they arrive, wherever they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Immediate {
    /// `~HS`
    HostStatus,
    /// `~HQES`
    Health,
    /// `~HI`
    Identify,
    /// `~JX`: the format that has begun and is not whole is dropped.
    DropPartial,
    /// `~PS`, `~PP`
    Pause(bool),
}

/// What it heard, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A whole format.
    Label(Box<LabelPicture>),
    /// The value of a variable is asked for.
    Variable(String),
}

/// One label as the head burns it, before it is dots. Places are in dots of the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelPicture {
    pub width: usize,
    pub height: usize,
    /// How often it is printed.
    pub quantity: u32,
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// One line of type in a block `block` dots wide.
    Text {
        x: usize,
        y: usize,
        high: usize,
        block: usize,
        align: Align,
        reverse: bool,
        text: String,
    },
    /// A black area.
    Fill {
        x: usize,
        y: usize,
        width: usize,
        height: usize,
    },
    Bars {
        x: usize,
        y: usize,
        module: usize,
        high: usize,
        bars: Vec<bool>,
        data: String,
    },
    Dots {
        x: usize,
        y: usize,
        reverse: bool,
        dots: Bitmap,
    },
}

/// Cuts what comes in into formats and questions.
#[derive(Debug)]
pub struct Interpreter {
    pending: Vec<u8>,
    /// Of the label under the head.
    width: usize,
    height: usize,
    tilde: Option<Vec<u8>>,
}

impl Interpreter {
    /// `width`, `height`: of the labels on the roll, in dots of this head.
    pub fn new(width: usize, height: usize) -> Interpreter {
        Interpreter { pending: Vec::new(), width, height, tilde: None }
    }

    /// What it obeys at once, and what stands in its order.
    pub fn push(&mut self, bytes: &[u8]) -> (Vec<Immediate>, Vec<Heard>) {
        let mut at_once = Vec::new();
        for &byte in bytes {
            match &mut self.tilde {
                None if byte == b'~' => self.tilde = Some(Vec::new()),
                None => self.pending.push(byte),
                Some(name) => {
                    name.push(byte.to_ascii_uppercase());
                    if name.len() == 2 && name != b"HQ" || name.len() == 4 {
                        let command = immediate(name);
                        self.tilde = None;
                        if command == Some(Immediate::DropPartial) {
                            self.pending.clear();
                        }
                        at_once.extend(command);
                    }
                }
            }
        }
        let mut heard = Vec::new();
        while let Some(next) = self.next() {
            heard.extend(next);
        }
        if self.pending.len() > FORMAT_BYTES_MAX {
            self.pending.clear();
        }
        (at_once, heard)
    }

    /// A format has begun.
    pub fn is_partial(&self) -> bool {
        find(&self.pending, b"^XA").is_some()
    }

    /// Off and on.
    pub fn forget(&mut self) {
        self.pending.clear();
        self.tilde = None;
    }

    /// One step; `None` when more bytes are needed.
    fn next(&mut self) -> Option<Option<Heard>> {
        match (find(&self.pending, b"^XA"), find(&self.pending, GET_VAR)) {
            (format, Some(question)) if format.is_none_or(|format| question < format) => {
                let name = question + GET_VAR.len();
                let end = name + find(&self.pending[name..], b"\"")?;
                let asked = String::from_utf8_lossy(&self.pending[name..end]).into_owned();
                self.pending.drain(..=end);
                Some(Some(Heard::Variable(asked)))
            }
            (Some(start), _) => {
                let end = start + find(&self.pending[start..], b"^XZ")?;
                let format = self.pending[start + 3..end].to_vec();
                self.pending.drain(..end + 3);
                Some(Some(Heard::Label(Box::new(picture(&format, self.width, self.height)))))
            }
            (None, _) => None,
        }
    }
}

fn immediate(name: &[u8]) -> Option<Immediate> {
    Some(match name {
        b"HS" => Immediate::HostStatus,
        b"HQES" => Immediate::Health,
        b"HI" => Immediate::Identify,
        b"JX" => Immediate::DropPartial,
        b"PP" => Immediate::Pause(true),
        b"PS" => Immediate::Pause(false),
        _ => return None,
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// What a field is made of until its `^FS`.
#[derive(Default)]
struct Field {
    at: (usize, usize),
    high: Option<usize>,
    block: Option<(usize, Align)>,
    reverse: bool,
    escape: Option<u8>,
    code128: Option<usize>,
    data: Option<Vec<u8>>,
}

fn picture(format: &[u8], width: usize, height: usize) -> LabelPicture {
    let mut label = LabelPicture { width, height, quantity: 1, parts: Vec::new() };
    let (mut module, mut field) = (2, Field::default());
    for command in format.split(|byte| *byte == b'^') {
        // Line ends between fields are ours, for people.
        let (name, rest) = command.split_at(command.len().min(2));
        let text = String::from_utf8_lossy(rest).into_owned();
        let numbers: Vec<usize> = text.split(',').map(|number| number.trim().parse().unwrap_or(0)).collect();
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        match name {
            b"FO" => field = Field { at: (number(0), number(1)), ..Field::default() },
            // "0N,high,wide" behind the A.
            b"A0" => field.high = Some(number(1)),
            b"FB" => field.block = Some((number(0), align(&text))),
            b"FR" => field.reverse = true,
            b"FH" => field.escape = Some(rest.first().copied().unwrap_or(b'_')),
            b"BY" => module = number(0).clamp(1, 10),
            b"BC" => field.code128 = Some(number(1)),
            b"GB" => label.parts.push(Part::Fill { x: field.at.0, y: field.at.1, width: number(0), height: number(1) }),
            b"GF" => label.parts.extend(graphic(&text, &field)),
            b"FD" => field.data = Some(unescaped(rest, field.escape)),
            b"FS" => label.parts.extend(std::mem::take(&mut field).part(module)),
            b"PQ" => label.quantity = u32::try_from(number(0)).unwrap_or(1).clamp(1, 99),
            _ => {}
        }
    }
    label
}

impl Field {
    fn part(self, module: usize) -> Option<Part> {
        let (x, y) = self.at;
        let data = String::from_utf8_lossy(&self.data?).into_owned();
        if let Some(high) = self.code128 {
            let (head, tail) = code128_sets(&data)?;
            let bars = bars_of(&head, &tail)?;
            return Some(Part::Bars { x, y, module, high, bars, data: [head, tail].concat() });
        }
        let (block, align) = self.block.unwrap_or_default();
        let text = if self.block.is_some() { data.replace("\\\\", "\\") } else { data };
        Some(Part::Text { x, y, high: self.high?, block, align, reverse: self.reverse, text })
    }
}

fn align(block: &str) -> Align {
    match block.split(',').nth(3).and_then(|justify| justify.trim().chars().next()) {
        Some('C') => Align::Centre,
        Some('R') => Align::Right,
        _ => Align::Left,
    }
}

/// `>:` begins in set B, `>;` in set C, `>5` goes from B to C. Nothing else is ours.
fn code128_sets(data: &str) -> Option<(String, String)> {
    if let Some(digits) = data.strip_prefix(">;") {
        return Some((String::new(), digits.to_owned()));
    }
    let rest = data.strip_prefix(">:")?;
    let (head, tail) = rest.split_once(">5").unwrap_or((rest, ""));
    (!head.contains('>') && !tail.contains('>')).then(|| (head.to_owned(), tail.to_owned()))
}

fn graphic(text: &str, field: &Field) -> Option<Part> {
    let mut parts = text.strip_prefix("A,")?.splitn(4, ',');
    let per_row = parts.nth(2)?.parse::<usize>().ok().filter(|bytes| *bytes > 0)?;
    let digits = parts.next()?.as_bytes();
    let pairs = digits.chunks_exact(2).map_while(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bits: Vec<u8> = pairs.collect();
    let dots = Bitmap { width: per_row * 8, height: bits.len() / per_row, bits };
    Some(Part::Dots { x: field.at.0, y: field.at.1, reverse: field.reverse, dots })
}

fn unescaped(data: &[u8], escape: Option<u8>) -> Vec<u8> {
    let Some(escape) = escape else { return data.to_vec() };
    let (mut out, mut at) = (Vec::new(), 0);
    while at < data.len() {
        let hex = (data[at] == escape).then(|| data.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(data[at]);
                at += 1;
            }
        }
    }
    out
}
