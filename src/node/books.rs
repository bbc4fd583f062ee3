//! The books: what head office sends in small (staff, prices, keys, recalls, configuration), each a whole file, read into memory at the start and when a new version
//! is adopted. No database is between the file and the decision, so everything here works with the line down from the file on disk.
//!
//! What a book holds once it is read is its own type: a field of [`Books`], a variant of [`Book`] and its arm in [`Book::read`]; nothing else
//! here knows what is in one.
//! The file of a secret feed is sealed under the node's key before it first touches the disk.
//!
//! While head office has sent nobody, the first manager that a set-up named works here: sealed in a file of its own, which goes as soon as a
//! staff list with people is in force.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::{fs, io};

use tracing::{error, warn};

use super::configuration::Sent;
use super::keys::KeyBook;
use super::seal::Seal;
use crate::ids::StoreId;
use crate::retail::Feed;
use crate::retail::pricing::{PriceBook, PriceEntry};
use crate::retail::recalls::{Recall, RecallBook};
use crate::retail::state::AdoptedFeed;
use crate::sync::feed::{BOOK_FILE_BYTES_MAX, BookEntry, FeedLine, FeedName, FeedReader, hash_of};
use crate::sync::staff::{Person, StaffBook};
use crate::views::LoadError;

/// What is in force. Cheap to clone; a decision holds one for as long as it takes.
#[derive(Debug, Clone, Default)]
pub struct Books {
    pub staff: Arc<StaffBook>,
    pub prices: Arc<PriceBook>,
    pub keys: Arc<KeyBook>,
    pub recalls: Arc<RecallBook>,
    pub configuration: Arc<Sent>,
}

/// One of them, read.
enum Book {
    Staff(Arc<StaffBook>),
    Prices(Arc<PriceBook>),
    Keys(Arc<KeyBook>),
    Recalls(Arc<RecallBook>),
    Configuration(Arc<Sent>),
}

impl Book {
    /// An error says which entry cannot be read; entries of a kind that this release does not know are no error.
    fn read(feed: Feed, version: u64, store: &StoreId, entries: Vec<BookEntry>) -> Result<Book, String> {
        match feed {
            Feed::Staff => Ok(Book::Staff(Arc::new(StaffBook::read(version, &entries)?))),
            Feed::Keys => Ok(Book::Keys(Arc::new(KeyBook::read(&entries)?))),
            Feed::Recalls => Ok(Book::Recalls(Arc::new(recalls(&entries)?))),
            Feed::Configuration => Ok(Book::Configuration(Arc::new(Sent::read(version, &entries)?))),
            Feed::Prices => Ok(Book::Prices(Arc::new(prices(version, store, &entries)?))),
            Feed::Catalogue | Feed::Stock => unreachable!("the views hold what is large"),
        }
    }
}

/// Price lists and promotions of this store. A kind of entry that this release does not know is left out: it cannot apply it.
fn prices(version: u64, store: &StoreId, entries: &[BookEntry]) -> Result<PriceBook, String> {
    let known = ["list/", "promotion/", "member-cards/"];
    let known = entries.iter().filter(|entry| known.iter().any(|kind| entry.key.starts_with(kind)));
    let read = |entry: &BookEntry| serde_json::from_str::<PriceEntry>(entry.value.get()).map_err(|e| format!("{}: {e}", entry.key));
    let entries: Vec<PriceEntry> = known.map(read).collect::<Result<_, _>>()?;
    Ok(PriceBook::new(version, store, entries))
}

/// Goods that must not be sold. A kind of entry that this release does not know is left out.
fn recalls(entries: &[BookEntry]) -> Result<RecallBook, String> {
    let known = entries.iter().filter(|entry| entry.key.starts_with("recall/"));
    let read = |entry: &BookEntry| serde_json::from_str::<Recall>(entry.value.get()).map_err(|e| format!("{}: {e}", entry.key));
    Ok(RecallBook::new(known.map(read).collect::<Result<_, _>>()?))
}

