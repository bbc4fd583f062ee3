//! The customer of a transaction: a reference, whether head office's list has their card among the members', and nothing else. Who it is
//! stands in the vault; the shell looks there before a decision and says what it found ([`CustomerFact`]).

use serde::{Deserialize, Serialize};

use super::decide::{Case, Outcome, refuse_when_fixed};
use super::{Answer, Event, Refusal};
use crate::ids::SubjectRef;

/// What the vault says of a subject. There is none for somebody who was erased, or whose details were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerFact {
    /// Their card is one of those that head office names as members'.
    pub is_member: bool,
    /// They agreed to be known here, and have not taken it back.
    pub has_consented: bool,
}

/// The customer of a transaction under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    pub subject: SubjectRef,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_member: bool,
}

pub(super) fn attach(case: &Case, subject: SubjectRef) -> Result<Outcome, Refusal> {
    let (_, _, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    let fact = case.facts.customer.ok_or(Refusal::CustomerUnknown)?;
    if !fact.has_consented {
        return Err(Refusal::CustomerWithoutConsent);
    }

    // Cannot fail below.
    let answer = Answer { txn: Some(basket.txn), ..Answer::default() };
    let customer = Attached { subject, is_member: fact.is_member };
    if basket.asks.customer == Some(customer) {
        return Ok(Outcome { events: Vec::new(), answer });
    }
    Ok(Outcome { events: vec![Event::CustomerAttached { txn: basket.txn, customer }], answer })
}

/// Also takes away a member's card that was scanned without anybody behind it.
pub(super) fn detach(case: &Case) -> Result<Outcome, Refusal> {
    let (_, _, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    if basket.asks.customer.is_none() && basket.asks.member.is_none() {
        return Err(Refusal::NoCustomer);
    }

    // Cannot fail below.
    let answer = Answer { txn: Some(basket.txn), ..Answer::default() };
    Ok(Outcome { events: vec![Event::CustomerDetached { txn: basket.txn }], answer })
}

/// The shell destroys the key once this was decided and before it is recorded: a record never says of somebody who can still be read that he
/// was erased.
pub(super) fn erase(case: &Case, subject: SubjectRef) -> Result<Outcome, Refusal> {
    case.facts.customer.ok_or(Refusal::CustomerUnknown)?;

    // Cannot fail below.
    let workstation = case.ask.workstation.clone();
    let event = Event::CustomerErased { subject, by: case.ask.staff.clone(), workstation, at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}
