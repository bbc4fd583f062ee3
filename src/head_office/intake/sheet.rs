//! A CSV file of orders: rows become orders, each one JSON text that a mapping reads. Rows of one order have the same number, wherever they stand.
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::mapping::Mapping;
use crate::head_office::import::table::{Delimiter, Encoding};

pub const ORDERS_MAX: usize = 10_000;
const COLUMNS_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    pub orders: Vec<SheetOrder>,
    /// How the bytes were read.
    pub encoding: Encoding,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SheetOrder {
    pub number: String,
    /// Rows of the file, the line of names is 1.
    pub rows: Vec<u64>,
    /// What the columns of its first row say, and each row under "rows".
    pub text: String,
    /// Its rows contradict each other.
    pub fault: Option<String>,
}

/// The error says why nothing of the file is taken: when one row is no row, any order may lack a line.
pub fn read(bytes: &[u8], mapping: &Mapping) -> Result<Sheet, String> {
    let number_column = mapping.number_column().ok_or("the mapping has no rule from a column to number")?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("the file is UTF-16: save it as UTF-8".to_owned());
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.contains(&0) {
        return Err("the file is no text".to_owned());
    }
    let encoding = if std::str::from_utf8(bytes).is_ok() { Encoding::Utf8 } else { Encoding::Windows1252 };
    let text = encoding.decode(bytes).map_err(|_| "the file is neither UTF-8 nor Windows-1252".to_owned())?;
    let first = text.lines().next().unwrap_or_default();
    let has_number = |delimiter: &Delimiter| names(first, *delimiter).iter().any(|name| name == number_column);
    let Some(delimiter) = Delimiter::ALL.into_iter().find(has_number) else {
        let shown: String = first.chars().take(120).collect();
        return Err(format!(
            "the first line names no column {number_column:?} (separated by comma, semicolon, tab or pipe): it reads {shown:?}"
        ));
    };
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(true)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter.byte())
        .quoting(delimiter != Delimiter::Tab)
        .from_reader(text.as_bytes());
    let columns: Vec<String> = rows.headers().map_err(|why| why.to_string())?.iter().map(str::to_owned).collect();
    if columns.len() > COLUMNS_MAX {
        return Err(format!("more than {COLUMNS_MAX} columns"));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = columns.iter().find(|name| !name.is_empty() && !seen.insert(name.as_str())) {
        return Err(format!("two columns are called {twice:?}"));
    }
    let of_lines = mapping.line_columns();
    let (mut order, mut all): (Vec<String>, BTreeMap<String, Gathered>) = (Vec::new(), BTreeMap::new());
    for record in rows.records() {
        let record = record.map_err(|why| why.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.iter().all(str::is_empty) {
            continue;
        }
        if record.len() != columns.len() {
            return Err(format!(
                "row {line} has {} columns, the first line has {}: look for a separator or a quotation mark",
                record.len(),
                columns.len()
            ));
        }
        let fields: BTreeMap<&str, &str> = columns.iter().map(String::as_str).zip(record.iter()).collect();
        let number = fields.get(number_column).copied().unwrap_or_default().to_owned();
        if number.is_empty() {
            return Err(format!("row {line} has no {number_column}"));
        }
        if !all.contains_key(&number) {
            if order.len() == ORDERS_MAX {
                return Err(format!("more than {ORDERS_MAX} orders: make several files of it"));
            }
            order.push(number.clone());
        }
        all.entry(number).or_default().add(line, &fields, &of_lines);
    }
    if order.is_empty() {
        return Err("there is no row under the names of the columns".to_owned());
    }
    let orders = order.into_iter().filter_map(|number| all.remove(&number).map(|gathered| gathered.done(number))).collect();
    Ok(Sheet { orders, encoding })
}

fn names(line: &str, delimiter: Delimiter) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).delimiter(delimiter.byte()).from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(str::to_owned).collect(),
        Ok(false) | Err(_) => Vec::new(),
    }
}

#[derive(Default)]
struct Gathered {
    rows: Vec<u64>,
    /// Of the columns that no line is made of.
    whole: BTreeMap<String, (u64, String)>,
    lines: Vec<Json>,
    fault: Option<String>,
}

impl Gathered {
    fn add(&mut self, line: u64, fields: &BTreeMap<&str, &str>, of_lines: &BTreeSet<&str>) {
        self.rows.push(line);
        for (column, value) in fields.iter().filter(|(column, value)| !value.is_empty() && !of_lines.contains(*column)) {
            let (first, known) = self.whole.entry((*column).to_owned()).or_insert_with(|| (line, (*value).to_owned()));
            if known.as_str() != *value && self.fault.is_none() {
                self.fault = Some(format!("row {line} says {column} {value:?}, row {first} {known:?}"));
            }
        }
        let filled = fields.iter().filter(|(_, value)| !value.is_empty());
        self.lines.push(Json::Object(filled.map(|(column, value)| ((*column).to_owned(), Json::from(*value))).collect()));
    }

    fn done(self, number: String) -> SheetOrder {
        let mut whole: Map<String, Json> = self.whole.into_iter().map(|(column, (_, value))| (column, Json::from(value))).collect();
        whole.insert("rows".to_owned(), Json::Array(self.lines));
        let text = Json::Object(whole).to_string();
        SheetOrder { number, rows: self.rows, text, fault: self.fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<Vec<(String, usize, Option<String>)>, String> {
        let sheet = read(bytes, &Mapping::of_our_columns())?;
        Ok(sheet.orders.into_iter().map(|order| (order.number, order.rows.len(), order.fault)).collect())
    }

    #[test]
    fn rows_become_orders_and_what_is_no_table_is_named() {
        let two = "number;fulfilment;store;sku;quantity\nA1;collect;s1;tea;2\nA2;collect;s1;tea;1\nA1;;;ham;0,25\n";
        assert_eq!(check(two.as_bytes()), Ok(vec![("A1".to_owned(), 2, None), ("A2".to_owned(), 1, None)]));
        let other = "number,store,sku,quantity\nA1,s1,tea,2\nA1,s2,ham,1\n";
        assert_eq!(check(other.as_bytes()), Ok(vec![("A1".to_owned(), 2, Some("row 3 says store \"s2\", row 2 \"s1\"".to_owned()))]));
        let windows = b"number;name;sku;quantity\nA1;M\xfcller;tea;2\n";
        let sheet = read(windows, &Mapping::of_our_columns()).unwrap();
        assert!(sheet.encoding == Encoding::Windows1252 && sheet.orders[0].text.contains("Müller"), "{sheet:?}");
        for (text, expect) in [
            ("number:store:sku\nA1:s1:tea\n", "names no column \"number\""),
            ("number;sku;quantity\nA1;tea\n", "row 2 has 2 columns, the first line has 3"),
            ("number;sku;quantity\n;tea;1\n", "row 2 has no number"),
            ("number;sku;sku\nA1;tea;1\n", "two columns are called \"sku\""),
            ("number;sku;quantity\n", "there is no row"),
            ("", "names no column"),
            ("number;sku\0;quantity\n", "no text"),
        ] {
            let why = check(text.as_bytes()).expect_err(expect);
            assert!(why.contains(expect), "{expect}: {why}");
        }
    }
}
