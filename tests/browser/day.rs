//! A whole day at one till with the line to head office cut from start to end, in a real browser before the real demo: people, float, sales, a
//! return, cash in and out, a blind count, the till's Z and the day's. Then the line comes back, and head office shows the same reports,
//! byte for byte.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::cash::{panel_shows, sell, tap, type_amount};
use super::harness::{Browser, PATIENCE};
use super::people::{asks, is_open};
use super::returns::code_on_paper;
use super::shop::{Counter, Shop};
use super::stories::{pay_exact, picture, wait_lines};

const MILK: &str = "4099108000018";
const SKYR: &str = "4099109000253";
const COFFEE: &str = "4099113001130";
/// 1.49 each, and three for two.
const CHOCOLATE: &str = "4099109002530";

const ANNA: &str = "STAFF-1001";
const SUE: &str = "STAFF-1003";
const MIA: &str = "STAFF-1004";

const F12: &str = "\u{e03c}";

/// Another person's word for what the cashier may not do alone.
async fn approve(browser: &Browser, badge: &str) {
    asks(browser, "approve").await;
    Counter { browser, id: "1" }.scan(badge).await;
    is_open(browser).await;
}

async fn line(browser: &Browser, act: &str) {
    let script = format!(
        "return await fetch('/sim/line', {{ method: 'POST', body: new URLSearchParams({{ act: {act:?} }}) }}).then(answer => answer.status)"
    );
    assert_eq!(browser.run(&script).await, 204, "the line: {act}");
}

async fn json(browser: &Browser, path: &str) -> Value {
    browser.run(&format!("return await fetch({path:?}).then(answer => answer.json())")).await
}

