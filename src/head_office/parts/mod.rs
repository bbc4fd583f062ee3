//! Parts of orders: what one place does for one order. A part at a store is a collect order, and its store's journal says how it stands; a part at a
//! place without a node stands here, moved by what the place says ([`machine`]) and by head office.
//!
//! A part holds units of its place from the moment it is assigned until it ends, so that nobody promises them twice ([`super::places::stock`]).

pub mod confirm;
pub mod machine;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::db::{self, Connection, OptionalExtension, Row, params};
use super::office_events::{self, Fact};
use super::order_exceptions::{self, CHANNEL, OrderException};
use super::order_search;
use super::orders::{self, Basis, OrderRow};
use super::places;
use super::storage;
use super::writer::Writer;
use crate::ids::{OrderNo, PlaceId};
use crate::money::Qty;
pub use machine::{NotActed, PartAct, PartLine, PartState, ShortLine, Standing};

/// Far more than happens between two restores; with a thousand epochs a number still fits 53 bits.
const CHANGES_PER_EPOCH_MAX: u64 = 1 << 40;
/// Parts that one order ever had.
pub const OF_ORDER_MAX: u32 = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// A collect order in a store with a node.
    Collect,
    /// Goes out as a parcel.
    Ship,
}

impl PartKind {
    pub fn name(self) -> &'static str {
        match self {
            PartKind::Collect => "collect",
            PartKind::Ship => "ship",
        }
    }
}

/// Whom a parcel is for, as it is written on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Recipient {
    pub name: String,
    /// Street, postcode and town, line by line.
    #[serde(default)]
    pub lines: Vec<String>,
    /// Two letters.
    #[serde(default)]
    pub country: String,
    #[serde(default)]
    pub phone: String,
    /// The customer fetches it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_place: Option<PlaceId>,
}

/// A part that a place is to do.
#[derive(Debug, Clone)]
pub struct NewPart {
    /// Of no other order or part.
    pub part: OrderNo,
    pub place: PlaceId,
    pub channel: String,
    /// The channel's number of the order.
    pub number: String,
    /// From 1: how often the order was routed.
    pub attempt: u32,
    pub kind: PartKind,
    pub to: Recipient,
    /// When the customer was told that it is there.
    pub promised_ms: i64,
    pub lines: Vec<PartLine>,
    /// Of the lines, in minor units; `None`: the channel keeps a price to itself.
    pub value: Option<i64>,
}

/// As pages and places see it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Part {
    pub part: OrderNo,
    pub place: PlaceId,
    pub channel: String,
    pub number: String,
    pub attempt: u32,
    pub kind: PartKind,
    /// Of a part at a store: what its journal says.
    pub state: String,
    pub since_ms: i64,
    pub made_ms: i64,
    pub promised_ms: i64,
    pub to: Recipient,
    pub lines: Vec<PartLine>,
    pub tracking: String,
    pub note: String,
    /// Grows with every change of any part.
    #[serde(rename = "cursor")]
    pub change: u64,
}

impl Part {
    /// As a list of orders shows a part that is sent.
    pub fn as_order(&self) -> OrderRow {
        OrderRow {
            order: self.part.to_string(),
            store: self.place.to_string(),
            version: 1,
            placed_ms: self.made_ms,
            promised_ms: self.promised_ms,
            expires_ms: self.promised_ms,
            initials: String::new(),
            lines: self.lines.len() as u64,
            cancelled: matches!(PartState::named(&self.state), Some(PartState::Cancelled)),
            state: self.state.clone(),
            state_at_ms: Some(self.since_ms),
            note: self.note.clone(),
            promised: true,
            basis: Basis::StoreWord,
        }
    }

    /// `None`: at a store.
    pub fn standing(&self) -> Option<Standing> {
        let state = PartState::named(&self.state).filter(|_| self.kind == PartKind::Ship)?;
        Some(Standing { state, lines: self.lines.clone(), tracking: self.tracking.clone(), note: self.note.clone() })
    }
}

/// Why a part was not assigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAssigned {
    #[error("there is a part or an order {0} already")]
    Exists(OrderNo),
    #[error("{0} takes no such part: it is unknown, switched off, or does not do this")]
    Place(PlaceId),
    #[error("a part has lines")]
    NoLines,
}

