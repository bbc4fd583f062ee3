//! What records add up to: transactions with lines and tenders, sales by day, stock movements, Z reports. Made in the transaction that
//! stores the record, and again from the stored bytes when this file changes. Never refuses a record: what it cannot count goes on the
//! exceptions list, and a person lets it try again.

use std::collections::BTreeMap;

use super::db::{self, Bulk, Connection, Kind, OptionalExtension, ToValue, Value, params};

use super::chain::{self, NodeChain};
use super::{figures, order_states, reconcile, stock_work};
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

/// Counts the records of one branch, in order. Finished transactions wait until another event may ask for them, so that many go in at once.
pub struct Counter<'a> {
    connection: &'a Connection,
    chain: &'a NodeChain,
    branch: i64,
    waiting: Vec<Waiting>,
}

/// Transactions that wait to go in together.
const WAITING_MAX: usize = 1_000;

/// A transaction whose sums are right, and where it stands.
struct Waiting {
    record: Box<TransactionRecord>,
    seq: u64,
    event: usize,
    kind: String,
    content: Hash,
    now_ms: i64,
}

impl<'a> Counter<'a> {
    pub fn new(connection: &'a Connection, chain: &'a NodeChain, branch: i64) -> Counter<'a> {
        Counter { connection, chain, branch, waiting: Vec::new() }
    }

    /// Counts one stored record. An event that cannot be counted goes on the list and holds up nothing.
    pub fn record(&mut self, record: &Record, now_ms: i64) -> db::Result<()> {
        for (index, raw) in record.events.iter().enumerate() {
            let Some(kind) = tag(raw.get()).filter(|kind| is_counted(kind)) else { continue };
            let event = match read(raw.get()) {
                Ok(Event::TransactionCompleted { record: of } | Event::TransactionVoided { record: of }) if wrong_sum(&of).is_none() => {
                    let content = Hash::of(raw.get().as_bytes());
                    self.waiting.push(Waiting { record: of, seq: record.seq, event: index, kind: kind.to_owned(), content, now_ms });
                    if self.waiting.len() >= WAITING_MAX {
                        self.flush()?;
                    }
                    continue;
                }
                other => other,
            };
            self.flush()?;
            let date = day_of(record);
            let place = Place { chain: self.chain, branch: self.branch, seq: record.seq, event: index, now_ms, date };
            let outcome = match event {
                Ok(event) => count(self.connection, &place, event, raw.get())?,
                Err(disliked) => Err(disliked),
            };
            if let Err(disliked) = outcome {
                self.except(record.seq, index, kind, &disliked, now_ms)?;
            }
        }
        Ok(())
    }

    /// Nothing waits any more.
    pub fn flush(&mut self) -> db::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        for (index, disliked) in insert(self.connection, self.chain, self.branch, &waiting)? {
            let it = &waiting[index];
            self.except(it.seq, it.event, &it.kind, &disliked, it.now_ms)?;
        }
        Ok(())
    }

    fn except(&self, seq: u64, event: usize, kind: &str, disliked: &Disliked, now_ms: i64) -> db::Result<()> {
        let chain = self.chain;
        tracing::warn!(store = %chain.store, node = %chain.node, seq, kind, reason = disliked.reason, "an event could not be counted");
        self.connection
            .prepare_cached(
                "INSERT INTO exceptions (node, branch, seq, event, kind, owner, reason, opened_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (branch, seq, event) DO UPDATE SET reason = ?7, tries = exceptions.tries + 1, settled_ms = NULL",
            )?
            .execute(params![chain.id, self.branch, seq, event, kind, disliked.owner, disliked.reason, now_ms])
            .map(|_| ())
    }
}

