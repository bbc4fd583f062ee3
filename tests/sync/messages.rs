//! Customers are told: by mail and by webhook over real sockets, once for each cause, whatever goes wrong on the way.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use counterfoil::head_office::config;
use counterfoil::head_office::messages::{Messages, Way, outbox};
use counterfoil::head_office::serve::{self, Running};
use counterfoil::head_office::{order_exceptions, shops_api};
use counterfoil::ids::StoreId;
use counterfoil::time::SystemClock;
use mail_parser::{MessageParser, MimeHeaders};

pub use super::mail_server::{MailServer, Trouble};
use super::over_http::{Certificates, PATIENCE};

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const DUE_MS: i64 = 1_000;

/// Head office's configuration as a technician writes it, with what it says of messages.
pub fn configured(folder: &Path, tables: &str) -> Messages {
    let text =
        format!("[head_office]\ndata_dir = \"/nowhere\"\ncurrency = \"EUR\"\nlocale = \"de-DE\"\ntime_zone = \"Europe/Berlin\"\n{tables}");
    std::fs::write(folder.join("head-office.toml"), text).unwrap();
    config::load(&folder.join("head-office.toml")).unwrap().messages
}

pub fn by_mail(server: &MailServer) -> String {
    let port = server.port;
    format!("[head_office.mail]\nserver = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"Märkte AG <orders@markt.example>\"\n")
}

fn by_webhook(folder: &Path, port: u16) -> String {
    let secret = folder.join("webhook.secret");
    std::fs::write(&secret, SECRET).unwrap();
    format!("[head_office.webhook]\nurl = \"http://127.0.0.1:{port}/told\"\nsecret_file = {secret:?}\n")
}

