//! Opening, comparing, healing. A start never waits for a rebuild and never fails because of the cache: what is wrong is set aside, a new
//! one is made, and a thread in the background builds it from the feed files and the journal. A cache that fails later, in use,
//! goes the same way.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::cache::{Cache, CacheError, MemoryCache};
use super::direct::Direct;
use super::ej::EjEntry;
use super::load;
use super::manifest::{Manifest, Stack, joined};
use super::owner::{JOBS_MAX, Job, Owner, Pending};
use super::sled_cache::SledCache;
use super::{Engine, FeedState, NotNow, OpenReport, Options};
use crate::retail::Feed;
use crate::retail::state::AdoptedFeed;
use crate::sync::feed::FeedName;

/// A cache that breaks more often than this in one run lies on a disk that should be replaced.
pub const HEALS_MAX: u32 = 3;
/// Transactions taken into the index at once while older records are read again.
const BACKFILL_STEP: usize = 256;

/// Everything the handles share. A broken [`Live`] is replaced by a new one.
pub struct Shared {
    pub options: Options,
    live: watch::Sender<Arc<Live>>,
    /// What the journal says is in force: grows with every switch.
    adopted: Mutex<BTreeMap<Feed, AdoptedFeed>>,
    /// Why a feed that was adopted cannot be served.
    broken: Mutex<BTreeMap<Feed, String>>,
    /// The adopted catalogue from its files, until it is in force.
    direct: Mutex<Option<Arc<Direct>>>,
    /// The newest record applied, or the journal's head at the start.
    head_seq: AtomicU64,
    /// One version is built at a time.
    pub building: Mutex<()>,
    percent: [AtomicU8; Feed::ALL.len()],
    heals: AtomicU32,
    closing: AtomicBool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// One opened cache and its owner.
pub struct Live {
    pub cache: Arc<dyn Cache>,
    /// For files of sorting, without names; `None` when the cache is in memory.
    pub scratch: Option<PathBuf>,
    pub jobs: SyncSender<Job>,
    stacks: Mutex<Stacks>,
    pending: Pending,
    missing: Mutex<Option<(u64, u64)>>,
    is_broken: AtomicBool,
}

/// A cache, what it should hold, and where it lies; `None`: in memory.
struct Opened {
    cache: Arc<dyn Cache>,
    manifest: Manifest,
    folder: Option<PathBuf>,
}

#[derive(Default)]
struct Stacks {
    loaded: BTreeMap<(Feed, u64), Arc<Stack>>,
    in_force: BTreeMap<Feed, Arc<Stack>>,
}

pub fn open(options: Options, engine: Engine) -> (Arc<Shared>, OpenReport) {
    let mut adopted = options.adopted.clone();
    // Books are held by the node itself.
    adopted.retain(|feed, _| !feed.is_book());
    let (opened, report) = open_cache(&options, engine);
    let shared = Arc::new_cyclic(|shared: &Weak<Shared>| {
        let (live, thread) = Live::start(opened, shared.clone());
        Shared {
            live: watch::Sender::new(live),
            adopted: Mutex::new(adopted),
            broken: Mutex::default(),
            direct: Mutex::default(),
            head_seq: AtomicU64::new(options.head_seq),
            building: Mutex::new(()),
            percent: [const { AtomicU8::new(0) }; Feed::ALL.len()],
            heals: AtomicU32::new(0),
            closing: AtomicBool::new(false),
            threads: Mutex::new(vec![thread]),
            options,
        }
    });
    shared.begin_rebuild();
    (shared, report)
}

/// After the record that adopts a version is durable.
pub fn switch(shared: &Arc<Shared>, feed: Feed, adopted: &AdoptedFeed) {
    shared.adopted().insert(feed, adopted.clone());
    shared.broken().remove(&feed);
    if shared.live().force(feed, adopted.version) {
        shared.direct_ends(feed);
        load::prune_files(shared, feed);
    } else {
        shared.begin_rebuild();
    }
}

/// When it returns, nothing of ours holds the folder any more.
pub fn close(shared: &Shared) {
    shared.closing.store(true, Ordering::SeqCst);
    // An owner that ended with an error has said so.
    let _ = shared.live().jobs.send(Job::Close);
    let threads = std::mem::take(&mut *shared.threads.lock().expect("nobody panics with it"));
    for thread in threads {
        // A thread of ours that panicked has ended the process, or healed.
        let _ = thread.join();
    }
    shared.live.send_replace(Arc::new(Live::closed()));
    shared.direct_ends(Feed::Catalogue);
}

impl Shared {
    pub fn live(&self) -> Arc<Live> {
        self.live.borrow().clone()
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    pub fn heals(&self) -> u32 {
        self.heals.load(Ordering::Relaxed)
    }

    pub fn percent(&self, feed: Feed) -> &AtomicU8 {
        &self.percent[feed as usize]
    }

    /// The files of the adopted catalogue, where they can be looked up in and nothing better is in force.
    pub fn direct(&self) -> Option<Arc<Direct>> {
        let direct = self.direct.lock().expect("nobody panics with it").clone();
        direct.filter(|direct| self.is_adopted(Feed::Catalogue, direct.version))
    }

    /// The feed is in force: its files need not be asked any more.
    pub fn direct_ends(&self, feed: Feed) {
        if feed == Feed::Catalogue {
            *self.direct.lock().expect("nobody panics with it") = None;
        }
    }

    /// The adopted version, if that is what `version` is.
    pub fn is_adopted(&self, feed: Feed, version: u64) -> bool {
        self.adopted().get(&feed).is_some_and(|adopted| adopted.version == version)
    }

    /// Remembers how far the journal is, and gives the cache that shall learn of it.
    pub fn applied(&self, seq: u64) -> Arc<Live> {
        self.head_seq.fetch_max(seq, Ordering::SeqCst);
        self.live()
    }

    pub fn feed_state(&self, feed: Feed) -> FeedState {
        if let Some(stack) = self.live().in_force(feed) {
            return FeedState::Ready { version: stack.version, entries: stack.entries() };
        }
        let Some(version) = self.adopted().get(&feed).map(|adopted| adopted.version) else { return FeedState::None };
        match self.broken().get(&feed) {
            Some(why) => FeedState::Broken { version, why: why.clone() },
            None => FeedState::Rebuilding { version, percent: self.percent(feed).load(Ordering::Relaxed) },
        }
    }

    pub fn loaded_version(&self, feed: Feed) -> u64 {
        let live = self.live();
        let stacks = live.stacks();
        let loaded = stacks.loaded.range((feed, 0)..=(feed, u64::MAX)).next_back().map_or(0, |((_, version), _)| *version);
        // What is being rebuilt from disk need not be fetched.
        match self.feed_state_without(feed) {
            Some(version) if loaded == 0 => version,
            Some(_) | None => loaded,
        }
    }

    /// The adopted version while it is being rebuilt.
    fn feed_state_without(&self, feed: Feed) -> Option<u64> {
        let is_broken = self.broken().contains_key(&feed);
        self.adopted().get(&feed).filter(|_| !is_broken).map(|adopted| adopted.version)
    }

    /// Why a feed gives no answer.
    pub fn not_now(&self, feed: Feed) -> NotNow {
        match self.feed_state(feed) {
            FeedState::None => NotNow::NoCatalogue,
            FeedState::Rebuilding { percent, .. } => NotNow::Rebuilding { feed, percent },
            FeedState::Broken { why, .. } => NotNow::Broken { feed, why },
            // It came into force between the question and now.
            FeedState::Ready { .. } => NotNow::Rebuilding { feed, percent: 100 },
        }
    }

    /// For a question about a feed that is not in force: nothing, when nothing was ever adopted.
    pub fn nothing_yet<T>(&self, feed: Feed) -> Result<Option<T>, NotNow> {
        match self.feed_state(feed) {
            FeedState::None => Ok(None),
            FeedState::Rebuilding { .. } | FeedState::Broken { .. } | FeedState::Ready { .. } => Err(self.not_now(feed)),
        }
    }

    /// Passes a good answer on. An error sets the cache aside, and there is no answer.
    pub fn unless_broken<T>(self: &Arc<Shared>, live: &Arc<Live>, answer: Result<T, CacheError>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.broke(live, &error);
                None
            }
        }
    }

