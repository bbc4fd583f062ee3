//! The reading end, for other threads than the writer's: records as the bytes they are, for the uplink, for reprints and for the
//! electronic journal. It reads only what the caller knows to be flushed, and takes no lock that the writer would wait for.

use std::path::Path;
use std::sync::Mutex;

use super::disk::{Disk, Folder};
use super::error::ReadError;
use super::hash::Hash;
use super::record::Record;
use super::segment::{SegmentName, segment_of};
use super::walk::{Step, Walk};
use super::writer::Limits;
use crate::ids::Incarnation;

/// A stored record on its way to someone else: the line is the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRecord {
    pub incarnation: Incarnation,
    pub seq: u64,
    pub hash: Hash,
    /// With its newline.
    pub line: Vec<u8>,
}

/// Reads a journal that may be written meanwhile. To be opened after [`super::Journal::open`] has returned.
pub struct Reader<D: Disk = Folder> {
    disk: D,
    record_bytes_max: usize,
    /// Where the last batch ended: the next one usually goes on there.
    cursor: Mutex<Option<Walk<D>>>,
}

impl Reader<Folder> {
    pub fn open(folder: &Path) -> Result<Reader, ReadError> {
        let disk = Folder::read_only(folder).map_err(|source| ReadError::Disk {
            folder: folder.display().to_string(),
            act: "opening".to_owned(),
            source,
        })?;
        Ok(Reader::on(disk))
    }
}

impl<D: Disk> Reader<D> {
    pub fn on(disk: D) -> Reader<D> {
        Reader { disk, record_bytes_max: Limits::default().record_bytes_max, cursor: Mutex::new(None) }
    }

    /// The records from `from_seq` to `upto_seq` (both included), until `bytes_max` is reached; one at least. `upto_seq` must not exceed what the
    /// writer called durable. Empty when `from_seq` is above it. Ends before damage; damage at `from_seq` itself is
    /// [`ReadError::Hole`].
    pub fn read_batch(&self, from_seq: u64, upto_seq: u64, bytes_max: usize) -> Result<Vec<RawRecord>, ReadError> {
        if from_seq > upto_seq {
            return Ok(Vec::new());
        }
        let mut walk = self.walk_to(from_seq)?;
        let mut batch: Vec<RawRecord> = Vec::new();
        let mut bytes = 0;
        while walk.expect() <= upto_seq && (bytes < bytes_max || batch.is_empty()) {
            match walk.next().map_err(|source| self.failed("reading", source))? {
                Some(Step::Record(record)) if record.seq < from_seq => {}
                Some(Step::Record(record)) => {
                    bytes += record.line.len();
                    batch.push(raw(*record));
                }
                Some(Step::Bad(bad)) => match bad.lost {
                    Some((first_seq, last_seq)) if last_seq >= from_seq && batch.is_empty() => {
                        return Err(ReadError::Hole { folder: self.disk.folder(), first_seq, last_seq });
                    }
                    Some((_, last_seq)) if last_seq >= from_seq => return Ok(batch),
                    Some(_) | None => {}
                },
                None if batch.is_empty() => return Err(ReadError::Absent { folder: self.disk.folder(), seq: from_seq }),
                None => return Ok(batch),
            }
        }
        if let Ok(mut cursor) = self.cursor.lock() {
            *cursor = Some(walk);
        }
        Ok(batch)
    }

    /// One record, taken apart.
    pub fn read_one(&self, seq: u64) -> Result<Record, ReadError> {
        let batch = self.read_batch(seq, seq, 0)?;
        let raw = batch.into_iter().next().filter(|raw| raw.seq == seq);
        let raw = raw.ok_or_else(|| ReadError::Absent { folder: self.disk.folder(), seq })?;
        Ok(Record::parse(raw.line).expect("a record that was just read reads again"))
    }

    /// The oldest record that is here; older segments may have been archived. `None` while there is no segment.
    pub fn oldest_seq(&self) -> Result<Option<u64>, ReadError> {
        Ok(self.segments()?.first().map(|segment| segment.first_seq))
    }

    /// A walk that comes to `seq` soon: the one that stopped there, or a new one.
    fn walk_to(&self, seq: u64) -> Result<Walk<D>, ReadError> {
        let segments = self.segments()?;
        let former = self.cursor.lock().ok().and_then(|mut cursor| cursor.take());
        if let Some(mut walk) = former.filter(|walk| walk.expect() == seq)
            && walk.refresh(&segments)
        {
            return Ok(walk);
        }
        if segments.first().is_none_or(|first| seq < first.first_seq) {
            return Err(ReadError::Absent { folder: self.disk.folder(), seq });
        }
        let from = segment_of(&segments, seq);
        let mut walk = Walk::new(&self.disk, segments[from..].to_vec(), None, self.record_bytes_max);
        walk.skip_to(seq).map_err(|source| self.failed("reading", source))?;
        Ok(walk)
    }

    fn segments(&self) -> Result<Vec<SegmentName>, ReadError> {
        SegmentName::list(&self.disk).map_err(|source| self.failed("listing", source))
    }

    fn failed(&self, act: &str, source: std::io::Error) -> ReadError {
        ReadError::Disk { folder: self.disk.folder(), act: act.to_owned(), source }
    }
}

fn raw(record: Record) -> RawRecord {
    RawRecord { incarnation: record.incarnation, seq: record.seq, hash: record.hash, line: record.line }
}
