//! The JSON API under `/api/v1`: whatever the pages do, for other screens, handhelds and tests. Described by OpenAPI, which
//! is made from the handlers themselves. Commands carry a client-made `id`: repeating one is safe and answers the same again.

mod age;
mod cash;
mod customer;
mod desk;
mod facts;
mod last_day;
mod open_price;
mod orders;
mod people;
mod prices;
pub mod reports;
mod returns;
mod screens;
pub mod shape;
mod stock;
pub mod store;
mod training;
mod weight;
mod workstation;

pub use facts::{healthz, metrics, works};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{self, Problem};
use super::session::Session;
use super::{BODY_BYTES_MAX, Web};
use crate::ids::{CommandId, WorkstationId};
use crate::node::handle::{AskError, CommandRequest};
use crate::retail::{Answer, Command};
use shape::CommandAnswer;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Counterfoil node",
        description = "One store's node. Amounts are integers in minor units of the store's currency, quantities integers in thousandths of \
            their unit, times milliseconds since 1970-01-01 UTC. Every command carries a client-made id (1 to 64 characters out of \
            A-Z a-z 0-9 . _ -): sending it again with the same id is safe and answers the same again for 48 hours. Errors are \
            application/problem+json. Unknown fields in bodies are refused. Send `Authorization: Bearer TOKEN`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(Problem))
)]
struct Description;

/// The routes and their description.
pub fn routes() -> (Router<Web>, utoipa::openapi::OpenApi) {
    let (router, mut description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(workstation::list))
        .routes(routes!(workstation::get))
        .routes(routes!(workstation::events))
        .routes(routes!(workstation::scan))
        .routes(routes!(workstation::add_line))
        .routes(routes!(workstation::set_quantity, workstation::void_line))
        .routes(routes!(prices::discount_line))
        .routes(routes!(prices::discount_basket))
        .routes(routes!(prices::set_price))
        .routes(routes!(prices::add_coupon))
        .routes(routes!(prices::attach_member))
        .routes(routes!(customer::find))
        .routes(routes!(customer::create))
        .routes(routes!(customer::attach, customer::detach))
        .routes(routes!(customer::erase))
        .routes(routes!(workstation::undo))
        .routes(routes!(workstation::void))
        .routes(routes!(workstation::suspend))
        .routes(routes!(workstation::recall))
        .routes(routes!(workstation::tender))
        .routes(routes!(workstation::remove_tender))
        .routes(routes!(workstation::start_card))
        .routes(routes!(workstation::end_card))
        .routes(routes!(workstation::cancel_card))
        .routes(routes!(workstation::resolve_card))
        .routes(routes!(workstation::reprint))
        .routes(routes!(workstation::next_scan))
        .routes(routes!(workstation::in_front))
        .routes(routes!(workstation::take_scan))
        .routes(routes!(age::age_check))
        .routes(routes!(returns::show_receipt, returns::hide_receipt))
        .routes(routes!(returns::return_line))
        .routes(routes!(returns::return_article))
        .routes(routes!(returns::arm_return, returns::disarm_return))
        .routes(routes!(returns::refund))
        .routes(routes!(returns::post_void))
        .routes(routes!(last_day::put_aside))
        .routes(routes!(open_price::open_price))
        .routes(routes!(weight::weight, weight::forget_weight))
        .routes(routes!(weight::again))
        .routes(routes!(weight::tare))
        .routes(routes!(training::training))
        .routes(routes!(people::staff))
        .routes(routes!(people::sign_in))
        .routes(routes!(people::sign_out))
        .routes(routes!(people::lock))
        .routes(routes!(people::approve, people::give_up))
        .routes(routes!(cash::till))
        .routes(routes!(cash::pack_bag))
        .routes(routes!(cash::collect_bag))
        .routes(routes!(cash::count_safe))
        .routes(routes!(store::suspended))
        .routes(routes!(store::transactions))
        .routes(routes!(store::transaction))
        .routes(routes!(store::day))
        .routes(routes!(store::open_day))
        .routes(routes!(store::close_day))
        .routes(routes!(store::prints))
        .routes(routes!(store::settle_print))
        .routes(routes!(store::search_articles))
        .routes(routes!(store::article_by_code))
        .routes(routes!(facts::devices))
        .routes(routes!(facts::test_device))
        .routes(routes!(facts::end_terminal_day))
        .routes(routes!(facts::health))
        .routes(routes!(facts::works_now))
        .routes(routes!(screens::list))
        .routes(routes!(screens::confirm))
        .routes(routes!(screens::revoke))
        .routes(routes!(screens::create_token))
        .routes(routes!(desk::desk))
        .routes(routes!(desk::sign_in, desk::sign_out))
        .routes(routes!(reports::tills))
        .routes(routes!(reports::till_x))
        .routes(routes!(reports::day_x))
        .routes(routes!(reports::safe))
        .routes(routes!(reports::reports))
        .routes(routes!(reports::reports_csv))
        .routes(routes!(reports::report))
        .routes(routes!(reports::report_text))
        .routes(routes!(reports::print_report))
        .routes(routes!(reports::days))
        .routes(routes!(reports::day_whole))
        .routes(routes!(orders::orders))
        .routes(routes!(stock::stock))
        .routes(routes!(stock::act))
        .routes(routes!(orders::order))
        .routes(routes!(orders::act, orders::find))
        .routes(routes!(crate::web::orders::promises::promises))
        .routes(routes!(orders::customer))
        .split_for_parts();
    let (name, answer) = problem::described();
    description.components.get_or_insert_default().responses.insert(name.to_owned(), answer.into());
    for item in description.paths.paths.values_mut() {
        let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        all.into_iter().flatten().for_each(|operation| problem::describe(operation, ["4XX", "5XX"]));
    }
    (router, description)
}

