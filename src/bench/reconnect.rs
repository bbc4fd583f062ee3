//! A morning after a long cut: every store of a chain calls within a minute, each with a journal of its own to hand over, at a head office that
//! is a process of its own, by HTTP. How long each waits for its first acknowledgement, beside a server that only writes; and once more beside
//! one store that sends without end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::value::to_raw_value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use super::child::{self, Child};
use super::commit::RawFile;
use super::postgres;
use super::row::{Figure, Row, Unit};
use super::samples::Samples;
use super::scan::{grouped, mib};
use super::{BenchArguments, CannotMeasure, Size};
use crate::head_office::bench::sample_sale;
use crate::ids::{Incarnation, NodeId, StoreId};
use crate::journal::model_disk::ModelDisk;
use crate::journal::{Draft, Identity, Journal, Limits, NodeKey, OpenOptions, Reader};
use crate::sync::wire::{self, BATCH_BYTES_MAX, LocateReply, LocateRequest, Point, RecordsQuery, RecordsReply};
use crate::time::{Clock, ClockQuality, Stamp, SystemClock};

/// As nodes pack.
const PACK_LEVEL: i32 = 3;
/// A store whose first acknowledgement takes longer has none.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a store that was told to come back waits.
const COME_BACK: Duration = Duration::from_secs(1);
const SALES: u64 = 10;
/// Of the store that sends without end, again and again.
const STREAM_SALES: u64 = 20_000;

/// One store's journal, in the pieces in which a node sends it.
struct Caller {
    store: StoreId,
    node: NodeId,
    head: wire::Position,
    pieces: Vec<Piece>,
}

struct Piece {
    first_seq: u64,
    last_seq: u64,
    packed: Vec<u8>,
}

/// How the stores call.
#[derive(Clone, Copy)]
struct Rush {
    stores: u32,
    sales: u64,
    stream_sales: u64,
    within: Duration,
}

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let stores = arguments.stores.unwrap_or_else(|| size.pick(2_000, 12));
    let within = size.pick(Duration::from_secs(60), Duration::from_millis(500));
    let rush = Rush { stores, sales: size.pick(SALES, 2), stream_sales: size.pick(STREAM_SALES, 300), within };
    let folder = folder.join("reconnect");
    std::fs::create_dir_all(&folder).map_err(CannotMeasure::doing("making a folder"))?;
    let runtime = tokio::runtime::Runtime::new().map_err(CannotMeasure::doing("starting threads"))?;
    let mut row = Row::new(
        "reconnect",
        format!("{} stores call within {:.1} s, each with {} sales to hand over", grouped(stores.into()), within.as_secs_f64(), rush.sales),
    );
    runtime.block_on(on(&mut row, &folder, arguments, rush, "SQLite", None))?;
    postgres::as_well(&mut row, arguments, |row, url, _| runtime.block_on(on(row, &folder, arguments, rush, "PostgreSQL", Some(url))))?;
    row.note("from a store's first packet (connect, locate, send) until its first records are acknowledged; plain HTTP on loopback, callers on the same machine");
    Ok(row)
}

