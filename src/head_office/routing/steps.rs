//! Why an order went where it went: the reasoning of each time it was routed, as it was then. Kept short: the best places, and how many others.

use serde::Serialize;
use serde_json::Value as Json;

use super::engine::{Considered, Plan, RouteTried, Verdict};
use super::words;
use crate::head_office::db::{self, Connection, params};
use crate::head_office::intake::order::ChannelOrder;

/// Places of each route that are kept.
const PLACES_KEPT: usize = 8;
/// Of one order.
const SHOWN_MAX: u32 = 50;
/// Beyond it the oldest go.
const KEPT_MAX: u64 = 200_000;
/// Looked at now and then, not with each order.
const LOOKED_EVERY: u64 = 1_000;

/// One time that an order was routed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = RoutingStep)]
pub struct Step {
    pub attempt: u32,
    pub at_ms: i64,
    /// Of the rules; 0: nobody had written any.
    pub rules: u64,
    pub plan: Json,
}

pub fn note(connection: &Connection, order: &ChannelOrder, attempt: u32, rules: u64, plan: &Plan, now_ms: i64) -> db::Result<()> {
    let id: u64 = connection
        .prepare_cached(
            "INSERT INTO route_plans (channel, number, attempt, at_ms, rules, plan) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        )?
        .query_row(
            params![order.channel.as_str(), order.number.as_str(), attempt, now_ms, rules, told(plan, PLACES_KEPT).to_string()],
            |row| row.get(0),
        )?;
    if id.is_multiple_of(LOOKED_EVERY) {
        connection.execute("DELETE FROM route_plans WHERE id <= ?1", [id.saturating_sub(KEPT_MAX)])?;
    }
    Ok(())
}

/// The newest first.
pub fn of_order(connection: &Connection, channel: &str, number: &str) -> db::Result<Vec<Step>> {
    connection
        .prepare_cached("SELECT attempt, at_ms, rules, plan FROM route_plans WHERE channel = ?1 AND number = ?2 ORDER BY id DESC LIMIT ?3")?
        .query_map(params![channel, number, SHOWN_MAX], |row| {
            let plan: String = row.get(3)?;
            let plan =
                serde_json::from_str(&plan).map_err(|_| crate::head_office::chain::corrupt("why an order was routed cannot be read"))?;
            Ok(Step { attempt: row.get(0)?, at_ms: row.get(1)?, rules: row.get(2)?, plan })
        })?
        .collect()
}

/// A plan as programs read it, with the words that people read beside each reason. `places_max`: of each route.
pub fn told(plan: &Plan, places_max: usize) -> Json {
    let steps: Vec<Json> = plan.steps.iter().map(|step| told_route(step, places_max)).collect();
    serde_json::json!({ "steps": steps, "parts": plan.parts, "missing": plan.missing })
}

fn told_route(step: &RouteTried, places_max: usize) -> Json {
    let places: Vec<Json> = step.places.iter().take(places_max).map(told_place).collect();
    serde_json::json!({
        "route": step.route,
        "late": step.late,
        "in_part": step.in_part,
        "parts_max": step.parts_max,
        "found": step.found,
        "places": places,
        "more_places": step.places.len().saturating_sub(places_max),
    })
}

fn told_place(of: &Considered) -> Json {
    match &of.verdict {
        Verdict::Dropped(against) => {
            let why: Vec<String> = against.iter().map(words::dropped).collect();
            serde_json::json!({ "place": of.place, "kept": false, "why": why })
        }
        Verdict::Kept(offer) => {
            let points: Vec<Json> = offer
                .summands
                .iter()
                .map(|summand| serde_json::json!({ "of": words::summand(&summand.of), "points": summand.points }))
                .collect();
            serde_json::json!({
                "place": of.place,
                "kept": true,
                "covers": offer.covers,
                "closed_lines": of.closed_lines,
                "asks_store": offer.asks_store,
                "ready": offer.ready,
                "late": offer.is_late,
                "points": offer.points,
                "summands": points,
            })
        }
    }
}
