//! The pages of collect orders at a workstation: the board, one order, and the picker's page. Each is a view of the book that the loop
//! published; a reload or another screen shows the same. Whoever is signed in at the workstation acts.

mod board;
pub mod find;
mod label;
mod one;
mod pick;
pub mod promises;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{document, visible};
use super::live::{Live, OrderNews};
use super::locale::Locale;
use super::session::{At, Session};
use super::streams::Asks;
use super::texts::fill;
use super::texts::orders::OrderTexts;
use super::till::View;
use super::{Web, pages, streams, till};
use crate::ids::{OrderNo, StaffId, WorkstationId};
use crate::money::{Qty, Unit};
use crate::node::handle::Shared;
use crate::node::scanner::PageKind;
use crate::retail::order::{Ending, Order, OrderStateName, Zone};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/orders/{ws}", get(board_page))
        .route("/orders/{ws}/events", get(board_events))
        .route("/orders/{ws}/find", get(find_cards))
        .route("/orders/{ws}/order/{order}", get(one_page))
        .route("/orders/{ws}/order/{order}/events", get(one_events))
        .route("/orders/{ws}/promises", get(promises_page))
        .route("/orders/{ws}/promises/events", get(promises_events))
        .route("/pick/{ws}", get(pick_page))
        .route("/pick/{ws}/events", get(pick_events))
}

/// What these pages look at: the till's view, with its words at hand.
struct Desk<'a> {
    view: View<'a>,
    t: &'static OrderTexts,
    shared: &'a Shared,
}

impl Desk<'_> {
    /// On the label as well, so that everybody may see it.
    fn initials(&self, order: &Order) -> String {
        visible(&self.shared.order_customer(&order.asked).initials)
    }

    /// Of somebody who picks.
    fn picker(&self, staff: &StaffId) -> String {
        visible(self.view.screen.staff_name(staff))
    }

    /// Nobody has it; where nobody signs in, nobody can say so.
    fn nobody(&self) -> &'static str {
        if self.view.screen.rules.staff_required { self.t.nobody } else { self.t.state_picking }
    }

    /// Names are shown where somebody works, and not on a screen that waits.
    fn shows_names(&self) -> bool {
        !self.view.screen.rules.staff_required || self.view.till.signed_in.as_ref().is_some_and(|here| !here.locked)
    }
}

fn with_desk<R>(web: &Web, ws: &crate::ids::WorkstationId, render: impl Fn(&Desk) -> R) -> Option<R> {
    let (screen, locale) = (web.node.screen(), pages::staff_locale(web, ws));
    let till = screen.workstations.get(ws)?;
    let view = View { screen: &screen, till, workstation: ws, locale: &locale, customer: None, now_ms: web.now_ms() };
    Some(render(&Desk { t: view.locale.texts.orders, view, shared: web.node.shared() }))
}

fn shown(web: &Web, page: Option<Markup>) -> Response {
    page.map_or_else(|| pages::not_found_page(web), IntoResponse::into_response)
}

async fn board_page(State(web): State<Web>, At(ws): At) -> Response {
    let page =
        with_desk(&web, &ws, |desk| frame(desk, desk.t.title, &format!("/orders/{ws}/events"), "board", html! {}, board::live(desk)));
    shown(&web, page)
}

async fn board_events(State(web): State<Web>, session: Session, At(ws): At, Query(asks): Query<Asks>) -> Response {
    scanning(web, session, ws, asks, board::live).await
}

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    text: String,
}

/// The cards of what was typed.
async fn find_cards(State(web): State<Web>, At(ws): At, Query(ask): Query<Text>) -> Response {
    let Some(with_names) = with_desk(&web, &ws, |desk| desk.shows_names()) else { return pages::not_found_page(&web) };
    let node = web.node.clone();
    let found = tokio::task::spawn_blocking(move || find::find(&node, &ask.text, with_names)).await;
    let Ok(found) = found else { return axum::http::StatusCode::SERVICE_UNAVAILABLE.into_response() };
    shown(&web, with_desk(&web, &ws, |desk| find::results(desk, &found)))
}

