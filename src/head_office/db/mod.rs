//! The narrow door to head office's database. What head office asks of it is written once, in the part of SQL that SQLite and PostgreSQL share;
//! placeholders are `?1`, `?2`. A second statement stands only where the two differ.
//!
//! Columns hold integers, texts, bytes and nothing; truth values are integers in SQLite and may be either in PostgreSQL.

mod value;

use std::ops::Deref;

pub use value::{FromValue, ToValue, Value};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
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

impl Error {
    /// Whether a rule of the tables was broken: the same key twice.
    pub fn is_constraint(&self) -> bool {
        match self {
            Error::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation),
            Error::NoRow | Error::Column { .. } | Error::Corrupt(_) => false,
        }
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
    sqlite: rusqlite::Connection,
}

impl Connection {
    pub fn sqlite(connection: rusqlite::Connection) -> Connection {
        Connection { sqlite: connection }
    }

    /// A statement that is kept for the next time.
    pub fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(Statement { sqlite: self.sqlite.prepare_cached(sql)? })
    }

    /// Rows that were changed.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    pub fn query_row<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// Several statements without values.
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        Ok(self.sqlite.execute_batch(sql)?)
    }

    /// A transaction that is taken back unless it is committed. Nobody else writes meanwhile.
    pub fn begin(&self) -> Result<Transaction<'_>> {
        self.execute_batch(self.begin_text())?;
        Ok(Transaction { connection: self, open: true })
    }

    /// What begins a transaction that writes.
    pub fn begin_text(&self) -> &'static str {
        "BEGIN IMMEDIATE"
    }
}

pub struct Transaction<'c> {
    connection: &'c Connection,
    open: bool,
}

impl Transaction<'_> {
    pub fn commit(mut self) -> Result<()> {
        self.open = false;
        self.connection.execute_batch("COMMIT")
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
            // A connection that is gone has taken it back already.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

pub struct Statement<'c> {
    sqlite: rusqlite::CachedStatement<'c>,
}

impl Statement<'_> {
    /// Rows that were changed.
    pub fn execute(&mut self, params: impl Params) -> Result<usize> {
        Ok(self.sqlite.execute(rusqlite::params_from_iter(params.values()))?)
    }

    /// The first row; [`Error::NoRow`] when there is none.
    pub fn query_row<T>(&mut self, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        match self.query(params)?.next()? {
            Some(row) => read(&row),
            None => Err(Error::NoRow),
        }
    }

    pub fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        Ok(Rows { sqlite: self.sqlite.query(rusqlite::params_from_iter(params.values()))? })
    }

    pub fn query_map<T, F: FnMut(&Row<'_>) -> Result<T>>(&mut self, params: impl Params, read: F) -> Result<MappedRows<'_, F>> {
        Ok(MappedRows { rows: self.query(params)?, read })
    }
}

pub struct Rows<'s> {
    sqlite: rusqlite::Rows<'s>,
}

impl Rows<'_> {
    /// The next row, as long as there are any. Not an iterator: a row is gone when the next one comes.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        Ok(self.sqlite.next()?.map(|row| Row { sqlite: row }))
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

pub struct Row<'r> {
    sqlite: &'r rusqlite::Row<'r>,
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
        let value = value::of_sqlite(self.sqlite.get_ref(column)?).map_err(|why| Error::Column { column, why })?;
        T::from_value(value).map_err(|why| Error::Column { column, why })
    }
}
