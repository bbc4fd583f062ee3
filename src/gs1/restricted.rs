//! Numbers of restricted circulation (EAN-13 beginning with 02 or 20 to 29): price, weight or count inside the code. Each nation and chain
//! lays them out differently, and scales are set up per store, so the rules are configuration; the table by country gives the defaults.

use serde::{Deserialize, Serialize};

use super::gtin::Gtin;
use super::misread::Misread;
use super::{ArticleCode, CodeRules, EmbeddedCode, EmbeddedValue, Meaning};
use crate::money::{Money, Qty, RoundingMode};

/// How one range of prefixes is laid out. Checked: what the fields say fits together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawRestrictedRule", into = "RawRestrictedRule")]
pub struct RestrictedRule {
    raw: RawRestrictedRule,
    first: String,
    last: String,
}

/// As written in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRestrictedRule {
    /// "28" or "21-24": the first digits of the 13 (a UPC-A has a 0 in front of its 12).
    pub prefixes: String,
    /// Twelve letters for the digits before the check digit: P prefix and article, C inner check digit, V value.
    pub pattern: String,
    pub kind: EmbeddedKind,
    /// Decimals of the value: 2 for a price of 5.99 written 0599, 3 for a weight in grams.
    pub decimals: u8,
    /// Whether a wrong inner check digit refuses the code. Needs a C and four or five V.
    #[serde(default)]
    pub verify_inner_check: bool,
    /// The value is divided by this (scales that print in an old currency); rounded half up.
    #[serde(default = "one")]
    pub divisor: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddedKind {
    Price,
    /// Kilograms.
    Weight,
    Count,
}

/// Why a rule in the configuration makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    #[error("prefixes {0:?}: write one prefix (\"28\") or two of the same length (\"21-24\"), all beginning with 02 or 2")]
    Prefixes(String),
    #[error("pattern {0:?}: write 12 letters, P for each digit of the prefix and article, at most one C, and 1 to 6 V")]
    Pattern(String),
    #[error("decimals {0}: at most 4, and 0 for a count")]
    Decimals(u8),
    #[error("verify_inner_check needs one C and four or five V in the pattern {0:?}")]
    InnerCheck(String),
    #[error("divisor must be at least 1")]
    Divisor,
}

impl TryFrom<RawRestrictedRule> for RestrictedRule {
    type Error = BadRule;
    fn try_from(raw: RawRestrictedRule) -> Result<RestrictedRule, BadRule> {
        let (first, last) = raw.prefixes.split_once('-').unwrap_or((&raw.prefixes, &raw.prefixes));
        let restricted = |p: &str| p.bytes().all(|b| b.is_ascii_digit()) && (p.starts_with("02") || p.starts_with('2'));
        let prefix_length = first.len();
        if !restricted(first) || !restricted(last) || prefix_length != last.len() || first > last {
            return Err(BadRule::Prefixes(raw.prefixes));
        }
        let count = |letter: char| raw.pattern.chars().filter(|c| *c == letter).count();
        let (articles, checks, values) = (count('P'), count('C'), count('V'));
        let prefix_kept = raw.pattern.chars().take_while(|c| *c == 'P').count() >= prefix_length;
        if raw.pattern.len() != 12 || articles + checks + values != 12 || checks > 1 || !(1..=6).contains(&values) || !prefix_kept {
            return Err(BadRule::Pattern(raw.pattern));
        }
        if raw.decimals > 4 || (raw.kind == EmbeddedKind::Count && raw.decimals > 0) {
            return Err(BadRule::Decimals(raw.decimals));
        }
        if raw.verify_inner_check && (checks != 1 || !(4..=5).contains(&values)) {
            return Err(BadRule::InnerCheck(raw.pattern));
        }
        if raw.divisor == 0 {
            return Err(BadRule::Divisor);
        }
        Ok(RestrictedRule { first: first.to_owned(), last: last.to_owned(), raw })
    }
}
impl From<RestrictedRule> for RawRestrictedRule {
    fn from(rule: RestrictedRule) -> RawRestrictedRule {
        rule.raw
    }
}

