//! The till: the accountable cash in one drawer, from its counted float to its counted end. Closed, open, being counted (blind: nobody is
//! shown what should be there), counted, closed again with expected, counted and difference. It is filed under its workstation.
//!
//! What is in the drawer follows the hand that moves it: cash moves a till when it is taken, given back or given as change, also while
//! the transaction is still open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cash::{self, CashCount, CashMovement, MovementKind, MovementSum, Paper, Pieces};
use super::decide::{Case, Outcome};
use super::event::{PrintSubject, StoredRef};
use super::rules::WorkstationRules;
use super::safe::{self, Safe, SafeReport};
use super::unproved::LostRange;
use super::{Answer, Event, Refusal, Rules, State, print};
use crate::ids::{BagNo, ReasonCode, StaffId, WorkstationId};
use crate::money::Money;
use crate::time::{BusinessDate, Stamp};

/// Reports that State can find again: the newest. The journal keeps them all.
pub const REPORTS_KEPT_MAX: usize = 1_000;

/// Everything the record knows of the store's cash. One part of a carry-forward.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CashBook {
    pub tills: BTreeMap<WorkstationId, Till>,
    pub safe: Safe,
    /// Movements of all tills since the last day close.
    pub movements: Vec<MovementSum>,
    /// Tills closed since the last day close.
    pub closed: Vec<TillLine>,
    /// The last addendum of each date that can still get one.
    pub addenda: BTreeMap<BusinessDate, u64>,
    /// Z reports and addenda by the record that holds them.
    pub reports: BTreeMap<u64, Vec<ReportRef>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Till {
    /// The number of its newest Z; the next is one more.
    pub reports: u64,
    /// The number of its newest movement.
    pub movements: u64,
    /// `None`: closed.
    pub session: Option<Session>,
}

/// A till from its opening to its Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The number its Z will have.
    pub number: u64,
    /// The record that opened it: what was lost before does not touch it. 0 in carry-forwards of releases that did not say.
    #[serde(default)]
    pub opened_seq: u64,
    pub owner: Option<StaffId>,
    pub opened_on: BusinessDate,
    pub opened_at: Stamp,
    pub float: Money,
    /// Cash taken for transactions less what was given back and given as change.
    pub taken: Money,
    pub movements: Vec<MovementSum>,
    /// What should be in the drawer: kept along with each event, so that an invariant can hold it against the sums above.
    pub cash: Money,
    pub phase: Phase,
    /// How often it was counted since it was opened.
    pub counts: u32,
}

/// Whose move it is, at a till or at the safe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The cashier's.
    #[default]
    Open,
    /// Of the one who counts; cash stands still.
    Counting { by: Option<StaffId>, since: Stamp },
    /// Of the same: close, hand over, or count again. Any cash that moves makes the count void.
    Counted { by: Option<StaffId>, counted: Money, pieces: Vec<Pieces>, at: Stamp },
}

/// X when read, Z when it closes the till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillReport {
    pub till: WorkstationId,
    /// Counts the closes of this till from 1, without gaps. An X bears the number its Z will have.
    pub number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<StaffId>,
    pub opened_on: BusinessDate,
    pub opened_at: Stamp,
    /// The business date it is closed or read on.
    pub date: BusinessDate,
    pub closed_at: Stamp,
    pub utc_offset_min: i32,
    pub currency: String,
    pub float: Money,
    pub taken: Money,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub movements: Vec<MovementSum>,
    /// float + taken + loans + paid in − pickups − paid out.
    pub expected: Money,
    /// `None` in an X: it closes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<TillCount>,
    /// Set when the drawer went on to another person with what was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<StaffId>,
    /// Records since the opening that could not be read when the report was made: `expected`, and so a difference, is unproved then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproved: Vec<LostRange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Box<Paper>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillCount {
    pub counted: Money,
    /// counted − expected.
    pub difference: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonCode>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Pieces>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<StaffId>,
    /// How often it was counted before this count was taken.
    pub counts: u32,
}

/// A till's Z as the day's Z lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillLine {
    pub till: WorkstationId,
    pub number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<StaffId>,
    pub expected: Money,
    pub counted: Money,
    pub difference: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonCode>,
    /// Records of this till were lost when it was closed: what it should have held is not known for certain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproved: bool,
}

/// A till that was open when the day was closed. It goes on into the next one; nobody is told what should be in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UncountedTill {
    pub till: WorkstationId,
    pub number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<StaffId>,
    pub opened_at: Stamp,
}

