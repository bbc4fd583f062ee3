//! The desk's pages: the list of addresses, devices for the technician, paired screens.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::Web;
use super::api::works;
use super::layout::{document, visible};
use super::live::Live;
use super::office::proof;
use super::pages::desk_page;
use super::pairing::{PairedScreen, Scope, ScreenKind};
use super::session::Session;
use super::streams;
use super::texts::{Texts, fill};
use super::till::icon;
use crate::device::{DeviceKind, DeviceState, DeviceStatus};
use crate::retail::card::TerminalBook;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(index))
        .route("/devices", get(devices))
        .route("/devices/events", get(device_events))
        .route("/screens", get(screens))
}

/// The addresses of all pages.
async fn index(State(web): State<Web>, session: Session) -> Markup {
    let t = web.parts.locale.texts;
    let screen = web.node.screen();
    let mine = screen.workstations.keys().filter(|ws| session.0.scope.allows(ws));
    let content = html! {
        section {
            h2 { (t.index_tills) }
            div .tiles {
                @for ws in mine {
                    a .tile href=(format!("/till/{ws}")) { (icon("cash")) strong { (fill(t.index_till, &[ws.as_str()])) } small { "/till/" (ws) } }
                    a .tile href=(format!("/orders/{ws}")) { (icon("parked")) strong { (t.orders.title) " · " (ws) } small { "/orders/" (ws) } }
                    a .tile href=(format!("/pick/{ws}")) { (icon("scan")) strong { (t.orders.pick_title) " · " (ws) } small { "/pick/" (ws) } }
                    a .tile href=(format!("/articles/{ws}")) { (icon("search")) strong { (t.article.title) " · " (ws) } small { "/articles/" (ws) } }
                    a .tile href=(format!("/stock/{ws}")) { (icon("price")) strong { (t.stock_work.title) " · " (ws) } small { "/stock/" (ws) } }
                    a .tile href=(format!("/display/{ws}")) { (icon("price")) strong { (fill(t.index_display, &[ws.as_str()])) } small { "/display/" (ws) } }
                }
            }
        }
        section {
            h2 { (t.index_desk) }
            div .tiles {
                a .tile href="/office" { (icon("cash")) strong { (t.office.title) } small { "/office" } }
                a .tile href="/devices" { (icon("print")) strong { (t.index_devices) } small { "/devices" } }
                a .tile href="/screens" { (icon("day")) strong { (t.index_screens) } small { "/screens" } }
                a .tile href="/api/openapi.json" { (icon("scan")) strong { (t.index_api) } small { "/api/openapi.json" } }
            }
        }
    };
    let content = html! {
        (content)
        @if !web.links.is_empty() {
            section {
                h2 { (t.index_demo) }
                div .tiles {
                    @for (title, address) in &web.links {
                        a .tile href=(address) { (icon("card")) strong { (title) } small { (address) } }
                    }
                }
            }
        }
    };
    desk_page(&web, t.index_title, &[], content)
}

