//! Money that goes back: to the tenders the sale was paid with, in their order; and the post-void, which undoes the last sale of a till.
//!
//! Whose move: `Refund` does the next step. Cash leaves the drawer at once; a card is refunded by hand on the stand-alone terminal in the
//! same two phases as a payment, with the amount negative.

use super::basket::{self, Basket, BasketTotals};
use super::card::{self, CardKind};
use super::decide::{Case, Outcome};
use super::original::Original;
use super::tender::{self, Settled};
use super::{Answer, Event, Refusal, Rules, State, Tender, TenderKind, TransactionKind, print, returns, sale, till};
use crate::ids::TxnId;
use crate::money::{Money, RoundingMode};

/// One step of a refund. `amount` is positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub kind: TenderKind,
    pub amount: Money,
    /// The sale whose payment is given back; `None`: not known how it was paid.
    pub of: Option<TxnId>,
}

/// How the money that is due to the customer goes back. Empty when none is. `by`: all of it that way. What nobody knows how it was paid goes
/// back in cash.
pub fn plan(state: &State, basket: &Basket, totals: &BasketTotals, by: Option<TenderKind>) -> Vec<Step> {
    let mut due = -totals.due;
    let mut steps: Vec<Step> = Vec::new();
    if let Some(kind) = by {
        steps.extend((due > Money::ZERO).then_some(Step { kind, amount: due, of: None }));
        return steps;
    }
    let given: Vec<&Tender> = basket.tenders.iter().filter(|tender| tender.amount.is_negative()).collect();
    let mut seen: Vec<TxnId> = Vec::new();
    for line in basket.live() {
        let Some(receipt) = line.returned.as_ref().and_then(|of| of.receipt.as_ref()) else { continue };
        if seen.contains(&receipt.txn) {
            continue;
        }
        seen.push(receipt.txn);
        let of_it = |sold: &&super::SoldLine| {
            sold.returned.as_ref().and_then(|of| of.receipt.as_ref()).is_some_and(|other| other.txn == receipt.txn)
        };
        let given_of_it: Money = given.iter().filter(|t| t.refund_of == Some(receipt.txn)).map(|t| -t.amount).sum();
        let mut want = basket.live().filter(of_it).map(super::SoldLine::refund).sum::<Money>() - given_of_it;
        let refunded = state.returned.sale(receipt.txn).map_or(&[][..], |sale| &sale.refunded);
        for (kind, paid) in &receipt.tenders {
            let before: Money = refunded.iter().filter(|(of, _)| of == kind).map(|(_, amount)| *amount).sum();
            let here: Money = given.iter().filter(|t| t.refund_of == Some(receipt.txn) && t.kind == *kind).map(|t| -t.amount).sum();
            let amount = (*paid - before - here).min(want).min(due);
            if amount > Money::ZERO {
                steps.push(Step { kind: *kind, amount, of: Some(receipt.txn) });
                want -= amount;
                due -= amount;
            }
        }
    }
    if due > Money::ZERO {
        match steps.last_mut().filter(|last| last.kind == TenderKind::Cash) {
            Some(last) => last.amount += due,
            None => steps.push(Step { kind: TenderKind::Cash, amount: due, of: None }),
        }
    }
    steps
}

/// The next step of the refund.
pub(super) fn refund(case: &Case, by: Option<TenderKind>) -> Result<Outcome, Refusal> {
    let (workstation, date, basket) = case.at_basket()?;
    let totals = tender::payable(case, basket, date)?;
    if totals.due >= Money::ZERO {
        return Err(Refusal::NothingToRefund);
    }

    next_step(case, workstation, date, basket, totals, by, Vec::new())
}

