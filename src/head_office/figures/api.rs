//! Figures for programs: `GET /api/v1/figures` and its tables as CSV.

use axum::Json;
use axum::extract::{Path as Named, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::csv::{self, Part};
use super::{Figures, Period, Preset, Scope};
use crate::head_office::office::HeadOffice;
use crate::time::BusinessDate;
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(figures)).routes(routes!(table)).with_state(office)
}

/// Which period and store, as pages and programs ask. Named days go before a named period.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// today, week, four_weeks or month.
    pub period: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub store: Option<String>,
}

impl Asked {
    /// Empty fields of a form are not said. The error says what is wrong and how it is written.
    pub fn scope(&self, today: BusinessDate) -> Result<(Scope, Option<Preset>), String> {
        let said = |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let day = |name: &str, text: String| {
            text.parse::<BusinessDate>().map_err(|_| format!("{name} is {text:?}: a day is written as in 2026-11-27"))
        };
        let store = said(&self.store);
        if let (None, None) = (said(&self.from), said(&self.to)) {
            let preset = match said(&self.period) {
                None => Preset::default(),
                Some(name) => {
                    Preset::from_name(&name).ok_or_else(|| format!("period is {name:?}: it is today, week, four_weeks or month"))?
                }
            };
            return Ok((Scope { period: preset.period(today), store }, Some(preset)));
        }
        // One of the two alone: a single day, or from then until today.
        let from = said(&self.from).map(|text| day("from", text)).transpose()?;
        let to = said(&self.to).map(|text| day("to", text)).transpose()?.unwrap_or(today.max(from.unwrap_or(today)));
        Ok((Scope { period: Period::new(from.unwrap_or(to), to)?, store }, None))
    }
}

/// The calendar day at head office.
pub fn today(office: &HeadOffice) -> BusinessDate {
    let now = jiff::Timestamp::from_millisecond(office.now_ms()).unwrap_or_default();
    now.to_zoned(office.config().time_zone.clone()).date()
}

pub fn wrong(why: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "period_malformed", why, "ask for period=week, or for from=2026-11-01&to=2026-11-30")
}

pub async fn answer(office: &HeadOffice, scope: Scope) -> Result<Figures, Problem> {
    let (now_ms, currency) = (office.now_ms(), office.config().currency.code.clone());
    Ok(office.read(move |connection| super::of(connection, &scope, &currency, now_ms)).await?)
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = FiguresAnswer)]
struct Answer {
    #[schema(value_type = String, format = Date)]
    from: BusinessDate,
    #[schema(value_type = String, format = Date)]
    to: BusinessDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    #[serde(flatten)]
    figures: Figures,
}

#[utoipa::path(get, path = "/api/v1/figures", params(Asked), responses((status = OK, body = Answer)))]
async fn figures(State(office): State<HeadOffice>, Query(asked): Query<Asked>) -> Result<Json<Answer>, Problem> {
    let (scope, _) = asked.scope(today(&office)).map_err(wrong)?;
    let figures = answer(&office, scope.clone()).await?;
    Ok(Json(Answer { from: scope.period.from, to: scope.period.to, store: scope.store, figures }))
}

/// `days.csv`, `hours.csv`, ...
#[utoipa::path(get, path = "/api/v1/figures/{table}", params(("table" = String, Path), Asked),
    responses((status = OK, body = String, content_type = "text/csv")))]
async fn table(
    State(office): State<HeadOffice>,
    Named(name): Named<String>,
    Query(asked): Query<Asked>,
) -> Result<impl IntoResponse, Problem> {
    let part = name.strip_suffix(".csv").and_then(Part::from_name).ok_or_else(|| {
        let names: Vec<String> = Part::ALL.iter().map(|part| format!("{}.csv", part.name())).collect();
        Problem::new(StatusCode::NOT_FOUND, "no_such_table", format!("there is no table {name:?}"), format!("ask for {}", names.join(", ")))
    })?;
    let (scope, _) = asked.scope(today(&office)).map_err(wrong)?;
    let figures = answer(&office, scope.clone()).await?;
    let bytes = csv::table(&figures, &scope, part)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not_written", error.to_string(), "ask for the JSON instead"))?;
    let of = scope.store.as_deref().map(|store| format!("{store}-")).unwrap_or_default();
    let of: String = of.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let file = format!("attachment; filename=\"{of}{}-{}-{}.csv\"", part.name(), scope.period.from, scope.period.to);
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, file)], bytes))
}
