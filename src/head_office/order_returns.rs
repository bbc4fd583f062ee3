//! Orders whose goods have to come back: cancelled after they had been handed over, or asked for by customer service. A person closes a return.

use serde::Serialize;

use super::db::{self, Connection, OptionalExtension, params};
use super::office_events::{self, Fact};
use super::order_messages::SETTLED_AFTER_MS;
use super::order_states::At;
use super::orders::{Said, say};
use super::paging::{Behind, Rows};
use crate::ids::{OrderNo, StoreId};
use crate::time::Stamp;

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ReturnRow {
    pub order: String,
    pub store: String,
    pub handed_over_ms: i64,
    pub opened_ms: i64,
    /// "waiting": the hand-over can still be taken back, then the cancel is said again; "open"; "closed".
    pub state: &'static str,
    pub closed_ms: Option<i64>,
}

/// The cancel came after this hand-over.
pub(super) fn open(connection: &Connection, at: &At<'_>, order: &OrderNo, handed_over: Stamp, when: Stamp) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO order_returns (order_no, store, handed_over_ms, opened_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (order_no) DO UPDATE SET handed_over_ms = ?3, opened_ms = ?4, withdrawn_ms = NULL
               WHERE order_returns.withdrawn_ms IS NOT NULL AND order_returns.handed_over_ms < ?3",
        )?
        .execute(params![order.as_str(), at.store, handed_over.ms, when.ms])?;
    opened(connection, at.store, order, handed_over.ms, (when.ms, at.known_ms), "")
}

fn opened(connection: &Connection, store: &str, order: &OrderNo, handed_over_ms: i64, at: (i64, i64), who: &str) -> db::Result<()> {
    let source = format!("return {order} {handed_over_ms}");
    let data = serde_json::json!({ "handed_over_ms": handed_over_ms });
    let fact = Fact { kind: "return.opened", store, order: order.as_str(), at_ms: at.0, known_ms: at.1, who, source, data };
    office_events::add(connection, &fact)
}

/// Where and when the customer got it, by the store's record; of a parcel, when it left its place.
pub fn handed_over(connection: &Connection, order: &OrderNo) -> db::Result<Option<(String, i64)>> {
    connection
        .prepare_cached(
            "SELECT store, at_ms FROM order_states WHERE order_no = ?1 AND state IN ('handed_over', 'part_handed_over') UNION ALL
             SELECT store, coalesce(left_ms, since_ms) FROM order_parts WHERE part = ?1 AND kind = 'ship' AND state IN ('shipped', 'delivered')
             LIMIT 1",
        )?
        .query_row([order.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Customer service wants the goods back that the customer has. `false`: nobody's record says that they were handed over, or sent.
pub fn ask(connection: &Connection, order: &OrderNo, who: &str, now_ms: i64) -> db::Result<bool> {
    let Some((store, handed_over_ms)) = handed_over(connection, order)? else { return Ok(false) };
    connection
        .prepare_cached(
            "INSERT INTO order_returns (order_no, store, handed_over_ms, opened_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (order_no) DO UPDATE SET handed_over_ms = ?3, opened_ms = ?4, withdrawn_ms = NULL, closed_ms = NULL
               WHERE order_returns.withdrawn_ms IS NOT NULL OR order_returns.handed_over_ms < ?3",
        )?
        .execute(params![order.as_str(), store, handed_over_ms, now_ms])?;
    opened(connection, &store, order, handed_over_ms, (now_ms, now_ms), who)?;
    Ok(true)
}

/// There was no hand-over: the cancel is said again, once, and finds the goods in the store.
pub(super) fn taken_back(connection: &Connection, at: &At<'_>, order: &OrderNo, when: Stamp) -> db::Result<()> {
    let sql =
        "UPDATE order_returns SET withdrawn_ms = ?2 WHERE order_no = ?1 AND withdrawn_ms IS NULL AND closed_ms IS NULL AND opened_ms <= ?2";
    if connection.execute(sql, params![order.as_str(), when.ms])? == 0 {
        return Ok(());
    }
    let version: Option<u64> = connection
        // A return that customer service asked for cancels nothing.
        .prepare_cached("SELECT version FROM collect_orders WHERE order_no = ?1 AND cancelled_ms IS NOT NULL")?
        .query_row([order.as_str()], |row| row.get(0))
        .optional()?;
    let store: StoreId = at.store.parse().map_err(|_| super::chain::corrupt("a store without a name"))?;
    version.map_or(Ok(()), |version| say(connection, &store, order, version, Said::Cancel))
}

/// Open ones first, the oldest of them first.
pub fn list(connection: &Connection, now_ms: i64, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<ReturnRow>> {
    let Rows { behind, limit } = rows.into();
    connection
        .prepare_cached(
            "SELECT order_no, store, handed_over_ms, opened_ms, closed_ms FROM order_returns WHERE withdrawn_ms IS NULL
               AND (CASE WHEN closed_ms IS NULL THEN 0 ELSE 1 END, opened_ms, order_no) > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), ?3)
             ORDER BY CASE WHEN closed_ms IS NULL THEN 0 ELSE 1 END, opened_ms, order_no LIMIT ?4",
        )?
        .query_map(params![behind.rank, behind.at, behind.id, limit], |row| {
            let (handed_over_ms, closed_ms): (i64, Option<i64>) = (row.get(2)?, row.get(4)?);
            let state = match closed_ms {
                Some(_) => "closed",
                None if now_ms < handed_over_ms + SETTLED_AFTER_MS => "waiting",
                None => "open",
            };
            Ok(ReturnRow { order: row.get(0)?, store: row.get(1)?, handed_over_ms, opened_ms: row.get(3)?, state, closed_ms })
        })?
        .collect()
}

/// The goods are back, or will not come. Idempotent. `false`: there is none, or it can still be taken back.
pub fn close(connection: &Connection, order: &OrderNo, now_ms: i64) -> db::Result<bool> {
    let sql = "UPDATE order_returns SET closed_ms = coalesce(closed_ms, ?2) WHERE order_no = ?1 AND withdrawn_ms IS NULL AND handed_over_ms <= ?3";
    if connection.execute(sql, params![order.as_str(), now_ms, now_ms - SETTLED_AFTER_MS])? == 0 {
        return Ok(false);
    }
    let (store, handed_over_ms): (String, i64) = connection
        .prepare_cached("SELECT store, handed_over_ms FROM order_returns WHERE order_no = ?1")?
        .query_row([order.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let source = format!("return {order} {handed_over_ms} closed");
    let (order, data) = (order.as_str(), serde_json::json!({}));
    let fact = Fact { kind: "return.closed", store: &store, order, at_ms: now_ms, known_ms: now_ms, who: "", source, data };
    office_events::add(connection, &fact)?;
    Ok(true)
}
