//! The product as a process of its own, started as systemd starts it and asked to stop as systemd asks. Memory and start-up time of
//! anything else would be memory and start-up time of the bench.

use std::fs::File;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{BenchArguments, CannotMeasure, machine};

/// A start that takes longer than this has failed.
const READY_MAX: Duration = Duration::from_secs(600);
/// A stop that takes longer is not clean.
const STOP_MAX: Duration = Duration::from_secs(60);
/// How often a wait looks whether the process is still there.
const GLANCE: Duration = Duration::from_millis(100);

pub struct Child {
    process: std::process::Child,
    /// What it wrote to standard error.
    log: PathBuf,
    pub began: Instant,
}

impl Child {
    /// Starts the program. `folder` takes its log.
    pub fn start(arguments: &BenchArguments, folder: &Path, words: &[&str]) -> Result<Child, CannotMeasure> {
        Child::spawn(arguments, folder, words, None)
    }

    /// Starts a service and waits for its word that it is ready.
    pub fn start_service(arguments: &BenchArguments, folder: &Path, words: &[&str]) -> Result<(Child, Duration), CannotMeasure> {
        let path = folder.join(format!("notify-{}", words[0]));
        // Left over from the start before.
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).map_err(CannotMeasure::doing("making a socket for readiness"))?;
        socket.set_read_timeout(Some(GLANCE)).map_err(CannotMeasure::doing("making a socket for readiness"))?;
        let mut child = Child::spawn(arguments, folder, words, Some(&path))?;
        let mut message = [0u8; 4096];
        while child.began.elapsed() < READY_MAX {
            if let Ok(length) = socket.recv(&mut message)
                && String::from_utf8_lossy(&message[..length]).lines().any(|line| line == "READY=1")
            {
                let ready_after = child.began.elapsed();
                return Ok((child, ready_after));
            }
            if let Ok(Some(status)) = child.process.try_wait() {
                return Err(CannotMeasure::new(&words.join(" "), &format!("it ended ({status}): {}", child.last_words())));
            }
        }
        Err(CannotMeasure::new(&words.join(" "), &format!("it was not ready in time: {}", child.last_words())))
    }

    fn spawn(arguments: &BenchArguments, folder: &Path, words: &[&str], notify: Option<&Path>) -> Result<Child, CannotMeasure> {
        let program = program(arguments)?;
        let log = folder.join(format!("{}.log", words[0]));
        let file = File::create(&log).map_err(CannotMeasure::doing("making a log file"))?;
        let mut command = Command::new(&program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).env_remove("RUST_LOG");
        match notify {
            Some(path) => command.env("NOTIFY_SOCKET", path),
            None => command.env_remove("NOTIFY_SOCKET"),
        };
        let began = Instant::now();
        let process = command.spawn().map_err(CannotMeasure::doing(&format!("starting {}", program.display())))?;
        Ok(Child { process, log, began })
    }

    pub fn resident_bytes(&self) -> Option<u64> {
        machine::resident_bytes(self.process.id())
    }
    pub fn resident_bytes_max(&self) -> Option<u64> {
        machine::resident_bytes_max(self.process.id())
    }
    pub fn anonymous_bytes(&self) -> Option<u64> {
        machine::anonymous_bytes(self.process.id())
    }

    /// Waits for a program that ends by itself; gives how long it took and the most memory it had (looked at every few milliseconds).
    pub fn finished(mut self) -> Result<(Duration, u64), CannotMeasure> {
        let mut resident_max = 0;
        loop {
            // A process that has ended has no memory to look at any more.
            resident_max = self.resident_bytes_max().unwrap_or(0).max(resident_max);
            match self.process.try_wait() {
                Ok(Some(status)) if status.success() => return Ok((self.began.elapsed(), resident_max)),
                Ok(Some(status)) => return Err(CannotMeasure::new("waiting for the program", &format!("{status}: {}", self.last_words()))),
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Err(reason) => return Err(CannotMeasure::new("waiting for the program", &reason.to_string())),
            }
        }
    }

    /// The clean stop.
    pub fn stop(mut self) -> Result<Duration, CannotMeasure> {
        let asked = Instant::now();
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(self.process.id()).unwrap_or(0)) {
            // It may have ended by itself, which the wait below finds out.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        while asked.elapsed() < STOP_MAX {
            match self.process.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(asked.elapsed()),
                Ok(Some(status)) => return Err(CannotMeasure::new("stopping", &format!("{status}: {}", self.last_words()))),
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Err(reason) => return Err(CannotMeasure::new("stopping", &reason.to_string())),
            }
        }
        Err(CannotMeasure::new("stopping", &format!("it did not end in {} s: {}", STOP_MAX.as_secs(), self.last_words())))
    }

    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(3).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // A row that failed half-way must not leave a node behind. One that was stopped is gone already, and both calls say so.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program whose processes are measured.
pub fn program(arguments: &BenchArguments) -> Result<PathBuf, CannotMeasure> {
    match &arguments.program {
        Some(program) => Ok(program.clone()),
        None => std::env::current_exe().map_err(CannotMeasure::doing("finding this program")),
    }
}

/// A port on loopback that was free a moment ago, below those that the system gives to whoever calls out: such a one could be taken before
/// the program listens on it.
pub fn free_port() -> Result<u16, CannotMeasure> {
    const PORTS: std::ops::Range<u16> = 20_000..32_000;
    let mut chance = [0; 2];
    getrandom::fill(&mut chance).map_err(CannotMeasure::doing("finding a free port"))?;
    let first = u16::from_le_bytes(chance) % (PORTS.end - PORTS.start);
    let mut ports = (0..PORTS.end - PORTS.start).map(|step| PORTS.start + (first + step) % (PORTS.end - PORTS.start));
    let free = ports.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.ok_or_else(|| CannotMeasure::new("finding a free port", "there is none"))
}
