//! Every reason to say no: a code, what happened, what to do. A refusal changes nothing and is not recorded.

use crate::ids::{TxnId, WorkstationId};
use crate::money::{Money, Qty};

/// A no that the user can act on. Extend with care: each variant has a scenario in `tests/scenarios`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    WorkstationMissing,
    WorkstationUnknown { workstation: WorkstationId },
    CommandReused,
    DayNotOpen,
    DayAlreadyOpen,
    DayGoesBack,
    DayHasOpenTransactions { open: u32, suspended: u32 },
    UnknownArticle { code: String },
    UnknownCode { code: String },
    Misread { code: String, reason: String },
    NoPrice { name: String },
    TooManyLines { max: u32 },
    TooManyTenders { max: u32 },
    TooManySuspended { max: u32 },
    TooManyPrints { max: usize },
    QuantityNotPositive,
    QuantityTooLarge { max: Qty },
    QuantityNotWhole,
    QuantityFixedByCode,
    PriceTooHigh { max: Money },
    NoTransaction,
    NoSuchLine { line: u32 },
    NothingToUndo,
    TransactionOpenHere,
    NotSuspended { txn: TxnId },
    TendersTaken,
    NothingToPay,
    AmountNotPositive,
    AmountTooLarge { max: Money },
    CardAmountAboveDue { due: Money },
    CardRunning,
    NoCardRunning,
    NoSuchTender { index: u32 },
    CardTenderStays,
    NothingToReprint,
    NoPrinter,
    NoSuchPrint,
    PrintNotSettleable,
    FeedGoesBack,
}

impl Refusal {
    /// What happened, to which thing.
    pub fn happened(&self, _currency: &crate::money::Currency) -> String {
        format!("{self:?}")
    }
}
