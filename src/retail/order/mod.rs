//! Collect orders: from head office's word to the customer's hand. One machine; every state says whose move it is, every transition is an
//! event with who, when, where and why, and every unit that is held for an order ends once: issued to the customer or released.
//!
//! ```text
//!                  ┌──────────── refused by the store ───────────────────────────┐
//! received ──► accepted ──► picking ──► picked ──► staged ──► handed over        ├──► ended
//!                  │           │          │          │  ▲         │ 60 s         │
//!                  └─ cancelled ┴──────────┴──────────┤  └─────────┘              │
//!                                                     └──► putting back ─────────┘
//! ```
//!
//! One node of a store is its **lead**: head office names it, with an epoch that every event carries. Any other node refuses acts on orders and
//! says where they are; the next lead begins with head office's copy of what the one before recorded.
//!
//! It may go in parts: then what is owed still is picked again. When all of that is missing, the order is handed over as far as it went.
//!
//! Reading order: what an order is, where it stands ([`OrderState`]), the book that State keeps; then `act` (what can be asked), `deliver`
//! (what comes from head office), `pick`, `label`, `desk` (the customer is there), `counter` (something is wrong with what they get),
//! `payment`, `apply`; `figures` says how well it goes.

pub mod act;
mod apply;
mod book;
mod counter;
mod deliver;
mod desk;
pub mod figures;
pub mod label;
mod lead;
mod payment;
mod pick;
pub mod promise;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, OrderNo, PlaceCode, Sku, StaffId, StoreId, SubjectRef, TaxClassId, TxnId, WorkstationId};
use crate::money::{Money, Qty, Unit};
use crate::time::Stamp;

pub(super) use act::decide;
pub use act::{OrderAct, Shown};
pub use book::{EndedOrder, Notice, NoticeKind, OrderBook};
pub(super) use book::{broken, number_kept};
pub(super) use deliver::{after_sale, broken_by};
pub use label::{BagRef, LabelContent, LabelEnd, open_label};
pub(super) use payment::{handed_over_by, refuse_payment};
pub use promise::{Granted, PromiseRight, RightTotals};

/// Orders that are not ended. Beyond it head office's line is refused and asks again.
pub const ORDERS_OPEN_MAX: usize = 5_000;
pub const ORDER_LINES_MAX: usize = 200;
pub const BAGS_MAX: u32 = 99;
/// Orders that are over and kept whole until the next day; beyond it the ones that ended first are remembered in short.
pub const DONE_KEPT_MAX: usize = 1_000;
/// How many of them go at once: each time costs a look at the whole book.
pub(super) const DONE_FORGOTTEN_AT_ONCE: usize = 200;
/// What is remembered in short of orders that are over, for late words about them and for their codes.
pub const ENDED_KEPT_MAX: usize = 20_000;
/// Characters of a number's mark that are remembered of an order that is over: a chance hit among 20,000 is one in 10^14.
const NUMBER_KEPT_CHARS: usize = 16;
/// Things to see to; beyond it the oldest goes.
pub const NOTICES_MAX: usize = 200;
/// How long a hand-over can be taken back, on the node's own clock.
pub const TAKE_BACK_MS: u64 = 60_000;
/// Wrong numbers at a workstation before a manager must say that it goes on.
pub const WRONG_NUMBERS_MAX: u32 = 5;
/// Orders that one person picks at once.
pub const BATCH_MAX: usize = 6;

/// An order as head office sent it, whole. Nothing personal is in it: who comes for it stands in the vault, under the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectOrder {
    pub order: OrderNo,
    /// Grows with every change at head office.
    pub version: u64,
    pub placed_ms: i64,
    /// Until when the customer was told that it is ready.
    pub promised_ms: i64,
    /// Until when it is kept for them.
    pub expires_ms: i64,
    /// In records of early releases alone; later ones have it in the vault.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub initials: String,
    /// In records of early releases alone: the channel's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The customer, by reference. `None`: head office did not say who it is, or the vault could not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectRef>,
    #[serde(default)]
    pub substitution: Substitution,
    pub lines: Vec<OrderLine>,
    /// SHA-256 of the secret in the customer's code, 64 hex characters.
    pub code: String,
    /// The customer's short number under the node's own key (HMAC-SHA256), 64 hex characters.
    pub number_mark: String,
    /// Head office accepted it by spending rights, and how its totals stood then. Empty: it needs the store's word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<RightTotals>,
}

