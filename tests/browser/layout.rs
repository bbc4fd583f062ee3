//! The till as it is seen: every situation at the size it is used at. Nothing is cut off, everything can be hit with a finger,
//! every word can be read. Set COUNTERFOIL_PICTURES=FOLDER to get a picture of each.

use std::path::PathBuf;

use counterfoil::node::Screen;

use super::harness::Browser;
use crate::web::stage::{self, Stage};

const PAGE: &str = include_str!("measure.js");

#[tokio::test]
async fn every_situation_of_the_till_fits_its_screen_and_can_be_read() {
    // Begins with the last one, so that showing the first one changes something.
    let stage = Stage::open(stage::situations().pop().unwrap().1, stage::locale("de")).await;
    let browser = Browser::start(1366, 768).await;
    let invite = stage.pairing.invite(counterfoil::web::pairing::Scope::Any);
    browser.open(&format!("http://{}/pair/{invite}?to=/till/1", stage.address)).await;
    let mut faults = Vec::new();
    let mut look_at = async |name: &str| {
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
    };
    for (name, screen) in stage::situations() {
        show(&stage, &browser, screen).await;
        look_at(name).await;
    }
    for (name, screen) in stage::cash_situations() {
        show(&stage, &browser, screen).await;
        if name != "till-refused" {
            look_at(&format!("{name}-list")).await;
            browser.keys("\u{e03c}").await;
            browser.until("the panel", "document.querySelector('.panel[data-name=cash]').offsetParent !== null").await;
        }
        look_at(name).await;
        browser.run("document.querySelector('.panel[data-name=cash] [data-do=close-panel]').click()").await;
    }
    let offline = stage::situations().into_iter().find(|(name, _)| *name == "offline").unwrap().1;
    show(&stage, &browser, offline).await;
    let quick = stage::situations().into_iter().find(|(name, _)| *name == "quick-keys").unwrap().1;
    show(&stage, &browser, quick).await;
    browser.keys("\u{e035}").await;
    browser.until("quick", "document.querySelector('.panel[data-name=quick]').offsetParent !== null").await;
    look_at("quick-all").await;
    let offline = stage::situations().into_iter().find(|(name, _)| *name == "offline").unwrap().1;
    show(&stage, &browser, offline).await;
    for (name, key) in [("help", "\u{e031}"), ("search", "\u{e032}"), ("parked", "\u{e036}"), ("day", "\u{e03a}"), ("more", "\u{e03b}")] {
        browser.keys(key).await;
        browser.until(name, &format!("document.querySelector('.panel[data-name={name}]').offsetParent !== null")).await;
        look_at(name).await;
    }
    browser.end().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
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
