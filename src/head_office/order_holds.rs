//! Which units of a store are spoken for: what each order that is not over holds there, and what it asks for while the store has not said
//! yes. An order is here from the moment it is taken; once its store has heard of it, the store's record alone moves it.
//!
//! Goods that lie in bags of an order that was given up are free again here at once, although somebody still has to put them back.

use super::db::{self, Connection, params};
use super::order_states::At;
use crate::ids::{OrderNo, Sku};
use crate::money::Qty;
use crate::retail::Event;
use crate::retail::order::{CounterThen, OrderCopy, OrderLine, Units};

/// An order was taken, or changed, before its store has heard of it.
pub fn placed(connection: &Connection, store: &str, order: &OrderNo, lines: &[OrderLine]) -> db::Result<()> {
    let sql = "SELECT EXISTS (SELECT 1 FROM order_states WHERE order_no = ?1)";
    match connection.prepare_cached(sql)?.query_row([order.as_str()], |row| row.get::<_, bool>(0))? {
        true => Ok(()),
        false => begin(connection, store, order, lines),
    }
}

/// Everything is counted anew: the orders that are here come first, and their stores' records say the rest.
pub fn placed_again(connection: &Connection) -> db::Result<()> {
    let mut orders = connection.prepare_cached("SELECT order_no, store, lines FROM collect_orders ORDER BY order_no")?;
    let orders: Vec<(String, String, String)> =
        orders.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<db::Result<_>>()?;
    for (order, store, lines) in orders {
        let (Ok(order), Ok(lines)) = (OrderNo::new(&order), serde_json::from_str::<Vec<OrderLine>>(&lines)) else { continue };
        begin(connection, &store, &order, &lines)?;
    }
    Ok(())
}

/// What the store's record says of an order's units.
pub fn count(connection: &Connection, at: &At<'_>, event: &Event) -> db::Result<()> {
    match event {
        Event::OrderReceived { order, .. } | Event::OrderReplaced { order, .. } => begin(connection, at.store, &order.order, &order.lines),
        Event::OrderAdopted { order, copy, .. } => match copy.as_ref() {
            OrderCopy::Open(copy) if !is_known(connection, order)? => {
                begin(connection, at.store, order, &[])?;
                copy.units.iter().try_for_each(|(sku, units)| add(connection, at.store, order, 0, sku, units.held))
            }
            OrderCopy::Open(_) => Ok(()),
            OrderCopy::Over(_) => end(connection, order),
        },
        Event::OrderLinePicked { step, line, sku, quantity, .. } => {
            let own: Option<Sku> = ordered(connection, &step.order, *line)?;
            match own.filter(|own| own != sku) {
                Some(own) => {
                    add(connection, at.store, &step.order, *line, &own, -*quantity)?;
                    add(connection, at.store, &step.order, *line, sku, *quantity)
                }
                None => Ok(()),
            }
        }
        Event::OrderLineReset { step, line } => reset(connection, &step.order, *line),
        Event::OrderLineShort { step, line, quantity, .. } => connection
            .prepare_cached(
                "UPDATE order_holds SET quantity = quantity - ?3, short = short + ?3 WHERE order_no = ?1 AND line = ?2 AND ordered = 1",
            )?
            .execute(params![step.order.as_str(), line, quantity.thousandths()])
            .map(drop),
        Event::OrderLineMissed { step, line, sku, quantity, then, .. } => {
            add(connection, at.store, &step.order, *line, sku, -*quantity)?;
            match (then, ordered(connection, &step.order, *line)?) {
                (CounterThen::Later, Some(own)) => add(connection, at.store, &step.order, *line, &own, *quantity),
                (CounterThen::Later, None) | (CounterThen::Refund, _) => Ok(()),
            }
        }
        Event::OrderLineReplaced { step, line, old, new, .. } => {
            add(connection, at.store, &step.order, *line, &old.sku, -old.quantity)?;
            add(connection, at.store, &step.order, *line, &new.sku, new.quantity)
        }
        Event::OrderHandedOver { step, issued, leaves, owed, .. } => {
            connection.execute("UPDATE order_holds SET was = quantity WHERE order_no = ?1", [step.order.as_str()])?;
            issued.iter().try_for_each(|units| take(connection, &step.order, units))?;
            for line in leaves {
                connection
                    .execute("UPDATE order_holds SET quantity = 0 WHERE order_no = ?1 AND line = ?2", params![step.order.as_str(), line])?;
            }
            if *owed { Ok(()) } else { end(connection, &step.order) }
        }
        // The newest hand-over alone can be taken back.
        Event::HandOverTakenBack { step } => {
            connection.execute("UPDATE order_holds SET quantity = was WHERE order_no = ?1", [step.order.as_str()]).map(drop)
        }
        Event::OrderCancelled { order, .. } | Event::OrderExpired { order, .. } => end(connection, order),
        Event::OrderDeclined { step } | Event::OrderRefused { step, .. } | Event::OrderRestMissed { step, .. } => {
            end(connection, &step.order)
        }
        _ => Ok(()),
    }
}

