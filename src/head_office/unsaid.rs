//! What a word of the line to a store may say is spent: totals are those of now, and the words before it are not heard yet.

use super::db::{self, Connection, params};
use super::orders::Said;
use super::{chain, rights};
use crate::ids::{Sku, StoreId};
use crate::money::Qty;
use crate::retail::order::{OrderLine, RightTotals};

/// Rights that were spent on orders of which the store has not been told by a word of its line. Said any earlier they would be neither
/// promised nor held there, and the store would grant those units once more.
pub struct Unsaid(Vec<(u64, Sku, Qty)>);

impl Unsaid {
    /// Of the words behind `after`. An order that was changed since is said as it stands now, by the first of its words.
    pub fn load(connection: &Connection, store: &StoreId, after: u64) -> db::Result<Unsaid> {
        let term = rights::term(connection, store.as_str())?;
        let mut said = connection.prepare_cached(
            "SELECT min(w.id), o.lines FROM order_words w JOIN collect_orders o ON o.order_no = w.order_no AND o.store = w.store
               JOIN order_rights r ON r.order_no = w.order_no
             WHERE w.store = ?1 AND w.id > ?2 AND w.cancel = ?3 AND r.lead = ?4 AND r.office = ?5 GROUP BY w.order_no, o.lines",
        )?;
        let said: Vec<(u64, String)> = said
            .query_map(params![store.as_str(), after, Said::Put as i64, term.lead, term.office], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<db::Result<_>>()?;
        let mut unsaid = Vec::new();
        for (id, lines) in said {
            let lines: Vec<OrderLine> =
                serde_json::from_str(&lines).map_err(|_| chain::corrupt("the lines of a stored order cannot be read"))?;
            unsaid.extend(lines.into_iter().map(|line| (id, line.sku, line.quantity)));
        }
        Ok(Unsaid(unsaid))
    }

    /// What a word at this place says.
    pub fn without(&self, totals: RightTotals, cursor: u64) -> RightTotals {
        let later = self.0.iter().filter(|(id, sku, _)| *id > cursor && *sku == totals.sku);
        let unsaid: Qty = later.map(|(.., quantity)| *quantity).sum();
        RightTotals { spent: (totals.spent - unsaid).max(Qty::ZERO), ..totals }
    }
}