/// Where a float came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FloatFrom {
    Safe,
    /// From whoever had the drawer before: it stayed where it was.
    Predecessor,
}

/// A stored report, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRef {
    pub what: ReportKey,
    pub date: BusinessDate,
    pub at: Stamp,
    /// Turnover of a day or an addendum, difference of a till or of the safe.
    pub amount: Money,
    /// How many were printed again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub copies: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKey {
    Day {
        number: u64,
    },
    Till {
        till: WorkstationId,
        number: u64,
    },
    Addendum {
        date: BusinessDate,
        number: u64,
    },
    /// A count of the safe.
    Safe {
        number: u64,
    },
}

impl Phase {
    pub fn is_open(&self) -> bool {
        matches!(self, Phase::Open)
    }
}

impl Session {
    /// What should be in the drawer by the sums alone.
    pub fn expected(&self) -> Money {
        self.float + self.taken + self.movements.iter().map(|sum| sum.kind.signed(sum.amount)).sum()
    }

    /// Cash went in or out: a count under way saw another drawer.
    pub(super) fn disturb(&mut self) {
        self.phase = Phase::Open;
    }
}

impl CashBook {
    pub fn session(&self, till: &WorkstationId) -> Option<&Session> {
        self.tills.get(till)?.session.as_ref()
    }

    /// Cash for a transaction: taken, given back, given as change. A till that is not open is nobody's: nothing is accounted.
    pub(super) fn take(&mut self, till: &WorkstationId, amount: Money) {
        if let Some(session) = self.tills.get_mut(till).and_then(|till| till.session.as_mut()) {
            session.taken += amount;
            session.cash += amount;
            if !amount.is_zero() {
                session.disturb();
            }
        }
    }

