//! The list to pick by, on wide and narrow paper and in both languages. Its codes say the articles' numbers.

use counterfoil::device::lang::escpos::{Options, PaperRow, PrinterProfile, encode};
use counterfoil::document::{Letterhead, Locale, Stationery, text};
use counterfoil::ids::OrderNo;
use counterfoil::money::Currency;
use counterfoil::retail::order::{CollectOrder, Order};
use counterfoil::time::{ClockQuality, Stamp};

use super::codes::decode;
use super::golden::check;
use super::stream::print;

fn order(number: &str, lines: serde_json::Value) -> Order {
    let asked: CollectOrder = serde_json::from_value(serde_json::json!({
        "order": number, "version": 1, "placed_ms": 0, "promised_ms": 3_600_000, "expires_ms": 9_000_000, "initials": "A.B.", "code": "",
        "number_mark": "", "lines": lines,
    }))
    .unwrap();
    assert_eq!(asked.order, OrderNo::new(number).unwrap());
    let received_at = Stamp { ms: 0, quality: ClockQuality::Synchronised };
    serde_json::from_value(serde_json::json!({
        "asked": asked, "received_at": received_at, "state": "accepted", "progress": {}, "bags": [], "units": {}, "times": {},
    }))
    .unwrap()
}

fn stationery(tag: &str) -> Stationery {
    Stationery {
        letterhead: Letterhead {
            store_name: "Corner Shop".into(),
            address_lines: Vec::new(),
            tax_id: String::new(),
            footer_lines: Vec::new(),
        },
        currency: Currency::from_code("EUR").unwrap(),
        locale: Locale::from_tag(tag).unwrap(),
    }
}

fn batch() -> Vec<Order> {
    let first = serde_json::json!([
        {"line": 1, "sku": "100001", "name": "Organic whole milk 3.8 % in the returnable glass bottle, 1 l", "quantity": 2000, "location": "D-01", "zone": "chilled"},
        {"line": 2, "sku": "4099200179193", "name": "Rolls", "quantity": 6000, "location": "B-12"},
    ]);
    let second = serde_json::json!([
        {"line": 1, "sku": "100001", "name": "Organic whole milk 3.8 % in the returnable glass bottle, 1 l", "quantity": 1000, "location": "D-01", "zone": "chilled"},
        {"line": 2, "sku": "200777", "name": "Apples \u{1b}@ \"red\"", "quantity": 1250, "unit": "kilogram", "location": ""},
        {"line": 3, "sku": "300100", "name": "Fish fingers", "quantity": 1000, "location": "F-03", "zone": "frozen"},
    ]);
    vec![order("4711", first), order("WEB20260302X4712", second)]
}

#[test]
fn pick_lists_look_as_they_should() {
    let orders = batch();
    let all: Vec<&Order> = orders.iter().collect();
    let ready = |_: i64| "14:05  02.03.2026".to_owned();
    for (tag, language) in [("en", "english"), ("de-DE", "german")] {
        let batch = stationery(tag).pick_list(&all, ready, 0);
        check(&format!("pick-list-{language}.txt"), &text::render(&batch, 48));
        let copy = stationery(tag).pick_list(&all[..1], ready, 2);
        check(&format!("pick-list-copy-narrow-{language}.txt"), &text::render(&copy, 32));
    }
}

#[test]
fn every_line_can_be_confirmed_by_scanning_the_list() {
    let orders = batch();
    let all: Vec<&Order> = orders.iter().collect();
    let list = stationery("en").pick_list(&all, |_| String::new(), 0);
    let profile = PrinterProfile::built_in("epson-80mm").unwrap();
    let paper = print(&encode(&list, &profile, Options::default()).bytes, &profile);
    let codes = paper.rows.iter().filter_map(|row| match row {
        PaperRow::Barcode { bars: Some(bars), module_dots, dots_high, .. } => {
            Some(decode(bars.len() * module_dots, *dots_high, |x, _| bars[x / module_dots], rxing::BarcodeFormat::CODE_128))
        }
        _ => None,
    });
    assert_eq!(codes.collect::<Vec<_>>(), ["200777", "4099200179193", "100001", "100001", "300100"]);
}
