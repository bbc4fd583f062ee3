//! Goods that are sold by weight: what waits for one, the weight a person typed, and the tare.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Body, ask, ask_problem};
use crate::device::ScaleReading;
use crate::ids::CommandId;
use crate::money::Qty;
use crate::node::handle::Input;
use crate::node::screen::{Check, TillScreen};
use crate::retail::Command;
use crate::retail::weight::Weighing;
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::At;

/// An article that waits for its weight: from the scale, as soon as it stands still, or typed.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeighingView {
    /// Send it back with `weight`.
    pub code: String,
    pub name: String,
    /// Of a kilogram.
    pub unit_price: i64,
    /// What the scale says: "empty", "moving", "unsettled", "stable", "same_load", "under_zero", "over_capacity", "own_tare" or "no_answer";
    /// `null`: there is none, or it has not answered yet.
    pub reading: Option<String>,
    pub tare_g: i64,
}

impl WeighingView {
    pub fn of(till: &TillScreen) -> Option<WeighingView> {
        let Some(Check::Weigh(weigh)) = till.check.as_deref() else { return None };
        let reading = till.reading.map(|reading| {
            let name = match reading {
                ScaleReading::Empty => "empty",
                ScaleReading::Moving => "moving",
                ScaleReading::Unsettled => "unsettled",
                ScaleReading::Stable { .. } => "stable",
                ScaleReading::SameLoad => "same_load",
                ScaleReading::UnderZero => "under_zero",
                ScaleReading::OverCapacity => "over_capacity",
                ScaleReading::OwnTare => "own_tare",
                ScaleReading::NoAnswer => "no_answer",
            };
            name.to_owned()
        });
        Some(WeighingView {
            code: weigh.code.clone(),
            name: weigh.name.clone(),
            unit_price: weigh.unit_price.minor(),
            reading,
            tare_g: till.tare.thousandths(),
        })
    }
}

/// How the weight of a line was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeighedView {
    /// "scale" or "typed".
    pub source: String,
    pub tare_g: i64,
}

impl From<&Weighing> for WeighedView {
    fn from(weighing: &Weighing) -> WeighedView {
        let source = if weighing.is_typed() { "typed" } else { "scale" };
        WeighedView { source: source.to_owned(), tare_g: weighing.tare.thousandths() }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedWeight {
    #[schema(value_type = String)]
    id: CommandId,
    /// Any code of the article.
    code: String,
    /// In grams, the tare included.
    #[schema(value_type = i64)]
    weight_g: Qty,
    /// In grams; none when left out.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    tare_g: Option<Qty>,
}

/// Adds an article with the weight that a person typed. It is marked so on the receipt.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/weight", params(("ws" = String, Path)), request_body = TypedWeight,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn weight(State(web): State<Web>, At(ws): At, Body(body): Body<TypedWeight>) -> Result<Json<CommandAnswer>, Problem> {
    let TypedWeight { id, code, weight_g, tare_g } = body;
    let command = Command::AddWeighed { code, weight: weight_g, tare: tare_g.unwrap_or_default(), scale: None };
    ask(&web, id, Some(ws), command).await
}

/// Nobody waits for a weight any more. Not recorded, so it needs no id.
#[utoipa::path(delete, path = "/api/v1/workstations/{ws}/weight", params(("ws" = String, Path)),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn forget_weight(State(web): State<Web>, At(ws): At) -> Result<StatusCode, Problem> {
    web.node.tell(Input::ForgetWeight { workstation: ws }).await.map_err(|error| ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The goods of the last line are weighed once more: it was the wrong article. Not recorded, so it needs no id.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/weight/again", params(("ws" = String, Path)),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn again(State(web): State<Web>, At(ws): At) -> Result<StatusCode, Problem> {
    web.node.tell(Input::WeighAgain { workstation: ws }).await.map_err(|error| ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tare {
    /// 0: none.
    tare_g: i64,
}

/// What is taken off the next weight here, the scale's or a typed one. One-shot, not recorded, so it needs no id.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/tare", params(("ws" = String, Path)), request_body = Tare,
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn tare(State(web): State<Web>, At(ws): At, Body(body): Body<Tare>) -> Result<StatusCode, Problem> {
    let (tare, max) = (Qty::from_thousandths(body.tare_g), web.node.screen().rules.limits.weight_max);
    if tare < Qty::ZERO || tare > max {
        let detail = format!("a tare of {} g cannot be taken off", body.tare_g);
        let remedy = format!("use 0 to {} g", max.thousandths());
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "tare_out_of_range", detail, remedy));
    }
    web.node.tell(Input::SetTare { workstation: ws, tare }).await.map_err(|error| ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
