//! What one rule is worth with no other beside it: exact, in steps of pools and sets, so that 99,999 pieces cost no more than three.

use super::pool::{Form, Pool, Take, Track};

/// The best that `track` can do with the free units. Cannot be beaten by another choice of units: sets are formed from the dearest down,
/// and each set is worth no more than the one before it.
pub(super) fn alone(track: &Track, pools: &[Pool]) -> Take {
    let mut take = Take { units: vec![0; pools.len()], saved: 0 };
    let times_max = track.times_max.map_or(u64::MAX, u64::from);
    match &track.form {
        Form::Each => {
            let mut order: Vec<usize> = (0..pools.len()).filter(|index| track.has(*index)).collect();
            order.sort_by_key(|index| (-track.worth[*index], *index));
            let mut left = times_max;
            for index in order {
                let units = u64::from(pools[index].free).min(left);
                left -= units;
                take.give(track, index, units);
            }
        }
        Form::AtLeast { from } => {
            let free: u64 = (0..pools.len()).filter(|index| track.has(*index)).map(|index| u64::from(pools[index].free)).sum();
            if free >= u64::from(*from) {
                (0..pools.len()).filter(|index| track.has(*index)).for_each(|index| take.give(track, index, u64::from(pools[index].free)));
            }
        }
        Form::Cheapest { size, paid } => {
            let mut row = Row::new(track, pools, 0);
            let sets = (row.left / u64::from(*size)).min(times_max);
            for _ in 0..sets {
                row.pass(u64::from(*paid), |index, units| take.units[index] += units);
                row.pass(u64::from(size - paid), |index, units| {
                    take.units[index] += units;
                    take.saved += track.worth[index] * i64::from(units);
                });
            }
            if take.saved == 0 {
                take.units.fill(0);
            }
        }
        Form::Set { size, price } => take.sets(track, pools, &[*size], *price, times_max),
        Form::Bundle { counts, price } => take.sets(track, pools, counts, *price, times_max),
    }
    take
}

impl Take {
    fn give(&mut self, track: &Track, index: usize, units: u64) {
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        self.units[index] += units;
        self.saved += track.worth[index] * i64::from(units);
    }

    /// One set after the other for as long as it saves something.
    fn sets(&mut self, track: &Track, pools: &[Pool], counts: &[u32], price: i64, times_max: u64) {
        let mut rows: Vec<Row> = (0..counts.len()).map(|part| Row::new(track, pools, part)).collect();
        let sets = rows.iter().zip(counts).map(|(row, count)| row.left / u64::from(*count)).min().unwrap_or(0).min(times_max);
        for _ in 0..sets {
            let mut worth = -price;
            let mut used: Vec<(usize, u32)> = Vec::new();
            for (row, count) in rows.iter_mut().zip(counts) {
                row.pass(u64::from(*count), |index, units| {
                    worth += track.worth[index] * i64::from(units);
                    used.push((index, units));
                });
            }
            if worth <= 0 {
                break;
            }
            self.saved += worth;
            used.into_iter().for_each(|(index, units)| self.units[index] += units);
        }
    }
}

/// The free units of one part, dearest first.
struct Row {
    pools: Vec<(usize, u32)>,
    at: usize,
    left: u64,
}

impl Row {
    fn new(track: &Track, pools: &[Pool], part: usize) -> Row {
        let mut row: Vec<(usize, u32)> = pools
            .iter()
            .enumerate()
            .filter(|(index, _)| track.part[*index] == Some(part))
            .map(|(index, pool)| (index, pool.free))
            .collect();
        row.sort_by_key(|(index, _)| (-track.worth[*index], *index));
        Row { left: row.iter().map(|(_, free)| u64::from(*free)).sum(), pools: row, at: 0 }
    }

    /// Takes the next `units`; the caller knows that there are so many.
    fn pass(&mut self, mut units: u64, mut taken: impl FnMut(usize, u32)) {
        while units > 0 && self.at < self.pools.len() {
            let (index, free) = &mut self.pools[self.at];
            let now = u64::from(*free).min(units);
            let count = u32::try_from(now).unwrap_or(u32::MAX);
            *free -= count;
            units -= now;
            self.left -= now;
            if count > 0 {
                taken(*index, count);
            }
            if *free == 0 {
                self.at += 1;
            }
        }
    }
}
