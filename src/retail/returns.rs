//! Goods that come back: by receipt, line by line at the price that was paid; or without one, at the lowest recent price. A returned line
//! stands in the basket like a sold one, with everything turned, so an exchange is one transaction.

use super::basket::Basket;
use super::decide::{Case, Outcome, refuse_when_fixed};
use super::original::{Original, OriginalLine};
use super::returned::{Disposition, ReturnOf, ReturnedReceipt};
use super::rules::WorkstationRules;
use super::sale::{line_bytes, refuse_many_lines};
use super::{Answer, Event, QuantityFrom, Refusal, SoldLine};
use crate::money::{Money, Qty, Unit};
use crate::time::BusinessDate;

/// Gives back `quantity` of a receipt's line, all that is left when `None`. Asked again for the same line it replaces what was asked before.
pub(super) fn return_line(
    case: &Case,
    number: u32,
    quantity: Option<Qty>,
    disposition: Disposition,
    reason: &str,
) -> Result<Outcome, Refusal> {
    let (workstation, date, basket) = place(case)?;
    refuse_unfit(case, reason, disposition)?;
    let original = original(case)?;
    if original.lines.is_empty() {
        return Err(Refusal::ReturnLinesUnknown { number: original.number.clone() });
    }
    let unknown = || Refusal::ReturnLineUnknown { number: original.number.clone(), line: number };
    let line = original.line(number).ok_or_else(unknown)?;
    if case.state.is_being_returned(original.txn, Some(number), basket.map(|basket| basket.txn)) {
        return Err(Refusal::ReturnInProgress { number: original.number.clone() });
    }
    let back = case.state.returned.of_line(original.txn, number) + original.returned_elsewhere(number);
    let left = line.quantity - back;
    let quantity = quantity.unwrap_or(left);
    if left <= Qty::ZERO || quantity > left {
        return Err(Refusal::ReturnAboveSold { name: line.name.clone(), left: left.max(Qty::ZERO) });
    }
    if quantity <= Qty::ZERO {
        return Err(Refusal::QuantityNotPositive);
    }
    // A label bought a broken piece: it comes back as a whole.
    if line.unit == Unit::Piece && !quantity.is_whole() && quantity != left {
        return Err(Refusal::QuantityNotWhole);
    }
    let whole_tax = line.whole_tax(&case.rules.tax, original.business_date)?;
    let mut sold = line.turned(back, back + quantity);
    let tax = line.turned_tax(&whole_tax, case.rules.tax.mode, back, back + quantity, sold.extended);
    let receipt = receipt(original, Some(line));
    sold.returned = Some(Box::new(ReturnOf { receipt: Some(receipt), disposition, reason: reason.to_owned(), tax, post_void: false }));
    let former = basket.and_then(|basket| basket.live().find(|sold| is_return_of(sold, original, number)));
    refuse_above_cap(case, basket, original, &sold, former)?;
    refuse_many_lines(case, basket, line_bytes(&sold))?;

    // Cannot fail below.
    Ok(take_back(case, workstation, date, basket, sold, former))
}

