//! Taxes: a class maps to ordered components; rates are integers; what was used is stored, so that a return can use it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Refusal, SoldLine};
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

/// The taxes of one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taxes {
    /// In the rules' order; only classes that occur.
    pub groups: Vec<TaxGroup>,
}

impl Taxes {
    pub fn tax(&self) -> Money {
        self.groups.iter().map(|group| group.tax).sum()
    }
    /// What the customer owes.
    pub fn gross(&self) -> Money {
        self.groups.iter().map(|group| group.gross).sum()
    }
}

/// The taxes on `lines` at the rates in force on `date`.
///
/// The tax of a class is the tax at the sum of its components' rates, rounded once where `rounding_place` says: on every line, on the
/// class's sum, or on the whole transaction. The rounded amount is then spread over the components in proportion to their rates, whole
/// minor units first and what is left by largest remainder (the earlier component wins a tie), so that components sum to the tax exactly.
/// Everything is symmetric: the same lines with the sign turned give the same amounts with the sign turned.
///
/// Refused with [`Refusal::NoTaxRate`] when a line's class is unknown or has no rate on that date.
pub fn compute<'a>(lines: impl IntoIterator<Item = &'a SoldLine>, table: &TaxTable, date: BusinessDate) -> Result<Taxes, Refusal> {
    let mut piles: BTreeMap<usize, Pile> = BTreeMap::new();
    for line in lines {
        let (index, components) = in_force(line, table, date)?;
        let rate = components.iter().map(|component| i64::from(component.rate)).sum();
        let pile = piles.entry(index).or_insert_with(|| Pile { rate, components, ..Pile::default() });
        pile.amount += line.extended;
        pile.tax_by_line += on_amount(table, line.extended, rate);
    }
    let taxes: Vec<Money> = match table.rounding_place {
        TaxRounding::Line => piles.values().map(|pile| pile.tax_by_line).collect(),
        TaxRounding::Group => piles.values().map(|pile| on_amount(table, pile.amount, pile.rate)).collect(),
        TaxRounding::Transaction => on_transaction(table, piles.values()),
    };
    let groups = piles.into_iter().zip(taxes).map(|((index, pile), tax)| group(table, &table.classes[index], &pile, tax)).collect();
    Ok(Taxes { groups })
}

/// Adds a group to those of its kind: same class, at the same rates, for the same reason.
pub(super) fn merge(groups: &mut Vec<TaxGroup>, group: &TaxGroup) {
    if let Some(held) = groups.iter_mut().find(|held| is_same_tax(held, group)) {
        held.net += group.net;
        held.tax += group.tax;
        held.gross += group.gross;
        for (held, component) in held.components.iter_mut().zip(&group.components) {
            held.base += component.base;
            held.tax += component.tax;
        }
    } else {
        let place = groups.partition_point(|held| held.class <= group.class);
        groups.insert(place, group.clone());
    }
}

pub(super) fn is_same_tax(one: &TaxGroup, other: &TaxGroup) -> bool {
    let is_same_rate = |(a, b): (&TaxAmount, &TaxAmount)| a.name == b.name && a.jurisdiction == b.jurisdiction && a.rate == b.rate;
    one.class == other.class
        && one.exempt_reason == other.exempt_reason
        && one.components.len() == other.components.len()
        && one.components.iter().zip(&other.components).all(is_same_rate)
}

/// Whether a line of this class can be sold on that date.
pub(super) fn is_defined(class: &TaxClassId, table: &TaxTable, date: BusinessDate) -> bool {
    table.classes.iter().find(|c| c.id == *class).is_some_and(|class| components_on(class, date).is_some())
}

/// The lines of one class, added up.
#[derive(Default)]
struct Pile<'a> {
    components: Vec<&'a TaxComponent>,
    /// Of all components, millionths.
    rate: i64,
    /// As priced.
    amount: Money,
    tax_by_line: Money,
}

const WHOLE: i64 = 1_000_000;

