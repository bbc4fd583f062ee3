//! What a row of figures is, and the two ways to show it: a table for people and one line of JSON per figure. Every figure stands
//! beside a baseline that was measured in the same run, because a figure alone says more about the machine than about us.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// What one part of the bench found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As `--only` names it.
    pub name: &'static str,
    /// What was done, in one sentence.
    pub what: String,
    pub figures: Vec<Figure>,
    /// What a reader must know to believe the figures: what was left out, what else the machine did, why an aim is missed.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub label: String,
    pub value: f64,
    pub unit: Unit,
    /// In the same unit.
    pub baseline: Option<Baseline>,
    pub aim: Option<Aim>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// "write + fdatasync of the same bytes"
    pub what: String,
    pub value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Milliseconds,
    Seconds,
    Bytes,
    MebiBytes,
    /// Of something: flushes, crates.
    Count,
    PerSecond,
}

/// What the figure is meant to be. An aim for the ratio needs a baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    AtMost(f64),
    AtLeast(f64),
    RatioAtMost(f64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    NoAim,
    Met,
    /// Per cent of the aim, above it or below.
    MissedBy {
        percent: f64,
    },
}

impl Row {
    pub fn new(name: &'static str, what: impl Into<String>) -> Row {
        Row { name, what: what.into(), figures: Vec::new(), notes: Vec::new() }
    }
    pub fn figure(&mut self, figure: Figure) -> &mut Row {
        self.figures.push(figure);
        self
    }
    pub fn note(&mut self, note: impl Into<String>) -> &mut Row {
        self.notes.push(note.into());
        self
    }
}

impl Figure {
    pub fn new(label: impl Into<String>, value: f64, unit: Unit) -> Figure {
        Figure { label: label.into(), value, unit, baseline: None, aim: None }
    }
    pub fn beside(self, what: impl Into<String>, value: f64) -> Figure {
        Figure { baseline: Some(Baseline { what: what.into(), value }), ..self }
    }
    pub fn aim(self, aim: Aim) -> Figure {
        Figure { aim: Some(aim), ..self }
    }

    /// `None` without a baseline, or with one of nothing.
    pub fn ratio(&self) -> Option<f64> {
        self.baseline.as_ref().filter(|baseline| baseline.value > 0.0).map(|baseline| self.value / baseline.value)
    }

    pub fn verdict(&self) -> Verdict {
        let beyond = match (self.aim, self.ratio()) {
            (None, _) | (Some(Aim::RatioAtMost(_)), None) => return Verdict::NoAim,
            (Some(Aim::AtMost(aim)), _) => self.value / aim - 1.0,
            (Some(Aim::AtLeast(aim)), _) => 1.0 - self.value / aim,
            (Some(Aim::RatioAtMost(aim)), Some(ratio)) => ratio / aim - 1.0,
        };
        if beyond <= 0.0 { Verdict::Met } else { Verdict::MissedBy { percent: beyond * 100.0 } }
    }
}

impl Unit {
    /// As it stands behind a number.
    pub const fn symbol(self) -> &'static str {
        match self {
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
            Unit::Bytes => "bytes",
            Unit::MebiBytes => "MiB",
            Unit::Count => "",
            Unit::PerSecond => "/s",
        }
    }
}

/// One line of JSON per figure, each complete in itself, and one per note.
pub fn json_lines(row: &Row) -> String {
    let mut out = String::new();
    for figure in &row.figures {
        let baseline = figure.baseline.as_ref().map(|baseline| json!({ "what": baseline.what, "value": rounded(baseline.value) }));
        let (met, missed_by_percent) = match figure.verdict() {
            Verdict::NoAim => (Value::Null, Value::Null),
            Verdict::Met => (true.into(), Value::Null),
            Verdict::MissedBy { percent } => (false.into(), rounded(percent)),
        };
        let line = json!({
            "row": row.name,
            "what": row.what,
            "figure": figure.label,
            "value": rounded(figure.value),
            "unit": figure.unit.symbol(),
            "baseline": baseline,
            "ratio": figure.ratio().map(rounded),
            "aim": figure.aim.map(|aim| aim_text(aim, figure.unit)),
            "met": met,
            "missed_by_percent": missed_by_percent,
        });
        let _ = writeln!(out, "{line}");
    }
    for note in &row.notes {
        let _ = writeln!(out, "{}", json!({ "row": row.name, "note": note }));
    }
    out
}

