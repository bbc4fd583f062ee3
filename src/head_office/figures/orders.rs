//! Figures of orders: when each came to each of its steps, counted from the stores' records and from what places say of their parcels, and what
//! that adds up to.

use serde::Serialize;

use super::{By, COLLECT, Scope};
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::order_states::At;
use crate::ids::OrderNo;
use crate::money::RoundingMode;
use crate::retail::Event;
use crate::retail::order::{CollectOrder, RefusedWhy};
use crate::time::Stamp;

/// What an event says beyond where the order stands then.
pub fn count(connection: &Connection, at: &At<'_>, event: &Event) -> db::Result<()> {
    match event {
        Event::OrderReceived { order, at: when, .. } | Event::OrderReplaced { order, at: when, .. } => {
            received(connection, at, order, *when)
        }
        Event::OrderLineShort { step, line, .. } => connection
            .prepare_cached("INSERT INTO order_shorts (order_no, line) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![step.order.as_str(), line])
            .map(drop),
        Event::OrderLineReset { step, line } => connection
            .prepare_cached("DELETE FROM order_shorts WHERE order_no = ?1 AND line = ?2")?
            .execute(params![step.order.as_str(), line])
            .map(drop),
        Event::OrderPicked { step, .. } | Event::OrderRestMissed { step, .. } => connection
            .prepare_cached(
                "UPDATE order_times SET picked_lines = lines,
                   short_lines = (SELECT count(*) FROM order_shorts s WHERE s.order_no = order_times.order_no) WHERE order_no = ?1",
            )?
            .execute([step.order.as_str()])
            .map(drop),
        Event::OrderRefused { step, why: RefusedWhy::AllShort } => connection
            .prepare_cached("UPDATE order_times SET picked_lines = lines, short_lines = lines WHERE order_no = ?1")?
            .execute([step.order.as_str()])
            .map(drop),
        _ => Ok(()),
    }
}

/// The channel that sent an order, and its number there. An order that came by no channel is one of [`COLLECT`], under its own number.
pub fn source_of(connection: &Connection, order: &OrderNo) -> db::Result<(String, String)> {
    let sql = "SELECT channel, number FROM order_parts WHERE part = ?1
               UNION ALL SELECT channel, number FROM channel_orders WHERE order_no = ?1 LIMIT 1";
    let found = connection.prepare_cached(sql)?.query_row([order.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.unwrap_or_else(|| (COLLECT.to_owned(), order.to_string())))
}

fn received(connection: &Connection, at: &At<'_>, order: &CollectOrder, when: Stamp) -> db::Result<()> {
    let value: Option<i64> = order
        .lines
        .iter()
        .map(|line| line.price.as_ref().map(|price| price.unit_price.times(line.quantity, RoundingMode::HalfUp).minor()))
        .sum();
    let (channel, number) = source_of(connection, &order.order)?;
    connection
        .prepare_cached(
            "INSERT INTO order_times (order_no, store, channel, number, business_date, lines, value, promised_ms, received_ms)
             VALUES (?1, ?2, ?3, ?9, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (order_no) DO UPDATE SET lines = ?5, value = ?6, promised_ms = ?7",
        )?
        .execute(params![
            order.order.as_str(),
            at.store,
            channel,
            at.date.to_string(),
            order.lines.len(),
            value,
            order.promised_ms,
            when.ms,
            number
        ])
        .map(drop)
}

/// Where it stands from now on. The first time counts; a hand-over that was taken back was none.
pub fn stands(connection: &Connection, order: &OrderNo, state: &str, when: Stamp) -> db::Result<()> {
    let sql = match state {
        "accepted" => "UPDATE order_times SET accepted_ms = coalesce(accepted_ms, ?2) WHERE order_no = ?1",
        "staged" => "UPDATE order_times SET ready_ms = coalesce(ready_ms, ?2), handed_over_ms = NULL WHERE order_no = ?1",
        "handed_over" => "UPDATE order_times SET handed_over_ms = ?2 WHERE order_no = ?1",
        "cancelled" | "expired" | "declined" | "refused" => {
            return connection
                .prepare_cached("UPDATE order_times SET ending = ?2 WHERE order_no = ?1")?
                .execute(params![order.as_str(), state])
                .map(drop);
        }
        _ => return Ok(()),
    };
    connection.prepare_cached(sql)?.execute(params![order.as_str(), when.ms]).map(drop)
}

/// What a place was asked to do for an order: a collect order of a store, or a parcel. A parcel is ready and with its customer, as far as anybody here
/// knows, when it has left. What its place does not serve goes to another one, so that its refusal breaks no promise yet.
const ASKED: &str = "(
    SELECT order_no, store, channel, number, business_date, value, promised_ms, accepted_ms, ready_ms, handed_over_ms, ending, picked_lines, short_lines,
      ready_ms IS NOT NULL OR ending = 'refused' AS settled FROM order_times
    UNION ALL
    SELECT part, store, channel, number, business_date, value, promised_ms, coalesce(accepted_ms, made_ms), left_ms, left_ms,
      CASE WHEN state IN ('refused', 'cancelled') THEN state ELSE '' END,
      CASE WHEN left_ms IS NULL THEN 0 ELSE line_count END, CASE WHEN left_ms IS NULL THEN 0 ELSE short_count END, left_ms IS NOT NULL
    FROM order_parts WHERE kind = 'ship' AND business_date IS NOT NULL
  ) asked";
/// Something of it came back: to a till, of what was paid there, or to a place.
const CAME_BACK: &str = "(EXISTS (SELECT 1 FROM order_sales s JOIN returned_lines r ON r.original = s.txn WHERE s.order_no = asked.order_no AND r.kind <> 'post_void')
    OR EXISTS (SELECT 1 FROM channel_returns r WHERE r.channel = asked.channel AND r.number = asked.number))";

/// What orders of a period come to. An order that several places serve is one order; promises and times are those of each place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OrderSums {
    /// Day, store or channel; empty for all together.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Received by stores and other places.
    pub orders: u64,
    pub ready: u64,
    /// Or sent.
    pub handed_over: u64,
    /// Of those handed over or sent: something of them came back.
    pub returned: u64,
    pub refused: u64,
    pub cancelled: u64,
    /// Not fetched, or not wanted at the counter.
    pub not_fetched: u64,
    /// Those that were ready in time, of those of which it can be said.
    pub promises_kept: u64,
    pub promises_due: u64,
    /// Lines of which something was missing, of those whose picking ended.
    pub short_lines: u64,
    pub picked_lines: u64,
    /// From accepted to ready; nearest rank. Absent where nothing became ready.
    pub fulfilment_median_ms: Option<i64>,
    pub fulfilment_p90_ms: Option<i64>,
}

