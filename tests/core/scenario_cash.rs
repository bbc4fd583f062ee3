//! The words of scenarios about tills, safe and addenda.

use std::collections::BTreeMap;

use counterfoil::ids::{BagNo, ReasonCode, StaffId, WorkstationId};
use counterfoil::money::Money;
use counterfoil::retail::cash::{CashCount, MovementKind, Pieces, denominations, sum_of};
use counterfoil::retail::event::PrintSubject;
use counterfoil::retail::till::{Phase, XReport};
use counterfoil::retail::{Command, Decision, Event};

use super::scenario::compare;
use super::shop::Shop;

/// A line that is no command: `cash-control`, `staff bert`.
pub fn line(shop: &mut Shop, words: &[String]) -> bool {
    match words[0].as_str() {
        "cash-control" => {
            shop.rules.cash_control = true;
            shop.rules.cash.denominations = denominations(&shop.rules.currency, shop.rules.cash_step);
        }
        "staff" => shop.staff = Some(StaffId::new(&words[1]).unwrap()),
        "expect" if words[1] == "till" => expect_till(shop, words),
        "expect" if words[1] == "safe:" => {
            let safe = &shop.state.cash.safe;
            let shown = BTreeMap::from([
                ("cash", shop.rules.currency.plain(safe.cash)),
                (
                    "phase",
                    match &safe.phase {
                        Phase::Open => "open",
                        Phase::Counting { .. } => "counting",
                        Phase::Counted { .. } => "counted",
                    }
                    .to_owned(),
                ),
                ("count", safe.reports.to_string()),
                ("bags", safe.waiting().map(|(bag, _)| bag.to_string()).collect::<Vec<_>>().join(" ")),
            ]);
            compare(&shown, &words.join(" "), &words.join(" "));
        }
        // What the newest Z says about its cash.
        "expect" if words[1] == "z:" => {
            let report = shop.state.last_report.as_ref().unwrap();
            let plain = |amount| shop.rules.currency.plain(amount);
            let tills = report.tills.iter().map(|till| format!("{}:{}:{}", till.till, till.number, plain(till.difference)));
            let shown = BTreeMap::from([
                ("tills", tills.collect::<Vec<_>>().join(" ")),
                (
                    "safe",
                    report.safe.iter().map(|count| format!("{}:{}", count.number, plain(count.difference))).collect::<Vec<_>>().join(" "),
                ),
                ("uncounted", report.uncounted.iter().map(|till| till.till.to_string()).collect::<Vec<_>>().join(" ")),
                ("open", report.open.len().to_string()),
                ("dated", report.open.iter().filter(|open| open.keeps_date).count().to_string()),
                ("pickups", plain(sum_of(&report.movements, MovementKind::Pickup))),
                (
                    "unproved",
                    report.tills.iter().filter(|till| till.unproved).map(|till| format!("{}:{}", till.till, till.number)).collect(),
                ),
            ]);
            compare(&shown, &words.join(" "), &words.join(" "));
        }
        _ => return false,
    }
    true
}

