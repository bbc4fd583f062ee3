//! Customer service: an order as one story over all channels and the shop, found by whatever the customer has at hand, and what can be asked of it.

use serde::Serialize;
use serde_json::json;

use super::db::{self, Connection, OptionalExtension, params};
use super::intake::take;
use super::office_events::{self, Fact, OfficeEvent};
use super::order_exceptions::{self, CHANNEL, OrderException};
use super::order_notes::{self, IssueRow, NewNote, NotNoted, NoteRow};
use super::orders::{self, Basis, NotTaken, OrderRow, Placed, PlacedOrder, Whole};
use super::parts::{self, Part, PartState};
use super::places;
use super::routing;
use super::writer::Writer;
use super::{order_returns, order_search, status_link};
use crate::ids::{OrderNo, StoreId};
use crate::money::{Currency, Money};

/// Entries of a timeline that are shown; the newest, should there be more.
pub const ENTRIES_MAX: u32 = 1_000;

/// An order was placed or changed.
pub(super) fn placed(connection: &Connection, placed: &PlacedOrder, version: u64, promised: bool, now_ms: i64) -> db::Result<()> {
    let first_ms = connection
        .prepare_cached("SELECT placed_ms FROM collect_orders WHERE order_no = ?1")?
        .query_row([placed.order.as_str()], |row| row.get(0))?;
    order_search::keep(connection, placed, first_ms)?;
    status_link::keep(connection, placed.order.as_str())?;
    let (store, order) = (placed.store.as_str(), placed.order.as_str());
    let kind = if version == 1 { "order.placed" } else { "order.changed" };
    let data = json!({ "version": version, "lines": placed.lines.len(), "promised_ms": placed.promised_ms, "promised": promised });
    let source = format!("order {order} {version}");
    office_events::add(connection, &Fact { kind, store, order, at_ms: now_ms, known_ms: now_ms, who: "", source, data })
}

/// The cancel of an order was taken here; whether it comes in time the store says.
pub(super) fn cancel_asked(connection: &Connection, store: &StoreId, order: &OrderNo, version: u64, now_ms: i64) -> db::Result<()> {
    let (store, order) = (store.as_str(), order.as_str());
    let source = format!("order {order} cancel");
    let data = json!({ "version": version });
    let fact = Fact { kind: "order.cancel_asked", store, order, at_ms: now_ms, known_ms: now_ms, who: "", source, data };
    office_events::add(connection, &fact)
}

/// Orders that were found.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Found {
    #[serde(flatten)]
    pub row: OrderRow,
    /// As the channel gave it.
    pub name: String,
}

/// The newest first; and where the next page begins.
pub fn search(connection: &Connection, asked: &str, cursor: Option<&str>, limit: u32) -> db::Result<(Vec<Found>, Option<String>)> {
    let behind = cursor.and_then(|cursor| cursor.split_once('.')).and_then(|(ms, order)| Some((ms.parse().ok()?, order.to_owned())));
    let mut hits = order_search::find(connection, asked, behind.as_ref(), limit.saturating_add(1))?;
    let has_more = hits.len() > limit as usize;
    hits.truncate(limit as usize);
    let next = hits.last().filter(|_| has_more).map(|(ms, order)| format!("{ms}.{order}"));
    let mut rows = Vec::with_capacity(hits.len());
    for (_, order) in hits {
        let Ok(order) = OrderNo::new(&order) else { continue };
        if let Some((row, ..)) = orders::find(connection, &order)? {
            let name = customer(connection, &order)?.map(|placed| placed.name).unwrap_or_default();
            rows.push(Found { row, name });
        } else if let Some(part) = parts::find(connection, &order)? {
            rows.push(Found { row: part.as_order(), name: part.to.name });
        }
    }
    Ok((rows, next))
}

/// As the channel placed it, with the customer.
pub fn customer(connection: &Connection, order: &OrderNo) -> db::Result<Option<PlacedOrder>> {
    let content: Option<String> = connection
        .prepare_cached("SELECT content FROM collect_orders WHERE order_no = ?1")?
        .query_row([order.as_str()], |row| row.get(0))
        .optional()?;
    Ok(content.and_then(|content| serde_json::from_str(&content).ok()))
}

/// A transaction of a till that belongs to an order.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = SaleReceipt)]
pub struct Receipt {
    pub txn: String,
    pub number: String,
    pub store: String,
    pub at_ms: i64,
    pub total: i64,
    pub currency: String,
    /// Goods of the sale above came back in this one.
    pub is_return: bool,
}

/// How new what head office knows of a store is.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub struct Heard {
    /// When the node that keeps the orders last called.
    pub last_contact_ms: Option<i64>,
    /// Records that it still had to send then.
    pub waiting: u64,
}

/// All that is known of an order.
pub struct Story {
    pub whole: Whole,
    /// `None`: a parcel from a place without a node; whom it is for stands with the part.
    pub placed: Option<PlacedOrder>,
    /// All parts of the channel's order, this one too; none: it is an order by itself.
    pub parts: Vec<Part>,
    pub store_name: String,
    pub heard: Heard,
    pub steps: Vec<OfficeEvent>,
    pub receipts: Vec<Receipt>,
    pub notes: Vec<NoteRow>,
    pub issues: Vec<IssueRow>,
    /// A cancel would end something of it: of a parcel, something of the channel's whole order.
    pub can_be_cancelled: bool,
    pub has_goods: bool,
}

