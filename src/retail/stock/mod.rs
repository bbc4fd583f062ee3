//! The store's own movements since the baseline, and the feeds they are counted against; and the work that people do on stock.
//!
//! On hand = baseline + own movements in records after the one the baseline includes (`head_seq`), until the store has counted the article:
//! from then on it is what was counted, and what moved since. As long as an article has no
//! baseline, each movement is kept apart: a baseline may come that includes some of them and not the others ("counted on Monday", adopted on
//! Wednesday). A baseline is adopted once per article (the views see to that: later ones are ignored for it), so from then on the
//! border never moves again and the movements behind it can be one sum. State learns of the border from the feed, for articles that had
//! movements, or else with the first sale after it: the fact that the sale saw says so.
//!
//! Reading order: movements and what follows from them here, the book that State keeps, then `act` (what can be asked), `sheet` (counts and
//! receipts of goods), and `apply`.

pub mod act;
mod apply;
mod book;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::decide::{Case, Outcome};
use super::state::State;
use super::{Answer, Event, Feed, Refusal, StockFact, TransactionRecord, UplinkAck, order};
use crate::ids::{Sku, WorkstationId};
use crate::money::{Money, Qty, Unit};

pub use act::StockAct;
pub(super) use act::decide;
pub(super) use book::broken;
pub use book::{
    AdjustWhy, Booked, CYCLE_TASKS_OPEN_MAX, CountWhy, Counted, CountedLine, DELIVERIES_KEPT_MAX, DismissWhy, LOW_MAX, Low, Mark,
    ReceivedLine, SHEET_LINES_MAX, Seen, Sheet, SheetKind, SheetLine, StockBook, StockStep, StockTask, TASKS_MAX,
};

/// Movements kept apart per article without a baseline. Beyond it the oldest two become one, dated as the newer: in doubt a baseline
/// is reduced once too often rather than once too little, and fewer units are promised.
pub const MOVEMENTS_APART_MAX: usize = 256;

/// Articles that one feed settles in its record, which must stay under 1 MiB. The others are settled by their next sale.
pub const SETTLED_PER_RECORD_MAX: usize = 5_000;

/// Units that left (negative) or came (positive), and the record that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    pub seq: u64,
    pub quantity: Qty,
}

/// One article's own movements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movements {
    /// No baseline yet. In order of their records.
    Apart(Vec<Movement>),
    /// The adopted baseline includes everything up to `head_seq`; `since` is the sum of all after it.
    Settled { head_seq: u64, since: Qty },
    /// The store counted it: what is there now, whatever a baseline says.
    Counted { quantity: Qty },
}

/// What a store does about its stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRules {
    /// A first count that differs from the book by at least so many units is done again; zero: never.
    pub recount_units: Qty,
    /// And by at least so many per cent of what the book says.
    pub recount_percent: u32,
    /// Above it, another person's word is needed to write units off or in without a count.
    pub adjust_value_max: Money,
    /// Fewer than this of an article are too few; zero: no alert. For those that have no minimum of their own.
    pub low_min: Qty,
    pub low_min_of: BTreeMap<Sku, Qty>,
    /// What has not moved for so many days is counted; 0: never for that reason.
    pub not_moved_days: u32,
    /// What has not been counted for so many days is counted; 0: never for that reason.
    pub not_counted_days: u32,
}

impl Default for StockRules {
    fn default() -> StockRules {
        StockRules {
            recount_units: Qty::pieces(5),
            recount_percent: 20,
            adjust_value_max: Money::from_minor(5_000),
            low_min: Qty::ZERO,
            low_min_of: BTreeMap::new(),
            not_moved_days: 0,
            not_counted_days: 0,
        }
    }
}

impl StockRules {
    /// The fewest that should be there. `None`: no alert for it.
    pub fn min_of(&self, sku: &Sku) -> Option<Qty> {
        Some(*self.low_min_of.get(sku).unwrap_or(&self.low_min)).filter(|min| *min > Qty::ZERO)
    }
}

/// What the shell knows of an article for a list of counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    pub sku: Sku,
    pub name: String,
    pub unit: Unit,
}

/// What is in the store by our own book; `None`: nobody has counted yet, neither head office nor we. `None` for `movements`: nothing moved.
pub fn on_hand(baseline: Option<&StockFact>, movements: Option<&Movements>) -> Option<Qty> {
    if let Some(Movements::Counted { quantity }) = movements {
        return Some(*quantity);
    }
    let baseline = baseline?;
    let since = match movements {
        None => Qty::ZERO,
        Some(Movements::Apart(list)) => sum_after(list, baseline.head_seq),
        Some(Movements::Settled { since, .. }) => *since,
        Some(Movements::Counted { .. }) => Qty::ZERO,
    };
    Some(baseline.baseline + since)
}

