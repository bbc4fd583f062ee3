//! The one thread that writes to the cache. Everyone else hands it work through a bounded channel; the loop of the node only ever waits when
//! it is thousands of records ahead.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::cache::{Batch, Cache, CacheError};
use super::ej::{self, EjEntry};
use super::layer::{LAYER_KINDS, LayerId, LayerInfo, kind_range};
use super::manifest::{Manifest, Stack};
use crate::retail::Feed;

/// Jobs that may wait for the owner.
pub const JOBS_MAX: usize = 4096;
/// Changes older than this are made durable when nothing else asks for it.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(500);
/// Entries of a layer that is no longer needed are removed in steps of this many, between jobs.
const REMOVE_STEP: usize = 256;
/// Entries forgotten at once when the index is full.
const FORGET_STEP: u64 = 64;

/// What the owner is asked to do.
pub enum Job {
    /// Takes a live record into the index: its transaction, if it finished one.
    Apply {
        seq: u64,
        entry: Option<Box<EjEntry>>,
    },
    /// Takes older records in: their transactions; `next` is the first record that is then still missing.
    Backfill {
        entries: Vec<EjEntry>,
        next: Option<(u64, u64)>,
        done: SyncSender<Result<(), CacheError>>,
    },
    /// A number for a layer that is about to be built.
    Reserve {
        layer: SyncSender<Result<LayerId, CacheError>>,
    },
    Put {
        batch: Batch,
        done: SyncSender<Result<(), CacheError>>,
    },
    /// A version is complete: remember it, durably.
    Keep {
        stack: Arc<Stack>,
        done: SyncSender<Result<(), CacheError>>,
    },
    /// A version is in force: older ones of its feed are no longer needed.
    Force {
        feed: Feed,
        version: u64,
    },
    /// Make all durable and end.
    Close,
}

/// Transactions handed to the owner that are not yet in the cache, so that a reader finds what was just applied.
pub type Pending = Arc<Mutex<BTreeMap<u64, EjEntry>>>;

pub struct Owner {
    pub cache: Arc<dyn Cache>,
    /// `None`: the cache is in memory and needs no manifest.
    pub folder: Option<PathBuf>,
    pub manifest: Manifest,
    pub pending: Pending,
    /// Told of the first error; the owner ends with it.
    pub broke: Box<dyn Fn(CacheError) + Send>,
    /// Layers to be removed when nobody reads them any more.
    pub retired: Vec<Arc<LayerInfo>>,
    pub dirty_since: Option<Instant>,
}