impl Books {
    fn put(&mut self, book: Book) {
        match book {
            Book::Staff(book) => self.staff = book,
            Book::Prices(book) => self.prices = book,
            Book::Keys(book) => self.keys = book,
            Book::Recalls(book) => self.recalls = book,
            Book::Configuration(book) => self.configuration = book,
        }
    }
}

/// Where the books lie and which are in force. A handle; cheap to clone.
#[derive(Clone)]
pub struct Bookshelf {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    seal: Seal,
    store: StoreId,
    shelved: Mutex<Shelved>,
}

#[derive(Default)]
struct Shelved {
    books: Books,
    /// What the journal says is in force.
    adopted: BTreeMap<Feed, AdoptedFeed>,
    /// Versions of which the books above are made.
    in_force: BTreeMap<Feed, u64>,
    /// Read and waiting for their adoption, by version.
    ready: BTreeMap<Feed, (u64, Book)>,
    first_manager: Option<Person>,
}

impl Shelved {
    fn force(&mut self, feed: Feed, version: u64, book: Book) {
        self.books.put(book);
        self.in_force.insert(feed, version);
        if feed == Feed::Staff {
            self.stand_in();
        }
    }

    /// Head office's list, or the first manager while nobody is on it.
    fn stand_in(&mut self) {
        if !self.books.staff.is_empty() {
            self.first_manager = None;
        } else if let Some(person) = &self.first_manager {
            let mut book = StaffBook::default();
            book.version = self.books.staff.version;
            book.add(person.clone());
            self.books.staff = Arc::new(book);
        }
    }
}

impl Bookshelf {
    /// Reads every adopted book from the feeds folder. One that cannot be read is left empty and is fetched again: a shop starts without it.
    pub fn open(folder: &Path, seal: Seal, store: &StoreId, adopted: &BTreeMap<Feed, AdoptedFeed>) -> Bookshelf {
        let shelf =
            Bookshelf { inner: Arc::new(Inner { folder: folder.to_owned(), seal, store: store.clone(), shelved: Mutex::default() }) };
        shelf.read_first_manager();
        for (feed, adopted) in adopted.iter().filter(|(feed, _)| feed.is_book()) {
            shelf.switch(*feed, adopted);
        }
        shelf
    }

    /// The books in force now.
    pub fn books(&self) -> Books {
        self.shelved().books.clone()
    }

    /// The version in force; 0: none.
    pub fn version(&self, feed: Feed) -> u64 {
        self.shelved().in_force.get(&feed).copied().unwrap_or(0)
    }

    /// Whether the file is on disk and is what its hash says.
    pub fn has(&self, feed: Feed, version: u64, hash: &str) -> bool {
        self.file(&FeedName::new(feed, version, hash), hash).is_ok()
    }

    /// Puts a file that has arrived on the disk, durably; a secret one is sealed before.
    pub fn keep(&self, feed: Feed, version: u64, hash: &str, bytes: &[u8]) -> io::Result<()> {
        let name = FeedName::new(feed, version, hash);
        let sealed = feed.is_secret().then(|| self.inner.seal.seal(&name.to_string(), bytes));
        self.write(&self.path(&name), sealed.as_deref().unwrap_or(bytes))
    }

