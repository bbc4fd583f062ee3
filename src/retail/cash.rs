//! Cash as values: pieces of money, movements between drawer, safe and outside, and the rules for them. Whose cash it is and who counts
//! it lives in `till.rs`, what lies in the back office in `safe.rs`.

use serde::{Deserialize, Serialize};

use super::{Refusal, Rules};
use crate::ids::{BagNo, ReasonCode, StaffId, WorkstationId};
use crate::money::{Currency, Money, RoundingMode};
use crate::time::{BusinessDate, Stamp};

/// So many notes or coins of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pieces {
    pub value: Money,
    pub count: u32,
}

/// Cash as someone hands it over or counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashCount {
    Total(Money),
    /// By denomination, in any order.
    Pieces(Vec<Pieces>),
}

/// Why cash moved without a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// From the safe into the drawer.
    Loan,
    /// From the drawer into the safe.
    Pickup,
    /// From outside into the drawer.
    PaidIn,
    /// From the drawer to outside.
    PaidOut,
    /// The drawer was opened and nothing moved.
    NoSale,
}

impl MovementKind {
    /// What `amount` does to the drawer.
    pub fn signed(self, amount: Money) -> Money {
        match self {
            MovementKind::Loan | MovementKind::PaidIn => amount,
            MovementKind::Pickup | MovementKind::PaidOut => -amount,
            MovementKind::NoSale => Money::ZERO,
        }
    }
}

/// One movement at one till, whole: the slip prints from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashMovement {
    /// Counts the movements of this till from 1, for ever, without gaps.
    pub number: u64,
    pub till: WorkstationId,
    pub kind: MovementKind,
    /// Never negative; zero for a no-sale.
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonCode>,
    /// Of a pickup that went into a bank bag at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bag: Option<BagNo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<StaffId>,
    pub date: BusinessDate,
    pub at: Stamp,
    pub utc_offset_min: i32,
}

/// Movements of one kind and reason together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementSum {
    pub kind: MovementKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonCode>,
    pub count: u64,
    pub amount: Money,
}

/// Adds a movement to sums that are kept in the order of kind and reason.
pub(super) fn add_to_sums(sums: &mut Vec<MovementSum>, movement: &CashMovement) {
    let key = (movement.kind, movement.reason.as_ref());
    match sums.binary_search_by(|sum| (sum.kind, sum.reason.as_ref()).cmp(&key)) {
        Ok(found) => {
            sums[found].count += 1;
            sums[found].amount += movement.amount;
        }
        Err(place) => {
            let sum = MovementSum { kind: movement.kind, reason: movement.reason.clone(), count: 1, amount: movement.amount };
            sums.insert(place, sum);
        }
    }
}

/// What all movements of one kind come to.
pub fn sum_of(sums: &[MovementSum], kind: MovementKind) -> Money {
    sums.iter().filter(|sum| sum.kind == kind).map(|sum| sum.amount).sum()
}

/// How a store handles its cash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashRules {
    /// Notes and coins that may be counted, ascending.
    pub denominations: Vec<Money>,
    /// What a till usually begins with: the default of the opening screen.
    pub usual_float: Money,
    pub reasons: CashReasons,
}

/// Reasons by code, in the order in which they are offered. What a person types besides is not journalled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashReasons {
    pub paid_in: Vec<ReasonCode>,
    pub paid_out: Vec<ReasonCode>,
    pub no_sale: Vec<ReasonCode>,
    pub difference: Vec<ReasonCode>,
}

impl Default for CashReasons {
    fn default() -> CashReasons {
        let list = |codes: &[&str]| codes.iter().map(|code| ReasonCode::new(code).expect("a plain word is a code")).collect();
        CashReasons {
            paid_in: list(&["found", "deposit", "other"]),
            paid_out: list(&["supplies", "postage", "cleaning", "other"]),
            no_sale: list(&["change_money", "check_drawer", "other"]),
            difference: list(&["wrong_change", "miscounted", "unknown", "other"]),
        }
    }
}

