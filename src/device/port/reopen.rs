//! When to try a port again that could not be opened or was lost.

/// A printer that is off for the night is asked twice a minute.
pub const PRINTER_STEPS_MS: &[u64] = &[1_000, 2_000, 5_000, 10_000, 30_000];
/// A scanner that is plugged in again should work before the cashier has put it down.
pub const SCANNER_STEPS_MS: &[u64] = &[250, 500, 1_000, 2_000];

/// Counts failures; each waits for the next step, the last step repeats.
#[derive(Debug, Clone)]
pub struct Reopen {
    steps_ms: &'static [u64],
    failures: usize,
    next_ms: u64,
}

impl Reopen {
    /// The first try is due at once.
    pub fn new(steps_ms: &'static [u64]) -> Reopen {
        Reopen { steps_ms, failures: 0, next_ms: 0 }
    }
    pub fn due_ms(&self) -> u64 {
        self.next_ms
    }
    pub fn failed(&mut self, now_ms: u64) {
        let step = self.steps_ms[self.failures.min(self.steps_ms.len() - 1)];
        self.failures += 1;
        self.next_ms = now_ms + step;
    }
    /// It works: the next failure starts from the first step.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.next_ms = 0;
    }
}
