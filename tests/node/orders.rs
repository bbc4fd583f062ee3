//! A collect order from head office through the shop and back, and with the line down in the middle: real journal, loop, sockets and database.

use std::sync::Arc;

use counterfoil::gs1::Gtin;
use counterfoil::head_office::feeds;
use counterfoil::head_office::orders::{self, CustomerCode, PlacedLine, PlacedOrder, WithoutRights};
use counterfoil::head_office::serve;
pub use counterfoil::head_office::serve::Running as Office;
use counterfoil::head_office::storage::Folders;
use counterfoil::head_office::writer::Writer;
use counterfoil::head_office::{order_exceptions, order_messages, order_returns, rights};
use counterfoil::ids::{OrderNo, PlaceCode, StoreId};
use counterfoil::money::Currency;
use counterfoil::node::config::HeadOfficeLink;
use counterfoil::retail::order::{Order, OrderAct, OrderState, Shown};
use counterfoil::sync::feed::{Article, CodeKey, SaleCode};
use counterfoil::time::SystemClock;

use super::*;

/// As people are called, and as they are not.
const CUSTOMER: &str = "Zoë \"Ace\" O'Hara <b>";

const PATIENCE: Duration = Duration::from_secs(60);

pub async fn office(folder: &Path, port: u16) -> Office {
    let config = crate::storage::config(folder, port);
    serve::start(config, Arc::new(SystemClock::new())).await.unwrap()
}

/// The demo's goods, ten of each on the shelf.
pub async fn stocked(office: &Office) {
    stocked_with(office, goods().into_iter().map(|good| good.article).collect()).await;
}

async fn stocked_with(office: &Office, articles: Vec<Article>) {
    let folders = office.office.folders().clone();
    let publish = office.office.write(move |writer, now_ms| {
        goods_and_stock(writer, articles, &folders, now_ms);
        Ok(())
    });
    publish.await.unwrap();
}

pub fn goods_and_stock(writer: &Writer, articles: Vec<Article>, folders: &Folders, now_ms: i64) {
    let made_at = Stamp { ms: now_ms, quality: ClockQuality::Synchronised };
    let (connection, store) = (writer.connection(), StoreId::new("berlin-1").unwrap());
    feeds::stage_articles(connection, articles.into_iter().map(Ok)).unwrap();
    feeds::publish_catalogue(connection, folders, &Currency::from_code("EUR").unwrap(), made_at).unwrap();
    feeds::stage_stock(connection, goods().into_iter().map(|good| Ok((good.article.sku, Qty::pieces(10))))).unwrap();
    feeds::publish_stock(connection, folders, &store, made_at).unwrap();
}

/// A shop that knows its goods and its stock: an order that comes before them waits for a person's word.
pub async fn shop(data: &Path, office: &Office) -> Running {
    let mut config = config(data);
    let url = format!("http://{}", office.address);
    config.head_office = Some(HeadOfficeLink { url, ca: None, cert: None, key: None, public_key: None });
    let running = start(&config).await.unwrap();
    until("goods and stock", async || {
        let feeds = &running.node.screen().feeds;
        feeds.iter().filter(|feed| [Feed::Catalogue, Feed::Stock].contains(&feed.feed)).count() == 2
    })
    .await;
    running
}

pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn placed(order: &str, pieces: i64) -> PlacedOrder {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    serde_json::from_value(serde_json::json!({
        "order": order, "store": "berlin-1", "promised_ms": now_ms + 3_600_000, "name": CUSTOMER, "phone": "+49 30 555", "customer": "c-77",
        "lines": [{"sku": MILK, "quantity": pieces * 1000, "zone": "chilled", "location": "A-01"}],
    }))
    .unwrap()
}

pub fn number(order: &str) -> OrderNo {
    OrderNo::new(order).unwrap()
}

pub async fn act(node: &Node, act: OrderAct) -> Result<Answer, AskError> {
    ask(node, &uuid::Uuid::now_v7().simple().to_string(), "1", Command::Order(act)).await
}

pub fn find(node: &Node, order: &str) -> Option<Arc<Order>> {
    node.screen().orders.orders.get(&number(order)).cloned()
}

