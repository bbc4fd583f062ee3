//! All reading of the journal goes through here: segments in order, each line either an intact record that follows its
//! predecessor, or part of a bad stretch. What to do about a bad stretch is decided elsewhere (`recovery`, `verify`).
//!
//! * A segment ends where the next one begins: what follows there was carried over into the next one, byte for byte.
//! * A bad stretch lasts until the next intact record; the sequence of that record says how many were lost.
//! * Lost records that a repair holds are given as if they stood where they belong.
//! * A record that is intact but does not name its predecessor's hash is reported and still given: no tearing makes such a
//!   line, so either it or its predecessor was written by someone else, and dropping a sale would be no answer to that.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;

use super::disk::Disk;
use super::error::BadRecord;
use super::lines::{Line, Lines};
use super::record::{Identity, Kind, Position, Record};
use super::repair;
use super::segment::SegmentName;

/// A bad stretch of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    pub segment: SegmentName,
    /// From 1; where the stretch begins.
    pub line: u64,
    /// In bytes from the start of the file.
    pub offset: u64,
    /// The sequence number that was expected there.
    pub seq: u64,
    /// Records that cannot be read, both ends included. `None`: all can be read, but something is wrong between them.
    pub lost: Option<(u64, u64)>,
    /// What is wrong with its first line.
    pub reason: BadRecord,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lost {
            Some((first, last)) if first < last => write!(f, "records {first} to {last}, of which the first {}", self.reason)?,
            Some(_) | None => write!(f, "record {} {}", self.seq, self.reason)?,
        }
        write!(f, ", {} line {}, byte {}", self.segment, self.line, self.offset)
    }
}

/// What a walk comes across.
pub(super) enum Step {
    Record(Box<Record>),
    Bad(Bad),
}

pub(super) struct Walk<D: Disk> {
    disk: D,
    identity: Option<Identity>,
    line_bytes_max: usize,
    segments: Vec<SegmentName>,
    /// Of the segment being read, or to be opened next.
    index: usize,
    lines: Option<Lines<D>>,
    /// The sequence the next record should have.
    expect: u64,
    /// The record before it, unless that one was lost.
    head: Option<Position>,
    stretch: Option<Bad>,
    found: VecDeque<Step>,
    /// Where the newest record begins, and its segment.
    place: (SegmentName, u64),
    /// Bad stretches, or parts of them, whose records came out of a repair.
    repaired: Vec<Bad>,
    /// The record in front of a hole that a repair filled to its end: a link behind it, older than the repair, names this one.
    parent: Option<Position>,
    /// The newest link that names a parent in front of a filled hole.
    bridge_seq: u64,
}

impl<D: Disk> Walk<D> {
    /// Over `segments`, which must be in order. With no `identity` the first record's is the one to keep to.
    pub fn new(disk: &D, segments: Vec<SegmentName>, identity: Option<Identity>, line_bytes_max: usize) -> Walk<D> {
        let first = segments.first().copied().unwrap_or(SegmentName { first_seq: 1, incarnation: crate::ids::Incarnation(0) });
        Walk {
            disk: disk.clone(),
            identity,
            line_bytes_max,
            segments,
            index: 0,
            lines: None,
            expect: first.first_seq,
            head: None,
            stretch: None,
            found: VecDeque::new(),
            place: (first, 0),
            repaired: Vec::new(),
            parent: None,
            bridge_seq: 0,
        }
    }

    /// The next step; `None` at the end. An error is the disk's.
    pub fn next(&mut self) -> io::Result<Option<Step>> {
        loop {
            if let Some(step) = self.found.pop_front() {
                return Ok(Some(step));
            }
            if self.lines.is_none() && !self.open_segment()? {
                let expect = self.expect;
                return Ok(self.stretch.take().map(|stretch| Step::Bad(Bad { lost: Some((stretch.seq, expect)), ..stretch })));
            }
            let is_over = self.expect >= self.limit();
            let line = if is_over { None } else { self.lines.as_mut().expect("a segment is open").next()? };
            match line {
                None => self.end_segment(),
                Some(line) => self.judge(line)?,
            }
        }
    }

