//! One row of a catalogue file as an article, or what is wrong with it. Looks at nothing but the row.

use std::collections::BTreeMap;

use super::columns::{Columns, Field};
use super::complaint::Complaint;
use super::prices::{MissingPrice, demo_price, parse_price};
use super::table::Row;
use crate::gs1::card::is_stripe;
use crate::gs1::{BadGtin, Gtin};
use crate::head_office::card_data::{REMEDY, WHAT, holds_card};
use crate::ids::{Sku, TaxClassId};
use crate::money::{Currency, Money, Qty, Unit};
use crate::sync::feed::{Article, CODES_PER_ARTICLE_MAX, CodeKey, NAME_CHARS_MAX, SaleCode};

/// Group, brand, location: longer ones are cut.
const TEXT_CHARS_MAX: usize = 120;
/// Pieces in a pack, at most.
const PACK_MAX: Qty = Qty::pieces(99_999);

/// How rows become articles.
#[derive(Debug, Clone)]
pub struct RowRules {
    pub currency: Currency,
    pub missing_price: MissingPrice,
    /// A price above it is a typing error.
    pub price_max: Money,
    /// Where the file names none.
    pub tax_class: TaxClassId,
    /// What the file calls a tax class, and what it is.
    pub tax_names: BTreeMap<String, TaxClassId>,
}

/// A row that is right by itself.
#[derive(Debug, Clone)]
pub struct Draft {
    pub article: Article,
    /// Whether the row said which article it is; else its first code did.
    pub has_own_sku: bool,
    pub has_price: bool,
    pub notes: Notes,
}

/// What was mended in a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes {
    pub controls_replaced: bool,
    pub name_cut: bool,
    pub zeros_restored: bool,
}

/// Reads a row. All that is wrong with it comes at once.
pub fn read_row(row: &Row, columns: &Columns, rules: &RowRules) -> Result<Draft, Vec<Complaint>> {
    let mut reading = Reading { row, columns, complaints: Vec::new(), notes: Notes::default() };
    reading.card_data();
    if !reading.complaints.is_empty() {
        return Err(reading.complaints);
    }
    let codes = reading.codes();
    let own_sku = reading.parsed(Field::Sku, "use 1 to 48 printable characters", |text| Sku::new(text).ok());
    let name = reading.name();
    let unit = reading.parsed(Field::Unit, "use piece, kg, l or m, or leave the cell empty", parse_unit).unwrap_or_default();
    let tax_class = reading.tax_class(rules);
    let age_min = reading.parsed(Field::AgeMin, "write years, 0 to 99", |text| text.parse().ok().filter(|years| *years <= 99));
    let given_price = reading.price(rules);
    let group = reading.text(Field::Group).unwrap_or_default();
    let (brand, location) = (reading.text(Field::Brand), reading.text(Field::Location));

    let derived = || codes.first().and_then(|code| Sku::new(code.key.short()).ok());
    let has_own_sku = own_sku.is_some();
    let sku = own_sku.or_else(derived);
    if sku.is_none() && reading.complaints.is_empty() {
        let complaint = Complaint::of_line(row.line, "it has neither an article number nor a code", "give it one of the two");
        reading.complaints.push(complaint);
    }
    let (Some(sku), [], notes) = (sku, reading.complaints.as_slice(), reading.notes) else { return Err(reading.complaints) };
    let mut codes = codes;
    codes.sort_by(|a, b| a.key.cmp(&b.key));
    let age_min = age_min.filter(|years| *years > 0);
    let mut article = Article { sku, name, unit, tax_class, group, brand, price: given_price, codes, location, age_min };
    if given_price.is_none() {
        article.price = match &rules.missing_price {
            MissingPrice::Reject | MissingPrice::Unpriced => None,
            // That it is one was checked before the first row.
            MissingPrice::Fixed(price) => parse_price(price, &rules.currency),
            MissingPrice::Demo => Some(demo_price(&article, &rules.currency)),
        };
    }
    Ok(Draft { article, has_own_sku, has_price: given_price.is_some(), notes })
}

struct Reading<'a> {
    row: &'a Row,
    columns: &'a Columns,
    complaints: Vec<Complaint>,
    notes: Notes,
}