pub async fn state_at(office: &Office, order: &str) -> (String, Option<CustomerCode>) {
    let order = number(order);
    let (row, _, code) = office.office.read(move |connection| orders::find(connection, &order)).await.unwrap().unwrap();
    (row.state, code)
}

/// From the shelf to its place.
pub async fn staged(node: &Node, order: &str, place: &str) {
    act(node, OrderAct::StartPicking { order: number(order), take_over: false }).await.unwrap();
    while let Some(line) = find(node, order).unwrap().open_lines().next() {
        let pick = OrderAct::Pick { orders: vec![number(order)], code: line.sku.to_string(), quantity: None };
        act(node, pick).await.unwrap();
    }
    act(node, OrderAct::FinishPicking { order: number(order), bags: 1 }).await.unwrap();
    act(node, OrderAct::Stage { order: number(order), bag: 1, place: PlaceCode::new(place).unwrap() }).await.unwrap();
}

pub fn hand_over(order: &str, code: &str) -> OrderAct {
    OrderAct::HandOver {
        order: number(order),
        shown: Shown::Code(code.to_owned()),
        bags: vec![1],
        leaves: Vec::new(),
        later: Vec::new(),
        of_age: false,
    }
}

fn refusal(result: Result<Answer, AskError>) -> &'static str {
    match result {
        Err(AskError::Refused(refusal, _)) => refusal.code(),
        other => panic!("{other:?}"),
    }
}

/// Everything under a folder, as bytes.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.flat_map(|entry| if entry.path().is_dir() { all_bytes(&entry.path()) } else { std::fs::read(entry.path()).unwrap() }).collect()
}

