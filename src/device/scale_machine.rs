//! The conversation with a checkout scale, without I/O: what is asked when, what an answer means for whoever waits for a weight, and when the
//! scale counts as gone. Asked often only while somebody weighs; else now and then, so that its state is known before it is needed.

use std::collections::VecDeque;

use super::lang::scale::{self, Heard};
use super::{DeviceState, ScaleReading};

/// Between an answer and the next question. The scale wants 200 ms at least.
const ASK_EVERY_MS: u64 = 300;
/// Until a load that was taken has left the scale, at least once.
const WATCH_EVERY_MS: u64 = 500;
/// While nobody weighs.
const LOOK_EVERY_MS: u64 = 10_000;
/// An answer comes within some 50 ms.
const ANSWER_WITHIN_MS: u64 = 700;
/// Questions without an answer, or with one that cannot be read, after which the scale is gone.
const MISSES_MAX: u32 = 3;
/// A weight that has not settled by then will not: something touches it.
const SETTLES_WITHIN_MS: u64 = 10_000;
/// Goods that lie still may show another last step; more is another load.
const SAME_LOAD_GRAMS: i64 = 10;

/// An article that waits for its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Each has its own, so that one is known from the next.
    pub serial: u64,
    /// The cashier says that what was sold last is to be weighed once more: its line was wrong.
    pub again: bool,
}

#[derive(Debug, Default)]
pub struct ScaleMachine {
    open: bool,
    wanted: Option<Wanted>,
    pending: Vec<u8>,
    to_write: Vec<u8>,
    asked_ms: Option<u64>,
    next_ms: u64,
    unanswered: u32,
    garbled: u32,
    moving_since_ms: Option<u64>,
    /// What was sold last and has not left the scale since.
    taken: Option<i64>,
    last: Option<ScaleReading>,
    out: VecDeque<ScaleReading>,
    state: Health,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Health {
    #[default]
    Starting,
    Well,
    Silent,
    Garbled,
    Pounds,
}

impl ScaleMachine {
    pub fn opened(&mut self, now_ms: u64) {
        self.forget();
        self.open = true;
        self.next_ms = now_ms;
    }

    /// The port is gone, and why is said by whoever holds it.
    pub fn lost(&mut self) {
        self.forget();
        self.open = false;
        self.state = Health::Starting;
        self.tell(ScaleReading::NoAnswer);
    }

    fn forget(&mut self) {
        self.pending.clear();
        self.to_write.clear();
        self.asked_ms = None;
        self.moving_since_ms = None;
        (self.unanswered, self.garbled) = (0, 0);
    }

    /// The article that waits for a weight; `None`: none does any more. On repeat: nothing changes.
    pub fn want(&mut self, wanted: Option<Wanted>, now_ms: u64) {
        if self.wanted == wanted {
            return;
        }
        // Whoever stops waiting at a stable weight has used it.
        if let Some(ScaleReading::Stable { grams }) = self.last {
            self.taken = Some(grams);
        }
        if wanted.is_some_and(|wanted| wanted.again) {
            self.taken = None;
        }
        self.last = None;
        self.wanted = wanted;
        self.next_ms = self.next_ms.min(now_ms + if wanted.is_some() { 0 } else { self.every_ms() });
        if wanted.is_some() {
            self.moving_since_ms = None;
            if !self.open || self.state == Health::Silent {
                self.say(ScaleReading::NoAnswer);
            }
        }
    }

    pub fn tick(&mut self, now_ms: u64) {
        if !self.open {
            return;
        }
        if self.asked_ms.is_some_and(|asked_ms| now_ms >= asked_ms + ANSWER_WITHIN_MS) {
            self.asked_ms = None;
            self.pending.clear();
            self.unanswered += 1;
            self.next_ms = now_ms;
            if self.unanswered >= MISSES_MAX {
                self.fail(if self.garbled > 0 { Health::Garbled } else { Health::Silent }, now_ms);
            }
        }
        if self.asked_ms.is_none() && now_ms >= self.next_ms {
            self.to_write = scale::ASK_WEIGHT.to_vec();
            self.asked_ms = Some(now_ms);
        }
    }

    pub fn received(&mut self, bytes: &[u8], now_ms: u64) {
        self.pending.extend_from_slice(bytes);
        while let Some(heard) = scale::take_answer(&mut self.pending) {
            self.heard(heard, now_ms);
        }
    }

    fn heard(&mut self, heard: Heard, now_ms: u64) {
        if heard == Heard::Garbled {
            self.garbled += 1;
            if self.garbled >= MISSES_MAX {
                self.fail(Health::Garbled, now_ms);
            }
            return;
        }
        self.asked_ms = None;
        (self.unanswered, self.garbled) = (0, 0);
        if heard == Heard::Pounds {
            return self.fail(Health::Pounds, now_ms);
        }
        self.state = Health::Well;
        let reading = self.reading(heard, now_ms);
        self.tell(reading);
        self.next_ms = now_ms + self.every_ms();
    }