impl CollectOrder {
    /// What head office said of the order itself; the reference is the store's own, and totals of rights grow.
    pub fn says_the_same(&self, other: &CollectOrder) -> bool {
        let plain = |order: &CollectOrder| CollectOrder { subject: None, rights: Vec::new(), ..order.clone() };
        plain(self) == plain(other)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OrderLine {
    pub line: u32,
    pub sku: Sku,
    pub name: String,
    pub quantity: Qty,
    #[serde(default)]
    pub unit: Unit,
    #[serde(default)]
    pub zone: Zone,
    /// Years; handed to nobody younger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_min: Option<u8>,
    /// Where it lies in the shop.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub location: String,
    /// What the customer takes instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substitutes: Vec<Sku>,
    /// Their names, in the same order, for whoever picks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substitute_names: Vec<String>,
    /// What was agreed with the customer. `None`: the channel did not say, so nothing is taken for it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<AgreedPrice>,
}

impl OrderLine {
    /// What is to be taken here for one unit.
    pub fn due(&self) -> Option<&AgreedPrice> {
        self.price.as_ref().filter(|price| !price.paid)
    }

    /// Of the line's own article or one that may be taken instead; its number where the order names none.
    pub fn name_of<'a>(&'a self, sku: &'a Sku) -> &'a str {
        if *sku == self.sku {
            return &self.name;
        }
        let at = self.substitutes.iter().position(|substitute| substitute == sku);
        at.and_then(|at| self.substitute_names.get(at)).map_or(sku.as_str(), String::as_str)
    }
}

/// The price of an order's line: what the customer accepted, whatever the shop's prices are by then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AgreedPrice {
    /// Of one unit, with tax where the store's prices have it.
    pub unit_price: Money,
    pub tax_class: TaxClassId,
    /// To the channel. Else it is paid here, before it is handed over.
    #[serde(default)]
    pub paid: bool,
}

/// What the customer allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Substitution {
    #[default]
    None,
    /// Those that the line names.
    Named,
}

/// Goods of different zones never share a bag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    #[default]
    Ambient,
    Chilled,
    Frozen,
}

/// Who did it, where and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub order: OrderNo,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<StaffId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workstation: Option<WorkstationId>,
    pub at: Stamp,
    /// Of the lead, as head office named it; 0 before it did.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub epoch: u64,
}

/// Which node keeps the store's orders, as head office last said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// Grows by one each time another node is named.
    pub epoch: u64,
    pub node: NodeId,
    /// It is this one.
    pub here: bool,
}

/// An order on its way from the lead before to the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderCopy {
    /// Not over: it goes on as it stood.
    Open(Arc<Order>),
    /// Over: kept for late words about it.
    Over(EndedOrder),
}

/// Units of one article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    pub sku: Sku,
    pub quantity: Qty,
}

/// Where an order stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// The staff's move: the book did not cover it, so somebody looks and accepts or refuses. Nothing is held yet.
    Received,
    /// The staff's move: pick it. Its units are held.
    Accepted,
    /// The picker's move. `by` has it; `None`: it was laid aside, whoever comes goes on.
    Picking { by: Option<StaffId>, since: Stamp },
    /// The staff's move: bring each bag to a place.
    Picked,
    /// The customer's move: come until it expires.
    Staged,
    /// Nobody's move. For a minute the one who did it may take it back. `put_back`: nobody may any more, because goods that
    /// the customer left there went back already, or the rest of the order turned out missing.
    HandedOver { at: Stamp, issued: Vec<Units>, put_back: bool },
    /// The staff's move: bring what was picked back to its shelf, by scan. Until then it is held.
    PuttingBack { why: Ending },
    /// Nobody's move, for good.
    Ended { why: Ending, at: Stamp },
}

impl OrderState {
    pub fn name(&self) -> OrderStateName {
        match self {
            OrderState::Received => OrderStateName::Received,
            OrderState::Accepted => OrderStateName::Accepted,
            OrderState::Picking { .. } => OrderStateName::Picking,
            OrderState::Picked => OrderStateName::Picked,
            OrderState::Staged => OrderStateName::Staged,
            OrderState::HandedOver { .. } => OrderStateName::HandedOver,
            OrderState::PuttingBack { .. } => OrderStateName::PuttingBack,
            OrderState::Ended { .. } => OrderStateName::Ended,
        }
    }
}

