//! One store: the product's own writer, core and journal on a model disk that loses power and fails its flushes, and the people who trade
//! in it. What was acknowledged is remembered here, outside the product, and asked for after every start.

use std::path::Path;
use std::sync::Arc;

use super::Broken;
use super::dice::Dice;
use crate::bench::articles;
use crate::ids::{CommandId, Incarnation, NodeId, StoreId, WorkstationId};
use crate::journal::model_disk::{Cut, Mishap, ModelDisk};
use crate::journal::{Content, Identity, Journal, Limits, NodeKey, OpenOptions, RawRecord, Reader};
use crate::money::Money;
use crate::node::config::{self, NodeConfig};
use crate::node::writer::{Taken, Writer};
use crate::node::{CommandRequest, replay};
use crate::retail::day::Day;
use crate::retail::{Answer, Command, Facts, ScanFact, State, UplinkAck, invariant};
use crate::sync::wire::Position;
use crate::time::{BusinessDate, Clock, HandClock};

const WORKSTATIONS: [&str; 2] = ["1", "2"];
const ARTICLES: u64 = 50;

pub struct Store {
    pub id: StoreId,
    pub node: NodeId,
    config: NodeConfig,
    clock: Arc<HandClock>,
    disk: ModelDisk,
    starts: u64,
    writer: Writer<ModelDisk>,
    /// Every record that was durable, in order, as it was first read.
    pub records: Vec<RawRecord>,
    /// Answered after a flush.
    acknowledged: Vec<Done>,
    /// Written and not yet flushed: after a power cut there or not.
    written: Vec<Done>,
    commands: u64,
    days: i32,
    pub power_cuts: u64,
    pub failures: u64,
}

/// A command that was carried out.
#[derive(Debug, Clone)]
struct Done {
    request: CommandRequest,
    facts: Facts,
    answer: Answer,
    /// What it took, when it was the end of a sale: worked out from the prices of the articles, not asked of the product.
    sold: Option<i64>,
}

/// What a command came to.
enum Came {
    Done(Answer),
    Refused,
    /// The disk is gone.
    Lost,
}

impl Store {
    pub fn open(number: usize, clock: Arc<HandClock>, seed: u64) -> Result<Store, Broken> {
        let failed = "setting a store up";
        let id = StoreId::new(&format!("store-{number}")).map_err(Broken::doing(failed))?;
        let node = NodeId::new(&format!("store-{number}-a")).map_err(Broken::doing(failed))?;
        let text = config_text(&id, &node);
        let config = config::parse(&text, Path::new("store.toml")).map_err(Broken::doing(failed))?;
        let disk = ModelDisk::new();
        let starts = seed << 16 | (number as u64) << 8;
        let writer = start(&config, &disk, &clock, starts)?;
        let mut store = Store {
            id,
            node,
            config,
            clock,
            disk,
            starts,
            writer,
            records: Vec::new(),
            acknowledged: Vec::new(),
            written: Vec::new(),
            commands: 0,
            days: 0,
            power_cuts: 0,
            failures: 0,
        };
        store.read_on()?;
        Ok(store)
    }

    /// A customer, a manager or a cleaner does something; sometimes the power goes meanwhile, or the disk fails.
    pub fn live(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let act = self.disk.acts() + 1 + dice.below(12);
        match dice.below(100) {
            0 | 1 => self.disk.plan(Mishap::PowerCut { act }),
            2 => self.disk.plan(Mishap::Failure { act }),
            _ => {}
        }
        if self.trade(dice)?.is_none() {
            self.start_again(dice)?;
        }
        self.read_on()
    }

