//! A shop on disk that exists for one measurement: its configuration, its folders, and a till that drives the product's own writer
//! with no pages and no devices in between. Everything it writes a node could have written, and a node can start on it.

use std::fs::File;
use std::io::BufWriter;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{CannotMeasure, articles, child};
use crate::ids::{Incarnation, TxnId, WorkstationId};
use crate::journal::{Content, Folder, Identity, Journal, Limits, NodeKey, OpenOptions};
use crate::money::Money;
use crate::node::config::{self, NodeConfig};
use crate::node::writer::{Recorded, Taken, Writer, shell_command_id};
use crate::node::{CommandRequest, replay};
use crate::retail::{ArticleFact, Command, Facts, Feed, ScanFact, StockFact, TransactionRecord, basket};
use crate::sync::feed::{CatalogueEntry, FEED_FORMAT, FeedHeader, FeedWriter};
use crate::time::{Clock, HandClock, SystemClock};
use crate::web::pairing::{Pairing, Scope};

/// What a shop shall have.
#[derive(Debug, Clone, Default)]
pub struct Wants {
    /// Named "1", "2", ...; 0 stands for one.
    pub workstations: u32,
    /// Workstation 1 prints here: `host:port`.
    pub printer: Option<String>,
    /// Address of head office.
    pub head_office: Option<String>,
}

/// The folder, the file and what it says.
pub struct Shop {
    pub config_path: PathBuf,
    pub config: NodeConfig,
}

impl Shop {
    /// Makes the folder and writes the configuration. A shop that is there already gets a new configuration and keeps the rest.
    pub fn found(folder: &Path, wants: &Wants) -> Result<Shop, CannotMeasure> {
        let data_dir = folder.join("data");
        for path in [folder, &data_dir, &data_dir.join("journal"), &data_dir.join("carry"), &data_dir.join("feeds")] {
            std::fs::create_dir_all(path).map_err(CannotMeasure::doing("making the shop's folders"))?;
        }
        let text = config_text(&data_dir, child::free_port()?, wants);
        let config_path = folder.join("node.toml");
        std::fs::write(&config_path, &text).map_err(CannotMeasure::doing("writing the shop's configuration"))?;
        let config = config::parse(&text, &config_path).map_err(CannotMeasure::doing("checking the shop's configuration"))?;
        Ok(Shop { config_path, config })
    }

    /// Puts `articles` articles into the feeds folder as version 1 and has the journal say that they are in force. A node that is started builds
    /// its look-up from them.
    pub fn stock_up(&self, till: &mut Till, articles: u64) -> Result<(), CannotMeasure> {
        let failed = "writing the catalogue";
        let header = FeedHeader {
            format: FEED_FORMAT,
            feed: Feed::Catalogue,
            version: 1,
            base: None,
            count: articles,
            made_at: till.writer.now(),
            currency: Some(self.config.rules.currency.code.clone()),
            store: None,
            baselines: Vec::new(),
        };
        let folder = self.data_dir().join("feeds");
        let temporary = folder.join("making");
        let file = File::create(&temporary).map_err(CannotMeasure::doing(failed))?;
        let mut feed = FeedWriter::new(BufWriter::new(file), header).map_err(CannotMeasure::doing(failed))?;
        for index in 0..articles {
            feed.catalogue(&CatalogueEntry::Put(Box::new(articles::article(index)))).map_err(CannotMeasure::doing(failed))?;
        }
        let (file, written) = feed.finish().map_err(CannotMeasure::doing(failed))?;
        file.into_inner().map_err(CannotMeasure::doing(failed))?.sync_all().map_err(CannotMeasure::doing(failed))?;
        std::fs::rename(&temporary, folder.join(written.name.to_string())).map_err(CannotMeasure::doing(failed))?;
        let command = Command::AdoptFeed { feed: Feed::Catalogue, version: 1, hash: written.hash };
        till.take(None, command, &Facts::default())?;
        till.flush().map(drop)
    }

    /// A token that the node's pages will know. Before the node starts.
    pub fn token(&self) -> Result<String, CannotMeasure> {
        let failed = "making a token";
        let pairing = Pairing::open(self.data_dir(), Arc::new(SystemClock::new())).map_err(CannotMeasure::doing(failed))?;
        pairing.create_token("bench", Scope::Any).map(|(_, secret)| secret).map_err(CannotMeasure::doing(failed))
    }

    pub fn address(&self) -> SocketAddr {
        self.config.listen
    }

    pub fn data_dir(&self) -> &Path {
        &self.config.data_dir
    }

