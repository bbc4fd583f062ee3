//! A disk for tests and simulations that keeps exactly what it promised: bytes of an fdatasync that succeeded, names of a folder
//! fsync that succeeded. Of the rest a power cut takes what it likes: sectors come through or not, in any order and in any of their
//! versions, and so do names. A failed fsync leaves the page cache lying: the bytes can be read and are not on the disk.
//!
//! Every act that changes something has a number, from 1; faults are planted by that number, so a test can visit them all.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::disk::Disk;

/// What a disk writes whole or not at all.
pub const SECTOR_BYTES: usize = 512;

/// Cloning shares the disk.
#[derive(Clone, Default)]
pub struct ModelDisk {
    inner: Arc<Mutex<Inner>>,
}

/// What is to go wrong, and at which act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The act is under way when the power goes; it and everything after it fails.
    PowerCut { act: u64 },
    /// The act fails. An fsync that fails forgets what it was to write.
    Failure { act: u64 },
    /// From this act on no file can grow any more.
    Full { act: u64 },
}

/// What a power cut may do to what was not flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Chooses which sectors and names come through; the same seed cuts the same way.
    pub seed: u64,
    /// Bytes by which a file grew and that never reached the disk hold whatever was there before, not zeros.
    pub stale_bytes: bool,
}

#[derive(Default)]
struct Inner {
    files: Vec<File>,
    /// As the running system sees them.
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    name_changes: Vec<NameChange>,
    acts: u64,
    mishaps: Vec<Mishap>,
    is_off: bool,
}

#[derive(Default, Clone)]
struct File {
    /// As the running system sees it.
    cache: Vec<u8>,
    durable: Vec<u8>,
    /// Per sector that changed since the last flush: every version it has had.
    dirty: BTreeMap<usize, Vec<Vec<u8>>>,
    /// Sizes it has had since the last flush.
    sizes: Vec<usize>,
}

enum NameChange {
    Set { name: String, file: usize },
    Move { from: String, to: String, file: usize },
    Remove { name: String },
}

/// How an act goes on after it was counted.
enum Fate {
    Done,
    Fails(io::Error),
    /// The change is on its way; the caller never hears of it.
    PowerGoes,
}

impl ModelDisk {
    pub fn new() -> ModelDisk {
        ModelDisk::default()
    }

    pub fn plan(&self, mishap: Mishap) {
        self.lock().mishaps.push(mishap);
    }

    /// Acts so far.
    pub fn acts(&self) -> u64 {
        self.lock().acts
    }

    pub fn is_off(&self) -> bool {
        self.lock().is_off
    }

    /// What a machine finds that is started after a power cut now. This disk stays as it is.
    pub fn after_power_cut(&self, cut: Cut) -> ModelDisk {
        let inner = self.lock();
        let mut dice = Dice::new(cut.seed);
        let mut names = inner.durable_names.clone();
        let names_kept = dice.share();
        for change in &inner.name_changes {
            if dice.falls_below(names_kept) {
                change.apply(&mut names);
            }
        }
        let sectors_kept = dice.share();
        let files = inner.files.iter().map(|file| File::on_disk(file.torn(&mut dice, sectors_kept, cut.stale_bytes))).collect();
        let inner = Inner { files, durable_names: names.clone(), names, ..Inner::default() };
        ModelDisk { inner: Arc::new(Mutex::new(inner)) }
    }

    /// What a process finds that is started after the last one died, with the machine still running: the page cache.
    pub fn after_process_death(&self) -> ModelDisk {
        let mut inner = self.lock();
        inner.mishaps.clear();
        inner.is_off = false;
        drop(inner);
        self.clone()
    }

    /// A file as the running system sees it.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let inner = self.lock();
        inner.names.get(name).map(|file| inner.files[*file].cache.clone())
    }

    /// Puts a file on the disk, as someone with a soldering iron would: nothing is counted, all is durable.
    pub fn plant(&self, name: &str, bytes: Vec<u8>) {
        let mut inner = self.lock();
        let file = inner.files.len();
        inner.files.push(File::on_disk(bytes));
        inner.names.insert(name.to_owned(), file);
        inner.durable_names.insert(name.to_owned(), file);
    }

    /// A disk with the same files, all of them durable.
    pub fn copy(&self) -> ModelDisk {
        let copy = ModelDisk::new();
        let inner = self.lock();
        for (name, file) in &inner.names {
            copy.plant(name, inner.files[*file].cache.clone());
        }
        drop(inner);
        copy
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test panics while it holds the disk")
    }

    /// Counts an act. `grows`: whether it needs room.
    fn act(&self, grows: bool) -> io::Result<(MutexGuard<'_, Inner>, Fate)> {
        let mut inner = self.lock();
        if inner.is_off {
            return Err(power_is_off());
        }
        inner.acts += 1;
        let now = inner.acts;
        let mut fate = Fate::Done;
        for mishap in &inner.mishaps {
            match *mishap {
                Mishap::PowerCut { act } if act == now => fate = Fate::PowerGoes,
                Mishap::Failure { act } if act == now => fate = Fate::Fails(io::Error::other("the disk reports an error")),
                Mishap::Full { act } if act <= now && grows => fate = Fate::Fails(io::Error::from(io::ErrorKind::StorageFull)),
                Mishap::PowerCut { .. } | Mishap::Failure { .. } | Mishap::Full { .. } => {}
            }
        }
        inner.is_off = matches!(fate, Fate::PowerGoes);
        Ok((inner, fate))
    }

    fn change_name(&self, change: impl FnOnce(&Inner) -> io::Result<NameChange>) -> io::Result<()> {
        let (mut inner, fate) = self.act(false)?;
        if let Fate::Fails(error) = fate {
            return Err(error);
        }
        let change = change(&inner)?;
        change.apply(&mut inner.names);
        inner.name_changes.push(change);
        fate.answer()
    }
}

