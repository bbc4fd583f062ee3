//! The narrow door to head office's database. What head office asks of it is written once, in the part of SQL that SQLite and PostgreSQL share;
//! placeholders are `?1`, `?2`. A second statement stands only where the two differ.
//!
//! Columns hold integers, texts, bytes and nothing; truth values are integers in SQLite and may be either in PostgreSQL.

mod address;
mod bulk;
mod dialect;
mod session;
mod tls;
mod value;

use std::cell::Cell;
use std::ops::Deref;

use session::Session;

pub use address::{Encryption, Server};
pub use bulk::{Bulk, Kind};
pub use tls::TlsTrouble;
pub use value::{FromValue, ToValue, Value};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// With what the server said, and where.
    #[error("{}", of_postgres(.0))]
    Postgres(postgres::Error),
    #[error("{0}")]
    Tls(#[from] TlsTrouble),
    #[error("the session with PostgreSQL is gone; it is opened again by itself once the server answers")]
    Lost,
    /// A question for one row found none.
    #[error("there is no such row")]
    NoRow,
    #[error("column {column}: {why}")]
    Column { column: usize, why: String },
    /// What is stored cannot be what was stored: the database was changed by somebody else, or its disk is failing.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
}

pub type Result<T> = std::result::Result<T, Error>;

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Error {
        TlsTrouble::of(&error).map_or_else(|| Error::Postgres(error), Error::Tls)
    }
}

impl Error {
    /// Whether the server takes no more connections: of anybody, or of this user.
    pub fn is_full(&self) -> bool {
        matches!(self, Error::Postgres(error) if error.code() == Some(&postgres::error::SqlState::TOO_MANY_CONNECTIONS))
    }

    /// Whether a rule of the tables was broken: the same key twice.
    pub fn is_constraint(&self) -> bool {
        match self {
            Error::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation),
            Error::Postgres(error) => error.code().is_some_and(|code| code.code().starts_with("23")),
            Error::Tls(_) | Error::Lost | Error::NoRow | Error::Column { .. } | Error::Corrupt(_) => false,
        }
    }
}

fn of_postgres(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("PostgreSQL says: {} ({})", said.message(), said.code().code()),
        None => std::iter::successors(std::error::Error::source(error), |error| error.source())
            .fold(error.to_string(), |text, source| format!("{text}: {source}")),
    }
}

/// Nothing where there is no row.
pub trait OptionalExtension<T> {
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoRow) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Values for the placeholders of one statement, in order.
pub trait Params {
    fn values(&self) -> Vec<Value<'_>>;
}

impl Params for &[&dyn ToValue] {
    fn values(&self) -> Vec<Value<'_>> {
        self.iter().map(|value| value.to_value()).collect()
    }
}

impl Params for [&dyn ToValue; 0] {
    fn values(&self) -> Vec<Value<'_>> {
        Vec::new()
    }
}

macro_rules! arrays_are_params {
    ($($length:literal)*) => {
        $(impl<T: ToValue> Params for [T; $length] {
            fn values(&self) -> Vec<Value<'_>> {
                self.iter().map(ToValue::to_value).collect()
            }
        })*
    };
}
arrays_are_params!(1 2 3 4);

/// Values of different kinds for one statement.
#[macro_export]
#[doc(hidden)]
macro_rules! values_of_a_statement {
    ($($value:expr),* $(,)?) => { &[$(&$value as &dyn $crate::head_office::db::ToValue),*] as &[&dyn $crate::head_office::db::ToValue] };
}
pub use crate::values_of_a_statement as params;

/// One connection; used by one thread at a time.
pub struct Connection {
    backend: Backend,
    /// See [`Connection::rows_changed`].
    changed: Cell<u64>,
}

enum Backend {
    Sqlite(rusqlite::Connection),
    Postgres(Box<Session>),
}

impl Connection {
    pub fn sqlite(connection: rusqlite::Connection) -> Connection {
        Connection { backend: Backend::Sqlite(connection), changed: Cell::new(0) }
    }

    /// A session with a server. Must be used on threads that may block.
    pub fn postgres(server: &Server) -> Result<Connection> {
        Ok(Connection { backend: Backend::Postgres(Box::new(Session::open(server)?)), changed: Cell::new(0) })
    }

    /// Whether it is a server, which others may write to as well.
    pub fn is_shared(&self) -> bool {
        matches!(self.backend, Backend::Postgres(_))
    }

    /// Whether it can be used again after it lay idle.
    pub fn is_alive(&self) -> bool {
        match &self.backend {
            Backend::Sqlite(_) => true,
            Backend::Postgres(session) => session.is_alive(),
        }
    }

