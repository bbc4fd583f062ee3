//! Five to eight rules on several articles, pallets of one article, and trolleys with two hundred lines: the engine against solvers that know nothing
//! of its bounds.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil::money::Money;
use counterfoil::retail::pricing::{Gives, Off, Part, Promotion, STATES_MAX, Selection, Step};
use proptest::prelude::*;

use super::pricing::{PRICES, any_off, book, group, off, priced, priced_within, promotion, saved, selection, sku};
use super::random::check;

/// What one rule saves with exactly these pieces of each article; `None` when it cannot use them all.
fn worth(promotion: &Promotion, pieces: &[u32]) -> Option<i64> {
    let units = || (0..pieces.len()).flat_map(|article| std::iter::repeat_n(article, pieces[article] as usize));
    let has = |on: &Selection, article: usize| on.has(&sku(article), group(article));
    let all = |on: &Selection| (0..pieces.len()).all(|article| pieces[article] == 0 || has(on, article));
    let count: u32 = pieces.iter().sum();
    let within = |times: u32| promotion.times_max.is_none_or(|max| times <= max);
    let sets = |size: u32| (count.is_multiple_of(size) && within(count / size)).then_some(i64::from(count / size));
    match &promotion.gives {
        Gives::Each { on, off: by } => (all(on) && within(count)).then(|| units().map(|article| off(*by, PRICES[article])).sum()),
        Gives::QuantityBreak { on, steps } => {
            let reached = |article: usize| steps.iter().filter(|step| step.from <= count).map(|step| off(step.off, PRICES[article])).max();
            if all(on) { units().map(reached).sum() } else { None }
        }
        Gives::BuyGet { on, buy, get, percent } => {
            sets(buy + get).filter(|_| all(on))?;
            let mut prices: Vec<i64> = units().map(|article| PRICES[article]).collect();
            prices.sort_unstable_by_key(|price| -price);
            let is_reduced = |place: usize| place % (*buy + *get) as usize >= *buy as usize;
            Some(
                prices
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| is_reduced(*place))
                    .map(|(_, price)| off(Off::Percent(*percent), *price))
                    .sum(),
            )
        }
        Gives::MixMatch { on, count, off: by } => {
            let sets = sets(*count).filter(|_| all(on))?;
            Some(match by {
                Off::Price(price) => units().map(|article| PRICES[article]).sum::<i64>() - sets * price.minor(),
                Off::Percent(_) | Off::Amount(_) => units().map(|article| off(*by, PRICES[article])).sum(),
            })
        }
        Gives::Bundle { parts, price } => {
            let part_of = |article: usize| parts.iter().position(|part| has(&part.on, article));
            let mut of_part = vec![0; parts.len()];
            for article in units() {
                of_part[part_of(article)?] += 1;
            }
            let bundles = of_part[0] / parts[0].count;
            let fits = within(bundles) && of_part.iter().zip(parts).all(|(count, part)| *count == bundles * part.count);
            fits.then(|| units().map(|article| PRICES[article]).sum::<i64>() - i64::from(bundles) * price.minor())
        }
        Gives::Basket { .. } | Gives::Gift { .. } => unreachable!("not on articles"),
    }
}

/// Rule after rule, every choice of pieces for it.
fn best(promotions: &[Promotion], left: &[u32], known: &mut BTreeMap<(usize, Vec<u32>), i64>) -> i64 {
    let Some((promotion, others)) = promotions.split_first() else { return 0 };
    let key = (promotions.len(), left.to_vec());
    if let Some(known) = known.get(&key) {
        return *known;
    }
    let mut most = i64::MIN;
    let mut given = vec![0; left.len()];
    loop {
        if let Some(saves) = worth(promotion, &given) {
            let rest: Vec<u32> = left.iter().zip(&given).map(|(left, given)| left - given).collect();
            most = most.max(saves + best(others, &rest, known));
        }
        // The next choice, as one counts.
        let Some(place) = (0..left.len()).find(|place| given[*place] < left[*place]) else { break };
        given[place] += 1;
        given[..place].fill(0);
    }
    known.insert(key, most);
    most
}

/// Sets of up to six, steps that need not rise, bundles of two parts.
fn gives() -> impl Strategy<Value = Gives> {
    let money = |amount: std::ops::Range<i64>| amount.prop_map(Money::from_minor);
    let on = |of: usize| Selection { groups: BTreeSet::from([group(of).to_owned()]), ..Selection::default() };
    let steps = (2..5u32, any_off(), 1..4u32, any_off())
        .prop_map(|(from, one, more, other)| vec![Step { from, off: one }, Step { from: from + more, off: other }]);
    prop_oneof![
        1 => (selection(), any_off()).prop_map(|(on, off)| Gives::Each { on, off }),
        2 => (selection(), steps).prop_map(|(on, steps)| Gives::QuantityBreak { on, steps }),
        3 => (selection(), 1..5u32, 1..3u32, prop_oneof![Just(10_000), Just(5_000)])
            .prop_map(|(on, buy, get, percent)| Gives::BuyGet { on, buy, get, percent }),
        2 => (selection(), 3..7u32, money(300..2_500)).prop_map(|(on, count, price)| Gives::MixMatch { on, count, off: Off::Price(price) }),
        2 => (selection(), 3..7u32, 1..50u32).prop_map(|(on, count, of)| Gives::MixMatch { on, count, off: Off::Percent(of * 100) }),
        1 => (1..3u32, 1..3u32, money(100..900)).prop_map(move |(one, other, price)| {
            let parts = vec![Part { on: on(0), count: one }, Part { on: on(1), count: other }];
            Gives::Bundle { parts, price }
        }),
    ]
}

