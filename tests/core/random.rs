//! Random shop days: whatever people, printers and power do, every invariant holds, undo restores exactly, a repeat changes nothing, and
//! the product and the calculator agree to the cent. The seed is fixed; `COUNTERFOIL_SEED=7 cargo test random` tries another, and a failure
//! prints the one that replays it.

use std::collections::BTreeMap;

use counterfoil::ids::{OrderNo, Sku, TxnId, WorkstationId};
use counterfoil::money::{Money, Qty, RoundingMode};
use counterfoil::retail::basket;
use counterfoil::retail::day::Day;
use counterfoil::retail::tax::{self, TaxMode, Taxes};
use counterfoil::retail::{
    Answer, Ask, Command, Decision, Effect, Event, Facts, Feed, PrintAnswer, PrintProgress, PrintWhat, State, StockFact,
};
use counterfoil::retail::{BaselineFact, QuantityFrom, Refusal, ScanFact, SoldLine, decide};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::baskets;
use super::calculator::{BasketFile, Class, Line, Payment};
use super::random_cash;
use super::random_orders;
use super::random_stock;
use super::shop::Shop;

const SWISS: &str =
    "currency CHF 2\nprices include tax\nround half_up per group\ncash step 0.05\nclass A \"8.1 %\" MWST 8.1\nclass B \"2.6 %\" MWST 2.6\n";
const NEW_YORK: &str = "currency USD 2\nprices exclude tax\nround half_up per line\nclass A \"8.875 %\" State 4 + City 4.5 + MCTD 0.375\nclass B \"clothing\" exempt clothing below 110 USD\n";

#[test]
fn random_days_keep_every_invariant() {
    let days = prop::collection::vec(act(), 1..120);
    let (mut sales, mut handed_over) = (0, 0);
    check(300, (any::<bool>(), days), |(swiss, acts)| {
        let mut world = World::new(if *swiss { SWISS } else { NEW_YORK });
        for act in acts {
            world.act(act);
        }
        world.end();
        sales += world.papers.len();
        handed_over += random_orders::check(&world.shop.journal);
    });
    assert!(handed_over > 10, "the random days hand orders over: {handed_over}");
    assert!(sales > 200, "the random days sell something: {sales}");
}

#[test]
fn random_baskets_agree_with_the_calculator() {
    check(400, basket_file(), |file| assert_eq!(baskets::sold(file), file.work_out()));
}

#[test]
fn taxes_are_symmetric_and_their_parts_sum() {
    check(400, (basket_file(), prop::collection::vec(any::<bool>(), 12)), |(file, returned)| {
        let rules = baskets::rules(file);
        // Some lines come back within the same transaction, so that sums of either sign and near zero occur.
        let line = |(index, line): (usize, &Line)| {
            let sign = if returned[index % returned.len()] { -1 } else { 1 };
            let amount = Money::from_minor(sign * i64::try_from(line.price * line.quantity / 1000).unwrap());
            sold(u32::try_from(index).unwrap() + 1, amount, &line.class)
        };
        let lines: Vec<SoldLine> = file.lines.iter().enumerate().map(line).collect();
        let turned: Vec<SoldLine> = lines.iter().map(|line| SoldLine { extended: -line.extended, ..line.clone() }).collect();
        let date = "2026-03-02".parse().unwrap();
        let (one, other) = (tax::compute(&lines, &rules.tax, date).unwrap(), tax::compute(&turned, &rules.tax, date).unwrap());
        let amounts = |taxes: &Taxes, sign: i64| -> Vec<i64> {
            let of = |group: &tax::TaxGroup| {
                [vec![group.net, group.tax, group.gross], group.components.iter().map(|c| c.tax).collect()].concat()
            };
            taxes.groups.iter().flat_map(of).map(|amount| sign * amount.minor()).collect()
        };
        assert_eq!(amounts(&one, 1), amounts(&other, -1), "the same with the sign turned");
        for group in &one.groups {
            let lines: Money = lines.iter().filter(|line| line.tax_class == group.class).map(|line| line.extended).sum();
            assert_eq!(lines, if rules.tax.mode == TaxMode::Inclusive { group.gross } else { group.net });
            assert_eq!(group.net + group.tax, group.gross);
            assert_eq!(group.components.iter().map(|component| component.tax).sum::<Money>(), group.tax);
        }
    });
}

