//! Orders find their places: the warehouse that has it, the next one when that refuses, is short or silent, nobody when nobody has it; one story per
//! test, on either storage, and a chain by dice. The clock is the test's.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil::head_office::db::{Connection, params};
use counterfoil::head_office::figures::{self, Period, Scope};
use counterfoil::head_office::ingest::Batch;
use counterfoil::head_office::intake::order::ChannelOrder;
use counterfoil::head_office::parts::{self, Part, PartAct, ShortLine};
use counterfoil::head_office::places::{self, stock};
use counterfoil::head_office::routing::{self, Served, book, glue, rounds};
use counterfoil::head_office::writer::{WriteError, Writer};
use counterfoil::head_office::{leads, order_exceptions, order_messages};
use counterfoil::ids::{OrderNo, PlaceId, Sku};
use counterfoil::money::Qty;
use counterfoil::retail::Event;
use counterfoil::retail::order::{Granted, RefusedWhy, Step};
use counterfoil::sync::wire::RecordsQuery;
use counterfoil::time::{ClockQuality, Stamp};
use serde_json::{Value, json};

use super::shop::Shop;
use crate::process::dice::Dice;

const NOW: i64 = 1_795_000_000_000;
const MINUTE_MS: i64 = 60_000;
const KEPT_MS: i64 = 72 * 60 * MINUTE_MS;

/// A head office without doors, with warehouses at so many kilometres from the customer.
struct Office {
    writer: Writer,
    now_ms: i64,
    _folder: tempfile::TempDir,
}

impl Office {
    fn new(warehouses: &[(&str, i64)]) -> Office {
        let folder = tempfile::tempdir().unwrap();
        let folders = crate::storage::folders(&folder.path().join("ho"));
        folders.create().unwrap();
        let mut office = Office { writer: Writer::open(&folders).unwrap(), now_ms: NOW, _folder: folder };
        office.write(|writer, _| {
            for sku in ["tea", "oat", "ham"] {
                let article = json!({"sku": sku, "name": format!("Good {sku}"), "tax_class": "A", "price": 129});
                let sql = "INSERT INTO articles (sku, name, article) VALUES (?1, ?2, ?3)";
                writer.connection().execute(sql, params![sku, format!("Good {sku}"), article.to_string()])?;
            }
            Ok(())
        });
        for (name, km) in warehouses {
            office.place(name, *km, json!({}));
        }
        office
    }

    fn write<T>(&mut self, work: impl FnOnce(&mut Writer, i64) -> Result<T, WriteError>) -> T {
        let now_ms = self.now_ms;
        self.writer.transaction(|writer| work(writer, now_ms)).unwrap()
    }

