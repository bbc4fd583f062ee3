//! Stored reports as rows of a table, one row a report, for spreadsheets and accounting. Node and head office write the same rows.

use crate::money::{Currency, Money};
use crate::retail::cash::{MovementKind, sum_of};
use crate::retail::day::Totals;
use crate::retail::{Event, TenderKind};
use crate::time::rfc3339;

/// What the columns are called. Amounts are decimals of the currency; a cell that a kind of report has nothing for is empty.
pub const COLUMNS: [&str; 31] = [
    "date",
    "report",
    "number",
    "of_z",
    "till",
    "staff",
    "opened_at",
    "at",
    "currency",
    "sales",
    "returns",
    "post_voids",
    "voids",
    "total",
    "tax",
    "rounding",
    "cash",
    "card",
    "float",
    "taken",
    "loans",
    "pickups",
    "paid_in",
    "paid_out",
    "expected",
    "counted",
    "difference",
    "reason",
    "receipt",
    "record",
    "sha256",
];

/// The row of a Z, of a till or a day, of a count of the safe, or of an addendum. `None` for every other event, and for a currency that nobody knows.
pub fn row(event: &Event, seq: u64, hash: &str) -> Option<[String; COLUMNS.len()]> {
    let mut row = Row { cells: Default::default() };
    if let Event::DayClosed { report } = event {
        let currency = Currency::from_code(&report.currency)?;
        row.put("date", report.date.to_string()).put("report", "day_z").put("number", report.number.to_string());
        row.put("opened_at", rfc3339(report.opened_at.ms)).put("at", rfc3339(report.closed_at.ms));
        row.totals(&currency, &report.totals).movements(&currency, |kind| sum_of(&report.movements, kind));
        if !report.tills.is_empty() {
            let sum = |of: fn(&crate::retail::till::TillLine) -> Money| currency.plain(report.tills.iter().map(of).sum());
            row.put("expected", sum(|till| till.expected)).put("counted", sum(|till| till.counted));
            row.put("difference", sum(|till| till.difference));
        }
    } else if let Event::TillClosed { report } = event {
        let currency = Currency::from_code(&report.currency)?;
        row.put("date", report.date.to_string()).put("report", "till_z").put("number", report.number.to_string());
        row.put("till", report.till.as_str()).put("staff", report.owner.as_ref().map_or("", |owner| owner.as_str()));
        row.put("opened_at", rfc3339(report.opened_at.ms)).put("at", rfc3339(report.closed_at.ms)).put("currency", &*currency.code);
        row.put("float", currency.plain(report.float)).put("taken", currency.plain(report.taken));
        row.movements(&currency, |kind| sum_of(&report.movements, kind)).put("expected", currency.plain(report.expected));
        if let Some(counted) = &report.counted {
            row.put("counted", currency.plain(counted.counted)).put("difference", currency.plain(counted.difference));
            row.put("reason", counted.reason.as_ref().map_or("", |reason| reason.as_str()));
        }
    } else if let Event::SafeCountClosed { report } = event {
        let currency = Currency::from_code(&report.currency)?;
        row.put("date", report.date.to_string()).put("report", "safe_count").put("number", report.number.to_string());
        row.put("staff", report.counted.by.as_ref().map_or("", |by| by.as_str())).put("at", rfc3339(report.at.ms));
        row.put("currency", &*currency.code).put("expected", currency.plain(report.expected));
        row.put("counted", currency.plain(report.counted.counted)).put("difference", currency.plain(report.counted.difference));
        row.put("reason", report.counted.reason.as_ref().map_or("", |reason| reason.as_str()));
    } else if let Event::DayAddendum { addendum } = event {
        let currency = Currency::from_code(&addendum.currency)?;
        row.put("date", addendum.date.to_string()).put("report", "addendum").put("number", addendum.number.to_string());
        row.put("of_z", addendum.report.to_string()).put("till", addendum.workstation.as_str()).put("at", rfc3339(addendum.at.ms));
        row.totals(&currency, &addendum.totals).put("receipt", addendum.receipt.to_string());
    } else {
        return None;
    }
    row.put("record", seq.to_string()).put("sha256", hash);
    Some(row.cells)
}

struct Row {
    cells: [String; COLUMNS.len()],
}

impl Row {
    fn put(&mut self, column: &str, cell: impl Into<String>) -> &mut Row {
        let index = COLUMNS.iter().position(|name| *name == column).expect("a column of the table");
        self.cells[index] = cell.into();
        self
    }

    fn totals(&mut self, currency: &Currency, totals: &Totals) -> &mut Row {
        let money = |amount: Money| currency.plain(amount);
        let kept = |kind: TenderKind| totals.tenders.iter().filter(|(of, _)| *of == kind).map(|(_, amount)| *amount).sum::<Money>();
        self.put("currency", &*currency.code)
            .put("sales", totals.sales.to_string())
            .put("returns", totals.returns.to_string())
            .put("post_voids", totals.post_voids.to_string())
            .put("voids", totals.voids.to_string())
            .put("total", money(totals.total))
            .put("tax", money(totals.taxes.iter().map(|group| group.tax).sum()))
            .put("rounding", money(totals.rounding))
            .put("cash", money(kept(TenderKind::Cash)))
            .put("card", money(kept(TenderKind::Card)))
    }

    fn movements(&mut self, currency: &Currency, sum: impl Fn(MovementKind) -> Money) -> &mut Row {
        self.put("loans", currency.plain(sum(MovementKind::Loan)))
            .put("pickups", currency.plain(sum(MovementKind::Pickup)))
            .put("paid_in", currency.plain(sum(MovementKind::PaidIn)))
            .put("paid_out", currency.plain(sum(MovementKind::PaidOut)))
    }
}
