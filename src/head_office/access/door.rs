//! What stands in front of every page and every address of the API: who asks, whether they may, and whose stores it is about. What is turned away
//! here has reached nothing; what goes on knows who asked ([`super::acting`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{DOCTYPE, html};

use super::routes::{self, Of, Rule};
use super::{Acting, Deed, Reach, Right, Via, Who, audit, sessions, tokens};
use crate::head_office::card_data;
use crate::head_office::db::{self, Connection, OptionalExtension};
use crate::head_office::office::HeadOffice;
use crate::head_office::pages::sign_in;
use crate::web::guard::Guard;
use crate::web::problem::Problem;
use crate::web::tls::Peer;

/// What a session's cookie is called, before the port.
pub const COOKIE: &str = "counterfoil-office";
/// What the log says of an object is cut here.
const OBJECT_CHARS_MAX: usize = 120;
/// Fields of a body that name what it is about. None of them holds a customer's data.
const NAMING: [&str; 7] = ["store", "node", "order", "id", "sku", "login", "channels"];

/// All that there is for a program that is bound to channels.
const OF_CHANNEL: &str = "/api/v1/channels/{channel}";

/// What the door knows.
pub struct AccessDoor {
    pub office: HeadOffice,
    pub guard: Guard,
}

impl AccessDoor {
    /// The session's secret that a browser sent.
    pub fn cookie(&self, headers: &HeaderMap) -> Option<String> {
        let name = self.guard.cookie_name(COOKIE);
        let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = sent.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    }

    /// The answer with the session's secret in it; an empty one takes it away.
    pub fn with_cookie(&self, secret: &str, mut response: Response) -> Response {
        let age = if secret.is_empty() { "; Max-Age=0" } else { "" };
        let cookie = format!("{}={secret}{age}{}", self.guard.cookie_name(COOKIE), self.guard.cookie_attributes());
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
        response
    }
}

/// Where a request came from, for the log and for counting wrong passwords.
pub fn address_of(parts: &Parts) -> String {
    parts.extensions.get::<ConnectInfo<Peer>>().map_or_else(|| "unknown".to_owned(), |peer| peer.0.address.ip().to_string())
}

/// The middleware, as the layer inside of the guard.
pub async fn stand(State(door): State<Arc<AccessDoor>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
    if path.as_deref().is_some_and(|path| routes::OPEN.contains(&path)) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let who = match known(&door, &parts).await {
        Ok(Some(who)) => who,
        Ok(None) => return unknown(&door, &parts),
        Err(problem) => return problem.into_response(),
    };
    let rule = path.as_deref().map(|path| routes::find(parts.method.as_str(), path));
    let is_deed = !matches!(parts.method, Method::GET | Method::HEAD);
    let Ok(body) = to_bytes(body, card_data::BODY_BYTES_MAX).await else { return card_data::too_long().into_response() };
    let deed = is_deed.then(|| deed(&parts, path.as_deref(), rule.flatten(), &body));
    let acting = Acting::new(who, deed);
    let refused = refusal(&door, &acting, path.as_deref(), rule, &parts, &body).await.err();
    let wants_page = wants_page(&parts);
    let response = match refused {
        Some(problem) if wants_page => sign_in::refused(&door.office, &acting.who, &problem),
        Some(problem) => problem.into_response(),
        None => super::with(Arc::clone(&acting), next.run(Request::from_parts(parts, Body::from(body)))).await,
    };
    match note_rest(&door.office, &acting, response.status()).await {
        Ok(()) => response,
        Err(problem) => problem.into_response(),
    }
}

/// Who asks: by cookie, by token, or the console where nobody signs in.
async fn known(door: &AccessDoor, parts: &Parts) -> Result<Option<Who>, Problem> {
    let (office, from) = (&door.office, address_of(parts));
    if !office.config().sign_in {
        return Ok(Some(Who::console(from)));
    }
    let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(bearer) = bearer {
        let secret = bearer.strip_prefix("Bearer ").unwrap_or_default().trim().to_owned();
        return tokens::find(office, secret, from).await;
    }
    match door.cookie(&parts.headers) {
        Some(secret) => sessions::find(office, secret, from, is_by_hand(&parts.headers)).await,
        None => Ok(None),
    }
}

/// Whether a person did it. A page that brings itself up to date keeps no session alive.
fn is_by_hand(headers: &HeaderMap) -> bool {
    headers.get(HeaderName::from_static("sec-fetch-dest")).is_none_or(|what| what != "empty")
}

