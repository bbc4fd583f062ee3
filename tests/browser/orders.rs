//! A collect order played by hand: picked on a handheld, brought to its places, handed over at the desk; every tap and scan counted.

use std::path::PathBuf;

use super::harness::Browser;
use super::shop::{Counter, Shop};

/// Longer than what the scanner takes for one read.
const DOUBLE_READ_MS: u64 = 700;
const ENTER: &str = "\u{e007}";

pub async fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("COUNTERFOIL_PICTURES") {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        browser.picture(&folder, &format!("orders-{name}")).await;
        browser.run("document.documentElement.dataset.look = 'dark'").await;
        browser.picture(&folder, &format!("orders-{name}-dark")).await;
        browser.run("delete document.documentElement.dataset.look").await;
    }
}

/// Taps and scans so far.
pub struct Hand<'a> {
    pub browser: &'a Browser,
    pub actions: u64,
}

impl Hand<'_> {
    pub async fn tap(&mut self, css: &str) {
        self.browser.tap(css).await;
        self.actions += 1;
    }
    /// As a wedge types it.
    pub async fn scan(&mut self, code: &str) {
        self.browser.keys(code).await;
        self.browser.keys(ENTER).await;
        self.actions += 1;
    }
    /// How many good tones the page has played.
    pub async fn tones(&self) -> u64 {
        let heard = self.browser.run("return Number(document.getElementById('till').dataset.playedGood || 0)").await;
        heard.as_u64().unwrap()
    }
    pub async fn scan_good(&mut self, code: &str) {
        let before = self.tones().await;
        self.scan(code).await;
        let heard = format!("Number(document.getElementById('till').dataset.playedGood || 0) > {before}");
        self.browser.until("the good tone", &heard).await;
    }
}

/// Has the web shop place an order ("one") or ten of them, once goods and stock have come: before, the shelf cannot cover it.
pub async fn place(browser: &Browser, how_many: &str) {
    let placed = format!(
        "return await fetch('/sim/orders', {{ method: 'POST', body: new URLSearchParams({{ act: '{how_many}' }}) }}).then(answer => answer.status)"
    );
    until_stocked(browser).await;
    assert_eq!(browser.run(&placed).await, 200);
}

/// What the web shop says to head office of an order: of Anna Müller, for so many cartons of milk and what else there is.
pub fn order_json(order: &str, milk: u64) -> serde_json::Value {
    let promised_ms = jiff::Timestamp::now().as_millisecond() + 3_600_000;
    serde_json::json!({
        "order": order, "store": "berlin-1", "promised_ms": promised_ms, "name": "Anna Müller", "phone": "+49 30 555001",
        "lines": [{ "sku": "100001", "quantity": milk * 1_000, "zone": "chilled", "location": "D-01" }],
    })
}

/// Says it to head office.
pub async fn tell_office(shop: &Shop, method: reqwest::Method, path: &str, body: &serde_json::Value) {
    let address = format!("{}api/v1/orders{path}", shop.link("Head office"));
    let answer = reqwest::Client::new().request(method, address).json(body).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
}

