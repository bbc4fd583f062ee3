//! The life of print jobs at one label printer: a machine without I/O, with the promise of receipts' ([`super::print_job`]): never two unmarked
//! labels of one job.
//!
//! ```text
//! queued ─► preflight ─► sending ─► awaiting proof ─► Printed   (it counts one label more and has nothing left to do)
//!              │  ▲          │             ├────────► Sent      (it does not count; it has nothing left to do)
//!              ▼  │          │             └────────► Unknown   (link lost, or no proof in time)
//!            held ─► leave asked ─► given             Unknown   (a byte was taken and the link broke)
//! ```
//!
//! * One job is one label: what is not on paper of an order's labels is known one by one.
//! * Preflight waits until the printer has nothing to do, so that the next label it counts is ours.
//! * A printer without labels, with an open head or paused keeps what it has and goes on when it is helped: the time for the proof counts from
//!   then.
//! * Zebra printers do not answer `~HS` while they need help; `~HQES` says why. Silence on both is a printer that is gone.

use std::collections::VecDeque;
use std::sync::Arc;

use super::job_machine::JobMachine;
use super::lang::escpos::GlyphSource;
use super::lang::zpl::{LabelProfile, LabelReplyParser, LabelStatus, LabelTrouble, StatusKind, encode};
use super::port::{Close, PortError, Reopen, reopen};
use super::print_job::{JOBS_WAITING_MAX, Output, View};
use super::reporter::Sensors;
use super::{DeviceState, Paper, PrintOrder, PrinterOrder, Printout, TestKind};
use crate::document::label::BagLabel;
use crate::ids::JobId;
use crate::retail::PrintProgress;

/// How long what may take. Tests use their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelTimings {
    /// A printer that is there answers within this.
    pub answer_ms: u64,
    /// Without a byte taken for this long the printer hangs.
    pub stall_ms: u64,
    /// A label is proved within this, counted from when nothing stood in its way.
    pub proof_ms: u64,
    /// Between questions while a label is awaited.
    pub await_ms: u64,
    /// Between questions while a job waits for the printer.
    pub poll_ms: u64,
    pub heartbeat_ms: u64,
}

impl Default for LabelTimings {
    fn default() -> LabelTimings {
        LabelTimings { answer_ms: 2_500, stall_ms: 5_000, proof_ms: 20_000, await_ms: 300, poll_ms: 1_000, heartbeat_ms: 10_000 }
    }
}

/// Rounds of questions without any answer that make a printer count as gone.
const MISSED_MAX: u32 = 2;

/// `~JX`: a format that has begun and is not whole is dropped.
const DROP_PARTIAL: &[u8] = b"~JX\r\n";

pub struct LabelMachine {
    profile: LabelProfile,
    font: Option<Arc<dyn GlyphSource>>,
    timings: LabelTimings,
    link: Link,
    /// The printer may stand in the middle of a format of ours.
    torn: bool,
    reopen: Reopen,
    parser: LabelReplyParser,
    status: LabelStatus,
    /// Of the newest round that is over.
    known: LabelStatus,
    known_round: u64,
    questions: Questions,
    outbox: Vec<u8>,
    taken: usize,
    moved_ms: u64,
    queue: VecDeque<Work>,
    current: Option<Current>,
    out: VecDeque<Output>,
    stopping: bool,
}

enum Link {
    Down { state: DeviceState, cause: String, hint: String },
    Opening,
    Up,
}

#[derive(Default)]
struct Questions {
    /// Which round of this connection it is.
    round: u64,
    open: bool,
    asked_ms: u64,
    next_ms: u64,
    missed: u32,
}

enum Work {
    Job(Job),
    /// A test label. Nobody waits for its proof, and it is dropped when it cannot be printed now.
    Test,
}

struct Job {
    id: JobId,
    label: Arc<BagLabel>,
    leave: Leave,
}

/// Whether the first byte may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    NotNeeded,
    Needed,
    Asked,
    Given,
}

struct Current {
    work: Work,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `asked`: the round of questions that decides is on its way.
    Preflight {
        asked: bool,
    },
    Held,
    LeaveAsked,
    Sending {
        counted: Option<u64>,
    },
    /// `counted`: labels that the printer had printed before ours. `after`: answers of later rounds than this one count.
    Awaiting {
        counted: Option<u64>,
        after: u64,
        until_ms: u64,
    },
}

