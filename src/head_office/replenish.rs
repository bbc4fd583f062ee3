//! What a store runs low of, and how much it should get: by the levels that were set for it, or else by what it sold. A proposal, with its
//! reason in one line; nothing is ordered here.

use std::collections::BTreeMap;

use serde::Serialize;

use super::db::{self, Connection, params};
use super::queries::ROWS_MAX;
use super::stock_figures::{self, StockRow};
use crate::money::Qty;

/// Sales of so many days say how fast an article goes.
pub const DAYS: u32 = 14;
/// What lasts fewer days than these is low.
pub const COVER_DAYS_MIN: u32 = 4;
/// The store is filled up for so many.
pub const COVER_DAYS: u32 = 10;
/// Articles that one answer looks at.
const LOOKED_AT_MAX: usize = 20_000;

/// Levels and sales of an article, in thousandths.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    pub min: Option<i64>,
    pub max: Option<i64>,
    /// In the last [`DAYS`] days, what came back taken off.
    pub sold: i64,
}

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// Nothing is free any more.
    Out,
    Low,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Proposal {
    pub alert: Alert,
    /// On hand less reserved, thousandths.
    pub free: i64,
    /// Thousandths; whole units.
    pub propose: i64,
    /// For how many days what is free lasts, in tenths; `None`: nothing was sold.
    pub cover_tenths: Option<i64>,
    pub why: String,
}

/// What a store should get of an article of which so many are free. `None`: enough is there.
pub fn propose(free: i64, pace: &Pace) -> Option<Proposal> {
    let plain = |quantity: i64| Qty::from_thousandths(quantity).plain();
    let (days, sold) = (i64::from(DAYS), pace.sold.max(0));
    let cover_tenths = (sold > 0).then(|| free.max(0) * days * 10 / sold);
    let alert = if free <= 0 { Alert::Out } else { Alert::Low };
    let made = |up_to: i64, why: String| Proposal { alert, free, propose: whole(up_to - free), cover_tenths, why };
    match (pace.min, pace.max) {
        (Some(min), Some(max)) => {
            (free < min).then(|| made(max, format!("{} free, the minimum is {}: fill up to {}", plain(free), plain(min), plain(max))))
        }
        _ => {
            let cover = cover_tenths.filter(|tenths| *tenths < i64::from(COVER_DAYS_MIN) * 10)?;
            let up_to = whole(sold * i64::from(COVER_DAYS) / days);
            let lasts = format!("{}.{} days", cover / 10, cover % 10);
            let why = format!(
                "{} sold in {DAYS} days: {} free last {lasts}; fill up to {} for {COVER_DAYS} days",
                plain(sold),
                plain(free),
                plain(up_to)
            );
            Some(made(up_to, why))
        }
    }
}

/// Whole units, rounded up.
fn whole(quantity: i64) -> i64 {
    (quantity.max(0) + 999) / 1_000 * 1_000
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ProposalRow {
    pub store: String,
    pub sku: String,
    pub name: String,
    #[serde(flatten)]
    pub proposal: Proposal,
    /// How old the figures are.
    pub heard_ms: Option<i64>,
}

/// Of one store, by article, after `after`; and where the next answer begins. Articles whose stock is not known are left out.
pub fn of_store(
    connection: &Connection,
    store: &str,
    after: &str,
    limit: u32,
    now_ms: i64,
) -> db::Result<(Vec<ProposalRow>, Option<String>)> {
    let limit = limit.clamp(1, ROWS_MAX) as usize;
    let paces = paces(connection, store, now_ms)?;
    let mut found = Vec::new();
    let mut keys = paces.iter().filter(|(sku, _)| sku.as_str() > after);
    for (sku, pace) in keys.by_ref().take(LOOKED_AT_MAX) {
        let row: StockRow = stock_figures::of_one(connection, store, sku, now_ms)?;
        let proposal = row.on_hand.and_then(|on_hand| propose(on_hand - row.reserved, pace));
        if let Some(proposal) = proposal {
            found.push(ProposalRow { store: row.store, sku: row.sku, name: row.name, proposal, heard_ms: row.heard_ms });
            if found.len() == limit {
                let next = keys.next().is_some().then(|| sku.clone());
                return Ok((found, next));
            }
        }
    }
    let next = keys.next().and_then(|(next, _)| paces.range(..next.clone()).next_back()).map(|(sku, _)| sku.clone());
    Ok((found, next))
}

/// Articles with levels, or that were sold lately.
fn paces(connection: &Connection, store: &str, now_ms: i64) -> db::Result<BTreeMap<String, Pace>> {
    let mut paces: BTreeMap<String, Pace> = BTreeMap::new();
    let today = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    let since = today.saturating_sub(jiff::Span::new().days(DAYS)).to_string();
    let mut sold = connection.prepare_cached(
        "SELECT l.sku, sum(l.quantity) FROM transactions t JOIN lines l ON l.txn = t.id
         WHERE t.store = ?1 AND t.business_date > ?2 AND t.kind <> 'void' AND t.training = 0 GROUP BY l.sku",
    )?;
    for row in sold.query_map(params![store, since], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))? {
        let (sku, quantity) = row?;
        paces.entry(sku).or_default().sold = quantity;
    }
    // The store's own row goes before the one for all.
    let mut levels = connection.prepare_cached(
        "SELECT sku, min, max FROM stock_levels WHERE store IN ('', ?1) AND min IS NOT NULL AND max IS NOT NULL ORDER BY store, sku",
    )?;
    for row in levels.query_map([store], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))? {
        let (sku, min, max) = row?;
        let pace = paces.entry(sku).or_default();
        (pace.min, pace.max) = (Some(min), Some(max));
    }
    Ok(paces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_proposal_says_how_much_and_why() {
        let pieces = |count: i64| count * 1_000;
        let check = |free: i64, pace: Pace, expect: Option<(Alert, i64, &str)>| {
            let found = propose(pieces(free), &pace);
            let found = found.as_ref().map(|of| (of.alert, of.propose / 1_000, of.why.as_str()));
            assert_eq!(found, expect, "{free} free, {pace:?}");
        };
        let levels = Pace { min: Some(pieces(5)), max: Some(pieces(20)), sold: pieces(140) };
        check(5, levels, None);
        check(3, levels, Some((Alert::Low, 17, "3 free, the minimum is 5: fill up to 20")));
        check(-2, levels, Some((Alert::Out, 22, "-2 free, the minimum is 5: fill up to 20")));
        // Two a day, eight last four days.
        let sells = Pace { sold: pieces(28), ..Pace::default() };
        check(8, sells, None);
        check(3, sells, Some((Alert::Low, 17, "28 sold in 14 days: 3 free last 1.5 days; fill up to 20 for 10 days")));
        check(0, sells, Some((Alert::Out, 20, "28 sold in 14 days: 0 free last 0.0 days; fill up to 20 for 10 days")));
        check(0, Pace::default(), None);
        check(0, Pace { sold: pieces(-3), ..Pace::default() }, None);
    }
}
