//! The shell around the three machines: reads the journal, speaks HTTP, keeps the clock and the files. The only file in this room
//! that touches the outside. It decides nothing: a machine says what to do, this file does it and tells the machine what came of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, watch};
use tokio_stream::StreamExt;

use super::downlink::{self, Downlink};
use super::feed::{self, BOOK_FILE_BYTES_MAX, FeedName};
use super::side_door::{self, SideDoor};
use super::uplink::{self, ANSWER_MS_MAX, Failure, Sent, Uplink};
use super::wire::{self, FeedFile, FeedOffer, LocateReply, LocateRequest, Point, RecordsQuery, RecordsReply, UrgentReply};
use crate::ids::{CommandId, NodeId, StoreId};
use crate::journal::record::tag;
use crate::journal::{Kind, PublicKey, RawRecord, ReadError, Reader, Record};
use crate::node::config::HeadOfficeLink;
use crate::node::elsewhere::ElsewhereQuestion;
use crate::node::handle::{CommandRequest, DurableHead, Input, Node, ReceiptAnswer, ReceiptQuestion};
use crate::node::screen::LinkStatus;
use crate::retail::{Command, Event, EventKind, Feed, Original, UplinkAck};
use crate::time::{Clock, SystemClock};
use crate::views::{FeedState, LoadError};
use tls::{BadFile, Identity, OfficeVerifier};

mod certificate;
mod orders;
mod repair;
mod report;
pub mod restore;
pub mod tls;

/// A connection that cannot be opened by then has failed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The page's "last contact" is at most this old while all is well.
const LINK_NEWS_MS: u64 = 5_000;
/// How far head office has come is told to the loop at most this often.
const PROGRESS_NEWS_MS: u64 = 250;
/// Records looked through for urgent ones when there are new ones.
const URGENT_SEARCH_RECORDS_MAX: u64 = 5_000;
/// A loaded version is put in force by the loop within this, or the next file waits for the next round.
const ADOPTION_TIMEOUT: Duration = Duration::from_secs(30);
const PACK_LEVEL: i32 = 3;
/// A customer waits: after this the till goes on with what it knows itself.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(3);

/// In a node's folder when it was restored: what signed its journal before.
pub const FORMER_KEYS: &str = "former-keys";

/// What the line needs to know. From a checked configuration.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// Without a slash at its end.
    pub url: String,
    pub store: StoreId,
    pub node: NodeId,
    pub ca: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// Head office's public key, 64 hex characters. `None`: the first contact's is trusted and written to `pin_file`.
    pub public_key: Option<String>,
    pub pin_file: PathBuf,
    /// The node's own key, which must have signed what comes back to fill a hole.
    pub key_file: PathBuf,
    /// Or one of these: of the boxes that were this node before it was restored on this one.
    pub former_keys_file: PathBuf,
    /// The newest acknowledgement in the node's own journal.
    pub kept: Option<UplinkAck>,
}

/// Why the line cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{path} cannot be used for the line to head office: {reason}; check that it is a PEM file this user can read")]
    BadFile { path: PathBuf, reason: String },
    #[error(
        "{path} should hold head office's public key (64 hex characters) and does not: remove it to trust head office anew at the next contact"
    )]
    BadPin { path: PathBuf },
    #[error("{url} would send sales over the network unprotected: use https")]
    Unprotected { url: String },
    #[error(
        "{url} needs head_office.ca, the file of the CA that signed head office's certificate: run `counterfoil enrol`, or name the file"
    )]
    NoCa { url: String },
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
    #[error(transparent)]
    Journal(#[from] ReadError),
}

impl SyncConfig {
    pub fn new(link: &HeadOfficeLink, store: &StoreId, node: &NodeId, data_dir: &Path, kept: Option<UplinkAck>) -> SyncConfig {
        SyncConfig {
            url: link.url.trim_end_matches('/').to_owned(),
            store: store.clone(),
            node: node.clone(),
            ca: link.ca.clone(),
            cert: link.cert.clone(),
            key: link.key.clone(),
            public_key: link.public_key.clone(),
            pin_file: data_dir.join("head-office.pub"),
            key_file: data_dir.join("node.key"),
            former_keys_file: data_dir.join(FORMER_KEYS),
            kept,
        }
    }