/// Tries an event on the exceptions list again. `Ok(None)`: there is no such open exception; `Ok(Some(reason))`: still not.
pub fn replay(connection: &Connection, id: i64, now_ms: i64) -> db::Result<Option<Result<(), String>>> {
    let found = connection
        .query_row(
            "SELECT e.branch, e.seq, e.event, n.store, n.node, e.kind FROM exceptions e JOIN nodes n ON n.id = e.node WHERE e.id = ?1 AND e.settled_ms IS NULL",
            [id],
            |row| {
                let place = (row.get(0)?, row.get(1)?, row.get::<_, usize>(2)?);
                Ok((place, row.get::<_, String>(3)?, row.get::<_, String>(4)?, row.get::<_, String>(5)?))
            },
        )
        .optional()?;
    let Some(((branch, seq, event_index), store, node, kind)) = found else { return Ok(None) };
    let bad_id = |error: crate::ids::BadId| chain::corrupt(&error.to_string());
    let chain = NodeChain::load(connection, &store.parse().map_err(bad_id)?, &node.parse().map_err(bad_id)?, now_ms)?;
    let line =
        chain::line(connection, branch, seq)?.ok_or_else(|| chain::corrupt("a record of the exceptions list is not in the chunks"))?;
    let record = Record::parse(line).map_err(|error| chain::corrupt(&error.to_string()))?;
    let outcome = match record.events.get(event_index) {
        // It was counted once; whether as it is, is the question.
        Some(_) if kind == reconcile::KIND => reconcile::look_again(connection, &chain, branch, &record, event_index)?,
        Some(raw) => match read(raw.get()) {
            Ok(event) => {
                let place = Place { chain: &chain, branch, seq, event: event_index, now_ms, date: day_of(&record) };
                count(connection, &place, event, raw.get())?
            }
            Err(disliked) => Err(disliked),
        },
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
    /// When it came here.
    now_ms: i64,
    /// The business day that was open, or the last one.
    date: BusinessDate,
}

/// Before a store's first business day the calendar's, in UTC.
fn day_of(record: &Record) -> BusinessDate {
    record.date.unwrap_or_else(|| {
        let at = jiff::Timestamp::from_millisecond(record.at.ms).unwrap_or_default();
        jiff::tz::Offset::UTC.to_datetime(at).date()
    })
}

/// Kinds that add up to something here, in whatever version. All others are stored and passed over.
fn is_counted(kind: &str) -> bool {
    let name = kind.rsplit_once('.').map_or(kind, |(name, _)| name);
    matches!(name, "transaction_completed" | "transaction_voided" | "day_closed" | "till_closed" | "safe_count_closed" | "day_addendum")
        || order_states::is_ours(name)
        || stock_work::is_ours(name)
}

fn read(raw: &str) -> Result<Event, Disliked> {
    serde_json::from_str::<Event>(raw).map_err(|error| {
        let kind = tag(raw).unwrap_or("?");
        let reason = format!("{kind} cannot be read by this version ({error}): install a newer head office, then try again");
        Disliked { owner: "on-call technician", reason }
    })
}

fn count(connection: &Connection, place: &Place<'_>, event: Event, raw: &str) -> db::Result<Result<(), Disliked>> {
    match event {
        Event::TransactionCompleted { record } | Event::TransactionVoided { record } => transaction(connection, place, record, raw),
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
        Event::SafeCountClosed { report } => {
            let row = ReportRow { kind: "safe_count", date: report.date, number: report.number, of_z: 0, till: "", at_ms: report.at.ms };
            insert_report(connection, place, &row, &report.currency, (0, Money::ZERO), report.counted.difference)?;
            Ok(Ok(()))
        }
        // The filter on the tag lets only those above through, and what is said of orders and stock.
        other => {
            let Place { chain, branch, seq, event, now_ms: known_ms, date } = *place;
            let at = order_states::At { store: chain.store.as_str(), node: chain.id, branch, seq, event, known_ms, date };
            order_states::count(connection, &at, &other)?;
            stock_work::count(connection, &at, &other).map(Ok)
        }
    }
}

/// One transaction alone.
fn transaction(connection: &Connection, place: &Place<'_>, record: Box<TransactionRecord>, raw: &str) -> db::Result<Result<(), Disliked>> {
    let content = Hash::of(raw.as_bytes());
    if let Some(reason) = wrong_sum(&record) {
        let known = known_content(connection, &record)?;
        return Ok(already_there(known, &record, &content).unwrap_or(Err(Disliked { owner: "accounting", reason })));
    }
    let waiting = [Waiting { record, seq: place.seq, event: place.event, kind: String::new(), content, now_ms: 0 }];
    let disliked = insert(connection, place.chain, place.branch, &waiting)?.pop();
    Ok(disliked.map_or(Ok(()), |(_, disliked)| Err(disliked)))
}

fn known_content(connection: &Connection, record: &TransactionRecord) -> db::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT content FROM transactions WHERE txn = ?1")?
        .query_row([record.txn.0.as_bytes().as_slice()], |row| row.get(0))
        .optional()
}

