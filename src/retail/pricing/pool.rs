//! Units as the rules see them: like ones in one pool, pools in an order that depends on what they are and never on when they were
//! scanned. And what a rule on articles asks of them, in the one form that both solvers read.

use std::collections::BTreeMap;

use super::promotion::{Gives, Off, Promotion, Selection, Step, WHOLE, with_parents};
use crate::ids::Sku;
use crate::money::{Money, Qty, RoundingMode};

/// Units of one article at one price. Pools are sorted: dearest first, then by SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pool<'a> {
    pub sku: &'a Sku,
    pub group: &'a str,
    /// Of one unit; of a measured one (a weighed article, a label with a price) the whole label's.
    pub price: Money,
    /// `None`: pieces. Else the measure behind the price; such a unit takes part only in rules off each unit.
    pub measure: Option<Qty>,
    /// Not yet used by a rule.
    pub free: u32,
}

/// A rule on articles, compiled for the pools at hand.
#[derive(Debug)]
pub(super) struct Track {
    /// Into the promotions it was made from.
    pub rule: usize,
    pub form: Form,
    /// In the order of the pools. A shop has a thousand rules, and each meets a pool or two of a basket.
    pub members: Vec<Member>,
    pub times_max: Option<u32>,
}

/// A pool that takes part in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub pool: usize,
    /// What one unit brings. For sets with a price: the unit's own price.
    pub worth: i64,
    /// The part of a bundle that it counts for; of a quantity break, the step.
    pub part: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Every unit brings its worth.
    Each,
    /// Every unit brings what it is worth in the best step that is reached: so many units and more. The parts are the steps.
    Steps { from: Vec<u32> },
    /// Of each `size` units, in the order of the pools, those from `paid` on bring their worth.
    Cheapest { size: u32, paid: u32 },
    /// Each full set of `size` brings its units' worth less `price`.
    Set { size: u32, price: i64 },
    /// Each full bundle brings its units' worth less `price`.
    Bundle { counts: Vec<u32>, price: i64 },
}

/// What a rule takes, and what the customer saves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Take {
    /// Of each pool that it takes units of, in the order of the pools.
    pub units: Vec<(usize, u32)>,
    pub saved: i64,
}

/// Where a selection's articles are in a list, without asking every place for every rule.
pub(super) struct Places<'a> {
    by_sku: BTreeMap<&'a Sku, Vec<usize>>,
    by_group: BTreeMap<&'a str, Vec<usize>>,
    articles: Vec<(&'a Sku, &'a str)>,
}

impl<'a> Places<'a> {
    /// SKU and group of each place.
    pub fn new(articles: impl Iterator<Item = (&'a Sku, &'a str)>) -> Places<'a> {
        let mut places = Places { by_sku: BTreeMap::new(), by_group: BTreeMap::new(), articles: articles.collect() };
        for (place, (sku, group)) in places.articles.iter().enumerate() {
            places.by_sku.entry(sku).or_default().push(place);
            with_parents(group).for_each(|group| places.by_group.entry(group).or_default().push(place));
        }
        places
    }

    /// Ascending.
    pub fn of(&self, on: &Selection) -> Vec<usize> {
        if on.all || on.skus.len() > self.articles.len() {
            return (0..self.articles.len()).filter(|place| on.has(self.articles[*place].0, self.articles[*place].1)).collect();
        }
        let mut found: Vec<usize> = Vec::new();
        found.extend(on.skus.iter().filter_map(|sku| self.by_sku.get(sku)).flatten());
        found.extend(on.groups.iter().filter_map(|group| self.by_group.get(group.as_str())).flatten());
        found.sort_unstable();
        found.dedup();
        if !on.except.is_empty() {
            found.retain(|place| !on.except.contains(self.articles[*place].0));
        }
        found
    }
}

impl Track {
    /// Whether the free units could fill it once.
    pub fn can_apply(&self, pools: &[Pool]) -> bool {
        let free = |part: usize| self.free(part, pools);
        match &self.form {
            Form::Each => free(0) > 0,
            Form::Steps { from } => from.iter().min().is_some_and(|from| free(0) >= u64::from(*from)),
            Form::Cheapest { size, .. } | Form::Set { size, .. } => free(0) >= u64::from(*size),
            Form::Bundle { counts, .. } => counts.iter().enumerate().all(|(part, count)| free(part) >= u64::from(*count)),
        }
    }

