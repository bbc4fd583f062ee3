//! Stock work on a handheld: look up, count, receive, write off, do what waits; every tap and scan counted, and every screen measured.

use std::path::PathBuf;

use super::harness::Browser;
use super::shop::Shop;

const ENTER: &str = "\u{e007}";
const PAGE: &str = include_str!("measure.js");

/// Taps and scans so far, and what did not fit its screen.
struct Hand<'a> {
    browser: &'a Browser,
    actions: u64,
    faults: Vec<String>,
}

impl Hand<'_> {
    async fn tap(&mut self, css: &str) {
        self.browser.tap(css).await;
        self.actions += 1;
    }

    /// As a wedge types it; until the good tone.
    async fn scan(&mut self, code: &str) {
        let tones = "Number(document.getElementById('till').dataset.playedGood || 0)";
        let before = self.browser.run(&format!("return {tones}")).await.as_u64().unwrap();
        self.browser.keys(code).await;
        self.browser.keys(ENTER).await;
        self.actions += 1;
        self.browser.until("the good tone", &format!("{tones} > {before}")).await;
    }

    async fn look(&mut self, name: &str) {
        for (look, size) in [("light", "usual"), ("dark", "usual"), ("light", "large")] {
            self.browser.run(&format!("Object.assign(document.documentElement.dataset, {{ look: {look:?}, size: {size:?} }})")).await;
            let look = if size == "large" { "large" } else { look };
            if let Some(folder) = std::env::var_os("COUNTERFOIL_PICTURES").map(PathBuf::from) {
                std::fs::create_dir_all(&folder).unwrap();
                self.browser.picture(&folder, &format!("stock-{name}-{look}")).await;
            }
            // A long list is scrolled; nothing is wider than the hand.
            let scrolled = |fault: &str| fault.starts_with("outside: ") || fault.ends_with(" high");
            for fault in self.browser.run(PAGE).await.as_array().unwrap().iter().filter(|fault| !scrolled(fault.as_str().unwrap())) {
                self.faults.push(format!("{name}, {look}: {}", fault.as_str().unwrap()));
            }
        }
        self.browser.run("delete document.documentElement.dataset.look; delete document.documentElement.dataset.size").await;
    }
}

