//! A chain of stores, its head office, and a bad line to each: requests and answers are lost, doubled, delayed, overtaken, cut and
//! flipped; head office restarts and is put back from backups; nodes lose power, lose a disk flush, restart and sell on. After the line
//! is whole again everything must be there once.

use std::path::Path;

use super::Broken;
use super::chain::{Chain, Line};
use crate::sync::side_door;

/// How long people trade, in the world's own time.
const TRADING_MS: u64 = 45 * 60_000;
/// A line that is whole again drains within this, or never.
const DRAIN_MS_MAX: u64 = 3_600_000;

/// What happened in a world, for whoever watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub records: u64,
    pub sales: i64,
    pub power_cuts: u64,
    pub disk_failures: u64,
    pub packets: u64,
    pub restores: u64,
}

pub struct World {
    chain: Chain,
    restores: u64,
}

impl World {
    /// `folder` is empty and takes head office's disk.
    pub fn new(seed: u64, stores: usize, folder: &Path) -> Result<World, Broken> {
        Ok(World { chain: Chain::new(seed, stores, folder)?, restores: 0 })
    }

    /// Lives through it. An error is a promise that was not kept.
    pub fn run(mut self) -> Result<Tally, Broken> {
        while self.chain.now_ms < TRADING_MS {
            self.life()?;
            self.chain.machines()?;
            self.chain.arrivals()?;
            let passes_ms = 50 + self.chain.dice.below(2_000);
            self.chain.pass(passes_ms);
            if self.chain.now_ms > TRADING_MS / 2 {
                self.chain.trouble = 5;
            }
        }
        self.chain.trouble = 0;
        for line in &mut self.chain.lines {
            // On a disk with which nothing goes wrong any more.
            line.store.restart(&mut self.chain.dice)?;
            line.begin();
        }
        let mut quiet = 0;
        while quiet < 40 {
            self.chain.machines()?;
            self.chain.arrivals()?;
            self.chain.pass(1_000);
            let is_drained = |line: &Line| line.uplink.acknowledged_seq() == line.store.head().seq;
            quiet = if self.chain.lines.iter().all(is_drained) { quiet + 1 } else { 0 };
            if self.chain.now_ms > TRADING_MS + DRAIN_MS_MAX {
                let slow = self.chain.lines.iter().find(|line| !is_drained(line));
                let why =
                    slow.map(|line| format!("{} of {}, {}", line.uplink.acknowledged_seq(), line.store.head().seq, line.uplink.why()));
                return Err(Broken::new("the line does not drain", &why.unwrap_or_default()));
            }
        }
        self.check()
    }

    /// The shops trade, boxes restart, head office's disk is saved and put back.
    fn life(&mut self) -> Result<(), Broken> {
        for line in &mut self.chain.lines {
            if self.chain.dice.percent(60) {
                let starts = line.store.starts();
                line.store.live(&mut self.chain.dice)?;
                if line.store.starts() != starts {
                    line.begin();
                }
                let seq = line.store.head().seq;
                if self.chain.dice.percent(20) {
                    line.side_door.handle(self.chain.now_ms, side_door::Told::Urgent { seqs: vec![seq] });
                }
            }
            if self.chain.dice.below(400) == 0 {
                line.store.restart(&mut self.chain.dice)?;
                line.begin();
            }
        }
        if self.chain.dice.percent(2) {
            self.chain.office.restart()?;
        }
        if self.chain.dice.percent(1) {
            self.chain.office.back_up()?;
        }
        if self.chain.dice.percent(1) && self.chain.office.restore()? {
            self.restores += 1;
        }
        Ok(())
    }

    fn check(mut self) -> Result<Tally, Broken> {
        self.chain.check_copies()?;
        let mut tally = Tally { packets: self.chain.packets, restores: self.restores, ..Tally::default() };
        for Line { store, .. } in &self.chain.lines {
            let (there, here) = (self.chain.office.sold(&store.id)?, store.sold());
            if there != here {
                let why = format!("head office counts {there:?} (sales, cents), the customers paid {here:?}");
                return Err(Broken::new(store.id.as_str(), &why));
            }
            tally.records += store.head().seq;
            tally.sales += here.0;
            tally.power_cuts += store.power_cuts;
            tally.disk_failures += store.failures;
        }
        Ok(tally)
    }
}
