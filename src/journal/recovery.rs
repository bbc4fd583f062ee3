//! What a start makes of what it finds. All records up to `D` were flushed once: D is the highest `durable_upto` in any intact
//! record, or what lies before the last segment, because a segment is made only after a flush of all before it.
//!
//! | row | what is found                                                        | what is done                                       |
//! |-----|----------------------------------------------------------------------|----------------------------------------------------|
//! | 1   | nothing                                                              | first start: a link without a parent               |
//! | 2   | intact records up to D                                               | left where they are, never written again           |
//! | 3   | intact records above D                                               | copied byte for byte into the new segment          |
//! | 4   | a bad record above D, and whatever follows it                        | a torn tail: cut, reported                         |
//! | 5   | a bad record up to D, before the carry-forward in use                | kept, reported: sell on, alarm, repair             |
//! | 6   | a bad record up to D, from that carry-forward on                     | kept, reported, named in the link; replay goes on  |
//! | 7   | an intact record up to D that does not continue its predecessor      | as row 5 or 6, and replayed                        |
//! | 8   | a segment under construction                                         | never was part of the journal: begun anew          |
//! | 9   | a last segment without an intact record                              | nothing in it was flushed: removed                 |
//! | 10  | a segment whose end is also in the next one (a start died before 11) | the next one's counts                              |
//! | 11  | bytes behind the last record that stays in an undamaged segment      | cut, once the new segment stands                   |
//! | 12  | two segments with one first record                                   | refused: two disks were mixed                      |
//! | 13  | an intact record of another node, or of a newer format               | refused, with what to do                           |
//! | 14  | segments, and no intact record in any                                | refused: no tear does that                         |
//! | 15  | a bad record up to D that a repair holds                             | read from there, as if it stood in its segment     |
//!
//! Rows 3 and 4 look at the same stretch: after a failed fsync the page cache shows what the disk does not have, so what is not
//! proved to be on disk is written again before anything is answered from it. Each row has a test in `tests/journal/recovery.rs`.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use super::disk::Disk;
use super::error::{BadRecord, OpenError};
use super::hash::Hash;
use super::record::{Fields, Hole, Kind, Link, OwnEvent, Position, Record, encode};
use super::replay::{Replay, newest_carry, program_of};
use super::segment::{ActiveSegment, SegmentName, Trouble, fsync_folder, segment_of, trim};
use super::walk::{Bad, Step, Walk};
use super::writer::{Journal, OpenOptions, not_before};
use crate::fault::Fault;

const LOCK: &str = "lock";
/// Holes that a link names one by one; the rest is summed up in the last.
const HOLES_MAX: usize = 64;

/// A journal ready for use.
pub struct Opened<D: Disk> {
    pub journal: Journal<D>,
    /// From the newest carry-forward, or from the start, to the new link.
    pub replay: Replay<D>,
    pub report: RecoveryReport,
}

/// What a start found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryReport {
    /// The record that the new link continues; `None` at the first start.
    pub parent: Option<Position>,
    /// Where replay starts, when not at the first record.
    pub carry_forward: Option<u64>,
    /// Records that were copied into the new segment because nothing proved them to be on disk.
    pub carried_over: u64,
    pub cut: Option<Cut>,
    pub damage: Vec<Damage>,
    /// What is bad in its segment and was read from a repair.
    pub repaired: Vec<Bad>,
}

/// A torn tail: never acknowledged, taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    pub bad: Bad,
    /// Intact records behind it that went with it.
    pub records: u64,
}

/// Flushed once, bad now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub bad: Bad,
    /// From the carry-forward in use on: what the lost records could change is unproved.
    pub in_replay: bool,
}

impl RecoveryReport {
    /// Whether someone must look at this.
    pub fn is_clean(&self) -> bool {
        self.damage.is_empty()
    }
}

impl fmt::Display for RecoveryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parent {
            None => write!(f, "a new journal")?,
            Some(parent) => write!(f, "continues record {} of {}", parent.seq, parent.incarnation)?,
        }
        write!(f, "; {} records copied to be sure", self.carried_over)?;
        if let Some(cut) = &self.cut {
            write!(f, "; an unfinished tail was cut ({}), never acknowledged", cut.bad)?;
        }
        for damage in &self.damage {
            let place = if damage.in_replay { "what it could change is unproved" } else { "before what is replayed" };
            write!(f, "; DAMAGED: {} ({place})", damage.bad)?;
        }
        for bad in &self.repaired {
            write!(f, "; repaired: {bad}")?;
        }
        Ok(())
    }
}

