//! The one writer: decide, apply in memory, append; then flush. It owns the journal and the state, and nothing else does.
//! Prefetching facts and publishing what became durable are its caller's business ([`super::run`], and the simulation's).

use std::sync::Arc;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::handle::CommandRequest;
use super::replay;
use crate::fault::Fault;
use crate::ids::{AttemptId, CommandId, Incarnation, JobId, StaffId, TxnId, WorkstationId};

use crate::journal::{AppendError, Content, Disk, Draft, Fenced, Journal, Position, ReadError, Repair};
use crate::retail::day::Day;
use crate::retail::{self, Answer, Ask, Command, Effect, Event, EventKind, Facts, Fresh, Refusal, Rules, State};
use crate::time::{Clock, ClockQuality, Stamp, Uptime};

pub struct Writer<D: Disk> {
    journal: Journal<D>,
    content: Content<D>,
    /// The newest record that is on disk.
    durable: Position,
    state: State,
    rules: Arc<Rules>,
    clock: Arc<dyn Clock>,
    /// Of the clock that never goes back, when this process began.
    started_ms: u64,
    time_zone: jiff::tz::TimeZone,
    incarnation: Incarnation,
    /// Time of the newest record: the wall clock is never believed to be before it.
    newest_at_ms: i64,
}

/// What became of a command.
#[derive(Debug)]
pub enum Taken {
    /// A record was appended; it counts when [`Writer::flush`] has covered `seq`.
    Recorded(Box<Recorded>),
    /// Nothing to write: a repeat, or an act that changes nothing. `answer.seq` may still wait for its flush.
    Answered(Answer),
    Refused(Refusal),
    /// Nothing was written and the state is as it was. Words with the remedy.
    DiskFull(String),
}

/// One appended record, with what the shell needs once it is durable.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub answer: Answer,
    pub seq: u64,
    /// 64 hex characters.
    pub hash: String,
    pub at: Stamp,
    pub events: Vec<Event>,
    /// What is to be done outside once it is durable.
    pub effects: Vec<Effect>,
    /// The strongest of its events.
    pub kind: EventKind,
}

/// Why the writer stopped for good. The process ends and recovers by replay.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Fenced(#[from] Fenced),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the state of the day before could not be written beside the journal: {0}: check the disk")]
    Content(std::io::Error),
    #[error(
        "record {seq} holds an event this release does not know ({tag}): it was written by a newer one; install that or a newer release"
    )]
    NewerRelease { seq: u64, tag: String },
    #[error("record {seq} cannot be read as events: {reason}: run `counterfoil journal verify`")]
    Unreadable { seq: u64, reason: String },
    #[error("the state carried forward in record {seq} cannot be loaded: {reason}")]
    CarryForward { seq: u64, reason: String },
}

