//! Head office's disk: one SQLite file with write-ahead log, flushed at every commit, so that what is acknowledged is on disk.
//! Opening, identity and epoch live here; what the tables mean does not.

use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;

use super::access::{Reach, bounded};
use super::authority::AuthorityError;
use super::config::HeadOfficeConfig;
use super::db::{self, Connection, OptionalExtension, params};
use crate::journal::{KeyError, NodeKey};

pub use super::db::Server;

/// Raised with every change of the tables of `schema.sql` that an older program would misunderstand.
pub const SCHEMA_VERSION: i64 = 1;
/// Raised with every change of what is projected: the next start makes the projections again.
pub const PROJECTION_VERSION: i64 = 9;
/// Another process of ours (an import) may hold the file this long.
const BUSY_MS_MAX: u64 = 60_000;

const SCHEMA: &str = include_str!("schema.sql");
const PROJECTIONS: &str = include_str!("projections.sql");
/// Says of which version the others are.
const META: &str = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID";
const PROJECTION_TABLES: [&str; 16] = [
    "transactions",
    "lines",
    "tenders",
    "returned_lines",
    "sales_days",
    "stock_moves",
    "stock_counts",
    "day_reports",
    "order_states",
    "order_holds",
    "figure_hours",
    "figure_taxes",
    "figure_tenders",
    "order_sales",
    "order_times",
    "order_shorts",
];
/// Columns that a table of `schema.sql` got after it was first made, with their types.
const ADDED_COLUMNS: &[(&str, &str, &str)] = &[
    ("stores", "region", "TEXT"),
    ("rights", "wanted", "INTEGER"),
    ("order_rights", "store_away", "INTEGER"),
    ("leads", "told", "INTEGER"),
    ("articles", "price", "INTEGER"),
    ("order_parts", "business_date", "TEXT"),
    ("order_parts", "line_count", "INTEGER"),
    ("order_parts", "short_count", "INTEGER"),
    ("order_parts", "value", "INTEGER"),
    ("order_parts", "accepted_ms", "INTEGER"),
    ("order_parts", "left_ms", "INTEGER"),
    ("api_tokens", "channels", "TEXT"),
];

/// Why head office's folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("the folder {path} cannot be made or used: {source}; check its owner and free space, or choose another data_dir")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(
        "the database in {path} cannot be used: {source}; if the disk is full make room, if the file is damaged restore a backup with `counterfoil head-office restore`"
    )]
    Database { path: PathBuf, source: db::Error },
    #[error(
        "PostgreSQL at {place} cannot be used: {source}; check that it runs, that the address and password are right, and that it takes more connections"
    )]
    Server { place: String, source: db::Error },
    #[error("the line to PostgreSQL at {place} is not encrypted as it must be: {source}")]
    ServerTls { place: String, source: db::TlsTrouble },
    #[error("{place} was written by a newer version (tables {found}, this one knows {SCHEMA_VERSION}): install the newer version")]
    Newer { place: String, found: i64 },
    #[error("{path} is in use by another head office: stop it, or choose another data_dir")]
    InUse { path: PathBuf },
    #[error(
        "the head offices at {place} sign with another key than the one in {folder}: copy head-office.key from the data_dir of the one that was there first"
    )]
    OtherKey { place: String, folder: PathBuf },
    #[error(
        "{place} belongs to another certificate authority than the one in {folder}: copy ca.key and ca.pem from the data_dir of the head office that was there first, or from its backup"
    )]
    OtherAuthority { place: String, folder: PathBuf },
    #[error("head office is stopping")]
    Stopping,
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Where things lie: the data folder, and the database when it is not in it.
#[derive(Debug, Clone)]
pub struct Folders {
    pub root: PathBuf,
    pub server: Option<Server>,
}

impl Folders {
    pub fn new(root: &Path) -> Folders {
        Folders { root: root.to_owned(), server: None }
    }
    pub fn of(config: &HeadOfficeConfig) -> Folders {
        Folders { root: config.data_dir.clone(), server: config.postgres.clone() }
    }
    pub fn database(&self) -> PathBuf {
        self.root.join("head-office.sqlite")
    }
    /// Files for the nodes, named by their content.
    pub fn feeds(&self) -> PathBuf {
        self.root.join("feeds")
    }
    fn key(&self) -> PathBuf {
        self.root.join("head-office.key")
    }
    fn lock(&self) -> PathBuf {
        self.root.join("serving.lock")
    }