#[test]
fn quantity_times_price_is_symmetric() {
    check(2_000, (any::<i32>(), -1_000_000..1_000_000i64), |(price, quantity)| {
        let (price, quantity) = (Money::from_minor(i64::from(*price)), Qty::from_thousandths(*quantity));
        for mode in [RoundingMode::HalfUp, RoundingMode::HalfEven, RoundingMode::Down] {
            assert_eq!(price.times(-quantity, mode), -price.times(quantity, mode));
            assert_eq!(-price.to_step(Money::from_minor(5), mode), (-price).to_step(Money::from_minor(5), mode));
        }
    });
}

/// An undo step without an act, a second baseline, an end without a beginning: total, noted, and reported.
#[test]
fn impossible_events_are_noted_and_never_a_panic() {
    let txn = TxnId(uuid::Uuid::from_u128(1));
    let mut state = State::default();
    state.apply(1, &Event::BasketActUndone { txn });
    state.apply(2, &Event::LineVoided { txn, line: 3 });
    state.apply(3, &Event::TenderRemoved { txn, index: 9 });
    state.apply(4, &Event::PrintProgressed { job: counterfoil::ids::JobId(uuid::Uuid::nil()), progress: PrintProgress::Resumed {} });
    assert_eq!(state.impossible.len(), 4);
    let broken = counterfoil::retail::invariant::check_all(&state);
    assert!(broken[0].to_string().contains("4 of them, the first in record 1"), "{broken:?}");
    assert!(State::from_parts(&state.to_parts()).unwrap() == state);
}

/// Any journal of events in any order: never a panic, always readable again.
#[test]
fn events_in_any_order_are_taken_in() {
    let mut world = World::new(SWISS);
    let acts = [
        Act::Drawer { till: 0, does: 0, amount: 20 },
        Act::Drawer { till: 0, does: 4, amount: 10 },
        Act::Scan { till: 0, article: 0, times: 2 },
        Act::Scan { till: 1, article: 1, times: 1 },
        Act::Quantity { till: 0, line: 0, pieces: 5 },
        Act::Suspend { till: 1 },
        Act::Recall { till: 1, which: 0 },
        Act::Cash { till: 0, tenths: 5 },
        Act::Cash { till: 0, tenths: 12 },
        Act::Card { till: 1, tenths: 10 },
        Act::EndCard { till: 1, paid: true },
        Act::Printer { which: 0, says: 1 },
        Act::Scan { till: 0, article: 2, times: 1 },
        Act::VoidSale { till: 0 },
        Act::Adopt { pieces: 7 },
        Act::Order { till: 0, does: 0, which: 0, pieces: 2 },
        Act::Order { till: 0, does: 0, which: 1, pieces: 1 },
        Act::Order { till: 0, does: 6, which: 0, pieces: 1 },
        Act::Order { till: 0, does: 7, which: 0, pieces: 1 },
        Act::Order { till: 0, does: 10, which: 0, pieces: 1 },
        Act::Order { till: 0, does: 16, which: 0, pieces: 1 },
        Act::Order { till: 0, does: 15, which: 0, pieces: 1 },
        Act::Order { till: 0, does: 18, which: 0, pieces: 1 },
        Act::Order { till: 0, does: 21, which: 0, pieces: 1 },
        Act::Order { till: 0, does: 21, which: 0, pieces: 1 },
        Act::Order { till: 0, does: 25, which: 0, pieces: 2 },
        Act::Order { till: 0, does: 28, which: 0, pieces: 2 },
        Act::Order { till: 0, does: 5, which: 0, pieces: 2 },
        Act::Stock { till: 0, does: 0, which: 1, pieces: 3 },
        Act::Stock { till: 0, does: 0, which: 2, pieces: 2 },
        Act::Stock { till: 0, does: 4, which: 1, pieces: 1 },
        Act::Stock { till: 0, does: 6, which: 1, pieces: 1 },
        Act::Stock { till: 0, does: 7, which: 1, pieces: 1 },
        Act::Stock { till: 0, does: 13, which: 0, pieces: 1 },
        Act::Stock { till: 0, does: 0, which: 0, pieces: 3 },
        Act::Stock { till: 0, does: 7, which: 0, pieces: 3 },
        Act::Stock { till: 0, does: 11, which: 3, pieces: 4 },
        Act::Stock { till: 0, does: 15, which: 3, pieces: 4 },
        Act::Stock { till: 0, does: 14, which: 3, pieces: 4 },
        Act::Drawer { till: 0, does: 8, amount: 0 },
        Act::Drawer { till: 0, does: 10, amount: 30 },
        Act::Drawer { till: 0, does: 15, amount: 0 },
        Act::Scan { till: 1, article: 1, times: 1 },
        Act::Card { till: 1, tenths: 10 },
        Act::Day,
        Act::EndCard { till: 1, paid: true },
    ];
    acts.iter().for_each(|act| world.act(act));
    world.end();
    let events: Vec<Event> = world.shop.journal.iter().flat_map(|record| serde_json::from_str::<Vec<Event>>(record).unwrap()).collect();
    let order = prop::collection::vec(any::<prop::sample::Index>(), 0..80);
    check(400, order, |order| {
        let mut state = State::default();
        for (seq, index) in order.iter().enumerate() {
            state.apply(seq as u64 + 1, index.get(&events));
        }
        counterfoil::retail::invariant::check_all(&state);
        assert!(State::from_parts(&state.to_parts()).unwrap() == state);
    });
}

