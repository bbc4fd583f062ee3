//! The stand-alone verifier: a folder and, at best, the node's public keys. It trusts nothing but those and changes nothing.

use std::io;
use std::path::Path;

use super::disk::{Disk, Folder};
use super::error::{BadRecord, ReadError};
use super::key::PublicKey;
use super::record::{Kind, Position, Record};
use super::segment::SegmentName;
use super::walk::{Bad, Step, Walk};
use super::writer::Limits;

const SECTOR_BYTES: u64 = 512;

/// What a journal looks like from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    pub segments: u64,
    /// Intact ones.
    pub records: u64,
    pub first: Option<Position>,
    pub head: Option<Position>,
    /// The first thing that is wrong.
    pub first_bad: Option<Bad>,
    /// Bad stretches in all.
    pub bad_stretches: u64,
    /// Bad in their segments, and read from repairs: records in order.
    pub repaired: Vec<Bad>,
    /// Bytes of a record that a power cut kept from being written whole: never acknowledged, and no damage.
    pub unfinished_bytes: u64,
    /// Signatures that hold. Without keys from outside each link's own key is believed.
    pub signatures: u64,
    /// Up to here the records are vouched for by a signature.
    pub signed_upto: u64,
}

/// Reads every record of the journal in `folder`. With `keys` every signature must be by one of them: a node that was restored on another box has
/// had several. A running node may write meanwhile: a
/// bad end counts only when it is still the same at a second look, because then it is no record on its way.
pub fn verify(folder: &Path, keys: &[PublicKey]) -> Result<VerifyReport, ReadError> {
    let failed = |source| ReadError::Disk { folder: folder.display().to_string(), act: "reading".to_owned(), source };
    let disk = Folder::read_only(folder).map_err(failed)?;
    let mut report = verify_disk(&disk, keys).map_err(failed)?;
    while report.first_bad.is_some() {
        let again = verify_disk(&disk, keys).map_err(failed)?;
        let is_same = again.first_bad == report.first_bad;
        report = again;
        if is_same {
            break;
        }
    }
    Ok(report)
}

/// One look, on any disk.
pub fn verify_disk<D: Disk>(disk: &D, keys: &[PublicKey]) -> io::Result<VerifyReport> {
    let segments = SegmentName::list(disk)?;
    let mut report = VerifyReport { segments: segments.len() as u64, ..VerifyReport::default() };
    let mut bad_stretches: Vec<Bad> = Vec::new();
    let mut durable_upto = segments.last().map_or(0, |last| last.first_seq - 1);
    let mut signer = if let [key] = keys { Some(*key) } else { None };
    let mut walk = Walk::new(disk, segments.clone(), None, Limits::default().record_bytes_max);
    while let Some(step) = walk.next()? {
        match step {
            Step::Bad(bad) => bad_stretches.push(bad),
            Step::Record(record) => {
                if record.kind() == Kind::Link && keys.len() != 1 {
                    signer = record.link().and_then(|link| PublicKey::from_hex(&link.public_key).ok());
                }
                if let Some(reason) = wrong_vouching(&record, report.head, keys, signer.as_ref(), walk.bridge_seq()) {
                    let (segment, offset) = walk.place();
                    bad_stretches.push(Bad { segment, line: walk.line(), offset, seq: record.seq, lost: None, reason });
                } else if record.sig.is_some() && signer.is_some() {
                    report.signatures += 1;
                    report.signed_upto = record.seq;
                }
                durable_upto = durable_upto.max(record.durable_upto);
                report.records += 1;
                report.first.get_or_insert(record.position());
                report.head = Some(record.position());
            }
        }
    }
    report.repaired = walk.repaired().to_vec();
    if let Some(torn) = bad_stretches.iter().position(|bad| bad.seq > durable_upto) {
        report.unfinished_bytes = unfinished_bytes(disk, &bad_stretches[torn])?;
        if report.unfinished_bytes > 0 {
            bad_stretches.truncate(torn);
        }
    }
    for pair in segments.windows(2).filter(|pair| pair[0].first_seq == pair[1].first_seq) {
        let reason = BadRecord::Fork { other: pair[0].to_string() };
        bad_stretches.insert(0, Bad { segment: pair[1], line: 1, offset: 0, seq: pair[1].first_seq, lost: None, reason });
    }
    report.bad_stretches = bad_stretches.len() as u64;
    report.first_bad = bad_stretches.into_iter().next();
    Ok(report)
}

