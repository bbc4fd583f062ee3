//! Business days from one to another, as people choose them.

use serde::{Deserialize, Serialize};

use crate::time::BusinessDate;

/// Longest period of one answer: a leap year and a day to compare it with.
pub const DAYS_MAX: i64 = 367;

/// Both days included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    pub from: BusinessDate,
    pub to: BusinessDate,
}

/// Periods that have a name. They end with the current day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    Today,
    #[default]
    Week,
    FourWeeks,
    /// From the first of the current month.
    Month,
}

impl Preset {
    pub const ALL: [Preset; 4] = [Preset::Today, Preset::Week, Preset::FourWeeks, Preset::Month];

    pub fn name(self) -> &'static str {
        match self {
            Preset::Today => "today",
            Preset::Week => "week",
            Preset::FourWeeks => "four_weeks",
            Preset::Month => "month",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Preset::Today => "Today",
            Preset::Week => "7 days",
            Preset::FourWeeks => "28 days",
            Preset::Month => "Month",
        }
    }

    pub fn from_name(name: &str) -> Option<Preset> {
        Preset::ALL.into_iter().find(|preset| preset.name() == name)
    }

    pub fn period(self, today: BusinessDate) -> Period {
        let from = match self {
            Preset::Today => today,
            Preset::Week => earlier(today, 6),
            Preset::FourWeeks => earlier(today, 27),
            Preset::Month => today.first_of_month(),
        };
        Period { from, to: today }
    }
}

impl Period {
    /// The error says what is wrong with it.
    pub fn new(from: BusinessDate, to: BusinessDate) -> Result<Period, String> {
        let period = Period { from, to };
        if from > to {
            return Err(format!("the period begins on {from}, after its end on {to}"));
        }
        match period.days() {
            days if days > DAYS_MAX => Err(format!("from {from} to {to} are {days} days; {DAYS_MAX} is the limit")),
            _ => Ok(period),
        }
    }

    pub fn days(&self) -> i64 {
        i64::from(self.to.since(self.from).map_or(0, |span| span.get_days())) + 1
    }

    /// As many days, right before it.
    pub fn before(&self) -> Period {
        let to = earlier(self.from, 1);
        Period { from: earlier(to, self.days() - 1), to }
    }

    /// Every day of it, in order.
    pub fn each(&self) -> impl Iterator<Item = BusinessDate> {
        std::iter::successors(Some(self.from), |day| day.tomorrow().ok()).take(usize::try_from(self.days()).unwrap_or(0))
    }
}

fn earlier(day: BusinessDate, days: i64) -> BusinessDate {
    day.checked_sub(jiff::Span::new().days(days)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    #[test]
    fn periods_end_today_and_are_compared_with_as_many_days_before() {
        let check = |preset: Preset, today: &str, expected: [&str; 4]| {
            let period = preset.period(day(today));
            let before = period.before();
            assert_eq!([period.from, period.to, before.from, before.to], expected.map(day), "{preset:?} on {today}");
        };
        check(Preset::Today, "2026-03-01", ["2026-03-01", "2026-03-01", "2026-02-28", "2026-02-28"]);
        check(Preset::Week, "2026-11-27", ["2026-11-21", "2026-11-27", "2026-11-14", "2026-11-20"]);
        check(Preset::FourWeeks, "2024-03-01", ["2024-02-03", "2024-03-01", "2024-01-06", "2024-02-02"]);
        check(Preset::Month, "2026-11-27", ["2026-11-01", "2026-11-27", "2026-10-05", "2026-10-31"]);
        assert_eq!(Preset::Week.period(day("2026-11-27")).each().count(), 7);
    }

    #[test]
    fn what_cannot_be_a_period_is_said() {
        assert!(Period::new(day("2026-11-28"), day("2026-11-27")).unwrap_err().contains("after its end"));
        assert!(Period::new(day("2020-01-01"), day("2026-11-27")).unwrap_err().contains("is the limit"));
        assert_eq!(Period::new(day("2024-01-01"), day("2024-12-31")).unwrap().days(), 366);
    }
}
