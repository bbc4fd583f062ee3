//! Who moves next on the way up. The machine knows positions, never bytes: it says "send from here", the shell reads the journal,
//! sends, and tells what came back. It holds at most one request at a time, ties each answer to its question by a ticket, and
//! always has a next step, whatever the other side says:
//!
//! | head office says | next step |
//! |---|---|
//! | stored up to N | send from N + 1; journal the signed acknowledgement now and then |
//! | gap, send from N | send from N; when that does not help: locate; when that does not either: go on and name the break |
//! | gap, send from an N that it had acknowledged, no new epoch | locate, and show the acknowledgement |
//! | record N does not prove itself | send N again; the third time go on behind it and name the hole |
//! | its key is not the pinned one, or a signature is wrong | send nothing, say why, ask again at the cap |
//! | it holds less than it acknowledged, another epoch | send from what it holds; it was restored and we heal it |
//! | it holds none of our points | send from the oldest record we have, naming the hole before it |
//! | too large | halve the batch; a single record too large becomes a named hole |
//! | nothing | back off to the cap, locate |

use super::backoff::Backoff;
use super::wire::{self, BATCH_BYTES_MAX, BATCH_RECORDS_MAX, LocateReply, Position, RecordsReply};
use crate::ids::{NodeId, StoreId};
use crate::journal::PublicKey;
use crate::retail::UplinkAck;

/// A request without an answer for this long has failed.
pub const ANSWER_MS_MAX: u64 = 30_000;
/// With nothing to send, head office hears from us this often.
pub const HEARTBEAT_MS: u64 = 10_000;
/// The smallest batch after halvings.
pub const BATCH_BYTES_MIN: usize = 16 << 10;
/// Acknowledgements are journalled at most this often, since each is a record that wants one itself.
pub const KEEP_MS_MIN: u64 = 5_000;
/// While a backlog drains, an acknowledgement is journalled after this many records.
pub const KEEP_RECORDS_MAX: u64 = 20_000;
/// Acknowledged records beyond the journalled acknowledgement that are not worth another one after a restart: our own
/// acknowledgements, marks and links.
pub const KEEP_SLACK_RECORDS: u64 = 8;
/// How often head office may report a gap at a place before we say that nothing of ours can close it.
pub const GAP_TRIES: u32 = 3;
/// How often a record's bytes may fail to prove themselves at head office before we go on behind it.
pub const BAD_RECORD_TRIES: u32 = 3;

pub struct Uplink {
    store: StoreId,
    node: NodeId,
    /// Head office's public key in hex, from configuration or first contact.
    key: Option<String>,
    pin_pending: bool,
    head: Option<Position>,
    oldest_seq: u64,
    /// The newest acknowledgement that is true of our own journal.
    held: Option<UplinkAck>,
    /// The newest one that is in our journal.
    kept: Option<UplinkAck>,
    kept_at_ms: Option<u64>,
    /// The newest record sent that is more than bookkeeping, when it is above `kept`.
    substance_seq: u64,
    move_: Move,
    ticket: u64,
    bytes_max: usize,
    records_max: u32,
    /// The record that did not prove itself, and how often.
    bad: Option<(u64, u32)>,
    /// Gaps answered without progress between them.
    gaps: u32,
    hole_from: Option<u64>,
    backoff: Backoff,
    contact_ms: u64,
    online: bool,
    why: String,
}

/// Whose move it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Move {
    /// Ours: ask where we stand.
    Locate,
    /// Ours, when there is something: send from here.
    Send { from: u64 },
    /// Theirs.
    Asked { since_ms: u64, what: Asked },
    /// Ours, not before then.
    BackOff { until_ms: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Locate { whole: bool, then_from: Option<u64> },
    Send { from: u64, alone: bool },
}

