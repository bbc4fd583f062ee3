//! The doors for nodes: HTTP around the writer. Bodies are taken apart here, beside each other; only proved batches reach the writer.
//! For programs alone: whatever a browser marks as its own request is turned away, so no page can speak for a node.

use std::io::Read;
use std::str::FromStr;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_stream::StreamExt;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use super::enrolment::{self, Standing};
use super::ingest::Batch;
use super::office::HeadOffice;
use super::orders;
use super::people;
use super::receipts;
use super::restore::{self, NotRestored};
use super::storage::StorageError;
use super::writer::WriteError;
use super::{elsewhere, feeds, fleet_keys, gate, leads};
use crate::ids::{NodeId, Sku, StoreId};
use crate::retail::Feed;
use crate::sync::enrolment::CertificateReply;
use crate::sync::orders::{Named, OrdersReply};
use crate::sync::wire::{
    self, BODY_BYTES_MAX, ElsewhereReply, FeedOffer, JSON_BYTES_MAX, LocateReply, LocateRequest, NodeReport, ReceiptQuery, ReceiptReply,
    RecordsQuery, RecordsReply, RepairRequest, RestorePlan, RestoreQuery, RestoreRequest, UNPACKED_BYTES_MAX, UrgentReply,
};
use crate::time::{ClockQuality, Stamp};
use crate::web::problem::Problem;
use crate::web::tls::Peer;

/// A body that is not there and stored by then is given up; the node sends again. Files on their way down have no such limit.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

pub fn router(office: HeadOffice) -> Router {
    let node = Router::new()
        .route("/locate", post(locate))
        .route("/records", post(records))
        .route("/urgent", post(urgent))
        .route("/repair", post(repair))
        .route("/restore", post(plan_restore))
        .route("/restore/{journal}", get(restore_lines))
        .route("/feeds/{feed}", get(feed))
        .route("/files/{hash}", get(file))
        .route("/receipts", get(receipt))
        .route("/elsewhere", get(stock_elsewhere))
        .route("/orders", get(order_words))
        .route("/report", post(report))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(middleware::from_fn_with_state((office.clone(), Need::Standing), only_the_node_itself))
        .with_state(office.clone());
    let certificate = Router::new()
        .route("/certificate", post(certificate))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(middleware::from_fn_with_state((office.clone(), Need::Key), only_the_node_itself))
        .with_state(office);
    Router::new().nest("/sync/v1/{store}/nodes/{node}", node.merge(certificate))
}

/// What a certificate of our own must prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// That the node may be heard.
    Standing,
    /// Whose key it is; it may have run out.
    Key,
}

