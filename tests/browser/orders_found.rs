//! Orders that are looked for: by number, last digits and name, at the desk and on a handheld, whatever the board has room for.

use super::harness::Browser;
use super::orders::{Hand, picture, place};
use super::shop::Shop;

/// Cards of one column of the board.
const CARDS_MAX: u64 = 60;

async fn json(browser: &Browser, path: &str) -> serde_json::Value {
    browser.run(&format!("return await fetch({path:?}).then(answer => answer.json())")).await
}

async fn typed(browser: &Browser, text: &str) {
    browser.tap("#find-text").await;
    browser.keys(text).await;
}

async fn opened(browser: &Browser, order: &str) {
    let shown = format!("document.querySelector('.order-top .number')?.textContent === {order:?}");
    browser.until(&format!("the page of {order}"), &shown).await;
}

#[tokio::test]
async fn any_order_is_found_however_many_there_are() {
    let shop = Shop::open();
    let browser = Browser::start(1280, 800).await;
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    for _ in 0..13 {
        place(&browser, "ten").await;
    }
    browser.open(&format!("{}/orders/1", shop.node)).await;
    // More than a column has room for, whichever way the stock sends them.
    let full = "[...document.querySelectorAll('.column')].some(column => Number(column.querySelector('.count').textContent) > 60)";
    browser.until("a column that is full", full).await;
    let cards =
        "return Math.max(...[...document.querySelectorAll('.column')].map(column => column.querySelectorAll('.order-card').length))";
    assert_eq!(browser.run(cards).await.as_u64(), Some(CARDS_MAX));
    let all = json(&browser, "/api/v1/orders").await;
    let all: Vec<&str> = all["orders"].as_array().unwrap().iter().map(|order| order["order"].as_str().unwrap()).collect();
    let mut hidden = "";
    for order in &all {
        if browser.run(&format!("return document.getElementById('order-{order}') === null")).await == true {
            hidden = order;
            break;
        }
    }
    assert_ne!(hidden, "", "an order that has no card");

    // Its number, as a wedge or a person types it anywhere on the page.
    let mut hand = Hand { browser: &browser, actions: 0 };
    hand.scan(hidden).await;
    opened(&browser, hidden).await;
    assert_eq!(hand.actions, 1);
    assert!(
        browser.run("return document.querySelector('[data-shown=code][aria-checked=true]') === null").await == true,
        "it proves nothing"
    );

    // The name of whoever comes for it: the field, some letters, one card.
    let customer = json(&browser, &format!("/api/v1/workstations/1/orders/{hidden}/customer")).await;
    let name = customer["name"].as_str().unwrap().to_owned();
    let last = name.split_whitespace().last().unwrap().to_lowercase();
    hand.actions = 0;
    hand.tap("#find-text").await;
    browser.keys(&last).await;
    let listed = format!("[...document.querySelectorAll('#found .customer-name')].some(shown => shown.textContent === {name:?})");
    browser.until("the name", &listed).await;
    picture(&browser, "found").await;
    let found = json(&browser, &format!("/api/v1/workstations/1/orders?find={last}")).await;
    let found = found["orders"].as_array().unwrap();
    assert!(found.len() <= 20);
    // Another one than the page in front, which a reload would show as well.
    let order = found.iter().filter_map(|order| order["order"].as_str()).find(|order| *order != hidden).unwrap().to_owned();
    hand.tap(&format!("#found [data-order='{order}']")).await;
    opened(&browser, &order).await;
    assert_eq!(hand.actions, 2, "the field and the card");

    // Last digits, by the keyboard alone, on a handheld.
    browser.resize(390, 844).await;
    let digits: String = hidden.chars().filter(char::is_ascii_digit).collect();
    let digits = &digits[digits.len().saturating_sub(4)..];
    if digits.len() == 4 {
        typed(&browser, digits).await;
        browser.until("a card", &format!("document.querySelector('#found [data-order={hidden:?}]')")).await;
        picture(&browser, "found-handheld").await;
        let at = "[...document.querySelectorAll('#found .order-card')]";
        for _ in 0..20 {
            browser.keys("\u{e015}").await;
            if browser.run(&format!("return document.activeElement.dataset.order === {hidden:?}")).await == true {
                break;
            }
        }
        assert!(browser.run(&format!("return {at}.indexOf(document.activeElement) >= 0")).await == true);
        browser.keys("\u{e007}").await;
        opened(&browser, hidden).await;
    }

    // What nobody has is said, and Escape empties the field.
    typed(&browser, "no such person").await;
    browser.until("nothing", "document.querySelector('#found [role=status]') && !document.querySelector('#found .order-card')").await;
    picture(&browser, "found-nothing").await;
    browser.keys("\u{e00c}").await;
    assert_eq!(browser.run("return document.getElementById('find-text').value").await, "");
    let short = browser.run("return await fetch('/api/v1/workstations/1/orders?find=ab').then(answer => answer.status)").await;
    assert_eq!(short.as_u64(), Some(422));
    browser.end().await;
}

#[tokio::test]
async fn names_are_found_by_who_is_signed_in() {
    let shop = Shop::with_staff();
    let browser = Browser::start(1280, 800).await;
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    place(&browser, "one").await;
    let find = async |text: &str| json(&browser, &format!("/api/v1/workstations/1/orders?find={text}")).await;
    let one = "(await fetch('/api/v1/orders').then(answer => answer.json())).orders[0]?.order";
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    let order = loop {
        if let Some(order) = browser.run(&format!("return {one}")).await.as_str() {
            break order.to_owned();
        }
        assert!(std::time::Instant::now() < deadline, "no order came");
    };
    let hidden = find("anna").await;
    assert_eq!((hidden["orders"].as_array().unwrap().len(), hidden["names_hidden"].as_bool()), (0, Some(true)));
    assert_eq!(find(&order).await["exact"], true, "its number is on every label");
    super::people::pin(&browser, "anna", "1111").await;
    super::people::is_open(&browser).await;
    let name = json(&browser, &format!("/api/v1/workstations/1/orders/{order}/customer")).await["name"].as_str().unwrap().to_owned();
    let first = name.split_whitespace().next().unwrap().to_owned();
    let found = find(&first).await;
    assert_eq!((found["orders"][0]["order"].as_str(), found["names_hidden"].as_bool()), (Some(order.as_str()), Some(false)));
    browser.end().await;
}
