//! What the journal asks of a disk, and the real one. The other implementation is [`super::model_disk`], which forgets, reorders
//! and tears whatever was not flushed. Names are plain file names inside one folder; nothing here knows what a record is.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{self, AtFlags, Dir, FlockOperation, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

/// One folder of files. A promise about durability is made by [`Disk::fdatasync`] (a file's bytes and size) and by
/// [`Disk::fsync_folder`] (which names exist and what they stand for), and by nothing else.
pub trait Disk: Clone + Send + Sync + 'static {
    type File: Send;
    /// Held as long as the value lives.
    type Lock: Send;

    /// For messages.
    fn folder(&self) -> String;
    fn list(&self) -> io::Result<Vec<String>>;
    fn open(&self, name: &str) -> io::Result<Self::File>;
    /// A new empty file; one that has the name already is emptied.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    fn size(&self, file: &Self::File) -> io::Result<u64>;
    /// Up to `buffer.len()` bytes; 0 only at the end of the file.
    fn read_at(&self, file: &Self::File, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// All of `bytes`, or an error after which any part of them may have been written.
    fn write_at(&self, file: &Self::File, offset: u64, bytes: &[u8]) -> io::Result<()>;
    fn truncate(&self, file: &Self::File, size: u64) -> io::Result<()>;
    fn fdatasync(&self, file: &Self::File) -> io::Result<()>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    fn fsync_folder(&self) -> io::Result<()>;
    /// `None` when someone else holds it.
    fn lock(&self, name: &str) -> io::Result<Option<Self::Lock>>;
}

/// A folder of the machine's file system.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    directory: Arc<OwnedFd>,
    writable: bool,
}

impl Folder {
    /// Opens the folder for the one process that writes it, and makes it (mode 0700, its name fsynced) when it is not there.
    pub fn create(path: &Path) -> io::Result<Folder> {
        match fs::mkdir(path, Mode::RWXU) {
            Ok(()) => {
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
                fs::fsync(fs::open(parent, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)?;
            }
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        Folder::open(path, true)
    }

    /// Opens the folder for reading only; every write is refused.
    pub fn read_only(path: &Path) -> io::Result<Folder> {
        Folder::open(path, false)
    }

    fn open(path: &Path, writable: bool) -> io::Result<Folder> {
        let directory = fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Folder { path: path.to_owned(), directory: Arc::new(directory), writable })
    }

    fn check_writable(&self) -> io::Result<()> {
        if self.writable { Ok(()) } else { Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem)) }
    }
}

impl Disk for Folder {
    type File = OwnedFd;
    type Lock = OwnedFd;

    fn folder(&self) -> String {
        self.path.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&*self.directory)? {
            // A name that is not UTF-8 is none of ours.
            if let Ok(name) = entry?.file_name().to_str()
                && !matches!(name, "." | "..")
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<OwnedFd> {
        let access = if self.writable { OFlags::RDWR } else { OFlags::RDONLY };
        Ok(fs::openat(&*self.directory, name, access | OFlags::CLOEXEC, Mode::empty())?)
    }

    fn create(&self, name: &str) -> io::Result<OwnedFd> {
        self.check_writable()?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        Ok(fs::openat(&*self.directory, name, flags, Mode::RUSR | Mode::WUSR)?)
    }

    fn size(&self, file: &OwnedFd) -> io::Result<u64> {
        Ok(u64::try_from(fs::fstat(file)?.st_size).unwrap_or(0))
    }

    fn read_at(&self, file: &OwnedFd, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(retry_on_intr(|| rustix::io::pread(file, &mut *buffer, offset))?)
    }

    fn write_at(&self, file: &OwnedFd, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match retry_on_intr(|| rustix::io::pwrite(file, bytes, offset))? {
                0 => return Err(io::Error::from(io::ErrorKind::WriteZero)),
                written => {
                    bytes = &bytes[written..];
                    offset += written as u64;
                }
            }
        }
        Ok(())
    }

    fn truncate(&self, file: &OwnedFd, size: u64) -> io::Result<()> {
        self.check_writable()?;
        Ok(retry_on_intr(|| fs::ftruncate(file, size))?)
    }

    // Not retried on EINTR either: whatever an fsync says but "done" is an answer to stop at.
    fn fdatasync(&self, file: &OwnedFd) -> io::Result<()> {
        Ok(fs::fdatasync(file)?)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.check_writable()?;
        Ok(fs::renameat(&*self.directory, from, &*self.directory, to)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.check_writable()?;
        Ok(fs::unlinkat(&*self.directory, name, AtFlags::empty())?)
    }

    fn fsync_folder(&self) -> io::Result<()> {
        Ok(fs::fsync(&*self.directory)?)
    }

    fn lock(&self, name: &str) -> io::Result<Option<OwnedFd>> {
        self.check_writable()?;
        let file = fs::openat(&*self.directory, name, OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR)?;
        match fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the error says that there is no room, rather than that the disk is broken.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