/// An [`OrderState`] without what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStateName {
    Received,
    Accepted,
    Picking,
    Picked,
    Staged,
    HandedOver,
    PuttingBack,
    Ended,
}

impl OrderStateName {
    const ALL: [OrderStateName; 8] = [
        OrderStateName::Received,
        OrderStateName::Accepted,
        OrderStateName::Picking,
        OrderStateName::Picked,
        OrderStateName::Staged,
        OrderStateName::HandedOver,
        OrderStateName::PuttingBack,
        OrderStateName::Ended,
    ];

    /// `None`: the name of no state.
    pub fn named(name: &str) -> Option<OrderStateName> {
        OrderStateName::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// As in the API and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            OrderStateName::Received => "received",
            OrderStateName::Accepted => "accepted",
            OrderStateName::Picking => "picking",
            OrderStateName::Picked => "picked",
            OrderStateName::Staged => "staged",
            OrderStateName::HandedOver => "handed_over",
            OrderStateName::PuttingBack => "putting_back",
            OrderStateName::Ended => "ended",
        }
    }
}

/// Why an order went another way than to its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// By the customer or head office.
    Cancelled,
    /// Nobody came.
    Expired,
    /// The customer came and did not want it.
    Declined,
    /// The store cannot.
    Refused(RefusedWhy),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedWhy {
    /// The goods are not there.
    NoStock,
    /// It cannot be done until the promised time.
    NoTime,
    /// Everything turned out short while it was picked.
    AllShort,
    /// It has no lines, too many, or a quantity that no shop can hand over.
    Malformed,
}

/// How a unit was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PickWay {
    Scan,
    ByHand(ByHand),
    /// One of the article was scanned, and these were counted.
    Counted,
}

/// Why it was not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByHand {
    NoCode,
    Unreadable,
    Scanner,
}

/// Why units are missing, and what that says of the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortWhy {
    /// None is on the shelf: its stock is counted to zero, and somebody counts again.
    NotThere,
    /// They are broken: as many leave the stock.
    Damaged,
    /// They lie somewhere else: the stock stays as it is.
    WrongPlace,
}

/// How the customer showed that it is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    Code,
    Number,
    /// Order number and name.
    Name,
    /// Which kind of paper; never its number.
    Paper(Paper),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    IdCard,
    Passport,
    DrivingLicence,
    Other,
}

/// What is wrong with a unit at the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterWhy {
    /// It is not in the bag: somebody counts.
    Missing,
    /// It is broken or past its date: it leaves the stock.
    Damaged,
    /// The customer does not like it: it goes back to its shelf, by scan.
    Unwanted,
}

/// What becomes of a unit that the customer does not get now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterThen {
    /// It is not owed any more; what was paid for it goes back.
    Refund,
    /// It stays owed: it is picked again.
    Later,
}

/// A part of an order that went to its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedPart {
    pub at: Stamp,
    pub bags: Vec<Bag>,
    pub lines: BTreeMap<u32, Vec<Units>>,
    /// Lines that the customer left here with this part, while others were still owed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_here: BTreeMap<u32, Vec<Units>>,
    /// The sale that paid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txn: Option<TxnId>,
    /// Something of what stayed here went back to its shelf since.
    #[serde(default)]
    pub put_back: bool,
}

/// Everything about a hand-over that was checked before it: what a payment for it carries until it is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOverTerms {
    pub order: OrderNo,
    pub proof: Proof,
    pub bags: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aged: Option<u8>,
}

/// Of a line that was paid to the channel, what the customer did not get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    pub line: u32,
    pub quantity: Qty,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bag {
    /// From 1.
    pub number: u32,
    pub zone: Zone,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceCode>,
    /// Labels that were asked for.
    #[serde(default, skip_serializing_if = "is_none_asked")]
    pub labels: u32,
    /// How the newest one ended; `None` while it has not, or while a person must say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelEnd>,
}

impl Bag {
    pub fn new(number: u32, zone: Zone) -> Bag {
        Bag { number, zone, place: None, labels: 0, label: None }
    }
}

fn is_none_asked(labels: &u32) -> bool {
    *labels == 0
}

/// What became of the units held for an order, of one article. `reserved` = `held` + `issued` + `released`, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    pub reserved: Qty,
    pub held: Qty,
    pub issued: Qty,
    pub released: Qty,
}

