//! The pages of the simulated devices: the printer with its paper and switches, the scanner's pad, the line to head office. They exist
//! only in the demo, behind the same guards as every page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;

use super::assortment::{Good, goods, recalled_pack, scale_label};
use super::line::Line;
use super::shop::Counter;
use crate::device::lang::escpos::paper_html;
use crate::device::sim::{Aim, Answer, Cut, PrinterSnapshot, ScaleSnapshot, SimScale, Switch, TerminalSnapshot};
use crate::money::{Currency, Unit};
use crate::sync::feed::CodeKey;
use crate::web::Extra;
use crate::web::layout::document;
use crate::web::locale::Locale;

/// Articles one page of the pad shows.
const PAD_MAX: usize = 60;
/// A roll of the simulated paper that is shown; what was torn off is gone.
const TITLE: &str = "Demo devices";

struct Sim {
    counters: BTreeMap<String, Arc<Counter>>,
    line: Line,
    goods: Vec<Good>,
    currency: Currency,
    locale: Locale,
}

type Shared = State<Arc<Sim>>;

pub fn extra(counters: Vec<Arc<Counter>>, line: Line, currency: Currency, others: Router) -> Extra {
    let mut links = Vec::new();
    for counter in &counters {
        let id = counter.workstation();
        links.push((format!("Scanner {id}"), format!("/sim/scanner/{id}")));
        links.push((format!("Printer {id}"), format!("/sim/printer/{id}")));
        if counter.terminal.is_some() {
            links.push((format!("Card terminal {id}"), format!("/sim/terminal/{id}")));
        }
        if counter.scale.is_some() {
            links.push((format!("Scale {id}"), format!("/sim/scale/{id}")));
        }
    }
    links.push(("Line to head office".to_owned(), "/sim/line".to_owned()));
    links.push(("Orders from the web shop".to_owned(), "/sim/orders".to_owned()));
    links.push(("Label printer".to_owned(), "/sim/labels".to_owned()));
    Extra { router: router(counters, line, currency).merge(others), links }
}

fn router(counters: Vec<Arc<Counter>>, line: Line, currency: Currency) -> Router {
    let counters = counters.into_iter().map(|counter| (counter.workstation().to_string(), counter)).collect();
    let sim = Arc::new(Sim { counters, line, goods: goods(), currency, locale: Locale::plain() });
    Router::new()
        .route("/sim/printer/{ws}", get(printer_page))
        .route("/sim/printer/{ws}/now", get(printer_now))
        .route("/sim/printer/{ws}/act", post(printer_act))
        .route("/sim/scanner/{ws}", get(scanner_page).post(scan))
        .route("/sim/scanner/{ws}/goods", get(scanner_goods))
        .route("/sim/terminal/{ws}", get(terminal_page))
        .route("/sim/terminal/{ws}/now", get(terminal_now))
        .route("/sim/terminal/{ws}/act", post(terminal_act))
        .route("/sim/scale/{ws}", get(scale_page))
        .route("/sim/scale/{ws}/now", get(scale_now))
        .route("/sim/scale/{ws}/act", post(scale_act))
        .route("/sim/line", get(line_page).post(line_act))
        .with_state(sim)
}

fn page(sim: &Sim, title: &str, body: Markup) -> Markup {
    document(&sim.locale, title, "sim", &["sim.js"], body)
}

fn head(sim: &Sim, ws: Option<&str>, title: &str) -> Markup {
    html! {
        header .sim-head {
            h1 { (title) }
            nav {
                @for id in sim.counters.keys() {
                    @let here = ws == Some(id.as_str());
                    span .counter-links data-here=[here.then_some("yes")] {
                        "Counter " (id) ":"
                        a href=(format!("/till/{id}")) { "till" }
                        a href=(format!("/sim/scanner/{id}")) { "scanner" }
                        a href=(format!("/sim/printer/{id}")) { "printer" }
                        @if sim.counters[id].terminal.is_some() { a href=(format!("/sim/terminal/{id}")) { "card terminal" } }
                        @if sim.counters[id].scale.is_some() { a href=(format!("/sim/scale/{id}")) { "scale" } }
                        a href=(format!("/display/{id}")) { "customer" }
                    }
                }
                a href="/sim/line" { "line to head office" }
            }
        }
    }
}

// ---- printer

