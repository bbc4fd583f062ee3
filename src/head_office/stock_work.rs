//! What stores count, receive and write off, by their own record. Made from the journals and again from them, like all that is counted.

use super::db::{self, Connection, params};
use super::order_states::{At, move_units};
use crate::retail::Event;
use crate::retail::order::Units;

/// Kinds that say how much is there, without their version.
pub fn is_ours(kind: &str) -> bool {
    matches!(kind, "stock_counted" | "goods_received" | "units_adjusted")
}

pub fn count(connection: &Connection, at: &At<'_>, event: &Event) -> db::Result<()> {
    match event {
        Event::StockCounted { step, lines, .. } => {
            // Of two counts the later one says what is there.
            let mut set = connection.prepare_cached(
                "INSERT INTO stock_counts (store, sku, node, branch, seq, at_ms, by_staff, quantity) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (store, sku) DO UPDATE SET node = ?3, branch = ?4, seq = ?5, at_ms = ?6, by_staff = ?7, quantity = ?8
                 WHERE (excluded.branch = stock_counts.branch AND excluded.seq > stock_counts.seq)
                   OR (excluded.branch <> stock_counts.branch AND excluded.at_ms >= stock_counts.at_ms)",
            )?;
            let by = step.by.as_ref().map(ToString::to_string);
            for line in lines {
                let quantity = line.on_hand.thousandths();
                set.execute(params![at.store, line.sku.as_str(), at.node, at.branch, at.seq, step.at.ms, by, quantity])?;
            }
            Ok(())
        }
        Event::GoodsReceived { lines, .. } => {
            let units: Vec<Units> = lines.iter().map(|line| Units { sku: line.sku.clone(), quantity: line.quantity }).collect();
            move_units(connection, at, &units, 1)
        }
        Event::UnitsAdjusted { sku, quantity, .. } => move_units(connection, at, &[Units { sku: sku.clone(), quantity: *quantity }], 1),
        _ => Ok(()),
    }
}