#[test]
fn parts_that_are_missing_broken_or_from_later_are_errors_with_a_remedy() {
    let parts = State::default().to_parts();
    let with = |name: &str, bytes: &str| {
        let mut parts = parts.clone();
        parts.insert(name.to_owned(), bytes.as_bytes().to_vec());
        State::from_parts(&parts).unwrap_err().to_string()
    };
    assert!(with("movements", "{").contains("\"movements\" of the carried-forward state cannot be read"));
    assert!(with("parcels", "{}").contains("install the release that wrote it"));
    let mut without = parts.clone();
    without.remove("core");
    assert!(State::from_parts(&without).unwrap_err().to_string().contains("no part \"core\""));
}

/// One thing that people, devices, head office or the power company do.
#[derive(Debug, Clone)]
enum Act {
    Scan {
        till: usize,
        article: usize,
        times: i64,
    },
    Quantity {
        till: usize,
        line: usize,
        pieces: i64,
    },
    VoidLine {
        till: usize,
        line: usize,
    },
    Undo {
        till: usize,
    },
    VoidSale {
        till: usize,
    },
    Suspend {
        till: usize,
    },
    Training {
        till: usize,
        on: bool,
    },
    Recall {
        till: usize,
        which: usize,
    },
    /// Tenths of what is due.
    Cash {
        till: usize,
        tenths: i64,
    },
    Card {
        till: usize,
        tenths: i64,
    },
    EndCard {
        till: usize,
        paid: bool,
    },
    TakeBack {
        till: usize,
        which: usize,
    },
    Reprint {
        till: usize,
    },
    Printer {
        which: usize,
        says: usize,
    },
    Settle {
        which: usize,
        copy: bool,
    },
    Day,
    /// See `random_cash`.
    Drawer {
        till: usize,
        does: usize,
        amount: i64,
    },
    Adopt {
        pieces: i64,
    },
    /// See `random_orders`.
    Order {
        till: usize,
        does: usize,
        which: usize,
        pieces: i64,
    },
    /// See `random_stock`.
    Stock {
        till: usize,
        does: usize,
        which: usize,
        pieces: i64,
    },
    Restart,
    Carry,
    /// A command of before comes again.
    Repeat {
        which: usize,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let (till, which) = (0..3usize, 0..6usize);
    let share = prop::sample::select(vec![0i64, 3, 7, 10, 10, 10, 11, 20]);
    prop_oneof![
        12 => (till.clone(), 0..5usize, 1..4i64).prop_map(|(till, article, times)| Act::Scan { till, article, times }),
        3 => (till.clone(), which.clone(), 1..9i64).prop_map(|(till, line, pieces)| Act::Quantity { till, line, pieces }),
        3 => (till.clone(), which.clone()).prop_map(|(till, line)| Act::VoidLine { till, line }),
        4 => till.clone().prop_map(|till| Act::Undo { till }),
        1 => till.clone().prop_map(|till| Act::VoidSale { till }),
        2 => till.clone().prop_map(|till| Act::Suspend { till }),
        3 => (till.clone(), which.clone()).prop_map(|(till, which)| Act::Recall { till, which }),
        16 => (till.clone(), share.clone()).prop_map(|(till, tenths)| Act::Cash { till, tenths }),
        4 => (till.clone(), share).prop_map(|(till, tenths)| Act::Card { till, tenths }),
        9 => (till.clone(), prop::bool::weighted(0.7)).prop_map(|(till, paid)| Act::EndCard { till, paid }),
        1 => (till.clone(), which.clone()).prop_map(|(till, which)| Act::TakeBack { till, which }),
        1 => till.clone().prop_map(|till| Act::Reprint { till }),
        1 => (till.clone(), prop::bool::weighted(0.15)).prop_map(|(till, on)| Act::Training { till, on }),
        4 => (which.clone(), 0..6usize).prop_map(|(which, says)| Act::Printer { which, says }),
        2 => (which.clone(), any::<bool>()).prop_map(|(which, copy)| Act::Settle { which, copy }),
        1 => Just(Act::Day),
        5 => (till.clone(), 0..22usize, 0..60i64).prop_map(|(till, does, amount)| Act::Drawer { till, does, amount }),
        1 => (0..30i64).prop_map(|pieces| Act::Adopt { pieces }),
        26 => (till.clone(), 0..75usize, 0..6usize, 1..5i64).prop_map(|(till, does, which, pieces)| Act::Order { till, does, which, pieces }),
        12 => (till, 0..18usize, 0..6usize, 0..5i64).prop_map(|(till, does, which, pieces)| Act::Stock { till, does, which, pieces }),
        1 => Just(Act::Restart),
        1 => Just(Act::Carry),
        2 => (0..200usize).prop_map(|which| Act::Repeat { which }),
    ]
}

struct World {
    shop: Shop,
    tills: Vec<WorkstationId>,
    /// Units that came or went, by record.
    moves: Vec<(u64, Sku, Qty)>,
    /// Commands that were done, with their answers.
    done: Vec<(Ask, Answer)>,
    /// Unmarked papers asked for, per transaction.
    papers: BTreeMap<TxnId, u32>,
    /// The model of stock: adopted count and what left since, per article.
    counted: BTreeMap<Sku, Qty>,
    /// Units of orders that were handed over, part by part.
    handed: BTreeMap<OrderNo, Vec<Vec<(Sku, Qty)>>>,
    version: u64,
}

impl World {
    fn new(rules: &str) -> World {
        let mut shop = Shop::new(baskets::rules(&BasketFile::read(rules)));
        for (index, (price, class)) in [(119, "A"), (249, "B"), (3, "A"), (1999, "B"), (0, "A")].into_iter().enumerate() {
            let article = BasketFile::read(&format!("{rules}line {class} 0.00 x 1"));
            let code = format!("a{index}");
            let mut article = baskets::article(&code, &article.lines[0]);
            article.unit_price = Money::from_minor(price);
            article.quantity_from = if index == 2 { QuantityFrom::Code } else { QuantityFrom::Entry };
            shop.sells(&code, article);
        }
        shop.order_facts.handed_over_ago_ms = Some(1_000);
        shop.scans.insert("misread".to_owned(), ScanFact::Misread { reason: "torn".to_owned() });
        let tills = ["1", "2", "3"].map(|id| WorkstationId::new(id).unwrap()).to_vec();
        let mut world = World {
            shop,
            tills,
            moves: Vec::new(),
            done: Vec::new(),
            papers: BTreeMap::new(),
            counted: BTreeMap::new(),
            handed: BTreeMap::new(),
            version: 0,
        };
        world.act(&Act::Day);
        world
    }

