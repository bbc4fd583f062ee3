//! Customer service: an order is found by what the customer has at hand and shows one story from the channel to the counter; what people write
//! of it stays; what they ask for is on the lists of those who do it.

use counterfoil::head_office::orders::{self, PlacedOrder};
use counterfoil::head_office::{order_exceptions, order_returns};
use counterfoil::retail::order::{OrderAct, OrderState};
use serde_json::{Value as Json, json};

use crate::node::orders::{Office, act, find, hand_over, number, office, placed, shop, staged, state_at, stocked, until};

async fn get(office: &Office, path: &str) -> Json {
    let answer = reqwest::get(format!("http://{}{path}", office.pages_address)).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

async fn send(office: &Office, method: &str, path: &str, body: &Json) -> (u16, Json) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = reqwest::Client::new().request(method, format!("http://{}{path}", office.pages_address)).json(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Json::Null))
}

async fn found(office: &Office, asked: &str) -> Vec<String> {
    let url = reqwest::Url::parse_with_params(&format!("http://{}/api/v1/order-search", office.pages_address), [("q", asked)]).unwrap();
    let page: Json = reqwest::get(url).await.unwrap().json().await.unwrap();
    page["rows"].as_array().unwrap().iter().map(|row| row["order"].as_str().unwrap().to_owned()).collect()
}

