//! The writing end: append, flush, marks, and the fence. One thread owns it.

use std::io;

use serde_json::value::RawValue;

use super::disk::Disk;
use super::error::{AppendError, Fenced, OpenError, ReadError};
use super::key::NodeKey;
use super::record::{Draft, Fields, Identity, OwnEvent, Position, Record, encode, is_carry, unfit_event};
use super::recovery::{self, Opened};
use super::repair::{self, Repair};
use super::replay::{self, Replay};
use super::segment::{ActiveSegment, SegmentName, Trouble};
use crate::fault::Fault;
use crate::ids::Incarnation;
use crate::money::INTEGER_MAX;
use crate::time::{ClockQuality, Stamp};

/// A carry-forward names its large parts by hash, so it never comes near this.
pub const CARRY_BYTES_MAX: usize = 64 << 10;
/// How long a flushed record may stay without a later record that says so.
pub const QUIET_MS: u64 = 1_000;

/// Sizes. The defaults are the product's; tests use small ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A segment ends before it grows beyond this.
    pub segment_bytes_max: u64,
    /// Zeros are written ahead in steps of this. One flush more per step.
    pub fill_bytes: u64,
    /// The longest line, newline included.
    pub record_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { segment_bytes_max: 64 << 20, fill_bytes: 1 << 20, record_bytes_max: 1 << 20 }
    }
}

/// What a start needs to know.
#[derive(Clone)]
pub struct OpenOptions {
    pub identity: Identity,
    pub key: NodeKey,
    /// Random, minted for this start and for no other.
    pub incarnation: Incarnation,
    pub now: Stamp,
    /// Version of the running program, for whoever meets a record that it does not know.
    pub program: String,
    pub limits: Limits,
}

/// The journal of this node, open for writing.
pub struct Journal<D: Disk> {
    disk: D,
    _lock: D::Lock,
    options: OpenOptions,
    active: ActiveSegment<D>,
    head: Position,
    head_at_ms: i64,
    head_is_mark: bool,
    durable_upto: u64,
    /// Since when nothing happened, as far as `mark_due_ms` was told.
    quiet_since_ms: Option<u64>,
    fence: Option<Fenced>,
}

impl<D: Disk> Journal<D> {
    /// Takes the folder, recovers what is in it (the table in `recovery`) and opens a new segment with this incarnation's link. All that
    /// is replayed is on disk when this returns.
    pub fn open(disk: D, options: OpenOptions) -> Result<Opened<D>, OpenError> {
        recovery::open(disk, options)
    }

    /// Writes the record, not yet durable. The position is final: a crash either keeps the whole record or drops it.
    pub fn append(&mut self, draft: &Draft) -> Result<Position, AppendError> {
        if Fault::HalfACommand.is_planted() && draft.events.len() > 1 {
            for event in &draft.events {
                self.append_events(draft, std::slice::from_ref(event))?;
            }
            return Ok(self.head);
        }
        self.append_events(draft, &draft.events)
    }

    /// Makes every appended record durable with one device flush and says up to which sequence. Acknowledge up to there.
    pub fn flush(&mut self) -> Result<u64, Fenced> {
        self.check_fence()?;
        if self.durable_upto < self.head.seq {
            self.active.flush(&self.disk).map_err(|error| self.fence("flush", &error))?;
            self.durable_upto = self.head.seq;
        }
        Ok(self.durable_upto)
    }

    /// The highest sequence that is known to be on disk.
    pub fn durable_upto(&self) -> u64 {
        self.durable_upto
    }

    /// The newest record, flushed or not.
    pub fn head(&self) -> Position {
        self.head
    }

    /// When the newest record was decided. A clock that is behind this has gone wrong.
    pub fn head_at_ms(&self) -> i64 {
        self.head_at_ms
    }

    pub fn next_seq(&self) -> u64 {
        self.head.seq + 1
    }

    pub fn incarnation(&self) -> Incarnation {
        self.options.incarnation
    }

    pub fn identity(&self) -> &Identity {
        &self.options.identity
    }

