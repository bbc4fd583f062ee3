//! Collect orders, a shopful of them beside a few: the pages that list them, a scan in picking, a hand-over, one more that arrives, and the
//! memory they take. The shop is the same in both turns but for the number of orders.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::child::Child;
use super::row::{Aim, Figure, Row, Unit};
use super::samples::Samples;
use super::scan::{grouped, mib, wait_for_catalogue};
use super::shop::{self, Shop, Till, Wants};
use super::till_client::{Client, LiveStream};
use super::{BenchArguments, CannotMeasure, Size, articles};
use crate::ids::{OrderNo, PlaceCode};
use crate::journal::NodeKey;
use crate::money::Qty;
use crate::node::CommandRequest;
use crate::node::orders::CollectKeys;
use crate::node::start::start;
use crate::node::writer::shell_command_id;
use crate::retail::order::{ByHand, CollectOrder, ORDERS_OPEN_MAX, OrderAct, OrderLine, OrderState, Substitution, Zone};
use crate::retail::{Command, Facts, StockFact};
use crate::time::SystemClock;

const FEW: usize = 50;
const ARTICLES: u64 = 2_000;
const LINES: u64 = 4;
const HOUR_MS: i64 = 3_600_000;
/// A page that is loaded anew shows the same state within this (median).
const PAGE_P50_MS_MAX: f64 = 800.0;
/// From the last byte of a scan to what it changes (95 of 100).
const SCAN_P95_MS_MAX: f64 = 100.0;
/// From the tap to the disk (95 of 100).
const HAND_OVER_P95_MS_MAX: f64 = 150.0;

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let turns = Turns { pages: size.pick(60, 4), scans: size.pick(300, 8), hand_overs: size.pick(100, 4), arrivals: size.pick(100, 4) };
    // With those that arrive at the end, as many as a store can have.
    let many = size.pick(ORDERS_OPEN_MAX - turns.arrivals, 120);
    let few = of(&folder.join("orders-few"), arguments, FEW, turns)?;
    let found = of(&folder.join("orders-many"), arguments, many, turns)?;
    let mut row = Row::new("orders", "collect orders: list, scan in picking, hand-over, arrival of one more, memory");
    let beside = format!("with {FEW} orders");
    let open = format!("{} open orders", grouped((many + turns.arrivals) as u64));
    let mut add = |what: &str, value: f64, baseline: f64, unit: Unit, aim: Option<f64>| {
        let figure = Figure::new(format!("{open}, {what}"), value, unit).beside(beside.as_str(), baseline);
        row.figure(match aim {
            Some(aim) => figure.aim(Aim::AtMost(aim)),
            None => figure,
        });
    };
    let ms = Unit::Milliseconds;
    add("the board's page, p50", found.board.p50_ms(), few.board.p50_ms(), ms, Some(PAGE_P50_MS_MAX));
    add("the picker's list, p50", found.list.p50_ms(), few.list.p50_ms(), ms, Some(PAGE_P50_MS_MAX));
    add("500 of them by the API, p50", found.api.p50_ms(), few.api.p50_ms(), ms, None);
    add("a scan in picking to the page's event, p95", p95(&found.scan), p95(&few.scan), ms, Some(SCAN_P95_MS_MAX));
    add("a hand-over by number, p95", p95(&found.hand_over), p95(&few.hand_over), ms, Some(HAND_OVER_P95_MS_MAX));
    add("one more arrives, p95", p95(&found.arrival), p95(&few.arrival), ms, None);
    add("resident", found.resident, few.resident, Unit::MebiBytes, None);
    row.note(format!(
        "{LINES} lines each, {ARTICLES} articles; two in five ready, one being picked; two boards and a picker's page are open meanwhile; {} scans, {} hand-overs, {} arrivals",
        turns.scans, turns.hand_overs, turns.arrivals
    ));
    row.note(
        "arrivals are handed to a node in this process, as its line to head office does; the others are requests to a process of its own",
    );
    Ok(row)
}

#[derive(Clone, Copy)]
struct Turns {
    pages: usize,
    scans: usize,
    hand_overs: usize,
    arrivals: usize,
}

#[derive(Default)]
struct Found {
    board: Samples,
    list: Samples,
    api: Samples,
    scan: Samples,
    hand_over: Samples,
    arrival: Samples,
    resident: f64,
}

fn p95(samples: &Samples) -> f64 {
    samples.percentile_ms(950)
}

