//! What a channel may sell of each article, as numbers that change: a channel reads them by cursor and hears of each article that changed.
//!
//! The figures are those of [`atp`], summed over the stores that the channel may sell from. They are looked at again in rounds: at once what was
//! sold, brought back or ordered, and everything else in turn, so that nothing that moves stock has to know of channels.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::channels::{self, Channel};
use crate::head_office::atp;
use crate::head_office::db::{self, Connection, params};
use crate::head_office::office::HeadOffice;
use crate::head_office::storage;
use crate::head_office::writer::WriteError;
use crate::ids::ChannelId;
use crate::web::problem::Problem;

const EVERY: Duration = Duration::from_secs(1);
/// When nothing was written here, figures still grow old.
const ANYWAY: Duration = Duration::from_secs(60);
/// Articles that are looked at in one round, beside those that were touched.
const ARTICLES_PER_ROUND: u32 = 500;
const TOUCHED_MAX: u32 = 2_000;
/// Far more than changes between two restores; with a thousand epochs a number still fits 53 bits.
const PER_EPOCH_MAX: u64 = 1 << 40;

/// How far the rounds are.
#[derive(Default)]
pub struct Rounds {
    /// The last article that was looked at in turn.
    after: String,
    /// Behind what was said to stores, and what came from tills.
    word: u64,
    txn: i64,
    /// The whole assortment was looked at since this revision.
    whole: Option<(u64, Instant)>,
    began: u64,
}

