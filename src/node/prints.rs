//! From an effect of the core to an order for a printer's owner: the paper is made from the record that is on disk, never from what a
//! page remembers.

use std::sync::Arc;

use crate::device::{PrintOrder, PrinterOrder, Printout};
use crate::document::label::BagLabel;
use crate::document::receipt_code::{self, KeyId};
use crate::document::stored::{FRAGMENT_CHARS, Fallback};
use crate::document::{Document, Locale, Printable, Receipt, ReportKind};
use crate::ids::{DeviceName, JobId, StoreId, SubjectRef};
use crate::journal::NodeKey;
use crate::retail::order::{LabelContent, Order};
use crate::retail::{Effect, PrintWhat, TransactionRecord};
use crate::sync::staff::StaffBook;
use crate::vault::Vault;

/// How this store's papers look.
#[derive(Clone)]
pub struct Prints {
    pub papers: Fallback,
    pub codes: ReceiptCodes,
    /// For the name of who served: the record holds only the id.
    pub staff: Arc<StaffBook>,
    /// Whose initials labels and lists show.
    pub customers: Option<Vault>,
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
        if record.training {
            return None;
        }
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
            Effect::DropPrint { job, printer } => Some((printer, PrinterOrder::Drop { job })),
            Effect::KickDrawer { printer } => Some((printer, PrinterOrder::Kick)),
            Effect::AskCard { .. } | Effect::ForgetCard { .. } => None,
        }
    }

    /// A job that was held, with no byte sent, when the process stopped. Its drawer pulse is never made up for.
    pub fn again(&self, job: JobId, what: &PrintWhat, hash: &str) -> PrinterOrder {
        self.print(job, what, hash, false, true)
    }

    fn print(&self, job: JobId, what: &PrintWhat, hash: &str, kick: bool, held_before: bool) -> PrinterOrder {
        let printout = self.printout(what, hash);
        PrinterOrder::Print(PrintOrder { job, printout, kick, held_before })
    }

    fn printout(&self, what: &PrintWhat, hash: &str) -> Printout {
        let head_fragment = hash.get(..FRAGMENT_CHARS).unwrap_or(hash);
        let paper: Document = match what {
            PrintWhat::Receipt { record, copy } => {
                let own = &self.papers.stationery;
                let code = self.codes.of(record);
                let name = record.staff.as_ref().and_then(|staff| self.staff.person(staff)).map(|person| person.name.as_str());
                let receipt = Receipt::of(record, &own.letterhead, &own.currency, &own.locale, head_fragment, *copy);
                receipt.with_code(code.as_deref()).served_by(name).document()
            }
            PrintWhat::DayReport { report, copy } => self.papers.day(report, ReportKind::Z, hash, *copy),
            PrintWhat::DayX { report, copy } => self.papers.day(report, ReportKind::X, hash, *copy),
            PrintWhat::TillReport { report, copy } => self.papers.till(report, hash, *copy),
            PrintWhat::Stored { report, copy } => self.papers.document_of(&report.event, &report.hash, *copy).unwrap_or_default(),
            PrintWhat::CashSlip { movement, copy } => self.papers.stationery.slip(movement, *copy),
            PrintWhat::PickList { orders, copy } => {
                let orders: Vec<Order> = orders.iter().map(|order| self.named(order)).collect();
                let orders: Vec<&Order> = orders.iter().collect();
                self.papers.stationery.pick_list(&orders, |ms| self.wall_clock(ms), *copy)
            }
            PrintWhat::BagLabel { label, copy } => return Printout::Label(Arc::new(self.label(label, *copy))),
        };
        Printout::Paper(Arc::new(paper))
    }

    fn label(&self, label: &LabelContent, copy: u32) -> BagLabel {
        BagLabel {
            order: label.order.clone(),
            initials: Printable::new(&self.initials(label.subject, &label.initials)),
            zone: label.zone,
            bag: label.bag,
            bags: label.bags,
            ready_by: Printable::new(&self.wall_clock(label.promised_ms)),
            copy,
            locale: *self.locale(),
        }
    }

    /// As they are known now; nothing of who was erased.
    fn initials(&self, subject: Option<SubjectRef>, recorded: &str) -> String {
        match (subject, &self.customers) {
            (Some(subject), Some(vault)) => vault.get(subject).map_or_else(|_| String::new(), |details| details.initials),
            (Some(_), None) => String::new(),
            (None, _) => recorded.to_owned(),
        }
    }

    /// The order with the initials that its record does not hold.
    fn named(&self, order: &Order) -> Order {
        let mut named = order.clone();
        named.asked.initials = self.initials(order.asked.subject, &order.asked.initials);
        named
    }

    /// "14:05  02.03.2026" in the shop.
    fn wall_clock(&self, ms: i64) -> String {
        let Ok(at) = jiff::Timestamp::from_millisecond(ms) else { return String::new() };
        let local = at.to_zoned(self.papers.time_zone.clone());
        format!("{:02}:{:02}  {}", local.hour(), local.minute(), self.locale().date(local.date()))
    }

    pub fn locale(&self) -> &Locale {
        &self.papers.stationery.locale
    }
}