    /// `None`: the disk is gone.
    fn trade(&mut self, dice: &mut Dice) -> Result<Option<()>, Broken> {
        match self.writer.state().day {
            Day::NeverOpened | Day::Closed { .. } => {
                self.days += 1;
                let date = BusinessDate::constant(2026, 11, 1).saturating_add(jiff::Span::new().days(self.days));
                if matches!(self.ask(None, Command::OpenDay { date }, &Facts::default(), None)?, Came::Lost) {
                    return Ok(None);
                }
            }
            Day::Open { .. } => {}
        }
        let at = WORKSTATIONS[dice.index(WORKSTATIONS.len())];
        let lost = match dice.below(100) {
            0..=1 => matches!(self.ask(None, Command::CloseDay {}, &Facts::default(), None)?, Came::Lost),
            2..=7 => matches!(self.ask(Some(at), Command::Suspend {}, &Facts::default(), None)?, Came::Lost),
            8..=13 => {
                let parked = self.writer.state().suspended().map(|basket| basket.txn).next();
                match parked {
                    Some(txn) => matches!(self.ask(Some(at), Command::Recall { txn }, &Facts::default(), None)?, Came::Lost),
                    None => false,
                }
            }
            14..=19 => matches!(self.ask(Some(at), Command::Undo {}, &Facts::default(), None)?, Came::Lost),
            20..=23 => matches!(self.ask(Some(at), Command::VoidTransaction {}, &Facts::default(), None)?, Came::Lost),
            24..=27 => return self.repeat(dice),
            _ => return self.sell(at, dice),
        };
        if lost { Ok(None) } else { self.flush() }
    }

    /// Some lines, and most of the time the money for them.
    fn sell(&mut self, at: &str, dice: &mut Dice) -> Result<Option<()>, Broken> {
        for _ in 0..=dice.below(4) {
            let article = articles::as_fact(&articles::article(dice.below(ARTICLES)), 1);
            let command = Command::AddLine { code: article.code.clone(), quantity: None };
            let facts = Facts { scan: Some(ScanFact::Article(Box::new(article))), ..Facts::default() };
            if matches!(self.ask(Some(at), command, &facts, None)?, Came::Lost) {
                return Ok(None);
            }
        }
        if dice.percent(20) {
            return self.flush();
        }
        let workstation = workstation(at)?;
        let lines: Vec<i64> = match self.writer.state().open_basket(&workstation) {
            Some(basket) => basket.live().map(|line| price_of(line.sku.as_str())).collect(),
            None => return self.flush(),
        };
        let total: i64 = lines.iter().sum();
        let handed = if dice.percent(50) { total } else { (total + 4_999) / 5_000 * 5_000 };
        let mut came = Came::Refused;
        if dice.percent(70) {
            came = self.ask(Some(at), Command::TenderCash { amount: Money::from_minor(handed) }, &Facts::default(), Some(total))?;
        } else if let Came::Done(answer) = self.ask(Some(at), Command::StartCard { amount: None }, &Facts::default(), None)?
            && let Some(attempt) = answer.attempt
        {
            let paid = dice.percent(80);
            came = self.ask(Some(at), Command::EndCard { attempt, paid }, &Facts::default(), paid.then_some(total))?;
        }
        if matches!(came, Came::Lost) || self.disk.is_off() { Ok(None) } else { self.flush() }
    }

    /// The client did not hear the answer and asks again: the same answer, and nothing happens.
    fn repeat(&mut self, dice: &mut Dice) -> Result<Option<()>, Broken> {
        if self.acknowledged.is_empty() {
            return Ok(Some(()));
        }
        let back = dice.index(self.acknowledged.len().min(40));
        let done = self.acknowledged[self.acknowledged.len() - 1 - back].clone();
        let before = self.writer.journal().head();
        match self.writer.take(done.request.clone(), &done.facts) {
            Ok(Taken::Answered(answer)) if answer == done.answer && self.writer.journal().head() == before => Ok(Some(())),
            Ok(other) => Err(self.broken(&format!("{:?} was answered with {:?} and is now {other:?}", done.request, done.answer))),
            Err(_) => Ok(None),
        }
    }

    fn ask(&mut self, at: Option<&str>, command: Command, facts: &Facts, sold: Option<i64>) -> Result<Came, Broken> {
        self.commands += 1;
        let id = CommandId::new(&format!("{}-{}", self.id, self.commands)).map_err(Broken::doing("numbering a command"))?;
        let workstation = at.map(workstation).transpose()?;
        let request = CommandRequest { id, workstation, staff: None, approval: None, command };
        match self.writer.take(request.clone(), facts) {
            Ok(Taken::Recorded(recorded)) => {
                let broken = invariant::check_all(self.writer.state());
                if let Some(first) = broken.first() {
                    return Err(self.broken(&format!("after {request:?}: {first}")));
                }
                let answer = recorded.answer.clone();
                self.written.push(Done { request, facts: facts.clone(), answer: answer.clone(), sold });
                Ok(Came::Done(answer))
            }
            Ok(Taken::Answered(_) | Taken::Refused(_) | Taken::DiskFull(_)) => Ok(Came::Refused),
            Err(_) => Ok(Came::Lost),
        }
    }

