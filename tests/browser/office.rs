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

    // Once more on paper, at the printer of a till; the page counts what was asked for.
    tab_to(&browser, "#print-at").await;
    browser.keys("2").await;
    tab_to(&browser, "#print-again button").await;
    browser.keys(ENTER).await;
    browser.until("it is counted", "document.querySelector('.stored[open]').innerText.includes('Copies printed: 1')").await;
    Counter { browser: &browser, id: "2" }.printer_shows("COPY 1").await;
    assert_eq!(browser.run("return document.getElementById('print-at').value").await, "2", "what was chosen stays chosen");
    look_at(&browser, "printed-again", &mut faults).await;

    // With six tills and their Zs it is the same control.
    let size = "return JSON.stringify(Object.values(document.getElementById('print-again').getBoundingClientRect().toJSON()))";
    let with_two = browser.run(size).await;
    browser
        .run(
            "const grow = (id, text) => document.getElementById(id).append(new Option(text, text)); \
             [3, 4, 5, 6].forEach((till) => { grow('print-at', till); grow('print-what', `Till ${till}, Z ${till}`) })",
        )
        .await;
    look_at(&browser, "six-tills", &mut faults).await;
    assert_eq!(browser.run(size).await, with_two);

    // The safe, counted blind: its figure is gone until the count is given; a difference asks for its reason.
    browser.run("document.querySelector('[data-do=safe-start]').focus()").await;
    browser.keys(ENTER).await;
    browser.until("the denominations", "document.activeElement?.closest('#count-safe')").await;
    look_at(&browser, "safe-counting", &mut faults).await;
    tab_to(&browser, "#count-safe [data-value='5000']").await;
    browser.keys("2").await;
    browser.until("what it comes to", "document.getElementById('safe-sum').textContent === '100.00'").await;
    browser.keys(ENTER).await;
    browser.until("what should be there", "document.getElementById('close-safe')").await;
    look_at(&browser, "safe-counted", &mut faults).await;
    browser.run("document.getElementById('safe-reason').value = 'other'").await;
    tab_to(&browser, "#close-safe .primary").await;
    browser.keys(ENTER).await;
    browser
        .until(
            "the count is on the day's list",
            "[...document.querySelectorAll('.stored')].some((one) => one.textContent.includes('SAFE COUNT 1'))",
        )
        .await;
    look_at(&browser, "safe-closed", &mut faults).await;
    tab_to(&browser, "a[href*='reports.csv?from']").await;
    tab_to(&browser, "[data-do=sign-out]").await;
    browser.keys(ENTER).await;
    browser.until("signed out", "document.getElementById('desk-sign-in')").await;
    // The copy as it lies in the printer's tray.
    browser.open(&format!("{}/sim/printer/2", shop.node)).await;
    browser.until("the paper", "document.querySelector('.papers svg')").await;
    browser.resize(1280, 1400).await;
    if let Some(folder) = std::env::var_os("COUNTERFOIL_PICTURES").map(PathBuf::from) {
        browser.picture(&folder, "office-copy-on-paper").await;
    }
    browser.end().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Types into a field that a script cannot miss: the dialog's.
async fn type_into(browser: &Browser, css: &str, keys: &str) {
    browser.tap(css).await;
    browser.keys(keys).await;
}

