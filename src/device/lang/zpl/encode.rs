//! A label as one ZPL format. Whatever a text holds, it stays text: every field is hex-escaped, and nothing but our own bytes is a command.

use std::fmt::Write;

use super::super::escpos::code128::{Symbols, symbols};
use super::super::escpos::{Bitmap, GlyphSource};
use super::super::transliterate::transliterate;
use super::profile::LabelProfile;
use super::text_dots;
use crate::document::label::{Area, Label, Mark};
use crate::document::{Align, char_width};

/// A label that cannot be printed on this printer's roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    #[error("the code does not fit onto the label with bars that scanners read: use wider labels")]
    CodeTooWide,
}

/// White space that a scanner needs on each side of a code, in modules.
const QUIET_MODULES: usize = 10;
/// Type is not made lower than this, in tenths of a millimetre: it is still read from an arm's length, and sixteen of the widest letters of an
/// order number fit into their area. What is longer still is cut.
const SHRUNK_TENTHS_MIN: u32 = 28;
/// Of a black area, this share of its height is letters, in per cent.
const INVERSE_PERCENT: usize = 70;

/// One label. Letters that neither the printer nor `font` has are written in others.
pub fn encode(label: &Label, profile: &LabelProfile, font: Option<&dyn GlyphSource>) -> Result<Vec<u8>, LabelError> {
    let (width, height) = (profile.dots(label.size.width), profile.dots(label.size.height));
    let mut out = format!("^XA^CI28^PW{width}^LL{height}^LH0,0\n");
    for mark in &label.marks {
        match mark {
            Mark::Text { area, text, align, inverse } => {
                let line =
                    Line { area: Dots::of(*area, profile), least: profile.dots(SHRUNK_TENTHS_MIN), align: *align, inverse: *inverse };
                line.write(text.as_str(), font, &mut out);
            }
            Mark::Code128 { area, code } => bar_code(Dots::of(*area, profile), code.as_str(), profile, &mut out)?,
        }
    }
    out.push_str("^PQ1^XZ\n");
    Ok(out.into_bytes())
}

/// An area in the printer's dots.
#[derive(Debug, Clone, Copy)]
struct Dots {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Dots {
    fn of(area: Area, profile: &LabelProfile) -> Dots {
        let [x, y, width, height] = [area.x, area.y, area.width, area.height].map(|tenths| profile.dots(tenths));
        Dots { x, y, width, height }
    }
}

struct Line {
    area: Dots,
    /// The lowest that its type may be, in dots.
    least: usize,
    align: Align,
    inverse: bool,
}

impl Line {
    fn write(&self, text: &str, font: Option<&dyn GlyphSource>, out: &mut String) {
        let Dots { x, y, width, height } = self.area;
        let high = if self.inverse { height * INVERSE_PERCENT / 100 } else { height };
        if self.inverse {
            let _ = writeln!(out, "^FO{x},{y}^GB{width},{height},{height}^FS");
        }
        let foreign = |font: &&dyn GlyphSource| text.chars().any(|c| !has(c)) && text.chars().all(|c| has(c) || font.covers(c));
        if let Some(font) = font.filter(foreign) {
            return picture(&self.drawn(text, high, font), self.area, self.align, self.inverse, out);
        }
        let (text, high) = fitted(&latin(text), width, high, self.least);
        let top = y + (height - high) / 2;
        let (justify, reverse) = (justify(self.align), if self.inverse { "^FR" } else { "" });
        let _ = writeln!(out, "^FO{x},{top}{reverse}^A0N,{high},{high}^FB{width},1,0,{justify}^FH_^FD{}^FS", escaped(&text));
    }

    /// In the letters of a font, no wider than the area.
    fn drawn(&self, text: &str, high: usize, font: &dyn GlyphSource) -> Bitmap {
        let columns = |text: &str| text.chars().map(char_width).sum::<usize>();
        let mut high = high;
        while high * columns(text) / 2 > self.area.width && high > self.least {
            high -= 1;
        }
        let cell = high.div_ceil(2);
        let mut picture = Bitmap::new((cell * columns(text)).min(self.area.width), high);
        let (mut pen, mut base) = (0, 0);
        for c in text.chars() {
            if char_width(c) > 0 {
                base = pen;
                pen += char_width(c) * cell;
            }
            if let Some(glyph) = font.glyph(c, high) {
                picture.draw(&glyph, base, 0, (1, 1), false);
            }
        }
        picture
    }
}

fn justify(align: Align) -> char {
    match align {
        Align::Left => 'L',
        Align::Centre => 'C',
        Align::Right => 'R',
    }
}

/// Whether the printer's own font has it: Latin letters of Europe.
fn has(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a1}'..='\u{17f}' | '€')
}

fn latin(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match has(c) {
            true => out.push(c),
            false => out.push_str(transliterate(c).unwrap_or("?")),
        }
    }
    out
}

/// The text and how high it is set so that it is no wider than `width`: smaller first, then cut.
fn fitted(text: &str, width: usize, height: usize, least: usize) -> (String, usize) {
    let mut high = height;
    while text_dots(text, high) > width && high > least {
        high -= 1;
    }
    let mut text = text.to_owned();
    if text_dots(&text, high) > width {
        while !text.is_empty() && text_dots(&text, high) + text_dots("...", high) > width {
            text.pop();
        }
        text.push_str("...");
    }
    (text, high)
}

/// A field's data: bytes that could be a command, the escape sign itself and all beyond ASCII as `_hh`; a backslash means something in a text block
/// and is doubled.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'\\' => out.push_str("_5C_5C"),
            b'^' | b'~' | b'_' | 0x00..0x20 | 0x7f.. => {
                let _ = write!(out, "_{byte:02X}");
            }
            _ => out.push(char::from(byte)),
        }
    }
    out
}

fn picture(dots: &Bitmap, area: Dots, align: Align, inverse: bool, out: &mut String) {
    let (x, y) = (area.x + align.offset(dots.width, area.width), area.y + area.height.saturating_sub(dots.height) / 2);
    let (per_row, reverse) = (dots.bytes_per_row(), if inverse { "^FR" } else { "" });
    let _ = write!(out, "^FO{x},{y}{reverse}^GFA,{0},{0},{per_row},", dots.bits.len());
    dots.bits.iter().for_each(|byte| {
        let _ = write!(out, "{byte:02X}");
    });
    out.push_str("^FS\n");
}

/// With the widest bars that fit, in the middle of its area.
fn bar_code(area: Dots, code: &str, profile: &LabelProfile, out: &mut String) -> Result<(), LabelError> {
    let Symbols { modules, set_b_count, .. } = symbols(code);
    let fits = |module: &usize| (modules + 2 * QUIET_MODULES) * module <= area.width;
    let module = profile.modules().find(fits).ok_or(LabelError::CodeTooWide)?;
    let x = area.x + (area.width - modules * module) / 2;
    // A code is letters and digits: `>` begins what is said of the sets.
    let (head, tail) = code.split_at(set_b_count);
    let data = match (head.is_empty(), tail.is_empty()) {
        (false, true) => format!(">:{head}"),
        (true, _) => format!(">;{tail}"),
        (false, false) => format!(">:{head}>5{tail}"),
    };
    let Dots { y, height, .. } = area;
    let _ = writeln!(out, "^FO{x},{y}^BY{module},3.0,{height}^BCN,{height},N,N,N,N^FH_^FD{}^FS", escaped(&data));
    Ok(())
}
