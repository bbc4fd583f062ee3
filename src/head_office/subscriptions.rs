//! Who is posted what happened: each subscription has an address, kinds, and a cursor of its own in the log. It is posted event by event, in order;
//! what a receiver does not take is tried again and holds up nobody else. What is taken and not finished is taken again after a while, so a receiver
//! may get an event twice, with the same id, and never misses one.

use serde::Serialize;

use super::db::{self, Connection, OptionalExtension, params};
use super::messages::outbox::Outcome;
use super::messages::webhook::Webhook;
use super::office_events::{self, OfficeEvent};
use super::order_exceptions::{self, OrderException};
use crate::journal::Hash;
use crate::journal::hash::to_hex;

/// Subscriptions that are not ended.
pub const SUBSCRIPTIONS_MAX: i64 = 100;
/// Events posted before the cursor is written down.
const EVENTS_AT_ONCE: u32 = 50;
/// Subscriptions taken at once.
const TAKEN_MAX: u32 = 16;
/// The first wait after a failure; it doubles with each.
const WAIT_MS: i64 = 5_000;
const WAIT_MS_MAX: i64 = 3_600_000;
/// Longer than posting [`EVENTS_AT_ONCE`] events takes with the longest wait for each answer: whoever began before that posts no more.
const LEASE_MS: i64 = 600_000;
const NAME_CHARS_MAX: usize = 60;
const KINDS_MAX: usize = 20;
const DETAIL_CHARS_MAX: usize = 300;
/// Who has to look when one is given up.
const OWNER: &str = "on-call technician";

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Subscription {
    pub id: i64,
    pub name: String,
    pub url: String,
    /// "order.ready", "order.*"; none: all.
    pub kinds: Vec<String>,
    /// "active", "paused", "dead": given up after too long, "ended".
    pub state: String,
    /// The last event that was taken, or passed over.
    pub cursor: u64,
    /// Events behind the cursor, of whatever kind.
    pub behind: u64,
    pub failing_since_ms: Option<i64>,
    pub tries: u32,
    pub next_ms: i64,
    /// When a post last ended, and how.
    pub last_ms: Option<i64>,
    pub detail: String,
}

/// Why it was not made or changed.
#[derive(Debug, PartialEq, Eq)]
pub enum NotDone {
    Unknown,
    Ended,
    TooMany,
    Malformed(String),
}

/// What a secret is made from, besides head office's key.
pub fn signed_text(id: i64, nonce: &str) -> Vec<u8> {
    format!("counterfoil subscription {id} {nonce}").into_bytes()
}

/// As receivers configure it. `signature`: head office's over [`signed_text`], the same each time (RFC 8032).
pub fn secret(signature: &[u8; 64]) -> String {
    use base64::Engine;
    format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(Hash::of(signature).0))
}

/// A kind, or the beginning of kinds: "order.*".
pub fn is_kind(text: &str) -> bool {
    let name = text.strip_suffix(".*").unwrap_or(text);
    !name.is_empty() && name.len() <= 60 && name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.'))
}

/// Begins with what happens from now on. Returns its number and what its secret is made from.
pub fn add(connection: &Connection, name: &str, url: &str, kinds: &[String], now_ms: i64) -> db::Result<Result<(i64, String), NotDone>> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Ok(Err(NotDone::Malformed(format!("a name has 1 to {NAME_CHARS_MAX} characters"))));
    }
    if kinds.len() > KINDS_MAX || !kinds.iter().all(|kind| is_kind(kind)) {
        return Ok(Err(NotDone::Malformed(format!("kinds are up to {KINDS_MAX} such as order.ready or order.*"))));
    }
    if let Err((_, why)) = Webhook::new(url.trim(), &secret(&[0; 64]), None) {
        return Ok(Err(NotDone::Malformed(why)));
    }
    let count = "SELECT count(*) FROM subscriptions WHERE state <> 'ended'";
    if connection.query_row(count, [], |row| row.get::<_, i64>(0))? >= SUBSCRIPTIONS_MAX {
        return Ok(Err(NotDone::TooMany));
    }
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).expect("the kernel always has randomness after boot");
    let nonce = to_hex(&nonce);
    let id = connection
        .prepare_cached(
            "INSERT INTO subscriptions (name, url, kinds, state, cursor, nonce, made_ms) VALUES (?1, ?2, ?3, 'active', ?4, ?5, ?6) RETURNING id",
        )?
        .query_row(params![name, url.trim(), kinds.join(" "), office_events::newest(connection)?, nonce, now_ms], |row| row.get(0))?;
    Ok(Ok((id, nonce)))
}