impl LabelMachine {
    pub fn new(profile: LabelProfile, font: Option<Arc<dyn GlyphSource>>, timings: LabelTimings) -> LabelMachine {
        LabelMachine {
            profile,
            font,
            timings,
            link: Link::Down { state: DeviceState::Starting, cause: "offline".into(), hint: String::new() },
            torn: true,
            reopen: Reopen::new(reopen::PRINTER_STEPS_MS),
            parser: LabelReplyParser::default(),
            status: LabelStatus::default(),
            known: LabelStatus::default(),
            known_round: 0,
            questions: Questions::default(),
            outbox: Vec::new(),
            taken: 0,
            moved_ms: 0,
            queue: VecDeque::new(),
            current: None,
            out: VecDeque::new(),
            stopping: false,
        }
    }

    fn print(&mut self, order: PrintOrder, now_ms: u64) {
        let is = |work: &Work| matches!(work, Work::Job(job) if job.id == order.job);
        if self.current.as_ref().is_some_and(|current| is(&current.work)) || self.queue.iter().any(is) {
            return;
        }
        let label = match order.printout {
            Printout::Label(label) if self.queue.len() < JOBS_WAITING_MAX => label,
            Printout::Label(_) => return self.report(order.job, PrintProgress::FailedClean { cause: "queue_full".into() }),
            Printout::Paper(_) => return self.report(order.job, PrintProgress::FailedClean { cause: "wrong_printer".into() }),
        };
        let leave = if order.held_before { Leave::Needed } else { Leave::NotNeeded };
        self.queue.push_back(Work::Job(Job { id: order.job, label, leave }));
        self.advance(now_ms);
    }

    fn release(&mut self, id: JobId, now_ms: u64) {
        if let Some(Current { work: Work::Job(job), phase }) = &mut self.current
            && job.id == id
            && *phase == Phase::LeaveAsked
        {
            job.leave = Leave::Given;
            *phase = Phase::Preflight { asked: false };
            self.advance(now_ms);
        }
    }

    /// Only a job of which no byte was sent.
    fn drop_job(&mut self, id: JobId, now_ms: u64) {
        let is = |work: &Work| matches!(work, Work::Job(job) if job.id == id);
        let clean = |phase: &Phase| matches!(phase, Phase::Preflight { .. } | Phase::Held | Phase::LeaveAsked);
        match &self.current {
            Some(current) if is(&current.work) && clean(&current.phase) => self.current = None,
            _ => {
                let before = self.queue.len();
                self.queue.retain(|work| !is(work));
                if self.queue.len() == before {
                    return;
                }
            }
        }
        self.report(id, PrintProgress::FailedClean { cause: "given_up".into() });
        self.advance(now_ms);
    }

    fn report(&mut self, job: JobId, progress: PrintProgress) {
        self.out.push_back(Output::Report { job, progress });
    }

    fn advance(&mut self, now_ms: u64) {
        self.watch(now_ms);
        while self.step(now_ms) {}
        let speaks = self.speaks() && matches!(self.link, Link::Up) && !self.questions.open;
        if speaks && self.to_write().is_empty() && now_ms >= self.questions.next_ms {
            self.ask(now_ms);
        }
        self.hold_what_waits();
    }

    fn speaks(&self) -> bool {
        self.profile.status == StatusKind::Host
    }

    fn watch(&mut self, now_ms: u64) {
        if matches!(self.link, Link::Down { .. }) && now_ms >= self.reopen.due_ms() && !self.stopping {
            self.link = Link::Opening;
            self.out.push_back(Output::Open);
        }
        if !self.to_write().is_empty() && now_ms >= self.moved_ms + self.timings.stall_ms {
            match self.known.trouble() {
                // Its memory is full; it takes more when somebody has helped it.
                Some(_) => self.moved_ms = now_ms,
                None => self.hang_up(Close::Abort, now_ms),
            }
        }
        if self.questions.open && now_ms >= self.questions.asked_ms + self.timings.answer_ms {
            self.round_over(now_ms);
        }
    }