async fn office(folder: &Path, messages: Messages) -> Running {
    // The tests' own client wants a TLS provider even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = crate::storage::config(folder, 0);
    config.messages = messages;
    config.time_zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    serve::start(config, Arc::new(SystemClock::new())).await.unwrap()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An order as it stands at head office, and a message of it that is due. Returns the message's number.
async fn due(office: &Running, order: &str, kind: &str, email: &str) -> i64 {
    let content = serde_json::json!({
        "order": order, "store": "berlin-1", "promised_ms": 1, "name": "Zoë \"Ace\" O'Hara", "email": email, "language": "en-GB", "customer": "c-77",
        "lines": [{"sku": "100001", "quantity": 1000}],
    });
    let (order, kind, content) = (order.to_owned(), kind.to_owned(), content.to_string());
    let placed = office.office.write(move |writer, _| {
        let connection = writer.connection();
        connection.execute(
            "INSERT INTO collect_orders (order_no, store, version, content, lines, secret, token, number, placed_ms, promised_ms, expires_ms)
             VALUES (?1, 'berlin-1', 1, ?2, '[]', '', ?3, ?4, 0, 0, 86400000) ON CONFLICT (order_no) DO NOTHING",
            counterfoil::head_office::db::params![order, content, format!("TOKEN-{order}"), number_of(&order)],
        )?;
        let sql = "INSERT INTO order_messages (order_no, store, kind, due_ms) VALUES (?1, 'berlin-1', ?2, ?3) RETURNING id";
        Ok(connection.query_row(sql, counterfoil::head_office::db::params![order, kind, DUE_MS], |row| row.get::<_, i64>(0))?)
    });
    placed.await.unwrap()
}

/// Eight digits of its own for each order.
fn number_of(order: &str) -> String {
    let sum = order.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{:08}", sum % 100_000_000)
}

async fn sendings(office: &Running, message: i64) -> Vec<(String, String, String)> {
    let rows = office.office.read(move |connection| outbox::of(connection, message)).await.unwrap();
    rows.into_iter().map(|row| (row.way, row.outcome, row.detail)).collect()
}

async fn outcome(office: &Running, message: i64, way: &str) -> String {
    let rows = sendings(office, message).await;
    rows.into_iter().find(|row| row.0 == way).map(|row| row.1).unwrap_or_default()
}

async fn is_sent(office: &Running, message: i64) -> bool {
    let asked = office.office.read(move |connection| {
        connection.query_row("SELECT sent_ms IS NOT NULL FROM order_messages WHERE id = ?1", [message], |row| row.get::<_, bool>(0))
    });
    asked.await.unwrap()
}

/// Nobody waits for the next try in a test.
async fn try_now(office: &Running, message: i64) {
    let now = office.office.write(move |writer, _| {
        Ok(writer.connection().execute("UPDATE message_sendings SET next_ms = 0 WHERE message = ?1 AND done_ms IS NULL", [message])?)
    });
    now.await.unwrap();
}

async fn exceptions(office: &Running) -> Vec<String> {
    let rows = office.office.read(|connection| order_exceptions::list(connection, 9)).await.unwrap();
    rows.into_iter().map(|row| format!("{} {}: {}", row.order, row.kind, row.reason)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_says_it_in_the_customers_language_and_shows_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::plain().await;
    let office = office(&folder.path().join("ho"), configured(folder.path(), &by_mail(&server))).await;
    // As customers know the shop.
    let store = StoreId::new("berlin-1").unwrap();
    let unknown = shops_api::give_store_a_name(&office.office, store.clone(), "Berlin", None).await.unwrap_err();
    assert!(unknown.detail.contains("knows no store"), "{unknown:?}");
    let known = office
        .office
        .write(|writer, _| Ok(writer.connection().execute("INSERT INTO stores (store, name) VALUES ('berlin-1', 'berlin-1')", [])?));
    known.await.unwrap();
    let named = reqwest::Client::new().put(format!("http://{}/api/v1/stores/berlin-1", office.pages_address));
    let named = named.json(&serde_json::json!({ "name": " Berlin Mitte, Hauptstraße 1 " })).send().await.unwrap();
    assert_eq!(named.status(), 204);
    for wrong in ["", " ", "Berlin\r\nBcc: x", &"x".repeat(81)] {
        assert!(shops_api::give_store_a_name(&office.office, store.clone(), wrong, None).await.is_err(), "{wrong:?}");
    }
    let message = due(&office, "K1", "ready", "zoe@example.com").await;
    until("the mail", async || server.mails().len() == 1).await;
    let mail = server.mails().remove(0);
    let mail = MessageParser::default().parse(mail.as_bytes()).unwrap();
    assert_eq!(mail.subject(), Some("Your order K1 is ready"));
    assert_eq!(mail.message_id(), Some("K1.ready.1@markt.example"));
    let to = mail.to().unwrap().first().unwrap();
    assert_eq!((to.name(), to.address()), (Some("Zoë \"Ace\" O'Hara"), Some("zoe@example.com")));
    assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("Märkte AG"));
    let number = number_of("K1");
    let text = mail.body_text(0).unwrap();
    assert!(text.contains(&format!("{} {}", &number[..4], &number[4..])), "{text}");
    assert!(text.contains("Zoë") && text.contains("Berlin Mitte, Hauptstraße 1") && text.contains("02/01/1970 01:00"), "{text}");
    let picture = mail.attachment(0).unwrap();
    assert_eq!(picture.attachment_name(), Some("collect-code.png"));
    assert_eq!(code_in(picture.contents()), "TOKEN-K1");
    until("it is noted", async || is_sent(&office, message).await).await;
    assert_eq!(server.seen.lock().unwrap().recipients, ["RCPT TO:<zoe@example.com>"]);

    // What is over needs no code, and somebody without an address is told by people.
    due(&office, "K1", "cancelled", "").await;
    until("the mail", async || server.mails().len() == 2).await;
    let mail = server.mails().remove(1);
    let mail = MessageParser::default().parse(mail.as_bytes()).unwrap();
    assert_eq!((mail.subject(), mail.attachment_count()), (Some("Your order K1 is cancelled"), 0));
    let nowhere = due(&office, "K2", "ready", "").await;
    until("nobody to write to", async || outcome(&office, nowhere, "mail").await == "no_address").await;
    let pages = reqwest::get(format!("http://{}/orders", office.pages_address)).await.unwrap().text().await.unwrap();
    assert!(pages.contains("no address") && pages.contains(&format!("/orders/messages/{nowhere}/told")), "{pages}");
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let told = client.post(format!("http://{}/orders/messages/{nowhere}/told", office.pages_address));
    let told = told.header("origin", format!("http://{}", office.pages_address)).send().await.unwrap();
    assert_eq!(told.status(), 303);
    assert!(is_sent(&office, nowhere).await);
    assert_eq!((server.mails().len(), exceptions(&office).await.len()), (2, 0));
    office.stop().await;
}

/// A QR code as a customer's screen would show it.
fn code_in(png: &[u8]) -> String {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (info.width as usize, info.height as usize);
    crate::paper::codes::decode(width, height, |x, y| pixels[y * width + x] < 128, rxing::BarcodeFormat::QR_CODE)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_mail_server_says_decides_what_comes_next() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::plain().await;
    let office = office(&folder.path().join("ho"), configured(folder.path(), &by_mail(&server))).await;

    // Not now: again later, and then it is sent.
    server.trouble(Trouble::Busy);
    let busy = due(&office, "K1", "ready", "zoe@example.com").await;
    until("it waits", async || outcome(&office, busy, "mail").await == "waiting").await;
    assert!(sendings(&office, busy).await[0].2.contains("come back later"));
    assert!(!is_sent(&office, busy).await && server.mails().is_empty());
    try_now(&office, busy).await;
    until("it is sent", async || is_sent(&office, busy).await).await;
    assert_eq!(server.mails().len(), 1);

    // Never: a person sees to it.
    server.trouble(Trouble::NoSuchUser);
    let refused = due(&office, "K2", "ready", "nobody@example.com").await;
    until("it is refused", async || outcome(&office, refused, "mail").await == "refused").await;
    server.trouble(Trouble::Spam);
    let spam = due(&office, "K3", "ready", "zoe@example.com").await;
    until("it is refused", async || outcome(&office, spam, "mail").await == "refused").await;

    // Perhaps: not again by itself. A person has it sent again, as another mail.
    server.trouble(Trouble::DropAfterMessage);
    let perhaps = due(&office, "K4", "ready", "zoe@example.com").await;
    until("nobody knows", async || outcome(&office, perhaps, "mail").await == "perhaps_sent").await;
    try_now(&office, perhaps).await;
    let after = due(&office, "K5", "ready", "zoe@example.com").await;
    until("the next one is sent", async || is_sent(&office, after).await).await;
    assert_eq!(server.seen.lock().unwrap().swallowed.len(), 2, "the spam, and the one that nobody knows of");
    let said = exceptions(&office).await;
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said.iter().any(|said| said.starts_with("K2 message_not_sent") && said.contains("nobody of that name")), "{said:?}");
    assert!(said.iter().any(|said| said.starts_with("K3 message_not_sent") && said.contains("advertising")), "{said:?}");
    assert!(said.iter().any(|said| said.starts_with("K4 message_not_sent") && said.contains("perhaps")), "{said:?}");
    let again = format!("http://{}/api/v1/order-messages/{perhaps}/again", office.pages_address);
    assert_eq!(reqwest::Client::new().post(&again).send().await.unwrap().status(), 204);
    until("it is sent", async || is_sent(&office, perhaps).await).await;
    let last = server.mails().pop().unwrap();
    assert!(last.contains("<K4.ready.2@markt.example>"), "{last}");

    // Taken back before it left, or unknown: nothing to send again.
    for none in [perhaps + 1_000, withdrawn(&office, "K6").await] {
        let again = format!("http://{}/api/v1/order-messages/{none}/again", office.pages_address);
        assert_eq!(reqwest::Client::new().post(&again).send().await.unwrap().status(), 409);
    }
    assert_eq!(server.mails().len(), 3);
    office.stop().await;
}

