//! The moves of the machine. Each input changes one fact; then [`PrintMachine::advance`] goes as far as the facts allow.

use super::{Awaited, Current, DRAWER, Job, Leave, Link, Output, Phase, PrintMachine, Questions, Work};
use crate::device::DeviceState;
use crate::device::lang::escpos::commands::wake;
use crate::device::lang::escpos::profile::FenceKind;
use crate::device::lang::escpos::{FenceSent, ProcessId, Query, RealTimeQuery, Reply, StatusQuery};
use crate::device::port::Close;
use crate::ids::JobId;
use crate::retail::PrintProgress;

/// Rounds of real-time questions without an answer that make a printer count as gone.
const MISSED_MAX: u32 = 2;
/// After a woken printer answered, an answer to a question of an earlier life would come within this.
const SILENCE_MS: u64 = 2_000;

impl PrintMachine {
    pub(super) fn advance(&mut self, now_ms: u64) {
        self.watch_link(now_ms);
        while self.step(now_ms) {}
        self.ask_when_due(now_ms);
        self.hold_what_waits();
    }

    pub(super) fn report(&mut self, job: JobId, progress: PrintProgress) {
        self.out.push_back(Output::Report { job, progress });
    }

    /// One answer, after it went into the status.
    pub(super) fn heard(&mut self, reply: &Reply, now_ms: u64) {
        match reply {
            Reply::RealTime { query: Some(_), .. } => {
                self.old_trouble = None;
                self.reopen.succeeded();
                self.questions.open = self.questions.open.saturating_sub(1);
                if self.questions.open == 0 {
                    self.questions.missed = 0;
                }
            }
            Reply::ProcessId(id) => {
                self.proved(FenceSent::ProcessId(*id));
                if let Link::Waking { answer: Awaited::ProcessId(awaited), .. } = &self.link
                    && awaited == id
                {
                    self.woken();
                }
            }
            Reply::Status { query, .. } => {
                self.proved(FenceSent::Status(*query));
                if let Link::Waking { answer: answer @ Awaited::Status, .. } = &mut self.link {
                    *answer = Awaited::Silence { until_ms: now_ms + SILENCE_MS };
                }
            }
            Reply::RealTime { query: None, .. }
            | Reply::Asb(_)
            | Reply::Offline { .. }
            | Reply::Cleared
            | Reply::Identification { .. }
            | Reply::Block { .. }
            | Reply::Xon
            | Reply::Xoff
            | Reply::Noise(_) => {}
        }
    }

    /// The port took the last byte of what it was given.
    pub(super) fn all_taken(&mut self, now_ms: u64) {
        self.outbox.clear();
        self.taken = 0;
        let Some(Current { phase: Phase::Sending { fence, print_ms }, work }) = &mut self.current else { return };
        let job = match work {
            Work::Job(job) => job.id,
            Work::Errand { .. } => {
                self.current = None;
                return;
            }
        };
        let wait_ms = (*print_ms + self.timings.proof_min_ms / 10).clamp(self.timings.proof_min_ms, self.timings.proof_max_ms);
        let awaiting = Phase::Awaiting { fence: *fence, wait_ms, until_ms: now_ms + wait_ms };
        match *fence {
            FenceSent::None => {
                self.current = None;
                self.report(job, PrintProgress::Sent {});
                return;
            }
            // Asked from now on only, so that no stray byte from before can pass for the proof.
            FenceSent::Status(query) => self.parser.asked(Query::Status(query)),
            FenceSent::ProcessId(_) => {}
        }
        if let Some(current) = &mut self.current {
            current.phase = awaiting;
        }
        self.questions.next_ms = now_ms + self.timings.poll_ms;
    }

    /// The link is gone, with all that it could still have proved.
    pub(super) fn down(&mut self, state: DeviceState, cause: &str, hint: String) {
        self.old_trouble = Some((state.clone(), hint.clone()));
        self.link = Link::Down { state, cause: cause.to_owned(), hint };
        let taken = std::mem::take(&mut self.taken);
        self.outbox.clear();
        self.questions = Questions::default();
        let Some(current) = &mut self.current else { return };
        match current.phase {
            Phase::Sending { .. } if taken == 0 => {
                current.phase = Phase::Preflight { asked: false };
                self.hold(cause);
            }
            Phase::Sending { .. } | Phase::Awaiting { .. } => {
                self.torn = true;
                self.unknown(cause);
            }
            Phase::Preflight { .. } => current.phase = Phase::Preflight { asked: false },
            Phase::Held | Phase::LeaveAsked => {}
        }
    }

