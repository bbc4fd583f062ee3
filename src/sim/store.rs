//! One store: the product's own writer, core and journal on a model disk that loses power and fails its flushes, and the people who trade
//! in it. What was acknowledged is remembered here, outside the product, and asked for after every start.

use std::path::Path;
use std::sync::Arc;

use super::Broken;
use super::dice::Dice;
use crate::bench::articles;
use crate::ids::{CommandId, Incarnation, NodeId, StaffId, StoreId, WorkstationId};
use crate::journal::model_disk::{Cut, ModelDisk};
use crate::journal::{Content, Identity, Journal, Limits, NodeKey, OpenOptions, RawRecord, Reader};
use crate::money::Money;
use crate::node::config::{self, NodeConfig};
use crate::node::writer::{Taken, Writer};
use crate::node::{CommandRequest, replay};
use crate::retail::{Answer, Command, Facts, Refusal, State, UplinkAck, invariant};
use crate::sync::wire::Position;
use crate::time::{Clock, HandClock};

/// Where people trade; beside a stand-alone card terminal.
pub(super) const WORKSTATIONS: [&str; 2] = ["1", "2"];
/// One more, with a card terminal that the till drives.
pub(super) const WITH_TERMINAL: &str = "3";
pub(super) const TERMINAL: &str = "terminal-3";
pub(super) const ARTICLES: u64 = 50;
/// What was answered so long ago need not be known any more: the node keeps answers for 48 hours.
const ANSWERS_KEPT_MS: i64 = 47 * 3_600_000;

pub struct Store {
    pub id: StoreId,
    pub node: NodeId,
    config: NodeConfig,
    clock: Arc<HandClock>,
    pub(super) disk: ModelDisk,
    starts: u64,
    pub(super) writer: Writer<ModelDisk>,
    /// Goes on where it stopped.
    reader: Reader<ModelDisk>,
    /// Every record that was durable, in order, as it was first read.
    pub records: Vec<RawRecord>,
    /// The start in which they were last read.
    read_by: u64,
    /// Answered after a flush.
    pub(super) acknowledged: Vec<Done>,
    /// Written and not yet flushed: after a power cut there or not.
    written: Vec<Done>,
    /// The disk failed under it: it may have come through all the same. Nobody heard of it.
    unheard: Option<(CommandRequest, Facts, Option<i64>)>,
    commands: u64,
    pub(super) days: i32,
    pub power_cuts: u64,
    pub failures: u64,
}

/// A command that was carried out.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub request: CommandRequest,
    pub facts: Facts,
    pub answer: Answer,
    at_ms: i64,
    /// What it took, when it was the end of a sale: worked out from the prices of the articles, not asked of the product.
    sold: Option<i64>,
}

/// What somebody asks, and where.
pub(super) struct Asks {
    pub at: Option<&'static str>,
    pub staff: Option<StaffId>,
    pub command: Command,
}