fn in_force<'a>(line: &SoldLine, table: &'a TaxTable, date: BusinessDate) -> Result<(usize, Vec<&'a TaxComponent>), Refusal> {
    let found = table.classes.iter().enumerate().find(|(_, class)| class.id == line.tax_class);
    found
        .and_then(|(index, class)| components_on(class, date).map(|components| (index, components)))
        .ok_or_else(|| Refusal::NoTaxRate { name: line.name.clone(), class: line.tax_class.clone() })
}

/// `None` when the class is taxed but no component is in force: a gap in the table must not become a sale without tax.
fn components_on(class: &TaxClass, date: BusinessDate) -> Option<Vec<&TaxComponent>> {
    if class.exempt_reason.is_some() {
        return Some(Vec::new());
    }
    let valid = |c: &&TaxComponent| c.valid_from.is_none_or(|from| from <= date) && c.valid_to.is_none_or(|to| date <= to);
    let components: Vec<&TaxComponent> = class.components.iter().filter(valid).collect();
    (!components.is_empty()).then_some(components)
}

/// What the rate is a share of: the price with the tax in it, or without.
fn divisor(table: &TaxTable, rate: i64) -> i64 {
    match table.mode {
        TaxMode::Inclusive => WHOLE + rate,
        TaxMode::Exclusive => WHOLE,
    }
}

fn on_amount(table: &TaxTable, amount: Money, rate: i64) -> Money {
    amount.scale(rate, divisor(table, rate), table.rounding_mode)
}

/// One rounding for the whole transaction, spread over the classes by largest remainder. Classes may divide by different numbers
/// (1.19 and 1.07), so each exact tax is taken to a millionth of a millionth of a minor unit and their sum to a billionth: this is the
/// definition, no law asks for more, and a tie such as 1/6 + 1/3 is still seen as the half it is.
fn on_transaction<'a>(table: &TaxTable, piles: impl Iterator<Item = &'a Pile<'a>>) -> Vec<Money> {
    const PICO: i128 = 1_000_000_000_000;
    let mut exact: Vec<i128> = piles
        .map(|pile| {
            let numerator = i128::from(pile.amount.minor()) * i128::from(pile.rate) * PICO;
            nearest(numerator, i128::from(divisor(table, pile.rate)))
        })
        .collect();
    let sum: i128 = exact.iter().sum();
    let turned = if sum == 0 { exact.iter().find(|part| **part != 0).is_some_and(|part| *part < 0) } else { sum < 0 };
    if turned {
        exact.iter_mut().for_each(|part| *part = -*part);
    }
    let rounded = table.rounding_mode.divide(nearest(sum.abs(), 1_000), PICO / 1_000);
    let whole: Vec<i64> = exact.iter().map(|part| i64::try_from(part.div_euclid(PICO)).expect("a tax fits 64 bits")).collect();
    let rest: Vec<i128> = exact.iter().map(|part| part.rem_euclid(PICO)).collect();
    spread(rounded, whole, &rest).into_iter().map(|tax| Money::from_minor(if turned { -tax } else { tax })).collect()
}

/// To the nearest integer, the middle away from zero.
fn nearest(numerator: i128, denominator: i128) -> i128 {
    let magnitude = (numerator.abs() * 2 + denominator) / (denominator * 2);
    if numerator < 0 { -magnitude } else { magnitude }
}

/// Adds what is missing to `total`, one minor unit each, where the remainder is largest.
fn spread<R: Ord>(total: i64, mut whole: Vec<i64>, rest: &[R]) -> Vec<i64> {
    let missing = total - whole.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..whole.len()).collect();
    order.sort_by(|a, b| rest[*b].cmp(&rest[*a]).then(a.cmp(b)));
    for index in order.into_iter().take(usize::try_from(missing).unwrap_or(0)) {
        whole[index] += 1;
    }
    whole
}

