//! What people do to prices in an open transaction. Coupons and members' cards that are scanned come through `scan` and `lines`.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::workstation::LineAt;
use super::{Body, Named, ask};
use crate::ids::CommandId;
use crate::money::Money;
use crate::retail::Command;
use crate::retail::pricing::Reduction;
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::At;

type Answered = Result<Json<CommandAnswer>, Problem>;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscountAsked {
    #[schema(value_type = String)]
    id: CommandId,
    /// `{"percent": 1000}` is 10 %, `{"amount": 250}` are 2.50 in minor units; left out: the discount is taken away again.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    off: Option<Reduction>,
    /// A code of the store's list of reasons.
    #[serde(default)]
    reason: String,
}

/// Takes something off one line, after its promotions.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/lines/{line}/discount", params(("ws" = String, Path), ("line" = u32, Path)),
    request_body = DiscountAsked, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn discount_line(State(web): State<Web>, At(ws): At, Named(at): Named<LineAt>, Body(body): Body<DiscountAsked>) -> Answered {
    ask(&web, body.id, Some(ws), Command::DiscountLine { line: at.line, off: body.off, reason: body.reason }).await
}

/// Takes something off the whole transaction, last of all.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/discount", params(("ws" = String, Path)),
    request_body = DiscountAsked, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn discount_basket(State(web): State<Web>, At(ws): At, Body(body): Body<DiscountAsked>) -> Answered {
    ask(&web, body.id, Some(ws), Command::DiscountBasket { off: body.off, reason: body.reason }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceAsked {
    #[schema(value_type = String)]
    id: CommandId,
    /// Per unit, in minor units.
    #[schema(value_type = i64)]
    price: Money,
    reason: String,
}

/// Sets the price of one unit of a line; no promotion touches it any more.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/lines/{line}/price", params(("ws" = String, Path), ("line" = u32, Path)),
    request_body = PriceAsked, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn set_price(State(web): State<Web>, At(ws): At, Named(at): Named<LineAt>, Body(body): Body<PriceAsked>) -> Answered {
    ask(&web, body.id, Some(ws), Command::SetPrice { line: at.line, price: body.price, reason: body.reason }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeAsked {
    #[schema(value_type = String)]
    id: CommandId,
    code: String,
}

/// Gives a coupon by its code.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/coupons", params(("ws" = String, Path)),
    request_body = CodeAsked, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn add_coupon(State(web): State<Web>, At(ws): At, Body(body): Body<CodeAsked>) -> Answered {
    ask(&web, body.id, Some(ws), Command::AddCoupon { code: body.code }).await
}

/// Attaches a member by the number of the card.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/member", params(("ws" = String, Path)),
    request_body = CodeAsked, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn attach_member(State(web): State<Web>, At(ws): At, Body(body): Body<CodeAsked>) -> Answered {
    ask(&web, body.id, Some(ws), Command::AttachMember { card: body.code }).await
}
