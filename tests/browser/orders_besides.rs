//! Orders beside the straight way: what is missing, taken instead or confirmed by hand, two at once, hand-overs without a code and in part;
//! every action counted. Then the same pages for those who read them large or hear them.

use serde_json::Value;

use super::harness::Browser;
use super::orders::{Hand, picture, place};
use super::shop::Shop;

const PAGE: &str = include_str!("measure.js");

/// What every page here must have: one heading, a main part, names on everything that can be pressed or filled in, and places that are read out.
const NAMES: &str = "
    const faults = [];
    const seen = e => e.checkVisibility();
    const name = e => (e.getAttribute('aria-label') || e.innerText || document.querySelector(`label[for='${e.id}']`)?.innerText
        || e.closest('label')?.innerText || '').trim();
    for (const e of document.querySelectorAll('button, a, input, summary')) if (seen(e) && !name(e)) faults.push(`no name: ${e.outerHTML.slice(0, 120)}`);
    for (const e of document.querySelectorAll('[role=radio]')) if (!e.closest('[role=radiogroup][aria-label]') || !e.hasAttribute('aria-checked')) faults.push('a choice outside its group');
    for (const e of document.querySelectorAll('[data-do=choose], [data-do=leaves]')) if (!e.hasAttribute('aria-pressed')) faults.push('a switch that does not say how it stands');
    if ([...document.querySelectorAll('h1')].filter(seen).length !== 1) faults.push('not one heading');
    if (document.querySelectorAll('main').length !== 1 || !document.querySelector('nav')) faults.push('no main part or no way around');
    if (document.querySelector('#said')?.getAttribute('role') !== 'alert') faults.push('what is said is not read out');
    if (document.querySelector('#spoken')?.getAttribute('role') !== 'status') faults.push('what changes is not read out');
    if (!document.documentElement.lang) faults.push('no language');
    const order = [...document.querySelectorAll('header a, main button, main a, main input, main summary')].filter(e => seen(e) && !e.disabled);
    if (order.some(e => e.tabIndex < 0)) faults.push('something cannot be reached by keyboard');
    if (order.some((e, at) => at > 0 && !(order[at - 1].compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING))) faults.push('the focus jumps');
    return faults";

/// Every act on a line is in view with it, without scrolling.
const IN_HAND: &str = "
    scrollTo(0, 0);
    const acts = document.querySelector('.pick-card, #count') ? [...document.querySelectorAll('.thumb > *')] : [];
    const below = acts.filter((e) => e.checkVisibility() && e.getBoundingClientRect().bottom > innerHeight + 1);
    return below.map((e) => `below the page: ${e.outerHTML.slice(0, 80)}`)";

