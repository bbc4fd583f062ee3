//! The store's side: the core itself. A step is decided and applied once for each state it begins from.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::Broken;
use super::super::store::{config_text, workstation};
use super::fault::PlantedFault;
use crate::bench::articles;
use crate::ids::{AttemptId, CommandId, Incarnation, JobId, NodeId, OrderNo, Sku, StoreId, TxnId, WorkstationId};
use crate::money::{Money, Qty, Unit};
use crate::node::config;
use crate::retail::order::{OrderAct, OrderState};
use crate::retail::rules::PromiseRules;
use crate::retail::stock::on_hand;
use crate::retail::{ArticleFact, Ask, Command, Event, Facts, Fresh, Rules, ScanFact, State, StockFact, decide, invariant};
use crate::sync::orders::Word;
use crate::time::{BusinessDate, ClockQuality, Stamp};

pub const NOW: Stamp = Stamp { ms: 1_795_000_000_000, quality: ClockQuality::Synchronised };

/// What happens in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShopStep {
    /// A unit is sold at the till.
    Sell,
    /// The timer grants.
    Grant,
    /// The timer looks whether the shelf covers an order by now.
    Recheck(usize),
    /// Head office named the lead; its line begins there.
    NameLead {
        epoch: u64,
        here: bool,
        cursor: u64,
    },
    BeginRights {
        office_epoch: u64,
    },
    /// A word of head office, by its number here.
    Take(usize),
}

/// A state of the store, by its number here.
pub type ShopId = u32;

/// What the law asks of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopView {
    pub lead: u64,
    /// It keeps the store's orders.
    pub is_lead: bool,
    pub office: u64,
    pub granted: i64,
    pub spent: i64,
    pub released: i64,
    pub outstanding: i64,
    pub on_hand: i64,
    pub reserved: i64,
    pub cursor: u64,
    /// Of each order.
    pub orders: Vec<OrderHere>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderHere {
    Unheard,
    /// It waits for the staff's word.
    Received,
    Accepted,
    Over,
}

/// The words and records that travel; the same ones have one number.
#[derive(Default)]
pub struct Interned<T> {
    known: HashMap<String, usize>,
    values: Vec<T>,
}

impl<T: serde::Serialize> Interned<T> {
    pub fn number(&mut self, value: T) -> usize {
        let text = serde_json::to_string(&value).expect("plain values are always JSON");
        let next = self.values.len();
        let number = *self.known.entry(text).or_insert(next);
        if number == next {
            self.values.push(value);
        }
        number
    }
    pub fn get(&self, number: usize) -> &T {
        &self.values[number]
    }
}

struct Kept {
    state: State,
    view: ShopView,
}

pub struct Shops {
    rules: Rules,
    article: crate::sync::feed::Article,
    orders: Vec<OrderNo>,
    workstation: WorkstationId,
    fault: Option<PlantedFault>,
    known: HashMap<String, ShopId>,
    kept: Vec<Kept>,
    /// Where a step leads, and which record it leaves.
    steps: HashMap<(ShopId, ShopStep), (ShopId, Option<usize>)>,
    pub records: Interned<Vec<Event>>,
    pub words: Interned<Word>,
    commands: u64,
    on_shelf: i64,
}

impl Shops {
    /// `on_shelf`: units before anything happens.
    pub fn new(store: &StoreId, node: &NodeId, orders: &[OrderNo], on_shelf: i64, fault: Option<PlantedFault>) -> Result<Shops, Broken> {
        let text = config_text(store, node);
        let config = config::parse(&text, std::path::Path::new("store.toml")).map_err(Broken::doing("setting a store up"))?;
        let rules = Rules { promises: PromiseRules { grant_percent: 100, safety: Qty::ZERO }, ..config.rules };
        Ok(Shops {
            rules,
            article: (0..).map(articles::article).find(|article| article.unit == Unit::Piece).expect("most are pieces"),
            orders: orders.to_vec(),
            workstation: workstation("1")?,
            fault,
            known: HashMap::new(),
            kept: Vec::new(),
            steps: HashMap::new(),
            records: Interned { known: HashMap::new(), values: Vec::new() },
            words: Interned { known: HashMap::new(), values: Vec::new() },
            commands: 0,
            on_shelf,
        })
    }

