//! The best of all ways to share units out among rules that compete, proved to be the best.
//!
//! Each unit gets a toll that a rule pays for it. Rules that do not meet otherwise then go their own ways, so what they bring at their best, with
//! the tolls paid back, is never less than the best way brings: the bound. Tolls are raised where too many want a unit and lowered where nobody
//! does, until the bound is near. Then a search goes from place to place, dearest first, and drops every state from which the bound does not
//! reach beyond what is known. What it finds is the best; where it finds nothing, what is known is.
//!
//! How long that takes depends on how near the bound comes; `docs/PROMOTIONS.md` has the figures and what becomes of a search that takes too long. Nothing
//! here depends on the order of scanning.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::bulk::take_bulk;
use super::compete::EXACT_RULES_MAX;
use super::machine::Machine;
use super::pool::{Pool, Track};
use super::team::{NEVER, SCALE, Team, teams};

/// Changes of the tolls before the search is tried again.
const ROUNDS: usize = 40;
/// After so many of them a narrow search looks for a better way than the one that is known.
const NARROW_EVERY: usize = 8;
/// States that a narrow search keeps.
const NARROW: usize = 20;
/// And that it may see.
const NARROW_STATES: usize = 100_000;
/// States that the first search may see; each further one may see half as many more.
const STATES_FIRST: usize = 20_000;
/// When all searches together have seen so many, the best way found by then counts.
pub const STATES_MAX: usize = 2_000_000;
/// Comparisons in a table that take as long as one state of a search.
const WORK_PER_STATE: usize = 32;
/// Smaller steps are tried when this many rounds in a row have not brought the bound nearer.
const PATIENCE: usize = 6;
const WHOLE_STEP: i64 = 1 << 14;
/// With smaller ones the bound comes no nearer.
const STEP_MIN: i64 = 1 << 5;

/// Units given, by track and pool.
pub(super) type Given = Vec<BTreeMap<usize, u32>>;

pub(super) struct Settled {
    /// `None`: none is known that saves more than the one before.
    pub(super) given: Option<Given>,
    /// The search stopped before it had seen that nothing saves more.
    pub(super) unproved: bool,
}

/// The way that saves most, if it saves more than `known`. Sees at most about `states_max` states.
pub(super) fn exact(tracks: &[&Track], pools: &[Pool], known: i64, states_max: usize) -> Settled {
    let (mut contest, places) = Contest::new(tracks, pools);
    let settled = take_bulk(&mut contest.machines, &mut contest.units);
    let (given, unproved) = contest.solve(known - settled.iter().map(|bulk| bulk.saves).sum::<i64>(), states_max);
    let Some(given) = given else { return Settled { given: None, unproved } };

    let mut by_pool: Given = vec![BTreeMap::new(); tracks.len()];
    let mut left: Vec<Vec<(usize, u32)>> = places.iter().map(|of| of.iter().map(|pool| (*pool, pools[*pool].free)).collect()).collect();
    let of_search = given
        .iter()
        .enumerate()
        .flat_map(|(machine, by_place)| by_place.iter().enumerate().map(move |(place, units)| (machine, place, *units)));
    for (machine, place, mut units) in settled.iter().map(|bulk| (bulk.machine, bulk.place, bulk.units)).chain(of_search) {
        for (pool, free) in &mut left[place] {
            let now = units.min(*free);
            (*free, units) = (*free - now, units - now);
            if now > 0 {
                *by_pool[machine].entry(*pool).or_default() += now;
            }
        }
    }
    Settled { given: Some(by_pool), unproved }
}

struct Contest<'a> {
    machines: Vec<Machine<'a>>,
    /// At each place; dearest first.
    units: Vec<u32>,
    teams: Vec<Team>,
    /// At each place, the machine that takes what is left, and what a unit brings it.
    rest: Vec<(Option<usize>, i64)>,
    /// At each place, never below what the rest brings.
    tolls: Vec<i64>,
}