    fn place(&mut self, name: &str, km: i64, more: Value) {
        let mut draft = json!({"kind": "warehouse", "name": name, "at": {"latitude": km * 8_993, "longitude": 0},
            "work_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]});
        draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let draft: places::Draft = serde_json::from_value(draft).unwrap();
        let place = draft.checked(PlaceId::new(name).unwrap()).unwrap();
        self.write(|writer, now_ms| Ok(places::put(writer.connection(), &place, false, now_ms)?)).unwrap();
    }

    /// Pieces of each article.
    fn has(&mut self, place: &str, rows: &[(&str, i64)]) {
        let rows: Vec<Value> = rows.iter().map(|(sku, pieces)| json!({"sku": sku, "on_hand": pieces * 1000})).collect();
        let statement: stock::Statement = serde_json::from_value(json!({ "rows": rows })).unwrap();
        let place = PlaceId::new(place).unwrap();
        self.write(|writer, now_ms| Ok(stock::state(writer.connection(), &place, &statement, now_ms)?)).unwrap();
    }

    fn serve(&mut self, order: &ChannelOrder) -> Served {
        let order = order.clone();
        self.write(|writer, now_ms| {
            let (number, content) = (order.number.as_str(), serde_json::to_string(&order).unwrap());
            let sql = "INSERT INTO channel_orders (channel, number, store, version, sent, content, refused, order_no, came_ms, changed_ms)
                       VALUES ('web', ?1, '', 1, '', ?2, '[]', '', ?3, ?3)";
            writer.connection().execute(sql, params![number, content, now_ms])?;
            routing::serve(writer, &order, KEPT_MS, now_ms)
        })
        .unwrap()
    }

    fn says(&mut self, part: &Part, act: &PartAct) -> Result<Part, parts::NotConfirmed> {
        let (place, part, act) = (part.place.clone(), part.part.to_string(), act.clone());
        self.write(|writer, now_ms| Ok(parts::act(writer.connection(), &place, &part, &act, "", now_ms)?))
    }

    /// Looks again at everything that is due.
    fn round(&mut self) {
        for _ in 0..100 {
            if self.write(|writer, now_ms| rounds::once(writer, KEPT_MS, now_ms)) == 0 {
                return;
            }
        }
        panic!("a round has no end");
    }

    fn parts(&self, number: &str) -> Vec<Part> {
        parts::of_order(self.connection(), "web", number).unwrap()
    }

    /// Place, state and pieces of each part, the oldest first.
    fn stand(&self, number: &str) -> Vec<(String, String, i64)> {
        let pieces = |part: &Part| part.lines.iter().map(|line| (line.quantity - line.short).thousandths() / 1000).sum();
        self.parts(number).iter().map(|part| (part.place.to_string(), part.state.clone(), pieces(part))).collect()
    }

    fn open_exceptions(&self) -> Vec<&'static str> {
        let rows = order_exceptions::list(self.connection(), 100).unwrap();
        let known = ["waiting", "not_routed", "store_silent"];
        let open = rows.iter().filter(|row| row.settled_ms.is_none());
        open.map(|row| *known.iter().find(|kind| row.kind == **kind).unwrap_or(&"other")).collect()
    }

    /// What the customer of an order or a part is told, or was.
    fn told(&self, order: &str) -> Vec<String> {
        let rows = order_messages::of_order(self.connection(), &OrderNo::new(order).unwrap()).unwrap();
        rows.into_iter().map(|row| row.kind).collect()
    }

    fn connection(&self) -> &Connection {
        self.writer.connection()
    }
}

/// To an address at the equator, where the warehouses are counted from.
fn order(number: &str, lines: &[(&str, i64)], more: Value) -> ChannelOrder {
    let to = json!({"name": "Ada", "street": ["Weg 1"], "postcode": "20095", "city": "Hamburg", "country": "DE", "lat": 0, "lon": 0});
    let lines: Vec<Value> =
        lines.iter().enumerate().map(|(index, (sku, pieces))| json!({"line": index + 1, "sku": sku, "quantity": pieces * 1000})).collect();
    let mut order = json!({"channel": "web", "number": number, "version": 1, "fulfilment": {"ship": {"to": to}},
        "promised_ms": NOW + 5 * 86_400_000, "may_split": true, "partial": false, "lines": lines});
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(order).unwrap()
}

fn stands(rows: &[(&str, &str, i64)]) -> Vec<(String, String, i64)> {
    rows.iter().map(|(place, state, pieces)| ((*place).to_owned(), (*state).to_owned(), *pieces)).collect()
}

fn refuse() -> PartAct {
    PartAct::Refuse { why: "the shelf is empty".to_owned() }
}

#[test]
fn what_a_place_refuses_goes_to_the_next_and_after_three_a_person_decides() {
    let mut office = Office::new(&[("w1", 10), ("w2", 20), ("w3", 30), ("w4", 40)]);
    for place in ["w1", "w2", "w3", "w4"] {
        office.has(place, &[("tea", 5)]);
    }
    let served = office.serve(&order("W1", &[("tea", 2)], json!({})));
    assert_eq!((served.state, served.parts.len(), served.parts[0].part.as_str()), (routing::RouteState::Served, 1, "W1"));
    for expect in
        [stands(&[("w1", "refused", 2), ("w2", "sent", 2)]), stands(&[("w1", "refused", 2), ("w2", "refused", 2), ("w3", "sent", 2)])]
    {
        let part = office.parts("W1").pop().unwrap();
        office.says(&part, &refuse()).unwrap();
        office.round();
        assert_eq!(office.stand("W1"), expect);
    }
    assert_eq!(office.open_exceptions(), [""; 0]);
    let part = office.parts("W1").pop().unwrap();
    office.says(&part, &refuse()).unwrap();
    office.round();
    assert_eq!(office.stand("W1").len(), 3, "the fourth is not asked");
    assert_eq!(office.open_exceptions(), ["not_routed"]);
    // Time alone does not change that; a person does, and everybody may be asked again.
    office.now_ms += 60 * MINUTE_MS;
    office.round();
    assert_eq!(office.stand("W1").len(), 3);
    assert!(office.write(|writer, now_ms| rounds::try_now(writer, "web", "W1", KEPT_MS, now_ms)));
    assert_eq!(office.stand("W1").pop().unwrap(), ("w1".to_owned(), "sent".to_owned(), 2));
    assert_eq!(office.open_exceptions(), [""; 0]);
    let numbers: BTreeSet<String> = office.parts("W1").iter().map(|part| part.part.to_string()).collect();
    assert_eq!(numbers.into_iter().collect::<Vec<_>>(), ["W1", "W1P2", "W1P3", "W1P4"]);
}

#[test]
fn what_is_short_is_served_from_elsewhere_unless_the_customer_wants_one_parcel() {
    let mut office = Office::new(&[("w1", 10), ("w2", 20)]);
    office.has("w1", &[("tea", 5), ("oat", 5)]);
    office.has("w2", &[("tea", 5)]);
    let short = PartAct::Short { lines: vec![ShortLine { line: 1, quantity: Qty::pieces(2), why: "broken".to_owned() }] };
    office.serve(&order("#1/a", &[("tea", 3), ("oat", 1)], json!({})));
    let part = office.parts("#1/a").pop().unwrap();
    assert_eq!(part.part.as_str(), "1a", "a number that is none of ours");
    office.says(&part, &short).unwrap();
    office.round();
    assert_eq!(office.stand("#1/a"), stands(&[("w1", "accepted", 2), ("w2", "sent", 2)]));

    office.serve(&order("W2", &[("tea", 3)], json!({"may_split": false})));
    let part = office.parts("W2").pop().unwrap();
    office.says(&part, &short).unwrap();
    office.round();
    assert_eq!((office.stand("W2").len(), office.open_exceptions()), (1, vec!["not_routed"]));
}

#[test]
fn a_silent_place_loses_its_part_and_cannot_take_it_any_more() {
    let mut office = Office::new(&[("w2", 20)]);
    office.place("w1", 10, json!({"accept_minutes": 30}));
    office.has("w1", &[("tea", 5)]);
    office.has("w2", &[("tea", 5)]);
    office.serve(&order("W1", &[("tea", 2)], json!({})));
    office.now_ms += 29 * MINUTE_MS;
    office.round();
    assert_eq!(office.stand("W1"), stands(&[("w1", "sent", 2)]));
    office.now_ms += 2 * MINUTE_MS;
    office.round();
    assert_eq!(office.stand("W1"), stands(&[("w1", "cancelled", 2), ("w2", "sent", 2)]));
    let late = office.parts("W1").remove(0);
    assert!(office.says(&late, &PartAct::Accept).is_err());
}

#[test]
fn an_order_that_nobody_has_waits_until_somebody_reports_it() {
    let mut office = Office::new(&[("w1", 10), ("w2", 20)]);
    office.has("w1", &[("tea", 1)]);
    let served = office.serve(&order("W1", &[("tea", 3)], json!({})));
    assert_eq!((served.state, served.parts.len(), served.missing), (routing::RouteState::Waiting, 0, vec![(1, Qty::pieces(3))]));
    assert_eq!(office.open_exceptions(), ["waiting"]);
    office.now_ms += 1;
    office.round();
    assert_eq!(office.stand("W1"), []);
    // Two places have it together, and the moment the second says so it goes out.
    office.now_ms += 1;
    office.has("w2", &[("tea", 2)]);
    office.now_ms += 1;
    office.round();
    assert_eq!(office.stand("W1"), stands(&[("w1", "sent", 1), ("w2", "sent", 2)]));
    assert_eq!((office.open_exceptions(), glue::waiting(office.connection(), 10).unwrap().len()), (vec![], 0));
    // What those hold is promised to nobody else.
    assert_eq!(office.serve(&order("W2", &[("tea", 1)], json!({}))).state, routing::RouteState::Waiting);
    // What its channel cancelled is not looked for.
    office.write(|writer, now_ms| Ok(routing::stop(writer.connection(), "web", "W2", now_ms)?));
    office.now_ms += 60 * MINUTE_MS;
    office.has("w1", &[("tea", 9)]);
    office.round();
    assert_eq!((office.stand("W2").len(), office.open_exceptions()), (0, vec![]));
}

#[test]
fn what_waited_too_long_is_given_up() {
    let mut office = Office::new(&[("w1", 10)]);
    office.serve(&order("W1", &[("tea", 3)], json!({"expires_ms": NOW + 60 * MINUTE_MS})));
    office.now_ms += 61 * MINUTE_MS;
    office.round();
    assert_eq!(office.open_exceptions(), ["not_routed"]);
    let waiting = glue::waiting(office.connection(), 10).unwrap();
    assert_eq!(waiting[0].state, "given_up");
    assert!(waiting[0].why.contains("waited too long"), "{waiting:?}");
}

/// A shop with its lead at head office, so many kilometres from the others' town, with rights for five.
fn shop(office: &mut Office, store: &str, km: i64) -> Shop {
    let mut shop = Shop::new(store, "n1");
    shop.mark();
    told(office, &shop, 1);
    let named = shop.store.clone();
    office.write(|writer, now_ms| Ok(leads::first(writer.connection(), &named, now_ms)?));
    // Its lead has asked for words: what it grants from here on is granted to this head office.
    office.write(|writer, now_ms| Ok(writer.lead_asks(&named, &shop.node, 0, Some(0), now_ms)?));
    office.place(store, km, json!({"kind": "store"}));
    let grants = vec![Granted { sku: Sku::new("tea").unwrap(), total: Qty::pieces(5) }];
    says(office, &mut shop, &Event::RightsGranted { grants, epoch: 1, office_epoch: 1, at: at() });
    shop
}

fn at() -> Stamp {
    Stamp { ms: NOW, quality: ClockQuality::Synchronised }
}

fn told(office: &mut Office, shop: &Shop, from: u64) {
    let query = RecordsQuery { from, head_seq: shop.head_seq(), ..RecordsQuery::default() };
    let batch = Batch::read(&shop.lines(from, shop.head_seq()), &shop.store, &shop.node);
    let taken = office.write(|writer, now_ms| writer.records(&shop.store, &shop.node, &batch, &query, now_ms));
    assert!(!taken.gap);
}

fn says(office: &mut Office, shop: &mut Shop, event: &Event) {
    let from = shop.head_seq() + 1;
    shop.event(&serde_json::to_string(event).unwrap());
    told(office, shop, from);
}

#[test]
fn what_a_store_refuses_goes_to_one_near_by_when_the_route_goes_elsewhere() {
    let mut office = Office::new(&[]);
    let (mut s1, mut s2) = (shop(&mut office, "s1", 0), shop(&mut office, "s2", 10));
    shop(&mut office, "s3", 100);
    let collect = json!({"fulfilment": {"collect": {"store": "s1"}}});
    let refused = |order: &str| Event::OrderRefused {
        step: Step { order: OrderNo::new(order).unwrap(), by: None, workstation: None, at: at(), epoch: 1 },
        why: RefusedWhy::NoStock,
    };
    // As delivered the rules keep it in the store that the customer chose.
    let served = office.serve(&order("W1", &[("tea", 2)], collect.clone()));
    assert_eq!((served.parts[0].place.as_str(), served.parts[0].promised), ("s1", true));
    says(&mut office, &mut s1, &refused("W1"));
    office.round();
    assert_eq!(office.stand("W1"), stands(&[("s1", "refused", 2)]));
    assert_eq!(office.open_exceptions(), ["not_routed"]);
    assert_eq!(office.told("W1"), ["refused"]);

    let near = "attempts = 3\n[[routes]]\nname = \"near\"\nelsewhere_km = 50\n";
    office.write(|writer, now_ms| Ok(book::keep(writer.connection(), near, None, "anna", now_ms)?)).unwrap();
    office.serve(&order("W2", &[("tea", 2)], collect));
    says(&mut office, &mut s1, &refused("W2"));
    assert!(office.told("W2").is_empty(), "before another store was looked for");
    office.round();
    assert_eq!(office.stand("W2"), stands(&[("s1", "refused", 2), ("s2", "placed", 2)]));
    // Counted anew, the refusal is not answered a second time.
    says(&mut office, &mut s1, &refused("W2"));
    office.round();
    assert_eq!(office.stand("W2").len(), 2);
    assert!(office.told("W2").is_empty(), "another store has it");
    says(&mut office, &mut s2, &refused("W2P2"));
    office.round();
    assert_eq!(office.stand("W2"), stands(&[("s1", "refused", 2), ("s2", "refused", 2)]), "the third is too far");
    assert_eq!(office.open_exceptions(), ["not_routed", "not_routed"]);
    assert_eq!((office.told("W2"), office.told("W2P2")), (vec![], vec!["refused".to_owned()]), "once, when nobody has it");
}

#[test]
fn a_store_that_is_silent_and_has_not_accepted_is_raised_until_the_order_moves_on() {
    let mut office = Office::new(&[]);
    shop(&mut office, "s1", 0);
    let mut calling = shop(&mut office, "s2", 10);
    for (number, store) in [("W1", "s1"), ("W2", "s2")] {
        office.serve(&order(number, &[("tea", 1)], json!({"fulfilment": {"collect": {"store": store}}})));
    }
    office.now_ms += 239 * MINUTE_MS;
    office.round();
    assert!(office.open_exceptions().is_empty(), "it has four hours");
    office.now_ms += 2 * MINUTE_MS;
    let from = calling.head_seq() + 1;
    calling.mark();
    told(&mut office, &calling, from);
    for _ in 0..2 {
        office.round();
        assert_eq!(office.open_exceptions(), ["store_silent"], "once, and not of the store that calls");
    }
    let row = order_exceptions::list(office.connection(), 9).unwrap().remove(0);
    assert_eq!((row.order.as_str(), row.store.as_str()), ("W1", "s1"));
    assert!(row.reason.contains("telephone the store"), "{}", row.reason);
    office.write(|writer, now_ms| Ok(parts::end(writer, &OrderNo::new("W1").unwrap(), "", now_ms)?)).unwrap();
    office.round();
    assert!(office.open_exceptions().is_empty());
}

/// Whatever stops the transaction, there is no half order: no part, no hold, nothing that waits.
#[test]
fn an_order_that_is_not_committed_leaves_nothing() {
    let mut office = Office::new(&[("w1", 10), ("w2", 20)]);
    office.has("w1", &[("tea", 2)]);
    office.has("w2", &[("tea", 2)]);
    let order = order("W1", &[("tea", 4)], json!({}));
    let now_ms = office.now_ms;
    let failed = office.writer.transaction(|writer| {
        let served = routing::serve(writer, &order, KEPT_MS, now_ms)?.unwrap();
        assert_eq!(served.parts.len(), 2);
        Err::<(), WriteError>(WriteError::NotCommitted)
    });
    assert!(failed.is_err());
    for table in ["order_parts", "part_holds", "route_orders", "route_plans", "office_events"] {
        let count = office.connection().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
        assert_eq!(count.unwrap(), 0, "{table}");
    }
}

/// Places that do anything, for days: nothing is promised twice, nobody is asked again for what he did not serve, and everything comes to an end.
#[test]
fn by_dice_no_order_is_served_twice_and_every_one_comes_to_an_end() {
    let mut dice = Dice::from_environment();
    let names = ["w1", "w2", "w3", "w4", "w5"];
    let skus = ["tea", "oat", "ham"];
    let mut office = Office::new(&[]);
    for name in names {
        let more = json!({"accept_minutes": 30 + dice.throw(0, 59), "cost": dice.throw(0, 899), "lead_days": dice.throw(0, 3)});
        office.place(name, 1 + thrown(&mut dice, 399), more);
    }
    // What each place has; head office knows what it said last.
    let mut shelf: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut orders: Vec<ChannelOrder> = Vec::new();
    let mut seen = Seen::default();
    for turn in 0..if crate::storage::is_postgres() { 120 } else { 300 } {
        office.now_ms += thrown(&mut dice, 39) * MINUTE_MS;
        match dice.throw(0, 9) {
            0 | 1 if turn < 250 => {
                let name = *dice.pick(&names);
                let rows: Vec<(&str, i64)> = skus.iter().map(|sku| (*sku, thrown(&mut dice, 11))).collect();
                // On hand is all that lies there, also what open parts hold.
                let held = |sku: &str| held(&office, name, sku);
                let rows: Vec<(&str, i64)> = rows.into_iter().map(|(sku, free)| (sku, free + held(sku))).collect();
                office.has(name, &rows);
                shelf.extend(rows.iter().map(|(sku, pieces)| ((name, *sku), *pieces)));
            }
            2 | 3 if turn < 250 => {
                let lines = skus.map(|sku| (sku, thrown(&mut dice, 9) - 3));
                let lines: Vec<(&str, i64)> = lines.into_iter().filter(|(_, pieces)| *pieces > 0).collect();
                if !lines.is_empty() {
                    let more = json!({"may_split": dice.throw(0, 99) < 70, "partial": dice.throw(0, 99) < 30});
                    let order = order(&format!("D{turn}"), &lines, more);
                    office.serve(&order);
                    orders.push(order);
                }
            }
            _ => {
                let open: Vec<Part> = names.iter().flat_map(|name| parts::open(office.connection(), name, 100).unwrap()).collect();
                if !open.is_empty() {
                    let part = dice.pick(&open);
                    let act = match dice.throw(0, 5) {
                        0 => PartAct::Accept,
                        1 => refuse(),
                        2 => {
                            let line = dice.pick(&part.lines);
                            PartAct::Short { lines: vec![ShortLine { line: line.line, quantity: Qty::ONE, why: "gone".to_owned() }] }
                        }
                        _ => PartAct::Ship { tracking: String::new() },
                    };
                    let _ = office.says(part, &act);
                }
                office.round();
            }
        }
        check(&office, &orders, &mut seen, &format!("turn {turn}"));
    }
    // Nobody says anything any more: what is open is silent and goes on, until it is given up.
    for _ in 0..40 {
        office.now_ms += 24 * 60 * MINUTE_MS;
        office.round();
        let open: Vec<Part> = names.iter().flat_map(|name| parts::open(office.connection(), name, 100).unwrap()).collect();
        for part in open.iter().filter(|part| part.state != "sent") {
            office.says(part, &PartAct::Ship { tracking: String::new() }).unwrap();
        }
        check(&office, &orders, &mut seen, "at the end");
    }
    assert!(orders.len() > 20 && !shelf.is_empty());
    let unended = "SELECT count(*) FROM route_orders WHERE state = 'waiting'";
    let unended: i64 = office.connection().query_row(unended, [], |row| row.get(0)).unwrap();
    let open: usize = names.iter().map(|name| parts::open(office.connection(), name, 100).unwrap().len()).sum();
    assert_eq!((unended, open), (0, 0));
}

fn thrown(dice: &mut Dice, most: u64) -> i64 {
    i64::try_from(dice.throw(0, most)).unwrap()
}

/// Pieces that open parts of a place hold.
fn held(office: &Office, place: &str, sku: &str) -> i64 {
    let sql = "SELECT coalesce(sum(quantity), 0) FROM part_holds WHERE store = ?1 AND sku = ?2 AND left_ms IS NULL";
    office.connection().query_row(sql, [place, sku], |row| row.get::<_, i64>(0)).unwrap() / 1000
}

/// Parts of the turns before, and who did not serve which line of which order.
#[derive(Default)]
struct Seen {
    parts: BTreeSet<String>,
    failed: BTreeSet<(String, u32, String)>,
}

fn check(office: &Office, orders: &[ChannelOrder], seen: &mut Seen, when: &str) {
    for order in orders {
        let parts = office.parts(order.number.as_str());
        for line in &order.lines {
            let of = |part: &Part| part.lines.iter().find(|of| of.line == line.line).cloned();
            let live = parts.iter().filter(|part| part.state != "refused" && part.state != "cancelled").filter_map(of);
            let served = live.fold(Qty::ZERO, |sum, of| sum + of.quantity - of.short);
            assert!(served <= line.quantity, "{when}: line {} of {} is served twice: {parts:#?}", line.line, order.number);
        }
        // Places say what they say before anybody looks for another one.
        let (old, new): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|part| seen.parts.contains(part.part.as_str()));
        for part in old {
            let lost = part.state == "refused" || part.state == "cancelled";
            let failed = part.lines.iter().filter(|line| lost || line.short > Qty::ZERO);
            seen.failed.extend(failed.map(|line| (order.number.to_string(), line.line, part.place.to_string())));
        }
        for part in new {
            for line in &part.lines {
                let asked = (order.number.to_string(), line.line, part.place.to_string());
                assert!(!seen.failed.contains(&asked), "{when}: a place is asked again for what it did not serve: {asked:?}, {parts:#?}");
            }
            seen.parts.insert(part.part.to_string());
        }
        assert!(parts.iter().all(|part| part.attempt <= 3), "{when}: {} was tried more than three times", order.number);
        if !order.may_split {
            let live = parts.iter().filter(|part| part.state != "refused" && part.state != "cancelled").count();
            assert!(live <= 1, "{when}: {} was split: {parts:#?}", order.number);
        }
    }
    // No place has to send more than it said it had.
    let sql = "SELECT count(*) FROM part_holds h WHERE h.left_ms IS NULL AND (SELECT sum(o.quantity) FROM part_holds o
                 WHERE o.store = h.store AND o.sku = h.sku AND o.left_ms IS NULL) > coalesce((SELECT s.on_hand FROM place_stock s
                 WHERE s.store = h.store AND s.sku = h.sku), 0)";
    let over: i64 = office.connection().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(over, 0, "{when}: more is held than there is");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_checked_before_they_count_and_a_dry_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let office = super::over_http::office(&folder.path().join("ho")).await;
    crate::browser::routing::with_places(&office).await;
    let host = office.pages_address.to_string();
    let ask = async |method: &str, path: &str, body: &str| {
        let headers = [("Host", host.as_str()), ("Content-Type", "application/json")];
        crate::web::http::send(office.pages_address, method, path, &headers, body).await
    };
    let put = async |document: &str, over: u64| {
        ask("PUT", "/api/v1/routing/rules", &json!({ "document": document, "over": over }).to_string()).await
    };
    assert_eq!(ask("GET", "/api/v1/routing/rules", "").await.json()["version"], 0);
    let looping = "attempts = 3\n[[routes]]\nname = \"a\"\notherwise = \"b\"\n[[routes]]\nname = \"b\"\notherwise = \"a\"\n";
    let refused = put(looping, 0).await;
    assert_eq!((refused.status, refused.code()), (422, "rules_malformed".to_owned()));
    assert!(refused.body.contains("“a” → “b” → “a”"), "{}", refused.body);
    let near = "attempts = 2\n[groups.near]\nplaces = [\"hamburg\"]\n[[routes]]\nname = \"near\"\namong = \"near\"\n";
    assert_eq!(put(near, 0).await.json()["version"], 1);
    assert_eq!(put(near, 0).await.json()["version"], 1, "the same again");
    assert_eq!(put(&near.replace("2\n", "3\n"), 0).await.code(), "rules_newer");
    let tried = ask("GET", "/api/v1/routing/try?way=ship&articles=tea+3&position=53.55,10.0", "").await.json();
    assert_eq!(tried["parts"][0]["place"], "hamburg");
    let why: Vec<(Value, Value)> =
        tried["steps"][0]["places"].as_array().unwrap().iter().map(|of| (of["place"].clone(), of["why"][0].clone())).collect();
    assert!(why.contains(&(json!("bremen"), json!("is not among “near”"))), "{tried}");
    let nowhere = ask("GET", "/api/v1/routing/try?way=ship&articles=oat", "").await.json();
    assert_eq!((&nowhere["parts"], &nowhere["missing"]), (&json!([]), &json!([[1, 1000]])));
    for (query, expect) in [
        ("way=ship&articles=soap", "soap"),
        ("way=ship&articles=tea+0.5", "0.5"),
        ("way=fly&articles=tea", "fly"),
        ("way=collect&place=hamburg&articles=tea", "no store"),
    ] {
        let refused = ask("GET", &format!("/api/v1/routing/try?{query}"), "").await;
        assert!(refused.status == 422 && refused.body.contains(expect), "{query}: {}", refused.body);
    }
    let rows = office.office.read(|c| {
        c.query_row("SELECT (SELECT count(*) FROM order_parts) + (SELECT count(*) FROM route_orders)", [], |row| row.get::<_, i64>(0))
    });
    assert_eq!(rows.await.unwrap(), 0);
    office.stop().await;
}

