//! Departments: goods without a number of their own, at a typed price.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Body, ask};
use crate::ids::{CommandId, Sku};
use crate::money::{Money, Qty};
use crate::retail::Command;
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::At;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenPrice {
    #[schema(value_type = String)]
    id: CommandId,
    /// Its id in the store's configuration.
    #[schema(value_type = String)]
    department: Sku,
    /// Of one piece, in minor units.
    #[schema(value_type = i64)]
    price: Money,
    /// In thousandths; one when left out.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    quantity: Option<Qty>,
    /// Of an article that the assortment does not know; its number stays on the line.
    #[serde(default)]
    code: Option<String>,
}

/// Sells under a department's key.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/open-price", params(("ws" = String, Path)), request_body = OpenPrice,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn open_price(State(web): State<Web>, At(ws): At, Body(body): Body<OpenPrice>) -> Result<Json<CommandAnswer>, Problem> {
    let OpenPrice { id, department, price, quantity, code } = body;
    ask(&web, id, Some(ws), Command::SellOpenPrice { department, price, quantity, code }).await
}
