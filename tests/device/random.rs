//! Random days at a printer: people, faults and orders in any order. Whatever happens, no job has two papers or two pulses, what is said is
//! true, and when all is mended every job comes to an end. `COUNTERFOIL_SEED=7 cargo test device::random` replays one day.

use std::collections::BTreeMap;

use counterfoil::device::sim::{Fault, Switch};
use counterfoil::device::{PrintOrder, PrinterOrder, Printout, TestKind};
use counterfoil::ids::JobId;
use counterfoil::retail::PrintProgress;

use super::bench::{Bench, is_end, job, paper, profile};

const DAYS: u64 = 150;
const ACTS_A_DAY: u32 = 60;

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.roll(n) == 0
    }
}

struct Day {
    seed: u64,
    dice: Dice,
    bench: Bench,
    /// Whether its first order asked for a pulse.
    jobs: BTreeMap<JobId, bool>,
    kicks: u32,
    told: usize,
    waiting_for_leave: Vec<JobId>,
    garbage: bool,
}

fn mark(id: JobId) -> String {
    format!("J{}-", id.0.as_u128())
}

impl Day {
    fn new(seed: u64) -> Day {
        let mut dice = Dice(seed);
        let by_id = !dice.one_in(3);
        let line_ms = [0, 3, 40][usize::try_from(dice.roll(3)).expect("small")];
        let mut bench = Bench::new(profile(if by_id { "epson-80mm" } else { "generic-80mm" }), line_ms);
        bench.releases = false;
        bench.port.set_window(usize::try_from(1 + dice.roll(300)).expect("small"));
        // A stray byte can pass for the answer to a queued question; it cannot pass for a process id.
        Day { seed, dice, bench, jobs: BTreeMap::new(), kicks: 0, told: 0, waiting_for_leave: Vec::new(), garbage: by_id }
    }

    fn act(&mut self) {
        let on = self.dice.one_in(2);
        match self.dice.roll(16) {
            0..=4 => self.order_job(),
            5 => {
                let switch = [Switch::PaperOut, Switch::PaperLow, Switch::CoverOpen, Switch::Offline, Switch::Slow]
                    [usize::try_from(self.dice.roll(5)).expect("small")];
                self.bench.port.with_engine(|engine, now| engine.set(switch, on, now));
            }
            6 => self.mend(),
            7 => {
                let lines = u32::try_from(1 + self.dice.roll(40)).expect("small");
                self.bench.port.with_engine(|engine, _| engine.set_lines_left(lines));
            }
            8 => {
                let (after, lost) = (self.dice.roll(400), self.dice.roll(60));
                self.bench.port.cut(usize::try_from(after).expect("small"), usize::try_from(lost).expect("small"));
            }
            9 => {
                let faults = [Fault::None, Fault::Mute, Fault::Nonsense, Fault::NeverReads, Fault::NoProof];
                let fault = faults[usize::try_from(self.dice.roll(5)).expect("small")];
                self.bench.port.with_engine(|engine, _| engine.misbehave(fault));
            }
            10 => {
                self.bench.port.with_engine(|engine, now| {
                    engine.power_cycle();
                    engine.set(Switch::Offline, true, now);
                });
                self.bench.run_for(1);
                self.bench.port.with_engine(|engine, now| engine.set(Switch::Offline, on, now));
            }
            11 => {
                self.bench.order(if on { PrinterOrder::Kick } else { PrinterOrder::Test(TestKind::Drawer) });
                self.kicks += 1;
            }
            12 => {
                let count = u128::try_from(self.jobs.len().max(1)).expect("small");
                let n = u128::from(self.dice.0) % count;
                self.bench.order(PrinterOrder::Drop { job: job(n) });
            }
            13 if self.garbage => {
                let bytes: Vec<u8> = (0..self.dice.roll(12)).map(|_| u8::try_from(self.dice.roll(256)).expect("a byte")).collect();
                self.bench.port.with_engine(|engine, _| engine.put_back_replies(&bytes));
            }
            _ => {}
        }
    }

