//! A simulated card terminal: a ZVT server on a real TCP port, with its customer, its bank and its own book. The book is its truth: tests
//! compare it with what the till has recorded. The line can be cut at twelve named points of an exchange.
//!
//! It builds its bytes itself, from the protocol's pages and not from the till's encoder, so that one error cannot hide in both.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::line::Bell;
use crate::device::PortConfig;
use crate::device::lang::zvt::bcd::{from_bcd, to_bcd, to_length};
use crate::device::lang::zvt::{Apdu, Frames};

/// The till acknowledges within this, or the line is dropped.
const ACKNOWLEDGE: Duration = Duration::from_secs(5);
/// Nobody shows a card for so long.
const CUSTOMER: Duration = Duration::from_secs(90);
const TERMINAL_ID: [u8; 4] = [0x28, 0x00, 0x48, 0x69];

/// What the customer and the bank do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Approve,
    Decline,
    /// The customer presses the red key.
    Cancel,
    /// No card is shown until another answer is chosen.
    Wait,
}

/// Where the line breaks, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The till's registration came; no answer.
    Registration,
    /// Half of the request came.
    RequestHalf,
    /// The whole request came and was not read.
    RequestWhole,
    /// The request is acknowledged; the terminal goes on by itself.
    Acknowledged,
    /// The first words for the screen were said.
    Status,
    /// The card was read; the bank has not been asked.
    BeforeBank,
    /// The bank has decided; the till has not heard it.
    AfterBank,
    /// Half of the result was sent.
    ResultHalf,
    /// The result was sent; whether it came is not known.
    ResultSent,
    /// The result is acknowledged; the completion was not sent.
    ResultAcknowledged,
    /// The completion was sent; whether it came is not known.
    CompletionSent,
    /// The bank has decided, and the answer to the till's first question about it is lost as well.
    AfterBankAndQuestion,
}

impl Cut {
    pub const ALL: [Cut; 12] = [
        Cut::Registration,
        Cut::RequestHalf,
        Cut::RequestWhole,
        Cut::Acknowledged,
        Cut::Status,
        Cut::BeforeBank,
        Cut::AfterBank,
        Cut::ResultHalf,
        Cut::ResultSent,
        Cut::ResultAcknowledged,
        Cut::CompletionSent,
        Cut::AfterBankAndQuestion,
    ];
}

/// One transaction that went through, as the terminal's own book has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    pub kind: BookedKind,
    /// In minor units, always positive.
    pub amount: u64,
    pub trace: u32,
    pub receipt: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookedKind {
    Payment,
    Refund,
    /// Of the payment with this receipt number.
    Reversal(u32),
}

/// What one would see standing before it.
#[derive(Debug, Clone)]
pub struct TerminalSnapshot {
    /// Grows with every change.
    pub revision: u64,
    pub connected: bool,
    pub offline: bool,
    /// What it shows its customer.
    pub screen: String,
    pub answer: Answer,
    pub cut: Option<Cut>,
    pub book: Vec<Booked>,
    /// Amounts asked for, each request that was read in full.
    pub requests: u64,
    /// Its own days that were closed.
    pub days: u64,
}

impl TerminalSnapshot {
    /// What customers were charged and not given back, in minor units.
    pub fn kept(&self) -> i64 {
        let signed = |booked: &Booked| match booked.kind {
            BookedKind::Payment => i64::try_from(booked.amount).unwrap_or(i64::MAX),
            BookedKind::Refund | BookedKind::Reversal(_) => -i64::try_from(booked.amount).unwrap_or(i64::MAX),
        };
        self.book.iter().map(signed).sum()
    }
}

/// The handle for people and tests.
pub struct SimTerminal {
    shared: Arc<Shared>,
    port: PortConfig,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    bell: Bell,
    stop: AtomicBool,
    /// How long each step takes.
    step: Duration,
}

struct State {
    revision: u64,
    connected: bool,
    offline: bool,
    hang_up: bool,
    screen: String,
    answer: Answer,
    cut: Option<Cut>,
    book: Vec<Booked>,
    numbers: u32,
    requests: u64,
    days: u64,
    /// A transaction that goes on although its line is gone.
    alone: Option<Alone>,
}