    /// One in each line; usually none.
    fn former_keys(&self) -> std::io::Result<Vec<PublicKey>> {
        match std::fs::read_to_string(&self.former_keys_file) {
            Ok(text) => Ok(text.lines().filter_map(|line| PublicKey::from_hex(line.trim()).ok()).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The key from configuration, else the one remembered from first contact.
    fn pinned(&self) -> Result<Option<String>, SetupError> {
        if self.public_key.is_some() {
            return Ok(self.public_key.clone());
        }
        match std::fs::read_to_string(&self.pin_file) {
            Ok(text) if PublicKey::from_hex(text.trim()).is_ok() => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Ok(_) | Err(_) => Err(SetupError::BadPin { path: self.pin_file.clone() }),
        }
    }
}

/// Starts uplink, side door, downlinks and repairs as tasks; they run until the loop stops. The shop does not depend on any of them, so what
/// is wrong with the set-up is told to the loop, logged, and holds up nothing else.
pub fn spawn(node: Node, config: SyncConfig) {
    let line = match Line::open(&config) {
        Ok(line) => line,
        Err(error) => {
            tracing::error!(%error, "there is no line to head office");
            let status = LinkStatus { why: error.to_string(), ..LinkStatus::default() };
            tokio::spawn(async move { node.tell(Input::Link(status)).await });
            return;
        }
    };
    orders::spawn(node.clone(), &config);
    spawn_on(node, line);
}

/// Asks head office what it knows of receipts, on a line of its own: a customer waits, and no backlog must be before them.
pub fn spawn_receipts(node: Node, config: &SyncConfig, mut asked: mpsc::Receiver<ReceiptQuestion>) {
    // What is wrong with the set-up, the uplink says.
    let Ok(line) = Line::open(config) else { return };
    tokio::spawn(async move {
        while let Some(question) = asked.recv().await {
            let (node, line) = (node.clone(), line.clone());
            tokio::spawn(async move {
                let original = tokio::time::timeout(RECEIPT_PATIENCE, ask_receipt(&line, &question)).await.ok().flatten();
                // A node that stops has no screen to show it on.
                let _ = node.tell(Input::ReceiptTold(ReceiptAnswer { question, original })).await;
            });
        }
    });
}

/// Asks head office what other shops have of an article, one after the other: a customer waits, a shop asks now and then.
pub fn spawn_elsewhere(node: Node, config: &SyncConfig, mut asked: mpsc::Receiver<ElsewhereQuestion>) {
    // What is wrong with the set-up, the uplink says.
    let Ok(line) = Line::open(config) else { return };
    tokio::spawn(async move {
        while let Some(ElsewhereQuestion { sku, done }) = asked.recv().await {
            let path = wire::elsewhere_path(&line.config.store, &line.config.node);
            let url = format!("{}{path}", line.config.url);
            let Ok(url) = reqwest::Url::parse_with_params(&url, [("sku", sku.as_str())]) else { continue };
            let reply = tokio::time::timeout(RECEIPT_PATIENCE, answer::<wire::ElsewhereReply>(line.client.get(url))).await;
            match reply {
                Ok(Ok(reply)) => {
                    node.shared().elsewhere.keep(sku.clone(), reply.stores);
                    // A node that stops has no screen to show it on.
                    let _ = node.tell(Input::ElsewhereTold { sku }).await;
                }
                Ok(Err(reason)) => tracing::info!(%sku, %reason, "head office could not be asked about an article"),
                Err(_) => tracing::info!(%sku, "head office did not say in time what other shops have"),
            }
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
        }
    });
}

async fn ask_receipt(line: &Line, question: &ReceiptQuestion) -> Option<Original> {
    let path = wire::receipts_path(&line.config.store, &line.config.node);
    let query = wire::ReceiptQuery { txn: question.txn, number: question.number.clone() };
    let mut parts = vec![("number", query.number)];
    parts.extend(query.txn.map(|txn| ("txn", txn.to_string())));
    let url = reqwest::Url::parse_with_params(&format!("{}{path}", line.config.url), parts).ok()?;
    let request = line.client.get(url);
    match answer::<wire::ReceiptReply>(request).await {
        Ok(reply) => reply.original,
        Err(reason) => {
            tracing::info!(number = question.number, %reason, "head office could not be asked about a receipt");
            None
        }
    }
}

/// The same on a line that is open already.
pub fn spawn_on(node: Node, line: Line) {
    let acknowledged = watch::Sender::new(0);
    tokio::spawn(repair::run(node.clone(), line.clone()));
    tokio::spawn(certificate::keep_alive(node.clone(), line.clone()));
    tokio::spawn(report::run(node.clone(), line.clone()));
    tokio::spawn(run_side_door(node.clone(), line.clone(), acknowledged.subscribe()));
    for feed in Feed::ALL {
        tokio::spawn(run_downlink(node.clone(), line.clone(), feed));
    }
    tokio::spawn(run_uplink(node, line, acknowledged));
}

/// A client for head office, and where it is.
#[derive(Clone)]
pub struct Line {
    client: Client,
    config: Arc<SyncConfig>,
    pinned: Option<String>,
    clock: Arc<SystemClock>,
    traffic: Arc<Traffic>,
}

/// Requests with records, and the bytes of their bodies.
#[derive(Debug, Default)]
struct Traffic {
    batches: AtomicU64,
    bytes: AtomicU64,
}

impl Line {
    pub fn open(config: &SyncConfig) -> Result<Line, SetupError> {
        // A second installation is refused and leaves the first one in place: that is all we need.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let failed = |error: reqwest::Error| SetupError::Client(error.to_string());
        let url: reqwest::Url = config.url.parse().map_err(|_| SetupError::Client(format!("{:?} is not an address", config.url)))?;
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(Duration::from_millis(ANSWER_MS_MAX))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .user_agent(concat!("counterfoil/", env!("CARGO_PKG_VERSION")));
        if url.scheme() == "https" {
            builder = builder.https_only(true).tls_backend_preconfigured(tls_config(config)?);
        } else if !is_loopback(&url) {
            return Err(SetupError::Unprotected { url: config.url.clone() });
        }
        Ok(Line {
            client: builder.build().map_err(failed)?,
            pinned: config.pinned()?,
            config: Arc::new(config.clone()),
            clock: Arc::new(SystemClock::new()),
            traffic: Arc::default(),
        })
    }

    /// Requests that carried records so far, and the bytes of their bodies.
    pub fn traffic(&self) -> (u64, u64) {
        (self.traffic.batches.load(Ordering::Relaxed), self.traffic.bytes.load(Ordering::Relaxed))
    }

    fn now_ms(&self) -> u64 {
        self.clock.monotonic_ms()
    }

    async fn post_json<A: DeserializeOwned>(&self, path: &str, body: &impl serde::Serialize) -> Result<A, Failure> {
        answer(self.client.post(format!("{}{path}", self.config.url)).json(body)).await
    }

    /// A request whose answer has no body.
    async fn post_nothing_back(&self, path: &str, body: &impl serde::Serialize) -> Result<(), Failure> {
        let response = self.client.post(format!("{}{path}", self.config.url)).json(body).send().await.map_err(failure)?;
        read_answer(response).await.map(drop)
    }

    async fn post_records<A: DeserializeOwned>(&self, path: &str, lines: Vec<u8>) -> Result<A, Failure> {
        let body = blocking(move || zstd::bulk::compress(&lines, PACK_LEVEL)).await.map_err(|error| Failure::Journal(error.to_string()))?;
        self.traffic.batches.fetch_add(1, Ordering::Relaxed);
        self.traffic.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        let request = self.client.post(format!("{}{path}", self.config.url)).header("content-type", "application/zstd").body(body);
        answer(request).await
    }

    async fn get_json<A: DeserializeOwned>(&self, path: &str) -> Result<A, Failure> {
        answer(self.client.get(format!("{}{path}", self.config.url))).await
    }
}

fn tls_config(config: &SyncConfig) -> Result<rustls::ClientConfig, SetupError> {
    let bad = |BadFile { path, reason }| SetupError::BadFile { path, reason };
    let ca = config.ca.as_deref().ok_or_else(|| SetupError::NoCa { url: config.url.clone() })?;
    let verifier = OfficeVerifier::of_file(ca).map_err(bad)?;
    let identity = match (&config.cert, &config.key) {
        (Some(cert), Some(key)) => Some(Identity::load(cert, key).map_err(bad)?),
        (Some(_) | None, _) => None,
    };
    tls::client_config(Arc::new(verifier), identity).map_err(|error| SetupError::Client(error.to_string()))
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

async fn answer<A: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<A, Failure> {
    let body = read_answer(request.send().await.map_err(failure)?).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::BadAnswer(error.to_string()))
}

/// The body of an answer that is no refusal.
async fn read_answer(response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let status = response.status();
    let body = read_limited(response, wire::JSON_BYTES_MAX).await?;
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Err(Failure::TooLarge);
    }
    if !status.is_success() {
        let text: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        return Err(Failure::Refused { status: status.as_u16(), text });
    }
    Ok(body)
}

async fn read_limited(response: reqwest::Response, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(part) = stream.next().await {
        body.extend_from_slice(&part.map_err(failure)?);
        if body.len() > bytes_max {
            return Err(Failure::BadAnswer(format!("it is longer than {bytes_max} bytes")));
        }
    }
    Ok(body)
}

fn failure(error: reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::TimedOut(ANSWER_MS_MAX / 1000);
    }
    // The outermost text names the address, the innermost says what is the matter.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Failure::Unreachable(cause.to_string())
}

/// File and CPU work beside the async threads. A panic in it is ours and goes on here.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Sends the journal as long as the loop lives.
pub async fn run_uplink(node: Node, line: Line, acknowledged: watch::Sender<u64>) {
    let config = Arc::clone(&line.config);
    let reader = match Reader::open(&node.shared().journal_folder) {
        Ok(reader) => Arc::new(reader),
        Err(error) => return tracing::error!(%error, "the uplink cannot read the journal"),
    };
    let mut durable = node.durable();
    let mut machine = Uplink::new(config.store.clone(), config.node.clone(), line.pinned.clone(), config.kept.clone());
    let mut news = News::default();
    loop {
        let head = durable.borrow_and_update().clone();
        if head.seq > 0 {
            let oldest_seq = reader.oldest_seq().ok().flatten().unwrap_or(1);
            machine.handle(line.now_ms(), uplink::Told::Head { head: position(&head), oldest_seq });
        }
        let step = machine.poll(line.now_ms());
        news.tell(&node, &line, &machine).await;
        match step {
            uplink::Step::Locate { ticket, points, held } => {
                let told = locate(&node, &line, &reader, &head, points, held, ticket).await;
                machine.handle(line.now_ms(), told);
            }
            uplink::Step::Send { ticket, from, upto, records_max, bytes_max, hole_from } => {
                let query = RecordsQuery { from, head_seq: head.seq, waiting: node.screen().link.transactions_waiting, hole_from };
                let told = send(&line, &reader, query, upto, records_max, bytes_max, ticket).await;
                machine.handle(line.now_ms(), told);
            }
            uplink::Step::Pin { key } => {
                tracing::info!(key, file = %config.pin_file.display(), "first contact: head office's key is pinned");
                let path = config.pin_file.clone();
                if let Err(error) = blocking(move || write_durably(&path, format!("{key}\n").as_bytes())).await {
                    tracing::error!(%error, file = %config.pin_file.display(), "head office's key could not be written down; the next start trusts anew");
                }
            }
            uplink::Step::Keep(ack) => keep(&node, ack).await,
            uplink::Step::Wait { until_ms } => {
                let wait = Duration::from_millis(until_ms.saturating_sub(line.now_ms()));
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    changed = durable.changed() => if changed.is_err() { return },
                }
            }
        }
        acknowledged.send_if_modified(|seq| std::mem::replace(seq, machine.acknowledged_seq()) != machine.acknowledged_seq());
    }
}

