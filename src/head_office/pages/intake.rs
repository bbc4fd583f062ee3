//! What channels sent and could not be taken, one by one to repair; and the channels with their mapping, to be tried out.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, Tab, encoded, visible};
use super::service::who;
use super::{ROWS_PER_PAGE, frame, order_desk};
use crate::head_office::intake::api;
use crate::head_office::intake::channels::{self, Channel, Settings};
use crate::head_office::intake::errors::{self, ErrorRow};
use crate::head_office::intake::trial::{self, Sample, Trial};
use crate::head_office::office::HeadOffice;
use crate::ids::ChannelId;
use crate::web::problem::Problem;

pub fn routes() -> Router<HeadOffice> {
    Router::new()
        .route("/intake/errors", get(errors_page))
        .route("/intake/errors/{id}", get(error_page))
        .route("/intake/errors/{id}/replay", post(replay))
        .route("/intake/errors/{id}/dismiss", post(dismiss))
        .route("/intake/channels", get(channels_page).post(make_channel))
        .route("/intake/channels/{channel}", get(channel_page).post(change_channel))
        .merge(order_desk::routes())
}

async fn errors_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let rows = office.read(|connection| errors::list(connection, ROWS_PER_PAGE)).await?;
    let body = html! {
        p .note { "What channels sent and could not be taken. It waits here until it is repaired and tried again, or dismissed; when the channel sends the order again and it is taken, it goes by itself." }
        @if rows.is_empty() { p .empty { "Everything that came was taken." } } @else {
            @for row in &rows { (card(&frame, row)) }
        }
    };
    Ok(frame.page("Orders that were not taken", tools(), body))
}

/// From one page of intake to the others.
pub fn tools() -> Markup {
    html! {
        div .tools {
            a .button href="/orders" { "Orders" }
            a .button href="/intake/order" { "Enter an order" }
            a .button href="/intake/errors" { "Not taken" }
            a .button href="/intake/channels" { "Channels" }
        }
    }
}

fn heading(frame: &Frame, row: &ErrorRow) -> Markup {
    html! {
        p {
            span .tag.warn[row.settled_ms.is_none()] { (row.kind.replace('_', " ")) } " "
            @if row.number.is_empty() { span .dim { "no number" } } @else { code { (visible(&row.number)) } }
            " of " strong { (visible(&row.channel)) } @if !row.store.is_empty() { " for " (visible(&row.store)) } " "
            span .dim title=(frame.time(row.opened_ms)) { (frame.ago(row.opened_ms)) ", " (visible(&row.source)) @if row.times > 1 { ", " (frame.count(row.times)) " times" } }
        }
    }
}

fn card(frame: &Frame, row: &ErrorRow) -> Markup {
    html! {
        article .card.closed[row.settled_ms.is_some()] id=(format!("error-{}", row.id)) {
            div {
                (heading(frame, row))
                p { (visible(&row.reason)) }
                @if let Some(at) = row.settled_ms { p .dim { (row.settled_how) " " (frame.ago(at)) @if !row.settled_by.is_empty() { " by " (visible(&row.settled_by)) } @if !row.settled_why.is_empty() { ": " (visible(&row.settled_why)) } } }
            }
            a .button href=(format!("/intake/errors/{}", row.id)) { @if row.settled_ms.is_none() { "Repair" } @else { "Look" } }
        }
    }
}

async fn error_page(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let Some(row) = office.read(move |connection| errors::find(connection, id)).await? else {
        return Ok(
            (axum::http::StatusCode::NOT_FOUND, frame.message("No such error", "It was taken away, or never there.")).into_response()
        );
    };
    Ok(one(&frame, &row, None).into_response())
}

/// `answer`: what became of what was just tried.
fn one(frame: &Frame, row: &ErrorRow, answer: Option<&str>) -> Markup {
    let is_open = row.settled_ms.is_none();
    let base = format!("/intake/errors/{}", row.id);
    let body = html! {
        div .paper {
            (heading(frame, row))
            p .strong { (visible(&row.reason)) }
            @if let Some(at) = row.settled_ms { p .dim { (row.settled_how) " " (frame.time(at)) " " (visible(&row.settled_by)) " " (visible(&row.settled_why)) } }
        }
    };
    let forms = html! {
        @if let Some(answer) = answer { div .faults role="alert" { p { "Still not taken: " (visible(answer)) } } }
        div .columns.even {
            section {
                h2 { @if row.came.is_empty() { "As it came" } @else { "As it was repaired" } }
                @if is_open {
                    form method="post" action=(format!("{base}/replay")) autocomplete="off" {
                        textarea .text name="text" rows="18" spellcheck="false" aria-label="The order as text" { (pretty(&row.text)) }
                        (who())
                        p .acts {
                            button .primary name="act" value="again" { "Try again" }
                            @if row.kind == "doubled" { button name="act" value="change" { "Take it as a change" } }
                        }
                    }
                } @else { pre .text { (pretty(&row.text)) } }
            }
            section {
                @if !row.stands.is_empty() { h2 { "What was taken, and stands" } pre .text { (pretty(&row.stands)) } }
                @if !row.came.is_empty() { h2 { "As it came" } pre .text { (pretty(&row.came)) } }
                @if is_open {
                    h2 { "Or it is not to be taken" }
                    form .paper method="post" action=(format!("{base}/dismiss")) autocomplete="off" {
                        (who())
                        label .field { "Why" input name="reason" required maxlength="300"; }
                        button { "Dismiss it" }
                    }
                }
            }
        }
    };
    frame.page_with_forms(
        &format!("Not taken: {}", if row.number.is_empty() { "an order without a number" } else { &row.number }),
        tools(),
        body,
        forms,
    )
}

