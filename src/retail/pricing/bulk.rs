//! Of a great many like units most go to one rule in the best way there is: they are settled at once, so that a pallet is no more work than a
//! trolley.
//!
//! Let `best` be the rule that brings most by the unit at a place, of those that can always take one more set of units all from this place; or a
//! quantity break whose last step is reached; or nobody. Take a best way in which it has as many units of the place as can be. Units that other
//! rules hold in whole sets from this place could be handed over `best.size` sets at a time at the latest: of so many numbers, some that stand
//! together add up to a multiple of it. So there are fewer such sets, and what else is not with `best` is bounded as well: units of sets that reach
//! into other places, of caps that bring more, of steps that are only just reached, of bundles. The rest is with `best`.

use super::machine::Machine;
use super::pool::Form;

/// Fewer units are looked at one by one.
const FEW: u32 = 24;

struct Best {
    machine: Option<usize>,
    /// Per `size` units.
    brings: i64,
    size: u32,
    /// Units from which on it counts.
    from: u32,
}

/// Units of one place that are settled.
pub(super) struct Bulk {
    pub machine: usize,
    pub place: usize,
    pub units: u32,
    pub saves: i64,
}

/// Takes out of `units` what is settled.
pub(super) fn take_bulk(machines: &mut [Machine], units: &mut [u32]) -> Vec<Bulk> {
    let mut settled = Vec::new();
    for place in 0..units.len() {
        if units[place] <= FEW {
            continue;
        }
        let best = best(machines, place);
        let elsewhere = elsewhere(machines, place, &best, units);
        let sets = u64::from(units[place]).saturating_sub(elsewhere) / u64::from(best.size);
        let bulk = u32::try_from(sets * u64::from(best.size)).unwrap_or(0);
        if bulk == 0 || bulk < best.from {
            continue;
        }
        units[place] -= bulk;
        if let Some(machine) = best.machine {
            machines[machine].start = machines[machine].last_step();
            settled.push(Bulk { machine, place, units: bulk, saves: best.brings * i64::from(bulk / best.size) });
        }
    }
    settled
}

/// What machine `number` brings with a set of this place's units alone.
fn whole_set(machine: &Machine, number: usize, place: usize) -> Option<Best> {
    let (_, worth) = *machine.at[place].last()?;
    let (brings, from) = match machine.form {
        Form::Each => (worth, 0),
        Form::Cheapest { size, paid } => (worth * i64::from(size - paid), 0),
        Form::Set { size, price } => (worth * i64::from(*size) - price, 0),
        Form::Steps { from } => (worth, *from.last()?),
        Form::Bundle { .. } => return None,
    };
    Some(Best { machine: Some(number), brings, size: machine.size(), from })
}

fn best(machines: &[Machine], place: usize) -> Best {
    let nobody = Best { machine: None, brings: 0, size: 1, from: 0 };
    let always = machines.iter().enumerate().filter(|(_, machine)| machine.times_max.is_none());
    let sets = always.filter_map(|(number, machine)| whole_set(machine, number, place));
    sets.fold(nobody, |best, set| if brings_more(&set, &best) { set } else { best })
}

fn brings_more(one: &Best, other: &Best) -> bool {
    i128::from(one.brings) * i128::from(other.size) > i128::from(other.brings) * i128::from(one.size)
}

/// At most so many units of the place are not with `best`.
fn elsewhere(machines: &[Machine], place: usize, best: &Best, units: &[u32]) -> u64 {
    let here = |machine: &&Machine| !machine.at[place].is_empty();
    let size_max = machines.iter().filter(here).filter(|m| !matches!(m.form, Form::Bundle { .. })).map(Machine::size).max().unwrap_or(1);
    let in_sets = u64::from(best.size - 1) * u64::from(size_max) + u64::from(best.from);
    let besides = machines.iter().filter(here).map(|machine| {
        let size = u64::from(machine.size());
        match (machine.form, machine.times_max) {
            (Form::Bundle { counts, .. }, times_max) => {
                let of = |part: usize| -> u64 {
                    let of_part = machine.at.iter().zip(units).filter(|(at, _)| at.first().is_some_and(|(of, _)| *of == part));
                    of_part.map(|(_, units)| u64::from(*units)).sum()
                };
                let most = counts.iter().enumerate().map(|(part, count)| of(part) / u64::from(*count)).min().unwrap_or(0);
                let own = machine.at[place].first().map_or(0, |(part, _)| u64::from(counts[*part]));
                most.min(times_max.map_or(u64::MAX, u64::from)) * own
            }
            (Form::Steps { from }, _) => from.iter().copied().max().map_or(0, u64::from),
            (_, Some(times)) if whole_set(machine, 0, place).is_some_and(|set| brings_more(&set, best)) => u64::from(times) * size,
            _ => size - 1,
        }
    });
    in_sets + besides.sum::<u64>()
}