    pub(super) fn open(&mut self, event: OpenedTill) -> Result<(), &'static str> {
        let OpenedTill { seq, till, number, float, from, owner, date, at } = event;
        let book = self.tills.entry(till.clone()).or_default();
        let is_next = number == book.reports + 1 && book.session.is_none();
        let session = Session {
            number,
            opened_seq: seq,
            owner: owner.clone(),
            opened_on: date,
            opened_at: at,
            float,
            taken: Money::ZERO,
            movements: Vec::new(),
            cash: float,
            phase: Phase::Open,
            counts: 0,
        };
        book.session = Some(session);
        match from {
            FloatFrom::Safe => self.safe.move_cash(-float),
            FloatFrom::Predecessor => {}
        }
        possible(is_next, "a till was opened over an open one, or under a wrong number")
    }

    pub(super) fn move_cash(&mut self, movement: &CashMovement) -> Result<(), &'static str> {
        cash::add_to_sums(&mut self.movements, movement);
        let mut new_bag = true;
        match (movement.kind, &movement.bag) {
            (MovementKind::Loan, _) => self.safe.move_cash(-movement.amount),
            (MovementKind::Pickup, None) => self.safe.move_cash(movement.amount),
            (MovementKind::Pickup, Some(bag)) => {
                new_bag = self.safe.put_bag(bag, movement.amount, movement.at, movement.staff.clone());
            }
            (MovementKind::PaidIn | MovementKind::PaidOut | MovementKind::NoSale, _) => {}
        }
        let till = self.tills.entry(movement.till.clone()).or_default();
        let is_next = movement.number == till.movements + 1;
        till.movements = movement.number;
        possible(is_next && new_bag, "a cash movement was numbered wrongly, or its bag was there already")?;
        match till.session.as_mut() {
            Some(session) => {
                let amount = movement.kind.signed(movement.amount);
                cash::add_to_sums(&mut session.movements, movement);
                session.cash += amount;
                if !amount.is_zero() {
                    session.disturb();
                }
                Ok(())
            }
            None => possible(movement.kind == MovementKind::NoSale, "cash moved at a till that is not open"),
        }
    }

    pub(super) fn set_phase(&mut self, till: &WorkstationId, phase: Phase) -> Result<(), &'static str> {
        let session = self.tills.get_mut(till).and_then(|till| till.session.as_mut());
        let session = session.ok_or("a till was counted that is not open")?;
        session.counts += u32::from(matches!(phase, Phase::Counted { .. }));
        session.phase = phase;
        Ok(())
    }

    pub(super) fn close(&mut self, seq: u64, report: &TillReport) -> Result<(), &'static str> {
        let book = self.tills.entry(report.till.clone()).or_default();
        let session = book.session.take();
        let is_next = report.number == book.reports + 1;
        book.reports = report.number;
        let counted = report.counted.as_ref().ok_or("a till was closed without a count")?;
        if report.handed_to.is_none() {
            self.safe.move_cash(counted.counted);
        }
        self.closed.push(TillLine {
            till: report.till.clone(),
            number: report.number,
            owner: report.owner.clone(),
            expected: report.expected,
            counted: counted.counted,
            difference: counted.difference,
            reason: counted.reason.clone(),
            unproved: !report.unproved.is_empty(),
        });
        let what = ReportKey::Till { till: report.till.clone(), number: report.number };
        self.remember(seq, ReportRef { what, date: report.date, at: report.closed_at, amount: counted.difference, copies: 0 });
        possible(is_next && session.is_some(), "a till was closed that was not open, or under a wrong number")?;
        let fits = session.is_some_and(|session| {
            session.number == report.number
                && session.float == report.float
                && session.taken == report.taken
                && session.movements == report.movements
                && session.cash == report.expected
                && counted.counted == report.expected + counted.difference
        });
        // What was lost when it was closed may have come back since; the report says that it could lack something.
        possible(fits || !report.unproved.is_empty(), "a till report differs from its records")
    }

    pub(super) fn add(&mut self, seq: u64, addendum: &super::addendum::DayAddendum) -> Result<(), &'static str> {
        let former = self.addenda.insert(addendum.date, addendum.number).unwrap_or(0);
        let what = ReportKey::Addendum { date: addendum.date, number: addendum.number };
        self.remember(seq, ReportRef { what, date: addendum.date, at: addendum.at, amount: addendum.totals.total, copies: 0 });
        possible(addendum.number == former + 1, "an addendum was skipped or numbered twice")
    }

    pub(super) fn close_safe_count(&mut self, seq: u64, report: &SafeReport) -> Result<(), &'static str> {
        let was_counted = matches!(self.safe.phase, Phase::Counted { .. });
        let (stored, fits) = self.safe.close(seq, report);
        self.remember(seq, stored);
        possible(was_counted && fits, "a count of the safe differs from its records, or under a wrong number")
    }

    /// `None`: there is no such report, or it is too old to be listed.
    pub fn report(&self, of: &StoredRef) -> Option<&ReportRef> {
        self.reports.get(&of.seq)?.get(usize::try_from(of.place).ok()?)
    }

    pub(super) fn count_copy(&mut self, of: &StoredRef, copy: u32) {
        let reports = self.reports.get_mut(&of.seq);
        if let Some(report) = reports.and_then(|reports| reports.get_mut(usize::try_from(of.place).ok()?)) {
            report.copies = copy;
        }
    }

    pub(super) fn remember(&mut self, seq: u64, report: ReportRef) {
        self.reports.entry(seq).or_default().push(report);
        while self.reports.len() > REPORTS_KEPT_MAX {
            self.reports.pop_first();
        }
    }
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What [`Event::TillOpened`] says.
pub(super) struct OpenedTill<'a> {
    pub seq: u64,
    pub till: &'a WorkstationId,
    pub number: u64,
    pub float: Money,
    pub from: FloatFrom,
    pub owner: &'a Option<StaffId>,
    pub date: BusinessDate,
    pub at: Stamp,
}

/// The till so far, as it would be closed at `at`, without a count. `None` while it is closed.
pub fn report(state: &State, rules: &Rules, till: &WorkstationId, at: Stamp, utc_offset_min: i32) -> Option<TillReport> {
    let session = state.cash.session(till)?;
    Some(TillReport {
        till: till.clone(),
        number: session.number,
        owner: session.owner.clone(),
        opened_on: session.opened_on,
        opened_at: session.opened_at,
        date: super::day::current_date(state).unwrap_or(session.opened_on),
        closed_at: at,
        utc_offset_min,
        currency: rules.currency.code.clone(),
        float: session.float,
        taken: session.taken,
        movements: session.movements.clone(),
        expected: session.cash,
        counted: None,
        handed_to: None,
        unproved: unproved(state, session),
        paper: rules.paper.clone().map(Box::new),
    })
}

/// Records that were lost since the till was opened: each could have moved its cash. Empty: what should be in it is proved.
pub fn unproved(state: &State, session: &Session) -> Vec<LostRange> {
    state.unproved.ranges().filter(|range| range.last_seq > session.opened_seq).collect()
}