/// What is done with a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Pause,
    /// Also of one that was given up.
    Resume,
    /// From behind this event on.
    Replay(u64),
    /// It is posted nothing more; it cannot be begun again.
    End,
}

/// Idempotent.
pub fn change(connection: &Connection, id: i64, act: Act) -> db::Result<Result<(), NotDone>> {
    let state: Option<String> =
        connection.prepare_cached("SELECT state FROM subscriptions WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()?;
    match state.as_deref() {
        None => return Ok(Err(NotDone::Unknown)),
        Some("ended") if act != Act::End => return Ok(Err(NotDone::Ended)),
        Some(_) => {}
    }
    const AFRESH: &str = "failing_since_ms = NULL, tries = 0, next_ms = 0, begun_ms = NULL";
    match act {
        Act::Pause => connection.execute("UPDATE subscriptions SET state = 'paused' WHERE id = ?1 AND state <> 'paused'", [id])?,
        Act::Resume => {
            connection.execute(&format!("UPDATE subscriptions SET state = 'active', {AFRESH} WHERE id = ?1 AND state <> 'active'"), [id])?
        }
        Act::Replay(after) => {
            let newest = office_events::newest(connection)?;
            if after > newest {
                return Ok(Err(NotDone::Malformed(format!("there is no event {after} yet; the newest is {newest}"))));
            }
            connection.execute(&format!("UPDATE subscriptions SET cursor = ?2, {AFRESH} WHERE id = ?1"), params![id, after])?
        }
        Act::End => connection.execute("UPDATE subscriptions SET state = 'ended', begun_ms = NULL WHERE id = ?1", [id])?,
    };
    Ok(Ok(()))
}

/// Newest last; those that were ended are not shown.
pub fn list(connection: &Connection) -> db::Result<Vec<Subscription>> {
    connection
        .prepare_cached(
            "SELECT s.id, s.name, s.url, s.kinds, s.state, s.cursor, (SELECT count(*) FROM office_events e WHERE e.id > s.cursor),
                    s.failing_since_ms, s.tries, s.next_ms, s.last_ms, s.detail
             FROM subscriptions s WHERE s.state <> 'ended' ORDER BY s.id",
        )?
        .query_map([], |row| {
            let kinds: String = row.get(3)?;
            Ok(Subscription {
                id: row.get(0)?,
                name: row.get(1)?,
                url: row.get(2)?,
                kinds: kinds.split_whitespace().map(str::to_owned).collect(),
                state: row.get(4)?,
                cursor: row.get(5)?,
                behind: row.get(6)?,
                failing_since_ms: row.get(7)?,
                tries: row.get(8)?,
                next_ms: row.get(9)?,
                last_ms: row.get(10)?,
                detail: row.get(11)?,
            })
        })?
        .collect()
}

/// What one subscription is to be posted now.
#[derive(Debug)]
pub struct Taken {
    pub id: i64,
    pub url: String,
    pub nonce: String,
    pub begun_ms: i64,
    pub events: Vec<OfficeEvent>,
    /// Where the cursor stands when all of them were taken.
    pub upto: u64,
}

const DUE: &str = "FROM subscriptions s WHERE s.state = 'active' AND s.next_ms <= ?1 AND (s.begun_ms IS NULL OR s.begun_ms <= ?2)
    AND s.cursor < (SELECT coalesce(max(id), 0) FROM office_events)";

/// Whether there is anything to take: asked before the writer is bothered.
pub fn is_anything_due(connection: &Connection, now_ms: i64) -> db::Result<bool> {
    let sql = format!("SELECT count(*) {DUE}");
    Ok(connection.prepare_cached(&sql)?.query_row([now_ms, now_ms - LEASE_MS], |row| row.get::<_, i64>(0))? > 0)
}

/// Takes what is due, for this while nobody else does. What only holds other kinds is passed over at once.
pub fn take(connection: &Connection, now_ms: i64) -> db::Result<Vec<Taken>> {
    let sql = format!("SELECT s.id, s.url, s.nonce, s.kinds, s.cursor {DUE} ORDER BY s.next_ms, s.id LIMIT ?3");
    let due: Vec<(i64, String, String, String, u64)> = connection
        .prepare_cached(&sql)?
        .query_map(params![now_ms, now_ms - LEASE_MS, TAKEN_MAX], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?
        .collect::<db::Result<_>>()?;
    let mut taken = Vec::new();
    for (id, url, nonce, kinds, cursor) in due {
        let kinds: Vec<String> = kinds.split_whitespace().map(str::to_owned).collect();
        let page = office_events::after(connection, cursor, &kinds, EVENTS_AT_ONCE)?;
        if page.rows.is_empty() {
            connection.execute("UPDATE subscriptions SET cursor = ?2, begun_ms = NULL WHERE id = ?1", params![id, page.next])?;
            continue;
        }
        connection.execute("UPDATE subscriptions SET begun_ms = ?2 WHERE id = ?1", params![id, now_ms])?;
        taken.push(Taken { id, url, nonce, begun_ms: now_ms, events: page.rows, upto: page.next });
    }
    Ok(taken)
}

/// Notes how far it came. Nothing when a person moved the cursor meanwhile.
pub fn finish(connection: &Connection, taken: &Taken, cursor: u64, outcome: &Outcome, dead_after_ms: i64, now_ms: i64) -> db::Result<()> {
    let known: Option<(String, Option<i64>, i64)> = connection
        .prepare_cached("SELECT name, failing_since_ms, tries FROM subscriptions WHERE id = ?1 AND begun_ms = ?2")?
        .query_row(params![taken.id, taken.begun_ms], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((name, failing_since_ms, tries)) = known else { return Ok(()) };
    let why = match outcome {
        Outcome::Sent | Outcome::NoAddress => {
            let sql = "UPDATE subscriptions SET cursor = ?2, begun_ms = NULL, failing_since_ms = NULL, tries = 0, next_ms = 0, last_ms = ?3, detail = ''
                       WHERE id = ?1";
            return connection.execute(sql, params![taken.id, cursor, now_ms]).map(drop);
        }
        Outcome::Later(why) | Outcome::Refused(why) | Outcome::Perhaps(why) => why,
    };
    let why: String = why.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect();
    // Something of it was taken: the trouble is a new one.
    let (since_ms, tries) = match cursor > taken.events.first().map_or(0, |event| event.id.saturating_sub(1)) {
        true => (now_ms, 1),
        false => (failing_since_ms.unwrap_or(now_ms), tries + 1),
    };
    let is_dead = matches!(outcome, Outcome::Refused(_)) || now_ms - since_ms >= dead_after_ms;
    let wait_ms = WAIT_MS.saturating_mul(1 << (tries - 1).clamp(0, 20)).min(WAIT_MS_MAX);
    connection.execute(
        "UPDATE subscriptions SET cursor = ?2, begun_ms = NULL, failing_since_ms = ?3, tries = ?4, next_ms = ?5, last_ms = ?6, detail = ?7,
                state = CASE WHEN state = 'active' AND ?8 = 1 THEN 'dead' ELSE state END WHERE id = ?1",
        params![taken.id, cursor, since_ms, tries, now_ms + wait_ms, now_ms, why, i64::from(is_dead)],
    )?;
    if is_dead {
        let reason =
            format!("the webhook “{name}” is given up: {why}. Mend its receiver, then press Resume on the page Feeds: nothing is lost");
        let exception = OrderException {
            fingerprint: format!("webhook_dead {} {since_ms}", taken.id),
            store: "",
            order: "",
            kind: "webhook_dead",
            owner: OWNER,
            reason,
        };
        order_exceptions::open(connection, &exception, now_ms, true)?;
    }
    Ok(())
}
