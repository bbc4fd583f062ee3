//! How the store writes amounts, quantities and times of day. Only text for people is made here; the API speaks plain integers.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::texts::{Texts, fill, texts_in};
use crate::document::{self, DateOrder, Language};
use crate::money::{Currency, Money, Qty, Unit};
use crate::time::BusinessDate;

/// What `1234.5` looks like in this store, and which clock hangs on its wall.
#[derive(Debug, Clone)]
pub struct Locale {
    /// BCP 47, for the `lang` attribute of pages.
    pub language: &'static str,
    pub texts: &'static Texts,
    /// '.' or ','.
    pub decimal: char,
    /// Between groups of three digits; `None` writes 1234567.
    pub group: Option<char>,
    pub date: DateOrder,
    pub zone: TimeZone,
}

impl Locale {
    /// English words, decimal point, UTC: what tests use.
    pub fn plain() -> Locale {
        Locale { language: "en", texts: texts_in("en"), decimal: '.', group: None, date: DateOrder::YearMonthDay, zone: TimeZone::UTC }
    }

    /// With the words, decimal mark and order of dates of the store's papers.
    pub fn of_store(paper: &document::Locale, zone: TimeZone) -> Locale {
        let (language, group) = match (paper.language, paper.decimal_mark) {
            (Language::English, _) => ("en", ','),
            (Language::German, '.') => ("de", '’'),
            (Language::German, _) => ("de", '.'),
        };
        Locale { language, texts: texts_in(language), decimal: paper.decimal_mark, group: Some(group), date: paper.date, zone }
    }

    /// The same figures and dates with the words of another language.
    pub fn spoken(&self, language: Language) -> Locale {
        let language = match language {
            Language::English => "en",
            Language::German => "de",
        };
        Locale { language, texts: texts_in(language), ..self.clone() }
    }

    /// "1.234,50": decimals as the currency has them, without its sign.
    pub fn money(&self, currency: &Currency, amount: Money) -> String {
        self.spell(&currency.plain(amount))
    }

    /// "3", "0,25 kg".
    pub fn quantity(&self, quantity: Qty, unit: Unit) -> String {
        let number = self.spell(&quantity.plain());
        let symbol = unit.symbol();
        if symbol.is_empty() { number } else { format!("{number} {symbol}") }
    }

    /// A weight that was found at the till, as the scale shows it: "0,250 kg".
    pub fn weight(&self, weight: Qty) -> String {
        format!("{} {}", self.spell(&weight.to_the_gram()), Unit::Kilogram.symbol())
    }

    /// "14:02" on the store's wall; "?" for a time outside the calendar.
    pub fn clock(&self, ms: i64) -> String {
        match Timestamp::from_millisecond(ms) {
            Ok(at) => at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string(),
            Err(_) => "?".into(),
        }
    }

    /// "14:02:31" on the store's wall; "?" for a time outside the calendar.
    pub fn clock_with_seconds(&self, ms: i64) -> String {
        match Timestamp::from_millisecond(ms) {
            Ok(at) => at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string(),
            Err(_) => "?".into(),
        }
    }

    /// "2026-11-22 14:02", "22.11.2026 14:02".
    pub fn date_and_clock(&self, ms: i64) -> String {
        match self.today(ms) {
            Some(date) => format!("{} {}", self.date(date), self.clock(ms)),
            None => "?".into(),
        }
    }

    pub fn date(&self, date: BusinessDate) -> String {
        let format = match self.date {
            DateOrder::YearMonthDay => "%Y-%m-%d",
            DateOrder::DayMonthYearDots => "%d.%m.%Y",
            DateOrder::DayMonthYear => "%d/%m/%Y",
            DateOrder::MonthDayYear => "%m/%d/%Y",
        };
        date.strftime(format).to_string()
    }

    /// A date that cannot be mistaken for last year's, where room is short.
    pub fn day_and_month(&self, date: BusinessDate) -> String {
        let format = match self.date {
            DateOrder::YearMonthDay => "%m-%d",
            DateOrder::DayMonthYearDots => "%d.%m.",
            DateOrder::DayMonthYear => "%d/%m",
            DateOrder::MonthDayYear => "%m/%d",
        };
        date.strftime(format).to_string()
    }

    /// The calendar day on the store's wall.
    pub fn today(&self, ms: i64) -> Option<BusinessDate> {
        Some(Timestamp::from_millisecond(ms).ok()?.to_zoned(self.zone.clone()).date())
    }

    /// How long ago in words that fit a small note: "just now", "5 min ago", "3 h ago", "2 days ago".
    pub fn age(&self, now_ms: i64, then_ms: i64) -> String {
        let t = self.texts;
        let seconds = (now_ms - then_ms).max(0) / 1000;
        let (text, count) = match seconds {
            0..=59 => (t.age_now, 0),
            60..=3_599 => (t.age_minutes, seconds / 60),
            3_600..=86_399 => (t.age_hours, seconds / 3_600),
            86_400..=172_799 => (t.age_day, 1),
            _ => (t.age_days, seconds / 86_400),
        };
        fill(text, &[&count.to_string()])
    }

    /// Puts the store's marks into a plain "-1234.5".
    fn spell(&self, plain: &str) -> String {
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("\u{2212}", rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut text = String::from(sign);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index) % 3 == 0 {
                text.extend(self.group);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(self.decimal);
            text.push_str(fraction);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tag: &str) -> Locale {
        Locale::of_store(&document::Locale::from_tag(tag).unwrap(), TimeZone::UTC)
    }

    #[test]
    fn amounts_follow_the_store() {
        let check = |tag: &str, code: &str, minor: i64, text: &str| {
            assert_eq!(of(tag).money(&Currency::from_code(code).unwrap(), Money::from_minor(minor)), text);
        };
        check("de", "EUR", 928, "9,28");
        check("de", "EUR", 123_456_789, "1.234.567,89");
        check("de", "EUR", -5, "\u{2212}0,05");
        check("de-CH", "CHF", 100_000, "1’000.00");
        check("en", "JPY", 1234, "1,234");
        check("en-GB", "GBP", 99_999, "999.99");
        assert_eq!(of("de").quantity(Qty::from_thousandths(250), Unit::Kilogram), "0,25 kg");
        assert_eq!(of("de").quantity(Qty::pieces(3), Unit::Piece), "3");
    }

    #[test]
    fn dates_follow_the_store() {
        let noon_ms = 1_795_348_800_000;
        assert_eq!(of("de").date_and_clock(noon_ms), "22.11.2026 12:00");
        assert_eq!(of("en").date_and_clock(noon_ms), "2026-11-22 12:00");
        assert_eq!(of("en").clock(i64::MAX), "?");
    }

    #[test]
    fn ages_are_short() {
        let plain = Locale::plain();
        let check = |seconds: i64, text: &str| assert_eq!(plain.age(seconds * 1000, 0), text);
        check(-5, "just now");
        check(59, "just now");
        check(60, "1 min ago");
        check(7_300, "2 h ago");
        check(100_000, "1 day ago");
        check(200_000, "2 days ago");
    }
}
