//! The words of scenarios about stock work: see `tests/scenarios/README.md`.

use counterfoil::ids::{DeliveryNo, Sku, WorkstationId};
use counterfoil::money::Money;
use counterfoil::retail::stock::{AdjustWhy, DismissWhy, SheetKind, SheetLine, StockAct, StockStep};
use counterfoil::retail::{Command, Decision, Event};

use super::scenario::qty;
use super::shop::Shop;

fn named<T: serde::de::DeserializeOwned>(text: &str, at: &str) -> T {
    serde_json::from_str(&format!("{text:?}")).unwrap_or_else(|_| panic!("{at}: what is {text}?"))
}

/// A line that is no command: the store's rules, and what is expected of the book.
pub fn line(shop: &mut Shop, words: &[String], at: &str) -> bool {
    let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), String::as_str);
    match (word(0), words.get(1).map(String::as_str)) {
        ("stock-rule", Some(rule)) => {
            let rules = &mut shop.rules.stock;
            let number = |index: usize| word(index).parse().unwrap_or_else(|_| panic!("{at}: a number"));
            match rule {
                "recount" => (rules.recount_units, rules.recount_percent) = (qty(word(2)), number(3)),
                "adjust" => rules.adjust_value_max = Money::from_minor(i64::from(number(2))),
                "low" if words.len() > 3 => drop(rules.low_min_of.insert(Sku::new(word(2)).unwrap(), qty(word(3)))),
                "low" => rules.low_min = qty(word(2)),
                "not-moved" => rules.not_moved_days = number(2),
                "not-counted" => rules.not_counted_days = number(2),
                other => panic!("{at}: no rule {other}"),
            }
        }
        ("fill-sheet", Some(lines)) => {
            let line = |line: u32| SheetLine {
                line,
                sku: Sku::new(&format!("a{line}")).unwrap(),
                name: "Article".to_owned(),
                unit: Default::default(),
                quantity: None,
                batch: None,
                expiry: None,
                seen: None,
                first: None,
            };
            let step = StockStep { by: shop.staff.clone(), workstation: WorkstationId::new("1").unwrap(), at: shop.now };
            shop.write(&[Event::CountListed { step, lines: (1..=lines.parse().unwrap()).map(line).collect() }]);
        }
        ("stock-kept", Some(place)) => shop.stock_kept_elsewhere = place == "elsewhere",
        // expect sheet 1 count: milk 3, soap ?
        ("expect", Some("sheet")) => {
            let (workstation, kind) = (WorkstationId::new(word(2)).unwrap(), named(word(3).trim_end_matches(':'), at));
            let lines = shop.state.stock.sheet(kind, &workstation).map(|sheet| sheet.lines.as_slice()).unwrap_or_default();
            let shown = lines.iter().map(|line| {
                let batch = line.batch.as_ref().map(|batch| format!(" {batch}")).unwrap_or_default();
                format!("{}{batch} {}", line.sku, line.quantity.map_or_else(|| "?".to_owned(), |quantity| quantity.plain()))
            });
            assert_eq!(shown.collect::<Vec<_>>().join(", "), words[4..].join(" "), "{at}");
        }
        // expect tasks: 1 milk negative, 2 soap short_pick anna
        ("expect", Some("tasks:")) => {
            let shown = shop.state.stock.tasks.iter().map(|(number, task)| {
                let why = serde_json::to_string(&task.why).unwrap();
                let by = task.taken.as_ref().and_then(|step| step.by.as_ref()).map(|by| format!(" {by}")).unwrap_or_default();
                format!("{number} {} {}{by}", task.sku, why.trim_matches('"'))
            });
            assert_eq!(shown.collect::<Vec<_>>().join(", "), words[2..].join(" "), "{at}");
        }
        ("expect", Some("low:")) => {
            let shown = shop.state.stock.low.iter().map(|(sku, low)| format!("{sku} {} of {}", low.on_hand.plain(), low.min.plain()));
            assert_eq!(shown.collect::<Vec<_>>().join(", "), words[2..].join(" "), "{at}");
        }
        _ => return false,
    }
    true
}

/// `None`: not a command about stock.
pub fn command(words: &[String], at: &str) -> Option<Command> {
    let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), String::as_str);
    let number = |index: usize| word(index).parse::<u32>().unwrap_or_else(|_| panic!("{at}: a number"));
    let kind = |index: usize| named::<SheetKind>(word(index), at);
    let times = |index: usize| (words.get(index).map(String::as_str) == Some("x")).then(|| qty(word(index + 1)));
    let act = match word(0) {
        "tally" => StockAct::Add { sheet: SheetKind::Count, code: word(1).to_owned(), quantity: times(2) },
        "receive" => StockAct::Add { sheet: SheetKind::Receipt, code: word(1).to_owned(), quantity: times(2) },
        "set" => StockAct::Set { sheet: kind(1), line: number(2), quantity: qty(word(3)) },
        "off" => StockAct::Remove { sheet: kind(1), line: number(2) },
        "delivery" => StockAct::NameDelivery { delivery: words.get(1).map(|name| DeliveryNo::new(name).unwrap()) },
        "count-tasks" => StockAct::CountTasks {},
        "done" => StockAct::Finish { sheet: kind(1) },
        "drop" => StockAct::Discard { sheet: kind(1) },
        "adjust" => StockAct::Adjust { code: word(1).to_owned(), quantity: qty(word(2)), why: named::<AdjustWhy>(word(3), at) },
        "take-task" => StockAct::TakeTask { task: number(1).into(), take_over: words.get(2).is_some() },
        "leave-task" => StockAct::LeaveTask { task: number(1).into() },
        "dismiss" => StockAct::DismissTask { task: number(1).into(), why: named::<DismissWhy>(word(2), at) },
        "raise" => StockAct::RaiseCounts { skus: words[1..].iter().map(|sku| Sku::new(sku).unwrap()).collect() },
        _ => return None,
    };
    Some(Command::Stock(act))
}

/// `document 1`, `again 1 3` (lines), `low milk 2`, `filled milk`, `plenty` (neither). False: not about stock.
pub fn outcome(decision: &Decision, words: &[String], at: &str) -> bool {
    let shown = |event: &Event| match event {
        Event::StockRanLow { sku, on_hand, .. } => Some(format!("low {sku} {}", on_hand.plain())),
        Event::StockFilledUp { sku, .. } => Some(format!("filled {sku}")),
        Event::RecountAsked { lines, .. } => Some(format!("again {}", lines.iter().map(u32::to_string).collect::<Vec<_>>().join(" "))),
        _ => None,
    };
    let all: Vec<String> = decision.events.iter().filter_map(shown).collect();
    match words[0].as_str() {
        "document" => assert_eq!(decision.answer.document.map(|number| number.to_string()).as_ref(), words.get(1), "{at}"),
        "low" | "filled" | "again" => assert!(all.contains(&words.join(" ")), "{at}: {all:?}"),
        "plenty" => assert!(all.is_empty(), "{at}: {all:?}"),
        _ => return false,
    }
    true
}
