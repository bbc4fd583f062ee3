//! The safe, as the record knows it: what tills gave it less what it gave them, and bank bags from packing to collection. Nobody here
//! counts the safe; its figure is what the movements add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cash;
use super::decide::{Case, Outcome};
use super::{Answer, Event, Refusal};
use crate::ids::{BagNo, StaffId};
use crate::money::Money;
use crate::time::Stamp;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Safe {
    /// Loose cash: floats and loans out, pickups and counted tills in, bags out. Below zero when floats came out of a safe that no till
    /// has filled yet.
    pub cash: Money,
    /// Bags that wait, and those collected since the last day close.
    pub bags: BTreeMap<BagNo, Bag>,
}

/// A bank bag: whose move it is, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bag {
    pub amount: Money,
    pub packed_at: Stamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed_by: Option<StaffId>,
    /// `None`: it waits in the safe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected: Option<Collected>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    pub at: Stamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<StaffId>,
}

impl Safe {
    pub fn waiting(&self) -> impl Iterator<Item = (&BagNo, &Bag)> {
        self.bags.iter().filter(|(_, bag)| bag.collected.is_none())
    }

    pub(super) fn put_bag(&mut self, number: &BagNo, amount: Money, at: Stamp, by: Option<StaffId>) -> bool {
        self.bags.insert(number.clone(), Bag { amount, packed_at: at, packed_by: by, collected: None }).is_none()
    }
}

pub(super) fn pack_bag(case: &Case, number: &BagNo, amount: Money) -> Result<Outcome, Refusal> {
    case.business_date()?;
    cash::refuse_odd_amount(case.rules, amount)?;
    if amount > case.state.cash.safe.cash {
        return Err(Refusal::MoreThanInSafe { held: case.state.cash.safe.cash });
    }
    refuse_bag(case, number)?;

    // Cannot fail below.
    let event = Event::BagPacked { bag: number.clone(), amount, by: case.ask.staff.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

pub(super) fn collect_bag(case: &Case, number: &BagNo) -> Result<Outcome, Refusal> {
    let bag = case.state.cash.safe.bags.get(number).filter(|bag| bag.collected.is_none());
    bag.ok_or_else(|| Refusal::NoSuchBag { bag: number.to_string() })?;

    // Cannot fail below.
    let event = Event::BagCollected { bag: number.clone(), by: case.ask.staff.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

/// A number that is on no bag in the list, and room for one more.
pub(super) fn refuse_bag(case: &Case, number: &BagNo) -> Result<(), Refusal> {
    let bags = &case.state.cash.safe.bags;
    if bags.contains_key(number) {
        return Err(Refusal::BagExists { bag: number.to_string() });
    }
    let max = case.rules.limits.bags_max;
    if bags.len() >= max as usize { Err(Refusal::TooManyBags { max }) } else { Ok(()) }
}