/// The defaults of a country (ISO 3166, two letters); none where the layout is left to the chain. Sources: the national GS1
/// organisations' rules for variable measure; Norway by observation.
pub fn restricted_rules(country: &str) -> Vec<RestrictedRule> {
    use EmbeddedKind::{Count, Price, Weight};
    type Row = (&'static str, &'static str, EmbeddedKind, u8);
    const SWEDEN: &[Row] = &[
        ("20", "PPPPPPPPVVVV", Price, 2),
        ("21", "PPPPPPPPVVVV", Price, 1),
        ("22", "PPPPPPPPVVVV", Price, 0),
        ("23", "PPPPPPPPVVVV", Weight, 3),
        ("24", "PPPPPPPPVVVV", Weight, 2),
        ("25", "PPPPPPPPVVVV", Weight, 1),
    ];
    const FINLAND: &[Row] = &[("23", "PPPPPPPPVVVV", Weight, 3), ("24", "PPPPPPPPVVVV", Weight, 2), ("25", "PPPPPPPPVVVV", Weight, 1)];
    const DENMARK: &[Row] = &[
        ("21-24", "PPPPPPVVVVVV", Price, 2),
        ("26", "PPPPPPVVVVVV", Weight, 3),
        ("27", "PPPPPPPVVVVV", Weight, 3),
        ("28", "PPPPPPVVVVVV", Weight, 3),
    ];
    const GERMANY: &[Row] =
        &[("22-23", "PPPPPPCVVVVV", Price, 2), ("25-26", "PPPPPPCVVVVV", Count, 0), ("28-29", "PPPPPPCVVVVV", Weight, 3)];
    const GREAT_BRITAIN: &[Row] = &[("20", "PPPPPPPCVVVV", Price, 2)];
    const NORTH_AMERICA: &[Row] = &[("02", "PPPPPPPCVVVV", Price, 2)];
    let rows = match country {
        "SE" | "NO" => SWEDEN,
        "FI" | "EE" | "LV" | "LT" => FINLAND,
        "DK" => DENMARK,
        "DE" => GERMANY,
        "GB" => GREAT_BRITAIN,
        "US" | "CA" => NORTH_AMERICA,
        _ => &[],
    };
    let rule = |&(prefixes, pattern, kind, decimals): &Row| {
        let (prefixes, verify_inner_check) = (prefixes.to_owned(), pattern.contains('C'));
        let raw = RawRestrictedRule { prefixes, pattern: pattern.to_owned(), kind, decimals, verify_inner_check, divisor: 1 };
        RestrictedRule::try_from(raw).expect("the rules by country are valid")
    };
    rows.iter().map(rule).collect()
}

/// What is inside `gtin` when it is one of 13 digits that a rule covers. `None`: an ordinary number. Zeros for a value are the article's
/// own number, as the catalogue has it and as a person may type it; a value that rounds to nothing says nothing either.
pub(super) fn embedded(gtin: Gtin, rules: &CodeRules) -> Option<Result<Meaning, Misread>> {
    let code = gtin.as_str().strip_prefix('0')?;
    let rule = rules.restricted.iter().find(|rule| rule.covers(code))?;
    let value = rule.digits_at(code, 'V');
    if value.bytes().all(|b| b == b'0') {
        return None;
    }
    if rule.raw.verify_inner_check && rule.digits_at(code, 'C') != inner_check_digit(&value).to_string() {
        return Some(Err(Misread::InnerCheck { code: code.to_owned(), value }));
    }
    let key = rule.key(code);
    Some(Ok(match rule.value(&value, rules) {
        EmbeddedValue::Price(Money::ZERO) | EmbeddedValue::Weight(Qty::ZERO) | EmbeddedValue::Count(Qty::ZERO) => {
            Meaning::Article(ArticleCode { keys: vec![key], ..ArticleCode::default() })
        }
        value => Meaning::Embedded(EmbeddedCode { key, code: gtin, value }),
    }))
}

impl RestrictedRule {
    fn covers(&self, code: &str) -> bool {
        let prefix = &code[..self.first.len()];
        self.first.as_str() <= prefix && prefix <= self.last.as_str()
    }

    fn digits_at(&self, code: &str, letter: char) -> String {
        code.chars().zip(self.raw.pattern.chars()).filter(|(_, at)| *at == letter).map(|(digit, _)| digit).collect()
    }

