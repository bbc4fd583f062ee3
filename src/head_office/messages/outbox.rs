//! What became of each message on each way out. It is written before a message leaves and after it has left, so that a power cut in between is
//! seen: a mail that was perhaps sent is not sent again by itself.

use serde::Serialize;

use super::super::db::{self, Connection, OptionalExtension, params};
use super::super::office_events::{self, Fact};
use super::super::order_exceptions::{self, CHANNEL, OrderException};
use super::super::orders::PlacedOrder;
use super::super::status_link;
use super::Way;

/// Messages taken at a time.
pub const TAKEN_MAX: u32 = 8;
/// The first wait after a failure; it doubles with each.
const WAIT_MS: i64 = 15_000;
const WAIT_MS_MAX: i64 = 3_600_000;
/// What could not be sent for so long is given up, and a person sees to it.
pub const GIVEN_UP_AFTER_MS: i64 = 48 * 3_600_000;
/// Longer than the longest dialogue with a mail server: what is leaving since then, nobody sends any more.
pub const LEAVING_MS_MAX: i64 = 300_000;
const DETAIL_CHARS_MAX: usize = 300;

/// A message on its way out, with all that is said in it.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub message: i64,
    /// "ready" and so on: see [`super::text::KINDS`].
    pub kind: String,
    pub order: String,
    pub store: String,
    pub store_name: String,
    pub due_ms: i64,
    pub expires_ms: i64,
    /// The short number, eight digits, and the signed code; empty where the customer needs none.
    pub number: String,
    pub token: String,
    pub name: String,
    pub email: String,
    /// As the channel named it; empty: it did not.
    pub language: String,
    /// The channel's own reference.
    pub customer: Option<String>,
    /// 1, and one more each time it was sent again.
    pub round: u32,
    /// Of the page where the customer sees how it stands; and its whole address, empty where there is none.
    pub link_secret: String,
    pub link: String,
}

impl Outgoing {
    /// The same for every try, after a restart, and after head office was restored from a backup: what receivers know doubles by.
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.order, self.kind, self.round)
    }
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// Nothing has left, or it does not matter if it comes twice: it is tried again.
    Later(String),
    /// It was said to be wrong; the same again would be wrong again.
    Refused(String),
    /// It had left when the connection broke. Perhaps the customer has it.
    Perhaps(String),
    /// There is no address to send it to.
    NoAddress,
}

/// What became of a message on one way.
#[derive(Debug, Clone, Serialize)]
pub struct Sending {
    pub way: String,
    pub tries: u32,
    /// "waiting", "under_way", "sent", "perhaps_sent", "refused", "no_address".
    pub outcome: String,
    /// What went wrong last.
    pub detail: String,
    pub at_ms: i64,
}

/// Whether there is anything to take: asked before the writer is bothered.
pub fn is_anything_due(connection: &Connection, way: Way, now_ms: i64, remind_ms: i64) -> db::Result<bool> {
    Ok(!due(connection, way, now_ms, remind_ms, 1)?.is_empty())
}

/// Takes those that are due; each is noted as begun, so that nobody else takes it and a cut is seen.
pub fn take(connection: &Connection, way: Way, now_ms: i64, remind_ms: i64) -> db::Result<Vec<Outgoing>> {
    let taken = due(connection, way, now_ms, remind_ms, TAKEN_MAX)?;
    for outgoing in &taken {
        connection
            .prepare_cached(
                "INSERT INTO message_sendings (message, way, tries, first_ms, next_ms, begun_ms) VALUES (?1, ?2, 1, ?3, ?3, ?3)
                 ON CONFLICT (message, way) DO UPDATE SET tries = message_sendings.tries + 1, begun_ms = ?3",
            )?
            .execute(params![outgoing.message, way.name(), now_ms])?;
    }
    Ok(taken)
}

fn due(connection: &Connection, way: Way, now_ms: i64, remind_ms: i64, limit: u32) -> db::Result<Vec<Outgoing>> {
    connection
        .prepare_cached(
            "SELECT m.id, m.kind, m.order_no, m.store, coalesce(t.name, ''), m.due_ms, o.expires_ms, o.number, o.token, o.content,
                    coalesce(s.round, 1), o.secret
             FROM order_messages m JOIN collect_orders o ON o.order_no = m.order_no LEFT JOIN stores t ON t.store = m.store
             LEFT JOIN message_sendings s ON s.message = m.id AND s.way = ?1
             WHERE m.sent_ms IS NULL AND m.withdrawn_ms IS NULL
               AND m.due_ms <= CASE m.kind WHEN 'reminder' THEN CAST(?3 AS BIGINT) ELSE CAST(?2 AS BIGINT) END
               AND (s.message IS NULL OR (s.done_ms IS NULL AND s.begun_ms IS NULL AND s.next_ms <= ?2))
             ORDER BY m.due_ms, m.id LIMIT ?4",
        )?
        .query_map(params![way.name(), now_ms, now_ms.saturating_add(remind_ms), limit], outgoing)?
        .collect()
}

