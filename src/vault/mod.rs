//! The vault: names, telephone numbers, e-mail addresses, and what people agreed to. Everything else in the shop knows a person by
//! reference ([`SubjectRef`]); a transaction, an order or a log never says who that is.
//!
//! * **One file**, `subjects`, of frames that are only added ([`frame`]). Each subject is sealed under a key of its own, and that key under the
//!   node's. The newest frame of a subject counts.
//! * **A write is on disk before it is answered**, so an event may refer to it. After a failed write or flush the vault takes no more writes until
//!   the process has started anew and found out what is there.
//! * **Erasing** writes a tombstone, then overwrites the subject's key wherever it stands; a start finishes what a crash cut short. The reference
//!   stays in the records, and leads nowhere for ever.
//! * **A start writes what it could read into a new file** and puts that in the old one's place: what the page cache shows after a failed flush
//!   is not what is on the disk, older versions go, and a torn tail goes with them.
//! * **Damage costs the damaged subject alone** and is named: a frame says "lost" until somebody gives the details anew.
//!
//! Limits are [`SUBJECTS_MAX`] and [`frame::BODY_BYTES_MAX`]. The bytes are in `docs/VAULT.md`.

pub mod details;
pub mod frame;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

pub use details::{BadDetails, Consent, Details, FindBy};

use crate::ids::SubjectRef;
use crate::journal::{Disk, Folder, NodeKey};
use crate::node::seal::Seal;
use frame::{Found, Frame, KEY_AT, KEY_BOX, Kind};

/// People one node keeps. Beyond it nobody new is taken in before others are erased.
pub const SUBJECTS_MAX: usize = 200_000;

const FILE: &str = "subjects";
const NEW_FILE: &str = "subjects.new";

