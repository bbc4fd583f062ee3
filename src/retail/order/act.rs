//! What can be asked about orders, and who answers it.

use serde::{Deserialize, Serialize};

use super::super::decide::{Case, Outcome};
use super::super::{Answer, Event, Refusal};
use super::{
    ByHand, CollectOrder, CounterThen, CounterWhy, Notice, Order, OrderCopy, OrderState, Paper, RefusedWhy, RightTotals, ShortWhy, Step,
    counter, deliver, desk, label, lead, payment, pick, promise,
};
use crate::fault::Fault;
use crate::ids::{NodeId, OrderNo, PlaceCode, Sku};
use crate::money::Qty;

/// Imperative. Without a word on it: at a workstation, by whoever is signed in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum OrderAct {
    // deliver.rs
    /// From head office: an order, new or changed. Never from a page. `cursor`: its place in head office's line.
    Deliver {
        order: Box<CollectOrder>,
        cursor: u64,
    },
    /// From head office: the order is not wanted any more. Never from a page.
    Cancel {
        order: OrderNo,
        version: u64,
        cursor: u64,
    },
    /// From the node's timer: nobody came for it. Never from a page.
    Expire {
        order: OrderNo,
    },
    /// From the node's timer: whether the shelf covers now what it did not cover when the order came. Never from a page.
    Recheck {
        order: OrderNo,
    },
    /// From head office: which node keeps the store's orders. Never from a page.
    NameLead {
        epoch: u64,
        lead: NodeId,
        here: bool,
        cursor: u64,
    },
    /// From head office: an order as the lead before had it. Never from a page.
    Adopt {
        order: OrderNo,
        copy: Box<OrderCopy>,
        cursor: u64,
    },
    /// From head office: its own epoch. Never from a page.
    BeginRights {
        office_epoch: u64,
    },
    /// From head office: which articles it wants to promise, and how its totals stand. Never from a page.
    TellRights {
        totals: Vec<RightTotals>,
        cursor: u64,
    },
    /// From the node's timer. Never from a page.
    Grant {
        skus: Vec<Sku>,
    },
    /// Somebody looked: the goods are there, although the book did not say so.
    Accept {
        order: OrderNo,
    },
    Refuse {
        order: OrderNo,
        why: RefusedWhy,
    },
    /// The notice has been seen to.
    SettleNotice {
        notice: u64,
    },

    // pick.rs
    StartPicking {
        order: OrderNo,
        /// From whoever has it.
        #[serde(default)]
        take_over: bool,
    },
    PausePicking {
        order: OrderNo,
    },
    /// An article was scanned for the first of these orders that wants it.
    Pick {
        orders: Vec<OrderNo>,
        code: String,
        /// `None`: what the code stands for. Else so many were counted.
        #[serde(default)]
        quantity: Option<Qty>,
    },
    PickByHand {
        order: OrderNo,
        line: u32,
        quantity: Qty,
        why: ByHand,
    },
    /// Takes everything that was picked of a line out again, and what was said to be missing.
    ResetLine {
        order: OrderNo,
        line: u32,
    },
    /// All that is left of a line is missing.
    Short {
        order: OrderNo,
        line: u32,
        why: ShortWhy,
    },
    /// `bags`: how many, at least one for each zone.
    FinishPicking {
        order: OrderNo,
        bags: u32,
    },
    /// A bag lies at a place. Again: it lies somewhere else.
    Stage {
        order: OrderNo,
        bag: u32,
        place: PlaceCode,
    },
    /// A unit is back on its shelf.
    PutBack {
        order: OrderNo,
        code: String,
        #[serde(default)]
        quantity: Option<Qty>,
    },

    /// What is in this bag does not fit: one more for its zone.
    AddBag {
        order: OrderNo,
        like: u32,
    },

    // label.rs
    /// A bag's label once more, or with no bag named those of all.
    PrintLabel {
        order: OrderNo,
        #[serde(default)]
        bag: Option<u32>,
    },
    /// The label of which nobody was sure came out, or the bag was written on by hand.
    SettleLabel {
        order: OrderNo,
        bag: u32,
    },
    /// A list to pick by, on the receipt printer.
    PrintPickList {
        orders: Vec<OrderNo>,
    },

    // desk.rs
    /// Which order a customer's code or number, or a bag's label, opens. Changes nothing.
    Identify {
        code: String,
        /// The order whose bags are looked for: what belongs to another one is said, and not opened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within: Option<OrderNo>,
    },
    /// From the shell: a number was wrong. Never from a page.
    ReportWrongNumber {},
    /// A manager lets the workstation try numbers again.
    AllowNumbers {},
    HandOver {
        order: OrderNo,
        shown: Shown,
        /// Every bag that goes, as it was scanned.
        bags: Vec<u32>,
        /// Lines that the customer leaves here.
        #[serde(default)]
        leaves: Vec<u32>,
        /// Lines that the customer fetches later: their bags stay where they are.
        #[serde(default)]
        later: Vec<u32>,
        /// The customer is of the age that was asked for.
        #[serde(default)]
        of_age: bool,
    },
    // payment.rs
    /// The same of an order that is paid here: a sale of its lines at the prices that were agreed. Paid, it is handed over.
    Pay {
        order: OrderNo,
        shown: Shown,
        bags: Vec<u32>,
        #[serde(default)]
        leaves: Vec<u32>,
        #[serde(default)]
        later: Vec<u32>,
        #[serde(default)]
        of_age: bool,
    },
    // counter.rs
    /// Units turn out to be missing or are not accepted.
    MissAtCounter {
        order: OrderNo,
        line: u32,
        quantity: Qty,
        why: CounterWhy,
        then: CounterThen,
    },
    /// An article was scanned that goes instead of units that are missing or not accepted: the same, or one that the line names.
    ReplaceAtCounter {
        order: OrderNo,
        line: u32,
        code: String,
        why: CounterWhy,
    },
    /// The customer wants nothing of it.
    Decline {
        order: OrderNo,
    },
    TakeBackHandOver {
        order: OrderNo,
    },
}