    /// Brings a printer back that may stand in the middle of a command, and waits until it has worked through it.
    pub(super) fn wake(&mut self, now_ms: u64) {
        let mut bytes = wake();
        let answer = match self.talk.fence {
            FenceKind::ProcessId => {
                let id = self.next_fence();
                bytes.extend(id.command());
                Awaited::ProcessId(id)
            }
            FenceKind::StatusRequest => {
                bytes.extend(StatusQuery::Paper.bytes());
                self.parser.asked(Query::Status(StatusQuery::Paper));
                Awaited::Status
            }
            FenceKind::None => {
                self.woken();
                self.give(bytes, now_ms);
                return;
            }
        };
        self.give(bytes, now_ms);
        self.link = Link::Waking { since_ms: now_ms, answer, asked: false };
    }

    fn woken(&mut self) {
        self.torn = false;
        self.link = Link::Up;
    }

    fn proved(&mut self, proof: FenceSent) {
        if let Some(Current { work: Work::Job(job), phase: Phase::Awaiting { fence, .. } }) = &self.current
            && *fence == proof
        {
            let id = job.id;
            self.current = None;
            self.report(id, PrintProgress::Printed {});
        }
    }

    fn watch_link(&mut self, now_ms: u64) {
        self.watch_questions(now_ms);
        self.watch_writing(now_ms);
        match &mut self.link {
            Link::Down { .. } if now_ms >= self.reopen.due_ms() => {
                self.link = Link::Opening;
                self.out.push_back(Output::Open);
            }
            Link::Waking { answer: Awaited::Silence { until_ms }, .. } if now_ms >= *until_ms => self.woken(),
            // Answered, or silent as some are in the middle of a command.
            Link::Waking { answer: Awaited::Questions, .. } => {
                if self.to_write().is_empty() && self.questions.open == 0 && self.status.trouble().is_none() {
                    self.wake(now_ms);
                }
            }
            Link::Waking { since_ms, asked, .. } if *asked && now_ms >= *since_ms + self.timings.wake_ms => {
                if self.status.trouble().is_none() {
                    self.hang_up(Close::Abort, now_ms);
                    return;
                }
                // A person must act first; the printer works on by itself then.
                *since_ms = now_ms;
            }
            // Now it is worth asking why it takes so long.
            Link::Waking { since_ms, asked, .. } if !*asked && now_ms >= *since_ms + self.timings.answer_ms => {
                *asked = true;
                self.questions.next_ms = now_ms;
            }
            Link::Down { .. } | Link::Opening | Link::Waking { .. } | Link::Up => {}
        }
    }

    fn watch_questions(&mut self, now_ms: u64) {
        if self.questions.open == 0 || now_ms < self.questions.asked_ms + self.timings.answer_ms {
            return;
        }
        self.questions.open = 0;
        self.questions.missed += 1;
        let preflight = matches!(self.current, Some(Current { phase: Phase::Preflight { asked: true }, .. }));
        let proof_awaited = matches!(self.current, Some(Current { phase: Phase::Awaiting { .. }, .. }));
        let waking = matches!(self.link, Link::Waking { .. });
        // While a proof is awaited or a printer wakes up, their own time limit decides.
        if preflight || (self.questions.missed >= MISSED_MAX && !proof_awaited && !waking) {
            self.hang_up(Close::Abort, now_ms);
        }
    }

    fn watch_writing(&mut self, now_ms: u64) {
        if !self.to_write().is_empty() && now_ms >= self.moved_ms + self.timings.stall_ms {
            let sending = matches!(self.current, Some(Current { phase: Phase::Sending { .. }, .. }));
            if sending && self.status.trouble().is_some() {
                // Out of paper with a full buffer: it takes more when somebody has helped it.
                self.moved_ms = now_ms;
            } else {
                self.hang_up(Close::Abort, now_ms);
            }
        }
    }

    /// Ends a connection on which nothing is answered any more.
    fn hang_up(&mut self, how: Close, now_ms: u64) {
        self.out.push_back(Output::Close(how));
        self.reopen.failed(now_ms);
        let hint = "The printer does not answer: check that it is switched on, then switch it off and on.";
        self.down(DeviceState::Attention { cause: "no_answer".into() }, "no_answer", hint.to_owned());
    }

