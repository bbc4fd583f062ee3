//! Reading a journal again from some point on, and finding the point: the newest carry-forward, or an older one when that cannot be
//! used. Damage is passed on, not judged.

use std::io;

use super::disk::Disk;
use super::error::ReadError;
use super::lines::Lines;
use super::record::{Kind, Record};
use super::segment::{SegmentName, segment_of};
use super::walk::{Bad, Step, Walk};
use super::writer::OpenOptions;
use crate::ids::Incarnation;

/// The journal's records from some point on, damage included.
pub struct Replay<D: Disk> {
    walk: Walk<D>,
    start: u64,
    folder: String,
}

/// What replay comes across.
#[derive(Debug)]
pub enum Replayed {
    Record(Box<Record>),
    /// Replay goes on behind it.
    Damage(Bad),
}

impl<D: Disk> Replay<D> {
    pub(super) fn open(disk: &D, options: &OpenOptions, start: u64) -> io::Result<Replay<D>> {
        let mut segments = SegmentName::list(disk)?;
        segments.drain(..segment_of(&segments, start));
        let walk = Walk::new(disk, segments, Some(options.identity.clone()), options.limits.record_bytes_max);
        Ok(Replay { walk, start, folder: disk.folder() })
    }

    /// From where the walk begins.
    pub(super) fn of(walk: Walk<D>, folder: String) -> Replay<D> {
        Replay { walk, start: 1, folder }
    }

    /// From the newest intact carry-forward under `below`, or from the start.
    pub(super) fn open_below(disk: &D, options: &OpenOptions, below: u64) -> io::Result<Replay<D>> {
        let segments = SegmentName::list(disk)?;
        let start = newest_carry(disk, &segments, below, options.limits.record_bytes_max)?.unwrap_or(1);
        Replay::open(disk, options, start)
    }
}

impl<D: Disk> Iterator for Replay<D> {
    type Item = Result<Replayed, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            return match self.walk.next() {
                Err(source) => Some(Err(ReadError::Disk { folder: self.folder.clone(), act: "reading".to_owned(), source })),
                Ok(None) => None,
                Ok(Some(Step::Record(record))) if record.seq < self.start => continue,
                Ok(Some(Step::Bad(bad))) if bad.lost.map_or(bad.seq, |(_, last)| last) < self.start => continue,
                Ok(Some(Step::Record(record))) => Some(Ok(Replayed::Record(record))),
                Ok(Some(Step::Bad(bad))) => Some(Ok(Replayed::Damage(bad))),
            };
        }
    }
}

/// The newest intact carry-forward with a sequence under `below`.
pub(super) fn newest_carry<D: Disk>(disk: &D, segments: &[SegmentName], below: u64, bytes_max: usize) -> io::Result<Option<u64>> {
    let found = newest_of_kind(disk, segments, below, bytes_max, Kind::CarryForward, |_| true)?;
    Ok(found.map(|record| record.seq))
}

/// The version of the program that ran as `incarnation`, or as the newest one there is: in its link, which may be far back.
pub(super) fn program_of<D: Disk>(disk: &D, incarnation: Option<Incarnation>, bytes_max: usize) -> io::Result<Option<String>> {
    let is_wanted = |record: &Record| incarnation.is_none_or(|incarnation| record.incarnation == incarnation);
    let found = newest_of_kind(disk, &SegmentName::list(disk)?, u64::MAX, bytes_max, Kind::Link, is_wanted)?;
    Ok(found.and_then(|record| record.link()).map(|link| link.program))
}

/// From the last segment backwards. Looks closely only at lines that may be of the kind.
fn newest_of_kind<D: Disk>(
    disk: &D,
    segments: &[SegmentName],
    below: u64,
    bytes_max: usize,
    kind: Kind,
    is_wanted: impl Fn(&Record) -> bool,
) -> io::Result<Option<Record>> {
    let mark = match kind {
        Kind::Link => r#","events":[{"journal.link.1":"#,
        Kind::Mark => r#","events":[{"journal.mark.1":"#,
        Kind::CarryForward => r#","events":[{"carried_forward.1":"#,
        Kind::Command => r#","events":["#,
    };
    for (index, name) in segments.iter().enumerate().rev() {
        let limit = segments.get(index + 1).map_or(u64::MAX, |next| next.first_seq).min(below);
        if name.first_seq >= limit {
            continue;
        }
        let mut newest = None;
        let mut lines = Lines::open(disk, &name.to_string(), bytes_max)?;
        while let Some(line) = lines.next()? {
            if std::str::from_utf8(&line.bytes).is_ok_and(|text| text.contains(mark))
                && let Ok(record) = Record::parse(line.bytes)
                && record.kind() == kind
                && record.seq < limit
                && is_wanted(&record)
            {
                newest = Some(record);
            }
        }
        if newest.is_some() {
            return Ok(newest);
        }
    }
    Ok(None)
}
