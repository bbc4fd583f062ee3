//! The electronic journal's index: where each finished transaction is in the journal, by time, by number and by id. The transactions
//! themselves are read from the journal; nothing of them is kept twice but what a list shows.
//!
//! Keys: `T` sequence → entry · `N` workstation, counter, incarnation → sequence · `X` transaction id → sequence.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::cache::{Batch, Cache, CacheError};
use crate::ids::{Incarnation, ReceiptNo, StaffId, TxnId, WorkstationId};
use crate::money::Money;
use crate::retail::{Event, TransactionKind, TransactionRecord};
use crate::time::{BusinessDate, Stamp};

/// The index forgets the oldest beyond this: two months of a busy store, years of a small one. The journal keeps all it has.
pub const EJ_ENTRIES_MAX: u64 = 250_000;

/// A finished transaction in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EjEntry {
    /// The record of the journal that holds it.
    pub seq: u64,
    pub txn: TxnId,
    pub number: ReceiptNo,
    pub kind: TransactionKind,
    pub at: Stamp,
    pub business_date: BusinessDate,
    pub staff: Option<StaffId>,
    /// Before cash rounding.
    pub total: Money,
    pub lines: u32,
    pub training: bool,
}

impl EjEntry {
    /// The finished transaction in a record; a record holds one command, and a command finishes one at most.
    pub fn of(seq: u64, events: &[Event]) -> Option<EjEntry> {
        events.iter().find_map(finished).map(|record| EjEntry {
            seq,
            txn: record.txn,
            number: record.number.clone(),
            kind: record.kind,
            at: record.at,
            business_date: record.business_date,
            staff: record.staff.clone(),
            total: record.total,
            lines: u32::try_from(record.lines.len()).unwrap_or(u32::MAX),
            training: record.training,
        })
    }
}

fn finished(event: &Event) -> Option<&TransactionRecord> {
    let (Event::TransactionCompleted { record } | Event::TransactionVoided { record }) = event else { return None };
    Some(record)
}

/// Adds an entry to a batch. Adding it again changes nothing.
pub fn index(entry: &EjEntry, batch: &mut Batch) {
    batch.put(seq_key(entry.seq), serde_json::to_vec(entry).expect("an entry is plain values"));
    batch.put(number_key(&entry.number), entry.seq.to_be_bytes().to_vec());
    batch.put(txn_key(&entry.txn), entry.seq.to_be_bytes().to_vec());
}

/// Removes the oldest `count` entries.
pub fn forget_oldest(cache: &dyn Cache, count: usize, batch: &mut Batch) -> Result<(), CacheError> {
    let mut oldest = Vec::new();
    cache.scan(&seq_key(0), &seq_key(u64::MAX), &mut |_, value| {
        oldest.push(value.to_vec());
        if oldest.len() >= count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    for value in oldest {
        let entry = parse(&value)?;
        batch.remove(seq_key(entry.seq));
        batch.remove(number_key(&entry.number));
        batch.remove(txn_key(&entry.txn));
    }
    Ok(())
}

/// Newest first, below `before`.
pub fn newest(cache: &dyn Cache, before: u64, limit: usize) -> Result<Vec<EjEntry>, CacheError> {
    let mut values = Vec::new();
    if limit > 0 {
        cache.scan_back(&seq_key(0), &seq_key(before), &mut |_, value| {
            values.push(value.to_vec());
            if values.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    values.iter().map(|value| parse(value)).collect()
}

pub fn by_txn(cache: &dyn Cache, txn: &TxnId) -> Result<Option<EjEntry>, CacheError> {
    cache.get(&txn_key(txn))?.map_or(Ok(None), |seq| by_seq(cache, &seq))
}

/// A printed number, or as much of it as someone types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberQuery {
    pub workstation: WorkstationId,
    /// The four characters in the middle; `None`: any.
    pub incarnation: Option<String>,
    pub counter: u64,
    pub training: bool,
}

impl NumberQuery {
    /// "1-7K3F-000042", "1-42".
    pub fn parse(text: &str) -> Option<NumberQuery> {
        let (front, counter) = text.trim().rsplit_once('-')?;
        let (counter, training) = match counter.strip_prefix(['T', 't']) {
            Some(counter) => (counter.parse().ok()?, true),
            None => (counter.parse().ok()?, false),
        };
        // A workstation's name may have a hyphen itself: the middle is an incarnation when it looks like one.
        let is_short = |text: &str| text.len() == 4 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        let (workstation, incarnation) = match front.rsplit_once('-') {
            Some((workstation, middle)) if is_short(middle) => (workstation, Some(middle.to_ascii_uppercase())),
            Some(_) | None => (front, None),
        };
        Some(NumberQuery { workstation: WorkstationId::new(workstation).ok()?, incarnation, counter, training })
    }

    pub fn matches(&self, number: &ReceiptNo) -> bool {
        number.workstation == self.workstation
            && number.counter == self.counter
            && number.training == self.training
            && self.incarnation.as_ref().is_none_or(|short| *short == number.incarnation.short())
    }
}

/// Newest first.
pub fn by_number(cache: &dyn Cache, query: &NumberQuery) -> Result<Vec<EjEntry>, CacheError> {
    let lowest =
        ReceiptNo { workstation: query.workstation.clone(), incarnation: Incarnation(0), counter: query.counter, training: query.training };
    let highest = ReceiptNo { incarnation: Incarnation(u64::MAX), ..lowest.clone() };
    let mut to = number_key(&highest);
    to.push(0);
    let mut seqs = Vec::new();
    cache.scan(&number_key(&lowest), &to, &mut |_, seq| {
        seqs.push(seq.to_vec());
        ControlFlow::Continue(())
    })?;
    let mut found = Vec::new();
    for seq in seqs {
        found.extend(by_seq(cache, &seq)?.filter(|entry| query.matches(&entry.number)));
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
    Ok(found)
}

fn by_seq(cache: &dyn Cache, seq: &[u8]) -> Result<Option<EjEntry>, CacheError> {
    let key = [b"T", seq].concat();
    cache.get(&key)?.map(|value| parse(&value)).transpose()
}

fn parse(value: &[u8]) -> Result<EjEntry, CacheError> {
    serde_json::from_slice(value).map_err(|e| CacheError::Damaged { what: "the index of transactions", why: e.to_string() })
}

fn seq_key(seq: u64) -> Vec<u8> {
    [&b"T"[..], &seq.to_be_bytes()].concat()
}
fn number_key(number: &ReceiptNo) -> Vec<u8> {
    let workstation = number.workstation.as_str().as_bytes();
    let kind: &[u8] = if number.training { b"\0training\0" } else { b"\0" };
    [&b"N"[..], workstation, kind, &number.counter.to_be_bytes(), &number.incarnation.0.to_be_bytes()].concat()
}
fn txn_key(txn: &TxnId) -> Vec<u8> {
    [&b"X"[..], txn.0.as_bytes()].concat()
}
