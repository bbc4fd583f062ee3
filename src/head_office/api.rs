//! The JSON API of head office: the pages' answers for programs. Reads, and the acts that a page offers as well.

use super::api_answers::IfMatch;
use super::db::{self, Connection};
use axum::Json;
use axum::extract::{Path as Named, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::days::{self, DayRow, ReportRow};
use super::leads;
use super::messages::outbox;
use super::office::HeadOffice;
use super::order_exceptions;
use super::orders::{self, PlacedOrder};
use super::paging::{self, Behind, BehindDay, Page, Rows, Start, WhichPage};
use super::queries::{self, ExceptionRow, IncidentRow, ROWS_MAX, SalesRow, TransactionFilter, TransactionRow};
use super::rights;
use super::{order_messages, order_returns};
use crate::ids::{NodeId, OrderNo, Sku, StoreId};
use crate::money::Qty;
use crate::retail::order::OrderLine;
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(sales))
        .routes(routes!(closed_days))
        .routes(routes!(days_csv))
        .routes(routes!(closed_day))
        .routes(routes!(transactions))
        .routes(routes!(incidents))
        .routes(routes!(close_incident))
        .routes(routes!(exceptions))
        .routes(routes!(replay_exception))
        .routes(routes!(order_list, place_order))
        .routes(routes!(order, change_order))
        .routes(routes!(cancel_order))
        .routes(routes!(order_exceptions))
        .routes(routes!(settle_order_exception))
        .routes(routes!(lead, name_lead))
        .routes(routes!(store_rights, want_rights))
        .routes(routes!(order_returns))
        .routes(routes!(close_order_return))
        .routes(routes!(order_messages))
        .routes(routes!(order_message_again))
        .routes(routes!(order_message_sent))
        .route("/healthz", get(health))
        .with_state(office)
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    public_key: String,
    epoch: u64,
}

