//! What people at head office write of an order: notes, and issues with an owner, a status and a day by which they are to be solved. Nothing is
//! changed or deleted: a note may take another's place, and each change of an issue is a note of its own.

use serde::{Deserialize, Serialize};

use super::db::{self, Connection, OptionalExtension, params};
use super::office_events::{self, Fact};
use super::paging::{Behind, Rows};

pub const TEXT_CHARS_MAX: usize = 2_000;
pub const WHO_CHARS_MAX: usize = 60;
/// Notes of one order. Beyond it nobody reads them.
const PER_ORDER_MAX: i64 = 1_000;
/// The same words of the same person within this time were sent twice.
const TWICE_WITHIN_MS: i64 = 120_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IssueStatus)]
pub enum Status {
    Open,
    /// For somebody else: the customer, the store, a supplier.
    Waiting,
    Solved,
}

impl Status {
    pub const ALL: [Status; 3] = [Status::Open, Status::Waiting, Status::Solved];

    pub fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Waiting => "waiting",
            Status::Solved => "solved",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NoteRow {
    pub id: i64,
    pub order: String,
    pub at_ms: i64,
    pub who: String,
    pub text: String,
    /// The note in whose place this one stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<i64>,
    /// It opened or moved this issue, which is of this owner, status and day since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct IssueRow {
    pub issue: i64,
    pub order: String,
    pub title: String,
    pub owner: String,
    pub status: String,
    pub due_ms: Option<i64>,
    pub opened_ms: i64,
    /// When it came to stand as it does.
    pub since_ms: i64,
}

/// A note as it is written.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// Not asked of who signed in: then it is them.
    #[serde(default)]
    pub who: String,
    pub text: String,
    #[serde(default)]
    pub replaces: Option<i64>,
}

/// An issue as it is opened.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIssue {
    /// Not asked of who signed in: then it is them.
    #[serde(default)]
    pub who: String,
    /// What is to be solved.
    pub text: String,
    pub owner: String,
    #[serde(default)]
    pub due_ms: Option<i64>,
}

/// How an issue stands from now on.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueChange {
    /// Not asked of who signed in: then it is them.
    #[serde(default)]
    pub who: String,
    /// What was done or found out.
    #[serde(default)]
    pub text: String,
    pub owner: String,
    pub status: Status,
    #[serde(default)]
    pub due_ms: Option<i64>,
}

/// Why it was not written down.
#[derive(Debug, PartialEq, Eq)]
pub enum NotNoted {
    NoOrder,
    NoIssue,
    /// The note that it would replace is of another order, or was replaced already.
    NotReplaceable,
    TooMany,
    Malformed(String),
}

fn bad_text(what: &str, text: &str, chars_max: usize, may_be_empty: bool) -> Option<NotNoted> {
    let fault = if text.trim().is_empty() && !may_be_empty {
        format!("{what} is missing")
    } else if text.chars().count() > chars_max {
        format!("{what} has more than {chars_max} characters")
    } else if text.chars().any(|c| c.is_control() && !(c == '\n' || c == '\r')) {
        format!("{what} holds control characters")
    } else {
        return None;
    };
    Some(NotNoted::Malformed(fault))
}

fn checked(who: &str, text: &str, owner: Option<&str>, due_ms: Option<i64>, may_be_empty: bool) -> Result<(), NotNoted> {
    let faults = [
        bad_text("your name", who, WHO_CHARS_MAX, false),
        bad_text("the text", text, TEXT_CHARS_MAX, may_be_empty),
        owner.and_then(|owner| bad_text("who owns it", owner, WHO_CHARS_MAX, false)),
        due_ms.filter(|due_ms| *due_ms <= 0).map(|_| NotNoted::Malformed("the day it is due lies before 1970".to_owned())),
    ];
    faults.into_iter().flatten().next().map_or(Ok(()), Err)
}

/// The store of an order that may have one note more.
fn store_of(connection: &Connection, order: &str) -> db::Result<Result<String, NotNoted>> {
    let store: Option<String> = connection
        .prepare_cached(
            "SELECT store FROM collect_orders WHERE order_no = ?1 UNION ALL SELECT store FROM order_parts WHERE part = ?1 LIMIT 1",
        )?
        .query_row([order], |row| row.get(0))
        .optional()?;
    let Some(store) = store else { return Ok(Err(NotNoted::NoOrder)) };
    let count: i64 =
        connection.prepare_cached("SELECT count(*) FROM order_notes WHERE order_no = ?1")?.query_row([order], |row| row.get(0))?;
    Ok(if count < PER_ORDER_MAX { Ok(store) } else { Err(NotNoted::TooMany) })
}

