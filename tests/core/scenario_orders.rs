//! The words of scenarios about collect orders: see `tests/scenarios/README.md`.

use std::collections::BTreeMap;

use counterfoil::ids::{DeviceName, OrderNo, PlaceCode, Sku, StoreId, WorkstationId};
use counterfoil::money::Qty;
use counterfoil::retail::order::{
    AgreedPrice, Bag, ByHand, CodeFact, CollectOrder, CounterThen, CounterWhy, LabelEnd, OrderAct, OrderCopy, OrderLine, OrderState, Paper,
    RefusedWhy, RightTotals, ShortWhy, Shown, Step, Substitution, Zone, open_label,
};
use counterfoil::retail::print::PrintState;
use counterfoil::retail::rules::PromiseRules;
use counterfoil::retail::{Command, Decision, Effect, Event, PrintWhat, Refusal};

use super::scenario::{compare, qty};
use super::shop::Shop;

/// 2026-03-02T10:00:00Z: two hours after every scenario begins.
const PROMISED_MS: i64 = 1_772_445_600_000;

thread_local! {
    /// Of the scenario that runs.
    static COPIES: std::cell::RefCell<BTreeMap<String, OrderCopy>> = const { std::cell::RefCell::new(BTreeMap::new()) };
}

pub fn number(text: &str) -> OrderNo {
    OrderNo::new(text).unwrap()
}

/// `CODE:QTY`, with `:chilled`, `:from-18`, `:or-OTHER`, `:due-1.19-B`, `:paid-1.19-B` behind it.
fn order_line(text: &str, line: u32) -> OrderLine {
    let mut parts = text.split(':');
    let sku = Sku::new(parts.next().unwrap()).unwrap();
    let mut made = OrderLine {
        line,
        name: format!("the {sku}"),
        sku,
        quantity: qty(parts.next().unwrap()),
        unit: Default::default(),
        zone: Zone::Ambient,
        age_min: None,
        location: String::new(),
        substitutes: Vec::new(),
        substitute_names: Vec::new(),
        price: None,
    };
    for part in parts {
        match part.split_once('-') {
            Some(("from", years)) => made.age_min = Some(years.parse().unwrap()),
            Some(("or", other)) => made.substitutes.push(Sku::new(other).unwrap()),
            // "due-1.19-B": to be paid here; "paid-1.19-B": to the channel.
            Some((how @ ("due" | "paid"), price)) => {
                let (amount, class) = price.split_once('-').unwrap();
                let unit_price = counterfoil::money::Money::from_minor(amount.replace('.', "").parse().unwrap());
                let tax_class = counterfoil::ids::TaxClassId::new(class).unwrap();
                made.price = Some(AgreedPrice { unit_price, tax_class, paid: how == "paid" });
            }
            _ => made.zone = serde_json::from_str(&format!("{part:?}")).unwrap(),
        }
    }
    made
}

/// `deliver 4711 1 milk:2 eggs:1:chilled`, with `kept 48` (hours after it is to be ready) in between.
pub fn order(words: &[String]) -> CollectOrder {
    let (order, version) = (number(&words[1]), words[2].parse().unwrap());
    let kept = words.iter().position(|word| word == "kept");
    let hours: i64 = kept.map_or(72, |at| words[at + 1].parse().unwrap());
    let lines = words[3..]
        .iter()
        .filter(|word| word.contains(':') && !word.starts_with("promised="))
        .zip(1..)
        .map(|(word, line)| order_line(word, line))
        .collect::<Vec<_>>();
    let named = lines.iter().any(|line| !line.substitutes.is_empty());
    CollectOrder {
        code: format!("secret of {order}"),
        number_mark: format!("mark of {order}"),
        order,
        version,
        placed_ms: PROMISED_MS - 7_200_000,
        promised_ms: PROMISED_MS,
        expires_ms: PROMISED_MS + hours * 3_600_000,
        initials: String::new(),
        customer: None,
        subject: Some("0c0ffee0-0000-4000-8000-000000000001".parse().unwrap()),
        substitution: if named { Substitution::Named } else { Substitution::None },
        rights: words.iter().filter_map(|word| word.strip_prefix("promised=")).map(totals).collect(),
        lines,
    }
}

