//! What is printed, as values: a receipt and a day report become a [`Document`] of typed blocks that knows no paper width, then
//! [`Row`]s of a width ([`layout`]), then plain text ([`text::render`]). Bytes for a printer are made from the same rows in
//! `device::lang`. Pure: amounts and names come from the record alone, so a copy printed in a year says what the original said.
//!
//! Reading order: the blocks, the text they may hold, the rows, then the two papers a shop prints.

mod base32;
mod cash;
pub mod collect_code;
pub mod label;
mod layout;
mod locale;
mod pick_list;
mod printable;
mod receipt;
pub mod receipt_code;
mod refusal;
mod report;
pub mod stored;
pub mod table;
pub mod text;
mod width;

pub use cash::Stationery;
pub use layout::{FILL_MIN, Row, TextRow, align, layout};
pub use locale::{DateOrder, Language, Locale};
pub use printable::Printable;
pub use receipt::{Letterhead, Receipt};
pub use refusal::Voice;
pub use report::{Report, ReportKind};
pub use width::{char_width, text_width};

/// A paper as a list of blocks, from top to bottom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    pub blocks: Vec<Block>,
}

/// One block. Widths are in columns of the paper's normal type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph that wraps at word boundaries; what does not fit into `rows_max` rows ends in "...".
    Text { text: Printable, align: Align, style: Style, rows_max: u8 },
    /// Cells side by side, one column apart, `indent` columns from the left edge.
    Cells { indent: u8, cells: Vec<Cell>, style: Style },
    /// A line across the paper.
    Rule,
    /// A bar code in Code 128, centred. A paper too narrow for it leaves it out, so what it says stands beside it as text too.
    Barcode(Code128),
    /// A QR code, centred.
    Qr(QrData),
    /// Blank rows.
    Feed(u8),
    /// The end of one paper: everything above it comes out, cut off where the printer has a knife.
    Cut,
}

/// One cell of [`Block::Cells`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub text: Printable,
    pub width: CellWidth,
    pub align: Align,
    /// A [`CellWidth::Fill`] cell wraps over at most this many rows; the others stand in its first row.
    pub rows_max: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellWidth {
    /// What the others leave. When that is less than [`FILL_MIN`] columns, the cell gets rows of its own above the others.
    Fill,
    /// This many columns; a longer text makes it wider.
    Columns(u8),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Align {
    #[default]
    Left,
    Centre,
    Right,
}

impl Align {
    /// The columns before something `width` columns wide in a row of `columns`.
    pub fn offset(self, width: usize, columns: usize) -> usize {
        let free = columns.saturating_sub(width);
        match self {
            Align::Left => 0,
            Align::Centre => free / 2,
            Align::Right => free,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    pub emphasis: bool,
    pub size: Size,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Size {
    #[default]
    Normal,
    /// The printer's second, narrower font, for small print.
    Small,
    /// Twice as high.
    Tall,
    /// Twice as high and twice as wide: half the columns.
    Large,
}

impl Style {
    pub const PLAIN: Style = Style { emphasis: false, size: Size::Normal };
    pub const BOLD: Style = Style { emphasis: true, size: Size::Normal };
    pub const SMALL: Style = Style { emphasis: false, size: Size::Small };
    pub const TALL: Style = Style { emphasis: true, size: Size::Tall };
    pub const LARGE: Style = Style { emphasis: true, size: Size::Large };
}

impl Size {
    /// Columns of normal type that one column of this size takes.
    pub const fn columns_wide(self) -> usize {
        match self {
            Size::Normal | Size::Small | Size::Tall => 1,
            Size::Large => 2,
        }
    }
}

/// What a Code 128 symbol on a paper can say: 1 to 40 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code128(String);

impl Code128 {
    pub const CHARS_MAX: usize = 40;

    pub fn new(text: &str) -> Option<Code128> {
        let printable = text.bytes().all(|b| (0x20..0x7f).contains(&b));
        (printable && !text.is_empty() && text.len() <= Code128::CHARS_MAX).then(|| Code128(text.to_owned()))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a QR code on a paper can say: 1 to 500 printable ASCII characters, so that no byte of it can be a command to the printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrData(String);

impl QrData {
    pub const CHARS_MAX: usize = 500;

    pub fn new(text: &str) -> Option<QrData> {
        let printable = text.bytes().all(|b| (0x20..0x7f).contains(&b));
        (printable && !text.is_empty() && text.len() <= QrData::CHARS_MAX).then(|| QrData(text.to_owned()))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Document {
    /// The same document with every text passed through `change` (a printer's transliteration).
    pub fn map_text(&self, mut change: impl FnMut(&Printable) -> Printable) -> Document {
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Text { text, align, style, rows_max } => {
                Block::Text { text: change(text), align: *align, style: *style, rows_max: *rows_max }
            }
            Block::Cells { indent, cells, style } => {
                let cells = cells.iter().map(|cell| Cell { text: change(&cell.text), ..cell.clone() }).collect();
                Block::Cells { indent: *indent, cells, style: *style }
            }
            Block::Rule | Block::Barcode(_) | Block::Qr(_) | Block::Feed(_) | Block::Cut => block.clone(),
        });
        Document { blocks: blocks.collect() }
    }

    pub(crate) fn text(&mut self, text: Printable, align: Align, style: Style) -> &mut Document {
        self.blocks.push(Block::Text { text, align, style, rows_max: 2 });
        self
    }
    pub(crate) fn centred(&mut self, text: &str, style: Style) -> &mut Document {
        self.text(Printable::new(text), Align::Centre, style)
    }
    /// Something at the left edge, an amount at the right one.
    pub(crate) fn pair(&mut self, indent: u8, left: &str, right: &str, style: Style) -> &mut Document {
        self.cells(indent, vec![Cell::fill(left), Cell::right(right, 0)], style)
    }
    pub(crate) fn cells(&mut self, indent: u8, cells: Vec<Cell>, style: Style) -> &mut Document {
        self.blocks.push(Block::Cells { indent, cells, style });
        self
    }
    pub(crate) fn block(&mut self, block: Block) -> &mut Document {
        self.blocks.push(block);
        self
    }
}

impl Cell {
    /// Takes what is left of the row and wraps over two rows.
    pub fn fill(text: &str) -> Cell {
        Cell { text: Printable::new(text), width: CellWidth::Fill, align: Align::Left, rows_max: 2 }
    }
    /// At least `width` columns, flush right.
    pub fn right(text: &str, width: u8) -> Cell {
        Cell { text: Printable::new(text), width: CellWidth::Columns(width), align: Align::Right, rows_max: 1 }
    }
    /// At least `width` columns, flush left.
    pub fn left(text: &str, width: u8) -> Cell {
        Cell { text: Printable::new(text), width: CellWidth::Columns(width), align: Align::Left, rows_max: 1 }
    }
}
