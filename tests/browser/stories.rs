//! What a cashier lives through, in a real browser before the real demo: scanner, printer and drawer are simulated, but everything between
//! them is the product. Set COUNTERFOIL_PICTURES=FOLDER for pictures of the stations.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::harness::Browser;
use super::shop::{Counter, Shop};

const MILK: &str = "4099108000018";
const SKYR: &str = "4099109000253";
const COFFEE: &str = "4099113001130";

pub async fn open(shop: &Shop) -> Browser {
    open_till(shop, "1").await
}

pub async fn open_till(shop: &Shop, id: &str) -> Browser {
    let browser = Browser::start(1366, 768).await;
    browser.open(&shop.link(&format!("Till {id}"))).await;
    browser
        .until("the till", "document.getElementById('till')?.dataset.ready === 'yes' && !document.getElementById('lost').offsetParent")
        .await;
    browser
}

/// Anna, a cashier, at till 1 with its float in the drawer.
pub async fn open_signed_in(shop: &Shop) -> Browser {
    let browser = open(shop).await;
    super::people::pin(&browser, "anna", "1111").await;
    super::people::is_open(&browser).await;
    browser.tap("#open-till").await;
    browser.until("the till is open", "!document.querySelector('#under .till-closed')").await;
    browser
}

pub async fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("COUNTERFOIL_PICTURES") {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        browser.picture(&folder, &format!("story-{name}")).await;
    }
}

/// Lines as shown: quantity, name and price of each.
pub async fn lines(browser: &Browser) -> Vec<String> {
    let shown = browser
        .run("return [...document.querySelectorAll('#lines .row')].map(r => [...r.querySelectorAll('.quantity, .text, .price')].map(e => e.textContent).join(' | '))")
        .await;
    shown.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

/// Exact cash, at the pace of a person: two taps in the blink of an eye would be one.
pub async fn pay_exact(browser: &Browser) {
    tokio::time::sleep(Duration::from_millis(300)).await;
    browser.tap("#pay-exact").await;
}

/// A code typed digit by digit at the pace of a person, so that it is never taken for a scan, and Enter.
pub async fn type_code(browser: &Browser, code: &str) {
    for end in 1..=code.len() {
        browser.keys(&code[end - 1..end]).await;
        let typed = &code[..end];
        browser.until(typed, &format!("document.querySelector('#entry .typed')?.textContent === {typed:?}")).await;
    }
    browser.keys("\u{e007}").await;
}

pub async fn wait_lines(browser: &Browser, count: usize) {
    browser.until(&format!("{count} lines"), &format!("document.querySelectorAll('#lines .row[data-line]').length === {count}")).await;
}

#[tokio::test]
async fn one_article_for_cash_takes_one_tap() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    browser.run("window.taps = 0; document.addEventListener('click', () => { window.taps += 1 }, true)").await;

    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    assert_eq!(lines(&browser).await, ["1 | Almgrund Fresh milk 3.5 % 1 l | 1.29"]);
    assert!(browser.text("#total .big").await.starts_with("1.29"));
    browser.until("the good tone", "document.getElementById('till').dataset.playedGood === '1'").await;
    picture(&browser, "scanned").await;

    browser.tap("#pay-note-0").await;
    browser.until("the change", "document.querySelector('#total .change')").await;
    assert!(browser.text("#total .big").await.starts_with("3.71"), "{}", browser.text("#total").await);
    assert_eq!(browser.run("return window.taps").await, 1);
    let paper = counter.printer_shows("Drawer is OPEN").await;
    assert!(paper.contains("1 pulse"), "{paper}");
    let paper = counter.printer_shows("1 paper(s) cut").await;
    for words in ["Almgrund Fresh milk", "1.29", "5.00", "3.71"] {
        assert!(paper.contains(words), "{words} is not on the paper:\n{paper}");
    }
    assert!(!paper.contains("COPY"));
    picture(&browser, "change").await;

    // The next scan is the next sale; nothing has to be closed.
    counter.scan(SKYR).await;
    wait_lines(&browser, 1).await;
    assert_eq!(lines(&browser).await, ["1 | Nordfjell Skyr natural 450 g | 1.99"]);
    // One more tap parks it, two bring it back.
    browser.tap("#act-park").await;
    browser.until("the parked sale", "document.querySelector('#act-parked .count')").await;
    browser.tap("#act-parked").await;
    picture(&browser, "parked").await;
    browser.tap("#parked .found").await;
    wait_lines(&browser, 1).await;

    // A copy of the first receipt says so.
    browser.tap("#act-reprint").await;
    counter.printer_shows("COPY").await;
    browser.end().await;
}