    /// Takes a broken cache out of use and begins to make a new one. Only the first to notice does.
    pub fn broke(self: &Arc<Shared>, live: &Arc<Live>, error: &CacheError) {
        if live.is_broken.swap(true, Ordering::SeqCst) || self.is_closing() {
            return;
        }
        live.stacks().in_force.clear();
        let heals = self.heals.fetch_add(1, Ordering::SeqCst);
        tracing::warn!(%error, "the views' cache is broken: it is set aside and rebuilt from feed files and journal");
        let shared = Arc::clone(self);
        self.threads().push(spawn("views-heal", move || shared.heal(heals)));
    }

    fn heal(self: &Arc<Shared>, heals: u32) {
        if self.is_closing() {
            return;
        }
        let head_seq = self.head_seq.load(Ordering::SeqCst);
        let replacement = if heals < HEALS_MAX {
            set_aside(&self.options.folder).map_err(|e| e.to_string()).and_then(|_| fresh(&self.options, head_seq))
        } else {
            Err(format!("the cache broke {heals} times before: check the disk"))
        };
        let opened = replacement.unwrap_or_else(|why| {
            tracing::error!(why, "the views' cache is kept in memory until the next start");
            in_memory(&self.options, head_seq)
        });
        let (live, thread) = Live::start(opened, Arc::downgrade(self));
        self.threads().push(thread);
        self.live.send_replace(live);
        self.begin_rebuild();
    }