fn group(table: &TaxTable, class: &TaxClass, pile: &Pile, tax: Money) -> TaxGroup {
    let (net, gross) = match table.mode {
        TaxMode::Inclusive => (pile.amount - tax, pile.amount),
        TaxMode::Exclusive => (pile.amount, pile.amount + tax),
    };
    let parts = by_component(tax, pile);
    let amount = |(component, tax): (&&TaxComponent, Money)| TaxAmount {
        name: component.name.clone(),
        jurisdiction: component.jurisdiction.clone(),
        rate: component.rate,
        base: net,
        tax,
    };
    TaxGroup {
        class: class.id.clone(),
        label: class.label.clone(),
        mark: class.mark.clone(),
        exempt_reason: class.exempt_reason.clone(),
        net,
        tax,
        gross,
        components: pile.components.iter().zip(parts).map(amount).collect(),
    }
}

fn by_component(tax: Money, pile: &Pile) -> Vec<Money> {
    if pile.rate == 0 {
        return vec![Money::ZERO; pile.components.len()];
    }
    let (turned, size) = (tax.is_negative(), i128::from(tax.abs().minor()));
    let share = |component: &&TaxComponent| (size * i128::from(component.rate), i128::from(pile.rate));
    let shares: Vec<(i128, i128)> = pile.components.iter().map(share).collect();
    let whole = shares.iter().map(|(n, d)| i64::try_from(n / d).expect("a tax fits 64 bits")).collect();
    let rest: Vec<i128> = shares.iter().map(|(n, d)| n % d).collect();
    let parts = spread(tax.abs().minor(), whole, &rest);
    parts.into_iter().map(|part| Money::from_minor(if turned { -part } else { part })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(components: Vec<TaxComponent>) -> TaxClass {
        let id = TaxClassId::new("A").unwrap();
        TaxClass { id, label: "A".to_owned(), mark: "A".to_owned(), exempt_reason: None, components }
    }

    fn component(rate: u32, valid_from: Option<&str>, valid_to: Option<&str>) -> TaxComponent {
        let date = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let (valid_from, valid_to) = (date(valid_from), date(valid_to));
        TaxComponent { name: "VAT".to_owned(), jurisdiction: "DE".to_owned(), rate, valid_from, valid_to }
    }

    fn rates(class: &TaxClass, date: &str) -> Option<Vec<u32>> {
        components_on(class, date.parse().unwrap()).map(|components| components.iter().map(|c| c.rate).collect())
    }

    /// Germany in the second half of 2020: 16 instead of 19 %. Both days at each border belong to the right rate.
    #[test]
    fn a_rate_is_in_force_from_its_first_to_its_last_day() {
        let class = class(vec![
            component(190_000, None, Some("2020-06-30")),
            component(160_000, Some("2020-07-01"), Some("2020-12-31")),
            component(190_000, Some("2021-01-01"), None),
        ]);
        for (date, rate) in [("2020-06-30", 190_000), ("2020-07-01", 160_000), ("2020-12-31", 160_000), ("2021-01-01", 190_000)] {
            assert_eq!(rates(&class, date), Some(vec![rate]), "{date}");
        }
    }

    /// A gap in the table is refused and not sold without tax; an exempt class needs no rate.
    #[test]
    fn a_gap_is_no_exemption() {
        let mut class = class(vec![component(190_000, Some("2026-01-01"), None)]);
        assert_eq!(rates(&class, "2025-12-31"), None);
        class.components.clear();
        assert_eq!(rates(&class, "2026-01-01"), None);
        class.exempt_reason = Some("books".to_owned());
        assert_eq!(rates(&class, "2026-01-01"), Some(Vec::new()));
    }

    #[test]
    fn what_is_missing_goes_to_the_largest_remainder_and_ties_to_the_first() {
        assert_eq!(spread(10, vec![3, 3, 3], &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(spread(11, vec![3, 3, 3], &[0, 5, 2]), [3, 4, 4]);
        assert_eq!(spread(9, vec![3, 3, 3], &[0, 0, 0]), [3, 3, 3]);
    }
}