impl Disk for ModelDisk {
    type File = usize;
    type Lock = ();

    fn folder(&self) -> String {
        "a model disk".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let inner = self.lock();
        if inner.is_off { Err(power_is_off()) } else { Ok(inner.names.keys().cloned().collect()) }
    }

    fn open(&self, name: &str) -> io::Result<usize> {
        let inner = self.lock();
        if inner.is_off {
            return Err(power_is_off());
        }
        inner.names.get(name).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn create(&self, name: &str) -> io::Result<usize> {
        if let Ok(file) = self.open(name) {
            self.truncate(&file, 0)?;
            return Ok(file);
        }
        let (mut inner, fate) = self.act(true)?;
        if let Fate::Fails(error) = fate {
            return Err(error);
        }
        let file = inner.files.len();
        inner.files.push(File::default());
        inner.names.insert(name.to_owned(), file);
        inner.name_changes.push(NameChange::Set { name: name.to_owned(), file });
        fate.answer().map(|()| file)
    }

    fn size(&self, file: &usize) -> io::Result<u64> {
        Ok(self.lock().files[*file].cache.len() as u64)
    }

    fn read_at(&self, file: &usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let inner = self.lock();
        if inner.is_off {
            return Err(power_is_off());
        }
        let rest = inner.files[*file].cache.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, file: &usize, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let grows = offset as usize + bytes.len() > self.lock().files[*file].cache.len();
        let (mut inner, fate) = self.act(grows)?;
        match &fate {
            // An error tells nothing of how far the write came: here, to the last sector that half of it reaches.
            Fate::Fails(_) => {
                let reached = (offset as usize + bytes.len() / 2) / SECTOR_BYTES * SECTOR_BYTES;
                inner.files[*file].write(offset as usize, &bytes[..reached.saturating_sub(offset as usize)]);
            }
            Fate::Done | Fate::PowerGoes => inner.files[*file].write(offset as usize, bytes),
        }
        fate.answer()
    }

    fn truncate(&self, file: &usize, size: u64) -> io::Result<()> {
        let (mut inner, fate) = self.act(false)?;
        if !matches!(fate, Fate::Fails(_)) {
            inner.files[*file].resize(size as usize);
        }
        fate.answer()
    }

    fn fdatasync(&self, file: &usize) -> io::Result<()> {
        let (mut inner, fate) = self.act(false)?;
        match &fate {
            Fate::Done => inner.files[*file].flush(),
            Fate::Fails(_) => inner.files[*file].dirty.clear(),
            Fate::PowerGoes => {}
        }
        fate.answer()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change_name(|inner| {
            let file = *inner.names.get(from).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            Ok(NameChange::Move { from: from.to_owned(), to: to.to_owned(), file })
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change_name(|inner| match inner.names.contains_key(name) {
            true => Ok(NameChange::Remove { name: name.to_owned() }),
            false => Err(io::Error::from(io::ErrorKind::NotFound)),
        })
    }

    fn fsync_folder(&self) -> io::Result<()> {
        let (mut inner, fate) = self.act(false)?;
        if matches!(fate, Fate::Done) {
            inner.durable_names = inner.names.clone();
            inner.name_changes.clear();
        }
        fate.answer()
    }

    fn lock(&self, _name: &str) -> io::Result<Option<()>> {
        Ok(Some(()))
    }
}

impl File {
    fn on_disk(bytes: Vec<u8>) -> File {
        File { cache: bytes.clone(), durable: bytes, ..File::default() }
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if bytes.is_empty() {
            return;
        }
        if end > self.cache.len() {
            self.cache.resize(end, 0);
            self.sizes.push(end);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        for sector in offset / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES) {
            let version = sector_of(&self.cache, sector);
            self.dirty.entry(sector).or_default().push(version);
        }
    }

    fn resize(&mut self, size: usize) {
        self.cache.resize(size, 0);
        self.sizes.push(size);
        // What is behind the new end is gone for the running system; on the disk the size decides.
        self.dirty.split_off(&size.div_ceil(SECTOR_BYTES));
        if !size.is_multiple_of(SECTOR_BYTES) {
            let last = size / SECTOR_BYTES;
            self.dirty.entry(last).or_default().push(sector_of(&self.cache, last));
        }
    }

    fn flush(&mut self) {
        self.durable.resize(self.cache.len(), 0);
        for (sector, mut versions) in std::mem::take(&mut self.dirty) {
            if let Some(newest) = versions.pop() {
                put_sector(&mut self.durable, sector, &newest);
            }
        }
        self.sizes.clear();
    }

    fn torn(&self, dice: &mut Dice, sectors_kept: u64, stale_bytes: bool) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let size = match dice.below(self.sizes.len() + 1) {
            0 => bytes.len(),
            version => self.sizes[version - 1],
        };
        while bytes.len() < size {
            bytes.push(if stale_bytes { dice.next() as u8 } else { 0 });
        }
        bytes.truncate(size);
        for (sector, versions) in &self.dirty {
            if dice.falls_below(sectors_kept) {
                put_sector(&mut bytes, *sector, &versions[dice.below(versions.len())]);
            }
        }
        bytes
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            NameChange::Set { name, file } => {
                names.insert(name.clone(), *file);
            }
            NameChange::Move { from, to, file } => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            NameChange::Remove { name } => {
                names.remove(name);
            }
        }
    }
}

impl Fate {
    fn answer(self) -> io::Result<()> {
        match self {
            Fate::Done => Ok(()),
            Fate::Fails(error) => Err(error),
            Fate::PowerGoes => Err(power_is_off()),
        }
    }
}

fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}

