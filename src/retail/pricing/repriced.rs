//! After each act on an open basket: the basket as it will be, its price, and the one event that brings its discounts up to date.

use super::engine::{Item, Priced, Request, price};
use super::promotion::Moment;
use super::{LineDiscounts, STATES_MAX};
use crate::retail::Event;
use crate::retail::basket::Basket;
use crate::retail::decide::Case;
use crate::time::BusinessDate;

/// The basket that `events` make of the one on the asking workstation's screen, without its history. `None` when they leave none open,
/// or do not touch one.
fn future(case: &Case, events: &[Event]) -> Option<Basket> {
    let mut basket: Option<Basket> = None;
    for event in events {
        let txn = match event {
            // The one that follows from these.
            Event::BasketRepriced { .. } => continue,
            Event::TransactionRecalled { txn, .. } => txn,
            other => match other.basket_changed() {
                Some(txn) => txn,
                None => continue,
            },
        };
        let known = basket.take().or_else(|| case.state.baskets.get(txn).map(Basket::without_history));
        let mut known = match (known, event) {
            (Some(known), _) => known,
            (None, Event::LineAdded { txn, workstation, staff, at, .. }) => Basket::new(*txn, workstation.clone(), staff.clone(), *at),
            (None, _) => return None,
        };
        // What does not fit is noted when the event itself is taken in.
        if known.take_in(event).is_ok() {
            basket = Some(known);
        }
    }
    basket.filter(|basket| !basket.is_blank())
}

/// The event that follows `events`; `None` when every line has its discounts already.
pub(in crate::retail) fn repriced(case: &Case, date: BusinessDate, events: &[Event]) -> Option<Event> {
    // The shell always knows one, if an empty one; without, what the lines have stays.
    let book = case.facts.prices.as_deref()?;
    // What an order costs was agreed with its customer.
    let basket = future(case, events).filter(|basket| basket.order.is_none())?;
    // What comes back has its price from the sale it came from.
    let lines = || basket.live().filter(|sold| sold.returned.is_none());
    let items = lines().map(|sold| Item::of(sold, basket.asks.lines.get(&sold.line))).collect();
    let request = Request {
        items,
        moment: Moment::new(date, case.ask.at, case.ask.utc_offset_min),
        is_member: basket.asks.is_member(),
        coupons: basket.asks.coupons.iter().map(|coupon| coupon.rule.as_str()).collect(),
        basket_off: basket.asks.basket.as_ref(),
        rounding: case.rules.line_rounding,
        states_max: STATES_MAX,
    };
    let Priced { discounts, unproved } = price(book, &request);
    let lines: Vec<LineDiscounts> = lines()
        .zip(discounts)
        .filter(|(sold, discounts)| sold.discounts != *discounts)
        .map(|(sold, discounts)| LineDiscounts { line: sold.line, discounts })
        .collect();
    (!lines.is_empty()).then_some(Event::BasketRepriced { txn: basket.txn, prices: book.version, lines, unproved })
}
