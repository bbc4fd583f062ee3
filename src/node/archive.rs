//! Finished transactions, read back from the journal's own bytes by way of the electronic journal's index. Nothing is kept twice.

use std::sync::Arc;

use crate::ids::TxnId;
use crate::journal::{Folder, Reader};
use crate::retail::event::PrintSubject;
use crate::retail::{Event, StoredReport, TransactionRecord};
use crate::views::Views;

/// A finished transaction and where it is written.
#[derive(Debug, Clone)]
pub struct Archived {
    pub record: TransactionRecord,
    pub seq: u64,
    /// Of the record that holds it, 64 hex characters.
    pub hash: String,
}

/// A report and where it is written.
#[derive(Debug, Clone)]
pub struct ArchivedReport {
    pub event: Event,
    /// The event as stored.
    pub raw: String,
    pub seq: u64,
    /// Of the record that holds it, 64 hex characters.
    pub hash: String,
}

#[derive(Clone)]
pub struct Archive {
    views: Views,
    reader: Arc<Reader<Folder>>,
}

impl Archive {
    pub fn new(views: Views, reader: Arc<Reader<Folder>>) -> Archive {
        Archive { views, reader }
    }

    /// `None`: not finished here, or its segment has been archived.
    pub fn transaction(&self, txn: TxnId) -> Option<Archived> {
        self.views.find_txn(&txn).and_then(|entry| self.at(entry.seq))
    }

    /// The transaction finished in record `seq`.
    pub fn at(&self, seq: u64) -> Option<Archived> {
        let record = match self.reader.read_one(seq) {
            Ok(found) => found,
            Err(reason) => {
                tracing::error!(seq, %reason, "a finished transaction cannot be read back: run `counterfoil journal verify`");
                return None;
            }
        };
        let hash = record.hash.to_string();
        record.events.iter().find_map(|raw| match serde_json::from_str::<Event>(raw.get()) {
            Ok(Event::TransactionCompleted { record } | Event::TransactionVoided { record }) => {
                Some(Archived { record: *record, seq, hash: hash.clone() })
            }
            _ => None,
        })
    }

    /// What a paper of a stored report is made from; `None` for every other paper.
    pub fn stored(&self, what: &PrintSubject) -> Option<Box<StoredReport>> {
        let PrintSubject::Stored(of) = what else { return None };
        let found = self.report(of.seq, usize::try_from(of.place).ok()?)?;
        Some(Box::new(StoredReport { event: found.event, hash: found.hash }))
    }

    /// The report at `place` (from 0) among those of record `seq`: a Z of a till or a day, or an addendum.
    pub fn report(&self, seq: u64, place: usize) -> Option<ArchivedReport> {
        let record = match self.reader.read_one(seq) {
            Ok(found) => found,
            Err(reason) => {
                tracing::error!(seq, %reason, "a report cannot be read back: run `counterfoil journal verify`");
                return None;
            }
        };
        let events = record.events.iter().filter_map(|raw| Some((serde_json::from_str::<Event>(raw.get()).ok()?, raw)));
        let mut reports = events.filter(|(event, _)| {
            matches!(event, Event::DayClosed { .. } | Event::TillClosed { .. } | Event::DayAddendum { .. } | Event::SafeCountClosed { .. })
        });
        let (event, raw) = reports.nth(place)?;
        Some(ArchivedReport { event, raw: raw.get().to_owned(), seq, hash: record.hash.to_string() })
    }
}
