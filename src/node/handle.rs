//! The handle by which pages, API, sync and devices reach the loop. Cheap to clone; every queue behind it is bounded.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::screen::{LinkStatus, NextScan, Screen};
use crate::device::{DeviceReport, TestKind};
use crate::ids::{CommandId, DeviceName, Incarnation, StaffId, WorkstationId};
use crate::money::Currency;
use crate::retail::{Answer, Command, Feed, Refusal};

/// Commands and reports that may wait for the loop. Beyond it callers are told to try again.
pub const LOOP_INBOX_MAX: usize = 4096;

/// A command from outside. `id` is made by the client, once per intended act.
#[derive(Debug, Clone)]
pub struct CommandRequest {
    pub id: CommandId,
    pub workstation: Option<WorkstationId>,
    pub staff: Option<StaffId>,
    pub command: Command,
}

/// Why a command did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AskError {
    /// The user can act on it. Text and remedy come from the refusal.
    #[error("{}", .0.happened(.1))]
    Refused(Refusal, Currency),
    #[error("the till is busy: more than {LOOP_INBOX_MAX} requests wait; try again in a moment")]
    Busy,
    /// The journal is fenced or the process is stopping: nothing was acknowledged; it restarts and recovers by itself.
    #[error("the node is restarting; nothing was recorded: try again in a few seconds")]
    Stopping,
}

/// Everything that can reach the loop. Closed.
#[derive(Debug)]
pub enum Input {
    Ask(CommandRequest, oneshot::Sender<Result<Answer, AskError>>),
    Device(DeviceReport),
    Link(LinkStatus),
    /// A feed's file is complete, fsynced, and loaded into the views beside the version in force.
    FeedReady {
        feed: Feed,
        version: u64,
        hash: String,
    },
    /// Head office said that our version is the newest.
    FeedConfirmed {
        feed: Feed,
        at_ms: i64,
    },
    /// Drop a print job of which no byte was sent, or test a device. Not a business act, not recorded.
    DeviceTest {
        device: DeviceName,
        kind: TestKind,
    },
    /// What the next scan at a workstation shall mean: a quantity was typed ahead, or a price check was asked for. Not recorded.
    NextScan {
        workstation: WorkstationId,
        next: NextScan,
    },
    Stop,
}

/// The newest record that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurableHead {
    pub incarnation: Incarnation,
    pub seq: u64,
    /// 64 hex characters.
    pub hash: String,
    /// The newest record with an urgent event; 0 when none.
    pub urgent_seq: u64,
}

#[derive(Clone)]
pub struct Node {
    pub(super) inbox: mpsc::Sender<Input>,
    pub(super) screen: watch::Receiver<Arc<Screen>>,
    pub(super) durable: watch::Receiver<DurableHead>,
    pub(super) shared: Arc<Shared>,
}

/// Read-only things that need no loop.
pub struct Shared {
    pub journal_folder: PathBuf,
    pub feeds_folder: PathBuf,
}

impl Node {
    /// A handle on a loop that someone else plays: the simulation, and tests that stand in for the loop.
    pub fn for_tests(
        inbox: mpsc::Sender<Input>,
        screen: watch::Receiver<Arc<Screen>>,
        durable: watch::Receiver<DurableHead>,
        shared: Arc<Shared>,
    ) -> Node {
        Node { inbox, screen, durable, shared }
    }

    /// Sends a command and waits until its record is durable (soft ones: until applied).
    pub async fn ask(&self, request: CommandRequest) -> Result<Answer, AskError> {
        let (reply, answer) = oneshot::channel();
        self.inbox.try_send(Input::Ask(request, reply)).map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => AskError::Busy,
            mpsc::error::TrySendError::Closed(_) => AskError::Stopping,
        })?;
        answer.await.unwrap_or(Err(AskError::Stopping))
    }

    /// What is on the screens now.
    pub fn screen(&self) -> Arc<Screen> {
        self.screen.borrow().clone()
    }

    /// Wakes at every published change.
    pub fn changes(&self) -> watch::Receiver<Arc<Screen>> {
        self.screen.clone()
    }

    /// The newest durable record, for the uplink.
    pub fn durable(&self) -> watch::Receiver<DurableHead> {
        self.durable.clone()
    }

    /// Facts from devices, sync and timers. Waits when the loop is behind.
    pub async fn tell(&self, input: Input) -> Result<(), AskError> {
        self.inbox.send(input).await.map_err(|_| AskError::Stopping)
    }

    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}
