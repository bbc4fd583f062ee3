//! Random sales that come back in random parts: money and taxes sum to the whole exactly, and never more comes back than was sold.

use std::collections::BTreeMap;

use counterfoil::ids::WorkstationId;
use counterfoil::money::{Money, Qty};
use counterfoil::retail::{Answer, Command, Disposition, Refusal, TransactionRecord, tax::TaxGroup};
use proptest::prelude::*;

use super::baskets;
use super::calculator::BasketFile;
use super::scenario::article;
use super::shop::Shop;

const RULES: [&str; 3] = [
    "currency EUR 2\nprices include tax\nround half_up per group\nclass A \"19 %\" MwSt 19\nclass B \"7 %\" MwSt 7\n",
    "currency USD 2\nprices exclude tax\nround half_up per line\nclass A \"8.875 %\" State 4 + City 4.5 + MCTD 0.375\nclass B \"clothing\" exempt clothing below 110 USD\n",
    "currency CHF 2\nprices include tax\nround half_up per transaction\ncash step 0.05\nclass A \"8.1 %\" MWST 8.1\nclass B \"2.6 %\" MWST 2.6\n",
];

#[derive(Debug, Clone)]
struct Sold {
    price: i64,
    pieces: i64,
    class: bool,
}

fn sold() -> impl Strategy<Value = Sold> {
    (1i64..5_000, 1i64..8, any::<bool>()).prop_map(|(price, pieces, class)| Sold { price, pieces, class })
}

fn till() -> WorkstationId {
    WorkstationId::new("1").unwrap()
}

fn ask(shop: &mut Shop, command: Command) -> Result<Answer, Refusal> {
    shop.ask(Some(&till()), command).map(|decision| decision.answer)
}

/// Cash that pays whatever is due, or the refund.
fn settle(shop: &mut Shop) -> TransactionRecord {
    let refund = ask(shop, Command::Refund { by: None });
    if let Err(refusal) = refund {
        assert_eq!(refusal, Refusal::NothingToRefund);
        ask(shop, Command::TenderCash { amount: Money::from_minor(1_000_000) }).unwrap();
    }
    (**shop.state.workstations[&till()].last.as_ref().unwrap()).clone()
}

fn add(sums: &mut BTreeMap<String, [Money; 3]>, group: &TaxGroup) {
    let mut put = |name: String, amounts: [Money; 3]| {
        let held = sums.entry(name).or_default();
        held.iter_mut().zip(amounts).for_each(|(held, amount)| *held += amount);
    };
    put(group.class.to_string(), [group.net, group.tax, group.gross]);
    for component in &group.components {
        put(format!("{} {}", group.class, component.name), [component.base, component.tax, Money::ZERO]);
    }
}

fn check(rules: usize, lines: &[Sold], parts: &[(usize, i64, bool)]) {
    let mut shop = Shop::new(baskets::rules(&BasketFile::read(RULES[rules])));
    shop.rules.returns.without_receipt_max = Money::ZERO;
    shop.ask(None, Command::OpenDay { date: "2026-03-02".parse().unwrap() }).unwrap();
    for (index, line) in lines.iter().enumerate() {
        let code = format!("a{index}");
        let class = if line.class { "A" } else { "B" };
        shop.sells(&code, article(&code, &code, Money::from_minor(line.price), "", class));
        ask(&mut shop, Command::AddLine { code, quantity: Some(Qty::pieces(line.pieces)) }).unwrap();
    }
    let sale = settle(&mut shop);
    let mut left: Vec<i64> = lines.iter().map(|line| line.pieces).collect();
    let mut sums: BTreeMap<String, [Money; 3]> = BTreeMap::new();
    let mut total = Money::ZERO;
    let give_back = |shop: &mut Shop, line: usize, pieces: i64| {
        let number = sale.lines[line].line;
        let quantity = Some(Qty::pieces(pieces));
        let (receipt, reason) = (sale.txn.to_string(), "unwanted".to_owned());
        ask(shop, Command::ReturnLine { receipt, line: number, quantity, disposition: Disposition::Shelf, reason })
    };
    let end = |shop: &mut Shop, sums: &mut BTreeMap<String, [Money; 3]>, total: &mut Money| {
        if shop.state.open_basket(&till()).is_some() {
            let record = settle(shop);
            record.taxes.iter().for_each(|group| add(sums, group));
            *total += record.total;
        }
    };
    // As the parts say: sometimes several in one transaction, sometimes more than is left.
    let mut asked: Vec<i64> = vec![0; left.len()];
    for (line, pieces, ends) in parts {
        let line = line % left.len();
        match give_back(&mut shop, line, *pieces) {
            // It replaces what this transaction gave back of the line before.
            Ok(_) => {
                assert!(*pieces <= left[line], "more than was sold");
                asked[line] = *pieces;
            }
            Err(Refusal::ReturnAboveSold { left: said, .. }) => {
                assert!(*pieces > left[line]);
                assert_eq!(said, Qty::pieces(left[line]));
            }
            Err(other) => panic!("{other:?}"),
        }
        if *ends {
            end(&mut shop, &mut sums, &mut total);
            left.iter_mut().zip(&mut asked).for_each(|(left, asked)| *left -= std::mem::take(asked));
        }
    }
    // Then all that is left.
    end(&mut shop, &mut sums, &mut total);
    left.iter_mut().zip(&mut asked).for_each(|(left, asked)| *left -= std::mem::take(asked));
    for (line, pieces) in left.into_iter().enumerate().filter(|(_, pieces)| *pieces > 0) {
        give_back(&mut shop, line, pieces).unwrap();
        end(&mut shop, &mut sums, &mut total);
    }
    let mut whole: BTreeMap<String, [Money; 3]> = BTreeMap::new();
    sale.taxes.iter().for_each(|group| add(&mut whole, group));
    let turned: BTreeMap<String, [Money; 3]> = sums.into_iter().map(|(name, sums)| (name, sums.map(|sum| -sum))).collect();
    assert_eq!(turned, whole, "taxes that came back");
    assert_eq!(-total, sale.total);
    let report = counterfoil::retail::day::report(&shop.state, &shop.rules, shop.now, 60).unwrap();
    assert_eq!((report.totals.total, report.totals.returned), (Money::ZERO, sale.total));
}

#[test]
fn partial_returns_sum_to_the_whole() {
    let parts = prop::collection::vec((0usize..6, 1i64..6, any::<bool>()), 0..10);
    let case = (0usize..RULES.len(), prop::collection::vec(sold(), 1..6), parts);
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) }, |((rules, lines, parts) in case)| {
        check(rules, &lines, &parts);
    });
}
