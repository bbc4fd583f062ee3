//! What head office takes in: journals of several stores at once, proved, stored, counted and on disk before each is answered. Beside it the
//! quickest way the same database has to take the same bytes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::postgres;
use super::row::{Aim, Figure, Row, Unit};
use super::scan::grouped;
use super::{BenchArguments, CannotMeasure, Size};
use crate::head_office::HeadOfficeConfig;
use crate::head_office::bench::StandIn;
use crate::head_office::db::{Connection, Server};
use crate::head_office::ingest::Batch;
use crate::head_office::office::HeadOffice;
use crate::head_office::storage::{self, Folders};
use crate::ids::{NodeId, StoreId};
use crate::journal::Reader;
use crate::money::Currency;
use crate::sync::wire::{BATCH_BYTES_MAX, RecordsQuery};
use crate::time::SystemClock;

const STORES: u64 = 8;
const SQLITE_PER_SECOND: f64 = 50_000.0;
const POSTGRES_PER_SECOND: f64 = 20_000.0;

/// One store's journal, in the pieces in which a node sends it.
struct Backlog {
    store: StoreId,
    node: NodeId,
    pieces: Vec<Piece>,
}

struct Piece {
    first_seq: u64,
    last_seq: u64,
    lines: Vec<u8>,
}

/// How much there is to take in.
struct Amount {
    transactions: u64,
    events: u64,
    bytes: u64,
}

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let folder = folder.join("ingest");
    let runtime = tokio::runtime::Runtime::new().map_err(CannotMeasure::doing("starting threads"))?;
    let per_store = size.pick(2_500, 5);
    let (backlogs, amount) = runtime.block_on(async { write_backlogs(&folder, per_store) })?;
    let backlogs = Arc::new(backlogs);
    let mut row = Row::new(
        "ingest",
        format!(
            "{} transactions ({} events) of {STORES} stores into head office, each store's next batch after its last is on disk",
            grouped(amount.transactions),
            grouped(amount.events)
        ),
    );
    let on = |row: &mut Row, name: &str, server: Option<Server>, aim: f64, baseline: &str| -> Result<(), CannotMeasure> {
        let folders = Folders { root: folder.join(name), server };
        let bare = bare(&folders, &backlogs)?;
        let (took, stored) = runtime.block_on(take_in(&folders, &backlogs, &amount))?;
        let per_second = |took: Duration| amount.events as f64 / took.as_secs_f64().max(1e-9);
        let per_transaction = |bytes: u64| bytes as f64 / amount.transactions as f64;
        row.figure(
            Figure::new(format!("events, {name}"), per_second(took), Unit::PerSecond)
                .beside(baseline, per_second(bare))
                .aim(Aim::AtLeast(aim)),
        );
        row.figure(
            Figure::new(format!("stored per transaction, {name}"), per_transaction(stored), Unit::Bytes)
                .beside("in the journals", per_transaction(amount.bytes)),
        );
        Ok(())
    };
    on(&mut row, "SQLite", None, SQLITE_PER_SECOND, "plain prepared inserts of the same lines, the same batches")?;
    postgres::as_well(&mut row, arguments, |row, _, server| {
        on(row, "PostgreSQL", Some(server), POSTGRES_PER_SECOND, "COPY of the same lines, the same batches")
    })?;
    row.note(
        "from lines in memory to committed: reading, proving, storing and counting; without HTTP and unpacking (the row drain has them)",
    );
    Ok(row)
}

fn write_backlogs(folder: &Path, per_store: u64) -> Result<(Vec<Backlog>, Amount), CannotMeasure> {
    let failed = "writing journals";
    let mut amount = Amount { transactions: 0, events: 0, bytes: 0 };
    let mut backlogs = Vec::new();
    for index in 1..=STORES {
        let (store, node) = (format!("s{index}"), "node-1");
        let place = folder.join(&store);
        let stand_in = StandIn::open(&place, &store, node).map_err(CannotMeasure::doing(failed))?;
        stand_in.sell(per_store).map_err(CannotMeasure::doing(failed))?;
        let head_seq = stand_in.head_seq();
        let reader = Reader::open(&place.join("journal")).map_err(CannotMeasure::doing(failed))?;
        let mut pieces = Vec::new();
        let mut first_seq = 1;
        while first_seq <= head_seq {
            let records = reader.read_batch(first_seq, head_seq, BATCH_BYTES_MAX).map_err(CannotMeasure::doing(failed))?;
            let Some(last_seq) = records.last().map(|record| record.seq) else { break };
            let lines: Vec<u8> = records.into_iter().flat_map(|record| record.line).collect();
            amount.bytes += lines.len() as u64;
            pieces.push(Piece { first_seq, last_seq, lines });
            first_seq = last_seq + 1;
        }
        let store: StoreId = store.parse().map_err(CannotMeasure::doing(failed))?;
        let node: NodeId = node.parse().map_err(CannotMeasure::doing(failed))?;
        for piece in &pieces {
            amount.events += Batch::read(&piece.lines, &store, &node).records.iter().map(|record| record.events.len() as u64).sum::<u64>();
        }
        amount.transactions += per_store;
        backlogs.push(Backlog { store, node, pieces });
    }
    Ok((backlogs, amount))
}