    /// Makes the folders, for this user alone.
    pub fn create(&self) -> Result<(), StorageError> {
        use std::os::unix::fs::DirBuilderExt;
        for path in [self.root.clone(), self.feeds()] {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|source| StorageError::Folder { path, source })?;
        }
        Ok(())
    }

    /// Where the database is, for people.
    pub fn place(&self) -> String {
        self.server.as_ref().map_or_else(|| self.database().display().to_string(), Server::to_string)
    }

    /// What is said when the database does not do what it should.
    pub fn failed(&self, source: db::Error) -> StorageError {
        match &self.server {
            Some(server) => match source {
                db::Error::Tls(source) => StorageError::ServerTls { place: server.to_string(), source },
                source => StorageError::Server { place: server.to_string(), source },
            },
            None => StorageError::Database { path: self.database(), source },
        }
    }

    /// The key that signs acknowledgements; made at the first start.
    pub fn load_key(&self) -> Result<NodeKey, StorageError> {
        Ok(NodeKey::load_or_create(&self.key())?)
    }

    /// Held by the one process that serves; given back when dropped.
    pub fn lock_serving(&self) -> Result<ServingLock, StorageError> {
        let path = self.lock();
        let failed = |source| StorageError::Folder { path: path.clone(), source };
        let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(ServingLock { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(StorageError::InUse { path: self.root.clone() }),
            Err(std::fs::TryLockError::Error(source)) => Err(StorageError::Folder { path, source }),
        }
    }
}

pub struct ServingLock {
    _file: std::fs::File,
}

/// A connection that may write. Makes the tables when they are not there. On a thread that may block.
pub fn open(folders: &Folders) -> Result<Connection, StorageError> {
    folders.create()?;
    let connection = match &folders.server {
        Some(server) => Connection::postgres(server),
        None => open_file(&folders.database()),
    }
    .map_err(|error| folders.failed(error))?;
    match make_tables(&connection).map_err(|error| folders.failed(error))? {
        found if found > SCHEMA_VERSION => Err(StorageError::Newer { place: folders.place(), found }),
        _ => Ok(connection),
    }
}

/// Returns the version of the tables that are there: a newer one is left alone.
fn make_tables(connection: &Connection) -> db::Result<i64> {
    let transaction = connection.begin()?;
    transaction.create(META)?;
    let found = meta(connection, "tables")?.and_then(|text| text.parse().ok());
    let found = match found {
        Some(found) => found,
        // Before the number moved into the tables.
        None if !connection.is_shared() => connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        None => 0,
    };
    if found <= SCHEMA_VERSION {
        transaction.create(SCHEMA)?;
        for &(table, column, kind) in ADDED_COLUMNS {
            if add_column(&transaction, table, column, kind)? && (table, column) == ("articles", "price") {
                let price =
                    if transaction.is_shared() { "CAST(CAST(article AS json) ->> 'price' AS bigint)" } else { "article ->> 'price'" };
                transaction.execute_batch(&format!("UPDATE articles SET price = {price}"))?;
            }
        }
        transaction.create(PROJECTIONS)?;
        set_meta(connection, "tables", &SCHEMA_VERSION.to_string())?;
        if !connection.is_shared() {
            transaction.execute_batch(&format!("PRAGMA user_version={SCHEMA_VERSION}"))?;
        }
        transaction.commit()?;
    }
    Ok(found)
}

/// Nothing when it is there. Returns whether it was added.
fn add_column(connection: &Connection, table: &str, column: &str, kind: &str) -> db::Result<bool> {
    let sql = match connection.is_shared() {
        true => {
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?1 AND column_name = ?2"
        }
        false => "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2",
    };
    if connection.query_row(sql, params![table, column], |row| row.get::<_, i64>(0))? > 0 {
        return Ok(false);
    }
    connection.create(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"))?;
    Ok(true)
}

/// Every table, and whether its rows name their store in a column of that name.
pub fn tables() -> Vec<(String, bool)> {
    let tables = [SCHEMA, PROJECTIONS].into_iter().flat_map(|text| text.split("CREATE TABLE IF NOT EXISTS ").skip(1));
    tables
        .map(|text| {
            let name: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let columns = text.lines().map(str::trim_start).skip(1).take_while(|line| !line.starts_with(')'));
            (name, columns.into_iter().any(|line| line.starts_with("store ")))
        })
        .collect()
}

/// A connection that sees the rows of these stores alone ([`bounded`]). On a thread that may block.
pub fn open_bounded(folders: &Folders, reach: &Reach) -> Result<Connection, StorageError> {
    let opened = match &folders.server {
        Some(server) => Connection::postgres(server),
        None => {
            rusqlite::Connection::open_with_flags(folders.database(), reading_flags()).map_err(db::Error::from).and_then(|connection| {
                connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS_MAX))?;
                connection.execute_batch("PRAGMA temp_store=MEMORY")?;
                Ok(Connection::sqlite(connection))
            })
        }
    };
    let connection = opened.map_err(|error| folders.failed(error))?;
    bounded::confine(&connection, reach).map_err(|error| folders.failed(error))?;
    Ok(connection)
}

