//! What happens at the counter besides the straight way: an order paid in the shop, something wrong with it, and one bag now and another later.

use super::harness::Browser;
use super::orders::{Hand, picture, until_stocked};
use super::shop::{Counter, Shop};

/// Another article, which the order takes for the milk.
const INSTEAD: &str = "100021";

/// Milk, two cartons, and one of another article of the same shelf, to be paid in the shop or not; on the picker's page.
async fn order_to_pick(shop: &Shop, browser: &Browser, pay_in_store: bool) {
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    until_stocked(browser).await;
    let promised_ms = jiff::Timestamp::now().as_millisecond() + 3_600_000;
    let line = |sku: &str, quantity: u64, unit_price: u64| {
        serde_json::json!({
            "sku": sku, "quantity": quantity * 1_000, "zone": "chilled", "location": "D-01", "unit_price": unit_price, "pay_in_store": pay_in_store,
            "substitutes": [INSTEAD],
        })
    };
    let placed = serde_json::json!({
        "order": "W100", "store": "berlin-1", "promised_ms": promised_ms, "name": "Anna Müller", "phone": "+49 30 555001",
        "lines": [line("100001", 2, 119), line("100002", 1, 149)],
    });
    let answer = reqwest::Client::new().post(format!("{}api/v1/orders", shop.link("Head office"))).json(&placed).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    browser.until("the order", "document.querySelector('[data-do=choose]')").await;
}

/// Picks the one order of the page by scans of a wedge and brings its bags to their places. Answers its number and the bags' codes.
async fn ready_order(browser: &Browser) -> (String, Vec<String>) {
    let mut hand = Hand { browser, actions: 0 };
    hand.tap("[data-do=choose]").await;
    hand.tap("[data-do=start-chosen]").await;
    browser.until("a line", "document.querySelector('.pick-card')").await;
    let order = browser.run("return document.querySelector('.pick-card').dataset.order").await.as_str().unwrap().to_owned();
    let lines = browser
        .run(&format!("return await fetch('/api/v1/orders/{order}').then(answer => answer.json()).then(order => order.lines)"))
        .await;
    for line in lines.as_array().unwrap() {
        for _ in 0..line["quantity"].as_u64().unwrap() / 1_000 {
            hand.scan_good(line["sku"].as_str().unwrap()).await;
        }
    }
    browser.until("all lines are done", "document.querySelector('.finish .primary')").await;
    // One bag more than there must be, so that one can be fetched later.
    hand.tap(".finish button:nth-of-type(2)").await;
    browser.until("bags to place", "document.querySelector('.order-top')?.dataset.state === 'picked'").await;
    let codes = "return [...document.querySelectorAll('[data-bag]')].map(row => row.dataset.code)";
    let bags: Vec<String> = serde_json::from_value(browser.run(codes).await).unwrap();
    for (index, bag) in bags.iter().enumerate() {
        hand.scan_good(bag).await;
        hand.scan_good(&format!("C0{}", index + 1)).await;
    }
    browser.until("ready", "document.querySelector('.order-top')?.dataset.state === 'staged'").await;
    (order, bags)
}