/// Cash of a sale needs a till that somebody answers for and nobody is counting.
pub(super) fn refuse_cash(case: &Case, workstation: &WorkstationRules) -> Result<(), Refusal> {
    match case.state.cash.session(&workstation.id) {
        Some(session) => refuse_counting(&workstation.id, session),
        None if case.rules.cash_control => Err(Refusal::TillNotOpen { till: workstation.id.clone() }),
        None => Ok(()),
    }
}

pub(super) fn open_till(case: &Case, float: &CashCount) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let date = case.business_date()?;
    if case.state.cash.session(&workstation.id).is_some() {
        return Err(Refusal::TillAlreadyOpen { till: workstation.id.clone() });
    }
    refuse_many_sessions(case)?;
    let (float, pieces) = float.check(case.rules)?;

    // Cannot fail below.
    let opened = Event::TillOpened {
        till: workstation.id.clone(),
        number: next_report(case, &workstation.id),
        float,
        pieces,
        from: FloatFrom::Safe,
        owner: case.ask.staff.clone(),
        date,
        at: case.ask.at,
    };
    let drawer = print::drawer_alone(workstation, case.ask.fresh.txn);
    Ok(Outcome { events: std::iter::once(opened).chain(drawer).collect(), answer: Answer::default() })
}

/// A movement as it was asked for.
pub(super) struct Asked<'a> {
    pub kind: MovementKind,
    pub amount: Money,
    pub reason: Option<&'a ReasonCode>,
    pub bag: Option<&'a BagNo>,
}

pub(super) fn move_cash(case: &Case, asked: Asked) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let date = case.business_date()?;
    let session = open_session(case, workstation)?;
    refuse_counting(&workstation.id, session)?;
    cash::refuse_odd_amount(case.rules, asked.amount)?;
    let moved = asked.kind.signed(asked.amount);
    let is_proved = unproved(case.state, session).is_empty();
    if asked.kind == MovementKind::PaidOut && !is_proved {
        return Err(Refusal::TillUnproved { till: workstation.id.clone() });
    }
    // An unproved figure refuses no pickup: the lost record may have brought the cash that lies in the drawer.
    if moved.is_negative() && asked.amount > session.cash && is_proved {
        return Err(Refusal::MoreThanInTill { till: workstation.id.clone() });
    }
    let max = case.rules.limits.till_cash_max;
    if session.cash + moved > max {
        return Err(Refusal::TillCashTooMuch { max });
    }
    let reasons = match asked.kind {
        MovementKind::PaidIn => case.rules.cash.reasons.paid_in.as_slice(),
        MovementKind::PaidOut => case.rules.cash.reasons.paid_out.as_slice(),
        MovementKind::NoSale => case.rules.cash.reasons.no_sale.as_slice(),
        MovementKind::Loan | MovementKind::Pickup => &[],
    };
    if let Some(reason) = asked.reason {
        cash::refuse_unknown_reason(reasons, reason)?;
    }
    if let Some(bag) = asked.bag {
        safe::refuse_bag(case, bag)?;
    }

    // Cannot fail below.
    Ok(recorded(case, workstation, date, asked))
}

/// Opens the drawer without a sale.
pub(super) fn no_sale(case: &Case, reason: &ReasonCode) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let date = case.business_date()?;
    if case.rules.cash_control {
        open_session(case, workstation)?;
    }
    cash::refuse_unknown_reason(&case.rules.cash.reasons.no_sale, reason)?;

    // Cannot fail below.
    let asked = Asked { kind: MovementKind::NoSale, amount: Money::ZERO, reason: Some(reason), bag: None };
    Ok(recorded(case, workstation, date, asked))
}

pub(super) fn start_count(case: &Case) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let session = open_session(case, workstation)?;
    refuse_counting(&workstation.id, session)?;

    // Cannot fail below.
    let started = Event::TillCountStarted { till: workstation.id.clone(), by: case.ask.staff.clone(), at: case.ask.at };
    let drawer = print::drawer_alone(workstation, case.ask.fresh.txn);
    Ok(Outcome { events: std::iter::once(started).chain(drawer).collect(), answer: Answer::default() })
}

