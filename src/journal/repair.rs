//! Filling a hole. What the disk lost comes back from head office's copy, byte for byte, into a file of its own beside the damaged segment,
//! which stays as it is. Reading takes the lines from there, where the segment has none that can be read.
//!
//! ```text
//! FOLDER/repair-0000000000000024-0000000000000025.jsonl   records 24 and 25, one line each, nothing else
//! ```
//!
//! Nothing is believed because it was sent: a repair is made only by [`LostRecords::prove`], which holds each line against its own
//! checksum, the whole against the records on either side of the hole, and the node's own signatures against its key. A repair that rots in turn
//! fills nothing, and is fetched and written again.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use super::disk::Disk;
use super::error::BadRecord;
use super::hash::Hash;
use super::key::PublicKey;
use super::record::{Identity, Kind, Position, Record};
use super::segment::{SegmentName, Trouble, fsync_folder};
use super::walk::{Step, Walk};

/// The name a repair is built under. Whatever has it after a crash was never part of the journal.
const TEMPORARY: &str = "repair.tmp";

/// Records that were on disk once and cannot be read, with what is known of their neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRecords {
    pub first_seq: u64,
    pub last_seq: u64,
    /// The record in front of them; `None` when that one is not here either.
    pub before: Option<Position>,
    /// What the record behind them calls its predecessor; `None` when that is a link which names one further back.
    pub after_prev: Option<Hash>,
    /// Where they stood, and what is wrong there. Words for the technician.
    pub words: String,
}

/// Lines that fill a hole, or its beginning: proved, and not yet on our disk.
#[derive(Debug, Clone)]
pub struct Repair {
    records: Vec<Record>,
}

/// Why lines do not fill a hole. The text completes "head office's copy …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRepair {
    #[error("holds none of the lost records")]
    Empty,
    #[error("is not what was written: record {seq} {reason}")]
    Record { seq: u64, reason: BadRecord },
    #[error("has record {found} where record {expected} belongs")]
    WrongNumber { expected: u64, found: u64 },
    #[error("does not continue record {seq}, which is here")]
    NotOurs { seq: u64 },
    #[error("breaks its own chain at record {seq}")]
    Broken { seq: u64 },
    #[error("does not lead to record {seq}, which is here")]
    NotContinued { seq: u64 },
    #[error("differs from what this node journalled of record {seq}")]
    NotAcknowledged { seq: u64 },
}

impl LostRecords {
    /// Whether `lines` are what was lost, or its beginning. `keys`: of the boxes that were this node, its own first. `witnessed`: a record's hash
    /// as the node's own journal has it elsewhere.
    pub fn prove(
        &self,
        lines: &[u8],
        identity: &Identity,
        keys: &[PublicKey],
        witnessed: Option<(u64, Hash)>,
    ) -> Result<Repair, BadRepair> {
        let mut records: Vec<Record> = Vec::new();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let expected = records.last().map_or(self.first_seq, |last| last.seq + 1);
            let record = Record::parse(line.to_vec()).map_err(|reason| BadRepair::Record { seq: expected, reason })?;
            let bad = |reason| Err(BadRepair::Record { seq: expected, reason });
            if record.identity != *identity {
                return bad(BadRecord::Foreign(record.identity));
            }
            if record.seq != expected || record.seq > self.last_seq {
                return Err(BadRepair::WrongNumber { expected, found: record.seq });
            }
            match records.last() {
                Some(last) if record.prev != last.hash => return Err(BadRepair::Broken { seq: record.seq }),
                Some(last) if record.incarnation != last.incarnation && record.kind() != Kind::Link => return bad(BadRecord::NoLink),
                Some(_) | None => {}
            }
            let must_be_signed = match record.kind() {
                Kind::Link | Kind::Mark | Kind::CarryForward => true,
                Kind::Command => record.sig.is_some(),
            };
            if must_be_signed && !keys.iter().any(|key| record.is_signed_by(key)) {
                return bad(BadRecord::BadSignature { key: keys.first().map(PublicKey::to_hex).unwrap_or_default() });
            }
            if witnessed.is_some_and(|(seq, hash)| seq == record.seq && hash != record.hash) {
                return Err(BadRepair::NotAcknowledged { seq: record.seq });
            }
            records.push(record);
        }
        let (first, last) = records.first().zip(records.last()).ok_or(BadRepair::Empty)?;
        let before = if first.seq == 1 { Some(Hash::NONE) } else { self.before.map(|before| before.hash) };
        if before.is_some_and(|hash| hash != first.prev) {
            return Err(BadRepair::NotOurs { seq: first.seq - 1 });
        }
        if last.seq == self.last_seq && self.after_prev.is_some_and(|hash| hash != last.hash) {
            return Err(BadRepair::NotContinued { seq: last.seq + 1 });
        }
        Ok(Repair { records })
    }
}

impl Repair {
    pub fn first_seq(&self) -> u64 {
        self.records[0].seq
    }

    pub fn last(&self) -> &Record {
        &self.records[self.records.len() - 1]
    }

