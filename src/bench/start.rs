//! From the start of the process to the first line on a screen, with a large assortment and a long history; and the same when the look-up
//! cache is gone. Once with the files in the page cache, as after a crash of the program, and once from the disk, as after a power cut.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::Advice;

use super::child::Child;
use super::import::unpack_feeds;
use super::row::{Aim, Figure, Row, Unit};
use super::samples::Samples;
use super::scan::{grouped, is_whole, sizes};
use super::shop::{self, History, Shop, Wants};
use super::till_client::Client;
use super::{BenchArguments, CannotMeasure, Size, articles};
use crate::time::HandClock;

const SECONDS_MAX: f64 = 2.0;
const LINES_PER_SALE: u64 = 5;
/// A history of that many business days, the last one still open: replay starts at the newest day's opening.
const DAYS: u64 = 40;
/// Starts of one kind. The slowest counts.
const STARTS: usize = 5;

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let count = sizes(arguments, size).into_iter().max().unwrap_or(1_000_000);
    let (transactions, days, starts) = size.pick((100_000, DAYS, STARTS), (40, 4, 2));
    let folder = folder.join("start");
    let shop = Shop::found(&folder, &Wants::default())?;
    let clock = Arc::new(HandClock::at(shop::wall_ms() - i64::try_from(days).unwrap_or(0) * shop::DAY_MS - shop::DAY_MS / 2));
    let mut till = shop.till(clock.clone())?;
    shop.stock_up(&mut till, count)?;
    let per_day = transactions / days;
    let history = History { days, sales_per_day: per_day, lines_per_sale: LINES_PER_SALE, articles: count, closes_last_day: false };
    let sold = history.play(&shop, &mut till, &clock)?;
    till.close()?;
    let token = shop.token()?;

    let bench = Bench { shop, token, folder, arguments, sold, articles: count };
    let rebuilt = bench.rebuild()?;
    let warm = bench.starts(starts, false)?;
    let cold = bench.starts(starts.min(3), true)?;

    let mut row = Row::new(
        "start",
        format!(
            "from the start of the process to the first line on a screen; {} articles, {} transactions in the journal over {days} days",
            grouped(count),
            grouped(transactions)
        ),
    );
    let (bytes, seconds, cold_seconds) = bench.read_journal()?;
    let what = format!("reading the {} MiB of the journal once", bytes >> 20);
    let cold_what = format!("{what}, from the disk");
    let worst = |times: &[Times], of: fn(&Times) -> Duration| times.iter().map(of).max().unwrap_or_default().as_secs_f64();
    row.figure(Figure::new("ready", worst(&warm, |times| times.ready), Unit::Seconds).beside(&what, seconds));
    row.figure(
        Figure::new("first line on the screen", worst(&warm, |times| times.first_line), Unit::Seconds)
            .beside(&what, seconds)
            .aim(Aim::AtMost(SECONDS_MAX)),
    );
    row.figure(
        Figure::new("first line, files read from the disk", worst(&cold, |times| times.first_line), Unit::Seconds)
            .beside(&cold_what, cold_seconds)
            .aim(Aim::AtMost(SECONDS_MAX)),
    );
    row.figure(
        Figure::new("without the cache: ready (the day, prints, history)", rebuilt.ready.as_secs_f64(), Unit::Seconds)
            .beside(&what, seconds),
    );
    let feed = unpack_feeds(&bench.shop.data_dir().join("feeds"))?;
    let feed_what = format!("unpacking the catalogue's file ({} MiB) once", feed.0 >> 20);
    row.figure(
        Figure::new("without the cache: first line", rebuilt.first_line.as_secs_f64(), Unit::Seconds)
            .beside(&feed_what, feed.1)
            .aim(Aim::AtMost(SECONDS_MAX)),
    );
    row.figure(
        Figure::new("without the cache: search by name again", rebuilt.whole.as_secs_f64(), Unit::Seconds).beside(feed_what, feed.1),
    );
    row.figure(Figure::new("a scan meanwhile, p50", rebuilt.scans.p50_ms(), Unit::Milliseconds));
    row.figure(Figure::new("a scan meanwhile, p99", rebuilt.scans.p99_ms(), Unit::Milliseconds));
    row.figure(
        Figure::new("without the cache: all transactions found again", rebuilt.index.as_secs_f64(), Unit::Seconds).beside(&what, seconds),
    );
    row.note(format!("{} scans meanwhile; each waits for the disk behind what the rebuild writes", rebuilt.scans.count()));
    row.note(format!(
        "the slowest of {starts} starts (of {} from the disk); sales of {LINES_PER_SALE} lines, {per_day} a day, the last day open",
        starts.min(3)
    ));
    row.note("\"from the disk\": the pages of journal, views and feeds were dropped before; the program itself stayed in memory");
    Ok(row)
}

