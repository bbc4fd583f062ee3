//! Eight tills at once: sales over HTTP at a node as a process, each payment waiting for its own place on the disk. One flush serves all
//! that wait, so the flushes per sale say how well that works.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::child::Child;
use super::commit::RawFile;
use super::row::{Figure, Row, Unit};
use super::samples::Samples;
use super::scan::wait_for_catalogue;
use super::shop::{self, Shop, Wants};
use super::till_client::Client;
use super::{BenchArguments, CannotMeasure, Size, articles};
use crate::time::SystemClock;

const TILLS: u32 = 8;
const LINES: u64 = 5;
const ARTICLES: u64 = 5_000;
/// What a sale's records take together, for the bare disk's share.
const SALE_BYTES: usize = 8 * 1024;

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let folder = folder.join("group");
    let shop = Shop::found(&folder, &Wants { workstations: TILLS, ..Wants::default() })?;
    let mut till = shop.till(Arc::new(SystemClock::new()))?;
    shop.stock_up(&mut till, ARTICLES)?;
    till.close()?;
    let token = shop.token()?;
    let (node, _) = Child::start_service(arguments, &folder, &["node", "--config", &shop.config_path.to_string_lossy()])?;
    wait_for_catalogue(&shop, &token)?;
    let (sales, warm_up) = size.pick((250, 25), (3, 1));

    sell(&shop, &token, warm_up)?;
    let before = flushes(&shop, &token)?;
    let began = Instant::now();
    let payments = sell(&shop, &token, sales)?;
    let took = began.elapsed();
    let flushes = flushes(&shop, &token)?.zip(before).map(|(after, before)| after - before);
    node.stop()?;
    let (raw, raw_took) = bare(&folder, sales)?;

    let all = u64::from(TILLS) * sales;
    let per_second = |time: Duration| all as f64 / time.as_secs_f64().max(1e-9);
    let what = format!("{TILLS} threads that each write {SALE_BYTES} bytes and fdatasync a file of their own");
    let mut row = Row::new("group", format!("{TILLS} tills that sell as fast as they can: {LINES} scans and a payment, all over HTTP"));
    row.figure(Figure::new("payment p50", payments.p50_ms(), Unit::Milliseconds).beside(&what, raw.p50_ms()));
    row.figure(Figure::new("payment p99", payments.p99_ms(), Unit::Milliseconds).beside(&what, raw.p99_ms()));
    row.figure(Figure::new("sales", per_second(took), Unit::PerSecond).beside(&what, per_second(raw_took)));
    match flushes {
        Some(flushes) => row.figure(Figure::new("flushes per sale", flushes as f64 / all as f64, Unit::Count).beside("one per sale", 1.0)),
        None => row.note("the node did not tell how often it flushed"),
    };
    row.note(format!(
        "{all} sales after {} to warm up; pages and API included, so the processors have their part in it",
        warm_up * u64::from(TILLS)
    ));
    Ok(row)
}

/// Every till its sales, all tills at once. Gives the times of the payments.
fn sell(shop: &Shop, token: &str, sales: u64) -> Result<Samples, CannotMeasure> {
    let mut all = Samples::default();
    let found: Vec<Result<Samples, CannotMeasure>> = std::thread::scope(|scope| {
        let tills: Vec<_> = (1..=TILLS).map(|till| scope.spawn(move || one_till(shop, token, till, sales))).collect();
        tills.into_iter().map(|till| till.join().unwrap_or_else(|_| Err(CannotMeasure::new("selling", "a till panicked")))).collect()
    });
    for samples in found {
        all.merge(samples?);
    }
    Ok(all)
}

fn one_till(shop: &Shop, token: &str, till: u32, sales: u64) -> Result<Samples, CannotMeasure> {
    let mut client = Client::connect(shop.address(), token)?;
    let workstation = shop::workstation(till);
    let mut payments = Samples::default();
    for sale in 0..sales {
        for line in 0..LINES {
            let code = articles::gtin(articles::nth_sold(u64::from(till) << 32 | (sale * LINES + line), ARTICLES));
            if client.scan(&workstation, code.short())? != 200 {
                return Err(CannotMeasure::new("scanning", code.short()));
            }
        }
        payments.add(client.pay(&workstation)?);
    }
    Ok(payments)
}

/// The same number of flushes asked of the disk by as many threads, without a journal in between.
fn bare(folder: &Path, sales: u64) -> Result<(Samples, Duration), CannotMeasure> {
    let paths: Vec<PathBuf> = (1..=TILLS).map(|till| folder.join(format!("raw-{till}"))).collect();
    let count = usize::try_from(sales).unwrap_or(usize::MAX);
    let mut files = Vec::new();
    for path in &paths {
        files.push(RawFile::create(path, count * SALE_BYTES)?);
    }
    let payloads = vec![vec![b'x'; SALE_BYTES]; count];
    let began = Instant::now();
    let found: Vec<Result<Samples, CannotMeasure>> = std::thread::scope(|scope| {
        let payloads = &payloads;
        let threads: Vec<_> = files
            .iter_mut()
            .map(|file| {
                scope.spawn(move || {
                    let mut times = Samples::default();
                    file.write(payloads, &mut times).map(|()| times)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(CannotMeasure::new("writing", "a thread panicked"))))
            .collect()
    });
    let took = began.elapsed();
    let mut all = Samples::default();
    for samples in found {
        all.merge(samples?);
    }
    Ok((all, took))
}

/// How often the node has flushed its journal since its start.
fn flushes(shop: &Shop, token: &str) -> Result<Option<u64>, CannotMeasure> {
    let (_, body) = Client::connect(shop.address(), token)?.get("/metrics")?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let count = text.lines().find_map(|line| line.strip_prefix("counterfoil_flush_seconds_count "));
    Ok(count.and_then(|count| count.trim().parse().ok()))
}
