//! What people ask: each question one function over a read connection. Pages and API show the same answers.

use super::db::{self, Connection, OptionalExtension, Row, params};
use super::paging::{Behind, BehindDay, Rows};
use serde::Serialize;

use super::chain;
use crate::ids::TxnId;
use crate::journal::Record;
use crate::retail::{Event, TransactionRecord};

/// Rows of one answer. Longer lists are paged.
pub const ROWS_MAX: u32 = 200;
/// A node that was heard of within this is online: three heartbeats.
pub const ONLINE_MS: i64 = 30_000;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StoreRow {
    pub store: String,
    pub name: String,
    /// Empty: in none.
    pub region: String,
    pub nodes: Vec<NodeRow>,
    pub incidents: u64,
    pub exceptions: u64,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct NodeRow {
    pub node: String,
    pub last_contact_ms: i64,
    pub online: bool,
    /// The newest record head office holds.
    pub held_seq: u64,
    /// The newest record on the node's disk, as it said at its last contact.
    pub head_seq: u64,
    /// Records between the two.
    pub records_waiting: u64,
    /// Finished transactions not yet acknowledged, as the node said.
    pub transactions_waiting: u64,
    /// Urgent copies that the chain has not reached yet.
    pub urgent_waiting: u64,
    pub public_key: Option<String>,
    pub branches: u64,
}

pub fn stores(connection: &Connection, now_ms: i64) -> db::Result<Vec<StoreRow>> {
    let mut stores: Vec<StoreRow> = connection
        .prepare_cached(
            "SELECT s.store, s.name, (SELECT count(*) FROM incidents i WHERE i.store = s.store AND i.closed_ms IS NULL),
               (SELECT count(*) FROM exceptions e JOIN nodes n ON n.id = e.node WHERE n.store = s.store AND e.settled_ms IS NULL),
               coalesce(s.region, '')
             FROM stores s ORDER BY s.store",
        )?
        .query_map([], |row| {
            Ok(StoreRow {
                store: row.get(0)?,
                name: row.get(1)?,
                region: row.get(4)?,
                nodes: Vec::new(),
                incidents: row.get(2)?,
                exceptions: row.get(3)?,
            })
        })?
        .collect::<db::Result<_>>()?;
    let mut statement = connection.prepare_cached(
        "SELECT n.store, n.node, n.last_contact_ms, n.head_seq, n.waiting, n.public_key, coalesce(b.head_seq, 0),
           (SELECT count(*) FROM urgent u WHERE u.node = n.id AND u.confirmed_ms IS NULL),
           (SELECT count(*) FROM branches b2 WHERE b2.node = n.id)
         FROM nodes n LEFT JOIN branches b ON b.id = n.current_branch ORDER BY n.store, n.node",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (store, last_contact_ms): (String, i64) = (row.get(0)?, row.get(2)?);
        let (head_seq, held_seq): (u64, u64) = (row.get(3)?, row.get(6)?);
        let node = NodeRow {
            node: row.get(1)?,
            last_contact_ms,
            online: now_ms - last_contact_ms <= ONLINE_MS,
            held_seq,
            head_seq,
            records_waiting: head_seq.saturating_sub(held_seq),
            transactions_waiting: if head_seq > held_seq { row.get(4)? } else { 0 },
            urgent_waiting: row.get(7)?,
            public_key: row.get(5)?,
            branches: row.get(8)?,
        };
        if let Some(found) = stores.iter_mut().find(|row| row.store == store) {
            found.nodes.push(node);
        }
    }
    Ok(stores)
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SalesRow {
    pub store: String,
    pub day: String,
    pub currency: String,
    pub sales: u64,
    pub voids: u64,
    pub total: i64,
    pub tax: i64,
    pub rounding: i64,
    pub cash: i64,
    pub card: i64,
    /// A Z report has come, and it says the same.
    pub closed: bool,
}

/// Sales by day and store, newest day first. Both filters may be left out.
pub fn sales(
    connection: &Connection,
    store: Option<&str>,
    day: Option<&str>,
    rows: impl Into<Rows<BehindDay>>,
) -> db::Result<Vec<SalesRow>> {
    let Rows { behind, limit } = rows.into();
    connection
        .prepare_cached(
            "SELECT d.store, d.business_date, d.currency, d.sales, d.voids, d.total, d.tax, d.rounding, d.cash, d.card,
               (SELECT coalesce(sum(r.total), -1) = d.total AND sum(r.sales) = d.sales FROM day_reports r
                WHERE r.store = d.store AND r.business_date = d.business_date AND r.currency = d.currency AND r.kind IN ('day_z', 'addendum'))
             FROM sales_days d WHERE (CAST(?1 AS TEXT) IS NULL OR d.store = ?1) AND (CAST(?2 AS TEXT) IS NULL OR d.business_date = ?2)
               AND (d.business_date < ?3 OR (d.business_date = ?3 AND (d.store, d.currency) > (?4, ?5)))
             ORDER BY d.business_date DESC, d.store, d.currency LIMIT ?6",
        )?
        .query_map(params![store, day, behind.day, behind.store, behind.currency, limit], |row| {
            Ok(SalesRow {
                store: row.get(0)?,
                day: row.get(1)?,
                currency: row.get(2)?,
                sales: row.get(3)?,
                voids: row.get(4)?,
                total: row.get(5)?,
                tax: row.get(6)?,
                rounding: row.get(7)?,
                cash: row.get(8)?,
                card: row.get(9)?,
                closed: row.get::<_, Option<bool>>(10)?.unwrap_or(false),
            })
        })?
        .collect()
}

/// The newest business day with sales, and the day before it in the calendar of sales.
pub fn newest_days(connection: &Connection, count: u32) -> db::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT DISTINCT business_date FROM sales_days ORDER BY business_date DESC LIMIT ?1")?
        .query_map([count], |row| row.get(0))?
        .collect()
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TransactionRow {
    /// Of arrival at head office; the cursor for the next page.
    pub cursor: i64,
    pub txn: String,
    pub store: String,
    pub node: String,
    pub seq: u64,
    pub kind: String,
    pub number: String,
    pub workstation: String,
    pub day: String,
    pub at_ms: i64,
    pub currency: String,
    pub total: i64,
    pub rounding: i64,
    pub change: i64,
    pub training: bool,
    pub line_count: u64,
    pub lines: Vec<LineRow>,
    pub tenders: Vec<TenderRow>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LineRow {
    pub line: u32,
    pub sku: String,
    pub name: String,
    /// Thousandths.
    pub quantity: i64,
    pub unit: String,
    pub unit_price: i64,
    pub extended: i64,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TenderRow {
    pub kind: String,
    pub amount: i64,
}

/// Which transactions.
#[derive(Debug, Clone, Default)]
pub struct TransactionFilter {
    pub store: Option<String>,
    pub day: Option<String>,
    /// A whole receipt number.
    pub number: Option<String>,
    /// Below this cursor.
    pub before: Option<i64>,
    pub limit: u32,
}

/// In order of arrival, newest first: a cursor stays true while more arrive.
pub fn transactions(connection: &Connection, filter: &TransactionFilter) -> db::Result<Vec<TransactionRow>> {
    let limit = filter.limit.clamp(1, ROWS_MAX);
    let before = filter.before.unwrap_or(i64::MAX);
    let mut sql = format!("{TRANSACTION} WHERE t.id < ?1");
    let mut values: Vec<&dyn db::ToValue> = vec![&before];
    for (column, value) in [("t.store", &filter.store), ("t.business_date", &filter.day), ("t.number", &filter.number)] {
        if let Some(value) = value {
            values.push(value);
            sql += &format!(" AND {column} = ?{}", values.len());
        }
    }
    sql += &format!(" ORDER BY t.id DESC LIMIT {limit}");
    let mut rows: Vec<TransactionRow> =
        connection.prepare_cached(&sql)?.query_map(values.as_slice(), transaction_row)?.collect::<db::Result<_>>()?;
    for row in &mut rows {
        add_lines(connection, row)?;
    }
    Ok(rows)
}

/// One transaction with the record it stands in: the truth behind the row.
pub struct TransactionDetail {
    pub row: TransactionRow,
    pub record: TransactionRecord,
    pub incarnation: String,
    pub hash: String,
    /// Length of the stored line.
    pub bytes: usize,
}

pub fn transaction(connection: &Connection, txn: TxnId) -> db::Result<Option<TransactionDetail>> {
    let sql = format!("{TRANSACTION} WHERE t.txn = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([txn.0.as_bytes().as_slice()], transaction_row).optional()?;
    let Some(mut row) = found else { return Ok(None) };
    add_lines(connection, &mut row)?;
    let (branch, event): (i64, usize) =
        connection.query_row("SELECT branch, event FROM transactions WHERE id = ?1", [row.cursor], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let line = chain::line(connection, branch, row.seq)?.ok_or_else(|| chain::corrupt("a counted record is not in the chunks"))?;
    let stored = Record::parse(line).map_err(|error| chain::corrupt(&error.to_string()))?;
    let raw = stored.events.get(event).ok_or_else(|| chain::corrupt("a counted event is not in its record"))?;
    let record = match serde_json::from_str(raw.get()) {
        Ok(Event::TransactionCompleted { record } | Event::TransactionVoided { record }) => *record,
        Ok(_) | Err(_) => return Err(chain::corrupt("a counted event is not a transaction")),
    };
    let (incarnation, hash, bytes) = (stored.incarnation.to_string(), stored.hash.to_string(), stored.line.len());
    Ok(Some(TransactionDetail { row, record, incarnation, hash, bytes }))
}

const TRANSACTION: &str =
    "SELECT t.id, t.txn, t.store, n.node, t.seq, t.kind, t.number, t.workstation, t.business_date, t.at_ms, t.currency,
    t.total, t.rounding, t.change, t.training, t.line_count FROM transactions t JOIN nodes n ON n.id = t.node";

fn transaction_row(row: &Row<'_>) -> db::Result<TransactionRow> {
    let txn: [u8; 16] = row.get(1)?;
    Ok(TransactionRow {
        cursor: row.get(0)?,
        txn: uuid::Uuid::from_bytes(txn).to_string(),
        store: row.get(2)?,
        node: row.get(3)?,
        seq: row.get(4)?,
        kind: row.get(5)?,
        number: row.get(6)?,
        workstation: row.get(7)?,
        day: row.get(8)?,
        at_ms: row.get(9)?,
        currency: row.get(10)?,
        total: row.get(11)?,
        rounding: row.get(12)?,
        change: row.get(13)?,
        training: row.get(14)?,
        line_count: row.get(15)?,
        lines: Vec::new(),
        tenders: Vec::new(),
    })
}

fn add_lines(connection: &Connection, row: &mut TransactionRow) -> db::Result<()> {
    row.lines = connection
        .prepare_cached("SELECT line, sku, name, quantity, unit, unit_price, extended FROM lines WHERE txn = ?1 ORDER BY line")?
        .query_map([row.cursor], |row| {
            Ok(LineRow {
                line: row.get(0)?,
                sku: row.get(1)?,
                name: row.get(2)?,
                quantity: row.get(3)?,
                unit: row.get(4)?,
                unit_price: row.get(5)?,
                extended: row.get(6)?,
            })
        })?
        .collect::<db::Result<_>>()?;
    row.tenders = connection
        .prepare_cached("SELECT kind, amount FROM tenders WHERE txn = ?1 ORDER BY place")?
        .query_map([row.cursor], |row| Ok(TenderRow { kind: row.get(0)?, amount: row.get(1)? }))?
        .collect::<db::Result<_>>()?;
    Ok(())
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct IncidentRow {
    pub id: i64,
    pub kind: String,
    pub store: String,
    pub node: String,
    pub text: String,
    pub remedy: String,
    pub times: u64,
    pub first_ms: i64,
    pub last_ms: i64,
    pub closed_ms: Option<i64>,
}

/// Open ones first, then the newest closed ones.
pub fn incidents(connection: &Connection, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<IncidentRow>> {
    let Rows { behind, limit } = rows.into();
    connection
        .prepare_cached(
            "SELECT id, kind, store, node, text, remedy, times, first_ms, last_ms, closed_ms FROM incidents
             WHERE (CASE WHEN closed_ms IS NULL THEN 0 ELSE 1 END, -last_ms, -id) > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), CAST(?3 AS BIGINT))
             ORDER BY CASE WHEN closed_ms IS NULL THEN 0 ELSE 1 END, last_ms DESC, id DESC LIMIT ?4",
        )?
        .query_map(params![behind.rank, -behind.at, -behind.number(), limit], |row| {
            Ok(IncidentRow {
                id: row.get(0)?,
                kind: row.get(1)?,
                store: row.get(2)?,
                node: row.get(3)?,
                text: row.get(4)?,
                remedy: row.get(5)?,
                times: row.get(6)?,
                first_ms: row.get(7)?,
                last_ms: row.get(8)?,
                closed_ms: row.get(9)?,
            })
        })?
        .collect()
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ExceptionRow {
    pub id: i64,
    pub store: String,
    pub node: String,
    pub seq: u64,
    pub kind: String,
    pub owner: String,
    pub reason: String,
    pub opened_ms: i64,
    pub tries: u64,
    pub settled_ms: Option<i64>,
}

pub fn exceptions(connection: &Connection, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<ExceptionRow>> {
    let Rows { behind, limit } = rows.into();
    connection
        .prepare_cached(
            "SELECT e.id, n.store, n.node, e.seq, e.kind, e.owner, e.reason, e.opened_ms, e.tries, e.settled_ms
             FROM exceptions e JOIN nodes n ON n.id = e.node
             WHERE (CASE WHEN e.settled_ms IS NULL THEN 0 ELSE 1 END, -e.id) > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT))
             ORDER BY CASE WHEN e.settled_ms IS NULL THEN 0 ELSE 1 END, e.id DESC LIMIT ?3",
        )?
        .query_map(params![behind.rank, -behind.number(), limit], |row| {
            Ok(ExceptionRow {
                id: row.get(0)?,
                store: row.get(1)?,
                node: row.get(2)?,
                seq: row.get(3)?,
                kind: row.get(4)?,
                owner: row.get(5)?,
                reason: row.get(6)?,
                opened_ms: row.get(7)?,
                tries: row.get(8)?,
                settled_ms: row.get(9)?,
            })
        })?
        .collect()
}

/// What is open, for the mark in the header.
pub fn open_troubles(connection: &Connection) -> db::Result<(u64, u64)> {
    connection.query_row(
        "SELECT (SELECT count(*) FROM incidents WHERE closed_ms IS NULL), (SELECT count(*) FROM exceptions WHERE settled_ms IS NULL)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

#[derive(Debug, Clone, Serialize)]
pub struct UrgentRow {
    pub store: String,
    pub node: String,
    pub seq: u64,
    pub received_ms: i64,
    /// Names of the events in it.
    pub kinds: Vec<String>,
}

/// Copies from the side door that the chain has not reached: true, and not counted yet.
pub fn urgent(connection: &Connection, limit: u32) -> db::Result<Vec<UrgentRow>> {
    connection
        .prepare_cached(
            "SELECT n.store, n.node, u.seq, u.received_ms, u.line FROM urgent u JOIN nodes n ON n.id = u.node
             WHERE u.confirmed_ms IS NULL ORDER BY u.id DESC LIMIT ?1",
        )?
        .query_map([limit], |row| {
            let kinds = match Record::parse(row.get(4)?) {
                Ok(record) => {
                    record.events.iter().filter_map(|event| crate::journal::record::tag(event.get()).map(str::to_owned)).collect()
                }
                Err(_) => Vec::new(),
            };
            Ok(UrgentRow { store: row.get(0)?, node: row.get(1)?, seq: row.get(2)?, received_ms: row.get(3)?, kinds })
        })?
        .collect()
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Assortment {
    pub articles: u64,
    pub catalogue_version: u64,
}

pub fn assortment(connection: &Connection) -> db::Result<Assortment> {
    connection.query_row(
        "SELECT (SELECT count(*) FROM articles), (SELECT coalesce(max(version), 0) FROM feed_files WHERE feed = 'catalogue')",
        [],
        |row| Ok(Assortment { articles: row.get(0)?, catalogue_version: row.get(1)? }),
    )
}
