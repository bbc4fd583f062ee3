//! What a till does besides plain selling, in a real browser before the real demo.

use super::harness::Browser;
use super::shop::{Counter, Shop};
use super::stories::{lines, open, pay_exact, picture, type_code, wait_lines};

#[tokio::test]
async fn a_recalled_pack_is_blocked_and_one_tap_puts_it_aside() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    let gtin = biscuits(&counter).await;
    browser.run("window.taps = 0; document.addEventListener('click', () => { window.taps += 1 }, true)").await;
    counter.scan(&format!("]d201{gtin}10K4")).await;
    browser.until("the till is blocked", "document.querySelector('#pay .check-asks.stop')").await;
    assert!(browser.text("#pay .check-asks").await.contains("R-2026-31"), "{}", browser.text("#pay").await);
    picture(&browser, "recalled").await;
    browser.tap("#check-no").await;
    browser.until("the till is free", "!document.querySelector('#pay .check-asks')").await;
    assert_eq!(browser.run("return window.taps").await, 1);
    assert_eq!(lines(&browser).await.len(), 0);
    // Another batch, and a pack whose code says none: the shelves were cleared by hand.
    counter.scan(&format!("]d201{gtin}10K5")).await;
    wait_lines(&browser, 1).await;
    counter.scan(&gtin[1..]).await;
    wait_lines(&browser, 2).await;
    browser.end().await;
}

/// The number of the recalled article, read off the scanner's pad.
async fn biscuits(counter: &Counter<'_>) -> String {
    let script = "return await fetch('/sim/scanner/1').then(answer => answer.text()).then(html => html.match(/data-code=\"\\]d201(\\d{14})10K4\"/)[1])";
    counter.browser.run(script).await.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn batch_and_serial_stand_on_the_page_and_on_the_paper_and_no_item_is_sold_twice() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    let gtin = biscuits(&counter).await;
    let code = format!("]d201{gtin}10K7\u{1d}21S-4711");
    counter.scan(&code).await;
    wait_lines(&browser, 1).await;
    let marks = browser.text("#lines .marks").await;
    assert!(marks.contains("K7") && marks.contains("S-4711"), "{marks}");
    picture(&browser, "batch-and-serial").await;
    // A scanner that reads a label twice in a row means it once; something else comes between.
    counter.scan(&gtin[1..]).await;
    wait_lines(&browser, 2).await;
    counter.scan(&code).await;
    browser.until("it is refused", "document.querySelector('#strip .error')?.textContent.includes('S-4711')").await;
    assert_eq!(lines(&browser).await.len(), 2);
    pay_exact(&browser).await;
    counter.printer_shows("S-4711").await;
    browser.end().await;
}

#[tokio::test]
async fn a_quick_key_sells_with_one_tap_and_keeps_its_place() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let places =
        "return [...document.querySelectorAll('.quick-row .quick-key')].map(key => key.textContent + ' ' + key.getBoundingClientRect().x)";
    let before = browser.run(places).await;
    browser.run("window.taps = 0; document.addEventListener('click', () => { window.taps += 1 }, true)").await;
    browser.tap(".quick-row [data-code='3001']").await;
    wait_lines(&browser, 1).await;
    // Fresh bread costs less from 17 to 20 o'clock.
    let first = lines(&browser).await;
    assert!(["1 | Bread roll | 0.35", "1 | Bread roll | 0.24"].contains(&first[0].as_str()) && first.len() == 1, "{first:?}");
    assert_eq!(browser.run("return window.taps").await, 1);
    // "3 *" and a key, as with a scan.
    browser.keys("3*").await;
    browser.until("the quantity", "document.querySelector('#strip [data-times]')").await;
    browser.tap(".quick-row [data-code='3003']").await;
    wait_lines(&browser, 2).await;
    let second = lines(&browser).await.remove(1);
    assert!(["3 | Pretzel | 2.67", "3 | Pretzel | 1.86"].contains(&second.as_str()), "{second}");
    // All of them by F5; a tap sells and the list is there again.
    browser.keys("\u{e035}").await;
    browser.until("all keys", "document.querySelector('.panel[data-name=quick]').offsetParent !== null").await;
    picture(&browser, "quick-keys").await;
    browser.tap(".quick-grid [data-code='3006']").await;
    wait_lines(&browser, 3).await;
    browser.until("the list", "document.getElementById('panels').hidden").await;
    assert_eq!(browser.run(places).await, before, "keys keep their places");
    pay_exact(&browser).await;
    browser.until("the sale is finished", "document.querySelector('#under .finished')").await;
    browser.end().await;
}