    /// A count that stands still as long as no statement with values changes a row. Rows that are put in many at once, or by a statement that
    /// returns something, count as changed whatever becomes of them.
    pub fn rows_changed(&self) -> u64 {
        self.changed.get()
    }

    fn count_changed(&self, rows: usize) {
        self.changed.set(self.changed.get().wrapping_add(rows as u64));
    }

    /// A statement that is kept for the next time.
    pub fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        let ask = match &self.backend {
            Backend::Sqlite(connection) => Asked::Sqlite(connection.prepare_cached(sql)?),
            Backend::Postgres(session) => Asked::Postgres { session, sql: sql.to_owned() },
        };
        let writes = !sql
            .trim_start()
            .get(..6)
            .is_some_and(|word| word.eq_ignore_ascii_case("SELECT") || word.to_ascii_uppercase().starts_with("WITH"));
        Ok(Statement { connection: self, asked: ask, writes })
    }

    /// Rows that were changed.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    pub fn query_row<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// Puts rows into a table, given end to end; in one round trip however many they are. Gives what `RETURNING` says, in the order of the rows.
    pub fn insert_all<T>(&self, into: &Bulk, values: &[Value<'_>], mut read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let mut returned = Vec::new();
        if values.is_empty() {
            return Ok(returned);
        }
        self.count_changed(1);
        match &self.backend {
            Backend::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(&into.for_one_row())?;
                for row in values.chunks_exact(into.columns.len()) {
                    let mut rows = statement.query(rusqlite::params_from_iter(row))?;
                    while let Some(row) = rows.next()? {
                        returned.push(read(&Row::Sqlite(row))?);
                    }
                }
            }
            Backend::Postgres(session) => {
                for row in &session.insert_all(into, values)? {
                    returned.push(read(&Row::Postgres(row))?);
                }
            }
        }
        Ok(returned)
    }

    /// Puts each of `rows` into a table with a single column of bytes, in the quickest way the database has: what all else is compared with.
    pub fn pour<'r>(&self, table: &str, column: &str, rows: impl Iterator<Item = &'r [u8]>) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(&format!("INSERT INTO {table} ({column}) VALUES (?1)"))?;
                for row in rows {
                    statement.execute([row])?;
                }
                Ok(())
            }
            Backend::Postgres(session) => session.copy(table, column, rows),
        }
    }

    /// Several statements without values.
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Backend::Postgres(session) => session.batch(sql),
        }
    }

    /// Table definitions, as they are written for SQLite.
    pub fn create(&self, tables: &str) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(connection) => Ok(connection.execute_batch(tables)?),
            Backend::Postgres(session) => session.batch(&dialect::tables(tables)),
        }
    }

    /// Begins a transaction that writes; nobody else does meanwhile. A lost server is called again.
    pub fn begin_writing(&self) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(connection) => Ok(connection.execute_batch("BEGIN IMMEDIATE")?),
            Backend::Postgres(session) => session.begin_writing(),
        }
    }

    /// Begins a transaction that reads: one state of the database for all its questions.
    pub fn begin_reading(&self) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(connection) => Ok(connection.execute_batch("BEGIN")?),
            Backend::Postgres(session) => session.begin_reading(),
        }
    }

    pub fn commit(&self) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(connection) => Ok(connection.execute_batch("COMMIT")?),
            Backend::Postgres(session) => session.commit(),
        }
    }

    /// Takes back what was done since the transaction began. A connection that is gone has done so already.
    pub fn rollback(&self) {
        let _ = match &self.backend {
            Backend::Sqlite(connection) => connection.execute_batch("ROLLBACK").map_err(Error::from),
            Backend::Postgres(session) => session.rollback(),
        };
    }

    /// Does all of `work` or nothing of it, inside a transaction or outside of any.
    pub fn whole<T, E: From<Error>>(&self, work: impl FnOnce() -> std::result::Result<T, E>) -> std::result::Result<T, E> {
        let alone = match &self.backend {
            Backend::Sqlite(_) => false,
            Backend::Postgres(session) => !session.is_in_transaction(),
        };
        if alone {
            self.execute_batch("BEGIN")?;
        } else {
            self.execute_batch("SAVEPOINT whole")?;
        }
        let done = work();
        self.execute_batch(match (alone, done.is_ok()) {
            (true, true) => "COMMIT",
            (true, false) => "ROLLBACK",
            (false, true) => "RELEASE whole",
            (false, false) => "ROLLBACK TO whole; RELEASE whole",
        })?;
        done
    }

    /// A transaction that writes, taken back unless it is committed.
    pub fn begin(&self) -> Result<Transaction<'_>> {
        self.begin_writing()?;
        Ok(Transaction { connection: self, open: true })
    }
}

