//! How far an import is: one line on a terminal, painted a few times a second, nothing where nobody looks.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::complaint::grouped;

const REPAINT: Duration = Duration::from_millis(100);
const BAR_CHARS: u64 = 30;

/// What is being done, in the order of doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Checking,
    Storing,
    Publishing,
}

/// Told of every step.
pub type Watch<'a> = dyn FnMut(Phase, u64, u64, u64) + 'a;

pub struct ProgressBar {
    is_terminal: bool,
    painted: Option<Instant>,
}

impl ProgressBar {
    pub fn on_stderr() -> ProgressBar {
        ProgressBar { is_terminal: std::io::stderr().is_terminal(), painted: None }
    }

    /// `done` of `all` bytes, and how many rows those were.
    pub fn step(&mut self, phase: Phase, done: u64, all: u64, rows: u64) {
        if !self.is_terminal || self.painted.is_some_and(|at| at.elapsed() < REPAINT) {
            return;
        }
        self.painted = Some(Instant::now());
        let share = |of: u64| done.min(all) * of / all.max(1);
        let filled = share(BAR_CHARS) as usize;
        let bar = format!("{}{}", "#".repeat(filled), " ".repeat(BAR_CHARS as usize - filled));
        let what = match phase {
            Phase::Checking => "checking ",
            Phase::Storing => "storing  ",
            Phase::Publishing => "publishing",
        };
        // A bar that cannot be painted is no reason to stop.
        let _ = write!(std::io::stderr(), "\r{what} [{bar}] {:3} %  {} rows ", share(100), grouped(rows));
    }

    /// Takes the line away.
    pub fn end(&mut self) {
        if self.painted.take().is_some() {
            let _ = write!(std::io::stderr(), "\r{:78}\r", "");
        }
    }
}
