//! The business day: open, close, and the report that is the fold of its records.

use serde::{Deserialize, Serialize};

use super::TenderKind;
use super::tax::TaxGroup;
use crate::ids::WorkstationId;
use crate::money::Money;
use crate::time::{BusinessDate, Stamp};

/// Whether the store trades, and on which date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    /// Before the first opening, or after a close. `last` never goes back.
    #[default]
    NeverOpened,
    Open {
        date: BusinessDate,
        opened_at: Stamp,
    },
    Closed {
        last: BusinessDate,
    },
}

/// X when read, Z when it closes the day. A Z equals the fold of its day's records and never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReport {
    pub date: BusinessDate,
    pub opened_at: Stamp,
    pub closed_at: Stamp,
    pub currency: String,
    pub workstations: Vec<WorkstationTotals>,
    pub totals: Totals,
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
    pub total: Money,
    pub rounding: Money,
    /// Money kept per tender: cash is less the change given.
    pub tenders: Vec<(TenderKind, Money)>,
    pub taxes: Vec<TaxGroup>,
}
