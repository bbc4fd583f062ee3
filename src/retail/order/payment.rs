//! Payment at the hand-over: the lines of an order become a sale at the prices that were agreed, tendered, printed and counted like any other.
//! The record that completes it holds the hand-over as well, so there is no moment at which an order is paid and not handed over, or the
//! reverse; a sale that is given up leaves the order as it was. Its stock is issued by the hand-over, which ends the reservation, and by
//! nothing else.
//!
//! What was paid to the channel and is not handed over is asked back there: head office refunds the original payment.

use super::super::basket::Basket;
use super::super::decide::{Case, Outcome};
use super::super::{Answer, Event, QuantityFrom, Refusal, SoldLine, State, sale, tax};
use super::act::{elsewhere, step};
use super::desk::{self, HandOver};
use super::{HandOverTerms, LineProgress, Order, OrderLine, OrderState, RefundLine, Step, Units};
use crate::fault::Fault;
use crate::ids::{OrderNo, TxnId};
use crate::money::{Money, Qty, RoundingMode};

/// The open sale that pays an order.
pub(super) fn being_paid<'a>(state: &'a State, order: &OrderNo) -> Option<&'a Basket> {
    state.baskets.values().find(|basket| basket.order.as_ref().is_some_and(|terms| terms.order == *order))
}

/// What would go to the customer and is to be paid here.
fn due_units<'a>(known: &'a Order, terms: &HandOverTerms) -> Vec<(&'a OrderLine, &'a Units)> {
    let stays = |line: u32| terms.leaves.contains(&line) || terms.later.contains(&line);
    let goes = known.asked.lines.iter().filter(|line| line.due().is_some() && !stays(line.line));
    goes.flat_map(|line| known.progress.get(&line.line).into_iter().flat_map(|progress| &progress.picked).map(move |units| (line, units)))
        .collect()
}

pub(super) fn due(case: &Case, known: &Order, terms: &HandOverTerms) -> Money {
    let price = |(line, units): &(&OrderLine, &Units)| amount(line, units.quantity, case.rules.line_rounding);
    due_units(known, terms).iter().map(price).sum()
}

fn amount(line: &OrderLine, quantity: Qty, rounding: RoundingMode) -> Money {
    line.price.as_ref().map_or(Money::ZERO, |price| price.unit_price.times(quantity, rounding))
}

pub(super) fn start(case: &Case, order: &OrderNo, asked: &HandOver) -> Result<Outcome, Refusal> {
    let (known, terms) = desk::terms(case, order, asked)?;
    let workstation = case.workstation()?;
    let date = case.business_date()?;
    if case.open_basket(workstation).is_some() {
        return Err(Refusal::TransactionOpenHere);
    }
    let units = due_units(known, &terms);
    if due(case, known, &terms) <= Money::ZERO {
        return Err(Refusal::NothingToPay);
    }
    let max = case.rules.limits.lines_per_transaction_max;
    if units.len() > max as usize {
        return Err(Refusal::TooManyLines { max });
    }
    let lines: Vec<SoldLine> = units.iter().zip(1..).filter_map(|((line, units), number)| sold(case, order, line, units, number)).collect();
    for line in &lines {
        if !tax::is_defined(&line.tax_class, &case.rules.tax, date) {
            return Err(Refusal::NoTaxRate { name: line.name.clone(), class: line.tax_class.clone() });
        }
    }
    sale::refuse_high_total(case.rules, lines.iter().map(|line| line.extended).sum())?;

    // Cannot fail below.
    let txn = case.ask.fresh.txn;
    let event = Event::OrderPaymentStarted { step: step(case, order), txn, lines, terms: Box::new(terms) };
    Ok(Outcome { events: vec![event], answer: Answer { txn: Some(txn), order: Some(order.clone()), ..Answer::default() } })
}

/// A line of the sale. What was taken instead of the line's own article has its own name and costs what was agreed.
fn sold(case: &Case, order: &OrderNo, line: &OrderLine, units: &Units, number: u32) -> Option<SoldLine> {
    let price = line.due()?;
    let extended = amount(line, units.quantity, case.rules.line_rounding);
    Some(SoldLine {
        line: number,
        sku: units.sku.clone(),
        name: line.name_of(&units.sku).to_owned(),
        code: units.sku.to_string(),
        gtin: None,
        quantity: units.quantity,
        quantity_from: QuantityFrom::Entry,
        unit: line.unit,
        unit_price: price.unit_price,
        gross: extended,
        discounts: Vec::new(),
        extended,
        tax_class: price.tax_class.clone(),
        group: String::new(),
        embedded_price: None,
        batch: None,
        serial: None,
        price_version: 0,
        returned: None,
        price_list: None,
        price_set: None,
        last_day: None,
        weighed: None,
        order: Some(order.clone()),
    })
}

/// No money is asked for an order that went another way meanwhile.
pub(in crate::retail) fn refuse_payment(case: &Case, basket: &Basket) -> Result<(), Refusal> {
    let Some(terms) = &basket.order else { return Ok(()) };
    if let Some(lead) = case.state.orders.elsewhere() {
        return Err(Refusal::OrdersElsewhere { node: lead.clone() });
    }
    let known = case.state.orders.orders.get(&terms.order).ok_or_else(|| Refusal::OrderUnknown { order: terms.order.clone() })?;
    if known.state == OrderState::Staged { Ok(()) } else { Err(elsewhere(known)) }
}

/// The sale of an order is paid: it is handed over in the same record. An order whose payment has begun stays as it is until that ends, so
/// what was checked then holds now.
pub(in crate::retail) fn handed_over_by(case: &Case, basket: &Basket, txn: TxnId) -> Vec<Event> {
    let Some(terms) = &basket.order else { return Vec::new() };
    let workstation = basket.workstation().cloned();
    let by = case.ask.staff.clone().or_else(|| basket.staff.clone());
    let step = Step { order: terms.order.clone(), by, workstation, at: case.ask.at, epoch: case.state.orders.epoch() };
    let Some(known) = case.state.orders.orders.get(&terms.order).filter(|known| known.state == OrderState::Staged) else {
        return vec![Event::OrderPaidElsewhere { step, txn }];
    };
    desk::handed_over(case, step, known, terms, Some(txn))
}

/// Nothing more of it reaches the customer: what they paid for that to the channel goes back there.
pub(super) fn all_back(case: &Case, known: &Order) -> Option<Event> {
    let (amount, lines) = refund(known, |_| Qty::ZERO, case.rules.line_rounding)?;
    Some(Event::OrderRefundRequested { step: step(case, &known.asked.order), amount, lines })
}

/// What was paid to the channel and does not reach the customer, when `goes` of each line goes now. `None`: nothing.
pub(super) fn refund(known: &Order, goes: impl Fn(u32) -> Qty, rounding: RoundingMode) -> Option<(Money, Vec<RefundLine>)> {
    let back = |line: &OrderLine| {
        line.price.as_ref().filter(|price| price.paid)?;
        let given = known.progress.get(&line.line).map_or(Qty::ZERO, LineProgress::given_quantity);
        let has = if Fault::RefundOfWhatWasGiven.is_planted() { Qty::ZERO } else { given + goes(line.line) };
        let quantity = line.quantity - has;
        (quantity > Qty::ZERO).then(|| RefundLine { line: line.line, quantity, amount: amount(line, quantity, rounding) })
    };
    let lines: Vec<RefundLine> = known.asked.lines.iter().filter_map(back).collect();
    let sum: Money = lines.iter().map(|line| line.amount).sum();
    (!lines.is_empty()).then_some((sum, lines))
}