    /// The journal open for writing, replayed. No node may be running.
    pub fn till(&self, clock: Arc<dyn Clock>) -> Result<Till, CannotMeasure> {
        let data = self.data_dir();
        let failed = "opening the shop's journal";
        let folder = Folder::create(&data.join("journal")).map_err(CannotMeasure::doing(failed))?;
        let content = Content::open(&data.join("carry")).map_err(CannotMeasure::doing(failed))?;
        let options = OpenOptions {
            identity: Identity { store: self.config.store.clone(), node: self.config.node.clone() },
            key: NodeKey::load_or_create(&data.join("node.key")).map_err(CannotMeasure::doing(failed))?,
            now: clock.now(),
            incarnation: Incarnation(u64::try_from(clock.now().ms).unwrap_or(1)),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            limits: Limits::default(),
        };
        let opened = Journal::open(folder, options).map_err(CannotMeasure::doing(failed))?;
        let replayed = replay::state(opened.replay, &opened.journal, &content).map_err(CannotMeasure::doing(failed))?;
        let rules = Arc::new(self.config.rules.clone());
        let writer = Writer::new(opened.journal, content, replayed.state, rules, clock, self.config.time_zone.clone());
        Ok(Till { writer, stock: None })
    }
}

/// The product's writer and whoever types at it.
pub struct Till {
    pub writer: Writer<Folder>,
    /// The baseline every article is taken to have: as of this record, so many thousand pieces.
    pub stock: Option<u64>,
}

impl Till {
    /// One command. Anything but success is a defect of the bench.
    pub fn take(&mut self, workstation: Option<&WorkstationId>, command: Command, facts: &Facts) -> Result<Taken, CannotMeasure> {
        let shown = format!("{command:?}");
        let request = CommandRequest { id: shell_command_id(), workstation: workstation.cloned(), staff: None, approval: None, command };
        match self.writer.take(request, facts).map_err(CannotMeasure::doing("writing a record"))? {
            Taken::Refused(refusal) => Err(CannotMeasure::new(&shown, refusal.code())),
            Taken::DiskFull(words) => Err(CannotMeasure::new(&shown, &words)),
            taken @ (Taken::Recorded(_) | Taken::Answered(_)) => Ok(taken),
        }
    }

    pub fn add(&mut self, workstation: &WorkstationId, article: ArticleFact) -> Result<(), CannotMeasure> {
        let command = Command::AddLine { code: article.code.clone(), quantity: articles::typed_quantity(article.unit) };
        let facts = Facts { scan: Some(ScanFact::Article(Box::new(article))), ..Facts::default() };
        self.take(Some(workstation), command, &facts).map(drop)
    }

    /// What the basket wants in cash, and the facts that completing it needs.
    pub fn bill(&self, workstation: &WorkstationId) -> Result<(Money, Facts), CannotMeasure> {
        let nothing = || CannotMeasure::new("paying", "the basket is empty");
        let state = self.writer.state();
        let basket = state.open_basket(workstation).ok_or_else(nothing)?;
        let date = match state.day {
            crate::retail::day::Day::Open { date, .. } => date,
            crate::retail::day::Day::NeverOpened | crate::retail::day::Day::Closed { .. } => return Err(nothing()),
        };
        let totals = basket::totals(basket, self.writer.rules(), date).map_err(|refusal| CannotMeasure::new("paying", refusal.code()))?;
        let stock = self.stock.map(|head_seq| {
            let fact = |sku: &crate::ids::Sku| StockFact {
                sku: sku.clone(),
                baseline: crate::money::Qty::pieces(9_000),
                head_seq,
                as_of: self.writer.now(),
            };
            basket.lines.iter().map(|line| fact(&line.sold.sku)).collect()
        });
        Ok((totals.due_cash, Facts { stock: stock.unwrap_or_default(), ..Facts::default() }))
    }

    /// Cash on the nail: completes the sale. Not flushed.
    pub fn pay(&mut self, workstation: &WorkstationId, amount: Money, facts: &Facts) -> Result<Box<Recorded>, CannotMeasure> {
        match self.take(Some(workstation), Command::TenderCash { amount }, facts)? {
            Taken::Recorded(recorded) => Ok(recorded),
            other => Err(CannotMeasure::new("paying", &format!("{other:?}"))),
        }
    }

    /// A whole sale of `lines` lines out of `articles` articles; which ones depends on `number` alone. Not flushed.
    pub fn sell(&mut self, workstation: &WorkstationId, number: u64, lines: u64, articles: u64) -> Result<Box<Recorded>, CannotMeasure> {
        for line in 0..lines {
            self.add(workstation, articles::as_fact(&articles::article(articles::nth_sold(number * lines + line, articles)), 1))?;
        }
        let (amount, facts) = self.bill(workstation)?;
        self.pay(workstation, amount, &facts)
    }

    pub fn flush(&mut self) -> Result<u64, CannotMeasure> {
        self.writer.flush().map_err(CannotMeasure::doing("flushing the journal"))
    }

    pub fn open_day(&mut self, date: jiff::civil::Date) -> Result<(), CannotMeasure> {
        self.take(None, Command::OpenDay { date }, &Facts::default())?;
        self.flush().map(drop)
    }

