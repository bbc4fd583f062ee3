//! Where each order stands, by the store's own record. Made from the journals and again from them, like all that is counted.

use super::db::{self, Connection, OptionalExtension, params};

use super::leads::{self, LeadRow};
use super::order_exceptions::{self, CHANNEL, OrderException, STORE};
use super::rights::{self, Term};
use super::{figures, order_holds, order_messages, order_returns, order_steps, parts};
use crate::document::Locale;
use crate::ids::OrderNo;
use crate::money::{Currency, Money, Qty};
use crate::retail::Event;
use crate::retail::order::{Ending, RefusedWhy, Units};
use crate::time::{BusinessDate, Stamp};

/// Of exceptions: the order desk has to have a payment refunded.
const REFUND_OWED: &str = "refund_owed";

/// Kinds that say something of an order or move its units, without their version.
pub fn is_ours(kind: &str) -> bool {
    kind.starts_with("order_")
        || matches!(kind, "bag_staged" | "hand_over_taken_back" | "stock_adjusted" | "lead_named" | "rights_granted" | "rights_overrun")
}

/// Where a record stands.
pub struct At<'a> {
    pub store: &'a str,
    pub node: i64,
    pub branch: i64,
    pub seq: u64,
    /// Which of the record's events.
    pub event: usize,
    /// When it came here.
    pub known_ms: i64,
    /// The business day that was open, or the last one.
    pub date: BusinessDate,
}

