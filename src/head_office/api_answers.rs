//! What all answers of the API have in common, put on from outside, so that no handler can forget it: an error is a problem whoever made it, what is
//! read has an `ETag`, and what is written can be put under the condition that nobody else wrote meanwhile.

use std::convert::Infallible;
use std::sync::Mutex;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::db::{self, Connection};
use super::writer::WriteError;
use crate::web::problem::Problem;

/// Of an error that was made by no handler of ours.
const WORDS_BYTES_MAX: usize = 16 << 10;

/// The middleware.
pub async fn finish(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let seen = (request.method() == Method::GET).then(|| request.headers().get(header::IF_NONE_MATCH).cloned());
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match (response.status(), seen) {
        (status, _) if status.is_client_error() || status.is_server_error() => match kind {
            "application/problem+json" => response,
            _ => as_problem(response).await,
        },
        (StatusCode::OK, Some(seen)) if kind == "application/json" => tagged(response, seen.as_ref()).await,
        _ => response,
    }
}

/// What the framework says in plain words: of an address, a query or a body that it could not read.
async fn as_problem(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let words = to_bytes(body, WORDS_BYTES_MAX).await.unwrap_or_default();
    let words = String::from_utf8_lossy(&words).into_owned();
    let (code, otherwise, remedy) = match parts.status {
        StatusCode::NOT_FOUND => ("not_found", "there is nothing at this address", "compare it with /api/openapi.json"),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("wrong_method", "this address does not know the method", "the header Allow says which it knows; see /api/openapi.json")
        }
        StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "the body is too large", "send less at once"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("not_json", "the body is not said to be JSON", "send Content-Type: application/json"),
        StatusCode::UNPROCESSABLE_ENTITY => ("body_malformed", "the body cannot be used", "compare the body with /api/openapi.json"),
        StatusCode::BAD_REQUEST => ("malformed", "the request cannot be read", "compare address, query and body with /api/openapi.json"),
        _ => ("failed", "the request failed", "try it again; head office's log says more"),
    };
    let mut problem = Problem::new(parts.status, code, if words.is_empty() { otherwise.to_owned() } else { words }, remedy).into_response();
    if let Some(allow) = parts.headers.get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

/// JSON lies whole in memory already.
async fn tagged(response: Response, seen: Option<&HeaderValue>) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let tag = tag(&bytes);
    let is_known = seen.is_some_and(|seen| names(seen, &tag));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    if !is_known {
        return Response::from_parts(parts, Body::from(bytes));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    for of_body in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        parts.headers.remove(of_body);
    }
    Response::from_parts(parts, Body::empty())
}

/// Strong: the same tag, the same bytes.
fn tag(bytes: &[u8]) -> String {
    let hash = crate::journal::Hash::of(bytes).to_string();
    format!("\"{}\"", &hash[..32])
}

/// Whether a list of tags has this one; `*` has all.
fn names(tags: &HeaderValue, tag: &str) -> bool {
    let listed = tags.to_str().unwrap_or_default().split(',').map(str::trim);
    listed.map(|listed| listed.strip_prefix("W/").unwrap_or(listed)).any(|listed| listed == "*" || listed == tag)
}

/// `If-Match` of a request: what its sender has seen, and builds upon.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IfMatch {
    /// The `ETag` of what is changed, as it was read. When it has changed since then, nothing is done (412).
    #[param(rename = "If-Match", value_type = Option<String>)]
    tags: Option<HeaderValue>,
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IfMatch, Infallible> {
        Ok(IfMatch { tags: of(&parts.headers) })
    }
}

fn of(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::IF_MATCH).cloned()
}

type Holds = Box<dyn FnOnce(&Connection) -> db::Result<bool> + Send>;

tokio::task_local! {
    static CONDITION: Mutex<Option<Holds>>;
}

impl IfMatch {
    /// Does the work, of which the first write looks in its own transaction whether that still stands which GET answers: `now_stands` finds it.
    pub async fn guards<T: Serialize, R>(
        self,
        now_stands: impl FnOnce(&Connection) -> db::Result<Option<T>> + Send + 'static,
        work: impl Future<Output = Result<R, Problem>>,
    ) -> Result<R, Problem> {
        let Some(tags) = self.tags else { return work.await };
        let holds = move |connection: &Connection| {
            let Some(stands) = now_stands(connection)? else { return Ok(false) };
            Ok(serde_json::to_vec(&stands).is_ok_and(|bytes| names(&tags, &tag(&bytes))))
        };
        CONDITION.scope(Mutex::new(Some(Box::new(holds))), work).await
    }
}

/// Puts the condition of the request that is being answered in front of its first write.
pub fn under_condition<W, T>(
    work: impl FnOnce(&mut W, i64) -> Result<T, WriteError>,
    connection: impl FnOnce(&W) -> &Connection,
) -> impl FnOnce(&mut W, i64) -> Result<T, WriteError> {
    let condition = CONDITION.try_with(|condition| condition.lock().ok().and_then(|mut condition| condition.take())).ok().flatten();
    move |writer, now_ms| {
        if let Some(holds) = condition
            && !holds(connection(writer))?
        {
            return Err(WriteError::Changed);
        }
        work(writer, now_ms)
    }
}
