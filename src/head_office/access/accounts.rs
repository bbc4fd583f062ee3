//! People of head office: who they are, what role they have and for which stores. Not the shops' staff, who are in [`crate::head_office::people`].
//! The newest change counts at once: a session asks here with every request.

use super::rights::{Reach, Role};
use super::{hash_of, passwords, secret};
use crate::head_office::card_data::{REMEDY, WHAT, holds_card};
use crate::head_office::db::{self, Connection, OptionalExtension, Row, params};

pub const LOGIN_CHARS_MAX: usize = 40;
pub const NAME_CHARS_MAX: usize = 60;
/// People of one head office.
pub const ACCOUNTS_MAX: u64 = 5_000;

/// A person as lists show one.
#[derive(Debug, Clone)]
pub struct Account {
    pub login: String,
    pub name: String,
    pub role: Role,
    pub reach: Reach,
    pub must_change: bool,
    pub disabled_ms: Option<i64>,
    /// Of the newest session.
    pub seen_ms: Option<i64>,
    pub sessions: u64,
}

/// What a person is to be.
#[derive(Debug, Clone)]
pub struct Draft {
    pub login: String,
    pub name: String,
    pub role: Role,
    pub reach: Reach,
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    #[error("{0}")]
    Malformed(String),
    #[error("there is somebody with the login {0} already: choose another login")]
    Exists(String),
    #[error("nobody has the login {0}: look at the list")]
    Unknown(String),
    #[error("{0} is the only admin: make another one first")]
    LastAdmin(String),
    #[error("{ACCOUNTS_MAX} people are the limit of one head office")]
    TooMany,
    #[error("somebody was set up meanwhile: sign in, or ask an admin")]
    SetUp,
}

/// Whether a draft can be a person; else what to mend.
pub fn check(draft: &Draft) -> Result<(), NotDone> {
    let malformed = |why: &str| Err(NotDone::Malformed(why.to_owned()));
    let is_login = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if draft.login.is_empty() || draft.login.len() > LOGIN_CHARS_MAX || !draft.login.chars().all(is_login) {
        return malformed("a login has 1 to 40 letters and digits without accents, and . - _ @");
    }
    let name = draft.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return malformed("a name has 1 to 60 printable characters");
    }
    if holds_card(&draft.login) || holds_card(name) {
        return Err(NotDone::Malformed(format!("{WHAT}: {REMEDY}")));
    }
    if draft.role == Role::Admin && !draft.reach.is_all() {
        return malformed("an admin is for all stores: whoever makes people could widen their own");
    }
    Ok(())
}

/// Adds somebody. `hash` is of the password; `must_change`: somebody else made it.
pub fn add(connection: &Connection, draft: &Draft, hash: &str, must_change: bool, now_ms: i64) -> db::Result<Result<(), NotDone>> {
    if let Err(why) = check(draft) {
        return Ok(Err(why));
    }
    if find(connection, &draft.login)?.is_some() {
        return Ok(Err(NotDone::Exists(draft.login.clone())));
    }
    if connection.query_row("SELECT count(*) FROM accounts", [], |row| row.get::<_, u64>(0))? >= ACCOUNTS_MAX {
        return Ok(Err(NotDone::TooMany));
    }
    let (stores, regions) = draft.reach.stored();
    connection.execute(
        "INSERT INTO accounts (login, name, role, stores, regions, password, must_change, made_ms, changed_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
        params![draft.login.to_lowercase(), draft.name.trim(), draft.role.name(), stores, regions, hash, must_change, now_ms],
    )?;
    Ok(Ok(()))
}

/// The first one, of whoever typed the set-up code.
pub fn add_first(connection: &Connection, draft: &Draft, hash: &str, now_ms: i64) -> db::Result<Result<(), NotDone>> {
    match is_anybody(connection)? {
        true => Ok(Err(NotDone::SetUp)),
        false => add(connection, draft, hash, false, now_ms),
    }
}

/// Another name, role or other stores. What was allowed until now ends with the next request.
pub fn change(connection: &Connection, draft: &Draft, now_ms: i64) -> db::Result<Result<(), NotDone>> {
    if let Err(why) = check(draft) {
        return Ok(Err(why));
    }
    let Some(before) = find(connection, &draft.login)? else { return Ok(Err(NotDone::Unknown(draft.login.clone()))) };
    if draft.role != Role::Admin && is_last_admin(connection, &before)? {
        return Ok(Err(NotDone::LastAdmin(before.login)));
    }
    let (stores, regions) = draft.reach.stored();
    connection.execute(
        "UPDATE accounts SET name = ?2, role = ?3, stores = ?4, regions = ?5, changed_ms = ?6 WHERE login = ?1",
        params![before.login, draft.name.trim(), draft.role.name(), stores, regions, now_ms],
    )?;
    Ok(Ok(()))
}

