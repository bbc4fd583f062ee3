//! How articles, codes, words and stock lines lie in the cache: many to a block, blocks compressed and with a checksum of their own. A
//! million articles are some forty thousand entries of the cache this way, not twelve million, which is what memory and start-up follow.
//!
//! The form is nobody's business but ours: the cache is thrown away when [`super::manifest::CACHE_FORMAT`] changes.

use std::cell::RefCell;

use super::cache::CacheError;
use crate::gs1::Gtin;
use crate::ids::{Sku, TaxClassId};
use crate::money::{Money, Qty, Unit};
use crate::sync::feed::{Article, CatalogueEntry, CodeKey, SaleCode};

/// Articles in one block, at most: an [`Ordinal`] has six bits for them.
pub const ARTICLES_PER_BLOCK: usize = 64;
/// A block is closed when it holds this much, before compression.
pub const BLOCK_BYTES: usize = 8 * 1024;
/// Bounds what a damaged block can make us allocate.
const BLOCK_BYTES_MAX: u64 = 256 * 1024;
/// Fast, and within a tenth of what the slow ones reach on such small blocks.
const COMPRESSION_LEVEL: i32 = 3;

/// Where an article is in its layer: block number and place in it. Ascends with the SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ordinal(u32);

impl Ordinal {
    pub fn new(block: u32, place: usize) -> Ordinal {
        debug_assert!(place < ARTICLES_PER_BLOCK);
        Ordinal(block * ARTICLES_PER_BLOCK as u32 + place as u32)
    }
    pub fn from_number(number: u32) -> Ordinal {
        Ordinal(number)
    }
    pub fn number(self) -> u32 {
        self.0
    }
    pub fn block(self) -> u32 {
        self.0 / ARTICLES_PER_BLOCK as u32
    }
    pub fn place(self) -> usize {
        self.0 as usize % ARTICLES_PER_BLOCK
    }
}

/// Compresses a block for the cache.
pub fn seal(plain: &[u8]) -> Vec<u8> {
    thread_local! {
        static COMPRESSOR: RefCell<zstd::bulk::Compressor<'static>> = RefCell::new(compressor());
    }
    let mut sealed = Pack::default();
    sealed.number(plain.len() as u64);
    let frame = COMPRESSOR.with_borrow_mut(|compressor| compressor.compress(plain));
    sealed.bytes.append(&mut frame.expect("a block of some kilobytes compresses"));
    sealed.bytes
}

/// The block as it was sealed.
pub fn unseal(what: &'static str, sealed: &[u8]) -> Result<Vec<u8>, CacheError> {
    thread_local! {
        static DECOMPRESSOR: RefCell<zstd::bulk::Decompressor<'static>> =
            RefCell::new(zstd::bulk::Decompressor::new().expect("a decompressor needs memory only"));
    }
    let mut from = Unpack::new(what, sealed);
    let size = from.number()?;
    if size > BLOCK_BYTES_MAX {
        return Err(from.damaged("its size is not that of a block"));
    }
    let plain = DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress(from.rest, size as usize));
    match plain {
        Ok(plain) if plain.len() as u64 == size => Ok(plain),
        Ok(_) => Err(from.damaged("it is shorter than it was")),
        Err(error) => Err(from.damaged(&error.to_string())),
    }
}

fn compressor() -> zstd::bulk::Compressor<'static> {
    let mut compressor = zstd::bulk::Compressor::new(COMPRESSION_LEVEL).expect("a compressor needs memory only");
    compressor.include_checksum(true).expect("zstd knows checksums");
    compressor
}

/// Appends values to a block.
#[derive(Default)]
pub struct Pack {
    pub bytes: Vec<u8>,
}

impl Pack {
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
    pub fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }
    pub fn text(&mut self, text: &[u8]) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text);
    }
}

/// Takes values from a block again. Every method says `Damaged` rather than panic.
pub struct Unpack<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Unpack<'a> {
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Unpack<'a> {
        Unpack { what, rest: bytes }
    }
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
    pub fn number(&mut self) -> Result<u64, CacheError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or_else(|| self.damaged("it ends early"))?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.damaged("a number has no end"))
    }
    pub fn signed(&mut self) -> Result<i64, CacheError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }
    pub fn bytes(&mut self) -> Result<&'a [u8], CacheError> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.damaged("it ends early"))?;
        self.rest = rest;
        Ok(bytes)
    }
    pub fn text(&mut self) -> Result<&'a str, CacheError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| self.damaged("a text is not UTF-8"))
    }
    pub fn damaged(&self, why: &str) -> CacheError {
        CacheError::Damaged { what: self.what, why: why.to_owned() }
    }
}

const HAS_BRAND: u64 = 1;
const HAS_PRICE: u64 = 2;
const HAS_LOCATION: u64 = 4;
const HAS_AGE: u64 = 8;
const IS_REMOVED: u64 = 16;

