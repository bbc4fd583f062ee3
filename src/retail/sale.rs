//! The lines of a transaction: added, changed, voided, undone; and the transaction as a whole: voided, suspended, recalled.

use super::basket::{Basket, Place};
use super::decide::{Case, Outcome, refuse_when_fixed, refuse_when_paying};
use super::rules::WorkstationRules;
use super::weight::{self, Weighing};
use super::{
    Answer, ArticleFact, Event, QuantityFrom, Refusal, Rules, ScanFact, SoldLine, TransactionKind, TransactionRecord, age, last_day,
    recalls, tax,
};
use crate::ids::{ReceiptNo, TxnId};
use crate::money::{Money, Qty, Unit};
use crate::time::BusinessDate;

/// A finished transaction is one record of the journal, which holds 1 MiB: a thousand lines of very long names could never be sold.
pub const TRANSACTION_BYTES_MAX: usize = 768 << 10;
/// What a stored line takes besides its texts.
const LINE_BYTES: usize = 480;
/// And one that comes back, besides.
const RETURN_BYTES: usize = 480;
const TAX_PART_BYTES: usize = 120;
const TENDER_BYTES: usize = 32;

pub(super) fn add_line(case: &Case, code: &str, asked: Option<Qty>) -> Result<Outcome, Refusal> {
    case.workstation()?;
    case.business_date()?;
    if case.facts.check_open {
        return Err(Refusal::CheckFirst);
    }
    enter(case, code, Amount::Scanned(asked), None)
}

/// How much of an article enters.
pub(super) enum Amount {
    /// What one scan stands for, times what was typed before it.
    Scanned(Option<Qty>),
    /// What lay on the scale or was typed, tare included.
    Weighed(Qty, Weighing),
}

/// A line enters. `age_checked`: up to which age the customer was checked just now.
pub(super) fn enter(case: &Case, code: &str, amount: Amount, age_checked: Option<u8>) -> Result<Outcome, Refusal> {
    let date = case.business_date()?;
    if let Some(basket) = case.open_basket(case.workstation()?) {
        refuse_when_fixed(basket)?;
    }
    let article = article(case, code)?;
    recalls::refuse_recalled(article)?;
    last_day::refuse_past(article, date)?;
    let (unit_price, price_list) = list_price(case, article, date);
    add(case, &ArticleFact { unit_price, ..article.clone() }, price_list, amount, age_checked)
}

/// The same with an article whose price is final; `price_list`: the one that it came from.
pub(super) fn add(
    case: &Case,
    article: &ArticleFact,
    price_list: Option<String>,
    amount: Amount,
    age_checked: Option<u8>,
) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let date = case.business_date()?;
    let basket = case.open_basket(workstation);
    if let Some(basket) = basket {
        refuse_when_fixed(basket)?;
    }
    if !tax::is_defined(&article.tax_class, &case.rules.tax, date) {
        return Err(Refusal::NoTaxRate { name: article.name.clone(), class: article.tax_class.clone() });
    }
    refuse_many_lines(case, basket, LINE_BYTES + text_bytes([article.name.as_str(), &article.code, article.sku.as_str(), &article.group]))?;
    let (quantity, weighed) = how_much(case, article, amount)?;
    if let Some(serial) = &article.serial {
        refuse_second_of(article, serial, quantity, basket)?;
    }
    refuse_odd_quantity(case.rules, article.unit, quantity)?;
    refuse_high_price(case.rules, article)?;
    let gross = article.embedded_price.unwrap_or_else(|| article.unit_price.times(quantity, case.rules.line_rounding));
    refuse_high_total(case.rules, basket.map_or(Money::ZERO, Basket::subtotal) + gross)?;
    // Last, so that nobody is asked for a paper for a line that could not enter anyway.
    if article.age_min > age_checked.max(basket.and_then(|basket| basket.age_checked)) {
        let age = article.age_min.unwrap_or_default();
        return Err(Refusal::AgeCheckNeeded { name: article.name.clone(), age, born_by: age::born_by(date, age) });
    }

    // Cannot fail below.
    let txn = basket.map_or(case.ask.fresh.txn, |basket| basket.txn);
    let line = SoldLine {
        line: basket.map_or(1, |basket| basket.next_line),
        sku: article.sku.clone(),
        name: article.name.clone(),
        code: article.code.clone(),
        gtin: article.gtin.clone(),
        quantity,
        quantity_from: article.quantity_from,
        unit: article.unit,
        unit_price: article.unit_price,
        gross,
        discounts: Vec::new(),
        extended: gross,
        tax_class: article.tax_class.clone(),
        group: article.group.clone(),
        embedded_price: article.embedded_price,
        batch: article.batch.clone(),
        serial: article.serial.clone(),
        price_version: article.price_version,
        returned: None,
        price_list,
        price_set: None,
        last_day: article.last_day,
        weighed,
        order: None,
    };
    let answer = Answer { txn: Some(txn), line: Some(line.line), ..Answer::default() };
    let event =
        Event::LineAdded { txn, workstation: workstation.id.clone(), staff: case.ask.staff.clone(), at: case.ask.at, line: Box::new(line) };
    Ok(Outcome { events: vec![event], answer })
}