/// The stream of a page that uses scans.
async fn scanning(web: Web, session: Session, ws: WorkstationId, asks: Asks, render: impl Fn(&Desk) -> Live + Send + 'static) -> Response {
    let at = ws.clone();
    streams::scanning_stream(web, session, at, asks, PageKind::Orders, move |web| with_desk(web, &ws, &render)).await
}

async fn one_page(State(web): State<Web>, At(ws): At, Path((_, order)): Path<(String, String)>) -> Response {
    let Ok(order) = OrderNo::new(&order) else { return pages::not_found_page(&web) };
    let page = with_desk(&web, &ws, |desk| {
        let title = fill(desk.t.order, &[order.as_str()]);
        let attributes = html! { div #about data-order=(order) hidden {} };
        frame(desk, &title, &format!("/orders/{ws}/order/{order}/events"), "one", attributes, one::live(desk, &order))
    });
    shown(&web, page)
}

async fn one_events(
    State(web): State<Web>,
    session: Session,
    At(ws): At,
    Path((_, order)): Path<(String, String)>,
    Query(asks): Query<Asks>,
) -> Response {
    let Ok(order) = OrderNo::new(&order) else { return pages::not_found_page(&web) };
    scanning(web, session, ws, asks, move |desk| one::live(desk, &order)).await
}

/// Read once; the board's stream tells it of who works here.
async fn promises_page(State(web): State<Web>, At(ws): At) -> Response {
    let rows = promises::for_page(&web.node).await;
    let page = with_desk(&web, &ws, |desk| {
        let title = desk.view.locale.texts.promises.rights;
        let live = parts(desk, promises::part(desk, &rows));
        frame(desk, title, &format!("/orders/{ws}/promises/events"), "promises", html! {}, live)
    });
    shown(&web, page)
}

/// Without the table, which is read anew with the page.
async fn promises_events(State(web): State<Web>, session: Session, At(ws): At, Query(asks): Query<Asks>) -> Response {
    let without_table = |desk: &Desk| {
        let mut live = parts(desk, html! {});
        live.parts.retain(|(part, _)| *part != "part");
        live
    };
    scanning(web, session, ws, asks, without_table).await
}

#[derive(Deserialize)]
struct Batch {
    /// Numbers with commas between them.
    #[serde(default)]
    orders: String,
}

impl Batch {
    fn orders(&self) -> Vec<OrderNo> {
        let numbers = self.orders.split(',').filter_map(|number| OrderNo::new(number).ok());
        numbers.take(crate::retail::order::BATCH_MAX).collect()
    }
}

async fn pick_page(State(web): State<Web>, At(ws): At, Query(batch): Query<Batch>) -> Response {
    let orders = batch.orders();
    let page = with_desk(&web, &ws, |desk| {
        let list = orders.iter().map(OrderNo::as_str).collect::<Vec<_>>().join(",");
        let attributes = html! { div #about data-orders=(list) hidden {} };
        frame(desk, desk.t.pick_title, &format!("/pick/{ws}/events?orders={list}"), "pick", attributes, pick::live(desk, &orders))
    });
    shown(&web, page)
}

async fn pick_events(
    State(web): State<Web>,
    session: Session,
    At(ws): At,
    Query(batch): Query<Batch>,
    Query(asks): Query<Asks>,
) -> Response {
    let orders = batch.orders();
    scanning(web, session, ws, asks, move |desk| pick::live(desk, &orders)).await
}

/// The frame of all three: head, the part that changes, what was said, and the gate.
fn frame(desk: &Desk, title: &str, events: &str, mode: &str, attributes: Markup, live: Live) -> Markup {
    let (view, t) = (&desk.view, desk.t);
    let ws = view.workstation;
    let body = html! {
        div #till data-workstation=(ws) data-mode=(mode) data-live=(events) data-ok=(t.said_ok) data-sure=(t.sure) {
            (attributes)
            header .orders-head {
                h1 { (title) span .store { (visible(&view.screen.store_name)) } }
                nav {
                    a .button href=(format!("/orders/{ws}")) aria-current=[(mode == "board").then_some("page")] {
                        (t.nav_board) span #new-orders { (live.part("new-orders")) }
                    }
                    a .button href=(format!("/pick/{ws}")) aria-current=[(mode == "pick").then_some("page")] { (t.to_picking) }
                    a .button href=(format!("/stock/{ws}")) { (view.locale.texts.stock_work.title) (stock_waiting(view)) }
                    a .button href=(format!("/till/{ws}")) { (fill(view.locale.texts.workstation, &[ws.as_str()])) }
                }
                div #who { (live.part("who")) }
            }
            p #said role="alert" hidden { strong {} " " span {} }
            @if matches!(mode, "board" | "one") { (find::field(desk)) }
            // What a screen reader says when the part in hand is another one.
            p #news .unseen role="status" {}
            p #spoken .unseen role="status" {}
            main #part tabindex="-1" { (live.part("part")) }
            div #gate { (live.part("gate")) }
            div #lost role="alert" hidden { strong { (view.locale.texts.lost_title) } span { (view.locale.texts.lost_hint) } }
        }
    };
    document(view.locale, title, "orders", &["live.js", "gate.js", "handheld.js", "find.js", "orders.js"], body)
}

/// How much stock work waits.
fn stock_waiting(view: &View) -> Markup {
    let waiting = view.screen.stock.tasks.len();
    html! { @if waiting > 0 { span .count { (waiting) } } }
}

/// The parts that every page here has.
fn parts(desk: &Desk, part: Markup) -> Live {
    let view = &desk.view;
    let news = OrderNews::of(view.screen, view.locale.texts);
    let parts = vec![("part", part), ("who", till::who(view)), ("gate", till::gate(view)), ("new-orders", news.badge())];
    // Of what is said at the till only that a scan was used by nobody: all else these pages hear as the answer to what they asked.
    let signal = view.till.feedback.clone().filter(|feedback| feedback.code == "scan_unused");
    let scans = view.till.scans.clone();
    Live { revision: view.screen.revision, language: view.locale.language, parts, rows: None, signal, scans, news: Some(news) }
}

/// Head office is asked every few seconds; silent for so long, the line is down.
const STALE_MS: i64 = 30_000;

/// Who keeps the orders, how old the knowledge of them is, and what the page cannot know.
fn knowledge(desk: &Desk) -> Markup {
    let (view, p) = (&desk.view, desk.view.locale.texts.promises);
    let book = &view.screen.orders;
    let heard = view.screen.orders_heard;
    html! {
        div #knowledge .knowledge {
            @if let Some(node) = book.elsewhere() {
                strong .warn-text { (fill(p.elsewhere, &[node.as_str()])) } span { (p.elsewhere_hint) }
            } @else if let Some((_, at_ms)) = heard {
                @match stale(view.locale, view.now_ms, at_ms) {
                    None => span .muted { @if book.lead.is_some() { (p.lead_here) " " } (p.asked) },
                    Some(words) => { strong .warn-text { (words) } span { (p.cannot_know) } }
                }
            } @else {
                strong .warn-text { (p.never_asked) } span { (p.cannot_know) }
            }
        }
    }
}

