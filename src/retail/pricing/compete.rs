//! Where rules compete for units: the best for the customer of all ways to share the units out.
//!
//! Rules that reach a common pool, directly or over others, are settled together. With up to [`EXACT_RULES_MAX`] of them every way is weighed:
//! unit after unit, dearest first, with how far each rule's open set has come as the state. One open set per rule is enough, because sets formed
//! from the dearest down are never worth less than other sets of the same units. Beyond that, or when there are more units and states than
//! [`CELLS_MAX`], the rules take what they can one after the other: by priority, by what they would save alone, by id. Nothing here
//! looks at the order of scanning.

use super::alone::alone;
use super::pool::{Form, Member, Pool, Take, Track};
use super::promotion::Promotion;

/// Rules on one group of units that are settled exactly.
pub const EXACT_RULES_MAX: usize = 8;
/// Units × states that are looked at; keeps the worst basket at some milliseconds.
pub const CELLS_MAX: usize = 400_000;

/// What each track takes of the free units.
pub(super) fn compete(tracks: &[Track], promotions: &[&Promotion], pools: &[Pool]) -> Vec<Take> {
    let mut takes = vec![Take::default(); tracks.len()];
    for members in components(tracks, pools) {
        let mut rules: Vec<usize> = members.iter().map(|track| tracks[*track].rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let settled = match members.as_slice() {
            [only] => Some(vec![alone(&tracks[*only], pools)]),
            _ if rules.len() > EXACT_RULES_MAX => None,
            _ => exact(&members.iter().map(|track| &tracks[*track]).collect::<Vec<_>>(), pools),
        };
        match settled {
            Some(settled) => members.iter().zip(settled).for_each(|(track, take)| takes[*track] = take),
            None => in_order(&members, tracks, promotions, pools, &mut takes),
        }
    }
    takes
}

/// Tracks that can apply, in groups that share no pool with another group; each ascending.
fn components(tracks: &[Track], pools: &[Pool]) -> Vec<Vec<usize>> {
    // Each pool points towards the one that stands for its group.
    let mut towards: Vec<usize> = (0..pools.len()).collect();
    fn stands_for(towards: &mut [usize], mut pool: usize) -> usize {
        while towards[pool] != pool {
            towards[pool] = towards[towards[pool]];
            pool = towards[pool];
        }
        pool
    }
    let mut applying: Vec<(usize, usize)> = Vec::new();
    for (index, track) in tracks.iter().enumerate().filter(|(_, track)| track.can_apply(pools)) {
        let mut free = track.members.iter().map(|member| member.pool).filter(|pool| pools[*pool].free > 0);
        let Some(first) = free.next() else { continue };
        for pool in free {
            let (one, other) = (stands_for(&mut towards, first), stands_for(&mut towards, pool));
            towards[other] = one;
        }
        applying.push((index, first));
    }
    let mut group_of: Vec<Option<usize>> = vec![None; pools.len()];
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, pool) in applying {
        let leader = stands_for(&mut towards, pool);
        let group = *group_of[leader].get_or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(index);
    }
    groups
}

fn in_order(members: &[usize], tracks: &[Track], promotions: &[&Promotion], pools: &[Pool], takes: &mut [Take]) {
    let key = |track: usize| {
        let promotion = promotions[tracks[track].rule];
        (-i64::from(promotion.priority), -alone(&tracks[track], pools).saved, &promotion.id)
    };
    let mut order: Vec<_> = members.iter().map(|track| (key(*track), *track)).collect();
    order.sort_unstable();
    let mut left = pools.to_vec();
    for (_, track) in order {
        let take = alone(&tracks[track], &left);
        take.units.iter().for_each(|(pool, units)| left[*pool].free -= units);
        takes[track] = take;
    }
}

/// How one rule moves on with one more unit.
#[derive(Clone, Copy)]
struct Move {
    to: usize,
    /// Whether the unit's worth counts.
    counts: bool,
    /// On top of it: a set's price when it is full.
    bonus: i64,
}

