//! A pseudo terminal as a device's line: the driver opens one end by a path, as it would a serial port; we hold the other.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// A line whose driver does not read for this long is broken.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

/// Dropping it unplugs the device: the driver's end hangs up and its path is gone.
pub struct Pty {
    master: OwnedFd,
    /// Kept so that the line stays raw, and there, while no driver has it open.
    _slave: OwnedFd,
    path: PathBuf,
    /// A stable name for it, as udev would make one.
    link: Option<PathBuf>,
}

impl Pty {
    /// `link`: where a symbolic link to it shall stand; an old one is replaced.
    pub fn new(link: Option<&Path>) -> io::Result<Pty> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?.into_string().map_err(|error| io::Error::other(error.to_string()))?;
        let slave = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let mut modes = tcgetattr(&slave)?;
        modes.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &modes)?;
        fcntl_setfl(&master, fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
        if let Some(link) = link {
            match std::fs::remove_file(link) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => std::os::unix::fs::symlink(&name, link)?,
            }
        }
        Ok(Pty { master, _slave: slave, path: name.into(), link: link.map(Path::to_owned) })
    }

    /// What the driver opens.
    pub fn path(&self) -> &Path {
        self.link.as_deref().unwrap_or(&self.path)
    }

    /// Writes all of it, or says that nobody reads.
    pub fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        let give_up = Instant::now() + WRITE_PATIENCE;
        while !bytes.is_empty() {
            match rustix::io::write(&self.master, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(Errno::AGAIN | Errno::INTR) if Instant::now() < give_up => {
                    let mut fds = [PollFd::new(&self.master, PollFlags::OUT)];
                    let _ = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 100_000_000 }));
                }
                Err(Errno::AGAIN) => return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads the simulated line")),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// What is there now; 0 when nothing.
    pub fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        match rustix::io::read(&self.master, into) {
            Ok(count) => Ok(count),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Pty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            let _ = std::fs::remove_file(link);
        }
    }
}

/// Ends a simulator's wait.
#[derive(Debug)]
pub(super) struct Bell(OwnedFd);

impl Bell {
    pub fn new() -> io::Result<Bell> {
        Ok(Bell(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }
    pub fn ring(&self) {
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
    /// Waits until it rings, until one of the others has what it wants, or until the time is over.
    pub fn wait(&self, others: &[(BorrowedFd<'_>, PollFlags)], timeout: Duration) {
        let timeout = Timespec { tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: i64::from(timeout.subsec_nanos()) };
        let mut fds = vec![PollFd::new(&self.0, PollFlags::IN)];
        fds.extend(others.iter().map(|(fd, wanted)| PollFd::from_borrowed_fd(*fd, *wanted)));
        let _ = poll(&mut fds, Some(&timeout));
        let _ = rustix::io::read(&self.0, &mut [0u8; 8]);
    }
}
