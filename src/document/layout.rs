//! From blocks to rows of a paper so many columns wide. The printer's encoder, the plain text and the tests all start from the same
//! rows, so what one shows the others show.

use super::{Align, Block, Cell, CellWidth, Code128, Document, Printable, QrData, Size, Style, char_width, text_width};

/// A fill cell narrower than this gets rows of its own: a column of four-letter shreds helps nobody.
pub const FILL_MIN: usize = 10;

/// What a text that had to be cut ends in. ASCII, because not every code page has the one-character form.
const ELLIPSIS: &str = "...";

/// One row of the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    Text(TextRow),
    Barcode(Code128),
    Qr(QrData),
    Feed(u8),
    Cut,
}

/// A row of text. Cells are already padded to their columns; `align` places the row as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    pub text: Printable,
    pub align: Align,
    pub style: Style,
}

/// The rows of `document` on a paper `columns` columns wide (32, 42, 48; anything from 16 up). No text row is wider than that.
pub fn layout(document: &Document, columns: usize) -> Vec<Row> {
    let columns = columns.max(16);
    let mut rows = Vec::with_capacity(document.blocks.len() + 16);
    for block in &document.blocks {
        match block {
            Block::Text { text, align, style, rows_max } => {
                for line in wrap(text.as_str(), width_of(columns, style.size), *rows_max) {
                    rows.push(text_row(&line, *align, *style));
                }
            }
            Block::Cells { indent, cells, style } => cell_rows(&mut rows, *indent, cells, *style, width_of(columns, style.size)),
            Block::Rule => rows.push(text_row(&"-".repeat(columns), Align::Left, Style::PLAIN)),
            Block::Barcode(code) => rows.push(Row::Barcode(code.clone())),
            Block::Qr(data) => rows.push(Row::Qr(data.clone())),
            Block::Feed(lines) => rows.push(Row::Feed(*lines)),
            Block::Cut => rows.push(Row::Cut),
        }
    }
    rows
}

/// `text` placed in `columns` columns, without spaces at its end.
pub fn align(text: &str, align: Align, columns: usize) -> String {
    let before = align.offset(text_width(text), columns);
    format!("{:before$}{text}", "").trim_end().to_owned()
}

fn width_of(columns: usize, size: Size) -> usize {
    columns / size.columns_wide()
}

fn text_row(line: &str, align: Align, style: Style) -> Row {
    Row::Text(TextRow { text: Printable::new(line), align, style })
}

fn cell_rows(rows: &mut Vec<Row>, indent: u8, cells: &[Cell], style: Style, columns: usize) {
    let indent = usize::from(indent).min(columns / 4);
    let fixed = |cell: &Cell| match cell.width {
        CellWidth::Fill => 0,
        CellWidth::Columns(width) => usize::from(width).max(text_width(cell.text.as_str())),
    };
    let gaps = cells.len().saturating_sub(1);
    let fills = cells.iter().filter(|cell| cell.width == CellWidth::Fill).count();
    let left = columns.saturating_sub(indent + gaps + cells.iter().map(fixed).sum::<usize>());
    let wraps_apart = |cell: &&Cell| cell.width == CellWidth::Fill && left < FILL_MIN.min(text_width(cell.text.as_str()));
    for cell in cells.iter().filter(wraps_apart) {
        for line in wrap(cell.text.as_str(), columns - indent, cell.rows_max) {
            rows.push(text_row(&format!("{:indent$}{line}", ""), Align::Left, style));
        }
    }
    let columns_of: Vec<(usize, Vec<String>)> = cells
        .iter()
        .map(|cell| match cell.width {
            CellWidth::Fill if wraps_apart(&cell) => (left / fills, Vec::new()),
            CellWidth::Fill => (left / fills, wrap(cell.text.as_str(), left / fills, cell.rows_max)),
            CellWidth::Columns(_) => (fixed(cell), vec![cell.text.as_str().to_owned()]),
        })
        .collect();
    let height = columns_of.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
    for index in 0..height {
        let mut line = " ".repeat(indent);
        for (position, (cell, (width, lines))) in cells.iter().zip(&columns_of).enumerate() {
            let text = lines.get(index).map_or("", String::as_str);
            let placed = align(text, cell.align, *width);
            line.push_str(if position == 0 { "" } else { " " });
            line.push_str(&placed);
            line.push_str(&" ".repeat(width.saturating_sub(text_width(&placed))));
        }
        // Amounts too many for the paper: what does not fit goes to rows of its own rather than over the edge.
        for part in wrap_exact(line.trim_end(), columns) {
            rows.push(text_row(&part, Align::Left, style));
        }
    }
}

