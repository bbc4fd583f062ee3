//! What is known of a store's stock of an article, and how old that is: one set of figures for pages, API, other shops and promises, each
//! made of the same pieces of SQL, so that no two answers differ.

use serde::Serialize;

use super::db::{self, Connection, Row, params};
use super::places::{self, PlaceKind};
use super::queries::ROWS_MAX;
use super::{atp, storage};
use crate::time::Stamp;

/// What moved (thousandths) since the store's last count `c`, or else since the heads that the baseline `s` includes; without either, since
/// ever. Of store and article `k`.
pub(super) const MOVED: &str = "(SELECT coalesce(sum(m.quantity), 0) FROM stock_moves m
     LEFT JOIN baseline_heads h ON h.store = k.store AND h.version = s.version AND h.node = m.node
     WHERE m.store = k.store AND m.sku = k.sku
       AND CASE WHEN c.sku IS NULL THEN m.seq > coalesce(h.seq, 0)
                WHEN m.node = c.node THEN m.seq > c.seq
                ELSE m.at_ms > c.at_ms END)";

/// As old as the news of the store's quietest box: its last call when it had nothing left to send, else its newest sale that came. -1: no box
/// of the store has ever called.
pub(super) const HEARD: &str = "coalesce((SELECT min(CASE WHEN n.head_seq <= coalesce(nb.head_seq, 0) THEN n.last_contact_ms
       ELSE coalesce((SELECT max(x.at_ms) FROM transactions x WHERE x.node = n.id), n.first_seen_ms) END)
     FROM nodes n LEFT JOIN branches nb ON nb.id = n.current_branch WHERE n.store = k.store), -1)";

/// Where those two find their rows, from store and article `k` on.
pub(super) const KNOWN: &str = "LEFT JOIN stock_counts c ON c.store = k.store AND c.sku = k.sku
     LEFT JOIN stock s ON s.store = k.store AND s.sku = k.sku
     LEFT JOIN baselines b ON b.store = k.store AND b.version = s.version";

/// Everything about an article in one store. Quantities in thousandths.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StockRow {
    pub store: String,
    pub store_name: String,
    /// Anything but a store has no node: it states its stock itself, and holds no rights.
    pub kind: PlaceKind,
    pub region: Option<String>,
    pub sku: String,
    pub name: String,
    /// `None` where no baseline was ever given.
    pub baseline: Option<i64>,
    /// When the baseline was stated.
    pub as_of_ms: Option<i64>,
    /// What came (positive) or left (negative) since the store's last count, or else since the heads that the baseline includes; without
    /// either, since ever.
    pub moved: i64,
    /// What the store counted last, and when; `None`: it never did.
    pub counted: Option<i64>,
    pub counted_ms: Option<i64>,
    /// What was counted, or else the baseline, and what moved since; `None` without either.
    pub on_hand: Option<i64>,
    /// Of orders that are not over, also of those that the store has not said yes to.
    pub reserved: i64,
    /// Never promised by head office, whatever the store grants.
    pub safety: i64,
    /// What the store lets head office promise; `None`: nothing, under its lead and our epoch.
    pub rights: Option<Held>,
    /// Until when that is all there was at the store; `None`: no box of it has ever called.
    pub heard_ms: Option<i64>,
    #[serde(flatten)]
    pub promise: atp::Promise,
}

/// Rights under the store's lead and head office's epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Held {
    pub granted: i64,
    pub spent: i64,
    pub released: i64,
}

impl Held {
    pub fn unspent(self) -> i64 {
        self.granted - self.spent - self.released
    }
}

/// Which lines of a store's stock.
#[derive(Debug, Clone, Default)]
pub struct StockFilter {
    pub store: String,
    pub sku: Option<String>,
    /// Part of the name, or the beginning of the SKU.
    pub search: Option<String>,
    /// After this SKU.
    pub after: Option<String>,
    pub limit: u32,
}

/// Of one store or place, by SKU. Articles that were sold or promised without a baseline are there as well.
pub fn of_store(connection: &Connection, filter: &StockFilter, now_ms: i64) -> db::Result<Vec<StockRow>> {
    if places::find(connection, &filter.store)?.is_some_and(|place| !place.has_node()) {
        return places::stock::of_place(connection, filter, now_ms);
    }
    let limit = filter.limit.clamp(1, ROWS_MAX);
    let after = filter.after.clone().unwrap_or_default();
    let like = filter.search.as_ref().map(|text| format!("%{}%", escape_like(text)));
    let begins = filter.search.as_ref().map(|text| format!("{}%", escape_like(text)));
    let keys = "SELECT CAST(?2 AS TEXT) AS store, sku FROM (
          SELECT sku FROM stock WHERE store = ?2 AND sku > ?3
          UNION SELECT sku FROM stock_moves WHERE store = ?2 AND sku > ?3
          UNION SELECT sku FROM stock_counts WHERE store = ?2 AND sku > ?3
          UNION SELECT sku FROM rights WHERE store = ?2 AND sku > ?3
        ) e
        WHERE (CAST(?4 AS TEXT) IS NULL OR sku = ?4)
          AND (CAST(?5 AS TEXT) IS NULL OR lower(sku) LIKE lower(?6) ESCAPE '\\'
            OR EXISTS (SELECT 1 FROM articles f WHERE f.sku = e.sku AND lower(f.name) LIKE lower(?5) ESCAPE '\\'))
        ORDER BY sku LIMIT ?7";
    let epoch = storage::epoch(connection)?;
    connection
        .prepare_cached(&rows_of(keys))?
        .query_map(params![epoch, filter.store, after, filter.sku, like, begins, limit], |row| read(row, now_ms))?
        .collect()
}