    /// All that will be answered has been, or the time is over.
    fn round_over(&mut self, now_ms: u64) {
        self.questions.open = false;
        if self.status.is_heard() {
            self.questions.missed = 0;
            self.reopen.succeeded();
            self.known = self.status.clone();
            self.known_round = self.questions.round;
            self.torn = false;
            let awaited = matches!(self.current, Some(Current { phase: Phase::Awaiting { .. }, .. }));
            let waits = self.current.is_some() || self.known.trouble().is_some();
            let pause_ms = match (awaited, waits) {
                (true, _) => self.timings.await_ms,
                (false, true) => self.timings.poll_ms,
                (false, false) => self.timings.heartbeat_ms,
            };
            self.questions.next_ms = now_ms + pause_ms;
            return;
        }
        self.questions.missed += 1;
        self.questions.next_ms = now_ms;
        let preflight = matches!(self.current, Some(Current { phase: Phase::Preflight { .. }, .. }));
        if preflight || self.questions.missed >= MISSED_MAX {
            self.hang_up(Close::Abort, now_ms);
        }
    }

    /// Every question of this round has its answer.
    fn is_answered(&self) -> bool {
        let stopped = self.status.trouble().is_some();
        let counted = self.profile.odometer.is_empty() || self.status.odometer.is_some();
        let status = self.status.buffer.is_some() && self.status.head.is_some();
        let model = self.status.dots_per_mm.is_some();
        self.status.errors.is_some() && (stopped || status && counted && model)
    }

    fn ask(&mut self, now_ms: u64) {
        self.status.new_round();
        // A question within a format that broke off would be taken for its text.
        let mut bytes = if self.torn { DROP_PARTIAL.to_vec() } else { Vec::new() };
        bytes.extend(b"~HQES\r\n~HS\r\n");
        if self.status.dots_per_mm.is_none() {
            bytes.extend(b"~HI\r\n");
        }
        if !self.profile.odometer.is_empty() {
            bytes.extend(format!("! U1 getvar \"{}\"\r\n", self.profile.odometer).bytes());
        }
        self.questions.open = true;
        self.questions.round += 1;
        self.questions.asked_ms = now_ms;
        self.give(bytes, now_ms);
    }

    fn give(&mut self, bytes: Vec<u8>, now_ms: u64) {
        self.outbox = bytes;
        self.taken = 0;
        self.moved_ms = now_ms;
    }

    fn hang_up(&mut self, how: Close, now_ms: u64) {
        self.out.push_back(Output::Close(how));
        self.reopen.failed(now_ms);
        let hint = "The label printer does not answer: check that it is switched on and its cable is in, then switch it off and on.";
        self.down(DeviceState::Attention { cause: "no_answer".into() }, "no_answer", hint.to_owned());
    }

    fn down(&mut self, state: DeviceState, cause: &str, hint: String) {
        self.link = Link::Down { state, cause: cause.to_owned(), hint };
        let taken = std::mem::take(&mut self.taken);
        self.outbox.clear();
        self.questions = Questions::default();
        self.known = LabelStatus::default();
        let Some(current) = &mut self.current else { return };
        match current.phase {
            Phase::Sending { .. } if taken == 0 => current.phase = Phase::Preflight { asked: false },
            Phase::Sending { .. } | Phase::Awaiting { .. } => {
                self.torn = true;
                self.unknown(cause);
            }
            Phase::Preflight { .. } => current.phase = Phase::Preflight { asked: false },
            Phase::Held | Phase::LeaveAsked => {}
        }
    }

    fn unknown(&mut self, cause: &str) {
        if let Some(Current { work: Work::Job(job), .. }) = self.current.take() {
            self.report(job.id, PrintProgress::Unknown { cause: cause.to_owned() });
        }
    }

    /// One move. False when nothing can be done now.
    fn step(&mut self, now_ms: u64) -> bool {
        let Some(current) = &mut self.current else {
            self.current = self.queue.pop_front().map(|work| Current { work, phase: Phase::Preflight { asked: false } });
            return self.current.is_some();
        };
        let clean = matches!(current.phase, Phase::Preflight { .. } | Phase::Held | Phase::LeaveAsked);
        if self.stopping && clean {
            self.put_back();
            return true;
        }
        match current.phase {
            Phase::Preflight { asked } => self.preflight(asked, now_ms),
            Phase::Held => {
                let may_try = self.blocked().is_none() && matches!(self.link, Link::Up);
                if may_try && let Some(current) = &mut self.current {
                    current.phase = Phase::Preflight { asked: false };
                }
                may_try
            }
            Phase::Awaiting { counted, after, until_ms } => self.awaiting(counted, after, until_ms, now_ms),
            Phase::LeaveAsked | Phase::Sending { .. } => false,
        }
    }