async fn health(State(office): State<HeadOffice>) -> Result<Json<Health>, Problem> {
    let epoch = office.read(super::storage::epoch).await?;
    Ok(Json(Health { status: "ok", public_key: office.public_key().to_owned(), epoch }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct SalesQuery {
    store: Option<String>,
    day: Option<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct WhichDays {
    store: Option<String>,
    day: Option<String>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<BehindDay>,
    /// At most this many rows; 50 when left out, more than 200 are 200.
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/v1/sales", params(WhichDays), responses((status = OK, body = Page<SalesRow>)))]
async fn sales(State(office): State<HeadOffice>, Query(which): Query<WhichDays>) -> Result<Json<Page<SalesRow>>, Problem> {
    let limit = paging::limit(which.limit);
    let behind = which.cursor.unwrap_or_else(BehindDay::start);
    let rows = office
        .read(move |connection| queries::sales(connection, which.store.as_deref(), which.day.as_deref(), Rows { behind, limit }))
        .await?;
    let end = |row: &SalesRow| BehindDay { day: row.day.clone(), store: row.store.clone(), currency: row.currency.clone() }.to_string();
    Ok(Json(Page::of(rows, limit, end)))
}

/// Days that stores have closed, newest first.
#[utoipa::path(get, path = "/api/v1/days", params(WhichDays), responses((status = OK, body = Page<DayRow>)))]
async fn closed_days(State(office): State<HeadOffice>, Query(which): Query<WhichDays>) -> Result<Json<Page<DayRow>>, Problem> {
    let limit = paging::limit(which.limit);
    let behind = which.cursor.unwrap_or_else(BehindDay::start);
    let rows =
        office.read(move |connection| days::list(connection, which.store.as_deref(), which.day.as_deref(), Rows { behind, limit })).await?;
    let end = |row: &DayRow| BehindDay { day: row.day.clone(), store: row.store.clone(), currency: row.currency.clone() }.to_string();
    Ok(Json(Page::of(rows, limit, end)))
}

/// One day of a store, its reports as they were printed.
#[derive(Serialize, utoipa::ToSchema)]
struct ClosedDay {
    days: Vec<DayRow>,
    reports: Vec<ReportRow>,
}

#[utoipa::path(get, path = "/api/v1/days/{store}/{day}", params(("store" = String, Path), ("day" = String, Path)),
    responses((status = OK, body = ClosedDay)))]
async fn closed_day(State(office): State<HeadOffice>, Named((store, day)): Named<(String, String)>) -> Result<Json<ClosedDay>, Problem> {
    let papers = days::papers(office.config());
    let found = office.read(move |connection| {
        let rows = days::list(connection, Some(&store), Some(&day), ROWS_MAX)?;
        Ok(ClosedDay { days: rows, reports: days::reports(connection, &store, &day, &papers)? })
    });
    let found = found.await?;
    if found.days.is_empty() {
        let detail = "no report of this store and day has come to head office";
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_such_day", detail, "list the days at /api/v1/days"));
    }
    Ok(Json(found))
}

/// The same as a table, one row a report, oldest day first.
#[utoipa::path(get, path = "/api/v1/days.csv", params(SalesQuery), responses((status = OK, body = String, content_type = "text/csv")))]
async fn days_csv(State(office): State<HeadOffice>, Query(query): Query<SalesQuery>) -> Result<impl IntoResponse, Problem> {
    let papers = days::papers(office.config());
    let table = office.read(move |connection| {
        let rows = days::list(connection, query.store.as_deref(), query.day.as_deref(), ROWS_MAX)?;
        days::csv(connection, &rows, &papers)
    });
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"days.csv\"")];
    Ok((headers, table.await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct TransactionsQuery {
    store: Option<String>,
    day: Option<String>,
    number: Option<String>,
    cursor: Option<i64>,
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/v1/transactions", params(TransactionsQuery), responses((status = OK, body = Page<TransactionRow>)))]
async fn transactions(
    State(office): State<HeadOffice>,
    Query(query): Query<TransactionsQuery>,
) -> Result<Json<Page<TransactionRow>>, Problem> {
    let limit = paging::limit(query.limit);
    let filter = TransactionFilter { store: query.store, day: query.day, number: query.number, before: query.cursor, limit };
    let rows = office.read(move |connection| queries::transactions(connection, &filter)).await?;
    Ok(Json(Page::of(rows, limit, |row| row.cursor.to_string())))
}

#[utoipa::path(get, path = "/api/v1/incidents", params(WhichPage), responses((status = OK, body = Page<IncidentRow>)))]
async fn incidents(State(office): State<HeadOffice>, Query(which): Query<WhichPage>) -> Result<Json<Page<IncidentRow>>, Problem> {
    let limit = which.limit();
    let behind = which.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| queries::incidents(connection, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| Behind::row(row.closed_ms.is_some(), row.last_ms, row.id).to_string())))
}

#[utoipa::path(get, path = "/api/v1/exceptions", params(WhichPage), responses((status = OK, body = Page<ExceptionRow>)))]
async fn exceptions(State(office): State<HeadOffice>, Query(which): Query<WhichPage>) -> Result<Json<Page<ExceptionRow>>, Problem> {
    let limit = which.limit();
    let behind = which.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| queries::exceptions(connection, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| Behind::row(row.settled_ms.is_some(), 0, row.id).to_string())))
}

/// Idempotent: an incident that is closed already stays closed.
#[utoipa::path(post, path = "/api/v1/incidents/{id}/close", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn close_incident(State(office): State<HeadOffice>, Named(id): Named<i64>) -> Result<StatusCode, Problem> {
    office.write(move |writer, now_ms| writer.close_incident(id, now_ms)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, utoipa::ToSchema)]
struct Replayed {
    counted: bool,
    /// Why it still cannot be counted; empty when it was.
    reason: String,
}

#[utoipa::path(post, path = "/api/v1/exceptions/{id}/replay", params(("id" = i64, Path)), responses((status = OK, body = Replayed)))]
async fn replay_exception(State(office): State<HeadOffice>, Named(id): Named<i64>) -> Result<Json<Replayed>, Problem> {
    let outcome = office.write(move |writer, now_ms| writer.replay_exception(id, now_ms)).await?;
    match outcome {
        Some(Ok(())) => Ok(Json(Replayed { counted: true, reason: String::new() })),
        Some(Err(reason)) => Ok(Json(Replayed { counted: false, reason })),
        None => {
            let detail = format!("there is no open exception {id}");
            Err(Problem::new(StatusCode::NOT_FOUND, "no_such_exception", detail, "load the list again"))
        }
    }
}