async fn printer_page(State(sim): Shared, Path(ws): Path<String>) -> Response {
    let Some(counter) = sim.counters.get(&ws) else { return StatusCode::NOT_FOUND.into_response() };
    let body = html! {
        (head(&sim, Some(&ws), &format!("Printer, drawer and line display of counter {ws}")))
        main #printer data-poll=(format!("/sim/printer/{ws}/now")) data-act=(format!("/sim/printer/{ws}/act")) {
            (printer(counter, &counter.printer.snapshot()))
        }
    };
    page(&sim, TITLE, body).into_response()
}

#[derive(Deserialize)]
struct Seen {
    #[serde(default)]
    revision: u64,
}

/// The changing part; 204 when the page has it already.
async fn printer_now(State(sim): Shared, Path(ws): Path<String>, Query(seen): Query<Seen>) -> Response {
    let Some(counter) = sim.counters.get(&ws) else { return StatusCode::NOT_FOUND.into_response() };
    let snapshot = counter.printer.snapshot();
    if revision(counter, &snapshot) == seen.revision {
        return StatusCode::NO_CONTENT.into_response();
    }
    printer(counter, &snapshot).into_response()
}

/// Grows when either device shows something else.
fn revision(counter: &Counter, now: &PrinterSnapshot) -> u64 {
    now.revision + counter.display.refreshes()
}

