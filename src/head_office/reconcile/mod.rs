//! Nightly reconciliation: each store's business day, recomputed from the journals' stored bytes, against what was counted of it. It runs by
//! itself after each night, a bounded piece at a time beside everything else, and when somebody asks. A difference is raised with the
//! record's name; the journal is always right, and the sums can be made again from it.

pub mod api;
pub mod compare;
pub mod fold;

use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::chain::NodeChain;
use super::config::HeadOfficeConfig;
use super::db::{self, Connection, params};
use super::figures::turnover;
use super::incidents::{self, Incident};
use super::office::HeadOffice;
use super::projection::Disliked;
use super::storage::{self, Folders, StorageError};
use super::writer::WriteError;
use crate::head_office::paging::{BehindDay, Rows};
use crate::ids::StoreId;
use crate::journal::Record;
use crate::process;
use crate::time::BusinessDate;
use compare::{Difference, Outcome, Place};
use fold::Fold;

/// Of exceptions: a record that was counted otherwise than it is.
pub const KIND: &str = "reconciliation";
const OWNER: &str = "on-call technician";
/// What to do about a difference.
pub const REMEDY: &str = "The journal is right. Find out who or what changed the database; then stop head office, run `counterfoil head-office reconcile --count-again` and start it: all sums are made again from the records.";

/// Lines that one step reads. Between two steps others go first.
const STEP_BYTES_MAX: usize = 4 << 20;
const PAUSE: Duration = Duration::from_millis(20);
/// How often it is looked whether a day is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A business day is due from this hour of the next calendar day on, on head office's clock.
const DUE_HOUR: i8 = 2;
/// Days that are looked after by themselves. Older ones are reconciled on demand.
const DAYS_BACK: i64 = 35;

/// What a night found out about one day of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ReconciliationRow {
    pub store: String,
    pub day: String,
    pub done_ms: i64,
    pub transactions: u64,
    pub excepted: u64,
    /// Things that differ; the first of them are named.
    pub differences: u64,
    pub details: Vec<Difference>,
}

/// Newest day first.
pub fn list(
    connection: &Connection,
    store: Option<&str>,
    day: Option<&str>,
    rows: impl Into<Rows<BehindDay>>,
) -> db::Result<Vec<ReconciliationRow>> {
    let Rows { behind, limit } = rows.into();
    connection
        .prepare_cached(
            "SELECT store, day, done_ms, transactions, excepted, differences, details FROM reconciliations
             WHERE (CAST(?1 AS TEXT) IS NULL OR store = ?1) AND (CAST(?2 AS TEXT) IS NULL OR day = ?2)
               AND (day < ?3 OR (day = ?3 AND store > ?4)) ORDER BY day DESC, store LIMIT ?5",
        )?
        .query_map(params![store, day, behind.day, behind.store, limit], |row| {
            let details: String = row.get(6)?;
            Ok(ReconciliationRow {
                store: row.get(0)?,
                day: row.get(1)?,
                done_ms: row.get(2)?,
                transactions: row.get(3)?,
                excepted: row.get(4)?,
                differences: row.get(5)?,
                details: serde_json::from_str(&details).unwrap_or_default(),
            })
        })?
        .collect()
}

/// Runs as long as head office does.
pub fn start(office: &HeadOffice, ended: &watch::Receiver<bool>) -> JoinHandle<()> {
    let (office, mut ended) = (office.clone(), ended.clone());
    tokio::spawn(async move {
        while !*ended.borrow() {
            tokio::select! {
                () = night(&office) => {}
                _ = ended.changed() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = ended.changed() => return,
            }
        }
    })
}

async fn night(office: &HeadOffice) {
    let Some(last) = last_due(office.config(), office.now_ms()) else { return };
    let due = match office.read(move |connection| due(connection, last)).await {
        Ok(due) => due,
        Err(error) => return tracing::warn!(%error, "reconciliation waits"),
    };
    for (store, day) in due {
        if let Err(error) = reconcile(office, store.clone(), day).await {
            tracing::warn!(%store, %day, %error, "a day could not be reconciled; it is tried again");
        }
    }
}

