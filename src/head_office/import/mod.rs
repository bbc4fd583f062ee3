//! `counterfoil import catalogue|stock`: from a file to the next version of a feed, all of it or nothing.
//!
//! Reading order: [`table`] makes checked text of bytes, [`columns`] says what the columns mean, [`rows`] makes articles of rows, [`catalogue`] and
//! [`stock`] check a file as a whole. Here: what can be typed, and the way into head office's database.

pub mod catalogue;
pub mod columns;
pub mod complaint;
pub mod price_book;
pub mod prices;
pub mod progress;
pub mod recalls;
pub mod rows;
pub mod sheet;
pub mod staff;
pub mod stock;
pub mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::head_office::db::{self, Connection};

use super::access::cli::note_command;
use super::feeds::{self, PublishError, Published};
use super::storage::{self, Folders, StorageError};
use crate::ids::{StoreId, TaxClassId};
use crate::money::Currency;
use crate::node::config::ConfigError;
use crate::process;
use crate::retail::Feed;
use crate::retail::pricing::PriceEntry;
use crate::sync::feed::Article;
use crate::time::{Clock, Stamp, SystemClock};

use catalogue::{CatalogueReport, CatalogueRules, CheckError, CheckedCatalogue};
use columns::Mapping;
use complaint::{Complaint, SHOWN_MAX, Tally, grouped};
use price_book::PriceComplaint;
use prices::{MissingPrice, parse_price};
use progress::{Phase, ProgressBar, Watch};
use rows::RowRules;
use stock::{CheckedStock, KnownArticles, StockReport, StockRules};
use table::{Delimiter, Encoding, TableOptions};

/// Brings articles, prices and stock into head office; nodes fetch them from there.
#[derive(Debug, clap::Subcommand)]
pub enum Import {
    /// Articles with their codes and prices: the file becomes the whole assortment.
    Catalogue(CatalogueArgs),
    /// What is on the shelves now: one baseline per store and article, once.
    Stock(StockArgs),
    /// Price lists and promotions (TOML or JSON): the file becomes all that is in force. Checked as a whole first.
    Prices(PricesArgs),
    /// People: id, name, language, role, rights, discount_max, stores, badge, pin. Those in the file are added or changed, others stay.
    Staff(StaffArgs),
    /// Product recalls: id, reason, gtin, batches, serial_from, serial_to, date_from, date_to, unmarked. The file becomes the whole list.
    Recalls(RecallsArgs),
}

/// Where head office is, and how to read the file.
#[derive(Debug, clap::Args)]
pub struct FileArgs {
    /// CSV or TSV with a header, plain or compressed with zstd.
    pub file: PathBuf,
    /// Head office's data folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "config", required_unless_present = "config")]
    pub data_dir: Option<PathBuf>,
    /// Head office's configuration file, instead of --data-dir.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which column is what, where its name does not say it: gtin=EAN,name=Bezeichnung,price=VK.
    #[arg(long = "map", value_name = "FIELD=COLUMN", value_delimiter = ',')]
    pub mappings: Vec<Mapping>,
    /// Found out from the first line when not given.
    #[arg(long, value_enum)]
    pub delimiter: Option<Delimiter>,
    #[arg(long, value_enum, default_value_t = Encoding::Utf8)]
    pub encoding: Encoding,
    /// Checks the file and says what would happen; stores nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub struct CatalogueArgs {
    #[command(flatten)]
    pub from: FileArgs,
    /// Currency of the prices (ISO 4217); head office's own when a configuration is given.
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// What an article without a price gets: reject (the line is wrong), unpriced (the till says "no price"), fixed=1.99, or
    /// demo (made up from its number, for trials).
    #[arg(long, value_name = "RULE", default_value = "reject")]
    pub missing_price: MissingPrice,
    /// A higher price is a typing error.
    #[arg(long, value_name = "PRICE", default_value = "100000")]
    pub price_max: String,
    /// Tax class of articles that name none.
    #[arg(long, value_name = "CLASS", default_value = "A")]
    pub tax_class: TaxClassId,
    /// What the file calls a tax class: --tax 19=A,7=B.
    #[arg(long = "tax", value_name = "NAME=CLASS", value_delimiter = ',', value_parser = parse_tax)]
    pub taxes: Vec<(String, TaxClassId)>,
}

#[derive(Debug, clap::Args)]
pub struct StockArgs {
    #[command(flatten)]
    pub from: FileArgs,
    /// For a file without a column for the store.
    #[arg(long, value_name = "STORE")]
    pub store: Option<StoreId>,
}

