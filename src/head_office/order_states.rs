//! Where each order stands, by the store's own record. Made from the journals and again from them, like all that is counted.

use super::db::{self, Connection, params};

use crate::ids::OrderNo;
use crate::money::Qty;
use crate::retail::Event;
use crate::retail::order::{Ending, RefusedWhy, Units};
use crate::time::Stamp;

/// Kinds that say something of an order or move its units, without their version.
pub fn is_ours(kind: &str) -> bool {
    kind.starts_with("order_") || matches!(kind, "bag_staged" | "hand_over_taken_back" | "stock_adjusted")
}

/// Where a record stands.
pub struct At<'a> {
    pub store: &'a str,
    pub node: i64,
    pub branch: i64,
    pub seq: u64,
}

pub fn count(connection: &Connection, at: &At<'_>, event: &Event) -> db::Result<()> {
    let state = |order: &OrderNo, state: &str, when: Stamp, note: &str| set(connection, at, order, state, when, note);
    match event {
        Event::OrderReceived { order, at, .. } | Event::OrderReplaced { order, at, .. } => state(&order.order, "received", *at, ""),
        Event::OrderAccepted { step, .. } => state(&step.order, "accepted", step.at, ""),
        Event::OrderPicking { step, .. } => state(&step.order, "picking", step.at, ""),
        Event::OrderPicked { step, bags } => {
            state(&step.order, "picked", step.at, "")?;
            connection
                .execute("UPDATE order_states SET bags = ?2, placed = '' WHERE order_no = ?1", params![step.order.as_str(), bags.len()])
                .map(drop)
        }
        Event::BagAdded { step, .. } => {
            connection.execute("UPDATE order_states SET bags = bags + 1 WHERE order_no = ?1", params![step.order.as_str()]).map(drop)
        }
        Event::BagStaged { step, bag, .. } => staged(connection, at, &step.order, *bag, step.at),
        Event::OrderHandedOver { step, issued, .. } => {
            move_units(connection, at, issued, -1)?;
            connection.execute(
                "UPDATE order_states SET issued = ?2 WHERE order_no = ?1",
                params![step.order.as_str(), serde_json::to_string(issued).expect("units are plain values")],
            )?;
            state(&step.order, "handed_over", step.at, "")
        }
        Event::HandOverTakenBack { step } => {
            let issued: String = connection
                .prepare_cached("SELECT issued FROM order_states WHERE order_no = ?1")?
                .query_row([step.order.as_str()], |row| row.get(0))
                .unwrap_or_default();
            let issued: Vec<Units> = serde_json::from_str(&issued).unwrap_or_default();
            move_units(connection, at, &issued, 1)?;
            state(&step.order, "staged", step.at, "the hand-over was taken back")
        }
        Event::OrderCancelled { order, at, .. } => state(order, "cancelled", *at, ""),
        Event::OrderExpired { order, at } => state(order, "expired", *at, "nobody came"),
        Event::OrderDeclined { step } => state(&step.order, "declined", step.at, "the customer did not want it"),
        Event::OrderRefused { step, why } => state(&step.order, "refused", step.at, words(Ending::Refused(*why))),
        Event::OrderChangeTooLate { order, version, state, .. } => {
            note(connection, order, &format!("version {version} came too late: the order was {}", state.replace('_', " ")))
        }
        Event::OrderContradicted { order, version, .. } => note(connection, order, &format!("version {version} came with two contents")),
        Event::OrderCancelFailed { order, .. } => note(connection, order, "the cancel came after the hand-over: open a return"),
        Event::StockAdjusted { sku, quantity, .. } => move_units(connection, at, &[Units { sku: sku.clone(), quantity: *quantity }], 1),
        _ => Ok(()),
    }
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
        .execute(params![order.as_str(), at.store, state, when.ms, note])
        .map(drop)
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
    if all { set(connection, at, order, "staged", when, "") } else { Ok(()) }
}

pub(super) fn move_units(connection: &Connection, at: &At<'_>, units: &[Units], sign: i64) -> db::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO stock_moves (store, sku, node, branch, seq, quantity) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (store, sku, branch, seq) DO UPDATE SET quantity = quantity + ?6",
    )?;
    for Units { sku, quantity } in units.iter().filter(|units| units.quantity != Qty::ZERO) {
        insert.execute(params![at.store, sku.as_str(), at.node, at.branch, at.seq, sign * quantity.thousandths()])?;
    }
    Ok(())
}
