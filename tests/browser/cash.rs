//! A drawer's day at the till, in a real browser before the real demo with its people: opened with a float, moved, counted blind, closed.
//! Taps are counted; the last story has no pointer at all.

use std::time::Duration;

use super::harness::Browser;
use super::people::{asks, is_open, pin};
use super::shop::{Counter, Shop};
use super::stories::{pay_exact, picture, wait_lines};

const MILK: &str = "4099108000018";
const COFFEE: &str = "4099113001130";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const F12: &str = "\u{e03c}";

async fn signed_in(shop: &Shop, badge: &str) -> Browser {
    let browser = Browser::start(1366, 768).await;
    browser.open(&shop.link("Till 1")).await;
    browser.until("the till", "document.getElementById('till')?.dataset.ready === 'yes'").await;
    asks(&browser, "sign-in").await;
    Counter { browser: &browser, id: "1" }.scan(badge).await;
    is_open(&browser).await;
    browser
}

async fn count_taps(browser: &Browser) {
    browser.run("window.taps = 0; if (!window.counts) document.addEventListener('click', () => { window.taps += 1 }, true); window.counts = true").await;
}

pub async fn taps(browser: &Browser) -> i64 {
    browser.run("return window.taps").await.as_i64().unwrap()
}

/// Two taps on the same place in the blink of an eye are one; people are slower.
pub async fn tap(browser: &Browser, what: &str) {
    tokio::time::sleep(Duration::from_millis(300)).await;
    browser.tap(what).await;
}

pub async fn panel_shows(browser: &Browser, what: &str) {
    browser.until(what, &format!("document.getElementById('till-cash').innerText.includes({what:?})")).await;
}

/// Digits as they are typed: the panel has them before anything else is tapped.
pub async fn type_amount(browser: &Browser, digits: &str) {
    browser.keys(digits).await;
    browser.until("the digits", &format!("document.querySelector('#entry .typed')?.textContent === {digits:?}")).await;
}

pub async fn sell(browser: &Browser, code: &str) {
    Counter { browser, id: "1" }.scan(code).await;
    wait_lines(browser, 1).await;
    pay_exact(browser).await;
    browser
        .until("the end of the sale", "document.querySelector('#total .change') && !document.querySelector('#lines .row[data-line]')")
        .await;
}

#[tokio::test]
async fn a_till_is_opened_with_one_tap_and_its_drawer_without_a_sale_with_two() {
    let shop = Shop::with_staff();
    let browser = signed_in(&shop, "STAFF-1001").await;
    let counter = Counter { browser: &browser, id: "1" };
    browser.until("the till is not open", "document.querySelector('#under .till-closed')").await;
    picture(&browser, "cash-not-open").await;

    // Cash is refused before, in words that lead to the remedy; the sale stands meanwhile.
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    pay_exact(&browser).await;
    browser.until("the refusal", "document.querySelector('#strip .error')?.innerText.includes('not open')").await;
    picture(&browser, "cash-refused").await;
    count_taps(&browser).await;
    tap(&browser, "#strip [data-panel=cash]").await;
    picture(&browser, "cash-float").await;
    tap(&browser, "#till-cash [data-do=till-open-usual]").await;
    browser.until("the list again", "document.getElementById('panels').hidden && !document.querySelector('#under .till-closed')").await;
    assert_eq!(taps(&browser).await, 2);
    counter.printer_shows("Drawer is OPEN").await;
    counter.act("close_drawer").await;
    pay_exact(&browser).await;
    browser.until("the end of the sale", "document.querySelector('#total .change')").await;
    counter.act("close_drawer").await;

    // Nobody who only sells opens the drawer: two taps, and the supervisor's badge.
    count_taps(&browser).await;
    tap(&browser, "#act-more-panel").await;
    tap(&browser, "#more [data-do=no-sale][data-reason=change_money]").await;
    assert_eq!(taps(&browser).await, 2);
    asks(&browser, "approve").await;
    counter.scan("STAFF-1003").await;
    is_open(&browser).await;
    let paper = counter.printer_shows("change money").await;
    assert!(paper.contains("No sale"), "{paper}");
    counter.printer_shows("Drawer is OPEN").await;
    browser.end().await;
}

