//! Papers about cash: a till's X and Z, the slip of a movement, the addendum of a day. All figures stand in the record; nothing is added
//! up here.

use super::locale::Word;
use super::receipt::letterhead;
use super::{Block, Cell, Document, Letterhead, Locale, Style};
use crate::ids::ReasonCode;
use crate::money::{Currency, Money};
use crate::retail::addendum::DayAddendum;
use crate::retail::cash::{CashMovement, MovementKind, MovementSum, Paper};
use crate::retail::safe::SafeReport;
use crate::retail::till::{TillCount, TillReport};
use crate::retail::unproved::LostRange;

/// How a paper about cash looks in its store.
#[derive(Debug, Clone)]
pub struct Stationery {
    pub letterhead: Letterhead,
    pub currency: Currency,
    pub locale: Locale,
}

impl Stationery {
    /// As the record says, where it does: then the paper is the same to the byte wherever it is made.
    pub fn of_record(&self, paper: Option<&Paper>, currency: &str) -> Stationery {
        let mut of = self.clone();
        if let Some(currency) = Currency::from_code(currency) {
            of.currency = currency;
        }
        if let Some(paper) = paper {
            of.letterhead = Letterhead {
                store_name: paper.store_name.clone(),
                address_lines: paper.address_lines.clone(),
                tax_id: paper.tax_id.clone(),
                footer_lines: Vec::new(),
            };
            of.locale = Locale::from_tag(&paper.locale).unwrap_or(of.locale);
        }
        of
    }

    /// A till's Z, or its X when it has no count.
    pub fn till_report(&self, report: &TillReport, head_fragment: &str, copy: u32) -> Document {
        let offset = report.utc_offset_min;
        let (title, end) = match report.counted {
            Some(_) => (Word::TillZ, Word::Closed),
            None => (Word::TillX, Word::Printed),
        };
        let mut document = self.head(&format!("{} {}", self.word(title), report.number), copy);
        document.pair(0, self.word(Word::Till), report.till.as_str(), Style::BOLD);
        document.pair(0, self.word(Word::BusinessDate), &self.locale.date(report.date), Style::PLAIN);
        document.pair(0, self.word(Word::Opened), &self.moment(report.opened_at.ms, offset), Style::PLAIN);
        document.pair(0, self.word(end), &self.moment(report.closed_at.ms, offset), Style::PLAIN);
        if let Some(owner) = &report.owner {
            document.pair(0, self.word(Word::Staff), owner.as_str(), Style::PLAIN);
        }
        document.block(Block::Rule);
        self.amount(&mut document, Word::Float, report.float, Style::PLAIN);
        self.amount(&mut document, Word::CashTaken, report.taken, Style::PLAIN);
        self.movements(&mut document, &report.movements);
        document.block(Block::Rule);
        self.amount(&mut document, expected_word(!report.unproved.is_empty()), report.expected, Style::BOLD);
        if let Some(counted) = &report.counted {
            self.counted(&mut document, counted);
        }
        if let Some(to) = &report.handed_to {
            document.pair(0, self.word(Word::HandedTo), to.as_str(), Style::PLAIN);
        }
        lost_records(&mut document, &report.unproved, &self.locale);
        self.foot(&mut document, head_fragment);
        document
    }

    /// For the files of the drawer, with a line to sign on.
    pub fn slip(&self, movement: &CashMovement, copy: u32) -> Document {
        let mut document = self.head(self.word(kind_word(movement.kind)), copy);
        document.pair(0, self.word(Word::Till), &format!("{} - {}", movement.till, movement.number), Style::BOLD);
        document.pair(0, self.word(Word::BusinessDate), &self.locale.date(movement.date), Style::PLAIN);
        document.pair(0, self.word(Word::Time), &self.moment(movement.at.ms, movement.utc_offset_min), Style::PLAIN);
        if let Some(staff) = &movement.staff {
            document.pair(0, self.word(Word::Staff), staff.as_str(), Style::PLAIN);
        }
        if let Some(reason) = &movement.reason {
            document.pair(0, self.word(Word::Reason), &self.locale.reason(reason), Style::PLAIN);
        }
        if let Some(bag) = &movement.bag {
            document.pair(0, self.word(Word::Bag), bag.as_str(), Style::PLAIN);
        }
        match movement.kind {
            MovementKind::NoSale => {}
            MovementKind::Loan | MovementKind::Pickup | MovementKind::PaidIn | MovementKind::PaidOut => {
                document.block(Block::Rule);
                document.pair(0, &self.currency.code, &self.money(movement.amount), Style::TALL);
                document.block(Block::Feed(2));
                document.cells(0, vec![Cell::fill(&format!("{} ________________", self.word(Word::Signature)))], Style::PLAIN);
            }
        }
        self.foot(&mut document, "");
        document
    }

