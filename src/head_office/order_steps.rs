//! What a store's record says of an order, as a fact of the log: nothing of who the customer is, and no scan of a line that went as ordered.

use serde_json::{Value as Json, json};

use super::db::{self, Connection, OptionalExtension};
use super::office_events::{self, Fact};
use super::order_search;
use super::order_states::At;
use crate::ids::OrderNo;
use crate::money::Qty;
use crate::retail::Event;
use crate::retail::order::{OrderLine, Step, Units};
use crate::time::Stamp;

/// Writes it down, when it is worth telling.
pub(super) fn note(connection: &Connection, at: &At<'_>, event: &Event) -> db::Result<()> {
    let Some((kind, order, when, who, data)) = told(connection, event)? else { return Ok(()) };
    if let Event::OrderHandedOver { txn: Some(txn), .. } | Event::OrderPaidElsewhere { txn, .. } = event {
        order_search::add(connection, order, &txn.to_string())?;
    }
    add(connection, at, kind, order, when, who, "", data)
}

/// Every bag is in its place.
pub(super) fn ready(connection: &Connection, at: &At<'_>, order: &OrderNo, when: Stamp) -> db::Result<()> {
    add(connection, at, "order.ready", order, when, "", "/ready", json!({}))
}

#[allow(clippy::too_many_arguments)]
fn add(
    connection: &Connection,
    at: &At<'_>,
    kind: &str,
    order: &OrderNo,
    when: Stamp,
    who: &str,
    of_more: &str,
    data: Json,
) -> db::Result<()> {
    let source = format!("{}/{}/{}{of_more}", at.branch, at.seq, at.event);
    let fact = Fact { kind, store: at.store, order: order.as_str(), at_ms: when.ms, known_ms: at.known_ms, who, source, data };
    office_events::add(connection, &fact)
}

type Told<'a> = (&'static str, &'a OrderNo, Stamp, &'a str, Json);

/// `None`: it tells nobody anything.
fn told<'a>(connection: &Connection, event: &'a Event) -> db::Result<Option<Told<'a>>> {
    let by = |kind: &'static str, step: &'a Step, data: Json| {
        Some((kind, &step.order, step.at, step.by.as_ref().map_or("", |staff| staff.as_str()), data))
    };
    let plain = |kind: &'static str, order: &'a OrderNo, at: &Stamp, data: Json| Some((kind, order, *at, "", data));
    Ok(match event {
        Event::OrderReceived { order, at, .. } => plain("order.received", &order.order, at, json!({ "version": order.version })),
        Event::OrderReplaced { order, at, .. } => plain("order.replaced", &order.order, at, json!({ "version": order.version })),
        Event::OrderAccepted { step, automatic } => by("order.accepted", step, json!({ "automatic": automatic })),
        Event::OrderPicking { step, .. } => by("order.picking", step, json!({})),
        Event::OrderLinePicked { step, line, sku, quantity, .. } => match line_of(connection, &step.order, *line)? {
            Some(of) if of.sku != *sku => {
                let index = of.substitutes.iter().position(|other| other == sku);
                let instead = index.and_then(|index| of.substitute_names.get(index)).map_or(sku.as_str(), String::as_str);
                by(
                    "order.line_substituted",
                    step,
                    json!({ "line": line, "name": of.name, "instead": instead, "quantity": plainly(*quantity) }),
                )
            }
            Some(_) | None => None,
        },
        Event::OrderLineReset { step, line } => by("order.line_reset", step, line_data(connection, step, *line)?),
        Event::OrderLineShort { step, line, quantity, why } => {
            let mut data = line_data(connection, step, *line)?;
            data["quantity"] = plainly(*quantity).into();
            data["why"] = word(why);
            by("order.line_short", step, data)
        }
        Event::OrderPicked { step, bags } => by("order.picked", step, json!({ "bags": bags.len() })),
        Event::BagStaged { step, bag, place } => by("order.bag_staged", step, json!({ "bag": bag, "place": place.as_str() })),
        Event::OrderHandedOver { step, proof, bags, txn, owed, aged, .. } => {
            let data = json!({ "proof": word(proof), "bags": bags.len(), "age_checked": aged, "txn": txn.map(|txn| txn.to_string()) });
            by(if *owed { "order.part_handed_over" } else { "order.handed_over" }, step, data)
        }
        Event::OrderLineMissed { step, line, quantity, why, then, .. } => {
            let mut data = line_data(connection, step, *line)?;
            data["quantity"] = plainly(*quantity).into();
            (data["why"], data["then"]) = (word(why), word(then));
            by("order.line_missed", step, data)
        }
        Event::OrderLineReplaced { step, line, old, new, why } => {
            let mut data = line_data(connection, step, *line)?;
            (data["why"], data["old"], data["instead"]) = (word(why), plainly(old.quantity).into(), name_of(connection, new)?.into());
            data["quantity"] = plainly(new.quantity).into();
            by("order.line_replaced", step, data)
        }
        Event::OrderRefundRequested { step, amount, .. } => by("order.refund_asked", step, json!({ "amount": amount.minor() })),
        Event::OrderPaidElsewhere { step, txn } => by("order.paid_elsewhere", step, json!({ "txn": txn.to_string() })),
        Event::HandOverTakenBack { step } => by("order.hand_over_taken_back", step, json!({})),
        Event::OrderRestMissed { step, .. } => by("order.rest_missed", step, json!({})),
        Event::OrderDeclined { step } => by("order.declined", step, json!({})),
        Event::OrderRefused { step, why } => by("order.refused", step, json!({ "why": word(why) })),
        Event::OrderCancelled { order, at, .. } => plain("order.cancelled", order, at, json!({})),
        Event::OrderCancelFailed { order, at, handed_over, .. } => {
            plain("order.cancel_too_late", order, at, json!({ "handed_over_ms": handed_over.ms }))
        }
        Event::OrderExpired { order, at, .. } => plain("order.expired", order, at, json!({})),
        Event::OrderChangeTooLate { order, version, state, at, .. } => {
            plain("order.change_too_late", order, at, json!({ "version": version, "state": state }))
        }
        Event::OrderContradicted { order, version, at, .. } => plain("order.contradicted", order, at, json!({ "version": version })),
        _ => None,
    })
}

fn line_data(connection: &Connection, step: &Step, line: u32) -> db::Result<Json> {
    let name = line_of(connection, &step.order, line)?.map(|of| of.name);
    Ok(json!({ "line": line, "name": name.unwrap_or_default() }))
}

/// As head office placed it.
fn line_of(connection: &Connection, order: &OrderNo, line: u32) -> db::Result<Option<OrderLine>> {
    let lines: Option<String> = connection
        .prepare_cached("SELECT lines FROM collect_orders WHERE order_no = ?1")?
        .query_row([order.as_str()], |row| row.get(0))
        .optional()?;
    let lines: Vec<OrderLine> = lines.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    Ok(lines.into_iter().find(|of| of.line == line))
}

fn plainly(quantity: Qty) -> String {
    quantity.plain().to_string()
}

/// Of the assortment; its number where that does not know it.
fn name_of(connection: &Connection, units: &Units) -> db::Result<String> {
    let sku = units.sku.as_str();
    let name: Option<String> =
        connection.prepare_cached("SELECT name FROM articles WHERE sku = ?1")?.query_row([sku], |row| row.get(0)).optional()?;
    Ok(name.unwrap_or_else(|| sku.to_owned()))
}

/// A value without fields by its name; one with a field as an object.
fn word(value: &impl serde::Serialize) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}