/// What a start found that was not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("the vault is damaged at byte {at}: what it held of customer {subject} is lost; ask the customer anew")]
    Subject { at: u64, subject: SubjectRef },
    #[error("the vault is damaged at byte {at}: one customer's details are lost, and it cannot be said whose; ask anew who is not found")]
    Unnamed { at: u64 },
    /// Nobody was told that it was kept.
    #[error("the vault ended in {bytes} bytes of a write that was cut off at byte {at}; it had not been answered, and is gone")]
    TornTail { at: u64, bytes: u64 },
}

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("customer {0} is not in the vault")]
    Unknown(SubjectRef),
    #[error("customer {0} was erased")]
    Erased(SubjectRef),
    #[error("what the vault held of customer {0} is damaged: ask the customer anew")]
    Lost(SubjectRef),
    #[error("somebody else is known under that e-mail address, telephone number or card")]
    Taken(SubjectRef),
    #[error(transparent)]
    Bad(#[from] BadDetails),
    #[error("the vault holds {SUBJECTS_MAX} people, that is the limit: erase those who are not needed")]
    Full,
    #[error("the disk is full, nothing was kept: free some space")]
    DiskFull,
    #[error("the vault in {folder} was sealed under another node's key: put back the node.key it belongs to, or move the vault away")]
    OtherKey { folder: String },
    #[error("the vault takes nothing more after a failed write: start the node again")]
    Fenced,
    #[error("{file} in {folder}: {reason}; check the disk and who may write there")]
    Disk { file: &'static str, folder: String, reason: io::Error },
}

/// A handle; cheap to clone.
pub struct Vault<D: Disk = Folder> {
    inner: Arc<Mutex<Inner<D>>>,
}

impl<D: Disk> Clone for Vault<D> {
    fn clone(&self) -> Vault<D> {
        Vault { inner: self.inner.clone() }
    }
}

struct Inner<D: Disk> {
    disk: D,
    file: D::File,
    end: u64,
    seal: Seal,
    /// Makes of a spelling what stands in the index, so that no list of addresses lies in memory.
    index_key: ring::hmac::Key,
    subjects: BTreeMap<SubjectRef, Standing>,
    index: BTreeMap<[u8; 32], SubjectRef>,
    is_fenced: bool,
}

/// What became of a subject.
enum Standing {
    Kept {
        key: [u8; 32],
        key_box: [u8; KEY_BOX],
        /// All frames that hold the key; the last one counts.
        frames: Vec<u64>,
        sealed: Vec<u8>,
    },
    Erased,
    Lost,
}

impl<D: Disk> Vault<D> {
    /// Reads the vault, or makes it. What was damaged comes back by name; the rest can be used.
    pub fn open(disk: D, key: &NodeKey) -> Result<(Vault<D>, Vec<Damage>), VaultError> {
        let at = |file: &'static str| {
            let folder = disk.folder();
            move |reason| VaultError::Disk { file, folder: folder.clone(), reason }
        };
        let names = disk.list().map_err(at(FILE))?;
        let bytes = if names.iter().any(|name| name == FILE) { read(&disk).map_err(at(FILE))? } else { Vec::new() };
        let seal = Seal::under(key.derived("counterfoil vault v1"));
        // Before anything is written: what does not open today may open tomorrow with the right key.
        let (mut subjects, damage) = taken_apart(&bytes, &seal).ok_or_else(|| VaultError::OtherKey { folder: disk.folder() })?;

        let file = disk.create(NEW_FILE).map_err(at(NEW_FILE))?;
        let mut written = Vec::new();
        for (subject, standing) in &mut subjects {
            let frame = match standing {
                Standing::Kept { key_box, frames, sealed, .. } => {
                    *frames = vec![written.len() as u64];
                    Frame { kind: Kind::Sealed, subject: *subject, key: *key_box, body: sealed.clone() }
                }
                Standing::Erased => Frame::marker(Kind::Erased, *subject),
                Standing::Lost => Frame::marker(Kind::Lost, *subject),
            };
            written.extend(frame.encode());
        }
        let end = written.len() as u64;
        written.extend(frame::mark());
        disk.write_at(&file, 0, &written).map_err(at(NEW_FILE))?;
        disk.fdatasync(&file).map_err(at(NEW_FILE))?;
        disk.rename(NEW_FILE, FILE).map_err(at(FILE))?;
        disk.fsync_folder().map_err(at(FILE))?;

        let index_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key.derived("counterfoil vault index v1"));
        let mut inner = Inner { disk, file, end, seal, index_key, subjects, index: BTreeMap::new(), is_fenced: false };
        inner.index_all();
        Ok((Vault { inner: Arc::new(Mutex::new(inner)) }, damage))
    }

    /// Takes somebody in, durably, under a new reference. [`VaultError::Taken`] names who is known under one of the spellings already.
    pub fn create(&self, details: Details) -> Result<SubjectRef, VaultError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).expect("the kernel always has randomness after boot");
        let subject = SubjectRef(uuid::Builder::from_random_bytes(random).into_uuid());
        self.lock().put(subject, details.checked()?, true)?;
        Ok(subject)
    }

    /// Replaces what is known of somebody, durably; also of one whose details were lost.
    pub fn replace(&self, subject: SubjectRef, details: Details) -> Result<(), VaultError> {
        self.lock().put(subject, details.checked()?, false)
    }

    /// Takes somebody in under a reference that the caller can make again, or replaces what is known of them, durably. The same details again are
    /// no second write.
    pub fn keep(&self, subject: SubjectRef, details: Details) -> Result<(), VaultError> {
        let (details, mut inner) = (details.checked()?, self.lock());
        match inner.get(subject) {
            Ok(known) if known == details => Ok(()),
            Ok(_) | Err(_) => inner.put(subject, details, true),
        }
    }

    pub fn get(&self, subject: SubjectRef) -> Result<Details, VaultError> {
        self.lock().get(subject)
    }

    /// Who is known under exactly this spelling.
    pub fn find(&self, by: &FindBy) -> Option<SubjectRef> {
        let inner = self.lock();
        inner.index.get(&inner.hashed(by)).copied()
    }

    /// Destroys the key and leaves a tombstone; a second time is no error. `false`: nobody was ever known under the reference.
    pub fn erase(&self, subject: SubjectRef) -> Result<bool, VaultError> {
        self.lock().erase(subject)
    }

    /// People in it, without those who were erased.
    pub fn len(&self) -> usize {
        self.lock().subjects.values().filter(|standing| matches!(standing, Standing::Kept { .. })).count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Inner<D>> {
        self.inner.lock().expect("nobody panics with it")
    }
}

