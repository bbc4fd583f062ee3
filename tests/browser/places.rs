//! The page of a warehouse without software: people there accept, confirm and state by hand, on a desk's screen and on a telephone's.

use counterfoil::head_office::parts;
use counterfoil::ids::OrderNo;

use super::harness::Browser;
use super::head_office::faults_of_flowing;
use crate::sync::places::{assign, part, stage};

async fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("COUNTERFOIL_PICTURES") {
        browser.picture(folder.as_ref(), name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warehouse_works_by_hand_on_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let office = stage(folder.path()).await;
    let at = |path: &str| format!("http://{}{path}", office.pages_address);
    for number in ["A1", "A2", "A3"] {
        assign(&office, part(number, "W1", &[("100001", 2), ("100002", 1)])).await.unwrap();
    }
    let state_of = async |number: &str| {
        let number = OrderNo::new(number).unwrap();
        office.office.read(move |connection| parts::find(connection, &number)).await.unwrap().unwrap().state
    };
    let browser = Browser::start(1280, 800).await;
    browser.open(&at("/places/W1")).await;
    let mut faults = faults_of_flowing(&browser, "nothing stated").await;
    // A row that is wrong is named, and what was typed is still there.
    let type_stock = async |text: &str| {
        browser.run(&format!("document.querySelector('form[action$=\"/stock\"] textarea').value = {text:?}")).await;
        browser.tap("form[action$='/stock'] button").await;
    };
    type_stock("sku,on_hand\n100001,12\nX-1,3\n").await;
    browser.until("what is wrong", "document.querySelector('.faults')?.innerText.includes('row 3: there is no article \"X-1\"')").await;
    assert_eq!(browser.run("return document.querySelector('form[action$=\"/stock\"] textarea').value.includes('X-1')").await, true);
    faults.extend(faults_of_flowing(&browser, "wrong stock").await);
    picture(&browser, "places-wrong").await;
    type_stock("sku,on_hand\n100001,12\n100002,5\n").await;
    browser.until("the stock", "document.querySelector('#stock td[data-label=\"Can be promised\"]')?.innerText === '6'").await;

    browser.tap("#p-A1 form[action$='/accept'] button").await;
    browser.until("that it is accepted", "document.querySelector('#p-A1 .tag')?.innerText === 'accepted'").await;
    browser.tap("#p-A1 a[href$='/shipped']").await;
    browser.until("the question", "document.activeElement?.name === 'tracking'").await;
    faults.extend(faults_of_flowing(&browser, "shipped?").await);
    browser.run("document.querySelector('[name=tracking]').value = '00340434161094000001'").await;
    browser.tap(".question button").await;
    browser.until("that it has left", "document.querySelector('#over #p-A1')?.innerText.includes('00340434161094000001')").await;
    browser.tap("#p-A2 a[href$='/short']").await;
    browser.until("the question", "document.querySelector('[name=short_1]')").await;
    browser.run("document.querySelector('[name=short_1]').value = '3'").await;
    browser.tap(".question button").await;
    browser.until("that it is too much", "document.querySelector('.faults')?.innerText.includes('at most 2')").await;
    browser.run("document.querySelector('[name=short_1]').value = '1'; document.querySelector('[name=reason]').value = 'broken'").await;
    browser.tap(".question button").await;
    browser.until("what is short", "document.querySelector('#p-A2 .goods')?.innerText.includes('1 short')").await;
    faults.extend(faults_of_flowing(&browser, "at work").await);
    picture(&browser, "places-1280").await;
    assert_eq!(
        (state_of("A1").await.as_str(), state_of("A2").await.as_str(), state_of("A3").await.as_str()),
        ("shipped", "accepted", "sent")
    );
    for path in ["/places", "/places/W1/edit", "/stock/100001"] {
        browser.open(&at(path)).await;
        faults.extend(faults_of_flowing(&browser, path).await);
        picture(&browser, &format!("places-{}", path.replace('/', "-"))).await;
    }
    // What cannot be a place comes back with what is wrong.
    browser.open(&at("/places")).await;
    browser.run("document.querySelector('[name=store]').value = 'W9'; document.querySelector('[name=cutoff]').value = 'late'").await;
    browser.tap(".place-fields button").await;
    browser.until("the fault", "document.querySelector('.faults')?.innerText.includes('is no time')").await;
    browser.run("document.querySelector('[name=name]').value = 'Ninth'; document.querySelector('[name=cutoff]').value = '15:30'").await;
    browser.tap(".place-fields button").await;
    browser.until("the place", "location.pathname === '/places/W9' && document.body.innerText.includes('until 15:30')").await;
    browser.end().await;

    let browser = Browser::start(390, 844).await;
    browser.open(&at("/places/W1")).await;
    faults.extend(faults_of_flowing(&browser, "a place at 390").await);
    picture(&browser, "places-390").await;
    browser.tap("#p-A3 a[href$='/refuse']").await;
    browser.until("the question", "document.querySelector('[name=reason]')").await;
    faults.extend(faults_of_flowing(&browser, "refuse at 390").await);
    browser.run("document.querySelector('[name=reason]').value = 'no staff'").await;
    browser.tap(".question button").await;
    browser.until("that it is refused", "document.querySelector('#over #p-A3')?.innerText.includes('no staff')").await;
    browser.open(&at("/places")).await;
    faults.extend(faults_of_flowing(&browser, "places at 390").await);
    picture(&browser, "places-list-390").await;
    browser.end().await;
    office.stop().await;
    // On a telephone the names of pages are moved sideways.
    let sideways = ["outside: a. ", "span.count", "cut: nav. "];
    faults.retain(|fault| !(fault.contains(" at 390") && sideways.iter().any(|part| fault.contains(part))));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
