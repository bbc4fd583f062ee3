//! The customer of a sale, by keyboard and by touch: taken in with consent, found again, on the sale as a reference, erased with a supervisor's word.

use super::harness::Browser;
use super::people::{is_open, without};
use super::shop::{Counter, Shop};
use super::stories::{open_signed_in, picture, wait_lines};

const MILK: &str = "4099108000018";

async fn open_panel(browser: &Browser) {
    browser.tap("#act-more-panel").await;
    browser.tap("#more [data-tile=K]").await;
    browser.until("the field has the focus", "document.activeElement?.id === 'customer-text'").await;
}

#[tokio::test]
async fn a_customer_is_taken_in_found_attached_and_erased() {
    let shop = Shop::with_staff();
    let browser = open_signed_in(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    counter.printer_shows("Drawer is OPEN").await;
    counter.act("close_drawer").await;
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;

    // By keyboard: nobody is known; without the consent nobody is kept.
    open_panel(&browser).await;
    browser.keys("eva@example.org\u{e007}").await;
    browser.until("nobody", "document.getElementById('customer-said').textContent.includes('Nobody is known')").await;
    picture(&browser, "customer-nobody").await;
    browser.tap("[data-do=customer-new]").await;
    assert_eq!(
        browser.run("return document.querySelector('#customer-new [name=email]').value").await,
        "eva@example.org",
        "not typed twice"
    );
    for (field, text) in [("name", "Eva Muster"), ("card", "MEMBER-0815")] {
        browser.run(&format!("document.querySelector('#customer-new [name={field}]').focus()")).await;
        browser.keys(text).await;
    }
    browser.tap("[data-do=customer-save]").await;
    browser.until("consent is asked for", "document.getElementById('customer-said').textContent.includes('without having agreed')").await;
    browser.tap("#customer-new .consent").await;
    picture(&browser, "customer-consent").await;
    browser.tap("[data-do=customer-save]").await;
    browser.until("her name is on the sale", "document.getElementById('total').textContent.includes('Eva Muster')").await;
    assert!(browser.text("#total").await.contains("Member"), "her card is a member's");
    picture(&browser, "customer-attached").await;

    // Taken off, and back by the scan of her card: the record has the reference, not the number.
    open_panel(&browser).await;
    browser.tap("[data-do=customer-detach]").await;
    browser.until("nobody is on the sale", "!document.getElementById('total').textContent.includes('Eva Muster')").await;
    counter.scan("MEMBER-0815").await;
    browser.until("her card brings her back", "document.getElementById('total').textContent.includes('Eva Muster')").await;
    browser.tap("#pay-exact").await;
    let paper = counter.printer_shows("Customer ref.").await;
    assert!(!paper.contains("Eva") && !paper.contains("0815"), "{paper}");

    // By touch alone: found by the card's number, erased with the word of a supervisor.
    open_panel(&browser).await;
    for letter in ["e", "v", "a", "@", "e", "x", "a", "m", "p", "l", "e", ".", "o", "r", "g"] {
        browser.tap(&format!(".customer-letters [data-text='{letter}']")).await;
    }
    browser.tap("[data-do=customer-find]").await;
    browser.until("she is found", "!document.getElementById('customer-found').hidden").await;
    picture(&browser, "customer-found").await;
    browser.tap("[data-do=customer-erase]").await;
    browser.tap("[data-do=customer-erase-sure]").await;
    browser.until("another person is asked", "document.querySelector('#gate .gate-box')?.dataset.mode === 'approve'").await;
    counter.scan("STAFF-1003").await;
    is_open(&browser).await;
    open_panel(&browser).await;
    browser.keys("eva@example.org\u{e007}").await;
    browser.until("nobody", "document.getElementById('customer-said').textContent.includes('Nobody is known')").await;

    let secrets: Vec<String> = ["Muster", "eva@example", "MEMBER-0815"].map(str::to_owned).to_vec();
    let mut files = 0;
    for folder in ["node/journal", "node/carry", "node/feeds", "node/views", "node/vault"] {
        files += without(&shop.data().join(folder), &secrets);
    }
    assert!(files > 4, "{files} files looked at");
    browser.end().await;
}
