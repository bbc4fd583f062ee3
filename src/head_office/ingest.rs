//! Taking in what nodes send: prove each record, find its place, store its bytes once, count it; all in the caller's transaction.
//! Whatever arrives gets an answer that lets the node go on; nothing is refused because of what it says.

use super::db::{self, Connection, params};

use super::chain::NodeChain;
use super::incidents::{self, Incident};
use super::projection;
use super::repair;
use crate::ids::{NodeId, StoreId};
use crate::journal::{BadRecord, Hash, Kind, Position, PublicKey, Record};
use crate::sync::wire::{self, LINE_BYTES_MAX, LocateRequest, RecordsQuery};

/// Urgent copies of one node that wait for the chain. Beyond it the oldest give way: they come with the chain.
pub const URGENT_WAITING_MAX: i64 = 1_000;

/// A request body taken apart and proved as far as its own bytes go. Made outside the writer.
pub struct Batch {
    /// Each proves itself and is of this journal. Whether they follow each other is seen later.
    pub records: Vec<Record>,
    /// The line after them, which does not.
    pub bad: Option<BadLine>,
}

pub struct BadLine {
    pub bytes: Vec<u8>,
    pub why: BadRecord,
}

impl Batch {
    /// Reads journal lines up to the first bad one.
    pub fn read(bytes: &[u8], store: &StoreId, node: &NodeId) -> Batch {
        let mut records = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let read =
                if line.len() > LINE_BYTES_MAX { Err(BadRecord::TooLong { max: LINE_BYTES_MAX }) } else { Record::parse(line.to_vec()) };
            let why = match read {
                Ok(record) if record.identity.store == *store && record.identity.node == *node => {
                    records.push(record);
                    continue;
                }
                Ok(record) => BadRecord::Foreign(record.identity),
                Err(why) => why,
            };
            return Batch { records, bad: Some(BadLine { bytes: line.to_vec(), why }) };
        }
        Batch { records, bad: None }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The newest record of the batch that we hold.
    pub held: Option<Position>,
    pub send_from: u64,
    pub gap: bool,
    pub bad: Option<wire::BadRecord>,
    /// Records that are new.
    pub stored: usize,
}

/// Stores a batch. Repeats are passed over, a gap is named, a fork opens a branch, bad bytes go into quarantine.
pub fn records(connection: &Connection, chain: &mut NodeChain, batch: &Batch, query: &RecordsQuery, now_ms: i64) -> db::Result<Outcome> {
    let mut outcome = Outcome { held: None, send_from: 0, gap: false, bad: None, stored: 0 };
    let mut hole_from = query.hole_from;
    let mut rest = batch.records.as_slice();
    while !rest.is_empty() {
        let (run, behind) = rest.split_at(run_length(rest));
        // The record behind the run does not continue it, so one of the two is false. Unless it is all there is, or a link says
        // why, the last of the run waits until it is sent again.
        let doubtful = !behind.is_empty() && !is_jump(&behind[0]) && run.len() > 1;
        let run = if doubtful { &run[..run.len() - 1] } else { run };
        let Some(branch) = place(connection, chain, &run[0], hole_from.take(), now_ms)? else {
            outcome.gap = true;
            let next = chain.current().map_or(1, |branch| branch.head.seq + 1);
            outcome.send_from = outcome.held.map_or(next.min(run[0].seq), |held| held.seq + 1);
            return Ok(outcome);
        };
        outcome.stored += store_run(connection, chain, branch, run, now_ms)?;
        outcome.held = run.last().map(Record::position);
        if doubtful {
            outcome.gap = true;
            break;
        }
        rest = behind;
    }
    outcome.send_from = outcome.held.map_or(query.from, |held| held.seq + 1).max(1);
    if let (Some(bad), false) = (&batch.bad, outcome.gap) {
        let (seq, reason) = (outcome.send_from, bad.why.to_string());
        let incident = Incident::BadBytes { seq, reason: reason.clone() };
        incidents::raise(connection, &chain.store, &chain.node, &incident, now_ms)?;
        incidents::quarantine(connection, &chain.store, &chain.node, &reason, &bad.bytes, now_ms)?;
        outcome.bad = Some(wire::BadRecord { seq, reason });
    }
    Ok(outcome)
}

