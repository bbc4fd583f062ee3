//! Which sale a receipt means: by the code on it, or by its number. Looked for in State, in this node's own record, in what head office told,
//! and at last in the code itself. Answers of head office are kept here for a while; nothing of it is business state.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::archive::Archive;
use super::keys::KeyBook;
use crate::document::receipt_code::{self, BadReceiptCode, CodeArticle, CodeLine, ReceiptCode};
use crate::gs1::{Scan, shown};
use crate::ids::{Sku, StoreId, TxnId};
use crate::journal::PublicKey;
use crate::money::{Money, Qty};
use crate::retail::{Original, OriginalLine, QuantityFrom, Refusal, State, TransactionRecord};
use crate::sync::feed::CodeKey;
use crate::views::Views;

/// Answers of head office that are kept. The oldest go first.
const TOLD_MAX: usize = 200;
/// How long head office's word about returns elsewhere is believed. A day of work at another shop is longer than a customer's stay at a till.
const TOLD_MS_MAX: i64 = 10 * 60_000;

pub struct Originals {
    pub chain: String,
    pub store: StoreId,
    /// A node's own receipts are good before head office knows its key.
    pub own_key: PublicKey,
    told: BTreeMap<TxnId, Told>,
}

/// What head office said about a sale.
#[derive(Debug, Clone)]
pub struct Told {
    pub original: Original,
    pub at_ms: i64,
}

/// Where a receipt's sale is looked for.
pub struct Places<'a> {
    pub state: &'a State,
    pub archive: &'a Archive,
    pub views: &'a Views,
    pub keys: Arc<KeyBook>,
    pub now_ms: i64,
}

impl Originals {
    pub fn new(chain: String, store: StoreId, own_key: PublicKey) -> Originals {
        Originals { chain, store, own_key, told: BTreeMap::new() }
    }

    /// Whether a scan means a receipt: its code, or the number of one of this node's transactions.
    pub fn is_receipt(&self, text: &str, places: &Places<'_>) -> bool {
        let text = scanned(text);
        // A number without the four characters in its middle may be anything.
        receipt_code::is_receipt_code(&text) || (text.split('-').count() > 2 && by_number(&text, places).is_some())
    }

    pub fn find(&self, text: &str, places: &Places<'_>) -> Result<Box<Original>, Box<Refusal>> {
        let text = scanned(text);
        let found = if receipt_code::is_receipt_code(&text) { self.by_code(&text, places) } else { self.by_text(&text, places) };
        let mut original = found?;
        if let Some(told) = self.told.get(&original.txn).filter(|told| places.now_ms - told.at_ms < TOLD_MS_MAX) {
            if original.lines.is_empty() {
                original.lines.clone_from(&told.original.lines);
            }
            if original.tenders.is_empty() {
                original.tenders.clone_from(&told.original.tenders);
            }
            original.elsewhere.clone_from(&told.original.elsewhere);
        }
        Ok(Box::new(original))
    }

    /// Head office's answer.
    pub fn learn(&mut self, told: Told) {
        self.told.insert(told.original.txn, told);
        while self.told.len() > TOLD_MAX {
            let oldest = self.told.iter().min_by_key(|(_, told)| told.at_ms).map(|(txn, _)| *txn);
            oldest.and_then(|txn| self.told.remove(&txn));
        }
    }

    fn by_code(&self, text: &str, places: &Places<'_>) -> Result<Original, Box<Refusal>> {
        let code = receipt_code::decode(text, &self.chain, |id, bytes, signature| places.keys.verify(&self.own_key, id, bytes, signature))
            .map_err(refusal)?;
        match by_txn(code.txn, places) {
            Some(record) => returnable(&record, None),
            // Our own sale of a time that this box no longer holds is ours all the same.
            None => Ok(of_code(&code, (code.store != self.store).then(|| code.store.clone()), places.views)),
        }
    }

    fn by_text(&self, text: &str, places: &Places<'_>) -> Result<Original, Box<Refusal>> {
        if let Some(record) = by_number(text, places) {
            return returnable(&record, None);
        }
        let told = self.told.values().find(|told| told.original.number.eq_ignore_ascii_case(text));
        told.map(|told| told.original.clone()).ok_or_else(|| Box::new(Refusal::ReceiptNotFound { code: shown(text.as_bytes()) }))
    }
}

/// Without the scanner's AIM identifier and the space around it.
fn scanned(text: &str) -> String {
    let text = text.trim_matches([' ', '\r', '\n', '\t']);
    let scan = Scan::from_frame(text.as_bytes(), true);
    scan.map_or_else(|_| text.to_owned(), |scan| String::from_utf8_lossy(scan.raw()).into_owned())
}

fn by_txn(txn: TxnId, places: &Places<'_>) -> Option<TransactionRecord> {
    places.state.last_record(txn).cloned().or_else(|| places.archive.transaction(txn).map(|found| found.record))
}