/// `milk:spent-2:released-1:answered-1`.
fn totals(text: &str) -> RightTotals {
    let mut parts = text.split(':');
    let sku = Sku::new(parts.next().unwrap()).unwrap();
    let mut totals = RightTotals::none(sku);
    for part in parts {
        match part.split_once('-').unwrap() {
            ("spent", units) => totals.spent = qty(units),
            ("released", units) => totals.released = qty(units),
            ("answered", units) => totals.answered = qty(units),
            other => panic!("no total is called {other:?}"),
        }
    }
    totals
}

/// A line that is no command: what the shell found out, and what is expected of the book.
pub fn line(shop: &mut Shop, words: &[String], at: &str) -> bool {
    match words[0].as_str() {
        "label-printer" => {
            let at = WorkstationId::new(&words[1]).unwrap();
            let workstation = shop.rules.workstations.iter_mut().find(|workstation| workstation.id == at).unwrap();
            workstation.label_printer = Some(DeviceName::new(&words[2]).unwrap());
        }
        "badge-as-place" => shop.order_facts.place_is_badge = words.get(1).map(String::as_str) != Some("no"),
        "shows" => shop.order_facts.code = Some(shown(&words[1], words.get(2).map(String::as_str))),
        "hand-over-ago" => shop.order_facts.handed_over_ago_ms = words[1].parse::<u64>().ok().map(|seconds| seconds * 1_000),
        // What head office would hand on to the next lead.
        "copy-orders" => {
            let made = shop.state.orders.copies().into_iter().map(|(number, copy)| (number.to_string(), copy));
            COPIES.set(made.collect());
        }
        "promise-rule" => {
            let mut rules = shop.rules.clone();
            rules.promises = PromiseRules { grant_percent: words[1].parse().unwrap(), safety: qty(&words[2]) };
            shop.rules = rules;
        }
        // expect rights milk: granted 5, unspent 3, ...
        "expect" if words[1] == "rights" => {
            let sku = Sku::new(words[2].trim_end_matches(':')).unwrap();
            let Some(right) = shop.state.orders.rights.get(&sku) else {
                assert_eq!(words[3], "none", "{at}");
                return true;
            };
            let shown = BTreeMap::from([
                ("granted", right.granted.plain()),
                ("spent", right.spent.plain()),
                ("released", right.released.plain()),
                ("unspent", right.unspent().plain()),
                ("asked", right.asked.plain()),
            ]);
            compare(&shown, &words[1..].join(" "), at);
        }
        "expect" if words[1] == "lead" => {
            let lead = shop.state.orders.lead.as_ref();
            let shown = lead.map(|lead| format!("{} {} {}", lead.epoch, lead.node, if lead.here { "here" } else { "elsewhere" }));
            assert_eq!(shown.unwrap_or_else(|| "nobody".to_owned()), words[2..].join(" "), "{at}");
        }
        "orders-full" => {
            let first = shop.state.orders.orders.values().next().unwrap().as_ref().clone();
            for extra in 0..counterfoil::retail::order::ORDERS_OPEN_MAX {
                let asked = CollectOrder { order: number(&format!("X{extra}")), ..first.asked.clone() };
                shop.state.apply(0, &Event::OrderReceived { order: Box::new(asked), cursor: 0, at: shop.now, epoch: 0 });
            }
        }
        // So many orders came and were refused; the state alone knows of them.
        "orders-over" => {
            for extra in 0..words[1].parse().unwrap() {
                let asked = order(&["deliver".to_owned(), format!("X{extra}"), "1".to_owned()]);
                let step = Step { order: asked.order.clone(), by: None, workstation: None, at: shop.now, epoch: 0 };
                shop.state.apply(0, &Event::OrderReceived { order: Box::new(asked), cursor: 0, at: shop.now, epoch: 0 });
                shop.state.apply(0, &Event::OrderRefused { step, why: RefusedWhy::NoTime });
            }
            assert!(shop.state.orders.orders.len() <= counterfoil::retail::order::DONE_KEPT_MAX, "{at}");
        }
        "expect" if words[1] == "order" => expect_order(shop, words, at),
        "expect" if words[1] == "reserved" => {
            assert_eq!(shop.state.orders.reserved(&Sku::new(&words[2]).unwrap()), qty(&words[3]), "{at}")
        }
        "expect" if words[1] == "notices" => assert_eq!(shop.state.orders.notices.len().to_string(), words[2], "{at}"),
        _ => return false,
    }
    true
}

