//! Orders that could not be taken: what came, why it was not taken, and what stands instead. A person repairs the text and has it tried again,
//! or dismisses it with a reason. An order that comes again and is taken settles its errors by itself.

use serde::Serialize;

use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::paging::{Behind, Rows};
use crate::journal::Hash;

/// Errors that wait for somebody. Beyond it the channel is still told why, and a file stays where it is; the list takes no more.
pub const OPEN_MAX: i64 = 10_000;
const SETTLED_KEPT_MS: i64 = 30 * 24 * 3_600_000;

#[derive(Debug, Clone)]
pub struct NewError<'a> {
    pub channel: &'a str,
    /// Empty where it could not be read.
    pub number: &'a str,
    pub store: &'a str,
    pub version: u64,
    /// "unreadable", "malformed", "doubled", "cancelled", "not_served".
    pub kind: &'static str,
    /// [`super::take::Form`].
    pub form: &'static str,
    /// "API", "file orders.csv, rows 2 to 4".
    pub source: &'a str,
    pub reason: &'a str,
    pub text: &'a str,
    /// What was taken under the same number.
    pub stands: &'a str,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ErrorRow {
    pub id: i64,
    pub channel: String,
    pub number: String,
    pub store: String,
    pub version: u64,
    pub kind: String,
    pub source: String,
    pub reason: String,
    /// As it came, or as it was repaired last.
    pub text: String,
    /// As it came, where it was repaired.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub came: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stands: String,
    pub opened_ms: i64,
    pub times: u64,
    pub settled_ms: Option<i64>,
    pub settled_how: String,
    pub settled_by: String,
    pub settled_why: String,
    /// How the text is read: "json", "rows".
    pub form: String,
}

/// `None`: the list is full.
pub fn open(connection: &Connection, error: &NewError<'_>, now_ms: i64) -> db::Result<Option<i64>> {
    let NewError { channel, number, store, version, kind, form, source, reason, text, stands } = error;
    let fingerprint = format!("{channel} {number} {}", Hash::of(text.as_bytes()));
    connection.execute("DELETE FROM intake_errors WHERE settled_ms < ?1", [now_ms - SETTLED_KEPT_MS])?;
    let known: Option<i64> = connection
        .prepare_cached("SELECT id FROM intake_errors WHERE fingerprint = ?1")?
        .query_row([fingerprint.as_str()], |row| row.get(0))
        .optional()?;
    if known.is_none() && open_count(connection)? >= OPEN_MAX as u64 {
        tracing::error!(channel, number, reason, "the list of intake errors is full: this one is not on it");
        return Ok(None);
    }
    connection
        .prepare_cached(
            "INSERT INTO intake_errors (fingerprint, channel, number, store, version, kind, source, reason, text, stands, opened_ms, form)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (fingerprint) DO UPDATE SET times = intake_errors.times + 1, version = ?5, kind = ?6, source = ?7, reason = ?8, text = ?9,
               stands = ?10, opened_ms = ?11, form = ?12, settled_ms = NULL, settled_how = '', settled_by = '', settled_why = ''",
        )?
        .execute(params![fingerprint, channel, number, store, version, kind, source, reason, text, stands, now_ms, form])?;
    connection
        .prepare_cached("SELECT id FROM intake_errors WHERE fingerprint = ?1")?
        .query_row([fingerprint.as_str()], |row| row.get(0))
        .map(Some)
}

/// The order was taken under this version: what was wrong with it before is over. What contradicts that version is not.
pub fn taken(connection: &Connection, channel: &str, number: &str, version: u64, now_ms: i64) -> db::Result<()> {
    connection
        .prepare_cached(
            "UPDATE intake_errors SET settled_ms = ?4, settled_how = 'taken', settled_why = 'it came again and was taken'
             WHERE channel = ?1 AND number = ?2 AND settled_ms IS NULL AND version <= ?3 AND (kind <> 'doubled' OR version < ?3)",
        )?
        .execute(params![channel, number, version, now_ms])
        .map(drop)
}

/// It was repaired, or tried again as it was, and taken.
pub fn replayed(connection: &Connection, id: i64, who: &str, now_ms: i64) -> db::Result<()> {
    let sql = "UPDATE intake_errors SET settled_ms = ?2, settled_how = 'taken', settled_by = ?3, settled_why = '' WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, now_ms, who]).map(drop)
}

/// It was tried again and still cannot be taken.
pub fn still(connection: &Connection, id: i64, text: &str, kind: &str, reason: &str) -> db::Result<()> {
    let sql =
        "UPDATE intake_errors SET came = CASE WHEN text <> ?2 AND came = '' THEN text ELSE came END, text = ?2, kind = ?3, reason = ?4
       WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, text, kind, reason]).map(drop)
}

/// Somebody decided that it is not to be taken. `false`: it is not open.
pub fn dismiss(connection: &Connection, id: i64, who: &str, why: &str, now_ms: i64) -> db::Result<bool> {
    let sql = "UPDATE intake_errors SET settled_ms = ?2, settled_how = 'dismissed', settled_by = ?3, settled_why = ?4
       WHERE id = ?1 AND settled_ms IS NULL";
    Ok(connection.prepare_cached(sql)?.execute(params![id, now_ms, who, why])? > 0)
}

pub fn open_count(connection: &Connection) -> db::Result<u64> {
    connection.prepare_cached("SELECT count(*) FROM intake_errors WHERE settled_ms IS NULL")?.query_row([], |row| row.get(0))
}

const COLUMNS: &str =
    "SELECT id, channel, number, store, version, kind, source, reason, text, came, stands, opened_ms, times, settled_ms, settled_how,
   settled_by, settled_why, form FROM intake_errors";

fn row(row: &db::Row<'_>) -> db::Result<ErrorRow> {
    Ok(ErrorRow {
        id: row.get(0)?,
        channel: row.get(1)?,
        number: row.get(2)?,
        store: row.get(3)?,
        version: row.get(4)?,
        kind: row.get(5)?,
        source: row.get(6)?,
        reason: row.get(7)?,
        text: row.get(8)?,
        came: row.get(9)?,
        stands: row.get(10)?,
        opened_ms: row.get(11)?,
        times: row.get(12)?,
        settled_ms: row.get(13)?,
        settled_how: row.get(14)?,
        settled_by: row.get(15)?,
        settled_why: row.get(16)?,
        form: row.get(17)?,
    })
}

/// Open ones first, newest first.
pub fn list(connection: &Connection, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<ErrorRow>> {
    let Rows { behind, limit } = rows.into();
    let sql = format!(
        "{COLUMNS} WHERE (CASE WHEN settled_ms IS NULL THEN 0 ELSE 1 END, -opened_ms, -id) > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), CAST(?3 AS BIGINT))
         ORDER BY CASE WHEN settled_ms IS NULL THEN 0 ELSE 1 END, opened_ms DESC, id DESC LIMIT ?4"
    );
    connection.prepare_cached(&sql)?.query_map(params![behind.rank, -behind.at, -behind.number(), limit], row)?.collect()
}

pub fn find(connection: &Connection, id: i64) -> db::Result<Option<ErrorRow>> {
    connection.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?.query_row([id], row).optional()
}