/// The newest with that number; the index of the journal may be some milliseconds behind State.
fn by_number(text: &str, places: &Places<'_>) -> Option<TransactionRecord> {
    let text = text.to_ascii_uppercase();
    let last = places.state.workstations.values().filter_map(|here| here.last.as_deref());
    if let Some(record) = last.into_iter().find(|record| record.number.to_string().eq_ignore_ascii_case(&text)) {
        return Some(record.clone());
    }
    let entry = places.views.find_number(&text).into_iter().next()?;
    places.archive.at(entry.seq).map(|found| found.record)
}

fn returnable(record: &TransactionRecord, store: Option<StoreId>) -> Result<Original, Box<Refusal>> {
    Original::of_record(record, store).map_err(|_| Box::new(Refusal::ReceiptNotReturnable { number: record.number.to_string() }))
}

fn of_code(code: &ReceiptCode, store: Option<StoreId>, views: &Views) -> Original {
    Original {
        txn: code.txn,
        number: code.number.to_string(),
        store,
        business_date: code.business_date,
        total: code.total,
        tenders: Vec::new(),
        lines: code.lines.iter().flatten().filter_map(|line| of_code_line(line, views)).collect(),
        elsewhere: None,
    }
}

/// The code names the article by its number; what it is called our own assortment says, when it has it.
fn of_code_line(line: &CodeLine, views: &Views) -> Option<OriginalLine> {
    let (article, number) = match &line.article {
        CodeArticle::Sku(sku) => (views.by_sku(sku).ok().flatten(), sku.as_str().to_owned()),
        CodeArticle::Gtin(gtin) => (views.by_code(&[CodeKey::Gtin(*gtin)]).ok().flatten().map(|hit| hit.article), gtin.short().to_owned()),
    };
    let sku = match &article {
        Some(article) => article.sku.clone(),
        None => Sku::new(&number).ok()?,
    };
    let each = if line.quantity.is_whole() && line.quantity > Qty::ZERO {
        line.paid.scale(1_000, line.quantity.thousandths(), crate::money::RoundingMode::HalfUp)
    } else {
        line.paid.scale(1_000, line.quantity.thousandths().max(1), crate::money::RoundingMode::HalfUp)
    };
    Some(OriginalLine {
        line: line.line,
        sku,
        name: article.as_ref().map_or_else(|| number.clone(), |article| article.name.clone()),
        code: number,
        gtin: match &line.article {
            CodeArticle::Sku(_) => None,
            CodeArticle::Gtin(gtin) => Some(gtin.to_string()),
        },
        quantity: line.quantity,
        quantity_from: if line.quantity.is_whole() { QuantityFrom::Entry } else { QuantityFrom::Code },
        unit: line.unit,
        unit_price: each,
        gross: line.paid,
        discounts: Vec::new(),
        extended: line.paid,
        tax_class: line.tax_class.clone(),
        group: article.map_or_else(String::new, |article| article.group),
        // The code on a receipt has no room for them.
        batch: None,
        serial: None,
        price_version: 0,
        tax: None,
    })
}

fn refusal(bad: BadReceiptCode) -> Box<Refusal> {
    Box::new(match bad {
        BadReceiptCode::Damaged | BadReceiptCode::NewerKind => Refusal::ReceiptCodeDamaged,
        BadReceiptCode::OtherChain => Refusal::ReceiptOfOtherChain,
        BadReceiptCode::UnknownKey => Refusal::ReceiptKeyUnknown,
        BadReceiptCode::Forged => Refusal::ReceiptForged,
    })
}

/// Sales that the search for the lowest recent price looks at, newest first.
const RECENT_SALES_MAX: usize = 200;
/// And how far back at the most.
const RECENT_MS_MAX: i64 = 30 * 24 * 3_600_000;

/// The lowest price per unit, after discounts, at which this box sold an article recently: in its newest [`RECENT_SALES_MAX`] transactions
/// that are not older than 30 days. Practice sets no price. `None`: it did not.
pub fn lowest_price(sku: &Sku, places: &Places<'_>) -> Option<Money> {
    let entries = places.views.transactions(None, RECENT_SALES_MAX);
    let recent = entries.into_iter().take_while(|entry| places.now_ms - entry.at.ms < RECENT_MS_MAX).filter(|entry| !entry.training);
    let records = recent.filter_map(|entry| places.archive.at(entry.seq)).map(|found| found.record);
    let sales = records.filter_map(|record| Original::of_record(&record, None).ok());
    let lines = sales.flat_map(|sale| sale.lines).filter(|line| line.sku == *sku && line.quantity > Qty::ZERO);
    lines.map(|line| line.extended.scale(1_000, line.quantity.thousandths(), crate::money::RoundingMode::Down)).min()
}
