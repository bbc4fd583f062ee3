//! Taxes: a class maps to ordered components; rates are integers; what was used is stored, so that a return can use it again.

use serde::{Deserialize, Serialize};

use crate::ids::TaxClassId;
use crate::money::{Money, RoundingMode};
use crate::time::BusinessDate;

/// Whether shelf prices contain the tax (VAT) or it is added at the till (US sales tax).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxMode {
    Inclusive,
    Exclusive,
}

/// Where the one rounding of a tax amount happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxRounding {
    Line,
    Group,
    Transaction,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxTable {
    pub mode: TaxMode,
    pub rounding_place: TaxRounding,
    pub rounding_mode: RoundingMode,
    /// In the order of the receipt's tax table.
    pub classes: Vec<TaxClass>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxClass {
    pub id: TaxClassId,
    /// As on the receipt: "19 %", "food".
    pub label: String,
    /// The one letter that joins a line with the tax table ("A").
    pub mark: String,
    /// No tax, and why ("export", "books"): then `components` is empty.
    #[serde(default)]
    pub exempt_reason: Option<String>,
    pub components: Vec<TaxComponent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxComponent {
    pub name: String,
    pub jurisdiction: String,
    /// Millionths: 19 % = 190_000, 4.5 % = 45_000, 0.375 % = 3_750.
    pub rate: u32,
    #[serde(default)]
    pub valid_from: Option<BusinessDate>,
    /// The last day of validity.
    #[serde(default)]
    pub valid_to: Option<BusinessDate>,
}

/// The tax of one class in one transaction, as charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxGroup {
    pub class: TaxClassId,
    pub label: String,
    pub mark: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exempt_reason: Option<String>,
    /// Without the tax.
    pub net: Money,
    pub tax: Money,
    /// net + tax.
    pub gross: Money,
    pub components: Vec<TaxAmount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxAmount {
    pub name: String,
    pub jurisdiction: String,
    pub rate: u32,
    pub base: Money,
    pub tax: Money,
}
