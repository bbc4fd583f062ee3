//! The business day: open, close, and the report that is the fold of its records.
//!
//! Closing waits for nothing and nobody: open transactions and open tills are listed and go on. What was being paid for keeps its date.
//!
//! The date never goes back. It may be opened again after a close (a shop closed by mistake at noon sells on): each close has its own
//! report number, and each report holds only the records since the opening before it.

use serde::{Deserialize, Serialize};

use super::basket::{Basket, Place};
use super::cash::{MovementSum, Paper};
use super::decide::{Case, Outcome};
use super::safe::SafeLine;
use super::tax::{self, TaxGroup};
use super::till::{Till, TillLine, UncountedTill};
use super::unproved::LostRange;
use super::{Answer, Event, Refusal, Rules, SoldLine, State, TenderKind, TransactionKind, TransactionRecord, print};
use crate::ids::{TxnId, WorkstationId};
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
    /// Cash that moved without a sale, all tills together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub movements: Vec<MovementSum>,
    /// Tills closed since the last Z, in the order of their closing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tills: Vec<TillLine>,
    /// Counts of the safe since the last Z.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safe: Vec<SafeLine>,
    /// Tills that are open and go on into the next day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncounted: Vec<UncountedTill>,
    /// Transactions that are not finished and stay as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenTransaction>,
    /// Minutes east of UTC in the store at `closed_at`, for what is printed. `None` in records of releases that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset_min: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Box<Paper>>,
}

/// A transaction that a Z found unfinished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTransaction {
    pub txn: TxnId,
    /// Where it stands, or who suspended it.
    pub workstation: WorkstationId,
    #[serde(default)]
    pub suspended: bool,
    pub lines: u32,
    /// Its lines after discounts.
    pub subtotal: Money,
    #[serde(default, skip_serializing_if = "Money::is_zero_ref")]
    pub paid: Money,
    /// A card payment of unknown outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Money>,
    /// Money is on the move: it ends under the date of this report, as an addendum. All others end under the day that is open then.
    #[serde(default)]
    pub keeps_date: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkstationTotals {
    pub workstation: WorkstationId,
    /// The counters of the first and last number of the day; 0 when none was drawn.
    pub first_counter: u64,
    pub last_counter: u64,
    pub totals: Totals,
    /// Numbers between first and last that belong to transactions of an earlier day, ended late.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub late: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
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
pub fn report(state: &State, rules: &Rules, at: Stamp, utc_offset_min: i32) -> Option<DayReport> {
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
                late: workstation.late,
            });
        }
    }
    let number = state.last_report.as_ref().map_or(0, |last| last.number) + 1;
    Some(DayReport {
        number,
        date,
        opened_at,
        closed_at: at,
        currency: rules.currency.code.clone(),
        workstations,
        totals,
        unproved: state.unproved.ranges().collect(),
        movements: state.cash.movements.clone(),
        tills: state.cash.closed.clone(),
        safe: state.cash.safe.closed.clone(),
        uncounted: state.cash.tills.iter().filter_map(|(till, book)| uncounted(till, book)).collect(),
        open: state.baskets.values().filter(|basket| !basket.training).map(open_transaction).collect(),
        utc_offset_min: Some(utc_offset_min),
        paper: rules.paper.clone().map(Box::new),
    })
}

fn uncounted(till: &WorkstationId, book: &Till) -> Option<UncountedTill> {
    let session = book.session.as_ref()?;
    Some(UncountedTill { till: till.clone(), number: session.number, owner: session.owner.clone(), opened_at: session.opened_at })
}

fn open_transaction(basket: &Basket) -> OpenTransaction {
    let (workstation, suspended) = match &basket.place {
        Place::At(workstation) => (workstation, false),
        Place::Suspended { by, .. } => (by, true),
    };
    OpenTransaction {
        txn: basket.txn,
        workstation: workstation.clone(),
        suspended,
        lines: u32::try_from(basket.live().count()).unwrap_or(u32::MAX),
        subtotal: basket.subtotal(),
        paid: basket.tenders.iter().map(|tender| tender.amount).sum(),
        card: basket.card.as_ref().map(|card| card.amount),
        keeps_date: basket.has_money(),
    }
}

/// The open business date, or the last one.
pub fn current_date(state: &State) -> Option<BusinessDate> {
    match state.day {
        Day::Open { date, .. } => Some(date),
        Day::Closed { last } => Some(last),
        Day::NeverOpened => None,
    }
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
    let report = report(case.state, case.rules, case.ask.at, case.ask.utc_offset_min).ok_or(Refusal::DayNotOpen)?;

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