    /// A count of the safe, with the bags that waited in it.
    pub fn safe_report(&self, report: &SafeReport, head_fragment: &str, copy: u32) -> Document {
        let mut document = self.head(&format!("{} {}", self.word(Word::SafeCount), report.number), copy);
        document.pair(0, self.word(Word::BusinessDate), &self.locale.date(report.date), Style::PLAIN);
        document.pair(0, self.word(Word::Time), &self.moment(report.at.ms, report.utc_offset_min), Style::PLAIN);
        document.block(Block::Rule);
        self.amount(&mut document, expected_word(!report.unproved.is_empty()), report.expected, Style::BOLD);
        self.counted(&mut document, &report.counted);
        if !report.bags.is_empty() {
            document.block(Block::Rule);
            document.pair(0, self.word(Word::Bags), "", Style::BOLD);
        }
        for (number, amount) in &report.bags {
            document.pair(2, number.as_str(), &self.money(*amount), Style::PLAIN);
        }
        lost_records(&mut document, &report.unproved, &self.locale);
        self.foot(&mut document, head_fragment);
        document
    }

    pub fn addendum(&self, addendum: &DayAddendum, head_fragment: &str, copy: u32) -> Document {
        let mut document = self.head(&format!("{} {}", self.word(Word::Addendum), addendum.number), copy);
        document.pair(0, self.word(Word::BusinessDate), &self.locale.date(addendum.date), Style::BOLD);
        document.pair(0, self.word(Word::ZReport), &addendum.report.to_string(), Style::PLAIN);
        document.pair(0, self.word(Word::Time), &self.moment(addendum.at.ms, addendum.utc_offset_min), Style::PLAIN);
        document.pair(0, self.word(Word::Till), addendum.workstation.as_str(), Style::PLAIN);
        document.pair(0, self.word(Word::Numbers), &addendum.receipt.to_string(), Style::PLAIN);
        document.block(Block::Rule);
        let totals = &addendum.totals;
        document.pair(0, &format!("{} {}", self.word(Word::Turnover), addendum.currency), &self.money(totals.total), Style::TALL);
        for (kind, amount) in &totals.tenders {
            document.pair(0, self.locale.tender(*kind), &self.money(*amount), Style::PLAIN);
        }
        if !totals.rounding.is_zero() {
            self.amount(&mut document, Word::Rounding, totals.rounding, Style::PLAIN);
        }
        self.foot(&mut document, head_fragment);
        document
    }

    /// One line per kind and reason; what left the drawer is negative.
    pub(super) fn movements(&self, document: &mut Document, movements: &[MovementSum]) {
        for sum in movements {
            let kind = self.word(kind_word(sum.kind));
            let label = match &sum.reason {
                Some(reason) => format!("{kind}: {}", self.locale.reason(reason)),
                None => kind.to_owned(),
            };
            let amount = match sum.kind {
                MovementKind::NoSale => String::new(),
                MovementKind::Loan | MovementKind::Pickup | MovementKind::PaidIn | MovementKind::PaidOut => {
                    self.money(sum.kind.signed(sum.amount))
                }
            };
            document.pair(0, &format!("{} x {label}", sum.count), &amount, Style::PLAIN);
        }
    }