/// What is wrong with a record's signature or with a link's words, if anything.
fn wrong_vouching(
    record: &Record,
    head: Option<Position>,
    keys: &[PublicKey],
    signer: Option<&PublicKey>,
    bridge_seq: u64,
) -> Option<BadRecord> {
    let must_be_signed = match record.kind() {
        Kind::Link | Kind::Mark | Kind::CarryForward => true,
        Kind::Command => false,
    };
    if record.kind() == Kind::Link {
        let Some(link) = record.link() else { return Some(BadRecord::NotARecord("its link cannot be read".to_owned())) };
        if !keys.is_empty() && keys.iter().all(|key| key.to_hex() != link.public_key) {
            return Some(BadRecord::BadSignature { key: keys[0].to_hex() });
        }
        let parent = head.map_or((None, 0), |head| (Some(head.incarnation), head.seq));
        let is_first_here = head.is_none() && record.seq > 1;
        // Written over a hole that has been filled since: the walk has seen that it names the record in front of it.
        let is_bridge = record.seq == bridge_seq;
        if link.parent_hash != record.prev || (!is_first_here && !is_bridge && (link.parent_inc, link.parent_seq) != parent) {
            return Some(BadRecord::NoLink);
        }
    }
    match (&record.sig, signer) {
        (None, _) => must_be_signed.then_some(BadRecord::Unsigned),
        (Some(_), Some(signer)) => (!record.is_signed_by(signer)).then(|| BadRecord::BadSignature { key: signer.to_hex() }),
        // Its incarnation's link is in an archived segment.
        (Some(_), None) => None,
    }
}

/// How much of an unfinished record is behind `bad`, if that is what it is: then some sector of it is still all zero, or it breaks
/// off at the end of a sector. A flipped bit does not look like that: a line has no zero byte and ends with its checksum, and among
/// the zeros behind the last line it stands alone.
fn unfinished_bytes<D: Disk>(disk: &D, bad: &Bad) -> io::Result<u64> {
    let file = disk.open(&bad.segment.to_string())?;
    let size = disk.size(&file)?;
    let mut tail = vec![0; usize::try_from(size - bad.offset).map_err(io::Error::other)?];
    let mut read = 0;
    while read < tail.len() {
        match disk.read_at(&file, bad.offset + read as u64, &mut tail[read..])? {
            0 => break,
            count => read += count,
        }
    }
    let written = tail.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    tail.truncate(written);
    let first_sector = (SECTOR_BYTES - bad.offset % SECTOR_BYTES) as usize;
    let (first, rest) = tail.split_at(first_sector.min(written));
    let is_unwritten = |sector: &[u8]| !sector.is_empty() && sector.iter().all(|byte| *byte == 0);
    let has_gap = is_unwritten(first) || rest.chunks(SECTOR_BYTES as usize).any(is_unwritten);
    let breaks_off = (bad.offset + written as u64).is_multiple_of(SECTOR_BYTES) && !lacks_only_its_newline(&tail);
    let is_one_bit = tail.iter().map(|byte| byte.count_ones()).sum::<u32>() == 1;
    Ok(if (has_gap || breaks_off) && !is_one_bit { written as u64 } else { 0 })
}

fn lacks_only_its_newline(tail: &[u8]) -> bool {
    let start = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let mut line = tail[start..].to_vec();
    if let Some(last) = line.last_mut() {
        *last = b'\n';
    }
    Record::parse(line).is_ok()
}
