//! What people do about boxes, for the page *Nodes* and for the API alike: codes, approval, revoking. Who may do
//! it stands in [`super::access::routes`]; with enrolment it is served on loopback only.

use axum::Json;
use axum::extract::{Path as Named, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::enrolment::{self, CODE_LIFE_MS, CODES_OPEN_MAX, CodeFor, NodeRow, NotDone, OpenCode};
use super::node_cli;
use super::office::HeadOffice;
use crate::ids::{NodeId, StoreId};
use crate::web::problem::Problem;

/// Of a reason for revoking.
const REASON_CHARS_MAX: usize = 200;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(nodes))
        .routes(routes!(approve_node))
        .routes(routes!(revoke_node))
        .routes(routes!(codes, new_code))
        .routes(routes!(withdraw_code))
        .with_state(office)
}

/// A code, the one time that it is shown.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeCode {
    pub code: String,
    pub expires_ms: i64,
    /// What is typed on the box.
    pub command: String,
}

pub async fn make_code(office: &HeadOffice, wanted: CodeFor) -> Result<MadeCode, Problem> {
    let authority = office.authority().cloned().ok_or_else(no_enrolment)?;
    let (_, pin) = authority.server_trust(office.config().tls.as_ref()).map_err(|error| {
        tracing::error!(%error, "head office's certificate cannot be read");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_readable", error.to_string(), "mend the file that is named, then try again")
    })?;
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| {
        let detail = format!("the machine gave no random numbers: {error}");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_randomness", detail, "try again")
    })?;
    let (store, node, replaces) = (wanted.store.clone(), wanted.node.clone(), wanted.replaces);
    let made = office.write(move |writer, now_ms| {
        let code = enrolment::make_code(writer.connection(), writer.key(), pin, random, &wanted, now_ms)?;
        Ok(code.map(|code| (code, now_ms + CODE_LIFE_MS)))
    });
    let (code, expires_ms) = made.await?.ok_or_else(|| {
        let detail = format!("{CODES_OPEN_MAX} codes wait to be used");
        Problem::new(StatusCode::CONFLICT, "too_many_codes", detail, "use those, withdraw them, or wait until they have run out")
    })?;
    tracing::info!(%store, node = node.as_ref().map(NodeId::as_str), replaces, "a code for enrolment was made");
    let command = node_cli::command_line(office.config(), &code);
    Ok(MadeCode { code: code.to_string(), expires_ms, command })
}

/// Idempotent.
pub async fn withdraw(office: &HeadOffice, id: String) -> Result<(), Problem> {
    office.write(move |writer, now_ms| Ok(enrolment::withdraw(writer.connection(), &id, now_ms)?)).await.map_err(Problem::from)
}

/// Lets a box back in whose certificate ran out while it was away, once it has proved its key. Idempotent.
pub async fn approve(office: &HeadOffice, store: StoreId, node: NodeId) -> Result<(), Problem> {
    let asked = (store.clone(), node.clone());
    let done = office.write(move |writer, now_ms| Ok(enrolment::approve(writer.connection(), &asked.0, &asked.1, now_ms)?)).await?;
    office.gate().forget();
    done.map_err(|why| not_done(&why, &store, &node))?;
    tracing::info!(%store, %node, "a node is approved");
    Ok(())
}

/// The box is not heard any more. Idempotent.
pub async fn revoke(office: &HeadOffice, store: StoreId, node: NodeId, reason: &str) -> Result<(), Problem> {
    let (asked, kept) = ((store.clone(), node.clone()), reason.trim().chars().take(REASON_CHARS_MAX).collect::<String>());
    let done = office.write(move |writer, now_ms| Ok(enrolment::revoke(writer.connection(), &asked.0, &asked.1, &kept, now_ms)?)).await?;
    office.gate().forget();
    done.map_err(|why| not_done(&why, &store, &node))?;
    tracing::info!(%store, %node, "a node is revoked");
    Ok(())
}

fn no_enrolment() -> Problem {
    let detail = "this head office does not enrol boxes";
    Problem::new(StatusCode::NOT_FOUND, "no_enrolment", detail, "set enrolment = true in its configuration and start it again")
}

