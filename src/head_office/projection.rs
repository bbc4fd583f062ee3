//! What records add up to: transactions with lines and tenders, sales by day, stock movements, Z reports. Made in the transaction that
//! stores the record, and again from the stored bytes when this file changes. Never refuses a record: what it cannot count goes on the
//! exceptions list, and a person lets it try again.

use rusqlite::{Connection, OptionalExtension, params};

use super::chain::{self, NodeChain};
use crate::journal::{Hash, Record, record::tag};
use crate::money::{Money, Qty};
use crate::retail::day::DayReport;
use crate::retail::{Event, TenderKind, TransactionKind, TransactionRecord};

/// Why an event was not counted, and who has to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disliked {
    pub owner: &'static str,
    pub reason: String,
}

/// Counts one stored record. An event that cannot be counted goes on the list and holds up nothing.
pub fn record(connection: &Connection, chain: &NodeChain, branch: i64, record: &Record, now_ms: i64) -> rusqlite::Result<()> {
    for (index, raw) in record.events.iter().enumerate() {
        let Some(kind) = tag(raw.get()).filter(|kind| is_counted(kind)) else { continue };
        let place = Place { chain, branch, seq: record.seq, event: index };
        if let Err(disliked) = event(connection, &place, raw.get())? {
            tracing::warn!(store = %chain.store, node = %chain.node, seq = record.seq, kind, reason = disliked.reason, "an event could not be counted");
            connection
                .prepare_cached(
                    "INSERT INTO exceptions (node, branch, seq, event, kind, owner, reason, opened_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                     ON CONFLICT (branch, seq, event) DO UPDATE SET reason = ?7, tries = tries + 1, settled_ms = NULL",
                )?
                .execute(params![chain.id, branch, record.seq, index, kind, disliked.owner, disliked.reason, now_ms])?;
        }
    }
    Ok(())
}

/// Tries an event on the exceptions list again. `Ok(None)`: there is no such open exception; `Ok(Some(reason))`: still not.
pub fn replay(connection: &Connection, id: i64, now_ms: i64) -> rusqlite::Result<Option<Result<(), String>>> {
    let found = connection
        .query_row(
            "SELECT e.branch, e.seq, e.event, n.store, n.node FROM exceptions e JOIN nodes n ON n.id = e.node WHERE e.id = ?1 AND e.settled_ms IS NULL",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, usize>(2)?, row.get::<_, String>(3)?, row.get::<_, String>(4)?)),
        )
        .optional()?;
    let Some((branch, seq, event_index, store, node)) = found else { return Ok(None) };
    let bad_id = |error: crate::ids::BadId| chain::corrupt(&error.to_string());
    let chain = NodeChain::load(connection, &store.parse().map_err(bad_id)?, &node.parse().map_err(bad_id)?, now_ms)?;
    let line =
        chain::line(connection, branch, seq)?.ok_or_else(|| chain::corrupt("a record of the exceptions list is not in the chunks"))?;
    let record = Record::parse(line).map_err(|error| chain::corrupt(&error.to_string()))?;
    let outcome = match record.events.get(event_index) {
        Some(raw) => event(connection, &Place { chain: &chain, branch, seq, event: event_index }, raw.get())?,
        None => Ok(()),
    };
    let reason = outcome.map_err(|disliked| disliked.reason);
    match &reason {
        Ok(()) => connection.execute("UPDATE exceptions SET settled_ms = ?2, tries = tries + 1 WHERE id = ?1", params![id, now_ms])?,
        Err(reason) => connection.execute("UPDATE exceptions SET reason = ?2, tries = tries + 1 WHERE id = ?1", params![id, reason])?,
    };
    Ok(Some(reason))
}

struct Place<'a> {
    chain: &'a NodeChain,
    branch: i64,
    seq: u64,
    event: usize,
}

/// Kinds that add up to something here, in whatever version. All others are stored and passed over.
fn is_counted(kind: &str) -> bool {
    matches!(kind.rsplit_once('.').map_or(kind, |(name, _)| name), "transaction_completed" | "transaction_voided" | "day_closed")
}

