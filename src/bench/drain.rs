//! A backlog on its way to head office: a node and a head office as processes, with a wire between them that counts every byte. The shop
//! goes on selling meanwhile, and one urgent record must not wait behind the backlog.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::child::{self, Child};
use super::commit::RawFile;
use super::relay::{Direction, Relay};
use super::row::{Aim, Figure, Row, Unit};
use super::samples::Samples;
use super::scan::{grouped, mib, wait_for_catalogue};
use super::shop::{self, History, Shop, Wants};
use super::till_client::Client;
use super::{BenchArguments, CannotMeasure, Size, articles};
use crate::journal::Reader;
use crate::node::writer::shell_command_id;
use crate::sync::wire::BATCH_BYTES_MAX;
use crate::time::HandClock;

const SECONDS_MAX: f64 = 10.0;
const URGENT_SECONDS_MAX: f64 = 2.0;
const LINES_PER_SALE: u64 = 5;
const ARTICLES: u64 = 20_000;
const PATIENCE: Duration = Duration::from_secs(600);
/// A cashier in a hurry.
const PAUSE: Duration = Duration::from_millis(20);

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let (transactions, days) = size.pick((21_000, 10), (60, 3));
    let folder = folder.join("drain");
    let office_address = SocketAddr::from(([127, 0, 0, 1], child::free_port()?));
    let relay = Relay::start(office_address)?;
    let wants = Wants { workstations: 2, head_office: Some(format!("http://{}", relay.address)), ..Wants::default() };
    let shop = Shop::found(&folder, &wants)?;
    let clock = Arc::new(HandClock::at(shop::wall_ms() - 2 * i64::try_from(days).unwrap_or(1) * shop::DAY_MS));
    let mut till = shop.till(clock.clone())?;
    shop.stock_up(&mut till, ARTICLES)?;
    let first = till.writer.journal().next_seq();
    let history =
        History { days, sales_per_day: transactions / days, lines_per_sale: LINES_PER_SALE, articles: ARTICLES, closes_last_day: false };
    history.play(&shop, &mut till, &clock)?;
    let last = till.writer.journal().head().seq;
    till.close()?;
    let token = shop.token()?;

    let office = start_office(&folder, arguments, office_address)?;
    let words = ["node", "--config", &shop.config_path.to_string_lossy()];
    let (node, _) = Child::start_service(arguments, &folder, &words)?;
    let began = Instant::now();
    wait_for_catalogue(&shop, &token)?;
    let draining = Arc::new(AtomicBool::new(true));
    let (during, urgent, drained) = std::thread::scope(|scope| {
        let seller = scope.spawn(|| sell_while(&shop, &token, &draining));
        std::thread::sleep(size.pick(Duration::from_secs(1), Duration::ZERO));
        let urgent = urgent_seconds(&shop, &token, &relay);
        let drained = wait_until_drained(&shop, &token, began);
        draining.store(false, Ordering::Relaxed);
        let during = seller.join().unwrap_or_else(|_| Err(CannotMeasure::new("selling", "the till panicked")));
        (during, urgent, drained)
    });
    let (during, urgent, drained) = (during?, urgent?, drained?);
    let (up, down) = (relay.bytes_up(), relay.bytes_down());
    let node_memory = mib(node.resident_bytes_max());
    let office_memory = mib(office.resident_bytes_max());
    node.stop()?;
    office.stop()?;
    let (journal_bytes, bare) = bare_transfer(&shop, &folder, first, last)?;

    let per_transaction = |bytes: u64| bytes as f64 / transactions as f64;
    let mut row = Row::new(
        "drain",
        format!(
            "{} transactions of {LINES_PER_SALE} lines from a node to head office on loopback, while the shop sells",
            grouped(transactions)
        ),
    );
    let what = "the same lines, packed, sent to a socket and fdatasynced batch by batch";
    row.figure(
        Figure::new("until all is acknowledged", drained.as_secs_f64(), Unit::Seconds)
            .beside(what, bare.as_secs_f64())
            .aim(Aim::AtMost(SECONDS_MAX)),
    );
    row.figure(
        Figure::new("bytes on the wire per transaction", per_transaction(up + down), Unit::Bytes)
            .beside("in the journal", per_transaction(journal_bytes)),
    );
    row.figure(
        Figure::new("an urgent record meanwhile", urgent, Unit::Seconds)
            .beside("the whole backlog", drained.as_secs_f64())
            .aim(Aim::AtMost(URGENT_SECONDS_MAX)),
    );
    row.figure(Figure::new("a payment meanwhile, p50", during.p50_ms(), Unit::Milliseconds));
    row.figure(Figure::new("a payment meanwhile, p99", during.p99_ms(), Unit::Milliseconds));
    row.figure(Figure::new("node, most memory", node_memory, Unit::MebiBytes));
    row.figure(Figure::new("head office, most memory", office_memory, Unit::MebiBytes));
    row.note(format!(
        "from the node's readiness on; the wire's bytes include headers and answers; the urgent record is the close of the day, until head office \
         has answered that it holds it; {} payments were made meanwhile",
        during.count()
    ));
    Ok(row)
}

/// Head office's configuration for a bench.
pub fn office_config(folder: &Path, address: SocketAddr) -> Result<PathBuf, CannotMeasure> {
    let data_dir = folder.join("head-office");
    let text = format!(
        "[head_office]\nlisten = \"{address}\"\ndata_dir = {data_dir:?}\ncurrency = \"EUR\"\nlocale = \"en\"\ntime_zone = \"Europe/Berlin\"\n"
    );
    let path = folder.join("head-office.toml");
    std::fs::write(&path, text).map_err(CannotMeasure::doing("writing head office's configuration"))?;
    Ok(path)
}