/// Gives a count up; anyone may, so that a drawer is never stuck behind someone who left.
pub(super) fn cancel_count(case: &Case) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    match open_session(case, workstation)?.phase {
        Phase::Counting { .. } | Phase::Counted { .. } => {}
        Phase::Open => return Err(Refusal::TillNotBeingCounted { till: workstation.id.clone() }),
    }

    // Cannot fail below.
    let event = Event::TillCountCancelled { till: workstation.id.clone(), by: case.ask.staff.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

pub(super) fn count(case: &Case, count: &CashCount) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let session = open_session(case, workstation)?;
    match &session.phase {
        Phase::Open => return Err(Refusal::TillNotBeingCounted { till: workstation.id.clone() }),
        Phase::Counting { by, .. } | Phase::Counted { by, .. } if *by != case.ask.staff => {
            return Err(being_counted(&workstation.id, by.as_ref()));
        }
        Phase::Counting { .. } | Phase::Counted { .. } => {}
    }
    let (counted, pieces) = count.check(case.rules)?;

    // Cannot fail below.
    let event = Event::TillCounted {
        till: workstation.id.clone(),
        counted,
        pieces,
        expected: session.cash,
        by: case.ask.staff.clone(),
        at: case.ask.at,
    };
    let is_unproved = !unproved(case.state, session).is_empty();
    let answer = Answer { difference: Some(counted - session.cash), unproved: is_unproved, ..Answer::default() };
    Ok(Outcome { events: vec![event], answer })
}

pub(super) fn close_till(case: &Case, reason: Option<&ReasonCode>) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let report = counted_report(case, workstation, reason)?;

    // Cannot fail below.
    let difference = report.counted.as_ref().map(|counted| counted.difference);
    let paper = print::paper(case, workstation, PrintSubject::TillReport(Box::new(report.clone())), false);
    let job = paper.as_ref().map(|_| case.ask.fresh.job);
    let answer = Answer { job, difference, unproved: !report.unproved.is_empty(), ..Answer::default() };
    let events = std::iter::once(Event::TillClosed { report: Box::new(report) }).chain(paper).collect();
    Ok(Outcome { events, answer })
}

/// The drawer goes to another person with what was just counted: one Z for the one who leaves, one opening for the one who comes.
pub(super) fn hand_over(case: &Case, to: &StaffId, reason: Option<&ReasonCode>) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let date = case.business_date()?;
    if open_session(case, workstation)?.owner.as_ref() == Some(to) {
        return Err(Refusal::HandOverToOwner { staff: to.to_string() });
    }
    let report = TillReport { handed_to: Some(to.clone()), ..counted_report(case, workstation, reason)? };
    refuse_many_sessions(case)?;

    // Cannot fail below.
    let counted = report.counted.clone().expect("a counted report has a count");
    let paper = print::paper(case, workstation, PrintSubject::TillReport(Box::new(report.clone())), false);
    let job = paper.as_ref().map(|_| case.ask.fresh.job);
    let opened = Event::TillOpened {
        till: workstation.id.clone(),
        number: report.number + 1,
        float: counted.counted,
        pieces: counted.pieces,
        from: FloatFrom::Predecessor,
        owner: Some(to.clone()),
        date,
        at: case.ask.at,
    };
    let answer = Answer { job, difference: Some(counted.difference), unproved: !report.unproved.is_empty(), ..Answer::default() };
    let events = [Event::TillClosed { report: Box::new(report) }, opened].into_iter().chain(paper).collect();
    Ok(Outcome { events, answer })
}

/// Prints what a report would say now. Nothing is closed and no figure changes.
pub(super) fn print_x(case: &Case, of: XReport) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let (at, offset) = (case.ask.at, case.ask.utc_offset_min);
    let what = match of {
        XReport::Till => {
            let session = open_session(case, workstation)?;
            refuse_blind(&workstation.id, session)?;
            let report = report(case.state, case.rules, &workstation.id, at, offset);
            PrintSubject::TillX(Box::new(report.ok_or_else(|| Refusal::TillNotOpen { till: workstation.id.clone() })?))
        }
        XReport::Day => {
            refuse_blind_day(case.state)?;
            let report = super::day::report(case.state, case.rules, at, offset).ok_or(Refusal::DayNotOpen)?;
            PrintSubject::DayX(Box::new(report))
        }
    };
    workstation.receipt_printer.as_ref().ok_or(Refusal::NoPrinter)?;
    let max = case.rules.limits.print_jobs_open_max;
    let paper = print::paper(case, workstation, what, false).ok_or(Refusal::TooManyPrints { max })?;

    // Cannot fail below.
    Ok(Outcome { events: vec![paper], answer: Answer { job: Some(case.ask.fresh.job), ..Answer::default() } })
}

/// Which report is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XReport {
    /// Of the till at the asking workstation.
    Till,
    Day,
}