#[tokio::test]
async fn what_is_beyond_the_one_at_the_desk_is_done_with_another_persons_word() {
    let shop = Shop::with_staff();
    let browser = Browser::start(1280, 800).await;
    // Ben may read reports, and nothing else that a cashier may not.
    let office = shop.link("Head office");
    let address = office.split('/').nth(2).unwrap().parse().unwrap();
    let rights = serde_json::json!({ "rights": ["read_reports"] });
    assert_eq!(crate::node::office::put(address, "/api/v1/staff/ben", &rights).await, 204);
    browser.open(&shop.link("Start here").replace("?to=/", "?to=/office")).await;
    browser.until("the sign-in", "document.getElementById('desk-sign-in')").await;
    browser.run("document.getElementById('desk-staff').value = 'ben'").await;
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    // His right comes down in its own time.
    while browser.run("return Boolean(document.querySelector('.figures'))").await != true {
        assert!(std::time::Instant::now() < deadline, "{}", browser.text("body").await);
        let script = "await fetch('/api/v1/desk/sign-in', { method: 'POST', headers: { 'content-type': 'application/json' }, \
                      body: JSON.stringify({ id: crypto.randomUUID(), staff: 'ben', pin: '2222' }) })";
        browser.run(script).await;
        browser.run("location.reload()").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    // A bag out of a safe that holds it is not his to pack.
    let packs = async || {
        type_into(&browser, "#pack-bag [name=bag]", "B-77").await;
        type_into(&browser, "#pack-bag [name=amount]", "1,00").await;
        browser.keys(ENTER).await;
        browser.until("another person is asked for", "document.getElementById('desk-proof')?.open").await;
    };
    packs().await;
    let said = "document.getElementById('proof-said').textContent";
    browser.until("in his language, what it is about", &format!("{said}.includes('zweite Person')")).await;
    let mut faults = Vec::new();
    look_at(&browser, "approval", &mut faults).await;
    assert_eq!(browser.run("return document.activeElement.id").await, "proof-badge", "a badge can be scanned at once");

    // Himself: no. A wrong PIN: no. Given up: nothing is done, and what he typed is still there.
    browser.keys("STAFF-1002").await;
    browser.keys(ENTER).await;
    browser.until("not by himself", &format!("{said}.includes('dieselbe Person')")).await;
    browser.tap("#desk-proof [data-proof-staff=sue]").await;
    browser.keys("9999").await;
    browser.keys(ENTER).await;
    browser.until("the PIN is wrong", &format!("{said}.includes('PIN')")).await;
    browser.tap("#desk-proof [data-proof=cancel]").await;
    browser.until("given up", "!document.getElementById('desk-proof').open").await;
    assert_eq!(browser.run("return document.querySelector('#pack-bag [name=bag]').value").await, "B-77");

    // With Sue's PIN the act is decided on: there is nothing in the safe, and that is what is said.
    browser.run("document.querySelectorAll('#pack-bag input').forEach((field) => { field.value = '' })").await;
    packs().await;
    browser.tap("#desk-proof [data-proof-staff=sue]").await;
    browser.keys("3333").await;
    browser.keys(ENTER).await;
    browser.until("the safe's own answer", "!document.getElementById('office-problem').hidden").await;
    assert_eq!(browser.run("return document.getElementById('desk-proof').open").await, false);

    // Closing the day, by badge: the Z is there, and he is still the one at the desk.
    browser.run("document.querySelectorAll('#pack-bag input').forEach((field) => { field.value = '' })").await;
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    while browser.run("return document.getElementById('desk-proof').open").await != true {
        assert!(std::time::Instant::now() < deadline, "{}", browser.text("body").await);
        browser.run("document.querySelector('[data-do=close-day]').focus()").await;
        browser.keys(ENTER).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    browser.keys("STAFF-1003").await;
    browser.keys(ENTER).await;
    browser.until("the Z", "document.querySelector('.stored[open] pre.report')?.textContent.includes('Z')").await;
    assert!(browser.text(".office-bar").await.contains("Ben"));

    // Signed out behind his back, as by a restart or by doing nothing: asked again over the page, and what he typed is done then.
    assert_eq!(browser.run("return await fetch('/api/v1/desk/sign-in', { method: 'DELETE' }).then((answer) => answer.status)").await, 204);
    type_into(&browser, "#pack-bag [name=bag]", "B-78").await;
    type_into(&browser, "#pack-bag [name=amount]", "1,00").await;
    browser.keys(ENTER).await;
    browser.until("asked to sign in again", "document.getElementById('desk-proof').open").await;
    look_at(&browser, "again", &mut faults).await;
    assert_eq!(browser.run("return document.querySelector('#pack-bag [name=bag]').value").await, "B-78");
    browser.keys("STAFF-1004").await;
    browser.keys(ENTER).await;
    browser.until("done as far as it goes", "!document.getElementById('desk-proof').open").await;
    browser.until("the act's own answer", "!document.getElementById('office-problem').hidden").await;
    assert_eq!(browser.run("return (await fetch('/api/v1/desk').then((answer) => answer.json())).staff").await, "mia");
    browser.end().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
