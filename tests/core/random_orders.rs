//! Collect orders of random days, and what must hold of them by the record alone.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil::ids::{OrderNo, PlaceCode, Sku};
use counterfoil::money::Qty;
use counterfoil::retail::order::{ByHand, CounterThen, CounterWhy, Order, OrderAct, OrderState, RefusedWhy, RightTotals, ShortWhy, Shown};
use counterfoil::retail::{Command, Event, State};

use super::scenario_orders;

/// One of the things that head office, staff and customers do with orders. `None`: there is none to do it with.
pub fn command(state: &State, does: usize, which: usize, pieces: i64) -> Option<Command> {
    let order = |version: u64| {
        let price = ["", ":due-1.50-A", ":paid-1.50-A"][which % 3];
        let line = format!("a{}:{pieces}:or-a{}{price}", which % 5, (which + 1) % 5);
        let other = format!("a{}:1:frozen:from-16", (which + 2) % 5);
        let words = ["deliver".to_owned(), format!("O{which}"), version.to_string(), line, other];
        Box::new(scenario_orders::order(&words))
    };
    let pick = |belongs: &dyn Fn(&OrderState) -> bool| -> Option<&Order> {
        let all: Vec<&Order> = state.orders.orders.values().map(AsRef::as_ref).filter(|order| belongs(&order.state)).collect();
        all.get(which % all.len().max(1)).copied()
    };
    let of = |order: &Order| order.asked.order.clone();
    let any = |_: &OrderState| true;
    let picking = |state: &OrderState| matches!(state, OrderState::Picking { .. });
    let staged = |state: &OrderState| *state == OrderState::Staged;
    Some(Command::Order(match does {
        0..=3 => OrderAct::Deliver { order: order(1), cursor: which as u64 },
        4 => OrderAct::Deliver { order: order(2 + pieces as u64), cursor: 100 },
        5 => OrderAct::Cancel { order: pick(&any)?.asked.order.clone(), version: 9, cursor: 101 },
        6 => {
            let order = of(pick(&|state| *state == OrderState::Received)?);
            if which.is_multiple_of(2) { OrderAct::Recheck { order } } else { OrderAct::Accept { order } }
        }
        7..=9 => OrderAct::StartPicking { order: of(pick(&|state| *state == OrderState::Accepted)?), take_over: true },
        10..=14 => {
            let order = pick(&picking)?;
            let line = order.open_lines().next()?;
            let sku = if pieces % 3 == 0 { line.substitutes.first().unwrap_or(&line.sku) } else { &line.sku };
            OrderAct::Pick { orders: vec![of(order)], code: sku.to_string(), quantity: Some(Qty::pieces(1 + pieces % 2)) }
        }
        15 => {
            let order = pick(&picking)?;
            let line = order.open_lines().next()?;
            OrderAct::PickByHand { order: of(order), line: line.line, quantity: order.left(line), why: ByHand::NoCode }
        }
        16 => {
            let order = pick(&picking)?;
            let why = [ShortWhy::NotThere, ShortWhy::Damaged, ShortWhy::WrongPlace][pieces as usize % 3];
            OrderAct::Short { order: of(order), line: order.open_lines().next()?.line, why }
        }
        17 => OrderAct::ResetLine { order: of(pick(&picking)?), line: 1 },
        18..=20 => OrderAct::FinishPicking { order: of(pick(&picking)?), bags: 2 },
        21..=24 => {
            let order = pick(&|state| matches!(state, OrderState::Picked | OrderState::Staged))?;
            let bag = order.bags.iter().find(|bag| bag.place.is_none()).or(order.bags.first())?;
            OrderAct::Stage { order: of(order), bag: bag.number, place: PlaceCode::new(&format!("C{pieces}")).unwrap() }
        }
        25..=27 => {
            let order = pick(&staged)?;
            let bags = order.bags.iter().map(|bag| bag.number).collect();
            let leaves = if pieces == 1 { vec![2] } else { Vec::new() };
            hand_over(state, of(order), bags, leaves, Vec::new())?
        }
        28 => {
            let handed = state.orders.orders.values().find(|order| order.handed_at().is_some())?;
            OrderAct::TakeBackHandOver { order: of(handed) }
        }
        29 => OrderAct::Decline { order: of(pick(&staged)?) },
        30 => OrderAct::Expire { order: of(pick(&staged)?) },
        32 => match pieces % 4 {
            0 => OrderAct::PrintLabel { order: of(pick(&any)?), bag: None },
            1 => OrderAct::SettleLabel { order: of(pick(&any)?), bag: 1 },
            2 => OrderAct::PrintPickList { orders: vec![of(pick(&any)?)] },
            _ => OrderAct::AddBag { order: of(pick(&any)?), like: 1 },
        },
        31 => OrderAct::Refuse { order: of(pick(&any)?), why: RefusedWhy::NoTime },
        // One bag goes, the other is fetched later.
        33 => {
            let order = pick(&staged)?;
            let (bag, zone) = order.bags.first().map(|bag| (bag.number, bag.zone))?;
            let later = order.asked.lines.iter().filter(|line| line.zone != zone).map(|line| line.line).collect();
            hand_over(state, of(order), vec![bag], Vec::new(), later)?
        }
        34 => {
            let order = pick(&staged)?;
            let why = [CounterWhy::Missing, CounterWhy::Damaged, CounterWhy::Unwanted][pieces as usize % 3];
            let then = if which.is_multiple_of(2) { CounterThen::Refund } else { CounterThen::Later };
            let line = order.progress.iter().find(|(_, progress)| !progress.picked.is_empty()).map(|(line, _)| *line)?;
            OrderAct::MissAtCounter { order: of(order), line, quantity: Qty::ONE, why, then }
        }
        35 => {
            let order = pick(&staged)?;
            let line = order.progress.iter().find(|(_, progress)| !progress.picked.is_empty()).map(|(line, _)| *line)?;
            let asked = order.line(line)?;
            let code = asked.substitutes.first().filter(|_| which.is_multiple_of(2)).unwrap_or(&asked.sku).to_string();
            let why = [CounterWhy::Missing, CounterWhy::Damaged, CounterWhy::Unwanted][pieces as usize % 3];
            OrderAct::ReplaceAtCounter { order: of(order), line, code, why }
        }
        // Rights: head office asks, the store grants, and an order spends what is there.
        37 => OrderAct::BeginRights { office_epoch: 1 },
        38 => OrderAct::TellRights { totals: (0..5).map(|at| totals(state, at, Qty::ZERO)).collect(), cursor: 50 },
        39 | 40 => OrderAct::Grant { skus: (0..5).map(|at| Sku::new(&format!("a{at}")).unwrap()).collect() },
        41 => {
            let mut order = order(1);
            let spent = |line: &counterfoil::retail::order::OrderLine| {
                let at = line.sku.as_str()[1..].parse().unwrap();
                totals(state, at, line.quantity)
            };
            order.rights = order.lines.iter().map(spent).collect();
            OrderAct::Deliver { order, cursor: 60 }
        }
        42..=71 => forward(pick(&any)?)?,
        _ => {
            let order = state.orders.orders.values().find(|order| !order.to_put_back().is_empty())?;
            OrderAct::PutBack { order: of(order), code: order.to_put_back().first()?.sku.to_string(), quantity: None }
        }
    }))
}

