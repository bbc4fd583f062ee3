//! What these tests share: feed files made by hand, a folder for them, and views on top.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use counterfoil::ids::{Incarnation, NodeId, ReceiptNo, Sku, StoreId, TaxClassId, TxnId, WorkstationId};
use counterfoil::money::{Money, Qty};
use counterfoil::retail::state::AdoptedFeed;
use counterfoil::retail::{Event, Feed, TransactionKind, TransactionRecord};
use counterfoil::sync::feed::{
    Article, Baseline, CatalogueEntry, CodeKey, FEED_FORMAT, FeedBase, FeedHeader, FeedWriter, Head, SaleCode, StockLine, Written,
};
use counterfoil::time::Stamp;
use counterfoil::views::{Engine, FeedState, OpenReport, Options, Views};

/// Records by sequence.
pub type Journal = Arc<Mutex<Vec<(u64, Vec<Event>)>>>;

pub struct Shop {
    pub folder: tempfile::TempDir,
    pub adopted: BTreeMap<Feed, AdoptedFeed>,
    pub journal: Journal,
}

impl Shop {
    pub fn new() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("feeds")).unwrap();
        Shop { folder, adopted: BTreeMap::new(), journal: Arc::default() }
    }

    pub fn feeds(&self) -> PathBuf {
        self.folder.path().join("feeds")
    }
    pub fn views_folder(&self) -> PathBuf {
        self.folder.path().join("views")
    }
    pub fn sled_folder(&self) -> PathBuf {
        self.views_folder().join("cache")
    }

    /// Opens the views as a start of the node does.
    pub fn open(&self, engine: Engine) -> (Views, OpenReport) {
        let journal = self.journal.clone();
        let head_seq = journal.lock().unwrap().last().map_or(0, |(seq, _)| *seq);
        let options = Options {
            folder: self.views_folder(),
            feeds_folder: self.feeds(),
            node: node(),
            adopted: self.adopted.clone(),
            head_seq,
            records: Arc::new(move |from, to, each: &mut dyn FnMut(u64, &[Event]) -> ControlFlow<()>| {
                let records = journal.lock().unwrap().clone();
                for (seq, events) in records.iter().filter(|(seq, _)| (from..=to).contains(seq)) {
                    if each(*seq, events).is_break() {
                        break;
                    }
                }
                Ok(())
            }),
        };
        Views::open_with(options, engine)
    }

    /// Opens, and waits until nothing is missing any more.
    pub fn opened(&self, engine: Engine) -> (Views, OpenReport) {
        let (views, report) = self.open(engine);
        settle(&views);
        (views, report)
    }

    /// What the node's loop does: load, journal the adoption, switch.
    pub fn adopt(&mut self, views: &Views, feed: Feed, version: u64, written: &Written) {
        views.load(feed, version, &written.hash, &|_| {}).unwrap();
        views.switch(feed, &self.journal_adoption(feed, version, written));
    }

    pub fn journal_adoption(&mut self, feed: Feed, version: u64, written: &Written) -> AdoptedFeed {
        let adopted = AdoptedFeed { version, hash: written.hash.clone(), at: Stamp::default() };
        self.adopted.insert(feed, adopted.clone());
        adopted
    }

    pub fn snapshot(&self, version: u64, articles: &[Article]) -> Written {
        let entries: Vec<CatalogueEntry> = articles.iter().map(|article| CatalogueEntry::Put(Box::new(article.clone()))).collect();
        self.catalogue(version, None, entries)
    }

    pub fn delta(&self, version: u64, base: (u64, &Written), entries: Vec<CatalogueEntry>) -> Written {
        self.catalogue(version, Some(FeedBase { version: base.0, hash: base.1.hash.clone() }), entries)
    }

    fn catalogue(&self, version: u64, base: Option<FeedBase>, mut entries: Vec<CatalogueEntry>) -> Written {
        entries.sort_by(|a, b| a.sku().cmp(b.sku()));
        let mut writer = FeedWriter::new(Vec::new(), header(Feed::Catalogue, version, base, entries.len())).unwrap();
        entries.iter().for_each(|entry| writer.catalogue(entry).unwrap());
        self.store(writer.finish().unwrap())
    }

    /// A stock file; `head` is the newest record of our journal that the baseline includes.
    pub fn stock(&self, version: u64, base: Option<(u64, &Written)>, head: Option<u64>, lines: &[(&str, i64)]) -> Written {
        let heads = head.map(|seq| (node(), Head { incarnation: Incarnation(1), seq })).into_iter().collect();
        let base = base.map(|(version, written)| FeedBase { version, hash: written.hash.clone() });
        let mut header = header(Feed::Stock, version, base, lines.len());
        header.store = Some(StoreId::new("berlin-1").unwrap());
        header.baselines = vec![Baseline { version, as_of: Stamp { ms: version as i64, ..Stamp::default() }, heads }];
        let mut lines: Vec<StockLine> =
            lines.iter().map(|(s, count)| StockLine { sku: sku(s), quantity: Qty::pieces(*count), baseline: 0 }).collect();
        lines.sort_by(|a, b| a.sku.cmp(&b.sku));
        let mut writer = FeedWriter::new(Vec::new(), header).unwrap();
        lines.iter().for_each(|line| writer.stock(line).unwrap());
        self.store(writer.finish().unwrap())
    }

    pub fn store(&self, (bytes, written): (Vec<u8>, Written)) -> Written {
        fs::write(self.path_of(&written), bytes).unwrap();
        written
    }

    pub fn path_of(&self, written: &Written) -> PathBuf {
        self.feeds().join(written.name.to_string())
    }

    /// A record with a finished sale; returns its sequence.
    pub fn sell(&self, counter: u64) -> (u64, Vec<Event>) {
        let mut journal = self.journal.lock().unwrap();
        let seq = journal.last().map_or(1, |(seq, _)| *seq + 1);
        let record = (seq, vec![Event::TransactionCompleted { record: Box::new(sale(counter)) }]);
        journal.push(record.clone());
        record
    }
}

