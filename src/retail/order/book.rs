//! The book: every order of the store, those that are over, what people should see to, rights, and who keeps it all; and what must hold of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::Event;
use super::{Ending, Lead, LineProgress, NUMBER_KEPT_CHARS, Order, OrderCopy, OrderState, PromiseRight, apply, is_zero};
use crate::ids::{NodeId, OrderNo, Sku, TxnId, WorkstationId};
use crate::money::Qty;
use crate::time::Stamp;

/// What is remembered of an order that ended on an earlier day, or long ago in a long one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedOrder {
    pub version: u64,
    /// `None`: it was handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Ending>,
    pub at: Stamp,
    /// The beginning of its number's mark, so that a number that was used is known as such. Empty: not remembered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Of one that was given up: when a part of it was handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_handed: Option<Stamp>,
}

/// What is remembered of a number's mark.
pub(in crate::retail) fn number_kept(mark: &str) -> String {
    mark.chars().take(NUMBER_KEPT_CHARS).collect()
}

/// Something that a person should see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub order: OrderNo,
    pub at: Stamp,
    pub what: NoticeKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Head office changed the order after it was begun; it goes on as it was.
    ChangeTooLate {
        version: u64,
        /// How far it was, by the name of its state. Empty in records of early releases.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        state: String,
    },
    /// Head office cancelled it after it was handed over: it opens a return.
    CancelTooLate { handed_over: Stamp },
    /// The same version came with another content. The first one counts.
    Contradicted { version: u64 },
    /// A sale took units that were promised.
    PromiseBroken { sku: Sku, quantity: Qty, workstation: WorkstationId },
    /// It was paid here when it was another node's already, so it is not handed over there.
    PaidElsewhere { txn: TxnId },
}

fn none_ended(ended: &Arc<BTreeMap<OrderNo, EndedOrder>>) -> bool {
    ended.is_empty()
}

/// Everything about orders that State keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderBook {
    /// Those that are not over, and those that ended today.
    pub orders: BTreeMap<OrderNo, Arc<Order>>,
    #[serde(default, skip_serializing_if = "none_ended")]
    pub ended: Arc<BTreeMap<OrderNo, EndedOrder>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notices: BTreeMap<u64, Notice>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub notices_given: u64,
    /// Wrong numbers since the last right one, of workstations that have any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub wrong_numbers: BTreeMap<WorkstationId, u32>,
    /// Rights to promise, of articles that head office asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rights: BTreeMap<Sku, PromiseRight>,
    /// Head office's own epoch under which the rights are worth something; 0: none are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub office_epoch: u64,
    /// Who keeps the store's orders. `None`: head office has never said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<Lead>,
    /// How far head office's line has come.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cursor: u64,
    /// Sum of what the orders hold, per article. Made again when the book is read.
    #[serde(skip)]
    pub(super) reserved: BTreeMap<Sku, Qty>,
}

impl OrderBook {
    pub fn is_empty(&self) -> bool {
        *self == OrderBook::default()
    }

    /// Of the lead in force; 0 before head office named one.
    pub fn epoch(&self) -> u64 {
        self.lead.as_ref().map_or(0, |lead| lead.epoch)
    }

    /// The other node that keeps the store's orders; `None`: this one does, or nobody has said.
    pub fn elsewhere(&self) -> Option<&NodeId> {
        self.lead.as_ref().filter(|lead| !lead.here).map(|lead| &lead.node)
    }

    /// Takes in events of another node's record, one by one, as head office does for the next lead. What does not fit is passed over.
    pub fn follow(&mut self, event: &Event) {
        let _ = self.take_in(event);
    }

    /// Every order that was ever here, as the next lead gets it.
    pub fn copies(&self) -> Vec<(OrderNo, OrderCopy)> {
        let open = |(number, order): (&OrderNo, &Arc<Order>)| {
            let copy = match apply::ended(order) {
                Some(ended) => OrderCopy::Over(ended),
                None => OrderCopy::Open(Arc::clone(order)),
            };
            (number.clone(), copy)
        };
        let over = self.ended.iter().map(|(number, ended)| (number.clone(), OrderCopy::Over(ended.clone())));
        over.chain(self.orders.iter().map(open)).collect()
    }

    /// Whether who comes for an order is to be kept as this version says: it is new, or it will replace what is here.
    pub fn takes_details(&self, order: &OrderNo, version: u64) -> bool {
        match self.orders.get(order) {
            None => !self.ended.contains_key(order),
            Some(known) => version > known.asked.version && matches!(known.state, OrderState::Received | OrderState::Accepted),
        }
    }

    /// Units of an article that are held for orders.
    pub fn reserved(&self, sku: &Sku) -> Qty {
        self.reserved.get(sku).copied().unwrap_or_default()
    }

