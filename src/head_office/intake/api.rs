//! The API of intake: channels with their mapping, orders of a channel, and the list of errors.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path as Named, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::channels::{self, ARTICLE_CHARS_MAX, Channel, Settings};
use super::errors::{self, ErrorRow};
use super::levels::{self, Levels};
use super::order::ChannelOrder;
use super::returned::{self, NotReturned, Returned};
use super::take::{self, Again, Form, House, Incoming, Outcome, Receipt, ReceiptPart, Refused};
use super::trial::{self, Trial};
use crate::head_office::api_answers::IfMatch;
use crate::head_office::db::Connection;
use crate::head_office::office::HeadOffice;
use crate::head_office::paging::{Behind, Page, Rows, Start, WhichPage};
use crate::head_office::queries::ROWS_MAX;
use crate::head_office::service::Asked;
use crate::head_office::service_api::{RefundAsked, ReturnAsked};
use crate::head_office::{access, orders, service_api};
use crate::ids::{ChannelId, ChannelOrderNo, OrderNo, Sku};
use crate::web::problem::Problem;

const REASON_CHARS_MAX: usize = 300;

pub fn router(office: HeadOffice) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list_channels))
        .routes(routes!(one_channel, put_channel))
        .routes(routes!(try_mapping))
        .routes(routes!(name_article, forget_article))
        .routes(routes!(stock))
        .routes(routes!(take_order))
        .routes(routes!(order, put_order))
        .routes(routes!(cancel_order))
        .routes(routes!(ask_return))
        .routes(routes!(ask_refund))
        .routes(routes!(take_back))
        .routes(routes!(list_errors))
        .routes(routes!(replay_error))
        .routes(routes!(dismiss_error))
        .with_state(office)
}

#[utoipa::path(get, path = "/api/v1/channels", responses((status = OK, body = Vec<Channel>)))]
async fn list_channels(State(office): State<HeadOffice>) -> Result<Json<Vec<Channel>>, Problem> {
    Ok(Json(office.read(channels::list).await?))
}

#[utoipa::path(get, path = "/api/v1/channels/{channel}", params(("channel" = ChannelId, Path)), responses((status = OK, body = Channel)))]
async fn one_channel(State(office): State<HeadOffice>, Named(channel): Named<ChannelId>) -> Result<Json<Channel>, Problem> {
    channel_of(&office, channel).await.map(Json)
}

pub(in crate::head_office) async fn channel_of(office: &HeadOffice, channel: ChannelId) -> Result<Channel, Problem> {
    let asked = channel.clone();
    office.read(move |connection| channels::find(connection, &asked)).await?.ok_or_else(|| no_channel(&channel))
}

fn no_channel(channel: &ChannelId) -> Problem {
    let remedy = "check the name, or make it with PUT /api/v1/channels/{channel} or on the page Channels";
    Problem::new(StatusCode::NOT_FOUND, "no_such_channel", format!("there is no channel {channel}"), remedy)
}

#[utoipa::path(put, path = "/api/v1/channels/{channel}", params(("channel" = ChannelId, Path), IfMatch), responses((status = NO_CONTENT)))]
async fn put_channel(
    State(office): State<HeadOffice>,
    Named(channel): Named<ChannelId>,
    seen: IfMatch,
    Json(settings): Json<Settings>,
) -> Result<StatusCode, Problem> {
    let of = channel.clone();
    let now_stands = move |connection: &Connection| channels::find(connection, &of);
    seen.guards(now_stands, set_channel(&office, channel, settings)).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well. Idempotent.
pub(in crate::head_office) async fn set_channel(office: &HeadOffice, channel: ChannelId, settings: Settings) -> Result<(), Problem> {
    let wrong = |why: String| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "channel_malformed",
            why,
            "mend what is named and send it again; docs/CHANNELS.md has examples",
        )
    };
    let faults = settings.faults();
    if !faults.is_empty() {
        return Err(wrong(faults.join("; ")));
    }
    let done = office.write(move |writer, now_ms| Ok(channels::put(writer.connection(), &channel, &settings, now_ms)?));
    done.await?.map_err(wrong)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MappingTrialAsked)]