fn position(head: &DurableHead) -> wire::Position {
    wire::Position { incarnation: head.incarnation, seq: head.seq, hash: head.hash.clone() }
}

fn raw_position(record: &RawRecord) -> wire::Position {
    wire::Position { incarnation: record.incarnation, seq: record.seq, hash: record.hash.to_string() }
}

async fn locate(
    node: &Node,
    line: &Line,
    reader: &Arc<Reader>,
    head: &DurableHead,
    points: Vec<u64>,
    held: Option<UplinkAck>,
    ticket: u64,
) -> uplink::Told {
    let (reader, head) = (Arc::clone(reader), head.clone());
    let (own, oldest_seq) = blocking(move || {
        let read = |seq: u64| if seq == head.seq { Some(position(&head)) } else { read_position(&reader, seq) };
        (points.into_iter().filter_map(read).collect::<Vec<_>>(), reader.oldest_seq().ok().flatten().unwrap_or(1))
    })
    .await;
    let request = LocateRequest {
        v: wire::WIRE_VERSION,
        head: own.first().cloned(),
        oldest_seq,
        points: own.iter().map(|at| Point { seq: at.seq, hash: at.hash.clone() }).collect(),
        held,
        waiting: node.screen().link.transactions_waiting,
        at_ms: line.clock.now().ms,
    };
    let path = wire::locate_path(&line.config.store, &line.config.node);
    match line.post_json::<LocateReply>(&path, &request).await {
        Ok(reply) => {
            let own = reply.ack.as_ref().and_then(|ack| own.into_iter().find(|at| at.seq == ack.seq));
            uplink::Told::Located { ticket, reply, own }
        }
        Err(failure) => uplink::Told::Failed { ticket, failure },
    }
}