    /// One move. False when nothing can be done now.
    fn step(&mut self, now_ms: u64) -> bool {
        let Some(current) = &mut self.current else { return self.next_work() };
        let clean = matches!(current.phase, Phase::Preflight { .. } | Phase::Held | Phase::LeaveAsked);
        if self.stopping && clean {
            self.put_back();
            return true;
        }
        if let Work::Errand { errand, asked_ms } = &current.work
            && clean
            && now_ms > *asked_ms + self.timings.errand_ms
        {
            let name = errand.name;
            self.current = None;
            self.drop_errand(name);
            return true;
        }
        match current.phase {
            Phase::Preflight { asked } => self.preflight(asked, now_ms),
            Phase::Held => {
                let may_try = matches!(self.link, Link::Up) && self.status.trouble().is_none();
                if may_try {
                    current.phase = Phase::Preflight { asked: false };
                }
                may_try
            }
            Phase::Awaiting { wait_ms, .. } if self.status.trouble().is_some() && self.questions.missed < MISSED_MAX => {
                // It says itself why it takes so long, and goes on alone: the time counts from when it is helped.
                if let Phase::Awaiting { until_ms, .. } = &mut current.phase {
                    *until_ms = now_ms + wait_ms;
                }
                false
            }
            Phase::Awaiting { until_ms, .. } if now_ms >= until_ms => {
                self.torn = true;
                self.unknown("no_proof");
                // Gently: what it still has may come out whole. And no answer from now on proves anything.
                self.hang_up(Close::Gently, now_ms);
                true
            }
            Phase::LeaveAsked | Phase::Sending { .. } | Phase::Awaiting { .. } => false,
        }
    }

    fn next_work(&mut self) -> bool {
        let Some(work) = self.queue.pop_front() else { return false };
        self.current = Some(Current { work, phase: Phase::Preflight { asked: false } });
        true
    }

    fn preflight(&mut self, asked: bool, now_ms: u64) -> bool {
        match &self.link {
            Link::Down { cause, .. } => {
                let cause = cause.clone();
                self.hold(&cause);
                return true;
            }
            Link::Opening => return false,
            Link::Waking { .. } => return self.hold_by_trouble(),
            Link::Up => {}
        }
        if !self.to_write().is_empty() || self.questions.open > 0 {
            return false;
        }
        if self.talk.real_time && !asked {
            self.ask(now_ms);
            if let Some(current) = &mut self.current {
                current.phase = Phase::Preflight { asked: true };
            }
            return false;
        }
        if self.hold_by_trouble() {
            return true;
        }
        match &mut self.current {
            Some(Current { work: Work::Job(Job { leave: leave @ (Leave::Needed | Leave::Asked), id, .. }), phase }) => {
                *leave = Leave::Asked;
                *phase = Phase::LeaveAsked;
                let id = *id;
                self.report(id, PrintProgress::Resumed {});
                false
            }
            _ => {
                self.send(now_ms);
                true
            }
        }
    }

    fn hold_by_trouble(&mut self) -> bool {
        let trouble = self.status.trouble();
        if let Some(trouble) = trouble {
            self.hold(trouble.code());
        }
        trouble.is_some()
    }

    /// No byte has left and none can now. An errand is dropped, a job waits.
    fn hold(&mut self, cause: &str) {
        let Some(current) = &mut self.current else { return };
        match &mut current.work {
            Work::Errand { errand, .. } => {
                let name = errand.name;
                self.current = None;
                self.drop_errand(name);
            }
            Work::Job(job) => {
                current.phase = Phase::Held;
                if let Some(progress) = job.held(cause) {
                    let id = job.id;
                    self.report(id, progress);
                }
            }
        }
    }

    /// Whoever stands behind a job that waits waits as well, and the record should know.
    fn hold_what_waits(&mut self) {
        let cause = match (&self.current, &self.link, self.status.trouble()) {
            (None | Some(Current { phase: Phase::Preflight { .. }, .. }), _, _) => return,
            (Some(_), Link::Down { cause, .. }, _) => cause.clone(),
            (Some(_), Link::Opening | Link::Waking { .. } | Link::Up, Some(trouble)) => trouble.code().to_owned(),
            (Some(_), Link::Opening | Link::Waking { .. } | Link::Up, None) => return,
        };
        for work in std::mem::take(&mut self.queue) {
            match work {
                Work::Errand { errand, .. } => self.drop_errand(errand.name),
                Work::Job(mut job) => {
                    if let Some(progress) = job.held(&cause) {
                        self.report(job.id, progress);
                    }
                    self.queue.push_back(Work::Job(job));
                }
            }
        }
    }

