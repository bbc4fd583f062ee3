//! The customer is there: which order, is it theirs, and does it go with them.

use super::super::decide::{Case, Outcome};
use super::super::{Event, Refusal, age, stock};
use super::act::{Shown, done, elsewhere, find, step};
use super::{CodeFact, EndedOrder, Order, OrderState, OrderStateName, Proof, TAKE_BACK_MS, WRONG_NUMBERS_MAX, number_kept};
use crate::ids::OrderNo;

pub(super) fn identify(case: &Case, code: &str) -> Result<Outcome, Refusal> {
    // A bag's label opens its order as well.
    if let Some((order, bag)) = super::bag_of(code) {
        let known = find(case, &order)?;
        if !known.bags.iter().any(|known| known.number == bag) {
            return Err(Refusal::BagUnknown { order, bag });
        }
        return Ok(done(&order, Vec::new()));
    }
    let (order, _) = told(case)?;
    Ok(done(&order.asked.order, Vec::new()))
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
    pub of_age: bool,
}

pub(super) fn hand_over(case: &Case, order: &OrderNo, asked: &HandOver) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    if known.state != OrderState::Staged {
        return Err(elsewhere(known));
    }
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
    let missing = known.bags.iter().filter(|bag| !asked.bags.contains(&bag.number)).count();
    if missing > 0 {
        return Err(Refusal::BagsNotScanned { order: order.clone(), missing });
    }
    if let Some(line) = asked.leaves.iter().find(|line| known.line(**line).is_none()) {
        return Err(Refusal::NoSuchLine { line: *line });
    }
    let issued = known.picked_units(asked.leaves);
    if issued.is_empty() {
        return Err(Refusal::NothingToHandOver { order: order.clone() });
    }
    let aged = known.age_min(asked.leaves);
    if let Some(years) = aged.filter(|_| !asked.of_age) {
        let born_by = age::born_by(case.business_date()?, years);
        return Err(Refusal::OrderAgeCheck { order: order.clone(), age: years, born_by });
    }

    // Cannot fail below.
    let followed = stock::after_issue(case, &issued);
    let event = Event::OrderHandedOver { step: step(case, order), proof, issued, leaves: asked.leaves.to_vec(), aged };
    Ok(done(order, [event].into_iter().chain(followed).collect()))
}

pub(super) fn decline(case: &Case, order: &OrderNo) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    if known.state != OrderState::Staged {
        return Err(elsewhere(known));
    }

    // Cannot fail below.
    Ok(done(order, vec![Event::OrderDeclined { step: step(case, order) }]))
}

pub(super) fn take_back(case: &Case, order: &OrderNo) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    let is_fresh = case.facts.order.handed_over_ago_ms.is_some_and(|ago_ms| ago_ms <= TAKE_BACK_MS);
    match known.state {
        OrderState::HandedOver { put_back: false, .. } if is_fresh => {}
        OrderState::HandedOver { .. } => return Err(Refusal::HandOverStands { order: order.clone() }),
        OrderState::Received
        | OrderState::Accepted
        | OrderState::Picking { .. }
        | OrderState::Picked
        | OrderState::Staged
        | OrderState::PuttingBack { .. }
        | OrderState::Ended { .. } => return Err(elsewhere(known)),
    }

    // Cannot fail below.
    Ok(done(order, vec![Event::HandOverTakenBack { step: step(case, order) }]))
}