async fn devices(State(web): State<Web>, _session: Session) -> Markup {
    let t = web.parts.locale.texts;
    let live = devices_live(&web);
    let content = html! {
        p .warn-text #desk-problem role="alert" hidden {}
        div data-live="/devices/events" {
            section { h2 { (t.devices_title) } div #devices { (live.part("devices")) } }
            section { h2 { (t.works_title) } div #works { (live.part("works")) } }
        }
    };
    let screen = web.node.screen();
    let name = screen.store_name.clone();
    let body = html! {
        header .desk-head { a href="/" { (visible(&name)) } h1 { (t.devices_title) } }
        main .office { (content) (proof::dialog(&web.parts.locale, &screen.staff, false)) }
    };
    document(&web.parts.locale, t.devices_title, "desk office", &["live.js", "proof.js", "desk.js"], body)
}

async fn device_events(State(web): State<Web>, session: Session) -> Response {
    streams::page_stream(web, session, |web| Some(devices_live(web)))
}

fn devices_live(web: &Web) -> Live {
    let screen = web.node.screen();
    let t = web.parts.locale.texts;
    let devices = html! {
        @if screen.devices.is_empty() { p .muted { (t.devices_none) } }
        div .cards { @for device in &screen.devices { (device_card(web, t, device)) } }
        @for alarm in &screen.alarms { p .warn-text { (icon("stop")) (visible(alarm)) } }
    };
    let now_ms = web.now_ms();
    let works = html! {
        ul .works {
            @for fact in works(&screen) {
                li .yes[fact.works] .no[!fact.works] {
                    strong { (visible(&fact.what)) }
                    span .state { @if fact.works { (icon("done")) (t.works_yes) } @else { (icon("stop")) (t.works_no) } }
                    span .note { (visible(&fact.note)) @if let Some(as_of) = fact.as_of_ms { " · " (web.parts.locale.age(now_ms, as_of)) } }
                }
            }
        }
    };
    Live {
        revision: screen.revision,
        language: web.parts.locale.language,
        parts: vec![("devices", devices), ("works", works)],
        rows: None,
        signal: None,
        scans: Default::default(),
        news: None,
    }
}

fn device_card(web: &Web, t: &Texts, device: &DeviceStatus) -> Markup {
    let (class, state) = match &device.state {
        DeviceState::Absent => ("bad", t.device_state_absent),
        DeviceState::Starting => ("warn", t.device_state_starting),
        DeviceState::Ready => ("good", t.device_state_ready),
        DeviceState::Busy => ("good", t.device_state_busy),
        DeviceState::Attention { .. } => ("warn", t.device_state_attention),
        DeviceState::Fault { .. } => ("bad", t.device_state_fault),
    };
    let sign = match device.kind {
        DeviceKind::Scanner => "scan",
        DeviceKind::Printer | DeviceKind::LabelPrinter => "print",
        DeviceKind::LineDisplay => "price",
        DeviceKind::Zvt => "card",
        DeviceKind::Scale => "scale",
    };
    let test = |kind: &str, words: &str| {
        html! { button type="button" data-do="device-test" data-device=(device.name) data-kind=(kind) { (words) } }
    };
    html! {
        div .card {
            h3 { (icon(sign)) (device.name) }
            p { span .chip .(class) { (state) } " " (fill(t.devices_since, &[&web.parts.locale.clock(device.since_ms)])) }
            @if !device.hint.is_empty() { p .muted { (visible(&device.hint)) } }
            @if let Some(book) = web.node.screen().terminals.get(&device.name) { (terminal_day(web, device, book)) }
            @if device.kind == DeviceKind::Printer {
                p .buttons {
                    (test("page", t.device_test_page))
                    // Where people answer for drawers, one is opened at its till, with a record.
                    @if !web.node.screen().rules.staff_required { (test("drawer", t.device_test_drawer)) }
                    (test("beep", t.device_test_beep))
                }
            }
            @if device.kind == DeviceKind::LabelPrinter { p .buttons { (test("page", t.orders.label_test)) } }
        }
    }
}

/// The terminal's own day: how it was closed last, and the button that closes it.
fn terminal_day(web: &Web, device: &DeviceStatus, book: &TerminalBook) -> Markup {
    let t = web.parts.locale.texts.card_terminal;
    let running = book.day.as_ref().is_some_and(|day| day.ended.is_none());
    html! {
        @if let Some(day) = &book.day {
            p .muted {
                @match &day.ended {
                    None => (t.day_running),
                    Some(end) if end.done => (fill(t.day_done, &[&web.parts.locale.clock(day.asked_at.ms)])),
                    Some(end) => (fill(t.day_failed, &[&visible(&end.why)])),
                }
            }
        }
        p .buttons {
            button type="button" data-do="terminal-day" data-device=(device.name) disabled[running] { (t.day_end) }
        }
    }
}

/// Screens and tokens: confirm, revoke, make.
async fn screens(State(web): State<Web>, session: Session) -> Response {
    if let Err(problem) = session.needs_desk() {
        return problem.into_response();
    }
    let t = web.parts.locale.texts;
    let waiting = web.parts.pairing.waiting();
    let content = html! {
        section {
            h2 { (t.screens_waiting) }
            @if waiting.is_empty() { p .muted { (t.screens_waiting_none) } }
            ul .rows {
                @for screen in &waiting {
                    li { strong { (visible(&screen.name)) } span { (scope_words(t, &screen.scope)) } span .muted { (web.parts.locale.clock(screen.asked_at_ms)) } }
                }
            }
            form #confirm-code {
                label for="code" { (t.screens_type_code) }
                input #code name="code" type="text" maxlength="12" autocomplete="off" autocapitalize="characters" required;
                button .primary type="submit" { (t.screens_confirm) }
            }
        }
        section {
            h2 { (t.screens_paired) }
            ul .rows { @for screen in web.parts.pairing.screens() { (screen_row(&web, t, &screen, screen.id == session.0.id)) } }
        }
        section {
            h2 { (t.screens_token_new) }
            form #new-token {
                label for="token-name" { (t.screens_token_name) }
                input #token-name name="name" type="text" maxlength="60" autocomplete="off" required;
                button type="submit" { (t.screens_token_new) }
            }
            p #token-made hidden { (t.screens_token_once) " " code #token-secret {} }
        }
        p .warn-text #desk-problem role="alert" hidden {}
    };
    desk_page(&web, t.screens_title, &["desk.js"], content).into_response()
}

fn screen_row(web: &Web, t: &Texts, screen: &PairedScreen, own: bool) -> Markup {
    let kind = match screen.kind {
        ScreenKind::Browser => t.screens_kind_browser,
        ScreenKind::Token => t.screens_kind_token,
    };
    html! {
        li {
            strong { (visible(&screen.name)) @if own { " (" (t.screens_this) ")" } }
            span { (kind) " · " (scope_words(t, &screen.scope)) }
            span .muted { (web.parts.locale.date_and_clock(screen.paired_at_ms)) }
            button type="button" data-do="revoke" data-screen=(screen.id) data-sure=(t.screens_revoke_sure) { (t.screens_revoke) }
        }
    }
}

fn scope_words(t: &Texts, scope: &Scope) -> String {
    match scope {
        Scope::Any => t.screens_scope_any.to_owned(),
        Scope::Workstation(ws) => fill(t.screens_scope_one, &[ws.as_str()]),
    }
}
