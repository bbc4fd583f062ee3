//! Finished transactions, read back from the journal's own bytes by way of the electronic journal's index. Nothing is kept twice.

use std::sync::Arc;

use crate::ids::TxnId;
use crate::journal::{Folder, Reader};
use crate::retail::{Event, TransactionRecord};
use crate::views::Views;

/// A finished transaction and where it is written.
#[derive(Debug, Clone)]
pub struct Archived {
    pub record: TransactionRecord,
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
}
