//! The door for browsers that are not in yet: a page with a code, its answer, and links from the console. The only pages
//! without a session.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::Web;
use super::layout::{document, message_page};
use super::pairing::{PairingError, PendingScreen, PendingState, Scope};
use super::problem::Problem;
use super::session;
use super::texts::fill;
use crate::ids::WorkstationId;

/// Ten years: a till is paired once. Revoking works at any time.
pub(super) const COOKIE_SECONDS: u32 = 10 * 365 * 86_400;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/pair", get(knock))
        .route("/pair/state", get(state))
        .route("/pair/collect", post(collect))
        .route("/pair/{token}", get(by_link))
}

#[derive(Deserialize)]
struct Towards {
    #[serde(default)]
    to: String,
}

/// Shows the code of this browser; a reload shows the same one while it is good.
async fn knock(State(web): State<Web>, Query(towards): Query<Towards>, headers: HeaderMap) -> Response {
    let to = local(&towards.to);
    if session::find(&web, &headers).is_some() {
        return Redirect::to(&to).into_response();
    }
    let scope = scope_of(&web, &to);
    if let PendingState::Waiting(screen) | PendingState::Confirmed(screen) = knock_state(&web, &headers)
        && screen.scope == scope
    {
        return page(&web, &screen, &to).into_response();
    }
    let t = web.parts.locale.texts;
    match web.parts.pairing.knock(&browser_name(&headers), scope) {
        Ok((screen, secret)) => with_cookie(&web, "pairing", &secret, 600, page(&web, &screen, &to).into_response()),
        Err(PairingError::TooManyPending) => {
            (StatusCode::SERVICE_UNAVAILABLE, message_page(&web.parts.locale, t.pair_title, t.pair_full)).into_response()
        }
        Err(error) => unexpected(&error).into_response(),
    }
}

#[derive(Serialize)]
struct KnockState {
    state: &'static str,
}

async fn state(State(web): State<Web>, headers: HeaderMap) -> Json<KnockState> {
    let state = match knock_state(&web, &headers) {
        PendingState::Waiting(_) => "waiting",
        PendingState::Confirmed(_) => "confirmed",
        PendingState::Gone => "gone",
    };
    Json(KnockState { state })
}

/// The confirmed browser gets its lasting cookie.
async fn collect(State(web): State<Web>, headers: HeaderMap) -> Response {
    let secret = session::cookie(&headers, &web.parts.guard.cookie_name("pairing")).unwrap_or_default();
    match web.parts.pairing.collect(&secret) {
        Ok(Some((_, secret))) => with_cookie(&web, "counterfoil", &secret, COOKIE_SECONDS, StatusCode::NO_CONTENT.into_response()),
        Ok(None) => {
            let detail = "this code was not confirmed, or is too old";
            Problem::new(StatusCode::CONFLICT, "not_confirmed", detail, "confirm it first, or reload the page for a new one")
                .into_response()
        }
        Err(error) => unexpected(&error).into_response(),
    }
}

/// A link from the console (the demo prints them).
async fn by_link(State(web): State<Web>, Path(token): Path<String>, Query(towards): Query<Towards>, headers: HeaderMap) -> Response {
    let to = local(&towards.to);
    let t = web.parts.locale.texts;
    // A browser that is in for what the link opens keeps its place, so that a reload does not use the link up.
    let allowed = match scope_of(&web, &to) {
        Scope::Any => session::find(&web, &headers).is_some(),
        Scope::Workstation(ws) => session::find(&web, &headers).is_some_and(|screen| screen.scope.allows(&ws)),
    };
    if allowed {
        return Redirect::to(&to).into_response();
    }
    match web.parts.pairing.accept_invite(&token, &browser_name(&headers)) {
        Ok(Some((_, secret))) => with_cookie(&web, "counterfoil", &secret, COOKIE_SECONDS, Redirect::to(&to).into_response()),
        Ok(None) => (StatusCode::GONE, message_page(&web.parts.locale, t.pair_link_used, t.pair_link_used_hint)).into_response(),
        Err(error) => unexpected(&error).into_response(),
    }
}

fn page(web: &Web, screen: &PendingScreen, to: &str) -> Markup {
    let t = web.parts.locale.texts;
    let body = html! {
        main .message .pairing #pairing data-to=(to) {
            h1 { (t.pair_title) }
            p { (t.pair_intro) }
            p .pair-code { (screen.code) }
            ul { li { code { (fill(t.pair_console, &[&screen.code])) } } li { (t.pair_screen) } }
            p .muted {
                @match &screen.scope {
                    Scope::Any => (t.pair_wants_any),
                    Scope::Workstation(ws) => (fill(t.pair_wants_one, &[ws.as_str()])),
                }
            }
            p .warn-text #pair-expired hidden { (t.pair_expired) }
        }
    };
    document(&web.parts.locale, t.pair_title, "desk", &["desk.js"], body)
}

fn knock_state(web: &Web, headers: &HeaderMap) -> PendingState {
    match session::cookie(headers, &web.parts.guard.cookie_name("pairing")) {
        Some(secret) => web.parts.pairing.pending(&secret),
        None => PendingState::Gone,
    }
}

/// A till or display page asks for its workstation alone; every other page for the whole store.
fn scope_of(web: &Web, to: &str) -> Scope {
    let screen = web.node.screen();
    let mut pieces = to.trim_start_matches('/').split(['/', '?']);
    let (Some("till" | "display"), Some(text)) = (pieces.next(), pieces.next()) else { return Scope::Any };
    match WorkstationId::new(text) {
        Ok(id) if screen.workstations.contains_key(&id) => Scope::Workstation(id),
        _ => Scope::Any,
    }
}

/// Only a path of our own: "//evil.example" and "/\evil.example" are other hosts to a browser.
fn local(to: &str) -> String {
    let own = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n']) && to.is_ascii() && to.len() <= 200;
    if own { to.to_owned() } else { "/".to_owned() }
}

pub(super) fn with_cookie(web: &Web, purpose: &str, secret: &str, seconds: u32, mut response: Response) -> Response {
    let guard = &web.parts.guard;
    let cookie = format!("{}={secret}; Max-Age={seconds}{}", guard.cookie_name(purpose), guard.cookie_attributes());
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// "Chromium on Linux", enough to tell two screens apart in the list.
pub(super) fn browser_name(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let find = |names: &[(&str, &str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| (*name).to_owned());
    let browser = find(&[("Firefox", "Firefox"), ("Edg", "Edge"), ("Chrom", "Chromium"), ("Safari", "Safari")]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => "a browser".to_owned(),
    }
}

pub(super) fn unexpected(error: &PairingError) -> Problem {
    tracing::error!(%error, "pairing failed");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "pairing_failed", error.to_string(), "a technician must look at the log")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_link_leads_to_our_own_pages_only() {
        for own in ["/till/1", "/", "/sim/printer/printer-1?x=y"] {
            assert_eq!(super::local(own), own);
        }
        for foreign in ["", "till/1", "//evil.example", "/\\evil.example", "https://evil.example", "/\r\nSet-Cookie: x=y", "/é"] {
            assert_eq!(super::local(foreign), "/", "{foreign:?}");
        }
    }
}
