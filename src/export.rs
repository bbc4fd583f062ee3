//! `counterfoil journal export`: a business day out of a journal's folder. It stands outside of the journal's room because it reads
//! sales, and the journal knows none.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::export_stock;
use crate::journal::cli::walk_folder;
use crate::journal::record::tag;
use crate::money::{Currency, Money};
use crate::retail::{Event, TenderKind, TransactionKind, TransactionRecord};
use crate::time::{BusinessDate, rfc3339};

#[derive(Debug, Clone, Args)]
#[command(group(clap::ArgGroup::new("output").required(true).multiple(true).args(["json", "csv", "stock"])))]
pub struct ExportArgs {
    /// The journal's folder.
    pub folder: PathBuf,
    /// The business date, as 2026-11-22.
    #[arg(long)]
    pub date: BusinessDate,
    /// Where to write the day's records, byte for byte, one JSON line each.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Where to write the day's finished transactions as a table.
    #[arg(long)]
    pub csv: Option<PathBuf>,
    /// Where to write the day's counts, receipts of goods and adjustments as a table.
    #[arg(long)]
    pub stock: Option<PathBuf>,
}

/// What went out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub records: u64,
    pub transactions: u64,
    /// Rows of stock work.
    pub stock_rows: u64,
    /// Bad stretches that were passed over: the day may be incomplete.
    pub bad: Vec<String>,
}

/// Exit code 0: all of it; 1: written, but the journal is damaged; 2: not written.
pub fn run(args: &ExportArgs) -> ExitCode {
    match export(args) {
        Ok(exported) => {
            println!("{} records, {} transactions of {}", exported.records, exported.transactions, args.date);
            for bad in &exported.bad {
                eprintln!("counterfoil journal: passed over: {bad}");
            }
            ExitCode::from(u8::from(!exported.bad.is_empty()))
        }
        Err(error) => {
            eprintln!("counterfoil journal: the export of {} failed: {error}", args.folder.display());
            ExitCode::from(2)
        }
    }
}

pub fn export(args: &ExportArgs) -> io::Result<Exported> {
    let mut exported = Exported::default();
    let mut json = args.json.as_deref().map(create).transpose()?;
    let mut csv = args.csv.as_deref().map(create).transpose()?.map(csv::Writer::from_writer);
    if let Some(csv) = &mut csv {
        csv.write_record(COLUMNS)?;
    }
    let mut stock = args.stock.as_deref().map(create).transpose()?.map(csv::Writer::from_writer);
    if let Some(stock) = &mut stock {
        stock.write_record(export_stock::COLUMNS)?;
    }
    walk_folder(&args.folder, &mut |step| {
        let record = match step {
            Ok(record) if record.date == Some(args.date) => record,
            Ok(_) => return Ok(()),
            Err(bad) => {
                exported.bad.push(bad);
                return Ok(());
            }
        };
        exported.records += 1;
        if let Some(json) = &mut json {
            json.write_all(&record.line)?;
        }
        for event in &record.events {
            if let Some(stock) = &mut stock {
                exported.stock_rows += export_stock::write(stock, record.seq, event.get())?;
            }
            if let Some(transaction) = finished(event.get())? {
                exported.transactions += 1;
                if let Some(csv) = &mut csv {
                    write_transaction(csv, record.seq, &transaction)?;
                }
            }
        }
        Ok(())
    })?;
    if let Some(json) = &mut json {
        json.flush()?;
    }
    for table in [&mut csv, &mut stock].into_iter().flatten() {
        table.flush()?;
    }
    Ok(exported)
}

/// One row per line, tax, tender, rounding and change of each transaction; `row` says which. Amounts are decimals of the currency.
const COLUMNS: [&str; 17] = [
    "seq",
    "number",
    "kind",
    "training",
    "at",
    "workstation",
    "staff",
    "currency",
    "row",
    "line",
    "sku",
    "gtin",
    "name",
    "quantity",
    "unit_price",
    "amount",
    "tax_class",
];

pub type Table = csv::Writer<BufWriter<File>>;

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    File::create(path).map(BufWriter::new).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn finished(event: &str) -> io::Result<Option<Box<TransactionRecord>>> {
    if !matches!(tag(event), Some("transaction_completed.1" | "transaction_voided.1")) {
        return Ok(None);
    }
    match serde_json::from_str(event)? {
        Event::TransactionCompleted { record } | Event::TransactionVoided { record } => Ok(Some(record)),
        _ => Ok(None),
    }
}

fn write_transaction(csv: &mut Table, seq: u64, transaction: &TransactionRecord) -> io::Result<()> {
    let currency = Currency::from_code(&transaction.currency)
        .ok_or_else(|| io::Error::other(format!("record {seq}: the currency {:?} is not known", transaction.currency)))?;
    let amount = |money: Money| currency.plain(money);
    let kind = match transaction.kind {
        TransactionKind::Sale => "sale",
        TransactionKind::Void => "void",
        TransactionKind::Return => "return",
        TransactionKind::PostVoid => "post_void",
    };
    let mut row = |row: &str, fields: [String; 8]| {
        let head = [
            seq.to_string(),
            transaction.number.to_string(),
            kind.to_owned(),
            transaction.training.to_string(),
            rfc3339(transaction.at.ms),
            transaction.workstation.to_string(),
            transaction.staff.as_ref().map(ToString::to_string).unwrap_or_default(),
            transaction.currency.clone(),
            row.to_owned(),
        ];
        csv.write_record(head.iter().chain(&fields))
    };
    let none = String::new;
    for line in &transaction.lines {
        let gtin = line.gtin.clone().unwrap_or_default();
        let (quantity, price) = (line.quantity.plain(), amount(line.unit_price));
        let fields = [
            line.line.to_string(),
            plain_text(line.sku.as_str()),
            plain_text(&gtin),
            plain_text(&line.name),
            quantity,
            price,
            amount(line.extended),
            line.tax_class.to_string(),
        ];
        row("line", fields)?;
    }
    for tax in &transaction.taxes {
        row("tax", [none(), none(), none(), plain_text(&tax.label), none(), none(), amount(tax.tax), tax.class.to_string()])?;
    }
    for tender in &transaction.tenders {
        let name = match tender.kind {
            TenderKind::Cash => "cash",
            TenderKind::Card => "card",
        };
        row("tender", [none(), none(), none(), name.to_owned(), none(), none(), amount(tender.amount), none()])?;
    }
    for (name, money) in [("rounding", transaction.rounding), ("change", transaction.change)] {
        if !money.is_zero() {
            row(name, [none(), none(), none(), none(), none(), none(), amount(money), none()])?;
        }
    }
    Ok(())
}

/// A spreadsheet takes a cell that begins like this for a formula; the quote makes it text again. The JSON lines stay as stored.
pub fn plain_text(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