/// First contact and signs of life: the newest of the node's points that we hold.
pub fn locate(connection: &Connection, chain: &NodeChain, request: &LocateRequest) -> db::Result<Option<Position>> {
    for point in request.points.iter().take(wire::LOCATE_POINTS_MAX) {
        let Ok(hash) = point.hash.parse::<Hash>() else { continue };
        if let Some(found) = chain.find(connection, point.seq, &hash)? {
            return Ok(Some(found.position));
        }
    }
    Ok(None)
}

/// Keeps copies from the side door; returns those that are on disk now.
pub fn urgent(connection: &Connection, chain: &NodeChain, records: &[Record], now_ms: i64) -> db::Result<Vec<Position>> {
    let mut taken = Vec::new();
    for record in records {
        let position = record.position();
        if chain.find(connection, position.seq, &position.hash)?.is_none() {
            connection
                .prepare_cached(
                    "INSERT INTO urgent (node, inc, seq, hash, received_ms, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    chain.id,
                    position.incarnation.to_string(),
                    position.seq,
                    position.hash.to_string(),
                    now_ms,
                    record.line
                ])?;
        }
        taken.push(position);
    }
    connection
        .prepare_cached(
            "DELETE FROM urgent WHERE node = ?1 AND confirmed_ms IS NULL AND id NOT IN
               (SELECT id FROM urgent WHERE node = ?1 AND confirmed_ms IS NULL ORDER BY seq DESC LIMIT ?2)",
        )?
        .execute(params![chain.id, URGENT_WAITING_MAX])?;
    Ok(taken)
}

/// How many records from the front continue each other.
fn run_length(records: &[Record]) -> usize {
    1 + records.windows(2).take_while(|pair| pair[1].prev == pair[0].hash && pair[1].seq == pair[0].seq + 1).count()
}

/// Whether the record is a link over damaged records: it names its parent, and its number leaves out what was lost.
fn is_jump(record: &Record) -> bool {
    record.kind() == Kind::Link && record.link().is_some_and(|link| link.parent_seq + 1 < record.seq)
}

/// The branch on which the record goes on (its predecessor is there or was lost), or `None` for a gap.
fn place(connection: &Connection, chain: &mut NodeChain, record: &Record, hole_from: Option<u64>, now_ms: i64) -> db::Result<Option<i64>> {
    if let Some(found) = chain.find(connection, record.seq, &record.hash)? {
        return Ok(Some(found.branch));
    }
    let start = Position { incarnation: record.incarnation, seq: record.seq - 1, hash: record.prev };
    if record.seq == 1 {
        if chain.branches.is_empty() {
            return chain.open_branch(connection, None, start, now_ms).map(Some);
        }
        // Another beginning under the same name: a node that was set up anew, or a second one.
        let branch = match chain.branches.iter().find(|branch| branch.base_seq == 0 && branch.head.seq == 0) {
            Some(empty) => empty.id,
            None => chain.open_branch(connection, None, start, now_ms)?,
        };
        if !is_replacement(chain, record) {
            raise(connection, chain, &Incident::Fork { after_seq: 0, branch }, now_ms)?;
        }
        return Ok(Some(branch));
    }
    if let Some(before) = chain.find(connection, record.seq - 1, &record.prev)? {
        return Ok(Some(before.branch));
    }
    if let Some(link) = record.link().filter(|_| is_jump(record))
        && let Some(parent) = chain.find(connection, link.parent_seq, &link.parent_hash)?
    {
        return over_damage(connection, chain, parent.branch, link.parent_seq, record, now_ms).map(Some);
    }
    if hole_from.is_none() {
        return Ok(None);
    }
    let branch = match chain.current() {
        Some(current) if current.head.seq < record.seq => current.id,
        Some(_) | None => chain.open_branch(connection, None, start, now_ms)?,
    };
    let first_lost = if chain.branch(branch).head.seq + 1 < record.seq { chain.branch(branch).head.seq + 1 } else { record.seq };
    if first_lost < record.seq {
        note_hole(connection, branch, first_lost, record.seq - 1)?;
        raise(connection, chain, &Incident::Hole { first_seq: first_lost, last_seq: record.seq - 1 }, now_ms)?;
    } else {
        raise(connection, chain, &Incident::ChainBroken { seq: record.seq }, now_ms)?;
    }
    Ok(Some(branch))
}

