//! Practice from both ends: a real node and a real head office on loopback. What was practised is told and counts nowhere.

use serde_json::{Value, json};

use super::MILK;
use super::office::Chain;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn practice_is_told_and_counts_nowhere() {
    let chain = Chain::open().await;
    chain.sign_in("chris").await;
    chain.at_till("sign-in", json!({"staff": "ben", "pin": "4711"})).await;
    chain.at_till("till", json!({"do": "open", "float": {"total": 10_000}})).await;
    sell(&chain).await;
    chain.all_there().await;
    let mut sales = office(&chain, "/api/v1/sales").await;
    let stock = stock_of(&chain).await;

    chain.at_till("training", json!({"on": true})).await;
    let practised = sell(&chain).await;
    assert_eq!(practised["receipt"].as_str().map(|number| number.ends_with("-T000001")), Some(true), "{practised}");
    chain.at_till("scan", json!({"code": MILK})).await;
    let attempt = chain.at_till("card", json!({})).await["attempt"].as_str().unwrap().to_owned();
    chain.at_till(&format!("card/{attempt}"), json!({"paid": true})).await;
    let customer = json!({"name": "Erika Muster", "email": "erika@example.org", "agreed_to": "2026-1-en"});
    let reply = chain.desk_raw("POST", "/api/v1/workstations/1/customers", customer).await;
    assert_eq!(reply.code(), "not_in_training", "{}", reply.body);
    assert_eq!(chain.get("/api/v1/tills").await.json()[0]["expected"], 10_129);
    assert_eq!(chain.get("/api/v1/day/x").await.json()["report"]["totals"]["total"], 129);

    // The Z here and all of head office's figures are as if nothing had been; the record has it.
    let close = chain.desk("POST", "/api/v1/day/close", json!({})).await;
    assert_eq!(close.status, 200, "{}", close.body);
    let day = chain.get("/api/v1/days").await.json()[0].clone();
    assert_eq!(day["total"], 129);
    chain.all_there().await;
    sales["rows"][0]["closed"] = json!(true);
    assert_eq!(office(&chain, "/api/v1/sales").await, sales);
    assert_eq!(stock_of(&chain).await, stock);
    assert_eq!(office(&chain, "/api/v1/exceptions").await["rows"].as_array().map(Vec::len), Some(0));
    let told = office(&chain, "/api/v1/transactions").await["rows"].clone();
    let practice = told.as_array().unwrap().iter().filter(|row| row["training"] == true).count();
    assert_eq!((told.as_array().unwrap().len(), practice), (3, 2), "{told}");
    chain.stop().await;
}

/// One milk for cash.
async fn sell(chain: &Chain) -> Value {
    chain.at_till("scan", json!({"code": MILK})).await;
    chain.at_till("tenders", json!({"amount": 129})).await
}

async fn office(chain: &Chain, path: &str) -> Value {
    serde_json::from_str(&chain.office_text(path).await).unwrap()
}

/// Without how old the news is.
async fn stock_of(chain: &Chain) -> Value {
    let mut stock = office(chain, "/api/v1/stock?store=berlin-1").await;
    for row in stock["rows"].as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("heard_ms");
    }
    stock
}
