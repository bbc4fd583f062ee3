//! Rights to promise, head office's side: what each store granted, what was spent on orders, and what was given back. A right is spent in the
//! transaction that takes the order. Totals only grow, and hold under one lead of the store and one epoch of head office: after a restore, or
//! with another lead, there are none until the store grants anew.

use std::collections::BTreeMap;

use serde::Serialize;

use super::db::{self, Connection, OptionalExtension, params};
use super::orders::{Said, say_of};
use super::paging::Rows;
use super::right::{self, Demand, HoldRule};
use super::{leads, order_states, storage};
use crate::ids::{Sku, StoreId};
use crate::money::Qty;
use crate::retail::order::promise::RIGHTS_MAX;
use crate::retail::order::{Granted, PromiseRight, RightTotals};

const DAY_MS: i64 = 24 * 3_600_000;
/// Days with orders that are looked at, whatever the rule says.
const DEMAND_DAYS_MAX: u32 = 400;
/// Rights that one transaction of a round looks at.
const ROUND_ROWS_MAX: u32 = 500;

/// Under which lead and which epoch of ours rights hold now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub lead: u64,
    pub office: u64,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RightRow {
    pub sku: String,
    pub name: String,
    /// All in thousandths.
    pub granted: i64,
    pub spent: i64,
    pub released: i64,
    /// What can still be promised.
    pub unspent: i64,
}

pub fn term(connection: &Connection, store: &str) -> db::Result<Term> {
    let lead = leads::current(connection, store)?.map_or(0, |lead| lead.epoch);
    Ok(Term { lead, office: storage::epoch(connection)? })
}

/// By article.
pub fn list(connection: &Connection, store: &str, rows: impl Into<Rows<String>>) -> db::Result<Vec<RightRow>> {
    let Rows { behind, limit } = rows.into();
    let term = term(connection, store)?;
    connection
        .prepare_cached(
            "SELECT r.sku, coalesce(a.name, ''), r.granted, r.spent, r.released FROM rights r LEFT JOIN articles a ON a.sku = r.sku
             WHERE r.store = ?1 AND r.lead = ?2 AND r.office = ?3 AND r.sku > ?4 ORDER BY r.sku LIMIT ?5",
        )?
        .query_map(params![store, term.lead, term.office, behind, limit], |row| {
            let (granted, spent, released): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(RightRow { sku: row.get(0)?, name: row.get(1)?, granted, spent, released, unspent: granted - spent - released })
        })?
        .collect()
}

/// Wants to hold rights of these articles, as many as the rule says by what is ordered of them, and asks the store for what it lacks. Articles
/// beyond the limit are passed over.
pub fn want(connection: &Connection, rule: &HoldRule, store: &StoreId, skus: &[&Sku], now_ms: i64) -> db::Result<()> {
    let term = term(connection, store.as_str())?;
    let mut room = room(connection, store.as_str(), term)?;
    for sku in skus {
        let before = row(connection, store.as_str(), term, sku)?;
        if before.is_none() && room == 0 {
            continue;
        }
        room -= usize::from(before.is_none());
        let hold = right::hold(rule, &demand(connection, store.as_str(), sku)?, day(now_ms));
        ask_for(connection, store, term, sku, before, hold)?;
    }
    Ok(())
}

fn room(connection: &Connection, store: &str, term: Term) -> db::Result<usize> {
    let count: i64 = connection.query_row(
        "SELECT count(*) FROM rights WHERE store = ?1 AND lead = ?2 AND office = ?3",
        params![store, term.lead, term.office],
        |row| row.get(0),
    )?;
    Ok(RIGHTS_MAX.saturating_sub(usize::try_from(count).unwrap_or(RIGHTS_MAX)))
}

/// The store hears of it when it is new, or when it is worth a word: nothing is left, or a quarter of what is held is wanting.
fn ask_for(connection: &Connection, store: &StoreId, term: Term, sku: &Sku, before: Option<PromiseRight>, hold: Qty) -> db::Result<()> {
    let is_new = before.is_none();
    let before = before.unwrap_or_default();
    let after = right::wanted(before, hold);
    let more = after.wanted.unwrap_or_default() - before.wanted.unwrap_or(before.granted);
    let is_worth_it = before.unspent() <= Qty::ZERO || more.thousandths() * 4 >= hold.thousandths();
    if !is_new && (more <= Qty::ZERO || !is_worth_it) {
        return Ok(());
    }
    write(connection, store.as_str(), term, sku, &after)?;
    say_of(connection, store, sku.as_str(), 0, Said::Rights)
}

fn row(connection: &Connection, store: &str, term: Term, sku: &Sku) -> db::Result<Option<PromiseRight>> {
    let quantity = Qty::from_thousandths;
    connection
        .prepare_cached(
            "SELECT granted, asked, spent, released, answered, wanted FROM rights WHERE store = ?1 AND lead = ?2 AND office = ?3 AND sku = ?4",
        )?
        .query_row(params![store, term.lead, term.office, sku.as_str()], |row| {
            Ok(PromiseRight {
                granted: quantity(row.get(0)?),
                asked: quantity(row.get(1)?),
                spent: quantity(row.get(2)?),
                released: quantity(row.get(3)?),
                answered: quantity(row.get(4)?),
                wanted: row.get::<_, Option<i64>>(5)?.map(quantity),
            })
        })
        .optional()
}

