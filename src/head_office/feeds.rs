//! What nodes fetch: the catalogue with its price list, and each store's stock baselines, as files named by their content. An import is
//! staged, compared with what is there, published as a whole under the next version, and only then visible.
//!
//! Of the catalogue there is one file per version: a snapshot now and then, between them what changed since the version before. A
//! node fetches the changes since its own version, or from the last snapshot on. Stock is small: each version is a whole file, with
//! every baseline in its header and for each line the baseline it belongs to. The books (staff, prices, keys, recalls, configuration) are small as well and
//! published whole by [`publish_book`], when what they say has changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::db::{self, Connection, OptionalExtension, params};

use super::storage::Folders;
use crate::ids::{NodeId, Sku, StoreId};
use crate::journal::hash::to_hex;
use crate::money::{Currency, Money, Qty};
use crate::retail::Feed;
use crate::sync::feed::{
    Article, BOOK_ENTRIES_MAX, Baseline, BookEntry, CatalogueEntry, ENTRY_BYTES_MAX, FEED_FORMAT, FeedBase, FeedHeader, FeedWriter, Head,
    StockLine, Written,
};
use crate::sync::wire::{self, FeedFile, FeedFileKind, FeedOffer, WIRE_VERSION};
use crate::time::Stamp;

/// Bytes of a file in one row of the database.
const PART_BYTES: usize = 256 << 10;
/// Files of changes on top of a snapshot. The next version is a snapshot again.
pub const CHANGES_IN_A_ROW_MAX: u64 = 8;

/// Why nothing was published. What was in force stays in force.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("head office's database failed: {0}")]
    Database(#[from] db::Error),
    #[error("{path} cannot be written: {source}; check the folder's owner and free space")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Source(String),
    #[error("{what} is in the import twice")]
    Twice { what: String },
}

/// What an import led to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// The version in force now. Unchanged when nothing differs.
    pub version: u64,
    pub added: u64,
    pub changed: u64,
    pub removed: u64,
    /// Stock lines passed over because their article has a baseline already: only counts change it from then on.
    pub kept: u64,
    /// `None`: nothing differs from the version in force.
    pub file: Option<Written>,
}

/// Puts checked articles aside for [`publish_catalogue`], in any order. Call both on one connection, at best outside a transaction, so that a long
/// import holds up nobody; what is staged is gone with the connection.
pub fn stage_articles(connection: &Connection, articles: impl Iterator<Item = Result<Article, String>>) -> Result<u64, PublishError> {
    connection.create(
        "CREATE TEMP TABLE IF NOT EXISTS incoming_articles (sku TEXT PRIMARY KEY, name TEXT NOT NULL, article TEXT NOT NULL, price INTEGER) WITHOUT ROWID;
         CREATE TEMP TABLE IF NOT EXISTS incoming_codes (code TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL,
           PRIMARY KEY (code, sku)) WITHOUT ROWID",
    )?;
    connection.whole(|| {
        connection.execute_batch("DELETE FROM incoming_articles; DELETE FROM incoming_codes")?;
        let mut insert = connection.prepare_cached("INSERT INTO incoming_articles (sku, name, article, price) VALUES (?1, ?2, ?3, ?4)")?;
        let mut insert_code = connection.prepare_cached("INSERT INTO incoming_codes (code, sku, quantity) VALUES (?1, ?2, ?3)")?;
        let mut count = 0;
        for article in articles {
            let article = article.map_err(PublishError::Source)?;
            let json = serde_json::to_string(&article).map_err(|error| PublishError::Source(error.to_string()))?;
            insert
                .execute(params![article.sku.as_str(), article.name, json, article.price.map(Money::minor)])
                .map_err(|error| twice(error, || format!("article {}", article.sku)))?;
            for code in &article.codes {
                let key = String::from(code.key.clone());
                insert_code
                    .execute(params![key, article.sku.as_str(), code.quantity.thousandths()])
                    .map_err(|error| twice(error, || format!("code {key} of article {}", article.sku)))?;
            }
            count += 1;
        }
        Ok(count)
    })
}

