//! A box has burnt down: from `counterfoil restore` on an empty box to a node that can be started, with a long history at head office. Every step
//! is a process, as a technician types it; the line is mutual TLS on loopback.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::child::{self, Child};
use super::row::{Aim, Figure, Row, Unit};
use super::scan::{grouped, mib};
use super::shop::{self, History, Shop, Wants};
use super::till_client::Client;
use super::{BenchArguments, CannotMeasure, Size, drain};
use crate::time::HandClock;

const SECONDS_MAX: f64 = 300.0;
const LINES_PER_SALE: u64 = 5;
const ARTICLES: u64 = 2_000;
/// The history's way to head office, which is not what is measured.
const PATIENCE: Duration = Duration::from_secs(1_800);

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let (transactions, days) = size.pick((100_000, 40), (60, 3));
    let folder = folder.join("restore");
    let shop = Shop::found(&folder, &Wants::default())?;
    let clock = Arc::new(HandClock::at(shop::wall_ms() - i64::try_from(days).unwrap_or(0) * shop::DAY_MS - shop::DAY_MS / 2));
    let mut till = shop.till(clock.clone())?;
    shop.stock_up(&mut till, ARTICLES)?;
    let history =
        History { days, sales_per_day: transactions / days, lines_per_sale: LINES_PER_SALE, articles: ARTICLES, closes_last_day: false };
    history.play(&shop, &mut till, &clock)?;
    till.close()?;

    let address = SocketAddr::from(([127, 0, 0, 1], child::free_port()?));
    let office_config = drain::office_config(&folder, address)?;
    let text = std::fs::read_to_string(&office_config).map_err(CannotMeasure::doing("reading head office's configuration"))?;
    std::fs::write(&office_config, format!("{text}enrolment = true\npages_listen = \"127.0.0.1:0\"\n"))
        .map_err(CannotMeasure::doing("writing head office's configuration"))?;
    let office_words = ["head-office", "--config", &office_config.to_string_lossy()];
    let (office, _) = Child::start_service(arguments, &folder, &office_words)?;
    let steps = Steps { arguments, shop: &shop, office_config: &office_config, url: format!("https://{address}") };
    steps.enrol(&[])?;
    let token = shop.token()?;
    let config = shop.config_path.to_string_lossy().into_owned();
    let (node, _) = Child::start_service(arguments, &folder, &["node", "--config", &config])?;
    wait_until_all_is_there(&shop, &token)?;
    node.stop()?;

    let (bytes, copied) = copy(&shop.data_dir().join("journal"), &folder.join("copy"))?;
    std::fs::remove_dir_all(shop.data_dir()).map_err(CannotMeasure::doing("removing the box's data"))?;
    steps.enrol(&["--replace"])?;
    let restored = Child::start(arguments, &folder, &["restore", "--config", &config])?;
    let (took, memory) = restored.finished()?;
    let (node, ready) = Child::start_service(arguments, &folder, &["node", "--config", &config])?;
    node.stop()?;
    let office_memory = mib(office.resident_bytes_max());
    office.stop()?;

    let what = format!("writing the journal's {} MiB once, with a flush", bytes >> 20);
    let mut row = Row::new(
        "restore",
        format!("a box that takes a lost one's place; {} transactions at head office, over {days} days", grouped(transactions)),
    );
    row.figure(
        Figure::new("until the node can be started", took.as_secs_f64(), Unit::Seconds)
            .beside(&what, copied.as_secs_f64())
            .aim(Aim::AtMost(SECONDS_MAX)),
    );
    row.figure(Figure::new("its first start, until ready", ready.as_secs_f64(), Unit::Seconds).beside(&what, copied.as_secs_f64()));
    row.figure(Figure::new("most memory", mib(Some(memory)), Unit::MebiBytes));
    row.figure(Figure::new("head office, most memory", office_memory, Unit::MebiBytes));
    row.note(format!("sales of {LINES_PER_SALE} lines; the record alone: what an assortment takes, the row import says"));
    Ok(row)
}

/// What is typed at head office and on the box.
struct Steps<'a> {
    arguments: &'a BenchArguments,
    shop: &'a Shop,
    office_config: &'a Path,
    url: String,
}

impl Steps<'_> {
    fn enrol(&self, more: &[&str]) -> Result<(), CannotMeasure> {
        let (office, config) = (self.office_config.to_string_lossy(), self.shop.config_path.to_string_lossy());
        let (store, node) = (self.shop.config.store.as_str(), self.shop.config.node.as_str());
        let words = ["head-office", "--config", &office, "enrol-code", "--store", store, "--node", node];
        let said = self.typed(&[&words[..], more].concat())?;
        let code = said.lines().next().unwrap_or_default();
        self.typed(&["enrol", "--config", &config, "--head-office", &self.url, "--code", code]).map(drop)
    }

    fn typed(&self, words: &[&str]) -> Result<String, CannotMeasure> {
        let output = Command::new(child::program(self.arguments)?).args(words).output().map_err(CannotMeasure::doing(words[0]))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(CannotMeasure::new(&words.join(" "), &String::from_utf8_lossy(&output.stderr))),
        }
    }
}

fn wait_until_all_is_there(shop: &Shop, token: &str) -> Result<(), CannotMeasure> {
    let (mut client, began) = (Client::connect(shop.address(), token)?, Instant::now());
    while began.elapsed() < PATIENCE {
        let (_, body) = client.get("/api/v1/health")?;
        let health: Value = serde_json::from_slice(&body).map_err(CannotMeasure::doing("reading the node's health"))?;
        if health["head_office_online"] == true && health["transactions_waiting"] == 0 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(CannotMeasure::new("waiting for head office to have it all", "half an hour was not enough"))
}

/// All files of a folder, each flushed.
fn copy(from: &Path, to: &Path) -> Result<(u64, Duration), CannotMeasure> {
    let failed = || CannotMeasure::doing("copying the journal to compare");
    std::fs::create_dir_all(to).map_err(failed())?;
    let (began, mut bytes) = (Instant::now(), 0);
    for entry in std::fs::read_dir(from).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let path = to.join(entry.file_name());
        bytes += std::fs::copy(entry.path(), &path).map_err(failed())?;
        File::open(&path).and_then(|file| file.sync_all()).map_err(failed())?;
    }
    Ok((bytes, began.elapsed()))
}
