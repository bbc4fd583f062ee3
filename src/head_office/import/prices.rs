//! Prices as files write them, and what to do about those that are missing.

use std::str::FromStr;

use crate::money::{Currency, Money};
use crate::sync::feed::Article;

/// What an article without a price gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum MissingPrice {
    /// The line is wrong.
    #[default]
    Reject,
    /// It is imported without one; the till refuses to sell it and says so.
    Unpriced,
    /// This one, as written, in the catalogue's currency.
    Fixed(String),
    /// One made up from the article number: for trials, never for a shop.
    Demo,
}

impl FromStr for MissingPrice {
    type Err = String;
    fn from_str(text: &str) -> Result<MissingPrice, String> {
        match (text, text.strip_prefix("fixed=")) {
            ("reject", _) => Ok(MissingPrice::Reject),
            ("unpriced", _) => Ok(MissingPrice::Unpriced),
            ("demo", _) => Ok(MissingPrice::Demo),
            (_, Some(price)) => Ok(MissingPrice::Fixed(price.to_owned())),
            (_, None) => Err(format!("{text:?} is not a rule: use reject, unpriced, fixed=1.99 or demo")),
        }
    }
}

/// Reads "1.99", "1,99", "1.234,56", "€ 1,99", "1,99 EUR". `None` on anything else, and where it is not clear which mark is the decimal one
/// ("1,234").
pub fn parse_price(text: &str, currency: &Currency) -> Option<Money> {
    let is_sign = |c: char| "€$£¥".contains(c) || c.is_whitespace();
    let bare = text.trim_matches(is_sign);
    let bare = bare.strip_prefix(currency.code.as_str()).or_else(|| bare.strip_suffix(currency.code.as_str())).unwrap_or(bare);
    let bare = bare.trim_matches(is_sign);
    currency.parse(bare).or_else(|| currency.parse(&ungrouped(bare)?))
}

/// Takes the grouping out of "1.234,56" and "1,234,567.89": groups of three, the decimal mark last and another one.
fn ungrouped(text: &str) -> Option<String> {
    let decimal = text.rfind(['.', ','])?;
    let (whole, fraction) = text.split_at(decimal);
    let grouping = if fraction.starts_with(',') { '.' } else { ',' };
    let mut groups = whole.split(grouping);
    let first = groups.next()?.trim_start_matches('-');
    let rest: Vec<&str> = groups.collect();
    let fits = (1..=3).contains(&first.len()) && !rest.is_empty() && rest.iter().all(|group| group.len() == 3);
    fits.then(|| format!("{}{fraction}", whole.replace(grouping, "")))
}

/// A believable price for an article, always the same one: between 0.29 and some 80 units of the currency, few of them high, ending in
/// 9, 49 or 99 hundredths; in whole units where the currency has no decimals.
pub fn demo_price(article: &Article, currency: &Currency) -> Money {
    let hash =
        article.sku.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let (shape, place) = ((hash >> 32) % 100, hash >> 40);
    let tens = |from: i64, to: i64| (from + (place % (to - from).unsigned_abs()) as i64) * 10 + 9;
    let hundredths = match shape {
        0..40 => tens(2, 20),
        40..75 => tens(20, 60),
        75..95 => (6 + (place % 14) as i64) * 100 + 49,
        _ => (20 + (place % 60) as i64) * 100 + 99,
    };
    match currency.exponent {
        0 => Money::from_minor(hundredths),
        exponent => Money::from_minor(hundredths * 10i64.pow(u32::from(exponent.saturating_sub(2)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_as_people_write_them() {
        let check = |code: &str, text: &str, expected: Option<i64>| {
            let currency = Currency::from_code(code).unwrap();
            assert_eq!(parse_price(text, &currency).map(Money::minor), expected, "{text:?} {code}");
        };
        for text in ["1.99", "1,99", "€ 1,99", "1,99 €", "1.99 EUR", "EUR 1.99", "1,99\u{a0}€"] {
            check("EUR", text, Some(199));
        }
        check("EUR", "1.234,56", Some(123_456));
        check("EUR", "1,234,567.89", Some(123_456_789));
        check("EUR", "-1.99", Some(-199));
        check("EUR", "2", Some(200));
        check("JPY", "198", Some(198));
        check("KWD", "1.250", Some(1250));
        for text in ["", "abc", "1,234", "1.2.3", "12,34,56", "1e3", "1.99 USD", "--1", "1 99"] {
            check("EUR", text, None);
        }
    }
}