/// While a till is being counted no report says what its cash should be: the count is blind.
pub fn refuse_blind_day(state: &State) -> Result<(), Refusal> {
    let open = state.cash.tills.iter().filter_map(|(id, till)| till.session.as_ref().map(|session| (id, session)));
    for (id, session) in open {
        refuse_blind(id, session)?;
    }
    Ok(())
}

/// Before the count is given; once it is, the difference is known.
pub fn refuse_blind(till: &WorkstationId, session: &Session) -> Result<(), Refusal> {
    match &session.phase {
        Phase::Counting { by, .. } => Err(being_counted(till, by.as_ref())),
        Phase::Open | Phase::Counted { .. } => Ok(()),
    }
}

fn counted_report(case: &Case, workstation: &WorkstationRules, reason: Option<&ReasonCode>) -> Result<TillReport, Refusal> {
    let session = open_session(case, workstation)?;
    let Phase::Counted { by, counted, pieces, .. } = &session.phase else {
        return Err(Refusal::TillNotCounted { till: workstation.id.clone() });
    };
    let difference = *counted - session.cash;
    match reason {
        Some(reason) => cash::refuse_unknown_reason(&case.rules.cash.reasons.difference, reason)?,
        // Closing waits for nothing: a difference from an unproved figure is nobody's to explain.
        None if !difference.is_zero() && unproved(case.state, session).is_empty() => {
            return Err(Refusal::DifferenceReasonMissing { difference });
        }
        None => {}
    }
    let x = report(case.state, case.rules, &workstation.id, case.ask.at, case.ask.utc_offset_min);
    let x = x.ok_or_else(|| Refusal::TillNotOpen { till: workstation.id.clone() })?;
    let counted = TillCount {
        counted: *counted,
        difference,
        reason: reason.filter(|_| !difference.is_zero()).cloned(),
        pieces: pieces.clone(),
        by: by.clone(),
        counts: session.counts,
    };
    Ok(TillReport { counted: Some(counted), ..x })
}

fn recorded(case: &Case, workstation: &WorkstationRules, date: BusinessDate, asked: Asked) -> Outcome {
    let movement = CashMovement {
        number: case.state.cash.tills.get(&workstation.id).map_or(0, |till| till.movements) + 1,
        till: workstation.id.clone(),
        kind: asked.kind,
        amount: asked.amount,
        reason: asked.reason.cloned(),
        bag: asked.bag.cloned(),
        staff: case.ask.staff.clone(),
        date,
        at: case.ask.at,
        utc_offset_min: case.ask.utc_offset_min,
    };
    let slip = print::paper(case, workstation, PrintSubject::CashSlip(Box::new(movement.clone())), workstation.has_drawer);
    let job = slip.as_ref().map(|_| case.ask.fresh.job);
    // The drawer opens with the slip; without one by itself.
    let slip = slip.or_else(|| print::drawer_alone(workstation, case.ask.fresh.txn));
    let events = std::iter::once(Event::CashMoved { movement: Box::new(movement) }).chain(slip).collect();
    Outcome { events, answer: Answer { job, ..Answer::default() } }
}

fn open_session<'a>(case: &Case<'a>, workstation: &WorkstationRules) -> Result<&'a Session, Refusal> {
    case.state.cash.session(&workstation.id).ok_or_else(|| Refusal::TillNotOpen { till: workstation.id.clone() })
}

fn refuse_counting(till: &WorkstationId, session: &Session) -> Result<(), Refusal> {
    match &session.phase {
        Phase::Open => Ok(()),
        Phase::Counting { by, .. } | Phase::Counted { by, .. } => Err(being_counted(till, by.as_ref())),
    }
}

fn being_counted(till: &WorkstationId, by: Option<&StaffId>) -> Refusal {
    Refusal::TillBeingCounted { till: till.clone(), by: by.map(ToString::to_string).unwrap_or_default() }
}

fn refuse_many_sessions(case: &Case) -> Result<(), Refusal> {
    let max = case.rules.limits.till_sessions_per_day_max;
    if case.state.cash.closed.len() >= max as usize { Err(Refusal::TooManyTillSessions { max }) } else { Ok(()) }
}

fn next_report(case: &Case, till: &WorkstationId) -> u64 {
    case.state.cash.tills.get(till).map_or(0, |till| till.reports) + 1
}

fn possible(is_possible: bool, why: &'static str) -> Result<(), &'static str> {
    if is_possible { Ok(()) } else { Err(why) }
}
