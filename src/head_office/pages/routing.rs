//! Routing: an order is tried and explained, the rules stand in sentences with a way to change them, and what nobody serves yet is listed.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, Tab, encoded, visible};
use super::{ROWS_PER_PAGE, frame};
use crate::head_office::db::{self, Connection};
use crate::head_office::office::HeadOffice;
use crate::head_office::places::{self, Place};
use crate::head_office::routing::api::{self, OrderName};
use crate::head_office::routing::book::{self, NotKept, Version};
use crate::head_office::routing::engine::{Considered, Offer, Plan, RouteTried, Verdict};
use crate::head_office::routing::glue::{self, Waiting};
use crate::head_office::routing::rules::{self, Fault, Rules};
use crate::head_office::routing::steps::{self, Step};
use crate::head_office::routing::trial::{Trial, Tried};
use crate::head_office::routing::words;
use crate::web::problem::Problem;

/// Places of a route that are shown at once; the rest is folded.
const PLACES_SHOWN: usize = 12;
/// What is folded beyond that.
const PLACES_FOLDED: usize = 500;
const VERSIONS_SHOWN: u32 = 20;

pub fn routes() -> Router<HeadOffice> {
    Router::new()
        .route("/routing", get(page).post(change))
        .route("/routing/versions/{version}", get(version_page))
        .route("/routing/order", get(order_page))
        .route("/routing/again", post(again))
}

struct Facts {
    version: Version,
    draft: Option<Version>,
    versions: Vec<Version>,
    /// What is wrong with the rules in force by now: places that went.
    faults: Vec<Fault>,
    places: Vec<Place>,
    waiting: Vec<Waiting>,
}

fn facts(connection: &Connection) -> db::Result<Facts> {
    let version = book::newest(connection)?;
    let faults = rules::check(&version.document, &book::known(connection)?).err().unwrap_or_default();
    Ok(Facts {
        draft: book::draft(connection)?,
        versions: book::list(connection, VERSIONS_SHOWN)?,
        places: places::all(connection)?,
        waiting: glue::waiting(connection, ROWS_PER_PAGE)?,
        faults,
        version,
    })
}

async fn page(State(office): State<HeadOffice>, Query(trial): Query<Trial>) -> Result<Markup, Problem> {
    whole(&office, trial, None).await
}

/// What was typed and could not be kept, and why.
struct Unkept {
    document: String,
    why: Vec<String>,
}

async fn whole(office: &HeadOffice, trial: Trial, unkept: Option<Unkept>) -> Result<Markup, Problem> {
    let frame = frame(office, Tab::Orders).await?;
    let (facts, now_ms, asked) = (office.read(facts).await?, office.now_ms(), trial.clone());
    let tried = match trial.is_empty() {
        true => None,
        false => Some(office.read(move |connection| asked.run(connection, now_ms)).await?),
    };
    let body = html! {
        @if let Some(tried) = &tried { section #answer { (answer(tried)) } }
        @if !facts.waiting.is_empty() { (waiting(&frame, &facts.waiting)) }
        section #rules { (in_sentences(&frame, &facts)) }
    };
    Ok(frame.page_with_forms("Routing", try_form(&trial, &facts), body, rules_form(&frame, &facts, unkept.as_ref())))
}

fn try_form(trial: &Trial, facts: &Facts) -> Markup {
    let way = if trial.way.is_empty() { "ship" } else { trial.way.as_str() };
    html! {
        form .tools .paper #try method="get" action="/routing" autocomplete="off" {
            strong { "Try an order" }
            label { "Articles " input name="articles" size="24" required placeholder="tea 2, oat 1" value=(trial.articles); }
            label { "Delivery "
                select name="way" {
                    @for (value, text) in [("ship", "shipped to an address"), ("collect", "collected in a store"), ("ship_to_place", "shipped to a store or pick-up point")] {
                        option value=(value) selected[value == way] { (text) }
                    }
                }
            }
            label { "Store or place " input name="place" list="places" size="12" value=(trial.place); }
            datalist #places { @for place in &facts.places { option value=(place.place.as_str()) { (visible(&place.name)) } } }
            label { "Country " input name="country" size="3" maxlength="2" value=(trial.country); }
            label { "Postcode " input name="postcode" size="6" value=(trial.postcode); }
            label { "Position " input name="position" size="13" placeholder="53.55, 10.0" value=(trial.position) title="latitude and longitude of the address"; }
            label { "Channel " input name="channel" size="7" value=(trial.channel); }
            label { "Promised in " input name="days" size="2" inputmode="numeric" value=(if trial.days.is_empty() { "2" } else { &trial.days }); " days" }
            label { "Split "
                select name="split" {
                    option value="yes" selected[trial.wants_split()] { "if it must be" }
                    option value="no" selected[!trial.wants_split()] { "never" }
                }
            }
            label { "In part "
                select name="partial" {
                    option value="no" selected[!trial.wants_part()] { "all or nothing" }
                    option value="yes" selected[trial.wants_part()] { "what there is" }
                }
            }
            @if facts.draft.is_some() {
                label { "By "
                    select name="rules" {
                        option value="" selected[trial.rules.is_empty()] { "the rules in force" }
                        option value="draft" selected[trial.rules == "draft"] { "the draft" }
                    }
                }
            }
            button .primary { "Try" }
        }
    }
}