fn outgoing(row: &db::Row<'_>) -> db::Result<Outgoing> {
    let kind: String = row.get(1)?;
    let (number, token, content): (String, String, String) = (row.get(7)?, row.get(8)?, row.get(9)?);
    // What cannot be read was placed under a later version; there is nobody to write to then.
    let placed = serde_json::from_str::<PlacedOrder>(&content).ok();
    let is_to_collect = matches!(kind.as_str(), "ready" | "reminder");
    let store: String = row.get(3)?;
    let named: String = row.get(4)?;
    Ok(Outgoing {
        message: row.get(0)?,
        order: row.get(2)?,
        store_name: if named.is_empty() { store.clone() } else { named },
        store,
        due_ms: row.get(5)?,
        expires_ms: row.get(6)?,
        number: if is_to_collect { number } else { String::new() },
        token: if is_to_collect { token } else { String::new() },
        name: placed.as_ref().map(|placed| placed.name.clone()).unwrap_or_default(),
        email: placed.as_ref().map(|placed| placed.email.clone()).unwrap_or_default(),
        language: placed.as_ref().map(|placed| placed.language.clone()).unwrap_or_default(),
        customer: placed.and_then(|placed| placed.customer),
        round: row.get(10)?,
        link_secret: status_link::text(&row.get::<_, String>(11)?).unwrap_or_default(),
        link: String::new(),
        kind,
    })
}

/// Notes how a try ended. What a person has to see to goes on the list of exceptions.
pub fn finish(connection: &Connection, way: Way, of: &Outgoing, outcome: &Outcome, ways: &[Way], now_ms: i64) -> db::Result<()> {
    let (first_ms, tries): (i64, i64) = connection
        .prepare_cached("SELECT first_ms, tries FROM message_sendings WHERE message = ?1 AND way = ?2")?
        .query_row(params![of.message, way.name()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (word, detail) = match outcome {
        Outcome::Sent => ("sent", ""),
        Outcome::Later(why) if now_ms - first_ms < GIVEN_UP_AFTER_MS => {
            let wait_ms = WAIT_MS.saturating_mul(1 << (tries - 1).clamp(0, 20)).min(WAIT_MS_MAX);
            let sql = "UPDATE message_sendings SET begun_ms = NULL, next_ms = ?3, detail = ?4 WHERE message = ?1 AND way = ?2";
            connection.execute(sql, params![of.message, way.name(), now_ms + wait_ms, cut(why)])?;
            return Ok(());
        }
        Outcome::Later(why) | Outcome::Refused(why) => ("refused", why.as_str()),
        Outcome::Perhaps(why) => ("perhaps_sent", why.as_str()),
        Outcome::NoAddress => ("no_address", ""),
    };
    let detail = cut(detail);
    let sql = "UPDATE message_sendings SET done_ms = ?3, outcome = ?4, detail = ?5 WHERE message = ?1 AND way = ?2";
    connection.execute(sql, params![of.message, way.name(), now_ms, word, detail])?;
    tell(connection, way, of, word, now_ms)?;
    let kind = of.kind.replace('_', " ");
    let reason = match outcome {
        Outcome::Sent | Outcome::NoAddress => None,
        Outcome::Perhaps(_) => Some(format!(
            "the message \"{kind}\" was on its way by {} when the line broke: perhaps the customer has it. Ask, or send it again on the order's page ({detail})",
            way.name()
        )),
        Outcome::Later(_) | Outcome::Refused(_) => {
            Some(format!("the message \"{kind}\" could not be sent by {}: {detail}. Tell the customer in another way", way.name()))
        }
    };
    if let Some(reason) = reason {
        let fingerprint = format!("message {} {}", of.id(), way.name());
        let exception =
            OrderException { fingerprint, store: &of.store, order: &of.order, kind: "message_not_sent", owner: CHANNEL, reason };
        order_exceptions::open(connection, &exception, now_ms, true)?;
    }
    settle(connection, of.message, ways, now_ms)
}

/// What the mail server said may name the customer's address, so it stays out of the log.
fn tell(connection: &Connection, way: Way, of: &Outgoing, outcome: &str, now_ms: i64) -> db::Result<()> {
    let kind = match outcome {
        "sent" => "message.sent",
        "no_address" => return Ok(()),
        _ => "message.not_sent",
    };
    let source = format!("message {} {}", of.id(), way.name());
    let data = serde_json::json!({ "message": of.kind, "way": way.name(), "outcome": outcome });
    let fact = Fact { kind, store: &of.store, order: &of.order, at_ms: now_ms, known_ms: now_ms, who: "", source, data };
    office_events::add(connection, &fact)
}

/// A message is sent when no way has anything left to do with it and one of them has sent it.
fn settle(connection: &Connection, message: i64, ways: &[Way], now_ms: i64) -> db::Result<()> {
    let of_message = of(connection, message)?;
    let over = |way: &Way| {
        of_message.iter().any(|sending| sending.way == way.name() && !matches!(sending.outcome.as_str(), "waiting" | "under_way"))
    };
    if ways.iter().all(over) && of_message.iter().any(|sending| sending.outcome == "sent") {
        let sql = "UPDATE order_messages SET sent_ms = ?2 WHERE id = ?1 AND sent_ms IS NULL";
        connection.execute(sql, params![message, now_ms])?;
    }
    Ok(())
}

/// Whether a message is leaving for longer than any can: asked before the writer is bothered.
pub fn is_anything_abandoned(connection: &Connection, now_ms: i64) -> db::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM message_sendings WHERE done_ms IS NULL AND begun_ms <= ?1)";
    connection.prepare_cached(sql)?.query_row([now_ms - LEAVING_MS_MAX], |row| row.get(0))
}

