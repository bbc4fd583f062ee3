//! The log of acts: who, when, from where, what, on which object, with what outcome. Rows are only added. Each holds the hash of the one before it
//! and head office's signature over its own, so that a row that is changed, taken out or put in is found out, also when whoever did it wrote the
//! hashes anew: the key lies in a file outside of the database. The newest row's number stands in `meta` as well.
//!
//! A row is written by the transaction of its act, under the lock that every writer holds until its commit, so the chain cannot fork, however many
//! instances there are. What is off the end together with its number in `meta` only somebody can notice who kept an older head: `verify` prints it.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Deed, Who};
use crate::head_office::chain;
use crate::head_office::db::{self, Connection, OptionalExtension, Row, params};
use crate::head_office::storage;
use crate::journal::hash::to_hex;
use crate::journal::{NodeKey, PublicKey};

/// Outcomes. A refusal is "refused" and its HTTP status, or a reason.
pub const CHANGED: &str = "done";
pub const UNCHANGED: &str = "nothing to change";
/// Before the first row.
const ROOT: &str = "";
const HEAD: &str = "audit_head";
/// Rows of one answer.
pub const ROWS_MAX: u32 = 500;
const TEXT_CHARS_MAX: usize = 200;

/// What is to be noted.
#[derive(Debug, Clone)]
pub struct Entry {
    pub who: String,
    /// "session", "token", "console", "command".
    pub via: String,
    pub from: String,
    pub act: String,
    pub object: String,
    pub store: String,
    pub outcome: String,
}

impl Entry {
    pub fn new(who: &Who, deed: &Deed, outcome: String) -> Entry {
        Entry {
            who: who.who.clone(),
            via: who.via.name().to_owned(),
            from: who.from.clone(),
            act: deed.act.to_owned(),
            object: deed.object.clone(),
            store: deed.store.clone(),
            outcome,
        }
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub seq: u64,
    pub at_ms: i64,
    pub who: String,
    pub via: String,
    pub from: String,
    pub act: String,
    pub object: String,
    pub store: String,
    pub outcome: String,
    /// SHA-256 over all that is above and the hash of the row before.
    pub hash: String,
    #[serde(skip)]
    before: String,
    #[serde(skip)]
    signature: String,
}

impl AuditRow {
    /// What is hashed: a JSON array of all the row says, so that no two rows read the same.
    fn text(&self) -> String {
        let all =
            (self.seq, self.at_ms, &self.who, &self.via, &self.from, &self.act, &self.object, &self.store, &self.outcome, &self.before);
        serde_json::to_string(&all).expect("numbers and texts are JSON")
    }

    fn hash_of_text(&self) -> String {
        to_hex(&Sha256::digest(self.text().as_bytes()))
    }
}

fn signed_text(hash: &str) -> Vec<u8> {
    format!("counterfoil audit 1 {hash}").into_bytes()
}

/// Adds a row. Inside a transaction that writes: it holds the lock that keeps the chain one.
pub fn append(connection: &Connection, key: &NodeKey, entry: &Entry, now_ms: i64) -> db::Result<()> {
    let newest: Option<(u64, String)> = connection
        .prepare_cached("SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (seq, before) = newest.map_or((1, ROOT.to_owned()), |(seq, hash)| (seq + 1, hash));
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_CHARS_MAX).collect::<String>();
    let mut row = AuditRow {
        seq,
        at_ms: now_ms,
        who: plain(&entry.who),
        via: plain(&entry.via),
        from: plain(&entry.from),
        act: plain(&entry.act),
        object: plain(&entry.object),
        store: plain(&entry.store),
        outcome: plain(&entry.outcome),
        hash: String::new(),
        before,
        signature: String::new(),
    };
    row.hash = row.hash_of_text();
    row.signature = key.sign_hex(&signed_text(&row.hash));
    connection
        .prepare_cached(
            "INSERT INTO audit_log (seq, at_ms, who, via, came_from, act, object, of_store, outcome, before_hash, hash, signature)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            row.seq,
            row.at_ms,
            row.who,
            row.via,
            row.from,
            row.act,
            row.object,
            row.store,
            row.outcome,
            row.before,
            row.hash,
            row.signature
        ])?;
    storage::set_meta(connection, HEAD, &head(row.seq, &row.hash))
}

fn head(seq: u64, hash: &str) -> String {
    format!("{seq} {hash}")
}

/// Which rows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub who: Option<String>,
    pub act: Option<String>,
    pub store: Option<String>,
    /// Below this number.
    pub before: Option<u64>,
    pub limit: u32,
}