/// A message that was not true any more before it was due.
async fn withdrawn(office: &Running, order: &str) -> i64 {
    let order = order.to_owned();
    let made = office.office.write(move |writer, _| {
        let sql =
            "INSERT INTO order_messages (order_no, store, kind, due_ms, withdrawn_ms) VALUES (?1, 'berlin-1', 'ready', 1, 2) RETURNING id";
        Ok(writer.connection().query_row(sql, [order], |row| row.get::<_, i64>(0))?)
    });
    made.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_under_way_sends_no_mail_twice_and_loses_no_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let (server, receiver) = (MailServer::plain().await, Receiver::start().await);
    let before = office(&folder.path().join("ho"), Messages::default()).await;
    let message = due(&before, "K1", "ready", "zoe@example.com").await;
    for way in [Way::Mail, Way::Webhook] {
        let taken = before.office.write(move |writer, now_ms| Ok(outbox::take(writer.connection(), way, now_ms, 0)?)).await.unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!(outcome(&before, message, way.name()).await, "under_way");
        // Nobody else takes it meanwhile.
        let again = before.office.write(move |writer, now_ms| Ok(outbox::take(writer.connection(), way, now_ms, 0)?)).await.unwrap();
        assert!(again.is_empty());
    }
    // It may still be leaving: from another head office at the same database.
    let tables = format!("{}{}", by_mail(&server), by_webhook(folder.path(), receiver.port));
    before.stop().await;
    let after = office(&folder.path().join("ho"), configured(folder.path(), &tables)).await;
    let next = due(&after, "K2", "cancelled", "zoe@example.com").await;
    until("the next one is sent", async || is_sent(&after, next).await).await;
    for way in ["mail", "webhook"] {
        assert_eq!(outcome(&after, message, way).await, "under_way");
    }
    let long_ago = after.office.write(move |writer, now_ms| {
        let sql = "UPDATE message_sendings SET begun_ms = ?2 WHERE message = ?1";
        Ok(writer.connection().execute(sql, [message, now_ms - outbox::LEAVING_MS_MAX])?)
    });
    assert_eq!(long_ago.await.unwrap(), 2);
    until("the webhook", async || is_sent(&after, message).await).await;
    assert_eq!(outcome(&after, message, "mail").await, "perhaps_sent");
    assert_eq!((receiver.posts().len(), server.mails().len()), (2, 1), "both of K2, and of K1 what may come twice");
    assert!(exceptions(&after).await.iter().any(|said| said.starts_with("K1") && said.contains("head office stopped meanwhile")));
    after.stop().await;
}