struct Bench<'a> {
    shop: Shop,
    token: String,
    folder: std::path::PathBuf,
    arguments: &'a BenchArguments,
    sold: Vec<crate::ids::TxnId>,
    articles: u64,
}

/// Since the start of the process.
struct Times {
    ready: Duration,
    first_line: Duration,
}

struct Rebuilt {
    ready: Duration,
    first_line: Duration,
    /// Until the cache is whole.
    whole: Duration,
    /// Scans until then.
    scans: Samples,
    index: Duration,
}

impl Bench<'_> {
    fn start(&self) -> Result<(Child, Duration), CannotMeasure> {
        Child::start_service(self.arguments, &self.folder, &["node", "--config", &self.shop.config_path.to_string_lossy()])
    }

    fn starts(&self, count: usize, cold: bool) -> Result<Vec<Times>, CannotMeasure> {
        let mut found = Vec::new();
        for _ in 0..count {
            if cold {
                drop_pages(self.shop.data_dir())?;
            }
            let (node, ready) = self.start()?;
            let first_line = self.first_line(&node)?;
            found.push(Times { ready, first_line });
            node.stop()?;
        }
        Ok(found)
    }

    /// Without the folder of the views.
    fn rebuild(&self) -> Result<Rebuilt, CannotMeasure> {
        let views = self.shop.data_dir().join("views");
        if views.exists() {
            std::fs::remove_dir_all(&views).map_err(CannotMeasure::doing("removing the look-up cache"))?;
        }
        let (node, ready) = self.start()?;
        let first_line = self.first_line(&node)?;
        let mut client = Client::connect(self.shop.address(), &self.token)?;
        let (workstation, mut scans, mut number, mut lines) = (shop::workstation(1), Samples::default(), 0, 0);
        while !is_whole(&mut client)? {
            let article = articles::gtin(articles::nth_sold(number, self.articles));
            let began = Instant::now();
            lines += u32::from(client.scan(&workstation, article.short())? == 200);
            scans.since(began);
            number += 1;
            if lines == 8 {
                client.void(&workstation)?;
                lines = 0;
            }
        }
        if lines > 0 {
            client.void(&workstation)?;
        }
        let whole = node.began.elapsed();
        for txn in &self.sold {
            while client.get(&format!("/api/v1/transactions/{txn}"))?.0 != 200 {
                if node.began.elapsed() > Duration::from_secs(900) {
                    return Err(CannotMeasure::new("waiting for the index", "it was not complete in 15 minutes"));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let index = node.began.elapsed();
        node.stop()?;
        Ok(Rebuilt { ready, first_line, whole, scans, index })
    }

    /// Scans one article, until it is a line; then takes it back.
    fn first_line(&self, node: &Child) -> Result<Duration, CannotMeasure> {
        let workstation = shop::workstation(1);
        let mut client = Client::connect(self.shop.address(), &self.token)?;
        while client.scan(&workstation, articles::gtin(0).short())? != 200 {
            if node.began.elapsed() > Duration::from_secs(900) {
                return Err(CannotMeasure::new("waiting for the first line", "it did not come in 15 minutes"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let took = node.began.elapsed();
        client.void(&workstation)?;
        Ok(took)
    }

    /// Bytes of all segments, and the seconds it takes to read them from memory and from the disk.
    fn read_journal(&self) -> Result<(u64, f64, f64), CannotMeasure> {
        let folder = self.shop.data_dir().join("journal");
        drop_pages(&folder)?;
        let began = Instant::now();
        read_all(&folder)?;
        let cold = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let bytes = read_all(&folder)?;
        Ok((bytes, began.elapsed().as_secs_f64(), cold))
    }
}

fn read_all(folder: &Path) -> Result<u64, CannotMeasure> {
    let failed = "reading the journal";
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).map_err(CannotMeasure::doing(failed))? {
        let mut file = std::fs::File::open(entry.map_err(CannotMeasure::doing(failed))?.path()).map_err(CannotMeasure::doing(failed))?;
        bytes += std::io::copy(&mut file, &mut std::io::sink()).map_err(CannotMeasure::doing(failed))?;
    }
    Ok(bytes)
}

/// Has the kernel forget the clean pages of all files below a folder.
fn drop_pages(folder: &Path) -> Result<(), CannotMeasure> {
    let failed = "dropping pages";
    for entry in std::fs::read_dir(folder).map_err(CannotMeasure::doing(failed))? {
        let entry = entry.map_err(CannotMeasure::doing(failed))?;
        if entry.path().is_dir() {
            drop_pages(&entry.path())?;
            continue;
        }
        let file = std::fs::File::open(entry.path()).map_err(CannotMeasure::doing(failed))?;
        // Only clean pages go.
        file.sync_all().map_err(CannotMeasure::doing(failed))?;
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).map_err(CannotMeasure::doing(failed))?;
    }
    Ok(())
}
