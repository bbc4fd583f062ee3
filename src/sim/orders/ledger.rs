//! What the store's records say, added up by rules of our own: who has which unit, and that nothing ends twice. Every event is held against
//! it as soon as it is durable.

use std::collections::{BTreeMap, BTreeSet};

use super::super::store::WITH_TERMINAL;
use crate::ids::{OrderNo, Sku, TxnId};
use crate::money::{Money, Qty};
use crate::retail::order::Units;
use crate::retail::{Event, TenderKind, TransactionRecord};

#[derive(Debug, Default)]
pub struct Ledger {
    pub sold: BTreeMap<Sku, Qty>,
    pub adjusted: BTreeMap<Sku, Qty>,
    /// Hand-overs that were not taken back, part by part.
    handed: BTreeMap<OrderNo, Vec<Part>>,
    pub accounts: BTreeMap<OrderNo, Account>,
    /// Of the record that is being read: the sale of an order, and the hand-over with the sale that it names.
    sale: Option<(OrderNo, TxnId)>,
    hand_over: Option<(OrderNo, Option<TxnId>)>,
    /// Given up, and why it may not be handed over any more.
    over: BTreeSet<OrderNo>,
    /// What each order did to the stock, adjustments included.
    moved: BTreeMap<OrderNo, BTreeMap<Sku, Qty>>,
    /// "change too late W4", each as often as it was said.
    pub notices: Vec<(OrderNo, String)>,
    pub hand_overs: u64,
    pub taken_back: u64,
    /// Hand-overs after which something was still owed.
    pub parts: u64,
    pub payments: u64,
    /// Of these, by card at the terminal that the till drives.
    pub by_terminal: Money,
    pub counts: u64,
    pub overruns: u64,
    pub granted: u64,
    pub wrong_numbers: u64,
    /// Orders that came with rights spent on them.
    pub promised: u64,
}

#[derive(Debug)]
struct Part {
    units: Vec<Units>,
    is_last: bool,
    /// What was asked back of the channel with it.
    asked_back: Money,
}

/// Money of an order, by the record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// At a till.
    pub taken: Money,
    /// Of what was paid to the channel.
    pub asked_back: Money,
}