#[tokio::test]
async fn stock_is_looked_up_counted_received_and_written_off_with_one_hand() {
    let shop = Shop::open();
    let browser = Browser::start(390, 844).await;
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    let stocked = "return await fetch('/api/v1/articles?q=100001').then(answer => answer.json())
        .then(found => found.length > 0 && found[0].on_hand > 0)";
    let deadline = std::time::Instant::now() + super::harness::PATIENCE;
    while browser.run(stocked).await != true {
        assert!(std::time::Instant::now() < deadline, "the demo's goods did not come");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut hand = Hand { browser: &browser, actions: 0, faults: Vec::new() };

    // One scan shows an article. Another tap and a third one write a unit off.
    browser.open(&format!("{}/stock/1", shop.node)).await;
    browser.until("the page", "document.getElementById('look')").await;
    hand.look("look-up-empty").await;
    hand.scan("100001").await;
    browser.until("the article", "document.querySelector('.stock-card[data-sku=\"100001\"]')").await;
    assert_eq!(hand.actions, 1);
    hand.look("look-up").await;
    let on_hand = "return await fetch('/api/v1/articles?q=100001').then(answer => answer.json()).then(found => found[0].on_hand)";
    let before = browser.run(on_hand).await.as_i64().unwrap();
    hand.tap("#adjust summary").await;
    hand.look("adjust").await;
    hand.tap("[data-why=damaged]").await;
    browser.until("it is done", "document.querySelector('#said.good:not([hidden])')").await;
    assert_eq!((hand.actions, browser.run(on_hand).await.as_i64().unwrap()), (3, before - 1_000));

    // A count: a scan for each unit, or one and the number; then "Done". A number in the field is none of the code's.
    browser.tap("nav a[href$='/count']").await;
    browser.until("the page", "document.getElementById('till').dataset.mode === 'count'").await;
    hand.look("count-empty").await;
    hand.actions = 0;
    for _ in 0..2 {
        hand.scan("100001").await;
    }
    hand.scan("100002").await;
    browser.until("two lines", "document.querySelectorAll('.sheet-lines li').length === 2").await;
    let shown = "return document.querySelector('.sheet-lines .chosen .quantity').textContent.trim()";
    assert!(browser.run(shown).await.as_str().unwrap().starts_with('1'));
    hand.tap(".sheet-lines .chosen input").await;
    browser.keys("12").await;
    hand.tap(".sheet-lines .chosen [data-do=set]").await;
    browser.until("twelve", "document.querySelector('.sheet-lines .chosen .quantity').textContent.trim().startsWith('12')").await;
    hand.tap(".sheet-lines .chosen [data-step='-1000']").await;
    browser.until("eleven", "document.querySelector('.sheet-lines .chosen .quantity').textContent.trim().startsWith('11')").await;
    assert_eq!(hand.actions, 6);
    hand.look("count").await;
    // A reload in the middle loses nothing.
    browser.open(&format!("{}/stock/1/count", shop.node)).await;
    browser.until("the lines again", "document.querySelectorAll('.sheet-lines li').length === 2").await;
    hand.tap(".thumb .primary").await;
    browser.until("a second count", "document.querySelector('.sheet-lines .warn')").await;
    hand.look("count-again").await;
    let open = "return [...document.querySelectorAll('.sheet-lines li.open')].map(row => row.dataset.line)";
    let open: Vec<String> = serde_json::from_value(browser.run(open).await).unwrap();
    for line in open {
        browser.tap(&format!("#line-{line} [data-do=choose]")).await;
        browser.tap(&format!("#line-{line} input")).await;
        browser.keys("7").await;
        browser.tap(&format!("#line-{line} [data-do=set]")).await;
        browser.until("it is counted", &format!("!document.querySelector('#line-{line}.open')")).await;
    }
    hand.actions = 0;
    hand.tap(".thumb .primary").await;
    browser.until("the count is done", "!document.querySelector('.sheet-lines')").await;
    assert_eq!((hand.actions, browser.run(on_hand).await.as_i64().unwrap()), (1, 7_000), "the second count stands");

    // Goods that come: scan, done.
    browser.tap("nav a[href$='/receive']").await;
    browser.until("the page", "document.getElementById('till').dataset.mode === 'receipt'").await;
    hand.look("receive-empty").await;
    hand.actions = 0;
    hand.scan("100001").await;
    hand.scan("100001").await;
    browser.until("two", "document.querySelector('.sheet-lines .chosen .quantity')?.textContent.trim().startsWith('2')").await;
    hand.look("receive").await;
    hand.tap(".thumb .primary").await;
    browser.until("it is taken in", "!document.querySelector('.sheet-lines')").await;
    assert_eq!((hand.actions, browser.run(on_hand).await.as_i64().unwrap()), (3, 9_000));

    // More is written off than there is: a count waits, and the list says so. Counting does it.
    let write_off = "return await fetch('/api/v1/workstations/1/stock', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id: crypto.randomUUID(), act: { act: 'adjust', code: '100001', quantity: 11000, why: 'damaged' } }) })
        .then(answer => answer.status)";
    assert_eq!(browser.run(write_off).await, 200);
    browser.tap("nav a[href$='/tasks']").await;
    browser.until("the task", "document.querySelector('.tasks li[data-sku=\"100001\"]')").await;
    hand.look("tasks").await;
    hand.actions = 0;
    hand.tap(".thumb .primary").await;
    browser.until("the list to count", "document.querySelector('.sheet-lines li.open')").await;
    hand.tap(".sheet-lines .chosen [data-act*='\"quantity\":0']").await;
    browser.until("none is there", "!document.querySelector('.sheet-lines li.open')").await;
    hand.tap(".thumb .primary").await;
    browser.until("the count is done", "!document.querySelector('.sheet-lines')").await;
    assert_eq!((hand.actions, browser.run(on_hand).await.as_i64().unwrap()), (3, 0));
    browser.tap("nav a[href$='/tasks']").await;
    browser
        .until("only the alert is left", "document.querySelectorAll('.tasks li').length === 1 && document.querySelector('.tasks li.low')")
        .await;
    hand.look("low").await;
    let faults = std::mem::take(&mut hand.faults);
    browser.end().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
