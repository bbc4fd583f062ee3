//! Units as the rules see them: like ones in one pool, pools in an order that depends on what they are and never on when they were
//! scanned. And what a rule on articles asks of them, in the one form that both solvers read.

use super::promotion::{Gives, Off, Promotion, WHOLE};
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
    /// What one unit of each pool brings, 0 where the pool takes no part. For sets with a price: the unit's own price.
    pub worth: Vec<i64>,
    /// The part of a bundle that each pool counts for.
    pub part: Vec<Option<usize>>,
    pub times_max: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Every unit brings its worth.
    Each,
    /// Every unit brings its worth once there are so many.
    AtLeast { from: u32 },
    /// Of each `size` units, in the order of the pools, those from `paid` on bring their worth.
    Cheapest { size: u32, paid: u32 },
    /// Each full set of `size` brings its units' worth less `price`.
    Set { size: u32, price: i64 },
    /// Each full bundle brings its units' worth less `price`.
    Bundle { counts: Vec<u32>, price: i64 },
}

/// What a rule takes: units per pool, and what the customer saves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Take {
    pub units: Vec<u32>,
    pub saved: i64,
}

impl Track {
    pub fn has(&self, pool: usize) -> bool {
        self.part[pool].is_some()
    }

    /// Whether the free units could fill it once.
    pub fn can_apply(&self, pools: &[Pool]) -> bool {
        let free = |part: usize| -> u64 {
            pools.iter().enumerate().filter(|(index, _)| self.part[*index] == Some(part)).map(|(_, pool)| u64::from(pool.free)).sum()
        };
        match &self.form {
            Form::Each => free(0) > 0,
            Form::AtLeast { from } => free(0) >= u64::from(*from),
            Form::Cheapest { size, .. } | Form::Set { size, .. } => free(0) >= u64::from(*size),
            Form::Bundle { counts, .. } => counts.iter().enumerate().all(|(part, count)| free(part) >= u64::from(*count)),
        }
    }
}

/// The tracks of one promotion: one, or one for each step of a quantity break. None for the rules on baskets.
pub(super) fn tracks(rule: usize, promotion: &Promotion, pools: &[Pool], rounding: RoundingMode) -> Vec<Track> {
    let times_max = promotion.times_max;
    let track = |form: Form, worth: &dyn Fn(&Pool) -> i64, part: &dyn Fn(&Pool) -> Option<usize>| {
        let part: Vec<Option<usize>> = pools.iter().map(|pool| if pool.price > Money::ZERO { part(pool) } else { None }).collect();
        let worth = pools.iter().zip(&part).map(|(pool, part)| if part.is_some() { worth(pool) } else { 0 }).collect();
        Track { rule, form, worth, part, times_max }
    };
    let first = |takes_part: bool| takes_part.then_some(0);
    match &promotion.gives {
        Gives::Each { on, off } => {
            let part = |pool: &Pool| first(on.has(pool.sku, pool.group) && off_unit(*off, pool, rounding) > 0);
            vec![track(Form::Each, &|pool| off_unit(*off, pool, rounding), &part)]
        }
        Gives::QuantityBreak { on, steps } => {
            let part = |pool: &Pool| first(pool.measure.is_none() && on.has(pool.sku, pool.group));
            steps.iter().map(|step| track(Form::AtLeast { from: step.from }, &|pool| off_unit(step.off, pool, rounding), &part)).collect()
        }
        Gives::BuyGet { on, buy, get, percent } => {
            let form = Form::Cheapest { size: buy + get, paid: *buy };
            let part = |pool: &Pool| first(pool.measure.is_none() && on.has(pool.sku, pool.group));
            vec![track(form, &|pool| off_unit(Off::Percent(*percent), pool, rounding), &part)]
        }
        Gives::MixMatch { on, count, off } => {
            let part = |pool: &Pool| first(pool.measure.is_none() && on.has(pool.sku, pool.group));
            match off {
                Off::Price(price) => vec![track(Form::Set { size: *count, price: price.minor() }, &|pool| pool.price.minor(), &part)],
                Off::Percent(_) | Off::Amount(_) => {
                    vec![track(Form::Set { size: *count, price: 0 }, &|pool| off_unit(*off, pool, rounding), &part)]
                }
            }
        }
        Gives::Bundle { parts, price } => {
            let counts = parts.iter().map(|part| part.count).collect();
            let part =
                |pool: &Pool| pool.measure.is_none().then(|| parts.iter().position(|part| part.on.has(pool.sku, pool.group))).flatten();
            vec![track(Form::Bundle { counts, price: price.minor() }, &|pool| pool.price.minor(), &part)]
        }
        Gives::Basket { .. } | Gives::Gift { .. } => Vec::new(),
    }
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
