//! The store's back office from both ends: a real node and a real head office on loopback. What the node shows of a report, head office shows.

use std::net::SocketAddr;
use std::sync::Arc;

use counterfoil::head_office::bench::wait_until;
use counterfoil::head_office::serve;
use counterfoil::node::service::{self, Service};
use counterfoil::time::SystemClock;
use counterfoil::web::Extra;
use counterfoil::web::pairing::Scope;
use serde_json::{Value, json};

use super::*;
use crate::web::http::{Reply, send};

pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Chain {
    _folder: tempfile::TempDir,
    pub office: serve::Running,
    pub service: Service,
    /// Of a browser that is paired for the whole store.
    pub cookie: String,
    pub token: String,
    config: NodeConfig,
    secret: String,
    acts: std::cell::Cell<u32>,
}

impl Chain {
    /// A store whose staff list has come, with tills that are opened and counted.
    pub async fn open() -> Chain {
        let folder = tempfile::tempdir().unwrap();
        let office = crate::storage::config(&folder.path().join("ho"), 0);
        let office = serve::start(office, Arc::new(SystemClock::new())).await.unwrap();
        for (id, role) in [("anna", "cashier"), ("ben", "supervisor"), ("chris", "manager")] {
            let person = json!({"name": id, "role": role, "pin": "4711", "stores": ["*"]});
            assert_eq!(put(office.address, &format!("/api/v1/staff/{id}"), &person).await, 204);
        }
        let data = folder.path().join("node");
        let mut config = config(&data);
        config.rules.staff_required = true;
        config.rules.cash_control = true;
        config.head_office = Some(counterfoil::node::config::HeadOfficeLink {
            url: format!("http://{}", office.address),
            ca: None,
            cert: None,
            key: None,
            public_key: None,
        });
        let service = service::open(&config, |_| Extra::default()).await.unwrap();
        let node = service.running.node.clone();
        catalogue(&node, 1).await;
        wait_until(PATIENCE, || node.screen().staff.len() == 3).await.unwrap();
        let invite = service.pairing.invite(Scope::Any);
        let (_, secret) = service.pairing.accept_invite(&invite, "desk").unwrap().unwrap();
        let (_, token) = service.pairing.create_token("books", Scope::Any).unwrap();
        let cookie = format!("counterfoil-{}={secret}", service.address.port());
        Chain { _folder: folder, office, service, cookie, token, config, secret, acts: Default::default() }
    }

    /// The process ends and starts again.
    pub async fn restart(self) -> Chain {
        self.service.running.stop().await.unwrap();
        let service = service::open(&self.config, |_| Extra::default()).await.unwrap();
        let cookie = format!("counterfoil-{}={}", service.address.port(), self.secret);
        Chain { service, cookie, ..self }
    }

    pub fn node(&self) -> &Node {
        &self.service.running.node
    }

    fn fresh(&self) -> String {
        self.acts.set(self.acts.get() + 1);
        format!("t-{}", self.acts.get())
    }

    /// As the browser at the desk.
    pub async fn desk(&self, method: &str, path: &str, mut body: Value) -> Reply {
        if let Some(fields) = body.as_object_mut() {
            fields.entry("id").or_insert_with(|| json!(self.fresh()));
        }
        self.desk_raw(method, path, body).await
    }

    /// The same with the body as it is.
    pub async fn desk_raw(&self, method: &str, path: &str, body: Value) -> Reply {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let (host, origin) = (self.service.address.to_string(), format!("http://{}", self.service.address));
        let mut headers =
            vec![("Host", host.as_str()), ("Cookie", self.cookie.as_str()), ("Origin", origin.as_str()), ("Accept", "text/html")];
        if !text.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        send(self.service.address, method, path, &headers, &text).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.desk("GET", path, Value::Null).await
    }

    /// As a program with a token.
    async fn program(&self, path: &str) -> Reply {
        let (host, bearer) = (self.service.address.to_string(), format!("Bearer {}", self.token));
        send(self.service.address, "GET", path, &[("Host", &host), ("Authorization", &bearer)], "").await
    }