fn shown(kind: &str, of: Option<&str>) -> CodeFact {
    let order = || number(of.unwrap());
    let signed = |expires_ms: i64, secret: String| CodeFact::Signed {
        order: order(),
        store: StoreId::new("test").unwrap(),
        expires_ms,
        secret_hash: secret,
    };
    let later = PROMISED_MS + 72 * 3_600_000;
    match kind {
        "code" => signed(later, format!("secret of {}", of.unwrap())),
        "expired-code" => signed(PROMISED_MS - 7_199_000, format!("secret of {}", of.unwrap())),
        "older-code" => signed(later, "another secret".to_owned()),
        "code-of-elsewhere" => {
            CodeFact::Signed { order: order(), store: StoreId::new("other").unwrap(), expires_ms: later, secret_hash: String::new() }
        }
        "number" => CodeFact::Number { mark: format!("mark of {}", of.unwrap()) },
        "damaged" => CodeFact::Damaged,
        "forged" => CodeFact::Forged,
        "no-key" => CodeFact::NoKey,
        "something" => CodeFact::NoCode,
        other => panic!("nobody shows {other}"),
    }
}

fn expect_order(shop: &Shop, words: &[String], at: &str) {
    let order = number(words[2].trim_end_matches(':'));
    let Some(known) = shop.state.orders.orders.get(&order) else {
        assert_eq!(words[3], "gone", "{at}");
        return;
    };
    let sum = |part: &dyn Fn(&counterfoil::retail::order::Reservation) -> Qty| known.units.values().map(part).sum::<Qty>().plain();
    let why = match &known.state {
        OrderState::PuttingBack { why } | OrderState::Ended { why, .. } => format!("{why:?}").to_lowercase(),
        _ => String::new(),
    };
    let by = match &known.state {
        OrderState::Picking { by, .. } => by.as_ref().map(ToString::to_string).unwrap_or_default(),
        _ => String::new(),
    };
    let shown = BTreeMap::from([
        ("state", known.state.name().as_str().to_owned()),
        ("version", known.asked.version.to_string()),
        ("held", sum(&|units| units.held)),
        ("issued", sum(&|units| units.issued)),
        ("released", sum(&|units| units.released)),
        ("left", known.asked.lines.iter().map(|line| known.left(line)).sum::<Qty>().plain()),
        ("bags", known.bags.iter().map(|bag| format!("{:?}", bag.zone).to_lowercase()).collect::<Vec<_>>().join(" ")),
        ("labels", known.bags.iter().map(|bag| label_of(shop, &order, bag)).collect::<Vec<_>>().join(" ")),
        ("why", why),
        ("parts", known.handed.len().to_string()),
        ("back", known.to_put_back().iter().map(|units| units.quantity).sum::<Qty>().plain()),
        ("by", by),
    ]);
    compare(&shown, &words[1..].join(" "), at);
}

/// How it stands with the label of a bag.
fn label_of(shop: &Shop, order: &OrderNo, bag: &Bag) -> &'static str {
    match (open_label(shop.state.prints.values(), order, bag.number).map(|open| &open.state), bag.label) {
        (Some(PrintState::Given), _) => "given",
        (Some(PrintState::HeldClean { .. }), _) => "held",
        (Some(PrintState::Unknown { .. }), _) => "unknown",
        (Some(PrintState::FailedClean { .. }), _) => "failed",
        (None, Some(LabelEnd::Printed)) => "printed",
        (None, Some(LabelEnd::Sent)) => "sent",
        (None, Some(LabelEnd::Settled)) => "settled",
        (None, None) => "none",
    }
}

