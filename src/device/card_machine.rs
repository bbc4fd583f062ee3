//! One card terminal's conversation: a machine without I/O. Time and bytes come in; bytes to write, reports and requests to open or close the
//! port go out. Its promise: **an attempt is asked for money at most once, and is reported as ended only on evidence.**
//!
//! ```text
//! closed ─► open ─► register (06 00) ─► read the book (06 20) ─► ready ─► ask (06 01, 06 31, 06 30)
//!                                            ▲                             │ completion with result 0 ─► Approved
//!                                            │                             │ abort, refusal, other result ─► Declined
//!                                            └── unknown ◄─────────────────┘ line cut, silence, no result
//! ```
//!
//! * Before each attempt the machine knows the newest transaction in the terminal's book (its *mark*). When an answer is lost, it asks for the
//!   newest one again: the same mark says that the attempt was not carried out, a new mark with the attempt's amount that it was.
//!   Anything else is no evidence, and a person decides.
//! * An attempt whose mark is not the terminal's present one is not begun: someone was at the terminal meanwhile.
//! * An attempt of which no byte has left was not carried out; that needs no question.
//! * While an attempt's outcome is unknown nothing else is asked of the terminal but that.

use std::collections::VecDeque;

use super::DeviceState;
use super::lang::zvt::status::StatusInformation;
use super::lang::zvt::words::{result_words, status_words};
use super::lang::zvt::{Apdu, Frames, MaskedPan, Message, ReceiptFor, Registration, Request};
use super::port::{Close, PortError, Reopen};
use crate::ids::AttemptId;
use crate::money::Money;
use crate::retail::{CardKind, CardMark, CardProgress, CardProof};

/// Attempts that may wait at one terminal. The core lets one through at a time.
pub const ATTEMPTS_WAITING_MAX: usize = 8;
/// So often the terminal is asked for a lost outcome before a person may decide. It is asked on all the same.
pub const ASKED_BEFORE_DECISION: u32 = 3;
/// Lines of the terminal's receipt that are kept, and characters of each.
pub const SLIP_LINES_MAX: usize = 60;
pub const SLIP_CHARS_MAX: usize = 48;
/// When to try a terminal again that did not answer.
const REOPEN_STEPS_MS: &[u64] = &[500, 1_000, 2_000, 5_000, 10_000];

/// How long what may take. Tests use their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// A message is acknowledged within this (T3 of the protocol).
    pub acknowledge_ms: u64,
    /// Registration and questions about the book are answered within this.
    pub answer_ms: u64,
    /// A customer looks for the card and types a PIN; the terminal itself gives up earlier and says so.
    pub customer_ms: u64,
    /// Between two questions for a lost outcome, while the terminal says that it is busy.
    pub ask_again_ms: u64,
}

impl Default for Timings {
    fn default() -> Timings {
        Timings { acknowledge_ms: 5_000, answer_ms: 15_000, customer_ms: 180_000, ask_again_ms: 8_000 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub registration: Registration,
    /// The language of what people read; terminals that send their own texts are quoted.
    pub german: bool,
    pub timings: Timings,
}

/// One attempt as the record has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub kind: CardKind,
    /// Negative for a refund.
    pub amount: Money,
    pub before: Option<CardMark>,
}

/// What the owner shall do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Open,
    Close(Close),
    Report {
        attempt: AttemptId,
        progress: CardProgress,
    },
    /// The newest transaction in the terminal's book, with its amount.
    Seen(Option<CardMark>, Option<Money>),
}

pub struct CardMachine {
    setting: Setting,
    link: Link,
    reopen: Reopen,
    registered: bool,
    /// The newest transaction in the book as this connection told it; `None` until it did.
    book: Option<Option<CardMark>>,
    frames: Frames,
    outbox: Vec<u8>,
    command: Option<Command>,
    work: Option<Work>,
    waiting: VecDeque<Attempt>,
    /// The next command is not due before.
    pause_until_ms: u64,
    trouble: Option<(DeviceState, String)>,
    out: VecDeque<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Closed,
    Opening,
    Open,
}

