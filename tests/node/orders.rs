//! A collect order from head office through the shop and back, and with the line down in the middle: real journal, loop, sockets and database.

use std::sync::Arc;

use counterfoil::head_office::HeadOfficeConfig;
use counterfoil::head_office::feeds;
use counterfoil::head_office::orders::{self, CustomerCode, PlacedOrder};
use counterfoil::head_office::serve;
pub use counterfoil::head_office::serve::Running as Office;
use counterfoil::ids::{OrderNo, PlaceCode, StoreId};
use counterfoil::money::Currency;
use counterfoil::node::config::HeadOfficeLink;
use counterfoil::retail::order::{Order, OrderAct, OrderState, Shown};
use counterfoil::time::SystemClock;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

pub async fn office(folder: &Path, port: u16) -> Office {
    let config = HeadOfficeConfig::on_loopback(folder, port, Currency::from_code("EUR").unwrap());
    serve::start(config, Arc::new(SystemClock::new())).await.unwrap()
}

/// The demo's goods, ten of each on the shelf.
pub async fn stocked(office: &Office) {
    let folders = office.office.folders().clone();
    let publish = office.office.write(move |writer, now_ms| {
        let made_at = Stamp { ms: now_ms, quality: ClockQuality::Synchronised };
        let (connection, store) = (writer.connection(), StoreId::new("berlin-1").unwrap());
        feeds::stage_articles(connection, goods().into_iter().map(|good| Ok(good.article))).unwrap();
        feeds::publish_catalogue(connection, &folders, &Currency::from_code("EUR").unwrap(), made_at).unwrap();
        feeds::stage_stock(connection, goods().into_iter().map(|good| Ok((good.article.sku, Qty::pieces(10))))).unwrap();
        feeds::publish_stock(connection, &folders, &store, made_at).unwrap();
        Ok(())
    });
    publish.await.unwrap();
}

pub async fn shop(data: &Path, office: &Office) -> Running {
    let mut config = config(data);
    let url = format!("http://{}", office.address);
    config.head_office = Some(HeadOfficeLink { url, ca: None, cert: None, key: None, public_key: None });
    start(&config).await.unwrap()
}

pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn placed(order: &str, pieces: i64) -> PlacedOrder {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    serde_json::from_value(serde_json::json!({
        "order": order, "store": "berlin-1", "promised_ms": now_ms + 3_600_000, "initials": "A.B.", "customer": "c-77",
        "lines": [{"sku": MILK, "quantity": pieces * 1000, "zone": "chilled", "location": "A-01"}],
    }))
    .unwrap()
}

fn number(order: &str) -> OrderNo {
    OrderNo::new(order).unwrap()
}

async fn act(node: &Node, act: OrderAct) -> Result<Answer, AskError> {
    ask(node, &uuid::Uuid::now_v7().simple().to_string(), "1", Command::Order(act)).await
}

fn find(node: &Node, order: &str) -> Option<Arc<Order>> {
    node.screen().orders.orders.get(&number(order)).cloned()
}

async fn state_at(office: &Office, order: &str) -> (String, Option<CustomerCode>) {
    let order = number(order);
    let (row, _, code) = office.office.read(move |connection| orders::find(connection, &order)).await.unwrap().unwrap();
    (row.state, code)
}

/// From the shelf to its place.
async fn staged(node: &Node, order: &str, place: &str) {
    act(node, OrderAct::StartPicking { order: number(order), take_over: false }).await.unwrap();
    while let Some(line) = find(node, order).unwrap().open_lines().next() {
        let pick = OrderAct::Pick { orders: vec![number(order)], code: line.sku.to_string(), quantity: None };
        act(node, pick).await.unwrap();
    }
    act(node, OrderAct::FinishPicking { order: number(order), bags: 1 }).await.unwrap();
    act(node, OrderAct::Stage { order: number(order), bag: 1, place: PlaceCode::new(place).unwrap() }).await.unwrap();
}

fn hand_over(order: &str, code: &str) -> OrderAct {
    OrderAct::HandOver { order: number(order), shown: Shown::Code(code.to_owned()), bags: vec![1], leaves: Vec::new(), of_age: false }
}