/// What the customer showed at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The code or the short number. It is read again and never written down.
    Code(String),
    /// Order number and name, compared by the person at the desk.
    Name,
    Paper(Paper),
}

pub(in crate::retail) fn decide(case: &Case, act: &OrderAct) -> Result<Outcome, Refusal> {
    if let Some(lead) = case.state.orders.elsewhere().filter(|_| !matches!(act, OrderAct::NameLead { .. })) {
        return Err(Refusal::OrdersElsewhere { node: lead.clone() });
    }
    match act {
        OrderAct::NameLead { epoch, lead, here, cursor } => Ok(lead::name(case, *epoch, lead, *here, *cursor)),
        OrderAct::Adopt { order, copy, cursor } => Ok(lead::adopt(case, order, copy, *cursor)),
        OrderAct::BeginRights { office_epoch } => Ok(promise::begin(case, *office_epoch)),
        OrderAct::TellRights { totals, cursor } => Ok(promise::told(case, totals, *cursor)),
        OrderAct::Grant { skus } => Ok(promise::grant(case, skus)),
        OrderAct::Deliver { order, cursor } => deliver::deliver(case, order, *cursor),
        OrderAct::Cancel { order, version, cursor } => Ok(deliver::cancel(case, order, *version, *cursor)),
        OrderAct::Expire { order } => deliver::expire(case, order),
        OrderAct::Recheck { order } => deliver::recheck(case, order),
        OrderAct::Accept { order } => deliver::accept(case, order),
        OrderAct::Refuse { order, why } => deliver::refuse(case, order, *why),
        OrderAct::SettleNotice { notice } => settle(case, *notice),
        OrderAct::StartPicking { order, take_over } => pick::start(case, order, *take_over),
        OrderAct::PausePicking { order } => pick::pause(case, order),
        OrderAct::Pick { orders, code, quantity } => pick::pick(case, orders, code, *quantity),
        OrderAct::PickByHand { order, line, quantity, why } => pick::by_hand(case, order, *line, *quantity, *why),
        OrderAct::ResetLine { order, line } => pick::reset(case, order, *line),
        OrderAct::Short { order, line, why } => pick::short(case, order, *line, *why),
        OrderAct::FinishPicking { order, bags } => pick::finish(case, order, *bags),
        OrderAct::Stage { order, bag, place } => pick::stage(case, order, *bag, place),
        OrderAct::PutBack { order, code, quantity } => pick::put_back(case, order, code, *quantity),
        OrderAct::AddBag { order, like } => pick::add_bag(case, order, *like),
        OrderAct::PrintLabel { order, bag } => label::print(case, order, *bag),
        OrderAct::SettleLabel { order, bag } => label::settle(case, order, *bag),
        OrderAct::PrintPickList { orders } => label::print_list(case, orders),
        OrderAct::Identify { code, within } => desk::identify(case, code, within.as_ref()),
        OrderAct::ReportWrongNumber {} => desk::report_wrong_number(case),
        OrderAct::AllowNumbers {} => desk::allow_numbers(case),
        OrderAct::HandOver { order, shown, bags, leaves, later, of_age } => {
            desk::hand_over(case, order, &desk::HandOver { shown, bags, leaves, later, of_age: *of_age })
        }
        OrderAct::Pay { order, shown, bags, leaves, later, of_age } => {
            payment::start(case, order, &desk::HandOver { shown, bags, leaves, later, of_age: *of_age })
        }
        OrderAct::MissAtCounter { order, line, quantity, why, then } => counter::miss(case, order, *line, *quantity, *why, *then),
        OrderAct::ReplaceAtCounter { order, line, code, why } => counter::replace(case, order, *line, code, *why),
        OrderAct::Decline { order } => desk::decline(case, order),
        OrderAct::TakeBackHandOver { order } => desk::take_back(case, order),
    }
}

