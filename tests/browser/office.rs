//! The back office at a desk: signed in, worked and left by keyboard alone, at both sizes, in both looks; nothing is cut off or unreadable.

use std::path::PathBuf;
use std::time::Duration;

use super::harness::Browser;
use super::shop::{Counter, Shop};

const PAGE: &str = include_str!("measure.js");
const MILK: &str = "4099108000018";
const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";

/// Every fault of the page at both sizes of a desk, in both looks.
async fn look_at(browser: &Browser, name: &str, faults: &mut Vec<String>) {
    for (width, height) in [(1280, 800), (1366, 768)] {
        browser.resize(width, height).await;
        for look in ["light", "dark"] {
            browser.run(&format!("document.documentElement.dataset.look = {look:?}")).await;
            if let Some(folder) = std::env::var_os("COUNTERFOIL_PICTURES").map(PathBuf::from) {
                std::fs::create_dir_all(&folder).unwrap();
                browser.picture(&folder, &format!("office-{name}-{width}-{look}")).await;
            }
            for fault in browser.run(PAGE).await.as_array().unwrap() {
                // A page of the desk is as high as what is on it; the measure knows only tills.
                let fault = fault.as_str().unwrap();
                if !fault.starts_with("outside") && !fault.ends_with("high") {
                    faults.push(format!("{name}, {width}, {look}: {fault}"));
                }
            }
            let wide = browser.run("return document.documentElement.scrollWidth - window.innerWidth").await;
            assert!(wide.as_i64().unwrap() <= 0, "{name}: the page is {wide} too wide at {width}");
        }
    }
}

/// Tabs until what is wanted has the focus.
async fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..60 {
        if browser.run(&format!("return document.activeElement.matches({css:?})")).await == true {
            return;
        }
        browser.keys(TAB).await;
    }
    panic!("{css} is not reached by the tab key");
}

#[tokio::test]
async fn a_manager_reads_closes_and_reads_again_by_keyboard_alone() {
    let shop = Shop::with_staff();
    let browser = Browser::start(1280, 800).await;
    let start = shop.link("Start here");
    browser.open(&start.replace("?to=/", "?to=/office")).await;
    let mut faults = Vec::new();
    browser.until("the sign-in", "document.getElementById('desk-sign-in')").await;
    look_at(&browser, "sign-in", &mut faults).await;

    // Ben sells nothing today: a cashier reads no reports.
    tab_to(&browser, "#desk-pin").await;
    browser.run("document.getElementById('desk-staff').value = 'ben'").await;
    browser.keys("2222").await;
    browser.keys(ENTER).await;
    browser.until("not for a cashier", "document.querySelector('[data-do=sign-out]') && !document.querySelector('.figures')").await;
    tab_to(&browser, "[data-do=sign-out]").await;
    browser.keys(ENTER).await;
    browser.until("the sign-in", "document.getElementById('desk-sign-in')").await;
    tab_to(&browser, "#desk-pin").await;
    browser.run("document.getElementById('desk-staff').value = 'mia'").await;
    browser.keys("0000").await;
    browser.keys(ENTER).await;
    browser.until("the miss is said", "!document.getElementById('office-problem').hidden").await;
    tab_to(&browser, "#desk-pin").await;
    browser.keys("4444").await;
    browser.keys(ENTER).await;
    browser.until("today's figures", "document.querySelector('.figures')").await;
    assert_eq!(browser.run("return document.getElementById('office-problem').hidden").await, true);

    // A sale at a till arrives without a touch.
    let post = async |path: &str, body: &str| {
        let script = format!(
            "return await fetch({path:?}, {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, \
             body: JSON.stringify({{ id: crypto.randomUUID(), ...{body} }}) }}).then(answer => answer.status)"
        );
        browser.run(&script).await
    };
    assert_eq!(post("/api/v1/workstations/1/sign-in", "{ staff: 'anna', pin: '1111' }").await, 200);
    let opened = post("/api/v1/workstations/1/till", "{ do: 'open', float: { total: 10000 } }").await;
    assert_eq!(opened, 200);
    Counter { browser: &browser, id: "1" }.scan(MILK).await;
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    while post("/api/v1/workstations/1/tenders", "{ amount: 500 }").await != 200 {
        assert!(std::time::Instant::now() < deadline, "the sale is not paid");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    browser.until("the sale is among today's figures", "document.querySelector('.figures dd').textContent.includes('1.29')").await;
    look_at(&browser, "today", &mut faults).await;

    // Closing asks once more on the same spot; the Z lies there as it was printed.
    tab_to(&browser, "[data-do=close-day]").await;
    browser.keys(ENTER).await;
    browser.until("asked once more", "document.querySelector('[data-do=close-day][data-asked]')").await;
    assert_eq!(browser.run("return document.querySelectorAll('pre.report').length > 0 && !document.querySelector('.stored')").await, true);
    // On a slow machine the question may have lapsed by now: then it is asked again.
    let z = "document.querySelector('.stored[open] pre.report')?.textContent.includes('Z REPORT 1')";
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    while browser.run(&format!("return Boolean({z})")).await != true {
        assert!(std::time::Instant::now() < deadline, "no Z: {}", browser.text("body").await);
        browser.run("document.querySelector('[data-do=close-day]')?.focus()").await;
        browser.keys(ENTER).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    look_at(&browser, "closed", &mut faults).await;
    tab_to(&browser, "a[href*='reports.csv?from']").await;
    tab_to(&browser, "[data-do=sign-out]").await;
    browser.keys(ENTER).await;
    browser.until("signed out", "document.getElementById('desk-sign-in')").await;
    browser.end().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
