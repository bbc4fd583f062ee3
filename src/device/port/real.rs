//! The machine's ports: serial and USB-CDC, TCP, `/dev/usb/lp*` and other files, grabbed keyboards. All are non-blocking descriptors under
//! one poll, beside an eventfd that ends the wait. No meaning of bytes in here.

use std::fs::File;
use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{FileType, FlockOperation, Mode, OFlags, fcntl_getfl, fcntl_setfl, flock, fstat};
use rustix::io::Errno;
use serialport::{DataBits, FlowControl, Parity, StopBits, TTYPort};

use super::{CONNECT_TIMEOUT, Close, Port, PortError, SerialDataBits, SerialFlow, SerialFormat, SerialParity, Waker};
use crate::device::PortConfig;

/// `usblp` answers a read with nothing when the printer has nothing to say, and still claims to be readable.
const EMPTY_READ_PAUSE: Duration = Duration::from_millis(50);
/// A dead TCP peer is noticed by the kernel after idle + interval × count = 25 s, behind the heartbeat's back.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_COUNT: u32 = 3;

pub struct RealPort {
    config: PortConfig,
    format: SerialFormat,
    handle: Option<Handle>,
    wake: Arc<OwnedFd>,
    no_read_before: Option<Instant>,
    /// The last wait saw the other end go away.
    hung_up: bool,
}

enum Handle {
    Serial(TTYPort),
    Tcp(TcpStream),
    /// `reads`: false for a FIFO, which would give us our own bytes back.
    File {
        file: OwnedFd,
        reads: bool,
    },
    Evdev(evdev::raw_stream::RawDevice),
}

impl RealPort {
    pub fn new(config: PortConfig, format: SerialFormat) -> RealPort {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).expect("an eventfd: the process is out of descriptors");
        RealPort { config, format, handle: None, wake: Arc::new(wake), no_read_before: None, hung_up: false }
    }

    fn address(&self) -> String {
        self.config.address().to_owned()
    }

    fn lost(&self, why: impl ToString) -> PortError {
        PortError::Lost { address: self.address(), why: why.to_string() }
    }
}

impl Port for RealPort {
    fn open(&mut self) -> Result<(), PortError> {
        self.close(Close::Gently);
        self.no_read_before = None;
        self.hung_up = false;
        let handle = match &self.config {
            PortConfig::Serial { path, baud } => open_serial(path, *baud, self.format)?,
            PortConfig::Tcp { address } => open_tcp(address)?,
            PortConfig::File { path } => open_file(path)?,
            PortConfig::Evdev { path } => open_evdev(path)?,
        };
        self.handle = Some(handle);
        // What was on its way before we came is not for us.
        let mut dropped = [0u8; 4096];
        while matches!(self.read(&mut dropped), Ok(n) if n > 0) {}
        if self.handle.is_none() {
            return Err(self.lost("it went away while it was opened"));
        }
        Ok(())
    }

    fn close(&mut self, how: Close) {
        let Some(handle) = self.handle.take() else { return };
        match (&handle, how) {
            // A reset instead of a farewell: the kernel drops what it has not sent.
            (Handle::Tcp(stream), Close::Abort) => {
                let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
            }
            (Handle::Tcp(stream), Close::Gently) => {
                let _ = stream.shutdown(std::net::Shutdown::Write);
            }
            (Handle::Serial(tty), Close::Abort) => {
                let _ = serialport::SerialPort::clear(tty, serialport::ClearBuffer::Output);
            }
            (Handle::Serial(_) | Handle::File { .. } | Handle::Evdev(_), _) => {}
        }
    }

