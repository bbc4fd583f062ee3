//! The till as it is seen: every situation at the size it is used at. Nothing is cut off, everything can be hit with a finger,
//! every word can be read. Set COUNTERFOIL_PICTURES=FOLDER to get a picture of each.

use std::path::PathBuf;

use counterfoil::node::Screen;

use super::harness::Browser;
use super::situations;
use crate::web::stage::{self, Stage};

const PAGE: &str = include_str!("measure.js");

#[tokio::test]
async fn every_situation_of_the_till_fits_its_screen_and_can_be_read() {
    // Begins with the last one, so that showing the first one changes something.
    let stage = Stage::open(stage::situations().pop().unwrap().1, stage::locale("de")).await;
    let browser = open(&stage, "/till/1", 1366, 768).await;
    let mut faults = Vec::new();
    for (name, screen) in stage::situations() {
        show(&stage, &browser, screen).await;
        look_at(&browser, name, &mut faults).await;
    }
    for (name, screen) in stage::cash_situations() {
        show(&stage, &browser, screen).await;
        if name != "till-refused" {
            look_at(&browser, &format!("{name}-list"), &mut faults).await;
            browser.keys("\u{e03c}").await;
            browser.until("the panel", "document.querySelector('.panel[data-name=cash]').offsetParent !== null").await;
        }
        look_at(&browser, name, &mut faults).await;
        browser.run("document.querySelector('.panel[data-name=cash] [data-do=close-panel]').click()").await;
    }
    let offline = stage::situations().into_iter().find(|(name, _)| *name == "offline").unwrap().1;
    show(&stage, &browser, offline).await;
    let quick = stage::situations().into_iter().find(|(name, _)| *name == "quick-keys").unwrap().1;
    show(&stage, &browser, quick).await;
    browser.keys("\u{e035}").await;
    browser.until("quick", "document.querySelector('.panel[data-name=quick]').offsetParent !== null").await;
    look_at(&browser, "quick-all", &mut faults).await;
    let offline = stage::situations().into_iter().find(|(name, _)| *name == "offline").unwrap().1;
    show(&stage, &browser, offline).await;
    for (name, key) in [("help", "\u{e031}"), ("search", "\u{e032}"), ("parked", "\u{e036}"), ("day", "\u{e03a}"), ("more", "\u{e03b}")] {
        browser.keys(key).await;
        browser.until(name, &format!("document.querySelector('.panel[data-name={name}]').offsetParent !== null")).await;
        look_at(&browser, name, &mut faults).await;
    }
    browser.end().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What lies over the till: names and PIN pad, another person's word, a receipt whose goods come back, prices by hand, the customer.
#[tokio::test]
async fn every_panel_over_the_till_fits_its_screen_and_can_be_read() {
    let stage = Stage::open(stage::situations().pop().unwrap().1, stage::locale("de")).await;
    let browser = open(&stage, "/till/1", 1366, 768).await;
    let mut faults = Vec::new();
    for (name, screen) in situations::people() {
        show(&stage, &browser, screen).await;
        look_at(&browser, name, &mut faults).await;
    }
    show(&stage, &browser, situations::people().remove(0).1).await;
    browser.tap("#gate [data-staff=anna]").await;
    browser.keys("1234").await;
    browser.until("the digits", "document.getElementById('pin-dots').textContent === '••••'").await;
    look_at(&browser, "sign-in-typed", &mut faults).await;

    for (name, screen) in situations::returns() {
        show(&stage, &browser, screen).await;
        look_at(&browser, name, &mut faults).await;
        if browser.run("return Boolean(document.querySelector('.receipt-card [data-reason=unwanted]'))").await == true {
            browser.tap(".receipt-card [data-reason=unwanted]").await;
            look_at(&browser, &format!("{name}-where-to"), &mut faults).await;
        }
    }

    let full = situations::pricing();
    show(&stage, &browser, full).await;
    let panel = async |key: &str, name: &str| {
        browser.keys("\u{e03b}").await;
        browser.until("the tiles", "document.querySelector('.panel[data-name=more]').offsetParent !== null").await;
        browser.keys(key).await;
        browser.until(name, &format!("document.querySelector('.panel[data-name={name}]').offsetParent !== null")).await;
    };
    panel("n", "prices").await;
    look_at(&browser, "prices", &mut faults).await;
    panel("t", "return").await;
    look_at(&browser, "return-entry", &mut faults).await;
    browser.tap(".return-entry [data-reason=other]").await;
    look_at(&browser, "return-entry-where-to", &mut faults).await;

    panel("k", "customer").await;
    look_at(&browser, "customer", &mut faults).await;
    browser.keys("eva.schwarzenberger-oppermann@beispiel.example\u{e007}").await;
    browser.until("nobody", "!document.getElementById('customer-said').hidden").await;
    look_at(&browser, "customer-nobody", &mut faults).await;
    browser.tap("[data-do=customer-new]").await;
    browser.keys("Eva Schwarzenberger-Oppermann").await;
    look_at(&browser, "customer-new", &mut faults).await;
    browser.tap("[data-do=customer-save]").await;
    browser.until("consent is asked for", "!document.getElementById('customer-said').hidden").await;
    look_at(&browser, "customer-consent", &mut faults).await;
    browser.tap("#customer-new .consent").await;
    browser.tap("[data-do=customer-save]").await;
    browser.until("she is kept", "document.getElementById('panels').hidden").await;
    panel("k", "customer").await;
    browser.keys("eva.schwarzenberger-oppermann@beispiel.example\u{e007}").await;
    browser.until("she is found", "!document.getElementById('customer-found').hidden").await;
    look_at(&browser, "customer-found", &mut faults).await;
    browser.tap("[data-do=customer-erase]").await;
    look_at(&browser, "customer-erase", &mut faults).await;
    browser.end().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What the customer reads from two metres, at the sizes of the displays that are sold.
#[tokio::test]
async fn the_customers_display_fits_and_can_be_read() {
    let mut all = stage::situations();
    all.retain(|(name, _)| ["empty", "one-article", "full", "split", "change", "weighing", "training", "day-closed"].contains(name));
    let stage = Stage::open(stage::situations().pop().unwrap().1, stage::locale("de")).await;
    let browser = open(&stage, "/display/1", 1024, 600).await;
    let mut faults = Vec::new();
    all.extend(situations::displays());
    for (name, screen) in all {
        show(&stage, &browser, screen).await;
        for (width, height) in [(800, 480), (1024, 600), (1366, 768)] {
            browser.resize(width, height).await;
            look_at(&browser, &format!("display-{name}-{width}"), &mut faults).await;
        }
    }
    browser.end().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

async fn open(stage: &Stage, page: &str, width: u32, height: u32) -> Browser {
    let browser = Browser::start(width, height).await;
    let invite = stage.pairing.invite(counterfoil::web::pairing::Scope::Any);
    browser.open(&format!("http://{}/pair/{invite}?to={page}", stage.address)).await;
    browser
}

/// Every fault of the page in both looks, and large.
async fn look_at(browser: &Browser, name: &str, faults: &mut Vec<String>) {
    for (look, size) in [("light", "usual"), ("dark", "usual"), ("light", "large")] {
        browser
            .run(&format!(
                "Object.assign(document.documentElement.dataset, {{ look: {look:?}, size: {size:?} }}); \
                 document.querySelector('#lines .row.newest')?.scrollIntoView({{ block: 'end' }})"
            ))
            .await;
        let look = if size == "large" { "large" } else { look };
        if let Some(folder) = pictures() {
            browser.picture(&folder, &format!("till-{name}-{look}")).await;
        }
        for fault in browser.run(PAGE).await.as_array().unwrap() {
            faults.push(format!("{name}, {look}: {}", fault.as_str().unwrap()));
        }
    }
}

async fn show(stage: &Stage, browser: &Browser, screen: Screen) {
    let revision = stage.screen.borrow().revision + 1;
    stage.show(screen);
    browser.until("the newest revision", &format!("document.body.dataset.revision >= {revision}")).await;
}

fn pictures() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("COUNTERFOIL_PICTURES")?);
    std::fs::create_dir_all(&folder).unwrap();
    Some(folder)
}