    /// Temp file, fsync, rename, fsync of the folder.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let part = path.with_extension("part");
        fs::write(&part, bytes)?;
        fs::File::open(&part)?.sync_all()?;
        fs::rename(&part, path)?;
        fs::File::open(&self.inner.folder)?.sync_all()
    }

    /// Who works here while head office has sent nobody: on the disk, sealed, when this returns.
    pub fn name_first_manager(&self, person: Person) -> io::Result<()> {
        let bytes = serde_json::to_vec(&person).map_err(io::Error::other)?;
        self.write(&self.inner.folder.join(FIRST_MANAGER), &self.inner.seal.seal(FIRST_MANAGER, &bytes))?;
        let mut shelved = self.shelved();
        shelved.first_manager = Some(person);
        shelved.stand_in();
        Ok(())
    }

    fn read_first_manager(&self) {
        let bytes = match fs::read(self.inner.folder.join(FIRST_MANAGER)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return error!(%error, "the first manager's file cannot be read: check the disk"),
        };
        match self.inner.seal.open(FIRST_MANAGER, &bytes).and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            Some(person) => {
                let mut shelved = self.shelved();
                shelved.first_manager = Some(person);
                shelved.stand_in();
            }
            None => error!("the first manager's file was not sealed by this node and is passed over"),
        }
    }

    /// A list with people is in force: nobody needs the stand-in again.
    fn forget_first_manager(&self) {
        if let Err(error) = fs::remove_file(self.inner.folder.join(FIRST_MANAGER))
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(%error, "the first manager's file could not be removed");
        }
    }

    /// Reads a version from disk, so that adopting it costs nothing. The one that is adopted already, and could not be read at the start, is
    /// in force at once.
    pub fn load(&self, feed: Feed, version: u64, hash: &str) -> Result<(), LoadError> {
        let book = self.read(feed, version, hash)?;
        let mut shelved = self.shelved();
        if shelved.adopted.get(&feed).is_some_and(|adopted| adopted.version == version && adopted.hash == hash) {
            shelved.force(feed, version, book);
        } else {
            shelved.ready.insert(feed, (version, book));
        }
        Ok(())
    }

    /// Puts a version in force, as a whole: after the record that adopts it is durable. Older files of the feed go.
    pub fn switch(&self, feed: Feed, adopted: &AdoptedFeed) {
        let ready = self.shelved().ready.remove(&feed).filter(|(version, _)| *version == adopted.version);
        let book = ready.map_or_else(|| self.read(feed, adopted.version, &adopted.hash), |(_, book)| Ok(book));
        let mut shelved = self.shelved();
        shelved.adopted.insert(feed, adopted.clone());
        match book {
            Ok(book) => {
                shelved.force(feed, adopted.version, book);
                let is_taken_over = feed == Feed::Staff && shelved.first_manager.is_none();
                drop(shelved);
                if is_taken_over {
                    self.forget_first_manager();
                }
                self.prune(feed, adopted.version);
            }
            Err(error) => {
                error!(feed = feed.name(), version = adopted.version, %error, "a feed cannot be read from disk; it is fetched again")
            }
        }
    }

    fn read(&self, feed: Feed, version: u64, hash: &str) -> Result<Book, LoadError> {
        let name = FeedName::new(feed, version, hash);
        let bytes = self.file(&name, hash)?;
        let damaged = |why: String| LoadError::Damaged { file: name.to_string(), why };
        let mut reader = FeedReader::open(bytes.as_slice()).map_err(|e| damaged(e.to_string()))?;
        let (in_it, its_version) = (reader.header().feed, reader.header().version);
        if (in_it, its_version) != (feed, version) {
            return Err(damaged(format!("it says it is version {its_version} of {}", in_it.name())));
        }
        let mut entries = Vec::new();
        while let Some(line) = reader.next_line().map_err(|e| damaged(e.to_string()))? {
            match line {
                FeedLine::Entry(entry) => entries.push(entry),
                FeedLine::Catalogue(_) | FeedLine::Stock(_) => return Err(damaged("it holds articles or stock".to_owned())),
            }
        }
        Book::read(feed, version, &self.inner.store, entries).map_err(damaged)
    }

    /// The announced bytes, opened when they are sealed.
    fn file(&self, name: &FeedName, hash: &str) -> Result<Vec<u8>, LoadError> {
        let damaged = |why: String| LoadError::Damaged { file: name.to_string(), why };
        let path = self.path(name);
        let read = fs::metadata(&path).and_then(|found| match found.len() {
            len if len > BOOK_FILE_BYTES_MAX * 2 => Err(io::Error::other("it is too large for a book")),
            _ => fs::read(&path),
        });
        let bytes = read.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => LoadError::Missing { file: name.to_string() },
            _ => damaged(format!("it cannot be read: {error}")),
        })?;
        let bytes = match name.feed.is_secret() {
            true => self.inner.seal.open(&name.to_string(), &bytes).ok_or_else(|| damaged("it was not sealed by this node".to_owned()))?,
            false => bytes,
        };
        let found = hash_of(bytes.as_slice()).map_err(|e| damaged(e.to_string()))?.0;
        if found == hash { Ok(bytes) } else { Err(damaged(format!("its SHA-256 is {found}, not {hash}"))) }
    }

    fn path(&self, name: &FeedName) -> PathBuf {
        let sealed = if name.feed.is_secret() { SEALED } else { "" };
        self.inner.folder.join(format!("{name}{sealed}"))
    }

    fn prune(&self, feed: Feed, version: u64) {
        let Ok(files) = fs::read_dir(&self.inner.folder) else { return };
        for file in files.flatten() {
            let name = file.file_name();
            let name = name.to_str().map(|name| name.strip_suffix(SEALED).unwrap_or(name)).and_then(FeedName::parse);
            if name.is_some_and(|name| name.feed == feed && name.version < version)
                && let Err(error) = fs::remove_file(file.path())
            {
                warn!(file = %file.path().display(), %error, "an old feed file could not be removed");
            }
        }
    }

    fn shelved(&self) -> MutexGuard<'_, Shelved> {
        self.inner.shelved.lock().expect("nobody panics with it")
    }
}

