//! Tokens of programs: a name, what it may do, for which stores, until when. Shown once, kept as a hash; sent as `Authorization: Bearer …`.

use super::accounts::made_secret;
use super::{Reach, Right, Via, Who, hash_of};
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::office::HeadOffice;
use crate::ids::ChannelId;
use crate::web::problem::Problem;

pub const NAME_CHARS_MAX: usize = 40;
pub const DAYS: u32 = 365;
pub const DAYS_MAX: u32 = 3_650;
/// Tokens that are good at the same time.
const TOKENS_MAX: u64 = 500;
const DAY_MS: i64 = 86_400_000;
/// When one was used is written down at most this often.
const USED_EVERY_MS: i64 = 60_000;

/// What a token is to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub name: String,
    pub scope: Vec<Right>,
    pub reach: Reach,
    /// Empty: not bound to channels.
    pub channels: Vec<ChannelId>,
    pub days: u32,
}

/// As lists show it.
#[derive(Debug, Clone)]
pub struct TokenRow {
    pub name: String,
    pub scope: Vec<Right>,
    pub reach: Reach,
    pub channels: Vec<ChannelId>,
    pub made_ms: i64,
    pub made_by: String,
    pub expires_ms: i64,
    pub used_ms: Option<i64>,
    pub revoked_ms: Option<i64>,
}

impl TokenRow {
    /// The stores or the channels that it is for.
    pub fn bounds(&self) -> String {
        match self.channels.as_slice() {
            [] => self.reach.to_string(),
            channels => format!("channel {}", names(channels).replace(' ', ", ")),
        }
    }
}

fn names(channels: &[ChannelId]) -> String {
    channels.iter().map(ChannelId::as_str).collect::<Vec<_>>().join(" ")
}

/// Why there is no token, or none was revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    #[error("{0}")]
    Malformed(String),
    #[error("there is a token {0} already: choose another name")]
    Exists(String),
    #[error("there is no token {0}: look at the list")]
    Unknown(String),
    #[error("{TOKENS_MAX} tokens are the limit: revoke what is not used")]
    TooMany,
}

/// Reads "look, orders".
pub fn scope(text: &str) -> Result<Vec<Right>, NotDone> {
    let names = text.split([' ', ',']).map(str::trim).filter(|name| !name.is_empty());
    let known = Right::ALL.map(Right::name).join(", ");
    names.map(|name| Right::named(name).ok_or_else(|| NotDone::Malformed(format!("{name:?} is no scope: use some of {known}")))).collect()
}

/// Reads "web, market"; nothing: not bound to channels.
pub fn channels(text: &str) -> Result<Vec<ChannelId>, NotDone> {
    let named = text.split([' ', ',']).map(str::trim).filter(|name| !name.is_empty());
    named.map(|name| ChannelId::new(name).map_err(|why| NotDone::Malformed(format!("{name:?} is no channel: {why}")))).collect()
}

fn check(wanted: &Wanted) -> Result<(), NotDone> {
    let malformed = |why: String| Err(NotDone::Malformed(why));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if wanted.name.is_empty() || wanted.name.len() > NAME_CHARS_MAX || !wanted.name.chars().all(is_plain) {
        return malformed(format!("a token's name has 1 to {NAME_CHARS_MAX} letters and digits without accents, and . - _"));
    }
    if wanted.scope.is_empty() {
        return malformed("a token needs a scope: look, for a program that reads".to_owned());
    }
    if wanted.scope.contains(&Right::Administer) {
        return malformed("no program administers: a token that leaks must not make people".to_owned());
    }
    if !wanted.channels.is_empty() && wanted.reach != Reach::All {
        return malformed("a token is for stores or for channels: a channel's settings say whose stock it may sell".to_owned());
    }
    if wanted.days == 0 || wanted.days > DAYS_MAX {
        return malformed(format!("a token is good for 1 to {DAYS_MAX} days"));
    }
    Ok(())
}

