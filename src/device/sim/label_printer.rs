//! A simulated label printer on a TCP port or a pseudo terminal. One thread serves the line and lets time pass.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::line::Bell;
use super::printer::Line;
use super::{LabelEngine, LabelFault, LabelSwitch, LabelSwitches};
use crate::device::PortConfig;
use crate::device::lang::zpl::{LabelPicture, LabelProfile};

/// The handle for people and tests: what they see, and the switches.
pub struct SimLabelPrinter {
    shared: Arc<Shared>,
    port: PortConfig,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What one would see standing before it.
#[derive(Debug, Clone)]
pub struct LabelSnapshot {
    /// Grows with every change.
    pub revision: u64,
    /// Oldest first.
    pub labels: Vec<LabelPicture>,
    pub switches: LabelSwitches,
    /// Bytes taken since the start.
    pub received: u64,
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
    engine: LabelEngine,
    revision: u64,
    connected: bool,
    /// Bytes until its power fails.
    dies_after: Option<usize>,
    hang_up: bool,
}

impl SimLabelPrinter {
    /// Listens on `address` ("127.0.0.1:0" takes a free port). A label takes `label_ms`.
    pub fn tcp(address: &str, profile: LabelProfile, label_ms: u64) -> io::Result<SimLabelPrinter> {
        let (line, port) = Line::tcp(address)?;
        SimLabelPrinter::start(line, port, profile, label_ms)
    }

    /// On a pseudo terminal, to be opened as a file, as `/dev/usb/lp0` would be.
    pub fn pty(link: Option<&Path>, profile: LabelProfile, label_ms: u64) -> io::Result<SimLabelPrinter> {
        let (line, port) = Line::pty(link)?;
        SimLabelPrinter::start(line, port, profile, label_ms)
    }

    fn start(line: Line, port: PortConfig, profile: LabelProfile, label_ms: u64) -> io::Result<SimLabelPrinter> {
        let engine = LabelEngine::new(profile, label_ms);
        let state = State { engine, revision: 1, connected: false, dies_after: None, hang_up: false };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), bell: Bell::new()?, stop: AtomicBool::new(false), started: Instant::now() });
        let far = shared.clone();
        let thread = std::thread::Builder::new().name("sim-labels".into()).spawn(move || far.run(line))?;
        Ok(SimLabelPrinter { shared, port, thread: Some(thread) })
    }

    /// What the driver's configuration names.
    pub fn port(&self) -> &PortConfig {
        &self.port
    }

    pub fn snapshot(&self) -> LabelSnapshot {
        let state = self.shared.lock();
        LabelSnapshot {
            revision: state.revision,
            labels: state.engine.labels().iter().cloned().collect(),
            switches: state.engine.switches(),
            received: state.engine.received(),
            connected: state.connected,
            done: state.engine.is_done(),
        }
    }

    pub fn set(&self, switch: LabelSwitch, on: bool) {
        self.act(|state, now_ms| {
            state.engine.set(switch, on, now_ms);
            state.hang_up |= switch == LabelSwitch::Offline && on;
        });
    }
    pub fn set_labels_left(&self, labels: u32) {
        self.act(|state, _| state.engine.set_labels_left(labels));
    }
    pub fn misbehave(&self, fault: LabelFault) {
        self.act(|state, _| state.engine.misbehave(fault));
    }
    pub fn take_labels_away(&self) {
        self.act(|state, _| state.engine.take_labels_away());
    }
    /// Its power fails after so many more bytes, and stays off until the plug is in again.
    pub fn die_after(&self, bytes: usize) {
        self.act(|state, _| state.dies_after = Some(bytes));
    }
    /// Off and on: the connection breaks, what was not printed is gone.
    pub fn power_cycle(&self) {
        self.act(|state, now_ms| {
            state.engine.power_cycle();
            state.engine.set(LabelSwitch::Offline, false, now_ms);
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

impl Drop for SimLabelPrinter {
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
            let due_ms = self.lock().engine.due_ms();
            let now_ms = self.now_ms();
            let timeout = due_ms.map_or(60_000, |due| due.saturating_sub(now_ms).max(1));
            self.bell.wait(&line.wanted(true), Duration::from_millis(timeout));
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
        let most = state.engine.room().min(state.dies_after.unwrap_or(usize::MAX));
        let mut bytes = vec![0; most];
        match line.read(&mut bytes) {
            Ok(count) => {
                state.engine.receive(&bytes[..count], now_ms);
                state.count_down(count, now_ms, line);
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
    fn count_down(&mut self, count: usize, now_ms: u64, line: &mut Line) {
        let Some(left) = &mut self.dies_after else { return };
        *left -= count;
        if *left == 0 {
            self.dies_after = None;
            self.engine.power_cycle();
            self.engine.set(LabelSwitch::Offline, true, now_ms);
            line.hang_up();
        }
    }
}
