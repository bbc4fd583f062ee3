//! Three shops of one chain on one machine: each keeps its own orders, and each has a line of its own.

use super::harness::Browser;
use super::orders::until_stocked;
use super::shop::Shop;

/// Has the web shop, beside the first shop's pages, place an order that is collected at `store`.
async fn place_at(browser: &Browser, store: &str) {
    let script = format!(
        "return await fetch('/sim/orders', {{ method: 'POST', body: new URLSearchParams({{ act: 'one', at: {store:?} }}) }}).then(answer => answer.status)"
    );
    assert_eq!(browser.run(&script).await, 200);
}

/// How many orders the shop of the page knows.
async fn orders_here(browser: &Browser) -> usize {
    let list = browser.run("return await fetch('/api/v1/orders').then(answer => answer.json())").await;
    list["orders"].as_array().or(list.as_array()).expect("a list of orders").len()
}

#[tokio::test]
async fn an_order_goes_to_the_shop_it_is_collected_at_and_a_cut_line_is_one_shops_own() {
    let shop = Shop::chain();
    let browser = Browser::start(1280, 800).await;
    browser.open(&shop.link("Shop in Potsdam")).await;
    let potsdam = browser.run("return location.origin").await.as_str().unwrap().to_owned();
    until_stocked(&browser).await;
    browser.open(&shop.link("Start here")).await;
    let berlin = browser.run("return location.origin").await.as_str().unwrap().to_owned();
    until_stocked(&browser).await;
    assert_ne!(berlin, potsdam);

    // Berlin's line is cut; Potsdam does not notice.
    let cut =
        "return await fetch('/sim/line', { method: 'POST', body: new URLSearchParams({ act: 'cut' }) }).then(answer => answer.status)";
    assert_eq!(browser.run(cut).await, 204);
    place_at(&browser, "potsdam-1").await;
    browser.open(&format!("{potsdam}/pick/1")).await;
    browser.until("the order in Potsdam", "document.querySelectorAll('[data-do=choose]').length === 1").await;
    browser.open(&format!("{berlin}/till/1")).await;
    browser.until("that Berlin is offline", "document.body.innerText.includes('Working offline')").await;
    place_at(&browser, "berlin-1").await;
    let mend = cut.replace("'cut'", "'mend'");
    assert_eq!(browser.run(&mend).await, 204);
    browser.open(&format!("{berlin}/pick/1")).await;
    browser.until("the order in Berlin", "document.querySelectorAll('[data-do=choose]').length === 1").await;
    assert_eq!(orders_here(&browser).await, 1, "Potsdam's order is not here");

    browser.open(&shop.link("Head office")).await;
    for name in ["Markt Berlin Mitte", "Markt Potsdam", "Markt Leipzig"] {
        browser.until(name, &format!("document.body.innerText.includes({name:?})")).await;
    }
    browser.end().await;
}