fn printer(counter: &Counter, now: &PrinterSnapshot) -> Markup {
    let switch = |act: &str, on: bool, text: &str, hint: &str| {
        html! {
            button type="button" data-act=(act) data-on=(if on { "no" } else { "yes" }) aria-pressed=(on) {
                strong { (text) } span { (hint) }
            }
        }
    };
    let s = &now.switches;
    html! {
        div #now data-revision=(revision(counter, now)) {
            section .paper-side aria-label="Paper" {
                @if now.cuts == 0 && now.done { p .hint { "The paper comes out here: the very bytes sent to the printer, drawn." } }
                (PreEscaped(paper_html(&now.paper)))
            }
            section .switch-side aria-label="Switches" {
                pre .glass aria-label="Customer display" { @for row in counter.display.text() { (row) "\n" } }
                div .drawer data-open=(now.drawer_open) {
                    strong { @if now.drawer_open { "Drawer is OPEN" } @else { "Drawer is closed" } }
                    span { (now.pulses) " pulse(s) so far" }
                    @if now.drawer_open { button type="button" .big data-act="close_drawer" { "Push it shut" } }
                }
                (switch("paper_out", s.paper_out, "Paper out", "the roll is empty"))
                (switch("paper_low", s.paper_low, "Paper low", "some metres are left"))
                (switch("cover_open", s.cover_open, "Cover open", "somebody looks inside"))
                (switch("offline", s.offline, "Cable out", "the network plug is pulled"))
                (switch("slow", s.slow, "Slow", "three lines a second"))
                button type="button" data-act="tear_off" { strong { "Tear off" } span { "take the papers away" } }
                button type="button" data-act="power_cycle" { strong { "Off and on" } span { "what was not printed is gone" } }
                p .facts {
                    @if now.connected { "The driver is connected. " } @else { "Nobody is connected. " }
                    (now.received) " bytes taken, " (now.cuts) " paper(s) cut."
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

async fn printer_act(State(sim): Shared, Path(ws): Path<String>, Form(form): Form<Act>) -> StatusCode {
    let Some(counter) = sim.counters.get(&ws) else { return StatusCode::NOT_FOUND };
    let (printer, on) = (&counter.printer, form.on == "yes");
    match form.act.as_str() {
        "paper_out" => printer.set(Switch::PaperOut, on),
        "paper_low" => printer.set(Switch::PaperLow, on),
        "cover_open" => printer.set(Switch::CoverOpen, on),
        "offline" => printer.set(Switch::Offline, on),
        "slow" => printer.set(Switch::Slow, on),
        "close_drawer" => printer.close_drawer(),
        "tear_off" => printer.tear_off(),
        "power_cycle" => printer.power_cycle(),
        _ => return StatusCode::BAD_REQUEST,
    }
    StatusCode::NO_CONTENT
}

// ---- card terminal

async fn terminal_page(State(sim): Shared, Path(ws): Path<String>) -> Response {
    let Some(terminal) = sim.counters.get(&ws).and_then(|counter| counter.terminal.as_ref()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = html! {
        (head(&sim, Some(&ws), &format!("Card terminal of counter {ws}")))
        main #terminal data-poll=(format!("/sim/terminal/{ws}/now")) data-act=(format!("/sim/terminal/{ws}/act")) {
            (card_terminal(&sim, &terminal.snapshot()))
        }
    };
    page(&sim, TITLE, body).into_response()
}

async fn terminal_now(State(sim): Shared, Path(ws): Path<String>, Query(seen): Query<Seen>) -> Response {
    let Some(terminal) = sim.counters.get(&ws).and_then(|counter| counter.terminal.as_ref()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let snapshot = terminal.snapshot();
    if snapshot.revision == seen.revision {
        return StatusCode::NO_CONTENT.into_response();
    }
    card_terminal(&sim, &snapshot).into_response()
}

/// Where the line may be cut, in words.
fn cut_words(cut: Cut) -> &'static str {
    match cut {
        Cut::Registration => "at the registration",
        Cut::RequestHalf => "half of the request came",
        Cut::RequestWhole => "the request came, unread",
        Cut::Acknowledged => "the request is acknowledged",
        Cut::Status => "the card is asked for",
        Cut::BeforeBank => "before the bank is asked",
        Cut::AfterBank => "the bank has decided",
        Cut::ResultHalf => "half of the result sent",
        Cut::ResultSent => "the result sent",
        Cut::ResultAcknowledged => "the result acknowledged",
        Cut::CompletionSent => "the completion sent",
        Cut::AfterBankAndQuestion => "after the bank, and at the first question",
    }
}

fn card_terminal(sim: &Sim, now: &TerminalSnapshot) -> Markup {
    let answers = [
        ("approve", Answer::Approve, "Card, approved", "the customer pays, the bank agrees"),
        ("decline", Answer::Decline, "Card, declined", "the bank says no"),
        ("cancel", Answer::Cancel, "Red key", "the customer gives up"),
        ("wait", Answer::Wait, "Nobody acts", "until another answer is chosen, or the till cancels"),
    ];
    let money = |minor: i64| sim.locale.money(&sim.currency, crate::money::Money::from_minor(minor));
    html! {
        div #now data-revision=(now.revision) {
            section .paper-side aria-label="Terminal" {
                div .drawer data-open=(now.screen != "Ready") { strong { (now.screen) } span { "what its customer sees" } }
                h2 { "Its own book" }
                @if now.book.is_empty() { p .hint { "No transaction yet." } }
                @for booked in now.book.iter().rev() {
                    p .facts {
                        (format!("{:?}", booked.kind)) " " strong { (money(i64::try_from(booked.amount).unwrap_or(i64::MAX))) }
                        " receipt " (booked.receipt) ", trace " (booked.trace)
                    }
                }
                p .facts { "Taken in all: " strong { (money(now.kept())) } ", days closed: " (now.days) }
            }
            section .switch-side aria-label="Switches" {
                @for (act, answer, text, hint) in answers {
                    button type="button" data-act=(act) aria-pressed=(now.answer == answer) { strong { (text) } span { (hint) } }
                }
                button type="button" data-act="offline" data-on=(if now.offline { "no" } else { "yes" }) aria-pressed=(now.offline) {
                    strong { "Cable out" } span { "the network plug is pulled" }
                }
                @for cut in Cut::ALL {
                    button type="button" data-act=(format!("cut-{cut:?}")) aria-pressed=(now.cut == Some(cut)) {
                        strong { "Cut the line once" } span { (cut_words(cut)) }
                    }
                }
                p .facts { @if now.connected { "The driver is connected." } @else { "Nobody is connected." } }
            }
        }
    }
}

async fn terminal_act(State(sim): Shared, Path(ws): Path<String>, Form(form): Form<Act>) -> StatusCode {
    let Some(terminal) = sim.counters.get(&ws).and_then(|counter| counter.terminal.as_ref()) else { return StatusCode::NOT_FOUND };
    match form.act.as_str() {
        "approve" => terminal.answer(Answer::Approve),
        "decline" => terminal.answer(Answer::Decline),
        "cancel" => terminal.answer(Answer::Cancel),
        "wait" => terminal.answer(Answer::Wait),
        "offline" => terminal.set_offline(form.on == "yes"),
        cut => match Cut::ALL.into_iter().find(|known| cut == format!("cut-{known:?}")) {
            Some(cut) => terminal.cut((terminal.snapshot().cut != Some(cut)).then_some(cut)),
            None => return StatusCode::BAD_REQUEST,
        },
    }
    StatusCode::NO_CONTENT
}

// ---- scale

/// Loads to put on with one tap, in grams.
const LOADS: [(&str, i64); 7] = [
    ("A lemon", 120),
    ("Three apples", 535),
    ("Bananas", 1_185),
    ("A bag of potatoes", 2_500),
    ("A white cabbage", 3_420),
    ("A crate", 18_000),
    ("Less than nothing", -40),
];

fn scale_of<'a>(sim: &'a Sim, ws: &str) -> Option<&'a SimScale> {
    sim.counters.get(ws).and_then(|counter| counter.scale.as_ref())
}

async fn scale_page(State(sim): Shared, Path(ws): Path<String>) -> Response {
    let Some(found) = scale_of(&sim, &ws) else { return StatusCode::NOT_FOUND.into_response() };
    let body = html! {
        (head(&sim, Some(&ws), &format!("Scale of counter {ws}")))
        main #scale data-poll=(format!("/sim/scale/{ws}/now")) data-act=(format!("/sim/scale/{ws}/act")) { (scale(&found.snapshot())) }
    };
    page(&sim, TITLE, body).into_response()
}

async fn scale_now(State(sim): Shared, Path(ws): Path<String>, Query(seen): Query<Seen>) -> Response {
    let Some(found) = scale_of(&sim, &ws) else { return StatusCode::NOT_FOUND.into_response() };
    let now = found.snapshot();
    if now.revision == seen.revision {
        return StatusCode::NO_CONTENT.into_response();
    }
    scale(&now).into_response()
}

fn scale(now: &ScaleSnapshot) -> Markup {
    let switch = |act: &str, on: bool, text: &str, hint: &str| {
        html! {
            button type="button" data-act=(act) data-on=(if on { "no" } else { "yes" }) aria-pressed=(on) { strong { (text) } span { (hint) } }
        }
    };
    html! {
        div #now data-revision=(now.revision) {
            section .paper-side aria-label="Pan" {
                div .drawer data-open=(now.grams != 0) {
                    strong { (now.grams) " g" }
                    span { @if now.grams == 0 { "The pan is empty." } @else { "lie on the pan" } }
                }
                @if now.grams != 0 { button type="button" .big data-act="put-0" { "Take everything off" } }
                p .facts { "Asked " (now.asked) " times so far. It bears 15 kg." }
            }
            section .switch-side aria-label="Loads and switches" {
                @for (text, grams) in LOADS {
                    button type="button" data-act=(format!("put-{grams}")) aria-pressed=(now.grams == grams) { strong { (text) } span { (grams) " g" } }
                }
                (switch("shake", now.shaken, "Somebody leans on it", "it never comes to rest"))
                (switch("silent", now.silent, "Switched off", "no answer comes"))
                (switch("garbled", now.garbled, "Wrong settings", "its answers cannot be read"))
            }
        }
    }
}