/// Another password. Every session ends, but the one in which a person chose it (`keep`).
pub fn set_password(
    connection: &Connection,
    login: &str,
    hash: &str,
    must_change: bool,
    keep: Option<&str>,
    now_ms: i64,
) -> db::Result<Result<(), NotDone>> {
    let login = login.to_lowercase();
    let changed = connection.execute(
        "UPDATE accounts SET password = ?2, must_change = ?3, changed_ms = ?4 WHERE login = ?1",
        params![login, hash, must_change, now_ms],
    )?;
    if changed == 0 {
        return Ok(Err(NotDone::Unknown(login)));
    }
    connection.execute("DELETE FROM account_sessions WHERE login = ?1 AND id <> ?2", params![login, keep.unwrap_or_default()])?;
    Ok(Ok(()))
}

/// Shuts somebody out, or lets in again. Open sessions end. Idempotent.
pub fn disable(connection: &Connection, login: &str, is_disabled: bool, now_ms: i64) -> db::Result<Result<(), NotDone>> {
    let Some(before) = find(connection, login)? else { return Ok(Err(NotDone::Unknown(login.to_owned()))) };
    if is_disabled == before.disabled_ms.is_some() {
        return Ok(Ok(()));
    }
    if is_disabled && is_last_admin(connection, &before)? {
        return Ok(Err(NotDone::LastAdmin(before.login)));
    }
    let since = is_disabled.then_some(now_ms);
    connection.execute("UPDATE accounts SET disabled_ms = ?2, changed_ms = ?3 WHERE login = ?1", params![before.login, since, now_ms])?;
    connection.execute("DELETE FROM account_sessions WHERE login = ?1", [before.login.as_str()])?;
    Ok(Ok(()))
}

/// Whether anybody was ever set up.
pub fn is_anybody(connection: &Connection) -> db::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM accounts)", [], |row| row.get(0))
}

pub fn find(connection: &Connection, login: &str) -> db::Result<Option<Account>> {
    let sql = format!("{ACCOUNT} WHERE a.login = ?1");
    connection.prepare_cached(&sql)?.query_row([login.to_lowercase()], account).optional()
}

/// By name; who is shut out comes last.
pub fn list(connection: &Connection) -> db::Result<Vec<Account>> {
    let sql = format!("{ACCOUNT} ORDER BY a.disabled_ms IS NOT NULL, lower(a.name), a.login");
    connection.prepare_cached(&sql)?.query_map([], account)?.collect()
}

/// What a password is compared with; `None` where nobody may come in under this login.
pub fn password(connection: &Connection, login: &str) -> db::Result<Option<String>> {
    connection
        .prepare_cached("SELECT password FROM accounts WHERE login = ?1 AND disabled_ms IS NULL")?
        .query_row([login.to_lowercase()], |row| row.get(0))
        .optional()
}

const ACCOUNT: &str = "SELECT a.login, a.name, a.role, a.stores, a.regions, a.must_change, a.disabled_ms,
    (SELECT max(s.seen_ms) FROM account_sessions s WHERE s.login = a.login), (SELECT count(*) FROM account_sessions s WHERE s.login = a.login)
    FROM accounts a";

fn account(row: &Row<'_>) -> db::Result<Account> {
    let (role, stores, regions): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
    Ok(Account {
        login: row.get(0)?,
        name: row.get(1)?,
        // A role that only a newer version knows may do least.
        role: Role::named(&role).unwrap_or(Role::Look),
        reach: Reach::of_stored(&stores, &regions),
        must_change: row.get(5)?,
        disabled_ms: row.get(6)?,
        seen_ms: row.get(7)?,
        sessions: row.get(8)?,
    })
}

fn is_last_admin(connection: &Connection, account: &Account) -> db::Result<bool> {
    let others = "SELECT count(*) FROM accounts WHERE role = 'admin' AND disabled_ms IS NULL AND login <> ?1";
    let others: u64 = connection.query_row(others, [account.login.as_str()], |row| row.get(0))?;
    Ok(account.role == Role::Admin && account.disabled_ms.is_none() && others == 0)
}

/// A password nobody chose, with its hash. Slow.
pub fn made_password() -> (String, String) {
    let password = passwords::generate();
    let hash = passwords::hash(&password);
    (password, hash)
}

/// A secret, and what is kept of it.
pub(super) fn made_secret() -> (String, String) {
    let secret = secret();
    let hash = hash_of(&secret);
    (secret, hash)
}