/// The file of who was named with the set-up code.
const FIRST_MANAGER: &str = "first-manager.sealed";
/// Ends the name of a file that only this node can read.
const SEALED: &str = ".sealed";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::NodeKey;
    use crate::sync::feed::{FEED_FORMAT, FeedHeader, FeedWriter};
    use crate::time::Stamp;

    fn file(feed: Feed, version: u64, key: &str) -> (String, Vec<u8>) {
        let header = FeedHeader {
            format: FEED_FORMAT,
            feed,
            version,
            base: None,
            count: 1,
            made_at: Stamp::default(),
            currency: None,
            store: None,
            baselines: Vec::new(),
        };
        let mut writer = FeedWriter::new(Vec::new(), header).unwrap();
        let value = serde_json::value::to_raw_value(&serde_json::json!({
            "store": "berlin-1",
            "node": "a-name-that-is-looked-for",
            "public_key": NodeKey::from_seed([9; 32]).public_hex(),
        }))
        .unwrap();
        writer.entry(&BookEntry { key: key.to_owned(), value }).unwrap();
        let (bytes, written) = writer.finish().unwrap();
        (written.hash, bytes)
    }

    fn store() -> StoreId {
        StoreId::new("s").unwrap()
    }

    fn adopted(version: u64, hash: &str) -> AdoptedFeed {
        AdoptedFeed { version, hash: hash.to_owned(), at: Stamp::default() }
    }

    #[test]
    fn a_book_is_read_at_the_start_and_a_secret_one_is_sealed_on_disk() {
        for feed in Feed::ALL.into_iter().filter(|feed| feed.is_book()) {
            let folder = tempfile::tempdir().unwrap();
            let seal = || Seal::of(&NodeKey::from_seed([7; 32]));
            let shelf = Bookshelf::open(folder.path(), seal(), &store(), &BTreeMap::new());
            let (hash, bytes) = file(feed, 1, "first");
            assert!(matches!(shelf.load(feed, 1, &hash), Err(LoadError::Missing { .. })));
            shelf.keep(feed, 1, &hash, &bytes).unwrap();
            shelf.load(feed, 1, &hash).unwrap();
            assert_eq!(shelf.version(feed), 0, "not before it is adopted");
            shelf.switch(feed, &adopted(1, &hash));
            assert_eq!(shelf.version(feed), 1);

            let on_disk = fs::read(fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path()).unwrap();
            assert_eq!(on_disk == bytes, !feed.is_secret());
            let other = Bookshelf::open(folder.path(), Seal::of(&NodeKey::from_seed([8; 32])), &store(), &BTreeMap::new());
            assert_eq!(other.has(feed, 1, &hash), !feed.is_secret(), "another node's key opens nothing");

            let again = Bookshelf::open(folder.path(), seal(), &store(), &BTreeMap::from([(feed, adopted(1, &hash))]));
            assert_eq!(again.version(feed), 1);
            let (newer, bytes) = file(feed, 2, "second");
            again.keep(feed, 2, &newer, &bytes).unwrap();
            again.switch(feed, &adopted(2, &newer));
            assert_eq!((again.version(feed), again.has(feed, 1, &hash)), (2, false), "the older file is gone");
        }
    }

    #[test]
    fn a_book_that_was_lost_is_in_force_again_when_it_came_again() {
        let folder = tempfile::tempdir().unwrap();
        let (hash, bytes) = file(Feed::Keys, 3, "one");
        let shelf = Bookshelf::open(
            folder.path(),
            Seal::of(&NodeKey::from_seed([7; 32])),
            &store(),
            &BTreeMap::from([(Feed::Keys, adopted(3, &hash))]),
        );
        assert_eq!(shelf.version(Feed::Keys), 0);
        shelf.keep(Feed::Keys, 3, &hash, &bytes).unwrap();
        shelf.load(Feed::Keys, 3, &hash).unwrap();
        assert_eq!(shelf.version(Feed::Keys), 3);
        let mut damaged = bytes.clone();
        damaged[20] ^= 1;
        shelf.keep(Feed::Keys, 3, &hash, &damaged).unwrap();
        assert!(matches!(shelf.load(Feed::Keys, 3, &hash), Err(LoadError::Damaged { .. })));
    }

    fn staff_file(version: u64, people: &[&str]) -> (String, Vec<u8>) {
        let header = FeedHeader {
            format: FEED_FORMAT,
            feed: Feed::Staff,
            version,
            base: None,
            count: people.len() as u64,
            made_at: Stamp::default(),
            currency: None,
            store: None,
            baselines: Vec::new(),
        };
        let mut writer = FeedWriter::new(Vec::new(), header).unwrap();
        for id in people {
            let value = serde_json::value::to_raw_value(&serde_json::json!({"id": id, "name": id, "role": "cashier"})).unwrap();
            writer.entry(&BookEntry { key: format!("staff/{id}"), value }).unwrap();
        }
        let (bytes, written) = writer.finish().unwrap();
        (written.hash, bytes)
    }

    #[test]
    fn the_first_manager_stands_in_until_head_office_sends_people() {
        let folder = tempfile::tempdir().unwrap();
        let seal = || Seal::of(&NodeKey::from_seed([7; 32]));
        let names = |shelf: &Bookshelf| shelf.books().staff.people().map(|person| person.name.clone()).collect::<Vec<_>>();
        let maria = serde_json::json!({"id": "maria", "name": "Maria", "role": "manager"});
        let shelf = Bookshelf::open(folder.path(), seal(), &store(), &BTreeMap::new());
        shelf.name_first_manager(serde_json::from_value(maria).unwrap()).unwrap();
        assert_eq!(names(&shelf), ["Maria"]);

        // Head office knows the store and has nobody for it: that takes nobody away.
        let (empty, bytes) = staff_file(1, &[]);
        shelf.keep(Feed::Staff, 1, &empty, &bytes).unwrap();
        shelf.switch(Feed::Staff, &adopted(1, &empty));
        assert_eq!((names(&shelf), shelf.version(Feed::Staff)), (vec!["Maria".to_owned()], 1));
        let again = Bookshelf::open(folder.path(), seal(), &store(), &BTreeMap::from([(Feed::Staff, adopted(1, &empty))]));
        assert_eq!(names(&again), ["Maria"], "after a restart as well");

        let (anna, bytes) = staff_file(2, &["anna"]);
        again.keep(Feed::Staff, 2, &anna, &bytes).unwrap();
        again.switch(Feed::Staff, &adopted(2, &anna));
        assert_eq!(names(&again), ["anna"]);
        // Once taken over, an empty list means nobody.
        let (nobody, bytes) = staff_file(3, &[]);
        again.keep(Feed::Staff, 3, &nobody, &bytes).unwrap();
        again.switch(Feed::Staff, &adopted(3, &nobody));
        assert!(names(&again).is_empty());
        assert!(names(&Bookshelf::open(folder.path(), seal(), &store(), &BTreeMap::from([(Feed::Staff, adopted(3, &nobody))]))).is_empty());
    }
}
