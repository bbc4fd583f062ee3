//! What records add up to: transactions with lines and tenders, sales by day, stock movements, Z reports. Made in the transaction that
//! stores the record, and again from the stored bytes when this file changes. Never refuses a record: what it cannot count goes on the
//! exceptions list, and a person lets it try again.

use super::db::{self, Connection, OptionalExtension, params};

use super::chain::{self, NodeChain};
use super::{order_states, stock_work};
use crate::journal::{Hash, Record, record::tag};
use crate::money::{Money, Qty};
use crate::retail::addendum::DayAddendum;
use crate::retail::{Event, TenderKind, TransactionKind, TransactionRecord};
use crate::time::BusinessDate;

/// Why an event was not counted, and who has to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disliked {
    pub owner: &'static str,
    pub reason: String,
}

/// Counts one stored record. An event that cannot be counted goes on the list and holds up nothing.
pub fn record(connection: &Connection, chain: &NodeChain, branch: i64, record: &Record, now_ms: i64) -> db::Result<()> {
    for (index, raw) in record.events.iter().enumerate() {
        let Some(kind) = tag(raw.get()).filter(|kind| is_counted(kind)) else { continue };
        let place = Place { chain, branch, seq: record.seq, event: index };
        if let Err(disliked) = event(connection, &place, raw.get())? {
            tracing::warn!(store = %chain.store, node = %chain.node, seq = record.seq, kind, reason = disliked.reason, "an event could not be counted");
            connection
                .prepare_cached(
                    "INSERT INTO exceptions (node, branch, seq, event, kind, owner, reason, opened_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                     ON CONFLICT (branch, seq, event) DO UPDATE SET reason = ?7, tries = exceptions.tries + 1, settled_ms = NULL",
                )?
                .execute(params![chain.id, branch, record.seq, index, kind, disliked.owner, disliked.reason, now_ms])?;
        }
    }
    Ok(())
}

/// Tries an event on the exceptions list again. `Ok(None)`: there is no such open exception; `Ok(Some(reason))`: still not.
pub fn replay(connection: &Connection, id: i64, now_ms: i64) -> db::Result<Option<Result<(), String>>> {
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
        Ok(()) => {
            connection.execute("UPDATE exceptions SET settled_ms = ?2, tries = exceptions.tries + 1 WHERE id = ?1", params![id, now_ms])?
        }
        Err(reason) => {
            connection.execute("UPDATE exceptions SET reason = ?2, tries = exceptions.tries + 1 WHERE id = ?1", params![id, reason])?
        }
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
    let name = kind.rsplit_once('.').map_or(kind, |(name, _)| name);
    matches!(name, "transaction_completed" | "transaction_voided" | "day_closed" | "till_closed" | "day_addendum")
        || order_states::is_ours(name)
        || stock_work::is_ours(name)
}

fn event(connection: &Connection, place: &Place<'_>, raw: &str) -> db::Result<Result<(), Disliked>> {
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
        Event::DayClosed { report } => {
            let totals = (report.totals.sales, report.totals.total);
            let row = ReportRow { kind: "day_z", date: report.date, number: report.number, of_z: 0, till: "", at_ms: report.closed_at.ms };
            insert_report(connection, place, &row, &report.currency, totals, Money::ZERO)?;
            agrees(connection, place, report.date)
        }
        Event::DayAddendum { addendum } => {
            let totals = (addendum.totals.sales, addendum.totals.total);
            let (till, at_ms) = (addendum.workstation.as_str(), addendum.at.ms);
            let row = ReportRow { kind: "addendum", date: addendum.date, number: addendum.number, of_z: addendum.report, till, at_ms };
            insert_report(connection, place, &row, &addendum.currency, totals, Money::ZERO)?;
            is_of_its_transaction(connection, &addendum)
        }
        Event::TillClosed { report } => {
            let difference = report.counted.as_ref().map_or(Money::ZERO, |counted| counted.difference);
            let (till, at_ms) = (report.till.as_str(), report.closed_at.ms);
            let row = ReportRow { kind: "till_z", date: report.date, number: report.number, of_z: 0, till, at_ms };
            insert_report(connection, place, &row, &report.currency, (0, Money::ZERO), difference)?;
            Ok(Ok(()))
        }
        // The filter on the tag lets only those above through, and what is said of orders and stock.
        other => {
            let at = order_states::At { store: place.chain.store.as_str(), node: place.chain.id, branch: place.branch, seq: place.seq };
            order_states::count(connection, &at, &other)?;
            stock_work::count(connection, &at, &other).map(Ok)
        }
    }
}

fn transaction(connection: &Connection, place: &Place<'_>, record: &TransactionRecord, raw: &str) -> db::Result<Result<(), Disliked>> {
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

fn insert(connection: &Connection, place: &Place<'_>, record: &TransactionRecord, content: &Hash) -> db::Result<()> {
    let tax: Money = record.taxes.iter().map(|group| group.tax).sum();
    let id: i64 = connection
        .prepare_cached(
            "INSERT INTO transactions (txn, node, branch, seq, event, content, store, kind, number, workstation, business_date, at_ms,
               currency, total, rounding, tax, change, training, line_count)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) RETURNING id",
        )?
        .query_row(
            params![
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
            ],
            |row| row.get(0),
        )?;
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

