//! The code on a receipt: what it carries, that it fits, that nobody can change it, and that a scanner reads it from the paper.

use counterfoil::device::lang::escpos::{Options, PrinterProfile, encode as encode_paper, paper_picture, paper_text};
use counterfoil::document::receipt_code::{
    BadReceiptCode, CodeArticle, KeyId, LINES_MAX, PACKED_BYTES_MAX, PREFIX, ReceiptCode, decode, encode, is_receipt_code,
};
use counterfoil::document::{Receipt, text};
use counterfoil::gs1::Gtin;
use counterfoil::ids::{Sku, StoreId};
use counterfoil::journal::NodeKey;
use counterfoil::money::{Currency, Money, Unit};

use super::records::{self, Sale, sale};
use super::stream::print;

const CHAIN: &str = "Markt";

fn key() -> NodeKey {
    NodeKey::from_seed([7; 32])
}

fn code_of(sale: &Sale) -> String {
    code_by(sale, &key(), CHAIN)
}

fn code_by(sale: &Sale, key: &NodeKey, chain: &str) -> String {
    let store = StoreId::new("berlin-alexanderplatz-2").unwrap();
    encode(&sale.record, &store, chain, KeyId::of(&key.public_hex()), |bytes| key.sign(bytes)).expect("a sale has a code")
}

/// As a node that knows one key of the fleet.
fn read(text: &str) -> Result<ReceiptCode, BadReceiptCode> {
    let known = key().public();
    decode(text, CHAIN, |id, bytes, signature| {
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        (id == KeyId::of(&known.to_hex())).then(|| known.signed(bytes, &hex))
    })
}

/// Fifteen articles with long numbers, as many as a code takes.
fn full() -> Sale {
    let mut sale = sale("EUR", "de-DE", 60);
    for n in 1..=LINES_MAX {
        sale = sale.line("Artikel", &format!("{n}"), Unit::Piece, 19_999, 19_999 * n as i64, if n % 3 == 0 { "B" } else { "A" });
        let line = sale.record.lines.last_mut().unwrap();
        line.gtin = Some(Gtin::with_check(&format!("400638133{n:03}")).unwrap().to_string());
        line.sku = Sku::new(&format!("article-of-the-chain-{n}")).unwrap();
    }
    let total = sale.record.total.minor();
    sale.tax("A", "A", "19 %", total, 0).card(total)
}

#[test]
fn a_code_says_what_was_sold() {
    let sale = records::weights_and_discounts();
    let read = read(&code_of(&sale)).unwrap();
    assert_eq!((read.txn, read.total, read.business_date), (sale.record.txn, sale.record.total, sale.record.business_date));
    assert_eq!(read.number.to_string(), sale.record.number.to_string());
    let lines = read.lines.expect("few enough");
    assert_eq!(lines.len(), sale.record.lines.len());
    for (packed, sold) in lines.iter().zip(&sale.record.lines) {
        assert_eq!((packed.line, packed.quantity, packed.paid), (sold.line, sold.quantity, sold.extended));
        assert_eq!((packed.unit, &packed.tax_class), (sold.unit, &sold.tax_class));
        assert_eq!(packed.article, CodeArticle::Sku(sold.sku.clone()));
    }
}

#[test]
fn fifteen_lines_fit_and_more_leave_the_lines_out() {
    let text = code_of(&full());
    let bytes = (text.len() - PREFIX.len()) * 5 / 8;
    assert!(bytes <= PACKED_BYTES_MAX, "{bytes} bytes");
    let lines = read(&text).unwrap().lines.expect("fifteen lines fit");
    assert_eq!(lines.len(), LINES_MAX);
    assert!(matches!(&lines[4].article, CodeArticle::Gtin(gtin) if gtin.as_str().starts_with("0400638133005")));

    let long = read(&code_of(&records::sixty_lines())).unwrap();
    assert_eq!((long.lines, long.total), (None, records::sixty_lines().record.total));
    let mut worst = full();
    worst.record.lines.iter_mut().for_each(|line| (line.gtin, line.sku) = (None, Sku::new(&"long".repeat(12)).unwrap()));
    assert_eq!(read(&code_of(&worst)).unwrap().lines, None);
}

