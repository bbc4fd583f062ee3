//! What the chain says of its shops, for programs and pages: their names, their staff, and what they must not sell.

use axum::Json;
use axum::extract::{Path as Named, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access;
use super::access::rights::{REGION_RULE, is_region};
use super::api_answers::IfMatch;
use super::db::{self, Connection, OptionalExtension, params};
use super::feeds::{PublishError, Published};
use super::office::HeadOffice;
use super::people::{self, Checked, Draft, PeopleError};
use super::queries::{self, StoreRow};
use super::recalls;
use super::storage::Folders;
use super::writer::WriteError;
use crate::ids::StoreId;
use crate::retail::recalls::Recall;
use crate::time::{ClockQuality, Stamp};
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(stores))
        .routes(routes!(one_store, name_store))
        .routes(routes!(staff))
        .routes(routes!(one_person, put_staff))
        .routes(routes!(recalls))
        .routes(routes!(one_recall, put_recall, remove_recall))
        .with_state(office)
}

#[utoipa::path(get, path = "/api/v1/stores", responses((status = OK, body = Vec<StoreRow>)))]
async fn stores(State(office): State<HeadOffice>) -> Result<Json<Vec<StoreRow>>, Problem> {
    let now_ms = office.now_ms();
    Ok(Json(office.read(move |connection| queries::stores(connection, now_ms)).await?))
}

/// Longest name of a store, in characters.
const STORE_NAME_CHARS_MAX: usize = 80;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct StoreName {
    name: String,
    /// Left out: as it is. Empty: in none.
    region: Option<String>,
}

/// What people say of a store; how it stands is in the list.
#[derive(Serialize, utoipa::ToSchema)]
struct NamedStore {
    store: StoreId,
    name: String,
    /// Empty: in none.
    region: String,
}

#[utoipa::path(get, path = "/api/v1/stores/{store}", params(("store" = StoreId, Path)), responses((status = OK, body = NamedStore)))]
async fn one_store(State(office): State<HeadOffice>, Named(store): Named<StoreId>) -> Result<Json<NamedStore>, Problem> {
    office.read(move |connection| find_store(connection, &store)).await?.map(Json).ok_or_else(no_store)
}

fn find_store(connection: &Connection, store: &StoreId) -> db::Result<Option<NamedStore>> {
    let read = |row: &db::Row<'_>| Ok(NamedStore { store: store.clone(), name: row.get(0)?, region: row.get(1)? });
    let mut statement = connection.prepare_cached("SELECT name, coalesce(region, '') FROM stores WHERE store = ?1")?;
    statement.query_row([store.as_str()], read).optional()
}

fn no_store() -> Problem {
    let remedy = "a store is known from its first contact, or from its first stock, on: check the id";
    Problem::new(StatusCode::NOT_FOUND, "no_such_store", "head office knows no store of this id", remedy)
}

#[utoipa::path(put, path = "/api/v1/stores/{store}", params(("store" = StoreId, Path), IfMatch), responses((status = NO_CONTENT)))]
async fn name_store(
    State(office): State<HeadOffice>,
    Named(store): Named<StoreId>,
    seen: IfMatch,
    Json(StoreName { name, region }): Json<StoreName>,
) -> Result<StatusCode, Problem> {
    let of = store.clone();
    let now_stands = move |connection: &Connection| find_store(connection, &of);
    seen.guards(now_stands, give_store_a_name(&office, store, &name, region)).await.map(|()| StatusCode::NO_CONTENT)
}

/// As customers and people at head office read it, and the region it is in: by that people may be bound to it. For the page as well. Whoever is
/// bound to certain stores moves none into another region.
pub async fn give_store_a_name(office: &HeadOffice, store: StoreId, name: &str, region: Option<String>) -> Result<(), Problem> {
    let region = region.map(|region| region.trim().to_owned());
    if let Some(region) = region.as_deref().filter(|region| !region.is_empty() && !is_region(region)) {
        let detail = format!("{region:?} is no region: {REGION_RULE}");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "store_region", detail, "write for example \"north\""));
    }
    let is_bound = access::bounds().is_some();
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > STORE_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let detail = format!("a store's name has 1 to {STORE_NAME_CHARS_MAX} characters and no control characters");
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "store_name",
            detail,
            "write for example \"Berlin Mitte, Hauptstraße 1\"",
        ));
    }
    let named = office.write(move |writer, _| {
        let connection = writer.connection();
        let before = "SELECT region FROM stores WHERE store = ?1";
        let before: Option<Option<String>> = connection.query_row(before, [store.as_str()], |row| row.get(0)).optional()?;
        let Some(before) = before else { return Ok(None) };
        let region = region.map_or_else(|| before.clone(), |region| Some(region).filter(|region| !region.is_empty()));
        if region != before && is_bound {
            return Ok(Some(false));
        }
        let sql = "UPDATE stores SET name = ?2, region = ?3 WHERE store = ?1 AND (name <> ?2 OR coalesce(region, '') <> coalesce(?3, ''))";
        connection.execute(sql, params![store.as_str(), name, region])?;
        Ok(Some(true))
    });
    match named.await?.ok_or_else(no_store)? {
        true => Ok(()),
        false => {
            let detail = "which region a store is in concerns the whole chain, and you are for certain stores";
            Err(Problem::new(StatusCode::FORBIDDEN, "whole_chain", detail, "leave it to somebody who is for all stores"))
        }
    }
}

#[utoipa::path(get, path = "/api/v1/staff", responses((status = OK, body = Vec<people::PersonRow>)))]
async fn staff(State(office): State<HeadOffice>) -> Result<Json<Vec<people::PersonRow>>, Problem> {
    Ok(Json(office.read(people::list).await?))
}