#[tokio::test]
async fn a_sale_survives_the_reload_and_shows_on_another_screen() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    counter.scan(MILK).await;
    counter.scan(COFFEE).await;
    wait_lines(&browser, 2).await;
    browser.keys("3*").await;
    browser.until("three are armed", "document.querySelector('#strip .armed')").await;
    counter.scan(SKYR).await;
    wait_lines(&browser, 3).await;
    let before = lines(&browser).await;
    assert_eq!(before[2], "3 | Nordfjell Skyr natural 450 g | 5.97");

    browser.open(&format!("{}/till/1", shop.node)).await;
    assert_eq!(lines(&browser).await, before);
    assert!(browser.text("#total .big").await.starts_with("22.25"), "{}", browser.text("#total").await);

    // Another paired screen of the same till, in a browser of its own, shows it and can go on with it.
    let other = open(&shop).await;
    assert_eq!(lines(&other).await, before);
    other.tap("#l-2").await;
    other.tap("#act-delete").await;
    wait_lines(&browser, 2).await;
    assert_eq!(lines(&browser).await, lines(&other).await);
    other.tap("#act-undo").await;
    wait_lines(&browser, 3).await;
    assert_eq!(lines(&browser).await, before);

    // The customer sees the same.
    other.open(&shop.link("Customer 1")).await;
    other.until("the customer's display", "document.body.innerText.includes('22.25')").await;
    picture(&other, "customer").await;

    // By card in one tap: the terminal asks the customer, and the result comes back by itself.
    browser.tap("#pay-card").await;
    browser.until("what the terminal asks for", "document.getElementById('strip').innerText.includes('Insert or hold the card')").await;
    picture(&browser, "card").await;
    browser.until("the end of the sale", "document.querySelector('#total .change')").await;
    other.until("thanks", "document.body.innerText.includes('Thank you')").await;
    picture(&other, "customer-thanks").await;
    other.end().await;
    browser.end().await;
}

#[tokio::test]
async fn no_paper_stops_no_sale_and_nothing_is_printed_twice() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    counter.switch("paper_out", true).await;
    browser.until("the chip", "document.getElementById('printer-chip').innerText.includes('Paper out')").await;
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    pay_exact(&browser).await;
    browser.until("what happened to the receipt", "document.getElementById('strip').innerText.includes('the sale is saved')").await;
    picture(&browser, "paper-out").await;
    // The next customer does not wait.
    counter.scan(SKYR).await;
    wait_lines(&browser, 1).await;
    pay_exact(&browser).await;
    browser.until("two wait", "document.getElementById('printer-chip').innerText.includes('2 waiting')").await;

    counter.switch("paper_out", false).await;
    let paper = counter.printer_shows("2 paper(s) cut").await;
    assert_eq!(paper.matches("Almgrund Fresh milk").count(), 1, "{paper}");
    assert_eq!(paper.matches("Nordfjell Skyr").count(), 1, "{paper}");
    assert!(!paper.contains("COPY"), "{paper}");
    browser.until("all is well", "document.getElementById('printer-chip').innerText.includes('Printer ready')").await;

    // The plug of the printer is pulled in the middle of a receipt: one question, and the answer is the cashier's.
    counter.switch("slow", true).await;
    counter.scan(COFFEE).await;
    wait_lines(&browser, 1).await;
    pay_exact(&browser).await;
    counter.printer_shows("Rösterei Kai").await;
    counter.act("power_cycle").await;
    browser.until("the question", "document.getElementById('strip').innerText.includes('Did the receipt come out completely?')").await;
    picture(&browser, "receipt-question").await;
    counter.switch("slow", false).await;
    browser.tap("#strip [data-answer=print_copy]").await;
    let paper = counter.printer_shows("COPY").await;
    assert!(paper.contains("Rösterei Kai"), "{paper}");
    browser.until("no question is left", "!document.getElementById('strip').innerText.includes('Did the receipt')").await;
    browser.end().await;
}

#[tokio::test]
async fn a_silent_node_is_said_and_a_tap_made_meanwhile_counts_once() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    kill_process(shop.pid(), Signal::STOP).unwrap();
    browser.until("the banner", "!document.getElementById('lost').hidden").await;
    picture(&browser, "lost").await;
    browser.tap("#pay-exact").await;
    browser.tap("#pay-exact").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    kill_process(shop.pid(), Signal::CONT).unwrap();
    browser.until("the end of the sale", "document.querySelector('#total .change')").await;
    browser.until("the banner is gone", "document.getElementById('lost').hidden").await;
    let sales = browser.run("return await fetch('/api/v1/transactions').then(answer => answer.json())").await;
    assert_eq!(sales.as_array().unwrap().len(), 1, "{sales}");
    browser.end().await;
}

#[tokio::test]
async fn what_is_unknown_can_be_searched_and_prices_can_be_asked() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    counter.scan("4006381333931").await;
    browser.until("what was scanned", "document.getElementById('strip').innerText.includes('4006381333931')").await;
    browser.until("the error tone", "document.getElementById('till').dataset.playedError === '1'").await;
    browser.tap("#strip [data-panel=search]").await;
    browser.keys("milk fre").await;
    browser.until("results", "document.querySelector('#search-results .found .name')?.innerText.includes('Fresh milk')").await;
    picture(&browser, "search").await;
    browser.tap("#search-results .found").await;
    wait_lines(&browser, 1).await;
    browser.until("the complaint is gone", "!document.querySelector('#strip .error')").await;

    // Price check by a scan: one-shot, sells nothing.
    browser.tap("#act-price").await;
    browser.until("armed", "document.getElementById('act-price').getAttribute('aria-pressed') === 'true'").await;
    counter.scan(COFFEE).await;
    browser.until("the price", "document.querySelector('#price .amount')?.innerText === '14.99'").await;
    assert!(browser.text("#price .stock").await.starts_with("In stock"), "{}", browser.text("#price").await);
    picture(&browser, "price").await;
    counter.scan(SKYR).await;
    wait_lines(&browser, 2).await;
    browser.until("the list again", "!document.querySelector('#price').firstChild").await;
    browser.end().await;
}