pub(super) fn open<D: Disk>(disk: D, options: OpenOptions) -> Result<Opened<D>, OpenError> {
    let failed = |act: &str| {
        let (folder, act) = (disk.folder(), act.to_owned());
        move |source| OpenError::Disk { folder, act, source }
    };
    let lock = disk.lock(LOCK).map_err(failed("locking"))?.ok_or_else(|| OpenError::Locked { folder: disk.folder() })?;
    let segments = SegmentName::list(&disk).map_err(failed("listing"))?;
    if let Some(pair) = segments.windows(2).find(|pair| pair[0].first_seq == pair[1].first_seq) {
        return Err(OpenError::Fork { folder: disk.folder(), first: pair[0].to_string(), second: pair[1].to_string() });
    }

    let scan = Scan::run(&disk, &segments, &options).map_err(failed("reading"))?;
    scan.check(&disk, &segments, &options)?;

    let link = scan.link_record(&options);
    let active = swap_in(&disk, &segments, &scan, &link, &options).map_err(|trouble| match trouble {
        Trouble::Full => OpenError::DiskFull { folder: disk.folder(), needed: options.limits.fill_bytes },
        Trouble::Failed(act, source) => OpenError::Disk { folder: disk.folder(), act: act.to_owned(), source },
    })?;

    let report = scan.report();
    let start = report.carry_forward.unwrap_or(1);
    let replay = Replay::open(&disk, &options, start).map_err(failed("listing"))?;
    let journal = Journal::new(disk, lock, options, active, &link);
    Ok(Opened { journal, replay, report })
}

/// Builds the new segment out of the records above D and the link, puts it in place and tidies up behind it. Nothing that was
/// flushed is touched, so a crash at any point in here finds the same records again.
fn swap_in<D: Disk>(
    disk: &D,
    segments: &[SegmentName],
    scan: &Scan,
    link: &Record,
    options: &OpenOptions,
) -> Result<ActiveSegment<D>, Trouble> {
    let name = scan.tail.front().map_or(SegmentName::of(link), |found| SegmentName::of(&found.record));
    let mut bytes: Vec<u8> = Vec::new();
    for found in &scan.tail {
        bytes.extend_from_slice(&found.record.line);
    }
    bytes.extend_from_slice(&link.line);

    // Row 9.
    let stale: Vec<_> = segments.iter().filter(|segment| segment.first_seq >= name.first_seq && **segment != name).collect();
    for segment in &stale {
        disk.remove(&segment.to_string()).map_err(|error| Trouble::Failed("removing an empty segment", error))?;
    }
    if !stale.is_empty() {
        fsync_folder(disk)?;
    }
    let active = ActiveSegment::create(disk, name, &bytes, options.limits.fill_bytes)?;

    // Row 11.
    if let Some(last) = &scan.flushed
        && last.segment != name
        && !scan.bad.iter().chain(&scan.repaired).any(|bad| bad.segment == last.segment)
    {
        let former = disk.open(&last.segment.to_string()).map_err(|error| Trouble::Failed("opening the former segment", error))?;
        trim(disk, &former, last.end)?;
    }
    Ok(active)
}

/// A record and where it stands.
struct Found {
    record: Record,
    segment: SegmentName,
    end: u64,
}

/// The end of the part of the chain that stays where it is.
#[derive(Clone, Copy)]
struct Head {
    position: Position,
    at_ms: i64,
    segment: SegmentName,
    end: u64,
}

impl Head {
    fn of(found: &Found) -> Head {
        Head { position: found.record.position(), at_ms: found.record.at.ms, segment: found.segment, end: found.end }
    }
}

/// Everything from the newest carry-forward's segment on, sorted by D.
#[derive(Default)]
struct Scan {
    durable_upto: u64,
    /// The last intact record up to D.
    flushed: Option<Head>,
    /// Intact records above D, up to the cut.
    tail: VecDeque<Found>,
    bad: Vec<Bad>,
    /// Row 15.
    repaired: Vec<Bad>,
    cut: Option<Cut>,
    carries: Vec<u64>,
}

impl Scan {
    /// Starts at the newest carry-forward that is not cut, because before it nothing can change what is replayed.
    fn run<D: Disk>(disk: &D, segments: &[SegmentName], options: &OpenOptions) -> io::Result<Scan> {
        let bytes_max = options.limits.record_bytes_max;
        let mut below = u64::MAX;
        loop {
            let carry = newest_carry(disk, segments, below, bytes_max)?;
            let from = carry.map_or(0, |seq| segment_of(segments, seq));
            let scan = Scan::from_segment(disk, &segments[from..], options)?;
            match carry {
                Some(seq) if scan.carries.is_empty() => below = seq,
                _ => return Ok(scan),
            }
        }
    }

    fn from_segment<D: Disk>(disk: &D, segments: &[SegmentName], options: &OpenOptions) -> io::Result<Scan> {
        let before_last = segments.last().map_or(0, |last| last.first_seq - 1);
        let mut scan = Scan { durable_upto: before_last, ..Scan::default() };
        let mut walk = Walk::new(disk, segments.to_vec(), Some(options.identity.clone()), options.limits.record_bytes_max);
        while let Some(step) = walk.next()? {
            match step {
                Step::Bad(bad) => {
                    scan.bad.push(bad);
                    if Fault::StopAtFirstBadRecord.is_planted() {
                        break;
                    }
                }
                Step::Record(record) => {
                    let (segment, _) = walk.place();
                    scan.see(Found { record: *record, segment, end: walk.offset() });
                }
            }
        }
        scan.repaired = walk.repaired().to_vec();
        scan.cut_tail();
        Ok(scan)
    }

