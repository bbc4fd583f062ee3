//! Who is asking: the cookie of a paired screen or the bearer token of a program, and whether it may touch the workstation
//! in the address. One place for all routes, so that a new route cannot forget it.

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::Web;
use super::layout::message_page;
use super::pairing::{PairedScreen, Scope};
use super::problem::Problem;
use crate::ids::WorkstationId;

/// The paired screen or program behind a request. Put there by [`require`].
#[derive(Debug, Clone)]
pub struct Session(pub PairedScreen);

/// The workstation in the address; it exists and the session may touch it.
#[derive(Debug, Clone)]
pub struct At(pub WorkstationId);

impl Session {
    /// Refuses sessions that are bound to one workstation.
    pub fn needs_desk(&self) -> Result<(), Problem> {
        match &self.0.scope {
            Scope::Any => Ok(()),
            Scope::Workstation(own) => {
                let detail = format!("this screen is paired for workstation {own} only");
                Err(Problem::new(StatusCode::FORBIDDEN, "not_a_desk", detail, "use a screen or token that is paired for the whole store"))
            }
        }
    }
}

/// Lets through who is paired; sends browsers to the pairing page and programs a problem.
pub async fn require(State(web): State<Web>, params: RawPathParams, mut request: Request, next: Next) -> Response {
    let Some(screen) = find(&web, request.headers()) else {
        return if wants_page(&request) {
            let to = request.uri().path_and_query().map_or("/", |p| p.as_str());
            Redirect::to(&format!("/pair?to={}", encode(to))).into_response()
        } else {
            let remedy = "pair this browser on its page, or send `Authorization: Bearer TOKEN` with a token from the page /screens";
            Problem::new(StatusCode::UNAUTHORIZED, "not_paired", "this browser or program is not paired with the store", remedy)
                .into_response()
        };
    };
    if let Some((_, text)) = params.iter().find(|(name, _)| *name == "ws") {
        let known = WorkstationId::new(text).ok().filter(|id| web.node.screen().workstations.contains_key(id));
        let Some(workstation) = known else {
            return if wants_page(&request) { super::pages::not_found_page(&web) } else { no_such_workstation(text).into_response() };
        };
        if !screen.scope.allows(&workstation) {
            return if wants_page(&request) {
                let t = web.parts.locale.texts;
                let page = message_page(&web.parts.locale, t.wrong_screen_title, t.wrong_screen_hint);
                (StatusCode::FORBIDDEN, page).into_response()
            } else {
                wrong_workstation(&workstation).into_response()
            };
        }
        request.extensions_mut().insert(At(workstation));
    }
    request.extensions_mut().insert(Session(screen));
    next.run(request).await
}

/// Whose secret the request carries.
pub fn find(web: &Web, headers: &HeaderMap) -> Option<PairedScreen> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok()?.strip_prefix("Bearer ")?;
        return web.parts.pairing.find(token.trim());
    }
    web.parts.pairing.find(&cookie(headers, &web.parts.guard.cookie_name("counterfoil"))?)
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Session, Problem> {
        parts.extensions.get::<Session>().cloned().ok_or_else(outside_the_door)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<At, Problem> {
        parts.extensions.get::<At>().cloned().ok_or_else(outside_the_door)
    }
}

/// A route was added outside of [`require`]: our bug, and it must not be an open door.
fn outside_the_door() -> Problem {
    let detail = "this address is not behind the pairing check";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "route_unguarded", detail, "tell the makers; nothing was done")
}

fn wants_page(request: &Request) -> bool {
    let html = |value: &header::HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/html"));
    request.method() == Method::GET && !request.uri().path().starts_with("/api/") && request.headers().get(header::ACCEPT).is_some_and(html)
}

fn no_such_workstation(text: &str) -> Problem {
    let detail = format!("this store has no workstation {:?}", text.chars().take(40).collect::<String>());
    Problem::new(StatusCode::NOT_FOUND, "workstation_unknown", detail, "use one of those that /api/v1/workstations lists")
}

fn wrong_workstation(workstation: &WorkstationId) -> Problem {
    let detail = format!("this screen or token is not paired for workstation {workstation}");
    Problem::new(StatusCode::FORBIDDEN, "wrong_workstation", detail, "pair it for this workstation, or for the whole store")
}

/// For a query value: everything but unreserved characters and the slash.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            encoded.push(byte as char);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
