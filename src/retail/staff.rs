//! Who is at which till: signing in, locking, signing out, and what happens to those who guess PINs. Secrets never come here: the shell has
//! checked badge and PIN before, and the core is told what it found ([`Proof`]).

use serde::{Deserialize, Serialize};

use super::decide::{Case, Outcome};
use super::rights::StaffFact;
use super::state::State;
use super::{Answer, Event, Refusal};
use crate::ids::StaffId;
use crate::time::{ClockQuality, Stamp, Uptime};

/// Wrong PINs in a row before there is waiting.
pub const PIN_MISSES_FREE: u32 = 5;
/// After the last free miss; doubled with every further one.
pub const PIN_WAIT_S_MIN: u64 = 30;
pub const PIN_WAIT_S_MAX: u64 = 3_600;
/// People whose misses are remembered. Beyond it those who missed longest ago start anew.
pub const LOCKOUTS_KEPT_MAX: usize = 1_000;

/// Who works at a workstation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub staff: StaffId,
    pub since: Stamp,
    /// Still theirs, but nothing is done before someone signs in again.
    #[serde(default)]
    pub locked: bool,
}

/// Wrong PINs in a row of one person, wherever they were typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misses {
    pub count: u32,
    pub last: Stamp,
    /// Of the last one; absent in records of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<Uptime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInWay {
    Badge,
    Pin,
}

/// What the shell found out about a badge or a PIN that came with a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    Person {
        fact: StaffFact,
        way: SignInWay,
    },
    WrongPin {
        staff: StaffId,
    },
    /// Not looked at, because the person is locked out.
    Unchecked {
        staff: StaffId,
    },
    PinNotSet {
        staff: StaffId,
    },
    UnknownBadge,
    UnknownStaff {
        staff: StaffId,
    },
}

impl Misses {
    /// For how long no PIN of this person is taken after the last miss, in milliseconds; `None` while misses are free.
    fn wait_ms(&self) -> Option<u64> {
        let beyond = self.count.checked_sub(PIN_MISSES_FREE)?;
        Some(PIN_WAIT_S_MIN.saturating_mul(1 << beyond.min(16)).min(PIN_WAIT_S_MAX) * 1_000)
    }

    /// How much of it has passed. Within the run of the process that saw the miss, a clock that never goes back says so; a wall clock that is
    /// set to and fro changes nothing. Over a restart the wall clock counts where it is vouched for, and what has passed since the start in any
    /// case: so nobody waits longer after a restart than its whole length.
    fn waited_ms(&self, at: Stamp, now: Uptime) -> u64 {
        match self.uptime {
            Some(then) if then.run == now.run => now.ms.saturating_sub(then.ms),
            _ => {
                let vouched = self.last.quality == ClockQuality::Synchronised && at.quality == ClockQuality::Synchronised;
                let by_wall = if vouched { u64::try_from(at.ms.saturating_sub(self.last.ms)).unwrap_or(0) } else { 0 };
                now.ms.max(by_wall)
            }
        }
    }
}

impl State {
    /// For how many milliseconds more no PIN of this person is taken; `None`: it is.
    pub fn locked_out_ms(&self, staff: &StaffId, at: Stamp, now: Uptime) -> Option<u64> {
        let misses = self.lockouts.get(staff)?;
        misses.wait_ms()?.checked_sub(misses.waited_ms(at, now)).filter(|left| *left > 0)
    }
}

