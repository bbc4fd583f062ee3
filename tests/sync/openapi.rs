//! The description of head office's API: that it names every address and no other, that it is whole, and that it is true.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use counterfoil::head_office::access::routes;
use counterfoil::head_office::serve::{self, Running};
use counterfoil::time::SystemClock;
use serde_json::Value;
use tempfile::TempDir;

pub struct Stage {
    _folder: TempDir,
    pub office: Running,
    client: reqwest::Client,
}

pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Stage {
    pub async fn new() -> Stage {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let config = crate::storage::config(&folder.path().join("ho"), 0);
        let office = serve::start(config, Arc::new(SystemClock::new())).await.unwrap();
        Stage { _folder: folder, office, client: reqwest::Client::new() }
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let address = format!("http://{}{path}", self.office.address);
        let mut request = self.client.request(method.parse().unwrap(), address).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), body: answer.text().await.unwrap() }
    }

    async fn description(&self) -> Value {
        self.ask("GET", "/api/openapi.json", &[], "").await.json()
    }
}

/// Each operation with its method and path.
fn operations(description: &Value) -> Vec<(String, String, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &'_ Value)| (path.clone(), item.as_object().unwrap().keys().cloned().collect::<Vec<_>>());
    let mut all = Vec::new();
    for (path, methods) in paths.iter().map(of) {
        all.extend(methods.into_iter().map(|method| (method.to_uppercase(), path.clone(), &paths[&path][&method])));
    }
    all
}

/// A route without a description, and a description without a route, are named here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_address_of_the_table_is_described_and_no_other() {
    let stage = Stage::new().await;
    let description = stage.description().await;
    let described: BTreeSet<(String, String)> = operations(&description).into_iter().map(|(method, path, _)| (method, path)).collect();
    let of_api = routes::ROUTES.iter().filter(|rule| rule.path.starts_with("/api/v1/"));
    let table: BTreeSet<(String, String)> = of_api.map(|rule| (rule.method.to_owned(), rule.path.to_owned())).collect();
    let (missing, gone): (Vec<_>, Vec<_>) = (table.difference(&described).collect(), described.difference(&table).collect());
    assert!(missing.is_empty(), "describe these with #[utoipa::path]: {missing:#?}");
    assert!(gone.is_empty(), "these are described, and the table of routes does not know them: {gone:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_whole() {
    let stage = Stage::new().await;
    let description = stage.description().await;
    assert_eq!(description["openapi"], "3.1.0");
    let mut references = Vec::new();
    collect(&description, &mut references);
    assert!(references.len() > 500, "only {} references", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference}"));
        assert!(description.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&description) {
        let what = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{what} has another one's operationId");
        let rule = routes::find(&method, &path).unwrap();
        assert_eq!(operation["x-right"], rule.right.name(), "{what}");
        let named = |place: &str| -> BTreeSet<&str> {
            let all = operation["parameters"].as_array().into_iter().flatten();
            all.filter(|parameter| parameter["in"] == place).map(|parameter| parameter["name"].as_str().unwrap()).collect()
        };
        let in_path: BTreeSet<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        assert_eq!(named("path"), in_path, "{what}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{what} never succeeds");
        for status in ["401", "403", "422"] {
            assert_eq!(responses[status]["$ref"], "#/components/responses/Problem", "{what}");
        }
        assert_eq!(operation["security"].as_array().map(Vec::len), Some(2), "{what}");
    }
}

