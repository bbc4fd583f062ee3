//! The API of places: what each is, what it says is there, and the parts of orders that it takes and confirms; as JSON and as tables.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path as Named, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sheet::Faults;
use super::stock::{self, Statement, Taken};
use super::{Draft, NotPut, Place};
use crate::head_office::access;
use crate::head_office::api_answers::IfMatch;
use crate::head_office::db::Connection;
use crate::head_office::office::HeadOffice;
use crate::head_office::paging::Page;
use crate::head_office::parts::machine::NotActed;
use crate::head_office::parts::{self, NotConfirmed, Part, PartAct, ShortLine, confirm};
use crate::head_office::queries::ROWS_MAX;
use crate::head_office::stock_api::as_csv;
use crate::ids::PlaceId;
use crate::money::Qty;
use crate::web::problem::Problem;

/// Open parts of a place that a table or page shows.
pub const OPEN_MAX: u32 = 1_000;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one, put_place))
        .routes(routes!(put_stock))
        .routes(routes!(put_stock_table))
        .routes(routes!(part_list))
        .routes(routes!(part_table))
        .routes(routes!(act_on_part))
        .routes(routes!(confirmations))
        .with_state(office)
}

#[utoipa::path(get, path = "/api/v1/places", responses((status = OK, body = Vec<Place>)))]
async fn list(State(office): State<HeadOffice>) -> Result<Json<Vec<Place>>, Problem> {
    Ok(Json(office.read(super::all).await?))
}

#[utoipa::path(get, path = "/api/v1/places/{place}", params(("place" = PlaceId, Path)), responses((status = OK, body = Place)))]
async fn one(State(office): State<HeadOffice>, Named(place): Named<PlaceId>) -> Result<Json<Place>, Problem> {
    find(&office, place).await.map(Json)
}

pub async fn find(office: &HeadOffice, place: PlaceId) -> Result<Place, Problem> {
    let asked = place.clone();
    let found = office.read(move |connection| super::find(connection, asked.as_str())).await?;
    found.ok_or_else(|| no_place(&place))
}

fn no_place(place: &PlaceId) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_place", format!("there is no place {place}"), "look at the list of places")
}

/// Adds or changes a place; what is left out is as it is by default. Idempotent.
#[utoipa::path(put, path = "/api/v1/places/{place}", params(("place" = PlaceId, Path), IfMatch), responses((status = NO_CONTENT)))]
async fn put_place(
    State(office): State<HeadOffice>,
    Named(place): Named<PlaceId>,
    seen: IfMatch,
    Json(draft): Json<Draft>,
) -> Result<StatusCode, Problem> {
    let of = place.clone();
    let now_stands = move |connection: &Connection| super::find(connection, of.as_str());
    seen.guards(now_stands, store(&office, place, draft)).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub async fn store(office: &HeadOffice, place: PlaceId, draft: Draft) -> Result<(), Problem> {
    let wrong =
        |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "place_malformed", why, "mend what is named and send it again");
    let place = draft.checked(place).map_err(|faults| wrong(faults.join("; ")))?;
    let is_bound = access::bounds().is_some();
    let done = office.write(move |writer, now_ms| Ok(super::put(writer.connection(), &place, is_bound, now_ms)?));
    done.await?.map_err(|why| {
        let status = match why {
            NotPut::NoSuchStore(_) => StatusCode::NOT_FOUND,
            NotPut::OtherRegion => StatusCode::FORBIDDEN,
            NotPut::IsStore(_) | NotPut::OtherKind { .. } | NotPut::TooMany => StatusCode::CONFLICT,
        };
        Problem::new(status, "place_refused", why.to_string(), "choose another id or kind, or leave it to somebody who is for all stores")
    })
}

#[utoipa::path(put, path = "/api/v1/places/{place}/stock", params(("place" = PlaceId, Path)), responses((status = OK, body = Taken)))]
async fn put_stock(
    State(office): State<HeadOffice>,
    Named(place): Named<PlaceId>,
    Json(statement): Json<Statement>,
) -> Result<Json<Taken>, Problem> {
    state(&office, place, statement).await?.map(Json).map_err(|faults| faults.problem())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct OfTable {
    as_of_ms: Option<i64>,
    #[serde(default)]
    whole: bool,
}

#[utoipa::path(put, path = "/api/v1/places/{place}/stock.csv", params(("place" = PlaceId, Path), OfTable), request_body(content = String, content_type = "text/csv"),
    responses((status = OK, body = Taken)))]
