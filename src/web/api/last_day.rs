//! Items past their date or recalled: what blocks the till, and the word that the item was put aside.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Body, ask};
use crate::ids::CommandId;
use crate::node::screen::{PastItem, RecalledItem};
use crate::retail::Command;
use crate::retail::last_day::LastDayKind;
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::At;

/// An item that may not be sold any more and waits to be put aside.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastItemView {
    /// Send it back with `put-aside`.
    pub code: String,
    pub name: String,
    /// YYYY-MM-DD.
    pub last_day: String,
    /// "expiry", "sell_by" or "best_before".
    pub kind: String,
}

impl From<&PastItem> for PastItemView {
    fn from(item: &PastItem) -> PastItemView {
        let kind = match item.last_day.kind {
            LastDayKind::Expiry => "expiry",
            LastDayKind::SellBy => "sell_by",
            LastDayKind::BestBefore => "best_before",
        };
        PastItemView { code: item.code.clone(), name: item.name.clone(), last_day: item.last_day.date.to_string(), kind: kind.into() }
    }
}

/// A recalled item that waits to be put aside.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecalledItemView {
    /// Send it back with `put-aside`.
    pub code: String,
    pub name: String,
    /// The recall's id.
    pub recall: String,
    pub reason: String,
}

impl From<&RecalledItem> for RecalledItemView {
    fn from(item: &RecalledItem) -> RecalledItemView {
        let RecalledItem { code, name, recall, reason } = item.clone();
        RecalledItemView { code, name, recall, reason }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutAside {
    #[schema(value_type = String)]
    id: CommandId,
    /// The code that was scanned.
    code: String,
}

/// The item, past its date or recalled, was taken out of the customer's goods.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/put-aside", params(("ws" = String, Path)), request_body = PutAside,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn put_aside(State(web): State<Web>, At(ws): At, Body(body): Body<PutAside>) -> Result<Json<CommandAnswer>, Problem> {
    ask(&web, body.id, Some(ws), Command::PutAside { code: body.code }).await
}
