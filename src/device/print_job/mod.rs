//! The life of print jobs at one printer: a machine without I/O. Time and bytes come in; bytes to write, reports and requests to open or
//! close the port go out. Its promise: **never two unmarked papers of one job, never a second drawer pulse.**
//!
//! ```text
//! queued ─► preflight ─► sending ─► awaiting proof ─► Printed
//!              │  ▲          │             └────────► Unknown   (link lost, or no proof in time)
//!              ▼  │          └──────────────────────► Unknown   (a byte was taken and the link broke), Sent (no proof exists)
//!            held ─► leave asked (Resumed) ─► given (Release)
//! ```
//!
//! * A job of which no byte was taken may wait and try again for ever. A job of which one byte was taken is never sent again.
//! * A held job asks for leave before its first byte, because the record must say first that it is no longer held.
//! * A held job's drawer pulse is never made up for: nobody expects the drawer to open minutes later.
//! * Only an answer on the connection that took the job proves anything.

mod flow;
mod view;

use std::collections::VecDeque;
use std::sync::Arc;

use super::lang::escpos::profile::FenceKind;
use super::lang::escpos::{FenceSent, PrinterProfile, PrinterStatus, ProcessId, ReplyParser};
use super::port::{Close, PortError, Reopen, SerialFlow, reopen};
use super::reporter::Sensors;
use super::{DeviceState, DrawerSense, PrintOrder, Printout};
use crate::document::Document;
use crate::ids::JobId;
use crate::retail::PrintProgress;

/// The errand that opens the drawer.
pub const DRAWER: &str = "drawer";

/// Jobs that may wait at one printer. One more is given back as failed, with no byte sent.
pub const JOBS_WAITING_MAX: usize = 256;

/// How long what may take. Tests use their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// A printer that is there answers a real-time question within this.
    pub answer_ms: u64,
    /// Without a byte taken for this long, and no cause known, the printer hangs.
    pub stall_ms: u64,
    /// Proof is awaited for the estimated printing time, but at least and at most this long.
    pub proof_min_ms: u64,
    pub proof_max_ms: u64,
    /// Between questions while nothing happens. Also keeps interfaces open that close an idle connection.
    pub heartbeat_ms: u64,
    /// Between questions while a job waits for the printer.
    pub poll_ms: u64,
    /// After it was woken from a torn command a printer is ready within this.
    pub wake_ms: u64,
    /// A drawer pulse, beep or test that could not leave within this is dropped.
    pub errand_ms: u64,
}

impl Default for Timings {
    fn default() -> Timings {
        Timings {
            answer_ms: 2_000,
            stall_ms: 5_000,
            proof_min_ms: 30_000,
            proof_max_ms: 90_000,
            heartbeat_ms: 10_000,
            poll_ms: 1_000,
            wake_ms: 10_000,
            errand_ms: 10_000,
        }
    }
}

/// What differs from one printer of a profile to the next.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setting {
    pub timings: Timings,
    /// Where process ids start. Takes something that differs from one start of the process to the next, so that an answer to the last run's
    /// question is not taken for one to ours.
    pub fences: u64,
    pub drawer_sense: DrawerSense,
}

/// One job's bytes, made when it is its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    pub bytes: Vec<u8>,
    pub fence: FenceSent,
    /// How long the printer needs for it.
    pub print_ms: u64,
}

/// Makes a job's bytes: the document, with a drawer pulse or not, and with a fence behind the last byte when an id is given.
pub type Encode = Box<dyn Fn(&Document, bool, Option<ProcessId>) -> Stream + Send>;

/// What the owner shall do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Open,
    Close(Close),
    Report { job: JobId, progress: PrintProgress },
}

/// A small thing to do at once or never: a pulse, a beep, a test page. Nobody waits for its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// What a person should know of the printer now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub state: DeviceState,
    pub hint: String,
    pub sensors: Sensors,
}

pub struct PrintMachine {
    talk: Talk,
    encode: Encode,
    timings: Timings,
    link: Link,
    /// Why the link was down, until the printer has spoken again.
    old_trouble: Option<(DeviceState, String)>,
    /// The printer may stand in the middle of a command: it must be woken before real data.
    torn: bool,
    reopen: Reopen,
    parser: ReplyParser,
    status: PrinterStatus,
    questions: Questions,
    outbox: Vec<u8>,
    taken: usize,
    /// When the port last took a byte, or was given the first one.
    moved_ms: u64,
    queue: VecDeque<Work>,
    current: Option<Current>,
    fences: u64,
    out: VecDeque<Output>,
    dropped: Option<&'static str>,
    stopping: bool,
}

