//! The pricing engine against a brute force that knows nothing of its shortcuts, and the properties that people rely on.

use std::collections::BTreeSet;

use counterfoil::ids::{Sku, StoreId};
use counterfoil::money::{Money, Qty, RoundingMode};
use counterfoil::retail::pricing::PriceList;
use counterfoil::retail::pricing::offer::{Asked, offer};
use counterfoil::retail::pricing::{
    Combine, Gives, Item, ManualOff, Moment, Off, Part, PriceBook, PriceEntry, Priced, Promotion, Request, STATES_MAX, Selection, Step,
    price, spread,
};
use counterfoil::retail::{Discount, DiscountKind};
use counterfoil::time::{BusinessDate, Stamp};
use proptest::prelude::*;

use super::random::check;

/// A unit on the counter: article number and price in cents. An article has one price; its group is its number modulo 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unit {
    article: usize,
    price: i64,
}

pub fn sku(article: usize) -> Sku {
    Sku::new(&format!("a{article}")).unwrap()
}

pub fn group(article: usize) -> &'static str {
    ["Food/Even", "Food/Odd"][article % 2]
}

/// Prices of seven articles, some alike, one that costs next to nothing.
pub const PRICES: [i64; 7] = [199, 250, 250, 99, 1_000, 333, 2];

/// An article by weight, at a price per kilogram. A line's pieces are then so many times 217 g.
const WEIGHED: usize = PRICES.len();
const PER_KILOGRAM: i64 = 1_290;

/// Unit price and quantity of a line.
fn asked(article: usize, pieces: u32) -> (Money, Qty) {
    match article {
        WEIGHED => (Money::from_minor(PER_KILOGRAM), Qty::from_thousandths(217 * i64::from(pieces))),
        _ => (Money::from_minor(PRICES[article]), Qty::pieces(i64::from(pieces))),
    }
}

fn gross(article: usize, pieces: u32) -> Money {
    let (price, quantity) = asked(article, pieces);
    price.times(quantity, RoundingMode::HalfUp)
}

pub fn book(promotions: &[Promotion]) -> PriceBook {
    let entries = promotions.iter().cloned().map(|promotion| PriceEntry::Promotion(Box::new(promotion)));
    PriceBook::new(1, &StoreId::new("s").unwrap(), entries)
}

fn moment() -> Moment {
    Moment::new(BusinessDate::constant(2026, 7, 3), Stamp::default(), 0)
}

/// Lines of a basket as (article, pieces).
pub fn priced(book: &PriceBook, lines: &[(usize, u32)], off: Option<&ManualOff>) -> Vec<Vec<Discount>> {
    priced_within(book, lines, off, STATES_MAX).discounts
}

/// With a search that sees no more than so many states.
pub fn priced_within(book: &PriceBook, lines: &[(usize, u32)], off: Option<&ManualOff>, states_max: usize) -> Priced {
    let skus: Vec<Sku> = (0..=WEIGHED).map(sku).collect();
    let item = |(index, (article, pieces)): (usize, &(usize, u32))| {
        let (price, quantity) = asked(*article, *pieces);
        let gross = gross(*article, *pieces);
        let is_counted = *article != WEIGHED;
        Item {
            line: u32::try_from(index).unwrap() + 1,
            sku: &skus[*article],
            group: group(*article),
            quantity,
            price: if is_counted { price } else { gross },
            gross,
            is_counted,
            is_fixed: false,
            is_returned: false,
            off: None,
        }
    };
    let items = lines.iter().enumerate().map(item).collect();
    let (moment, coupons, rounding) = (moment(), Vec::new(), RoundingMode::HalfUp);
    let request = Request { items, moment, is_member: false, coupons, basket_off: off, rounding, states_max };
    price(book, &request)
}

pub fn saved(discounts: &[Vec<Discount>]) -> i64 {
    -discounts.iter().flatten().map(|discount| discount.amount.minor()).sum::<i64>()
}

pub fn promotion(id: usize, gives: Gives, times_max: Option<u32>) -> Promotion {
    Promotion {
        id: format!("r{id}"),
        name: format!("Rule {id}"),
        gives,
        combine: Combine::Best,
        priority: 0,
        stores: BTreeSet::new(),
        from: None,
        to: None,
        hours: Vec::new(),
        member: false,
        coupon: None,
        times_max,
        amount_max: None,
    }
}

// The brute force: every unit to every rule or to none, every way to form sets of what a rule was given.

