//! Ports move bytes and know nothing of their meaning. A port is opened by path or address each time anew, so that a device that was
//! unplugged and plugged in again is found under its stable name. Every write says exactly how many bytes were taken: a print job
//! of which no byte was taken may be tried again, any other may not.

mod real;
pub mod reopen;
mod serial_format;

use std::sync::Arc;
use std::time::Duration;

use super::DeviceState;

pub use real::RealPort;
pub use reopen::Reopen;
pub use serial_format::{SerialDataBits, SerialFlow, SerialFormat, SerialParity};

/// Bytes one read hands over at most.
pub const READ_BYTES_MAX: usize = 4096;
/// A connection that is not answered within this is given up.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where bytes go and come from. Two kinds: the machine's ([`RealPort`]) and the simulated one that tests drive with their own clock.
pub trait Port: Send {
    /// Opens the port anew and drops what was waiting to be read. An open port is closed first.
    fn open(&mut self) -> Result<(), PortError>;

    /// Closes the port. Closing a closed port does nothing.
    fn close(&mut self, how: Close);

    /// Waits until something can be read, until bytes can be written when `to_write`, until the port's [`Waker`] rings, or until
    /// the time is over. May return early. On a closed port it waits for the ring or the time alone.
    fn wait(&mut self, to_write: bool, timeout: Duration);

    /// Takes what is there, up to the buffer's length. `Ok(0)`: nothing now.
    fn read(&mut self, into: &mut [u8]) -> Result<usize, PortError>;

    /// Gives bytes and says exactly how many were taken. `Ok(0)`: none now, try when the port can be written.
    /// An error means that none of *these* bytes was taken.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError>;

    /// Ends a [`Port::wait`] from another thread.
    fn waker(&self) -> Waker;
}

/// How a port is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// What was taken may still arrive.
    Gently,
    /// What was taken and has not left yet is dropped, so that a printer that hangs does not print half a paper later.
    Abort,
}

/// Why a port does not work. `cause()` is the short code of the device's state, the message is for the technician.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    #[error("{address} is not there: check the cable and the power")]
    Missing { address: String },
    #[error(
        "{address} may not be opened by this user: install firmware-config/udev/60-counterfoil.rules or add the user to the device's group"
    )]
    Forbidden { address: String },
    #[error("{address} is in use by another program: stop it, or give this device another address")]
    InUse { address: String },
    #[error("{address} did not answer: check that it is switched on and on the network")]
    Unreachable { address: String },
    #[error("{address} is gone: {why}")]
    Lost { address: String, why: String },
    #[error("{address} cannot be opened: {why}")]
    Unusable { address: String, why: String },
}

impl PortError {
    pub fn cause(&self) -> &'static str {
        match self {
            PortError::Missing { .. } => "no_port",
            PortError::Forbidden { .. } => "forbidden",
            PortError::InUse { .. } => "in_use",
            PortError::Unreachable { .. } => "offline",
            PortError::Lost { .. } => "unplugged",
            PortError::Unusable { .. } => "unusable",
        }
    }

    /// What it means for the device: plugged out, a matter for the cashier, or one for the technician.
    pub fn state(&self) -> DeviceState {
        let cause = self.cause().to_owned();
        match self {
            PortError::Missing { .. } => DeviceState::Absent,
            PortError::Lost { .. } | PortError::Unreachable { .. } => DeviceState::Attention { cause },
            PortError::Forbidden { .. } | PortError::InUse { .. } | PortError::Unusable { .. } => DeviceState::Fault { cause },
        }
    }
}

/// Ends a port's wait. Cheap to clone; ringing twice is ringing once.
#[derive(Clone)]
pub struct Waker(Arc<dyn Fn() + Send + Sync>);

impl Waker {
    pub fn new(ring: impl Fn() + Send + Sync + 'static) -> Waker {
        Waker(Arc::new(ring))
    }
    pub fn ring(&self) {
        (self.0)();
    }
}
