//! What the table of application identifiers says about a value: its parts, characters, lengths and checks. No parsing of messages here.

use super::gtin::check_digit;
use super::misread::Misread;
use super::table::AI_ROWS;

/// One identifier, or up to ten that differ in the last digit only.
#[derive(Debug, Clone, Copy)]
pub struct AiRow {
    /// "01", "3100-3105".
    pub range: &'static str,
    pub name: &'static str,
    /// In order. Optional ones come last, and only the very last has a variable length.
    pub parts: &'static [Part],
    /// Length predefined for ever, so that no separator is needed behind it.
    pub fixed: bool,
    /// May stand in the query of a Digital Link.
    pub attribute: bool,
    /// Primary key of a Digital Link, and the qualifiers that may follow in this order: "22,10,21|235".
    pub key: Option<&'static str>,
    /// At least one of these groups must be on the item as well, maybe on another label: "01+21 02 35nn"; n is any digit.
    pub needs: &'static str,
    /// None of these may stand beside it.
    pub excludes: &'static str,
}

/// A piece of a value.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub set: Set,
    pub length_min: usize,
    pub length_max: usize,
    pub optional: bool,
    pub checks: &'static [Check],
}

/// The characters allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    Digits,
    /// The 82 characters of GS1 (ISO 646 without some national ones and space).
    Text,
    /// Digits, capitals and `# - /`.
    Capitals,
    /// Base 64 for URLs.
    Base64,
}

/// What else must hold for a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Mod 10 check digit at the end.
    Digit,
    /// The two check characters of a global model number.
    Pair,
    /// Begins with at least four digits of a company prefix.
    CompanyPrefix,
    /// YYMMDD.
    Date,
    /// YYMMDD where DD = 00 means the whole month.
    DateOrMonth,
    /// YYYYMMDD.
    LongDate,
    Hour,
    /// Minutes or seconds.
    Minute,
    HourMinute,
    CountryLetters,
    /// 0, 1, 2 or 9 (ISO 5218).
    Sex,
    Iban,
    /// Percent signs only as percent-encoding.
    Percent,
    Zero,
    NonZero,
    NoLeadingZero,
    HasNonDigit,
    YesNo,
    Latitude,
    Longitude,
    Hyphen,
    ImporterIndex,
    /// Digit, slash, digit: which of how many.
    BirthSequence,
    /// Two digits of two digits.
    PieceOfTotal,
    Winding,
}

impl AiRow {
    /// The row of an identifier written in full.
    pub fn find(ai: &str) -> Option<&'static AiRow> {
        let after = AI_ROWS.partition_point(|row| row.first() <= ai);
        let row = &AI_ROWS[after.checked_sub(1)?];
        (ai.len() == row.first().len() && ai <= row.last() && ai.bytes().all(|b| b.is_ascii_digit())).then_some(row)
    }

    /// The identifier at the beginning of `data`, and its row.
    pub fn at_start(data: &str) -> Option<(&str, &'static AiRow)> {
        (2..=4).find_map(|length| {
            let ai = data.get(..length)?;
            Some((ai, AiRow::find(ai)?))
        })
    }

    pub fn first(&self) -> &'static str {
        self.range.split_once('-').map_or(self.range, |(first, _)| first)
    }
    pub fn last(&self) -> &'static str {
        self.range.split_once('-').map_or(self.range, |(_, last)| last)
    }

    /// The longest value allowed; of rows with `fixed` the only one.
    pub fn length_max(&self) -> usize {
        self.parts.iter().map(|part| part.length_max).sum()
    }

    /// Whether `value` has the lengths and characters of this row. First, because a wrong check digit is only worth a word then.
    pub fn check_form(&self, ai: &str, value: &str) -> Result<(), Misread> {
        let odd = |c: &char| !self.parts.iter().any(|part| part.set.contains(*c));
        if let Some(c) = value.chars().find(odd) {
            return Err(self.odd_character(ai, c));
        }
        for (part, piece) in self.pieces(value) {
            if piece.len() < part.length_min {
                return Err(self.wrong_length(ai, value));
            }
            if let Some(c) = piece.chars().find(|c| !part.set.contains(*c)) {
                return Err(self.odd_character(ai, c));
            }
        }
        if value.len() > self.length_max() { Err(self.wrong_length(ai, value)) } else { Ok(()) }
    }

    /// Form first, then the checks of each part.
    pub fn check_value(&self, ai: &str, value: &str) -> Result<(), Misread> {
        self.check_form(ai, value)?;
        for (part, piece) in self.pieces(value) {
            if let Some(check) = part.checks.iter().find(|check| !check.holds(piece)) {
                let (ai, value) = (ai.to_owned(), piece.to_owned());
                return Err(Misread::AiValue { ai, name: self.name, value, rule: check.rule() });
            }
        }
        Ok(())
    }

    /// The value cut into its parts; optional ones at the end are left out when nothing is left for them.
    fn pieces<'v>(&self, value: &'v str) -> impl Iterator<Item = (&'static Part, &'v str)> {
        let mut rest = value;
        self.parts.iter().filter_map(move |part| {
            if rest.is_empty() && part.optional {
                return None;
            }
            let (piece, after) = rest.split_at(rest.len().min(part.length_max));
            rest = after;
            Some((part, piece))
        })
    }

    fn odd_character(&self, ai: &str, c: char) -> Misread {
        let shown = super::shown(c.encode_utf8(&mut [0; 4]).as_bytes());
        Misread::AiCharacter { ai: ai.to_owned(), name: self.name, shown }
    }

    fn wrong_length(&self, ai: &str, value: &str) -> Misread {
        Misread::AiLength { ai: ai.to_owned(), name: self.name, length: value.len() }
    }
}