/// What the shell does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Post a [`wire::LocateRequest`] with the hashes of these own records (leave out what cannot be read).
    Locate { ticket: u64, points: Vec<u64>, held: Option<UplinkAck> },
    /// Read records `from..=upto`, at least one, and post them.
    Send { ticket: u64, from: u64, upto: u64, records_max: u32, bytes_max: usize, hole_from: Option<u64> },
    /// First contact: write head office's key down, durably.
    Pin { key: String },
    /// Journal this acknowledgement.
    Keep(UplinkAck),
    /// Nothing to do before this moment, unless told something.
    Wait { until_ms: u64 },
}

/// What the shell tells.
#[derive(Debug, Clone)]
pub enum Told {
    /// The newest durable record, and the oldest the journal still has.
    Head {
        head: Position,
        oldest_seq: u64,
    },
    /// `own`: our record at the acknowledged sequence, when we have it.
    Located {
        ticket: u64,
        reply: LocateReply,
        own: Option<Position>,
    },
    Sent {
        ticket: u64,
        sent: Sent,
        reply: RecordsReply,
        own: Option<Position>,
    },
    /// The journal cannot give the record asked for. `next`: the first readable one behind it.
    Unreadable {
        ticket: u64,
        seq: u64,
        next: Option<u64>,
    },
    Failed {
        ticket: u64,
        failure: Failure,
    },
}

/// What was in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub first: u64,
    pub last: u64,
    /// The newest record in it that is more than bookkeeping of the line itself.
    pub substance: Option<u64>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("head office cannot be reached: {0}")]
    Unreachable(String),
    #[error("head office did not answer within {0} s")]
    TimedOut(u64),
    #[error("head office says the request is too large")]
    TooLarge,
    #[error("head office answered {status}: {text}")]
    Refused { status: u16, text: String },
    #[error("head office's answer makes no sense: {0}")]
    BadAnswer(String),
    #[error("the journal could not be read for sending: {0}")]
    Journal(String),
}

impl Uplink {
    /// `key`: the pinned one, or `None` before first contact. `kept`: the newest acknowledgement in our own journal.
    pub fn new(store: StoreId, node: NodeId, key: Option<String>, kept: Option<UplinkAck>) -> Uplink {
        Uplink {
            backoff: Backoff::new(&format!("uplink/{store}/{node}")),
            store,
            node,
            key,
            pin_pending: false,
            head: None,
            oldest_seq: 1,
            held: kept.clone(),
            kept,
            kept_at_ms: None,
            substance_seq: 0,
            move_: Move::Locate,
            ticket: 0,
            bytes_max: BATCH_BYTES_MAX,
            records_max: BATCH_RECORDS_MAX,
            bad: None,
            gaps: 0,
            hole_from: None,
            contact_ms: 0,
            online: false,
            why: "no contact yet".to_owned(),
        }
    }

    pub fn is_online(&self) -> bool {
        self.online
    }

    /// Words for the technician; empty when online.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Everything up to here is at head office.
    pub fn acknowledged_seq(&self) -> u64 {
        self.held.as_ref().map_or(0, |ack| ack.seq)
    }

    /// The next step. `now_ms` is of a clock that never goes back.
    pub fn poll(&mut self, now_ms: u64) -> Step {
        if let Move::Asked { since_ms, .. } = self.move_ {
            if now_ms < since_ms + ANSWER_MS_MAX {
                return Step::Wait { until_ms: since_ms + ANSWER_MS_MAX };
            }
            self.failed(now_ms, Failure::TimedOut(ANSWER_MS_MAX / 1000));
        }
        if self.pin_pending {
            self.pin_pending = false;
            return Step::Pin { key: self.key.clone().unwrap_or_default() };
        }
        if let Some(ack) = self.due_to_keep(now_ms) {
            self.kept_at_ms = Some(now_ms);
            self.kept = Some(ack.clone());
            return Step::Keep(ack);
        }
        match self.move_ {
            Move::BackOff { until_ms } if now_ms < until_ms => Step::Wait { until_ms },
            Move::BackOff { .. } | Move::Locate => self.ask_where_we_stand(now_ms, true, None),
            Move::Send { from } => {
                let head_seq = self.head.as_ref().map_or(0, |head| head.seq);
                if from <= head_seq {
                    return self.send(now_ms, from, head_seq);
                }
                let heartbeat_ms = self.contact_ms + HEARTBEAT_MS;
                if now_ms >= heartbeat_ms {
                    return self.ask_where_we_stand(now_ms, false, Some(from));
                }
                let keep_ms = self.worth_keeping().then(|| self.kept_at_ms.map_or(now_ms, |at| at + KEEP_MS_MIN));
                Step::Wait { until_ms: keep_ms.map_or(heartbeat_ms, |at| at.min(heartbeat_ms)) }
            }
            Move::Asked { .. } => unreachable!("an answer that is waited for was handled above"),
        }
    }