/// Makes what is staged the assortment: absent articles leave it. Inside the caller's transaction.
pub fn publish_catalogue(
    connection: &Connection,
    folders: &Folders,
    currency: &Currency,
    made_at: Stamp,
) -> Result<Published, PublishError> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
    let before = newest(connection, Feed::Catalogue, "")?;
    let added = count("SELECT count(*) FROM incoming_articles i WHERE NOT EXISTS (SELECT 1 FROM articles a WHERE a.sku = i.sku)")?;
    let changed = count("SELECT count(*) FROM incoming_articles i JOIN articles a ON a.sku = i.sku WHERE a.article <> i.article")?;
    let removed = count("SELECT count(*) FROM articles a WHERE NOT EXISTS (SELECT 1 FROM incoming_articles i WHERE i.sku = a.sku)")?;
    let mut published = Published { version: before.as_ref().map_or(0, |b| b.version), added, changed, removed, ..Published::default() };
    let changes = added + changed + removed;
    if changes == 0 && before.is_some() {
        return Ok(published);
    }
    published.version += 1;
    let all = count("SELECT count(*) FROM incoming_articles")?;
    let base = before.filter(|before| before.changes_in_a_row < CHANGES_IN_A_ROW_MAX && changes < all / 2);
    let header = FeedHeader {
        format: FEED_FORMAT,
        feed: Feed::Catalogue,
        version: published.version,
        base: base.as_ref().map(|base| FeedBase { version: base.version, hash: base.hash.clone() }),
        count: if base.is_some() { changes } else { all },
        made_at,
        currency: Some(currency.code.clone()),
        store: None,
        baselines: Vec::new(),
    };
    // `article` is null for what leaves the assortment.
    let lines = if base.is_some() {
        "SELECT i.sku, i.article FROM incoming_articles i LEFT JOIN articles a ON a.sku = i.sku WHERE a.article IS DISTINCT FROM i.article
         UNION ALL
         SELECT a.sku, NULL FROM articles a WHERE NOT EXISTS (SELECT 1 FROM incoming_articles i WHERE i.sku = a.sku)
         ORDER BY 1"
    } else {
        "SELECT sku, article FROM incoming_articles ORDER BY sku"
    };
    let written = write_file(folders, header, |out| {
        let mut statement = connection.prepare_cached(lines)?;
        let mut rows = statement.stream([])?;
        while let Some(row) = rows.next()? {
            let entry = match row.get::<_, Option<String>>(1)? {
                Some(json) => CatalogueEntry::Put(serde_json::from_str(&json).map_err(|error| PublishError::Source(error.to_string()))?),
                None => CatalogueEntry::Remove(sku(&row.get::<_, String>(0)?)?),
            };
            out(Line::Catalogue(&entry))?;
        }
        Ok(())
    })?;
    connection.execute_batch(
        "DELETE FROM article_codes WHERE NOT EXISTS
           (SELECT 1 FROM incoming_codes i WHERE i.code = article_codes.code AND i.sku = article_codes.sku AND i.quantity = article_codes.quantity);
         INSERT INTO article_codes (code, sku, quantity) SELECT code, sku, quantity FROM incoming_codes WHERE true ON CONFLICT (code, sku) DO NOTHING;
         DELETE FROM incoming_codes;
         DELETE FROM articles WHERE NOT EXISTS (SELECT 1 FROM incoming_articles i WHERE i.sku = articles.sku);
         INSERT INTO articles (sku, name, article, price) SELECT sku, name, article, price FROM incoming_articles WHERE true
           ON CONFLICT (sku) DO UPDATE SET name = excluded.name, article = excluded.article, price = excluded.price WHERE articles.article <> excluded.article;
         DELETE FROM incoming_articles;",
    )?;
    note_file(connection, folders, Feed::Catalogue, "", base.map_or(0, |base| base.version), &written)?;
    published.file = Some(written);
    Ok(published)
}

