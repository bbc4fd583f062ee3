//! A table that a place sends: CSV with a line of names, in UTF-8, with commas, semicolons or tabs between. Bytes become checked text here; all that
//! is wrong is collected with the number of its row, so that a file is mended once. Nothing of a file with a fault is taken.

use axum::http::StatusCode;

use crate::web::problem::Problem;

/// A file with more is sent as several.
pub const ROWS_MAX: usize = 100_000;
/// Faults that are named; the others are counted.
const SHOWN_MAX: usize = 20;

/// What is wrong with a file, each with its row. The line of names is row 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    shown: Vec<String>,
    count: usize,
}

impl Faults {
    pub fn of_all(what: impl Into<String>) -> Faults {
        Faults { shown: vec![what.into()], count: 1 }
    }

    pub fn add(&mut self, row: u64, what: impl AsRef<str>) {
        self.count += 1;
        if self.shown.len() < SHOWN_MAX {
            self.shown.push(format!("row {row}: {}", what.as_ref()));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One line each.
    pub fn lines(&self) -> Vec<String> {
        let more = self.count.saturating_sub(self.shown.len());
        let more = (more > 0).then(|| format!("and {more} more"));
        self.shown.iter().cloned().chain(more).collect()
    }

    pub fn problem(&self) -> Problem {
        let detail = format!("nothing was taken: {}", self.lines().join("; "));
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "rows_refused", detail, "mend the rows that are named and send the whole file again")
    }
}

/// A row, its fields trimmed, in the order in which they were asked for; empty where the file has no such column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub number: u64,
    pub fields: Vec<String>,
}

/// The columns that are `needed`, then those that `may` be there. Columns of other names are passed over.
pub fn read(bytes: &[u8], needed: &[&str], may: &[&str]) -> Result<Vec<Row>, Faults> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let row = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        Faults::of_all(format!("row {row}: the file is not UTF-8: save it as CSV UTF-8"))
    })?;
    // One kind of line end: a browser's forms and other systems' files bring others, and rows are counted by it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [';', '\t', ','].into_iter().max_by_key(|mark| first.matches(*mark).count()).unwrap_or(',');
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter as u8).from_reader(text.as_bytes());
    let mut names: Option<Vec<String>> = None;
    let mut places: Vec<Option<usize>> = Vec::new();
    let mut read = Vec::new();
    let mut faults = Faults::default();
    let (mut number, mut counted) = (1, 0);
    for record in rows.records() {
        let record = record.map_err(|error| Faults::of_all(format!("the file cannot be read as CSV: {error}")))?;
        // Where a record is said to begin empty lines before it are not passed yet.
        let begins = record.position().map_or(counted, |position| usize::try_from(position.byte()).unwrap_or(counted));
        let begins = begins + text[begins..].bytes().take_while(|byte| *byte == b'\n').count();
        number += text[counted..begins].bytes().filter(|byte| *byte == b'\n').count() as u64;
        counted = begins;
        let Some(columns) = &names else {
            let columns: Vec<String> = record.iter().map(|name| name.trim().to_lowercase()).collect();
            places = needed.iter().chain(may).map(|name| columns.iter().position(|column| column == name)).collect();
            let missing: Vec<&str> = needed.iter().zip(&places).filter(|(_, place)| place.is_none()).map(|(name, _)| *name).collect();
            if !missing.is_empty() {
                let what = format!(
                    "row 1: there is no column {}; the first row names the columns, it has: {}",
                    missing.join(", "),
                    columns.join(", ")
                );
                return Err(Faults::of_all(what));
            }
            names = Some(columns);
            continue;
        };
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if read.len() == ROWS_MAX {
            return Err(Faults::of_all(format!("row {number}: a file has at most {ROWS_MAX} rows: send the rest as another file")));
        }
        if record.len() != columns.len() {
            faults.add(
                number,
                format!(
                    "it has {} fields, the first row has {}: look for a comma or a quotation mark too many",
                    record.len(),
                    columns.len()
                ),
            );
            continue;
        }
        let field = |place: &Option<usize>| place.and_then(|place| record.get(place)).unwrap_or_default().trim().to_owned();
        read.push(Row { number, fields: places.iter().map(field).collect() });
    }
    if names.is_none() || (read.is_empty() && faults.is_empty()) {
        return Err(Faults::of_all("the file has no rows: the first one names the columns, each other is one article or part"));
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_whole_or_its_faults_are_named() {
        let check = |text: &[u8], expect: &str| {
            let read = read(text, &["sku", "on_hand"], &["as_of"]);
            let said = match read {
                Ok(rows) => rows.iter().map(|row| format!("{} {}", row.number, row.fields.join("|"))).collect::<Vec<_>>().join(" / "),
                Err(faults) => faults.lines().join("; "),
            };
            assert!(if expect.ends_with('…') { said.starts_with(expect.trim_end_matches('…')) } else { said == expect }, "{said}");
        };
        check(b"sku,on_hand\nA,1\n\nB, 2 \n", "2 A|1| / 4 B|2|");
        check(b"sku,on_hand\r\nA,1\r\n\r\n\"B\",2", "2 A|1| / 4 B|2|");
        check(b"sku,on_hand,note\n\"A\",1,\"two\nlines\"\nB,2,\n", "2 A|1| / 4 B|2|");
        check("\u{feff}On_Hand;SKU;note\r\n1,5;A;x\r\n".as_bytes(), "2 A|1,5|");
        check(b"sku\ton_hand\tas_of\nA\t1\t2026-11-27T10:00:00Z\n", "2 A|1|2026-11-27T10:00:00Z");
        check(b"sku,quantity\nA,1\n", "row 1: there is no column on_hand…");
        check(
            b"sku,on_hand\nA,1,5\nB\n",
            "row 2: it has 3 fields, the first row has 2: look for a comma or a quotation mark too many; row 3: it has 1 fields…",
        );
        check(b"sku,on_hand\n", "the file has no rows…");
        check(b"", "the file has no rows…");
        check(b"sku,on_hand\nA,1\nM\xfcller,2\n", "row 3: the file is not UTF-8…");
        let long = format!("sku,on_hand\n{}", "A,1\n".repeat(ROWS_MAX + 1));
        check(long.as_bytes(), "row 100002: a file has at most 100000 rows…");
    }
}
