//! The journals' side of a reconciliation: every transaction of one store and business day, read from the stored bytes alone, a bounded piece at a
//! time. What is projected is not asked.

use std::collections::BTreeMap;

use crate::head_office::chain;
use crate::head_office::db::{self, Connection};
use crate::head_office::projection::finished;
use crate::ids::{NodeId, StoreId};
use crate::journal::{Hash, Record};
use crate::retail::{Event, TransactionRecord};
use crate::time::BusinessDate;

/// How long before its midnight in UTC a business day can begin: opened the day before, in the easternmost time zone.
const EARLY_MS: i64 = (24 + 14) * 60 * 60 * 1000;

/// A transaction as a record has it, and where that record stands.
#[derive(Debug, Clone)]
pub struct Found {
    pub node: i64,
    pub branch: i64,
    pub seq: u64,
    pub event: usize,
    /// Of the event's bytes.
    pub content: Hash,
    /// Nothing else in its record moves goods.
    pub moves_alone: bool,
    pub record: Box<TransactionRecord>,
}

/// How far each journal of the store has been read, and what was found.
pub struct Fold {
    pub store: StoreId,
    pub day: BusinessDate,
    journals: Vec<Journal>,
    /// By id: a forked journal may hold one twice.
    pub found: BTreeMap<[u8; 16], Vec<Found>>,
}

struct Journal {
    node: i64,
    branch: i64,
    /// Read up to here. `None`: not begun.
    read: Option<u64>,
}

impl Fold {
    /// Looks which journals the store has.
    pub fn open(connection: &Connection, store: &StoreId, day: BusinessDate) -> db::Result<Fold> {
        let journals = connection
            .prepare_cached("SELECT n.id, b.id FROM nodes n JOIN branches b ON b.node = n.id WHERE n.store = ?1 ORDER BY n.id, b.id")?
            .query_map([store.as_str()], |row| Ok(Journal { node: row.get(0)?, branch: row.get(1)?, read: None }))?
            .collect::<db::Result<_>>()?;
        Ok(Fold { store: store.clone(), day, journals, found: BTreeMap::new() })
    }

    /// Reads on, `bytes_max` of lines at most and one chunk at least. `true`: everything that is stored now has been read.
    pub fn step(&mut self, connection: &Connection, bytes_max: usize) -> db::Result<bool> {
        let mut bytes_read = 0;
        for index in 0..self.journals.len() {
            let (node, branch) = (self.journals[index].node, self.journals[index].branch);
            if self.journals[index].read.is_none() {
                self.journals[index].read = Some(self.begin(connection, branch)?);
            }
            loop {
                let Some((last_seq, lines)) = chain::next_lines(connection, branch, self.journals[index].read.unwrap_or(0))? else { break };
                bytes_read += lines.len();
                self.take(node, branch, &lines)?;
                self.journals[index].read = Some(last_seq);
                if bytes_read >= bytes_max {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The record behind which the day can begin. A business day is opened one day early at most, and times never go back along a journal, so
    /// half of what is left is passed over each time.
    fn begin(&self, connection: &Connection, branch: i64) -> db::Result<u64> {
        let midnight = self.day.to_zoned(jiff::tz::TimeZone::UTC).map_or(i64::MIN, |at| at.timestamp().as_millisecond());
        let earliest_ms = midnight.saturating_sub(EARLY_MS);
        let (mut before, mut after): (u64, u64) = connection
            .prepare_cached("SELECT base_seq, head_seq FROM branches WHERE id = ?1")?
            .query_row([branch], |row| Ok((row.get(0)?, row.get(1)?)))?;
        while after > before {
            let middle = before + (after - before).div_ceil(2);
            match chain::line_at_or_before(connection, branch, middle)? {
                Some((seq, line)) if seq > before => {
                    let record = Record::parse(line).map_err(|error| chain::corrupt(&error.to_string()))?;
                    if record.at.ms < earliest_ms { before = middle } else { after = seq - 1 }
                }
                // Nothing is stored between: a hole.
                _ => before = middle,
            }
        }
        Ok(before)
    }

    fn take(&mut self, node: i64, branch: i64, lines: &[u8]) -> db::Result<()> {
        // Most records are basket lines: they are not even parsed.
        let is_of_a_transaction = |line: &[u8]| {
            [&b"transaction_completed."[..], b"transaction_voided."].iter().any(|tag| line.windows(tag.len()).any(|window| window == *tag))
        };
        for line in lines.split_inclusive(|byte| *byte == b'\n').filter(|line| is_of_a_transaction(line)) {
            let record = Record::parse(line.to_vec()).map_err(|error| chain::corrupt(&error.to_string()))?;
            for found in in_record(node, branch, &record) {
                if found.record.business_date == self.day {
                    self.found.entry(*found.record.txn.0.as_bytes()).or_default().push(found);
                }
            }
        }
        Ok(())
    }
}

/// The transactions that a record finishes.
pub fn in_record(node: i64, branch: i64, record: &Record) -> Vec<Found> {
    let moves = |raw: &str| {
        matches!(
            serde_json::from_str::<Event>(raw),
            Ok(Event::OrderHandedOver { .. }
                | Event::HandOverTakenBack { .. }
                | Event::StockAdjusted { .. }
                | Event::UnitsAdjusted { .. }
                | Event::GoodsReceived { .. })
        )
    };
    let finished: Vec<(usize, Box<TransactionRecord>)> =
        record.events.iter().enumerate().filter_map(|(index, raw)| Some((index, finished(raw.get())?))).collect();
    let moves_alone = finished.len() == 1 && !record.events.iter().any(|raw| moves(raw.get()));
    let content = |index: usize| Hash::of(record.events[index].get().as_bytes());
    finished
        .into_iter()
        .map(|(event, of)| Found { node, branch, seq: record.seq, event, content: content(event), moves_alone, record: of })
        .collect()
}

/// One record read again, by its place.
pub fn at(connection: &Connection, node: i64, branch: i64, seq: u64, event: usize) -> db::Result<Option<Found>> {
    let Some(line) = chain::line(connection, branch, seq)? else { return Ok(None) };
    let record = Record::parse(line).map_err(|error| chain::corrupt(&error.to_string()))?;
    Ok(in_record(node, branch, &record).into_iter().find(|found| found.event == event))
}

/// The store's first box: what concerns no box of its own is said of it.
pub fn first_node(connection: &Connection, store: &StoreId) -> db::Result<Option<NodeId>> {
    let names: Vec<String> = connection
        .prepare_cached("SELECT node FROM nodes WHERE store = ?1 ORDER BY id LIMIT 1")?
        .query_map([store.as_str()], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    Ok(names.first().and_then(|name| name.parse().ok()))
}