/// Turns browsers away, and with mutual TLS everybody whose certificate is not this node's.
async fn only_the_node_itself(
    State((office, need)): State<(HeadOffice, Need)>,
    Path(names): Path<Vec<(String, String)>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let marks = [header::ORIGIN, header::COOKIE, HeaderName::from_static("sec-fetch-site")];
    if let Some(mark) = marks.iter().find(|mark| request.headers().contains_key(*mark)) {
        let detail = format!("this address is for nodes; the request carries the header {mark}, as browsers send it");
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_for_browsers", detail, "open the pages at / instead"));
    }
    let named = |key: &str| names.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value.as_str());
    let (store, node): (StoreId, NodeId) = (parsed(named("store"))?, parsed(named("node"))?);
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    if office.authority().is_some() || office.config().tls.as_ref().is_some_and(|tls| tls.client_ca.is_some()) {
        let name = wire::certificate_name(&store, &node);
        let speaks_for_it = name.as_ref().is_some_and(|name| peer.is_some_and(|peer| peer.0.is_named(name)));
        if !speaks_for_it {
            let detail = format!("the certificate shown is not that of node {node} in store {store}");
            let remedy = match name {
                Some(_) if office.authority().is_some() => {
                    "enrol this box with `counterfoil enrol`; its store and node are named in its configuration".to_owned()
                }
                Some(name) => format!("give the node a certificate with the DNS name {name}"),
                None => "rename the node or its store: with TLS their ids cannot contain a dot".to_owned(),
            };
            return Err(Problem::new(StatusCode::FORBIDDEN, "wrong_certificate", detail, remedy));
        }
    }
    let certificate = peer.and_then(|peer| peer.0.certificate.clone());
    let (Some(authority), Some(certificate)) = (office.authority(), certificate) else { return Ok(next.run(request).await) };
    let (mut response, is_newest) = match gate::admit(&office, authority, &store, &node, &certificate).await? {
        Some(Standing::Good { newest }) => (next.run(request).await, newest),
        Some(Standing::Expired { .. }) if need == Need::Key => (next.run(request).await, false),
        found => (not_heard(found.as_ref(), &store, &node).into_response(), false),
    };
    if !is_newest {
        // The node may have another certificate by now, and shows it only when it calls again.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

fn not_heard(standing: Option<&Standing>, store: &StoreId, node: &NodeId) -> Problem {
    let forbidden = |code, detail: String, remedy| Problem::new(StatusCode::FORBIDDEN, code, detail, remedy);
    match standing {
        Some(Standing::Revoked { .. }) => forbidden(
            "certificate_revoked",
            format!("node {node} of store {store} was revoked at head office"),
            "ask head office why; with a new code this box can be enrolled again",
        ),
        Some(Standing::Replaced) => forbidden(
            "node_replaced",
            format!("another box is node {node} of store {store} now"),
            "switch this box off, or enrol it under a name of its own",
        ),
        Some(Standing::Forgotten) => forbidden(
            "certificate_forgotten",
            format!("the certificate of node {node} in store {store} has run out, and head office knows nothing of it any more"),
            "make a new code at head office and enrol this box again",
        ),
        Some(Standing::Expired { .. }) => forbidden(
            "certificate_expired",
            format!("the certificate of node {node} in store {store} has run out"),
            "somebody at head office approves it on the page Nodes; this box then goes on by itself",
        ),
        Some(Standing::Good { .. }) | None => forbidden(
            "wrong_certificate",
            format!("the certificate shown for node {node} of store {store} is not one for nodes"),
            "enrol this box with `counterfoil enrol`",
        ),
    }
}

/// Another certificate for a node, when it is time.
async fn certificate(
    State(office): State<HeadOffice>,
    Path(path): NodePath,
    peer: Option<axum::Extension<ConnectInfo<Peer>>>,
) -> Result<Json<CertificateReply>, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&path.0)?, parsed(&path.1)?);
    let shown = peer.and_then(|peer| peer.0.0.certificate.clone());
    let none = || {
        let detail = "the certificates of this head office's nodes are not made here";
        Problem::new(StatusCode::NOT_FOUND, "no_enrolment", detail, "renew it where it was made")
    };
    let (Some(authority), Some(shown)) = (office.authority().cloned(), shown) else { return Err(none()) };
    let life_ms = office.config().certificate_life_ms;
    let reply =
        office.write(move |writer, now_ms| Ok(enrolment::renew(writer.connection(), &authority, &store, &node, &shown, life_ms, now_ms)?));
    let reply = reply.await?.ok_or_else(none)?;
    office.gate().forget();
    Ok(Json(reply))
}

type NodePath = Path<(String, String)>;

async fn locate(
    State(office): State<HeadOffice>,
    Path(path): NodePath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<LocateReply>, Problem> {
    let (store, node) = (parsed(&path.0)?, parsed(&path.1)?);
    let request: LocateRequest = json(&whole(body)?)?;
    let reply = office.write(move |writer, now_ms| writer.locate(&store, &node, &request, now_ms)).await?;
    Ok(Json(reply))
}

async fn records(
    State(office): State<HeadOffice>,
    Path(path): NodePath,
    Query(query): Query<RecordsQuery>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RecordsReply>, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&path.0)?, parsed(&path.1)?);
    let batch = read_batch(whole(body)?, &store, &node).await?;
    let reply = office.write(move |writer, now_ms| writer.records(&store, &node, &batch, &query, now_ms)).await?;
    Ok(Json(reply))
}

async fn urgent(
    State(office): State<HeadOffice>,
    Path(path): NodePath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<UrgentReply>, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&path.0)?, parsed(&path.1)?);
    let mut batch = read_batch(whole(body)?, &store, &node).await?;
    batch.records.truncate(wire::URGENT_RECORDS_MAX);
    let reply = office.write(move |writer, now_ms| writer.urgent(&store, &node, &batch.records, now_ms)).await?;
    Ok(Json(reply))
}

