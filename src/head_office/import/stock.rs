//! A stock file: store, article (by its number or any of its codes), quantity. Checked as a whole before anything is stored.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::catalogue::CheckError;
use super::columns::{Columns, Field, Mapping};
use super::complaint::{Complaint, Tally};
use super::progress::{Phase, Watch};
use super::table::{Row, Table, TableOptions};
use crate::ids::{Sku, StoreId};
use crate::money::Qty;
use crate::sync::feed::{Article, CodeKey};

const WATCH_EVERY: u64 = 1024;
/// More of one article in one store is a typing error.
const QUANTITY_MAX: Qty = Qty::pieces(10_000_000);

/// What a stock file is to be taken for.
#[derive(Debug, Clone, Default)]
pub struct StockRules {
    pub table: TableOptions,
    pub mappings: Vec<Mapping>,
    /// For a file without a column for it.
    pub store: Option<StoreId>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockReport {
    pub rows: u64,
    pub complaints: Tally<Complaint>,
}

/// Everything of a stock file, by store.
#[derive(Debug, Default)]
pub struct CheckedStock {
    pub stores: BTreeMap<StoreId, BTreeMap<Sku, Qty>>,
    pub report: StockReport,
}

/// The articles that stock may name.
#[derive(Default)]
pub struct KnownArticles {
    /// Number of the article among `skus`, and units one code stands for.
    codes: HashMap<CodeKey, (u32, Qty)>,
    numbers: HashMap<Sku, u32>,
    skus: Vec<Sku>,
}

impl KnownArticles {
    pub fn add(&mut self, article: &Article) {
        let number = self.skus.len() as u32;
        self.codes.extend(article.codes.iter().map(|code| (code.key.clone(), (number, code.quantity))));
        self.numbers.insert(article.sku.clone(), number);
        self.skus.push(article.sku.clone());
    }

    /// By number, else by code: then with the units the code stands for.
    fn find(&self, text: &str) -> Option<(&Sku, Qty)> {
        let by_number = Sku::new(text).ok().and_then(|sku| self.numbers.get(&sku)).map(|number| (*number, Qty::ONE));
        let by_code = || CodeKey::read(text).ok().and_then(|key| self.codes.get(&key).copied());
        let (number, quantity) = by_number.or_else(by_code)?;
        Some((&self.skus[number as usize], quantity))
    }
}

impl CheckedStock {
    pub fn read(path: &Path, rules: &StockRules, known: &KnownArticles, watch: &mut Watch<'_>) -> Result<CheckedStock, CheckError> {
        let mut table = Table::open(path, rules.table)?;
        let failed = |reason| CheckError::Columns { path: path.to_owned(), reason };
        let columns = Columns::find(table.columns(), &rules.mappings).map_err(failed)?;
        if rules.store.is_none() {
            columns.require(&[Field::Store], "the store (or say --store)", "store=COLUMN").map_err(failed)?;
        }
        columns.require(&ARTICLE_FIELDS, "the article", "sku=COLUMN").map_err(failed)?;
        columns.require(&[Field::Quantity], "the quantity", "quantity=COLUMN").map_err(failed)?;
        let mut checked = CheckedStock::default();
        let mut lines: HashMap<(StoreId, Sku), u64> = HashMap::new();
        while let Some(row) = table.next_row()? {
            checked.report.rows += 1;
            if checked.report.rows.is_multiple_of(WATCH_EVERY) {
                let (done, all) = table.progress();
                watch(Phase::Checking, done, all, checked.report.rows);
            }
            let read = row.and_then(|row| Ok((row.line, read_row(&row, &columns, rules, known)?)));
            match read {
                Ok((line, (store, sku, quantity))) => {
                    if let Some(first_line) = lines.insert((store.clone(), sku.clone()), line) {
                        let what = format!("article {sku} in store {store} is on line {first_line} already");
                        checked.report.complaints.add(Complaint::of_line(line, &what, "leave one line per store and article"));
                        continue;
                    }
                    checked.stores.entry(store).or_default().insert(sku, quantity);
                }
                Err(complaint) => checked.report.complaints.add(complaint),
            }
        }
        Ok(checked)
    }
}

const ARTICLE_FIELDS: [Field; 3] = [Field::Sku, Field::Gtin, Field::Code];

fn read_row(row: &Row, columns: &Columns, rules: &StockRules, known: &KnownArticles) -> Result<(StoreId, Sku, Qty), Complaint> {
    let missing = |what: &str| Complaint::of_line(row.line, &format!("it names no {what}"), "fill the cell, or leave the line out");
    let store = match (columns.value(Field::Store, &row.fields), &rules.store) {
        (Some((text, column)), _) => {
            let bad = |_| Complaint::new(&format!("{text:?} is no store"), "use A-Z a-z 0-9 . _ -, at most 32").at(row.line, column);
            StoreId::new(text).map_err(bad)?
        }
        (None, Some(store)) => store.clone(),
        (None, None) => return Err(missing("store")),
    };
    let named = ARTICLE_FIELDS.into_iter().find_map(|field| columns.value(field, &row.fields));
    let (text, column) = named.ok_or_else(|| missing("article"))?;
    let unknown = || {
        Complaint::new(&format!("no article has the number or code {text:?}"), "import the catalogue first, or correct it")
            .at(row.line, column)
    };
    let (sku, units) = known.find(text).ok_or_else(unknown)?;
    let (text, column) = columns.value(Field::Quantity, &row.fields).ok_or_else(|| missing("quantity"))?;
    let bad = |remedy: &str| Complaint::new(&format!("{text:?} is no quantity"), remedy).at(row.line, column);
    let count = Qty::parse(text).ok_or_else(|| bad("write a number with at most three decimals, like 12 or 0.250"))?;
    let quantity = count.thousandths().checked_mul(units.thousandths()).map(|product| Qty::from_thousandths(product / 1000));
    let within = |quantity: &Qty| quantity.thousandths().abs() <= QUANTITY_MAX.thousandths();
    let quantity = quantity.filter(within).ok_or_else(|| bad("more than ten million of one article is a mistake"))?;
    Ok((store, sku.clone(), quantity))
}
