//! The safe: its loose cash, from one count to the next, and bank bags from packing to collection. Between counts its figure is what the
//! movements add up to; a count is blind, as a drawer's is, and from then on the figure is what was found.
//!
//! Tills never wait for the safe: cash that goes in or out while it is counted makes the count void.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cash::{self, CashCount, Paper};
use super::decide::{Case, Outcome};
use super::till::{Phase, ReportKey, ReportRef, TillCount};
use super::unproved::LostRange;
use super::{Answer, Event, Refusal, State};
use crate::ids::{BagNo, ReasonCode, StaffId};
use crate::money::Money;
use crate::time::{BusinessDate, Stamp};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Safe {
    /// Loose cash: floats and loans out, pickups and counted tills in, bags out. Below zero when floats came out of a safe that no till
    /// has filled yet.
    pub cash: Money,
    /// Bags that wait, and those collected since the last day close.
    pub bags: BTreeMap<BagNo, Bag>,
    /// The number of its newest count that was closed; the next is one more.
    #[serde(default, skip_serializing_if = "is_none")]
    pub reports: u64,
    /// The record that closed it: what was lost before does not touch the figure. 0: never counted.
    #[serde(default, skip_serializing_if = "is_none")]
    pub counted_seq: u64,
    /// Whether it is being counted.
    #[serde(default, skip_serializing_if = "Phase::is_open")]
    pub phase: Phase,
    /// How often it was counted since the last count that was closed.
    #[serde(default, skip_serializing_if = "no_counts")]
    pub counts: u32,
    /// Counts closed since the last day close.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<SafeLine>,
}

fn is_none(number: &u64) -> bool {
    *number == 0
}

fn no_counts(counts: &u32) -> bool {
    *counts == 0
}

/// A count of the safe with all that it takes to print it. Never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeReport {
    /// Counts the counts of this safe from 1, without gaps.
    pub number: u64,
    /// The business day that is open, or the last one.
    pub date: BusinessDate,
    pub at: Stamp,
    pub utc_offset_min: i32,
    pub currency: String,
    /// What the record added up to.
    pub expected: Money,
    pub counted: TillCount,
    /// Bags that waited in it, by number. They are not counted with the loose cash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bags: Vec<(BagNo, Money)>,
    /// Records since the last count that could not be read: `expected`, and so the difference, is unproved then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproved: Vec<LostRange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Box<Paper>>,
}

/// A count of the safe as the day's report lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeLine {
    pub number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<StaffId>,
    pub expected: Money,
    pub counted: Money,
    pub difference: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonCode>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproved: bool,
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

    /// Loose cash went in or out: a count under way saw another safe.
    pub(super) fn move_cash(&mut self, amount: Money) {
        self.cash += amount;
        if !amount.is_zero() {
            self.phase = Phase::Open;
        }
    }

    pub(super) fn set_phase(&mut self, phase: Phase) {
        self.counts += u32::from(matches!(phase, Phase::Counted { .. }));
        self.phase = phase;
    }

    /// What was found is there from now on.
    pub(super) fn close(&mut self, seq: u64, report: &SafeReport) -> (ReportRef, bool) {
        let fits = report.number == self.reports + 1 && (report.expected == self.cash || !report.unproved.is_empty());
        self.reports = report.number;
        self.counted_seq = seq;
        self.cash = report.counted.counted;
        self.phase = Phase::Open;
        self.counts = 0;
        self.closed.push(SafeLine {
            number: report.number,
            by: report.counted.by.clone(),
            expected: report.expected,
            counted: report.counted.counted,
            difference: report.counted.difference,
            reason: report.counted.reason.clone(),
            unproved: !report.unproved.is_empty(),
        });
        let what = ReportKey::Safe { number: report.number };
        (ReportRef { what, date: report.date, at: report.at, amount: report.counted.difference, copies: 0 }, fits)
    }

    pub(super) fn put_bag(&mut self, number: &BagNo, amount: Money, at: Stamp, by: Option<StaffId>) -> bool {
        self.bags.insert(number.clone(), Bag { amount, packed_at: at, packed_by: by, collected: None }).is_none()
    }
}

