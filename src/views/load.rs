//! From a file in the feeds folder to a complete version in the cache: found, proved to be the announced one, built beside the one in
//! force, made durable. Also the way back after the cache was lost: which files make up the version that the journal says is in force.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::build::{BuildError, build_catalogue, build_stock};
use super::cache::CacheError;
use super::direct::Direct;
use super::layer::LayerInfo;
use super::manifest::Stack;
use super::owner::Job;
use super::shelf::Shelf;
use super::start::{Live, Shared, feed_path};
use super::{LAYERS_MAX, LoadError, Loaded};
use crate::retail::Feed;
use crate::retail::state::AdoptedFeed;
use crate::sync::feed::{FeedName, FeedReader, hash_of};

/// For [`super::Views::load`].
pub fn load(shared: &Arc<Shared>, feed: Feed, version: u64, hash: &str, progress: &dyn Fn(u8)) -> Result<Loaded, LoadError> {
    let _one_at_a_time = shared.building.lock().expect("nobody panics with it");
    let live = shared.live();
    let stack = match live.loaded(feed, version) {
        Some(stack) => stack,
        None => build(shared, &live, &FeedName::new(feed, version, hash), hash, progress)?,
    };
    // The version that is adopted and could not be rebuilt from disk: the same content, fetched again.
    if shared.is_adopted(feed, version) && live.force(feed, version) {
        shared.mended(feed);
        shared.direct_ends(feed);
    }
    Ok(Loaded { feed, version, hash: hash.to_owned(), entries: stack.entries() })
}

/// Builds the adopted version from the files on disk.
pub fn rebuild(shared: &Arc<Shared>, live: &Arc<Live>, feed: Feed, adopted: &AdoptedFeed) -> Result<(), LoadError> {
    let _one_at_a_time = shared.building.lock().expect("nobody panics with it");
    let files = match feed {
        Feed::Catalogue => catalogue_files(shared, adopted)?,
        Feed::Stock => stock_files(shared, adopted)?,
        Feed::Staff | Feed::Prices | Feed::Keys | Feed::Recalls | Feed::Configuration => unreachable!("books do not go into the views"),
    };
    let count = files.len() as u64;
    for (done, (name, hash)) in (0u64..).zip(files) {
        if live.loaded(feed, name.version).is_none() {
            let percent = shared.percent(feed);
            let progress = |of_file: u8| percent.store(((done * 100 + u64::from(of_file)) / count) as u8, Ordering::Relaxed);
            build(shared, live, &name, &hash, &progress)?;
        }
    }
    Ok(())
}

/// The adopted catalogue straight from its files.
pub fn direct(shared: &Arc<Shared>, adopted: &AdoptedFeed) -> Result<Direct, String> {
    let words = |error: LoadError| error.to_string();
    let names = catalogue_files(shared, adopted).map_err(words)?;
    let mut files = Vec::new();
    for (name, hash) in names {
        prove(shared, &name, &hash).map_err(words)?;
        files.push(file(shared, &name).map_err(words)?);
    }
    Direct::open(adopted.version, files).map_err(|error| error.to_string())
}

/// Removes catalogue files that the version in force is not made of. Stock files stay: each holds baselines that later ones do not repeat.
pub fn prune_files(shared: &Shared, feed: Feed) {
    let Some(stack) = shared.live().in_force(feed).filter(|_| feed == Feed::Catalogue) else { return };
    let oldest_needed = stack.layers.first().map_or(0, |layer| layer.version);
    for name in names_in(&shared.options.feeds_folder, feed).unwrap_or_default() {
        if name.version < oldest_needed
            && let Err(error) = fs::remove_file(feed_path(shared, &name))
        {
            tracing::warn!(%name, %error, "an old feed file could not be removed");
        }
    }
}

/// The snapshot and the changes that lead to the adopted version. A version may be here twice: as a change, and as the snapshot that was
/// fetched when one of the files below it was lost.
fn catalogue_files(shared: &Shared, adopted: &AdoptedFeed) -> Result<Vec<(FeedName, String)>, LoadError> {
    let name = FeedName::new(Feed::Catalogue, adopted.version, &adopted.hash);
    let by_bases = files_by_bases(shared, name.clone(), adopted.hash.clone());
    let Err(error) = by_bases else { return by_bases };
    for other in names_in(&shared.options.feeds_folder, Feed::Catalogue).unwrap_or_default() {
        if other.version == adopted.version && other != name {
            let hash = hash_of_file(shared, &other)?;
            if let Ok(files) = files_by_bases(shared, other, hash) {
                return Ok(files);
            }
        }
    }
    Err(error)
}

/// Follows each file's base back to a snapshot.
fn files_by_bases(shared: &Shared, mut name: FeedName, mut hash: String) -> Result<Vec<(FeedName, String)>, LoadError> {
    let mut files = Vec::new();
    loop {
        let base = opened(shared, &name)?.header().base.clone();
        files.push((name, hash));
        let Some(base) = base else { break };
        if files.len() > LAYERS_MAX {
            return Err(LoadError::TooManyChanges { changes: files.len() });
        }
        name = FeedName::new(Feed::Catalogue, base.version, &base.hash);
        hash = base.hash;
    }
    files.reverse();
    Ok(files)
}

