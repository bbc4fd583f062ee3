//! Baskets the whole way: codes through a scanner on a pseudo terminal, a till that takes the money, paper out of a printer on TCP, and
//! every cent at head office. `COUNTERFOIL_BASKETS=1000` makes it a thousand; `COUNTERFOIL_CATALOGUE=FILE` takes the articles of a catalogue
//! file (as `counterfoil import catalogue` reads it) instead of the demo's.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use counterfoil::device::lang::escpos::{PrinterProfile, paper_text};
use counterfoil::device::sim::{Aim, SimPrinter, SimScanner};
use serde_json::json;

use super::child::wait_for;
use super::dice::{Dice, number_from};
use super::shop::{Devices, Priced, Shop};
use super::till::{Till, tender_at};

/// What a basket must be at head office: total, lines, paid by card.
type Sold = (i64, usize, bool);

struct Counter<'a> {
    till: Till,
    scanner: &'a SimScanner,
    printer: &'a SimPrinter,
    baskets: u64,
}

impl Counter<'_> {
    /// Scans, takes the money, and holds the paper in hand. Gives the printed number and what it must come to.
    fn serve(&mut self, basket: &[&Priced], by_card: bool) -> (String, Sold) {
        self.baskets += 1;
        let total: i64 = basket.iter().map(|priced| priced.cents).sum();
        for priced in basket {
            self.scanner.scan(&priced.code, Aim::likely(&priced.code)).expect("the driver reads");
        }
        let seen = wait_for("the lines of a basket", || {
            let view = self.till.look("/api/v1/workstations/1");
            (view["basket"]["lines"].as_array().map_or(0, Vec::len) == basket.len()).then_some(view)
        });
        assert_eq!(seen["basket"]["total"], total, "{basket:?}: {seen}");

        let cuts = self.printer.snapshot().cuts;
        let answer = if by_card {
            let started = self.till.must("/api/v1/workstations/1/card", &json!({ "id": self.id("card") }));
            let attempt = started["attempt"].as_str().expect("an attempt");
            self.till.must(&format!("/api/v1/workstations/1/card/{attempt}"), &json!({ "id": self.id("paid"), "paid": true }))
        } else {
            let handed = (total + 4_999) / 5_000 * 5_000;
            let answer = self.till.must(&tender_at("1"), &json!({ "id": self.id("cash"), "amount": handed }));
            assert_eq!(answer["change"].as_i64().unwrap_or(0), handed - total, "{answer}");
            answer
        };
        let number = answer["receipt"].as_str().expect("a number").to_owned();

        let paper = wait_for("the paper", || {
            let now = self.printer.snapshot();
            (now.cuts > cuts && now.done).then_some(now)
        });
        assert_eq!(paper.cuts, cuts + 1, "{number}: one paper");
        let text = paper_text(&paper.paper);
        let amount = format!("{}.{:02}", total / 100, total % 100);
        assert!(text.contains(&number) && text.replace(',', "").contains(&amount), "{number}, {amount}:\n{text}");
        self.printer.tear_off();
        (number, (total, basket.len(), by_card))
    }

    fn id(&self, act: &str) -> String {
        format!("{act}-{}", self.baskets)
    }
}

#[test]
fn baskets_are_scanned_sold_printed_and_at_head_office_to_the_cent() {
    let baskets = number_from("COUNTERFOIL_BASKETS").unwrap_or(50);
    let mut dice = Dice::from_environment();
    let devices = tempfile::tempdir().expect("a temporary folder");
    let link = devices.path().join("scanner-1");
    let scanner = SimScanner::new(Some(&link)).expect("a pseudo terminal");
    let profile = PrinterProfile::built_in("epson-80mm").expect("built in");
    let printer = SimPrinter::tcp("127.0.0.1:0", profile, 0).expect("a port on loopback");
    let catalogue = std::env::var_os("COUNTERFOIL_CATALOGUE").map(PathBuf::from);
    let shop = Shop::with_catalogue(&Devices { printer: Some(printer.port()), scanner: Some(&link) }, catalogue.as_deref());
    let goods = if catalogue.is_some() { shop.published_goods() } else { shop.goods() };
    let node = shop.start();
    let till = shop.till_that_knows(&node, &goods[0]);
    wait_for("scanner and printer", || {
        let devices = Till::connect(node.address, &shop.token).expect("an answer").look("/api/v1/devices");
        devices.as_array().expect("a list").iter().all(|device| device["state"] == "ready").then_some(())
    });
    let mut counter = Counter { till, scanner: &scanner, printer: &printer, baskets: 0 };

    let began = Instant::now();
    let mut sold: BTreeMap<String, Sold> = BTreeMap::new();
    let mut last: Option<&Priced> = None;
    while (sold.len() as u64) < baskets {
        let mut basket: Vec<&Priced> = (0..dice.throw(1, 8)).map(|_| dice.pick(&goods)).collect();
        // The same code twice within 300 ms is a scanner that read one label twice; no hand is that fast.
        basket.retain(|priced| last.replace(*priced) != Some(*priced));
        if basket.is_empty() {
            continue;
        }
        let (number, expected) = counter.serve(&basket, dice.throw(1, 3) == 1);
        assert!(sold.insert(number.clone(), expected).is_none(), "{number} twice");
    }
    let took = began.elapsed();

    let count = sold.len();
    wait_for("head office has all", || {
        let there = shop.ask_office(|office| office.query_row("SELECT count(*) FROM transactions", [], |row| row.get::<_, usize>(0)));
        (there >= count).then_some(())
    });
    let found: BTreeMap<String, Sold> = shop.ask_office(|office| {
        let mut question = office.prepare_cached(
            "SELECT number, total, line_count, (SELECT kind FROM tenders WHERE tenders.txn = transactions.id) FROM transactions
             WHERE kind = 'sale' AND total = (SELECT sum(extended) FROM lines WHERE lines.txn = transactions.id)",
        )?;
        let rows = question.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get::<_, String>(3)? == "card"))))?;
        rows.collect()
    });
    assert_eq!(found, sold, "head office and the till rolls disagree");
    let day = shop.ask_office(|office| office.query_row("SELECT sum(total) FROM sales_days", [], |row| row.get::<_, i64>(0)));
    let total: i64 = sold.values().map(|(total, _, _)| total).sum();
    assert_eq!(day, total, "the day's total");
    let cash = sold.values().filter(|(_, _, by_card)| !by_card).count();
    assert_eq!(printer.snapshot().pulses as usize, cash, "a drawer pulse for each cash sale");
    shop.stop(node);
    let lines: usize = sold.values().map(|(_, lines, _)| lines).sum();
    println!(
        "{baskets} baskets out of {} codes, {lines} lines, {total} cents in {} ms, {} ms a basket",
        goods.len(),
        took.as_millis(),
        took.as_millis() / u128::from(baskets)
    );
}