fn answer(tried: &Result<Tried, String>) -> Markup {
    let tried = match tried {
        Ok(tried) => tried,
        Err(why) => return html! { div .faults role="alert" { p { (visible(why)) "." } } },
    };
    let names = Names::of(&tried.places);
    html! {
        h2 { "Where it would go" }
        (verdict(&tried.plan, &names, |line| tried.ask.lines.iter().find(|of| of.line == line).map(|of| of.sku.clone()).unwrap_or_default()))
        @for (index, step) in tried.plan.steps.iter().enumerate() { (route(step, index, tried, &names)) }
    }
}

/// Places by id.
struct Names<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Names<'a> {
    fn of(places: &'a [Place]) -> Names<'a> {
        Names(places.iter().map(|place| (place.place.as_str(), place.name.as_str())).collect())
    }

    fn show(&self, place: &str) -> Markup {
        let name = self.0.get(place).copied().filter(|name| !name.is_empty());
        html! { @if let Some(name) = name { strong { (visible(name)) } " " } code { (visible(place)) } }
    }
}

fn verdict(plan: &Plan, names: &Names<'_>, sku_of: impl Fn(u32) -> String) -> Markup {
    let units = |lines: &[(u32, i64)]| {
        lines.iter().map(|(line, quantity)| format!("{} × {}", words::quantity(*quantity), sku_of(*line))).collect::<Vec<_>>().join(", ")
    };
    html! {
        @if plan.parts.is_empty() {
            p .card.plain { strong { "Nowhere: it would wait. " } "The tables below say what stands against each place." }
        } @else {
            table .wide #parts {
                thead { tr { th { "Place" } th { "What it gets" } th { "" } } }
                tbody {
                    @for part in &plan.parts {
                        tr {
                            td data-label="Place" { (names.show(&part.place)) }
                            td data-label="What it gets" { (visible(&units(&part.lines))) }
                            td {
                                @if part.asks_store { span .state.warn { "the store has to say" } " " }
                                @if part.is_late { span .state.warn { "late" } }
                            }
                        }
                    }
                    @if !plan.missing.is_empty() {
                        tr { td { span .state.bad { "nobody" } } td { (visible(&units(&plan.missing))) } td { "waits" } }
                    }
                }
            }
        }
    }
}