/// The newest business day that is over everywhere.
fn last_due(config: &HeadOfficeConfig, now_ms: i64) -> Option<BusinessDate> {
    let now = jiff::Timestamp::from_millisecond(now_ms).ok()?.to_zoned(config.time_zone.clone());
    let days = if now.hour() >= DUE_HOUR { 1 } else { 2 };
    now.date().checked_sub(jiff::Span::new().days(days)).ok()
}

/// How long a business day is over.
struct Over {
    /// It is the newest one that is.
    is_last: bool,
    /// The midnight after it, on head office's clock.
    at_ms: i64,
}

impl Over {
    fn of(config: &HeadOfficeConfig, day: BusinessDate, now_ms: i64) -> Over {
        let midnight = day.tomorrow().and_then(|next| next.to_zoned(config.time_zone.clone()));
        let at_ms = midnight.map_or(i64::MAX, |midnight| midnight.timestamp().as_millisecond());
        Over { is_last: last_due(config, now_ms) == Some(day), at_ms }
    }
}

/// Days up to `last` that were not reconciled yet, or in which more has been counted since. `last` itself also where nothing was counted.
pub fn due(connection: &Connection, last: BusinessDate) -> db::Result<Vec<(StoreId, BusinessDate)>> {
    let first = last.checked_sub(jiff::Span::new().days(DAYS_BACK)).unwrap_or(last);
    let rows: Vec<(String, String)> = connection
        .prepare_cached(
            "SELECT d.store, d.day FROM (
               SELECT store, business_date AS day, sum(sales + voids + returns + post_voids) AS counted FROM sales_days
               WHERE business_date BETWEEN ?1 AND ?2 GROUP BY store, business_date
             ) d LEFT JOIN reconciliations r ON r.store = d.store AND r.day = d.day
             WHERE r.store IS NULL OR r.counted <> d.counted
             UNION
             SELECT s.store, CAST(?2 AS TEXT) FROM stores s WHERE NOT EXISTS (SELECT 1 FROM reconciliations r WHERE r.store = s.store AND r.day = ?2)
             ORDER BY 2, 1",
        )?
        .query_map(params![first.to_string(), last.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    Ok(rows.into_iter().filter_map(|(store, day)| Some((store.parse().ok()?, day.parse().ok()?))).collect())
}

/// One day of a store, step by step, so that no store is slowed and the journals may grow meanwhile.
pub async fn reconcile(office: &HeadOffice, store: StoreId, day: BusinessDate) -> Result<Outcome, WriteError> {
    let unreadable = |error: StorageError| match error {
        StorageError::Database { source, .. } | StorageError::Server { source, .. } => WriteError::Database(source),
        _ => WriteError::NotCommitted,
    };
    let asked = store.clone();
    let mut fold = office.read(move |connection| Fold::open(connection, &asked, day)).await.map_err(unreadable)?;
    loop {
        let (back, all) = office
            .read(move |connection| {
                let all = fold.step(connection, STEP_BYTES_MAX)?;
                Ok((fold, all))
            })
            .await
            .map_err(unreadable)?;
        fold = back;
        if all {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    // What came meanwhile, and the sums, in one state of the database.
    let compared = office.read(move |connection| finish(connection, fold)).await.map_err(unreadable)?;
    let outcome = compared.clone();
    let over = Over::of(office.config(), day, office.now_ms());
    let write = office.write(move |writer, now_ms| {
        record(writer.connection(), &store, day, &compared, now_ms)?;
        Ok(turnover::note(writer.connection(), store.as_str(), day, over.is_last, over.at_ms)?)
    });
    write.await?;
    Ok(outcome)
}

fn finish(connection: &Connection, mut fold: Fold) -> db::Result<Outcome> {
    while !fold.step(connection, usize::MAX)? {}
    compare::compare(connection, &fold)
}

/// Keeps the outcome, raises what differs and settles what does not any more.
fn record(connection: &Connection, store: &StoreId, day: BusinessDate, outcome: &Outcome, now_ms: i64) -> db::Result<()> {
    let details = serde_json::to_string(&outcome.differences).expect("differences are plain values");
    connection
        .prepare_cached(
            "INSERT INTO reconciliations (store, day, done_ms, transactions, excepted, counted, differences, details)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (store, day) DO UPDATE SET done_ms = ?3, transactions = ?4, excepted = ?5, counted = ?6, differences = ?7, details = ?8",
        )?
        .execute(params![
            store.as_str(),
            day.to_string(),
            now_ms,
            outcome.transactions,
            outcome.excepted,
            outcome.counted,
            outcome.difference_count,
            details
        ])?;
    connection
        .prepare_cached(
            "UPDATE exceptions SET settled_ms = ?4 WHERE kind = ?1 AND settled_ms IS NULL AND reason LIKE ?3
               AND node IN (SELECT id FROM nodes WHERE store = ?2)",
        )?
        .execute(params![KIND, store.as_str(), format!("{day}, %"), now_ms])?;
    let mut places: Vec<&Place> = Vec::new();
    for place in outcome.differences.iter().filter_map(|difference| difference.record.as_ref()) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    for place in &places {
        let of_it: Vec<&Difference> = outcome.differences.iter().filter(|difference| difference.record.as_ref() == Some(place)).collect();
        except(connection, day, place, &compare::words(&of_it), now_ms)?;
    }
    let of_sums: Vec<&Difference> = outcome.differences.iter().filter(|difference| difference.record.is_none()).collect();
    let Some(node) = fold::first_node(connection, store)? else { return Ok(()) };
    let incident = Incident::SumsDiffer { day, what: compare::words(&of_sums) };
    match of_sums.is_empty() {
        true => incidents::settle(connection, store, &node, &incident, now_ms),
        false => incidents::raise(connection, store, &node, &incident, now_ms),
    }
}

fn except(connection: &Connection, day: BusinessDate, place: &Place, what: &str, now_ms: i64) -> db::Result<()> {
    let reason = format!("{day}, receipt {}: {what}. {REMEDY}", place.number);
    tracing::error!(node = place.node, seq = place.seq, reason, "a record was counted otherwise than it is");
    connection
        .prepare_cached(
            "INSERT INTO exceptions (node, branch, seq, event, kind, owner, reason, opened_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (branch, seq, event) DO UPDATE SET kind = ?5, owner = ?6, reason = ?7, tries = exceptions.tries + 1, settled_ms = NULL",
        )?
        .execute(params![place.node, place.branch, place.seq, place.event, KIND, OWNER, reason, now_ms])
        .map(drop)
}

/// Whether a record is counted as it is by now.
pub(super) fn look_again(
    connection: &Connection,
    chain: &NodeChain,
    branch: i64,
    record: &Record,
    event: usize,
) -> db::Result<Result<(), Disliked>> {
    let found = fold::in_record(chain.id, branch, record).into_iter().find(|found| found.event == event);
    let Some(found) = found else { return Ok(Ok(())) };
    let differs = compare::record_differs(connection, chain.store.as_str(), &found)?;
    Ok(differs.map_or(Ok(()), |what| {
        let reason = format!("{}, receipt {}: {what}. {REMEDY}", found.record.business_date, found.record.number);
        Err(Disliked { owner: OWNER, reason })
    }))
}

/// `counterfoil head-office reconcile`.
#[derive(Debug, clap::Args)]
pub struct Reconcile {
    /// One store; all of them without it.
    #[arg(long)]
    pub store: Option<StoreId>,
    /// A business day, as in 2026-11-27. Without it all that is due.
    #[arg(long)]
    pub day: Option<BusinessDate>,
    /// At its next start head office makes all sums again from the records.
    #[arg(long, conflicts_with_all = ["store", "day"])]
    pub count_again: bool,
}

pub fn run(config: &HeadOfficeConfig, wanted: &Reconcile, now_ms: i64) -> ExitCode {
    match on_demand(config, wanted, now_ms) {
        Ok((words, differ)) => {
            process::say(&words);
            if differ { ExitCode::from(1) } else { ExitCode::SUCCESS }
        }
        Err(reason) => process::fail(&reason, process::EXIT_UNAVAILABLE),
    }
}

/// Does it straight in the database, whether head office runs or not. Returns what to print, and whether anything differs.
pub fn on_demand(config: &HeadOfficeConfig, wanted: &Reconcile, now_ms: i64) -> Result<(String, bool), StorageError> {
    let folders = Folders::of(config);
    let connection = storage::open(&folders)?;
    let failed = |source| folders.failed(source);
    if wanted.count_again {
        storage::set_meta(&connection, "projections", "0").map_err(failed)?;
        return Ok(("at its next start head office makes all sums again from the records".to_owned(), false));
    }
    let days = days_of(&connection, config, wanted, now_ms).map_err(failed)?;
    let mut lines = Vec::new();
    let mut differ = false;
    for (store, day) in days {
        let over = Over::of(config, day, now_ms);
        let outcome = one(&connection, &store, day, &over, now_ms).map_err(failed)?;
        differ |= outcome.difference_count > 0;
        lines.push(line(&store, day, &outcome));
        lines.extend(named(&connection, &outcome.differences).map_err(failed)?);
    }
    if lines.is_empty() {
        lines.push(
            "nothing is due: every day of the last weeks agrees with its records, or was reported already; name one with --day".to_owned(),
        );
    }
    Ok((lines.join("\n"), differ))
}

fn days_of(
    connection: &Connection,
    config: &HeadOfficeConfig,
    wanted: &Reconcile,
    now_ms: i64,
) -> db::Result<Vec<(StoreId, BusinessDate)>> {
    let of_store = |store: &StoreId| wanted.store.as_ref().is_none_or(|wanted| wanted == store);
    let Some(day) = wanted.day else {
        let due = last_due(config, now_ms).map_or_else(|| Ok(Vec::new()), |last| due(connection, last))?;
        return Ok(due.into_iter().filter(|(store, _)| of_store(store)).collect());
    };
    let stores: Vec<String> = connection
        .prepare_cached("SELECT store FROM stores ORDER BY store")?
        .query_map([], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    Ok(stores.into_iter().filter_map(|store| store.parse().ok()).filter(of_store).map(|store| (store, day)).collect())
}

fn one(connection: &Connection, store: &StoreId, day: BusinessDate, over: &Over, now_ms: i64) -> db::Result<Outcome> {
    connection.begin_reading()?;
    let compared = Fold::open(connection, store, day).and_then(|fold| finish(connection, fold));
    connection.commit()?;
    let outcome = compared?;
    let transaction = connection.begin()?;
    record(connection, store, day, &outcome, now_ms)?;
    turnover::note(connection, store.as_str(), day, over.is_last, over.at_ms)?;
    transaction.commit()?;
    Ok(outcome)
}

fn line(store: &StoreId, day: BusinessDate, outcome: &Outcome) -> String {
    let excepted = if outcome.excepted > 0 { format!(", {} on the list of exceptions", outcome.excepted) } else { String::new() };
    let result = match outcome.difference_count {
        0 => "agrees to the cent and the unit".to_owned(),
        1 => "1 difference".to_owned(),
        count => format!("{count} differences"),
    };
    format!("{store}  {day}  {} transactions{excepted}: {result}", outcome.transactions)
}

/// One line for each difference, by the node's name.
fn named(connection: &Connection, differences: &[Difference]) -> db::Result<Vec<String>> {
    let mut lines = Vec::new();
    for difference in differences {
        let at = match &difference.record {
            Some(place) => {
                let sql = "SELECT node FROM nodes WHERE id = ?1";
                let node: String = connection.prepare_cached(sql)?.query_row([place.node], |row| row.get(0))?;
                format!("receipt {}, record {} of {node}, ", place.number, place.seq)
            }
            None => String::new(),
        };
        lines.push(format!("  {at}{}", compare::words(&[difference])));
    }
    Ok(lines)
}
