//! Who moves next when records are lost on the node's disk: look for holes, ask head office for its copy of one, have it proved and kept, look
//! again. Holds the holes, never bytes.
//!
//! | what came | next step |
//! |---|---|
//! | holes were found | ask for the first |
//! | one is filled | the next one; behind the last, look again |
//! | the beginning of one is filled | look again: the rest is a hole of its own |
//! | the copy is not what was lost, or there is none | say so; ask again after [`REFUSED_MS`] |
//! | no answer | back off, ask again |

use std::collections::{BTreeMap, VecDeque};

use super::backoff::Backoff;
use super::uplink::{ANSWER_MS_MAX, Failure};
use crate::ids::{NodeId, StoreId};
use crate::journal::LostRecords;

/// The first look comes when the shop has begun to sell.
pub const FIRST_LOOK_MS: u64 = 2_000;
/// A disk rots between two starts as well.
pub const LOOK_MS: u64 = 24 * 60 * 60 * 1000;
/// A copy that does not fit will not fit a second later.
pub const REFUSED_MS: u64 = 10 * 60 * 1000;

pub struct Repairs {
    queue: VecDeque<LostRecords>,
    /// Refused, and not before when to ask again.
    later: Vec<(u64, LostRecords)>,
    /// By first record: why it is not filled yet.
    why: BTreeMap<u64, String>,
    look_ms: u64,
    wait_until_ms: u64,
    asked: Option<(u64, u64)>,
    ticket: u64,
    backoff: Backoff,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read the journal for holes.
    Look,
    /// Get head office's copy, prove it, have it kept.
    Ask { ticket: u64, lost: LostRecords },
    /// Nothing before this moment.
    Wait { until_ms: u64 },
}

#[derive(Debug, Clone)]
pub enum Told {
    Found {
        lost: Vec<LostRecords>,
    },
    /// On disk and in use up to here.
    Filled {
        ticket: u64,
        upto_seq: u64,
    },
    /// The copy does not do, in words.
    Refused {
        ticket: u64,
        why: String,
    },
    Failed {
        ticket: u64,
        failure: Failure,
    },
}

/// A hole as it is shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    pub first_seq: u64,
    pub last_seq: u64,
    /// Where, and what is wrong there.
    pub words: String,
    /// Why it is not filled yet; empty while nobody tried.
    pub why: String,
}

impl Repairs {
    pub fn new(store: &StoreId, node: &NodeId, now_ms: u64) -> Repairs {
        Repairs {
            queue: VecDeque::new(),
            later: Vec::new(),
            why: BTreeMap::new(),
            look_ms: now_ms + FIRST_LOOK_MS,
            wait_until_ms: 0,
            asked: None,
            ticket: 0,
            backoff: Backoff::new(&format!("repair/{store}/{node}")),
        }
    }

    /// All holes that are known and not filled.
    pub fn damaged(&self) -> Vec<Damaged> {
        let holes = self.queue.iter().chain(self.later.iter().map(|(_, lost)| lost));
        let shown = holes.map(|lost| Damaged {
            first_seq: lost.first_seq,
            last_seq: lost.last_seq,
            words: lost.words.clone(),
            why: self.why.get(&lost.first_seq).cloned().unwrap_or_default(),
        });
        shown.collect()
    }

    pub fn poll(&mut self, now_ms: u64) -> Step {
        if let Some((_, since_ms)) = self.asked {
            if now_ms < since_ms + ANSWER_MS_MAX {
                return Step::Wait { until_ms: since_ms + ANSWER_MS_MAX };
            }
            self.asked = None;
        }
        if now_ms >= self.look_ms {
            return Step::Look;
        }
        let is_due = |(until_ms, _): &(u64, LostRecords)| *until_ms <= now_ms;
        while let Some(index) = self.later.iter().position(is_due) {
            self.queue.push_back(self.later.remove(index).1);
        }
        let Some(lost) = self.queue.front().cloned() else {
            let next = self.later.iter().map(|(until_ms, _)| *until_ms).min();
            return Step::Wait { until_ms: next.map_or(self.look_ms, |next| next.min(self.look_ms)) };
        };
        if now_ms < self.wait_until_ms {
            return Step::Wait { until_ms: self.wait_until_ms.min(self.look_ms) };
        }
        self.ticket += 1;
        self.asked = Some((self.ticket, now_ms));
        Step::Ask { ticket: self.ticket, lost }
    }

