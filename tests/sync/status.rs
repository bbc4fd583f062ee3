//! The customer's own page of an order, by a link that nobody guesses, and the word that it takes longer.

use std::sync::Arc;

use counterfoil::head_office::orders::{self, PlacedOrder};
use counterfoil::head_office::serve;
use counterfoil::head_office::{order_messages, status_link};
use counterfoil::retail::order::{OrderAct, OrderState};
use counterfoil::time::SystemClock;
use mail_parser::MessageParser;

use super::messages::{MailServer, by_mail, configured};
use crate::node::orders::{Office, act, find, hand_over, number, placed, shop, staged, state_at, stocked, until};

async fn office(folder: &std::path::Path, server: &MailServer, delayed_ms: Option<i64>) -> Office {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = crate::storage::config(&folder.join("ho"), 0);
    config.messages = configured(folder, &by_mail(server));
    config.public_url = Some("https://status.example".to_owned());
    config.public_listen = "127.0.0.1:0".parse().ok();
    config.order_delayed_ms = delayed_ms;
    serve::start(config, Arc::new(SystemClock::new())).await.unwrap()
}

/// As a proxy in front of the door asks.
async fn ask(office: &Office, path: &str, host: &str) -> reqwest::Response {
    let url = format!("http://{}{path}", office.public_address.unwrap());
    reqwest::Client::new().get(url).header("host", host).send().await.unwrap()
}

async fn page(office: &Office, path: &str) -> String {
    let answer = ask(office, path, "status.example").await;
    assert_eq!(answer.status(), 200, "{path}");
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex, nofollow, noarchive"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(answer.headers()[name], value, "{name}");
    }
    answer.text().await.unwrap()
}

fn text_of(mail: &str) -> String {
    MessageParser::default().parse(mail.as_bytes()).unwrap().body_text(0).unwrap().into_owned()
}

fn subject_of(mail: &str) -> String {
    MessageParser::default().parse(mail.as_bytes()).unwrap().subject().unwrap().to_owned()
}

