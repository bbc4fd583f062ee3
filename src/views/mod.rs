//! The read model: articles by code, SKU and name, stock baselines, finished transactions. A function of the feed files and the journal,
//! both on disk, so everything here may be deleted and is rebuilt with the line down. Nothing here decides, and nothing here is truth.
//!
//! Reading order: what is asked here; [`cache`] is what the answers lie in, [`layer`], [`shelf`] and [`ej`] how; [`build`] makes them; [`start`]
//! opens, compares and heals; [`direct`] answers meanwhile.

pub mod cache;
mod sled_cache;

mod block;
mod catalogue;
mod ej;
mod layer;
mod search;
mod shelf;
mod words;

mod build;
pub mod direct;
mod load;
mod manifest;
mod owner;
mod sorting;
mod start;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

pub use ej::{EJ_ENTRIES_MAX, EjEntry};
pub use sled_cache::SledCache;
pub use words::{query_words, words as folded_words};

use cache::CacheError;
use catalogue::Catalogue;
use direct::{Direct, Unfit};
use ej::NumberQuery;
use owner::Job;
use shelf::Shelf;
use start::{Live, Shared};

use crate::ids::{NodeId, Sku, TxnId};
use crate::money::Qty;
use crate::retail::state::AdoptedFeed;
use crate::retail::{Event, Feed, StockFact};
use crate::sync::feed::{Article, CodeKey};

/// Changes on top of a snapshot, at most. Each is one more look for every look-up; head office sends a snapshot long before.
pub const LAYERS_MAX: usize = 64;
/// Articles one search gives, at most.
pub const RESULTS_MAX: usize = 200;
/// Transactions in one page of a list, at most.
pub const TRANSACTIONS_MAX: usize = 1_000;

/// Reads records `from..=to` of the journal in order and hands over each one's sequence and events, until told to break. Called from a
/// thread of the views' own, for the records that the index lacks.
pub type ReadRecords = Arc<dyn Fn(u64, u64, &mut dyn FnMut(u64, &[Event]) -> ControlFlow<()>) -> Result<(), String> + Send + Sync>;

/// What a start needs to know.
#[derive(Clone)]
pub struct Options {
    /// Owned by the views; anything wrong in it is renamed aside.
    pub folder: PathBuf,
    /// Feed files as they arrived; written by whoever receives them. Files that no version in force needs any more are removed.
    pub feeds_folder: PathBuf,
    /// Whose head counts in a stock baseline.
    pub node: NodeId,
    /// What the journal says is in force.
    pub adopted: BTreeMap<Feed, AdoptedFeed>,
    /// The newest record of the journal; 0 when it is empty.
    pub head_seq: u64,
    pub records: ReadRecords,
}

/// Where the cache lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Engine {
    /// On disk. When the disk refuses even a new cache: in memory, until the next start.
    #[default]
    Sled,
    /// In memory: everything is rebuilt at every start.
    Memory,
}

/// What a start found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Why the cache is being rebuilt, in words for the log; `None` when it was sound, or nothing was there to be cached.
    pub rebuilt: Option<String>,
    /// Where the former cache lies now.
    pub set_aside: Option<PathBuf>,
    /// The disk takes no cache: it is in memory until the next start.
    pub in_memory: Option<String>,
}

/// Why a question cannot be answered now. Never "not found".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// Head office has not sent one yet.
    #[error("there is no catalogue yet: it comes with the first contact to head office")]
    NoCatalogue,
    #[error("the {} data is being rebuilt, {percent} % done: try again in a moment", feed.name())]
    Rebuilding { feed: Feed, percent: u8 },
    /// A file is missing or damaged and nothing on disk can replace it.
    #[error("the {} data cannot be read ({why}): it is fetched again as soon as there is a line", feed.name())]
    Broken { feed: Feed, why: String },
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
    /// Lines in its files.
    pub entries: u64,
}

/// Why a feed file was not taken. What is in force stays in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    #[error("{file} is not on disk: fetch it again")]
    Missing { file: String },
    /// The file was removed.
    #[error("{file} is not what head office announced: {why}; fetch it again")]
    Damaged { file: String, why: String },
    #[error("{file} is a change to version {base}, which is not here: fetch a snapshot")]
    NoBase { file: String, base: u64 },
    #[error("{changes} changes lie on top of the last snapshot: fetch a snapshot")]
    TooManyChanges { changes: usize },
    #[error("the views could not store it: {why}")]
    Cache { why: String },
}

/// A handle; cheap to clone. Reads may come from any thread; writes go to one thread of its own.
#[derive(Clone)]
pub struct Views {
    shared: Arc<Shared>,
}

impl Views {
    /// Opens the cache, or sets it aside and begins to rebuild it in the background. Never fails and never waits for a rebuild:
    /// a shop sells with whatever can be answered.
    pub fn open(options: Options) -> (Views, OpenReport) {
        Views::open_with(options, Engine::default())
    }

