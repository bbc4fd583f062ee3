//! The only file that names sled. Version 0.34.7 loses flushed records in power cuts, may not open after one, and panics on flipped bits, so it
//! holds only what can be made again, and nothing it does may take the process with it: it is opened in a thread of its own with a
//! deadline, every call catches panics, and a checkpoint syncs its file ourselves because its `flush` does not.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;

use super::cache::{APPLIED_KEY, Batch, Cache, CacheError, Each, Entry};

/// A sound cache of a million articles opens in a fraction of a second.
pub const OPEN_SECONDS_MAX: u64 = 10;
/// Somebody who still holds the lock after this long means to keep it.
const RELEASE_MAX: Duration = Duration::from_secs(3);
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
            await_release(&config.get_path().join("db"));
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

/// Waits until nobody holds sled's lock on its file, [`RELEASE_MAX`] at most. The one who had the cache before may still be letting go
/// of it: sled's own threads end a little after it is dropped, and a child process that is just being started holds a copy of each open
/// file until it runs its own program. That is no reason to throw a sound cache away.
fn await_release(file: &Path) {
    let Ok(file) = std::fs::File::open(file) else { return };
    let since = Instant::now();
    while since.elapsed() < RELEASE_MAX {
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            // Let go in so many words: closing alone would leave it with a child that has a copy.
            let _ = rustix::fs::flock(&file, FlockOperation::Unlock);
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_let_go_late_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut batch = Batch::default();
        batch.changes.push((b"k".to_vec(), Some(b"v".to_vec())));
        let cache = SledCache::open(folder.path()).unwrap();
        cache.apply(batch).unwrap();
        cache.checkpoint().unwrap();
        drop(cache);
        let held = std::fs::File::open(folder.path().join("db")).unwrap();
        while rustix::fs::flock(&held, FlockOperation::NonBlockingLockExclusive).is_err() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let holder = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            drop(held);
        });
        let again = SledCache::open(folder.path()).unwrap();
        assert_eq!(again.get(b"k").unwrap(), Some(b"v".to_vec()));
        holder.join().unwrap();
    }
}
