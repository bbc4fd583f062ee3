//! Every way in which the journal says no, with what happened, to which file, and what to do next.

use std::io;

use super::record::Identity;

/// Why a line is not a record. The text completes "record 812 …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    #[error("has no newline at its end")]
    NoNewline,
    #[error("does not end with a checksum")]
    NoChecksum,
    #[error("has checksum {computed} where {stored} is stored")]
    Checksum { stored: String, computed: String },
    #[error("is longer than {max} bytes")]
    TooLong { max: usize },
    #[error("is of format {0}, which this program does not know")]
    NewerFormat(u64),
    #[error("is not a record: {0}")]
    NotARecord(String),
    #[error("is missing")]
    Missing,
    #[error("has zero bytes before it")]
    Zeros,
    #[error("stands where another sequence number belongs")]
    OutOfOrder,
    #[error("belongs to store {}, node {}", .0.store, .0.node)]
    Foreign(Identity),
    #[error("does not name the hash of the record before it")]
    ChainBroken,
    #[error("begins a new incarnation without a link to the record before it")]
    NoLink,
    #[error("is the first of its segment, and of {other} as well")]
    Fork { other: String },
    #[error("should be signed and is not")]
    Unsigned,
    #[error("has a signature that is not by the key {key}")]
    BadSignature { key: String },
}

/// The journal met a failed write or flush and takes nothing more, because after a failed flush nobody can say what the disk holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal in {folder} stopped: {act} failed ({cause}). Nothing was acknowledged that is not on disk. \
     Check the disk (dmesg, smartctl), then start the node again: it recovers by itself"
)]
pub struct Fenced {
    pub folder: String,
    pub act: String,
    pub cause: String,
}

/// Why a record was not appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    #[error(transparent)]
    Fenced(#[from] Fenced),
    /// Nothing of the record was written and the chain is as it was: the caller may try again when there is room.
    #[error("the disk under {folder} is full: free some space (old logs, exports); nothing is lost and the next sale tries again")]
    DiskFull { folder: String },
    /// A fault of the caller; the chain is as it was.
    #[error("the record cannot be written: {reason}")]
    Unwritable { reason: String },
}

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "another process is using the journal in {folder}: stop it first (systemctl stop counterfoil), or give this one a folder of its own"
    )]
    Locked { folder: String },
    #[error("the disk under {folder} is full and the journal needs {needed} bytes for a new segment: free some space and start again")]
    DiskFull { folder: String, needed: u64 },
    #[error("{act} failed in {folder}: check the disk and that the folder belongs to the user the node runs as")]
    Disk { folder: String, act: String, source: io::Error },
    #[error(
        "the journal in {folder} belongs to store {}, node {}, and this is store {}, node {}: correct the configuration or the folder",
        found.store, found.node, expected.store, expected.node
    )]
    Foreign { folder: String, found: Box<Identity>, expected: Box<Identity> },
    #[error(
        "{folder} holds {first} and {second}, which begin with the same record: two copies of a disk were mixed. Move one of them away"
    )]
    Fork { folder: String, first: String, second: String },
    #[error("{segment} in {folder} holds a record of format {format}{}: install that version or a newer one", written_by(program))]
    Newer { folder: String, segment: String, format: u64, program: Option<String> },
    #[error("{folder} holds {segments} segments and not one readable record: check the disk, and restore the folder or move it away")]
    NothingReadable { folder: String, segments: usize },
}

/// Why stored records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{act} failed in {folder}: check the disk")]
    Disk { folder: String, act: String, source: io::Error },
    #[error("record {seq} is not in {folder}: it is older than the oldest segment, or not written yet")]
    Absent { folder: String, seq: u64 },
    /// Go on with `last_seq + 1`.
    #[error("records {first_seq} to {last_seq} in {folder} are damaged")]
    Hole { folder: String, first_seq: u64, last_seq: u64 },
}

fn written_by(program: &Option<String>) -> String {
    program.as_ref().map(|version| format!(", written by {version}")).unwrap_or_default()
}
