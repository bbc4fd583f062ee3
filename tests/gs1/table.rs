//! The table of application identifiers: whole, consistent, and for each of them a generated value that reads back.

use counterfoil::gs1::ai::{AiRow, Check, Part, Set, matches};
use counterfoil::gs1::table::AI_ROWS;
use counterfoil::gs1::{Elements, check_digit};
use proptest::prelude::*;

/// As every reader of GS1 messages must have it built in: two digits, then the length with the identifier.
#[rustfmt::skip]
const PREDEFINED: &[(&str, usize)] = &[
    ("00", 20),
    ("01", 16),
    ("02", 16),
    ("03", 16),
    ("04", 18),
    ("11", 8),
    ("12", 8),
    ("13", 8),
    ("14", 8),
    ("15", 8),
    ("16", 8),
    ("17", 8),
    ("18", 8),
    ("19", 8),
    ("20", 4),
    ("31", 10),
    ("32", 10),
    ("33", 10),
    ("34", 10),
    ("35", 10),
    ("36", 10),
    ("41", 16),
];

#[test]
fn the_table_is_whole_and_consistent() {
    let all = every_ai();
    assert_eq!(all.len(), 541, "application identifiers of the dictionary of 2025");
    for pair in all.windows(2) {
        assert!(pair[0].0 < pair[1].0 && !pair[1].0.starts_with(&pair[0].0), "{} and {}", pair[0].0, pair[1].0);
    }
    let known = |pattern: &str| all.iter().any(|(ai, _)| matches(pattern, ai));
    for (ai, row) in &all {
        assert_eq!(AiRow::find(ai).map(|found| found.range), Some(row.range));
        assert_eq!(AiRow::at_start(&format!("{ai}99")).map(|(found, _)| found), Some(ai.as_str()));
        let predefined = PREDEFINED.iter().find(|(start, _)| ai.starts_with(start)).map(|(_, length)| *length);
        assert_eq!(row.fixed.then(|| ai.len() + row.length_max()), predefined, "({ai})");
        let (last, before) = row.parts.split_last().unwrap();
        assert!(before.iter().all(|part| part.length_min == part.length_max), "({ai}): only the last part varies");
        assert!(row.parts.iter().is_sorted_by_key(|part| part.optional), "({ai}): optional parts come last");
        assert!(last.length_min <= last.length_max && row.length_max() <= 90, "({ai})");
        for pattern in row.needs.split([' ', '+']).chain(row.excludes.split(' ')).chain(row.key.unwrap_or("").split(['|', ','])) {
            assert!(pattern.is_empty() || known(pattern), "({ai}) names ({pattern})");
        }
    }
    let keys: Vec<&str> = all.iter().filter(|(_, row)| row.key.is_some()).map(|(ai, _)| ai.as_str()).collect();
    assert_eq!(keys, ["00", "01", "253", "255", "401", "402", "414", "415", "417", "8003", "8004", "8006", "8010", "8013", "8017", "8018"]);
    for ai in ["", "0", "04", "3106", "39", "393", "5", "99999", "ab", "ü"] {
        assert!(AiRow::find(ai).is_none(), "({ai})");
    }
}

fn every_ai() -> Vec<(String, &'static AiRow)> {
    let digits = |row: &'static AiRow| row.first().parse::<u32>().unwrap()..=row.last().parse::<u32>().unwrap();
    AI_ROWS.iter().flat_map(|row| digits(row).map(move |n| (format!("{n:0width$}", width = row.first().len()), row))).collect()
}

proptest! {
    // A failure prints the smallest input that shows it; put that into a vector above.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    /// A valid value of every identifier comes back as it went in, between others, with and without needless separators.
    #[test]
    fn every_identifier_reads_back(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        for (ai, row) in every_ai().into_iter().filter(|(ai, _)| !matches!(ai.as_str(), "97" | "98")) {
            let value = dice.value(row);
            prop_assert!(row.check_value(&ai, &value).is_ok(), "({ai}) {value:?}: {:?}", row.check_value(&ai, &value));
            let separator = if row.fixed && dice.below(2) == 0 { "" } else { "\x1d" };
            let message = format!("98before\x1d{ai}{value}{separator}97behind");
            let elements = Elements::parse(&message);
            prop_assert!(elements.is_ok(), "{message:?}: {elements:?}");
            let elements = elements.unwrap();
            prop_assert_eq!(elements.get(&ai), Some(value.as_str()));
            prop_assert_eq!(elements.get("98"), Some("before"));
            prop_assert_eq!(elements.get("97"), Some("behind"));
        }
    }

    /// One digit off in a key with a check digit is always found.
    #[test]
    fn a_wrong_digit_in_a_key_is_a_misread(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        for (ai, row) in every_ai().into_iter().filter(|(_, row)| row.parts[0].checks.contains(&Check::Digit)) {
            let mut value = dice.value(row).into_bytes();
            let at = dice.below(row.parts[0].length_max);
            value[at] = b'0' + (value[at] - b'0' + 1 + dice.below(9) as u8) % 10;
            prop_assert!(row.check_value(&ai, std::str::from_utf8(&value).unwrap()).is_err());
        }
    }

}