#[utoipa::path(get, path = "/api/v1/orders", params(WhichPage), responses((status = OK, body = Page<orders::OrderRow>)))]
async fn order_list(State(office): State<HeadOffice>, Query(which): Query<WhichPage>) -> Result<Json<Page<orders::OrderRow>>, Problem> {
    let limit = which.limit();
    let behind = which.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| orders::list(connection, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| Behind::row(false, row.placed_ms, &row.order).to_string())))
}

/// Takes an order. Idempotent: placed again with the same content it is the same order.
#[utoipa::path(post, path = "/api/v1/orders", responses((status = OK, body = orders::Placed)))]
async fn place_order(State(office): State<HeadOffice>, Json(placed): Json<PlacedOrder>) -> Result<Json<orders::Placed>, Problem> {
    orders::place(&office, placed).await.map(Json)
}

/// Changes an order that is there. Whether it comes in time the store's record says.
#[utoipa::path(put, path = "/api/v1/orders/{order}", params(("order" = OrderNo, Path), IfMatch), responses((status = OK, body = orders::Placed)))]
async fn change_order(
    State(office): State<HeadOffice>,
    Named(order): Named<OrderNo>,
    seen: IfMatch,
    Json(placed): Json<PlacedOrder>,
) -> Result<Json<orders::Placed>, Problem> {
    if placed.order != order {
        let detail = format!("the address is of order {order}, the body of {}", placed.order);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "order_malformed", detail, "name the same order in both"));
    }
    seen.guards(move |connection| view(connection, &order), orders::change(&office, placed)).await.map(Json)
}

/// Idempotent. Whether it comes in time the store's record says.
#[utoipa::path(post, path = "/api/v1/orders/{order}/cancel", params(("order" = OrderNo, Path)),
    responses((status = OK, body = orders::Placed)))]
async fn cancel_order(State(office): State<HeadOffice>, Named(order): Named<OrderNo>) -> Result<Json<orders::Placed>, Problem> {
    orders::cancel(&office, order).await.map(Json)
}

#[derive(Serialize, utoipa::ToSchema)]
struct OrderView {
    #[serde(flatten)]
    row: orders::OrderRow,
    lines: Vec<OrderLine>,
    /// What the customer is sent; absent until the store's record says that it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<orders::CustomerCode>,
}

#[utoipa::path(get, path = "/api/v1/orders/{order}", params(("order" = OrderNo, Path)), responses((status = OK, body = OrderView)))]
async fn order(State(office): State<HeadOffice>, Named(order): Named<OrderNo>) -> Result<Json<OrderView>, Problem> {
    let found = office.read(move |connection| view(connection, &order)).await?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "order_unknown", "there is no order of this number", "check the number");
    found.map(Json).ok_or_else(unknown)
}

fn view(connection: &Connection, order: &OrderNo) -> db::Result<Option<OrderView>> {
    Ok(orders::find(connection, order)?.map(|(row, lines, code)| OrderView { row, lines, code }))
}

#[utoipa::path(get, path = "/api/v1/order-exceptions", params(WhichPage), responses((status = OK, body = Page<order_exceptions::OrderExceptionRow>)))]
async fn order_exceptions(
    State(office): State<HeadOffice>,
    Query(which): Query<WhichPage>,
) -> Result<Json<Page<order_exceptions::OrderExceptionRow>>, Problem> {
    let limit = which.limit();
    let behind = which.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| order_exceptions::list(connection, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| Behind::row(row.settled_ms.is_some(), row.opened_ms, row.id).to_string())))
}

