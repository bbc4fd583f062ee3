//! A simulated receipt printer with its drawer, on a TCP port or a pseudo terminal. One thread serves the line and lets time pass.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::line::Bell;
use super::{Fault, PrinterEngine, Pty, Switch, Switches};
use crate::device::PortConfig;
use crate::device::lang::escpos::{Paper, PrinterProfile};

/// The handle for people and tests: what they see, and the switches.
pub struct SimPrinter {
    shared: Arc<Shared>,
    port: PortConfig,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What one would see standing before it.
#[derive(Debug, Clone)]
pub struct PrinterSnapshot {
    /// Grows with every change.
    pub revision: u64,
    pub paper: Paper,
    pub drawer_open: bool,
    pub switches: Switches,
    /// Drawer pulses since the start.
    pub pulses: u32,
    /// Papers cut off since the start.
    pub cuts: u32,
    /// Bytes taken since the start.
    pub received: u64,
    /// Somebody is connected.
    pub connected: bool,
    /// Nothing is left to print.
    pub done: bool,
}

struct Shared {
    state: Mutex<State>,
    bell: Bell,
    stop: AtomicBool,
    started: Instant,
}

struct State {
    engine: PrinterEngine,
    revision: u64,
    connected: bool,
    /// Bytes until the connection breaks.
    cut_after: Option<usize>,
    hang_up: bool,
}

/// Where the driver comes in.
pub(super) enum Line {
    Tcp { listener: TcpListener, peer: Option<TcpStream> },
    Pty(Pty),
}

impl SimPrinter {
    /// Listens on `address` ("127.0.0.1:0" takes a free port). `line_ms`: how long a line takes; 0 is at once.
    pub fn tcp(address: &str, profile: PrinterProfile, line_ms: u64) -> io::Result<SimPrinter> {
        let (line, port) = Line::tcp(address)?;
        SimPrinter::start(line, port, profile, line_ms)
    }

    /// On a pseudo terminal, to be opened as a file, as `/dev/usb/lp0` would be. `link`: a stable path for it.
    pub fn pty(link: Option<&Path>, profile: PrinterProfile, line_ms: u64) -> io::Result<SimPrinter> {
        let (line, port) = Line::pty(link)?;
        SimPrinter::start(line, port, profile, line_ms)
    }

    fn start(line: Line, port: PortConfig, profile: PrinterProfile, line_ms: u64) -> io::Result<SimPrinter> {
        let engine = PrinterEngine::new(profile, line_ms);
        let state = State { engine, revision: 1, connected: false, cut_after: None, hang_up: false };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), bell: Bell::new()?, stop: AtomicBool::new(false), started: Instant::now() });
        let far = shared.clone();
        let thread = std::thread::Builder::new().name("sim-printer".into()).spawn(move || far.run(line))?;
        Ok(SimPrinter { shared, port, thread: Some(thread) })
    }

    /// What the driver's configuration names.
    pub fn port(&self) -> &PortConfig {
        &self.port
    }

    pub fn snapshot(&self) -> PrinterSnapshot {
        let state = self.shared.lock();
        PrinterSnapshot {
            revision: state.revision,
            paper: state.engine.paper().clone(),
            drawer_open: state.engine.is_drawer_open(),
            switches: state.engine.switches(),
            pulses: state.engine.pulses(),
            cuts: state.engine.cuts(),
            received: state.engine.received(),
            connected: state.connected,
            done: state.engine.is_done(),
        }
    }

    pub fn set(&self, switch: Switch, on: bool) {
        self.act(|state, now_ms| {
            state.engine.set(switch, on, now_ms);
            state.hang_up |= switch == Switch::Offline && on;
        });
    }
    pub fn close_drawer(&self) {
        self.act(|state, _| state.engine.close_drawer());
    }
    /// Takes the papers that were cut off.
    pub fn tear_off(&self) {
        self.act(|state, _| state.engine.tear_off());
    }
    /// The roll ends by itself after so many lines.
    pub fn set_lines_left(&self, lines: u32) {
        self.act(|state, _| state.engine.set_lines_left(lines));
    }
    pub fn misbehave(&self, fault: Fault) {
        self.act(|state, _| state.engine.misbehave(fault));
    }
    /// Breaks the connection after so many more bytes.
    pub fn cut_after(&self, bytes: usize) {
        self.act(|state, _| state.cut_after = Some(bytes));
    }
    /// Off and on: the connection breaks, what was not printed is gone.
    pub fn power_cycle(&self) {
        self.act(|state, _| {
            state.engine.power_cycle();
            state.hang_up = true;
        });
    }

    fn act(&self, act: impl FnOnce(&mut State, u64)) {
        let now_ms = self.shared.now_ms();
        let mut state = self.shared.lock();
        act(&mut state, now_ms);
        state.revision += 1;
        drop(state);
        self.shared.bell.ring();
    }
}

