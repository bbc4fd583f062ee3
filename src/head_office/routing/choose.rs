//! Which of the places that can serve something serve the order together. Fewest parts first, then fewest points; ties go by name. Pure.

use super::engine::{Ask, Offer, PlannedPart};

/// Places that are combined with each other. Beyond it the best few of each line and the best of all stay, so that the work is bounded whatever
/// the number of places: four of 24 are ten thousand sets.
pub const COMBINED_MAX: usize = 24;
/// Places of each line that stay in any case: those that have most of it.
const PER_LINE: usize = 4;

type Named<'a> = (&'a str, &'a Offer);

/// `offers`: fewest points first, then by name.
pub fn choose(ask: &Ask, offers: &[Named<'_>], parts_max: u32, in_part: bool) -> Vec<PlannedPart> {
    let wanted: Vec<i64> = ask.lines.iter().map(|line| line.quantity).collect();
    let whole = |offer: &Offer| offer.covers.iter().zip(&wanted).all(|(has, wants)| has >= wants);
    if let Some(one) = offers.iter().find(|(_, offer)| whole(offer)) {
        return share(ask, &[*one]);
    }
    let few = few(&wanted, offers);
    let parts_max = usize::try_from(parts_max).unwrap_or(usize::MAX).min(few.len());
    for size in 2..=parts_max {
        if let Some(set) = best(&few, size, |covered| covered.iter().zip(&wanted).all(|(has, wants)| has >= wants).then_some(0)) {
            return share(ask, &set);
        }
    }
    if !in_part {
        return Vec::new();
    }
    // As many units as can be had; the same with fewer parts is better.
    let units = |covered: &[i64]| -> i64 { covered.iter().zip(&wanted).map(|(has, wants)| has.min(wants)).sum() };
    let sets = (1..=parts_max.max(1)).filter_map(|size| best(&few, size, |covered| Some(-units(covered))));
    let most = sets.min_by_key(|set| (-units(&sum(set)), set.len()));
    most.map_or_else(Vec::new, |set| share(ask, &set))
}

/// Those that are combined, in their order.
fn few<'a>(wanted: &[i64], offers: &[Named<'a>]) -> Vec<Named<'a>> {
    if offers.len() <= COMBINED_MAX {
        return offers.to_vec();
    }
    let mut stay: Vec<usize> = Vec::new();
    for line in 0..wanted.len().min(COMBINED_MAX / PER_LINE) {
        let mut by_most: Vec<usize> = (0..offers.len()).collect();
        by_most.sort_by_key(|index| (-offers[*index].1.covers[line], *index));
        stay.extend(by_most.into_iter().take(PER_LINE));
    }
    stay.extend(0..offers.len());
    let mut seen = vec![false; offers.len()];
    stay.retain(|index| !std::mem::replace(&mut seen[*index], true));
    stay.truncate(COMBINED_MAX);
    stay.sort_unstable();
    stay.into_iter().map(|index| offers[index]).collect()
}

/// The set of so many with the lowest value, then the fewest points; `None` from `value`: it will not do.
fn best<'a>(few: &[Named<'a>], size: usize, value: impl Fn(&[i64]) -> Option<i64>) -> Option<Vec<Named<'a>>> {
    let mut best: Option<((i64, i64), Vec<Named<'a>>)> = None;
    let mut at: Vec<usize> = (0..size).collect();
    if size == 0 || size > few.len() {
        return None;
    }
    loop {
        let set: Vec<Named<'a>> = at.iter().map(|index| few[*index]).collect();
        if let Some(value) = value(&sum(&set)) {
            let rank = (value, set.iter().map(|(_, offer)| offer.points).sum::<i64>());
            if best.as_ref().is_none_or(|(before, _)| rank < *before) {
                best = Some((rank, set));
            }
        }
        // The next combination in order.
        let Some(moving) = (0..size).rev().find(|index| at[*index] < few.len() - size + index) else { break };
        at[moving] += 1;
        for index in moving + 1..size {
            at[index] = at[index - 1] + 1;
        }
    }
    best.map(|(_, set)| set)
}

fn sum(set: &[Named<'_>]) -> Vec<i64> {
    let lines = set.first().map_or(0, |(_, offer)| offer.covers.len());
    (0..lines).map(|line| set.iter().map(|(_, offer)| offer.covers[line]).sum()).collect()
}

/// Who gets what: a line that one place has whole stays together, at the one with the fewest points; a line that nobody has whole is torn.
fn share(ask: &Ask, set: &[Named<'_>]) -> Vec<PlannedPart> {
    let mut parts: Vec<PlannedPart> = set
        .iter()
        .map(|(place, offer)| PlannedPart {
            place: (*place).to_owned(),
            lines: Vec::new(),
            asks_store: offer.asks_store,
            is_late: offer.is_late,
        })
        .collect();
    for (index, line) in ask.lines.iter().enumerate() {
        let mut left = line.quantity;
        let whole = set.iter().position(|(_, offer)| offer.covers[index] >= left);
        let order: Vec<usize> = match whole {
            Some(one) => vec![one],
            None => (0..set.len()).collect(),
        };
        for of in order {
            let taken = set[of].1.covers[index].min(left);
            if taken > 0 {
                parts[of].lines.push((line.line, taken));
                left -= taken;
            }
        }
    }
    parts.retain(|part| !part.lines.is_empty());
    parts
}