    fn wait(&mut self, to_write: bool, timeout: Duration) {
        let pause = self.no_read_before.map(|at| at.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero());
        let timeout = pause.map_or(timeout, |left| left.min(timeout));
        let timeout = Timespec { tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: i64::from(timeout.subsec_nanos()) };
        let wake = self.wake.clone();
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, pause.is_none() && self.handle.as_ref().is_some_and(Handle::reads));
        wanted.set(PollFlags::OUT, to_write);
        let mut fds = vec![PollFd::new(&*wake, PollFlags::IN)];
        if let Some(handle) = &self.handle {
            fds.push(PollFd::from_borrowed_fd(handle.as_fd(), wanted));
        }
        // An interrupted wait is an early return, which callers expect.
        let _ = poll(&mut fds, Some(&timeout));
        self.hung_up = fds.get(1).is_some_and(|fd| fd.revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL));
        let _ = rustix::io::read(&*wake, &mut [0u8; 8]);
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize, PortError> {
        let Some(handle) = &self.handle else { return Err(self.lost("it is closed")) };
        let paused = !self.hung_up && self.no_read_before.is_some_and(|at| Instant::now() < at);
        if paused || (!handle.reads() && !self.hung_up) {
            return Ok(0);
        }
        let outcome = match rustix::io::read(handle.as_fd(), into) {
            Ok(0) => match handle {
                Handle::File { .. } if !self.hung_up => {
                    self.no_read_before = Some(Instant::now() + EMPTY_READ_PAUSE);
                    return Ok(0);
                }
                Handle::Tcp(_) => Err("it closed the connection".to_owned()),
                Handle::Serial(_) | Handle::Evdev(_) | Handle::File { .. } => Err("it was unplugged".to_owned()),
            },
            Ok(n) => Ok(n),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(error) => Err(error.to_string()),
        };
        self.no_read_before = None;
        outcome.map_err(|why| {
            self.handle = None;
            self.lost(why)
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        let Some(handle) = &self.handle else { return Err(self.lost("it is closed")) };
        match rustix::io::write(handle.as_fd(), bytes) {
            Ok(n) => Ok(n),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(error) => {
                self.handle = None;
                Err(self.lost(error))
            }
        }
    }

    fn waker(&self) -> Waker {
        let wake = self.wake.clone();
        Waker::new(move || {
            let _ = rustix::io::write(&*wake, &1u64.to_ne_bytes());
        })
    }
}

impl Handle {
    fn reads(&self) -> bool {
        match self {
            Handle::File { reads, .. } => *reads,
            Handle::Serial(_) | Handle::Tcp(_) | Handle::Evdev(_) => true,
        }
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            // SAFETY: the descriptor belongs to `tty`, which lives as long as the borrow of `self`; the crate offers no safe borrow.
            Handle::Serial(tty) => unsafe { BorrowedFd::borrow_raw(tty.as_raw_fd()) },
            Handle::Tcp(stream) => stream.as_fd(),
            Handle::File { file, .. } => file.as_fd(),
            Handle::Evdev(device) => device.as_fd(),
        }
    }
}

fn open_serial(path: &str, baud: u32, format: SerialFormat) -> Result<Handle, PortError> {
    let builder = serialport::new(path, baud)
        .parity(match format.parity {
            SerialParity::None => Parity::None,
            SerialParity::Even => Parity::Even,
            SerialParity::Odd => Parity::Odd,
        })
        .data_bits(match format.data_bits {
            SerialDataBits::Eight => DataBits::Eight,
            SerialDataBits::Seven => DataBits::Seven,
        })
        .stop_bits(StopBits::One)
        .flow_control(match format.flow {
            SerialFlow::None => FlowControl::None,
            SerialFlow::RtsCts => FlowControl::Hardware,
            SerialFlow::XonXoff => FlowControl::Software,
        });
    let address = path.to_owned();
    let tty = TTYPort::open(&builder).map_err(|error| match error.kind() {
        serialport::ErrorKind::NoDevice => PortError::InUse { address: address.clone() },
        serialport::ErrorKind::Io(ErrorKind::NotFound) => PortError::Missing { address: address.clone() },
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied) => PortError::Forbidden { address: address.clone() },
        _ => match std::fs::metadata(path) {
            Err(_) => PortError::Missing { address: address.clone() },
            Ok(_) => PortError::Unusable { address: address.clone(), why: error.to_string() },
        },
    })?;
    let unusable = |error: &dyn std::fmt::Display| PortError::Unusable { address: address.clone(), why: error.to_string() };
    serialport::SerialPort::clear(&tty, serialport::ClearBuffer::Input).map_err(|error| unusable(&error))?;
    let handle = Handle::Serial(tty);
    set_nonblocking(handle.as_fd()).map_err(|error| unusable(&error))?;
    Ok(handle)
}