/// What of the profile matters here.
#[derive(Debug, Clone, Copy)]
struct Talk {
    fence: FenceKind,
    real_time: bool,
    xon_xoff: bool,
    drawer_sense: DrawerSense,
}

enum Link {
    /// Not open; the reason is the port's or ours. `cause` is the short code for the record.
    Down {
        state: DeviceState,
        cause: String,
        hint: String,
    },
    Opening,
    /// Woken; ready when this is answered.
    Waking {
        since_ms: u64,
        answer: Awaited,
        asked: bool,
    },
    Up,
}

/// The answer that shows that a printer has worked through what it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// To our real-time questions: without paper it could not take what is to wake it.
    Questions,
    ProcessId(ProcessId),
    Status,
    /// It was answered; a second answer, to a question of an earlier life, may follow.
    Silence {
        until_ms: u64,
    },
}

/// Real-time questions on their way.
#[derive(Default)]
struct Questions {
    open: usize,
    asked_ms: u64,
    next_ms: u64,
    missed: u32,
}

enum Work {
    Job(Job),
    Errand { errand: Errand, asked_ms: u64 },
}

struct Job {
    id: JobId,
    document: Arc<Document>,
    kick: bool,
    asked_ms: u64,
    leave: Leave,
}

/// Whether the first byte may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    /// Never held.
    NotNeeded,
    Needed,
    /// `Resumed` was reported.
    Asked,
    Given,
}

struct Current {
    work: Work,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waits for the link, or for the answers to our questions.
    Preflight {
        asked: bool,
    },
    /// No byte has left; waits for the printer.
    Held,
    /// Waits for the loop.
    LeaveAsked,
    Sending {
        fence: FenceSent,
        print_ms: u64,
    },
    Awaiting {
        fence: FenceSent,
        wait_ms: u64,
        until_ms: u64,
    },
}

impl PrintMachine {
    /// Whatever the printer was told before our time, it may still be in the middle of it: it is woken at the first connection.
    pub fn new(profile: &PrinterProfile, encode: Encode, setting: Setting) -> PrintMachine {
        let talk = Talk {
            fence: profile.capability.fence.is,
            real_time: profile.capability.real_time_status.is,
            xon_xoff: profile.serial.flow == SerialFlow::XonXoff,
            drawer_sense: setting.drawer_sense,
        };
        PrintMachine {
            talk,
            encode,
            timings: setting.timings,
            link: Link::Down { state: DeviceState::Starting, cause: "offline".into(), hint: String::new() },
            old_trouble: None,
            torn: true,
            reopen: Reopen::new(reopen::PRINTER_STEPS_MS),
            parser: ReplyParser::new(talk.xon_xoff),
            status: PrinterStatus::default(),
            questions: Questions::default(),
            outbox: Vec::new(),
            taken: 0,
            moved_ms: 0,
            queue: VecDeque::new(),
            current: None,
            fences: setting.fences,
            out: VecDeque::new(),
            dropped: None,
            stopping: false,
        }
    }

    // What comes in.

    pub fn print(&mut self, order: PrintOrder, now_ms: u64) {
        if self.has(order.job) {
            return;
        }
        if self.queue.len() >= JOBS_WAITING_MAX {
            self.report(order.job, PrintProgress::FailedClean { cause: "queue_full".into() });
            return;
        }
        let Printout::Paper(document) = order.printout else {
            self.report(order.job, PrintProgress::FailedClean { cause: "wrong_printer".into() });
            return;
        };
        let leave = if order.held_before { Leave::Needed } else { Leave::NotNeeded };
        let job = Job { id: order.job, document, kick: order.kick && !order.held_before, asked_ms: now_ms, leave };
        self.queue.push_back(Work::Job(job));
        self.advance(now_ms);
    }

    /// Dropped when the printer cannot do it at once.
    pub fn errand(&mut self, errand: Errand, now_ms: u64) {
        if errand.bytes.is_empty() || self.stopping {
            return;
        }
        if self.queue.len() >= JOBS_WAITING_MAX {
            self.drop_errand(errand.name);
            return;
        }
        self.queue.push_back(Work::Errand { errand, asked_ms: now_ms });
        self.advance(now_ms);
    }

    /// The held job's resumption is on disk.
    pub fn release(&mut self, id: JobId, now_ms: u64) {
        if let Some(Current { work: Work::Job(job), phase }) = &mut self.current
            && job.id == id
            && *phase == Phase::LeaveAsked
        {
            job.leave = Leave::Given;
            *phase = Phase::Preflight { asked: false };
            self.advance(now_ms);
        }
    }