/// The same, by the facts of a decision.
pub(super) fn on_hand_now(case: &Case, sku: &Sku) -> Option<Qty> {
    on_hand(case.facts.stock.iter().find(|fact| fact.sku == *sku), case.state.movements.get(sku))
}

/// What follows when there are so many of an article after there were so many before: somebody counts, or orders more, or need not any more.
pub(super) fn following(case: &Case, sku: &Sku, before: Qty, after: Qty) -> Vec<Event> {
    let fell = before >= Qty::ZERO && after < Qty::ZERO;
    let count = fell.then(|| Event::CountRequested { sku: sku.clone(), on_hand: after, at: case.ask.at, why: None });
    count.into_iter().chain(low_or_filled(case, sku, after)).collect()
}

pub(super) fn low_or_filled(case: &Case, sku: &Sku, after: Qty) -> Option<Event> {
    let is_listed = case.state.stock.low.get(sku);
    let min = case.rules.stock.min_of(sku);
    match (min.filter(|min| after < *min), is_listed) {
        // A full list says of itself that it is full.
        (Some(_), None) if case.state.stock.low.len() >= LOW_MAX => None,
        (Some(min), None) => Some(Event::StockRanLow { sku: sku.clone(), on_hand: after, min, at: case.ask.at }),
        // Nothing is left of it, or the store wants more of it than before: that is news again.
        (Some(min), Some(low)) if (after <= Qty::ZERO && low.on_hand > Qty::ZERO) || min != low.min => {
            Some(Event::StockRanLow { sku: sku.clone(), on_hand: after, min, at: case.ask.at })
        }
        (Some(_), Some(_)) | (None, None) => None,
        (None, Some(_)) => Some(Event::StockFilledUp { sku: sku.clone(), on_hand: after, at: case.ask.at }),
    }
}

/// Orders whose units are not there any more.
pub(super) fn promises_broken(case: &Case, sku: &Sku, before: Qty, after: Qty, workstation: &WorkstationId) -> Vec<Event> {
    let reserved = case.state.orders.reserved(sku);
    order::broken_by(case, sku, before - reserved, after - reserved, workstation)
}

impl State {
    /// Articles that moved and have no baseline yet: those that a stock feed can settle.
    pub fn unsettled(&self) -> impl Iterator<Item = &Sku> {
        self.movements.iter().filter(|(_, movements)| matches!(movements, Movements::Apart(_))).map(|(sku, _)| sku)
    }
}

impl Movements {
    pub(super) fn add(&mut self, movement: Movement) {
        match self {
            Movements::Settled { since, .. } => *since += movement.quantity,
            Movements::Counted { quantity } => *quantity += movement.quantity,
            Movements::Apart(list) => match list.last_mut() {
                Some(last) if last.seq == movement.seq => last.quantity += movement.quantity,
                Some(_) | None => {
                    list.push(movement);
                    if list.len() > MOVEMENTS_APART_MAX {
                        let oldest = list.remove(0);
                        list[0].quantity += oldest.quantity;
                    }
                }
            },
        }
    }

    /// False when a baseline had been adopted before: that one stays.
    pub(super) fn settle(&mut self, head_seq: u64) -> bool {
        match self {
            Movements::Settled { .. } | Movements::Counted { .. } => false,
            Movements::Apart(list) => {
                *self = Movements::Settled { head_seq, since: sum_after(list, head_seq) };
                true
            }
        }
    }
}

pub(super) fn adopt_feed(case: &Case, feed: Feed, version: u64, hash: &str) -> Result<Outcome, Refusal> {
    if let Some(adopted) = case.state.feeds.get(&feed) {
        if adopted.version == version && adopted.hash == hash {
            return Ok(Outcome::default());
        }
        if adopted.version >= version {
            return Err(Refusal::FeedGoesBack { feed, version, adopted: adopted.version });
        }
    }

    // Cannot fail below.
    let mut events = vec![Event::FeedAdopted { feed, version, hash: hash.to_owned(), at: case.ask.at }];
    let mut settled = BTreeSet::new();
    for baseline in case.facts.baselines.iter().filter(|_| feed == Feed::Stock) {
        let is_apart = |sku: &&Sku| matches!(case.state.movements.get(sku), Some(Movements::Apart(_)));
        let is_new = |sku: &&Sku| settled.len() < SETTLED_PER_RECORD_MAX && settled.insert((*sku).clone());
        let skus: Vec<Sku> = baseline.settled.iter().filter(is_apart).filter(is_new).cloned().collect();
        if !skus.is_empty() {
            events.push(Event::BaselineSettled { head_seq: baseline.head_seq, skus });
        }
    }
    Ok(Outcome { events, answer: Answer::default() })
}

