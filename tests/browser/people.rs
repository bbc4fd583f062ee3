//! Who works at the till: name and PIN, badge, approval by another person, lock. And afterwards: no PIN and no badge lies anywhere on the disk.

use std::path::Path;
use std::time::Duration;

use super::harness::Browser;
use super::shop::{Counter, Shop};
use super::stories::{open, open_signed_in, picture, wait_lines};

const MILK: &str = "4099108000018";
const ENTER: &str = "\u{e007}";

pub async fn pin(browser: &Browser, staff: &str, digits: &str) {
    browser.until("the names", &format!("document.querySelector('#gate [data-staff={staff}]')")).await;
    browser.tap(&format!("#gate [data-staff={staff}]")).await;
    // Keys settle for a moment, in case they are a scan.
    browser.keys(digits).await;
    browser.until("the digits", &format!("document.getElementById('pin-dots')?.textContent === '{}'", "•".repeat(digits.len()))).await;
    browser.keys(ENTER).await;
}

pub async fn is_open(browser: &Browser) {
    browser.until("the till is free", "!document.querySelector('#gate .gate-box')").await;
}

pub async fn asks(browser: &Browser, mode: &str) {
    browser.until(mode, &format!("document.querySelector('#gate .gate-box')?.dataset.mode === '{mode}'")).await;
}

#[tokio::test]
async fn a_cashier_signs_in_needs_a_supervisor_and_locks_the_till() {
    let shop = Shop::with_staff();
    let browser = open(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    asks(&browser, "sign-in").await;
    picture(&browser, "people-sign-in").await;

    // Nothing sells before; a wrong PIN says so, the right one opens.
    counter.scan(MILK).await;
    pin(&browser, "anna", "9999").await;
    browser.until("a wrong PIN is named", "document.querySelector('.gate-said').textContent.includes('PIN is wrong')").await;
    picture(&browser, "people-wrong-pin").await;
    pin(&browser, "anna", "1111").await;
    is_open(&browser).await;
    assert!(browser.text("#who").await.contains("Anna"));
    assert!(browser.run("return document.querySelectorAll('#lines .row').length").await == 0);
    // Her drawer, with its float: one tap.
    browser.tap("#open-till").await;
    browser.until("the till is open", "!document.querySelector('#under .till-closed')").await;

    // Voiding the sale is beyond a cashier: the supervisor's badge does it.
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    browser.tap("#act-void").await;
    asks(&browser, "approve").await;
    picture(&browser, "people-approve").await;
    counter.scan("STAFF-1002").await;
    browser.until("Ben may not", "document.querySelector('.gate-said').textContent.includes('may not void')").await;
    counter.scan("STAFF-1003").await;
    is_open(&browser).await;
    wait_lines(&browser, 0).await;
    assert!(browser.text("#who").await.contains("Anna"), "she still works here");

    // The same with name and PIN, and given up with Esc.
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    browser.tap("#act-void").await;
    asks(&browser, "approve").await;
    browser.tap("#gate [data-do=gate-cancel]").await;
    is_open(&browser).await;
    browser.tap("#act-void").await;
    pin(&browser, "sue", "3333").await;
    is_open(&browser).await;
    wait_lines(&browser, 0).await;

    // Locked, the sale stays; another one goes on with it by badge.
    counter.scan(MILK).await;
    wait_lines(&browser, 1).await;
    browser.tap("#who [data-do=lock]").await;
    asks(&browser, "sign-in").await;
    picture(&browser, "people-locked").await;
    counter.scan("STAFF-1002").await;
    is_open(&browser).await;
    browser.until("the till speaks his language", "document.documentElement.lang === 'de'").await;
    browser.until("the till", "document.getElementById('till')?.dataset.ready === 'yes'").await;
    picture(&browser, "people-signed-in").await;
    assert!(browser.text("#who").await.contains("Ben"));
    counter.scan("4006381333931").await;
    browser.until("refused in German", "document.getElementById('strip').textContent.includes('Nicht gefunden')").await;
    picture(&browser, "people-refused-in-german").await;
    assert!(browser.text("#act-void").await.contains("Storno"), "{}", browser.text("#act-void").await);
    browser.tap("#strip [data-do=dismiss]").await;
    browser.tap("#pay-exact").await;
    let paper = counter.printer_shows("Ben").await;
    assert!(paper.contains("Ben"), "{paper}");

    let secrets = ["1111", "3333", "9999"].map(|pin| format!("\"{pin}\""));
    let secrets: Vec<String> = secrets.into_iter().chain(["STAFF-1002", "STAFF-1003", "argon2id"].map(str::to_owned)).collect();
    let mut files = 0;
    for folder in ["node/journal", "node/carry", "node/feeds", "node/views"] {
        files += without(&shop.data().join(folder), &secrets);
    }
    assert!(files > 3, "{files} files looked at");
    browser.end().await;
}

/// No file below the folder holds one of the texts, as it is or under zstd.
pub fn without(folder: &Path, secrets: &[String]) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += without(&path, secrets);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let unpacked = zstd::stream::decode_all(bytes.as_slice()).unwrap_or_default();
        for secret in secrets {
            let found = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found(&bytes) && !found(&unpacked), "{secret} is in {}", path.display());
        }
        files += 1;
    }
    files
}

