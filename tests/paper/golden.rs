//! Papers and their bytes against files in tests/golden. `COUNTERFOIL_BLESS=1` writes them anew; read the difference as you read code.

use std::path::PathBuf;

use counterfoil::device::lang::escpos::{Options, PrinterProfile, ProcessId, encode, paper_text, test_slip};
use counterfoil::document::{Document, Locale, Report, ReportKind, text};
use counterfoil::ids::{TaxClassId, WorkstationId};
use counterfoil::money::{Currency, Money};
use counterfoil::retail::TenderKind;
use counterfoil::retail::day::{DayReport, Totals, WorkstationTotals};
use counterfoil::retail::tax::TaxGroup;
use counterfoil::retail::unproved::LostRange;
use counterfoil::time::{ClockQuality, Stamp};

use super::records;
use super::stream::print;

pub fn check(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("COUNTERFOIL_BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expect = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}: run with COUNTERFOIL_BLESS=1", path.display()));
    let first = actual.lines().zip(expect.lines()).position(|(a, b)| a != b).map_or(actual.lines().count(), |line| line + 1);
    assert!(actual == expect, "{name} differs from line {first} on; now it is\n{actual}\nCOUNTERFOIL_BLESS=1 accepts it");
}

/// Bytes as lines of sixteen, in hex and as far as they are letters.
fn hex(bytes: &[u8]) -> String {
    let line = |(index, chunk): (usize, &[u8])| {
        let hex: Vec<String> = chunk.iter().map(|b| format!("{b:02x}")).collect();
        let text: String = chunk.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }).collect();
        format!("{:05x}  {:<47}  {text}\n", index * 16, hex.join(" "))
    };
    bytes.chunks(16).enumerate().map(line).collect()
}

fn bytes(document: &Document, profile: &str) -> String {
    let profile = PrinterProfile::built_in(profile).unwrap();
    let encoded = encode(document, &profile, Options { kick: true, fence: Some(ProcessId::numbered(41)), font: None });
    let shown: String = encoded.transliterated.iter().collect();
    format!("{}{} dots high, fence {:?}, shown otherwise: {shown:?}\n", hex(&encoded.bytes), encoded.dots_high, encoded.fence)
}

#[test]
fn every_receipt_as_text_and_as_bytes() {
    for (name, sale) in records::all() {
        let document = sale.document();
        check(&format!("receipt-{name}.txt"), &text::render(&document, 48));
        check(&format!("receipt-{name}.hex"), &bytes(&document, "epson-80mm"));
    }
}

#[test]
fn one_receipt_on_every_printer() {
    let document = records::weights_and_discounts().document();
    for name in PrinterProfile::built_in_names() {
        let columns = PrinterProfile::built_in(name).unwrap().columns();
        check(&format!("profile-{name}.txt"), &text::render(&document, columns));
        check(&format!("profile-{name}.hex"), &bytes(&document, name));
    }
}

#[test]
fn the_test_slip_of_every_printer() {
    for name in PrinterProfile::built_in_names() {
        let profile = PrinterProfile::built_in(name).unwrap();
        let slip = test_slip(&profile, Some(ProcessId::numbered(0)));
        check(&format!("slip-{name}.txt"), &paper_text(&print(&slip.bytes, &profile)));
    }
}

#[test]
fn day_reports() {
    let group = |mark: &str, label: &str, net: i64, tax: i64| TaxGroup {
        class: TaxClassId::new(mark).unwrap(),
        label: label.to_owned(),
        mark: mark.to_owned(),
        exempt_reason: None,
        net: Money::from_minor(net),
        tax: Money::from_minor(tax),
        gross: Money::from_minor(net + tax),
        components: Vec::new(),
    };
    let totals = |sales, total, cash, card| Totals {
        sales,
        voids: 2,
        returns: 0,
        post_voids: 0,
        returned: Money::ZERO,
        total: Money::from_minor(total),
        rounding: Money::from_minor(-3),
        tenders: vec![(TenderKind::Cash, Money::from_minor(cash)), (TenderKind::Card, Money::from_minor(card))],
        taxes: vec![group("A", "19 %", 1_000_000, 190_000), group("B", "7 %", 500_000, 35_000)],
    };
    let workstation = |id: &str, first, last| WorkstationTotals {
        workstation: WorkstationId::new(id).unwrap(),
        first_counter: first,
        last_counter: last,
        totals: totals(10, 862_500, 362_500, 500_000),
        late: 0,
    };
    let stamp = |ms| Stamp { ms, quality: ClockQuality::Synchronised };
    let report = DayReport {
        number: 17,
        date: jiff::civil::date(2026, 11, 22),
        opened_at: stamp(1_795_334_400_000),
        closed_at: stamp(1_795_379_600_000),
        currency: "EUR".into(),
        workstations: vec![workstation("1", 43, 54), workstation("bar", 7, 18)],
        totals: totals(20, 1_725_000, 725_000, 1_000_000),
        unproved: Vec::new(),
        movements: Vec::new(),
        tills: Vec::new(),
        safe: Vec::new(),
        uncounted: Vec::new(),
        open: Vec::new(),
        utc_offset_min: None,
        paper: None,
    };
    let currency = Currency::from_code("EUR").unwrap();
    for (name, kind, tag, copy) in
        [("z", ReportKind::Z, "de-DE", 0), ("x", ReportKind::X, "en-GB", 0), ("z-copy", ReportKind::Z, "de-DE", 1)]
    {
        let locale = Locale::from_tag(tag).unwrap();
        let head_fragment = if kind == ReportKind::Z { "3f2a91c07be4" } else { "" };
        let letterhead = records::letterhead(tag);
        let (report, letterhead, currency, locale) = (&report, &letterhead, &currency, &locale);
        let paper = Report { report, kind, letterhead, currency, locale, utc_offset_min: 60, head_fragment, copy };
        check(&format!("report-{name}.txt"), &text::render(&paper.document(), 48));
    }
    let lacking = DayReport { unproved: vec![LostRange { first_seq: 812, last_seq: 813 }], ..report };
    for (tag, words) in [("en-GB", "Records 812 - 813 cannot be read"), ("de-DE", "Datensätze 812 - 813 sind nicht lesbar")] {
        let (locale, letterhead) = (Locale::from_tag(tag).unwrap(), records::letterhead(tag));
        let paper = Report {
            report: &lacking,
            kind: ReportKind::Z,
            letterhead: &letterhead,
            currency: &currency,
            locale: &locale,
            utc_offset_min: 60,
            head_fragment: "",
            copy: 0,
        };
        let text = text::render(&paper.document(), 48);
        assert!(text.contains(words), "{text}");
    }
}