pub(super) fn set_quantity(case: &Case, line: u32, quantity: Qty) -> Result<Outcome, Refusal> {
    let (_, _, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    let sold = basket.line(line).ok_or(Refusal::NoSuchLine { line })?;
    if sold.returned.is_some() {
        return Err(Refusal::ReturnedLineFixed);
    }
    if sold.quantity_from == QuantityFrom::Code || sold.serial.is_some() {
        return Err(Refusal::QuantityFixedByCode);
    }
    weight::refuse_change(&case.rules.limits, sold, quantity)?;
    refuse_odd_quantity(case.rules, sold.unit, quantity)?;
    let gross = sold.unit_price.times(quantity, case.rules.line_rounding);
    let extended = gross + sold.discounts.iter().map(|discount| discount.amount).sum();
    refuse_high_total(case.rules, basket.subtotal() - sold.extended + extended)?;

    // Cannot fail below.
    let mut outcome = on_line(basket, line);
    if quantity != sold.quantity {
        outcome.events.push(Event::LineQuantitySet { txn: basket.txn, line, quantity, gross, extended });
    }
    Ok(outcome)
}

pub(super) fn void_line(case: &Case, line: u32) -> Result<Outcome, Refusal> {
    let (_, _, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    basket.line(line).ok_or(Refusal::NoSuchLine { line })?;

    // Cannot fail below.
    let mut outcome = on_line(basket, line);
    outcome.events.push(Event::LineVoided { txn: basket.txn, line });
    Ok(outcome)
}

pub(super) fn undo(case: &Case) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    case.business_date()?;
    let basket = case.open_basket(workstation).ok_or(Refusal::NothingToUndo)?;
    refuse_when_fixed(basket)?;
    if basket.undo.is_empty() {
        return Err(Refusal::NothingToUndo);
    }

    // Cannot fail below.
    let answer = Answer { txn: Some(basket.txn), ..Answer::default() };
    Ok(Outcome { events: vec![Event::BasketActUndone { txn: basket.txn }], answer })
}

pub(super) fn void_transaction(case: &Case) -> Result<Outcome, Refusal> {
    let (workstation, date, basket) = case.at_basket()?;
    refuse_when_paying(basket)?;

    // Cannot fail below.
    let record = TransactionRecord { total: basket.subtotal(), ..record(case, workstation, date, basket, TransactionKind::Void) };
    let answer = Answer { txn: Some(basket.txn), receipt: Some(record.number.clone()), ..Answer::default() };
    Ok(Outcome { events: vec![Event::TransactionVoided { record: Box::new(record) }], answer })
}

pub(super) fn suspend(case: &Case) -> Result<Outcome, Refusal> {
    let (workstation, _, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    let max = case.rules.limits.suspended_max;
    if case.state.suspended().count() >= max as usize {
        return Err(Refusal::TooManySuspended { max });
    }

    // Cannot fail below.
    let answer = Answer { txn: Some(basket.txn), ..Answer::default() };
    let event = Event::TransactionSuspended { txn: basket.txn, workstation: workstation.id.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], answer })
}

pub(super) fn recall(case: &Case, txn: TxnId) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    case.business_date()?;
    if case.open_basket(workstation).is_some() {
        return Err(Refusal::TransactionOpenHere);
    }
    let basket = case.state.baskets.get(&txn).ok_or(Refusal::NotSuspended { txn })?;
    match &basket.place {
        Place::Suspended { .. } => {}
        // Its workstation was taken out of the configuration, or shows another one because a damaged record is missing: nobody else
        // could ever finish it, nor close the day.
        Place::At(gone) if case.rules.workstation(gone).is_none() => {}
        Place::At(elsewhere) if case.state.open_basket(elsewhere).is_none_or(|shown| shown.txn != txn) => {}
        Place::At(_) => return Err(Refusal::NotSuspended { txn }),
    }

    // Cannot fail below.
    let event = Event::TransactionRecalled { txn, workstation: workstation.id.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer { txn: Some(txn), ..Answer::default() } })
}

