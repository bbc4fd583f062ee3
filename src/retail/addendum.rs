//! Facts that come after the Z of their day: a transaction whose money was on the move when the day was closed keeps its own business
//! date, and its end is a numbered addendum of that day. The Z itself never changes.

use serde::{Deserialize, Serialize};

use super::basket::Basket;
use super::cash::Paper;
use super::day::Totals;
use super::decide::Case;
use super::{Event, TransactionRecord};
use crate::ids::{ReceiptNo, TxnId, WorkstationId};
use crate::time::{BusinessDate, Stamp};

/// The day a transaction belongs to although that day is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedUnder {
    pub date: BusinessDate,
    /// The number of the Z that listed it as open.
    pub report: u64,
}

/// One late fact of a closed day. A day's total is its Z and its addenda together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayAddendum {
    pub date: BusinessDate,
    /// Counts the addenda of this date from 1, without gaps.
    pub number: u64,
    /// The Z that listed the transaction as open.
    pub report: u64,
    pub txn: TxnId,
    pub receipt: ReceiptNo,
    pub workstation: WorkstationId,
    pub at: Stamp,
    pub utc_offset_min: i32,
    pub currency: String,
    /// Of this one transaction.
    pub totals: Totals,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Box<Paper>>,
}

/// What goes into the record of a transaction that ends after its day.
pub(super) fn of(case: &Case, basket: &Basket, record: &TransactionRecord) -> Option<Event> {
    let under = basket.closed_under?;
    let mut totals = Totals::default();
    totals.count(record);
    let addendum = DayAddendum {
        date: under.date,
        number: case.state.cash.addenda.get(&under.date).copied().unwrap_or(0) + 1,
        report: under.report,
        txn: record.txn,
        receipt: record.number.clone(),
        workstation: record.workstation.clone(),
        at: case.ask.at,
        utc_offset_min: case.ask.utc_offset_min,
        currency: case.rules.currency.code.clone(),
        totals,
        paper: case.rules.paper.clone().map(Box::new),
    };
    Some(Event::DayAddendum { addendum: Box::new(addendum) })
}
