//! Business days as the stores closed them: every Z, the addenda that came after it, the Zs of its tills; read back from the journals' own
//! bytes, so that the text is the one that was printed. A day's total is the sum of its Zs and addenda, held against the transactions.

use super::db::{self, Connection, Row, params};
use super::paging::{BehindDay, Rows};
use serde::Serialize;

use super::chain;
use super::config::HeadOfficeConfig;
use crate::document::stored::Fallback;
use crate::document::table;
use crate::journal::Record;
use crate::retail::Event;

/// A day of a store in one currency.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DayRow {
    pub store: String,
    pub day: String,
    pub currency: String,
    pub zs: u64,
    pub addenda: u64,
    pub tills: u64,
    /// The sum of Zs and addenda.
    pub total: i64,
    /// Counted less expected, over all tills closed on it.
    pub till_difference: i64,
    /// Counted less expected, over all counts of the safe; absent where it was not counted.
    pub safe_difference: Option<i64>,
    /// What the transactions of this date add up to, those of a day that was opened again and is not closed included.
    pub counted: i64,
}

/// Days with reports, newest first. Both filters may be left out.
pub fn list(connection: &Connection, store: Option<&str>, day: Option<&str>, rows: impl Into<Rows<BehindDay>>) -> db::Result<Vec<DayRow>> {
    let Rows { behind, limit } = rows.into();
    connection
        .prepare_cached(
            "SELECT r.store, r.business_date, r.currency, count(*) FILTER (WHERE r.kind = 'day_z'), count(*) FILTER (WHERE r.kind = 'addendum'),
               count(*) FILTER (WHERE r.kind = 'till_z'),
               sum(r.total), coalesce(sum(r.difference) FILTER (WHERE r.kind = 'till_z'), 0),
               sum(r.difference) FILTER (WHERE r.kind = 'safe_count'),
               coalesce((SELECT d.total FROM sales_days d
                 WHERE d.store = r.store AND d.business_date = r.business_date AND d.currency = r.currency), 0)
             FROM day_reports r WHERE (CAST(?1 AS TEXT) IS NULL OR r.store = ?1) AND (CAST(?2 AS TEXT) IS NULL OR r.business_date = ?2)
               AND (r.business_date < ?3 OR (r.business_date = ?3 AND (r.store, r.currency) > (?4, ?5)))
             GROUP BY r.store, r.business_date, r.currency ORDER BY r.business_date DESC, r.store, r.currency LIMIT ?6",
        )?
        .query_map(params![store, day, behind.day, behind.store, behind.currency, limit], |row| {
            Ok(DayRow {
                store: row.get(0)?,
                day: row.get(1)?,
                currency: row.get(2)?,
                zs: row.get(3)?,
                addenda: row.get(4)?,
                tills: row.get(5)?,
                total: row.get(6)?,
                till_difference: row.get(7)?,
                safe_difference: row.get(8)?,
                counted: row.get(9)?,
            })
        })?
        .collect()
}

/// A report as it was printed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ReportRow {
    pub node: String,
    /// "day_z", "till_z", "addendum", "safe_count".
    pub kind: String,
    pub number: u64,
    /// Of an addendum: the number of its Z.
    pub of_z: u64,
    /// Of a till or an addendum; empty for a day.
    pub till: String,
    pub at_ms: i64,
    pub currency: String,
    pub total: i64,
    pub difference: i64,
    pub text: String,
    /// The record that holds it.
    pub record: u64,
    pub sha256: String,
    #[serde(skip)]
    event: Option<Box<Event>>,
}

impl ReportRow {
    /// A till's owner, or who counted the safe, and the reason for the difference, as recorded.
    pub fn of_count(&self) -> (Option<String>, Option<String>) {
        match self.event.as_deref() {
            Some(Event::TillClosed { report }) => {
                let reason = report.counted.as_ref().and_then(|counted| counted.reason.as_ref());
                (report.owner.as_ref().map(ToString::to_string), reason.map(ToString::to_string))
            }
            Some(Event::SafeCountClosed { report }) => {
                (report.counted.by.as_ref().map(ToString::to_string), report.counted.reason.as_ref().map(ToString::to_string))
            }
            Some(_) | None => (None, None),
        }
    }
}

/// All reports of a store's day, by node in the order of their recording.
pub fn reports(connection: &Connection, store: &str, day: &str, papers: &Fallback) -> db::Result<Vec<ReportRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT n.node, r.kind, r.number, r.of_z, r.till, r.at_ms, r.currency, r.total, r.difference, r.branch, r.seq, r.event
         FROM day_reports r JOIN nodes n ON n.id = r.node WHERE r.store = ?1 AND r.business_date = ?2
         ORDER BY n.node, r.branch, r.seq, r.event",
    )?;
    let mut rows = statement.query(params![store, day])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(report(connection, &row, papers)?);
    }
    Ok(found)
}

fn report(connection: &Connection, row: &Row<'_>, papers: &Fallback) -> db::Result<ReportRow> {
    let (branch, seq, index): (i64, u64, usize) = (row.get(9)?, row.get(10)?, row.get(11)?);
    let line = chain::line(connection, branch, seq)?.ok_or_else(|| chain::corrupt("a counted record is not in the chunks"))?;
    let record = Record::parse(line).map_err(|error| chain::corrupt(&error.to_string()))?;
    let raw = record.events.get(index).ok_or_else(|| chain::corrupt("a counted event is not in its record"))?;
    let event: Event = serde_json::from_str(raw.get()).map_err(|error| chain::corrupt(&error.to_string()))?;
    let sha256 = record.hash.to_string();
    let text = papers.text_of(&event, &sha256).ok_or_else(|| chain::corrupt("a counted event is no report"))?;
    Ok(ReportRow {
        node: row.get(0)?,
        kind: row.get(1)?,
        number: row.get(2)?,
        of_z: row.get(3)?,
        till: row.get(4)?,
        at_ms: row.get(5)?,
        currency: row.get(6)?,
        total: row.get(7)?,
        difference: row.get(8)?,
        text,
        record: seq,
        sha256,
        event: Some(Box::new(event)),
    })
}

/// The reports of the listed days as a table, with store and node in front.
pub fn csv(connection: &Connection, days: &[DayRow], papers: &Fallback) -> db::Result<Vec<u8>> {
    let failed = |error: csv::Error| chain::corrupt(&format!("a stored report does not fit a table: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["store", "node"].iter().chain(&table::COLUMNS)).map_err(failed)?;
    let mut written = std::collections::BTreeSet::new();
    for day in days.iter().rev().filter(|day| written.insert((day.store.clone(), day.day.clone()))) {
        for report in reports(connection, &day.store, &day.day, papers)? {
            let row = report.event.as_deref().and_then(|event| table::row(event, report.record, &report.sha256));
            if let Some(row) = row {
                writer.write_record([day.store.clone(), report.node].iter().chain(&row)).map_err(failed)?;
            }
        }
    }
    writer.into_inner().map_err(|error| failed(csv::Error::from(error.into_error())))
}

/// How papers look whose records do not say it.
pub fn papers(config: &HeadOfficeConfig) -> Fallback {
    let mut papers = Fallback::plain(config.currency.clone(), config.time_zone.clone());
    papers.stationery.locale = config.locale;
    papers
}
