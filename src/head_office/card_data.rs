//! No page, program or file brings a card's number or stripe into head office: what comes is looked at before anything else sees it, and
//! turned away without being kept, shown again or logged. A code of the assortment that happens to look like one is none.

use super::db::OptionalExtension;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::office::HeadOffice;
use crate::gs1::card::{CardData, find};
use crate::web::card_data::{decoded, texts};
use crate::web::problem::Problem;

/// What a person types and what a program puts is far below.
pub const BODY_BYTES_MAX: usize = 2 << 20;
/// In words, for complaints about a file or a form.
pub const WHAT: &str = "it holds what looks like the number or the stripe of a payment card";
pub const REMEDY: &str = "take it out: card data is kept nowhere";

/// Whether a text that is no code brings something of a card.
pub fn holds_card(text: &str) -> bool {
    find(text).is_some()
}

/// Looks at the address of every request of people and programs, and at every text in its body.
pub async fn watch(State(office): State<HeadOffice>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut found: Vec<CardData> = Vec::new();
    found.extend(parts.uri.path_and_query().and_then(|it| find(&decoded(it.as_str()))));
    let Ok(bytes) = to_bytes(body, BODY_BYTES_MAX).await else {
        return too_long().into_response();
    };
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        // Field by field, so that two of them do not make a number together.
        let fields = String::from_utf8_lossy(&bytes);
        found.extend(fields.split(['&', '=']).filter_map(|field| find(&decoded(field))));
    } else {
        texts(&bytes, &mut |text| found.extend(find(text)));
    }
    for card in found {
        match is_code(&office, card).await {
            Ok(true) => {}
            Ok(false) => return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "card_data", WHAT, REMEDY).into_response(),
            Err(problem) => return problem.into_response(),
        }
    }
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}

pub fn too_long() -> Problem {
    let detail = format!("the body is longer than {BODY_BYTES_MAX} bytes, or did not come whole");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail, "send less at once")
}

/// Rare enough to look through the articles for it.
async fn is_code(office: &HeadOffice, card: CardData) -> Result<bool, Problem> {
    let CardData::Number(digits) = card else { return Ok(false) };
    let known = office.read(move |connection| {
        let code = format!("\"code\":\"{digits}\"");
        connection
            .query_row("SELECT 1 FROM articles WHERE sku = ?1 OR article LIKE '%' || ?2 || '%' LIMIT 1", [digits, code], |_| Ok(()))
            .optional()
    });
    Ok(known.await?.is_some())
}