fn of(folder: &Path, arguments: &BenchArguments, count: usize, turns: Turns) -> Result<Found, CannotMeasure> {
    let shop = Shop::found(folder, &Wants::default())?;
    let mut till = shop.till(Arc::new(SystemClock::new()))?;
    shop.stock_up(&mut till, ARTICLES)?;
    let today = jiff::Timestamp::from_millisecond(shop::wall_ms()).map_err(CannotMeasure::doing("dating a day"))?;
    till.open_day(today.to_zoned(shop.config.time_zone.clone()).date())?;
    let key = NodeKey::load_or_create(&shop.data_dir().join("node.key")).map_err(CannotMeasure::doing("making the node's key"))?;
    let keys = CollectKeys::new(&key, None, Default::default());
    let ready = lay_out(&mut till, &keys, count, turns)?;
    till.close()?;

    let token = shop.token()?;
    let (node, _) = Child::start_service(arguments, folder, &["node", "--config", &shop.config_path.to_string_lossy()])?;
    wait_for_catalogue(&shop, &token)?;
    let mut found = Found::default();
    let boards = (0..2).map(|_| LiveStream::open(shop.address(), &token, "/orders/1/events", "update")).collect::<Result<Vec<_>, _>>()?;
    pages(&shop, &token, turns, &mut found)?;
    scans(&shop, &token, turns, &mut found)?;
    hand_overs(&shop, &token, &ready, turns, &mut found)?;
    drop(boards);
    found.resident = mib(node.resident_bytes());
    node.stop()?;
    arrivals(&shop, &keys, turns, &mut found)?;
    Ok(found)
}

/// An order of this bench: number `index`, always of the same articles.
fn order(keys: &CollectKeys, index: usize) -> Result<CollectOrder, CannotMeasure> {
    let now = shop::wall_ms();
    let line = |line: u64| {
        let article = articles::article((index as u64 * LINES + line) % ARTICLES);
        OrderLine {
            line: line as u32 + 1,
            sku: article.sku,
            name: article.name,
            // The first order is the one that is picked, piece by piece.
            quantity: Qty::pieces(if index == 0 { 1_000 } else { 2 }),
            unit: article.unit,
            zone: Zone::Ambient,
            age_min: None,
            location: format!("{:02}-{}", index % 40, line),
            substitutes: Vec::new(),
            substitute_names: Vec::new(),
            price: None,
        }
    };
    Ok(CollectOrder {
        order: OrderNo::new(&format!("B{index}")).map_err(CannotMeasure::doing("numbering an order"))?,
        version: 1,
        placed_ms: now,
        promised_ms: now + HOUR_MS * (1 + index as i64 % 8),
        expires_ms: now + 72 * HOUR_MS,
        initials: String::new(),
        customer: None,
        subject: None,
        substitution: Substitution::None,
        lines: (0..LINES).map(line).collect(),
        code: format!("{index:064x}"),
        number_mark: keys.number_mark(&digits(index)),
        rights: Vec::new(),
    })
}

/// The customer's short number.
fn digits(index: usize) -> String {
    format!("{:08}", 10_000_000 + index * 7)
}

/// Delivers `count` orders and brings them to where a shop has them in the middle of a day. Gives those that are ready.
fn lay_out(till: &mut Till, keys: &CollectKeys, count: usize, turns: Turns) -> Result<Vec<usize>, CannotMeasure> {
    let mut ready = Vec::new();
    for index in 0..count {
        let order = order(keys, index)?;
        let stock =
            |line: &OrderLine| StockFact { sku: line.sku.clone(), baseline: Qty::pieces(900_000), head_seq: 0, as_of: till.writer.now() };
        let facts = Facts { stock: order.lines.iter().map(stock).collect(), ..Facts::default() };
        let deliver = OrderAct::Deliver { order: Box::new(order.clone()), cursor: index as u64 + 1 };
        till.take(None, Command::Order(deliver), &facts)?;
        let stage = match index {
            0 => 1,
            _ if ready.len() < turns.hand_overs => 4,
            _ => [0, 0, 1, 4, 4][index % 5],
        };
        bring(till, &order, stage)?;
        if stage == 4 {
            ready.push(index);
        }
        if index.is_multiple_of(200) {
            till.flush()?;
        }
    }
    till.flush()?;
    Ok(ready)
}

/// 0: accepted, 1: being picked, 4: ready.
fn bring(till: &mut Till, order: &CollectOrder, stage: u32) -> Result<(), CannotMeasure> {
    let number = order.order.clone();
    let mut acts = Vec::new();
    if stage >= 1 {
        acts.push(OrderAct::StartPicking { order: number.clone(), take_over: false });
    }
    if stage >= 4 {
        acts.extend(order.lines.iter().map(|line| OrderAct::PickByHand {
            order: number.clone(),
            line: line.line,
            quantity: line.quantity,
            why: ByHand::NoCode,
        }));
        acts.push(OrderAct::FinishPicking { order: number.clone(), bags: 1 });
        let place = PlaceCode::new("C01").map_err(CannotMeasure::doing("naming a place"))?;
        acts.push(OrderAct::Stage { order: number, bag: 1, place });
    }
    let workstation = shop::workstation(1);
    acts.into_iter().try_for_each(|act| till.take(Some(&workstation), Command::Order(act), &Facts::default()).map(drop))
}