struct TrialAsked {
    /// Left out: those of the channel.
    settings: Option<Settings>,
    /// What the channel would send: JSON, or the text of it.
    json: Option<serde_json::Value>,
    /// The text of a CSV file.
    csv: Option<String>,
}

/// What would become of a sample. Nothing is taken.
#[utoipa::path(post, path = "/api/v1/channels/{channel}/try", params(("channel" = ChannelId, Path)),
    responses((status = OK, body = Vec<Trial>)))]
async fn try_mapping(
    State(office): State<HeadOffice>,
    Named(channel): Named<ChannelId>,
    Json(TrialAsked { settings, json, csv }): Json<TrialAsked>,
) -> Result<Json<Vec<Trial>>, Problem> {
    let settings = match settings {
        Some(settings) => settings,
        None => channel_of(&office, channel.clone()).await?.settings,
    };
    let sample = match (json, csv) {
        (Some(serde_json::Value::String(text)), None) => trial::Sample::Json(text),
        (Some(json), None) => trial::Sample::Json(json.to_string()),
        (None, Some(csv)) => trial::Sample::Csv(csv.into_bytes()),
        _ => {
            let remedy = "send {\"json\": {…}} or {\"csv\": \"…\"}";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_sample", "there is no sample to try it with, or two", remedy));
        }
    };
    Ok(Json(trial::run(&office, Channel { channel, settings }, sample).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ArticleNamed {
    sku: Sku,
}

#[utoipa::path(put, path = "/api/v1/channels/{channel}/articles/{article}", params(("channel" = ChannelId, Path), ("article" = String, Path)),
    responses((status = NO_CONTENT)))]
async fn name_article(
    State(office): State<HeadOffice>,
    Named((channel, article)): Named<(ChannelId, String)>,
    Json(ArticleNamed { sku }): Json<ArticleNamed>,
) -> Result<StatusCode, Problem> {
    set_article(&office, channel, article, Some(sku)).await
}

#[utoipa::path(delete, path = "/api/v1/channels/{channel}/articles/{article}", params(("channel" = ChannelId, Path), ("article" = String, Path)),
    responses((status = NO_CONTENT)))]
async fn forget_article(
    State(office): State<HeadOffice>,
    Named((channel, article)): Named<(ChannelId, String)>,
) -> Result<StatusCode, Problem> {
    set_article(&office, channel, article, None).await
}

async fn set_article(office: &HeadOffice, channel: ChannelId, article: String, sku: Option<Sku>) -> Result<StatusCode, Problem> {
    if article.chars().count() > ARTICLE_CHARS_MAX || article.chars().any(char::is_control) {
        let detail = format!("a channel's article number has at most {ARTICLE_CHARS_MAX} characters and no control characters");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "article_malformed", detail, "check the number"));
    }
    channel_of(office, channel.clone()).await?;
    let done = office.write(move |writer, _| Ok(channels::name_article(writer.connection(), &channel, &article, sku.as_ref())?));
    let none = || Problem::new(StatusCode::NOT_FOUND, "no_such_article", "there is no article of this sku", "check the sku");
    done.await?.then_some(StatusCode::NO_CONTENT).ok_or_else(none)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct StockAsked {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

/// What the channel may sell, as far as it changed.
#[utoipa::path(get, path = "/api/v1/channels/{channel}/stock", params(("channel" = ChannelId, Path), StockAsked),
    responses((status = OK, body = Levels)))]
async fn stock(
    State(office): State<HeadOffice>,
    Named(channel): Named<ChannelId>,
    Query(StockAsked { after, limit }): Query<StockAsked>,
) -> Result<Json<Levels>, Problem> {
    let limit = limit.unwrap_or(ROWS_MAX).clamp(1, ROWS_MAX);
    channel_of(&office, channel.clone()).await?;
    Ok(Json(office.read(move |connection| levels::after(connection, &channel, after, limit)).await?))
}

/// The number stands in the order.
#[utoipa::path(post, path = "/api/v1/channels/{channel}/orders", params(("channel" = ChannelId, Path)), request_body = serde_json::Value,
    responses((status = OK, body = Receipt)))]
