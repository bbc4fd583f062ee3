//! The shell as it runs in a shop: the real journal, views and loop in one process, with the demo's goods and no devices.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use counterfoil::demo::assortment::goods;
use counterfoil::ids::{CommandId, WorkstationId};
use counterfoil::money::{Money, Qty};
use counterfoil::node::config::{NodeConfig, parse};
use counterfoil::node::start::{Running, start};
use counterfoil::node::{AskError, CommandRequest, Node};
use counterfoil::retail::{Answer, Command, Feed};
use counterfoil::sync::feed::{Baseline, CatalogueEntry, FeedHeader, FeedName, FeedWriter, StockLine, hash_of};
use counterfoil::time::{ClockQuality, Stamp};

mod articles;
mod cards;
mod configuration;
mod figures;
mod labels;
pub mod office;
pub mod orders;
mod people;
mod power_cut;
mod repeat;
mod returns;
mod scales;
mod shop;
mod stock;
mod training;

/// A milk of the demo's goods, 1.29.
pub const MILK: &str = "100001";

fn config(data: &Path) -> NodeConfig {
    let text = include_str!("../../docs/node.toml");
    let shop = text.split("[[workstation]]").next().unwrap();
    let shop = shop.split("[head_office]").next().unwrap().to_owned() + "[tax]" + shop.split("[tax]").nth(1).unwrap();
    let shop = shop.replace("/var/lib/counterfoil", &data.display().to_string()).replace("127.0.0.1:8080", "127.0.0.1:0");
    let shop = shop.replace("required = true", "required = false");
    let tills = "[[workstation]]\nid = \"1\"\n[[workstation]]\nid = \"2\"\n";
    parse(&(shop + tills), Path::new("test")).unwrap()
}

/// Starts a node on `data` and gives it the demo's goods when it has none.
async fn open(data: &Path) -> Running {
    let running = start(&config(data)).await.unwrap();
    if running.node.screen().feeds.is_empty() {
        catalogue(&running.node, 1).await;
    }
    running
}

async fn catalogue(node: &Node, version: u64) {
    let file = node.shared().feeds_folder.join("new");
    let mut goods = goods();
    goods.sort_by(|a, b| a.article.sku.cmp(&b.article.sku));
    let header = FeedHeader {
        format: 1,
        feed: Feed::Catalogue,
        version,
        base: None,
        count: goods.len() as u64,
        made_at: Stamp { ms: 1, quality: ClockQuality::Synchronised },
        currency: Some("EUR".to_owned()),
        store: None,
        baselines: Vec::new(),
    };
    let mut writer = FeedWriter::new(File::create(&file).unwrap(), header).unwrap();
    for good in goods {
        writer.catalogue(&CatalogueEntry::Put(Box::new(good.article))).unwrap();
    }
    writer.finish().unwrap();
    arrive(node, &file, Feed::Catalogue, version).await;
}

/// A stock baseline that includes the node's journal up to `head_seq`.
async fn stock(node: &Node, version: u64, head_seq: u64, lines: &[(&str, i64)]) {
    let file = node.shared().feeds_folder.join("new");
    let head = counterfoil::sync::feed::Head { incarnation: node.durable().borrow().incarnation, seq: head_seq };
    let heads = [(counterfoil::ids::NodeId::new("box-1").unwrap(), head)].into();
    let as_of = Stamp { ms: 1_700_000_000_000, quality: ClockQuality::Synchronised };
    let header = FeedHeader {
        format: 1,
        feed: Feed::Stock,
        version,
        base: None,
        count: lines.len() as u64,
        made_at: as_of,
        currency: None,
        store: Some(counterfoil::ids::StoreId::new("berlin-1").unwrap()),
        baselines: vec![Baseline { version, as_of, heads }],
    };
    let mut writer = FeedWriter::new(File::create(&file).unwrap(), header).unwrap();
    for (sku, pieces) in lines {
        let sku = counterfoil::ids::Sku::new(sku).unwrap();
        writer.stock(&StockLine { sku, quantity: Qty::pieces(*pieces), baseline: 0 }).unwrap();
    }
    writer.finish().unwrap();
    arrive(node, &file, Feed::Stock, version).await;
}

async fn arrive(node: &Node, file: &Path, feed: Feed, version: u64) {
    let (hash, _) = hash_of(File::open(file).unwrap()).unwrap();
    let name = FeedName::new(feed, version, &hash).to_string();
    std::fs::rename(file, node.shared().feeds_folder.join(name)).unwrap();
    node.feed_arrived(feed, version, hash).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !node.screen().feeds.iter().any(|f| f.feed == feed && f.version == version) {
        assert!(Instant::now() < deadline, "{} version {version} was not adopted", feed.name());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn till(id: &str) -> Option<WorkstationId> {
    Some(WorkstationId::new(id).unwrap())
}

async fn ask(node: &Node, id: &str, workstation: &str, command: Command) -> Result<Answer, AskError> {
    node.ask(CommandRequest { id: CommandId::new(id).unwrap(), workstation: till(workstation), staff: None, approval: None, command }).await
}

fn scan(code: &str) -> Command {
    Command::AddLine { code: code.to_owned(), quantity: None }
}

fn cash(cents: i64) -> Command {
    Command::TenderCash { amount: Money::from_minor(cents) }
}
