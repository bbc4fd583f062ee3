//! Where rules compete for units: the best for the customer of all ways to share the units out.
//!
//! Rules that reach a common pool, directly or over others, are settled together. Up to [`EXACT_RULES_MAX`] of them are settled exactly (`exact.rs`).
//! More take what they can one after the other: by priority, by what they would save alone, by id. Nothing here looks at the order of scanning.

use super::alone::alone;
use super::exact::exact;
use super::pool::{Pool, Take, Track};
use super::promotion::Promotion;

/// Rules on one group of units that are settled exactly.
pub const EXACT_RULES_MAX: usize = 8;

/// What each track takes of the free units, and whether a search for the best stopped at `states_max`.
pub(super) fn compete(tracks: &[Track], promotions: &[&Promotion], pools: &[Pool], states_max: usize) -> (Vec<Take>, bool) {
    let mut unproved = false;
    let mut takes = vec![Take::default(); tracks.len()];
    let mut own = pools.to_vec();
    for members in components(tracks, pools) {
        if let [only] = members.as_slice() {
            takes[*only] = alone(&tracks[*only], pools);
            continue;
        }
        let reached = || members.iter().flat_map(|track| &tracks[*track].members).map(|member| member.pool);
        in_order(&members, tracks, promotions, pools, &mut own, &mut takes);
        if members.len() <= EXACT_RULES_MAX {
            let known = members.iter().map(|track| takes[*track].saved).sum();
            let competing: Vec<&Track> = members.iter().map(|track| &tracks[*track]).collect();
            let settled = exact(&competing, pools, known, states_max);
            unproved |= settled.unproved;
            for (track, given) in members.iter().zip(settled.given.into_iter().flatten()) {
                reached().for_each(|pool| own[pool].free = 0);
                given.iter().for_each(|(pool, units)| own[*pool].free = *units);
                takes[*track] = alone(&tracks[*track], &own);
            }
        }
        reached().for_each(|pool| own[pool].free = pools[pool].free);
    }
    (takes, unproved)
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

/// `left` holds the units that nobody has yet.
fn in_order(members: &[usize], tracks: &[Track], promotions: &[&Promotion], pools: &[Pool], left: &mut [Pool], takes: &mut [Take]) {
    let key = |track: usize| {
        let promotion = promotions[tracks[track].rule];
        (-i64::from(promotion.priority), -alone(&tracks[track], pools).saved, &promotion.id)
    };
    let mut order: Vec<_> = members.iter().map(|track| (key(*track), *track)).collect();
    order.sort_unstable();
    for (_, track) in order {
        let take = alone(&tracks[track], left);
        take.units.iter().for_each(|(pool, units)| left[*pool].free -= units);
        takes[track] = take;
    }
}