impl Owner {
    pub fn run(mut self, jobs: Receiver<Job>) {
        loop {
            let result = match jobs.recv_timeout(TICK) {
                Ok(Job::Close) => {
                    if let Err(error) = self.checkpoint() {
                        (self.broke)(error);
                    }
                    return;
                }
                Ok(job) => self.act(job).and_then(|()| self.checkpoint_when_due()),
                Err(RecvTimeoutError::Timeout) => self.clean().and_then(|()| self.checkpoint_when_due()),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if let Err(error) = result {
                return (self.broke)(error);
            }
        }
    }

    /// An error that was handed to whoever waits is returned as well: the owner ends with the first.
    fn act(&mut self, job: Job) -> Result<(), CacheError> {
        match job {
            Job::Apply { seq, entry } => self.apply(seq, entry.as_deref()),
            Job::Backfill { entries, next, done } => answer(done, self.backfill(&entries, next)),
            Job::Reserve { layer } => answer(layer, self.reserve()),
            Job::Put { batch, done } => {
                self.dirty_since.get_or_insert_with(Instant::now);
                answer(done, self.cache.apply(batch))
            }
            Job::Keep { stack, done } => answer(done, self.keep(&stack)),
            Job::Force { feed, version } => self.force(feed, version),
            Job::Close => unreachable!("handled by the caller"),
        }
    }

    fn apply(&mut self, seq: u64, entry: Option<&EjEntry>) -> Result<(), CacheError> {
        self.manifest.applied_seq = self.manifest.applied_seq.max(seq);
        self.dirty_since.get_or_insert_with(Instant::now);
        let Some(entry) = entry else { return Ok(()) };
        let mut batch = Batch { applied_seq: Some(self.manifest.applied_seq), ..Batch::default() };
        ej::index(entry, &mut batch);
        self.cache.apply(batch)?;
        self.pending.lock().expect("nobody panics with it").remove(&seq);
        self.count(1)
    }

    fn backfill(&mut self, entries: &[EjEntry], next: Option<(u64, u64)>) -> Result<(), CacheError> {
        self.dirty_since.get_or_insert_with(Instant::now);
        let mut batch = Batch::default();
        entries.iter().for_each(|entry| ej::index(entry, &mut batch));
        self.cache.apply(batch)?;
        self.manifest.missing = next;
        self.count(entries.len() as u64)
    }

    fn count(&mut self, more: u64) -> Result<(), CacheError> {
        self.manifest.transactions += more;
        if self.manifest.transactions >= ej::EJ_ENTRIES_MAX + FORGET_STEP {
            let surplus = self.manifest.transactions - ej::EJ_ENTRIES_MAX;
            let mut batch = Batch::default();
            ej::forget_oldest(self.cache.as_ref(), surplus as usize, &mut batch)?;
            self.cache.apply(batch)?;
            self.manifest.transactions = ej::EJ_ENTRIES_MAX;
        }
        Ok(())
    }

    fn reserve(&mut self) -> Result<LayerId, CacheError> {
        let layer = self.manifest.next_layer;
        self.manifest.next_layer += 1;
        self.manifest.refuse.insert(layer);
        self.write_manifest()?;
        Ok(layer)
    }

    fn keep(&mut self, stack: &Stack) -> Result<(), CacheError> {
        let newest = stack.layers.last().expect("a version has a layer").id;
        self.manifest.refuse.remove(&newest);
        self.manifest.stacks.push(stack.clone());
        self.checkpoint()
    }

    fn force(&mut self, feed: Feed, version: u64) -> Result<(), CacheError> {
        let is_over = |stack: &Stack| stack.feed == feed && stack.version < version;
        let (over, kept): (Vec<Stack>, Vec<Stack>) = self.manifest.stacks.drain(..).partition(is_over);
        self.manifest.stacks = kept;
        let needed: Vec<LayerId> = self.manifest.layers().map(|layer| layer.id).collect();
        for layer in over.into_iter().flat_map(|stack| stack.layers) {
            if !needed.contains(&layer.id) && self.manifest.refuse.insert(layer.id) {
                self.retired.push(layer);
            }
        }
        self.checkpoint()
    }

    /// Removes some of what nobody needs any more. Called when there is nothing else to do.
    fn clean(&mut self) -> Result<(), CacheError> {
        let is_read = |id: LayerId, retired: &[Arc<LayerInfo>]| retired.iter().any(|l| l.id == id && Arc::strong_count(l) > 1);
        let building = self.manifest.next_layer.checked_sub(1);
        let free = self.manifest.refuse.iter().copied().find(|id| Some(*id) != building && !is_read(*id, &self.retired));
        let Some(layer) = free else { return Ok(()) };
        if self.remove_some(layer)? {
            self.retired.retain(|info| info.id != layer);
            self.manifest.refuse.remove(&layer);
        }
        self.dirty_since.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Whether nothing of the layer is left.
    fn remove_some(&mut self, layer: LayerId) -> Result<bool, CacheError> {
        let mut batch = Batch::default();
        for kind in LAYER_KINDS {
            let (from, to) = kind_range(kind, layer);
            self.cache.scan(&from, &to, &mut |key, _| {
                batch.remove(key.to_vec());
                if batch.changes.len() >= REMOVE_STEP { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            if batch.changes.len() >= REMOVE_STEP {
                break;
            }
        }
        let is_last = batch.changes.len() < REMOVE_STEP;
        self.cache.apply(batch)?;
        Ok(is_last)
    }

    fn checkpoint_when_due(&mut self) -> Result<(), CacheError> {
        if self.dirty_since.is_some_and(|since| since.elapsed() >= CHECKPOINT_EVERY) { self.checkpoint() } else { Ok(()) }
    }

    fn checkpoint(&mut self) -> Result<(), CacheError> {
        self.cache.apply(Batch { applied_seq: Some(self.manifest.applied_seq), ..Batch::default() })?;
        self.cache.checkpoint()?;
        self.write_manifest()?;
        self.dirty_since = None;
        Ok(())
    }

    fn write_manifest(&self) -> Result<(), CacheError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        self.manifest.write(folder).map_err(|e| CacheError::Failed { doing: "writing the views' manifest", why: e.to_string() })
    }
}

fn answer<T>(done: SyncSender<Result<T, CacheError>>, result: Result<T, CacheError>) -> Result<(), CacheError> {
    let own = result.as_ref().map(|_| ()).map_err(Clone::clone);
    // The one who asked may have given up.
    let _ = done.send(result);
    own
}
