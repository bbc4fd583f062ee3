//! Configuration profiles for programs; the page does the same through here.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path as Named, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::plan::{Preview, Shop};
use super::{NotApplied, NotKept, Targets, Version, Wanted};
use crate::head_office::access;
use crate::head_office::api_answers::IfMatch;
use crate::head_office::db::Connection;
use crate::head_office::feeds::PublishError;
use crate::head_office::office::HeadOffice;
use crate::head_office::writer::WriteError;
use crate::time::{ClockQuality, Stamp};
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(configuration_profiles))
        .routes(routes!(configuration_profile, put_configuration_profile))
        .routes(routes!(configuration_preview))
        .routes(routes!(apply_configuration))
        .with_state(office)
}

/// The newest version of each.
#[utoipa::path(get, path = "/api/v1/configuration/profiles", responses((status = OK, body = Vec<Version>)))]
async fn configuration_profiles(State(office): State<HeadOffice>) -> Result<Json<Vec<Version>>, Problem> {
    Ok(Json(office.read(super::list).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Left out: the newest.
    version: Option<u64>,
}

#[utoipa::path(get, path = "/api/v1/configuration/profiles/{profile}", params(("profile" = String, Path), Which), responses((status = OK, body = Version)))]
async fn configuration_profile(
    State(office): State<HeadOffice>,
    Named(profile): Named<String>,
    Query(Which { version }): Query<Which>,
) -> Result<Json<Version>, Problem> {
    let found = office.read(move |connection| super::find(connection, &profile, version)).await?;
    found.map(Json).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no_such_profile",
            "there is no such profile or version",
            "list them at /api/v1/configuration/profiles",
        )
    })
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProfile {
    /// TOML, as in a node's file: docs/CONFIGURATION.md.
    document: String,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    regions: BTreeSet<String>,
    #[serde(default)]
    stores: BTreeSet<String>,
    /// The version it was made from, 0 for none; refused when there is a newer one.
    #[serde(default)]
    over: Option<u64>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = KeptProfile)]
struct Kept {
    version: u64,
}

/// Keeps a profile and whom it is for; nothing leaves head office by it.
#[utoipa::path(put, path = "/api/v1/configuration/profiles/{profile}", params(("profile" = String, Path), IfMatch), responses((status = OK, body = Kept)))]
async fn put_configuration_profile(
    State(office): State<HeadOffice>,
    Named(profile): Named<String>,
    seen: IfMatch,
    Json(NewProfile { document, all, regions, stores, over }): Json<NewProfile>,
) -> Result<Json<Kept>, Problem> {
    let of = profile.clone();
    let now_stands = move |connection: &Connection| super::find(connection, &of, None);
    match seen.guards(now_stands, keep(&office, Wanted { profile, document, targets: Targets { all, regions, stores }, over })).await? {
        Ok(version) => Ok(Json(Kept { version })),
        Err(NotKept::Complaints(complaints)) => {
            let detail = complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let remedy = "mend what is named; nothing was kept";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "profile_malformed", detail, remedy))
        }
        Err(NotKept::Newer(version)) => Err(Problem::new(
            StatusCode::CONFLICT,
            "profile_newer",
            format!("somebody kept version {version} meanwhile"),
            "read it, and bring your change into it",
        )),
    }
}

/// For the page as well.
pub async fn keep(office: &HeadOffice, wanted: Wanted) -> Result<Result<u64, NotKept>, Problem> {
    let who = access::acting().map(|acting| acting.who.name.clone()).unwrap_or_default();
    let currency = office.config().currency.code.clone();
    Ok(office.write(move |writer, now_ms| Ok(super::keep(writer.connection(), &wanted, &currency, &who, now_ms)?)).await?)
}

/// For each store what would change, from what to what; which stay as they are, and which cannot have it.
#[utoipa::path(get, path = "/api/v1/configuration/preview", responses((status = OK, body = Preview)))]
async fn configuration_preview(State(office): State<HeadOffice>) -> Result<Json<Preview>, Problem> {
    Ok(Json(look(&office).await?))
}

/// For the page as well.
pub async fn look(office: &HeadOffice) -> Result<Preview, Problem> {
    let currency = office.config().currency.code.clone();
    Ok(office.read(move |connection| super::preview(connection, &currency)).await?)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApplyConfiguration)]
pub struct Apply {
    /// Of the preview that was looked at.
    pub id: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AppliedConfiguration)]
struct Applied {
    /// That get something else.
    stores: usize,
}

/// Sends every store what the preview said, as one act.
#[utoipa::path(post, path = "/api/v1/configuration/apply", responses((status = OK, body = Applied)))]
async fn apply_configuration(State(office): State<HeadOffice>, Json(Apply { id }): Json<Apply>) -> Result<Json<Applied>, Problem> {
    apply_now(&office, id).await.map(|stores| Json(Applied { stores }))
}

/// For the page as well.
pub async fn apply_now(office: &HeadOffice, id: String) -> Result<usize, Problem> {
    let (currency, folders) = (office.config().currency.code.clone(), office.folders().clone());
    let done = office.write(move |writer, now_ms| {
        let now = Stamp { ms: now_ms, quality: ClockQuality::Unverified };
        match super::apply(writer.connection(), &folders, &id, &currency, now) {
            Ok(done) => Ok(done),
            Err(PublishError::Database(error)) => Err(error.into()),
            Err(error) => {
                tracing::error!(%error, "a configuration could not be published");
                Err(WriteError::NotCommitted)
            }
        }
    });
    done.await?.map_err(|why| match why {
        NotApplied::Another => Problem::new(
            StatusCode::CONFLICT,
            "preview_old",
            "profiles, stores or what was applied changed since this preview",
            "look at the preview again, then apply that one",
        ),
        NotApplied::Faults(preview) => {
            let named = |shops: &[Shop]| shops.iter().map(|shop| shop.store.as_str()).collect::<Vec<_>>().join(", ");
            let detail =
                preview.faults.iter().map(|of| format!("{}: {}", named(&of.stores), of.why.join("; "))).collect::<Vec<_>>().join(". ");
            let remedy = "mend the profiles that are named; nothing was applied";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "configuration_unusable", detail, remedy)
        }
    })
}