struct Alone {
    request: Asked,
    done_at: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    kind: BookedKind,
    amount: u64,
}

/// The line is gone, or was cut on purpose.
struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Gone {
        Gone
    }
}

impl SimTerminal {
    /// Listens on `address` ("127.0.0.1:0" takes a free port). `step`: how long the customer and the bank take for each of their steps.
    pub fn tcp(address: &str, step: Duration) -> io::Result<SimTerminal> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let port = PortConfig::Tcp { address: listener.local_addr()?.to_string() };
        let state = State {
            revision: 1,
            connected: false,
            offline: false,
            hang_up: false,
            screen: "Ready".to_owned(),
            answer: Answer::Approve,
            cut: None,
            book: Vec::new(),
            numbers: 0,
            requests: 0,
            days: 0,
            alone: None,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), bell: Bell::new()?, stop: AtomicBool::new(false), step });
        let far = shared.clone();
        let thread = std::thread::Builder::new().name("sim-terminal".into()).spawn(move || far.run(&listener))?;
        Ok(SimTerminal { shared, port, thread: Some(thread) })
    }

    /// What the driver's configuration names.
    pub fn port(&self) -> &PortConfig {
        &self.port
    }

    pub fn snapshot(&self) -> TerminalSnapshot {
        let mut state = self.shared.lock();
        state.go_on_alone();
        TerminalSnapshot {
            revision: state.revision,
            connected: state.connected,
            offline: state.offline,
            screen: state.screen.clone(),
            answer: state.answer,
            cut: state.cut,
            book: state.book.clone(),
            requests: state.requests,
            days: state.days,
        }
    }

    pub fn answer(&self, answer: Answer) {
        self.act(|state| state.answer = answer);
    }
    /// The next exchange that comes to this point loses its line there.
    pub fn cut(&self, cut: Option<Cut>) {
        self.act(|state| state.cut = cut);
    }
    /// Its network cable is out: nobody gets a connection.
    pub fn set_offline(&self, offline: bool) {
        self.act(|state| {
            state.offline = offline;
            state.hang_up |= offline;
        });
    }
    /// Drops the connection, as some terminals do when nothing happens.
    pub fn hang_up(&self) {
        self.act(|state| state.hang_up = true);
    }

    fn act(&self, act: impl FnOnce(&mut State)) {
        let mut state = self.shared.lock();
        act(&mut state);
        state.revision += 1;
        drop(state);
        self.shared.bell.ring();
    }
}

impl Drop for SimTerminal {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.bell.ring();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn book(&mut self, asked: Asked) -> Booked {
        self.numbers += 1;
        // Trace and receipt differ, so that nobody can mistake one for the other.
        let booked = Booked { kind: asked.kind, amount: asked.amount, trace: 1_000 + self.numbers, receipt: self.numbers };
        self.book.push(booked);
        self.revision += 1;
        booked
    }

    /// A terminal whose line is gone finishes what its customer has begun.
    fn go_on_alone(&mut self) {
        if let Some(alone) = self.alone.take_if(|alone| Instant::now() >= alone.done_at) {
            match self.answer {
                Answer::Approve => drop(self.book(alone.request)),
                Answer::Decline | Answer::Cancel | Answer::Wait => {}
            }
            self.screen = "Ready".to_owned();
        }
    }

    /// True once, when the line is to break here.
    fn breaks(&mut self, cut: Cut) -> bool {
        let here = self.cut == Some(cut);
        if here {
            self.cut = None;
        }
        here
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, listener: &TcpListener) {
        while !self.stop.load(Ordering::Acquire) {
            let Ok((stream, _)) = listener.accept() else {
                self.bell.wait(&[(listener.as_fd(), PollFlags::IN)], Duration::from_secs(60));
                continue;
            };
            if self.lock().offline || stream.set_nonblocking(true).is_err() || stream.set_nodelay(true).is_err() {
                continue;
            }
            {
                let mut state = self.lock();
                state.connected = true;
                state.hang_up = false;
                state.revision += 1;
            }
            let mut line = Line { shared: self, stream, frames: Frames::default(), pending: Vec::new() };
            while line.serve().is_ok() {}
            let mut state = self.lock();
            state.connected = false;
            state.revision += 1;
        }
    }
}