/// The record of a transaction that ends here and now, with nothing paid and nothing owed yet. Draws the workstation's next number.
pub(super) fn record(
    case: &Case,
    workstation: &WorkstationRules,
    date: BusinessDate,
    basket: &Basket,
    kind: TransactionKind,
) -> TransactionRecord {
    TransactionRecord {
        txn: basket.txn,
        kind,
        number: ReceiptNo {
            workstation: workstation.id.clone(),
            incarnation: case.ask.incarnation,
            counter: match basket.training {
                true => case.state.training_counter(&workstation.id) + 1,
                false => case.state.counter(&workstation.id) + 1,
            },
            training: basket.training,
        },
        workstation: workstation.id.clone(),
        staff: case.ask.staff.clone().or_else(|| basket.staff.clone()),
        business_date: date,
        opened_at: basket.opened_at,
        at: case.ask.at,
        utc_offset_min: case.ask.utc_offset_min,
        currency: case.rules.currency.code.clone(),
        tax_mode: case.rules.tax.mode,
        lines: basket.live().cloned().collect(),
        taxes: Vec::new(),
        total: Money::ZERO,
        rounding: Money::ZERO,
        tenders: Vec::new(),
        change: Money::ZERO,
        training: basket.training,
        coupons: basket.used_coupons(),
        member: basket.asks.member.clone(),
        customer: basket.asks.customer.map(|customer| customer.subject),
    }
}

pub(super) fn article<'a>(case: &Case<'a>, code: &str) -> Result<&'a ArticleFact, Refusal> {
    match &case.facts.scan {
        Some(ScanFact::Article(article)) if article.unit_price.is_negative() || article.embedded_price.is_some_and(Money::is_negative) => {
            Err(Refusal::NoPrice { name: article.name.clone() })
        }
        Some(ScanFact::Article(article)) => Ok(article),
        // A code that nobody resolved is a code that the till cannot use.
        other => {
            let refusal = other.as_ref().and_then(|fact| fact.refusal(code));
            Err(refusal.unwrap_or_else(|| Refusal::UnknownCode { code: code.to_owned() }))
        }
    }
}

/// What was scanned, whether or not it has a price: it lies on the shelf all the same.
pub(super) fn goods<'a>(case: &Case<'a>, code: &str) -> Result<&'a ArticleFact, Refusal> {
    match &case.facts.scan {
        Some(ScanFact::Article(article) | ScanFact::NoPrice(article)) => Ok(article),
        _ => article(case, code),
    }
}

/// The catalogue's price, or that of the price list in front of it, and which.
fn list_price(case: &Case, article: &ArticleFact, date: BusinessDate) -> (Money, Option<String>) {
    match case.facts.prices.as_ref().and_then(|book| book.list_price(&article.sku, date)) {
        Some((price, list)) => (price, Some(list.to_owned())),
        None => (article.unit_price, None),
    }
}

/// The quantity, and for goods that are weighed at the till how it was found.
fn how_much(case: &Case, article: &ArticleFact, amount: Amount) -> Result<(Qty, Option<Weighing>), Refusal> {
    let limits = &case.rules.limits;
    match amount {
        Amount::Weighed(weight, weighing) => Ok((weight::net(limits, weight, &weighing)?, Some(weighing))),
        Amount::Scanned(None) if weight::needs_weight(article) => {
            Err(Refusal::WeightNeeded { name: article.name.clone(), unit_price: article.unit_price })
        }
        Amount::Scanned(Some(weight)) if weight::needs_weight(article) => {
            let weighing = Weighing::typed(Qty::ZERO);
            Ok((weight::net(limits, weight, &weighing)?, Some(weighing)))
        }
        Amount::Scanned(asked) => Ok((quantity(article, asked)?, None)),
    }
}