async fn take_order(State(office): State<HeadOffice>, Named(channel): Named<ChannelId>, body: Bytes) -> Result<Json<Receipt>, Problem> {
    from_api(&office, channel, None, &body).await
}

/// Idempotent by channel and number: the same again is answered as the first time.
#[utoipa::path(put, path = "/api/v1/channels/{channel}/orders/{number}", params(("channel" = ChannelId, Path), ("number" = String, Path)), request_body = serde_json::Value,
    responses((status = OK, body = Receipt)))]
async fn put_order(
    State(office): State<HeadOffice>,
    Named((channel, number)): Named<(ChannelId, String)>,
    body: Bytes,
) -> Result<Json<Receipt>, Problem> {
    let number = number_of(&number)?;
    from_api(&office, channel, Some(number), &body).await
}

fn number_of(text: &str) -> Result<ChannelOrderNo, Problem> {
    let bad =
        |why: crate::ids::BadId| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "order_malformed", why.to_string(), "check the number");
    ChannelOrderNo::new(text).map_err(bad)
}

async fn from_api(office: &HeadOffice, channel: ChannelId, number: Option<ChannelOrderNo>, body: &[u8]) -> Result<Json<Receipt>, Problem> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "order_malformed", "the order is not UTF-8", "send it as UTF-8"));
    };
    let incoming = Incoming { number, text: text.to_owned(), form: Form::Json, source: "API".to_owned(), is_kept: true };
    match take_in(office, channel.clone(), incoming).await? {
        Some(Ok(receipt)) => Ok(Json(receipt)),
        Some(Err(refused)) => Err(not_taken(&refused)),
        None => Err(no_channel(&channel)),
    }
}

/// Takes what came in a transaction of its own. `None`: there is no such channel.
pub(in crate::head_office) async fn take_in(
    office: &HeadOffice,
    channel: ChannelId,
    incoming: Incoming,
) -> Result<Option<Result<Receipt, Refused>>, crate::head_office::writer::WriteError> {
    let house = House::of(office.config());
    let work = move |writer: &mut crate::head_office::writer::Writer, now_ms: i64| {
        let Some(channel) = channels::find(writer.connection(), &channel)? else { return Ok(None) };
        take::take(writer, &channel, &incoming, &house, now_ms).map(Some)
    };
    office.write(work).await
}

/// What a refusal is to a program.
pub(in crate::head_office) fn not_taken(refused: &Refused) -> Problem {
    let (status, code, remedy) = match refused.kind {
        "doubled" => {
            (StatusCode::CONFLICT, "order_exists", "raise its version if it is a change, or give the new order a number of its own")
        }
        "cancelled" => (StatusCode::CONFLICT, "order_cancelled", "place a new one under a number of its own"),
        "no_rights" => {
            (StatusCode::CONFLICT, "no_rights", "offer less or another store, or leave without_rights out: the store is then asked")
        }
        "few_left" => (StatusCode::CONFLICT, "few_left", "leave without_rights out and wait for the store's word, or offer another store"),
        "not_served" => (StatusCode::CONFLICT, "not_served", "change what is named, or try it again later"),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, "order_malformed", "mend what is named and send it again"),
    };
    let kept = refused.error.map(|id| format!("; it is number {id} of /api/v1/intake-errors")).unwrap_or_default();
    Problem::new(status, code, refused.reason(), format!("{remedy}{kept}"))
}

/// An order as its channel knows it, and where it stands.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ChannelOrderView)]
struct OrderView {
    #[serde(flatten)]
    receipt: Receipt,
    cancelled: bool,
    /// By the store's record; of parts, the state of all of them, or "in_parts" where they differ. "waiting": nobody has it yet.
    state: String,
    content: Option<ChannelOrder>,
}

/// What the parts that are not given up have in common.
fn state_of(parts: &[ReceiptPart], is_cancelled: bool) -> String {
    let live: Vec<&str> = parts.iter().map(|part| part.state.as_str()).filter(|state| !matches!(*state, "cancelled" | "refused")).collect();
    let state = match live.as_slice() {
        [] if is_cancelled => "cancelled",
        [] => "waiting",
        [first, others @ ..] if others.iter().all(|state| state == first) => first,
        _ => "in_parts",
    };
    state.to_owned()
}