/// What a channel sends to be shipped goes to a place at once, says so, and is taken back when the channel cancels it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_of_a_channel_that_is_shipped_is_routed_as_it_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let office = super::over_http::office(&folder.path().join("ho")).await;
    crate::browser::routing::with_places(&office).await;
    let host = office.pages_address.to_string();
    let ask = async |method: &str, path: &str, body: Value| {
        let headers = [("Host", host.as_str()), ("Content-Type", "application/json")];
        crate::web::http::send(office.pages_address, method, path, &headers, &body.to_string()).await
    };
    assert!(ask("PUT", "/api/v1/channels/web", json!({"name": "Web shop"})).await.status < 300);
    let to = json!({"name": "Ada", "street": ["Weg 1"], "postcode": "20095", "city": "Hamburg", "country": "DE", "lat": 53_550_000, "lon": 10_000_000});
    let order = |tea: i64, version: u64| json!({"version": version, "fulfilment": "ship", "to": to, "lines": [{"sku": "tea", "quantity": tea * 1000}]});
    let taken = ask("PUT", "/api/v1/channels/web/orders/%231001", order(3, 1)).await;
    assert!(taken.status < 300, "{}", taken.body);
    let answer = taken.json();
    assert_eq!(
        (&answer["parts"][0]["place"], &answer["order"], &answer["promised"]),
        (&json!("hamburg"), &json!("1001"), &json!(true)),
        "{answer}"
    );
    let again = ask("PUT", "/api/v1/channels/web/orders/%231001", order(3, 1)).await.json();
    assert_eq!((&again["outcome"], again["parts"].as_array().unwrap().len()), (&json!("same"), 1), "{again}");
    // A change before anybody has begun: the part is given out anew.
    let changed = ask("PUT", "/api/v1/channels/web/orders/%231001", order(7, 2)).await.json();
    let parts: Vec<(&str, &str)> = changed["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["place"].as_str().unwrap(), part["state"].as_str().unwrap()))
        .collect();
    assert_eq!(parts, [("hamburg", "cancelled"), ("koeln", "sent")], "{changed}");
    let waits = ask("PUT", "/api/v1/channels/web/orders/1002", order(90, 1)).await.json();
    assert!(waits["waits"].as_str().is_some_and(|why| why.contains("no place")), "{waits}");
    let state =
        async |number: &str| ask("GET", &format!("/api/v1/channels/web/orders/{number}"), Value::Null).await.json()["state"].clone();
    assert_eq!((state("%231001").await, state("1002").await), (json!("sent"), json!("waiting")));
    for number in ["%231001", "1002"] {
        let cancelled = ask("POST", &format!("/api/v1/channels/web/orders/{number}/cancel"), json!({})).await;
        assert!(cancelled.status < 300, "{}", cancelled.body);
        assert_eq!(state(number).await, "cancelled");
    }
    let open = office.office.read(|c| {
        c.query_row(
            "SELECT (SELECT count(*) FROM order_parts WHERE state = 'sent') + (SELECT count(*) FROM route_orders WHERE state <> 'over')",
            [],
            |row| row.get::<_, i64>(0),
        )
    });
    assert_eq!(open.await.unwrap(), 0);
    office.stop().await;
}

