//! A file of rows as people export it: CSV or TSV, plain or under zstd, with a header. Bytes become checked text here, line by line;
//! what the columns mean is decided in [`super::columns`].

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::complaint::Complaint;

/// A row that is longer has an open quotation mark, or is no row.
pub const ROW_BYTES_MAX: u64 = 1024 * 1024;
pub const COLUMNS_MAX: usize = 500;
/// What is looked at to find out what kind of file it is.
const SNIFFED_BYTES: usize = 64 * 1024;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why a file cannot be read as a table at all.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("{path} cannot be read: {reason}")]
    Open { path: PathBuf, reason: io::Error },
    #[error("{path}, after line {line}: {why}: is the file complete?")]
    Damaged { path: PathBuf, line: u64, why: String },
    #[error("{path} is empty: it needs a line with the names of its columns, then one line per article")]
    Empty { path: PathBuf },
    #[error("{path} is UTF-16: save it as UTF-8")]
    Utf16 { path: PathBuf },
    #[error("{path} is not a text file: import CSV or TSV, plain or compressed with zstd")]
    NotText { path: PathBuf },
    #[error("{path}: the first line has one column only: is the delimiter {delimiter}? Say which it is with --delimiter")]
    OneColumn { path: PathBuf, delimiter: Delimiter },
    #[error("{path}: the first line has more than {COLUMNS_MAX} columns: it should name them")]
    TooManyColumns { path: PathBuf },
    #[error("{path}: the first line is not {encoding}: save the file as UTF-8, or say --encoding windows-1252")]
    HeaderEncoding { path: PathBuf, encoding: Encoding },
    #[error("{path}, line {line}: this row is longer than 1 MiB: is a quotation mark before it not closed?")]
    RowTooLong { path: PathBuf, line: u64 },
}

/// What stands between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Delimiter {
    Comma,
    Semicolon,
    Tab,
    Pipe,
}

impl Delimiter {
    pub const ALL: [Delimiter; 4] = [Delimiter::Tab, Delimiter::Semicolon, Delimiter::Comma, Delimiter::Pipe];

    pub fn byte(self) -> u8 {
        match self {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
            Delimiter::Pipe => b'|',
        }
    }
}

impl std::fmt::Display for Delimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Delimiter::Comma => "a comma",
            Delimiter::Semicolon => "a semicolon",
            Delimiter::Tab => "a tab",
            Delimiter::Pipe => "a pipe",
        })
    }
}

/// How bytes stand for letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Encoding {
    #[default]
    #[value(name = "utf-8")]
    Utf8,
    /// What German and French spreadsheets write when they are not asked.
    #[value(name = "windows-1252")]
    Windows1252,
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Windows1252 => "Windows-1252",
        })
    }
}

/// How to read a file. `None`: find out.
#[derive(Debug, Clone, Copy, Default)]
pub struct TableOptions {
    pub delimiter: Option<Delimiter>,
    pub encoding: Encoding,
}

/// One row, its fields trimmed. As many as the header has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// In the file, from 1; the header is line 1.
    pub line: u64,
    pub fields: Vec<String>,
}

pub struct Table {
    path: PathBuf,
    encoding: Encoding,
    columns: Vec<String>,
    rows: csv::Reader<Bounded<Box<dyn BufRead>>>,
    record: csv::ByteRecord,
    read: Rc<Cell<u64>>,
    in_row: Rc<Cell<u64>>,
    bytes: u64,
}

impl Table {
    pub fn open(path: &Path, options: TableOptions) -> Result<Table, TableError> {
        let failed = |reason| TableError::Open { path: path.to_owned(), reason };
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let read = Rc::new(Cell::new(0));
        let mut raw = BufReader::with_capacity(SNIFFED_BYTES, Counted { inner: file, read: read.clone() });
        let is_zstd = raw.fill_buf().map_err(failed)?.starts_with(&ZSTD_MAGIC);
        let mut text: Box<dyn BufRead> = if is_zstd {
            let decoder = zstd::stream::read::Decoder::with_buffer(raw).map_err(failed)?;
            Box::new(BufReader::with_capacity(SNIFFED_BYTES, decoder))
        } else {
            Box::new(raw)
        };
        let delimiter = sniff(path, &mut text, options)?;

        let in_row = Rc::new(Cell::new(0));
        let rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.byte())
            // In TSV a quotation mark is a character like any other: 3.5" nails.
            .quoting(delimiter != Delimiter::Tab)
            .from_reader(Bounded { inner: text, in_row: in_row.clone() });
        let mut table = Table {
            path: path.to_owned(),
            encoding: options.encoding,
            columns: Vec::new(),
            rows,
            record: csv::ByteRecord::new(),
            read,
            in_row,
            bytes,
        };
        table.columns = table.header(delimiter)?;
        Ok(table)
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Bytes of the file read so far, and of all.
    pub fn progress(&self) -> (u64, u64) {
        (self.read.get(), self.bytes)
    }

