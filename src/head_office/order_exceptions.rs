//! Orders that somebody should look at: refused at the door, said twice with another content, or done by a node that is not the lead any more.
//! Nothing waits behind them; a person settles them.

use serde::Serialize;

use super::db::{self, Connection, params};
use super::paging::{Behind, Rows};

/// Rows that are kept. Beyond it the oldest that were settled go, then the oldest.
const KEPT_MAX: i64 = 10_000;

/// Who has to look.
pub const CHANNEL: &str = "order desk";
pub const STORE: &str = "store manager";

#[derive(Debug, Clone)]
pub struct OrderException<'a> {
    /// The same trouble again is the same row.
    pub fingerprint: String,
    pub store: &'a str,
    pub order: &'a str,
    /// "contradicted", "doubled", "malformed", "late_lead", "cancel_too_late", "change_too_late", "no_rights", "unknown_here", "message_not_sent", "refund_owed", "refund_asked", "webhook_dead",
    /// "paid_elsewhere", "waiting", "not_routed", "store_silent".
    pub kind: &'static str,
    pub owner: &'static str,
    pub reason: String,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct OrderExceptionRow {
    pub id: i64,
    pub store: String,
    pub order: String,
    pub kind: String,
    pub owner: String,
    pub reason: String,
    pub opened_ms: i64,
    pub times: u64,
    pub settled_ms: Option<i64>,
}

/// `again`: the same trouble may happen anew, and then opens the row again. A record that is counted anew does not.
pub fn open(connection: &Connection, exception: &OrderException<'_>, at_ms: i64, again: bool) -> db::Result<()> {
    let on_conflict = match again {
        true => "DO UPDATE SET reason = ?6, times = order_exceptions.times + 1, opened_ms = ?7, settled_ms = NULL",
        false => "DO NOTHING",
    };
    let OrderException { fingerprint, store, order, kind, owner, reason } = exception;
    connection
        .prepare_cached(&format!(
            "INSERT INTO order_exceptions (fingerprint, store, order_no, kind, owner, reason, opened_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (fingerprint) {on_conflict}"
        ))?
        .execute(params![fingerprint, store, order, kind, owner, reason, at_ms])?;
    let count: i64 = connection.query_row("SELECT count(*) FROM order_exceptions", [], |row| row.get(0))?;
    if count > KEPT_MAX {
        let oldest = "SELECT id FROM order_exceptions ORDER BY settled_ms IS NULL, id LIMIT ?1";
        connection.execute(&format!("DELETE FROM order_exceptions WHERE id IN ({oldest})"), [count - KEPT_MAX])?;
    }
    Ok(())
}

/// Open ones first, newest first.
pub fn list(connection: &Connection, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<OrderExceptionRow>> {
    let Rows { behind, limit } = rows.into();
    connection
        .prepare_cached(
            "SELECT id, store, order_no, kind, owner, reason, opened_ms, times, settled_ms FROM order_exceptions
             WHERE (CASE WHEN settled_ms IS NULL THEN 0 ELSE 1 END, -opened_ms, -id) > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), CAST(?3 AS BIGINT))
             ORDER BY CASE WHEN settled_ms IS NULL THEN 0 ELSE 1 END, opened_ms DESC, id DESC LIMIT ?4",
        )?
        .query_map(params![behind.rank, -behind.at, -behind.number(), limit], |row| {
            Ok(OrderExceptionRow {
                id: row.get(0)?,
                store: row.get(1)?,
                order: row.get(2)?,
                kind: row.get(3)?,
                owner: row.get(4)?,
                reason: row.get(5)?,
                opened_ms: row.get(6)?,
                times: row.get(7)?,
                settled_ms: row.get(8)?,
            })
        })?
        .collect()
}

/// A person has seen to it. Idempotent. `false`: there is none of this number.
pub fn settle(connection: &Connection, id: i64, now_ms: i64) -> db::Result<bool> {
    let changed =
        connection.execute("UPDATE order_exceptions SET settled_ms = coalesce(settled_ms, ?2) WHERE id = ?1", params![id, now_ms])?;
    Ok(changed > 0)
}