/// Somebody has seen to it. Idempotent.
#[utoipa::path(post, path = "/api/v1/order-exceptions/{id}/settle", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn settle_order_exception(State(office): State<HeadOffice>, Named(id): Named<i64>) -> Result<StatusCode, Problem> {
    settle_order_row(&office, id).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub async fn settle_order_row(office: &HeadOffice, id: i64) -> Result<(), Problem> {
    let settled = office.write(move |writer, now_ms| Ok(order_exceptions::settle(writer.connection(), id, now_ms)?)).await?;
    let unknown = || {
        let detail = format!("there is no exception {id} of an order");
        Problem::new(StatusCode::NOT_FOUND, "no_such_exception", detail, "load the list again")
    };
    settled.then_some(()).ok_or_else(unknown)
}

/// Which node keeps a store's orders.
#[utoipa::path(get, path = "/api/v1/stores/{store}/lead", params(("store" = StoreId, Path)),
    responses((status = OK, body = leads::LeadRow)))]
async fn lead(State(office): State<HeadOffice>, Named(store): Named<StoreId>) -> Result<Json<leads::LeadRow>, Problem> {
    let found = office.read(move |connection| leads::current(connection, store.as_str())).await?;
    let nobody = || {
        let detail = "no node of this store has asked for orders yet";
        Problem::new(StatusCode::NOT_FOUND, "no_lead", detail, "the first node that calls becomes the lead, or PUT one here")
    };
    found.map(Json).ok_or_else(nobody)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct LeadAsked {
    node: NodeId,
}

/// Names another node, under the next epoch. The same node again is no error.
#[utoipa::path(put, path = "/api/v1/stores/{store}/lead", params(("store" = StoreId, Path), IfMatch),
    responses((status = OK, body = leads::LeadRow)))]
async fn name_lead(
    State(office): State<HeadOffice>,
    Named(store): Named<StoreId>,
    seen: IfMatch,
    Json(LeadAsked { node }): Json<LeadAsked>,
) -> Result<Json<leads::LeadRow>, Problem> {
    let of = store.clone();
    let now_stands = move |connection: &Connection| leads::current(connection, of.as_str());
    seen.guards(now_stands, name_lead_of(&office, store, node)).await.map(Json)
}

/// For the page as well.
pub async fn name_lead_of(office: &HeadOffice, store: StoreId, node: NodeId) -> Result<leads::LeadRow, Problem> {
    let (asked, named) = (store.clone(), node.clone());
    match office.write(move |writer, now_ms| Ok(leads::name(writer.connection(), &asked, &named, now_ms)?)).await? {
        Ok(lead) => Ok(lead),
        Err(leads::NotNamed::Already) => {
            let found = office.read(move |connection| leads::current(connection, store.as_str())).await?;
            found.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "no_lead", "the store has no lead", "ask again"))
        }
        Err(leads::NotNamed::UnknownNode) => {
            let detail = format!("no node {node} of store {store} has ever called");
            Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "node_unknown",
                detail,
                "start that node with a line first, or check its name",
            ))
        }
    }
}

/// What a store granted, and what became of it.
#[utoipa::path(get, path = "/api/v1/stores/{store}/rights", params(("store" = StoreId, Path), BySku), responses((status = OK, body = Page<rights::RightRow>)))]
async fn store_rights(
    State(office): State<HeadOffice>,
    Named(store): Named<StoreId>,
    Query(BySku { cursor, limit }): Query<BySku>,
) -> Result<Json<Page<rights::RightRow>>, Problem> {
    let (limit, behind) = (paging::limit(limit), cursor.unwrap_or_default());
    let rows = office.read(move |connection| rights::list(connection, store.as_str(), Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| row.sku.clone())))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct BySku {
    cursor: Option<String>,
    limit: Option<u32>,
}

/// Articles that may be asked for at once.
const RIGHTS_ROWS_MAX: u32 = 5_000;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RightsWanted {
    skus: Vec<Sku>,
}

