//! Scenario words of the people room: who works in the shop, who is asked for a badge or a PIN, who is at a till.
//!
//! | line | meaning |
//! |---|---|
//! | `person ID ROLE [no-pin]` | works here; the first one makes the shop ask for people |
//! | `gone ID` | no longer in the list |
//! | `W sign-in BY` · `W sign-out` · `W lock` · `W idle` | `BY` as below |
//! | `- first-manager ID` | named with the set-up code |
//! | `- desk AS sign-in BY` | at a desk page, which belongs to no till |
//! | `W COMMAND with BY` | an override |
//! | `expect at W: ID` · `expect at W: ID locked` · `expect at W: nobody` | |
//!
//! `BY` is `badge ID`, `pin ID`, `wrong ID` (a wrong PIN; the miss is reported as the shell does), `strange` (a badge that nobody knows) or `nothing`.

use std::collections::BTreeMap;

use counterfoil::ids::StaffId;
use counterfoil::retail::rights::{Role, StaffFact, StaffLimits};
use counterfoil::retail::staff::{Proof, SignInWay};
use counterfoil::retail::{Command, State};

/// The staff list that the shell of a scenario knows, and what comes with its next command.
#[derive(Default)]
pub struct People {
    list: BTreeMap<StaffId, (StaffFact, bool)>,
    pub proof: Option<Proof>,
}

pub fn id(name: &str) -> StaffId {
    StaffId::new(name).expect("a staff id")
}

impl People {
    pub fn add(&mut self, name: &str, role: &str, has_pin: bool) {
        let role = Role::ALL.into_iter().find(|known| known.name() == role).expect("a role");
        let limits = StaffLimits { discount_percent_max: if role == Role::Manager { 100 } else { 10 } };
        let fact = StaffFact { id: id(name), role, rights: role.rights(), limits };
        self.list.insert(id(name), (fact, has_pin));
    }

    pub fn remove(&mut self, name: &str) {
        self.list.remove(&id(name));
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn fact(&self, staff: &StaffId) -> Option<StaffFact> {
        self.list.get(staff).map(|(fact, _)| fact.clone())
    }

    /// What the shell makes of a badge or PIN; it does not look at the PIN of someone who is locked out.
    pub fn proof(&self, words: &[String], is_locked_out: impl Fn(&StaffId) -> bool) -> Option<Proof> {
        let staff = || id(&words[1]);
        let person = |way| match self.list.get(&staff()) {
            None => Proof::UnknownStaff { staff: staff() },
            Some((_, false)) if way == SignInWay::Pin => Proof::PinNotSet { staff: staff() },
            Some(_) if way == SignInWay::Pin && is_locked_out(&staff()) => Proof::Unchecked { staff: staff() },
            Some((fact, _)) => Proof::Person { fact: fact.clone(), way },
        };
        match words[0].as_str() {
            "badge" => Some(person(SignInWay::Badge)),
            "pin" => Some(person(SignInWay::Pin)),
            "wrong" => Some(match person(SignInWay::Pin) {
                Proof::Person { fact, .. } => Proof::WrongPin { staff: fact.id },
                other => other,
            }),
            "strange" => Some(Proof::UnknownBadge),
            "nothing" => None,
            other => panic!("{other} is no way to prove anything"),
        }
    }
}

/// Commands of this room.
pub fn command(words: &[String]) -> Option<Command> {
    match words[0].as_str() {
        "sign-in" => Some(Command::SignIn {}),
        "desk" => Some(Command::SignInDesk { staff: id(&words[1]) }),
        "first-manager" => Some(Command::NameFirstManager { staff: id(&words[1]) }),
        "sign-out" => Some(Command::SignOut {}),
        "lock" => Some(Command::LockTill { idle: false }),
        "idle" => Some(Command::LockTill { idle: true }),
        _ => None,
    }
}

/// `expect at W: ...`
pub fn expect_at(state: &State, workstation: &str, words: &[String], at: &str) {
    let here = state.workstations.iter().find(|(id, _)| id.as_str() == workstation).and_then(|(_, here)| here.signed_in.as_ref());
    let shown = match here {
        None => "nobody".to_owned(),
        Some(here) if here.locked => format!("{} locked", here.staff),
        Some(here) => here.staff.to_string(),
    };
    assert_eq!(shown, words.join(" "), "{at}");
}
