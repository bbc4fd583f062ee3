//! Mails about alarms: written down in the transaction that raised them, sent beside it, tried again until the mail server takes them.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::db::{self, Connection, params};
use super::super::messages::mail::Mail;
use super::super::messages::outbox::{LEAVING_MS_MAX, Outcome};
use super::super::office::HeadOffice;

const LOOK_EVERY: Duration = Duration::from_secs(5);
const TAKEN_MAX: u32 = 8;
const WAIT_MS: i64 = 15_000;
const WAIT_MS_MAX: i64 = 1_800_000;
/// An alarm of the day before yesterday helps nobody.
const GIVEN_UP_AFTER_MS: i64 = 24 * 3_600_000;
const KEPT_MAX: i64 = 1_000;

/// In the caller's transaction.
pub fn queue(connection: &Connection, address: &str, subject: &str, body: &str, now_ms: i64) -> db::Result<()> {
    connection
        .prepare_cached("INSERT INTO alarm_mails (address, subject, body, made_ms, next_ms) VALUES (?1, ?2, ?3, ?4, ?4)")?
        .execute(params![address, subject, body, now_ms])?;
    connection.execute("DELETE FROM alarm_mails WHERE id <= (SELECT max(id) FROM alarm_mails) - ?1", [KEPT_MAX]).map(drop)
}

/// What became of the newest ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub waiting: u64,
    /// What the mail server said to the one that was tried last and has not left; empty: nothing is wrong.
    pub trouble: String,
}

pub fn standing(connection: &Connection) -> db::Result<Standing> {
    let waiting = connection.query_row("SELECT count(*) FROM alarm_mails WHERE done_ms IS NULL", [], |row| row.get(0))?;
    let mut last = connection.prepare_cached(
        "SELECT outcome FROM alarm_mails WHERE tries > 0 AND outcome <> 'sent' AND outcome <> '' ORDER BY coalesce(done_ms, next_ms) DESC LIMIT 1",
    )?;
    let trouble = last.query_map([], |row| row.get(0))?.collect::<db::Result<Vec<String>>>()?.pop().unwrap_or_default();
    Ok(Standing { waiting, trouble })
}

struct Letter {
    id: i64,
    address: String,
    subject: String,
    body: String,
    made_ms: i64,
    tries: i64,
}

fn due(connection: &Connection, now_ms: i64, limit: u32) -> db::Result<Vec<Letter>> {
    connection
        .prepare_cached(
            "SELECT id, address, subject, body, made_ms, tries FROM alarm_mails
             WHERE done_ms IS NULL AND next_ms <= ?1 AND (begun_ms IS NULL OR begun_ms <= ?2) ORDER BY id LIMIT ?3",
        )?
        .query_map(params![now_ms, now_ms - LEAVING_MS_MAX, limit], |row| {
            Ok(Letter {
                id: row.get(0)?,
                address: row.get(1)?,
                subject: row.get(2)?,
                body: row.get(3)?,
                made_ms: row.get(4)?,
                tries: row.get(5)?,
            })
        })?
        .collect()
}

fn take(connection: &Connection, now_ms: i64) -> db::Result<Vec<Letter>> {
    let taken = due(connection, now_ms, TAKEN_MAX)?;
    for letter in &taken {
        connection.execute("UPDATE alarm_mails SET begun_ms = ?2, tries = tries + 1 WHERE id = ?1", params![letter.id, now_ms])?;
    }
    Ok(taken)
}

/// An alarm may be told twice, after a cut; better than never.
fn finish(connection: &Connection, letter: &Letter, outcome: &Outcome, now_ms: i64) -> db::Result<()> {
    let (word, is_over) = match outcome {
        Outcome::Sent => ("sent".to_owned(), true),
        Outcome::Later(why) => (why.clone(), now_ms - letter.made_ms >= GIVEN_UP_AFTER_MS),
        Outcome::Perhaps(why) => (format!("perhaps sent: {why}"), true),
        Outcome::Refused(why) => (why.clone(), true),
        Outcome::NoAddress => ("no address".to_owned(), true),
    };
    let word: String = word.chars().filter(|c| !c.is_control()).take(300).collect();
    let wait_ms = WAIT_MS.saturating_mul(1 << letter.tries.clamp(0, 20)).min(WAIT_MS_MAX);
    connection
        .prepare_cached("UPDATE alarm_mails SET begun_ms = NULL, next_ms = ?2, done_ms = ?3, outcome = ?4 WHERE id = ?1")?
        .execute(params![letter.id, now_ms + wait_ms, is_over.then_some(now_ms), word])
        .map(drop)
}

/// Nothing where no mail server is configured.
pub fn start(office: &HeadOffice, ended: &watch::Receiver<bool>) -> JoinHandle<()> {
    let (office, mut ended) = (office.clone(), ended.clone());
    tokio::spawn(async move {
        let Some(mail) = office.config().messages.mail.clone() else { return };
        while !*ended.borrow() {
            if let Err(why) = round(&office, &mail).await {
                tracing::warn!(why, "mails about alarms wait");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = ended.changed() => return,
            }
        }
    })
}

async fn round(office: &HeadOffice, mail: &Mail) -> Result<(), String> {
    let now_ms = office.now_ms();
    let any = office.read(move |connection| Ok(!due(connection, now_ms, 1)?.is_empty()));
    if !any.await.map_err(|error| error.to_string())? {
        return Ok(());
    }
    let taken = office.write_unseen(|writer, now_ms| Ok(take(writer.connection(), now_ms)?)).await.map_err(|error| error.to_string())?;
    for letter in taken {
        let id = format!("alarm.{}.{}", letter.made_ms, letter.id);
        let outcome = mail.write(&letter.address, &id, &letter.subject, &letter.body).await;
        if outcome != Outcome::Sent {
            tracing::warn!(?outcome, "a mail about alarms was not sent");
        }
        let noted = office.write_unseen(move |writer, now_ms| Ok(finish(writer.connection(), &letter, &outcome, now_ms)?));
        noted.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
