//! Sizes that a record must keep, and states that only a damaged journal can make.

use counterfoil::ids::{Sku, StoreId, WorkstationId};
use counterfoil::retail::basket::UNDO_STEPS_MAX;
use counterfoil::retail::stock::SETTLED_PER_RECORD_MAX;
use counterfoil::retail::{
    ArticleFact, BaselineFact, Command, Disposition, Event, Facts, Feed, Original, OriginalLine, Refusal, State, TenderKind, decide,
};

use super::baskets;
use super::calculator::BasketFile;
use super::shop::Shop;
use counterfoil::money::{Money, Qty};

/// What the journal takes as one record, with room for the fields around the events.
const RECORD_BYTES: usize = (1 << 20) - 4_096;

fn shop() -> (Shop, WorkstationId) {
    shop_with("MwSt 19")
}

fn shop_with(taxes: &str) -> (Shop, WorkstationId) {
    let file = BasketFile::read(&format!("currency EUR 2\nclass A \"19 %\" {taxes}\nline A 1.19 x 1\n"));
    let mut shop = Shop::new(baskets::rules(&file));
    shop.sells("milk", baskets::article("milk", &file.lines[0]));
    shop.ask(None, Command::OpenDay { date: "2026-03-02".parse().unwrap() }).unwrap();
    (shop, WorkstationId::new("1").unwrap())
}

fn shop_article() -> ArticleFact {
    baskets::article("long", &BasketFile::read("currency EUR 2\nclass A \"19 %\" MwSt 19\nline A 1.19 x 1\n").lines[0])
}

fn scan(code: &str) -> Command {
    Command::AddLine { code: code.to_owned(), quantity: None }
}

/// A thousand lines of the longest names that a catalogue may hold would be a sale that no record can hold.
#[test]
fn a_sale_of_long_names_ends_before_its_record_is_too_large() {
    for name in ["\u{20bb7}".repeat(200), "\"".repeat(200), "x".to_owned()] {
        let (mut shop, till) = shop();
        let mut article = shop_article();
        article.sku = Sku::new(&name.chars().take(12).collect::<String>()).unwrap();
        article.code = name.chars().take(90).collect();
        (article.gtin, article.batch, article.serial) = (Some("04006381333931".into()), Some("\"".repeat(20)), Some("\"".repeat(20)));
        article.name = name;
        shop.sells("long", article.clone());
        let mut items = 0u32;
        // Straight through decide and apply: the shop's checks after each of a thousand lines would take minutes.
        let refusal = loop {
            // Each item has a serial of its own, of signs that take two bytes each where they are stored.
            items += 1;
            let serial = (0..20).map(|bit| if items >> bit & 1 == 1 { '"' } else { '\\' }).collect();
            shop.sells("long", ArticleFact { serial: Some(serial), ..article.clone() });
            let ask = shop.next_ask(Some(&till), scan("long"));
            match decide(&shop.state, &shop.rules, &ask, &Facts { scan: shop.scans.get("long").cloned(), ..Facts::default() }) {
                Err(refusal) => break refusal,
                Ok(decision) => shop.write_unchecked(&decision.events),
            }
        };
        let lines = shop.state.open_basket(&till).unwrap().lines.len();
        assert_eq!(refusal, Refusal::TooManyLines { max: u32::try_from(lines).unwrap() });
        shop.ask(Some(&till), Command::TenderCash { amount: Money::from_minor(1_000_000) }).unwrap();
        let record = shop.journal.last().unwrap().len();
        assert!(lines >= 300 && record <= RECORD_BYTES, "{lines} lines make a record of {record} bytes");
        // Undone as a whole it would stand in one record twice; line by line it comes back in as many returns as it takes.
        let txn = shop.state.workstations[&till].last.as_ref().unwrap().txn;
        assert_eq!(shop.ask(Some(&till), Command::PostVoid { txn }).unwrap_err(), Refusal::PostVoidNothing);
    }
}

/// Somebody brings a receipt of ten thousand lines, all to be returned: as many as a record holds, then a refusal.
#[test]
fn a_return_of_ten_thousand_lines_ends_before_its_record_is_too_large() {
    for name in ["\"".repeat(200), "x".to_owned()] {
        // Each line comes back with what it bore of each tax.
        let (mut shop, till) = shop_with("State 4 + City 4.5 + District 0.375");
        shop.sells("long", ArticleFact { name, ..shop_article() });
        for command in [scan("long"), Command::TenderCash { amount: Money::from_minor(1_000) }] {
            shop.ask(Some(&till), command).unwrap();
        }
        let sold = shop.state.workstations[&till].last.as_ref().unwrap();
        let mut original = Original::of_record(sold, Some(StoreId::new("other").unwrap())).unwrap();
        let line = original.lines.remove(0);
        original.lines = (1..=10_000).map(|number| OriginalLine { line: number, ..line.clone() }).collect();
        original.total = Money::from_minor(10_000 * line.extended.minor());
        original.elsewhere = Some(Default::default());
        original.txn = counterfoil::ids::TxnId(uuid::Uuid::from_u128(7));
        let mut number = 0;
        let refusal = loop {
            number += 1;
            let (receipt, reason) = ("far".to_owned(), "unwanted".to_owned());
            let back = Command::ReturnLine { receipt, line: number, quantity: None, disposition: Disposition::Supplier, reason };
            let facts = Facts { original: Some(Ok(Box::new(original.clone()))), ..Facts::default() };
            let ask = shop.next_ask(Some(&till), back);
            match decide(&shop.state, &shop.rules, &ask, &facts) {
                Err(refusal) => break refusal,
                Ok(decision) => shop.write_unchecked(&decision.events),
            }
        };
        let lines = shop.state.open_basket(&till).unwrap().lines.len();
        assert_eq!(refusal, Refusal::TooManyLines { max: u32::try_from(lines).unwrap() });
        shop.ask(Some(&till), Command::Refund { by: Some(TenderKind::Cash) }).unwrap();
        let record = shop.journal.last().unwrap().len();
        assert!((300..=1_000).contains(&lines) && record <= RECORD_BYTES, "{lines} lines make a record of {record} bytes");
    }
}

