//! The journal: what was acknowledged, on disk, once. Append-only, text, and without any idea of what a sale is.
//!
//! Invariants
//!
//! 1. Acknowledged means flushed: [`Journal::flush`] returned, and with it `fdatasync`. Before that nothing leaves the node.
//! 2. One command, one record, one line. A tear never leaves half of a command.
//! 3. Every record names the hash of the one before it. Sequence numbers go on for ever; none is used twice in one incarnation.
//! 4. The first write or flush that fails fences the journal for good. A second try would be answered from the page cache.
//! 5. A start never writes into an older file. What it cannot prove to be on disk it copies, byte for byte, into a new one.
//! 6. A record that was flushed once is never cut, whatever it looks like now, and never taken for the end.
//! 7. A hole is filled by a file of its own, with bytes that its neighbours prove; the damaged file stays as it is.
//!
//! Layout
//!
//! ```text
//! FOLDER/segment-0000000000000001-8f3a….jsonl   records 1 to 811, one line each
//! FOLDER/segment-0000000000000812-8f3a….jsonl   records 812 to …, then zeros: the active segment
//! FOLDER/repair-0000000000000024-0000….jsonl    what was lost in one of them, from head office's copy
//! FOLDER/lock                                   held by the one process that writes
//! ```
//!
//! A segment is named after its first record and ends where the next one begins. The line is laid out in [`record`];
//! `docs/JOURNAL.md` has the bytes for those who write a verifier of their own.
//!
//! The life of a record: `append` encodes it and writes it into zeros that are on disk already; `flush` makes it and all before it
//! durable with one device flush; the next record's `durable_upto` says so, or a mark does after a second of quiet. After a
//! crash the table in `recovery` sorts what it finds by that number.

pub mod record;

mod lines;
mod segment;
mod walk;

mod recovery;
pub mod repair;
mod replay;
pub mod restoring;
mod writer;

pub mod cli;
mod reader;
pub mod verify;

pub mod content;
pub mod disk;
pub mod error;
pub mod hash;
mod key;
pub mod model_disk;

pub use content::{Content, ContentError};
pub use disk::{Disk, Folder};
pub use error::{AppendError, BadRecord, Fenced, OpenError, ReadError};
pub use hash::Hash;
pub use key::{KeyError, NodeKey, PublicKey};
pub use reader::{RawRecord, Reader};
pub use record::{Draft, Hole, Identity, Kind, Link, OwnEvent, Position, Record};
pub use recovery::{Cut, Damage, Opened, RecoveryReport};
pub use repair::{BadRepair, LostRecords, Repair};
pub use replay::{Replay, Replayed};
pub use segment::SegmentName;
pub use verify::{VerifyReport, verify};
pub use walk::Bad;
pub use writer::{Journal, Limits, OpenOptions};
