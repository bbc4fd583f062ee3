//! From a scan to the line on the screens: a node as a process of its own, a scan as an HTTP request, and the moment at which the live stream
//! of the workstation has delivered the line. With assortments of several sizes, and the memory each of them takes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::child::Child;
use super::row::{Aim, Figure, Row, Unit};
use super::samples::Samples;
use super::shop::{self, Shop, Wants};
use super::till_client::{Client, LiveStream};
use super::{BenchArguments, CannotMeasure, Size, articles};
use crate::time::SystemClock;

const LINES_PER_SALE: usize = 8;
const P99_MS_MAX: f64 = 5.0;
const RESIDENT_MIB_MAX: f64 = 150.0;
/// The assortment the memory aim speaks of.
const ARTICLES_OF_AIM: u64 = 1_000_000;
/// A cashier's scans are between these apart; so close that the waiting in between is most of the run, and so irregular that they
/// meet flushes as they would in a shop.
const PAUSE_MS: (u64, u64) = (15, 60);

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let mut row = Row::new("scan", "a scan over HTTP until its line has come over the workstation's live stream; memory of the node");
    let empty = resident_without_articles(folder, arguments)?;
    for count in sizes(arguments, size) {
        with_articles(folder, arguments, size, count, empty, &mut row)?;
    }
    row.note(format!(
        "one workstation, {} scans per size, {} to {} ms apart, sales of {LINES_PER_SALE} lines paid in cash; the first {} are not counted",
        scans(size),
        PAUSE_MS.0,
        PAUSE_MS.1,
        warm_up(size)
    ));
    Ok(row)
}

/// Sizes of the assortment to measure with.
pub fn sizes(arguments: &BenchArguments, size: Size) -> Vec<u64> {
    match size {
        Size::Full => arguments.articles.clone(),
        Size::Quick => vec![2_000],
    }
}

fn scans(size: Size) -> usize {
    size.pick(2_000, 24)
}
fn warm_up(size: Size) -> usize {
    size.pick(200, 8)
}

fn resident_without_articles(folder: &Path, arguments: &BenchArguments) -> Result<f64, CannotMeasure> {
    let folder = folder.join("scan-empty");
    let shop = Shop::found(&folder, &Wants::default())?;
    let (node, _) = Child::start_service(arguments, &folder, &["node", "--config", &shop.config_path.to_string_lossy()])?;
    // One that has answered once has what answering takes.
    Client::connect(shop.address(), &shop.token()?)?.get("/healthz")?;
    let resident = mib(node.resident_bytes());
    node.stop()?;
    Ok(resident)
}

fn with_articles(
    folder: &Path,
    arguments: &BenchArguments,
    size: Size,
    count: u64,
    empty: f64,
    row: &mut Row,
) -> Result<(), CannotMeasure> {
    let folder = folder.join(format!("scan-{count}"));
    let shop = Shop::found(&folder, &Wants::default())?;
    let mut till = shop.till(Arc::new(SystemClock::new()))?;
    shop.stock_up(&mut till, count)?;
    till.close()?;
    let token = shop.token()?;
    let words = ["node", "--config", &shop.config_path.to_string_lossy()];
    let (node, _) = Child::start_service(arguments, &folder, &words)?;
    wait_for_catalogue(&shop, &token)?;
    let loading = mib(node.resident_bytes_max());
    node.stop()?;
    // A node that has built its look-up is not the one that sells all year.
    let (node, _) = Child::start_service(arguments, &folder, &words)?;
    wait_for_catalogue(&shop, &token)?;
    let found = scan_all(&shop, &token, size, count)?;
    let resident = mib(node.resident_bytes());
    let anonymous = mib(node.anonymous_bytes());
    node.stop()?;

    let bare = "a bare HTTP exchange with the same node (/healthz)";
    let thousands = format!("{} articles", grouped(count));
    let event = "to the live stream's event";
    row.figure(
        Figure::new(format!("{thousands}, p50 {event}"), found.event.p50_ms(), Unit::Milliseconds).beside(bare, found.bare.p50_ms()),
    );
    row.figure(
        Figure::new(format!("{thousands}, p99 {event}"), found.event.p99_ms(), Unit::Milliseconds)
            .beside(bare, found.bare.p99_ms())
            .aim(Aim::AtMost(P99_MS_MAX)),
    );
    row.figure(
        Figure::new(format!("{thousands}, p99 to the HTTP answer"), found.answer.p99_ms(), Unit::Milliseconds)
            .beside(bare, found.bare.p99_ms()),
    );
    let resident = Figure::new(format!("{thousands}, resident when selling"), resident, Unit::MebiBytes).beside("no articles", empty);
    row.figure(if count == ARTICLES_OF_AIM { resident.aim(Aim::AtMost(RESIDENT_MIB_MAX)) } else { resident });
    row.figure(Figure::new(format!("{thousands}, of it anonymous"), anonymous, Unit::MebiBytes));
    row.figure(Figure::new(format!("{thousands}, most while building the look-up"), loading, Unit::MebiBytes).beside("no articles", empty));
    Ok(())
}

