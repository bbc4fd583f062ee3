//! From the lines of a basket to the discounts of each line. Stages, each on what the one before left to pay:
//!
//! 1. exclusive rules, by priority; 2. rules that compete, best for the customer; 3. stacked rules, by priority;
//! 4. what a person took off a line; 5. gifts; 6. rules on the basket: the best of those that compete, then the stacked ones;
//! 7. what a person took off the basket.
//!
//! Lines are looked at in the order of what they hold. Only between lines that hold the same does the order of entry decide who carries an odd cent.

use super::alone::alone;
use super::book::PriceBook;
use super::compete::compete;
use super::pool::{self, Places, Pool, Take};
use super::promotion::{Combine, Gives, Moment, Off, Promotion, Selection, WHOLE};
use super::spread::spread;
use crate::ids::Sku;
use crate::money::{Money, Qty, RoundingMode, Unit};
use crate::retail::{Discount, DiscountKind, SoldLine};

/// A line as the engine needs it.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    pub line: u32,
    pub sku: &'a Sku,
    pub group: &'a str,
    pub quantity: Qty,
    /// Of one piece; of a measured line its gross.
    pub price: Money,
    pub gross: Money,
    /// Whole pieces at one price, so that rules may take some of them.
    pub is_counted: bool,
    /// A person set its price: no rule touches it.
    pub is_fixed: bool,
    /// Goods that come back take no part.
    pub is_returned: bool,
    /// What a person took off this line.
    pub off: Option<&'a ManualOff>,
}

/// Percent or amount that a person took off, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ManualOff {
    /// Never [`Off::Price`]: a price is set by `SetPrice`.
    pub off: Off,
    /// The reason's code.
    pub reason: String,
    /// As it stands on the receipt.
    pub text: String,
}

/// All that a price depends on.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub items: Vec<Item<'a>>,
    pub moment: Moment,
    pub is_member: bool,
    /// Rule ids of the coupons that were given.
    pub coupons: Vec<&'a str>,
    pub basket_off: Option<&'a ManualOff>,
    pub rounding: RoundingMode,
    /// How much a search for the best way may see; [`STATES_MAX`](super::STATES_MAX) but in tests.
    pub states_max: usize,
}

/// What the engine makes of a basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// The discounts of each item, in the order of the items.
    pub discounts: Vec<Vec<Discount>>,
    /// A search for the best of competing rules stopped at its limit: perhaps another way saves more.
    pub unproved: bool,
}

impl<'a> Item<'a> {
    pub fn of(sold: &'a SoldLine, off: Option<&'a ManualOff>) -> Item<'a> {
        let is_counted = sold.unit == Unit::Piece
            && sold.embedded_price.is_none()
            && sold.quantity.is_whole()
            && sold.quantity > Qty::ZERO
            && i128::from(sold.gross.minor()) * 1000 == i128::from(sold.unit_price.minor()) * i128::from(sold.quantity.thousandths());
        Item {
            line: sold.line,
            sku: &sold.sku,
            group: &sold.group,
            quantity: sold.quantity,
            price: if is_counted { sold.unit_price } else { sold.gross },
            gross: sold.gross,
            is_counted,
            is_fixed: sold.price_set.is_some(),
            is_returned: sold.quantity <= Qty::ZERO,
            off,
        }
    }
}

pub fn price(book: &PriceBook, request: &Request) -> Priced {
    let mut desk = Desk::new(request);
    let rules = book.candidates(request);
    let of = |combine: Combine| -> Vec<&Promotion> { rules.iter().copied().filter(|rule| rule.combine == combine).collect() };
    desk.exclusive(&of(Combine::Exclusive));
    let unproved = desk.competing(&of(Combine::Best));
    of(Combine::Stack).into_iter().for_each(|rule| desk.stacked(rule));
    desk.manual_lines();
    rules.iter().for_each(|rule| desk.gift(rule));
    desk.basket(&rules);
    desk.manual_basket();
    Priced { discounts: desk.paid.into_iter().map(|line| line.discounts).collect(), unproved }
}