/// The newest first: a number as cursor stays true while more come.
pub fn list(connection: &Connection, filter: &Filter) -> db::Result<Vec<AuditRow>> {
    let sql = format!(
        "{ROW} WHERE seq < ?1 AND (CAST(?2 AS TEXT) IS NULL OR who = ?2) AND (CAST(?3 AS TEXT) IS NULL OR act = ?3)
         AND (CAST(?4 AS TEXT) IS NULL OR of_store = ?4) ORDER BY seq DESC LIMIT ?5"
    );
    let before = filter.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    let values = params![before, filter.who, filter.act, filter.store, filter.limit.clamp(1, ROWS_MAX)];
    connection.prepare_cached(&sql)?.query_map(values, row)?.collect()
}

const ROW: &str = "SELECT seq, at_ms, who, via, came_from, act, object, of_store, outcome, before_hash, hash, signature FROM audit_log";

fn row(row: &Row<'_>) -> db::Result<AuditRow> {
    Ok(AuditRow {
        seq: row.get(0)?,
        at_ms: row.get(1)?,
        who: row.get(2)?,
        via: row.get(3)?,
        from: row.get(4)?,
        act: row.get(5)?,
        object: row.get(6)?,
        store: row.get(7)?,
        outcome: row.get(8)?,
        before: row.get(9)?,
        hash: row.get(10)?,
        signature: row.get(11)?,
    })
}

/// The log is whole up to here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: String,
}

/// The first row that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {seq} {why}")]
pub struct Broken {
    pub seq: u64,
    pub why: &'static str,
}

/// Walks the whole log. `key` is head office's public one; `known`, a head that somebody kept, must be in it.
pub fn verify(connection: &Connection, key: &PublicKey, known: Option<&Head>) -> db::Result<Result<Head, Broken>> {
    let mut at = Head { seq: 0, hash: ROOT.to_owned() };
    let mut statement = connection.prepare_cached(&format!("{ROW} ORDER BY seq"))?;
    let mut rows = statement.stream([])?;
    while let Some(found) = rows.next()? {
        let row = row(&found)?;
        if let Err(why) = fits(&row, &at, key, known) {
            return Ok(Err(Broken { seq: if row.seq > at.seq + 1 { at.seq + 1 } else { row.seq }, why }));
        }
        at = Head { seq: row.seq, hash: row.hash };
    }
    let missing = Broken { seq: at.seq + 1, why: "is missing: rows were taken off the end" };
    if known.is_some_and(|known| known.seq > at.seq) {
        return Ok(Err(missing));
    }
    let noted = storage::meta(connection, HEAD)?;
    Ok(match noted {
        None if at.seq == 0 => Ok(at),
        Some(noted) if noted == head(at.seq, &at.hash) => Ok(at),
        Some(_) | None => Err(missing),
    })
}

fn fits(row: &AuditRow, at: &Head, key: &PublicKey, known: Option<&Head>) -> Result<(), &'static str> {
    if row.seq != at.seq + 1 {
        return Err("is missing: it was taken out");
    }
    if row.before != at.hash {
        return Err("does not go on from the one before it: one of the two was exchanged");
    }
    if row.hash != row.hash_of_text() {
        return Err("was changed: its hash is of something else");
    }
    if !key.signed(&signed_text(&row.hash), &row.signature) {
        return Err("was not written by this head office: its signature is not of this key");
    }
    if known.is_some_and(|known| known.seq == row.seq && known.hash != row.hash) {
        return Err("is another one than the one that was kept");
    }
    Ok(())
}

/// As a table for people who judge by spreadsheets, oldest first.
pub fn csv(rows: &[AuditRow], time: impl Fn(i64) -> String) -> String {
    let mut out = "number,time,who,via,from,act,object,store,outcome,hash\n".to_owned();
    for row in rows.iter().rev() {
        let (seq, at) = (row.seq.to_string(), time(row.at_ms));
        let cells = [&seq, &at, &row.who, &row.via, &row.from, &row.act, &row.object, &row.store, &row.outcome, &row.hash];
        out += &cells.map(|cell| quoted(cell)).join(",");
        out.push('\n');
    }
    out
}

/// A cell that a spreadsheet takes for a text, not for a formula.
fn quoted(cell: &str) -> String {
    let risky = cell.starts_with(['=', '+', '-', '@']);
    let text = if risky { format!("'{cell}") } else { cell.to_owned() };
    match text.contains([',', '"', '\n', '\r', '\'']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// A key as it is kept.
pub fn public_key(hex: &str) -> db::Result<PublicKey> {
    PublicKey::from_hex(hex).map_err(|_| chain::corrupt("head office's own key"))
}