pub fn start_office(folder: &Path, arguments: &BenchArguments, address: SocketAddr) -> Result<Child, CannotMeasure> {
    let config = office_config(folder, address)?;
    let (office, _) = Child::start_service(arguments, folder, &["head-office", "--config", &config.to_string_lossy()])?;
    Ok(office)
}

/// Waits until head office has everything.
fn wait_until_drained(shop: &Shop, token: &str, began: Instant) -> Result<Duration, CannotMeasure> {
    let mut client = Client::connect(shop.address(), token)?;
    while began.elapsed() < PATIENCE {
        let (_, body) = client.get("/api/v1/health")?;
        let health: Value = serde_json::from_slice(&body).map_err(CannotMeasure::doing("reading the node's health"))?;
        if health["head_office_online"] == true && health["transactions_waiting"] == 0 {
            return Ok(began.elapsed());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(CannotMeasure::new("waiting for the backlog to drain", "ten minutes were not enough"))
}

/// Closes the day in the middle of it all, which head office wants to know at once.
fn urgent_seconds(shop: &Shop, token: &str, relay: &Relay) -> Result<f64, CannotMeasure> {
    let taken = relay.watch(Direction::Down, br#""taken":[{"#);
    let began = Instant::now();
    let mut client = Client::connect(shop.address(), token)?;
    let closed = loop {
        let (status, body) = client.post("/api/v1/day/close", &json!({ "id": shell_command_id() }))?;
        if status == 200 {
            break Instant::now();
        }
        // A basket is open at this moment.
        if began.elapsed() > Duration::from_secs(30) {
            return Err(CannotMeasure::new("closing the day", &String::from_utf8_lossy(&body)));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    client.post("/api/v1/day/open", &json!({ "id": shell_command_id() }))?;
    let arrived = taken.recv_timeout(PATIENCE).map_err(CannotMeasure::doing("waiting for the urgent record"))?;
    Ok(arrived.saturating_duration_since(closed).as_secs_f64())
}

/// Sales at workstation 2 until told to stop.
fn sell_while(shop: &Shop, token: &str, draining: &AtomicBool) -> Result<Samples, CannotMeasure> {
    let mut client = Client::connect(shop.address(), token)?;
    let workstation = shop::workstation(2);
    let mut payments = Samples::default();
    let mut scanned = 0;
    while draining.load(Ordering::Relaxed) {
        let mut lines = 0;
        while lines < LINES_PER_SALE && draining.load(Ordering::Relaxed) {
            std::thread::sleep(PAUSE);
            let code = articles::gtin(articles::nth_sold(scanned, ARTICLES));
            scanned += 1;
            // Refused while the day is closed.
            lines += u64::from(client.scan(&workstation, code.short())? == 200);
        }
        if lines == LINES_PER_SALE {
            payments.add(client.pay(&workstation)?);
        }
        std::thread::sleep(PAUSE);
    }
    Ok(payments)
}

/// What the disk and the socket alone take: every batch read, packed, sent, written, fdatasynced and answered with one byte. Gives the
/// bytes of the lines as well.
fn bare_transfer(shop: &Shop, folder: &Path, first: u64, last: u64) -> Result<(u64, Duration), CannotMeasure> {
    use std::io::{Read, Write};
    let failed = "sending to compare";
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(CannotMeasure::doing(failed))?;
    let address = listener.local_addr().map_err(CannotMeasure::doing(failed))?;
    let mut file = RawFile::create(&folder.join("raw"), 0)?;
    let receiver = std::thread::spawn(move || -> Result<(), CannotMeasure> {
        let (mut peer, _) = listener.accept().map_err(CannotMeasure::doing(failed))?;
        let mut times = Samples::default();
        let mut length = [0u8; 8];
        while peer.read_exact(&mut length).is_ok() {
            let mut body = vec![0; usize::try_from(u64::from_le_bytes(length)).unwrap_or(0)];
            peer.read_exact(&mut body).map_err(CannotMeasure::doing(failed))?;
            let lines = zstd::bulk::decompress(&body, 64 << 20).map_err(CannotMeasure::doing(failed))?;
            file.write(&[lines], &mut times)?;
            peer.write_all(b".").map_err(CannotMeasure::doing(failed))?;
        }
        Ok(())
    });
    let reader = Reader::open(&shop.data_dir().join("journal")).map_err(CannotMeasure::doing(failed))?;
    let mut sender = std::net::TcpStream::connect(address).map_err(CannotMeasure::doing(failed))?;
    sender.set_nodelay(true).map_err(CannotMeasure::doing(failed))?;
    let began = Instant::now();
    let (mut next, mut bytes) = (first, 0);
    while next <= last {
        let records = reader.read_batch(next, last, BATCH_BYTES_MAX).map_err(CannotMeasure::doing(failed))?;
        let Some(newest) = records.last().map(|record| record.seq) else { break };
        let lines: Vec<u8> = records.into_iter().flat_map(|record| record.line).collect();
        bytes += lines.len() as u64;
        let body = zstd::bulk::compress(&lines, 3).map_err(CannotMeasure::doing(failed))?;
        sender.write_all(&(body.len() as u64).to_le_bytes()).map_err(CannotMeasure::doing(failed))?;
        sender.write_all(&body).map_err(CannotMeasure::doing(failed))?;
        sender.read_exact(&mut [0u8; 1]).map_err(CannotMeasure::doing(failed))?;
        next = newest + 1;
    }
    let took = began.elapsed();
    drop(sender);
    receiver.join().unwrap_or_else(|_| Err(CannotMeasure::new(failed, "the receiver panicked")))?;
    Ok((bytes, took))
}