/// A small generator (xorshift), so that one printed seed says which values were tried.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn value(&mut self, row: &AiRow) -> String {
        let mut value = String::new();
        for part in row.parts {
            if part.optional && self.below(3) == 0 {
                break;
            }
            value.push_str(&self.piece(part));
        }
        value
    }

    fn piece(&mut self, part: &Part) -> String {
        let checked = part.checks.contains(&Check::CompanyPrefix) || part.checks.contains(&Check::Iban);
        let shortest = if checked { part.length_min.max(8) } else { part.length_min };
        let length = shortest + self.below(part.length_max - shortest + 1);
        let allowed: Vec<char> = (' '..='~').filter(|c| part.set.contains(*c)).collect();
        let mut piece: String = (0..length).map(|_| allowed[self.below(allowed.len())]).collect();
        // In reverse: check characters are listed first and depend on all the rest.
        for check in part.checks.iter().rev() {
            piece = self.made_to_hold(*check, part.set, piece);
        }
        piece
    }

    fn made_to_hold(&mut self, check: Check, set: Set, piece: String) -> String {
        let body = &piece[..piece.len() - 1];
        match check {
            Check::Digit => format!("{body}{}", check_digit(body.as_bytes())),
            Check::Pair => {
                let (body, row) = (&piece[..piece.len() - 2], AiRow::find("8013").unwrap());
                let pairs = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
                let tried = pairs.chars().flat_map(|a| pairs.chars().map(move |b| format!("{body}{a}{b}")));
                let mut fitting = tried.filter(|piece| row.check_value("8013", piece).is_ok());
                let only = fitting.next().expect("one pair fits");
                assert_eq!(fitting.next(), None, "{body} has two pairs");
                only
            }
            Check::CompanyPrefix => format!("{:04}{}", self.below(10_000), &piece[4..]),
            Check::Date => self.day(1),
            Check::DateOrMonth => self.day(0),
            Check::LongDate => format!("{}{}", 19 + self.below(2), self.day(1)),
            Check::Hour => format!("{:02}", self.below(24)),
            Check::Minute => format!("{:02}", self.below(60)),
            Check::HourMinute => format!("{:02}{:02}", self.below(24), self.below(60)),
            Check::CountryLetters => "DE".to_owned(),
            Check::Sex => ["0", "1", "2", "9"][self.below(4)].to_owned(),
            Check::Iban => {
                let body: String =
                    piece[4..].chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '7' }).collect();
                let row = AiRow::find("8007").unwrap();
                let tried = (2..99).map(|check| format!("DE{check:02}{body}"));
                tried.into_iter().find(|iban| row.check_value("8007", iban).is_ok()).expect("one check number fits")
            }
            Check::Percent => piece.replace('%', "P"),
            Check::Zero => "0".repeat(piece.len()),
            Check::NonZero => format!("{body}{}", 1 + self.below(9)),
            Check::NoLeadingZero => format!("1{}", &piece[1..]),
            Check::HasNonDigit => format!("{}x{}", &piece[..5], &piece[6..]),
            Check::YesNo => self.below(2).to_string(),
            Check::Latitude => format!("{:010}", self.below(1_800_000_001)),
            Check::Longitude => format!("{:010}", self.below(3_600_000_001)),
            Check::Hyphen => "-".to_owned(),
            Check::ImporterIndex => ["-", "_", "0", "z"][self.below(4)].to_owned(),
            Check::BirthSequence => format!("{}/3", 1 + self.below(3)),
            Check::PieceOfTotal => format!("{:02}{:02}", 1 + self.below(12), 12 + self.below(88)),
            Check::Winding => {
                assert_eq!(set, Set::Digits);
                ["0", "1", "9"][self.below(3)].to_owned()
            }
        }
    }

    fn day(&mut self, first: usize) -> String {
        format!("{:02}{:02}{:02}", self.below(100), 1 + self.below(12), first + self.below(28))
    }
}