/// What is being priced, and how far it is.
struct Desk<'a> {
    request: &'a Request<'a>,
    /// Beside the request's items.
    paid: Vec<Paid>,
    /// Items by content: dearest first, then by SKU; last by line, between like ones.
    order: Vec<usize>,
    /// Of the articles in `order`.
    in_order: Places<'a>,
    pools: Vec<Pool<'a>>,
    in_pools: Places<'a>,
    /// Of each pool: its items in order, and how many of their units no rule has used.
    stock: Vec<Vec<(usize, u32)>>,
}

#[derive(Debug, Clone)]
struct Paid {
    /// Still to pay.
    left: Money,
    /// Of it, what nothing may come on top of.
    closed: Money,
    discounts: Vec<Discount>,
}

impl<'a> Desk<'a> {
    fn new(request: &'a Request<'a>) -> Desk<'a> {
        let items = &request.items;
        let paid = items.iter().map(|item| Paid { left: item.gross, closed: Money::ZERO, discounts: Vec::new() }).collect();
        let mut order: Vec<usize> =
            (0..items.len()).filter(|index| !items[*index].is_returned && items[*index].gross > Money::ZERO).collect();
        order.sort_by(|a, b| {
            let (a, b) = (&items[*a], &items[*b]);
            let content = |item: &Item<'a>| (!item.is_counted, item.group, item.gross, item.quantity, item.is_fixed);
            b.price.cmp(&a.price).then_with(|| a.sku.cmp(b.sku)).then_with(|| content(a).cmp(&content(b))).then(a.line.cmp(&b.line))
        });
        let mut pools: Vec<Pool<'a>> = Vec::new();
        let mut stock: Vec<Vec<(usize, u32)>> = Vec::new();
        for index in order.iter().copied().filter(|index| !items[*index].is_fixed) {
            let item = &items[index];
            let units = if item.is_counted { u32::try_from(item.quantity.thousandths() / 1000).unwrap_or(u32::MAX) } else { 1 };
            let measure = (!item.is_counted).then_some(item.quantity);
            match pools.last_mut() {
                Some(pool)
                    if item.is_counted
                        && pool.measure.is_none()
                        && pool.sku == item.sku
                        && pool.price == item.price
                        && pool.group == item.group =>
                {
                    pool.free = pool.free.saturating_add(units);
                    stock.last_mut().expect("a pool has its items").push((index, units));
                }
                _ => {
                    pools.push(Pool { sku: item.sku, group: item.group, price: item.price, measure, free: units });
                    stock.push(vec![(index, units)]);
                }
            }
        }
        let in_order = Places::new(order.iter().map(|item| (items[*item].sku, items[*item].group)));
        let in_pools = Places::new(pools.iter().map(|pool| (pool.sku, pool.group)));
        Desk { request, paid, order, in_order, pools, in_pools, stock }
    }

    fn exclusive(&mut self, rules: &[&Promotion]) {
        for rule in rules {
            if let Some(track) = self.track(0, rule) {
                self.give(rule, &alone(&track, &self.pools), true);
            }
        }
    }

    /// Whether perhaps another way saves more.
    fn competing(&mut self, rules: &[&Promotion]) -> bool {
        let tracks: Vec<pool::Track> = rules.iter().enumerate().filter_map(|(index, rule)| self.track(index, rule)).collect();
        let (takes, unproved) = compete(&tracks, rules, &self.pools, self.request.states_max);
        for (track, take) in tracks.iter().zip(takes) {
            self.give(rules[track.rule], &take, false);
        }
        unproved
    }

    fn track(&self, index: usize, rule: &Promotion) -> Option<pool::Track> {
        pool::track(index, rule, &self.pools, &self.in_pools, self.request.rounding)
    }

    /// Takes the units out of the pools and spreads what they save over their lines.
    fn give(&mut self, rule: &Promotion, take: &Take, is_exclusive: bool) {
        if take.saved <= 0 {
            return;
        }
        let mut shares: Vec<Vec<(usize, Money)>> = Vec::new();
        for (pool, units) in take.units.iter().copied() {
            let mut wanted = units;
            self.pools[pool].free -= wanted;
            let mut of_pool = Vec::new();
            for (item, free) in &mut self.stock[pool] {
                let now = wanted.min(*free);
                (wanted, *free) = (wanted - now, *free - now);
                if now > 0 {
                    of_pool.push((*item, Money::from_minor(self.pools[pool].price.minor() * i64::from(now))));
                }
            }
            shares.push(of_pool);
        }
        let saved = rule.amount_max.map_or(take.saved, |max| take.saved.min(max.minor()));
        // First over what was bought, then over its lines: three scanned one by one carry what "3 ×" carries.
        let weight = |of_pool: &Vec<(usize, Money)>| of_pool.iter().map(|(_, weight)| *weight).sum();
        let by_pool = spread(Money::from_minor(saved), &shares.iter().map(weight).collect::<Vec<Money>>());
        for (of_pool, amount) in shares.into_iter().zip(by_pool) {
            let weights: Vec<Money> = of_pool.iter().map(|(_, weight)| *weight).collect();
            for ((item, weight), part) in of_pool.into_iter().zip(spread(amount, &weights)) {
                self.paid[item].reduce(rule, part);
                if is_exclusive {
                    self.paid[item].closed += weight - part;
                }
            }
        }
    }

    /// On top of what the article's other rules left.
    fn stacked(&mut self, rule: &Promotion) {
        let Gives::Each { on, off } = &rule.gives else { return };
        let (items, open) = self.open(on);
        let saved = match off {
            Off::Percent(percent) => sum(&open).scale(i64::from(*percent), i64::from(WHOLE), self.request.rounding),
            Off::Amount(amount) => items
                .iter()
                .zip(&open)
                .map(|(item, open)| amount.times(self.request.items[*item].quantity, self.request.rounding).min(*open))
                .sum(),
            // Refused by head office: a price cannot come on top of another.
            Off::Price(_) => Money::ZERO,
        };
        self.share(rule, saved, &items, &open);
    }

    fn gift(&mut self, rule: &Promotion) {
        let Gives::Gift { on, over, gift, percent } = &rule.gives else { return };
        let spent: Money = self.matching(on).map(|item| self.paid[item].left).sum();
        let mut units: Vec<usize> = Vec::new();
        for index in self.in_pools.of(gift) {
            let pool = &self.pools[index];
            if pool.measure.is_none() {
                let most = rule.times_max.unwrap_or(1).min(pool.free);
                units.extend(std::iter::repeat_n(index, most as usize));
            }
        }
        let most = (rule.times_max.unwrap_or(1) as usize).min(units.len());
        let chosen = (1..=most).rev().find_map(|count| {
            units.windows(count).find(|chosen| {
                let own: Money =
                    chosen.iter().filter(|p| on.has(self.pools[**p].sku, self.pools[**p].group)).map(|p| self.pools[*p].price).sum();
                (spent - own).minor() >= over.minor().saturating_mul(i64::try_from(count).unwrap_or(i64::MAX))
            })
        });
        let Some(chosen) = chosen else { return };
        let mut take = Take::default();
        for of_pool in chosen.chunk_by(|a, b| a == b) {
            let count = u32::try_from(of_pool.len()).unwrap_or(u32::MAX);
            take.units.push((of_pool[0], count));
            let off = pool::off_unit(Off::Percent(*percent), &self.pools[of_pool[0]], self.request.rounding);
            take.saved += off * i64::from(count);
        }
        // A stacked rule or a person may have taken something off the line before: what is left to pay is the limit.
        let room: Money = take.units.iter().flat_map(|(pool, _)| &self.stock[*pool]).map(|(item, _)| self.paid[*item].open()).sum();
        take.saved = take.saved.min(room.minor());
        self.give(rule, &take, true);
    }

    fn basket(&mut self, rules: &[&Promotion]) {
        let best = rules
            .iter()
            .filter(|rule| rule.combine != Combine::Stack)
            .filter_map(|rule| self.off_basket(rule).map(|saved| (saved, rule)))
            .min_by_key(|(saved, rule)| (-saved.minor(), -i64::from(rule.priority), rule.id.clone()));
        let stacked = rules.iter().filter(|rule| rule.combine == Combine::Stack);
        for rule in best.map(|(_, rule)| rule).into_iter().chain(stacked) {
            if let (Some(saved), Gives::Basket { on, .. }) = (self.off_basket(rule), &rule.gives) {
                let (items, open) = self.open(on);
                self.share(rule, saved, &items, &open);
            }
        }
    }

    /// What a rule on the basket takes off now; `None` when it does not apply.
    fn off_basket(&self, rule: &Promotion) -> Option<Money> {
        let Gives::Basket { on, off, over } = &rule.gives else { return None };
        let spent: Money = self.matching(on).map(|item| self.paid[item].left).sum();
        if spent < *over {
            return None;
        }
        let (_, open) = self.open(on);
        let saved = take_off(*off, sum(&open), self.request.rounding);
        Some(rule.amount_max.map_or(saved, |max| saved.min(max))).filter(|saved| *saved > Money::ZERO)
    }

    fn manual_lines(&mut self) {
        for item in self.order.clone() {
            if let Some(manual) = self.request.items[item].off {
                let off = take_off(manual.off, self.paid[item].left, self.request.rounding);
                self.paid[item].take_by_hand(manual, off, DiscountKind::ManualLine);
            }
        }
    }

    fn manual_basket(&mut self) {
        let Some(manual) = self.request.basket_off else { return };
        let left: Vec<Money> = self.order.iter().map(|item| self.paid[*item].left).collect();
        let off = take_off(manual.off, sum(&left), self.request.rounding);
        for (item, part) in self.order.clone().into_iter().zip(spread(off, &left)) {
            self.paid[item].take_by_hand(manual, part, DiscountKind::ManualBasket);
        }
    }

    fn share(&mut self, rule: &Promotion, saved: Money, items: &[usize], open: &[Money]) {
        let saved = rule.amount_max.map_or(saved, |max| saved.min(max));
        for (item, part) in items.iter().zip(spread(saved, open)) {
            self.paid[*item].reduce(rule, part);
        }
    }

    /// Items of a selection and what may still come off each.
    fn open(&self, on: &Selection) -> (Vec<usize>, Vec<Money>) {
        let items: Vec<usize> = self.matching(on).filter(|item| !self.request.items[*item].is_fixed).collect();
        let open = items.iter().map(|item| self.paid[*item].open()).collect();
        (items, open)
    }

    fn matching(&self, on: &Selection) -> impl Iterator<Item = usize> {
        self.in_order.of(on).into_iter().map(|place| self.order[place])
    }
}

