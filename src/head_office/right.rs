//! Head office's side of the arithmetic of rights, pure: how its totals of one article grow, and how many units it wants to hold. The tables
//! ([`super::rights`]) go by it. The store's side is [`crate::retail::order::promise`].
//!
//! Nothing here looks at a clock for safety: days only say when to ask for more and when to give back.

use super::rights::Term;
use crate::ids::Sku;
use crate::money::Qty;
use crate::retail::order::{PromiseRight, RightTotals};

/// The store granted so many in all. A lower total is old news.
pub fn granted(right: PromiseRight, total: Qty) -> PromiseRight {
    PromiseRight { granted: right.granted.max(total), ..right }
}

/// Units promised to a customer; `None`: there are not so many.
pub fn spent(right: PromiseRight, quantity: Qty) -> Option<PromiseRight> {
    (quantity >= Qty::ZERO && right.unspent() >= quantity).then(|| PromiseRight { spent: right.spent + quantity, ..right })
}

/// The store asks back up to this total: what is unspent is given back, once for each total. `None`: that was answered.
pub fn asked_back(right: PromiseRight, asked: Qty) -> Option<PromiseRight> {
    (asked > right.asked).then(|| {
        let given = released(right, asked - right.answered);
        PromiseRight { asked, answered: asked, ..given }
    })
}

/// Gives so many back, or as many as there are.
pub fn released(right: PromiseRight, quantity: Qty) -> PromiseRight {
    let back = quantity.min(right.unspent()).max(Qty::ZERO);
    PromiseRight { released: right.released + back, ..right }
}

/// Wants to hold so many unspent. The total that is wanted only grows; holding fewer means giving back.
pub fn wanted(right: PromiseRight, hold: Qty) -> PromiseRight {
    let total = right.spent + right.released + hold;
    PromiseRight { wanted: Some(right.wanted.map_or(total, |before| before.max(total))), ..right }
}

/// As the store hears them.
pub fn totals(right: &PromiseRight, sku: &Sku, term: Term) -> RightTotals {
    RightTotals {
        sku: sku.clone(),
        spent: right.spent,
        released: right.released,
        answered: right.answered,
        wanted: right.wanted,
        lead: term.lead,
        office: term.office,
    }
}

/// How many rights head office holds of an article in a store, and when few are so few that the store has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRule {
    /// At least so many units while the article is ordered at all.
    pub hold_min: Qty,
    /// Orders of so many days are looked at.
    pub demand_days: u32,
    /// What they came to in so many days is held.
    pub cover_days: u32,
    /// After so many days without an order everything is given back.
    pub quiet_days: u32,
    /// An order that leaves fewer than these free on the shelf needs the store's word while the store is connected. Zero: never.
    pub few: Qty,
}

impl Default for HoldRule {
    fn default() -> HoldRule {
        HoldRule { hold_min: Qty::pieces(5), demand_days: 14, cover_days: 2, quiet_days: 7, few: Qty::pieces(1) }
    }
}

/// What was ordered of an article in a store on one day (counted from 1970).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    pub day: i64,
    /// Of orders that were taken.
    pub quantity: Qty,
    /// The largest of one order, also of one that was not taken.
    pub largest: Qty,
}

/// Units to hold: what is ordered in `cover_days` on the average, but enough for one more like the largest, and at least the rule's minimum;
/// nothing after quiet days.
pub fn hold(rule: &HoldRule, demand: &[Demand], today: i64) -> Qty {
    let age = |of: &Demand| today - of.day;
    if !demand.iter().any(|of| age(of) < i64::from(rule.quiet_days)) {
        return Qty::ZERO;
    }
    let recent = || demand.iter().filter(|of| age(of) < i64::from(rule.demand_days));
    let ordered: Qty = recent().map(|of| of.quantity).sum();
    let days = i64::from(rule.demand_days.max(1));
    let cover = (ordered.thousandths() * i64::from(rule.cover_days)).div_euclid(days);
    // Rights are whole units.
    let cover = Qty::pieces((cover + 999) / 1_000);
    recent().map(|of| of.largest).fold(cover.max(rule.hold_min), Qty::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_grow_and_never_more_is_promised_than_was_granted() {
        let pieces = Qty::pieces;
        let right = granted(PromiseRight::default(), pieces(5));
        assert_eq!(granted(right, pieces(3)), right, "old news");
        let right = spent(right, pieces(3)).unwrap();
        assert_eq!(spent(right, pieces(3)), None);
        let right = asked_back(right, pieces(9)).unwrap();
        assert_eq!((right.released, right.answered, right.unspent()), (pieces(2), pieces(9), Qty::ZERO));
        assert_eq!(asked_back(right, pieces(9)), None, "answered");
        assert_eq!(released(right, pieces(1)), right, "nothing is left");
        let right = wanted(right, pieces(4));
        assert_eq!(right.wanted, Some(pieces(9)));
        assert_eq!(wanted(right, pieces(1)).wanted, Some(pieces(9)), "it only grows");
    }

    #[test]
    fn what_is_held_follows_what_is_ordered() {
        let rule = HoldRule { hold_min: Qty::pieces(2), demand_days: 10, cover_days: 2, quiet_days: 5, few: Qty::ZERO };
        let day = |day, quantity, largest| Demand { day, quantity: Qty::pieces(quantity), largest: Qty::pieces(largest) };
        let check = |demand: &[Demand], expect: i64| assert_eq!(hold(&rule, demand, 100), Qty::pieces(expect), "{demand:?}");
        check(&[], 0);
        check(&[day(100, 1, 1)], 2);
        // 31 in ten days are 6.2 in two: seven.
        check(&[day(92, 21, 2), day(99, 10, 2)], 7);
        // Enough for one more like the largest, also when that one was not taken.
        check(&[day(92, 21, 2), day(99, 10, 9)], 9);
        check(&[day(100, 0, 8)], 8);
        // What is older than ten days is over, and so is all after five quiet ones.
        check(&[day(90, 500, 50), day(99, 1, 1)], 2);
        check(&[day(95, 500, 50)], 0);
        // The clock went back.
        check(&[day(110, 10, 1)], 2);
    }
}