/// `None`: not a command about orders.
pub fn command(words: &[String], at: &str) -> Option<Command> {
    let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), String::as_str);
    let order = || number(word(1));
    let count = |index: usize| word(index).parse::<u32>().unwrap_or_else(|_| panic!("{at}: a number"));
    let named = |index: usize| format!("{:?}", word(index));
    let times = |index: usize| (words.get(index).map(String::as_str) == Some("x")).then(|| qty(word(index + 1)));
    let list = |text: &str| text.split(',').map(|number| number.parse().unwrap()).collect::<Vec<u32>>();
    let act = match word(0) {
        "deliver" => OrderAct::Deliver { order: Box::new(self::order(words)), cursor: count(2).into() },
        "cancel-order" => OrderAct::Cancel { order: order(), version: count(2).into(), cursor: 9 },
        "expire" => OrderAct::Expire { order: order() },
        "recheck" => OrderAct::Recheck { order: order() },
        "begin-rights" => OrderAct::BeginRights { office_epoch: count(1).into() },
        "tell-rights" => OrderAct::TellRights { totals: words[1..].iter().map(|word| totals(word)).collect(), cursor: 3 },
        "grant" => OrderAct::Grant { skus: words[1..].iter().map(|sku| Sku::new(sku).unwrap()).collect() },
        // name-lead EPOCH NODE here|elsewhere
        "name-lead" => {
            let lead = counterfoil::ids::NodeId::new(word(2)).unwrap();
            OrderAct::NameLead { epoch: count(1).into(), lead, here: word(3) == "here", cursor: 7 }
        }
        // As `copy-orders` put it aside.
        "adopt-order" => {
            let copies = COPIES.with_borrow(Clone::clone);
            let copy = copies.get(word(1)).unwrap_or_else(|| panic!("{at}: nobody made a copy of it")).clone();
            OrderAct::Adopt { order: order(), copy: Box::new(copy), cursor: 8 }
        }
        "accept" => OrderAct::Accept { order: order() },
        "refuse-order" => OrderAct::Refuse { order: order(), why: serde_json::from_str::<RefusedWhy>(&named(2)).unwrap() },
        "settle-notice" => OrderAct::SettleNotice { notice: count(1).into() },
        "start" => OrderAct::StartPicking { order: order(), take_over: words.get(2).is_some() },
        "lay-aside" => OrderAct::PausePicking { order: order() },
        "pick" => OrderAct::Pick { orders: word(1).split(',').map(number).collect(), code: word(2).to_owned(), quantity: times(3) },
        "by-hand" => {
            let why = serde_json::from_str::<ByHand>(&named(4)).unwrap();
            OrderAct::PickByHand { order: order(), line: count(2), quantity: qty(word(3)), why }
        }
        "reset" => OrderAct::ResetLine { order: order(), line: count(2) },
        "short" => OrderAct::Short { order: order(), line: count(2), why: serde_json::from_str::<ShortWhy>(&named(3)).unwrap() },
        "finish" => OrderAct::FinishPicking { order: order(), bags: count(2) },
        "stage" => OrderAct::Stage { order: order(), bag: count(2), place: PlaceCode::new(word(3)).unwrap() },
        "put-back" => OrderAct::PutBack { order: order(), code: word(2).to_owned(), quantity: times(3) },
        "add-bag" => OrderAct::AddBag { order: order(), like: count(2) },
        "print-label" => OrderAct::PrintLabel { order: order(), bag: words.get(2).map(|_| count(2)) },
        "settle-label" => OrderAct::SettleLabel { order: order(), bag: count(2) },
        "print-list" => OrderAct::PrintPickList { orders: word(1).split(',').map(number).collect() },
        "identify" => OrderAct::Identify {
            code: words.get(1).cloned().unwrap_or_default(),
            within: words.iter().position(|word| word == "within").map(|at| OrderNo::new(word(at + 1)).unwrap()),
        },
        "allow-numbers" => OrderAct::AllowNumbers {},
        // miss ORDER LINE QTY missing|damaged|unwanted refund|later
        "miss" => {
            let why = serde_json::from_str::<CounterWhy>(&named(4)).unwrap();
            let then = serde_json::from_str::<CounterThen>(&named(5)).unwrap();
            OrderAct::MissAtCounter { order: order(), line: count(2), quantity: qty(word(3)), why, then }
        }
        // replace ORDER LINE CODE missing|damaged|unwanted
        "replace" => {
            let why = serde_json::from_str::<CounterWhy>(&named(4)).unwrap();
            OrderAct::ReplaceAtCounter { order: order(), line: count(2), code: word(3).to_owned(), why }
        }
        // collect ORDER code|name|paper BAGS|none [leaves LINES] [later LINES] [aged]; pay-order the same
        "collect" | "pay-order" => {
            let shown = match word(2) {
                "code" => Shown::Code(String::new()),
                "name" => Shown::Name,
                "paper" => Shown::Paper(Paper::IdCard),
                other => panic!("{at}: nobody shows a {other}"),
            };
            let leaves = words.iter().position(|word| word == "leaves").map_or_else(Vec::new, |at| list(&words[at + 1]));
            let later = words.iter().position(|word| word == "later").map_or_else(Vec::new, |at| list(&words[at + 1]));
            let bags = if word(3) == "none" { Vec::new() } else { list(word(3)) };
            let (order, of_age) = (order(), words.iter().any(|word| word == "aged"));
            match word(0) {
                "collect" => OrderAct::HandOver { order, shown, bags, leaves, later, of_age },
                _ => OrderAct::Pay { order, shown, bags, leaves, later, of_age },
            }
        }
        "decline" => OrderAct::Decline { order: order() },
        "take-back-collect" => OrderAct::TakeBackHandOver { order: order() },
        _ => return None,
    };
    Some(Command::Order(act))
}