async fn scale_act(State(sim): Shared, Path(ws): Path<String>, Form(form): Form<Act>) -> StatusCode {
    let Some(found) = scale_of(&sim, &ws) else { return StatusCode::NOT_FOUND };
    let on = form.on == "yes";
    match (form.act.as_str(), form.act.strip_prefix("put-").and_then(|grams| grams.parse::<i64>().ok())) {
        (_, Some(grams)) if (-1_000..=20_000).contains(&grams) => found.put(grams),
        ("shake", _) => found.shake(on),
        ("silent", _) => found.set_silent(on),
        ("garbled", _) => found.set_garbled(on),
        _ => return StatusCode::BAD_REQUEST,
    }
    StatusCode::NO_CONTENT
}

// ---- scanner

async fn scanner_page(State(sim): Shared, Path(ws): Path<String>) -> Response {
    if !sim.counters.contains_key(&ws) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let body = html! {
        (head(&sim, Some(&ws), &format!("Scanner of counter {ws}")))
        main #scanner data-scan=(format!("/sim/scanner/{ws}")) data-goods=(format!("/sim/scanner/{ws}/goods")) {
            div .pad-tools {
                label for="filter" { "Find" }
                input #filter type="search" autocomplete="off" placeholder="milk, beer, apples …";
                label for="code" { "Any code" }
                input #code type="text" autocomplete="off" placeholder="4099…, ]C1…, a web address, nonsense";
                button type="button" #scan-code { "Scan it" }
                button type="button" data-code="4006381333931" { "A foreign article" }
                button type="button" data-code="4006381333932" { "A misread code" }
                @if let Some(code) = expired(&sim) { button type="button" data-code=(code) { "A pack past its date" } }
                button type="button" data-code=(recalled_pack()) { "A recalled pack" }
                @if let Some(code) = with_serial(&sim) { button type="button" data-code=(code) { "A thing with a serial number" } }
                button type="button" data-code="MEMBER-1001" { "A member's card" }
                button type="button" data-code="WELCOME5" { "Coupon: 5.00 off from 25.00" }
                button type="button" data-code="THANKS-1001" { "Coupon: 10 % once" }
                output #scanned aria-live="polite" {}
            }
            div #goods { (pad(&sim, "")) }
        }
    };
    page(&sim, TITLE, body).into_response()
}