impl<'a> Reading<'a> {
    fn complain(&mut self, column: &str, what: &str, remedy: &str) {
        self.complaints.push(Complaint::new(what, remedy).at(self.row.line, column));
    }

    /// First of all, so that no other complaint repeats it. Codes may look like a card's number, and nothing looks like its stripe.
    fn card_data(&mut self) {
        for field in Field::ALL {
            let Some((text, column)) = self.columns.value(field, &self.row.fields) else { continue };
            let is_code = matches!(field, Field::Sku | Field::Gtin | Field::Code | Field::PackCode);
            if if is_code { is_stripe(text) } else { holds_card(text) } {
                self.complain(column, WHAT, REMEDY);
            }
        }
    }

    fn parsed<T>(&mut self, field: Field, remedy: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let (text, column) = self.columns.value(field, &self.row.fields)?;
        let parsed = parse(text);
        if parsed.is_none() {
            self.complain(column, &format!("{} is no {}", shown(text), field.name()), remedy);
        }
        parsed
    }

    fn name(&mut self) -> String {
        let text = self.columns.value(Field::Name, &self.row.fields).map_or("", |(text, _)| text);
        let name = self.cleaned(text);
        let cut: String = name.chars().take(NAME_CHARS_MAX).collect();
        self.notes.name_cut |= cut.len() < name.len();
        if cut.trim().is_empty() {
            self.complain(self.column_of(Field::Name), "it has no name", "give it one");
        }
        cut.trim().to_owned()
    }

