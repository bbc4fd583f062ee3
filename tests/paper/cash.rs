//! Papers about cash against files in `tests/golden`: slips, a till's X and Z, the day's Z with its tills, addenda.

use counterfoil::document::{Document, Locale, Report, ReportKind, Stationery, text};
use counterfoil::ids::{BagNo, Incarnation, ReasonCode, ReceiptNo, StaffId, TxnId, WorkstationId};
use counterfoil::money::{Currency, Money};
use counterfoil::retail::TenderKind;
use counterfoil::retail::addendum::DayAddendum;
use counterfoil::retail::cash::{CashMovement, MovementKind, MovementSum, Paper, Pieces};
use counterfoil::retail::day::{DayReport, OpenTransaction, Totals, WorkstationTotals};
use counterfoil::retail::safe::{SafeLine, SafeReport};
use counterfoil::retail::till::{TillCount, TillLine, TillReport, UncountedTill};
use counterfoil::retail::unproved::LostRange;
use counterfoil::time::{ClockQuality, Stamp};

use super::golden::check;
use super::records;

const TAGS: [(&str, &str); 2] = [("german", "de-DE"), ("english", "en-GB")];

fn stationery(tag: &str) -> Stationery {
    Stationery {
        letterhead: records::letterhead(tag),
        currency: Currency::from_code("EUR").unwrap(),
        locale: Locale::from_tag(tag).unwrap(),
    }
}