async fn on(
    row: &mut Row,
    folder: &Path,
    arguments: &BenchArguments,
    rush: Rush,
    name: &str,
    postgres: Option<&str>,
) -> Result<(), CannotMeasure> {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).map_err(CannotMeasure::doing("making a folder"))?;
    let address = SocketAddr::from(([127, 0, 0, 1], child::free_port()?));
    let office = start_office(&folder, arguments, address, postgres)?;
    let before = mib(office.resident_bytes());
    let (alone, turned_away) = rushed(address, rush, "a", None).await?;
    let after = mib(office.resident_bytes_max());
    let stream = Arc::new(journal("stream", rush.stream_sales)?);
    let (beside, _) = rushed(address, rush, "b", Some(Arc::clone(&stream))).await?;
    let bare = bare(&folder, rush).await?;
    let most = mib(office.resident_bytes_max());
    office.stop()?;

    let what = "the same bodies, written and fdatasynced one by one, answered with a byte";
    row.figure(Figure::new(format!("first acknowledgement, p50, {name}"), alone.p50_ms(), Unit::Milliseconds).beside(what, bare.p50_ms()));
    row.figure(Figure::new(format!("first acknowledgement, p99, {name}"), alone.p99_ms(), Unit::Milliseconds).beside(what, bare.p99_ms()));
    row.figure(
        Figure::new(format!("the slowest, {name}"), alone.percentile_ms(1000), Unit::Milliseconds).beside(what, bare.percentile_ms(1000)),
    );
    row.figure(
        Figure::new(format!("p99 beside a store that sends without end, {name}"), beside.p99_ms(), Unit::Milliseconds)
            .beside("without it", alone.p99_ms()),
    );
    row.figure(Figure::new(format!("head office, most memory, {name}"), after, Unit::MebiBytes).beside("before anybody called", before));
    row.figure(
        Figure::new(format!("head office, most memory, beside it, {name}"), most, Unit::MebiBytes).beside("before anybody called", before),
    );
    row.note(format!("{name}: {turned_away} requests were told to come back"));
    Ok(())
}

fn start_office(folder: &Path, arguments: &BenchArguments, address: SocketAddr, postgres: Option<&str>) -> Result<Child, CannotMeasure> {
    let config = super::drain::office_config(folder, address)?;
    if let Some(url) = postgres {
        let failed = CannotMeasure::doing("writing head office's configuration");
        let text = std::fs::read_to_string(&config).map_err(&failed)?;
        std::fs::write(&config, format!("{text}postgres = {url:?}\n")).map_err(&failed)?;
    }
    Ok(Child::start_service(arguments, folder, &["head-office", "--config", &config.to_string_lossy()])?.0)
}

/// All stores, evenly over the time; gives each one's wait, and how often any was told to come back.
async fn rushed(address: SocketAddr, rush: Rush, names: &str, stream: Option<Arc<Caller>>) -> Result<(Samples, u64), CannotMeasure> {
    let callers = callers(rush, names).await?;
    let (turned_away, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let endless = stream.map(|stream| {
        let is_over = Arc::clone(&is_over);
        tokio::spawn(async move {
            let mut sent = 0u64;
            while !is_over.load(Ordering::Relaxed) {
                for piece in &stream.pieces {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    // Whatever it is told, it sends on.
                    let told = match TcpStream::connect(address).await {
                        Ok(mut line) => send(&mut line, address, &stream, piece).await,
                        Err(why) => Err(CannotMeasure::new("connecting", &why.to_string())),
                    };
                    sent += u64::from(matches!(told, Ok(Some(_))));
                }
            }
            sent
        })
    });
    let began = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    let count = u32::try_from(callers.len()).unwrap_or(u32::MAX).max(1);
    for (index, caller) in (0u32..).zip(callers) {
        let turned_away = Arc::clone(&turned_away);
        calls.spawn(async move {
            tokio::time::sleep_until((began + rush.within * index / count).into()).await;
            let called = Instant::now();
            call(address, &caller, &turned_away).await.map(|()| called.elapsed())
        });
    }
    let mut waits = Samples::with_capacity(calls.len());
    while let Some(called) = calls.join_next().await {
        waits.add(called.map_err(CannotMeasure::doing("calling head office"))??);
    }
    is_over.store(true, Ordering::Relaxed);
    if let Some(endless) = endless
        && endless.await.map_err(CannotMeasure::doing("sending without end"))? == 0
    {
        return Err(CannotMeasure::new("sending without end", "head office took nothing of it"));
    }
    Ok((waits, turned_away.load(Ordering::Relaxed)))
}

/// As a node does at first contact, until its first records are acknowledged; the rest follows and is waited for by nobody here.
async fn call(address: SocketAddr, caller: &Caller, turned_away: &AtomicU64) -> Result<(), CannotMeasure> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Ok(mut line) = TcpStream::connect(address).await
            && let Some(found) = locate(&mut line, address, caller).await?
            && let Some(piece) = caller.pieces.iter().find(|piece| piece.last_seq >= found.send_from)
            && let Some(reply) = send(&mut line, address, caller, piece).await?
            && reply.ack.is_some_and(|ack| ack.seq == piece.last_seq)
        {
            return Ok(());
        }
        turned_away.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(COME_BACK).await;
    }
    Err(CannotMeasure::new("calling head office", &format!("{} had no acknowledgement in {} s", caller.store, PATIENCE.as_secs())))
}

