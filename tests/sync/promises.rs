//! What head office knows of stock and may promise of it, from the stores' own records: one story per test, on either storage.

use counterfoil::head_office::ingest::Batch;
use counterfoil::head_office::orders::{self, PlacedOrder, WithoutRights};
use counterfoil::head_office::serve::Running;
use counterfoil::head_office::{feeds, leads};
use counterfoil::ids::{OrderNo, Sku, StoreId};
use counterfoil::money::{Currency, Qty};
use counterfoil::retail::Event;
use counterfoil::retail::order::{CollectOrder, Granted, PickWay, Proof, Step, Units};
use counterfoil::sync::feed::Article;
use counterfoil::sync::orders::WordKind;
use counterfoil::sync::wire::RecordsQuery;
use counterfoil::time::{ClockQuality, Stamp};
use serde_json::{Value, json};

use super::over_http::office;
use super::shop::Shop;
use crate::web::http::{Reply, send};

const NAMES: [(&str, &str); 2] = [("milk", "Whole milk 1 l"), ("oat", "Oat drink 1 l")];

/// A head office that knows two articles.
async fn opened(folder: &std::path::Path) -> Running {
    let office = office(folder).await;
    let folders = office.office.folders().clone();
    let publish = office.office.write(move |writer, now_ms| {
        let article = |(sku, name): (&str, &str)| -> Article {
            serde_json::from_value(json!({"sku": sku, "name": name, "tax_class": "A", "price": 129})).unwrap()
        };
        let made_at = Stamp { ms: now_ms, quality: ClockQuality::Synchronised };
        feeds::stage_articles(writer.connection(), NAMES.into_iter().map(|it| Ok(article(it)))).unwrap();
        feeds::publish_catalogue(writer.connection(), &folders, &Currency::from_code("EUR").unwrap(), made_at).unwrap();
        Ok(())
    });
    publish.await.unwrap();
    office
}

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn at() -> Stamp {
    Stamp { ms: 1_795_000_000_000, quality: ClockQuality::Synchronised }
}

fn step(order: &str) -> Step {
    Step { order: OrderNo::new(order).unwrap(), by: None, workstation: None, at: at(), epoch: 1 }
}

/// A shop that keeps its orders itself, and head office knows it.
async fn joined(office: &Running, store: &str) -> Shop {
    let mut shop = Shop::new(store, "n1");
    shop.mark();
    told(office, &shop, 1).await;
    let asked = shop.store.clone();
    office.office.write(move |writer, now_ms| Ok(leads::first(writer.connection(), &asked, now_ms)?)).await.unwrap();
    asks(office, &shop, 0, 0).await;
    shop
}

/// Its lead asks for words, as one that has heard those up to `after` and knows of that epoch of head office.
async fn asks(office: &Running, shop: &Shop, after: u64, knows: u64) {
    let (store, node) = (shop.store.clone(), shop.node.clone());
    office.office.write(move |writer, now_ms| Ok(writer.lead_asks(&store, &node, after, Some(knows), now_ms)?)).await.unwrap();
}

/// Sends a shop's records from `from` on.
async fn told(office: &Running, shop: &Shop, from: u64) {
    let (store, node, head_seq) = (shop.store.clone(), shop.node.clone(), shop.head_seq());
    let lines = shop.lines(from, head_seq);
    let query = RecordsQuery { from, head_seq, ..RecordsQuery::default() };
    let taken = office.office.write(move |writer, now_ms| {
        let batch = Batch::read(&lines, &store, &node);
        writer.records(&store, &node, &batch, &query, now_ms)
    });
    assert!(!taken.await.unwrap().gap);
    let uncounted = office.office.read(|c| c.query_row("SELECT count(*) FROM exceptions", [], |row| row.get::<_, i64>(0)));
    assert_eq!(uncounted.await.unwrap(), 0);
}

/// The shop's record says so, and head office has it.
async fn says(office: &Running, shop: &mut Shop, event: &Event) {
    let from = shop.head_seq() + 1;
    shop.event(&serde_json::to_string(event).unwrap());
    told(office, shop, from).await;
}

