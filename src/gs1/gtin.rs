//! Article numbers of GS1 and their check digit. A [`Gtin`] is checked where it is made; after that nobody checks again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A Global Trade Item Number as the catalogue keys it: 14 digits, the shorter kinds (GTIN-8, -12, -13) with zeros in front.
/// The check digit is right, and not all digits are zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Gtin([u8; 14]);

/// Why a text is not a GTIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadGtin {
    #[error("{shown:?} is not a GTIN: only digits are allowed")]
    NotDigits { shown: String },
    #[error("{digits} digits are not a GTIN: it has {allowed} digits")]
    Length { digits: usize, allowed: &'static str },
    #[error("{digits} is not a GTIN: its check digit should be {expected}; compare it with the label")]
    CheckDigit { digits: String, expected: u8 },
    #[error("a GTIN of zeros only is a placeholder, not an article number")]
    Zeros,
    #[error("{digits} is not a UPC-E code: it begins with 0 or 1")]
    NotUpcE { digits: String },
}

impl Gtin {
    /// Reads 8, 12, 13 or 14 digits with their check digit. Eight digits are a GTIN-8 (EAN-8); for UPC-E see [`Gtin::from_upc_e`].
    pub fn parse(text: &str) -> Result<Gtin, BadGtin> {
        let digits = digits(text)?;
        if !matches!(digits.len(), 8 | 12 | 13 | 14) {
            return Err(BadGtin::Length { digits: digits.len(), allowed: "8, 12, 13 or 14" });
        }
        let (body, last) = digits.split_at(digits.len() - 1);
        let expected = check_digit(body);
        if last != [b'0' + expected] {
            return Err(BadGtin::CheckDigit { digits: text.to_owned(), expected });
        }
        Gtin::padded(digits)
    }

    /// Appends the check digit to 7, 11, 12 or 13 digits: for those who make numbers.
    pub fn with_check(text: &str) -> Result<Gtin, BadGtin> {
        let digits = digits(text)?;
        if !matches!(digits.len(), 7 | 11 | 12 | 13) {
            return Err(BadGtin::Length { digits: digits.len(), allowed: "7, 11, 12 or 13 (without its check digit)" });
        }
        Gtin::padded(&[digits, &[b'0' + check_digit(digits)]].concat())
    }

    /// Expands the 8 digits of a UPC-E code (number system 0 or 1, six digits, check digit) to the GTIN-12 it stands for.
    pub fn from_upc_e(text: &str) -> Result<Gtin, BadGtin> {
        let digits = digits(text)?;
        let &[system, a, b, c, d, e, last, check] = digits else {
            return Err(BadGtin::Length { digits: digits.len(), allowed: "8 (UPC-E)" });
        };
        if system != b'0' && system != b'1' {
            return Err(BadGtin::NotUpcE { digits: text.to_owned() });
        }
        let z = b'0';
        // The last of the six digits says where the zeros were squeezed out.
        let body = match last {
            b'0'..=b'2' => [system, a, b, last, z, z, z, z, c, d, e],
            b'3' => [system, a, b, c, z, z, z, z, z, d, e],
            b'4' => [system, a, b, c, d, z, z, z, z, z, e],
            _ => [system, a, b, c, d, e, z, z, z, z, last],
        };
        let expected = check_digit(&body);
        if check != b'0' + expected {
            return Err(BadGtin::CheckDigit { digits: text.to_owned(), expected });
        }
        Gtin::padded(&[&body[..], &[check]].concat())
    }

    /// The GTIN-13 of a book from its old number: nine digits and a check character (0 to 9 or X), weights 10 to 1, mod 11.
    pub fn from_isbn10(text: &str) -> Option<Gtin> {
        let (body, last) = text.split_at_checked(9)?;
        let check = if last == "X" { 10 } else { u32::from(digits(last).ok()?.first()? - b'0') };
        let sum: u32 = digits(body).ok()?.iter().zip((2..=10).rev()).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
        if last.len() != 1 || !(sum + check).is_multiple_of(11) {
            return None;
        }
        Gtin::with_check(&format!("978{body}")).ok()
    }

