//! The only file that names sled. Version 0.34.7 loses flushed records in power cuts, may not open after one, and panics on flipped bits, so it
//! holds only what can be made again, and nothing it does may take the process with it: it is opened in a thread of its own with a
//! deadline, every call catches panics, and a checkpoint syncs its file ourselves because its `flush` does not.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use super::cache::{APPLIED_KEY, Batch, Cache, CacheError, Each, Entry};

/// A sound cache of a million articles opens in a fraction of a second.
pub const OPEN_SECONDS_MAX: u64 = 10;
/// sled's default of 1 GiB is more than most boxes have.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

pub struct SledCache {
    db: sled::Db,
    folder: PathBuf,
}

impl SledCache {
    /// Opens or creates the cache in `folder`. When it takes too long, the thread that tries is left behind: it can do no harm in a
    /// folder that is about to be renamed.
    pub fn open(folder: &Path) -> Result<SledCache, CacheError> {
        let (done, opened) = mpsc::sync_channel(1);
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let opener = std::thread::Builder::new().name("sled-open".to_owned()).spawn(move || {
            let result = guarded("opening sled", || config.open());
            // Nobody waits any more when the deadline has passed.
            let _ = done.send(result);
        });
        if let Err(error) = opener {
            return Err(CacheError::Failed { doing: "opening sled", why: error.to_string() });
        }
        let opened = opened.recv_timeout(Duration::from_secs(OPEN_SECONDS_MAX));
        let db = opened.unwrap_or(Err(CacheError::TimedOut { doing: "opening sled", seconds: OPEN_SECONDS_MAX }))?;
        Ok(SledCache { db, folder: folder.to_owned() })
    }
}

impl Cache for SledCache {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError> {
        guarded("reading sled", || self.db.get(key).map(|found| found.map(|value| value.to_vec())))
    }

    fn at_or_before(&self, key: &[u8]) -> Result<Option<Entry>, CacheError> {
        guarded("reading sled", || self.db.range::<&[u8], _>(..=key).next_back().map(|found| found.map(owned)).transpose())
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), CacheError> {
        if from >= to {
            return Ok(());
        }
        guarded("scanning sled", || walk(self.db.range::<&[u8], _>(from..to), each))
    }

    fn scan_back(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), CacheError> {
        if from >= to {
            return Ok(());
        }
        guarded("scanning sled", || walk(self.db.range::<&[u8], _>(from..to).rev(), each))
    }

    fn apply(&self, batch: Batch) -> Result<(), CacheError> {
        let mut changes = sled::Batch::default();
        for (key, value) in batch.changes {
            match value {
                Some(value) => changes.insert(key, value),
                None => changes.remove(key),
            }
        }
        if let Some(seq) = batch.applied_seq {
            changes.insert(APPLIED_KEY, &seq.to_be_bytes());
        }
        guarded("writing sled", || self.db.apply_batch(changes))
    }

    fn checkpoint(&self) -> Result<(), CacheError> {
        guarded("flushing sled", || self.db.flush())?;
        let path = self.folder.join("db");
        let synced = std::fs::File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|e| CacheError::Failed { doing: "syncing sled's file", why: format!("{}: {e}", path.display()) })
    }

    fn verify(&self) -> Result<u64, CacheError> {
        let mut entries = 0;
        self.scan(&[], &[0xff; 32], &mut |_, _| {
            entries += 1;
            ControlFlow::Continue(())
        })?;
        Ok(entries)
    }
}

fn walk(found: impl Iterator<Item = sled::Result<(sled::IVec, sled::IVec)>>, each: &mut Each<'_>) -> sled::Result<()> {
    for entry in found {
        let (key, value) = entry?;
        if each(&key, &value).is_break() {
            break;
        }
    }
    Ok(())
}

fn owned((key, value): (sled::IVec, sled::IVec)) -> Entry {
    (key.to_vec(), value.to_vec())
}

/// A panic inside sled leaves our own values untouched: they are only read after it.
fn guarded<T>(doing: &'static str, act: impl FnOnce() -> sled::Result<T>) -> Result<T, CacheError> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(CacheError::Failed { doing, why: error.to_string() }),
        Err(panic) => Err(CacheError::Panicked { doing, why: panic_words(panic.as_ref()) }),
    }
}

fn panic_words(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    words.unwrap_or("no words").to_owned()
}
