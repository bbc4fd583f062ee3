//! A simulated checkout scale on a pseudo terminal. It answers as one with the 8217 protocol would: goods are put on it, it settles, and it can be
//! made to shake, to fall silent or to talk nonsense.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::Pty;
use super::line::Bell;
use crate::device::lang::scale::{Heard, status_answer, weight_answer};

/// As a scale of its kind can bear, in grams.
const CAPACITY_G: i64 = 15_000;

/// Unplugged when dropped.
pub struct SimScale {
    shared: Arc<Shared>,
    path: PathBuf,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    pan: Mutex<Pan>,
    /// How long a new load swings.
    settles_in: Duration,
    bell: Bell,
    stop: AtomicBool,
}

struct Pan {
    now: ScaleSnapshot,
    swings_until: Instant,
}

/// What is on it and what is the matter with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScaleSnapshot {
    /// Grows with every change.
    pub revision: u64,
    /// Negative: it was set to zero with something on it.
    pub grams: i64,
    /// Somebody leans on it.
    pub shaken: bool,
    pub silent: bool,
    pub garbled: bool,
    /// Questions it was asked.
    pub asked: u64,
}

impl SimScale {
    /// `link`: the path the driver's configuration names, if it shall be a stable one.
    pub fn new(link: Option<&Path>, settles_in: Duration) -> io::Result<SimScale> {
        let line = Pty::new(link)?;
        let path = line.path().to_owned();
        let pan = Mutex::new(Pan { now: ScaleSnapshot::default(), swings_until: Instant::now() });
        let shared = Arc::new(Shared { pan, settles_in, bell: Bell::new()?, stop: AtomicBool::new(false) });
        let far = shared.clone();
        let thread = std::thread::Builder::new().name("sim-scale".into()).spawn(move || far.run(&line))?;
        Ok(SimScale { shared, path, thread: Some(thread) })
    }

    /// What the driver opens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was on it is taken off first.
    pub fn put(&self, grams: i64) {
        let settles_in = self.shared.settles_in;
        self.change(|pan| {
            pan.now.grams = grams;
            pan.swings_until = Instant::now() + settles_in;
        });
    }
    pub fn shake(&self, on: bool) {
        self.change(|pan| pan.now.shaken = on);
    }
    pub fn set_silent(&self, on: bool) {
        self.change(|pan| pan.now.silent = on);
    }
    pub fn set_garbled(&self, on: bool) {
        self.change(|pan| pan.now.garbled = on);
    }

    pub fn snapshot(&self) -> ScaleSnapshot {
        self.shared.lock().now
    }

    fn change(&self, change: impl FnOnce(&mut Pan)) {
        let mut pan = self.shared.lock();
        change(&mut pan);
        pan.now.revision += 1;
    }
}

impl Drop for SimScale {
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
        let mut bytes = [0u8; 64];
        while !self.stop.load(Ordering::Acquire) {
            self.bell.wait(&[(line.as_fd(), PollFlags::IN)], Duration::from_secs(60));
            let Ok(count) = line.read(&mut bytes) else { return };
            for byte in &bytes[..count] {
                let answer = if *byte == b'W' { self.answer() } else { status_answer(Heard::Garbled) };
                if line.write_all(&answer).is_err() {
                    return;
                }
            }
        }
    }

    fn answer(&self) -> Vec<u8> {
        let mut pan = self.lock();
        pan.now.asked += 1;
        match pan.now {
            now if now.silent => Vec::new(),
            now if now.garbled => b"\x7f\x15#\r".to_vec(),
            now if now.shaken => status_answer(Heard::Moving),
            now if now.grams > CAPACITY_G => status_answer(Heard::OverCapacity),
            now if now.grams < 0 => status_answer(Heard::UnderZero),
            _ if Instant::now() < pan.swings_until => status_answer(Heard::Moving),
            now => weight_answer(now.grams),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pan> {
        self.pan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
