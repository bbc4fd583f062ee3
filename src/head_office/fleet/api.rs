//! The fleet for programs: boxes, alarms, and the rules that raise them.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path as Named, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::access;
use super::super::office::HeadOffice;
use super::super::paging::{self, Behind, Page, Rows, Start};
use super::super::queries::ROWS_MAX;
use super::super::stock_api::as_csv;
use super::alarms::{self, ADDRESSES_MAX, AlarmRow, NotMade, RULES_MAX, Wanted};
use super::rule::Rule;
use super::{BoxRow, Filter, Totals};
use crate::time::rfc3339;
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(fleet))
        .routes(routes!(fleet_csv))
        .routes(routes!(alarm_list))
        .routes(routes!(rule_list, new_rule))
        .routes(routes!(end_rule))
        .with_state(office)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct FleetQuery {
    search: Option<String>,
    #[serde(default)]
    trouble: bool,
    cursor: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Fleet {
    totals: Totals,
    rows: Vec<BoxRow>,
    /// To be asked for as `cursor`; none: that was all.
    next: Option<String>,
}

/// Where a page of boxes ends, as it travels: neither id has a slash.
pub fn cursor((store, node): &(String, String)) -> String {
    format!("{store}/{node}")
}

pub fn from_cursor(text: &str) -> Option<(String, String)> {
    text.split_once('/').map(|(store, node)| (store.to_owned(), node.to_owned()))
}

#[utoipa::path(get, path = "/api/v1/fleet", params(FleetQuery), responses((status = OK, body = Fleet)))]
async fn fleet(State(office): State<HeadOffice>, Query(query): Query<FleetQuery>) -> Result<Json<Fleet>, Problem> {
    let filter = Filter {
        search: query.search.unwrap_or_default(),
        trouble: query.trouble,
        after: query.cursor.as_deref().and_then(from_cursor),
        limit: query.limit.unwrap_or(50).clamp(1, ROWS_MAX) as usize,
    };
    let now_ms = office.now_ms();
    let boxes = office.read(move |connection| super::all(connection, now_ms)).await?;
    let totals = super::totals(&boxes);
    let (rows, next) = super::page(boxes, &filter);
    Ok(Json(Fleet { totals, rows, next: next.as_ref().map(cursor) }))
}

#[utoipa::path(get, path = "/api/v1/fleet.csv", responses((status = OK, body = String, content_type = "text/csv")))]
async fn fleet_csv(State(office): State<HeadOffice>) -> Result<Response, Problem> {
    let now_ms = office.now_ms();
    let boxes = office.read(move |connection| super::all(connection, now_ms)).await?;
    let table = table(&boxes).map_err(|error| {
        tracing::error!(%error, "a table of the fleet could not be made");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no_table", error.to_string(), "ask for it as JSON at /api/v1/fleet")
    })?;
    Ok(as_csv("fleet.csv", Body::from(table)))
}

/// One line for each box; times in UTC, the clock's error in milliseconds.
fn table(boxes: &[BoxRow]) -> Result<Vec<u8>, csv::Error> {
    const HEAD: [&str; 19] = [
        "store",
        "store_name",
        "region",
        "node",
        "online",
        "last_contact",
        "records_waiting",
        "sales_waiting",
        "version",
        "clock_off_ms",
        "disk_free_percent",
        "devices",
        "devices_down",
        "incidents",
        "exceptions",
        "alarms",
        "configuration_wanted",
        "configuration_in_force",
        "configuration_refused",
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEAD)?;
    for row in boxes {
        let of = |value: &dyn Fn(&super::Reported) -> String| row.report.as_ref().map(value).unwrap_or_default();
        writer.write_record([
            row.store.clone(),
            row.store_name.clone(),
            row.region.clone(),
            row.node.clone(),
            row.online.to_string(),
            rfc3339(row.last_contact_ms),
            row.records_waiting.to_string(),
            row.transactions_waiting.to_string(),
            of(&|report| report.said.version.clone()),
            of(&|report| report.clock_off_ms.to_string()),
            of(&|report| report.disk_free_percent().map(|percent| percent.to_string()).unwrap_or_default()),
            of(&|report| report.said.devices.len().to_string()),
            of(&|report| report.devices_down().to_string()),
            row.incidents.to_string(),
            row.exceptions.to_string(),
            row.alarms.to_string(),
            row.configuration.to_string(),
            of(&|report| report.said.configuration.in_force.to_string()),
            of(&|report| report.said.configuration.refused.clone()),
        ])?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct AlarmQuery {
    /// Those alone that are not over.
    #[serde(default)]
    open: bool,
    #[param(value_type = Option<String>)]
    cursor: Option<Behind>,
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/v1/alarms", params(AlarmQuery), responses((status = OK, body = Page<AlarmRow>)))]
async fn alarm_list(State(office): State<HeadOffice>, Query(query): Query<AlarmQuery>) -> Result<Json<Page<AlarmRow>>, Problem> {
    let limit = paging::limit(query.limit);
    let behind = query.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| alarms::list(connection, query.open, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| Behind::row(row.cleared_ms.is_some(), row.raised_ms, row.id).to_string())))
}

#[utoipa::path(get, path = "/api/v1/alarm-rules", responses((status = OK, body = Vec<Rule>)))]
async fn rule_list(State(office): State<HeadOffice>) -> Result<Json<Vec<Rule>>, Problem> {
    Ok(Json(office.read(alarms::rules).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRule {
    kind: String,
    bound: Option<i64>,
    #[serde(default)]
    store: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    mail: Vec<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MadeRule)]
struct Made {
    id: i64,
}

#[utoipa::path(post, path = "/api/v1/alarm-rules", responses((status = CREATED, body = Made)))]
async fn new_rule(State(office): State<HeadOffice>, Json(asked): Json<NewRule>) -> Result<(StatusCode, Json<Made>), Problem> {
    let NewRule { kind, bound, store, region, mail } = asked;
    let id = make(&office, Wanted { kind, bound, store, region, mail: mail.join(" ") }).await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// For the page as well.
pub async fn make(office: &HeadOffice, wanted: Wanted) -> Result<i64, Problem> {
    let made_by = access::acting().map(|acting| acting.who.who.clone()).unwrap_or_default();
    let made = office.write(move |writer, now_ms| Ok(alarms::add(writer.connection(), &wanted, &made_by, now_ms)?));
    made.await?.map_err(|why| match why {
        NotMade::Malformed(why) => {
            let remedy =
                format!("mend it and send it again; a rule has a kind, a bound, a store or region, and up to {ADDRESSES_MAX} addresses");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "rule_malformed", why, remedy)
        }
        NotMade::TooMany => {
            Problem::new(StatusCode::CONFLICT, "too_many_rules", format!("there are {RULES_MAX} rules"), "end one of them first")
        }
    })
}

#[utoipa::path(delete, path = "/api/v1/alarm-rules/{id}", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn end_rule(State(office): State<HeadOffice>, Named(id): Named<i64>) -> Result<StatusCode, Problem> {
    end(&office, id).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well. Idempotent.
pub async fn end(office: &HeadOffice, id: i64) -> Result<(), Problem> {
    office.write(move |writer, now_ms| Ok(alarms::end(writer.connection(), id, now_ms)?)).await.map(drop).map_err(Problem::from)
}