/// Our copy of what a node has lost, as the node's own bytes.
async fn repair(State(office): State<HeadOffice>, Path(path): NodePath, body: Result<Bytes, BytesRejection>) -> Result<Response, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&path.0)?, parsed(&path.1)?);
    let request: RepairRequest = json(&whole(body)?)?;
    let (reply, lines) = office.write(move |writer, now_ms| writer.repair(&store, &node, &request, now_ms)).await?;
    let head = serde_json::to_vec(&reply).map_err(|error| half_sent(&format!("the answer could not be written: {error}")))?;
    packed([head, b"\n".to_vec(), lines].concat()).await
}

async fn packed(bytes: Vec<u8>) -> Result<Response, Problem> {
    let packed = match tokio::task::spawn_blocking(move || zstd::bulk::compress(&bytes, 3)).await {
        Ok(packed) => packed.map_err(|error| half_sent(&format!("the answer could not be packed: {error}")))?,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    Ok(([(header::CONTENT_TYPE, "application/zstd")], packed).into_response())
}

/// What a box may go on with that has taken another's place.
async fn plan_restore(
    State(office): State<HeadOffice>,
    Path(path): NodePath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RestorePlan>, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&path.0)?, parsed(&path.1)?);
    let request: RestoreRequest = json(&whole(body)?)?;
    let asked = (store.clone(), node.clone());
    let planned = office.write(move |writer, now_ms| writer.plan_restore(&asked.0, &asked.1, &request, now_ms)).await?;
    planned.map(Json).map_err(|why| not_restored(&why, &store, &node, office.now_ms()))
}

fn not_restored(why: &NotRestored, store: &StoreId, node: &NodeId, now_ms: i64) -> Problem {
    match why {
        NotRestored::NothingHeld => Problem::new(
            StatusCode::NOT_FOUND,
            "nothing_held",
            format!("head office has no record of node {node} in store {store}"),
            "compare store.id and node.id in the node's file with the page Nodes; a node without a past is simply started",
        ),
        NotRestored::NoSuchJournal { journal } => Problem::new(
            StatusCode::NOT_FOUND,
            "no_such_journal",
            format!("head office has no journal {journal} of node {node} in store {store}"),
            "leave --journal out, or name one that this command lists",
        ),
        NotRestored::AtWork { last_contact_ms } => Problem::new(
            StatusCode::CONFLICT,
            "node_at_work",
            format!(
                "the newest records of node {node} in store {store} are by this box's own key: it, or one with a copy of its disk, is at work and \
                 called {} seconds ago",
                (now_ms - last_contact_ms).max(0) / 1000
            ),
            "switch that box off; then empty data_dir here, make a code with `counterfoil head-office enrol-code --node … --replace`, enrol and restore",
        ),
    }
}

/// The node's own bytes, as far as one answer holds. Nothing is written for it: a shop that is restored holds up no other.
async fn restore_lines(
    State(office): State<HeadOffice>,
    Path((store, node, journal)): Path<(String, String, i64)>,
    Query(query): Query<RestoreQuery>,
) -> Result<Response, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&store)?, parsed(&node)?);
    packed(office.read(move |connection| restore::lines(connection, &store, &node, journal, query)).await?).await
}

#[derive(Deserialize)]
struct Have {
    #[serde(default)]
    have: u64,
}

async fn feed(
    State(office): State<HeadOffice>,
    Path((store, node, feed)): Path<(String, String, String)>,
    Query(Have { have }): Query<Have>,
) -> Result<Json<FeedOffer>, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&store)?, parsed(&node)?);
    let known = Feed::ALL.into_iter().find(|known| known.name() == feed);
    let Some(feed) = known else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no_such_feed",
            format!("there is no feed {feed:?}"),
            "ask for catalogue, stock, staff, prices, keys, recalls or configuration",
        ));
    };
    if feed == Feed::Keys {
        fleet_keys::renew(&office).await?;
    }
    let (asked_store, asked_node) = (store.clone(), node.clone());
    let offer = office.read(move |connection| feeds::offer(connection, feed, &asked_store, &asked_node, have)).await?;
    if feed != Feed::Staff || offer.version > 0 {
        return Ok(Json(offer));
    }
    // A store that asks for the first time: its list is made for it now.
    let (folders, new_store) = (office.folders().clone(), store.clone());
    let made = office.write(move |writer, now_ms| {
        let now = Stamp { ms: now_ms, quality: ClockQuality::Unverified };
        match people::publish(writer.connection(), &folders, &new_store, now) {
            Ok(_) => Ok(()),
            Err(feeds::PublishError::Database(error)) => Err(error.into()),
            Err(error) => {
                tracing::error!(%error, "a staff list could not be published");
                Err(WriteError::NotCommitted)
            }
        }
    });
    made.await?;
    Ok(Json(office.read(move |connection| feeds::offer(connection, feed, &store, &node, have)).await?))
}