    /// Starts the thread that brings the cache up to what is adopted and applied, when something is missing.
    fn begin_rebuild(self: &Arc<Shared>) {
        let live = self.live();
        let adopted = self.adopted().clone();
        for (feed, adopted) in &adopted {
            live.force(*feed, adopted.version);
        }
        let is_complete = adopted.keys().all(|feed| live.in_force(*feed).is_some());
        if !is_complete || live.missing().is_some() {
            let shared = Arc::clone(self);
            self.threads().push(spawn("views-rebuild", move || shared.rebuild(&live)));
        }
    }

    fn rebuild(self: &Arc<Shared>, live: &Arc<Live>) {
        let wanted = self.adopted().clone();
        if let Some(adopted) = wanted.get(&Feed::Catalogue).filter(|_| live.in_force(Feed::Catalogue).is_none()) {
            match load::direct(self, adopted) {
                Ok(direct) => *self.direct.lock().expect("nobody panics with it") = Some(Arc::new(direct)),
                Err(why) => tracing::info!(why, "no article is found until the catalogue is rebuilt"),
            }
        }
        for (feed, adopted) in wanted {
            if live.in_force(feed).is_some_and(|stack| stack.version == adopted.version) {
                continue;
            }
            self.percent(feed).store(0, Ordering::Relaxed);
            match load::rebuild(self, live, feed, &adopted) {
                Ok(()) => {
                    if live.force(feed, adopted.version) {
                        self.direct_ends(feed);
                    }
                }
                Err(error) => {
                    tracing::error!(feed = feed.name(), version = adopted.version, %error, "a feed cannot be rebuilt from disk");
                    self.broken().insert(feed, error.to_string());
                }
            }
        }
        if let Err(why) = self.backfill(live) {
            tracing::error!(why, "the index of transactions cannot be rebuilt: run `counterfoil journal verify`");
        }
    }

    /// Reads the records that the index lacks.
    fn backfill(&self, live: &Live) -> Result<(), String> {
        let Some((from, to)) = live.missing() else { return Ok(()) };
        let mut entries = Vec::new();
        let mut failed = None;
        (self.options.records)(from, to, &mut |seq, events| {
            entries.extend(EjEntry::of(seq, events));
            if entries.len() >= BACKFILL_STEP {
                let left = (seq < to).then_some((seq + 1, to));
                failed = live.backfill(std::mem::take(&mut entries), left).err();
            }
            if failed.is_some() || self.is_closing() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if self.is_closing() {
            return Ok(());
        }
        let result = failed.map_or_else(|| live.backfill(entries, None), Err);
        result.map_err(|e| e.to_string())
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        let mut threads = self.threads.lock().expect("nobody panics with it");
        threads.retain(|thread| !thread.is_finished());
        threads
    }
    fn adopted(&self) -> MutexGuard<'_, BTreeMap<Feed, AdoptedFeed>> {
        self.adopted.lock().expect("nobody panics with it")
    }
    fn broken(&self) -> MutexGuard<'_, BTreeMap<Feed, String>> {
        self.broken.lock().expect("nobody panics with it")
    }
    pub fn mended(&self, feed: Feed) {
        self.broken().remove(&feed);
    }
}

