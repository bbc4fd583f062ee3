//! Money: cash, cards in two phases (at a terminal of ours: see [`super::card`]), taking a tender back, and the completion that follows when nothing
//! remains. The card's intent is on disk before anyone is asked for money; until its end is known nothing else moves.

use super::basket::{self, Basket, BasketTotals};
use super::card::{self, CardKind};
use super::decide::{Case, Outcome};
use super::rules::WorkstationRules;
use super::{
    Answer, Event, Refusal, Rules, Tender, TenderKind, TransactionRecord, addendum, order, print, recalls, refund, sale, stock, till,
};
use crate::ids::AttemptId;
use crate::money::{Money, RoundingMode};
use crate::time::BusinessDate;

/// Cash buttons beside the exact amount.
const SUGGESTED_NOTES_MAX: usize = 3;

/// What customers hand over for `due` (already rounded to what cash can pay): exact first, then up to three more, ascending. A single note
/// that covers it, or the amount filled up to the next multiple of one of the two smallest notes: 25, 30 and 50 for 23.40.
pub fn suggestions(due: Money, rules: &Rules) -> Vec<Money> {
    suggest(due, &rules.notes)
}

fn suggest(due: Money, notes: &[Money]) -> Vec<Money> {
    if due <= Money::ZERO {
        return vec![Money::ZERO];
    }
    let notes: Vec<i64> = notes.iter().map(|note| note.minor()).filter(|note| *note > 0).collect();
    let up_to = |note: &i64| (due.minor() + note - 1) / note * note;
    let mut sums: Vec<i64> = notes.iter().copied().chain(notes.iter().take(2).map(up_to)).filter(|sum| *sum > due.minor()).collect();
    sums.sort_unstable();
    sums.dedup();
    if sums.len() < SUGGESTED_NOTES_MAX {
        // More than the largest note: several of one kind.
        sums.extend(notes.iter().map(up_to).filter(|sum| *sum > due.minor()));
        sums.sort_unstable();
        sums.dedup();
    }
    std::iter::once(due).chain(sums.into_iter().take(SUGGESTED_NOTES_MAX).map(Money::from_minor)).collect()
}

pub(super) fn take_cash(case: &Case, amount: Money) -> Result<Outcome, Refusal> {
    let (workstation, date, basket) = case.at_basket()?;
    let totals = payable(case, basket, date)?;
    recalls::refuse_in_sale(case, basket)?;
    refund::refuse_when_refund_due(&totals)?;
    // A gift, or 0.01 that cash rounding takes away, is "paid" with nothing.
    if amount.is_negative() || (amount.is_zero() && totals.due_cash > Money::ZERO) {
        return Err(Refusal::AmountNotPositive);
    }
    let max = case.rules.limits.cash_tender_max;
    if amount > max {
        return Err(Refusal::AmountTooLarge { max });
    }
    if amount.to_step(case.rules.cash_step, RoundingMode::Down) != amount {
        return Err(Refusal::CashNotPayable { step: case.rules.cash_step });
    }
    // A free sale moves no cash.
    if !amount.is_zero() && !basket.training {
        till::refuse_cash(case, workstation)?;
    }

    // Cannot fail below.
    let tender = Tender { kind: TenderKind::Cash, amount, attempt: None, card: None, refund_of: None };
    let mut events = vec![Event::TenderAdded { txn: basket.txn, tender: tender.clone() }];
    if amount < totals.due_cash {
        events.extend(drawer(workstation, basket));
        return Ok(Outcome { events, answer: Answer { txn: Some(basket.txn), ..Answer::default() } });
    }
    let settled = Settled { tenders: vec![tender], rounding: totals.due_cash - totals.due, change: amount - totals.due_cash };
    Ok(complete(case, workstation, date, basket, totals, settled, events))
}