fn open_tcp(address: &str) -> Result<Handle, PortError> {
    let unusable = |why: String| PortError::Unusable { address: address.to_owned(), why };
    let found = address.to_socket_addrs().map_err(|error| unusable(format!("{error}; write it as host:9100")))?;
    let mut last = unusable("the name has no address".to_owned());
    for socket in found {
        match TcpStream::connect_timeout(&socket, CONNECT_TIMEOUT) {
            Ok(stream) => {
                let settings = (|| {
                    stream.set_nodelay(true)?;
                    stream.set_nonblocking(true)?;
                    rustix::net::sockopt::set_socket_keepalive(&stream, true)?;
                    rustix::net::sockopt::set_tcp_keepidle(&stream, KEEPALIVE_IDLE)?;
                    rustix::net::sockopt::set_tcp_keepintvl(&stream, KEEPALIVE_INTERVAL)?;
                    rustix::net::sockopt::set_tcp_keepcnt(&stream, KEEPALIVE_COUNT)?;
                    std::io::Result::Ok(())
                })();
                settings.map_err(|error| unusable(error.to_string()))?;
                return Ok(Handle::Tcp(stream));
            }
            Err(_) => last = PortError::Unreachable { address: address.to_owned() },
        }
    }
    Err(last)
}

fn open_file(path: &str) -> Result<Handle, PortError> {
    let address = path.to_owned();
    let failed = |error: Errno| match error {
        Errno::NOENT | Errno::NODEV => PortError::Missing { address: address.clone() },
        // A FIFO that nobody reads.
        Errno::NXIO => PortError::Missing { address: address.clone() },
        Errno::ACCESS | Errno::PERM => PortError::Forbidden { address: address.clone() },
        Errno::BUSY | Errno::AGAIN => PortError::InUse { address: address.clone() },
        other => PortError::Unusable { address: address.clone(), why: other.to_string() },
    };
    let is_fifo = rustix::fs::stat(path).map(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo).map_err(failed)?;
    let access = if is_fifo { OFlags::WRONLY } else { OFlags::RDWR };
    let file = rustix::fs::open(path, access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
    let kind = FileType::from_raw_mode(fstat(&file).map_err(failed)?.st_mode);
    match kind {
        FileType::CharacterDevice | FileType::Fifo | FileType::Socket => {}
        _ => return Err(PortError::Unusable { address, why: "it is not a device; name the printer's device file".to_owned() }),
    }
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(failed)?;
    Ok(Handle::File { file, reads: !is_fifo })
}

fn open_evdev(path: &str) -> Result<Handle, PortError> {
    let address = path.to_owned();
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => PortError::Missing { address: address.clone() },
        ErrorKind::PermissionDenied => PortError::Forbidden { address: address.clone() },
        ErrorKind::ResourceBusy => PortError::InUse { address: address.clone() },
        _ => {
            PortError::Unusable { address: address.clone(), why: format!("{error}; name an input device (/dev/input/by-id/...-event-kbd)") }
        }
    };
    let file = File::options().read(true).open(path).map_err(failed)?;
    let mut device = evdev::raw_stream::RawDevice::from_fd(file.into()).map_err(failed)?;
    // A scanner shows several event nodes; only the one with letters and Enter sends scans.
    if !device.supported_keys().is_some_and(|keys| keys.contains(evdev::KeyCode::KEY_ENTER)) {
        return Err(PortError::Unusable {
            address,
            why: "it has no Enter key; name the scanner's keyboard node (...-event-kbd)".to_owned(),
        });
    }
    device.grab().map_err(failed)?;
    set_nonblocking(device.as_fd()).map_err(|error| failed(error.into()))?;
    Ok(Handle::Evdev(device))
}

fn set_nonblocking(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)
}