#[utoipa::path(get, path = "/api/v1/channels/{channel}/orders/{number}", params(("channel" = ChannelId, Path), ("number" = String, Path)),
    responses((status = OK, body = OrderView)))]
async fn order(State(office): State<HeadOffice>, Named((channel, number)): Named<(ChannelId, String)>) -> Result<Json<OrderView>, Problem> {
    let number = number_of(&number)?;
    let channel = channel_of(&office, channel).await?;
    let found = office.read(move |connection| {
        let Some(known) = take::find(connection, &channel.channel, &number)? else { return Ok(None) };
        let state = match OrderNo::new(&known.order) {
            Ok(order) => orders::find(connection, &order)?.map(|(row, ..)| row.state),
            Err(_) => None,
        };
        let receipt = take::receipt(connection, &channel, &number, &known, Outcome::Same)?;
        Ok(Some(OrderView {
            cancelled: known.is_cancelled,
            state: state.unwrap_or_else(|| state_of(&receipt.parts, known.is_cancelled)),
            receipt,
            content: take::order_of(connection, &channel.channel, &number)?,
        }))
    });
    found.await?.map(Json).ok_or_else(no_order)
}

fn no_order() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "order_unknown", "this channel has placed no order of this number", "check channel and number")
}

#[utoipa::path(post, path = "/api/v1/channels/{channel}/orders/{number}/cancel", params(("channel" = ChannelId, Path), ("number" = String, Path)),
    responses((status = OK, body = Receipt)))]
async fn cancel_order(
    State(office): State<HeadOffice>,
    Named((channel, number)): Named<(ChannelId, String)>,
) -> Result<Json<Receipt>, Problem> {
    let number = number_of(&number)?;
    let channel = channel_of(&office, channel).await?;
    let done = office.write(move |writer, now_ms| Ok(take::cancel(writer, &channel, &number, now_ms)?));
    done.await?.map(Json).ok_or_else(no_order)
}

/// The goods are to come back: as of any order of a store.
#[utoipa::path(post, path = "/api/v1/channels/{channel}/orders/{number}/return", params(("channel" = ChannelId, Path), ("number" = String, Path)),
    responses((status = NO_CONTENT)))]
async fn ask_return(
    State(office): State<HeadOffice>,
    Named((channel, number)): Named<(ChannelId, String)>,
    Json(ReturnAsked { who, reason }): Json<ReturnAsked>,
) -> Result<StatusCode, Problem> {
    let order = store_order(&office, channel, &number).await?;
    service_api::ask(&office, order, Asked::Return, who, reason).await.map(|()| StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/v1/channels/{channel}/orders/{number}/refund", params(("channel" = ChannelId, Path), ("number" = String, Path)),
    responses((status = NO_CONTENT)))]
async fn ask_refund(
    State(office): State<HeadOffice>,
    Named((channel, number)): Named<(ChannelId, String)>,
    Json(RefundAsked { who, reason, amount }): Json<RefundAsked>,
) -> Result<StatusCode, Problem> {
    let order = store_order(&office, channel, &number).await?;
    service_api::ask(&office, order, Asked::Refund(amount), who, reason).await.map(|()| StatusCode::NO_CONTENT)
}

/// Goods that came back to a place without a node. Idempotent by channel and number of the return.
#[utoipa::path(post, path = "/api/v1/channels/{channel}/orders/{number}/returned", params(("channel" = ChannelId, Path), ("number" = String, Path)),
    responses((status = NO_CONTENT)))]
async fn take_back(
    State(office): State<HeadOffice>,
    Named((channel, number)): Named<(ChannelId, String)>,
    Json(returned): Json<Returned>,
) -> Result<StatusCode, Problem> {
    let number = number_of(&number)?;
    let done = office.write(move |writer, now_ms| Ok(returned::take_back(writer.connection(), &channel, &number, &returned, now_ms)?));
    let (status, code, detail, remedy) = match done.await? {
        Ok(_) => return Ok(StatusCode::NO_CONTENT),
        Err(NotReturned::NoOrder) => return Err(no_order()),
        Err(NotReturned::NoPlace) => (StatusCode::NOT_FOUND, "no_such_place", "there is no such place".to_owned(), "check the place"),
        Err(NotReturned::InStore) => {
            let detail = "what comes back to a store its own record says".to_owned();
            (StatusCode::CONFLICT, "return_in_store", detail, "take it back at a till of the store")
        }
        Err(NotReturned::Doubled) => {
            let detail = "there is a return of this number with another content".to_owned();
            (StatusCode::CONFLICT, "return_exists", detail, "give the new one a number of its own")
        }
        Err(NotReturned::Malformed(why)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "return_malformed", why, "mend what is named and send it again")
        }
    };
    Err(Problem::new(status, code, detail, remedy))
}

