//! Sessions: what a browser's cookie stands for. Kept at head office by the hash of the cookie, so that nobody who reads the database comes in;
//! ended by signing out, by another password, by shutting the person out, by idling and by age.

use super::accounts::made_secret;
use super::{Reach, Role, Via, Who, hash_of};
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::office::HeadOffice;
use crate::web::problem::Problem;

/// Without an act by hand for this long a session is over.
pub const IDLE_MS: i64 = 60 * 60_000;
/// However busy, it is over then: a working day.
pub const LIFE_MS: i64 = 12 * 60 * 60_000;
/// When somebody was there is written down at most this often.
const SEEN_EVERY_MS: i64 = 60_000;
/// Of one person; the oldest make way.
const SESSIONS_MAX: u64 = 20;
const BROWSER_CHARS_MAX: usize = 60;

/// As lists show it.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// By this it can be ended; nobody comes in with it.
    pub id: String,
    pub login: String,
    pub made_ms: i64,
    pub seen_ms: i64,
    pub browser: String,
    pub from: String,
}

/// A new session, always with a new secret, whatever the browser brought. Returns the secret for the cookie.
pub fn begin(connection: &Connection, login: &str, browser: &str, from: &str, now_ms: i64) -> db::Result<String> {
    let login = login.to_lowercase();
    let (secret, hash) = made_secret();
    let id: String = made_secret().0.chars().take(16).collect();
    let browser: String = browser.chars().filter(|c| !c.is_control()).take(BROWSER_CHARS_MAX).collect();
    sweep(connection, now_ms)?;
    connection.execute(
        "DELETE FROM account_sessions WHERE id IN (SELECT id FROM account_sessions WHERE login = ?1 ORDER BY seen_ms DESC LIMIT 1000 OFFSET ?2)",
        params![login, SESSIONS_MAX - 1],
    )?;
    connection.execute(
        "INSERT INTO account_sessions (hash, id, login, made_ms, seen_ms, browser, address) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)",
        params![hash, id, login, now_ms, browser, from],
    )?;
    Ok(secret)
}

/// Whose a cookie is. `by_hand`: a person did something, so the session lives on.
pub async fn find(office: &HeadOffice, secret: String, from: String, by_hand: bool) -> Result<Option<Who>, Problem> {
    let now_ms = office.now_ms();
    let hash = hash_of(&secret);
    let asked = hash.clone();
    let found = office.read(move |connection| whose(connection, &asked, now_ms)).await?;
    let Some((mut who, seen_ms)) = found else { return Ok(None) };
    who.from = from;
    if by_hand && now_ms - seen_ms >= SEEN_EVERY_MS {
        let sql = "UPDATE account_sessions SET seen_ms = ?2 WHERE hash = ?1 AND seen_ms < ?2";
        office.write_unseen(move |writer, now_ms| Ok(writer.connection().execute(sql, params![hash, now_ms])?)).await?;
    }
    Ok(Some(who))
}

fn whose(connection: &Connection, hash: &str, now_ms: i64) -> db::Result<Option<(Who, i64)>> {
    connection
        .prepare_cached(
            "SELECT s.id, s.login, s.seen_ms, a.name, a.role, a.stores, a.regions, a.must_change
             FROM account_sessions s JOIN accounts a ON a.login = s.login
             WHERE s.hash = ?1 AND a.disabled_ms IS NULL AND s.seen_ms > ?2 AND s.made_ms > ?3",
        )?
        .query_row(params![hash, now_ms - IDLE_MS, now_ms - LIFE_MS], |row| {
            let (role, stores, regions): (String, String, String) = (row.get(4)?, row.get(5)?, row.get(6)?);
            let who = Who {
                who: row.get(1)?,
                name: row.get(3)?,
                via: Via::Session,
                rights: Role::named(&role).unwrap_or(Role::Look).rights().to_vec(),
                reach: Reach::of_stored(&stores, &regions),
                channels: Vec::new(),
                from: String::new(),
                session: Some(row.get(0)?),
                must_change: row.get(7)?,
            };
            Ok((who, row.get(2)?))
        })
        .optional()
}

/// Ends the session of a cookie. Idempotent.
pub fn end_by_secret(connection: &Connection, secret: &str) -> db::Result<()> {
    connection.execute("DELETE FROM account_sessions WHERE hash = ?1", [hash_of(secret)]).map(drop)
}

/// Ends one by its id; with a login only if it is that person's. Idempotent.
pub fn end(connection: &Connection, id: &str, login: Option<&str>) -> db::Result<()> {
    match login {
        Some(login) => connection.execute("DELETE FROM account_sessions WHERE id = ?1 AND login = ?2", [id, login]).map(drop),
        None => connection.execute("DELETE FROM account_sessions WHERE id = ?1", [id]).map(drop),
    }
}

/// Those that are still good, the newest first; of one person or of all.
pub fn list(connection: &Connection, login: Option<&str>, now_ms: i64) -> db::Result<Vec<SessionRow>> {
    connection
        .prepare_cached(
            "SELECT id, login, made_ms, seen_ms, browser, address FROM account_sessions
             WHERE (CAST(?1 AS TEXT) IS NULL OR login = ?1) AND seen_ms > ?2 AND made_ms > ?3 ORDER BY seen_ms DESC, id LIMIT 200",
        )?
        .query_map(params![login, now_ms - IDLE_MS, now_ms - LIFE_MS], |row| {
            Ok(SessionRow {
                id: row.get(0)?,
                login: row.get(1)?,
                made_ms: row.get(2)?,
                seen_ms: row.get(3)?,
                browser: row.get(4)?,
                from: row.get(5)?,
            })
        })?
        .collect()
}

/// Forgets those that are over.
fn sweep(connection: &Connection, now_ms: i64) -> db::Result<()> {
    let sql = "DELETE FROM account_sessions WHERE seen_ms <= ?1 OR made_ms <= ?2";
    connection.execute(sql, params![now_ms - IDLE_MS, now_ms - LIFE_MS]).map(drop)
}
