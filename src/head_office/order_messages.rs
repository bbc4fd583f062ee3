//! What customers are to be told of their orders: an outbox. A message is made when the store's own record says so, is due at a time, and is
//! taken back while it has not been sent and is not true any more. [`super::messages`] sends them, or a connector asks for those that are due and
//! says which it sent.

use serde::Serialize;

use super::db::{self, Connection, OptionalExtension, params};
use super::messages::outbox;
use super::office_events::{self, Fact};
use super::order_states::At;
use super::paging::{Behind, Rows};
use crate::ids::OrderNo;
use crate::time::Stamp;

/// After a hand-over nothing is done that could not be taken back: the desk has a minute to undo it, and its word has to come here.
pub const SETTLED_AFTER_MS: i64 = 90_000;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct MessageRow {
    pub id: i64,
    pub order: String,
    pub store: String,
    /// "ready", "reminder", "delayed", "handed_over", "expired", "refused", "cancelled".
    pub kind: String,
    pub due_ms: i64,
    pub sent_ms: Option<i64>,
}

/// Orders looked at in one go.
const LATE_MAX: u32 = 100;
/// What is late for longer than this nobody has to be told any more.
const LATE_MS_MAX: i64 = 48 * 3_600_000;

/// Orders that should be ready for `after_ms` by head office's clock and are not by their store's record: it has called since then and had nothing
/// left to send. Each once for each time that was promised.
pub fn late(connection: &Connection, now_ms: i64, after_ms: i64) -> db::Result<Vec<(String, String)>> {
    let before_ms = now_ms.saturating_sub(after_ms);
    connection
        .prepare_cached(
            "SELECT o.order_no, o.store FROM collect_orders o LEFT JOIN order_states s ON s.order_no = o.order_no
             WHERE o.promised_ms <= ?1 AND o.promised_ms > ?2 AND o.placed_ms < o.promised_ms AND o.cancelled_ms IS NULL
               AND coalesce(s.state, 'placed') IN ('placed', 'received', 'accepted', 'picking', 'picked')
               AND NOT EXISTS (SELECT 1 FROM order_messages m WHERE m.order_no = o.order_no AND m.kind = 'delayed' AND m.due_ms >= o.promised_ms)
               AND EXISTS (SELECT 1 FROM nodes n WHERE n.store = o.store AND n.last_contact_ms >= o.promised_ms + ?3 AND n.waiting = 0)
               AND NOT EXISTS (SELECT 1 FROM leads l JOIN nodes n ON n.store = l.store AND n.node = l.node
                    WHERE l.store = o.store AND l.epoch = (SELECT max(k.epoch) FROM leads k WHERE k.store = o.store)
                      AND (n.last_contact_ms < o.promised_ms + ?3 OR n.waiting > 0))
             ORDER BY o.promised_ms, o.order_no LIMIT ?4",
        )?
        .query_map(params![before_ms, before_ms.saturating_sub(LATE_MS_MAX), after_ms, LATE_MAX], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Their customers are to be told. Inside the caller's transaction.
pub fn notice_late(connection: &Connection, now_ms: i64, after_ms: i64) -> db::Result<()> {
    for (order, store) in late(connection, now_ms, after_ms)? {
        let told =
            "SELECT id FROM order_messages WHERE order_no = ?1 AND kind = 'delayed' AND (sent_ms IS NOT NULL OR withdrawn_ms IS NOT NULL)";
        let told: Option<i64> = connection.prepare_cached(told)?.query_row([order.as_str()], |row| row.get(0)).optional()?;
        let sql = "INSERT INTO order_messages (order_no, store, kind, due_ms) VALUES (?1, ?2, 'delayed', ?3)
                   ON CONFLICT (order_no, kind) DO UPDATE SET due_ms = ?3, withdrawn_ms = NULL";
        connection.prepare_cached(sql)?.execute(params![order, store, now_ms])?;
        // Of a time that was promised anew: another message.
        if let Some(id) = told {
            outbox::again(connection, id, now_ms)?;
        }
    }
    Ok(())
}

/// Every bag is in its place: the customer may come. The reminder is due some time before the order expires.
pub(super) fn ready(connection: &Connection, at: &At<'_>, order: &OrderNo, when: Stamp) -> db::Result<()> {
    let late =
        "UPDATE order_messages SET withdrawn_ms = ?2 WHERE order_no = ?1 AND kind = 'delayed' AND sent_ms IS NULL AND withdrawn_ms IS NULL";
    connection.execute(late, params![order.as_str(), when.ms])?;
    make(connection, at, order, "ready", when.ms)?;
    let sql = "SELECT expires_ms FROM collect_orders WHERE order_no = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let expires: Vec<i64> = statement.query_map([order.as_str()], |row| row.get(0))?.collect::<db::Result<_>>()?;
    expires.first().map_or(Ok(()), |expires_ms| make(connection, at, order, "reminder", *expires_ms))
}

pub(super) fn handed_over(connection: &Connection, at: &At<'_>, order: &OrderNo, when: Stamp) -> db::Result<()> {
    take_back(connection, order, when)?;
    make(connection, at, order, "handed_over", when.ms + SETTLED_AFTER_MS)
}

/// The hand-over was none: it waits again, as if nobody had come.
pub(super) fn taken_back(connection: &Connection, order: &OrderNo, when: Stamp) -> db::Result<()> {
    take_back(connection, order, when)?;
    let again = "UPDATE order_messages SET withdrawn_ms = NULL WHERE order_no = ?1 AND kind = 'reminder' AND sent_ms IS NULL";
    connection.execute(again, [order.as_str()]).map(drop)
}

/// It will not be ready any more.
pub(super) fn over(connection: &Connection, at: &At<'_>, order: &OrderNo, kind: &'static str, when: Stamp) -> db::Result<()> {
    take_back(connection, order, when)?;
    make(connection, at, order, kind, when.ms)
}

/// Its store refused it. A part of a channel's order goes elsewhere first: what is left of it to be told, routing says ([`refused`]).
pub(super) fn refused_in_store(connection: &Connection, at: &At<'_>, order: &OrderNo, when: Stamp) -> db::Result<()> {
    take_back(connection, order, when)?;
    let sql = "SELECT EXISTS (SELECT 1 FROM order_parts WHERE part = ?1 AND kind = 'collect')";
    match connection.prepare_cached(sql)?.query_row([order.as_str()], |row| row.get::<_, bool>(0))? {
        true => Ok(()),
        false => refused(connection, at.store, order, when.ms),
    }
}

/// Nobody serves it: the customer is told, once.
pub(super) fn refused(connection: &Connection, store: &str, order: &OrderNo, now_ms: i64) -> db::Result<()> {
    make_of(connection, store, order, "refused", now_ms)
}

/// Once for each order and kind; what was taken back is true again.
fn make(connection: &Connection, at: &At<'_>, order: &OrderNo, kind: &'static str, due_ms: i64) -> db::Result<()> {
    make_of(connection, at.store, order, kind, due_ms)
}

fn make_of(connection: &Connection, store: &str, order: &OrderNo, kind: &'static str, due_ms: i64) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO order_messages (order_no, store, kind, due_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (order_no, kind) DO UPDATE SET due_ms = ?4, withdrawn_ms = NULL WHERE order_messages.sent_ms IS NULL",
        )?
        .execute(params![order.as_str(), store, kind, due_ms])
        .map(drop)
}

fn take_back(connection: &Connection, order: &OrderNo, when: Stamp) -> db::Result<()> {
    let sql = "UPDATE order_messages SET withdrawn_ms = ?2 WHERE order_no = ?1 AND sent_ms IS NULL AND withdrawn_ms IS NULL";
    connection.execute(sql, params![order.as_str(), when.ms]).map(drop)
}

/// Those that are due and were not sent, the oldest first. A reminder is due `remind_ms` before the order expires.
pub fn due(connection: &Connection, now_ms: i64, remind_ms: i64, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<MessageRow>> {
    let Rows { behind, limit } = rows.into();
    connection
        .prepare_cached(
            "SELECT id, order_no, store, kind, due_ms, sent_ms FROM order_messages WHERE sent_ms IS NULL AND withdrawn_ms IS NULL
               AND due_ms <= CASE kind WHEN 'reminder' THEN CAST(?2 AS BIGINT) ELSE CAST(?1 AS BIGINT) END
               AND (CAST(?3 AS BIGINT) < 0 OR (due_ms, id) > (CAST(?4 AS BIGINT), CAST(?5 AS BIGINT))) ORDER BY due_ms, id LIMIT ?6",
        )?
        .query_map(params![now_ms, now_ms.saturating_add(remind_ms), behind.rank, behind.at, behind.number(), limit], row)?
        .collect()
}

/// Of one order, whatever became of them.
pub fn of_order(connection: &Connection, order: &OrderNo) -> db::Result<Vec<MessageRow>> {
    let sql =
        "SELECT id, order_no, store, kind, due_ms, sent_ms FROM order_messages WHERE order_no = ?1 AND withdrawn_ms IS NULL ORDER BY id";
    connection.prepare_cached(sql)?.query_map([order.as_str()], row)?.collect()
}

fn row(row: &db::Row<'_>) -> db::Result<MessageRow> {
    Ok(MessageRow { id: row.get(0)?, order: row.get(1)?, store: row.get(2)?, kind: row.get(3)?, due_ms: row.get(4)?, sent_ms: row.get(5)? })
}

/// A connector sent it, or somebody told the customer. Idempotent. `false`: there is none of this number, or it is not true any more.
pub fn sent(connection: &Connection, id: i64, now_ms: i64) -> db::Result<bool> {
    let sql = "UPDATE order_messages SET sent_ms = coalesce(sent_ms, ?2) WHERE id = ?1 AND withdrawn_ms IS NULL";
    if connection.execute(sql, params![id, now_ms])? == 0 {
        return Ok(false);
    }
    let of = "SELECT id, order_no, store, kind, due_ms, sent_ms FROM order_messages WHERE id = ?1";
    let of = connection.prepare_cached(of)?.query_row([id], row)?;
    let source = format!("message {id} {} told", of.sent_ms.unwrap_or(now_ms));
    let data = serde_json::json!({ "message": of.kind, "way": "told" });
    let fact = Fact { kind: "message.sent", store: &of.store, order: &of.order, at_ms: now_ms, known_ms: now_ms, who: "", source, data };
    office_events::add(connection, &fact)?;
    Ok(true)
}