/// Gives a place a part, and holds its units. A collect part's order is put by the caller with [`orders::put`], in the same transaction.
pub fn assign(writer: &Writer, new: &NewPart, now_ms: i64) -> db::Result<Result<(), NotAssigned>> {
    let connection = writer.connection();
    if new.lines.is_empty() {
        return Ok(Err(NotAssigned::NoLines));
    }
    let does = |place: &places::Place| match new.kind {
        PartKind::Collect => place.has_node() && place.collects,
        PartKind::Ship => !place.has_node() && place.ships,
    };
    let Some(place) = places::find(connection, new.place.as_str())?.filter(|place| place.active && does(place)) else {
        return Ok(Err(NotAssigned::Place(new.place.clone())));
    };
    let is_order = "SELECT EXISTS (SELECT 1 FROM collect_orders WHERE order_no = ?1)";
    let is_order: bool = connection.prepare_cached(is_order)?.query_row([new.part.as_str()], |row| row.get(0))?;
    if find(connection, &new.part)?.is_some() || (is_order && new.kind == PartKind::Ship) {
        return Ok(Err(NotAssigned::Exists(new.part.clone())));
    }
    connection
        .prepare_cached(
            "INSERT INTO order_parts (part, store, channel, number, attempt, kind, recipient, promised_ms, lines, state, since_ms, made_ms, note,
               tracking, unserved, change_no, business_date, line_count, short_count, value)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, '', '', 0, ?12, ?13, ?14, 0, ?15)",
        )?
        .execute(params![
            new.part.as_str(),
            new.place.as_str(),
            new.channel,
            new.number,
            new.attempt,
            new.kind.name(),
            serde_json::to_string(&new.to).expect("plain values"),
            new.promised_ms,
            serde_json::to_string(&new.lines).expect("plain values"),
            PartState::Sent.name(),
            now_ms,
            next_change(connection)?,
            (new.kind == PartKind::Ship).then(|| place.day_of(now_ms).to_string()),
            new.lines.len(),
            new.value,
        ])?;
    if new.kind == PartKind::Ship {
        hold(connection, new.place.as_str(), &new.part, &new.lines)?;
        order_search::keep_part(connection, new.part.as_str(), &new.number, &new.to.name, &new.to.phone, now_ms)?;
        tell(
            connection,
            "part.sent",
            new.place.as_str(),
            &new.part,
            "",
            now_ms,
            json!({ "lines": new.lines.len(), "attempt": new.attempt }),
        )?;
    }
    Ok(Ok(()))
}

/// Head office takes a part back. At once when its place has not accepted it; else the place, or the store's journal, says what becomes of it.
pub fn end(writer: &Writer, part: &OrderNo, why: &str, now_ms: i64) -> db::Result<Result<Part, NotActed>> {
    let connection = writer.connection();
    let Some(found) = find(connection, part)? else { return Err(super::chain::corrupt("a part that is to end is not there")) };
    if found.kind == PartKind::Collect {
        if orders::cancelled(connection, part, now_ms)?.is_err() {
            return Err(super::chain::corrupt("a part's order is not there"));
        }
        touch(connection, part)?;
        return Ok(Ok(found));
    }
    moved(connection, &found, &PartAct::End { why: why.to_owned() }, "", now_ms)
}

/// Why a place's word is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmed {
    #[error("there is no part {0} at this place")]
    Unknown(String),
    #[error("part {part}: {why}")]
    Refused { part: OrderNo, why: NotActed },
    #[error("part {0} is a store's: its own pages move it")]
    OfStore(OrderNo),
}

/// What a place says of a part. The same again changes nothing.
pub fn act(
    connection: &Connection,
    place: &PlaceId,
    part: &str,
    act: &PartAct,
    who: &str,
    now_ms: i64,
) -> db::Result<Result<Part, NotConfirmed>> {
    let unknown = || Ok(Err(NotConfirmed::Unknown(part.to_owned())));
    let Ok(number) = OrderNo::new(part) else { return unknown() };
    let Some(found) = find(connection, &number)?.filter(|found| found.place == *place) else { return unknown() };
    if found.kind == PartKind::Collect {
        return Ok(Err(NotConfirmed::OfStore(number)));
    }
    Ok(moved(connection, &found, act, who, now_ms)?.map_err(|why| NotConfirmed::Refused { part: number, why }))
}