/// Whether the answer is shown to a person.
fn wants_page(parts: &Parts) -> bool {
    let accepts = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|it| it.contains("text/html"));
    accepts && is_by_hand(&parts.headers) && !parts.uri.path().starts_with("/api/")
}

fn unknown(door: &AccessDoor, parts: &Parts) -> Response {
    if wants_page(parts) {
        let comes_from_elsewhere = parts.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
        if comes_from_elsewhere && parts.method == Method::GET && !parts.headers.contains_key(header::COOKIE) {
            return once_more(parts.uri.path_and_query().map_or("/", |it| it.as_str()));
        }
        let to = if parts.method == Method::GET { parts.uri.path_and_query().map_or("/", |it| it.as_str()) } else { "/" };
        let ended = door.cookie(&parts.headers).is_some();
        return Redirect::to(&sign_in::address(to, ended)).into_response();
    }
    let detail = "nobody is signed in with this request, or the session or token has ended";
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "sign_in_first",
        detail,
        "sign in at /sign-in; programs send Authorization: Bearer and a token",
    );
    ([(header::WWW_AUTHENTICATE, "Bearer realm=\"head office\"")], problem).into_response()
}

/// A link on another site (in a mail, say) comes without the strict cookie. The same address asked for by our own page comes with it.
fn once_more(address: &str) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" { head { meta charset="utf-8"; meta http-equiv="refresh" content={ "0; url=" (address) }; title { "Counterfoil" } } body {} }
    };
    page.into_response()
}

/// The first rule that the request breaks.
async fn refusal(
    door: &AccessDoor,
    acting: &Acting,
    path: Option<&str>,
    rule: Option<Option<&'static Rule>>,
    parts: &Parts,
    body: &Bytes,
) -> Result<(), Problem> {
    let who = &acting.who;
    let may_first = ["/account", "/account/password", "/sign-out"];
    if who.must_change && !path.is_some_and(|path| may_first.contains(&path)) {
        let detail = "your password was made by somebody else";
        return Err(Problem::new(StatusCode::FORBIDDEN, "password_first", detail, "choose one of your own at /account"));
    }
    // Nothing stands at the address: whoever is known hears that.
    let Some(rule) = rule else { return Ok(()) };
    let (right, of) = rule.map_or((Right::Administer, Of::Chain), |rule| (rule.right, rule.of));
    if !who.may(right) {
        let detail = format!("{} may not do this: it needs the right {:?}", who.name, right.name());
        let remedy = match who.via {
            Via::Token => "make a token with this scope",
            Via::Session | Via::Console => "ask an admin for a role that has it",
        };
        return Err(Problem::new(StatusCode::FORBIDDEN, "right_missing", detail, remedy));
    }
    if !who.channels.is_empty() {
        let path = path.filter(|path| path.starts_with(OF_CHANNEL)).unwrap_or_default();
        let named = names(path, parts).remove("channel");
        if !named.is_some_and(|named| who.channels.iter().any(|channel| channel.as_str() == named)) {
            let detail = format!("{} is for channels of its own, and this is not of one of them", who.name);
            let remedy = "use the addresses under /api/v1/channels/ and the channel's name, or a token that is not bound to channels";
            return Err(Problem::new(StatusCode::FORBIDDEN, "other_channel", detail, remedy));
        }
    }
    match &who.reach {
        Reach::All => Ok(()),
        reach => reaches(&door.office, reach, of, path.unwrap_or_default(), parts, body).await,
    }
}

/// Whether what the request is about lies within these stores.
async fn reaches(office: &HeadOffice, reach: &Reach, of: Of, path: &str, parts: &Parts, body: &Bytes) -> Result<(), Problem> {
    let beyond = |what: String| {
        let detail = format!("{what} is not in {reach}, or there is none");
        Problem::new(
            StatusCode::FORBIDDEN,
            "other_store",
            detail,
            "ask an admin to widen the stores you are for, or leave it to whoever is for that one",
        )
    };
    let chain = || {
        let detail = format!("this concerns the whole chain, and you are for {reach}");
        Problem::new(StatusCode::FORBIDDEN, "whole_chain", detail, "leave it to somebody who is for all stores")
    };
    let store = match of {
        Of::Lists | Of::Nothing => return Ok(()),
        Of::Chain => return Err(chain()),
        Of::Query => {
            let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
            query.into_iter().find(|(name, _)| name == "store").map(|(_, value)| value).ok_or_else(chain)?
        }
        Of::Path => store_of(&mut names(path, parts)),
        Of::Body => fields(parts, body).remove("store").ok_or_else(|| beyond("an order or a box without a store".to_owned()))?,
        Of::Row(table, column) => {
            let id = last_name(path, parts);
            let (asked, shown) = (id.clone(), id);
            let is_there = office.read_within(reach.clone(), move |connection| is_there(connection, table, column, &asked)).await?;
            return if is_there { Ok(()) } else { Err(beyond(shown)) };
        }
    };
    let (asked, shown) = (store.clone(), store);
    let is_there = office.read_within(reach.clone(), move |connection| super::bounded::is_reached(connection, &asked)).await?;
    if is_there { Ok(()) } else { Err(beyond(format!("store {shown}"))) }
}

