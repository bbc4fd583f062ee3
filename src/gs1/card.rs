//! What must never be taken for a code: the number of a payment card, and what its magnetic stripe says. Whoever asks before anything is
//! kept, shown or logged can turn it away.
//!
//! A number counts when it has 13 to 19 digits, begins as the card schemes' numbers do (ISO/IEC 7812: the issuer's range and the lengths used
//! in it) and its check digit (Luhn) is right. A tenth of all article numbers pass Luhn by chance, so a valid GTIN is never taken for a
//! card. Digits may stand in the groups in which cards are embossed (4-4-4-4, 4-6-5, ...). A run that touches a letter is part of a name or
//! a hash. A stripe counts by its marks (ISO/IEC 7813) whatever its number.

use super::Gtin;

/// What a text holds of a card. Never carries the digits further than it must: there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub enum CardData {
    Track,
    /// The digits, without the spaces between them, so that an article with that very code can be told apart.
    Number(String),
}

impl std::fmt::Debug for CardData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CardData::Track => "Track",
            CardData::Number(_) => "Number(not shown)",
        })
    }
}

/// The first trace of a card in a text.
pub fn find(text: &str) -> Option<CardData> {
    let runs = runs(text);
    if runs.iter().any(|run| is_track(text.as_bytes(), run)) {
        return Some(CardData::Track);
    }
    let alone = runs.iter().filter(|run| run.is_alone).map(|run| &text[run.start..run.end]);
    if let Some(number) = alone.into_iter().find(|digits| is_number(digits)) {
        return Some(CardData::Number(number.to_owned()));
    }
    grouped(text, &runs).map(CardData::Number)
}

/// Whether a text is or holds a card's stripe. Asked first: no article has such a code.
pub fn is_stripe(text: &str) -> bool {
    find(text) == Some(CardData::Track)
}

/// The groups in which the digits stand on a card.
const EMBOSSED: &[&[usize]] = &[&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 1]];

/// A run of digits, from `start` to before `end`.
struct Run {
    start: usize,
    end: usize,
    /// No letter or digit of another alphabet touches it.
    is_alone: bool,
}

fn runs(text: &str) -> Vec<Run> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        let before = text[..start].chars().next_back();
        let after = text[at..].chars().next();
        let touches = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        found.push(Run { start, end: at, is_alone: !touches(before) && !touches(after) });
    }
    found
}

/// `%B4111…^NAME^…` is track 1, `;4111…=…` track 2; keyboards and cheap readers drop the first mark.
fn is_track(bytes: &[u8], run: &Run) -> bool {
    let length = run.end - run.start;
    let before = run.start.checked_sub(1).map(|at| bytes[at]);
    match bytes.get(run.end) {
        Some(b'^') => (12..=19).contains(&length) && matches!(before, Some(b'B' | b'b' | b'%')) || length >= 13,
        Some(b'=') => (12..=19).contains(&length) && before == Some(b';') || is_scheme_number(&bytes[run.start..run.end]),
        Some(_) | None => false,
    }
}

fn grouped(text: &str, runs: &[Run]) -> Option<String> {
    for (first, run) in runs.iter().enumerate() {
        // Groups that hang on a letter are an account number or a name.
        let hangs = first > 0 && joined(text, &runs[first - 1], run) && !runs[first - 1].is_alone;
        if hangs {
            continue;
        }
        for layout in EMBOSSED {
            let Some(groups) = runs.get(first..first + layout.len()) else { continue };
            let fits = groups.iter().zip(*layout).all(|(group, length)| group.is_alone && group.end - group.start == *length);
            let is_joined = groups.windows(2).all(|pair| joined(text, &pair[0], &pair[1]));
            if !fits || !is_joined {
                continue;
            }
            let digits: String = groups.iter().map(|group| &text[group.start..group.end]).collect();
            if is_number(&digits) {
                return Some(digits);
            }
        }
    }
    None
}

/// One space, hyphen or no-break space between them.
fn joined(text: &str, left: &Run, right: &Run) -> bool {
    matches!(&text[left.end..right.start], " " | "-" | "\u{a0}")
}

fn is_number(digits: &str) -> bool {
    is_scheme_number(digits.as_bytes()) && Gtin::parse(digits).is_err()
}

fn is_scheme_number(digits: &[u8]) -> bool {
    (13..=19).contains(&digits.len()) && passes_luhn(digits) && is_issued(digits)
}

fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0') * if index % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// First digits and lengths by scheme: Visa, Mastercard, American Express, Discover, JCB, Diners, UnionPay, Maestro and RuPay, Mir, Troy, UATP.
fn is_issued(digits: &[u8]) -> bool {
    let front = |count: usize| digits[..count].iter().fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'));
    let length = digits.len();
    match front(4) {
        4000..=4999 => matches!(length, 13 | 16 | 19),
        5100..=5599 | 2221..=2720 | 9792 => length == 16,
        3400..=3499 | 3700..=3799 | 1000..=1999 => length == 15,
        3528..=3589 | 8100..=8199 | 2200..=2204 => length >= 16,
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => length >= 14,
        5000..=5099 | 5600..=6999 => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match find(text) {
            None => "nothing",
            Some(CardData::Track) => "track",
            Some(CardData::Number(_)) => "number",
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn numbers_of_every_scheme_are_found_however_they_are_written() {
        for number in [
            "4111111111111111",
            "4222222222222",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "6011111111111117",
            "3530111333300000",
            "30569309025904",
            "6200000000000005",
            "6759649826438453",
        ] {
            check(number, "number");
            check(&format!("card: {number}."), "number");
        }
        check("4111 1111 1111 1111", "number");
        check("4111-1111-1111-1111", "number");
        check("till 2 4111 1111 1111 1111 exp", "number");
        check("3782 822463 10005", "number");
    }

    #[test]
    fn a_stripe_is_found_by_its_marks() {
        check("%B4111111111111111^DOE/JOHN^25121011000000000000?", "track");
        check(";4111111111111111=25121011000000000000?", "track");
        check("B4111111111111111^DOE/JOHN^2512", "track");
        check("4111111111111111=2512101", "track");
        check("%B5018000000000000^NO LUHN^2512?", "track");
        check("]X0;4111111111111111=2512101?\r\n", "track");
    }

    #[test]
    fn what_is_no_card_is_left_alone() {
        check("4111111111111112", "nothing");
        check("9999999999999995", "nothing");
        check("DE89 3704 0044 0532 0130 00", "nothing");
        check("0199a2b0-4111-7111-8111-111111111111", "nothing");
        check("c4111111111111111", "nothing");
        check("41111111111111114111111111111111", "nothing");
        check("https://id.gs1.org/01/09506000134352?10=ABC123", "nothing");
        check("", "nothing");
    }

    /// Of every ten valid GTINs one passes Luhn, and many begin as cards do.
    #[test]
    fn no_valid_gtin_is_ever_taken_for_a_card() {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut suspicious = 0;
        for round in 0..200_000u64 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let body = if round % 2 == 0 {
                format!("{:012}", (seed >> 20) % 1_000_000_000_000)
            } else {
                format!("{:013}", (seed >> 20) % 10_000_000_000_000)
            };
            let Ok(gtin) = Gtin::with_check(&body) else { continue };
            let digits = if round % 2 == 0 { gtin.as_str()[1..].to_owned() } else { gtin.as_str().to_owned() };
            suspicious += u32::from(is_scheme_number(digits.as_bytes()));
            assert_eq!(find(&digits), None, "{digits}");
        }
        assert!(suspicious > 500, "the test met {suspicious} that look like cards");
    }
}
