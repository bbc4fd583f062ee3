//! Pictures made of dots: lines in scripts the printer has no glyphs for, and codes for printers that cannot draw them.

use crate::document::{Size, Style, TextRow, char_width, text_width};

/// Black and white dots, row by row, eight to a byte, the leftmost in the highest bit; 1 is black.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    pub width: usize,
    pub height: usize,
    pub bits: Vec<u8>,
}

impl Bitmap {
    pub fn new(width: usize, height: usize) -> Bitmap {
        Bitmap { width, height, bits: vec![0; width.div_ceil(8) * height] }
    }
    pub fn bytes_per_row(&self) -> usize {
        self.width.div_ceil(8)
    }
    /// Outside of the picture nothing is black.
    pub fn get(&self, x: usize, y: usize) -> bool {
        x < self.width && y < self.height && self.bits[y * self.bytes_per_row() + x / 8] & (0x80 >> (x % 8)) != 0
    }
    /// Dots outside of the picture are dropped.
    pub fn set(&mut self, x: usize, y: usize) {
        if x < self.width && y < self.height {
            let per_row = self.bytes_per_row();
            self.bits[y * per_row + x / 8] |= 0x80 >> (x % 8);
        }
    }
    /// White again.
    pub(in crate::device::lang) fn clear(&mut self, x: usize, y: usize) {
        if x < self.width && y < self.height {
            let per_row = self.bytes_per_row();
            self.bits[y * per_row + x / 8] &= !(0x80 >> (x % 8));
        }
    }
    /// Draws a glyph into the cell at `left`, `top`, each of its dots `stretch` dots wide and high; emphasis is one dot more to the right.
    pub(in crate::device::lang) fn draw(&mut self, glyph: &Glyph, left: usize, top: usize, stretch: (usize, usize), emphasis: bool) {
        let shift = |at: usize, offset: i32| at.checked_add_signed(isize::try_from(offset).ok()?);
        for (x, y) in
            (0..glyph.dots.height).flat_map(|y| (0..glyph.dots.width).map(move |x| (x, y))).filter(|(x, y)| glyph.dots.get(*x, *y))
        {
            // A combining mark may start left of its cell, but not left of the paper.
            let (Some(x), Some(y)) = (shift(left / stretch.0 + x, glyph.left), shift(y, glyph.top)) else { continue };
            self.block(x * stretch.0 + left % stretch.0, top + y * stretch.1, stretch.0 + usize::from(emphasis), stretch.1);
        }
    }
    /// Draws the modules of a code, `width` to a row, each `scale` dots wide and high.
    pub(in crate::device::lang) fn stamp(&mut self, modules: &[bool], width: usize, scale: (usize, usize), (left, top): (usize, usize)) {
        for (index, _) in modules.iter().enumerate().filter(|(_, black)| **black) {
            self.block(left + index % width * scale.0, top + index / width * scale.1, scale.0, scale.1);
        }
    }
    fn block(&mut self, left: usize, top: usize, wide: usize, high: usize) {
        for (x, y) in (top..top + high).flat_map(|y| (left..left + wide).map(move |x| (x, y))) {
            self.set(x, y);
        }
    }
}

/// One character as dots, placed from the left and upper edge of its cell. Marks that combine may start left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glyph {
    pub left: i32,
    pub top: i32,
    pub dots: Bitmap,
}

/// A font as the encoder sees it. Implemented over a font file by `device::font`; the tests draw boxes.
pub trait GlyphSource: Send + Sync {
    fn covers(&self, c: char) -> bool;
    /// The character in a cell `cell_height` dots high; `None` when the font lacks it. White space is an empty glyph.
    fn glyph(&self, c: char, cell_height: usize) -> Option<Glyph>;
}

/// Height of a line of normal type with its spacing, in dots: the default of nearly all printers.
pub(super) const LINE_DOTS: usize = 30;
/// Height of the type itself, font A.
const CELL_DOTS: usize = 24;

/// Data of one raster command. Less than the zeros that [`super::commands::wake`] sends, so that they complete a command cut off anywhere.
const SLICE_BYTES_MAX: usize = 7 * 1024;

/// A row of text as a picture of the paper's whole width, on the same grid of columns as the printer's own type.
pub(super) fn draw_row(row: &TextRow, dots: usize, columns: usize, font: &dyn GlyphSource) -> Bitmap {
    let (stretch_x, stretch_y) = stretch(row.style.size);
    let cell = dots / columns;
    let text = row.text.as_str();
    let indent = row.align.offset(text_width(text), columns / stretch_x);
    let mut picture = Bitmap::new(dots, line_dots(row.style).max(CELL_DOTS * stretch_y));
    let mut pen = indent * cell * stretch_x;
    let mut base = pen;
    for c in text.chars() {
        let columns_wide = char_width(c);
        if columns_wide > 0 {
            base = pen;
            pen += columns_wide * cell * stretch_x;
        }
        let Some(glyph) = font.glyph(c, CELL_DOTS) else { continue };
        picture.draw(&glyph, base, 0, (stretch_x, stretch_y), row.style.emphasis);
    }
    picture
}

/// `GS v 0` in slices of at most `rows_max` rows, each a whole command. A byte 10h that the next one would turn into a real-time command gets one
/// more black dot: some printers execute such bytes even inside a picture, and nobody sees an eighth of a millimetre.
pub(super) fn slices(picture: &Bitmap, rows_max: u8, out: &mut Vec<u8>) {
    let per_row = picture.bytes_per_row();
    let width = u16::try_from(per_row).expect("a paper is at most 1024 dots wide").to_le_bytes();
    let rows_in_slice = usize::from(rows_max).min(SLICE_BYTES_MAX / per_row.max(1)).max(1);
    for rows in picture.bits.chunks((per_row * rows_in_slice).max(1)) {
        let height = u16::try_from(rows.len() / per_row).expect("a slice has at most 255 rows").to_le_bytes();
        out.extend([0x1d, 0x76, 0x30, 0x00, width[0], width[1], height[0], height[1]]);
        let start = out.len();
        out.extend(rows);
        for at in start..out.len() - 1 {
            if out[at] == 0x10 && matches!(out[at + 1], 0x04 | 0x05 | 0x14) {
                out[at] |= 0x20;
            }
        }
    }
}

/// Modules of a code as a picture `scale` dots to a module, centred on the paper.
pub(super) fn draw_modules(modules: &[bool], columns: usize, scale_x: usize, scale_y: usize, dots: usize) -> Bitmap {
    let rows = modules.len() / columns;
    let left = dots.saturating_sub(columns * scale_x) / 2;
    let mut picture = Bitmap::new(dots, rows * scale_y);
    picture.stamp(modules, columns, (scale_x, scale_y), (left, 0));
    picture
}

/// Width and height of a size in cells.
pub(super) const fn stretch(size: Size) -> (usize, usize) {
    match size {
        Size::Normal | Size::Small => (1, 1),
        Size::Tall => (1, 2),
        Size::Large => (2, 2),
    }
}

/// Rows of dots that a line of text in this style takes.
pub(super) const fn line_dots(style: Style) -> usize {
    match style.size {
        Size::Normal | Size::Small => LINE_DOTS,
        Size::Tall | Size::Large => 2 * CELL_DOTS,
    }
}
