//! Clocks of one order and figures of all: the only place that says what they mean. Board, API and `/metrics` show these.
//!
//! | figure | meaning |
//! |---|---|
//! | open | received, accepted, picking, picked or staged: the customer still waits for it, or it for the customer |
//! | late | open, not staged, and the promised time has passed |
//! | oldest waiting | of those that are open and not staged, the one that was received first |
//! | ready, median | of orders whose last bag was brought to its place today: from received to that moment; of an even number, the lower of the two in the middle |
//! | short rate | of the lines of orders whose picking ended today, those of which something was missing; what was taken instead is not missing |
//!
//! Today begins when the business day was opened. A day that ends more than [`super::DONE_KEPT_MAX`] orders counts the newest of them.

use super::{Ending, Order, OrderBook, OrderState, RefusedWhy};
use crate::ids::OrderNo;
use crate::money::Qty;

/// What a store wants to know of its orders at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    pub open: usize,
    pub late: usize,
    /// Its number, and when it was received.
    pub oldest_waiting: Option<(OrderNo, i64)>,
    pub ready_median_ms: Option<i64>,
    /// Lines that were short, and all lines, of what was picked today.
    pub short_lines: (usize, usize),
}

impl Figures {
    /// `now_ms` decides what is late, `since_ms` what is of today.
    pub fn of(book: &OrderBook, now_ms: i64, since_ms: i64) -> Figures {
        let mut figures = Figures::default();
        let mut oldest: Option<(i64, &OrderNo)> = None;
        let mut ready = Vec::new();
        for (number, order) in &book.orders {
            figures.open += usize::from(is_open(order));
            figures.late += usize::from(is_late(order, now_ms));
            if waits_for_staff(order) {
                let this = (order.received_at.ms, number);
                oldest = Some(oldest.map_or(this, |before| before.min(this)));
            }
            let clocks = Clocks::of(order);
            if clocks.ready_ms.is_some_and(|ready_ms| ready_ms >= since_ms) {
                ready.extend(clocks.until_ready_ms());
            }
            if picking_ended_ms(order).is_some_and(|ended_ms| ended_ms >= since_ms) {
                figures.short_lines.0 += order.progress.values().filter(|line| line.short > Qty::ZERO).count();
                figures.short_lines.1 += order.asked.lines.len();
            }
        }
        figures.oldest_waiting = oldest.map(|(received_ms, number)| (number.clone(), received_ms));
        ready.sort_unstable();
        figures.ready_median_ms = ready.get(ready.len().saturating_sub(1) / 2).copied();
        figures
    }

    /// Of a hundred lines. `None`: nothing was picked today.
    pub fn short_percent(&self) -> Option<usize> {
        let (short, all) = self.short_lines;
        (short * 100 + all / 2).checked_div(all)
    }
}

/// When each step of an order was done, in milliseconds since 1970. What has not happened yet has no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    pub received_ms: i64,
    pub accepted_ms: Option<i64>,
    pub picked_ms: Option<i64>,
    pub ready_ms: Option<i64>,
    pub handed_over_ms: Option<i64>,
}

impl Clocks {
    pub fn of(order: &Order) -> Clocks {
        let times = order.times;
        Clocks {
            received_ms: order.received_at.ms,
            accepted_ms: times.accepted,
            picked_ms: times.picked,
            ready_ms: times.ready,
            handed_over_ms: times.handed_over,
        }
    }

    /// From accepted to the end of the picking.
    pub fn until_picked_ms(&self) -> Option<i64> {
        Some((self.picked_ms? - self.accepted_ms?).max(0))
    }

    /// From received to the last bag's place.
    pub fn until_ready_ms(&self) -> Option<i64> {
        Some((self.ready_ms? - self.received_ms).max(0))
    }

    /// How long it has been waiting for its customer, or waited.
    pub fn waited_ms(&self, now_ms: i64) -> Option<i64> {
        Some((self.handed_over_ms.unwrap_or(now_ms) - self.ready_ms?).max(0))
    }
}

fn is_open(order: &Order) -> bool {
    order.state == OrderState::Staged || waits_for_staff(order)
}

/// The staff have to do something before the customer can have it.
fn waits_for_staff(order: &Order) -> bool {
    match order.state {
        OrderState::Received | OrderState::Accepted | OrderState::Picking { .. } | OrderState::Picked => true,
        OrderState::Staged | OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } | OrderState::Ended { .. } => false,
    }
}

/// The customer was promised that it is ready by now, and it is not.
pub fn is_late(order: &Order, now_ms: i64) -> bool {
    waits_for_staff(order) && order.asked.promised_ms < now_ms
}

