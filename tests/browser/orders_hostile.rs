//! Customers with names that are no names: on every page that shows them they are text, stay in their place and do nothing.

use counterfoil::document::collect_code;
use counterfoil::head_office::status_link;
use reqwest::Method;
use serde_json::json;

use super::harness::{Browser, PATIENCE};
use super::orders::{act, order_json, picture, tell_office, until_stocked};
use super::shop::Shop;

/// Each with initials of the same kind. None is longer than head office takes.
const NAMES: [(&str, &str); 4] = [
    ("<script>window.struck = 1</script><img src=x onerror='window.struck = 1'>", "<b>&#0"),
    ("\"><b id=\"struck\" class='struck' onclick='window.struck = 1'>O'Hara", "\"'><u>"),
    ("\u{202e}moc.live\u{2066} Anna \u{200f}\u{61c}\u{200b}M\u{2028}üller", "\u{202e}A.\u{2066}"),
    ("WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "WWWWWW"),
];

/// What the page as it stands makes of them.
const FAULTS: &str = "
    const faults = [];
    if (window.struck) faults.push('a script ran');
    if (document.querySelector('#struck, .struck, img[src=x]')) faults.push('an element came out of a name');
    const marks = /[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]/;
    const text = document.body.innerText;
    if (marks.test(text)) faults.push('a mark turns or breaks the text');
    if (document.documentElement.scrollWidth > innerWidth) faults.push(`${document.documentElement.scrollWidth} wide`);
    for (const e of document.querySelectorAll('main *')) {
        if (e.checkVisibility() && !e.closest('.unseen, svg, .scrolls') && e.getBoundingClientRect().right > innerWidth + 1) faults.push(`outside: ${e.outerHTML.slice(0, 80)}`);
    }
    return faults.slice(0, 5)";

async fn is_harmless(browser: &Browser, page: &str) {
    for (width, height) in [(390, 844), (1280, 800)] {
        browser.resize(width, height).await;
        let faults = browser.run(FAULTS).await;
        picture(browser, &format!("hostile-{page}-{width}")).await;
        assert_eq!(faults.as_array().map(Vec::len), Some(0), "{page} at {width}: {faults}");
    }
}

#[tokio::test]
async fn hostile_names_are_text_on_every_page_of_an_order() {
    let shop = Shop::open();
    let browser = Browser::start(390, 844).await;
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    until_stocked(&browser).await;
    for (index, (name, initials)) in NAMES.iter().enumerate() {
        let mut order = order_json(&format!("H{index}"), 1);
        (order["name"], order["initials"]) = (json!(name), json!(initials));
        tell_office(&shop, Method::POST, "", &order).await;
    }
    // What no name has at all is not taken.
    for bad in ["bell\u{7}", "line\nbreak", "nul\u{0}", "escape\u{1b}[31m", "next\u{85}", &"x".repeat(200)] {
        let mut order = order_json("H9", 1);
        order["name"] = json!(bad);
        let answer = reqwest::Client::new().post(format!("{}api/v1/orders", shop.link("Head office"))).json(&order).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 422, "{bad:?}");
    }
    browser.until("all", "document.querySelectorAll('[data-do=choose]').length === 4").await;
    is_harmless(&browser, "choose").await;
    let batch: Vec<String> = (0..4).map(|index| format!("H{index}")).collect();
    for order in &batch {
        assert_eq!(act(&browser, &format!("{{ act: 'print_pick_list', orders: ['{order}'] }}")).await, 200);
        assert_eq!(act(&browser, &format!("{{ act: 'start_picking', order: '{order}' }}")).await, 200);
    }
    let node = |page: &str| format!("{}{page}", shop.node);
    browser.open(&node(&format!("/pick/1?orders={}", batch.join(",")))).await;
    browser.until("a card", "document.querySelector('.pick-card')").await;
    is_harmless(&browser, "card").await;
    for order in &batch {
        assert_eq!(act(&browser, &format!("{{ act: 'pick', orders: ['{order}'], code: '100001' }}")).await, 200);
    }
    browser.until("all can be finished", "document.querySelectorAll('.finish').length === 4").await;
    is_harmless(&browser, "finish").await;
    for order in &batch {
        assert_eq!(act(&browser, &format!("{{ act: 'finish_picking', order: '{order}', bags: 1 }}")).await, 200);
    }
    for order in &batch {
        browser.open(&node(&format!("/orders/1/order/{order}"))).await;
        browser.until("its label", "document.querySelector('.bag-label .good-text')").await;
        is_harmless(&browser, &format!("{order}-placing")).await;
        assert_eq!(act(&browser, &format!("{{ act: 'stage', order: '{order}', bag: 1, place: 'C01' }}")).await, 200);
        browser.until("ready", "document.querySelector('.order-top')?.dataset.state === 'staged'").await;
        is_harmless(&browser, &format!("{order}-desk")).await;
    }
    browser.open(&node("/orders/1")).await;
    browser.until("the board", "document.querySelectorAll('.order-card').length === 4").await;
    is_harmless(&browser, "board").await;
    browser.tap("#find-text").await;
    browser.keys("anna").await;
    browser.until("the name", "document.querySelector('#found .customer-name')").await;
    is_harmless(&browser, "found").await;
    browser.open(&node("/sim/labels")).await;
    browser.until("the labels", "document.querySelectorAll('.label-paper').length === 4").await;
    is_harmless(&browser, "labels").await;
    browser.open(&node("/sim/printer/1")).await;
    browser.until("the lists", "document.querySelectorAll('.papers svg').length >= 4").await;
    is_harmless(&browser, "lists").await;

    // Head office, and what its customers get: the message, and the page behind its link.
    browser.open(&node("/sim/orders")).await;
    let deadline = std::time::Instant::now() + PATIENCE;
    while browser.run("return document.querySelectorAll('details').length").await.as_u64() < Some(4) {
        assert!(std::time::Instant::now() < deadline, "not every customer was told: {}", browser.text("body").await);
        browser.open(&node("/sim/orders")).await;
    }
    browser.run("document.querySelectorAll('details').forEach(details => { details.open = true; })").await;
    is_harmless(&browser, "messages").await;
    let office = shop.link("Head office");
    for page in ["orders", "service?q=anna", "service?q=www"] {
        browser.open(&format!("{office}{page}")).await;
        is_harmless(&browser, &format!("office-{}", page.replace(['?', '='], "-"))).await;
    }
    for order in &batch {
        browser.open(&format!("{office}service/{order}")).await;
        is_harmless(&browser, &format!("office-service-{order}")).await;
        browser.open(&format!("{office}orders/{order}")).await;
        is_harmless(&browser, &format!("office-order-{order}")).await;
        // The customer's page has the secret of the code in its address.
        let code = collect_code::decode(&browser.text("#token").await, |_, _| true).unwrap();
        let secret: String = code.secret.iter().map(|byte| format!("{byte:02x}")).collect();
        browser.open(&format!("{office}o/{}", status_link::text(&secret).unwrap())).await;
        assert!(browser.text("body").await.contains(order), "the page of {order}: {}", browser.text("body").await);
        is_harmless(&browser, &format!("status-{order}")).await;
    }
    browser.end().await;
}