/// Puts checked stock lines of one store aside for [`publish_stock`].
pub fn stage_stock(connection: &Connection, lines: impl Iterator<Item = Result<(Sku, Qty), String>>) -> Result<u64, PublishError> {
    connection.create("CREATE TEMP TABLE IF NOT EXISTS incoming_stock (sku TEXT PRIMARY KEY, quantity INTEGER NOT NULL) WITHOUT ROWID")?;
    connection.whole(|| {
        connection.execute_batch("DELETE FROM incoming_stock")?;
        let mut insert = connection.prepare_cached("INSERT INTO incoming_stock (sku, quantity) VALUES (?1, ?2)")?;
        let mut count = 0;
        for line in lines {
            let (sku, quantity) = line.map_err(PublishError::Source)?;
            insert.execute(params![sku.as_str(), quantity.thousandths()]).map_err(|error| twice(error, || format!("article {sku}")))?;
            count += 1;
        }
        Ok(count)
    })
}

/// Makes what is staged a baseline of the store: what was on the shelf when the journals stood where head office has them now. Articles
/// that have a baseline keep it. Inside the caller's transaction.
pub fn publish_stock(connection: &Connection, folders: &Folders, store: &StoreId, made_at: Stamp) -> Result<Published, PublishError> {
    let name = store.as_str();
    let before = newest(connection, Feed::Stock, name)?;
    let mut published = Published { version: before.as_ref().map_or(0, |b| b.version), ..Published::default() };
    let version = published.version + 1;
    published.added = connection.execute(
        "INSERT INTO stock (store, sku, quantity, version) SELECT ?1, sku, quantity, ?2 FROM incoming_stock WHERE true ON CONFLICT DO NOTHING",
        params![name, version],
    )? as u64;
    let staged: u64 = connection.query_row("SELECT count(*) FROM incoming_stock", [], |row| row.get(0))?;
    published.kept = staged - published.added;
    connection.execute_batch("DELETE FROM incoming_stock")?;
    if published.added == 0 {
        return Ok(published);
    }
    published.version = version;
    connection.execute("INSERT INTO stores (store, name) VALUES (?1, ?1) ON CONFLICT DO NOTHING", [name])?;
    let heads = serde_json::to_string(&heads_of(connection, store)?).map_err(|error| PublishError::Source(error.to_string()))?;
    let as_of = serde_json::to_string(&made_at).map_err(|error| PublishError::Source(error.to_string()))?;
    connection
        .execute("INSERT INTO baselines (store, version, as_of, heads) VALUES (?1, ?2, ?3, ?4)", params![name, version, as_of, heads])?;
    connection.execute(
        "INSERT INTO baseline_heads (store, version, node, seq)
         SELECT n.store, ?2, n.id, b.head_seq FROM nodes n JOIN branches b ON b.id = n.current_branch WHERE n.store = ?1",
        params![name, version],
    )?;
    let baselines = baselines_of(connection, name)?;
    let header = FeedHeader {
        format: FEED_FORMAT,
        feed: Feed::Stock,
        version,
        base: None,
        count: connection.query_row("SELECT count(*) FROM stock WHERE store = ?1", [name], |row| row.get(0))?,
        made_at,
        currency: None,
        store: Some(store.clone()),
        baselines: baselines.clone(),
    };
    let written = write_file(folders, header, |out| {
        let mut statement = connection.prepare_cached("SELECT sku, quantity, version FROM stock WHERE store = ?1 ORDER BY sku")?;
        let mut rows = statement.stream([name])?;
        while let Some(row) = rows.next()? {
            let version: u64 = row.get(2)?;
            let index = baselines.iter().position(|baseline| baseline.version == version).unwrap_or_default();
            let line = StockLine {
                sku: sku(&row.get::<_, String>(0)?)?,
                quantity: Qty::from_thousandths(row.get(1)?),
                baseline: u32::try_from(index).unwrap_or_default(),
            };
            out(Line::Stock(&line))?;
        }
        Ok(())
    })?;
    note_file(connection, folders, Feed::Stock, name, 0, &written)?;
    published.file = Some(written);
    Ok(published)
}