fn add_to_day(connection: &Connection, place: &Place<'_>, record: &TransactionRecord) -> db::Result<()> {
    let void = record.kind == TransactionKind::Void;
    let sum = |kind: TenderKind| record.tenders.iter().filter(|tender| tender.kind == kind).map(|tender| tender.amount).sum::<Money>();
    let tax: Money = record.taxes.iter().map(|group| group.tax).sum();
    let counted = |amount: Money| if void { 0 } else { amount.minor() };
    connection
        .prepare_cached(
            "INSERT INTO sales_days (store, business_date, currency, sales, voids, total, tax, rounding, cash, card, last_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (store, business_date, currency) DO UPDATE SET sales = sales_days.sales + ?4, voids = sales_days.voids + ?5,
               total = sales_days.total + ?6,
               tax = sales_days.tax + ?7, rounding = sales_days.rounding + ?8, cash = sales_days.cash + ?9, card = sales_days.card + ?10,
               last_ms = CASE WHEN sales_days.last_ms > ?11 THEN sales_days.last_ms ELSE ?11 END",
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

fn move_stock(connection: &Connection, place: &Place<'_>, record: &TransactionRecord) -> db::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO stock_moves (store, sku, node, branch, seq, quantity, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (store, sku, branch, seq) DO UPDATE SET quantity = stock_moves.quantity + ?6",
    )?;
    for line in record.lines.iter().filter(|line| line.off_shelf() != Qty::ZERO) {
        let quantity = -line.off_shelf().thousandths();
        insert.execute(params![
            place.chain.store.as_str(),
            line.sku.as_str(),
            place.chain.id,
            place.branch,
            place.seq,
            quantity,
            record.at.ms
        ])?;
    }
    Ok(())
}

struct ReportRow<'a> {
    kind: &'static str,
    date: BusinessDate,
    number: u64,
    of_z: u64,
    till: &'a str,
    at_ms: i64,
}

fn insert_report(
    connection: &Connection,
    place: &Place<'_>,
    row: &ReportRow<'_>,
    currency: &str,
    (sales, total): (u64, Money),
    difference: Money,
) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO day_reports (branch, seq, event, store, node, kind, business_date, number, of_z, till, at_ms, currency, sales, total,
               difference)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            place.branch,
            place.seq,
            place.event,
            place.chain.store.as_str(),
            place.chain.id,
            row.kind,
            row.date.to_string(),
            row.number,
            row.of_z,
            row.till,
            row.at_ms,
            currency,
            sales,
            total.minor(),
            difference.minor(),
        ])
        .map(|_| ())
}

/// An addendum says what its one transaction says. The sums of its date are looked at with the next Z: the date may be open again.
fn is_of_its_transaction(connection: &Connection, addendum: &DayAddendum) -> db::Result<Result<(), Disliked>> {
    let counted: Option<i64> = connection
        .prepare_cached("SELECT CASE kind WHEN 'void' THEN 0 ELSE total END FROM transactions WHERE txn = ?1")?
        .query_row([addendum.txn.0.as_bytes().as_slice()], |row| row.get(0))
        .optional()?;
    let said = addendum.totals.total.minor();
    if counted == Some(said) {
        return Ok(Ok(()));
    }
    let counted = counted.map_or_else(|| "has not counted it".to_owned(), |counted| format!("counts {counted}"));
    let reason =
        format!("addendum {} to {} says {said} minor units of {}, head office {counted}", addendum.number, addendum.date, addendum.receipt);
    Ok(Err(Disliked { owner: "accounting", reason }))
}

/// Zs and addenda are the fold of a date's records, and we hold all of them up to here: after each Z the sums must agree. Looked at along
/// this branch and those it came from.
fn agrees(connection: &Connection, place: &Place<'_>, date: BusinessDate) -> db::Result<Result<(), Disliked>> {
    let day = date.to_string();
    let sums = |sql: &str| -> db::Result<(u64, i64)> {
        connection
            .prepare_cached(&format!("{WAY} {sql}"))?
            .query_row(params![place.branch, place.seq, day, place.chain.store.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    let reported = sums(
        "SELECT coalesce(sum(r.sales), 0), coalesce(sum(r.total), 0) FROM way w
         JOIN day_reports r ON r.branch = w.branch AND r.seq <= w.upto WHERE r.store = ?4 AND r.business_date = ?3",
    )?;
    let counted = sums(
        "SELECT count(*) FILTER (WHERE t.kind = 'sale'), coalesce(sum(t.total), 0) FROM way w
         JOIN transactions t ON t.branch = w.branch AND t.seq <= w.upto
         WHERE t.store = ?4 AND t.business_date = ?3 AND t.kind <> 'void' AND t.training = 0",
    )?;
    if reported == counted {
        return Ok(Ok(()));
    }
    let reason = format!(
        "the store's reports of {day} say {} sales and {} minor units, head office counts {} and {}",
        reported.0, reported.1, counted.0, counted.1
    );
    Ok(Err(Disliked { owner: "accounting", reason }))
}

/// The branch ?1 up to record ?2, and the branches it came from up to where it left them.
const WAY: &str = "WITH RECURSIVE way (branch, upto) AS (
    SELECT CAST(?1 AS BIGINT), CAST(?2 AS BIGINT) UNION ALL
    SELECT b.parent, CASE WHEN w.upto < b.base_seq THEN w.upto ELSE b.base_seq END FROM way w JOIN branches b ON b.id = w.branch WHERE b.parent IS NOT NULL)";

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