impl Drop for SimPrinter {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.bell.ring();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn run(&self, mut line: Line) {
        while !self.stop.load(Ordering::Acquire) {
            let (room, due_ms) = {
                let state = self.lock();
                (state.engine.room(), state.engine.due_ms())
            };
            let now_ms = self.now_ms();
            let timeout = due_ms.map_or(60_000, |due| due.saturating_sub(now_ms).max(1));
            self.bell.wait(&line.wanted(room > 0), Duration::from_millis(timeout));
            self.turn(&mut line);
        }
    }

    fn turn(&self, line: &mut Line) {
        let now_ms = self.now_ms();
        let mut state = self.lock();
        let before = (state.engine.received(), state.engine.is_done(), state.connected);
        state.engine.work(now_ms);
        if std::mem::take(&mut state.hang_up) {
            line.hang_up();
        }
        if line.accept(state.engine.switches().offline) {
            state.engine.connected();
        }
        let most = state.engine.room().min(state.cut_after.unwrap_or(usize::MAX));
        let mut bytes = vec![0; most];
        match line.read(&mut bytes) {
            Ok(count) => {
                state.engine.receive(&bytes[..count], now_ms);
                state.count_down(count, line);
            }
            Err(_) => line.hang_up(),
        }
        let replies = state.engine.take_replies();
        if line.write(&replies).is_err() {
            line.hang_up();
        }
        state.connected = line.is_connected();
        if before != (state.engine.received(), state.engine.is_done(), state.connected) || !replies.is_empty() {
            state.revision += 1;
        }
    }
}

impl State {
    fn count_down(&mut self, count: usize, line: &mut Line) {
        if let Some(left) = &mut self.cut_after {
            *left -= count;
            if *left == 0 {
                self.cut_after = None;
                line.hang_up();
            }
        }
    }
}

impl Line {
    pub(super) fn tcp(address: &str) -> io::Result<(Line, PortConfig)> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let port = PortConfig::Tcp { address: listener.local_addr()?.to_string() };
        Ok((Line::Tcp { listener, peer: None }, port))
    }

    pub(super) fn pty(link: Option<&Path>) -> io::Result<(Line, PortConfig)> {
        let line = Pty::new(link)?;
        let port = PortConfig::File { path: line.path().display().to_string() };
        Ok((Line::Pty(line), port))
    }

    pub(super) fn wanted(&self, to_read: bool) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let flags = if to_read { PollFlags::IN } else { PollFlags::empty() };
        match self {
            Line::Tcp { listener, peer: None } => vec![(listener.as_fd(), PollFlags::IN)],
            Line::Tcp { listener: _, peer: Some(peer) } => vec![(peer.as_fd(), flags)],
            Line::Pty(pty) => vec![(pty.as_fd(), flags)],
        }
    }

    /// True when somebody new is there. While off-line, whoever comes is turned away.
    pub(super) fn accept(&mut self, offline: bool) -> bool {
        let Line::Tcp { listener, peer } = self else { return false };
        if peer.is_some() {
            return false;
        }
        let Ok((stream, _)) = listener.accept() else { return false };
        let usable = !offline && stream.set_nonblocking(true).is_ok() && stream.set_nodelay(true).is_ok();
        *peer = usable.then_some(stream);
        usable
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        match self {
            Line::Tcp { peer: None, .. } => Ok(0),
            Line::Tcp { peer: Some(peer), .. } => match peer.read(into) {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
                other => other,
            },
            Line::Pty(pty) => pty.read(into),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Line::Tcp { peer: Some(peer), .. } => peer.write_all(bytes),
            Line::Tcp { peer: None, .. } => Ok(()),
            Line::Pty(pty) => pty.write_all(bytes),
        }
    }

    pub(super) fn hang_up(&mut self) {
        match self {
            Line::Tcp { peer, .. } => *peer = None,
            // A line of this kind has no connection that could break.
            Line::Pty(_) => {}
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        match self {
            Line::Tcp { peer, .. } => peer.is_some(),
            Line::Pty(_) => true,
        }
    }
}