/// Publishes a book when its entries differ from what is in force: `entries` are all of it, by key. `store`: whose it is, for feeds that each
/// store has its own of; `None` for the chain's. The caller has checked the entries: a node that cannot read one keeps the version it has.
/// Inside the caller's transaction.
pub fn publish_book(
    connection: &Connection,
    folders: &Folders,
    feed: Feed,
    store: Option<&StoreId>,
    entries: &BTreeMap<String, serde_json::Value>,
    made_at: Stamp,
) -> Result<Published, PublishError> {
    assert!(feed.is_book(), "the catalogue and stock are published in their own way");
    let name = store.map_or("", StoreId::as_str);
    assert!(store.is_none_or(|store| owner(feed, store) == name), "this book is the chain's");
    let source = |error: serde_json::Error| PublishError::Source(error.to_string());
    if entries.len() as u64 > BOOK_ENTRIES_MAX {
        return Err(PublishError::Source(format!(
            "{} entries for the {} feed, at most {BOOK_ENTRIES_MAX} are sent",
            entries.len(),
            feed.name()
        )));
    }
    let mut lines = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let value = serde_json::value::to_raw_value(value).map_err(source)?;
        if value.get().len() + key.len() + 64 > ENTRY_BYTES_MAX {
            return Err(PublishError::Source(format!("{key} in the {} feed is longer than {ENTRY_BYTES_MAX} bytes", feed.name())));
        }
        lines.push(BookEntry { key: key.clone(), value });
    }
    let before = newest(connection, feed, name)?;
    let mut published = Published { version: before.as_ref().map_or(0, |before| before.version), ..Published::default() };
    let mut in_force: BTreeMap<String, String> = connection
        .prepare_cached("SELECT key, value FROM book_entries WHERE feed = ?1 AND store = ?2")?
        .query_map([feed.name(), name], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    for line in &lines {
        match in_force.remove(&line.key) {
            None => published.added += 1,
            Some(value) if value != line.value.get() => published.changed += 1,
            Some(_) => {}
        }
    }
    published.removed = in_force.len() as u64;
    if published.added + published.changed + published.removed == 0 && before.is_some() {
        return Ok(published);
    }
    published.version += 1;
    let header = FeedHeader {
        format: FEED_FORMAT,
        feed,
        version: published.version,
        base: None,
        count: lines.len() as u64,
        made_at,
        currency: None,
        store: store.cloned(),
        baselines: Vec::new(),
    };
    let written = write_file(folders, header, |out| lines.iter().try_for_each(|line| out(Line::Entry(line))))?;
    connection.execute("DELETE FROM book_entries WHERE feed = ?1 AND store = ?2", [feed.name(), name])?;
    let mut insert = connection.prepare_cached("INSERT INTO book_entries (feed, store, key, value) VALUES (?1, ?2, ?3, ?4)")?;
    for line in &lines {
        insert.execute([feed.name(), name, &line.key, line.value.get()])?;
    }
    note_file(connection, folders, feed, name, 0, &written)?;
    published.file = Some(written);
    Ok(published)
}

