//! The cash of random days, added up a second time from the record alone.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil::ids::{BagNo, ReasonCode, StaffId, TxnId, WorkstationId};
use counterfoil::money::Money;
use counterfoil::retail::cash::{CashCount, MovementKind};
use counterfoil::retail::till::{FloatFrom, XReport};
use counterfoil::retail::{Command, Event, State, TenderKind};

/// One of the things people do with a drawer. `does` chooses, `amount` is in steps of five.
pub fn command(does: usize, amount: i64) -> Command {
    let money = Money::from_minor(amount * 5);
    let reason = |code: &str| ReasonCode::new(code).unwrap();
    match does {
        0 | 1 => Command::OpenTill { float: CashCount::Total(money) },
        2 => Command::Loan { amount: money },
        3 => Command::Pickup { amount: money, bag: None },
        4 => Command::Pickup { amount: money, bag: Some(BagNo::new(&format!("b{amount}")).unwrap()) },
        5 => Command::PaidIn { amount: money, reason: reason("found") },
        6 => Command::PaidOut { amount: money, reason: reason("postage") },
        7 => Command::NoSale { reason: reason("other") },
        8 | 9 => Command::StartCount {},
        10 | 11 => Command::CountTill { count: CashCount::Total(money) },
        12 => Command::CancelCount {},
        13 | 14 => Command::CloseTill { reason: Some(reason("unknown")) },
        15 => Command::HandOverTill { to: StaffId::new(["bert", "carla"][amount as usize % 2]).unwrap(), reason: Some(reason("unknown")) },
        16 => Command::PrintX { of: XReport::Till },
        17 => Command::PackBag { bag: BagNo::new(&format!("p{amount}")).unwrap(), amount: money },
        18 => Command::StartSafeCount {},
        19 => Command::CountSafe { count: CashCount::Total(money) },
        20 => Command::CloseSafeCount { reason: Some(reason("unknown")) },
        _ => Command::CollectBag { bag: BagNo::new(&format!("b{amount}")).unwrap() },
    }
}

/// Drawers, safe and bags by the events, each added up here. Panics when a Z or the state says otherwise.
pub fn check(journal: &[String], state: &State) {
    let mut drawers: BTreeMap<WorkstationId, i64> = BTreeMap::new();
    let mut places: BTreeMap<TxnId, WorkstationId> = BTreeMap::new();
    let mut tenders: BTreeMap<TxnId, Vec<(TenderKind, i64)>> = BTreeMap::new();
    let mut reports: BTreeMap<WorkstationId, u64> = BTreeMap::new();
    // Practice, by its own events: what is in it moves nothing.
    let (mut practising, mut practice) = (BTreeSet::new(), BTreeSet::new());
    let (mut safe, mut bags) = (0, 0);
    for event in journal.iter().flat_map(|record| serde_json::from_str::<Vec<Event>>(record).unwrap()) {
        match event {
            Event::TrainingSet { workstation, on, .. } => {
                assert!(if on { practising.insert(workstation) } else { practising.remove(&workstation) });
            }
            Event::LineAdded { txn, workstation, .. } | Event::TransactionRecalled { txn, workstation, .. } => {
                if practising.contains(&workstation) {
                    practice.insert(txn);
                }
                places.insert(txn, workstation);
            }
            Event::TenderAdded { txn, .. } | Event::TenderRemoved { txn, .. } if practice.contains(&txn) => {}
            Event::TransactionCompleted { record } if practice.contains(&record.txn) => assert!(record.training),
            Event::TenderAdded { txn, tender } => {
                let cash = if tender.kind == TenderKind::Cash { tender.amount.minor() } else { 0 };
                tenders.entry(txn).or_default().push((tender.kind, tender.amount.minor()));
                drawers.entry(places[&txn].clone()).and_modify(|drawer| *drawer += cash);
            }
            Event::TenderRemoved { txn, index } => {
                let (kind, amount) = tenders.get_mut(&txn).unwrap().remove(index as usize);
                assert_eq!(kind, TenderKind::Cash);
                drawers.entry(places[&txn].clone()).and_modify(|drawer| *drawer -= amount);
            }
            Event::TransactionCompleted { record } => {
                drawers.entry(record.workstation.clone()).and_modify(|drawer| *drawer -= record.change.minor());
            }
            Event::TillOpened { till, float, from, .. } => {
                safe -= if from == FloatFrom::Safe { float.minor() } else { 0 };
                assert_eq!(drawers.insert(till, float.minor()), None, "opened once");
            }
            Event::CashMoved { movement } => {
                let amount = movement.amount.minor();
                let (drawer, into_safe) = match movement.kind {
                    MovementKind::Loan => (amount, -amount),
                    MovementKind::Pickup => (-amount, amount),
                    MovementKind::PaidIn => (amount, 0),
                    MovementKind::PaidOut => (-amount, 0),
                    MovementKind::NoSale => (0, 0),
                };
                if movement.bag.is_some() {
                    bags += into_safe
                } else {
                    safe += into_safe
                }
                drawers.entry(movement.till.clone()).and_modify(|held| *held += drawer);
            }
            Event::TillClosed { report } => {
                let number = reports.entry(report.till.clone()).or_default();
                *number += 1;
                assert_eq!(report.number, *number, "tills' Zs are numbered without gaps");
                let counted = report.counted.as_ref().unwrap();
                assert_eq!(drawers.remove(&report.till), Some(report.expected.minor()), "a Z equals its fold");
                assert_eq!(counted.difference, counted.counted - report.expected);
                safe += if report.handed_to.is_none() { counted.counted.minor() } else { 0 };
            }
            Event::SafeCountClosed { report } => {
                assert_eq!(report.expected.minor(), safe, "a count of the safe equals its fold");
                safe = report.counted.counted.minor();
            }
            Event::BagPacked { amount, .. } => (safe, bags) = (safe - amount.minor(), bags + amount.minor()),
            Event::BagCollected { bag, .. } => bags -= state_bag(journal, &bag),
            _ => {}
        }
    }
    let held = |(till, book): (&WorkstationId, &counterfoil::retail::till::Till)| {
        book.session.as_ref().map(|session| (till.clone(), session.cash.minor()))
    };
    assert_eq!(state.cash.tills.iter().filter_map(held).collect::<BTreeMap<_, _>>(), drawers);
    assert_eq!(state.cash.safe.cash.minor(), safe);
    assert_eq!(state.cash.safe.waiting().map(|(_, bag)| bag.amount.minor()).sum::<i64>(), bags);
}

/// What was in a bag when it was packed for the last time: its number may be used again after the day it was collected on.
fn state_bag(journal: &[String], number: &BagNo) -> i64 {
    let events = journal.iter().rev().flat_map(|record| serde_json::from_str::<Vec<Event>>(record).unwrap());
    let packed = events.filter_map(|event| match event {
        Event::BagPacked { bag, amount, .. } if bag == *number => Some(amount.minor()),
        Event::CashMoved { movement } if movement.bag.as_ref() == Some(number) => Some(movement.amount.minor()),
        _ => None,
    });
    packed.into_iter().next().expect("a bag that was collected was packed")
}