#[tokio::test]
async fn a_department_asks_for_its_price_and_takes_what_nobody_knows() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    // Price first, then the key: digits and one tap.
    browser.keys("4.25").await;
    browser.until("the digits", "document.querySelector('#entry').innerText === '4.25'").await;
    browser.tap(".quick-row [data-department='dept-counter']").await;
    wait_lines(&browser, 1).await;
    assert_eq!(lines(&browser).await, ["1 | Fresh counter | 4.25"]);
    // The key first, then digits and Enter.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    browser.tap(".quick-row [data-department='dept-counter']").await;
    browser.until("the question", "document.querySelector('#strip .price-asked')?.offsetParent").await;
    picture(&browser, "open-price").await;
    browser.keys("2\u{e007}").await;
    wait_lines(&browser, 2).await;
    assert_eq!(lines(&browser).await[1], "1 | Fresh counter | 2.00");
    assert_eq!(browser.run("return document.querySelectorAll('.price-asked').length").await, 0);
    // Too much is a typing error.
    browser.keys("900").await;
    browser.until("the digits", "document.querySelector('#entry').innerText === '900'").await;
    browser.tap(".quick-row [data-department='dept-counter']").await;
    browser.until("it is refused", "document.querySelector('#strip .error')?.textContent.includes('100.00')").await;
    // What the assortment does not know: one tap, digits, Enter.
    counter.scan("4006381333931").await;
    browser.until("it is offered", "document.getElementById('sell-unknown')").await;
    browser.tap("#sell-unknown").await;
    browser.until("the question", "document.querySelector('#strip .price-asked')?.offsetParent").await;
    browser.keys("3.5\u{e007}").await;
    wait_lines(&browser, 3).await;
    assert_eq!(lines(&browser).await[2], "1 | Sundry goods | 3.50");
    browser.end().await;
}

/// PLU and Enter; the weight is taken as soon as it stands still. Without a scale it is typed.
#[tokio::test]
async fn a_weighed_article_takes_its_number_and_one_key_and_a_typed_weight_one_more() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    let put = async |act: &str| {
        let script = format!(
            "return await fetch('/sim/scale/1/act', {{ method: 'POST', body: new URLSearchParams({{ act: '{act}', on: 'yes' }}) }}).then(answer => answer.status)"
        );
        assert_eq!(browser.run(&script).await, 204);
    };
    let shown = async |what: &str, words: &str| {
        browser.until(what, &format!("document.querySelector('#check .reading')?.innerText.includes({words:?})")).await;
    };
    put("put-1185").await;
    // One action after the digits of the number.
    type_code(&browser, "1001").await;
    wait_lines(&browser, 1).await;
    assert_eq!(lines(&browser).await, ["1.185 kg | Bananas | 2.12"]);

    // The goods still lie there when the next one is keyed: not sold twice.
    type_code(&browser, "1002").await;
    shown("the same load", "still on the scale").await;
    picture(&browser, "same-load").await;
    put("put-0").await;
    shown("an empty scale", "Put it on").await;
    picture(&browser, "weighing").await;
    // A scan meanwhile is dropped, and Escape gives it up.
    counter.scan("4099108000018").await;
    browser.until("a word about it", "document.querySelector('#strip .error')").await;
    browser.keys("\u{e00c}").await;
    browser.until("given up", "!document.querySelector('#check')").await;

    // A tare of 20 grams, then the article and the goods.
    browser.keys("20").await;
    browser.until("the digits", "document.querySelector('#entry').innerText === '20'").await;
    browser.tap("#act-more-panel").await;
    browser.tap("#more [data-tile=W]").await;
    browser.until("the tare", "document.querySelector('#strip .armed')?.innerText.includes('0.020 kg')").await;
    type_code(&browser, "1002").await;
    shown("an empty scale", "Put it on").await;
    put("put-535").await;
    wait_lines(&browser, 2).await;
    assert_eq!(lines(&browser).await[1], "0.515 kg | Apples Elstar | 1.28");

    // A scale that is off is said, and the weight is typed: digits and Enter.
    put("silent").await;
    type_code(&browser, "1005").await;
    shown("no answer", "does not answer").await;
    picture(&browser, "scale-off").await;
    type_code(&browser, "350").await;
    browser.until("too heavy", "document.querySelector('#strip .error')?.innerText.includes('30 kg')").await;
    type_code(&browser, "0.35055").await;
    browser.until("too fine", "document.querySelector('#strip .local')?.innerText.includes('three decimals')").await;
    browser.keys("\u{e003}".repeat(7).as_str()).await;
    type_code(&browser, "0.35").await;
    wait_lines(&browser, 3).await;
    assert_eq!(lines(&browser).await[2], "0.350 kg | Oranges | 0.80");
    assert!(browser.text("#lines .row:last-child .note").await.contains("typed weight"));
    picture(&browser, "weighed").await;
    pay_exact(&browser).await;
    let paper = counter.printer_shows("Manual weight").await;
    assert!(paper.contains("tare 0.020 kg") && paper.contains("0.350 kg x"), "{paper}");
    browser.end().await;
}

