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
    let described: BTreeSet<(String, String)> =
        operations(&description).into_iter().map(|(method, path, _)| (method, path)).collect();
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
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let mut seen = std::collections::BTreeMap::new();
    for source in sources.iter().filter(|path| !path.components().any(|part| part.as_os_str() == "web")) {
        let text = std::fs::read_to_string(source).unwrap();
        for described in text.split("utoipa::ToSchema)]").skip(1) {
            let head: String = described.lines().take_while(|line| !line.contains('{')).chain(described.lines().find(|l| l.contains('{'))).collect();
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

fn files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => files(&path, into),
            path if path.extension().is_some_and(|it| it == "rs") => into.push(path),
            _ => {}
        }
    }
}