#[derive(Debug, clap::Args)]
pub struct PricesArgs {
    /// TOML, or the same as JSON when its name ends in .json. docs/PROMOTIONS.md describes it.
    pub file: PathBuf,
    /// Head office's data folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "config", required_unless_present = "config")]
    pub data_dir: Option<PathBuf>,
    /// Head office's configuration file, instead of --data-dir.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Currency of the amounts (ISO 4217); head office's own when a configuration is given.
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// Checks the file and says what would happen; stores nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub struct StaffArgs {
    /// CSV with a header.
    pub file: PathBuf,
    /// Head office's data folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "config", required_unless_present = "config")]
    pub data_dir: Option<PathBuf>,
    /// Head office's configuration file, instead of --data-dir.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Checks the file; stores nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub struct RecallsArgs {
    /// CSV with a header.
    pub file: PathBuf,
    /// Head office's data folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "config", required_unless_present = "config")]
    pub data_dir: Option<PathBuf>,
    /// Head office's configuration file, instead of --data-dir.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Checks the file; stores nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Why nothing was imported. What was in force stays in force.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{code:?} is no currency we know: use its ISO 4217 code, like EUR")]
    Currency { code: String },
    #[error("{option} {text:?} is no price in {currency}: write it like 1.99")]
    Price { option: &'static str, text: String, currency: String },
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error("{path}: {} of {} lines are wrong, nothing was imported:\n{}", grouped(complaints.count), grouped(*rows), listed(complaints))]
    Complaints { path: PathBuf, rows: u64, complaints: Tally<Complaint> },
    #[error("{path} cannot be read: {reason}")]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("{path}: {} thing(s) are wrong, nothing was imported:\n{}", complaints.len(), listed_prices(complaints))]
    Prices { path: PathBuf, complaints: Vec<PriceComplaint> },
    #[error("{path}: something is wrong in its {rows} rows, nothing was imported:\n{faults}")]
    Staff { path: PathBuf, rows: usize, faults: String },
    #[error("{path}: something is wrong, nothing was imported:\n{faults}")]
    Recalls { path: PathBuf, faults: String },
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl From<db::Error> for ImportError {
    fn from(error: db::Error) -> ImportError {
        ImportError::Publish(PublishError::Database(error))
    }
}

/// Does what was typed, with a progress bar on a terminal and a summary on standard output.
pub fn run(arguments: &Import) -> ExitCode {
    let started = Instant::now();
    let now = SystemClock::new().now();
    let mut bar = ProgressBar::on_stderr();
    let mut watch = |phase: Phase, done: u64, all: u64, rows: u64| bar.step(phase, done, all, rows);
    let summary = match arguments {
        Import::Catalogue(args) => args.run(now, &mut watch).map(|outcome| outcome.to_string()),
        Import::Stock(args) => args.run(now, &mut watch).map(|outcome| outcome.to_string()),
        Import::Prices(args) => args.run(now).map(|outcome| outcome.to_string()),
        Import::Staff(args) => args.run(now),
        Import::Recalls(args) => args.run(now),
    };
    bar.end();
    match summary {
        Ok(summary) => {
            println!("{summary}{}", took(started.elapsed()));
            ExitCode::SUCCESS
        }
        Err(reason) => process::fail(&reason, reason.exit_code()),
    }
}

impl ImportError {
    fn exit_code(&self) -> u8 {
        match self {
            ImportError::Config(_) | ImportError::Currency { .. } | ImportError::Price { .. } => process::EXIT_CONFIG,
            ImportError::Check(_)
            | ImportError::Complaints { .. }
            | ImportError::Staff { .. }
            | ImportError::Recalls { .. }
            | ImportError::Prices { .. }
            | ImportError::Unreadable { .. } => process::EXIT_DATA,
            ImportError::Storage(_) | ImportError::Publish(_) => process::EXIT_UNAVAILABLE,
        }
    }
}

impl CatalogueArgs {
    fn run(&self, now: Stamp, watch: &mut Watch<'_>) -> Result<CatalogueOutcome, ImportError> {
        let (folders, own_currency) = self.from.head_office()?;
        let code = self.currency.clone().or(own_currency).unwrap_or_else(|| "EUR".to_owned());
        let currency = Currency::from_code(&code).ok_or(ImportError::Currency { code })?;
        let price = |option, text: &str| {
            let wrong = || ImportError::Price { option, text: text.to_owned(), currency: currency.code.clone() };
            parse_price(text, &currency).filter(|price| price.minor() > 0).ok_or_else(wrong)
        };
        if let MissingPrice::Fixed(text) = &self.missing_price {
            price("--missing-price", text)?;
        }
        let rules = CatalogueRules {
            table: self.from.table(),
            mappings: self.from.mappings.clone(),
            rows: RowRules {
                missing_price: self.missing_price.clone(),
                price_max: price("--price-max", &self.price_max)?,
                tax_class: self.tax_class.clone(),
                tax_names: self.taxes.iter().cloned().collect(),
                currency,
            },
        };
        import_catalogue(&folders, &self.from.file, rules, self.from.dry_run, now, watch)
    }
}

impl StockArgs {
    fn run(&self, now: Stamp, watch: &mut Watch<'_>) -> Result<StockOutcome, ImportError> {
        let (folders, _) = self.from.head_office()?;
        let rules = StockRules { table: self.from.table(), mappings: self.from.mappings.clone(), store: self.store.clone() };
        import_stock(&folders, &self.from.file, &rules, self.from.dry_run, now, watch)
    }
}

impl PricesArgs {
    fn run(&self, now: Stamp) -> Result<PricesOutcome, ImportError> {
        let (folders, own_currency) = head_office(self.config.as_deref(), self.data_dir.as_deref())?;
        let code = self.currency.clone().or(own_currency).unwrap_or_else(|| "EUR".to_owned());
        let currency = Currency::from_code(&code).ok_or(ImportError::Currency { code })?;
        let text = std::fs::read_to_string(&self.file).map_err(|reason| ImportError::Unreadable { path: self.file.clone(), reason })?;
        let json = self.file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let connection = storage::open(&folders)?;
        let transaction = connection.begin()?;
        let entries = check_prices(&transaction, &self.file, &text, json, &currency)?;
        let count = entries.len();
        if self.dry_run {
            return Ok(PricesOutcome { count, published: None });
        }
        let published = publish_prices(&transaction, &folders, &entries, now)?;
        note_import(&transaction, &folders, "prices", "", now)?;
        transaction.commit()?;
        Ok(PricesOutcome { count, published: Some(published) })
    }
}

/// What an import of prices did.
#[derive(Debug)]
pub struct PricesOutcome {
    pub count: usize,
    /// `None`: a dry run.
    pub published: Option<Published>,
}

impl fmt::Display for PricesOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} price lists and promotions, all in order", self.count)?;
        match &self.published {
            None => writeln!(f, "dry run: nothing was stored"),
            Some(Published { version, file: None, .. }) => writeln!(f, "nothing differs from version {version}, which stays in force"),
            Some(Published { version, added, changed, removed, file: Some(_), .. }) => {
                writeln!(f, "version {version}: {added} new, {changed} changed, {removed} gone; stores switch to it as a whole")
            }
        }
    }
}

