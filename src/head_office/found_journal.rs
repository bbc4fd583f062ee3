//! `counterfoil head-office found-journal`: the disk of a box that was replaced has turned up. What it holds and head office does not is taken in
//! as if the box had sent it: as a way of its own behind the record where the two parted, kept and counted beside what the new box went on with.

use std::path::{Path, PathBuf};

use super::chain::NodeChain;
use super::db::{self, Connection, params};
use super::ingest::{self, Batch};
use crate::ids::{NodeId, StoreId};
use crate::journal::Record;
use crate::journal::cli::walk_folder;
use crate::sync::wire::{BATCH_BYTES_MAX, RecordsQuery};

#[derive(Debug, clap::Args)]
pub struct FoundJournal {
    #[arg(long)]
    store: StoreId,
    #[arg(long)]
    node: NodeId,
    /// The folder `journal` of the old box's data, or a copy of it.
    folder: PathBuf,
}

impl FoundJournal {
    pub fn of(&self) -> (&StoreId, &NodeId) {
        (&self.store, &self.node)
    }
}

/// What was in it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TakenIn {
    pub records: usize,
    pub new: usize,
    /// Stretches that cannot be read any more.
    pub bad: usize,
}

/// Why nothing, or nothing more, was taken in.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    #[error("head office has no record of node {node} in store {store}: compare the names with `counterfoil head-office nodes`")]
    NothingHeld { store: StoreId, node: NodeId },
    #[error("{folder} cannot be read: {reason}; name the folder `journal` of the old box's data_dir")]
    Folder { folder: PathBuf, reason: std::io::Error },
    #[error("{folder} holds no record of node {node} in store {store} that head office knows: it is another box's")]
    Stranger { folder: PathBuf, store: StoreId, node: NodeId },
    #[error("head office's database failed: {0}; type the same command again: what is here already is not taken twice")]
    Database(#[from] db::Error),
}

/// Does it and returns what to print.
pub fn carry_out(connection: &Connection, wanted: &FoundJournal, now_ms: i64) -> Result<String, FoundError> {
    let FoundJournal { store, node, folder } = wanted;
    let TakenIn { records, new, bad } = take_in(connection, store, node, folder, now_ms)?;
    let damage =
        if bad == 0 { String::new() } else { format!("\n{bad} stretches of it cannot be read any more: see `counterfoil journal verify`") };
    Ok(match new {
        0 => format!("{records} records read: head office had them all{damage}"),
        new => format!(
            "{records} records read, {new} of them new: they are kept as a branch of their own and counted; see the page Incidents. Goods and cash in them moved at \
             the old box: compare with what was counted since{damage}"
        ),
    })
}

/// Each batch in a transaction of its own.
pub fn take_in(connection: &Connection, store: &StoreId, node: &NodeId, folder: &Path, now_ms: i64) -> Result<TakenIn, FoundError> {
    let unknown = || FoundError::NothingHeld { store: store.clone(), node: node.clone() };
    let goes_on_with = NodeChain::find_node(connection, store, node)?.ok_or_else(unknown)?.current.ok_or_else(unknown)?;
    let mut taken = TakenIn::default();
    let (mut batch, mut bytes, mut failed, mut is_known) = (Vec::new(), 0, None, false);
    let walked = walk_folder(folder, &mut |step| {
        match step {
            Ok(record) => {
                bytes += record.line.len();
                batch.push(record);
            }
            Err(_) => taken.bad += 1,
        }
        if bytes >= BATCH_BYTES_MAX {
            bytes = 0;
            let stored = store_batch(connection, (store, node), std::mem::take(&mut batch), goes_on_with, &mut is_known, now_ms);
            match stored {
                Ok((read, new)) => (taken.records, taken.new) = (taken.records + read, taken.new + new),
                Err(error) => {
                    failed = Some(error);
                    return Err(std::io::ErrorKind::Interrupted.into());
                }
            }
        }
        Ok(())
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    walked.map_err(|reason| FoundError::Folder { folder: folder.to_owned(), reason })?;
    let (read, new) = store_batch(connection, (store, node), batch, goes_on_with, &mut is_known, now_ms)?;
    (taken.records, taken.new) = (taken.records + read, taken.new + new);
    match is_known {
        true => Ok(taken),
        false => Err(FoundError::Stranger { folder: folder.to_owned(), store: store.clone(), node: node.clone() }),
    }
}

/// How many records were read, and how many of them are new. Nothing, as long as head office knows none of them.
fn store_batch(
    connection: &Connection,
    (store, node): (&StoreId, &NodeId),
    mut records: Vec<Record>,
    goes_on_with: i64,
    is_known: &mut bool,
    now_ms: i64,
) -> db::Result<(usize, usize)> {
    records.retain(|record| record.identity.store == *store && record.identity.node == *node);
    let transaction = connection.begin()?;
    let mut chain = NodeChain::load(&transaction, store, node, now_ms)?;
    if let (false, Some(first)) = (*is_known, records.first()) {
        *is_known = chain.find(&transaction, first.seq, &first.hash)?.is_some();
    }
    if !*is_known {
        return Ok((0, 0));
    }
    let (read, mut new, mut hole_from, mut rest) = (records.len(), 0, None, records.as_slice());
    while let Some(first) = rest.first() {
        let query = RecordsQuery { from: first.seq, hole_from, ..RecordsQuery::default() };
        let outcome = ingest::records(&transaction, &mut chain, &Batch { records: rest.to_vec(), bad: None }, &query, now_ms)?;
        new += outcome.stored;
        let held = outcome.held.map_or(0, |held| held.seq);
        let next = rest.iter().position(|record| record.seq > held).unwrap_or(rest.len());
        if next == 0 && hole_from.is_some() {
            break;
        }
        // What does not join is damage on that disk: it is named, and what comes behind it is kept.
        hole_from = outcome.gap.then_some(held + 1).filter(|_| next == 0);
        rest = &rest[next..];
    }
    // The box that is this node now goes on where it was.
    transaction.execute("UPDATE nodes SET current_branch = ?2 WHERE id = ?1", params![chain.id, goes_on_with])?;
    transaction.commit()?;
    Ok((read, new))
}
