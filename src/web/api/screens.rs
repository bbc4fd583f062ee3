//! Paired screens and tokens: list, confirm, revoke, make. For desks only.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Body, Named};
use crate::ids::WorkstationId;
use crate::retail::rights::Right;
use crate::web::Web;
use crate::web::pairing::{PairedScreen, PairingError, Scope, ScreenKind};
use crate::web::problem::Problem;
use crate::web::seat;
use crate::web::session::Session;

#[derive(Debug, Serialize, ToSchema)]
pub struct ScreenView {
    pub id: String,
    pub name: String,
    /// "browser" or "token".
    pub kind: String,
    /// `null`: the whole store.
    pub workstation: Option<String>,
    pub paired_at_ms: i64,
}

impl From<&PairedScreen> for ScreenView {
    fn from(screen: &PairedScreen) -> ScreenView {
        let kind = match screen.kind {
            ScreenKind::Browser => "browser",
            ScreenKind::Token => "token",
        };
        let workstation = match &screen.scope {
            Scope::Any => None,
            Scope::Workstation(ws) => Some(ws.to_string()),
        };
        ScreenView { id: screen.id.clone(), name: screen.name.clone(), kind: kind.into(), workstation, paired_at_ms: screen.paired_at_ms }
    }
}

/// Screens and programs that are let in.
#[utoipa::path(get, path = "/api/v1/screens", responses((status = OK, body = Vec<ScreenView>), (status = "4XX", body = Problem)))]
pub async fn list(State(web): State<Web>, session: Session) -> Result<Json<Vec<ScreenView>>, Problem> {
    session.needs_desk()?;
    Ok(Json(web.parts.pairing.screens().iter().map(ScreenView::from).collect()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// As the new screen shows it.
    code: String,
}

/// Lets the screen in that shows this code. Confirming twice is the same as once.
#[utoipa::path(post, path = "/api/v1/screens/confirm", request_body = Confirm, responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn confirm(State(web): State<Web>, session: Session, Body(body): Body<Confirm>) -> Result<StatusCode, Problem> {
    session.needs_desk()?;
    web.parts.pairing.confirm(&body.code).map_err(|error| problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets one go. Revoking twice is not an error of the second.
#[utoipa::path(delete, path = "/api/v1/screens/{screen}", params(("screen" = String, Path)), responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn revoke(State(web): State<Web>, session: Session, Named(id): Named<String>) -> Result<StatusCode, Problem> {
    session.needs_desk()?;
    match web.parts.pairing.revoke(&id) {
        Ok(_) | Err(PairingError::NoSuchScreen { .. }) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(problem(&error)),
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What uses it.
    name: String,
    /// Bound to one workstation; left out: the whole store.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    workstation: Option<WorkstationId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TokenMade {
    pub screen: ScreenView,
    /// For `Authorization: Bearer`. Shown once; only its SHA-256 is kept.
    pub token: String,
}

/// Makes a token for a program.
#[utoipa::path(post, path = "/api/v1/tokens", request_body = NewToken, responses((status = OK, body = TokenMade), (status = "4XX", body = Problem)))]
pub async fn create_token(State(web): State<Web>, session: Session, Body(body): Body<NewToken>) -> Result<Json<TokenMade>, Problem> {
    session.needs_desk()?;
    // A token opens all that a person would have to sign in for. Where nobody can sign in yet, there is nobody to ask.
    if !web.node.shared().books.books().staff.is_empty() {
        let at_desk = seat::who_may(&web, &session, Right::ManageStaff);
        // This page has no sign-in of its own.
        let there = web.parts.locale.texts.office.sign_in_there.to_owned();
        at_desk.map_err(|problem| if problem.code == "sign_in_first" { Problem { remedy: there, ..problem } } else { problem })?;
    }
    let scope = match body.workstation {
        None => Scope::Any,
        Some(ws) if web.node.screen().workstations.contains_key(&ws) => Scope::Workstation(ws),
        Some(ws) => {
            let detail = format!("this store has no workstation {ws}");
            return Err(Problem::new(StatusCode::NOT_FOUND, "workstation_unknown", detail, "list them at /api/v1/workstations"));
        }
    };
    let (screen, token) = web.parts.pairing.create_token(&body.name, scope).map_err(|error| problem(&error))?;
    Ok(Json(TokenMade { screen: ScreenView::from(&screen), token }))
}

fn problem(error: &PairingError) -> Problem {
    let (status, code) = match error {
        PairingError::WrongCode { .. } => (StatusCode::CONFLICT, "wrong_code"),
        PairingError::Locked => (StatusCode::TOO_MANY_REQUESTS, "pairing_locked"),
        PairingError::TooManyPending => (StatusCode::SERVICE_UNAVAILABLE, "too_many_waiting"),
        PairingError::TooManyScreens => (StatusCode::CONFLICT, "too_many_screens"),
        PairingError::NoSuchScreen { .. } => (StatusCode::NOT_FOUND, "screen_unknown"),
        PairingError::Store { .. } | PairingError::Unreadable { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "screens_not_kept"),
        PairingError::NodeSilent { .. } | PairingError::NodeRefused { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "pairing_failed"),
    };
    // The remedy is in the error's own sentence, behind the colon.
    let text = error.to_string();
    let (detail, remedy) = text.split_once(": ").map_or((text.as_str(), ""), |(a, b)| (a, b));
    Problem::new(status, code, detail, remedy)
}