/// Of one article in every store that has ever had or promised it, by store. `region`: of the stores there alone.
pub fn of_article(connection: &Connection, sku: &str, region: Option<&str>, now_ms: i64) -> db::Result<Vec<StockRow>> {
    let keys = "SELECT e.store, CAST(?2 AS TEXT) AS sku FROM (
          SELECT store FROM stock WHERE sku = ?2 UNION SELECT store FROM stock_counts WHERE sku = ?2 UNION SELECT store FROM rights WHERE sku = ?2
        ) e LEFT JOIN stores es ON es.store = e.store WHERE CAST(?3 AS TEXT) IS NULL OR es.region = ?3";
    let epoch = storage::epoch(connection)?;
    connection.prepare_cached(&rows_of(keys))?.query_map(params![epoch, sku, region], |row| read(row, now_ms))?.collect()
}

/// Of one article in one store, whatever is known of it.
pub fn of_one(connection: &Connection, store: &str, sku: &str, now_ms: i64) -> db::Result<StockRow> {
    let keys = "SELECT CAST(?2 AS TEXT) AS store, CAST(?3 AS TEXT) AS sku";
    let epoch = storage::epoch(connection)?;
    connection.prepare_cached(&rows_of(keys))?.query_row(params![epoch, store, sku], |row| read(row, now_ms))
}

/// `keys`: stores and articles. ?1: head office's epoch.
fn rows_of(keys: &str) -> String {
    format!(
        "WITH k AS ({keys})
         SELECT k.store, coalesce(t.name, ''), t.region, k.sku, coalesce(a.name, ''), s.quantity, b.as_of, {MOVED}, c.quantity, c.at_ms,
           (SELECT coalesce(sum(o.quantity), 0) FROM order_holds o WHERE o.store = k.store AND o.sku = k.sku AND o.quantity <> 0),
           coalesce((SELECT v.safety FROM stock_levels v WHERE v.store = k.store AND v.sku = k.sku),
                    (SELECT v.safety FROM stock_levels v WHERE v.store = '' AND v.sku = k.sku), 0),
           r.granted, r.spent, r.released, EXISTS (SELECT 1 FROM rights q WHERE q.store = k.store AND q.sku = k.sku AND q.granted > 0), {HEARD}
         FROM k {KNOWN}
           LEFT JOIN stores t ON t.store = k.store
           LEFT JOIN articles a ON a.sku = k.sku
           LEFT JOIN rights r ON r.store = k.store AND r.sku = k.sku AND r.office = ?1
             AND r.lead = coalesce((SELECT max(l.epoch) FROM leads l WHERE l.store = k.store), 0)
             AND coalesce((SELECT n.told FROM leads n WHERE n.store = k.store ORDER BY n.epoch DESC LIMIT 1), ?1) = ?1
         ORDER BY k.store, k.sku"
    )
}

fn read(row: &Row<'_>, now_ms: i64) -> db::Result<StockRow> {
    let (baseline, moved, counted): (Option<i64>, i64, Option<i64>) = (row.get(5)?, row.get(7)?, row.get(8)?);
    let granted: Option<i64> = row.get(12)?;
    // A row without a grant only says that rights were asked for.
    let rights = match granted.filter(|granted| *granted > 0) {
        Some(granted) => Some(Held { granted, spent: row.get(13)?, released: row.get(14)? }),
        None => None,
    };
    let heard: i64 = row.get(16)?;
    let on_hand = counted.or(baseline).map(|from| from + moved);
    let (reserved, safety, heard_ms) = (row.get(10)?, row.get(11)?, Some(heard).filter(|heard| *heard >= 0));
    let granted_before: bool = row.get(15)?;
    let figures = atp::Figures { on_hand, reserved, safety, rights, granted_before, heard_ms };
    Ok(StockRow {
        store: row.get(0)?,
        store_name: row.get(1)?,
        kind: PlaceKind::Store,
        region: row.get(2)?,
        sku: row.get(3)?,
        name: row.get(4)?,
        baseline,
        as_of_ms: row.get::<_, Option<String>>(6)?.and_then(|as_of| serde_json::from_str::<Stamp>(&as_of).ok()).map(|as_of| as_of.ms),
        moved,
        counted,
        counted_ms: row.get(9)?,
        on_hand,
        reserved,
        safety,
        rights,
        heard_ms,
        promise: atp::promise(&figures, now_ms),
    })
}

pub(super) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