fn refusal(result: Result<Answer, AskError>) -> &'static str {
    match result {
        Err(AskError::Refused(refusal, _)) => refusal.code(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_goes_from_head_office_to_the_customer_with_the_line_down_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let (ho, data) = (folder.path().join("ho"), folder.path().join("node"));
    let first = office(&ho, 0).await;
    let port = first.address.port();
    stocked(&first).await;
    let running = shop(&data, &first).await;
    let node = running.node.clone();
    until("goods and stock", async || {
        node.screen().feeds.iter().filter(|feed| [Feed::Catalogue, Feed::Stock].contains(&feed.feed)).count() == 2
    })
    .await;

    // Placed twice it is one order; with other content it is refused; what no shop can do is refused.
    let wanted = placed("K1", 2);
    for _ in 0..2 {
        assert_eq!(orders::place(&first.office, wanted.clone()).await.unwrap().version, 1);
    }
    let mut changed = placed("K1", 3);
    assert_eq!(orders::place(&first.office, changed.clone()).await.unwrap_err().code, "order_exists");
    for (order, pieces) in [("K8", 0), ("K9", 1_000_000)] {
        assert_eq!(orders::place(&first.office, placed(order, pieces)).await.unwrap_err().code, "order_malformed");
    }
    changed.lines[0].sku = counterfoil::ids::Sku::new("no such article").unwrap();
    assert_eq!(orders::change(&first.office, changed).await.unwrap_err().code, "order_malformed");
    let named = PlacedOrder { initials: "A\u{7}\"'".to_owned(), ..placed("K7", 1) };
    assert_eq!(orders::place(&first.office, named).await.unwrap_err().code, "order_malformed");

    until("K1 in the shop", async || find(&node, "K1").is_some()).await;
    assert_eq!(find(&node, "K1").unwrap().state, OrderState::Accepted, "the shelf covers it");
    assert_eq!(node.screen().orders_heard.map(|(lead, _)| lead), Some(true));
    let journal = std::fs::read_dir(data.join("journal")).unwrap().flatten().map(|file| std::fs::read(file.path()).unwrap());
    let journal = String::from_utf8_lossy(&journal.flatten().collect::<Vec<u8>>()).into_owned();
    staged(&node, "K1", "C07").await;
    until("head office knows that K1 is ready", async || state_at(&first, "K1").await.0 == "staged").await;
    let code = state_at(&first, "K1").await.1.unwrap();
    let digits: String = code.number.chars().filter(char::is_ascii_digit).collect();
    assert!(journal.contains("order_received.1") && !journal.contains(&digits), "the number is in the record as its mark alone");
    orders::place(&first.office, placed("K2", 1)).await.unwrap();
    until("K2 in the shop", async || find(&node, "K2").is_some()).await;

    // The line is down: everything at hand goes on.
    first.stop().await;
    staged(&node, "K2", "C08").await;
    assert_eq!(act(&node, OrderAct::Identify { code: code.token.clone() }).await.unwrap().order, Some(number("K1")));
    // At a till's own page the code and a bag's label are no articles: they say which order it is.
    for scanned in [code.token.as_str(), "CFB101K1"] {
        assert_eq!(ask(&node, &format!("till-{}", scanned.len()), "2", scan(scanned)).await.unwrap().order, Some(number("K1")));
    }
    let said = node.screen().workstations[&till("2").unwrap()].feedback.clone().unwrap();
    assert_eq!((said.code.as_str(), said.text.contains("K1")), ("order_identified", true));
    let mut forged = code.token.clone().into_bytes();
    let last = forged.len() - 3;
    forged[last] = if forged[last] == b'0' { b'1' } else { b'0' };
    assert_eq!(refusal(act(&node, OrderAct::Identify { code: String::from_utf8(forged).unwrap() }).await), "collect_code_forged");
    let on_hand = async || node.search(MILK, 1).await.unwrap()[0].on_hand.unwrap();
    assert_eq!(on_hand().await, Qty::pieces(10));
    act(&node, hand_over("K1", &code.token)).await.unwrap();
    assert_eq!(on_hand().await, Qty::pieces(8));
    assert_eq!(refusal(act(&node, OrderAct::Identify { code: code.token.clone() }).await), "collect_code_used");
    act(&node, OrderAct::TakeBackHandOver { order: number("K1") }).await.unwrap();
    assert_eq!(on_hand().await, Qty::pieces(10));
    act(&node, hand_over("K1", &code.number)).await.unwrap();
    // Five wrong numbers at this till; the count survives a restart, and so does the hand-over, which then stands.
    let wrong = if digits == "00000000" { "11111111" } else { "00000000" };
    for _ in 0..3 {
        assert_eq!(refusal(act(&node, OrderAct::Identify { code: wrong.to_owned() }).await), "collect_number_wrong");
    }
    running.stop().await.unwrap();
    let mut config = config(&data);
    config.head_office =
        Some(HeadOfficeLink { url: format!("http://127.0.0.1:{port}"), ca: None, cert: None, key: None, public_key: None });
    let running = start(&config).await.unwrap();
    let node = running.node.clone();
    for _ in 0..2 {
        assert_eq!(refusal(act(&node, OrderAct::Identify { code: wrong.to_owned() }).await), "collect_number_wrong");
    }
    assert_eq!(refusal(act(&node, OrderAct::Identify { code: wrong.to_owned() }).await), "collect_numbers_locked");
    assert_eq!(refusal(act(&node, OrderAct::TakeBackHandOver { order: number("K1") }).await), "hand_over_stands");

    // The line is back: head office knows what happened, and the shop what is placed now. A cancel comes too late or not.
    let second = office(&ho, port).await;
    orders::place(&second.office, placed("K3", 1)).await.unwrap();
    until("head office has caught up", async || {
        state_at(&second, "K1").await.0 == "handed_over" && state_at(&second, "K2").await.0 == "staged"
    })
    .await;
    assert!(state_at(&second, "K1").await.1.is_none(), "a code that was used is shown no more");
    until("K3 in the shop", async || find(&node, "K3").is_some()).await;
    for order in ["K1", "K2", "K3"] {
        orders::cancel(&second.office, number(order)).await.unwrap();
    }
    until("the cancels are answered", async || {
        node.screen().orders.notices.len() == 1
            && matches!(find(&node, "K2").unwrap().state, OrderState::PuttingBack { .. })
            && matches!(find(&node, "K3").unwrap().state, OrderState::Ended { .. })
    })
    .await;
    until("head office knows of the cancels", async || {
        state_at(&second, "K3").await.0 == "cancelled" && state_at(&second, "K2").await.0 == "cancelled"
    })
    .await;
    let count = |sql: &'static str| second.office.read(move |c| c.query_row(sql, [], |row| row.get::<_, i64>(0)));
    assert_eq!(count("SELECT count(*) FROM exceptions").await.unwrap(), 0);
    assert_eq!(count("SELECT sum(quantity) FROM stock_moves WHERE sku = '100001'").await.unwrap(), -2_000);
    running.stop().await.unwrap();
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_goes_to_the_page_that_has_the_scanner_or_it_is_said_that_nobody_used_it() {
    use counterfoil::ids::PageId;
    use counterfoil::node::handle::Input;
    use counterfoil::node::scanner::PageKind;

    let data = tempfile::tempdir().unwrap();
    let running = super::open(data.path()).await;
    let node = running.node.clone();
    let ws = till("1").unwrap();
    let board = PageId::new("board").unwrap();
    let scan = async |code: &str| {
        let device = counterfoil::ids::DeviceName::new("scanner-1").unwrap();
        let report = counterfoil::device::DeviceReport::Scan { device, workstation: Some(ws.clone()), frame: code.as_bytes().to_vec() };
        node.tell(Input::Device(report)).await.unwrap();
    };
    let shown = || node.screen().workstations[&ws].clone();
    node.tell(Input::PageOpened { workstation: ws.clone(), page: board.clone(), kind: PageKind::Orders }).await.unwrap();
    scan(MILK).await;
    until("the page is offered it", async || shown().scans.len() == 1).await;
    let offered = shown().scans[0].clone();
    assert_eq!((offered.page.clone(), offered.code.as_str()), (board.clone(), MILK));
    assert!(shown().basket.is_none(), "nothing is sold behind a page of orders");
    assert!(node.take_scan(ws.clone(), board.clone(), offered.serial).await.unwrap());
    until("it is taken", async || shown().scans.is_empty()).await;

    // A card's number never gets so far as a page.
    scan("4111111111111111").await;
    until("its refusal", async || shown().feedback.as_ref().is_some_and(|said| said.code == "card_data")).await;
    assert!(shown().scans.is_empty());

    // A page that takes nothing any more loses the scanner, and the scan is said not to count.
    scan(MILK).await;
    until("nobody used it", async || shown().feedback.as_ref().is_some_and(|said| said.code == "scan_unused")).await;
    assert!(shown().scans.is_empty() && shown().basket.is_none());
    scan(MILK).await;
    until("the till sells again", async || shown().basket.is_some()).await;
    node.tell(Input::PageClosed { workstation: ws.clone(), page: board }).await.unwrap();
    running.stop().await.unwrap();
}