    /// Why nothing can be printed now.
    fn blocked(&self) -> Option<&str> {
        match &self.link {
            Link::Down { cause, .. } => return Some(cause),
            Link::Opening | Link::Up => {}
        }
        if self.is_other_resolution() {
            return Some("wrong_dpi");
        }
        // It answers, but not whether it can print: that is how it is silent while it needs help.
        let is_silent = self.known.is_heard() && self.known.buffer.is_none();
        self.known.trouble().map(LabelTrouble::code).or(is_silent.then_some("needs_help"))
    }

    /// It says itself that its head is another than the profile's: labels would come out too small or too large.
    fn is_other_resolution(&self) -> bool {
        self.known.dots_per_mm.is_some_and(|dots| dots != self.profile.dots_per_mm())
    }

    fn preflight(&mut self, asked: bool, now_ms: u64) -> bool {
        if matches!(self.link, Link::Opening) {
            return false;
        }
        if let Some(cause) = self.blocked().map(str::to_owned) {
            self.hold(&cause);
            return true;
        }
        if !self.to_write().is_empty() || self.questions.open {
            return false;
        }
        if self.speaks() && !asked {
            self.ask(now_ms);
            if let Some(current) = &mut self.current {
                current.phase = Phase::Preflight { asked: true };
            }
            return false;
        }
        if self.speaks() && !self.known.is_idle() {
            // Something else is still coming out: look again.
            if let Some(current) = &mut self.current {
                current.phase = Phase::Preflight { asked: now_ms < self.questions.next_ms };
            }
            return now_ms >= self.questions.next_ms;
        }
        if let Some(Current { work: Work::Job(Job { leave: leave @ (Leave::Needed | Leave::Asked), id, .. }), phase }) = &mut self.current {
            *leave = Leave::Asked;
            *phase = Phase::LeaveAsked;
            let id = *id;
            self.report(id, PrintProgress::Resumed {});
            return false;
        }
        self.send(now_ms);
        true
    }

    /// No byte has left. A test is dropped, a job waits.
    fn hold(&mut self, cause: &str) {
        let Some(current) = &mut self.current else { return };
        match &mut current.work {
            Work::Test => self.current = None,
            Work::Job(job) => {
                current.phase = Phase::Held;
                let (id, is_news) = (job.id, job.is_held_now());
                if is_news {
                    self.report(id, PrintProgress::HeldClean { cause: cause.to_owned() });
                }
            }
        }
    }

    /// Whoever stands behind a job that waits waits as well, and the record should know.
    fn hold_what_waits(&mut self) {
        if !matches!(self.current, Some(Current { phase: Phase::Held | Phase::Awaiting { .. }, .. })) {
            return;
        }
        let Some(cause) = self.blocked().map(str::to_owned) else { return };
        self.queue.retain(|work| matches!(work, Work::Job(_)));
        let waiting = self.queue.iter_mut().filter_map(|work| match work {
            Work::Job(job) => job.is_held_now().then_some(job.id),
            Work::Test => None,
        });
        let reports: Vec<JobId> = waiting.collect();
        reports.into_iter().for_each(|id| self.report(id, PrintProgress::HeldClean { cause: cause.clone() }));
    }

    fn put_back(&mut self) {
        let Some(Current { work: Work::Job(mut job), .. }) = self.current.take() else { return };
        if job.leave == Leave::Asked {
            job.leave = Leave::Given;
        }
        if job.is_held_now() {
            self.report(job.id, PrintProgress::HeldClean { cause: "stopping".to_owned() });
        }
    }

    fn send(&mut self, now_ms: u64) {
        let Some(Current { work, phase }) = &mut self.current else { return };
        let counted = self.known.odometer.flatten();
        let label = match work {
            Work::Test => test_label(),
            Work::Job(job) => job.label.as_ref().clone(),
        };
        match encode(&label.laid_out(self.profile.size()), &self.profile, self.font.as_deref()) {
            Ok(bytes) => {
                *phase = Phase::Sending { counted };
                let first = if std::mem::take(&mut self.torn) { DROP_PARTIAL } else { b"" };
                self.give([first, &bytes].concat(), now_ms);
            }
            Err(_) => {
                let id = match work {
                    Work::Job(job) => Some(job.id),
                    Work::Test => None,
                };
                self.current = None;
                id.into_iter().for_each(|id| self.report(id, PrintProgress::FailedClean { cause: "label_small".into() }));
            }
        }
    }

