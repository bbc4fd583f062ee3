//! Which node keeps the store's orders, and how they come from the one before to the next.

use super::super::Event;
use super::super::decide::{Case, Outcome};
use super::act::done;
use super::{Lead, OrderCopy};
use crate::ids::{NodeId, OrderNo};

/// An epoch that is known already, or an older one, is nothing: head office may have been restored, and then hears of ours.
pub(super) fn name(case: &Case, epoch: u64, lead: &NodeId, here: bool, cursor: u64) -> Outcome {
    if epoch <= case.state.orders.epoch() {
        return Outcome::default();
    }
    let event = Event::LeadNamed { epoch, lead: lead.clone(), here, cursor, at: case.ask.at };
    Outcome { events: vec![event], ..Outcome::default() }
}

/// Once; what has happened here since is newer than any copy.
pub(super) fn adopt(case: &Case, order: &OrderNo, copy: &OrderCopy, cursor: u64) -> Outcome {
    let book = &case.state.orders;
    if book.orders.contains_key(order) || book.ended.contains_key(order) {
        return done(order, Vec::new());
    }
    let (order_no, copy, epoch) = (order.clone(), Box::new(copy.clone()), book.epoch());
    done(order, vec![Event::OrderAdopted { order: order_no, copy, cursor, epoch, at: case.ask.at }])
}

impl Lead {
    /// Whether what was here before is worth anything under this lead: only what a node has kept since before anybody was named.
    pub(super) fn continues(&self, before: Option<&Lead>) -> bool {
        self.here && before.is_none()
    }
}
