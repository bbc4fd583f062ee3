//! Who somebody is: a badge or a PIN checked against the staff list. A PIN costs tens of milliseconds by design, so it is checked beside the
//! loop, a few at a time; what the loop and the core get is the finding, never the secret.

use std::fmt;

use crate::ids::StaffId;
use crate::retail::rights::StaffFact;
use crate::retail::staff::{Proof, SignInWay};
use crate::sync::staff::{self, StaffBook};

/// PINs under examination at the same time, answers included. So few guesses more than were free can be on the way when the waiting begins.
pub const PIN_CHECKS_MAX: usize = 2;

/// Shows nothing of itself in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// What comes with a command: of the person itself for `SignIn`, else of the one who approves.
#[derive(Debug, Clone)]
pub enum Approval {
    /// As scanned.
    Badge(Secret),
    Pin {
        staff: StaffId,
        pin: Secret,
    },
    /// Looked at already.
    Checked(Proof),
}

impl Approval {
    /// What the list says to it. Slow for a PIN. `is_locked_out`: then a PIN is not looked at.
    pub fn checked(self, book: &StaffBook, is_locked_out: bool) -> Proof {
        match self {
            Approval::Checked(proof) => proof,
            Approval::Badge(code) => match book.by_badge(&code.0) {
                Some(person) => Proof::Person { fact: person.fact(), way: SignInWay::Badge },
                None => Proof::UnknownBadge,
            },
            Approval::Pin { staff, pin } => {
                let Some(person) = book.person(&staff) else { return Proof::UnknownStaff { staff } };
                let Some(hash) = &person.pin else { return Proof::PinNotSet { staff } };
                if is_locked_out {
                    return Proof::Unchecked { staff };
                }
                match staff::check_pin(&pin.0).is_ok() && staff::is_pin(&pin.0, hash) {
                    true => Proof::Person { fact: person.fact(), way: SignInWay::Pin },
                    false => Proof::WrongPin { staff },
                }
            }
        }
    }

    /// Without waiting: what needs no look at a PIN.
    pub fn is_quick(&self) -> bool {
        match self {
            Approval::Badge(_) | Approval::Checked(_) => true,
            Approval::Pin { .. } => false,
        }
    }
}

/// As the loop sees someone who is signed in.
pub fn actor(book: &StaffBook, staff: &StaffId) -> Option<StaffFact> {
    book.person(staff).map(staff::Person::fact)
}
