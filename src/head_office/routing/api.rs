//! Routing for programs: the rules, a dry run, what waits and why an order went where it went.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::book::{self, NotKept, Version};
use super::glue::{self, Waiting};
use super::rounds;
use super::steps::{self, Step};
use super::trial::Trial;
use crate::head_office::access;
use crate::head_office::api_answers::IfMatch;
use crate::head_office::db::Connection;
use crate::head_office::office::HeadOffice;
use crate::head_office::paging::{Behind, Page, Rows, Start, WhichPage};
use crate::web::problem::Problem;

/// Places of each route in a dry run's answer.
const PLACES_TOLD: usize = 1_000;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(rules, put_rules))
        .routes(routes!(try_order))
        .routes(routes!(order))
        .routes(routes!(waiting))
        .routes(routes!(again))
        .with_state(office)
}

#[utoipa::path(get, path = "/api/v1/routing/rules", responses((status = OK, body = Version)))]
async fn rules(State(office): State<HeadOffice>) -> Result<Json<Version>, Problem> {
    Ok(Json(office.read(book::newest).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRoutingRules)]
struct NewRules {
    document: String,
    /// The version it was made from; refused when there is a newer one.
    #[serde(default)]
    over: Option<u64>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = KeptRules)]
struct Kept {
    version: u64,
}

#[utoipa::path(put, path = "/api/v1/routing/rules", params(IfMatch), responses((status = OK, body = Kept)))]
async fn put_rules(
    State(office): State<HeadOffice>,
    seen: IfMatch,
    Json(NewRules { document, over }): Json<NewRules>,
) -> Result<Json<Kept>, Problem> {
    let now_stands = |connection: &Connection| book::newest(connection).map(Some);
    match seen.guards(now_stands, keep(&office, document, over)).await? {
        Ok(version) => Ok(Json(Kept { version })),
        Err(why) => Err(not_kept(&why)),
    }
}

/// For the page as well.
pub async fn keep(office: &HeadOffice, document: String, over: Option<u64>) -> Result<Result<u64, NotKept>, Problem> {
    let who = who();
    Ok(office.write(move |writer, now_ms| Ok(book::keep(writer.connection(), &document, over, &who, now_ms)?)).await?)
}

/// Whoever acts, as the list of versions names them.
pub fn who() -> String {
    access::acting().map(|acting| acting.who.name.clone()).unwrap_or_default()
}

fn not_kept(why: &NotKept) -> Problem {
    match why {
        NotKept::Faults(faults) => {
            let detail = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "rules_malformed", detail, "mend what is named; the rules before still count")
        }
        NotKept::Newer(version) => Problem::new(
            StatusCode::CONFLICT,
            "rules_newer",
            format!("somebody kept version {version} meanwhile"),
            "read it, and bring your change into it",
        ),
    }
}

#[utoipa::path(get, path = "/api/v1/routing/try", params(Trial), responses((status = OK, body = serde_json::Value)))]
async fn try_order(State(office): State<HeadOffice>, Query(trial): Query<Trial>) -> Result<Json<Value>, Problem> {
    let now_ms = office.now_ms();
    match office.read(move |connection| trial.run(connection, now_ms)).await? {
        Ok(tried) => Ok(Json(steps::told(&tried.plan, PLACES_TOLD))),
        Err(why) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "trial_malformed", why, "docs/ROUTING.md names each field")),
    }
}

#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OrderName {
    pub channel: String,
    pub number: String,
}

#[utoipa::path(get, path = "/api/v1/routing/order", params(OrderName), responses((status = OK, body = Vec<Step>)))]
async fn order(
    State(office): State<HeadOffice>,
    Query(OrderName { channel, number }): Query<OrderName>,
) -> Result<Json<Vec<Step>>, Problem> {
    Ok(Json(office.read(move |connection| steps::of_order(connection, &channel, &number)).await?))
}

#[utoipa::path(get, path = "/api/v1/routing/waiting", params(WhichPage), responses((status = OK, body = Page<Waiting>)))]
async fn waiting(State(office): State<HeadOffice>, Query(which): Query<WhichPage>) -> Result<Json<Page<Waiting>>, Problem> {
    let limit = which.limit();
    let behind = which.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| glue::waiting(connection, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| {
        Behind::row(row.state != "given_up", row.since_ms, format_args!("{}/{}", row.channel, row.number)).to_string()
    })))
}

#[utoipa::path(post, path = "/api/v1/routing/again", responses((status = NO_CONTENT)))]
async fn again(State(office): State<HeadOffice>, Json(name): Json<OrderName>) -> Result<StatusCode, Problem> {
    route_again(&office, name).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub async fn route_again(office: &HeadOffice, OrderName { channel, number }: OrderName) -> Result<(), Problem> {
    let kept_ms = office.config().order_kept_ms;
    match office.write(move |writer, now_ms| rounds::try_now(writer, &channel, &number, kept_ms, now_ms)).await? {
        true => Ok(()),
        false => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "order_not_waiting",
            "no order of this channel and number waits or was given up",
            "look at it in customer service: its parts are under way, or it was cancelled",
        )),
    }
}
