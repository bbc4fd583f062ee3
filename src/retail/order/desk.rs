//! The customer is there: which order, is it theirs, and does it go with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::decide::{Case, Outcome};
use super::super::{Event, Refusal, age, stock};
use super::act::{Shown, done, elsewhere, find, find_staged, step};
use super::{
    Bag, CodeFact, EndedOrder, HandOverTerms, LineProgress, Order, OrderLine, OrderState, OrderStateName, Proof, Step, TAKE_BACK_MS,
    WRONG_NUMBERS_MAX, Zone, number_kept, payment,
};
use crate::ids::{OrderNo, TxnId};
use crate::money::{Money, Qty};

pub(super) fn identify(case: &Case, code: &str, within: Option<&OrderNo>) -> Result<Outcome, Refusal> {
    // A bag's label opens its order as well.
    if let Some((order, bag)) = super::bag_of(code) {
        let known = find(case, &order)?;
        let went = known.handed.iter().flat_map(|part| &part.bags);
        if !known.bags.iter().chain(went).any(|known| known.number == bag) {
            return Err(Refusal::BagUnknown { order, bag });
        }
        if within.is_some_and(|within| *within != order) {
            return Err(Refusal::BagOfOtherOrder { order });
        }
        return Ok(done(&order, Vec::new()));
    }
    if within.is_none()
        && let Some(known) = numbered(case, code)
    {
        return Ok(done(&known.asked.order, Vec::new()));
    }
    let (order, _) = told(case)?;
    if within.is_some_and(|within| *within != order.asked.order) {
        return Err(Refusal::CollectCodeOtherOrder { order: order.asked.order.clone() });
    }
    Ok(done(&order.asked.order, Vec::new()))
}

/// The order whose own number this is. It opens the order and proves nothing: whoever hands it over asks for the name and compares. A
/// customer's number of the same digits goes first.
fn numbered<'a>(case: &Case<'a>, code: &str) -> Option<&'a Order> {
    let orders = &case.state.orders.orders;
    if let Some(CodeFact::Number { mark }) = &case.facts.order.code
        && orders.values().any(|order| order.asked.number_mark == *mark)
    {
        return None;
    }
    let written = |text: &str| OrderNo::new(text).ok().and_then(|number| orders.get(&number));
    let code = code.trim();
    written(code).or_else(|| written(&code.to_uppercase())).map(Arc::as_ref)
}

/// The order that the code names, when it is good for it, and what kind of code it was.
fn told<'a>(case: &Case<'a>) -> Result<(&'a Order, Proof), Refusal> {
    let workstation = case.workstation()?;
    let book = &case.state.orders;
    let wrong = book.wrong_numbers.get(&workstation.id).copied().unwrap_or(0);
    let (order, proof) = match case.facts.order.code.as_ref().unwrap_or(&CodeFact::NoCode) {
        CodeFact::NoCode | CodeFact::Damaged => return Err(Refusal::CollectCodeDamaged),
        CodeFact::Forged => return Err(Refusal::CollectCodeForged),
        CodeFact::NoKey => return Err(Refusal::CollectCodeNoKey),
        CodeFact::Signed { store, .. } if *store != case.rules.store => {
            return Err(Refusal::CollectCodeOtherStore { store: store.to_string() });
        }
        CodeFact::Signed { order, secret_hash, expires_ms, .. } => {
            if let Some(ended) = book.ended.get(order) {
                return Err(over(order, ended));
            }
            if *expires_ms <= case.ask.at.ms {
                return Err(Refusal::CollectCodeExpired { order: order.clone() });
            }
            let known = book.orders.get(order).ok_or_else(|| Refusal::CollectCodeNotYetHere { order: order.clone() })?;
            if known.asked.code != *secret_hash {
                return Err(Refusal::CollectCodeReplaced { order: order.clone() });
            }
            (known, Proof::Code)
        }
        CodeFact::Number { .. } if wrong >= WRONG_NUMBERS_MAX => return Err(Refusal::CollectNumbersLocked),
        CodeFact::Number { mark } => {
            let known = book.orders.values().find(|order| order.asked.number_mark == *mark);
            if known.is_none()
                && let Some((order, ended)) = book.ended.iter().find(|(_, ended)| ended.number == number_kept(mark))
            {
                return Err(over(order, ended));
            }
            (known.ok_or(Refusal::CollectNumberWrong { left: WRONG_NUMBERS_MAX - wrong - 1 })?, Proof::Number)
        }
    };
    match order.state {
        OrderState::HandedOver { .. } => Err(Refusal::CollectCodeUsed { order: order.asked.order.clone() }),
        OrderState::Received
        | OrderState::Accepted
        | OrderState::Picking { .. }
        | OrderState::Picked
        | OrderState::Staged
        | OrderState::PuttingBack { .. }
        | OrderState::Ended { .. } => Ok((order.as_ref(), proof)),
    }
}

