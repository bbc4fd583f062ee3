//! Head office and the line: what is placed, changed and cancelled there, how the store hears of it, what the customers are sent, and rights.

use std::sync::Arc;

use super::super::Broken;
use super::super::store::Asks;
use super::plan::{Halt, Planned, TICK_MS};
use super::shop::Shop;
use crate::ids::{OrderNo, Sku};
use crate::money::Qty;
use crate::retail::order::{Ending, Order, OrderAct, OrderState, PromiseRight};
use crate::retail::{Command, Event};
use crate::sync::orders::{Named, Word, WordKind};

const NETWORK_STEPS: u64 = 12;
const NETWORK_STEP_MS: u64 = 2_000;

impl Shop<'_> {
    pub(super) fn head_office(&mut self) -> Result<(), Broken> {
        for planned in &self.plan.orders {
            let order = &planned.placed.order;
            if planned.placed_at == self.tick {
                let word = self.chain.office.put(&planned.placed, false)?;
                self.words.insert(order.clone(), word);
                // A channel that did not hear the answer places it again.
                self.chain.office.put(&planned.placed, false)?;
            }
            let Some(late) = planned.late.filter(|late| late.at == self.tick) else { continue };
            if let Some(halts) = late.halts.filter(|halts| !self.has_come_to(order, *halts)) {
                return Err(self.broken(&format!("{order} did not come to {halts:?} before the word about it")));
            }
            let word = if late.cancels { self.chain.office.cancel(order)? } else { self.chain.office.put(&changed(planned), true)? };
            self.words.insert(order.clone(), word);
        }
        if self.chain.dice.percent(1) {
            self.chain.office.restart()?;
        }
        Ok(())
    }

    fn has_come_to(&self, order: &OrderNo, halt: Halt) -> bool {
        let book = &self.store().state().orders;
        match book.orders.get(order) {
            Some(order) => halt == halt_of(order),
            None => book.ended.get(order).is_some_and(|ended| halt == if ended.why.is_none() { Halt::HandedOver } else { Halt::Ended }),
        }
    }

    /// First who keeps the orders and under which epoch of head office. Then what came is taken one by one, and what the book makes of it is what
    /// the table of late words says.
    pub(super) fn take_words(&mut self) -> Result<(), Broken> {
        let Some(reply) = self.chain.heard(0) else { return Ok(()) };
        let (node, book) = (self.store().node.clone(), Arc::clone(&self.store().state().orders));
        if let Some(Named { epoch, node: lead, from }) = reply.named
            && epoch > book.epoch()
        {
            let here = lead == node;
            self.by_shell(OrderAct::NameLead { epoch, lead, here, cursor: from })?;
            self.chain.took(0, from);
            return Ok(());
        }
        if reply.office_epoch > book.office_epoch && book.lead.is_some() {
            self.by_shell(OrderAct::BeginRights { office_epoch: reply.office_epoch })?;
        }
        for word in reply.words {
            let cursor = word.cursor;
            match word.kind {
                WordKind::Rights(totals) => self.by_shell(OrderAct::TellRights { totals, cursor })?,
                WordKind::Put(_) | WordKind::Cancel { .. } | WordKind::Adopt { .. } => self.take_word(word)?,
            }
            self.chain.took(0, cursor);
            self.check()?;
        }
        Ok(())
    }

    fn take_word(&mut self, word: Word) -> Result<(), Broken> {
        let (order, is_known, stood, expected) = self.expected(&word);
        let subject = word.placed().map(|order| self.keys.subject(&order.order));
        let act = word.act(subject, |digits| self.keys.number_mark(digits)).map_err(Broken::doing("reading a word about an order"))?;
        let cancels = matches!(act, OrderAct::Cancel { .. });
        let came = self.ask(Asks { at: None, staff: None, command: Command::Order(act) })?;
        let found = came.map_or_else(|_| vec!["refused"], |events| events.iter().filter_map(kind).collect());
        if found.first().copied() != expected {
            return Err(self.broken(&format!("a word about {order}, which was {stood}, came to {found:?}, not {expected:?}")));
        }
        if is_known && expected.is_some() {
            self.cells.insert((cancels, stood));
        }
        self.seen.entry(order).or_insert(self.tick);
        Ok(())
    }

    /// As the node's timer does: what the store's rule grants of articles that head office asked for. Nothing of those about which others
    /// quarrel: what is free of them for an order would depend on when its rights came over the line.
    pub(super) fn grant(&mut self) -> Result<(), Broken> {
        let book = &self.store().state().orders;
        let skus: Vec<Sku> = book.rights.keys().filter(|sku| !self.plan.is_scarce(sku)).cloned().collect();
        if book.office_epoch == 0 || skus.is_empty() {
            return Ok(());
        }
        let asks = Asks { at: None, staff: None, command: Command::Order(OrderAct::Grant { skus }) };
        if self.told(asks)?.is_empty() { Ok(()) } else { self.check() }
    }

    /// Head office never holds more than it was granted, and at the end both sides have the same totals.
    pub(super) fn check_rights(&self, is_end: bool) -> Result<(), Broken> {
        let (office, store) = (self.chain.office.rights(&self.store().id)?, &self.store().state().orders.rights);
        for (sku, there) in office {
            let here = PromiseRight { wanted: None, ..store.get(&sku).copied().unwrap_or_default() };
            if there.granted > here.granted || there.spent + there.released > there.granted || (is_end && there != here) {
                return Err(self.broken(&format!("rights to {sku}: head office has {there:?}, the store {here:?}")));
            }
        }
        Ok(())
    }

    /// By the table of the order's life: the order, whether it was known, where it stood, and what is to be recorded first.
    fn expected(&self, word: &Word) -> (OrderNo, bool, &'static str, Option<&'static str>) {
        let book = &self.store().state().orders;
        let (order, version, cancels) = match &word.kind {
            WordKind::Put(order) => (order.order.clone(), order.version, false),
            WordKind::Cancel { order, version } => (order.clone(), *version, true),
            WordKind::Adopt { order, .. } => (order.clone(), 0, false),
            WordKind::Rights(_) => unreachable!("of no order"),
        };
        if let Some(ended) = book.ended.get(&order) {
            let handed_over = ended.why.is_none();
            let expected = match cancels {
                true => handed_over.then_some("cancel failed"),
                false => (version > ended.version).then_some("change too late"),
            };
            return (order, true, if handed_over { "handed over earlier" } else { "ended earlier" }, expected);
        }
        let Some(known) = book.orders.get(&order) else {
            return (order, false, "not here", Some(if cancels { "cancelled" } else { "received" }));
        };
        let is_news = version > known.asked.version && version > known.late_version;
        let expected = match (&known.state, cancels) {
            (OrderState::Received | OrderState::Accepted, true) => Some("cancelled"),
            (OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged, true) => Some("cancelled"),
            (OrderState::HandedOver { .. }, true) => Some("cancel failed"),
            (OrderState::PuttingBack { .. } | OrderState::Ended { .. }, true) => None,
            (OrderState::Received | OrderState::Accepted, false) if known.handed.is_empty() => is_news.then_some("replaced"),
            (
                OrderState::Received
                | OrderState::Accepted
                | OrderState::Picking { .. }
                | OrderState::Picked
                | OrderState::Staged
                | OrderState::HandedOver { .. }
                | OrderState::PuttingBack { .. }
                | OrderState::Ended { .. },
                false,
            ) => is_news.then_some("change too late"),
        };
        let stood = if known.is_part_handed() { "handed over in part" } else { known.state.name().as_str() };
        (order, true, stood, expected)
    }

    pub(super) fn network(&mut self) -> Result<(), Broken> {
        // Some round trips, then nothing for minutes: what is under way then is late or lost.
        for _ in 0..NETWORK_STEPS {
            self.chain.machines()?;
            self.chain.arrivals()?;
            self.chain.pass(NETWORK_STEP_MS);
        }
        let passed_ms = self.take_passed_ms();
        self.chain.pass(TICK_MS - NETWORK_STEPS * NETWORK_STEP_MS - passed_ms);
        if !self.chain.is_cut && self.tick.is_multiple_of(3) {
            self.customers_hear()?;
        }
        Ok(())
    }

    /// Head office sends the customer a code once the store's record says that it is ready.
    fn customers_hear(&mut self) -> Result<(), Broken> {
        for planned in &self.plan.orders {
            let order = &planned.placed.order;
            let is_ready = self.store().state().orders.orders.get(order).is_some_and(|order| order.state == OrderState::Staged);
            if is_ready
                && !self.codes.contains_key(order)
                && let Some((_, _, Some(code))) = self.chain.office.order(order)?
            {
                self.codes.insert(order.clone(), code);
            }
        }
        Ok(())
    }

    /// Until head office has everything.
    pub(super) fn drain(&mut self) -> Result<(), Broken> {
        self.chain.is_cut = false;
        self.chain.trouble = 0;
        let line = &mut self.chain.lines[0];
        line.store.restart(&mut self.chain.dice)?;
        line.begin();
        let mut quiet = 0;
        for _ in 0..20_000 {
            self.chain.machines()?;
            self.chain.arrivals()?;
            self.chain.pass(1_000);
            self.take_words()?;
            let line = &self.chain.lines[0];
            quiet = if line.uplink.acknowledged_seq() == line.store.head().seq { quiet + 1 } else { 0 };
            if quiet == 40 {
                return Ok(());
            }
        }
        Err(self.broken(&format!("the line does not drain: {}", self.chain.lines[0].uplink.why())))
    }
}