/// What the shell sends after a wrong number.
pub fn after(refusal: &Refusal, shop: &mut Shop, workstation: Option<&WorkstationId>) {
    if let Refusal::CollectNumberWrong { .. } = refusal {
        shop.ask(workstation, Command::Order(OrderAct::ReportWrongNumber {})).expect("a miss is always taken");
    }
}

/// `broken 4711 2`, `adjusted milk -3`, `kept` (no promise broken), `order 4711`, `labels labels-1 1/2 2/2:1` (behind the colon which reprint),
/// `drops labels-1 2`. False: not about orders.
pub fn outcome(decision: &Decision, effects: &[Effect], words: &[String], at: &str) -> bool {
    match words[0].as_str() {
        "labels" => {
            let shown = effects.iter().filter_map(|effect| match effect {
                Effect::Print { printer, what: PrintWhat::BagLabel { label, copy }, kick: false, .. } => {
                    let again = if *copy == 0 { String::new() } else { format!(":{copy}") };
                    Some((printer.as_str(), format!("{}/{}{again}", label.bag, label.bags)))
                }
                _ => None,
            });
            let (printers, labels): (Vec<&str>, Vec<String>) = shown.unzip();
            assert!(printers.iter().all(|printer| *printer == words[1]), "{at}: {printers:?}");
            assert_eq!(labels.join(" "), words[2..].join(" "), "{at}");
        }
        "drops" => {
            let dropped =
                effects.iter().filter(|effect| matches!(effect, Effect::DropPrint { printer, .. } if printer.as_str() == words[1]));
            assert_eq!(dropped.count().to_string(), words[2], "{at}: {effects:?}");
        }
        "broken" => {
            let broken = decision.events.iter().filter_map(|event| match event {
                Event::PromiseBroken { order, quantity, .. } => Some(format!("{order} {}", quantity.plain())),
                _ => None,
            });
            assert_eq!(broken.collect::<Vec<_>>().join(" "), words[1..].join(" "), "{at}");
        }
        "overrun" => {
            let over = decision.events.iter().find_map(|event| match event {
                Event::RightsOverrun { sku, quantity, .. } => Some(format!("{sku} {}", quantity.plain())),
                _ => None,
            });
            assert_eq!(over.unwrap_or_default(), words[1..].join(" "), "{at}");
        }
        "kept" => assert!(!decision.events.iter().any(|event| matches!(event, Event::PromiseBroken { .. })), "{at}"),
        "adjusted" => {
            let adjusted = decision.events.iter().find_map(|event| match event {
                Event::StockAdjusted { sku, quantity, .. } => Some(format!("{sku} {}", quantity.plain())),
                _ => None,
            });
            assert_eq!(adjusted.as_deref(), Some(words[1..].join(" ").as_str()), "{at}");
        }
        // refund 3.57: asked back from head office; "no-refund".
        "refund" | "no-refund" => {
            let asked = decision.events.iter().find_map(|event| match event {
                Event::OrderRefundRequested { amount, .. } => Some(amount.minor().to_string()),
                _ => None,
            });
            assert_eq!(asked, words.get(1).map(|amount| amount.replace('.', "")), "{at}");
        }
        // How the units of a line were confirmed: "confirmed 7 counted".
        "confirmed" => {
            let ways = decision.events.iter().find_map(|event| match event {
                Event::OrderLinePicked { quantity, way, .. } => Some(format!("{} {way:?}", quantity.plain()).to_lowercase()),
                _ => None,
            });
            assert_eq!(ways.unwrap_or_default(), words[1..].join(" "), "{at}");
        }
        "handed" => assert!(decision.events.iter().any(|event| matches!(event, Event::OrderHandedOver { .. })), "{at}"),
        "order" => assert_eq!(decision.answer.order.as_ref().map(OrderNo::as_str), words.get(1).map(String::as_str), "{at}"),
        _ => return false,
    }
    true
}