/// Its code opens nothing any more.
fn over(order: &OrderNo, ended: &EndedOrder) -> Refusal {
    match ended.why {
        None => Refusal::CollectCodeUsed { order: order.clone() },
        Some(_) => Refusal::OrderElsewhere { order: order.clone(), state: OrderStateName::Ended },
    }
}

/// One more; nothing when the workstation is locked already.
pub(super) fn report_wrong_number(case: &Case) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?.id.clone();

    // Cannot fail below.
    Ok(Outcome { events: vec![Event::CollectNumberMissed { workstation, at: case.ask.at }], ..Outcome::default() })
}

pub(super) fn allow_numbers(case: &Case) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?.id.clone();
    if !case.state.orders.wrong_numbers.contains_key(&workstation) {
        return Ok(Outcome::default());
    }

    // Cannot fail below.
    let event = Event::CollectNumbersAllowed { workstation, by: case.ask.staff.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], ..Outcome::default() })
}

pub(super) struct HandOver<'a> {
    pub shown: &'a Shown,
    pub bags: &'a [u32],
    pub leaves: &'a [u32],
    pub later: &'a [u32],
    pub of_age: bool,
}

pub(super) fn hand_over(case: &Case, order: &OrderNo, asked: &HandOver) -> Result<Outcome, Refusal> {
    let (known, terms) = terms(case, order, asked)?;
    let due = payment::due(case, known, &terms);
    if due > Money::ZERO {
        return Err(Refusal::OrderToPay { order: order.clone(), amount: due });
    }

    // Cannot fail below.
    Ok(done(order, handed_over(case, step(case, order), known, &terms, None)))
}

/// Whether what was asked for can go, and everything that is recorded of it.
pub(super) fn terms<'a>(case: &Case<'a>, order: &OrderNo, asked: &HandOver) -> Result<(&'a Order, HandOverTerms), Refusal> {
    let known = find_staged(case, order)?;
    let proof = match asked.shown {
        Shown::Code(_) => {
            let (told, proof) = told(case)?;
            if told.asked.order != *order {
                return Err(Refusal::CollectCodeOtherOrder { order: told.asked.order.clone() });
            }
            proof
        }
        Shown::Name => Proof::Name,
        Shown::Paper(paper) => Proof::Paper(*paper),
    };
    let unknown = asked.bags.iter().find(|bag| !known.bags.iter().any(|known| known.number == **bag));
    if let Some(bag) = unknown {
        return Err(Refusal::BagUnknown { order: order.clone(), bag: *bag });
    }
    if let Some(line) = asked.leaves.iter().chain(asked.later).find(|line| known.line(**line).is_none()) {
        return Err(Refusal::NoSuchLine { line: *line });
    }
    refuse_bags_that_do_not_fit(known, asked)?;
    let stays: Vec<u32> = asked.leaves.iter().chain(asked.later).copied().collect();
    if known.picked_units(&stays).is_empty() {
        return Err(Refusal::NothingToHandOver { order: order.clone() });
    }
    let aged = known.age_min(&stays);
    if let Some(years) = aged.filter(|_| !asked.of_age) {
        let born_by = age::born_by(case.business_date()?, years);
        return Err(Refusal::OrderAgeCheck { order: order.clone(), age: years, born_by });
    }
    let mut bags = asked.bags.to_vec();
    bags.sort_unstable();
    bags.dedup();
    let terms = HandOverTerms { order: order.clone(), proof, bags, leaves: asked.leaves.to_vec(), later: asked.later.to_vec(), aged };
    Ok((known, terms))
}

