//! What has come back, by the sale it came from: facts of a returned line, and the count that keeps a line from coming back twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tax::TaxGroup;
use super::{SoldLine, State, TenderKind, TransactionRecord};
use crate::ids::{StoreId, TxnId};
use crate::money::{Money, Qty};

/// Sales whose returns are counted. Beyond it the oldest sales are forgotten, and nothing comes back from them by receipt any more.
pub const SALES_KEPT_MAX: usize = 100_000;

/// On a [`SoldLine`] with a negative quantity: goods that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnOf {
    /// `None`: without a receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReturnedReceipt>,
    pub disposition: Disposition,
    /// A code of the store's list.
    pub reason: String,
    /// The line's share of the taxes it was sold with, turned.
    pub tax: TaxGroup,
    /// Undoes a whole sale: a correction, not goods brought back by a customer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub post_void: bool,
}

/// Which sale a line comes back from, with all that was used of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedReceipt {
    pub txn: TxnId,
    /// As printed.
    pub number: String,
    /// `None`: this node sold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// `None`: the receipt's lines were not known, only its total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Units sold on that line; zero when not known.
    pub sold: Qty,
    /// What the whole receipt cost.
    pub total: Money,
    /// How it was paid, in order; empty when not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenders: Vec<(TenderKind, Money)>,
    /// Nobody could say what other shops had taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere_unknown: bool,
}

/// Where returned goods go. Stock follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Back on the shelf: on hand again.
    Shelf,
    /// Thrown away or written off.
    Damaged,
    /// Kept apart for the supplier.
    Supplier,
}

impl Disposition {
    pub const ALL: [Disposition; 3] = [Disposition::Shelf, Disposition::Damaged, Disposition::Supplier];

    /// Where goods can go that come back for a reason: what is broken or past its date is sold to nobody.
    pub fn of_reason(reason: &str) -> &'static [Disposition] {
        match reason {
            "defective" | "expired" => &[Disposition::Damaged, Disposition::Supplier],
            _ => &Disposition::ALL,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Disposition::Shelf => "shelf",
            Disposition::Damaged => "damaged",
            Disposition::Supplier => "supplier",
        }
    }
}

impl SoldLine {
    /// Units that leave the shelf with this line; negative: that come back onto it. Damaged goods and the
    /// supplier's do not; those of an order were off the shelf before, and leave with its hand-over.
    pub fn off_shelf(&self) -> Qty {
        if self.order.is_some() {
            return Qty::ZERO;
        }
        match self.returned.as_ref().map(|of| of.disposition) {
            None | Some(Disposition::Shelf) => self.quantity,
            Some(Disposition::Damaged | Disposition::Supplier) => Qty::ZERO,
        }
    }

    /// What a returned line gives back, tax included; zero for a sold one.
    pub fn refund(&self) -> Money {
        self.returned.as_ref().map_or(Money::ZERO, |of| -of.tax.gross)
    }
}

/// What this node has taken back, of any day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    sales: BTreeMap<TxnId, ReturnedSale>,
    /// Ids are in the order of time: this sale and older ones are forgotten.
    forgotten: Option<TxnId>,
}

/// What has come back of one sale.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedSale {
    pub lines: BTreeMap<u32, ReturnedUnits>,
    /// All money given back for it.
    pub amount: Money,
    /// By the kind it went to, of what is known how it was paid.
    pub refunded: Vec<(TenderKind, Money)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedUnits {
    pub sold: Qty,
    pub returned: Qty,
}

impl Returned {
    pub fn sale(&self, txn: TxnId) -> Option<&ReturnedSale> {
        self.sales.get(&txn)
    }

    pub fn sales(&self) -> impl Iterator<Item = (&TxnId, &ReturnedSale)> {
        self.sales.iter()
    }

    /// Units of a line that have come back here.
    pub fn of_line(&self, txn: TxnId, line: u32) -> Qty {
        self.sale(txn).and_then(|sale| sale.lines.get(&line)).map_or(Qty::ZERO, |units| units.returned)
    }

    /// Nobody knows any more what came back of it.
    pub fn is_forgotten(&self, txn: TxnId) -> bool {
        self.forgotten.is_some_and(|newest| txn <= newest)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sales.is_empty() && self.forgotten.is_none()
    }

    /// Counts the returned lines of a finished transaction, and which tenders gave the money back.
    pub(super) fn count(&mut self, record: &TransactionRecord) {
        for line in &record.lines {
            let Some(receipt) = line.returned.as_ref().and_then(|of| of.receipt.as_ref()) else { continue };
            let sale = self.sales.entry(receipt.txn).or_default();
            sale.amount += line.refund();
            if let Some(number) = receipt.line {
                let units = sale.lines.entry(number).or_default();
                units.sold = receipt.sold;
                units.returned += -line.quantity;
            }
        }
        for tender in &record.tenders {
            let Some(sale) = tender.refund_of.and_then(|txn| self.sales.get_mut(&txn)) else { continue };
            match sale.refunded.iter_mut().find(|(kind, _)| *kind == tender.kind) {
                Some((_, amount)) => *amount -= tender.amount,
                None => sale.refunded.push((tender.kind, -tender.amount)),
            }
        }
        while self.sales.len() > SALES_KEPT_MAX {
            self.forgotten = self.sales.pop_first().map(|(txn, _)| txn).max(self.forgotten);
        }
    }
}

impl State {
    /// Whether an open or suspended transaction other than `except` is taking back some of that line (`None`: of that sale).
    pub(super) fn is_being_returned(&self, txn: TxnId, line: Option<u32>, except: Option<TxnId>) -> bool {
        let others = self.baskets.values().filter(|basket| Some(basket.txn) != except);
        others.flat_map(|basket| basket.live()).any(|sold| {
            let receipt = sold.returned.as_ref().and_then(|of| of.receipt.as_ref());
            receipt.is_some_and(|receipt| receipt.txn == txn && (line.is_none() || receipt.line.is_none() || receipt.line == line))
        })
    }
}
