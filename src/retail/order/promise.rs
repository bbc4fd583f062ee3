//! The right to promise. The store owns its shelf; head office may promise what the store granted it, and nothing else. Rights are growing
//! totals per article: granted and asked back by the store; spent, released and answered by head office. So repeats and reordering are
//! harmless, and no clock is involved: the side that loses moves first.
//!
//! *Free to grant* = available − granted and unspent − safety. A till sale is never held up by a right: what it eats into is an
//! [`Event::RightsOverrun`], silent at the till, and as many rights are asked back.

use serde::{Deserialize, Serialize};

use super::super::decide::{Case, Outcome};
use super::super::rules::PromiseRules;
use super::super::{Event, TransactionRecord};
use super::deliver::available;
use super::{CollectOrder, OrderBook, is_zero};
use crate::fault::Fault;
use crate::ids::Sku;
use crate::money::Qty;

/// Articles of which a store grants rights. Head office asks for those that it wants to promise.
pub const RIGHTS_MAX: usize = 5_000;
/// Articles that one command looks at.
pub const GRANTS_AT_ONCE_MAX: usize = 200;

/// The rights to one article: totals that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromiseRight {
    pub granted: Qty,
    /// By the store, after sales that ate into what it had granted.
    #[serde(default)]
    pub asked: Qty,
    pub spent: Qty,
    pub released: Qty,
    /// Up to where head office has answered what was asked back.
    #[serde(default)]
    pub answered: Qty,
    /// Up to where head office wants to be granted; `None`: it has not said, and the store's rule alone decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Qty>,
}

impl PromiseRight {
    /// What head office can still promise.
    pub fn unspent(&self) -> Qty {
        self.granted - self.spent - self.released
    }

    /// Asked back, and not answered yet.
    pub fn outstanding(&self) -> Qty {
        self.asked - self.answered
    }

    /// What does not hold of them; the law is: promised ≤ granted.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let parts = [self.granted, self.asked, self.spent, self.released, self.answered];
        if parts.into_iter().any(|part| part < Qty::ZERO) {
            return Some("a total of rights is negative");
        }
        if self.spent + self.released > self.granted {
            return Some("more was promised than was granted");
        }
        (self.answered > self.asked).then_some("more was answered than was asked back")
    }
}

/// Head office's side of an article's totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightTotals {
    pub sku: Sku,
    pub spent: Qty,
    pub released: Qty,
    #[serde(default)]
    pub answered: Qty,
    /// Up to where it wants to be granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Qty>,
    /// Under which lead and which epoch of head office they are worth something; 0: it did not say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lead: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub office: u64,
}

impl RightTotals {
    /// Nothing was spent or released yet.
    pub fn none(sku: Sku) -> RightTotals {
        RightTotals { sku, spent: Qty::ZERO, released: Qty::ZERO, answered: Qty::ZERO, wanted: None, lead: 0, office: 0 }
    }
}

/// The store's side: everything that was ever granted of an article, under one lead and one epoch of head office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    pub sku: Sku,
    pub total: Qty,
}

/// Whether head office's totals can be true: they are of now, and nobody spends what was not granted. A word of an earlier epoch that was long
/// on its way would be taken for promises of this one.
fn fits(book: &OrderBook, totals: &RightTotals) -> bool {
    let is_of = |said: u64, now: u64| said == 0 || said == now;
    if !is_of(totals.lead, book.epoch()) || !is_of(totals.office, book.office_epoch) {
        return false;
    }
    let Some(right) = book.rights.get(&totals.sku) else { return totals.spent + totals.released == Qty::ZERO };
    totals.spent.max(right.spent) + totals.released.max(right.released) <= right.granted && totals.answered <= right.asked
}

/// Whether the order was accepted by spending rights that this store gave.
pub(super) fn is_promised(book: &OrderBook, order: &CollectOrder) -> bool {
    !order.rights.is_empty()
        && order.lines.iter().all(|line| order.rights.iter().any(|totals| totals.sku == line.sku && totals.spent >= line.quantity))
        && order.rights.iter().all(|totals| fits(book, totals))
}

/// Of what an order says besides: totals that can be true and are news.
pub(super) fn news(book: &OrderBook, totals: &[RightTotals]) -> Vec<RightTotals> {
    let is_news = |totals: &&RightTotals| {
        let right = book.rights.get(&totals.sku).copied().unwrap_or_default();
        fits(book, totals) && (totals.spent > right.spent || totals.released > right.released || totals.answered > right.answered)
    };
    totals.iter().filter(is_news).cloned().collect()
}

/// Head office is in a new epoch, or this is its first word to a new lead: no right of before is worth anything. What is free is granted anew.
pub(super) fn begin(case: &Case, office_epoch: u64) -> Outcome {
    let book = &case.state.orders;
    if office_epoch <= book.office_epoch {
        return Outcome::default();
    }
    let event = Event::RightsBegun { office_epoch, epoch: book.epoch(), at: case.ask.at };
    Outcome { events: vec![event], ..Outcome::default() }
}

/// What head office says of articles: those that it wants to promise, and how its totals stand. What cannot be true is left out.
pub(super) fn told(case: &Case, totals: &[RightTotals], cursor: u64) -> Outcome {
    let book = &case.state.orders;
    let mut room = RIGHTS_MAX.saturating_sub(book.rights.len());
    let mut takes = |totals: &&RightTotals| match book.rights.get(&totals.sku) {
        Some(_) => fits(book, totals),
        None => {
            let has_room = room > 0 && fits(book, totals);
            room -= usize::from(has_room);
            has_room
        }
    };
    let totals: Vec<RightTotals> = totals.iter().filter(&mut takes).cloned().collect();
    Outcome { events: vec![Event::RightsTold { totals, cursor, at: case.ask.at }], ..Outcome::default() }
}