/// All stock files up to the adopted version: whichever names an article first has its baseline.
fn stock_files(shared: &Shared, adopted: &AdoptedFeed) -> Result<Vec<(FeedName, String)>, LoadError> {
    let adopted_name = FeedName::new(Feed::Stock, adopted.version, &adopted.hash);
    let mut names = names_in(&shared.options.feeds_folder, Feed::Stock).unwrap_or_default();
    names.retain(|name| name.version < adopted.version);
    names.sort();
    let mut files = Vec::new();
    for name in names {
        let hash = hash_of_file(shared, &name)?;
        files.push((name, hash));
    }
    files.push((adopted_name, adopted.hash.clone()));
    Ok(files)
}

/// Builds one version on top of what its file names, and remembers it.
fn build(shared: &Arc<Shared>, live: &Arc<Live>, name: &FeedName, hash: &str, progress: &dyn Fn(u8)) -> Result<Arc<Stack>, LoadError> {
    prove(shared, name, hash)?;
    let reader = opened(shared, name)?;
    let header = reader.header().clone();
    if (header.feed, header.version) != (name.feed, name.version) {
        return Err(damaged(shared, name, format!("it says it is version {} of {}", header.version, header.feed.name())));
    }
    let below = match (&header.base, name.feed) {
        (Some(base), _) => {
            let found = live.loaded(name.feed, base.version);
            Some(found.ok_or_else(|| LoadError::NoBase { file: name.to_string(), base: base.version })?)
        }
        (None, Feed::Catalogue) => None,
        (None, Feed::Staff | Feed::Prices | Feed::Keys | Feed::Recalls | Feed::Configuration) => {
            unreachable!("books do not go into the views")
        }
        // Adopted once: a whole file of stock as well comes on top of what is there.
        (None, Feed::Stock) => live.loaded_before(Feed::Stock, name.version),
    };
    let changes = below.as_ref().map_or(0, |stack| stack.layers.len());
    if name.feed == Feed::Catalogue && changes >= LAYERS_MAX {
        return Err(LoadError::TooManyChanges { changes });
    }

    let stored = |e: CacheError| LoadError::Cache { why: e.to_string() };
    let id = live.ask(|layer| Job::Reserve { layer }).map_err(stored)?;
    let info =
        LayerInfo { id, feed: name.feed, version: name.version, hash: hash.to_owned(), entries: 0, blocks: 0, baselines: Vec::new() };
    let mut put = |batch| live.ask(|done| Job::Put { batch, done });
    let built = match name.feed {
        Feed::Catalogue => build_catalogue(reader, info, live.scratch.as_deref(), &mut put, progress),
        Feed::Stock => {
            let before = below.as_ref().and_then(|stack| stack.layers.last());
            let before = before.map(|info| Shelf { cache: live.cache.as_ref(), info });
            build_stock(reader, info, &shared.options.node, before.as_ref(), &mut put, progress)
        }
        Feed::Staff | Feed::Prices | Feed::Keys | Feed::Recalls | Feed::Configuration => unreachable!("books do not go into the views"),
    };
    let info = built.map_err(|error| match error {
        BuildError::Feed(error) => damaged(shared, name, error.to_string()),
        BuildError::Cache(error) => {
            shared.broke(live, &error);
            stored(error)
        }
        BuildError::Scratch(_) => LoadError::Cache { why: error.to_string() },
    })?;
    let mut layers = match name.feed {
        Feed::Catalogue => below.map(|stack| stack.layers.clone()).unwrap_or_default(),
        Feed::Stock | Feed::Staff | Feed::Prices | Feed::Keys | Feed::Recalls | Feed::Configuration => Vec::new(),
    };
    layers.push(Arc::new(info));
    let stack = Stack { feed: name.feed, version: name.version, hash: hash.to_owned(), layers };
    let stack = live.keep(stack).map_err(stored)?;
    progress(100);
    Ok(stack)
}

/// Whether the bytes on disk are the announced ones.
fn prove(shared: &Shared, name: &FeedName, hash: &str) -> Result<(), LoadError> {
    let found = hash_of_file(shared, name)?;
    if found == hash { Ok(()) } else { Err(damaged(shared, name, format!("its SHA-256 is {found}, not {hash}"))) }
}

fn hash_of_file(shared: &Shared, name: &FeedName) -> Result<String, LoadError> {
    let found = file(shared, name).and_then(|file| hash_of(file).map_err(|e| unreadable(name, &e)))?;
    Ok(found.0)
}

fn opened(shared: &Shared, name: &FeedName) -> Result<FeedReader<File>, LoadError> {
    let file = file(shared, name)?;
    FeedReader::open(file).map_err(|e| damaged(shared, name, e.to_string()))
}

fn file(shared: &Shared, name: &FeedName) -> Result<File, LoadError> {
    File::open(feed_path(shared, name)).map_err(|e| unreadable(name, &e))
}

fn unreadable(name: &FeedName, error: &io::Error) -> LoadError {
    match error.kind() {
        io::ErrorKind::NotFound => LoadError::Missing { file: name.to_string() },
        _ => LoadError::Damaged { file: name.to_string(), why: format!("it cannot be read: {error}") },
    }
}

/// A damaged file is removed, so that nobody takes it for the announced one again.
fn damaged(shared: &Shared, name: &FeedName, why: String) -> LoadError {
    if let Err(error) = fs::remove_file(feed_path(shared, name)) {
        tracing::warn!(%name, %error, "a damaged feed file could not be removed");
    }
    LoadError::Damaged { file: name.to_string(), why }
}

fn names_in(folder: &Path, feed: Feed) -> io::Result<Vec<FeedName>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().to_str().and_then(FeedName::parse).filter(|name| name.feed == feed));
    }
    Ok(names)
}
