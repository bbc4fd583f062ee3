//! Orders where people sign in: who may do what, whose order it is, and what waits for somebody; every tap and scan counted.

use std::time::Instant;

use reqwest::Method;
use serde_json::json;

use super::harness::{Browser, PATIENCE};
use super::orders::{Hand, act, order_json, picture, tell_office, until_stocked};
use super::people::{asks, is_open, pin};
use super::shop::Shop;

/// Opens a page of the node, and waits for its stream.
async fn open(shop: &Shop, browser: &Browser, page: &str) {
    browser.open(&format!("{}{page}", shop.node)).await;
    browser.until("its stream", "document.body.dataset.revision !== undefined").await;
}

/// The shop with Anna, a cashier, at workstation 1.
async fn anna_works(width: u32, height: u32) -> (Shop, Browser) {
    let shop = Shop::with_staff();
    let browser = Browser::start(width, height).await;
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    until_stocked(&browser).await;
    pin(&browser, "anna", "1111").await;
    is_open(&browser).await;
    // Her PIN went as a PIN alone.
    let scans = "return performance.getEntriesByType('resource').filter(sent => sent.name.endsWith('/scan')).length";
    assert_eq!(browser.run(scans).await, 0);
    (shop, browser)
}

async fn state(browser: &Browser, wanted: &str) {
    browser.until(wanted, &format!("document.querySelector('.order-top')?.dataset.state === '{wanted}'")).await;
}

async fn on_board(browser: &Browser, order: &str, column: u32) {
    let there = format!("document.querySelector('.column:nth-child({column}) #order-{order}')");
    browser.until(&format!("{order} in column {column}"), &there).await;
}

/// From the shelf to its place, through the API, by whoever works at workstation 1.
async fn staged(browser: &Browser, order: &str, units: u64) {
    let acts = [
        format!("{{ act: 'start_picking', order: '{order}' }}"),
        format!("{{ act: 'pick', orders: ['{order}'], code: '100001', quantity: {} }}", units * 1_000),
        format!("{{ act: 'finish_picking', order: '{order}', bags: 1 }}"),
        format!("{{ act: 'stage', order: '{order}', bag: 1, place: 'C01' }}"),
    ];
    for asked in acts {
        assert_eq!(act(browser, &asked).await, 200, "{asked}");
    }
}

#[tokio::test]
async fn an_order_that_the_stock_does_not_cover_is_accepted_or_refused_by_a_person() {
    let (shop, browser) = anna_works(1280, 800).await;
    for order in ["A1", "A2"] {
        tell_office(&shop, Method::POST, "", &order_json(order, 9_000)).await;
    }
    open(&shop, &browser, "/orders/1").await;
    on_board(&browser, "A1", 1).await;
    on_board(&browser, "A2", 1).await;
    picture(&browser, "people-decide").await;
    let mut hand = Hand { browser: &browser, actions: 0 };
    hand.tap("#order-A1").await;
    state(&browser, "received").await;
    picture(&browser, "people-received").await;
    hand.tap("[data-act*='\"accept\"']").await;
    state(&browser, "accepted").await;
    assert_eq!(hand.actions, 2, "the card, and that it is there");

    open(&shop, &browser, "/orders/1").await;
    on_board(&browser, "A1", 2).await;
    hand.actions = 0;
    hand.tap("#order-A2").await;
    state(&browser, "received").await;
    hand.tap("[data-act*=no_stock]").await;
    browser.until("it asks", "document.querySelector('[data-act*=no_stock]').textContent.startsWith('Sure')").await;
    hand.tap("[data-act*=no_stock]").await;
    state(&browser, "ended").await;
    assert_eq!(hand.actions, 3, "the card, that it is not there, and sure");
    assert!(browser.text(".order-top").await.contains("refused by the store"));
    browser.end().await;
}