async fn put_stock_table(
    State(office): State<HeadOffice>,
    Named(place): Named<PlaceId>,
    Query(OfTable { as_of_ms, whole }): Query<OfTable>,
    body: Bytes,
) -> Result<Json<Taken>, Problem> {
    state_table(&office, place, body, as_of_ms, whole).await?.map(Json).map_err(|faults| faults.problem())
}

/// A place's table of its stock. For the page as well.
pub async fn state_table(
    office: &HeadOffice,
    place: PlaceId,
    table: Bytes,
    as_of_ms: Option<i64>,
    whole: bool,
) -> Result<Result<Taken, Faults>, Problem> {
    let zone = find(office, place.clone()).await?.time_zone;
    let read = tokio::task::spawn_blocking(move || stock::of_table(&table, as_of_ms, whole, &zone)).await;
    match read.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())) {
        Ok(statement) => state(office, place, statement).await,
        Err(faults) => Ok(Err(faults)),
    }
}

async fn state(office: &HeadOffice, place: PlaceId, statement: Statement) -> Result<Result<Taken, Faults>, Problem> {
    Ok(office.write(move |writer, now_ms| Ok(stock::state(writer.connection(), &place, &statement, now_ms)?)).await?)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct PartsQuery {
    /// Parts that changed behind this.
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

/// What changed, each part once and as it is now: also what was cancelled or is over.
#[utoipa::path(get, path = "/api/v1/places/{place}/parts", params(("place" = PlaceId, Path), PartsQuery), responses((status = OK, body = Page<Part>)))]
async fn part_list(
    State(office): State<HeadOffice>,
    Named(place): Named<PlaceId>,
    Query(PartsQuery { after, limit }): Query<PartsQuery>,
) -> Result<Json<Page<Part>>, Problem> {
    find(&office, place.clone()).await?;
    let limit = limit.unwrap_or(50).clamp(1, ROWS_MAX);
    let rows = office.read(move |connection| parts::changes(connection, place.as_str(), after, limit)).await?;
    // Where to go on from, also when that was all for now.
    let next = rows.last().map(|row| row.change.to_string());
    Ok(Json(Page { rows, next }))
}

/// What a place has to do, as a table.
#[utoipa::path(get, path = "/api/v1/places/{place}/parts.csv", params(("place" = PlaceId, Path)),
    responses((status = OK, body = String, content_type = "text/csv")))]
async fn part_table(State(office): State<HeadOffice>, Named(place): Named<PlaceId>) -> Result<Response, Problem> {
    find(&office, place.clone()).await?;
    let rows = office.read(move |connection| parts::open(connection, place.as_str(), OPEN_MAX)).await?;
    let table = confirm::table(&rows).map_err(|error| {
        tracing::error!(%error, "a table of parts could not be made");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no_table", error.to_string(), "ask for it as JSON at …/parts")
    })?;
    Ok(as_csv("parts.csv", Body::from(table)))
}

/// What a place says of a part; which fields count depends on the act.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub tracking: String,
    #[serde(default)]
    pub lines: Vec<SaidLine>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaidLine {
    pub line: u32,
    /// Thousandths that are short.
    pub quantity: Qty,
    #[serde(default)]
    pub reason: String,
}

#[utoipa::path(post, path = "/api/v1/places/{place}/parts/{part}/{act}", params(("place" = PlaceId, Path), ("part" = String, Path), ("act" = String, Path)), request_body = Option<Said>,
    responses((status = OK, body = Part)))]
async fn act_on_part(
    State(office): State<HeadOffice>,
    Named((place, part, name)): Named<(PlaceId, String, String)>,
    body: Bytes,
) -> Result<Json<Part>, Problem> {
    let said: Said = if body.iter().all(u8::is_ascii_whitespace) {
        Said::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| {
            let remedy =
                "write for example {\"tracking\": \"00340…\"}, {\"reason\": \"…\"} or {\"lines\": [{\"line\": 1, \"quantity\": 1000}]}";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "part_malformed", error.to_string(), remedy)
        })?
    };
    act(&office, place, part, &name, said).await.map(Json)
}

