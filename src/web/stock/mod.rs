//! The pages of stock work for a handheld: look up, count, receive, and what waits. Each is a view of the book that the loop published;
//! what was scanned is on the record at once. Whoever is signed in at the workstation acts.

mod card;
mod sheet;
mod tasks;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{document, visible};
use super::live::{Live, OrderNews};
use super::session::{At, Session};
use super::streams::Asks;
use super::texts::fill;
use super::texts::stock::StockTexts;
use super::till::View;
use super::{Web, pages, streams, till};
use crate::document::{Language, Voice};
use crate::ids::{StaffId, WorkstationId};
use crate::node::scanner::PageKind;
use crate::retail::ScanFact;
use crate::retail::stock::SheetKind;

/// Longer than any code.
const CODE_CHARS_MAX: usize = 200;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/stock/{ws}", get(look_up_page))
        .route("/stock/{ws}/events", get(look_up_events))
        .route("/stock/{ws}/article", get(article))
        .route("/stock/{ws}/count", get(count_page))
        .route("/stock/{ws}/count/events", get(count_events))
        .route("/stock/{ws}/receive", get(receive_page))
        .route("/stock/{ws}/receive/events", get(receive_events))
        .route("/stock/{ws}/tasks", get(tasks_page))
        .route("/stock/{ws}/tasks/events", get(tasks_events))
}

/// What these pages look at: the till's view, with its words at hand, and the assortment for names.
struct Desk<'a> {
    view: View<'a>,
    t: &'static StockTexts,
    web: &'a Web,
}

impl Desk<'_> {
    /// As the list has them; the id where it does not.
    fn person(&self, staff: Option<&StaffId>) -> Option<String> {
        let staff = staff?;
        let known = self.view.screen.staff.iter().find(|known| known.id == *staff);
        Some(visible(known.map_or(staff.as_str(), |known| &known.name)))
    }
}

fn with_desk<R>(web: &Web, ws: &WorkstationId, render: impl Fn(&Desk) -> R) -> Option<R> {
    let (screen, locale) = (web.node.screen(), pages::staff_locale(web, ws));
    let till = screen.workstations.get(ws)?;
    let view = View { screen: &screen, till, workstation: ws, locale: &locale, customer: None, now_ms: web.now_ms() };
    Some(render(&Desk { t: view.locale.texts.stock_work, view, web }))
}

fn shown(web: &Web, page: Option<Markup>) -> Response {
    page.map_or_else(|| pages::not_found_page(web), IntoResponse::into_response)
}

/// The stream of a page that uses scans.
async fn follow(web: Web, session: Session, ws: WorkstationId, asks: Asks, render: fn(&Desk) -> Live) -> Response {
    let at = ws.clone();
    streams::scanning_stream(web, session, at, asks, PageKind::Orders, move |web| with_desk(web, &ws, render)).await
}

async fn look_up_page(State(web): State<Web>, At(ws): At) -> Response {
    shown(&web, with_desk(&web, &ws, |desk| frame(desk, "look-up", "/events", card::live(desk))))
}

async fn look_up_events(State(web): State<Web>, session: Session, At(ws): At, Query(asks): Query<Asks>) -> Response {
    follow(web, session, ws, asks, card::live).await
}

#[derive(Deserialize)]
struct Code {
    #[serde(default)]
    code: String,
}

/// The card of what was scanned. 404 with the refusal's words when it is no article of ours.
async fn article(State(web): State<Web>, At(ws): At, Query(ask): Query<Code>) -> Response {
    let code: String = ask.code.chars().take(CODE_CHARS_MAX).collect();
    let scan = web.node.price_check(&code).await;
    let fact = match scan {
        ScanFact::Article(fact) | ScanFact::NoPrice(fact) => fact,
        other => {
            let locale = pages::staff_locale(&web, &ws);
            let said = other.refusal(&code).map(|refusal| {
                let voice = Voice::to_person(&web.node.screen().rules, Language::of_tag(locale.language));
                format!("{} {}", voice.happened(&refusal), voice.remedy(&refusal))
            });
            return (StatusCode::NOT_FOUND, visible(&said.unwrap_or_default())).into_response();
        }
    };
    let Ok(now) = web.node.stock_now(&fact.sku).await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let page = with_desk(&web, &ws, |desk| card::article(desk, &fact, &now));
    page.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}

async fn count_page(State(web): State<Web>, At(ws): At) -> Response {
    shown(&web, with_desk(&web, &ws, |desk| frame(desk, "count", "/count/events", sheet::live(desk, SheetKind::Count))))
}