/// Which files lead a node from the version it has to the newest.
pub fn offer(connection: &Connection, feed: Feed, store: &StoreId, node: &NodeId, have: u64) -> db::Result<FeedOffer> {
    let owner = owner(feed, store);
    let mut offer = FeedOffer { v: WIRE_VERSION, feed: feed.name().to_owned(), version: 0, files: Vec::new() };
    let Some(newest) = newest(connection, feed, owner)? else { return Ok(offer) };
    offer.version = newest.version;
    if have >= newest.version {
        return Ok(offer);
    }
    let mut statement = connection.prepare_cached(
        "SELECT version, base, hash, bytes FROM feed_files WHERE feed = ?1 AND store = ?2 AND version > ?3
           AND version >= (SELECT max(version) FROM feed_files WHERE feed = ?1 AND store = ?2 AND base = 0)
         ORDER BY version",
    )?;
    // From the last snapshot on, or from the node's own version when that is newer.
    let files = statement.query_map(params![feed.name(), owner, have], |row| {
        let (version, base, hash): (u64, u64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let kind = if base == 0 { FeedFileKind::Snapshot } else { FeedFileKind::Delta };
        Ok(FeedFile { kind, base, version, url: wire::file_path(store, node, &hash), hash, bytes: row.get(3)? })
    })?;
    offer.files = files.collect::<db::Result<_>>()?;
    Ok(offer)
}

/// The name of a file in the feeds folder, if it is for this store.
pub fn file_name(connection: &Connection, store: &StoreId, hash: &str) -> db::Result<Option<String>> {
    connection
        .prepare_cached("SELECT name FROM feed_files WHERE hash = ?1 AND store IN ('', ?2)")?
        .query_row(params![hash, store.as_str()], |row| row.get(0))
        .optional()
}

/// Whose versions they are: catalogue, prices, keys and recalls are the chain's, stock, staff and configuration are the store's. `''` is the chain.
fn owner(feed: Feed, store: &StoreId) -> &str {
    match feed {
        Feed::Catalogue | Feed::Prices | Feed::Keys | Feed::Recalls => "",
        Feed::Stock | Feed::Staff | Feed::Configuration => store.as_str(),
    }
}

struct Newest {
    version: u64,
    hash: String,
    changes_in_a_row: u64,
}

fn newest(connection: &Connection, feed: Feed, owner: &str) -> db::Result<Option<Newest>> {
    connection
        .prepare_cached(
            "SELECT version, hash, version - (SELECT max(version) FROM feed_files WHERE feed = ?1 AND store = ?2 AND base = 0)
             FROM feed_files WHERE feed = ?1 AND store = ?2 ORDER BY version DESC LIMIT 1",
        )?
        .query_row([feed.name(), owner], |row| Ok(Newest { version: row.get(0)?, hash: row.get(1)?, changes_in_a_row: row.get(2)? }))
        .optional()
}

/// Where the store's journals stand here.
fn heads_of(connection: &Connection, store: &StoreId) -> Result<BTreeMap<NodeId, Head>, PublishError> {
    let mut statement = connection.prepare_cached(
        "SELECT n.node, b.head_inc, b.head_seq FROM nodes n JOIN branches b ON b.id = n.current_branch WHERE n.store = ?1",
    )?;
    let mut rows = statement.query([store.as_str()])?;
    let mut heads = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (node, incarnation): (String, String) = (row.get(0)?, row.get(1)?);
        let bad = |error: crate::ids::BadId| PublishError::Source(error.to_string());
        heads.insert(node.parse().map_err(bad)?, Head { incarnation: incarnation.parse().map_err(bad)?, seq: row.get(2)? });
    }
    Ok(heads)
}

fn baselines_of(connection: &Connection, store: &str) -> Result<Vec<Baseline>, PublishError> {
    let mut statement = connection.prepare_cached("SELECT version, as_of, heads FROM baselines WHERE store = ?1 ORDER BY version")?;
    let mut rows = statement.query([store])?;
    let mut baselines = Vec::new();
    while let Some(row) = rows.next()? {
        let (as_of, heads): (String, String) = (row.get(1)?, row.get(2)?);
        let bad = |error: serde_json::Error| PublishError::Source(error.to_string());
        baselines.push(Baseline {
            version: row.get(0)?,
            as_of: serde_json::from_str(&as_of).map_err(bad)?,
            heads: serde_json::from_str(&heads).map_err(bad)?,
        });
    }
    Ok(baselines)
}