    /// The port took the last byte of what it was given.
    fn all_taken(&mut self, now_ms: u64) {
        self.outbox.clear();
        self.taken = 0;
        let speaks = self.speaks();
        let Some(current) = &mut self.current else { return };
        let Phase::Sending { counted } = current.phase else { return };
        match &current.work {
            Work::Test => self.current = None,
            Work::Job(job) if !speaks => {
                let id = job.id;
                self.current = None;
                self.report(id, PrintProgress::Sent {});
            }
            Work::Job(_) => {
                let (after, until_ms) = (self.questions.round, now_ms + self.timings.proof_ms);
                current.phase = Phase::Awaiting { counted, after, until_ms };
                self.questions.next_ms = now_ms + self.timings.await_ms;
            }
        }
    }

    fn awaiting(&mut self, counted: Option<u64>, after: u64, until_ms: u64, now_ms: u64) -> bool {
        let is_news = self.known_round > after;
        if is_news && self.known.trouble().is_some() {
            // It says itself why it takes so long, and goes on alone: the time counts from when it is helped.
            if let Some(current) = &mut self.current {
                current.phase = Phase::Awaiting { counted, after, until_ms: now_ms + self.timings.proof_ms };
            }
            return false;
        }
        let outcome = match (counted, self.known.odometer.flatten()) {
            _ if !is_news || !self.known.is_idle() => None,
            (Some(before), Some(now)) => (now > before).then_some(PrintProgress::Printed {}),
            (None, _) | (Some(_), None) => (counted.is_none()).then_some(PrintProgress::Sent {}),
        };
        match outcome {
            Some(outcome) => {
                if let Some(Current { work: Work::Job(job), .. }) = self.current.take() {
                    self.report(job.id, outcome);
                }
                true
            }
            None if now_ms >= until_ms => {
                self.torn = true;
                self.unknown("no_proof");
                // And no answer from now on proves anything.
                self.hang_up(Close::Gently, now_ms);
                true
            }
            None => false,
        }
    }

    fn state(&self) -> (DeviceState, String) {
        match &self.link {
            Link::Down { state, hint, .. } => (state.clone(), hint.clone()),
            Link::Opening => (DeviceState::Starting, String::new()),
            Link::Up if self.is_other_resolution() => (DeviceState::Fault { cause: "wrong_dpi".into() }, self.other_resolution_hint()),
            Link::Up => match self.known.trouble() {
                Some(trouble) => {
                    let cause = trouble.code().to_owned();
                    let state =
                        if trouble == LabelTrouble::Other { DeviceState::Fault { cause } } else { DeviceState::Attention { cause } };
                    (state, trouble.hint().to_owned())
                }
                None if self.known.is_heard() && self.known.buffer.is_none() => {
                    let hint = "The label printer needs help: look at its lights and its display.";
                    (DeviceState::Attention { cause: "needs_help".into() }, hint.to_owned())
                }
                None if self.speaks() && !self.known.is_heard() && self.current.is_none() => (DeviceState::Starting, String::new()),
                None if matches!(self.current, Some(Current { phase: Phase::Sending { .. } | Phase::Awaiting { .. }, .. })) => {
                    (DeviceState::Busy, String::new())
                }
                None if self.known.is_paper_low() => {
                    (DeviceState::Ready, "The labels are nearly used up: have a new roll at hand.".to_owned())
                }
                None => (DeviceState::Ready, String::new()),
            },
        }
    }

    fn other_resolution_hint(&self) -> String {
        let dots = self.known.dots_per_mm.unwrap_or(0);
        let has = match dots {
            8 => "203".to_owned(),
            12 => "300".to_owned(),
            24 => "600".to_owned(),
            _ => (dots * 254 / 10).to_string(),
        };
        format!(
            "This printer has {has} dpi, and its profile {} is for {}: name the right profile in the configuration.",
            self.profile.name, self.profile.dpi
        )
    }
}

impl Job {
    /// True when the record does not say so yet.
    fn is_held_now(&mut self) -> bool {
        match self.leave {
            Leave::NotNeeded | Leave::Given => {
                self.leave = Leave::Needed;
                true
            }
            Leave::Needed | Leave::Asked => false,
        }
    }
}