impl<D: Disk> Writer<D> {
    pub fn new(
        journal: Journal<D>,
        content: Content<D>,
        state: State,
        rules: Arc<Rules>,
        clock: Arc<dyn Clock>,
        time_zone: jiff::tz::TimeZone,
    ) -> Writer<D> {
        let newest_at_ms = journal.head_at_ms();
        let incarnation = journal.incarnation();
        let durable = journal.head();
        let started_ms = clock.monotonic_ms();
        Writer { journal, content, durable, state, rules, clock, started_ms, time_zone, incarnation, newest_at_ms }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// Other rules, from the next command on. Records hold what was used, so replay knows nothing of it.
    pub fn set_rules(&mut self, rules: Arc<Rules>) {
        self.rules = rules;
    }

    /// The newest record that is on disk.
    pub fn durable(&self) -> Position {
        self.durable
    }

    pub fn journal(&self) -> &Journal<D> {
        &self.journal
    }

    /// Now, but never before the newest record.
    pub fn now(&self) -> Stamp {
        let now = self.clock.now();
        if now.ms < self.newest_at_ms { Stamp { ms: self.newest_at_ms, quality: ClockQuality::HeldBack } } else { now }
    }

    /// Whatever the wall clock says.
    pub fn uptime(&self) -> Uptime {
        Uptime { run: self.incarnation, ms: self.clock.monotonic_ms().saturating_sub(self.started_ms) }
    }

    /// Decides one command and appends its record. Not durable until [`Writer::flush`].
    pub fn take(&mut self, request: CommandRequest, facts: &Facts) -> Result<Taken, WriterError> {
        let at = self.now();
        let ask = self.ask(request, at);
        let decision = match retail::decide(&self.state, &self.rules, &ask, facts) {
            Ok(decision) => decision,
            Err(refusal) => return Ok(Taken::Refused(refusal)),
        };
        if decision.repeat || decision.events.is_empty() {
            return Ok(Taken::Answered(decision.answer));
        }
        let kind = decision.kind();
        let mut events = decision.events;
        if events.iter().any(|event| matches!(event, Event::DayOpened { .. })) {
            events.insert(0, self.carry_forward()?);
        }
        self.append(&ask, facts, events, kind, decision.answer)
    }

    /// Why a command would be refused now; nothing is written.
    pub fn would_refuse(&self, request: CommandRequest, facts: &Facts) -> Option<Refusal> {
        retail::decide(&self.state, &self.rules, &self.ask(request, self.now()), facts).err()
    }

    /// One device flush for everything appended. Returns the newest durable sequence.
    pub fn flush(&mut self) -> Result<u64, WriterError> {
        let started = std::time::Instant::now();
        let upto = self.journal.flush()?;
        self.durable = self.journal.head();
        metrics::histogram!("counterfoil_flush_seconds").record(started.elapsed().as_secs_f64());
        Ok(upto)
    }

    /// Writes and flushes a mark, after a second of quiet; returns its sequence.
    pub fn mark(&mut self) -> Result<u64, WriterError> {
        let at = self.now();
        let seq = self.journal.write_mark(at)?;
        self.durable = self.journal.head();
        Ok(seq)
    }

    /// A clean stop: mark and flush.
    pub fn close(self) -> Result<(), WriterError> {
        let at = self.now();
        Ok(self.journal.close(at)?)
    }

    /// Keeps what fills a hole. Where the state lacked it, the state is made anew from the journal, which has it now: the same function as at
    /// a start, so that what runs on and what a restart would find are one. The loop stands still for it, as long as a start takes.
    pub fn repair(&mut self, repair: &Repair) -> Result<(), WriterError> {
        self.journal.store_repair(repair)?;
        if self.state.unproved.overlaps(repair.first_seq(), repair.last().seq) {
            self.flush()?;
            let replay = self.journal.replay_from_carry_before(repair.first_seq())?;
            self.state = replay::state(replay, &self.journal, &self.content)?.state;
        }
        Ok(())
    }

    fn ask(&self, request: CommandRequest, at: Stamp) -> Ask {
        let content = content_hash(&request);
        let id = if Fault::DoubleApplyOnRepeat.is_planted() { shell_command_id() } else { request.id };
        let offset = self.utc_offset_min(at);
        Ask {
            id,
            content,
            staff: self.at_work(request.workstation.as_ref()).or(request.staff),
            workstation: request.workstation,
            at,
            utc_offset_min: offset,
            incarnation: self.incarnation,
            uptime_ms: self.uptime().ms,
            seq: self.journal.next_seq(),
            fresh: Fresh { txn: TxnId(Uuid::now_v7()), job: JobId(Uuid::now_v7()), attempt: AttemptId(Uuid::now_v7()) },
            command: request.command,
        }
    }

    /// Minutes east of UTC in the store.
    pub fn utc_offset_min(&self, at: Stamp) -> i32 {
        jiff::Timestamp::from_millisecond(at.ms).map(|t| self.time_zone.to_offset(t).seconds() / 60).unwrap_or(0)
    }

    /// Who is signed in there; nobody while the till is locked.
    fn at_work(&self, workstation: Option<&WorkstationId>) -> Option<StaffId> {
        let here = self.state.workstations.get(workstation?)?.signed_in.as_ref()?;
        (!here.locked).then(|| here.staff.clone())
    }

    /// Makes the state before the new day durable as content-addressed files and returns the event that names them.
    fn carry_forward(&mut self) -> Result<Event, WriterError> {
        let mut parts = std::collections::BTreeMap::new();
        for (name, bytes) in self.state.to_parts() {
            parts.insert(name, self.content.put(&bytes).map_err(WriterError::Content)?);
        }
        Ok(Event::CarriedForward { parts })
    }

    fn append(&mut self, ask: &Ask, facts: &Facts, events: Vec<Event>, kind: EventKind, answer: Answer) -> Result<Taken, WriterError> {
        let carry = matches!(events.first(), Some(Event::CarriedForward { .. }));
        let closes_day = events.iter().any(|e| matches!(e, Event::DayClosed { .. }));
        let date = match (&self.state.day, &ask.command) {
            (_, Command::OpenDay { date }) | (Day::Open { date, .. }, _) => Some(*date),
            (Day::NeverOpened | Day::Closed { .. }, _) => None,
        };
        let draft = Draft {
            at: ask.at,
            date,
            key: Some(ask.id.as_str().to_owned()),
            events: events.iter().map(raw).collect(),
            signed: carry || closes_day,
            carry,
        };
        let position = match self.journal.append(&draft) {
            Ok(position) => position,
            Err(full @ AppendError::DiskFull { .. }) => return Ok(Taken::DiskFull(full.to_string())),
            Err(other) => return Err(other.into()),
        };
        assert_eq!(position.seq, ask.seq, "the record got another place than the decision was told");
        for event in &events {
            self.state.apply(position.seq, event);
        }
        let effects = retail::effects(&self.state, facts, &events);
        if closes_day && let Err(reason) = self.journal.end_segment() {
            match reason {
                // The old segment stays in use, which is no harm.
                AppendError::DiskFull { .. } => tracing::warn!(%reason, "the segment of the closed day stays in use"),
                AppendError::Fenced(_) | AppendError::Unwritable { .. } => return Err(reason.into()),
            }
        }
        self.newest_at_ms = self.newest_at_ms.max(ask.at.ms);
        metrics::counter!("counterfoil_records_total").increment(1);
        let hash = position.hash.to_string();
        Ok(Taken::Recorded(Box::new(Recorded { answer, seq: position.seq, hash, at: ask.at, events, effects, kind })))
    }
}

/// An id for a command that the shell itself makes: a scan, a report, an acknowledgement.
pub fn shell_command_id() -> CommandId {
    CommandId::new(&Uuid::now_v7().simple().to_string()).expect("a UUID is a valid command id")
}

/// SHA-256 over the workstation and the command's JSON: what a repeat must agree with.
fn content_hash(request: &CommandRequest) -> String {
    let mut hasher = Sha256::new();
    hasher.update(request.workstation.as_ref().map_or("", |w| w.as_str()));
    hasher.update(b"\n");
    hasher.update(serde_json::to_vec(&request.command).expect("a command is always JSON"));
    hex(&hasher.finalize())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn raw(event: &Event) -> Box<RawValue> {
    serde_json::value::to_raw_value(event).expect("an event is always JSON")
}
