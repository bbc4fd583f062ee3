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

/// Charts, tables and definitions are all in sight, in both themes, on a desk's screen and on a telephone's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_and_reconciliation_fit_their_screens() {
    let folder = tempfile::tempdir().unwrap();
    let over = crate::sync::reconcile::a_wrong_payment(folder.path()).await;
    let office = serve::start(crate::storage::config(folder.path(), 0), Arc::new(SystemClock::new())).await.unwrap();
    let at = |path: &str| format!("http://{}{path}", office.pages_address);
    let mut faults = Vec::new();
    for (width, height) in [(1280, 800), (390, 844)] {
        let browser = Browser::start(width, height).await;
        browser.open(&at("/reconciliation")).await;
        browser.until("the night", &format!("document.querySelector('#d-s1-{over} td')")).await;
        for path in ["/reconciliation", "/figures", "/stores/s1?period=today", "/figures/measures"] {
            browser.open(&at(path)).await;
            browser.run("document.documentElement.dataset.measure = 'flowing'").await;
            faults.extend(faults_of(&browser, &format!("{path} at {width}")).await);
        }
        browser.open(&at("/figures")).await;
        // One bar for each of seven days, the three with sales above the ground; and every number behind them.
        let bars =
            browser.run("return [...document.querySelectorAll('#days-title')][0].parentElement.querySelectorAll('rect.bar').length").await;
        assert_eq!(bars, 7);
        browser.tap("#days-table summary").await;
        browser.until("the table", "document.querySelector('#days-table td').getClientRects().length > 0").await;
        assert_eq!(browser.run("return document.querySelectorAll('#days-table tbody tr').length").await, 3);
        // A figure leads to what it means.
        browser.tap(".means[href$='#average-basket']").await;
        browser.until("the definition", "document.querySelector('h3:target')?.innerText === 'Average basket'").await;
        browser.end().await;
    }
    office.stop().await;
    // On a telephone the pages' names, and charts, are moved sideways.
    let sideways = ["outside: a. ", "span.count", "cut: nav. ", "cut: div.chart"];
    faults.retain(|fault| !(fault.contains(" at 390") && sideways.iter().any(|part| fault.contains(part))));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Of a page that is meant to be scrolled.
