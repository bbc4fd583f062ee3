//! The way in and out: /sign-in, /setup with the code from the console, and one's own account. The first two stand outside of the door that asks
//! who it is, so they look at everything themselves, and note themselves what they did.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Form, Router};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::frame::{Frame, Tab, encoded, visible};
use crate::head_office::access::accounts::{self, NAME_CHARS_MAX};
use crate::head_office::access::audit::{self, Entry};
use crate::head_office::access::door::AccessDoor;
use crate::head_office::access::{self, Reach, Role, Who, passwords, sessions, waits};
use crate::head_office::office::HeadOffice;
use crate::head_office::queries;
use crate::web::assets::address as asset;
use crate::web::problem::Problem;
use crate::web::setup_code::NotIn;
use crate::web::tls::Peer;

/// Passwords that are compared at the same time: each takes 19 MiB and a while.
static COMPARING: Semaphore = Semaphore::const_new(2);
/// Longer ones are nobody's; comparing costs by length.
const TYPED_CHARS_MAX: usize = 200;

pub fn router(door: Arc<AccessDoor>) -> Router {
    Router::new()
        .route("/sign-in", get(show).post(sign_in))
        .route("/setup", get(setup_page).post(set_up))
        .route("/sign-out", post(sign_out))
        .route("/account", get(account_page))
        .route("/account/password", get(back_to_account).post(change_password))
        .route("/account/sessions/{id}/end", post(end_session))
        .with_state(door)
}

/// Where somebody is sent who has to sign in first. `ended`: there was a session.
pub fn address(to: &str, ended: bool) -> String {
    match (to, ended) {
        ("/", false) => "/sign-in".to_owned(),
        (to, false) => format!("/sign-in?to={}", encoded(to)),
        (to, true) => format!("/sign-in?ended=yes&to={}", encoded(to)),
    }
}

/// A page's own address here, not one of another site.
fn own(to: &str) -> &str {
    let is_own = to.starts_with('/') && !to[1..].starts_with(['/', '\\']) && !to.starts_with("/sign-") && !to.contains(char::is_control);
    if is_own { to } else { "/" }
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    to: String,
    #[serde(default)]
    ended: String,
}

async fn show(State(door): State<Arc<AccessDoor>>, Query(shown): Query<Shown>) -> Result<Response, Problem> {
    if !door.office.config().sign_in {
        return Ok(Redirect::to("/").into_response());
    }
    if !door.office.read(accounts::is_anybody).await? {
        let body = html! {
            p { "Nobody may sign in here yet." }
            p .note { "Head office printed a one-time set-up code at its start (" code { "journalctl -u counterfoil-head-office" } ")." }
            p { a .button href="/setup" { "Set up" } }
        };
        return Ok(plain(&door.office, "Head office", body).into_response());
    }
    let said = if shown.ended.is_empty() { "" } else { "Your session has ended. What you sent last was not carried out." };
    Ok(form(&door, own(&shown.to), "", said, StatusCode::OK))
}

fn form(door: &AccessDoor, to: &str, login: &str, complaint: &str, status: StatusCode) -> Response {
    let body = html! {
        @if !complaint.is_empty() { div .faults role="alert" { p { (complaint) } } }
        form .fields method="post" action="/sign-in" {
            label { "Login" input name="login" value=(login) autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="40" required autofocus[login.is_empty()]; }
            label { "Password" input name="password" type="password" autocomplete="current-password" maxlength="200" required autofocus[!login.is_empty()]; }
            input type="hidden" name="to" value=(to);
            button .primary { "Sign in" }
        }
    };
    (status, plain(&door.office, "Sign in", body)).into_response()
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    to: String,
}

type Origin = Option<Extension<ConnectInfo<Peer>>>;

fn from(peer: &Origin) -> String {
    peer.as_ref().map_or_else(|| "unknown".to_owned(), |peer| peer.0.0.address.ip().to_string())
}