    fn reading(&mut self, heard: Heard, now_ms: u64) -> ScaleReading {
        if heard != Heard::Moving {
            self.moving_since_ms = None;
        }
        match heard {
            Heard::Grams { grams, own_tare: false } if grams > 0 => {
                self.taken = self.taken.filter(|taken| (taken - grams).abs() <= SAME_LOAD_GRAMS);
                if self.taken.is_some() { ScaleReading::SameLoad } else { ScaleReading::Stable { grams } }
            }
            Heard::Grams { grams, own_tare: true } if grams > 0 => ScaleReading::OwnTare,
            Heard::Moving => {
                self.taken = None;
                let since_ms = *self.moving_since_ms.get_or_insert(now_ms);
                if now_ms >= since_ms + SETTLES_WITHIN_MS { ScaleReading::Unsettled } else { ScaleReading::Moving }
            }
            Heard::Grams { .. } | Heard::Zero => {
                self.taken = None;
                ScaleReading::Empty
            }
            Heard::UnderZero | Heard::ZeroLost => {
                self.taken = None;
                ScaleReading::UnderZero
            }
            Heard::OverCapacity => {
                self.taken = None;
                ScaleReading::OverCapacity
            }
            Heard::Pounds | Heard::Garbled => ScaleReading::NoAnswer,
        }
    }

    fn fail(&mut self, why: Health, now_ms: u64) {
        self.state = why;
        self.moving_since_ms = None;
        self.tell(ScaleReading::NoAnswer);
        self.next_ms = now_ms + ASK_EVERY_MS;
    }

    fn every_ms(&self) -> u64 {
        match (self.wanted, self.taken) {
            (Some(_), _) => ASK_EVERY_MS,
            (None, Some(_)) => WATCH_EVERY_MS,
            (None, None) => LOOK_EVERY_MS,
        }
    }

    fn tell(&mut self, reading: ScaleReading) {
        if self.wanted.is_some() {
            self.say(reading);
        }
    }

    /// Only what is news.
    fn say(&mut self, reading: ScaleReading) {
        if self.last != Some(reading) {
            self.last = Some(reading);
            self.out.push_back(reading);
        }
    }

    pub fn to_write(&self) -> &[u8] {
        &self.to_write
    }
    pub fn wrote(&mut self, count: usize) {
        self.to_write.drain(..count);
    }

    /// What the waiting till should know next.
    pub fn poll(&mut self) -> Option<ScaleReading> {
        self.out.pop_front()
    }

    /// When it wants to be ticked again.
    pub fn deadline_ms(&self) -> u64 {
        self.asked_ms.map_or(self.next_ms, |asked_ms| asked_ms + ANSWER_WITHIN_MS)
    }

