//! A store's business day, journal against sum: each transaction as its record has it beside what was counted of it, then what the core's own
//! fold of the records comes to beside each sum. To the cent and the unit; whatever differs is named.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fold::{self, Fold, Found};
use crate::head_office::db::{self, Connection, params};
use crate::head_office::figures::counting::{self, Sums};
use crate::head_office::projection::{kind_name, tender_name, wrong_sum};
use crate::money::Qty;
use crate::retail::day::Totals;
use crate::retail::{TenderKind, TransactionKind};

/// Differences that are kept with their names. Beyond it they are counted.
pub const DIFFERENCES_MAX: usize = 200;

/// One thing that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Difference {
    /// The record; absent of a sum of which every record agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Place>,
    /// What differs: "total", "line 2, quantity", "sum: cash".
    pub what: String,
    /// By the journal's bytes. Absent: the journal has no such thing.
    pub journal: Option<i64>,
    /// As head office counts. Absent: it was not counted.
    pub counted: Option<i64>,
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RecordPlace)]
pub struct Place {
    pub node: i64,
    pub branch: i64,
    pub seq: u64,
    pub event: usize,
    /// Of the receipt.
    pub number: String,
}

/// What a reconciliation found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In the journals, voids and practice included.
    pub transactions: u64,
    /// Of those, on the list of exceptions already and therefore in no sum.
    pub excepted: u64,
    /// As it was counted when it was compared.
    pub counted: u64,
    pub differences: Vec<Difference>,
    /// Those beyond [`DIFFERENCES_MAX`] included.
    pub difference_count: u64,
}

impl Outcome {
    fn differ(&mut self, record: Option<Place>, what: impl Into<String>, journal: Option<i64>, counted: Option<i64>) {
        if journal == counted {
            return;
        }
        self.difference_count += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(Difference { record, what: what.into(), journal, counted });
        }
    }
}

/// A transaction as it was counted.
struct Row {
    id: i64,
    txn: [u8; 16],
    node: i64,
    branch: i64,
    seq: u64,
    event: usize,
    content: Vec<u8>,
    kind: String,
    number: String,
    currency: String,
    /// total, rounding, tax, change, training, lines.
    amounts: [i64; 6],
}

const ROW: &str =
    "SELECT id, txn, node, branch, seq, event, content, kind, number, currency, total, rounding, tax, change, training, line_count
    FROM transactions";

fn row(row: &db::Row<'_>) -> db::Result<Row> {
    let mut amounts = [0; 6];
    for (index, amount) in amounts.iter_mut().enumerate() {
        *amount = row.get(10 + index)?;
    }
    Ok(Row {
        id: row.get(0)?,
        txn: row.get(1)?,
        node: row.get(2)?,
        branch: row.get(3)?,
        seq: row.get(4)?,
        event: row.get(5)?,
        content: row.get(6)?,
        kind: row.get(7)?,
        number: row.get(8)?,
        currency: row.get(9)?,
        amounts,
    })
}

/// Everything of the day. The fold must have read all that is stored.
pub fn compare(connection: &Connection, fold: &Fold) -> db::Result<Outcome> {
    let (store, day) = (fold.store.as_str(), fold.day.to_string());
    let mut outcome = Outcome { transactions: u64::try_from(fold.found.len()).unwrap_or(u64::MAX), ..Outcome::default() };
    let sql = format!("{ROW} WHERE store = ?1 AND business_date = ?2 ORDER BY id");
    let rows: Vec<Row> = connection.prepare_cached(&sql)?.query_map(params![store, day], row)?.collect::<db::Result<_>>()?;
    let mut left = fold.found.clone();
    let mut agreed: Vec<Found> = Vec::new();
    for row in &rows {
        let found = match left.remove(&row.txn) {
            Some(found) => Some(pick(found, row)),
            // A journal whose dates went back: it is there all the same.
            None => fold::at(connection, row.node, row.branch, row.seq, row.event)?
                .filter(|found| found.record.business_date == fold.day && found.record.txn.0.as_bytes() == &row.txn),
        };
        match found {
            Some(found) => {
                compare_record(connection, store, row, &found, &mut outcome)?;
                agreed.push(found);
            }
            None => outcome.differ(Some(place_of(row)), "transaction: not in the journal on this day", None, Some(row.amounts[0])),
        }
    }
    for found in left.values().filter_map(|found| found.first()) {
        if wrong_sum(&found.record).is_some() || is_excepted(connection, found)? {
            outcome.excepted += 1;
        } else {
            let place = Place { number: found.record.number.to_string(), ..place(found) };
            outcome.differ(Some(place), "transaction: not counted on this day", Some(found.record.total.minor()), None);
            agreed.push(found.clone());
        }
    }
    compare_sums(connection, store, &day, &agreed, &mut outcome)?;
    Ok(outcome)
}

