//! What a scan means: retail numbers, GS1 element strings and Digital Links, price and weight codes, or plain text to look up.
//!
//! Pure and table-driven: bytes in, a [`Meaning`] out. Whether the shop has such an article is asked elsewhere. A frame that is none of
//! these is shown as it was scanned and never changed; one that claims to be a known code and cannot be is a misread, which is not the
//! same as an unknown article: the cashier scans again.
//!
//! Not read, on purpose: compressed Digital Links, the content of coupons (8110, 8112), the sum of several symbols on one item.

pub mod ai;
pub mod aim;
mod article;
pub mod card;
pub mod element;
pub mod gtin;
pub mod link;
pub mod misread;
pub mod restricted;
pub mod scan;
pub mod table;

use std::borrow::Cow;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use aim::AimId;
pub use element::{Element, Elements};
pub use gtin::{BadGtin, Gtin, check_digit};
pub use misread::Misread;
pub use restricted::{BadRule, EmbeddedKind, RawRestrictedRule, RestrictedRule};
pub use scan::{BadScan, SCAN_BYTES_MAX, Scan, shown};

use crate::money::{Currency, Money, Qty};
use aim::Content;
use element::GS;

/// Longer text is no key: the SKU has 48 characters, no symbology for own numbers carries more than this in practice.
pub const TEXT_KEY_CHARS_MAX: usize = 80;

/// What a scan means to a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// An article number, with what else the code says about this very item.
    Article(ArticleCode),
    /// A number of restricted circulation that carries price, weight or count.
    Embedded(EmbeddedCode),
    /// Printable text: an SKU, a PLU, an own number. Look it up as it stands.
    Plain {
        text: String,
        /// When nothing is found under `text`, this says more than "unknown article" (13 digits with a wrong check digit).
        doubt: Option<Misread>,
    },
    /// It claims to be a code that we know and is not right. Scan again.
    Misread(Misread),
    /// Nothing that a till can use (a web address, binary data, a pallet label), made printable by [`shown`].
    Unknown { shown: String },
}

/// An article, and what its code says besides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArticleCode {
    /// To be looked up in this order: one number, or two when eight digits may be EAN-8 or UPC-E.
    pub keys: Vec<Gtin>,
    /// The characters as scanned, to be looked up as plain text when no key is known. Only when the symbology did not say that this
    /// is a GTIN: then eight digits may as well be an own number.
    pub text: Option<String>,
    /// (10)
    pub batch: Option<String>,
    /// (21). The same serial twice in a basket is the same item twice.
    pub serial: Option<String>,
    /// (17), else the day of (7003). Past it the article must not be sold.
    pub expiry: Option<Date>,
    /// (16)
    pub sell_by: Option<Date>,
    /// (15)
    pub best_before: Option<Date>,
    /// (30) items in a variable count article, or (37) articles in the carton whose content (02) names.
    pub count: Option<Qty>,
    /// (310n) net weight in kilograms, to the gram; (320n) pounds converted. Rounded half up. Like `price` to be believed only for an
    /// article that is sold by measure: anybody can print a code with the number of a television and a price of one cent.
    pub weight: Option<Qty>,
    /// (392n), or (393n) in the store's currency: the price of this very item.
    pub price: Option<Money>,
    /// (22) consumer product variant, else (20).
    pub variant: Option<String>,
    /// Two or five digits beside an EAN/UPC: issue of a periodical, suggested price of a book.
    pub add_on: Option<String>,
}

/// A number of restricted circulation, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedCode {
    /// The article's own number: value and inner check digit zeroed, check digit made anew.
    pub key: Gtin,
    /// As scanned.
    pub code: Gtin,
    pub value: EmbeddedValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddedValue {
    /// The line costs this; the quantity follows from the unit price.
    Price(Money),
    /// Kilograms.
    Weight(Qty),
    /// Pieces.
    Count(Qty),
}

/// What differs from store to store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRules {
    /// The first that covers a number counts.
    pub restricted: Vec<RestrictedRule>,
    /// Prices in codes are in it, to its decimals.
    pub currency: Currency,
}

impl CodeRules {
    /// The defaults for a country (ISO 3166, two letters).
    pub fn for_country(country: &str, currency: Currency) -> CodeRules {
        CodeRules { restricted: restricted::restricted_rules(country), currency }
    }
}

/// Says what a scan means. `today` settles the century of two-digit years. Never fails, never panics, whatever the bytes.
pub fn interpret(scan: &Scan, rules: &CodeRules, today: Date) -> Meaning {
    let raw = scan.raw();
    let content = scan.aim().map(AimId::content);
    let text = match content {
        Some(Content::ElementStringEci | Content::TextEci) => without_eci(raw),
        _ => std::str::from_utf8(raw).ok().map(Cow::Borrowed),
    };
    let Some(text) = text else { return unknown(raw) };
    let text = text.as_ref();
    if link::is_web_address(text) {
        return link::parse(text).map_or_else(|| unknown(raw), |elements| message(elements, rules, today, raw));
    }
    let told = match content {
        Some(Content::EanUpc) => ean_upc(text, rules),
        Some(Content::Ean8) => sized(text, "EAN-8", &[8], "8 digits").and_then(|()| of_gtin(Gtin::parse(text))),
        Some(Content::WithAddOn) => with_add_on(text),
        Some(Content::AddOnAlone) => return unknown(raw),
        Some(Content::Interleaved) if text.len() == 14 => of_gtin(Gtin::parse(text)),
        Some(Content::InterleavedCut) if text.len() == 13 => of_gtin(Gtin::with_check(text)),
        Some(Content::ElementString | Content::ElementStringEci) => return message(Elements::parse(text), rules, today, raw),
        Some(Content::Interleaved | Content::InterleavedCut) => return plain(text),
        Some(Content::Text | Content::TextEci) => return own_number(text),
        None => return untold(text, rules, today),
    };
    told.unwrap_or_else(Meaning::Misread)
}