/// What a command came to.
pub(super) enum Came {
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
        let reader = Reader::on(disk.clone());
        let mut store = Store {
            id,
            node,
            config,
            clock,
            disk,
            starts,
            writer,
            reader,
            records: Vec::new(),
            read_by: 0,
            acknowledged: Vec::new(),
            written: Vec::new(),
            unheard: None,
            commands: 0,
            days: 0,
            power_cuts: 0,
            failures: 0,
        };
        store.read_on()?;
        Ok(store)
    }

    pub(super) fn ask(&mut self, at: Option<&str>, command: Command, facts: &Facts, sold: Option<i64>) -> Result<Came, Broken> {
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
                self.written.push(Done { request, facts: facts.clone(), answer: answer.clone(), at_ms: recorded.at.ms, sold });
                Ok(Came::Done(answer))
            }
            Ok(Taken::Answered(_) | Taken::Refused(_) | Taken::DiskFull(_)) => Ok(Came::Refused),
            Err(_) => {
                self.unheard = Some((request, facts.clone(), sold));
                Ok(Came::Lost)
            }
        }
    }

    /// Asks until it is answered after a flush, as a client does: under the same id, also when the power goes meanwhile.
    pub(super) fn insist(&mut self, asks: Asks, facts: &Facts, dice: &mut Dice) -> Result<Result<Answer, Refusal>, Broken> {
        self.commands += 1;
        let id = CommandId::new(&format!("{}-{}", self.id, self.commands)).map_err(Broken::doing("numbering a command"))?;
        let workstation = asks.at.map(workstation).transpose()?;
        let request = CommandRequest { id, workstation, staff: asks.staff, approval: None, command: asks.command };
        loop {
            let answer = match self.writer.take(request.clone(), facts) {
                Ok(Taken::Recorded(recorded)) => {
                    if let Some(first) = invariant::check_all(self.writer.state()).first() {
                        return Err(self.broken(&format!("after {request:?}: {first}")));
                    }
                    let (answer, at_ms) = (recorded.answer.clone(), recorded.at.ms);
                    self.written.push(Done { request: request.clone(), facts: facts.clone(), answer: answer.clone(), at_ms, sold: None });
                    answer
                }
                Ok(Taken::Answered(answer)) => answer,
                Ok(Taken::Refused(refusal)) => return Ok(Err(refusal)),
                Ok(Taken::DiskFull(why)) => return Err(self.broken(&why)),
                Err(_) => {
                    self.start_again(dice)?;
                    continue;
                }
            };
            if self.flush()?.is_some() {
                return Ok(Ok(answer));
            }
            self.start_again(dice)?;
        }
    }

    /// `None`: the disk is gone.
    pub(super) fn flush(&mut self) -> Result<Option<()>, Broken> {
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
    pub(super) fn start_again(&mut self, dice: &mut Dice) -> Result<(), Broken> {
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
        self.reader = Reader::on(self.disk.clone());
        self.writer = start(&self.config, &self.disk, &self.clock, self.starts)?;
        let known = |state: &State, done: &Done| state.answers.get(&done.request.id).is_some_and(|given| given.answer == done.answer);
        let now_ms = self.clock.now().ms;
        for done in self.acknowledged.iter().filter(|done| now_ms - done.at_ms < ANSWERS_KEPT_MS) {
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
        if let Some((request, facts, sold)) = self.unheard.take()
            && let Some(given) = self.writer.state().answers.get(&request.id)
        {
            let (answer, at_ms) = (given.answer.clone(), given.at.ms);
            self.acknowledged.push(Done { request, facts, answer, at_ms, sold });
        }
        self.read_on()
    }

    /// Reads what has become durable, and sees that what was durable before is what it was.
    pub(super) fn read_on(&mut self) -> Result<(), Broken> {
        let durable = self.writer.durable().seq;
        let last = self.records.last().map_or(0, |record| record.seq);
        if durable < last {
            return Err(self.broken(&format!("record {last} was durable, and the journal ends at {durable}")));
        }
        // The newest one is read again after a start: it must be what it was.
        let mut from = if self.read_by == self.starts { last + 1 } else { last.max(1) };
        self.read_by = self.starts;
        while from <= durable {
            let batch = self.reader.read_batch(from, durable, 1 << 20).map_err(|error| self.broken(&error.to_string()))?;
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

    pub fn state(&self) -> &State {
        self.writer.state()
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

    pub(super) fn broken(&self, why: &str) -> Broken {
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

pub(super) fn workstation(name: &str) -> Result<WorkstationId, Broken> {
    WorkstationId::new(name).map_err(Broken::doing("naming a workstation"))
}

/// Of one piece; the shop here has no promotions, and its prices include the tax.
pub(super) fn price_of(sku: &str) -> i64 {
    let article = (0..ARTICLES).map(articles::article).find(|article| article.sku.as_str() == sku);
    article.and_then(|article| article.price).map_or(0, Money::minor)
}

pub(super) fn config_text(store: &StoreId, node: &NodeId) -> String {
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
[[workstation]]
id = "{WITH_TERMINAL}"
terminal = "{TERMINAL}"

[[device]]
name = "{TERMINAL}"
kind = "zvt"
workstation = "{WITH_TERMINAL}"
profile = "zvt"
tcp = "127.0.0.1:20007"
"#
    )
}
