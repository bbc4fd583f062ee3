//! New orders are heard and seen on every page of a desk, a handheld and a till, once each; and the till's own ways to orders.

use super::harness::Browser;
use super::orders::{order_json, picture, tell_office, until_stocked};
use super::shop::Shop;
use super::stories::{type_code, wait_lines};

const PLAYED: &str = "Number(document.getElementById('till').dataset.playedNew || 0)";

/// The web shop takes an order for one carton of milk.
async fn placed(shop: &Shop, order: &str) {
    tell_office(shop, reqwest::Method::POST, "", &order_json(order, 1)).await;
}

/// The page as it stands shows so many new orders, in its head and its title.
async fn shows(browser: &Browser, page: &str, count: usize) {
    let holds = format!(
        "document.title.startsWith('({count}) ') && /(^|\\D){count}$/.test((document.querySelector('#new-orders .count') || document.getElementById('new-orders')).textContent.trim())"
    );
    browser.until(&format!("{page}: {count} new orders"), &holds).await;
}

async fn act(browser: &Browser, act: &str) {
    let script = format!(
        "return await fetch('/api/v1/workstations/1/orders', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }},
            body: JSON.stringify({{ id: crypto.randomUUID(), act: {act} }}) }}).then(answer => answer.status)"
    );
    assert_eq!(browser.run(&script).await.as_u64(), Some(200), "{act}");
}

#[tokio::test]
async fn a_new_order_is_heard_and_seen_on_every_page_of_desk_and_handheld() {
    let shop = Shop::open();
    let browser = Browser::start(390, 844).await;
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    until_stocked(&browser).await;
    placed(&shop, "N1").await;
    browser.until("the tone", &format!("{PLAYED} === 1")).await;
    shows(&browser, "choose", 1).await;
    act(&browser, "{ act: 'start_picking', order: 'N1' }").await;

    let pages = [
        "/pick/1?orders=N1",
        "/orders/1",
        "/orders/1/order/N1",
        "/orders/1/promises",
        "/stock/1",
        "/stock/1/count",
        "/stock/1/receive",
        "/till/1",
    ];
    for (index, page) in pages.into_iter().enumerate() {
        browser.open(&format!("{}{page}", shop.node)).await;
        browser.until("its stream", "document.body.dataset.revision !== undefined").await;
        assert_eq!(browser.run(&format!("return {PLAYED}")).await, 0, "{page}: what was heard is not heard again");
        placed(&shop, &format!("P{index}")).await;
        browser.until(&format!("{page}: the tone"), &format!("{PLAYED} === 1")).await;
        shows(&browser, page, index + 1).await;
        let told = browser.text("#news").await;
        assert_eq!(told, if index == 0 { "1 new order".to_owned() } else { format!("{} new orders", index + 1) }, "{page}: read out");
        picture(&browser, &format!("news{}", page.replace(['/', '?', '='], "-"))).await;
    }

    // One comes in the same moment in which another one goes: the number stays, and it is heard all the same.
    browser.open(&format!("{}/pick/1", shop.node)).await;
    shows(&browser, "choose", pages.len()).await;
    act(&browser, "{ act: 'start_picking', order: 'P0' }").await;
    placed(&shop, "Q1").await;
    browser.until("the tone", &format!("{PLAYED} === 1")).await;
    shows(&browser, "choose", pages.len()).await;
    browser.end().await;
}

#[tokio::test]
async fn a_board_with_more_orders_than_cards_still_tells_of_the_next_one() {
    let shop = Shop::open();
    let browser = Browser::start(1280, 800).await;
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    for order in 0..65 {
        placed(&shop, &format!("N{order}")).await;
    }
    browser.open(&format!("{}/orders/1", shop.node)).await;
    shows(&browser, "board", 65).await;
    let before = browser.run(&format!("return {PLAYED}")).await.as_u64().unwrap();
    placed(&shop, "N65").await;
    shows(&browser, "board", 66).await;
    browser.until("the tone", &format!("{PLAYED} === {}", before + 1)).await;
    browser.end().await;
}

#[tokio::test]
async fn at_a_till_orders_are_a_tile_away_and_disturb_no_sale() {
    let shop = Shop::open();
    let browser = super::stories::open(&shop).await;
    until_stocked(&browser).await;
    type_code(&browser, "100001").await;
    wait_lines(&browser, 1).await;
    placed(&shop, "T1").await;
    shows(&browser, "till", 1).await;
    assert_eq!(browser.run(&format!("return {PLAYED}")).await, 0, "no tone in a sale");
    wait_lines(&browser, 1).await;
    picture(&browser, "news-in-a-sale").await;
    browser.tap("#act-more-panel").await;
    browser.until("the tile", "document.querySelector('#more [data-tile=A] .count')?.textContent === '1'").await;
    picture(&browser, "news-more").await;
    browser.tap("#more [data-tile=A]").await;
    browser.until("the board", "document.querySelector('#order-T1')").await;
    browser.end().await;
}

/// From the shelf to its place, through the API.
async fn staged(browser: &Browser, order: &str) {
    act(browser, &format!("{{ act: 'start_picking', order: '{order}' }}")).await;
    act(browser, &format!("{{ act: 'pick', orders: ['{order}'], code: '100001' }}")).await;
    act(browser, &format!("{{ act: 'finish_picking', order: '{order}', bags: 1 }}")).await;
    act(browser, &format!("{{ act: 'stage', order: '{order}', bag: 1, place: 'C01' }}")).await;
}

#[tokio::test]
async fn eight_digits_at_a_till_open_the_order_unless_they_are_an_article() {
    let shop = Shop::open();
    let browser = super::stories::open(&shop).await;
    until_stocked(&browser).await;
    placed(&shop, "T2").await;
    browser.until("the order", "document.getElementById('new-orders')").await;
    staged(&browser, "T2").await;
    let office = format!("{}orders/T2", shop.link("Head office"));
    browser.open(&office).await;
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    while browser.run("return document.getElementById('number') !== null").await != true {
        assert!(std::time::Instant::now() < deadline, "head office shows no number");
        browser.open(&office).await;
    }
    let digits: String = browser.text("#number").await.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits.len(), 8);

    browser.open(&format!("{}/till/1", shop.node)).await;
    browser.until("the till", "document.getElementById('till')?.dataset.ready === 'yes'").await;
    // An EAN-8 that nobody sells is an unknown article, and no try.
    let unknown = if digits == "96385074" { "73513537" } else { "96385074" };
    type_code(&browser, unknown).await;
    browser.until("unknown", "document.querySelector('#strip .error')").await;
    assert!(!browser.text("#strip").await.contains("Tries left"), "{}", browser.text("#strip").await);
    // What can be no article's is a wrong number, as at the desk.
    let wrong = if digits == "96385075" { "96385076" } else { "96385075" };
    type_code(&browser, wrong).await;
    browser.until("a wrong number", "document.querySelector('#strip').innerText.includes('Tries left: 4')").await;
    picture(&browser, "till-wrong-number").await;
    type_code(&browser, &digits).await;
    browser.until("its hand-over", "document.querySelector('.order-top')?.dataset.state === 'staged'").await;
    let proof = "return document.querySelector('[data-shown=code]').getAttribute('aria-checked') === 'true'";
    assert_eq!(browser.run(proof).await, true, "the number proves it");
    browser.end().await;
}
