//! Head office, the stores' boxes and what lies between them: the product's machines of the line over a wire that loses, doubles, delays and
//! damages what travels, or that is cut.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::Broken;
use super::dice::Dice;
use super::office::Office;
use super::store::Store;
use crate::sync::orders::OrdersReply;
use crate::sync::side_door::{self, SideDoor};
use crate::sync::uplink::{Failure, Sent, Step, Told, Uplink};
use crate::sync::wire::{LocateReply, LocateRequest, Point, RecordsQuery, RecordsReply};
use crate::time::HandClock;

pub const BEGINS_MS: i64 = 1_795_000_000_000;
/// An answer about orders that is not here after so long does not come any more.
const WORDS_PATIENCE_MS: u64 = 90_000;

pub struct Chain {
    pub dice: Dice,
    /// Since the beginning of the world.
    pub now_ms: u64,
    clock: Arc<HandClock>,
    pub lines: Vec<Line>,
    pub office: Office,
    /// By time of arrival: whose, and what.
    wire: BTreeMap<(u64, u64), (usize, Packet)>,
    pub packets: u64,
    /// Percent of packets that meet with an accident.
    pub trouble: u64,
    /// Nothing goes through.
    pub is_cut: bool,
}

/// A store and its machines of the line.
pub struct Line {
    pub store: Store,
    pub uplink: Uplink,
    pub side_door: SideDoor,
    pinned: Option<String>,
    pub acknowledged_max: u64,
    /// How far the store has heard of orders, and the question that is under way.
    orders: Orders,
}

/// The store's ear for orders. `None` for `cursor`: nobody listens here.
#[derive(Default)]
struct Orders {
    cursor: Option<u64>,
    asked: Option<(u64, u64)>,
    tickets: u64,
    heard: Option<OrdersReply>,
}

/// What travels. Records travel as their bytes, which may be cut or flipped on the way.
#[derive(Clone)]
enum Packet {
    Locate {
        ticket: u64,
        request: LocateRequest,
    },
    Records {
        ticket: u64,
        query: RecordsQuery,
        lines: Vec<u8>,
        sent: Sent,
    },
    Urgent {
        ticket: u64,
        lines: Vec<u8>,
    },
    Located {
        ticket: u64,
        reply: LocateReply,
    },
    Stored {
        ticket: u64,
        reply: RecordsReply,
        sent: Sent,
    },
    Taken {
        ticket: u64,
    },
    AskOrders {
        ticket: u64,
        after: u64,
        epoch: u64,
    },
    Words {
        ticket: u64,
        reply: Box<OrdersReply>,
    },
    /// Head office could not make sense of the body.
    Refused {
        ticket: u64,
        urgent: bool,
    },
}

impl Chain {
    /// `folder` is empty and takes head office's disk.
    pub fn new(seed: u64, stores: usize, folder: &Path) -> Result<Chain, Broken> {
        let clock = Arc::new(HandClock::at(BEGINS_MS));
        let mut lines = Vec::new();
        for number in 1..=stores {
            let store = Store::open(number, clock.clone(), seed & 0xffff_ffff)?;
            let uplink = Uplink::new(store.id.clone(), store.node.clone(), None, None);
            let side_door = SideDoor::new(&store.id, &store.node);
            lines.push(Line { store, uplink, side_door, pinned: None, acknowledged_max: 0, orders: Orders::default() });
        }
        let office = Office::open(folder, BEGINS_MS)?;
        Ok(Chain { dice: Dice::new(seed), now_ms: 0, clock, lines, office, wire: BTreeMap::new(), packets: 0, trouble: 30, is_cut: false })
    }