/// The command under way on this connection.
struct Command {
    what: What,
    /// Bytes in the outbox before its own: acknowledgements of what came earlier.
    ahead: usize,
    /// Bytes of it that the port has taken.
    taken: usize,
    acknowledged: bool,
    due_ms: u64,
    result: Option<StatusInformation>,
    slip: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Register,
    ReadBook,
    Attempt,
}

struct Work {
    attempt: Attempt,
    phase: Phase,
    /// Questions for its outcome that brought none.
    asked: u32,
    /// The owner was told that a person may decide.
    decidable: bool,
    cancelled: bool,
}

/// Whose move it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Ours: nothing has left.
    Waiting,
    /// The terminal's.
    Asked,
    /// Ours: the outcome is to be asked for.
    Unknown,
}

impl CardMachine {
    pub fn new(setting: Setting) -> CardMachine {
        CardMachine {
            setting,
            link: Link::Closed,
            reopen: Reopen::new(REOPEN_STEPS_MS),
            registered: false,
            book: None,
            frames: Frames::default(),
            outbox: Vec::new(),
            command: None,
            work: None,
            waiting: VecDeque::new(),
            pause_until_ms: 0,
            trouble: None,
            out: VecDeque::new(),
        }
    }

    // ---- orders

    /// Carries an attempt out, once.
    pub fn begin(&mut self, attempt: Attempt) {
        if self.waiting.len() >= ATTEMPTS_WAITING_MAX {
            let reason = result_words(0x9c, self.setting.german);
            return self.report(attempt.id, CardProgress::Declined { reason });
        }
        self.waiting.push_back(attempt);
    }

    /// Finds out how an attempt of an earlier run ended. Goes before all that wait, and is never carried out.
    pub fn recover(&mut self, attempt: Attempt) {
        self.work = Some(Work { attempt, phase: Phase::Unknown, asked: 0, decidable: false, cancelled: false });
        self.book = None;
    }

    /// Asks the terminal to give the attempt up; it may refuse. What has not been sent is dropped.
    pub fn cancel(&mut self, id: AttemptId) {
        if let Some(place) = self.waiting.iter().position(|attempt| attempt.id == id) {
            self.waiting.remove(place);
            return self.report(id, CardProgress::Declined { reason: result_words(0x6c, self.setting.german) });
        }
        let Some(work) = self.work.as_mut().filter(|work| work.attempt.id == id && !work.cancelled) else { return };
        match work.phase {
            Phase::Waiting => self.end(CardProgress::Declined { reason: result_words(0x6c, self.setting.german) }),
            Phase::Asked if self.command.as_ref().is_some_and(|command| command.acknowledged) => {
                work.cancelled = true;
                self.outbox.extend(Request::Abort.apdu().bytes());
            }
            // Not before the terminal has our command, and not for one whose outcome is being asked for.
            Phase::Asked | Phase::Unknown => {}
        }
    }

    /// A person has decided; the terminal is asked no more.
    pub fn forget(&mut self, id: AttemptId) {
        if self.work.as_ref().is_some_and(|work| work.attempt.id == id && work.phase == Phase::Unknown) {
            self.work = None;
            self.book = None;
        }
    }

    // ---- what happens

    pub fn opened(&mut self, now_ms: u64) {
        self.link = Link::Open;
        self.registered = false;
        self.book = None;
        self.pause_until_ms = now_ms;
    }

    pub fn lost(&mut self, error: &PortError, now_ms: u64) {
        self.trouble = Some((error.state(), error.to_string()));
        self.broken(error.cause(), now_ms);
    }

    pub fn wrote(&mut self, count: usize) {
        self.outbox.drain(..count);
        if let Some(command) = &mut self.command {
            let ahead = count.min(command.ahead);
            command.ahead -= ahead;
            command.taken += count - ahead;
        }
    }