async fn counts(office: &Running, shop: &mut Shop, article: &str, pieces: i64) {
    let from = shop.head_seq() + 1;
    let step = json!({"by": "anna", "workstation": "1", "at": at()});
    let line = json!({"line": 1, "sku": article, "counted": pieces * 1000, "seen": {"head_seq": 0}, "on_hand": pieces * 1000});
    shop.event(&json!({"stock_counted.1": {"document": 1, "step": step, "lines": [line]}}).to_string());
    told(office, shop, from).await;
}

async fn grants(office: &Running, shop: &mut Shop, article: &str, pieces: i64, office_epoch: u64) {
    let grants = vec![Granted { sku: sku(article), total: Qty::pieces(pieces) }];
    says(office, shop, &Event::RightsGranted { grants, epoch: 1, office_epoch, at: at() }).await;
}

fn order(store: &str, number: &str, lines: &[(&str, i64)]) -> PlacedOrder {
    let lines: Vec<Value> = lines.iter().map(|(sku, pieces)| json!({"sku": sku, "quantity": pieces * 1000})).collect();
    let order = json!({"order": number, "store": store, "promised_ms": at().ms + 3_600_000, "lines": lines});
    serde_json::from_value(order).unwrap()
}

/// The order as the store's record has it.
async fn received(office: &Running, store: &str, number: &str) -> CollectOrder {
    let (store, number) = (StoreId::new(store).unwrap(), number.to_owned());
    let words = office.office.read(move |connection| orders::words(connection, &store, 0)).await.unwrap();
    let found = words.into_iter().find_map(|word| match word.kind {
        WordKind::Put(order) if order.order.as_str() == number => Some(order),
        _ => None,
    });
    found.expect("the store is told of the order").marked(None, str::to_owned)
}

async fn get(office: &Running, path: &str) -> Reply {
    let host = office.pages_address.to_string();
    send(office.pages_address, "GET", path, &[("Host", host.as_str())], "").await
}

