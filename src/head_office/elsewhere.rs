//! What the other shops have of an article, for a shop whose customer asks. Each figure is the sum of what head office holds of that shop, and
//! says until when that is all there was.

use super::db::{self, Connection, params};
use super::stock_figures::{HEARD, KNOWN, MOVED};
use crate::ids::{Sku, StoreId};
use crate::money::Qty;
use crate::sync::wire::StockElsewhere;
use crate::time::Stamp;

/// Shops in one answer, those with the most first: what a screen can show.
pub const STORES_MAX: u32 = 20;

/// Shops without a stock of the article are left out; so is the one that asks.
pub fn find(connection: &Connection, store: &StoreId, sku: &Sku) -> db::Result<Vec<StockElsewhere>> {
    let on_hand = format!(
        "SELECT k.store, k.name, coalesce(c.quantity, s.quantity) + {MOVED} AS on_hand, {HEARD} AS heard_ms, b.as_of FROM (
           SELECT s.store, CAST(?1 AS TEXT) AS sku, coalesce(t.name, '') AS name FROM (
             SELECT store FROM stock WHERE sku = ?1 UNION SELECT store FROM stock_counts WHERE sku = ?1
           ) s LEFT JOIN stores t ON t.store = s.store WHERE s.store <> ?2
         ) k {KNOWN}"
    );
    connection
        .prepare_cached(&format!("SELECT store, name, on_hand, heard_ms, as_of FROM ({on_hand}) f ORDER BY on_hand DESC, store LIMIT ?3"))?
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