    fn flush(&mut self) -> Result<Option<()>, Broken> {
        if self.written.is_empty() {
            return Ok(Some(()));
        }
        match self.writer.flush() {
            Ok(_) => {
                self.acknowledged.append(&mut self.written);
                Ok(Some(()))
            }
            Err(_) => Ok(None),
        }
    }

    /// Keeps head office's word in the journal. False: the disk is gone.
    pub fn keep(&mut self, ack: UplinkAck, dice: &mut Dice) -> Result<(), Broken> {
        let came = self.ask(None, Command::AcknowledgeUplink { ack }, &Facts::default(), None)?;
        if matches!(came, Came::Lost) || self.flush()?.is_none() {
            self.start_again(dice)?;
        }
        self.read_on()
    }

    /// A clean stop and a start, as on every evening. What was to go wrong with the disk may go wrong with the stop.
    pub fn restart(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        if self.writer.mark().is_err() {
            return self.start_again(dice);
        }
        self.acknowledged.append(&mut self.written);
        self.disk = self.disk.copy();
        self.begin()
    }

    /// Power or disk failed: what the next start finds is up to the dice.
    fn start_again(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        if self.disk.is_off() || dice.percent(50) {
            self.power_cuts += 1;
            self.disk = self.disk.after_power_cut(Cut { seed: dice.next(), stale_bytes: dice.percent(50) });
        } else {
            self.failures += 1;
            self.disk = self.disk.after_process_death().copy();
        }
        self.begin()
    }

    fn begin(&mut self) -> Result<(), Broken> {
        self.starts += 1;
        self.writer = start(&self.config, &self.disk, &self.clock, self.starts)?;
        let known = |state: &State, done: &Done| state.answers.get(&done.request.id).is_some_and(|given| given.answer == done.answer);
        for done in &self.acknowledged {
            if !known(self.writer.state(), done) {
                return Err(self.broken(&format!("{} was acknowledged and is gone: {:?}", done.request.id, done.request.command)));
            }
        }
        // Of what was only written, whole commands from the first on may have come through.
        let written = std::mem::take(&mut self.written);
        let through = written.iter().take_while(|done| known(self.writer.state(), done)).count();
        if written[through..].iter().any(|done| known(self.writer.state(), done)) {
            return Err(self.broken("a later command came through and an earlier one did not"));
        }
        self.acknowledged.extend(written.into_iter().take(through));
        self.read_on()
    }

    /// Reads what has become durable, and sees that what was durable before is what it was.
    fn read_on(&mut self) -> Result<(), Broken> {
        let durable = self.writer.durable().seq;
        let last = self.records.last().map_or(0, |record| record.seq);
        if durable < last {
            return Err(self.broken(&format!("record {last} was durable, and the journal ends at {durable}")));
        }
        let reader = Reader::on(self.disk.clone());
        let mut from = last.max(1);
        while from <= durable {
            let batch = reader.read_batch(from, durable, 1 << 20).map_err(|error| self.broken(&error.to_string()))?;
            for record in batch {
                from = record.seq + 1;
                match self.records.last() {
                    Some(known) if known.seq == record.seq && *known == record => {}
                    Some(known) if known.seq >= record.seq => {
                        return Err(self.broken(&format!("record {} is another than it was", record.seq)));
                    }
                    Some(_) | None => self.records.push(record),
                }
            }
        }
        Ok(())
    }

