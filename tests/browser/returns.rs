//! Goods come back at the till, in a real browser before the real demo: the code is read off the simulated paper, and taps are counted.

use super::harness::Browser;
use super::shop::{Counter, Shop};
use super::stories::{lines, open, pay_exact, picture, wait_lines};

const MILK: &str = "4099108000018";
const SKYR: &str = "4099109000253";

async fn taps(browser: &Browser) -> i64 {
    browser.run("return window.taps").await.as_i64().unwrap()
}

async fn count_taps(browser: &Browser) {
    browser.run("window.taps = 0; document.addEventListener('click', () => { window.taps += 1 }, true)").await;
}

/// The square code of the newest paper, as the simulated printer drew it.
pub async fn code_on_paper(counter: &Counter<'_>) -> String {
    let script = "return await fetch('/sim/printer/1/now?revision=0').then(answer => answer.text()).then(html => html.match(/CFR1[0-9A-V]+/)?.[0] || '')";
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    loop {
        let code = counter.browser.run(script).await.as_str().unwrap_or_default().to_owned();
        if !code.is_empty() {
            return code;
        }
        assert!(std::time::Instant::now() < deadline, "no code on the paper");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_return_with_a_receipt_takes_a_scan_the_lines_a_reason_and_one_tap() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    counter.scan(SKYR).await;
    wait_lines(&browser, 2).await;
    pay_exact(&browser).await;
    browser.until("the sale is finished", "document.querySelector('#under .finished')").await;
    let code = code_on_paper(&counter).await;

    // Scan the receipt: 1 action. Then 1 tap for the reason, 1 a line, which says where it goes, 1 to refund: 3 + lines, the scan among them.
    // Nothing is chosen beforehand.
    count_taps(&browser).await;
    counter.scan(&code).await;
    browser.until("the receipt's lines", "document.querySelectorAll('.receipt-line').length === 2").await;
    picture(&browser, "return-receipt").await;
    let chosen = "return document.querySelectorAll('.receipt-card [aria-checked=true], .receipt-card [aria-pressed=true]').length";
    assert_eq!(browser.run(chosen).await, 0);
    assert_eq!(places(&browser, 1).await, "");
    browser.tap(".receipt-card [data-reason=defective]").await;
    assert_eq!(places(&browser, 1).await, "damaged supplier", "what is broken is sold to nobody");
    browser.tap(".receipt-line[data-line='1'] [data-disposition=damaged]").await;
    browser.until("one line comes back", "document.querySelectorAll('#lines .row[data-line]').length === 1").await;
    browser.tap(".receipt-line[data-line='2'] [data-disposition=supplier]").await;
    wait_lines(&browser, 2).await;
    let where_to = browser.run("return [...document.querySelectorAll('#lines .row')].map(row => row.textContent)").await;
    assert!(where_to[0].as_str().unwrap().contains("damaged") && where_to[1].as_str().unwrap().contains("supplier"), "{where_to}");
    picture(&browser, "return-lines").await;
    assert!(lines(&browser).await[0].contains("-1.29") || lines(&browser).await[0].contains("\u{2212}1.29"), "{:?}", lines(&browser).await);
    browser.tap("#pay-refund").await;
    browser.until("the money is given back", "document.querySelector('#total .done')").await;
    picture(&browser, "return-refunded").await;
    let scans = 1;
    assert_eq!(taps(&browser).await + scans, 3 + 2);
    counter.printer_shows("RETURN").await;

    // The same receipt once more: nothing is left on it.
    counter.scan(&code).await;
    browser
        .until(
            "nothing is left",
            "document.querySelectorAll('.receipt-line').length === 2 && !document.querySelector('.receipt-line .places')",
        )
        .await;
    picture(&browser, "return-nothing-left").await;
    browser.tap("[data-do=close-receipt]").await;
    browser.until("the receipt is gone", "!document.querySelector('.receipt-card')").await;
    browser.end().await;
}

/// What a line offers.
async fn places(browser: &Browser, line: u32) -> String {
    let script = format!(
        "return [...document.querySelectorAll(\".receipt-line[data-line='{line}'] .goes-to:not([hidden])\")].map(e => e.dataset.disposition).join(' ')"
    );
    browser.run(&script).await.as_str().unwrap().to_owned()
}

/// Three of one article: two go on the shelf, then all of them to the supplier, one fewer, and none.
#[tokio::test]
async fn what_came_back_can_be_counted_and_sent_elsewhere() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    browser.keys("3*").await;
    browser.until("three are armed", "document.querySelector('#strip .armed')").await;
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    pay_exact(&browser).await;
    browser.until("the sale is finished", "document.querySelector('#under .finished')").await;
    let code = code_on_paper(&counter).await;
    counter.scan(&code).await;
    browser.until("the receipt's line", "document.querySelector('.receipt-line')").await;
    browser.tap(".receipt-card [data-reason=unwanted]").await;
    assert_eq!(places(&browser, 1).await, "shelf damaged supplier");
    let comes_back = async |what: &str, quantity: &str, place: &str| {
        let script = format!(
            "(row => row?.querySelector('.quantity').textContent.replace('\u{2212}', '-') === {quantity:?} && row.textContent.includes({place:?}))(document.querySelector('#lines .row[data-line]'))"
        );
        browser.until(what, &script).await;
    };
    browser.tap(".receipt-line [data-disposition=shelf]").await;
    comes_back("one", "-1", "shelf").await;
    browser.tap(".receipt-line [data-disposition=shelf]").await;
    comes_back("two", "-2", "shelf").await;
    browser.tap(".receipt-line [data-disposition=supplier]").await;
    comes_back("the same two go elsewhere", "-2", "supplier").await;
    browser.tap(".receipt-line [data-do=return-all]").await;
    comes_back("all three", "-3", "supplier").await;
    picture(&browser, "return-all").await;
    browser.tap(".receipt-line [data-do=return-less]").await;
    comes_back("two", "-2", "supplier").await;
    browser.tap(".receipt-line [data-do=return-less]").await;
    comes_back("one", "-1", "supplier").await;
    browser.tap(".receipt-line [data-do=return-less]").await;
    wait_lines(&browser, 0).await;
    browser.end().await;
}