/// At most `rows_max` lines of at most `width` columns, broken at spaces where there are any.
fn wrap(text: &str, width: usize, rows_max: u8) -> Vec<String> {
    let width = width.max(2);
    let mut lines: Vec<String> = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut rest = word;
        loop {
            let gap = usize::from(used > 0);
            let wide = text_width(rest);
            let line = lines.last_mut().expect("there is always a line");
            if used + gap + wide <= width {
                line.push_str(&" ".repeat(gap));
                line.push_str(rest);
                used += gap + wide;
                break;
            }
            // A word longer than a line is broken; it starts on this line when a good part of the line is free.
            let head = fit(rest, width.saturating_sub(used + gap));
            if wide > width && (used == 0 || head.len() >= width / 3) && !head.is_empty() {
                line.push_str(&" ".repeat(gap));
                line.push_str(head);
                rest = &rest[head.len()..];
            }
            lines.push(String::new());
            used = 0;
        }
    }
    if lines.len() > usize::from(rows_max.max(1)) {
        lines.truncate(usize::from(rows_max.max(1)));
        let last = lines.last_mut().expect("at least one line is kept");
        let kept = fit(last, width.saturating_sub(ELLIPSIS.len())).trim_end().len();
        last.truncate(kept);
        last.push_str(&ELLIPSIS[..ELLIPSIS.len().min(width)]);
    }
    lines
}

/// All of `text` in pieces of at most `width` columns, its own spaces kept.
fn wrap_exact(text: &str, width: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while text_width(rest) > width {
        let head = fit(rest, width);
        if head.is_empty() {
            break;
        }
        parts.push(head.trim_end().to_owned());
        rest = &rest[head.len()..];
    }
    parts.push(rest.to_owned());
    parts
}

/// The longest beginning of `text` that fits `width` columns, marks included.
fn fit(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += char_width(c);
        if used > width {
            return &text[..at];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_wrap_at_words_and_end_in_dots() {
        let check = |text: &str, width: usize, rows: u8, expect: &[&str]| assert_eq!(wrap(text, width, rows), expect, "{text:?}");
        check("Milk", 10, 2, &["Milk"]);
        check("Whole milk 3.5 % one litre", 12, 2, &["Whole milk", "3.5 % one..."]);
        check("Donaudampfschifffahrtsgesellschaft", 10, 9, &["Donaudampf", "schifffahr", "tsgesellsc", "haft"]);
        check("東京ばな奈", 5, 2, &["東京", "ば..."]);
        check("", 5, 2, &[""]);
        check("e\u{301}e\u{301}e\u{301}", 2, 3, &["e\u{301}e\u{301}", "e\u{301}"]);
    }

    #[test]
    fn a_narrow_paper_gives_the_label_its_own_row() {
        let cells = vec![Cell::fill("A 19 % standard"), Cell::right("1000.00", 9), Cell::right("190.00", 9), Cell::right("1190.00", 9)];
        let mut document = Document::default();
        document.cells(0, cells, Style::PLAIN);
        let text = |columns| super::super::text::render(&document, columns);
        assert_eq!(text(48), "A 19 % standard      1000.00    190.00   1190.00\n");
        assert_eq!(text(32), "A 19 % standard\n     1000.00    190.00   1190.00\n");
    }
}