/// One key and one scan, or one key and the number: what it costs here, and what other shops have.
#[tokio::test]
async fn a_price_check_tells_what_a_basket_would_charge_and_what_other_shops_have() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    let gtin = biscuits(&counter).await;
    browser.tap("#act-price").await;
    browser.until("it is armed", "document.querySelector('#strip .armed')").await;
    counter.scan(&gtin[1..]).await;
    browser.until("the card", "document.querySelector('#price .price-card .amount')").await;
    assert!(browser.text("#price .recall").await.contains("R-2026-31"), "{}", browser.text("#price").await);
    picture(&browser, "article-recalled").await;
    browser.keys("\u{e00c}").await;
    browser.tap("#act-price").await;
    browser.until("it is armed", "document.querySelector('#strip .armed')").await;
    type_code(&browser, "1001").await;
    browser.until("other shops", "document.querySelector('#price .elsewhere')?.innerText.includes('Markt Potsdam')").await;
    assert!(browser.text("#price .amount").await.contains("/ kg"), "{}", browser.text("#price").await);
    picture(&browser, "article").await;
    assert_eq!(lines(&browser).await.len(), 0, "nothing was sold");
    // The same on a handheld's page, by name.
    let address = shop.node.clone() + "/articles/1?q=bananas";
    browser.open(&address).await;
    browser.until("the article", "document.querySelector('#articles .elsewhere')?.innerText.includes('Markt Potsdam')").await;
    picture(&browser, "articles-page").await;
    browser.end().await;
}

#[tokio::test]
async fn practice_says_so_everywhere_and_counts_nowhere() {
    let shop = Shop::open();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    training_tile(&browser).await;
    browser.until("practice", "document.querySelector('#training .training')?.textContent.includes('TRAINING')").await;
    browser.tap(".quick-row [data-code='3001']").await;
    wait_lines(&browser, 1).await;
    picture(&browser, "training").await;
    pay_exact(&browser).await;
    let paper = counter.printer_shows("*** TRAINING").await;
    assert!(paper.contains("Drawer is closed") && paper.contains("0 pulse"), "{paper}");
    browser.until("the sale is finished", "document.querySelector('#under .finished')?.textContent.includes('-T000001')").await;

    // A card asks no terminal: the cashier says how it ended.
    browser.tap(".quick-row [data-code='3001']").await;
    wait_lines(&browser, 1).await;
    browser.tap("#pay-card").await;
    browser.until("no terminal is asked", "document.querySelector('#strip .warn')?.textContent.includes('no terminal is asked')").await;
    browser.tap("#pay-paid").await;
    browser.until("the sale is finished", "document.querySelector('#under .finished')?.textContent.includes('-T000002')").await;

    // Real again: the first real number, and the drawer opens.
    training_tile(&browser).await;
    browser.until("no practice", "!document.querySelector('#training .training')").await;
    browser.tap(".quick-row [data-code='3001']").await;
    wait_lines(&browser, 1).await;
    pay_exact(&browser).await;
    counter.printer_shows("Drawer is OPEN").await;
    browser.until("its own number", "document.querySelector('#under .finished')?.textContent.includes('-000001')").await;
    browser.end().await;
}

async fn training_tile(browser: &Browser) {
    browser.keys("\u{e03b}").await;
    browser.until("the tiles", "document.querySelector('.panel[data-name=more]').offsetParent !== null").await;
    browser.keys("u").await;
}