/// The tolls at their best so far, and how to go on.
struct Near {
    bound: i64,
    tolls: Vec<i64>,
    step: i64,
    /// Rounds since it came nearer.
    rounds: usize,
}

/// Units by machine and place, and what they save.
struct Way {
    saves: i64,
    given: Vec<Vec<u32>>,
}

#[derive(Clone, Copy)]
struct Node {
    /// Of each team.
    state: [u64; EXACT_RULES_MAX],
    /// Units of the place that nobody has yet.
    left: u32,
    saves: i64,
    bound: i64,
    /// The node it came from, and the units that the machine at hand took.
    parent: u32,
    took: u32,
    /// Units by which it differs from what the teams want.
    unlike: u32,
}

/// What a machine took of a place on the way to each node.
struct Turn {
    place: usize,
    /// `None`: nobody has it.
    machine: Option<usize>,
    /// The node it came from, and the units.
    nodes: Vec<(u32, u32)>,
}

impl Turn {
    fn of(place: usize, machine: Option<usize>, nodes: &[Node]) -> Turn {
        Turn { place, machine, nodes: nodes.iter().map(|node| (node.parent, node.took)).collect() }
    }
}

enum Searched {
    Found(Way),
    /// There is no better way.
    Nothing,
    /// More states than it was allowed to see.
    TooMany,
}