    fn act(&mut self, act: &Act) {
        let (till, command) = match act {
            Act::Scan { till, article, times } => {
                (Some(*till), Command::AddLine { code: format!("a{article}"), quantity: Some(Qty::pieces(*times)) })
            }
            Act::Quantity { till, line, pieces } => {
                (Some(*till), Command::SetQuantity { line: self.line(*till, *line), quantity: Qty::pieces(*pieces) })
            }
            Act::VoidLine { till, line } => (Some(*till), Command::VoidLine { line: self.line(*till, *line) }),
            Act::Undo { till } => (Some(*till), Command::Undo {}),
            Act::VoidSale { till } => (Some(*till), Command::VoidTransaction {}),
            Act::Suspend { till } => (Some(*till), Command::Suspend {}),
            Act::Training { till, on } => (Some(*till), Command::SetTraining { on: *on }),
            Act::Recall { till, which } => match pick(self.shop.state.suspended().map(|basket| basket.txn), *which) {
                None => return,
                Some(txn) => (Some(*till), Command::Recall { txn }),
            },
            Act::Cash { till, tenths } => {
                let step = self.shop.rules.cash_step;
                (Some(*till), Command::TenderCash { amount: self.share(*till, *tenths).to_step(step, RoundingMode::HalfUp) })
            }
            Act::Card { till, tenths } => (Some(*till), Command::StartCard { amount: Some(self.share(*till, *tenths)) }),
            Act::EndCard { till, paid } => {
                let card = self.shop.state.open_basket(&self.tills[*till]).and_then(|basket| basket.card.clone());
                let Some(card) = card else { return };
                (Some(*till), Command::EndCard { attempt: card.attempt, paid: *paid })
            }
            Act::TakeBack { till, which } => (Some(*till), Command::RemoveTender { index: u32::try_from(*which).unwrap() }),
            Act::Reprint { till } => (Some(*till), Command::Reprint { txn: None }),
            Act::Printer { which, says } => {
                let Some(job) = pick(self.shop.state.prints.keys().copied(), *which) else { return };
                let cause = "paper".to_owned();
                let progress = match says {
                    0 => PrintProgress::HeldClean { cause },
                    1 => PrintProgress::Printed {},
                    2 => PrintProgress::Sent {},
                    3 => PrintProgress::FailedClean { cause },
                    4 => PrintProgress::Unknown { cause },
                    _ => PrintProgress::Resumed {},
                };
                (None, Command::ReportPrint { job, progress })
            }
            Act::Settle { which, copy } => {
                let Some(job) = pick(self.shop.state.prints.keys().copied(), *which) else { return };
                (Some(1), Command::SettlePrint { job, answer: if *copy { PrintAnswer::PrintCopy } else { PrintAnswer::Complete } })
            }
            Act::Day => {
                self.ask(None, Command::CloseDay {});
                (None, Command::OpenDay { date: "2026-03-02".parse().unwrap() })
            }
            Act::Drawer { till, does, amount } => (Some(*till), random_cash::command(*does, *amount)),
            Act::Order { till, does, which, pieces } => match random_orders::command(&self.shop.state, *does, *which, *pieces) {
                None => return,
                Some(command) => (Some(*till), command),
            },
            Act::Stock { till, does, which, pieces } => match random_stock::command(&self.shop.state, *does, *which, *pieces) {
                None => return,
                Some(command) => (Some(*till), command),
            },
            Act::Adopt { pieces } => return self.adopt(Qty::pieces(*pieces)),
            Act::Restart => return self.shop.restart(),
            Act::Carry => {
                self.shop.state = State::from_parts(&self.shop.state.to_parts()).unwrap();
                return;
            }
            Act::Repeat { which } => return self.repeat(*which),
        };
        self.ask(till, command);
    }