/// Sends a command to the loop and waits until it is durable.
async fn ask(web: &Web, id: CommandId, workstation: Option<WorkstationId>, command: Command) -> Result<axum::Json<CommandAnswer>, Problem> {
    let answer = ask_raw(web, id, workstation, command).await?;
    Ok(axum::Json(answer.into()))
}

/// Sends a command of a desk: who is signed in there acts, beyond their rights with the word of another person that comes along. For a program,
/// at whose desk nobody sits, that person acts.
async fn ask_at_desk(
    web: &Web,
    session: &Session,
    id: CommandId,
    approval: Option<people::ApprovalBody>,
    command: Command,
) -> Result<axum::Json<CommandAnswer>, Problem> {
    let staff = super::seat::at_desk(web, session)?.staff().cloned();
    let approval = approval.and_then(people::ApprovalBody::approval);
    let request = CommandRequest { id, workstation: None, staff, approval, command };
    let answer = web.node.ask(request).await.map_err(|error| ask_problem(&error))?;
    Ok(axum::Json(answer.into()))
}

async fn ask_raw(web: &Web, id: CommandId, workstation: Option<WorkstationId>, command: Command) -> Result<Answer, Problem> {
    web.node.ask(CommandRequest { id, workstation, staff: None, approval: None, command }).await.map_err(|error| ask_problem(&error))
}

pub fn ask_problem(error: &AskError) -> Problem {
    match error {
        AskError::Refused(refusal, voice) => problem::of_refusal(refusal, voice),
        AskError::Busy => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", error.to_string(), "send the same id again in a moment"),
        AskError::DiskFull(words) => {
            let remedy = "free space on the disk of the till's box, then send the same id again";
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", words.clone(), remedy)
        }
        AskError::Stopping => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "restarting", error.to_string(), "send the same id again in a few seconds")
        }
    }
}

/// A JSON body: complete in time, within the limit, without unknown fields.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Web> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Body<T>, Problem> {
        let json = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = json.and_then(|value| value.split(';').next()).map(str::trim);
        if essence != Some("application/json") {
            let detail = format!("the body is {:?}", json.unwrap_or("of no said type"));
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail, "send `Content-Type: application/json`"));
        }
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
            return Err(too_large());
        }
        let read = tokio::time::timeout(web.parts.body_timeout, Bytes::from_request(request, web)).await;
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => return Err(too_large()),
            Ok(Err(rejection)) => {
                let remedy = "send the whole body; a command that was not complete was not carried out";
                return Err(Problem::new(StatusCode::BAD_REQUEST, "body_broken", rejection.body_text(), remedy));
            }
            Err(_) => {
                let detail = format!("the body was not complete after {} s", web.parts.body_timeout.as_secs());
                return Err(Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "body_late",
                    detail,
                    "send it again with the same id; nothing was carried out",
                ));
            }
        };
        if let Some(refused) = super::card_data::refuse_body(web, &bytes) {
            return Err(refused);
        }
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Body(value)),
            Err(error) => {
                let code = if error.to_string().starts_with("unknown field") { "unknown_field" } else { "body_malformed" };
                let remedy = "compare the body with /api/openapi.json";
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, format!("the body cannot be used: {error}"), remedy))
            }
        }
    }
}

fn too_large() -> Problem {
    let detail = format!("the body is larger than {BODY_BYTES_MAX} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail, "no command needs that much; look at /api/openapi.json")
}

/// A path or query that names our own types; what is wrong with it is said as a problem.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Web> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Asked<T>, Problem> {
        let query = Query::<T>::from_request_parts(parts, web).await;
        query.map(|Query(value)| Asked(value)).map_err(|rejection| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "query_malformed",
                rejection.body_text(),
                "compare the query with /api/openapi.json",
            )
        })
    }
}

pub struct Named<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Web> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Named<T>, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, web).await;
        path.map(|axum::extract::Path(value)| Named(value)).map_err(|rejection| {
            Problem::new(StatusCode::NOT_FOUND, "address_malformed", rejection.body_text(), "compare the address with /api/openapi.json")
        })
    }
}

/// The id of a command that has no body.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IdQuery {
    /// Made by the client, once per intended act.
    #[param(value_type = String)]
    pub id: CommandId,
}
