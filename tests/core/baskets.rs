//! Baskets worked out three times: by hand (the `expect` lines), by the calculator, and by the product through the same commands a till
//! would send.

use std::collections::BTreeMap;
use std::path::Path;

use counterfoil::ids::{Sku, TaxClassId, WorkstationId};
use counterfoil::money::{Money, Qty, RoundingMode, Unit};
use counterfoil::retail::day::Totals;
use counterfoil::retail::tax::{TaxClass, TaxComponent, TaxMode, TaxRounding, TaxTable};
use counterfoil::retail::{ArticleFact, Command, Discount, Event, QuantityFrom, Rules, TransactionRecord};

use super::calculator::{BasketFile, Line, Payment};
use super::shop::{self, Shop};

#[test]
fn every_basket_file_agrees_with_the_hand_and_the_calculator() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/baskets");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 12, "the hand-worked tables are there");
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = BasketFile::read(&std::fs::read_to_string(&path).unwrap());
        let calculated = file.work_out();
        for (what, value) in &file.expected {
            assert_eq!(calculated.get(what), Some(value), "{name}: the calculator on {what:?}");
        }
        assert!(!file.expected.is_empty() && !file.payments.is_empty(), "{name}: expects and pays");
        assert_eq!(sold(&file), calculated, "{name}: the product");
    }
}

/// The basket sold through the core, and what its record says, under the calculator's names.
pub fn sold(file: &BasketFile) -> BTreeMap<String, String> {
    let mut shop = Shop::new(rules(file));
    let till = WorkstationId::new("1").unwrap();
    shop.ask(None, Command::OpenDay { date: "2026-03-02".parse().unwrap() }).unwrap();
    for (index, line) in file.lines.iter().enumerate() {
        let code = format!("code-{index}");
        shop.sells(&code, article(&code, line));
        let quantity = Some(Qty::from_thousandths(minor(line.quantity)));
        let added = shop.ask(Some(&till), Command::AddLine { code, quantity }).unwrap();
        if let (Some((text, less)), Some(last)) = (&line.less, added.events.first()) {
            discount(&mut shop, last, text, *less);
        }
    }
    for payment in &file.payments {
        match payment {
            Payment::Cash(amount) => {
                shop.ask(Some(&till), Command::TenderCash { amount: Money::from_minor(minor(*amount)) }).unwrap();
            }
            Payment::Card(amount) => {
                let amount = Some(Money::from_minor(minor(*amount)));
                let attempt = shop.ask(Some(&till), Command::StartCard { amount }).unwrap().answer.attempt.unwrap();
                shop.ask(Some(&till), Command::EndCard { attempt, paid: true }).unwrap();
            }
        }
    }
    assert!(shop.state.baskets.is_empty(), "the payments completed the sale");
    let record = shop.state.workstations[&till].last.clone().unwrap();
    let mut day = Totals::default();
    day.count(&record);
    assert_eq!(shop.state.workstations[&till].totals, day);
    results(file, &record)
}

/// Promotions are not decided yet, but records carry them: the line is taken back and comes again with its discount, as events.
fn discount(shop: &mut Shop, added: &Event, text: &str, less: i128) {
    let Event::LineAdded { txn, workstation, staff, at, line } = added.clone() else { panic!("the first event adds the line") };
    let mut line = *line;
    let less = Money::from_minor(minor(less));
    line.discounts = vec![Discount { rule: "3-for-2".to_owned(), text: text.to_owned(), amount: -less, kind: Default::default() }];
    line.extended = line.gross - less;
    line.line += 1;
    let voided = Event::LineVoided { txn, line: line.line - 1 };
    shop.write(&[voided, Event::LineAdded { txn, workstation, staff, at, line: Box::new(line) }]);
}

fn results(file: &BasketFile, record: &TransactionRecord) -> BTreeMap<String, String> {
    let plain = |amount: Money| file.plain(i128::from(amount.minor()));
    let mut results = BTreeMap::from([
        ("total".to_owned(), plain(record.total)),
        ("tax".to_owned(), plain(record.taxes.iter().map(|group| group.tax).sum())),
        ("rounding".to_owned(), plain(record.rounding)),
        ("change".to_owned(), plain(record.change)),
    ]);
    for group in &record.taxes {
        let parts: Vec<String> = group.components.iter().map(|component| plain(component.tax)).collect();
        results.insert(format!("{} net", group.class), plain(group.net));
        results.insert(format!("{} tax", group.class), plain(group.tax));
        results.insert(format!("{} gross", group.class), plain(group.gross));
        results.insert(format!("{} parts", group.class), parts.join(" "));
    }
    results
}

pub fn rules(file: &BasketFile) -> Rules {
    let component = |(name, rate): &(String, i128)| TaxComponent {
        name: name.clone(),
        jurisdiction: String::new(),
        rate: u32::try_from(*rate).unwrap(),
        valid_from: None,
        valid_to: None,
    };
    let class = |class: &super::calculator::Class| TaxClass {
        id: TaxClassId::new(&class.id).unwrap(),
        label: class.label.clone(),
        mark: class.id.clone(),
        exempt_reason: class.exempt.clone(),
        components: class.components.iter().map(component).collect(),
    };
    let tax = TaxTable {
        mode: if file.inclusive { TaxMode::Inclusive } else { TaxMode::Exclusive },
        rounding_place: match file.place.as_str() {
            "line" => TaxRounding::Line,
            "group" => TaxRounding::Group,
            "transaction" => TaxRounding::Transaction,
            other => panic!("no place {other}"),
        },
        rounding_mode: match file.mode.as_str() {
            "half_up" => RoundingMode::HalfUp,
            "half_even" => RoundingMode::HalfEven,
            "down" => RoundingMode::Down,
            other => panic!("no mode {other}"),
        },
        classes: file.classes.iter().map(class).collect(),
    };
    let rules = shop::rules(&file.currency, tax);
    assert_eq!(u32::from(rules.currency.exponent), file.exponent);
    Rules { cash_step: Money::from_minor(minor(file.cash_step)), ..rules }
}

pub fn article(code: &str, line: &Line) -> ArticleFact {
    ArticleFact {
        sku: Sku::new(code).unwrap(),
        name: format!("Article {code}"),
        unit: match line.unit.as_str() {
            "" => Unit::Piece,
            "kg" => Unit::Kilogram,
            "l" => Unit::Litre,
            "m" => Unit::Metre,
            other => panic!("no unit {other}"),
        },
        unit_price: Money::from_minor(minor(line.price)),
        tax_class: TaxClassId::new(&line.class).unwrap(),
        group: String::new(),
        quantity: Qty::ONE,
        quantity_from: QuantityFrom::Entry,
        embedded_price: None,
        code: code.to_owned(),
        gtin: None,
        batch: None,
        serial: None,
        price_version: 1,
        age_min: None,
        last_day: None,
        recalled: None,
    }
}

/// One of the calculator's results in minor units.
pub fn minor_of(file: &BasketFile, name: &str) -> i128 {
    super::calculator::fixed(&file.work_out()[name], file.exponent).unwrap()
}

fn minor(value: i128) -> i64 {
    i64::try_from(value).unwrap()
}
