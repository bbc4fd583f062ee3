//! The log of acts: a page, and the same for programs by cursor and as CSV.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::frame::{Frame, Tab, encoded, visible};
use crate::head_office::access::audit::{self, AuditRow, Filter, ROWS_MAX};
use crate::head_office::office::HeadOffice;
use crate::web::problem::Problem;

const ROWS_PER_PAGE: u32 = 100;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new().route("/audit", get(page)).routes(routes!(rows)).routes(routes!(csv)).with_state(office)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct Asked {
    who: Option<String>,
    act: Option<String>,
    store: Option<String>,
    /// Rows below this number.
    cursor: Option<u64>,
    limit: Option<u32>,
}

impl Asked {
    fn filter(self, limit: u32) -> Filter {
        let filled = super::filled;
        Filter {
            who: filled(self.who),
            act: filled(self.act),
            store: filled(self.store),
            before: self.cursor,
            limit: self.limit.unwrap_or(limit).clamp(1, ROWS_MAX),
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuditPage)]
struct Rows {
    rows: Vec<AuditRow>,
    /// The cursor of the next, older page; `None`: that was all.
    next: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/audit", params(Asked), responses((status = OK, body = Rows)))]
async fn rows(State(office): State<HeadOffice>, Query(asked): Query<Asked>) -> Result<Json<Rows>, Problem> {
    let filter = asked.filter(ROWS_PER_PAGE);
    let limit = filter.limit as usize;
    let rows = office.read(move |connection| audit::list(connection, &filter)).await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.seq.to_string());
    Ok(Json(Rows { rows, next }))
}

#[utoipa::path(get, path = "/api/v1/audit.csv", params(Asked), responses((status = OK, body = String, content_type = "text/csv")))]
async fn csv(State(office): State<HeadOffice>, Query(asked): Query<Asked>) -> Result<impl IntoResponse, Problem> {
    let filter = asked.filter(ROWS_MAX);
    let rows = office.read(move |connection| audit::list(connection, &filter)).await?;
    let zone = office.config().time_zone.clone();
    let time = |ms: i64| {
        let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(zone.clone());
        at.strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
    };
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\"")];
    Ok((headers, audit::csv(&rows, time)))
}

async fn page(State(office): State<HeadOffice>, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let frame = super::frame(&office, Tab::Audit).await?;
    let filter = asked.filter(ROWS_PER_PAGE);
    let wanted = filter.clone();
    let rows = office.read(move |connection| audit::list(connection, &wanted)).await?;
    Ok(shown(&frame, &rows, &filter))
}

fn shown(frame: &Frame, rows: &[AuditRow], filter: &Filter) -> Markup {
    let value = |field: &Option<String>| field.clone().unwrap_or_default();
    let query = [("who", &filter.who), ("act", &filter.act), ("store", &filter.store)]
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", encoded(value.as_ref()?))))
        .collect::<Vec<_>>()
        .join("&");
    let older = rows.last().filter(|row| row.seq > 1 && rows.len() == filter.limit as usize);
    let tools = html! {
        form .tools method="get" action="/audit" {
            label { "Who " input name="who" size="12" maxlength="60" value=(value(&filter.who)) autocomplete="off"; }
            label { "Act " input name="act" size="16" maxlength="60" value=(value(&filter.act)) autocomplete="off"; }
            label { "Store " input name="store" size="8" maxlength="40" value=(value(&filter.store)) autocomplete="off"; }
            button { "Show" }
            a .button href={ "/api/v1/audit.csv?" (query) } { "CSV" }
        }
    };
    let body = html! {
        p .note {
            "Every act that changed something or was refused. Rows are only added, each one sealed with the one before; "
            code { "counterfoil head-office audit verify" } " names the first that was changed or taken out."
        }
        @if rows.is_empty() { p .empty { "Nothing here." } } @else {
            table .wide {
                thead { tr { th .n { "Row" } th { "When" } th { "Who" } th { "From" } th { "Act" } th { "On" } th { "Store" } th { "Outcome" } } }
                tbody {
                    @for row in rows {
                        tr {
                            td .n data-label="Row" { span title=(row.hash) { (row.seq) } }
                            td data-label="When" { span .name title=(frame.ago(row.at_ms)) { (frame.time(row.at_ms)) } }
                            td data-label="Who" { (visible(&row.who)) }
                            td data-label="From" { span .dim { (row.via) ", " (visible(&row.from)) } }
                            td data-label="Act" { (visible(&row.act)) }
                            td data-label="On" { (visible(&row.object)) }
                            td data-label="Store" { (visible(&row.store)) }
                            td data-label="Outcome" { @if row.outcome.starts_with("refused") { span .state.warn { (row.outcome) } } @else { (row.outcome) } }
                        }
                    }
                }
            }
            @if let Some(row) = older {
                div .tools.pager { a .button href={ "/audit?" (query) "&cursor=" (row.seq) } { "Older" } }
            }
        }
    };
    frame.page("Audit", tools, body)
}