/// Gives back an article by its own code, at the lowest recent price: without a receipt, or by one whose lines nobody knows here.
pub(super) fn return_article(
    case: &Case,
    code: &str,
    quantity: Option<Qty>,
    disposition: Disposition,
    reason: &str,
    by_receipt: bool,
) -> Result<Outcome, Refusal> {
    let (workstation, date, basket) = place(case)?;
    refuse_unfit(case, reason, disposition)?;
    let original = if by_receipt { Some(original(case)?) } else { None };
    if let Some(original) = original.filter(|original| !original.lines.is_empty()) {
        return Err(Refusal::ReturnByLine { number: original.number.clone() });
    }
    let article = super::sale::article(case, code)?;
    if quantity.is_none() && super::weight::needs_weight(article) {
        return Err(Refusal::WeightNeeded { name: article.name.clone(), unit_price: article.unit_price });
    }
    let quantity = super::sale::quantity(article, quantity)?;
    super::sale::refuse_odd_quantity(case.rules, article.unit, quantity)?;
    let price = case.facts.lowest_price.map_or(article.unit_price, |lowest| lowest.min(article.unit_price));
    let gross = match article.embedded_price {
        Some(price) => price,
        None => price.times(quantity, case.rules.line_rounding),
    };
    let line = OriginalLine {
        line: 0,
        sku: article.sku.clone(),
        name: article.name.clone(),
        code: article.code.clone(),
        gtin: article.gtin.clone(),
        quantity,
        quantity_from: article.quantity_from,
        unit: article.unit,
        unit_price: price,
        gross,
        discounts: Vec::new(),
        extended: gross,
        tax_class: article.tax_class.clone(),
        group: article.group.clone(),
        batch: article.batch.clone(),
        serial: article.serial.clone(),
        price_version: article.price_version,
        tax: None,
    };
    let whole_tax = line.whole_tax(&case.rules.tax, original.map_or(date, |original| original.business_date))?;
    let mut sold = line.turned(Qty::ZERO, quantity);
    let tax = line.turned_tax(&whole_tax, case.rules.tax.mode, Qty::ZERO, quantity, sold.extended);
    let receipt = original.map(|original| receipt(original, None));
    sold.returned = Some(Box::new(ReturnOf { receipt, disposition, reason: reason.to_owned(), tax, post_void: false }));
    match original {
        Some(original) => refuse_above_cap(case, basket, original, &sold, None)?,
        None => {
            let without = |sold: &&SoldLine| sold.returned.as_ref().is_some_and(|of| of.receipt.is_none());
            let so_far: Money = basket.iter().flat_map(|basket| basket.live()).filter(without).map(SoldLine::refund).sum();
            let max = case.rules.returns.without_receipt_max;
            if so_far + sold.refund() > max {
                return Err(Refusal::ReturnAboveCap { max });
            }
        }
    }
    refuse_many_lines(case, basket, line_bytes(&sold))?;

    // Cannot fail below.
    Ok(take_back(case, workstation, date, basket, sold, None))
}

/// A return begins a transaction or goes into the open one, as long as no money has moved.
fn place<'a>(case: &Case<'a>) -> Result<(&'a WorkstationRules, BusinessDate, Option<&'a Basket>), Refusal> {
    let workstation = case.workstation()?;
    let date = case.business_date()?;
    let basket = case.open_basket(workstation);
    if let Some(basket) = basket {
        refuse_when_fixed(basket)?;
    }
    Ok((workstation, date, basket))
}

/// The sale that the shell found, when goods can come back from it.
pub(super) fn original<'a>(case: &Case<'a>) -> Result<&'a Original, Refusal> {
    let original = match &case.facts.original {
        Some(Ok(original)) => &**original,
        Some(Err(refusal)) => return Err((**refusal).clone()),
        None => return Err(Refusal::ReceiptNotFound { code: String::new() }),
    };
    if !case.state.unproved.is_empty() {
        return Err(Refusal::ReturnUnproved);
    }
    if case.state.returned.is_forgotten(original.txn) {
        return Err(Refusal::ReceiptTooOld { number: original.number.clone() });
    }
    Ok(original)
}

pub(super) fn receipt(original: &Original, line: Option<&OriginalLine>) -> ReturnedReceipt {
    ReturnedReceipt {
        txn: original.txn,
        number: original.number.clone(),
        store: original.store.clone(),
        line: line.map(|line| line.line),
        sold: line.map_or(Qty::ZERO, |line| line.quantity),
        total: original.total,
        tenders: original.tenders.clone(),
        elsewhere_unknown: original.elsewhere.is_none(),
    }
}

