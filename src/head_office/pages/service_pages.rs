//! The addresses of customer service.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::Markup;
use serde::Deserialize;

use super::frame::Tab;
use super::service::{self, Act, AskForm, Facts, Forms, IssueForm, NoteForm};
use super::{ROWS_PER_PAGE, filled, frame, orders};
use crate::head_office::office::HeadOffice;
use crate::head_office::queries::ROWS_MAX;
use crate::head_office::service::{self as story, Asked, Story};
use crate::head_office::{order_notes, service_api};
use crate::ids::OrderNo;
use crate::web::problem::Problem;

pub fn routes() -> Router<HeadOffice> {
    Router::new()
        .route("/service", get(search_page))
        .route("/service/issues/{issue}", get(ask_issue).post(change_issue))
        .route("/service/{order}", get(story_page))
        .route("/service/{order}/notes", post(write_note))
        .route("/service/{order}/issues", post(open_issue))
        .route("/service/{order}/cancel", get(ask_cancel).post(cancel))
        .route("/service/{order}/return", get(ask_return).post(ask_back))
        .route("/service/{order}/refund", get(ask_refund).post(refund))
        .route("/service/{order}/again/{message}", get(ask_again).post(send_again))
}

#[derive(Deserialize)]
struct Search {
    q: Option<String>,
    cursor: Option<String>,
}

async fn search_page(State(office): State<HeadOffice>, Query(Search { q, cursor }): Query<Search>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Service).await?;
    let asked = filled(q).unwrap_or_default();
    let facts = office.read(move |connection| {
        let (found, next) = story::search(connection, &asked, cursor.as_deref(), ROWS_PER_PAGE)?;
        Ok(Facts { asked, found, next, issues: order_notes::open_issues(connection, ROWS_MAX)? })
    });
    Ok(service::page(&frame, &facts.await?))
}

async fn story_of(office: &HeadOffice, order: &str) -> Result<Option<Story>, Problem> {
    let Ok(order) = order.parse::<OrderNo>() else { return Ok(None) };
    Ok(office.read(move |connection| story::story(connection, &order)).await?)
}

async fn none(office: &HeadOffice) -> Result<Response, Problem> {
    let frame = frame(office, Tab::Service).await?;
    Ok((StatusCode::NOT_FOUND, frame.message("No such order", "Head office has no order of this number.")).into_response())
}

#[derive(Deserialize)]
struct Typed {
    replaces: Option<i64>,
}

async fn story_page(
    State(office): State<HeadOffice>,
    Path(order): Path<String>,
    Query(Typed { replaces }): Query<Typed>,
) -> Result<Response, Problem> {
    let Some(found) = story_of(&office, &order).await? else { return none(&office).await };
    let Ok(number) = order.parse::<OrderNo>() else { return none(&office).await };
    let told = office.read(move |connection| orders::told_of(connection, &number)).await?;
    let replaced = replaces.and_then(|id| found.notes.iter().find(|note| note.id == id && note.issue.is_none()));
    let forms = Forms { replaces: replaced.map(|note| (note.id, note.text.clone())) };
    let frame = frame(&office, Tab::Service).await?;
    Ok(service::story(&frame, &found, &told, &forms).into_response())
}

async fn write_note(State(office): State<HeadOffice>, Path(order): Path<OrderNo>, Form(form): Form<NoteForm>) -> Result<Redirect, Problem> {
    let address = format!("/service/{order}#notes");
    service_api::write_note(&office, order, form.note()).await?;
    Ok(Redirect::to(&address))
}

async fn open_issue(
    State(office): State<HeadOffice>,
    Path(order): Path<OrderNo>,
    Form(form): Form<IssueForm>,
) -> Result<Redirect, Problem> {
    let address = format!("/service/{order}#issues");
    let issue = form.issue(&office.config().time_zone);
    service_api::begin_issue(&office, order, issue).await?;
    Ok(Redirect::to(&address))
}

async fn ask_issue(State(office): State<HeadOffice>, Path(issue): Path<i64>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Service).await?;
    let found = office.read(move |connection| order_notes::issue(connection, issue)).await?;
    Ok(match found {
        Some(issue) => service::issue_question(&frame, &issue).into_response(),
        None => (StatusCode::NOT_FOUND, frame.message("No such issue", "There is no issue of this number.")).into_response(),
    })
}

async fn change_issue(State(office): State<HeadOffice>, Path(issue): Path<i64>, Form(form): Form<IssueForm>) -> Result<Redirect, Problem> {
    let change = form.change(&office.config().time_zone);
    let row = service_api::move_issue(&office, issue, change).await?;
    Ok(Redirect::to(&format!("/service/{}#issue-{issue}", row.order)))
}

async fn ask_cancel(State(office): State<HeadOffice>, Path(order): Path<String>) -> Result<Response, Problem> {
    ask(office, &order, Act::Cancel).await
}

async fn ask_return(State(office): State<HeadOffice>, Path(order): Path<String>) -> Result<Response, Problem> {
    ask(office, &order, Act::Return).await
}

async fn ask_refund(State(office): State<HeadOffice>, Path(order): Path<String>) -> Result<Response, Problem> {
    ask(office, &order, Act::Refund).await
}

async fn ask(office: HeadOffice, order: &str, act: Act) -> Result<Response, Problem> {
    let Some(found) = story_of(&office, order).await? else { return none(&office).await };
    let frame = frame(&office, Tab::Service).await?;
    Ok(service::question(&frame, &found, act).into_response())
}

async fn cancel(State(office): State<HeadOffice>, Path(order): Path<OrderNo>) -> Result<Redirect, Problem> {
    let address = format!("/service/{order}");
    crate::head_office::orders::cancel(&office, order).await?;
    Ok(Redirect::to(&address))
}

async fn ask_back(State(office): State<HeadOffice>, Path(order): Path<OrderNo>, Form(form): Form<AskForm>) -> Result<Redirect, Problem> {
    let address = format!("/service/{order}");
    service_api::ask(&office, order, Asked::Return, form.who, form.reason).await?;
    Ok(Redirect::to(&address))
}

async fn refund(State(office): State<HeadOffice>, Path(order): Path<OrderNo>, Form(form): Form<AskForm>) -> Result<Redirect, Problem> {
    let address = format!("/service/{order}");
    let amount = form.amount(&office.config().currency).unwrap_or_default();
    service_api::ask(&office, order, Asked::Refund(amount), form.who, form.reason).await?;
    Ok(Redirect::to(&address))
}

async fn ask_again(State(office): State<HeadOffice>, Path((order, message)): Path<(OrderNo, i64)>) -> Result<Response, Problem> {
    let asked = order.clone();
    let told = office.read(move |connection| orders::told_of(connection, &asked)).await?;
    let frame = frame(&office, Tab::Service).await?;
    Ok(match told.iter().find(|(row, _)| row.id == message) {
        Some((row, sendings)) => {
            let ways: Vec<String> = sendings.iter().map(|sending| sending.way.clone()).collect();
            service::again_question(&frame, order.as_str(), message, &row.kind, &ways).into_response()
        }
        None => {
            (StatusCode::NOT_FOUND, frame.message("No such message", "It is not true any more, or there never was one.")).into_response()
        }
    })
}

async fn send_again(State(office): State<HeadOffice>, Path((order, message)): Path<(OrderNo, i64)>) -> Result<Redirect, Problem> {
    crate::head_office::api::message_again(&office, message).await?;
    Ok(Redirect::to(&format!("/service/{order}#told")))
}