fn not_done(why: &NotDone, store: &StoreId, node: &NodeId) -> Problem {
    let conflict = |code, detail: String, remedy: &str| Problem::new(StatusCode::CONFLICT, code, detail, remedy);
    match why {
        NotDone::Unknown => {
            let detail = format!("no box was ever enrolled as node {node} of store {store}");
            Problem::new(StatusCode::NOT_FOUND, "node_unknown", detail, "load the list of nodes again")
        }
        NotDone::Revoked => conflict("node_revoked", format!("node {node} of store {store} is revoked"), "make it a new code"),
        NotDone::StillGood { .. } => {
            conflict("nothing_to_approve", format!("the certificate of node {node} in store {store} is still good"), "nothing need be done")
        }
        NotDone::NotBack => conflict(
            "not_back",
            format!("node {node} of store {store} has not called since its certificate ran out, so its key is not proved"),
            "start it, and approve it when it waits",
        ),
    }
}

#[utoipa::path(get, path = "/api/v1/nodes", responses((status = OK, body = Vec<NodeRow>)))]
async fn nodes(State(office): State<HeadOffice>) -> Result<Json<Vec<NodeRow>>, Problem> {
    let now_ms = office.now_ms();
    Ok(Json(office.read(move |connection| enrolment::list(connection, now_ms)).await?))
}

#[utoipa::path(get, path = "/api/v1/enrol-codes", responses((status = OK, body = Vec<OpenCode>)))]
async fn codes(State(office): State<HeadOffice>) -> Result<Json<Vec<OpenCode>>, Problem> {
    let now_ms = office.now_ms();
    Ok(Json(office.read(move |connection| enrolment::open_codes(connection, now_ms)).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeWanted {
    store: StoreId,
    node: Option<NodeId>,
    #[serde(default)]
    replace: bool,
}

/// Each time another code.
#[utoipa::path(post, path = "/api/v1/enrol-codes", responses((status = CREATED, body = MadeCode)))]
async fn new_code(State(office): State<HeadOffice>, Json(wanted): Json<CodeWanted>) -> Result<Response, Problem> {
    let wanted = code_for(wanted.store, wanted.node, wanted.replace)?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(make_code(&office, wanted).await?)).into_response())
}

/// # Errors
/// A box takes the place of a node that is named, and names fit into a certificate.
pub fn code_for(store: StoreId, node: Option<NodeId>, replaces: bool) -> Result<CodeFor, Problem> {
    if replaces && node.is_none() {
        let detail = "a box that takes the place of another one must be told which";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "node_missing", detail, "name the node as well"));
    }
    CodeFor::new(store, node, replaces).ok_or_else(|| {
        let detail = "store and node are written into a certificate, so their ids cannot contain a dot";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_name", detail, "use letters, digits and -")
    })
}

#[utoipa::path(delete, path = "/api/v1/enrol-codes/{id}", params(("id" = String, Path)), responses((status = NO_CONTENT)))]
async fn withdraw_code(State(office): State<HeadOffice>, Named(id): Named<String>) -> Result<StatusCode, Problem> {
    withdraw(&office, id).await.map(|()| StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/v1/stores/{store}/nodes/{node}/approve", params(("store" = StoreId, Path), ("node" = NodeId, Path)),
    responses((status = NO_CONTENT)))]
async fn approve_node(State(office): State<HeadOffice>, Named((store, node)): Named<(StoreId, NodeId)>) -> Result<StatusCode, Problem> {
    approve(&office, store, node).await.map(|()| StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevokeReason)]
struct Reason {
    #[serde(default)]
    reason: String,
}

#[utoipa::path(post, path = "/api/v1/stores/{store}/nodes/{node}/revoke", params(("store" = StoreId, Path), ("node" = NodeId, Path)),
    responses((status = NO_CONTENT)))]
async fn revoke_node(
    State(office): State<HeadOffice>,
    Named((store, node)): Named<(StoreId, NodeId)>,
    Json(Reason { reason }): Json<Reason>,
) -> Result<StatusCode, Problem> {
    revoke(&office, store, node, &reason).await.map(|()| StatusCode::NO_CONTENT)
}