#[tokio::test]
async fn a_picked_order_is_one_persons_until_another_takes_it_over() {
    let (shop, browser) = anna_works(390, 844).await;
    tell_office(&shop, Method::POST, "", &order_json("L1", 2)).await;
    browser.until("the order", "document.querySelector('[data-do=choose]')").await;
    let mut hand = Hand { browser: &browser, actions: 0 };
    hand.tap("[data-do=choose]").await;
    hand.tap("[data-do=start-chosen]").await;
    browser.until("a line", "document.querySelector('.pick-card')").await;
    hand.scan_good("100001").await;

    // Sue has another handheld: she sees whose it is, and since when; one tap takes it over, with what is in the tote.
    open(&shop, &browser, "/pick/2").await;
    pin(&browser, "sue", "3333").await;
    is_open(&browser).await;
    browser.until("whose it is", "document.querySelector('.with-others')?.innerText.includes('Picked by Anna since')").await;
    assert_eq!(browser.run("return document.querySelector('[data-do=choose]') === null").await, true, "it cannot be begun by mistake");
    picture(&browser, "people-with-others").await;
    hand.actions = 0;
    hand.tap(".with-others [data-act]").await;
    browser.until("her line", "document.querySelector('.pick-card .quantity')?.innerText.trim() === '1'").await;
    assert_eq!(hand.actions, 1, "take over: one tap");
    picture(&browser, "people-taken-over").await;

    // Anna's page says so, and what she scans alarms and changes nothing.
    open(&shop, &browser, "/pick/1?orders=L1").await;
    browser.until("who has it", "document.querySelector('.note.warn')?.innerText.includes('Order L1 is with Sue now')").await;
    assert_eq!(browser.run("return document.querySelector('.pick-card') === null").await, true);
    picture(&browser, "people-lost").await;
    hand.scan("100001").await;
    browser.until("the alarm", "document.getElementById('till').dataset.playedError === '1'").await;
    assert!(browser.text("#said").await.contains("Sue is picking"), "{}", browser.text("#said").await);

    // By badge as well, typed by a wedge over the names.
    open(&shop, &browser, "/pick/1").await;
    browser.tap("#who [data-do=lock]").await;
    asks(&browser, "sign-in").await;
    hand.scan("STAFF-1004").await;
    is_open(&browser).await;
    browser.until("Mia works here", "document.getElementById('who').innerText.includes('Mia')").await;

    // Cancelled while she picks: it is said, with the way to what has to go back.
    open(&shop, &browser, "/pick/2?orders=L1").await;
    browser.until("her line", "document.querySelector('.pick-card')").await;
    let alarms = "Number(document.getElementById('till').dataset.playedError || 0)";
    assert_eq!(browser.run(&format!("return {alarms}")).await, 0);
    tell_office(&shop, Method::POST, "/L1/cancel", &json!({})).await;
    browser.until("what became of it", "document.querySelector('.note.warn')?.innerText.includes('Order L1: cancelled')").await;
    assert_eq!(browser.run(&format!("return {alarms}")).await, 1, "it is heard");
    picture(&browser, "people-cancelled").await;
    hand.tap(".note.warn a").await;
    state(&browser, "putting_back").await;

    // Laid aside, an order is anybody's.
    tell_office(&shop, Method::POST, "", &order_json("L2", 1)).await;
    open(&shop, &browser, "/pick/2").await;
    browser.until("another one", "document.querySelector('[data-order=L2]')").await;
    hand.tap("[data-order=L2]").await;
    hand.tap("[data-do=start-chosen]").await;
    browser.until("her line", "document.querySelector('.pick-card')").await;
    hand.tap("[data-act*=pause_picking]").await;
    browser.until("the list", "document.querySelector('[data-do=choose][data-order=L2]')").await;
    open(&shop, &browser, "/pick/1").await;
    browser.until("the list", "document.querySelector('[data-do=choose][data-order=L2]')").await;
    browser.end().await;
}

#[tokio::test]
async fn nobody_wants_it_and_it_goes_back_by_scan() {
    let (shop, browser) = anna_works(1280, 800).await;
    tell_office(&shop, Method::POST, "", &order_json("D1", 1)).await;
    tell_office(&shop, Method::POST, "", &order_json("D2", 1)).await;
    browser.until("both", "document.querySelectorAll('[data-do=choose]').length === 2").await;
    staged(&browser, "D1", 1).await;
    open(&shop, &browser, "/orders/1/order/D1").await;
    let mut hand = Hand { browser: &browser, actions: 0 };
    hand.tap("[data-act*=decline]").await;
    hand.tap("[data-act*=decline]").await;
    state(&browser, "putting_back").await;
    assert_eq!(hand.actions, 2, "declined in two taps");
    picture(&browser, "people-put-back").await;

    // An article that is not on the list alarms; another order's number opens that order, with a scan or typed.
    hand.scan("100002").await;
    browser.until("the alarm", "document.getElementById('till').dataset.playedError === '1'").await;
    hand.scan("D2").await;
    browser.until("the other order", "document.querySelector('.order-top .number')?.textContent === 'D2'").await;
    open(&shop, &browser, "/orders/1/order/D1").await;
    hand.scan_good("100001").await;
    state(&browser, "ended").await;
    browser.end().await;
}