    pub fn article(&self) -> &crate::sync::feed::Article {
        &self.article
    }

    pub fn is_order(&self, order: usize, number: &OrderNo) -> bool {
        self.orders[order] == *number
    }

    /// A box that has never heard of head office, with its day open.
    pub fn opened(&mut self) -> Result<ShopId, Broken> {
        let mut state = State::default();
        let date = BusinessDate::constant(2026, 11, 2);
        self.ask(&mut state, None, Command::OpenDay { date }, &Facts::default())?;
        self.keep(state)
    }

    pub fn view(&self, shop: ShopId) -> &ShopView {
        &self.kept[shop as usize].view
    }

    /// States, and steps that were really done.
    pub fn counts(&self) -> (usize, usize) {
        (self.kept.len(), self.steps.len())
    }

    /// Returns where it leads, and the record that it leaves, if any.
    pub fn step(&mut self, from: ShopId, step: ShopStep) -> Result<(ShopId, Option<usize>), Broken> {
        if let Some(done) = self.steps.get(&(from, step)) {
            return Ok(*done);
        }
        let mut state = self.kept[from as usize].state.clone();
        let mut facts = Facts { stock: vec![self.stock()], ..Facts::default() };
        let mut events = match step {
            ShopStep::Sell => {
                let at = Some(self.workstation.clone());
                let one = ArticleFact { quantity: Qty::ONE, ..articles::as_fact(&self.article, 1) };
                let scan = Some(ScanFact::Article(Box::new(one)));
                let add = Command::AddLine { code: self.article.sku.to_string(), quantity: None };
                self.ask(&mut state, at.clone(), add, &Facts { scan, ..Facts::default() })?;
                let amount = self.article.price.unwrap_or(Money::ZERO);
                self.ask(&mut state, at, Command::TenderCash { amount }, &facts)?
            }
            ShopStep::Grant => {
                let skus = vec![self.article.sku.clone()];
                if self.fault == Some(PlantedFault::ReservedIsGranted) {
                    facts.stock[0].baseline += state.orders.reserved(&self.article.sku);
                }
                self.ask(&mut state, None, Command::Order(OrderAct::Grant { skus }), &facts)?
            }
            ShopStep::Recheck(order) => {
                let order = self.orders[order].clone();
                self.ask(&mut state, None, Command::Order(OrderAct::Recheck { order }), &facts)?
            }
            ShopStep::NameLead { epoch, here, cursor } => {
                let lead = NodeId::new(if here { "here" } else { "elsewhere" }).map_err(Broken::doing("naming a lead"))?;
                self.ask(&mut state, None, Command::Order(OrderAct::NameLead { epoch, lead, here, cursor }), &facts)?
            }
            ShopStep::BeginRights { office_epoch } => {
                let rights = state.orders.rights.clone();
                let events = self.ask(&mut state, None, Command::Order(OrderAct::BeginRights { office_epoch }), &facts)?;
                match self.fault {
                    Some(PlantedFault::TotalsOutliveTheirEpoch) => Arc::make_mut(&mut state.orders).rights = rights,
                    Some(PlantedFault::GrantedBeforeTheOrdersAreHeard) => {
                        let forgotten = rights.into_keys().map(|sku| (sku, Default::default()));
                        Arc::make_mut(&mut state.orders).rights = forgotten.collect();
                    }
                    _ => {}
                }
                events
            }
            ShopStep::Take(word) => {
                let act = self.words.get(word).clone().act(None, str::to_owned).map_err(Broken::doing("reading a word"))?;
                self.ask(&mut state, None, Command::Order(act), &facts)?
            }
        };
        if self.fault == Some(PlantedFault::NothingAskedBack) {
            events.retain(|event| !matches!(event, Event::RightsOverrun { .. }));
        }
        // Head office counts these; the rest of a record is not about promises.
        events.retain(|event| {
            matches!(event, Event::RightsGranted { .. } | Event::RightsOverrun { .. } | Event::RightsTold { .. } | Event::LeadNamed { .. })
                || event.order_at().is_some()
        });
        let record = (!events.is_empty()).then(|| self.records.number(events));
        let to = self.keep(state)?;
        self.steps.insert((from, step), (to, record));
        Ok((to, record))
    }

