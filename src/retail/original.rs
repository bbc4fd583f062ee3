//! The sale that goods come back from, and what part of it a part of a line is.
//!
//! A line's price and tax are divided over its units by growing shares: what the first n units of N cost is rounded, and a return of
//! units n to m gives back the difference. So partial returns sum to the whole exactly, in whatever portions they come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tax::{self, TaxAmount, TaxGroup, TaxMode, TaxTable};
use super::{Discount, QuantityFrom, Refusal, SoldLine, TenderKind, TransactionKind, TransactionRecord};
use crate::ids::{Sku, StoreId, TaxClassId, TxnId};
use crate::money::{Money, Qty, RoundingMode, Unit};
use crate::time::BusinessDate;

/// A finished sale as far as it is known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    pub txn: TxnId,
    /// As printed.
    pub number: String,
    /// `None`: this node sold it.
    pub store: Option<StoreId>,
    pub business_date: BusinessDate,
    pub total: Money,
    /// What was kept of each kind, in the order of payment, change taken off the cash. Empty: not known.
    pub tenders: Vec<(TenderKind, Money)>,
    /// Sold lines only. Empty: not known; then only the total is.
    pub lines: Vec<OriginalLine>,
    /// What other nodes have taken back, by line; `None`: nobody can say now.
    pub elsewhere: Option<BTreeMap<u32, Qty>>,
}

/// A line as it was sold, with its share of the transaction's taxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginalLine {
    pub line: u32,
    pub sku: Sku,
    pub name: String,
    pub code: String,
    pub gtin: Option<String>,
    pub quantity: Qty,
    pub quantity_from: QuantityFrom,
    pub unit: Unit,
    pub unit_price: Money,
    pub gross: Money,
    pub discounts: Vec<Discount>,
    /// As paid: after all discounts.
    pub extended: Money,
    pub tax_class: TaxClassId,
    pub group: String,
    /// As its code said when it was sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    pub price_version: u64,
    /// `None`: the receipt's code does not say; the rates of its day count.
    pub tax: Option<TaxGroup>,
}

/// Why goods cannot come back from a record: it is no sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotReturnable;

impl Original {
    /// From the whole record. `store`: of the other node that sold it.
    pub fn of_record(record: &TransactionRecord, store: Option<StoreId>) -> Result<Original, NotReturnable> {
        let is_sold = |line: &&SoldLine| line.returned.is_none();
        match record.kind {
            TransactionKind::Sale if !record.training => {}
            TransactionKind::Sale | TransactionKind::Void | TransactionKind::Return | TransactionKind::PostVoid => {
                return Err(NotReturnable);
            }
        }
        let mut tenders: Vec<(TenderKind, Money)> = Vec::new();
        for tender in &record.tenders {
            match tenders.iter_mut().find(|(kind, _)| *kind == tender.kind) {
                Some((_, kept)) => *kept += tender.amount,
                None => tenders.push((tender.kind, tender.amount)),
            }
        }
        if let Some((_, kept)) = tenders.iter_mut().find(|(kind, _)| *kind == TenderKind::Cash) {
            *kept -= record.change;
        }
        tenders.retain(|(_, kept)| *kept > Money::ZERO);
        let lines = record.lines.iter().filter(is_sold).map(|line| OriginalLine::of(line, line_tax(record, line))).collect();
        let Original { txn, number, business_date, total, .. } = Original {
            txn: record.txn,
            number: record.number.to_string(),
            store: None,
            business_date: record.business_date,
            total: record.total,
            tenders: Vec::new(),
            lines: Vec::new(),
            elsewhere: None,
        };
        Ok(Original { txn, number, store, business_date, total, tenders, lines, elsewhere: None })
    }

    pub fn line(&self, number: u32) -> Option<&OriginalLine> {
        self.lines.iter().find(|line| line.line == number)
    }

    /// What other nodes have taken back of a line, as far as it is known.
    pub fn returned_elsewhere(&self, line: u32) -> Qty {
        self.elsewhere.as_ref().and_then(|lines| lines.get(&line)).copied().unwrap_or_default()
    }
}

impl OriginalLine {
    fn of(line: &SoldLine, tax: Option<TaxGroup>) -> OriginalLine {
        OriginalLine {
            line: line.line,
            sku: line.sku.clone(),
            name: line.name.clone(),
            code: line.code.clone(),
            gtin: line.gtin.clone(),
            quantity: line.quantity,
            quantity_from: line.quantity_from,
            unit: line.unit,
            unit_price: line.unit_price,
            gross: line.gross,
            discounts: line.discounts.clone(),
            extended: line.extended,
            tax_class: line.tax_class.clone(),
            group: line.group.clone(),
            batch: line.batch.clone(),
            serial: line.serial.clone(),
            price_version: line.price_version,
            tax,
        }
    }

    /// The tax of the whole line. Refused with [`Refusal::NoTaxRate`] when neither the record nor the table knows it.
    pub(super) fn whole_tax(&self, table: &TaxTable, date: BusinessDate) -> Result<TaxGroup, Refusal> {
        match &self.tax {
            Some(tax) => Ok(tax.clone()),
            None => {
                let sold = SoldLine { quantity: self.quantity, extended: self.extended, ..self.turned(Qty::ZERO, self.quantity) };
                let taxes = tax::compute([&sold], table, date)?;
                taxes.groups.into_iter().next().ok_or_else(|| Refusal::NoTaxRate { name: self.name.clone(), class: self.tax_class.clone() })
            }
        }
    }

