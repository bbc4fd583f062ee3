//! A document to the bytes of one job: initialise, drawer, body, cut, fence. Nothing that stands in a text can become a command: texts hold
//! no control characters by their type, and every byte of a text written here is 20h to 7Eh or from 80h up.

use std::cell::RefCell;
use std::rc::Rc;

use escpos::driver::Driver;
use escpos::printer::Printer;
use escpos::utils::{Font, JustifyMode, Protocol, QRCodeCorrectionLevel, QRCodeModel, QRCodeOption};

use super::commands::{ASB_ON, ProcessId, StatusQuery, drawer_pulse};
use super::profile::{BarcodeKind, CodePageEntry, CutKind, FenceKind, PrinterProfile, QrKind, RasterKind};
use super::raster::{Bitmap, GlyphSource, LINE_DOTS, draw_modules, draw_row, line_dots, slices};
use super::{code128, raster};
use crate::device::lang::transliterate;
use crate::document::{Align, Code128, Document, Printable, QrData, Row, Size, Style, TextRow, layout};

/// What a job asks for besides its document.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Open the stream with a drawer pulse. On repeat the drawer opens again: encode with it once.
    pub kick: bool,
    /// Ask the printer for proof behind the last byte.
    pub fence: Option<ProcessId>,
    /// Draws what the printer has no glyphs for. Without it such letters are transliterated.
    pub font: Option<&'a dyn GlyphSource>,
}

/// One job's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub bytes: Vec<u8>,
    /// Rows of dots the paper will be long, for an estimate of the time: [`PrinterProfile::print_ms`].
    pub dots_high: u32,
    /// Characters that stand on the paper as something else (a transliteration or "?"), each once. For the log.
    pub transliterated: Vec<char>,
    /// What to wait for.
    pub fence: FenceSent,
}

/// What stands behind the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FenceSent {
    /// This id proves that all of it was printed.
    ProcessId(ProcessId),
    /// The answer to this queued question proves that all of it was processed.
    Status(StatusQuery),
    /// Nothing can prove anything.
    None,
}

pub fn encode(document: &Document, profile: &PrinterProfile, options: Options<'_>) -> Encoded {
    let (shown, transliterated) = as_shown(document, profile, options.font);
    let mut job = Job::new(profile, drawing_font(profile, options.font));
    job.open(options.kick);
    for row in layout(&shown, profile.columns()) {
        job.row(&row);
    }
    job.close(options.fence, transliterated)
}

/// The document as this printer can show it: what neither a code page nor the font has stands in other letters. Laid out only after that,
/// because "ß" takes one column and "ss" two. With it the characters that were changed, each once.
pub fn as_shown(document: &Document, profile: &PrinterProfile, font: Option<&dyn GlyphSource>) -> (Document, Vec<char>) {
    let font = drawing_font(profile, font);
    let can_show = |c: char| c.is_ascii() || profile.page_for(c).is_some() || font.is_some_and(|font| font.covers(c));
    let mut changed = Vec::new();
    let shown = document.map_text(|text| {
        if text.as_str().is_ascii() {
            return text.clone();
        }
        let mut out = String::with_capacity(text.as_str().len());
        for word in text.as_str().split_inclusive(' ') {
            show_word(word, &can_show, &mut out, &mut changed);
        }
        Printable::new(&out)
    });
    (shown, changed)
}

/// One word. When a letter of a foreign script is missing, all foreign letters of the word change: code page 437 has a handful of Greek ones, and
/// half a word in each script reads as neither.
fn show_word(word: &str, can_show: &dyn Fn(char) -> bool, out: &mut String, changed: &mut Vec<char>) {
    let foreign = |c: char| c >= '\u{370}' && c.is_alphabetic();
    let mixed = word.chars().any(|c| foreign(c) && !can_show(c));
    for c in word.chars() {
        let replacement = match (can_show(c), mixed && foreign(c)) {
            (true, false) => None,
            (true, true) => transliterate(c),
            (false, _) => Some(transliterate(c).unwrap_or("?")),
        };
        match replacement {
            None => out.push(c),
            Some(text) => {
                out.push_str(text);
                if !changed.contains(&c) {
                    changed.push(c);
                }
            }
        }
    }
}