    pub fn open_with(options: Options, engine: Engine) -> (Views, OpenReport) {
        let (shared, report) = start::open(options, engine);
        (Views { shared }, report)
    }

    pub fn feed(&self, feed: Feed) -> FeedState {
        self.shared.feed_state(feed)
    }

    /// The newest version of a feed that is complete here, whether adopted or not; 0: none, ask for a snapshot.
    pub fn loaded_version(&self, feed: Feed) -> u64 {
        self.shared.loaded_version(feed)
    }

    /// Version of the catalogue and price list in force; 0: none.
    pub fn catalogue_version(&self) -> u64 {
        let in_force = self.shared.live().in_force(Feed::Catalogue).map(|stack| stack.version);
        in_force.or_else(|| self.shared.direct().map(|direct| direct.version)).unwrap_or(0)
    }

    /// The article for the first of `keys` that is known. While the cache is rebuilt, what the feed files have is found all the same,
    /// and the rest is "not now".
    pub fn by_code(&self, keys: &[CodeKey]) -> Result<Option<Hit>, NotNow> {
        let cached = self.ask_catalogue(|catalogue, version| {
            for key in keys {
                if let Some((article, quantity)) = catalogue.by_code(key)? {
                    return Ok(Some(Hit { article, key: key.clone(), quantity, version }));
                }
            }
            Ok(None)
        });
        cached.or_else(|not_now| {
            self.ask_directly(not_now, |direct| {
                let found = direct.by_code(keys)?;
                Ok(found.map(|(article, key, quantity)| Hit { article, key, quantity, version: direct.version }))
            })
        })
    }

    pub fn by_sku(&self, sku: &Sku) -> Result<Option<Article>, NotNow> {
        let cached = self.ask_catalogue(|catalogue, _| catalogue.by_sku(sku));
        cached.or_else(|not_now| self.ask_directly(not_now, |direct| direct.by_sku(sku)))
    }

    /// Articles with a word that begins with each word of `text` (case and accents folded), or with a code or SKU that begins with it.
    /// At most [`RESULTS_MAX`].
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<Article>, NotNow> {
        self.ask_catalogue(|catalogue, _| search::search(catalogue, text, limit.min(RESULTS_MAX)))
    }

    /// The stock baseline of an article; `None` when it has none.
    pub fn stock(&self, sku: &Sku) -> Result<Option<StockFact>, NotNow> {
        let live = self.shared.live();
        let Some(stack) = live.in_force(Feed::Stock) else { return self.shared.nothing_yet(Feed::Stock) };
        let answer = shelf_of(&live, &stack).map_or(Ok(None), |shelf| shelf.baseline(sku));
        self.shared.unless_broken(&live, answer).ok_or_else(|| self.shared.not_now(Feed::Stock))
    }

