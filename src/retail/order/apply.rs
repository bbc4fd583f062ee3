//! What the events of orders do to the book. Total: never decides, never fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Event, State};
use super::deliver::ending;
use super::{
    Bag, CollectOrder, CounterThen, CounterWhy, DONE_FORGOTTEN_AT_ONCE, DONE_KEPT_MAX, ENDED_KEPT_MAX, EndedOrder, Ending, Granted,
    HandedPart, Lead, LineProgress, NOTICES_MAX, Notice, NoticeKind, Order, OrderBook, OrderCopy, OrderState, PickWay, Proof, ShortWhy,
    Step, Units, number_kept, sum_units,
};
use crate::ids::{OrderNo, Sku};
use crate::money::Qty;
use crate::time::Stamp;

type Fits = Result<(), &'static str>;

impl State {
    /// Takes in an event about orders; every other one is not its business.
    pub(in crate::retail) fn take_in_order(&mut self, seq: u64, event: &Event) -> Fits {
        match event {
            Event::StockAdjusted { step, sku, quantity, why } => {
                match why {
                    // The book follows the shelf; nothing moved.
                    ShortWhy::NotThere => self.correct_units(seq, sku, *quantity),
                    ShortWhy::Damaged => self.move_units(seq, sku, *quantity, step.at),
                    // What was found in the wrong place is where it was, for the book.
                    ShortWhy::WrongPlace => {}
                }
                return Ok(());
            }
            Event::OrderHandedOver { step, issued, .. } => {
                issued.iter().for_each(|units| self.move_units(seq, &units.sku, -units.quantity, step.at));
            }
            Event::HandOverTakenBack { step } => {
                let issued = self.orders.orders.get(&step.order).map(|order| order.newest_issue()).unwrap_or_default();
                issued.iter().for_each(|units| self.move_units(seq, &units.sku, units.quantity, step.at));
            }
            _ => {}
        }
        Arc::make_mut(&mut self.orders).take_in(event)
    }

    /// A new day: what is over is remembered in short.
    pub(in crate::retail) fn forget_done_orders(&mut self) {
        if self.orders.orders.values().any(|order| order.is_done()) {
            Arc::make_mut(&mut self.orders).forget_done();
        }
    }
}