/// On hand, reserved, rights held, ATP, on request: in pieces, of one store.
async fn figures(office: &Running, store: &str, article: &str) -> (Option<i64>, i64, Option<i64>, i64, i64) {
    let reply = get(office, &format!("/api/v1/atp?sku={article}")).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let reply = reply.json();
    let row = reply["rows"].as_array().unwrap().iter().find(|row| row["store"] == store).unwrap().clone();
    let pieces = |value: &Value| value.as_i64().map(|thousandths| thousandths / 1000);
    let held = pieces(&row["rights"]["granted"])
        .map(|granted| granted - pieces(&row["rights"]["spent"]).unwrap() - pieces(&row["rights"]["released"]).unwrap());
    (pieces(&row["on_hand"]), pieces(&row["reserved"]).unwrap(), held, pieces(&row["atp"]).unwrap(), pieces(&row["on_request"]).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_figure_follows_the_stores_record_from_the_order_to_the_hand_over_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let office = opened(folder.path()).await;
    let mut shop = joined(&office, "s1").await;
    counts(&office, &mut shop, "milk", 10).await;
    counts(&office, &mut shop, "oat", 4).await;
    assert_eq!(figures(&office, "s1", "milk").await, (Some(10), 0, None, 0, 10));
    grants(&office, &mut shop, "milk", 5, 1).await;
    assert_eq!(figures(&office, "s1", "milk").await, (Some(10), 0, Some(5), 5, 5));

    // Taken by rights, and spoken for before the store has heard of it.
    assert!(orders::place(&office.office, order("s1", "A", &[("milk", 2)])).await.unwrap().promised);
    assert_eq!(figures(&office, "s1", "milk").await, (Some(10), 2, Some(3), 3, 5));
    // Beyond them the store has to say; until it does the units are spoken for as well.
    let asked = order("s1", "B", &[("milk", 4), ("oat", 1)]);
    let refused = PlacedOrder { without_rights: WithoutRights::Refuse, ..order("s1", "B", &[("milk", 4), ("oat", 1)]) };
    assert_eq!(orders::place(&office.office, refused).await.unwrap_err().code, "no_rights");
    assert!(!orders::place(&office.office, asked).await.unwrap().promised);
    assert_eq!(figures(&office, "s1", "milk").await, (Some(10), 6, Some(3), 3, 1));

    // The store's record takes over: one of two is picked, the other replaced by oat.
    let content = received(&office, "s1", "A").await;
    says(&office, &mut shop, &Event::OrderReceived { order: Box::new(content), cursor: 1, at: at(), epoch: 1 }).await;
    says(&office, &mut shop, &Event::OrderAccepted { step: step("A"), automatic: true }).await;
    says(&office, &mut shop, &Event::OrderPicking { step: step("A"), taken_over_from: None }).await;
    let picked = |article: &str| Event::OrderLinePicked {
        step: step("A"),
        line: 1,
        sku: sku(article),
        quantity: Qty::ONE,
        way: serde_json::from_value::<PickWay>(json!("scan")).unwrap(),
    };
    says(&office, &mut shop, &picked("milk")).await;
    says(&office, &mut shop, &picked("oat")).await;
    assert_eq!(figures(&office, "s1", "milk").await, (Some(10), 5, Some(3), 3, 2));
    assert_eq!(figures(&office, "s1", "oat").await, (Some(4), 2, None, 0, 2));
    // Picked anew, as ordered, and then again as before.
    says(&office, &mut shop, &Event::OrderLineReset { step: step("A"), line: 1 }).await;
    assert_eq!(figures(&office, "s1", "milk").await.1, 6);
    assert_eq!(figures(&office, "s1", "oat").await.1, 1);
    says(&office, &mut shop, &picked("milk")).await;
    says(&office, &mut shop, &picked("oat")).await;

    // Handed over: the goods are gone, and nothing is held. Taken back: as before.
    let issued = vec![Units { sku: sku("milk"), quantity: Qty::ONE }, Units { sku: sku("oat"), quantity: Qty::ONE }];
    let handed_over = Event::OrderHandedOver {
        step: step("A"),
        proof: serde_json::from_value::<Proof>(json!("number")).unwrap(),
        issued,
        leaves: Vec::new(),
        aged: None,
        bags: Vec::new(),
        bags_stay: false,
        later: Vec::new(),
        txn: None,
        owed: false,
    };
    says(&office, &mut shop, &handed_over).await;
    assert_eq!(figures(&office, "s1", "milk").await, (Some(9), 4, Some(3), 3, 2));
    assert_eq!(figures(&office, "s1", "oat").await, (Some(3), 1, None, 0, 2));
    says(&office, &mut shop, &Event::HandOverTakenBack { step: step("A") }).await;
    assert_eq!(figures(&office, "s1", "milk").await, (Some(10), 5, Some(3), 3, 2));
    says(&office, &mut shop, &handed_over).await;

    // Cancelled here, and over when the store says so.
    orders::cancel(&office.office, OrderNo::new("B").unwrap()).await.unwrap();
    assert_eq!(figures(&office, "s1", "milk").await.1, 4);
    let (order, at) = (OrderNo::new("B").unwrap(), at());
    says(&office, &mut shop, &Event::OrderCancelled { order, version: 1, cursor: 3, at, epoch: 1 }).await;
    assert_eq!(figures(&office, "s1", "milk").await, (Some(9), 0, Some(3), 3, 6));

    // A sale eats into what was granted; what is asked back is given back.
    let from = shop.head_seq() + 1;
    shop.sale(&[("milk", 7_000, 129)]);
    told(&office, &shop, from).await;
    assert_eq!(figures(&office, "s1", "milk").await, (Some(2), 0, Some(3), 2, 0));
    let workstation = counterfoil::ids::WorkstationId::new("1").unwrap();
    let (one, sku) = (Qty::ONE, sku("milk"));
    says(&office, &mut shop, &Event::RightsOverrun { sku, quantity: one, asked: one, workstation, epoch: 1, office_epoch: 1, at }).await;
    assert_eq!(figures(&office, "s1", "milk").await, (Some(2), 0, Some(2), 2, 0));

    // Counted anew from the stored bytes it is the same, also what no store has heard of yet.
    assert!(!orders::place(&office.office, self::order("s1", "C", &[("oat", 1)])).await.unwrap().promised);
    let before = (figures(&office, "s1", "milk").await, figures(&office, "s1", "oat").await);
    assert_eq!(before.1, (Some(3), 1, None, 0, 2));
    let again = office.office.write(|writer, _| Ok(writer.connection().execute("DELETE FROM meta WHERE name = 'projections'", [])?));
    assert_eq!(again.await.unwrap(), 1);
    office.stop().await;
    let office = self::office(folder.path()).await;
    assert_eq!((figures(&office, "s1", "milk").await, figures(&office, "s1", "oat").await), before);
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_promised_is_summed_by_region_and_what_is_in_doubt_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let office = opened(folder.path()).await;
    for (store, counted, granted) in [("s1", 10, 5), ("s2", 6, 3), ("s3", 8, 0)] {
        let mut shop = joined(&office, store).await;
        counts(&office, &mut shop, "milk", counted).await;
        if granted > 0 {
            grants(&office, &mut shop, "milk", granted, 1).await;
        }
    }
    let regions = office
        .office
        .write(|writer, _| Ok(writer.connection().execute("UPDATE stores SET region = 'North' WHERE store IN ('s1', 's2')", [])?));
    assert_eq!(regions.await.unwrap(), 2);
    let put = async |path: &str, body: Value| put(&office, path, &body).await;

    // Two units of safety everywhere, four in s2.
    assert_eq!(put("/api/v1/stock-levels/milk", json!({"safety": 2_000})).await.status, 204);
    assert_eq!(put("/api/v1/stock-levels/milk?store=s2", json!({"safety": 4_000})).await.status, 204);
    assert_eq!(put("/api/v1/stock-levels/milk", json!({"safety": -1})).await.code(), "levels_malformed");
    assert_eq!(put("/api/v1/stock-levels/milk", json!({"min": 5_000})).await.code(), "levels_malformed");
    assert_eq!(put("/api/v1/stock-levels/tea", json!({"safety": 1_000})).await.code(), "levels_of_nothing");
    assert_eq!(put("/api/v1/stock-levels/milk?store=s9", json!({"safety": 1_000})).await.code(), "levels_of_nothing");
    assert_eq!(get(&office, "/api/v1/stock-levels?store=s2").await.json()["rows"][0]["safety"], 4_000);

    let sums = |reply: &Value, at: &str| {
        let sum = reply.pointer(at).unwrap_or_else(|| panic!("{at} in {reply}"));
        (sum["atp"].as_i64().unwrap() / 1000, sum["on_request"].as_i64().unwrap() / 1000, sum["stores"].as_i64().unwrap())
    };
    let reply = get(&office, "/api/v1/atp?sku=milk&limit=2").await.json();
    assert_eq!(sums(&reply, "/total"), (7, 3 + 6, 3));
    assert_eq!((reply["regions"][0]["region"].is_null(), sums(&reply, "/regions/0")), (true, (0, 6, 1)));
    assert_eq!((reply["regions"][1]["region"].as_str(), sums(&reply, "/regions/1")), (Some("North"), (7, 3, 2)));
    assert_eq!((reply["rows"].as_array().unwrap().len(), reply["next"].as_str()), (2, Some("s2")));
    let rest = get(&office, "/api/v1/atp?sku=milk&limit=2&cursor=s2").await.json();
    assert_eq!((rest["rows"][0]["store"].as_str(), rest["next"].is_null()), (Some("s3"), true));
    let north = get(&office, "/api/v1/atp?sku=milk&region=North").await.json();
    assert_eq!(sums(&north, "/total"), (7, 3, 2));
    let table = get(&office, "/api/v1/atp.csv?sku=milk").await.body;
    assert!(table.lines().nth(1).unwrap().starts_with("s1,s1,North,milk,Whole milk 1 l,10,0,2,5,0,0,5,3,"), "{table}");
    let table = get(&office, "/api/v1/stock.csv?store=s2").await.body;
    assert!(table.contains("s2,s2,North,milk,Whole milk 1 l,6,0,4,3,0,0,2,0,"), "{table}");

    // Head office was restored: nothing is promised of a store that granted before, until it grants again.
    office.office.write(|writer, _| Ok(writer.restore()?)).await.unwrap();
    let reply = get(&office, "/api/v1/atp?sku=milk").await.json();
    assert_eq!(sums(&reply, "/total"), (0, 8 + 2 + 6, 3));
    let doubts: Vec<String> = reply["rows"].as_array().unwrap().iter().map(|row| row["doubts"].to_string()).collect();
    assert_eq!(doubts, [r#"["not_restated"]"#, r#"["not_restated"]"#, "[]"]);
    assert_eq!(reply["total"]["doubtful"], 2);
    let page = get(&office, "/stock/milk").await.body;
    assert!(page.contains("not restated") && page.contains("North") && page.contains("Without a region"), "{page}");
    assert_eq!(get(&office, "/stock/tea").await.status, 404);
    office.stop().await;
}

async fn put(office: &Running, path: &str, body: &Value) -> Reply {
    let (host, body) = (office.pages_address.to_string(), body.to_string());
    let length = body.len().to_string();
    let headers = [("Host", host.as_str()), ("Content-Type", "application/json"), ("Content-Length", length.as_str())];
    send(office.pages_address, "PUT", path, &headers, &body).await
}

/// Granted, promised, given back and wanted, in pieces, under the newest term.
async fn totals(office: &Running, store: &str, article: &str) -> (i64, i64, i64, i64) {
    let (store, article) = (store.to_owned(), sku(article));
    let totals = office.office.read(move |c| counterfoil::head_office::rights::totals(c, &store, &article)).await.unwrap();
    let row = get(office, &format!("/api/v1/stores/{}/rights", "s1")).await.json()["rows"][0].clone();
    let wanted = totals.wanted.map_or(-1, |wanted| wanted.thousandths() / 1000);
    (row["granted"].as_i64().unwrap() / 1000, totals.spent.thousandths() / 1000, totals.released.thousandths() / 1000, wanted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_are_held_by_what_is_ordered_and_given_back_after_quiet_days() {
    let folder = tempfile::tempdir().unwrap();
    let office = opened(folder.path()).await;
    let mut shop = joined(&office, "s1").await;
    counts(&office, &mut shop, "milk", 40).await;
    // Not taken: no rights. Enough for one such order is wanted, and at least five.
    let refused = PlacedOrder { without_rights: WithoutRights::Refuse, ..order("s1", "A", &[("milk", 3)]) };
    assert_eq!(orders::place(&office.office, refused).await.unwrap_err().code, "no_rights");
    assert_eq!(totals(&office, "s1", "milk").await, (0, 0, 0, 5));
    let refused = PlacedOrder { without_rights: WithoutRights::Refuse, ..order("s1", "A", &[("milk", 8)]) };
    assert_eq!(orders::place(&office.office, refused).await.unwrap_err().code, "no_rights");
    assert_eq!(totals(&office, "s1", "milk").await, (0, 0, 0, 8));
    grants(&office, &mut shop, "milk", 8, 1).await;

    // What was spent is wanted again once it is worth a word.
    assert!(orders::place(&office.office, order("s1", "B", &[("milk", 1)])).await.unwrap().promised);
    assert_eq!(totals(&office, "s1", "milk").await, (8, 1, 0, 8));
    assert!(orders::place(&office.office, order("s1", "C", &[("milk", 1)])).await.unwrap().promised);
    assert_eq!(totals(&office, "s1", "milk").await, (8, 2, 0, 10));
    grants(&office, &mut shop, "milk", 10, 1).await;

    // A round on the same day leaves it; after quiet days all of it goes back, and the store hears of it.
    counterfoil::head_office::rights_rounds::round(&office.office).await.unwrap();
    assert_eq!(totals(&office, "s1", "milk").await, (10, 2, 0, 10));
    office.office.write(|writer, _| Ok(writer.connection().execute("UPDATE right_demand SET day = day - 8", [])?)).await.unwrap();
    counterfoil::head_office::rights_rounds::round(&office.office).await.unwrap();
    assert_eq!(totals(&office, "s1", "milk").await, (10, 2, 8, 10));
    assert_eq!(figures(&office, "s1", "milk").await, (Some(40), 2, Some(0), 0, 38));
    let words = office.office.read(|connection| orders::words(connection, &StoreId::new("s1").unwrap(), 0)).await.unwrap();
    let WordKind::Rights(told) = &words.last().unwrap().kind else { panic!("the store is told") };
    assert_eq!((told[0].released, told[0].wanted, told[0].lead, told[0].office), (Qty::pieces(8), Some(Qty::pieces(10)), 1, 1));
    // Twice is once.
    counterfoil::head_office::rights_rounds::round(&office.office).await.unwrap();
    assert_eq!(totals(&office, "s1", "milk").await, (10, 2, 8, 10));

    // Restored: the totals of before are worth nothing, and what was wanted is wanted again.
    office.office.write(|writer, _| Ok(writer.restore()?)).await.unwrap();
    let words = office.office.read(|connection| orders::words(connection, &StoreId::new("s1").unwrap(), 0)).await.unwrap();
    let WordKind::Rights(told) = &words.last().unwrap().kind else { panic!("the store is told") };
    assert_eq!((told[0].spent, told[0].released, told[0].office), (Qty::ZERO, Qty::ZERO, 2));
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_few_are_left_a_connected_store_is_asked_and_one_that_is_away_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let office = opened(folder.path()).await;
    let mut shop = joined(&office, "s1").await;
    counts(&office, &mut shop, "milk", 3).await;
    grants(&office, &mut shop, "milk", 3, 1).await;
    let basis = async |order: PlacedOrder| serde_json::to_value(orders::place(&office.office, order).await.unwrap()).unwrap();
    // Two of three: one is left. The store was heard of just now.
    assert_eq!(basis(order("s1", "A", &[("milk", 2)])).await["basis"], "rights");
    // The last one: asked, and its right is given back before the store hears of the order.
    let refused = PlacedOrder { without_rights: WithoutRights::Refuse, ..order("s1", "B", &[("milk", 1)]) };
    assert_eq!(orders::place(&office.office, refused).await.unwrap_err().code, "few_left");
    let asked = order("s1", "B", &[("milk", 1)]);
    for _ in 0..2 {
        let answer = basis(asked.clone()).await;
        assert_eq!((answer["promised"].as_bool(), answer["basis"].as_str()), (Some(false), Some("store_word")));
    }
    let words = office.office.read(|connection| orders::words(connection, &StoreId::new("s1").unwrap(), 0)).await.unwrap();
    let [.., told, put] = words.as_slice() else { panic!("{words:?}") };
    assert!(matches!(&told.kind, WordKind::Rights(totals) if totals[0].released == Qty::ONE && totals[0].spent == Qty::pieces(2)));
    assert!(matches!(&put.kind, WordKind::Put(order) if order.order.as_str() == "B" && order.rights.is_empty()));
    orders::cancel(&office.office, OrderNo::new("B").unwrap()).await.unwrap();
    let (cancelled, at) = (OrderNo::new("B").unwrap(), at());
    says(&office, &mut shop, &Event::OrderCancelled { order: cancelled, version: 1, cursor: 9, at, epoch: 1 }).await;

    // Nobody has heard of the store for a while: a right is spent if there is one, and it is said.
    grants(&office, &mut shop, "milk", 4, 1).await;
    let away = office
        .office
        .write(|writer, _| Ok(writer.connection().execute("UPDATE nodes SET last_contact_ms = last_contact_ms - 60000", [])?));
    away.await.unwrap();
    let answer = basis(order("s1", "C", &[("milk", 1)])).await;
    assert_eq!((answer["promised"].as_bool(), answer["basis"].as_str()), (Some(true), Some("rights_store_away")));
    assert_eq!(get(&office, "/api/v1/orders/C").await.json()["basis"], "rights_store_away");
    assert!(get(&office, "/orders").await.body.contains("few left, store away"));
    office.stop().await;
}

/// Between the two words the store would believe those units neither promised nor held, and grant them once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spent_on_an_order_is_told_with_the_order_and_no_sooner() {
    let folder = tempfile::tempdir().unwrap();
    let office = opened(folder.path()).await;
    let mut shop = joined(&office, "s1").await;
    counts(&office, &mut shop, "milk", 20).await;
    grants(&office, &mut shop, "milk", 9, 1).await;
    for (number, pieces) in [("A", 2), ("B", 3)] {
        assert!(orders::place(&office.office, order("s1", number, &[("milk", pieces)])).await.unwrap().promised);
    }
    // One more of A: said with its newest content the first time the store hears of it.
    assert!(orders::change(&office.office, order("s1", "A", &[("milk", 3)])).await.unwrap().promised);
    let words = |after: u64| office.office.read(move |connection| orders::words(connection, &StoreId::new("s1").unwrap(), after));
    let told = |kind: &WordKind| match kind {
        WordKind::Put(order) => (order.order.to_string(), order.rights[0].spent),
        WordKind::Rights(totals) => ("rights".to_owned(), totals[0].spent),
        other => panic!("{other:?}"),
    };
    let all = words(0).await.unwrap();
    let mut spent = Qty::ZERO;
    for word in &all {
        let (what, said) = told(&word.kind);
        match what.as_str() {
            "A" if spent == Qty::ZERO => spent = Qty::pieces(3),
            "B" => spent = Qty::pieces(6),
            _ => {}
        }
        assert_eq!(said, spent, "{what} at {}", word.cursor);
    }
    assert_eq!(spent, Qty::pieces(6));
    // A store that has heard of A before hears of its change alone, and until then of nothing that was spent on it.
    let (first, last) = (all.first().unwrap().cursor, all.last().unwrap().cursor);
    assert_eq!(told(&words(last - 1).await.unwrap()[0].kind), ("A".to_owned(), Qty::pieces(6)));
    assert!(first < last);
    office.stop().await;
}

/// The same backup put back twice brings the same epoch twice: what the store granted in it, it granted to another head office.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_office_put_back_twice_spends_nothing_that_was_granted_to_the_one_between() {
    let folder = tempfile::tempdir().unwrap();
    let office = opened(folder.path()).await;
    let mut shop = joined(&office, "s1").await;
    counts(&office, &mut shop, "milk", 20).await;
    let epoch = async || office.office.read(counterfoil::head_office::storage::epoch).await.unwrap();
    let promised = async |number: &str| orders::place(&office.office, order("s1", number, &[("milk", 1)])).await.unwrap().promised;
    office.office.write(|writer, _| Ok(writer.restore()?)).await.unwrap();
    // The store's record tells of grants in epoch 2, and its lead has not asked us in it.
    grants(&office, &mut shop, "milk", 9, 2).await;
    assert!(!promised("A").await);
    asks(&office, &shop, 0, 2).await;
    assert_eq!(epoch().await, 3);
    assert!(!promised("B").await);
    // Told, and granted anew: now it holds. The lead may ask as often as it likes.
    grants(&office, &mut shop, "milk", 9, 3).await;
    asks(&office, &shop, 0, 3).await;
    assert_eq!(epoch().await, 3);
    assert!(promised("C").await);
    // A word that we have not said was said by one before us.
    asks(&office, &shop, 9_000_000_000_000, 3).await;
    assert_eq!(epoch().await, 4);
    assert!(!promised("D").await);
    let incidents = get(&office, "/incidents").await.body;
    assert!(incidents.contains("has heard more of orders and rights than head office has said"), "{incidents}");
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_low_is_proposed_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let office = opened(folder.path()).await;
    let mut shop = joined(&office, "s1").await;
    counts(&office, &mut shop, "milk", 20).await;
    counts(&office, &mut shop, "oat", 6).await;
    // Sold today, by the clock of head office.
    shop.date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let from = shop.head_seq() + 1;
    shop.sale(&[("milk", 14_000, 129)]);
    told(&office, &shop, from).await;
    assert!(!orders::place(&office.office, order("s1", "A", &[("milk", 4)])).await.unwrap().promised);
    assert_eq!(put(&office, "/api/v1/stock-levels/oat", &json!({"min": 8_000, "max": 12_000})).await.status, 204);
    let rows = get(&office, "/api/v1/replenishment?store=s1&limit=1").await.json();
    assert_eq!(
        (rows["rows"][0]["sku"].as_str(), rows["rows"][0]["propose"].as_i64(), rows["next"].as_str()),
        (Some("milk"), Some(8_000), Some("milk"))
    );
    assert_eq!(rows["rows"][0]["why"], "14 sold in 14 days: 2 free last 2.0 days; fill up to 10 for 10 days");
    let rows = get(&office, "/api/v1/replenishment?store=s1&limit=1&cursor=milk").await.json();
    assert_eq!((rows["rows"][0]["sku"].as_str(), rows["next"].is_null()), (Some("oat"), true));
    let table = get(&office, "/api/v1/replenishment.csv?store=s1").await.body;
    assert!(table.contains("s1,oat,Oat drink 1 l,low,6,6,\"6 free, the minimum is 8: fill up to 12\""), "{table}");
    // A level of the store's own goes before the one for all.
    assert_eq!(put(&office, "/api/v1/stock-levels/oat?store=s1", &json!({"min": 1_000, "max": 12_000})).await.status, 204);
    let page = get(&office, "/replenishment?store=s1").await.body;
    assert!(page.contains("2 free last 2.0 days") && !page.contains("the minimum is"), "{page}");
    office.stop().await;
}