/// The first record of a box that was enrolled in place of another one: the key is the node's own and has begun no journal yet.
fn is_replacement(chain: &NodeChain, record: &Record) -> bool {
    let shown = record.link().and_then(|link| PublicKey::from_hex(&link.public_key).ok());
    shown.is_some() && shown == chain.key && chain.branches.iter().all(|branch| branch.key != shown)
}

/// A link behind damaged records. What the node lost we may well hold: then the branch just goes on.
fn over_damage(
    connection: &Connection,
    chain: &mut NodeChain,
    parent: i64,
    parent_seq: u64,
    link: &Record,
    now_ms: i64,
) -> db::Result<i64> {
    let head_seq = chain.branch(parent).head.seq;
    let (first_seq, last_seq) = (parent_seq + 1, link.seq - 1);
    let branch = if head_seq > last_seq {
        // We hold more than the node ever lost: its disk is an older copy. Both ways are kept.
        let base =
            chain.at(connection, parent, last_seq)?.unwrap_or(Position { incarnation: link.incarnation, seq: last_seq, hash: link.prev });
        let branch = chain.open_branch(connection, Some(parent), base, now_ms)?;
        raise(connection, chain, &Incident::Fork { after_seq: last_seq, branch }, now_ms)?;
        branch
    } else {
        if head_seq < last_seq {
            note_hole(connection, parent, head_seq + 1, last_seq)?;
        }
        parent
    };
    let we_hold_all = head_seq >= last_seq;
    raise(connection, chain, &Incident::NodeDamage { first_seq, last_seq, we_hold_all }, now_ms)?;
    Ok(branch)
}

/// Stores what is new of a run whose first record belongs on `branch`. Returns how many records that were.
fn store_run(connection: &Connection, chain: &mut NodeChain, mut branch: i64, run: &[Record], now_ms: i64) -> db::Result<usize> {
    let mut known = held_length(connection, chain, branch, run)?;
    if known < run.len() && run[known].seq <= chain.branch(branch).head.seq {
        // The branch has another record under this number. Perhaps we met this way before.
        let before_seq = run[known].seq - 1;
        let children: Vec<i64> = chain.children(branch, before_seq).map(|child| child.id).collect();
        let mut met = None;
        for child in children {
            if chain.at(connection, child, run[known].seq)?.is_some_and(|at| at.hash == run[known].hash) {
                met = Some(child);
            }
        }
        branch = match met {
            Some(child) => {
                known += held_length(connection, chain, child, &run[known..])?;
                child
            }
            None => {
                let base = Position { incarnation: run[known].incarnation, seq: before_seq, hash: run[known].prev };
                let fork = chain.open_branch(connection, Some(branch), base, now_ms)?;
                raise(connection, chain, &Incident::Fork { after_seq: before_seq, branch: fork }, now_ms)?;
                fork
            }
        };
    }
    let new = &run[known..];
    if new.is_empty() {
        return Ok(0);
    }
    let lines: Vec<u8> = new.iter().flat_map(|record| record.line.iter().copied()).collect();
    chain.append(connection, branch, new[0].seq, &lines, new[new.len() - 1].position())?;
    for record in new {
        vouch(connection, chain, branch, record, now_ms)?;
    }
    let mut counter = projection::Counter::new(connection, chain, branch);
    for record in new {
        counter.record(record, now_ms)?;
        repair::notice(connection, chain, record, now_ms)?;
    }
    counter.flush()?;
    confirm_urgent(connection, chain, new, now_ms)?;
    Ok(new.len())
}

