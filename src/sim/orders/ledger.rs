//! What the store's records say, added up by rules of our own: who has which unit, and that nothing ends twice. Every event is held against
//! it as soon as it is durable.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{OrderNo, Sku};
use crate::money::Qty;
use crate::retail::Event;
use crate::retail::order::Units;

#[derive(Debug, Default)]
pub struct Ledger {
    pub sold: BTreeMap<Sku, Qty>,
    pub adjusted: BTreeMap<Sku, Qty>,
    /// Hand-overs that were not taken back.
    pub handed: BTreeMap<OrderNo, Vec<Units>>,
    /// Given up, and why it may not be handed over any more.
    over: BTreeSet<OrderNo>,
    /// What each order did to the stock, adjustments included.
    moved: BTreeMap<OrderNo, BTreeMap<Sku, Qty>>,
    /// "change too late W4", each as often as it was said.
    pub notices: Vec<(OrderNo, String)>,
    pub hand_overs: u64,
    pub taken_back: u64,
}

impl Ledger {
    /// The error is a promise that was broken.
    pub fn take_in(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::TransactionCompleted { record, .. } => {
                for line in &record.lines {
                    *self.sold.entry(line.sku.clone()).or_default() += line.off_shelf();
                }
            }
            Event::StockAdjusted { step, sku, quantity, .. } => {
                *self.adjusted.entry(sku.clone()).or_default() += *quantity;
                self.note_move(&step.order, sku, *quantity);
            }
            Event::OrderHandedOver { step, issued, .. } => {
                self.hand_overs += 1;
                if self.over.contains(&step.order) {
                    return Err(format!("{} was handed over after it was given up", step.order));
                }
                for Units { sku, quantity } in issued {
                    self.note_move(&step.order, sku, -*quantity);
                }
                if self.handed.insert(step.order.clone(), issued.clone()).is_some() {
                    return Err(format!("{} was handed over twice", step.order));
                }
            }
            Event::HandOverTakenBack { step } => {
                self.taken_back += 1;
                let Some(units) = self.handed.remove(&step.order) else {
                    return Err(format!("{} was taken back and had not been handed over", step.order));
                };
                for Units { sku, quantity } in units {
                    self.note_move(&step.order, &sku, quantity);
                }
            }
            Event::OrderCancelled { order, .. } | Event::OrderExpired { order, .. } => return self.give_up(order),
            Event::OrderRefused { step, .. } | Event::OrderDeclined { step } => return self.give_up(&step.order),
            Event::OrderChangeTooLate { order, state, .. } => self.notices.push((order.clone(), format!("change too late, {state}"))),
            Event::OrderCancelFailed { order, .. } => self.notices.push((order.clone(), "cancel too late".to_owned())),
            Event::PromiseBroken { order, sku, quantity, .. } => {
                self.notices.push((order.clone(), format!("{} of {sku} went to a till", quantity.plain())));
            }
            _ => {}
        }
        Ok(())
    }

    fn give_up(&mut self, order: &OrderNo) -> Result<(), String> {
        self.over.insert(order.clone());
        if self.handed.contains_key(order) { Err(format!("{order} was given up after it was handed over")) } else { Ok(()) }
    }

    fn note_move(&mut self, order: &OrderNo, sku: &Sku, quantity: Qty) {
        *self.moved.entry(order.clone()).or_default().entry(sku.clone()).or_default() += quantity;
    }

    pub fn handed_over(&self, sku: &Sku) -> Qty {
        self.handed.values().flatten().filter(|units| units.sku == *sku).map(|units| units.quantity).sum()
    }

    pub fn sold_of(&self, sku: &Sku) -> Qty {
        self.sold.get(sku).copied().unwrap_or_default()
    }

    /// All that came and went since the beginning.
    pub fn net(&self, sku: &Sku) -> Qty {
        self.adjusted.get(sku).copied().unwrap_or_default() - self.sold_of(sku) - self.handed_over(sku)
    }

    /// The part of it that orders did, of those that `which` names.
    pub fn net_of_orders(&self, sku: &Sku, which: impl Fn(&OrderNo) -> bool) -> Qty {
        self.moved.iter().filter(|(order, _)| which(order)).filter_map(|(_, moved)| moved.get(sku)).copied().sum()
    }
}