    pub fn handle(&mut self, now_ms: u64, told: Told) {
        match told {
            Told::Found { lost } => {
                self.why.retain(|first_seq, _| lost.iter().any(|hole| hole.first_seq == *first_seq));
                self.queue = lost.into();
                self.later.clear();
                self.look_ms = now_ms + LOOK_MS;
            }
            Told::Filled { ticket, upto_seq } if self.is_answer(ticket) => {
                self.backoff.succeeded();
                let Some(filled) = self.queue.pop_front() else { return };
                self.why.remove(&filled.first_seq);
                if upto_seq < filled.last_seq || self.queue.is_empty() {
                    self.look_ms = now_ms;
                }
            }
            Told::Refused { ticket, why } if self.is_answer(ticket) => {
                let Some(refused) = self.queue.pop_front() else { return };
                self.why.insert(refused.first_seq, why);
                self.later.push((now_ms + REFUSED_MS, refused));
            }
            Told::Failed { ticket, .. } if self.is_answer(ticket) => self.wait_until_ms = now_ms + self.backoff.failed(),
            // An answer to a question that was given up.
            Told::Filled { .. } | Told::Refused { .. } | Told::Failed { .. } => {}
        }
    }

    fn is_answer(&mut self, ticket: u64) -> bool {
        let is_it = self.asked.is_some_and(|(asked, _)| asked == ticket);
        if is_it {
            self.asked = None;
        }
        is_it
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hole(first_seq: u64, last_seq: u64) -> LostRecords {
        LostRecords { first_seq, last_seq, before: None, after_prev: None, words: format!("records {first_seq} to {last_seq}") }
    }

    fn started(lost: &[LostRecords]) -> Repairs {
        let mut repairs = Repairs::new(&StoreId::new("s").unwrap(), &NodeId::new("n").unwrap(), 0);
        assert_eq!(repairs.poll(0), Step::Wait { until_ms: FIRST_LOOK_MS });
        assert_eq!(repairs.poll(FIRST_LOOK_MS), Step::Look);
        repairs.handle(FIRST_LOOK_MS, Told::Found { lost: lost.to_vec() });
        repairs
    }

    #[test]
    fn holes_are_filled_one_after_another_and_then_looked_for_again() {
        let mut repairs = started(&[hole(3, 4), hole(8, 8)]);
        let Step::Ask { ticket, lost } = repairs.poll(3_000) else { panic!("no question") };
        assert_eq!(lost, hole(3, 4));
        assert!(matches!(repairs.poll(3_001), Step::Wait { .. }), "one question at a time");
        repairs.handle(3_010, Told::Filled { ticket, upto_seq: 4 });
        let Step::Ask { ticket, lost } = repairs.poll(3_010) else { panic!("no question") };
        assert_eq!((lost, repairs.damaged().len()), (hole(8, 8), 1));
        repairs.handle(3_020, Told::Filled { ticket, upto_seq: 8 });
        assert_eq!(repairs.poll(3_020), Step::Look);
        repairs.handle(3_030, Told::Found { lost: Vec::new() });
        assert_eq!(repairs.poll(3_030), Step::Wait { until_ms: 3_030 + LOOK_MS });
    }

    #[test]
    fn a_copy_that_does_not_fit_is_said_and_asked_for_later() {
        let mut repairs = started(&[hole(3, 4), hole(8, 8)]);
        let Step::Ask { ticket, .. } = repairs.poll(3_000) else { panic!("no question") };
        repairs.handle(3_000, Told::Refused { ticket, why: "breaks its own chain".to_owned() });
        let Step::Ask { ticket, lost } = repairs.poll(3_000) else { panic!("the next hole does not wait") };
        assert_eq!(lost, hole(8, 8));
        repairs.handle(3_000, Told::Failed { ticket, failure: Failure::TooLarge });
        let Step::Wait { until_ms } = repairs.poll(3_000) else { panic!("no pause") };
        assert!((3_001..4_000).contains(&until_ms), "{until_ms}");
        repairs.handle(3_000, Told::Filled { ticket, upto_seq: 8 });
        assert!(matches!(repairs.poll(5_000), Step::Ask { .. }), "a late answer counts for nothing");
        let shown = repairs.damaged();
        assert_eq!((shown.len(), shown[1].why.as_str()), (2, "breaks its own chain"));
        let Step::Ask { lost, .. } = repairs.poll(3_000 + REFUSED_MS + ANSWER_MS_MAX) else { panic!("no question") };
        assert_eq!(lost, hole(8, 8), "then the refused one comes behind it");
    }
}