fn euro(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn staff(id: &str) -> Option<StaffId> {
    Some(StaffId::new(id).unwrap())
}

fn reason(code: &str) -> Option<ReasonCode> {
    Some(ReasonCode::new(code).unwrap())
}

fn till() -> WorkstationId {
    WorkstationId::new("1").unwrap()
}

fn at(ms: i64) -> Stamp {
    Stamp { ms, quality: ClockQuality::Synchronised }
}

/// On a narrow paper and on a wide one: nothing may be cut off on either.
fn both_widths(name: &str, document: &Document) {
    check(&format!("cash-{name}.txt"), &format!("{}{:=<48}\n{}", text::render(document, 48), "", text::render(document, 32)));
}

fn movement(kind: MovementKind, amount: i64, code: Option<&str>, bag: Option<&str>) -> CashMovement {
    CashMovement {
        number: 12,
        till: till(),
        kind,
        amount: euro(amount),
        reason: code.and_then(reason),
        bag: bag.map(|number| BagNo::new(number).unwrap()),
        staff: staff("anna"),
        date: jiff::civil::date(2026, 11, 22),
        at: at(1_795_356_120_000),
        utc_offset_min: 60,
    }
}

#[test]
fn slips() {
    let slips = [
        ("loan", movement(MovementKind::Loan, 5_000, None, None)),
        ("pickup", movement(MovementKind::Pickup, 40_000, None, None)),
        ("pickup-bag", movement(MovementKind::Pickup, 40_000, None, Some("B-2026-004711"))),
        ("paid-in", movement(MovementKind::PaidIn, 250, Some("found"), None)),
        ("paid-out", movement(MovementKind::PaidOut, 1_299, Some("supplies"), None)),
        ("no-sale", movement(MovementKind::NoSale, 0, Some("change_money"), None)),
    ];
    for (language, tag) in TAGS {
        for (name, movement) in &slips {
            both_widths(&format!("slip-{name}-{language}"), &stationery(tag).slip(movement, 0));
        }
        both_widths(&format!("slip-copy-{language}"), &stationery(tag).slip(&slips[2].1, 1));
    }
}

fn movements() -> Vec<MovementSum> {
    let sum = |kind, code: Option<&str>, count, amount| MovementSum { kind, reason: code.and_then(reason), count, amount: euro(amount) };
    vec![
        sum(MovementKind::Loan, None, 1, 5_000),
        sum(MovementKind::Pickup, None, 2, 40_000),
        sum(MovementKind::PaidOut, Some("supplies"), 1, 1_299),
        sum(MovementKind::NoSale, Some("change_money"), 3, 0),
    ]
}

fn report(tag: &str) -> TillReport {
    let letterhead = records::letterhead(tag);
    TillReport {
        till: till(),
        number: 7,
        owner: staff("anna"),
        opened_on: jiff::civil::date(2026, 11, 22),
        opened_at: at(1_795_334_400_000),
        date: jiff::civil::date(2026, 11, 22),
        closed_at: at(1_795_379_600_000),
        utc_offset_min: 60,
        currency: "EUR".into(),
        float: euro(10_000),
        taken: euro(45_235),
        movements: movements(),
        expected: euro(18_936),
        counted: None,
        handed_to: None,
        unproved: Vec::new(),
        paper: Some(Box::new(Paper {
            store_name: letterhead.store_name,
            address_lines: letterhead.address_lines,
            tax_id: letterhead.tax_id,
            locale: tag.to_owned(),
        })),
    }
}

fn count(counted: i64) -> TillCount {
    let pieces = |value, count| Pieces { value: euro(value), count };
    let difference = counted - 18_936;
    TillCount {
        counted: euro(counted),
        difference: euro(difference),
        reason: (difference != 0).then(|| reason("wrong_change")).flatten(),
        pieces: vec![pieces(50, 7), pieces(100, 6), pieces(200, 4), pieces(1_000, 1), pieces(2_000, 3), pieces(5_000, 2)],
        by: staff("sue"),
        counts: 2,
    }
}

#[test]
fn till_reports() {
    let lost = vec![LostRange { first_seq: 812, last_seq: 813 }];
    for (language, tag) in TAGS {
        // Paper and words come out of the record itself: head office's stationery is another.
        let of = stationery("en-US");
        let paper = |report: &TillReport, fragment: &str, copy| {
            of.of_record(report.paper.as_deref(), &report.currency).till_report(report, fragment, copy)
        };
        let x = report(tag);
        let z = TillReport { counted: Some(count(18_900)), ..x.clone() };
        let exact = TillReport { counted: Some(count(18_936)), handed_to: staff("ben"), ..x.clone() };
        both_widths(&format!("till-x-{language}"), &paper(&x, "", 0));
        both_widths(&format!("till-x-unproved-{language}"), &paper(&TillReport { unproved: lost.clone(), ..x.clone() }, "", 0));
        both_widths(&format!("till-z-{language}"), &paper(&z, "3f2a91c07b", 0));
        both_widths(&format!("till-z-copy-{language}"), &paper(&z, "3f2a91c07b", 1));
        both_widths(&format!("till-z-handed-over-{language}"), &paper(&exact, "3f2a91c07b", 0));
        both_widths(&format!("till-z-unproved-{language}"), &paper(&TillReport { unproved: lost.clone(), ..z }, "3f2a91c07b", 0));
    }
}

fn totals() -> Totals {
    Totals {
        sales: 20,
        total: euro(95_235),
        tenders: vec![(TenderKind::Cash, euro(45_235)), (TenderKind::Card, euro(50_000))],
        ..Totals::default()
    }
}

/// The day's Z with what cash adds to it: movements, tills, tills that go on, sales that go on.
#[test]
fn a_day_with_its_tills() {
    let line = |number, owner: &str, difference: i64, unproved| TillLine {
        till: till(),
        number,
        owner: staff(owner),
        expected: euro(18_936),
        counted: euro(18_936 + difference),
        difference: euro(difference),
        reason: (difference != 0).then(|| reason("wrong_change")).flatten(),
        unproved,
    };
    let open = |card: Option<i64>, keeps_date| OpenTransaction {
        txn: TxnId(uuid::Uuid::from_u128(0x0192_1234_0000_7000_8000_0000_00ab_cdef)),
        workstation: till(),
        suspended: card.is_none(),
        lines: 2,
        subtotal: euro(2_340),
        paid: Money::ZERO,
        card: card.map(euro),
        keeps_date,
    };
    let day = DayReport {
        number: 17,
        date: jiff::civil::date(2026, 11, 22),
        opened_at: at(1_795_334_400_000),
        closed_at: at(1_795_379_600_000),
        currency: "EUR".into(),
        workstations: vec![WorkstationTotals { workstation: till(), first_counter: 43, last_counter: 62, totals: totals(), late: 1 }],
        totals: totals(),
        unproved: Vec::new(),
        movements: movements(),
        tills: vec![line(7, "anna", -36, false), line(8, "ben", 0, false), line(9, "mia", 1_500, true)],
        safe: vec![SafeLine {
            number: 3,
            by: staff("sue"),
            expected: euro(18_936),
            counted: euro(18_900),
            difference: euro(-36),
            reason: reason("miscounted"),
            unproved: false,
        }],
        uncounted: vec![UncountedTill {
            till: WorkstationId::new("bar").unwrap(),
            number: 3,
            owner: staff("sue"),
            opened_at: at(1_795_334_400_000),
        }],
        open: vec![open(None, false), open(Some(2_340), true)],
        utc_offset_min: Some(60),
        paper: None,
    };
    for (language, tag) in TAGS {
        let Stationery { letterhead, currency, locale } = &stationery(tag);
        let paper = Report {
            report: &day,
            kind: ReportKind::Z,
            letterhead,
            currency,
            locale,
            utc_offset_min: 60,
            head_fragment: "3f2a91c07b",
            copy: 0,
        };
        both_widths(&format!("day-z-{language}"), &paper.document());
    }
}

#[test]
fn counts_of_the_safe() {
    for (language, tag) in TAGS {
        let report = SafeReport {
            number: 3,
            date: jiff::civil::date(2026, 11, 22),
            at: at(1_795_379_600_000),
            utc_offset_min: 60,
            currency: "EUR".into(),
            expected: euro(18_936),
            counted: count(18_900),
            bags: vec![(BagNo::new("B-2026-004711").unwrap(), euro(40_000)), (BagNo::new("B-2026-004712").unwrap(), euro(125_000))],
            unproved: Vec::new(),
            paper: self::report(tag).paper,
        };
        let of = stationery("en-US").of_record(report.paper.as_deref(), &report.currency);
        both_widths(&format!("safe-{language}"), &of.safe_report(&report, "3f2a91c07b", 0));
    }
}

#[test]
fn addenda() {
    let addendum = DayAddendum {
        date: jiff::civil::date(2026, 11, 22),
        number: 1,
        report: 17,
        txn: TxnId(uuid::Uuid::from_u128(7)),
        receipt: ReceiptNo { workstation: till(), incarnation: Incarnation(0x00ab_cdef_0123_4567), counter: 63, training: false },
        workstation: till(),
        at: at(1_795_420_000_000),
        utc_offset_min: 60,
        currency: "EUR".into(),
        totals: Totals { sales: 1, total: euro(2_340), tenders: vec![(TenderKind::Card, euro(2_340))], ..Totals::default() },
        paper: None,
    };
    for (language, tag) in TAGS {
        both_widths(&format!("addendum-{language}"), &stationery(tag).addendum(&addendum, "3f2a91c07b", 0));
    }
}
