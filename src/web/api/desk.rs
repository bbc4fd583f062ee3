//! Who works at a desk page.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::people::Proven;
use super::shape::CommandAnswer;
use super::{Body, ask_problem};
use crate::document::Voice;
use crate::node::handle::CommandRequest;
use crate::node::proof::Approval;
use crate::retail::{Command, Refusal};
use crate::web::Web;
use crate::web::problem::{Problem, of_refusal};
use crate::web::seat::{self, AtDesk};
use crate::web::session::Session;

/// Who is signed in at this desk.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeskView {
    /// Absent: nobody, or a program, or a store that asks nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Nothing is shown or done here before somebody signs in.
    sign_in_first: bool,
}

/// Who works at this desk.
#[utoipa::path(get, path = "/api/v1/desk", responses((status = OK, body = DeskView), (status = "4XX", body = Problem)))]
pub async fn desk(State(web): State<Web>, session: Session) -> Result<Json<DeskView>, Problem> {
    session.needs_desk()?;
    let at_desk = seat::at_desk(&web, &session).ok();
    let staff = at_desk.as_ref().and_then(AtDesk::staff);
    let name = staff.and_then(|staff| web.node.shared().books.books().staff.person(staff).map(|person| person.name.clone()));
    Ok(Json(DeskView { staff: staff.map(ToString::to_string), name, sign_in_first: at_desk.is_none() }))
}

/// A person works at this desk from now on, whoever did before.
#[utoipa::path(post, path = "/api/v1/desk/sign-in", request_body = Proven,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn sign_in(State(web): State<Web>, session: Session, Body(body): Body<Proven>) -> Result<Json<CommandAnswer>, Problem> {
    session.needs_desk()?;
    let refuse = |refusal: Refusal| of_refusal(&refusal, &Voice::of_store(&web.node.screen().rules));
    let (id, approval) = body.split();
    let staff = match &approval {
        None => return Err(refuse(Refusal::ProofMissing)),
        Some(Approval::Pin { staff, .. }) => staff.clone(),
        Some(Approval::Badge(code)) => {
            let book = web.node.shared().books.books().staff;
            book.by_badge(&code.0).map(|person| person.id.clone()).ok_or_else(|| refuse(Refusal::BadgeUnknown))?
        }
        Some(Approval::Checked(_)) => unreachable!("a body holds a badge or a PIN"),
    };
    let command = Command::SignInDesk { staff: staff.clone() };
    let request = CommandRequest { id, workstation: None, staff: None, approval, command };
    let answer = web.node.ask(request).await.map_err(|error| ask_problem(&error))?;
    web.seats.take(&session.0.id, staff, web.now_ms());
    Ok(Json(answer.into()))
}

/// Nobody works at this desk any more.
#[utoipa::path(delete, path = "/api/v1/desk/sign-in", responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn sign_out(State(web): State<Web>, session: Session) -> Result<StatusCode, Problem> {
    session.needs_desk()?;
    web.seats.leave(&session.0.id);
    Ok(StatusCode::NO_CONTENT)
}