#[tokio::test]
async fn a_day_with_the_line_cut_closes_to_the_cent_and_head_office_shows_the_same_z() {
    let shop = Shop::with_staff();
    let browser = Browser::start(1366, 768).await;
    browser.open(&shop.link("Till 1")).await;
    browser.until("the till", "document.getElementById('till')?.dataset.ready === 'yes'").await;
    let counter = Counter { browser: &browser, id: "1" };
    line(&browser, "cut").await;

    // Morning: Anna's badge, her float of 100.00.
    asks(&browser, "sign-in").await;
    counter.scan(ANNA).await;
    is_open(&browser).await;
    tap(&browser, "#open-till").await;
    browser.until("the till is open", "!document.querySelector('#under .till-closed')").await;

    // 1.29 in cash, and what will be brought back in the afternoon.
    sell(&browser, MILK).await;
    let receipt = code_on_paper(&counter).await;
    // 14.99 by card.
    counter.scan(COFFEE).await;
    wait_lines(&browser, 1).await;
    tap(&browser, "#pay-card").await;
    browser.until("the card is paid", "document.querySelector('#total .done') && !document.querySelector('#lines .row[data-line]')").await;
    // Three for two: 2.98.
    browser.keys("3*").await;
    browser.until("three are armed", "document.querySelector('#strip .armed')").await;
    counter.scan(CHOCOLATE).await;
    wait_lines(&browser, 1).await;
    browser.until("three for two", "document.querySelector('#total .big').innerText.startsWith('2.98')").await;
    pay_exact(&browser).await;
    browser.until("it is paid", "document.querySelector('#total .change')").await;
    // A price by hand is beyond her: 1.00 with Sue's badge.
    counter.scan(SKYR).await;
    wait_lines(&browser, 1).await;
    type_amount(&browser, "1").await;
    tap(&browser, "#act-more-panel").await;
    tap(&browser, "#more [data-tile=N]").await;
    tap(&browser, "[data-do=price-act][data-kind=line-price]").await;
    approve(&browser, SUE).await;
    browser.until("the price", "document.querySelector('#total .big').innerText.startsWith('1.00')").await;
    pay_exact(&browser).await;
    browser.until("it is paid", "document.querySelector('#total .change')").await;
    // One customer leaves, another had forgotten something.
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    tap(&browser, "#act-void").await;
    approve(&browser, SUE).await;
    wait_lines(&browser, 0).await;
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    tap(&browser, "#act-park").await;
    browser.until("it is parked", "document.querySelector('#act-parked .count')").await;
    tap(&browser, "#act-parked").await;
    tap(&browser, "#parked .found").await;
    wait_lines(&browser, 1).await;
    pay_exact(&browser).await;
    browser.until("it is paid", "document.querySelector('#total .change') && !document.querySelector('#lines .row[data-line]')").await;

    // Afternoon: the first milk comes back, 1.29 out of the drawer.
    counter.scan(&receipt).await;
    browser.until("the receipt", "document.querySelectorAll('.receipt-line').length === 1").await;
    tap(&browser, ".receipt-card [data-reason=defective]").await;
    tap(&browser, ".receipt-line[data-line='1'] [data-disposition=damaged]").await;
    wait_lines(&browser, 1).await;
    tap(&browser, "#pay-refund").await;
    browser
        .until("the money is given back", "document.querySelector('#total .done') && !document.querySelector('#lines .row[data-line]')")
        .await;

    // 50.00 to the safe, 7.00 for postage, coins changed: each with Sue's word.
    browser.keys(F12).await;
    panel_shows(&browser, "float 100.00").await;
    for (amount, what, words) in [("50", "[data-kind=pickup]", "Pickup"), ("7", "[data-kind=paid_out][data-reason=postage]", "postage")] {
        type_amount(&browser, amount).await;
        tap(&browser, &format!("#till-cash {what}")).await;
        approve(&browser, SUE).await;
        counter.printer_shows(words).await;
    }
    tap(&browser, ".panel[data-name=cash] [data-do=close-panel]").await;
    tap(&browser, "#act-more-panel").await;
    tap(&browser, "#more [data-do=no-sale][data-reason=change_money]").await;
    approve(&browser, SUE).await;
    counter.printer_shows("change money").await;

    // Night: 100.00 + 1.29 + 2.98 + 1.00 + 1.29 − 1.29 − 50.00 − 7.00 lie in the drawer, and she counts just that.
    browser.keys(F12).await;
    panel_shows(&browser, "float 100.00").await;
    tap(&browser, "#till-cash [data-do=till-start-count]").await;
    browser.until("the places", "document.querySelector('#till-cash .count-grid')").await;
    tap(&browser, "#till-cash .count-grid [data-value=total]").await;
    browser.keys("48.27").await;
    browser.until("the sum", "document.querySelector('#till-cash .count-sum').textContent === '48.27'").await;
    tap(&browser, "#till-cash .count-end [data-do=count-done]").await;
    browser.until("it agrees", "document.getElementById('till-close')").await;
    picture(&browser, "day-counted").await;
    tap(&browser, "#till-close").await;
    panel_shows(&browser, "Till closed: Z 1").await;
    counter.printer_shows("TILL Z 1").await;

    // Mia closes the day. Nothing waits for the line.
    tap(&browser, "#who [data-do=lock]").await;
    asks(&browser, "sign-in").await;
    counter.scan(MIA).await;
    is_open(&browser).await;
    browser.keys("\u{e03a}").await;
    tap(&browser, "#day-close").await;
    tap(&browser, "#day-close-sure").await;
    browser.until("the day is closed", "document.body.innerText.includes('closed')").await;
    counter.printer_shows("Z REPORT 1").await;
    // Ten papers came before it: five receipts, one for the return, three slips and the Z of the till.
    let paper = counter.printer_shows("11 paper(s) cut").await;
    for words in ["20.26", "5.27", "14.99", "48.27"] {
        assert!(paper.contains(words), "{words} is not on the Z:\n{paper}");
    }
    picture(&browser, "day-closed").await;

    // What the node has of it.
    let sign_in = format!(
        "return await fetch('/api/v1/desk/sign-in', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, \
         body: JSON.stringify({{ id: 'desk-1', badge: {MIA:?} }}) }}).then(answer => answer.status)"
    );
    browser.open(&shop.link("Start here")).await;
    assert_eq!(browser.run(&sign_in).await, 200);
    let mut here: Vec<String> = Vec::new();
    for row in json(&browser, "/api/v1/reports").await.as_array().expect("a list of reports") {
        let name = row["id"].as_str().unwrap_or_else(|| panic!("a report without a name: {row}"));
        let whole = json(&browser, &format!("/api/v1/reports/{name}")).await;
        here.push(whole["text"].as_str().expect("a text").to_owned());
    }
    assert_eq!(here.len(), 2, "the till's Z and the day's: {here:#?}");
    // The Z once more, with the line still cut: a copy says so.
    let again = "const z = (await fetch('/api/v1/reports').then(answer => answer.json())).find(row => row.kind === 'day_z');
        return await fetch(`/api/v1/reports/${z.id}/print`, { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id: 'z-again', workstation: '1' }) }).then(answer => answer.status)";
    assert_eq!(browser.run(again).await, 200);
    counter.printer_shows("COPY 1").await;
    counter.printer_shows("12 paper(s) cut").await;
    let day = json(&browser, "/api/v1/transactions").await;
    assert_eq!(day.as_array().map(Vec::len), Some(7), "six sales and returns and one void: {day}");

    // Head office has heard nothing of all that; then the line is back.
    let office = Browser::start(1280, 800).await;
    office.open(&format!("{}days", shop.link("Head office"))).await;
    office.until("no day yet", "document.body.innerText.includes('No day has been closed')").await;
    line(&browser, "mend").await;
    office.until("the day arrives", "document.querySelector('#live table a[href^=\"/days/\"]')").await;
    office.tap("#live table a[href^=\"/days/\"]").await;
    let deadline = Instant::now() + PATIENCE;
    let mut there = loop {
        let shown = office.run("return [...document.querySelectorAll('details.report pre')].map(pre => pre.textContent)").await;
        let texts: Vec<String> = shown.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        if texts.len() >= 2 {
            break texts;
        }
        assert!(Instant::now() < deadline, "head office shows {texts:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    here.sort();
    there.sort();
    assert_eq!(there, here, "the same reports, byte for byte");
    office.until("the sum agrees", "document.body.innerText.includes('20.26') && document.body.innerText.includes('agrees')").await;
    picture(&office, "day-at-head-office").await;
    office.end().await;
    browser.end().await;
}