/// One article, or the mark that it is gone, as bytes of a block. The SKU comes first, so that a search reads no further.
pub fn pack_entry(entry: &CatalogueEntry, pack: &mut Pack) {
    pack.text(entry.sku().as_str().as_bytes());
    let article = match entry {
        CatalogueEntry::Put(article) => article,
        CatalogueEntry::Remove(_) => return pack.number(IS_REMOVED),
    };
    let flag = |is_set: bool, flag: u64| if is_set { flag } else { 0 };
    pack.number(
        flag(article.brand.is_some(), HAS_BRAND)
            | flag(article.price.is_some(), HAS_PRICE)
            | flag(article.location.is_some(), HAS_LOCATION)
            | flag(article.age_min.is_some(), HAS_AGE),
    );
    pack.text(article.name.as_bytes());
    pack.number(unit_number(article.unit));
    pack.text(article.tax_class.as_str().as_bytes());
    pack.text(article.group.as_bytes());
    if let Some(brand) = &article.brand {
        pack.text(brand.as_bytes());
    }
    if let Some(price) = article.price {
        pack.signed(price.minor());
    }
    if let Some(location) = &article.location {
        pack.text(location.as_bytes());
    }
    if let Some(age_min) = article.age_min {
        pack.number(u64::from(age_min));
    }
    pack.number(article.codes.len() as u64);
    for code in &article.codes {
        match &code.key {
            CodeKey::Gtin(gtin) => pack.number(gtin.number() << 1),
            CodeKey::Text(text) => {
                pack.number(1);
                pack.text(text.as_bytes());
            }
        }
        pack.signed(code.quantity.thousandths());
    }
}

/// What [`pack_entry`] wrote.
pub fn unpack_entry(bytes: &[u8]) -> Result<CatalogueEntry, CacheError> {
    let mut from = Unpack::new("an article", bytes);
    let wrong = |why: String| CacheError::Damaged { what: "an article", why };
    let sku = Sku::new(from.text()?).map_err(|e| wrong(e.to_string()))?;
    let flags = from.number()?;
    if flags & IS_REMOVED != 0 {
        return Ok(CatalogueEntry::Remove(sku));
    }
    let name = from.text()?.to_owned();
    let unit = unit_of(from.number()?).ok_or_else(|| from.damaged("its unit is unknown"))?;
    let tax_class = TaxClassId::new(from.text()?).map_err(|e| wrong(e.to_string()))?;
    let group = from.text()?.to_owned();
    let brand = if flags & HAS_BRAND != 0 { Some(from.text()?.to_owned()) } else { None };
    let price = if flags & HAS_PRICE != 0 { Some(Money::from_minor(from.signed()?)) } else { None };
    let location = if flags & HAS_LOCATION != 0 { Some(from.text()?.to_owned()) } else { None };
    let age_min = if flags & HAS_AGE != 0 { Some(from.number()? as u8) } else { None };
    let mut codes = Vec::new();
    for _ in 0..from.number()? {
        let tagged = from.number()?;
        let key = if tagged == 1 {
            CodeKey::Text(from.text()?.to_owned())
        } else {
            CodeKey::Gtin(Gtin::parse(&format!("{:014}", tagged >> 1)).map_err(|e| wrong(e.to_string()))?)
        };
        codes.push(SaleCode { key, quantity: Qty::from_thousandths(from.signed()?) });
    }
    Ok(CatalogueEntry::Put(Box::new(Article { sku, name, unit, tax_class, group, brand, price, codes, location, age_min })))
}

/// The SKU of a packed entry.
pub fn sku_of(bytes: &[u8]) -> Result<&str, CacheError> {
    Unpack::new("an article", bytes).text()
}

fn unit_number(unit: Unit) -> u64 {
    match unit {
        Unit::Piece => 0,
        Unit::Kilogram => 1,
        Unit::Litre => 2,
        Unit::Metre => 3,
    }
}

fn unit_of(number: u64) -> Option<Unit> {
    [Unit::Piece, Unit::Kilogram, Unit::Litre, Unit::Metre].into_iter().find(|unit| unit_number(*unit) == number)
}

/// The packed entries of one block, in order.
pub fn split_entries<'a>(what: &'static str, block: &'a [u8]) -> Result<Vec<&'a [u8]>, CacheError> {
    let mut from = Unpack::new(what, block);
    let mut entries = Vec::new();
    while !from.is_empty() {
        entries.push(from.bytes()?);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        let mut pack = Pack::default();
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX, -64, 64];
        numbers.iter().for_each(|n| pack.number(*n));
        signed.iter().for_each(|n| pack.signed(*n));
        let mut from = Unpack::new("a test", &pack.bytes);
        numbers.iter().for_each(|n| assert_eq!(from.number(), Ok(*n)));
        signed.iter().for_each(|n| assert_eq!(from.signed(), Ok(*n)));
        assert!(from.is_empty() && from.number().is_err());
    }

    #[test]
    fn a_damaged_block_is_an_error_and_never_a_panic() {
        let article = Article {
            sku: Sku::new("4711").unwrap(),
            name: "Grüner Tee".to_owned(),
            unit: Unit::Piece,
            tax_class: TaxClassId::new("B").unwrap(),
            group: "Tee".to_owned(),
            brand: Some("Blattwerk".to_owned()),
            price: Some(Money::from_minor(249)),
            codes: vec![
                SaleCode { key: CodeKey::read("4006381333931").unwrap(), quantity: Qty::ONE },
                SaleCode { key: CodeKey::read("PLU 12").unwrap(), quantity: Qty::pieces(6) },
            ],
            location: None,
            age_min: Some(16),
        };
        let entry = CatalogueEntry::Put(Box::new(article));
        let mut pack = Pack::default();
        pack_entry(&entry, &mut pack);
        assert_eq!(unpack_entry(&pack.bytes), Ok(entry));
        for length in 0..pack.bytes.len() {
            let _ = unpack_entry(&pack.bytes[..length]);
        }
        for bit in 0..pack.bytes.len() * 8 {
            let mut flipped = pack.bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let _ = unpack_entry(&flipped);
            let _ = split_entries("a test", &flipped);
        }

        let sealed = seal(&pack.bytes);
        assert_eq!(unseal("a test", &sealed), Ok(pack.bytes.clone()));
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(plain) = unseal("a test", &flipped) {
                assert_eq!(plain, pack.bytes, "bit {bit}: a flipped block may read as before, never as another");
            }
        }
    }
}