/// A sector of a file that may end within it.
fn sector_of(bytes: &[u8], sector: usize) -> Vec<u8> {
    bytes[sector * SECTOR_BYTES..bytes.len().min((sector + 1) * SECTOR_BYTES)].to_vec()
}

fn put_sector(bytes: &mut [u8], sector: usize, version: &[u8]) {
    let start = (sector * SECTOR_BYTES).min(bytes.len());
    let count = version.len().min(bytes.len() - start);
    bytes[start..start + count].copy_from_slice(&version[..count]);
}

/// SplitMix64: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// How much of something comes through this time, in quarters: nothing and everything are as likely as a part.
    fn share(&mut self) -> u64 {
        self.next() % 5
    }

    fn falls_below(&mut self, share: u64) -> bool {
        self.next() % 4 < share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUTS: std::ops::Range<u64> = 0..200;

    fn after(disk: &ModelDisk, name: &str) -> Vec<Option<Vec<u8>>> {
        let mut found: Vec<_> = CUTS.map(|seed| disk.after_power_cut(Cut { seed, stale_bytes: false }).bytes(name)).collect();
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn what_was_flushed_stays_and_the_rest_may_come_in_any_mixture() {
        let disk = ModelDisk::new();
        let file = disk.create("a").unwrap();
        disk.write_at(&file, 0, &[1; 1024]).unwrap();
        disk.fdatasync(&file).unwrap();
        assert!(after(&disk, "a").contains(&None), "the name was not flushed");
        disk.fsync_folder().unwrap();
        assert_eq!(after(&disk, "a"), [Some(vec![1; 1024])]);

        disk.write_at(&file, 0, &[2; 1024]).unwrap();
        assert_eq!(disk.bytes("a").unwrap(), [2; 1024]);
        let mixed = |first: u8, second: u8| Some([[first; 512], [second; 512]].concat());
        assert_eq!(after(&disk, "a"), [mixed(1, 1), mixed(1, 2), mixed(2, 1), mixed(2, 2)]);

        disk.rename("a", "b").unwrap();
        assert!(after(&disk, "a").contains(&None) && after(&disk, "b").contains(&None));
    }

    #[test]
    fn after_a_failed_fsync_the_page_cache_lies() {
        let disk = ModelDisk::new();
        let file = disk.create("a").unwrap();
        disk.write_at(&file, 0, &[1; 512]).unwrap();
        disk.fdatasync(&file).unwrap();
        disk.fsync_folder().unwrap();
        disk.write_at(&file, 0, &[2; 512]).unwrap();
        disk.plan(Mishap::Failure { act: disk.acts() + 1 });
        assert!(disk.fdatasync(&file).is_err());
        assert!(disk.fdatasync(&file).is_ok(), "and the second try says that all is well");
        assert_eq!(disk.bytes("a").unwrap(), [2; 512]);
        assert_eq!(after(&disk, "a"), [Some(vec![1; 512])]);
    }
}