struct Row<'a> {
    order: &'a str,
    who: &'a str,
    text: &'a str,
    replaces: Option<i64>,
    issue: Option<i64>,
    owner: &'a str,
    status: &'a str,
    due_ms: Option<i64>,
}

fn insert(connection: &Connection, row: &Row<'_>, now_ms: i64) -> db::Result<i64> {
    let Row { order, who, text, replaces, issue, owner, status, due_ms } = row;
    connection
        .prepare_cached(
            "INSERT INTO order_notes (order_no, at_ms, who, text, replaces, issue, owner, status, due_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
        )?
        .query_row(params![order, now_ms, who.trim(), text.trim(), replaces, issue, owner.trim(), status, due_ms], |row| row.get(0))
}

/// The text stays here: it may name the customer.
fn tell(connection: &Connection, kind: &str, store: &str, row: &Row<'_>, id: i64, now_ms: i64) -> db::Result<()> {
    let data = match row.issue {
        Some(issue) => serde_json::json!({ "note": id, "issue": issue, "status": row.status, "due_ms": row.due_ms }),
        None => serde_json::json!({ "note": id, "replaces": row.replaces }),
    };
    let (order, who, source) = (row.order, row.who.trim(), format!("note {id}"));
    office_events::add(connection, &Fact { kind, store, order, at_ms: now_ms, known_ms: now_ms, who, source, data })
}

/// Writes a note down; returns its number. Sent twice it is one note.
pub fn add(connection: &Connection, order: &str, note: &NewNote, now_ms: i64) -> db::Result<Result<i64, NotNoted>> {
    if let Err(fault) = checked(&note.who, &note.text, None, None, false) {
        return Ok(Err(fault));
    }
    let store = match store_of(connection, order)? {
        Ok(store) => store,
        Err(why) => return Ok(Err(why)),
    };
    let twice =
        "SELECT id FROM order_notes WHERE order_no = ?1 AND who = ?2 AND text = ?3 AND issue IS NULL AND at_ms > ?4 ORDER BY id LIMIT 1";
    let twice: Option<i64> = connection
        .prepare_cached(twice)?
        .query_row(params![order, note.who.trim(), note.text.trim(), now_ms - TWICE_WITHIN_MS], |row| row.get(0))
        .optional()?;
    if let Some(id) = twice {
        return Ok(Ok(id));
    }
    if let Some(old) = note.replaces {
        let sql = "SELECT count(*) FROM order_notes n WHERE n.id = ?1 AND n.order_no = ?2 AND n.issue IS NULL
                     AND NOT EXISTS (SELECT 1 FROM order_notes m WHERE m.order_no = n.order_no AND m.replaces = n.id)";
        if connection.prepare_cached(sql)?.query_row(params![old, order], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(Err(NotNoted::NotReplaceable));
        }
    }
    let row = Row { order, who: &note.who, text: &note.text, replaces: note.replaces, issue: None, owner: "", status: "", due_ms: None };
    let id = insert(connection, &row, now_ms)?;
    tell(connection, "note.added", &store, &row, id, now_ms)?;
    Ok(Ok(id))
}