async fn locate(line: &mut TcpStream, address: SocketAddr, caller: &Caller) -> Result<Option<LocateReply>, CannotMeasure> {
    let request = LocateRequest {
        v: wire::WIRE_VERSION,
        head: Some(caller.head.clone()),
        oldest_seq: 1,
        points: vec![Point { seq: caller.head.seq, hash: caller.head.hash.clone() }],
        held: None,
        waiting: 0,
        at_ms: SystemClock::new().now().ms,
    };
    let body = serde_json::to_vec(&request).map_err(CannotMeasure::doing("writing a request"))?;
    post(line, address, &wire::locate_path(&caller.store, &caller.node), "application/json", &body).await
}

/// `None`: it was not taken.
async fn send(line: &mut TcpStream, address: SocketAddr, caller: &Caller, piece: &Piece) -> Result<Option<RecordsReply>, CannotMeasure> {
    let query = RecordsQuery { from: piece.first_seq, head_seq: caller.head.seq, ..RecordsQuery::default() };
    post(line, address, &wire::records_path(&caller.store, &caller.node, &query), "application/zstd", &piece.packed).await
}

/// One request on a line that stays open. `None`: it was turned away, or the line broke.
async fn post<A: serde::de::DeserializeOwned>(
    line: &mut TcpStream,
    address: SocketAddr,
    path: &str,
    kind: &str,
    body: &[u8],
) -> Result<Option<A>, CannotMeasure> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    let answered = async {
        // In one write: a second one would wait for the answer to the first.
        line.write_all(&[head.as_bytes(), body].concat()).await?;
        read_answer(line).await
    };
    match answered.await {
        Ok((200, answer)) => serde_json::from_slice(&answer).map(Some).map_err(CannotMeasure::doing("reading head office's answer")),
        Ok((status @ (400..=499), answer)) if status != 408 && status != 429 => {
            Err(CannotMeasure::new("calling head office", &format!("{status}: {}", String::from_utf8_lossy(&answer))))
        }
        Ok(_) | Err(_) => Ok(None),
    }
}

async fn read_answer(line: &mut TcpStream) -> std::io::Result<(u16, Vec<u8>)> {
    let bad = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if line.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(bad)?;
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|text| text.trim().to_owned()));
    let length: usize = length.and_then(|text| text.parse().ok()).ok_or_else(bad)?;
    while bytes.len() < head_end + length {
        if line.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((status, bytes.split_off(head_end)))
}