pub(super) fn start_card(case: &Case, amount: Option<Money>) -> Result<Outcome, Refusal> {
    let (workstation, date, basket) = case.at_basket()?;
    let totals = payable(case, basket, date)?;
    recalls::refuse_in_sale(case, basket)?;
    refund::refuse_when_refund_due(&totals)?;
    if totals.due <= Money::ZERO {
        return Err(Refusal::NothingToPay);
    }
    let amount = amount.unwrap_or(totals.due);
    if amount <= Money::ZERO {
        return Err(Refusal::AmountNotPositive);
    }
    if amount > totals.due {
        return Err(Refusal::CardAmountAboveDue { due: totals.due });
    }
    // In practice no terminal is asked: the cashier says how it would have ended.
    let terminal = if basket.training { None } else { card::begin(case, workstation, CardKind::Payment)?.map(Box::new) };

    // Cannot fail below.
    let attempt = case.ask.fresh.attempt;
    let event = Event::CardStarted { txn: basket.txn, attempt, amount, at: case.ask.at, terminal, refund_of: None };
    Ok(Outcome { events: vec![event], answer: Answer { txn: Some(basket.txn), attempt: Some(attempt), ..Answer::default() } })
}

pub(super) fn end_card(case: &Case, attempt: AttemptId, paid: bool) -> Result<Outcome, Refusal> {
    let (_, _, basket) = case.at_basket()?;
    let card = basket.card.as_ref().filter(|card| card.attempt == attempt).ok_or(Refusal::NoCardRunning)?;
    if card.terminal.is_some() {
        return Err(Refusal::CardByTerminal);
    }
    let ended = Event::CardEnded { txn: basket.txn, attempt, paid, terminal: None, proof: None, reason: None, by: None };
    let answer = Answer { txn: Some(basket.txn), attempt: Some(attempt), ..Answer::default() };
    if !paid {
        return Ok(Outcome { events: vec![ended], answer });
    }

    // Cannot fail below.
    let tender = Tender { kind: TenderKind::Card, amount: card.amount, attempt: Some(attempt), card: None, refund_of: card.refund_of };
    let outcome = taken(case, basket, tender, vec![ended]);
    Ok(Outcome { answer: Answer { txn: Some(basket.txn), attempt: Some(attempt), ..outcome.answer }, ..outcome })
}

/// A card was charged, or money given to one: that is recorded whatever else is wrong, and finishes the sale when nothing remains. When the
/// rules were changed under an open payment so that its taxes cannot be reckoned or are lower now, it waits for the rules to be mended, or the
/// difference is change. It waits as well where the workstation is gone, or no day is open and it has no date of its own.
pub(super) fn taken(case: &Case, basket: &Basket, tender: Tender, mut events: Vec<Event>) -> Outcome {
    events.push(Event::TenderAdded { txn: basket.txn, tender: tender.clone() });
    let waits = |events| Outcome { events, answer: Answer { txn: Some(basket.txn), ..Answer::default() } };
    let Some(workstation) = basket.workstation().and_then(|id| case.rules.workstation(id)) else { return waits(events) };
    let own_date = basket.closed_under.map(|under| under.date);
    let Some(date) = own_date.or_else(|| case.business_date().ok()) else { return waits(events) };
    let Ok(totals) = basket::totals(basket, case.rules, date) else { return waits(events) };
    let remains = totals.due - tender.amount;
    if remains > Money::ZERO || (remains < Money::ZERO && tender.amount.is_negative()) {
        return waits(events);
    }
    let settled = Settled { rounding: Money::ZERO, change: tender.amount - totals.due, tenders: vec![tender] };
    complete(case, workstation, date, basket, totals, settled, events)
}

pub(super) fn remove(case: &Case, index: u32) -> Result<Outcome, Refusal> {
    let (workstation, _, basket) = case.at_basket()?;
    if basket.card.is_some() {
        return Err(Refusal::CardRunning);
    }
    let tender = basket.tenders.get(index as usize).ok_or(Refusal::NoSuchTender { index })?;
    match tender.kind {
        TenderKind::Cash => {}
        TenderKind::Card => return card::reverse(case, workstation, basket, index, tender),
    }
    if !basket.training {
        till::refuse_cash(case, workstation)?;
    }

    // Cannot fail below. The cash is given back, so the drawer opens.
    let mut events = vec![Event::TenderRemoved { txn: basket.txn, index }];
    events.extend(drawer(workstation, basket));
    Ok(Outcome { events, answer: Answer { txn: Some(basket.txn), ..Answer::default() } })
}

