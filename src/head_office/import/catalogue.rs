//! A catalogue file, checked as a whole: read twice, so that nothing is stored before everything is known to be right, and so that memory
//! holds numbers and line numbers only, not articles.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::columns::{ColumnError, Columns, Field, Mapping};
use super::complaint::{Complaint, Tally};
use super::prices::MissingPrice;
use super::progress::{Phase, Watch};
use super::rows::{Draft, RowRules, read_row};
use super::table::{Table, TableError, TableOptions};
use crate::ids::Sku;
use crate::money::Qty;
use crate::sync::feed::{Article, CodeKey, SaleCode};

/// Told every so many rows.
const WATCH_EVERY: u64 = 1024;

/// What a catalogue file is to be taken for.
#[derive(Debug, Clone)]
pub struct CatalogueRules {
    pub table: TableOptions,
    pub mappings: Vec<Mapping>,
    pub rows: RowRules,
}

/// What was found in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogueReport {
    pub rows: u64,
    pub articles: u64,
    pub codes: u64,
    /// Codes that stand for more than one unit.
    pub packs: u64,
    /// Articles whose price the file did not say.
    pub without_price: u64,
    /// What is wrong. Nothing is imported unless this is empty.
    pub complaints: Tally<Complaint>,
    pub twins: Tally<Twin>,
    /// Lines in which characters were replaced, names cut, leading zeros of a code put back.
    pub controls_replaced: Tally<u64>,
    pub names_cut: Tally<u64>,
    pub zeros_restored: Tally<u64>,
}

/// A code on two lines. The first keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    pub code: String,
    pub first_line: u64,
    pub line: u64,
    /// The second line had nothing but this code to go by, so it was passed over as a whole.
    pub is_whole_line: bool,
}

impl std::fmt::Display for Twin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lost = if self.is_whole_line { "is left out" } else { "loses the code" };
        write!(f, "{} is on line {} already: line {} {lost}", self.code, self.first_line, self.line)
    }
}

/// Why a file cannot be checked to its end.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("{path}: {reason}")]
    Columns { path: PathBuf, reason: ColumnError },
    #[error("{path} changed while it was read: import it again")]
    Changed { path: PathBuf },
}

/// A file that was read once and is right.
#[derive(Debug)]
pub struct CheckedCatalogue {
    path: PathBuf,
    rules: CatalogueRules,
    owners: Owners,
    /// Codes of articles that have more than one line.
    more_codes: BTreeMap<Sku, Vec<SaleCode>>,
    pub report: CatalogueReport,
}

impl CheckedCatalogue {
    /// Reads the whole file. Every line that is wrong is in the report.
    pub fn read(path: &Path, rules: CatalogueRules, watch: &mut Watch<'_>) -> Result<CheckedCatalogue, CheckError> {
        let (mut table, columns) = open(path, &rules)?;
        let mut checked = CheckedCatalogue {
            path: path.to_owned(),
            rules,
            owners: Owners::default(),
            more_codes: BTreeMap::new(),
            report: CatalogueReport::default(),
        };
        while let Some(row) = table.next_row()? {
            checked.report.rows += 1;
            let rows = checked.report.rows;
            if rows.is_multiple_of(WATCH_EVERY) {
                let (done, all) = table.progress();
                watch(Phase::Checking, done, all, rows);
            }
            match row {
                Ok(row) => match read_row(&row, &columns, &checked.rules.rows) {
                    Ok(draft) => checked.take(row.line, draft),
                    Err(complaints) => complaints.into_iter().for_each(|complaint| checked.report.complaints.add(complaint)),
                },
                Err(complaint) => checked.report.complaints.add(complaint),
            }
        }
        Ok(checked)
    }