fn pages(shop: &Shop, token: &str, turns: Turns, found: &mut Found) -> Result<(), CannotMeasure> {
    let mut client = Client::connect(shop.address(), token)?;
    let mut get = |path: &str, samples: &mut Samples| {
        for turn in 0..turns.pages + 2 {
            let began = Instant::now();
            let (status, _) = client.get(path)?;
            if status != 200 {
                return Err(CannotMeasure::new(path, &format!("status {status}")));
            }
            if turn >= 2 {
                samples.since(began);
            }
        }
        Ok(())
    };
    get("/orders/1", &mut found.board)?;
    get("/pick/1", &mut found.list)?;
    get("/api/v1/orders", &mut found.api)
}

fn act(client: &mut Client, act: &Value) -> Result<Duration, CannotMeasure> {
    let body = json!({ "id": shell_command_id(), "act": act });
    let began = Instant::now();
    let (status, answer) = client.post("/api/v1/workstations/1/orders", &body)?;
    let took = began.elapsed();
    if status == 200 { Ok(took) } else { Err(CannotMeasure::new(&act.to_string(), &String::from_utf8_lossy(&answer))) }
}

fn scans(shop: &Shop, token: &str, turns: Turns, found: &mut Found) -> Result<(), CannotMeasure> {
    let mut client = Client::connect(shop.address(), token)?;
    let stream = LiveStream::open(shop.address(), token, "/pick/1/events?orders=B0", "update")?;
    stream.wait(|_| true)?;
    let code = articles::article(0).codes[0].key.short().to_owned();
    for turn in 0..turns.scans + 2 {
        stream.drain();
        let began = Instant::now();
        act(&mut client, &json!({ "act": "pick", "orders": ["B0"], "code": code, "quantity": Qty::ONE.thousandths() }))?;
        // "3 of 1000" begins its paragraph: what was picked is on the page.
        let shows = format!(">{} ", turn + 1);
        let event = stream.wait(|data| data.contains(&shows) && data.contains("pick-card"))?.duration_since(began);
        if turn >= 2 {
            found.scan.add(event);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn hand_overs(shop: &Shop, token: &str, ready: &[usize], turns: Turns, found: &mut Found) -> Result<(), CannotMeasure> {
    let mut client = Client::connect(shop.address(), token)?;
    for index in ready.iter().take(turns.hand_overs) {
        let number = digits(*index);
        let looked = act(&mut client, &json!({ "act": "identify", "code": number }))?;
        let given = json!({ "act": "hand_over", "order": format!("B{index}"), "shown": { "code": number }, "bags": [1], "of_age": true });
        found.hand_over.add(looked + act(&mut client, &given)?);
    }
    Ok(())
}

fn arrivals(shop: &Shop, keys: &CollectKeys, turns: Turns, found: &mut Found) -> Result<(), CannotMeasure> {
    let failed = "starting a node in this process";
    let runtime = tokio::runtime::Runtime::new().map_err(CannotMeasure::doing(failed))?;
    runtime.block_on(async {
        let running = start(&shop.config).await.map_err(CannotMeasure::doing(failed))?;
        for turn in 0..turns.arrivals {
            let mut order = order(keys, ORDERS_OPEN_MAX + turn)?;
            order.order = OrderNo::new(&format!("A{turn}")).map_err(CannotMeasure::doing("numbering an order"))?;
            let deliver = OrderAct::Deliver { order: Box::new(order), cursor: (2 * ORDERS_OPEN_MAX + turn) as u64 };
            let request =
                CommandRequest { id: shell_command_id(), workstation: None, staff: None, approval: None, command: Command::Order(deliver) };
            let began = Instant::now();
            running.node.ask(request).await.map_err(CannotMeasure::doing("delivering an order"))?;
            found.arrival.since(began);
        }
        let newest = OrderNo::new(&format!("A{}", turns.arrivals - 1)).map_err(CannotMeasure::doing("numbering an order"))?;
        let is_there = running.node.screen().orders.orders.get(&newest).is_some_and(|order| order.state == OrderState::Received);
        running.stop().await.map_err(CannotMeasure::doing("stopping the node"))?;
        if is_there { Ok(()) } else { Err(CannotMeasure::new("delivering an order", "it is not in the book")) }
    })
}