#[tokio::test]
async fn cash_moves_with_a_slip_and_the_count_is_blind() {
    let shop = Shop::with_staff();
    let browser = signed_in(&shop, "STAFF-1003").await;
    let counter = Counter { browser: &browser, id: "1" };

    // The float by denominations: 4 × 20 and 4 × 5.
    tap(&browser, "#count-float").await;
    count_taps(&browser).await;
    tap(&browser, "#till-cash .count-grid [data-value='2000']").await;
    browser.keys("4").await;
    tap(&browser, "#till-cash .count-grid [data-value='500']").await;
    browser.keys("4").await;
    browser.until("the sum", "document.querySelector('#till-cash .count-sum').textContent === '100.00'").await;
    picture(&browser, "cash-float-counted").await;
    tap(&browser, "#till-cash .count-end [data-do=count-done]").await;
    browser.until("the list again", "document.getElementById('panels').hidden").await;
    assert_eq!(taps(&browser).await, 3);
    sell(&browser, COFFEE).await;

    // A pickup into a bank bag: one tap, its number scanned or typed, the amount, and one tap.
    browser.keys(F12).await;
    panel_shows(&browser, "float 100.00").await;
    count_taps(&browser).await;
    tap(&browser, "#bag-cell").await;
    browser.until("the bag is asked for", "document.querySelector('#strip .armed')").await;
    // What can be no bag's number is said, and it is still asked for: nothing is sold by the next scan.
    counter.scan("B 4711/*").await;
    browser.until("no bag number", "document.querySelector('#strip .error')?.innerText.includes('No bag number')").await;
    counter.scan("B4711").await;
    browser.until("the bag", "document.getElementById('bag-number').textContent === 'B4711'").await;
    type_amount(&browser, "50").await;
    picture(&browser, "cash-pickup").await;
    tap(&browser, "#till-cash [data-kind=pickup]").await;
    panel_shows(&browser, "Pickup to safe \u{2212}50.00").await;
    assert_eq!(taps(&browser).await, 2);
    let paper = counter.printer_shows("Signature").await;
    assert!(paper.contains("B4711") && paper.contains("50.00"), "{paper}");
    // Paid in and out with a reason, a loan: the amount and one tap each.
    // Its number is on one bag only; typed this time.
    tap(&browser, "#bag-cell").await;
    browser.until("the bag is asked for", "document.querySelector('#strip .armed')").await;
    browser.keys("B4711").await;
    browser.keys(ENTER).await;
    browser
        .until("the bag", "document.getElementById('bag-number').textContent === 'B4711' && !document.querySelector('#strip .armed')")
        .await;
    type_amount(&browser, "1").await;
    tap(&browser, "#till-cash [data-kind=pickup]").await;
    browser.until("the bag is there already", "document.querySelector('#strip .error')?.innerText.includes('B4711')").await;
    for (amount, kind, reason, words) in
        [("2.5", "paid_in", "[data-reason=found]", "money found"), ("7", "paid_out", "[data-reason=postage]", "postage")]
    {
        type_amount(&browser, amount).await;
        tap(&browser, &format!("#till-cash [data-kind={kind}]{reason}")).await;
        counter.printer_shows(words).await;
    }
    type_amount(&browser, "20").await;
    tap(&browser, "#till-cash [data-kind=loan]").await;
    counter.printer_shows("Loan").await;
    picture(&browser, "cash-open").await;

    // 100 + 14.99 − 50 + 2.50 − 7 + 20 = 80.49: an X report says so, on paper and on the screen.
    tap(&browser, "#till-cash [data-do=till-x]").await;
    panel_shows(&browser, "80.49").await;
    counter.printer_shows("TILL X 1").await;
    picture(&browser, "cash-x").await;
    tap(&browser, "#till-report [data-do=report-back]").await;

    // The count knows nothing of that.
    count_taps(&browser).await;
    tap(&browser, "#till-cash [data-do=till-start-count]").await;
    browser.until("the places", "document.querySelector('#till-cash .count-grid')").await;
    assert!(!browser.run("return document.documentElement.outerHTML").await.as_str().unwrap().contains("80.49"));
    tap(&browser, "#till-cash .count-grid [data-value=total]").await;
    browser.keys("80").await;
    browser.until("the sum", "document.querySelector('#till-cash .count-sum').textContent === '80.00'").await;
    picture(&browser, "cash-counting").await;
    tap(&browser, "#till-cash .count-end [data-do=count-done]").await;
    panel_shows(&browser, "\u{2212}0.49").await;
    picture(&browser, "cash-counted").await;

    // Without a reason the difference stays; with one the till closes.
    tap(&browser, "#till-close").await;
    browser.until("a reason is asked for", "document.querySelector('#strip .error')?.innerText.includes('reason')").await;
    tap(&browser, "#till-cash [data-reason=wrong_change]").await;
    tap(&browser, "#till-close").await;
    panel_shows(&browser, "Till closed: Z 1").await;
    assert_eq!(taps(&browser).await, 6, "begin, total, counted, close in vain, reason, close");
    let paper = counter.printer_shows("wrong change given").await;
    assert!(paper.contains("TILL Z 1"), "{paper}");
    picture(&browser, "cash-closed").await;
    browser.end().await;
}