    pub fn received(&mut self, bytes: &[u8], now_ms: u64) {
        self.frames.push(bytes);
        while self.link == Link::Open {
            match self.frames.take() {
                Ok(Some(apdu)) => self.take(&Message::read(&apdu), now_ms),
                Ok(None) => return,
                Err(why) => {
                    self.trouble = Some((DeviceState::Attention { cause: "protocol".to_owned() }, why.to_string()));
                    self.hang_up("protocol", now_ms);
                }
            }
        }
    }

    pub fn tick(&mut self, now_ms: u64) {
        match self.link {
            Link::Closed if now_ms >= self.reopen.due_ms() || self.is_urgent() => {
                self.link = Link::Opening;
                self.out.push_back(Output::Open);
            }
            Link::Closed | Link::Opening => {}
            Link::Open => match &self.command {
                Some(command) if now_ms >= command.due_ms => {
                    self.trouble = Some((
                        DeviceState::Attention { cause: "silent".to_owned() },
                        "the terminal does not answer: look at its screen".to_owned(),
                    ));
                    self.hang_up("silent", now_ms);
                }
                Some(_) => {}
                None if now_ms >= self.pause_until_ms => self.next(now_ms),
                None => {}
            },
        }
    }

    // ---- what is wanted

    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    pub fn to_write(&self) -> &[u8] {
        if self.link == Link::Open { &self.outbox } else { &[] }
    }

    /// When the machine wants to be ticked, whatever happens.
    pub fn deadline_ms(&self) -> u64 {
        match (self.link, &self.command) {
            (Link::Closed, _) if self.is_urgent() => 0,
            (Link::Closed, _) => self.reopen.due_ms(),
            (Link::Opening, _) => u64::MAX,
            (Link::Open, Some(command)) => command.due_ms,
            (Link::Open, None) if self.has_something_to_do() => self.pause_until_ms,
            (Link::Open, None) => u64::MAX,
        }
    }

    pub fn state(&self) -> (DeviceState, String) {
        if let Some((state, hint)) = &self.trouble {
            return (state.clone(), hint.clone());
        }
        match (self.link, self.work.is_some(), self.registered) {
            (Link::Open, true, true) => (DeviceState::Busy, String::new()),
            (Link::Open, false, true) => (DeviceState::Ready, String::new()),
            (Link::Open | Link::Closed | Link::Opening, _, _) => (DeviceState::Starting, String::new()),
        }
    }

    // ---- inside

    /// Someone waits at the till: the line is tried at once, one time.
    fn is_urgent(&self) -> bool {
        self.work.is_none() && !self.waiting.is_empty()
    }

    fn has_something_to_do(&self) -> bool {
        !self.registered
            || self.book.is_none()
            || !self.waiting.is_empty()
            || self.work.as_ref().is_some_and(|work| work.phase != Phase::Asked)
    }

    fn next(&mut self, now_ms: u64) {
        let registration = self.setting.registration;
        let password = registration.password;
        if self.work.is_none() {
            self.work = self.waiting.pop_front().map(|attempt| Work {
                attempt,
                phase: Phase::Waiting,
                asked: 0,
                decidable: false,
                cancelled: false,
            });
        }
        if !self.registered {
            return self.send(What::Register, Request::Register(registration), now_ms);
        }
        let is_unknown = self.work.as_ref().is_some_and(|work| work.phase == Phase::Unknown);
        let Some(book) = self.book.filter(|_| !is_unknown) else {
            return self.send(What::ReadBook, Request::RepeatReceipt { password }, now_ms);
        };
        let Some(work) = self.work.as_mut().filter(|work| work.phase == Phase::Waiting) else { return };
        if work.attempt.before != book && work.attempt.kind != CardKind::EndOfDay {
            // The record does not know the terminal's newest transaction yet; without it a lost answer could not be found again.
            let reason = if self.setting.german {
                "das Terminal wurde eben benutzt: noch einmal versuchen"
            } else {
                "the terminal was just used: try again"
            };
            return self.end(CardProgress::Declined { reason: reason.to_owned() });
        }
        let currency = registration.currency;
        let request = match work.attempt.kind {
            CardKind::Payment => Request::Authorise { amount: work.attempt.amount, currency },
            CardKind::Refund => Request::Refund { password, amount: -work.attempt.amount, currency },
            CardKind::Reversal { receipt, .. } => Request::Reverse { password, receipt },
            CardKind::EndOfDay => Request::EndOfDay { password },
        };
        work.phase = Phase::Asked;
        self.send(What::Attempt, request, now_ms);
    }

