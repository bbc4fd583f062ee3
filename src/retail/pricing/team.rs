//! Rules that are looked at together, and how much they can still bring when each unit costs them a toll. Of rules with few states that is known
//! exactly, by a table of all of them at once.

use super::machine::{Machine, Step};

/// Parts of a cent.
pub(super) const SCALE: i64 = 1_024;
/// It cannot be brought to an end.
pub(super) const NEVER: i64 = i64::MIN / 4;

/// States of rules in one table: small, because the table is filled again with every change of the tolls.
const TOGETHER_MAX: usize = 100;
/// States of one rule, times the units it reaches, in a table of its own. With more it is judged by its units' shares of its price.
const TABLE_MAX: u64 = 200_000;

pub(super) struct Team {
    /// Numbers among the machines.
    pub members: Vec<usize>,
    bound: Bound,
}

enum Bound {
    Table(Table),
    Shares(Shares),
}

/// Of one machine: each unit brings what it is worth, less its share of a set's price and, where there is a cap, less what room under it is worth.
#[derive(Default)]
struct Shares {
    /// By part: of a unit, its share of the price and what its room is worth.
    of_unit: Vec<(i64, i64)>,
    /// What the units from each place on may bring, and after the last.
    later: Vec<i64>,
    /// Of each place.
    wanted: Vec<u32>,
}

struct Table {
    axes: Vec<Axis>,
    /// Of all axes together.
    states: usize,
    /// Which row holds before each place, and after the last.
    at: Vec<usize>,
    /// By state, what may still come. The first is the end's.
    rows: Vec<Vec<i64>>,
    /// Values that were compared while it was filled, since ever.
    work: usize,
}

/// One machine in a table.
struct Axis {
    stride: usize,
    states: usize,
    start: usize,
    parts: usize,
    /// By state and part; states are numbered.
    steps: Vec<Option<(usize, Step)>>,
}

/// Machines with few states first, as many together as may be. Those that take the rest are in no team.
pub(super) fn teams(machines: &[Machine], units: &[u32]) -> Vec<Team> {
    let mut teams: Vec<Team> = Vec::new();
    let mut small: Vec<(usize, Vec<u64>)> = Vec::new();
    for (number, machine) in machines.iter().enumerate().filter(|(_, machine)| !machine.takes_the_rest()) {
        let own: u64 = machine.at.iter().zip(units).filter(|(at, _)| !at.is_empty()).map(|(_, units)| u64::from(*units)).sum();
        match machine.states(units, usize::try_from(TABLE_MAX / own.max(1)).unwrap_or(usize::MAX)) {
            Some(states) => small.push((number, states)),
            None => teams.push(Team { members: vec![number], bound: Bound::Shares(Shares::default()) }),
        }
    }
    small.sort_by_key(|(number, states)| (states.len(), *number));
    for (number, states) in small {
        match teams.last_mut() {
            Some(Team { members, bound: Bound::Table(table) }) if table.states * states.len() <= TOGETHER_MAX => {
                table.add(&machines[number], &states);
                members.push(number);
            }
            _ => {
                let mut table = Table { axes: Vec::new(), states: 1, at: Vec::new(), rows: vec![vec![0]], work: 0 };
                table.add(&machines[number], &states);
                teams.push(Team { members: vec![number], bound: Bound::Table(table) });
            }
        }
    }
    teams
}

impl Team {
    /// The bound of its members together is what they bring.
    pub fn is_exact(&self) -> bool {
        matches!(self.bound, Bound::Table(_))
    }

    /// What was compared to fill its table, since ever.
    pub fn work(&self) -> usize {
        match &self.bound {
            Bound::Table(table) => table.work,
            Bound::Shares(_) => 0,
        }
    }

    pub fn start(&self, machines: &[Machine]) -> u64 {
        match &self.bound {
            Bound::Table(table) => table.start() as u64,
            Bound::Shares(_) => machines[self.members[0]].start,
        }
    }

