//! One life of the shop by its plan: what head office sends, what the staff do next with each order, what the tills sell. Whatever is done is
//! asked of the product's own writer until it is answered, over power cuts, and held against the ledger and the goods at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::Broken;
use super::super::chain::{BEGINS_MS, Chain};
use super::super::dice::Dice;
use super::super::store::{Asks, Store, WORKSTATIONS};
use super::goods::Goods;
use super::ledger::Ledger;
use super::plan::{CUT_FROM, End, Errand, Fate, Halt, Plan, Planned, TICK_MS, TICKS_PER_HOUR, Twist, WORK_FROM};
use crate::bench::articles;
use crate::ids::{OrderNo, PlaceCode, Sku, StaffId};
use crate::journal::model_disk::Mishap;
use crate::journal::{NodeKey, Record};
use crate::money::{Money, Qty};
use crate::node::orders::CollectKeys;
use crate::node::replay;
use crate::retail::order::{ByHand, Ending, Order, OrderAct, OrderFacts, OrderLine, OrderState, Paper, ShortWhy, Shown};
use crate::retail::stock::on_hand;
use crate::retail::{Answer, Command, Event, Facts, Refusal, ScanFact, StockFact};
use crate::sync::orders::{Word, WordKind};
use crate::time::{BusinessDate, ClockQuality, Stamp};

const STAFF: [&str; 2] = ["anna", "ben"];
/// Acts on one order in one tick, so that words, nights and power cuts find it in the middle.
const ACTS_PER_TICK: u32 = 3;
/// Percent of acts at which the disk is to fail soon.
const MISHAPS: u64 = 3;
const NETWORK_STEPS: u64 = 12;
const NETWORK_STEP_MS: u64 = 2_000;
const TICKS_MAX_AFTER: u64 = 96 * TICKS_PER_HOUR;

pub struct Shop<'a> {
    plan: &'a Plan,
    is_cut: bool,
    pub chain: Chain,
    pub goods: Goods,
    pub ledger: Ledger,
    keys: CollectKeys,
    tick: u64,
    /// Records that the ledger has taken in.
    read: usize,
    /// When each order was first seen in the book.
    seen: BTreeMap<OrderNo, u64>,
    /// Head office's word about an order, by its place in the line; `None` until it is said.
    words: BTreeMap<OrderNo, u64>,
    /// Whose twist was played.
    played: BTreeSet<OrderNo>,
    /// Whose hand-over was a slip before it was right.
    slipped: BTreeSet<OrderNo>,
    codes: BTreeMap<OrderNo, String>,
    /// In which run of the process.
    handed_over_in: BTreeMap<OrderNo, u64>,
    /// As it stood when it was last in the book.
    pub last_seen: BTreeMap<OrderNo, Arc<Order>>,
    /// Which cells of the table of late words were met: what, and where the order stood.
    pub cells: BTreeSet<(bool, &'static str)>,
    pub sales: (i64, i64),
    pub acts: u64,
    pub refusals: u64,
}

