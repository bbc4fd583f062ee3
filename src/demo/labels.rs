//! The page of the demo's label printer: the labels as they came out, and its switches.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;

use crate::device::lang::zpl::label_svg;
use crate::device::sim::{LabelFault, LabelSnapshot, LabelSwitch, SimLabelPrinter};
use crate::web::layout::document;
use crate::web::locale::Locale;

type Shared = State<Arc<SimLabelPrinter>>;

pub fn router(printer: Arc<SimLabelPrinter>) -> Router {
    Router::new().route("/sim/labels", get(page)).route("/sim/labels/now", get(now)).route("/sim/labels/act", post(act)).with_state(printer)
}

async fn page(State(printer): Shared) -> Markup {
    let body = html! {
        header .sim-head {
            h1 { "Label printer of the shop" }
            nav { a href="/orders/1" { "orders" } a href="/pick/1" { "picking" } a href="/sim/orders" { "web shop" } a href="/devices" { "devices" } }
        }
        main #labels data-poll="/sim/labels/now" data-act="/sim/labels/act" { (shown(&printer.snapshot())) }
    };
    document(&Locale::plain(), "Label printer", "sim", &["sim.js"], body)
}

#[derive(Deserialize)]
struct Seen {
    #[serde(default)]
    revision: u64,
}

/// The changing part; 204 when the page has it already.
async fn now(State(printer): Shared, Query(seen): Query<Seen>) -> Response {
    let snapshot = printer.snapshot();
    if snapshot.revision == seen.revision {
        return StatusCode::NO_CONTENT.into_response();
    }
    shown(&snapshot).into_response()
}

fn shown(now: &LabelSnapshot) -> Markup {
    let switch = |act: &str, on: bool, text: &str, hint: &str| {
        html! {
            button type="button" data-act=(act) data-on=(if on { "no" } else { "yes" }) aria-pressed=(on) { strong { (text) } span { (hint) } }
        }
    };
    let s = &now.switches;
    html! {
        div #now data-revision=(now.revision) {
            section .paper-side aria-label="Labels" {
                @if now.labels.is_empty() { p .hint { "The labels come out here: the very ZPL sent to the printer, drawn. Pick an order and finish it." } }
                div .papers {
                    @for label in &now.labels {
                        div .label-paper { (PreEscaped(label_svg(label))) }
                    }
                }
            }
            section .switch-side aria-label="Switches" {
                (switch("paper_out", s.paper_out, "No labels", "the roll is empty"))
                button type="button" data-act="two_left" { strong { "Two labels left" } span { "then the roll ends by itself" } }
                (switch("head_open", s.head_open, "Head open", "somebody cleans it"))
                (switch("ribbon_out", s.ribbon_out, "No ribbon", "it is used up"))
                (switch("paused", s.paused, "Paused", "somebody pressed PAUSE"))
                (switch("offline", s.offline, "Cable out", "the network plug is pulled"))
                button type="button" data-act="dies" { strong { "Dies in the next label" } span { "the power fails after 300 more bytes" } }
                button type="button" data-act="power_cycle" { strong { "Off and on" } span { "what was not printed is gone" } }
                button type="button" data-act="mute" { strong { "Answers nothing" } span { "takes bytes, says no word" } }
                button type="button" data-act="speaks" { strong { "Answers again" } span { "as it should" } }
                button type="button" data-act="take" { strong { "Take the labels" } span { "and stick them onto the bags" } }
                p .facts {
                    @if now.connected { "The driver is connected. " } @else { "Nobody is connected. " }
                    (now.received) " bytes taken."
                }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    act: String,
    #[serde(default)]
    on: String,
}

async fn act(State(printer): Shared, Form(form): Form<Act>) -> StatusCode {
    let on = form.on == "yes";
    match form.act.as_str() {
        "paper_out" => printer.set(LabelSwitch::PaperOut, on),
        "head_open" => printer.set(LabelSwitch::HeadOpen, on),
        "ribbon_out" => printer.set(LabelSwitch::RibbonOut, on),
        "paused" => printer.set(LabelSwitch::Paused, on),
        "offline" => printer.set(LabelSwitch::Offline, on),
        "two_left" => printer.set_labels_left(2),
        "dies" => printer.die_after(300),
        "power_cycle" => printer.power_cycle(),
        "mute" => printer.misbehave(LabelFault::Mute),
        "speaks" => printer.misbehave(LabelFault::None),
        "take" => printer.take_labels_away(),
        _ => return StatusCode::BAD_REQUEST,
    }
    StatusCode::NO_CONTENT
}
