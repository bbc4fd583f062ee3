//! State as parts, for the record that opens a day: replay starts there. Each part is canonical JSON, so the same state gives the same
//! bytes and an unchanged part the same hash. The bytes become files; this module only makes and reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Feed;
use super::UplinkAck;
use super::basket::Basket;
use super::card::TerminalBook;
use super::day::{Day, DayReport};
use super::order::OrderBook;
use super::print::OpenPrint;
use super::returned::Returned;
use super::staff::Misses;
use super::state::{AdoptedFeed, Impossible, State, Workstation};
use super::stock::StockBook;
use super::till::CashBook;
use super::unproved::Unproved;
use crate::ids::{DeviceName, JobId, StaffId, TxnId, WorkstationId};

const CORE: &str = "core";
const ANSWERS: &str = "answers";
const MOVEMENTS: &str = "movements";
/// Not there while nothing was ever returned.
const RETURNED: &str = "returned";
/// Absent in what releases without tills wrote.
const CASH: &str = "cash";
/// Not there while there never was an order.
const ORDERS: &str = "orders";
/// Not there while nobody ever worked on stock.
const STOCK: &str = "stock";
/// Not there while nothing ever moved or was counted, and in what earlier releases wrote.
const STOCK_MARKS: &str = "stock_marks";

/// Why carried-forward parts are not a state.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    #[error("the carried-forward state has no part {part:?}: restore the folder from a backup, or replay from an earlier segment")]
    Missing { part: &'static str },
    #[error(
        "the carried-forward state has a part {part:?} that this release does not know: install the release that wrote it, or a newer one"
    )]
    Unknown { part: String },
    #[error("part {part:?} of the carried-forward state cannot be read: replay from an earlier segment")]
    Unreadable { part: &'static str, source: serde_json::Error },
}

/// The small parts of State together. Fields are only ever added.
#[derive(Serialize, Deserialize)]
struct Core {
    day: Day,
    workstations: BTreeMap<WorkstationId, Workstation>,
    baskets: BTreeMap<TxnId, Basket>,
    prints: BTreeMap<JobId, OpenPrint>,
    copies: BTreeMap<TxnId, u32>,
    last_report: Option<Arc<DayReport>>,
    feeds: BTreeMap<Feed, AdoptedFeed>,
    uplink: Option<UplinkAck>,
    impossible: Vec<Impossible>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    lockouts: BTreeMap<StaffId, Misses>,
    #[serde(default, skip_serializing_if = "Unproved::is_empty")]
    unproved: Unproved,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    terminals: BTreeMap<DeviceName, TerminalBook>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    coupons_used: BTreeMap<String, TxnId>,
}

impl State {
    /// The whole state, as named parts in canonical JSON.
    pub fn to_parts(&self) -> BTreeMap<String, Vec<u8>> {
        let core = Core {
            day: self.day.clone(),
            workstations: self.workstations.clone(),
            baskets: self.baskets.clone(),
            prints: self.prints.clone(),
            copies: self.copies.clone(),
            last_report: self.last_report.clone(),
            feeds: self.feeds.clone(),
            uplink: self.uplink.clone(),
            impossible: self.impossible.clone(),
            lockouts: self.lockouts.clone(),
            unproved: self.unproved.clone(),
            terminals: self.terminals.clone(),
            coupons_used: self.coupons_used.clone(),
        };
        let part =
            |name: &str, bytes: Result<Vec<u8>, serde_json::Error>| (name.to_owned(), bytes.expect("State is plain values and text keys"));
        let mut parts = BTreeMap::from([
            part(CORE, serde_json::to_vec(&core)),
            part(ANSWERS, serde_json::to_vec(&self.answers)),
            part(MOVEMENTS, serde_json::to_vec(&self.movements)),
            part(CASH, serde_json::to_vec(&self.cash)),
        ]);
        if !self.returned.is_empty() {
            parts.extend([part(RETURNED, serde_json::to_vec(&self.returned))]);
        }
        if !self.orders.is_empty() {
            parts.extend([part(ORDERS, serde_json::to_vec(&self.orders))]);
        }
        if !self.stock.is_empty() {
            parts.extend([part(STOCK, serde_json::to_vec(&self.stock))]);
        }
        if !self.stock_marks.is_empty() {
            parts.extend([part(STOCK_MARKS, serde_json::to_vec(&self.stock_marks))]);
        }
        parts
    }

    /// The state that [`State::to_parts`] took apart. A part that this release does not know is an error: what it holds would be lost.
    pub fn from_parts(parts: &BTreeMap<String, Vec<u8>>) -> Result<State, PartsError> {
        let known = [CORE, ANSWERS, MOVEMENTS, RETURNED, CASH, ORDERS, STOCK, STOCK_MARKS];
        if let Some(part) = parts.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(PartsError::Unknown { part: part.clone() });
        }
        let Core {
            day,
            workstations,
            baskets,
            prints,
            copies,
            last_report,
            feeds,
            uplink,
            impossible,
            lockouts,
            unproved,
            terminals,
            coupons_used,
        } = read(parts, CORE)?;
        let (answers, movements) = (read(parts, ANSWERS)?, read(parts, MOVEMENTS)?);
        let returned = if parts.contains_key(RETURNED) { read(parts, RETURNED)? } else { Returned::default() };
        let cash = if parts.contains_key(CASH) { read(parts, CASH)? } else { CashBook::default() };
        let orders: OrderBook = if parts.contains_key(ORDERS) { read(parts, ORDERS)? } else { OrderBook::default() };
        let stock = if parts.contains_key(STOCK) { read(parts, STOCK)? } else { StockBook::default() };
        let stock_marks = if parts.contains_key(STOCK_MARKS) { read(parts, STOCK_MARKS)? } else { BTreeMap::new() };
        Ok(State {
            day,
            workstations,
            baskets,
            prints,
            copies,
            last_report,
            movements,
            returned,
            feeds,
            uplink,
            answers,
            cash,
            impossible,
            lockouts,
            unproved,
            terminals,
            coupons_used,
            orders: Arc::new(orders.summed()),
            stock: Arc::new(stock),
            stock_marks,
        })
    }
}

fn read<T: DeserializeOwned>(parts: &BTreeMap<String, Vec<u8>>, part: &'static str) -> Result<T, PartsError> {
    let bytes = parts.get(part).ok_or(PartsError::Missing { part })?;
    serde_json::from_slice(bytes).map_err(|source| PartsError::Unreadable { part, source })
}
