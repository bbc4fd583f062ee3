//! Wrong passwords: how long somebody has to wait for the next try. Counted by the name that is tried and by where the tries come from, in the
//! database, so that neither a restart nor another instance forgets. A try is counted before the password is looked at: many at once gain nothing.

use crate::head_office::db::{self, Connection, OptionalExtension, params};

/// Tries without a wait, for a name and for an address.
const FREE_FOR_NAME: u32 = 5;
const FREE_FOR_ADDRESS: u32 = 20;
const WAIT_FIRST_MS: i64 = 5_000;
/// A longer wait would let anybody shut a person out for long.
pub const WAIT_MS_MAX: i64 = 15 * 60_000;
/// Without a try for this long all is forgotten.
const FORGOTTEN_MS: i64 = 24 * 3_600_000;
/// Names and addresses that are kept. Beyond it the oldest are forgotten.
const SUBJECTS_MAX: u64 = 10_000;

/// Counts a try. `Err`: how many milliseconds it is too early; nothing was counted then.
pub fn begin(connection: &Connection, login: &str, from: &str, now_ms: i64) -> db::Result<Result<(), i64>> {
    let subjects = [(by_name(login), FREE_FOR_NAME), (format!("from {from}"), FREE_FOR_ADDRESS)];
    let mut counted = Vec::new();
    for (subject, free) in subjects {
        let kept: Option<(u32, i64, i64)> = connection
            .prepare_cached("SELECT wrong, until_ms, last_ms FROM sign_in_waits WHERE subject = ?1")?
            .query_row([subject.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let (wrong, until_ms, last_ms) = kept.unwrap_or_default();
        if until_ms > now_ms {
            return Ok(Err((until_ms - now_ms).min(WAIT_MS_MAX)));
        }
        let wrong = if now_ms - last_ms > FORGOTTEN_MS { 1 } else { wrong.saturating_add(1) };
        counted.push((subject, wrong, now_ms + wait_ms(wrong, free)));
    }
    for (subject, wrong, until_ms) in counted {
        connection
            .prepare_cached(
                "INSERT INTO sign_in_waits (subject, wrong, until_ms, last_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (subject) DO UPDATE SET wrong = ?2, until_ms = ?3, last_ms = ?4",
            )?
            .execute(params![subject, wrong, until_ms, now_ms])?;
    }
    let kept: u64 = connection.query_row("SELECT count(*) FROM sign_in_waits", [], |row| row.get(0))?;
    if kept > SUBJECTS_MAX {
        let oldest = "DELETE FROM sign_in_waits WHERE subject IN (SELECT subject FROM sign_in_waits ORDER BY last_ms LIMIT ?1)";
        connection.execute(oldest, [kept - SUBJECTS_MAX])?;
    }
    Ok(Ok(()))
}

/// The password was right.
pub fn forget(connection: &Connection, login: &str, from: &str) -> db::Result<()> {
    for subject in [by_name(login), format!("from {from}")] {
        connection.execute("DELETE FROM sign_in_waits WHERE subject = ?1", [subject.as_str()])?;
    }
    Ok(())
}

fn by_name(login: &str) -> String {
    format!("name {}", login.to_lowercase())
}

/// After this many wrong ones.
fn wait_ms(wrong: u32, free: u32) -> i64 {
    match wrong.checked_sub(free) {
        None => 0,
        Some(more) => WAIT_FIRST_MS.saturating_mul(1 << more.min(20)).min(WAIT_MS_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_its_limit() {
        let waits: Vec<i64> = (1..=14).map(|wrong| wait_ms(wrong, FREE_FOR_NAME) / 1000).collect();
        assert_eq!(waits, [0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(wait_ms(u32::MAX, FREE_FOR_NAME), WAIT_MS_MAX);
    }
}