pub fn count(connection: &Connection, at: &At<'_>, event: &Event) -> db::Result<()> {
    if let Event::LeadNamed { epoch, lead, cursor, at: named, .. } = event {
        return leads::learn(connection, at, *epoch, lead, named.ms, *cursor);
    }
    let epoch = event.lead_epoch().unwrap_or(0);
    if let Some(lead) = leads::named_since(connection, at.store, epoch, at.branch, at.seq)? {
        return came_late(connection, at, event, epoch, &lead);
    }
    match event {
        Event::RightsGranted { grants, epoch, office_epoch, .. } => {
            return rights::granted(connection, at, Term { lead: *epoch, office: *office_epoch }, grants);
        }
        Event::RightsOverrun { sku, asked, epoch, office_epoch, .. } => {
            return rights::asked_back(connection, at, Term { lead: *epoch, office: *office_epoch }, sku, *asked);
        }
        _ => {}
    }
    order_holds::count(connection, at, event)?;
    order_steps::note(connection, at, event)?;
    let state = |order: &OrderNo, state: &str, when: Stamp, note: &str| set(connection, at, order, state, when, note);
    figures::orders::count(connection, at, event)?;
    match event {
        Event::OrderReceived { order, at, .. } | Event::OrderReplaced { order, at, .. } => state(&order.order, "received", *at, ""),
        Event::OrderAccepted { step, .. } => state(&step.order, "accepted", step.at, ""),
        Event::OrderPicking { step, .. } => state(&step.order, "picking", step.at, ""),
        Event::OrderPicked { step, bags } => {
            // Bags of an order of which a part went are in their places already.
            let to_place = bags.iter().filter(|bag| bag.place.is_none()).count();
            if to_place == 0 {
                order_steps::ready(connection, at, &step.order, step.at)?;
            }
            state(&step.order, if to_place == 0 { "staged" } else { "picked" }, step.at, "")?;
            connection
                .execute("UPDATE order_states SET bags = ?2, placed = '' WHERE order_no = ?1", params![step.order.as_str(), to_place])
                .map(drop)
        }
        Event::BagAdded { step, .. } => {
            connection.execute("UPDATE order_states SET bags = bags + 1 WHERE order_no = ?1", params![step.order.as_str()]).map(drop)
        }
        Event::BagStaged { step, bag, .. } => staged(connection, at, &step.order, *bag, step.at),
        Event::OrderLineMissed { step, line, quantity, .. } => {
            note(connection, &step.order, &format!("at the counter {} of line {line} were missing or not accepted", quantity.plain()))
        }
        Event::OrderRefundRequested { step, amount, .. } => refund(connection, at, &step.order, *amount, step.at),
        Event::OrderPaidElsewhere { step, txn } => {
            let reason =
                format!("sale {txn} paid it when the orders were another node's already: hand it over there, or refund it by its receipt");
            except(connection, at, &step.order, "paid_elsewhere", STORE, reason, step.at)
        }
        Event::OrderHandedOver { step, issued, owed, .. } => {
            move_units(connection, at, issued, -1)?;
            connection.execute(
                "UPDATE order_states SET issued = ?2 WHERE order_no = ?1",
                params![step.order.as_str(), serde_json::to_string(issued).expect("units are plain values")],
            )?;
            if !*owed {
                order_messages::handed_over(connection, at, &step.order, step.at)?;
            }
            state(&step.order, if *owed { "part_handed_over" } else { "handed_over" }, step.at, "")
        }
        Event::OrderRestMissed { step, handed_over } => {
            order_messages::handed_over(connection, at, &step.order, step.at)?;
            state(&step.order, "handed_over", *handed_over, "the rest of it was not found")
        }
        Event::HandOverTakenBack { step } => {
            let issued: String = connection
                .prepare_cached("SELECT issued FROM order_states WHERE order_no = ?1")?
                .query_row([step.order.as_str()], |row| row.get(0))
                .unwrap_or_default();
            let issued: Vec<Units> = serde_json::from_str(&issued).unwrap_or_default();
            move_units(connection, at, &issued, 1)?;
            order_messages::taken_back(connection, &step.order, step.at)?;
            withdraw_refund(connection, &step.order, step.at)?;
            order_returns::taken_back(connection, at, &step.order, step.at)?;
            state(&step.order, "staged", step.at, "the hand-over was taken back")
        }
        Event::OrderCancelled { order, at: when, .. } => {
            order_messages::over(connection, at, order, "cancelled", *when)?;
            state(order, "cancelled", *when, "")
        }
        Event::OrderExpired { order, at: when, .. } => {
            order_messages::over(connection, at, order, "expired", *when)?;
            state(order, "expired", *when, "nobody came")
        }
        Event::OrderDeclined { step } => state(&step.order, "declined", step.at, "the customer did not want it"),
        Event::OrderRefused { step, why } => {
            order_messages::refused_in_store(connection, at, &step.order, step.at)?;
            parts::store_refused(connection, &step.order)?;
            state(&step.order, "refused", step.at, words(Ending::Refused(*why)))
        }
        Event::OrderChangeTooLate { order, version, state, at: when, .. } => {
            let reason = format!("version {version} came too late: the order was {}", state.replace('_', " "));
            note(connection, order, &reason)?;
            except(connection, at, order, "change_too_late", CHANNEL, reason, *when)
        }
        Event::OrderContradicted { order, version, at: when, .. } => {
            let reason = format!("version {version} came to the store with two contents; the first one counts");
            note(connection, order, &format!("version {version} came with two contents"))?;
            except(connection, at, order, "contradicted", CHANNEL, reason, *when)
        }
        Event::OrderCancelFailed { order, handed_over, at: when, .. } => {
            order_returns::open(connection, at, order, *handed_over, *when)?;
            note(connection, order, "the cancel came after the hand-over: a return is open")
        }
        Event::StockAdjusted { sku, quantity, .. } => move_units(connection, at, &[Units { sku: sku.clone(), quantity: *quantity }], 1),
        _ => Ok(()),
    }
}

/// The channel has to give back what was paid there and does not reach the customer.
fn refund(connection: &Connection, at: &At<'_>, order: &OrderNo, amount: Money, when: Stamp) -> db::Result<()> {
    // In what the store sells in; before its first sale nobody knows here.
    let sql = "SELECT currency FROM transactions WHERE store = ?1 ORDER BY id DESC LIMIT 1";
    let currency: Option<String> = connection.prepare_cached(sql)?.query_row([at.store], |row| row.get(0)).optional()?;
    let amount = match currency.as_deref().and_then(Currency::from_code) {
        Some(currency) => {
            format!("{} {}", Locale::from_tag("en").expect("English is in the table").money(&currency, amount), currency.code)
        }
        None => format!("{} minor units", amount.minor()),
    };
    let reason = format!("refund {amount} of the original payment: it was paid to the channel and was not handed over");
    note(connection, order, &reason)?;
    except(connection, at, order, REFUND_OWED, CHANNEL, reason, when)
}

