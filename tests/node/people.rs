//! People by request, as a till's page and head office's page send them: signing in, wrong PINs, another person's word.

use counterfoil::retail::Event;
use serde_json::json;

use super::office::{Chain, PATIENCE, put};
use super::*;
use crate::web::http::{Reply, send};

const AT: &str = "/api/v1/workstations/1";

async fn sign_in(chain: &Chain, staff: &str, pin: &str) -> Reply {
    chain.desk("POST", &format!("{AT}/sign-in"), json!({"staff": staff, "pin": pin})).await
}

async fn approve(chain: &Chain, staff: &str, pin: &str) -> Reply {
    chain.desk("POST", &format!("{AT}/approve"), json!({"staff": staff, "pin": pin})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_beyond_a_cashier_is_done_with_another_persons_word() {
    let chain = Chain::open().await;
    let undone = chain.desk("POST", &format!("{AT}/undo"), json!({})).await;
    assert_eq!((undone.status, undone.code().as_str()), (403, "sign_in_first"));
    assert_eq!(sign_in(&chain, "nobody", "4711").await.code(), "staff_unknown");
    assert_eq!(sign_in(&chain, "anna", "4711").await.status, 200);
    assert_eq!(chain.get(AT).await.json()["signed_in"]["staff"], "anna");
    chain.at_till("scan", json!({"code": MILK})).await;

    let refused = chain.desk("POST", &format!("{AT}/void"), json!({"id": "void"})).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "needs_override"));
    assert_eq!(chain.get(AT).await.json()["needs_approval"], true);
    assert_eq!(approve(&chain, "anna", "4711").await.code(), "override_by_oneself");
    assert_eq!(approve(&chain, "ben", "1234").await.code(), "pin_wrong");
    let done = approve(&chain, "ben", "4711").await;
    assert!(done.status == 200 && done.json()["seq"].as_u64() > Some(0), "{}", done.body);
    assert!(chain.get(AT).await.json()["basket"].is_null());
    assert_eq!(approve(&chain, "ben", "4711").await.json()["seq"], 0, "nothing waits any more");

    // Both are on the record of the act.
    let seq = done.json()["seq"].as_u64().unwrap();
    let folder = chain.node().shared().journal_folder.clone();
    let record = counterfoil::journal::Reader::open(&folder).unwrap().read_one(seq).unwrap();
    let events = counterfoil::node::replay::events(&record).unwrap();
    let given = events.iter().find_map(|event| match event {
        Event::OverrideGiven { by, staff, .. } => Some((by.to_string(), staff.as_ref().map(ToString::to_string))),
        _ => None,
    });
    assert_eq!(given, Some(("ben".to_owned(), Some("anna".to_owned()))));

    // Given up, it is gone.
    chain.at_till("scan", json!({"code": MILK})).await;
    assert_eq!(chain.desk("POST", &format!("{AT}/void"), json!({})).await.code(), "needs_override");
    assert_eq!(chain.desk("DELETE", &format!("{AT}/approve"), serde_json::Value::Null).await.status, 204);
    assert_eq!(approve(&chain, "ben", "4711").await.json()["seq"], 0);
    chain.at_till("lock", json!({})).await;
    assert_eq!(chain.desk("POST", &format!("{AT}/undo"), json!({})).await.code(), "sign_in_first");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_pins_make_one_person_wait_everywhere_also_after_a_restart() {
    let chain = Chain::open().await;
    for left in (0..5).rev() {
        let missed = sign_in(&chain, "anna", "0000").await;
        assert_eq!((missed.status, missed.code().as_str()), (403, "pin_wrong"), "{left} left: {}", missed.body);
    }
    let missed_at = Instant::now();
    // Thirty seconds are long for this test, and not for ever: what came after them says nothing.
    let waits = |reply: Reply| {
        if missed_at.elapsed() < Duration::from_secs(29) {
            assert_eq!((reply.status, reply.code().as_str()), (429, "staff_locked_out"), "{}", reply.body);
            assert!(reply.header("retry-after").is_some());
        }
    };
    waits(sign_in(&chain, "anna", "4711").await);
    let elsewhere = chain.desk("POST", "/api/v1/workstations/2/sign-in", json!({"staff": "anna", "pin": "4711"})).await;
    waits(elsewhere);
    waits(chain.desk("POST", "/api/v1/desk/sign-in", json!({"staff": "anna", "pin": "4711"})).await);
    assert_eq!(sign_in(&chain, "ben", "4711").await.status, 200, "nobody else waits");

    let chain = chain.restart().await;
    waits(sign_in(&chain, "anna", "4711").await);
    assert_eq!(sign_in(&chain, "ben", "4711").await.status, 200);
    chain.stop().await;
}

/// All at once, before the first of them is answered: five are told that they are wrong, the others nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_pins_at_speed_are_no_more_guesses() {
    let chain = Chain::open().await;
    let guess = || sign_in(&chain, "ben", "0000");
    let (a, b, c, d, e, f) = tokio::join!(guess(), guess(), guess(), guess(), guess(), guess());
    let (g, h, i, j, k, l) = tokio::join!(guess(), guess(), guess(), guess(), guess(), guess());
    let codes: Vec<String> = [a, b, c, d, e, f, g, h, i, j, k, l].iter().map(Reply::code).collect();
    let count = |of: &str| codes.iter().filter(|code| *code == of).count();
    assert_eq!((count("pin_wrong"), count("staff_locked_out")), (5, 7), "{codes:?}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_offices_page_adds_and_takes_away_people_and_shows_no_secret() {
    let chain = Chain::open().await;
    let address = chain.office.address;
    let (host, origin) = (address.to_string(), format!("http://{address}"));
    let form = async |path: &str, body: &str| {
        let headers = [("Host", host.as_str()), ("Origin", origin.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        send(address, "POST", path, &headers, body).await
    };
    assert_eq!(form("/staff", "id=dora&name=Dora+K.&role=cashier&stores=berlin-1&pin=135790&badge=STAFF-77001").await.status, 303);
    let page = chain.office_text("/staff").await;
    assert!(page.contains("Dora K."));
    assert!(!page.contains("135790") && !page.contains("STAFF-77001") && !page.contains("argon2"), "{page}");
    let node = chain.node().clone();
    let known = |id: &str, is_known: bool| {
        let (node, id) = (node.clone(), id.to_owned());
        async move {
            counterfoil::head_office::bench::wait_until(PATIENCE, || node.screen().staff.iter().any(|p| p.id.as_str() == id) == is_known)
                .await
        }
    };
    known("dora", true).await.unwrap();
    assert_eq!(sign_in(&chain, "dora", "135790").await.status, 200);
    // A badge is scanned like an article.
    assert_eq!(chain.desk("POST", "/api/v1/workstations/2/scan", json!({"code": "STAFF-77001"})).await.status, 200);
    assert_eq!(chain.get("/api/v1/workstations/2").await.json()["signed_in"]["staff"], "dora");

    assert_eq!(form("/staff/dora/deactivate", "").await.status, 303);
    known("dora", false).await.unwrap();
    assert_eq!(chain.desk("POST", &format!("{AT}/undo"), json!({})).await.code(), "sign_in_first", "who is gone does nothing more");
    let bad = form("/staff", "id=eve&name=Eve&role=cashier&stores=*&pin=12").await;
    assert_eq!(bad.status, 422, "{}", bad.body);
    assert_eq!(put(address, "/api/v1/staff/eve", &json!({"name": "Eve", "role": "cashier", "pin": "no digits"})).await, 422);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_without_people_starts() {
    let data = tempfile::tempdir().unwrap();
    let text = include_str!("../../docs/node.toml");
    let text = text.split("[people]").next().unwrap().to_owned() + "[[workstation]]\nid = \"1\"\n";
    let text = text.replace("/var/lib/counterfoil", &data.path().display().to_string()).replace("127.0.0.1:8080", "127.0.0.1:0");
    let with_line = parse(&text, Path::new("test")).unwrap();
    assert!(with_line.rules.staff_required, "with a head office there are people");
    let (before, after) = text.split_once("[head_office]").unwrap();
    let alone = parse(&format!("{before}[tax]{}", after.split_once("[tax]").unwrap().1), Path::new("test")).unwrap();
    assert!(!alone.rules.staff_required);
    let running = start(&alone).await.unwrap();
    catalogue(&running.node, 1).await;
    ask(&running.node, "a", "1", scan(MILK)).await.unwrap();
    running.stop().await.unwrap();
}