/// All stores at once, each waiting for its answer. Gives the time it took, and what lies in the database then.
async fn take_in(folders: &Folders, backlogs: &Arc<Vec<Backlog>>, amount: &Amount) -> Result<(Duration, u64), CannotMeasure> {
    let failed = "taking in";
    let currency = Currency::from_code("EUR").ok_or_else(|| CannotMeasure::new(failed, "EUR is in the table"))?;
    let config = HeadOfficeConfig { postgres: folders.server.clone(), ..HeadOfficeConfig::on_loopback(&folders.root, 0, currency) };
    let office = HeadOffice::open(config, Arc::new(SystemClock::new())).map_err(CannotMeasure::doing(failed))?;
    let began = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for index in 0..backlogs.len() {
        let (office, backlogs) = (office.clone(), Arc::clone(backlogs));
        senders.spawn(async move { send(&office, &backlogs, index).await });
    }
    while let Some(sent) = senders.join_next().await {
        sent.map_err(CannotMeasure::doing(failed))??;
    }
    let took = began.elapsed();
    let is_server = folders.server.is_some();
    let counted = office.read(move |connection| {
        let counted: u64 = connection.query_row("SELECT count(*) FROM transactions", [], |row| row.get(0))?;
        let stored = if is_server {
            "SELECT CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS BIGINT) FROM pg_class c
             WHERE c.relkind = 'r' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        } else {
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        };
        Ok((counted, connection.query_row(stored, [], |row| row.get::<_, u64>(0))?))
    });
    let (counted, stored) = counted.await.map_err(CannotMeasure::doing(failed))?;
    office.stop().await;
    if counted != amount.transactions {
        return Err(CannotMeasure::new(failed, &format!("head office counts {counted} of {} transactions", amount.transactions)));
    }
    Ok((took, stored))
}

async fn send(office: &HeadOffice, backlogs: &Arc<Vec<Backlog>>, index: usize) -> Result<(), CannotMeasure> {
    let failed = "taking in";
    for piece in 0..backlogs[index].pieces.len() {
        let here = Arc::clone(backlogs);
        let read = move || {
            let backlog = &here[index];
            Batch::read(&backlog.pieces[piece].lines, &backlog.store, &backlog.node)
        };
        let batch = tokio::task::spawn_blocking(read).await.map_err(CannotMeasure::doing(failed))?;
        let backlog = &backlogs[index];
        let (store, node, last_seq) = (backlog.store.clone(), backlog.node.clone(), backlog.pieces[piece].last_seq);
        let query = RecordsQuery { from: backlog.pieces[piece].first_seq, head_seq: last_seq, ..RecordsQuery::default() };
        let reply = office.write(move |writer, now_ms| writer.records(&store, &node, &batch, &query, now_ms)).await;
        let reply = reply.map_err(CannotMeasure::doing(failed))?;
        if reply.ack.is_none_or(|ack| ack.seq != last_seq) {
            return Err(CannotMeasure::new(failed, "a batch was not taken whole"));
        }
    }
    Ok(())
}

/// The same lines, batch by batch, each batch a transaction, in a table of nothing else.
fn bare(folders: &Folders, backlogs: &[Backlog]) -> Result<Duration, CannotMeasure> {
    let failed = CannotMeasure::doing("storing to compare");
    let place = Folders { root: folders.root.join("bare"), server: folders.server.clone() };
    let connection = storage::open(&place).map_err(CannotMeasure::doing("storing to compare"))?;
    connection.execute_batch("DROP TABLE IF EXISTS bench_lines").map_err(&failed)?;
    connection.create("CREATE TABLE bench_lines (id INTEGER PRIMARY KEY, line BLOB NOT NULL)").map_err(&failed)?;
    let began = Instant::now();
    let poured = pour(&connection, backlogs);
    let took = began.elapsed();
    connection.execute_batch("DROP TABLE bench_lines").map_err(&failed)?;
    poured.map_err(&failed)?;
    Ok(took)
}

fn pour(connection: &Connection, backlogs: &[Backlog]) -> crate::head_office::db::Result<()> {
    for piece in backlogs.iter().flat_map(|backlog| &backlog.pieces) {
        let transaction = connection.begin()?;
        transaction.pour("bench_lines", "line", piece.lines.split_inclusive(|byte| *byte == b'\n'))?;
        transaction.commit()?;
    }
    Ok(())
}
