//! The store's cash for its back office: tills, safe and X reports as they are now, and the list of stored reports by business date. What a
//! report says is read back from the journal; nothing is added up here but amounts that stand in reports.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::ids::{StaffId, WorkstationId};
use crate::money::Money;
use crate::retail::day::{self, Day, DayReport};
use crate::retail::till::{self, CashBook, Phase, ReportKey, ReportRef, Session, TillReport};
use crate::retail::{Refusal, Rules, State};
use crate::time::{BusinessDate, Stamp};

/// One look at the state.
#[derive(Debug, Clone)]
pub struct CashNow {
    pub day: Day,
    pub book: CashBook,
    /// X of every open till. Who may see which: [`CashNow::till_x`].
    tills: BTreeMap<WorkstationId, TillReport>,
    day_x: Result<DayReport, Refusal>,
}

/// Why a figure of the moment is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unshown {
    Refused(Refusal),
    /// The reader answers for this open till, and has not counted it yet.
    Own(WorkstationId),
}

/// Names a stored report: its record, and its place among that record's reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportId {
    pub seq: u64,
    pub place: usize,
}

/// All reports of one business date, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayReports {
    pub days: Vec<(ReportId, ReportRef)>,
    pub addenda: Vec<(ReportId, ReportRef)>,
    pub tills: Vec<(ReportId, ReportRef)>,
    /// Counts of the safe.
    pub safe: Vec<(ReportId, ReportRef)>,
}

impl CashNow {
    pub fn of(state: &State, rules: &Rules, at: Stamp, utc_offset_min: i32) -> CashNow {
        let open = state.cash.tills.keys().filter_map(|id| Some((id.clone(), till::report(state, rules, id, at, utc_offset_min)?)));
        let day_x = till::refuse_blind_day(state).and_then(|()| day::report(state, rules, at, utc_offset_min).ok_or(Refusal::DayNotOpen));
        CashNow { day: state.day.clone(), book: state.cash.clone(), tills: open.collect(), day_x }
    }

    /// What should be in a till, for a reader. Counts are blind: nobody sees it while the till is being counted, and who answers for it does not
    /// see it before they have counted.
    pub fn till_x(&self, till: &WorkstationId, reader: Option<&StaffId>) -> Result<&TillReport, Unshown> {
        let not_open = || Unshown::Refused(Refusal::TillNotOpen { till: till.clone() });
        let session = self.book.session(till).ok_or_else(not_open)?;
        till::refuse_blind(till, session).map_err(Unshown::Refused)?;
        refuse_owner(till, session, reader)?;
        self.tills.get(till).ok_or_else(not_open)
    }

    /// The day so far, for a reader: by the same rule, over all tills.
    pub fn day_x(&self, reader: Option<&StaffId>) -> Result<&DayReport, Unshown> {
        for (till, book) in &self.book.tills {
            if let Some(session) = &book.session {
                refuse_owner(till, session, reader)?;
            }
        }
        self.day_x.as_ref().map_err(|refusal| Unshown::Refused(refusal.clone()))
    }

    /// Stored reports by business date.
    pub fn days(&self) -> BTreeMap<BusinessDate, DayReports> {
        let mut days: BTreeMap<BusinessDate, DayReports> = BTreeMap::new();
        for (seq, reports) in &self.book.reports {
            for (place, report) in reports.iter().enumerate() {
                let id = ReportId { seq: *seq, place };
                let day = days.entry(report.date).or_default();
                let list = match report.what {
                    ReportKey::Day { .. } => &mut day.days,
                    ReportKey::Till { .. } => &mut day.tills,
                    ReportKey::Addendum { .. } => &mut day.addenda,
                    ReportKey::Safe { .. } => &mut day.safe,
                };
                list.push((id, report.clone()));
            }
        }
        days
    }
}

fn refuse_owner(till: &WorkstationId, session: &Session, reader: Option<&StaffId>) -> Result<(), Unshown> {
    let counts_next = match session.phase {
        Phase::Open | Phase::Counting { .. } => true,
        Phase::Counted { .. } => false,
    };
    match reader {
        Some(reader) if counts_next && session.owner.as_ref() == Some(reader) => Err(Unshown::Own(till.clone())),
        Some(_) | None => Ok(()),
    }
}

impl DayReports {
    /// The day's turnover: its Zs and its addenda together.
    pub fn total(&self) -> Money {
        self.days.iter().chain(&self.addenda).map(|(_, report)| report.amount).sum()
    }

    /// Counted less expected, over all tills closed on that date.
    pub fn difference(&self) -> Money {
        self.tills.iter().map(|(_, report)| report.amount).sum()
    }

    /// In the order in which they were recorded.
    pub fn all(&self) -> Vec<&(ReportId, ReportRef)> {
        let mut all: Vec<_> = self.days.iter().chain(&self.addenda).chain(&self.tills).chain(&self.safe).collect();
        all.sort_by_key(|(id, _)| *id);
        all
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seq, self.place)
    }
}

impl FromStr for ReportId {
    type Err = ();
    fn from_str(text: &str) -> Result<ReportId, ()> {
        let (seq, place) = text.split_once('-').ok_or(())?;
        Ok(ReportId { seq: seq.parse().map_err(|_| ())?, place: place.parse().map_err(|_| ())? })
    }
}