/// How many records from the front the branch already holds. The run continues itself, so when it holds one it holds all before:
/// look at the last that could be held, and only when that differs search for the place.
fn held_length(connection: &Connection, chain: &NodeChain, branch: i64, run: &[Record]) -> db::Result<usize> {
    let head_seq = chain.branch(branch).head.seq;
    let overlap = run.partition_point(|record| record.seq <= head_seq);
    let holds = |index: usize| -> db::Result<bool> {
        Ok(chain.at(connection, branch, run[index].seq)?.is_some_and(|at| at.hash == run[index].hash))
    };
    if overlap == 0 || holds(overlap - 1)? {
        return Ok(overlap);
    }
    let (mut low, mut high) = (0, overlap - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// Keys and signatures. A false one is found out and shown; the record is kept like any other.
fn vouch(connection: &Connection, chain: &mut NodeChain, branch: i64, record: &Record, now_ms: i64) -> db::Result<()> {
    let kind = record.kind();
    let link = record.link().filter(|_| kind == Kind::Link);
    if let Some(shown) = link.and_then(|link| PublicKey::from_hex(&link.public_key).ok()) {
        match chain.key {
            None => chain.pin(connection, shown)?,
            Some(known) if known != shown && !former_keys(connection, chain)?.contains(&shown) => {
                let incident = Incident::KeyChanged { seq: record.seq, known: known.to_hex(), shown: shown.to_hex() };
                raise(connection, chain, &incident, now_ms)?;
            }
            Some(_) => {}
        }
        if chain.branch(branch).key != Some(shown) {
            chain.set_branch_key(connection, branch, shown)?;
        }
    }
    let must_be_signed = match kind {
        Kind::Link | Kind::Mark | Kind::CarryForward => true,
        Kind::Command => record.sig.is_some(),
    };
    match chain.branch(branch).key {
        Some(key) if must_be_signed && !record.is_signed_by(&key) => {
            match former_keys(connection, chain)?.into_iter().find(|key| record.is_signed_by(key)) {
                // A box that was replaced goes on on a way of its own, which began with the key of the box that took its place.
                Some(former) => chain.set_branch_key(connection, branch, former),
                None => raise(connection, chain, &Incident::BadSignature { seq: record.seq }, now_ms),
            }
        }
        Some(_) | None => Ok(()),
    }
}

/// Of the boxes that were this node before.
fn former_keys(connection: &Connection, chain: &NodeChain) -> db::Result<Vec<PublicKey>> {
    let keys: Vec<String> = connection
        .prepare_cached("SELECT public_key FROM former_keys WHERE store = ?1 AND node = ?2")?
        .query_map(params![chain.store.as_str(), chain.node.as_str()], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    Ok(keys.iter().filter_map(|key| PublicKey::from_hex(key).ok()).collect())
}

/// The chain has reached copies that came by the side door.
fn confirm_urgent(connection: &Connection, chain: &NodeChain, new: &[Record], now_ms: i64) -> db::Result<()> {
    let (first, last) = (new[0].seq, new[new.len() - 1].seq);
    let waiting: Vec<(i64, String, u64, String)> = connection
        .prepare_cached("SELECT id, inc, seq, hash FROM urgent WHERE node = ?1 AND confirmed_ms IS NULL AND seq BETWEEN ?2 AND ?3")?
        .query_map(params![chain.id, first, last], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<db::Result<_>>()?;
    for (id, incarnation, seq, hash) in waiting {
        let Some(record) = new.iter().find(|record| record.seq == seq) else { continue };
        if record.hash.to_string() == hash {
            connection.prepare_cached("UPDATE urgent SET confirmed_ms = ?2 WHERE id = ?1")?.execute(params![id, now_ms])?;
        } else if record.incarnation.to_string() == incarnation {
            raise(connection, chain, &Incident::UrgentDiffers { seq }, now_ms)?;
        }
    }
    Ok(())
}

fn note_hole(connection: &Connection, branch: i64, first_seq: u64, last_seq: u64) -> db::Result<()> {
    connection
        .prepare_cached("INSERT INTO holes (branch, first_seq, last_seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![branch, first_seq, last_seq])
        .map(|_| ())
}

fn raise(connection: &Connection, chain: &NodeChain, incident: &Incident, now_ms: i64) -> db::Result<()> {
    incidents::raise(connection, &chain.store, &chain.node, incident, now_ms)
}

/// Notes what the node said of itself.
pub fn contact(connection: &Connection, chain: &NodeChain, head_seq: u64, waiting: u64, now_ms: i64) -> db::Result<()> {
    connection
        .prepare_cached("UPDATE nodes SET last_contact_ms = ?2, head_seq = ?3, waiting = ?4 WHERE id = ?1")?
        .execute(params![chain.id, now_ms, head_seq, waiting])
        .map(|_| ())
}