/// JSON is easier to repair when it stands in lines.
fn pretty(text: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.to_owned())
}

#[derive(Deserialize)]
struct Again {
    text: String,
    #[serde(default)]
    act: String,
    #[serde(default)]
    who: String,
}

async fn replay(
    State(office): State<HeadOffice>,
    Path(id): Path<i64>,
    Form(Again { text, act, who }): Form<Again>,
) -> Result<Response, Problem> {
    // What was only set in lines for the page is as it came.
    let shown = office.read(move |connection| errors::find(connection, id)).await?;
    let typed = text.replace("\r\n", "\n");
    let text = Some(typed).filter(|typed| shown.as_ref().is_none_or(|row| pretty(&row.text).trim() != typed.trim()));
    match api::replay(&office, id, text, act == "change", who).await? {
        Ok(receipt) => {
            let to = receipt.order.map_or_else(|| "/intake/errors".to_owned(), |order| format!("/orders/{order}"));
            Ok(Redirect::to(&to).into_response())
        }
        Err(refused) => {
            let frame = frame(&office, Tab::Orders).await?;
            let row = office.read(move |connection| errors::find(connection, id)).await?;
            Ok(row.map_or_else(
                || Redirect::to("/intake/errors").into_response(),
                |row| one(&frame, &row, Some(&refused.reason())).into_response(),
            ))
        }
    }
}

#[derive(Deserialize)]
struct Dismissed {
    reason: String,
    #[serde(default)]
    who: String,
}

async fn dismiss(
    State(office): State<HeadOffice>,
    Path(id): Path<i64>,
    Form(Dismissed { reason, who }): Form<Dismissed>,
) -> Result<Redirect, Problem> {
    api::dismiss(&office, id, &reason, who).await.map(|()| Redirect::to("/intake/errors"))
}

async fn channels_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let rows = office.read(channels::list).await?;
    let body = html! {
        p .note { "Where orders come from. Each has an address, " code { "/api/v1/channels/NAME/orders/NUMBER" } ", and a folder for files, " code { "drop/NAME/in" } "." }
        @if rows.is_empty() { p .empty { "There is no channel yet. Make one below; the order desk makes its own." } } @else {
            table .wide {
                thead { tr { th { "Channel" } th { "Name" } th { "Its names for things" } th { "May sell from" } th .n { "Promised after" } } }
                tbody {
                    @for row in &rows {
                        tr {
                            td data-label="Channel" { a href=(format!("/intake/channels/{}", row.channel)) { code { (row.channel) } } }
                            td data-label="Name" { (visible(&row.settings.name)) }
                            td data-label="Its names for things" {
                                @match (&row.settings.mapping, &row.settings.csv_mapping) {
                                    (None, None) => span .dim { "ours" },
                                    (Some(_), None) => "JSON mapped",
                                    (None, Some(_)) => "CSV mapped",
                                    (Some(_), Some(_)) => "JSON and CSV mapped",
                                }
                            }
                            td data-label="May sell from" { @if row.settings.stores.is_empty() { span .dim { "everywhere" } } @else { (row.settings.stores.iter().map(|store| store.as_str()).collect::<Vec<_>>().join(", ")) } }
                            td .n data-label="Promised after" { (row.settings.promise_minutes) " min" }
                        }
                    }
                }
            }
        }
    };
    let forms = html! {
        h2 { "A new channel" }
        form .tools method="post" action="/intake/channels" autocomplete="off" {
            label { "Channel " input name="channel" size="14" required pattern="[A-Za-z0-9_\\-]{1,32}" placeholder="web"; }
            label { "Name " input name="name" size="24" required maxlength="60" placeholder="Web shop"; }
            button { "Make it" }
        }
    };
    Ok(frame.page_with_forms("Channels", tools(), body, forms))
}

#[derive(Deserialize)]
struct NewChannel {
    channel: String,
    name: String,
}