/// What `device test` and the devices page print: every letter that matters, and a code that opens nothing.
pub fn test_label() -> BagLabel {
    use crate::document::{Locale, Printable};
    BagLabel {
        order: crate::ids::OrderNo::new("TEST0815").expect("letters and digits"),
        initials: Printable::new("ÄÖÜ é ß ~^_"),
        zone: crate::retail::order::Zone::Chilled,
        bag: 1,
        bags: 2,
        ready_by: Printable::new("--:--"),
        copy: 0,
        locale: Locale::default(),
    }
}

impl JobMachine for LabelMachine {
    fn order(&mut self, order: PrinterOrder, now_ms: u64) {
        match order {
            PrinterOrder::Print(order) => self.print(order, now_ms),
            PrinterOrder::Release { job } => self.release(job, now_ms),
            PrinterOrder::Drop { job } => self.drop_job(job, now_ms),
            PrinterOrder::Test(TestKind::Page) if self.queue.len() < JOBS_WAITING_MAX && !self.stopping => {
                self.queue.push_back(Work::Test);
                self.advance(now_ms);
            }
            // No drawer and no beeper hang on a label printer.
            PrinterOrder::Kick | PrinterOrder::Test(_) => {}
        }
    }

    fn opened(&mut self, now_ms: u64) {
        self.parser = LabelReplyParser::default();
        self.status = LabelStatus::default();
        self.known = LabelStatus::default();
        self.known_round = 0;
        self.questions = Questions { next_ms: now_ms, ..Questions::default() };
        self.link = Link::Up;
        if !self.speaks() {
            self.reopen.succeeded();
        }
        self.advance(now_ms);
    }

    fn lost(&mut self, error: &PortError, now_ms: u64) {
        self.reopen.failed(now_ms);
        self.down(error.state(), error.cause(), error.to_string());
        self.advance(now_ms);
    }

    fn wrote(&mut self, count: usize, now_ms: u64) {
        if count == 0 || !matches!(self.link, Link::Up) {
            return;
        }
        self.taken += count;
        self.moved_ms = now_ms;
        if self.taken == self.outbox.len() {
            self.all_taken(now_ms);
        }
        self.advance(now_ms);
    }

    fn received(&mut self, bytes: &[u8], now_ms: u64) {
        if !matches!(self.link, Link::Up) {
            return;
        }
        for reply in self.parser.push(bytes) {
            self.status.apply(&reply);
        }
        if self.questions.open && self.is_answered() {
            self.round_over(now_ms);
        }
        self.advance(now_ms);
    }

    fn tick(&mut self, now_ms: u64) {
        self.advance(now_ms);
    }

    fn stop(&mut self, now_ms: u64) {
        self.stopping = true;
        self.advance(now_ms);
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn to_write(&self) -> &[u8] {
        &self.outbox[self.taken..]
    }

    fn deadline_ms(&self) -> u64 {
        match &self.link {
            Link::Down { .. } => return self.reopen.due_ms(),
            Link::Opening => return u64::MAX,
            Link::Up => {}
        }
        let mut due = u64::MAX;
        if self.questions.open {
            due = due.min(self.questions.asked_ms + self.timings.answer_ms);
        } else if self.speaks() && self.to_write().is_empty() {
            due = due.min(self.questions.next_ms);
        }
        if !self.to_write().is_empty() {
            due = due.min(self.moved_ms + self.timings.stall_ms);
        }
        if let Some(Current { phase: Phase::Awaiting { until_ms, .. }, .. }) = &self.current {
            due = due.min(*until_ms);
        }
        due
    }

    fn is_idle(&self) -> bool {
        self.current.is_none() && self.queue.is_empty()
    }

    fn view(&self) -> View {
        let (state, hint) = self.state();
        let heard = self.known.is_heard() && matches!(self.link, Link::Up);
        let paper = match (self.known.trouble(), self.known.is_paper_low()) {
            (Some(LabelTrouble::PaperOut), _) => Paper::Out,
            (_, true) => Paper::Low,
            (_, false) => Paper::Ok,
        };
        let open = self.known.trouble() == Some(LabelTrouble::HeadOpen);
        let sensors = if heard { Sensors { paper: Some(paper), cover_open: Some(open), drawer_open: None } } else { Sensors::default() };
        View { state, hint, sensors }
    }
}
