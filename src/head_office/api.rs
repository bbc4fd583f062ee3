//! The JSON API of head office: the pages' answers for programs. Reads, and the acts that a page offers as well.

use super::access;
use super::access::rights::{REGION_RULE, is_region};
use super::api_answers::IfMatch;
use super::db::{self, Connection, OptionalExtension, params};
use axum::Json;
use axum::extract::{Path as Named, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::days::{self, DayRow, ReportRow};
use super::feeds::{PublishError, Published};
use super::leads;
use super::messages::outbox;
use super::office::HeadOffice;
use super::order_exceptions;
use super::orders::{self, PlacedOrder};
use super::people::{self, Checked, Draft, PeopleError};
use super::queries::{self, ExceptionRow, IncidentRow, ROWS_MAX, SalesRow, StoreRow, TransactionFilter, TransactionRow};
use super::storage::Folders;
use super::writer::WriteError;
use super::{order_messages, order_returns};
use super::{recalls, rights};
use crate::ids::{NodeId, OrderNo, Sku, StoreId};
use crate::money::Qty;
use crate::retail::order::OrderLine;
use crate::retail::recalls::Recall;
use crate::time::{ClockQuality, Stamp};
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(stores))
        .routes(routes!(one_store, name_store))
        .routes(routes!(sales))
        .routes(routes!(closed_days))
        .routes(routes!(days_csv))
        .routes(routes!(closed_day))
        .routes(routes!(transactions))
        .routes(routes!(incidents))
        .routes(routes!(close_incident))
        .routes(routes!(exceptions))
        .routes(routes!(replay_exception))
        .routes(routes!(staff))
        .routes(routes!(one_person, put_staff))
        .routes(routes!(recalls))
        .routes(routes!(one_recall, put_recall, remove_recall))
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

#[utoipa::path(get, path = "/api/v1/staff", responses((status = OK, body = Vec<people::PersonRow>)))]
async fn staff(State(office): State<HeadOffice>) -> Result<Json<Vec<people::PersonRow>>, Problem> {
    Ok(Json(office.read(people::list).await?))
}

#[utoipa::path(get, path = "/api/v1/staff/{id}", params(("id" = String, Path)), responses((status = OK, body = people::PersonRow)))]
async fn one_person(State(office): State<HeadOffice>, Named(id): Named<String>) -> Result<Json<people::PersonRow>, Problem> {
    let nobody = || Problem::new(StatusCode::NOT_FOUND, "no_such_person", "there is nobody of this id", "list them at /api/v1/staff");
    office.read(move |connection| find_person(connection, &id)).await?.map(Json).ok_or_else(nobody)
}

fn find_person(connection: &Connection, id: &str) -> db::Result<Option<people::PersonRow>> {
    Ok(people::list(connection)?.into_iter().find(|person| person.id == id))
}

/// Adds or changes a person; absent fields stay as they are. Idempotent.
#[utoipa::path(put, path = "/api/v1/staff/{id}", params(("id" = String, Path), IfMatch), responses((status = NO_CONTENT)))]
async fn put_staff(
    State(office): State<HeadOffice>,
    Named(id): Named<String>,
    seen: IfMatch,
    Json(draft): Json<Draft>,
) -> Result<StatusCode, Problem> {
    let of = id.clone();
    let now_stands = move |connection: &Connection| find_person(connection, &of);
    seen.guards(now_stands, store_person(&office, id, draft)).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well. The PIN is hashed on a thread that may block, before the writer is asked.
pub async fn store_person(office: &HeadOffice, id: String, draft: Draft) -> Result<(), Problem> {
    let wrong =
        |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "person_malformed", why, "mend what is named and send it again");
    let checked = tokio::task::spawn_blocking(move || Checked::new(&id, draft)).await;
    let checked = checked.map_err(|panic| wrong(panic.to_string()))?.map_err(|faults| wrong(faults.join("; ")))?;
    let folders = office.folders().clone();
    let done = office.write(move |writer, now_ms| {
        let now = Stamp { ms: now_ms, quality: ClockQuality::Unverified };
        match people::put(writer.connection(), &folders, vec![checked], now) {
            Ok(_) => Ok(None),
            Err(PeopleError::Publish(PublishError::Database(error))) => Err(error.into()),
            // Nothing was written before these.
            Err(PeopleError::Draft(why)) => Ok(Some(why)),
            Err(PeopleError::Publish(error)) => {
                tracing::error!(%error, "a staff list could not be published");
                Err(WriteError::NotCommitted)
            }
        }
    });
    match done.await? {
        None => Ok(()),
        Some(why) => Err(wrong(why)),
    }
}