pub fn off(off: Off, price: i64) -> i64 {
    match off {
        Off::Percent(percent) => RoundingMode::HalfUp.divide(i128::from(price) * i128::from(percent), 10_000),
        Off::Amount(amount) => amount.minor(),
        Off::Price(set) => price - set.minor(),
    }
    .clamp(0, price)
}

/// The most that one rule saves with exactly these units, all of them used; `None` when it cannot use them all.
fn worth(promotion: &Promotion, units: &[Unit]) -> Option<i64> {
    if units.is_empty() {
        return Some(0);
    }
    let has = |on: &Selection, unit: &Unit| on.has(&sku(unit.article), group(unit.article));
    let times_max = promotion.times_max.map_or(usize::MAX, |times| times as usize);
    match &promotion.gives {
        Gives::Each { on, off: by } => {
            let fits = units.iter().all(|unit| has(on, unit)) && units.len() <= times_max;
            fits.then(|| units.iter().map(|unit| off(*by, unit.price)).sum())
        }
        Gives::QuantityBreak { on, steps } => {
            let fits = units.iter().all(|unit| has(on, unit));
            let reached = || steps.iter().filter(|step| step.from as usize <= units.len());
            if fits { units.iter().map(|unit| reached().map(|step| off(step.off, unit.price)).max()).sum() } else { None }
        }
        Gives::BuyGet { on, buy, get, percent } => {
            let set = |set: &[Unit]| {
                let mut prices: Vec<i64> = set.iter().map(|unit| unit.price).collect();
                prices.sort_unstable();
                prices[..*get as usize].iter().map(|price| off(Off::Percent(*percent), *price)).sum()
            };
            let fits = units.iter().all(|unit| has(on, unit)) && units.len() / (*buy + *get) as usize <= times_max;
            if fits { sets(units, (*buy + *get) as usize, &set) } else { None }
        }
        Gives::MixMatch { on, count, off: by } => {
            let set = |set: &[Unit]| match by {
                Off::Price(price) => set.iter().map(|unit| unit.price).sum::<i64>() - price.minor(),
                Off::Percent(_) | Off::Amount(_) => set.iter().map(|unit| off(*by, unit.price)).sum(),
            };
            let fits = units.iter().all(|unit| has(on, unit)) && units.len() / *count as usize <= times_max;
            if fits { sets(units, *count as usize, &set) } else { None }
        }
        Gives::Bundle { parts, price } => {
            let of = |unit: &Unit| parts.iter().position(|part| has(&part.on, unit));
            let counts: Vec<usize> = (0..parts.len()).map(|part| units.iter().filter(|unit| of(unit) == Some(part)).count()).collect();
            let bundles = counts[0] / parts[0].count as usize;
            let exact = counts.iter().zip(parts).all(|(count, part)| *count == bundles * part.count as usize);
            let all = counts.iter().sum::<usize>() == units.len();
            let worth = units.iter().map(|unit| unit.price).sum::<i64>() - price.minor() * i64::try_from(bundles).unwrap();
            (exact && all && bundles <= times_max).then_some(worth)
        }
        Gives::Basket { .. } | Gives::Gift { .. } => unreachable!("not on articles"),
    }
}

/// The best way to form sets of `size` of all the units.
fn sets(units: &[Unit], size: usize, worth: &dyn Fn(&[Unit]) -> i64) -> Option<i64> {
    if units.is_empty() {
        return Some(0);
    }
    if units.len() < size {
        return None;
    }
    // The first unit is in some set: try all its companions.
    let mut best = None;
    let others = units.len() - 1;
    for mask in 0u32..1 << others {
        if mask.count_ones() as usize != size - 1 {
            continue;
        }
        let (mut set, mut rest) = (vec![units[0]], Vec::new());
        for index in 0..others {
            if mask >> index & 1 == 1 { set.push(units[index + 1]) } else { rest.push(units[index + 1]) }
        }
        if let Some(more) = sets(&rest, size, worth) {
            best = best.max(Some(worth(&set) + more));
        }
    }
    best
}

fn brute_force(promotions: &[Promotion], units: &[Unit]) -> i64 {
    let ways = (promotions.len() + 1).pow(u32::try_from(units.len()).unwrap());
    let share_out = |mut way: usize| {
        let mut given: Vec<Vec<Unit>> = vec![Vec::new(); promotions.len() + 1];
        for unit in units {
            given[way % (promotions.len() + 1)].push(*unit);
            way /= promotions.len() + 1;
        }
        promotions.iter().zip(&given[1..]).map(|(promotion, units)| worth(promotion, units)).sum::<Option<i64>>()
    };
    (0..ways).filter_map(share_out).max().unwrap_or(0)
}

