//! Every flow of the till in as few actions as it may take. An action is a tap, a key that is no digit of an amount, or a scan. The budgets are those
//! of the best tills known; whoever needs one action more to build something has to say so here.

use std::cell::Cell;
use std::time::Duration;

use super::harness::Browser;
use super::people::{asks, is_open};
use super::shop::{Counter, Shop};
use super::stories::{open, open_signed_in, open_till, type_code, wait_lines};

const MILK: &str = "4099108000018";
const SKYR: &str = "4099109000253";
const COFFEE: &str = "4099113001130";

/// Hands of a cashier: they do what they are told, at the pace of a person, and count.
struct Hands<'a> {
    browser: &'a Browser,
    counter: Counter<'a>,
    done: Cell<u32>,
}

impl<'a> Hands<'a> {
    fn of(browser: &'a Browser) -> Hands<'a> {
        Hands::at(browser, "1")
    }

    fn at(browser: &'a Browser, id: &'a str) -> Hands<'a> {
        Hands { browser, counter: Counter { browser, id }, done: Cell::new(0) }
    }

    async fn tap(&self, css: &str) {
        self.pause().await;
        self.browser.until(css, &format!("(e => e && !e.disabled && e.offsetParent)(document.querySelector({css:?}))")).await;
        self.browser.tap(css).await;
        self.count();
    }

    async fn key(&self, key: &str) {
        self.pause().await;
        self.browser.keys(key).await;
        self.count();
    }

    async fn scan(&self, code: &str) {
        self.counter.scan(code).await;
        self.count();
    }

    /// Digits of an amount or a number: each is an action, except where the budget says "and the digits".
    async fn digits(&self, digits: &str) {
        self.pause().await;
        self.browser.keys(digits).await;
        self.browser.until(digits, &format!("document.querySelector('#entry .typed')?.innerText === {digits:?}")).await;
    }

    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    fn count(&self) {
        self.done.set(self.done.get() + 1);
    }

    /// The next flow begins: nothing done yet.
    fn begin(&self) {
        self.done.set(0);
    }

    fn within(&self, flow: &str, budget: u32) {
        let done = self.done.get();
        assert!(done <= budget, "{flow}: {done} actions, {budget} are allowed");
        assert!(done > 0, "{flow}: nothing was done");
    }

    /// A sale with these lines is on the screen. Its scans are no part of the flow that follows.
    async fn basket(&self, codes: &[&str]) {
        for (index, code) in codes.iter().enumerate() {
            self.counter.scan(code).await;
            wait_lines(self.browser, index + 1).await;
        }
        self.begin();
    }

    async fn is_finished(&self) {
        self.browser.until("the sale is finished", "document.querySelector('#total .done')").await;
    }
}

