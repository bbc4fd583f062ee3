//! What the store's journal adds up to: only what today's decisions need exactly.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::basket::Basket;
use super::day::{Day, Totals};
use super::print::OpenPrint;
use super::{Answer, Feed, TransactionRecord, UplinkAck};
use crate::ids::{CommandId, JobId, Sku, TxnId, WorkstationId};
use crate::money::Qty;
use crate::time::Stamp;

/// A function of the node's own journal alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub day: Day,
    pub workstations: BTreeMap<WorkstationId, Workstation>,
    /// Open and suspended transactions.
    pub baskets: BTreeMap<TxnId, Basket>,
    /// Print jobs without an outcome, and those whose outcome a person must settle.
    pub prints: BTreeMap<JobId, OpenPrint>,
    /// Own movements per article; see [`super::stock`].
    pub movements: BTreeMap<Sku, Vec<Movement>>,
    pub feeds: BTreeMap<Feed, AdoptedFeed>,
    pub uplink: Option<UplinkAck>,
    pub answers: Answers,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workstation {
    /// The last transaction number drawn; the next is one more, for ever.
    pub counter: u64,
    /// The transaction on its screen.
    pub open: Option<TxnId>,
    /// The newest finished sale, for "reprint last" and for the screen.
    pub last: Option<Arc<TransactionRecord>>,
    /// Copies printed of `last`.
    pub last_copies: u32,
    /// Of the open business day.
    pub first_counter: u64,
    pub totals: Totals,
}

/// Units that left (negative) or came (positive), and the record that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    pub seq: u64,
    pub quantity: Qty,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedFeed {
    pub version: u64,
    pub hash: String,
    pub at: Stamp,
}

/// Answers of the last 48 hours, at most 100,000, in order of their records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    by_id: BTreeMap<CommandId, Given>,
    by_seq: BTreeMap<u64, CommandId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub content: String,
    pub at: Stamp,
    pub answer: Answer,
}

use super::{Ask, Decision, Facts, Refusal, Rules};

pub(super) fn decide(_state: &State, _rules: &Rules, _ask: &Ask, _facts: &Facts) -> Result<Decision, Refusal> {
    unimplemented!()
}