/// From the node's timer: grants what the store's rule wants, of articles that head office asked for.
pub(super) fn grant(case: &Case, skus: &[Sku]) -> Outcome {
    let book = &case.state.orders;
    if book.office_epoch == 0 {
        return Outcome::default();
    }
    let more = |sku: &Sku| {
        let right = book.rights.get(sku)?;
        let more = to_grant(right, available(case, sku)?, &case.rules.promises);
        (more > Qty::ZERO).then(|| Granted { sku: sku.clone(), total: right.granted + more })
    };
    let grants: Vec<Granted> = skus.iter().take(GRANTS_AT_ONCE_MAX).filter_map(more).collect();
    if grants.is_empty() {
        return Outcome::default();
    }
    let event = Event::RightsGranted { grants, epoch: book.epoch(), office_epoch: book.office_epoch, at: case.ask.at };
    Outcome { events: vec![event], ..Outcome::default() }
}

/// Up to the rule's part of what is available above safety, in whole units, and no more than head office wants. Little by little would be a
/// record for each sale: a quarter of it at least, or the first. Nothing while rights are asked back.
pub fn to_grant(right: &PromiseRight, available: Qty, rules: &PromiseRules) -> Qty {
    let above = (available - rules.safety).max(Qty::ZERO);
    let part = above.thousandths() / 1_000 * i64::from(rules.grant_percent.min(100)) / 100;
    let target = right.wanted.map_or(Qty::pieces(part), |wanted| Qty::pieces(part).min(wanted - right.spent - right.released));
    let more = target - right.unspent();
    let is_worth_it = right.unspent() <= Qty::ZERO || more.thousandths() * 4 >= target.thousandths();
    if right.outstanding() > Qty::ZERO || more <= Qty::ZERO || !is_worth_it { Qty::ZERO } else { more }
}

/// Free to grant, as the page shows it. Negative: less is there than was granted.
pub fn free(right: &PromiseRight, available: Qty, rules: &PromiseRules) -> Qty {
    available - right.unspent() - rules.safety
}

/// Which rights a sale ate into.
pub(super) fn overruns(case: &Case, record: &TransactionRecord) -> Vec<Event> {
    let book = &case.state.orders;
    let mut sold: std::collections::BTreeMap<&Sku, Qty> = Default::default();
    for line in record.lines.iter().filter(|line| line.off_shelf() > Qty::ZERO && book.rights.contains_key(&line.sku)) {
        *sold.entry(&line.sku).or_default() += line.off_shelf();
    }
    let overrun = |(sku, quantity): (&Sku, Qty)| {
        let right = book.rights.get(sku)?;
        let left = (available(case, sku)? - quantity).max(Qty::ZERO);
        let over = right.unspent() - right.outstanding() - left;
        (over > Qty::ZERO && !Fault::SilentOverrun.is_planted()).then(|| Event::RightsOverrun {
            sku: sku.clone(),
            quantity: over,
            asked: right.asked + over,
            workstation: record.workstation.clone(),
            epoch: book.epoch(),
            office_epoch: book.office_epoch,
            at: case.ask.at,
        })
    };
    sold.into_iter().filter_map(overrun).collect()
}

impl OrderBook {
    /// Totals only grow, whatever comes in whichever order.
    pub(super) fn take_totals(&mut self, totals: &[RightTotals]) {
        for RightTotals { sku, spent, released, answered, wanted, lead: _, office: _ } in totals {
            let right = self.rights.entry(sku.clone()).or_default();
            right.spent = right.spent.max(*spent);
            right.released = right.released.max(*released);
            right.answered = right.answered.max(*answered);
            right.wanted = right.wanted.max(*wanted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_follows_the_rule_and_never_more_than_is_free() {
        let rules = PromiseRules { grant_percent: 50, safety: Qty::pieces(1) };
        let right =
            |granted: i64, spent: i64| PromiseRight { granted: Qty::pieces(granted), spent: Qty::pieces(spent), ..Default::default() };
        let check = |right: PromiseRight, available: i64, expect: i64| {
            assert_eq!(to_grant(&right, Qty::pieces(available), &rules), Qty::pieces(expect), "{right:?}, {available} available");
        };
        check(right(0, 0), 11, 5);
        check(right(0, 0), 1, 0);
        check(right(0, 0), -3, 0);
        check(right(5, 0), 11, 0);
        // One of five is not worth a record, two are.
        check(right(5, 1), 11, 0);
        check(right(5, 2), 11, 2);
        check(right(5, 5), 9, 4);
        check(PromiseRight { asked: Qty::pieces(1), ..right(5, 5) }, 9, 0);
        // Head office wants no more than that in all.
        let wants = |right: PromiseRight, wanted: i64| PromiseRight { wanted: Some(Qty::pieces(wanted)), ..right };
        check(wants(right(0, 0), 3), 11, 3);
        check(wants(right(3, 0), 3), 11, 0);
        check(wants(right(3, 2), 5), 11, 2);
        check(wants(right(3, 0), 0), 11, 0);
        check(wants(right(0, 0), 99), 11, 5);
        for available in -5..60 {
            for unspent in 0..30 {
                let right = right(unspent, 0);
                let more = to_grant(&right, Qty::pieces(available), &rules);
                assert!(more == Qty::ZERO || free(&right, Qty::pieces(available), &rules) >= more);
            }
        }
    }
}