    fn order_job(&mut self) {
        let id = job(u128::try_from(self.jobs.len()).expect("small"));
        let kick = self.dice.one_in(2);
        let held_before = self.dice.one_in(6);
        let lines = usize::try_from(1 + self.dice.roll(30)).expect("small");
        self.jobs.insert(id, kick && !held_before);
        self.bench.order(PrinterOrder::Print(PrintOrder {
            job: id,
            printout: Printout::Paper(paper(&mark(id), lines)),
            kick,
            held_before,
        }));
    }

    fn mend(&mut self) {
        self.bench.port.with_engine(|engine, now| {
            engine.misbehave(Fault::None);
            for switch in [Switch::PaperOut, Switch::CoverOpen, Switch::Offline, Switch::Slow] {
                engine.set(switch, false, now);
            }
        });
    }

    /// Looks at all that was said since the last look.
    fn look(&mut self) {
        while self.told < self.bench.said.len() {
            let (id, progress) = self.bench.said[self.told].clone();
            self.told += 1;
            let earlier = self.bench.said[..self.told - 1].iter().filter(|(job, _)| *job == id);
            assert!(!earlier.clone().any(|(_, progress)| is_end(progress)), "{}: {id} goes on after its end: {progress:?}", self.at());
            let papers = self.bench.count(&format!("{} line 0\n", mark(id)));
            match progress {
                PrintProgress::HeldClean { .. } => {
                    assert_eq!(papers, 0, "{}: {id} is called clean and has paper", self.at());
                    self.jobs.insert(id, false);
                }
                PrintProgress::FailedClean { .. } => assert_eq!(papers, 0, "{}: {id} is called clean and has paper", self.at()),
                PrintProgress::Resumed {} => {
                    assert_eq!(papers, 0, "{}: {id} began before it had leave", self.at());
                    self.waiting_for_leave.push(id);
                }
                PrintProgress::Printed {} => assert_eq!(papers, 1, "{}: {id} is called printed", self.at()),
                PrintProgress::Unknown { .. } => {}
                PrintProgress::Sent {} => panic!("{}: {id} is called sent by a printer that can prove", self.at()),
            }
        }
    }

    fn give_leave(&mut self) {
        for id in std::mem::take(&mut self.waiting_for_leave) {
            assert_eq!(self.bench.count(&format!("{} line 0\n", mark(id))), 0, "{}: {id} began before it had leave", self.at());
            self.bench.order(PrinterOrder::Release { job: id });
        }
    }

    fn close(&mut self) {
        self.mend();
        for _ in 0..400 {
            self.bench.run_for(3_000);
            self.look();
            self.give_leave();
        }
        for id in self.jobs.keys() {
            let story = self.bench.story(*id);
            assert_eq!(story.iter().filter(|progress| is_end(progress)).count(), 1, "{}: {id} has no end: {story:?}", self.at());
            let papers = self.bench.count(&format!("{} line 0\n", mark(*id)));
            assert!(papers <= 1, "{}: {id} has {papers} papers", self.at());
        }
        let most = u32::try_from(self.jobs.values().filter(|kick| **kick).count()).expect("small") + self.kicks;
        assert!(self.bench.pulses() <= most, "{}: {} pulses, {most} asked for", self.at(), self.bench.pulses());
    }

    fn at(&self) -> String {
        format!("COUNTERFOIL_SEED={}", self.seed)
    }
}

#[test]
fn whatever_happens_no_job_has_two_papers() {
    let replay: Option<u64> = std::env::var("COUNTERFOIL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = replay.map_or(1..DAYS + 1, |seed| seed..seed + 1);
    let mut ends = BTreeMap::new();
    for seed in seeds {
        let mut day = Day::new(seed);
        for _ in 0..ACTS_A_DAY {
            day.act();
            let ms = [1, 20, 300, 4_000, 40_000][usize::try_from(day.dice.roll(5)).expect("small")];
            day.bench.run_for(ms);
            day.look();
            if !day.dice.one_in(3) {
                day.give_leave();
            }
        }
        day.close();
        for (_, progress) in &day.bench.said {
            *ends.entry(format!("{progress:?}").split(' ').next().unwrap_or("").to_owned()).or_insert(0u32) += 1;
        }
    }
    if replay.is_none() {
        for end in ["Printed", "Unknown", "HeldClean", "Resumed", "FailedClean"] {
            assert!(ends.get(end).is_some_and(|count| *count > 20), "the days are too tame: {ends:?}");
        }
    }
}