/// What stands on every paper of the store, as text. It rides in a report, so that head office shows the same paper from the record alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    pub store_name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address_lines: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tax_id: String,
    /// A language tag that `document::Locale::from_tag` reads.
    pub locale: String,
}

/// The notes and coins of a currency, ascending, without those below the smallest cash amount. For currencies outside the table: 1, 2 and 5
/// of every power of ten from one minor unit to 500 whole ones.
pub fn denominations(currency: &Currency, step: Money) -> Vec<Money> {
    let values: Vec<i64> = match currency.code.as_str() {
        "EUR" => vec![1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000],
        "CHF" => vec![5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 100_000],
        "GBP" => vec![1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
        "USD" => vec![1, 5, 10, 25, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000],
        "JPY" => vec![1, 5, 10, 50, 100, 500, 1_000, 2_000, 5_000, 10_000],
        _ => {
            let whole = 10i64.pow(u32::from(currency.exponent));
            let powers = std::iter::successors(Some(1i64), |power| Some(power * 10)).take_while(|power| *power <= whole * 100);
            powers.flat_map(|power| [power, power * 2, power * 5]).collect()
        }
    };
    values.into_iter().filter(|value| *value >= step.minor()).map(Money::from_minor).collect()
}

impl CashCount {
    /// The sum and the pieces in order, each value once. Nothing is a possible sum: an empty drawer can be counted.
    pub(super) fn check(&self, rules: &Rules) -> Result<(Money, Vec<Pieces>), Refusal> {
        let max = rules.limits.till_cash_max;
        let (total, pieces) = match self {
            CashCount::Total(total) => (i128::from(total.minor()), Vec::new()),
            CashCount::Pieces(pieces) => {
                if let Some(odd) = pieces.iter().find(|pieces| rules.cash.denominations.binary_search(&pieces.value).is_err()) {
                    return Err(Refusal::NoSuchDenomination { value: odd.value });
                }
                let of = |value: &Money| pieces.iter().filter(|p| p.value == *value).map(|p| u64::from(p.count)).sum::<u64>();
                let counts = rules.cash.denominations.iter().map(|value| (*value, of(value))).filter(|(_, count)| *count > 0);
                let mut listed = Vec::new();
                let mut total = 0;
                for (value, count) in counts {
                    total += i128::from(value.minor()) * i128::from(count);
                    listed.push(Pieces { value, count: u32::try_from(count).map_err(|_| Refusal::TillCashTooMuch { max })? });
                }
                (total, listed)
            }
        };
        if total < 0 {
            return Err(Refusal::AmountNotPositive);
        }
        let total = i64::try_from(total).ok().map(Money::from_minor).filter(|total| *total <= max);
        let total = total.ok_or(Refusal::TillCashTooMuch { max })?;
        refuse_unpayable(rules, total)?;
        Ok((total, pieces))
    }
}

/// An amount that notes and coins can make.
pub(super) fn refuse_unpayable(rules: &Rules, amount: Money) -> Result<(), Refusal> {
    if amount.to_step(rules.cash_step, RoundingMode::Down) != amount {
        return Err(Refusal::CashNotPayable { step: rules.cash_step });
    }
    Ok(())
}

/// An amount that can be moved at all.
pub(super) fn refuse_odd_amount(rules: &Rules, amount: Money) -> Result<(), Refusal> {
    if amount <= Money::ZERO {
        return Err(Refusal::AmountNotPositive);
    }
    let max = rules.limits.till_cash_max;
    if amount > max {
        return Err(Refusal::TillCashTooMuch { max });
    }
    refuse_unpayable(rules, amount)
}

/// A reason out of the list for such an act.
pub(super) fn refuse_unknown_reason(list: &[ReasonCode], code: &ReasonCode) -> Result<(), Refusal> {
    if list.contains(code) { Ok(()) } else { Err(Refusal::CashReasonUnknown { code: code.to_string() }) }
}
