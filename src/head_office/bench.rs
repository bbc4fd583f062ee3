//! Figures of the line: how long a backlog takes from a node's journal to acknowledged at head office, over real HTTP on loopback. A
//! [`StandIn`] plays the node's loop with a real journal and nothing else; the tests of the line use it as well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{mpsc, watch};

use super::config::HeadOfficeConfig;
use super::serve::{self, Running};
use crate::document::stored::Fallback;
use crate::gs1::CodeRules;
use crate::ids::{Incarnation, NodeId, ReceiptNo, Sku, StoreId, TaxClassId, TxnId, WorkstationId};
use crate::journal::{Draft, Folder, Identity, Journal, Limits, NodeKey, OpenOptions, Reader};
use crate::money::{Currency, Money, Qty, RoundingMode, Unit};
use crate::node::archive::Archive;
use crate::node::books::Bookshelf;
use crate::node::elsewhere::Elsewhere;
use crate::node::handle::{AskError, DurableHead, Input, LOOP_INBOX_MAX, Node, Shared};
use crate::node::orders::CollectKeys;
use crate::node::screen::{FeedStatus, LinkStatus, Screen};
use crate::node::seal::Seal;
use crate::retail::day::Day;
use crate::retail::event::EventKind;
use crate::retail::tax::{TaxAmount, TaxGroup, TaxMode, TaxRounding, TaxTable};
use crate::retail::{
    Answer, Command, Event, QuantityFrom, Rules, SoldLine, Tender, TenderKind, TransactionKind, TransactionRecord, UplinkAck,
};
use crate::sync::http::{self, Line, SyncConfig};
use crate::time::{Clock, ClockQuality, Stamp, SystemClock};
use crate::views::{self, Views};

/// Basket lines of a sample transaction.
const LINES_PER_TRANSACTION: u32 = 6;

/// What a drain took.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DrainFigures {
    pub transactions: u64,
    pub records: u64,
    /// Of record lines, as on the node's disk.
    pub journal_bytes: u64,
    /// Of request bodies.
    pub wire_bytes: u64,
    pub batches: u64,
    pub elapsed_ms: u64,
    pub wire_bytes_per_transaction: u64,
    pub transactions_per_second: u64,
}

/// Writes a backlog of sample sales, then measures from the start of the line until all is acknowledged and counted. The folder should be empty.
pub async fn drain(transactions: u64, folder: &Path) -> Result<DrainFigures, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let currency = Currency::from_code("EUR").ok_or("EUR is in the table")?;
    let config = HeadOfficeConfig::on_loopback(&folder.join("head-office"), 0, currency);
    let office = serve::start(config, Arc::new(SystemClock::new())).await.map_err(|error| words(&error))?;
    let stand_in = StandIn::open(&folder.join("node"), "bench", "node-1")?;
    let before = stand_in.head_seq();
    let journal_bytes = stand_in.sell(transactions)?;
    let head_seq = stand_in.head_seq();
    let started = Instant::now();
    let line = stand_in.start_line(&format!("http://{}", office.address), None)?;
    wait_until(Duration::from_secs(600), || stand_in.acknowledged_seq() >= head_seq).await?;
    let elapsed = started.elapsed();
    let counted =
        office.office.read(|connection| connection.query_row("SELECT count(*) FROM transactions", [], |row| row.get::<_, u64>(0)));
    let counted = counted.await.map_err(|error| words(&error))?;
    if counted != transactions {
        return Err(format!("head office counts {counted} of {transactions} transactions"));
    }
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let (batches, wire_bytes) = line.traffic();
    stop(office).await;
    Ok(DrainFigures {
        transactions,
        records: head_seq - before,
        journal_bytes,
        wire_bytes,
        batches,
        elapsed_ms,
        wire_bytes_per_transaction: wire_bytes / transactions.max(1),
        transactions_per_second: transactions * 1000 / elapsed_ms,
    })
}

async fn stop(office: Running) {
    office.stop().await;
}