fn is_return_of(sold: &SoldLine, original: &Original, number: u32) -> bool {
    let receipt = sold.returned.as_ref().and_then(|of| of.receipt.as_ref());
    receipt.is_some_and(|receipt| receipt.txn == original.txn && receipt.line == Some(number))
}

fn refuse_unfit(case: &Case, reason: &str, disposition: Disposition) -> Result<(), Refusal> {
    if !case.rules.returns.reasons.iter().any(|known| known == reason) {
        return Err(Refusal::ReturnReasonUnknown { reason: reason.to_owned() });
    }
    if !Disposition::of_reason(reason).contains(&disposition) {
        return Err(Refusal::ReturnNotForShelf);
    }
    Ok(())
}

/// What another shop sold is limited while nobody can say what has come back elsewhere; what has unknown lines, by its total too.
fn refuse_above_cap(
    case: &Case,
    basket: Option<&Basket>,
    original: &Original,
    sold: &SoldLine,
    former: Option<&SoldLine>,
) -> Result<(), Refusal> {
    let of_it = |sold: &&SoldLine| sold.returned.as_ref().and_then(|of| of.receipt.as_ref()).is_some_and(|of| of.txn == original.txn);
    let here: Money = basket.iter().flat_map(|basket| basket.live()).filter(of_it).map(SoldLine::refund).sum();
    let here = here - former.map_or(Money::ZERO, SoldLine::refund);
    let before = case.state.returned.sale(original.txn).map_or(Money::ZERO, |sale| sale.amount);
    let after = before + here + sold.refund();
    if original.lines.is_empty() && after > original.total {
        return Err(Refusal::ReturnAboveReceipt { left: original.total - before - here });
    }
    let max = case.rules.returns.unknown_elsewhere_max;
    if original.store.is_some() && original.elsewhere.is_none() && after > max {
        return Err(Refusal::ReturnAboveCap { max });
    }
    Ok(())
}

/// The line goes into the basket; a former one of the same receipt line leaves it.
fn take_back(
    case: &Case,
    workstation: &WorkstationRules,
    _date: BusinessDate,
    basket: Option<&Basket>,
    sold: SoldLine,
    former: Option<&SoldLine>,
) -> Outcome {
    let txn = basket.map_or(case.ask.fresh.txn, |basket| basket.txn);
    let line = basket.map_or(1, |basket| basket.next_line);
    let mut events = Vec::new();
    if let Some(former) = former {
        events.push(Event::LineVoided { txn, line: former.line });
    }
    let sold = SoldLine { line, quantity_from: sold.quantity_from, ..sold };
    let (workstation, staff) = (workstation.id.clone(), case.ask.staff.clone());
    events.push(Event::LineAdded { txn, workstation, staff, at: case.ask.at, line: Box::new(sold) });
    Outcome { events, answer: Answer { txn: Some(txn), line: Some(line), ..Answer::default() } }
}

/// All lines of a sale, given back as a correction of it.
pub(super) fn undo_of(case: &Case, original: &Original, reason: &str) -> Result<Vec<SoldLine>, Refusal> {
    let mut lines = Vec::new();
    for (index, line) in original.lines.iter().enumerate() {
        let whole_tax = line.whole_tax(&case.rules.tax, original.business_date)?;
        let mut sold = line.turned(Qty::ZERO, line.quantity);
        let tax = line.turned_tax(&whole_tax, case.rules.tax.mode, Qty::ZERO, line.quantity, sold.extended);
        let receipt = Some(receipt(original, Some(line)));
        let of = ReturnOf { receipt, disposition: Disposition::Shelf, reason: reason.to_owned(), tax, post_void: true };
        sold.returned = Some(Box::new(of));
        sold.line = u32::try_from(index + 1).unwrap_or(u32::MAX);
        debug_assert!(sold.quantity_from == QuantityFrom::Code || sold.unit != Unit::Piece || sold.quantity.is_whole());
        lines.push(sold);
    }
    Ok(lines)
}