fn drawer(workstation: &WorkstationRules, basket: &Basket) -> Option<Event> {
    if basket.training { None } else { print::drawer_alone(workstation, basket.txn) }
}

/// What there is to pay or to give back, when money can move now.
pub(super) fn payable(case: &Case, basket: &Basket, date: BusinessDate) -> Result<BasketTotals, Refusal> {
    if basket.card.is_some() {
        return Err(Refusal::CardRunning);
    }
    if basket.live().next().is_none() {
        return Err(Refusal::NothingToPay);
    }
    order::refuse_payment(case, basket)?;
    let max = case.rules.limits.tenders_per_transaction_max;
    if basket.tenders.len() >= max as usize {
        return Err(Refusal::TooManyTenders { max });
    }
    basket::totals(basket, case.rules, date)
}

/// The tenders that leave nothing to pay.
pub(super) struct Settled {
    pub tenders: Vec<Tender>,
    pub rounding: Money,
    pub change: Money,
}

/// Adds the end of the transaction to the events of its last tender: the whole record, its seal, the paper, what is to be counted.
pub(super) fn complete(
    case: &Case,
    workstation: &WorkstationRules,
    date: BusinessDate,
    basket: &Basket,
    totals: BasketTotals,
    settled: Settled,
    mut events: Vec<Event>,
) -> Outcome {
    let cash_moved =
        !settled.change.is_zero() || settled.tenders.iter().any(|tender| tender.kind == TenderKind::Cash && !tender.amount.is_zero());
    let record = TransactionRecord {
        taxes: totals.taxes,
        total: totals.total,
        rounding: settled.rounding,
        tenders: basket.tenders.iter().cloned().chain(settled.tenders).collect(),
        change: settled.change,
        ..sale::record(case, workstation, date, basket, basket.kind())
    };
    // Practice leaves drawer and stock alone.
    let paper = print::original(case, workstation, basket.txn, cash_moved && !basket.training);
    let counts = if basket.training { Vec::new() } else { stock::after_sale(case, &record) };
    let answer = Answer {
        txn: Some(basket.txn),
        receipt: Some(record.number.clone()),
        change: Some(record.change),
        job: match &paper {
            Some(Event::PrintRequested { job, .. }) => Some(*job),
            _ => None,
        },
        order: basket.order.as_ref().map(|terms| terms.order.clone()),
        ..Answer::default()
    };
    let late = addendum::of(case, basket, &record);
    events.push(Event::TransactionCompleted { record: Box::new(record) });
    events.extend(late);
    events.push(Event::ReceiptSealed { txn: basket.txn, seal: "none".to_owned() });
    events.extend(paper);
    events.extend(counts);
    events.extend(order::handed_over_by(case, basket, basket.txn));
    Outcome { events, answer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cash_buttons_are_what_customers_hand_over() {
        let check = |notes: &[i64], due: i64, expect: &[i64]| {
            let notes: Vec<Money> = notes.iter().copied().map(Money::from_minor).collect();
            let found: Vec<i64> = suggest(Money::from_minor(due), &notes).into_iter().map(Money::minor).collect();
            assert_eq!(found, expect, "{due}");
        };
        let eur = [500, 1_000, 2_000, 5_000, 10_000, 20_000];
        check(&eur, 749, &[749, 1_000, 2_000, 5_000]);
        check(&eur, 2_340, &[2_340, 2_500, 3_000, 5_000]);
        check(&eur, 6_320, &[6_320, 6_500, 7_000, 10_000]);
        check(&eur, 2_000, &[2_000, 5_000, 10_000, 20_000]);
        check(&eur, 19_999, &[19_999, 20_000]);
        check(&eur, 25_000, &[25_000, 26_000, 30_000, 40_000]);
        check(&eur, 123_450, &[123_450, 123_500, 124_000, 125_000]);
        check(&eur, 1, &[1, 500, 1_000, 2_000]);
        check(&eur, 0, &[0]);
        check(&[1_000, 5_000, 10_000], 1_234, &[1_234, 2_000, 5_000, 10_000]);
        check(&[], 500, &[500]);
    }
}