impl OrderSums {
    /// In thousandths.
    pub fn promise_kept(&self) -> Option<u64> {
        per_mille(self.promises_kept, self.promises_due)
    }
    /// In thousandths of the orders handed over or sent.
    pub fn return_rate(&self) -> Option<u64> {
        per_mille(self.returned, self.handed_over)
    }
    /// In thousandths.
    pub fn short_rate(&self) -> Option<u64> {
        per_mille(self.short_lines, self.picked_lines)
    }
}

/// Rounded half up; nothing of nothing is no rate.
pub fn per_mille(part: u64, whole: u64) -> Option<u64> {
    (part * 1000 + whole / 2).checked_div(whole)
}

pub fn sums(connection: &Connection, scope: &Scope, by: By, now_ms: i64) -> db::Result<Vec<OrderSums>> {
    let key = by.column();
    let orders = |when: &str| format!("count(DISTINCT CASE WHEN {when} THEN channel || ' ' || number END)");
    let sql = format!(
        "SELECT {key}, {}, {}, {}, {}, {}, {}, count(*) FILTER (WHERE ready_ms <= promised_ms),
           count(*) FILTER (WHERE settled OR (ending = '' AND promised_ms < ?3)),
           coalesce(sum(short_lines), 0), coalesce(sum(picked_lines), 0), {}
         FROM {ASKED} WHERE {} GROUP BY 1 ORDER BY 1",
        orders("1 = 1"),
        orders("ready_ms IS NOT NULL"),
        orders("handed_over_ms IS NOT NULL"),
        orders("ending = 'refused'"),
        orders("ending = 'cancelled'"),
        orders("ending IN ('expired', 'declined')"),
        orders(&format!("handed_over_ms IS NOT NULL AND {CAME_BACK}")),
        scope.when(4)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (from, to) = scope.days();
    let read = |row: &db::Row<'_>| {
        Ok(OrderSums {
            key: row.get(0)?,
            orders: row.get(1)?,
            ready: row.get(2)?,
            handed_over: row.get(3)?,
            refused: row.get(4)?,
            cancelled: row.get(5)?,
            not_fetched: row.get(6)?,
            promises_kept: row.get(7)?,
            promises_due: row.get(8)?,
            short_lines: row.get(9)?,
            picked_lines: row.get(10)?,
            returned: row.get(11)?,
            fulfilment_median_ms: None,
            fulfilment_p90_ms: None,
        })
    };
    let mut found: Vec<OrderSums> = match &scope.store {
        Some(store) => statement.query_map(params![from, to, now_ms, store], read)?.collect::<db::Result<_>>()?,
        None => statement.query_map(params![from, to, now_ms], read)?.collect::<db::Result<_>>()?,
    };
    for (key, median, p90) in fulfilment(connection, scope, by)? {
        if let Some(sums) = found.iter_mut().find(|sums| sums.key == key) {
            (sums.fulfilment_median_ms, sums.fulfilment_p90_ms) = (median, p90);
        }
    }
    Ok(found)
}