/// A connection that reads, beside the one that writes. On a thread that may block.
pub fn open_reader(folders: &Folders) -> Result<Connection, StorageError> {
    match &folders.server {
        Some(server) => Connection::postgres(server),
        None => open_file_for_reading(&folders.database()),
    }
    .map_err(|error| folders.failed(error))
}

/// Whose a database is, as the demo finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    Ours,
    /// There are tables in it that no demo made.
    Foreign,
}

/// Marks an empty database as a demo's; with `fresh` empties one that a demo marked before. On a thread that may block.
pub fn claim_for_demo(server: &Server, fresh: bool) -> db::Result<Claimed> {
    let connection = Connection::postgres(server)?;
    let transaction = connection.begin()?;
    let count = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()";
    let is_empty = transaction.query_row(count, [], |row| row.get::<_, i64>(0))? == 0;
    let has_meta = format!("{count} AND table_name = 'meta'");
    let is_marked = transaction.query_row(&has_meta, [], |row| row.get::<_, i64>(0))? == 1 && meta(&transaction, "demo")?.is_some();
    if !is_empty && !is_marked {
        return Ok(Claimed::Foreign);
    }
    if fresh {
        for table in [SCHEMA, PROJECTIONS].iter().flat_map(|text| text.split("CREATE TABLE IF NOT EXISTS ").skip(1)) {
            let name: String = table.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            transaction.execute_batch(&format!("DROP TABLE IF EXISTS {name} CASCADE"))?;
        }
    }
    transaction.create(META)?;
    set_meta(&transaction, "demo", "1")?;
    transaction.commit()?;
    Ok(Claimed::Ours)
}

fn open_file(path: &Path) -> db::Result<Connection> {
    let connection = rusqlite::Connection::open(path)?;
    prepare(&connection)?;
    Ok(Connection::sqlite(connection))
}

fn open_file_for_reading(path: &Path) -> db::Result<Connection> {
    let connection = rusqlite::Connection::open_with_flags(path, reading_flags())?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS_MAX))?;
    connection.execute_batch("PRAGMA mmap_size=268435456; PRAGMA cache_size=-16384; PRAGMA query_only=1;")?;
    Ok(Connection::sqlite(connection))
}

fn reading_flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn prepare(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS_MAX))?;
    connection.set_prepared_statement_cache_capacity(128);
    // FULL: each commit is flushed. temp_store FILE: an import of a million articles does not belong in memory.
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA cache_size=-65536; PRAGMA temp_store=FILE;
         PRAGMA wal_autocheckpoint=8000; PRAGMA journal_size_limit=67108864; PRAGMA trusted_schema=OFF;",
    )
}

/// Head office's epoch: from 1, raised by every restore.
pub fn epoch(connection: &Connection) -> db::Result<u64> {
    Ok(meta(connection, "epoch")?.and_then(|text| text.parse().ok()).unwrap_or(1))
}

pub fn set_epoch(connection: &Connection, epoch: u64) -> db::Result<()> {
    set_meta(connection, "epoch", &epoch.to_string())
}

/// Whether the projections were made by another version of this program (or never): then they are emptied here.
pub fn drop_stale_projections(connection: &Connection) -> db::Result<bool> {
    let made_by = meta(connection, "projections")?.and_then(|text| text.parse::<i64>().ok());
    if made_by == Some(PROJECTION_VERSION) {
        return Ok(false);
    }
    let any: bool = connection.query_row("SELECT EXISTS (SELECT 1 FROM chunks)", [], |row| row.get(0))?;
    for table in PROJECTION_TABLES {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    connection.create(PROJECTIONS)?;
    super::order_holds::placed_again(connection)?;
    connection.execute("DELETE FROM exceptions", [])?;
    // What differed may agree by now: the next night looks again.
    connection.execute("DELETE FROM reconciliations WHERE differences > 0", [])?;
    set_meta(connection, "projections", &PROJECTION_VERSION.to_string())?;
    Ok(any)
}

pub fn meta(connection: &Connection, name: &str) -> db::Result<Option<String>> {
    connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |row| row.get(0)).optional()
}

/// Whether all head offices on a database have the same of this, as they must: nodes pin it. The first one there says which.
pub fn agree(connection: &Connection, name: &str, ours: &str) -> db::Result<bool> {
    match meta(connection, name)? {
        Some(theirs) => Ok(theirs == ours),
        None => set_meta(connection, name, ours).map(|()| true),
    }
}

pub fn set_meta(connection: &Connection, name: &str, value: &str) -> db::Result<()> {
    connection
        .prepare_cached("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")?
        .execute(params![name, value])
        .map(|_| ())
}
