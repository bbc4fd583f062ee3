//! Customer service for programs: the search, the story of an order, notes, issues, and what can be asked. The acts are the pages' as well.

use axum::Json;
use axum::extract::{Path as Named, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::{self, Via};
use super::api_answers::IfMatch;
use super::db::Connection;
use super::office::HeadOffice;
use super::office_events::OfficeEvent;
use super::order_notes::{self, IssueChange, IssueRow, NewIssue, NewNote, NotNoted, NoteRow, WHO_CHARS_MAX};
use super::orders;
use super::paging::{Behind, Page, Rows, Start, WhichPage};
use super::parts::{self, Part};
use super::queries::ROWS_MAX;
use super::service::{self, Asked, Found, Heard, NotAsked, Receipt};
use crate::ids::OrderNo;
use crate::money::Money;
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(timeline))
        .routes(routes!(notes, add_note))
        .routes(routes!(issues, open_issue))
        .routes(routes!(ask_return))
        .routes(routes!(ask_refund))
        .routes(routes!(open_issues))
        .routes(routes!(one_issue, change_issue))
        .with_state(office)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct Search {
    q: String,
    cursor: Option<String>,
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/v1/order-search", params(Search), responses((status = OK, body = Page<Found>)))]
async fn search(State(office): State<HeadOffice>, Query(Search { q, cursor, limit }): Query<Search>) -> Result<Json<Page<Found>>, Problem> {
    let limit = limit.unwrap_or(50).clamp(1, ROWS_MAX);
    let (rows, next) = office.read(move |connection| service::search(connection, &q, cursor.as_deref(), limit)).await?;
    Ok(Json(Page { rows, next }))
}

#[derive(Serialize, utoipa::ToSchema)]
struct Timeline {
    /// How new what is known of the store is.
    store: Heard,
    steps: Vec<OfficeEvent>,
    /// All parts of the channel's order; none: it is an order by itself.
    parts: Vec<Part>,
    receipts: Vec<Receipt>,
}

#[utoipa::path(get, path = "/api/v1/orders/{order}/timeline", params(("order" = OrderNo, Path)), responses((status = OK, body = Timeline)))]
async fn timeline(State(office): State<HeadOffice>, Named(order): Named<OrderNo>) -> Result<Json<Timeline>, Problem> {
    let story = office.read(move |connection| service::story(connection, &order)).await?.ok_or_else(unknown)?;
    Ok(Json(Timeline { store: story.heard, steps: story.steps, parts: story.parts, receipts: story.receipts }))
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "order_unknown", "there is no order of this number", "check the number")
}

#[utoipa::path(get, path = "/api/v1/orders/{order}/notes", params(("order" = OrderNo, Path)),
    responses((status = OK, body = Vec<NoteRow>)))]
async fn notes(State(office): State<HeadOffice>, Named(order): Named<OrderNo>) -> Result<Json<Vec<NoteRow>>, Problem> {
    let found = office.read(move |connection| {
        let known = orders::find(connection, &order)?.is_some() || parts::find(connection, &order)?.is_some();
        Ok(known.then_some(order_notes::of_order(connection, order.as_str())?))
    });
    found.await?.map(Json).ok_or_else(unknown)
}

#[utoipa::path(get, path = "/api/v1/orders/{order}/issues", params(("order" = OrderNo, Path)),
    responses((status = OK, body = Vec<IssueRow>)))]
async fn issues(State(office): State<HeadOffice>, Named(order): Named<OrderNo>) -> Result<Json<Vec<IssueRow>>, Problem> {
    let found = office.read(move |connection| {
        let known = orders::find(connection, &order)?.is_some() || parts::find(connection, &order)?.is_some();
        Ok(known.then_some(order_notes::issues_of(connection, order.as_str())?))
    });
    found.await?.map(Json).ok_or_else(unknown)
}

#[utoipa::path(get, path = "/api/v1/order-issues", params(WhichPage), responses((status = OK, body = Page<IssueRow>)))]
async fn open_issues(State(office): State<HeadOffice>, Query(which): Query<WhichPage>) -> Result<Json<Page<IssueRow>>, Problem> {
    let limit = which.limit();
    let behind = which.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| order_notes::open_issues(connection, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| Behind::row(row.due_ms.is_none(), row.due_ms.unwrap_or_default(), row.issue).to_string())))
}

/// Which note it became.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = WrittenNote)]
struct Written {
    id: i64,
}

#[utoipa::path(post, path = "/api/v1/orders/{order}/notes", params(("order" = OrderNo, Path)),
    responses((status = CREATED, body = Written)))]
async fn add_note(
    State(office): State<HeadOffice>,
    Named(order): Named<OrderNo>,
    Json(note): Json<NewNote>,
) -> Result<(StatusCode, Json<Written>), Problem> {
    write_note(&office, order, note).await.map(|id| (StatusCode::CREATED, Json(Written { id })))
}

/// Who signs what is written: whoever signed in, whatever name came along. A program says for whom it writes, and stands beside that.
pub(in crate::head_office) fn signed(typed: String) -> String {
    let Some(acting) = access::acting() else { return typed };
    let signed = match (acting.who.via, typed.trim()) {
        (Via::Console, _) => typed,
        (Via::Session, _) if acting.who.name == acting.who.who => acting.who.who.clone(),
        (Via::Session, _) => format!("{} ({})", acting.who.name, acting.who.who),
        (Via::Token, "") => acting.who.who.clone(),
        (Via::Token, typed) => format!("{typed} ({})", acting.who.who),
    };
    signed.chars().take(WHO_CHARS_MAX).collect()
}