/// Since when there is no line, by the wall clock: that is true however long the page is looked at. `None`: head office was asked just now.
fn stale(locale: &Locale, now_ms: i64, heard_ms: i64) -> Option<String> {
    let is_today = locale.today(now_ms) == locale.today(heard_ms);
    let since = if is_today { locale.clock_with_seconds(heard_ms) } else { locale.date_and_clock(heard_ms) };
    (now_ms - heard_ms > STALE_MS).then(|| fill(locale.texts.promises.stale, &[&since]))
}

/// A button that does one act on an order. `sure`: only the second tap does it.
fn act(words: &str, class: &str, act: &serde_json::Value, sure: bool) -> Markup {
    html! {
        button type="button" class=(class) data-act=(act.to_string()) data-needs-sure=[sure.then_some("yes")] { (words) }
    }
}

/// "< 1 min", "18 min", "2 h 5 min".
fn span(t: &OrderTexts, ms: i64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        0 => fill(t.minutes, &["< 1"]),
        1..=99 => fill(t.minutes, &[&minutes.to_string()]),
        _ => fill(t.hours, &[&(minutes / 60).to_string(), &(minutes % 60).to_string()]),
    }
}

/// "in 12 min", "5 min late", with a class for its colour; the words say it as well.
fn due(desk: &Desk, order: &Order) -> Markup {
    let left_ms = order.asked.promised_ms - desk.view.now_ms;
    let whole_ms = (order.asked.promised_ms - order.asked.placed_ms).max(1);
    let span = span(desk.t, left_ms.abs());
    let (class, sign, words) = match left_ms {
        ..0 => ("late", "stop", fill(desk.t.due_late, &[&span])),
        _ if left_ms < whole_ms / 4 || left_ms < 900_000 => ("soon", "clock", fill(desk.t.due_in, &[&span])),
        _ => ("", "clock", fill(desk.t.due_in, &[&span])),
    };
    html! { span .due .(class) { (till::icon(sign)) (words) } }
}