    /// One more unit for a member: where it takes the team, and what it brings.
    pub fn step(&self, machines: &[Machine], state: u64, member: usize, part: usize, worth: i64) -> Option<(u64, i64)> {
        match &self.bound {
            Bound::Table(table) => table.step(state as usize, member, part).map(|(to, step)| (to as u64, step.brings(worth))),
            Bound::Shares(_) => machines[self.members[member]].step(state, part).map(|step| (step.to, step.brings(worth))),
        }
    }

    pub fn is_end(&self, machines: &[Machine], state: u64) -> bool {
        match &self.bound {
            Bound::Table(table) => table.rows[0][state as usize] == 0,
            Bound::Shares(_) => machines[self.members[0]].is_end(state),
        }
    }

    /// No less than what the units from `place` on still bring it, less their tolls.
    pub fn later(&self, machines: &[Machine], state: u64, place: usize) -> i64 {
        match &self.bound {
            Bound::Table(table) => table.rows[table.at[place]][state as usize],
            Bound::Shares(Shares { of_unit, later, .. }) => {
                let machine = &machines[self.members[0]];
                let units = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
                let of_part = |(part, (share, room)): (usize, &(i64, i64))| {
                    units(machine.room(state, part)) * room - units(machine.waiting(state, part)) * share
                };
                later[place] + of_unit.iter().enumerate().map(of_part).sum::<i64>()
            }
        }
    }

    /// Takes in new tolls.
    pub fn set_tolls(&mut self, machines: &[Machine], units: &[u32], tolls: &[i64]) {
        match &mut self.bound {
            Bound::Table(table) => {
                let own: Vec<&Machine> = self.members.iter().map(|number| &machines[*number]).collect();
                table.fill(&own, units, tolls);
            }
            Bound::Shares(shares) => shares.set_tolls(&machines[self.members[0]], units, tolls),
        }
    }

    /// Calls `takes` with a place and the number of a machine for each unit that the team would have at these tolls, with nobody beside it.
    pub fn wanted(&self, machines: &[Machine], units: &[u32], tolls: &[i64], mut takes: impl FnMut(usize, usize)) {
        match &self.bound {
            Bound::Table(table) => {
                let own: Vec<&Machine> = self.members.iter().map(|number| &machines[*number]).collect();
                table.follow(&own, units, tolls, |place, member| takes(place, self.members[member]));
            }
            Bound::Shares(shares) => {
                for (place, wanted) in shares.wanted.iter().enumerate() {
                    (0..*wanted).for_each(|_| takes(place, self.members[0]));
                }
            }
        }
    }
}

impl Shares {
    fn set_tolls(&mut self, machine: &Machine, units: &[u32], tolls: &[i64]) {
        (self.wanted, self.later) = (vec![0; units.len()], vec![0; units.len() + 1]);
        self.of_unit = (0..machine.parts()).map(|part| (machine.share(part, SCALE), 0)).collect();
        for (part, (share, of_room)) in self.of_unit.iter_mut().enumerate() {
            let net = |place: usize| {
                let here = machine.at[place].iter().find(|(of, _)| *of == part);
                here.map_or(0, |(_, worth)| worth * SCALE - *share - tolls[place])
            };
            let mut nets: Vec<(i64, usize)> = (0..units.len()).map(|place| (net(place), place)).filter(|(net, _)| *net > 0).collect();
            nets.sort_unstable_by_key(|(net, place)| (-net, *place));
            let mut room = if machine.times_max.is_some() { machine.room(machine.start, part) } else { u64::MAX };
            for (net, place) in &nets {
                let now = u64::from(units[*place]).min(room);
                room -= now;
                self.wanted[*place] = u32::try_from(now).unwrap_or(u32::MAX);
                if room == 0 {
                    *of_room = *net;
                    break;
                }
            }
            for (net, place) in nets {
                self.later[place] += (net - *of_room).max(0) * i64::from(units[place]);
            }
        }
        for place in (0..units.len()).rev() {
            self.later[place] += self.later[place + 1];
        }
    }
}