fn kinds(timeline: &Json) -> Vec<String> {
    timeline["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_shows_one_story_from_the_channel_to_the_counter_and_back() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho"), 0).await;
    stocked(&office).await;
    let running = shop(&folder.path().join("node"), &office).await;
    let node = running.node.clone();
    orders::place(&office.office, placed("K1", 2)).await.unwrap();
    until("K1 in the shop", async || find(&node, "K1").is_some_and(|order| order.state == OrderState::Accepted)).await;
    staged(&node, "K1", "C07").await;
    until("it is ready", async || state_at(&office, "K1").await.0 == "staged").await;
    let code = state_at(&office, "K1").await.1.unwrap();
    act(&node, hand_over("K1", &code.token)).await.unwrap();
    until("it is handed over", async || state_at(&office, "K1").await.0 == "handed_over").await;
    let timeline = get(&office, "/api/v1/orders/K1/timeline").await;
    let steps = ["placed", "received", "accepted", "picking", "picked", "bag_staged", "ready", "handed_over"];
    assert_eq!(kinds(&timeline), steps.map(|step| format!("order.{step}")));
    let step = |kind: &str| timeline["steps"].as_array().unwrap().iter().find(|step| step["kind"] == kind).unwrap().clone();
    assert_eq!(step("order.bag_staged")["data"], json!({ "bag": 1, "place": "C07" }));
    assert_eq!((&step("order.handed_over")["data"]["proof"], &step("order.handed_over")["store"]), (&json!("code"), &json!("berlin-1")));
    assert!(timeline["store"]["last_contact_ms"].is_i64());
    let text = timeline.to_string();
    assert!(!text.contains("O'Hara") && !text.contains("555"), "{text}");

    // The hand-over is taken back; a return asked meanwhile goes with it, and the order is not cancelled by that.
    let asked = send(&office, "POST", "/api/v1/orders/K1/return", &json!({ "who": "Anna", "reason": "broken" })).await;
    assert_eq!(asked.0, 204);
    act(&node, OrderAct::TakeBackHandOver { order: number("K1") }).await.unwrap();
    until("it is taken back", async || state_at(&office, "K1").await.0 == "staged").await;
    let returns = office.office.read(|c| order_returns::list(c, i64::MAX / 2, 9)).await.unwrap();
    assert!(returns.is_empty());
    assert_eq!(find(&node, "K1").unwrap().state, OrderState::Staged, "nobody cancelled it");
    let early = send(&office, "POST", "/api/v1/orders/K1/return", &json!({ "who": "Anna", "reason": "broken" })).await;
    assert_eq!((early.0, &early.1["code"]), (409, &json!("not_handed_over")));

    // A head office that counts everything again tells nothing twice.
    let before = get(&office, "/api/v1/orders/K1/timeline").await;
    let port = office.address.port();
    let stale = office.office.write(|writer, _| Ok(counterfoil::head_office::storage::set_meta(writer.connection(), "projections", "0")?));
    stale.await.unwrap();
    office.stop().await;
    let office = crate::node::orders::office(&folder.path().join("ho"), port).await;
    let after = get(&office, "/api/v1/orders/K1/timeline").await;
    assert_eq!(after["steps"], before["steps"]);
    assert_eq!(state_at(&office, "K1").await.0, "staged");
    running.stop().await.unwrap();
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_found_by_what_the_customer_has_at_hand() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho"), 0).await;
    stocked(&office).await;
    let of = |order: &str, name: &str, email: &str| PlacedOrder {
        name: name.to_owned(),
        email: email.to_owned(),
        phone: "+49 (30) 555-1234".to_owned(),
        ..placed(order, 1)
    };
    for (order, name, email) in [
        ("W100", "Jörg Müller", "joerg@example.com"),
        ("W101", "Anna Müller", "anna@example.com"),
        ("X7", "Anna Groß", "anna.gross@example.org"),
    ] {
        orders::place(&office.office, of(order, name, email)).await.unwrap();
    }
    for (asked, expect) in [
        ("W100", vec!["W100"]),
        ("w10", vec!["W101", "W100"]),
        ("mueller", vec!["W101", "W100"]),
        ("MULLER anna", vec!["W101"]),
        ("anna", vec!["X7", "W101"]),
        ("gross", vec!["X7"]),
        ("JOERG@example.com", vec!["W100"]),
        ("030 5551234", vec![]),
        ("+49 30 5551234", vec!["X7", "W101", "W100"]),
        ("w", vec![]),
        ("", vec![]),
        ("nobody", vec![]),
        ("%", vec![]),
        ("w1%", vec![]),
    ] {
        let mut hits = found(&office, asked).await;
        let mut expect: Vec<String> = expect.into_iter().map(str::to_owned).collect();
        // Placed within the same millisecond their order is that of their numbers.
        hits.sort();
        expect.sort();
        assert_eq!(hits, expect, "{asked}");
    }
    // Page by page, each once.
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&office, &format!("/api/v1/order-search?q=anna&limit=1{cursor}")).await;
        seen.extend(page["rows"].as_array().unwrap().iter().map(|row| row["order"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    seen.sort();
    assert_eq!(seen, ["W101", "X7"]);
    // A changed name replaces the one before.
    orders::change(&office.office, of("X7", "Berta Groß", "berta@example.org")).await.unwrap();
    assert_eq!(found(&office, "anna").await, ["W101"]);
    assert_eq!(found(&office, "berta").await, ["X7"]);
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_and_issues_stay_and_what_is_asked_is_on_the_lists() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho"), 0).await;
    stocked(&office).await;
    orders::place(&office.office, placed("K1", 1)).await.unwrap();
    let note = json!({ "who": "Anna", "text": "She calls back at 5.\nAsk for Zoë." });
    let (status, first) = send(&office, "POST", "/api/v1/orders/K1/notes", &note).await;
    assert_eq!(status, 201);
    let (_, twice) = send(&office, "POST", "/api/v1/orders/K1/notes", &note).await;
    assert_eq!(twice, first, "sent twice it is one note");
    let better = json!({ "who": "Ben", "text": "She calls back at 6.", "replaces": first["id"] });
    assert_eq!(send(&office, "POST", "/api/v1/orders/K1/notes", &better).await.0, 201);
    let again = json!({ "who": "Ben", "text": "At 7.", "replaces": first["id"] });
    let (status, why) = send(&office, "POST", "/api/v1/orders/K1/notes", &again).await;
    assert_eq!((status, &why["code"]), (409, &json!("note_not_replaceable")));
    let notes = get(&office, "/api/v1/orders/K1/notes").await;
    assert_eq!((notes.as_array().unwrap().len(), &notes[1]["replaces"]), (2, &first["id"]), "nothing is deleted");

    for (path, body, code) in [
        ("/api/v1/orders/K9/notes", note.clone(), "order_unknown"),
        ("/api/v1/orders/K1/notes", json!({ "who": "", "text": "x" }), "note_malformed"),
        ("/api/v1/orders/K1/notes", json!({ "who": "A", "text": " " }), "note_malformed"),
        ("/api/v1/orders/K1/notes", json!({ "who": "A", "text": "x".repeat(2_001) }), "note_malformed"),
        ("/api/v1/orders/K1/notes", json!({ "who": "A", "text": "\u{7}" }), "note_malformed"),
        ("/api/v1/orders/K1/notes", json!({ "who": "A", "text": "card 4111 1111 1111 1111" }), "card_data"),
        ("/api/v1/orders/K1/issues", json!({ "who": "A", "text": "x", "owner": "" }), "note_malformed"),
        ("/api/v1/orders/K1/refund", json!({ "who": "A", "reason": "x", "amount": 0 }), "refund_amount"),
        ("/api/v1/orders/K1/refund", json!({ "who": "A", "reason": "", "amount": 5 }), "note_malformed"),
        ("/api/v1/orders/K1/return", json!({ "who": "A", "reason": "x" }), "not_handed_over"),
    ] {
        let (status, answer) = send(&office, "POST", path, &body).await;
        assert!((400..500).contains(&status) && answer["code"] == code, "{path} {body}: {status} {answer}");
    }

    let due_ms = office.office.now_ms() + 3_600_000;
    let issue = json!({ "who": "Anna", "text": "Milk was sour", "owner": "Ben", "due_ms": due_ms });
    let (status, opened) = send(&office, "POST", "/api/v1/orders/K1/issues", &issue).await;
    assert_eq!(status, 201);
    let path = format!("/api/v1/order-issues/{}", opened["id"]);
    let waiting = json!({ "who": "Ben", "text": "Asked the dairy", "owner": "Ben", "status": "waiting", "due_ms": due_ms });
    let (status, row) = send(&office, "PUT", &path, &waiting).await;
    assert_eq!((status, &row["status"]), (200, &json!("waiting")));
    let open = get(&office, "/api/v1/order-issues").await["rows"].clone();
    assert_eq!((open.as_array().unwrap().len(), &open[0]["owner"], &open[0]["due_ms"]), (1, &json!("Ben"), &json!(due_ms)));
    let solved = json!({ "who": "Ben", "owner": "Ben", "status": "solved" });
    assert_eq!(send(&office, "PUT", &path, &solved).await.0, 200);
    assert_eq!(send(&office, "PUT", &path, &solved).await.0, 200, "said twice");
    assert_eq!(get(&office, "/api/v1/order-issues").await["rows"], json!([]));
    let history = get(&office, "/api/v1/orders/K1/notes").await;
    let of_issue = history.as_array().unwrap().iter().filter(|note| note["issue"] == opened["id"]).count();
    assert_eq!(of_issue, 3, "opened, waiting, solved");
    assert_eq!(send(&office, "PUT", "/api/v1/order-issues/999", &solved).await.0, 404);

    let refund = json!({ "who": "Anna", "reason": "Milk was sour", "amount": 129 });
    assert_eq!(send(&office, "POST", "/api/v1/orders/K1/refund", &refund).await.0, 204);
    let rows = office.office.read(|c| order_exceptions::list(c, 9)).await.unwrap();
    assert_eq!((rows.len(), rows[0].kind.as_str(), rows[0].owner.as_str()), (1, "refund_asked", "order desk"));
    assert!(rows[0].reason.contains("1.29 EUR") && rows[0].reason.contains("Anna"), "{}", rows[0].reason);
    let timeline = get(&office, "/api/v1/orders/K1/timeline").await;
    let tail = ["note.added", "note.added", "issue.opened", "issue.changed", "issue.changed", "note.added", "refund.asked"];
    assert_eq!(kinds(&timeline)[1..], tail);
    assert!(!timeline.to_string().contains("sour"), "what people write stays in the notes");

    // What people see: escaped, with every act asked first.
    let page = reqwest::get(format!("http://{}/service/K1", office.pages_address)).await.unwrap().text().await.unwrap();
    assert!(page.contains("O'Hara &lt;b&gt;") && page.contains("Asked the dairy") && page.contains("<s>"), "{page}");
    for act in ["cancel", "return", "refund"] {
        let page = reqwest::get(format!("http://{}/service/K1/{act}", office.pages_address)).await.unwrap().text().await.unwrap();
        assert!(page.contains("Leave it as it is"), "{act}");
    }
    assert_eq!(state_at(&office, "K1").await.0, "placed", "asking changes nothing");
    office.stop().await;
}