type Post = (HeaderMap, Vec<u8>);

/// A web shop's door for messages.
#[derive(Clone)]
struct Receiver {
    port: u16,
    posts: Arc<Mutex<Vec<Post>>>,
    /// Answers to come; without one, 204. `None` in it: no answer at all.
    answers: Arc<Mutex<Vec<Option<StatusCode>>>>,
}

impl Receiver {
    async fn start() -> Receiver {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Receiver { port: listener.local_addr().unwrap().port(), posts: Arc::default(), answers: Arc::default() };
        let take = async |State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes| {
            receiver.posts.lock().unwrap().push((headers, body.to_vec()));
            let answer = receiver.answers.lock().unwrap().pop();
            match answer {
                Some(None) => std::future::pending().await,
                Some(Some(status)) => status,
                None => StatusCode::NO_CONTENT,
            }
        };
        let router = Router::new().route("/told", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_signed_and_comes_again_with_the_same_id_until_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.answers.lock().unwrap().push(Some(StatusCode::INTERNAL_SERVER_ERROR));
    let office = office(&folder.path().join("ho"), configured(folder.path(), &by_webhook(folder.path(), receiver.port))).await;
    let message = due(&office, "K1", "ready", "").await;
    until("it waits", async || outcome(&office, message, "webhook").await == "waiting").await;
    assert!(sendings(&office, message).await[0].2.contains("500"));
    try_now(&office, message).await;
    until("it is taken", async || is_sent(&office, message).await).await;
    let posts = receiver.posts();
    assert_eq!(posts.len(), 2);
    for (headers, body) in &posts {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("webhook-id"), "K1.ready.1");
        let now = jiff::Timestamp::now().as_second();
        assert!((now - header("webhook-timestamp").parse::<i64>().unwrap()).abs() < 120);
        // HMAC-SHA256 by its definition (RFC 2104), with the 32 bytes of the secret.
        let key: Vec<u8> = (0..32).collect();
        let signed = [format!("K1.ready.1.{}.", header("webhook-timestamp")).as_bytes(), body].concat();
        assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &signed))));
    }
    let body: serde_json::Value = serde_json::from_slice(&posts[1].1).unwrap();
    assert_eq!((body["type"].as_str(), body["due_ms"].as_i64()), (Some("order.ready"), Some(DUE_MS)));
    let data = &body["data"];
    assert_eq!((data["order"].as_str(), data["store"].as_str(), data["customer"].as_str()), (Some("K1"), Some("berlin-1"), Some("c-77")));
    assert_eq!((data["token"].as_str(), data["number"].as_str()), (Some("TOKEN-K1"), Some(number_of("K1").as_str())));
    assert_eq!((data["language"].as_str(), data["subject"].as_str()), (Some("en-GB"), Some("Your order K1 is ready")));

    // Gone for good: a person sees to it, and nothing is posted any more.
    receiver.answers.lock().unwrap().push(Some(StatusCode::GONE));
    let gone = due(&office, "K1", "expired", "").await;
    until("it is refused", async || outcome(&office, gone, "webhook").await == "refused").await;
    assert!(exceptions(&office).await[0].contains("410"));
    office.stop().await;
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let pad = |with: u8| (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect::<Vec<u8>>();
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_hangs_holds_no_mail_up() {
    let folder = tempfile::tempdir().unwrap();
    let (server, receiver) = (MailServer::plain().await, Receiver::start().await);
    receiver.answers.lock().unwrap().extend([None; 20]);
    let tables = format!("{}{}", by_mail(&server), by_webhook(folder.path(), receiver.port));
    let office = office(&folder.path().join("ho"), configured(folder.path(), &tables)).await;
    for order in ["K1", "K2", "K3"] {
        let message = due(&office, order, "ready", "zoe@example.com").await;
        until("the mail", async || outcome(&office, message, "mail").await == "sent").await;
        assert!(!is_sent(&office, message).await, "the web shop does not know of it yet");
    }
    until("it hangs", async || !receiver.posts().is_empty()).await;
    assert_eq!(server.mails().len(), 3);
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_leaves_by_tls_to_the_server_it_is_for_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let (cert, key) = ours.issue("mail", &["localhost"]);
    std::fs::write(folder.path().join("password"), "s3cret\n").unwrap();
    let tables = |server: &MailServer, security: &str, ca: &Path| {
        format!(
            "[head_office.mail]\nserver = \"localhost\"\nport = {}\nsecurity = \"{security}\"\nfrom = \"orders@markt.example\"\n\
             user = \"shop\"\npassword_file = {:?}\nca = {ca:?}\n",
            server.port,
            folder.path().join("password"),
        )
    };
    for (security, after_starttls) in [("tls", false), ("starttls", true)] {
        let server = MailServer::tls(&cert, &key, after_starttls).await;
        let good = office(&folder.path().join(security), configured(folder.path(), &tables(&server, security, &ours.ca()))).await;
        let message = due(&good, "K1", "ready", "zoe@example.com").await;
        until("the mail", async || is_sent(&good, message).await).await;
        good.stop().await;
        // "\0shop\0s3cret" in base 64, and never in the clear.
        assert_eq!(server.seen.lock().unwrap().logins, ["AUTH PLAIN AHNob3AAczNjcmV0"], "{security}");

        let server = MailServer::tls(&cert, &key, after_starttls).await;
        let bad = format!("{security}-bad");
        let bad = office(&folder.path().join(bad), configured(folder.path(), &tables(&server, security, &theirs.ca()))).await;
        let message = due(&bad, "K1", "ready", "zoe@example.com").await;
        until("it is not believed", async || outcome(&bad, message, "mail").await == "waiting").await;
        bad.stop().await;
        let seen = server.seen.lock().unwrap();
        assert!(seen.logins.is_empty() && seen.recipients.is_empty() && seen.mails.is_empty(), "{seen:?}");
    }
    // One that offers no TLS hears neither the password nor the customer's name.
    let server = MailServer::plain().await;
    let office = office(&folder.path().join("plain"), configured(folder.path(), &tables(&server, "starttls", &ours.ca()))).await;
    let message = due(&office, "K1", "ready", "zoe@example.com").await;
    until("it is not believed", async || outcome(&office, message, "mail").await == "waiting").await;
    assert!(sendings(&office, message).await[0].2.contains("STARTTLS"));
    office.stop().await;
    let seen = server.seen.lock().unwrap();
    assert!(seen.dialogues > 0 && seen.logins.is_empty() && seen.recipients.is_empty(), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_channel_can_make_head_office_write_to_somebody_else() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho"), Messages::default()).await;
    for (key, value, says) in [
        ("email", "a@b.example, c@d.example", "e-mail"),
        ("email", "zoe@example.com\r\nBcc: all@example.com", "e-mail"),
        ("email", "zoe", "e-mail"),
        ("language", "de\r\nX: y", "language"),
        ("language", "German", "language"),
    ] {
        let mut placed = serde_json::json!({
            "order": "K1", "store": "berlin-1", "promised_ms": 1_000_000, "lines": [{"sku": "100001", "quantity": 1000}],
        });
        placed[key] = value.into();
        let problem = counterfoil::head_office::orders::place(&office.office, serde_json::from_value(placed).unwrap()).await.unwrap_err();
        let problem = serde_json::to_value(&problem).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    office.stop().await;
}