impl<D: Disk> Inner<D> {
    fn put(&mut self, subject: SubjectRef, details: Details, is_new: bool) -> Result<(), VaultError> {
        if let Some(other) = details.found_by().iter().filter_map(|by| self.index.get(&self.hashed(by))).find(|other| **other != subject) {
            return Err(VaultError::Taken(*other));
        }
        let (key, key_box, mut frames) = match self.subjects.get(&subject) {
            Some(Standing::Erased) => return Err(VaultError::Erased(subject)),
            Some(Standing::Kept { key, key_box, frames, .. }) => (*key, *key_box, frames.clone()),
            None if !is_new => return Err(VaultError::Unknown(subject)),
            None if self.subjects.len() >= SUBJECTS_MAX => return Err(VaultError::Full),
            Some(Standing::Lost) | None => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).expect("the kernel always has randomness after boot");
                let key_box = self.seal.seal(&key_name(subject), &key);
                (key, key_box.try_into().expect("a sealed key has the length of its box"), Vec::new())
            }
        };
        let plain = serde_json::to_vec(&details).expect("text is always JSON");
        let sealed = Seal::under(key).seal(&body_name(subject), &plain);
        let frame = Frame { kind: Kind::Sealed, subject, key: key_box, body: sealed.clone() };
        frames.push(self.end);
        self.append(&frame)?;
        self.forget(subject);
        self.subjects.insert(subject, Standing::Kept { key, key_box, frames, sealed });
        for by in details.found_by() {
            let hashed = self.hashed(&by);
            self.index.insert(hashed, subject);
        }
        Ok(())
    }

    fn get(&self, subject: SubjectRef) -> Result<Details, VaultError> {
        match self.subjects.get(&subject) {
            None => Err(VaultError::Unknown(subject)),
            Some(Standing::Erased) => Err(VaultError::Erased(subject)),
            Some(Standing::Lost) => Err(VaultError::Lost(subject)),
            Some(Standing::Kept { key, sealed, .. }) => opened(subject, key, sealed).ok_or(VaultError::Lost(subject)),
        }
    }

    fn erase(&mut self, subject: SubjectRef) -> Result<bool, VaultError> {
        let frames = match self.subjects.get(&subject) {
            None => return Ok(false),
            Some(Standing::Erased) => return Ok(true),
            Some(Standing::Lost) => Vec::new(),
            Some(Standing::Kept { frames, .. }) => frames.clone(),
        };
        self.append(&Frame::marker(Kind::Erased, subject))?;
        self.forget(subject);
        self.subjects.insert(subject, Standing::Erased);
        // The tombstone is on disk: whatever happens from here on, a start destroys the keys that are left.
        let gone = no_keys(&self.disk, &self.file, &frames);
        self.is_fenced |= gone.is_err();
        gone.map_err(|reason| VaultError::Disk { file: FILE, folder: self.disk.folder(), reason })?;
        Ok(true)
    }

    /// On disk when it returns; else as if it had not been asked, or fenced.
    fn append(&mut self, frame: &Frame) -> Result<(), VaultError> {
        if self.is_fenced {
            return Err(VaultError::Fenced);
        }
        let bytes = frame.encode();
        if let Err(reason) = self.disk.write_at(&self.file, self.end, &bytes) {
            let is_full = reason.kind() == io::ErrorKind::StorageFull;
            // What part of it was written must not be in the way of the next one.
            self.is_fenced = !is_full || self.disk.truncate(&self.file, self.end).is_err();
            return Err(if is_full { VaultError::DiskFull } else { self.failed(reason) });
        }
        if let Err(reason) = self.disk.fdatasync(&self.file) {
            self.is_fenced = true;
            return Err(self.failed(reason));
        }
        self.end += bytes.len() as u64;
        // Not waited for: without it a frame that is damaged later passes for one that was never answered.
        let _ = self.disk.write_at(&self.file, self.end, &frame::mark());
        Ok(())
    }

    fn failed(&self, reason: io::Error) -> VaultError {
        VaultError::Disk { file: FILE, folder: self.disk.folder(), reason }
    }

    fn forget(&mut self, subject: SubjectRef) {
        if let Ok(details) = self.get(subject) {
            for by in details.found_by() {
                let hashed = self.hashed(&by);
                self.index.remove(&hashed);
            }
        }
    }

    fn index_all(&mut self) {
        let known: Vec<SubjectRef> = self.subjects.keys().copied().collect();
        for subject in known {
            let Ok(details) = self.get(subject) else { continue };
            for by in details.found_by() {
                let hashed = self.hashed(&by);
                self.index.insert(hashed, subject);
            }
        }
    }

    fn hashed(&self, by: &FindBy) -> [u8; 32] {
        let tag = ring::hmac::sign(&self.index_key, by.spelled().as_bytes());
        tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

/// The newest that is known of each subject. A newer frame that is damaged makes the older one worthless: it may have taken something back.
/// `None`: whole frames, and none of them was sealed under this key.
fn taken_apart(bytes: &[u8], seal: &Seal) -> Option<(BTreeMap<SubjectRef, Standing>, Vec<Damage>)> {
    let mut subjects = BTreeMap::new();
    let (mut opened, mut closed) = (0, 0);
    let mut damage = Vec::new();
    for found in frame::scan(bytes) {
        let (at, subject, standing) = match found {
            Found::Torn { at, bytes } => {
                damage.push(Damage::TornTail { at, bytes });
                continue;
            }
            Found::Damaged { at, subject: None } => {
                damage.push(Damage::Unnamed { at });
                continue;
            }
            Found::Damaged { at, subject: Some(subject) } => (at, subject, None),
            Found::Frame { at, frame } => {
                let (subject, is_sealed) = (frame.subject, frame.kind == Kind::Sealed);
                let standing = standing(frame, at, seal);
                closed += u32::from(is_sealed && standing.is_err());
                opened += u32::from(matches!(standing, Ok(Standing::Kept { .. })));
                (at, subject, Some(standing))
            }
        };
        let is_erased = matches!(subjects.get(&subject), Some(Standing::Erased));
        match standing {
            // Nothing brings back who was erased.
            _ if is_erased => {}
            Some(Ok(standing)) => drop(subjects.insert(subject, standing)),
            Some(Err(())) | None => {
                damage.push(Damage::Subject { at, subject });
                subjects.insert(subject, Standing::Lost);
            }
        }
    }
    // What was written again or erased since has lost nothing.
    damage.retain(|damage| match damage {
        Damage::Subject { subject, .. } => matches!(subjects.get(subject), Some(Standing::Lost)),
        Damage::Unnamed { .. } | Damage::TornTail { .. } => true,
    });
    (opened > 0 || closed == 0).then_some((subjects, damage))
}

/// An error: the frame is whole and does not open.
fn standing(frame: Frame, at: u64, seal: &Seal) -> Result<Standing, ()> {
    match frame.kind {
        Kind::Erased => Ok(Standing::Erased),
        Kind::Lost => Ok(Standing::Lost),
        // The key was destroyed and the tombstone behind it did not survive.
        Kind::Sealed if frame.key == [0; KEY_BOX] => Ok(Standing::Erased),
        Kind::Sealed => {
            let key = seal.open(&key_name(frame.subject), &frame.key).ok_or(())?;
            let key: [u8; 32] = key.try_into().map_err(|_| ())?;
            opened(frame.subject, &key, &frame.body).ok_or(())?;
            Ok(Standing::Kept { key, key_box: frame.key, frames: vec![at], sealed: frame.body })
        }
    }
}

fn opened(subject: SubjectRef, key: &[u8; 32], sealed: &[u8]) -> Option<Details> {
    let plain = Seal::under(*key).open(&body_name(subject), sealed)?;
    serde_json::from_slice(&plain).ok()
}

fn no_keys<D: Disk>(disk: &D, file: &D::File, frames: &[u64]) -> io::Result<()> {
    for at in frames {
        disk.write_at(file, at + KEY_AT as u64, &frame::no_key())?;
    }
    disk.fdatasync(file)
}

fn key_name(subject: SubjectRef) -> String {
    format!("vault key {subject}")
}

fn body_name(subject: SubjectRef) -> String {
    format!("vault subject {subject}")
}

fn read<D: Disk>(disk: &D) -> io::Result<Vec<u8>> {
    let file = disk.open(FILE)?;
    let mut bytes = vec![0; usize::try_from(disk.size(&file)?).unwrap_or(usize::MAX)];
    let mut filled = 0;
    while filled < bytes.len() {
        match disk.read_at(&file, filled as u64, &mut bytes[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