    fn send(&mut self, what: What, request: Request, now_ms: u64) {
        let ahead = self.outbox.len();
        self.outbox.extend(request.apdu().bytes());
        let due_ms = now_ms + self.setting.timings.acknowledge_ms;
        self.command = Some(Command { what, ahead, taken: 0, acknowledged: false, due_ms, result: None, slip: Vec::new() });
    }

    fn take(&mut self, message: &Message, now_ms: u64) {
        self.trouble = None;
        match message {
            Message::Acknowledge => self.acknowledged(now_ms),
            Message::Refusal(code) => self.refused(*code, now_ms),
            Message::Intermediate { status, text } => {
                self.answer(now_ms);
                let words = text.clone().unwrap_or_else(|| status_words(*status, self.setting.german));
                if let Some(work) = self.work.as_ref().filter(|work| work.phase == Phase::Asked) {
                    self.report(work.attempt.id, CardProgress::Status { text: words });
                }
            }
            Message::Status(said) => {
                self.answer(now_ms);
                if let Some(command) = &mut self.command {
                    command.result = Some(said.clone());
                }
            }
            Message::PrintLine(line) => {
                self.answer(now_ms);
                self.keep(std::slice::from_ref(line));
            }
            Message::PrintBlock(receipt) => {
                self.answer(now_ms);
                // The merchant's copy stays in the terminal; end of day and the like are no part of a sale.
                if receipt.whose == ReceiptFor::Customer {
                    self.keep(&receipt.lines);
                }
            }
            Message::Completion => {
                self.answer(now_ms);
                self.completed(now_ms);
            }
            Message::Abort(code) => {
                self.answer(now_ms);
                self.aborted(*code, now_ms);
            }
            Message::Other { .. } => self.answer(now_ms),
        }
    }

    /// Acknowledges what has just come; it also shows that the terminal is alive.
    fn answer(&mut self, now_ms: u64) {
        let bytes = Apdu::acknowledge().bytes();
        self.outbox.extend(bytes);
        self.alive(now_ms);
    }

    fn alive(&mut self, now_ms: u64) {
        let timings = self.setting.timings;
        if let Some(command) = self.command.as_mut().filter(|command| command.acknowledged) {
            command.due_ms = now_ms
                + match command.what {
                    What::Register | What::ReadBook => timings.answer_ms,
                    What::Attempt => timings.customer_ms,
                };
        }
    }

    fn acknowledged(&mut self, now_ms: u64) {
        if let Some(command) = &mut self.command {
            command.acknowledged = true;
        }
        self.alive(now_ms);
    }

    fn refused(&mut self, code: u8, now_ms: u64) {
        // Behind the acknowledgement of the command a refusal is that of our abort.
        let Some(command) = self.command.take_if(|command| !command.acknowledged) else { return };
        self.without_effect(command.what, code, None, now_ms);
    }

    fn aborted(&mut self, code: u8, now_ms: u64) {
        let Some(command) = self.command.take() else { return };
        match (command.what, command.result) {
            // It said that all went well and then that it did not: the book has the last word.
            (What::Attempt, Some(said)) if said.is_success() => self.lose("contradiction", now_ms),
            (what, said) => self.without_effect(what, code, said, now_ms),
        }
    }

