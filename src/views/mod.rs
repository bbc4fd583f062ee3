//! The read model: articles by code, SKU and name, stock baselines, finished transactions. A function of the feed files and the journal,
//! both on disk, so everything here may be deleted and is rebuilt with the line down. Nothing here decides, and nothing here is truth.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::ids::{NodeId, ReceiptNo, Sku, StaffId, TxnId, WorkstationId};
use crate::money::{Money, Qty};
use crate::retail::state::AdoptedFeed;
use crate::retail::{Event, Feed, StockFact, TransactionKind};
use crate::sync::feed::{Article, CodeKey};
use crate::time::{BusinessDate, Stamp};

/// Reads records `from..=to` of the journal in order and hands over each one's sequence and events, until told to break. Called from a
/// thread of the views' own, for the records that the index lacks.
pub type ReadRecords = Arc<dyn Fn(u64, u64, &mut dyn FnMut(u64, &[Event]) -> ControlFlow<()>) -> Result<(), String> + Send + Sync>;

/// What a start needs to know.
pub struct Options {
    /// Owned by the views; anything wrong in it is renamed aside.
    pub folder: PathBuf,
    /// Feed files as they arrived; written by whoever receives them.
    pub feeds_folder: PathBuf,
    /// Whose head counts in a stock baseline.
    pub node: NodeId,
    /// What the journal says is in force.
    pub adopted: BTreeMap<Feed, AdoptedFeed>,
    /// The newest record of the journal; 0 when it is empty.
    pub head_seq: u64,
    pub records: ReadRecords,
}

/// What a start found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Why the cache is being rebuilt, in words for the log; `None` when it was sound.
    pub rebuilt: Option<String>,
    /// Where the former cache lies now.
    pub set_aside: Option<PathBuf>,
}

/// A handle; cheap to clone. Reads may come from any thread; writes go to one thread of its own.
#[derive(Clone)]
pub struct Views {}

/// Why a question cannot be answered now. Never "not found".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// Head office has not sent a catalogue yet.
    #[error("there is no catalogue yet: it comes with the first contact to head office")]
    NoCatalogue,
    #[error("the catalogue is being rebuilt, {percent} % done: try again in a moment")]
    Rebuilding { percent: u8 },
    /// A file is missing or damaged and nothing on disk can replace it.
    #[error("the catalogue cannot be read: {why}")]
    Broken { why: String },
}

/// Where a feed stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedState {
    None,
    Ready { version: u64, entries: u64 },
    Rebuilding { version: u64, percent: u8 },
    Broken { version: u64, why: String },
}

/// An article found by a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub article: Article,
    /// The key that was known.
    pub key: CodeKey,
    /// What one scan of it stands for.
    pub quantity: Qty,
    /// Version of the catalogue and price list in force.
    pub version: u64,
}

/// A version that is complete in the views, beside the one in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    pub feed: Feed,
    pub version: u64,
    pub hash: String,
    /// Lines in the file.
    pub entries: u64,
}

/// Why a feed file was not taken. What is in force stays in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    #[error("{file} is not on disk: fetch it again")]
    Missing { file: String },
    /// The file was set aside.
    #[error("{file} is not what head office announced: {why}; fetch it again")]
    Damaged { file: String, why: String },
    #[error("{file} is a change to version {base}, which is not in force here: fetch a snapshot")]
    NoBase { file: String, base: u64 },
    #[error("{changes} changes lie on top of the last snapshot: fetch a snapshot")]
    TooManyChanges { changes: usize },
    #[error("the views could not store it: {why}")]
    Cache { why: String },
}

/// A finished transaction in the electronic journal's index. The record itself is read from the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EjEntry {
    pub seq: u64,
    pub txn: TxnId,
    pub number: ReceiptNo,
    pub kind: TransactionKind,
    pub at: Stamp,
    pub business_date: BusinessDate,
    pub workstation: WorkstationId,
    pub staff: Option<StaffId>,
    /// Before cash rounding.
    pub total: Money,
    pub lines: u32,
    pub training: bool,
}

impl Views {
    /// Opens the cache, or sets it aside and begins to rebuild it in the background. Never fails and never waits for a rebuild:
    /// a shop sells with whatever can be answered.
    pub fn open(_options: Options) -> (Views, OpenReport) {
        (Views {}, OpenReport::default())
    }

    pub fn feed(&self, _feed: Feed) -> FeedState {
        FeedState::None
    }

    /// The article for the first of `keys` that is known.
    pub fn by_code(&self, _keys: &[CodeKey]) -> Result<Option<Hit>, NotNow> {
        Err(NotNow::NoCatalogue)
    }

    pub fn by_sku(&self, _sku: &Sku) -> Result<Option<Article>, NotNow> {
        Err(NotNow::NoCatalogue)
    }

    /// Articles with a word that begins with each word of `text` (case and accents folded), or with a code or SKU that begins with it.
    pub fn search(&self, _text: &str, _limit: usize) -> Result<Vec<Article>, NotNow> {
        Err(NotNow::NoCatalogue)
    }

    /// The stock baseline of an article; `None` when it has none.
    pub fn stock(&self, _sku: &Sku) -> Result<Option<StockFact>, NotNow> {
        Ok(None)
    }

    /// Which of `skus` get their first baseline by switching to `version` (which is loaded), with the heads those include.
    pub fn newly_settled(&self, _version: u64, _skus: &mut dyn Iterator<Item = &Sku>) -> Vec<(u64, Vec<Sku>)> {
        Vec::new()
    }

    /// Builds a version beside the one in force from its file in the feeds folder. Takes seconds for a large file: call it from a
    /// thread that may block. `progress` is called with percent done.
    pub fn load(&self, feed: Feed, version: u64, hash: &str, _progress: &dyn Fn(u8)) -> Result<Loaded, LoadError> {
        Err(LoadError::Missing { file: crate::sync::feed::FeedName::new(feed, version, hash).to_string() })
    }

    /// Puts a loaded version in force, as a whole: after the record that adopts it is durable. Idempotent.
    pub fn switch(&self, _feed: Feed, _adopted: &AdoptedFeed) {}

    /// Takes a durable record into the index. In order of sequence, without gaps.
    pub fn apply(&self, _seq: u64, _events: &[Event]) {}

    /// Finished transactions, newest first, below `before_seq`.
    pub fn transactions(&self, _before_seq: Option<u64>, _limit: usize) -> Vec<EjEntry> {
        Vec::new()
    }

    /// By printed number ("1-7K3F-000042"), or by workstation and counter alone ("1-42"): then of every incarnation, newest first.
    pub fn find_number(&self, _number: &str) -> Vec<EjEntry> {
        Vec::new()
    }

    pub fn find_txn(&self, _txn: &TxnId) -> Option<EjEntry> {
        None
    }

    /// The oldest and newest record that the index still lacks, while older ones are being read again.
    pub fn missing_records(&self) -> Option<(u64, u64)> {
        None
    }

    /// Makes all of it durable and stops the views' thread. What comes after is not stored, and found missing at the next start.
    pub fn close(&self) {}
}
