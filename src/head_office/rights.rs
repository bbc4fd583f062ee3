//! Rights to promise, head office's side: what each store granted, what was spent on orders, and what was given back. A right is spent in the
//! transaction that takes the order. Totals only grow, and hold under one lead of the store and one epoch of head office: after a restore, or
//! with another lead, there are none until the store grants anew.

use std::collections::BTreeMap;

use serde::Serialize;

use super::db::{self, Connection, OptionalExtension, params};
use super::orders::{Said, say_of};
use super::{leads, order_states, storage};
use crate::ids::{Sku, StoreId};
use crate::money::Qty;
use crate::retail::order::promise::RIGHTS_MAX;
use crate::retail::order::{Granted, RightTotals};

/// Under which lead and which epoch of ours rights hold now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub lead: u64,
    pub office: u64,
}

#[derive(Debug, Clone, Serialize)]
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
pub fn list(connection: &Connection, store: &str, limit: u32) -> db::Result<Vec<RightRow>> {
    let term = term(connection, store)?;
    connection
        .prepare_cached(
            "SELECT r.sku, coalesce(a.name, ''), r.granted, r.spent, r.released FROM rights r LEFT JOIN articles a ON a.sku = r.sku
             WHERE r.store = ?1 AND r.lead = ?2 AND r.office = ?3 ORDER BY r.sku LIMIT ?4",
        )?
        .query_map(params![store, term.lead, term.office, limit], |row| {
            let (granted, spent, released): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(RightRow { sku: row.get(0)?, name: row.get(1)?, granted, spent, released, unspent: granted - spent - released })
        })?
        .collect()
}

/// Asks the store to grant rights of these articles. Those that were asked for already are passed over, and those beyond the limit.
pub fn want(connection: &Connection, store: &StoreId, skus: &[&Sku]) -> db::Result<()> {
    let term = term(connection, store.as_str())?;
    let count: i64 = connection.query_row(
        "SELECT count(*) FROM rights WHERE store = ?1 AND lead = ?2 AND office = ?3",
        params![store.as_str(), term.lead, term.office],
        |row| row.get(0),
    )?;
    let room = RIGHTS_MAX.saturating_sub(usize::try_from(count).unwrap_or(RIGHTS_MAX));
    for sku in skus.iter().take(room) {
        if row(connection, store.as_str(), term, sku)?.is_none() {
            insert(connection, store.as_str(), term, sku)?;
            say_of(connection, store, sku.as_str(), 0, Said::Rights)?;
        }
    }
    Ok(())
}

fn insert(connection: &Connection, store: &str, term: Term, sku: &Sku) -> db::Result<()> {
    connection
        .execute(
            "INSERT INTO rights (store, lead, office, sku) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![store, term.lead, term.office, sku.as_str()],
        )
        .map(drop)
}

struct Row {
    granted: Qty,
    asked: Qty,
    spent: Qty,
    released: Qty,
    answered: Qty,
}

fn row(connection: &Connection, store: &str, term: Term, sku: &Sku) -> db::Result<Option<Row>> {
    let quantity = Qty::from_thousandths;
    connection
        .prepare_cached(
            "SELECT granted, asked, spent, released, answered FROM rights WHERE store = ?1 AND lead = ?2 AND office = ?3 AND sku = ?4",
        )?
        .query_row(params![store, term.lead, term.office, sku.as_str()], |row| {
            Ok(Row {
                granted: quantity(row.get(0)?),
                asked: quantity(row.get(1)?),
                spent: quantity(row.get(2)?),
                released: quantity(row.get(3)?),
                answered: quantity(row.get(4)?),
            })
        })
        .optional()
}

/// Spends rights for all of these, or for none. The first article that lacks them is the answer.
pub fn spend(connection: &Connection, store: &StoreId, need: &BTreeMap<Sku, Qty>) -> db::Result<Result<(), Sku>> {
    let term = term(connection, store.as_str())?;
    for (sku, quantity) in need {
        let unspent = row(connection, store.as_str(), term, sku)?.map_or(Qty::ZERO, |row| row.granted - row.spent - row.released);
        if unspent < *quantity {
            return Ok(Err(sku.clone()));
        }
    }
    for (sku, quantity) in need {
        connection.execute(
            "UPDATE rights SET spent = spent + ?5 WHERE store = ?1 AND lead = ?2 AND office = ?3 AND sku = ?4",
            params![store.as_str(), term.lead, term.office, sku.as_str(), quantity.thousandths()],
        )?;
    }
    Ok(Ok(()))
}

/// Our totals of an article, as the store hears them.
pub fn totals(connection: &Connection, store: &str, sku: &Sku) -> db::Result<RightTotals> {
    let found = row(connection, store, term(connection, store)?, sku)?;
    let (spent, released, answered) = found.map_or((Qty::ZERO, Qty::ZERO, Qty::ZERO), |row| (row.spent, row.released, row.answered));
    Ok(RightTotals { sku: sku.clone(), spent, released, answered })
}

/// The store granted. Of another term it says nothing any more.
pub(super) fn granted(connection: &Connection, at: &order_states::At<'_>, said: Term, grants: &[Granted]) -> db::Result<()> {
    for Granted { sku, total } in grants {
        insert(connection, at.store, said, sku)?;
        connection.execute(
            "UPDATE rights SET granted = ?5 WHERE store = ?1 AND lead = ?2 AND office = ?3 AND sku = ?4 AND granted < ?5",
            params![at.store, said.lead, said.office, sku.as_str(), total.thousandths()],
        )?;
    }
    Ok(())
}

/// The store asks rights back: what is unspent is released, once for each total.
pub(super) fn asked_back(connection: &Connection, at: &order_states::At<'_>, said: Term, sku: &Sku, asked: Qty) -> db::Result<()> {
    let Some(before) = row(connection, at.store, said, sku)? else { return Ok(()) };
    if asked <= before.asked {
        return Ok(());
    }
    let give = (asked - before.answered).min(before.granted - before.spent - before.released).max(Qty::ZERO);
    connection.execute(
        "UPDATE rights SET asked = ?5, answered = ?5, released = released + ?6 WHERE store = ?1 AND lead = ?2 AND office = ?3 AND sku = ?4",
        params![at.store, said.lead, said.office, sku.as_str(), asked.thousandths(), give.thousandths()],
    )?;
    let store: StoreId = at.store.parse().map_err(|_| super::chain::corrupt("a store without a name"))?;
    say_of(connection, &store, sku.as_str(), 0, Said::Rights)
}

/// The next lead is asked for the same articles as the one before.
pub(super) fn want_again(connection: &Connection, store: &StoreId, lead_before: u64) -> db::Result<()> {
    let skus: Vec<String> = connection
        .prepare_cached("SELECT DISTINCT sku FROM rights WHERE store = ?1 AND lead = ?2 ORDER BY sku")?
        .query_map(params![store.as_str(), lead_before], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    let skus: Vec<Sku> = skus.iter().filter_map(|sku| Sku::new(sku).ok()).collect();
    want(connection, store, &skus.iter().collect::<Vec<_>>())
}