/// One rule as a machine: states, and for each state and part of a bundle the next one.
struct Machine {
    states: usize,
    moves: Vec<Vec<Option<Move>>>,
    /// States in which no set is half full.
    ends: Vec<bool>,
}

fn machine(track: &Track, pools: &[Pool]) -> Option<Machine> {
    let units: u32 = track.members.iter().map(|member| pools[member.pool].free).sum();
    let capped = |size: u32| track.times_max.filter(|times| u64::from(*times) * u64::from(size) < u64::from(units));
    // With a cap the state counts units up to it; without, how far the open set has come.
    let sets = |size: u32, to_move: &dyn Fn(u32, usize) -> Move| {
        let cap = capped(size);
        let states = cap.map_or(size, |cap| cap * size + 1) as usize;
        let moves = (0..states)
            .map(|state| {
                let in_set = u32::try_from(state).unwrap_or(u32::MAX) % size;
                let next = state + 1;
                let to = match cap {
                    Some(_) if next >= states => return vec![None],
                    Some(_) => next,
                    None => next % states,
                };
                vec![Some(to_move(in_set, to))]
            })
            .collect();
        let ends = (0..states).map(|state| state % size as usize == 0).collect();
        Machine { states, moves, ends }
    };
    Some(match &track.form {
        Form::Each => sets(1, &|_, to| Move { to, counts: true, bonus: 0 }),
        Form::Cheapest { size, paid } => sets(*size, &|in_set, to| Move { to, counts: in_set >= *paid, bonus: 0 }),
        Form::Set { size, price } => {
            sets(*size, &|in_set, to| Move { to, counts: true, bonus: if in_set + 1 == *size { -price } else { 0 } })
        }
        Form::AtLeast { from } => {
            let from = *from as usize;
            let step = |state: usize| vec![Some(Move { to: (state + 1).min(from), counts: true, bonus: 0 })];
            Machine { states: from + 1, moves: (0..=from).map(step).collect(), ends: (0..=from).map(|s| s == 0 || s == from).collect() }
        }
        Form::Bundle { counts, price } => bundle(track, pools, counts, *price)?,
    })
}

/// A bundle's state is how many units each part has, up to as many bundles as the units can make.
fn bundle(track: &Track, pools: &[Pool], counts: &[u32], price: i64) -> Option<Machine> {
    let free = |part: usize| u32::try_from(track.free(part, pools)).unwrap_or(u32::MAX);
    let most = counts.iter().enumerate().map(|(part, count)| free(part) / count).min()?.min(track.times_max.unwrap_or(u32::MAX));
    let sizes: Vec<usize> = counts.iter().map(|count| (most * count) as usize + 1).collect();
    let states = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)).filter(|states| *states <= CELLS_MAX)?;
    let digits = |mut state: usize| -> Vec<usize> {
        sizes
            .iter()
            .map(|size| {
                let digit = state % size;
                state /= size;
                digit
            })
            .collect()
    };
    let places: Vec<usize> = sizes.iter().scan(1, |place, size| Some(std::mem::replace(place, *place * size))).collect();
    let mut moves = Vec::with_capacity(states);
    let mut ends = Vec::with_capacity(states);
    for state in 0..states {
        let digits = digits(state);
        let step = |part: usize| {
            let next = digits[part] + 1;
            // The price is paid with the last unit of the first part.
            let bonus = if part == 0 && next % counts[0] as usize == 0 { -price } else { 0 };
            (next < sizes[part]).then_some(Move { to: state + places[part], counts: true, bonus })
        };
        moves.push((0..counts.len()).map(step).collect());
        let full = digits[0] / counts[0] as usize;
        ends.push(digits.iter().zip(counts).all(|(digit, count)| *digit == full * *count as usize));
    }
    Some(Machine { states, moves, ends })
}

const NONE: i64 = i64::MIN;