/// How far a line is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineProgress {
    /// Off the shelf, and here.
    pub picked: Vec<Units>,
    pub short: Qty,
    /// With the customer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Units>,
    /// The article that was scanned for it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<Sku>,
}

impl LineProgress {
    /// An article of which one was scanned for this line and lies with what is picked: how many there are may be counted.
    pub fn countable(&self) -> Option<&Sku> {
        self.scanned.as_ref().filter(|sku| self.picked.iter().any(|units| units.sku == **sku))
    }

    pub fn picked_quantity(&self) -> Qty {
        self.picked.iter().map(|units| units.quantity).sum()
    }

    pub fn given_quantity(&self) -> Qty {
        self.given.iter().map(|units| units.quantity).sum()
    }
}

/// When each step was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picked: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over: Option<i64>,
}

/// An order and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub asked: CollectOrder,
    pub received_at: Stamp,
    pub state: OrderState,
    pub progress: BTreeMap<u32, LineProgress>,
    pub bags: Vec<Bag>,
    pub units: BTreeMap<Sku, Reservation>,
    pub times: Times,
    /// The newest version that came too late.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub late_version: u64,
    /// Pick lists that were printed of it.
    #[serde(default, skip_serializing_if = "is_none_asked")]
    pub lists: u32,
    /// What the customer has, part by part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed: Vec<HandedPart>,
    /// What the customer left at the counter while the order goes on: it waits to be scanned back to its shelf.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub to_shelf: BTreeMap<Sku, Qty>,
    /// The article that was scanned back to its shelf last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_last: Option<Sku>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Order {
    pub(super) fn new(asked: CollectOrder, received_at: Stamp) -> Order {
        Order {
            asked,
            received_at,
            state: OrderState::Received,
            progress: BTreeMap::new(),
            bags: Vec::new(),
            units: BTreeMap::new(),
            times: Times::default(),
            late_version: 0,
            lists: 0,
            handed: Vec::new(),
            to_shelf: BTreeMap::new(),
            back_last: None,
        }
    }

    pub fn line(&self, line: u32) -> Option<&OrderLine> {
        self.asked.lines.iter().find(|asked| asked.line == line)
    }

    /// Units of a line that are neither picked nor given nor short.
    pub fn left(&self, line: &OrderLine) -> Qty {
        let Some(progress) = self.progress.get(&line.line) else { return line.quantity };
        line.quantity - progress.picked_quantity() - progress.given_quantity() - progress.short
    }

    /// When the customer got something of it, that was not taken back.
    pub fn handed_at(&self) -> Option<Stamp> {
        match self.state {
            OrderState::HandedOver { at, .. } => Some(at),
            OrderState::Received
            | OrderState::Accepted
            | OrderState::Picking { .. }
            | OrderState::Picked
            | OrderState::Staged
            | OrderState::PuttingBack { .. }
            | OrderState::Ended { .. } => self.handed.last().map(|part| part.at),
        }
    }

    /// Some of it is with the customer, and some is not.
    pub fn is_part_handed(&self) -> bool {
        !self.handed.is_empty() && !matches!(self.state, OrderState::HandedOver { .. })
    }

    /// Bags of it that are here and bags that are with the customer: what the labels say it has.
    pub fn bag_count(&self) -> usize {
        self.bags.len() + self.handed.iter().map(|part| part.bags.len()).sum::<usize>()
    }

    /// Lines that are not done.
    pub fn open_lines(&self) -> impl Iterator<Item = &OrderLine> {
        self.asked.lines.iter().filter(|line| self.left(line) > Qty::ZERO)
    }

    /// Units that lie in its bags, or wait to go back: off the shelf, and not issued.
    pub fn off_shelf(&self, sku: &Sku) -> Qty {
        match self.state {
            OrderState::Received | OrderState::Accepted | OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged => {
                let waits = self.to_shelf.get(sku).copied().unwrap_or_default();
                let picked = self.progress.values().flat_map(|line| &line.picked).filter(|units| units.sku == *sku);
                picked.map(|units| units.quantity).sum::<Qty>() + waits
            }
            OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } | OrderState::Ended { .. } => self.held(sku),
        }
    }

    pub fn held(&self, sku: &Sku) -> Qty {
        self.units.get(sku).map_or(Qty::ZERO, |units| units.held)
    }

    /// What waits to be scanned back to its shelf.
    pub fn to_put_back(&self) -> Vec<Units> {
        match self.state {
            OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } => {}
            OrderState::Received
            | OrderState::Accepted
            | OrderState::Picking { .. }
            | OrderState::Picked
            | OrderState::Staged
            | OrderState::Ended { .. } => {
                return self.to_shelf.iter().map(|(sku, quantity)| Units { sku: sku.clone(), quantity: *quantity }).collect();
            }
        }
        let held = self.units.iter().filter(|(_, units)| units.held > Qty::ZERO);
        held.map(|(sku, units)| Units { sku: sku.clone(), quantity: units.held }).collect()
    }

    /// The lines that go to the customer, of those not in `left_here`, as units per article.
    pub(super) fn picked_units(&self, left_here: &[u32]) -> Vec<Units> {
        let taken = self.progress.iter().filter(|(line, _)| !left_here.contains(line));
        sum_units(taken.flat_map(|(_, line)| &line.picked))
    }

    /// The highest age among the lines that go to the customer.
    pub(super) fn age_min(&self, left_here: &[u32]) -> Option<u8> {
        let picked = |line: &&OrderLine| self.progress.get(&line.line).is_some_and(|progress| !progress.picked.is_empty());
        self.asked.lines.iter().filter(picked).filter(|line| !left_here.contains(&line.line)).filter_map(|line| line.age_min).max()
    }

    /// Nothing can happen to it any more, but that its hand-over is taken back today.
    pub fn is_done(&self) -> bool {
        self.done_ms().is_some()
    }

    /// Since when it is over. `None`: it is not.
    fn done_ms(&self) -> Option<i64> {
        match &self.state {
            OrderState::Ended { at, .. } => Some(at.ms),
            OrderState::HandedOver { at, .. } => self.units.values().all(|units| units.held <= Qty::ZERO).then_some(at.ms),
            OrderState::Received
            | OrderState::Accepted
            | OrderState::Picking { .. }
            | OrderState::Picked
            | OrderState::Staged
            | OrderState::PuttingBack { .. } => None,
        }
    }
}