/// Whoever made it: the framework, a handler or a door.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_error_is_a_problem_that_says_what_to_do() {
    let stage = Stage::new().await;
    let json = [("content-type", "application/json")];
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(3 << 20));
    /// Method, address, headers, body; status and code of the answer.
    type Asked<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str);
    let rows: &[Asked<'_>] = &[
        ("GET", "/api/v1/nothing", &[], "", 404, "not_found"),
        ("PATCH", "/api/v1/stores", &[], "", 405, "wrong_method"),
        ("GET", "/api/v1/places/a%20b", &[], "", 400, "malformed"),
        ("GET", "/api/v1/sales?nothing=1", &[], "", 400, "malformed"),
        ("GET", "/api/v1/stock", &[], "", 400, "malformed"),
        ("PUT", "/api/v1/places/w1", &json, "{", 400, "malformed"),
        ("PUT", "/api/v1/places/w1", &json, r#"{"kind":"moon"}"#, 422, "body_malformed"),
        ("PUT", "/api/v1/places/w1", &[("content-type", "text/plain")], "{}", 415, "not_json"),
        ("PUT", "/api/v1/places/w1", &json, &long, 413, "body_too_large"),
        ("PUT", "/api/v1/places/w1", &json, r#"{"kind":"warehouse","name":""}"#, 422, "place_malformed"),
        ("GET", "/api/v1/places/w1", &[], "", 404, "no_such_place"),
        ("GET", "/api/v1/places/w1", &[("host", "elsewhere.example")], "", 421, "foreign_host"),
    ];
    for (method, path, headers, body, status, code) in rows {
        let answer = stage.ask(method, path, headers, body).await;
        let problem = answer.json();
        let said = (answer.status, answer.header("content-type"), problem["code"].as_str().unwrap_or_default());
        assert_eq!(said, (*status, "application/problem+json", *code), "{method} {path}: {}", answer.body);
        assert_eq!(problem["status"], *status, "{method} {path}");
        for words in ["title", "detail", "remedy"] {
            assert!(!problem[words].as_str().unwrap().is_empty(), "{method} {path}: {words} is empty");
        }
    }
    assert_eq!(stage.ask("PATCH", "/api/v1/stores", &[], "").await.header("allow"), "GET,HEAD");
}

const WAREHOUSE: &str = r#"{"kind":"warehouse","name":"Central"}"#;

/// Two people read the same place; the second one to write hears of the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_meanwhile_is_not_written_over() {
    let stage = Stage::new().await;
    let put = async |path: &str, tag: Option<&str>, body: &str| {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        let answer = stage.ask("PUT", path, &headers, body).await;
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    let tag = async |path: &str| {
        let answer = stage.ask("GET", path, &[], "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.header("etag").to_owned()
    };
    let done = (204, String::new());
    let changed = (412, "changed_meanwhile".to_owned());
    // Nothing is there yet: nothing was seen.
    assert_eq!(put("/api/v1/places/w1", Some("*"), WAREHOUSE).await, changed);
    assert_eq!(stage.ask("GET", "/api/v1/places/w1", &[], "").await.status, 404);
    let channel = r#"{"name":"Shop"}"#;
    let person = r#"{"name":"Anna","role":"cashier","stores":["*"]}"#;
    let recall = r#"{"reason":"Glass","articles":[{"gtin":"04006381333931"}]}"#;
    let resources = [
        ("/api/v1/places/w1", WAREHOUSE, r#"{"kind":"warehouse","name":"Other"}"#),
        ("/api/v1/channels/web", channel, r#"{"name":"Other"}"#),
        ("/api/v1/staff/anna", person, r#"{"name":"Other"}"#),
        ("/api/v1/recalls/r1", recall, r#"{"reason":"Other","articles":[{"gtin":"04006381333931"}]}"#),
    ];
    for (path, first, second) in resources {
        assert_eq!(put(path, None, first).await, done, "{path}");
        let seen = tag(path).await;
        assert_eq!(put(path, Some(&seen), second).await, done, "{path}");
        assert_eq!(put(path, Some(&seen), first).await, changed, "{path}");
        assert!(stage.ask("GET", path, &[], "").await.body.contains("Other"), "{path}: it was written over");
        let both = format!("\"0\", {}", tag(path).await);
        assert_eq!(put(path, Some(&both), first).await, done, "{path}");
    }
    let profile = "/api/v1/configuration/profiles/base";
    assert_eq!(put(profile, None, r#"{"document":""}"#).await.0, 200);
    let seen = tag(profile).await;
    assert_eq!(put(profile, Some(&seen), r#"{"document":"[orders]"}"#).await.0, 200);
    assert_eq!(put(profile, Some(&seen), r#"{"document":""}"#).await, changed);
    let rules = stage.ask("GET", "/api/v1/routing/rules", &[], "").await;
    let kept = serde_json::json!({ "document": rules.json()["document"] }).to_string();
    assert_eq!(put("/api/v1/routing/rules", Some(rules.header("etag")), &kept).await.0, 200);
    assert_eq!(put("/api/v1/routing/rules", Some(rules.header("etag")), &kept).await, changed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_already_is_not_sent_again() {
    let stage = Stage::new().await;
    let json = [("content-type", "application/json")];
    stage.ask("PUT", "/api/v1/places/w1", &json, WAREHOUSE).await;
    for path in ["/api/v1/places/w1", "/api/v1/places", "/api/openapi.json"] {
        let first = stage.ask("GET", path, &[], "").await;
        let tag = first.header("etag");
        assert!(tag.len() > 20 && tag.starts_with('"'), "{path}: {tag:?}");
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"0\", {tag}"), "*".to_owned()] {
            let again = stage.ask("GET", path, &[("if-none-match", &known)], "").await;
            assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", tag), "{path}");
        }
        assert_eq!(stage.ask("GET", path, &[("if-none-match", "\"0\"")], "").await.body, first.body, "{path}");
    }
    let before = stage.ask("GET", "/api/v1/places", &[], "").await;
    stage.ask("PUT", "/api/v1/places/w2", &json, WAREHOUSE).await;
    let after = stage.ask("GET", "/api/v1/places", &[("if-none-match", before.header("etag"))], "").await;
    assert_eq!(after.status, 200, "{}", after.body);
    // An answer that is not there has no tag.
    assert_eq!(stage.ask("GET", "/api/v1/places/w3", &[("if-none-match", "*")], "").await.status, 404);
}

fn collect<'v>(value: &'v Value, into: &mut Vec<&'v str>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| collect(field, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}

/// Two types of one name would silently be described as one.
#[test]
fn no_two_types_are_described_under_one_name() {
    let mut sources = vec![];
    crate::purity::sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let mut seen = std::collections::BTreeMap::new();
    for source in sources.iter().filter(|path| !path.components().any(|part| part.as_os_str() == "web")) {
        let text = std::fs::read_to_string(source).unwrap();
        for described in text.split("utoipa::ToSchema)]").skip(1) {
            let head: String =
                described.lines().take_while(|line| !line.contains('{')).chain(described.lines().find(|l| l.contains('{'))).collect();
            let renamed = head.split_once("schema(as = ").map(|(_, rest)| rest.split([')', ',']).next().unwrap().to_owned());
            let named = ["struct ", "enum "].iter().find_map(|kind| head.split_once(kind));
            let name = renamed.or_else(|| Some(named?.1.split(|c: char| !c.is_alphanumeric()).next()?.to_owned())).unwrap();
            if let Some(other) = seen.insert(name.clone(), source) {
                panic!("{name} is described in {} and in {}: give one of them #[schema(as = …)]", other.display(), source.display());
            }
        }
    }
    assert!(seen.len() > 90, "the sources were read: {seen:?}");
}

/// Every row once, in order, whatever comes meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_goes_on_behind_the_last_row_that_was_seen() {
    let stage = Stage::new().await;
    let json = [("content-type", "application/json")];
    stage.ask("PUT", "/api/v1/channels/web", &json, r#"{"name":"Shop"}"#).await;
    let wrong = async |number: u32| {
        let order = format!(r#"{{"number":"W{number}","lines":[]}}"#);
        assert_eq!(stage.ask("POST", "/api/v1/channels/web/orders", &json, &order).await.status, 422);
    };
    for number in 1..=5 {
        wrong(number).await;
    }
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = stage.ask("GET", &format!("/api/v1/intake-errors?limit=2{cursor}"), &[], "").await;
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        seen.extend(page["rows"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()));
        pages += 1;
        // A new row is in front of what was seen.
        wrong(5 + pages).await;
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((seen, pages), (vec![5, 4, 3, 2, 1], 3));
    let dismissed = r#"{"who":"Anna","reason":"twice"}"#;
    assert_eq!(stage.ask("POST", "/api/v1/intake-errors/5/dismiss", &json, dismissed).await.status, 204);
    let all = stage.ask("GET", "/api/v1/intake-errors", &[], "").await.json();
    let last = all["rows"].as_array().unwrap().last().unwrap()["id"].clone();
    assert_eq!((last, &all["next"]), (Value::from(5), &Value::Null), "what is settled comes last");
}

/// Each list takes a cursor of its own kind on this storage, refuses any other, and never gives more rows than it says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_that_grows_has_pages() {
    let stage = Stage::new().await;
    let description = stage.description().await;
    let mut paged = BTreeSet::new();
    for (_, path, operation) in operations(&description).into_iter().filter(|(method, ..)| method == "GET") {
        let named = |name: &str| operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["name"] == name);
        let is_paged = named("cursor") || named("after");
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let is_bare = schema["type"] == "array";
        if is_bare && !BOUNDED.contains(&path.as_str()) {
            panic!("{path} answers a list without pages: use Page, or name it among those that do not grow");
        }
        if is_paged && !path.contains('{') && !path.ends_with(".csv") {
            paged.insert(path);
        }
    }
    assert!(paged.len() > 15, "{paged:?}");
    let by_day = ["/api/v1/sales", "/api/v1/days", "/api/v1/reconciliations"];
    let by_time = [
        "incidents",
        "exceptions",
        "orders",
        "order-exceptions",
        "order-returns",
        "order-messages",
        "order-issues",
        "intake-errors",
        "alarms",
        "routing/waiting",
    ];
    for (path, cursor) in by_day
        .map(|path| (path.to_owned(), "2026-11-22/s1/EUR"))
        .into_iter()
        .chain(by_time.map(|name| (format!("/api/v1/{name}"), "0.17.3")))
    {
        assert!(paged.contains(&path), "{path} has no pages");
        for (query, status) in
            [("".to_owned(), 200), (format!("cursor={cursor}"), 200), ("cursor=x".to_owned(), 400), ("limit=0".to_owned(), 200)]
        {
            let answer = stage.ask("GET", &format!("{path}?{query}"), &[], "").await;
            assert_eq!(answer.status, status, "{path}?{query}: {}", answer.body);
        }
    }
}

/// Lists without pages: as long as the chain has of these, or as one thing has.
const BOUNDED: &[&str] = &[
    "/api/v1/stores",
    "/api/v1/nodes",
    "/api/v1/places",
    "/api/v1/channels",
    "/api/v1/staff",
    "/api/v1/recalls",
    "/api/v1/subscriptions",
    "/api/v1/alarm-rules",
    "/api/v1/enrol-codes",
    "/api/v1/configuration/profiles",
    "/api/v1/orders/{order}/notes",
    "/api/v1/orders/{order}/issues",
    "/api/v1/routing/order",
];

#[test]
fn a_cursor_comes_back_as_it_went_out_and_nothing_else_is_one() {
    use counterfoil::head_office::paging::{Behind, Start};
    for behind in [Behind::row(true, -7, 42), Behind::row(false, 1_700_000_000_000, "web/#1.2/3"), Behind::start()] {
        assert_eq!(behind.to_string().parse::<Behind>().unwrap(), behind);
    }
    for text in ["", "1", "1.2", "a.2.3", "1.9223372036854775808.3", "1.-9223372036854775808.3"] {
        assert!(text.parse::<Behind>().is_err(), "{text}");
    }
}