/// The same to the byte is a repeat; anything else is looked at. `None`: there is none yet.
fn already_there(known: Option<Vec<u8>>, record: &TransactionRecord, content: &Hash) -> Option<Result<(), Disliked>> {
    let known = known?;
    Some(if known == content.0 {
        Ok(())
    } else {
        let reason =
            format!("transaction {} (number {}) is there already with other content; the first one counts", record.txn, record.number);
        Err(Disliked { owner: "accounting", reason })
    })
}

/// The transaction that an event finishes, if any.
pub fn finished(raw: &str) -> Option<Box<TransactionRecord>> {
    match serde_json::from_str::<Event>(raw) {
        Ok(Event::TransactionCompleted { record } | Event::TransactionVoided { record }) => Some(record),
        Ok(_) | Err(_) => None,
    }
}

/// Money in must be money owed. What a node's own invariant lets through never fails here; a foreign or damaged one may.
pub(super) fn wrong_sum(record: &TransactionRecord) -> Option<String> {
    if record.kind == TransactionKind::Void {
        return None;
    }
    let kept = record.tenders.iter().map(|tender| i128::from(tender.amount.minor())).sum::<i128>() - i128::from(record.change.minor());
    let owed = i128::from(record.total.minor()) + i128::from(record.rounding.minor());
    (kept != owed).then(|| format!("number {}: tenders less change are {kept} minor units, total with rounding is {owed}", record.number))
}

/// Puts transactions in, as many as there are with the same few statements. Gives those that are not counted, or that somebody has to look at.
fn insert(connection: &Connection, chain: &NodeChain, branch: i64, waiting: &[Waiting]) -> db::Result<Vec<(usize, Disliked)>> {
    let mut disliked = Vec::new();
    let ids = insert_heads(connection, chain, branch, waiting)?;
    let new: Vec<(i64, &Waiting)> = waiting.iter().zip(&ids).filter_map(|(it, id)| id.map(|id| (id, it))).collect();
    insert_lines(connection, &new)?;
    insert_tenders(connection, &new)?;
    add_to_days(connection, chain, &new)?;
    figures::counting::add(connection, chain.store.as_str(), new.iter().map(|(_, it)| &*it.record))?;
    move_stock(connection, chain, branch, &new)?;
    for (index, (it, id)) in waiting.iter().zip(&ids).enumerate() {
        let outcome = match id {
            None => already_there(known_content(connection, &it.record)?, &it.record, &it.content).unwrap_or(Ok(())),
            Some(_) if it.record.training || it.record.kind == TransactionKind::Void => Ok(()),
            Some(_) => super::receipts::count(connection, chain, &it.record)?,
        };
        disliked.extend(outcome.err().map(|reason| (index, reason)));
    }
    Ok(disliked)
}

