//! The store's own movements since the baseline, and the feeds they are counted against.
//!
//! On hand = baseline + own movements in records after the one the baseline includes (`head_seq`). As long as an article has no
//! baseline, each movement is kept apart: a baseline may come that includes some of them and not the others ("counted on Monday", adopted on
//! Wednesday). A baseline is adopted once per article (the views see to that: later ones are ignored for it), so from then on the
//! border never moves again and the movements behind it can be one sum. State learns of the border from the feed, for articles that had
//! movements, or else with the first sale after it: the fact that the sale saw says so.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::decide::{Case, Outcome};
use super::state::State;
use super::{Answer, Event, Feed, Refusal, StockFact, TransactionRecord, UplinkAck};
use crate::ids::Sku;
use crate::money::Qty;

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
}

/// What is on the shelf by our own book. `None` for `movements`: nothing moved.
pub fn on_hand(baseline: &StockFact, movements: Option<&Movements>) -> Qty {
    let since = match movements {
        None => Qty::ZERO,
        Some(Movements::Apart(list)) => sum_after(list, baseline.head_seq),
        Some(Movements::Settled { since, .. }) => *since,
    };
    baseline.baseline + since
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
            Movements::Settled { .. } => false,
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

/// Which articles have a baseline that State did not know of, and which fell below zero by this sale: those someone must count.
pub(super) fn after_sale(case: &Case, record: &TransactionRecord) -> Vec<Event> {
    let known: BTreeMap<&Sku, &StockFact> = case.facts.stock.iter().map(|fact| (&fact.sku, fact)).collect();
    let mut sold: BTreeMap<&Sku, Qty> = BTreeMap::new();
    for line in record.lines.iter().filter(|line| line.off_shelf() != Qty::ZERO) {
        *sold.entry(&line.sku).or_default() += line.off_shelf();
    }
    let mut settled: BTreeMap<u64, Vec<Sku>> = BTreeMap::new();
    let mut counts = Vec::new();
    for (sku, quantity) in sold {
        let Some(fact) = known.get(sku) else { continue };
        let movements = case.state.movements.get(sku);
        if !matches!(movements, Some(Movements::Settled { .. })) {
            settled.entry(fact.head_seq).or_default().push(sku.clone());
        }
        let before = on_hand(fact, movements);
        let after = before - quantity;
        if before >= Qty::ZERO && after < Qty::ZERO {
            counts.push(Event::CountRequested { sku: sku.clone(), on_hand: after, at: case.ask.at });
        }
    }
    let settled = settled.into_iter().map(|(head_seq, skus)| Event::BaselineSettled { head_seq, skus });
    settled.chain(counts).chain(super::order::after_sale(case, record)).collect()
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
            assert_eq!(on_hand(&fact(head), Some(&movements)), Qty::pieces(expect), "head {head}");
            let mut settled = movements.clone();
            assert!(settled.settle(head));
            assert_eq!(on_hand(&fact(head), Some(&settled)), Qty::pieces(expect), "settled at {head}");
            settled.add(movement(100, -5));
            assert_eq!(on_hand(&fact(head), Some(&settled)), Qty::pieces(expect - 5));
            assert!(!settled.settle(100), "a baseline is adopted once");
            assert_eq!(on_hand(&fact(head), Some(&settled)), Qty::pieces(expect - 5));
        }
        assert_eq!(on_hand(&fact(0), None), Qty::pieces(100));
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