#[utoipa::path(get, path = "/api/v1/recalls", responses((status = OK, body = Vec<Recall>)))]
async fn recalls(State(office): State<HeadOffice>) -> Result<Json<Vec<Recall>>, Problem> {
    Ok(Json(office.read(recalls::list).await?))
}

#[utoipa::path(get, path = "/api/v1/recalls/{id}", params(("id" = String, Path)), responses((status = OK, body = Recall)))]
async fn one_recall(State(office): State<HeadOffice>, Named(id): Named<String>) -> Result<Json<Recall>, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "no_such_recall", "there is no recall of this id", "list them at /api/v1/recalls");
    office.read(move |connection| find_recall(connection, &id)).await?.map(Json).ok_or_else(none)
}

fn find_recall(connection: &Connection, id: &str) -> db::Result<Option<Recall>> {
    Ok(recalls::list(connection)?.into_iter().find(|recall| recall.id == id))
}

/// Adds or changes a product recall; shops refuse the goods once they have fetched the list. Idempotent.
#[utoipa::path(put, path = "/api/v1/recalls/{id}", params(("id" = String, Path), IfMatch), responses((status = NO_CONTENT)))]
async fn put_recall(
    State(office): State<HeadOffice>,
    Named(id): Named<String>,
    seen: IfMatch,
    Json(draft): Json<recalls::Draft>,
) -> Result<StatusCode, Problem> {
    let recall = recalls::check(&id, &draft).map_err(|faults| {
        let detail = faults.join("; ");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "recall_malformed", detail, "mend what is named and send it again")
    })?;
    let change = change_recalls(&office, move |connection, folders, now| recalls::put(connection, folders, recall, now));
    seen.guards(move |connection| find_recall(connection, &id), change).await
}

/// Ends a recall. Idempotent.
#[utoipa::path(delete, path = "/api/v1/recalls/{id}", params(("id" = String, Path)), responses((status = NO_CONTENT)))]
async fn remove_recall(State(office): State<HeadOffice>, Named(id): Named<String>) -> Result<StatusCode, Problem> {
    change_recalls(&office, move |connection, folders, now| recalls::remove(connection, folders, &id, now)).await
}

pub async fn change_recalls(
    office: &HeadOffice,
    change: impl FnOnce(&Connection, &Folders, Stamp) -> Result<Published, PublishError> + Send + 'static,
) -> Result<StatusCode, Problem> {
    let folders = office.folders().clone();
    let done = office.write(move |writer, now_ms| {
        let now = Stamp { ms: now_ms, quality: ClockQuality::Unverified };
        match change(writer.connection(), &folders, now) {
            Ok(_) => Ok(None),
            Err(PublishError::Database(error)) => Err(error.into()),
            // Nothing was written before this one.
            Err(PublishError::Source(why)) => Ok(Some(why)),
            Err(error) => {
                tracing::error!(%error, "the recalls could not be published");
                Err(WriteError::NotCommitted)
            }
        }
    });
    match done.await? {
        None => Ok(StatusCode::NO_CONTENT),
        Some(why) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "recall_too_large",
            why,
            "make several recalls of it and send them one by one",
        )),
    }
}

/// A page of a list, and where the next one begins.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Page<T> {
    pub rows: Vec<T>,
    /// `None`: that was all.
    pub next: Option<String>,
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

#[utoipa::path(get, path = "/api/v1/stores", responses((status = OK, body = Vec<StoreRow>)))]
async fn stores(State(office): State<HeadOffice>) -> Result<Json<Vec<StoreRow>>, Problem> {
    let now_ms = office.now_ms();
    Ok(Json(office.read(move |connection| queries::stores(connection, now_ms)).await?))
}

/// Longest name of a store, in characters.
const STORE_NAME_CHARS_MAX: usize = 80;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct StoreName {
    name: String,
    /// Left out: as it is. Empty: in none.
    region: Option<String>,
}