    fn text(&mut self, field: Field) -> Option<String> {
        let (text, _) = self.columns.value(field, &self.row.fields)?;
        let text: String = self.cleaned(text).chars().take(TEXT_CHARS_MAX).collect();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Control characters and those that turn the direction of writing would reach paper and pages; they become spaces.
    fn cleaned(&mut self, text: &str) -> String {
        let is_bad = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        if !text.contains(is_bad) {
            return text.to_owned();
        }
        self.notes.controls_replaced = true;
        text.split(is_bad).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn tax_class(&mut self, rules: &RowRules) -> TaxClassId {
        let read = |text: &str| rules.tax_names.get(text).cloned().or_else(|| TaxClassId::new(text).ok());
        let remedy = "use letters, digits, '.', '_' or '-', or say what it is with --tax NAME=CLASS";
        self.parsed(Field::Tax, remedy, read).unwrap_or_else(|| rules.tax_class.clone())
    }

    /// What the file says. Zero counts as missing: exports write it where they know none.
    fn price(&mut self, rules: &RowRules) -> Option<Money> {
        let given = self.columns.value(Field::Price, &self.row.fields);
        let column = self.column_of(Field::Price);
        let parsed = given.map(|(text, _)| (text, parse_price(text, &rules.currency)));
        match parsed {
            None | Some((_, Some(Money::ZERO))) => {
                if rules.missing_price == MissingPrice::Reject {
                    self.complain(column, "it has no price", "give it one, or choose a rule with --missing-price");
                }
                None
            }
            Some((text, None)) => {
                let example = rules.currency.plain(Money::from_minor(199));
                let remedy =
                    format!("write it like {example}, in {} with at most {} decimals", rules.currency.code, rules.currency.exponent);
                self.complain(column, &format!("{} is no price", shown(text)), &remedy);
                None
            }
            Some((text, Some(price))) => {
                if price.is_negative() {
                    self.complain(column, &format!("the price {} is negative", shown(text)), "a price is above zero");
                } else if price > rules.price_max {
                    let what = format!("the price {} is above {}", shown(text), rules.currency.plain(rules.price_max));
                    self.complain(column, &what, "correct it, or allow it with --price-max");
                }
                Some(price)
            }
        }
    }

    fn column_of(&self, field: Field) -> &'a str {
        self.columns.all(field).next().map_or(field.name(), |index| self.columns.name(index))
    }

    /// The article's codes in order of columns: those of one unit, then packs. Each once.
    fn codes(&mut self) -> Vec<SaleCode> {
        let mut codes: Vec<SaleCode> = Vec::new();
        let mut add = |key: CodeKey, quantity: Qty| {
            if !codes.iter().any(|code| code.key == key) {
                codes.push(SaleCode { key, quantity });
            }
        };
        let (columns, row) = (self.columns, self.row);
        for index in columns.all(Field::Gtin) {
            for text in cells(&row.fields[index]) {
                if let Some(gtin) = self.gtin(text, columns.name(index)) {
                    add(CodeKey::Gtin(gtin), Qty::ONE);
                }
            }
        }
        for index in columns.all(Field::Code) {
            for text in cells(&row.fields[index]) {
                match CodeKey::read(text) {
                    Ok(key) => add(key, Qty::ONE),
                    Err(bad) => self.complain(columns.name(index), &bad.to_string(), "correct it, or leave the cell empty"),
                }
            }
        }
        let quantities: Vec<(&str, usize)> =
            columns.all(Field::PackQuantity).flat_map(|index| cells(&row.fields[index]).map(move |text| (text, index))).collect();
        let packs: Vec<(&str, usize)> =
            columns.all(Field::PackCode).flat_map(|index| cells(&row.fields[index]).map(move |text| (text, index))).collect();
        if packs.len() > quantities.len() || (packs.is_empty() && columns.has(Field::PackCode) && !quantities.is_empty()) {
            let what = format!("{} pack codes and {} pack quantities", packs.len(), quantities.len());
            self.complaints.push(Complaint::of_line(row.line, &what, "give each pack code the number of units it stands for"));
            return codes;
        }
        for ((text, code_index), (count, count_index)) in packs.into_iter().zip(quantities) {
            let quantity = Qty::parse(count).filter(|quantity| *quantity > Qty::ZERO && *quantity <= PACK_MAX);
            if quantity.is_none() {
                self.complain(columns.name(count_index), &format!("{} is no pack quantity", shown(count)), "write a number above zero");
            }
            if let (Some(gtin), Some(quantity)) = (self.gtin(text, columns.name(code_index)), quantity) {
                add(CodeKey::Gtin(gtin), quantity);
            }
        }
        if codes.len() > CODES_PER_ARTICLE_MAX {
            let what = format!("{} codes for one article", codes.len());
            self.complaints.push(Complaint::of_line(row.line, &what, "more than 200 are a mistake in the file"));
        }
        codes
    }

    /// Spreadsheets take leading zeros away: fewer digits are read as if they were there, when the check digit says so.
    fn gtin(&mut self, text: &str, column: &str) -> Option<Gtin> {
        let error = match Gtin::parse(text) {
            Ok(gtin) => return Some(gtin),
            Err(error) => error,
        };
        match &error {
            BadGtin::Length { digits: 6..=11, .. } => {
                if let Ok(gtin) = Gtin::parse(&format!("{text:0>14}")) {
                    self.notes.zeros_restored = true;
                    return Some(gtin);
                }
                self.complain(column, &error.to_string(), "look for lost leading zeros: format the column as text before exporting");
            }
            BadGtin::NotDigits { .. } if text.contains(['E', 'e']) && text.contains('+') => {
                let what = format!("{} is a number that a spreadsheet rounded", shown(text));
                self.complain(column, &what, "format the column as text and export again");
            }
            BadGtin::Length { .. } | BadGtin::NotDigits { .. } | BadGtin::CheckDigit { .. } | BadGtin::Zeros | BadGtin::NotUpcE { .. } => {
                self.complain(column, &error.to_string(), "correct it, or leave the cell empty");
            }
        }
        None
    }
}

/// Several codes in one cell are separated by '|'.
fn cells(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('|').map(str::trim).filter(|text| !text.is_empty())
}

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

fn parse_unit(text: &str) -> Option<Unit> {
    match text.to_lowercase().trim_end_matches('.') {
        "piece" | "pieces" | "pc" | "pcs" | "ea" | "each" | "st" | "stk" | "stück" => Some(Unit::Piece),
        "kg" | "kilogram" | "kilo" => Some(Unit::Kilogram),
        "l" | "litre" | "liter" => Some(Unit::Litre),
        "m" | "metre" | "meter" => Some(Unit::Metre),
        _ => None,
    }
}
