//! Available to promise: what head office may promise of an article now, what it would have to ask the store for, and what it cannot know.
//! One pure function for pages, API, routing and feeds; what it is made of is [`super::stock_figures`].

use std::collections::BTreeMap;

use serde::Serialize;

use super::db::{self, Connection};
use super::places;
use super::stock_figures::{self, Held, StockRow};

/// A store that was not heard of for so long is named as silent: its figures are old, and an order waits there unseen. Its rights still hold.
pub const SILENT_MS: i64 = 3_600_000;

/// What is known, in thousandths.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub on_hand: Option<i64>,
    /// Of orders that are not over.
    pub reserved: i64,
    pub safety: i64,
    /// Under the store's lead and head office's epoch.
    pub rights: Option<Held>,
    /// The store granted some under a lead or an epoch before.
    pub granted_before: bool,
    pub heard_ms: Option<i64>,
}

/// What follows from it, in thousandths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AtpPromise)]
pub struct Promise {
    /// Can be promised at once, also while the store's line is down: rights that are held, as far as the last figures of the shelf cover them.
    pub atp: i64,
    /// Is free beside that, and can be ordered: the store has to say whether it can. 0 where its stock is not known.
    pub on_request: i64,
    /// Why the figures are less than they may seem; none: nothing is in doubt.
    #[schema(value_type = Vec<String>)]
    pub doubts: Doubts,
}

/// What has to be said beside the figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Neither a baseline nor a count: nobody knows what is there.
    pub stock_unknown: bool,
    /// It has another lead, or head office was restored, and it has granted nothing since: nothing of it can be promised until it does.
    pub not_restated: bool,
    /// It was not heard of for [`SILENT_MS`], or never.
    pub silent: bool,
    /// Of a place without a node: what it stated is older than its rule says.
    pub stock_old: bool,
}

impl Doubts {
    /// As the API names them.
    pub fn names(self) -> Vec<&'static str> {
        let all = [
            (self.stock_unknown, "stock_unknown"),
            (self.not_restated, "not_restated"),
            (self.silent, "silent"),
            (self.stock_old, "stock_old"),
        ];
        all.into_iter().filter_map(|(is, name)| is.then_some(name)).collect()
    }
}

impl Serialize for Doubts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

/// What may be promised of what is known.
///
/// *Free* = on hand − reserved − safety. ATP = rights that are held, but never more than is free where the stock is known: a sale whose
/// overrun has not been answered yet is not promised twice. On request = what is free beyond ATP.
pub fn promise(figures: &Figures, now_ms: i64) -> Promise {
    let unspent = figures.rights.map_or(0, Held::unspent).max(0);
    let free = figures.on_hand.map(|on_hand| (on_hand - figures.reserved - figures.safety).max(0));
    let atp = free.map_or(unspent, |free| unspent.min(free));
    let doubts = Doubts {
        stock_unknown: figures.on_hand.is_none(),
        not_restated: figures.rights.is_none() && figures.granted_before,
        silent: figures.heard_ms.is_none_or(|heard| now_ms - heard > SILENT_MS),
        stock_old: false,
    };
    Promise { atp, on_request: free.map_or(0, |free| free - atp), doubts }
}

/// An article over all stores and places.
#[derive(Debug, Clone, Serialize)]
pub struct Everywhere {
    pub sku: String,
    /// Empty: not in the assortment.
    pub name: String,
    pub total: Sum,
    /// By region; "" for stores and places without one.
    pub regions: BTreeMap<String, Sum>,
    /// By id; places without a node that stated it are among them.
    pub stores: Vec<StockRow>,
}

/// Of several stores and places, in thousandths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AtpSum)]
pub struct Sum {
    pub atp: i64,
    pub on_request: i64,
    pub stores: u64,
    /// Stores of which something is in doubt.
    pub doubtful: u64,
    /// The oldest news in the sum; `None`: of some store there never was any.
    pub heard_ms: Option<i64>,
}

/// What can be promised of an article: in each store and place that has ever had it, in each region, and in all. `region`: in that one alone.
pub fn everywhere(connection: &Connection, sku: &str, region: Option<&str>, now_ms: i64) -> db::Result<Everywhere> {
    let mut stores = stock_figures::of_article(connection, sku, region, now_ms)?;
    stores.extend(places::stock::of_article(connection, sku, region, now_ms)?);
    stores.sort_by(|a, b| a.store.cmp(&b.store));
    let name = stores.first().map(|row| row.name.clone()).unwrap_or_default();
    let mut regions: BTreeMap<String, Vec<&StockRow>> = BTreeMap::new();
    for row in &stores {
        regions.entry(row.region.clone().unwrap_or_default()).or_default().push(row);
    }
    let regions = regions.into_iter().map(|(region, rows)| (region, sum(rows.into_iter()))).collect();
    Ok(Everywhere { sku: sku.to_owned(), name, total: sum(stores.iter()), regions, stores })
}

fn sum<'a>(rows: impl Iterator<Item = &'a StockRow> + Clone) -> Sum {
    let heard: Option<Vec<i64>> = rows.clone().map(|row| row.heard_ms).collect();
    let of = |part: fn(&StockRow) -> i64| rows.clone().map(part).sum();
    Sum {
        atp: of(|row| row.promise.atp),
        on_request: of(|row| row.promise.on_request),
        stores: rows.clone().count() as u64,
        doubtful: rows.clone().filter(|row| row.promise.doubts != Doubts::default()).count() as u64,
        heard_ms: heard.and_then(|heard| heard.into_iter().min()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_promised_is_held_and_there() {
        const NOW: i64 = 10 * SILENT_MS;
        let held = |granted, spent, released| Some(Held { granted, spent, released });
        let usual = Figures { on_hand: Some(10), reserved: 0, safety: 0, rights: None, granted_before: false, heard_ms: Some(NOW) };
        let check = |figures: Figures, atp: i64, on_request: i64, doubts: &[&str]| {
            let promise = promise(&figures, NOW);
            assert_eq!((promise.atp, promise.on_request, promise.doubts.names().as_slice()), (atp, on_request, doubts), "{figures:?}");
        };
        check(usual, 0, 10, &[]);
        check(Figures { rights: held(5, 0, 0), ..usual }, 5, 5, &[]);
        check(Figures { rights: held(5, 2, 1), reserved: 2, ..usual }, 2, 6, &[]);
        // What safety keeps back is neither promised nor offered.
        check(Figures { rights: held(5, 0, 0), safety: 7, ..usual }, 3, 0, &[]);
        check(Figures { safety: 20, ..usual }, 0, 0, &[]);
        // The till sold what was granted; the overrun is on its way.
        check(Figures { rights: held(5, 0, 0), on_hand: Some(2), ..usual }, 2, 0, &[]);
        check(Figures { rights: held(5, 0, 0), on_hand: Some(-3), ..usual }, 0, 0, &[]);
        // The store knows its stock when head office does not, and grants of it.
        check(Figures { rights: held(5, 1, 0), on_hand: None, ..usual }, 4, 0, &["stock_unknown"]);
        // Restored, or another lead: nothing is held until the store says so again.
        check(Figures { granted_before: true, ..usual }, 0, 10, &["not_restated"]);
        // A silent store's rights hold.
        let silent = Figures { rights: held(5, 0, 0), heard_ms: Some(NOW - SILENT_MS - 1), ..usual };
        check(silent, 5, 5, &["silent"]);
        check(Figures { heard_ms: None, ..usual }, 0, 10, &["silent"]);
    }
}
