//! What happened, by cursor and posted: nothing is skipped, whoever writes and whatever a receiver does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use counterfoil::head_office::messages::webhook;
use counterfoil::head_office::office_events::{self, Fact};
use counterfoil::head_office::order_exceptions;
use counterfoil::head_office::serve::Running;
use counterfoil::head_office::storage;
use serde_json::{Value as Json, json};

use super::over_http::{PATIENCE, office};

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn fact<'a>(kind: &'a str, source: &str) -> Fact<'a> {
    Fact { kind, store: "s1", order: "W1", at_ms: 1, known_ms: 2, who: "4", source: source.to_owned(), data: json!({ "of": source }) }
}

async fn happens(office: &Running, kind: &'static str, source: &str) {
    let source = source.to_owned();
    office.office.write(move |writer, _| Ok(office_events::add(writer.connection(), &fact(kind, &source))?)).await.unwrap();
}

async fn ask(office: &Running, query: &str) -> Json {
    let answer = reqwest::get(format!("http://{}/api/v1/events{query}", office.pages_address)).await.unwrap();
    assert_eq!(answer.status(), 200, "{query}");
    answer.json().await.unwrap()
}

async fn send(office: &Running, method: &str, path: &str, body: Json) -> (u16, Json) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = reqwest::Client::new().request(method, format!("http://{}/api/v1/subscriptions{path}", office.pages_address));
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Json::Null))
}