enum Line<'a> {
    Catalogue(&'a CatalogueEntry),
    Stock(&'a StockLine),
    Entry(&'a BookEntry),
}

/// Writes a feed file and makes it durable under its name before anybody can be told of it.
fn write_file(
    folders: &Folders,
    header: FeedHeader,
    lines: impl FnOnce(&mut dyn FnMut(Line<'_>) -> Result<(), PublishError>) -> Result<(), PublishError>,
) -> Result<Written, PublishError> {
    let folder = folders.feeds();
    let part = folder.join(format!("{}-{}.part", header.feed.name(), std::process::id()));
    let failed = |source| PublishError::File { path: part.clone(), source };
    let mut writer = FeedWriter::new(File::create(&part).map_err(failed)?, header).map_err(failed)?;
    lines(&mut |line| {
        match line {
            Line::Catalogue(entry) => writer.catalogue(entry),
            Line::Stock(line) => writer.stock(line),
            Line::Entry(entry) => writer.entry(entry),
        }
        .map_err(failed)
    })?;
    let (file, written) = writer.finish().map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&part, folder.join(written.name.to_string())).map_err(failed)?;
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(written)
}

fn note_file(
    connection: &Connection,
    folders: &Folders,
    feed: Feed,
    owner: &str,
    base: u64,
    written: &Written,
) -> Result<(), PublishError> {
    connection.execute(
        "INSERT INTO feed_files (feed, store, version, base, hash, bytes, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![feed.name(), owner, written.name.version, base, written.hash, written.bytes, written.name.to_string()],
    )?;
    if connection.is_shared() {
        keep_parts(connection, &folders.feeds().join(written.name.to_string()), &written.hash)?;
    }
    Ok(())
}

/// Puts a file beside its entry, for the other head offices on the same database.
fn keep_parts(connection: &Connection, path: &Path, hash: &str) -> Result<(), PublishError> {
    let failed = |source| PublishError::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut insert = connection.prepare_cached("INSERT INTO feed_parts (hash, part, bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
    for number in 0_u32.. {
        let mut part = Vec::with_capacity(PART_BYTES);
        (&mut file).take(PART_BYTES as u64).read_to_end(&mut part).map_err(failed)?;
        if part.is_empty() {
            break;
        }
        insert.execute(params![hash, number, part])?;
    }
    Ok(())
}

/// Brings a file that another head office published into our folder, under the name that [`file_name`] gave. `false`: its bytes are not there either.
pub fn fetch(connection: &Connection, folders: &Folders, name: &str, hash: &str) -> db::Result<bool> {
    let mut digest = Sha256::new();
    let (path, failed) = (folders.feeds().join(name), |error: std::io::Error| db::Error::Corrupt(format!("the file {name}: {error}")));
    let mut file = tempfile_in(&folders.feeds()).map_err(failed)?;
    let mut statement = connection.prepare_cached("SELECT bytes FROM feed_parts WHERE hash = ?1 ORDER BY part")?;
    let mut rows = statement.stream([hash])?;
    let mut any = false;
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        digest.update(&bytes);
        file.1.write_all(&bytes).map_err(failed)?;
        any = true;
    }
    let is_whole = any && to_hex(&digest.finalize()) == hash;
    if is_whole {
        file.1.sync_all().and_then(|()| std::fs::rename(&file.0, path)).map_err(failed)?;
    } else {
        let _ = std::fs::remove_file(&file.0);
    }
    Ok(is_whole)
}

/// A file under a name that nobody else uses.
fn tempfile_in(folder: &Path) -> std::io::Result<(PathBuf, File)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let path = folder.join(format!("fetched-{}-{}.part", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
    let file = File::create(&path)?;
    Ok((path, file))
}

fn sku(text: &str) -> Result<Sku, PublishError> {
    Sku::new(text).map_err(|error| PublishError::Source(error.to_string()))
}

fn twice(error: db::Error, what: impl FnOnce() -> String) -> PublishError {
    if error.is_constraint() { PublishError::Twice { what: what() } } else { PublishError::Database(error) }
}
