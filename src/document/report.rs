//! The day report on paper: X when read, Z when it closes the day. All figures stand in the report; nothing is added up here.

use super::cash::{Stationery, expected_word, lost_records};
use super::locale::Word;
use super::receipt::{letterhead, tax_table};
use super::{Block, Document, Letterhead, Locale, Style};
use crate::money::{Currency, Money};
use crate::retail::day::{DayReport, Totals, WorkstationTotals};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// Read in the middle of the day; closes nothing.
    X,
    /// Closed the day.
    Z,
}

/// A day report and all it takes to put it on paper.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub report: &'a DayReport,
    pub kind: ReportKind,
    pub letterhead: &'a Letterhead,
    pub currency: &'a Currency,
    pub locale: &'a Locale,
    /// Minutes east of UTC in the store when the day was closed or read.
    pub utc_offset_min: i32,
    /// The beginning of the hash of the record that holds the report; empty for an X report.
    pub head_fragment: &'a str,
    /// 0 is the original.
    pub copy: u32,
}

impl Report<'_> {
    pub fn document(&self) -> Document {
        let mut document = Document::default();
        letterhead(&mut document, self.letterhead);
        let (title, end) = match self.kind {
            ReportKind::X => (Word::XReport, Word::Printed),
            ReportKind::Z => (Word::ZReport, Word::Closed),
        };
        document.centred(&format!("{} {}", self.word(title), self.report.number), Style::LARGE);
        if self.copy > 0 {
            document.centred(&format!("*** {} {} ***", self.word(Word::Copy), self.copy), Style::TALL);
        }
        document.block(Block::Feed(1));
        let report = self.report;
        document.pair(0, self.word(Word::BusinessDate), &self.locale.date(report.date), Style::BOLD);
        document.pair(0, self.word(Word::Opened), &self.moment(report.opened_at.ms), Style::PLAIN);
        document.pair(0, self.word(end), &self.moment(report.closed_at.ms), Style::PLAIN);
        document.block(Block::Rule);
        self.totals(&mut document, &report.totals, Style::TALL);
        if !report.totals.taxes.is_empty() {
            document.block(Block::Feed(1));
            tax_table(&mut document, &report.totals.taxes, self.locale, |amount| self.money(amount));
        }
        for workstation in &report.workstations {
            self.workstation(&mut document, workstation);
        }
        lost_records(&mut document, &report.unproved, self.locale);
        self.cash(&mut document);
        self.open(&mut document);
        document.block(Block::Feed(1));
        if !self.head_fragment.is_empty() {
            document.centred(&format!("{} {}", self.word(Word::Journal), self.head_fragment), Style::SMALL);
        }
        document.block(Block::Cut);
        document
    }

    fn workstation(&self, document: &mut Document, workstation: &WorkstationTotals) {
        document.block(Block::Rule);
        document.pair(0, &format!("{} {}", self.word(Word::Till), workstation.workstation), "", Style::BOLD);
        if workstation.last_counter > 0 {
            let range = format!("{:06} - {:06}", workstation.first_counter, workstation.last_counter);
            document.pair(0, self.word(Word::Numbers), &range, Style::PLAIN);
            if workstation.late > 0 {
                document.pair(2, self.word(Word::Late), &workstation.late.to_string(), Style::PLAIN);
            }
        }
        self.totals(document, &workstation.totals, Style::BOLD);
    }

    /// Movements without a sale, tills counted and tills that still wait for it.
    fn cash(&self, document: &mut Document) {
        let report = self.report;
        if !report.movements.is_empty() {
            document.block(Block::Rule);
            document.pair(0, self.word(Word::CashMoved), "", Style::BOLD);
            let of = Stationery { letterhead: Letterhead::default(), currency: self.currency.clone(), locale: *self.locale };
            of.movements(document, &report.movements);
        }
        if !(report.tills.is_empty() && report.uncounted.is_empty() && report.safe.is_empty()) {
            document.block(Block::Rule);
            document.pair(0, self.word(Word::Tills), "", Style::BOLD);
        }
        for till in &report.tills {
            let title = format!("{} {} - {} {}", self.word(Word::Till), till.till, self.word(Word::TillZ), till.number);
            document.pair(0, &title, till.owner.as_ref().map_or("", |owner| owner.as_str()), Style::PLAIN);
            document.pair(2, self.word(expected_word(till.unproved)), &self.money(till.expected), Style::PLAIN);
            document.pair(2, self.word(Word::Counted), &self.money(till.counted), Style::PLAIN);
            document.pair(2, self.word(Word::Difference), &self.money(till.difference), Style::BOLD);
            if let Some(reason) = &till.reason {
                document.pair(2, self.word(Word::Reason), &self.locale.reason(reason), Style::PLAIN);
            }
        }
        for count in &report.safe {
            document.pair(
                0,
                &format!("{} {}", self.word(Word::SafeCount), count.number),
                count.by.as_ref().map_or("", |by| by.as_str()),
                Style::PLAIN,
            );
            document.pair(2, self.word(expected_word(count.unproved)), &self.money(count.expected), Style::PLAIN);
            document.pair(2, self.word(Word::Counted), &self.money(count.counted), Style::PLAIN);
            document.pair(2, self.word(Word::Difference), &self.money(count.difference), Style::BOLD);
            if let Some(reason) = &count.reason {
                document.pair(2, self.word(Word::Reason), &self.locale.reason(reason), Style::PLAIN);
            }
        }
        for till in &report.uncounted {
            let title = format!("{} {}", self.word(Word::Till), till.till);
            document.pair(0, &title, self.word(Word::NotCounted), Style::BOLD);
        }
    }

    /// What was not finished, by its transaction's id: its last eight characters tell it apart.
    fn open(&self, document: &mut Document) {
        if self.report.open.is_empty() {
            return;
        }
        document.block(Block::Rule);
        document.pair(0, self.word(Word::OpenSales), &self.report.open.len().to_string(), Style::BOLD);
        for open in &self.report.open {
            let id = open.txn.to_string();
            let title = format!("{} {} {}", self.word(Word::Till), open.workstation, &id[id.len() - 8..]);
            document.pair(0, &title, &self.money(open.subtotal), Style::PLAIN);
            let state = match (&open.card, open.suspended) {
                (Some(_), _) => Word::CardUnknown,
                (None, _) if open.keeps_date => Word::PartPaid,
                (None, true) => Word::Suspended,
                (None, false) => Word::OnScreen,
            };
            document.pair(2, self.word(state), "", Style::PLAIN);
        }
    }

    fn totals(&self, document: &mut Document, totals: &Totals, style: Style) {
        document.pair(0, &format!("{} {}", self.word(Word::Turnover), self.report.currency), &self.money(totals.total), style);
        document.pair(0, self.word(Word::Sales), &totals.sales.to_string(), Style::PLAIN);
        document.pair(0, self.word(Word::Voids), &totals.voids.to_string(), Style::PLAIN);
        for (word, count) in [(Word::Returns, totals.returns), (Word::PostVoids, totals.post_voids)] {
            if count > 0 {
                document.pair(0, self.word(word), &count.to_string(), Style::PLAIN);
            }
        }
        if !totals.returned.is_zero() {
            document.pair(0, self.word(Word::Returned), &self.money(totals.returned), Style::PLAIN);
        }
        for (kind, amount) in &totals.tenders {
            document.pair(0, self.locale.tender(*kind), &self.money(*amount), Style::PLAIN);
        }
        if !totals.rounding.is_zero() {
            document.pair(0, self.word(Word::Rounding), &self.money(totals.rounding), Style::PLAIN);
        }
    }

    fn moment(&self, ms: i64) -> String {
        self.locale.moment(ms, self.utc_offset_min).unwrap_or_else(|| crate::time::rfc3339(ms))
    }
    fn money(&self, amount: Money) -> String {
        self.locale.money(self.currency, amount)
    }
    fn word(&self, word: Word) -> &'static str {
        self.locale.word(word)
    }
}