/// Counts the try, compares, and begins a session with a new secret. What the browser brought is forgotten.
async fn sign_in(
    State(door): State<Arc<AccessDoor>>,
    headers: HeaderMap,
    peer: Origin,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let office = &door.office;
    let (from, login, to) = (from(&peer), typed.login.trim().to_lowercase(), own(&typed.to).to_owned());
    let wrong = |status, words: &str| form(&door, &to, &login, words, status);
    if login.len() > accounts::LOGIN_CHARS_MAX || typed.password.chars().count() > TYPED_CHARS_MAX {
        return Ok(wrong(StatusCode::FORBIDDEN, WRONG));
    }
    let tried = (login.clone(), from.clone());
    let begun = office.write_unseen(move |writer, now_ms| Ok(waits::begin(writer.connection(), &tried.0, &tried.1, now_ms)?)).await?;
    if let Err(wait_ms) = begun {
        let seconds = (wait_ms + 999) / 1000;
        let words = format!("Too many wrong passwords. The next try is taken in {}.", in_words(seconds));
        let mut response = wrong(StatusCode::TOO_MANY_REQUESTS, &words);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(response);
    }
    let asked = login.clone();
    let kept = office.read(move |connection| accounts::password(connection, &asked)).await?;
    let (password, compared) = (typed.password, kept.clone());
    let is_right = compare(move || passwords::is_right(&password, compared.as_deref())).await;
    let entry = |outcome: &str| Entry {
        who: if login.is_empty() { "nobody".to_owned() } else { login.clone() },
        via: "session".to_owned(),
        from: from.clone(),
        act: "sign in".to_owned(),
        object: String::new(),
        store: String::new(),
        outcome: outcome.to_owned(),
    };
    if !is_right {
        let entry = entry("refused: wrong login or password");
        office.write_unseen(move |writer, now_ms| Ok(audit::append(writer.connection(), writer.key(), &entry, now_ms)?)).await?;
        return Ok(wrong(StatusCode::FORBIDDEN, WRONG));
    }
    let (brought, browser, entry) = (door.cookie(&headers), browser(&headers), entry(audit::CHANGED));
    let asked = (login.clone(), from.clone());
    let begun = office.write_unseen(move |writer, now_ms| {
        let connection = writer.connection();
        // Somebody may have been shut out, or got another password, while this one was compared.
        if accounts::password(connection, &asked.0)? != kept {
            return Ok(None);
        }
        if let Some(brought) = brought {
            sessions::end_by_secret(connection, &brought)?;
        }
        waits::forget(connection, &asked.0, &asked.1)?;
        let secret = sessions::begin(connection, &asked.0, &browser, &asked.1, now_ms)?;
        audit::append(connection, writer.key(), &entry, now_ms)?;
        Ok(Some(secret))
    });
    Ok(match begun.await? {
        Some(secret) => door.with_cookie(&secret, Redirect::to(&to).into_response()),
        None => wrong(StatusCode::FORBIDDEN, WRONG),
    })
}

const WRONG: &str = "The login or the password is wrong.";

fn in_words(seconds: i64) -> String {
    if seconds < 100 { format!("{seconds} seconds") } else { format!("{} minutes", (seconds + 59) / 60) }
}

/// On a thread that may block, two at a time.
async fn compare<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let place = COMPARING.acquire().await;
    let done = tokio::task::spawn_blocking(work).await;
    drop(place);
    done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// "Chromium on Linux", enough to tell two apart in a list.
fn browser(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let find = |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let browser = find(&[("Firefox", "Firefox"), ("Edg", "Edge"), ("Chrom", "Chromium"), ("Safari", "Safari")]).unwrap_or("a browser");
    let system = find(&[("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"), ("iPhone", "iPhone")]);
    system.map_or_else(|| browser.to_owned(), |system| format!("{browser} on {system}"))
}