    fn see(&mut self, found: Found) {
        self.durable_upto = self.durable_upto.max(found.record.durable_upto);
        if found.record.kind() == Kind::CarryForward {
            self.carries.push(found.record.seq);
        }
        self.tail.push_back(found);
        while let Some(first) = self.tail.front()
            && first.record.seq <= self.durable_upto
        {
            self.flushed = self.tail.pop_front().as_ref().map(Head::of);
        }
    }

    /// Row 4: the first bad record above D ends the journal. Everything from there on was never acknowledged.
    fn cut_tail(&mut self) {
        let is_torn = |bad: &Bad| bad.seq > self.durable_upto || Fault::CutBelowDurable.is_planted();
        let Some(first) = self.bad.iter().position(is_torn) else { return };
        let bad = self.bad.swap_remove(first);
        self.bad.truncate(first);
        let before = self.tail.len();
        self.tail.retain(|found| found.record.seq < bad.seq);
        self.carries.retain(|seq| *seq < bad.seq);
        self.cut = Some(Cut { records: (before - self.tail.len()) as u64, bad });
    }

    /// The last record of the chain.
    fn head(&self) -> Option<Head> {
        self.tail.back().map(Head::of).or(self.flushed)
    }

    /// Rows 13 and 14.
    fn check<D: Disk>(&self, disk: &D, segments: &[SegmentName], options: &OpenOptions) -> Result<(), OpenError> {
        for bad in self.bad.iter().chain(self.cut.iter().map(|cut| &cut.bad)) {
            match &bad.reason {
                BadRecord::Foreign(found) => {
                    let (found, expected) = (Box::new(found.clone()), Box::new(options.identity.clone()));
                    return Err(OpenError::Foreign { folder: disk.folder(), found, expected });
                }
                BadRecord::NewerFormat(format) => {
                    let program = program_of(disk, None, options.limits.record_bytes_max).ok().flatten();
                    return Err(OpenError::Newer { folder: disk.folder(), segment: bad.segment.to_string(), format: *format, program });
                }
                BadRecord::NoNewline
                | BadRecord::NoChecksum
                | BadRecord::Checksum { .. }
                | BadRecord::TooLong { .. }
                | BadRecord::NotARecord(_)
                | BadRecord::Missing
                | BadRecord::Zeros
                | BadRecord::OutOfOrder
                | BadRecord::ChainBroken
                | BadRecord::NoLink
                | BadRecord::Fork { .. }
                | BadRecord::Unsigned
                | BadRecord::BadSignature { .. } => {}
            }
        }
        if !segments.is_empty() && self.head().is_none() {
            return Err(OpenError::NothingReadable { folder: disk.folder(), segments: segments.len() });
        }
        Ok(())
    }

    /// The first record of this incarnation.
    fn link_record(&self, options: &OpenOptions) -> Record {
        let head = self.head();
        let event = serde_json::value::to_raw_value(&OwnEvent::Link(self.link(options))).expect("a link is plain data");
        let fields = Fields {
            identity: &options.identity,
            incarnation: options.incarnation,
            seq: head.map_or(0, |head| head.position.seq.max(self.durable_upto)) + 1,
            at: not_before(options.now, head.map(|head| head.at_ms)),
            date: None,
            key: None,
            durable_upto: self.durable_upto,
            prev: head.map_or(Hash::NONE, |head| head.position.hash),
            events: &[event],
        };
        Record::parse(encode(&fields, Some(&options.key))).expect("a link that was just written reads back")
    }

    fn link(&self, options: &OpenOptions) -> Link {
        let parent = self.head().map(|head| head.position);
        let mut holes: Vec<Hole> = Vec::new();
        for damage in self.damage().filter(|damage| damage.in_replay) {
            let Some((first_seq, last_seq)) = damage.bad.lost else { continue };
            if holes.len() == HOLES_MAX {
                holes[HOLES_MAX - 1].last_seq = last_seq;
            } else {
                holes.push(Hole { first_seq, last_seq, segment: damage.bad.segment.to_string(), reason: damage.bad.reason.to_string() });
            }
        }
        Link {
            parent_inc: parent.map(|parent| parent.incarnation),
            parent_seq: parent.map_or(0, |parent| parent.seq),
            parent_hash: parent.map_or(Hash::NONE, |parent| parent.hash),
            public_key: options.key.public_hex(),
            program: options.program.clone(),
            holes,
        }
    }

    fn damage(&self) -> impl Iterator<Item = Damage> {
        let start = self.carries.last().copied().unwrap_or(1);
        self.bad.iter().map(move |bad| Damage { bad: bad.clone(), in_replay: bad.lost.map_or(bad.seq, |(_, last)| last) >= start })
    }

    fn report(&self) -> RecoveryReport {
        RecoveryReport {
            parent: self.head().map(|head| head.position),
            carry_forward: self.carries.last().copied(),
            carried_over: self.tail.len() as u64,
            cut: self.cut.clone(),
            damage: self.damage().collect(),
            repaired: self.repaired.clone(),
        }
    }
}