    /// Replay from the start gives the state that is lived with, and no invariant is broken.
    pub fn check_replay(&mut self) -> Result<(), Broken> {
        if self.writer.flush().is_err() {
            return Err(self.broken("the last flush failed on a sound disk"));
        }
        self.acknowledged.append(&mut self.written);
        self.read_on()?;
        let content = Content::on(self.disk.clone());
        let replayed = self.writer.journal().replay_from_start().map_err(|error| self.broken(&error.to_string()))?;
        let replayed = replay::state(replayed, self.writer.journal(), &content).map_err(|error| self.broken(&error.to_string()))?;
        if replayed.state != *self.writer.state() {
            return Err(self.broken("a replay from the start gives another state"));
        }
        match invariant::check_all(self.writer.state()).first() {
            Some(first) => Err(self.broken(&first.to_string())),
            None => Ok(()),
        }
    }

    /// Sales that were acknowledged, or came through, and what they took.
    pub fn sold(&self) -> (i64, i64) {
        let sales: Vec<i64> = self.acknowledged.iter().filter_map(|done| done.sold.filter(|_| done.answer.receipt.is_some())).collect();
        (i64::try_from(sales.len()).unwrap_or(i64::MAX), sales.iter().sum())
    }

    /// Grows with every start.
    pub fn starts(&self) -> u64 {
        self.starts
    }

    pub fn kept(&self) -> Option<UplinkAck> {
        self.writer.state().uplink.clone()
    }

    pub fn head(&self) -> Position {
        let head = self.writer.durable();
        Position { incarnation: head.incarnation, seq: head.seq, hash: head.hash.to_string() }
    }

    pub fn record(&self, seq: u64) -> Option<&RawRecord> {
        let place = self.records.partition_point(|record| record.seq < seq);
        self.records.get(place).filter(|record| record.seq == seq)
    }

    pub fn position(&self, seq: u64) -> Option<Position> {
        let at = self.record(seq)?;
        Some(Position { incarnation: at.incarnation, seq: at.seq, hash: at.hash.to_string() })
    }

    pub fn lines(&self, from: u64, upto: u64) -> Vec<u8> {
        let place = self.records.partition_point(|record| record.seq < from);
        self.records[place..].iter().take_while(|record| record.seq <= upto).flat_map(|record| record.line.clone()).collect()
    }

    fn broken(&self, why: &str) -> Broken {
        Broken::new(self.id.as_str(), why)
    }
}

fn start(config: &NodeConfig, disk: &ModelDisk, clock: &Arc<HandClock>, starts: u64) -> Result<Writer<ModelDisk>, Broken> {
    let failed = format!("{} starts", config.store);
    let options = OpenOptions {
        identity: Identity { store: config.store.clone(), node: config.node.clone() },
        key: NodeKey::from_seed([7; 32]),
        incarnation: Incarnation(starts),
        now: clock.now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        limits: Limits { fill_bytes: 64 << 10, ..Limits::default() },
    };
    let opened = Journal::open(disk.clone(), options).map_err(Broken::doing(&failed))?;
    let content = Content::on(disk.clone());
    let replayed = replay::state(opened.replay, &opened.journal, &content).map_err(Broken::doing(&failed))?;
    if let Some(hole) = replayed.holes.first() {
        return Err(Broken::new(&failed, hole));
    }
    let rules = Arc::new(config.rules.clone());
    Ok(Writer::new(opened.journal, content, replayed.state, rules, clock.clone(), config.time_zone.clone()))
}

fn workstation(name: &str) -> Result<WorkstationId, Broken> {
    WorkstationId::new(name).map_err(Broken::doing("naming a workstation"))
}

/// Of one piece; the shop here has no promotions, and its prices include the tax.
fn price_of(sku: &str) -> i64 {
    let article = (0..ARTICLES).map(articles::article).find(|article| article.sku.as_str() == sku);
    article.and_then(|article| article.price).map_or(0, Money::minor)
}

fn config_text(store: &StoreId, node: &NodeId) -> String {
    format!(
        r#"
[store]
id = "{store}"
name = "Simulated"
address = ["Marktplatz 4", "10115 Berlin"]
tax_id = "DE 123456789"
currency = "EUR"
country = "DE"
time_zone = "Europe/Berlin"
locale = "de"

[node]
id = "{node}"
data_dir = "/nowhere"
listen = "127.0.0.1:4000"

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

[[workstation]]
id = "1"
[[workstation]]
id = "2"
"#
    )
}