struct Scanned {
    event: Samples,
    answer: Samples,
    bare: Samples,
}

fn scan_all(shop: &Shop, token: &str, size: Size, count: u64) -> Result<Scanned, CannotMeasure> {
    let workstation = shop::workstation(1);
    let mut client = Client::connect(shop.address(), token)?;
    let path = format!("/api/v1/workstations/{workstation}/events");
    let stream = LiveStream::open(shop.address(), token, &path, "workstation")?;
    let mut found = Scanned { event: Samples::default(), answer: Samples::default(), bare: Samples::default() };
    let mut lines = 0;
    for scan in 0..warm_up(size) + scans(size) {
        std::thread::sleep(pause(scan as u64));
        let began = Instant::now();
        client.get("/healthz")?;
        let bare = began.elapsed();
        std::thread::sleep(pause(scan as u64 + 7));
        let code = articles::gtin(articles::nth_sold(scan as u64, count));
        stream.drain();
        let began = Instant::now();
        let status = client.scan(&workstation, code.short())?;
        let answer = began.elapsed();
        if status != 200 {
            return Err(CannotMeasure::new(&format!("scanning {code}"), &format!("status {status}")));
        }
        lines += 1;
        let event = stream.wait(|data| line_count(data) == lines)?.duration_since(began);
        if scan >= warm_up(size) {
            found.event.add(event);
            found.answer.add(answer);
            found.bare.add(bare);
        }
        if lines == LINES_PER_SALE {
            client.pay(&workstation)?;
            lines = 0;
        }
    }
    Ok(found)
}

/// Waits until the whole look-up is there: articles are found by code before it is, by the beginning of their number only when it is.
pub fn wait_for_catalogue(shop: &Shop, token: &str) -> Result<Duration, CannotMeasure> {
    const PATIENCE: Duration = Duration::from_secs(900);
    let began = Instant::now();
    let mut client = Client::connect(shop.address(), token)?;
    while began.elapsed() < PATIENCE {
        if is_whole(&mut client)? {
            return Ok(began.elapsed());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(CannotMeasure::new("waiting for the catalogue", "it did not come in 15 minutes"))
}

pub fn is_whole(client: &mut Client) -> Result<bool, CannotMeasure> {
    Ok(client.get(&format!("/api/v1/articles?q={}", articles::article(0).sku))?.0 == 200)
}

fn line_count(data: &str) -> usize {
    serde_json::from_str::<Value>(data).ok().and_then(|view| view["basket"]["lines"].as_array().map(Vec::len)).unwrap_or(0)
}

fn pause(step: u64) -> Duration {
    let (from, to) = PAUSE_MS;
    Duration::from_micros(from * 1000 + articles::nth_sold(step, (to - from) * 1000))
}

pub fn mib(bytes: Option<u64>) -> f64 {
    bytes.unwrap_or(0) as f64 / f64::from(1 << 20)
}

/// "1,000,000"
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
