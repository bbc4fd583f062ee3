//! Numbers as ZVT writes them: two decimal digits a byte, and lengths of two or three digits with an F before each (`F1 F7` = 17).

/// Writes `number` right-aligned into `N` bytes. Digits beyond the room are dropped from the left: callers check before.
pub fn to_bcd<const N: usize>(number: u64) -> [u8; N] {
    let mut rest = number;
    let mut bytes = [0; N];
    for byte in bytes.iter_mut().rev() {
        let pair = (rest % 100) as u8;
        *byte = ((pair / 10) << 4) | (pair % 10);
        rest /= 100;
    }
    bytes
}

/// Reads up to eight bytes; `None` when a half is no decimal digit.
pub fn from_bcd(bytes: &[u8]) -> Option<u64> {
    if bytes.len() > 8 {
        return None;
    }
    bytes.iter().try_fold(0u64, |sum, byte| {
        let (high, low) = (byte >> 4, byte & 0x0f);
        (high < 10 && low < 10).then(|| sum * 100 + u64::from(high) * 10 + u64::from(low))
    })
}

/// A length of `digits` bytes `Fx`. The upper half is not looked at: some terminals leave it zero.
pub fn length(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0usize, |sum, byte| {
        let digit = byte & 0x0f;
        (digit < 10).then_some(sum * 10 + usize::from(digit))
    })
}

/// A length of `N` digits as bytes `Fx`.
pub fn to_length<const N: usize>(length: usize) -> [u8; N] {
    let mut rest = length;
    let mut bytes = [0xf0; N];
    for byte in bytes.iter_mut().rev() {
        *byte = 0xf0 | (rest % 10) as u8;
        rest /= 10;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_lengths_go_both_ways() {
        assert_eq!(to_bcd::<6>(1050), [0, 0, 0, 0, 0x10, 0x50]);
        assert_eq!(from_bcd(&[0, 0, 0, 0, 0x10, 0x50]), Some(1050));
        assert_eq!(from_bcd(&[0x1a]), None);
        assert_eq!(from_bcd(&[0; 9]), None);
        assert_eq!(length(&[0xf1, 0xf7]), Some(17));
        assert_eq!(length(&[0xf0, 0xf1, 0xf4]), Some(14));
        assert_eq!(length(&[0xf0, 0xfa]), None);
        assert_eq!(to_length::<3>(114), [0xf1, 0xf1, 0xf4]);
    }
}