/// One of which everything was missing ends without being picked.
fn picking_ended_ms(order: &Order) -> Option<i64> {
    match &order.state {
        OrderState::Ended { why: Ending::Refused(RefusedWhy::AllShort), at } => Some(at.ms),
        _ => order.times.picked,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::super::{CollectOrder, LineProgress, OrderLine, Substitution, Times, Units, Zone};
    use super::*;
    use crate::ids::Sku;
    use crate::money::Unit;
    use crate::time::{ClockQuality, Stamp};

    /// Minutes after the day was opened.
    fn minute(minute: i64) -> i64 {
        1_000_000 + minute * 60_000
    }

    fn order(number: &str, received: i64, promised: i64, state: OrderState, times: [Option<i64>; 4]) -> Order {
        let line = |line| OrderLine {
            line,
            sku: Sku::new("milk").unwrap(),
            name: "Milk".to_owned(),
            quantity: Qty::pieces(2),
            unit: Unit::Piece,
            zone: Zone::Ambient,
            age_min: None,
            location: String::new(),
            substitutes: Vec::new(),
            substitute_names: Vec::new(),
            price: None,
        };
        let asked = CollectOrder {
            order: OrderNo::new(number).unwrap(),
            version: 1,
            placed_ms: minute(received),
            promised_ms: minute(promised),
            expires_ms: minute(10_000),
            initials: String::new(),
            customer: None,
            subject: None,
            substitution: Substitution::None,
            lines: vec![line(1), line(2)],
            code: String::new(),
            number_mark: String::new(),
            rights: Vec::new(),
        };
        let mut order = Order::new(asked, at(received));
        let [accepted, picked, ready, handed_over] = times.map(|time| time.map(minute));
        order.times = Times { accepted, picked, ready, handed_over };
        order.state = state;
        order
    }

    fn at(of: i64) -> Stamp {
        Stamp { ms: minute(of), quality: ClockQuality::Synchronised }
    }

    fn missing(mut order: Order) -> Order {
        order.progress.insert(1, LineProgress { short: Qty::ONE, ..LineProgress::default() });
        order
    }

    fn instead(mut order: Order) -> Order {
        let units = Units { sku: Sku::new("oat").unwrap(), quantity: Qty::pieces(2) };
        order.progress.insert(1, LineProgress { picked: vec![units], ..LineProgress::default() });
        order
    }

    fn book(orders: Vec<Order>) -> OrderBook {
        let orders: BTreeMap<OrderNo, Arc<Order>> = orders.into_iter().map(|order| (order.asked.order.clone(), Arc::new(order))).collect();
        OrderBook { orders, ..OrderBook::default() }
    }

    #[test]
    fn a_morning_counted_by_hand() {
        let handed = |of| OrderState::HandedOver { at: at(of), issued: Vec::new(), put_back: false };
        let all_short = OrderState::Ended { why: Ending::Refused(RefusedWhy::AllShort), at: at(50) };
        let cancelled = OrderState::PuttingBack { why: Ending::Cancelled };
        let book = book(vec![
            // Of yesterday: ready before the day was opened, still waiting for its customer.
            order("A", -900, -600, OrderState::Staged, [Some(-899), Some(-800), Some(-790), None]),
            // Ready 20, 30 and 65 minutes after they were received: the median is 30. Two lines each; one line short.
            missing(order("B", 0, 60, handed(40), [Some(0), Some(15), Some(20), Some(40)])),
            instead(order("C", 10, 60, OrderState::Staged, [Some(10), Some(35), Some(40), None])),
            order("D", 15, 60, handed(90), [Some(20), Some(70), Some(80), Some(90)]),
            // Nothing of it was there: two more lines, one of them short by the book of this test.
            missing(order("E", 20, 60, all_short, [Some(20), None, None, None])),
            // Still to be done. F was promised for minute 99, G for 101, and it is 100.
            order("F", 31, 99, OrderState::Accepted, [Some(31), None, None, None]),
            order("G", 30, 101, OrderState::Received, [None, None, None, None]),
            // Not open any more, and not late.
            order("H", 5, 50, cancelled, [Some(5), Some(12), None, None]),
        ]);
        let figures = Figures::of(&book, minute(100), minute(0));
        let expected = Figures {
            open: 4,
            late: 1,
            oldest_waiting: Some((OrderNo::new("G").unwrap(), minute(30))),
            ready_median_ms: Some(30 * 60_000),
            // B, C, D, E and H were picked today: 10 lines, 2 of them short.
            short_lines: (2, 10),
        };
        assert_eq!(figures, expected);
        assert_eq!(figures.short_percent(), Some(20));
    }

    #[test]
    fn nothing_was_done_yet() {
        let none = Figures::of(&book(Vec::new()), minute(0), minute(0));
        assert_eq!(none, Figures::default());
        assert_eq!(none.short_percent(), None);
        let two = |number: &str, ready| order(number, 0, 60, OrderState::Staged, [Some(0), Some(1), Some(ready), None]);
        let even = Figures::of(&book(vec![two("A", 10), two("B", 40)]), minute(50), minute(0));
        assert_eq!(even.ready_median_ms, Some(10 * 60_000), "the lower of the two in the middle");
    }

    #[test]
    fn the_clocks_of_one_order() {
        let handed = OrderState::HandedOver { at: at(95), issued: Vec::new(), put_back: false };
        let done = Clocks::of(&order("A", 10, 60, handed, [Some(12), Some(30), Some(35), Some(95)]));
        let minutes = |ms: Option<i64>| ms.map(|ms| ms / 60_000);
        assert_eq!(minutes(done.until_picked_ms()), Some(18));
        assert_eq!(minutes(done.until_ready_ms()), Some(25));
        assert_eq!(minutes(done.waited_ms(minute(500))), Some(60), "it waits no more");
        let ready = Clocks::of(&order("B", 10, 60, OrderState::Staged, [Some(12), Some(30), Some(35), None]));
        assert_eq!(minutes(ready.waited_ms(minute(45))), Some(10));
        // A clock that was set back makes no time negative.
        assert_eq!(minutes(ready.waited_ms(minute(5))), Some(0));
        let new = Clocks::of(&order("C", 10, 60, OrderState::Received, [None; 4]));
        assert_eq!((new.until_picked_ms(), new.until_ready_ms(), new.waited_ms(minute(90))), (None, None, None));
    }
}