async fn sign_out(State(door): State<Arc<AccessDoor>>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(secret) = door.cookie(&headers) {
        door.office.write(move |writer, _| Ok(sessions::end_by_secret(writer.connection(), &secret)?)).await?;
    }
    Ok(door.with_cookie("", Redirect::to("/sign-in").into_response()))
}

/// Only before anybody is there, and only with the code of this start.
async fn setup_page(State(door): State<Arc<AccessDoor>>) -> Result<Response, Problem> {
    let is_open = door.office.setup().is_offered() && !door.office.read(accounts::is_anybody).await?;
    Ok(if is_open { setup_form(&door.office, &FirstPerson::default(), "", StatusCode::OK) } else { nothing_to_set_up(&door.office) })
}

fn nothing_to_set_up(office: &HeadOffice) -> Response {
    let body = html! {
        p { "Head office is set up, or its code was used." }
        p .note { "Without anybody who may sign in, start head office again: it prints another code. An admin adds people on the page People; at the console " code { "counterfoil head-office person add" } " does it." }
        p { a .button href="/" { "Go on" } }
    };
    (StatusCode::NOT_FOUND, plain(office, "Nothing to set up", body)).into_response()
}

#[derive(Default, Deserialize)]
struct FirstPerson {
    #[serde(default)]
    code: String,
    #[serde(default)]
    login: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

fn setup_form(office: &HeadOffice, typed: &FirstPerson, complaint: &str, status: StatusCode) -> Response {
    let body = html! {
        p .note { "Head office printed a one-time code at its start. Whoever types it becomes the first admin." }
        @if !complaint.is_empty() { div .faults role="alert" { p { (visible(complaint)) } } }
        form .fields method="post" action="/setup" {
            label { "Set-up code" input name="code" maxlength="20" value=(typed.code) autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus; }
            label { "Name" input name="name" maxlength=(NAME_CHARS_MAX) value=(typed.name) autocomplete="name" required; }
            label { "Login" input name="login" maxlength="40" value=(typed.login) autocomplete="username" autocapitalize="none" spellcheck="false" required; }
            label { "Password, 12 characters or more" input name="password" type="password" maxlength="128" autocomplete="new-password" required; }
            label { "The same again" input name="again" type="password" maxlength="128" autocomplete="new-password" required; }
            button .primary { "Set up" }
        }
    };
    (status, plain(office, "Set up head office", body)).into_response()
}

async fn set_up(State(door): State<Arc<AccessDoor>>, peer: Origin, Form(typed): Form<FirstPerson>) -> Result<Response, Problem> {
    let office = &door.office;
    if !office.setup().is_offered() || office.read(accounts::is_anybody).await? {
        return Ok(nothing_to_set_up(office));
    }
    let again = |status, words: &str| setup_form(office, &typed, words, status);
    let draft = accounts::Draft { login: typed.login.trim().to_owned(), name: typed.name.clone(), role: Role::Admin, reach: Reach::All };
    let fault = match (accounts::check(&draft), passwords::check(&typed.password, &draft.login)) {
        (Err(why), _) => Some(why.to_string()),
        (Ok(()), Err(why)) => Some(why),
        (Ok(()), Ok(())) if typed.password != typed.again => Some("the two passwords differ".to_owned()),
        (Ok(()), Ok(())) => None,
    };
    if let Some(fault) = fault {
        return Ok(again(StatusCode::UNPROCESSABLE_ENTITY, &fault));
    }
    // Nothing is stored here by the code itself; it is used up.
    match office.setup().take(&typed.code, || Ok::<_, std::convert::Infallible>((String::new(), String::new()))) {
        Ok(_) => {}
        Err(NotIn::Wrong { left }) => {
            return Ok(again(StatusCode::FORBIDDEN, &format!("This is not the code. {left} tries are left, then a minute has to pass.")));
        }
        Err(NotIn::Locked) => return Ok(again(StatusCode::TOO_MANY_REQUESTS, "Too many wrong codes: wait a minute.")),
        Err(NotIn::NoCode) => return Ok(nothing_to_set_up(office)),
    }
    let password = typed.password.clone();
    let hash = compare(move || passwords::hash(&password)).await;
    let entry = Entry {
        who: draft.login.to_lowercase(),
        via: "set-up code".to_owned(),
        from: from(&peer),
        act: "set up head office".to_owned(),
        object: format!("login {}", draft.login.to_lowercase()),
        store: String::new(),
        outcome: audit::CHANGED.to_owned(),
    };
    let added = office.write_unseen(move |writer, now_ms| {
        let added = accounts::add_first(writer.connection(), &draft, &hash, now_ms)?;
        if added.is_ok() {
            audit::append(writer.connection(), writer.key(), &entry, now_ms)?;
        }
        Ok(added)
    });
    Ok(match added.await? {
        Ok(()) => Redirect::to("/sign-in").into_response(),
        Err(why) => again(StatusCode::CONFLICT, &why.to_string()),
    })
}

/// Whoever has a session; nobody else has an account to look at.
fn signed_in() -> Result<(String, String), Problem> {
    let found = access::acting().and_then(|acting| Some((acting.who.who.clone(), acting.who.session.clone()?)));
    found.ok_or_else(|| {
        let detail = "this is about whoever is signed in, and nobody is";
        Problem::new(StatusCode::CONFLICT, "no_account", detail, "sign in; people are on the page People")
    })
}

async fn back_to_account() -> Redirect {
    Redirect::to("/account")
}

async fn account_page(State(door): State<Arc<AccessDoor>>) -> Result<Response, Problem> {
    signed_in()?;
    account(&door, "", StatusCode::OK).await
}

async fn account(door: &AccessDoor, complaint: &str, status: StatusCode) -> Result<Response, Problem> {
    let (login, session) = signed_in()?;
    let office = &door.office;
    let now_ms = office.now_ms();
    let (troubles, found, open) = office
        .read_within(Reach::All, move |connection| {
            let open = sessions::list(connection, Some(&login), now_ms)?;
            Ok((queries::open_troubles(connection)?, accounts::find(connection, &login)?, open))
        })
        .await?;
    let frame = Frame::new(office, Tab::Account, troubles);
    let found = found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no_account", "this account is gone", "sign in again"))?;
    let tools = html! {
        div .question[found.must_change] {
            @if found.must_change { p { strong { "Choose a password of your own." } " Yours was made by somebody else; nothing else can be done until then." } }
            @if !complaint.is_empty() { div .faults role="alert" { p { (visible(complaint)) } } }
            form .tools method="post" action="/account/password" {
                input type="hidden" name="login" value=(found.login) autocomplete="username";
                label { "Password until now " input name="old" type="password" maxlength="200" autocomplete="current-password" required; }
                label { "New one " input name="password" type="password" maxlength="128" autocomplete="new-password" required; }
                label { "The same again " input name="again" type="password" maxlength="128" autocomplete="new-password" required; }
                button { "Change password" }
            }
        }
    };
    let body = html! {
        dl .facts {
            dt { "Name" } dd { (visible(&found.name)) }
            dt { "Login" } dd { (found.login) }
            dt { "Role" } dd { (found.role.words()) }
            dt { "Stores" } dd { (found.reach) }
        }
        section {
            h2 { "Where you are signed in" }
            (session_table(&frame, &open, &session, "/account/sessions"))
        }
    };
    Ok((status, frame.page("Your account", tools, body)).into_response())
}

/// Sessions, with a button to end each but the one that is looked from.
pub fn session_table(frame: &Frame, rows: &[sessions::SessionRow], own: &str, action: &str) -> Markup {
    html! {
        table .wide {
            thead { tr { th { "Login" } th { "Browser" } th { "From" } th .n { "Since" } th .n { "Last seen" } th .n {} } }
            tbody {
                @for row in rows {
                    tr {
                        td data-label="Login" { (row.login) }
                        td data-label="Browser" { (visible(&row.browser)) }
                        td data-label="From" { (visible(&row.from)) }
                        td .n data-label="Since" { (frame.time(row.made_ms)) }
                        td .n data-label="Last seen" { (frame.ago(row.seen_ms)) }
                        td .n {
                            @if row.id == own { span .dim { "here" } } @else {
                                form method="post" action={ (action) "/" (row.id) "/end" } { button { "End" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct Passwords {
    #[serde(default)]
    old: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

/// Needs the old one, so that a screen left open gives nobody the account. Every other session ends.
async fn change_password(State(door): State<Arc<AccessDoor>>, Form(typed): Form<Passwords>) -> Result<Response, Problem> {
    let (login, session) = signed_in()?;
    let office = &door.office;
    let fault = match passwords::check(&typed.password, &login) {
        Err(why) => Some(why),
        Ok(()) if typed.password != typed.again => Some("the two new passwords differ".to_owned()),
        Ok(()) if typed.password == typed.old => Some("the new password is the old one".to_owned()),
        Ok(()) => None,
    };
    if let Some(fault) = fault {
        return account(&door, &fault, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let asked = login.clone();
    // Tries count as those at the way in do.
    let from = access::acting().map(|acting| acting.who.from.clone()).unwrap_or_default();
    let tried = (login.clone(), from.clone());
    let begun = office.write_unseen(move |writer, now_ms| Ok(waits::begin(writer.connection(), &tried.0, &tried.1, now_ms)?)).await?;
    if let Err(wait_ms) = begun {
        let words = format!("too many wrong passwords: the next try is taken in {}", in_words((wait_ms + 999) / 1000));
        return account(&door, &words, StatusCode::TOO_MANY_REQUESTS).await;
    }
    let kept = office.read_within(Reach::All, move |connection| accounts::password(connection, &asked)).await?;
    let (old, new) = (typed.old, typed.password);
    let hash = compare(move || passwords::is_right(&old, kept.as_deref()).then(|| passwords::hash(&new))).await;
    let Some(hash) = hash else { return account(&door, "the password until now is wrong", StatusCode::FORBIDDEN).await };
    let changed = office.write(move |writer, now_ms| {
        waits::forget(writer.connection(), &login, &from)?;
        Ok(accounts::set_password(writer.connection(), &login, &hash, false, Some(&session), now_ms)?)
    });
    match changed.await? {
        Ok(()) => Ok(Redirect::to("/").into_response()),
        Err(why) => account(&door, &why.to_string(), StatusCode::CONFLICT).await,
    }
}

async fn end_session(State(door): State<Arc<AccessDoor>>, Path(id): Path<String>) -> Result<Redirect, Problem> {
    let (login, _) = signed_in()?;
    door.office.write(move |writer, _| Ok(sessions::end(writer.connection(), &id, Some(&login))?)).await?;
    Ok(Redirect::to("/account"))
}

/// A refusal of the door as a page.
pub fn refused(office: &HeadOffice, who: &Who, problem: &Problem) -> Response {
    if problem.code == "password_first" {
        return Redirect::to("/account").into_response();
    }
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::FORBIDDEN);
    let body = html! {
        p { (visible(&problem.detail)) "." }
        p .remedy { (visible(&problem.remedy)) }
        p .dim { "Signed in: " (visible(&who.name)) }
        p { a .button href="/" { "To the stores" } }
    };
    (status, plain(office, "Not for you", body)).into_response()
}

/// A page without navigation.
fn plain(office: &HeadOffice, title: &str, body: Markup) -> Markup {
    let name = &office.config().name;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (name) }
                link rel="icon" href=(asset("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(asset("office.css"));
            }
            body {
                main .narrow {
                    span .brand { (name) }
                    div .paper { h1 { (title) } (body) }
                }
            }
        }
    }
}