/// What can be spent. Nothing of an epoch in which the store's lead has not asked us yet: what it granted in it, it granted to a head office that
/// spent it and was put back since.
fn held(connection: &Connection, store: &str, term: Term, sku: &Sku) -> db::Result<PromiseRight> {
    let is_told = leads::told(connection, store)?.is_none_or(|told| told == term.office);
    let right = if is_told { row(connection, store, term, sku)? } else { None };
    Ok(right.unwrap_or_default())
}

fn write(connection: &Connection, store: &str, term: Term, sku: &Sku, right: &PromiseRight) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO rights (store, lead, office, sku, granted, asked, spent, released, answered, wanted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (store, lead, office, sku) DO UPDATE SET granted = ?5, asked = ?6, spent = ?7, released = ?8, answered = ?9, wanted = ?10",
        )?
        .execute(params![
            store,
            term.lead,
            term.office,
            sku.as_str(),
            right.granted.thousandths(),
            right.asked.thousandths(),
            right.spent.thousandths(),
            right.released.thousandths(),
            right.answered.thousandths(),
            right.wanted.map(Qty::thousandths),
        ])
        .map(drop)
}

/// Spends rights for all of these, or for none. The first article that lacks them is the answer.
pub fn spend(connection: &Connection, store: &StoreId, need: &BTreeMap<Sku, Qty>) -> db::Result<Result<(), Sku>> {
    let term = term(connection, store.as_str())?;
    let mut after = Vec::with_capacity(need.len());
    for (sku, quantity) in need {
        match right::spent(held(connection, store.as_str(), term, sku)?, *quantity) {
            Some(right) => after.push((sku, right)),
            None => return Ok(Err(sku.clone())),
        }
    }
    for (sku, right) in after {
        write(connection, store.as_str(), term, sku, &right)?;
    }
    Ok(Ok(()))
}

/// The first article of which there are not so many rights.
pub fn lacking(connection: &Connection, store: &StoreId, need: &BTreeMap<Sku, Qty>) -> db::Result<Option<Sku>> {
    let term = term(connection, store.as_str())?;
    for (sku, quantity) in need {
        if right::spent(held(connection, store.as_str(), term, sku)?, *quantity).is_none() {
            return Ok(Some(sku.clone()));
        }
    }
    Ok(None)
}

/// Gives back what would be promised of these, so that the store can hold it for an order itself. The store hears of it at once.
pub fn give_back(connection: &Connection, store: &StoreId, quantities: &BTreeMap<Sku, Qty>) -> db::Result<()> {
    let term = term(connection, store.as_str())?;
    for (sku, quantity) in quantities {
        let Some(before) = row(connection, store.as_str(), term, sku)? else { continue };
        let after = right::released(before, *quantity);
        if after != before {
            write(connection, store.as_str(), term, sku, &after)?;
            say_of(connection, store, sku.as_str(), 0, Said::Rights)?;
        }
    }
    Ok(())
}

/// What was ordered of an article, for the rule of how much is held. `taken`: how much of it by an order that was taken.
pub fn note_demand(connection: &Connection, store: &StoreId, sku: &Sku, wanted: Qty, taken: Qty, now_ms: i64) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO right_demand (store, sku, day, quantity, largest) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (store, sku, day) DO UPDATE SET quantity = right_demand.quantity + ?4,
               largest = CASE WHEN right_demand.largest > ?5 THEN right_demand.largest ELSE ?5 END",
        )?
        .execute(params![store.as_str(), sku.as_str(), day(now_ms), taken.thousandths(), wanted.thousandths()])
        .map(drop)
}

fn demand(connection: &Connection, store: &str, sku: &Sku) -> db::Result<Vec<Demand>> {
    let quantity = Qty::from_thousandths;
    connection
        .prepare_cached("SELECT day, quantity, largest FROM right_demand WHERE store = ?1 AND sku = ?2 ORDER BY day DESC LIMIT ?3")?
        .query_map(params![store, sku.as_str(), DEMAND_DAYS_MAX], |row| {
            Ok(Demand { day: row.get(0)?, quantity: quantity(row.get(1)?), largest: quantity(row.get(2)?) })
        })?
        .collect()
}

fn day(now_ms: i64) -> i64 {
    now_ms.div_euclid(DAY_MS)
}

/// Where a round over all rights has come to: store and article.
pub type Place = (String, String);