/// `expect till 1: phase counting, expected 12.00`, `expect till 1 closed`.
fn expect_till(shop: &Shop, words: &[String]) {
    let at = words.join(" ");
    let till = WorkstationId::new(words[2].trim_end_matches(':')).unwrap();
    let Some(session) = shop.state.cash.session(&till) else {
        assert_eq!(words[3], "closed", "{at}");
        return;
    };
    let plain = |amount| shop.rules.currency.plain(amount);
    let phase = match session.phase {
        Phase::Open => "open",
        Phase::Counting { .. } => "counting",
        Phase::Counted { .. } => "counted",
    };
    let shown = BTreeMap::from([
        ("phase", phase.to_owned()),
        ("number", session.number.to_string()),
        ("owner", session.owner.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("float", plain(session.float)),
        ("taken", plain(session.taken)),
        ("expected", plain(session.expected())),
    ]);
    compare(&shown, &at, &at);
}

/// `None`: not a command about cash.
pub fn command(words: &[String], money: &dyn Fn(&str) -> Money, at: &str) -> Option<Command> {
    let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), String::as_str);
    let reason = |index: usize| ReasonCode::new(word(index)).unwrap();
    let maybe = |index: usize| words.get(index).map(|code| ReasonCode::new(code).unwrap());
    let bag = |text: &str| BagNo::new(text).unwrap();
    // "12.50", or "pieces 50x2 0.20x3".
    let count = || match word(1) {
        "pieces" => CashCount::Pieces(
            words[2..]
                .iter()
                .map(|piece| {
                    let (value, count) = piece.split_once('x').unwrap_or_else(|| panic!("{at}: VALUExCOUNT"));
                    Pieces { value: money(value), count: count.parse().unwrap() }
                })
                .collect(),
        ),
        total => CashCount::Total(money(total)),
    };
    Some(match word(0) {
        "open-till" => Command::OpenTill { float: count() },
        "loan" => Command::Loan { amount: money(word(1)) },
        "pickup" => Command::Pickup { amount: money(word(1)), bag: words.get(3).map(|number| bag(number)) },
        "paid-in" => Command::PaidIn { amount: money(word(1)), reason: reason(2) },
        "paid-out" => Command::PaidOut { amount: money(word(1)), reason: reason(2) },
        "no-sale" => Command::NoSale { reason: reason(1) },
        "start-count" => Command::StartCount {},
        "cancel-count" => Command::CancelCount {},
        "count" => Command::CountTill { count: count() },
        "close-till" => Command::CloseTill { reason: maybe(1) },
        "hand-over" => Command::HandOverTill { to: StaffId::new(word(1)).unwrap(), reason: maybe(2) },
        "print-x" => Command::PrintX { of: if word(1) == "till" { XReport::Till } else { XReport::Day } },
        "pack-bag" => Command::PackBag { bag: bag(word(1)), amount: money(word(2)) },
        "start-safe" => Command::StartSafeCount {},
        "cancel-safe" => Command::CancelSafeCount {},
        "count-safe" => Command::CountSafe { count: count() },
        "close-safe" => Command::CloseSafeCount { reason: maybe(1) },
        "collect-bag" => Command::CollectBag { bag: bag(word(1)) },
        _ => return None,
    })
}

/// `difference -0.50`, `addendum 2 of 2026-03-02`. False: not about cash.
pub fn outcome(decision: &Decision, words: &[String], money: &dyn Fn(&str) -> Money, at: &str) -> bool {
    match words[0].as_str() {
        "difference" => assert_eq!(decision.answer.difference, Some(money(&words[1])), "{at}"),
        "addendum" => {
            let found = decision.events.iter().find_map(|event| match event {
                Event::DayAddendum { addendum } => Some(format!("addendum {} of {}", addendum.number, addendum.date)),
                _ => None,
            });
            assert_eq!(found, Some(words.join(" ")), "{at}");
        }
        // Answer, Z and X must agree on it.
        "proved" | "unproved" => {
            let unproved = words[0] == "unproved";
            let reports = decision.events.iter().filter_map(|event| match event {
                Event::TillClosed { report } => Some(report),
                Event::PrintRequested { what: PrintSubject::TillX(report), .. } => Some(report),
                _ => None,
            });
            let reports: Vec<bool> = reports.map(|report| !report.unproved.is_empty()).collect();
            assert!(reports.iter().all(|said| *said == unproved), "{at}: {reports:?}");
            assert!(decision.answer.difference.is_none() || decision.answer.unproved == unproved, "{at}");
            assert!(!reports.is_empty() || decision.answer.difference.is_some(), "{at}: nothing says it");
        }
        "on-time" => assert!(!decision.events.iter().any(|event| matches!(event, Event::DayAddendum { .. })), "{at}"),
        _ => return false,
    }
    true
}
