//! The boxes of all shops: what they say of themselves, and alarms by rule, over real sockets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use counterfoil::head_office::fleet::{alarms, rounds};
use counterfoil::head_office::serve::{self, Running};
use counterfoil::time::HandClock;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::messages::{MailServer, Trouble, by_mail, configured};
use super::over_http::PATIENCE;

const BEGIN_MS: i64 = 1_800_000_000_000;
const MINUTE_MS: i64 = 60_000;

struct Stage {
    _folder: TempDir,
    clock: Arc<HandClock>,
    office: Running,
    mail: MailServer,
}

impl Stage {
    async fn open() -> Stage {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (folder, clock, mail) = (tempfile::tempdir().unwrap(), Arc::new(HandClock::at(BEGIN_MS)), MailServer::plain().await);
        let mut config = crate::storage::config(&folder.path().join("ho"), 0);
        config.messages = configured(folder.path(), &by_mail(&mail));
        let office = serve::start(config, clock.clone()).await.unwrap();
        Stage { _folder: folder, clock, office, mail }
    }

    async fn send(&self, method: &str, path: &str, body: Json) -> (u16, Json) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let answer =
            reqwest::Client::new().request(method, format!("http://{}{path}", self.office.address)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Json::Null))
    }

    async fn get(&self, path: &str) -> Json {
        let answer = reqwest::get(format!("http://{}{path}", self.office.address)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// A sign of life, and how it is.
    async fn says(&self, node: &str, report: Json) {
        assert_eq!(self.send("POST", &format!("/sync/v1/s1/nodes/{node}/locate"), json!({"v": 1})).await.0, 200);
        assert_eq!(self.send("POST", &format!("/sync/v1/s1/nodes/{node}/report"), report).await.0, 204);
    }

    /// As head office does by itself now and then.
    async fn look(&self) {
        rounds::look(&self.office.office).await.unwrap();
    }

    async fn pass(&self, minutes: i64) {
        self.clock.advance(minutes * MINUTE_MS);
    }

    /// Open alarms: rule, box, words.
    async fn open_alarms(&self) -> Vec<String> {
        let rows = self.get("/api/v1/alarms?open=true").await["rows"].clone();
        let word = |row: &Json, name: &str| row[name].as_str().unwrap().to_owned();
        let mut words: Vec<String> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| format!("{} {} {}", word(row, "kind"), word(row, "node"), word(row, "text")))
            .collect();
        words.sort();
        words
    }

    async fn mails(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        while self.mail.mails().len() < count {
            assert!(Instant::now() < deadline, "{count} mails were waited for: {:?}", self.mail.mails());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.mail.mails()
    }
}

fn well(at_ms: i64) -> Json {
    json!({"v": 1, "version": "1.4.2", "at_ms": at_ms, "clock": "synchronised", "disk_free": 60, "disk_total": 100,
        "devices": [{"name": "printer-1", "kind": "printer", "state": "ready"}], "what_comes_later": {"x": 1}})
}

fn paper_out(at_ms: i64, since_ms: i64) -> Json {
    let device = json!({"name": "printer-1", "kind": "printer", "state": "attention", "cause": "paper_out", "hint": "put a new roll in", "since_ms": since_ms});
    json!({"v": 1, "version": "1.4.2", "at_ms": at_ms, "disk_free": 60, "disk_total": 100, "devices": [device]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_is_raised_told_once_and_over_when_the_matter_is() {
    let stage = Stage::open().await;
    stage.says("n1", well(BEGIN_MS)).await;
    stage.look().await;
    let fleet = stage.get("/api/v1/fleet").await;
    let row = &fleet["rows"][0];
    assert_eq!((row["node"].as_str(), row["report"]["version"].as_str(), row["online"].as_bool()), (Some("n1"), Some("1.4.2"), Some(true)));
    assert_eq!((&fleet["totals"]["trouble"], &fleet["totals"]["versions"]), (&json!(0), &json!([["1.4.2", 1]])));
    // A fresh head office has rules; none of them writes to anybody.
    let rules = stage.get("/api/v1/alarm-rules").await;
    assert_eq!(rules.as_array().unwrap().len(), 6, "{rules}");
    let rule = json!({"kind": "device", "bound": 10, "mail": ["tech@markt.example", "night@markt.example"]});
    assert_eq!(stage.send("POST", "/api/v1/alarm-rules", rule).await.0, 201);

    // No paper: nothing for ten minutes, then an alarm by the new rule, and by the first one after fifteen.
    let since_ms = BEGIN_MS;
    stage.pass(9).await;
    stage.says("n1", paper_out(BEGIN_MS + 9 * MINUTE_MS, since_ms)).await;
    stage.look().await;
    assert_eq!(stage.open_alarms().await, [""; 0]);
    stage.pass(1).await;
    stage.says("n1", paper_out(BEGIN_MS + 10 * MINUTE_MS, since_ms)).await;
    for _ in 0..3 {
        stage.look().await;
    }
    assert_eq!(stage.open_alarms().await, ["device n1 printer-1: put a new roll in"]);
    let mails = stage.mails(2).await;
    for to in ["tech@markt.example", "night@markt.example"] {
        assert_eq!(mails.iter().filter(|mail| mail.contains(&format!("To: {to}"))).count(), 1, "{mails:?}");
    }
    assert!(mails[0].contains("Subject: Alarm: s1 (s1), box n1: printer-1: put a new roll in"), "{mails:?}");

    // The box falls silent: what it said last is not known to be over. Then it is back with paper.
    stage.pass(20).await;
    stage.look().await;
    assert_eq!(
        stage.open_alarms().await,
        ["device n1 printer-1: put a new roll in", "silent n1 was not heard of any more; the shop goes on by itself"]
    );
    stage.says("n1", well(BEGIN_MS + 30 * MINUTE_MS)).await;
    stage.look().await;
    assert_eq!(stage.open_alarms().await, [""; 0]);
    assert_eq!(stage.mails(4).await.iter().filter(|mail| mail.contains("Subject: Over: s1")).count(), 2);
    let events = stage.get("/api/v1/events?kinds=alarm.*").await;
    let kinds: Vec<&str> = events["rows"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["alarm.raised", "alarm.raised", "alarm.cleared", "alarm.cleared"]);
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_without_a_line_is_one_mail_and_a_mail_server_that_is_away_gets_it_later() {
    let stage = Stage::open().await;
    for node in 0..50 {
        stage.says(&format!("n{node}"), well(BEGIN_MS)).await;
    }
    stage.look().await;
    let rule = json!({"kind": "silent", "bound": 5, "store": "s1", "mail": ["tech@markt.example"]});
    let (status, made) = stage.send("POST", "/api/v1/alarm-rules", rule).await;
    assert_eq!(status, 201);
    stage.mail.trouble(Trouble::Busy);
    stage.pass(6).await;
    stage.look().await;
    assert_eq!(stage.open_alarms().await.len(), 50);
    // It is tried again after its wait, by head office's clock.
    let deadline = Instant::now() + PATIENCE;
    while stage.mail.mails().is_empty() {
        assert!(Instant::now() < deadline, "it was not tried again");
        stage.pass(1).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mails = stage.mails(1).await;
    assert!(mails[0].contains("50 alarms raised") && mails[0].contains("and 10 more"), "{mails:?}");
    // A rule that is ended takes its alarms with it, and nobody is written to about that.
    let path = format!("/api/v1/alarm-rules/{}", made["id"]);
    assert_eq!(stage.send("DELETE", &path, Json::Null).await.0, 204);
    assert_eq!(stage.send("DELETE", &path, Json::Null).await.0, 204);
    let open = stage.office.office.read(|connection| alarms::list(connection, true, 200)).await.unwrap();
    assert!(open.iter().all(|alarm| json!(alarm.rule) != made["id"]), "{open:?}");
    assert_eq!(stage.mails(1).await.len(), 1);
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_report_or_a_rule_is_refused_and_harms_nothing() {
    let stage = Stage::open().await;
    stage.says("n1", well(BEGIN_MS)).await;
    let address = format!("http://{}/sync/v1/s1/nodes/n1/report", stage.office.address);
    let raw = async |body: String| reqwest::Client::new().post(&address).body(body).send().await.unwrap().status().as_u16();
    assert_eq!(raw("{".to_owned()).await, 400);
    assert_eq!(raw(r#"{"v": 1, "devices": 7}"#.to_owned()).await, 400);
    assert_eq!(raw(format!(r#"{{"v": 1, "alarms": ["{}"]}}"#, "x".repeat(300_000))).await, 413);
    // The clock of 1970, and one of the year 200,000: shown as what they are.
    for at_ms in [0, i64::MAX, i64::MIN] {
        assert_eq!(stage.send("POST", "/sync/v1/s1/nodes/n1/report", json!({"v": 1, "at_ms": at_ms})).await.0, 204);
        stage.look().await;
        assert!(stage.open_alarms().await.iter().any(|alarm| alarm.starts_with("clock n1")), "{at_ms}");
    }
    let page = reqwest::get(format!("http://{}/fleet", stage.office.address)).await.unwrap();
    assert_eq!(page.status(), 200);
    for (rule, said) in [
        (json!({"kind": "mood"}), "a rule is one of"),
        (json!({"kind": "silent"}), "say how many minutes"),
        (json!({"kind": "disk", "bound": 100}), "1 to 99 per cent"),
        (json!({"kind": "clock", "bound": -5}), "2 to 86400 seconds"),
        (json!({"kind": "silent", "bound": 5, "store": "s9"}), "there is no store"),
        (json!({"kind": "silent", "bound": 5, "region": "south"}), "no store is in a region"),
        (json!({"kind": "silent", "bound": 5, "mail": ["tech"]}), "is no mail address"),
        (json!({"kind": "silent", "bound": 5, "mail": ["a@b.example\r\nBcc: c@d.example"]}), "is no mail address"),
        (json!({"kind": "silent", "bound": 5, "mail": vec!["a@b.example"; 6]}), "at most 5 addresses"),
    ] {
        let (status, problem) = stage.send("POST", "/api/v1/alarm-rules", rule.clone()).await;
        assert!(status == 422 && problem["detail"].as_str().unwrap().contains(said), "{rule}: {status} {problem}");
    }
    assert_eq!(stage.send("POST", "/api/v1/alarm-rules", json!({"kind": "silent", "bound": 5, "colour": "red"})).await.0, 422);
    stage.office.stop().await;
}
