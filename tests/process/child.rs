//! One process of the product. It is ended with its test, however the test ends.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// No wait in these tests is meant to last this long.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at something that cannot call us.
const GLANCE: Duration = Duration::from_millis(5);

/// Looks again until there is something to see.
pub fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_at_most(PATIENCE, what, look)
}

pub fn wait_at_most<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: not within {} s", patience.as_secs());
        std::thread::sleep(GLANCE);
    }
}

/// The product, to be run with `arguments`, with nothing of the test's own surroundings that it would listen to.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
    command.args(arguments).stdin(Stdio::null());
    for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RUST_LOG"] {
        command.env_remove(name);
    }
    command
}

/// Runs it to its end.
pub fn run(arguments: &[&str]) -> Output {
    let mut child = Child::spawn(program(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()));
    // What these runs say fits a pipe, so it can be read after the end.
    let status = child.wait_end();
    let process = &mut child.process;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    io::Read::read_to_end(process.stdout.as_mut().expect("piped"), &mut stdout).expect("its words can be read");
    io::Read::read_to_end(process.stderr.as_mut().expect("piped"), &mut stderr).expect("its words can be read");
    Output { status, stdout, stderr }
}

pub struct Child {
    process: std::process::Child,
    /// What runs below it and would outlive it: the traced one under a tracer.
    below: Vec<u32>,
}

impl Child {
    pub fn spawn(command: &mut Command) -> Child {
        let process = command.spawn().unwrap_or_else(|reason| panic!("{:?} does not start: {reason}", command.get_program()));
        Child { process, below: Vec::new() }
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn stdout(&mut self) -> std::process::ChildStdout {
        self.process.stdout.take().expect("piped")
    }

    pub fn mind(&mut self, below: u32) {
        self.below.push(below);
    }

    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().expect("our own child can be waited for")
    }

    pub fn wait_end(&mut self) -> ExitStatus {
        wait_for("the end of a process", || self.has_ended())
    }

    /// The power switch.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// As systemd asks.
    pub fn ask_to_stop(&self) {
        terminate(self.id());
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        for id in &self.below {
            signal(*id, Signal::KILL);
        }
        self.kill();
    }
}

pub fn terminate(id: u32) {
    signal(id, Signal::TERM);
}

pub fn kill(id: u32) {
    signal(id, Signal::KILL);
}

fn signal(id: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It may have ended by itself.
        let _ = kill_process(pid, signal);
    }
}

/// systemd's end of the line on which a service says how it is.
pub struct NotifySocket {
    socket: UnixDatagram,
    path: PathBuf,
}

impl NotifySocket {
    /// In `folder`, as a new socket.
    pub fn new(folder: &Path) -> NotifySocket {
        let path = folder.join("notify");
        // The last process's.
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).expect("a socket can be made in a temporary folder");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a time-out can be set");
        NotifySocket { socket, path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for one message that is `wanted`; those before it are given as well. Ends early, and says so, when the child ends.
    pub fn wait(&self, wanted: &str, child: &mut Child) -> Result<Vec<String>, ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        let mut heard = Vec::new();
        let mut message = [0; 4096];
        loop {
            match self.socket.recv(&mut message) {
                Ok(length) => {
                    heard.extend(String::from_utf8_lossy(&message[..length]).lines().map(str::to_owned));
                    if heard.iter().any(|line| line == wanted) {
                        return Ok(heard);
                    }
                }
                Err(_) => {
                    if let Some(status) = child.has_ended() {
                        return Err(status);
                    }
                }
            }
            assert!(Instant::now() < deadline, "{wanted} was not said; heard {heard:?}");
        }
    }
}

/// Where a process listens on loopback, found in /proc: with port 0 the kernel chose.
pub fn listening(id: u32) -> Option<SocketAddr> {
    let handles = std::fs::read_dir(format!("/proc/{id}/fd")).ok()?;
    let sockets: Vec<String> = handles
        .filter_map(|handle| {
            std::fs::read_link(handle.ok()?.path()).ok()?.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned)
        })
        .collect();
    let table = std::fs::read_to_string(format!("/proc/{id}/net/tcp")).ok()?;
    table.lines().skip(1).find_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let (local, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
        let port = local.strip_prefix("0100007F:").filter(|_| *state == "0A" && sockets.iter().any(|socket| socket == inode))?;
        Some(SocketAddr::from(([127, 0, 0, 1], u16::from_str_radix(port, 16).ok()?)))
    })
}

/// The first child of a process.
pub fn first_below(id: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// A file for what a process says on standard error, and its words for a message.
pub struct Log(PathBuf);

impl Log {
    pub fn new(path: PathBuf) -> Log {
        Log(path)
    }

    /// Goes on below what the last process said.
    pub fn open(&self) -> File {
        File::options().create(true).append(true).open(&self.0).expect("a log in a temporary folder")
    }

    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}
