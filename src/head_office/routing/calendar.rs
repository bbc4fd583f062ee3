//! When goods of a place leave it, or are ready to be fetched: its cut-off, work days, closed days and lead time, in its own time zone. Pure: the time comes in.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// What takes longer than this never comes.
const DAYS_LOOKED_MAX: i64 = 200;
pub const EVERY_DAY: u8 = 0b111_1111;

/// A day at the place.
pub type Day = Date;

#[derive(Debug, Clone)]
pub struct Calendar {
    pub time_zone: TimeZone,
    /// Minute of the day after which a part is begun on the next work day; `None`: the day's end.
    pub cutoff: Option<u16>,
    /// Bits, Monday is 1.
    pub work_days: u8,
    pub closed_days: BTreeSet<Date>,
    /// Work days from the cut-off until it leaves.
    pub lead_days: u16,
}

impl Default for Calendar {
    fn default() -> Calendar {
        Calendar { time_zone: TimeZone::UTC, cutoff: None, work_days: EVERY_DAY, closed_days: BTreeSet::new(), lead_days: 0 }
    }
}

impl Calendar {
    /// The day on which what is ordered now leaves, or is ready; `None`: the place is closed as far as anybody can see.
    pub fn ready(&self, now_ms: i64) -> Option<Day> {
        let now = at(now_ms).to_zoned(self.time_zone.clone());
        let minute = i64::from(now.hour()) * 60 + i64::from(now.minute());
        let today = now.date();
        let is_over = self.cutoff.is_some_and(|cutoff| minute >= i64::from(cutoff));
        let days = (i64::from(is_over)..DAYS_LOOKED_MAX).filter_map(|days| today.checked_add(jiff::Span::new().days(days)).ok());
        days.filter(|day| self.works_on(*day)).nth(usize::from(self.lead_days))
    }

    pub fn day(&self, ms: i64) -> Day {
        at(ms).to_zoned(self.time_zone.clone()).date()
    }

    /// When the day began.
    pub fn midnight_ms(&self, now_ms: i64) -> i64 {
        self.day(now_ms).to_zoned(self.time_zone.clone()).map_or(now_ms, |midnight| midnight.timestamp().as_millisecond())
    }

    pub fn days_until(&self, now_ms: i64, day: Day) -> u32 {
        self.day(now_ms).until(day).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0))
    }

    fn works_on(&self, day: Day) -> bool {
        let bit = match day.weekday() {
            Weekday::Monday => 0,
            Weekday::Tuesday => 1,
            Weekday::Wednesday => 2,
            Weekday::Thursday => 3,
            Weekday::Friday => 4,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        };
        self.work_days >> bit & 1 == 1 && !self.closed_days.contains(&day)
    }
}

/// Of a time that no calendar has, the beginning of ours.
fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_leaves_on_a_work_day_before_the_cut_off() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let usual = Calendar { time_zone: berlin, cutoff: Some(14 * 60), work_days: 0b001_1111, lead_days: 2, ..Calendar::default() };
        let check = |calendar: &Calendar, now: &str, ready: Option<&str>| {
            let now_ms = now.parse::<Timestamp>().unwrap().as_millisecond();
            assert_eq!(calendar.ready(now_ms), ready.map(|day| day.parse().unwrap()), "{now}");
        };
        // A Wednesday, one hour ahead of UTC.
        check(&usual, "2026-11-25T12:59:00Z", Some("2026-11-27"));
        check(&usual, "2026-11-25T13:00:00Z", Some("2026-11-30"));
        // Friday evening is Monday; what is closed on Monday leaves on Tuesday.
        check(&usual, "2026-11-27T20:00:00Z", Some("2026-12-02"));
        let closed = Calendar { closed_days: ["2026-11-30".parse().unwrap()].into(), ..usual.clone() };
        check(&closed, "2026-11-27T20:00:00Z", Some("2026-12-03"));
        // Late in the evening it is tomorrow already.
        check(&Calendar { cutoff: None, lead_days: 0, ..usual.clone() }, "2026-11-25T23:30:00Z", Some("2026-11-26"));
        check(&Calendar { work_days: 0, ..usual }, "2026-11-25T08:00:00Z", None);
        check(&Calendar::default(), "1970-01-01T00:00:00Z", Some("1970-01-01"));
    }
}
