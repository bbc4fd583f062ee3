//! Configuration from head office through real nodes: written, looked at, applied, in force at the till and on paper, refused where it does not fit.

use std::sync::Arc;

use counterfoil::device::lang::escpos::{PrinterProfile, paper_text};
use counterfoil::device::sim::SimPrinter;
use counterfoil::head_office::serve::{self, Running as Office};
use counterfoil::node::configuration::Standing;
use counterfoil::time::SystemClock;
use serde_json::{Value as Json, json};

use super::*;
use crate::sync::over_http::{page_of, post_form};

const PATIENCE: Duration = Duration::from_secs(120);

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn office(folder: &Path) -> Office {
    let _ = rustls::crypto::ring::default_provider().install_default();
    serve::start(crate::storage::config(folder, 0), Arc::new(SystemClock::new())).await.unwrap()
}

async fn send(office: &Office, method: &str, path: &str, body: Json) -> (u16, Json) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = reqwest::Client::new().request(method, format!("http://{}/api/v1/{path}", office.pages_address));
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Json::Null))
}

/// A store as if its box had called before.
async fn known(office: &Office, store: &'static str, name: &'static str, region: &'static str) {
    let insert = "INSERT INTO stores (store, name, region) VALUES (?1, ?2, ?3)";
    office.office.write(move |writer, _| Ok(writer.connection().execute(insert, [store, name, region])?)).await.unwrap();
}

/// A shop whose box calls this head office and prints here.
fn box_of(data: &Path, store: &str, office: &Office, printer: &SimPrinter) -> NodeConfig {
    let text = include_str!("../../docs/node.toml").split("[[workstation]]").next().unwrap();
    let text = text.replace("/var/lib/counterfoil", &data.display().to_string()).replace("127.0.0.1:8080", "127.0.0.1:0");
    let text = text.replace("required = true", "required = false").replace("berlin-1", store);
    let text = text.replace("http://127.0.0.1:8090", &format!("http://{}", office.address));
    let till = format!(
        "[[workstation]]\nid = \"1\"\nreceipt_printer = \"printer-1\"\n\
         [[device]]\nname = \"printer-1\"\nkind = \"printer\"\nprofile = \"epson-80mm\"\ntcp = \"{}\"\n",
        printer.port().address()
    );
    parse(&(text + till.as_str()), Path::new("node.toml")).unwrap()
}

fn printer() -> SimPrinter {
    SimPrinter::tcp("127.0.0.1:0", PrinterProfile::built_in("epson-80mm").unwrap(), 0).unwrap()
}

async fn started(config: &NodeConfig) -> Running {
    let running = start(config).await.unwrap();
    if !running.node.screen().feeds.iter().any(|status| status.feed == Feed::Catalogue) {
        catalogue(&running.node, 1).await;
    }
    running
}

fn standing(running: &Running) -> Standing {
    running.node.screen().configuration.clone()
}

/// Milk is sold; what the printer has then.
async fn sold(running: &Running, printer: &SimPrinter, name: &str) -> String {
    ask(&running.node, &format!("{name}-1"), "1", scan(MILK)).await.unwrap();
    paid(running, printer, name).await
}

async fn paid(running: &Running, printer: &SimPrinter, name: &str) -> String {
    let before = printer.snapshot().cuts;
    printer.tear_off();
    ask(&running.node, &format!("{name}-paid"), "1", cash(129)).await.unwrap();
    until("the receipt is cut", async || printer.snapshot().cuts > before).await;
    paper_text(&printer.snapshot().paper)
}

/// Of each group its stores and "key value" of what it gets.
fn groups(preview: &Json) -> Vec<(Vec<String>, Vec<String>)> {
    let list = |value: &Json| value.as_array().unwrap().clone();
    let word = |value: &Json| value.as_str().unwrap().to_owned();
    let group = |group: &Json| {
        let stores = list(&group["stores"]).iter().map(|shop| word(&shop["store"])).collect();
        (stores, list(&group["changes"]).iter().map(|change| format!("{} {}", word(&change["key"]), change["to"]["to"])).collect())
    };
    list(&preview["groups"]).iter().map(group).collect()
}