/// Whether a row is there for this connection.
fn is_there(connection: &Connection, table: &str, column: &str, id: &str) -> db::Result<bool> {
    let sql = format!("SELECT 1 FROM {table} WHERE {column} = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = match (column, id.parse::<i64>()) {
        ("id", Ok(number)) => statement.query_row([number], |_| Ok(())),
        ("id", Err(_)) => return Ok(false),
        _ => statement.query_row([id], |_| Ok(())),
    };
    Ok(found.optional()?.is_some())
}

/// What stands in the place of each `{name}` of a route, in order.
fn values(path: &str, parts: &Parts) -> Vec<(String, String)> {
    let named = path.split('/').zip(parts.uri.path().split('/'));
    named
        .filter_map(|(name, value)| Some((name.strip_prefix('{')?.strip_suffix('}')?.to_owned(), crate::web::card_data::decoded(value))))
        .collect()
}

fn names(path: &str, parts: &Parts) -> BTreeMap<String, String> {
    values(path, parts).into_iter().collect()
}

/// The store, or the place, that it is about.
fn store_of(about: &mut BTreeMap<String, String>) -> String {
    let place = about.remove("place");
    about.remove("store").or(place).unwrap_or_default()
}

fn last_name(path: &str, parts: &Parts) -> String {
    values(path, parts).pop().map(|(_, value)| value).unwrap_or_default()
}

/// The fields of a body that name what it is about.
fn fields(parts: &Parts, body: &Bytes) -> BTreeMap<String, String> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let all: BTreeMap<String, serde_json::Value> = if kind.starts_with("application/x-www-form-urlencoded") {
        pairs(body).into_iter().map(|(key, value)| (key, serde_json::Value::String(value))).collect()
    } else {
        serde_json::from_slice(body).unwrap_or_default()
    };
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.trim().to_owned()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    NAMING.iter().filter_map(|name| Some(((*name).to_owned(), text(all.get(*name)?)?))).filter(|(_, value)| !value.is_empty()).collect()
}

/// Of a form's body or a query, in order.
fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let decoded = |part: &str| crate::web::card_data::decoded(part);
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (decoded(key), decoded(value))).collect()
}

/// What the log will say of a request that changes something.
fn deed(parts: &Parts, path: Option<&str>, rule: Option<&'static Rule>, body: &Bytes) -> Deed {
    let mut about = fields(parts, body);
    about.extend(names(path.unwrap_or_default(), parts));
    let store = store_of(&mut about);
    let words = about.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ");
    Deed { act: rule.map_or("an address that is not in the table of routes", |rule| rule.act), object: cut(&words), store: cut(&store) }
}

/// One line, without what would move a terminal or a page, and without what looks like a payment card.
fn cut(text: &str) -> String {
    if card_data::holds_card(text) {
        return "(not kept)".to_owned();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(OBJECT_CHARS_MAX).collect()
}

/// An act that changed nothing in the database, or was refused, is noted as well.
async fn note_rest(office: &HeadOffice, acting: &Acting, status: StatusCode) -> Result<(), Problem> {
    let Some(deed) = &acting.deed else { return Ok(()) };
    let went_well = status.is_success() || status.is_redirection();
    if went_well && acting.is_noted() {
        return Ok(());
    }
    let outcome = match went_well {
        true => audit::UNCHANGED.to_owned(),
        false => format!("refused {}", status.as_u16()),
    };
    let entry = audit::Entry::new(&acting.who, deed, outcome);
    Ok(office.write_unseen(move |writer, now_ms| Ok(audit::append(writer.connection(), writer.key(), &entry, now_ms)?)).await?)
}