/// Handed over, or paid first when it is to be paid here.
fn hand_over(state: &State, order: OrderNo, bags: Vec<u32>, leaves: Vec<u32>, later: Vec<u32>) -> Option<OrderAct> {
    let is_due = state.orders.orders.get(&order)?.asked.lines.iter().any(|line| line.due().is_some());
    let (shown, of_age) = (Shown::Name, true);
    Some(match is_due {
        true => OrderAct::Pay { order, shown, bags, leaves, later, of_age },
        false => OrderAct::HandOver { order, shown, bags, leaves, later, of_age },
    })
}

/// The next step of an order on its way to the customer, or back to the shelf.
fn forward(order: &Order) -> Option<OrderAct> {
    let number = order.asked.order.clone();
    Some(match &order.state {
        OrderState::Received => OrderAct::Accept { order: number },
        OrderState::Accepted => OrderAct::StartPicking { order: number, take_over: false },
        OrderState::Picking { .. } => match order.open_lines().next() {
            Some(line) => OrderAct::PickByHand { order: number, line: line.line, quantity: order.left(line), why: ByHand::Scanner },
            None => OrderAct::FinishPicking { order: number, bags: 2 },
        },
        OrderState::Picked => {
            let bag = order.bags.iter().find(|bag| bag.place.is_none())?;
            OrderAct::Stage { order: number, bag: bag.number, place: PlaceCode::new("C1").unwrap() }
        }
        OrderState::Staged => {
            let bags = order.bags.iter().map(|bag| bag.number).collect();
            OrderAct::HandOver { order: number, shown: Shown::Name, bags, leaves: Vec::new(), later: Vec::new(), of_age: true }
        }
        OrderState::HandedOver { .. } | OrderState::PuttingBack { .. } => {
            let units = order.to_put_back().into_iter().next()?;
            OrderAct::PutBack { order: number, code: units.sku.to_string(), quantity: Some(units.quantity) }
        }
        OrderState::Ended { .. } => return None,
    })
}

