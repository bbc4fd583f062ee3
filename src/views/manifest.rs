//! What the cache should hold, in a small file beside it, made durable on its own. A cache that opens without a complaint may still have
//! lost entries; it is believed only as far as it agrees with this file.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cache::{Cache, CacheError};
use super::layer::{LayerId, LayerInfo, info_key};
use crate::ids::NodeId;
use crate::retail::Feed;

/// Raised with every change of what lies in the cache and how: an older cache is rebuilt.
pub const CACHE_FORMAT: u32 = 1;
const FILE_NAME: &str = "manifest.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Whose journal the index is of.
    pub node: NodeId,
    /// The index holds all records up to here, but for `missing`.
    pub applied_seq: u64,
    /// Records (first, last) that are still to be read again.
    pub missing: Option<(u64, u64)>,
    /// Transactions in the index; for its limit only.
    pub transactions: u64,
    /// Complete versions: in force, or waiting for their adoption.
    pub stacks: Vec<Stack>,
    pub next_layer: LayerId,
    /// Layers that were begun and not completed, or are no longer needed.
    pub refuse: BTreeSet<LayerId>,
}

/// One complete version of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    pub feed: Feed,
    pub version: u64,
    /// Of the newest file in it.
    pub hash: String,
    /// Oldest first. Shared with readers, so that a layer is removed when nobody reads it any more.
    pub layers: Vec<Arc<LayerInfo>>,
}

impl Stack {
    /// Articles or lines in its files; for a catalogue with changes on top more than there are articles.
    pub fn entries(&self) -> u64 {
        self.layers.iter().map(|layer| layer.entries).sum()
    }
}

impl Manifest {
    pub fn new(node: NodeId, head_seq: u64) -> Manifest {
        let missing = (head_seq > 0).then_some((1, head_seq));
        Manifest {
            format: CACHE_FORMAT,
            node,
            applied_seq: head_seq,
            missing,
            transactions: 0,
            stacks: Vec::new(),
            next_layer: 1,
            refuse: BTreeSet::new(),
        }
    }

    /// `None` when there is none. An unreadable one is an error: the cache cannot be believed then.
    pub fn read(folder: &Path) -> Result<Option<Manifest>, String> {
        let bytes = match fs::read(folder.join(FILE_NAME)) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("{FILE_NAME} cannot be read: {e}")),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| format!("{FILE_NAME} is not what we wrote: {e}"))
    }

    /// Replaces the file: temporary file, sync, rename, sync of the folder.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let temporary = folder.join("manifest.tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(self).expect("a manifest is plain values"))?;
        file.sync_all()?;
        fs::rename(&temporary, folder.join(FILE_NAME))?;
        File::open(folder)?.sync_all()
    }

    pub fn remove(folder: &Path) -> io::Result<()> {
        match fs::remove_file(folder.join(FILE_NAME)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Why the cache is not the one this manifest describes; `Ok(())` when it can be used.
    pub fn agrees_with(&self, cache: &dyn Cache, node: &NodeId, head_seq: u64) -> Result<(), String> {
        if self.format != CACHE_FORMAT {
            return Err(format!("it is in format {}, this version uses {CACHE_FORMAT}", self.format));
        }
        if self.node != *node {
            return Err(format!("it belongs to node {}", self.node));
        }
        if self.applied_seq > head_seq {
            return Err(format!("it knows record {}, the journal ends at {head_seq}", self.applied_seq));
        }
        let words = |e: CacheError| e.to_string();
        let applied = cache.applied_seq().map_err(words)?.unwrap_or(0);
        if applied < self.applied_seq {
            return Err(format!("it ends at record {applied}, its manifest at {}", self.applied_seq));
        }
        if applied > head_seq {
            return Err(format!("it knows record {applied}, the journal ends at {head_seq}"));
        }
        for info in self.layers() {
            let found = cache.get(&info_key(info.id)).map_err(words)?;
            if found.and_then(|bytes| serde_json::from_slice::<LayerInfo>(&bytes).ok()).as_ref() != Some(info) {
                return Err(format!("version {} of its {} is not complete", info.version, info.feed.name()));
            }
        }
        Ok(())
    }

    pub fn layers(&self) -> impl Iterator<Item = &LayerInfo> {
        self.stacks.iter().flat_map(|stack| stack.layers.iter().map(Arc::as_ref))
    }
}

/// Numbers of records by which the index was brought up to date, for each feed what waits: see [`Manifest::missing`].
pub fn joined(missing: Option<(u64, u64)>, more: Option<(u64, u64)>) -> Option<(u64, u64)> {
    match (missing, more) {
        (Some((from, to)), Some((more_from, more_to))) => Some((from.min(more_from), to.max(more_to))),
        (one, other) => one.or(other),
    }
}
