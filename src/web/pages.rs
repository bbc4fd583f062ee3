//! The pages of a workstation and their streams: till, customer display, search and price check as pieces of HTML.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{document, message_page, visible};
use super::live::Live;
use super::locale::Locale;
use super::session::{At, Session};
use super::streams::Asks;
use super::till::View;
use super::{Web, display, streams, till};
use crate::ids::WorkstationId;
use crate::node::scanner::PageKind;

/// Results one search shows.
pub const SEARCH_RESULTS_MAX: usize = 40;
/// Characters of a search text; longer ones are cut.
pub const SEARCH_TEXT_MAX: usize = 60;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/till/{ws}", get(till_page))
        .route("/till/{ws}/events", get(till_events))
        .route("/till/{ws}/search", get(search))
        .route("/till/{ws}/price", get(price))
        .route("/display/{ws}", get(display_page))
        .route("/display/{ws}/events", get(display_events))
}

async fn till_page(State(web): State<Web>, At(workstation): At) -> Response {
    with_staff_view(&web, &workstation, till::page).map_or_else(|| not_found_page(&web), IntoResponse::into_response)
}

async fn till_events(State(web): State<Web>, session: Session, At(workstation): At, Query(asks): Query<Asks>) -> Response {
    let at = workstation.clone();
    streams::scanning_stream(web, session, at, asks, PageKind::Till, move |web| with_staff_view(web, &workstation, till::live)).await
}

async fn display_page(State(web): State<Web>, At(workstation): At) -> Response {
    with_view(&web, &workstation, display::page).map_or_else(|| not_found_page(&web), IntoResponse::into_response)
}

async fn display_events(State(web): State<Web>, session: Session, At(workstation): At) -> Response {
    streams::page_stream(web, session, move |web| with_view::<Live>(web, &workstation, display::live))
}

#[derive(Deserialize)]
struct SearchFor {
    q: String,
}

async fn search(State(web): State<Web>, At(workstation): At, Query(ask): Query<SearchFor>) -> Markup {
    let text: String = ask.q.chars().take(SEARCH_TEXT_MAX).collect();
    let locale = staff_locale(&web, &workstation);
    let t = locale.texts;
    if text.trim().is_empty() {
        return html! { p .hint { (t.search_hint) } };
    }
    match web.node.search(&text, SEARCH_RESULTS_MAX).await {
        Ok(found) => {
            let screen = web.node.screen();
            till::search_results(&locale, &screen.rules.currency, web.now_ms(), &text, &found)
        }
        Err(why) => html! { p .hint .warn-text { (t.search_failed) " " (visible(&why.to_string())) } },
    }
}

#[derive(Deserialize)]
struct PriceOf {
    code: String,
}

/// 404 without a body when the code is unknown: the script shows the refusal's words.
async fn price(State(web): State<Web>, At(workstation): At, Query(ask): Query<PriceOf>) -> Response {
    let code: String = ask.code.chars().take(SEARCH_TEXT_MAX).collect();
    match web.price_check(&code).await {
        Ok(Some(article)) => {
            let screen = web.node.screen();
            till::price_card(&staff_locale(&web, &workstation), &screen.rules.currency, web.now_ms(), &article).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, visible(&why.to_string())).into_response(),
    }
}

/// Any address that is none of ours.
pub async fn not_found(State(web): State<Web>) -> Response {
    not_found_page(&web)
}

pub fn not_found_page(web: &Web) -> Response {
    let t = web.parts.locale.texts;
    (StatusCode::NOT_FOUND, message_page(&web.parts.locale, t.not_found_title, t.not_found_hint)).into_response()
}

fn with_view<R>(web: &Web, workstation: &WorkstationId, render: impl Fn(&View) -> R) -> Option<R> {
    let screen = web.node.screen();
    let till = screen.workstations.get(workstation)?;
    Some(render(&View { screen: &screen, till, workstation, locale: &web.parts.locale, customer: None, now_ms: web.now_ms() }))
}

/// The same in the language of whoever works there; the customer's display keeps the store's.
fn with_staff_view<R>(web: &Web, workstation: &WorkstationId, render: impl Fn(&View) -> R) -> Option<R> {
    let locale = staff_locale(web, workstation);
    let customer = |view: &View| {
        let attached = view.till.basket.as_ref()?.asks.customer?;
        let details = web.node.shared().vault.as_ref()?.get(attached.subject).ok()?;
        let shown = [&details.name, &details.email].into_iter().find(|text| !text.is_empty());
        Some(shown.map_or_else(|| format!("…{}", details.tail()), Clone::clone))
    };
    with_view(web, workstation, |view| render(&View { locale: &locale, customer: customer(view), ..*view }))
}

/// Of whoever works at a workstation; the store's when nobody does, or when they read no language of ours.
pub fn staff_locale(web: &Web, workstation: &WorkstationId) -> Locale {
    let screen = web.node.screen();
    let here = screen.workstations.get(workstation).and_then(|till| till.signed_in.as_ref());
    match here.and_then(|here| here.language) {
        Some(language) => web.parts.locale.spoken(language),
        None => web.parts.locale.clone(),
    }
}

/// A desk page: head with a way back, and the content.
pub fn desk_page(web: &Web, title: &str, scripts: &[&str], content: Markup) -> Markup {
    let name = web.node.screen().store_name.clone();
    let body = html! {
        header .desk-head { a href="/" { (visible(&name)) } h1 { (title) } }
        main { (content) }
    };
    document(&web.parts.locale, title, "desk", scripts, body)
}
