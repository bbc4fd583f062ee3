//! Who is posted what happened, how far each is, and what can be done about it.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, Tab, visible};
use super::{ROWS_PER_PAGE, frame};
use crate::head_office::events_api::{self, Made};
use crate::head_office::office::HeadOffice;
use crate::head_office::office_events::{self, OfficeEvent};
use crate::head_office::subscriptions::{self, Act, Subscription};
use crate::web::problem::Problem;

pub fn routes() -> Router<HeadOffice> {
    Router::new()
        .route("/feeds", get(list_page).post(subscribe))
        .route("/feeds/{id}/pause", post(pause))
        .route("/feeds/{id}/resume", post(resume))
        .route("/feeds/{id}/replay", post(replay))
        .route("/feeds/{id}/end", post(end))
}

async fn list_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    whole(&office, None).await
}

async fn whole(office: &HeadOffice, made: Option<&Made>) -> Result<Markup, Problem> {
    let frame = frame(office, Tab::Feeds).await?;
    let facts = office.read(|connection| {
        let newest = office_events::newest(connection)?;
        let tail = office_events::after(connection, newest.saturating_sub(u64::from(ROWS_PER_PAGE)), &[], ROWS_PER_PAGE)?;
        Ok((subscriptions::list(connection)?, tail.rows))
    });
    let (rows, tail) = facts.await?;
    Ok(page(&frame, &rows, &tail, made))
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    url: String,
    #[serde(default)]
    kinds: String,
}

/// The secret is in this answer and nowhere else, so it is no redirect and kept by nobody.
async fn subscribe(State(office): State<HeadOffice>, Form(Wanted { name, url, kinds }): Form<Wanted>) -> Result<Response, Problem> {
    let made = events_api::make(&office, name, url, events_api::kinds_of(&kinds)).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], whole(&office, Some(&made)).await?).into_response())
}

async fn pause(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<Redirect, Problem> {
    events_api::act(&office, id, Act::Pause).await.map(|()| Redirect::to("/feeds"))
}

async fn resume(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<Redirect, Problem> {
    events_api::act(&office, id, Act::Resume).await.map(|()| Redirect::to("/feeds"))
}

#[derive(Deserialize)]
struct From {
    after: u64,
}

async fn replay(State(office): State<HeadOffice>, Path(id): Path<i64>, Form(From { after }): Form<From>) -> Result<Redirect, Problem> {
    events_api::act(&office, id, Act::Replay(after)).await.map(|()| Redirect::to("/feeds"))
}

async fn end(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<Redirect, Problem> {
    events_api::act(&office, id, Act::End).await.map(|()| Redirect::to("/feeds"))
}

fn page(frame: &Frame, rows: &[Subscription], tail: &[OfficeEvent], made: Option<&Made>) -> Markup {
    let tools = html! {
        @if let Some(made) = made {
            div .made {
                p { "The secret of the new webhook. It is shown this once; the receiver checks each signature with it." }
                pre { (made.secret) }
            }
        }
        form .tools method="post" action="/feeds" autocomplete="off" {
            label { "Name " input name="name" size="14" maxlength="60" required; }
            label { "Address " input type="url" name="url" size="30" required placeholder="https://shop.example/events"; }
            label { "Kinds " input name="kinds" size="22" placeholder="all, or order.* return.*"; }
            button { "Post it there" }
        }
    };
    let body = html! {
        p .note { "What happens is posted to each of these in order, signed, again and again until it is taken; or fetched at " code { "/api/v1/events?after=" } "." }
        @if rows.is_empty() { p .empty { "Nobody is posted anything." } } @else {
            table .wide {
                thead { tr { th { "Name" } th { "Address" } th { "Kinds" } th { "State" } th .n { "To come" } th { "Last" } th {} } }
                tbody { @for row in rows { (subscription(frame, row)) } }
            }
        }
        section #log {
            h2 { "What happened last" }
            @if tail.is_empty() { p .empty { "Nothing yet." } } @else {
                table .wide {
                    thead { tr { th .n { "Number" } th { "Kind" } th { "Store" } th { "Order" } th .n { "When" } } }
                    tbody {
                        @for event in tail.iter().rev() {
                            tr {
                                td .n data-label="Number" { (event.id) }
                                td data-label="Kind" { code { (event.kind) } }
                                td data-label="Store" { (visible(&event.store)) }
                                td data-label="Order" { @if !event.order.is_empty() { a href=(format!("/service/{}", event.order)) { code { (event.order) } } } }
                                td .n data-label="When" { span title=(frame.time(event.at_ms)) { (frame.ago(event.at_ms)) } }
                            }
                        }
                    }
                }
            }
        }
    };
    frame.page("Feeds out", tools, body)
}

fn subscription(frame: &Frame, row: &Subscription) -> Markup {
    html! {
        tr id=(format!("feed-{}", row.id)) {
            td data-label="Name" { strong { (visible(&row.name)) } }
            td data-label="Address" { (visible(&row.url)) }
            td data-label="Kinds" { @if row.kinds.is_empty() { span .dim { "all" } } @else { (row.kinds.join(" ")) } }
            td data-label="State" {
                @match row.state.as_str() {
                    "active" if row.failing_since_ms.is_some() => span .state.warn { "⚠ trying again" },
                    "active" => span .state.good { "active" },
                    "dead" => span .state.bad { "⚠ given up" },
                    other => span .tag { (other) },
                }
            }
            td .n data-label="To come" { (frame.count(row.behind)) }
            td data-label="Last" {
                @match row.last_ms {
                    Some(at) => { span title=(frame.time(at)) { (frame.ago(at)) } @if !row.detail.is_empty() { ": " (visible(&row.detail)) } },
                    None => span .dim { "nothing yet" },
                }
                @if let Some(since) = row.failing_since_ms { div .dim { "in vain since " (frame.time(since)) ", next try " @if row.next_ms > frame.now_ms { (frame.time(row.next_ms)) } @else { "now" } } }
            }
            td {
                span .acts {
                    @if row.state == "active" { form method="post" action=(format!("/feeds/{}/pause", row.id)) { button { "Pause" } } }
                    @else { form method="post" action=(format!("/feeds/{}/resume", row.id)) { button { "Resume" } } }
                    details id=(format!("more-{}", row.id)) {
                        summary .button { "More" }
                        form .tools method="post" action=(format!("/feeds/{}/replay", row.id)) {
                            label { "Again from behind event " input name="after" inputmode="numeric" pattern="[0-9]{1,16}" size="8" required value=(row.cursor); }
                            button { "Replay" }
                        }
                        form .tools method="post" action=(format!("/feeds/{}/end", row.id)) { button { "End it for good" } }
                    }
                }
            }
        }
    }
}
