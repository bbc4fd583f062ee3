//! A report as it stands in a stored record, as text. The store's back office and head office both come here with the same bytes, so they
//! show the same paper.

use super::cash::Stationery;
use super::{Report, ReportKind, text};
use crate::retail::Event;
use crate::retail::day::DayReport;

/// Columns of a report as text.
pub const COLUMNS: usize = 42;
/// Hex characters of a record's hash that stand on its paper.
pub const FRAGMENT_CHARS: usize = 10;

/// The text of a Z, of a till or a day, or of an addendum. `None` for every other event. `hash`: of the record that holds it. `fallback`: for
/// records of releases that did not say how the store's paper looks.
pub fn text_of(event: &Event, hash: &str, fallback: &Stationery) -> Option<String> {
    let fragment = hash.get(..FRAGMENT_CHARS).unwrap_or(hash);
    let document = if let Event::DayClosed { report } = event {
        return Some(day_text(report, ReportKind::Z, fragment, fallback));
    } else if let Event::TillClosed { report } = event {
        fallback.of_record(report.paper.as_deref(), &report.currency).till_report(report, fragment, 0)
    } else if let Event::DayAddendum { addendum } = event {
        fallback.of_record(addendum.paper.as_deref(), &addendum.currency).addendum(addendum, fragment)
    } else {
        return None;
    };
    Some(text::render(&document, COLUMNS))
}

/// A day report as text, X or Z.
pub fn day_text(report: &DayReport, kind: ReportKind, fragment: &str, fallback: &Stationery) -> String {
    let of = fallback.of_record(report.paper.as_deref(), &report.currency);
    let report = Report {
        report,
        kind,
        letterhead: &of.letterhead,
        currency: &of.currency,
        locale: &of.locale,
        utc_offset_min: report.utc_offset_min.unwrap_or(0),
        head_fragment: fragment,
        copy: 0,
    };
    text::render(&report.document(), COLUMNS)
}
