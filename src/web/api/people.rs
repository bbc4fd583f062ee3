//! Who works at a workstation, and the approval of another person.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Body, ask, ask_problem};
use crate::ids::{CommandId, StaffId};
use crate::node::handle::CommandRequest;
use crate::node::proof::{Approval, Secret};
use crate::retail::Command;
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::{At, Session};

type Answered = Result<Json<CommandAnswer>, Problem>;

/// A person who may sign in.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffView {
    id: String,
    name: String,
    has_pin: bool,
}

/// The staff list in force, by name.
#[utoipa::path(get, path = "/api/v1/staff", responses((status = OK, body = Vec<StaffView>)))]
pub async fn staff(State(web): State<Web>, _session: Session) -> Json<Vec<StaffView>> {
    let screen = web.node.screen();
    Json(screen.staff.iter().map(|p| StaffView { id: p.id.to_string(), name: p.name.clone(), has_pin: p.has_pin }).collect())
}

/// What proves a person: a badge, or a staff id with its PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proven {
    #[schema(value_type = String)]
    id: CommandId,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    staff: Option<StaffId>,
    #[serde(default)]
    pin: Option<String>,
    /// As scanned.
    #[serde(default)]
    badge: Option<String>,
}

/// The same inside another body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    staff: Option<StaffId>,
    #[serde(default)]
    pin: Option<String>,
    #[serde(default)]
    badge: Option<String>,
}

impl ApprovalBody {
    pub fn approval(self) -> Option<Approval> {
        match (self.badge, self.staff, self.pin) {
            (Some(code), _, _) => Some(Approval::Badge(Secret(code))),
            (None, Some(staff), Some(pin)) => Some(Approval::Pin { staff, pin: Secret(pin) }),
            (None, _, _) => None,
        }
    }
}

impl Proven {
    pub fn split(self) -> (CommandId, Option<Approval>) {
        let Proven { id, staff, pin, badge } = self;
        (id, ApprovalBody { staff, pin, badge }.approval())
    }
}

/// A person works here from now on, whoever did before.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/sign-in", params(("ws" = String, Path)), request_body = Proven,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn sign_in(State(web): State<Web>, At(ws): At, Body(body): Body<Proven>) -> Answered {
    let (id, approval) = body.split();
    let request = CommandRequest { id, workstation: Some(ws), staff: None, approval, command: Command::SignIn {} };
    let answer = web.node.ask(request).await.map_err(|error| ask_problem(&error))?;
    Ok(Json(answer.into()))
}

/// Another person approves what was just refused here with `needs_override`; it is done then. `seq` 0: nothing waits for approval.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/approve", params(("ws" = String, Path)), request_body = Proven,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn approve(State(web): State<Web>, At(ws): At, Body(body): Body<Proven>) -> Answered {
    let (_, approval) = body.split();
    let answer = web.node.approve(ws, approval).await.map_err(|error| ask_problem(&error))?;
    Ok(Json(answer.into()))
}

/// What waits for approval here is given up.
#[utoipa::path(delete, path = "/api/v1/workstations/{ws}/approve", params(("ws" = String, Path)), responses((status = NO_CONTENT)))]
pub async fn give_up(State(web): State<Web>, At(ws): At) -> Result<StatusCode, Problem> {
    web.node.approve(ws, None).await.map_err(|error| ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Act {
    #[schema(value_type = String)]
    id: CommandId,
}

/// Nothing is done here before someone signs in again.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/lock", params(("ws" = String, Path)), request_body = Act,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn lock(State(web): State<Web>, At(ws): At, Body(body): Body<Act>) -> Answered {
    ask(&web, body.id, Some(ws), Command::LockTill { idle: false }).await
}

#[utoipa::path(post, path = "/api/v1/workstations/{ws}/sign-out", params(("ws" = String, Path)), request_body = Act,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn sign_out(State(web): State<Web>, At(ws): At, Body(body): Body<Act>) -> Answered {
    ask(&web, body.id, Some(ws), Command::SignOut {}).await
}