    /// The command came to nothing, by the terminal's own word.
    fn without_effect(&mut self, what: What, code: u8, said: Option<StatusInformation>, now_ms: u64) {
        let words = said.map(|said| said.reason(self.setting.german)).filter(|words| !words.is_empty());
        let words = words.unwrap_or_else(|| result_words(code, self.setting.german));
        match what {
            What::Attempt => {
                // Some terminals count what they decline: what the next lost answer is compared with must be read anew.
                self.book = None;
                self.end(CardProgress::Declined { reason: words });
            }
            What::Register => {
                self.trouble = Some((DeviceState::Attention { cause: "refused".to_owned() }, words.clone()));
                self.pause_until_ms = now_ms + self.setting.timings.ask_again_ms;
                self.not_now(words);
            }
            What::ReadBook if is_busy(code) => {
                self.pause_until_ms = now_ms + self.setting.timings.ask_again_ms;
                self.not_now(words);
            }
            What::ReadBook => self.read(None, now_ms),
        }
    }

    /// The terminal cannot be spoken to now: what waits is given back, what is unknown is asked for later.
    fn not_now(&mut self, reason: String) {
        match self.work.as_ref().map(|work| work.phase) {
            Some(Phase::Waiting) => self.end(CardProgress::Declined { reason }),
            Some(Phase::Unknown) => self.asked_in_vain("no_answer"),
            Some(Phase::Asked) | None => {}
        }
    }

    fn completed(&mut self, now_ms: u64) {
        let Some(command) = self.command.take() else { return };
        match (command.what, command.result) {
            (What::Register, _) => {
                self.registered = true;
                self.reopen.succeeded();
            }
            (What::ReadBook, said) => self.read(said, now_ms),
            (What::Attempt, _) if self.is_end_of_day() => {
                // Numbers may start anew.
                self.book = None;
                self.end(CardProgress::Approved { proof: CardProof::default() });
            }
            (What::Attempt, Some(said)) if said.is_success() => {
                let proof = proof(&said, command.slip);
                self.book = Some(Some(proof.mark()));
                self.end(CardProgress::Approved { proof });
            }
            (What::Attempt, Some(said)) => self.without_effect(What::Attempt, said.result.unwrap_or(0xff), Some(said), now_ms),
            (What::Attempt, None) => self.lose("no_result", now_ms),
        }
    }

    /// The terminal's book was read.
    fn read(&mut self, said: Option<StatusInformation>, now_ms: u64) {
        let mark = said.as_ref().and_then(mark);
        self.book = Some(mark);
        self.out.push_back(Output::Seen(mark, said.as_ref().and_then(|said| said.amount)));
        let Some(work) = self.work.as_ref().filter(|work| work.phase == Phase::Unknown) else { return };
        let amount = Money::from_minor(work.attempt.amount.minor().abs());
        match (said, mark) {
            // An empty book, or one that has not moved.
            (_, found) if found == work.attempt.before => {
                let reason = if self.setting.german { "das Terminal hat keine solche Zahlung" } else { "the terminal has no such payment" };
                self.end(CardProgress::Declined { reason: reason.to_owned() });
            }
            (Some(said), Some(_)) if said.amount == Some(amount) => match said.is_success() {
                true => self.end(CardProgress::Approved { proof: proof(&said, Vec::new()) }),
                false => self.end(CardProgress::Declined { reason: said.reason(self.setting.german) }),
            },
            (Some(_), _) | (None, _) => {
                self.pause_until_ms = now_ms + self.setting.timings.ask_again_ms;
                self.decide("other_transaction");
            }
        }
    }

    fn keep(&mut self, lines: &[String]) {
        if let Some(command) = self.command.as_mut().filter(|command| command.what == What::Attempt) {
            let room = SLIP_LINES_MAX.saturating_sub(command.slip.len());
            command.slip.extend(lines.iter().take(room).map(|line| line.chars().take(SLIP_CHARS_MAX).collect()));
        }
    }