fn route(step: &RouteTried, index: usize, tried: &Tried, names: &Names<'_>) -> Markup {
    let what = match (step.late, step.in_part) {
        (false, false) => "all of it, in time",
        (true, false) => "all of it, also late",
        (false, true) => "a part of it, in time",
        (true, true) => "a part of it, also late",
    };
    let rest = step.places.get(PLACES_SHOWN..).unwrap_or_default();
    html! {
        section id=(format!("step-{index}")) {
            h3 {
                "Route “" (visible(&step.route)) "”: " (what) ", in up to " (super::frame::counted(&step.parts_max.to_string(), "part")) ": "
                @if step.found { span .state.good { "found" } } @else { span .state.warn { "nobody" } }
            }
            (places_table(step.places.iter().take(PLACES_SHOWN), tried, names))
            @if !rest.is_empty() {
                details .behind id=(format!("rest-{index}")) {
                    summary { (rest.len()) " more places" }
                    (places_table(rest.iter().take(PLACES_FOLDED), tried, names))
                    @if rest.len() > PLACES_FOLDED { p .note { (rest.len() - PLACES_FOLDED) " more are in the answer of " code { "/api/v1/routing/try" } "." } }
                }
            }
        }
    }
}

fn places_table<'a>(places: impl Iterator<Item = &'a Considered>, tried: &Tried, names: &Names<'_>) -> Markup {
    html! {
        table .wide {
            thead { tr { th { "Place" } th { "" } th { "Has" } th { "Ready" } th .n { "Points" } th { "Why" } } }
            tbody {
                @for of in places {
                    tr {
                        td data-label="Place" { (names.show(&of.place)) }
                        @match &of.verdict {
                            Verdict::Kept(offer) => { (kept(offer, of, tried)) }
                            Verdict::Dropped(against) => {
                                td { span .tag { "dropped" } }
                                td {} td {} td {}
                                td data-label="Why" { (visible(&against.iter().map(words::dropped).collect::<Vec<_>>().join("; "))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn kept(offer: &Offer, of: &Considered, tried: &Tried) -> Markup {
    let has: Vec<String> = offer
        .covers
        .iter()
        .zip(&tried.ask.lines)
        .map(|(has, line)| format!("{} of {} {}", words::quantity(*has), words::quantity(line.quantity), line.sku))
        .collect();
    let summands: Vec<String> = offer.summands.iter().map(|of| format!("{} for {}", signed(of.points), words::summand(&of.of))).collect();
    let is_chosen = tried.plan.parts.iter().any(|part| part.place == of.place);
    html! {
        td { @if is_chosen { span .state.good { "serves it" } } @else { span .tag { "could" } } }
        td data-label="Has" { (visible(&has.join(", "))) }
        td data-label="Ready" { (words::day(offer.ready)) @if offer.is_late { " " span .state.warn { "late" } } }
        td .n data-label="Points" { strong { (offer.points) } }
        td data-label="Why" {
            (visible(&summands.join(", ")))
            @if summands.is_empty() { span .dim { "nothing counts against it" } }
            @if !of.closed_lines.is_empty() {
                "; not for line " (of.closed_lines.iter().map(u32::to_string).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn signed(points: i64) -> String {
    if points < 0 { format!("−{}", points.unsigned_abs()) } else { points.to_string() }
}

fn waiting(frame: &Frame, rows: &[Waiting]) -> Markup {
    html! {
        section #waiting {
            h2 { "Orders that nobody serves yet" }
            table .wide {
                thead { tr { th { "Order" } th { "State" } th { "Why" } th .n { "Since" } th {} } }
                tbody {
                    @for row in rows {
                        tr {
                            td data-label="Order" {
                                a href=(format!("/routing/order?channel={}&number={}", encoded(&row.channel), encoded(&row.number))) { code { (visible(&row.number)) } }
                                " " span .dim { (visible(&row.channel)) }
                            }
                            td data-label="State" {
                                @if row.state == "waiting" { span .state.warn { "waits" } } @else { span .state.bad { "⚠ given up" } }
                            }
                            td data-label="Why" { (visible(&row.why)) }
                            td .n data-label="Since" { span title=(frame.time(row.since_ms)) { (frame.ago(row.since_ms)) } }
                            td {
                                form method="post" action="/routing/again" {
                                    input type="hidden" name="channel" value=(row.channel);
                                    input type="hidden" name="number" value=(row.number);
                                    button { "Try again now" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn in_sentences(frame: &Frame, facts: &Facts) -> Markup {
    html! {
        h2 {
            "The rules in force"
            span .more .dim {
                @match facts.version.version {
                    0 => { "nobody has written any: these are as delivered" },
                    version => { "version " (version) " by " (visible(&facts.version.who)) ", " (frame.time(facts.version.made_ms)) }
                }
            }
        }
        @if !facts.faults.is_empty() {
            div .faults role="alert" {
                strong { "They do not fit any more what is there:" }
                ul { @for fault in &facts.faults { li { (visible(&fault.to_string())) "." } } }
            }
        }
        (sentences(&book::meant(&facts.version.document)))
    }
}

fn sentences(rules: &Rules) -> Markup {
    let words = words::sentences(rules);
    let list = |title: &str, rows: &[(String, String)]| {
        html! {
            @if !rows.is_empty() {
                h3 { (title) }
                dl .facts { @for (name, text) in rows { dt { "“" (visible(name)) "”" } dd { (visible(text)) } } }
            }
        }
    };
    html! {
        div .prose {
            @for sentence in &words.general { p { (sentence) } }
            (list("Routes, in this order", &words.routes))
            (list("Rules", &words.rules))
            (list("Groups of places", &words.groups))
        }
    }
}

fn rules_form(frame: &Frame, facts: &Facts, unkept: Option<&Unkept>) -> Markup {
    let shown = facts.draft.as_ref().unwrap_or(&facts.version);
    let document = unkept.map_or(shown.document.as_str(), |unkept| unkept.document.as_str());
    html! {
        section #change {
            h2 { "Change the rules" }
            @if let Some(unkept) = unkept {
                div .faults role="alert" {
                    strong { "Nothing was kept. Mend this and send it again:" }
                    ul { @for why in &unkept.why { li { (visible(why)) "." } } }
                }
            }
            @if let Some(draft) = facts.draft.as_ref().filter(|_| unkept.is_none()) {
                p .note { "A draft by " (visible(&draft.who)) ", " (frame.time(draft.made_ms)) ". It does not count until it is put in force; orders can be tried by it above." }
            }
            form method="post" action="/routing" autocomplete="off" {
                input type="hidden" name="over" value=(facts.version.version);
                textarea .document name="document" rows=(document.lines().count().clamp(12, 40)) spellcheck="false" aria-label="The rules" { (document) }
                div .tools {
                    button name="act" value="draft" { "Keep as a draft" }
                    button .primary name="act" value="keep" { "Put in force" }
                    @if facts.draft.is_some() { button name="act" value="drop" { "Drop the draft" } }
                }
            }
        }
        @if !facts.versions.is_empty() {
            section #versions {
                h2 { "Versions" }
                table .wide {
                    thead { tr { th .n { "Version" } th { "By" } th { "When" } } }
                    tbody {
                        @for version in &facts.versions {
                            tr {
                                td .n data-label="Version" { a href=(format!("/routing/versions/{}", version.version)) { (version.version) } }
                                td data-label="By" { (visible(&version.who)) }
                                td data-label="When" { (frame.time(version.made_ms)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct Change {
    document: String,
    over: u64,
    act: String,
}

/// What cannot be kept comes back as it was typed, with every fault.
async fn change(State(office): State<HeadOffice>, Form(Change { document, over, act }): Form<Change>) -> Result<Response, Problem> {
    // As a browser sends what was typed.
    let document = document.replace("\r\n", "\n");
    let (text, who) = (document.clone(), api::who());
    let kept = match act.as_str() {
        "keep" => api::keep(&office, text, Some(over)).await?.map(drop),
        "draft" => office.write(move |writer, now_ms| Ok(book::keep_draft(writer.connection(), &text, &who, now_ms)?)).await?,
        _ => office.write(|writer, _| Ok(book::drop_draft(writer.connection())?)).await.map(Ok)?,
    };
    let why = match kept {
        Ok(()) => return Ok(Redirect::to(if act == "draft" { "/routing#change" } else { "/routing#rules" }).into_response()),
        Err(NotKept::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
        Err(NotKept::Newer(version)) => {
            vec![format!("somebody put version {version} in force meanwhile: read it below, and bring your change into it")]
        }
    };
    let page = whole(&office, Trial::default(), Some(Unkept { document, why })).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn version_page(State(office): State<HeadOffice>, Path(version): Path<u64>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let Some(found) = office.read(move |connection| book::find(connection, version)).await? else {
        return Ok((StatusCode::NOT_FOUND, frame.message("No such version", "It was never kept, or is too old.")).into_response());
    };
    let tools = html! { a .button href="/routing" { "Routing" } };
    let body = html! {
        p .note { "By " (visible(&found.who)) ", " (frame.time(found.made_ms)) }
        (sentences(&book::meant(&found.document)))
    };
    let forms = html! {
        form method="post" action="/routing" {
            input type="hidden" name="over" value="0";
            textarea .document name="document" rows=(found.document.lines().count().clamp(12, 40)) readonly aria-label="The rules" { (found.document) }
            div .tools { button name="act" value="draft" { "Make it the draft" } }
        }
    };
    Ok(frame.page_with_forms(&format!("Rules of routing, version {version}"), tools, body, forms).into_response())
}

async fn order_page(State(office): State<HeadOffice>, Query(name): Query<OrderName>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let asked = name.clone();
    let steps = office.read(move |connection| steps::of_order(connection, &asked.channel, &asked.number)).await?;
    let body = html! {
        @if steps.is_empty() { p .empty { "No order of this channel and number was ever routed." } }
        @for (index, step) in steps.iter().enumerate() { (kept_step(&frame, step, index)) }
    };
    let tools = html! { a .button href="/routing" { "Routing" } };
    Ok(frame.page(&format!("Why order {} went where it went", visible(&name.number)), tools, body))
}

/// As it was kept: words, not figures to reckon with.
fn kept_step(frame: &Frame, step: &Step, index: usize) -> Markup {
    let rows = |value: &serde_json::Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &serde_json::Value, key: &str| rows(value, key).iter().map(text).collect::<Vec<_>>().join("; ");
    let went: Vec<String> = rows(&step.plan, "parts").iter().map(|part| text(&part["place"])).collect();
    html! {
        section id=(format!("time-{index}")) {
            h2 {
                (frame.time(step.at_ms)) ", attempt " (step.attempt) ": "
                @if went.is_empty() { "nobody" } @else { (visible(&went.join(", "))) }
                span .more .dim { @if step.rules == 0 { "by the rules as delivered" } @else { "by version " (step.rules) } }
            }
            @for route in rows(&step.plan, "steps") {
                h3 { "Route “" (visible(&text(&route["route"]))) "”" @if route["late"] == true { ", also late" } @if route["in_part"] == true { ", in part" } }
                table .wide {
                    thead { tr { th { "Place" } th .n { "Points" } th { "Why" } } }
                    tbody {
                        @for place in rows(&route, "places") {
                            tr {
                                td data-label="Place" { code { (visible(&text(&place["place"]))) } }
                                td .n data-label="Points" { @if place["kept"] == true { (place["points"].as_i64().unwrap_or_default()) } @else { span .tag { "dropped" } } }
                                td data-label="Why" {
                                    (visible(&texts(&place, "why")))
                                    @for of in rows(&place, "summands") { (of["points"].as_i64().unwrap_or_default()) " for " (visible(&text(&of["of"]))) ". " }
                                }
                            }
                        }
                    }
                }
                @if route["more_places"].as_u64().unwrap_or_default() > 0 { p .note { "and " (route["more_places"].as_u64().unwrap_or_default()) " more places" } }
            }
        }
    }
}

async fn again(State(office): State<HeadOffice>, Form(name): Form<OrderName>) -> Result<Redirect, Problem> {
    api::route_again(&office, name).await.map(|()| Redirect::to("/routing#waiting"))
}
