//! The side door: exact copies of the newest urgent records, on a connection of their own, so that they never wait behind a backlog.
//! Newest first. A copy is a message, not the record: head office counts nothing until the chain reaches it, so a lost copy loses nothing.

use std::collections::BTreeSet;

use super::backoff::Backoff;
use super::uplink::{ANSWER_MS_MAX, Failure};
use super::wire::URGENT_RECORDS_MAX;
use crate::ids::{NodeId, StoreId};

/// Urgent records remembered for sending. Beyond it the oldest are left to the chain.
pub const URGENT_PENDING_MAX: usize = 1_000;

pub struct SideDoor {
    pending: BTreeSet<u64>,
    asked: Option<(u64, u64, Vec<u64>)>,
    wait_until_ms: u64,
    ticket: u64,
    backoff: Backoff,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read these records (leave out what cannot be read) and post them to the side door.
    Send { ticket: u64, seqs: Vec<u64> },
    /// Nothing before this moment, unless told something. `None`: nothing at all.
    Wait { until_ms: Option<u64> },
}

#[derive(Debug, Clone)]
pub enum Told {
    /// Durable records with an urgent event.
    Urgent {
        seqs: Vec<u64>,
    },
    /// The chain has reached this record at head office: copies up to it are of no use.
    Acknowledged {
        seq: u64,
    },
    /// Head office answered. What it did not take will come with the chain.
    Taken {
        ticket: u64,
    },
    Failed {
        ticket: u64,
        failure: Failure,
    },
}

impl SideDoor {
    pub fn new(store: &StoreId, node: &NodeId) -> SideDoor {
        SideDoor {
            pending: BTreeSet::new(),
            asked: None,
            wait_until_ms: 0,
            ticket: 0,
            backoff: Backoff::new(&format!("side-door/{store}/{node}")),
        }
    }

    pub fn poll(&mut self, now_ms: u64) -> Step {
        if let Some((_, since_ms, _)) = self.asked {
            if now_ms < since_ms + ANSWER_MS_MAX {
                return Step::Wait { until_ms: Some(since_ms + ANSWER_MS_MAX) };
            }
            self.failed(now_ms);
        }
        if self.pending.is_empty() {
            return Step::Wait { until_ms: None };
        }
        if now_ms < self.wait_until_ms {
            return Step::Wait { until_ms: Some(self.wait_until_ms) };
        }
        let seqs: Vec<u64> = self.pending.iter().rev().take(URGENT_RECORDS_MAX).copied().collect();
        self.ticket += 1;
        self.asked = Some((self.ticket, now_ms, seqs.clone()));
        Step::Send { ticket: self.ticket, seqs }
    }

    pub fn handle(&mut self, now_ms: u64, told: Told) {
        match told {
            Told::Urgent { seqs } => {
                self.pending.extend(seqs);
                while self.pending.len() > URGENT_PENDING_MAX {
                    self.pending.pop_first();
                }
            }
            Told::Acknowledged { seq } => self.pending = self.pending.split_off(&(seq + 1)),
            Told::Taken { ticket } => {
                if let Some((_, _, seqs)) = self.asked.take_if(|(asked, ..)| *asked == ticket) {
                    self.pending.retain(|seq| !seqs.contains(seq));
                    self.backoff.succeeded();
                }
            }
            Told::Failed { ticket, failure } => {
                if let Some((_, _, seqs)) = self.asked.take_if(|(asked, ..)| *asked == ticket) {
                    // Too large for the door: it goes with the chain, and the smaller ones behind it go on.
                    if failure == Failure::TooLarge {
                        self.pending.remove(&seqs[0]);
                    }
                    self.failed(now_ms);
                }
            }
        }
    }

    fn failed(&mut self, now_ms: u64) {
        self.asked = None;
        self.wait_until_ms = now_ms + self.backoff.failed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> SideDoor {
        SideDoor::new(&StoreId::new("s1").unwrap(), &NodeId::new("n1").unwrap())
    }

    #[test]
    fn the_newest_goes_first_and_what_came_meanwhile_follows() {
        let mut door = door();
        assert_eq!(door.poll(0), Step::Wait { until_ms: None });
        door.handle(0, Told::Urgent { seqs: (1..=30).collect() });
        let Step::Send { ticket, seqs } = door.poll(0) else { panic!() };
        assert_eq!((seqs[0], seqs.len()), (30, URGENT_RECORDS_MAX));
        door.handle(1, Told::Urgent { seqs: vec![31] });
        door.handle(2, Told::Taken { ticket });
        door.handle(2, Told::Taken { ticket });
        let Step::Send { ticket, seqs } = door.poll(2) else { panic!() };
        assert_eq!(seqs, [31, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        door.handle(3, Told::Acknowledged { seq: 31 });
        door.handle(3, Told::Failed { ticket, failure: Failure::TimedOut(1) });
        assert_eq!(door.poll(60_000), Step::Wait { until_ms: None });
    }

    #[test]
    fn a_lost_answer_is_asked_again_after_a_pause() {
        let mut door = door();
        door.handle(0, Told::Urgent { seqs: vec![7] });
        assert!(matches!(door.poll(0), Step::Send { .. }));
        assert_eq!(door.poll(1), Step::Wait { until_ms: Some(ANSWER_MS_MAX) });
        let Step::Wait { until_ms: Some(again_ms) } = door.poll(ANSWER_MS_MAX) else { panic!() };
        assert!(matches!(door.poll(again_ms), Step::Send { .. }));
    }
}