/// Who stands behind the command besides the one who is signed in; `None` when nothing came with it.
pub(super) fn proven<'a>(case: &Case<'a>) -> Result<Option<(&'a StaffFact, SignInWay)>, Refusal> {
    let Some(proof) = &case.facts.proof else { return Ok(None) };
    let by_pin = match proof {
        Proof::Person { way: SignInWay::Badge, .. } | Proof::UnknownBadge => None,
        Proof::Person { way: SignInWay::Pin, fact } => Some(&fact.id),
        Proof::WrongPin { staff } | Proof::Unchecked { staff } | Proof::PinNotSet { staff } | Proof::UnknownStaff { staff } => Some(staff),
    };
    if let Some(staff) = by_pin
        && let Some(left_ms) = case.state.locked_out_ms(staff, case.ask.at, case.ask.uptime())
    {
        return Err(Refusal::StaffLockedOut { staff: staff.clone(), seconds: left_ms.div_ceil(1_000) });
    }
    match proof {
        Proof::Person { fact, way } => Ok(Some((fact, *way))),
        // The wait was over by the time it came here: it must be typed again to be looked at.
        Proof::Unchecked { staff } => Err(Refusal::StaffLockedOut { staff: staff.clone(), seconds: 1 }),
        Proof::WrongPin { staff } => {
            let missed = case.state.lockouts.get(staff).map_or(0, |misses| misses.count) + 1;
            Err(Refusal::PinWrong { staff: staff.clone(), left: PIN_MISSES_FREE.saturating_sub(missed) })
        }
        Proof::PinNotSet { staff } => Err(Refusal::PinNotSet { staff: staff.clone() }),
        Proof::UnknownBadge => Err(Refusal::BadgeUnknown),
        Proof::UnknownStaff { staff } => Err(Refusal::StaffUnknown { staff: staff.clone() }),
    }
}

/// Also the quick switch: whoever was signed in makes room.
pub(super) fn sign_in(case: &Case) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let (person, way) = proven(case)?.ok_or(Refusal::ProofMissing)?;

    // Cannot fail below.
    let event = Event::SignedIn { workstation: workstation.id.clone(), staff: person.id.clone(), way, at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

/// At a desk page that belongs to no till: who it was stays with the screen, for as long as the shell allows.
pub(super) fn sign_in_desk(case: &Case, staff: &StaffId) -> Result<Outcome, Refusal> {
    let (person, way) = proven(case)?.ok_or(Refusal::ProofMissing)?;
    if person.id != *staff {
        return Err(Refusal::StaffUnknown { staff: staff.clone() });
    }

    // Cannot fail below.
    let event = Event::DeskSignedIn { staff: person.id.clone(), way, at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

pub(super) fn sign_out(case: &Case) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let here = case.state.workstations.get(&workstation.id).and_then(|here| here.signed_in.as_ref());
    let Some(here) = here else { return Err(Refusal::SignInFirst) };

    // Cannot fail below.
    let event = Event::SignedOut { workstation: workstation.id.clone(), staff: here.staff.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

/// A till that is locked, or where nobody is, stays as it is.
pub(super) fn lock(case: &Case, idle: bool) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let here = case.state.workstations.get(&workstation.id).and_then(|here| here.signed_in.as_ref());

    // Cannot fail below.
    let Some(here) = here.filter(|here| !here.locked) else { return Ok(Outcome::default()) };
    let event = Event::TillLocked { workstation: workstation.id.clone(), staff: here.staff.clone(), idle, at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

/// From the shell, which has proved the set-up code and keeps the list.
pub(super) fn name_first_manager(case: &Case, staff: &StaffId) -> Outcome {
    let event = Event::FirstManagerNamed { staff: staff.clone(), at: case.ask.at };
    Outcome { events: vec![event], answer: Answer::default() }
}

/// From the shell, right after it refused a wrong PIN.
pub(super) fn report_pin_miss(case: &Case, staff: &StaffId) -> Outcome {
    let uptime = Some(case.ask.uptime());
    let event = Event::PinMissed { staff: staff.clone(), workstation: case.ask.workstation.clone(), at: case.ask.at, uptime };
    Outcome { events: vec![event], answer: Answer::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_begins_after_five_and_doubles_up_to_an_hour() {
        let wait = |count| Misses { count, last: Stamp::default(), uptime: None }.wait_ms().map(|ms| ms / 1_000);
        let waits: Vec<Option<u64>> = [1, 4, 5, 6, 7, 11, 12, 100].map(wait).to_vec();
        assert_eq!(waits, [None, None, Some(30), Some(60), Some(120), Some(1920), Some(3600), Some(3600)]);
    }
}