    fn ask(&mut self, till: Option<usize>, command: Command) {
        let before = self.shop.state.clone();
        let till = till.map(|till| self.tills[till].clone());
        let Ok(decision) = self.shop.ask(till.as_ref(), command) else {
            assert!(self.shop.state == before, "a refusal changes nothing");
            return;
        };
        for effect in &self.shop.effects {
            if let Effect::Print { what: PrintWhat::Receipt { record, copy: 0 }, .. } = effect {
                *self.papers.entry(record.txn).or_default() += 1;
            }
        }
        self.count_stock(&decision);
        if let Some(Event::LineAdded { .. } | Event::LineQuantitySet { .. } | Event::LineVoided { .. }) = decision.events.first() {
            self.undo_restores(before, till.as_ref());
        }
        if !decision.events.is_empty() {
            self.done.push((self.shop.last_ask.clone().unwrap(), decision.answer));
        }
        for (sku, counted) in &self.counted {
            assert_eq!(self.shop.on_hand(sku), Some(*counted), "{sku}");
        }
    }

    /// Undo in a copy of the shop's state gives back what was there before the act.
    fn undo_restores(&self, before: State, till: Option<&WorkstationId>) {
        let mut undone = self.shop.state.clone();
        let template = self.shop.last_ask.clone().unwrap();
        let ask = Ask {
            id: counterfoil::ids::CommandId::new("undo").unwrap(),
            workstation: till.cloned(),
            seq: template.seq + 1,
            command: Command::Undo {},
            ..template
        };
        let decision = decide(&undone, &self.shop.rules, &ask, &Facts::default()).expect("what was done can be undone");
        for event in &decision.events {
            undone.apply(ask.seq, event);
        }
        assert!(comparable(undone) == comparable(before), "undo restores the exact state");
    }