    /// Up to `limit` articles with a baseline, by SKU, after one of them; with when it was stated. Nothing while the views are being built.
    pub fn baselines_after(&self, after: Option<&Sku>, limit: usize) -> Vec<(Sku, i64)> {
        let live = self.shared.live();
        let Some(stack) = live.in_force(Feed::Stock) else { return Vec::new() };
        let Some(shelf) = shelf_of(&live, &stack) else { return Vec::new() };
        let mut found = Vec::new();
        let answer = shelf.each(&mut |sku, line| {
            let is_later = after.is_none_or(|after| sku > after.as_str());
            if let (true, Ok(sku), Ok(baseline)) = (is_later, Sku::new(sku), shelf.of(line)) {
                found.push((sku, baseline.as_of.ms));
            }
            if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        self.shared.unless_broken(&live, answer);
        found
    }

    /// Which of `skus` get their first baseline by switching to `version` (which is loaded), by the heads those include.
    pub fn newly_settled(&self, version: u64, skus: &mut dyn Iterator<Item = &Sku>) -> Vec<(u64, Vec<Sku>)> {
        let live = self.shared.live();
        let Some(next) = live.loaded(Feed::Stock, version) else { return Vec::new() };
        let now = live.in_force(Feed::Stock);
        let first_baseline = |sku: &Sku| {
            if let Some(before) = now.as_ref().and_then(|stack| shelf_of(&live, stack))
                && before.baseline(sku)?.is_some()
            {
                return Ok(None);
            }
            shelf_of(&live, &next).map_or(Ok(None), |shelf| shelf.baseline(sku))
        };
        let mut by_head: BTreeMap<u64, Vec<Sku>> = BTreeMap::new();
        for sku in skus {
            match self.shared.unless_broken(&live, first_baseline(sku)) {
                Some(Some(fact)) => by_head.entry(fact.head_seq).or_default().push(fact.sku),
                Some(None) => {}
                None => break,
            }
        }
        by_head.into_iter().collect()
    }

    /// Builds a version beside the one in force from its file in the feeds folder. Takes seconds for a large file: call it from a
    /// thread that may block. `progress` is called with percent done. Loading what is loaded already answers at once.
    pub fn load(&self, feed: Feed, version: u64, hash: &str, progress: &dyn Fn(u8)) -> Result<Loaded, LoadError> {
        load::load(&self.shared, feed, version, hash, progress)
    }

    /// Puts a loaded version in force, as a whole: after the record that adopts it is durable. Idempotent. One that is not loaded
    /// (the cache was lost meanwhile) is built in the background.
    pub fn switch(&self, feed: Feed, adopted: &AdoptedFeed) {
        start::switch(&self.shared, feed, adopted);
    }

    /// Takes a durable record into the index. Repeats change nothing.
    pub fn apply(&self, seq: u64, events: &[Event]) {
        let entry = EjEntry::of(seq, events);
        let live = self.shared.applied(seq);
        if let Some(entry) = &entry {
            live.pending().insert(seq, entry.clone());
        }
        // A thread that is gone has left its reason behind, and the next start reads the record again.
        let _ = live.jobs.send(Job::Apply { seq, entry: entry.map(Box::new) });
    }

    /// Finished transactions, newest first, below `before_seq`. At most [`TRANSACTIONS_MAX`].
    pub fn transactions(&self, before_seq: Option<u64>, limit: usize) -> Vec<EjEntry> {
        let (live, limit) = (self.shared.live(), limit.min(TRANSACTIONS_MAX));
        let before = before_seq.unwrap_or(u64::MAX);
        let mut found: BTreeMap<u64, EjEntry> = live.pending().range(..before).rev().take(limit).map(|(k, v)| (*k, v.clone())).collect();
        let cached = self.shared.unless_broken(&live, ej::newest(live.cache.as_ref(), before, limit)).unwrap_or_default();
        found.extend(cached.into_iter().map(|entry| (entry.seq, entry)));
        found.into_values().rev().take(limit).collect()
    }

    /// By printed number ("1-7K3F-000042"), or by workstation and counter alone ("1-42"): then of every incarnation, newest first.
    pub fn find_number(&self, number: &str) -> Vec<EjEntry> {
        let Some(query) = NumberQuery::parse(number) else { return Vec::new() };
        let live = self.shared.live();
        let mut found: BTreeMap<u64, EjEntry> =
            live.pending().iter().filter(|(_, entry)| query.matches(&entry.number)).map(|(k, v)| (*k, v.clone())).collect();
        let cached = self.shared.unless_broken(&live, ej::by_number(live.cache.as_ref(), &query)).unwrap_or_default();
        found.extend(cached.into_iter().map(|entry| (entry.seq, entry)));
        found.into_values().rev().collect()
    }

    pub fn find_txn(&self, txn: &TxnId) -> Option<EjEntry> {
        let live = self.shared.live();
        if let Some(found) = live.pending().values().find(|entry| entry.txn == *txn) {
            return Some(found.clone());
        }
        self.shared.unless_broken(&live, ej::by_txn(live.cache.as_ref(), txn)).flatten()
    }

    /// The first and the last record that the index still lacks, while older ones are being read again.
    pub fn missing_records(&self) -> Option<(u64, u64)> {
        self.shared.live().missing()
    }

    /// How often the cache was set aside and rebuilt since the start: for metrics.
    pub fn heals(&self) -> u32 {
        self.shared.heals()
    }

    /// Makes all of it durable and ends the views' threads. What comes after is not stored, and found missing at the next start.
    pub fn close(&self) {
        start::close(&self.shared);
    }

    fn ask_catalogue<T>(&self, ask: impl FnOnce(&Catalogue<'_>, u64) -> Result<T, CacheError>) -> Result<T, NotNow> {
        let live = self.shared.live();
        let Some(stack) = live.in_force(Feed::Catalogue) else { return Err(self.shared.not_now(Feed::Catalogue)) };
        let catalogue = Catalogue::new(live.cache.as_ref(), &stack.layers);
        let answer = ask(&catalogue, stack.version);
        self.shared.unless_broken(&live, answer).ok_or_else(|| self.shared.not_now(Feed::Catalogue))
    }

    fn ask_directly<T>(&self, not_now: NotNow, ask: impl FnOnce(&Direct) -> Result<Option<T>, Unfit>) -> Result<Option<T>, NotNow> {
        let Some(direct) = self.shared.direct() else { return Err(not_now) };
        match ask(&direct) {
            Ok(Some(found)) => Ok(Some(found)),
            Ok(None) => Err(not_now),
            Err(error) => {
                tracing::warn!(%error, "an article cannot be looked up in the feed files");
                Err(not_now)
            }
        }
    }
}

fn shelf_of<'a>(live: &'a Live, stack: &'a manifest::Stack) -> Option<Shelf<'a>> {
    Some(Shelf { cache: live.cache.as_ref(), info: stack.layers.last()? })
}