#[test]
fn every_flipped_bit_is_refused() {
    let text = code_of(&full());
    for index in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            if let Ok(flipped) = String::from_utf8(bytes) {
                assert!(read(&flipped).is_err(), "byte {index}, bit {bit}");
            }
        }
    }
}

#[test]
fn what_is_not_ours_is_refused_by_its_name() {
    let sale = records::simple();
    let text = code_of(&sale);
    assert_eq!(read(&code_by(&sale, &key(), "another chain")), Err(BadReceiptCode::OtherChain));
    assert_eq!(read(&code_by(&sale, &NodeKey::from_seed([8; 32]), CHAIN)), Err(BadReceiptCode::UnknownKey));
    let id = KeyId::of(&key().public_hex());
    let store = StoreId::new("x").unwrap();
    let forged = encode(&sale.record, &store, CHAIN, id, |bytes| NodeKey::from_seed([8; 32]).sign(bytes)).unwrap();
    assert_eq!(read(&forged), Err(BadReceiptCode::Forged));
    for cut in 0..text.len() {
        assert!(read(&text[..cut]).is_err(), "cut at {cut}");
    }
    for garbage in ["", "CFR1", "4006381333931", &format!("CFR1{}", "0".repeat(400)), &format!("CFR1{}", "V".repeat(480))] {
        assert!(read(garbage).is_err());
    }
    assert!(is_receipt_code(&text) && !is_receipt_code("CFR1-SHIRT") && !is_receipt_code("https://example.com/CFR1"));
}

#[test]
fn nobody_brings_back_what_was_not_sold() {
    let store = StoreId::new("x").unwrap();
    let sign = |bytes: &[u8]| key().sign(bytes);
    let mut training = records::simple().record;
    training.training = true;
    assert_eq!(encode(&training, &store, CHAIN, KeyId::of(""), sign), None);
    let mut void = records::simple().record;
    void.kind = counterfoil::retail::TransactionKind::Void;
    assert_eq!(encode(&void, &store, CHAIN, KeyId::of(""), sign), None);
}

#[test]
fn the_code_is_read_from_the_paper_of_every_printer() {
    let font = super::font::unifont();
    for sale in [records::simple(), full()] {
        let code = code_of(&sale);
        let locale = counterfoil::document::Locale::from_tag(sale.locale).unwrap();
        let (currency, letterhead) = (Currency::from_code("EUR").unwrap(), records::letterhead("en"));
        let receipt = Receipt::of(&sale.record, &letterhead, &currency, &locale, "3f2a91c07b", 0).with_code(Some(&code));
        for name in PrinterProfile::built_in_names() {
            let profile = PrinterProfile::built_in(name).unwrap();
            let encoded = encode_paper(&receipt.document(), &profile, Options::default());
            let picture = paper_picture(&print(&encoded.bytes, &profile), &font);
            let read = super::codes::decode(picture.width, picture.height, |x, y| picture.get(x, y), rxing::BarcodeFormat::QR_CODE);
            assert_eq!(read, code, "on {name}");
        }
        let profile = PrinterProfile::built_in("epson-80mm").unwrap();
        let encoded = encode_paper(&receipt.document(), &profile, Options::default());
        assert!(paper_text(&print(&encoded.bytes, &profile)).contains(PREFIX), "{}", text::render(&receipt.document(), 48));
    }
}

#[test]
fn the_same_sale_always_has_the_same_code() {
    let mut sale = records::simple();
    let first = code_of(&sale);
    sale.copy = 3;
    assert_eq!(code_of(&sale), first);
    sale.record.total += Money::from_minor(1);
    assert_ne!(code_of(&sale), first);
}