fn read_position(reader: &Reader, seq: u64) -> Option<wire::Position> {
    let batch = reader.read_batch(seq, seq, 0).ok()?;
    batch.first().filter(|record| record.seq == seq).map(raw_position)
}

async fn send(
    line: &Line,
    reader: &Arc<Reader>,
    query: RecordsQuery,
    upto: u64,
    records_max: u32,
    bytes_max: usize,
    ticket: u64,
) -> uplink::Told {
    let from = query.from;
    let upto = upto.min(from.saturating_add(u64::from(records_max)).saturating_sub(1));
    let read = {
        let reader = Arc::clone(reader);
        blocking(move || reader.read_batch(from, upto, bytes_max)).await
    };
    let records = match read {
        Ok(records) if records.is_empty() => {
            let failure = Failure::Journal(format!("record {from} should be there and is not"));
            return uplink::Told::Failed { ticket, failure };
        }
        Ok(records) => records,
        Err(ReadError::Hole { last_seq, .. }) => return uplink::Told::Unreadable { ticket, seq: from, next: Some(last_seq + 1) },
        Err(ReadError::Absent { .. }) => {
            let oldest = reader.oldest_seq().ok().flatten();
            return uplink::Told::Unreadable { ticket, seq: from, next: oldest.filter(|oldest| *oldest > from) };
        }
        Err(error @ ReadError::Disk { .. }) => return uplink::Told::Failed { ticket, failure: Failure::Journal(error.to_string()) },
    };
    let substance = records.iter().rev().find(|record| has_substance(&record.line)).map(|record| record.seq);
    let sent = Sent { first: records[0].seq, last: records[records.len() - 1].seq, substance };
    let positions: Vec<wire::Position> = records.iter().map(raw_position).collect();
    let lines: Vec<u8> = records.into_iter().flat_map(|record| record.line).collect();
    let path = wire::records_path(&line.config.store, &line.config.node, &query);
    match line.post_records::<RecordsReply>(&path, lines).await {
        Ok(reply) => {
            let own = match reply.ack.as_ref().map(|ack| ack.seq) {
                None => None,
                Some(seq) => match positions.into_iter().find(|at| at.seq == seq) {
                    Some(at) => Some(at),
                    None => {
                        let reader = Arc::clone(reader);
                        blocking(move || read_position(&reader, seq)).await
                    }
                },
            };
            uplink::Told::Sent { ticket, sent, reply, own }
        }
        Err(failure) => uplink::Told::Failed { ticket, failure },
    }
}