    fn counted(&self, document: &mut Document, counted: &TillCount) {
        self.amount(document, Word::Counted, counted.counted, Style::BOLD);
        self.amount(document, Word::Difference, counted.difference, Style::TALL);
        if let Some(reason) = &counted.reason {
            document.pair(0, self.word(Word::Reason), &self.locale.reason(reason), Style::PLAIN);
        }
        if let Some(by) = &counted.by {
            document.pair(0, self.word(Word::CountedBy), by.as_str(), Style::PLAIN);
        }
        if counted.counts > 1 {
            document.pair(0, self.word(Word::Counts), &counted.counts.to_string(), Style::PLAIN);
        }
        if !counted.pieces.is_empty() {
            document.block(Block::Feed(1));
        }
        for pieces in counted.pieces.iter().rev() {
            let sum = Money::from_minor(pieces.value.minor().saturating_mul(i64::from(pieces.count)));
            document.pair(2, &format!("{} x {}", pieces.count, self.money(pieces.value)), &self.money(sum), Style::PLAIN);
        }
    }

    pub(super) fn head(&self, title: &str, copy: u32) -> Document {
        let mut document = Document::default();
        letterhead(&mut document, &self.letterhead);
        document.centred(title, Style::LARGE);
        if copy > 0 {
            document.centred(&format!("*** {} {copy} ***", self.word(Word::Copy)), Style::TALL);
        }
        document.block(Block::Feed(1));
        document
    }

    pub(super) fn foot(&self, document: &mut Document, head_fragment: &str) {
        document.block(Block::Feed(1));
        if !head_fragment.is_empty() {
            document.centred(&format!("{} {head_fragment}", self.word(Word::Journal)), Style::SMALL);
        }
        document.block(Block::Cut);
    }

    fn amount(&self, document: &mut Document, word: Word, amount: Money, style: Style) {
        document.pair(0, self.word(word), &self.money(amount), style);
    }
    fn moment(&self, ms: i64, utc_offset_min: i32) -> String {
        self.locale.moment(ms, utc_offset_min).unwrap_or_else(|| crate::time::rfc3339(ms))
    }
    fn money(&self, amount: Money) -> String {
        self.locale.money(&self.currency, amount)
    }
    fn word(&self, word: Word) -> &'static str {
        self.locale.word(word)
    }
}

/// What should be in a till, by what is proved.
pub(super) fn expected_word(is_unproved: bool) -> Word {
    if is_unproved { Word::ExpectedUnproved } else { Word::Expected }
}

/// What could not be read when a report was made, and what that means for its sums.
pub(super) fn lost_records(document: &mut Document, lost: &[LostRange], locale: &Locale) {
    for lost in lost {
        document.block(Block::Rule);
        let numbers = format!("{} {} - {}", locale.word(Word::Records), lost.first_seq, lost.last_seq);
        document.centred(&format!("{numbers} {}", locale.word(Word::Unreadable)), Style::BOLD);
        document.centred(locale.word(Word::Incomplete), Style::PLAIN);
    }
}

fn kind_word(kind: MovementKind) -> Word {
    match kind {
        MovementKind::Loan => Word::Loan,
        MovementKind::Pickup => Word::Pickup,
        MovementKind::PaidIn => Word::PaidIn,
        MovementKind::PaidOut => Word::PaidOut,
        MovementKind::NoSale => Word::NoSale,
    }
}

impl Locale {
    /// The name of a movement's kind.
    pub fn movement(&self, kind: MovementKind) -> &'static str {
        self.word(kind_word(kind))
    }

    /// A reason in words; a code of the store's own stands for itself.
    pub fn reason(&self, code: &ReasonCode) -> String {
        let (english, german) = match code.as_str() {
            "found" => ("money found", "Geldfund"),
            "deposit" => ("deposit", "Einlage"),
            "supplies" => ("supplies", "Verbrauchsmaterial"),
            "postage" => ("postage", "Porto"),
            "cleaning" => ("cleaning", "Reinigung"),
            "change_money" => ("change money", "Geld wechseln"),
            "check_drawer" => ("check the drawer", "Schublade prüfen"),
            "wrong_change" => ("wrong change given", "falsch herausgegeben"),
            "miscounted" => ("miscounted before", "vorher verzählt"),
            "unknown" => ("unknown", "unbekannt"),
            "other" => ("other", "anderes"),
            own => return own.to_owned(),
        };
        match self.language {
            super::Language::English => english.to_owned(),
            super::Language::German => german.to_owned(),
        }
    }
}