/// Asks a store to grant rights of these articles, before the first order of them. Idempotent.
#[utoipa::path(post, path = "/api/v1/stores/{store}/rights", params(("store" = StoreId, Path)), responses((status = NO_CONTENT)))]
async fn want_rights(
    State(office): State<HeadOffice>,
    Named(store): Named<StoreId>,
    Json(RightsWanted { skus }): Json<RightsWanted>,
) -> Result<StatusCode, Problem> {
    if skus.len() > RIGHTS_ROWS_MAX as usize {
        let detail = format!("{} articles at once; {RIGHTS_ROWS_MAX} is the limit", skus.len());
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_articles", detail, "ask for those that are sold most"));
    }
    let wanted = office.write(move |writer, now_ms| {
        for sku in &skus {
            rights::note_demand(writer.connection(), &store, sku, Qty::ZERO, Qty::ZERO, now_ms)?;
        }
        Ok(rights::want(writer.connection(), writer.hold_rule(), &store, &skus.iter().collect::<Vec<_>>(), now_ms)?)
    });
    wanted.await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/api/v1/order-returns", params(WhichPage), responses((status = OK, body = Page<order_returns::ReturnRow>)))]
async fn order_returns(
    State(office): State<HeadOffice>,
    Query(which): Query<WhichPage>,
) -> Result<Json<Page<order_returns::ReturnRow>>, Problem> {
    let now_ms = office.now_ms();
    let limit = which.limit();
    let behind = which.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| order_returns::list(connection, now_ms, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| Behind::row(row.closed_ms.is_some(), row.opened_ms, &row.order).to_string())))
}

#[utoipa::path(post, path = "/api/v1/order-returns/{order}/close", params(("order" = OrderNo, Path)), responses((status = NO_CONTENT)))]
async fn close_order_return(State(office): State<HeadOffice>, Named(order): Named<OrderNo>) -> Result<StatusCode, Problem> {
    close_return(&office, order).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub async fn close_return(office: &HeadOffice, order: OrderNo) -> Result<(), Problem> {
    let detail = format!("order {order} has no return that can be closed");
    let closed = office.write(move |writer, now_ms| Ok(order_returns::close(writer.connection(), &order, now_ms)?)).await?;
    let none = || {
        Problem::new(StatusCode::NOT_FOUND, "no_such_return", detail, "within 90 seconds of a hand-over it may be taken back: wait for it")
    };
    closed.then_some(()).ok_or_else(none)
}

/// What customers are to be told now and were not told yet. For a connector, where head office sends nothing itself.
#[utoipa::path(get, path = "/api/v1/order-messages", params(WhichPage), responses((status = OK, body = Page<order_messages::MessageRow>)))]
async fn order_messages(
    State(office): State<HeadOffice>,
    Query(which): Query<WhichPage>,
) -> Result<Json<Page<order_messages::MessageRow>>, Problem> {
    let (now_ms, remind_ms) = (office.now_ms(), office.config().order_remind_ms);
    let limit = which.limit();
    let behind = which.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| order_messages::due(connection, now_ms, remind_ms, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| Behind::row(false, row.due_ms, row.id).to_string())))
}

/// A connector sent it. Idempotent.
#[utoipa::path(post, path = "/api/v1/order-messages/{id}/sent", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn order_message_sent(State(office): State<HeadOffice>, Named(id): Named<i64>) -> Result<StatusCode, Problem> {
    message_sent(&office, id).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub async fn message_sent(office: &HeadOffice, id: i64) -> Result<(), Problem> {
    let sent = office.write(move |writer, now_ms| Ok(order_messages::sent(writer.connection(), id, now_ms)?)).await?;
    let gone =
        || Problem::new(StatusCode::NOT_FOUND, "no_such_message", format!("there is no message {id} to send"), "ask for the list again");
    sent.then_some(()).ok_or_else(gone)
}

/// A person has it sent again, by every way that is configured.
#[utoipa::path(post, path = "/api/v1/order-messages/{id}/again", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn order_message_again(State(office): State<HeadOffice>, Named(id): Named<i64>) -> Result<StatusCode, Problem> {
    message_again(&office, id).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub async fn message_again(office: &HeadOffice, id: i64) -> Result<(), Problem> {
    let again = office.write(move |writer, now_ms| Ok(outbox::again(writer.connection(), id, now_ms)?)).await?;
    let not = || {
        let detail = format!("message {id} cannot be sent again: it is leaving just now, or it is not true any more, or there is none");
        Problem::new(StatusCode::CONFLICT, "message_not_again", detail, "look at the order again in a moment")
    };
    again.then_some(()).ok_or_else(not)
}
