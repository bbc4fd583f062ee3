//! Looks again: at parts that a place refused, has too little for, or does not answer; and at orders that wait. Late or twice is no harm: an order is
//! always served as far as its parts do not serve it yet.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::glue::{self, RETRY_MS};
use super::silence;
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::intake::order::ChannelOrder;
use crate::head_office::office::HeadOffice;
use crate::head_office::order_messages;
use crate::head_office::parts::{self, PartKind};
use crate::head_office::writer::{WriteError, Writer};

/// Between two looks, however much changes.
const PAUSE: Duration = Duration::from_secs(1);
/// When nothing changes time still passes.
const EVERY: Duration = Duration::from_secs(30);
/// Orders and parts that one transaction looks at.
const AT_ONCE: u32 = 50;

/// As long as head office serves.
pub fn start(office: &HeadOffice, ended: &watch::Receiver<bool>) -> JoinHandle<()> {
    let (office, mut ended) = (office.clone(), ended.clone());
    tokio::spawn(async move {
        let mut changes = office.changes();
        while !*ended.borrow() {
            changes.borrow_and_update();
            if let Err(error) = round(&office).await {
                tracing::warn!(%error, "orders could not be routed anew; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = ended.changed() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = changes.changed() => {}
                _ = ended.changed() => return,
            }
        }
    })
}

/// Everything that is due once, a part of it in each transaction.
pub async fn round(office: &HeadOffice) -> Result<(), WriteError> {
    let kept_ms = office.config().order_kept_ms;
    loop {
        let now_ms = office.now_ms();
        let due = office.read(move |connection| is_anything_due(connection, now_ms)).await;
        if !due.map_err(|_| WriteError::NotCommitted)? {
            return Ok(());
        }
        if office.write_unseen(move |writer, now_ms| once(writer, kept_ms, now_ms)).await? < AT_ONCE as usize {
            return Ok(());
        }
    }
}

/// Orders to be tried again: their time has come, or a place reported stock since they were tried.
const WAITING: &str = "FROM route_orders WHERE state = 'waiting'
     AND (next_ms <= ?1 OR next_ms - ?2 < (SELECT coalesce(max(known_ms), 0) FROM place_stock))";

fn is_anything_due(connection: &Connection, now_ms: i64) -> db::Result<bool> {
    let waits: bool = connection
        .prepare_cached(&format!("SELECT EXISTS (SELECT 1 {WAITING})"))?
        .query_row(params![now_ms, RETRY_MS], |row| row.get(0))?;
    let parts_wait = !parts::unserved(connection, 1)?.is_empty() || !parts::silent(connection, now_ms, 1)?.is_empty();
    Ok(waits || parts_wait || silence::is_anything_due(connection, now_ms)?)
}

/// In one transaction as much as that takes. Returns how much it looked at.
pub fn once(writer: &Writer, kept_ms: i64, now_ms: i64) -> Result<usize, WriteError> {
    let connection = writer.connection();
    let mut orders: Vec<(String, String)> = Vec::new();
    let mut looked_at = 0;
    for part in parts::silent(connection, now_ms, AT_ONCE)? {
        looked_at += 1;
        // It may have said something meanwhile; then it is not ended.
        if parts::end(writer, &part.part, "the place did not answer in time", now_ms)?.is_ok() {
            orders.push((part.channel, part.number));
        }
    }
    let mut refused = Vec::new();
    for part in parts::unserved(connection, AT_ONCE)? {
        looked_at += 1;
        parts::served(connection, &part.part)?;
        orders.push((part.channel.clone(), part.number.clone()));
        refused.extend(Some(part).filter(|part| part.kind == PartKind::Collect));
    }
    let waiting = format!("SELECT channel, number {WAITING} ORDER BY next_ms, channel, number LIMIT ?3");
    let waiting: Vec<(String, String)> = connection
        .prepare_cached(&waiting)?
        .query_map(params![now_ms, RETRY_MS, AT_ONCE], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    looked_at += waiting.len();
    orders.extend(waiting);
    orders.sort();
    orders.dedup();
    for (channel, number) in orders {
        again(writer, &channel, &number, kept_ms, now_ms)?;
    }
    for part in refused {
        // Its customer hears of it only when no other store has the order now.
        if glue::is_given_up(connection, &part.channel, &part.number)? {
            order_messages::refused(connection, part.place.as_str(), &part.part, now_ms)?;
        }
    }
    silence::raise(connection, now_ms)?;
    Ok(looked_at)
}

/// Serves one order as far as it is not served, unless it is over.
fn again(writer: &Writer, channel: &str, number: &str, kept_ms: i64, now_ms: i64) -> Result<(), WriteError> {
    let connection = writer.connection();
    let is_over = "SELECT EXISTS (SELECT 1 FROM route_orders WHERE channel = ?1 AND number = ?2 AND state = 'over')";
    if connection.prepare_cached(is_over)?.query_row([channel, number], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    let Some(order) = order_of(connection, channel, number)? else { return Ok(glue::stop(connection, channel, number, now_ms)?) };
    if let Err(why) = glue::serve(writer, &order, kept_ms, now_ms)? {
        tracing::warn!(channel, number, ?why, "an order could not be given to its place; it is tried again");
        connection.execute(
            "UPDATE route_orders SET next_ms = ?3 WHERE channel = ?1 AND number = ?2",
            params![channel, number, now_ms + RETRY_MS],
        )?;
    }
    Ok(())
}

/// As it was taken, unless its channel cancelled it.
fn order_of(connection: &Connection, channel: &str, number: &str) -> db::Result<Option<ChannelOrder>> {
    let sql = "SELECT content FROM channel_orders WHERE channel = ?1 AND number = ?2 AND cancelled_ms IS NULL";
    let content: Option<String> = connection.prepare_cached(sql)?.query_row([channel, number], |row| row.get(0)).optional()?;
    Ok(content.and_then(|content| serde_json::from_str(&content).ok()))
}

/// A person wants it tried now, also what was given up; everybody may be asked again. `false`: there is no such order, or it is over.
pub fn try_now(writer: &Writer, channel: &str, number: &str, kept_ms: i64, now_ms: i64) -> Result<bool, WriteError> {
    let sql = "UPDATE route_orders SET state = 'waiting', since_ms = ?3, next_ms = ?3, afresh_ms = ?3
               WHERE channel = ?1 AND number = ?2 AND state IN ('waiting', 'given_up')";
    if writer.connection().execute(sql, params![channel, number, now_ms])? == 0 {
        return Ok(false);
    }
    again(writer, channel, number, kept_ms, now_ms)?;
    Ok(true)
}