fn begin(connection: &Connection, store: &str, order: &OrderNo, lines: &[OrderLine]) -> db::Result<()> {
    connection.execute("DELETE FROM order_holds WHERE order_no = ?1", [order.as_str()])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO order_holds (order_no, line, sku, store, quantity, ordered) VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT DO NOTHING",
    )?;
    for line in lines {
        insert.execute(params![order.as_str(), line.line, line.sku.as_str(), store, line.quantity.thousandths()])?;
    }
    Ok(())
}

fn is_known(connection: &Connection, order: &OrderNo) -> db::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM order_holds WHERE order_no = ?1)";
    connection.prepare_cached(sql)?.query_row([order.as_str()], |row| row.get(0))
}

/// The article that a line was ordered of.
fn ordered(connection: &Connection, order: &OrderNo, line: u32) -> db::Result<Option<Sku>> {
    let sql = "SELECT sku FROM order_holds WHERE order_no = ?1 AND line = ?2 AND ordered = 1";
    let found: Vec<String> =
        connection.prepare_cached(sql)?.query_map(params![order.as_str(), line], |row| row.get(0))?.collect::<db::Result<_>>()?;
    Ok(found.first().and_then(|sku| Sku::new(sku).ok()))
}

fn add(connection: &Connection, store: &str, order: &OrderNo, line: u32, sku: &Sku, quantity: Qty) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO order_holds (order_no, line, sku, store, quantity, ordered) VALUES (?1, ?2, ?3, ?4, ?5, 0)
             ON CONFLICT (order_no, line, sku) DO UPDATE SET quantity = order_holds.quantity + ?5",
        )?
        .execute(params![order.as_str(), line, sku.as_str(), store, quantity.thousandths()])
        .map(drop)
}

/// What was picked of a line lies on the shelf again, and what was said to be missing of it is looked for again.
fn reset(connection: &Connection, order: &OrderNo, line: u32) -> db::Result<()> {
    let of_line = params![order.as_str(), line];
    let sum: i64 = connection
        .prepare_cached("SELECT coalesce(sum(quantity + short), 0) FROM order_holds WHERE order_no = ?1 AND line = ?2")?
        .query_row(of_line, |row| row.get(0))?;
    connection
        .prepare_cached(
            "UPDATE order_holds SET quantity = CASE ordered WHEN 1 THEN ?3 ELSE 0 END, short = 0 WHERE order_no = ?1 AND line = ?2",
        )?
        .execute(params![order.as_str(), line, sum])
        .map(drop)
}

/// These units left, from whichever lines they were of.
fn take(connection: &Connection, order: &OrderNo, units: &Units) -> db::Result<()> {
    let rows: Vec<(u32, i64)> = connection
        .prepare_cached("SELECT line, quantity FROM order_holds WHERE order_no = ?1 AND sku = ?2 AND quantity > 0 ORDER BY line")?
        .query_map(params![order.as_str(), units.sku.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    let mut left = units.quantity.thousandths();
    for (line, held) in rows {
        let gone = held.min(left);
        left -= gone;
        connection
            .prepare_cached("UPDATE order_holds SET quantity = quantity - ?4 WHERE order_no = ?1 AND line = ?2 AND sku = ?3")?
            .execute(params![order.as_str(), line, units.sku.as_str(), gone])?;
    }
    Ok(())
}

fn end(connection: &Connection, order: &OrderNo) -> db::Result<()> {
    connection.execute("UPDATE order_holds SET quantity = 0 WHERE order_no = ?1", [order.as_str()]).map(drop)
}
