//! One life of the shop by its plan, and how anything is asked in it: whatever is done is asked of the product's own writer until it is
//! answered, over power cuts, and held against the ledger and the goods at once. What is done when: `line`, `staff`, `desk`, `errands`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::Broken;
use super::super::chain::{BEGINS_MS, Chain};
use super::super::dice::Dice;
use super::super::store::{Asks, Store, WORKSTATIONS};
use super::goods::Goods;
use super::ledger::Ledger;
use super::plan::{CUT_FROM, Plan, TICKS_PER_HOUR, WORK_FROM};
use crate::bench::articles;
use crate::head_office::orders::CustomerCode;
use crate::ids::{OrderNo, Sku, StaffId};
use crate::journal::model_disk::Mishap;
use crate::journal::{NodeKey, Record};
use crate::money::{Money, Qty};
use crate::node::orders::CollectKeys;
use crate::node::replay;
use crate::retail::order::{Ending, Order, OrderAct, OrderFacts, OrderState, Shown, TAKE_BACK_MS};
use crate::retail::stock::{StockAct, on_hand};
use crate::retail::{Answer, Command, Event, Facts, Refusal, ScanFact, StockFact};
use crate::time::{ClockQuality, Stamp};

pub(super) const STAFF: [&str; 2] = ["anna", "ben"];
/// Percent of acts at which the disk is to fail soon.
const MISHAPS: u64 = 3;
const TICKS_MAX_AFTER: u64 = 96 * TICKS_PER_HOUR;
/// How often the node looks at orders that wait for goods.
const RECHECK_TICKS: u64 = 6;