#[tokio::test]
async fn an_order_is_paid_at_the_till_and_what_is_wrong_is_seen_to_at_the_counter() {
    let shop = Shop::open();
    let browser = Browser::start(1280, 800).await;
    order_to_pick(&shop, &browser, true).await;
    let (order, bags) = ready_order(&browser).await;
    let mut hand = Hand { browser: &browser, actions: 0 };

    // Something is wrong: what and what then, two taps. One carton is not wanted any more, the other one is broken and replaced by one scan.
    let milk = ".problem[data-line='1']";
    hand.tap(&format!("{milk} summary")).await;
    hand.actions = 0;
    hand.tap(&format!("{milk} [data-why=unwanted]")).await;
    hand.tap(&format!("{milk} [data-do=miss][data-then=refund]")).await;
    browser.until("one less", "document.body.innerText.includes('to pay: 1.19')").await;
    assert_eq!(hand.actions, 2);
    // The news may come before the answer that folds it up: a tap in between would fold it up instead of opening it.
    browser.until("it is folded up", &format!("document.querySelector(\"{milk}\")?.open === false")).await;
    hand.tap(&format!("{milk} summary")).await;
    hand.tap(&format!("{milk} [data-why=damaged]")).await;
    picture(&browser, "problem").await;
    hand.tap(&format!("{milk} [data-do=replace]")).await;
    hand.scan_good(INSTEAD).await;
    browser.until("its name", "document.body.innerText.includes('→ Almgrund Yoghurt vanilla 500 g')").await;

    // Each bag, what was shown, one tap to take the payment, one tap at the till.
    hand.actions = 0;
    for bag in &bags {
        hand.scan_good(bag).await;
    }
    hand.tap("[data-shown=name]").await;
    picture(&browser, "to-pay").await;
    hand.tap("#hand-over").await;
    browser.until("the sale at the till", "document.querySelector('#lines .row[data-line]')").await;
    browser.resize(1366, 768).await;
    picture(&browser, "payment").await;
    assert!(browser.text("#total").await.contains("2.68"), "one carton and the other article: {}", browser.text("#total").await);
    let state = format!("return await fetch('/api/v1/orders/{order}').then(answer => answer.json()).then(order => order.state)");
    assert_eq!(browser.run(&state).await, "staged", "not before it is paid");
    browser.until("the cash button", "document.querySelector('#pay-exact') && !document.querySelector('#pay-exact').disabled").await;
    hand.tap("#pay-exact").await;
    browser.until("paid", "document.querySelector('#under .finished')").await;
    assert_eq!(hand.actions, bags.len() as u64 + 3, "each bag, what was shown, pay, cash");
    assert_eq!(browser.run(&state).await, "handed_over");
    let paper = Counter { browser: &browser, id: "1" }.printer_shows("2.68").await;
    assert!(paper.contains("Almgrund Yoghurt vanilla 500 g") && !paper.contains('?'), "the receipt names what the customer has: {paper}");
    picture(&browser, "paid").await;
    browser.open(&format!("{}/orders/1/order/{order}", shop.node)).await;
    browser.until("handed over", "document.querySelector('.order-top')?.dataset.state === 'handed_over'").await;
    assert!(browser.run("return document.querySelector('[data-act*=take_back_hand_over]') === null").await == true, "money was taken");
    browser.end().await;
}

#[tokio::test]
async fn one_bag_goes_now_and_another_one_later() {
    let shop = Shop::open();
    let browser = Browser::start(1280, 800).await;
    order_to_pick(&shop, &browser, false).await;
    let (order, bags) = ready_order(&browser).await;
    let mut hand = Hand { browser: &browser, actions: 0 };
    assert_eq!(bags.len(), 2, "one more than there must be");
    hand.tap(".line-list [data-do=later][data-line='2']").await;
    for bag in bags.iter().skip(1) {
        hand.scan_good(bag).await;
    }
    hand.tap("[data-shown=name]").await;
    picture(&browser, "part").await;
    hand.tap("#hand-over").await;
    browser.until("a part went", "document.querySelectorAll('.bag-list [data-bag]').length === 1").await;
    browser.until("it can be taken back", "document.querySelector('[data-act*=take_back_hand_over]')").await;
    let state = format!("return await fetch('/api/v1/orders/{order}').then(answer => answer.json()).then(order => order.state)");
    assert_eq!(browser.run(&state).await, "staged", "the rest waits");
    assert!(browser.text(".bag-list").await.contains("Bag 1 of 2"), "as its label says");
    picture(&browser, "part-done").await;
    browser.resize(390, 844).await;
    picture(&browser, "part-done-handheld").await;
    hand.actions = 0;
    hand.scan_good(&bags[0]).await;
    hand.tap("#hand-over").await;
    browser.until("handed over", "document.querySelector('.order-top')?.dataset.state === 'handed_over'").await;
    assert_eq!(hand.actions, 2, "the bag, one tap; what was shown still stands");
    browser.end().await;
}