/// What the disk and the socket alone take: the same stores at the same moments.
async fn bare(folder: &Path, rush: Rush) -> Result<Samples, CannotMeasure> {
    let failed = "answering to compare";
    let callers = callers(rush, "c").await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(CannotMeasure::doing(failed))?;
    let address = listener.local_addr().map_err(CannotMeasure::doing(failed))?;
    let file = Arc::new(Mutex::new(RawFile::create(&folder.join("raw"), 0)?));
    let server = tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let file = Arc::clone(&file);
            tokio::spawn(async move {
                let length = peer.read_u64().await.unwrap_or(0);
                let mut body = vec![0; usize::try_from(length).unwrap_or(0)];
                if peer.read_exact(&mut body).await.is_err() {
                    return;
                }
                let mut file = file.lock_owned().await;
                let written = tokio::task::spawn_blocking(move || file.write(&[body], &mut Samples::default())).await;
                if matches!(written, Ok(Ok(()))) {
                    // The caller finds out when nothing comes.
                    let _ = peer.write_all(b".").await;
                }
            });
        }
    });
    let began = Instant::now();
    let count = u32::try_from(callers.len()).unwrap_or(u32::MAX).max(1);
    let mut calls = tokio::task::JoinSet::new();
    for (index, caller) in (0u32..).zip(callers) {
        calls.spawn(async move {
            tokio::time::sleep_until((began + rush.within * index / count).into()).await;
            let called = Instant::now();
            let mut line = TcpStream::connect(address).await?;
            let body = &caller.pieces[0].packed;
            line.write_u64(body.len() as u64).await?;
            line.write_all(body).await?;
            line.read_u8().await?;
            Ok::<Duration, std::io::Error>(called.elapsed())
        });
    }
    let mut waits = Samples::with_capacity(calls.len());
    while let Some(called) = calls.join_next().await {
        waits.add(called.map_err(CannotMeasure::doing(failed))?.map_err(CannotMeasure::doing(failed))?);
    }
    server.abort();
    Ok(waits)
}

async fn callers(rush: Rush, names: &str) -> Result<Vec<Caller>, CannotMeasure> {
    let names = names.to_owned();
    let made =
        tokio::task::spawn_blocking(move || (1..=rush.stores).map(|number| journal(&format!("{names}{number}"), rush.sales)).collect());
    made.await.map_err(CannotMeasure::doing("writing journals"))?
}

/// A journal of its own, in memory.
fn journal(store: &str, sales: u64) -> Result<Caller, CannotMeasure> {
    let failed = "writing journals";
    let store: StoreId = store.parse().map_err(CannotMeasure::doing(failed))?;
    let node: NodeId = "node-1".parse().map_err(CannotMeasure::doing(failed))?;
    let disk = ModelDisk::new();
    let now = SystemClock::new().now();
    let options = OpenOptions {
        identity: Identity { store: store.clone(), node: node.clone() },
        key: NodeKey::from_seed([7; 32]),
        incarnation: Incarnation(1),
        now,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        limits: Limits { fill_bytes: 64 << 10, ..Limits::default() },
    };
    let mut journal = Journal::open(disk.clone(), options).map_err(CannotMeasure::doing(failed))?.journal;
    for _ in 0..sales {
        for events in sample_sale(journal.next_seq(), now).map_err(CannotMeasure::doing(failed))? {
            let events = events.iter().map(to_raw_value).collect::<Result<_, _>>().map_err(CannotMeasure::doing(failed))?;
            let at = Stamp { ms: now.ms, quality: ClockQuality::Unverified };
            journal
                .append(&Draft { at, date: None, key: None, events, signed: false, carry: false })
                .map_err(CannotMeasure::doing(failed))?;
        }
    }
    journal.flush().map_err(CannotMeasure::doing(failed))?;
    let head = journal.head();
    let head = wire::Position { incarnation: head.incarnation, seq: head.seq, hash: head.hash.to_string() };
    let reader = Reader::on(disk);
    let (mut pieces, mut first_seq) = (Vec::new(), 1);
    while first_seq <= head.seq {
        let records = reader.read_batch(first_seq, head.seq, BATCH_BYTES_MAX).map_err(CannotMeasure::doing(failed))?;
        let Some(last_seq) = records.last().map(|record| record.seq) else { break };
        let lines: Vec<u8> = records.into_iter().flat_map(|record| record.line).collect();
        let packed = zstd::bulk::compress(&lines, PACK_LEVEL).map_err(CannotMeasure::doing(failed))?;
        pieces.push(Piece { first_seq, last_seq, packed });
        first_seq = last_seq + 1;
    }
    Ok(Caller { store, node, head, pieces })
}
