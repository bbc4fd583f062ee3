//! Something is wrong with what the customer is to get: it is not in the bag, it is broken, they do not like it. It is replaced, or not owed any
//! more, or fetched later.

use super::super::decide::{Case, Outcome};
use super::super::stock::{CountWhy, low_or_filled, on_hand_now};
use super::super::{Event, Refusal, last_day, recalls, sale};
use super::act::{done, find_staged, step};
use super::{CounterThen, CounterWhy, Order, OrderLine, ShortWhy, Units, payment, pick};
use crate::ids::{OrderNo, Sku};
use crate::money::Qty;

/// The picked units of a line that an act is about: the article of which most are there.
fn picked(known: &Order, line: u32, quantity: Qty) -> Result<(&OrderLine, &Units), Refusal> {
    let line = known.line(line).ok_or(Refusal::NoSuchLine { line })?;
    if quantity <= Qty::ZERO {
        return Err(Refusal::QuantityNotPositive);
    }
    let most = known.progress.get(&line.line).and_then(|progress| progress.picked.iter().max_by_key(|units| units.quantity));
    let Some(units) = most else { return Err(Refusal::LineDone { name: line.name.clone() }) };
    if quantity > units.quantity {
        return Err(Refusal::PickTooMany { name: line.name.clone(), left: units.quantity });
    }
    Ok((line, units))
}

pub(super) fn miss(case: &Case, order: &OrderNo, line: u32, quantity: Qty, why: CounterWhy, then: CounterThen) -> Result<Outcome, Refusal> {
    let known = find_staged(case, order)?;
    let (line, units) = picked(known, line, quantity)?;
    sale::refuse_odd_quantity(case.rules, line.unit, quantity)?;

    // Cannot fail below.
    let sku = units.sku.clone();
    let rest: Qty = known.progress.values().map(|progress| progress.picked_quantity()).sum::<Qty>() - quantity;
    let missed = Event::OrderLineMissed { step: step(case, order), line: line.line, sku: sku.clone(), quantity, why, then };
    let mut events = vec![missed];
    events.extend(stock_follows(case, order, &sku, quantity, why));
    // Nothing is there any more and nothing is owed: it is over.
    if rest.is_zero() && then == CounterThen::Refund && known.open_lines().next().is_none() {
        events.push(pick::all_missing(case, known));
        let refund = payment::refund(known, |_| Qty::ZERO, case.rules.line_rounding);
        events.extend(refund.map(|(amount, lines)| Event::OrderRefundRequested { step: step(case, order), amount, lines }));
    }
    Ok(done(order, events))
}

pub(super) fn replace(case: &Case, order: &OrderNo, line: u32, code: &str, why: CounterWhy) -> Result<Outcome, Refusal> {
    let known = find_staged(case, order)?;
    let article = sale::article(case, code)?;
    recalls::refuse_recalled(article)?;
    if let Ok(date) = case.business_date() {
        last_day::refuse_past(article, date)?;
    }
    let (line, units) = picked(known, line, article.quantity)?;
    // The customer is there and agrees, so the line's own substitutes are enough, whatever the order said of substitution.
    if article.sku != line.sku && !line.substitutes.contains(&article.sku) {
        return Err(pick::wrong_article(article, &line.name));
    }

    // Cannot fail below.
    let (old, new) = (Units { sku: units.sku.clone(), quantity: article.quantity }, article.sku.clone());
    let new = Units { sku: new, quantity: article.quantity };
    let mut events = vec![Event::OrderLineReplaced { step: step(case, order), line: line.line, old: old.clone(), new, why }];
    events.extend(stock_follows(case, order, &old.sku, old.quantity, why));
    Ok(done(order, events))
}

/// What the book learns of the shelf.
fn stock_follows(case: &Case, order: &OrderNo, sku: &Sku, quantity: Qty, why: CounterWhy) -> Vec<Event> {
    let book = on_hand_now(case, sku);
    match why {
        CounterWhy::Missing => {
            let (on_hand, why) = (book.unwrap_or(Qty::ZERO), Some(CountWhy::ShortPick));
            vec![Event::CountRequested { sku: sku.clone(), on_hand, at: case.ask.at, why }]
        }
        CounterWhy::Damaged => {
            let why = ShortWhy::Damaged;
            let adjusted = Event::StockAdjusted { step: step(case, order), sku: sku.clone(), quantity: -quantity, why };
            let low = book.and_then(|book| low_or_filled(case, sku, book - quantity));
            [adjusted].into_iter().chain(low).collect()
        }
        CounterWhy::Unwanted => Vec::new(),
    }
}