fn drawing_font<'a>(profile: &PrinterProfile, font: Option<&'a dyn GlyphSource>) -> Option<&'a dyn GlyphSource> {
    match profile.capability.raster.is {
        RasterKind::GsV0 => font,
        RasterKind::None => None,
    }
}

/// A job under construction: what the printer's modes are, so that only changes are sent.
pub(super) struct Job<'a> {
    profile: &'a PrinterProfile,
    font: Option<&'a dyn GlyphSource>,
    sink: Sink,
    page: CodePageEntry,
    style: Style,
    align: Align,
    real_time_disabled: bool,
    dots_high: u32,
}

impl<'a> Job<'a> {
    pub(super) fn new(profile: &'a PrinterProfile, font: Option<&'a dyn GlyphSource>) -> Job<'a> {
        Job {
            profile,
            font,
            sink: Sink::new(),
            page: profile.code_pages[0],
            style: Style::PLAIN,
            align: Align::Left,
            real_time_disabled: false,
            dots_high: 0,
        }
    }

    pub(super) fn open(&mut self, kick: bool) {
        let capability = &self.profile.capability;
        self.sink.crate_built(|printer| printer.init().map(|_| ()));
        if capability.kanji_leave.is {
            self.sink.raw(&[0x1c, 0x2e]);
        }
        if capability.asb.is {
            self.sink.raw(&ASB_ON);
        }
        // Other national sets silently change # $ @ [ \ ] ^ ` { | } ~ to letters.
        self.sink.raw(&[0x1b, 0x52, 0x00]);
        self.sink.raw(&[0x1b, 0x74, self.page.number]);
        if kick {
            self.sink.raw(&drawer_pulse(self.profile));
        }
    }

    pub(super) fn row(&mut self, row: &Row) {
        match row {
            Row::Text(row) => self.text(row),
            Row::Barcode(code) => self.barcode(code),
            Row::Qr(data) => self.qr(data),
            Row::Feed(0) => {}
            Row::Feed(lines) => {
                self.set_style(Style::PLAIN);
                self.sink.raw(&[0x1b, 0x64, *lines]);
                self.high(usize::from(*lines) * LINE_DOTS);
            }
            Row::Cut => self.cut(),
        }
    }

    /// Every letter of one page, whichever page would come first, as far as a line holds them. For the test slip.
    pub(super) fn page_sample(&mut self, entry: CodePageEntry) {
        let label = format!("{:>3} ", entry.number);
        let euro = entry.page.byte('€');
        let letters = euro.into_iter().chain((0x80..=0xff).filter(|byte| entry.page.char(*byte).is_some_and(char::is_alphabetic)));
        self.set_align(Align::Left);
        self.set_style(Style::PLAIN);
        self.sink.raw(label.as_bytes());
        self.sink.raw(&[0x1b, 0x74, entry.number]);
        let room = self.profile.columns().saturating_sub(label.len());
        letters.take(room).for_each(|byte| self.sink.byte(byte));
        self.sink.byte(b'\n');
        self.page = entry;
        self.high(LINE_DOTS);
    }

    pub(super) fn close(mut self, fence: Option<ProcessId>, transliterated: Vec<char>) -> Encoded {
        let fence = self.fence(fence);
        Encoded { bytes: self.sink.into_bytes(), dots_high: self.dots_high, transliterated, fence }
    }

    fn text(&mut self, row: &TextRow) {
        let text = row.text.as_str();
        let on_pages = text.is_ascii() || text.chars().all(|c| c.is_ascii() || self.profile.page_for(c).is_some());
        if let (false, Some(font)) = (on_pages, self.font) {
            let picture = draw_row(row, usize::from(self.profile.dots), self.profile.columns(), font);
            self.picture(&picture);
            return;
        }
        self.set_align(row.align);
        self.set_style(row.style);
        for c in text.chars() {
            if c.is_ascii() {
                // The text's type holds no control characters; neither would this line let one through.
                self.sink.byte(u8::try_from(c).ok().filter(|byte| (0x20..0x7f).contains(byte)).unwrap_or(b'?'));
                continue;
            }
            let (entry, byte) = match self.page.page.byte(c) {
                Some(byte) if self.page.may_show(c) => (self.page, byte),
                Some(_) | None => self.profile.page_for(c).unwrap_or((self.page, b'?')),
            };
            if entry != self.page {
                self.sink.raw(&[0x1b, 0x74, entry.number]);
                self.page = entry;
            }
            self.sink.byte(byte);
        }
        self.sink.byte(b'\n');
        self.high(line_dots(row.style));
    }

    /// A code wider than the paper would only feed it, with no error, so it is left out. The quiet zones lie on the paper's margins, which the head
    /// does not reach.
    fn barcode(&mut self, code: &Code128) {
        let symbols = code128::symbols(code.as_str());
        let dots = usize::from(self.profile.dots);
        let Some(module) = [3u8, 2].into_iter().find(|module| symbols.modules * usize::from(*module) <= dots) else {
            return;
        };
        match (self.profile.capability.barcode.is, self.profile.capability.raster.is) {
            (BarcodeKind::FunctionB, _) => {
                self.set_align(Align::Centre);
                let length = u8::try_from(symbols.data.len()).expect("a bar code's text has at most 40 characters");
                self.sink.raw(&[0x1d, 0x68, BARCODE_DOTS_HIGH, 0x1d, 0x77, module, 0x1d, 0x48, 0x00, 0x1d, 0x6b, 0x49, length]);
                self.sink.raw(&symbols.data);
                self.high(usize::from(BARCODE_DOTS_HIGH));
            }
            (BarcodeKind::Raster, RasterKind::GsV0) => {
                let Some(bars) = code128::bars(code.as_str()) else { return };
                let picture = draw_modules(&bars, bars.len(), usize::from(module), usize::from(BARCODE_DOTS_HIGH), dots);
                self.picture(&picture);
            }
            (BarcodeKind::Raster, RasterKind::None) => {}
        }
    }

    fn qr(&mut self, data: &QrData) {
        match (self.profile.capability.qr.is, self.profile.capability.raster.is) {
            (QrKind::Native, _) => {
                self.set_align(Align::Centre);
                let option = QRCodeOption::new(QRCodeModel::Model2, QR_MODULE_DOTS, QRCodeCorrectionLevel::M);
                self.sink.crate_built(|printer| printer.qrcode_option(data.as_str(), option).map(|_| ()));
                let modules = super::paper::qr_modules(data.as_str()).map_or(0, |(_, width)| width);
                self.high(usize::from(QR_MODULE_DOTS) * modules);
            }
            (QrKind::Raster, RasterKind::GsV0) => {
                let Some((modules, width)) = super::paper::qr_modules(data.as_str()) else { return };
                let scale = usize::from(QR_MODULE_DOTS);
                let picture = draw_modules(&modules, width, scale, scale, usize::from(self.profile.dots));
                self.picture(&picture);
            }
            (QrKind::Raster, RasterKind::None) => {}
        }
    }

    fn picture(&mut self, picture: &Bitmap) {
        self.set_align(Align::Left);
        self.set_style(Style::PLAIN);
        if self.profile.capability.real_time_disable.is && !self.real_time_disabled {
            // No real-time drawer pulse and no real-time power-off while pictures may contain their bytes.
            self.sink.raw(&[0x1d, 0x28, 0x44, 0x05, 0x00, 0x14, 0x01, 0x00, 0x02, 0x00]);
            self.real_time_disabled = true;
        }
        let rows_max = self.profile.capability.raster_rows_max;
        self.sink.with(|out| slices(picture, rows_max, out));
        self.high(picture.height);
    }

    fn cut(&mut self) {
        self.set_style(Style::PLAIN);
        match self.profile.capability.cut.is {
            CutKind::Partial => self.sink.raw(&[0x1d, 0x56, 0x42, 0x00]),
            CutKind::Full => self.sink.raw(&[0x1d, 0x56, 0x41, 0x00]),
            CutKind::None => self.sink.raw(&[0x1b, 0x64, self.profile.capability.feed_end_lines]),
        }
        self.high(usize::from(self.profile.capability.feed_end_lines) * LINE_DOTS);
    }

    fn fence(&mut self, wanted: Option<ProcessId>) -> FenceSent {
        let sent = match (wanted, self.profile.capability.fence.is) {
            (None, _) | (Some(_), FenceKind::None) => FenceSent::None,
            (Some(id), FenceKind::ProcessId) => FenceSent::ProcessId(id),
            (Some(_), FenceKind::StatusRequest) => FenceSent::Status(StatusQuery::Paper),
        };
        match sent {
            FenceSent::ProcessId(id) => self.sink.raw(&id.command()),
            FenceSent::Status(query) => self.sink.raw(&query.bytes()),
            FenceSent::None => {}
        }
        sent
    }

    fn set_align(&mut self, align: Align) {
        if self.align != align {
            let mode = match align {
                Align::Left => JustifyMode::LEFT,
                Align::Centre => JustifyMode::CENTER,
                Align::Right => JustifyMode::RIGHT,
            };
            self.sink.crate_built(|printer| printer.justify(mode).map(|_| ()));
            self.align = align;
        }
    }

    fn set_style(&mut self, style: Style) {
        if self.style.emphasis != style.emphasis {
            self.sink.crate_built(|printer| printer.bold(style.emphasis).map(|_| ()));
        }
        let small = |size| size == Size::Small;
        if small(self.style.size) != small(style.size) {
            let font = if small(style.size) { Font::B } else { Font::A };
            self.sink.crate_built(|printer| printer.font(font).map(|_| ()));
        }
        let before = raster::stretch(self.style.size);
        let (wide, high) = raster::stretch(style.size);
        if before != (wide, high) {
            self.sink.crate_built(|printer| printer.size(wide as u8, high as u8).map(|_| ()));
        }
        self.style = style;
    }

    fn high(&mut self, dots: usize) {
        self.dots_high = self.dots_high.saturating_add(u32::try_from(dots).unwrap_or(u32::MAX));
    }
}