/// Gives back what is held beyond what the rule wants, of so many articles after `after`. Returns where to go on; `None`: that was the end.
pub fn give_back_unused(connection: &Connection, rule: &HoldRule, after: &Place, now_ms: i64) -> db::Result<Option<Place>> {
    let epoch = storage::epoch(connection)?;
    let held: Vec<Place> = connection
        .prepare_cached(
            "SELECT r.store, r.sku FROM rights r WHERE r.office = ?1 AND r.granted > r.spent + r.released
               AND r.lead = coalesce((SELECT max(l.epoch) FROM leads l WHERE l.store = r.store), 0)
               AND (r.store > ?2 OR (r.store = ?2 AND r.sku > ?3)) ORDER BY r.store, r.sku LIMIT ?4",
        )?
        .query_map(params![epoch, after.0, after.1, ROUND_ROWS_MAX], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    for (store, article) in &held {
        let (Ok(store), Ok(sku)) = (store.parse::<StoreId>(), Sku::new(article)) else { continue };
        let term = term(connection, store.as_str())?;
        let Some(before) = row(connection, store.as_str(), term, &sku)? else { continue };
        let hold = right::hold(rule, &demand(connection, store.as_str(), &sku)?, day(now_ms));
        let surplus = before.unspent() - hold;
        // One of many is not worth a word.
        if surplus > Qty::ZERO && surplus.thousandths() * 4 >= before.unspent().thousandths() {
            write(connection, store.as_str(), term, &sku, &right::wanted(right::released(before, surplus), hold))?;
            say_of(connection, &store, sku.as_str(), 0, Said::Rights)?;
        }
    }
    if held.len() < ROUND_ROWS_MAX as usize {
        let oldest = day(now_ms) - i64::from(rule.demand_days.max(rule.quiet_days));
        connection.execute("DELETE FROM right_demand WHERE day < ?1", [oldest])?;
        return Ok(None);
    }
    Ok(held.into_iter().last())
}

/// Our totals of an article, as the store hears them.
pub fn totals(connection: &Connection, store: &str, sku: &Sku) -> db::Result<RightTotals> {
    let term = term(connection, store)?;
    let right = row(connection, store, term, sku)?.unwrap_or_default();
    Ok(right::totals(&right, sku, term))
}

/// The store granted. Of another term it says nothing any more.
pub(super) fn granted(connection: &Connection, at: &order_states::At<'_>, said: Term, grants: &[Granted]) -> db::Result<()> {
    for Granted { sku, total } in grants {
        let before = row(connection, at.store, said, sku)?.unwrap_or_default();
        write(connection, at.store, said, sku, &right::granted(before, *total))?;
    }
    Ok(())
}

/// The store asks rights back: what is unspent is released, once for each total.
pub(super) fn asked_back(connection: &Connection, at: &order_states::At<'_>, said: Term, sku: &Sku, asked: Qty) -> db::Result<()> {
    let Some(after) = row(connection, at.store, said, sku)?.and_then(|before| right::asked_back(before, asked)) else { return Ok(()) };
    write(connection, at.store, said, sku, &after)?;
    let store: StoreId = at.store.parse().map_err(|_| super::chain::corrupt("a store without a name"))?;
    say_of(connection, &store, sku.as_str(), 0, Said::Rights)
}

/// The next lead is asked for the same articles as the one before, as many as were to be held.
pub(super) fn want_again(connection: &Connection, store: &StoreId, lead_before: u64) -> db::Result<()> {
    let held: Vec<(String, Option<i64>)> = connection
        .prepare_cached(
            "SELECT r.sku, max(r.wanted - r.spent - r.released) FROM rights r WHERE r.store = ?1 AND r.lead = ?2
               AND r.office = (SELECT max(o.office) FROM rights o WHERE o.store = ?1 AND o.lead = ?2)
             GROUP BY r.sku ORDER BY r.sku",
        )?
        .query_map(params![store.as_str(), lead_before], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    let term = term(connection, store.as_str())?;
    let room = room(connection, store.as_str(), term)?;
    for (sku, hold) in held.into_iter().take(room) {
        let (Ok(sku), hold) = (Sku::new(&sku), Qty::from_thousandths(hold.unwrap_or_default()).max(Qty::ZERO)) else { continue };
        let before = row(connection, store.as_str(), term, &sku)?;
        ask_for(connection, store, term, &sku, before, hold)?;
    }
    Ok(())
}

/// Head office was put back: what it wanted to hold under its epoch before it asks for again under this one.
pub(super) fn want_again_everywhere(connection: &Connection, epoch_before: u64) -> db::Result<()> {
    let held: Vec<(String, String, Option<i64>)> = connection
        .prepare_cached(
            "SELECT r.store, r.sku, max(r.wanted - r.spent - r.released) FROM rights r WHERE r.office = ?1
             GROUP BY r.store, r.sku ORDER BY r.store, r.sku",
        )?
        .query_map([epoch_before], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<db::Result<_>>()?;
    for (store, sku, hold) in held {
        let (Ok(store), Ok(sku)) = (store.parse::<StoreId>(), Sku::new(&sku)) else { continue };
        let term = term(connection, store.as_str())?;
        let before = row(connection, store.as_str(), term, &sku)?;
        ask_for(connection, &store, term, &sku, before, Qty::from_thousandths(hold.unwrap_or_default()).max(Qty::ZERO))?;
    }
    Ok(())
}