#[tokio::test]
async fn what_came_too_late_is_said_until_somebody_has_seen_to_it() {
    let (shop, browser) = anna_works(1280, 800).await;
    tell_office(&shop, Method::POST, "", &order_json("N1", 1)).await;
    tell_office(&shop, Method::POST, "", &order_json("N2", 1)).await;
    browser.until("both", "document.querySelectorAll('[data-do=choose]').length === 2").await;
    assert_eq!(act(&browser, "{ act: 'start_picking', order: 'N1' }").await, 200);
    staged(&browser, "N2", 1).await;
    let given = "{ act: 'hand_over', order: 'N2', shown: 'name', bags: [1], leaves: [], later: [], of_age: false }";
    assert_eq!(act(&browser, given).await, 200);
    // Head office offers a cancel of the one that goes on alone.
    for (order, wanted) in [("N1", 1), ("N2", 0)] {
        let page = format!("{}orders/{order}", shop.link("Head office"));
        let (state, deadline) = (if wanted == 1 { "picking" } else { "handed over" }, Instant::now() + PATIENCE);
        browser.open(&page).await;
        while !browser.text("main").await.contains(&format!("State: {state}")) {
            assert!(Instant::now() < deadline, "{order} is not {state}: {}", browser.text("main").await);
            browser.open(&page).await;
        }
        let offered = "return document.querySelectorAll('form[action$=\"/cancel\"], a[href$=\"/cancel\"]').length";
        assert_eq!(browser.run(offered).await, wanted, "{order}");
        browser.open(&format!("{}service/{order}", shop.link("Head office"))).await;
        assert_eq!(browser.run(offered).await, wanted, "{order} at customer service");
        picture(&browser, &format!("people-service-{order}")).await;
    }
    tell_office(&shop, Method::PUT, "/N1", &order_json("N1", 3)).await;
    tell_office(&shop, Method::POST, "/N2/cancel", &json!({})).await;

    open(&shop, &browser, "/orders/1").await;
    browser.until("both are told", "document.querySelectorAll('.notices li').length === 2").await;
    picture(&browser, "people-notices").await;
    let told = browser.text(".notices").await;
    assert!(told.contains("Order N1 was changed too late, it was: being picked. It goes on as it was."), "{told}");
    assert!(told.contains("Order N2 was cancelled after it was handed over ("), "{told}");
    let mut hand = Hand { browser: &browser, actions: 0 };
    hand.tap(".notices [data-act]").await;
    browser.until("one is left", "document.querySelectorAll('.notices li').length === 1").await;
    hand.tap(".notices [data-act]").await;
    browser.until("none is left", "!document.querySelector('.notices')").await;
    assert_eq!(hand.actions, 2, "a tap for each");
    browser.end().await;
}

#[tokio::test]
async fn after_five_wrong_numbers_a_manager_lets_the_desk_go_on() {
    let (shop, browser) = anna_works(1280, 800).await;
    tell_office(&shop, Method::POST, "", &order_json("W1", 1)).await;
    browser.until("the order", "document.querySelector('[data-do=choose]')").await;
    staged(&browser, "W1", 1).await;
    open(&shop, &browser, "/orders/1").await;
    on_board(&browser, "W1", 5).await;
    let mut hand = Hand { browser: &browser, actions: 0 };
    for tries in (0..5).rev() {
        hand.scan(&format!("9{tries}638507")).await;
        let said = if tries == 0 { "manager".to_owned() } else { format!("Tries left: {tries}") };
        browser.until(&said, &format!("document.getElementById('said').innerText.includes({said:?})")).await;
    }
    picture(&browser, "people-locked").await;
    // Another try is not even looked at, and a cashier cannot allow it.
    hand.scan("90638508").await;
    browser.until("refused", "document.getElementById('till').dataset.playedError === '6'").await;
    hand.actions = 0;
    hand.tap("[data-act*=allow_numbers]").await;
    asks(&browser, "approve").await;
    picture(&browser, "people-allow").await;
    pin(&browser, "mia", "4444").await;
    is_open(&browser).await;
    browser.until("numbers are looked at again", "!document.querySelector('[data-act*=allow_numbers]')").await;
    assert_eq!(hand.actions, 1, "one tap, and the manager's word");
    hand.scan("90638508").await;
    browser.until("four more", "document.getElementById('said').innerText.includes('Tries left: 4')").await;
    assert!(browser.text("#who").await.contains("Anna"), "she still works here");
    browser.end().await;
}

#[tokio::test]
async fn late_is_said_in_words_and_red() {
    let (shop, browser) = anna_works(1280, 800).await;
    let mut order = order_json("T1", 1);
    order["promised_ms"] = (jiff::Timestamp::now().as_millisecond() + 1_500).into();
    tell_office(&shop, Method::POST, "", &order).await;
    tell_office(&shop, Method::POST, "", &order_json("T2", 1)).await;
    open(&shop, &browser, "/orders/1").await;
    on_board(&browser, "T2", 2).await;
    browser.until("it is late", "document.querySelector('#order-T1 .due.late')").await;
    picture(&browser, "people-late").await;
    assert!(browser.text("#order-T1").await.contains("< 1 min late"), "{}", browser.text("#order-T1").await);
    assert!(browser.text("#order-T2").await.contains("in 59 min"), "{}", browser.text("#order-T2").await);
    // A sign and a red ground besides; the same for the count over the board.
    let red = "const [r, g, b] = getComputedStyle(document.querySelector(css)).backgroundColor.match(/[0-9.]+/g).map(Number); return r > g + 20 && r > b + 20";
    for css in ["#order-T1 .due", "#figure-late"] {
        assert_eq!(browser.run(&format!("const css = '{css}'; {red}")).await, true, "{css}");
        assert_eq!(browser.run(&format!("return document.querySelector('{css} svg') !== null")).await, true, "{css}");
    }
    assert_eq!(browser.text("#figure-late dd").await, "1");
    browser.end().await;
}