pub async fn faults_of_flowing(browser: &Browser, what: &str) -> Vec<String> {
    browser.run("document.documentElement.dataset.measure = 'flowing'").await;
    faults_of(browser, what).await
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

/// From the code on the console to a person who may only look: what people type in a browser, with its own idea of origins and cookies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_admin_sets_up_signs_in_adds_a_person_and_reads_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = crate::storage::config(&folder.path().join("ho"), 0);
    config.sign_in = true;
    let office = serve::start(config, Arc::new(SystemClock::new())).await.unwrap();
    let at = |path: &str| format!("http://{}{path}", office.pages_address);
    let browser = Browser::start(1280, 800).await;
    let fill = async |fields: &[(&str, &str)]| {
        for (name, value) in fields {
            browser.run(&format!("document.querySelector('main [name={name}]').value = {value:?}")).await;
        }
    };

    browser.open(&at("/sales")).await;
    browser.until("the way to set up", "document.querySelector('a[href=\"/setup\"]')").await;
    let mut faults = faults_of(&browser, "before anybody").await;
    browser.tap("a[href='/setup']").await;
    browser.until("the form", "document.querySelector('[name=code]')").await;
    faults.extend(faults_of(&browser, "set up").await);
    let (code, password) = (office.setup_code.clone().unwrap(), "correct horse battery");
    fill(&[("code", &code), ("name", "Anna"), ("login", "anna"), ("password", password), ("again", password)]).await;
    browser.tap(".primary").await;
    browser.until("the way in", "location.pathname === '/sign-in' && document.querySelector('[name=login]')").await;
    fill(&[("login", "anna"), ("password", "wrong wrong wrong")]).await;
    browser.tap(".primary").await;
    browser.until("that it is wrong", "document.querySelector('[role=alert]')").await;
    faults.extend(faults_of(&browser, "a wrong password").await);
    fill(&[("login", "anna"), ("password", password)]).await;
    browser.tap(".primary").await;
    browser.until("the stores", "location.pathname === '/' && document.querySelector('header .person')").await;
    assert!(browser.text("header .person").await.contains("Anna"));

    browser.tap("a[href='/people']").await;
    browser.until("the form", "document.querySelector('main [name=login]')").await;
    fill(&[("login", "ben"), ("name", "Ben"), ("role", "look")]).await;
    browser.tap("form.tools button").await;
    browser.until("the password, once", "document.querySelector('.made .code')").await;
    let made = browser.text(".made .code").await;
    faults.extend(faults_of(&browser, "people").await);
    browser.tap("a[href='/people?edit=ben']").await;
    browser.until("what can be done", "document.querySelector('form[action=\"/people/ben/disable\"]')").await;
    faults.extend(faults_of(&browser, "a person").await);
    browser.tap("a[href='/audit']").await;
    browser.until("the log", "document.querySelector('#live').innerText.includes('add or change person')").await;
    faults.extend(faults_of(&browser, "the log").await);
    browser.tap("header .person button").await;
    browser.until("the way in", "location.pathname === '/sign-in'").await;

    // Ben chooses his own, and is offered nothing that would be refused.
    fill(&[("login", "ben"), ("password", &made)]).await;
    browser.tap(".primary").await;
    browser.until("that he has to choose", "location.pathname === '/account' && document.querySelector('[name=old]')").await;
    faults.extend(faults_of(&browser, "the account").await);
    fill(&[("old", &made), ("password", "another horse battery"), ("again", "another horse battery")]).await;
    browser.tap("main form button").await;
    browser.until("the stores", "location.pathname === '/'").await;
    browser.open(&at("/staff")).await;
    let is_offered = "return Boolean(document.querySelector('main form.tools')?.offsetParent)";
    assert_eq!(browser.run(is_offered).await, false, "a form that would be refused is shown");
    assert!(!browser.text("header").await.contains("People"));
    browser.open(&at("/people")).await;
    browser.until("that it is not for him", "document.body.innerText.includes('Not for you')").await;
    faults.extend(faults_of(&browser, "not for him").await);
    // Shut out while a page is open: the page itself leads to the way in.
    browser.open(&at("/sales")).await;
    browser.until("the page", "document.querySelector('#live')").await;
    let shut_out = "UPDATE accounts SET disabled_ms = 1 WHERE login = 'ben'";
    office.office.write(move |writer, _| Ok(writer.connection().execute(shut_out, [])?)).await.unwrap();
    browser.until("the way in", "location.pathname === '/sign-in'").await;
    browser.end().await;
    office.stop().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// An order as the database has it when its store's record says that it is ready, with one article replaced and one missing.
async fn ready_order(office: &serve::Running, language: &str) -> String {
    use counterfoil::head_office::db::params;
    use counterfoil::head_office::{office_events, status_link};
    let secret = "00112233445566778899aabbccddeeff";
    let now_ms = office.office.now_ms();
    let content = serde_json::json!({
        "order": "W100", "store": "berlin-1", "promised_ms": now_ms, "name": "Zoë O'Hara", "email": "zoe@example.com", "language": language,
        "lines": [{ "sku": "100001", "quantity": 2000 }],
    });
    let made = office.office.write(move |writer, now_ms| {
        let connection = writer.connection();
        connection.execute("INSERT INTO stores (store, name) VALUES ('berlin-1', 'Markt Berlin Mitte, Hauptstraße 1')", [])?;
        connection.execute(
            "INSERT INTO collect_orders (order_no, store, version, content, lines, secret, token, number, placed_ms, promised_ms, expires_ms)
             VALUES ('W100', 'berlin-1', 1, ?1, '[]', ?2, ?3, '12345678', ?4, ?4, ?5)",
            params![content.to_string(), secret, format!("CFC1{}", "7QX4".repeat(24)), now_ms, now_ms + 86_400_000],
        )?;
        let state = "INSERT INTO order_states (order_no, store, state, at_ms, note) VALUES ('W100', 'berlin-1', 'staged', ?1, '')";
        connection.execute(state, [now_ms])?;
        let link = "INSERT INTO order_links (hash, order_no) VALUES (?1, 'W100')";
        let text = status_link::text(secret).expect("it is a secret");
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &text).expect("it is base 64");
        connection.execute(link, [counterfoil::journal::Hash::of(&bytes).to_string()])?;
        for (kind, data) in [
            ("order.received", serde_json::json!({ "version": 1 })),
            ("order.line_substituted", serde_json::json!({ "line": 1, "name": "Frische Milch 3,5 %", "instead": "Hafermilch", "quantity": "1" })),
            ("order.line_short", serde_json::json!({ "line": 2, "name": "Brezel", "quantity": "2", "why": "not_there" })),
        ] {
            let (store, order, source) = ("berlin-1", "W100", format!("test {kind}"));
            let fact = office_events::Fact { kind, store, order, at_ms: now_ms, known_ms: now_ms, who: "4", source, data };
            office_events::add(connection, &fact)?;
        }
        Ok(text)
    });
    made.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customer_service_writes_a_note_and_opens_an_issue_and_the_customer_reads_the_page_on_a_telephone() {
    let folder = tempfile::tempdir().unwrap();
    let config = crate::storage::config(&folder.path().join("ho"), 0);
    let office = serve::start(config, Arc::new(SystemClock::new())).await.unwrap();
    let at = |path: &str| format!("http://{}{path}", office.pages_address);
    let secret = ready_order(&office, "de").await;
    let mut faults = Vec::new();

    let desk = Browser::start(1280, 800).await;
    desk.open(&at("/service")).await;
    desk.run("document.querySelector('[name=q]').value = 'w10'").await;
    desk.tap(".search button").await;
    desk.until("that nothing is found by it", "document.querySelector('#found .empty')").await;
    let words = office.office.write(|writer, _| {
        let sql = "INSERT INTO order_terms (term, placed_ms, order_no) VALUES (?1, 1, 'W100')";
        Ok(writer.connection().execute(sql, [b"w100".as_slice()])?)
    });
    words.await.unwrap();
    desk.until("the order", "document.querySelector('#found a[href=\"/service/W100\"]')").await;
    faults.extend(faults_of(&desk, "what was found").await);
    desk.tap("#found a").await;
    desk.until("the story", "document.querySelector('#timeline')?.innerText.includes('Hafermilch taken instead of')").await;
    desk.run("document.querySelector('#write form [name=who]').value = 'Anna'").await;
    desk.run("document.querySelector('#write form [name=text]').value = 'She calls back at 5.'").await;
    desk.tap("#write form button").await;
    desk.until("the note", "document.querySelector('#notes')?.innerText.includes('She calls back at 5.')").await;
    desk.run("const form = document.querySelectorAll('#write form')[1]; form.who.value = 'Anna'; form.text.value = 'Milk was sour'; form.owner.value = 'Ben'; form.due.value = '2020-01-31'").await;
    desk.tap("#write form:nth-of-type(2) button").await;
    desk.until("the issue", "document.querySelector('#issues')?.innerText.includes('overdue')").await;
    faults.extend(faults_of_flowing(&desk, "the story").await);
    desk.open(&at("/service/W100/refund")).await;
    desk.run("const form = document.querySelector('.question form'); form.who.value = 'Anna'; form.amount.value = '1,29'; form.reason.value = 'sour'").await;
    faults.extend(faults_of(&desk, "the question").await);
    desk.tap(".question form button").await;
    desk.until("the refund", "document.querySelector('#timeline')?.innerText.includes('Refund of 1.29 asked')").await;
    desk.end().await;

    let phone = Browser::start(390, 844).await;
    phone.open(&at(&format!("/o/{secret}"))).await;
    let text = phone.text("main").await;
    for said in ["Liegt zur Abholung bereit", "1234 5678", "Z.O.", "1 × Hafermilch statt Frische Milch 3,5 %", "2 × Brezel fehlt"] {
        assert!(text.contains(said), "{said} in {text}");
    }
    faults.extend(faults_of_flowing(&phone, "the customer's page").await);
    phone.open(&at("/o/nothing")).await;
    faults.extend(faults_of(&phone, "an unknown link").await);
    phone.open(&at("/service/W100")).await;
    // The navigation is pushed sideways there, so its end is outside on purpose.
    phone.run("document.querySelector('header nav').style.display = 'none'").await;
    faults.extend(faults_of_flowing(&phone, "the story on a telephone").await);
    phone.end().await;
    office.stop().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