impl OrderBook {
    pub(super) fn take_in(&mut self, event: &Event) -> Fits {
        match event {
            Event::LeadNamed { epoch, lead, here, cursor, .. } => {
                let named = Lead { epoch: *epoch, node: lead.clone(), here: *here };
                let is_newer = named.epoch > self.epoch();
                if !named.continues(self.lead.as_ref()) {
                    // Of another lead's time. The next one has them by head office's copy.
                    *self = OrderBook {
                        wrong_numbers: std::mem::take(&mut self.wrong_numbers),
                        notices_given: self.notices_given,
                        ..OrderBook::default()
                    };
                    self.cursor = *cursor;
                }
                self.lead = Some(named);
                fits(is_newer, "a lead was named under an epoch that is over")
            }
            Event::RightsBegun { office_epoch, .. } => {
                self.office_epoch = *office_epoch;
                // Head office asks for an article again behind the orders that it knows: what those need is held by then, and not granted anew.
                self.rights.clear();
                Ok(())
            }
            Event::RightsTold { totals, cursor, .. } => {
                self.come_to(*cursor);
                self.take_totals(totals);
                Ok(())
            }
            Event::RightsGranted { grants, .. } => {
                for Granted { sku, total } in grants {
                    let right = self.rights.entry(sku.clone()).or_default();
                    right.granted = right.granted.max(*total);
                }
                Ok(())
            }
            Event::RightsOverrun { sku, asked, .. } => {
                let right = self.rights.entry(sku.clone()).or_default();
                right.asked = right.asked.max(*asked);
                Ok(())
            }
            Event::OrderAdopted { order, copy, cursor, .. } => {
                self.come_to(*cursor);
                let is_new = !self.orders.contains_key(order) && !self.ended.contains_key(order);
                match copy.as_ref() {
                    OrderCopy::Open(copy) => drop(self.orders.insert(order.clone(), Arc::clone(copy))),
                    OrderCopy::Over(ended) => self.remember(order, ended.clone()),
                }
                self.reserved = self.sums();
                fits(is_new, "an order was adopted that is here")
            }
            Event::OrderReceived { order, cursor, at, .. } => {
                self.come_to(*cursor);
                self.take_totals(&order.rights);
                let is_new = !self.ended.contains_key(&order.order);
                let former = self.orders.insert(order.order.clone(), Arc::new(Order::new((**order).clone(), *at)));
                if former.is_some() {
                    self.reserved = self.sums();
                }
                fits(former.is_none() && is_new, "an order was received twice")
            }
            Event::OrderReplaced { order, cursor, .. } => {
                self.come_to(*cursor);
                self.take_totals(&order.rights);
                let mut at = self.at(&order.order)?;
                let is_early = matches!(at.order.state, OrderState::Received | OrderState::Accepted);
                at.release_unpicked();
                let CollectOrder { version, .. } = at.order.asked;
                at.order.asked = (**order).clone();
                at.order.state = OrderState::Received;
                at.order.times.accepted = None;
                fits(is_early && order.version > version, "an order was replaced that was begun, or by an older one")
            }
            Event::OrderAccepted { step, automatic: _ } => {
                let mut at = self.at(&step.order)?;
                let is_new = at.order.state == OrderState::Received;
                let lines: Vec<Units> =
                    at.order.asked.lines.iter().map(|line| Units { sku: line.sku.clone(), quantity: line.quantity }).collect();
                lines.iter().for_each(|units| at.reserve(&units.sku, units.quantity));
                at.order.state = OrderState::Accepted;
                at.order.times.accepted = Some(step.at.ms);
                fits(is_new, "an order was accepted that did not wait for it")
            }
            Event::OrderChangeTooLate { order, version, cursor, at, state, .. } => {
                self.come_to(*cursor);
                match Arc::make_mut(&mut self.ended).get_mut(order) {
                    Some(ended) => ended.version = *version,
                    None => self.at(order)?.order.late_version = *version,
                }
                self.notice(order, *at, NoticeKind::ChangeTooLate { version: *version, state: state.clone() });
                Ok(())
            }
            Event::OrderContradicted { order, version, cursor, at, .. } => {
                self.come_to(*cursor);
                self.notice(order, *at, NoticeKind::Contradicted { version: *version });
                Ok(())
            }
            Event::OrderCancelled { order, version, cursor, at, .. } => {
                self.come_to(*cursor);
                if !self.orders.contains_key(order) {
                    let ended =
                        EndedOrder { version: *version, why: Some(Ending::Cancelled), at: *at, number: String::new(), part_handed: None };
                    self.remember(order, ended);
                    return Ok(());
                }
                self.give_up(order, Ending::Cancelled, *at)
            }
            Event::OrderCancelFailed { order, cursor, handed_over, at, .. } => {
                self.come_to(*cursor);
                self.notice(order, *at, NoticeKind::CancelTooLate { handed_over: *handed_over });
                Ok(())
            }
            Event::OrderRefused { step, why } => self.give_up(&step.order, ending(*why), step.at),
            Event::OrderExpired { order, at, .. } => self.give_up(order, Ending::Expired, *at),
            Event::OrderDeclined { step } => self.give_up(&step.order, Ending::Declined, step.at),
            Event::OrderPicking { step, .. } => {
                let at = self.at(&step.order)?;
                let was = matches!(at.order.state, OrderState::Accepted | OrderState::Picking { .. });
                at.order.state = OrderState::Picking { by: step.by.clone(), since: step.at };
                fits(was, "an order was picked that did not wait for it")
            }
            Event::OrderPaused { step } => {
                let at = self.at(&step.order)?;
                let was = at.is_picking();
                at.order.state = OrderState::Picking { by: None, since: step.at };
                fits(was, "an order was laid aside that nobody picked")
            }
            Event::OrderLinePicked { step, line, sku, quantity, way } => {
                let mut at = self.at(&step.order)?;
                let own = at.order.line(*line).ok_or("a line was picked that is not in the order")?.sku.clone();
                if own != *sku {
                    at.release(&own, *quantity);
                    at.reserve(sku, *quantity);
                }
                let progress = at.order.progress.entry(*line).or_default();
                match progress.picked.iter_mut().find(|units| units.sku == *sku) {
                    Some(units) => units.quantity += *quantity,
                    None => progress.picked.push(Units { sku: sku.clone(), quantity: *quantity }),
                }
                match way {
                    PickWay::Scan | PickWay::Counted => progress.scanned = Some(sku.clone()),
                    PickWay::ByHand(_) => {}
                }
                fits(at.is_picking(), "a line was picked of an order that nobody picks")
            }
            Event::OrderLineReset { step, line } => {
                let mut at = self.at(&step.order)?;
                let own = at.order.line(*line).ok_or("a line was reset that is not in the order")?.sku.clone();
                let progress = at.order.progress.remove(line).unwrap_or_default();
                if !progress.given.is_empty() {
                    at.order.progress.insert(*line, LineProgress { given: progress.given.clone(), ..LineProgress::default() });
                }
                for units in progress.picked.iter().filter(|units| units.sku != own) {
                    at.release(&units.sku, units.quantity);
                    at.reserve(&own, units.quantity);
                }
                at.reserve(&own, progress.short);
                fits(at.is_picking(), "a line was reset of an order that nobody picks")
            }
            Event::OrderLineShort { step, line, quantity, why: _ } => {
                let mut at = self.at(&step.order)?;
                let own = at.order.line(*line).ok_or("a line was short that is not in the order")?.sku.clone();
                at.release(&own, *quantity);
                at.order.progress.entry(*line).or_default().short += *quantity;
                fits(at.is_picking(), "a line was short of an order that nobody picks")
            }
            Event::OrderPicked { step, bags } => {
                let at = self.at(&step.order)?;
                let was = at.is_picking();
                at.order.bags.clone_from(bags);
                // What was picked for the rest of an order may lie in bags that are in their places.
                let in_place = bags.iter().all(|bag| bag.place.is_some());
                at.order.state = if in_place { OrderState::Staged } else { OrderState::Picked };
                at.order.times.picked = Some(step.at.ms);
                fits(was, "an order was picked that nobody had begun")
            }
            Event::BagAdded { step, bag } => {
                let at = self.at(&step.order)?;
                at.order.bags.push(bag.clone());
                fits(at.order.state == OrderState::Picked, "a bag was added to an order that is not packed")
            }
            Event::BagStaged { step, bag, place } => {
                let at = self.at(&step.order)?;
                let bag = at.order.bags.iter_mut().find(|known| known.number == *bag).ok_or("a bag was staged that is not there")?;
                bag.place = Some(place.clone());
                let was = matches!(at.order.state, OrderState::Picked | OrderState::Staged);
                if was && at.order.bags.iter().all(|bag| bag.place.is_some()) {
                    at.order.state = OrderState::Staged;
                    at.order.times.ready.get_or_insert(step.at.ms);
                }
                fits(was, "a bag was staged of an order that is not picked")
            }
            Event::OrderLineMissed { step, line, sku, quantity, why, then } => {
                let mut at = self.at(&step.order)?;
                let own = at.order.line(*line).ok_or("a line was missed that is not in the order")?.sku.clone();
                let was = at.order.state == OrderState::Staged;
                let there = at.unpick(*line, sku, *quantity);
                at.leave(sku, *quantity, *why);
                match then {
                    CounterThen::Refund => at.order.progress.entry(*line).or_default().short += *quantity,
                    CounterThen::Later => at.reserve(&own, *quantity),
                }
                let rest: Qty = at.order.progress.values().map(LineProgress::picked_quantity).sum();
                if rest.is_zero() && at.order.open_lines().next().is_some() {
                    at.order.bags.clear();
                    at.order.state = OrderState::Accepted;
                }
                fits(was && there, "units were missed that were not there")
            }
            Event::OrderLineReplaced { step, line, old, new, why } => {
                let mut at = self.at(&step.order)?;
                let was = at.order.state == OrderState::Staged;
                let there = at.unpick(*line, &old.sku, old.quantity);
                at.leave(&old.sku, old.quantity, *why);
                at.reserve(&new.sku, new.quantity);
                add_units(&mut at.order.progress.entry(*line).or_default().picked, new);
                fits(was && there, "units were replaced that were not there")
            }
            // Head office's move; nothing here depends on it.
            Event::OrderRefundRequested { .. } => Ok(()),
            Event::OrderPaidElsewhere { step, txn } => {
                self.notice(&step.order, step.at, NoticeKind::PaidElsewhere { txn: *txn });
                Ok(())
            }
            Event::OrderHandedOver { step, proof, issued, leaves, bags, bags_stay, later, txn, .. } => {
                let Step { order, at: done_at, workstation, .. } = step;
                if let (Proof::Code | Proof::Number, Some(workstation)) = (proof, workstation) {
                    self.wrong_numbers.remove(workstation);
                }
                let mut at = self.at(order)?;
                let was = at.order.state == OrderState::Staged;
                issued.iter().for_each(|units| at.issue(&units.sku, units.quantity));
                let is_last = later.is_empty() && at.order.open_lines().next().is_none();
                let mut part = HandedPart {
                    at: *done_at,
                    bags: Vec::new(),
                    lines: BTreeMap::new(),
                    left_here: BTreeMap::new(),
                    txn: *txn,
                    put_back: false,
                };
                for (line, progress) in &mut at.order.progress {
                    if leaves.contains(line) || later.contains(line) || progress.picked.is_empty() {
                        continue;
                    }
                    let units = std::mem::take(&mut progress.picked);
                    units.iter().for_each(|units| add_units(&mut progress.given, units));
                    part.lines.insert(*line, units);
                }
                let goes = |bag: &Bag| !bags_stay && (bags.is_empty() || bags.contains(&bag.number));
                (part.bags, at.order.bags) = std::mem::take(&mut at.order.bags).into_iter().partition(goes);
                at.order.state = if is_last {
                    let all = at.order.handed.iter().flat_map(|part| part.lines.values().flatten());
                    let issued = sum_units(all.chain(part.lines.values().flatten()));
                    OrderState::HandedOver { at: *done_at, issued, put_back: false }
                } else {
                    for line in leaves {
                        let Some(progress) = at.order.progress.get_mut(line).filter(|progress| !progress.picked.is_empty()) else {
                            continue;
                        };
                        let units = std::mem::take(&mut progress.picked);
                        progress.short += units.iter().map(|units| units.quantity).sum();
                        for units in &units {
                            *at.order.to_shelf.entry(units.sku.clone()).or_default() += units.quantity;
                        }
                        part.left_here.insert(*line, units);
                    }
                    if at.order.open_lines().next().is_some() { OrderState::Accepted } else { OrderState::Staged }
                };
                at.order.handed.push(part);
                at.order.times.handed_over = Some(done_at.ms);
                self.forget_first_done();
                fits(was, "an order was handed over that was not ready")
            }
            Event::HandOverTakenBack { step } => {
                let mut at = self.at(&step.order)?;
                let was_there = !at.order.newest_issue().is_empty();
                let was_put_back = match at.order.state {
                    OrderState::HandedOver { put_back, .. } => put_back,
                    _ => at.order.handed.last().is_some_and(|part| part.put_back),
                };
                at.order.newest_issue().iter().for_each(|units| at.issue(&units.sku, -units.quantity));
                if let Some(part) = at.order.handed.pop() {
                    at.take_back(part);
                }
                at.order.state = OrderState::Staged;
                at.order.times.handed_over = at.order.handed.last().map(|part| part.at.ms);
                fits(was_there && !was_put_back, "a hand-over was taken back that never was, or after goods of it went back")
            }
            Event::OrderRestMissed { step, handed_over } => {
                let at = self.at(&step.order)?;
                let was = at.is_picking() || at.order.state == OrderState::Staged;
                let has_part = !at.order.handed.is_empty();
                let is_missing = at.order.open_lines().next().is_none() && at.order.progress.values().all(|line| line.picked.is_empty());
                let issued = sum_units(at.order.handed.iter().flat_map(|part| part.lines.values().flatten()));
                at.order.bags.clear();
                // Somebody has gone on with the rest, so the part stands.
                at.order.state = OrderState::HandedOver { at: *handed_over, issued, put_back: true };
                self.forget_first_done();
                fits(was && has_part && is_missing, "the rest was missed of an order that has none, or is there")
            }
            Event::OrderPutBack { step, sku, quantity } => {
                let mut at = self.at(&step.order)?;
                at.release(sku, *quantity);
                at.order.back_last = Some(sku.clone());
                if let Some(waits) = at.order.to_shelf.get_mut(sku) {
                    *waits = *waits - *quantity;
                    if *waits <= Qty::ZERO {
                        at.order.to_shelf.remove(sku);
                    }
                }
                if let Some(part) = at.order.handed.last_mut() {
                    part.put_back = true;
                }
                let is_empty = at.order.units.values().all(|units| units.held == Qty::ZERO);
                match &mut at.order.state {
                    OrderState::HandedOver { put_back, .. } => *put_back = true,
                    OrderState::PuttingBack { why } => {
                        if is_empty {
                            at.order.state = OrderState::Ended { why: *why, at: step.at };
                        }
                    }
                    // What the customer left at the counter.
                    OrderState::Accepted | OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged => {}
                    OrderState::Received | OrderState::Ended { .. } => {
                        return Err("something was put back of an order that is not given up");
                    }
                }
                if is_empty {
                    self.forget_first_done();
                }
                Ok(())
            }
            Event::PromiseBroken { order, sku, quantity, workstation, at, .. } => {
                let what = NoticeKind::PromiseBroken { sku: sku.clone(), quantity: *quantity, workstation: workstation.clone() };
                self.notice(order, *at, what);
                Ok(())
            }
            Event::CollectNumberMissed { workstation, .. } => {
                *self.wrong_numbers.entry(workstation.clone()).or_default() += 1;
                Ok(())
            }
            Event::CollectNumbersAllowed { workstation, .. } => {
                self.wrong_numbers.remove(workstation);
                Ok(())
            }
            Event::NoticeSettled { notice, .. } => fits(self.notices.remove(notice).is_some(), "a notice was settled that is not there"),
            _ => Ok(()),
        }
    }

