//! How many units of an article a store should have: safety stock that is never promised, and the levels between which it is filled up.
//! Set for one store, or for all that have no row of their own.

use serde::{Deserialize, Serialize};

use super::db::{self, Connection, OptionalExtension, params};
use super::queries::ROWS_MAX;
use crate::ids::{Sku, StoreId};
use crate::money::Qty;

/// Beyond it somebody mistyped.
const LEVEL_MAX: Qty = Qty::pieces(999_999);

/// Thousandths of the article's unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StockLevels)]
pub struct Levels {
    /// Never promised by head office, whatever the store grants.
    #[serde(default)]
    pub safety: Qty,
    /// Below it the store is to be filled up. Left out: by what it sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Qty>,
    /// Up to where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Qty>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LevelRow {
    /// Empty: all stores without a row of their own.
    pub store: String,
    pub sku: String,
    #[serde(flatten)]
    pub levels: Levels,
}

/// What is wrong with them, if anything.
pub fn wrong(levels: &Levels) -> Option<&'static str> {
    let all = [Some(levels.safety), levels.min, levels.max];
    if all.into_iter().flatten().any(|level| level < Qty::ZERO || level > LEVEL_MAX) {
        return Some("a level is 0 to 999,999 units");
    }
    match (levels.min, levels.max) {
        (Some(min), Some(max)) if max < min => Some("the store is filled up to max, which is below min"),
        (Some(_), None) | (None, Some(_)) => Some("min and max belong together: give both, or neither to go by what was sold"),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// `store`: `None` for all stores without a row of their own. Idempotent.
pub fn put(connection: &Connection, store: Option<&StoreId>, sku: &Sku, levels: &Levels) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO stock_levels (store, sku, safety, min, max) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (store, sku) DO UPDATE SET safety = ?3, min = ?4, max = ?5",
        )?
        .execute(params![
            store.map_or("", StoreId::as_str),
            sku.as_str(),
            levels.safety.thousandths(),
            levels.min.map(Qty::thousandths),
            levels.max.map(Qty::thousandths),
        ])
        .map(drop)
}

/// Back to what holds for all, or to none. Idempotent.
pub fn remove(connection: &Connection, store: Option<&StoreId>, sku: &Sku) -> db::Result<()> {
    connection
        .execute("DELETE FROM stock_levels WHERE store = ?1 AND sku = ?2", params![store.map_or("", StoreId::as_str), sku.as_str()])
        .map(drop)
}

/// Of one store (`None`: of all stores without a row of their own), by article, after `after`.
pub fn list(connection: &Connection, store: Option<&StoreId>, after: &str, limit: u32) -> db::Result<Vec<LevelRow>> {
    connection
        .prepare_cached("SELECT store, sku, safety, min, max FROM stock_levels WHERE store = ?1 AND sku > ?2 ORDER BY sku LIMIT ?3")?
        .query_map(params![store.map_or("", StoreId::as_str), after, limit.clamp(1, ROWS_MAX)], level_row)?
        .collect()
}

pub fn find(connection: &Connection, store: Option<&StoreId>, sku: &Sku) -> db::Result<Option<LevelRow>> {
    connection
        .prepare_cached("SELECT store, sku, safety, min, max FROM stock_levels WHERE store = ?1 AND sku = ?2")?
        .query_row(params![store.map_or("", StoreId::as_str), sku.as_str()], level_row)
        .optional()
}

fn level_row(row: &db::Row<'_>) -> db::Result<LevelRow> {
    let quantity = Qty::from_thousandths;
    let (min, max): (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
    let levels = Levels { safety: quantity(row.get(2)?), min: min.map(quantity), max: max.map(quantity) };
    Ok(LevelRow { store: row.get(0)?, sku: row.get(1)?, levels })
}