    /// Decided and applied, as the writer does it.
    fn ask(&mut self, state: &mut State, at: Option<WorkstationId>, command: Command, facts: &Facts) -> Result<Vec<Event>, Broken> {
        self.commands += 1;
        let unique = uuid::Builder::from_bytes(u128::from(self.commands).to_be_bytes()).into_uuid();
        let what = format!("{command:?}");
        let ask = Ask {
            id: CommandId::new(&format!("p-{}", self.commands)).map_err(Broken::doing("numbering a command"))?,
            content: format!("{:064x}", self.commands),
            workstation: at,
            staff: None,
            at: NOW,
            uptime_ms: self.commands,
            utc_offset_min: 60,
            incarnation: Incarnation(1),
            seq: self.commands,
            fresh: Fresh { txn: TxnId(unique), job: JobId(unique), attempt: AttemptId(unique) },
            command,
        };
        let decision = match decide(state, &self.rules, &ask, facts) {
            Ok(decision) => decision,
            // Orders are another node's; that changes nothing.
            Err(crate::retail::Refusal::OrdersElsewhere { .. }) => return Ok(Vec::new()),
            Err(refusal) => return Err(Broken::new(&what, &format!("was refused: {refusal:?}"))),
        };
        decision.events.iter().for_each(|event| state.apply(ask.seq, event));
        Ok(decision.events)
    }

    fn keep(&mut self, state: State) -> Result<ShopId, Broken> {
        let on_hand = on_hand(Some(&self.stock()), state.movements.get(&self.article.sku)).unwrap_or_default();
        let book = serde_json::to_string(&*state.orders).map_err(Broken::doing("reading a book of orders"))?;
        let key = format!("{} {book}", on_hand.plain());
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        // Faults leave states that cannot be; they are to be found by what they promise.
        if let (None, Some(broken)) = (self.fault, invariant::check_all(&state).first()) {
            return Err(Broken::new("the store's own law", &broken.to_string()));
        }
        let id = ShopId::try_from(self.kept.len()).map_err(Broken::doing("numbering a state"))?;
        let view = self.view_of(&state, on_hand);
        self.kept.push(Kept { state, view });
        self.known.insert(key, id);
        Ok(id)
    }

    fn view_of(&self, state: &State, on_hand: Qty) -> ShopView {
        let book = &state.orders;
        let right = book.rights.get(&self.article.sku).copied().unwrap_or_default();
        let here = |order: &OrderNo| match book.orders.get(order).map(|order| &order.state) {
            None if book.ended.contains_key(order) => OrderHere::Over,
            None => OrderHere::Unheard,
            Some(OrderState::Received) => OrderHere::Received,
            Some(OrderState::Ended { .. } | OrderState::HandedOver { .. } | OrderState::PuttingBack { .. }) => OrderHere::Over,
            Some(OrderState::Accepted | OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged) => OrderHere::Accepted,
        };
        ShopView {
            lead: book.epoch(),
            is_lead: book.lead.as_ref().is_some_and(|lead| lead.here),
            office: book.office_epoch,
            granted: units(right.granted),
            spent: units(right.spent),
            released: units(right.released),
            outstanding: units(right.outstanding()),
            on_hand: units(on_hand),
            reserved: units(book.reserved(&self.article.sku)),
            cursor: book.cursor,
            orders: self.orders.iter().map(here).collect(),
        }
    }

    fn stock(&self) -> StockFact {
        StockFact { sku: self.sku(), baseline: Qty::pieces(self.on_shelf), head_seq: 0, as_of: NOW }
    }

    fn sku(&self) -> Sku {
        self.article.sku.clone()
    }
}

pub fn units(quantity: Qty) -> i64 {
    quantity.thousandths() / 1_000
}
