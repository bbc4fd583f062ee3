//! The rules as they were kept, version by version, and a draft beside them that can be tried before it counts.

use serde::Serialize;

use super::rules::{self, Fault, Known, Rules};
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::places;

/// Where the draft stands.
const DRAFT: u64 = 0;
/// The newest that are kept.
const VERSIONS_MAX: u64 = 500;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RoutingRules)]
pub struct Version {
    /// From 1; 0: nobody has written rules yet, or a draft.
    pub version: u64,
    pub document: String,
    pub who: String,
    pub made_ms: i64,
}

const COLUMNS: &str = "SELECT version, document, who, made_ms FROM routing_rules";

fn read(row: &db::Row<'_>) -> db::Result<Version> {
    Ok(Version { version: row.get(0)?, document: row.get(1)?, who: row.get(2)?, made_ms: row.get(3)? })
}

/// What counts.
pub fn newest(connection: &Connection) -> db::Result<Version> {
    let sql = format!("{COLUMNS} WHERE version > 0 ORDER BY version DESC LIMIT 1");
    let found = connection.prepare_cached(&sql)?.query_row([], read).optional()?;
    Ok(found.unwrap_or_else(|| Version { version: 0, document: rules::DEFAULT.to_owned(), who: String::new(), made_ms: 0 }))
}

pub fn find(connection: &Connection, version: u64) -> db::Result<Option<Version>> {
    let sql = format!("{COLUMNS} WHERE version = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([version], read).optional()?;
    Ok(found.filter(|found| found.version != DRAFT))
}

pub fn draft(connection: &Connection) -> db::Result<Option<Version>> {
    connection.prepare_cached(&format!("{COLUMNS} WHERE version = 0"))?.query_row([], read).optional()
}

/// Newest first.
pub fn list(connection: &Connection, limit: u32) -> db::Result<Vec<Version>> {
    let sql = format!("{COLUMNS} WHERE version > 0 ORDER BY version DESC LIMIT ?1");
    connection.prepare_cached(&sql)?.query_map([limit], read)?.collect()
}

/// What rules may name.
pub fn known(connection: &Connection) -> db::Result<Vec<Known>> {
    let places = places::all(connection)?;
    Ok(places.into_iter().map(|of| Known { place: of.place.to_string(), kind: of.kind, region: of.region }).collect())
}

/// Why a document was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotKept {
    Faults(Vec<Fault>),
    /// Somebody kept another version meanwhile.
    Newer(u64),
}

/// Keeps a document as the next version, from now on in force. `over`: the version its writer has read. The same again changes nothing.
pub fn keep(connection: &Connection, document: &str, over: Option<u64>, who: &str, now_ms: i64) -> db::Result<Result<u64, NotKept>> {
    if let Err(faults) = rules::check(document, &known(connection)?) {
        return Ok(Err(NotKept::Faults(faults)));
    }
    let before = newest(connection)?;
    if before.document == document && before.version > 0 {
        return Ok(Ok(before.version));
    }
    if over.is_some_and(|over| over != before.version) {
        return Ok(Err(NotKept::Newer(before.version)));
    }
    let version = before.version + 1;
    write(connection, version, document, who, now_ms)?;
    connection.execute("DELETE FROM routing_rules WHERE version = 0 OR version <= ?1", [version.saturating_sub(VERSIONS_MAX)])?;
    // What waits may have a way now.
    connection.execute("UPDATE route_orders SET next_ms = ?1 WHERE state = 'waiting'", [now_ms])?;
    Ok(Ok(version))
}

/// Keeps a draft in place of the one before.
pub fn keep_draft(connection: &Connection, document: &str, who: &str, now_ms: i64) -> db::Result<Result<(), NotKept>> {
    match rules::check(document, &known(connection)?) {
        Ok(_) => write(connection, DRAFT, document, who, now_ms).map(Ok),
        Err(faults) => Ok(Err(NotKept::Faults(faults))),
    }
}

pub fn drop_draft(connection: &Connection) -> db::Result<()> {
    connection.execute("DELETE FROM routing_rules WHERE version = 0", []).map(drop)
}

fn write(connection: &Connection, version: u64, document: &str, who: &str, now_ms: i64) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO routing_rules (version, document, who, made_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (version) DO UPDATE SET document = ?2, who = ?3, made_ms = ?4",
        )?
        .execute(params![version, document, who, now_ms])
        .map(drop)
}

/// A document that was checked when it was kept. Places that went since are no fault: who is not there serves nothing.
pub fn meant(document: &str) -> Rules {
    rules::read(document).or_else(|_| rules::read(rules::DEFAULT)).expect("the default rules can be read")
}