pub(super) fn pack_bag(case: &Case, number: &BagNo, amount: Money) -> Result<Outcome, Refusal> {
    case.business_date()?;
    cash::refuse_odd_amount(case.rules, amount)?;
    refuse_counting(&case.state.cash.safe)?;
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

pub(super) fn start_count(case: &Case) -> Result<Outcome, Refusal> {
    refuse_never_opened(case.state)?;
    refuse_counting(&case.state.cash.safe)?;
    let max = case.rules.limits.safe_counts_per_day_max;
    if case.state.cash.safe.closed.len() >= max as usize {
        return Err(Refusal::TooManySafeCounts { max });
    }

    // Cannot fail below.
    let event = Event::SafeCountStarted { by: case.ask.staff.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

/// Gives a count up; whoever may count may do it, so that the safe is never stuck behind someone who left.
pub(super) fn cancel_count(case: &Case) -> Result<Outcome, Refusal> {
    match case.state.cash.safe.phase {
        Phase::Counting { .. } | Phase::Counted { .. } => {}
        Phase::Open => return Err(Refusal::SafeNotBeingCounted),
    }

    // Cannot fail below.
    let event = Event::SafeCountCancelled { by: case.ask.staff.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

pub(super) fn count(case: &Case, count: &CashCount) -> Result<Outcome, Refusal> {
    let safe = &case.state.cash.safe;
    match &safe.phase {
        Phase::Open => return Err(Refusal::SafeNotBeingCounted),
        Phase::Counting { by, .. } | Phase::Counted { by, .. } if *by != case.ask.staff => return Err(being_counted(by.as_ref())),
        Phase::Counting { .. } | Phase::Counted { .. } => {}
    }
    let (counted, pieces) = count.check(case.rules)?;

    // Cannot fail below.
    let event = Event::SafeCounted { counted, pieces, expected: safe.cash, by: case.ask.staff.clone(), at: case.ask.at };
    let answer = Answer { difference: Some(counted - safe.cash), unproved: !unproved(case.state).is_empty(), ..Answer::default() };
    Ok(Outcome { events: vec![event], answer })
}

/// Ends a count: from then on the safe holds what was found.
pub(super) fn close_count(case: &Case, reason: Option<&ReasonCode>) -> Result<Outcome, Refusal> {
    let safe = &case.state.cash.safe;
    let (by, counted, pieces) = match &safe.phase {
        Phase::Open => return Err(Refusal::SafeNotBeingCounted),
        Phase::Counting { by, .. } => return Err(being_counted(by.as_ref())),
        Phase::Counted { by, .. } if *by != case.ask.staff => return Err(being_counted(by.as_ref())),
        Phase::Counted { by, counted, pieces, .. } => (by, *counted, pieces),
    };
    let date = refuse_never_opened(case.state)?;
    let (difference, unproved) = (counted - safe.cash, unproved(case.state));
    match reason {
        Some(reason) => cash::refuse_unknown_reason(&case.rules.cash.reasons.difference, reason)?,
        None if !difference.is_zero() && unproved.is_empty() => return Err(Refusal::DifferenceReasonMissing { difference }),
        None => {}
    }

    // Cannot fail below.
    let report = SafeReport {
        number: safe.reports + 1,
        date,
        at: case.ask.at,
        utc_offset_min: case.ask.utc_offset_min,
        currency: case.rules.currency.code.clone(),
        expected: safe.cash,
        counted: TillCount {
            counted,
            difference,
            reason: reason.filter(|_| !difference.is_zero()).cloned(),
            pieces: pieces.clone(),
            by: by.clone(),
            counts: safe.counts,
        },
        bags: safe.waiting().map(|(number, bag)| (number.clone(), bag.amount)).collect(),
        unproved: unproved.clone(),
        paper: case.rules.paper.clone().map(Box::new),
    };
    let answer = Answer { difference: Some(difference), unproved: !unproved.is_empty(), ..Answer::default() };
    Ok(Outcome { events: vec![Event::SafeCountClosed { report: Box::new(report) }], answer })
}

/// Records that were lost since the last count: each could have moved the safe's cash.
pub fn unproved(state: &State) -> Vec<LostRange> {
    state.unproved.ranges().filter(|range| range.last_seq > state.cash.safe.counted_seq).collect()
}

/// Before the count is given nobody is told what should be in the safe.
pub fn is_blind(safe: &Safe) -> bool {
    matches!(safe.phase, Phase::Counting { .. })
}

fn refuse_counting(safe: &Safe) -> Result<(), Refusal> {
    match &safe.phase {
        Phase::Open => Ok(()),
        Phase::Counting { by, .. } | Phase::Counted { by, .. } => Err(being_counted(by.as_ref())),
    }
}

fn being_counted(by: Option<&StaffId>) -> Refusal {
    Refusal::SafeBeingCounted { by: by.map(ToString::to_string).unwrap_or_default() }
}

/// The date a count is filed under.
fn refuse_never_opened(state: &State) -> Result<BusinessDate, Refusal> {
    super::day::current_date(state).ok_or(Refusal::DayNotOpen)
}
