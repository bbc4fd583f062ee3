//! Orders by hand with the keyboard alone, the list of what was not taken, and a mapping that is tried out.

use counterfoil::head_office::intake::errors;
use counterfoil::head_office::orders;

use super::harness::Browser;
use super::head_office::faults_of_flowing;
use crate::node::MILK;
use crate::node::orders::{office, stocked};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_typed_and_one_that_was_not_taken_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(folder.path(), 0).await;
    stocked(&office).await;
    let at = |path: &str| format!("http://{}{path}", office.pages_address);
    let browser = Browser::start(1280, 800).await;

    // Type, Enter, type, Enter; the mouse is not touched before the end.
    browser.open(&at("/intake/order")).await;
    browser.keys(&format!("3*{MILK}\u{e007}")).await;
    browser.until("three of it", "document.querySelector('.entered .quantity')?.value === '3'").await;
    browser.keys("milk\u{e007}").await;
    // The line that is there already says nothing of the page that comes.
    let found_or_more = "document.querySelector('.found') || document.querySelector('.entered .quantity')?.value !== '3' \
                         || document.querySelectorAll('.entered tbody tr').length > 1";
    browser.until("it was found or added", found_or_more).await;
    if browser.run("return document.querySelector('.found') !== null").await == true {
        browser.keys("\u{e007}").await;
    }
    browser
        .until(
            "one more",
            "document.querySelector('.entered .quantity')?.value !== '3' || document.querySelectorAll('.entered tbody tr').length > 1",
        )
        .await;
    browser.keys("no such thing at all\u{e007}").await;
    browser.until("it says so", "document.body.innerText.includes('No article of that name')").await;
    browser.run("document.querySelector('[name=name]').value = 'Zoë Müller'; document.querySelector('[name=hours]').value = 'soon'").await;
    browser.tap("[value=place]").await;
    browser.until("the fault", "document.querySelector('[role=alert]')?.innerText.includes('hours')").await;
    assert_eq!(browser.run("return document.querySelector('[name=name]').value").await, "Zoë Müller", "what was typed stays");
    browser.run("document.querySelector('[name=hours]').value = '3'").await;
    browser.tap("[value=place]").await;
    browser.until("the order's page", "location.pathname.startsWith('/orders/D')").await;
    let all = office.office.read(|connection| orders::list(connection, 9)).await.unwrap();
    assert_eq!(all.len(), 1);
    assert!(all[0].order.starts_with('D') && all[0].order.len() == 10, "{all:?}");

    // A channel, its mapping tried out, and an order of it that is wrong.
    browser.open(&at("/intake/channels")).await;
    browser.run("document.querySelector('[name=channel]').value = 'web'; document.querySelector('[name=name]').value = 'Web shop'").await;
    browser.tap("main form.tools button").await;
    browser.until("its page", "document.querySelector('[name=sample]')").await;
    let settings = r#"{"name": "Web shop", "mapping": {"fields": [{"to": "fulfilment", "value": "collect"}, {"to": "store", "from": "branch"}],
        "lines": {"from": "items", "fields": [{"to": "sku", "from": "no"}, {"to": "quantity", "from": "qty"}]}}}"#;
    let sample = format!(r#"{{"branch": "berlin-1", "items": [{{"no": "{MILK}", "qty": 2}}]}}"#);
    let fill = |name: &str, text: &str| format!("document.querySelector('[name={name}]').value = {text:?}");
    browser.run(&fill("settings", &settings.replace('\n', " "))).await;
    browser.run(&fill("sample", &sample)).await;
    browser.tap("[value=try]").await;
    browser.until("what became of it", "document.querySelector('.trial')?.innerText.includes('It would be taken')").await;
    let mut faults = faults_of_flowing(&browser, "a mapping tried out").await;
    browser.tap("[value=keep]").await;
    browser.until("the list", "document.querySelector('#live')?.innerText.includes('JSON mapped')").await;
    let wrong = sample.replace(MILK, "unheard-of");
    let sent = reqwest::Client::new().put(at("/api/v1/channels/web/orders/4711")).body(wrong).send().await.unwrap();
    assert_eq!(sent.status(), 422);

    browser.open(&at("/orders")).await;
    faults.extend(faults_of_flowing(&browser, "the orders").await);
    browser.tap("a[href='/intake/errors']").await;
    browser.until("the error", "document.querySelector('#live .card')?.innerText.includes('there is no article unheard-of')").await;
    faults.extend(faults_of_flowing(&browser, "the errors").await);
    browser.tap("#live .card a.button").await;
    browser.until("its text", "document.querySelector('textarea[name=text]')").await;
    faults.extend(faults_of_flowing(&browser, "one error").await);
    browser.run("document.querySelectorAll('[name=who]').forEach(field => { field.value = 'Anna' })").await;
    browser.tap("[value=again]").await;
    browser.until("it is still wrong", "document.querySelector('[role=alert]')?.innerText.includes('unheard-of')").await;
    browser
        .run(&format!(
            "const text = document.querySelector('textarea[name=text]'); text.value = text.value.replace('unheard-of', '{MILK}')"
        ))
        .await;
    browser.run("document.querySelectorAll('[name=who]').forEach(field => { field.value = 'Anna' })").await;
    browser.tap("[value=again]").await;
    browser.until("the order", "location.pathname === '/orders/4711'").await;
    let rows = office.office.read(|connection| errors::list(connection, 9)).await.unwrap();
    assert_eq!((rows.len(), rows[0].settled_by.as_str()), (1, "Anna"));
    browser.open(&at("/intake/errors")).await;
    browser.until("nothing is open", "document.querySelector('#live .card.closed')").await;

    browser.end().await;
    office.stop().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