/// What the chain knows of a receipt.
async fn receipt(
    State(office): State<HeadOffice>,
    Path(path): NodePath,
    Query(query): Query<ReceiptQuery>,
) -> Result<Json<ReceiptReply>, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&path.0)?, parsed(&path.1)?);
    let original = office.read(move |connection| receipts::find(connection, &store, &node, query.txn, &query.number)).await?;
    Ok(Json(ReceiptReply { original }))
}

/// How the box is.
async fn report(
    State(office): State<HeadOffice>,
    Path(path): NodePath,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&path.0)?, parsed(&path.1)?);
    let report: NodeReport = json(&whole(body)?)?;
    office.write(move |writer, now_ms| writer.report(&store, &node, &report, now_ms)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct OfArticle {
    sku: String,
}

/// What the other shops have of an article.
async fn stock_elsewhere(
    State(office): State<HeadOffice>,
    Path(path): NodePath,
    Query(OfArticle { sku }): Query<OfArticle>,
) -> Result<Json<ElsewhereReply>, Problem> {
    let (store, sku): (StoreId, Sku) = (parsed(&path.0)?, parsed(&sku)?);
    let stores = office.read(move |connection| elsewhere::find(connection, &store, &sku)).await?;
    Ok(Json(ElsewhereReply { stores }))
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    epoch: u64,
    /// Our own epoch as the node knows it; earlier releases do not say.
    #[serde(default)]
    office: Option<u64>,
}

/// What the store's lead has not heard yet of orders; nothing for any other node, and nothing before it knows under which epoch it acts.
async fn order_words(
    State(office): State<HeadOffice>,
    Path(path): NodePath,
    Query(After { after, epoch, office: knows }): Query<After>,
) -> Result<Json<OrdersReply>, Problem> {
    let (store, node): (StoreId, NodeId) = (parsed(&path.0)?, parsed(&path.1)?);
    let asked = store.clone();
    let mut lead = office.read(move |connection| leads::current(connection, asked.as_str())).await?;
    if lead.is_none() {
        let asked = store.clone();
        lead = office.write(move |writer, now_ms| Ok(leads::first(writer.connection(), &asked, now_ms)?)).await?;
    }
    let Some(lead) = lead else {
        return Ok(Json(OrdersReply { v: wire::WIRE_VERSION, lead: false, named: None, office_epoch: 0, words: Vec::new() }));
    };
    let named = Named { epoch: lead.epoch, node: parsed(&lead.node)?, from: lead.from_word };
    let is_lead = named.node == node;
    let asked = store.clone();
    if is_lead && office.read(move |connection| leads::asks(connection, asked.as_str(), after, knows)).await?.is_some() {
        let asked = (store.clone(), node.clone());
        office.write(move |writer, now_ms| Ok(writer.lead_asks(&asked.0, &asked.1, after, knows, now_ms)?)).await?;
    }
    let office_epoch = office.read(super::storage::epoch).await?;
    let words = match is_lead && epoch == named.epoch {
        true => office.read(move |connection| orders::words(connection, &store, after.max(lead.from_word))).await?,
        false => Vec::new(),
    };
    Ok(Json(OrdersReply { v: wire::WIRE_VERSION, lead: is_lead, named: Some(named), office_epoch, words }))
}

async fn file(State(office): State<HeadOffice>, Path((store, _, hash)): Path<(String, String, String)>) -> Result<Response, Problem> {
    let store: StoreId = parsed(&store)?;
    let gone = || Problem::new(StatusCode::NOT_FOUND, "no_such_file", "there is no such file for this store", "ask for the feed again");
    if !wire::is_hash(&hash) {
        return Err(gone());
    }
    let folders = office.folders().clone();
    let path = office.read(move |connection| {
        let Some(name) = feeds::file_name(connection, &store, &hash)? else { return Ok(None) };
        let path = folders.feeds().join(&name);
        let is_here = path.exists() || feeds::fetch(connection, &folders, &name, &hash)?;
        Ok(is_here.then_some(path))
    });
    let opened = tokio::fs::File::open(path.await?.ok_or_else(gone)?).await.map_err(|_| gone())?;
    let length = opened.metadata().await.map_err(|_| gone())?.len();
    let pieces = tokio_stream::wrappers::ReceiverStream::new(pieces_of(opened));
    let headers = [(header::CONTENT_TYPE, "application/zstd".to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    Ok((headers, axum::body::Body::from_stream(pieces.map(|piece| piece))).into_response())
}

/// A file piece by piece, never more than a few in memory.
fn pieces_of(mut file: tokio::fs::File) -> tokio::sync::mpsc::Receiver<std::io::Result<Bytes>> {
    use tokio::io::AsyncReadExt;
    let (send, receive) = tokio::sync::mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let mut piece = vec![0; 64 << 10];
            let read = file.read(&mut piece).await;
            let sent = match read {
                Ok(0) => return,
                Ok(count) => {
                    piece.truncate(count);
                    send.send(Ok(Bytes::from(piece))).await
                }
                Err(error) => send.send(Err(error)).await,
            };
            if sent.is_err() {
                return;
            }
        }
    });
    receive
}

