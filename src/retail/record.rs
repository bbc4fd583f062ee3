//! A finished transaction as it is stored for ever.

use serde::{Deserialize, Serialize};

use super::*;

/// A finished transaction, whole and self-contained. Head office, Z, electronic journal, export and returns read only this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionRecord {
    pub txn: TxnId,
    pub kind: TransactionKind,
    pub number: ReceiptNo,
    pub workstation: WorkstationId,
    pub staff: Option<StaffId>,
    pub business_date: BusinessDate,
    pub opened_at: Stamp,
    pub at: Stamp,
    pub utc_offset_min: i32,
    /// ISO 4217.
    pub currency: String,
    pub tax_mode: tax::TaxMode,
    /// Voided lines are left out; line numbers keep their gaps.
    pub lines: Vec<SoldLine>,
    /// By tax class, in the rules' order. Empty when void: nothing was owed.
    pub taxes: Vec<tax::TaxGroup>,
    /// What the customer owes: lines after discounts, plus tax when `tax_mode` is exclusive. Before cash rounding.
    /// Of a void transaction the plain sum of its lines, for the auditor.
    pub total: Money,
    /// Cash rounding, added to `total`. Its own line on the receipt.
    #[serde(default)]
    pub rounding: Money,
    pub tenders: Vec<Tender>,
    pub change: Money,
    #[serde(default)]
    pub training: bool,
    /// Coupons that took something off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<pricing::GivenCoupon>,
    /// The member's card, as scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Who bought, by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<SubjectRef>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionKind {
    Sale,
    /// Given up before completion. Keeps its lines for the auditor; moves no stock, cash or totals.
    Void,
    /// Returned lines only.
    Return,
    /// Undoes a whole sale that should not have been.
    PostVoid,
}

/// One line of a basket or of a finished transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldLine {
    /// From 1 in order of entry; never used twice in a transaction.
    pub line: u32,
    pub sku: Sku,
    pub name: String,
    /// As scanned or typed.
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    pub quantity: Qty,
    #[serde(default, skip_serializing_if = "QuantityFrom::is_entry")]
    pub quantity_from: QuantityFrom,
    pub unit: Unit,
    pub unit_price: Money,
    /// Before discounts: quantity × unit price rounded once, or the price in the code.
    pub gross: Money,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// After discounts.
    pub extended: Money,
    pub tax_class: TaxClassId,
    #[serde(default)]
    pub group: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded_price: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    pub price_version: u64,
    /// Goods that came back: then quantity and amounts are negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Box<ReturnOf>>,
    /// The price list that stood in front of the catalogue's price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_list: Option<String>,
    /// A person set `unit_price`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_set: Option<pricing::PriceSet>,
    /// Until when this very item may be sold, as its code said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<last_day::LastDay>,
    /// How `quantity`, a weight, was found at the till. `None`: it is none, or stood in the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighed: Option<weight::Weighing>,
    /// The collect order that is paid with it, at the price that was agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderNo>,
}

/// Who said how much: the cashier, who may correct it, or the code itself (a label with a weight or a price in it).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityFrom {
    #[default]
    Entry,
    Code,
}

impl QuantityFrom {
    fn is_entry(&self) -> bool {
        *self == QuantityFrom::Entry
    }
}

/// A reduction on one line, by the rule that gave it. Negative amounts reduce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// The promotion's id; of a manual one the reason's code.
    pub rule: String,
    pub text: String,
    pub amount: Money,
    #[serde(default, skip_serializing_if = "DiscountKind::is_promotion")]
    pub kind: DiscountKind,
}

/// Who gave a discount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountKind {
    #[default]
    Promotion,
    /// A promotion that a coupon brought.
    Coupon,
    /// A promotion for members.
    Member,
    /// A person, on one line.
    ManualLine,
    /// A person, on the basket; this is the line's share.
    ManualBasket,
}

impl DiscountKind {
    pub fn is_manual(self) -> bool {
        match self {
            DiscountKind::ManualLine | DiscountKind::ManualBasket => true,
            DiscountKind::Promotion | DiscountKind::Coupon | DiscountKind::Member => false,
        }
    }

    fn is_promotion(&self) -> bool {
        *self == DiscountKind::Promotion
    }
}

/// Money taken; negative: given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    pub kind: TenderKind,
    /// As handed over; for cash it may exceed what was due, the rest is change.
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// What our terminal said of it. `None` for cash, a stand-alone terminal, or when a person had to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Box<CardProof>>,
    /// Of a refund: the sale whose payment it gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_of: Option<TxnId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenderKind {
    Cash,
    Card,
}