impl<'a> Shop<'a> {
    /// `folder` is empty and takes head office's disk. `is_cut`: there is no line in the hours of the plan.
    pub fn new(seed: u64, plan: &'a Plan, folder: &Path, is_cut: bool) -> Result<Shop<'a>, Broken> {
        // Other accidents in each of the two lives.
        let mut chain = Chain::new(seed ^ u64::from(is_cut) << 40, 1, folder)?;
        chain.trouble = 15;
        chain.office.stock_up(&plan.articles)?;
        let mut goods = Goods::default();
        for (article, pieces) in plan.articles.iter().zip(&plan.pieces) {
            goods.arrive(&article.sku, *pieces);
        }
        let keys = CollectKeys::new(&NodeKey::from_seed([7; 32]), Some(chain.office.public_key()), PathBuf::new());
        Ok(Shop {
            plan,
            is_cut,
            chain,
            goods,
            ledger: Ledger::default(),
            keys,
            tick: 0,
            seen: BTreeMap::new(),
            words: BTreeMap::new(),
            played: BTreeSet::new(),
            slipped: BTreeSet::new(),
            read: 0,
            codes: BTreeMap::new(),
            handed_over_in: BTreeMap::new(),
            last_seen: BTreeMap::new(),
            cells: BTreeSet::new(),
            sales: (0, 0),
            acts: 0,
            refusals: 0,
        })
    }

    pub fn store(&self) -> &Store {
        &self.chain.lines[0].store
    }

    pub fn live(&mut self) -> Result<(), Broken> {
        self.night()?;
        self.chain.listen(0);
        while !self.is_over() {
            self.chain.is_cut = self.is_cut && (CUT_FROM..self.plan.cut_until).contains(&self.tick);
            self.head_office()?;
            self.take_words()?;
            for errand in self.plan.errands.get(&self.tick).cloned().unwrap_or_default() {
                self.errand(&errand)?;
                self.check()?;
            }
            self.expire()?;
            if self.tick == WORK_FROM && self.plan.orders.iter().any(|order| order.is_early && !self.seen.contains_key(&order.placed.order))
            {
                return Err(self.broken("not every early order came before the work began"));
            }
            if self.tick >= WORK_FROM {
                for planned in &self.plan.orders {
                    self.work_on(planned)?;
                }
            }
            self.note_book();
            self.network()?;
            self.tick += 1;
            if self.tick > self.plan.cut_until + TICKS_MAX_AFTER {
                let open: Vec<&str> = self.store().state().orders.open().map(|order| order.asked.order.as_str()).collect();
                return Err(self.broken(&format!("the orders come to no end: {open:?}")));
            }
        }
        // Two nights later nothing is left in the book but what is remembered.
        for _ in 0..2 {
            self.night()?;
        }
        self.drain()
    }

    /// Everything was placed, heard and brought to its end, and the line was up for a while.
    fn is_over(&self) -> bool {
        let state = self.store().state();
        self.tick > self.plan.cut_until + TICKS_PER_HOUR
            && self.words.values().all(|word| *word <= state.orders.cursor)
            && self.plan.orders.iter().all(|planned| self.seen.contains_key(&planned.placed.order))
            && state.orders.open().count() == 0
    }

    // ---- head office and the line

    fn head_office(&mut self) -> Result<(), Broken> {
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
            Some(order) => halt == halt_of(&order.state),
            None => book.ended.get(order).is_some_and(|ended| halt == if ended.why.is_none() { Halt::HandedOver } else { Halt::Ended }),
        }
    }

    /// What came is taken one by one, and what the book makes of it is what the table of late words says.
    fn take_words(&mut self) -> Result<(), Broken> {
        for word in self.chain.heard(0) {
            let cursor = word.cursor;
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
            self.chain.took(0, cursor);
            self.check()?;
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
            WordKind::Rights(_) => unreachable!("head office of the simulation leaves them out"),
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
            (OrderState::Received | OrderState::Accepted, false) => is_news.then_some("replaced"),
            (
                OrderState::Picking { .. }
                | OrderState::Picked
                | OrderState::Staged
                | OrderState::HandedOver { .. }
                | OrderState::PuttingBack { .. }
                | OrderState::Ended { .. },
                false,
            ) => is_news.then_some("change too late"),
        };
        (order, true, known.state.name().as_str(), expected)
    }