    /// The articles, in the file's order: reads it again. To be called on a file without complaints.
    pub fn articles<'a>(&'a self, watch: &'a mut Watch<'_>) -> Result<impl Iterator<Item = Result<Article, String>> + 'a, CheckError> {
        let (mut table, columns) = open(&self.path, &self.rules)?;
        let changed = || CheckError::Changed { path: self.path.clone() }.to_string();
        let (mut rows, mut articles) = (0, 0);
        Ok(std::iter::from_fn(move || {
            loop {
                let row = match table.next_row() {
                    Ok(Some(Ok(row))) => row,
                    Ok(Some(Err(_))) => return Some(Err(changed())),
                    Ok(None) if articles == self.report.articles => return None,
                    Ok(None) => return Some(Err(changed())),
                    Err(error) => return Some(Err(error.to_string())),
                };
                rows += 1;
                if rows % WATCH_EVERY == 0 {
                    let (done, all) = table.progress();
                    watch(Phase::Storing, done, all, rows);
                }
                let Ok(draft) = read_row(&row, &columns, &self.rules.rows) else { return Some(Err(changed())) };
                if let Some(article) = self.resolved(row.line, draft) {
                    articles += 1;
                    return Some(Ok(article));
                }
            }
        }))
    }

    /// Notes who has which code and number, and what is wrong between lines.
    fn take(&mut self, line: u64, draft: Draft) {
        let report = &mut self.report;
        let notes = draft.notes;
        let kinds = [
            (notes.controls_replaced, &mut report.controls_replaced),
            (notes.name_cut, &mut report.names_cut),
            (notes.zeros_restored, &mut report.zeros_restored),
        ];
        for (_, tally) in kinds.into_iter().filter(|(is_so, _)| *is_so) {
            tally.add(line);
        }
        let article = &draft.article;
        // Without a number of its own a line is what its first code says, and stands or falls with it.
        if !draft.has_own_sku
            && let Some((code, first_line)) = self.owners.first_taken(&article.codes)
        {
            return report.twins.add(Twin { code, first_line, line, is_whole_line: true });
        }
        let known = self.owners.claim_sku(&article.sku, line, fingerprint(article));
        if let Some((first_line, is_same)) = known {
            if !is_same {
                let what = format!("article {} is on line {first_line} already, and not the same there", article.sku);
                let remedy = "give it one name and price, or another number; further lines of an article may only add codes";
                return report.complaints.add(Complaint::of_line(line, &what, remedy));
            }
        } else {
            report.articles += 1;
            report.without_price += u64::from(!draft.has_price);
        }
        for code in &article.codes {
            // A repeated line of the same article may repeat its codes.
            let article_line = known.map_or(line, |(first_line, _)| first_line);
            match self.owners.claim_code(&code.key, article_line) {
                None => {
                    report.codes += 1;
                    report.packs += u64::from(code.quantity != Qty::ONE);
                    if known.is_some() {
                        self.more_codes.entry(article.sku.clone()).or_default().push(code.clone());
                    }
                }
                Some(first_line) if first_line == article_line => {}
                Some(first_line) => {
                    report.twins.add(Twin { code: code.key.short().to_owned(), first_line, line, is_whole_line: false });
                }
            }
        }
    }

    /// The article of a line as it is imported; `None` for a line that only adds to another, or is left out.
    fn resolved(&self, line: u64, draft: Draft) -> Option<Article> {
        let mut article = draft.article;
        if self.owners.line_of_sku(&article.sku) != Some(line) {
            return None;
        }
        article.codes.retain(|code| self.owners.line_of_code(&code.key) == Some(line));
        article.codes.extend(self.more_codes.get(&article.sku).into_iter().flatten().cloned());
        article.codes.sort_by(|a, b| a.key.cmp(&b.key));
        Some(article)
    }
}

fn open(path: &Path, rules: &CatalogueRules) -> Result<(Table, Columns), CheckError> {
    let table = Table::open(path, rules.table)?;
    let failed = |reason| CheckError::Columns { path: path.to_owned(), reason };
    let columns = Columns::find(table.columns(), &rules.mappings).map_err(failed)?;
    columns.require(&[Field::Name], "the name", "name=COLUMN").map_err(failed)?;
    columns.require(&[Field::Sku, Field::Gtin, Field::Code], "article number or code", "gtin=COLUMN").map_err(failed)?;
    if rules.rows.missing_price == MissingPrice::Reject {
        columns.require(&[Field::Price], "the price (or choose a rule with --missing-price)", "price=COLUMN").map_err(failed)?;
    }
    Ok((table, columns))
}

/// What must be the same on all lines of an article.
fn fingerprint(article: &Article) -> u64 {
    let mut hasher = DefaultHasher::new();
    let Article { sku: _, name, unit, tax_class, group, brand, price, codes: _, location, age_min } = article;
    (name, *unit as u8, tax_class, group, brand, price, location, age_min).hash(&mut hasher);
    hasher.finish()
}

/// Which line has which number and code. Numbers of digits take a few bytes each; a million articles some 60 MB.
#[derive(Debug, Default)]
struct Owners {
    gtins: HashMap<u64, u32>,
    texts: HashMap<Box<str>, u32>,
    skus: HashMap<Box<str>, (u32, u64)>,
}

impl Owners {
    /// The line that had the code before, if any; else it is this line's from now on.
    fn claim_code(&mut self, key: &CodeKey, line: u64) -> Option<u64> {
        let before = self.line_of_code(key);
        if before.is_none() {
            match key {
                CodeKey::Gtin(gtin) => self.gtins.insert(gtin.number(), line as u32),
                CodeKey::Text(text) => self.texts.insert(text.as_str().into(), line as u32),
            };
        }
        before
    }

    fn line_of_code(&self, key: &CodeKey) -> Option<u64> {
        match key {
            CodeKey::Gtin(gtin) => self.gtins.get(&gtin.number()),
            CodeKey::Text(text) => self.texts.get(text.as_str()),
        }
        .map(|line| u64::from(*line))
    }

    fn first_taken(&self, codes: &[SaleCode]) -> Option<(String, u64)> {
        codes.iter().find_map(|code| Some((code.key.short().to_owned(), self.line_of_code(&code.key)?)))
    }

    /// The line that had the number before, and whether it said the same.
    fn claim_sku(&mut self, sku: &Sku, line: u64, fingerprint: u64) -> Option<(u64, bool)> {
        if let Some((first_line, first)) = self.skus.get(sku.as_str()) {
            return Some((u64::from(*first_line), *first == fingerprint));
        }
        self.skus.insert(sku.as_str().into(), (line as u32, fingerprint));
        None
    }

    fn line_of_sku(&self, sku: &Sku) -> Option<u64> {
        self.skus.get(sku.as_str()).map(|(line, _)| u64::from(*line))
    }
}
