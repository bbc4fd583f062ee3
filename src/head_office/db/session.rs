//! One session with PostgreSQL: statements prepared once, rows fetched whole or by cursor, and a lost session opened again.
//!
//! The client brings a small runtime of its own, so it must be used on threads that may block; it is made and dropped on a thread of its own.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use postgres::{Client, Row, Statement};

use super::address::Server;
use super::tls::MakeHandshake;
use super::{Bulk, Error, Result, Value, dialect};

/// Rows that a cursor brings at once.
const FETCH_ROWS: usize = 500;
/// How long an idle session may take to show that it is alive.
const PING_PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
/// Whoever writes holds this lock until its commit, so that numbers are given and commits happen in one order, however many instances there are.
const WRITE_LOCK: i64 = 0x636f_756e_7465_7266;

pub struct Session {
    server: Server,
    client: RefCell<Option<Client>>,
    statements: RefCell<HashMap<String, Statement>>,
    cursors: Cell<u64>,
    in_transaction: Cell<bool>,
}

impl Session {
    pub fn open(server: &Server) -> Result<Session> {
        let session = Session {
            client: RefCell::new(None),
            statements: RefCell::new(HashMap::new()),
            cursors: Cell::new(0),
            in_transaction: Cell::new(false),
            server: server.clone(),
        };
        session.reconnect()?;
        Ok(session)
    }

    /// Begins a transaction that writes, with a new session where the old one is gone. Waits for whoever is writing.
    pub fn begin_writing(&self) -> Result<()> {
        let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})");
        match self.batch(&begin) {
            Err(_) if !self.is_alive() => {
                self.reconnect()?;
                self.batch(&begin)?;
            }
            other => other?,
        }
        self.in_transaction.set(true);
        Ok(())
    }

    pub fn begin_reading(&self) -> Result<()> {
        self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        self.in_transaction.set(true);
        Ok(())
    }

    pub fn commit(&self) -> Result<()> {
        // The server answers COMMIT of a transaction that failed with a rollback, and calls that a success. A question before it fails then.
        self.batch("SELECT 1; COMMIT")?;
        self.in_transaction.set(false);
        Ok(())
    }

    pub fn rollback(&self) -> Result<()> {
        self.in_transaction.set(false);
        self.batch("ROLLBACK")
    }

    pub fn is_in_transaction(&self) -> bool {
        self.in_transaction.get()
    }

    /// Whether the server still answers on this session.
    pub fn is_alive(&self) -> bool {
        self.client.borrow_mut().as_mut().is_some_and(|client| client.is_valid(PING_PATIENCE).is_ok())
    }

    pub fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.client()?.batch_execute(sql)?)
    }

    pub fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize> {
        let statement = self.statement(sql)?;
        let changed = self.client()?.execute(&statement, &references(values))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    pub fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let statement = self.statement(sql)?;
        Ok(self.client()?.query(&statement, &references(values))?)
    }

    /// Rows for one table, given end to end, in one statement.
    pub fn insert_all(&self, into: &Bulk, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let statement = self.statement(&into.for_arrays())?;
        let arrays = into.arrays(values).map_err(|why| Error::Column { column: 0, why })?;
        let arrays: Vec<&(dyn postgres::types::ToSql + Sync)> = arrays.iter().map(|array| &**array as _).collect();
        Ok(self.client()?.query(&statement, &arrays)?)
    }

    /// COPY in its binary form: a head, rows of one field each, an end.
    pub fn copy<'r>(&self, table: &str, column: &str, rows: impl Iterator<Item = &'r [u8]>) -> Result<()> {
        use std::io::Write;
        let broken = |error: std::io::Error| Error::Corrupt(format!("COPY was cut off: {error}"));
        let mut client = self.client()?;
        let mut sink = client.copy_in(&format!("COPY {table} ({column}) FROM STDIN (FORMAT binary)"))?;
        sink.write_all(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0").map_err(broken)?;
        for row in rows {
            sink.write_all(&1i16.to_be_bytes()).map_err(broken)?;
            sink.write_all(&i32::try_from(row.len()).unwrap_or(i32::MAX).to_be_bytes()).map_err(broken)?;
            sink.write_all(row).map_err(broken)?;
        }
        sink.write_all(&(-1i16).to_be_bytes()).map_err(broken)?;
        sink.finish()?;
        Ok(())
    }

    /// A cursor for many rows. Inside a transaction.
    pub fn declare(&self, sql: &str, values: &[Value<'_>]) -> Result<String> {
        let name = format!("rows_{}", self.cursors.get());
        self.cursors.set(self.cursors.get() + 1);
        let declare = format!("DECLARE {name} NO SCROLL CURSOR FOR {}", dialect::placeholders(sql));
        self.client()?.execute(&declare, &references(values))?;
        Ok(name)
    }

    /// The cursor's next rows; none when it is through.
    pub fn fetch(&self, cursor: &str) -> Result<Vec<Row>> {
        Ok(self.client()?.query(&format!("FETCH {FETCH_ROWS} FROM {cursor}"), &[])?)
    }

    fn reconnect(&self) -> Result<()> {
        self.statements.borrow_mut().clear();
        drop_apart(self.client.borrow_mut().take());
        let server = self.server.clone();
        let connect = move || -> Result<Client> {
            let mut client = server.config().connect(MakeHandshake::for_server(&server)?)?;
            // An acknowledged record is on the server's disk, whatever the database's default is.
            client.batch_execute(
                "SET TIME ZONE 'UTC'; SET client_min_messages = warning;
                 SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')",
            )?;
            Ok(client)
        };
        let client = std::thread::spawn(connect).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        *self.client.borrow_mut() = Some(client);
        Ok(())
    }

    fn client(&self) -> Result<std::cell::RefMut<'_, Client>> {
        std::cell::RefMut::filter_map(self.client.borrow_mut(), Option::as_mut).map_err(|_| Error::Lost)
    }

    fn statement(&self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client()?.prepare(&dialect::placeholders(sql))?;
        self.statements.borrow_mut().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.statements.get_mut().clear();
        drop_apart(self.client.get_mut().take());
    }
}

/// Its runtime may not end inside another one.
fn drop_apart(client: Option<Client>) {
    if let Some(client) = client {
        let _ = std::thread::spawn(move || drop(client)).join();
    }
}

fn references<'v>(values: &'v [Value<'v>]) -> Vec<&'v (dyn postgres::types::ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn postgres::types::ToSql + Sync)).collect()
}
