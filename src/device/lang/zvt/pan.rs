//! Card numbers, masked where they are read. Nothing behind this file can hold one.

use std::fmt;

/// Shorter than this and four digits would be too much of it.
const DIGITS_TO_SHOW_FOUR: usize = 12;
/// Card numbers have 12 to 19 digits (ISO/IEC 7812).
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// A card number of which at most the last four digits are known: "************4771".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedPan(String);

impl MaskedPan {
    /// From the BMP's halves: a digit, E for one the terminal has masked, F for padding.
    pub(super) fn read(bytes: &[u8]) -> MaskedPan {
        let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
        let marks: Vec<char> =
            halves.filter(|half| *half != 0x0f).map(|half| if half < 10 { char::from(b'0' + half) } else { '*' }).collect();
        MaskedPan(mask(&marks))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MaskedPan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn mask(marks: &[char]) -> String {
    let shown = if marks.len() >= DIGITS_TO_SHOW_FOUR { 4 } else { 0 };
    let hidden = marks.len() - shown;
    marks.iter().enumerate().map(|(index, mark)| if index < hidden { '*' } else { *mark }).collect()
}

/// Masks everything in a text that has the length of a card number, also with blanks or dashes between its digits, but for its last four
/// digits. A terminal that prints the whole number on its receipt is no reason for us to keep it.
pub fn scrub(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = chars.clone();
    let mut start = 0;
    while start < chars.len() {
        if !chars[start].is_ascii_digit() {
            start += 1;
            continue;
        }
        let mut digits = Vec::new();
        let mut at = start;
        while at < chars.len() {
            if chars[at].is_ascii_digit() {
                digits.push(at);
            } else if !(matches!(chars[at], ' ' | '-') && chars.get(at + 1).is_some_and(char::is_ascii_digit)) {
                break;
            }
            at += 1;
        }
        if digits.len() >= *CARD_DIGITS.start() {
            // A run that is longer than any card number may still hold one.
            digits.iter().take(digits.len() - 4).for_each(|digit| out[*digit] = '*');
        }
        start = at;
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_comes_whole_is_masked_all_the_same() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(MaskedPan::read(bytes).as_str(), expect);
        check(&[0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0x47, 0x71], "************4771");
        check(&[0x40, 0x12, 0x88, 0x88, 0x88, 0x88, 0x18, 0x81], "************1881");
        // Nineteen digits with padding.
        check(&[0x67, 0x25, 0x90, 0x01, 0x23, 0x45, 0x67, 0x89, 0x01, 0x2f], "***************9012");
        check(&[0x12, 0x34], "****");
        check(&[], "");
    }

    #[test]
    fn texts_lose_what_could_be_a_card_number() {
        let check = |text: &str, expect: &str| assert_eq!(scrub(text), expect);
        check("Karte 4012 8888 8888 1881 ok", "Karte **** **** **** 1881 ok");
        check("4012-8888-8888-1881", "****-****-****-1881");
        check("4012888888881881", "************1881");
        check("Nr. 670590012345678901234567890", "Nr. ***********************7890");
        check("TA-Nr 000470 BNr 0470 EUR 20,40", "TA-Nr 000470 BNr 0470 EUR 20,40");
        check("10.06.2026 22:39:53", "10.06.2026 22:39:53");
    }
}