#[utoipa::path(get, path = "/api/v1/staff/{id}", params(("id" = String, Path)), responses((status = OK, body = people::PersonRow)))]
async fn one_person(State(office): State<HeadOffice>, Named(id): Named<String>) -> Result<Json<people::PersonRow>, Problem> {
    let nobody = || Problem::new(StatusCode::NOT_FOUND, "no_such_person", "there is nobody of this id", "list them at /api/v1/staff");
    office.read(move |connection| find_person(connection, &id)).await?.map(Json).ok_or_else(nobody)
}

fn find_person(connection: &Connection, id: &str) -> db::Result<Option<people::PersonRow>> {
    Ok(people::list(connection)?.into_iter().find(|person| person.id == id))
}

/// Adds or changes a person; absent fields stay as they are. Idempotent.
#[utoipa::path(put, path = "/api/v1/staff/{id}", params(("id" = String, Path), IfMatch), responses((status = NO_CONTENT)))]
async fn put_staff(
    State(office): State<HeadOffice>,
    Named(id): Named<String>,
    seen: IfMatch,
    Json(draft): Json<Draft>,
) -> Result<StatusCode, Problem> {
    let of = id.clone();
    let now_stands = move |connection: &Connection| find_person(connection, &of);
    seen.guards(now_stands, store_person(&office, id, draft)).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well. The PIN is hashed on a thread that may block, before the writer is asked.
pub async fn store_person(office: &HeadOffice, id: String, draft: Draft) -> Result<(), Problem> {
    let wrong =
        |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "person_malformed", why, "mend what is named and send it again");
    let checked = tokio::task::spawn_blocking(move || Checked::new(&id, draft)).await;
    let checked = checked.map_err(|panic| wrong(panic.to_string()))?.map_err(|faults| wrong(faults.join("; ")))?;
    let folders = office.folders().clone();
    let done = office.write(move |writer, now_ms| {
        let now = Stamp { ms: now_ms, quality: ClockQuality::Unverified };
        match people::put(writer.connection(), &folders, vec![checked], now) {
            Ok(_) => Ok(None),
            Err(PeopleError::Publish(PublishError::Database(error))) => Err(error.into()),
            // Nothing was written before these.
            Err(PeopleError::Draft(why)) => Ok(Some(why)),
            Err(PeopleError::Publish(error)) => {
                tracing::error!(%error, "a staff list could not be published");
                Err(WriteError::NotCommitted)
            }
        }
    });
    match done.await? {
        None => Ok(()),
        Some(why) => Err(wrong(why)),
    }
}

#[utoipa::path(get, path = "/api/v1/recalls", responses((status = OK, body = Vec<Recall>)))]
async fn recalls(State(office): State<HeadOffice>) -> Result<Json<Vec<Recall>>, Problem> {
    Ok(Json(office.read(recalls::list).await?))
}

#[utoipa::path(get, path = "/api/v1/recalls/{id}", params(("id" = String, Path)), responses((status = OK, body = Recall)))]
async fn one_recall(State(office): State<HeadOffice>, Named(id): Named<String>) -> Result<Json<Recall>, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "no_such_recall", "there is no recall of this id", "list them at /api/v1/recalls");
    office.read(move |connection| find_recall(connection, &id)).await?.map(Json).ok_or_else(none)
}

fn find_recall(connection: &Connection, id: &str) -> db::Result<Option<Recall>> {
    Ok(recalls::list(connection)?.into_iter().find(|recall| recall.id == id))
}

/// Adds or changes a product recall; shops refuse the goods once they have fetched the list. Idempotent.
#[utoipa::path(put, path = "/api/v1/recalls/{id}", params(("id" = String, Path), IfMatch), responses((status = NO_CONTENT)))]
async fn put_recall(
    State(office): State<HeadOffice>,
    Named(id): Named<String>,
    seen: IfMatch,
    Json(draft): Json<recalls::Draft>,
) -> Result<StatusCode, Problem> {
    let recall = recalls::check(&id, &draft).map_err(|faults| {
        let detail = faults.join("; ");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "recall_malformed", detail, "mend what is named and send it again")
    })?;
    let change = change_recalls(&office, move |connection, folders, now| recalls::put(connection, folders, recall, now));
    seen.guards(move |connection| find_recall(connection, &id), change).await
}

/// Ends a recall. Idempotent.
#[utoipa::path(delete, path = "/api/v1/recalls/{id}", params(("id" = String, Path)), responses((status = NO_CONTENT)))]
async fn remove_recall(State(office): State<HeadOffice>, Named(id): Named<String>) -> Result<StatusCode, Problem> {
    change_recalls(&office, move |connection, folders, now| recalls::remove(connection, folders, &id, now)).await
}

pub async fn change_recalls(
    office: &HeadOffice,
    change: impl FnOnce(&Connection, &Folders, Stamp) -> Result<Published, PublishError> + Send + 'static,
) -> Result<StatusCode, Problem> {
    let folders = office.folders().clone();
    let done = office.write(move |writer, now_ms| {
        let now = Stamp { ms: now_ms, quality: ClockQuality::Unverified };
        match change(writer.connection(), &folders, now) {
            Ok(_) => Ok(None),
            Err(PublishError::Database(error)) => Err(error.into()),
            // Nothing was written before this one.
            Err(PublishError::Source(why)) => Ok(Some(why)),
            Err(error) => {
                tracing::error!(%error, "the recalls could not be published");
                Err(WriteError::NotCommitted)
            }
        }
    });
    match done.await? {
        None => Ok(StatusCode::NO_CONTENT),
        Some(why) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "recall_too_large",
            why,
            "make several recalls of it and send them one by one",
        )),
    }
}
