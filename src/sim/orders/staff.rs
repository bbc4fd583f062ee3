//! The staff and their orders: what they do next with each, from the shelf to its place, and back to the shelf.

use super::super::Broken;
use super::line::halt_of;
use super::plan::{Fate, Halt, Planned, Twist, WORK_FROM};
use super::shop::{STAFF, Shop};
use crate::ids::{OrderNo, PlaceCode, Sku, StaffId};
use crate::money::Qty;
use crate::retail::order::{ByHand, Order, OrderAct, OrderLine, OrderState, RefusedWhy, ShortWhy};

/// Acts on one order in one tick, so that words, nights and power cuts find it in the middle.
const ACTS_PER_TICK: u32 = 3;

impl<'a> Shop<'a> {
    pub(super) fn expire(&mut self) -> Result<(), Broken> {
        let now_ms = self.now().ms;
        let book = &self.store().state().orders;
        let due = book.open().filter(|order| order.state == OrderState::Staged && order.asked.expires_ms <= now_ms);
        let due: Vec<OrderNo> = due.map(|order| order.asked.order.clone()).collect();
        for order in due {
            self.by_shell(OrderAct::Expire { order })?;
            self.check()?;
        }
        Ok(())
    }

    /// As the node's timer does: whether the shelf covers by now what it did not cover.
    pub(super) fn recheck(&mut self) -> Result<(), Broken> {
        let waiting: Vec<OrderNo> = self
            .store()
            .state()
            .orders
            .open()
            .filter(|order| order.state == OrderState::Received)
            .map(|order| order.asked.order.clone())
            .collect();
        for order in waiting {
            self.by_shell(OrderAct::Recheck { order })?;
            self.check()?;
        }
        Ok(())
    }

    pub(super) fn work_on(&mut self, planned: &'a Planned) -> Result<(), Broken> {
        for _ in 0..ACTS_PER_TICK {
            let Some(order) = self.store().state().orders.orders.get(&planned.placed.order).cloned() else { return Ok(()) };
            if !self.is_time(planned, &order) || !self.next(planned, &order)? {
                return Ok(());
            }
            self.check()?;
        }
        Ok(())
    }

