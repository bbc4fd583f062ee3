//! The code on a receipt by which any shop of the chain takes goods back: what was sold, for how much, signed by the node that sold it.
//!
//! Packed it is at most [`PACKED_BYTES_MAX`] bytes; as text it is [`PREFIX`] and base 32 (RFC 4648 §7, digits and `A` to `V`). Those are
//! in a QR code's alphanumeric mode, and on every keyboard layout that a scanner may believe it types on they are the same keys: `Y` and
//! `Z`, `+` and `/` are not. No article's code looks like it: the prefix, then 150 characters at least.
//!
//! ```text
//! version 1 · chain 4 (SHA-256 of its name) · key 4 (SHA-256 of the public key) · txn 16 · incarnation 3 (the printed 20 bits)
//! · counter v · workstation t · store t · day 2 (since 2000-01-01) · total v
//! · classes: count 1, each t · lines: count 1, each:
//!     flags 1: class 3 bits, unit 2, article 2 (SKU as text, SKU of digits, GTIN), number follows the line before 1
//!     · number v (unless it follows) · article (t | digits 1, number 6 | number 6) · quantity v · paid v
//! · signature 64 (ed25519 over all before it)
//!
//! v: variable length, seven bits to a byte, the low ones first; signed numbers zigzag. t: length 1, text.
//! ```
//!
//! Only sold lines are packed, and only all of them or none: with more than [`LINES_MAX`], or when they do not fit, the code carries header
//! and total. ed25519 is deterministic and the record is on disk, so a reprint shows the same code: it is made when paper is made and
//! stored nowhere.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::base32::{from_text, to_text};
use crate::gs1::Gtin;
use crate::ids::{Incarnation, ReceiptNo, Sku, StoreId, TaxClassId, TxnId, WorkstationId};
use crate::money::{Money, Qty, Unit};
use crate::retail::{QuantityFrom, SoldLine, TransactionKind, TransactionRecord};
use crate::time::BusinessDate;

pub const PACKED_BYTES_MAX: usize = 300;
pub const LINES_MAX: usize = 15;
pub const PREFIX: &str = "CFR1";

const VERSION: u8 = 1;
const SIGNATURE_BYTES: usize = 64;
/// Shorter than the shortest there can be: prefix, and 96 bytes in base 32.
const TEXT_CHARS_MIN: usize = 150;
const CLASSES_MAX: usize = 8;
const DAY_ZERO: BusinessDate = jiff::civil::date(2000, 1, 1);

/// The first bytes of the SHA-256 of a node's public key: which key to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// `public_key`: its 64 hex digits.
    pub fn of(public_key: &str) -> KeyId {
        KeyId(short_hash(public_key.as_bytes()))
    }
}

/// What a receipt's code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptCode {
    pub txn: TxnId,
    /// As printed: of the incarnation only the four characters are known.
    pub number: ReceiptNo,
    pub store: StoreId,
    pub business_date: BusinessDate,
    pub total: Money,
    /// `None`: the receipt was too long; the code carries no lines.
    pub lines: Option<Vec<CodeLine>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeLine {
    pub line: u32,
    pub article: CodeArticle,
    pub unit: Unit,
    pub quantity: Qty,
    /// After all discounts.
    pub paid: Money,
    pub tax_class: TaxClassId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeArticle {
    Sku(Sku),
    Gtin(Gtin),
}

/// Why a text is not a code of this chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReceiptCode {
    #[error("the code is damaged or incomplete")]
    Damaged,
    #[error("the code is of a newer kind")]
    NewerKind,
    #[error("the code is of another chain")]
    OtherChain,
    #[error("the code is signed with a key that is not in the fleet's list")]
    UnknownKey,
    #[error("the code's signature is wrong")]
    Forged,
}