    pub fn handle(&mut self, now_ms: u64, told: Told) {
        match told {
            Told::Head { head, oldest_seq } => {
                self.head = Some(head);
                self.oldest_seq = oldest_seq.max(1);
            }
            Told::Located { ticket, reply, own } => {
                let Some(Asked::Locate { whole, then_from }) = self.answered(ticket) else { return };
                self.located(now_ms, reply, own, whole, then_from);
            }
            Told::Sent { ticket, sent, reply, own } => {
                let Some(Asked::Send { from, .. }) = self.answered(ticket) else { return };
                self.sent(now_ms, from, sent, reply, own);
            }
            Told::Unreadable { ticket, seq, next } => {
                let Some(Asked::Send { .. }) = self.answered(ticket) else { return };
                match next {
                    Some(next) if next > seq => self.go_on_behind(seq, next),
                    _ => self.failed(now_ms, Failure::Journal(format!("record {seq} is damaged and nothing behind it can be read yet"))),
                }
            }
            Told::Failed { ticket, failure } => {
                let Some(asked) = self.answered(ticket) else { return };
                self.request_failed(now_ms, asked, failure);
            }
        }
    }

    fn located(&mut self, now_ms: u64, reply: LocateReply, own: Option<Position>, whole: bool, then_from: Option<u64>) {
        match &self.key {
            Some(key) if *key != reply.key => {
                let failure = format!(
                    "it signs with key {} and not with the pinned {key}; if head office was really set up anew, \
                     remove the pinned key from the node and restart it",
                    reply.key
                );
                return self.failed(now_ms, Failure::BadAnswer(failure));
            }
            Some(_) => {}
            None if PublicKey::from_hex(&reply.key).is_ok() => {
                self.key = Some(reply.key.clone());
                self.pin_pending = true;
            }
            None => return self.failed(now_ms, Failure::BadAnswer("its key is not 64 hex characters".to_owned())),
        }
        if !self.accept(now_ms, reply.ack.as_ref(), own) {
            return;
        }
        // A heartbeat names only our newest records. When head office knows none of them, ask again with all.
        let lost = reply.ack.is_none() && self.held.is_some();
        self.move_ = match then_from {
            Some(from) if !whole && reply.send_from >= from => Move::Send { from },
            _ if !whole && lost => Move::Locate,
            _ if reply.send_from < self.oldest_seq => {
                self.hole_from = Some(reply.send_from.max(1));
                Move::Send { from: self.oldest_seq }
            }
            _ => Move::Send { from: reply.send_from },
        };
    }