/// What differs in one record, in words; nothing when all of it was counted as it is.
pub fn record_differs(connection: &Connection, store: &str, found: &Found) -> db::Result<Option<String>> {
    let mut outcome = Outcome::default();
    let rows: Vec<Row> = connection
        .prepare_cached(&format!("{ROW} WHERE txn = ?1"))?
        .query_map([found.record.txn.0.as_bytes().as_slice()], row)?
        .collect::<db::Result<_>>()?;
    match rows.first() {
        Some(row) => compare_record(connection, store, row, found, &mut outcome)?,
        None => outcome.differ(Some(place(found)), "transaction: not counted", Some(found.record.total.minor()), None),
    }
    Ok((!outcome.differences.is_empty()).then(|| words(&outcome.differences.iter().collect::<Vec<_>>())))
}

/// "total: the journal says 466, head office counts 467".
pub fn words(differences: &[&Difference]) -> String {
    let said = |value: Option<i64>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
    let one = |it: &&Difference| format!("{}: the journal says {}, head office counts {}", it.what, said(it.journal), said(it.counted));
    differences.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Of several with one id the one that was counted.
fn pick(found: Vec<Found>, row: &Row) -> Found {
    let index = found.iter().position(|it| it.content.0[..] == row.content[..]).unwrap_or(0);
    found.into_iter().nth(index).expect("a list is made with its first entry")
}

fn place(found: &Found) -> Place {
    Place { node: found.node, branch: found.branch, seq: found.seq, event: found.event, number: found.record.number.to_string() }
}

fn place_of(row: &Row) -> Place {
    Place { node: row.node, branch: row.branch, seq: row.seq, event: row.event, number: row.number.clone() }
}

fn is_excepted(connection: &Connection, found: &Found) -> db::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM exceptions WHERE branch = ?1 AND seq = ?2 AND event = ?3 AND settled_ms IS NULL AND kind <> ?4)",
        params![found.branch, found.seq, found.event, super::KIND],
        |row| row.get(0),
    )
}

fn compare_record(connection: &Connection, store: &str, row: &Row, found: &Found, outcome: &mut Outcome) -> db::Result<()> {
    let record = &*found.record;
    let here = || Some(place(found));
    let same = |is_same: bool| (Some(1), Some(i64::from(is_same)));
    for (what, is_same) in [
        ("kind", kind_name(record.kind) == row.kind),
        ("number", record.number.to_string() == row.number),
        ("currency", record.currency == row.currency),
        ("content", found.content.0[..] == row.content[..]),
        ("place of the record", (found.branch, found.seq, found.event) == (row.branch, row.seq, row.event)),
    ] {
        let (journal, counted) = same(is_same);
        outcome.differ(here(), format!("{what} (1: the same)"), journal, counted);
    }
    let tax: crate::money::Money = record.taxes.iter().map(|group| group.tax).sum();
    let amounts = [
        record.total.minor(),
        record.rounding.minor(),
        tax.minor(),
        record.change.minor(),
        i64::from(record.training),
        i64::try_from(record.lines.len()).unwrap_or(i64::MAX),
    ];
    for ((what, journal), counted) in ["total", "rounding", "tax", "change", "training", "lines"].iter().zip(amounts).zip(row.amounts) {
        outcome.differ(here(), *what, Some(journal), Some(counted));
    }
    compare_lines(connection, row.id, found, outcome)?;
    compare_tenders(connection, row.id, found, outcome)?;
    compare_moves(connection, store, found, outcome)
}

fn compare_lines(connection: &Connection, id: i64, found: &Found, outcome: &mut Outcome) -> db::Result<()> {
    let mut statement = connection.prepare_cached("SELECT line, sku, quantity, unit_price, extended FROM lines WHERE txn = ?1")?;
    let mut counted: BTreeMap<u32, (String, [i64; 3])> = statement
        .query_map([id], |row| Ok((row.get(0)?, (row.get(1)?, [row.get(2)?, row.get(3)?, row.get(4)?]))))?
        .collect::<db::Result<_>>()?;
    for line in &found.record.lines {
        let amounts = [line.quantity.thousandths(), line.unit_price.minor(), line.extended.minor()];
        let (sku, theirs) = counted.remove(&line.line).map_or((None, [None; 3]), |(sku, amounts)| (Some(sku), amounts.map(Some)));
        let is_same = sku.is_none_or(|sku| sku == line.sku.as_str());
        outcome.differ(Some(place(found)), format!("line {}, article (1: the same)", line.line), Some(1), Some(i64::from(is_same)));
        for ((what, journal), counted) in ["quantity", "price", "amount"].iter().zip(amounts).zip(theirs) {
            outcome.differ(Some(place(found)), format!("line {}, {what}", line.line), Some(journal), counted);
        }
    }
    for (line, (_, amounts)) in counted {
        outcome.differ(Some(place(found)), format!("line {line}, amount"), None, Some(amounts[2]));
    }
    Ok(())
}