    /// The line that gives back units `from` to `to` of it: all amounts turned. Number and return facts are the caller's.
    pub(super) fn turned(&self, from: Qty, to: Qty) -> SoldLine {
        let part = |whole: Money| -(share(whole, to, self.quantity) - share(whole, from, self.quantity));
        let (gross, extended) = (part(self.gross), part(self.extended));
        let mut discounts: Vec<Discount> =
            self.discounts.iter().map(|discount| Discount { amount: part(discount.amount), ..discount.clone() }).collect();
        // Parts of several amounts, each rounded: the last discount takes what is over.
        if let Some(last) = discounts.last_mut() {
            last.amount = Money::ZERO;
        }
        let others: Money = discounts.iter().map(|discount| discount.amount).sum();
        if let Some(last) = discounts.last_mut() {
            last.amount = extended - gross - others;
        }
        let gross = if discounts.is_empty() { extended } else { gross };
        SoldLine {
            line: self.line,
            sku: self.sku.clone(),
            name: self.name.clone(),
            code: self.code.clone(),
            gtin: self.gtin.clone(),
            quantity: -(to - from),
            quantity_from: self.quantity_from,
            unit: self.unit,
            unit_price: self.unit_price,
            gross,
            discounts,
            extended,
            tax_class: self.tax_class.clone(),
            group: self.group.clone(),
            embedded_price: None,
            batch: self.batch.clone(),
            serial: self.serial.clone(),
            price_version: self.price_version,
            price_list: None,
            price_set: None,
            last_day: None,
            weighed: None,
            order: None,
            returned: None,
        }
    }

    /// The tax that goes back with units `from` to `to`, turned. `extended`: the returned line's.
    pub(super) fn turned_tax(&self, whole: &TaxGroup, mode: TaxMode, from: Qty, to: Qty, extended: Money) -> TaxGroup {
        let part = |amount: Money| -(share(amount, to, self.quantity) - share(amount, from, self.quantity));
        let components: Vec<TaxAmount> =
            whole.components.iter().map(|component| TaxAmount { tax: part(component.tax), ..component.clone() }).collect();
        let tax = if components.is_empty() { part(whole.tax) } else { components.iter().map(|component| component.tax).sum() };
        with_sums(whole, components, tax, mode, extended)
    }
}

/// What the first `upto` of `of` units cost.
fn share(whole: Money, upto: Qty, of: Qty) -> Money {
    if of == Qty::ZERO { Money::ZERO } else { whole.scale(upto.thousandths(), of.thousandths(), RoundingMode::HalfUp) }
}

/// A line's own part of its tax group: the group's sold part, by growing shares of the lines' prices in their order. What lines returned in
/// the same transaction took out of the group is put back first.
fn line_tax(record: &TransactionRecord, line: &SoldLine) -> Option<TaxGroup> {
    let group = record.taxes.iter().find(|group| group.class == line.tax_class)?;
    let returned: Vec<&TaxGroup> = record.lines.iter().filter_map(|line| line.returned.as_ref().map(|of| &of.tax)).collect();
    let returned: Vec<&TaxGroup> = returned.into_iter().filter(|tax| tax::is_same_tax(tax, group)).collect();
    let sold = |line: &&SoldLine| line.returned.is_none() && line.tax_class == group.class;
    let before: Money = record.lines.iter().filter(sold).take_while(|other| other.line != line.line).map(|line| line.extended).sum();
    let all: Money = record.lines.iter().filter(sold).map(|line| line.extended).sum();
    let part = |amount: Money| {
        let upto = |at: Money| if all.is_zero() { Money::ZERO } else { amount.scale(at.minor(), all.minor(), RoundingMode::HalfUp) };
        upto(before + line.extended) - upto(before)
    };
    let component = |(index, component): (usize, &TaxAmount)| {
        let back: Money = returned.iter().filter_map(|tax| tax.components.get(index)).map(|component| component.tax).sum();
        TaxAmount { tax: part(component.tax - back), ..component.clone() }
    };
    let components: Vec<TaxAmount> = group.components.iter().enumerate().map(component).collect();
    let back: Money = returned.iter().map(|tax| tax.tax).sum();
    let tax = if components.is_empty() { part(group.tax - back) } else { components.iter().map(|component| component.tax).sum() };
    Some(with_sums(group, components, tax, record.tax_mode, line.extended))
}

fn with_sums(group: &TaxGroup, components: Vec<TaxAmount>, tax: Money, mode: TaxMode, extended: Money) -> TaxGroup {
    let (net, gross) = match mode {
        TaxMode::Inclusive => (extended - tax, extended),
        TaxMode::Exclusive => (extended, extended + tax),
    };
    let components = components.into_iter().map(|component| TaxAmount { base: net, ..component }).collect();
    TaxGroup { net, tax, gross, components, ..group.clone() }
}
