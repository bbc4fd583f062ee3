//! A simulated customer display of two lines of twenty characters on a pseudo terminal. It reads the commands of an ESC/POS display.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::PollFlags;

use super::Pty;
use super::line::Bell;
use crate::device::lang::display::DISPLAY_COLUMNS;

pub struct SimDisplay {
    shared: Arc<Shared>,
    path: PathBuf,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    glass: Mutex<Glass>,
    bell: Bell,
    stop: AtomicBool,
}

/// What is lit, and where the next character goes.
struct Glass {
    cells: [[u8; DISPLAY_COLUMNS]; 2],
    column: usize,
    row: usize,
    pending: Vec<u8>,
    refreshes: u64,
}

impl SimDisplay {
    /// `link`: the path the driver's configuration names, if it shall be a stable one.
    pub fn new(link: Option<&Path>) -> io::Result<SimDisplay> {
        let line = Pty::new(link)?;
        let path = line.path().to_owned();
        let glass = Glass { cells: [[b' '; DISPLAY_COLUMNS]; 2], column: 0, row: 0, pending: Vec::new(), refreshes: 0 };
        let shared = Arc::new(Shared { glass: Mutex::new(glass), bell: Bell::new()?, stop: AtomicBool::new(false) });
        let far = shared.clone();
        let thread = std::thread::Builder::new().name("sim-display".into()).spawn(move || far.run(&line))?;
        Ok(SimDisplay { shared, path, thread: Some(thread) })
    }

    /// What the driver opens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Both lines, twenty characters each.
    pub fn text(&self) -> [String; 2] {
        self.shared.glass.lock().unwrap_or_else(PoisonError::into_inner).cells.map(|row| String::from_utf8_lossy(&row).into_owned())
    }

    /// How often the cursor was sent home: once per refresh.
    pub fn refreshes(&self) -> u64 {
        self.shared.glass.lock().unwrap_or_else(PoisonError::into_inner).refreshes
    }
}

impl Drop for SimDisplay {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.bell.ring();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, line: &Pty) {
        use std::os::fd::AsFd;
        let mut bytes = [0u8; 256];
        while !self.stop.load(Ordering::Acquire) {
            self.bell.wait(&[(line.as_fd(), PollFlags::IN)], Duration::from_secs(60));
            match line.read(&mut bytes) {
                Ok(count) => self.glass.lock().unwrap_or_else(PoisonError::into_inner).take(&bytes[..count]),
                Err(_) => return,
            }
        }
    }
}

impl Glass {
    fn take(&mut self, bytes: &[u8]) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(length) = self.command(&pending[at..]) {
            at += length;
        }
        self.pending = pending.split_off(at);
    }

    /// Length of the command at the front; `None` when it is not whole.
    fn command(&mut self, rest: &[u8]) -> Option<usize> {
        match *rest.first()? {
            0x1b => match *rest.get(1)? {
                b'@' => {
                    self.clear();
                    Some(2)
                }
                _ => rest.get(2).map(|_| 3),
            },
            0x1f => match *rest.get(1)? {
                b'$' => {
                    let (x, y) = (*rest.get(2)?, *rest.get(3)?);
                    self.column = usize::from(x.clamp(1, 20)) - 1;
                    self.row = usize::from(y.clamp(1, 2)) - 1;
                    self.refreshes += u64::from(self.row == 0);
                    Some(4)
                }
                b'C' | b'X' => rest.get(2).map(|_| 3),
                _ => Some(2),
            },
            0x0c => {
                self.clear();
                Some(1)
            }
            byte @ 0x20..=0x7e => {
                self.cells[self.row][self.column] = byte;
                self.column += 1;
                if self.column == DISPLAY_COLUMNS {
                    self.column = 0;
                    self.row = 1 - self.row;
                }
                Some(1)
            }
            _ => Some(1),
        }
    }

    fn clear(&mut self) {
        self.cells = [[b' '; DISPLAY_COLUMNS]; 2];
        self.column = 0;
        self.row = 0;
    }
}