pub fn story(connection: &Connection, order: &OrderNo) -> db::Result<Option<Story>> {
    let part = parts::find(connection, order)?;
    let whole = orders::find(connection, order)?.or_else(|| part.as_ref().map(|part| (part.as_order(), Vec::new(), None)));
    let Some(whole) = whole else { return Ok(None) };
    let parts = parts_of(connection, order)?;
    let can_be_cancelled = if parts.is_empty() { whole.0.can_be_cancelled() } else { is_any_open(connection, &parts)? };
    let mut steps = timeline(connection, order, &whole.0)?;
    for other in parts.iter().filter(|other| other.part != *order) {
        steps.extend(office_events::of_order(connection, other.part.as_str(), ENTRIES_MAX)?);
    }
    steps.sort_by_key(|step| (step.at_ms, step.id));
    let store = whole.0.store.clone();
    let store_name = places::find(connection, &store)?.map(|place| place.name).filter(|name| !name.is_empty());
    Ok(Some(Story {
        placed: customer(connection, order)?,
        store_name: store_name.unwrap_or(store),
        heard: heard(connection, &whole.0.store)?,
        steps,
        parts,
        receipts: receipts(connection, order)?,
        notes: order_notes::of_order(connection, order.as_str())?,
        issues: order_notes::issues_of(connection, order.as_str())?,
        can_be_cancelled,
        has_goods: has_goods(connection, order)?,
        whole,
    }))
}

/// All parts of the order that it is a part of; none: it is an order by itself.
pub fn parts_of(connection: &Connection, order: &OrderNo) -> db::Result<Vec<Part>> {
    match parts::find(connection, order)? {
        Some(part) => parts::of_order(connection, &part.channel, &part.number),
        None => Ok(Vec::new()),
    }
}

/// Whether a place still has something of it to do, or one is looked for.
fn is_any_open(connection: &Connection, parts: &[Part]) -> db::Result<bool> {
    for part in parts {
        let is_open = match part.standing() {
            Some(standing) => matches!(standing.state, PartState::Sent | PartState::Accepted | PartState::CancelAsked),
            None => orders::find(connection, &part.part)?.is_some_and(|(row, ..)| row.can_be_cancelled()),
        };
        if is_open {
            return Ok(true);
        }
    }
    let Some(part) = parts.first() else { return Ok(false) };
    Ok(!routing::why_waiting(connection, &part.channel, &part.number)?.is_empty())
}

/// Why it was not cancelled.
pub enum NotCancelled {
    Order(NotTaken),
    /// Nothing of it is at a place any more.
    HasLeft,
    /// Whoever asks is not for all places that have parts of it.
    OfOthers,
}

/// Cancels an order; of a part, the channel's whole order, as its channel could. Idempotent. `within_reach`: how many of its parts whoever asks may
/// see.
pub(super) fn cancel(writer: &Writer, order: &OrderNo, within_reach: usize, now_ms: i64) -> db::Result<Result<Placed, NotCancelled>> {
    let connection = writer.connection();
    let parts = parts_of(connection, order)?;
    let Some(part) = parts.first() else {
        return Ok(orders::cancelled(connection, order, now_ms)?.map_err(NotCancelled::Order));
    };
    if parts.len() > within_reach {
        return Ok(Err(NotCancelled::OfOthers));
    }
    let has_left = |part: &Part| part.standing().is_some_and(|standing| standing.state.has_left());
    if parts.iter().any(has_left) && !is_any_open(connection, &parts)? {
        return Ok(Err(NotCancelled::HasLeft));
    }
    take::end(writer, &part.channel, &part.number, "customer service cancelled the order", now_ms)?;
    Ok(Ok(Placed { order: order.to_string(), version: 1, promised: false, basis: Basis::StoreWord }))
}

/// What happened, oldest first, by the clocks of those who did it.
pub fn timeline(connection: &Connection, order: &OrderNo, row: &OrderRow) -> db::Result<Vec<OfficeEvent>> {
    let mut steps = office_events::of_order(connection, order.as_str(), ENTRIES_MAX)?;
    if !steps.iter().any(|step| step.kind == "order.placed" || step.kind == "part.sent") {
        // From before there was a log.
        let (kind, data) = ("order.placed".to_owned(), json!({ "version": 1, "lines": row.lines, "promised": row.promised }));
        let (store, order, at_ms) = (row.store.clone(), row.order.clone(), row.placed_ms);
        steps.insert(0, OfficeEvent { id: 0, kind, store, order, at_ms, known_ms: at_ms, who: String::new(), data });
    }
    steps.sort_by_key(|step| (step.at_ms, step.id));
    Ok(steps)
}

