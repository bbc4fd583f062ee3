//! What damage to the disk has left unproved: the numbers of records that were acknowledged once and cannot be read now. What they held (a sale,
//! cash, units returned) is missing from [`State`] until head office's copy fills the hole.
//!
//! Sales go on: a till is never closed by a bad sector. What adds up, such as a day report, says that it may lack something; what gives
//! money or goods away on the strength of the record asks [`Unproved::is_empty`] first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::basket::Place;
use super::decide::{Case, Outcome};
use super::{Event, State};

/// Sequence numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostRange {
    pub first_seq: u64,
    pub last_seq: u64,
}

/// Ranges that neither overlap nor touch, by their first number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unproved {
    ranges: BTreeMap<u64, u64>,
}

impl Unproved {
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub fn ranges(&self) -> impl Iterator<Item = LostRange> {
        self.ranges.iter().map(|(first_seq, last_seq)| LostRange { first_seq: *first_seq, last_seq: *last_seq })
    }

    pub fn overlaps(&self, first_seq: u64, last_seq: u64) -> bool {
        self.ranges().any(|range| range.first_seq <= last_seq && first_seq <= range.last_seq)
    }

    /// A start found that these cannot be read. Saying so again changes nothing.
    pub fn note(&mut self, first_seq: u64, last_seq: u64) {
        let (mut first, mut last) = (first_seq, last_seq);
        let met: Vec<LostRange> =
            self.ranges().filter(|range| range.first_seq <= last.saturating_add(1) && first <= range.last_seq.saturating_add(1)).collect();
        for range in met {
            self.ranges.remove(&range.first_seq);
            (first, last) = (first.min(range.first_seq), last.max(range.last_seq));
        }
        self.ranges.insert(first, last);
    }

    /// These can be read again.
    pub fn prove(&mut self, first_seq: u64, last_seq: u64) {
        let met: Vec<LostRange> = self.ranges().filter(|range| range.first_seq <= last_seq && first_seq <= range.last_seq).collect();
        for range in met {
            self.ranges.remove(&range.first_seq);
            if range.first_seq < first_seq {
                self.ranges.insert(range.first_seq, first_seq - 1);
            }
            if range.last_seq > last_seq {
                self.ranges.insert(last_seq + 1, range.last_seq);
            }
        }
    }
}

/// A repair is on disk: the record says so, for head office and for the auditor.
pub(super) fn record_repair(case: &Case, first_seq: u64, last_seq: u64) -> Outcome {
    // Cannot fail below.
    Outcome { events: vec![Event::RecordsRepaired { first_seq, last_seq, at: case.ask.at }], ..Outcome::default() }
}

impl State {
    /// A link in the journal names a hole.
    pub fn note_hole(&mut self, first_seq: u64, last_seq: u64) {
        self.unproved.note(first_seq, last_seq);
    }

    /// Takes in that records are back. The state has been made anew with them; what went on without them meanwhile may have taken a screen
    /// on which one of their transactions still stood: that one is parked, so that someone can recall it.
    pub(super) fn prove(&mut self, first_seq: u64, last_seq: u64) -> Result<(), &'static str> {
        self.unproved.prove(first_seq, last_seq);
        let mut fits = Ok(());
        for (txn, basket) in &mut self.baskets {
            let Place::At(id) = &basket.place else { continue };
            let here = self.workstations.entry(id.clone()).or_default();
            if here.open == Some(*txn) {
                continue;
            }
            if here.open.is_none() {
                here.open = Some(*txn);
            } else if basket.tenders.is_empty() && basket.card.is_none() {
                basket.place = Place::Suspended { by: id.clone(), at: basket.opened_at };
            } else {
                fits = Err("a transaction with money in it came back to a screen that shows another");
            }
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(unproved: &Unproved) -> Vec<(u64, u64)> {
        unproved.ranges().map(|range| (range.first_seq, range.last_seq)).collect()
    }

    #[test]
    fn holes_are_noted_once_and_filled_piece_by_piece() {
        let mut unproved = Unproved::default();
        unproved.note(10, 20);
        unproved.note(30, 30);
        unproved.note(12, 18);
        assert_eq!(ranges(&unproved), [(10, 20), (30, 30)]);
        unproved.note(21, 29);
        assert_eq!(ranges(&unproved), [(10, 30)]);
        unproved.prove(10, 14);
        unproved.prove(20, 22);
        assert_eq!(ranges(&unproved), [(15, 19), (23, 30)]);
        assert!(unproved.overlaps(19, 19) && !unproved.overlaps(20, 22));
        unproved.prove(1, 100);
        assert!(unproved.is_empty());
    }
}