async fn count_events(State(web): State<Web>, session: Session, At(ws): At, Query(asks): Query<Asks>) -> Response {
    follow(web, session, ws, asks, |desk| sheet::live(desk, SheetKind::Count)).await
}

async fn receive_page(State(web): State<Web>, At(ws): At) -> Response {
    shown(&web, with_desk(&web, &ws, |desk| frame(desk, "receipt", "/receive/events", sheet::live(desk, SheetKind::Receipt))))
}

async fn receive_events(State(web): State<Web>, session: Session, At(ws): At, Query(asks): Query<Asks>) -> Response {
    follow(web, session, ws, asks, |desk| sheet::live(desk, SheetKind::Receipt)).await
}

async fn tasks_page(State(web): State<Web>, At(ws): At) -> Response {
    shown(&web, with_desk(&web, &ws, |desk| frame(desk, "tasks", "/tasks/events", tasks::live(desk))))
}

async fn tasks_events(State(web): State<Web>, session: Session, At(ws): At, Query(asks): Query<Asks>) -> Response {
    follow(web, session, ws, asks, tasks::live).await
}

/// The frame of all four: head, the part that changes, what was said, and the gate.
fn frame(desk: &Desk, mode: &str, events: &str, live: Live) -> Markup {
    let (view, t) = (&desk.view, desk.t);
    let ws = view.workstation;
    let tabs = [("look-up", "", t.look_up), ("count", "/count", t.count), ("receipt", "/receive", t.receive), ("tasks", "/tasks", t.tasks)];
    let title = tabs.iter().find(|(name, ..)| *name == mode).map_or(t.title, |(_, _, words)| words);
    let body = html! {
        div #till data-workstation=(ws) data-mode=(mode) data-live=(format!("/stock/{ws}{events}")) data-ok=(t.said_ok) data-sure=(t.sure)
            data-finished=(t.finished) data-again=(t.finished_again) {
            header .stock-head {
                h1 { (t.title) span .store { (visible(&view.screen.store_name)) } }
                div #who { (live.part("who")) }
                a .button .aside href=(format!("/orders/{ws}")) {
                    (view.locale.texts.orders.nav_board) span #new-orders { (live.part("new-orders")) }
                }
                a .button .aside href=(format!("/till/{ws}")) { (fill(view.locale.texts.workstation, &[ws.as_str()])) }
                nav aria-label=(t.title) {
                    @for (name, path, words) in tabs {
                        a .button href=(format!("/stock/{ws}{path}")) aria-current=[(mode == name).then_some("page")] {
                            (words) @if name == "tasks" { span #badge { (live.part("badge")) } }
                        }
                    }
                }
            }
            p #said role="alert" hidden { strong {} " " span {} }
            p #news .unseen role="status" {}
            div #notes { (live.part("notes")) }
            main {
                div #part { (live.part("part")) }
                div #article aria-live="polite" {}
            }
            div #gate { (live.part("gate")) }
            div #lost role="alert" hidden { strong { (view.locale.texts.lost_title) } span { (view.locale.texts.lost_hint) } }
        }
    };
    document(view.locale, title, "stock", &["live.js", "gate.js", "handheld.js", "stock.js"], body)
}

/// The parts that every page here has.
fn parts(desk: &Desk, part: Markup) -> Live {
    let (view, t) = (&desk.view, desk.t);
    let waiting = view.screen.stock.tasks.len() + view.screen.stock.low.len();
    let badge = html! { @if waiting > 0 { span .count { (waiting) } } };
    let notes = html! {
        @if view.screen.orders_heard.is_some_and(|(lead, _)| !lead) { p .note .warn { (till::icon("stop")) (t.not_lead) } }
    };
    let news = OrderNews::of(view.screen, view.locale.texts);
    let parts = vec![
        ("part", part),
        ("who", till::who(view)),
        ("badge", badge),
        ("notes", notes),
        ("gate", till::gate(view)),
        ("new-orders", news.badge()),
    ];
    // Of what is said at the till only that a scan was used by nobody: all else these pages hear as the answer to what they asked.
    let signal = view.till.feedback.clone().filter(|feedback| feedback.code == "scan_unused");
    Live {
        revision: view.screen.revision,
        language: view.locale.language,
        parts,
        rows: None,
        signal,
        scans: view.till.scans.clone(),
        news: Some(news),
    }
}

/// A button that does one act. `sure`: only the second tap does it.
fn act(words: &str, class: &str, act: &serde_json::Value, sure: bool) -> Markup {
    html! {
        button type="button" class=(class) data-act=(act.to_string()) data-needs-sure=[sure.then_some("yes")] { (words) }
    }
}