    fn at(&mut self, order: &OrderNo) -> Result<At<'_>, &'static str> {
        let found = self.orders.get_mut(order).ok_or("an event names an order that is not in the book")?;
        Ok(At { order: Arc::make_mut(found), reserved: &mut self.reserved })
    }

    fn come_to(&mut self, cursor: u64) {
        self.cursor = self.cursor.max(cursor);
    }

    fn notice(&mut self, order: &OrderNo, at: Stamp, what: NoticeKind) {
        self.notices_given += 1;
        self.notices.insert(self.notices_given, Notice { order: order.clone(), at, what });
        if self.notices.len() > NOTICES_MAX {
            self.notices.pop_first();
        }
    }

    /// What was picked waits to be put back; everything else is released.
    fn give_up(&mut self, order: &OrderNo, why: Ending, ended_at: Stamp) -> Fits {
        let mut at = self.at(order)?;
        let was = match at.order.state {
            OrderState::Received | OrderState::Accepted | OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged => true,
            OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } | OrderState::Ended { .. } => {
                return Err("an order was given up that is over");
            }
        };
        at.release_unpicked();
        at.order.to_shelf.clear();
        let is_empty = at.order.units.values().all(|units| units.held == Qty::ZERO);
        at.order.state = if is_empty { OrderState::Ended { why, at: ended_at } } else { OrderState::PuttingBack { why } };
        if is_empty {
            self.forget_first_done();
        }
        fits(was, "an order was given up that is over")
    }

    fn forget_done(&mut self) {
        let done: Vec<OrderNo> = self.orders.iter().filter(|(_, order)| order.is_done()).map(|(number, _)| number.clone()).collect();
        self.forget(done);
    }

    /// In a day that ends so many orders, the first ones that ended need not be whole any more.
    fn forget_first_done(&mut self) {
        let mut done: Vec<(i64, &OrderNo)> = self.orders.iter().filter_map(|(number, order)| Some((order.done_ms()?, number))).collect();
        if done.len() > DONE_KEPT_MAX {
            done.sort_unstable();
            let first = done.into_iter().take(DONE_FORGOTTEN_AT_ONCE).map(|(_, number)| number.clone()).collect();
            self.forget(first);
        }
    }

    fn forget(&mut self, done: Vec<OrderNo>) {
        for number in done {
            let Some(order) = self.orders.remove(&number) else { continue };
            if let Some(ended) = ended(&order) {
                self.remember(&number, ended);
            }
        }
        // What is over holds nothing; after events that do not fit it might.
        self.reserved = self.sums();
    }

    fn remember(&mut self, order: &OrderNo, ended: EndedOrder) {
        let kept = Arc::make_mut(&mut self.ended);
        kept.insert(order.clone(), ended);
        if kept.len() > ENDED_KEPT_MAX
            && let Some(oldest) = kept.iter().min_by_key(|(_, ended)| ended.at.ms).map(|(order, _)| order.clone())
        {
            kept.remove(&oldest);
        }
    }
}