fn sources(page: &Json) -> Vec<String> {
    page["rows"].as_array().unwrap().iter().map(|row| row["data"]["of"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_meets_every_event_once_and_kinds_are_chosen() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    assert_eq!(ask(&office, "").await, json!({ "rows": [], "next": 0, "more": false }));
    for (kind, source) in [("order.ready", "a"), ("stock.x", "b"), ("order.cancelled", "c"), ("order.ready", "a"), ("return.opened", "d")] {
        happens(&office, kind, source).await;
    }
    let all = ask(&office, "?after=0").await;
    assert_eq!(sources(&all), ["a", "b", "c", "d"], "the same fact twice is one event");
    assert!(!all.to_string().contains("\"who\""), "who did it stays here");
    let first = ask(&office, "?limit=3").await;
    assert_eq!((sources(&first).len(), &first["more"]), (3, &json!(true)));
    let rest = ask(&office, &format!("?after={}", first["next"])).await;
    assert_eq!((sources(&rest), &rest["more"]), (vec!["d".to_owned()], &json!(false)));
    assert_eq!(sources(&ask(&office, "?kinds=order.*").await), ["a", "c"]);
    assert_eq!(sources(&ask(&office, "?kinds=return.opened,order.cancelled").await), ["c", "d"]);
    let none = ask(&office, "?kinds=orderx.*").await;
    assert_eq!((sources(&none).len(), &none["next"]), (0, &rest["next"]), "what is of other kinds is passed over");
    for bad in ["?kinds=x'y", "?kinds=ORDER", "?after=-1", "?after=99999999999999999999", "?limit=x", "?colour=red"] {
        let answer = reqwest::get(format!("http://{}/api/v1/events{bad}", office.pages_address)).await.unwrap();
        assert!((400..500).contains(&answer.status().as_u16()), "{bad}");
    }
    // After a restore numbers go on far beyond those that were shown before.
    office.office.write(|writer, _| Ok(writer.restore().map(drop)?)).await.unwrap();
    happens(&office, "order.ready", "e").await;
    let after = ask(&office, &format!("?after={}", rest["next"].as_u64().unwrap() + 1_000)).await;
    assert_eq!(sources(&after), ["e"]);
    office.stop().await;
}

/// Several connections write, some take back what they wrote, and somebody follows all the while.
#[test]
fn with_several_writers_no_event_becomes_visible_behind_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let folders = crate::storage::folders(&folder.path().join("ho"));
    drop(storage::open(&folders).unwrap());
    let written: Vec<String> = std::thread::scope(|scope| {
        let write = |name: usize| {
            let folders = &folders;
            move || {
                let connection = storage::open(folders).unwrap();
                let mut written = Vec::new();
                for turn in 0..40 {
                    let transaction = connection.begin().unwrap();
                    for part in 0..3 {
                        office_events::add(&connection, &fact("order.ready", &format!("{name}/{turn}/{part}"))).unwrap();
                    }
                    if turn % 5 != 4 {
                        transaction.commit().unwrap();
                        written.extend((0..3).map(|part| format!("{name}/{turn}/{part}")));
                    }
                }
                written
            }
        };
        let writers: Vec<_> = (0..4).map(|name| scope.spawn(write(name))).collect();
        let reader = scope.spawn(|| {
            let connection = storage::open_reader(&folders).unwrap();
            let (mut seen, mut cursor) = (Vec::new(), 0);
            let deadline = Instant::now() + PATIENCE;
            while seen.len() < 4 * 32 * 3 {
                assert!(Instant::now() < deadline, "only {} came", seen.len());
                connection.begin_reading().unwrap();
                let page = office_events::after(&connection, cursor, &[], 7).unwrap();
                connection.commit().unwrap();
                cursor = page.next;
                seen.extend(page.rows.into_iter().map(|row| row.data["of"].as_str().unwrap().to_owned()));
            }
            seen
        });
        let mut written: Vec<String> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        let mut seen = reader.join().unwrap();
        written.sort();
        seen.sort();
        assert_eq!(seen, written);
        written
    });
    assert_eq!(written.len(), 384);
}

type Post = (HeaderMap, Vec<u8>);

/// Receivers of events, each behind its own address.
#[derive(Clone, Default)]
struct Receivers {
    posts: Arc<Mutex<BTreeMap<String, Vec<Post>>>>,
    /// What an address answers; without one, 204. `None`: nothing at all.
    answers: Arc<Mutex<BTreeMap<String, Option<StatusCode>>>>,
    port: u16,
}

impl Receivers {
    async fn start() -> Receivers {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receivers = Receivers { port: listener.local_addr().unwrap().port(), ..Receivers::default() };
        let take = async |State(receivers): State<Receivers>, Path(name): Path<String>, headers: HeaderMap, body: Bytes| {
            receivers.posts.lock().unwrap().entry(name.clone()).or_default().push((headers, body.to_vec()));
            let answer = receivers.answers.lock().unwrap().get(&name).copied();
            match answer {
                Some(None) => std::future::pending().await,
                Some(Some(status)) => status,
                None => StatusCode::NO_CONTENT,
            }
        };
        let router = Router::new().route("/{name}", post(take)).with_state(receivers.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receivers
    }

    fn answer(&self, name: &str, with: Option<StatusCode>) {
        self.answers.lock().unwrap().insert(name.to_owned(), with);
    }

    fn recover(&self, name: &str) {
        self.answers.lock().unwrap().remove(name);
    }

    /// What came, in order.
    fn came(&self, name: &str) -> Vec<String> {
        let posts = self.posts.lock().unwrap();
        let of = |(_, body): &Post| serde_json::from_slice::<Json>(body).unwrap()["data"]["data"]["of"].as_str().unwrap().to_owned();
        posts.get(name).map(|posts| posts.iter().map(of).collect()).unwrap_or_default()
    }

    async fn subscribe(&self, office: &Running, name: &str, kinds: &[&str]) -> (i64, String) {
        let wanted = json!({ "name": name, "url": format!("http://127.0.0.1:{}/{name}", self.port), "kinds": kinds });
        let (status, made) = send(office, "POST", "", wanted).await;
        assert_eq!(status, 201, "{made}");
        (made["id"].as_i64().unwrap(), made["secret"].as_str().unwrap().to_owned())
    }
}

async fn state_of(office: &Running, id: i64) -> Json {
    let rows: Json = reqwest::get(format!("http://{}/api/v1/subscriptions", office.pages_address)).await.unwrap().json().await.unwrap();
    rows.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone()
}

/// Nobody waits for the next try in a test.
async fn try_now(office: &Running, id: i64) {
    let now = office
        .office
        .write(move |writer, _| Ok(writer.connection().execute("UPDATE subscriptions SET next_ms = 0 WHERE id = ?1", [id])?));
    now.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_posted_in_order_and_a_receiver_in_trouble_holds_up_nobody_else() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    let receivers = Receivers::start().await;
    happens(&office, "order.ready", "before").await;
    receivers.answer("hangs", None);
    receivers.answer("broken", Some(StatusCode::INTERNAL_SERVER_ERROR));
    let (hangs, _) = receivers.subscribe(&office, "hangs", &[]).await;
    let (broken, _) = receivers.subscribe(&office, "broken", &[]).await;
    let (good, secret) = receivers.subscribe(&office, "good", &["order.*"]).await;
    for source in ["a", "b", "c"] {
        happens(&office, "order.ready", source).await;
        happens(&office, "note.added", &format!("note {source}")).await;
    }
    until("all of its kinds", async || receivers.came("good") == ["a", "b", "c"]).await;
    until("the others were tried", async || receivers.came("hangs") == ["a"] && receivers.came("broken") == ["a"]).await;
    for (headers, body) in &receivers.posts.lock().unwrap()["good"] {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let body_of: Json = serde_json::from_slice(body).unwrap();
        assert_eq!(header("webhook-id"), format!("evt_{}", body_of["data"]["id"]));
        assert_eq!((&body_of["type"], &body_of["data"]["order"]), (&json!("order.ready"), &json!("W1")));
        assert!(webhook::is_signed(&secret, &header("webhook-id"), &header("webhook-timestamp"), &header("webhook-signature"), body));
    }
    until("it is noted", async || state_of(&office, broken).await["failing_since_ms"].is_i64()).await;
    assert!(state_of(&office, broken).await["detail"].as_str().unwrap().contains("500"));
    until("it has everything", async || state_of(&office, good).await["behind"] == 0).await;

    // Back again: in order, each, the one that was refused with the same id.
    receivers.recover("broken");
    try_now(&office, broken).await;
    let expect = ["a", "a", "note a", "b", "note b", "c", "note c"];
    until("what it missed", async || receivers.came("broken") == expect).await;
    let ids: Vec<String> =
        receivers.posts.lock().unwrap()["broken"].iter().map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned()).collect();
    assert_eq!(ids[0], ids[1]);

    // Paused it gets nothing, resumed all; replayed once more.
    assert_eq!(send(&office, "POST", &format!("/{good}/pause"), json!({})).await.0, 204);
    happens(&office, "order.ready", "d").await;
    until("another has it", async || receivers.came("broken").last().is_some_and(|last| last == "d")).await;
    assert_eq!(receivers.came("good").len(), 3);
    assert_eq!(send(&office, "POST", &format!("/{good}/resume"), json!({})).await.0, 204);
    until("it has it too", async || receivers.came("good") == ["a", "b", "c", "d"]).await;
    assert_eq!(send(&office, "POST", &format!("/{good}/replay"), json!({ "after": 0 })).await.0, 204);
    until("all of it again", async || receivers.came("good") == ["a", "b", "c", "d", "before", "a", "b", "c", "d"]).await;
    assert_eq!(send(&office, "DELETE", &format!("/{good}"), json!({})).await.0, 204);
    assert_eq!(send(&office, "DELETE", &format!("/{good}"), json!({})).await.0, 204);
    let (status, why) = send(&office, "POST", &format!("/{good}/resume"), json!({})).await;
    assert_eq!((status, &why["code"]), (409, &json!("subscription_ended")));

    // Too long: given up, somebody looks, and resumed nothing is lost.
    receivers.answer("broken", Some(StatusCode::SERVICE_UNAVAILABLE));
    happens(&office, "order.ready", "e").await;
    until("it fails", async || state_of(&office, broken).await["failing_since_ms"].is_i64()).await;
    let dead_ms = office.office.config().webhook_dead_ms;
    let long_ago = office.office.write(move |writer, now_ms| {
        let sql = "UPDATE subscriptions SET failing_since_ms = ?2, next_ms = 0 WHERE id = ?1";
        Ok(writer.connection().execute(sql, [broken, now_ms - dead_ms])?)
    });
    long_ago.await.unwrap();
    until("it is given up", async || state_of(&office, broken).await["state"] == "dead").await;
    let rows = office.office.read(|c| order_exceptions::list(c, 9)).await.unwrap();
    assert!(rows.iter().any(|row| row.kind == "webhook_dead" && row.reason.contains("broken")), "{rows:?}");
    let page = reqwest::get(format!("http://{}/orders", office.pages_address)).await.unwrap();
    assert_eq!(page.status(), 200, "an exception of no order is shown as well");
    receivers.recover("broken");
    assert_eq!(send(&office, "POST", &format!("/{broken}/resume"), json!({})).await.0, 204);
    until("what it missed", async || receivers.came("broken").iter().filter(|came| *came == "e").count() >= 2).await;

    // Gone for good says the receiver itself.
    receivers.answer("broken", Some(StatusCode::GONE));
    happens(&office, "order.ready", "f").await;
    until("it is given up", async || state_of(&office, broken).await["state"] == "dead").await;
    assert_eq!(receivers.came("hangs"), ["a"], "it had one post open all the while");
    assert_eq!(state_of(&office, hangs).await["state"], "active");
    let page = reqwest::get(format!("http://{}/feeds", office.pages_address)).await.unwrap().text().await.unwrap();
    assert!(page.contains("given up") && page.contains("order.ready") && !page.contains("whsec_"), "{page}");
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_subscribed_says_why() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    for (name, url, kinds) in [
        ("", "https://shop.example/x", json!([])),
        ("x", "http://shop.example/x", json!([])),
        ("x", "ftp://shop.example/x", json!([])),
        ("x", "nowhere", json!([])),
        ("x", "https://shop.example/x", json!(["order.* OR 1=1"])),
    ] {
        let (status, why) = send(&office, "POST", "", json!({ "name": name, "url": url, "kinds": kinds })).await;
        assert_eq!((status, &why["code"]), (422, &json!("subscription_malformed")), "{name} {url} {kinds}");
    }
    let (status, why) = send(&office, "POST", "/77/pause", json!({})).await;
    assert_eq!((status, &why["code"]), (404, &json!("no_such_subscription")));
    let (_, made) = send(&office, "POST", "", json!({ "name": "x", "url": "https://127.0.0.1:1/x" })).await;
    let (status, _) = send(&office, "POST", &format!("/{}/replay", made["id"]), json!({ "after": 5 })).await;
    assert_eq!(status, 422, "there is no such event yet");
    office.stop().await;
}