/// Whether a scanned or typed text means to be a receipt's code.
pub fn is_receipt_code(text: &str) -> bool {
    text.len() >= TEXT_CHARS_MIN && text.starts_with(PREFIX) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The code of a finished sale. `None` for what nobody can bring back: voids, training, papers without a sold line.
pub fn encode(
    record: &TransactionRecord,
    store: &StoreId,
    chain: &str,
    key: KeyId,
    sign: impl Fn(&[u8]) -> [u8; SIGNATURE_BYTES],
) -> Option<String> {
    match record.kind {
        TransactionKind::Sale => {}
        TransactionKind::Void | TransactionKind::Return | TransactionKind::PostVoid => return None,
    }
    let sold: Vec<&SoldLine> = record.lines.iter().filter(|line| line.returned.is_none()).collect();
    if record.training || sold.is_empty() {
        return None;
    }
    let mut packed = vec![VERSION];
    packed.extend(short_hash::<4>(chain.as_bytes()));
    packed.extend(key.0);
    packed.extend(record.txn.0.as_bytes());
    packed.extend(&(record.number.incarnation.0 & 0xf_ffff).to_be_bytes()[5..]);
    put_number(&mut packed, record.number.counter);
    put_text(&mut packed, record.number.workstation.as_str());
    put_text(&mut packed, store.as_str());
    packed.extend(day_number(record.business_date)?.to_be_bytes());
    put_signed(&mut packed, record.total.minor());
    let head = packed.len();
    if !put_lines(&mut packed, &sold) || packed.len() + SIGNATURE_BYTES > PACKED_BYTES_MAX {
        packed.truncate(head);
        packed.extend([0, 0]);
    }
    let signature = sign(&packed);
    packed.extend(signature);
    Some(to_text(PREFIX, &packed))
}

/// Reads a code and believes nothing of it before its signature holds. `verify`: whether a key of that id that counts signed the bytes;
/// `None` when there is no such key.
pub fn decode(
    text: &str,
    chain: &str,
    verify: impl Fn(KeyId, &[u8], &[u8; SIGNATURE_BYTES]) -> Option<bool>,
) -> Result<ReceiptCode, BadReceiptCode> {
    let bytes = from_text(PREFIX, text).ok_or(BadReceiptCode::Damaged)?;
    let (packed, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>().ok_or(BadReceiptCode::Damaged)?;
    let mut reader = Packed(packed);
    match reader.take::<1>().ok_or(BadReceiptCode::Damaged)? {
        [VERSION] => {}
        [_] => return Err(BadReceiptCode::NewerKind),
    }
    let [of_chain, key] = [reader.take::<4>(), reader.take::<4>()].map(|part| part.ok_or(BadReceiptCode::Damaged));
    if of_chain? != short_hash(chain.as_bytes()) {
        return Err(BadReceiptCode::OtherChain);
    }
    match verify(KeyId(key?), packed, signature) {
        None => return Err(BadReceiptCode::UnknownKey),
        Some(false) => return Err(BadReceiptCode::Forged),
        Some(true) => {}
    }
    reader.code().filter(|_| reader.0.is_empty()).ok_or(BadReceiptCode::Damaged)
}

/// False when they are too many or too varied.
fn put_lines(packed: &mut Vec<u8>, sold: &[&SoldLine]) -> bool {
    let mut classes: Vec<&TaxClassId> = Vec::new();
    for line in sold {
        if !classes.contains(&&line.tax_class) {
            classes.push(&line.tax_class);
        }
    }
    if sold.len() > LINES_MAX || classes.len() > CLASSES_MAX {
        return false;
    }
    packed.push(classes.len() as u8);
    classes.iter().for_each(|class| put_text(packed, class.as_str()));
    packed.push(sold.len() as u8);
    let mut expected = 1;
    for line in sold {
        let class = classes.iter().position(|class| **class == line.tax_class).unwrap_or(0) as u8;
        let unit = UNITS.iter().position(|unit| *unit == line.unit).unwrap_or(0) as u8;
        let article = Article::of(line);
        let follows = line.line == expected;
        packed.push(class << 5 | unit << 3 | article.kind() << 1 | u8::from(follows));
        if !follows {
            put_number(packed, u64::from(line.line));
        }
        match article {
            Article::Text(text) => put_text(packed, text),
            Article::Digits(text) => {
                packed.push(text.len() as u8);
                packed.extend(&text.parse::<u64>().unwrap_or(0).to_be_bytes()[2..]);
            }
            Article::Gtin(gtin) => packed.extend(&gtin.number().to_be_bytes()[2..]),
        }
        put_signed(packed, if line.unit == Unit::Piece { pieces_or_thousandths(line.quantity) } else { line.quantity.thousandths() });
        put_signed(packed, line.extended.minor());
        expected = line.line + 1;
    }
    true
}

const UNITS: [Unit; 4] = [Unit::Piece, Unit::Kilogram, Unit::Litre, Unit::Metre];

/// Whole pieces are doubled, broken ones (a price in the code bought them) are thousandths doubled plus one.
fn pieces_or_thousandths(quantity: Qty) -> i64 {
    if quantity.is_whole() { quantity.thousandths() / 1_000 * 2 } else { quantity.thousandths() * 2 + 1 }
}

/// The shortest way to name an article. A scale's number is none: it carries this one's price.
enum Article<'a> {
    Text(&'a str),
    Digits(&'a str),
    Gtin(Gtin),
}

impl<'a> Article<'a> {
    fn of(line: &'a SoldLine) -> Article<'a> {
        let sku = line.sku.as_str();
        if sku.len() <= 14 && sku.bytes().all(|byte| byte.is_ascii_digit()) {
            return Article::Digits(sku);
        }
        let gtin = line.gtin.as_deref().and_then(|gtin| Gtin::parse(gtin).ok());
        match gtin.filter(|_| line.quantity_from == QuantityFrom::Entry && line.embedded_price.is_none()) {
            Some(gtin) if sku.len() > 5 => Article::Gtin(gtin),
            Some(_) | None => Article::Text(sku),
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Article::Text(_) => 0,
            Article::Digits(_) => 1,
            Article::Gtin(_) => 2,
        }
    }
}

fn day_number(date: BusinessDate) -> Option<u16> {
    u16::try_from(DAY_ZERO.until(date).ok()?.get_days()).ok()
}

fn short_hash<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *Sha256::digest(bytes).first_chunk().expect("a SHA-256 has 32 bytes")
}

fn put_number(packed: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        packed.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    packed.push(number as u8);
}

fn put_signed(packed: &mut Vec<u8>, number: i64) {
    put_number(packed, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

fn put_text(packed: &mut Vec<u8>, text: &str) {
    packed.push(text.len() as u8);
    packed.extend(text.as_bytes());
}

/// What is left to read.
struct Packed<'a>(&'a [u8]);

impl Packed<'_> {
    fn code(&mut self) -> Option<ReceiptCode> {
        let txn = TxnId(Uuid::from_bytes(self.take()?));
        let [high, middle, low] = self.take::<3>()?;
        let incarnation = Incarnation(u64::from_be_bytes([0, 0, 0, 0, 0, high, middle, low]));
        let counter = self.number()?;
        let workstation = WorkstationId::new(&self.text()?).ok()?;
        let store = StoreId::new(&self.text()?).ok()?;
        let day = i64::from(u16::from_be_bytes(self.take()?));
        let business_date = DAY_ZERO.checked_add(jiff::Span::new().days(day)).ok()?;
        let total = Money::from_minor(self.signed()?);
        let lines = self.lines()?;
        let number = ReceiptNo { workstation, incarnation, counter, training: false };
        Some(ReceiptCode { txn, number, store, business_date, total, lines })
    }

    fn lines(&mut self) -> Option<Option<Vec<CodeLine>>> {
        let [classes] = self.take()?;
        let classes = (0..classes).map(|_| TaxClassId::new(&self.text()?).ok()).collect::<Option<Vec<_>>>()?;
        let [count] = self.take()?;
        if count == 0 {
            return Some(None);
        }
        let mut lines: Vec<CodeLine> = Vec::new();
        for _ in 0..count {
            let expected = lines.last().map_or(1, |line| line.line + 1);
            lines.push(self.line(expected, &classes)?);
        }
        Some(Some(lines))
    }

    fn line(&mut self, expected: u32, classes: &[TaxClassId]) -> Option<CodeLine> {
        let [flags] = self.take()?;
        let tax_class = classes.get(usize::from(flags >> 5))?.clone();
        let unit = UNITS[usize::from(flags >> 3 & 3)];
        let line = if flags & 1 == 1 { expected } else { u32::try_from(self.number()?).ok()? };
        let article = match flags >> 1 & 3 {
            0 => CodeArticle::Sku(Sku::new(&self.text()?).ok()?),
            1 => {
                let [digits] = self.take()?;
                CodeArticle::Sku(Sku::new(&format!("{:0width$}", self.six()?, width = usize::from(digits))).ok()?)
            }
            2 => CodeArticle::Gtin(Gtin::parse(&format!("{:014}", self.six()?)).ok()?),
            _ => return None,
        };
        let quantity = match (unit, self.signed()?) {
            (Unit::Piece, doubled) if doubled & 1 == 0 => Qty::pieces(doubled / 2),
            (Unit::Piece, doubled) => Qty::from_thousandths(doubled >> 1),
            (Unit::Kilogram | Unit::Litre | Unit::Metre, thousandths) => Qty::from_thousandths(thousandths),
        };
        Some(CodeLine { line, article, unit, quantity, paid: Money::from_minor(self.signed()?), tax_class })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }
    fn six(&mut self) -> Option<u64> {
        let [a, b, c, d, e, f] = self.take()?;
        Some(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }
    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..63).step_by(7) {
            let [byte] = self.take()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
    fn text(&mut self) -> Option<String> {
        let [length] = self.take()?;
        let (text, rest) = self.0.split_at_checked(usize::from(length))?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_for_its_bytes_alone() {
        for length in 0..40u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            assert_eq!(from_text(PREFIX, &to_text(PREFIX, &bytes)), Some(bytes));
        }
        // One character too many, a bit that stands for nothing, a character of another alphabet.
        for bad in ["CFR10", "CFR1001", "CFR10W", "CFR10y", "XFR100", ""] {
            assert_eq!(from_text(PREFIX, bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_read_back() {
        for number in [0, 1, -1, 63, 64, -64, -65, 1 << 40, -(1 << 52)] {
            let mut packed = Vec::new();
            put_signed(&mut packed, number);
            assert_eq!(Packed(&packed).signed(), Some(number));
        }
        assert_eq!(Packed(&[0x80; 12]).number(), None);
        for pieces in [Qty::pieces(3), Qty::from_thousandths(2_500)] {
            assert_eq!(pieces_or_thousandths(pieces) & 1 == 0, pieces.is_whole());
        }
    }
}