/// Checks a file against head office's assortment.
pub fn check_prices(
    connection: &Connection,
    path: &Path,
    text: &str,
    json: bool,
    currency: &Currency,
) -> Result<Vec<PriceEntry>, ImportError> {
    let mut known = price_book::Assortment::default();
    let mut statement = connection.prepare_cached("SELECT article FROM articles")?;
    let mut rows = statement.stream([])?;
    while let Some(row) = rows.next()? {
        let json: String = row.get(0)?;
        let article: Article = serde_json::from_str(&json).map_err(|e| PublishError::Source(e.to_string()))?;
        known.articles.insert(article.sku, (article.group, article.price));
    }
    price_book::read(text, json, currency, &known).map_err(|complaints| ImportError::Prices { path: path.to_owned(), complaints })
}

/// What a file changed stands in the log of acts, in the same transaction.
fn note_import(connection: &Connection, folders: &Folders, what: &str, store: &str, now: Stamp) -> Result<(), ImportError> {
    Ok(note_command(connection, folders, (&format!("import {what}"), "", store), now.ms)?)
}

/// Puts checked entries in force everywhere, as one version. Inside the caller's transaction.
pub fn publish_prices(connection: &Connection, folders: &Folders, entries: &[PriceEntry], now: Stamp) -> Result<Published, PublishError> {
    let mut by_key = BTreeMap::new();
    for entry in entries {
        let key = match entry {
            PriceEntry::List(list) => format!("list/{}", list.id),
            PriceEntry::Promotion(promotion) => format!("promotion/{}", promotion.id),
            PriceEntry::MemberCards(start) => format!("member-cards/{start}"),
        };
        by_key.insert(key, serde_json::to_value(entry).map_err(|e| PublishError::Source(e.to_string()))?);
    }
    feeds::publish_book(connection, folders, Feed::Prices, None, &by_key, now)
}