pub struct Shop<'a> {
    pub(super) plan: &'a Plan,
    is_cut: bool,
    pub chain: Chain,
    pub goods: Goods,
    pub ledger: Ledger,
    pub(super) keys: CollectKeys,
    pub(super) tick: u64,
    /// Records that the ledger has taken in.
    read: usize,
    /// When each order was first seen in the book.
    pub(super) seen: BTreeMap<OrderNo, u64>,
    /// Head office's word about an order, by its place in the line; `None` until it is said.
    pub(super) words: BTreeMap<OrderNo, u64>,
    /// Whose twist was played.
    pub(super) played: BTreeSet<OrderNo>,
    /// Whose hand-over was a slip before it was right.
    pub(super) slipped: BTreeSet<OrderNo>,
    /// Whose customers were here and have some of it.
    pub(super) parted: BTreeSet<OrderNo>,
    /// How many of an order's troubles at the counter are over.
    pub(super) troubled: BTreeMap<OrderNo, usize>,
    pub(super) codes: BTreeMap<OrderNo, CustomerCode>,
    /// In which run of the process.
    pub(super) handed_over_in: BTreeMap<OrderNo, u64>,
    /// So old is a hand-over of this run when somebody asks.
    pub(super) handed_over_ago_ms: u64,
    /// By workstation, since the last right one.
    pub(super) wrong_numbers: BTreeMap<&'static str, u32>,
    pub(super) guesses: u64,
    pub(super) deliveries: u32,
    /// By workstation: what is on the sheet of a count, and how many pieces of it had been stolen when it was looked at.
    pub(super) counting: [BTreeMap<Sku, i64>; 2],
    /// As it stood when it was last in the book.
    pub last_seen: BTreeMap<OrderNo, Arc<Order>>,
    /// Which cells of the table of late words were met: what, and where the order stood.
    pub cells: BTreeSet<(bool, &'static str)>,
    /// Their number and what they took.
    pub sales: (i64, i64),
    /// Of these, what must be the same in both lives.
    pub sales_alike: (i64, i64),
    /// At the terminal that the till drives: how many cards it charged, and how much, as it knows itself.
    pub(super) charges: (u32, i64),
    pub unknown_cards: u64,
    /// Orders that expired while they were paid.
    pub paid_late: u64,
    /// Of this tick, so much has passed while people did something.
    passed_ms: u64,
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
            parted: BTreeSet::new(),
            troubled: BTreeMap::new(),
            read: 0,
            codes: BTreeMap::new(),
            handed_over_in: BTreeMap::new(),
            handed_over_ago_ms: TAKE_BACK_MS,
            wrong_numbers: BTreeMap::new(),
            guesses: 0,
            deliveries: 0,
            counting: Default::default(),
            last_seen: BTreeMap::new(),
            cells: BTreeSet::new(),
            sales: (0, 0),
            sales_alike: (0, 0),
            charges: (0, 0),
            unknown_cards: 0,
            paid_late: 0,
            passed_ms: 0,
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
            self.note_book();
            for errand in self.plan.errands.get(&self.tick).cloned().unwrap_or_default() {
                self.errand(&errand)?;
                self.check()?;
            }
            self.expire()?;
            if self.tick.is_multiple_of(RECHECK_TICKS) {
                self.recheck()?;
            }
            self.grant()?;
            self.check_rights(false)?;
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
        self.drain()?;
        self.check_rights(true)?;
        match self.store().state().orders.cursor == self.chain.office.newest_word()? {
            true => Ok(()),
            false => Err(self.broken("the store has not heard all that head office said")),
        }
    }

    /// Everything was placed, heard and brought to its end, and the line was up for a while.
    fn is_over(&self) -> bool {
        let state = self.store().state();
        self.tick > self.plan.cut_until + TICKS_PER_HOUR
            && self.words.values().all(|word| *word <= state.orders.cursor)
            && self.plan.orders.iter().all(|planned| self.seen.contains_key(&planned.placed.order))
            && state.orders.open().count() == 0
    }

    // ---- asking

    /// By a person at their workstation.
    pub(super) fn asks(&self, person: usize, command: Command) -> Asks {
        self.asks_at(WORKSTATIONS[person], person, command)
    }

    pub(super) fn asks_at(&self, at: &'static str, person: usize, command: Command) -> Asks {
        Asks { at: Some(at), staff: StaffId::new(STAFF[person]).ok(), command }
    }

    /// A minute of this tick, once; the rest of it passes with the network.
    pub(super) fn pass_within_the_tick(&mut self) {
        if self.passed_ms == 0 {
            self.passed_ms = 60_000;
            self.chain.pass(self.passed_ms);
        }
    }

    pub(super) fn take_passed_ms(&mut self) -> u64 {
        std::mem::take(&mut self.passed_ms)
    }

    /// It must not be refused.
    pub(super) fn by(&mut self, person: usize, act: OrderAct) -> Result<bool, Broken> {
        self.must(self.asks(person, Command::Order(act)))?;
        Ok(true)
    }

    pub(super) fn by_shell(&mut self, act: OrderAct) -> Result<(), Broken> {
        self.must(Asks { at: None, staff: None, command: Command::Order(act) })
    }

    pub(super) fn must(&mut self, asks: Asks) -> Result<(), Broken> {
        self.told(asks).map(drop)
    }

    /// The same, and what was recorded of it.
    pub(super) fn told(&mut self, asks: Asks) -> Result<Vec<Event>, Broken> {
        let what = format!("{:?}", asks.command);
        self.ask(asks)?.map_err(|refusal| self.broken(&format!("{what} was refused: {refusal:?}")))
    }

    pub(super) fn refused(&mut self, person: usize, act: OrderAct, code: &str) -> Result<(), Broken> {
        self.refused_at(person, Command::Order(act), code)
    }

    pub(super) fn refused_at(&mut self, person: usize, command: Command, code: &str) -> Result<(), Broken> {
        self.must_refuse(self.asks(person, command), code)
    }

    pub(super) fn must_refuse(&mut self, asks: Asks, code: &str) -> Result<(), Broken> {
        let what = format!("{:?}", asks.command);
        self.refusals += 1;
        match self.ask(asks)? {
            Err(refusal) if refusal.code() == code => Ok(()),
            other => Err(self.broken(&format!("{what} was to be refused ({code}) and came to {other:?}"))),
        }
    }

    pub(super) fn note_sale(&mut self, minor: i64, races: bool) {
        let add = |sums: &mut (i64, i64)| *sums = (sums.0 + 1, sums.1 + minor);
        add(&mut self.sales);
        if !races {
            add(&mut self.sales_alike);
        }
    }

    /// Power or disk fail now, and the box starts again.
    pub(super) fn go_down(&mut self) -> Result<(), Broken> {
        let line = &mut self.chain.lines[0];
        line.store.start_again(&mut self.chain.dice)?;
        line.begin();
        self.read_on().map(drop)
    }

    /// Asks until it is answered; what was recorded is in the ledger then.
    pub(super) fn ask(&mut self, asks: Asks) -> Result<Result<Vec<Event>, Refusal>, Broken> {
        self.acts += 1;
        let facts = self.facts(&asks.command);
        let (line, dice) = (&mut self.chain.lines[0], &mut self.chain.dice);
        // Not in the last hour, when all is to come to rest.
        if self.chain.trouble > 0 {
            plan_mishap(&line.store, dice);
        }
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
            told.push(replay::events(&record).map_err(|bad| self.broken(&bad.to_string()))?);
        }
        self.read = self.chain.lines[0].store.records.len();
        for record in &told {
            let taken_in = record.iter().try_for_each(|event| self.ledger.take_in(event));
            taken_in.and_then(|()| self.ledger.end_record()).map_err(|why| self.broken(&why))?;
        }
        Ok(told.into_iter().flatten().collect())
    }

    /// What the shell would find out for it.
    fn facts(&self, command: &Command) -> Facts {
        let article = |code: &str| {
            let found = self.plan.articles.iter().find(|article| article.sku.as_str() == code);
            found.map(|article| ScanFact::Article(Box::new(articles::as_fact(article, 1))))
        };
        let all_stock = || self.plan.articles.iter().filter_map(|article| self.stock(&article.sku)).collect();
        let mut facts = Facts::default();
        match command {
            Command::AddLine { code, .. } => facts.scan = article(code),
            Command::TenderCash { .. } | Command::EndCard { .. } | Command::ReportCard { .. } | Command::ResolveCard { .. } => {
                facts.stock = all_stock();
            }
            Command::Stock(act) => {
                facts.stock = all_stock();
                if let StockAct::Add { code, .. } | StockAct::Adjust { code, .. } = act {
                    facts.scan = article(code);
                }
            }
            Command::Order(act) => match act {
                OrderAct::Deliver { .. }
                | OrderAct::Recheck { .. }
                | OrderAct::Grant { .. }
                | OrderAct::Short { .. }
                | OrderAct::MissAtCounter { .. } => facts.stock = all_stock(),
                OrderAct::Pick { code, .. } | OrderAct::PutBack { code, .. } => facts.scan = article(code),
                OrderAct::ReplaceAtCounter { code, .. } => {
                    facts.scan = article(code);
                    facts.stock = all_stock();
                }
                OrderAct::Identify { code, .. } | OrderAct::Pay { shown: Shown::Code(code), .. } => facts.order = self.reads(code),
                OrderAct::HandOver { shown, .. } => {
                    facts.stock = all_stock();
                    if let Shown::Code(code) = shown {
                        facts.order = self.reads(code);
                    }
                }
                OrderAct::TakeBackHandOver { order } => {
                    // Known in the same run of the process alone.
                    let is_same_run = self.handed_over_in.get(order) == Some(&self.store().starts());
                    let ago_ms = is_same_run.then_some(self.handed_over_ago_ms);
                    facts.order = OrderFacts { handed_over_ago_ms: ago_ms, ..OrderFacts::default() };
                }
                _ => {}
            },
            _ => {}
        }
        facts
    }

    fn reads(&self, code: &str) -> OrderFacts {
        OrderFacts { code: Some(self.keys.read(code)), ..OrderFacts::default() }
    }

    fn stock(&self, sku: &Sku) -> Option<StockFact> {
        let at = self.plan.articles.iter().position(|article| article.sku == *sku)?;
        let as_of = Stamp { ms: BEGINS_MS, quality: ClockQuality::Synchronised };
        Some(StockFact { sku: sku.clone(), baseline: Qty::pieces(self.plan.pieces[at]), head_seq: 0, as_of })
    }

    pub(super) fn now(&self) -> Stamp {
        self.store().writer.now()
    }

    fn note_book(&mut self) {
        let book = Arc::clone(&self.store().state().orders);
        for (number, order) in &book.orders {
            self.last_seen.insert(number.clone(), Arc::clone(order));
        }
    }

    /// After every step: each unit is in one place, by the record and in the shop; none is both sold and handed over.
    pub(super) fn check(&self) -> Result<(), Broken> {
        let state = self.store().state();
        let (places, given) = (self.goods.places(), self.ledger.handed_over());
        for sku in self.plan.articles.iter().map(|article| &article.sku) {
            let wrong = |what: &str, book: Qty, goods: i64| {
                Err(self.broken(&format!("{sku}: {what}: {} by the record, {goods} in truth", book.plain())))
            };
            if !places.is_whole(sku) {
                return Err(self.broken(&format!("{sku}: a piece is nowhere, or in two places")));
            }
            let (sold, handed) = (self.ledger.sold_of(sku), given.get(sku).copied().unwrap_or_default());
            if sold != Qty::pieces(self.goods.sold(sku)) {
                return wrong("sold", sold, self.goods.sold(sku));
            }
            if handed != Qty::pieces(places.handed_over(sku)) {
                return wrong("handed over", handed, places.handed_over(sku));
            }
            let book = on_hand(self.stock(sku).as_ref(), state.movements.get(sku)).unwrap_or_default();
            if book != Qty::pieces(places.by_the_book(sku)) {
                return wrong("on hand", book, places.by_the_book(sku));
            }
            if state.orders.off_shelf(sku) != Qty::pieces(places.in_bags(sku)) {
                return wrong("in bags", state.orders.off_shelf(sku), places.in_bags(sku));
            }
        }
        self.check_reservations()?;
        self.check_money()?;
        self.check_terminal()?;
        self.check_promises()?;
        self.check_wrong_numbers()
    }

    /// What an order holds is what lies in its bags and what is still owed, and ends once: with the customer, or on the shelf again.
    fn check_reservations(&self) -> Result<(), Broken> {
        for (number, order) in &self.store().state().orders.orders {
            let here = Qty::pieces(self.goods.here(number));
            let owed: Qty = order.asked.lines.iter().map(|line| order.left(line)).sum();
            let expected = match order.state {
                OrderState::Received | OrderState::Ended { .. } => Qty::ZERO,
                OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } => here,
                OrderState::Accepted | OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged => here + owed,
            };
            let held: Qty = order.units.values().map(|units| units.held).sum();
            let issued: Qty = order.units.values().map(|units| units.issued).sum();
            let given: i64 = order.asked.lines.iter().map(|line| self.goods.given(number, line.line)).sum();
            if held != expected || issued != Qty::pieces(given) {
                let (held, issued, expected) = (held.plain(), issued.plain(), expected.plain());
                let state = order.state.name().as_str();
                return Err(self.broken(&format!("{number}, {state}: {held} held of {expected}, {issued} issued of {given}")));
            }
            if order.state == OrderState::Staged && here > Qty::ZERO && order.bags.is_empty() {
                return Err(self.broken(&format!("{number} waits for its customer, and nobody knows in which bag")));
            }
        }
        Ok(())
    }

    /// What was taken at the till for an order is what its lines cost that the customer has, and no more is asked back of the channel than was
    /// paid there for what the customer has not.
    fn check_money(&self) -> Result<(), Broken> {
        for planned in &self.plan.orders {
            let number = &planned.placed.order;
            let account = self.ledger.accounts.get(number).copied().unwrap_or_default();
            let Some(order) = self.order(number) else { continue };
            let (mut due, mut back) = (0, 0);
            for line in &order.asked.lines {
                let Some((price, in_store)) = planned.price(line.line) else { continue };
                let given = self.goods.given(number, line.line);
                match in_store {
                    true => due += given * price,
                    false => back += (line.quantity.thousandths() / 1_000 - given) * price,
                }
            }
            if account.taken != Money::from_minor(due) {
                return Err(self.broken(&format!("{number}: {due} cents are due for what the customer has, and {account:?}")));
            }
            if account.asked_back < Money::ZERO || account.asked_back > Money::from_minor(back) {
                return Err(self.broken(&format!("{number}: {back} cents at most go back, and {account:?}")));
            }
            let is_over = match &order.state {
                OrderState::HandedOver { .. } => true,
                OrderState::PuttingBack { why } | OrderState::Ended { why, .. } => *why != Ending::Cancelled,
                OrderState::Received | OrderState::Accepted | OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged => false,
            };
            // Of what head office cancelled it knows itself.
            let expected = if is_over { Money::from_minor(back) } else { Money::ZERO };
            if account.asked_back != expected {
                return Err(self.broken(&format!("{number}: {} cents go back, and {account:?}", expected.minor())));
            }
        }
        Ok(())
    }

    /// Nobody was charged twice at the terminal, and nobody unrecorded.
    fn check_terminal(&self) -> Result<(), Broken> {
        match self.ledger.by_terminal == Money::from_minor(self.charges.1) {
            true => Ok(()),
            false => {
                Err(self
                    .broken(&format!("the terminal charged {:?} (cards, cents), recorded are {:?}", self.charges, self.ledger.by_terminal)))
            }
        }
    }

    /// What head office may still promise is there, or asked back.
    fn check_promises(&self) -> Result<(), Broken> {
        let state = self.store().state();
        for sku in self.plan.promised() {
            let Some(right) = state.orders.rights.get(sku) else { continue };
            let book = on_hand(self.stock(sku).as_ref(), state.movements.get(sku)).unwrap_or_default();
            let available = (book - state.orders.reserved(sku)).max(Qty::ZERO);
            if available + right.outstanding() < right.unspent() {
                return Err(self.broken(&format!("{sku}: {} are free, and of rights {right:?}", available.plain())));
            }
        }
        Ok(())
    }

    /// As it stands, or as it was when it was last in the book.
    pub(super) fn order(&self, number: &OrderNo) -> Option<&Order> {
        let known = self.store().state().orders.orders.get(number).or_else(|| self.last_seen.get(number));
        known.map(AsRef::as_ref)
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