pub fn selection() -> impl Strategy<Value = Selection> {
    prop_oneof![
        Just(Selection { all: true, ..Selection::default() }),
        (0..2usize).prop_map(|of| Selection { groups: BTreeSet::from([group(of).to_owned()]), ..Selection::default() }),
        Just(Selection { groups: BTreeSet::from(["Food".to_owned()]), ..Selection::default() }),
        prop::collection::btree_set((0..=WEIGHED).prop_map(sku), 1..4).prop_map(|skus| Selection { skus, ..Selection::default() }),
        (0..PRICES.len()).prop_map(|but| Selection { all: true, except: BTreeSet::from([sku(but)]), ..Selection::default() }),
    ]
}

pub fn any_off() -> impl Strategy<Value = Off> {
    prop_oneof![
        (1..=100u32).prop_map(|percent| Off::Percent(percent * 100)),
        (1..300i64).prop_map(|amount| Off::Amount(Money::from_minor(amount))),
        (1..300i64).prop_map(|price| Off::Price(Money::from_minor(price))),
    ]
}

fn gives() -> impl Strategy<Value = Gives> {
    let break_steps =
        (2..4u32, any_off(), any_off()).prop_map(|(from, one, other)| vec![Step { from, off: one }, Step { from: from + 1, off: other }]);
    prop_oneof![
        (selection(), any_off()).prop_map(|(on, off)| Gives::Each { on, off }),
        (selection(), break_steps).prop_map(|(on, steps)| Gives::QuantityBreak { on, steps }),
        (selection(), 1..3u32, 1..3u32, prop_oneof![Just(10_000), Just(5_000)]).prop_map(|(on, buy, get, percent)| Gives::BuyGet {
            on,
            buy,
            get,
            percent
        }),
        (selection(), 2..4u32, 1..900i64).prop_map(|(on, count, price)| Gives::MixMatch {
            on,
            count,
            off: Off::Price(Money::from_minor(price))
        }),
        (selection(), 2..4u32, 1..50u32).prop_map(|(on, count, percent)| Gives::MixMatch { on, count, off: Off::Percent(percent * 100) }),
        (1..3u32, 1..700i64).prop_map(|(count, price)| {
            let part = |of: usize, count: u32| Part {
                on: Selection { groups: BTreeSet::from([group(of).to_owned()]), ..Selection::default() },
                count,
            };
            Gives::Bundle { parts: vec![part(0, 1), part(1, count)], price: Money::from_minor(price) }
        }),
    ]
}

fn competing(max: usize) -> impl Strategy<Value = Vec<Promotion>> {
    prop::collection::vec((gives(), prop_oneof![3 => Just(None), 1 => (1..3u32).prop_map(Some)]), 1..=max).prop_map(|rules| {
        let rule = |(id, (gives, times_max)): (usize, (Gives, Option<u32>))| {
            let times_max = times_max.filter(|_| !matches!(gives, Gives::QuantityBreak { .. }));
            promotion(id, gives, times_max)
        };
        rules.into_iter().enumerate().map(rule).collect()
    })
}

/// Rules of every kind: exclusive, stacked, on the basket, with gifts and caps of money.
fn any_rules() -> impl Strategy<Value = Vec<Promotion>> {
    let other = prop_oneof![
        (selection(), any_off()).prop_map(|(on, off)| (Gives::Each { on, off }, Combine::Stack)),
        gives().prop_map(|gives| (gives, Combine::Exclusive)),
        (selection(), any_off(), 0..2_000i64)
            .prop_map(|(on, off, over)| (Gives::Basket { on, off, over: Money::from_minor(over) }, Combine::Best)),
        (selection(), (1..60u32), 0..500i64).prop_map(|(on, percent, over)| (
            Gives::Basket { on, off: Off::Percent(percent * 100), over: Money::from_minor(over) },
            Combine::Stack
        )),
        (selection(), selection(), 1..1_500i64)
            .prop_map(|(on, gift, over)| (Gives::Gift { on, over: Money::from_minor(over), gift, percent: 10_000 }, Combine::Best)),
    ];
    let other = (other, prop::option::of(1..400i64), -2..3i32);
    (competing(5), prop::collection::vec(other, 0..5)).prop_map(|(mut rules, others)| {
        for ((gives, combine), amount_max, priority) in others {
            let rule = promotion(rules.len(), gives, None);
            rules.push(Promotion { combine, priority, amount_max: amount_max.map(Money::from_minor), ..rule });
        }
        rules
    })
}

