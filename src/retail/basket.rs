//! An open transaction: lines as they come and go, what each act can be undone to, tenders so far.

use serde::{Deserialize, Serialize};

use super::{SoldLine, Tender};
use crate::ids::{AttemptId, StaffId, TxnId, WorkstationId};
use crate::money::Money;
use crate::time::Stamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    pub txn: TxnId,
    pub opened_at: Stamp,
    pub staff: Option<StaffId>,
    pub place: Place,
    /// Voided lines stay, so that undo can bring them back and line numbers are never used twice.
    pub lines: Vec<BasketLine>,
    pub undo: Vec<UndoStep>,
    pub tenders: Vec<Tender>,
    /// A card payment of unknown outcome: whose move it is: the cashier's.
    pub card: Option<CardAttempt>,
}

/// Where a transaction is. Whose move: the named workstation's cashier, or anyone's who recalls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    At(WorkstationId),
    Suspended { by: WorkstationId, at: Stamp },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasketLine {
    pub sold: SoldLine,
    pub voided: bool,
}

/// What to put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoStep {
    /// The line goes away again.
    Added { line: u32 },
    /// The line gets its former content.
    Changed { former: Box<SoldLine> },
    /// The line comes back.
    Voided { line: u32 },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardAttempt {
    pub attempt: AttemptId,
    pub amount: Money,
    pub at: Stamp,
}
