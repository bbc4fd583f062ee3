//! The line over real sockets: a stand-in node with a real journal, head office with its doors, on loopback.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterfoil::head_office::HeadOfficeConfig;
use counterfoil::head_office::bench::{self, StandIn, wait_until};
use counterfoil::head_office::feeds;
use counterfoil::head_office::serve::{self, Running};
use counterfoil::ids::{Sku, StoreId};
use counterfoil::money::{Currency, Qty};
use counterfoil::node::config::HeadOfficeLink;
use counterfoil::retail::{Event, Feed};
use counterfoil::sync::feed::Article;
use counterfoil::time::{Stamp, SystemClock};
use counterfoil::web::tls::TlsFiles;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const PATIENCE: Duration = Duration::from_secs(60);

pub async fn office(folder: &Path) -> Running {
    office_with(folder, |_| {}).await
}

async fn office_with(folder: &Path, change: impl FnOnce(&mut HeadOfficeConfig)) -> Running {
    let mut config = crate::storage::config(folder, 0);
    change(&mut config);
    serve::start(config, Arc::new(SystemClock::new())).await.unwrap()
}

async fn number(office: &Running, sql: &'static str) -> i64 {
    office.office.read(move |connection| connection.query_row(sql, [], |row| row.get(0))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_drains_and_every_sale_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let figures = bench::drain(300, folder.path()).await.unwrap();
    assert_eq!((figures.transactions, figures.records), (300, 300 * 7));
    assert!(figures.wire_bytes < figures.journal_bytes / 3, "{figures:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_office_stops_and_comes_back_and_the_acknowledgement_is_journalled() {
    let folder = tempfile::tempdir().unwrap();
    let first = office(&folder.path().join("ho")).await;
    let address = first.address;
    let node = StandIn::open(&folder.path().join("node"), "s1", "n1").unwrap();
    node.sell(5).unwrap();
    node.start_line(&format!("http://{address}"), None).unwrap();
    wait_until(PATIENCE, || node.acknowledged_seq() >= node.head_seq()).await.unwrap();
    wait_until(PATIENCE, || node.kept().is_some()).await.unwrap();
    assert!(std::fs::read_to_string(folder.path().join("node/head-office.pub")).unwrap().trim().len() == 64);

    first.stop().await;
    node.sell(5).unwrap();
    // While it stops it may still answer, with "come back"; then nobody answers any more.
    let unreachable =
        wait_until(PATIENCE, || !node.node().screen().link.online && node.node().screen().link.why.contains("cannot be reached")).await;
    assert!(unreachable.is_ok(), "{}", node.node().screen().link.why);
    let again = office_with(&folder.path().join("ho"), |config| config.listen = address).await;
    wait_until(PATIENCE, || node.acknowledged_seq() >= node.head_seq()).await.unwrap();
    assert_eq!(number(&again, "SELECT count(*) FROM transactions").await, 10);
    assert_eq!(number(&again, "SELECT count(*) FROM incidents").await, 0);
    again.stop().await;
}

/// A relay that lets only so many bytes a second through per connection, as a bad line does.
async fn slow_relay(to: SocketAddr, bytes_per_second: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let far = TcpStream::connect(to).await.unwrap();
                let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.into_split(), far.into_split());
                let up = async move {
                    let mut buffer = vec![0; (bytes_per_second / 50).max(1)];
                    while let Ok(count @ 1..) = near_in.read(&mut buffer).await {
                        if far_out.write_all(&buffer[..count]).await.is_err() {
                            return;
                        }
                        // The line's speed, not a wait for something to happen.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                };
                let down = async move { tokio::io::copy(&mut far_in, &mut near_out).await };
                tokio::select! { () = up => {}, _ = down => {} }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_urgent_record_overtakes_the_backlog() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    let relay = slow_relay(office.address, 20_000).await;
    let node = StandIn::open(&folder.path().join("node"), "s1", "n1").unwrap();
    node.sell(2_000).unwrap();
    let backlog = node.head_seq();
    node.start_line(&format!("http://{relay}"), None).unwrap();
    wait_until(PATIENCE, || node.node().screen().link.online).await.unwrap();
    let event = Event::CountRequested { sku: Sku::new("milk").unwrap(), on_hand: Qty::pieces(-1), at: Stamp::default(), why: None };
    let seq = node.record(&[event]).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while number(&office, "SELECT count(*) FROM urgent WHERE confirmed_ms IS NULL").await == 0 {
        assert!(Instant::now() < deadline, "the urgent record never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(node.acknowledged_seq() < backlog, "the urgent record waited until the backlog was gone");
    let urgent = office.office.read(|connection| counterfoil::head_office::queries::urgent(connection, 10)).await.unwrap();
    assert_eq!((urgent[0].seq, urgent[0].kinds.as_slice()), (seq, ["count_requested.1".to_owned()].as_slice()));
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_come_down_and_a_changed_list_follows() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    let node = StandIn::open(&folder.path().join("node"), "s1", "n1").unwrap();
    publish(&office, 100, 200).await;
    let published = publish(&office, 100, 200).await;
    assert_eq!((published.version, published.file), (1, None), "the same list again is no new version");
    node.start_line(&format!("http://{}", office.address), None).unwrap();
    let version = |feed: Feed| node.node().screen().feeds.iter().find(|status| status.feed == feed).map_or(0, |status| status.version);
    wait_until(PATIENCE, || version(Feed::Catalogue) == 1).await.unwrap();

    let published = publish(&office, 100, 210).await;
    assert_eq!((published.version, published.added, published.changed, published.removed), (2, 10, 1, 0));
    let store = StoreId::new("s1").unwrap();
    let stock = office.office.folders().clone();
    office
        .office
        .write(move |writer, now_ms| {
            let lines = [("a-1", 5), ("a-2", 7)].map(|(sku, quantity)| Ok((Sku::new(sku).unwrap(), Qty::pieces(quantity))));
            feeds::stage_stock(writer.connection(), lines.into_iter()).unwrap();
            let published = feeds::publish_stock(writer.connection(), &stock, &store, Stamp { ms: now_ms, ..Stamp::default() });
            Ok(published.unwrap())
        })
        .await
        .unwrap();
    wait_until(PATIENCE, || version(Feed::Catalogue) == 2 && version(Feed::Stock) == 1).await.unwrap();
    let files = std::fs::read_dir(folder.path().join("node/feeds")).unwrap().count();
    assert!(files >= 3, "{files} files");
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_come_down_whole_and_only_when_they_changed() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    let node = StandIn::open(&folder.path().join("node"), "s1", "n1").unwrap();
    let publish = async |feed: Feed, names: &[&str]| {
        let folders = office.office.folders().clone();
        let entries = names.iter().map(|name| ((*name).to_owned(), serde_json::json!({"name": name}))).collect();
        let work = move |writer: &mut counterfoil::head_office::writer::Writer, now_ms| {
            let store = StoreId::new("s1").unwrap();
            let (own, made_at) = ((feed == Feed::Staff).then_some(&store), Stamp { ms: now_ms, ..Stamp::default() });
            Ok(feeds::publish_book(writer.connection(), &folders, feed, own, &entries, made_at).unwrap())
        };
        office.office.write(work).await.unwrap()
    };
    assert_eq!(publish(Feed::Prices, &["three-for-two"]).await.version, 1);
    assert_eq!(publish(Feed::Prices, &["three-for-two"]).await.file, None);
    publish(Feed::Staff, &["anna", "ben"]).await;
    node.start_line(&format!("http://{}", office.address), None).unwrap();
    let version = |feed: Feed| node.node().screen().feeds.iter().find(|status| status.feed == feed).map_or(0, |status| status.version);
    wait_until(PATIENCE, || version(Feed::Prices) == 1 && version(Feed::Staff) == 1).await.unwrap();
    let published = publish(Feed::Prices, &["four-for-two"]).await;
    assert_eq!((published.version, published.added, published.removed), (2, 1, 1));
    wait_until(PATIENCE, || version(Feed::Prices) == 2).await.unwrap();
    // The fleet's keys are published by head office itself, once it has pinned one.
    assert!(version(Feed::Keys) <= 1);
    let names: Vec<String> =
        std::fs::read_dir(folder.path().join("node/feeds")).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.starts_with("staff-1-") && name.ends_with(".sealed")), "{names:?}");
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recall_reaches_a_shop_by_the_api_and_ends_there() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    let node = StandIn::open(&folder.path().join("node"), "s1", "n1").unwrap();
    node.start_line(&format!("http://{}", office.address), None).unwrap();
    let client = reqwest::Client::new();
    let address = format!("http://{}/api/v1/recalls", office.pages_address);
    let put = async |id: &str, body: &str| {
        let request = client.put(format!("{address}/{id}")).header("content-type", "application/json").body(body.to_owned());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, words) = put("R-1", r#"{"reason":"Glass","articles":[{"gtin":"4099108000019"}]}"#).await;
    assert!(status == 422 && words.contains("check digit"), "{status} {words}");
    let recall = r#"{"reason":"Glass","articles":[{"gtin":"4099108000018","batches":["L7"]}]}"#;
    assert_eq!(put("R-1", recall).await.0, 204);
    assert_eq!(put("R-1", recall).await.0, 204);
    let version = || node.node().screen().feeds.iter().find(|status| status.feed == Feed::Recalls).map_or(0, |status| status.version);
    wait_until(PATIENCE, || version() == 1).await.unwrap();
    let listed = client.get(&address).send().await.unwrap().text().await.unwrap();
    assert!(listed.contains("04099108000018") && listed.contains("L7"), "{listed}");
    for _ in 0..2 {
        assert_eq!(client.delete(format!("{address}/R-1")).send().await.unwrap().status().as_u16(), 204);
    }
    wait_until(PATIENCE, || version() == 2).await.unwrap();
    assert_eq!(client.get(&address).send().await.unwrap().text().await.unwrap(), "[]");
    office.stop().await;
}

/// The page does what the API does, with the same checks, and shows what was typed again when something is wrong with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recalls_are_entered_and_ended_on_head_offices_page() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    let post = async |path: &str, fields: &[(&str, &str)]| {
        let (status, _, page) = post_form(&office, path, fields).await;
        (status, page)
    };
    let page = async || page_of(&office, "/recalls").await;
    assert!(page().await.contains("Nothing is recalled."));
    let wrong = [("id", "R-7"), ("reason", "Glass <b>"), ("gtins", "4099108000019"), ("batches", "L7, L8")];
    let (status, words) = post("/recalls", &wrong).await;
    assert!(
        status == 422 && words.contains("check digit") && words.contains("value=\"4099108000019\"") && !words.contains("<b>"),
        "{status} {words}"
    );
    assert!(page().await.contains("Nothing is recalled."), "nothing was published");
    let right = [("id", "R-7"), ("reason", "Glass"), ("gtins", "4099108000018"), ("batches", "L7, L8"), ("unmarked", "sell")];
    assert_eq!(post("/recalls", &right).await.0, 303);
    let shown = page().await;
    for words in ["R-7", "04099108000018", "batch L7, L8", "may be sold"] {
        assert!(shown.contains(words), "{words} is not on {shown}");
    }
    assert_eq!(post("/recalls/R-7/end", &[]).await.0, 303);
    assert!(page().await.contains("Nothing is recalled."));
    office.stop().await;
}

/// A form of head office's own pages, as a browser sends it: status, where it leads to, and the page.
pub async fn post_form(office: &Running, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
    let origin = format!("http://{}", office.pages_address);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let body = reqwest::Url::parse_with_params("http://x/", fields).unwrap().query().unwrap_or_default().to_owned();
    let request = client.post(format!("{origin}{path}")).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.header("origin", &origin).body(body).send().await.unwrap();
    let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status().as_u16(), to, answer.text().await.unwrap())
}

pub async fn page_of(office: &Running, path: &str) -> String {
    reqwest::get(format!("http://{}{path}", office.pages_address)).await.unwrap().text().await.unwrap()
}

/// Publishes `count` articles; the price of the first follows the count.
async fn publish(office: &Running, price: i64, count: u32) -> feeds::Published {
    let folders = office.office.folders().clone();
    office
        .office
        .write(move |writer, now_ms| {
            let article = |index: u32| Article {
                sku: Sku::new(&format!("a-{index}")).unwrap(),
                name: format!("Article {index}"),
                unit: counterfoil::money::Unit::Piece,
                tax_class: counterfoil::ids::TaxClassId::new("A").unwrap(),
                group: String::new(),
                brand: None,
                price: Some(counterfoil::money::Money::from_minor(if index == 1 { price + i64::from(count) } else { price })),
                codes: Vec::new(),
                location: None,
                age_min: None,
            };
            feeds::stage_articles(writer.connection(), (1..=count).map(|index| Ok(article(index)))).unwrap();
            let currency = Currency::from_code("EUR").unwrap();
            let at = Stamp { ms: now_ms, ..Stamp::default() };
            Ok(feeds::publish_catalogue(writer.connection(), &folders, &currency, at).unwrap())
        })
        .await
        .unwrap()
}

/// A CA, a server certificate for loopback, and one client certificate per name.
pub(super) struct Certificates {
    folder: tempfile::TempDir,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Certificates {
    pub(super) fn new() -> Certificates {
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Certificates { folder, issuer: rcgen::Issuer::new(params, key) }
    }
    pub(super) fn issue(&self, file: &str, names: &[&str]) -> (std::path::PathBuf, std::path::PathBuf) {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        let (cert, key_file) = (self.folder.path().join(format!("{file}.pem")), self.folder.path().join(format!("{file}.key")));
        std::fs::write(&cert, certificate.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        (cert, key_file)
    }
    pub(super) fn ca(&self) -> std::path::PathBuf {
        self.folder.path().join("ca.pem")
    }
    fn server(&self) -> TlsFiles {
        let (cert, key) = self.issue("server", &["127.0.0.1", "localhost"]);
        TlsFiles { cert, key, client_ca: Some(self.ca()) }
    }
    fn link(&self, url: String, ca: &Certificates, name: &str) -> HeadOfficeLink {
        let (cert, key) = ca.issue("client", &[name]);
        HeadOfficeLink { url, ca: Some(self.ca()), cert: Some(cert), key: Some(key), public_key: None }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_mutual_tls_only_the_nodes_own_certificate_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let office = office_with(&folder.path().join("ho"), |config| config.tls = Some(ours.server())).await;
    let url = format!("https://{}", office.address);

    let refused = |node: StandIn, words: &'static str| async move {
        let at = Instant::now();
        while !node.node().screen().link.why.contains(words) {
            assert!(at.elapsed() < PATIENCE, "expected {words:?}, got {:?}", node.node().screen().link.why);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(node.acknowledged_seq(), 0);
    };
    // A certificate of another CA: the handshake fails.
    let stranger = StandIn::open(&folder.path().join("stranger"), "s1", "n2").unwrap();
    stranger.start_line(&url, Some(ours.link(url.clone(), &theirs, "n2.s1.counterfoil"))).unwrap();
    refused(stranger, "cannot be reached").await;
    // Head office is not who it says: its CA is unknown here.
    let wary = StandIn::open(&folder.path().join("wary"), "s1", "n3").unwrap();
    wary.start_line(&url, Some(theirs.link(url.clone(), &ours, "n3.s1.counterfoil"))).unwrap();
    refused(wary, "cannot be reached").await;
    // A good certificate, but another node's.
    let posing = StandIn::open(&folder.path().join("posing"), "s1", "n4").unwrap();
    posing.start_line(&url, Some(ours.link(url.clone(), &ours, "n1.s1.counterfoil"))).unwrap();
    refused(posing, "n4.s1.counterfoil").await;
    // No certificate at all.
    let nobody = StandIn::open(&folder.path().join("nobody"), "s1", "n5").unwrap();
    let bare = HeadOfficeLink { cert: None, key: None, ..ours.link(url.clone(), &ours, "n5.s1.counterfoil") };
    nobody.start_line(&url, Some(bare)).unwrap();
    refused(nobody, "cannot be reached").await;

    let node = StandIn::open(&folder.path().join("node"), "s1", "n1").unwrap();
    node.sell(3).unwrap();
    node.start_line(&url, Some(ours.link(url.clone(), &ours, "n1.s1.counterfoil"))).unwrap();
    wait_until(PATIENCE, || node.acknowledged_seq() >= node.head_seq()).await.unwrap();
    assert_eq!(number(&office, "SELECT count(*) FROM transactions").await, 3);
    assert_eq!(number(&office, "SELECT count(*) FROM nodes").await, 1, "nobody else left a trace");
    office.stop().await;
}

/// A raw request; returns the status line's code and the rest.
async fn raw(address: SocketAddr, request: &[u8], then_close: bool) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    if then_close {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_end_is_cut_at_its_limit_and_holds_up_no_other_store() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(folder.path()).await;
    let mut stream = TcpStream::connect(office.address).await.unwrap();
    let head =
        format!("POST /sync/v1/liar/nodes/n1/records?from=1 HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n", office.address);
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b'a'; 0x1_0000], b"\r\n"].concat();
    for _ in 0..16 {
        stream.write_all(&chunk).await.unwrap();
    }

    // In the middle of it another store tells what it sold.
    let node = StandIn::open(&folder.path().join("node"), "s1", "n1").unwrap();
    node.sell(3).unwrap();
    node.start_line(&format!("http://{}", office.address), None).unwrap();
    wait_until(PATIENCE, || node.acknowledged_seq() >= node.head_seq()).await.unwrap();

    let (mut sent, limit) = (16 * 0x1_0000, 4 * counterfoil::sync::wire::BODY_BYTES_MAX);
    while sent < limit && stream.write_all(&chunk).await.is_ok() {
        sent += 0x1_0000;
    }
    assert!(sent < limit, "{sent} bytes were taken");
    assert_eq!(number(&office, "SELECT count(*) FROM transactions").await, 3);
    assert_eq!(number(&office, "SELECT count(*) FROM nodes").await, 1, "the stream left no trace");
    office.stop().await;
}

/// As an earlier release left it: without the columns that came since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_database_gets_what_came_since_and_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let first = office(folder.path()).await;
    let added =
        ["stores.region", "rights.wanted", "order_rights.store_away", "leads.told", "order_parts.accepted_ms", "order_parts.left_ms"];
    let made_older = first.office.write(move |writer, _| {
        for (table, column) in added.map(|name| name.split_once('.').unwrap()) {
            writer.connection().create(&format!("ALTER TABLE {table} DROP COLUMN {column}"))?;
        }
        for table in ["configuration_profiles", "configuration_targets"] {
            writer.connection().create(&format!("DROP TABLE {table}"))?;
        }
        writer.connection().execute("INSERT INTO stores (store, name) VALUES ('s1', 'Shop')", [])?;
        let lead = "INSERT INTO leads (store, epoch, node, named_ms, from_word, cut) VALUES ('s1', 1, 'n1', 5, 0, '')";
        Ok(writer.connection().execute(lead, [])?)
    });
    assert_eq!(made_older.await.unwrap(), 1);
    first.stop().await;
    let again = office(folder.path()).await;
    assert_eq!(number(&again, "SELECT count(*) FROM leads WHERE node = 'n1' AND told IS NULL").await, 1);
    assert_eq!(number(&again, "SELECT count(*) FROM stores WHERE name = 'Shop' AND region IS NULL").await, 1);
    assert_eq!(number(&again, "SELECT count(*) FROM order_parts WHERE accepted_ms > left_ms").await, 0);
    assert_eq!(number(&again, "SELECT count(*) FROM configuration_profiles").await, 0);
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bodies_and_browsers_are_turned_away_and_store_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(folder.path()).await;
    let at = office.address;
    let path = "/sync/v1/s1/nodes/n1";
    let post = |path: &str, headers: &str, body: &[u8]| {
        let mut request =
            format!("POST {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n", body.len())
                .into_bytes();
        request.extend_from_slice(body);
        request
    };
    let packed = zstd::bulk::compress(&vec![b'a'; 100_000], 3).unwrap();
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap();
    let records = format!("{path}/records?from=1");

    let mut half = post(&records, "", &packed);
    half.truncate(half.len() - 10);
    assert_eq!(raw(at, &half, true).await.0, 400, "half-sent body");
    assert_eq!(raw(at, &post(&records, "", &packed[..packed.len() / 2]), false).await.0, 400, "half a frame");
    assert_eq!(raw(at, &post(&records, "", b"not zstd"), false).await.0, 400);
    assert_eq!(raw(at, &post(&records, "", &bomb), false).await.0, 413, "a small body that unpacks to 64 MiB");
    assert_eq!(raw(at, &post(&format!("{path}/locate"), "", b"{}"), false).await.0, 400);
    assert_eq!(raw(at, &post("/sync/v1/s%20x/nodes/n1/locate", "", b"{}"), false).await.0, 400);
    let giant = format!("POST {records} HTTP/1.1\r\nHost: {at}\r\nContent-Length: 99999999\r\n\r\n");
    assert_eq!(raw(at, giant.as_bytes(), false).await.0, 413, "refused before it is sent");
    for mark in ["Origin: http://evil.example\r\n", "Sec-Fetch-Site: same-origin\r\n", "Cookie: a=b\r\n"] {
        let (code, text) = raw(at, &post(&records, mark, &packed), false).await;
        assert_eq!(code, 403, "{mark}");
        assert!(text.contains("not_for_browsers"), "{text}");
    }
    assert_eq!(number(&office, "SELECT count(*) FROM nodes").await, 0);
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_api_show_the_same_and_stand_behind_the_guard() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    let node = StandIn::open(&folder.path().join("node"), "s1", "n1").unwrap();
    node.sell(60).unwrap();
    node.start_line(&format!("http://{}", office.address), None).unwrap();
    wait_until(PATIENCE, || node.acknowledged_seq() >= node.head_seq()).await.unwrap();
    let at = office.address;
    let get = |path: String, headers: &'static str| async move {
        raw(at, format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n{headers}\r\n").as_bytes(), false).await
    };
    let json = |text: &str| -> serde_json::Value {
        let body = text.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(&body[body.find(['{', '[']).unwrap()..=body.rfind(['}', ']']).unwrap()]).unwrap()
    };
    let first = json(&get("/api/v1/transactions?limit=40".into(), "").await.1);
    let cursor = first["next"].as_str().unwrap().to_owned();
    let second = json(&get(format!("/api/v1/transactions?limit=40&cursor={cursor}"), "").await.1);
    assert_eq!((first["rows"].as_array().unwrap().len(), second["rows"].as_array().unwrap().len()), (40, 20));
    assert_eq!(second["next"], serde_json::Value::Null);
    let row = &first["rows"][0];
    let (txn, number) = (row["txn"].as_str().unwrap(), row["number"].as_str().unwrap());
    let sales = json(&get("/api/v1/sales".into(), "").await.1);
    let total: i64 =
        [&first, &second].iter().flat_map(|page| page["rows"].as_array().unwrap()).map(|row| row["total"].as_i64().unwrap()).sum();
    let counted: i64 = sales["rows"].as_array().unwrap().iter().map(|row| row["total"].as_i64().unwrap()).sum();
    assert_eq!(counted, total);
    for (path, words) in [
        ("/".to_owned(), "online"),
        ("/stores/s1".to_owned(), "Nodes"),
        ("/sales".to_owned(), "Day report"),
        ("/stock?store=s1".to_owned(), "unknown"),
        (format!("/transactions?number={number}"), number),
        (format!("/transactions/{txn}"), "SHA-256"),
        ("/incidents".to_owned(), "one whole chain"),
    ] {
        let (code, text) = get(path.clone(), "Accept: text/html\r\n").await;
        assert_eq!(code, 200, "{path}: {text}");
        assert!(text.contains(words), "{path} lacks {words:?}");
        assert!(text.contains("content-security-policy: default-src 'none'"), "{path}");
        assert!(!text.contains("style=") && !text.contains("onclick") && !text.contains("<style"), "{path} has something inline");
    }
    assert_eq!(get("/nowhere".into(), "Accept: text/html\r\n").await.0, 404);
    assert_eq!(get("/api/v1/sales?colour=red".into(), "").await.0, 400, "unknown fields are refused by name");
    let strange = raw(at, b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", false).await;
    assert_eq!(strange.0, 421);
    let forged = format!(
        "POST /incidents/1/close HTTP/1.1\r\nHost: {at}\r\nOrigin: http://evil.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(raw(at, forged.as_bytes(), false).await.0, 403);
    office.stop().await;
}

#[tokio::test]
async fn doors_refuse_what_cannot_be_safe_and_name_what_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let first = office(folder.path()).await;
    let start = |listen: SocketAddr, data: &Path| {
        let mut config = crate::storage::config(data, 0);
        config.listen = listen;
        serve::start(config, Arc::new(SystemClock::new()))
    };
    let words = |result: Result<Running, serve::StartError>| result.err().unwrap().to_string();
    let taken = words(start(first.address, folder.path()).await);
    assert!(taken.contains("in use"), "{taken}");
    let second = words(start("127.0.0.1:0".parse().unwrap(), folder.path()).await);
    assert!(second.contains("another head office"), "{second}");
    let open = words(start("0.0.0.0:0".parse().unwrap(), folder.path()).await);
    assert!(open.contains("without TLS"), "{open}");
    first.stop().await;
}