impl Table {
    fn add(&mut self, machine: &Machine, states: &[u64]) {
        let number_of = |state: u64| states.binary_search(&state).ok();
        let step = |state: u64, part: usize| machine.step(state, part).and_then(|step| Some((number_of(step.to)?, step)));
        let steps = states.iter().flat_map(|state| (0..machine.parts()).map(move |part| step(*state, part))).collect();
        let start = number_of(machine.start).unwrap_or(0);
        self.axes.push(Axis { stride: self.states, states: states.len(), start, parts: machine.parts(), steps });
        let former = &self.rows[0];
        let end = states.iter().flat_map(|state| former.iter().map(|value| if machine.is_end(*state) { *value } else { NEVER }));
        self.rows = vec![end.collect()];
        self.states *= states.len();
    }

    fn start(&self) -> usize {
        self.axes.iter().map(|axis| axis.start * axis.stride).sum()
    }

    fn step(&self, state: usize, member: usize, part: usize) -> Option<(usize, Step)> {
        let axis = &self.axes[member];
        let own = state / axis.stride % axis.states;
        let (to, step) = axis.steps[own * axis.parts + part]?;
        Some((state + to * axis.stride - own * axis.stride, step))
    }

    fn fill(&mut self, own: &[&Machine], units: &[u32], tolls: &[i64]) {
        self.rows.truncate(1);
        self.at = vec![0; units.len() + 1];
        let mut next = Vec::new();
        for place in (0..units.len()).rev() {
            self.at[place] = self.at[place + 1];
            if own.iter().all(|machine| machine.at[place].is_empty()) {
                continue;
            }
            let mut row = self.rows[self.at[place + 1]].clone();
            let of_one_unit = self.states * own.iter().map(|machine| machine.at[place].len()).sum::<usize>();
            for _ in 0..units[place] {
                self.work += of_one_unit;
                if !self.one_more(own, place, tolls[place], &row, &mut next) {
                    break;
                }
                std::mem::swap(&mut row, &mut next);
            }
            self.at[place] = self.rows.len();
            self.rows.push(row);
        }
    }

    /// `next`: `row` with one more unit of the place at hand. `false`: it brings nothing to any state.
    fn one_more(&self, own: &[&Machine], place: usize, toll: i64, row: &[i64], next: &mut Vec<i64>) -> bool {
        next.clear();
        next.extend_from_slice(row);
        let mut has_changed = false;
        for (machine, axis) in own.iter().zip(&self.axes) {
            for (part, worth) in &machine.at[place] {
                for from in 0..axis.states {
                    let Some((to, step)) = axis.steps[from * axis.parts + part] else { continue };
                    let brings = step.brings(*worth) * SCALE - toll;
                    for block in (0..self.states).step_by(axis.stride * axis.states) {
                        let (from, to) = (block + from * axis.stride, block + to * axis.stride);
                        for (value, then) in next[from..from + axis.stride].iter_mut().zip(&row[to..to + axis.stride]) {
                            if then + brings > *value {
                                *value = then + brings;
                                has_changed = true;
                            }
                        }
                    }
                }
            }
        }
        has_changed
    }

    /// The best way from the start to the end.
    fn follow(&self, own: &[&Machine], units: &[u32], tolls: &[i64], mut takes: impl FnMut(usize, usize)) {
        let mut state = self.start();
        for place in (0..units.len()).filter(|place| self.at[*place] != self.at[place + 1]) {
            let mut rows = vec![self.rows[self.at[place + 1]].clone()];
            for _ in 0..units[place] {
                let mut next = Vec::new();
                if !self.one_more(own, place, tolls[place], &rows[rows.len() - 1], &mut next) {
                    break;
                }
                rows.push(next);
            }
            while let Some(now) = rows.pop()
                && let Some(before) = rows.last()
            {
                if before[state] == now[state] {
                    continue;
                }
                let ways = own.iter().enumerate().flat_map(|(member, machine)| machine.at[place].iter().map(move |at| (member, *at)));
                let found = ways.into_iter().find_map(|(member, (part, worth))| {
                    let (to, step) = self.step(state, member, part)?;
                    (before[to] + step.brings(worth) * SCALE - tolls[place] == now[state]).then_some((member, to))
                });
                if let Some((member, to)) = found {
                    takes(place, member);
                    state = to;
                }
            }
        }
    }
}