    /// Units that no rule has used, of one part.
    pub fn free(&self, part: usize, pools: &[Pool]) -> u64 {
        self.members.iter().filter(|member| member.part == part).map(|member| u64::from(pools[member.pool].free)).sum()
    }
}

/// What a promotion asks of these pools. `None` for the rules on baskets.
pub(super) fn track(rule: usize, promotion: &Promotion, pools: &[Pool], places: &Places, rounding: RoundingMode) -> Option<Track> {
    let members = |of_part: &[&Selection], worth: &dyn Fn(&Pool) -> Option<i64>| {
        let mut members: Vec<Member> = Vec::new();
        for (part, on) in of_part.iter().enumerate() {
            for pool in places.of(on).into_iter().filter(|pool| pools[*pool].price > Money::ZERO) {
                members.extend(worth(&pools[pool]).map(|worth| Member { pool, worth, part }));
            }
        }
        // An article counts for the first part that names it.
        members.sort_by_key(|member| (member.pool, member.part));
        members.dedup_by_key(|member| member.pool);
        members
    };
    let off_piece = |off: Off| move |pool: &Pool| pool.measure.is_none().then(|| off_unit(off, pool, rounding));
    let price_of_piece = |pool: &Pool| pool.measure.is_none().then(|| pool.price.minor());
    let (form, members) = match &promotion.gives {
        Gives::Each { on, off } => (Form::Each, members(&[on], &|pool| Some(off_unit(*off, pool, rounding)).filter(|worth| *worth > 0))),
        Gives::QuantityBreak { on, steps } => {
            let mut steps: Vec<&Step> = steps.iter().collect();
            steps.sort_by_key(|step| step.from);
            let mut of_steps: Vec<Member> = Vec::new();
            for mut member in members(&[on], &price_of_piece) {
                member.worth = 0;
                for (part, step) in steps.iter().enumerate() {
                    // Who reaches a step has reached those before: each unit gets the best of them.
                    member = Member { worth: member.worth.max(off_unit(step.off, &pools[member.pool], rounding)), part, ..member };
                    of_steps.push(member);
                }
            }
            (Form::Steps { from: steps.iter().map(|step| step.from).collect() }, of_steps)
        }
        Gives::BuyGet { on, buy, get, percent } => {
            (Form::Cheapest { size: buy + get, paid: *buy }, members(&[on], &off_piece(Off::Percent(*percent))))
        }
        Gives::MixMatch { on, count, off } => match off {
            Off::Price(price) => (Form::Set { size: *count, price: price.minor() }, members(&[on], &price_of_piece)),
            Off::Percent(_) | Off::Amount(_) => (Form::Set { size: *count, price: 0 }, members(&[on], &off_piece(*off))),
        },
        Gives::Bundle { parts, price } => {
            let counts = parts.iter().map(|part| part.count).collect();
            let of_part: Vec<&Selection> = parts.iter().map(|part| &part.on).collect();
            (Form::Bundle { counts, price: price.minor() }, members(&of_part, &price_of_piece))
        }
        Gives::Basket { .. } | Gives::Gift { .. } => return None,
    };
    let times_max = promotion.times_max.filter(|_| !matches!(form, Form::Steps { .. }));
    Some(Track { rule, form, members, times_max })
}

/// What `off` takes from one unit, at most its price, at least nothing. Rounded for each unit, so that it is the same whether three were
/// scanned one by one or as "3 ×".
pub(super) fn off_unit(off: Off, pool: &Pool, rounding: RoundingMode) -> i64 {
    let per_measure = |money: Money| pool.measure.map_or(money, |measure| money.times(measure, rounding));
    let off = match off {
        Off::Percent(percent) => pool.price.scale(i64::from(percent), i64::from(WHOLE), rounding),
        Off::Amount(amount) => per_measure(amount),
        Off::Price(price) => pool.price - per_measure(price),
    };
    off.minor().clamp(0, pool.price.minor())
}
