//! A short list out of a spreadsheet, read whole: CSV with a header, comma or semicolon, columns by their names. Faults name their line and are all
//! collected. (Files of a million lines are streamed by [`super::table`].)

use csv::StringRecord;

/// Faults listed before the rest is only counted.
const FAULTS_SHOWN_MAX: usize = 20;

pub struct Sheet {
    header: StringRecord,
    records: Vec<StringRecord>,
    /// Lines under the header, those that could not be read among them.
    pub lines: usize,
}

/// One line.
pub struct Row<'a> {
    header: &'a StringRecord,
    record: &'a StringRecord,
}

impl Sheet {
    /// The sheet, and the faults of the lines that cannot be read.
    ///
    /// # Errors
    /// A header that cannot be read, names a column that is not in `columns`, or lacks one of `needed`.
    pub fn read(bytes: &[u8], columns: &[&str], needed: &[&str]) -> Result<(Sheet, Vec<String>), Vec<String>> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
        let delimiter = if first.contains(&b';') { b';' } else { b',' };
        let mut table = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(bytes);
        let header = table.headers().cloned().map_err(|e| vec![format!("  line 1: {e}")])?;
        let mut faults: Vec<String> = header
            .iter()
            .filter(|name| !columns.contains(name))
            .map(|name| format!("  line 1: there is no column {name:?}; known are {}", columns.join(", ")))
            .collect();
        for needed in needed.iter().filter(|needed| !header.iter().any(|name| name == **needed)) {
            faults.push(format!("  line 1: the column {needed} is missing"));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut records = Vec::new();
        for record in table.records() {
            match record {
                Ok(record) => records.push(record),
                Err(error) => faults.push(format!("  {error}")),
            }
        }
        let lines = records.len() + faults.len();
        Ok((Sheet { header, records, lines }, faults))
    }

    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.records.iter().map(|record| Row { header: &self.header, record })
    }
}

impl Row<'_> {
    /// What stands in the column; `None`: nothing, or there is no such column.
    pub fn cell(&self, column: &str) -> Option<String> {
        let at = self.header.iter().position(|name| name == column)?;
        self.record.get(at).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A fault as it is listed.
    pub fn fault(&self, why: &str) -> String {
        let line = self.record.position().map_or(0, csv::Position::line);
        format!("  line {line}: {why}")
    }
}

/// The first of them, one a line, and how many more there are.
pub fn listed(mut faults: Vec<String>) -> String {
    if faults.len() > FAULTS_SHOWN_MAX {
        let more = faults.len() - FAULTS_SHOWN_MAX;
        faults.truncate(FAULTS_SHOWN_MAX);
        faults.push(format!("  and {more} more"));
    }
    faults.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_costs_only_itself() {
        let (sheet, faults) = Sheet::read(b"\xef\xbb\xbfid;name\n1; Anna \n2\n3;\n", &["id", "name"], &["id"]).unwrap();
        assert_eq!((sheet.lines, faults.len()), (3, 1));
        assert!(faults[0].contains("line: 3"), "{faults:?}");
        let cells: Vec<_> = sheet.rows().map(|row| (row.cell("id"), row.cell("name"), row.fault("x"))).collect();
        assert_eq!(cells[0], (Some("1".to_owned()), Some("Anna".to_owned()), "  line 2: x".to_owned()));
        assert_eq!(cells[1], (Some("3".to_owned()), None, "  line 4: x".to_owned()));
        assert_eq!(listed(vec!["  f".to_owned(); 23]).lines().last(), Some("  and 3 more"));
    }
}