/// Applies what the preview says now.
async fn applied(office: &Office) -> u64 {
    let (_, preview) = send(office, "GET", "configuration/preview", json!({})).await;
    let (status, done) = send(office, "POST", "configuration/apply", json!({"id": preview["id"]})).await;
    assert_eq!(status, 200, "{done}");
    done["stores"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_looked_at_applied_and_in_force_after_the_sale_that_is_open_also_for_who_was_away() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    for (store, region) in [("berlin-1", "north"), ("munich-1", "south"), ("ulm-1", "")] {
        known(&office, store, store, region).await;
    }
    let (north, south) = (printer(), printer());
    let berlin = box_of(&folder.path().join("berlin"), "berlin-1", &office, &north);
    let running = started(&berlin).await;
    ask(&running.node, "open-1", "1", scan(MILK)).await.unwrap();

    // What cannot be used is not kept, and named.
    let bad =
        json!({"document": "[node]\nid = 'x'\n[cash]\nstep = 'five'\n[orders]\ngrant_percent = 500", "all": true, "regions": ["west"]});
    let (status, words) = send(&office, "PUT", "configuration/profiles/base", bad).await;
    let detail = words["detail"].as_str().unwrap();
    assert_eq!(status, 422);
    for key in ["node: ", "cash.step = ", "orders.grant_percent = 500", "regions = \"west\""] {
        assert!(detail.contains(key), "{key} in {detail}");
    }
    let base = json!({"document": "[store]\nfooter = ['From head office']\n[returns]\nwithout_receipt_max = '20'", "all": true});
    assert_eq!(send(&office, "PUT", "configuration/profiles/base", base.clone()).await, (200, json!({"version": 1})));
    assert_eq!(send(&office, "PUT", "configuration/profiles/base", base).await, (200, json!({"version": 1})));
    let lower = json!({"document": "[returns]\nwithout_receipt_max = '5'", "regions": ["south"], "over": 0});
    assert_eq!(send(&office, "PUT", "configuration/profiles/south", lower.clone()).await.0, 200);
    assert_eq!(send(&office, "PUT", "configuration/profiles/south", lower).await.0, 409);

    let (_, preview) = send(&office, "GET", "configuration/preview", json!({})).await;
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let footer = "store.footer [\"From head office\"]";
    let expected = vec![
        (texts(&["berlin-1", "ulm-1"]), texts(&["returns.without_receipt_max \"20\"", footer])),
        (texts(&["munich-1"]), texts(&["returns.without_receipt_max \"5\"", footer])),
    ];
    assert_eq!(groups(&preview), expected);
    assert_eq!(send(&office, "POST", "configuration/apply", json!({"id": "0000"})).await.0, 409);
    assert_eq!(send(&office, "POST", "configuration/apply", json!({"id": preview["id"]})).await, (200, json!({"stores": 3})));
    let (_, after) = send(&office, "GET", "configuration/preview", json!({})).await;
    assert!(groups(&after).is_empty() && after["unchanged"].as_array().unwrap().len() == 3, "{after}");

    // The sale that is open ends under the rules it began under.
    until("it has come", async || standing(&running).wanted == 1).await;
    ask(&running.node, "open-2", "1", scan(MILK)).await.unwrap();
    assert_eq!(standing(&running), Standing { in_force: 0, wanted: 1, refused: String::new() });
    let max = |running: &Running| running.node.screen().rules.returns.without_receipt_max.minor();
    assert_eq!(max(&running), 5_000);
    ask(&running.node, "open-3", "1", Command::Undo {}).await.unwrap();
    let paper = paid(&running, &north, "open").await;
    assert!(paper.contains("within 14 days") && !paper.contains("From head office"), "{paper}");
    until("it is in force", async || standing(&running).in_force == 1).await;
    assert_eq!(max(&running), 2_000);
    let paper = sold(&running, &north, "next").await;
    assert!(paper.contains("From head office") && !paper.contains("within 14 days"), "{paper}");
    until("head office knows", async || {
        let (_, fleet) = send(&office, "GET", "fleet", json!({})).await;
        fleet["rows"][0]["report"]["configuration"]["in_force"] == 1 && fleet["rows"][0]["configuration"] == 1
    })
    .await;
    running.stop().await.unwrap();

    // Who was away gets it with the first line; a restart keeps it, also without one.
    let munich = started(&box_of(&folder.path().join("munich"), "munich-1", &office, &south)).await;
    until("munich has it", async || standing(&munich).in_force == 1).await;
    assert_eq!(max(&munich), 500);
    munich.stop().await.unwrap();
    office.stop().await;
    let running = started(&berlin).await;
    assert_eq!((standing(&running).in_force, max(&running)), (1, 2_000));
    assert!(sold(&running, &north, "again").await.contains("From head office"));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_a_box_leaves_the_former_in_force_and_head_office_knows_why() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    let paper = printer();
    let config = box_of(&folder.path().join("box"), "berlin-1", &office, &paper);
    let running = started(&config).await;
    until("the store is known", async || {
        send(&office, "GET", "stores", json!({})).await.1.as_array().is_some_and(|rows| !rows.is_empty())
            && send(&office, "PUT", "stores/berlin-1", json!({"name": "Berlin"})).await.0 == 204
    })
    .await;
    assert_eq!(send(&office, "POST", "alarm-rules", json!({"kind": "configuration"})).await.0, 201);
    let keep =
        async |document: &str| send(&office, "PUT", "configuration/profiles/scales", json!({"document": document, "all": true})).await.0;
    assert_eq!(keep("[weighing]\nmax = '10'").await, 200);
    assert_eq!(applied(&office).await, 1);
    until("it is in force", async || standing(&running).in_force == 1).await;

    // Head office does not know that this scale begins at 20 g.
    assert_eq!(keep("[weighing]\nmax = '0.01'").await, 200);
    assert_eq!(applied(&office).await, 1);
    until("it is refused", async || standing(&running).wanted == 2).await;
    let refused = standing(&running).refused;
    assert!(refused.starts_with("weighing.min = ") && standing(&running).in_force == 1, "{refused}");
    let weight_max = |running: &Running| running.node.screen().rules.limits.weight_max;
    assert_eq!(weight_max(&running), Qty::pieces(10));
    assert!(running.node.screen().alarms.iter().any(|words| words.contains("configuration 2 cannot be used here: weighing.min")));
    sold(&running, &paper, "sale").await;
    until("head office knows why", async || {
        let (_, fleet) = send(&office, "GET", "fleet", json!({})).await;
        let said = &fleet["rows"][0]["report"]["configuration"];
        said["wanted"] == 2 && said["in_force"] == 1 && said["refused"].as_str().is_some_and(|why| why == refused)
    })
    .await;
    counterfoil::head_office::fleet::rounds::look(&office.office).await.unwrap();
    let (_, alarms) = send(&office, "GET", "alarms?open=true", json!({})).await;
    assert!(alarms["rows"].as_array().unwrap().iter().any(|alarm| alarm["kind"] == "configuration"), "{alarms}");

    // So after a restart; a profile that fits ends it, one that is taken back leaves the box's own file.
    running.stop().await.unwrap();
    let running = started(&config).await;
    assert_eq!((standing(&running).in_force, weight_max(&running)), (1, Qty::pieces(10)));
    until("it is refused again", async || standing(&running).wanted == 2 && !standing(&running).refused.is_empty()).await;
    assert_eq!(keep("[weighing]\nmax = '12'").await, 200);
    assert_eq!(applied(&office).await, 1);
    until("it is mended", async || standing(&running) == Standing { in_force: 3, wanted: 3, refused: String::new() }).await;
    assert!(weight_max(&running) == Qty::pieces(12) && running.node.screen().alarms.is_empty(), "{:?}", running.node.screen().alarms);
    assert_eq!(keep("").await, 200);
    assert_eq!(applied(&office).await, 1);
    until("the box's own counts", async || standing(&running).in_force == 4).await;
    assert_eq!(weight_max(&running), Qty::pieces(15));
    running.stop().await.unwrap();
    office.stop().await;
}

/// The pages do what the API does, and show what was typed again when something is wrong with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profiles_are_written_looked_at_and_applied_on_head_offices_pages() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(folder.path()).await;
    let post = async |path: &str, fields: &[(&str, &str)]| {
        let (status, to, page) = post_form(&office, path, fields).await;
        (status, page + to.as_str())
    };
    let page = async |path: &str| page_of(&office, path).await;
    known(&office, "s1", "Shop <b>", "north").await;
    assert!(page("/configuration").await.contains("No profile yet"));
    assert!(page("/configuration/preview").await.contains("Nothing would change"));
    let at = "/configuration/profiles/tills";
    let (status, words) =
        post(at, &[("over", "0"), ("document", "[cash]\r\nstep = 'five <b>'"), ("all", "yes"), ("stores", "s1 s9")]).await;
    assert_eq!(status, 422);
    for part in ["Nothing was kept", "cash.step = ", "stores = ", "step = 'five &lt;b&gt;'", "value=\"s1 s9\""] {
        assert!(words.contains(part), "{part} is not on {words}");
    }
    assert!(!words.contains("<b>") && page("/configuration").await.contains("No profile yet"));
    let (status, to) = post(at, &[("over", "0"), ("document", "[cash]\nstep = '0.05'"), ("regions", "north")]).await;
    assert!(status == 303 && to == "/configuration/preview", "{status} {to}");
    let (status, _) = post(at, &[("over", "1"), ("document", "[cash]\nstep = '0.10'"), ("regions", "north")]).await;
    assert_eq!(status, 303);
    assert_eq!(post(at, &[("over", "1"), ("document", "[cash]"), ("regions", "north")]).await.0, 422);
    let old = page("/configuration/profiles/tills?version=1").await;
    assert!(old.contains("step = '0.05'") && old.contains("put it back"), "{old}");
    let preview = page("/configuration/preview").await;
    for part in ["Shop &lt;b&gt; (s1)", "cash.step", "0.10", "tills 2", "Apply to 1 store"] {
        assert!(preview.contains(part), "{part} is not on {preview}");
    }
    let id = preview.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let (status, words) = post("/configuration/apply", &[("id", "another")]).await;
    assert!(status == 409 && words.contains("Nothing was applied"), "{status} {words}");
    assert_eq!(post("/configuration/apply", &[("id", id)]).await.0, 303);
    let after = page("/configuration/preview").await;
    assert!(after.contains("Nothing would change") && after.contains("Stay as they are"), "{after}");
    office.stop().await;
}