    /// The next row; `Ok(Some(Err(..)))` for one that is wrong by itself, after which the next may be right.
    pub fn next_row(&mut self) -> Result<Option<Result<Row, Complaint>>, TableError> {
        if !self.next_record()? {
            return Ok(None);
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        if self.record.len() != self.columns.len() {
            let what = format!("it has {} columns, the first line has {}", self.record.len(), self.columns.len());
            return Ok(Some(Err(Complaint::of_line(line, &what, "look for a delimiter too many or too few, or a quotation mark"))));
        }
        let mut fields = Vec::with_capacity(self.columns.len());
        for (field, column) in self.record.iter().zip(&self.columns) {
            match self.encoding.decode(field) {
                Ok(text) => fields.push(text.trim().to_owned()),
                Err(complaint) => return Ok(Some(Err(complaint.at(line, column)))),
            }
        }
        Ok(Some(Ok(Row { line, fields })))
    }

    fn header(&mut self, delimiter: Delimiter) -> Result<Vec<String>, TableError> {
        let path = || self.path.clone();
        if !self.rows.read_byte_record(&mut self.record).is_ok_and(|found| found) {
            return Err(TableError::Empty { path: path() });
        }
        if self.record.len() > COLUMNS_MAX {
            return Err(TableError::TooManyColumns { path: path() });
        }
        let decoded = self.record.iter().map(|field| self.encoding.decode(field).map(|text| text.trim().to_owned()));
        let columns: Result<Vec<String>, _> = decoded.collect();
        let columns = columns.map_err(|_| TableError::HeaderEncoding { path: path(), encoding: self.encoding })?;
        if columns.len() < 2 {
            return Err(TableError::OneColumn { path: path(), delimiter });
        }
        Ok(columns)
    }

    fn next_record(&mut self) -> Result<bool, TableError> {
        self.in_row.set(0);
        let line = self.rows.position().line();
        self.rows.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                TableError::RowTooLong { path: self.path.clone(), line }
            }
            csv::ErrorKind::Io(error) => {
                TableError::Damaged { path: self.path.clone(), line: line.saturating_sub(1), why: error.to_string() }
            }
            other => TableError::Damaged { path: self.path.clone(), line: line.saturating_sub(1), why: format!("{other:?}") },
        })
    }
}

/// Looks at the beginning: a text, and which delimiter. Skips a byte order mark.
fn sniff(path: &Path, text: &mut Box<dyn BufRead>, options: TableOptions) -> Result<Delimiter, TableError> {
    let path = || path.to_owned();
    let start = text.fill_buf().map_err(|e| TableError::Damaged { path: path(), line: 0, why: e.to_string() })?;
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Err(TableError::Utf16 { path: path() });
    }
    let mark = if start.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    let first_line = start[mark..].split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
    if first_line.contains(&0) {
        return Err(TableError::NotText { path: path() });
    }
    let count = |delimiter: &Delimiter| {
        let mut is_quoted = false;
        let is_between = |byte: &&u8| {
            is_quoted ^= **byte == b'"';
            !is_quoted && **byte == delimiter.byte()
        };
        first_line.iter().filter(is_between).count()
    };
    let most = Delimiter::ALL.into_iter().rev().max_by_key(count).expect("there are four");
    text.consume(mark);
    Ok(options.delimiter.unwrap_or(most))
}

impl Encoding {
    pub fn decode(self, bytes: &[u8]) -> Result<String, Complaint> {
        match self {
            Encoding::Utf8 => std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
                let guess = Encoding::Windows1252.decode(bytes).unwrap_or_default();
                let bad = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
                Complaint::new(
                    &format!("byte {bad:02X} is not UTF-8; as Windows-1252 it would read {:?}", guess.chars().take(60).collect::<String>()),
                    "save the file as UTF-8, or say --encoding windows-1252",
                )
            }),
            Encoding::Windows1252 => Ok(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
        }
    }
}

/// Latin-1 but for 0x80 to 0x9f. The five holes in there become a replacement character.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž', '\u{fffd}', '\u{fffd}', '‘', '’', '“',
        '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Counts what is read of the file itself, for the progress bar.
struct Counted<R> {
    inner: R,
    read: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

/// Ends with an error when one row asks for more than [`ROW_BYTES_MAX`], so that an open quotation mark does not swallow the file.
struct Bounded<R> {
    inner: R,
    in_row: Rc<Cell<u64>>,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.in_row.get() > ROW_BYTES_MAX {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let count = self.inner.read(buffer)?;
        self.in_row.set(self.in_row.get() + count as u64);
        Ok(count)
    }
}