    pub fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        let now_ms = BEGINS_MS + i64::try_from(self.now_ms).unwrap_or(i64::MAX);
        self.clock.set(now_ms);
        self.office.now_ms = now_ms;
    }

    pub fn machines(&mut self) -> Result<(), Broken> {
        for index in 0..self.lines.len() {
            let head = self.lines[index].store.head();
            self.lines[index].uplink.handle(self.now_ms, Told::Head { head: head.clone(), oldest_seq: 1 });
            for _ in 0..20 {
                let line = &mut self.lines[index];
                match line.uplink.poll(self.now_ms) {
                    Step::Wait { .. } => break,
                    Step::Pin { key } => line.pinned = Some(key),
                    Step::Keep(ack) => {
                        let starts = line.store.starts();
                        line.store.keep(ack, &mut self.dice)?;
                        if line.store.starts() != starts {
                            line.begin();
                            break;
                        }
                    }
                    Step::Locate { ticket, points, held } => {
                        let point = |seq: &u64| line.store.position(*seq).map(|at| Point { seq: at.seq, hash: at.hash });
                        let points = points.iter().filter_map(point).collect();
                        let request = LocateRequest { v: 1, head: Some(head.clone()), oldest_seq: 1, points, held, waiting: 0, at_ms: 0 };
                        self.post(index, Packet::Locate { ticket, request });
                    }
                    Step::Send { ticket, from, upto, records_max, hole_from, .. } => {
                        if let Some(hole) = hole_from {
                            return Err(Broken::new(line.store.id.as_str(), &format!("a hole from {hole}, and nothing is ever lost here")));
                        }
                        let last = upto.min(from + u64::from(records_max) - 1).min(from + self.dice.below(200));
                        let bookkeeping = |line: &[u8]| line.windows(12).any(|part| part == b"uplink_ackno" || part == b"journal.mark");
                        let ours = &line.store.records;
                        let substance =
                            ours.iter().filter(|r| (from..=last).contains(&r.seq) && !bookkeeping(&r.line)).map(|r| r.seq).max();
                        let query = RecordsQuery { from, head_seq: head.seq, ..RecordsQuery::default() };
                        let lines = line.store.lines(from, last);
                        self.post(index, Packet::Records { ticket, query, lines, sent: Sent { first: from, last, substance } });
                    }
                }
            }
            self.ask_for_orders(index);
            let line = &mut self.lines[index];
            line.side_door.handle(self.now_ms, side_door::Told::Acknowledged { seq: line.uplink.acknowledged_seq() });
            if let side_door::Step::Send { ticket, seqs } = line.side_door.poll(self.now_ms) {
                let lines = seqs.iter().filter_map(|seq| line.store.record(*seq)).flat_map(|record| record.line.clone()).collect();
                self.post(index, Packet::Urgent { ticket, lines });
            }
        }
        Ok(())
    }

    /// From now on the store asks for orders, and again from where its journal has come to after each start.
    pub fn listen(&mut self, index: usize) {
        let line = &mut self.lines[index];
        line.orders = Orders { cursor: Some(line.store.state().orders.cursor), tickets: line.orders.tickets, ..Orders::default() };
    }

    /// What has come about orders and was not taken yet.
    pub fn heard(&mut self, index: usize) -> Option<OrdersReply> {
        self.lines[index].orders.heard.take()
    }

    /// The words that were heard are in the book.
    pub fn took(&mut self, index: usize, cursor: u64) {
        self.lines[index].orders.cursor = Some(cursor);
    }

    fn ask_for_orders(&mut self, index: usize) {
        let epoch = self.lines[index].store.state().orders.epoch();
        let (now_ms, orders) = (self.now_ms, &mut self.lines[index].orders);
        let Some(after) = orders.cursor.filter(|_| orders.heard.is_none()) else { return };
        if orders.asked.is_some_and(|(_, at_ms)| now_ms < at_ms + WORDS_PATIENCE_MS) {
            return;
        }
        orders.tickets += 1;
        let ticket = orders.tickets;
        orders.asked = Some((ticket, now_ms));
        self.post(index, Packet::AskOrders { ticket, after, epoch });
    }

    /// Gives a packet to the line, which loses, doubles, delays and damages some.
    fn post(&mut self, index: usize, mut packet: Packet) {
        if self.is_cut {
            return;
        }
        if self.dice.percent(self.trouble) {
            match self.dice.below(5) {
                0 => return,
                1 => {
                    let delay_ms = 5_000 + self.dice.below(60_000);
                    self.deliver_in(delay_ms, index, packet.clone());
                }
                2 => self.damage(&mut packet),
                3 => {
                    let delay_ms = 1_000 + self.dice.below(90_000);
                    return self.deliver_in(delay_ms, index, packet);
                }
                _ => {}
            }
        }
        let delay_ms = 20 + self.dice.below(3_000);
        self.deliver_in(delay_ms, index, packet);
    }

    fn deliver_in(&mut self, delay_ms: u64, index: usize, packet: Packet) {
        self.packets += 1;
        self.wire.insert((self.now_ms + delay_ms, self.packets), (index, packet));
    }

    fn damage(&mut self, packet: &mut Packet) {
        let (Packet::Records { lines, .. } | Packet::Urgent { lines, .. }) = packet else { return };
        if lines.is_empty() {
            return;
        }
        let at = self.dice.index(lines.len());
        if self.dice.percent(50) { lines[at] ^= 1 << self.dice.below(8) } else { lines.truncate(at) }
    }

    pub fn arrivals(&mut self) -> Result<(), Broken> {
        while let Some(entry) = self.wire.first_entry().filter(|entry| entry.key().0 <= self.now_ms) {
            let (index, packet) = entry.remove();
            if self.is_cut {
                continue;
            }
            let line = &mut self.lines[index];
            let (store, node) = (line.store.id.clone(), line.store.node.clone());
            match packet {
                Packet::Locate { ticket, request } => {
                    let reply =
                        self.office.locate(&store, &node, &request).map_err(Broken::doing("head office is asked where we stand"))?;
                    self.check_copy(index)?;
                    self.post(index, Packet::Located { ticket, reply });
                }
                Packet::Records { ticket, query, lines, sent } => {
                    let reply = self.office.take(&store, &node, &lines, &query);
                    self.check_copy(index)?;
                    match reply {
                        Ok(reply) => self.post(index, Packet::Stored { ticket, reply, sent }),
                        Err(_) => self.post(index, Packet::Refused { ticket, urgent: false }),
                    }
                }
                Packet::Urgent { ticket, lines } => {
                    let is_taken = self.office.take_urgent(&store, &node, &lines);
                    self.post(index, if is_taken { Packet::Taken { ticket } } else { Packet::Refused { ticket, urgent: true } });
                }
                Packet::Located { ticket, reply } => {
                    let own = reply.ack.as_ref().and_then(|ack| line.store.position(ack.seq));
                    line.uplink.handle(self.now_ms, Told::Located { ticket, reply, own });
                    line.note_acknowledged();
                }
                Packet::Stored { ticket, reply, sent } => {
                    let own = reply.ack.as_ref().and_then(|ack| line.store.position(ack.seq));
                    line.uplink.handle(self.now_ms, Told::Sent { ticket, sent, reply, own });
                    line.note_acknowledged();
                }
                Packet::Taken { ticket } => line.side_door.handle(self.now_ms, side_door::Told::Taken { ticket }),
                Packet::AskOrders { ticket, after, epoch } => {
                    let reply = Box::new(self.office.words(&store, &node, after, epoch)?);
                    self.post(index, Packet::Words { ticket, reply });
                }
                Packet::Words { ticket, reply } => {
                    // One that was given up and comes after all, or a second time, is nobody's.
                    if line.orders.asked.is_some_and(|(asked, _)| asked == ticket) {
                        line.orders.asked = None;
                        line.orders.heard = Some(*reply);
                    }
                }
                Packet::Refused { ticket, urgent } => {
                    let failure = Failure::Refused { status: 400, text: "half sent".into() };
                    if urgent {
                        line.side_door.handle(self.now_ms, side_door::Told::Failed { ticket, failure });
                    } else {
                        line.uplink.handle(self.now_ms, Told::Failed { ticket, failure });
                    }
                }
            }
        }
        Ok(())
    }

    /// After every request: one branch, and it ends with a record of the store's own that was durable.
    fn check_copy(&self, index: usize) -> Result<(), Broken> {
        let store = &self.lines[index].store;
        match self.office.head_of(&store.id, &store.node)? {
            Some((seq, hash)) if store.position(seq).is_none_or(|at| at.hash != hash) => {
                Err(Broken::new(store.id.as_str(), &format!("head office holds a record {seq} that is not the store's")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// At the end: every copy is whole, every replay gives the same, and nothing is open at head office.
    pub fn check_copies(&mut self) -> Result<(), Broken> {
        for line in &mut self.lines {
            line.store.check_replay()?;
            let store = &line.store;
            let head = store.head().seq;
            let wrong = |why: String| Err(Broken::new(store.id.as_str(), &why));
            if self.office.bytes_of(&store.id, &store.node)? != store.lines(1, head) {
                return wrong("head office's copy is not the store's journal, byte for byte".to_owned());
            }
            if line.acknowledged_max != head {
                return wrong(format!("{} is acknowledged, the journal ends at {head}", line.acknowledged_max));
            }
        }
        for (what, sql) in [
            ("urgent copies wait for the chain that has them", "SELECT count(*) FROM urgent WHERE confirmed_ms IS NULL"),
            ("exceptions", "SELECT count(*) FROM exceptions"),
        ] {
            let count = self.office.count(sql)?;
            if count != 0 {
                return Err(Broken::new(what, &count.to_string()));
            }
        }
        let serious = |kind: &String| kind != "bad bytes" && kind != "restored";
        match self.office.incidents()?.into_iter().find(serious) {
            Some(kind) => Err(Broken::new("an incident without a cause", &kind)),
            None => Ok(()),
        }
    }
}

impl Line {
    /// The process at the node is a new one: what its machines knew comes from the journal.
    pub fn begin(&mut self) {
        self.uplink = Uplink::new(self.store.id.clone(), self.store.node.clone(), self.pinned.clone(), self.store.kept());
        self.side_door = SideDoor::new(&self.store.id, &self.store.node);
        if self.orders.cursor.is_some() {
            let cursor = Some(self.store.state().orders.cursor);
            self.orders = Orders { cursor, tickets: self.orders.tickets, ..Orders::default() };
        }
    }

    fn note_acknowledged(&mut self) {
        self.acknowledged_max = self.acknowledged_max.max(self.uplink.acknowledged_seq());
    }
}