pub struct Transaction<'c> {
    connection: &'c Connection,
    open: bool,
}

impl Transaction<'_> {
    pub fn commit(mut self) -> Result<()> {
        self.open = false;
        self.connection.commit()
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.open {
            self.connection.rollback();
        }
    }
}

pub struct Statement<'c> {
    connection: &'c Connection,
    asked: Asked<'c>,
    /// It is no question.
    writes: bool,
}

enum Asked<'c> {
    Sqlite(rusqlite::CachedStatement<'c>),
    Postgres { session: &'c Session, sql: String },
}

impl Statement<'_> {
    /// Rows that were changed.
    pub fn execute(&mut self, params: impl Params) -> Result<usize> {
        let changed = match &mut self.asked {
            Asked::Sqlite(statement) => statement.execute(rusqlite::params_from_iter(params.values()))?,
            Asked::Postgres { session, sql } => session.execute(sql, &params.values())?,
        };
        self.connection.count_changed(changed);
        Ok(changed)
    }

    /// The first row; [`Error::NoRow`] when there is none.
    pub fn query_row<T>(&mut self, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        match self.query(params)?.next()? {
            Some(row) => read(&row),
            None => Err(Error::NoRow),
        }
    }

    /// Rows, few enough to be held.
    pub fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        self.connection.count_changed(usize::from(self.writes));
        Ok(match &mut self.asked {
            Asked::Sqlite(statement) => Rows::Sqlite(statement.query(rusqlite::params_from_iter(params.values()))?),
            Asked::Postgres { session, sql } => {
                Rows::Postgres { fetched: session.query(sql, &params.values())?.into_iter(), current: None, more: None }
            }
        })
    }

    /// Any number of rows; inside a transaction a part of them at a time.
    pub fn stream(&mut self, params: impl Params) -> Result<Rows<'_>> {
        Ok(match &mut self.asked {
            Asked::Postgres { session, sql } if !session.is_in_transaction() => {
                Rows::Postgres { fetched: session.query(sql, &params.values())?.into_iter(), current: None, more: None }
            }
            Asked::Sqlite(statement) => Rows::Sqlite(statement.query(rusqlite::params_from_iter(params.values()))?),
            Asked::Postgres { session, sql } => {
                let cursor = session.declare(sql, &params.values())?;
                Rows::Postgres { fetched: Vec::new().into_iter(), current: None, more: Some((session, cursor)) }
            }
        })
    }

    pub fn query_map<T, F: FnMut(&Row<'_>) -> Result<T>>(&mut self, params: impl Params, read: F) -> Result<MappedRows<'_, F>> {
        Ok(MappedRows { rows: self.query(params)?, read })
    }
}

pub enum Rows<'s> {
    Sqlite(rusqlite::Rows<'s>),
    Postgres {
        fetched: std::vec::IntoIter<postgres::Row>,
        current: Option<postgres::Row>,
        /// The cursor that has more of them; it ends with its transaction.
        more: Option<(&'s Session, String)>,
    },
}

impl Rows<'_> {
    /// The next row, as long as there are any. Not an iterator: a row is gone when the next one comes.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        match self {
            Rows::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            Rows::Postgres { fetched, current, more } => {
                *current = fetched.next();
                if let (None, Some((session, cursor))) = (&current, &more) {
                    *fetched = session.fetch(cursor)?.into_iter();
                    *current = fetched.next();
                }
                Ok(current.as_ref().map(Row::Postgres))
            }
        }
    }
}

pub struct MappedRows<'s, F> {
    rows: Rows<'s>,
    read: F,
}

impl<T, F: FnMut(&Row<'_>) -> Result<T>> Iterator for MappedRows<'_, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        match self.rows.next() {
            Ok(Some(row)) => Some((self.read)(&row)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

pub enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r postgres::Row),
}

/// The place of a column, from 0.
pub trait Place {
    fn index(self) -> usize;
}

impl Place for usize {
    fn index(self) -> usize {
        self
    }
}

impl Row<'_> {
    pub fn get<P: Place, T: FromValue>(&self, column: P) -> Result<T> {
        let column = column.index();
        let failed = |why| Error::Column { column, why };
        let value = match self {
            Row::Sqlite(row) => value::of_sqlite(row.get_ref(column)?).map_err(failed)?,
            Row::Postgres(row) => row.try_get::<_, value::OfPostgres<'_>>(column)?.0,
        };
        T::from_value(value).map_err(failed)
    }
}