#[tokio::test]
async fn every_flow_of_a_sale_keeps_its_budget() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let hands = Hands::of(&browser);

    hands.basket(&[MILK]).await;
    hands.tap("#pay-note-0").await;
    hands.is_finished().await;
    hands.within("one article, a note", 1);

    hands.basket(&[MILK]).await;
    hands.digits("20").await;
    hands.tap("#pay-typed").await;
    hands.is_finished().await;
    hands.within("cash, amount typed: one and the digits", 1);

    hands.basket(&[MILK, SKYR]).await;
    hands.tap("#pay-card").await;
    hands.is_finished().await;
    hands.within("card, the result comes by itself", 1);

    hands.basket(&[COFFEE]).await;
    hands.digits("5").await;
    hands.tap("#pay-typed").await;
    browser.until("a part is paid", "document.querySelector('#total .tender')").await;
    hands.within("one part of a split payment: one and the digits", 1);
    hands.tap("#pay-exact").await;
    hands.is_finished().await;
    hands.within("split payment of two parts", 2);

    hands.basket(&[]).await;
    hands.digits("3").await;
    hands.key("*").await;
    browser.until("three are armed", "document.querySelector('#strip .armed')").await;
    hands.scan(SKYR).await;
    wait_lines(&browser, 1).await;
    assert_eq!(browser.text("#lines .row .quantity").await, "3");
    hands.within("quantity: the digits, one key and the scan", 2);
    hands.begin();
    hands.tap("#act-more").await;
    browser.until("four", "document.querySelector('#lines .row .quantity').innerText === '4'").await;
    hands.within("quantity by the stepper", 1);

    hands.begin();
    hands.tap("#act-delete").await;
    wait_lines(&browser, 0).await;
    hands.within("void the last line", 1);
    hands.begin();
    hands.tap("#act-undo").await;
    wait_lines(&browser, 1).await;
    hands.within("undo", 1);
    hands.counter.scan(MILK).await;
    wait_lines(&browser, 2).await;
    hands.begin();
    hands.tap("#lines .row[data-line]").await;
    hands.tap("#act-delete").await;
    wait_lines(&browser, 1).await;
    hands.within("void any line", 2);

    hands.begin();
    hands.tap("#act-park").await;
    browser.until("the parked sale", "document.querySelector('#act-parked .count')").await;
    hands.within("park", 1);
    hands.begin();
    hands.tap("#act-parked").await;
    hands.tap("#parked .found").await;
    wait_lines(&browser, 1).await;
    hands.within("recall", 2);

    hands.begin();
    hands.tap("#lines .row[data-line]").await;
    hands.digits("1").await;
    hands.tap("#act-more-panel").await;
    hands.tap("#more [data-tile=N]").await;
    hands.tap("[data-do=price-act][data-kind=line-price]").await;
    browser.until("the new price", "document.querySelector('#lines .row .price').innerText.includes('1.00')").await;
    hands.within("price by hand with its reason: four and the digits", 4);

    hands.begin();
    hands.tap("#act-void").await;
    wait_lines(&browser, 0).await;
    hands.within("void the sale", 2);

    // The goods lie on the scale; the weight is taken by itself.
    let put = async |grams: i64| {
        let script = format!(
            "return await fetch('/sim/scale/1/act', {{ method: 'POST', body: new URLSearchParams({{ act: 'put-{grams}' }}) }}).then(answer => answer.status)"
        );
        assert_eq!(browser.run(&script).await, 204);
    };
    put(535).await;
    hands.begin();
    hands.digits("1002").await;
    hands.key("\u{e007}").await;
    wait_lines(&browser, 1).await;
    hands.within("a weighed article by its number: one key and the digits", 1);
    // Typed, with the goods of the last line still there: one key more.
    hands.begin();
    hands.digits("1005").await;
    hands.key("\u{e007}").await;
    browser.until("it asks", "document.querySelector('#check .reading')").await;
    hands.digits("0.35").await;
    hands.key("\u{e007}").await;
    wait_lines(&browser, 2).await;
    hands.within("a weighed article, its weight typed: two keys and the digits", 2);
    hands.tap("#act-void").await;
    wait_lines(&browser, 0).await;

    hands.begin();
    hands.tap("#act-reprint").await;
    hands.counter.printer_shows("COPY").await;
    hands.within("the last receipt again", 1);
    browser.end().await;
}

#[tokio::test]
async fn people_change_in_one_scan_and_help_with_one() {
    let shop = Shop::with_staff();
    let browser = open(&shop).await;
    let hands = Hands::of(&browser);
    browser.until("who works here?", "document.querySelector('#gate .gate-box')?.dataset.mode === 'sign-in'").await;
    let works = async |name: &str| {
        let free = format!("!document.querySelector('#gate .gate-box') && document.getElementById('who').innerText.includes({name:?})");
        browser.until(name, &free).await;
    };

    hands.begin();
    hands.scan("STAFF-1001").await;
    works("Anna").await;
    hands.within("sign in by badge", 1);
    hands.begin();
    hands.scan("STAFF-1002").await;
    works("Ben").await;
    hands.within("change of person by badge", 1);
    hands.begin();
    hands.tap("#who [data-do=lock]").await;
    browser.until("locked", "document.querySelector('#gate .gate-box')").await;
    hands.within("lock", 1);
    hands.begin();
    hands.tap("#gate [data-staff=anna]").await;
    browser.keys("1111").await;
    browser.until("the digits", "document.getElementById('pin-dots')?.textContent === '••••'").await;
    hands.key("\u{e007}").await;
    works("Anna").await;
    hands.within("change of person by PIN: the name, the digits and Enter", 2);
    browser.end().await;
}

