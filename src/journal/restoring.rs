//! A journal that comes back from head office's copy to a box that has none: proved line by line, written as the segments of a folder that
//! becomes the journal when it is whole. What a broken-off try left there is proved anew, and all from the first line on that does not
//! prove itself is cut and comes again.

use std::io;

use super::disk::Disk;
use super::error::BadRecord;
use super::hash::Hash;
use super::key::PublicKey;
use super::lines::Lines;
use super::record::{Identity, Kind, Position, Record};
use super::replay::{Replay, newest_carry};
use super::segment::SegmentName;
use super::walk::Walk;
use super::writer::Limits;

const LOCK: &str = "lock";

/// What proves the lines.
#[derive(Debug, Clone)]
pub struct Expected {
    pub identity: Identity,
    /// Of the boxes that were this node, one after the other.
    pub keys: Vec<PublicKey>,
    /// Records that head office never got: both ends included, in order.
    pub holes: Vec<(u64, u64)>,
}

/// Why a line is not the next one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {seq} {reason}")]
pub struct NotProved {
    pub seq: u64,
    pub reason: BadRecord,
}

#[derive(Debug, thiserror::Error)]
pub enum RestoringError {
    #[error(transparent)]
    NotProved(#[from] NotProved),
    #[error("the disk failed: {0}")]
    Disk(#[from] io::Error),
}

impl RestoringError {
    pub fn is_full(&self) -> bool {
        matches!(self, RestoringError::Disk(error) if super::disk::is_full(error))
    }
}

/// A folder that is to become a journal. Holds its lock.
pub struct Restoring<D: Disk> {
    disk: D,
    _lock: D::Lock,
    proof: Proof,
    segment: Option<Segment<D>>,
    segment_bytes_max: u64,
}

struct Segment<D: Disk> {
    file: D::File,
    end: u64,
}

/// How far the lines are proved.
struct Proof {
    expected: Expected,
    head: Option<Position>,
    at_ms: i64,
    /// Named by the newest link.
    signer: Option<PublicKey>,
    bytes: u64,
}

impl Proof {
    /// The number of the next record; holes are passed over.
    fn next_seq(&self) -> u64 {
        let next = self.head.map_or(1, |head| head.seq + 1);
        self.expected.holes.iter().find(|(first, last)| (*first..=*last).contains(&next)).map_or(next, |(_, last)| last + 1)
    }

    fn take(&mut self, line: Vec<u8>) -> Result<Record, NotProved> {
        let seq = self.next_seq();
        let is_behind_hole = seq > self.head.map_or(1, |head| head.seq + 1);
        let bad = |reason| NotProved { seq, reason };
        let record = Record::parse(line).map_err(bad)?;
        if record.identity != self.expected.identity {
            return Err(bad(BadRecord::Foreign(record.identity)));
        }
        if record.seq != seq {
            return Err(bad(BadRecord::OutOfOrder));
        }
        let link = record.link().filter(|_| record.kind() == Kind::Link);
        let before = self.head.map_or(Hash::NONE, |head| head.hash);
        // Written over damage, a link names a record further back.
        let names_parent = link.as_ref().is_some_and(|link| link.parent_seq + 1 < seq && link.parent_hash == record.prev);
        if record.prev != before && !is_behind_hole && !names_parent {
            return Err(bad(BadRecord::ChainBroken));
        }
        match link {
            Some(link) => {
                let named = self.expected.keys.iter().find(|key| key.to_hex() == link.public_key);
                self.signer = Some(*named.ok_or_else(|| bad(BadRecord::BadSignature { key: link.public_key.clone() }))?);
            }
            None if !is_behind_hole && self.head.is_none_or(|head| head.incarnation != record.incarnation) => {
                return Err(bad(BadRecord::NoLink));
            }
            None => {}
        }
        let must_be_signed = match record.kind() {
            Kind::Link | Kind::Mark | Kind::CarryForward => true,
            Kind::Command => record.sig.is_some(),
        };
        let signers = self.signer.as_slice();
        let signers = if is_behind_hole { &self.expected.keys } else { signers };
        if must_be_signed && !signers.iter().any(|key| record.is_signed_by(key)) {
            return Err(bad(BadRecord::BadSignature { key: signers.first().map(PublicKey::to_hex).unwrap_or_default() }));
        }
        self.head = Some(record.position());
        self.at_ms = record.at.ms;
        self.bytes += record.line.len() as u64;
        Ok(record)
    }
}

impl<D: Disk> Restoring<D> {
    /// `None`: another process is at it.
    pub fn open(disk: D, expected: Expected, limits: &Limits) -> io::Result<Option<Restoring<D>>> {
        let Some(lock) = disk.lock(LOCK)? else { return Ok(None) };
        let proof = Proof { expected, head: None, at_ms: 0, signer: None, bytes: 0 };
        let mut restoring = Restoring { disk, _lock: lock, proof, segment: None, segment_bytes_max: limits.segment_bytes_max };
        let mut names = SegmentName::list(&restoring.disk)?.into_iter();
        for name in names.by_ref() {
            if !restoring.prove_again(name, limits.record_bytes_max)? {
                break;
            }
        }
        for name in names {
            restoring.disk.remove(&name.to_string())?;
        }
        Ok(Some(restoring))
    }

    /// Whether all of a segment is what it should be. What is not is gone when this returns.
    fn prove_again(&mut self, name: SegmentName, line_bytes_max: usize) -> io::Result<bool> {
        let mut lines = Lines::open(&self.disk, &name.to_string(), line_bytes_max)?;
        let mut end = 0;
        while let Some(line) = lines.next()? {
            let fits = line.zeros == 0 && (end > 0 || name.first_seq == self.next_seq());
            if !fits || self.proof.take(line.bytes).is_err() {
                break;
            }
            end = lines.offset();
        }
        let file = self.disk.open(&name.to_string())?;
        let is_whole = self.disk.size(&file)? == end && end > 0;
        if end == 0 {
            self.disk.remove(&name.to_string())?;
            return Ok(false);
        }
        if !is_whole {
            self.disk.truncate(&file, end)?;
        }
        self.segment = Some(Segment { file, end });
        Ok(is_whole)
    }

    /// The next record that is wanted.
    pub fn next_seq(&self) -> u64 {
        self.proof.next_seq()
    }

    pub fn head(&self) -> Option<Position> {
        self.proof.head
    }

    /// When the newest record was written.
    pub fn at_ms(&self) -> i64 {
        self.proof.at_ms
    }

    /// Of all lines that are here.
    pub fn bytes(&self) -> u64 {
        self.proof.bytes
    }

    /// Proves lines and keeps them; durable when this returns. An error leaves what was proved before it.
    pub fn take(&mut self, lines: &[u8]) -> Result<(), RestoringError> {
        let mut waiting: Vec<u8> = Vec::new();
        let mut taken = Ok(());
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let is_jump = self.next_seq() > self.head().map_or(1, |head| head.seq + 1);
            let record = match self.proof.take(line.to_vec()) {
                Ok(record) => record,
                Err(reason) => {
                    taken = Err(reason.into());
                    break;
                }
            };
            // As the box began them: at a start and at a new day, where a replay may begin.
            let begins = is_jump || matches!(record.kind(), Kind::Link | Kind::CarryForward);
            let is_full = self.segment.as_ref().is_none_or(|segment| segment.end + waiting.len() as u64 >= self.segment_bytes_max);
            if begins || is_full {
                self.write(&mut waiting)?;
                let file = self.disk.create(&SegmentName::of(&record).to_string())?;
                self.segment = Some(Segment { file, end: 0 });
            }
            waiting.extend_from_slice(&record.line);
        }
        self.write(&mut waiting)?;
        taken
    }

    fn write(&mut self, waiting: &mut Vec<u8>) -> io::Result<()> {
        if let Some(segment) = &mut self.segment
            && !waiting.is_empty()
        {
            self.disk.write_at(&segment.file, segment.end, waiting)?;
            self.disk.fdatasync(&segment.file)?;
            segment.end += waiting.len() as u64;
            waiting.clear();
        }
        Ok(())
    }

    /// All names durable; the lock is given back.
    pub fn finish(self) -> io::Result<()> {
        self.disk.fsync_folder()
    }

    /// From the first record to the newest carry-forward, and its number. `None`: no day was ever opened.
    pub fn upto_newest_carry(&self) -> io::Result<Option<(u64, Replay<D>)>> {
        let limits = Limits::default();
        let segments = SegmentName::list(&self.disk)?;
        let Some(carry) = newest_carry(&self.disk, &segments, u64::MAX, limits.record_bytes_max)? else { return Ok(None) };
        let walk = Walk::new(&self.disk, segments, Some(self.proof.expected.identity.clone()), limits.record_bytes_max);
        Ok(Some((carry, Replay::of(walk, self.disk.folder()))))
    }
}

/// Whether a folder holds records.
pub fn has_records<D: Disk>(disk: &D) -> io::Result<bool> {
    Ok(!SegmentName::list(disk)?.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Incarnation;
    use crate::journal::model_disk::ModelDisk;
    use crate::journal::{Draft, Journal, NodeKey, OpenOptions, Reader};
    use crate::time::Stamp;

    fn identity() -> Identity {
        Identity { store: "berlin-1".parse().unwrap(), node: "till-1".parse().unwrap() }
    }

    fn options(seed: u8, incarnation: u64) -> OpenOptions {
        OpenOptions {
            identity: identity(),
            key: NodeKey::from_seed([seed; 32]),
            now: Stamp::default(),
            incarnation: Incarnation(incarnation),
            program: "1".to_owned(),
            limits: Limits { fill_bytes: 4096, ..Limits::default() },
        }
    }

    /// Two starts of the first box and one of a second, 12 records each.
    fn written() -> Vec<Vec<u8>> {
        let disk = ModelDisk::new();
        for (seed, incarnation) in [(1, 11), (1, 12), (2, 13)] {
            let mut journal = Journal::open(disk.clone(), options(seed, incarnation)).unwrap().journal;
            for _ in 0..11 {
                let event = serde_json::value::RawValue::from_string(r#"{"sold.1":{}}"#.to_owned()).unwrap();
                let draft = Draft { at: Stamp::default(), date: None, key: None, events: vec![event], signed: false, carry: false };
                journal.append(&draft).unwrap();
            }
            journal.flush().unwrap();
        }
        let reader = Reader::on(disk);
        reader.read_batch(1, 36, usize::MAX).unwrap().into_iter().map(|record| record.line).collect()
    }

    fn restoring(disk: &ModelDisk, seeds: &[u8]) -> Restoring<ModelDisk> {
        let keys = seeds.iter().map(|seed| NodeKey::from_seed([*seed; 32]).public()).collect();
        let expected = Expected { identity: identity(), keys, holes: Vec::new() };
        Restoring::open(disk.clone(), expected, &Limits::default()).unwrap().unwrap()
    }

    #[test]
    fn what_was_written_down_is_the_same_bytes_and_a_third_box_goes_on_behind_it() {
        let lines = written();
        let disk = ModelDisk::new();
        let mut here = restoring(&disk, &[1, 2]);
        for batch in lines.chunks(7) {
            here.take(&batch.concat()).unwrap();
        }
        here.finish().unwrap();
        let opened = Journal::open(disk.clone(), options(3, 14)).unwrap();
        assert!(opened.report.is_clean(), "{}", opened.report);
        let again = Reader::on(disk).read_batch(1, 36, usize::MAX).unwrap();
        assert_eq!(again.into_iter().map(|record| record.line).collect::<Vec<_>>(), lines);
    }

    #[test]
    fn a_broken_off_try_goes_on_behind_its_last_whole_record() {
        let lines = written();
        let disk = ModelDisk::new();
        restoring(&disk, &[1, 2]).take(&lines[..20].concat()).unwrap();
        // The power went while the next one was written.
        let name = SegmentName::list(&disk).unwrap().pop().unwrap().to_string();
        let file = disk.open(&name).unwrap();
        let end = disk.size(&file).unwrap();
        disk.write_at(&file, end, &lines[20][..30]).unwrap();
        let mut again = restoring(&disk, &[1, 2]);
        assert_eq!(again.next_seq(), 21);
        again.take(&lines[20..].concat()).unwrap();
        assert_eq!((again.next_seq(), again.bytes()), (37, lines.concat().len() as u64));
        drop(again);
        // A bit that flipped in the first of three segments takes all behind it along.
        let name = SegmentName::list(&disk).unwrap()[0].to_string();
        let file = disk.open(&name).unwrap();
        disk.write_at(&file, lines[..4].concat().len() as u64 + 40, b"\x07").unwrap();
        let mut again = restoring(&disk, &[1, 2]);
        assert_eq!(again.next_seq(), 5);
        again.take(&lines[4..].concat()).unwrap();
        assert_eq!(again.next_seq(), 37);
    }

    #[test]
    fn nothing_is_taken_because_it_was_sent() {
        let lines = written();
        let refused = |seeds: &[u8], sent: &[Vec<u8>]| match restoring(&ModelDisk::new(), seeds).take(&sent.concat()) {
            Err(RestoringError::NotProved(why)) => (why.seq, why.reason),
            other => panic!("{other:?}"),
        };
        assert!(matches!(refused(&[1, 2], &lines[1..]), (1, BadRecord::OutOfOrder)));
        assert!(matches!(refused(&[1], &lines), (25, BadRecord::BadSignature { .. })), "a box that head office does not know");
        let mut changed = lines.clone();
        changed[3] = String::from_utf8(changed[3].clone()).unwrap().replace("sold", "gold").into_bytes();
        assert!(matches!(refused(&[1, 2], &changed), (4, BadRecord::Checksum { .. })));
        let with_its_checksum = |line: &[u8]| {
            let covered = &line[..line.len() - 19];
            [covered, format!(",\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(covered)).as_bytes()].concat()
        };
        changed[3] = with_its_checksum(&changed[3]);
        assert!(matches!(refused(&[1, 2], &changed), (5, BadRecord::ChainBroken)), "with a right checksum the next one does not follow");
        // Whoever writes a whole journal anew can name a box that head office knows, but does not have its key.
        let named = |seed: u8| NodeKey::from_seed([seed; 32]).public().to_hex();
        let mut forged = lines.clone();
        forged[0] = with_its_checksum(String::from_utf8(lines[0].clone()).unwrap().replace(&named(1), &named(2)).as_bytes());
        assert!(matches!(refused(&[1, 2], &forged), (1, BadRecord::BadSignature { .. })), "signed by another box than it names");
    }
}