    /// The connection is of no more use.
    fn hang_up(&mut self, cause: &str, now_ms: u64) {
        self.out.push_back(Output::Close(Close::Abort));
        self.broken(cause, now_ms);
    }

    /// The connection is gone: what it took with it is unknown, but for what never left.
    fn broken(&mut self, cause: &str, now_ms: u64) {
        self.link = Link::Closed;
        self.registered = false;
        self.book = None;
        self.frames.clear();
        self.outbox.clear();
        self.reopen.failed(now_ms);
        let command = self.command.take();
        let unreachable = if self.setting.german { "das Terminal ist nicht erreichbar" } else { "the terminal cannot be reached" };
        if self.work.is_none() {
            self.work = self.waiting.pop_front().map(|attempt| Work {
                attempt,
                phase: Phase::Waiting,
                asked: 0,
                decidable: false,
                cancelled: false,
            });
        }
        match (self.work.as_ref().map(|work| work.phase), command) {
            (Some(Phase::Asked), Some(command)) if command.what == What::Attempt && command.taken > 0 => self.lose(cause, now_ms),
            (Some(Phase::Asked | Phase::Waiting), _) => self.end(CardProgress::Declined { reason: unreachable.to_owned() }),
            (Some(Phase::Unknown), _) => self.asked_in_vain("no_answer"),
            (None, _) => {}
        }
    }

    /// An attempt's answer is lost.
    fn lose(&mut self, cause: &str, now_ms: u64) {
        self.book = None;
        self.pause_until_ms = now_ms;
        if self.is_end_of_day() {
            return self.end(CardProgress::Unknown { cause: cause.to_owned(), decidable: false });
        }
        if let Some(work) = &mut self.work {
            work.phase = Phase::Unknown;
            let attempt = work.attempt.id;
            self.report(attempt, CardProgress::Unknown { cause: cause.to_owned(), decidable: false });
        }
    }

    fn asked_in_vain(&mut self, cause: &str) {
        let Some(work) = &mut self.work else { return };
        work.asked += 1;
        if work.asked >= ASKED_BEFORE_DECISION {
            self.decide(cause);
        }
    }

    /// A person may decide now. Said once; the terminal is asked on.
    fn decide(&mut self, cause: &str) {
        let Some(work) = self.work.as_mut().filter(|work| !work.decidable) else { return };
        work.decidable = true;
        let attempt = work.attempt.id;
        self.report(attempt, CardProgress::Unknown { cause: cause.to_owned(), decidable: true });
    }

    /// It moves no money: what became of a lost one is not asked for, it is done again.
    fn is_end_of_day(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.attempt.kind == CardKind::EndOfDay)
    }

    fn end(&mut self, progress: CardProgress) {
        if let Some(work) = self.work.take() {
            self.report(work.attempt.id, progress);
        }
    }

    fn report(&mut self, attempt: AttemptId, progress: CardProgress) {
        self.out.push_back(Output::Report { attempt, progress });
    }
}

/// "Please wait" and "not ready": the terminal is in the middle of something, perhaps of the attempt that is asked for.
fn is_busy(code: u8) -> bool {
    matches!(code, 0x9c | 0xa0)
}

fn mark(said: &StatusInformation) -> Option<CardMark> {
    match (said.receipt, said.trace) {
        (None, None) => None,
        (receipt, trace) => Some(CardMark { receipt: receipt.unwrap_or(0), trace: trace.unwrap_or(0) }),
    }
}

fn proof(said: &StatusInformation, slip: Vec<String>) -> CardProof {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    CardProof {
        card: said.card.as_ref().map(MaskedPan::to_string).unwrap_or_default(),
        card_name: text(&said.card_name),
        receipt: said.receipt.unwrap_or(0),
        trace: said.trace.unwrap_or(0),
        terminal_id: text(&said.terminal_id),
        authorisation: text(&said.authorisation),
        slip,
    }
}