/// 8 mm at 203 dpi.
const BARCODE_DOTS_HIGH: u8 = 64;
/// Half a millimetre: what a phone reads without trouble.
const QR_MODULE_DOTS: u8 = 4;

/// Our own bytes and the crate's, in the order in which they were asked for: both write to the same memory.
struct Sink {
    printer: Printer<Memory>,
    memory: Memory,
}

impl Sink {
    fn new() -> Sink {
        let memory = Memory(Rc::new(RefCell::new(Vec::with_capacity(4096))));
        Sink { printer: Printer::new(memory.clone(), Protocol::default(), None), memory }
    }
    fn raw(&mut self, bytes: &[u8]) {
        self.memory.0.borrow_mut().extend_from_slice(bytes);
    }
    fn byte(&mut self, byte: u8) {
        self.memory.0.borrow_mut().push(byte);
    }
    fn with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.memory.0.borrow_mut());
    }
    /// The crate fails on an argument out of range or on a broken line; our arguments are constants and the line is memory.
    fn crate_built(&mut self, build: impl FnOnce(&mut Printer<Memory>) -> escpos::errors::Result<()>) {
        build(&mut self.printer).and_then(|()| self.printer.print().map(|_| ())).expect("constant arguments into memory");
    }
    fn into_bytes(self) -> Vec<u8> {
        self.memory.0.take()
    }
}

/// The crate writes here instead of to a device.
#[derive(Clone)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Driver for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }
    fn write(&self, data: &[u8]) -> escpos::errors::Result<()> {
        self.0.borrow_mut().extend_from_slice(data);
        Ok(())
    }
    fn read(&self, _: &mut [u8]) -> escpos::errors::Result<usize> {
        Ok(0)
    }
    fn flush(&self) -> escpos::errors::Result<()> {
        Ok(())
    }
}