/// Returns the secret, the one time that it is there.
pub fn make(connection: &Connection, wanted: &Wanted, by: &str, now_ms: i64) -> db::Result<Result<String, NotDone>> {
    if let Err(why) = check(wanted) {
        return Ok(Err(why));
    }
    let taken: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM api_tokens WHERE name = ?1)", [wanted.name.as_str()], |row| row.get(0))?;
    if taken {
        return Ok(Err(NotDone::Exists(wanted.name.clone())));
    }
    let good = "SELECT count(*) FROM api_tokens WHERE revoked_ms IS NULL AND expires_ms > ?1";
    if connection.query_row(good, [now_ms], |row| row.get::<_, u64>(0))? >= TOKENS_MAX {
        return Ok(Err(NotDone::TooMany));
    }
    let (secret, hash) = made_secret();
    let (stores, regions) = wanted.reach.stored();
    let mut scope = wanted.scope.clone();
    // Whoever may do something may look.
    scope.push(Right::Look);
    scope.sort();
    scope.dedup();
    let scope = scope.into_iter().map(Right::name).collect::<Vec<_>>().join(" ");
    connection.execute(
        "INSERT INTO api_tokens (name, hash, scope, stores, regions, made_ms, made_by, expires_ms, channels)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![wanted.name, hash, scope, stores, regions, now_ms, by, now_ms + i64::from(wanted.days) * DAY_MS, names(&wanted.channels)],
    )?;
    Ok(Ok(secret))
}

/// It is good for nothing from now on. Idempotent.
pub fn revoke(connection: &Connection, name: &str, now_ms: i64) -> db::Result<Result<(), NotDone>> {
    connection.execute("UPDATE api_tokens SET revoked_ms = ?2 WHERE name = ?1 AND revoked_ms IS NULL", params![name, now_ms])?;
    let is_there = connection.query_row("SELECT EXISTS (SELECT 1 FROM api_tokens WHERE name = ?1)", [name], |row| row.get(0))?;
    Ok(if is_there { Ok(()) } else { Err(NotDone::Unknown(name.to_owned())) })
}

/// Whose a token is.
pub async fn find(office: &HeadOffice, secret: String, from: String) -> Result<Option<Who>, Problem> {
    let now_ms = office.now_ms();
    let hash = hash_of(&secret);
    let asked = hash.clone();
    let Some(token) = office.read(move |connection| by_hash(connection, &asked)).await? else { return Ok(None) };
    if token.revoked_ms.is_some() || token.expires_ms <= now_ms {
        return Ok(None);
    }
    if token.used_ms.is_none_or(|used_ms| now_ms - used_ms >= USED_EVERY_MS) {
        let sql = "UPDATE api_tokens SET used_ms = ?2 WHERE hash = ?1";
        office.write_unseen(move |writer, now_ms| Ok(writer.connection().execute(sql, params![hash, now_ms])?)).await?;
    }
    Ok(Some(Who {
        who: format!("token {}", token.name),
        name: format!("the token {}", token.name),
        via: Via::Token,
        rights: token.scope,
        reach: token.reach,
        channels: token.channels,
        from,
        session: None,
        must_change: false,
    }))
}

/// The newest first.
pub fn list(connection: &Connection) -> db::Result<Vec<TokenRow>> {
    let sql = format!("{TOKEN} ORDER BY revoked_ms IS NOT NULL, made_ms DESC, name LIMIT 1000");
    connection.prepare_cached(&sql)?.query_map([], token)?.collect()
}

fn by_hash(connection: &Connection, hash: &str) -> db::Result<Option<TokenRow>> {
    connection.prepare_cached(&format!("{TOKEN} WHERE hash = ?1"))?.query_row([hash], token).optional()
}

const TOKEN: &str = "SELECT name, scope, stores, regions, made_ms, made_by, expires_ms, used_ms, revoked_ms, channels FROM api_tokens";

fn token(row: &db::Row<'_>) -> db::Result<TokenRow> {
    let (scope, stores, regions): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let bound: Option<String> = row.get(9)?;
    // What cannot be read must not open more than was meant.
    let channels =
        channels(&bound.unwrap_or_default()).map_err(|_| crate::head_office::chain::corrupt("a token's channels cannot be read"))?;
    Ok(TokenRow {
        name: row.get(0)?,
        scope: scope.split(' ').filter_map(Right::named).collect(),
        reach: Reach::of_stored(&stores, &regions),
        channels,
        made_ms: row.get(4)?,
        made_by: row.get(5)?,
        expires_ms: row.get(6)?,
        used_ms: row.get(7)?,
        revoked_ms: row.get(8)?,
    })
}