impl<'a> Contest<'a> {
    /// And the pools at each place: those that are alike for all rules stand together.
    fn new(tracks: &[&'a Track], pools: &[Pool]) -> (Contest<'a>, Vec<Vec<usize>>) {
        let mut of_pool: BTreeMap<usize, Vec<(usize, usize, i64)>> = BTreeMap::new();
        for (number, track) in tracks.iter().enumerate() {
            for member in track.members.iter().filter(|member| pools[member.pool].free > 0) {
                of_pool.entry(member.pool).or_default().push((number, member.part, member.worth));
            }
        }
        let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (pool, uses) in of_pool {
            alike.entry((Reverse(pools[pool].price), uses)).or_default().push(pool);
        }
        let mut at: Vec<Vec<Vec<(usize, i64)>>> = vec![vec![Vec::new(); alike.len()]; tracks.len()];
        for (place, (_, uses)) in alike.keys().enumerate() {
            uses.iter().for_each(|(track, part, worth)| at[*track][place].push((*part, *worth)));
        }
        let places: Vec<Vec<usize>> = alike.into_values().collect();
        let free = |pools_of: &Vec<usize>| pools_of.iter().map(|pool| pools[*pool].free).fold(0, u32::saturating_add);
        let units: Vec<u32> = places.iter().map(free).collect();
        let mut machines: Vec<Machine> = tracks.iter().zip(at).map(|(track, at)| Machine::new(track, at)).collect();
        machines.iter_mut().for_each(|machine| machine.fit(&units));
        (Contest { machines, units, teams: Vec::new(), rest: Vec::new(), tolls: Vec::new() }, places)
    }

    /// The best way, if it saves more than `known`, and whether a better one may have been missed.
    fn solve(&mut self, known: i64, all_states_max: usize) -> (Option<Vec<Vec<u32>>>, bool) {
        self.machines.iter_mut().for_each(|machine| machine.fit(&self.units));
        self.teams = teams(&self.machines, &self.units);
        self.rest = (0..self.units.len()).map(|place| self.rest_at(place)).collect();
        self.tolls = self.rest.iter().map(|(_, worth)| worth * SCALE).collect();
        if self.teams.len() <= 1 && self.teams.iter().all(Team::is_exact) {
            // One table of all rules: its best way is the best there is.
            return ((self.set_tolls() > known * SCALE).then(|| self.with_rest(self.wanted())), false);
        }
        self.set_first_tolls();
        let bound = self.set_tolls();
        let mut near = Near { bound, tolls: self.tolls.clone(), step: WHOLE_STEP, rounds: 0 };
        let mut best = Way { saves: known, given: Vec::new() };
        let mut states_max = STATES_FIRST;
        let mut seen = 0;
        let mut proved = false;
        while near.bound >= (best.saves + 1) * SCALE && seen + self.work() < all_states_max {
            self.come_nearer(&mut near, &mut best, all_states_max);
            if near.bound < (best.saves + 1) * SCALE {
                break;
            }
            let former = std::mem::replace(&mut self.tolls, near.tolls.clone());
            self.set_tolls();
            match self.search_downwards(near.bound, best.saves, states_max) {
                Searched::Found(way) => best = way,
                Searched::Nothing => {}
                Searched::TooMany => {
                    seen += states_max;
                    states_max += states_max / 2;
                    near.step = (near.step * 8).min(WHOLE_STEP);
                    self.tolls = former;
                    self.set_tolls();
                    continue;
                }
            }
            proved = true;
            break;
        }
        let unproved = !proved && near.bound >= (best.saves + 1) * SCALE;
        ((best.saves > known).then_some(best.given), unproved)
    }

    /// The dearest of those that take the rest; none of them when nobody has the unit.
    fn rest_at(&self, place: usize) -> (Option<usize>, i64) {
        let takers = self.machines.iter().enumerate().filter(|(_, machine)| machine.takes_the_rest());
        let worths = takers.filter_map(|(number, machine)| machine.at[place].first().map(|(_, worth)| (Some(number), *worth)));
        worths.fold((None, 0), |best, other| if other.1 > best.1 { other } else { best })
    }

    fn with_rest(&self, mut given: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
        for (place, (machine, _)) in self.rest.iter().enumerate() {
            let taken: u32 = given.iter().map(|by_place| by_place[place]).sum();
            if let Some(machine) = machine {
                given[*machine][place] += self.units[place] - taken;
            }
        }
        given
    }

    /// Of each unit, the most that a rule brings by the unit when nothing is in its way.
    fn set_first_tolls(&mut self) {
        for (place, toll) in self.tolls.iter_mut().enumerate() {
            let rates =
                self.machines.iter().flat_map(|machine| machine.at[place].iter().map(|(part, worth)| machine.rate(*part, *worth, SCALE)));
            *toll = rates.max().unwrap_or(0).max(*toll);
        }
    }

    /// Fills the tables for the tolls as they are.
    fn set_tolls(&mut self) -> i64 {
        self.teams.iter_mut().for_each(|team| team.set_tolls(&self.machines, &self.units, &self.tolls));
        self.bound()
    }

    /// What the tolls have cost so far, in states of a search.
    fn work(&self) -> usize {
        self.teams.iter().map(Team::work).sum::<usize>() / WORK_PER_STATE
    }

    /// No way saves more, in parts of a cent.
    fn bound(&self) -> i64 {
        let paid: i64 = self.units.iter().zip(&self.tolls).map(|(units, toll)| i64::from(*units) * toll).sum();
        paid + self.teams.iter().map(|team| team.later(&self.machines, team.start(&self.machines), 0)).sum::<i64>()
    }

    /// What the teams would take at these tolls: more than there is of one unit, and nothing of another.
    fn wanted(&self) -> Vec<Vec<u32>> {
        let mut given = vec![vec![0; self.units.len()]; self.machines.len()];
        for team in &self.teams {
            team.wanted(&self.machines, &self.units, &self.tolls, |place, machine| given[machine][place] += 1);
        }
        given
    }

    /// A subgradient step for each round, its length by how far the bound is from what is known.
    fn come_nearer(&mut self, near: &mut Near, best: &mut Way, all_states_max: usize) {
        for round in 0..ROUNDS {
            if round % NARROW_EVERY == NARROW_EVERY / 2
                && let Searched::Found(way) = self.search(best.saves, NARROW, &mut { NARROW_STATES })
            {
                *best = way;
            }
            if near.bound < (best.saves + 1) * SCALE || near.step < STEP_MIN {
                return;
            }
            let wanted = self.wanted();
            let over = |place: usize| {
                let over = wanted.iter().map(|by_place| i64::from(by_place[place])).sum::<i64>() - i64::from(self.units[place]);
                // The rest is glad of what nobody wants.
                if self.tolls[place] <= self.rest[place].1 * SCALE { over.max(0) } else { over }
            };
            let over: Vec<i64> = (0..self.units.len()).map(over).collect();
            // Of a pallet a little more is less.
            let by_unit = |over: i64, units: u32| (i128::from(over) << 20) / i128::from(units.max(1));
            let length: i128 = over.iter().zip(&self.units).map(|(over, units)| by_unit(*over, *units) * i128::from(*over)).sum();
            if length == 0 {
                // Nobody is in another's way: the bound is what they bring.
                if over.iter().all(|over| *over == 0) && self.teams.iter().all(Team::is_exact) {
                    let bound = self.bound();
                    *best = Way { saves: bound / SCALE, given: self.with_rest(wanted) };
                    near.bound = bound;
                }
                return;
            }
            let far = i128::from(self.bound() - best.saves * SCALE) * i128::from(near.step);
            for (place, toll) in self.tolls.iter_mut().enumerate() {
                let more = far * by_unit(over[place], self.units[place]) / (length * i128::from(WHOLE_STEP));
                // Nobody pays more than a unit is worth, so higher tolls say nothing; and sums stay within the sum of the basket.
                let worths = self.machines.iter().flat_map(|machine| machine.at[place].iter().map(|(_, worth)| *worth));
                let most = i128::from(worths.max().unwrap_or(0) * SCALE);
                let changed = (i128::from(*toll) + more).clamp(i128::from(self.rest[place].1 * SCALE), most);
                *toll = i64::try_from(changed).unwrap_or(*toll);
            }
            if self.work() >= all_states_max {
                return;
            }
            let bound = self.set_tolls();
            near.rounds += 1;
            if bound < near.bound {
                (near.bound, near.rounds) = (bound, 0);
                near.tolls.clone_from(&self.tolls);
            }
            if near.rounds >= PATIENCE {
                (near.step, near.rounds) = (near.step / 2, 0);
                self.tolls.clone_from(&near.tolls);
                self.set_tolls();
            }
        }
    }

    /// First only near the bound, then further down: the nearer, the fewer states. Sees at most `states` of them.
    fn search_downwards(&self, bound: i64, known: i64, mut states: usize) -> Searched {
        let mut depth = (bound - known * SCALE) / 16;
        loop {
            let above = ((bound - depth) / SCALE - 1).max(known);
            match self.search(above, usize::MAX, &mut states) {
                Searched::Nothing if above > known => depth = depth * 2 + SCALE,
                searched => return searched,
            }
        }
    }

    /// The best way that saves more than `above`. Of each place and machine it keeps the `width` states that promise most; `states` is how many it
    /// may see, and then how many of them are left.
    fn search(&self, above: i64, width: usize, states: &mut usize) -> Searched {
        let least = (above + 1) * SCALE;
        // Tolls of all units after a place.
        let mut later_tolls = vec![0; self.units.len() + 1];
        for place in (0..self.units.len()).rev() {
            later_tolls[place] = later_tolls[place + 1] + i64::from(self.units[place]) * self.tolls[place];
        }
        let mut start = Node { state: [0; EXACT_RULES_MAX], left: 0, saves: 0, bound: 0, parent: 0, took: 0, unlike: 0 };
        start.state.iter_mut().zip(&self.teams).for_each(|(state, team)| *state = team.start(&self.machines));
        let mut nodes = vec![start];
        let wanted = self.wanted();
        let mut trail: Vec<Turn> = Vec::new();
        for place in 0..self.units.len() {
            nodes.iter_mut().for_each(|node| node.left = self.units[place]);
            for (number, team) in self.teams.iter().enumerate() {
                let here: Vec<usize> =
                    (0..team.members.len()).filter(|member| !self.machines[team.members[*member]].at[place].is_empty()).collect();
                for (of_here, member) in here.iter().enumerate() {
                    let machine = team.members[*member];
                    let after = if of_here + 1 == here.len() { place + 1 } else { place };
                    let wish = wanted[machine][place];
                    let mut seen = 0;
                    let mut next: Vec<Node> = Vec::with_capacity(nodes.len() * 2);
                    for (parent, node) in nodes.iter().enumerate() {
                        if seen > *states {
                            return Searched::TooMany;
                        }
                        let other = |(other, team): (usize, &Team)| match other == number {
                            true => 0,
                            false => team.later(&self.machines, node.state[other], if other < number { place + 1 } else { place }),
                        };
                        let others = later_tolls[place + 1] + self.teams.iter().enumerate().map(other).sum::<i64>();
                        let mut keep = |node: Node| {
                            seen += 1;
                            let own = team.later(&self.machines, node.state[number], after);
                            let bound = node.saves * SCALE + others + i64::from(node.left) * self.tolls[place] + own;
                            if own > NEVER / 2 && bound >= least {
                                next.push(Node { bound, unlike: node.unlike + node.took.abs_diff(wish), ..node });
                            }
                        };
                        let idle = Node { parent: u32::try_from(parent).unwrap_or(u32::MAX), took: 0, ..*node };
                        keep(idle);
                        for (part, worth) in &self.machines[machine].at[place] {
                            let mut node = idle;
                            while node.left > 0
                                && let Some((to, brings)) = team.step(&self.machines, node.state[number], *member, *part, *worth)
                            {
                                node.state[number] = to;
                                node.saves += brings;
                                node.left -= 1;
                                node.took += 1;
                                keep(node);
                            }
                        }
                    }
                    let Some(left) = states.checked_sub(seen) else { return Searched::TooMany };
                    *states = left;
                    nodes = distinct(next, self.rest[place].1, width);
                    trail.push(Turn::of(place, Some(machine), &nodes));
                }
            }
            let (rest, worth) = self.rest[place];
            let after_rest = |(parent, node): (usize, &Node)| {
                let saves = node.saves + i64::from(node.left) * worth;
                Node { left: 0, saves, parent: u32::try_from(parent).unwrap_or(u32::MAX), took: node.left, ..*node }
            };
            nodes = distinct(nodes.iter().enumerate().map(after_rest).collect(), 0, usize::MAX);
            trail.push(Turn::of(place, rest, &nodes));
        }
        let is_end = |node: &Node| self.teams.iter().zip(&node.state).all(|(team, state)| team.is_end(&self.machines, *state));
        let ends = nodes.iter().enumerate().filter(|(_, node)| node.saves > above && is_end(node));
        let Some((mut at, end)) = ends.max_by_key(|(at, node)| (node.saves, Reverse(*at))) else { return Searched::Nothing };
        let mut given = vec![vec![0; self.units.len()]; self.machines.len()];
        for turn in trail.iter().rev() {
            let (parent, took) = turn.nodes[at];
            if let Some(machine) = turn.machine {
                given[machine][turn.place] += took;
            }
            at = parent as usize;
        }
        Searched::Found(Way { saves: end.saves, given })
    }
}

/// The best nodes of each state, at most `width` of all. A node with fewer units left must have made more of them than the rest would.
fn distinct(mut nodes: Vec<Node>, of_rest: i64, width: usize) -> Vec<Node> {
    nodes.sort_unstable_by_key(|node| (node.state, Reverse((node.left, node.saves)), node.parent, node.took));
    let with_rest = |node: &Node| node.saves + i64::from(node.left) * of_rest;
    nodes.dedup_by(|node, first| node.state == first.state && with_rest(node) <= with_rest(first));
    if nodes.len() > width {
        nodes.sort_unstable_by_key(|node| (Reverse(node.bound), node.unlike, node.state, node.left));
        nodes.truncate(width);
    }
    nodes
}
