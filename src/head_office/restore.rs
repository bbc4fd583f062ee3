//! A box that has taken a broken one's place asks for the node's journal. It gets the bytes as they came; what they prove is the box's to see.

use super::chain::{self, Branch, NodeChain};
use super::db::{self, Connection, params};
use super::incidents::{self, Incident};
use crate::ids::{NodeId, StoreId};
use crate::journal::{Position, PublicKey, Record};
use crate::sync::wire::{BATCH_BYTES_MAX, HeldJournal, RestoreQuery};

/// What is held of a node.
pub struct Held {
    pub journal: HeldJournal,
    pub head: Position,
    pub keys: Vec<String>,
    pub holes: Vec<(u64, u64)>,
    pub others: Vec<HeldJournal>,
    pub said_seq: u64,
    pub last_contact_ms: i64,
}

/// Why there is nothing to go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRestored {
    /// Nothing of this node was ever received.
    NothingHeld,
    /// There is no journal of this number.
    NoSuchJournal { journal: i64 },
    /// The box that asks wrote its newest records itself.
    AtWork { last_contact_ms: i64 },
}

/// What the box that is this node now may go on with. Noted as an incident: whoever finds the former box's disk must know.
pub fn plan(connection: &Connection, chain: &NodeChain, journal: Option<i64>, now_ms: i64) -> db::Result<Result<Held, NotRestored>> {
    let begun = || chain.branches.iter().filter(|branch| branch.head.seq > 0);
    let Some(wanted) = journal.or(chain.current).filter(|_| begun().next().is_some()) else { return Ok(Err(NotRestored::NothingHeld)) };
    let Some(branch) = begun().find(|branch| branch.id == wanted) else { return Ok(Err(NotRestored::NoSuchJournal { journal: wanted })) };
    let (said_seq, last_contact_ms): (u64, i64) = connection
        .prepare_cached("SELECT head_seq, last_contact_ms FROM nodes WHERE id = ?1")?
        .query_row([chain.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    // The same key twice would be the same box twice: no lock could tell the two apart.
    let Some(key) = chain.key.filter(|key| branch.key != Some(*key)) else { return Ok(Err(NotRestored::AtWork { last_contact_ms })) };
    let held = Held {
        journal: held(connection, branch)?,
        head: branch.head,
        keys: keys(connection, chain)?,
        holes: holes(connection, chain, branch)?,
        others: begun().filter(|other| other.id != branch.id).map(|other| held(connection, other)).collect::<db::Result<_>>()?,
        said_seq,
        last_contact_ms,
    };
    let incident = Incident::BoxRestored { upto_seq: branch.head.seq, said_seq, key: key.to_hex() };
    incidents::raise(connection, &chain.store, &chain.node, &incident, now_ms)?;
    Ok(Ok(held))
}

/// The lines asked for, as far as one answer holds; none when the first is not here.
pub fn lines(connection: &Connection, store: &StoreId, node: &NodeId, journal: i64, query: RestoreQuery) -> db::Result<Vec<u8>> {
    let Some(chain) = NodeChain::find_node(connection, store, node)? else { return Ok(Vec::new()) };
    if !chain.branches.iter().any(|branch| branch.id == journal) {
        return Ok(Vec::new());
    }
    chain::lines(connection, &chain, journal, query.from.max(1), query.upto, query.bytes_max.min(BATCH_BYTES_MAX))
}

fn held(connection: &Connection, branch: &Branch) -> db::Result<HeldJournal> {
    let newest = chain::line_at_or_before(connection, branch.id, branch.head.seq)?;
    let at_ms = newest.and_then(|(_, line)| Record::parse(line).ok()).map_or(0, |record| record.at.ms);
    Ok(HeldJournal { id: branch.id, seq: branch.head.seq, at_ms })
}

/// Every key that was the node's own, the newest included.
fn keys(connection: &Connection, chain: &NodeChain) -> db::Result<Vec<String>> {
    let mut keys: Vec<String> = connection
        .prepare_cached("SELECT public_key FROM former_keys WHERE store = ?1 AND node = ?2")?
        .query_map(params![chain.store.as_str(), chain.node.as_str()], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    keys.extend(chain.branches.iter().filter_map(|branch| branch.key).chain(chain.key).map(|key: PublicKey| key.to_hex()));
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// What is missing on the way to a branch's newest record.
fn holes(connection: &Connection, chain: &NodeChain, branch: &Branch) -> db::Result<Vec<(u64, u64)>> {
    let mut found: Vec<(u64, u64)> = Vec::new();
    let (mut at, mut upto) = (Some(branch), u64::MAX);
    while let Some(branch) = at {
        let here = connection
            .prepare_cached("SELECT first_seq, last_seq FROM holes WHERE branch = ?1 ORDER BY first_seq")?
            .query_map([branch.id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<db::Result<Vec<(u64, u64)>>>()?;
        found.extend(here.into_iter().filter(|(_, last)| *last < upto));
        // A journal that begins late: what came before never arrived.
        if branch.parent.is_none() && branch.base_seq > 0 {
            found.push((1, branch.base_seq));
        }
        upto = branch.base_seq + 1;
        at = branch.parent.map(|parent| chain.branch(parent));
    }
    found.sort_unstable();
    Ok(found)
}
