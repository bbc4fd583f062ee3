//! The day report on paper: X when read, Z when it closes the day. All figures stand in the report; nothing is added up here.

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
        for lost in &report.unproved {
            document.block(Block::Rule);
            let numbers = format!("{} {} - {}", self.word(Word::Records), lost.first_seq, lost.last_seq);
            document.centred(&format!("{numbers} {}", self.word(Word::Unreadable)), Style::BOLD);
            document.centred(self.word(Word::Incomplete), Style::PLAIN);
        }
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
        }
        self.totals(document, &workstation.totals, Style::BOLD);
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