#[test]
fn undo_forgets_the_oldest_steps() {
    let (mut shop, till) = shop();
    shop.ask(Some(&till), scan("milk")).unwrap();
    for n in 0..UNDO_STEPS_MAX {
        let quantity = Qty::pieces(2 + (n % 2) as i64);
        let ask = shop.next_ask(Some(&till), Command::SetQuantity { line: 1, quantity });
        let decision = decide(&shop.state, &shop.rules, &ask, &Facts::default()).unwrap();
        shop.write_unchecked(&decision.events);
    }
    for _ in 0..UNDO_STEPS_MAX {
        let ask = shop.next_ask(Some(&till), Command::Undo {});
        let decision = decide(&shop.state, &shop.rules, &ask, &Facts::default()).unwrap();
        shop.write_unchecked(&decision.events);
    }
    assert_eq!(shop.ask(Some(&till), Command::Undo {}).unwrap_err(), Refusal::NothingToUndo);
    let basket = shop.state.open_basket(&till).unwrap();
    assert_eq!(basket.line(1).unwrap().quantity, Qty::ONE, "the line was added before the oldest step that is kept");
    shop.ask(Some(&till), Command::VoidTransaction {}).unwrap();
}

/// A first baseline after a month of sales may settle more articles than a record can name. The rest follow with their next sale.
#[test]
fn a_baseline_for_very_many_articles_fits_its_record() {
    let (mut shop, till) = shop();
    let sku = |n: usize| Sku::new(&format!("{n:048}")).unwrap();
    let file = BasketFile::read("currency EUR 2\nclass A \"19 %\" MwSt 19\nline A 1.19 x 1\n");
    let count = SETTLED_PER_RECORD_MAX + 10;
    for n in 0..count {
        let mut article = baskets::article("any", &file.lines[0]);
        article.sku = sku(n);
        shop.sells("any", article);
        for command in [scan("any"), Command::TenderCash { amount: Money::from_minor(119) }] {
            let ask = shop.next_ask(Some(&till), command);
            let decision =
                decide(&shop.state, &shop.rules, &ask, &Facts { scan: shop.scans.get("any").cloned(), ..Facts::default() }).unwrap();
            shop.write_unchecked(&decision.events);
            shop.state.prints.clear();
        }
    }
    let settled: Vec<Sku> = (0..count).map(sku).collect();
    let facts = Facts { baselines: vec![BaselineFact { head_seq: 0, settled }], ..Facts::default() };
    let ask = shop.next_ask(None, Command::AdoptFeed { feed: Feed::Stock, version: 1, hash: "h".to_owned() });
    let decision = decide(&shop.state, &shop.rules, &ask, &facts).unwrap();
    assert!(serde_json::to_vec(&decision.events).unwrap().len() <= RECORD_BYTES);
    shop.write_unchecked(&decision.events);
    assert_eq!(shop.state.unsettled().count(), 10);
}

/// The record of a suspension is lost in a damaged segment, and the workstation went on to another sale: the first is on no screen, but it
/// can be fetched, so the day can be closed.
#[test]
fn a_sale_that_a_damaged_record_left_on_no_screen_can_be_recalled() {
    let (mut shop, till) = shop();
    let first = shop.ask(Some(&till), scan("milk")).unwrap().answer.txn.unwrap();
    shop.ask(Some(&till), Command::Suspend {}).unwrap();
    let lost = shop.journal.len();
    shop.ask(Some(&till), scan("milk")).unwrap();

    let mut state = State::default();
    for (index, record) in shop.journal.iter().enumerate().filter(|(index, _)| index + 1 != lost) {
        serde_json::from_str::<Vec<Event>>(record).unwrap().iter().for_each(|event| state.apply(index as u64 + 1, event));
    }
    assert_eq!(state.impossible.len(), 1, "{:?}", state.impossible);
    assert!(!counterfoil::retail::invariant::check_all(&state).is_empty(), "what happened is reported");
    let other = WorkstationId::new("2").unwrap();
    for command in [Command::Recall { txn: first }, Command::VoidTransaction {}] {
        let ask = shop.next_ask(Some(&other), command);
        let decision = decide(&state, &shop.rules, &ask, &Facts::default()).unwrap();
        decision.events.iter().for_each(|event| state.apply(ask.seq, event));
    }
    assert!(!state.baskets.contains_key(&first));
    assert_eq!(state.open_basket(&till).unwrap().live().count(), 1, "the other sale goes on");
}