    fn sent(&mut self, now_ms: u64, from: u64, sent: Sent, reply: RecordsReply, own: Option<Position>) {
        if !self.accept(now_ms, reply.ack.as_ref(), own) {
            return;
        }
        if let Some(seq) = sent.substance {
            self.substance_seq = self.substance_seq.max(seq);
        }
        if let Some(bad) = reply.bad {
            let tries = self.bad.filter(|(seq, _)| *seq == bad.seq).map_or(1, |(_, tries)| tries + 1);
            self.bad = Some((bad.seq, tries));
            let seq = bad.seq.clamp(sent.first, sent.last);
            if seq > sent.first {
                self.hole_from = None;
            }
            if tries >= BAD_RECORD_TRIES {
                return self.go_on_behind(seq, seq + 1);
            }
            self.move_ = Move::Send { from: seq };
            return;
        }
        if reply.gap {
            self.gaps += 1;
            let wanted = reply.send_from.max(1);
            let unnoticed = self.held.as_ref().is_some_and(|held| wanted <= held.seq && reply.epoch <= held.epoch);
            // A gap before what we sent is closed by sending what is missing. A gap at the very record we sent, or behind it, means
            // that the chains part somewhere: find out where. One at a record that was acknowledged means that head office was restored: unless
            // it knows that, it has to see the acknowledgement, or it would go on under an epoch that is over. When neither helps, our own chain is broken there; say so and go on.
            self.move_ = if wanted < self.oldest_seq {
                self.hole_from = Some(wanted);
                Move::Send { from: self.oldest_seq }
            } else if self.gaps > GAP_TRIES {
                self.gaps = 0;
                self.hole_from = Some(from);
                Move::Send { from }
            } else if wanted < from && !unnoticed {
                Move::Send { from: wanted }
            } else {
                Move::Locate
            };
            return;
        }
        self.gaps = 0;
        self.bad = None;
        self.hole_from = None;
        self.bytes_max = (self.bytes_max * 2).min(BATCH_BYTES_MAX);
        self.records_max = (self.records_max * 2).min(BATCH_RECORDS_MAX);
        // Never trust an answer to take us past what was sent, nor to hold us at the same place for ever.
        let next = reply.send_from.clamp(1, sent.last + 1);
        self.move_ = if next <= from { Move::Locate } else { Move::Send { from: next } };
    }

    /// Checks and remembers an acknowledgement. `false`: the answer was worthless and the failure is noted.
    fn accept(&mut self, now_ms: u64, ack: Option<&UplinkAck>, own: Option<Position>) -> bool {
        if let Some(ack) = ack {
            let signed = self.key.as_ref().is_some_and(|key| wire::is_signed(ack, &self.store, &self.node, key));
            if !signed {
                self.failed(now_ms, Failure::BadAnswer(format!("the signature under its acknowledgement of record {} is wrong", ack.seq)));
                return false;
            }
            let ours = own.is_some_and(|own| own.seq == ack.seq && own.hash == ack.hash && own.incarnation == ack.incarnation);
            let newer = self.held.as_ref().is_none_or(|held| (ack.epoch, ack.seq) > (held.epoch, held.seq));
            // Another branch's acknowledgement is true, but not of what is on this disk; head office raises the incident.
            if ours && newer {
                self.held = Some(ack.clone());
            }
        }
        self.contact(now_ms);
        true
    }

    fn request_failed(&mut self, now_ms: u64, asked: Asked, failure: Failure) {
        let smaller = matches!(failure, Failure::TooLarge | Failure::TimedOut(_));
        match asked {
            Asked::Send { from, alone: true } if failure == Failure::TooLarge => {
                self.contact(now_ms);
                self.go_on_behind(from, from + 1);
            }
            Asked::Send { from, .. } if failure == Failure::TooLarge => {
                self.shrink();
                self.contact(now_ms);
                self.move_ = Move::Send { from };
            }
            Asked::Send { .. } | Asked::Locate { .. } => {
                if smaller {
                    self.shrink();
                }
                self.failed(now_ms, failure);
            }
        }
    }

    fn shrink(&mut self) {
        self.bytes_max = (self.bytes_max / 2).max(BATCH_BYTES_MIN);
        // Below the smallest size only fewer records help.
        if self.bytes_max == BATCH_BYTES_MIN {
            self.records_max = (self.records_max / 4).max(1);
        }
    }