/// What people say of a store; how it stands is in the list.
#[derive(Serialize, utoipa::ToSchema)]
struct NamedStore {
    store: StoreId,
    name: String,
    /// Empty: in none.
    region: String,
}

#[utoipa::path(get, path = "/api/v1/stores/{store}", params(("store" = StoreId, Path)), responses((status = OK, body = NamedStore)))]
async fn one_store(State(office): State<HeadOffice>, Named(store): Named<StoreId>) -> Result<Json<NamedStore>, Problem> {
    office.read(move |connection| find_store(connection, &store)).await?.map(Json).ok_or_else(no_store)
}

fn find_store(connection: &Connection, store: &StoreId) -> db::Result<Option<NamedStore>> {
    let read = |row: &db::Row<'_>| Ok(NamedStore { store: store.clone(), name: row.get(0)?, region: row.get(1)? });
    let mut statement = connection.prepare_cached("SELECT name, coalesce(region, '') FROM stores WHERE store = ?1")?;
    statement.query_row([store.as_str()], read).optional()
}

fn no_store() -> Problem {
    let remedy = "a store is known from its first contact, or from its first stock, on: check the id";
    Problem::new(StatusCode::NOT_FOUND, "no_such_store", "head office knows no store of this id", remedy)
}

#[utoipa::path(put, path = "/api/v1/stores/{store}", params(("store" = StoreId, Path), IfMatch), responses((status = NO_CONTENT)))]
async fn name_store(
    State(office): State<HeadOffice>,
    Named(store): Named<StoreId>,
    seen: IfMatch,
    Json(StoreName { name, region }): Json<StoreName>,
) -> Result<StatusCode, Problem> {
    let of = store.clone();
    let now_stands = move |connection: &Connection| find_store(connection, &of);
    seen.guards(now_stands, give_store_a_name(&office, store, &name, region)).await.map(|()| StatusCode::NO_CONTENT)
}