#[test]
fn the_customer_gets_the_best_of_all_ways_to_share_units_out() {
    check(400, (competing(3), prop::collection::vec(0..PRICES.len(), 1..=6)), |(promotions, articles)| {
        let units: Vec<Unit> = articles.iter().map(|article| Unit { article: *article, price: PRICES[*article] }).collect();
        let lines: Vec<(usize, u32)> = articles.iter().map(|article| (*article, 1)).collect();
        let found = saved(&priced(&book(promotions), &lines, None));
        assert_eq!(found, brute_force(promotions, &units), "{promotions:#?}");
    });
}

fn lines() -> impl Strategy<Value = Vec<(usize, u32)>> {
    prop::collection::vec((0..=WEIGHED, 1..5u32), 1..12)
}

fn lines_of_pieces() -> impl Strategy<Value = Vec<(usize, u32)>> {
    prop::collection::vec((0..PRICES.len(), 1..5u32), 1..12)
}

/// Each article's own discounts, however its units were scanned.
fn by_article(lines: &[(usize, u32)], discounts: &[Vec<Discount>]) -> Vec<(usize, String, i64)> {
    let mut sums = std::collections::BTreeMap::new();
    for ((article, _), discounts) in lines.iter().zip(discounts) {
        for discount in discounts {
            *sums.entry((*article, discount.rule.clone())).or_insert(0) += discount.amount.minor();
        }
    }
    sums.into_iter().map(|((article, rule), sum)| (article, rule, sum)).collect()
}

#[test]
fn the_order_of_scanning_never_changes_a_price() {
    check(
        400,
        (any_rules(), lines().prop_shuffle().prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle()))),
        |(rules, (one, other))| {
            let book = book(rules);
            let (first, second) = (priced(&book, one, None), priced(&book, other, None));
            assert_eq!(saved(&first), saved(&second));
        },
    );
}

#[test]
fn no_line_is_paid_out_and_every_spread_is_exact() {
    let manual = prop::option::of(prop_oneof![
        (1..=10_000u32).prop_map(Off::Percent),
        (1..9_000i64).prop_map(|a| Off::Amount(Money::from_minor(a)))
    ]);
    check(400, (any_rules(), lines(), manual), |(rules, lines, manual)| {
        let manual = manual.map(|off| ManualOff { off, reason: "goodwill".to_owned(), text: "Goodwill".to_owned() });
        let discounts = priced(&book(rules), lines, manual.as_ref());
        for ((article, pieces), discounts) in lines.iter().zip(&discounts) {
            let gross = gross(*article, *pieces).minor();
            let less: i64 = discounts.iter().map(|discount| discount.amount.minor()).sum();
            assert!(less <= 0 && gross + less >= 0, "{gross} {discounts:?}");
            assert!(discounts.iter().all(|discount| discount.amount < Money::ZERO));
        }
        if let Some(ManualOff { off: Off::Amount(amount), .. }) = manual {
            let by_rules = saved(&priced(&book(rules), lines, None));
            let gross: i64 = lines.iter().map(|(article, pieces)| gross(*article, *pieces).minor()).sum();
            let by_hand =
                discounts.iter().flatten().filter(|d| d.kind == DiscountKind::ManualBasket).map(|d| -d.amount.minor()).sum::<i64>();
            assert_eq!(by_hand, amount.minor().min(gross - by_rules));
        }
    });
}

#[test]
fn pieces_in_one_line_or_in_many_cost_the_same() {
    check(300, (competing(5), lines_of_pieces()), |(rules, lines)| {
        let book = book(rules);
        let apart: Vec<(usize, u32)> =
            lines.iter().flat_map(|(article, pieces)| std::iter::repeat_n((*article, 1), *pieces as usize)).collect();
        let (one, other) = (priced(&book, lines, None), priced(&book, &apart, None));
        assert_eq!(by_article(lines, &one), by_article(&apart, &other));
    });
}

/// More rules than are settled exactly: still no unit twice, and the order of scanning changes nothing.
#[test]
fn beyond_eight_rules_the_order_is_fixed() {
    let rules = prop::collection::vec(gives(), 9..14);
    check(100, (rules, lines().prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle()))), |(gives, (one, other))| {
        let rules: Vec<Promotion> = gives.iter().cloned().enumerate().map(|(id, gives)| promotion(id, gives, None)).collect();
        let book = book(&rules);
        assert_eq!(saved(&priced(&book, one, None)), saved(&priced(&book, other, None)));
    });
}