async fn make_channel(State(office): State<HeadOffice>, Form(NewChannel { channel, name }): Form<NewChannel>) -> Result<Redirect, Problem> {
    let bad = |why: crate::ids::BadId| {
        Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "channel_malformed", why.to_string(), "choose another name")
    };
    let channel = ChannelId::new(channel.trim()).map_err(bad)?;
    let asked = channel.clone();
    let known = office.read(move |connection| channels::find(connection, &asked)).await?;
    let address = format!("/intake/channels/{channel}");
    // One that is there keeps its mapping.
    let settings = known.map_or_else(|| Settings::named(name.trim()), |known| Settings { name: name.trim().to_owned(), ..known.settings });
    api::set_channel(&office, channel, settings).await.map(|()| Redirect::to(&address))
}

async fn channel_page(State(office): State<HeadOffice>, Path(channel): Path<ChannelId>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let channel = api::channel_of(&office, channel).await?;
    let typed = Typed { settings: serde_json::to_string_pretty(&channel.settings).unwrap_or_default(), ..Typed::default() };
    Ok(mapping_page(&frame, &channel.channel, &typed, &[]))
}

#[derive(Default, Deserialize)]
struct Typed {
    settings: String,
    #[serde(default)]
    sample: String,
    #[serde(default)]
    act: String,
}

/// Tried or kept; what is wrong comes back as it was typed.
async fn change_channel(
    State(office): State<HeadOffice>,
    Path(channel): Path<ChannelId>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let wrong = |why: String| {
        let trial = Trial { faults: vec![why], ..Trial::default() };
        mapping_page(&frame, &channel, &typed, std::slice::from_ref(&trial)).into_response()
    };
    let settings: Settings = match serde_json::from_str(&typed.settings) {
        Ok(settings) => settings,
        Err(why) => return Ok(wrong(format!("the settings cannot be read: {why}"))),
    };
    if typed.act == "keep" {
        return Ok(match api::set_channel(&office, channel.clone(), settings).await {
            Ok(()) => Redirect::to("/intake/channels").into_response(),
            Err(problem) if problem.status == 422 => wrong(problem.detail),
            Err(problem) => return Err(problem),
        });
    }
    let is_json = typed.sample.trim_start().starts_with(['{', '[']);
    let sample = if is_json { Sample::Json(typed.sample.clone()) } else { Sample::Csv(typed.sample.clone().into_bytes()) };
    let trials = trial::run(&office, Channel { channel: channel.clone(), settings }, sample).await?;
    Ok(mapping_page(&frame, &channel, &typed, &trials).into_response())
}

fn mapping_page(frame: &Frame, channel: &ChannelId, typed: &Typed, trials: &[Trial]) -> Markup {
    let forms = html! {
        form method="post" action=(format!("/intake/channels/{}", encoded(channel.as_str()))) autocomplete="off" {
            div .columns.even {
                section {
                    h2 { "Settings and mapping" }
                    textarea .text name="settings" rows="20" spellcheck="false" aria-label="Settings and mapping" required { (typed.settings) }
                }
                section {
                    h2 { "A sample of what it sends" }
                    textarea .text name="sample" rows="20" spellcheck="false" aria-label="Sample" placeholder="One order as JSON, or a CSV file with the names of its columns" { (typed.sample) }
                }
            }
            p .acts { button name="act" value="try" { "Try it with the sample" } button .primary name="act" value="keep" { "Keep these settings" } }
        }
        @for trial in trials { (tried(trial)) }
    };
    frame.page_with_forms(
        &format!("Channel {channel}"),
        tools(),
        html! { p .note { "docs/CHANNELS.md explains each field. Trying changes nothing." } },
        forms,
    )
}

fn tried(trial: &Trial) -> Markup {
    html! {
        section .trial {
            @if trial.faults.is_empty() {
                h2 { "It would be taken" @if !trial.refused.is_empty() { " without " (trial.refused.len()) " lines" } }
            } @else {
                div .faults role="alert" { p { "It would not be taken:" } ul { @for fault in &trial.faults { li { (visible(fault)) } } } }
            }
            @if !trial.refused.is_empty() { ul { @for line in &trial.refused { li { "line " (line.line) ": " (visible(&line.reason)) } } } }
            @if !trial.took.is_empty() {
                table .wide {
                    thead { tr { th { "Our field" } th { "Taken from" } th { "There it says" } th { "Here it is" } } }
                    tbody { @for took in &trial.took { tr { td { code { (took.to) } } td { (visible(&took.from)) } td { (visible(&took.value)) } td { (visible(&took.became)) } } } }
                }
            }
            @if let Some(order) = &trial.order { pre .text { (serde_json::to_string_pretty(order).unwrap_or_default()) } }
        }
    }
}
