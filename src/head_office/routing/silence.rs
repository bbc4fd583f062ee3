//! Collect orders that a store has not accepted in time because it is not heard of. The store keeps them, its rights are spent on them; a person
//! calls the store, or cancels the order and places it elsewhere.

use crate::head_office::db::{self, Connection, params};
use crate::head_office::order_exceptions::{self, OrderException, STORE};

/// A store of which no other time is said accepts within this.
const ACCEPT_MINUTES: i64 = 240;
/// A store that called since is not silent.
const SILENT_MS: i64 = 15 * 60_000;
/// What was placed before this somebody has seen.
const LOOKED_BACK_MS: i64 = 48 * 3_600_000;
/// Orders raised in one transaction.
const AT_ONCE: u32 = 50;

/// Each once.
const DUE: &str = "FROM collect_orders o LEFT JOIN order_states s ON s.order_no = o.order_no LEFT JOIN places q ON q.store = o.store
     WHERE o.placed_ms > ?2 AND o.placed_ms < ?1 - coalesce(q.accept_minutes, ?3) * 60000 AND o.cancelled_ms IS NULL
       AND coalesce(s.state, 'placed') IN ('placed', 'received')
       AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.store = o.store AND n.last_contact_ms > ?4)
       AND NOT EXISTS (SELECT 1 FROM order_exceptions e WHERE e.fingerprint = 'store_silent ' || o.order_no)";

/// Rows of the list whose order moved on.
const MOVED_ON: &str = "kind = 'store_silent' AND settled_ms IS NULL AND NOT EXISTS (
     SELECT 1 FROM collect_orders o LEFT JOIN order_states s ON s.order_no = o.order_no
     WHERE o.order_no = order_exceptions.order_no AND o.cancelled_ms IS NULL AND coalesce(s.state, 'placed') IN ('placed', 'received'))";

pub fn is_anything_due(connection: &Connection, now_ms: i64) -> db::Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 {DUE}) OR EXISTS (SELECT 1 FROM order_exceptions WHERE {MOVED_ON})");
    connection.prepare_cached(&sql)?.query_row(bounds(now_ms), |row| row.get(0))
}

fn bounds(now_ms: i64) -> [i64; 4] {
    [now_ms, now_ms - LOOKED_BACK_MS, ACCEPT_MINUTES, now_ms - SILENT_MS]
}

/// Puts them on the list of exceptions, and takes from it those that moved on.
pub fn raise(connection: &Connection, now_ms: i64) -> db::Result<()> {
    let settled = format!("UPDATE order_exceptions SET settled_ms = ?1 WHERE {MOVED_ON}");
    connection.prepare_cached(&settled)?.execute(params![now_ms])?;
    let sql = format!("SELECT o.order_no, o.store {DUE} ORDER BY o.placed_ms, o.order_no LIMIT {AT_ONCE}");
    let due: Vec<(String, String)> =
        connection.prepare_cached(&sql)?.query_map(bounds(now_ms), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<db::Result<_>>()?;
    for (order, store) in due {
        let reason = format!(
            "{store} has not accepted it in time and does not call: telephone the store; if it cannot serve it, cancel the order and place it for \
             another store. What the store did meanwhile comes when its line is back"
        );
        let fingerprint = format!("store_silent {order}");
        let exception = OrderException { fingerprint, store: &store, order: &order, kind: "store_silent", owner: STORE, reason };
        order_exceptions::open(connection, &exception, now_ms, false)?;
    }
    Ok(())
}