    /// Whether the staff or the customer turn to it now.
    fn is_time(&self, planned: &Planned, order: &Order) -> bool {
        if let Some(late) = planned.late
            && late.halts == Some(halt_of(order))
            && self.has_begun(planned, order)
            && !(self.tick > late.at && self.store().state().orders.cursor >= self.words[&planned.placed.order])
        {
            return false;
        }
        let from = if planned.is_early { WORK_FROM } else { self.seen.get(&planned.placed.order).copied().unwrap_or(self.tick) };
        let picks = from + planned.picks_after;
        let due = match order.state {
            OrderState::Received | OrderState::Accepted | OrderState::Picking { .. } => picks,
            OrderState::Picked => picks + planned.places_after,
            OrderState::Staged => picks + planned.places_after + planned.collects_after,
            OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } | OrderState::Ended { .. } => from,
        };
        self.tick >= due
    }

    /// An order that waits for its word while it is picked has something in its bag already.
    fn has_begun(&self, planned: &Planned, order: &Order) -> bool {
        let waits_in_the_middle = planned.late.and_then(|late| late.halts) == Some(Halt::Picking);
        !waits_in_the_middle || order.progress.values().any(|line| !line.picked.is_empty())
    }

    /// The next act on it. False: nothing is to be done.
    fn next(&mut self, planned: &'a Planned, order: &Order) -> Result<bool, Broken> {
        let number = order.asked.order.clone();
        if let Some(units) = order.to_put_back().into_iter().next() {
            let code = units.sku.to_string();
            self.by(planned.picker, OrderAct::PutBack { order: number.clone(), code, quantity: None })?;
            if !self.goods.put_back(&number, &units.sku) {
                return Err(self.broken(&format!("{number}: {} is put back and is nowhere", units.sku)));
            }
            return Ok(true);
        }
        match &order.state {
            OrderState::Received | OrderState::Accepted => self.begin(planned, order),
            OrderState::Picking { .. } => self.pick(planned, order),
            OrderState::Picked => {
                let Some(bag) = order.bags.iter().find(|bag| bag.place.is_none()) else { return Ok(false) };
                let place = PlaceCode::new(&format!("C{:02}", bag.number)).map_err(Broken::doing("naming a place"))?;
                self.by(planned.picker, OrderAct::Stage { order: number, bag: bag.number, place })
            }
            OrderState::Staged => self.collect(planned, order),
            OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } | OrderState::Ended { .. } => Ok(false),
        }
    }

    fn begin(&mut self, planned: &Planned, order: &Order) -> Result<bool, Broken> {
        let number = order.asked.order.clone();
        if let Some(why) = planned.refused {
            return self.by(planned.picker, OrderAct::Refuse { order: number, why });
        }
        // More than was ever there, or promised to others: the staff say so.
        let is_absurd = order.asked.lines.iter().any(|line| line.quantity > Qty::pieces(10_000));
        match order.state {
            OrderState::Received if is_absurd || planned.is_contended => {
                self.by(planned.picker, OrderAct::Refuse { order: number, why: RefusedWhy::NoStock })
            }
            OrderState::Received => self.by(planned.picker, OrderAct::Accept { order: number }),
            _ => self.by(planned.picker, OrderAct::StartPicking { order: number, take_over: false }),
        }
    }

    fn pick(&mut self, planned: &'a Planned, order: &Order) -> Result<bool, Broken> {
        let number = order.asked.order.clone();
        let OrderState::Picking { by, .. } = &order.state else { return Ok(false) };
        let picker = match by.as_ref().map(StaffId::as_str) {
            Some(name) if name == STAFF[1 - planned.picker] => 1 - planned.picker,
            // It was laid aside: the other one goes on.
            None => return self.by(1 - planned.picker, OrderAct::StartPicking { order: number, take_over: false }),
            Some(_) => planned.picker,
        };
        if !self.played.contains(&number) && order.progress.values().any(|line| !line.picked.is_empty()) {
            self.played.insert(number.clone());
            return self.twist(planned, order, picker);
        }
        let Some(line) = order.open_lines().next() else {
            return self.by(picker, OrderAct::FinishPicking { order: number, bags: planned.bags });
        };
        self.pick_line(planned, order, line, picker)
    }

    fn twist(&mut self, planned: &Planned, order: &Order, picker: usize) -> Result<bool, Broken> {
        let number = order.asked.order.clone();
        match planned.twist {
            Twist::None => Ok(true),
            Twist::Pause => self.by(picker, OrderAct::PausePicking { order: number }),
            Twist::TakeOver => {
                let start = |take_over| OrderAct::StartPicking { order: number.clone(), take_over };
                self.refused(1 - picker, start(false), "order_picked_by_other")?;
                self.by(1 - picker, start(true))
            }
            Twist::Reset => {
                let Some(line) = order.progress.keys().next().copied() else { return Ok(true) };
                self.by(picker, OrderAct::ResetLine { order: number.clone(), line })?;
                self.goods.put_line_back(&number, line);
                Ok(true)
            }
            Twist::WrongArticle => {
                let wanted = |sku: &Sku| order.asked.lines.iter().any(|line| line.sku == *sku || line.substitutes.contains(sku));
                let Some(wrong) = self.plan.articles.iter().map(|article| &article.sku).find(|sku| !wanted(sku)) else { return Ok(true) };
                if order.open_lines().next().is_some() {
                    let code = wrong.to_string();
                    self.refused(picker, OrderAct::Pick { orders: vec![number], code, quantity: None }, "pick_wrong_article")?;
                }
                Ok(true)
            }
        }
    }

    fn pick_line(&mut self, planned: &Planned, order: &Order, line: &OrderLine, picker: usize) -> Result<bool, Broken> {
        let (number, left) = (order.asked.order.clone(), order.left(line).thousandths() / 1_000);
        let fate = planned.fates.get(line.line as usize - 1).copied().unwrap_or(Fate::Scan);
        let instead = line.substitutes.first().filter(|sku| self.goods.on_shelf(sku) > 0).cloned();
        let there = self.goods.on_shelf(&line.sku);
        let short = |why| OrderAct::Short { order: number.clone(), line: line.line, why };
        match fate {
            Fate::Instead if instead.is_some() => self.scan(order, line, instead.as_ref().unwrap_or(&line.sku), picker),
            _ if there == 0 => match instead {
                Some(instead) => self.scan(order, line, &instead, picker),
                None => {
                    self.by(picker, short(ShortWhy::NotThere))?;
                    self.goods.find_out(&line.sku);
                    Ok(true)
                }
            },
            Fate::Scan | Fate::Instead => self.scan(order, line, &line.sku.clone(), picker),
            Fate::ByHand => {
                let pieces = left.min(there);
                let act =
                    OrderAct::PickByHand { order: number.clone(), line: line.line, quantity: Qty::pieces(pieces), why: ByHand::Unreadable };
                self.by(picker, act)?;
                self.goods.pick(&number, line.line, &line.sku, pieces);
                Ok(true)
            }
            Fate::Damaged if there >= left => {
                self.by(picker, short(ShortWhy::Damaged))?;
                self.goods.break_some(&line.sku, left);
                Ok(true)
            }
            Fate::Damaged => self.scan(order, line, &line.sku.clone(), picker),
            Fate::WrongPlace => self.by(picker, short(ShortWhy::WrongPlace)),
        }
    }

    /// One piece into the bag, by its code. Another order that the same person picks lies in the cart as well.
    fn scan(&mut self, order: &Order, line: &OrderLine, sku: &Sku, picker: usize) -> Result<bool, Broken> {
        let number = order.asked.order.clone();
        let mine = |state: &OrderState| matches!(state, OrderState::Picking { by: Some(by), .. } if by.as_str() == STAFF[picker]);
        let book = &self.store().state().orders;
        let other = book.open().find(|other| other.asked.order != number && mine(&other.state)).map(|other| other.asked.order.clone());
        let orders = std::iter::once(number.clone()).chain(other).collect();
        self.by(picker, OrderAct::Pick { orders, code: sku.to_string(), quantity: None })?;
        // The core takes the order's first line that wants it, which may be another than the one in hand.
        let now = self.store().state().orders.orders.get(&number).cloned();
        let grown = |line: &OrderLine| {
            let picked = |order: &Order| order.progress.get(&line.line).map_or(Qty::ZERO, |progress| progress.picked_quantity());
            now.as_deref().is_some_and(|now| picked(now) > picked(order))
        };
        let into = order.asked.lines.iter().find(|line| grown(line)).map_or(line.line, |line| line.line);
        self.goods.pick(&number, into, sku, 1);
        Ok(true)
    }
}