    /// All 14 digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a GTIN is made of digits")
    }

    /// The digits as printed under the bars: 8, 12, 13 or 14 of them.
    pub fn short(&self) -> &str {
        let zeros = self.0.iter().take_while(|b| **b == b'0').count();
        let skipped = match zeros {
            0 => 0,
            1 => 1,
            2..=5 => 2,
            _ => 6,
        };
        &self.as_str()[skipped..]
    }

    /// The packaging level of a 14-digit number: 0 = the unit itself or no level, 1 to 8 = a pack of it, 9 = variable measure.
    pub fn indicator(&self) -> u8 {
        self.0[0] - b'0'
    }

    /// Below 10^14, so that a look-up table may use eight bytes for it.
    pub fn number(&self) -> u64 {
        self.0.iter().fold(0, |n, b| n * 10 + u64::from(b - b'0'))
    }

    fn padded(digits: &[u8]) -> Result<Gtin, BadGtin> {
        let mut all = [b'0'; 14];
        all[14 - digits.len()..].copy_from_slice(digits);
        if all == [b'0'; 14] {
            return Err(BadGtin::Zeros);
        }
        Ok(Gtin(all))
    }
}

/// The check digit (0 to 9) that belongs behind ASCII `digits`: weights 3, 1, 3 ... from the right. The same for GTIN, SSCC, GLN, GSRN
/// and the other numeric keys. Source: GS1 General Specifications 7.9.1.
pub fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits.iter().rev().zip([3, 1].into_iter().cycle()).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    ((10 - sum % 10) % 10) as u8
}

fn digits(text: &str) -> Result<&[u8], BadGtin> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.as_bytes())
    } else {
        Err(BadGtin::NotDigits { shown: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gtin({})", self.as_str())
    }
}
impl FromStr for Gtin {
    type Err = BadGtin;
    fn from_str(text: &str) -> Result<Gtin, BadGtin> {
        Gtin::parse(text)
    }
}
impl TryFrom<String> for Gtin {
    type Error = BadGtin;
    fn try_from(text: String) -> Result<Gtin, BadGtin> {
        Gtin::parse(&text)
    }
}
impl From<Gtin> for String {
    fn from(gtin: Gtin) -> String {
        gtin.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upc_e_expands_by_its_last_digit() {
        let check = |upc_e: &str, upc_a: &str| assert_eq!(Gtin::from_upc_e(upc_e).map(|g| g.short().to_owned()), Ok(upc_a.to_owned()));
        check("01234565", "012345000065");
        check("04252614", "042100005264");
        check("01234531", "012300000451");
        check("01234543", "012340000053");
        check("01234505", "012000003455");
        assert_eq!(Gtin::from_upc_e("01234566"), Err(BadGtin::CheckDigit { digits: "01234566".to_owned(), expected: 5 }));
        assert_eq!(Gtin::from_upc_e("21234565"), Err(BadGtin::NotUpcE { digits: "21234565".to_owned() }));
    }

    #[test]
    fn old_book_numbers_get_their_prefix() {
        let check = |isbn: &str, gtin: Option<&str>| assert_eq!(Gtin::from_isbn10(isbn), gtin.map(|g| Gtin::parse(g).unwrap()), "{isbn}");
        check("316148410X", Some("9783161484100"));
        check("080442957X", Some("9780804429573"));
        for bad in ["3161484101", "080442957x", "316148410", "31614841000", "X804429570", "", "ü161484100"] {
            check(bad, None);
        }
    }

    #[test]
    fn numbers_keep_their_natural_length() {
        for natural in ["96385074", "012345000065", "4006381333931", "14006381333938"] {
            let gtin = Gtin::parse(natural).unwrap();
            assert_eq!(gtin.short(), natural);
            assert_eq!(Gtin::parse(gtin.as_str()), Ok(gtin));
            assert_eq!(Gtin::with_check(&natural[..natural.len() - 1]), Ok(gtin));
            assert_eq!(gtin.number().to_string(), natural.trim_start_matches('0'));
        }
    }

    #[test]
    fn every_wrong_digit_is_found() {
        let good = "4006381333931";
        for position in 0..good.len() {
            for digit in '0'..='9' {
                let mut other: Vec<char> = good.chars().collect();
                other[position] = digit;
                let other: String = other.into_iter().collect();
                assert_eq!(Gtin::parse(&other).is_ok(), other == good, "{other}");
            }
        }
        assert_eq!(Gtin::parse("0000000000000"), Err(BadGtin::Zeros));
        assert!(matches!(Gtin::parse("40063813٣3931"), Err(BadGtin::NotDigits { .. })));
        assert!(matches!(Gtin::parse(""), Err(BadGtin::Length { digits: 0, .. })));
    }
}
