//! The API of stock and promises: what is there, what may be promised, what should be there; as JSON and as tables.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path as Named, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio_stream::wrappers::ReceiverStream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_answers::IfMatch;
use super::atp::{self, Sum};
use super::db::Connection;
use super::office::HeadOffice;
use super::paging::Page;
use super::queries::ROWS_MAX;
use super::replenish::{self, Alert, ProposalRow};
use super::stock_figures::{self, StockFilter, StockRow};
use super::stock_levels::{self, LevelRow, Levels};
use crate::ids::{Sku, StoreId};
use crate::money::Qty;
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(stock))
        .routes(routes!(stock_csv))
        .routes(routes!(article_atp))
        .routes(routes!(article_atp_csv))
        .routes(routes!(replenishment))
        .routes(routes!(replenishment_csv))
        .routes(routes!(levels))
        .routes(routes!(one_level, put_levels, remove_levels))
        .with_state(office)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct StockQuery {
    store: String,
    sku: Option<String>,
    search: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/v1/stock", params(StockQuery), responses((status = OK, body = Page<StockRow>)))]
async fn stock(State(office): State<HeadOffice>, Query(query): Query<StockQuery>) -> Result<Json<Page<StockRow>>, Problem> {
    let (limit, now_ms) = (rows(query.limit), office.now_ms());
    let filter = StockFilter { store: query.store, sku: query.sku, search: query.search, after: query.cursor, limit };
    let rows = office.read(move |connection| stock_figures::of_store(connection, &filter, now_ms)).await?;
    let next = rows.last().filter(|_| rows.len() == limit as usize).map(|row| row.sku.clone());
    Ok(Json(Page { rows, next }))
}

/// All of a store's stock as a table, however long: read and sent a part at a time.
#[utoipa::path(get, path = "/api/v1/stock.csv", params(StockQuery), responses((status = OK, body = String, content_type = "text/csv")))]
async fn stock_csv(State(office): State<HeadOffice>, Query(query): Query<StockQuery>) -> Result<Response, Problem> {
    let (send, receive) = tokio::sync::mpsc::channel::<std::io::Result<Vec<u8>>>(2);
    let mut filter = StockFilter { store: query.store, sku: query.sku, search: query.search, after: query.cursor, limit: ROWS_MAX };
    // The first part before the answer begins: what cannot be read is an error then, not half a table.
    let mut part = part_of(&office, &filter).await?;
    let now_ms = office.now_ms();
    tokio::spawn(async move {
        let mut is_first = true;
        loop {
            let is_last = part.len() < ROWS_MAX as usize;
            filter.after = part.last().map(|row| row.sku.clone());
            if send.send(table(&part, is_first, now_ms).map_err(std::io::Error::other)).await.is_err() || is_last {
                return;
            }
            is_first = false;
            part = match part_of(&office, &filter).await {
                Ok(part) => part,
                Err(_) => return drop(send.send(Err(std::io::Error::other("the rest could not be read"))).await),
            };
        }
    });
    Ok(as_csv("stock.csv", Body::from_stream(ReceiverStream::new(receive))))
}

async fn part_of(office: &HeadOffice, filter: &StockFilter) -> Result<Vec<StockRow>, Problem> {
    let (filter, now_ms) = (filter.clone(), office.now_ms());
    Ok(office.read(move |connection| stock_figures::of_store(connection, &filter, now_ms)).await?)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct AtpQuery {
    sku: Sku,
    /// Of the stores there alone.
    region: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// What can be promised of an article: in all stores, in each region, and store by store.
#[derive(Serialize, utoipa::ToSchema)]
struct Atp {
    sku: String,
    name: String,
    total: Sum,
    regions: Vec<OfRegion>,
    /// Stores, by name of id; those that never had it are left out.
    #[serde(flatten)]
    page: Page<StockRow>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct OfRegion {
    /// `None`: the stores without one.
    region: Option<String>,
    #[serde(flatten)]
    sum: Sum,
}

#[utoipa::path(get, path = "/api/v1/atp", params(AtpQuery), responses((status = OK, body = Atp)))]
async fn article_atp(State(office): State<HeadOffice>, Query(query): Query<AtpQuery>) -> Result<Json<Atp>, Problem> {
    let (limit, now_ms) = (rows(query.limit) as usize, office.now_ms());
    let found = office.read(move |connection| atp::everywhere(connection, query.sku.as_str(), query.region.as_deref(), now_ms)).await?;
    let after = query.cursor.unwrap_or_default();
    let mut rows: Vec<StockRow> = found.stores.into_iter().filter(|row| row.store > after).take(limit + 1).collect();
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|row| row.store.clone());
    let regions = found.regions.into_iter().map(|(region, sum)| OfRegion { region: Some(region).filter(|region| !region.is_empty()), sum });
    Ok(Json(Atp { sku: found.sku, name: found.name, total: found.total, regions: regions.collect(), page: Page { rows, next } }))
}

#[utoipa::path(get, path = "/api/v1/atp.csv", params(AtpQuery), responses((status = OK, body = String, content_type = "text/csv")))]
async fn article_atp_csv(State(office): State<HeadOffice>, Query(query): Query<AtpQuery>) -> Result<Response, Problem> {
    let now_ms = office.now_ms();
    let found = office.read(move |connection| atp::everywhere(connection, query.sku.as_str(), query.region.as_deref(), now_ms)).await?;
    let table = table(&found.stores, true, now_ms).map_err(|error| {
        tracing::error!(%error, "a table of stock could not be made");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no_table", error.to_string(), "ask for it as JSON at /api/v1/atp")
    })?;
    Ok(as_csv("atp.csv", Body::from(table)))
}

/// Quantities in units with a point; times in UTC.
fn table(rows: &[StockRow], with_head: bool, now_ms: i64) -> Result<Vec<u8>, csv::Error> {
    const HEAD: [&str; 17] = [
        "store",
        "store_name",
        "region",
        "sku",
        "name",
        "on_hand",
        "reserved",
        "safety",
        "rights_granted",
        "rights_spent",
        "rights_released",
        "atp",
        "on_request",
        "as_of",
        "age_s",
        "doubts",
        "kind",
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_head {
        writer.write_record(HEAD)?;
    }
    let plain = |quantity: i64| Qty::from_thousandths(quantity).plain();
    let known = |quantity: Option<i64>| quantity.map(plain).unwrap_or_default();
    for row in rows {
        let held = |part: fn(&stock_figures::Held) -> i64| known(row.rights.as_ref().map(part));
        let heard = row.heard_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        writer.write_record([
            row.store.clone(),
            row.store_name.clone(),
            row.region.clone().unwrap_or_default(),
            row.sku.clone(),
            row.name.clone(),
            known(row.on_hand),
            plain(row.reserved),
            plain(row.safety),
            held(|held| held.granted),
            held(|held| held.spent),
            held(|held| held.released),
            plain(row.promise.atp),
            plain(row.promise.on_request),
            heard.map(|at| at.to_string()).unwrap_or_default(),
            row.heard_ms.map(|ms| ((now_ms - ms).max(0) / 1000).to_string()).unwrap_or_default(),
            row.promise.doubts.names().join(" "),
            row.kind.name().to_owned(),
        ])?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

pub(super) fn as_csv(name: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, body).into_response()
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct ReplenishmentQuery {
    store: StoreId,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// What a store runs low of, and how much it should get.
#[utoipa::path(get, path = "/api/v1/replenishment", params(ReplenishmentQuery), responses((status = OK, body = Page<ProposalRow>)))]
async fn replenishment(
    State(office): State<HeadOffice>,
    Query(query): Query<ReplenishmentQuery>,
) -> Result<Json<Page<ProposalRow>>, Problem> {
    let (now_ms, after) = (office.now_ms(), query.cursor.unwrap_or_default());
    let limit = rows(query.limit);
    let found = office.read(move |connection| replenish::of_store(connection, query.store.as_str(), &after, limit, now_ms));
    let (rows, next) = found.await?;
    Ok(Json(Page { rows, next }))
}

/// The whole list as a table; quantities in units.
#[utoipa::path(get, path = "/api/v1/replenishment.csv", params(ReplenishmentQuery), responses((status = OK, body = String, content_type = "text/csv")))]
async fn replenishment_csv(State(office): State<HeadOffice>, Query(query): Query<ReplenishmentQuery>) -> Result<Response, Problem> {
    let (mut all, mut after, now_ms) = (Vec::new(), Some(query.cursor.unwrap_or_default()), office.now_ms());
    while let Some(from) = after {
        let store = query.store.clone();
        let found = office.read(move |connection| replenish::of_store(connection, store.as_str(), &from, ROWS_MAX, now_ms));
        let (rows, next) = found.await?;
        all.extend(rows);
        after = next;
    }
    let table = proposals_table(&all).map_err(|error| {
        tracing::error!(%error, "a table of proposals could not be made");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no_table", error.to_string(), "ask for it as JSON at /api/v1/replenishment")
    })?;
    Ok(as_csv("replenishment.csv", Body::from(table)))
}

fn proposals_table(rows: &[ProposalRow]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["store", "sku", "name", "alert", "free", "propose", "why"])?;
    for row in rows {
        let plain = |quantity: i64| Qty::from_thousandths(quantity).plain();
        let alert = if row.proposal.alert == Alert::Out { "out" } else { "low" };
        let (free, propose) = (plain(row.proposal.free), plain(row.proposal.propose));
        writer.write_record([&row.store, &row.sku, &row.name, alert, &free, &propose, &row.proposal.why])?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct LevelsQuery {
    /// Left out: what holds for all stores without a row of their own.
    store: Option<StoreId>,
    cursor: Option<String>,
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/v1/stock-levels", params(LevelsQuery), responses((status = OK, body = Page<LevelRow>)))]
async fn levels(State(office): State<HeadOffice>, Query(query): Query<LevelsQuery>) -> Result<Json<Page<LevelRow>>, Problem> {
    let limit = rows(query.limit);
    let after = query.cursor.unwrap_or_default();
    let rows = office.read(move |connection| stock_levels::list(connection, query.store.as_ref(), &after, limit)).await?;
    let next = rows.last().filter(|_| rows.len() == limit as usize).map(|row| row.sku.clone());
    Ok(Json(Page { rows, next }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct OfStore {
    store: Option<StoreId>,
}

#[utoipa::path(get, path = "/api/v1/stock-levels/{sku}", params(("sku" = Sku, Path), OfStore), responses((status = OK, body = LevelRow)))]
async fn one_level(
    State(office): State<HeadOffice>,
    Named(sku): Named<Sku>,
    Query(OfStore { store }): Query<OfStore>,
) -> Result<Json<LevelRow>, Problem> {
    let none =
        || Problem::new(StatusCode::NOT_FOUND, "no_such_levels", "there is no such row", "PUT one, or list them at /api/v1/stock-levels");
    office.read(move |connection| stock_levels::find(connection, store.as_ref(), &sku)).await?.map(Json).ok_or_else(none)
}

/// Idempotent.
#[utoipa::path(put, path = "/api/v1/stock-levels/{sku}", params(("sku" = Sku, Path), IfMatch, OfStore), responses((status = NO_CONTENT)))]
async fn put_levels(
    State(office): State<HeadOffice>,
    Named(sku): Named<Sku>,
    Query(OfStore { store }): Query<OfStore>,
    seen: IfMatch,
    Json(levels): Json<Levels>,
) -> Result<StatusCode, Problem> {
    let of = (store.clone(), sku.clone());
    let now_stands = move |connection: &Connection| stock_levels::find(connection, of.0.as_ref(), &of.1);
    seen.guards(now_stands, set_levels(&office, store, sku, levels)).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub async fn set_levels(office: &HeadOffice, store: Option<StoreId>, sku: Sku, levels: Levels) -> Result<(), Problem> {
    if let Some(why) = stock_levels::wrong(&levels) {
        let remedy = "write for example {\"safety\": 1000, \"min\": 5000, \"max\": 20000}: thousandths of a unit";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "levels_malformed", why, remedy));
    }
    let done = office.write(move |writer, _| {
        let connection = writer.connection();
        let known = |sql: &str, id: &str| connection.query_row(sql, [id], |row| row.get::<_, bool>(0));
        if !known("SELECT EXISTS (SELECT 1 FROM articles WHERE sku = ?1)", sku.as_str())? {
            return Ok(Some(format!("there is no article {sku}")));
        }
        if let Some(store) = &store
            && !known("SELECT EXISTS (SELECT 1 FROM stores WHERE store = ?1)", store.as_str())?
        {
            return Ok(Some(format!("there is no store {store}")));
        }
        stock_levels::put(connection, store.as_ref(), &sku, &levels)?;
        Ok(None)
    });
    match done.await? {
        None => Ok(()),
        Some(why) => Err(Problem::new(StatusCode::NOT_FOUND, "levels_of_nothing", why, "check the article number and the store's id")),
    }
}

/// Idempotent.
#[utoipa::path(delete, path = "/api/v1/stock-levels/{sku}", params(("sku" = Sku, Path), OfStore), responses((status = NO_CONTENT)))]
async fn remove_levels(
    State(office): State<HeadOffice>,
    Named(sku): Named<Sku>,
    Query(OfStore { store }): Query<OfStore>,
) -> Result<StatusCode, Problem> {
    office.write(move |writer, _| Ok(stock_levels::remove(writer.connection(), store.as_ref(), &sku)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn rows(limit: Option<u32>) -> u32 {
    limit.unwrap_or(50).clamp(1, ROWS_MAX)
}