    fn go_on_behind(&mut self, seq: u64, next: u64) {
        self.hole_from = Some(self.hole_from.map_or(seq, |from| from.min(seq)));
        self.move_ = Move::Send { from: next };
    }

    fn contact(&mut self, now_ms: u64) {
        self.backoff.succeeded();
        self.contact_ms = now_ms;
        self.online = true;
        self.why.clear();
    }

    fn failed(&mut self, now_ms: u64, failure: Failure) {
        self.online = false;
        self.why = failure.to_string();
        self.gaps = 0;
        let wait_ms = self.backoff.failed();
        self.move_ = Move::BackOff { until_ms: now_ms + wait_ms };
    }

    fn answered(&mut self, ticket: u64) -> Option<Asked> {
        match &self.move_ {
            Move::Asked { what, .. } if ticket == self.ticket => {
                let what = what.clone();
                self.move_ = Move::Locate;
                Some(what)
            }
            // Late or twice: the machine has moved on.
            Move::Asked { .. } | Move::Locate | Move::Send { .. } | Move::BackOff { .. } => None,
        }
    }

    fn ask_where_we_stand(&mut self, now_ms: u64, whole: bool, then_from: Option<u64>) -> Step {
        let head_seq = self.head.as_ref().map_or(0, |head| head.seq);
        let mut points = Vec::new();
        if head_seq > 0 {
            points.push(head_seq);
            points.extend(self.held.as_ref().map(|ack| ack.seq));
        }
        if whole {
            let mut step = 1;
            while let Some(seq) = head_seq.checked_sub(step).filter(|seq| *seq >= self.oldest_seq) {
                points.push(seq);
                step *= 2;
            }
            points.push(self.oldest_seq);
        }
        points.retain(|seq| (self.oldest_seq..=head_seq).contains(seq));
        points.sort_unstable_by(|a, b| b.cmp(a));
        points.dedup();
        points.truncate(wire::LOCATE_POINTS_MAX);
        let ticket = self.asked(now_ms, Asked::Locate { whole, then_from });
        Step::Locate { ticket, points, held: self.held.clone() }
    }

    fn send(&mut self, now_ms: u64, from: u64, upto: u64) -> Step {
        let records_max = self.records_max;
        let ticket = self.asked(now_ms, Asked::Send { from, alone: records_max == 1 });
        Step::Send { ticket, from, upto, records_max, bytes_max: self.bytes_max, hole_from: self.hole_from }
    }

    fn asked(&mut self, now_ms: u64, what: Asked) -> u64 {
        self.ticket += 1;
        self.move_ = Move::Asked { since_ms: now_ms, what };
        self.ticket
    }

    fn due_to_keep(&self, now_ms: u64) -> Option<UplinkAck> {
        let held = self.held.as_ref().filter(|_| self.worth_keeping())?;
        let (kept_seq, kept_epoch) = self.kept.as_ref().map_or((0, 0), |kept| (kept.seq, kept.epoch));
        let rested = self.kept_at_ms.is_none_or(|at| now_ms >= at + KEEP_MS_MIN);
        let drained = self.head.as_ref().is_none_or(|head| held.seq + KEEP_SLACK_RECORDS >= head.seq);
        let long = held.seq >= kept_seq + KEEP_RECORDS_MAX;
        (held.epoch != kept_epoch || (rested && (drained || long))).then(|| held.clone())
    }

    /// An acknowledgement is itself a record to acknowledge. It is worth one when it covers more than such bookkeeping.
    fn worth_keeping(&self) -> bool {
        let (Some(held), kept_seq) = (&self.held, self.kept.as_ref().map_or(0, |kept| kept.seq)) else { return false };
        let epoch_changed = self.kept.as_ref().is_some_and(|kept| kept.epoch != held.epoch);
        let substance = self.substance_seq > kept_seq && held.seq >= self.substance_seq;
        epoch_changed || substance || held.seq > kept_seq + KEEP_SLACK_RECORDS
    }
}
