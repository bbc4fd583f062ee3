//! The code by which a customer collects an order: signed by head office, checked by any till of the store with the line down.
//!
//! As text it is [`PREFIX`] and base 32, as on receipts. Packed:
//!
//! ```text
//! version 1 · order t · store t · expires 5 (seconds since 1970) · secret 16 · signature 64 (ed25519 of head office over all before it)
//!
//! t: length 1, text.
//! ```
//!
//! The secret makes the code good for this order alone: the store knows its SHA-256. Who reads the store's record cannot make a code of it.

use sha2::{Digest, Sha256};

use super::base32::{from_text, to_text};
use crate::ids::{OrderNo, StoreId};

pub const PREFIX: &str = "CFC1";
/// Digits of the number that a customer can say instead.
pub const NUMBER_DIGITS: usize = 8;

const VERSION: u8 = 1;
const SIGNATURE_BYTES: usize = 64;
/// Shorter than the shortest there can be: prefix, and 88 bytes in base 32.
const TEXT_CHARS_MIN: usize = 140;

/// What the customer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectCode {
    pub order: OrderNo,
    pub store: StoreId,
    /// Whole seconds.
    pub expires_ms: i64,
    pub secret: [u8; 16],
}

/// Why a text is not a code of this chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCollectCode {
    #[error("the code is damaged or incomplete")]
    Damaged,
    #[error("the code's signature is wrong")]
    Forged,
}

/// Whether a scanned or typed text means to be a collect code.
pub fn is_collect_code(text: &str) -> bool {
    text.len() >= TEXT_CHARS_MIN && text.starts_with(PREFIX) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The digits of a short number, spaces between them left out. `None`: something else.
pub fn short_number(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (digits.len() == NUMBER_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// SHA-256 of a secret, 64 hex characters: what the store is told of it.
pub fn secret_hash(secret: &[u8; 16]) -> String {
    Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn encode(code: &CollectCode, sign: impl Fn(&[u8]) -> [u8; SIGNATURE_BYTES]) -> String {
    let mut packed = vec![VERSION];
    for text in [code.order.as_str(), code.store.as_str()] {
        packed.push(text.len() as u8);
        packed.extend(text.as_bytes());
    }
    packed.extend(&(code.expires_ms / 1_000).to_be_bytes()[3..]);
    packed.extend(code.secret);
    let signature = sign(&packed);
    packed.extend(signature);
    to_text(PREFIX, &packed)
}

/// Reads a code and believes nothing of it before its signature holds.
pub fn decode(text: &str, verify: impl Fn(&[u8], &[u8; SIGNATURE_BYTES]) -> bool) -> Result<CollectCode, BadCollectCode> {
    let bytes = from_text(PREFIX, text).ok_or(BadCollectCode::Damaged)?;
    let (packed, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>().ok_or(BadCollectCode::Damaged)?;
    let code = unpack(packed).ok_or(BadCollectCode::Damaged)?;
    if verify(packed, signature) { Ok(code) } else { Err(BadCollectCode::Forged) }
}

fn unpack(packed: &[u8]) -> Option<CollectCode> {
    let (version, rest) = packed.split_first()?;
    let (order, rest) = text(rest)?;
    let (store, rest) = text(rest)?;
    let (expires, secret) = rest.split_first_chunk::<5>()?;
    let [a, b, c, d, e] = *expires;
    let expires_s = i64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    let code = CollectCode {
        order: OrderNo::new(order).ok()?,
        store: StoreId::new(store).ok()?,
        expires_ms: expires_s.checked_mul(1_000)?,
        secret: secret.try_into().ok()?,
    };
    (*version == VERSION).then_some(code)
}

fn text(packed: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = packed.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::NodeKey;
    use crate::journal::hash::to_hex;

    #[test]
    fn a_code_with_any_character_changed_opens_nothing() {
        let key = NodeKey::from_seed([3; 32]);
        let code = CollectCode {
            order: OrderNo::new("K4711").unwrap(),
            store: StoreId::new("berlin-1").unwrap(),
            expires_ms: 1_772_438_400_000,
            secret: [7; 16],
        };
        let verify = |bytes: &[u8], signature: &[u8; 64]| key.public().signed(bytes, &to_hex(signature));
        let text = encode(&code, |bytes| key.sign(bytes));
        assert!(is_collect_code(&text), "{} characters", text.len());
        assert_eq!(decode(&text, verify), Ok(code));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            assert!(decode(&String::from_utf8(bytes).unwrap(), verify).is_err(), "character {at}");
            assert!(decode(&text[..at], verify).is_err());
        }
        let other = NodeKey::from_seed([4; 32]);
        assert_eq!(decode(&encode(&decode(&text, verify).unwrap(), |bytes| other.sign(bytes)), verify), Err(BadCollectCode::Forged));
    }

    #[test]
    fn a_number_is_eight_digits_with_spaces_or_without() {
        assert_eq!(short_number(" 1234 5678\r").as_deref(), Some("12345678"));
        for other in ["1234567", "123456789", "1234567a", "4006381333931", ""] {
            assert_eq!(short_number(other), None, "{other}");
        }
    }
}
