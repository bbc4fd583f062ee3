//! A node has lost records on its disk and asks for our copy. It gets its own bytes back; what they prove is the node's to see.

use super::db::{self, Connection};

use super::chain::{self, NodeChain};
use super::incidents::{self, Incident};
use crate::journal::{Position, Record};
use crate::retail::Event;
use crate::sync::wire::{BATCH_BYTES_MAX, RepairRequest};

/// Stored lines, byte for byte.
#[derive(Default)]
pub struct Copy {
    pub lines: Vec<u8>,
    /// The last of them; `None` when we do not hold the first record asked for.
    pub last: Option<Position>,
}

/// The lines asked for, from the branch on which the node's neighbours of the hole are found.
pub fn copy(connection: &Connection, chain: &NodeChain, request: &RepairRequest, now_ms: i64) -> db::Result<Copy> {
    let (first_seq, last_seq) = (request.first_seq.max(1), request.last_seq);
    let mut best: Option<(u32, i64)> = None;
    for branch in chain.by_likelihood() {
        let is_at = |seq: u64, hash: &str| -> db::Result<bool> {
            Ok(chain.at(connection, branch, seq)?.is_some_and(|at| at.hash.to_string() == hash))
        };
        let fits_before = match &request.before {
            Some(before) => is_at(before.seq, &before.hash)?,
            None => true,
        };
        let fits_behind = match &request.after_prev {
            Some(hash) => is_at(last_seq, hash)?,
            None => true,
        };
        let fit = u32::from(fits_before) * 2 + u32::from(fits_behind);
        if best.is_none_or(|(best, _)| fit > best) {
            best = Some((fit, branch));
        }
    }
    let Some((_, branch)) = best else { return Ok(Copy::default()) };
    let lines = chain::lines(connection, chain, branch, first_seq, last_seq, BATCH_BYTES_MAX)?;
    let last = match lines.split_inclusive(|byte| *byte == b'\n').next_back() {
        Some(line) => Some(Record::parse(line.to_vec()).map_err(|error| chain::corrupt(&error.to_string()))?.position()),
        None => None,
    };
    let sent_upto = last.map_or(first_seq - 1, |last| last.seq);
    tracing::warn!(store = %chain.store, node = %chain.node, first_seq, last_seq, sent_upto, "a node has lost records and asked for our copy");
    let we_hold_all = chain.at(connection, branch, last_seq)?.is_some();
    let incident = Incident::NodeDamage { first_seq, last_seq, we_hold_all };
    incidents::raise(connection, &chain.store, &chain.node, &incident, now_ms)?;
    Ok(Copy { lines, last })
}

/// The node's own word that a hole is filled.
pub fn notice(connection: &Connection, chain: &NodeChain, record: &Record, now_ms: i64) -> db::Result<()> {
    for event in record.events.iter().filter(|event| crate::journal::record::tag(event.get()) == Some("records_repaired.1")) {
        if let Ok(Event::RecordsRepaired { first_seq, last_seq, .. }) = serde_json::from_str(event.get()) {
            tracing::info!(store = %chain.store, node = %chain.node, first_seq, last_seq, now_ms, "a node has repaired its journal from our copy");
            incidents::repaired(connection, &chain.store, &chain.node, first_seq, last_seq)?;
        }
    }
    Ok(())
}