/// As customers and people at head office read it, and the region it is in: by that people may be bound to it. For the page as well. Whoever is
/// bound to certain stores moves none into another region.
pub async fn give_store_a_name(office: &HeadOffice, store: StoreId, name: &str, region: Option<String>) -> Result<(), Problem> {
    let region = region.map(|region| region.trim().to_owned());
    if let Some(region) = region.as_deref().filter(|region| !region.is_empty() && !is_region(region)) {
        let detail = format!("{region:?} is no region: {REGION_RULE}");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "store_region", detail, "write for example \"north\""));
    }
    let is_bound = access::bounds().is_some();
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > STORE_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let detail = format!("a store's name has 1 to {STORE_NAME_CHARS_MAX} characters and no control characters");
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "store_name",
            detail,
            "write for example \"Berlin Mitte, Hauptstraße 1\"",
        ));
    }
    let named = office.write(move |writer, _| {
        let connection = writer.connection();
        let before = "SELECT region FROM stores WHERE store = ?1";
        let before: Option<Option<String>> = connection.query_row(before, [store.as_str()], |row| row.get(0)).optional()?;
        let Some(before) = before else { return Ok(None) };
        let region = region.map_or_else(|| before.clone(), |region| Some(region).filter(|region| !region.is_empty()));
        if region != before && is_bound {
            return Ok(Some(false));
        }
        let sql = "UPDATE stores SET name = ?2, region = ?3 WHERE store = ?1 AND (name <> ?2 OR coalesce(region, '') <> coalesce(?3, ''))";
        connection.execute(sql, params![store.as_str(), name, region])?;
        Ok(Some(true))
    });
    match named.await?.ok_or_else(no_store)? {
        true => Ok(()),
        false => {
            let detail = "which region a store is in concerns the whole chain, and you are for certain stores";
            Err(Problem::new(StatusCode::FORBIDDEN, "whole_chain", detail, "leave it to somebody who is for all stores"))
        }
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct SalesQuery {
    store: Option<String>,
    day: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/sales", responses((status = OK, body = Vec<SalesRow>)))]
async fn sales(State(office): State<HeadOffice>, Query(query): Query<SalesQuery>) -> Result<Json<Vec<SalesRow>>, Problem> {
    let rows = office.read(move |connection| queries::sales(connection, query.store.as_deref(), query.day.as_deref(), ROWS_MAX)).await?;
    Ok(Json(rows))
}

/// Days that stores have closed, newest first.
#[utoipa::path(get, path = "/api/v1/days", responses((status = OK, body = Vec<DayRow>)))]
async fn closed_days(State(office): State<HeadOffice>, Query(query): Query<SalesQuery>) -> Result<Json<Vec<DayRow>>, Problem> {
    let rows = office.read(move |connection| days::list(connection, query.store.as_deref(), query.day.as_deref(), ROWS_MAX)).await?;
    Ok(Json(rows))
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
#[utoipa::path(get, path = "/api/v1/days.csv", responses((status = OK, body = String, content_type = "text/csv")))]
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

#[utoipa::path(get, path = "/api/v1/transactions", responses((status = OK, body = Page<TransactionRow>)))]
async fn transactions(
    State(office): State<HeadOffice>,
    Query(query): Query<TransactionsQuery>,
) -> Result<Json<Page<TransactionRow>>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, ROWS_MAX);
    let filter = TransactionFilter { store: query.store, day: query.day, number: query.number, before: query.cursor, limit };
    let rows = office.read(move |connection| queries::transactions(connection, &filter)).await?;
    let next = rows.last().filter(|_| rows.len() == limit as usize).map(|row| row.cursor.to_string());
    Ok(Json(Page { rows, next }))
}

#[utoipa::path(get, path = "/api/v1/incidents", responses((status = OK, body = Vec<IncidentRow>)))]
async fn incidents(State(office): State<HeadOffice>) -> Result<Json<Vec<IncidentRow>>, Problem> {
    Ok(Json(office.read(|connection| queries::incidents(connection, ROWS_MAX)).await?))
}

#[utoipa::path(get, path = "/api/v1/exceptions", responses((status = OK, body = Vec<ExceptionRow>)))]
async fn exceptions(State(office): State<HeadOffice>) -> Result<Json<Vec<ExceptionRow>>, Problem> {
    Ok(Json(office.read(|connection| queries::exceptions(connection, ROWS_MAX)).await?))
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

#[utoipa::path(get, path = "/api/v1/orders", responses((status = OK, body = Vec<orders::OrderRow>)))]
async fn order_list(State(office): State<HeadOffice>) -> Result<Json<Vec<orders::OrderRow>>, Problem> {
    Ok(Json(office.read(|connection| orders::list(connection, ROWS_MAX)).await?))
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

#[utoipa::path(get, path = "/api/v1/order-exceptions", responses((status = OK, body = Vec<order_exceptions::OrderExceptionRow>)))]
async fn order_exceptions(State(office): State<HeadOffice>) -> Result<Json<Vec<order_exceptions::OrderExceptionRow>>, Problem> {
    Ok(Json(office.read(|connection| order_exceptions::list(connection, ROWS_MAX)).await?))
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
#[utoipa::path(get, path = "/api/v1/stores/{store}/rights", params(("store" = StoreId, Path)),
    responses((status = OK, body = Vec<rights::RightRow>)))]
async fn store_rights(State(office): State<HeadOffice>, Named(store): Named<StoreId>) -> Result<Json<Vec<rights::RightRow>>, Problem> {
    Ok(Json(office.read(move |connection| rights::list(connection, store.as_str(), RIGHTS_ROWS_MAX)).await?))
}

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

#[utoipa::path(get, path = "/api/v1/order-returns", responses((status = OK, body = Vec<order_returns::ReturnRow>)))]
async fn order_returns(State(office): State<HeadOffice>) -> Result<Json<Vec<order_returns::ReturnRow>>, Problem> {
    let now_ms = office.now_ms();
    Ok(Json(office.read(move |connection| order_returns::list(connection, now_ms, ROWS_MAX)).await?))
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
#[utoipa::path(get, path = "/api/v1/order-messages", responses((status = OK, body = Vec<order_messages::MessageRow>)))]
async fn order_messages(State(office): State<HeadOffice>) -> Result<Json<Vec<order_messages::MessageRow>>, Problem> {
    let (now_ms, remind_ms) = (office.now_ms(), office.config().order_remind_ms);
    Ok(Json(office.read(move |connection| order_messages::due(connection, now_ms, remind_ms, ROWS_MAX)).await?))
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