/// Without an AIM identifier only form and check digit tell what it is.
fn untold(text: &str, rules: &CodeRules, today: Date) -> Meaning {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let numbered = |gtin: Gtin| match restricted::embedded(gtin, rules) {
        Some(embedded) => embedded.unwrap_or_else(Meaning::Misread),
        None => own_number(text),
    };
    match text.len() {
        8 | 12 | 13 | 14 if digits => match Gtin::parse(text) {
            Ok(gtin) => numbered(gtin),
            // Eight digits are often an own number; a longer one with a wrong check digit was more likely mistyped.
            Err(doubt) if text.len() > 8 => Meaning::Plain { text: text.to_owned(), doubt: Some(doubt.into()) },
            Err(_) => own_number(text),
        },
        // Only the press prints add-ons that a till must read.
        15 | 18 if digits && ["977", "978", "979"].iter().any(|prefix| text.starts_with(prefix)) => {
            with_add_on(text).unwrap_or_else(|_| plain(text))
        }
        _ if text.contains(GS) || (text.len() >= 16 && text.starts_with("01")) => {
            // A scanner whose identifiers are switched off still sends FNC1, or a DataBar that begins with its GTIN.
            match Elements::parse(text).and_then(|elements| article::article(&elements, rules, today)) {
                Ok(Some(article)) => Meaning::Article(ArticleCode { text: (!text.contains(GS)).then(|| text.to_owned()), ..article }),
                Ok(None) | Err(_) => plain(text),
            }
        }
        _ => own_number(text),
    }
}

/// A text under which the shop may have an article, or a GTIN (or an old book number) printed in a symbology for own numbers.
fn own_number(text: &str) -> Meaning {
    let keys: Vec<Gtin> = Gtin::parse(text).into_iter().chain(Gtin::from_upc_e(text)).chain(Gtin::from_isbn10(text)).collect();
    match keys.is_empty() {
        true => plain(text),
        false => Meaning::Article(ArticleCode { keys, text: Some(text.to_owned()), ..ArticleCode::default() }),
    }
}

/// EAN-13, UPC-A or UPC-E. Scanners send the first in 13 digits, the others in 13 as well or in their own length, and some send an add-on
/// with an identifier of its own behind it.
fn ean_upc(text: &str, rules: &CodeRules) -> Result<Meaning, Misread> {
    if let Some((number, add_on)) = text.split_once("]E1").or_else(|| text.split_once("]E2")) {
        return with_add_on(&[number, add_on].concat());
    }
    sized(text, "EAN/UPC", &[8, 12, 13], "8, 12 or 13 digits")?;
    let gtin = retail_number(text)?;
    match restricted::embedded(gtin, rules) {
        Some(embedded) => embedded,
        None => of_gtin(Ok(gtin)),
    }
}

fn with_add_on(text: &str) -> Result<Meaning, Misread> {
    sized(text, "EAN/UPC with add-on", &[10, 13, 14, 17, 15, 18], "8, 12 or 13 digits and 2 or 5 of the add-on")?;
    let add_on_at = match text.len() {
        10 | 13 => 8,
        14 | 17 => 12,
        _ => 13,
    };
    let (number, add_on) = text.split_at(add_on_at);
    Ok(Meaning::Article(ArticleCode { keys: vec![retail_number(number)?], add_on: Some(add_on.to_owned()), ..ArticleCode::default() }))
}

/// Eight digits from the EAN/UPC family are UPC-E: EAN-8 has an identifier of its own.
fn retail_number(digits: &str) -> Result<Gtin, BadGtin> {
    if digits.len() == 8 { Gtin::from_upc_e(digits) } else { Gtin::parse(digits) }
}

fn sized(text: &str, symbology: &'static str, lengths: &[usize], expected: &'static str) -> Result<(), Misread> {
    if lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Misread::Length { symbology, digits: text.chars().count(), expected })
}

fn of_gtin(gtin: Result<Gtin, BadGtin>) -> Result<Meaning, Misread> {
    Ok(Meaning::Article(ArticleCode { keys: vec![gtin?], ..ArticleCode::default() }))
}

fn message(elements: Result<Elements, Misread>, rules: &CodeRules, today: Date, raw: &[u8]) -> Meaning {
    match elements.and_then(|elements| article::article(&elements, rules, today)) {
        Ok(Some(article)) => Meaning::Article(article),
        Ok(None) => unknown(raw),
        Err(misread) => Meaning::Misread(misread),
    }
}

fn plain(text: &str) -> Meaning {
    if text.is_empty() || text.chars().count() > TEXT_KEY_CHARS_MAX || text.chars().any(scan::is_hidden) {
        return unknown(text.as_bytes());
    }
    Meaning::Plain { text: text.to_owned(), doubt: None }
}

fn unknown(raw: &[u8]) -> Meaning {
    Meaning::Unknown { shown: shown(raw) }
}

/// The text of a frame under the ECI protocol. `None` for a character set other than UTF-8, Latin-1 (3) and ASCII (27).
fn without_eci(raw: &[u8]) -> Option<Cow<'_, str>> {
    let mut text = String::new();
    let mut rest = std::str::from_utf8(raw).ok()?;
    while let Some((before, escaped)) = rest.split_once('\\') {
        text.push_str(before);
        rest = match escaped.strip_prefix('\\') {
            Some(behind) => {
                text.push('\\');
                behind
            }
            None => ["000003", "000026", "000027"].iter().find_map(|set| escaped.strip_prefix(set))?,
        };
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}