/// Looks again until it is so.
pub async fn wait_until(patience: Duration, mut done: impl FnMut() -> bool) -> Result<(), String> {
    let started = Instant::now();
    while !done() {
        if started.elapsed() > patience {
            return Err(format!("it did not happen within {} s", patience.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// A node without a core: a real journal, a handle, and a loop that keeps acknowledgements and adopts feeds.
#[derive(Clone)]
pub struct StandIn {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    store: StoreId,
    node_id: NodeId,
    node: Node,
    journal: Mutex<Journal<Folder>>,
    durable: watch::Sender<DurableHead>,
    screen: watch::Sender<Arc<Screen>>,
    kept: Mutex<Option<UplinkAck>>,
}

impl StandIn {
    /// Opens (or makes) the node's data. Must be called inside a runtime.
    pub fn open(folder: &Path, store: &str, node: &str) -> Result<StandIn, String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let store = StoreId::new(store).map_err(|error| words(&error))?;
        let node_id = NodeId::new(node).map_err(|error| words(&error))?;
        let journal_folder = folder.join("journal");
        for path in [&journal_folder, &folder.join("feeds")] {
            std::fs::create_dir_all(path).map_err(|error| words(&error))?;
        }
        let mut incarnation = [0; 8];
        getrandom::fill(&mut incarnation).map_err(|error| words(&error))?;
        let options = OpenOptions {
            identity: Identity { store: store.clone(), node: node_id.clone() },
            key: NodeKey::load_or_create(&folder.join("node.key")).map_err(|error| words(&error))?,
            incarnation: Incarnation(u64::from_le_bytes(incarnation)),
            now: SystemClock::new().now(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            limits: Limits::default(),
        };
        let disk = Folder::create(&journal_folder).map_err(|error| words(&error))?;
        let opened = Journal::open(disk, options).map_err(|error| words(&error))?;
        let reader = Arc::new(Reader::open(&journal_folder).map_err(|error| words(&error))?);
        let (views, _) = Views::open(views::Options {
            folder: folder.join("views"),
            feeds_folder: folder.join("feeds"),
            node: node_id.clone(),
            adopted: BTreeMap::new(),
            head_seq: 0,
            records: Arc::new(|_, _, _| Ok(())),
        });
        let (inbox, inputs) = mpsc::channel(LOOP_INBOX_MAX);
        let (durable, durables) = watch::channel(DurableHead::at(opened.journal.head()));
        let (screen, screens) = watch::channel(Arc::new(blank(&store)?));
        let shared = Shared {
            journal_folder,
            books: Bookshelf::open(&folder.join("feeds"), Seal::of(&NodeKey::from_seed([0; 32])), &store, &BTreeMap::new()),
            feeds_folder: folder.join("feeds"),
            archive: Archive::new(views.clone(), reader),
            views,
            codes: CodeRules::for_country("DE", currency()?),
            time_zone: jiff::tz::TimeZone::UTC,
            papers: Fallback::plain(currency()?, jiff::tz::TimeZone::UTC),
            vault: None,
            pin_checks: tokio::sync::Semaphore::new(1),
            collect: CollectKeys::new(&NodeKey::from_seed([0; 32]), None, folder.join("head-office.pub")),
            elsewhere: Arc::new(Elsewhere::new(mpsc::channel(1).0)),
        };
        let node = Node::for_tests(inbox, screens, durables, Arc::new(shared));
        let journal = Mutex::new(opened.journal);
        let inner = Inner { folder: folder.to_owned(), store, node_id, node, journal, durable, screen, kept: Mutex::new(None) };
        let stand_in = StandIn { inner: Arc::new(inner) };
        tokio::spawn(stand_in.clone().play(inputs));
        Ok(stand_in)
    }

    pub fn node(&self) -> &Node {
        &self.inner.node
    }

    pub fn head_seq(&self) -> u64 {
        self.inner.durable.borrow().seq
    }

    /// As the line told the loop.
    pub fn acknowledged_seq(&self) -> u64 {
        self.inner.screen.borrow().link.acknowledged_seq
    }

    pub fn kept(&self) -> Option<UplinkAck> {
        self.inner.kept.lock().expect("nobody panics with it").clone()
    }

    /// Starts uplink, side door and downlinks. `link`: certificates and pinned key, when there are any.
    pub fn start_line(&self, url: &str, link: Option<crate::node::config::HeadOfficeLink>) -> Result<Line, String> {
        let plain = crate::node::config::HeadOfficeLink { url: url.to_owned(), ca: None, cert: None, key: None, public_key: None };
        let config = SyncConfig::new(&link.unwrap_or(plain), &self.inner.store, &self.inner.node_id, &self.inner.folder, self.kept());
        let line = Line::open(&config).map_err(|error| error.to_string())?;
        http::spawn_on(self.inner.node.clone(), line.clone());
        Ok(line)
    }

    /// Records events, durable when this returns. Returns the record's sequence.
    pub fn record(&self, events: &[Event]) -> Result<u64, String> {
        let seq = self.append(&mut self.journal(), events)?.0;
        self.flush(events.iter().any(|event| event.kind() == EventKind::Urgent).then_some(seq))?;
        Ok(seq)
    }

    /// Records sample sales, each as a till does: a record per basket line, one for the payment, one for the printed receipt. Returns the bytes.
    pub fn sell(&self, transactions: u64) -> Result<u64, String> {
        let mut bytes = 0;
        {
            let mut journal = self.journal();
            for _ in 0..transactions {
                let at = SystemClock::new().now();
                for events in sample_sale(journal.next_seq(), at)? {
                    bytes += self.append(&mut journal, &events)?.1;
                }
            }
        }
        self.flush(None)?;
        Ok(bytes)
    }

    fn append(&self, journal: &mut Journal<Folder>, events: &[Event]) -> Result<(u64, u64), String> {
        let events: Result<Vec<Box<RawValue>>, _> = events.iter().map(to_raw_value).collect();
        let events = events.map_err(|error| error.to_string())?;
        let length = events.iter().map(|event| event.get().len() as u64).sum::<u64>() + 300;
        let at = Stamp { ms: SystemClock::new().now().ms, quality: ClockQuality::Unverified };
        let draft = Draft { at, date: None, key: None, events, signed: false, carry: false };
        let position = journal.append(&draft).map_err(|error| error.to_string())?;
        Ok((position.seq, length))
    }

    fn flush(&self, urgent_seq: Option<u64>) -> Result<(), String> {
        let mut journal = self.journal();
        journal.flush().map_err(|error| error.to_string())?;
        let head = DurableHead::at(journal.head());
        self.inner.durable.send_modify(|durable| {
            let urgent_seq = urgent_seq.unwrap_or(durable.urgent_seq);
            *durable = DurableHead { urgent_seq, ..head };
        });
        Ok(())
    }

    fn journal(&self) -> MutexGuard<'_, Journal<Folder>> {
        self.inner.journal.lock().expect("nobody panics with the journal")
    }

    async fn play(self, mut inputs: mpsc::Receiver<Input>) {
        while let Some(input) = inputs.recv().await {
            match input {
                Input::Ask(request, reply) => {
                    let answer = match request.command {
                        Command::AcknowledgeUplink { ack } => {
                            *self.inner.kept.lock().expect("nobody panics with it") = Some(ack.clone());
                            self.record(&[Event::UplinkAcknowledged { ack }])
                        }
                        other => Err(format!("the stand-in does not do {other:?}")),
                    };
                    let answer = answer.map(|seq| Answer { seq, ..Answer::default() }).map_err(|_| AskError::Stopping);
                    let _ = reply.send(answer);
                }
                Input::Link(link) => self.show(|screen| screen.link = link),
                Input::FeedReady { feed, version, .. } => self.show(|screen| {
                    screen.feeds.retain(|status| status.feed != feed);
                    screen.feeds.push(FeedStatus { feed, version, adopted_at: Stamp::default(), confirmed_ms: None });
                }),
                Input::FeedConfirmed { feed, at_ms } => self.show(|screen| {
                    for status in screen.feeds.iter_mut().filter(|status| status.feed == feed) {
                        status.confirmed_ms = Some(at_ms);
                    }
                }),
                _ => {}
            }
        }
    }

    fn show(&self, change: impl FnOnce(&mut Screen)) {
        self.inner.screen.send_modify(|screen| change(Arc::make_mut(screen)));
    }
}

/// A screen with nothing on it.
fn blank(store: &StoreId) -> Result<Screen, String> {
    Ok(Screen {
        revision: 0,
        store: store.clone(),
        store_name: store.to_string(),
        rules: Arc::new(rules(store)?),
        day: Day::NeverOpened,
        workstations: BTreeMap::new(),
        suspended: Vec::new(),
        prints: Vec::new(),
        terminals: Default::default(),
        devices: Vec::new(),
        link: LinkStatus::default(),
        feeds: Vec::new(),
        alarms: Vec::new(),
        configuration: Default::default(),
        staff: Arc::default(),
        orders: Default::default(),
        stock: Default::default(),
        order_arrivals: 0,
        orders_heard: None,
        locked_out: Default::default(),
    })
}

fn currency() -> Result<Currency, String> {
    Currency::from_code("EUR").ok_or_else(|| "EUR is in the table".to_owned())
}

fn rules(store: &StoreId) -> Result<Rules, String> {
    Ok(Rules {
        store: store.clone(),
        currency: currency()?,
        tax: TaxTable {
            mode: TaxMode::Inclusive,
            rounding_place: TaxRounding::Group,
            rounding_mode: RoundingMode::HalfUp,
            classes: Vec::new(),
        },
        line_rounding: RoundingMode::HalfUp,
        cash_step: Money::ZERO,
        notes: Vec::new(),
        workstations: Vec::new(),
        limits: crate::retail::rules::Limits::default(),
        staff_required: false,
        idle_lock_min: 0,
        returns: Default::default(),
        discount_reasons: Vec::new(),
        cash_control: false,
        cash: Default::default(),
        paper: None,
        till: Default::default(),
        stock: Default::default(),
        promises: Default::default(),
    })
}

/// A believable sale: six lines out of some hundreds of articles, one tax class, paid in cash.
/// The records of a sample sale, each by its events.
pub(crate) fn sample_sale(number: u64, at: Stamp) -> Result<Vec<Vec<Event>>, String> {
    let record = sample(number, at)?;
    let (txn, tender) = (record.txn, record.tenders[0].clone());
    let line = |line: &SoldLine| {
        let (workstation, line) = (record.workstation.clone(), Box::new(line.clone()));
        vec![Event::LineAdded { txn, workstation, staff: None, at, line }]
    };
    let mut records: Vec<Vec<Event>> = record.lines.iter().map(line).collect();
    records.push(vec![
        Event::TenderAdded { txn, tender },
        Event::TransactionCompleted { record: Box::new(record) },
        Event::ReceiptSealed { txn, seal: "none".to_owned() },
    ]);
    Ok(records)
}

fn sample(number: u64, at: Stamp) -> Result<TransactionRecord, String> {
    let words = |error: crate::ids::BadId| error.to_string();
    let workstation = WorkstationId::new("1").map_err(words)?;
    let class = TaxClassId::new("standard").map_err(words)?;
    let mut lines = Vec::new();
    for index in 1..=LINES_PER_TRANSACTION {
        let article = (number * 7 + u64::from(index) * 31) % 400;
        let price = Money::from_minor(i64::try_from(49 + article * 3).unwrap_or(49));
        lines.push(SoldLine {
            line: index,
            sku: Sku::new(&format!("{:06}", 100_000 + article)).map_err(words)?,
            name: format!("Sample article number {article}, 500 g"),
            code: format!("{:013}", 4_000_000_000_000 + article),
            gtin: Some(format!("{:014}", 4_000_000_000_000 + article)),
            quantity: Qty::ONE,
            quantity_from: QuantityFrom::default(),
            unit: Unit::Piece,
            unit_price: price,
            gross: price,
            discounts: Vec::new(),
            extended: price,
            tax_class: class.clone(),
            group: "Dry goods/Sample".to_owned(),
            embedded_price: None,
            batch: None,
            serial: None,
            price_version: 1,
            returned: None,
            price_list: None,
            price_set: None,
            last_day: None,
            weighed: None,
            order: None,
        });
    }
    let total: Money = lines.iter().map(|line| line.extended).sum();
    let net = total.scale(100, 119, RoundingMode::HalfUp);
    let taxes = vec![TaxGroup {
        class,
        label: "19 %".to_owned(),
        mark: "A".to_owned(),
        exempt_reason: None,
        net,
        tax: total - net,
        gross: total,
        components: vec![TaxAmount { name: "VAT".to_owned(), jurisdiction: "DE".to_owned(), rate: 190_000, base: net, tax: total - net }],
    }];
    Ok(TransactionRecord {
        txn: TxnId(uuid::Uuid::now_v7()),
        kind: TransactionKind::Sale,
        number: ReceiptNo { workstation: workstation.clone(), incarnation: Incarnation(1), counter: number, training: false },
        workstation,
        staff: None,
        business_date: jiff::Timestamp::from_millisecond(at.ms)
            .map_err(|error| error.to_string())?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date(),
        opened_at: at,
        at,
        utc_offset_min: 0,
        currency: "EUR".to_owned(),
        tax_mode: TaxMode::Inclusive,
        lines,
        taxes,
        total,
        rounding: Money::ZERO,
        tenders: vec![Tender { kind: TenderKind::Cash, amount: total, attempt: None, card: None, refund_of: None }],
        change: Money::ZERO,
        training: false,
        coupons: Vec::new(),
        member: None,
        customer: None,
    })
}
