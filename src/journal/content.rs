//! Content-addressed files: what is too large for a record and is named in it by its SHA-256. A file is durable before anyone learns
//! its name, so a record never names what is not there.

use std::io;
use std::path::Path;

use super::disk::{Disk, Folder};
use super::hash::Hash;

const TEMPORARY: &str = ".tmp";

/// A folder of files named by their content.
#[derive(Debug, Clone)]
pub struct Content<D: Disk = Folder> {
    disk: D,
}

impl Content<Folder> {
    /// Opens the folder and makes it when it is not there.
    pub fn open(folder: &Path) -> io::Result<Content> {
        Folder::create(folder).map(Content::on)
    }
}

impl<D: Disk> Content<D> {
    pub fn on(disk: D) -> Content<D> {
        Content { disk }
    }

    /// Keeps `bytes` and gives their SHA-256 (64 hex digits), durable. A file that is there already and intact is not written again.
    pub fn put(&self, bytes: &[u8]) -> io::Result<String> {
        let hash = Hash::of(bytes);
        let name = hash.to_string();
        if self.get(&name).is_err() {
            let temporary = format!("{name}{TEMPORARY}");
            let file = self.disk.create(&temporary)?;
            self.disk.write_at(&file, 0, bytes)?;
            self.disk.fdatasync(&file)?;
            self.disk.rename(&temporary, &name)?;
        }
        // Also for a file that was there: its maker may have died before this.
        self.disk.fsync_folder()?;
        Ok(name)
    }

    /// The bytes whose SHA-256 is `hash`, checked.
    pub fn get(&self, hash: &str) -> Result<Vec<u8>, ContentError> {
        let unreadable = |source| ContentError::Unreadable { folder: self.disk.folder(), hash: hash.to_owned(), source };
        let wanted: Hash = hash.parse().map_err(|_| ContentError::NotAHash { text: hash.chars().take(80).collect() })?;
        let bytes = self.read(hash).map_err(unreadable)?;
        if Hash::of(&bytes) != wanted {
            return Err(ContentError::Damaged { folder: self.disk.folder(), hash: hash.to_owned() });
        }
        Ok(bytes)
    }

    /// Removes every file that `keep` does not name, and what a crash left half made.
    pub fn retain(&self, keep: impl Fn(&str) -> bool) -> io::Result<()> {
        for name in self.disk.list()? {
            let is_file_of_ours = name.strip_suffix(TEMPORARY).unwrap_or(&name).parse::<Hash>().is_ok();
            if is_file_of_ours && !keep(&name) {
                self.disk.remove(&name)?;
            }
        }
        self.disk.fsync_folder()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let file = self.disk.open(name)?;
        let size = self.disk.size(&file)?;
        let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.disk.read_at(&file, filled as u64, &mut bytes[filled..])? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                count => filled += count,
            }
        }
        Ok(bytes)
    }
}

/// Why content could not be had. The way on is an older carry-forward, or head office's copy.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("{text:?} is not a SHA-256 in 64 lower-case hex digits")]
    NotAHash { text: String },
    #[error("{hash} in {folder} cannot be read: restore the file, or start from an older carry-forward")]
    Unreadable { folder: String, hash: String, source: io::Error },
    #[error("{hash} in {folder} is damaged: restore the file, or start from an older carry-forward")]
    Damaged { folder: String, hash: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_what_its_name_says_or_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let content = Content::open(&folder.path().join("content")).unwrap();
        let hash = content.put(b"open transactions").unwrap();
        assert_eq!(content.get(&hash).unwrap(), b"open transactions");
        assert_eq!(content.put(b"open transactions").unwrap(), hash);

        let path = folder.path().join("content").join(&hash);
        std::fs::write(&path, b"open transactionz").unwrap();
        assert!(matches!(content.get(&hash), Err(ContentError::Damaged { .. })));
        content.put(b"open transactions").unwrap();
        assert_eq!(content.get(&hash).unwrap(), b"open transactions");

        assert!(matches!(content.get("../node.key"), Err(ContentError::NotAHash { .. })));
        let other = content.put(b"tills").unwrap();
        std::fs::write(folder.path().join("content").join(format!("{hash}.tmp")), b"half").unwrap();
        content.retain(|name| name == other).unwrap();
        assert!(matches!(content.get(&hash), Err(ContentError::Unreadable { .. })));
        assert_eq!(content.get(&other).unwrap(), b"tills");
        assert_eq!(std::fs::read_dir(folder.path().join("content")).unwrap().count(), 1);
    }
}
