//! What State keeps of stock work: sheets that are being filled, tasks that wait for a count, articles that ran low, deliveries that were
//! taken in. And, per article, when it last moved and was last counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{DeliveryNo, Sku, StaffId, WorkstationId};
use crate::money::{Qty, Unit};
use crate::time::{BusinessDate, Stamp};

/// Lines of one count or receipt of goods.
pub const SHEET_LINES_MAX: usize = 500;
/// Counts that wait to be done. Beyond it the oldest goes, and the page says how many went.
pub const TASKS_MAX: usize = 1_000;
/// Articles on the list of those that ran low. Beyond it no more are put on it, and the page says that it is full.
pub const LOW_MAX: usize = 2_000;
/// Delivery numbers that are remembered, so that no delivery is taken in twice.
pub const DELIVERIES_KEPT_MAX: usize = 1_000;
/// Counts for want of movement or of a count that wait at once. More are raised when some are done.
pub const CYCLE_TASKS_OPEN_MAX: usize = 20;

/// What a sheet becomes when it is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SheetKind {
    /// What lies on the shelf, each line absolute.
    Count,
    /// Goods that came.
    Receipt,
}

/// A count or a receipt of goods that is being filled at a workstation: one of each kind at most. Every scan is on the record, so a restart
/// loses nothing of it; the stock changes only when it is finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// Who began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<StaffId>,
    pub opened_at: Stamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryNo>,
    pub lines: Vec<SheetLine>,
    pub next_line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetLine {
    /// From 1; never used twice on a sheet.
    pub line: u32,
    pub sku: Sku,
    pub name: String,
    #[serde(default)]
    pub unit: Unit,
    /// `None`: on the list, and not counted yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Qty>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// As its code says: the last day on which it may be sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<BusinessDate>,
    /// Of a count: what was known when the quantity was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// Of a count that differed much: what was counted first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Qty>,
}

/// The head that a count saw, and what the book said there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The newest record before it.
    pub head_seq: u64,
    /// On hand by the book; `None`: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_hand: Option<Qty>,
    /// Units in bags of orders: in the store, and not on the shelf.
    #[serde(default)]
    pub in_bags: Qty,
    /// What came (positive) and left (negative) after it.
    #[serde(default)]
    pub since: Qty,
}

/// Who, where and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockStep {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<StaffId>,
    pub workstation: WorkstationId,
    pub at: Stamp,
}

/// One article of a finished count. `on_hand` is what is there from here on: counted, with what lies in bags, and with what moved since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedLine {
    pub line: u32,
    pub sku: Sku,
    pub counted: Qty,
    pub seen: Seen,
    pub on_hand: Qty,
    /// By the book before; `None`: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Qty>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Qty>,
}

/// One line of goods that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedLine {
    pub sku: Sku,
    pub quantity: Qty,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<BusinessDate>,
}

/// Why units are not what the book says, outside of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustWhy {
    Damaged,
    Expired,
    OwnUse,
    Stolen,
    Found,
}

impl AdjustWhy {
    pub const ALL: [AdjustWhy; 5] = [AdjustWhy::Damaged, AdjustWhy::Expired, AdjustWhy::OwnUse, AdjustWhy::Stolen, AdjustWhy::Found];

    /// As in the record.
    pub fn name(self) -> &'static str {
        match self {
            AdjustWhy::Damaged => "damaged",
            AdjustWhy::Expired => "expired",
            AdjustWhy::OwnUse => "own_use",
            AdjustWhy::Stolen => "stolen",
            AdjustWhy::Found => "found",
        }
    }

    /// Whether units come to the book or leave it.
    pub fn signed(self, quantity: Qty) -> Qty {
        match self {
            AdjustWhy::Damaged | AdjustWhy::Expired | AdjustWhy::OwnUse | AdjustWhy::Stolen => -quantity,
            AdjustWhy::Found => quantity,
        }
    }

    /// Whether units leave the shelf with it. What was stolen or found had gone or come before.
    pub fn moves_goods(self) -> bool {
        match self {
            AdjustWhy::Damaged | AdjustWhy::Expired | AdjustWhy::OwnUse => true,
            AdjustWhy::Stolen | AdjustWhy::Found => false,
        }
    }
}

/// Why somebody should count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountWhy {
    /// The book fell below zero.
    Negative,
    /// A picker found nothing.
    ShortPick,
    NotMoved,
    NotCounted,
}

impl CountWhy {
    /// Raised by the passing of time.
    pub fn is_cycle(self) -> bool {
        match self {
            CountWhy::NotMoved | CountWhy::NotCounted => true,
            CountWhy::Negative | CountWhy::ShortPick => false,
        }
    }
}

