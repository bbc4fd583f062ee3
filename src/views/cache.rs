//! What the views need of a store of sorted bytes, and the one that lives in memory. The other is [`super::sled_cache`]. Both pass the
//! same tests. Whatever is in here can be made again from the journal and the feed files, so no implementation has to be believed:
//! errors are reported, and the caller sets the whole cache aside.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::{Mutex, MutexGuard};

/// sled keeps values inline up to its segment's size and is at its best far below it.
pub const VALUE_BYTES_MAX: usize = 64 * 1024 - 1;

/// Where the newest applied record of the journal is kept.
pub const APPLIED_KEY: &[u8] = b"!applied";

/// Why the cache cannot be used. Always a reason to set it aside, never a reason to stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    #[error("{doing} failed: {why}")]
    Failed { doing: &'static str, why: String },
    #[error("{doing} panicked: {why}")]
    Panicked { doing: &'static str, why: String },
    #[error("{doing} did not end within {seconds} s")]
    TimedOut { doing: &'static str, seconds: u64 },
    /// The cache answers, and what it answers cannot be right.
    #[error("{what} is damaged: {why}")]
    Damaged { what: &'static str, why: String },
}

/// Changes that are visible together or not at all.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// `None` removes.
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// The newest record of the journal that the cache includes from now on.
    pub applied_seq: Option<u64>,
}

impl Batch {
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        assert!(value.len() <= VALUE_BYTES_MAX, "a cached value of {} bytes", value.len());
        self.changes.push((key, Some(value)));
    }
    pub fn remove(&mut self, key: Vec<u8>) {
        self.changes.push((key, None));
    }
    pub fn bytes(&self) -> usize {
        self.changes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum()
    }
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.applied_seq.is_none()
    }
}

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);
/// Takes entries of a scan until it breaks.
pub type Each<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// A sorted map of bytes. Reads come from any thread, [`Cache::apply`] and [`Cache::checkpoint`] from one.
pub trait Cache: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError>;
    /// The entry with the greatest key at or before `key`.
    fn at_or_before(&self, key: &[u8]) -> Result<Option<Entry>, CacheError>;
    /// Entries with `from <= key < to`, ascending.
    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), CacheError>;
    /// Entries with `from <= key < to`, descending.
    fn scan_back(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), CacheError>;
    /// All of the batch, or nothing of it.
    fn apply(&self, batch: Batch) -> Result<(), CacheError>;
    /// When it returns, everything applied before survives a power cut, as far as the engine can be believed.
    fn checkpoint(&self) -> Result<(), CacheError>;
    /// Reads every entry, as the engine's own proof that it can. Returns their number. Takes as long as it takes.
    fn verify(&self) -> Result<u64, CacheError>;

    fn applied_seq(&self) -> Result<Option<u64>, CacheError> {
        let Some(bytes) = self.get(APPLIED_KEY)? else { return Ok(None) };
        let bytes: [u8; 8] =
            bytes.try_into().map_err(|_| CacheError::Damaged { what: "the applied sequence", why: "it is not 8 bytes long".to_owned() })?;
        Ok(Some(u64::from_be_bytes(bytes)))
    }
}

/// In memory: for tests, and for a shop whose disk cannot hold a cache today.
#[derive(Default)]
pub struct MemoryCache {
    entries: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Cache for MemoryCache {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.entries().get(key).cloned())
    }

    fn at_or_before(&self, key: &[u8]) -> Result<Option<Entry>, CacheError> {
        let entries = self.entries();
        let found = entries.range::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back();
        Ok(found.map(|(key, value)| (key.clone(), value.clone())))
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), CacheError> {
        if from < to {
            for (key, value) in self.entries().range::<[u8], _>((Bound::Included(from), Bound::Excluded(to))) {
                if each(key, value).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn scan_back(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), CacheError> {
        if from < to {
            for (key, value) in self.entries().range::<[u8], _>((Bound::Included(from), Bound::Excluded(to))).rev() {
                if each(key, value).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn apply(&self, batch: Batch) -> Result<(), CacheError> {
        let mut entries = self.entries();
        for (key, value) in batch.changes {
            match value {
                Some(value) => entries.insert(key, value),
                None => entries.remove(&key),
            };
        }
        if let Some(seq) = batch.applied_seq {
            entries.insert(APPLIED_KEY.to_vec(), seq.to_be_bytes().to_vec());
        }
        Ok(())
    }

    fn checkpoint(&self) -> Result<(), CacheError> {
        Ok(())
    }

    fn verify(&self) -> Result<u64, CacheError> {
        Ok(self.entries().len() as u64)
    }
}

impl MemoryCache {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        self.entries.lock().expect("nobody panics with it")
    }
}