fn parsed<T: FromStr<Err = crate::ids::BadId>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: crate::ids::BadId| {
        Problem::new(StatusCode::BAD_REQUEST, "bad_id", error.to_string(), "use the id from the node's configuration")
    })
}

fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => too_large(BODY_BYTES_MAX),
        _ => half_sent("the connection ended before the body did"),
    })
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.len() > JSON_BYTES_MAX {
        return Err(too_large(JSON_BYTES_MAX));
    }
    serde_json::from_slice(body).map_err(|error| {
        let detail = format!("the body is not the JSON expected here: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "bad_json", detail, "install the same or a newer version at head office")
    })
}

/// Unpacks within the limit and proves the records, off the async threads.
async fn read_batch(body: Bytes, store: &StoreId, node: &NodeId) -> Result<Batch, Problem> {
    let (store, node) = (store.clone(), node.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mut lines = Vec::new();
        let decoder = zstd::stream::read::Decoder::with_buffer(&body[..]);
        let unpacked = decoder.and_then(|decoder| decoder.take(UNPACKED_BYTES_MAX as u64 + 1).read_to_end(&mut lines));
        match unpacked {
            Ok(_) if lines.len() > UNPACKED_BYTES_MAX => Err(too_large(UNPACKED_BYTES_MAX)),
            Ok(_) => Ok(Batch::read(&lines, &store, &node)),
            Err(error) => Err(half_sent(&format!("it does not unpack: {error}"))),
        }
    });
    match read.await {
        Ok(batch) => batch,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn too_large(bytes_max: usize) -> Problem {
    let detail = format!("the body is larger than {bytes_max} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail, "send fewer records at a time")
}

fn half_sent(why: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "half_sent",
        format!("the body did not arrive whole: {why}"),
        "send it again; nothing of it was stored",
    )
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Problem {
        let detail = error.to_string();
        match error {
            WriteError::Busy => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail, "come back in a few seconds"),
            WriteError::Stopping => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", detail, "come back in a few seconds"),
            WriteError::Changed => Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "changed_meanwhile",
                detail,
                "read it again, and bring your change into what stands now",
            ),
            WriteError::NewerFormat(_) => Problem::new(StatusCode::CONFLICT, "newer_format", detail, "upgrade head office first"),
            WriteError::Database(_) | WriteError::NotCommitted => {
                tracing::error!(detail, "a request could not be stored");
                Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "not_stored",
                    detail,
                    "check head office's disk; nodes send again by themselves",
                )
            }
        }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Problem {
        tracing::error!(%error, "a question could not be answered");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_readable",
            error.to_string(),
            "head office's log says more; the nodes keep what they have and send it again",
        )
    }
}