/// A count that waits. Done by counting the article, whoever does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockTask {
    pub sku: Sku,
    pub why: CountWhy,
    pub at: Stamp,
    /// Who does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<StockStep>,
}

/// Why a count is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DismissWhy {
    /// The cause is known and put right.
    Explained,
    /// The article is not kept any more.
    Delisted,
    /// The whole shop is counted soon.
    Inventory,
}

/// An article of which less is there than its minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Low {
    /// When it fell below.
    pub at: Stamp,
    pub on_hand: Qty,
    pub min: Qty,
}

/// A delivery that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    pub delivery: DeliveryNo,
    pub document: u64,
    pub at: Stamp,
}

/// When an article last moved and was last counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub ms: i64,
    pub seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<StaffId>,
}

/// All of it but the marks, which are many and not shown as a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockBook {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<WorkstationId, Arc<Sheet>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub receipts: BTreeMap<WorkstationId, Arc<Sheet>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<u64, Arc<StockTask>>,
    #[serde(default)]
    pub tasks_given: u64,
    /// Since ever, for want of room.
    #[serde(default)]
    pub tasks_dropped: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub low: BTreeMap<Sku, Low>,
    /// Counts and receipts of goods that were finished; the next one's number is one more.
    #[serde(default)]
    pub documents: u64,
    /// In the order in which they were taken in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Booked>,
}

impl StockBook {
    pub fn is_empty(&self) -> bool {
        *self == StockBook::default()
    }

    pub fn sheet(&self, kind: SheetKind, workstation: &WorkstationId) -> Option<&Sheet> {
        match kind {
            SheetKind::Count => self.counts.get(workstation).map(AsRef::as_ref),
            SheetKind::Receipt => self.receipts.get(workstation).map(AsRef::as_ref),
        }
    }

    pub fn task_of(&self, sku: &Sku) -> Option<(u64, &StockTask)> {
        self.tasks.iter().find(|(_, task)| task.sku == *sku).map(|(number, task)| (*number, task.as_ref()))
    }

    /// Where else an article is being counted now.
    pub fn counted_elsewhere<'a>(
        &'a self,
        sku: &'a Sku,
        here: &'a WorkstationId,
    ) -> impl Iterator<Item = (&'a WorkstationId, &'a SheetLine)> {
        let others = self.counts.iter().filter(move |(workstation, _)| *workstation != here);
        others.flat_map(move |(workstation, sheet)| {
            sheet.lines.iter().filter(move |line| line.sku == *sku && line.quantity.is_some()).map(move |line| (workstation, line))
        })
    }

    pub fn cycle_tasks(&self) -> usize {
        self.tasks.values().filter(|task| task.why.is_cycle()).count()
    }
}

/// What does not hold of the book, in words; `None` when all is well.
pub(in crate::retail) fn broken(book: &StockBook) -> Option<String> {
    for (workstation, sheet) in book.counts.iter().chain(&book.receipts) {
        let numbers: Vec<u32> = sheet.lines.iter().map(|line| line.line).collect();
        if numbers.is_empty() && sheet.delivery.is_none() || numbers.len() > SHEET_LINES_MAX {
            return Some(format!("the sheet at {workstation} has {} lines", numbers.len()));
        }
        if !numbers.is_sorted_by(|a, b| a < b) || numbers.last().is_some_and(|last| *last >= sheet.next_line) {
            return Some(format!("the sheet at {workstation} uses a line's number twice"));
        }
        if let Some(line) = sheet.lines.iter().find(|line| line.quantity.is_some_and(|quantity| quantity < Qty::ZERO)) {
            return Some(format!("the sheet at {workstation} has less than nothing of {}", line.sku));
        }
    }
    for (workstation, sheet) in &book.counts {
        let twice = |line: &&SheetLine| sheet.lines.iter().filter(|other| other.sku == line.sku).count() > 1;
        if let Some(line) = sheet.lines.iter().find(twice) {
            return Some(format!("{} is counted twice on the sheet at {workstation}", line.sku));
        }
        if let Some(line) = sheet.lines.iter().find(|line| line.quantity.is_some() != line.seen.is_some()) {
            return Some(format!("the count of {} at {workstation} does not say what it saw", line.sku));
        }
    }
    let twice = |task: &&Arc<StockTask>| book.tasks.values().filter(|other| other.sku == task.sku).count() > 1;
    if let Some(task) = book.tasks.values().find(twice) {
        return Some(format!("two counts wait for {}", task.sku));
    }
    (book.tasks.len() > TASKS_MAX || book.low.len() > LOW_MAX || book.deliveries.len() > DELIVERIES_KEPT_MAX)
        .then(|| "a list of stock work is longer than its limit".to_owned())
}