/// Whether a record holds more than the line's own bookkeeping: an acknowledgement of it must not ask for another.
fn has_substance(line: &[u8]) -> bool {
    let Ok(record) = Record::parse(line.to_vec()) else { return true };
    match record.kind() {
        Kind::Link | Kind::Mark => false,
        Kind::CarryForward => true,
        Kind::Command => {
            let bookkeeping = |kind: Option<&str>| matches!(kind, Some("uplink_acknowledged.1" | "command_answered.1"));
            !record.events.iter().all(|event| bookkeeping(tag(event.get())))
        }
    }
}

async fn keep(node: &Node, ack: UplinkAck) {
    let id = format!("ack-{}-{}-{}", ack.epoch, ack.seq, ack.hash.get(..8).unwrap_or_default());
    let Ok(id) = CommandId::new(&id) else { return };
    let request = CommandRequest { id, workstation: None, staff: None, approval: None, command: Command::AcknowledgeUplink { ack } };
    if let Err(error) = node.ask(request).await {
        tracing::warn!(%error, "an acknowledgement could not be journalled; the next one will be");
    }
}

/// What the screens show of the line.
#[derive(Default)]
struct News {
    status: LinkStatus,
    told_at_ms: Option<u64>,
}

impl News {
    async fn tell(&mut self, node: &Node, line: &Line, machine: &Uplink) {
        let (now_ms, wall_ms) = (line.now_ms(), line.clock.now().ms);
        let changed = machine.is_online() != self.status.online || machine.why() != self.status.why;
        let older_than = |age_ms: u64| self.told_at_ms.is_none_or(|at| now_ms >= at + age_ms);
        let progress = machine.acknowledged_seq() != self.status.acknowledged_seq && older_than(PROGRESS_NEWS_MS);
        let sign_of_life = machine.is_online() && older_than(LINK_NEWS_MS);
        if !(changed || progress || sign_of_life) {
            return;
        }
        self.status.acknowledged_seq = machine.acknowledged_seq();
        if machine.is_online() != self.status.online {
            self.status.since_ms = wall_ms;
            if machine.is_online() {
                tracing::info!(url = line.config.url, "the line to head office is up");
            } else {
                tracing::warn!(url = line.config.url, why = machine.why(), "the line to head office is down; the shop goes on");
            }
        } else if !machine.is_online() && machine.why() != self.status.why && self.told_at_ms.is_some() {
            // A box that was replaced never gets through: the log must say why.
            tracing::warn!(url = line.config.url, why = machine.why(), "head office cannot be told; the shop goes on");
        }
        self.status.online = machine.is_online();
        self.status.why = machine.why().to_owned();
        if self.status.online {
            self.status.last_contact_ms = Some(wall_ms);
        }
        self.told_at_ms = Some(now_ms);
        let _ = node.tell(Input::Link(self.status.clone())).await;
    }
}