#[tokio::test]
async fn a_price_beyond_the_cashiers_rights_takes_one_badge_more() {
    let shop = Shop::with_staff();
    let browser = open_signed_in(&shop).await;
    let hands = Hands::of(&browser);
    hands.basket(&[MILK]).await;
    hands.tap("#lines .row[data-line]").await;
    hands.digits("1.10").await;
    hands.tap("#act-more-panel").await;
    hands.tap("#more [data-tile=N]").await;
    hands.tap("[data-do=price-act][data-kind=line-price]").await;
    asks(&browser, "approve").await;
    hands.scan("STAFF-1003").await;
    is_open(&browser).await;
    browser.until("the new price", "document.querySelector('#lines .row .price').innerText.includes('1.10')").await;
    hands.within("price by hand with a supervisor's badge: five and the digits", 5);
    browser.end().await;
}

/// The second counter's terminal stands alone: the amount is typed into it, and the cashier says how it ended.
#[tokio::test]
async fn a_stand_alone_terminal_takes_two_taps() {
    let shop = Shop::open();
    let browser = open_till(&shop, "2").await;
    let hands = Hands::at(&browser, "2");
    hands.basket(&[MILK, SKYR]).await;
    hands.tap("#pay-card").await;
    hands.tap("#pay-paid").await;
    hands.is_finished().await;
    hands.within("card on a stand-alone terminal", 2);
    browser.end().await;
}

#[tokio::test]
async fn an_expired_item_is_blocked_and_one_tap_puts_it_aside() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let hands = Hands::of(&browser);
    hands.basket(&[MILK]).await;
    hands.counter.scan(&format!("]d2010{SKYR}17200131")).await;
    browser.until("the till is blocked", "document.querySelector('#pay .check-asks.stop')").await;
    assert_eq!(browser.run("return document.querySelectorAll('#lines .row[data-line]').length").await, 1, "it is not sold");
    hands.tap("#check-no").await;
    browser.until("the till is free", "!document.querySelector('#pay .check-asks')").await;
    hands.within("an expired item", 1);
    wait_lines(&browser, 1).await;
    browser.end().await;
}

/// A cashier who never touches the screen or a mouse.
#[tokio::test]
async fn a_whole_sale_by_keyboard_alone() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let hands = Hands::of(&browser);
    const ENTER: &str = "\u{e007}";
    const DELETE: &str = "\u{e017}";
    const UP: &str = "\u{e013}";
    let (f4, f6, f8, f9) = ("\u{e034}", "\u{e036}", "\u{e038}", "\u{e039}");
    let tab = "\u{e004}";

    for (code, count) in [(MILK, 1), (SKYR, 2), (COFFEE, 3)] {
        type_code(&browser, code).await;
        wait_lines(&browser, count).await;
    }
    hands.key(UP).await;
    browser.until("a line is chosen", "document.querySelector('#lines .row.chosen')").await;
    hands.key(DELETE).await;
    wait_lines(&browser, 2).await;
    hands.key(f8).await;
    wait_lines(&browser, 3).await;
    // Parked and recalled: the list's first sale is reached by Tab.
    hands.key(f4).await;
    browser.until("the parked sale", "document.querySelector('#act-parked .count')").await;
    hands.key(f6).await;
    browser.until("the list", "document.querySelector('.panel[data-name=parked]').offsetParent").await;
    let mut steps = 0;
    while browser.run("return Boolean(document.activeElement?.closest('#parked .found'))").await != true {
        browser.keys(tab).await;
        steps += 1;
        assert!(steps < 60, "the parked sale is not within reach of Tab");
    }
    browser.keys(ENTER).await;
    wait_lines(&browser, 3).await;
    hands.digits("50").await;
    hands.key("+").await;
    hands.is_finished().await;
    hands.key(f9).await;
    hands.counter.printer_shows("COPY").await;
    browser.end().await;
}