impl Paid {
    fn open(&self) -> Money {
        (self.left - self.closed).max(Money::ZERO)
    }

    fn reduce(&mut self, rule: &Promotion, by: Money) {
        let kind = match (&rule.coupon, rule.member) {
            (Some(_), _) => DiscountKind::Coupon,
            (None, true) => DiscountKind::Member,
            (None, false) => DiscountKind::Promotion,
        };
        self.take(Discount { rule: rule.id.clone(), text: rule.name.clone(), amount: -by.min(self.left), kind });
    }

    fn take_by_hand(&mut self, manual: &ManualOff, by: Money, kind: DiscountKind) {
        self.take(Discount { rule: manual.reason.clone(), text: manual.text.clone(), amount: -by.min(self.left), kind });
        self.closed = self.closed.min(self.left);
    }

    fn take(&mut self, discount: Discount) {
        if !discount.amount.is_zero() {
            self.left += discount.amount;
            self.discounts.push(discount);
        }
    }
}

/// What `off` takes from an amount, at most all of it.
fn take_off(off: Off, from: Money, rounding: RoundingMode) -> Money {
    let off = match off {
        Off::Percent(percent) => from.scale(i64::from(percent), i64::from(WHOLE), rounding),
        Off::Amount(amount) => amount,
        Off::Price(price) => from - price,
    };
    off.max(Money::ZERO).min(from.max(Money::ZERO))
}

fn sum(amounts: &[Money]) -> Money {
    amounts.iter().copied().sum()
}
