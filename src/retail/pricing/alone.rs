//! What one rule is worth with no other beside it: exact, in steps of pools and sets, so that 99,999 pieces cost no more than three.

use super::pool::{Form, Pool, Take, Track};

/// The best that `track` can do with the free units. Cannot be beaten by another choice of units: sets are formed from the dearest down,
/// and each set is worth no more than the one before it.
pub(super) fn alone(track: &Track, pools: &[Pool]) -> Take {
    let mut taken = Taken { track, units: vec![0; track.members.len()], saved: 0 };
    let times_max = track.times_max.map_or(u64::MAX, u64::from);
    let free = |place: usize| pools[track.members[place].pool].free;
    match &track.form {
        Form::Each => {
            let mut order: Vec<usize> = (0..track.members.len()).collect();
            order.sort_by_key(|place| (-track.members[*place].worth, *place));
            let mut left = times_max;
            for place in order {
                let units = u64::from(free(place)).min(left);
                left -= units;
                taken.give(place, units);
            }
        }
        Form::Steps { from } => {
            // A later step is worth no less for any unit.
            if let Some(step) = from.iter().rposition(|from| track.free(0, pools) >= u64::from(*from)) {
                let of_step = (0..track.members.len()).filter(|place| track.members[*place].part == step);
                of_step.for_each(|place| taken.give(place, u64::from(free(place))));
            }
        }
        Form::Cheapest { size, paid } => {
            let mut row = Row::new(track, pools, 0);
            let sets = (row.left / u64::from(*size)).min(times_max);
            for _ in 0..sets {
                row.pass(u64::from(*paid), |place, units| taken.units[place] += units);
                row.pass(u64::from(size - paid), |place, units| {
                    taken.units[place] += units;
                    taken.saved += track.members[place].worth * i64::from(units);
                });
            }
            if taken.saved == 0 {
                taken.units.fill(0);
            }
        }
        Form::Set { size, price } => taken.sets(pools, &[*size], *price, times_max),
        Form::Bundle { counts, price } => taken.sets(pools, counts, *price, times_max),
    }
    let of_pool = |(member, units): (&super::pool::Member, u32)| (units > 0).then_some((member.pool, units));
    Take { units: track.members.iter().zip(taken.units).filter_map(of_pool).collect(), saved: taken.saved }
}

/// Units beside the track's members.
struct Taken<'a> {
    track: &'a Track,
    units: Vec<u32>,
    saved: i64,
}

impl Taken<'_> {
    fn give(&mut self, place: usize, units: u64) {
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        self.units[place] += units;
        self.saved += self.track.members[place].worth * i64::from(units);
    }

    /// One set after the other for as long as it saves something.
    fn sets(&mut self, pools: &[Pool], counts: &[u32], price: i64, times_max: u64) {
        let track = self.track;
        let mut rows: Vec<Row> = (0..counts.len()).map(|part| Row::new(track, pools, part)).collect();
        let sets = rows.iter().zip(counts).map(|(row, count)| row.left / u64::from(*count)).min().unwrap_or(0).min(times_max);
        for _ in 0..sets {
            let mut worth = -price;
            let mut used: Vec<(usize, u32)> = Vec::new();
            for (row, count) in rows.iter_mut().zip(counts) {
                row.pass(u64::from(*count), |place, units| {
                    worth += track.members[place].worth * i64::from(units);
                    used.push((place, units));
                });
            }
            if worth <= 0 {
                break;
            }
            self.saved += worth;
            used.into_iter().for_each(|(place, units)| self.units[place] += units);
        }
    }
}

/// The free units of one part, dearest first.
struct Row {
    /// Place among the track's members, and units.
    places: Vec<(usize, u32)>,
    at: usize,
    left: u64,
}

impl Row {
    fn new(track: &Track, pools: &[Pool], part: usize) -> Row {
        let members = track.members.iter().enumerate().filter(|(_, member)| member.part == part);
        let mut row: Vec<(usize, u32)> = members.map(|(place, member)| (place, pools[member.pool].free)).collect();
        row.sort_by_key(|(place, _)| (-track.members[*place].worth, *place));
        Row { left: row.iter().map(|(_, free)| u64::from(*free)).sum(), places: row, at: 0 }
    }

    /// Takes the next `units`; the caller knows that there are so many.
    fn pass(&mut self, mut units: u64, mut taken: impl FnMut(usize, u32)) {
        while units > 0 && self.at < self.places.len() {
            let (place, free) = &mut self.places[self.at];
            let now = u64::from(*free).min(units);
            let count = u32::try_from(now).unwrap_or(u32::MAX);
            *free -= count;
            units -= now;
            self.left -= now;
            if count > 0 {
                taken(*place, count);
            }
            if *free == 0 {
                self.at += 1;
            }
        }
    }
}