#[tokio::test]
async fn a_drawer_goes_to_another_person_who_counts_again() {
    let shop = Shop::with_staff();
    let browser = signed_in(&shop, "STAFF-1001").await;
    let counter = Counter { browser: &browser, id: "1" };
    tap(&browser, "#open-till").await;
    browser.until("the till is open", "!document.querySelector('#under .till-closed')").await;
    sell(&browser, MILK).await;
    browser.keys(F12).await;
    panel_shows(&browser, "of Anna").await;
    browser.keys("z").await;
    browser.until("the places", "document.querySelector('#till-cash .count-grid')").await;
    tap(&browser, "#till-cash .count-grid [data-value=total]").await;
    browser.keys("101.29+").await;
    panel_shows(&browser, "Or hand the drawer over").await;

    // Another signs in over it: what one counted is the other's to count as well.
    browser.keys(ESCAPE).await;
    counter.scan("STAFF-1004").await;
    browser.until("Mia", "document.getElementById('who').innerText.includes('Mia')").await;
    tap(&browser, "#under .till-closed [data-panel=cash]").await;
    tap(&browser, "#till-cash [data-do=till-other-counts]").await;
    browser.until("the places", "document.querySelector('#till-cash .count-grid')").await;
    tap(&browser, "#till-cash .count-grid [data-value=total]").await;
    browser.keys("101.29").await;
    browser.until("the sum", "document.querySelector('#till-cash .count-sum').textContent === '101.29'").await;
    tap(&browser, "#till-cash .count-end [data-do=count-done]").await;
    panel_shows(&browser, "0.00").await;
    picture(&browser, "cash-hand-over").await;
    tap(&browser, "#till-cash [data-staff-id=mia]").await;
    panel_shows(&browser, "Handed over to").await;
    let paper = counter.printer_shows("Handed over to").await;
    assert!(paper.contains("TILL Z 1") && paper.contains("Counts taken"), "{paper}");
    tap(&browser, "#till-report [data-do=report-back]").await;
    panel_shows(&browser, "of Mia · float 101.29").await;
    browser.end().await;
}

#[tokio::test]
async fn a_till_is_opened_counted_and_closed_without_a_pointer() {
    let shop = Shop::with_staff();
    let browser = Browser::start(1366, 768).await;
    browser.open(&shop.link("Till 1")).await;
    browser.until("the till", "document.getElementById('till')?.dataset.ready === 'yes'").await;
    pin(&browser, "sue", "3333").await;
    is_open(&browser).await;
    browser.keys(&format!("{F12}a")).await;
    browser.until("the till is open", "!document.querySelector('#under .till-closed') && document.getElementById('panels').hidden").await;
    sell_by_keys(&browser).await;

    browser.keys(F12).await;
    panel_shows(&browser, "float 100.00").await;
    browser.keys("z").await;
    browser.until("the places", "document.querySelector('#till-cash .count-grid')").await;
    // 500, 200: none. 1 × 100, none of 50 and so on down to 1 × 1, 1 × 0.20, 1 × 0.05, 4 × 0.01.
    browser.keys(&format!("{ENTER}{ENTER}1{ENTER}{ENTER}{ENTER}{ENTER}{ENTER}{ENTER}1{ENTER}{ENTER}1{ENTER}{ENTER}1{ENTER}{ENTER}4")).await;
    browser.until("the sum", "document.querySelector('#till-cash .count-sum').textContent === '101.29'").await;
    browser.keys("+").await;
    panel_shows(&browser, "Difference").await;
    browser.keys("+").await;
    panel_shows(&browser, "Till closed: Z 1").await;
    Counter { browser: &browser, id: "1" }.printer_shows("TILL Z 1").await;
    browser.end().await;
}

/// Milk by a scanner that types, and exact cash.
pub async fn sell_by_keys(browser: &Browser) {
    super::acts::wedge(browser, MILK).await;
    wait_lines(browser, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    browser.keys("+").await;
    browser.until("the end of the sale", "document.querySelector('#total .change')").await;
}