/// What is remembered of an order that is over; `None`: it is not.
pub(super) fn ended(order: &Order) -> Option<EndedOrder> {
    let (why, at) = match order.state {
        OrderState::Ended { why, at } => (Some(why), at),
        OrderState::HandedOver { at, .. } if order.to_put_back().is_empty() => (None, at),
        OrderState::HandedOver { .. }
        | OrderState::Received
        | OrderState::Accepted
        | OrderState::Picking { .. }
        | OrderState::Picked
        | OrderState::Staged
        | OrderState::PuttingBack { .. } => return None,
    };
    let version = order.asked.version.max(order.late_version);
    let part_handed = order.handed.last().map(|part| part.at);
    Some(EndedOrder { version, why, at, number: number_kept(&order.asked.number_mark), part_handed })
}

/// An order that changes, and the sums that change with it.
struct At<'a> {
    order: &'a mut Order,
    reserved: &'a mut BTreeMap<Sku, Qty>,
}

impl At<'_> {
    fn is_picking(&self) -> bool {
        matches!(self.order.state, OrderState::Picking { .. })
    }

    fn reserve(&mut self, sku: &Sku, quantity: Qty) {
        if quantity != Qty::ZERO {
            self.order.units.entry(sku.clone()).or_default().reserved += quantity;
            self.hold(sku, quantity);
        }
    }

    fn release(&mut self, sku: &Sku, quantity: Qty) {
        self.order.units.entry(sku.clone()).or_default().released += quantity;
        self.hold(sku, -quantity);
    }

    fn issue(&mut self, sku: &Sku, quantity: Qty) {
        self.order.units.entry(sku.clone()).or_default().issued += quantity;
        self.hold(sku, -quantity);
    }

    fn release_unpicked(&mut self) {
        let skus: Vec<Sku> = self.order.units.keys().cloned().collect();
        for sku in skus {
            let unpicked = self.order.held(&sku) - self.order.off_shelf(&sku);
            self.release(&sku, unpicked);
        }
    }

    /// False: so many were not there.
    fn unpick(&mut self, line: u32, sku: &Sku, quantity: Qty) -> bool {
        let picked = &mut self.order.progress.entry(line).or_default().picked;
        let Some(units) = picked.iter_mut().find(|units| units.sku == *sku && units.quantity >= quantity) else { return false };
        units.quantity = units.quantity - quantity;
        picked.retain(|units| units.quantity > Qty::ZERO);
        true
    }

    /// Units that the customer does not get: held until they are back on their shelf, or not held any more.
    fn leave(&mut self, sku: &Sku, quantity: Qty, why: CounterWhy) {
        match why {
            CounterWhy::Missing | CounterWhy::Damaged => self.release(sku, quantity),
            CounterWhy::Unwanted => *self.order.to_shelf.entry(sku.clone()).or_default() += quantity,
        }
    }

    /// The newest part of the hand-over never was.
    fn take_back(&mut self, part: HandedPart) {
        for (line, units) in part.lines {
            let progress = self.order.progress.entry(line).or_default();
            for units in &units {
                add_units(&mut progress.picked, units);
                if let Some(given) = progress.given.iter_mut().find(|given| given.sku == units.sku) {
                    given.quantity = given.quantity - units.quantity;
                }
            }
            progress.given.retain(|given| given.quantity > Qty::ZERO);
        }
        for (line, units) in part.left_here {
            let progress = self.order.progress.entry(line).or_default();
            for units in &units {
                progress.short = progress.short - units.quantity;
                add_units(&mut progress.picked, units);
                if let Some(waits) = self.order.to_shelf.get_mut(&units.sku) {
                    *waits = *waits - units.quantity;
                }
            }
        }
        self.order.to_shelf.retain(|_, waits| *waits > Qty::ZERO);
        self.order.bags.extend(part.bags);
        self.order.bags.sort_by_key(|bag| bag.number);
    }

    fn hold(&mut self, sku: &Sku, quantity: Qty) {
        self.order.units.entry(sku.clone()).or_default().held += quantity;
        let sum = self.reserved.entry(sku.clone()).or_default();
        *sum += quantity;
        if *sum == Qty::ZERO {
            self.reserved.remove(sku);
        }
    }
}

fn add_units(list: &mut Vec<Units>, more: &Units) {
    match list.iter_mut().find(|units| units.sku == more.sku) {
        Some(units) => units.quantity += more.quantity,
        None => list.push(more.clone()),
    }
}

impl Order {
    /// What left with the newest hand-over that was not taken back.
    fn newest_issue(&self) -> Vec<Units> {
        match (self.handed.last(), &self.state) {
            (Some(part), _) => sum_units(part.lines.values().flatten()),
            (None, OrderState::HandedOver { issued, .. }) => issued.clone(),
            (None, _) => Vec::new(),
        }
    }
}

fn fits(fits: bool, why: &'static str) -> Fits {
    if fits { Ok(()) } else { Err(why) }
}