/// The rows' ids; none for a transaction that is there already.
fn insert_heads(connection: &Connection, chain: &NodeChain, branch: i64, waiting: &[Waiting]) -> db::Result<Vec<Option<i64>>> {
    use Kind::{Bytes, Integer, Text};
    const INTO: Bulk = Bulk {
        table: "transactions",
        columns: &[
            ("txn", Bytes),
            ("node", Integer),
            ("branch", Integer),
            ("seq", Integer),
            ("event", Integer),
            ("content", Bytes),
            ("store", Text),
            ("kind", Text),
            ("number", Text),
            ("workstation", Text),
            ("business_date", Text),
            ("at_ms", Integer),
            ("currency", Text),
            ("total", Integer),
            ("rounding", Integer),
            ("tax", Integer),
            ("change", Integer),
            ("training", Integer),
            ("line_count", Integer),
        ],
        behind: "ON CONFLICT (txn) DO NOTHING RETURNING id, txn",
    };
    let texts: Vec<(String, String)> =
        waiting.iter().map(|it| (it.record.number.to_string(), it.record.business_date.to_string())).collect();
    let mut values = Vec::with_capacity(waiting.len() * INTO.columns.len());
    for (Waiting { record, seq, event, content, .. }, (number, date)) in waiting.iter().zip(&texts) {
        let tax: Money = record.taxes.iter().map(|group| group.tax).sum();
        values.extend([
            Value::Bytes(record.txn.0.as_bytes()),
            Value::Integer(chain.id),
            Value::Integer(branch),
            seq.to_value(),
            event.to_value(),
            Value::Bytes(&content.0),
            Value::Text(chain.store.as_str()),
            Value::Text(kind_name(record.kind)),
            Value::Text(number),
            Value::Text(record.workstation.as_str()),
            Value::Text(date),
            Value::Integer(record.at.ms),
            Value::Text(&record.currency),
            Value::Integer(record.total.minor()),
            Value::Integer(record.rounding.minor()),
            Value::Integer(tax.minor()),
            Value::Integer(record.change.minor()),
            record.training.to_value(),
            Value::Integer(i64::try_from(record.lines.len()).unwrap_or(i64::MAX)),
        ]);
    }
    let inserted = connection.insert_all(&INTO, &values, |row| Ok((row.get::<_, [u8; 16]>(1)?, row.get::<_, i64>(0)?)))?;
    // Of two with one id in the same batch the first went in.
    let mut inserted: BTreeMap<[u8; 16], i64> = inserted.into_iter().collect();
    Ok(waiting.iter().map(|it| inserted.remove(it.record.txn.0.as_bytes())).collect())
}

fn insert_lines(connection: &Connection, new: &[(i64, &Waiting)]) -> db::Result<()> {
    use Kind::{Integer, Text};
    const INTO: Bulk = Bulk {
        table: "lines",
        columns: &[
            ("txn", Integer),
            ("line", Integer),
            ("sku", Text),
            ("name", Text),
            ("quantity", Integer),
            ("unit", Text),
            ("unit_price", Integer),
            ("extended", Integer),
        ],
        behind: "ON CONFLICT DO NOTHING",
    };
    let mut values = Vec::new();
    for (id, it) in new {
        for line in &it.record.lines {
            values.extend([
                Value::Integer(*id),
                line.line.to_value(),
                Value::Text(line.sku.as_str()),
                Value::Text(&line.name),
                Value::Integer(line.quantity.thousandths()),
                Value::Text(line.unit.symbol()),
                Value::Integer(line.unit_price.minor()),
                Value::Integer(line.extended.minor()),
            ]);
        }
    }
    connection.insert_all(&INTO, &values, |_| Ok(())).map(drop)
}

fn insert_tenders(connection: &Connection, new: &[(i64, &Waiting)]) -> db::Result<()> {
    use Kind::{Integer, Text};
    const INTO: Bulk =
        Bulk { table: "tenders", columns: &[("txn", Integer), ("place", Integer), ("kind", Text), ("amount", Integer)], behind: "" };
    let mut values = Vec::new();
    for (id, it) in new {
        for (index, tender) in it.record.tenders.iter().enumerate() {
            values.extend([
                Value::Integer(*id),
                Value::Integer(i64::try_from(index).unwrap_or(i64::MAX)),
                Value::Text(tender_name(tender.kind)),
                Value::Integer(tender.amount.minor()),
            ]);
        }
    }
    connection.insert_all(&INTO, &values, |_| Ok(())).map(drop)
}

/// What transactions of one day and currency come to, in the order of the columns; the newest time last.
type DaySums = [i64; 13];

