//! A rule as a machine that is fed units, dearest first: where one more unit takes it, and what that brings. What it holds is one number.

use std::collections::BTreeSet;

use super::pool::{Form, Track};

/// A bundle's state has a digit for each part and one for whole bundles, where they are capped.
const STATE_BITS: usize = 60;

/// What one more unit does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub to: u64,
    /// Whether the unit's worth counts.
    counts: bool,
    /// On top of it: a set's price when it is full.
    bonus: i64,
}

impl Step {
    pub fn brings(&self, worth: i64) -> i64 {
        self.bonus + if self.counts { worth } else { 0 }
    }
}

pub(super) struct Machine<'a> {
    pub form: &'a Form,
    /// `None`: the units at hand do not reach it.
    pub times_max: Option<u32>,
    pub start: u64,
    /// Of each place: the parts (of a quantity break: the steps) that its units count for, and what a unit is worth there.
    pub at: Vec<Vec<(usize, i64)>>,
}

impl<'a> Machine<'a> {
    pub fn new(track: &'a Track, at: Vec<Vec<(usize, i64)>>) -> Machine<'a> {
        Machine { form: &track.form, times_max: track.times_max, start: 0, at }
    }

    /// Forgets a cap that so many units cannot reach.
    pub fn fit(&mut self, units: &[u32]) {
        let within: u64 = self.at.iter().zip(units).filter(|(at, _)| !at.is_empty()).map(|(_, units)| u64::from(*units)).sum();
        let size = u64::from(self.size());
        self.times_max = self.times_max.filter(|times| u64::from(*times) * size < within);
    }

    /// It holds nothing: it takes what others leave.
    pub fn takes_the_rest(&self) -> bool {
        matches!(self.form, Form::Each) && self.times_max.is_none()
    }

    /// Units of one set.
    pub fn size(&self) -> u32 {
        match self.form {
            Form::Each | Form::Steps { .. } => 1,
            Form::Cheapest { size, .. } | Form::Set { size, .. } => *size,
            Form::Bundle { counts, .. } => counts.iter().sum(),
        }
    }

    pub fn parts(&self) -> usize {
        match self.form {
            Form::Steps { from } => from.len(),
            Form::Bundle { counts, .. } => counts.len(),
            Form::Each | Form::Cheapest { .. } | Form::Set { .. } => 1,
        }
    }

    /// One more unit for `part`. `None`: there is no room for it.
    pub fn step(&self, state: u64, part: usize) -> Option<Step> {
        match self.form {
            Form::Each => self.in_sets(state, 1, 0, 0),
            Form::Cheapest { size, paid } => self.in_sets(state, *size, *paid, 0),
            Form::Set { size, price } => self.in_sets(state, *size, 0, *price),
            Form::Steps { from } => {
                // 0: none begun. Then the units of the first step, up to as many as reach it; then those of the next.
                let before = reached(&from[..part]);
                let whole = before + u64::from(from[part]);
                let to = match state {
                    0 => before + 1,
                    _ if before < state && state <= whole => (state + 1).min(whole),
                    _ => return None,
                };
                Some(Step { to, counts: true, bonus: 0 })
            }
            Form::Bundle { counts, price } => self.in_bundles(state, part, counts, *price),
        }
    }

    /// With a cap the state counts units up to it; without, how far the open set has come.
    fn in_sets(&self, state: u64, size: u32, paid: u32, price: i64) -> Option<Step> {
        let size = u64::from(size);
        let in_set = state % size;
        let to = match self.times_max {
            Some(times) if state >= u64::from(times) * size => return None,
            Some(_) => state + 1,
            None => (state + 1) % size,
        };
        Some(Step { to, counts: in_set >= u64::from(paid), bonus: if in_set + 1 == size { -price } else { 0 } })
    }

    /// The state holds of each part the units that wait for the others.
    fn in_bundles(&self, state: u64, part: usize, counts: &[u32], price: i64) -> Option<Step> {
        let waiting = self.digit(state, part);
        let used = self.digit(state, counts.len()) * u64::from(counts[part]) + waiting;
        let most = self.times_max.map_or(u64::MAX, |times| u64::from(times) * u64::from(counts[part]));
        if used >= most || waiting + 1 >= 1 << self.digit_bits() {
            return None;
        }
        let mut to = state + self.one(part);
        if counts.iter().enumerate().any(|(part, count)| self.digit(to, part) < u64::from(*count)) {
            return Some(Step { to, counts: true, bonus: 0 });
        }
        to -= counts.iter().enumerate().map(|(part, count)| u64::from(*count) * self.one(part)).sum::<u64>();
        to += if self.times_max.is_some() { self.one(counts.len()) } else { 0 };
        Some(Step { to, counts: true, bonus: -price })
    }

    fn digit_bits(&self) -> usize {
        STATE_BITS / (self.parts() + 1)
    }

    fn one(&self, digit: usize) -> u64 {
        1 << (self.digit_bits() * digit)
    }

    fn digit(&self, state: u64, digit: usize) -> u64 {
        state >> (self.digit_bits() * digit) & ((1 << self.digit_bits()) - 1)
    }

    /// The state after units that reach the last step.
    pub fn last_step(&self) -> u64 {
        match self.form {
            Form::Steps { from } => reached(from),
            Form::Each | Form::Cheapest { .. } | Form::Set { .. } | Form::Bundle { .. } => self.start,
        }
    }

    /// Nothing is half full.
    pub fn is_end(&self, state: u64) -> bool {
        match self.form {
            Form::Each => true,
            Form::Cheapest { size, .. } | Form::Set { size, .. } => state.is_multiple_of(u64::from(*size)),
            Form::Steps { from } => (0..=from.len()).any(|steps| reached(&from[..steps]) == state),
            Form::Bundle { counts, .. } => (0..counts.len()).all(|part| self.digit(state, part) == 0),
        }
    }

    /// Units of a part in what is half full.
    pub fn waiting(&self, state: u64, part: usize) -> u64 {
        match self.form {
            Form::Each | Form::Steps { .. } => 0,
            Form::Cheapest { size, .. } | Form::Set { size, .. } => state % u64::from(*size),
            Form::Bundle { .. } => self.digit(state, part),
        }
    }

    /// Units of a part that still fit under the cap; without one, none are counted.
    pub fn room(&self, state: u64, part: usize) -> u64 {
        let Some(times) = self.times_max else { return 0 };
        let (size, used) = match self.form {
            Form::Bundle { counts, .. } => {
                let size = u64::from(counts[part]);
                (size, self.digit(state, counts.len()) * size + self.digit(state, part))
            }
            Form::Each | Form::Steps { .. } | Form::Cheapest { .. } | Form::Set { .. } => (u64::from(self.size()), state),
        };
        (u64::from(times) * size).saturating_sub(used)
    }

    /// Of a unit of a part, its share of a set's price, `scale` to the cent. Of a bundle's parts, by the dearest units of each.
    pub fn share(&self, part: usize, scale: i64) -> i64 {
        let dearest = |part: usize| self.at.iter().flatten().filter(|(of, _)| *of == part).map(|(_, worth)| *worth).max().unwrap_or(0);
        match self.form {
            Form::Set { size, price } => price * scale / i64::from(*size),
            Form::Bundle { counts, price } => {
                let whole: i128 = counts.iter().enumerate().map(|(part, count)| i128::from(dearest(part)) * i128::from(*count)).sum();
                i64::try_from(i128::from(*price) * i128::from(scale) * i128::from(dearest(part)) / whole.max(1)).unwrap_or(0)
            }
            Form::Each | Form::Steps { .. } | Form::Cheapest { .. } => 0,
        }
    }

    /// What a unit brings in a set of its like, `scale` to the cent.
    pub fn rate(&self, part: usize, worth: i64, scale: i64) -> i64 {
        match self.form {
            Form::Cheapest { size, paid } => worth * scale * i64::from(size - paid) / i64::from(*size),
            Form::Each | Form::Steps { .. } | Form::Set { .. } | Form::Bundle { .. } => worth * scale - self.share(part, scale),
        }
    }

    /// All that it can come to hold, ascending; `None`: more than `max`.
    pub fn states(&self, units: &[u32], max: usize) -> Option<Vec<u64>> {
        let of_part = |part: usize| -> u64 {
            let names_it = |at: &[(usize, i64)]| at.iter().any(|(of, _)| *of == part);
            self.at.iter().zip(units).filter(|(at, _)| names_it(at)).map(|(_, units)| u64::from(*units)).sum()
        };
        let most: Vec<u64> = (0..self.parts()).map(of_part).collect();
        let mut found = BTreeSet::from([self.start]);
        let mut new = vec![self.start];
        while let Some(state) = new.pop() {
            for (part, most) in most.iter().enumerate() {
                let fits = |step: &Step| !matches!(self.form, Form::Bundle { .. }) || self.digit(step.to, part) <= *most;
                if let Some(step) = self.step(state, part).filter(fits)
                    && found.insert(step.to)
                {
                    new.push(step.to);
                }
            }
            if found.len() > max {
                return None;
            }
        }
        Some(found.into_iter().collect())
    }
}

fn reached(from: &[u32]) -> u64 {
    from.iter().map(|from| u64::from(*from)).sum()
}