/// The newest hand-over never was, and what it asked back of the channel is not owed.
fn withdraw_refund(connection: &Connection, order: &OrderNo, when: Stamp) -> db::Result<()> {
    connection
        .execute(
            "UPDATE order_exceptions SET settled_ms = ?3 WHERE order_no = ?1 AND kind = ?2 AND settled_ms IS NULL
               AND opened_ms >= (SELECT at_ms FROM order_states WHERE order_no = ?1)",
            params![order.as_str(), REFUND_OWED, when.ms],
        )
        .map(drop)
}

/// Of a node that was not the lead any more. Whatever it was, the lead knows nothing of it, and the goods may be gone.
fn came_late(connection: &Connection, at: &At<'_>, event: &Event, epoch: u64, lead: &LeadRow) -> db::Result<()> {
    let Some((order, when)) = event.order_at() else { return Ok(()) };
    let what = serde_json::to_value(event).ok();
    let what = what.as_ref().and_then(|value| value.as_object()?.keys().next().cloned()).unwrap_or_default();
    let what = what.split('.').next().unwrap_or_default().replace('_', " ");
    let reason = format!(
        "{what}, under lead epoch {epoch}: since epoch {} the orders are at node {}. It was not counted; look at the goods and at the order there",
        lead.epoch, lead.node
    );
    except(connection, at, order, "late_lead", STORE, reason, when)
}

/// Once for each record, however often it is counted.
fn except(
    connection: &Connection,
    at: &At<'_>,
    order: &OrderNo,
    kind: &'static str,
    owner: &'static str,
    reason: String,
    when: Stamp,
) -> db::Result<()> {
    let fingerprint = format!("{kind} {order} {}/{}", at.branch, at.seq);
    let exception = OrderException { fingerprint, store: at.store, order: order.as_str(), kind, owner, reason };
    order_exceptions::open(connection, &exception, when.ms, false)
}

fn words(ending: Ending) -> &'static str {
    match ending {
        Ending::Refused(RefusedWhy::NoStock) => "the goods are not there",
        Ending::Refused(RefusedWhy::NoTime) => "not in time",
        Ending::Refused(RefusedWhy::AllShort) => "nothing of it was found",
        Ending::Refused(RefusedWhy::Malformed) => "no shop can hand it over",
        Ending::Cancelled | Ending::Expired | Ending::Declined => "",
    }
}

fn set(connection: &Connection, at: &At<'_>, order: &OrderNo, state: &str, when: Stamp, note: &str) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO order_states (order_no, store, state, at_ms, note) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (order_no) DO UPDATE SET state = ?3, at_ms = ?4, note = ?5",
        )?
        .execute(params![order.as_str(), at.store, state, when.ms, note])?;
    figures::orders::stands(connection, order, state, when)
}

fn note(connection: &Connection, order: &OrderNo, note: &str) -> db::Result<()> {
    connection.execute("UPDATE order_states SET note = ?2 WHERE order_no = ?1", params![order.as_str(), note]).map(drop)
}

/// The last bag that gets a place makes it ready.
fn staged(connection: &Connection, at: &At<'_>, order: &OrderNo, bag: u32, when: Stamp) -> db::Result<()> {
    let (bags, placed): (usize, String) = connection
        .prepare_cached("SELECT bags, placed FROM order_states WHERE order_no = ?1")?
        .query_row([order.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap_or_default();
    let mut placed: Vec<u32> = placed.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    if !placed.contains(&bag) {
        placed.push(bag);
    }
    let all = placed.len() >= bags;
    let placed: Vec<String> = placed.iter().map(u32::to_string).collect();
    connection.execute("UPDATE order_states SET placed = ?2 WHERE order_no = ?1", params![order.as_str(), placed.join(" ")])?;
    if !all {
        return Ok(());
    }
    order_messages::ready(connection, at, order, when)?;
    order_steps::ready(connection, at, order, when)?;
    set(connection, at, order, "staged", when, "")
}

pub(super) fn move_units(connection: &Connection, at: &At<'_>, units: &[Units], sign: i64) -> db::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO stock_moves (store, sku, node, branch, seq, quantity) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (store, sku, branch, seq) DO UPDATE SET quantity = stock_moves.quantity + ?6",
    )?;
    for Units { sku, quantity } in units.iter().filter(|units| units.quantity != Qty::ZERO) {
        insert.execute(params![at.store, sku.as_str(), at.node, at.branch, at.seq, sign * quantity.thousandths()])?;
    }
    Ok(())
}