fn event(connection: &Connection, place: &Place<'_>, raw: &str) -> rusqlite::Result<Result<(), Disliked>> {
    let event = match serde_json::from_str::<Event>(raw) {
        Ok(event) => event,
        Err(error) => {
            let kind = tag(raw).unwrap_or("?");
            let reason = format!("{kind} cannot be read by this version ({error}): install a newer head office, then try again");
            return Ok(Err(Disliked { owner: "on-call technician", reason }));
        }
    };
    match event {
        Event::TransactionCompleted { record } | Event::TransactionVoided { record } => transaction(connection, place, &record, raw),
        Event::DayClosed { report } => day_closed(connection, place, &report),
        // The filter on the tag lets only the three above through.
        _ => Ok(Ok(())),
    }
}

fn transaction(
    connection: &Connection,
    place: &Place<'_>,
    record: &TransactionRecord,
    raw: &str,
) -> rusqlite::Result<Result<(), Disliked>> {
    let content = Hash::of(raw.as_bytes());
    let known: Option<Vec<u8>> = connection
        .prepare_cached("SELECT content FROM transactions WHERE txn = ?1")?
        .query_row([record.txn.0.as_bytes().as_slice()], |row| row.get(0))
        .optional()?;
    match known {
        Some(known) if known == content.0 => return Ok(Ok(())),
        Some(_) => {
            let reason =
                format!("transaction {} (number {}) is there already with other content; the first one counts", record.txn, record.number);
            return Ok(Err(Disliked { owner: "accounting", reason }));
        }
        None => {}
    }
    if let Some(reason) = wrong_sum(record) {
        return Ok(Err(Disliked { owner: "accounting", reason }));
    }
    insert(connection, place, record, &content)?;
    if record.training {
        return Ok(Ok(()));
    }
    add_to_day(connection, place, record)?;
    if record.kind == TransactionKind::Void {
        return Ok(Ok(()));
    }
    move_stock(connection, place, record)?;
    super::receipts::count(connection, place.chain.id, record)
}

/// The transaction that an event finishes, if any.
pub fn finished(raw: &str) -> Option<Box<TransactionRecord>> {
    match serde_json::from_str::<Event>(raw) {
        Ok(Event::TransactionCompleted { record } | Event::TransactionVoided { record }) => Some(record),
        Ok(_) | Err(_) => None,
    }
}

/// Money in must be money owed. What a node's own invariant lets through never fails here; a foreign or damaged one may.
fn wrong_sum(record: &TransactionRecord) -> Option<String> {
    if record.kind == TransactionKind::Void {
        return None;
    }
    let kept = record.tenders.iter().map(|tender| i128::from(tender.amount.minor())).sum::<i128>() - i128::from(record.change.minor());
    let owed = i128::from(record.total.minor()) + i128::from(record.rounding.minor());
    (kept != owed).then(|| format!("number {}: tenders less change are {kept} minor units, total with rounding is {owed}", record.number))
}

fn insert(connection: &Connection, place: &Place<'_>, record: &TransactionRecord, content: &Hash) -> rusqlite::Result<()> {
    let tax: Money = record.taxes.iter().map(|group| group.tax).sum();
    connection
        .prepare_cached(
            "INSERT INTO transactions (txn, node, branch, seq, event, content, store, kind, number, workstation, business_date, at_ms,
               currency, total, rounding, tax, change, training, line_count)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .execute(params![
            record.txn.0.as_bytes().as_slice(),
            place.chain.id,
            place.branch,
            place.seq,
            place.event,
            content.0.as_slice(),
            place.chain.store.as_str(),
            kind_name(record.kind),
            record.number.to_string(),
            record.workstation.as_str(),
            record.business_date.to_string(),
            record.at.ms,
            record.currency,
            record.total.minor(),
            record.rounding.minor(),
            tax.minor(),
            record.change.minor(),
            record.training,
            record.lines.len(),
        ])?;
    let id = connection.last_insert_rowid();
    let mut insert_line = connection.prepare_cached(
        "INSERT INTO lines (txn, line, sku, name, quantity, unit, unit_price, extended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO NOTHING",
    )?;
    for line in &record.lines {
        insert_line.execute(params![
            id,
            line.line,
            line.sku.as_str(),
            line.name,
            line.quantity.thousandths(),
            line.unit.symbol(),
            line.unit_price.minor(),
            line.extended.minor()
        ])?;
    }
    let mut insert_tender = connection.prepare_cached("INSERT INTO tenders (txn, place, kind, amount) VALUES (?1, ?2, ?3, ?4)")?;
    for (index, tender) in record.tenders.iter().enumerate() {
        insert_tender.execute(params![id, index, tender_name(tender.kind), tender.amount.minor()])?;
    }
    Ok(())
}