/// One row for each day, however many transactions.
fn add_to_days(connection: &Connection, chain: &NodeChain, new: &[(i64, &Waiting)]) -> db::Result<()> {
    use Kind::{Integer, Text};
    const INTO: Bulk = Bulk {
        table: "sales_days",
        columns: &[
            ("store", Text),
            ("business_date", Text),
            ("currency", Text),
            ("sales", Integer),
            ("voids", Integer),
            ("total", Integer),
            ("tax", Integer),
            ("rounding", Integer),
            ("cash", Integer),
            ("card", Integer),
            ("returns", Integer),
            ("post_voids", Integer),
            ("returned", Integer),
            ("post_voided", Integer),
            ("discounts", Integer),
            ("last_ms", Integer),
        ],
        behind: "ON CONFLICT (store, business_date, currency) DO UPDATE SET sales = sales_days.sales + excluded.sales,
               voids = sales_days.voids + excluded.voids, total = sales_days.total + excluded.total, tax = sales_days.tax + excluded.tax,
               rounding = sales_days.rounding + excluded.rounding, cash = sales_days.cash + excluded.cash,
               card = sales_days.card + excluded.card, returns = sales_days.returns + excluded.returns,
               post_voids = sales_days.post_voids + excluded.post_voids, returned = sales_days.returned + excluded.returned,
               post_voided = sales_days.post_voided + excluded.post_voided, discounts = sales_days.discounts + excluded.discounts,
               last_ms = CASE WHEN sales_days.last_ms > excluded.last_ms THEN sales_days.last_ms ELSE excluded.last_ms END",
    };
    let mut days: BTreeMap<(String, &str), DaySums> = BTreeMap::new();
    for (_, it) in new.iter().filter(|(_, it)| !it.record.training) {
        let sums = sums_of(&it.record);
        let day = days.entry((it.record.business_date.to_string(), &it.record.currency)).or_insert([0; 13]);
        for (sum, more) in day[..12].iter_mut().zip(&sums[..12]) {
            *sum += more;
        }
        day[12] = day[12].max(sums[12]);
    }
    let mut values = Vec::new();
    for ((date, currency), sums) in &days {
        values.extend([Value::Text(chain.store.as_str()), Value::Text(date), Value::Text(currency)]);
        values.extend(sums.map(Value::Integer));
    }
    connection.insert_all(&INTO, &values, |_| Ok(())).map(drop)
}

fn sums_of(record: &TransactionRecord) -> DaySums {
    let sums = figures::counting::Sums::of(record);
    let of = |kind: TenderKind| figures::counting::kept(record, kind);
    [
        sums.sales,
        sums.voids,
        sums.total,
        sums.tax,
        sums.rounding,
        of(TenderKind::Cash),
        of(TenderKind::Card),
        sums.returns,
        sums.post_voids,
        sums.returned,
        sums.post_voided,
        sums.discounts,
        record.at.ms,
    ]
}

fn move_stock(connection: &Connection, chain: &NodeChain, branch: i64, new: &[(i64, &Waiting)]) -> db::Result<()> {
    use Kind::{Integer, Text};
    const INTO: Bulk = Bulk {
        table: "stock_moves",
        columns: &[
            ("store", Text),
            ("sku", Text),
            ("node", Integer),
            ("branch", Integer),
            ("seq", Integer),
            ("quantity", Integer),
            ("at_ms", Integer),
        ],
        behind: "ON CONFLICT (store, sku, branch, seq) DO UPDATE SET quantity = stock_moves.quantity + excluded.quantity",
    };
    // The same article twice in one record is one movement.
    let mut moves: BTreeMap<(u64, &str), (i64, i64)> = BTreeMap::new();
    for (_, it) in new.iter().filter(|(_, it)| !it.record.training && it.record.kind != TransactionKind::Void) {
        for line in it.record.lines.iter().filter(|line| line.off_shelf() != Qty::ZERO) {
            moves.entry((it.seq, line.sku.as_str())).or_insert((0, it.record.at.ms)).0 -= line.off_shelf().thousandths();
        }
    }
    let mut values = Vec::new();
    for ((seq, sku), (quantity, at_ms)) in &moves {
        values.extend([
            Value::Text(chain.store.as_str()),
            Value::Text(sku),
            Value::Integer(chain.id),
            Value::Integer(branch),
            seq.to_value(),
            Value::Integer(*quantity),
            Value::Integer(*at_ms),
        ]);
    }
    connection.insert_all(&INTO, &values, |_| Ok(())).map(drop)
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

pub(super) fn kind_name(kind: TransactionKind) -> &'static str {
    match kind {
        TransactionKind::Sale => "sale",
        TransactionKind::Void => "void",
        TransactionKind::Return => "return",
        TransactionKind::PostVoid => "post_void",
    }
}

pub(super) fn tender_name(kind: TenderKind) -> &'static str {
    match kind {
        TenderKind::Cash => "cash",
        TenderKind::Card => "card",
    }
}
