//! The page Routing in a browser: an order is tried by hand, the answer says why, and rules that loop come back with their names.

use std::path::PathBuf;
use std::sync::Arc;

use counterfoil::head_office::db::params;
use counterfoil::head_office::places::{self, stock};
use counterfoil::head_office::serve::{self, Running};
use counterfoil::ids::PlaceId;
use counterfoil::time::SystemClock;
use serde_json::json;

use super::harness::Browser;
use super::head_office::faults_of_flowing;

/// Three warehouses, a store, and two articles.
pub async fn with_places(office: &Running) {
    let place = |name: &str, km: i64, more: serde_json::Value| {
        let mut draft = json!({"kind": "warehouse", "name": format!("Warehouse {name}"), "at": {"latitude": 53_550_000 + km * 8_993, "longitude": 10_000_000},
            "work_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]});
        draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let draft: places::Draft = serde_json::from_value(draft).unwrap();
        draft.checked(PlaceId::new(name).unwrap()).unwrap()
    };
    let made = [
        place("hamburg", 5, json!({"cost": 450})),
        place("bremen", 95, json!({"cost": 390})),
        place("koeln", 360, json!({"kind": "third_party", "capacity_day": 200})),
        place("leipzig", 290, json!({"active": false})),
    ];
    let filled = office.office.write(move |writer, now_ms| {
        let connection = writer.connection();
        for sku in ["tea", "oat"] {
            let article = json!({"sku": sku, "name": format!("Good {sku}"), "tax_class": "A", "price": 129});
            let sql = "INSERT INTO articles (sku, name, article) VALUES (?1, ?2, ?3)";
            connection.execute(sql, params![sku, format!("Good {sku}"), article.to_string()])?;
        }
        connection.execute("INSERT INTO stores (store, name) VALUES ('berlin-1', 'Berlin, Main Street')", [])?;
        for place in &made {
            places::put(connection, place, false, now_ms)?.unwrap();
        }
        for (name, tea, oat) in [("hamburg", 4, 0), ("bremen", 2, 3), ("koeln", 9, 0)] {
            let rows = json!([{"sku": "tea", "on_hand": tea * 1000}, {"sku": "oat", "on_hand": oat * 1000}]);
            let statement: stock::Statement = serde_json::from_value(json!({ "rows": rows })).unwrap();
            stock::state(connection, &PlaceId::new(name).unwrap(), &statement, now_ms)?.unwrap();
        }
        Ok(())
    });
    filled.await.unwrap();
}

async fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("COUNTERFOIL_PICTURES") {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        browser.picture(&folder, &format!("routing-{name}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_tried_and_the_page_says_why_it_goes_where_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let office = serve::start(crate::storage::config(&folder.path().join("ho"), 0), Arc::new(SystemClock::new())).await.unwrap();
    with_places(&office).await;
    let at = |path: &str| format!("http://{}{path}", office.pages_address);
    let browser = Browser::start(1280, 800).await;
    browser.open(&at("/routing")).await;
    browser.until("the rules", "document.querySelector('#rules .prose')").await;
    let mut faults = faults_of_flowing(&browser, "the rules").await;
    picture(&browser, "rules").await;

    let fill = async |name: &str, value: &str| {
        browser.run(&format!("document.querySelector('#try [name={name}]').value = {value:?}")).await;
    };
    fill("articles", "tea 3, oat 2").await;
    fill("position", "53.55, 10.0").await;
    browser.tap("#try button").await;
    browser.until("the answer", "document.querySelectorAll('#parts tbody tr').length === 2").await;
    let answer = browser.text("#answer").await;
    for part in ["Warehouse hamburg", "3 × tea", "Warehouse bremen", "2 × oat", "is switched off", "does not ship", "km", "4.50"] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    faults.extend(faults_of_flowing(&browser, "the answer").await);
    picture(&browser, "answer").await;
    // Nothing was placed.
    let parts = office.office.read(|c| c.query_row("SELECT count(*) FROM order_parts", [], |row| row.get::<_, i64>(0))).await.unwrap();
    assert_eq!(parts, 0);

    // Rules that loop come back as they were typed, named.
    let looping = "attempts = 3\n[[routes]]\nname = \"near\"\notherwise = \"far\"\n[[routes]]\nname = \"far\"\notherwise = \"near\"\n";
    let rewrite = async |text: &str| browser.run(&format!("document.querySelector('#change textarea').value = {text:?}")).await;
    rewrite(looping).await;
    browser.tap("#change button[value=keep]").await;
    browser.until("the fault", "document.querySelector('#change .faults')").await;
    let fault = browser.text("#change .faults").await;
    assert!(fault.contains("“near” → “far” → “near”"), "{fault}");
    let kept = browser.run("return document.querySelector('#change textarea').value").await;
    assert_eq!(kept, looping);
    faults.extend(faults_of_flowing(&browser, "the fault").await);
    picture(&browser, "fault").await;

    // A draft is tried before it counts.
    rewrite("attempts = 3\n[groups.koeln]\nplaces = [\"koeln\"]\n[[routes]]\nname = \"all from Köln\"\namong = \"koeln\"\n").await;
    browser.tap("#change button[value=draft]").await;
    browser.until("the draft to choose", "document.querySelector('#try [name=rules]')").await;
    fill("articles", "tea 3").await;
    fill("rules", "draft").await;
    browser.tap("#try button").await;
    browser.until("the draft's answer", "document.querySelector('#parts')?.innerText.includes('koeln')").await;
    browser.tap("#change button[value=keep]").await;
    browser.until("the version", "document.querySelector('#versions td a')?.innerText === '1'").await;
    assert!(browser.text("#rules").await.contains("version 1"));
    faults.extend(faults_of_flowing(&browser, "the version").await);
    browser.end().await;
    office.stop().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