/// What was leaving when a head office stopped, this one or another at the same database. A webhook is sent again, its receiver knows doubles;
/// a mail is not.
pub fn recover(connection: &Connection, ways: &[Way], now_ms: i64) -> db::Result<()> {
    let before_ms = now_ms - LEAVING_MS_MAX;
    let sql = "UPDATE message_sendings SET begun_ms = NULL, next_ms = ?2 WHERE way = ?1 AND begun_ms <= ?3 AND done_ms IS NULL";
    connection.execute(sql, params![Way::Webhook.name(), now_ms, before_ms])?;
    let cut_off: Vec<Outgoing> = connection
        .prepare_cached(
            "SELECT m.id, m.kind, m.order_no, m.store, coalesce(t.name, ''), m.due_ms, o.expires_ms, o.number, o.token, o.content, s.round, o.secret
             FROM message_sendings s JOIN order_messages m ON m.id = s.message JOIN collect_orders o ON o.order_no = m.order_no
             LEFT JOIN stores t ON t.store = m.store
             WHERE s.way = ?1 AND s.begun_ms <= ?2 AND s.done_ms IS NULL ORDER BY m.id",
        )?
        .query_map(params![Way::Mail.name(), before_ms], outgoing)?
        .collect::<db::Result<_>>()?;
    for of in &cut_off {
        let why = Outcome::Perhaps("head office stopped meanwhile".to_owned());
        finish(connection, Way::Mail, of, &why, ways, now_ms)?;
    }
    Ok(())
}

/// It is sent again, by every way. `false`: there is none of this number, it is not true any more, or it is just leaving.
pub fn again(connection: &Connection, message: i64, now_ms: i64) -> db::Result<bool> {
    let known: Option<bool> = connection
        .prepare_cached("SELECT withdrawn_ms IS NULL FROM order_messages WHERE id = ?1")?
        .query_row([message], |row| row.get(0))
        .optional()?;
    if known != Some(true) || of(connection, message)?.iter().any(|sending| sending.outcome == "under_way") {
        return Ok(false);
    }
    connection.execute(
        "UPDATE message_sendings SET round = round + 1, tries = 0, first_ms = ?2, next_ms = ?2, begun_ms = NULL, done_ms = NULL,
                outcome = '', detail = '' WHERE message = ?1",
        params![message, now_ms],
    )?;
    connection.execute(
        "UPDATE order_messages SET sent_ms = NULL, due_ms = CASE WHEN due_ms > ?2 THEN due_ms ELSE ?2 END WHERE id = ?1",
        params![message, now_ms],
    )?;
    Ok(true)
}

/// What became of a message, way by way.
pub fn of(connection: &Connection, message: i64) -> db::Result<Vec<Sending>> {
    connection
        .prepare_cached(
            "SELECT way, tries, outcome, detail, begun_ms IS NOT NULL, coalesce(done_ms, begun_ms, next_ms) FROM message_sendings
             WHERE message = ?1 ORDER BY way",
        )?
        .query_map([message], |row| {
            let (outcome, is_begun): (String, bool) = (row.get(2)?, row.get(4)?);
            let outcome = match (outcome.is_empty(), is_begun) {
                (false, _) => outcome,
                (true, true) => "under_way".to_owned(),
                (true, false) => "waiting".to_owned(),
            };
            Ok(Sending { way: row.get(0)?, tries: row.get(1)?, outcome, detail: row.get(3)?, at_ms: row.get(5)? })
        })?
        .collect()
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect()
}