/// One that is behind what we hold in the same epoch came late: it says nothing new.
pub(super) fn acknowledge_uplink(case: &Case, ack: &UplinkAck) -> Outcome {
    let is_news = case.state.uplink.as_ref().is_none_or(|held| (ack.epoch, ack.seq) > (held.epoch, held.seq));
    let events = if is_news { vec![Event::UplinkAcknowledged { ack: ack.clone() }] } else { Vec::new() };
    Outcome { events, answer: Answer::default() }
}

/// Which articles have a baseline that State did not know of, which fell below zero by this sale and must be counted, and which are too few.
pub(super) fn after_sale(case: &Case, record: &TransactionRecord) -> Vec<Event> {
    let known: BTreeMap<&Sku, &StockFact> = case.facts.stock.iter().map(|fact| (&fact.sku, fact)).collect();
    let mut sold: BTreeMap<&Sku, Qty> = BTreeMap::new();
    for line in record.lines.iter().filter(|line| line.off_shelf() != Qty::ZERO) {
        *sold.entry(&line.sku).or_default() += line.off_shelf();
    }
    let mut settled: BTreeMap<u64, Vec<Sku>> = BTreeMap::new();
    let mut followed = Vec::new();
    for (sku, quantity) in sold {
        let (fact, movements) = (known.get(sku).copied(), case.state.movements.get(sku));
        if let Some(fact) = fact
            && !matches!(movements, Some(Movements::Settled { .. } | Movements::Counted { .. }))
        {
            settled.entry(fact.head_seq).or_default().push(sku.clone());
        }
        let Some(before) = on_hand(fact, movements) else { continue };
        followed.extend(following(case, sku, before, before - quantity));
    }
    let settled = settled.into_iter().map(|(head_seq, skus)| Event::BaselineSettled { head_seq, skus });
    settled.chain(followed).chain(order::after_sale(case, record)).collect()
}

/// The same of units that leave with a collect order.
pub(super) fn after_issue(case: &Case, issued: &[order::Units]) -> Vec<Event> {
    let follow = |units: &order::Units| {
        let before = on_hand_now(case, &units.sku);
        before.map_or_else(Vec::new, |before| following(case, &units.sku, before, before - units.quantity))
    };
    issued.iter().flat_map(follow).collect()
}

fn sum_after(list: &[Movement], head_seq: u64) -> Qty {
    list.iter().filter(|movement| movement.seq > head_seq).map(|movement| movement.quantity).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn movement(seq: u64, pieces: i64) -> Movement {
        Movement { seq, quantity: Qty::pieces(pieces) }
    }

    #[test]
    fn a_baseline_counts_each_movement_once() {
        let fact = |head_seq| StockFact {
            sku: Sku::new("milk").unwrap(),
            baseline: Qty::pieces(100),
            head_seq,
            as_of: crate::time::Stamp::default(),
        };
        let mut movements = Movements::Apart(vec![movement(10, -1), movement(20, -2)]);
        movements.add(movement(30, -4));
        for (head, expect) in [(0, 93), (10, 94), (19, 94), (20, 96), (30, 100), (99, 100)] {
            assert_eq!(on_hand(Some(&fact(head)), Some(&movements)), Some(Qty::pieces(expect)), "head {head}");
            let mut settled = movements.clone();
            assert!(settled.settle(head));
            assert_eq!(on_hand(Some(&fact(head)), Some(&settled)), Some(Qty::pieces(expect)), "settled at {head}");
            settled.add(movement(100, -5));
            assert_eq!(on_hand(Some(&fact(head)), Some(&settled)), Some(Qty::pieces(expect - 5)));
            assert!(!settled.settle(100), "a baseline is adopted once");
            assert_eq!(on_hand(Some(&fact(head)), Some(&settled)), Some(Qty::pieces(expect - 5)));
        }
        assert_eq!(on_hand(Some(&fact(0)), None), Some(Qty::pieces(100)));
        let mut counted = Movements::Counted { quantity: Qty::pieces(7) };
        assert!(!counted.settle(3), "what was counted here stays");
        counted.add(movement(101, -2));
        assert_eq!((on_hand(Some(&fact(0)), Some(&counted)), on_hand(None, Some(&counted))), (Some(Qty::pieces(5)), Some(Qty::pieces(5))));
        assert_eq!(on_hand(None, Some(&movements)), None, "nobody has counted");
    }

    #[test]
    fn movements_apart_are_limited_and_err_to_the_safe_side() {
        let mut movements = Movements::Apart(Vec::new());
        for seq in 1..=(MOVEMENTS_APART_MAX as u64 + 10) {
            movements.add(movement(seq, -1));
        }
        let Movements::Apart(list) = &movements else { panic!("no baseline came") };
        assert_eq!(list.len(), MOVEMENTS_APART_MAX);
        assert_eq!(list.iter().map(|m| m.quantity).sum::<Qty>(), Qty::pieces(-(MOVEMENTS_APART_MAX as i64) - 10));
        assert_eq!(list[0], movement(11, -11), "dated as the newest of those it stands for");
    }
}