async fn store_order(office: &HeadOffice, channel: ChannelId, number: &str) -> Result<OrderNo, Problem> {
    let number = number_of(number)?;
    let found = office.read(move |connection| take::find(connection, &channel, &number)).await?;
    found.and_then(|known| OrderNo::new(&known.order).ok()).ok_or_else(no_order)
}

#[utoipa::path(get, path = "/api/v1/intake-errors", params(WhichPage), responses((status = OK, body = Page<ErrorRow>)))]
async fn list_errors(State(office): State<HeadOffice>, Query(which): Query<WhichPage>) -> Result<Json<Page<ErrorRow>>, Problem> {
    let limit = which.limit();
    let behind = which.cursor.unwrap_or_else(Behind::start);
    let rows = office.read(move |connection| errors::list(connection, Rows { behind, limit })).await?;
    Ok(Json(Page::of(rows, limit, |row| Behind::row(row.settled_ms.is_some(), row.opened_ms, row.id).to_string())))
}

#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
struct ReplayAsked {
    /// Left out: as it stands.
    text: Option<String>,
    /// It changes what stands: under the next version.
    as_change: bool,
    who: String,
}

/// Tries it again, repaired or as it is: the mapping, the articles or the store may have changed.
#[utoipa::path(post, path = "/api/v1/intake-errors/{id}/replay", params(("id" = i64, Path)), responses((status = OK, body = Receipt)))]
async fn replay_error(
    State(office): State<HeadOffice>,
    Named(id): Named<i64>,
    Json(ReplayAsked { text, as_change, who }): Json<ReplayAsked>,
) -> Result<Json<Receipt>, Problem> {
    replay(&office, id, text, as_change, who).await?.map(Json).map_err(|refused| not_taken(&refused))
}

/// For the page as well.
pub(in crate::head_office) async fn replay(
    office: &HeadOffice,
    id: i64,
    text: Option<String>,
    as_change: bool,
    who: String,
) -> Result<Result<Receipt, Refused>, Problem> {
    let house = House::of(office.config());
    let again = Again { text, as_change, who: service_api::signed(who), stays_in_store: access::bounds().is_some() };
    let done = office.write(move |writer, now_ms| take::replay(writer, id, &again, &house, now_ms)).await?;
    done.ok_or_else(no_error)
}

fn no_error() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_error", "there is no open error of this number", "load the list again")
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DismissAsked {
    reason: String,
    #[serde(default)]
    who: String,
}

#[utoipa::path(post, path = "/api/v1/intake-errors/{id}/dismiss", params(("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn dismiss_error(
    State(office): State<HeadOffice>,
    Named(id): Named<i64>,
    Json(DismissAsked { reason, who }): Json<DismissAsked>,
) -> Result<StatusCode, Problem> {
    dismiss(&office, id, &reason, who).await.map(|()| StatusCode::NO_CONTENT)
}

/// For the page as well.
pub(in crate::head_office) async fn dismiss(office: &HeadOffice, id: i64, reason: &str, who: String) -> Result<(), Problem> {
    let (who, reason) = (service_api::signed(who), reason.trim().to_owned());
    if who.trim().is_empty() || reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let detail = format!("dismissing an order takes a name and a reason of at most {REASON_CHARS_MAX} characters");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "reason_missing", detail, "write who decides it, and why"));
    }
    let done = office.write(move |writer, now_ms| Ok(errors::dismiss(writer.connection(), id, &who, &reason, now_ms)?));
    done.await?.then_some(()).ok_or_else(no_error)
}