    /// The segment and offset of the record given last, which ends at [`Walk::offset`].
    pub fn place(&self) -> (SegmentName, u64) {
        self.place
    }

    /// Behind the line read last.
    pub fn offset(&self) -> u64 {
        self.lines.as_ref().map_or(0, Lines::offset)
    }

    /// The number of the line read last.
    pub fn line(&self) -> u64 {
        self.lines.as_ref().map_or(0, Lines::number)
    }

    /// The sequence of the next record.
    pub fn expect(&self) -> u64 {
        self.expect
    }

    /// What was found bad and is whole again, so far.
    pub fn repaired(&self) -> &[Bad] {
        &self.repaired
    }

    /// The newest link that was written while records before it were lost, which a repair has brought back since.
    pub fn bridge_seq(&self) -> u64 {
        self.bridge_seq
    }

    /// Comes to `seq`, which is in the first segment, without a look at the records before it: in an undamaged segment the number
    /// of a line says which record it is. Where that turns out wrong, the walk stays at the segment's start.
    pub fn skip_to(&mut self, seq: u64) -> io::Result<()> {
        let Some(&segment) = self.segments.first() else { return Ok(()) };
        let lines_before = seq - segment.first_seq;
        let mut lines = Lines::open(&self.disk, &segment.to_string(), self.line_bytes_max)?;
        lines.skip(lines_before)?;
        let is_there = lines.peek_is(|line| Record::parse(line).is_ok_and(|record| record.seq == seq))?;
        if is_there {
            self.lines = Some(lines);
            self.expect = seq;
        }
        Ok(())
    }

    /// Takes note of what was appended and of the segments that were begun since. `false`: this walk cannot go on.
    pub fn refresh(&mut self, segments: &[SegmentName]) -> bool {
        let current = self.segments.get(self.index.min(self.segments.len().saturating_sub(1)));
        let Some(now) = current.and_then(|current| segments.iter().position(|segment| segment == current)) else { return false };
        let ended = usize::from(self.index >= self.segments.len());
        self.segments = segments.to_vec();
        self.index = now + ended;
        if let Some(lines) = &mut self.lines {
            lines.refresh();
        }
        self.found.is_empty() && self.stretch.is_none()
    }

    /// Opens the segment at `index`. What is missing between the last record and its first one becomes part of a bad stretch.
    fn open_segment(&mut self) -> io::Result<bool> {
        let Some(&name) = self.segments.get(self.index) else { return Ok(false) };
        if self.expect < name.first_seq && self.stretch.is_none() {
            self.begin_stretch(0, 0, BadRecord::Missing);
        }
        self.end_stretch(name.first_seq)?;
        self.expect = name.first_seq;
        self.lines = Some(Lines::open(&self.disk, &name.to_string(), self.line_bytes_max)?);
        Ok(true)
    }

    fn end_segment(&mut self) {
        self.lines = None;
        self.index += 1;
    }

    /// The first sequence that is not this segment's.
    fn limit(&self) -> u64 {
        self.segments.get(self.index + 1).map_or(u64::MAX, |next| next.first_seq)
    }

    fn judge(&mut self, line: Line) -> io::Result<()> {
        let Line { offset, number, zeros, bytes } = line;
        if zeros > 0 {
            self.begin_stretch(offset - zeros, number, BadRecord::Zeros);
        }
        let parsed =
            if bytes.len() > self.line_bytes_max { Err(BadRecord::TooLong { max: self.line_bytes_max }) } else { Record::parse(bytes) };
        let record = match parsed {
            Ok(record) => record,
            Err(reason) => {
                self.begin_stretch(offset, number, reason);
                return Ok(());
            }
        };
        if self.identity.as_ref().is_some_and(|identity| *identity != record.identity) {
            self.begin_stretch(offset, number, BadRecord::Foreign(record.identity));
            return Ok(());
        }
        if record.seq < self.expect {
            self.begin_stretch(offset, number, BadRecord::OutOfOrder);
            return Ok(());
        }
        if record.seq >= self.limit() {
            // Carried over: the next segment has it.
            self.end_segment();
            return Ok(());
        }
        if record.seq > self.expect {
            self.begin_stretch(offset, number, BadRecord::Missing);
        }
        self.end_stretch(record.seq)?;
        if let Some(reason) = self.broken_chain(&record) {
            self.begin_stretch(offset, number, reason);
            self.end_stretch(record.seq)?;
        }
        self.accept(record, offset);
        Ok(())
    }

