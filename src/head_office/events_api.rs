//! What happened, for programs: by cursor, or posted to those who subscribe.

use axum::Json;
use axum::extract::{Path as Named, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::office::HeadOffice;
use super::office_events::{self, Page};
use super::subscriptions::{self, Act, NotDone, Subscription};
use crate::web::problem::Problem;

/// Events of one answer.
const EVENTS_MAX: u32 = 1_000;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(list, subscribe))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(replay))
        .routes(routes!(end))
        .with_state(office)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
    /// With commas between.
    kinds: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/events", params(Asked), responses((status = OK, body = Page)))]
async fn events(State(office): State<HeadOffice>, Query(Asked { after, limit, kinds }): Query<Asked>) -> Result<Json<Page>, Problem> {
    let kinds = kinds_of(kinds.as_deref().unwrap_or_default());
    if let Some(bad) = kinds.iter().find(|kind| !subscriptions::is_kind(kind)) {
        let detail = format!("{bad:?} is no kind of event");
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "no_such_kind",
            detail,
            "ask for kinds=order.ready,return.* or leave it out",
        ));
    }
    if i64::try_from(after).is_err() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_cursor", "there is no such event", "begin with after=0"));
    }
    let limit = limit.unwrap_or(100).clamp(1, EVENTS_MAX);
    Ok(Json(office.read(move |connection| office_events::after(connection, after, &kinds, limit)).await?))
}

pub fn kinds_of(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n', '\r']).map(str::trim).filter(|kind| !kind.is_empty()).map(str::to_owned).collect()
}

#[utoipa::path(get, path = "/api/v1/subscriptions", responses((status = OK, body = Vec<Subscription>)))]
async fn list(State(office): State<HeadOffice>) -> Result<Json<Vec<Subscription>>, Problem> {
    Ok(Json(office.read(subscriptions::list).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSubscription)]
struct Wanted {
    name: String,
    url: String,
    #[serde(default)]
    kinds: Vec<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MadeSubscription)]
pub struct Made {
    pub id: i64,
    /// Said this once.
    pub secret: String,
}

#[utoipa::path(post, path = "/api/v1/subscriptions", responses((status = CREATED, body = Made)))]
async fn subscribe(
    State(office): State<HeadOffice>,
    Json(Wanted { name, url, kinds }): Json<Wanted>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    make(&office, name, url, kinds).await.map(|made| (StatusCode::CREATED, Json(made)))
}

/// For the page as well.
pub async fn make(office: &HeadOffice, name: String, url: String, kinds: Vec<String>) -> Result<Made, Problem> {
    let made = office.write(move |writer, now_ms| {
        let made = subscriptions::add(writer.connection(), &name, &url, &kinds, now_ms)?;
        Ok(made.map(|(id, nonce)| Made { id, secret: subscriptions::secret(&writer.sign(&subscriptions::signed_text(id, &nonce))) }))
    });
    made.await?.map_err(not_done)
}

#[utoipa::path(post, path = "/api/v1/subscriptions/{id}/pause", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn pause(State(office): State<HeadOffice>, Named(id): Named<i64>) -> Result<StatusCode, Problem> {
    act(&office, id, Act::Pause).await.map(|()| StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/v1/subscriptions/{id}/resume", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn resume(State(office): State<HeadOffice>, Named(id): Named<i64>) -> Result<StatusCode, Problem> {
    act(&office, id, Act::Resume).await.map(|()| StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplayFrom)]
struct From {
    after: u64,
}

#[utoipa::path(post, path = "/api/v1/subscriptions/{id}/replay", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn replay(State(office): State<HeadOffice>, Named(id): Named<i64>, Json(From { after }): Json<From>) -> Result<StatusCode, Problem> {
    act(&office, id, Act::Replay(after)).await.map(|()| StatusCode::NO_CONTENT)
}

#[utoipa::path(delete, path = "/api/v1/subscriptions/{id}", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn end(State(office): State<HeadOffice>, Named(id): Named<i64>) -> Result<StatusCode, Problem> {
    act(&office, id, Act::End).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub async fn act(office: &HeadOffice, id: i64, act: Act) -> Result<(), Problem> {
    office.write(move |writer, _| Ok(subscriptions::change(writer.connection(), id, act)?)).await?.map_err(not_done)
}

fn not_done(why: NotDone) -> Problem {
    match why {
        NotDone::Unknown => {
            Problem::new(StatusCode::NOT_FOUND, "no_such_subscription", "there is no subscription of this number", "load the list again")
        }
        NotDone::Ended => Problem::new(StatusCode::CONFLICT, "subscription_ended", "the subscription was ended", "make a new one"),
        NotDone::TooMany => {
            let detail = format!("there are {} subscriptions already", subscriptions::SUBSCRIPTIONS_MAX);
            Problem::new(StatusCode::CONFLICT, "too_many_subscriptions", detail, "end those that nobody needs any more")
        }
        NotDone::Malformed(detail) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "subscription_malformed", detail, "mend what is named and send it again")
        }
    }
}