pub(super) fn sum_units<'a>(units: impl Iterator<Item = &'a Units>) -> Vec<Units> {
    let mut sums: BTreeMap<&Sku, Qty> = BTreeMap::new();
    for units in units {
        *sums.entry(&units.sku).or_default() += units.quantity;
    }
    sums.into_iter().map(|(sku, quantity)| Units { sku: sku.clone(), quantity }).collect()
}

/// What the shell found out for an act on orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFacts {
    /// What was given as a place is somebody's badge.
    pub place_is_badge: bool,
    /// Of the code that came with it.
    pub code: Option<CodeFact>,
    /// Milliseconds of the node's own clock since the order was handed over, in this run of the process. `None`: in an earlier one.
    pub handed_over_ago_ms: Option<u64>,
}

/// What a customer's code says, as far as the shell can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeFact {
    /// Head office signed it.
    Signed {
        order: OrderNo,
        store: StoreId,
        expires_ms: i64,
        secret_hash: String,
    },
    /// It means to be a code and is not whole.
    Damaged,
    Forged,
    /// Nobody can check it: head office's key has never come here.
    NoKey,
    /// Eight digits, under the node's own key.
    Number {
        mark: String,
    },
    /// Something else was scanned or typed.
    NoCode,
}

/// What was scanned where the code of a place was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPlace {
    Bag,
    Article { name: String },
    Badge,
}

/// What stands at the beginning of every bag's code.
const BAG_PREFIX: &str = "CFB1";

/// A bag's code, in letters and digits that every scanner types alike.
pub fn bag_code(order: &OrderNo, bag: u32) -> String {
    format!("{BAG_PREFIX}{bag:02}{order}")
}

/// `None`: not a bag's code.
pub fn bag_of(code: &str) -> Option<(OrderNo, u32)> {
    let rest = code.trim().strip_prefix(BAG_PREFIX)?;
    let (bag, order) = rest.split_at_checked(2)?;
    Some((OrderNo::new(order).ok()?, bag.parse().ok().filter(|bag| *bag > 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bag_is_known_by_its_label_alone() {
        let order = OrderNo::new("K4711").unwrap();
        assert_eq!(bag_of(&bag_code(&order, 7)), Some((order, 7)));
        for other in ["CFB1", "CFB107", "CFB100K4711", "CFB1xxK4711", "4006381333931", ""] {
            assert_eq!(bag_of(other), None, "{other}");
        }
    }
}