/// What one scan stands for, times what the cashier typed before it.
pub(super) fn quantity(article: &ArticleFact, asked: Option<Qty>) -> Result<Qty, Refusal> {
    let asked = asked.unwrap_or(Qty::ONE);
    if asked == Qty::ONE {
        return Ok(article.quantity);
    }
    if article.quantity_from == QuantityFrom::Code {
        return Err(Refusal::QuantityFixedByCode);
    }
    // Half a case cannot be scanned; and whole multiples keep thousandths exact.
    if article.quantity != Qty::ONE && !asked.is_whole() {
        return Err(Refusal::QuantityNotWhole);
    }
    let thousandths = i128::from(article.quantity.thousandths()) * i128::from(asked.thousandths()) / 1000;
    // Beyond 64 bits is beyond every limit as well; the check that follows says so.
    Ok(Qty::from_thousandths(i64::try_from(thousandths).unwrap_or(i64::MAX)))
}

pub(super) fn refuse_odd_quantity(rules: &Rules, unit: Unit, quantity: Qty) -> Result<(), Refusal> {
    if quantity <= Qty::ZERO {
        return Err(Refusal::QuantityNotPositive);
    }
    if unit == Unit::Piece && !quantity.is_whole() {
        return Err(Refusal::QuantityNotWhole);
    }
    if quantity > rules.limits.quantity_max {
        return Err(Refusal::QuantityTooLarge { max: rules.limits.quantity_max });
    }
    Ok(())
}

/// A serial number stands for one item, and nobody buys the same item twice.
fn refuse_second_of(article: &ArticleFact, serial: &str, quantity: Qty, basket: Option<&Basket>) -> Result<(), Refusal> {
    if article.unit == Unit::Piece && quantity != Qty::ONE {
        return Err(Refusal::QuantityFixedByCode);
    }
    let is_it = |sold: &SoldLine| sold.returned.is_none() && sold.sku == article.sku && sold.serial.as_deref() == Some(serial);
    if basket.is_some_and(|basket| basket.live().any(is_it)) {
        return Err(Refusal::SerialInSale { name: article.name.clone(), serial: serial.to_owned() });
    }
    Ok(())
}

/// One more line, of so many bytes, in a transaction that is as long as its record may be.
pub(super) fn refuse_many_lines(case: &Case, basket: Option<&Basket>, bytes: usize) -> Result<(), Refusal> {
    let Some(basket) = basket else { return Ok(()) };
    let max = case.rules.limits.lines_per_transaction_max;
    if basket.lines.len() >= max as usize {
        return Err(Refusal::TooManyLines { max });
    }
    if basket.live().map(line_bytes).sum::<usize>() + bytes > TRANSACTION_BYTES_MAX {
        return Err(Refusal::TooManyLines { max: u32::try_from(basket.lines.len()).unwrap_or(max) });
    }
    Ok(())
}

/// What a line takes in a record, or a little less.
pub(super) fn line_bytes(sold: &SoldLine) -> usize {
    let returned = sold.returned.as_deref().map_or(0, |of| {
        let parts = of.tax.components.iter().map(|part| TAX_PART_BYTES + text_bytes([part.name.as_str(), &part.jurisdiction]));
        let tenders = of.receipt.as_ref().map_or(0, |receipt| receipt.tenders.len() * TENDER_BYTES);
        RETURN_BYTES + text_bytes([of.reason.as_str(), &of.tax.label, &of.tax.mark]) + parts.sum::<usize>() + tenders
    });
    LINE_BYTES + text_bytes([sold.name.as_str(), &sold.code, sold.sku.as_str(), &sold.group]) + returned
}

/// As JSON stores them: quotation marks and backslashes count twice.
fn text_bytes<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    texts.into_iter().flat_map(str::bytes).map(|byte| if matches!(byte, b'"' | b'\\') { 2 } else { 1 }).sum()
}

fn refuse_high_price(rules: &Rules, article: &ArticleFact) -> Result<(), Refusal> {
    let max = rules.limits.unit_price_max;
    if article.unit_price > max || article.embedded_price.is_some_and(|price| price > max) {
        return Err(Refusal::PriceTooHigh { max });
    }
    Ok(())
}

pub(super) fn refuse_high_total(rules: &Rules, subtotal: Money) -> Result<(), Refusal> {
    let max = rules.limits.transaction_total_max;
    if subtotal > max { Err(Refusal::TotalTooHigh { max }) } else { Ok(()) }
}

fn on_line(basket: &Basket, line: u32) -> Outcome {
    Outcome { events: Vec::new(), answer: Answer { txn: Some(basket.txn), line: Some(line), ..Answer::default() } }
}