    /// When to call [`Journal::write_mark`]: a time on the caller's monotonic clock, `None` when no mark is needed. To be asked after every turn of
    /// the caller's loop; any append begins the quiet second anew.
    pub fn mark_due_ms(&mut self, now_ms: u64) -> Option<u64> {
        if self.fence.is_some() || self.head_is_mark || self.durable_upto < self.head.seq {
            self.quiet_since_ms = None;
            return None;
        }
        Some(*self.quiet_since_ms.get_or_insert(now_ms) + QUIET_MS)
    }

    /// Writes and flushes a mark: from now on the disk itself says that all before it was flushed.
    /// A full disk refuses it as any other record; the next quiet second tries again.
    pub fn write_mark(&mut self, at: Stamp) -> Result<u64, AppendError> {
        self.quiet_since_ms = None;
        self.flush()?;
        let event = serde_json::value::to_raw_value(&OwnEvent::Mark {}).expect("a mark is plain data");
        self.append_events(&Draft { at, date: None, key: None, events: Vec::new(), signed: true, carry: false }, &[event])?;
        Ok(self.flush()?)
    }

    /// Ends the segment, as at day close. All before is flushed. `DiskFull` leaves the old segment in use, which is no harm.
    pub fn end_segment(&mut self) -> Result<(), AppendError> {
        self.flush()?;
        if self.active.name.first_seq == self.next_seq() {
            return Ok(());
        }
        let name = SegmentName { first_seq: self.next_seq(), incarnation: self.options.incarnation };
        let next = ActiveSegment::create(&self.disk, name, &[], self.options.limits.fill_bytes);
        let next = self.fence_on(next)?;
        let former = std::mem::replace(&mut self.active, next);
        let trimmed = former.trim(&self.disk);
        self.fence_on(trimmed)
    }

    /// The clean stop: flush, mark, flush. Gives up the folder.
    pub fn close(mut self, at: Stamp) -> Result<(), AppendError> {
        if self.head_is_mark {
            self.flush()?;
        } else {
            self.write_mark(at)?;
        }
        Ok(())
    }

    /// All records, for proving that state is the same from wherever it is replayed. Only what is flushed is sure to be in it.
    pub fn replay_from_start(&self) -> Result<Replay<D>, ReadError> {
        Replay::open(&self.disk, &self.options, 1).map_err(|source| self.unreadable(source))
    }

    /// Keeps what fills a hole in a file of its own, durable when this returns. The damaged segment stays as it is.
    pub fn store_repair(&mut self, repair: &Repair) -> Result<(), AppendError> {
        self.check_fence()?;
        let stored = repair::store(&self.disk, repair);
        self.fence_on(stored)
    }

    /// Whether a repair holds any of these records.
    pub fn is_repaired(&self, first_seq: u64, last_seq: u64) -> Result<bool, ReadError> {
        repair::is_repaired(&self.disk, first_seq, last_seq).map_err(|source| self.unreadable(source))
    }

    /// From the newest intact carry-forward below `seq`, or from the start when there is none: the way back when the content that a
    /// carry-forward names is damaged.
    pub fn replay_from_carry_before(&self, seq: u64) -> Result<Replay<D>, ReadError> {
        Replay::open_below(&self.disk, &self.options, seq).map_err(|source| self.unreadable(source))
    }

    /// The version of the program that wrote `incarnation`, for whoever meets an event in there that it does not know.
    pub fn program_of(&self, incarnation: Incarnation) -> Option<String> {
        replay::program_of(&self.disk, Some(incarnation), self.options.limits.record_bytes_max).ok().flatten()
    }

    pub(super) fn new(disk: D, lock: D::Lock, options: OpenOptions, active: ActiveSegment<D>, link: &Record) -> Journal<D> {
        Journal {
            disk,
            _lock: lock,
            options,
            active,
            head: link.position(),
            head_at_ms: link.at.ms,
            head_is_mark: false,
            durable_upto: link.seq,
            quiet_since_ms: None,
            fence: None,
        }
    }