/// The page as it stands: names, then light, large and at twice the size of the letters; nothing is cut off.
pub async fn can_be_used_by_all(browser: &Browser, name: &str) {
    let mut faults: Vec<String> = Vec::new();
    let mut add = |how: &str, found: Value| {
        faults.extend(found.as_array().unwrap().iter().map(|fault| format!("{name}, {how}: {}", fault.as_str().unwrap())));
    };
    add("names", browser.run(NAMES).await);
    for (how, size, letters) in [("usual", "usual", ""), ("large", "large", ""), ("200 %", "usual", "200%")] {
        let set = format!(
            "Object.assign(document.documentElement.dataset, {{ size: '{size}', measure: 'flowing' }}); document.documentElement.style.fontSize = '{letters}'"
        );
        browser.run(&set).await;
        picture(browser, &format!("{name}-{}", how.trim_end_matches(" %"))).await;
        add(how, browser.run(PAGE).await);
        if how != "200 %" {
            add(how, browser.run(IN_HAND).await);
        }
    }
    browser.run("document.documentElement.dataset.size = 'usual'; document.documentElement.style.fontSize = ''").await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

async fn api(browser: &Browser, path: &str) -> Value {
    browser.run(&format!("return await fetch('{path}').then(answer => answer.json())")).await
}

async fn state(browser: &Browser, wanted: &str) {
    browser.until(wanted, &format!("document.querySelector('.order-top')?.dataset.state === '{wanted}'")).await;
}

async fn text(browser: &Browser, css: &str, attribute: &str) -> String {
    let found = browser.run(&format!("return document.querySelector({css:?})?.dataset[{attribute:?}] || ''")).await;
    found.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_not_the_straight_way_keeps_its_budget_and_can_be_used_by_all() {
    let shop = Shop::open();
    let browser = Browser::start(390, 844).await;
    browser.open(&shop.link("Picking 1")).await;
    browser.until("the picker's page", "document.querySelector('#part')").await;
    place(&browser, "ten").await;
    browser.until("ten orders", "document.querySelectorAll('[data-do=choose]').length === 10").await;
    can_be_used_by_all(&browser, "choosing").await;

    // Two at once: each scan says into which tote.
    let mut hand = Hand { browser: &browser, actions: 0 };
    hand.tap("[data-do=choose]").await;
    hand.tap("li:nth-child(2) [data-do=choose]").await;
    hand.tap("[data-do=start-chosen]").await;
    browser.until("a line with its tote", "document.querySelector('.pick-card .tote')").await;
    assert_eq!(hand.actions, 3, "two orders at once: a tap each, and one to begin");
    can_be_used_by_all(&browser, "picking").await;
    assert_eq!(browser.text("#spoken").await, text(&browser, ".pick-card", "spoken").await, "the line in hand is read out");

    // Missing: two taps, and the next line shows at once.
    let shorted = text(&browser, ".pick-card", "spoken").await;
    hand.actions = 0;
    hand.tap(".choice:nth-of-type(2) summary").await;
    hand.tap("[data-act*='\"why\":\"damaged\"']").await;
    browser.until("the next line", &format!("document.querySelector('[data-spoken]').dataset.spoken !== {shorted:?}")).await;
    assert_eq!(hand.actions, 2, "short: what and why");
    browser.until("it is read out", &format!("document.querySelector('#spoken').textContent !== {shorted:?}")).await;

    // By hand: a reason must be given; two taps for all that are left.
    let before = text(&browser, ".pick-card", "spoken").await;
    assert!(!before.is_empty());
    hand.actions = 0;
    hand.tap(".choice:nth-of-type(1) summary").await;
    picture(&browser, "by-hand").await;
    hand.tap("[data-act*='\"why\":\"unreadable\"']").await;
    browser.until("the next line", &format!("document.querySelector('[data-spoken]').dataset.spoken !== {before:?}")).await;
    assert_eq!(hand.actions, 2, "by hand: that, and why");

    // Everything else: scanned, or taken instead with one scan more than nothing.
    let mut instead = 0;
    let both: Vec<String> =
        serde_json::from_value(browser.run("return document.getElementById('about').dataset.orders.split(',')").await).unwrap();
    let mut asked = Vec::new();
    for order in &both {
        let lines = api(&browser, &format!("/api/v1/orders/{order}")).await["lines"].take();
        asked.extend(lines.as_array().unwrap().iter().map(|line| line["sku"].clone()));
    }
    while browser.run("return document.querySelector('.pick-card') !== null").await == true {
        // All of one card: the next one may come between two questions.
        let card = browser.run(
            "const card = document.querySelector('.pick-card'); return [card?.dataset.order, card?.dataset.line, card?.dataset.spoken]",
        );
        let Ok([order, line, before]) = serde_json::from_value::<[String; 3]>(card.await) else { continue };
        let whole = api(&browser, &format!("/api/v1/orders/{order}")).await;
        let wanted = whole["lines"].as_array().unwrap().iter().find(|known| known["line"].as_u64() == line.parse().ok()).unwrap().clone();
        let other = wanted["substitutes"][0].as_str().filter(|_| instead == 0).map(str::to_owned);
        // What one of the orders wants itself would be picked for that line.
        let other = other.filter(|other| !asked.iter().any(|sku| sku == other.as_str()));
        if other.is_some() {
            assert!(
                browser.text(".pick-card .instead").await.contains(wanted["substitute_names"][0].as_str().unwrap()),
                "what may be taken instead is named"
            );
            instead += 1;
        }
        hand.actions = 0;
        // Which of the two orders takes an article that both want, the node decides.
        let is_sure = other.is_none() && asked.iter().filter(|sku| **sku == wanted["sku"]).count() == 1;
        hand.scan_good(&other.unwrap_or_else(|| wanted["sku"].as_str().unwrap().to_owned())).await;
        assert_eq!(hand.actions, 1);
        let tote = if both[0] == order { "A" } else { "B" };
        let said = if is_sure { format!("put into {tote}") } else { "put into".to_owned() };
        browser.until("which tote it goes into", &format!("document.getElementById('said').innerText.includes({said:?})")).await;
        browser.until("the page moves on", &format!("document.querySelector('[data-spoken]').dataset.spoken !== {before:?}")).await;
    }
    browser.until("both can be finished", "document.querySelectorAll('.finish').length === 2").await;
    can_be_used_by_all(&browser, "finishing").await;
    // One of which something was picked; it would be refused otherwise.
    let mut row = 1;
    let order = loop {
        let script = format!("return document.querySelector('.finish:nth-of-type({row}) strong').textContent");
        let order = browser.run(&script).await.as_str().unwrap().to_owned();
        let whole = api(&browser, &format!("/api/v1/orders/{order}")).await;
        if whole["lines"].as_array().unwrap().iter().any(|line| line["picked"].as_i64() > Some(0)) {
            break order;
        }
        row += 1;
    };
    hand.tap(&format!(".finish:nth-of-type({row}) .primary")).await;
    state(&browser, "picked").await;
    can_be_used_by_all(&browser, "placing-handheld").await;
    browser.resize(1280, 800).await;
    can_be_used_by_all(&browser, "placing").await;
    let codes = "return [...document.querySelectorAll('[data-bag]')].map(row => row.dataset.code)";
    let bags: Vec<String> = serde_json::from_value(browser.run(codes).await).unwrap();
    for bag in &bags {
        hand.scan_good(bag).await;
        hand.scan_good("C01").await;
    }
    state(&browser, "staged").await;
    can_be_used_by_all(&browser, "desk").await;
    assert!(browser.text("#spoken").await.contains(&order), "where the order stands is read out");
    assert!(browser.run("return document.getElementById('still').textContent !== ''").await == true, "why the button waits is said");

    // Without a code: the order's number opens it on the board, then the kind of proof, each bag, and one tap; a line stays here.
    browser.open(&format!("{}/orders/1", shop.node)).await;
    browser.until("the board", "document.querySelector('.order-card')").await;
    can_be_used_by_all(&browser, "board").await;
    assert_eq!(browser.text("#figure-open dd").await, "10");
    assert!(browser.text("#figure-short dd").await.contains('%'), "{}", browser.text(".figures").await);
    hand.actions = 0;
    hand.scan(&order).await;
    state(&browser, "staged").await;
    hand.tap("[data-shown=name]").await;
    for bag in &bags {
        hand.scan_good(bag).await;
    }
    if browser.run("return document.getElementById('of-age') !== null").await == true {
        hand.tap("#of-age").await;
        hand.actions -= 1;
    }
    assert_eq!(browser.text("#still").await, "");
    let lines = browser.run("return document.querySelectorAll('[data-do=leaves]').length").await.as_u64().unwrap();
    if lines > 1 {
        hand.tap("[data-do=leaves]").await;
        hand.actions -= 1;
    }
    hand.tap("#hand-over").await;
    state(&browser, "handed_over").await;
    assert_eq!(hand.actions, 3 + bags.len() as u64, "the number, the proof, each bag, one tap");
    browser.until("its times", "document.querySelectorAll('.clocks > div').length === 5").await;
    picture(&browser, "handed-over").await;

    // What stayed goes back by scan.
    while browser.run("return document.querySelector('#put-back li') !== null").await == true {
        let whole = api(&browser, &format!("/api/v1/orders/{order}")).await;
        let Some((sku, _)) = whole["put_back"].as_object().unwrap().iter().next().map(|(sku, left)| (sku.clone(), left.clone())) else {
            break;
        };
        hand.scan_good(&sku).await;
    }
    browser.end().await;
}