/// For the page as well.
pub async fn write_note(office: &HeadOffice, order: OrderNo, note: NewNote) -> Result<i64, Problem> {
    let note = NewNote { who: signed(note.who), ..note };
    let done = office.write(move |writer, now_ms| Ok(order_notes::add(writer.connection(), order.as_str(), &note, now_ms)?));
    done.await?.map_err(not_noted)
}

#[utoipa::path(post, path = "/api/v1/orders/{order}/issues", params(("order" = OrderNo, Path)),
    responses((status = CREATED, body = Written)))]
async fn open_issue(
    State(office): State<HeadOffice>,
    Named(order): Named<OrderNo>,
    Json(issue): Json<NewIssue>,
) -> Result<(StatusCode, Json<Written>), Problem> {
    begin_issue(&office, order, issue).await.map(|id| (StatusCode::CREATED, Json(Written { id })))
}

/// For the page as well.
pub async fn begin_issue(office: &HeadOffice, order: OrderNo, issue: NewIssue) -> Result<i64, Problem> {
    let issue = NewIssue { who: signed(issue.who), ..issue };
    let done = office.write(move |writer, now_ms| Ok(order_notes::open(writer.connection(), order.as_str(), &issue, now_ms)?));
    done.await?.map_err(not_noted)
}

#[utoipa::path(get, path = "/api/v1/order-issues/{issue}", params(("issue" = i64, Path)), responses((status = OK, body = IssueRow)))]
async fn one_issue(State(office): State<HeadOffice>, Named(issue): Named<i64>) -> Result<Json<IssueRow>, Problem> {
    let found = office.read(move |connection| order_notes::issue(connection, issue)).await?;
    found.map(Json).ok_or_else(|| not_noted(NotNoted::NoIssue))
}

#[utoipa::path(put, path = "/api/v1/order-issues/{issue}", params(("issue" = i64, Path), IfMatch), responses((status = OK, body = IssueRow)))]
async fn change_issue(
    State(office): State<HeadOffice>,
    Named(issue): Named<i64>,
    seen: IfMatch,
    Json(change): Json<IssueChange>,
) -> Result<Json<IssueRow>, Problem> {
    let now_stands = move |connection: &Connection| order_notes::issue(connection, issue);
    seen.guards(now_stands, move_issue(&office, issue, change)).await.map(Json)
}

/// For the page as well.
pub async fn move_issue(office: &HeadOffice, issue: i64, change: IssueChange) -> Result<IssueRow, Problem> {
    let change = IssueChange { who: signed(change.who), ..change };
    let done = office.write(move |writer, now_ms| Ok(order_notes::change(writer.connection(), issue, &change, now_ms)?));
    done.await?.map_err(not_noted)
}

fn not_noted(why: NotNoted) -> Problem {
    match why {
        NotNoted::NoOrder => unknown(),
        NotNoted::NoIssue => {
            Problem::new(StatusCode::NOT_FOUND, "no_such_issue", "there is no issue of this number", "load the list again")
        }
        NotNoted::NotReplaceable => Problem::new(
            StatusCode::CONFLICT,
            "note_not_replaceable",
            "the note is of another order, or of an issue, or another one stands in its place already",
            "load the order again and correct the note that stands now",
        ),
        NotNoted::TooMany => {
            let detail = "the order has as many notes as anybody can read";
            Problem::new(StatusCode::CONFLICT, "too_many_notes", detail, "solve its issues, and write down elsewhere what else there is")
        }
        NotNoted::Malformed(detail) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "note_malformed", detail, "mend what is named and send it again")
        }
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::head_office) struct ReturnAsked {
    #[serde(default)]
    pub who: String,
    pub reason: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::head_office) struct RefundAsked {
    #[serde(default)]
    pub who: String,
    pub reason: String,
    /// Minor units of the chain's currency.
    pub amount: Money,
}

#[utoipa::path(post, path = "/api/v1/orders/{order}/return", params(("order" = OrderNo, Path)), responses((status = NO_CONTENT)))]
async fn ask_return(
    State(office): State<HeadOffice>,
    Named(order): Named<OrderNo>,
    Json(ReturnAsked { who, reason }): Json<ReturnAsked>,
) -> Result<StatusCode, Problem> {
    ask(&office, order, Asked::Return, who, reason).await.map(|()| StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/v1/orders/{order}/refund", params(("order" = OrderNo, Path)), responses((status = NO_CONTENT)))]
async fn ask_refund(
    State(office): State<HeadOffice>,
    Named(order): Named<OrderNo>,
    Json(RefundAsked { who, reason, amount }): Json<RefundAsked>,
) -> Result<StatusCode, Problem> {
    ask(&office, order, Asked::Refund(amount), who, reason).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub async fn ask(office: &HeadOffice, order: OrderNo, asked: Asked, who: String, reason: String) -> Result<(), Problem> {
    let currency = office.config().currency.clone();
    let why = NewNote { who: signed(who), text: reason, replaces: None };
    let done = office.write(move |writer, now_ms| Ok(service::ask(writer.connection(), &order, asked, &why, &currency, now_ms)?));
    done.await?.map_err(|why| match why {
        NotAsked::Note(NotNoted::Malformed(detail)) => {
            let remedy = format!("say who you are (up to {WHO_CHARS_MAX} characters) and why");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "note_malformed", detail, remedy)
        }
        NotAsked::Note(why) => not_noted(why),
        NotAsked::NotHandedOver => Problem::new(
            StatusCode::CONFLICT,
            "not_handed_over",
            "neither the store's record nor a place says that the customer has anything of it",
            "cancel the order instead; or wait until the store's record has come here",
        ),
        NotAsked::Amount => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "refund_amount",
            "the amount to be refunded is nothing, or more than anybody pays back at once",
            "write an amount such as 12.90",
        ),
    })
}