fn header(feed: Feed, version: u64, base: Option<FeedBase>, count: usize) -> FeedHeader {
    FeedHeader {
        format: FEED_FORMAT,
        feed,
        version,
        base,
        count: count as u64,
        made_at: Stamp::default(),
        currency: Some("EUR".to_owned()),
        store: None,
        baselines: Vec::new(),
    }
}

/// Polls until feeds and index are complete or known to be broken.
pub fn settle(views: &Views) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let is_rebuilding = || Feed::ALL.iter().any(|feed| matches!(views.feed(*feed), FeedState::Rebuilding { .. }));
    while is_rebuilding() || views.missing_records().is_some() {
        assert!(Instant::now() < deadline, "the views are not rebuilt within a minute");
        std::thread::yield_now();
    }
}

pub fn node() -> NodeId {
    NodeId::new("berlin-1-a").unwrap()
}
pub fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}
pub fn code(text: &str) -> CodeKey {
    CodeKey::read(text).unwrap()
}

/// An article with one code per word of `codes`; "x6" behind a code makes it a pack of six.
pub fn article(sku_text: &str, name: &str, price: i64, codes: &str) -> Article {
    let mut sale_codes: Vec<SaleCode> = codes
        .split_whitespace()
        .map(|word| {
            let (text, quantity) = word.split_once('x').map_or((word, 1), |(text, count)| (text, count.parse().unwrap()));
            SaleCode { key: code(text), quantity: Qty::pieces(quantity) }
        })
        .collect();
    sale_codes.sort_by(|a, b| a.key.cmp(&b.key));
    Article {
        sku: sku(sku_text),
        name: name.to_owned(),
        unit: Default::default(),
        tax_class: TaxClassId::new("A").unwrap(),
        group: String::new(),
        brand: None,
        price: Some(Money::from_minor(price)),
        codes: sale_codes,
        location: None,
        age_min: None,
    }
}

pub fn put(article: Article) -> CatalogueEntry {
    CatalogueEntry::Put(Box::new(article))
}

pub fn sale(counter: u64) -> TransactionRecord {
    let workstation = WorkstationId::new("1").unwrap();
    TransactionRecord {
        txn: TxnId(uuid::Uuid::from_u128(u128::from(counter))),
        kind: TransactionKind::Sale,
        number: ReceiptNo { workstation: workstation.clone(), incarnation: Incarnation(0xabcdef), counter, training: false },
        workstation,
        staff: None,
        business_date: jiff::civil::date(2026, 11, 23),
        opened_at: Stamp::default(),
        at: Stamp { ms: counter as i64 * 1000, ..Stamp::default() },
        utc_offset_min: 60,
        currency: "EUR".to_owned(),
        tax_mode: counterfoil::retail::tax::TaxMode::Inclusive,
        lines: Vec::new(),
        taxes: Vec::new(),
        total: Money::from_minor(counter as i64),
        rounding: Money::ZERO,
        tenders: Vec::new(),
        change: Money::ZERO,
        training: false,
        coupons: Vec::new(),
        member: None,
        customer: None,
    }
}

/// Copies a folder with all in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