    /// Of an open port.
    pub fn state(&self) -> (DeviceState, &'static str) {
        let attention = |cause: &str| DeviceState::Attention { cause: cause.to_owned() };
        match self.state {
            Health::Starting => (DeviceState::Starting, ""),
            Health::Well => (DeviceState::Ready, ""),
            Health::Silent => (
                attention("offline"),
                "The scale does not answer: check that it is switched on, its cable, and that it is set to protocol 8217.",
            ),
            Health::Garbled => (
                attention("garbled"),
                "The scale's answers cannot be read: set it to protocol 8217 at 9600 baud, 7 data bits, even parity, or set `baud` to what it has.",
            ),
            Health::Pounds => {
                (DeviceState::Fault { cause: "pounds".to_owned() }, "The scale weighs in pounds: set it to kilograms with three decimals.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scale that answers each question at once with what `answers` says, `None`: not at all.
    struct Bench {
        machine: ScaleMachine,
        now_ms: u64,
        weighings: u64,
    }

    impl Bench {
        fn new() -> Bench {
            let mut machine = ScaleMachine::default();
            machine.opened(0);
            Bench { machine, now_ms: 0, weighings: 0 }
        }

        fn run(&mut self, for_ms: u64, answer: impl Fn() -> Option<Vec<u8>>) -> Vec<ScaleReading> {
            let until_ms = self.now_ms + for_ms;
            while self.now_ms < until_ms {
                self.machine.tick(self.now_ms);
                let asked = !self.machine.to_write().is_empty();
                if asked {
                    let count = self.machine.to_write().len();
                    self.machine.wrote(count);
                    if let Some(bytes) = answer() {
                        self.machine.received(&bytes, self.now_ms);
                    }
                }
                self.now_ms += 50;
            }
            std::iter::from_fn(|| self.machine.poll()).collect()
        }

        fn want(&mut self, wanted: bool) {
            self.weighings += 1;
            let wanted = wanted.then_some(Wanted { serial: self.weighings, again: false });
            self.machine.want(wanted, self.now_ms);
        }
    }

    fn weight(grams: i64) -> impl Fn() -> Option<Vec<u8>> {
        move || Some(scale::weight_answer(grams))
    }
    fn status(heard: Heard) -> impl Fn() -> Option<Vec<u8>> {
        move || Some(scale::status_answer(heard))
    }

    #[test]
    fn a_weight_is_told_once_it_stands_still_and_a_load_is_taken_once() {
        let mut bench = Bench::new();
        assert_eq!(bench.run(1_000, weight(350)), [], "nobody waits");
        bench.want(true);
        assert_eq!(bench.run(1_000, weight(0)), [ScaleReading::Empty]);
        assert_eq!(bench.run(1_000, status(Heard::Moving)), [ScaleReading::Moving]);
        assert_eq!(bench.run(1_000, weight(350)), [ScaleReading::Stable { grams: 350 }]);
        bench.want(false);
        bench.run(1_000, weight(350));
        // The goods of the last line are still there when the next article is keyed.
        bench.want(true);
        assert_eq!(bench.run(1_000, weight(355)), [ScaleReading::SameLoad]);
        bench.machine.want(Some(Wanted { serial: 99, again: true }), bench.now_ms);
        assert_eq!(bench.run(1_000, weight(355)), [ScaleReading::Stable { grams: 355 }], "the cashier had keyed the wrong article");
        bench.want(true);
        assert_eq!(bench.run(1_000, weight(350)), [ScaleReading::SameLoad]);
        assert_eq!(bench.run(1_000, weight(0)), [ScaleReading::Empty]);
        assert_eq!(bench.run(1_000, weight(350)), [ScaleReading::Stable { grams: 350 }], "put on again");
        bench.want(false);
        // Taken off and replaced while nobody waits.
        bench.run(1_000, weight(0));
        bench.want(true);
        assert_eq!(bench.run(1_000, weight(350)), [ScaleReading::Stable { grams: 350 }]);
        bench.want(false);
        bench.want(true);
        assert_eq!(bench.run(1_000, weight(900)), [ScaleReading::Stable { grams: 900 }], "another load");
    }

    #[test]
    fn every_state_without_a_weight_is_told() {
        let mut bench = Bench::new();
        bench.want(true);
        assert_eq!(bench.run(500, status(Heard::OverCapacity)), [ScaleReading::OverCapacity]);
        assert_eq!(bench.run(500, status(Heard::UnderZero)), [ScaleReading::UnderZero]);
        assert_eq!(bench.run(500, status(Heard::ZeroLost)), []);
        assert_eq!(bench.run(500, status(Heard::Zero)), [ScaleReading::Empty]);
        assert_eq!(bench.run(500, || Some(b"\x0200.350N\r".to_vec())), [ScaleReading::OwnTare]);
        assert_eq!(bench.machine.state().0, DeviceState::Ready);
    }

    #[test]
    fn unstable_for_ever_is_said() {
        let mut bench = Bench::new();
        bench.want(true);
        assert_eq!(bench.run(9_000, status(Heard::Moving)), [ScaleReading::Moving]);
        assert_eq!(bench.run(3_000, status(Heard::Moving)), [ScaleReading::Unsettled]);
        assert_eq!(bench.run(1_000, weight(500)), [ScaleReading::Stable { grams: 500 }]);
    }

    #[test]
    fn silence_and_garbage_are_told_apart_and_both_end() {
        let mut bench = Bench::new();
        bench.want(true);
        bench.run(1_000, weight(0));
        assert_eq!(bench.run(1_500, || None), [], "one missing answer is none");
        assert_eq!(bench.run(2_000, || None), [ScaleReading::NoAnswer]);
        assert_eq!(bench.machine.state().0, DeviceState::Attention { cause: "offline".into() });
        assert_eq!(bench.run(2_000, weight(200)), [ScaleReading::Stable { grams: 200 }]);
        assert_eq!(bench.machine.state().0, DeviceState::Ready);
        assert_eq!(bench.run(4_000, || Some(b"\x7f\x00zz\r".to_vec())), [ScaleReading::NoAnswer]);
        assert_eq!(bench.machine.state().0, DeviceState::Attention { cause: "garbled".into() });
        assert_eq!(bench.run(2_000, || Some(b"\x02000.77\r".to_vec())), []);
        assert_eq!(bench.machine.state().0, DeviceState::Fault { cause: "pounds".into() });
        assert_eq!(bench.run(2_000, weight(0)), [ScaleReading::Empty]);
    }

    #[test]
    fn a_scale_that_is_gone_is_said_at_once_to_who_begins_to_wait() {
        let mut bench = Bench::new();
        bench.machine.lost();
        bench.want(true);
        assert_eq!(bench.run(1_000, || None), [ScaleReading::NoAnswer]);
        bench.machine.opened(bench.now_ms);
        assert_eq!(bench.run(1_000, weight(120)), [ScaleReading::Stable { grams: 120 }]);
        bench.machine.lost();
        assert_eq!(bench.run(100, || None), [ScaleReading::NoAnswer]);
    }
}