/// Of the node that keeps the store's orders.
pub fn heard(connection: &Connection, store: &str) -> db::Result<Heard> {
    let lead = super::leads::current(connection, store)?.map(|lead| lead.node);
    let found = connection
        .prepare_cached("SELECT last_contact_ms, waiting FROM nodes WHERE store = ?1 AND (?2 = '' OR node = ?2) ORDER BY id LIMIT 1")?
        .query_row(params![store, lead.unwrap_or_default()], |row| Ok(Heard { last_contact_ms: row.get(0)?, waiting: row.get(1)? }))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// The sales that paid it, and those in which goods of them came back.
fn receipts(connection: &Connection, order: &OrderNo) -> db::Result<Vec<Receipt>> {
    const COLUMNS: &str = "SELECT DISTINCT t.txn, t.number, t.store, t.at_ms, t.total, t.currency FROM transactions t";
    let read = |is_return: bool| {
        move |row: &db::Row<'_>| {
            let txn: Vec<u8> = row.get(0)?;
            let txn = <[u8; 16]>::try_from(txn.as_slice()).map(|bytes| uuid::Uuid::from_bytes(bytes).to_string()).unwrap_or_default();
            Ok(Receipt {
                txn,
                number: row.get(1)?,
                store: row.get(2)?,
                at_ms: row.get(3)?,
                total: row.get(4)?,
                currency: row.get(5)?,
                is_return,
            })
        }
    };
    let mut rows = Vec::new();
    for txn in order_search::sales_of(connection, order)? {
        let sale = connection
            .prepare_cached(&format!("{COLUMNS} WHERE t.txn = ?1"))?
            .query_map([txn.clone()], read(false))?
            .collect::<db::Result<Vec<_>>>()?;
        rows.extend(sale);
        let back = format!("{COLUMNS} JOIN returned_lines r ON r.txn = t.txn WHERE r.original = ?1 ORDER BY t.at_ms");
        let back = connection.prepare_cached(&back)?.query_map([txn], read(true))?.collect::<db::Result<Vec<_>>>()?;
        rows.extend(back);
    }
    Ok(rows)
}

/// What customer service asks of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The goods that the customer has are to come back.
    Return,
    /// Minor units that somebody is to pay back.
    Refund(Money),
}

/// Why it was not asked.
#[derive(Debug, PartialEq, Eq)]
pub enum NotAsked {
    Note(NotNoted),
    /// The store's record does not say that the customer has anything.
    NotHandedOver,
    Amount,
}

/// More than anybody pays back at once; beyond it somebody mistyped.
const REFUND_MAX: Money = Money::from_minor(100_000_000);

/// Opens a return, or puts a refund on the list for the order desk, with the reason as a note. Inside the caller's transaction.
pub fn ask(
    connection: &Connection,
    order: &OrderNo,
    asked: Asked,
    why: &NewNote,
    currency: &Currency,
    now_ms: i64,
) -> db::Result<Result<(), NotAsked>> {
    if let Asked::Refund(amount) = asked
        && (amount <= Money::ZERO || amount > REFUND_MAX)
    {
        return Ok(Err(NotAsked::Amount));
    }
    let head = match asked {
        Asked::Return => "Return asked: ".to_owned(),
        Asked::Refund(amount) => format!("Refund of {} {} asked: ", currency.plain(amount), currency.code),
    };
    let is_handed_over = asked != Asked::Return || has_goods(connection, order)?;
    if !is_handed_over {
        return Ok(Err(NotAsked::NotHandedOver));
    }
    let note =
        NewNote { text: if why.text.trim().is_empty() { String::new() } else { format!("{head}{}", why.text.trim()) }, ..why.clone() };
    let note = match order_notes::add(connection, order.as_str(), &note, now_ms)? {
        Ok(note) => note,
        Err(why) => return Ok(Err(NotAsked::Note(why))),
    };
    let who = why.who.trim();
    match asked {
        Asked::Return => order_returns::ask(connection, order, who, now_ms).map(|_| Ok(())),
        Asked::Refund(amount) => {
            let store: String = connection
                .prepare_cached(
                    "SELECT store FROM collect_orders WHERE order_no = ?1 UNION ALL SELECT store FROM order_parts WHERE part = ?1 LIMIT 1",
                )?
                .query_row([order.as_str()], |row| row.get(0))?;
            let amount_text = format!("{} {}", currency.plain(amount), currency.code);
            let reason = format!("{who} asks to refund {amount_text}: note {note} of the order says why. Refund it where it was paid");
            let fingerprint = format!("refund_asked {order} {note}");
            let (store, order) = (store.as_str(), order.as_str());
            let exception = OrderException { fingerprint, store, order, kind: "refund_asked", owner: CHANNEL, reason };
            order_exceptions::open(connection, &exception, now_ms, false)?;
            let data = json!({ "amount": amount.minor(), "note": note });
            let source = format!("refund asked {note}");
            let fact = Fact { kind: "refund.asked", store, order, at_ms: now_ms, known_ms: now_ms, who, source, data };
            office_events::add(connection, &fact).map(Ok)
        }
    }
}

/// Whether the customer has goods of it by the store's record, or they are on their way by the place's word.
pub fn has_goods(connection: &Connection, order: &OrderNo) -> db::Result<bool> {
    Ok(order_returns::handed_over(connection, order)?.is_some())
}