fn add_to_day(connection: &Connection, place: &Place<'_>, record: &TransactionRecord) -> rusqlite::Result<()> {
    let void = record.kind == TransactionKind::Void;
    let sum = |kind: TenderKind| record.tenders.iter().filter(|tender| tender.kind == kind).map(|tender| tender.amount).sum::<Money>();
    let tax: Money = record.taxes.iter().map(|group| group.tax).sum();
    let counted = |amount: Money| if void { 0 } else { amount.minor() };
    connection
        .prepare_cached(
            "INSERT INTO sales_days (store, business_date, currency, sales, voids, total, tax, rounding, cash, card, last_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (store, business_date, currency) DO UPDATE SET sales = sales + ?4, voids = voids + ?5, total = total + ?6,
               tax = tax + ?7, rounding = rounding + ?8, cash = cash + ?9, card = card + ?10, last_ms = max(last_ms, ?11)",
        )?
        .execute(params![
            place.chain.store.as_str(),
            record.business_date.to_string(),
            record.currency,
            i64::from(record.kind == TransactionKind::Sale),
            i64::from(void),
            counted(record.total),
            counted(tax),
            counted(record.rounding),
            counted(sum(TenderKind::Cash) - record.change),
            counted(sum(TenderKind::Card)),
            record.at.ms,
        ])
        .map(|_| ())
}

fn move_stock(connection: &Connection, place: &Place<'_>, record: &TransactionRecord) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO stock_moves (store, sku, node, branch, seq, quantity) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (store, sku, branch, seq) DO UPDATE SET quantity = quantity + ?6",
    )?;
    for line in record.lines.iter().filter(|line| line.off_shelf() != Qty::ZERO) {
        let quantity = -line.off_shelf().thousandths();
        insert.execute(params![place.chain.store.as_str(), line.sku.as_str(), place.chain.id, place.branch, place.seq, quantity])?;
    }
    Ok(())
}

/// A Z report is the fold of its day's records, and we hold all of them before it: the sums must agree.
fn day_closed(connection: &Connection, place: &Place<'_>, report: &DayReport) -> rusqlite::Result<Result<(), Disliked>> {
    let date = report.date.to_string();
    connection
        .prepare_cached(
            "INSERT INTO day_reports (store, node, business_date, closed_ms, sales, total) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (node, business_date) DO UPDATE SET closed_ms = ?4, sales = ?5, total = ?6",
        )?
        .execute(params![
            place.chain.store.as_str(),
            place.chain.id,
            date,
            report.closed_at.ms,
            report.totals.sales,
            report.totals.total.minor()
        ])?;
    let (sales, total): (u64, i64) = connection
        .prepare_cached(
            "SELECT coalesce(sum(kind = 'sale'), 0), coalesce(sum(total), 0) FROM transactions
             WHERE store = ?1 AND business_date = ?2 AND node = ?3 AND kind <> 'void' AND NOT training",
        )?
        .query_row(params![place.chain.store.as_str(), date, place.chain.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if (sales, total) == (report.totals.sales, report.totals.total.minor()) {
        return Ok(Ok(()));
    }
    let reason = format!(
        "the store's report of {date} says {} sales and {} minor units, head office counts {sales} and {total}",
        report.totals.sales,
        report.totals.total.minor()
    );
    Ok(Err(Disliked { owner: "accounting", reason }))
}

fn kind_name(kind: TransactionKind) -> &'static str {
    match kind {
        TransactionKind::Sale => "sale",
        TransactionKind::Void => "void",
        TransactionKind::Return => "return",
        TransactionKind::PostVoid => "post_void",
    }
}

fn tender_name(kind: TenderKind) -> &'static str {
    match kind {
        TenderKind::Cash => "cash",
        TenderKind::Card => "card",
    }
}