fn compare_tenders(connection: &Connection, id: i64, found: &Found, outcome: &mut Outcome) -> db::Result<()> {
    let mut statement = connection.prepare_cached("SELECT place, kind, amount FROM tenders WHERE txn = ?1")?;
    let mut counted: BTreeMap<usize, (String, i64)> =
        statement.query_map([id], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?.collect::<db::Result<_>>()?;
    for (index, tender) in found.record.tenders.iter().enumerate() {
        let theirs = counted.remove(&index).filter(|(kind, _)| kind == tender_name(tender.kind)).map(|(_, amount)| amount);
        let what = format!("tender {}, {}", index + 1, tender_name(tender.kind));
        outcome.differ(Some(place(found)), what, Some(tender.amount.minor()), theirs);
    }
    for (index, (kind, amount)) in counted {
        outcome.differ(Some(place(found)), format!("tender {}, {kind}", index + 1), None, Some(amount));
    }
    Ok(())
}

/// Units off the shelf. Of a record that does other things to the stock as well the lines alone are compared.
fn compare_moves(connection: &Connection, store: &str, found: &Found, outcome: &mut Outcome) -> db::Result<()> {
    if !found.moves_alone {
        return Ok(());
    }
    let mut moves: BTreeMap<&str, i64> = BTreeMap::new();
    let counts = !found.record.training && found.record.kind != TransactionKind::Void;
    for line in found.record.lines.iter().filter(|line| counts && line.off_shelf() != Qty::ZERO) {
        *moves.entry(line.sku.as_str()).or_default() -= line.off_shelf().thousandths();
    }
    let mut ask = connection
        .prepare_cached("SELECT coalesce(sum(quantity), 0) FROM stock_moves WHERE store = ?1 AND sku = ?2 AND branch = ?3 AND seq = ?4")?;
    for (sku, journal) in moves {
        let counted: i64 = ask.query_row(params![store, sku, found.branch, found.seq], |row| row.get(0))?;
        outcome.differ(Some(place(found)), format!("stock of {sku}, thousandths"), Some(journal), Some(counted));
    }
    Ok(())
}

/// What the records come to by the core's fold, beside each table of sums.
fn compare_sums(connection: &Connection, store: &str, day: &str, records: &[Found], outcome: &mut Outcome) -> db::Result<()> {
    let mut folded: BTreeMap<&str, (Totals, i64, i64)> = BTreeMap::new();
    for record in records.iter().map(|found| &*found.record).filter(|record| !record.training) {
        let (totals, post_voided, discounts) = folded.entry(&record.currency).or_default();
        totals.count(record);
        let sums = Sums::of(record);
        *post_voided += sums.post_voided;
        *discounts += sums.discounts;
    }
    for (currency, (totals, post_voided, discounts)) in &folded {
        let kept = |kind: TenderKind| totals.tenders.iter().filter(|(of, _)| *of == kind).map(|(_, amount)| amount.minor()).sum::<i64>();
        let tax: i64 = totals.taxes.iter().map(|group| group.tax.minor()).sum();
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let journal: [(&str, i64); 12] = [
            ("sales", count(totals.sales)),
            ("voids", count(totals.voids)),
            ("returns", count(totals.returns)),
            ("post_voids", count(totals.post_voids)),
            ("total", totals.total.minor()),
            ("tax", tax),
            ("rounding", totals.rounding.minor()),
            ("returned", totals.returned.minor()),
            ("post_voided", *post_voided),
            ("discounts", *discounts),
            ("cash", kept(TenderKind::Cash)),
            ("card", kept(TenderKind::Card)),
        ];
        let at = [store, day, currency];
        sums_of_table(connection, "sales_days", "day", &journal, at, outcome)?;
        sums_of_table(connection, "figure_hours", "hours", &journal[..10], at, outcome)?;
        for kind in [TenderKind::Cash, TenderKind::Card] {
            let sql = "SELECT coalesce(sum(amount), 0) FROM figure_tenders WHERE store = ?1 AND business_date = ?2 AND currency = ?3 AND kind = ?4";
            let counted = connection.prepare_cached(sql)?.query_row(params![store, day, *currency, tender_name(kind)], |row| row.get(0))?;
            outcome.differ(None, format!("sum of tenders in {currency}: {}", tender_name(kind)), Some(kept(kind)), Some(counted));
        }
    }
    rates(connection, store, day, records, outcome)?;
    counted_without_records(connection, store, day, &folded, outcome)?;
    outcome.counted = counted(connection, store, day)?;
    Ok(())
}

fn sums_of_table(
    connection: &Connection,
    table: &str,
    name: &str,
    journal: &[(&str, i64)],
    [store, day, currency]: [&str; 3],
    outcome: &mut Outcome,
) -> db::Result<()> {
    let columns: Vec<String> = journal.iter().map(|(column, _)| format!("coalesce(sum({column}), 0)")).collect();
    let sql = format!("SELECT {} FROM {table} WHERE store = ?1 AND business_date = ?2 AND currency = ?3", columns.join(", "));
    let counted: Vec<i64> = connection
        .prepare_cached(&sql)?
        .query_row(params![store, day, currency], |row| (0..journal.len()).map(|index| row.get(index)).collect())?;
    for ((column, journal), counted) in journal.iter().zip(counted) {
        let column = column.replace('_', " ");
        outcome.differ(None, format!("sum of the {name} in {currency}: {column}"), Some(*journal), Some(counted));
    }
    Ok(())
}

fn rates(connection: &Connection, store: &str, day: &str, records: &[Found], outcome: &mut Outcome) -> db::Result<()> {
    type Rate = (String, String, String, i64);
    let mut journal: BTreeMap<Rate, (i64, i64)> = BTreeMap::new();
    for record in records.iter().map(|found| &*found.record) {
        for ((name, jurisdiction, rate), (base, tax)) in counting::taxes_of(record) {
            let sum = journal.entry((record.currency.clone(), name.to_owned(), jurisdiction.to_owned(), rate)).or_default();
            *sum = (sum.0 + base, sum.1 + tax);
        }
    }
    let mut counted: BTreeMap<Rate, (i64, i64)> = connection
        .prepare_cached("SELECT currency, name, jurisdiction, rate, base, tax FROM figure_taxes WHERE store = ?1 AND business_date = ?2")?
        .query_map(params![store, day], |row| Ok(((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?), (row.get(4)?, row.get(5)?))))?
        .collect::<db::Result<_>>()?;
    for (rate, (base, tax)) in journal {
        let theirs = counted.remove(&rate);
        let name = format!("{} {} at {} millionths in {}", rate.1, rate.2, rate.3, rate.0);
        outcome.differ(None, format!("sum of {name}: base"), Some(base), theirs.map(|sum| sum.0));
        outcome.differ(None, format!("sum of {name}: tax"), Some(tax), theirs.map(|sum| sum.1));
    }
    for (rate, (_, tax)) in counted.into_iter().filter(|(_, sum)| *sum != (0, 0)) {
        outcome.differ(None, format!("sum of {} {} at {} millionths in {}: tax", rate.1, rate.2, rate.3, rate.0), None, Some(tax));
    }
    Ok(())
}

/// Sums of a currency in which the journal has nothing on this day.
fn counted_without_records<T>(
    connection: &Connection,
    store: &str,
    day: &str,
    folded: &BTreeMap<&str, T>,
    outcome: &mut Outcome,
) -> db::Result<()> {
    let sums: Vec<(String, i64)> = connection
        .prepare_cached("SELECT currency, total FROM sales_days WHERE store = ?1 AND business_date = ?2")?
        .query_map(params![store, day], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    for (currency, total) in sums.into_iter().filter(|(currency, _)| !folded.contains_key(currency.as_str())) {
        outcome.differ(None, format!("sum of the day in {currency}: total"), None, Some(total));
    }
    Ok(())
}

/// Transactions in the day's sum; another number than at the last time says that more came.
pub fn counted(connection: &Connection, store: &str, day: &str) -> db::Result<u64> {
    connection
        .prepare_cached(
            "SELECT coalesce(sum(sales + voids + returns + post_voids), 0) FROM sales_days WHERE store = ?1 AND business_date = ?2",
        )?
        .query_row(params![store, day], |row| row.get(0))
}