    pub async fn sign_in(&self, staff: &str) {
        let reply = self.desk("POST", "/api/v1/desk/sign-in", json!({"staff": staff, "pin": "4711"})).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    /// An act at till 1, whoever is signed in there.
    pub async fn at_till(&self, path: &str, body: Value) -> Value {
        let reply = self.desk("POST", &format!("/api/v1/workstations/1/{path}"), body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    pub async fn office_text(&self, path: &str) -> String {
        let host = self.office.address.to_string();
        let reply = send(self.office.address, "GET", path, &[("Host", &host), ("Accept", "text/html")], "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.body
    }

    pub async fn all_there(&self) {
        let node = self.node().clone();
        let head = node.durable().borrow().seq;
        wait_until(PATIENCE, || node.screen().link.acknowledged_seq >= head).await.unwrap();
    }

    pub async fn stop(self) {
        self.service.running.stop().await.unwrap();
        self.office.stop().await;
    }
}

pub async fn put(address: SocketAddr, path: &str, body: &Value) -> u16 {
    let (host, text) = (address.to_string(), body.to_string());
    let length = text.len().to_string();
    let headers = [("Host", host.as_str()), ("Content-Type", "application/json"), ("Content-Length", length.as_str())];
    send(address, "PUT", path, &headers, &text).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_back_office_asks_who_reads_and_keeps_counts_blind() {
    let chain = Chain::open().await;
    for path in ["/api/v1/tills", "/api/v1/day/x", "/api/v1/safe", "/api/v1/reports", "/api/v1/reports.csv", "/api/v1/days"] {
        assert_eq!(chain.get(path).await.code(), "sign_in_first", "{path}");
        assert_eq!(chain.program(path).await.status, 200, "a program was let in on the box: {path}");
    }
    let wrong = chain.desk("POST", "/api/v1/desk/sign-in", json!({"staff": "ben", "pin": "9999"})).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (403, "pin_wrong"));
    assert_eq!(chain.get("/api/v1/tills").await.code(), "sign_in_first");
    let own = json!({"id": "mine", "staff": "anna", "pin": "4711"});
    assert_eq!(chain.desk("POST", "/api/v1/desk/sign-in", own).await.status, 200);
    assert_eq!(chain.get("/api/v1/tills").await.code(), "not_allowed", "a cashier reads no reports");
    // One's own sign-in, sent again under another name, lets nobody in.
    let stolen = json!({"id": "mine", "staff": "ben", "pin": "0000"});
    assert_eq!(chain.desk("POST", "/api/v1/desk/sign-in", stolen).await.code(), "command_reused");
    assert_eq!(chain.get("/api/v1/desk").await.json()["staff"], "anna");

    let again = async || chain.desk("POST", "/api/v1/reports/1-0/print", json!({"workstation": "1"})).await.code();
    assert_eq!(again().await, "not_allowed", "nor has one printed");

    chain.sign_in("ben").await;
    assert_eq!(again().await, "report_unknown");
    let till = |reply: &Reply| reply.json()[0].clone();
    assert_eq!(till(&chain.get("/api/v1/tills").await)["state"], "closed");
    chain.at_till("sign-in", json!({"staff": "ben", "pin": "4711"})).await;
    chain.at_till("till", json!({"do": "open", "float": {"total": 10_000}})).await;
    chain.at_till("scan", json!({"code": MILK})).await;
    chain.at_till("tenders", json!({"amount": 500})).await;
    let own = till(&chain.get("/api/v1/tills").await);
    assert_eq!((own["state"].as_str(), own["owner"].as_str()), (Some("open"), Some("ben")));
    assert!(own.get("expected").is_none(), "who counts next is not told: {own}");
    for path in ["/api/v1/tills/1/x", "/api/v1/day/x"] {
        assert_eq!(chain.get(path).await.code(), "count_is_blind", "{path}");
    }

    chain.sign_in("chris").await;
    assert_eq!(till(&chain.get("/api/v1/tills").await)["expected"], 10_129);
    let x = chain.get("/api/v1/tills/1/x").await.json();
    assert_eq!(x["report"]["expected"], 10_129);
    assert!(x["text"].as_str().unwrap().contains("101.29"), "{x}");
    assert_eq!(chain.get("/api/v1/day/x").await.json()["report"]["totals"]["total"], 129);

    chain.at_till("till", json!({"do": "start_count"})).await;
    let counting = till(&chain.get("/api/v1/tills").await);
    assert_eq!(counting["state"], "counting");
    assert!(counting.get("expected").is_none(), "{counting}");
    for path in ["/api/v1/tills/1/x", "/api/v1/day/x"] {
        assert_eq!(chain.get(path).await.code(), "till_being_counted", "{path}");
        assert_eq!(chain.program(path).await.code(), "till_being_counted", "nor is a program: {path}");
    }
    chain.at_till("till", json!({"do": "count", "count": {"total": 10_100}})).await;
    let counted = till(&chain.get("/api/v1/tills").await);
    assert_eq!((counted["expected"].as_i64(), counted["difference"].as_i64()), (Some(10_129), Some(-29)));

    // A token would open all of this to a program: only who manages people makes one.
    let token = async || chain.desk_raw("POST", "/api/v1/tokens", json!({"name": "books"})).await;
    assert_eq!(token().await.status, 200);
    chain.sign_in("ben").await;
    assert_eq!(token().await.code(), "not_allowed");
    assert_eq!(chain.desk("DELETE", "/api/v1/desk/sign-in", Value::Null).await.status, 204);
    assert_eq!(token().await.code(), "sign_in_first");
    assert_eq!(chain.get("/api/v1/tills").await.code(), "sign_in_first");
    assert_eq!(chain.get("/api/v1/desk").await.json()["sign_in_first"], true);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_desk_another_persons_word_goes_with_the_act_and_both_are_on_the_record() {
    let chain = Chain::open().await;
    let reader = json!({"rights": ["read_reports"]});
    assert_eq!(put(chain.office.address, "/api/v1/staff/anna", &reader).await, 204);
    let close = async |id: &str, approval: Value| chain.desk("POST", "/api/v1/day/close", json!({"id": id, "approval": approval})).await;
    let ben = json!({"staff": "ben", "pin": "4711"});
    assert_eq!(close("early", ben.clone()).await.code(), "sign_in_first", "nobody sits there whose word another could add to");
    chain.sign_in("anna").await;
    // Her right comes down in its own time.
    let deadline = std::time::Instant::now() + PATIENCE;
    while chain.get("/api/v1/tills").await.status != 200 {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(close("close", Value::Null).await.code(), "needs_override");
    assert_eq!(close("close", json!({"staff": "anna", "pin": "4711"})).await.code(), "override_by_oneself");
    assert_eq!(close("close", json!({"staff": "ben", "pin": "1234"})).await.code(), "pin_wrong");
    let done = close("close", ben.clone()).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let seq = done.json()["seq"].as_u64().unwrap();
    assert_eq!(close("close", ben).await.json()["seq"].as_u64(), Some(seq), "sent again, it is done once");

    let folder = chain.node().shared().journal_folder.clone();
    let record = counterfoil::journal::Reader::open(&folder).unwrap().read_one(seq).unwrap();
    let given = counterfoil::node::replay::events(&record).unwrap().into_iter().find_map(|event| match event {
        counterfoil::retail::Event::OverrideGiven { by, staff, workstation, .. } => {
            Some((by.to_string(), staff.unwrap().to_string(), workstation))
        }
        _ => None,
    });
    assert_eq!(given, Some(("ben".to_owned(), "anna".to_owned(), None)));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_a_late_card_reads_the_same_in_the_store_and_at_head_office() {
    let chain = Chain::open().await;
    chain.sign_in("chris").await;
    chain.at_till("sign-in", json!({"staff": "ben", "pin": "4711"})).await;
    chain.at_till("till", json!({"do": "open", "float": {"total": 10_000}})).await;
    chain.at_till("scan", json!({"code": MILK})).await;
    chain.at_till("tenders", json!({"amount": 500})).await;
    chain.at_till("till", json!({"do": "start_count"})).await;
    chain.at_till("till", json!({"do": "count", "count": {"total": 10_100}})).await;
    chain.at_till("till", json!({"do": "close", "reason": "wrong_change"})).await;

    // Bank bags: packed and collected by who is at the desk.
    let bag = |amount: i64| json!({"bag": "B-1", "amount": amount});
    assert_eq!(chain.desk("POST", "/api/v1/safe/bags", bag(99_999)).await.code(), "more_than_in_safe");
    assert_eq!(chain.desk("POST", "/api/v1/safe/bags", bag(100)).await.status, 200);
    assert_eq!(chain.get("/api/v1/safe").await.json()["bags"][0]["packed_by"], "chris");
    assert_eq!(chain.desk("POST", "/api/v1/safe/collections", json!({"bag": "B-1"})).await.status, 200);

    // The safe, counted blind at the desk: what should be in it is nowhere to be read until the count is given.
    let safe = async |act: Value| chain.desk("POST", "/api/v1/safe/count", act).await;
    assert_eq!(safe(json!({"do": "start_count"})).await.status, 200);
    let blind = chain.get("/api/v1/safe").await.json();
    assert_eq!((blind["state"].as_str(), blind["counted_by"].as_str(), blind.get("cash")), (Some("counting"), Some("chris"), None));
    let page = chain.get("/office").await.body;
    assert!(page.contains("id=\"count-safe\"") && page.contains("by the record: <span class=\"muted\">blind"), "{page}");
    assert_eq!(safe(json!({"do": "close"})).await.code(), "safe_being_counted");
    let counted = safe(json!({"do": "count", "count": {"pieces": [{"value": 5_000, "count": 1}]}})).await.json();
    assert_eq!(counted["difference"], 5_000, "{counted}");
    assert_eq!(safe(json!({"do": "close"})).await.code(), "difference_reason_missing");
    assert_eq!(safe(json!({"do": "close", "reason": "other"})).await.status, 200);
    assert_eq!(chain.get("/api/v1/safe").await.json()["cash"], 5_000);

    // The line to the bank hangs while the day is closed.
    chain.at_till("scan", json!({"code": MILK})).await;
    let attempt = chain.at_till("card", json!({})).await["attempt"].as_str().unwrap().to_owned();
    assert_eq!(chain.desk("POST", "/api/v1/day/close", json!({})).await.status, 200);
    let before = chain.get("/api/v1/days").await.json()[0].clone();
    assert_eq!((before["total"].as_i64(), before["zs"].as_i64(), before["difference"].as_i64()), (Some(129), Some(1), Some(-29)));

    // Closed too early: the same date is opened again and sells, and only then the bank answers for the sale of before.
    let date = before["date"].as_str().unwrap().to_owned();
    assert_eq!(chain.desk("POST", "/api/v1/day/open", json!({"date": date})).await.status, 200);
    let other = async |path: &str, body: Value| {
        let reply = chain.desk("POST", &format!("/api/v1/workstations/2/{path}"), body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    };
    other("sign-in", json!({"staff": "anna", "pin": "4711"})).await;
    other("till", json!({"do": "open", "float": {"total": 5_000}})).await;
    other("scan", json!({"code": MILK})).await;
    other("tenders", json!({"amount": 129})).await;
    chain.at_till(&format!("card/{attempt}"), json!({"paid": true})).await;
    let day = chain.get("/api/v1/days").await.json()[0].clone();
    assert_eq!((day["total"].as_i64(), day["addenda"].as_i64(), day["tills"].as_i64()), (Some(258), Some(1), Some(1)));
    assert_eq!(chain.desk("POST", "/api/v1/day/close", json!({})).await.status, 200);

    let whole = chain.get(&format!("/api/v1/days/{date}")).await.json();
    assert_eq!((whole["total"].as_i64(), whole["zs"].as_i64()), (Some(387), Some(2)));
    let reports = whole["reports"].as_array().unwrap();
    let kinds: Vec<&str> = reports.iter().map(|report| report["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["till_z", "safe_count", "day_z", "addendum", "day_z"]);
    for report in reports {
        let text = chain.get(&format!("/api/v1/reports/{}/text", report["id"].as_str().unwrap())).await;
        assert_eq!(text.body, report["text"].as_str().unwrap());
        assert!(text.body.contains(&report["sha256"].as_str().unwrap()[..10]), "{}", text.body);
    }
    let table = chain.get(&format!("/api/v1/reports.csv?from={date}&to={date}")).await;
    let rows: Vec<csv::StringRecord> = csv::Reader::from_reader(table.body.as_bytes()).into_records().map(Result::unwrap).collect();
    let column = |name: &str| counterfoil::document::table::COLUMNS.iter().position(|known| *known == name).unwrap();
    let cells = |name: &str| rows.iter().map(|row| row[column(name)].to_owned()).collect::<Vec<_>>();
    assert_eq!(cells("total"), ["", "", "1.29", "1.29", "1.29"]);
    assert_eq!(cells("difference"), ["-0.29", "50.00", "-0.29", "", ""]);
    assert_eq!(chain.get("/api/v1/reports/1-0").await.code(), "report_unknown");
    assert_eq!(chain.get("/api/v1/reports/../x/text").await.status, 404);
    assert_eq!(chain.get("/api/v1/days/2001-01-01").await.code(), "day_unknown");

    // The page of the back office, and head office from the bytes it was sent.
    let page = chain.get(&format!("/office?date={date}")).await;
    assert_eq!(page.status, 200);
    chain.all_there().await;
    let at_office: Value = serde_json::from_str(&chain.office_text(&format!("/api/v1/days/berlin-1/{date}")).await).unwrap();
    let theirs = at_office["reports"].as_array().unwrap();
    assert_eq!(theirs.len(), reports.len());
    let page_there = chain.office_text(&format!("/days/berlin-1/{date}")).await;
    for (ours, theirs) in reports.iter().zip(theirs) {
        assert_eq!((&ours["text"], &ours["sha256"], &ours["kind"]), (&theirs["text"], &theirs["sha256"], &theirs["kind"]));
        let text = ours["text"].as_str().unwrap();
        let shown = text.replace('&', "&amp;");
        assert!(page.body.contains(&shown) && page_there.contains(&shown), "{text}");
    }
    let row = &at_office["days"][0];
    let sums = ["total", "counted", "till_difference", "zs", "addenda", "tills"].map(|name| row[name].as_i64().unwrap());
    assert_eq!(sums, [387, 387, -29, 2, 1, 1], "its total is the sum of Zs and addenda, and of the transactions");
    assert_eq!(chain.office_text("/api/v1/exceptions").await, r#"{"rows":[],"next":null}"#, "a date that is closed twice is nothing odd");
    let sales: Value = serde_json::from_str(&chain.office_text("/api/v1/sales").await).unwrap();
    assert_eq!(sales["rows"][0]["closed"], true);
    let list = chain.office_text("/days").await;
    assert!(list.contains("✓ agrees") && list.contains("3.87"), "{list}");
    let theirs = chain.office_text(&format!("/api/v1/days.csv?store=berlin-1&day={date}")).await;
    for (line, ours) in theirs.lines().skip(1).zip(table.body.lines().skip(1)) {
        assert_eq!(line.strip_prefix("berlin-1,box-1,"), Some(ours));
    }
    chain.stop().await;
}
