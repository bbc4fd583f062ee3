//! The answer to an age check. A birth date is compared here and goes no further: neither the loop nor the journal sees it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Body, ask};
use crate::ids::CommandId;
use crate::money::Qty;
use crate::node::screen::AgeCheck;
use crate::retail::age::{AgeProof, born_by};
use crate::retail::day::Day;
use crate::retail::{Command, ScanFact};
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::At;

/// What must be answered before the next scan counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgeCheckView {
    /// Send it back with the answer.
    pub code: String,
    pub quantity: Option<i64>,
    pub name: String,
    pub years: u8,
    /// Latest birth date of a customer who may buy it, as YYYY-MM-DD.
    pub born_by: String,
}

impl From<&AgeCheck> for AgeCheckView {
    fn from(check: &AgeCheck) -> AgeCheckView {
        AgeCheckView {
            code: check.code.clone(),
            quantity: check.quantity.map(Qty::thousandths),
            name: check.name.clone(),
            years: check.years,
            born_by: check.born_by.to_string(),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgeAnswer {
    #[schema(value_type = String)]
    id: CommandId,
    /// The code that was scanned.
    code: String,
    /// In thousandths, as it was asked for with the scan.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    quantity: Option<Qty>,
    /// What the cashier saw. Either this or `birth_date`.
    #[serde(default)]
    of_age: Option<bool>,
    /// YYYY-MM-DD. Compared and forgotten; never stored.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    birth_date: Option<jiff::civil::Date>,
}

/// Is the customer old enough for the article that was scanned? If so the line enters; if not, it does not, and that is recorded.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/age-check", params(("ws" = String, Path)), request_body = AgeAnswer,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn age_check(State(web): State<Web>, At(ws): At, Body(answer): Body<AgeAnswer>) -> Result<Json<CommandAnswer>, Problem> {
    let (of_age, proof) = match (answer.of_age, answer.birth_date) {
        (Some(of_age), None) => (of_age, AgeProof::Seen),
        (None, Some(born)) => (old_enough(&web, &answer.code, born), AgeProof::BirthDate),
        (Some(_), Some(_)) | (None, None) => {
            let detail = "the answer needs either `of_age` or `birth_date`";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "age_answer_unclear", detail, "send exactly one of the two"));
        }
    };
    ask(&web, answer.id, Some(ws), Command::CheckAge { code: answer.code, quantity: answer.quantity, of_age, proof }).await
}

/// Of an article without an age, or with the day closed, the core says what is wrong.
fn old_enough(web: &Web, code: &str, born: jiff::civil::Date) -> bool {
    let years = if let ScanFact::Article(article) = web.node.shared().look_up(code) { article.age_min.unwrap_or_default() } else { 0 };
    match web.node.screen().day {
        Day::Open { date, .. } => born <= born_by(date, years),
        Day::NeverOpened | Day::Closed { .. } => false,
    }
}