    pub fn records(&self) -> &[Record] {
        &self.records
    }
}

impl PartialEq for Repair {
    fn eq(&self, other: &Repair) -> bool {
        self.records.iter().map(|record| record.hash).eq(other.records.iter().map(|record| record.hash))
    }
}

/// All holes up to `upto_seq` that no repair fills. Reads the whole journal: not for the loop. `upto_seq` must not exceed what is durable.
pub fn find_lost<D: Disk>(disk: &D, upto_seq: u64, record_bytes_max: usize) -> io::Result<Vec<LostRecords>> {
    let mut walk = Walk::new(disk, SegmentName::list(disk)?, None, record_bytes_max);
    let mut found: Vec<LostRecords> = Vec::new();
    let mut before: Option<Position> = None;
    // Behind the last hole no record has come yet.
    let mut is_open = false;
    while walk.expect() <= upto_seq
        && let Some(step) = walk.next()?
    {
        match step {
            Step::Bad(bad) => {
                let Some((first_seq, last_seq)) = bad.lost else { continue };
                let before = before.filter(|before| before.seq + 1 == first_seq);
                found.push(LostRecords { first_seq, last_seq, before, after_prev: None, words: bad.to_string() });
                is_open = true;
            }
            Step::Record(record) => {
                if let Some(hole) = found.last_mut()
                    && std::mem::take(&mut is_open)
                    && hole.last_seq + 1 == record.seq
                {
                    let names_it = record.link().is_none_or(|link| link.parent_seq == hole.last_seq);
                    hole.after_prev = names_it.then_some(record.prev);
                }
                before = Some(record.position());
            }
        }
    }
    // What nothing follows is a record on its way, or a torn tail.
    if is_open {
        found.pop();
    }
    found.retain(|hole| hole.last_seq <= upto_seq);
    Ok(found)
}

/// The full ritual. The repair is durable when this returns; until then the folder is as it was.
pub(super) fn store<D: Disk>(disk: &D, repair: &Repair) -> Result<(), Trouble> {
    let name = RepairName { first_seq: repair.first_seq(), last_seq: repair.last().seq };
    let bytes: Vec<u8> = repair.records.iter().flat_map(|record| record.line.iter().copied()).collect();
    let file = disk.create(TEMPORARY).map_err(Trouble::in_writing("making a repair"))?;
    disk.write_at(&file, 0, &bytes).map_err(Trouble::in_writing("writing a repair"))?;
    disk.fdatasync(&file).map_err(|error| Trouble::Failed("flush of a repair", error))?;
    disk.rename(TEMPORARY, &name.to_string()).map_err(Trouble::in_writing("naming a repair"))?;
    fsync_folder(disk)
}

/// Whether a repair holds any of these records.
pub(super) fn is_repaired<D: Disk>(disk: &D, first_seq: u64, last_seq: u64) -> io::Result<bool> {
    Ok(RepairName::list(disk)?.iter().any(|name| name.overlaps(first_seq, last_seq)))
}

/// What the repairs hold of these records. A line that does not prove itself is passed over.
pub(super) fn records<D: Disk>(
    disk: &D,
    identity: Option<&Identity>,
    first_seq: u64,
    last_seq: u64,
    record_bytes_max: usize,
) -> io::Result<BTreeMap<u64, Record>> {
    let mut found = BTreeMap::new();
    for name in RepairName::list(disk)?.into_iter().filter(|name| name.overlaps(first_seq, last_seq)) {
        let mut lines = super::lines::Lines::open(disk, &name.to_string(), record_bytes_max)?;
        while let Some(line) = lines.next()? {
            let Ok(record) = Record::parse(line.bytes) else { continue };
            let is_ours = identity.is_none_or(|identity| *identity == record.identity);
            if is_ours && (first_seq..=last_seq).contains(&record.seq) {
                found.insert(record.seq, record);
            }
        }
    }
    Ok(found)
}

/// `repair-<first sequence, 16 digits>-<last sequence, 16 digits>.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RepairName {
    first_seq: u64,
    last_seq: u64,
}

impl RepairName {
    fn parse(name: &str) -> Option<RepairName> {
        let (first, last) = name.strip_prefix("repair-")?.strip_suffix(".jsonl")?.split_once('-')?;
        let parsed = RepairName { first_seq: first.parse().ok()?, last_seq: last.parse().ok()? };
        (parsed.to_string() == name && parsed.first_seq <= parsed.last_seq).then_some(parsed)
    }

    fn list<D: Disk>(disk: &D) -> io::Result<Vec<RepairName>> {
        let mut names: Vec<_> = disk.list()?.iter().filter_map(|name| RepairName::parse(name)).collect();
        names.sort();
        Ok(names)
    }

    fn overlaps(&self, first_seq: u64, last_seq: u64) -> bool {
        self.first_seq <= last_seq && first_seq <= self.last_seq
    }
}

impl fmt::Display for RepairName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "repair-{:016}-{:016}.jsonl", self.first_seq, self.last_seq)
    }
}