fn listed_prices(complaints: &[PriceComplaint]) -> String {
    let mut lines: Vec<String> = complaints.iter().take(SHOWN_MAX).map(|complaint| format!("  {complaint}")).collect();
    if complaints.len() > SHOWN_MAX {
        lines.push(format!("  and {} more", complaints.len() - SHOWN_MAX));
    }
    lines.join("\n")
}

impl StaffArgs {
    fn run(&self, now: Stamp) -> Result<String, ImportError> {
        let (folders, _) = head_office(self.config.as_deref(), self.data_dir.as_deref())?;
        let (people, stores) = staff::import(&folders, &self.file, self.dry_run, now)?;
        Ok(match self.dry_run {
            true => format!("{people} people; dry run: nothing was stored\n"),
            false => format!("{people} people; {stores} stores fetch a new list\n"),
        })
    }
}

impl RecallsArgs {
    fn run(&self, now: Stamp) -> Result<String, ImportError> {
        let (folders, _) = head_office(self.config.as_deref(), self.data_dir.as_deref())?;
        let (count, published) = recalls::import(&folders, &self.file, self.dry_run, now)?;
        Ok(match published {
            None => format!("{count} recalls; dry run: nothing was stored\n"),
            Some(Published { version, file: None, .. }) => format!("{count} recalls; nothing differs from version {version}\n"),
            Some(Published { version, .. }) => format!("{count} recalls; version {version}: shops fetch it within seconds of a line\n"),
        })
    }
}

/// The folders, and the currency when a configuration names it.
fn head_office(config: Option<&Path>, data_dir: Option<&Path>) -> Result<(Folders, Option<String>), ImportError> {
    match (config, data_dir) {
        (Some(path), _) => {
            let config = super::config::load(path)?;
            Ok((Folders::of(&config), Some(config.currency.code)))
        }
        (None, Some(folder)) => Ok((Folders::new(folder), None)),
        (None, None) => unreachable!("one of the two is required"),
    }
}

impl FileArgs {
    fn head_office(&self) -> Result<(Folders, Option<String>), ImportError> {
        head_office(self.config.as_deref(), self.data_dir.as_deref())
    }

    fn table(&self) -> TableOptions {
        TableOptions { delimiter: self.delimiter, encoding: self.encoding }
    }
}

/// What an import of a catalogue did.
#[derive(Debug)]
pub struct CatalogueOutcome {
    pub report: CatalogueReport,
    pub missing_price: MissingPrice,
    /// `None`: a dry run.
    pub published: Option<Published>,
}

/// What an import of stock did.
#[derive(Debug)]
pub struct StockOutcome {
    pub report: StockReport,
    /// Empty: a dry run. Lines per store otherwise.
    pub published: Vec<(StoreId, Published)>,
    pub is_dry_run: bool,
}

/// Makes a file the assortment. A dry run checks it and touches nothing.
pub fn import_catalogue(
    folders: &Folders,
    file: &Path,
    rules: CatalogueRules,
    is_dry_run: bool,
    now: Stamp,
    watch: &mut Watch<'_>,
) -> Result<CatalogueOutcome, ImportError> {
    let (missing_price, currency) = (rules.rows.missing_price.clone(), rules.rows.currency.clone());
    let checked = CheckedCatalogue::read(file, rules, watch)?;
    let report = checked.report.clone();
    refuse_complaints(file, report.rows, &report.complaints)?;
    if is_dry_run {
        return Ok(CatalogueOutcome { report, missing_price, published: None });
    }
    let connection = storage::open(folders)?;
    feeds::stage_articles(&connection, checked.articles(watch)?)?;
    watch(Phase::Publishing, 1, 1, report.rows);
    let transaction = connection.begin()?;
    let published = feeds::publish_catalogue(&transaction, folders, &currency, now)?;
    note_import(&transaction, folders, "catalogue", "", now)?;
    transaction.commit()?;
    Ok(CatalogueOutcome { report, missing_price, published: Some(published) })
}