#[tokio::test]
async fn by_keys_alone_somebody_signs_in_and_nothing_behind_the_names_is_reached() {
    const TAB: &str = "\u{e004}";
    let shop = Shop::with_staff();
    let browser = open(&shop).await;
    asks(&browser, "sign-in").await;

    // Tab stays in the panel, however often; Enter takes the name, digits are its PIN, and Enter sends it.
    for _ in 0..20 {
        browser.keys(TAB).await;
        assert_eq!(browser.run("return document.activeElement === document.body || !!document.activeElement.closest('#gate')").await, true);
    }
    browser.run("document.querySelector('#gate .gate-box').focus()").await;
    browser.keys(TAB).await;
    browser.keys(ENTER).await;
    browser.until("a name", "document.querySelector('#gate [data-staff=anna]').getAttribute('aria-pressed') === 'true'").await;
    for digits in ["1", "11", "111", "1111"] {
        browser.keys("1").await;
        let dots = "•".repeat(digits.len());
        browser.until("the digits", &format!("document.getElementById('pin-dots')?.textContent === '{dots}'")).await;
    }
    browser.keys(ENTER).await;
    is_open(&browser).await;
    browser.until("the till is within reach", "!document.querySelector('#till [inert]')").await;

    // A letter finds the name; the same letter again the next one.
    browser.tap("#who [data-do=lock]").await;
    asks(&browser, "sign-in").await;
    for name in ["mia", "sue", "mia"] {
        browser.keys(&name[..1]).await;
        browser.until(name, &format!("document.querySelector('#gate [data-staff={name}]').getAttribute('aria-pressed') === 'true'")).await;
    }
    browser.keys("4444").await;
    browser.until("the digits", "document.getElementById('pin-dots')?.textContent === '••••'").await;
    browser.keys(ENTER).await;
    is_open(&browser).await;
    assert!(browser.text("#who").await.contains("Mia"));
    browser.end().await;
}

#[tokio::test]
async fn where_people_sign_in_a_doubtful_receipt_is_answered_and_a_terminals_day_is_ended_at_the_desk() {
    let shop = Shop::with_staff();
    let browser = open_signed_in(&shop).await;
    let counter = Counter { browser: &browser, id: "1" };
    counter.switch("slow", true).await;
    // So long that it is not out before anybody looked, also on a busy machine.
    for (at, code) in [MILK, "4099109000253", "4099113001130"].into_iter().enumerate() {
        counter.scan(code).await;
        wait_lines(&browser, at + 1).await;
    }
    browser.tap("#pay-exact").await;
    counter.printer_shows("Almgrund Fresh milk").await;
    counter.act("power_cycle").await;
    browser.until("the question", "document.getElementById('strip').innerText.includes('Did the receipt come out completely?')").await;
    counter.switch("slow", false).await;
    browser.tap("#strip [data-answer=print_copy]").await;
    counter.printer_shows("COPY").await;
    browser.until("no question is left", "!document.getElementById('strip').innerText.includes('Did the receipt')").await;

    // Nobody is signed in at the desk: the page asks who it is, and a cashier's word is not enough.
    browser.run("location.href = '/devices'").await;
    browser.until("the terminal", "document.querySelector('[data-do=terminal-day]:not([disabled])')").await;
    assert_eq!(browser.run("return document.querySelectorAll('[data-kind=drawer]').length").await, 0, "no drawer is opened unseen");
    let drawer = "return await fetch('/api/v1/devices/printer-1/test', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'drawer' }) }).then(answer => answer.json()).then(answer => answer.code)";
    assert_eq!(browser.run(drawer).await, "drawer_at_its_till");
    browser.tap("[data-do=terminal-day]").await;
    prove(&browser, "anna", "1111").await;
    browser.until("more than hers", "document.getElementById('proof-said').textContent.includes('another person')").await;
    picture(&browser, "people-devices-approval").await;
    prove(&browser, "sue", "3333").await;
    browser.until("its end", "document.getElementById('devices').innerText.includes('day was closed at')").await;
    browser.end().await;
}

/// Says who somebody is in the dialog of a desk's page.
async fn prove(browser: &Browser, staff: &str, pin: &str) {
    browser.until("the dialog", "document.getElementById('desk-proof').open").await;
    browser.tap(&format!("[data-proof-staff={staff}]")).await;
    browser.until("the field", "document.activeElement.id === 'proof-pin'").await;
    browser.keys(pin).await;
    browser.keys(ENTER).await;
}