/// What an event about orders does to what lies in the store: units that came or went.
pub fn moved(event: &Event, handed: &mut BTreeMap<OrderNo, Vec<Vec<(Sku, Qty)>>>) -> Vec<(Sku, Qty)> {
    match event {
        Event::StockAdjusted { sku, quantity, .. } | Event::UnitsAdjusted { sku, quantity, .. } => vec![(sku.clone(), *quantity)],
        Event::GoodsReceived { lines, .. } => lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect(),
        Event::OrderHandedOver { step, issued, .. } => {
            let units: Vec<(Sku, Qty)> = issued.iter().map(|units| (units.sku.clone(), units.quantity)).collect();
            handed.entry(step.order.clone()).or_default().push(units.clone());
            units.into_iter().map(|(sku, quantity)| (sku, -quantity)).collect()
        }
        Event::HandOverTakenBack { step } => {
            handed.get_mut(&step.order).and_then(Vec::pop).expect("only what was handed over is taken back")
        }
        _ => Vec::new(),
    }
}

/// Each unit of an order is handed over at most once, none after the order was given up; what was paid at a till was handed over in the same
/// record, and a sale that was given up hands nothing over.
pub fn check(journal: &[String]) -> usize {
    let (mut handed, mut over): (BTreeMap<OrderNo, Vec<bool>>, BTreeSet<OrderNo>) = Default::default();
    for record in journal {
        let events: Vec<Event> = serde_json::from_str(record).unwrap();
        for event in &events {
            match event {
                Event::OrderHandedOver { step, owed, txn, .. } => {
                    assert!(!over.contains(&step.order), "{}: handed over after it was given up", step.order);
                    let parts = handed.entry(step.order.clone()).or_default();
                    assert!(!parts.contains(&false), "{}: handed over twice", step.order);
                    parts.push(*owed);
                    let paid = events.iter().find_map(|event| match event {
                        Event::TransactionCompleted { record } => Some(record.txn),
                        _ => None,
                    });
                    assert_eq!(*txn, paid, "{}: handed over by a sale that was not completed with it", step.order);
                }
                Event::TransactionCompleted { record } => {
                    let of_order = record.lines.iter().find_map(|line| line.order.clone());
                    let hands = events.iter().any(|event| matches!(event, Event::OrderHandedOver { .. }));
                    assert_eq!(of_order.is_some(), hands, "{of_order:?}: paid and not handed over");
                }
                Event::HandOverTakenBack { step } => {
                    let taken = handed.get_mut(&step.order).and_then(Vec::pop);
                    assert!(taken.is_some(), "{}: taken back twice", step.order);
                }
                Event::OrderCancelled { order, .. } | Event::OrderExpired { order, .. } => {
                    assert!(!handed.get(order).is_some_and(|parts| parts.contains(&false)), "{order}: given up after it was handed over");
                    over.insert(order.clone());
                }
                Event::OrderRefused { step, .. } | Event::OrderDeclined { step } => {
                    assert!(!handed.get(&step.order).is_some_and(|parts| parts.contains(&false)));
                    over.insert(step.order.clone());
                }
                _ => {}
            }
        }
    }
    handed.values().filter(|parts| !parts.is_empty()).count()
}

/// Head office's totals after it spent as many more of an article as its rights cover; what was asked back it gives.
fn totals(state: &State, at: usize, wants: Qty) -> RightTotals {
    let sku = Sku::new(&format!("a{at}")).unwrap();
    let right = state.orders.rights.get(&sku).copied().unwrap_or_default();
    let back = right.outstanding().min(right.unspent()).max(Qty::ZERO);
    let left = right.unspent() - back;
    let spent = if wants <= left { wants } else { Qty::ZERO };
    RightTotals { spent: right.spent + spent, released: right.released + back, answered: right.asked, ..RightTotals::none(sku) }
}
