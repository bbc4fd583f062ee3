//! A segment: a file of records, one line each, zero-filled ahead of its end. It is named after its first record, and it ends
//! where the next one begins. This file knows names, the ritual by which a segment comes to be, and how to append to one.

use std::fmt;
use std::io;

use super::disk::{Disk, is_full};
use super::record::Record;
use crate::fault::Fault;
use crate::ids::Incarnation;

/// The name a segment is built under. Whatever has it after a crash was never part of the journal.
pub(super) const TEMPORARY: &str = "segment.tmp";

/// `segment-<first sequence, 16 digits>-<incarnation of that record>.jsonl`. No two records share sequence and incarnation, so
/// a name stands for one first record for ever, and a file that is swapped in for another has its very name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName {
    pub first_seq: u64,
    pub incarnation: Incarnation,
}

impl SegmentName {
    pub(super) fn of(record: &Record) -> SegmentName {
        SegmentName { first_seq: record.seq, incarnation: record.incarnation }
    }

    /// `None` for any other file.
    pub fn parse(name: &str) -> Option<SegmentName> {
        let (seq, incarnation) = name.strip_prefix("segment-")?.strip_suffix(".jsonl")?.split_once('-')?;
        let parsed = SegmentName { first_seq: seq.parse().ok()?, incarnation: incarnation.parse().ok()? };
        (parsed.to_string() == name && parsed.first_seq > 0).then_some(parsed)
    }

    /// The segments of a folder in the order of their records.
    pub(super) fn list<D: Disk>(disk: &D) -> io::Result<Vec<SegmentName>> {
        let mut names: Vec<_> = disk.list()?.iter().filter_map(|name| SegmentName::parse(name)).collect();
        names.sort();
        Ok(names)
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment-{:016}-{}.jsonl", self.first_seq, self.incarnation)
    }
}

/// The index of the segment in which `seq` stands, if it stands anywhere.
pub(super) fn segment_of(segments: &[SegmentName], seq: u64) -> usize {
    segments.partition_point(|segment| segment.first_seq <= seq).saturating_sub(1)
}

/// The segment that is being written.
pub(super) struct ActiveSegment<D: Disk> {
    pub name: SegmentName,
    file: D::File,
    /// Behind the last record.
    end: u64,
    /// Up to here the file is on disk, zeros included: a record written below costs one flush and no change of size.
    filled: u64,
}

impl<D: Disk> ActiveSegment<D> {
    /// The full ritual: temporary file, fsync, rename, fsync of the folder. `records` are durable when it returns.
    pub fn create(disk: &D, name: SegmentName, records: &[u8], fill_bytes: u64) -> Result<ActiveSegment<D>, Trouble> {
        let file = disk.create(TEMPORARY).map_err(Trouble::in_writing("making a segment"))?;
        disk.write_at(&file, 0, records).map_err(Trouble::in_writing("writing a new segment"))?;
        let end = records.len() as u64;
        let mut segment = ActiveSegment { name, file, end, filled: end };
        // Its flush is also that of the records.
        segment.fill(disk, fill_bytes)?;
        disk.rename(TEMPORARY, &name.to_string()).map_err(Trouble::in_writing("naming a new segment"))?;
        fsync_folder(disk)?;
        Ok(segment)
    }

    pub fn end(&self) -> u64 {
        self.end
    }

    pub fn has_room(&self, bytes: usize) -> bool {
        self.end + bytes as u64 <= self.filled
    }

    /// Zeros up to the next multiple of `fill_bytes`, on disk before anyone counts on them. Touches no record.
    pub fn fill(&mut self, disk: &D, fill_bytes: u64) -> Result<(), Trouble> {
        let filled = (self.filled / fill_bytes + 1) * fill_bytes;
        let zeros = vec![0; usize::try_from(filled - self.filled).expect("a fill fits memory")];
        disk.write_at(&self.file, self.filled, &zeros).map_err(Trouble::in_writing("making room in a segment"))?;
        disk.fdatasync(&self.file).map_err(|error| Trouble::Failed("flush of new room in a segment", error))?;
        self.filled = filled;
        Ok(())
    }

    /// Into the zeros; not durable yet.
    pub fn append(&mut self, disk: &D, line: &[u8]) -> Result<(), Trouble> {
        // The room is there, so even "no space" means that the disk broke its word.
        disk.write_at(&self.file, self.end, line).map_err(|error| Trouble::Failed("writing a record", error))?;
        self.end += line.len() as u64;
        Ok(())
    }

    pub fn flush(&self, disk: &D) -> io::Result<()> {
        if Fault::NoFlush.is_planted() {
            return Ok(());
        }
        let mut flushed = disk.fdatasync(&self.file);
        if Fault::RetryAfterFailedFsync.is_planted() && flushed.is_err() {
            flushed = disk.fdatasync(&self.file);
        }
        flushed
    }

    /// Gives the zeros behind the last record back, when the segment has ended.
    pub fn trim(&self, disk: &D) -> Result<(), Trouble> {
        trim(disk, &self.file, self.end)
    }
}

/// Ends a file at `end`. Nothing in front of it is touched.
pub(super) fn trim<D: Disk>(disk: &D, file: &D::File, end: u64) -> Result<(), Trouble> {
    let cut = || {
        if disk.size(file)? > end {
            disk.truncate(file, end)?;
            disk.fdatasync(file)?;
        }
        Ok(())
    };
    cut().map_err(|error| Trouble::Failed("ending a segment", error))
}

pub(super) fn fsync_folder<D: Disk>(disk: &D) -> Result<(), Trouble> {
    if Fault::NoFolderFsync.is_planted() {
        return Ok(());
    }
    disk.fsync_folder().map_err(|error| Trouble::Failed("fsync of the folder", error))
}

/// Why an act on a segment did not succeed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// No room, and nothing that counts was touched.
    Full,
    /// The act, and what the disk said. From now on nobody knows what the disk holds.
    Failed(&'static str, io::Error),
}

impl Trouble {
    /// For writes outside of any record: there a full disk is only full.
    pub fn in_writing(act: &'static str) -> impl Fn(io::Error) -> Trouble {
        move |error| if is_full(&error) { Trouble::Full } else { Trouble::Failed(act, error) }
    }
}
