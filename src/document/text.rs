//! A document as plain text: for mail, the electronic journal and golden tests.

use super::{Align, Document, Row, align, layout};

/// Lines of at most `columns` columns, each ended by LF. Codes stand as "[barcode 1-7K3F-000042]"; blank lines at the end are left out.
pub fn render(document: &Document, columns: usize) -> String {
    let mut lines = Vec::new();
    for row in layout(document, columns) {
        match row {
            Row::Text(row) => lines.push(align(row.text.as_str(), row.align, columns)),
            Row::Barcode(code) => lines.push(align(&format!("[barcode {}]", code.as_str()), Align::Centre, columns)),
            Row::Qr(data) => lines.push(align(&format!("[QR {}]", data.as_str()), Align::Centre, columns)),
            Row::Feed(count) => lines.extend((0..count).map(|_| String::new())),
            Row::Cut => {}
        }
    }
    join(&lines)
}

/// Lines to text, without blank lines at the end.
pub(crate) fn join(lines: &[String]) -> String {
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines[..last].iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}
