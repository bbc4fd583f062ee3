//! The paper as it comes out of a printer: ops folded into rows. What a real printer would not print is not here either (a bar code behind
//! text in the same line, or one wider than the paper, which only feeds).

use super::code128;
use super::interpret::{PaperOp, Symbology};
use super::profile::PrinterProfile;
use super::raster::{Bitmap, LINE_DOTS};
use crate::document::Align;

/// A roll of paper, from the top.
#[derive(Debug, Clone)]
pub struct Paper {
    /// Printable dots across.
    pub dots: usize,
    pub dpi: usize,
    /// Characters of normal type in a line.
    pub columns: usize,
    columns_small: usize,
    pub rows: Vec<PaperRow>,
    modes: Modes,
    line: Vec<Span>,
    line_dots: usize,
}

/// Rows kept; the oldest go first.
pub const PAPER_ROWS_MAX: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaperRow {
    /// A line of type; without spans it is blank.
    Text {
        spans: Vec<Span>,
        align: Align,
        dots_high: usize,
    },
    /// `bars` is `None` when a printer could not draw it: paper is fed, nothing is seen.
    Barcode {
        symbology: Symbology,
        data: String,
        bars: Option<Vec<bool>>,
        module_dots: usize,
        dots_high: usize,
        align: Align,
        /// The text stands below.
        readable: bool,
    },
    Qr {
        data: String,
        /// Row by row, `width` to a row.
        modules: Vec<bool>,
        width: usize,
        module_dots: usize,
        align: Align,
    },
    Picture {
        dots: Bitmap,
        align: Align,
    },
    Feed {
        dots: usize,
    },
    Cut {
        partial: bool,
    },
}

/// Characters in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    pub style: SpanStyle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanStyle {
    pub emphasis: bool,
    pub underline: bool,
    pub reverse: bool,
    pub small: bool,
    /// Times normal, 1 to 8.
    pub width: u8,
    pub height: u8,
}

#[derive(Debug, Clone, Copy)]
struct Modes {
    style: SpanStyle,
    align: Align,
    line_spacing: usize,
    barcode_dots_high: usize,
    barcode_module: usize,
    barcode_text: bool,
    qr_module: usize,
}

/// As after `ESC @`.
const MODES_AT_START: Modes = Modes {
    style: SpanStyle { emphasis: false, underline: false, reverse: false, small: false, width: 1, height: 1 },
    align: Align::Left,
    line_spacing: LINE_DOTS,
    barcode_dots_high: 162,
    barcode_module: 3,
    barcode_text: false,
    qr_module: 3,
};

impl Paper {
    pub fn new(profile: &PrinterProfile) -> Paper {
        Paper {
            dots: usize::from(profile.dots),
            dpi: usize::from(profile.dpi),
            columns: usize::from(profile.columns_a),
            columns_small: usize::from(profile.columns_b),
            rows: Vec::new(),
            modes: MODES_AT_START,
            line: Vec::new(),
            line_dots: 0,
        }
    }

    pub fn apply(&mut self, op: &PaperOp) {
        match op {
            PaperOp::Initialise => {
                self.modes = MODES_AT_START;
                self.line.clear();
                self.line_dots = 0;
            }
            PaperOp::Text(text) => self.type_text(text),
            PaperOp::LineFeed => self.line_feed(),
            PaperOp::FeedLines(count) => {
                if *count == 0 && !self.line.is_empty() {
                    self.line_feed();
                }
                (0..*count).for_each(|_| self.line_feed());
            }
            PaperOp::FeedDots(dots) => {
                if !self.line.is_empty() {
                    self.line_feed();
                }
                self.add(PaperRow::Feed { dots: usize::from(*dots) });
            }
            PaperOp::LineSpacing(dots) => self.modes.line_spacing = dots.map_or(LINE_DOTS, usize::from),
            // Takes effect at the start of a line only.
            PaperOp::Align(align) if self.line.is_empty() => self.modes.align = *align,
            PaperOp::Align(_) => {}
            PaperOp::Emphasis(on) => self.modes.style.emphasis = *on,
            PaperOp::Underline(on) => self.modes.style.underline = *on,
            PaperOp::Reverse(on) => self.modes.style.reverse = *on,
            PaperOp::SmallFont(on) => self.modes.style.small = *on,
            PaperOp::Size { width, height } => {
                self.modes.style.width = *width;
                self.modes.style.height = *height;
            }
            PaperOp::BarcodeHeight(dots) => self.modes.barcode_dots_high = usize::from(*dots),
            PaperOp::BarcodeModule(dots) => self.modes.barcode_module = usize::from(*dots),
            PaperOp::BarcodeText(place) => self.modes.barcode_text = place & 3 != 0,
            PaperOp::Barcode { symbology, data } => self.barcode(*symbology, data),
            PaperOp::QrModule(dots) => self.modes.qr_module = usize::from(*dots),
            PaperOp::Qr(data) => self.qr(data),
            PaperOp::Raster(dots) => {
                if self.line.is_empty() {
                    self.add(PaperRow::Picture { dots: dots.clone(), align: self.modes.align });
                }
            }
            PaperOp::Cut { partial } => {
                if !self.line.is_empty() {
                    self.line_feed();
                }
                self.add(PaperRow::Cut { partial: *partial });
            }
            PaperOp::CodePage(_)
            | PaperOp::DrawerPulse { .. }
            | PaperOp::Beep
            | PaperOp::StatusQuery(_)
            | PaperOp::Identify(_)
            | PaperOp::AsbEnable(_)
            | PaperOp::ProcessId(_)
            | PaperOp::RealTime(_)
            | PaperOp::Ignored(_)
            | PaperOp::Unknown(_) => {}
        }
    }

