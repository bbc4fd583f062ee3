//! The business day: open, close, and the report that is the fold of its records.
//!
//! The date never goes back. It may be opened again after a close (a shop closed by mistake at noon sells on): each close has its own
//! report number, and each report holds only the records since the opening before it.

use serde::{Deserialize, Serialize};

use super::decide::{Case, Outcome};
use super::tax::{self, TaxGroup};
use super::unproved::LostRange;
use super::{Answer, Event, Refusal, Rules, SoldLine, State, TenderKind, TransactionKind, TransactionRecord, print};
use crate::ids::WorkstationId;
use crate::money::Money;
use crate::time::{BusinessDate, Stamp};

/// Whether the store trades, and on which date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    #[default]
    NeverOpened,
    Open {
        date: BusinessDate,
        opened_at: Stamp,
    },
    /// `last` never goes back.
    Closed {
        last: BusinessDate,
    },
}

/// X when read, Z when it closes the day. A Z equals the fold of its day's records and never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReport {
    /// Counts the closes of this node from 1, without gaps. An X bears the number its Z will have.
    #[serde(default)]
    pub number: u64,
    pub date: BusinessDate,
    pub opened_at: Stamp,
    pub closed_at: Stamp,
    pub currency: String,
    pub workstations: Vec<WorkstationTotals>,
    pub totals: Totals,
    /// Records that could not be read when the report was made: it may lack what they held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproved: Vec<LostRange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkstationTotals {
    pub workstation: WorkstationId,
    /// The counters of the first and last number of the day; 0 when none was drawn.
    pub first_counter: u64,
    pub last_counter: u64,
    pub totals: Totals,
}

/// Sums over finished transactions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub sales: u64,
    pub voids: u64,
    /// Transactions of returned lines only. One that sells as well is a sale.
    #[serde(default, skip_serializing_if = "is_none")]
    pub returns: u64,
    #[serde(default, skip_serializing_if = "is_none")]
    pub post_voids: u64,
    /// Money for all goods that came back, tax included; taken off `total` already.
    #[serde(default, skip_serializing_if = "no_money")]
    pub returned: Money,
    pub total: Money,
    pub rounding: Money,
    /// Money kept per tender: cash is less the change given.
    pub tenders: Vec<(TenderKind, Money)>,
    /// By class, and apart where a rate differs.
    pub taxes: Vec<TaxGroup>,
}

fn no_money(amount: &Money) -> bool {
    amount.is_zero()
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// The day so far, as it would be closed at `at`. `None` while no day is open.
pub fn report(state: &State, rules: &Rules, at: Stamp) -> Option<DayReport> {
    let Day::Open { date, opened_at } = state.day else { return None };
    let mut totals = Totals::default();
    let mut workstations = Vec::new();
    for (id, workstation) in &state.workstations {
        if workstation.first_counter > 0 {
            totals.merge(&workstation.totals);
            workstations.push(WorkstationTotals {
                workstation: id.clone(),
                first_counter: workstation.first_counter,
                last_counter: workstation.counter,
                totals: workstation.totals.clone(),
            });
        }
    }
    let number = state.last_report.as_ref().map_or(0, |last| last.number) + 1;
    let (currency, unproved) = (rules.currency.code.clone(), state.unproved.ranges().collect());
    Some(DayReport { number, date, opened_at, closed_at: at, currency, workstations, totals, unproved })
}

impl Totals {
    /// Adds one finished transaction.
    pub fn count(&mut self, record: &TransactionRecord) {
        if record.training {
            return;
        }
        match record.kind {
            TransactionKind::Void => self.voids += 1,
            TransactionKind::Sale | TransactionKind::Return | TransactionKind::PostVoid => {
                match record.kind {
                    TransactionKind::Sale => self.sales += 1,
                    TransactionKind::Return => self.returns += 1,
                    TransactionKind::PostVoid => self.post_voids += 1,
                    TransactionKind::Void => {}
                }
                self.returned += record.lines.iter().map(SoldLine::refund).sum();
                self.total += record.total;
                self.rounding += record.rounding;
                for tender in &record.tenders {
                    self.keep(tender.kind, tender.amount);
                }
                if !record.change.is_zero() {
                    self.keep(TenderKind::Cash, -record.change);
                }
                for group in &record.taxes {
                    tax::merge(&mut self.taxes, group);
                }
            }
        }
    }

    pub fn merge(&mut self, other: &Totals) {
        self.sales += other.sales;
        self.voids += other.voids;
        self.returns += other.returns;
        self.post_voids += other.post_voids;
        self.returned += other.returned;
        self.total += other.total;
        self.rounding += other.rounding;
        for (kind, amount) in &other.tenders {
            self.keep(*kind, *amount);
        }
        for group in &other.taxes {
            tax::merge(&mut self.taxes, group);
        }
    }

    fn keep(&mut self, kind: TenderKind, amount: Money) {
        match self.tenders.binary_search_by_key(&kind, |(kind, _)| *kind) {
            Ok(found) => self.tenders[found].1 += amount,
            Err(place) => self.tenders.insert(place, (kind, amount)),
        }
    }
}

pub(super) fn open(case: &Case, date: BusinessDate) -> Result<Outcome, Refusal> {
    match case.state.day {
        Day::Open { .. } => return Err(Refusal::DayAlreadyOpen),
        Day::Closed { last } if date < last => return Err(Refusal::DayGoesBack { last }),
        Day::Closed { .. } | Day::NeverOpened => {}
    }
    // A day typed as 2062 could never be taken back. One day ahead is a shop that opens before midnight.
    if local_date(case).and_then(|today| today.tomorrow().ok()).is_some_and(|tomorrow| date > tomorrow) {
        return Err(Refusal::DayTooFarAhead { date });
    }

    // Cannot fail below.
    Ok(Outcome { events: vec![Event::DayOpened { date, at: case.ask.at }], answer: Answer::default() })
}

pub(super) fn close(case: &Case) -> Result<Outcome, Refusal> {
    let report = report(case.state, case.rules, case.ask.at).ok_or(Refusal::DayNotOpen)?;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let suspended = case.state.suspended().count();
    if !case.state.baskets.is_empty() {
        return Err(Refusal::DayHasOpenTransactions { open: count(case.state.baskets.len() - suspended), suspended: count(suspended) });
    }

    // Cannot fail below.
    let paper = print::day_report(case, &report);
    let job = paper.as_ref().map(|_| case.ask.fresh.job);
    let events = std::iter::once(Event::DayClosed { report: Box::new(report) }).chain(paper).collect();
    Ok(Outcome { events, answer: Answer { job, ..Answer::default() } })
}

fn local_date(case: &Case) -> Option<BusinessDate> {
    let local_ms = case.ask.at.ms.checked_add(i64::from(case.ask.utc_offset_min) * 60_000)?;
    let local = jiff::Timestamp::from_millisecond(local_ms).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(local).date())
}