/// Undoes the newest sale of this workstation with a transaction of its own.
pub(super) fn post_void(case: &Case, txn: TxnId) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let date = case.business_date()?;
    if case.open_basket(workstation).is_some() {
        return Err(Refusal::TransactionOpenHere);
    }
    let last = case.state.workstations.get(&workstation.id).and_then(|here| here.last.as_deref());
    let record = last.filter(|record| record.txn == txn && record.business_date == date).ok_or(Refusal::PostVoidNothing)?;
    let plain = record.kind == TransactionKind::Sale && record.lines.iter().all(|line| line.returned.is_none());
    if !plain {
        return Err(Refusal::PostVoidNothing);
    }
    // The goods are with the customer: they come back line by line, each to where it belongs.
    if let Some(order) = record.lines.iter().find_map(|line| line.order.clone()) {
        return Err(Refusal::HandOverPaid { order });
    }
    let minutes = case.rules.returns.post_void_minutes_max;
    if case.ask.at.ms - record.at.ms > i64::from(minutes) * 60_000 {
        return Err(Refusal::PostVoidTooLate { minutes });
    }
    if !case.state.unproved.is_empty() {
        return Err(Refusal::ReturnUnproved);
    }
    if case.state.returned.sale(txn).is_some() || case.state.is_being_returned(txn, None, None) {
        return Err(Refusal::PostVoidReturned);
    }
    let original = Original::of_record(record, None).map_err(|_| Refusal::PostVoidNothing)?;
    let lines = returns::undo_of(case, &original, POST_VOID_REASON)?;
    // Its record would hold each line twice: as it comes back, and in the finished transaction.
    if 2 * lines.iter().map(sale::line_bytes).sum::<usize>() > sale::TRANSACTION_BYTES_MAX {
        return Err(Refusal::PostVoidNothing);
    }
    // The basket as it will be: the same events build it in State.
    let mut basket = Basket::new(case.ask.fresh.txn, workstation.id.clone(), case.ask.staff.clone(), case.ask.at);
    lines.iter().for_each(|line| basket.add(line.clone()));
    let totals = basket::totals(&basket, case.rules, date)?;

    let added = lines.into_iter().map(|line| Event::LineAdded {
        txn: basket.txn,
        workstation: workstation.id.clone(),
        staff: case.ask.staff.clone(),
        at: case.ask.at,
        line: Box::new(line),
    });
    let events = added.collect();
    next_step(case, workstation, date, &basket, totals, None, events)
}

/// The reason on the lines of a post-void; no store lists it.
const POST_VOID_REASON: &str = "post_void";

/// Cash steps at the front go at once, the drawer opens for them; a card step is begun on the terminal. Refused only when our own terminal
/// cannot be asked now.
fn next_step(
    case: &Case,
    workstation: &super::rules::WorkstationRules,
    date: crate::time::BusinessDate,
    basket: &Basket,
    totals: BasketTotals,
    by: Option<TenderKind>,
    mut events: Vec<Event>,
) -> Result<Outcome, Refusal> {
    let steps = plan(case.state, basket, &totals, by);
    let cash: Vec<&Step> = steps.iter().take_while(|step| step.kind == TenderKind::Cash).collect();
    let sum: Money = cash.iter().map(|step| step.amount).sum();
    let card = steps.get(cash.len());
    // The last cash takes the rounding when it settles all; otherwise it is what coins can make, and the rest goes the other way.
    let payable = if card.is_none() { -totals.due_cash } else { sum.to_step(case.rules.cash_step, RoundingMode::Down) };
    if let Some(card) = card.filter(|_| payable.is_zero()) {
        let terminal = card::begin(case, workstation, CardKind::Refund)?.map(Box::new);
        let (attempt, amount) = (case.ask.fresh.attempt, -(card.amount + sum));
        events.push(Event::CardStarted { txn: basket.txn, attempt, amount, at: case.ask.at, terminal, refund_of: card.of });
        return Ok(Outcome { events, answer: Answer { txn: Some(basket.txn), attempt: Some(attempt), ..Answer::default() } });
    }

    if !payable.is_zero() {
        till::refuse_cash(case, workstation)?;
    }

    // Cannot fail below.
    let mut tenders: Vec<Tender> = cash.iter().map(|step| cash_tender(-step.amount, step.of)).collect();
    if tenders.is_empty() {
        // A sale that cost nothing gives nothing back: nothing is tendered, and the transaction is complete.
        tenders.push(cash_tender(Money::ZERO, None));
    }
    if let Some(last) = tenders.last_mut() {
        last.amount -= payable - sum;
    }
    events.extend(tenders.iter().map(|tender| Event::TenderAdded { txn: basket.txn, tender: tender.clone() }));
    if card.is_none() {
        let settled = Settled { tenders, rounding: totals.due_cash - totals.due, change: Money::ZERO };
        return Ok(tender::complete(case, workstation, date, basket, totals, settled, events));
    }
    events.extend(print::drawer_alone(workstation, basket.txn));
    Ok(Outcome { events, answer: Answer { txn: Some(basket.txn), ..Answer::default() } })
}

fn cash_tender(amount: Money, refund_of: Option<TxnId>) -> Tender {
    Tender { kind: TenderKind::Cash, amount, attempt: None, card: None, refund_of }
}

/// Whether money is due to the customer and nothing else may be taken now.
pub(super) fn refuse_when_refund_due(totals: &BasketTotals) -> Result<(), Refusal> {
    if totals.due.is_negative() { Err(Refusal::RefundDue { amount: -totals.due }) } else { Ok(()) }
}

/// The plan of an open basket for its screen.
pub fn shown_plan(state: &State, rules: &Rules, basket: &Basket, totals: &BasketTotals) -> Vec<Step> {
    let mut steps = plan(state, basket, totals, None);
    let all_cash = steps.iter().all(|step| step.kind == TenderKind::Cash);
    if let Some(last) = steps.last_mut().filter(|_| all_cash && rules.cash_step > Money::from_minor(1)) {
        last.amount += totals.due - totals.due_cash;
    }
    steps
}
