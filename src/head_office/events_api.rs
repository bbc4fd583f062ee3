//! What happened, for programs: by cursor, or posted to those who subscribe.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::office::HeadOffice;
use super::office_events::{self, Page};
use super::subscriptions::{self, Act, NotDone, Subscription};
use crate::web::problem::Problem;

/// Events of one answer.
const EVENTS_MAX: u32 = 1_000;

pub fn router(office: HeadOffice) -> Router {
    Router::new()
        .route("/api/v1/events", get(events))
        .route("/api/v1/subscriptions", get(list).post(subscribe))
        .route("/api/v1/subscriptions/{id}/pause", post(pause))
        .route("/api/v1/subscriptions/{id}/resume", post(resume))
        .route("/api/v1/subscriptions/{id}/replay", post(replay))
        .route("/api/v1/subscriptions/{id}", axum::routing::delete(end))
        .with_state(office)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
    /// With commas between.
    kinds: Option<String>,
}

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

async fn list(State(office): State<HeadOffice>) -> Result<Json<Vec<Subscription>>, Problem> {
    Ok(Json(office.read(subscriptions::list).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    url: String,
    #[serde(default)]
    kinds: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Made {
    pub id: i64,
    /// Said this once.
    pub secret: String,
}

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

async fn pause(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<StatusCode, Problem> {
    act(&office, id, Act::Pause).await.map(|()| StatusCode::NO_CONTENT)
}

async fn resume(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<StatusCode, Problem> {
    act(&office, id, Act::Resume).await.map(|()| StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    after: u64,
}

async fn replay(State(office): State<HeadOffice>, Path(id): Path<i64>, Json(From { after }): Json<From>) -> Result<StatusCode, Problem> {
    act(&office, id, Act::Replay(after)).await.map(|()| StatusCode::NO_CONTENT)
}

async fn end(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<StatusCode, Problem> {
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