/// One connection.
struct Line<'a> {
    shared: &'a Shared,
    stream: TcpStream,
    frames: Frames,
    /// Bytes of a message that is not whole yet, to see half a request.
    pending: Vec<u8>,
}

impl Line<'_> {
    /// One command of the till.
    fn serve(&mut self) -> Result<(), Gone> {
        let Some(apdu) = self.read(Duration::from_secs(3600))? else { return Ok(()) };
        {
            let mut state = self.shared.lock();
            state.go_on_alone();
            if state.alone.is_some() {
                drop(state);
                return self.write(&Apdu::new(0x84, 0x9c, []));
            }
        }
        match (apdu.class, apdu.instruction) {
            (0x06, 0x00) => {
                if self.shared.lock().breaks(Cut::Registration) {
                    return Err(Gone);
                }
                self.write(&Apdu::acknowledge())?;
                self.say(&Apdu::new(0x06, 0x0f, [0x19, 0x00, 0x29].into_iter().chain(TERMINAL_ID).collect::<Vec<u8>>()))
            }
            (0x05, 0x01) => {
                self.write(&Apdu::acknowledge())?;
                self.say(&Apdu::new(0x06, 0x0f, [0x00]))
            }
            (0x06, 0x50) => {
                self.write(&Apdu::acknowledge())?;
                self.shared.lock().days += 1;
                self.say(&Apdu::new(0x06, 0xd1, [0x40].into_iter().chain(*b"End of day").collect::<Vec<u8>>()))?;
                self.say(&Apdu::new(0x06, 0x0f, []))
            }
            (0x06, 0x20) => self.repeat(),
            (0x06, 0x01) => self.transact(BookedKind::Payment, amount(&apdu.data)),
            (0x06, 0x31) => self.transact(BookedKind::Refund, amount(apdu.data.get(3..).unwrap_or_default())),
            (0x06, 0x30) => {
                let receipt = apdu.data.get(4..6).and_then(from_bcd).and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
                let found = {
                    let state = self.shared.lock();
                    let reversed = state.book.iter().any(|booked| booked.kind == BookedKind::Reversal(receipt));
                    state.book.iter().find(|booked| booked.receipt == receipt && booked.kind == BookedKind::Payment && !reversed).copied()
                };
                match found {
                    Some(booked) => self.transact(BookedKind::Reversal(receipt), booked.amount),
                    None => {
                        self.write(&Apdu::acknowledge())?;
                        self.say(&Apdu::new(0x06, 0x1e, [0xb5]))
                    }
                }
            }
            (0x80, 0x00) => Ok(()),
            // An abort while nothing runs, and whatever else we do not know.
            _ => self.write(&Apdu::new(0x84, 0x83, [])),
        }
    }

    fn repeat(&mut self) -> Result<(), Gone> {
        self.write(&Apdu::acknowledge())?;
        let last = self.shared.lock().book.last().copied();
        if self.shared.lock().breaks(Cut::AfterBankAndQuestion) {
            return Err(Gone);
        }
        match last {
            Some(booked) => {
                self.say(&result(booked))?;
                self.say(&Apdu::new(0x06, 0x0f, []))
            }
            None => self.say(&Apdu::new(0x06, 0x1e, [0x64])),
        }
    }

    fn transact(&mut self, kind: BookedKind, amount: u64) -> Result<(), Gone> {
        let asked = Asked { kind, amount };
        if self.shared.lock().breaks(Cut::RequestWhole) {
            return Err(Gone);
        }
        self.shared.lock().requests += 1;
        let outcome = self.converse(asked);
        let mut state = self.shared.lock();
        if outcome.is_err() && state.screen != "Ready" {
            // From the acknowledgement on it is the customer's and the bank's business; they do not need our line.
            state.alone = Some(Alone { request: asked, done_at: Instant::now() + self.shared.step });
        } else {
            state.screen = "Ready".to_owned();
        }
        state.revision += 1;
        outcome
    }

    /// From here on the screen says "Ready" again as soon as nothing is left to go on alone.
    fn converse(&mut self, asked: Asked) -> Result<(), Gone> {
        self.show(&format!("{} Insert or hold the card", words(asked)));
        self.write(&Apdu::acknowledge())?;
        self.breaks(Cut::Acknowledged)?;
        self.say(&Apdu::new(0x04, 0xff, [0x0a, 0x01]))?;
        self.breaks(Cut::Status)?;
        let answer = match self.customer()? {
            Some(answer) => answer,
            None => return self.give_up(0x6c),
        };
        match answer {
            Answer::Cancel | Answer::Wait => return self.give_up(0x6c),
            Answer::Approve | Answer::Decline => {}
        }
        self.show(&format!("{} Asking the bank", words(asked)));
        self.breaks(Cut::BeforeBank)?;
        self.say(&Apdu::new(0x04, 0xff, [0x04, 0x01]))?;
        self.pause(self.shared.step)?;
        match answer {
            Answer::Decline => {
                self.show("Ready");
                self.lost_with_the_bank()?;
                self.say(&Apdu::new(0x04, 0xff, [0x1d, 0x01]))?;
                self.result(&Apdu::new(0x04, 0x0f, [0x27, 0x71]))?;
                self.say(&Apdu::new(0x06, 0x1e, [0x71]))?;
                self.breaks(Cut::CompletionSent)
            }
            Answer::Approve | Answer::Cancel | Answer::Wait => {
                // Booked: whatever becomes of the line now, the money has moved.
                let booked = self.shared.lock().book(asked);
                self.show("Ready");
                self.lost_with_the_bank()?;
                self.result(&result(booked))?;
                self.write(&Apdu::new(0x06, 0x0f, []))?;
                self.breaks(Cut::CompletionSent)?;
                self.acknowledged()
            }
        }
    }

    /// What the customer does, or `None` when the till aborts or the time is over.
    fn customer(&mut self) -> Result<Option<Answer>, Gone> {
        let began = Instant::now();
        self.pause(self.shared.step)?;
        loop {
            let answer = self.shared.lock().answer;
            if answer != Answer::Wait {
                return Ok(Some(answer));
            }
            if began.elapsed() > CUSTOMER {
                return Ok(None);
            }
            if let Some(apdu) = self.read(Duration::from_millis(100))?
                && (apdu.class, apdu.instruction) == (0x06, 0xb0)
            {
                self.write(&Apdu::acknowledge())?;
                return Ok(None);
            }
        }
    }

    fn give_up(&mut self, code: u8) -> Result<(), Gone> {
        self.show("Ready");
        self.say(&Apdu::new(0x06, 0x1e, [code]))
    }

    fn lost_with_the_bank(&mut self) -> Result<(), Gone> {
        self.breaks(Cut::AfterBank)?;
        if self.shared.lock().cut == Some(Cut::AfterBankAndQuestion) {
            return Err(Gone);
        }
        Ok(())
    }

    fn result(&mut self, apdu: &Apdu) -> Result<(), Gone> {
        if self.shared.lock().breaks(Cut::ResultHalf) {
            let bytes = apdu.bytes();
            self.write_bytes(&bytes[..bytes.len() / 2])?;
            return Err(Gone);
        }
        self.write(apdu)?;
        self.breaks(Cut::ResultSent)?;
        self.acknowledged()?;
        self.breaks(Cut::ResultAcknowledged)
    }

    fn breaks(&mut self, cut: Cut) -> Result<(), Gone> {
        if self.shared.lock().breaks(cut) { Err(Gone) } else { Ok(()) }
    }

    fn show(&self, words: &str) {
        let mut state = self.shared.lock();
        state.screen = words.to_owned();
        state.revision += 1;
    }

    /// A message and its acknowledgement.
    fn say(&mut self, apdu: &Apdu) -> Result<(), Gone> {
        self.write(apdu)?;
        self.acknowledged()
    }

    fn acknowledged(&mut self) -> Result<(), Gone> {
        let give_up = Instant::now() + ACKNOWLEDGE;
        while Instant::now() < give_up {
            match self.read(give_up.saturating_duration_since(Instant::now()))? {
                Some(apdu) if apdu.is_acknowledge() => return Ok(()),
                // An abort that comes too late is refused.
                Some(_) => self.write(&Apdu::new(0x84, 0x83, []))?,
                None => {}
            }
        }
        Err(Gone)
    }

    fn pause(&mut self, length: Duration) -> Result<(), Gone> {
        let until = Instant::now() + length;
        while Instant::now() < until {
            if self.shared.stop.load(Ordering::Acquire) || self.shared.lock().hang_up {
                return Err(Gone);
            }
            self.shared.bell.wait(&[], until.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }

    /// The next message of the till; `None` when none came in time.
    fn read(&mut self, patience: Duration) -> Result<Option<Apdu>, Gone> {
        let give_up = Instant::now() + patience;
        loop {
            if let Ok(Some(apdu)) = self.frames.take() {
                self.pending.clear();
                return Ok(Some(apdu));
            }
            if self.shared.stop.load(Ordering::Acquire) || self.shared.lock().hang_up {
                return Err(Gone);
            }
            let left = give_up.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.shared.bell.wait(&[(self.stream.as_fd(), PollFlags::IN)], left);
            let mut bytes = [0u8; 512];
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(Gone),
                Ok(count) => {
                    self.pending.extend(&bytes[..count]);
                    // Half of a request for money: what came of the rest is of no interest any more.
                    let is_money = matches!(self.pending.as_slice(), [0x06, 0x01 | 0x30 | 0x31, ..]);
                    if is_money && self.shared.lock().breaks(Cut::RequestHalf) {
                        return Err(Gone);
                    }
                    self.frames.push(&bytes[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(Gone),
            }
        }
    }

    fn write(&mut self, apdu: &Apdu) -> Result<(), Gone> {
        self.write_bytes(&apdu.bytes())
    }

    fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        // A frame of a few hundred bytes always has room in the socket.
        Ok(self.stream.write_all(bytes)?)
    }
}

fn amount(data: &[u8]) -> u64 {
    match data {
        [0x04, bcd @ ..] => bcd.get(..6).and_then(from_bcd).unwrap_or(0),
        _ => 0,
    }
}

fn words(asked: Asked) -> String {
    let kind = match asked.kind {
        BookedKind::Payment => "Pay",
        BookedKind::Refund => "Refund",
        BookedKind::Reversal(_) => "Reversal",
    };
    format!("{kind} {}.{:02}", asked.amount / 100, asked.amount % 100)
}

/// Status information of a transaction that went through. It sends a whole card number, as careless terminals do: the till has to mask it.
fn result(booked: Booked) -> Apdu {
    let mut data = vec![0x27, 0x00, 0x04];
    data.extend(to_bcd::<6>(booked.amount));
    data.push(0x0b);
    data.extend(to_bcd::<3>(booked.trace.into()));
    data.extend([0x0c, 0x10, 0x20, 0x30, 0x0d, 0x11, 0x26, 0x22, 0xf0, 0xf8, 0x40, 0x12, 0x88, 0x88, 0x88, 0x88, 0x18, 0x81]);
    data.push(0x29);
    data.extend(TERMINAL_ID);
    data.push(0x3b);
    data.extend(format!("{:06}\0\0", 611_000 + booked.receipt).bytes());
    data.extend([0x49, 0x09, 0x78, 0x87]);
    data.extend(to_bcd::<2>(booked.receipt.into()));
    data.push(0x8b);
    let name = b"Visa Credit\0";
    data.extend(to_length::<2>(name.len()));
    data.extend(name);
    Apdu::new(0x04, 0x0f, data)
}