    fn repeat(&mut self, which: usize) {
        let Some((ask, answer)) = pick(self.done.iter().cloned(), which) else { return };
        let before = self.shop.state.clone();
        let again = self.shop.send(ask).expect("a repeat is answered");
        assert_eq!(again, Decision { events: Vec::new(), answer, repeat: true });
        assert!(self.shop.state == before);
        let (mut other, _) = self.done[which % self.done.len()].clone();
        other.content.push('x');
        assert_eq!(self.shop.send(other), Err(Refusal::CommandReused));
    }

    /// A stock feed with every article that has none yet, counted now.
    fn adopt(&mut self, pieces: Qty) {
        self.version += 1;
        let head_seq = self.shop.seq();
        let fresh: Vec<Sku> =
            (0..5).map(|index| Sku::new(&format!("a{index}")).unwrap()).filter(|sku| !self.counted.contains_key(sku)).collect();
        self.shop.new_baselines = vec![BaselineFact { head_seq, settled: fresh.clone() }];
        self.shop.ask(None, Command::AdoptFeed { feed: Feed::Stock, version: self.version, hash: "h".to_owned() }).unwrap();
        for sku in fresh {
            let fact = StockFact { sku: sku.clone(), baseline: pieces, head_seq, as_of: self.shop.now };
            self.shop.baselines.insert(sku.clone(), fact);
            self.counted.insert(sku, pieces);
        }
    }

    fn count_stock(&mut self, decision: &Decision) {
        let former = self.counted.clone();
        for event in &decision.events {
            let mut moved = random_orders::moved(event, &mut self.handed);
            if let Event::TransactionCompleted { record } = event
                && !record.training
            {
                // What an order's sale pays leaves with its hand-over.
                moved.extend(record.lines.iter().filter(|line| line.order.is_none()).map(|line| (line.sku.clone(), -line.quantity)));
            }
            for (sku, quantity) in &moved {
                if let Some(counted) = self.counted.get_mut(sku) {
                    *counted += *quantity;
                }
            }
            if !random_stock::only_corrects(event) {
                self.moves.extend(moved.into_iter().map(|(sku, quantity)| (decision.answer.seq, sku, quantity)));
            }
            for (sku, quantity) in random_stock::counted(event, &self.moves) {
                self.counted.insert(sku, quantity);
            }
        }
        // What a picker did not find is counted whatever the book says, and so is what is not looked at by a sale.
        let by_itself = |event: &Event| {
            let of_order = matches!(event, Event::OrderLineShort { .. } | Event::OrderLineMissed { .. } | Event::OrderLineReplaced { .. });
            of_order || matches!(event, Event::StockCounted { .. }) || matches!(event, Event::CountRequested { why: Some(_), .. })
        };
        if decision.events.iter().any(by_itself) {
            return;
        }
        let fell = |(sku, counted): (&Sku, &Qty)| former.get(sku).is_some_and(|former| *former >= Qty::ZERO) && *counted < Qty::ZERO;
        let below: Vec<(Sku, Qty)> =
            self.counted.iter().filter(|entry| fell(*entry)).map(|(sku, counted)| (sku.clone(), *counted)).collect();
        let asked = |event: &Event| match event {
            Event::CountRequested { sku, on_hand, .. } => Some((sku.clone(), *on_hand)),
            _ => None,
        };
        assert_eq!(
            decision.events.iter().filter_map(asked).collect::<Vec<_>>(),
            below,
            "counts are asked for exactly when stock falls below zero"
        );
    }