/// A row as people read it.
pub fn table(row: &Row) -> String {
    let mut out = format!("{}: {}\n", row.name, row.what);
    let cells: Vec<[String; 5]> = row.figures.iter().map(cells).collect();
    let width = |column: usize| cells.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    for cells in &cells {
        let [label, value, ratio, baseline, aim] = cells;
        let line = format!(
            "  {label:<w0$}  {value:>w1$}  {ratio:>w2$}  {baseline:<w3$}  {aim}",
            w0 = widths[0],
            w1 = widths[1],
            w2 = widths[2],
            w3 = widths[3]
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for note in &row.notes {
        let _ = writeln!(out, "  * {note}");
    }
    out
}

fn cells(figure: &Figure) -> [String; 5] {
    let ratio = figure.ratio().map_or(String::new(), |ratio| format!("{ratio:.2} ×"));
    let baseline =
        figure.baseline.as_ref().map_or(String::new(), |baseline| format!("{} {}", with_unit(baseline.value, figure.unit), baseline.what));
    let aim = figure.aim.map_or(String::new(), |aim| {
        let verdict = match figure.verdict() {
            Verdict::NoAim => "no baseline to compare with".to_owned(),
            Verdict::Met => "met".to_owned(),
            Verdict::MissedBy { percent } => format!("MISSED by {percent:.0} %"),
        };
        format!("aim {}: {verdict}", aim_text(aim, figure.unit))
    });
    [figure.label.clone(), with_unit(figure.value, figure.unit), ratio, baseline, aim]
}

fn aim_text(aim: Aim, unit: Unit) -> String {
    match aim {
        Aim::AtMost(value) => format!("at most {}", with_unit(value, unit)),
        Aim::AtLeast(value) => format!("at least {}", with_unit(value, unit)),
        Aim::RatioAtMost(ratio) => format!("at most {ratio} × the baseline"),
    }
}

fn with_unit(value: f64, unit: Unit) -> String {
    let decimals = match unit {
        Unit::Bytes => 0,
        Unit::Milliseconds | Unit::Seconds | Unit::MebiBytes | Unit::Count | Unit::PerSecond => match value {
            v if v == v.trunc() && v < 1e6 => 0,
            v if v < 10.0 => 3,
            v if v < 1000.0 => 1,
            _ => 0,
        },
    };
    format!("{value:.decimals$} {}", unit.symbol()).trim_end().to_owned()
}

/// Six decimals: below that is noise.
fn rounded(value: f64) -> Value {
    json!((value * 1e6).round() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_met_or_missed_by_so_much() {
        let figure = Figure::new("p99", 3.0, Unit::Milliseconds).beside("raw", 2.0);
        assert_eq!(figure.clone().verdict(), Verdict::NoAim);
        assert_eq!(figure.clone().aim(Aim::RatioAtMost(1.5)).verdict(), Verdict::Met);
        assert_eq!(figure.clone().aim(Aim::AtMost(3.0)).verdict(), Verdict::Met);
        assert_eq!(figure.aim(Aim::AtMost(2.0)).verdict(), Verdict::MissedBy { percent: 50.0 });
        let speed = Figure::new("events", 150.0, Unit::PerSecond);
        assert_eq!(speed.clone().aim(Aim::AtLeast(150.0)).verdict(), Verdict::Met);
        assert_eq!(speed.aim(Aim::AtLeast(200.0)).verdict(), Verdict::MissedBy { percent: 25.0 });
        let alone = Figure::new("p99", 3.0, Unit::Milliseconds).aim(Aim::RatioAtMost(1.5));
        assert_eq!(alone.verdict(), Verdict::NoAim);
    }

    #[test]
    fn numbers_are_as_long_as_they_are_worth() {
        let check = |value, unit, expected: &str| assert_eq!(with_unit(value, unit), expected);
        check(0.41237, Unit::Milliseconds, "0.412 ms");
        check(41.237, Unit::Milliseconds, "41.2 ms");
        check(4123.7, Unit::Seconds, "4124 s");
        check(1024.4, Unit::Bytes, "1024 bytes");
        check(303.0, Unit::Count, "303");
    }
}