    fn network(&mut self) -> Result<(), Broken> {
        // Some round trips, then nothing for minutes: what is under way then is late or lost.
        for _ in 0..NETWORK_STEPS {
            self.chain.machines()?;
            self.chain.arrivals()?;
            self.chain.pass(NETWORK_STEP_MS);
        }
        self.chain.pass(TICK_MS - NETWORK_STEPS * NETWORK_STEP_MS);
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
                self.codes.insert(order.clone(), code.token);
            }
        }
        Ok(())
    }

    /// Until head office has everything.
    fn drain(&mut self) -> Result<(), Broken> {
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
            let line = &self.chain.lines[0];
            quiet = if line.uplink.acknowledged_seq() == line.store.head().seq { quiet + 1 } else { 0 };
            if quiet == 40 {
                return Ok(());
            }
        }
        Err(self.broken(&format!("the line does not drain: {}", self.chain.lines[0].uplink.why())))
    }

    // ---- the shop beside orders

    fn errand(&mut self, errand: &Errand) -> Result<(), Broken> {
        match errand {
            Errand::Night => self.night(),
            Errand::Steal { article, pieces } => {
                self.goods.steal(&self.plan.articles[*article].sku.clone(), *pieces);
                Ok(())
            }
            Errand::Sell { till, basket } => self.sell(WORKSTATIONS[*till], basket),
        }
    }

    fn night(&mut self) -> Result<(), Broken> {
        if self.chain.lines[0].store.days > 0 {
            self.must(Asks { at: None, staff: None, command: Command::CloseDay {} })?;
        }
        self.chain.lines[0].store.days += 1;
        let days = self.chain.lines[0].store.days;
        let date = BusinessDate::constant(2026, 11, 1).saturating_add(jiff::Span::new().days(days));
        self.must(Asks { at: None, staff: None, command: Command::OpenDay { date } })
    }

    fn sell(&mut self, at: &'static str, basket: &[(usize, i64)]) -> Result<(), Broken> {
        let mut total = 0;
        let mut sold: Vec<Sku> = Vec::new();
        for (article, pieces) in basket {
            let article = self.plan.articles[*article].clone();
            for _ in 0..*pieces {
                // The one before may have been the last.
                let taken = sold.iter().filter(|sku| **sku == article.sku).count() as i64;
                if self.goods.on_shelf(&article.sku) <= taken {
                    continue;
                }
                self.must(Asks { at: Some(at), staff: None, command: Command::AddLine { code: article.sku.to_string(), quantity: None } })?;
                total += article.price.map_or(0, Money::minor);
                sold.push(article.sku.clone());
            }
        }
        if sold.is_empty() {
            return Ok(());
        }
        self.must(Asks { at: Some(at), staff: None, command: Command::TenderCash { amount: Money::from_minor(total) } })?;
        sold.iter().for_each(|sku| self.goods.sell(sku, 1));
        self.sales = (self.sales.0 + 1, self.sales.1 + total);
        Ok(())
    }

    // ---- the staff and their orders

    fn expire(&mut self) -> Result<(), Broken> {
        let now_ms = self.now().ms;
        let book = &self.store().state().orders;
        let due = book.open().filter(|order| order.state == OrderState::Staged && order.asked.expires_ms <= now_ms);
        let due: Vec<OrderNo> = due.map(|order| order.asked.order.clone()).collect();
        for order in due {
            self.must(Asks { at: None, staff: None, command: Command::Order(OrderAct::Expire { order }) })?;
            self.check()?;
        }
        Ok(())
    }

    fn work_on(&mut self, planned: &'a Planned) -> Result<(), Broken> {
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
            && late.halts == Some(halt_of(&order.state))
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
        match &order.state {
            OrderState::Received | OrderState::Accepted => self.begin(planned, order),
            OrderState::Picking { .. } => self.pick(planned, order),
            OrderState::Picked => {
                let Some(bag) = order.bags.iter().find(|bag| bag.place.is_none()) else { return Ok(false) };
                let place = PlaceCode::new(&format!("C{:02}", bag.number)).map_err(Broken::doing("naming a place"))?;
                self.by(planned.picker, OrderAct::Stage { order: number, bag: bag.number, place })
            }
            OrderState::Staged => self.collect(planned, order),
            OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } => {
                let Some(units) = order.to_put_back().into_iter().next() else { return Ok(false) };
                let code = units.sku.to_string();
                self.by(planned.picker, OrderAct::PutBack { order: number.clone(), code, quantity: None })?;
                if !self.goods.put_back(&number, &units.sku) {
                    return Err(self.broken(&format!("{number}: {} is put back and lies in no bag", units.sku)));
                }
                Ok(true)
            }
            OrderState::Ended { .. } => Ok(false),
        }
    }

    fn begin(&mut self, planned: &Planned, order: &Order) -> Result<bool, Broken> {
        let number = order.asked.order.clone();
        if let Some(why) = planned.refused {
            return self.by(planned.picker, OrderAct::Refuse { order: number, why });
        }
        // More than was ever there: the staff say so.
        let absurd = order.asked.lines.iter().any(|line| line.quantity > Qty::pieces(10_000));
        match order.state {
            OrderState::Received if absurd => {
                self.by(planned.picker, OrderAct::Refuse { order: number, why: crate::retail::order::RefusedWhy::NoStock })
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

    /// The customer is there, or does not come.
    fn collect(&mut self, planned: &'a Planned, order: &Order) -> Result<bool, Broken> {
        let number = order.asked.order.clone();
        let (leaves, again) = match &planned.end {
            End::Expire => return Ok(false),
            End::Decline => return self.by(planned.picker, OrderAct::Decline { order: number }),
            End::HandOver { leaves, again } => (leaves, *again),
        };
        let taken = |line: &u32| !leaves.contains(line);
        if !order.progress.iter().any(|(line, progress)| taken(line) && !progress.picked.is_empty()) {
            // Nothing would go with them.
            return self.by(planned.picker, OrderAct::Decline { order: number });
        }
        let leaves: Vec<u32> = leaves.iter().copied().filter(|line| order.line(*line).is_some()).collect();
        if again && self.slipped.insert(number.clone()) {
            self.hand_over(planned, order, &leaves)?;
            let taken_back = self.ask(self.asks(planned.picker, OrderAct::TakeBackHandOver { order: number.clone() }))?;
            match taken_back {
                Ok(_) => self.goods.take_back(&number),
                // The power went in between: then it stands.
                Err(refusal) if refusal.code() == "hand_over_stands" => return Ok(true),
                Err(other) => return Err(self.broken(&format!("{number} is not taken back: {other:?}"))),
            }
        }
        self.hand_over(planned, order, &leaves)?;
        Ok(true)
    }

    fn hand_over(&mut self, planned: &Planned, order: &Order, leaves: &[u32]) -> Result<(), Broken> {
        let number = order.asked.order.clone();
        let code = self.codes.get(&number).cloned();
        let shown = match &code {
            Some(code) => Shown::Code(code.clone()),
            None if planned.picker == 0 => Shown::Name,
            None => Shown::Paper(Paper::IdCard),
        };
        if let Some(code) = &code {
            self.by(planned.picker, OrderAct::Identify { code: code.clone(), within: None })?;
        }
        let bags: Vec<u32> = order.bags.iter().map(|bag| bag.number).collect();
        let act = |bags: &[u32]| OrderAct::HandOver {
            order: number.clone(),
            shown: shown.clone(),
            bags: bags.to_vec(),
            leaves: leaves.to_vec(),
            later: Vec::new(),
            of_age: true,
        };
        self.refused(planned.picker, act(&bags[1..]), "bags_not_scanned")?;
        self.by(planned.picker, act(&bags))?;
        self.handed_over_in.insert(number.clone(), self.store().starts());
        self.goods.hand_over(&number, leaves);
        // In the same second somebody at the other desk does the same.
        self.refused(1 - planned.picker, act(&bags), "order_elsewhere")?;
        if let Some(code) = code {
            self.refused(1 - planned.picker, OrderAct::Identify { code, within: None }, "collect_code_used")?;
        }
        Ok(())
    }

    // ---- asking

    fn asks(&self, person: usize, act: OrderAct) -> Asks {
        let staff = StaffId::new(STAFF[person]).ok();
        Asks { at: Some(WORKSTATIONS[person]), staff, command: Command::Order(act) }
    }

    /// Done by a person at their workstation; it must not be refused.
    fn by(&mut self, person: usize, act: OrderAct) -> Result<bool, Broken> {
        self.must(self.asks(person, act))?;
        Ok(true)
    }

    fn must(&mut self, asks: Asks) -> Result<(), Broken> {
        let what = format!("{:?}", asks.command);
        match self.ask(asks)? {
            Ok(_) => Ok(()),
            Err(refusal) => Err(self.broken(&format!("{what} was refused: {refusal:?}"))),
        }
    }

    fn refused(&mut self, person: usize, act: OrderAct, code: &str) -> Result<(), Broken> {
        let what = format!("{act:?}");
        self.refusals += 1;
        match self.ask(self.asks(person, act))? {
            Err(refusal) if refusal.code() == code => Ok(()),
            other => Err(self.broken(&format!("{what} was to be refused ({code}) and came to {other:?}"))),
        }
    }

    /// Asks until it is answered; what was recorded is in the ledger then.
    fn ask(&mut self, asks: Asks) -> Result<Result<Vec<Event>, Refusal>, Broken> {
        self.acts += 1;
        let facts = self.facts(&asks.command);
        let (line, dice) = (&mut self.chain.lines[0], &mut self.chain.dice);
        plan_mishap(&line.store, dice);
        let starts = line.store.starts();
        let came: Result<Answer, Refusal> = line.store.insist(asks, &facts, dice)?;
        line.store.read_on()?;
        if line.store.starts() != starts {
            line.begin();
        }
        let told = self.read_on()?;
        Ok(came.map(|_| told))
    }

    /// What has become durable goes into the ledger, from the record itself: an act may have come through whose answer nobody heard.
    fn read_on(&mut self) -> Result<Vec<Event>, Broken> {
        let mut told = Vec::new();
        for raw in &self.chain.lines[0].store.records[self.read..] {
            let record = Record::parse(raw.line.clone()).map_err(|bad| self.broken(&format!("record {}: {bad}", raw.seq)))?;
            told.append(&mut replay::events(&record).map_err(|bad| self.broken(&bad.to_string()))?);
        }
        self.read = self.chain.lines[0].store.records.len();
        for event in &told {
            self.ledger.take_in(event).map_err(|why| self.broken(&why))?;
        }
        Ok(told)
    }

    /// What the shell would find out for it.
    fn facts(&self, command: &Command) -> Facts {
        let state = self.store().state();
        let stock = |sku: &Sku| self.stock(sku);
        let article = |code: &str| {
            let found = self.plan.articles.iter().find(|article| article.sku.as_str() == code);
            found.map(|article| ScanFact::Article(Box::new(articles::as_fact(article, 1))))
        };
        let mut facts = Facts::default();
        match command {
            Command::AddLine { code, .. } => facts.scan = article(code),
            Command::TenderCash { .. } => facts.stock = self.plan.articles.iter().filter_map(|article| stock(&article.sku)).collect(),
            Command::Order(act) => match act {
                OrderAct::Deliver { order, .. } => facts.stock = order.lines.iter().filter_map(|line| stock(&line.sku)).collect(),
                OrderAct::Short { order, line, .. } => {
                    let line = state.orders.orders.get(order).and_then(|order| order.line(*line));
                    facts.stock = line.and_then(|line| stock(&line.sku)).into_iter().collect();
                }
                OrderAct::Pick { code, .. } | OrderAct::PutBack { code, .. } => facts.scan = article(code),
                OrderAct::Identify { code, .. } | OrderAct::HandOver { shown: Shown::Code(code), .. } => {
                    facts.order = OrderFacts { code: Some(self.keys.read(code)), ..OrderFacts::default() };
                }
                OrderAct::TakeBackHandOver { order } => {
                    // Known in the same run of the process alone.
                    let is_same_run = self.handed_over_in.get(order) == Some(&self.store().starts());
                    facts.order = OrderFacts { handed_over_ago_ms: is_same_run.then_some(5_000), ..OrderFacts::default() };
                }
                _ => {}
            },
            _ => {}
        }
        facts
    }

    fn stock(&self, sku: &Sku) -> Option<StockFact> {
        let at = self.plan.articles.iter().position(|article| article.sku == *sku)?;
        let as_of = Stamp { ms: BEGINS_MS, quality: ClockQuality::Synchronised };
        Some(StockFact { sku: sku.clone(), baseline: Qty::pieces(self.plan.pieces[at]), head_seq: 0, as_of })
    }

    fn now(&self) -> Stamp {
        self.store().writer.now()
    }

    fn note_book(&mut self) {
        let book = Arc::clone(&self.store().state().orders);
        for (number, order) in &book.orders {
            self.last_seen.insert(number.clone(), Arc::clone(order));
        }
    }

    /// After every step: each unit is in one place, by the record and in the shop; none is both sold and handed over.
    fn check(&self) -> Result<(), Broken> {
        let state = self.store().state();
        for (article, pieces) in self.plan.articles.iter().zip(&self.plan.pieces) {
            let sku = &article.sku;
            let wrong = |what: &str, book: Qty, goods: i64| {
                Err(self.broken(&format!("{sku}: {what}: {} by the record, {goods} in truth", book.plain())))
            };
            if self.goods.whole(sku) != *pieces {
                return wrong("everywhere", Qty::pieces(*pieces), self.goods.whole(sku));
            }
            let (sold, handed) = (self.ledger.sold_of(sku), self.ledger.handed_over(sku));
            if sold != Qty::pieces(self.goods.sold(sku)) {
                return wrong("sold", sold, self.goods.sold(sku));
            }
            if handed != Qty::pieces(self.goods.handed_over(sku)) {
                return wrong("handed over", handed, self.goods.handed_over(sku));
            }
            let baseline = on_hand(self.stock(sku).as_ref(), state.movements.get(sku)).unwrap_or_default();
            if baseline != Qty::pieces(self.goods.by_the_book(sku)) {
                return wrong("on hand", baseline, self.goods.by_the_book(sku));
            }
            if state.orders.off_shelf(sku) != Qty::pieces(self.goods.in_bags(sku)) {
                return wrong("in bags", state.orders.off_shelf(sku), self.goods.in_bags(sku));
            }
        }
        Ok(())
    }

    pub fn broken(&self, why: &str) -> Broken {
        let line = if self.is_cut { "with the line cut" } else { "with the line up" };
        Broken::new(&format!("{line}, tick {}", self.tick), why)
    }
}

fn plan_mishap(store: &Store, dice: &mut Dice) {
    let act = store.disk.acts() + 1 + dice.below(6);
    match dice.below(100) {
        0..MISHAPS => store.disk.plan(Mishap::PowerCut { act }),
        MISHAPS => store.disk.plan(Mishap::Failure { act }),
        _ => {}
    }
}

/// What head office makes of it later: one piece more of the first article.
fn changed(planned: &Planned) -> crate::head_office::orders::PlacedOrder {
    let mut placed = planned.placed.clone();
    let first = &mut placed.lines[0].quantity;
    *first = if *first > Qty::pieces(10_000) { Qty::pieces(1) } else { *first + Qty::ONE };
    placed
}

fn halt_of(state: &OrderState) -> Halt {
    match state {
        OrderState::Received => Halt::Received,
        OrderState::Accepted => Halt::Accepted,
        OrderState::Picking { .. } => Halt::Picking,
        OrderState::Picked => Halt::Picked,
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
