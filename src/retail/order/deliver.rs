//! What comes from head office and from the clock: orders, changes, cancels, the end of waiting; and the staff's word on what the book
//! does not cover.
//!
//! | late word | received, accepted | picking | picked, staged | being paid | a part handed over | handed over | going back, ended |
//! |---|---|---|---|---|---|---|---|
//! | cancel | ends, all released | the rest released, what was picked goes back | goes back | nothing taken yet: goes back, and the sale takes no money any more; else fails: a notice | the rest goes back; of the part it fails, with the time: a notice | fails, with the time: a notice | nothing; of a part that was handed over it fails |
//! | change | replaced whole | too late: a notice | too late: a notice | too late: a notice | too late: a notice | too late: a notice | too late: a notice |
//! | same version, same content | nothing | nothing | nothing | nothing | nothing | nothing | nothing |
//! | same version, other content | a notice | a notice | a notice | a notice | a notice | a notice | nothing |

use std::collections::BTreeMap;

use super::super::basket::Basket;
use super::super::decide::{Case, Outcome};
use super::super::stock::on_hand_now;
use super::super::{Event, Refusal, TransactionRecord};
use super::act::{done, elsewhere, find, step};
use super::promise;
use super::{CollectOrder, Ending, ORDER_LINES_MAX, ORDERS_OPEN_MAX, Order, OrderLine, OrderState, RefusedWhy, payment};
use crate::ids::{OrderNo, Sku, WorkstationId};
use crate::money::{Money, Qty, Unit};

/// Beyond these a quantity and a price are mistakes, and their product may be no number at all.
const PAID_UNITS_MAX: Qty = Qty::pieces(1_000_000);
const PAID_PRICE_MAX: Money = Money::from_minor(1_000_000_000);

pub(super) fn deliver(case: &Case, order: &CollectOrder, cursor: u64) -> Result<Outcome, Refusal> {
    let book = &case.state.orders;
    // A promise that no rights of this store stand behind is none: somebody looks.
    let unpromised =
        (!order.rights.is_empty() && !promise::is_promised(book, order)).then(|| CollectOrder { rights: Vec::new(), ..order.clone() });
    let order = unpromised.as_ref().unwrap_or(order);
    let (number, version, at, epoch) = (&order.order, order.version, case.ask.at, book.epoch());
    // What head office spent on the change is spent, although nothing of it is held here.
    let too_late = |state: &str| {
        let late = Event::OrderChangeTooLate { order: number.clone(), version, cursor, state: state.to_owned(), at, epoch };
        let totals = promise::news(book, &order.rights);
        let told = (!totals.is_empty()).then_some(Event::RightsTold { totals, cursor, at });
        [late].into_iter().chain(told).collect::<Vec<Event>>()
    };
    if let Some(ended) = book.ended.get(number) {
        let events = if version > ended.version { too_late("ended") } else { Vec::new() };
        return Ok(done(number, events));
    }
    let Some(known) = book.orders.get(number) else {
        if book.open().count() >= ORDERS_OPEN_MAX {
            return Err(Refusal::TooManyOrders { max: ORDERS_OPEN_MAX });
        }
        let received = Event::OrderReceived { order: Box::new(order.clone()), cursor, at, epoch };
        return Ok(done(number, taken_up(case, order, None, received)));
    };
    if version < known.asked.version || version <= known.late_version {
        return Ok(done(number, Vec::new()));
    }
    if version == known.asked.version {
        let same = known.asked.says_the_same(order) || matches!(known.state, OrderState::PuttingBack { .. } | OrderState::Ended { .. });
        let events = if same { Vec::new() } else { vec![Event::OrderContradicted { order: number.clone(), version, cursor, at, epoch }] };
        return Ok(done(number, events));
    }
    Ok(match known.state {
        OrderState::Received | OrderState::Accepted if known.handed.is_empty() => {
            let replaced = Event::OrderReplaced { order: Box::new(order.clone()), cursor, at, epoch };
            done(number, taken_up(case, order, Some(known), replaced))
        }
        OrderState::Received
        | OrderState::Accepted
        | OrderState::Picking { .. }
        | OrderState::Picked
        | OrderState::Staged
        | OrderState::HandedOver { .. }
        | OrderState::PuttingBack { .. }
        | OrderState::Ended { .. } => done(number, too_late(known.state.name().as_str())),
    })
}

