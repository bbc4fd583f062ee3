//! BMPs: the fields of a message, each with a number and a length that the number implies. One table; a field that is not in it ends the
//! reading, because nobody knows how long it is.

use super::{bcd, tlv};

/// How long a field's data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Fixed(usize),
    /// Two digits `Fx` before the data.
    Ll,
    /// Three digits.
    Lll,
    Tlv,
}

const SIZES: [(u8, Size); 47] = [
    (0x01, Size::Fixed(1)),
    (0x02, Size::Fixed(1)),
    (0x03, Size::Fixed(1)),
    (0x04, Size::Fixed(6)),
    (0x05, Size::Fixed(1)),
    (0x06, Size::Tlv),
    (0x0b, Size::Fixed(3)),
    (0x0c, Size::Fixed(3)),
    (0x0d, Size::Fixed(2)),
    (0x0e, Size::Fixed(2)),
    (0x17, Size::Fixed(2)),
    (0x19, Size::Fixed(1)),
    (0x22, Size::Ll),
    (0x23, Size::Ll),
    (0x24, Size::Lll),
    (0x27, Size::Fixed(1)),
    (0x29, Size::Fixed(4)),
    (0x2a, Size::Fixed(15)),
    (0x2d, Size::Ll),
    (0x2e, Size::Lll),
    (0x37, Size::Fixed(3)),
    (0x3a, Size::Fixed(2)),
    (0x3b, Size::Fixed(8)),
    (0x3c, Size::Lll),
    (0x3d, Size::Fixed(3)),
    (0x49, Size::Fixed(2)),
    (0x60, Size::Lll),
    (0x87, Size::Fixed(2)),
    (0x88, Size::Fixed(3)),
    (0x8a, Size::Fixed(1)),
    (0x8b, Size::Ll),
    (0x8c, Size::Fixed(1)),
    (0x92, Size::Lll),
    (0x9a, Size::Lll),
    (0xa0, Size::Fixed(1)),
    (0xa7, Size::Ll),
    (0xaa, Size::Fixed(3)),
    (0xaf, Size::Lll),
    (0xba, Size::Fixed(5)),
    (0xd0, Size::Fixed(1)),
    (0xd1, Size::Ll),
    (0xd2, Size::Fixed(1)),
    (0xd3, Size::Fixed(1)),
    (0xe0, Size::Fixed(1)),
    (0xe1, Size::Ll),
    (0xf0, Size::Fixed(1)),
    (0xf1, Size::Ll),
];

/// Why the reading of a message ended before its end. What was read before stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    #[error("field {0:02x} is not known, so what follows it cannot be read")]
    Unknown(u8),
    #[error("field {0:02x} is cut short")]
    Short(u8),
}

/// Calls `take` for every field in order.
pub fn each(mut bytes: &[u8], take: &mut dyn FnMut(u8, &[u8])) -> Result<(), FieldError> {
    while let Some((&number, rest)) = bytes.split_first() {
        let size = SIZES.iter().find(|(known, _)| *known == number).ok_or(FieldError::Unknown(number))?.1;
        let digits = |count: usize| rest.get(..count).and_then(bcd::length).map(|length| (length, count));
        let found = match size {
            Size::Fixed(length) => Some((length, 0)),
            Size::Ll => digits(2),
            Size::Lll => digits(3),
            Size::Tlv => tlv::length(rest),
        };
        let (length, skip) = found.ok_or(FieldError::Short(number))?;
        let data = rest.get(skip..skip + length).ok_or(FieldError::Short(number))?;
        take(number, data);
        bytes = &rest[skip + length..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_ascends() {
        assert!(SIZES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn an_unknown_field_ends_the_reading_and_keeps_what_came_before() {
        let mut seen = Vec::new();
        let outcome = each(&[0x27, 0x00, 0x99, 0x01], &mut |number, data| seen.push((number, data.to_vec())));
        assert_eq!(outcome, Err(FieldError::Unknown(0x99)));
        assert_eq!(seen, [(0x27, vec![0])]);
        assert_eq!(each(&[0x04, 0, 0], &mut |_, _| {}), Err(FieldError::Short(0x04)));
    }
}