impl Ledger {
    /// The error is a promise that was broken.
    pub fn take_in(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::TransactionCompleted { record, .. } => return self.sold(record),
            Event::UnitsAdjusted { sku, quantity, .. } => *self.adjusted.entry(sku.clone()).or_default() += *quantity,
            Event::GoodsReceived { lines, .. } => {
                lines.iter().for_each(|line| *self.adjusted.entry(line.sku.clone()).or_default() += line.quantity);
            }
            Event::StockCounted { lines, .. } => self.counts += lines.len() as u64,
            Event::RightsGranted { grants, .. } => self.granted += grants.len() as u64,
            Event::RightsOverrun { .. } => self.overruns += 1,
            Event::CollectNumberMissed { .. } => self.wrong_numbers += 1,
            Event::OrderReceived { order, .. } => self.promised += u64::from(!order.rights.is_empty()),
            Event::StockAdjusted { step, sku, quantity, .. } => {
                *self.adjusted.entry(sku.clone()).or_default() += *quantity;
                self.note_move(&step.order, sku, *quantity);
            }
            Event::OrderHandedOver { step, issued, owed, txn, .. } => {
                self.hand_overs += 1;
                self.parts += u64::from(*owed);
                self.hand_over = Some((step.order.clone(), *txn));
                if self.over.contains(&step.order) {
                    return Err(format!("{} was handed over after it was given up", step.order));
                }
                for Units { sku, quantity } in issued {
                    self.note_move(&step.order, sku, -*quantity);
                }
                let parts = self.handed.entry(step.order.clone()).or_default();
                if parts.last().is_some_and(|part| part.is_last) {
                    return Err(format!("{} was handed over twice", step.order));
                }
                parts.push(Part { units: issued.clone(), is_last: !*owed, asked_back: Money::ZERO });
            }
            Event::OrderRefundRequested { step, amount, .. } => {
                self.accounts.entry(step.order.clone()).or_default().asked_back += *amount;
                if self.hand_over.as_ref().is_some_and(|(order, _)| *order == step.order)
                    && let Some(part) = self.handed.get_mut(&step.order).and_then(|parts| parts.last_mut())
                {
                    part.asked_back = *amount;
                }
            }
            Event::HandOverTakenBack { step } => {
                self.taken_back += 1;
                let Some(part) = self.handed.get_mut(&step.order).and_then(Vec::pop) else {
                    return Err(format!("{} was taken back and had not been handed over", step.order));
                };
                let account = self.accounts.entry(step.order.clone()).or_default();
                account.asked_back -= part.asked_back;
                for Units { sku, quantity } in part.units {
                    self.note_move(&step.order, &sku, quantity);
                }
            }
            Event::OrderRestMissed { step, .. } => {
                if let Some(part) = self.handed.get_mut(&step.order).and_then(|parts| parts.last_mut()) {
                    part.is_last = true;
                }
            }
            Event::OrderCancelled { order, .. } | Event::OrderExpired { order, .. } => return self.give_up(order),
            Event::OrderRefused { step, .. } | Event::OrderDeclined { step } => return self.give_up(&step.order),
            Event::OrderChangeTooLate { order, state, .. } => {
                // A day later the store remembers only that it is over.
                let state = if matches!(state.as_str(), "handed_over" | "ended") { "over" } else { state };
                self.notices.push((order.clone(), format!("change too late, {state}")));
            }
            Event::OrderCancelFailed { order, .. } => self.notices.push((order.clone(), "cancel too late".to_owned())),
            Event::PromiseBroken { order, sku, quantity, .. } => {
                self.notices.push((order.clone(), format!("{} of {sku} went to a till", quantity.plain())));
            }
            _ => {}
        }
        Ok(())
    }

    fn sold(&mut self, record: &TransactionRecord) -> Result<(), String> {
        for line in &record.lines {
            *self.sold.entry(line.sku.clone()).or_default() += line.off_shelf();
        }
        let Some(order) = record.lines.iter().find_map(|line| line.order.clone()) else { return Ok(()) };
        let tendered: Money = record.tenders.iter().map(|tender| tender.amount).sum();
        if tendered - record.change != record.total || record.lines.iter().any(|line| line.order.as_ref() != Some(&order)) {
            return Err(format!("the sale of {order} was not paid to the cent: {record:?}"));
        }
        self.payments += 1;
        if record.workstation.as_str() == WITH_TERMINAL {
            self.by_terminal += record.tenders.iter().filter(|tender| tender.kind == TenderKind::Card).map(|tender| tender.amount).sum();
        }
        self.accounts.entry(order.clone()).or_default().taken += record.total;
        self.sale = Some((order, record.txn));
        Ok(())
    }

    /// A sale of an order and the hand-over that it pays are one record, and neither is ever without the other.
    pub fn end_record(&mut self) -> Result<(), String> {
        let (sale, hand_over) = (self.sale.take(), self.hand_over.take());
        let paid = hand_over.and_then(|(order, txn)| Some((order, txn?)));
        if sale == paid { Ok(()) } else { Err(format!("paid was {sale:?}, handed over {paid:?}")) }
    }

    fn give_up(&mut self, order: &OrderNo) -> Result<(), String> {
        let is_new = self.over.insert(order.clone());
        let is_handed = self.handed.get(order).and_then(|parts| parts.last()).is_some_and(|part| part.is_last);
        match (is_new, is_handed) {
            (_, true) => Err(format!("{order} was given up after it was handed over")),
            (false, _) => Err(format!("{order} was given up twice")),
            (true, false) => Ok(()),
        }
    }

    fn note_move(&mut self, order: &OrderNo, sku: &Sku, quantity: Qty) {
        *self.moved.entry(order.clone()).or_default().entry(sku.clone()).or_default() += quantity;
    }

    /// By article, in one sum.
    pub fn handed_over(&self) -> BTreeMap<&Sku, Qty> {
        let mut sums: BTreeMap<&Sku, Qty> = BTreeMap::new();
        for units in self.handed.values().flatten().flat_map(|part| &part.units) {
            *sums.entry(&units.sku).or_default() += units.quantity;
        }
        sums
    }

    pub fn sold_of(&self, sku: &Sku) -> Qty {
        self.sold.get(sku).copied().unwrap_or_default()
    }

    /// All that came and went since the beginning.
    pub fn net(&self, sku: &Sku) -> Qty {
        self.adjusted.get(sku).copied().unwrap_or_default() - self.sold_of(sku) - self.handed_over().get(sku).copied().unwrap_or_default()
    }

    /// The part of it that orders did, of those that `which` names.
    pub fn net_of_orders(&self, sku: &Sku, which: impl Fn(&OrderNo) -> bool) -> Qty {
        self.moved.iter().filter(|(order, _)| which(order)).filter_map(|(_, moved)| moved.get(sku)).copied().sum()
    }
}