/// What head office makes of it later: one piece more of the first article.
fn changed(planned: &Planned) -> crate::head_office::orders::PlacedOrder {
    let mut placed = planned.placed.clone();
    let first = &mut placed.lines[0].quantity;
    *first = if *first > Qty::pieces(10_000) { Qty::pieces(1) } else { *first + Qty::ONE };
    placed
}

pub(super) fn halt_of(order: &Order) -> Halt {
    match order.state {
        OrderState::Received => Halt::Received,
        OrderState::Accepted => Halt::Accepted,
        OrderState::Picking { .. } => Halt::Picking,
        OrderState::Picked => Halt::Picked,
        OrderState::Staged if order.is_part_handed() => Halt::PartHanded,
        OrderState::Staged => Halt::Staged,
        OrderState::HandedOver { .. } => Halt::HandedOver,
        OrderState::PuttingBack { .. } => Halt::PuttingBack,
        OrderState::Ended { .. } => Halt::Ended,
    }
}

/// Of the events that a word can come to.
fn kind(event: &Event) -> Option<&'static str> {
    match event {
        Event::OrderReceived { .. } => Some("received"),
        Event::OrderReplaced { .. } => Some("replaced"),
        Event::OrderChangeTooLate { .. } => Some("change too late"),
        Event::OrderContradicted { .. } => Some("contradicted"),
        Event::OrderCancelled { .. } => Some("cancelled"),
        Event::OrderCancelFailed { .. } => Some("cancel failed"),
        _ => None,
    }
}

/// As head office names the state of an order that stands or ended so.
pub fn office_name(why: Option<Ending>) -> &'static str {
    match why {
        None => "handed_over",
        Some(Ending::Cancelled) => "cancelled",
        Some(Ending::Expired) => "expired",
        Some(Ending::Declined) => "declined",
        Some(Ending::Refused(_)) => "refused",
    }
}