/// From the shop's own record to the customer's screen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_told_when_the_shops_record_says_so_and_not_before() {
    use crate::sync::messages::{MailServer, by_mail, configured};
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::plain().await;
    let mut config = crate::storage::config(&folder.path().join("ho"), 0);
    config.messages = configured(folder.path(), &by_mail(&server));
    let office = serve::start(config, Arc::new(SystemClock::new())).await.unwrap();
    stocked(&office).await;
    let running = shop(&folder.path().join("node"), &office).await;
    let node = running.node.clone();
    let written = PlacedOrder { email: "zoe@example.com".to_owned(), language: "de".to_owned(), ..placed("K1", 1) };
    orders::place(&office.office, written).await.unwrap();
    until("K1 in the shop", async || find(&node, "K1").is_some_and(|order| order.state == OrderState::Accepted)).await;
    assert!(server.mails().is_empty());
    staged(&node, "K1", "A-1").await;
    until("the mail", async || !server.mails().is_empty()).await;
    let code = state_at(&office, "K1").await.1.unwrap();
    let subject = |mail: &str| mail_parser::MessageParser::default().parse(mail.as_bytes()).unwrap().subject().unwrap().to_owned();
    let mails = server.mails();
    assert_eq!(subject(&mails[0]), "Ihre Bestellung K1 liegt bereit");
    let text = mail_parser::MessageParser::default().parse(mails[0].as_bytes()).unwrap().body_text(0).unwrap().into_owned();
    assert!(text.contains(&code.number), "{text}");
    // It is not ready any more: the reminder is never sent, and the customer hears of the end.
    orders::cancel(&office.office, number("K1")).await.unwrap();
    until("the second mail", async || server.mails().len() == 2).await;
    assert_eq!(subject(&server.mails()[1]), "Ihre Bestellung K1 ist storniert");
    running.stop().await.unwrap();
    office.stop().await;
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customers_name_is_in_the_vault_alone_and_can_be_erased() {
    let folder = tempfile::tempdir().unwrap();
    let (ho, data) = (folder.path().join("ho"), folder.path().join("node"));
    let office = office(&ho, 0).await;
    stocked(&office).await;
    let running = shop(&data, &office).await;
    let node = running.node.clone();
    orders::place(&office.office, placed("K1", 1)).await.unwrap();
    until("K1 in the shop", async || find(&node, "K1").is_some()).await;
    let asked = find(&node, "K1").unwrap().asked.clone();
    let known = node.shared().order_customer(&asked);
    assert_eq!((known.name.as_str(), known.initials.as_str(), known.phone.as_str()), (CUSTOMER, "Z.B.", "+49 30 555"));

    // A new name of an order that nobody has begun replaces the old one, under the same reference.
    let renamed = PlacedOrder { name: "Zoë Ohara".to_owned(), ..placed("K1", 1) };
    orders::change(&office.office, renamed).await.unwrap();
    until("the second version", async || find(&node, "K1").is_some_and(|order| order.asked.version == 2)).await;
    let asked = find(&node, "K1").unwrap().asked.clone();
    assert_eq!(node.shared().order_customer(&asked).name, "Zoë Ohara");
    assert_eq!(asked.subject, known.subject);

    let subject = known.subject.unwrap();
    ask(&node, "erase", "1", Command::EraseCustomer { subject }).await.unwrap();
    let erased = node.shared().order_customer(&asked);
    assert_eq!((erased.is_erased, erased.name.as_str()), (true, ""));
    // Later words do not bring the name back, and the order goes on.
    orders::change(&office.office, placed("K1", 3)).await.unwrap();
    until("the third version", async || find(&node, "K1").is_some_and(|order| order.asked.version == 3)).await;
    assert!(node.shared().order_customer(&asked).is_erased);
    staged(&node, "K1", "C07").await;
    running.stop().await.unwrap();
    office.stop().await;

    let bytes = all_bytes(&data);
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("order_received.1") && holds(&subject.to_string()));
    for personal in ["O'Hara", "Zo\u{eb}", "Ohara", "Z.B.", "Z.O.", "30 555", "+49 30"] {
        assert!(!holds(personal), "{personal} is on the node's disk in plain");
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
    for odd in ["Zoë\u{7}", "Zoë\r\nK9", &"x".repeat(101)] {
        let named = PlacedOrder { name: odd.to_owned(), ..placed("K7", 1) };
        assert_eq!(orders::place(&first.office, named).await.unwrap_err().code, "order_malformed");
    }

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
    assert_eq!(act(&node, OrderAct::Identify { code: code.token.clone(), within: None }).await.unwrap().order, Some(number("K1")));
    // At a till's own page the code and a bag's label are no articles: they say which order it is.
    for scanned in [code.token.as_str(), "CFB101K1"] {
        assert_eq!(ask(&node, &format!("till-{}", scanned.len()), "2", scan(scanned)).await.unwrap().order, Some(number("K1")));
    }
    let said = node.screen().workstations[&till("2").unwrap()].feedback.clone().unwrap();
    assert_eq!((said.code.as_str(), said.text.contains("K1")), ("order_identified", true));
    // Eight digits typed there that are no article are the customer's number. What could be an article's is one that nobody sells; what could
    // not, is a wrong number, counted as at the desk.
    assert_eq!(ask(&node, "till-number", "2", scan(&digits)).await.unwrap().order, Some(number("K1")));
    assert_eq!(refusal(ask(&node, "till-ean", "2", scan("96385074")).await), "unknown_article");
    assert_eq!(node.screen().orders.wrong_numbers.get(&till("2").unwrap()), None);
    assert_eq!(refusal(ask(&node, "till-wrong", "2", scan("96385075")).await), "collect_number_wrong");
    assert_eq!(node.screen().orders.wrong_numbers.get(&till("2").unwrap()), Some(&1));
    let mut forged = code.token.clone().into_bytes();
    let last = forged.len() - 3;
    forged[last] = if forged[last] == b'0' { b'1' } else { b'0' };
    assert_eq!(
        refusal(act(&node, OrderAct::Identify { code: String::from_utf8(forged).unwrap(), within: None }).await),
        "collect_code_forged"
    );
    let on_hand = async || node.search(MILK, 1).await.unwrap()[0].on_hand.unwrap();
    assert_eq!(on_hand().await, Qty::pieces(10));
    act(&node, hand_over("K1", &code.token)).await.unwrap();
    assert_eq!(on_hand().await, Qty::pieces(8));
    assert_eq!(refusal(act(&node, OrderAct::Identify { code: code.token.clone(), within: None }).await), "collect_code_used");
    act(&node, OrderAct::TakeBackHandOver { order: number("K1") }).await.unwrap();
    assert_eq!(on_hand().await, Qty::pieces(10));
    // Two people at two tills in the same second: one of them.
    let hand = || Command::Order(hand_over("K1", &code.token));
    let (one, two) = tokio::join!(ask(&node, "both-1", "1", hand()), ask(&node, "both-2", "2", hand()));
    let (done, late) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!((done.unwrap().order, refusal(late)), (Some(number("K1")), "order_elsewhere"));
    assert_eq!(on_hand().await, Qty::pieces(8));
    act(&node, OrderAct::TakeBackHandOver { order: number("K1") }).await.unwrap();
    act(&node, hand_over("K1", &code.number)).await.unwrap();
    // Five wrong numbers at this till; the count survives a restart, and so does the hand-over, which then stands.
    let wrong = if digits == "00000000" { "11111111" } else { "00000000" };
    for _ in 0..3 {
        assert_eq!(refusal(act(&node, OrderAct::Identify { code: wrong.to_owned(), within: None }).await), "collect_number_wrong");
    }
    running.stop().await.unwrap();
    let mut config = config(&data);
    config.head_office =
        Some(HeadOfficeLink { url: format!("http://127.0.0.1:{port}"), ca: None, cert: None, key: None, public_key: None });
    let running = start(&config).await.unwrap();
    let node = running.node.clone();
    for _ in 0..2 {
        assert_eq!(refusal(act(&node, OrderAct::Identify { code: wrong.to_owned(), within: None }).await), "collect_number_wrong");
    }
    assert_eq!(refusal(act(&node, OrderAct::Identify { code: wrong.to_owned(), within: None }).await), "collect_numbers_locked");
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
    // The cancel of K1 came after its hand-over: a return is open, and can be closed once the hand-over cannot be taken back any more.
    let now_ms = second.office.now_ms();
    let returns = second.office.read(move |c| order_returns::list(c, now_ms, 9)).await.unwrap();
    assert_eq!((returns.len(), returns[0].order.as_str(), returns[0].state), (1, "K1", "waiting"));
    let later_ms = now_ms + order_messages::SETTLED_AFTER_MS;
    let returns = second.office.read(move |c| order_returns::list(c, later_ms, 9)).await.unwrap();
    assert_eq!(returns[0].state, "open");
    let close = |at_ms: i64| second.office.write(move |writer, _| Ok(order_returns::close(writer.connection(), &number("K1"), at_ms)?));
    assert_eq!((close(now_ms).await.unwrap(), close(later_ms).await.unwrap()), (false, true));
    // What customers are told: nothing of a hand-over before it stands, and no reminder of what is over.
    let due = |at_ms: i64| second.office.read(move |c| order_messages::due(c, at_ms, 0, 50));
    let kinds = |rows: Vec<order_messages::MessageRow>| {
        rows.into_iter().map(|row| format!("{} {}", row.order, row.kind)).collect::<std::collections::BTreeSet<_>>()
    };
    let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(kinds(due(now_ms).await.unwrap()), set(&["K2 cancelled", "K3 cancelled"]));
    let later = due(later_ms).await.unwrap();
    assert_eq!(kinds(later.clone()), set(&["K1 handed_over", "K2 cancelled", "K3 cancelled"]));
    let first_id = later[0].id;
    assert!(second.office.write(move |writer, now| Ok(order_messages::sent(writer.connection(), first_id, now)?)).await.unwrap());
    assert_eq!(due(later_ms).await.unwrap().len(), 2);
    // What was not taken at the door is on the list.
    let rows = second.office.read(|c| order_exceptions::list(c, 50)).await.unwrap();
    let kinds: std::collections::BTreeSet<String> = rows.iter().map(|row| format!("{} {}", row.order, row.kind)).collect();
    assert_eq!(kinds, set(&["K1 doubled", "K1 malformed", "K7 malformed", "K8 malformed", "K9 malformed"]));
    running.stop().await.unwrap();
    second.stop().await;
}