fn german(order: &str) -> PlacedOrder {
    PlacedOrder { email: "zoe@example.com".to_owned(), language: "de-AT".to_owned(), ..placed(order, 2) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_in_the_message_shows_how_the_order_stands_and_the_code_only_while_it_counts() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::plain().await;
    let office = office(folder.path(), &server, None).await;
    stocked(&office).await;
    let running = shop(&folder.path().join("node"), &office).await;
    let node = running.node.clone();
    orders::place(&office.office, german("K1")).await.unwrap();
    until("K1 in the shop", async || find(&node, "K1").is_some_and(|order| order.state == OrderState::Accepted)).await;
    staged(&node, "K1", "C07").await;
    until("the mail", async || !server.mails().is_empty()).await;
    let text = text_of(&server.mails()[0]);
    let path = text.split_once("https://status.example").unwrap().1.split_whitespace().next().unwrap().to_owned();
    assert_eq!(path.len(), "/o/".len() + status_link::CHARS, "{text}");

    let code = state_at(&office, "K1").await.1.unwrap();
    let ready = page(&office, &path).await;
    assert!(ready.contains("lang=\"de\"") && ready.contains("Liegt zur Abholung bereit") && ready.contains("Z.B."), "{ready}");
    assert!(ready.contains("<svg") && ready.contains(&code.number), "{ready}");
    for private in ["O'Hara", "O&#39;Hara", "Zoë", "zoe@", "+49", "Milk", &code.token, "https://status.example"] {
        assert!(!ready.contains(private), "{private} is on the page");
    }
    // The same page among those of head office.
    let inside = reqwest::get(format!("http://{}{path}", office.pages_address)).await.unwrap();
    assert_eq!((inside.status().as_u16(), &inside.headers()["referrer-policy"]), (200, &"no-referrer".parse().unwrap()));

    act(&node, hand_over("K1", &code.token)).await.unwrap();
    until("it is handed over", async || state_at(&office, "K1").await.0 == "handed_over").await;
    let gone = page(&office, &path).await;
    assert!(gone.contains("Abgeholt") && !gone.contains("<svg") && !gone.contains(&code.number), "{gone}");
    act(&node, OrderAct::TakeBackHandOver { order: number("K1") }).await.unwrap();
    until("it is taken back", async || state_at(&office, "K1").await.0 == "staged").await;
    assert!(page(&office, &path).await.contains(&code.number));
    orders::cancel(&office.office, number("K1")).await.unwrap();
    let cancelled = page(&office, &path).await;
    assert!(!cancelled.contains(&code.number) && cancelled.contains("storniert"), "{cancelled}");
    running.stop().await.unwrap();
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_the_public_door_there_is_nothing_else_and_nobody_guesses() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::plain().await;
    let office = office(folder.path(), &server, None).await;
    for path in ["/", "/orders", "/service", "/api/v1/orders", "/healthz", "/changes", "/sync/v1/s/nodes/n/orders", "/o/", "/o"] {
        assert_eq!(ask(&office, path, "status.example").await.status(), 404, "{path}");
    }
    let url = format!("http://{}/api/v1/orders", office.public_address.unwrap());
    let posted = reqwest::Client::new().post(url).header("host", "status.example").body("{}").send().await.unwrap();
    assert_eq!(posted.status(), 404);
    assert_eq!(ask(&office, "/", "evil.example").await.status(), 421);
    let unknown = ask(&office, &format!("/o/{}", "A".repeat(status_link::CHARS)), "status.example").await;
    assert_eq!((unknown.status().as_u16(), &unknown.headers()["referrer-policy"]), (404, &"no-referrer".parse().unwrap()));
    let page = unknown.text().await.unwrap();
    assert!(page.contains("We do not know this link") && page.contains("Diesen Link kennen wir nicht"), "{page}");
    let style = page.split("href=\"").find(|part| part.contains("status.css")).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(ask(&office, &style, "status.example").await.status(), 200);
    let foreign = counterfoil::web::assets::address("office.css");
    assert_eq!(ask(&office, &foreign, "status.example").await.status(), 404, "nothing of head office's own pages");
    // Whatever is tried, and a long way before anybody finds one.
    let mut last = 0;
    for wrong in 0..30 {
        let secret = format!("{}{}", ["", "..%2f", "%00", "ä", "'"][wrong % 5], "x".repeat(wrong));
        last = ask(&office, &format!("/o/{secret}x"), "status.example").await.status().as_u16();
        assert!([404, 429, 400].contains(&last), "{secret}: {last}");
    }
    assert_eq!(last, 429);
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_it_takes_longer_is_said_once_for_each_promise_and_only_by_the_stores_record() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::plain().await;
    let office = office(folder.path(), &server, Some(0)).await;
    stocked(&office).await;
    let running = shop(&folder.path().join("node"), &office).await;
    let node = running.node.clone();
    let soon = |order: &str, in_ms: i64| {
        let promised_ms = office.office.now_ms() + in_ms;
        PlacedOrder { promised_ms, expires_ms: Some(promised_ms + 10 * 86_400_000), ..german(order) }
    };
    orders::place(&office.office, soon("K1", 500)).await.unwrap();
    until("the mail", async || server.mails().len() == 1).await;
    let mail = server.mails().remove(0);
    assert_eq!(subject_of(&mail), "Ihre Bestellung K1 dauert länger");
    assert!(mail.contains("<K1.delayed.1@") && text_of(&mail).contains("https://status.example/o/"), "{mail}");
    until("K1 in the shop", async || find(&node, "K1").is_some()).await;

    // Promised anew, and not kept again; another order that is ready in time is none of it.
    orders::place(&office.office, soon("K2", 86_400_000)).await.unwrap();
    orders::change(&office.office, soon("K1", 500)).await.unwrap();
    until("the second mail", async || server.mails().len() == 2).await;
    assert!(server.mails()[1].contains("<K1.delayed.2@"));
    staged(&node, "K1", "C07").await;
    until("it is ready", async || server.mails().len() == 3).await;
    assert_eq!(subject_of(&server.mails()[2]), "Ihre Bestellung K1 liegt bereit");

    // A store that is not heard may have everything ready: nobody is told what nobody knows.
    let promised_ms = office.office.now_ms() + 86_400_000;
    let late = async |after_ms: i64| {
        let now_ms = promised_ms + after_ms;
        office.office.read(move |connection| order_messages::late(connection, now_ms, 0)).await.unwrap()
    };
    assert!(late(3_600_000).await.is_empty());
    running.stop().await.unwrap();
    let heard = office.office.write(move |writer, _| {
        let sql = "UPDATE nodes SET last_contact_ms = ?1, waiting = 0";
        Ok(writer.connection().execute(sql, [promised_ms + 3_600_000])?)
    });
    heard.await.unwrap();
    let found = late(3_600_000).await;
    assert_eq!(found.iter().map(|(order, _)| order.as_str()).collect::<Vec<_>>(), ["K2"]);
    let behind = office.office.write(|writer, _| Ok(writer.connection().execute("UPDATE nodes SET waiting = 7", [])?));
    behind.await.unwrap();
    assert!(late(3_600_000).await.is_empty(), "its record is still on its way");
    office.stop().await;
}
