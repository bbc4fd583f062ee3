//! A label as one sees it: as dots of the head, and as a drawing for a page.

use std::fmt::Write;

use super::super::escpos::{Bitmap, GlyphSource};
use super::interpret::{LabelPicture, Part};
use super::{char_hundredths, text_dots};

/// Where the letters of a line stand on, in hundredths of its height.
const BASELINE: usize = 78;

/// Dot by dot; letters by `font`. A printer's own type looks a little different.
pub fn label_dots(label: &LabelPicture, font: &dyn GlyphSource) -> Bitmap {
    let mut canvas = Bitmap::new(label.width, label.height);
    for part in &label.parts {
        match part {
            Part::Fill { x, y, width, height } => {
                for (x, y) in (*y..y + height).flat_map(|y| (*x..x + width).map(move |x| (x, y))) {
                    canvas.set(x, y);
                }
            }
            Part::Bars { x, y, module, high, bars, .. } => canvas.stamp(bars, bars.len(), (*module, *high), (*x, *y)),
            Part::Dots { x, y, reverse, dots } => stamp(&mut canvas, dots, (*x, *y), *reverse),
            Part::Text { x, y, high, block, align, reverse, text } => {
                let mut pen = x + align.offset(text_dots(text, *high), *block);
                for c in text.chars() {
                    let cell = char_hundredths(c) * high / 100;
                    if let Some(glyph) = font.glyph(c, *high) {
                        // In the middle of its cell, as a proportional letter stands.
                        let left = pen + cell.saturating_sub(glyph.dots.width) / 2;
                        let top = y.saturating_add_signed(isize::try_from(glyph.top).unwrap_or(0));
                        stamp(&mut canvas, &glyph.dots, (left, top), *reverse);
                    }
                    pen += cell;
                }
            }
        }
    }
    canvas
}

/// `reverse`: where there is black already, white.
fn stamp(canvas: &mut Bitmap, dots: &Bitmap, (left, top): (usize, usize), reverse: bool) {
    for (x, y) in (0..dots.height).flat_map(|y| (0..dots.width).map(move |x| (x, y))).filter(|(x, y)| dots.get(*x, *y)) {
        let (x, y) = (left + x, top + y);
        if reverse && canvas.get(x, y) {
            canvas.clear(x, y);
        } else {
            canvas.set(x, y);
        }
    }
}

/// As a drawing that a browser shows, with its own letters set as wide as the printer's.
pub fn label_svg(label: &LabelPicture) -> String {
    let (width, height) = (label.width, label.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"'Arial Narrow','DejaVu Sans Condensed',sans-serif\" font-weight=\"700\">\n"
    );
    let _ = writeln!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>");
    for part in &label.parts {
        let _ = match part {
            Part::Fill { x, y, width, height } => writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"),
            Part::Bars { x, y, module, high, bars, data } => {
                let _ = writeln!(
                    out,
                    "<path data-code=\"{}\" d=\"{}\"/>",
                    plain(data),
                    path((*x, *y), (*module, *high), bars.len(), |x, _| bars[x])
                );
                Ok(())
            }
            Part::Dots { x, y, reverse, dots } => {
                let d: Vec<String> = (0..dots.height).map(|row| path((*x, y + row), (1, 1), dots.width, |x, _| dots.get(x, row))).collect();
                writeln!(out, "<path fill=\"{}\" d=\"{}\"/>", ink(*reverse), d.concat())
            }
            Part::Text { x, y, high, block, align, reverse, text } => {
                let wide = text_dots(text, *high);
                let (x, y) = (x + align.offset(wide, *block), y + high * BASELINE / 100);
                let fill = ink(*reverse);
                writeln!(
                    out,
                    "<text x=\"{x}\" y=\"{y}\" font-size=\"{high}\" textLength=\"{wide}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{fill}\">{}</text>",
                    plain(text)
                )
            }
        };
    }
    out.push_str("</svg>\n");
    out
}

fn ink(reverse: bool) -> &'static str {
    if reverse { "#fff" } else { "#000" }
}

/// One row of black and white as rectangles of a path.
fn path((x, y): (usize, usize), (wide, high): (usize, usize), count: usize, black: impl Fn(usize, usize) -> bool) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < count {
        let run = (at..count).take_while(|at| black(*at, 0)).count();
        if run > 0 {
            let _ = write!(out, "M{} {y}h{}v{high}h-{}z", x + at * wide, run * wide, run * wide);
        }
        at += run.max(1);
    }
    out
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