fn settle(case: &Case, notice: u64) -> Result<Outcome, Refusal> {
    case.workstation()?;
    let Notice { order, .. } = case.state.orders.notices.get(&notice).ok_or(Refusal::NoticeUnknown)?;
    let event = Event::NoticeSettled { notice, step: step(case, order) };
    Ok(done(order, vec![event]))
}

/// An order that is in the book, asked for at a workstation.
pub(super) fn find<'a>(case: &Case<'a>, order: &OrderNo) -> Result<&'a Order, Refusal> {
    case.workstation()?;
    let found = case.state.orders.orders.get(order);
    found.map(|order| order.as_ref()).ok_or_else(|| Refusal::OrderUnknown { order: order.clone() })
}

/// The same of one that waits for its customer, and that nobody pays at a till just now.
pub(super) fn find_staged<'a>(case: &Case<'a>, order: &OrderNo) -> Result<&'a Order, Refusal> {
    let known = find(case, order)?;
    let is_handed_again = Fault::HandOverTwice.is_planted() && matches!(known.state, OrderState::HandedOver { .. });
    if known.state != OrderState::Staged && !is_handed_again {
        return Err(elsewhere(known));
    }
    match payment::being_paid(case.state, order).and_then(|basket| basket.workstation().cloned()) {
        Some(workstation) => Err(Refusal::OrderBeingPaid { order: order.clone(), workstation }),
        None => Ok(known),
    }
}

/// It is not where this act finds it.
pub(super) fn elsewhere(order: &Order) -> Refusal {
    Refusal::OrderElsewhere { order: order.asked.order.clone(), state: order.state.name() }
}

pub(super) fn step(case: &Case, order: &OrderNo) -> Step {
    Step {
        order: order.clone(),
        by: case.ask.staff.clone(),
        workstation: case.ask.workstation.clone(),
        at: case.ask.at,
        epoch: case.state.orders.epoch(),
    }
}

pub(super) fn done(order: &OrderNo, events: Vec<Event>) -> Outcome {
    Outcome { events, answer: Answer { order: Some(order.clone()), ..Answer::default() } }
}
