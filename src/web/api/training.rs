//! Practice at a till.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Body, ask};
use crate::ids::CommandId;
use crate::retail::Command;
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::At;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Training {
    #[schema(value_type = String)]
    id: CommandId,
    on: bool,
}

/// Begins or ends practice: what is sold meanwhile counts nowhere.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/training", params(("ws" = String, Path)), request_body = Training,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn training(State(web): State<Web>, At(ws): At, Body(body): Body<Training>) -> Result<Json<CommandAnswer>, Problem> {
    ask(&web, body.id, Some(ws), Command::SetTraining { on: body.on }).await
}
