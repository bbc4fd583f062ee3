//! AIM symbology identifiers: the `]cm` that a scanner puts in front of the data to say which kind of symbol it read.
//! A table from identifier to what the data may be. Source: ISO/IEC 15424.

use std::fmt;

/// `]cm` without the bracket: code character and modifier. Only ones that can stand in a frame: a letter and a digit or letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AimId {
    code: u8,
    modifier: u8,
}

/// What the data behind an identifier is, as far as a till cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// EAN-13, UPC-A or UPC-E: 13, 12 or 8 digits, depending on the scanner.
    EanUpc,
    /// EAN-8: 8 digits.
    Ean8,
    /// An EAN/UPC with its 2- or 5-digit add-on behind it in one packet.
    WithAddOn,
    /// A 2- or 5-digit add-on without the symbol it belongs to.
    AddOnAlone,
    /// Interleaved 2 of 5: digits, an ITF-14 when there are 14.
    Interleaved,
    /// The same, the check digit proved and cut off by the scanner.
    InterleavedCut,
    /// GS1 element strings, FNC1 as GS.
    ElementString,
    /// The same under the ECI protocol: a backslash stands twice, `\nnnnnn` switches the character set.
    ElementStringEci,
    /// Text for which GS1 has no rule: a URL, an own number.
    Text,
    /// The same under the ECI protocol.
    TextEci,
}

impl AimId {
    /// From the three characters `]`, code, modifier.
    pub fn parse(three: [u8; 3]) -> Option<AimId> {
        let [b']', code, modifier] = three else { return None };
        (code.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric()).then_some(AimId { code, modifier })
    }

    pub fn content(self) -> Content {
        match (self.code, self.modifier) {
            (b'E', b'0') => Content::EanUpc,
            (b'E', b'1' | b'2') => Content::AddOnAlone,
            (b'E', b'3') => Content::WithAddOn,
            (b'E', b'4') => Content::Ean8,
            (b'I', b'3') => Content::InterleavedCut,
            (b'I', _) => Content::Interleaved,
            // GS1-128; DataBar and the composite parts; DataMatrix, QR, Aztec and DotCode with FNC1 in first place.
            (b'C', b'1') | (b'e', _) | (b'd', b'2') | (b'Q', b'3') | (b'z', b'1') | (b'J', b'1') => Content::ElementString,
            (b'd', b'5') | (b'Q', b'4') | (b'z', b'4') | (b'J', b'4') => Content::ElementStringEci,
            (b'd', b'4' | b'6') | (b'Q', b'2' | b'6') | (b'z', b'3' | b'5') | (b'J', b'3' | b'5') | (b'L', b'1') => Content::TextEci,
            _ => Content::Text,
        }
    }
}

impl fmt::Display for AimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "]{}{}", self.code as char, self.modifier as char)
    }
}
