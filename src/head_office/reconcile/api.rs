//! Reconciliations for programs and for the page: what the nights found, and one on demand.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ReconciliationRow;
use crate::head_office::db::OptionalExtension;
use crate::head_office::office::HeadOffice;
use crate::head_office::paging::{self, BehindDay, Page, Rows, Start};
use crate::ids::StoreId;
use crate::time::BusinessDate;
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list, reconcile)).with_state(office)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct Filter {
    store: Option<String>,
    day: Option<String>,
    #[param(value_type = Option<String>)]
    cursor: Option<BehindDay>,
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/v1/reconciliations", params(Filter), responses((status = OK, body = Page<ReconciliationRow>)))]
async fn list(State(office): State<HeadOffice>, Query(filter): Query<Filter>) -> Result<Json<Page<ReconciliationRow>>, Problem> {
    let limit = paging::limit(filter.limit);
    let behind = filter.cursor.unwrap_or_else(BehindDay::start);
    let rows = office
        .read(move |connection| super::list(connection, filter.store.as_deref(), filter.day.as_deref(), Rows { behind, limit }))
        .await?;
    let end = |row: &ReconciliationRow| BehindDay { day: row.day.clone(), store: row.store.clone(), currency: String::new() }.to_string();
    Ok(Json(Page::of(rows, limit, end)))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DayWanted)]
struct Wanted {
    store: StoreId,
    #[schema(value_type = String, format = Date)]
    day: BusinessDate,
}

/// Reconciles one day now. Idempotent.
#[utoipa::path(post, path = "/api/v1/reconciliations", responses((status = OK, body = ReconciliationRow)))]
async fn reconcile(
    State(office): State<HeadOffice>,
    Json(Wanted { store, day }): Json<Wanted>,
) -> Result<Json<ReconciliationRow>, Problem> {
    on_demand(&office, store.clone(), day).await?;
    let asked = (store.to_string(), day.to_string());
    let rows = office.read(move |connection| super::list(connection, Some(&asked.0), Some(&asked.1), 1)).await?;
    let gone = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_readable", "what was found is not there", "ask again");
    rows.into_iter().next().map(Json).ok_or_else(gone)
}

/// For the page as well.
pub async fn on_demand(office: &HeadOffice, store: StoreId, day: BusinessDate) -> Result<(), Problem> {
    let asked = store.clone();
    let known = office.read(move |connection| {
        let sql = "SELECT 1 FROM stores WHERE store = ?1";
        Ok(connection.query_row(sql, [asked.as_str()], |row| row.get::<_, i64>(0)).optional()?.is_some())
    });
    if !known.await? {
        let detail = format!("head office knows no store {store}");
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_such_store", detail, "check the id: the first page lists the stores"));
    }
    super::reconcile(office, store, day).await?;
    Ok(())
}