/// Somebody should look: goods left that should not have.
pub fn left_after_cancel(connection: &Connection, place: &PlaceId, part: &OrderNo, now_ms: i64) -> db::Result<()> {
    let reason = "the place reports it as shipped after it was cancelled: the parcel is to be stopped, or comes back".to_owned();
    let fingerprint = format!("shipped_after_cancel {part}");
    let (store, order) = (place.as_str(), part.as_str());
    order_exceptions::open(
        connection,
        &OrderException { fingerprint, store, order, kind: "shipped_after_cancel", owner: CHANNEL, reason },
        now_ms,
        true,
    )
}

fn moved(connection: &Connection, part: &Part, act: &PartAct, who: &str, now_ms: i64) -> db::Result<Result<Part, NotActed>> {
    let Some(now) = part.standing() else { return Err(super::chain::corrupt("how a part stands cannot be read")) };
    let next = match machine::act(&now, act) {
        Ok(Some(next)) => next,
        Ok(None) => return Ok(Ok(part.clone())),
        Err(why) => return Ok(Err(why)),
    };
    let place = part.place.as_str();
    // What its place does not serve, somebody else should; what head office took back, it knows of.
    let lost = next.state == PartState::Refused || (next.lines != now.lines && next.lines.iter().any(|line| line.short > Qty::ZERO));
    let since_ms = if next.state == now.state { part.since_ms } else { now_ms };
    connection
        .prepare_cached(
            "UPDATE order_parts SET state = ?2, since_ms = ?3, lines = ?4, tracking = ?5, note = ?6, change_no = ?7,
               unserved = CASE WHEN ?8 = 1 THEN 1 ELSE unserved END, short_count = ?9,
               accepted_ms = CASE WHEN ?2 = 'accepted' THEN coalesce(accepted_ms, ?10) ELSE accepted_ms END,
               left_ms = CASE WHEN ?11 = 1 THEN coalesce(left_ms, ?10) ELSE left_ms END WHERE part = ?1",
        )?
        .execute(params![
            part.part.as_str(),
            next.state.name(),
            since_ms,
            serde_json::to_string(&next.lines).expect("plain values"),
            next.tracking,
            next.note,
            next_change(connection)?,
            i64::from(lost),
            next.lines.iter().filter(|line| line.short > Qty::ZERO).count(),
            now_ms,
            i64::from(next.state.has_left()),
        ])?;
    match next.state {
        PartState::Refused | PartState::Cancelled => {
            connection.execute("DELETE FROM part_holds WHERE part = ?1", [part.part.as_str()])?;
        }
        PartState::Shipped if now.state != PartState::Shipped => {
            connection.execute("UPDATE part_holds SET left_ms = ?2 WHERE part = ?1", params![part.part.as_str(), now_ms])?;
        }
        _ if next.lines != now.lines => {
            connection.execute("DELETE FROM part_holds WHERE part = ?1", [part.part.as_str()])?;
            hold(connection, place, &part.part, &next.lines)?;
        }
        _ => {}
    }
    let (kind, data) = match act {
        PartAct::Short { .. } if next.state == PartState::Accepted => {
            let short: Vec<_> = next.lines.iter().filter(|line| line.short > Qty::ZERO).collect();
            let short = short.iter().map(|line| json!({ "line": line.line, "name": line.name, "quantity": line.short.plain() }));
            ("part.short", json!({ "lines": short.collect::<Vec<_>>() }))
        }
        _ => (told(next.state), json!({ "tracking": next.tracking })),
    };
    tell(connection, kind, place, &part.part, who, now_ms, data)?;
    if now.state == PartState::CancelAsked && next.state == PartState::Shipped {
        let reason = "it had left before the place heard that it was cancelled".to_owned();
        let fingerprint = format!("part_cancel_too_late {}", part.part);
        let (store, order) = (place, part.part.as_str());
        order_exceptions::open(
            connection,
            &OrderException { fingerprint, store, order, kind: "cancel_too_late", owner: CHANNEL, reason },
            now_ms,
            false,
        )?;
    }
    Ok(Ok(find(connection, &part.part)?.unwrap_or_else(|| part.clone())))
}