/// Makes a file the stock baseline of the stores it names.
pub fn import_stock(
    folders: &Folders,
    file: &Path,
    rules: &StockRules,
    is_dry_run: bool,
    now: Stamp,
    watch: &mut Watch<'_>,
) -> Result<StockOutcome, ImportError> {
    let known = known_articles(&storage::open_reader(folders)?)?;
    let checked = CheckedStock::read(file, rules, &known, watch)?;
    drop(known);
    refuse_complaints(file, checked.report.rows, &checked.report.complaints)?;
    let mut outcome = StockOutcome { report: checked.report, published: Vec::new(), is_dry_run };
    if is_dry_run {
        return Ok(outcome);
    }
    let connection = storage::open(folders)?;
    let transaction = connection.begin()?;
    for (store, lines) in checked.stores {
        watch(Phase::Publishing, 1, 1, outcome.report.rows);
        feeds::stage_stock(&transaction, lines.into_iter().map(Ok))?;
        let published = feeds::publish_stock(&transaction, folders, &store, now)?;
        note_import(&transaction, folders, "stock", store.as_str(), now)?;
        outcome.published.push((store, published));
    }
    transaction.commit()?;
    Ok(outcome)
}

fn known_articles(connection: &Connection) -> Result<KnownArticles, ImportError> {
    let mut known = KnownArticles::default();
    let mut statement = connection.prepare_cached("SELECT article FROM articles")?;
    let mut rows = statement.stream([])?;
    while let Some(row) = rows.next()? {
        let json: String = row.get(0)?;
        let article: Article = serde_json::from_str(&json).map_err(|e| PublishError::Source(e.to_string()))?;
        known.add(&article);
    }
    Ok(known)
}

fn refuse_complaints(path: &Path, rows: u64, complaints: &Tally<Complaint>) -> Result<(), ImportError> {
    if complaints.is_empty() {
        return Ok(());
    }
    Err(ImportError::Complaints { path: path.to_owned(), rows, complaints: complaints.clone() })
}

fn listed(complaints: &Tally<Complaint>) -> String {
    let mut lines: Vec<String> = complaints.first.iter().map(|complaint| format!("  {complaint}")).collect();
    if complaints.count > SHOWN_MAX as u64 {
        lines.push(format!("  and {} more", grouped(complaints.count - SHOWN_MAX as u64)));
    }
    lines.join("\n")
}

impl fmt::Display for CatalogueOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.report;
        let n = |count: u64| grouped(count);
        writeln!(
            f,
            "{} rows: {} articles with {} codes, {} of them packs",
            n(report.rows),
            n(report.articles),
            n(report.codes),
            n(report.packs)
        )?;
        if report.without_price > 0 {
            let rule = match &self.missing_price {
                MissingPrice::Reject | MissingPrice::Unpriced => "the till will refuse to sell them".to_owned(),
                MissingPrice::Fixed(price) => format!("each got {price}"),
                MissingPrice::Demo => "each got one that is made up".to_owned(),
            };
            writeln!(f, "{} articles had no price: {rule}", n(report.without_price))?;
        }
        if !report.twins.is_empty() {
            writeln!(f, "{} codes were there twice; the first line keeps a code:", n(report.twins.count))?;
            report.twins.first.iter().take(5).try_for_each(|twin| writeln!(f, "  {twin}"))?;
        }
        let mended = [
            (&report.controls_replaced, "control characters became spaces"),
            (&report.names_cut, "names were cut to 200 characters"),
            (&report.zeros_restored, "leading zeros of a code were put back"),
        ];
        for (lines, what) in mended.into_iter().filter(|(lines, _)| !lines.is_empty()) {
            writeln!(f, "{what} on {} {}", if lines.count == 1 { "line" } else { "lines" }, lines.places())?;
        }
        match &self.published {
            None => writeln!(f, "dry run: nothing was stored"),
            Some(Published { version, file: None, .. }) => writeln!(f, "nothing differs from version {version}, which stays in force"),
            Some(Published { version, added, changed, removed, file: Some(file), .. }) => {
                let (added, changed, removed) = (n(*added), n(*changed), n(*removed));
                writeln!(
                    f,
                    "version {version}: {added} articles new, {changed} changed, {removed} gone; nodes fetch {} bytes",
                    n(file.bytes)
                )
            }
        }
    }
}

impl fmt::Display for StockOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rows", grouped(self.report.rows))?;
        for (store, published) in &self.published {
            let (added, kept) = (grouped(published.added), grouped(published.kept));
            writeln!(f, "{store}: {added} articles have their baseline from now on; {kept} had one before and keep it")?;
        }
        if self.is_dry_run { writeln!(f, "dry run: nothing was stored") } else { Ok(()) }
    }
}

fn took(time: Duration) -> String {
    format!("took {}.{} s", time.as_secs(), time.subsec_millis() / 100)
}

fn parse_tax(text: &str) -> Result<(String, TaxClassId), String> {
    let (name, class) = text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=CLASS, for example 19=A"))?;
    Ok((name.trim().to_owned(), TaxClassId::new(class.trim()).map_err(|e| e.to_string())?))
}
