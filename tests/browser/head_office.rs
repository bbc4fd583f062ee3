//! Head office's pages in a browser: what a person types into a form arrives, and the page Nodes fits its screen.

use std::sync::Arc;

use counterfoil::enrol::enrol;
use counterfoil::head_office::serve;
use counterfoil::time::SystemClock;

use super::harness::Browser;

const MEASURE: &str = include_str!("measure.js");

/// A browser sends a form from an origin that the page's own headers decide; a client in a test says what it is told to say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_of_the_pages_are_taken_and_a_code_from_the_page_lets_a_box_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = crate::storage::config(&folder.path().join("ho"), 0);
    config.enrolment = true;
    config.pages_listen = "127.0.0.1:0".parse().ok();
    let office = serve::start(config, Arc::new(SystemClock::new())).await.unwrap();
    let at = |path: &str| format!("http://{}{path}", office.pages_address);
    let browser = Browser::start(1280, 800).await;

    browser.open(&at("/staff")).await;
    browser.run("document.querySelector('[name=id]').value = 'anna'; document.querySelector('[name=name]').value = 'Anna'").await;
    browser.run("document.querySelector('[name=role]').value = 'cashier'; document.querySelector('[name=stores]').value = '*'").await;
    browser.tap("form.tools button").await;
    browser.until("the person in the list", "document.querySelector('#live').innerText.includes('Anna')").await;

    browser.open(&at("/nodes")).await;
    browser.run("document.querySelector('[name=store]').value = 's1'; document.querySelector('[name=store]').focus()").await;
    browser.tap("form.tools button").await;
    browser.until("the code", "document.querySelector('.made .code')").await;
    let code = browser.text(".made .code").await;
    let mut faults = faults_of(&browser, "the code").await;

    let place = folder.path().join("node.toml");
    std::fs::write(&place, format!("[store]\nid = \"s1\"\n[node]\nid = \"n1\"\ndata_dir = {:?}\n", folder.path().join("node"))).unwrap();
    enrol(&place, &format!("https://{}", office.address), &code).await.unwrap();
    // The list goes on below the code, which stays.
    browser.until("the box in the list", "document.querySelector('#live .state.good')").await;
    assert_eq!(browser.text(".made .code").await, code);
    faults.extend(faults_of(&browser, "the list").await);

    browser.tap("#live a[href$='/revoke']").await;
    browser.until("the question", "document.querySelector('.question')").await;
    faults.extend(faults_of(&browser, "the question").await);
    browser.run("document.querySelector('[name=reason]').value = 'sold'").await;
    browser.tap(".question button").await;
    browser.until("that it is revoked", "document.querySelector('#live .state.bad')?.closest('td').innerText.includes('sold')").await;
    browser.end().await;
    office.stop().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// In both themes.
async fn faults_of(browser: &Browser, what: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for scheme in ["light", "dark"] {
        let feature = serde_json::json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.driver.cdp().send_raw("Emulation.setEmulatedMedia", feature).await.unwrap();
        let found = browser.run(MEASURE).await;
        let found = found.as_array().unwrap().iter().map(|fault| fault.as_str().unwrap());
        // Head office is a desk with a mouse; and the way past the navigation is outside until it has the focus.
        let ours = found.filter(|fault| !fault.contains(" is small: ") && !fault.contains("a..skip") && !fault.contains("a.skip"));
        faults.extend(ours.map(|fault| format!("{what}, {scheme}: {fault}")));
    }
    faults
}