/// Waits for goods and stock at the node.
pub async fn until_stocked(browser: &Browser) {
    let stocked = "return await fetch('/api/v1/articles?q=100001').then(answer => answer.json())
        .then(found => found.length > 0 && found[0].on_hand > 0)";
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    while browser.run(stocked).await != true {
        assert!(std::time::Instant::now() < deadline, "the demo's goods did not come");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// One order out of the demo's generator, on the picker's page.
async fn one_order_to_pick(shop: &Shop, browser: &Browser) {
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    place(browser, "one").await;
    browser.until("a new order", "document.querySelector('[data-do=choose]')").await;
}

#[tokio::test]
async fn an_order_is_picked_placed_and_handed_over() {
    let shop = Shop::open();
    let browser = Browser::start(390, 844).await;
    one_order_to_pick(&shop, &browser).await;
    browser
        .until("its sound and its sign", "document.getElementById('till').dataset.playedNew === '1' && document.title.startsWith('(1)')")
        .await;
    picture(&browser, "choose").await;

    // Two taps to begin; then one scan for each unit, whatever it is.
    let mut hand = Hand { browser: &browser, actions: 0 };
    hand.tap("[data-do=choose]").await;
    hand.tap("[data-do=start-chosen]").await;
    browser.until("a line", "document.querySelector('.pick-card')").await;
    assert_eq!(hand.actions, 2);
    picture(&browser, "card").await;
    let order = browser.run("return document.querySelector('.pick-card').dataset.order").await.as_str().unwrap().to_owned();
    let lines = browser
        .run(&format!("return await fetch('/api/v1/orders/{order}').then(answer => answer.json()).then(order => order.lines)"))
        .await;
    let lines = lines.as_array().unwrap();
    // A wrong article alarms and changes nothing.
    hand.scan("no-such-article").await;
    browser.until("the alarm", "document.getElementById('till').dataset.playedError === '1'").await;
    picture(&browser, "alarm").await;
    hand.actions = 0;
    let mut units = 0;
    for line in lines {
        let pieces = line["quantity"].as_u64().unwrap() / 1_000;
        units += pieces;
        for _ in 0..pieces {
            hand.scan_good(line["sku"].as_str().unwrap()).await;
        }
    }
    assert_eq!(hand.actions, units, "one scan for each unit");
    browser.until("all lines are done", "document.querySelector('.finish .primary')").await;
    picture(&browser, "finish").await;
    hand.actions = 0;
    hand.tap(".finish .primary").await;
    browser.until("bags to place", "document.querySelector('.order-top')?.dataset.state === 'picked'").await;
    assert_eq!(hand.actions, 1);

    // Its labels come by themselves.
    let labelled = "document.querySelectorAll('.bag-label .good-text').length === document.querySelectorAll('[data-bag]').length";
    browser.until("a label for each bag", labelled).await;

    // Each bag and its place: two scans.
    browser.resize(1280, 800).await;
    picture(&browser, "placing").await;
    let codes = "return [...document.querySelectorAll('[data-bag]')].map(row => row.dataset.code)";
    let bags: Vec<String> = serde_json::from_value(browser.run(codes).await).unwrap();
    // A label that is no place's alarms, and the bag waits for its place.
    hand.scan_good(&bags[0]).await;
    for label in ["CFB101X77", lines[0]["gtin"].as_str().unwrap_or("4099108000018")] {
        let alarms = browser.run("return Number(document.getElementById('till').dataset.playedError)").await;
        hand.scan(label).await;
        browser.until("the alarm", &format!("Number(document.getElementById('till').dataset.playedError) > {alarms}")).await;
        assert!(browser.text("#said").await.contains("no place"), "{}", browser.text("#said").await);
    }
    hand.actions = 0;
    for (index, bag) in bags.iter().enumerate() {
        hand.scan_good(bag).await;
        hand.scan_good(&format!("C0{}", index + 1)).await;
    }
    browser.until("ready", "document.querySelector('.order-top')?.dataset.state === 'staged'").await;
    assert_eq!(hand.actions, 2 * bags.len() as u64);

    // Head office tells the customer, who shows the code on any page of the desk.
    browser.open(&format!("{}orders/{order}", shop.link("Head office"))).await;
    browser.until("the customer's code", "document.getElementById('token')").await;
    picture(&browser, "office").await;
    let token = browser.text("#token").await;
    browser.open(&format!("{}/orders/1", shop.node)).await;
    browser.until("the board", "document.querySelector('.order-card')").await;
    picture(&browser, "board").await;
    hand.actions = 0;
    hand.scan(&token).await;
    browser.until("the order", "document.querySelector('.order-top')?.dataset.state === 'staged'").await;
    assert!(browser.run("return document.querySelector('[data-shown=code]').getAttribute('aria-checked') === 'true'").await == true);
    assert!(browser.run("return document.getElementById('hand-over').disabled").await == true, "no bag was scanned yet");
    for bag in &bags {
        hand.scan_good(bag).await;
    }
    if browser.run("return document.getElementById('of-age') !== null").await == true {
        hand.tap("#of-age").await;
        hand.actions -= 1;
    }
    picture(&browser, "desk").await;
    hand.tap("#hand-over").await;
    browser.until("handed over", "document.querySelector('.order-top')?.dataset.state === 'handed_over'").await;
    assert_eq!(hand.actions, 2 + bags.len() as u64, "the code, each bag, one tap");
    picture(&browser, "done").await;

    // A slip is taken back with one tap.
    hand.tap("[data-act*=take_back_hand_over]").await;
    browser.until("taken back", "document.querySelector('.order-top')?.dataset.state === 'staged'").await;
    browser.end().await;
}

/// Waits until the page has played one more good tone.
async fn scan_good(browser: &Browser, counter: &Counter<'_>, code: &str) {
    let tones = "Number(document.getElementById('till').dataset.playedGood || 0)";
    let before = browser.run(&format!("return {tones}")).await.as_u64().unwrap();
    counter.scan(code).await;
    browser.until(&format!("the good tone after {code}"), &format!("{tones} > {before}")).await;
}

/// Scans, and again as a person does when nothing happens: in the moment in which one page goes and another comes, a scan may be nobody's.
async fn scan_until(browser: &Browser, counter: &Counter<'_>, code: &str, holds: &str) {
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    while browser.run(&format!("return Boolean({holds})")).await != true {
        assert!(std::time::Instant::now() < deadline, "{code} was scanned in vain: {}", browser.text("body").await);
        counter.scan(code).await;
        let again = std::time::Instant::now() + std::time::Duration::from_millis(2 * DOUBLE_READ_MS);
        while std::time::Instant::now() < again && browser.run(&format!("return Boolean({holds})")).await != true {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn the_scanner_at_the_node_serves_the_page_in_front() {
    let shop = Shop::open();
    let browser = Browser::start(1280, 800).await;
    one_order_to_pick(&shop, &browser).await;
    let counter = Counter { browser: &browser, id: "1" };
    browser.tap("[data-do=choose]").await;
    browser.tap("[data-do=start-chosen]").await;
    browser.until("a line", "document.querySelector('.pick-card')").await;
    let order = browser.run("return document.querySelector('.pick-card').dataset.order").await.as_str().unwrap().to_owned();
    let of_order =
        |what: &str| format!("return await fetch('/api/v1/orders/{order}').then(answer => answer.json()).then(order => order.{what})");
    let lines = browser.run(&of_order("lines")).await;
    for line in lines.as_array().unwrap() {
        for _ in 0..line["quantity"].as_u64().unwrap() / 1_000 {
            // The scanner's owner takes two equal reads in a blink for one; a person moves the next unit under it.
            tokio::time::sleep(std::time::Duration::from_millis(DOUBLE_READ_MS)).await;
            scan_good(&browser, &counter, line["sku"].as_str().unwrap()).await;
        }
    }
    browser.until("all lines are done", "document.querySelector('.finish .primary')").await;
    let basket = "return await fetch('/api/v1/workstations/1').then(answer => answer.json()).then(till => till.basket ? till.basket.lines.length : 0)";
    assert_eq!(browser.run(basket).await, 0, "nothing was sold at the till");
    browser.tap(".finish .primary").await;
    browser.until("bags to place", "document.querySelector('.order-top')?.dataset.state === 'picked'").await;
    let codes = "return [...document.querySelectorAll('[data-bag]')].map(row => row.dataset.code)";
    let bags: Vec<String> = serde_json::from_value(browser.run(codes).await).unwrap();
    for (index, bag) in bags.iter().enumerate() {
        scan_good(&browser, &counter, bag).await;
        scan_good(&browser, &counter, &format!("C0{}", index + 1)).await;
    }
    browser.until("ready", "document.querySelector('.order-top')?.dataset.state === 'staged'").await;

    // Two tabs of one workstation: the till in front sells, and gives the scanner back when it goes.
    let desk = browser.driver.window().await.unwrap();
    let tab = browser.driver.new_tab().await.unwrap();
    browser.driver.switch_to_window(tab).await.unwrap();
    browser.open(&format!("{}/till/1", shop.node)).await;
    browser.until("the till", "document.getElementById('till')?.dataset.ready === 'yes'").await;
    let sold = "document.querySelectorAll('#lines .row[data-line]').length === 1";
    scan_until(&browser, &counter, lines[0]["sku"].as_str().unwrap(), sold).await;
    // In the middle of a sale a bag's label says which order it is; the way there is one tap.
    counter.scan(&bags[0]).await;
    browser.until("the order's name", "document.querySelector('#strip [data-do=open-order]')").await;
    picture(&browser, "at-till").await;
    browser.tap("#act-void").await;
    browser.until("no sale", "!document.querySelector('#lines .row[data-line]')").await;
    browser.driver.close_window().await.unwrap();
    browser.driver.switch_to_window(desk).await.unwrap();
    let one_here = "document.querySelectorAll('[data-bag].here').length === 1";
    scan_until(&browser, &counter, &bags[0], one_here).await;

    // At an idle till the label opens the hand-over, and that bag is here already; the customer's code adds to it.
    browser.open(&format!("{}/till/1", shop.node)).await;
    browser.until("the till", "document.getElementById('till')?.dataset.ready === 'yes'").await;
    scan_until(&browser, &counter, &bags[0], "document.querySelector('.order-top')?.dataset.state === 'staged'").await;
    browser.until("its bag", one_here).await;
    for bag in bags.iter().skip(1) {
        scan_good(&browser, &counter, bag).await;
    }
    // A scan of something else changes nothing and is refused aloud.
    counter.scan("no-such-code").await;
    browser.until("the alarm", "document.getElementById('till').dataset.playedError === '1'").await;
    browser.tap("[data-shown=name]").await;
    if browser.run("return document.getElementById('of-age') !== null").await == true {
        browser.tap("#of-age").await;
    }
    browser.tap("#hand-over").await;
    browser.until("handed over", "document.querySelector('.order-top')?.dataset.state === 'handed_over'").await;
    assert_eq!(browser.run(basket).await, 0);
    browser.end().await;
}

/// An act at workstation 1, as the page would send it; its HTTP status.
pub async fn act(browser: &Browser, act: &str) -> u64 {
    let script = format!(
        "return await fetch('/api/v1/workstations/1/orders', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }},
            body: JSON.stringify({{ id: crypto.randomUUID(), act: {act} }}) }}).then(answer => answer.status)"
    );
    browser.run(&script).await.as_u64().unwrap()
}

/// What a person does to the demo's label printer.
async fn labels(browser: &Browser, act: &str, on: bool) {
    let on = if on { "yes" } else { "no" };
    let script = format!(
        "return await fetch('/sim/labels/act', {{ method: 'POST', body: new URLSearchParams({{ act: '{act}', on: '{on}' }}) }}).then(answer => answer.status)"
    );
    assert_eq!(browser.run(&script).await, 204);
}

#[tokio::test]
async fn labels_come_by_themselves_and_what_stops_them_is_said() {
    let shop = Shop::open();
    let browser = Browser::start(390, 844).await;
    one_order_to_pick(&shop, &browser).await;
    picture(&browser, "choose-list").await;
    let order = browser.run("return document.querySelector('[data-do=choose]').dataset.order").await.as_str().unwrap().to_owned();
    assert_eq!(act(&browser, &format!("{{ act: 'start_picking', order: '{order}' }}")).await, 200);
    let lines = browser.run(&format!("return await fetch('/api/v1/orders/{order}').then(a => a.json()).then(o => o.lines)")).await;
    for line in lines.as_array().unwrap() {
        let by_hand =
            format!("{{ act: 'pick_by_hand', order: '{order}', line: {}, quantity: {}, why: 'no_code' }}", line["line"], line["quantity"]);
        assert_eq!(act(&browser, &by_hand).await, 200);
    }
    labels(&browser, "paper_out", true).await;
    assert_eq!(act(&browser, &format!("{{ act: 'finish_picking', order: '{order}', bags: 4 }}")).await, 200);
    browser.open(&format!("{}/orders/1/order/{order}", shop.node)).await;
    let every = |what: &str| format!("document.querySelectorAll('{what}').length === 4");
    browser.until("all wait", &every(".bag-label .warn-text")).await;
    picture(&browser, "labels-wait").await;
    browser.open(&format!("{}/orders/1", shop.node)).await;
    browser.until("the board says so", "document.querySelector('.label-trouble')").await;
    browser.resize(1280, 800).await;
    picture(&browser, "board-labels").await;

    // A new roll, and they come by themselves.
    labels(&browser, "paper_out", false).await;
    browser.open(&format!("{}/orders/1/order/{order}", shop.node)).await;
    browser.until("all printed", &every(".bag-label .good-text")).await;
    picture(&browser, "labels-printed").await;

    // A second one is asked for by a person; it dies within it, and nobody knows.
    labels(&browser, "dies", true).await;
    browser.tap("[data-bag='3'] [data-act*=print_label]").await;
    browser.until("the question", "document.querySelector('[data-bag=\"3\"] .asks')").await;
    browser.resize(390, 844).await;
    picture(&browser, "label-unknown").await;
    browser.open(&format!("{}/orders/1", shop.node)).await;
    browser.until("the board asks", &format!("document.querySelector('.label-trouble a')?.textContent === '{order}'")).await;
    browser.tap(".label-trouble a").await;
    labels(&browser, "power_cycle", true).await;
    browser.until("the question again", "document.querySelector('[data-bag=\"3\"] .asks')").await;
    browser.tap("[data-bag='3'] .asks [data-act*=print_label]").await;
    browser.until("all printed again", &every(".bag-label .good-text")).await;
    browser.open(&format!("{}/sim/labels", shop.node)).await;
    browser.until("the labels", "document.querySelectorAll('.label-paper').length === 5").await;
    browser.resize(1280, 800).await;
    picture(&browser, "label-paper").await;
    browser.end().await;
}