#[test]
fn a_pallet_costs_no_more_time_than_a_piece() {
    let on = || Selection { all: true, ..Selection::default() };
    let rules = [
        promotion(1, Gives::BuyGet { on: on(), buy: 2, get: 1, percent: 10_000 }, None),
        promotion(2, Gives::MixMatch { on: on(), count: 5, off: Off::Price(Money::from_minor(100)) }, None),
    ];
    // Sets of five for all but four pieces, and one of three of these free.
    let discounts = priced(&book(&rules), &[(0, 99_999)], None);
    assert_eq!(saved(&discounts), 99_995 * 199 - 19_999 * 100 + 199);
}

#[test]
fn a_unit_is_used_once() {
    let on = |article: usize| Selection { skus: BTreeSet::from([sku(article)]), ..Selection::default() };
    let rules = [
        promotion(1, Gives::BuyGet { on: on(0), buy: 2, get: 1, percent: 10_000 }, None),
        promotion(2, Gives::Each { on: on(0), off: Off::Percent(5_000) }, None),
    ];
    // Half price for each beats one of three: 3 × 1.00, and no unit is free on top.
    assert_eq!(saved(&priced(&book(&rules), &[(0, 3)], None)), 300);
    let both: Vec<i64> = spread(Money::from_minor(199), &[Money::from_minor(199); 3]).iter().map(|part| part.minor()).collect();
    assert_eq!(both, [67, 66, 66]);
}

/// What a price check says is what a basket with one unit charges; and it names what would count for more.
#[test]
fn an_offer_is_what_a_basket_with_one_unit_charges() {
    let on = |article: usize| Selection { skus: BTreeSet::from([sku(article)]), ..Selection::default() };
    let rule = |id: &str, gives: Gives| Promotion { id: id.to_owned(), name: id.to_owned(), gives, ..empty_promotion() };
    let each = |article| Gives::Each { on: on(article), off: Off::Percent(1_000) };
    let list = PriceEntry::List(PriceList {
        id: "autumn".to_owned(),
        stores: BTreeSet::new(),
        from: None,
        to: None,
        priority: 0,
        prices: [(sku(0), Money::from_minor(150))].into(),
    });
    let rules = [
        rule("ten off", each(0)),
        rule("other article", each(1)),
        rule("3 for 2", Gives::BuyGet { on: on(0), buy: 2, get: 1, percent: 10_000 }),
        Promotion { member: true, ..rule("members", each(0)) },
    ];
    let entries = rules.into_iter().map(|rule| PriceEntry::Promotion(Box::new(rule))).chain([list]);
    let book = PriceBook::new(1, &StoreId::new("s").unwrap(), entries);
    let article = sku(0);
    let asked = |unit| Asked { sku: &article, group: group(0), unit, price: Money::from_minor(199) };
    let said = offer(&book, &asked(counterfoil::money::Unit::Piece), moment(), RoundingMode::HalfUp);
    assert_eq!((said.price.minor(), said.list.as_deref(), said.pays.minor()), (150, Some("autumn"), 135));
    let hints: Vec<(&str, bool, bool)> = said.hints.iter().map(|hint| (hint.name.as_str(), hint.counted, hint.member)).collect();
    assert_eq!(hints[0], ("ten off", true, false));
    assert!(hints.contains(&("3 for 2", false, false)) && hints.contains(&("members", false, true)) && hints.len() == 3, "{hints:?}");
    // Of a kilogram, what takes part in measured goods counts.
    let said = offer(&book, &asked(counterfoil::money::Unit::Kilogram), moment(), RoundingMode::HalfUp);
    assert_eq!(said.pays.minor(), 135);
    let plain = offer(&PriceBook::default(), &asked(counterfoil::money::Unit::Piece), moment(), RoundingMode::HalfUp);
    assert_eq!((plain.price.minor(), plain.list, plain.pays.minor(), plain.hints.len()), (199, None, 199, 0));
}

fn empty_promotion() -> Promotion {
    Promotion {
        id: String::new(),
        name: String::new(),
        gives: Gives::Each { on: Selection::default(), off: Off::Percent(0) },
        combine: Combine::Best,
        priority: 0,
        stores: BTreeSet::new(),
        from: None,
        to: None,
        hours: Vec::new(),
        member: false,
        coupon: None,
        times_max: None,
        amount_max: None,
    }
}