/// Keeps the `most` that are due first, in that order. A full sort of a whole store's orders, for every screen and change, would be felt.
fn soonest(orders: &mut Vec<&Arc<Order>>, most: usize) {
    let due = |a: &&Arc<Order>, b: &&Arc<Order>| (a.asked.promised_ms, &a.asked.order).cmp(&(b.asked.promised_ms, &b.asked.order));
    if orders.len() > most {
        orders.select_nth_unstable_by(most, due);
        orders.truncate(most);
    }
    orders.sort_unstable_by(due);
}

/// "15 items", "1 item".
fn items(desk: &Desk, order: &Order) -> String {
    let units = order.asked.lines.iter().map(|line| line.quantity).sum::<Qty>();
    if units == Qty::ONE { desk.t.one_item.to_owned() } else { fill(desk.t.items, &[&desk.view.locale.quantity(units, Unit::Piece)]) }
}

fn state_words(t: &OrderTexts, state: OrderStateName) -> &'static str {
    match state {
        OrderStateName::Received => t.state_received,
        OrderStateName::Accepted => t.state_accepted,
        OrderStateName::Picking => t.state_picking,
        OrderStateName::Picked => t.state_picked,
        OrderStateName::Staged => t.state_staged,
        OrderStateName::HandedOver => t.state_handed_over,
        OrderStateName::PuttingBack => t.state_putting_back,
        OrderStateName::Ended => t.state_ended,
    }
}

fn why_words(t: &OrderTexts, why: Ending) -> &'static str {
    match why {
        Ending::Cancelled => t.why_cancelled,
        Ending::Expired => t.why_expired,
        Ending::Declined => t.why_declined,
        Ending::Refused(_) => t.why_refused,
    }
}

fn zone_words(t: &OrderTexts, zone: Zone) -> &'static str {
    match zone {
        Zone::Ambient => t.ambient,
        Zone::Chilled => t.chilled,
        Zone::Frozen => t.frozen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_down_is_said_with_the_time_of_the_last_word() {
        let (locale, heard_ms) = (Locale::plain(), 1_795_348_951_000);
        assert_eq!(stale(&locale, heard_ms + 30_000, heard_ms), None);
        let since = "No line to head office: last asked at ";
        assert_eq!(stale(&locale, heard_ms + 32_000, heard_ms), Some(format!("{since}12:02:31.")));
        assert_eq!(stale(&locale, heard_ms + 86_400_000, heard_ms), Some(format!("{since}2026-11-22 12:02.")));
    }
}