/// It is in the book now; it is accepted at once when the shelf covers it, and refused when no shop could do it.
fn taken_up(case: &Case, order: &CollectOrder, before: Option<&Order>, event: Event) -> Vec<Event> {
    let step = step(case, &order.order);
    let mut events = vec![event];
    if is_malformed(case, order) {
        events.push(Event::OrderRefused { step, why: RefusedWhy::Malformed });
        events.extend(payment::all_back(case, &Order::new(payable(order), case.ask.at)));
    } else if is_covered(case, order, before) {
        events.push(Event::OrderAccepted { step, automatic: true });
    }
    events
}

/// Lines of an order whose numbers can be money: of a malformed one not all may.
fn payable(order: &CollectOrder) -> CollectOrder {
    let is_money = |line: &&OrderLine| {
        let price = line.price.as_ref().map_or(Money::ZERO, |price| price.unit_price);
        (Qty::ZERO..=PAID_UNITS_MAX).contains(&line.quantity) && (Money::ZERO..=PAID_PRICE_MAX).contains(&price)
    };
    CollectOrder { lines: order.lines.iter().filter(is_money).cloned().collect(), ..order.clone() }
}

fn is_malformed(case: &Case, order: &CollectOrder) -> bool {
    let max = case.rules.limits.quantity_max;
    let odd = |quantity: Qty, unit: Unit| quantity <= Qty::ZERO || quantity > max || (unit == Unit::Piece && !quantity.is_whole());
    let mut numbers: Vec<u32> = order.lines.iter().map(|line| line.line).collect();
    numbers.sort_unstable();
    numbers.dedup();
    order.lines.is_empty()
        || order.lines.len() > ORDER_LINES_MAX
        || numbers.len() != order.lines.len()
        || order.lines.iter().any(|line| odd(line.quantity, line.unit))
        || order.lines.iter().filter_map(|line| line.price.as_ref()).any(|price| price.unit_price.is_negative())
}

/// Every article has a known stock, and what is not promised to others is enough.
fn is_covered(case: &Case, order: &CollectOrder, before: Option<&Order>) -> bool {
    let mut wanted: BTreeMap<&Sku, Qty> = BTreeMap::new();
    for line in &order.lines {
        *wanted.entry(&line.sku).or_default() += line.quantity;
    }
    // What head office may promise to others is not this order's, unless it spent those rights on it.
    let is_promised = promise::is_promised(&case.state.orders, order);
    wanted.into_iter().all(|(sku, wanted)| {
        let held = before.map_or(Qty::ZERO, |before| before.held(sku));
        let unspent = case.state.orders.rights.get(sku).filter(|_| !is_promised).map_or(Qty::ZERO, |right| right.unspent());
        available(case, sku).is_some_and(|available| available + held - unspent >= wanted)
    })
}

/// On hand less what is held for orders. `None`: the stock is not known.
pub(super) fn available(case: &Case, sku: &Sku) -> Option<Qty> {
    Some(on_hand_now(case, sku)? - case.state.orders.reserved(sku))
}

pub(super) fn cancel(case: &Case, order: &OrderNo, version: u64, cursor: u64) -> Outcome {
    let (at, epoch) = (case.ask.at, case.state.orders.epoch());
    let failed = |handed_over| Event::OrderCancelFailed { order: order.clone(), cursor, handed_over, at, epoch };
    let cancelled = Event::OrderCancelled { order: order.clone(), version, cursor, at, epoch };
    if let Some(ended) = case.state.orders.ended.get(order) {
        let handed_over = if ended.why.is_none() { Some(ended.at) } else { ended.part_handed };
        return done(order, handed_over.map(failed).into_iter().collect());
    }
    // An order of which nobody has heard: its cancel has overtaken it, and it must not begin when it comes.
    let Some(known) = case.state.orders.orders.get(order) else { return done(order, vec![cancelled]) };
    let part = known.handed_at().map(failed);
    let events = match known.state {
        // Somebody stands there and has paid, or is about to: as good as handed over.
        OrderState::Staged if payment::being_paid(case.state, order).is_some_and(Basket::has_money) => vec![failed(at)],
        OrderState::Received | OrderState::Accepted | OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged => {
            [cancelled].into_iter().chain(part).collect()
        }
        OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } | OrderState::Ended { .. } => part.into_iter().collect(),
    };
    done(order, events)
}

