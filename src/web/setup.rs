//! The page /setup: the code from the console lets the first browser in, and that browser names the first manager while head office has sent
//! nobody yet. Outside of the session's door, so it looks at everything itself.

use axum::Form;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;

use super::Web;
use super::layout::{document, message_page, visible};
use super::pair_pages::{COOKIE_SECONDS, browser_name, unexpected, with_cookie};
use super::pairing::Scope;
use super::session;
use super::setup_code::NotIn;
use super::texts::fill;
use crate::ids::StaffId;
use crate::node::handle::CommandRequest;
use crate::node::writer::shell_command_id;
use crate::retail::Command;
use crate::retail::rights::{Role, StaffLimits};
use crate::sync::staff::{self, NAME_CHARS_MAX, Person};

pub fn routes() -> Router<Web> {
    Router::new().route("/setup", get(show).post(take_code)).route("/setup/manager", post(name_manager))
}

async fn show(State(web): State<Web>, headers: HeaderMap) -> Response {
    if came_in(&web, &headers) {
        return if needs_manager(&web) { manager_page(&web, "").into_response() } else { finished(&web) };
    }
    if web.parts.setup.is_offered() {
        return code_page(&web, "").into_response();
    }
    let t = web.parts.locale.texts.setup;
    (StatusCode::NOT_FOUND, message_page(&web.parts.locale, t.nothing, t.nothing_hint)).into_response()
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    code: String,
}

async fn take_code(State(web): State<Web>, headers: HeaderMap, Form(typed): Form<Typed>) -> Response {
    let t = web.parts.locale.texts.setup;
    let admit = || web.parts.pairing.admit_browser(&browser_name(&headers), Scope::Any).map(|(screen, secret)| (screen.id, secret));
    match web.parts.setup.take(&typed.code, admit) {
        Ok(Ok(secret)) => with_cookie(&web, "counterfoil", &secret, COOKIE_SECONDS, Redirect::to("/setup").into_response()),
        Ok(Err(error)) => unexpected(&error).into_response(),
        Err(NotIn::Wrong { left }) => (StatusCode::FORBIDDEN, code_page(&web, &fill(t.wrong, &[&left.to_string()]))).into_response(),
        Err(NotIn::Locked) => (StatusCode::TOO_MANY_REQUESTS, code_page(&web, t.locked)).into_response(),
        Err(NotIn::NoCode) => (StatusCode::GONE, message_page(&web.parts.locale, t.nothing, t.nothing_hint)).into_response(),
    }
}

#[derive(Deserialize)]
struct Manager {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    pin: String,
    #[serde(default)]
    again: String,
}

async fn name_manager(State(web): State<Web>, headers: HeaderMap, Form(manager): Form<Manager>) -> Response {
    let t = web.parts.locale.texts.setup;
    if !came_in(&web, &headers) {
        return (StatusCode::FORBIDDEN, message_page(&web.parts.locale, t.nothing, t.nothing_hint)).into_response();
    }
    if !needs_manager(&web) {
        return finished(&web);
    }
    let name = manager.name.trim().to_owned();
    let Ok(id) = StaffId::new(manager.id.trim()) else { return again(&web, t.bad_id) };
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return again(&web, t.bad_name);
    }
    if staff::check_pin(&manager.pin).is_err() {
        return again(&web, t.bad_pin);
    }
    if manager.pin != manager.again {
        return again(&web, t.pins_differ);
    }
    let hashed = tokio::task::spawn_blocking(move || {
        let mut salt = [0u8; 16];
        getrandom::fill(&mut salt).expect("the kernel gives random bytes");
        staff::hash_pin(&manager.pin, &salt)
    });
    let pin = match hashed.await {
        Ok(pin) => Some(pin),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let person = Person {
        id: id.clone(),
        name,
        language: String::new(),
        role: Role::Manager,
        rights: Default::default(),
        limits: StaffLimits { discount_percent_max: 100 },
        badge: None,
        pin,
    };
    // On the disk before the record that speaks of it.
    if let Err(error) = web.node.shared().books.name_first_manager(person) {
        tracing::error!(%error, "the first manager could not be kept: make the data folder writable");
        return again(&web, t.not_kept);
    }
    let command = Command::NameFirstManager { staff: id };
    let request = CommandRequest { id: shell_command_id(), workstation: None, staff: None, approval: None, command };
    if let Err(error) = web.node.ask(request).await {
        return super::api::ask_problem(&error).into_response();
    }
    finished(&web)
}

fn again(web: &Web, why: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, manager_page(web, why)).into_response()
}

fn finished(web: &Web) -> Response {
    web.parts.setup.finish();
    Redirect::to("/").into_response()
}

fn came_in(web: &Web, headers: &HeaderMap) -> bool {
    session::find(web, headers).is_some_and(|screen| web.parts.setup.came_in(&screen.id))
}

fn needs_manager(web: &Web) -> bool {
    web.node.screen().rules.staff_required && web.node.shared().books.books().staff.is_empty()
}

fn code_page(web: &Web, complaint: &str) -> Markup {
    let t = web.parts.locale.texts.setup;
    page(
        web,
        html! {
            h1 { (t.title) }
            p { (t.code_hint) }
            @if !complaint.is_empty() { p .warn-text role="alert" { (visible(complaint)) } }
            form method="post" action="/setup" {
                label for="code" { (t.code) }
                input #code name="code" type="text" maxlength="20" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus;
                button .primary type="submit" { (t.go_on) }
            }
        },
    )
}

fn manager_page(web: &Web, complaint: &str) -> Markup {
    let t = web.parts.locale.texts.setup;
    page(
        web,
        html! {
            h1 { (t.manager_title) }
            p { (t.manager_hint) }
            @if !complaint.is_empty() { p .warn-text role="alert" { (complaint) } }
            form .setup-manager method="post" action="/setup/manager" {
                label for="id" { (t.id) }
                input #id name="id" type="text" maxlength="30" autocomplete="off" autocapitalize="none" spellcheck="false" required autofocus;
                label for="name" { (t.name) }
                input #name name="name" type="text" maxlength=(NAME_CHARS_MAX) autocomplete="off" required;
                label for="pin" { (t.pin) }
                input #pin name="pin" type="password" inputmode="numeric" maxlength="8" autocomplete="new-password" required;
                label for="again" { (t.pin_again) }
                input #again name="again" type="password" inputmode="numeric" maxlength="8" autocomplete="new-password" required;
                button .primary type="submit" { (t.name_do) }
            }
        },
    )
}

fn page(web: &Web, content: Markup) -> Markup {
    let body = html! { main .message { (content) } };
    document(&web.parts.locale, web.parts.locale.texts.setup.title, "desk", &[], body)
}