    /// At a stop: work of which no byte has left is recorded as held, so that it is done after the restart.
    fn put_back(&mut self) {
        let Some(Current { work: Work::Job(mut job), .. }) = self.current.take() else { return };
        if job.leave == Leave::Asked {
            job.leave = Leave::Given;
        }
        if let Some(progress) = job.held("stopping") {
            self.report(job.id, progress);
        }
    }

    fn send(&mut self, now_ms: u64) {
        let Some(Current { work, .. }) = &self.current else { return };
        self.dropped = None;
        let (bytes, phase) = match work {
            Work::Errand { errand, .. } => (errand.bytes.clone(), Phase::Sending { fence: FenceSent::None, print_ms: 0 }),
            Work::Job(job) => {
                let kick = job.kick && now_ms <= job.asked_ms + self.timings.errand_ms;
                let stream = (self.encode)(&job.document, kick, Some(ProcessId::numbered(self.fences)));
                self.fences += 1;
                (stream.bytes, Phase::Sending { fence: stream.fence, print_ms: stream.print_ms })
            }
        };
        if let Some(current) = &mut self.current {
            current.phase = phase;
        }
        self.give(bytes, now_ms);
    }

    /// Puts a first byte before the port. Whatever was there has been taken.
    fn give(&mut self, bytes: Vec<u8>, now_ms: u64) {
        self.outbox = bytes;
        self.taken = 0;
        self.moved_ms = now_ms;
        if self.outbox.is_empty() {
            self.all_taken(now_ms);
        }
    }

    fn ask_when_due(&mut self, now_ms: u64) {
        if now_ms < self.questions.next_ms {
            return;
        }
        let speaks = match &self.link {
            Link::Up => true,
            Link::Waking { asked, .. } => *asked,
            Link::Down { .. } | Link::Opening => false,
        };
        if !self.talk.real_time || !speaks {
            self.questions.next_ms = u64::MAX;
        } else if self.to_write().is_empty() && self.questions.open == 0 {
            self.ask(now_ms);
        } else {
            // Never in the middle of a job's bytes: a picture would swallow the question.
            self.questions.next_ms = now_ms + self.timings.poll_ms;
        }
    }

    pub(super) fn ask(&mut self, now_ms: u64) {
        let mut bytes = Vec::new();
        for query in RealTimeQuery::ALL {
            bytes.extend(query.bytes());
            self.parser.asked(Query::RealTime(query));
        }
        let calm = self.current.is_none() && self.status.trouble().is_none();
        let interval_ms = if calm { self.timings.heartbeat_ms } else { self.timings.poll_ms };
        self.questions.open = RealTimeQuery::ALL.len();
        self.questions.asked_ms = now_ms;
        self.questions.next_ms = now_ms + interval_ms.max(self.timings.answer_ms);
        self.give(bytes, now_ms);
    }

    fn unknown(&mut self, cause: &str) {
        match self.current.take() {
            Some(Current { work: Work::Job(job), .. }) => self.report(job.id, PrintProgress::Unknown { cause: cause.to_owned() }),
            Some(Current { work: Work::Errand { errand, .. }, .. }) => self.drop_errand(errand.name),
            None => {}
        }
    }

    /// Nobody waits for it; a person may look for it.
    pub(super) fn drop_errand(&mut self, name: &'static str) {
        if self.dropped != Some(DRAWER) {
            self.dropped = Some(name);
        }
    }

    fn next_fence(&mut self) -> ProcessId {
        let id = ProcessId::numbered(self.fences);
        self.fences += 1;
        id
    }
}

impl Job {
    /// Marks it as held; `Some` when the record does not say so yet.
    fn held(&mut self, cause: &str) -> Option<PrintProgress> {
        self.kick = false;
        match self.leave {
            Leave::NotNeeded | Leave::Given => {
                self.leave = Leave::Needed;
                Some(PrintProgress::HeldClean { cause: cause.to_owned() })
            }
            Leave::Needed | Leave::Asked => None,
        }
    }
}
