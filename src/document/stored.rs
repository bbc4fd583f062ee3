//! A report as it stands in a stored record, as paper and as text. The printer, the store's back office and head office all come here with
//! the same record, so they show the same paper to the byte.

use super::cash::Stationery;
use super::{DateOrder, Document, Language, Letterhead, Locale, Report, ReportKind, text};
use crate::money::Currency;
use crate::retail::Event;
use crate::retail::day::DayReport;
use crate::retail::till::TillReport;

/// Columns of a report as text.
pub const COLUMNS: usize = 42;
/// Hex characters of a record's hash that stand on its paper.
pub const FRAGMENT_CHARS: usize = 10;

/// What records of releases that did not say it are read with.
#[derive(Debug, Clone)]
pub struct Fallback {
    pub stationery: Stationery,
    pub time_zone: jiff::tz::TimeZone,
}

impl Fallback {
    /// English words and no letterhead.
    pub fn plain(currency: Currency, time_zone: jiff::tz::TimeZone) -> Fallback {
        let locale = Locale { language: Language::English, decimal_mark: '.', date: DateOrder::YearMonthDay };
        Fallback { stationery: Stationery { letterhead: Letterhead::default(), currency, locale }, time_zone }
    }

    /// A day's report on paper. `hash`: of the record that holds it. What is read in the middle of the day stands in no record that it could
    /// be held against.
    pub fn day(&self, report: &DayReport, kind: ReportKind, hash: &str, copy: u32) -> Document {
        let of = self.stationery.of_record(report.paper.as_deref(), &report.currency);
        Report {
            report,
            kind,
            letterhead: &of.letterhead,
            currency: &of.currency,
            locale: &of.locale,
            utc_offset_min: report.utc_offset_min.unwrap_or_else(|| self.offset_min(report.closed_at.ms)),
            head_fragment: match kind {
                ReportKind::Z => fragment(hash),
                ReportKind::X => "",
            },
            copy,
        }
        .document()
    }

    /// A till's Z, or its X when it has no count.
    pub fn till(&self, report: &TillReport, hash: &str, copy: u32) -> Document {
        let fragment = if report.counted.is_some() { fragment(hash) } else { "" };
        self.stationery.of_record(report.paper.as_deref(), &report.currency).till_report(report, fragment, copy)
    }

    /// A Z, of a till or a day, a count of the safe, or an addendum. `None` for every other event.
    pub fn document_of(&self, event: &Event, hash: &str, copy: u32) -> Option<Document> {
        Some(if let Event::DayClosed { report } = event {
            self.day(report, ReportKind::Z, hash, copy)
        } else if let Event::TillClosed { report } = event {
            self.till(report, hash, copy)
        } else if let Event::SafeCountClosed { report } = event {
            self.stationery.of_record(report.paper.as_deref(), &report.currency).safe_report(report, fragment(hash), copy)
        } else if let Event::DayAddendum { addendum } = event {
            self.stationery.of_record(addendum.paper.as_deref(), &addendum.currency).addendum(addendum, fragment(hash), copy)
        } else {
            return None;
        })
    }

    /// The same as text.
    pub fn text_of(&self, event: &Event, hash: &str) -> Option<String> {
        Some(text::render(&self.document_of(event, hash, 0)?, COLUMNS))
    }

    /// The text of a day's X.
    pub fn day_x_text(&self, report: &DayReport) -> String {
        text::render(&self.day(report, ReportKind::X, "", 0), COLUMNS)
    }

    /// The text of a till's X.
    pub fn till_x_text(&self, report: &TillReport) -> String {
        text::render(&self.till(report, "", 0), COLUMNS)
    }

    fn offset_min(&self, ms: i64) -> i32 {
        jiff::Timestamp::from_millisecond(ms).map_or(0, |at| self.time_zone.to_offset(at).seconds() / 60)
    }
}

fn fragment(hash: &str) -> &str {
    hash.get(..FRAGMENT_CHARS).unwrap_or(hash)
}
