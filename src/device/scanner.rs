//! A scanner's owner: one thread that reads the port, cuts frames, drops physical double reads and heals after unplugging.
//! What a frame means is decided elsewhere.

use super::lang::frame::{DoubleFilter, FRAME_BYTES_MAX, Framed, Framer};
use super::lang::wedge::{GsAs, Key, Wedge, take_events};
use super::port::{Close, Port, PortError, READ_BYTES_MAX, Reopen, reopen};
use super::profile::ScannerProfile;
use super::reporter::{Reporter, Sensors};
use super::{DeviceState, Stop};

use std::time::Duration;

/// How long a wait lasts when nothing is due.
const IDLE_WAIT_MS: u64 = 10_000;

pub struct ScannerOwner {
    port: Box<dyn Port>,
    framer: Framer,
    /// Set for a grabbed keyboard: its bytes are key events.
    wedge: Option<Wedge>,
    events: Vec<u8>,
    gs_as: GsAs,
    filter: DoubleFilter,
    reporter: Reporter,
    stop: Stop,
    open: bool,
    reopen: Reopen,
}

impl ScannerOwner {
    /// `keyboard`: the port delivers `struct input_event` instead of the code's bytes.
    pub fn new(port: Box<dyn Port>, profile: &ScannerProfile, keyboard: bool, reporter: Reporter, stop: Stop) -> ScannerOwner {
        ScannerOwner {
            port,
            framer: Framer::new(profile.suffix, profile.prefix.clone().into_bytes(), profile.silence_ms),
            wedge: keyboard.then(|| Wedge::new(&profile.gs_as)),
            events: Vec::new(),
            gs_as: profile.gs_as.clone(),
            filter: DoubleFilter::new(profile.double_ms),
            reporter,
            stop,
            open: false,
            reopen: Reopen::new(reopen::SCANNER_STEPS_MS),
        }
    }

    /// Until told to stop, or until nobody listens.
    pub fn run(mut self) {
        while self.turn() {}
        self.port.close(Close::Gently);
    }

    /// One round: wait, read, report. False when it is over.
    pub fn turn(&mut self) -> bool {
        if self.stop.is_asked() {
            return false;
        }
        let now_ms = self.reporter.clock.monotonic_ms();
        if !self.open {
            if now_ms < self.reopen.due_ms() {
                self.port.wait(false, Duration::from_millis(self.reopen.due_ms() - now_ms));
                return true;
            }
            return self.try_open(now_ms);
        }
        let due_ms = self.framer.deadline_ms().unwrap_or(now_ms + IDLE_WAIT_MS);
        self.port.wait(false, Duration::from_millis(due_ms.saturating_sub(now_ms)));
        self.read()
    }

    fn try_open(&mut self, now_ms: u64) -> bool {
        match self.port.open() {
            Ok(()) => {
                self.open = true;
                self.reopen.succeeded();
                self.forget();
                self.say(DeviceState::Ready, "")
            }
            Err(error) => {
                self.reopen.failed(now_ms);
                self.trouble(&error)
            }
        }
    }

    fn read(&mut self) -> bool {
        let mut bytes = [0u8; READ_BYTES_MAX];
        let read = self.port.read(&mut bytes);
        let now_ms = self.reporter.clock.monotonic_ms();
        let framed = match read {
            Ok(0) => self.framer.silence(now_ms),
            Ok(n) => self.frames(&bytes[..n], now_ms),
            Err(error) => {
                self.open = false;
                self.port.close(Close::Abort);
                self.reopen.failed(now_ms);
                self.forget();
                return self.trouble(&error);
            }
        };
        framed.into_iter().all(|framed| self.report(framed, now_ms))
    }

    fn frames(&mut self, bytes: &[u8], now_ms: u64) -> Vec<Framed> {
        let Some(wedge) = &mut self.wedge else { return self.framer.push(bytes, now_ms) };
        self.events.extend_from_slice(bytes);
        let mut out = Vec::new();
        for event in take_events(&mut self.events) {
            match wedge.event(event) {
                Some(Key::Byte(byte)) => out.extend(self.framer.push(&[byte], now_ms)),
                // The rest of this scan up to its end cannot be trusted.
                Some(Key::Lost) => out.extend(self.framer.spoil(now_ms)),
                None => {}
            }
        }
        out
    }

    fn report(&mut self, framed: Framed, now_ms: u64) -> bool {
        match framed {
            Framed::Frame(frame) => {
                let frame = self.gs_as.restore(frame);
                if !self.filter.admit(&frame, now_ms) {
                    tracing::debug!(device = %self.reporter.name(), "a double read was dropped");
                    return true;
                }
                self.say(DeviceState::Ready, "") && self.reporter.scan(frame)
            }
            Framed::TooLong => self.say(
                DeviceState::Attention { cause: "scan_too_long".into() },
                &format!(
                    "A scan had more than {FRAME_BYTES_MAX} bytes and was dropped. Scan again; if it stays, set the scanner's suffix."
                ),
            ),
            Framed::Torn { bytes } => self.say(
                DeviceState::Attention { cause: "scan_torn".into() },
                &format!(
                    "{bytes} bytes came without the suffix and were dropped. Scan again; if it stays, set the scanner's suffix to CR."
                ),
            ),
        }
    }

    fn forget(&mut self) {
        self.framer.reset();
        self.events.clear();
        if let Some(wedge) = &mut self.wedge {
            wedge.reset();
        }
    }

    fn trouble(&mut self, error: &PortError) -> bool {
        self.say(error.state(), &error.to_string())
    }

    fn say(&mut self, state: DeviceState, hint: &str) -> bool {
        self.reporter.state(state, hint, Sensors::default())
    }
}