fn told(state: PartState) -> &'static str {
    match state {
        PartState::Sent => "part.sent",
        PartState::Accepted => "part.accepted",
        PartState::CancelAsked => "part.cancel_asked",
        PartState::Shipped => "part.shipped",
        PartState::Delivered => "part.delivered",
        PartState::Refused => "part.refused",
        PartState::Cancelled => "part.cancelled",
    }
}

fn tell(
    connection: &Connection,
    kind: &str,
    place: &str,
    part: &OrderNo,
    who: &str,
    now_ms: i64,
    data: serde_json::Value,
) -> db::Result<()> {
    let change: u64 =
        connection.prepare_cached("SELECT change_no FROM order_parts WHERE part = ?1")?.query_row([part.as_str()], |row| row.get(0))?;
    let source = format!("part {part} {change}");
    office_events::add(connection, &Fact { kind, store: place, order: part.as_str(), at_ms: now_ms, known_ms: now_ms, who, source, data })
}

fn hold(connection: &Connection, place: &str, part: &OrderNo, lines: &[PartLine]) -> db::Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO part_holds (part, sku, store, quantity) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (part, sku) DO UPDATE SET quantity = part_holds.quantity + excluded.quantity",
    )?;
    for line in lines.iter().filter(|line| line.to_send() > Qty::ZERO) {
        add.execute(params![part.as_str(), line.sku.as_str(), place, line.to_send().thousandths()])?;
    }
    Ok(())
}

/// Behind the newest, and beyond all numbers that an epoch before may have shown to places.
fn next_change(connection: &Connection) -> db::Result<u64> {
    let newest = "SELECT coalesce(max(change_no), 0) FROM order_parts";
    let newest: u64 = connection.prepare_cached(newest)?.query_row([], |row| row.get(0))?;
    let before = storage::epoch(connection)?.saturating_sub(1).saturating_mul(CHANGES_PER_EPOCH_MAX);
    Ok(newest.max(before) + 1)
}

fn touch(connection: &Connection, part: &OrderNo) -> db::Result<()> {
    let sql = "UPDATE order_parts SET change_no = ?2 WHERE part = ?1";
    connection.prepare_cached(sql)?.execute(params![part.as_str(), next_change(connection)?]).map(drop)
}

const COLUMNS: &str = "SELECT p.part, p.store, p.channel, p.number, p.attempt, p.kind, p.recipient, p.promised_ms, p.lines,
     CASE WHEN p.kind = 'collect' THEN coalesce(o.state, 'placed') ELSE p.state END, CASE WHEN p.kind = 'collect' THEN coalesce(o.at_ms, p.since_ms) ELSE p.since_ms END,
     p.made_ms, CASE WHEN p.kind = 'collect' THEN coalesce(o.note, '') ELSE p.note END, p.tracking, p.change_no
   FROM order_parts p LEFT JOIN order_states o ON o.order_no = p.part AND p.kind = 'collect'";

fn read(row: &Row<'_>) -> db::Result<Part> {
    let bad = |what: &str| super::chain::corrupt(&format!("a part cannot be read: {what}"));
    let (part, place, kind): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(5)?);
    let (to, lines): (String, String) = (row.get(6)?, row.get(8)?);
    Ok(Part {
        part: OrderNo::new(&part).map_err(|_| bad("its number"))?,
        place: PlaceId::new(&place).map_err(|_| bad("its place"))?,
        channel: row.get(2)?,
        number: row.get(3)?,
        attempt: row.get(4)?,
        kind: if kind == PartKind::Collect.name() { PartKind::Collect } else { PartKind::Ship },
        to: serde_json::from_str(&to).map_err(|_| bad("whom it is for"))?,
        promised_ms: row.get(7)?,
        lines: serde_json::from_str(&lines).map_err(|_| bad("its lines"))?,
        state: row.get(9)?,
        since_ms: row.get(10)?,
        made_ms: row.get(11)?,
        note: row.get(12)?,
        tracking: row.get(13)?,
        change: row.get(14)?,
    })
}