async fn rights_of(office: &Office) -> Vec<rights::RightRow> {
    office.office.read(|c| rights::list(c, "berlin-1", 9)).await.unwrap()
}

async fn agree(node: &Node, office: &Office, sku: &counterfoil::ids::Sku) -> bool {
    let here = node.screen().orders.rights.get(sku).copied().unwrap_or_default();
    let row = rights_of(office).await.remove(0);
    here.granted.thousandths() == row.granted && here.spent.thousandths() == row.spent && here.released.thousandths() == row.released
}

/// A hand-over that is taken back while a cancel failed because of it: the cancel is said again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_that_failed_is_said_again_when_the_hand_over_was_none() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho"), 0).await;
    stocked(&office).await;
    let running = shop(&folder.path().join("node"), &office).await;
    let node = running.node.clone();
    orders::place(&office.office, placed("K1", 1)).await.unwrap();
    until("K1 in the shop", async || find(&node, "K1").is_some()).await;
    staged(&node, "K1", "C07").await;
    let by_name =
        OrderAct::HandOver { order: number("K1"), shown: Shown::Name, bags: vec![1], leaves: Vec::new(), later: Vec::new(), of_age: false };
    act(&node, by_name).await.unwrap();
    orders::cancel(&office.office, number("K1")).await.unwrap();
    let rows = async || office.office.read(|c| order_returns::list(c, 0, 9)).await.unwrap();
    until("the return is open", async || rows().await.len() == 1).await;
    act(&node, OrderAct::TakeBackHandOver { order: number("K1") }).await.unwrap();
    until("it is cancelled after all", async || matches!(find(&node, "K1").unwrap().state, OrderState::PuttingBack { .. })).await;
    until("head office knows", async || rows().await.is_empty() && state_at(&office, "K1").await.0 == "cancelled").await;
    running.stop().await.unwrap();
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_office_promises_what_was_granted_and_nothing_more_also_after_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let (ho, data) = (folder.path().join("ho"), folder.path().join("node"));
    let first = office(&ho, 0).await;
    let port = first.address.port();
    stocked(&first).await;
    let running = shop(&data, &first).await;
    let node = running.node.clone();
    let sku = counterfoil::ids::Sku::new(MILK).unwrap();
    let only = |order: &str, pieces: i64| PlacedOrder { without_rights: WithoutRights::Refuse, ..placed(order, pieces) };

    // Nothing was granted: refused, and the store is asked for rights of it. It grants half of what is free above safety.
    assert_eq!(orders::place(&first.office, only("K1", 2)).await.unwrap_err().code, "no_rights");
    until("the store has granted", async || rights_of(&first).await.first().is_some_and(|row| row.granted == 4_000)).await;
    let wanted = only("K1", 2);
    for _ in 0..2 {
        assert!(orders::place(&first.office, wanted.clone()).await.unwrap().promised, "the same order spends once");
    }
    assert_eq!(orders::place(&first.office, only("K2", 9)).await.unwrap_err().code, "no_rights");
    let row = rights_of(&first).await.remove(0);
    assert_eq!((row.spent, row.released), (2_000, 0));
    until("K1 in the shop", async || find(&node, "K1").is_some_and(|order| order.state == OrderState::Accepted)).await;

    // Without rights the store has to say: its shelf covers it beside what others may be promised.
    let asked = orders::place(&first.office, placed("K2", 3)).await.unwrap();
    assert!(!asked.promised);
    until("K2 in the shop", async || find(&node, "K2").is_some_and(|order| order.state == OrderState::Accepted)).await;

    // The line is down, and each side dies once. Promises made meanwhile are covered by goods on the shelf.
    running.stop().await.unwrap();
    let last = rights_of(&first).await.remove(0).unspent / 1_000;
    assert!(orders::place(&first.office, only("K3", last)).await.unwrap().promised);
    first.stop().await;
    let mut config = config(&data);
    config.head_office =
        Some(HeadOfficeLink { url: format!("http://127.0.0.1:{port}"), ca: None, cert: None, key: None, public_key: None });
    let running = start(&config).await.unwrap();
    let node = running.node.clone();
    for line in 0..2 {
        ask(&node, &format!("scan-{line}"), "1", scan(MILK)).await.unwrap();
    }
    let second = office(&ho, port).await;
    until("K3 in the shop", async || find(&node, "K3").is_some_and(|order| order.state == OrderState::Accepted)).await;
    until("both sides have the same totals", async || agree(&node, &second, &sku).await).await;

    // Head office was restored: it holds no rights until the store has granted anew.
    second.office.write(|writer, _| Ok(writer.restore()?)).await.unwrap();
    assert_eq!(orders::place(&second.office, only("K4", 1)).await.unwrap_err().code, "no_rights");
    assert!(rights_of(&second).await.iter().all(|row| row.granted == 0));
    until("the store hears of the new epoch", async || node.screen().orders.office_epoch == 2).await;
    until("it is asked for rights again", async || node.screen().orders.rights.contains_key(&sku)).await;
    until("both sides have the same totals", async || agree(&node, &second, &sku).await).await;
    let held = node.screen().orders.reserved(&sku);
    let here = node.screen().orders.rights.get(&sku).copied().unwrap();
    assert!(held + here.unspent() <= Qty::pieces(10), "{held:?} held and {here:?} on ten pieces");
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

