//! No field of a page or of the API takes a card's number or stripe: what comes is looked at before anything else sees it, and turned away
//! without being kept, shown again or logged. A code of the assortment that happens to look like a card's number is none.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Web;
use super::problem::{Problem, of_refusal};
use crate::document::Voice;
use crate::gs1::card::{CardData, find};
use crate::retail::Refusal;
use crate::sync::feed::CodeKey;

/// Looks at the address of every request, with what stands behind the question mark.
pub async fn watch(State(web): State<Web>, request: Request, next: Next) -> Response {
    let address = request.uri().path_and_query().map_or("", |it| it.as_str());
    match refuse(&web, &decoded(address)) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

/// Looks at every text of a JSON body. What is no JSON is refused elsewhere, without being shown.
pub fn refuse_body(web: &Web, body: &[u8]) -> Option<Problem> {
    let mut refused = None;
    texts(body, &mut |text| {
        if refused.is_none() {
            refused = refuse(web, text);
        }
    });
    refused
}

/// Every text of a JSON body: values, names of fields, and numbers as they are written. Nothing of a body that is no JSON.
pub fn texts(body: &[u8], each: &mut dyn FnMut(&str)) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
    let mut left = vec![&value];
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => each(text),
            // A price or a quantity has no such length.
            Value::Number(number) => each(&number.to_string()),
            Value::Array(values) => left.extend(values),
            Value::Object(fields) => {
                left.extend(fields.values());
                fields.keys().for_each(|key| each(key));
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

fn refuse(web: &Web, text: &str) -> Option<Problem> {
    match find(text)? {
        CardData::Number(digits) if is_code(web, &digits) => return None,
        CardData::Number(_) | CardData::Track => {}
    }
    Some(of_refusal(&Refusal::CardData, &Voice::of_store(&web.node.screen().rules)))
}

fn is_code(web: &Web, digits: &str) -> bool {
    CodeKey::read(digits).is_ok_and(|key| matches!(web.node.shared().views.by_code(&[key]), Ok(Some(_))))
}

/// `%41` and `+` as what they stand for; what is no UTF-8 then stays as it came.
pub fn decoded(address: &str) -> String {
    let spaced = address.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().map_or_else(|_| address.to_owned(), |plain| plain.into_owned())
}