/// Every way weighed. `None`: too many units and states.
fn exact(tracks: &[&Track], pools: &[Pool]) -> Option<Vec<Take>> {
    let mut reached: Vec<usize> = tracks.iter().flat_map(|track| track.members.iter().map(|member| member.pool)).collect();
    reached.sort_unstable();
    reached.dedup();
    // Places in `reached`, one for each unit.
    let units: Vec<usize> = reached
        .iter()
        .enumerate()
        .flat_map(|(place, pool)| std::iter::repeat_n(place, (pools[*pool].free as usize).min(CELLS_MAX)))
        .take(CELLS_MAX)
        .collect();
    if units.len() >= CELLS_MAX {
        return None;
    }
    let machines: Vec<Machine> = tracks.iter().map(|track| machine(track, pools)).collect::<Option<_>>()?;
    let states = machines.iter().try_fold(1_usize, |product, machine| product.checked_mul(machine.states))?;
    if states.checked_mul(units.len())? > CELLS_MAX {
        return None;
    }
    let places: Vec<usize> = machines.iter().scan(1, |place, machine| Some(std::mem::replace(place, *place * machine.states))).collect();
    // Of each track, what it makes of each reached pool.
    let part_in = |track: &&Track| {
        let mut of_pool: Vec<Option<Member>> = vec![None; reached.len()];
        for member in &track.members {
            if let Ok(place) = reached.binary_search(&member.pool) {
                of_pool[place] = Some(*member);
            }
        }
        of_pool
    };
    let parts: Vec<Vec<Option<Member>>> = tracks.iter().map(part_in).collect();

    let mut best = vec![NONE; states];
    best[0] = 0;
    // Who took each unit on the best way to each state (0: nobody), and from which state.
    let mut trail: Vec<(u32, u8)> = vec![(0, 0); states * units.len()];
    let mut next = vec![NONE; states];
    for (step, unit) in units.iter().enumerate() {
        let marks = &mut trail[step * states..(step + 1) * states];
        for state in 0..states {
            next[state] = best[state];
            marks[state] = (u32::try_from(state).unwrap_or(u32::MAX), 0);
        }
        for (number, (of_pool, machine)) in parts.iter().zip(&machines).enumerate() {
            let Some(Member { worth, part, .. }) = of_pool[*unit] else { continue };
            let place = places[number];
            for (state, so_far) in best.iter().enumerate().filter(|(_, so_far)| **so_far != NONE) {
                let own = state / place % machine.states;
                let Some(way) = machine.moves[own][part] else { continue };
                let value = so_far + way.bonus + if way.counts { worth } else { 0 };
                let to = state + way.to * place - own * place;
                if value > next[to] {
                    next[to] = value;
                    marks[to] = (u32::try_from(state).unwrap_or(u32::MAX), u8::try_from(number + 1).unwrap_or(u8::MAX));
                }
            }
        }
        std::mem::swap(&mut best, &mut next);
    }

    let is_end = |state: usize| machines.iter().zip(&places).all(|(machine, place)| machine.ends[state / place % machine.states]);
    let (mut state, _) = best
        .iter()
        .enumerate()
        .filter(|(state, value)| **value != NONE && is_end(*state))
        .fold((0, NONE), |found, (state, value)| if *value > found.1 { (state, *value) } else { found });
    let mut takes = vec![Take::default(); tracks.len()];
    for (step, unit) in units.iter().enumerate().rev() {
        let (from, taker) = trail[step * states + state];
        let from = from as usize;
        if taker > 0 {
            let number = usize::from(taker) - 1;
            let own = from / places[number] % machines[number].states;
            if let Some(Member { pool, worth, part }) = parts[number][*unit]
                && let Some(way) = machines[number].moves[own][part]
            {
                // Units come pool after pool, from the last one back.
                match takes[number].units.last_mut() {
                    Some((last, units)) if *last == pool => *units += 1,
                    _ => takes[number].units.push((pool, 1)),
                }
                takes[number].saved += way.bonus + if way.counts { worth } else { 0 };
            }
        }
        state = from;
    }
    takes.iter_mut().for_each(|take| take.units.reverse());
    Some(takes)
}