#[tokio::test]
async fn without_a_receipt_and_the_last_sale_undone() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    browser.tap("#act-more-panel").await;
    browser.tap("#more [data-panel=return]").await;
    picture(&browser, "return-entry").await;
    browser.tap(".return-entry [data-reason=wrong_item]").await;
    picture(&browser, "return-where-to").await;
    browser.tap(".return-entry [data-do=arm-return][data-disposition=shelf]").await;
    browser.until("scanned articles come back", "document.querySelector('.armed-return')").await;
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    picture(&browser, "return-without").await;
    browser.tap("[data-do=disarm-return]").await;
    browser.until("articles are sold again", "!document.querySelector('.armed-return')").await;
    // An exchange: what is sold now is taken off the refund.
    counter.scan(SKYR).await;
    wait_lines(&browser, 2).await;
    picture(&browser, "return-exchange").await;
    pay_exact_or_refund(&browser).await;
    browser.until("the exchange is finished", "document.querySelector('#total .done')").await;

    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    pay_exact(&browser).await;
    browser.until("the sale is finished", "document.querySelector('#total .done')").await;
    browser.tap("#act-more-panel").await;
    browser.tap("#more [data-panel=return]").await;
    browser.tap("[data-do=ask-post-void]").await;
    picture(&browser, "post-void").await;
    browser.tap("#post-void-sure").await;
    counter.printer_shows("SALE UNDONE").await;
    browser.end().await;
}

async fn pay_exact_or_refund(browser: &Browser) {
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    browser.run("(document.getElementById('pay-refund') || document.getElementById('pay-exact')).click()").await;
}