    fn append_events(&mut self, draft: &Draft, events: &[Box<RawValue>]) -> Result<Position, AppendError> {
        self.check_fence()?;
        let at = not_before(draft.at, Some(self.head_at_ms));
        let fields = Fields {
            identity: &self.options.identity,
            incarnation: self.options.incarnation,
            seq: self.next_seq(),
            at,
            date: draft.date,
            key: draft.key.as_deref(),
            durable_upto: self.durable_upto,
            prev: self.head.hash,
            events,
        };
        let line = encode(&fields, (draft.signed || draft.carry).then_some(&self.options.key));
        if let Some(reason) = self.unfit(draft, events, at, &line) {
            return Err(AppendError::Unwritable { reason });
        }
        self.make_room(line.len())?;

        // From here on the record is in the chain, or the journal is fenced.
        let written = self.active.append(&self.disk, &line);
        self.fence_on(written)?;
        self.head = Position { incarnation: self.options.incarnation, seq: self.next_seq(), hash: super::Hash::of(&line) };
        self.head_at_ms = at.ms;
        self.head_is_mark = matches!(serde_json::from_str(events[0].get()), Ok(OwnEvent::Mark {}));
        self.quiet_since_ms = None;
        Ok(self.head)
    }

    fn unfit(&self, draft: &Draft, events: &[Box<RawValue>], at: Stamp, line: &[u8]) -> Option<String> {
        let bytes_max = if draft.carry { CARRY_BYTES_MAX } else { self.options.limits.record_bytes_max };
        if events.is_empty() {
            return Some("it has no event".to_owned());
        }
        if line.len() > bytes_max {
            return Some(format!("it has {} bytes and may have {bytes_max}", line.len()));
        }
        if at.ms.abs() > INTEGER_MAX || self.next_seq() > INTEGER_MAX.unsigned_abs() {
            return Some("its time or sequence is beyond 2^53".to_owned());
        }
        if draft.carry != is_carry(events[0].get()) {
            return Some("its first event and its being a carry-forward do not agree".to_owned());
        }
        events.iter().find_map(|event| unfit_event(event.get()))
    }

    /// Room in zeros that are on disk. A full disk is found here, where nothing of the record was written: the chain stays as it
    /// is, so refusing is safe and trying again is not a retry of a failed write. A failed flush fences here as anywhere.
    fn make_room(&mut self, bytes: usize) -> Result<(), AppendError> {
        if self.active.end() + bytes as u64 > self.options.limits.segment_bytes_max {
            self.end_segment()?;
        }
        while !self.active.has_room(bytes) {
            let filled = self.active.fill(&self.disk, self.options.limits.fill_bytes);
            self.fence_on(filled)?;
        }
        Ok(())
    }

    fn check_fence(&self) -> Result<(), Fenced> {
        self.fence.clone().map_or(Ok(()), Err)
    }

    /// Every answer of the disk passes through here. Only "no room" leaves the journal usable.
    fn fence_on<T>(&mut self, result: Result<T, Trouble>) -> Result<T, AppendError> {
        result.map_err(|trouble| match trouble {
            Trouble::Full => AppendError::DiskFull { folder: self.disk.folder() },
            Trouble::Failed(act, error) => AppendError::Fenced(self.fence(act, &error)),
        })
    }

    fn fence(&mut self, act: &str, error: &io::Error) -> Fenced {
        let fenced = Fenced { folder: self.disk.folder(), act: act.to_owned(), cause: error.to_string() };
        self.fence.get_or_insert(fenced).clone()
    }

    fn unreadable(&self, source: io::Error) -> ReadError {
        ReadError::Disk { folder: self.disk.folder(), act: "listing".to_owned(), source }
    }
}

/// The stamp a record gets: time in the journal never goes back, and says when it was held.
pub(super) fn not_before(at: Stamp, newest_ms: Option<i64>) -> Stamp {
    match newest_ms {
        Some(newest_ms) if at.ms < newest_ms => Stamp { ms: newest_ms, quality: ClockQuality::HeldBack },
        _ => at,
    }
}