/// W1 of two tea at 1.29: refused by w1, taken by w2 after ten minutes, gone half an hour later; it comes back. W2 of three tea and an oat without
/// prices: w1 has one tea of it and sends that with the oat an hour later; w2 is asked for the rest and has not said anything.
#[test]
fn parcels_are_in_the_figures_of_their_channel() {
    let mut office = Office::new(&[("w1", 10), ("w2", 20)]);
    office.has("w1", &[("tea", 5), ("oat", 5)]);
    office.has("w2", &[("tea", 5)]);
    let mut priced = order("W1", &[("tea", 2)], json!({}));
    priced.lines[0].unit_price = Some(counterfoil::money::Money::from_minor(129));
    office.serve(&priced);
    let part = office.parts("W1").pop().unwrap();
    office.says(&part, &refuse()).unwrap();
    office.round();
    let second = office.parts("W1").pop().unwrap();
    office.now_ms += 10 * MINUTE_MS;
    office.says(&second, &PartAct::Accept).unwrap();
    office.serve(&order("W2", &[("tea", 3), ("oat", 1)], json!({})));
    let part = office.parts("W2").pop().unwrap();
    let short = PartAct::Short { lines: vec![ShortLine { line: 1, quantity: Qty::pieces(2), why: "broken".to_owned() }] };
    office.says(&part, &short).unwrap();
    office.round();
    for (part, minutes) in [(&second, 30), (&part, 30)] {
        office.now_ms += minutes * MINUTE_MS;
        office.says(part, &PartAct::Ship { tracking: String::new() }).unwrap();
        // Said twice it is the same.
        office.now_ms += 1;
        office.says(part, &PartAct::Ship { tracking: String::new() }).unwrap();
    }
    assert_eq!(office.stand("W2"), stands(&[("w1", "shipped", 2), ("w2", "sent", 2)]));
    office.write(|writer, now_ms| {
        let sql =
            "INSERT INTO channel_returns (channel, return_no, number, store, content, came_ms) VALUES ('web', 'R1', 'W1', 'w2', '{}', ?1)";
        Ok(writer.connection().execute(sql, params![now_ms])?)
    });

    let day = jiff::Timestamp::from_millisecond(NOW).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
    let scope = |store: Option<&str>| Scope { period: Period::new(day, day).unwrap(), store: store.map(str::to_owned) };
    let found = figures::of(office.connection(), &scope(None), "EUR", office.now_ms).unwrap();
    let [web] = found.orders_by_channel.as_slice() else { panic!("{:?}", found.orders_by_channel) };
    assert_eq!((web.key.as_str(), web.orders, web.ready, web.handed_over, web.refused), ("web", 2, 2, 2, 1), "{web:?}");
    assert_eq!((web.returned, web.return_rate()), (1, Some(500)));
    // What w2 has not said anything of is not due yet; what w1 refused broke no promise.
    assert_eq!((web.promises_kept, web.promises_due), (2, 2));
    // One line of what w2 sent; two of what w1 sent, one of them short.
    assert_eq!((web.short_lines, web.picked_lines), (1, 3));
    assert_eq!((web.fulfilment_median_ms, web.fulfilment_p90_ms), (Some(30 * MINUTE_MS), Some(60 * MINUTE_MS + 1)));
    // 2 × 1.29, once, though two places were asked; W2 has no prices.
    let values: Vec<_> =
        found.order_values_by_channel.iter().map(|sum| (sum.key.as_str(), sum.currency.as_str(), sum.orders, sum.value)).collect();
    assert_eq!(values, [("web", "EUR", 1, 258)]);
    assert_eq!(found.orders.orders, 2);
    // Of one place: what it was asked.
    let first = figures::of(office.connection(), &scope(Some("w1")), "EUR", office.now_ms).unwrap();
    assert_eq!((first.orders.orders, first.orders.handed_over, first.orders.refused, first.orders.returned), (2, 1, 1, 0));
}