    /// Gives a job up of which no byte was sent. Any other stays as it is.
    pub fn drop_job(&mut self, id: JobId, now_ms: u64) {
        let clean = |phase: &Phase| matches!(phase, Phase::Preflight { .. } | Phase::Held | Phase::LeaveAsked);
        match &self.current {
            Some(Current { work: Work::Job(job), phase }) if job.id == id && clean(phase) => self.current = None,
            _ => {
                let before = self.queue.len();
                self.queue.retain(|work| !matches!(work, Work::Job(job) if job.id == id));
                if self.queue.len() == before {
                    return;
                }
            }
        }
        self.report(id, PrintProgress::FailedClean { cause: "given_up".into() });
        self.advance(now_ms);
    }

    pub fn opened(&mut self, now_ms: u64) {
        self.parser = ReplyParser::new(self.talk.xon_xoff);
        self.status = PrinterStatus::default();
        self.questions = Questions { next_ms: now_ms, ..Questions::default() };
        self.link = Link::Up;
        if self.torn && self.talk.real_time {
            self.link = Link::Waking { since_ms: now_ms, answer: Awaited::Questions, asked: true };
            self.ask(now_ms);
        } else if self.torn {
            self.wake(now_ms);
        }
        if !self.talk.real_time {
            self.old_trouble = None;
            self.reopen.succeeded();
        }
        self.advance(now_ms);
    }

    /// The port could not be opened, or broke.
    pub fn lost(&mut self, error: &PortError, now_ms: u64) {
        self.reopen.failed(now_ms);
        self.down(error.state(), error.cause(), error.to_string());
        self.advance(now_ms);
    }

    /// The port took `count` bytes off the front of [`PrintMachine::to_write`].
    pub fn wrote(&mut self, count: usize, now_ms: u64) {
        if count == 0 || !self.is_open() {
            return;
        }
        self.taken += count;
        self.moved_ms = now_ms;
        if self.taken == self.outbox.len() {
            self.all_taken(now_ms);
        }
        self.advance(now_ms);
    }

    pub fn received(&mut self, bytes: &[u8], now_ms: u64) {
        // What comes in between our hanging up and the owner's closing belongs to a connection that proves nothing any more.
        if !self.is_open() {
            return;
        }
        for reply in self.parser.push(bytes) {
            self.status.apply(&reply);
            self.heard(&reply, now_ms);
        }
        self.advance(now_ms);
    }

    /// Time has passed.
    pub fn tick(&mut self, now_ms: u64) {
        self.advance(now_ms);
    }

    /// No new work. What has not begun is reported as held, so that it is printed after the restart; a paper on its way may still be proved.
    pub fn stop(&mut self, now_ms: u64) {
        self.stopping = true;
        self.advance(now_ms);
    }

    // What goes out.

    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// What the port should take now.
    pub fn to_write(&self) -> &[u8] {
        &self.outbox[self.taken..]
    }

    /// When [`PrintMachine::tick`] is due.
    pub fn deadline_ms(&self) -> u64 {
        let mut due = vec![self.questions.next_ms];
        match &self.link {
            Link::Down { .. } => return self.reopen.due_ms(),
            Link::Opening => return u64::MAX,
            Link::Up => {}
            Link::Waking { since_ms, answer, asked } => match answer {
                Awaited::Questions => {}
                Awaited::Silence { until_ms } => due.push(*until_ms),
                Awaited::ProcessId(_) | Awaited::Status => {
                    due.push(since_ms + if *asked { self.timings.wake_ms } else { self.timings.answer_ms });
                }
            },
        }
        if self.questions.open > 0 {
            due.push(self.questions.asked_ms + self.timings.answer_ms);
        }
        if !self.to_write().is_empty() {
            due.push(self.moved_ms + self.timings.stall_ms);
        }
        if let Some(Current { phase: Phase::Awaiting { until_ms, .. }, .. }) = &self.current {
            due.push(*until_ms);
        }
        due.into_iter().min().unwrap_or(u64::MAX)
    }

    fn is_open(&self) -> bool {
        match self.link {
            Link::Waking { .. } | Link::Up => true,
            Link::Down { .. } | Link::Opening => false,
        }
    }

    /// The job waits or is on its way.
    fn has(&self, id: JobId) -> bool {
        let is = |work: &Work| matches!(work, Work::Job(job) if job.id == id);
        self.current.as_ref().is_some_and(|current| is(&current.work)) || self.queue.iter().any(is)
    }

    /// Nothing is on its way: the owner may end.
    pub fn is_idle(&self) -> bool {
        self.current.is_none() && self.queue.is_empty()
    }
}