/// Whether `ai` is meant by `pattern`, in which n stands for any digit.
pub fn matches(pattern: &str, ai: &str) -> bool {
    pattern.len() == ai.len() && pattern.bytes().zip(ai.bytes()).all(|(p, a)| p == a || p == b'n')
}

impl Set {
    pub fn contains(self, c: char) -> bool {
        match self {
            Set::Digits => c.is_ascii_digit(),
            Set::Text => c.is_ascii_graphic() && !matches!(c, '#' | '$' | '@' | '[' | '\\' | ']' | '^' | '`' | '{' | '|' | '}' | '~'),
            Set::Capitals => c.is_ascii_digit() || c.is_ascii_uppercase() || matches!(c, '#' | '-' | '/'),
            Set::Base64 => c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '='),
        }
    }
}

impl Check {
    /// `piece` has the right length and characters.
    fn holds(self, piece: &str) -> bool {
        let bytes = piece.as_bytes();
        match self {
            Check::Digit => bytes.split_last().is_some_and(|(last, body)| *last == b'0' + check_digit(body)),
            Check::Pair => model_check_pair_holds(piece),
            Check::CompanyPrefix => bytes.len() >= 4 && bytes[..4].iter().all(u8::is_ascii_digit),
            Check::Date => is_day(2000 + number(&piece[..2]), &piece[2..]),
            Check::DateOrMonth => {
                let day = if piece.ends_with("00") { format!("{}01", &piece[2..4]) } else { piece[2..].to_owned() };
                is_day(2000 + number(&piece[..2]), &day)
            }
            Check::LongDate => is_day(number(&piece[..4]), &piece[4..]),
            Check::Hour => number(piece) < 24,
            Check::Minute => number(piece) < 60,
            Check::HourMinute => number(&piece[..2]) < 24 && number(&piece[2..]) < 60,
            Check::CountryLetters => bytes.iter().all(u8::is_ascii_uppercase),
            Check::Sex => matches!(bytes, [b'0' | b'1' | b'2' | b'9']),
            Check::Iban => iban_holds(piece),
            Check::Percent => {
                let hex = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit());
                piece.split('%').skip(1).all(hex)
            }
            Check::Zero => bytes.iter().all(|b| *b == b'0'),
            Check::NonZero => bytes.iter().any(|b| *b != b'0'),
            Check::NoLeadingZero => piece == "0" || !piece.starts_with('0'),
            Check::HasNonDigit => bytes.iter().any(|b| !b.is_ascii_digit()),
            Check::YesNo => matches!(bytes, [b'0' | b'1']),
            Check::Latitude => number(piece) <= 1_800_000_000,
            Check::Longitude => number(piece) <= 3_600_000_000,
            Check::Hyphen => piece == "-",
            Check::ImporterIndex => bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')),
            Check::BirthSequence => matches!(bytes, [place @ b'1'..=b'9', b'/', total @ b'1'..=b'9'] if place <= total),
            Check::PieceOfTotal => 1 <= number(&piece[..2]) && number(&piece[..2]) <= number(&piece[2..]),
            Check::Winding => matches!(bytes, [b'0' | b'1' | b'9']),
        }
    }

    /// Completes "the value is not ...".
    fn rule(self) -> &'static str {
        match self {
            Check::Digit => "right in its check digit; scan again",
            Check::Pair => "right in its two check characters",
            Check::CompanyPrefix => "a key that begins with a company prefix",
            Check::Date | Check::DateOrMonth | Check::LongDate => "a calendar date",
            Check::Hour | Check::HourMinute => "a time of day",
            Check::Minute => "below 60",
            Check::CountryLetters => "a country in two capital letters",
            Check::Sex => "one of 0, 1, 2, 9",
            Check::Iban => "an IBAN",
            Check::Percent => "percent-encoded",
            Check::Zero => "zero",
            Check::NonZero => "above zero",
            Check::NoLeadingZero => "without leading zeros",
            Check::HasNonDigit => "told from a number by a letter",
            Check::YesNo => "one of 0, 1",
            Check::Latitude => "a latitude",
            Check::Longitude => "a longitude",
            Check::Hyphen => "a minus sign",
            Check::ImporterIndex => "an importer index",
            Check::BirthSequence => "a birth sequence like 1/2",
            Check::PieceOfTotal => "a piece number like 0102",
            Check::Winding => "one of 0, 1, 9",
        }
    }
}