    pub fn close_day(&mut self) -> Result<(), CannotMeasure> {
        self.take(None, Command::CloseDay {}, &Facts::default())?;
        self.flush().map(drop)
    }

    /// The clean stop of a node.
    pub fn close(self) -> Result<(), CannotMeasure> {
        self.writer.close().map_err(CannotMeasure::doing("closing the journal"))
    }
}

/// Business days gone by, sold by the product's own core and written by its own writer.
#[derive(Debug, Clone, Copy)]
pub struct History {
    pub days: u64,
    pub sales_per_day: u64,
    pub lines_per_sale: u64,
    pub articles: u64,
    /// Otherwise it is left open, as in the middle of a day.
    pub closes_last_day: bool,
}

pub const DAY_MS: i64 = 86_400_000;
/// Sales in one flush: a history is not worth a flush each.
const SALES_PER_FLUSH: u64 = 500;

impl History {
    /// The last day is today. `clock` must stand before the first one. Gives the first transaction, one in the middle and the last.
    pub fn play(&self, shop: &Shop, till: &mut Till, clock: &HandClock) -> Result<Vec<TxnId>, CannotMeasure> {
        let now = wall_ms();
        let mut number = 0;
        let mut kept = Vec::new();
        let total = self.days * self.sales_per_day;
        let workstations = shop.config.rules.workstations.len() as u64;
        for day in 0..self.days {
            let before_today = i64::try_from(self.days - 1 - day).unwrap_or(0);
            // Each day's business ends at the hour of the bench, and lasts eight hours.
            let ends = now - before_today * DAY_MS;
            let begins = ends - DAY_MS / 3;
            clock.set(begins);
            let at = jiff::Timestamp::from_millisecond(ends).map_err(CannotMeasure::doing("dating a day"))?;
            till.open_day(at.to_zoned(shop.config.time_zone.clone()).date())?;
            for sale in 0..self.sales_per_day {
                clock.set(begins + (ends - begins) * i64::try_from(sale).unwrap_or(0) / i64::try_from(self.sales_per_day).unwrap_or(1));
                let workstation = workstation(u32::try_from(number % workstations).unwrap_or(0) + 1);
                let recorded = till.sell(&workstation, number, self.lines_per_sale, self.articles)?;
                if [0, total / 2, total - 1].contains(&number) {
                    kept.extend(recorded.answer.txn);
                }
                number += 1;
                if number.is_multiple_of(SALES_PER_FLUSH) {
                    till.flush()?;
                }
            }
            till.flush()?;
            if self.closes_last_day || day + 1 < self.days {
                till.close_day()?;
            }
        }
        Ok(kept)
    }
}

/// The transaction that a record completed.
pub fn completed(recorded: &Recorded) -> Option<&TransactionRecord> {
    recorded.events.iter().find_map(|event| match event {
        crate::retail::Event::TransactionCompleted { record } => Some(&**record),
        _ => None,
    })
}

pub fn workstation(number: u32) -> WorkstationId {
    WorkstationId::new(&number.to_string()).expect("a number is a workstation's id")
}

/// Now, in milliseconds since 1970.
pub fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn config_text(data_dir: &Path, port: u16, wants: &Wants) -> String {
    let mut text = format!(
        r#"
[store]
id = "bench-1"
name = "Markt am Platz"
address = ["Marktplatz 4", "10115 Berlin"]
tax_id = "DE 123456789"
footer = ["Thank you. Goods in good order may be", "brought back within 14 days."]
currency = "EUR"
country = "DE"
time_zone = "Europe/Berlin"
locale = "de"

[node]
id = "box-1"
data_dir = {data_dir:?}
listen = "127.0.0.1:{port}"
opens_day_itself = true

[people]
required = false

[tax]
mode = "inclusive"
[[tax.class]]
id = "A"
label = "19 %"
mark = "A"
component = [{{ name = "VAT", jurisdiction = "DE", percent = "19" }}]
[[tax.class]]
id = "B"
label = "7 %"
mark = "B"
component = [{{ name = "VAT", jurisdiction = "DE", percent = "7" }}]

[cash]
notes = ["5", "10", "20", "50", "100", "200"]
"#
    );
    if let Some(url) = &wants.head_office {
        text.push_str(&format!("\n[head_office]\nurl = {url:?}\n"));
    }
    for number in 1..=wants.workstations.max(1) {
        text.push_str(&format!("\n[[workstation]]\nid = \"{number}\"\n"));
        if number == 1 && wants.printer.is_some() {
            text.push_str("receipt_printer = \"printer-1\"\ndrawer = true\n");
        }
    }
    if let Some(address) = &wants.printer {
        text.push_str(&format!("\n[[device]]\nname = \"printer-1\"\nkind = \"printer\"\nprofile = \"epson-80mm\"\ntcp = {address:?}\n"));
    }
    text
}