/// Carries copies of new urgent records ahead of any backlog.
pub async fn run_side_door(node: Node, line: Line, mut acknowledged: watch::Receiver<u64>) {
    let reader = match Reader::open(&node.shared().journal_folder) {
        Ok(reader) => Arc::new(reader),
        Err(error) => return tracing::error!(%error, "the side door cannot read the journal"),
    };
    let mut durable = node.durable();
    let mut machine = SideDoor::new(&line.config.store, &line.config.node);
    let (mut searched_upto, mut urgent_seq) = (durable.borrow().seq, 0);
    let path = wire::urgent_path(&line.config.store, &line.config.node);
    loop {
        let head = durable.borrow_and_update().clone();
        if head.urgent_seq > urgent_seq {
            urgent_seq = head.urgent_seq;
            let from = searched_upto.max(head.seq.saturating_sub(URGENT_SEARCH_RECORDS_MAX)) + 1;
            let reader = Arc::clone(&reader);
            let mut seqs = blocking(move || urgent_between(&reader, from, head.seq)).await;
            seqs.push(urgent_seq);
            machine.handle(line.now_ms(), side_door::Told::Urgent { seqs });
        }
        searched_upto = head.seq;
        machine.handle(line.now_ms(), side_door::Told::Acknowledged { seq: *acknowledged.borrow_and_update() });
        match machine.poll(line.now_ms()) {
            side_door::Step::Send { ticket, seqs } => {
                let reader = Arc::clone(&reader);
                let lines = blocking(move || {
                    let read = |seq: u64| reader.read_batch(seq, seq, 0).unwrap_or_default().into_iter().find(|r| r.seq == seq);
                    seqs.into_iter().filter_map(read).flat_map(|record| record.line).collect::<Vec<u8>>()
                })
                .await;
                let told = match line.post_records::<UrgentReply>(&path, lines).await {
                    Ok(_) => side_door::Told::Taken { ticket },
                    Err(failure) => side_door::Told::Failed { ticket, failure },
                };
                machine.handle(line.now_ms(), told);
            }
            side_door::Step::Wait { until_ms } => {
                let wait = until_ms.map(|until_ms| Duration::from_millis(until_ms.saturating_sub(line.now_ms())));
                tokio::select! {
                    () = tokio::time::sleep(wait.unwrap_or(Duration::from_secs(3600))) => {}
                    changed = durable.changed() => if changed.is_err() { return },
                    changed = acknowledged.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}

fn urgent_between(reader: &Reader, from: u64, upto: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let mut at = from;
    while at <= upto {
        let Ok(batch) = reader.read_batch(at, upto, wire::BATCH_BYTES_MAX) else { break };
        let Some(last) = batch.last() else { break };
        at = last.seq + 1;
        found.extend(batch.iter().filter(|record| is_urgent(&record.line)).map(|record| record.seq));
    }
    found
}

fn is_urgent(line: &[u8]) -> bool {
    let Ok(record) = Record::parse(line.to_vec()) else { return false };
    let urgent = |event: &str| serde_json::from_str::<Event>(event).is_ok_and(|event| event.kind() == EventKind::Urgent);
    record.events.iter().any(|event| urgent(event.get()))
}

/// Brings one feed's files down and has them loaded.
pub async fn run_downlink(node: Node, line: Line, feed: Feed) {
    let have = if feed.is_book() {
        node.shared().books.version(feed)
    } else {
        match node.shared().views.feed(feed) {
            FeedState::Ready { version, .. } | FeedState::Rebuilding { version, .. } => version,
            FeedState::None | FeedState::Broken { .. } => 0,
        }
    };
    let mut machine = Downlink::new(feed, line.config.node.as_str(), have);
    let closed = node.durable();
    loop {
        if closed.has_changed().is_err() {
            return;
        }
        if !feed.is_book() && matches!(node.shared().views.feed(feed), FeedState::Broken { .. }) {
            machine.handle(line.now_ms(), downlink::Told::Lost);
        }
        match machine.poll(line.now_ms()) {
            downlink::Step::Ask { ticket, have } => {
                let path = wire::feed_path(&line.config.store, &line.config.node, feed.name(), have);
                let told = match line.get_json::<FeedOffer>(&path).await {
                    Ok(offer) => {
                        if offer.files.is_empty() && offer.version == have && have > 0 {
                            let _ = node.tell(Input::FeedConfirmed { feed, at_ms: line.clock.now().ms }).await;
                        }
                        downlink::Told::Offer { ticket, offer }
                    }
                    Err(failure) => downlink::Told::Failed { ticket, failure },
                };
                machine.handle(line.now_ms(), told);
            }
            downlink::Step::Fetch { ticket, file } => {
                let told = match fetch_and_load(&node, &line, feed, &file).await {
                    Ok(()) => downlink::Told::Loaded { ticket },
                    Err(Trouble::Line(failure)) => downlink::Told::Failed { ticket, failure },
                    Err(Trouble::Unusable(why)) => downlink::Told::Unusable { ticket, why },
                };
                machine.handle(line.now_ms(), told);
            }
            downlink::Step::Wait { until_ms } => {
                tokio::time::sleep(Duration::from_millis(until_ms.saturating_sub(line.now_ms()))).await;
            }
        }
    }
}

enum Trouble {
    /// Try again.
    Line(Failure),
    /// This file will never do.
    Unusable(String),
}

async fn fetch_and_load(node: &Node, line: &Line, feed: Feed, file: &FeedFile) -> Result<(), Trouble> {
    if feed.is_book() {
        return fetch_book(node, line, feed, file).await;
    }
    let folder = node.shared().feeds_folder.clone();
    let path = folder.join(FeedName::new(feed, file.version, &file.hash).to_string());
    let there = {
        let (path, hash) = (path.clone(), file.hash.clone());
        blocking(move || std::fs::File::open(&path).and_then(feed::hash_of).is_ok_and(|(found, _)| found == hash)).await
    };
    if !there {
        fetch(line, file, &path).await.map_err(Trouble::Line)?;
    }
    tracing::info!(feed = feed.name(), version = file.version, bytes = file.bytes, "a feed file is on disk and is being loaded");
    let (views, version, hash) = (node.shared().views.clone(), file.version, file.hash.clone());
    let loaded = blocking(move || views.load(feed, version, &hash, &|_percent| {})).await;
    loaded.map_err(|error| match error {
        LoadError::Missing { .. } | LoadError::Damaged { .. } => Trouble::Line(Failure::BadAnswer(error.to_string())),
        LoadError::NoBase { .. } | LoadError::TooManyChanges { .. } | LoadError::Cache { .. } => Trouble::Unusable(error.to_string()),
    })?;
    have_adopted(node, feed, file).await
}

/// A book is fetched into memory, so that a secret one touches the disk sealed or not at all.
async fn fetch_book(node: &Node, line: &Line, feed: Feed, file: &FeedFile) -> Result<(), Trouble> {
    if file.bytes > BOOK_FILE_BYTES_MAX {
        return Err(Trouble::Unusable(format!("the file has {} bytes, at most {BOOK_FILE_BYTES_MAX} are taken", file.bytes)));
    }
    let shelf = node.shared().books.clone();
    let (version, hash) = (file.version, file.hash.clone());
    let there = blocking(move || shelf.has(feed, version, &hash)).await;
    if !there {
        let response = ask_for_file(line, file).await.map_err(Trouble::Line)?;
        let bytes = read_limited(response, file.bytes as usize).await.map_err(Trouble::Line)?;
        let (shelf, hash) = (node.shared().books.clone(), file.hash.clone());
        let kept = blocking(move || {
            let (found, _) = feed::hash_of(bytes.as_slice())?;
            if found != hash { Ok(false) } else { shelf.keep(feed, version, &hash, &bytes).map(|()| true) }
        });
        let disk = |error: std::io::Error| Failure::Journal(format!("the feeds folder: {error}"));
        if !kept.await.map_err(disk).map_err(Trouble::Line)? {
            return Err(Trouble::Line(Failure::BadAnswer("the file is not what its hash says".to_owned())));
        }
    }
    let (shelf, hash) = (node.shared().books.clone(), file.hash.clone());
    // What is whole and cannot be read here would come again as it is.
    blocking(move || shelf.load(feed, version, &hash)).await.map_err(|error| Trouble::Unusable(error.to_string()))?;
    tracing::info!(feed = feed.name(), version, bytes = file.bytes, "a book is on disk");
    have_adopted(node, feed, file).await
}

async fn have_adopted(node: &Node, feed: Feed, file: &FeedFile) -> Result<(), Trouble> {
    let ready = Input::FeedReady { feed, version: file.version, hash: file.hash.clone() };
    node.tell(ready).await.map_err(|error| Trouble::Line(Failure::Journal(error.to_string())))?;
    // A delta goes on top of what is in force: let the loop adopt this one first.
    let mut changes = node.changes();
    let in_force = changes.wait_for(|screen| screen.feeds.iter().any(|status| status.feed == feed && status.version >= file.version));
    let _ = tokio::time::timeout(ADOPTION_TIMEOUT, in_force).await;
    Ok(())
}

async fn ask_for_file(line: &Line, file: &FeedFile) -> Result<reqwest::Response, Failure> {
    let address = format!("{}{}", line.config.url, file.url);
    let request = line.client.get(address).timeout(Duration::from_millis(downlink::FETCH_MS_MAX));
    let response = request.send().await.map_err(failure)?;
    if !response.status().is_success() {
        return Err(Failure::Refused { status: response.status().as_u16(), text: "the file is not there".to_owned() });
    }
    Ok(response)
}

async fn fetch(line: &Line, file: &FeedFile, path: &Path) -> Result<(), Failure> {
    let disk = |error: std::io::Error| Failure::Journal(format!("{}: {error}", path.display()));
    let response = ask_for_file(line, file).await?;
    let part = path.with_extension("part");
    let mut out = tokio::fs::File::create(&part).await.map_err(disk)?;
    let mut stream = response.bytes_stream();
    let mut bytes = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(failure)?;
        bytes += piece.len() as u64;
        if bytes > file.bytes {
            return Err(Failure::BadAnswer(format!("the file is longer than the {} bytes announced", file.bytes)));
        }
        out.write_all(&piece).await.map_err(disk)?;
    }
    out.sync_all().await.map_err(disk)?;
    drop(out);
    let (wanted, from, to) = (file.hash.clone(), part.clone(), path.to_owned());
    let whole = blocking(move || {
        let (found, _) = feed::hash_of(std::fs::File::open(&from)?)?;
        if found != wanted {
            return std::fs::remove_file(&from).map(|()| false);
        }
        std::fs::rename(&from, &to)?;
        fsync_folder_of(&to).map(|()| true)
    })
    .await
    .map_err(disk)?;
    if whole { Ok(()) } else { Err(Failure::BadAnswer("the file is not what its hash says".to_owned())) }
}

fn write_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let part = path.with_extension("part");
    let mut file = std::fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    fsync_folder_of(path)
}

fn fsync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}