    /// Over the whole record: numbers without gaps, day reports that are the sum of their sales, one unmarked paper per sale.
    fn end(&self) {
        assert!(self.papers.values().all(|papers| *papers == 1), "never two unmarked papers");
        let mut next: BTreeMap<(WorkstationId, bool), u64> = BTreeMap::new();
        let (mut sales, mut total, mut tax, mut kept) = (0, 0, 0, 0);
        // Over all days: what was sold is what the Zs and their addenda say, and what is not closed yet.
        let (mut sold, mut reported) = (0, 0);
        for record in &self.shop.journal {
            let events = serde_json::from_str::<Vec<Event>>(record).unwrap();
            let is_late = events.iter().any(|event| matches!(event, Event::DayAddendum { .. }));
            for event in events {
                match event {
                    Event::TransactionCompleted { record } => {
                        let counter = next.entry((record.workstation.clone(), record.training)).or_insert(1);
                        assert_eq!(record.number.counter, *counter);
                        *counter += 1;
                        if record.training {
                            continue;
                        }
                        sold += record.total.minor();
                        if is_late {
                            continue;
                        }
                        sales += 1;
                        total += record.total.minor();
                        tax += record.taxes.iter().map(|group| group.tax.minor()).sum::<i64>();
                        kept += record.tenders.iter().map(|tender| tender.amount.minor()).sum::<i64>() - record.change.minor();
                    }
                    Event::TransactionVoided { record } => {
                        let counter = next.entry((record.workstation.clone(), record.training)).or_insert(1);
                        assert_eq!(record.number.counter, *counter);
                        *counter += 1;
                    }
                    Event::DayAddendum { addendum } => reported += addendum.totals.total.minor(),
                    Event::DayClosed { report } => {
                        let sum = |amounts: Vec<Money>| amounts.iter().map(|amount| amount.minor()).sum::<i64>();
                        assert_eq!((report.totals.sales, report.totals.total.minor()), (sales, total));
                        assert_eq!(sum(report.totals.taxes.iter().map(|group| group.tax).collect()), tax);
                        assert_eq!(sum(report.totals.tenders.iter().map(|(_, amount)| *amount).collect()), kept);
                        reported += total;
                        (sales, total, tax, kept) = (0, 0, 0, 0);
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(sold, reported + total);
        random_cash::check(&self.shop.journal, &self.shop.state);
        random_orders::check(&self.shop.journal);
    }

    fn line(&self, till: usize, which: usize) -> u32 {
        let lines = self.shop.state.open_basket(&self.tills[till]).map(|basket| basket.live().map(|line| line.line).collect::<Vec<u32>>());
        pick(lines.unwrap_or_default().into_iter(), which).unwrap_or(1)
    }

    fn share(&self, till: usize, tenths: i64) -> Money {
        let (Some(open), Day::Open { date, .. }) = (self.shop.state.open_basket(&self.tills[till]), &self.shop.state.day) else {
            return Money::from_minor(500);
        };
        let due = basket::totals(open, &self.shop.rules, *date).unwrap().due;
        due.scale(tenths, 10, RoundingMode::HalfUp)
    }
}

/// Without what undo does not take back: answers, line numbers already used, and the empty record of a workstation.
fn comparable(mut state: State) -> State {
    state.answers = Default::default();
    state.baskets.values_mut().for_each(|basket| basket.next_line = 0);
    state.workstations.retain(|_, workstation| *workstation != Default::default());
    state
}

fn pick<T>(from: impl Iterator<Item = T>, which: usize) -> Option<T> {
    let all: Vec<T> = from.collect();
    let index = which.checked_rem(all.len())?;
    all.into_iter().nth(index)
}

fn sold(line: u32, extended: Money, class: &str) -> SoldLine {
    let text = |text: &str| text.to_owned();
    SoldLine {
        line,
        sku: Sku::new("any").unwrap(),
        name: text("any"),
        code: text("any"),
        gtin: None,
        quantity: Qty::ONE,
        quantity_from: QuantityFrom::Entry,
        unit: Default::default(),
        unit_price: extended,
        gross: extended,
        discounts: Vec::new(),
        extended,
        tax_class: counterfoil::ids::TaxClassId::new(class).unwrap(),
        group: String::new(),
        embedded_price: None,
        batch: None,
        serial: None,
        price_version: 1,
        returned: None,
        price_list: None,
        price_set: None,
        last_day: None,
        weighed: None,
        order: None,
    }
}

/// Any country: decimals, mode, place, classes with one to three components, lines with discounts, paid by card and cash.
fn basket_file() -> impl Strategy<Value = BasketFile> {
    let currency = prop::sample::select(vec![("EUR", 2), ("JPY", 0), ("KWD", 3), ("CHF", 2)]);
    let mode = prop::sample::select(vec!["half_up", "half_even", "down"]);
    let place = prop::sample::select(vec!["line", "group", "transaction"]);
    // Percent in quarters and thousandths of a percent, as laws have them.
    let rate = prop_oneof![
        (0..30i128).prop_map(|percent| percent * 10_000),
        (0..400i128).prop_map(|eighths| eighths * 1_250),
        Just(55_000),
        Just(3_750)
    ];
    let class = prop::collection::vec(rate, 0..4);
    let line =
        (0..4usize, prop_oneof![0..3_000i128, 0..10_000_000i128], prop_oneof![(1..20i128).prop_map(|n| n * 1000), 1..5_000i128], 0..3i128);
    let lines = prop::collection::vec(line, 1..12);
    (currency, any::<bool>(), mode, place, prop::collection::vec(class, 1..5), lines, 0..11i128).prop_map(
        |((currency, exponent), inclusive, mode, place, rates, lines, by_card)| {
            let class = |(index, rates): (usize, &Vec<i128>)| Class {
                id: format!("C{index}"),
                label: format!("class {index}"),
                exempt: rates.is_empty().then(|| "nothing to tax".to_owned()),
                components: rates.iter().enumerate().map(|(n, rate)| (format!("part {n}"), *rate)).collect(),
            };
            let line = |(class, price, quantity, third): &(usize, i128, i128, i128)| {
                let quantity = *quantity;
                let price_of_line = (price * quantity * 2 / 1000 + 1) / 2;
                Line {
                    class: format!("C{}", class % rates.len()),
                    price: *price,
                    quantity,
                    unit: if quantity % 1000 == 0 { String::new() } else { "kg".to_owned() },
                    less: (*third == 0).then(|| ("a third off".to_owned(), price_of_line / 3)),
                }
            };
            let mut file = BasketFile {
                currency: currency.to_owned(),
                exponent,
                inclusive,
                mode: mode.to_owned(),
                place: place.to_owned(),
                cash_step: if currency == "CHF" { 5 } else { 0 },
                classes: rates.iter().enumerate().map(class).collect(),
                lines: lines.iter().map(line).collect(),
                ..BasketFile::default()
            };
            let total = baskets::minor_of(&file, "total");
            let card = total * by_card / 10;
            if card > 0 {
                file.payments.push(Payment::Card(card));
            }
            if total - card > 0 || card == 0 {
                // The next note above, or nothing for a free basket.
                let rest = total - card;
                file.payments.push(Payment::Cash(if rest == 0 { 0 } else { (rest / 1000 + 1) * 1000 }));
            }
            file
        },
    )
}

/// Runs `test` on `cases` values. A panic in it is a failure, shrunk to the smallest value that still fails.
pub fn check<S: Strategy>(cases: u32, strategy: S, mut test: impl FnMut(&S::Value)) {
    let seed: u64 = std::env::var("COUNTERFOIL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let test = std::cell::RefCell::new(&mut test);
    let result = runner.run(&strategy, |value| {
        (test.borrow_mut())(&value);
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, value)) => panic!("{why}\nsmallest case: {value:#?}\nreplay with COUNTERFOIL_SEED={seed}"),
        Err(TestError::Abort(why)) => panic!("gave up: {why}\nreplay with COUNTERFOIL_SEED={seed}"),
    }
}