    /// The article's number: value and inner check digit zeroed, check digit made anew.
    fn key(&self, code: &str) -> Gtin {
        let zeroed: String = code.chars().zip(self.raw.pattern.chars()).map(|(digit, at)| if at == 'P' { digit } else { '0' }).collect();
        Gtin::with_check(&zeroed).expect("12 digits that begin with 2 or 02")
    }

    fn value(&self, digits: &str, rules: &CodeRules) -> EmbeddedValue {
        let value = digits.bytes().fold(0, |n, b| n * 10 + i128::from(b - b'0'));
        let scaled_to = |decimals: u8| {
            let denominator = 10i128.pow(u32::from(self.raw.decimals)) * i128::from(self.raw.divisor);
            RoundingMode::HalfUp.divide(value * 10i128.pow(u32::from(decimals)), denominator)
        };
        match self.raw.kind {
            EmbeddedKind::Price => EmbeddedValue::Price(Money::from_minor(scaled_to(rules.currency.exponent))),
            EmbeddedKind::Weight => EmbeddedValue::Weight(Qty::from_thousandths(scaled_to(3))),
            EmbeddedKind::Count => EmbeddedValue::Count(Qty::from_thousandths(scaled_to(3))),
        }
    }
}

/// The check digit inside a code for its value of four or five digits. Source: GS1 General Specifications 7.9.2 to 7.9.4.
fn inner_check_digit(value: &str) -> u8 {
    /// What a digit weighs, by the names the standard uses.
    const TWO_MINUS: [u8; 10] = [0, 2, 4, 6, 8, 9, 1, 3, 5, 7];
    const THREE: [u8; 10] = [0, 3, 6, 9, 2, 5, 8, 1, 4, 7];
    const FIVE_PLUS: [u8; 10] = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9];
    const FIVE_MINUS: [u8; 10] = [0, 5, 9, 4, 8, 3, 7, 2, 6, 1];
    let weigh = |tables: &[[u8; 10]]| -> u8 { value.bytes().zip(tables).map(|(b, table)| table[usize::from(b - b'0')]).sum() };
    if value.len() == 4 {
        return weigh(&[TWO_MINUS, TWO_MINUS, THREE, FIVE_MINUS]) * 3 % 10;
    }
    let rest = (10 - weigh(&[FIVE_PLUS, TWO_MINUS, FIVE_MINUS, FIVE_PLUS, TWO_MINUS]) % 10) % 10;
    FIVE_MINUS.iter().position(|weight| *weight == rest).expect("the table holds every digit") as u8
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_check_digits_of_the_standard() {
        for (value, digit) in [("2875", 9), ("14685", 6), ("0599", 1), ("01250", 7), ("00750", 9)] {
            assert_eq!(inner_check_digit(value), digit, "{value}");
        }
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused_by_name() {
        let good = RawRestrictedRule {
            prefixes: "21-24".to_owned(),
            pattern: "PPPPPPCVVVVV".to_owned(),
            kind: EmbeddedKind::Price,
            decimals: 2,
            verify_inner_check: true,
            divisor: 1,
        };
        assert!(RestrictedRule::try_from(good.clone()).is_ok());
        type Change = fn(&mut RawRestrictedRule);
        let bad: [(Change, &str); 11] = [
            (|r| r.prefixes = "40".to_owned(), "prefixes"),
            (|r| r.prefixes = "24-21".to_owned(), "prefixes"),
            (|r| r.prefixes = "21-240".to_owned(), "prefixes"),
            (|r| r.prefixes = String::new(), "prefixes"),
            (|r| r.pattern = "PPPPPPCVVVV".to_owned(), "pattern"),
            (|r| r.pattern = "PVVVVVVPPPPP".to_owned(), "pattern"),
            (|r| r.pattern = "PPPPPPCVVVVÜ".to_owned(), "pattern"),
            (|r| r.pattern = "PPPPPPPPPPPP".to_owned(), "pattern"),
            (|r| r.pattern = "PPPPPPVVVVVV".to_owned(), "verify_inner_check"),
            (|r| r.decimals = 5, "decimals"),
            (|r| r.divisor = 0, "divisor"),
        ];
        for (change, named) in bad {
            let mut raw = good.clone();
            change(&mut raw);
            let error = RestrictedRule::try_from(raw).unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