/// At most ten digits.
fn number(digits: &str) -> u64 {
    digits.bytes().fold(0, |n, b| n * 10 + u64::from(b - b'0'))
}

/// Two-digit years are asked as 20YY: which century makes no difference to the 29th of February between 1951 and 2099.
fn is_day(year: u64, mmdd: &str) -> bool {
    let month_day = (number(&mmdd[..2]) as i8, number(&mmdd[2..]) as i8);
    i16::try_from(year).is_ok_and(|year| jiff::civil::Date::new(year, month_day.0, month_day.1).is_ok())
}

/// Mod 97 over the letters as two digits each, the first four characters moved to the end. Source: ISO 13616.
fn iban_holds(piece: &str) -> bool {
    if piece.len() < 5 || !piece.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
        return false;
    }
    let (head, tail) = piece.split_at(4);
    let digit = |rest: u32, c: char| {
        let value = c.to_digit(36).unwrap_or(0);
        (rest * if value < 10 { 10 } else { 100 } + value) % 97
    };
    tail.chars().chain(head.chars()).fold(0, digit) == 1
}

/// Characters weighed by primes, mod 1021, written in base 32. Source: GS1 General Specifications 7.9.5.
fn model_check_pair_holds(piece: &str) -> bool {
    const VALUES: &[u8; 82] = b"!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    const PAIR: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    /// From the right; a model number has 23 characters before its pair at most.
    const WEIGHTS: [usize; 23] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83];
    let Some((body, pair)) = piece.as_bytes().split_last_chunk::<2>() else { return false };
    let value = |b: &u8| VALUES.iter().position(|v| v == b).unwrap_or(0);
    let sum: usize = body.iter().rev().zip(WEIGHTS).map(|(b, weight)| value(b) * weight).sum::<usize>() % 1021;
    *pair == [PAIR[sum / 32], PAIR[sum % 32]]
}

pub(super) const fn ai(range: &'static str, name: &'static str, parts: &'static [Part]) -> AiRow {
    AiRow { range, name, parts, fixed: false, attribute: false, key: None, needs: "", excludes: "" }
}
const SIX_DIGITS: &[Part] = &[n(6)];
/// A measure of the article itself: six digits, the last digit of the identifier counts the decimals.
pub(super) const fn trade(range: &'static str, name: &'static str, itself: &'static str) -> AiRow {
    ai(range, name, SIX_DIGITS).fixed().attribute().needs("01 02").excludes(itself)
}
/// A measure of the pack it travels in.
pub(super) const fn logistic(range: &'static str, name: &'static str, itself: &'static str) -> AiRow {
    ai(range, name, SIX_DIGITS).fixed().attribute().needs("00 01").excludes(itself)
}
pub(super) const fn n(length: usize) -> Part {
    part(Set::Digits, length, length)
}
pub(super) const fn n_to(length_max: usize) -> Part {
    part(Set::Digits, 1, length_max)
}
pub(super) const fn x(length: usize) -> Part {
    part(Set::Text, length, length)
}
pub(super) const fn x_to(length_max: usize) -> Part {
    part(Set::Text, 1, length_max)
}
pub(super) const fn y_to(length_max: usize) -> Part {
    part(Set::Capitals, 1, length_max)
}
pub(super) const fn z_to(length_max: usize) -> Part {
    part(Set::Base64, 1, length_max)
}
const fn part(set: Set, length_min: usize, length_max: usize) -> Part {
    Part { set, length_min, length_max, optional: false, checks: &[] }
}

impl Part {
    pub(super) const fn is(self, checks: &'static [Check]) -> Part {
        Part { checks, ..self }
    }
    pub(super) const fn optional(self) -> Part {
        Part { optional: true, ..self }
    }
}

impl AiRow {
    pub(super) const fn fixed(self) -> AiRow {
        AiRow { fixed: true, ..self }
    }
    pub(super) const fn attribute(self) -> AiRow {
        AiRow { attribute: true, ..self }
    }
    pub(super) const fn key(self, qualifiers: &'static str) -> AiRow {
        AiRow { key: Some(qualifiers), ..self }
    }
    pub(super) const fn needs(self, needs: &'static str) -> AiRow {
        AiRow { needs, ..self }
    }
    pub(super) const fn excludes(self, excludes: &'static str) -> AiRow {
        AiRow { excludes, ..self }
    }
}