impl Live {
    /// Answers nothing any more.
    fn closed() -> Live {
        Live {
            cache: Arc::new(MemoryCache::default()),
            scratch: None,
            jobs: sync_channel(0).0,
            stacks: Mutex::default(),
            pending: Pending::default(),
            missing: Mutex::new(None),
            is_broken: AtomicBool::new(true),
        }
    }

    fn start(opened: Opened, shared: Weak<Shared>) -> (Arc<Live>, JoinHandle<()>) {
        let Opened { cache, manifest, folder } = opened;
        let (jobs, inbox) = sync_channel(JOBS_MAX);
        let loaded = manifest.stacks.iter().map(|stack| ((stack.feed, stack.version), Arc::new(stack.clone()))).collect();
        let pending = Pending::default();
        let live = Arc::new(Live {
            cache: cache.clone(),
            scratch: folder.as_ref().map(|folder| folder.join(SCRATCH_FOLDER)),
            jobs,
            stacks: Mutex::new(Stacks { loaded, in_force: BTreeMap::new() }),
            pending: pending.clone(),
            missing: Mutex::new(manifest.missing),
            is_broken: AtomicBool::new(false),
        });
        let weak = Arc::downgrade(&live);
        let broke = Box::new(move |error: CacheError| {
            if let (Some(shared), Some(live)) = (shared.upgrade(), weak.upgrade()) {
                shared.broke(&live, &error);
            }
        });
        let owner = Owner { cache, folder, manifest, pending, broke, retired: Vec::new(), dirty_since: None };
        let thread = spawn("views", move || owner.run(inbox));
        (live, thread)
    }

    fn stacks(&self) -> MutexGuard<'_, Stacks> {
        self.stacks.lock().expect("nobody panics with it")
    }

    pub fn in_force(&self, feed: Feed) -> Option<Arc<Stack>> {
        self.stacks().in_force.get(&feed).cloned()
    }

    pub fn loaded(&self, feed: Feed, version: u64) -> Option<Arc<Stack>> {
        self.stacks().loaded.get(&(feed, version)).cloned()
    }

    /// The newest complete version below `version`.
    pub fn loaded_before(&self, feed: Feed, version: u64) -> Option<Arc<Stack>> {
        let stacks = self.stacks();
        stacks.loaded.range((feed, 0)..(feed, version)).next_back().map(|(_, stack)| stack.clone())
    }

    /// Puts a loaded version in force; false when it is not loaded. One look-up sees the old version, the next the new one.
    pub fn force(&self, feed: Feed, version: u64) -> bool {
        let mut stacks = self.stacks();
        let Some(stack) = stacks.loaded.get(&(feed, version)).cloned() else { return false };
        if stacks.in_force.get(&feed).is_some_and(|now| now.version >= version) || self.is_broken.load(Ordering::SeqCst) {
            return true;
        }
        stacks.in_force.insert(feed, stack);
        stacks.loaded.retain(|(of, loaded), _| *of != feed || *loaded >= version);
        drop(stacks);
        // An owner that ended has said why.
        let _ = self.jobs.send(Job::Force { feed, version });
        true
    }

    /// A version is complete: remember it, durably.
    pub fn keep(&self, stack: Stack) -> Result<Arc<Stack>, CacheError> {
        let stack = Arc::new(stack);
        self.ask(|done| Job::Keep { stack: stack.clone(), done })?;
        self.stacks().loaded.insert((stack.feed, stack.version), stack.clone());
        Ok(stack)
    }

    /// Gives the owner a job that is answered, and waits for the answer.
    pub fn ask<T>(&self, job: impl FnOnce(SyncSender<Result<T, CacheError>>) -> Job) -> Result<T, CacheError> {
        let (done, answer) = sync_channel(1);
        let gone = || CacheError::Failed { doing: "asking the views' thread", why: "it has ended".to_owned() };
        self.jobs.send(job(done)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }

    pub fn pending(&self) -> MutexGuard<'_, BTreeMap<u64, EjEntry>> {
        self.pending.lock().expect("nobody panics with it")
    }

    pub fn missing(&self) -> Option<(u64, u64)> {
        *self.missing.lock().expect("nobody panics with it")
    }

    fn backfill(&self, entries: Vec<EjEntry>, next: Option<(u64, u64)>) -> Result<(), CacheError> {
        self.ask(|done| Job::Backfill { entries, next, done })?;
        *self.missing.lock().expect("nobody panics with it") = next;
        Ok(())
    }
}

