//! From an effect of the core to an order for a printer's owner: the paper is made from the record that is on disk, never from what a
//! page remembers.

use std::sync::Arc;

use crate::device::{PrintOrder, PrinterOrder};
use crate::document::receipt_code::{self, KeyId};
use crate::document::{Document, Letterhead, Locale, Receipt, Report, ReportKind, Stationery};
use crate::ids::{DeviceName, JobId, StoreId};
use crate::journal::NodeKey;
use crate::money::Currency;
use crate::retail::day::DayReport;
use crate::retail::{Effect, PrintWhat, TransactionRecord};
use crate::sync::staff::StaffBook;

/// Hex characters of a record's hash that stand on its paper.
const FRAGMENT_CHARS: usize = 10;

/// How this store's papers look.
#[derive(Clone)]
pub struct Prints {
    pub letterhead: Letterhead,
    pub locale: Locale,
    pub currency: Currency,
    pub time_zone: jiff::tz::TimeZone,
    pub codes: ReceiptCodes,
    /// For the name of who served: the record holds only the id.
    pub staff: Arc<StaffBook>,
}

/// What makes the codes on receipts: whose they are, and the key that signs them.
#[derive(Clone)]
pub struct ReceiptCodes {
    pub chain: String,
    pub store: StoreId,
    pub key: NodeKey,
}

impl ReceiptCodes {
    pub fn of(&self, record: &TransactionRecord) -> Option<String> {
        let id = KeyId::of(&self.key.public_hex());
        receipt_code::encode(record, &self.store, &self.chain, id, |bytes| self.key.sign(bytes))
    }
}

impl Prints {
    /// The order for an effect; `None` when it is for no printer. `hash`: of the record that holds what is printed.
    pub fn order(&self, effect: Effect, hash: &str) -> Option<(DeviceName, PrinterOrder)> {
        match effect {
            Effect::Print { job, printer, what, kick } => Some((printer, self.print(job, &what, hash, kick, false))),
            Effect::ReleasePrint { job, printer } => Some((printer, PrinterOrder::Release { job })),
            Effect::KickDrawer { printer } => Some((printer, PrinterOrder::Kick)),
            Effect::AskCard { .. } | Effect::ForgetCard { .. } => None,
        }
    }

    /// A job that was held, with no byte sent, when the process stopped. Its drawer pulse is never made up for.
    pub fn again(&self, job: JobId, what: &PrintWhat, hash: &str) -> PrinterOrder {
        self.print(job, what, hash, false, true)
    }

    fn print(&self, job: JobId, what: &PrintWhat, hash: &str, kick: bool, held_before: bool) -> PrinterOrder {
        let document = Arc::new(self.document(what, hash));
        PrinterOrder::Print(PrintOrder { job, document, kick, held_before })
    }

    fn document(&self, what: &PrintWhat, hash: &str) -> Document {
        let head_fragment = hash.get(..FRAGMENT_CHARS).unwrap_or(hash);
        match what {
            PrintWhat::Receipt { record, copy } => {
                let code = self.codes.of(record);
                let name = record.staff.as_ref().and_then(|staff| self.staff.person(staff)).map(|person| person.name.as_str());
                let receipt = Receipt::of(record, &self.letterhead, &self.currency, &self.locale, head_fragment, *copy);
                receipt.with_code(code.as_deref()).served_by(name).document()
            }
            PrintWhat::DayReport { report, copy } => self.day_report(report, ReportKind::Z, head_fragment, *copy),
            // What is read in the middle of the day stands in no record that it could be held against.
            PrintWhat::DayX { report, copy } => self.day_report(report, ReportKind::X, "", *copy),
            PrintWhat::TillReport { report, copy } => {
                let fragment = if report.counted.is_some() { head_fragment } else { "" };
                self.stationery().of_record(report.paper.as_deref(), &report.currency).till_report(report, fragment, *copy)
            }
            PrintWhat::CashSlip { movement, copy } => self.stationery().slip(movement, *copy),
        }
    }

    fn day_report(&self, report: &DayReport, kind: ReportKind, head_fragment: &str, copy: u32) -> Document {
        let of = self.stationery().of_record(report.paper.as_deref(), &report.currency);
        Report {
            report,
            kind,
            letterhead: &of.letterhead,
            currency: &of.currency,
            locale: &of.locale,
            utc_offset_min: report.utc_offset_min.unwrap_or_else(|| self.offset_min(report.closed_at.ms)),
            head_fragment,
            copy,
        }
        .document()
    }

    /// The store's own, for papers whose record does not say.
    pub fn stationery(&self) -> Stationery {
        Stationery { letterhead: self.letterhead.clone(), currency: self.currency.clone(), locale: self.locale }
    }

    fn offset_min(&self, ms: i64) -> i32 {
        jiff::Timestamp::from_millisecond(ms).map_or(0, |at| self.time_zone.to_offset(at).seconds() / 60)
    }
}
