//! The store's rules as checked configuration: currency, taxes, rounding, notes, workstations. Passed into every decision;
//! never read by `apply` (events carry what was used).

use serde::{Deserialize, Serialize};

use super::cash::{CashRules, Paper};
use super::open_price::Department;
use super::pricing::Reason;
use super::stock::StockRules;
use super::tax::TaxTable;
use crate::ids::{DeviceName, Sku, StoreId, WorkstationId};
use crate::money::{Currency, Money, Qty, RoundingMode};

/// Checked by whoever builds it (configuration, tests): every workstation once, every tax class once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub store: StoreId,
    pub currency: Currency,
    pub tax: TaxTable,
    /// How quantity × unit price becomes minor units.
    pub line_rounding: RoundingMode,
    /// The smallest cash amount (5 for CHF 0.05); 0 or 1 = none.
    pub cash_step: Money,
    /// Notes and large coins for the tender buttons, ascending.
    pub notes: Vec<Money>,
    pub workstations: Vec<WorkstationRules>,
    pub limits: Limits,
    /// Whether a person must be signed in, and rights are asked. Without, everyone may do everything.
    pub staff_required: bool,
    /// Minutes without an act after which a till locks itself; 0: never.
    pub idle_lock_min: u32,
    #[serde(default)]
    pub returns: ReturnRules,
    /// Why a price may be changed by hand.
    #[serde(default)]
    pub discount_reasons: Vec<Reason>,
    /// Cash needs a till that was opened with a counted float.
    pub cash_control: bool,
    pub cash: CashRules,
    /// What reports carry, so that whoever holds the record shows the same paper. `None` in tests that print nothing.
    pub paper: Option<Paper>,
    #[serde(default)]
    pub till: TillRules,
    #[serde(default)]
    pub stock: StockRules,
    #[serde(default)]
    pub promises: PromiseRules,
}

/// How much of its stock a store lets head office promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromiseRules {
    /// Of what is available above `safety`. 0: nothing is granted, and every order needs the store's word.
    pub grant_percent: u32,
    /// Units of each article that are never granted.
    pub safety: Qty,
}

impl Default for PromiseRules {
    fn default() -> PromiseRules {
        PromiseRules { grant_percent: 50, safety: Qty::pieces(1) }
    }
}

/// What a store's tills offer besides scanning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillRules {
    /// In the places they keep.
    #[serde(default)]
    pub quick_keys: Vec<QuickKey>,
    #[serde(default)]
    pub departments: Vec<Department>,
}

/// A key that sells one article with one tap, or with a price and one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickKey {
    pub text: String,
    pub sells: QuickSale,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuickSale {
    /// As it would be typed: a code, a PLU or an article number.
    Code(String),
    /// A department, whose price is typed.
    Department(Sku),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkstationRules {
    pub id: WorkstationId,
    pub receipt_printer: Option<DeviceName>,
    /// The drawer hangs on the receipt printer.
    pub has_drawer: bool,
    /// Where the labels of bags that are packed here come out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_printer: Option<DeviceName>,
    /// The card terminal that the till drives. `None`: a stand-alone one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<DeviceName>,
    /// The scale that stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<DeviceName>,
}

/// Every limit with its name that a store may set. Reaching one is a refusal. How long answers are kept is not among them: it decides
/// what State is, so it is a constant in `answers.rs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub lines_per_transaction_max: u32,
    pub tenders_per_transaction_max: u32,
    pub suspended_max: u32,
    pub quantity_max: Qty,
    /// Of goods that are weighed at the till: net, and on the scale.
    pub weight_min: Qty,
    pub weight_max: Qty,
    /// A typed weight is a multiple of it, as the scale beside the till would show it.
    pub weight_step: Qty,
    pub unit_price_max: Money,
    /// Of all lines of a transaction together. Keeps every sum of a day far below 2^53.
    pub transaction_total_max: Money,
    /// More cash than this in one tender is a typing error ("9780 EUR for a 7.49 sale").
    pub cash_tender_max: Money,
    pub print_jobs_open_max: usize,
    /// In one drawer. More is a typing error: a float of a billion.
    pub till_cash_max: Money,
    /// Tills closed in one business day, all workstations together: a day's Z lists each.
    pub till_sessions_per_day_max: u32,
    /// Bank bags in the list at once.
    pub bags_max: u32,
    /// Counts of the safe closed in one business day.
    pub safe_counts_per_day_max: u32,
}

/// What a store takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnRules {
    /// Codes of the reasons to choose from, in the order of their buttons.
    pub reasons: Vec<String>,
    /// Of one receipt of another store, while nobody can say what has come back elsewhere.
    pub unknown_elsewhere_max: Money,
    /// In one transaction without a receipt.
    pub without_receipt_max: Money,
    /// How long after a sale it can be undone as a whole.
    pub post_void_minutes_max: u32,
}

impl Default for ReturnRules {
    fn default() -> ReturnRules {
        ReturnRules {
            reasons: ["unwanted", "defective", "wrong_item", "expired", "other"].map(str::to_owned).to_vec(),
            unknown_elsewhere_max: Money::from_minor(10_000),
            without_receipt_max: Money::from_minor(5_000),
            post_void_minutes_max: 15,
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            lines_per_transaction_max: 1_000,
            tenders_per_transaction_max: 20,
            suspended_max: 200,
            quantity_max: Qty::pieces(99_999),
            weight_min: Qty::from_thousandths(1),
            weight_max: Qty::pieces(30),
            weight_step: Qty::from_thousandths(1),
            unit_price_max: Money::from_minor(1_000_000_000),
            transaction_total_max: Money::from_minor(100_000_000_000),
            cash_tender_max: Money::from_minor(1_000_000_000),
            print_jobs_open_max: 500,
            till_cash_max: Money::from_minor(10_000_000_000),
            till_sessions_per_day_max: 500,
            bags_max: 500,
            safe_counts_per_day_max: 50,
        }
    }
}

impl Rules {
    pub fn workstation(&self, id: &WorkstationId) -> Option<&WorkstationRules> {
        self.workstations.iter().find(|w| w.id == *id)
    }
}