    fn accept(&mut self, record: Record, offset: u64) {
        self.identity.get_or_insert_with(|| record.identity.clone());
        self.expect = record.seq + 1;
        self.head = Some(record.position());
        self.parent = None;
        self.place = (self.segments[self.index], offset);
        self.found.push_back(Step::Record(Box::new(record)));
    }

    /// What is wrong between the record and its predecessor, where there is one.
    fn broken_chain(&mut self, record: &Record) -> Option<BadRecord> {
        let head = self.head?;
        let names_parent = |parent: Position| {
            let link = record.link().filter(|_| record.kind() == Kind::Link);
            record.prev == parent.hash && link.is_some_and(|link| link.parent_seq == parent.seq && link.parent_hash == parent.hash)
        };
        if self.parent.is_some_and(names_parent) {
            self.bridge_seq = record.seq;
            return None;
        }
        if record.prev != head.hash {
            return Some(BadRecord::ChainBroken);
        }
        (record.incarnation != head.incarnation && record.kind() != Kind::Link).then_some(BadRecord::NoLink)
    }

    /// A stretch keeps the reason of its first line, but for one that must not be missed: what a newer program wrote is no garbage.
    fn begin_stretch(&mut self, offset: u64, line: u64, reason: BadRecord) {
        let segment = self.segments[self.index.min(self.segments.len() - 1)];
        let seq = self.expect;
        let is_newer = matches!(reason, BadRecord::NewerFormat(_));
        let stretch = self.stretch.get_or_insert(Bad { segment, line, offset, seq, lost: None, reason: reason.clone() });
        if is_newer {
            stretch.reason = reason;
        }
    }

    /// An intact record with sequence `seq` ends the stretch, if there is one.
    fn end_stretch(&mut self, seq: u64) -> io::Result<()> {
        let Some(stretch) = self.stretch.take() else { return Ok(()) };
        if seq <= stretch.seq {
            self.found.push_back(Step::Bad(stretch));
            return Ok(());
        }
        let (first, last) = (stretch.seq, seq - 1);
        let mut repaired = repair::records(&self.disk, self.identity.as_ref(), first, last, self.line_bytes_max)?;
        let parent = self.head;
        let mut next = first;
        while next <= last {
            let run_ends = |held: bool, repaired: &BTreeMap<u64, Record>| {
                (next..=last).find(|seq| repaired.contains_key(seq) != held).map_or(last, |seq| seq - 1)
            };
            let is_held = repaired.contains_key(&next);
            let end = run_ends(is_held, &repaired);
            let part = Bad { seq: next, lost: Some((next, end)), ..stretch.clone() };
            if is_held {
                self.repaired.push(part);
                for record in (next..=end).filter_map(|seq| repaired.remove(&seq)) {
                    if self.head.is_some_and(|head| record.prev != head.hash) {
                        let reason = BadRecord::ChainBroken;
                        self.found.push_back(Step::Bad(Bad { seq: record.seq, lost: None, reason, ..stretch.clone() }));
                    }
                    self.head = Some(record.position());
                    self.found.push_back(Step::Record(Box::new(record)));
                }
            } else {
                self.head = None;
                self.found.push_back(Step::Bad(part));
            }
            next = end + 1;
        }
        self.parent = parent.filter(|_| self.head.is_some());
        Ok(())
    }
}