/// Opens an issue; returns its number. Sent twice it is one issue.
pub fn open(connection: &Connection, order: &str, issue: &NewIssue, now_ms: i64) -> db::Result<Result<i64, NotNoted>> {
    let NewIssue { who, text, owner, due_ms } = issue;
    if let Err(fault) = checked(who, text, Some(owner), *due_ms, false) {
        return Ok(Err(fault));
    }
    let store = match store_of(connection, order)? {
        Ok(store) => store,
        Err(why) => return Ok(Err(why)),
    };
    let twice =
        "SELECT id FROM order_issues WHERE order_no = ?1 AND title = ?2 AND status <> 'solved' AND opened_ms > ?3 ORDER BY id LIMIT 1";
    let twice: Option<i64> =
        connection.prepare_cached(twice)?.query_row(params![order, text.trim(), now_ms - TWICE_WITHIN_MS], |row| row.get(0)).optional()?;
    if let Some(id) = twice {
        return Ok(Ok(id));
    }
    let status = Status::Open.name();
    let mut row = Row { order, who, text, replaces: None, issue: Some(0), owner, status, due_ms: *due_ms };
    let id = insert(connection, &row, now_ms)?;
    connection.execute("UPDATE order_notes SET issue = ?1 WHERE id = ?1", [id])?;
    row.issue = Some(id);
    connection
        .prepare_cached(
            "INSERT INTO order_issues (id, order_no, title, owner, status, due_ms, opened_ms, since_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        )?
        .execute(params![id, order, text.trim(), owner.trim(), status, due_ms, now_ms])?;
    tell(connection, "issue.opened", &store, &row, id, now_ms)?;
    Ok(Ok(id))
}

/// Says how an issue stands. Nothing new is said twice.
pub fn change(connection: &Connection, id: i64, change: &IssueChange, now_ms: i64) -> db::Result<Result<IssueRow, NotNoted>> {
    let IssueChange { who, text, owner, status, due_ms } = change;
    if let Err(fault) = checked(who, text, Some(owner), *due_ms, true) {
        return Ok(Err(fault));
    }
    let Some(known) = issue(connection, id)? else { return Ok(Err(NotNoted::NoIssue)) };
    let store = match store_of(connection, &known.order)? {
        Ok(store) => store,
        Err(why) => return Ok(Err(why)),
    };
    let is_same = known.owner == owner.trim() && known.status == status.name() && known.due_ms == *due_ms && text.trim().is_empty();
    if is_same {
        return Ok(Ok(known));
    }
    let row = Row { order: &known.order, who, text, replaces: None, issue: Some(id), owner, status: status.name(), due_ms: *due_ms };
    let note = insert(connection, &row, now_ms)?;
    connection
        .prepare_cached("UPDATE order_issues SET owner = ?2, status = ?3, due_ms = ?4, since_ms = ?5 WHERE id = ?1")?
        .execute(params![id, owner.trim(), status.name(), due_ms, now_ms])?;
    tell(connection, "issue.changed", &store, &row, note, now_ms)?;
    Ok(issue(connection, id)?.ok_or(NotNoted::NoIssue))
}

/// Oldest first.
pub fn of_order(connection: &Connection, order: &str) -> db::Result<Vec<NoteRow>> {
    connection
        .prepare_cached(
            "SELECT id, order_no, at_ms, who, text, replaces, issue, owner, status, due_ms FROM order_notes WHERE order_no = ?1 ORDER BY id",
        )?
        .query_map([order], |row| {
            Ok(NoteRow {
                id: row.get(0)?,
                order: row.get(1)?,
                at_ms: row.get(2)?,
                who: row.get(3)?,
                text: row.get(4)?,
                replaces: row.get(5)?,
                issue: row.get(6)?,
                owner: row.get(7)?,
                status: row.get(8)?,
                due_ms: row.get(9)?,
            })
        })?
        .collect()
}

const ISSUE: &str = "SELECT id, order_no, title, owner, status, due_ms, opened_ms, since_ms FROM order_issues";

fn issue_row(row: &db::Row<'_>) -> db::Result<IssueRow> {
    Ok(IssueRow {
        issue: row.get(0)?,
        order: row.get(1)?,
        title: row.get(2)?,
        owner: row.get(3)?,
        status: row.get(4)?,
        due_ms: row.get(5)?,
        opened_ms: row.get(6)?,
        since_ms: row.get(7)?,
    })
}

pub fn issue(connection: &Connection, id: i64) -> db::Result<Option<IssueRow>> {
    connection.prepare_cached(&format!("{ISSUE} WHERE id = ?1"))?.query_row([id], issue_row).optional()
}

/// Not solved yet: what is due first comes first, what has no day last.
pub fn open_issues(connection: &Connection, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<IssueRow>> {
    let Rows { behind, limit } = rows.into();
    let sql = format!(
        "{ISSUE} WHERE status <> 'solved' AND (CASE WHEN due_ms IS NULL THEN 1 ELSE 0 END, coalesce(due_ms, 0), id)
           > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), CAST(?3 AS BIGINT))
         ORDER BY CASE WHEN due_ms IS NULL THEN 1 ELSE 0 END, coalesce(due_ms, 0), id LIMIT ?4"
    );
    connection.prepare_cached(&sql)?.query_map(params![behind.rank, behind.at, behind.number(), limit], issue_row)?.collect()
}

pub fn issues_of(connection: &Connection, order: &str) -> db::Result<Vec<IssueRow>> {
    let sql = format!("{ISSUE} WHERE order_no = ?1 ORDER BY status = 'solved', id");
    connection.prepare_cached(&sql)?.query_map([order], issue_row)?.collect()
}
