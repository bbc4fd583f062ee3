//! Bytes as text in base 32 (RFC 4648 §7, digits and `A` to `V`): in a QR code's alphanumeric mode, and on every keyboard layout that a scanner
//! may believe it types on the same keys. `Y` and `Z`, `+` and `/` are not.

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// `prefix`, then the bytes.
pub(super) fn to_text(prefix: &str, bytes: &[u8]) -> String {
    let mut text = prefix.to_owned();
    for five in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + five.len()].copy_from_slice(five);
        let bits = u64::from_be_bytes(block);
        let chars = (five.len() * 8).div_ceil(5);
        text.extend((0..chars).map(|index| char::from(DIGITS[(bits >> (35 - 5 * index) & 31) as usize])));
    }
    text
}

/// What stands after `prefix`. Strict: bits that fill up the last character are zero, so no text stands for the bytes of another.
pub(super) fn from_text(prefix: &str, text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(prefix)?.as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() * 5 / 8);
    for eight in digits.chunks(8) {
        let mut bits = 0u64;
        for (index, digit) in eight.iter().enumerate() {
            let value = DIGITS.iter().position(|known| known == digit)?;
            bits |= (value as u64) << (35 - 5 * index);
        }
        let whole = eight.len() * 5 / 8;
        let block = bits.to_be_bytes();
        if (whole * 8).div_ceil(5) != eight.len() || block[3 + whole..].iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend(&block[3..3 + whole]);
    }
    Some(bytes)
}