/// A GS1 DataMatrix on a pack of fish: number, expiry date and batch.
fn expired(sim: &Sim) -> Option<String> {
    let pack = sim.goods.iter().find(|good| good.article.group == "Frozen/Fish")?;
    let gtin = pack.article.codes.iter().find_map(|code| match &code.key {
        CodeKey::Gtin(gtin) => Some(gtin.as_str().to_owned()),
        CodeKey::Text(_) => None,
    })?;
    Some(format!("]d201{gtin}1725013110L7"))
}

/// A GS1 DataMatrix on a toothbrush, of which each has its own number.
fn with_serial(sim: &Sim) -> Option<String> {
    let thing = sim.goods.iter().find(|good| good.article.name.contains("Toothbrush"))?;
    let gtin = thing.article.codes.iter().find_map(|code| match &code.key {
        CodeKey::Gtin(gtin) => Some(gtin.as_str().to_owned()),
        CodeKey::Text(_) => None,
    })?;
    Some(format!("]d201{gtin}10B26-11\u{1d}21TB-004711"))
}

#[derive(Deserialize)]
struct Find {
    #[serde(default)]
    q: String,
}

async fn scanner_goods(State(sim): Shared, Path(_): Path<String>, Query(find): Query<Find>) -> Markup {
    pad(&sim, &find.q)
}

/// The goods whose name has every word of `find`; without words a colourful selection.
fn pad(sim: &Sim, find: &str) -> Markup {
    let words: Vec<String> = find.split_whitespace().map(str::to_lowercase).collect();
    let fits = |good: &&Good| {
        let name = good.article.name.to_lowercase();
        words.iter().all(|word| name.contains(word.as_str()))
    };
    let step = if words.is_empty() { (sim.goods.len() / PAD_MAX).max(1) } else { 1 };
    let found = sim.goods.iter().filter(fits).step_by(step).take(PAD_MAX);
    html! {
        @for good in found {
            @let article = &good.article;
            @let code = code_of(good);
            button type="button" .good data-code=(code) {
                strong { (article.name) }
                span .price {
                    (sim.locale.money(&sim.currency, article.price.unwrap_or_default()))
                    @if article.unit == Unit::Kilogram { " /kg" }
                }
                code { (code) }
            }
        }
    }
}

/// What stands on the pack: the article's own number, or for weighed goods the label the scale has just printed.
fn code_of(good: &Good) -> String {
    let article = &good.article;
    match (article.unit, article.sku.as_str().parse::<u32>()) {
        (Unit::Kilogram, Ok(number)) => scale_label(number - 200_000, 250 + number * 37 % 1500).short().to_owned(),
        _ => article.codes.iter().find(|code| code.quantity == crate::money::Qty::ONE).map_or(String::new(), |code| match &code.key {
            CodeKey::Gtin(gtin) => gtin.short().to_owned(),
            CodeKey::Text(text) => text.clone(),
        }),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    code: String,
}

async fn scan(State(sim): Shared, Path(ws): Path<String>, Form(form): Form<Scan>) -> Response {
    let Some(counter) = sim.counters.get(&ws) else { return StatusCode::NOT_FOUND.into_response() };
    let code = form.code.replace("{GS}", "\u{1d}").replace('\u{241d}', "\u{1d}");
    let aim = if code.starts_with(']') { Aim::None } else { Aim::likely(&code) };
    match counter.scanner.scan(&code, aim) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("the driver does not read: {reason}")).into_response(),
    }
}

// ---- line

async fn line_page(State(sim): Shared) -> Markup {
    let whole = sim.line.is_whole();
    let body = html! {
        (head(&sim, None, "Line to head office"))
        main #line data-act="/sim/line" {
            div .drawer data-open=(!whole) {
                strong { @if whole { "The line is up" } @else { "The line is CUT" } }
                span {
                    @if whole { "Sales arrive at head office within a moment." }
                    @else { "The shop works on. What it sells waits on its own disk and arrives when the line is back." }
                }
                @if whole { button type="button" .big data-act="cut" { "Cut it" } }
                @else { button type="button" .big data-act="mend" { "Mend it" } }
            }
        }
    };
    page(&sim, TITLE, body)
}

async fn line_act(State(sim): Shared, Form(form): Form<Act>) -> StatusCode {
    match form.act.as_str() {
        "cut" => sim.line.set_whole(false),
        "mend" => sim.line.set_whole(true),
        _ => return StatusCode::BAD_REQUEST,
    }
    StatusCode::NO_CONTENT
}