pub(super) fn expire(case: &Case, order: &OrderNo) -> Result<Outcome, Refusal> {
    let known = case.state.orders.orders.get(order).ok_or_else(|| Refusal::OrderUnknown { order: order.clone() })?;
    // Somebody who pays has come in time.
    let is_paid = payment::being_paid(case.state, order).is_some();
    if known.state != OrderState::Staged || is_paid || case.ask.at.ms < known.asked.expires_ms {
        return Ok(Outcome::default());
    }

    // Cannot fail below.
    let expired = Event::OrderExpired { order: order.clone(), at: case.ask.at, epoch: case.state.orders.epoch() };
    Ok(done(order, [expired].into_iter().chain(payment::all_back(case, known)).collect()))
}

/// An order may come before the shop knows its stock, or before the goods. Nothing when a person has to say, as before.
pub(super) fn recheck(case: &Case, order: &OrderNo) -> Result<Outcome, Refusal> {
    let known = case.state.orders.orders.get(order).ok_or_else(|| Refusal::OrderUnknown { order: order.clone() })?;
    if known.state != OrderState::Received || !is_covered(case, &known.asked, Some(known)) {
        return Ok(Outcome::default());
    }

    // Cannot fail below.
    Ok(done(order, vec![Event::OrderAccepted { step: step(case, order), automatic: true }]))
}

pub(super) fn accept(case: &Case, order: &OrderNo) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    if known.state != OrderState::Received {
        return Err(elsewhere(known));
    }

    // Cannot fail below.
    Ok(done(order, vec![Event::OrderAccepted { step: step(case, order), automatic: false }]))
}

/// Before anything was picked.
pub(super) fn refuse(case: &Case, order: &OrderNo, why: RefusedWhy) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    match known.state {
        OrderState::Received | OrderState::Accepted => {}
        OrderState::Picking { .. }
        | OrderState::Picked
        | OrderState::Staged
        | OrderState::HandedOver { .. }
        | OrderState::PuttingBack { .. }
        | OrderState::Ended { .. } => return Err(elsewhere(known)),
    }

    // Cannot fail below.
    let refused = Event::OrderRefused { step: step(case, order), why };
    Ok(done(order, [refused].into_iter().chain(payment::all_back(case, known)).collect()))
}

/// Which promises a sale broke: the newest orders that still wait for units of which there are not enough any more.
pub(in crate::retail) fn after_sale(case: &Case, record: &TransactionRecord) -> Vec<Event> {
    if record.training {
        return Vec::new();
    }
    let mut sold: BTreeMap<&Sku, Qty> = BTreeMap::new();
    for line in record.lines.iter().filter(|line| line.off_shelf() > Qty::ZERO) {
        *sold.entry(&line.sku).or_default() += line.off_shelf();
    }
    let mut broken = Vec::new();
    for (sku, quantity) in sold {
        let Some(before) = available(case, sku) else { continue };
        broken.extend(broken_by(case, sku, before, before - quantity, &record.workstation));
    }
    broken.extend(promise::overruns(case, record));
    broken
}

/// The same when so many of an article are available after so many were before.
pub(in crate::retail) fn broken_by(case: &Case, sku: &Sku, before: Qty, after: Qty, workstation: &WorkstationId) -> Vec<Event> {
    let mut broken = Vec::new();
    if case.state.orders.reserved(sku).is_zero() {
        return broken;
    }
    // What was broken before was said then.
    let mut missing = before.min(Qty::ZERO) - after;
    let mut waiting: Vec<&Order> =
        case.state.orders.open().map(AsRef::as_ref).filter(|order| order.held(sku) > order.off_shelf(sku)).collect();
    waiting.sort_by_key(|order| std::cmp::Reverse((order.asked.promised_ms, order.asked.order.clone())));
    for order in waiting {
        let promised = (order.held(sku) - order.off_shelf(sku)).min(missing);
        if promised <= Qty::ZERO {
            break;
        }
        missing = missing - promised;
        let (order, workstation) = (order.asked.order.clone(), workstation.clone());
        broken.push(Event::PromiseBroken {
            order,
            sku: sku.clone(),
            quantity: promised,
            workstation,
            at: case.ask.at,
            epoch: case.state.orders.epoch(),
        });
    }
    broken
}

/// Why it ends, of an order that the store gives up.
pub(super) fn ending(why: RefusedWhy) -> Ending {
    Ending::Refused(why)
}