/// As long as head office serves.
pub fn start(office: &HeadOffice, ended: &watch::Receiver<bool>) -> JoinHandle<()> {
    let (office, mut ended) = (office.clone(), ended.clone());
    tokio::spawn(async move {
        let mut rounds = Rounds::default();
        while !*ended.borrow() {
            if let Err(problem) = round(&office, &mut rounds).await {
                tracing::warn!(why = problem.detail, "the levels of channels could not be worked out; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = ended.changed() => return,
            }
        }
    })
}

/// An article that has another level than is written down.
struct Change {
    channel: ChannelId,
    sku: String,
    level: (i64, i64),
}

/// What was touched, and the next part of the assortment.
pub async fn round(office: &HeadOffice, rounds: &mut Rounds) -> Result<(), Problem> {
    let revision = *office.changes().borrow();
    if rounds.whole.is_some_and(|(seen, at)| seen == revision && at.elapsed() < ANYWAY) {
        return Ok(());
    }
    if rounds.after.is_empty() {
        rounds.began = revision;
    }
    let (word, txn, after, now_ms) = (rounds.word, rounds.txn, rounds.after.clone(), office.now_ms());
    let found = office.read(move |connection| {
        let channels = channels::list(connection)?;
        if channels.is_empty() {
            return Ok(None);
        }
        let (mut skus, word, txn) = touched(connection, word, txn)?;
        let part: Vec<String> = connection
            .prepare_cached("SELECT sku FROM articles WHERE sku > ?1 ORDER BY sku LIMIT ?2")?
            .query_map(params![after, ARTICLES_PER_ROUND], |row| row.get(0))?
            .collect::<db::Result<_>>()?;
        let after = part.last().filter(|_| part.len() == ARTICLES_PER_ROUND as usize).cloned().unwrap_or_default();
        skus.extend(part);
        Ok(Some((changes(connection, &channels, &skus, now_ms)?, word, txn, after)))
    });
    let Some((changes, word, txn, after)) = found.await? else { return Ok(()) };
    if !changes.is_empty() {
        write(office, changes).await?;
    }
    rounds.whole = match after.is_empty() {
        true => Some((rounds.began, Instant::now())),
        false => rounds.whole,
    };
    (rounds.word, rounds.txn, rounds.after) = (word, txn, after);
    Ok(())
}

/// Articles of orders that were told to stores, of rights, and of what tills sold or took back, since then.
fn touched(connection: &Connection, word: u64, txn: i64) -> db::Result<(BTreeSet<String>, u64, i64)> {
    let newest = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    let (newest_word, newest_txn) =
        (newest("SELECT coalesce(max(id), 0) FROM order_words")?, newest("SELECT coalesce(max(id), 0) FROM transactions")?);
    let newest_word = u64::try_from(newest_word).unwrap_or_default();
    // At the first round everything is looked at in turn anyway.
    if word == 0 && txn == 0 {
        return Ok((BTreeSet::new(), newest_word.max(1), newest_txn.max(1)));
    }
    let mut skus: BTreeSet<String> = connection
        .prepare_cached("SELECT DISTINCT sku FROM lines WHERE txn > ?1 AND txn <= ?2 LIMIT ?3")?
        .query_map(params![txn, newest_txn, TOUCHED_MAX], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    let said: Vec<String> = connection
        .prepare_cached(
            "SELECT DISTINCT CASE WHEN w.cancel = 3 THEN w.order_no ELSE h.sku END FROM order_words w
             LEFT JOIN order_holds h ON h.order_no = w.order_no AND w.cancel <> 3
             WHERE w.id > ?1 AND w.id <= ?2 AND (w.cancel = 3 OR h.sku IS NOT NULL) LIMIT ?3",
        )?
        .query_map(params![word, newest_word, TOUCHED_MAX], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    skus.extend(said);
    Ok((skus, newest_word.max(1), newest_txn.max(1)))
}

fn changes(connection: &Connection, channels: &[Channel], skus: &BTreeSet<String>, now_ms: i64) -> db::Result<Vec<Change>> {
    let mut changes = Vec::new();
    for sku in skus {
        let stores = atp::everywhere(connection, sku, None, now_ms)?.stores;
        let known: BTreeMap<String, (i64, i64)> = connection
            .prepare_cached("SELECT channel, atp, on_request FROM channel_levels WHERE sku = ?1")?
            .query_map([sku.as_str()], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
            .collect::<db::Result<_>>()?;
        for channel in channels {
            let may_sell =
                |store: &str| channel.settings.stores.is_empty() || channel.settings.stores.iter().any(|it| it.as_str() == store);
            let of = stores.iter().filter(|row| may_sell(&row.store));
            let level = of.fold((0, 0), |(atp, on_request), row| (atp + row.promise.atp, on_request + row.promise.on_request));
            // What was never there to sell is not told of.
            let before = known.get(channel.channel.as_str()).copied();
            if before.unwrap_or_default() != level {
                changes.push(Change { channel: channel.channel.clone(), sku: sku.clone(), level });
            }
        }
    }
    Ok(changes)
}

async fn write(office: &HeadOffice, changes: Vec<Change>) -> Result<(), WriteError> {
    let work = move |writer: &mut crate::head_office::writer::Writer, now_ms: i64| {
        let connection = writer.connection();
        let before = storage::epoch(connection)?.saturating_sub(1).saturating_mul(PER_EPOCH_MAX);
        let mut newest = connection.prepare_cached("SELECT coalesce(max(seq), 0) FROM channel_levels WHERE channel = ?1")?;
        let mut put = connection.prepare_cached(
            "INSERT INTO channel_levels (channel, sku, atp, on_request, as_of_ms, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (channel, sku) DO UPDATE SET atp = ?3, on_request = ?4, as_of_ms = ?5, seq = ?6",
        )?;
        for change in &changes {
            let channel = change.channel.as_str();
            let seq = newest.query_row([channel], |row| row.get::<_, u64>(0))?.max(before) + 1;
            put.execute(params![channel, change.sku, change.level.0, change.level.1, now_ms, seq])?;
        }
        Ok(())
    };
    office.write_unseen(work).await
}

/// What a channel may sell of an article, in thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ChannelLevel)]
pub struct Level {
    pub sku: String,
    /// Can be promised at once.
    pub atp: i64,
    /// Beside that: when the store says yes.
    pub on_request: i64,
    /// When it became so.
    pub as_of_ms: i64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChannelLevels)]
pub struct Levels {
    pub rows: Vec<Level>,
    /// To be asked for next, also when there was nothing.
    pub next: u64,
    /// More is there already.
    pub more: bool,
}

/// What changed behind `after`, each article once with its newest level. 0: all.
pub fn after(connection: &Connection, channel: &ChannelId, after: u64, limit: u32) -> db::Result<Levels> {
    let mut rows: Vec<(Level, u64)> = connection
        .prepare_cached(
            "SELECT sku, atp, on_request, as_of_ms, seq FROM channel_levels WHERE channel = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?
        .query_map(params![channel.as_str(), after, limit + 1], |row| {
            Ok((Level { sku: row.get(0)?, atp: row.get(1)?, on_request: row.get(2)?, as_of_ms: row.get(3)? }, row.get(4)?))
        })?
        .collect::<db::Result<_>>()?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map_or(after, |(_, seq)| *seq);
    Ok(Levels { rows: rows.into_iter().map(|(level, _)| level).collect(), next, more })
}