type Took = (String, Option<i64>, Option<i64>);

/// Median and ninth decile by the nearest rank: a time that an order really took.
fn fulfilment(connection: &Connection, scope: &Scope, by: By) -> db::Result<Vec<Took>> {
    let key = by.column();
    let sql = format!(
        "WITH times AS (
           SELECT {key} AS key, ready_ms - accepted_ms AS took FROM {ASKED}
           WHERE {} AND ready_ms IS NOT NULL AND accepted_ms IS NOT NULL
         ), ranked AS (
           SELECT key, took, row_number() OVER (PARTITION BY key ORDER BY took) AS place, count(*) OVER (PARTITION BY key) AS n FROM times
         )
         SELECT key, max(took) FILTER (WHERE place = (n + 1) / 2), max(took) FILTER (WHERE place = (n * 9 + 9) / 10) FROM ranked GROUP BY key",
        scope.when(3)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (from, to) = scope.days();
    let read = |row: &db::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    match &scope.store {
        Some(store) => statement.query_map(params![from, to, store], read)?.collect(),
        None => statement.query_map(params![from, to], read)?.collect(),
    }
}

/// What orders are worth as agreed with their customers, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OrderValue {
    /// Channel; empty for all together.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    pub currency: String,
    /// Those whose every price is known here.
    pub orders: u64,
    pub value: i64,
}

impl OrderValue {
    /// To the minor unit, half up.
    pub fn average(&self) -> Option<i64> {
        super::average(self.value, self.orders)
    }
}

/// By `by` and currency: that of the store's newest sale, or `default` before its first and at other places. What a place refused is not in it:
/// if it is served, then by another one.
pub fn values(connection: &Connection, scope: &Scope, by: By, default: &str) -> db::Result<Vec<OrderValue>> {
    let key = by.column();
    let sql = format!(
        "WITH valued AS (
           SELECT {key} AS key, store, channel || ' ' || number AS one, value FROM {ASKED}
           WHERE {} AND value IS NOT NULL AND ending <> 'refused'
         ), of_stores AS (
           SELECT store, coalesce((SELECT d.currency FROM sales_days d WHERE d.store = v.store ORDER BY d.business_date DESC LIMIT 1), ?3) AS currency
           FROM (SELECT DISTINCT store FROM valued) v
         )
         SELECT v.key, s.currency, count(DISTINCT v.one), sum(v.value) FROM valued v JOIN of_stores s ON s.store = v.store GROUP BY 1, 2 ORDER BY 1, 2",
        scope.when(4)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (from, to) = scope.days();
    let read = |row: &db::Row<'_>| Ok(OrderValue { key: row.get(0)?, currency: row.get(1)?, orders: row.get(2)?, value: row.get(3)? });
    match &scope.store {
        Some(store) => statement.query_map(params![from, to, default, store], read)?.collect(),
        None => statement.query_map(params![from, to, default], read)?.collect(),
    }
}

/// Whether any order was ever received, so that a chain without any sees no empty table.
pub fn any(connection: &Connection) -> db::Result<bool> {
    Ok(connection.query_row(&format!("SELECT 1 FROM {ASKED} LIMIT 1"), [], |row| row.get::<_, i64>(0)).optional()?.is_some())
}