/// A store's second node.
async fn second_node(data: &Path, office: &Office) -> Running {
    let mut config = config(data);
    config.node = counterfoil::ids::NodeId::new("node-2").unwrap();
    let url = format!("http://{}", office.address);
    config.head_office = Some(HeadOfficeLink { url, ca: None, cert: None, key: None, public_key: None });
    start(&config).await.unwrap()
}

async fn name_lead(office: &Office, node: &str) -> counterfoil::head_office::leads::LeadRow {
    let node = counterfoil::ids::NodeId::new(node).unwrap();
    let store = StoreId::new("berlin-1").unwrap();
    counterfoil::head_office::api::name_lead_of(&office.office, store, node).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_lead_goes_on_where_the_lost_one_stood_and_the_lost_ones_late_acts_never_count() {
    let folder = tempfile::tempdir().unwrap();
    let (ho, data, other) = (folder.path().join("ho"), folder.path().join("node"), folder.path().join("node-2"));
    let office = office(&ho, 0).await;
    stocked(&office).await;
    let first = shop(&data, &office).await;
    let node = first.node.clone();
    for (order, pieces) in [("K1", 2), ("K2", 1), ("K3", 1)] {
        orders::place(&office.office, placed(order, pieces)).await.unwrap();
    }
    until("the orders in the shop", async || find(&node, "K3").is_some()).await;
    assert_eq!((node.screen().orders.epoch(), node.screen().orders.elsewhere().is_none()), (1, true));
    staged(&node, "K1", "C07").await;
    staged(&node, "K3", "C09").await;
    until("head office knows", async || state_at(&office, "K1").await.0 == "staged" && state_at(&office, "K3").await.0 == "staged").await;
    let second = second_node(&other, &office).await;
    let relief = second.node.clone();
    until("the second node knows who keeps the orders", async || relief.screen().orders.elsewhere().is_some()).await;
    let start_there = OrderAct::StartPicking { order: number("K2"), take_over: false };
    assert_eq!(refusal(act(&relief, start_there.clone()).await), "orders_elsewhere");
    let kept_name = find(&node, "K1").unwrap().asked.number_mark.clone();

    // The lead is lost. Another one is named, and begins with head office's copy; its marks and references are its own.
    first.stop().await.unwrap();
    assert_eq!(name_lead(&office, "node-2").await.epoch, 2);
    assert_eq!(name_lead(&office, "node-2").await.epoch, 2, "the same again is nothing");
    until("the orders at the second node", async || ["K1", "K2", "K3"].iter().all(|order| find(&relief, order).is_some())).await;
    let k1 = find(&relief, "K1").unwrap();
    assert_eq!((k1.state.clone(), k1.bags[0].place.as_ref().unwrap().as_str()), (OrderState::Staged, "C07"));
    assert_ne!(k1.asked.number_mark, kept_name);
    until("the customer's name", async || relief.shared().order_customer(&k1.asked).name == CUSTOMER).await;
    act(&relief, start_there).await.unwrap();
    until("the customer's code", async || state_at(&office, "K1").await.1.is_some()).await;
    let code = state_at(&office, "K1").await.1.unwrap();
    act(&relief, hand_over("K1", &code.number)).await.unwrap();
    until("head office knows of the hand-over", async || state_at(&office, "K1").await.0 == "handed_over").await;

    // The lost one was alive, without a line: it handed over what it had, and comes back.
    let lonely = start(&config(&data)).await.unwrap();
    for order in ["K1", "K3"] {
        let by_name = OrderAct::HandOver {
            order: number(order),
            shown: Shown::Name,
            bags: vec![1],
            leaves: Vec::new(),
            later: Vec::new(),
            of_age: false,
        };
        act(&lonely.node, by_name).await.unwrap();
    }
    lonely.stop().await.unwrap();
    let back = shop(&data, &office).await;
    until("it hears that it is the lead no more", async || back.node.screen().orders.elsewhere().is_some()).await;
    let rows = async || office.office.read(|connection| order_exceptions::list(connection, 50)).await.unwrap();
    until("its late acts are exceptions", async || rows().await.len() == 2).await;
    for row in rows().await {
        assert_eq!((row.kind.as_str(), row.owner.as_str()), ("late_lead", "store manager"));
        assert!(row.reason.contains("order handed over") && row.reason.contains("node-2"), "{}", row.reason);
    }
    assert_eq!(state_at(&office, "K3").await.0, "staged", "the lead's word counts");
    until("it shows no orders", async || back.node.screen().orders.orders.is_empty()).await;
    let take = OrderAct::StartPicking { order: number("K2"), take_over: true };
    assert_eq!(refusal(act(&back.node, take).await), "orders_elsewhere");
    let count = |sql: &'static str| office.office.read(move |c| c.query_row(sql, [], |row| row.get::<_, i64>(0)));
    assert_eq!(count("SELECT sum(quantity) FROM stock_moves WHERE sku = '100001'").await.unwrap(), -2_000, "counted once");

    // Named again, it begins anew with what the second one had.
    assert_eq!(name_lead(&office, "box-1").await.epoch, 3);
    until("the orders are back", async || find(&back.node, "K3").is_some() && find(&back.node, "K2").is_some()).await;
    assert!(matches!(find(&back.node, "K2").unwrap().state, OrderState::Picking { .. }));
    assert_eq!(find(&back.node, "K1"), None, "it is over");
    until("and the second one knows", async || relief.screen().orders.elsewhere().is_some()).await;
    assert_eq!(count("SELECT count(*) FROM exceptions").await.unwrap(), 0);
    for running in [second, back] {
        running.stop().await.unwrap();
    }
    office.stop().await;
}

/// Paid at the hand-over with the line down and a restart in the middle: once in the shop, once at head office.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_paid_and_handed_over_in_one_record_with_the_line_down() {
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
    let mut unpriced = placed("D1", 2);
    unpriced.lines[0].pay_in_store = true;
    assert_eq!(orders::place(&first.office, unpriced.clone()).await.unwrap_err().code, "order_malformed", "at which price?");
    let mut wanted = unpriced;
    wanted.lines[0].unit_price = Some(Money::from_minor(99));
    orders::place(&first.office, wanted).await.unwrap();
    until("D1 in the shop", async || find(&node, "D1").is_some()).await;
    first.stop().await;

    staged(&node, "D1", "C01").await;
    let terms = || (number("D1"), Shown::Name, vec![1]);
    let (order, shown, bags) = terms();
    let unpaid = OrderAct::HandOver { order, shown, bags, leaves: Vec::new(), later: Vec::new(), of_age: false };
    assert_eq!(refusal(act(&node, unpaid).await), "order_to_pay");
    let (order, shown, bags) = terms();
    let pay = OrderAct::Pay { order, shown, bags, leaves: Vec::new(), later: Vec::new(), of_age: false };
    act(&node, pay).await.unwrap();
    running.stop().await.unwrap();

    let mut config = config(&data);
    config.head_office =
        Some(HeadOfficeLink { url: format!("http://127.0.0.1:{port}"), ca: None, cert: None, key: None, public_key: None });
    let running = start(&config).await.unwrap();
    let node = running.node.clone();
    let here = node.screen().workstations[&till("1").unwrap()].clone();
    assert_eq!(here.totals.as_ref().unwrap().total, Money::from_minor(198), "as agreed, not 1.29 a piece");
    assert_eq!(find(&node, "D1").unwrap().state, OrderState::Staged);
    let paid = ask(&node, "pay", "1", cash(200)).await.unwrap();
    assert_eq!((paid.change, paid.order.clone()), (Some(Money::from_minor(2)), Some(number("D1"))));
    assert!(matches!(find(&node, "D1").unwrap().state, OrderState::HandedOver { .. }));
    assert_eq!(ask(&node, "pay", "1", cash(200)).await.unwrap().receipt, paid.receipt, "asked again it is the same sale");
    assert_eq!(node.search(MILK, 1).await.unwrap()[0].on_hand, Some(Qty::pieces(8)), "its stock left once");
    assert_eq!(refusal(act(&node, OrderAct::TakeBackHandOver { order: number("D1") }).await), "hand_over_paid");
    running.stop().await.unwrap();
    let running = start(&config).await.unwrap();
    assert!(matches!(find(&running.node, "D1").unwrap().state, OrderState::HandedOver { .. }), "and after a restart");

    let second = office(&ho, port).await;
    until("head office has caught up", async || state_at(&second, "D1").await.0 == "handed_over").await;
    let count = |sql: &'static str| second.office.read(move |c| c.query_row(sql, [], |row| row.get::<_, i64>(0)));
    assert_eq!(count("SELECT count(*) FROM exceptions").await.unwrap(), 0);
    assert_eq!(count("SELECT sum(quantity) FROM stock_moves WHERE sku = '100001'").await.unwrap(), -2_000);

    // Paid online, and one line of it stays here: the order desk is told what to give back, and not when the hand-over was none.
    let node = running.node.clone();
    let mut online = placed("D2", 1);
    let other = PlacedLine { sku: counterfoil::ids::Sku::new("100002").unwrap(), ..online.lines[0].clone() };
    online.lines.push(other);
    online.lines.iter_mut().for_each(|line| line.unit_price = Some(Money::from_minor(149)));
    orders::place(&second.office, online).await.unwrap();
    until("D2 in the shop", async || find(&node, "D2").is_some()).await;
    staged(&node, "D2", "C02").await;
    let (order, shown, bags) = (number("D2"), Shown::Name, vec![1]);
    act(&node, OrderAct::HandOver { order, shown, bags, leaves: vec![2], later: Vec::new(), of_age: false }).await.unwrap();
    let owed =
        async || second.office.read(|c| order_exceptions::list(c, 9)).await.unwrap().into_iter().find(|row| row.kind == "refund_owed");
    until("a refund", async || owed().await.is_some()).await;
    let row = owed().await.unwrap();
    assert!(row.reason.starts_with("refund 1.49 EUR of the original payment"), "{row:?}");
    assert_eq!((row.order.as_str(), row.settled_ms), ("D2", None));
    act(&node, OrderAct::TakeBackHandOver { order: number("D2") }).await.unwrap();
    until("it is withdrawn", async || owed().await.unwrap().settled_ms.is_some()).await;
    running.stop().await.unwrap();
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_mistyped_article_numbers_lock_no_short_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho"), 0).await;
    let mut articles: Vec<Article> = goods().into_iter().map(|good| good.article).collect();
    let milk = articles.iter_mut().find(|article| article.sku.as_str() == MILK).unwrap();
    milk.codes.push(SaleCode { key: CodeKey::Gtin(Gtin::parse("96385074").unwrap()), quantity: Qty::ONE });
    milk.codes.sort_by(|a, b| a.key.cmp(&b.key));
    stocked_with(&office, articles).await;
    let running = shop(&folder.path().join("node"), &office).await;
    let node = running.node.clone();
    orders::place(&office.office, placed("K1", 1)).await.unwrap();
    until("K1 in the shop", async || find(&node, "K1").is_some()).await;

    ask(&node, "right", "2", scan("96385074")).await.unwrap();
    // A digit too high or too low, a neighbour's key, two that are swapped.
    for slip in ["96385075", "96385064", "96285074", "96385704", "69385074", "95385074"] {
        assert_ne!(refusal(ask(&node, slip, "2", scan(slip)).await), "collect_number_wrong", "{slip}");
    }
    assert_eq!(node.screen().orders.wrong_numbers.get(&till("2").unwrap()), None);
    // What is like no article of the shop is a number that is tried, and five of these lock; articles sell all the same.
    for wrong in ["11111111", "22222222", "33333333", "44444444", "66666666"] {
        assert_eq!(refusal(ask(&node, wrong, "2", scan(wrong)).await), "collect_number_wrong");
    }
    assert_eq!(refusal(ask(&node, "more", "2", scan("77777777")).await), "collect_numbers_locked");
    ask(&node, "still", "2", scan("96385074")).await.unwrap();
    assert_ne!(refusal(ask(&node, "slip", "2", scan("96385075")).await), "collect_numbers_locked");
    running.stop().await.unwrap();
    office.stop().await;
}