pub fn find(connection: &Connection, part: &OrderNo) -> db::Result<Option<Part>> {
    connection.prepare_cached(&format!("{COLUMNS} WHERE p.part = ?1"))?.query_row([part.as_str()], read).optional()
}

/// Of one order, the oldest first.
pub fn of_order(connection: &Connection, channel: &str, number: &str) -> db::Result<Vec<Part>> {
    let sql = format!("{COLUMNS} WHERE p.channel = ?1 AND p.number = ?2 ORDER BY p.made_ms, p.part LIMIT ?3");
    connection.prepare_cached(&sql)?.query_map(params![channel, number, OF_ORDER_MAX], read)?.collect()
}

/// What changed at a place behind `after`, in order: a part stands there once, as it is now.
pub fn changes(connection: &Connection, place: &str, after: u64, limit: u32) -> db::Result<Vec<Part>> {
    let sql = format!("{COLUMNS} WHERE p.store = ?1 AND p.change_no > ?2 ORDER BY p.change_no LIMIT ?3");
    connection.prepare_cached(&sql)?.query_map(params![place, after, limit], read)?.collect()
}

/// Parts that wait for their place, what is promised first on top. Not those of stores.
pub fn open(connection: &Connection, place: &str, limit: u32) -> db::Result<Vec<Part>> {
    let sql = format!(
        "{COLUMNS} WHERE p.store = ?1 AND p.kind = 'ship' AND p.state IN ('sent', 'accepted', 'cancel_asked') ORDER BY p.promised_ms, p.part LIMIT ?2"
    );
    connection.prepare_cached(&sql)?.query_map(params![place, limit], read)?.collect()
}

/// Those that are over at a place, the newest first.
pub fn over(connection: &Connection, place: &str, limit: u32) -> db::Result<Vec<Part>> {
    let sql = format!(
        "{COLUMNS} WHERE p.store = ?1 AND p.kind = 'ship' AND p.state NOT IN ('sent', 'accepted', 'cancel_asked') ORDER BY p.since_ms DESC, p.part LIMIT ?2"
    );
    connection.prepare_cached(&sql)?.query_map(params![place, limit], read)?.collect()
}

/// A store's journal says that it does not do it. Counted anew, it is not looked at again.
pub(super) fn store_refused(connection: &Connection, part: &OrderNo) -> db::Result<()> {
    let sql = "UPDATE order_parts SET unserved = 1 WHERE part = ?1 AND kind = 'collect' AND state = 'sent'";
    connection.prepare_cached(sql)?.execute([part.as_str()]).map(drop)
}

/// Parts of which their place does not serve all, and nobody has looked for another yet.
pub fn unserved(connection: &Connection, limit: u32) -> db::Result<Vec<Part>> {
    let sql = format!("{COLUMNS} WHERE p.unserved = 1 ORDER BY p.change_no LIMIT ?1");
    connection.prepare_cached(&sql)?.query_map([limit], read)?.collect()
}

/// Somebody has looked for another place.
pub fn served(connection: &Connection, part: &OrderNo) -> db::Result<()> {
    let sql = "UPDATE order_parts SET unserved = 0, state = CASE kind WHEN 'collect' THEN 'refused' ELSE state END WHERE part = ?1";
    connection.prepare_cached(sql)?.execute([part.as_str()]).map(drop)
}

/// Parts that were sent and that their place has not said a word about for as long as it may.
pub fn silent(connection: &Connection, now_ms: i64, limit: u32) -> db::Result<Vec<Part>> {
    let sql = format!(
        "{COLUMNS} JOIN places q ON q.store = p.store WHERE p.kind = 'ship' AND p.state = 'sent' AND p.since_ms < ?1 - q.accept_minutes * 60000
         ORDER BY p.since_ms, p.part LIMIT ?2"
    );
    connection.prepare_cached(&sql)?.query_map(params![now_ms, limit], read)?.collect()
}

/// Parts that a place was given since, without those that came to nothing.
pub fn load(connection: &Connection, place: &PlaceId, from_ms: i64) -> db::Result<u64> {
    let sql = "SELECT count(*) FROM order_parts WHERE store = ?1 AND made_ms >= ?2 AND state NOT IN ('refused', 'cancelled')";
    connection.prepare_cached(sql)?.query_row(params![place.as_str(), from_ms], |row| row.get(0))
}