/// For the page as well.
pub async fn act(office: &HeadOffice, place: PlaceId, part: String, name: &str, said: Said) -> Result<Part, Problem> {
    let act = match name {
        "accept" => PartAct::Accept,
        "refuse" => PartAct::Refuse { why: said.reason },
        "short" => {
            let line = |line: SaidLine| {
                let why = if line.reason.is_empty() { said.reason.clone() } else { line.reason };
                ShortLine { line: line.line, quantity: line.quantity, why }
            };
            PartAct::Short { lines: said.lines.into_iter().map(line).collect() }
        }
        "shipped" => PartAct::Ship { tracking: said.tracking },
        "delivered" => PartAct::Deliver,
        other => {
            let detail = format!("a part has no act {other:?}");
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "no_such_act",
                detail,
                "accept, refuse, short, shipped and delivered are there",
            ));
        }
    };
    let who = who();
    let done = office.write(move |writer, now_ms| {
        let connection = writer.connection();
        let done = parts::act(connection, &place, &part, &act, &who, now_ms)?;
        if let (Err(NotConfirmed::Refused { part, why: NotActed::Cancelled }), PartAct::Ship { .. }) = (&done, &act) {
            parts::left_after_cancel(connection, &place, part, now_ms)?;
        }
        Ok(done)
    });
    done.await?.map_err(|why| not_confirmed(&why))
}

/// Whoever asks, for the log of what happened.
fn who() -> String {
    access::acting().map(|acting| acting.who.who.clone()).unwrap_or_default()
}

fn not_confirmed(why: &NotConfirmed) -> Problem {
    let detail = why.to_string();
    let (status, code, remedy) = match why {
        NotConfirmed::Unknown(_) => (StatusCode::NOT_FOUND, "no_such_part", "check its number in the place's list of parts"),
        NotConfirmed::OfStore(_) => (StatusCode::CONFLICT, "part_of_store", "do it at the store's desk"),
        NotConfirmed::Refused { why, .. } => match why {
            NotActed::Cancelled => {
                (StatusCode::CONFLICT, "part_cancelled", "stop the parcel if it has left; somebody at head office was told")
            }
            NotActed::AskedBack => (StatusCode::CONFLICT, "part_asked_back", "refuse it, or report it as shipped"),
            NotActed::HasLeft(_) | NotActed::OtherTracking(_) => (StatusCode::CONFLICT, "part_has_left", "nothing is to be done"),
            NotActed::IsOver => (StatusCode::CONFLICT, "part_is_over", "nothing is to be done: do not send it"),
            NotActed::NotLeft => (StatusCode::CONFLICT, "part_not_left", "report it as shipped first"),
            NotActed::NoReason
            | NotActed::Text
            | NotActed::NoLines
            | NotActed::NoLine(_)
            | NotActed::Quantity { .. }
            | NotActed::Pieces(_) => (StatusCode::UNPROCESSABLE_ENTITY, "part_malformed", "mend what is named and send it again"),
        },
    };
    Problem::new(status, code, detail, remedy)
}

/// How many parts moved.
#[derive(Serialize, utoipa::ToSchema)]
struct Confirmed {
    parts: usize,
}

#[utoipa::path(post, path = "/api/v1/places/{place}/confirmations.csv", params(("place" = PlaceId, Path)), request_body(content = String, content_type = "text/csv"),
    responses((status = OK, body = Confirmed)))]
async fn confirmations(State(office): State<HeadOffice>, Named(place): Named<PlaceId>, body: Bytes) -> Result<Json<Confirmed>, Problem> {
    let parts = confirm_table(&office, place, body).await?.map_err(|faults| faults.problem())?;
    Ok(Json(Confirmed { parts }))
}

/// A place's table of what it did. For the page as well.
pub async fn confirm_table(office: &HeadOffice, place: PlaceId, table: Bytes) -> Result<Result<usize, Faults>, Problem> {
    find(office, place.clone()).await?;
    let read = tokio::task::spawn_blocking(move || confirm::of_table(&table)).await;
    let said = match read.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())) {
        Ok(said) => said,
        Err(faults) => return Ok(Err(faults)),
    };
    let who = who();
    Ok(office.write(move |writer, now_ms| Ok(confirm::confirm(writer.connection(), &place, &said, &who, now_ms)?)).await?)
}