    /// Units of an article that lie in bags of orders.
    pub fn off_shelf(&self, sku: &Sku) -> Qty {
        if self.reserved(sku).is_zero() {
            return Qty::ZERO;
        }
        self.orders.values().map(|order| order.off_shelf(sku)).sum()
    }

    /// Those that are not over.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Order>> {
        self.orders.values().filter(|order| !order.is_done())
    }

    /// Those that nobody has begun: to be decided on, or to be picked.
    pub fn new_count(&self) -> usize {
        if self.elsewhere().is_some() {
            return 0;
        }
        self.orders.values().filter(|order| matches!(order.state, OrderState::Received | OrderState::Accepted)).count()
    }

    /// Too many wrong numbers were tried there.
    pub fn is_locked(&self, workstation: &WorkstationId) -> bool {
        self.wrong_numbers.get(workstation).is_some_and(|wrong| *wrong >= super::WRONG_NUMBERS_MAX)
    }

    /// Whether a customer's number with this mark belongs to an order that is or was here.
    pub fn knows_number(&self, mark: &str) -> bool {
        let kept = number_kept(mark);
        self.orders.values().any(|order| order.asked.number_mark == mark) || self.ended.values().any(|ended| ended.number == kept)
    }

    /// The book as it was stored, with the sums that are not.
    pub(in crate::retail) fn summed(mut self) -> OrderBook {
        self.reserved = self.sums();
        self
    }

    pub(super) fn sums(&self) -> BTreeMap<Sku, Qty> {
        let mut sums: BTreeMap<Sku, Qty> = BTreeMap::new();
        for (sku, units) in self.orders.values().flat_map(|order| &order.units).filter(|(_, units)| units.held != Qty::ZERO) {
            *sums.entry(sku.clone()).or_default() += units.held;
        }
        sums.retain(|_, held| *held != Qty::ZERO);
        sums
    }
}

/// What does not hold of the book, in words; `None` when all is well.
pub(in crate::retail) fn broken(book: &OrderBook) -> Option<String> {
    if let Some((sku, why)) = book.rights.iter().find_map(|(sku, right)| Some((sku, right.broken()?))) {
        return Some(format!("rights to {sku}: {why}"));
    }
    for (number, order) in &book.orders {
        if order.asked.order != *number {
            return Some(format!("{number} is filed under another name"));
        }
        for (sku, units) in &order.units {
            let whole = units.reserved == units.held + units.issued + units.released;
            if !whole || [units.held, units.issued, units.released].into_iter().any(|part| part < Qty::ZERO) {
                return Some(format!("{number}: {sku} does not end once: {units:?}"));
            }
        }
        let held: Qty = order.units.values().map(|units| units.held).sum();
        let issued: Qty = order.units.values().map(|units| units.issued).sum();
        let given: Qty = order.progress.values().map(LineProgress::given_quantity).sum();
        let parts: Qty = order.handed.iter().flat_map(|part| part.lines.values().flatten()).map(|units| units.quantity).sum();
        if given != parts {
            return Some(format!("{number}: {} are with the customer, and {} were handed over", given.plain(), parts.plain()));
        }
        let waits: Qty = order.to_shelf.values().copied().sum();
        let picked: Qty = order.progress.values().map(LineProgress::picked_quantity).sum();
        let owed: Qty = order.asked.lines.iter().map(|line| order.left(line)).sum();
        // Of an order that goes on, all that is held is on the shelf for it, off the shelf for it, or on its way back.
        let goes_on = held == owed + picked + waits && issued == given;
        let fits = match &order.state {
            OrderState::Received => held.is_zero() && issued.is_zero() && given.is_zero(),
            OrderState::Ended { .. } => held.is_zero() && issued == given,
            OrderState::Accepted => goes_on && (order.progress.is_empty() || !order.handed.is_empty() || picked.is_zero()),
            OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged => goes_on,
            OrderState::PuttingBack { .. } => issued == given,
            OrderState::HandedOver { issued: listed, .. } => {
                listed.iter().map(|units| units.quantity).sum::<Qty>() == issued && issued > Qty::ZERO
            }
        };
        if !fits {
            return Some(format!(
                "{number} is {} and holds {} of which {} left",
                order.state.name().as_str(),
                held.plain(),
                issued.plain()
            ));
        }
        if order.state == OrderState::Staged && order.bags.iter().any(|bag| bag.place.is_none()) {
            return Some(format!("{number} is ready, and a bag of it is nowhere"));
        }
        for line in &order.asked.lines {
            let progress = order.progress.get(&line.line).cloned().unwrap_or_default();
            if order.left(line) < Qty::ZERO || progress.short < Qty::ZERO {
                return Some(format!("{number}: more of line {} than was ordered", line.line));
            }
        }
    }
    (book.sums() != book.reserved).then(|| "the sums of what is held differ from the orders".to_owned())
}
