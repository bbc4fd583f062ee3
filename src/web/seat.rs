//! Who works at a desk page. A desk belongs to no till, so who signed in there is kept here, by paired screen: in memory, until they sign
//! out, do nothing for as long as the store's tills take to lock themselves, or the process ends.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::http::StatusCode;

use super::Web;
use super::pairing::ScreenKind;
use super::problem::{Problem, of_refusal};
use super::session::Session;
use crate::document::Voice;
use crate::ids::StaffId;
use crate::retail::Refusal;
use crate::retail::rights::{Right, StaffFact};

/// By the screen's id.
#[derive(Debug, Default)]
pub struct Seats(Mutex<BTreeMap<String, Seat>>);

#[derive(Debug)]
struct Seat {
    staff: StaffId,
    last_ms: i64,
}

impl Seats {
    pub fn take(&self, screen: &str, staff: StaffId, now_ms: i64) {
        self.seats().insert(screen.to_owned(), Seat { staff, last_ms: now_ms });
    }

    pub fn leave(&self, screen: &str) {
        self.seats().remove(screen);
    }

    /// Whose seat it is; looking keeps it. `idle_min` 0: nobody is sent away.
    fn look(&self, screen: &str, now_ms: i64, idle_min: u32) -> Option<StaffId> {
        let staff = self.glance(screen, now_ms, idle_min)?;
        self.take(screen, staff.clone(), now_ms);
        Some(staff)
    }

    /// Whose seat it is.
    fn glance(&self, screen: &str, now_ms: i64, idle_min: u32) -> Option<StaffId> {
        let mut seats = self.seats();
        let idle_ms = i64::from(idle_min) * 60_000;
        seats.retain(|_, seat| idle_ms == 0 || now_ms - seat.last_ms < idle_ms);
        Some(seats.get(screen)?.staff.clone())
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Seat>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

/// Who acts at a desk.
#[derive(Debug, Clone)]
pub enum AtDesk {
    /// A store that asks nobody who they are.
    Anyone,
    /// A program with a token: let in on the box itself. What needs a person comes with that person's approval.
    Program,
    Person(StaffFact),
}

impl AtDesk {
    pub fn staff(&self) -> Option<&StaffId> {
        match self {
            AtDesk::Person(person) => Some(&person.id),
            AtDesk::Anyone | AtDesk::Program => None,
        }
    }
}

/// Who is at this desk, without keeping their seat: nobody did anything.
pub fn glance(web: &Web, session: &Session) -> Result<AtDesk, Problem> {
    find(web, session, Seats::glance)
}

/// Who is at this desk. An error: the screen is bound to one till, or nobody is signed in.
pub fn at_desk(web: &Web, session: &Session) -> Result<AtDesk, Problem> {
    find(web, session, Seats::look)
}

type Looking = fn(&Seats, &str, i64, u32) -> Option<StaffId>;

fn find(web: &Web, session: &Session, looking: Looking) -> Result<AtDesk, Problem> {
    session.needs_desk()?;
    let rules = web.node.screen().rules.clone();
    if !rules.staff_required {
        return Ok(AtDesk::Anyone);
    }
    match session.0.kind {
        ScreenKind::Token => return Ok(AtDesk::Program),
        ScreenKind::Browser => {}
    }
    let staff = looking(&web.seats, &session.0.id, web.now_ms(), rules.idle_lock_min);
    // Who has left the list since is nobody here any more.
    let person = staff.and_then(|staff| web.node.shared().books.books().staff.person(&staff).map(|person| person.fact()));
    person.map(AtDesk::Person).ok_or_else(|| of_refusal(&Refusal::SignInFirst, &Voice::of_store(&rules)))
}

/// The same, for those who may read reports.
pub fn reader(web: &Web, session: &Session) -> Result<AtDesk, Problem> {
    who_may(web, session, Right::ReadReports)
}

/// The same, for those who have a right.
pub fn who_may(web: &Web, session: &Session, right: Right) -> Result<AtDesk, Problem> {
    let at_desk = at_desk(web, session)?;
    match &at_desk {
        AtDesk::Person(person) if !person.may(right) => {
            let detail = format!("{} has not the right {}", person.id, right.name());
            let remedy = "sign in as someone who may: a supervisor or the manager";
            Err(Problem::new(StatusCode::FORBIDDEN, "not_allowed", detail, remedy))
        }
        AtDesk::Anyone | AtDesk::Program | AtDesk::Person(_) => Ok(at_desk),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_kept_by_looking_and_lost_by_doing_nothing() {
        let seats = Seats::default();
        let anna = StaffId::new("anna").unwrap();
        seats.take("a", anna.clone(), 0);
        assert_eq!(seats.look("b", 0, 5), None, "another screen is another desk");
        assert_eq!(seats.look("a", 4 * 60_000, 5), Some(anna.clone()));
        assert_eq!(seats.glance("a", 7 * 60_000, 5), Some(anna.clone()));
        assert_eq!(seats.look("a", 8 * 60_000, 5), Some(anna.clone()));
        assert_eq!(seats.look("a", 13 * 60_000, 5), None);
        seats.take("a", anna.clone(), 0);
        assert_eq!(seats.look("a", i64::MAX, 0), Some(anna));
        seats.leave("a");
        assert_eq!(seats.look("a", 0, 0), None);
    }
}