    /// Takes the whole papers that were cut off out of the printer, oldest first; what hangs in it stays.
    pub fn take_cut_off(&mut self) -> Vec<Vec<PaperRow>> {
        let mut papers = Vec::new();
        while let Some(cut) = self.rows.iter().position(|row| matches!(row, PaperRow::Cut { .. })) {
            papers.push(self.rows.drain(..=cut).collect());
        }
        papers
    }

    /// Dots across that one character takes.
    pub fn cell_dots(&self, style: SpanStyle) -> usize {
        let columns = if style.small { self.columns_small } else { self.columns };
        self.dots / columns * usize::from(style.width)
    }

    /// Dots across that a line's letters take.
    pub fn spans_dots(&self, spans: &[Span]) -> usize {
        spans.iter().map(|span| self.cell_dots(span.style) * span.text.chars().count()).sum()
    }

    fn type_text(&mut self, text: &str) {
        let style = self.modes.style;
        let cell = self.cell_dots(style);
        for c in text.chars() {
            if self.line_dots + cell > self.dots {
                self.line_feed();
            }
            self.line_dots += cell;
            match self.line.last_mut() {
                Some(span) if span.style == style => span.text.push(c),
                Some(_) | None => self.line.push(Span { text: c.to_string(), style }),
            }
        }
    }

    fn line_feed(&mut self) {
        let tallest = self.line.iter().map(|span| usize::from(span.style.height) * 24).max().unwrap_or(0);
        let spans = std::mem::take(&mut self.line);
        self.line_dots = 0;
        let dots_high = tallest.max(self.modes.line_spacing);
        self.add(PaperRow::Text { spans, align: self.modes.align, dots_high });
    }

    fn barcode(&mut self, symbology: Symbology, data: &str) {
        if !self.line.is_empty() {
            return;
        }
        let module_dots = self.modes.barcode_module;
        let bars = bars(symbology, data).filter(|bars| bars.len() * module_dots <= self.dots);
        self.add(PaperRow::Barcode {
            symbology,
            data: data.to_owned(),
            bars,
            module_dots,
            dots_high: self.modes.barcode_dots_high,
            align: self.modes.align,
            readable: self.modes.barcode_text,
        });
    }

    fn qr(&mut self, data: &str) {
        if let (true, Some((modules, width))) = (self.line.is_empty(), qr_modules(data)) {
            self.add(PaperRow::Qr { data: data.to_owned(), modules, width, module_dots: self.modes.qr_module, align: self.modes.align });
        }
    }

    fn add(&mut self, row: PaperRow) {
        if self.rows.len() == PAPER_ROWS_MAX {
            self.rows.drain(..PAPER_ROWS_MAX / 2);
        }
        self.rows.push(row);
    }
}

/// From the last line to the knife.
pub(super) const CUT_DOTS: usize = 60;

impl PaperRow {
    /// Dots of paper the row takes.
    pub fn dots_high(&self) -> usize {
        match self {
            PaperRow::Text { dots_high, .. } => *dots_high,
            PaperRow::Barcode { dots_high, readable, .. } => dots_high + if *readable { 30 } else { 6 },
            PaperRow::Qr { modules, width, module_dots, .. } => modules.len() / width * module_dots + 6,
            PaperRow::Picture { dots, .. } => dots.height,
            PaperRow::Feed { dots } => *dots,
            PaperRow::Cut { .. } => CUT_DOTS,
        }
    }
}

/// Bars and spaces of a symbol; `None` when the data does not suit the symbology, or when we cannot draw it.
fn bars(symbology: Symbology, data: &str) -> Option<Vec<bool>> {
    use barcoders::sym::{codabar::Codabar, code39::Code39, code93::Code93, ean8::EAN8, ean13::EAN13, tf::TF};
    let drawn = match symbology {
        Symbology::Code128 => return code128::bars(data),
        Symbology::UpcA => EAN13::new(format!("0{data}")).ok()?.encode(),
        Symbology::Ean13 => EAN13::new(data).ok()?.encode(),
        Symbology::Ean8 => EAN8::new(data).ok()?.encode(),
        Symbology::Code39 => Code39::new(data).ok()?.encode(),
        Symbology::Code93 => Code93::new(data).ok()?.encode(),
        Symbology::Itf => TF::interleaved(data).ok()?.encode(),
        Symbology::Codabar => Codabar::new(data).ok()?.encode(),
        Symbology::UpcE | Symbology::Gs1_128 | Symbology::DataBar => return None,
    };
    Some(drawn.into_iter().map(|bar| bar == 1).collect())
}

/// Modules of a QR code with error correction M, row by row, and how many there are in a row.
pub(super) fn qr_modules(data: &str) -> Option<(Vec<bool>, usize)> {
    let code = qrcode::QrCode::with_error_correction_level(data, qrcode::EcLevel::M).ok()?;
    Some((code.to_colors().into_iter().map(|colour| colour == qrcode::Color::Dark).collect(), code.width()))
}