/// Every bag goes, but those with goods that are fetched later; and for what is fetched later a bag stays.
fn refuse_bags_that_do_not_fit(known: &Order, asked: &HandOver) -> Result<(), Refusal> {
    let waits = |line: &&OrderLine| {
        asked.later.contains(&line.line) && known.progress.get(&line.line).is_some_and(|progress| !progress.picked.is_empty())
    };
    let zones: BTreeSet<Zone> = known.asked.lines.iter().filter(waits).map(|line| line.zone).collect();
    let stays: Vec<&Bag> = known.bags.iter().filter(|bag| !asked.bags.contains(&bag.number)).collect();
    let missing = stays.iter().filter(|bag| !zones.contains(&bag.zone)).count();
    if missing > 0 {
        return Err(Refusal::BagsNotScanned { order: known.asked.order.clone(), missing });
    }
    if zones.iter().any(|zone| !stays.iter().any(|bag| bag.zone == *zone)) {
        return Err(Refusal::NoBagForLater { order: known.asked.order.clone() });
    }
    Ok(())
}

/// The hand-over, and what goes back to the customer when nothing is owed any more. `txn`: the sale that paid it.
pub(super) fn handed_over(case: &Case, step: Step, known: &Order, terms: &HandOverTerms, txn: Option<TxnId>) -> Vec<Event> {
    let HandOverTerms { order: _, proof, bags, leaves, later, aged } = terms.clone();
    let stays: Vec<u32> = leaves.iter().chain(&later).copied().collect();
    let issued = known.picked_units(&stays);
    let is_last = later.is_empty() && known.open_lines().next().is_none();
    let goes = |line| if stays.contains(&line) { Qty::ZERO } else { picked(known, line) };
    let refund = is_last.then(|| payment::refund(known, goes, case.rules.line_rounding));
    let followed = stock::after_issue(case, &issued);
    let bags_stay = bags.is_empty() && !known.bags.is_empty();
    // That all of an order's bags go needs no list.
    let bags = if bags.len() == known.bags.len() { Vec::new() } else { bags };
    let handed = Event::OrderHandedOver { step: step.clone(), proof, issued, leaves, aged, bags, bags_stay, later, txn, owed: !is_last };
    let refund = refund.flatten().map(|(amount, lines)| Event::OrderRefundRequested { step, amount, lines });
    [handed].into_iter().chain(refund).chain(followed).collect()
}

fn picked(known: &Order, line: u32) -> Qty {
    known.progress.get(&line).map_or(Qty::ZERO, LineProgress::picked_quantity)
}

pub(super) fn decline(case: &Case, order: &OrderNo) -> Result<Outcome, Refusal> {
    let known = find_staged(case, order)?;

    // Cannot fail below.
    let declined = Event::OrderDeclined { step: step(case, order) };
    Ok(done(order, [declined].into_iter().chain(payment::all_back(case, known)).collect()))
}

pub(super) fn take_back(case: &Case, order: &OrderNo) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    let is_fresh = case.facts.order.handed_over_ago_ms.is_some_and(|ago_ms| ago_ms <= TAKE_BACK_MS);
    let is_last_act = match known.state {
        OrderState::HandedOver { put_back, .. } => !put_back,
        // A part went, and nobody has gone on with the rest.
        OrderState::Accepted | OrderState::Staged if known.is_part_handed() => known.handed.last().is_some_and(|part| !part.put_back),
        OrderState::Received
        | OrderState::Accepted
        | OrderState::Picking { .. }
        | OrderState::Picked
        | OrderState::Staged
        | OrderState::PuttingBack { .. }
        | OrderState::Ended { .. } => return Err(elsewhere(known)),
    };
    if known.handed.last().is_some_and(|part| part.txn.is_some()) {
        return Err(Refusal::HandOverPaid { order: order.clone() });
    }
    if !is_last_act || !is_fresh {
        return Err(Refusal::HandOverStands { order: order.clone() });
    }
    if let Some(workstation) = payment::being_paid(case.state, order).and_then(|basket| basket.workstation().cloned()) {
        return Err(Refusal::OrderBeingPaid { order: order.clone(), workstation });
    }

    // Cannot fail below.
    Ok(done(order, vec![Event::HandOverTakenBack { step: step(case, order) }]))
}
