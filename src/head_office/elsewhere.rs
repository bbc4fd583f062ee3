//! What the other shops have of an article, for a shop whose customer asks. Each figure is the sum of what head office holds of that shop, and
//! says until when that is all there was.

use super::db::{self, Connection, params};
use crate::ids::{Sku, StoreId};
use crate::money::Qty;
use crate::sync::wire::StockElsewhere;
use crate::time::Stamp;

/// Shops in one answer, those with the most first: what a screen can show.
pub const STORES_MAX: u32 = 20;

/// Shops without a stock of the article are left out; so is the one that asks.
pub fn find(connection: &Connection, store: &StoreId, sku: &Sku) -> db::Result<Vec<StockElsewhere>> {
    // A figure is as old as the news of the shop's quietest box: its last call when it had nothing left to send, else its newest sale that came.
    connection
        .prepare_cached(
            "SELECT s.store, coalesce(t.name, ''),
               s.quantity + (SELECT coalesce(sum(m.quantity), 0) FROM stock_moves m
                 LEFT JOIN baseline_heads h ON h.store = s.store AND h.version = s.version AND h.node = m.node
                 WHERE m.store = s.store AND m.sku = s.sku AND m.seq > coalesce(h.seq, 0)) AS on_hand,
               coalesce((SELECT min(CASE WHEN n.head_seq <= coalesce(b.head_seq, 0) THEN n.last_contact_ms
                   ELSE coalesce((SELECT max(x.at_ms) FROM transactions x WHERE x.node = n.id), n.first_seen_ms) END)
                 FROM nodes n LEFT JOIN branches b ON b.id = n.current_branch WHERE n.store = s.store), -1), l.as_of
             FROM stock s LEFT JOIN stores t ON t.store = s.store LEFT JOIN baselines l ON l.store = s.store AND l.version = s.version
             WHERE s.sku = ?1 AND s.store <> ?2 ORDER BY on_hand DESC, s.store LIMIT ?3",
        )?
        .query_map(params![sku.as_str(), store.as_str(), STORES_MAX], |row| {
            Ok(StockElsewhere {
                store: row.get(0)?,
                name: row.get(1)?,
                quantity: Qty::from_thousandths(row.get(2)?),
                as_of_ms: heard_or_stated(row.get(3)?, row.get(4)?),
            })
        })?
        .collect()
}

/// When a shop was last heard of; of one that never called, when its stock was stated.
fn heard_or_stated(heard_ms: i64, as_of: Option<String>) -> i64 {
    if heard_ms >= 0 {
        return heard_ms;
    }
    as_of.and_then(|json| serde_json::from_str::<Stamp>(&json).ok()).map_or(0, |stated| stated.ms)
}
