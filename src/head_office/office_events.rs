//! The log of what happened, over all stores, channels and people: one row for each fact, with a number that only grows. The timeline of an order
//! is read from it, and programs outside follow it by cursor. Rows carry no personal data; what people wrote stands in [`super::order_notes`].

use serde::Serialize;
use serde_json::Value as Json;

use super::db::{self, Connection, OptionalExtension, ToValue, params};
use super::storage;

/// Far more than happens between two restores; with a thousand epochs a number still fits 53 bits.
const PER_EPOCH_MAX: u64 = 1 << 40;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Fact<'a> {
    /// "order.accepted" and so on: docs/EVENTS.md lists them.
    pub kind: &'a str,
    pub store: &'a str,
    /// Empty: it is of no order.
    pub order: &'a str,
    /// By the clock of whoever did it.
    pub at_ms: i64,
    /// By head office's clock.
    pub known_ms: i64,
    /// A person of the store by staff id, or somebody at head office. Not shown outside.
    pub who: &'a str,
    /// The same fact again has the same.
    pub source: String,
    pub data: Json,
}

#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct OfficeEvent {
    pub id: u64,
    pub kind: String,
    pub store: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order: String,
    pub at_ms: i64,
    pub known_ms: i64,
    #[serde(skip)]
    pub who: String,
    pub data: Json,
}

/// Writes a fact down, once. Inside the caller's transaction, which is the fact's own.
pub fn add(connection: &Connection, fact: &Fact<'_>) -> db::Result<()> {
    let known = "SELECT 1 FROM office_events WHERE source = ?1";
    if connection.prepare_cached(known)?.query_row([fact.source.as_str()], |_| Ok(())).optional()?.is_some() {
        return Ok(());
    }
    let Fact { kind, store, order, at_ms, known_ms, who, source, data } = fact;
    connection
        .prepare_cached(
            "INSERT INTO office_events (id, kind, store, order_no, at_ms, known_ms, who, source, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![next(connection)?, kind, store, order, at_ms, known_ms, who, source, data.to_string()])
        .map(drop)
}

/// Behind the newest, and beyond all numbers that an epoch before may have shown outside: after a restore a cursor from before it skips nothing.
fn next(connection: &Connection) -> db::Result<u64> {
    let newest: u64 = connection.prepare_cached("SELECT coalesce(max(id), 0) FROM office_events")?.query_row([], |row| row.get(0))?;
    let before = storage::epoch(connection)?.saturating_sub(1).saturating_mul(PER_EPOCH_MAX);
    Ok(newest.max(before) + 1)
}

const COLUMNS: &str = "SELECT id, kind, store, order_no, at_ms, known_ms, who, data FROM office_events";

fn row(row: &db::Row<'_>) -> db::Result<OfficeEvent> {
    let data: String = row.get(7)?;
    Ok(OfficeEvent {
        id: row.get(0)?,
        kind: row.get(1)?,
        store: row.get(2)?,
        order: row.get(3)?,
        at_ms: row.get(4)?,
        known_ms: row.get(5)?,
        who: row.get(6)?,
        data: serde_json::from_str(&data).map_err(|_| super::chain::corrupt("what is told of an event cannot be read"))?,
    })
}

/// Of one order, in the order in which they came here.
pub fn of_order(connection: &Connection, order: &str, limit: u32) -> db::Result<Vec<OfficeEvent>> {
    // The newest, should there be more than anybody reads.
    let sql = format!("{COLUMNS} WHERE order_no = ?1 AND order_no <> '' ORDER BY id DESC LIMIT ?2");
    let mut rows: Vec<OfficeEvent> = connection.prepare_cached(&sql)?.query_map(params![order, limit], row)?.collect::<db::Result<_>>()?;
    rows.reverse();
    Ok(rows)
}

/// A part of the log, and where the next one begins.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = EventPage)]
pub struct Page {
    pub rows: Vec<OfficeEvent>,
    /// To be asked for next; also when there was nothing: then it stands behind what was passed over.
    pub next: u64,
    /// More is there already.
    pub more: bool,
}

/// The number of the newest; 0: nothing has happened yet.
pub fn newest(connection: &Connection) -> db::Result<u64> {
    connection.prepare_cached("SELECT coalesce(max(id), 0) FROM office_events")?.query_row([], |row| row.get(0))
}

/// What happened behind `after`, in order. `kinds`: "order.ready", or "order.*" for all that begin so; none: all.
pub fn after(connection: &Connection, after: u64, kinds: &[String], limit: u32) -> db::Result<Page> {
    let newest = newest(connection)?;
    let of_kind = |(index, kind): (usize, &String)| match kind.strip_suffix('*') {
        Some(beginning) => format!("substr(kind, 1, {}) = ?{}", beginning.len(), index + 3),
        None => format!("kind = ?{}", index + 3),
    };
    let of_kinds: Vec<String> = kinds.iter().enumerate().map(of_kind).collect();
    let and = if of_kinds.is_empty() { String::new() } else { format!(" AND ({})", of_kinds.join(" OR ")) };
    let sql = format!("{COLUMNS} WHERE id > ?1{and} ORDER BY id LIMIT ?2");
    let names: Vec<&str> = kinds.iter().map(|kind| kind.strip_suffix('*').unwrap_or(kind)).collect();
    let mut values: Vec<&dyn ToValue> = vec![&after, &limit];
    values.extend(names.iter().map(|name| name as &dyn ToValue));
    let rows: Vec<OfficeEvent> = connection.prepare_cached(&sql)?.query_map(values.as_slice(), row)?.collect::<db::Result<_>>()?;
    let next = match rows.last() {
        Some(last) if rows.len() == limit as usize => last.id,
        _ => newest.max(after),
    };
    Ok(Page { more: next < newest, rows, next })
}
