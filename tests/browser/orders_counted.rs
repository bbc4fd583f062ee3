//! Many of one article: one is scanned, and how many there are is tapped or typed, with one hand.

use reqwest::Method;
use serde_json::json;

use super::harness::Browser;
use super::orders::{Hand, order_json, tell_office, until_stocked};
use super::orders_besides::can_be_used_by_all;
use super::shop::Shop;

const ENTER: &str = "\u{e007}";
const BACKSPACE: &str = "\u{e003}";

/// What is still to be taken, as the card says it.
async fn left(browser: &Browser, units: &str) {
    let shown = format!("document.querySelector('.pick-card .quantity')?.innerText.trim() === '{units}'");
    browser.until(&format!("{units} left"), &shown).await;
}

#[tokio::test]
async fn after_one_scan_the_number_is_tapped_or_typed() {
    let shop = Shop::open();
    let browser = Browser::start(390, 844).await;
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    until_stocked(&browser).await;
    let mut order = order_json("M12", 12);
    let oats = json!({ "sku": "100002", "quantity": 3_000, "location": "E-01" });
    order["lines"].as_array_mut().unwrap().push(oats);
    tell_office(&shop, Method::POST, "", &order).await;
    let mut hand = Hand { browser: &browser, actions: 0 };
    hand.tap("[data-do=choose]").await;
    hand.tap("[data-do=start-chosen]").await;
    left(&browser, "12").await;
    assert_eq!(browser.run("return document.getElementById('count') === null").await, true, "nothing is counted before a scan");

    // One scan, one tap: all of them.
    hand.actions = 0;
    hand.scan_good("100001").await;
    left(&browser, "11").await;
    browser.until("the number", "document.getElementById('count-take')?.textContent === '12 taken'").await;
    can_be_used_by_all(&browser, "counting").await;
    let lowest = browser.run("return document.getElementById('count').getBoundingClientRect().top > innerHeight / 3").await;
    assert_eq!(lowest, true, "within the thumb's reach");
    hand.tap("#count-take").await;
    left(&browser, "3").await;
    assert_eq!(hand.actions, 2, "twelve of a line: one scan and one tap");

    // Fewer by taps, said aloud; what is missing then is said by the buttons that there are.
    hand.scan_good("100002").await;
    browser.until("the number", "document.getElementById('count-take')?.textContent === '3 taken'").await;
    hand.tap("[data-do=count-fewer]").await;
    assert_eq!(browser.text("#count-take").await, "2 taken");
    assert_eq!(browser.text("#spoken").await, "2 taken", "it is read out");
    hand.tap("[data-do=count-fewer]").await;
    assert_eq!(browser.text("#count-take").await, "2 taken", "one is there already");
    hand.tap("#count-take").await;
    left(&browser, "1").await;
    hand.tap("[data-act*=reset_line]").await;
    left(&browser, "3").await;
    assert_eq!(browser.run("return document.getElementById('count') === null").await, true, "begun anew");

    // Typed; a number that cannot be is not sent; a scan in the field is a scan.
    hand.scan_good("100002").await;
    browser.until("the number", "document.getElementById('count-all')").await;
    browser.tap("#count-all").await;
    browser.keys("7").await;
    assert_eq!(browser.run("return document.getElementById('count-take').disabled").await, true);
    super::acts::wedge(&browser, "100002").await;
    left(&browser, "1").await;
    browser.tap("#count-all").await;
    browser.keys(BACKSPACE).await;
    browser.keys("3").await;
    browser.keys(ENTER).await;
    browser.until("all lines are done", "document.querySelector('.finish .primary')").await;

    // The record says how each was confirmed.
    let mut segments: Vec<_> = std::fs::read_dir(shop.data().join("node/journal")).unwrap().map(|file| file.unwrap().path()).collect();
    segments.sort();
    let records: String = segments.iter().map(|segment| String::from_utf8_lossy(&std::fs::read(segment).unwrap()).into_owned()).collect();
    let picked = records.lines().filter(|line| line.contains("order_line_picked"));
    let ways: Vec<&str> = picked.map(|line| if line.contains("\"way\":\"counted\"") { "counted" } else { "scan" }).collect();
    assert_eq!(ways, ["scan", "counted", "scan", "counted", "scan", "scan", "counted"]);

    // What is not wanted any more goes back the same way.
    hand.tap(".finish .primary").await;
    browser.until("packed", "document.querySelector('.order-top')?.dataset.state === 'picked'").await;
    tell_office(&shop, Method::POST, "/M12/cancel", &json!({})).await;
    browser.until("what goes back", "document.querySelectorAll('#put-back li').length === 2").await;
    assert_eq!(browser.run("return document.getElementById('count') === null").await, true, "nothing is counted before a scan");
    hand.actions = 0;
    hand.scan_good("100001").await;
    browser.until("the rest", "document.getElementById('count-take')?.textContent === '11 put back'").await;
    can_be_used_by_all(&browser, "counting-back").await;
    hand.tap("#count-take").await;
    browser.until("it is back", "document.querySelectorAll('#put-back li').length === 1").await;
    assert_eq!(hand.actions, 2, "twelve go back: one scan and one tap");
    hand.scan_good("100002").await;
    browser.until("the rest", "document.getElementById('count-take')?.textContent === '2 put back'").await;
    hand.tap("[data-do=count-fewer]").await;
    hand.tap("#count-take").await;
    hand.scan_good("100002").await;
    browser.until("all is back", "document.querySelector('.order-top')?.dataset.state === 'ended'").await;
    browser.end().await;
}