/// The cache to work with, and what had to be done for it.
fn open_cache(options: &Options, engine: Engine) -> (Opened, OpenReport) {
    let head_seq = options.head_seq;
    let why = match engine {
        Engine::Memory => return (in_memory(options, head_seq), OpenReport::default()),
        Engine::Sled => match reopened(options, head_seq) {
            Ok(opened) => return (opened, OpenReport::default()),
            Err(why) => why,
        },
    };
    let is_needed = head_seq > 0 || !options.adopted.is_empty();
    let mut report = OpenReport { rebuilt: is_needed.then_some(why), ..OpenReport::default() };
    let opened = match set_aside(&options.folder) {
        Ok(aside) => {
            report.set_aside = aside;
            fresh(options, head_seq)
        }
        Err(e) => Err(format!("the old cache in {} cannot be renamed: {e}", options.folder.display())),
    };
    let opened = opened.unwrap_or_else(|why| {
        report.in_memory = Some(why);
        in_memory(options, head_seq)
    });
    (opened, report)
}

/// The cache as it was left, when it can be believed.
fn reopened(options: &Options, head_seq: u64) -> Result<Opened, String> {
    let folder = &options.folder;
    let mut manifest = Manifest::read(folder)?.ok_or("there was none")?;
    let path = folder.join(CACHE_FOLDER);
    if !path.join("db").exists() {
        return Err("it was deleted".to_owned());
    }
    prepare(folder).map_err(|e| e.to_string())?;
    let cache = SledCache::open(&path).map_err(|e| e.to_string())?;
    manifest.agrees_with(&cache, &options.node, head_seq)?;
    let behind = (manifest.applied_seq < head_seq).then_some((manifest.applied_seq + 1, head_seq));
    manifest.missing = joined(manifest.missing, behind);
    manifest.applied_seq = head_seq;
    Ok(Opened { cache: Arc::new(cache), manifest, folder: Some(folder.clone()) })
}

const CACHE_FOLDER: &str = "cache";
/// Files for sorting, without names.
const SCRATCH_FOLDER: &str = "scratch";

fn fresh(options: &Options, head_seq: u64) -> Result<Opened, String> {
    let folder = &options.folder;
    prepare(folder).map_err(|e| format!("{} cannot be used: {e}", folder.display()))?;
    let cache = SledCache::open(&folder.join(CACHE_FOLDER)).map_err(|e| e.to_string())?;
    Ok(Opened { cache: Arc::new(cache), manifest: Manifest::new(options.node.clone(), head_seq), folder: Some(folder.clone()) })
}

fn in_memory(options: &Options, head_seq: u64) -> Opened {
    Opened { cache: Arc::new(MemoryCache::default()), manifest: Manifest::new(options.node.clone(), head_seq), folder: None }
}

fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join(SCRATCH_FOLDER))
}

/// Renames the cache, so that a technician can look at it; of those from before, only the newest is kept.
fn set_aside(folder: &Path) -> io::Result<Option<PathBuf>> {
    let (cache, aside) = (folder.join(CACHE_FOLDER), folder.join("cache.set-aside"));
    // First, so that a crash on the way cannot leave a manifest beside another cache.
    Manifest::remove(folder)?;
    if !cache.exists() {
        return Ok(None);
    }
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    fs::rename(&cache, &aside)?;
    Ok(Some(aside))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.expect("the machine has room for one more thread")
}

/// The file of a version, in the feeds folder.
pub fn feed_path(shared: &Shared, name: &FeedName) -> PathBuf {
    shared.options.feeds_folder.join(name.to_string())
}