fn rules(count: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<Promotion>> {
    let times_max = prop_oneof![4 => Just(None), 1 => (1..4u32).prop_map(Some)];
    prop::collection::vec((gives(), times_max), count).prop_map(|rules| {
        let rule = |(id, (gives, times_max)): (usize, (Gives, Option<u32>))| {
            let times_max = times_max.filter(|_| !matches!(gives, Gives::QuantityBreak { .. }));
            promotion(id, gives, times_max)
        };
        rules.into_iter().enumerate().map(rule).collect()
    })
}

/// How far sets can be filled, multiplied: what weighing every state would look at for each unit.
fn states(promotions: &[Promotion]) -> u64 {
    let of = |promotion: &Promotion| match &promotion.gives {
        Gives::BuyGet { buy, get, .. } => buy + get,
        Gives::MixMatch { count, .. } => *count,
        Gives::QuantityBreak { steps, .. } => steps.iter().map(|step| step.from + 1).product(),
        _ => 1,
    };
    promotions.iter().map(|promotion| u64::from(of(promotion))).product()
}

#[test]
fn five_to_eight_rules_on_several_articles_are_settled_exactly() {
    let pieces = prop::collection::vec(1..5u32, 4);
    let mut many = 0;
    check(120, (rules(5..=8), pieces), |(promotions, pieces)| {
        let lines: Vec<(usize, u32)> = pieces.iter().copied().enumerate().collect();
        let found = saved(&priced(&book(promotions), &lines, None));
        assert_eq!(found, best(promotions, pieces, &mut BTreeMap::new()), "{pieces:?} {promotions:#?}");
        many += u32::from(states(promotions) * u64::from(pieces.iter().sum::<u32>()) > 400_000);
    });
    assert!(many > 20, "too many states to weigh each of them: {many}");
}

/// Up to seven rules on sets of one article and a quantity break, for so many pieces that most of them are settled at once.
#[test]
fn a_pallet_is_settled_exactly() {
    let sets = prop::collection::vec((2..10u32, 1..60u32), 1..8);
    check(15, (sets, 2..40u32, 1..40u32, 60..3_000u32), |(sets, from, off_many, pieces)| {
        let on = || Selection { skus: BTreeSet::from([sku(0)]), ..Selection::default() };
        let gives = sets.iter().map(|(count, percent)| Gives::MixMatch { on: on(), count: *count, off: Off::Percent(percent * 100) });
        let steps = vec![Step { from: *from, off: Off::Percent(off_many * 100) }];
        let gives = gives.chain([Gives::QuantityBreak { on: on(), steps }]);
        let promotions: Vec<Promotion> = gives.enumerate().map(|(id, gives)| promotion(id, gives, None)).collect();
        // The most that sets of exactly so many pieces, or fewer, save.
        let mut by_sets = vec![0_i64; *pieces as usize + 1];
        for count in 1..by_sets.len() {
            let last_set = sets
                .iter()
                .filter(|(size, _)| *size as usize <= count)
                .map(|(size, percent)| by_sets[count - *size as usize] + i64::from(*size) * off(Off::Percent(percent * 100), PRICES[0]));
            by_sets[count] = last_set.chain([by_sets[count - 1]]).max().unwrap();
        }
        let each = off(Off::Percent(off_many * 100), PRICES[0]);
        let with_break = (*from..=*pieces).map(|many| i64::from(many) * each + by_sets[(*pieces - many) as usize]);
        let most = with_break.chain([by_sets[*pieces as usize]]).max().unwrap();
        assert_eq!(saved(&priced(&book(&promotions), &[(0, *pieces)], None)), most, "{promotions:#?}");
        // And whatever it is of, 99,999 cost no more work than a few.
        priced(&book(&promotions), &[(0, 99_999), (1, 3)], None);
    });
}

/// Pieces of one article in two hundred lines, and all rules on everything.
#[test]
fn two_hundred_lines_under_eight_rules_are_settled_whatever_their_order() {
    let lines = prop::collection::vec((0..PRICES.len(), 1..3u32), 200);
    check(3, (rules(8), lines.prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle()))), |(promotions, (one, other))| {
        let book = book(promotions);
        assert_eq!(saved(&priced(&book, one, None)), saved(&priced(&book, other, None)));
    });
}

/// A search that is stopped says so, and what it has found by then does not depend on the order of scanning.
#[test]
fn a_search_that_stops_says_so_and_is_the_same_in_every_order() {
    let pieces = prop::collection::vec(1..9u32, PRICES.len());
    let lines = pieces.prop_map(|pieces| pieces.into_iter().enumerate().collect::<Vec<(usize, u32)>>());
    let lines = lines.prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle()));
    let (mut stopped, mut worse) = (0, 0);
    check(60, (rules(5..=8), lines), |(promotions, (one, other))| {
        let book = book(promotions);
        let whole = priced_within(&book, one, None, STATES_MAX);
        assert!(!whole.unproved);
        for states_max in [0, 2_000] {
            let found = priced_within(&book, one, None, states_max);
            let again = priced_within(&book, other, None, states_max);
            assert_eq!((saved(&found.discounts), found.unproved), (saved(&again.discounts), again.unproved));
            assert!(saved(&found.discounts) <= saved(&whole.discounts));
            assert!(found.unproved || saved(&found.discounts) == saved(&whole.discounts), "it says that nothing saves more");
            stopped += u32::from(found.unproved);
            worse += u32::from(saved(&found.discounts) < saved(&whole.discounts));
        }
    });
    assert!(stopped > 20 && worse > 5, "too few stopped: {stopped}, {worse}");
}
