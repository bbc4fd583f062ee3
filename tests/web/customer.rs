//! Customers through the API: exact look-up, consent, one person under one address, and nothing where nobody is signed in.

use std::sync::Arc;

use counterfoil::ids::{StaffId, SubjectRef};
use counterfoil::node::screen::{AtWork, Screen, TillScreen};
use counterfoil::retail::Command;
use counterfoil::retail::customer::Attached;
use counterfoil::web::texts::customer::{ENGLISH, GERMAN};
use serde_json::{Value, json};

use super::http::{Reply, send};
use super::stage::{NOW_MS, Stage, basket, groceries, locale, screen, selling};

async fn call(stage: &Stage, method: &str, path: &str, body: &Value) -> Reply {
    let (host, bearer) = (stage.address.to_string(), format!("Bearer {}", stage.till_token));
    let mut headers = vec![("Host", host.as_str()), ("Authorization", bearer.as_str())];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    if !body.is_empty() {
        headers.push(("Content-Type", "application/json"));
    }
    send(stage.address, method, &format!("/api/v1/workstations/1/{path}"), &headers, &body).await
}

fn eva() -> Value {
    json!({"name": "Eva Muster", "email": "eva@example.org", "phone": "+49 30 12345", "card": "MEMBER-42", "agreed_to": ENGLISH.wording})
}

#[tokio::test]
async fn somebody_is_kept_with_consent_and_found_by_exact_spelling_alone() {
    let stage = Stage::open(screen(selling(basket(groceries()))), locale("en")).await;
    let missing = call(&stage, "POST", "customers/find", &json!({"text": "eva@example.org"})).await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "customer_not_found"));

    for agreed_to in ["", "2020-1-xx"] {
        let mut without = eva();
        without["agreed_to"] = json!(agreed_to);
        let refused = call(&stage, "POST", "customers", &without).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "customer_consent_missing"));
    }
    for (field, value) in [("email", "eva"), ("phone", "12"), ("card", "!"), ("name", "a\u{7}")] {
        let mut bad = eva();
        bad[field] = json!(value);
        let refused = call(&stage, "POST", "customers", &bad).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "customer_details_unusable"), "{field}");
        assert!(!refused.body.contains("example.org"), "nothing personal is said back");
    }
    let kept = call(&stage, "POST", "customers", &eva()).await;
    assert_eq!(kept.status, 200, "{}", kept.body);
    let subject = kept.json()["subject"].as_str().unwrap().to_owned();
    let again = call(&stage, "POST", "customers", &eva()).await;
    assert_eq!(again.json()["subject"], json!(subject), "sent again after the answer was lost");
    let mut other = eva();
    other["name"] = json!("Bob");
    let taken = call(&stage, "POST", "customers", &other).await;
    assert_eq!((taken.status, taken.code().as_str()), (409, "customer_taken"));

    for text in ["EVA@example.org", "0049 30 12345", " MEMBER-42 "] {
        let found = call(&stage, "POST", "customers/find", &json!({ "text": text })).await.json();
        assert_eq!(
            (&found["subject"], &found["name"], &found["agreed_ms"]),
            (&json!(subject), &json!("Eva Muster"), &json!(NOW_MS)),
            "{text}"
        );
        assert_eq!(found["wording"], json!("2026-1-en"));
    }
    for text in ["eva", "example.org", "MEMBER-4", "12345", ""] {
        assert_eq!(call(&stage, "POST", "customers/find", &json!({ "text": text })).await.status, 404, "{text}");
    }
    let card = call(&stage, "POST", "customers/find", &json!({"text": "4111111111111111"})).await;
    assert_eq!(card.code(), "card_data", "a payment card finds nobody and is kept nowhere");

    let reply = call(&stage, "POST", "customer", &json!({"id": "c-1", "subject": subject})).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let reference: SubjectRef = subject.parse().unwrap();
    assert_eq!(stage.last_asked().command, Command::AttachCustomer { subject: reference });
    assert_eq!(call(&stage, "DELETE", "customer?id=c-2", &Value::Null).await.status, 200);
    assert_eq!(stage.last_asked().command, Command::DetachCustomer {});
    assert_eq!(call(&stage, "DELETE", &format!("customers/{subject}?id=c-3"), &Value::Null).await.status, 200);
    assert_eq!(stage.last_asked().command, Command::EraseCustomer { subject: reference });
}

#[tokio::test]
async fn nobody_looks_anybody_up_at_a_till_that_is_locked() {
    let mut shown = screen(selling(basket(groceries())));
    shown.rules = Arc::new(counterfoil::retail::Rules { staff_required: true, ..(*shown.rules).clone() });
    let stage = Stage::open(shown.clone(), locale("en")).await;
    let at_work = |locked| AtWork { staff: StaffId::new("anna").unwrap(), name: "Anna".into(), language: None, locked };
    let with = |locked| -> Screen {
        let mut screen = shown.clone();
        let till = TillScreen { signed_in: Some(at_work(locked)), ..selling(basket(groceries())) };
        screen.workstations.insert(super::stage::ws("1"), Arc::new(till));
        screen
    };
    for locked in [None, Some(true)] {
        if let Some(locked) = locked {
            stage.show(with(locked));
        }
        for (path, body) in [("customers/find", json!({"text": "eva@example.org"})), ("customers", eva())] {
            let refused = call(&stage, "POST", path, &body).await;
            assert_eq!((refused.status, refused.code().as_str()), (403, "sign_in_first"), "{path}");
        }
    }
    stage.show(with(false));
    assert_eq!(call(&stage, "POST", "customers", &eva()).await.status, 200);
    let found = call(&stage, "POST", "customers/find", &json!({"text": "eva@example.org"})).await;
    assert_eq!(found.status, 200, "{}", found.body);
}

#[tokio::test]
async fn the_name_is_for_the_staff_alone() {
    let stage = Stage::open(screen(selling(basket(groceries()))), locale("de")).await;
    let mut german = eva();
    german["agreed_to"] = json!(GERMAN.wording);
    let subject: SubjectRef = call(&stage, "POST", "customers", &german).await.json()["subject"].as_str().unwrap().parse().unwrap();
    let mut with = basket(groceries());
    with.asks.customer = Some(Attached { subject, is_member: true });
    let shown = screen(selling(with));
    assert!(!format!("{shown:?}").contains("Muster"), "what is published holds no name");
    stage.show(shown);
    let (host, bearer) = (stage.address.to_string(), format!("Bearer {}", stage.till_token));
    let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
    let page = async |path: &str| send(stage.address, "GET", path, &headers, "").await.body;
    assert!(page("/till/1").await.contains("Kunde: Eva Muster"));
    let display = page("/display/1").await;
    assert!(!display.contains("Muster") && !display.contains("example.org"), "{display}");
}
