//! Card numbers and stripes come in by every way there is. Each is refused by name; nothing of them is on disk, in the log or on a screen.

use std::fs;
use std::path::Path;

use counterfoil::demo::assortment::goods;
use counterfoil::device::sim::{Aim, SimScanner};
use counterfoil::gs1::card;
use counterfoil::sync::feed::CodeKey;
use serde_json::json;

use super::child::{run, wait_for};
use super::shop::{Devices, Shop, config_text};

const NUMBER: &str = "4111111111111111";
const STRIPES: [&str; 3] = [
    "%B4111111111111111^DOE/JOHN^25121011000000000000?",
    ";4111111111111111=25121011000000000000?",
    "%B5018123412341234^NO/LUHN^2512?;5018123412341234=2512?",
];
/// What must be nowhere afterwards.
const TRACES: [&str; 4] = ["4111111111111111", "4111 1111 1111 1111", "5018123412341234", "DOE/JOHN"];

#[test]
fn card_data_is_refused_at_every_door_and_kept_nowhere() {
    let devices = tempfile::tempdir().expect("a temporary folder");
    let link = devices.path().join("scanner-1");
    let scanner = SimScanner::new(Some(&link)).expect("a pseudo terminal");
    let shop = Shop::new(&Devices { printer: None, scanner: Some(&link) });
    let mut command = shop.node();
    command.env("RUST_LOG", "trace");
    let node = shop.start_as(command);
    let mut till = shop.till(&node);
    wait_for("the scanner", || (till.look("/api/v1/devices")[0]["state"] == "ready").then_some(()));

    let mut serial = 0;
    for scanned in STRIPES.into_iter().chain([NUMBER, "4111 1111 1111 1111", "378282246310005"]) {
        scanner.scan(scanned, Aim::likely(scanned)).expect("the driver reads");
        serial = wait_for("the refusal on the screen", || {
            let feedback = till.look("/api/v1/workstations/1")["feedback"].clone();
            let fresh = feedback["serial"].as_u64().filter(|fresh| *fresh > serial)?;
            assert_eq!(feedback["code"], "card_data", "{scanned}: {feedback}");
            Some(fresh)
        });
    }
    let mut refused = |path: &str, body: serde_json::Value| {
        let reply = till.post(path, &body).expect("an answer");
        assert_eq!((reply.status, &reply.body["code"]), (422, &json!("card_data")), "{path} {body}: {}", reply.body);
        assert!(TRACES.iter().all(|trace| !reply.body.to_string().contains(trace)), "{}", reply.body);
    };
    for text in STRIPES.into_iter().chain([NUMBER]) {
        refused("/api/v1/workstations/1/scan", json!({"id": "scan-1", "code": text}));
        refused("/api/v1/workstations/1/lines", json!({"id": "line-1", "code": text}));
        refused("/api/v1/workstations/1/undo", json!({"id": text}));
        refused("/api/v1/workstations/1/undo", json!({"id": "undo-1", "note": {"deep": [text]}}));
    }
    refused("/api/v1/workstations/1/tenders", json!({"id": "cash-1", "amount": 4_111_111_111_111_111_i64}));
    for address in [
        "/api/v1/articles?q=4111111111111111",
        "/api/v1/articles?q=4111+1111+1111+1111",
        "/api/v1/articles?q=%25B5018123412341234%5ENO%2FLUHN%5E2512%3F",
        "/api/v1/articles/by-code/4111111111111111",
        "/api/v1/transactions?number=4111111111111111",
        "/till/1/search?q=4111111111111111",
    ] {
        let reply = till.get(address).expect("an answer");
        assert_eq!(reply.status, 422, "{address}: {}", reply.body);
        assert!(TRACES.iter().all(|trace| !reply.body.to_string().contains(trace)), "{}", reply.body);
    }
    // A code with an article's number and a card's as its serial: the article is sold, the serial is not kept.
    let article = goods().into_iter().find_map(|good| match &good.article.codes[0].key {
        CodeKey::Gtin(gtin) if !gtin.short().starts_with("28") => Some(*gtin),
        CodeKey::Gtin(_) | CodeKey::Text(_) => None,
    });
    let code = format!("]d201{}21{NUMBER}", article.expect("goods have numbers").as_str());
    till.must("/api/v1/workstations/1/scan", &json!({"id": "scan-2", "code": code}));
    till.must("/api/v1/workstations/1/tenders", &json!({"id": "cash-2", "amount": 50_000}));
    let screen = till.look("/api/v1/workstations/1").to_string();
    assert!(TRACES.iter().all(|trace| !screen.contains(trace)), "{screen}");
    shop.stop(node);

    let mut files = 0;
    search(shop.folder.path(), &mut files);
    assert!(files > 10, "only {files} files were looked at");
}

/// Nothing that the demo sells looks like a card, and a valid article number never does; so a shop sells what it sold before.
#[test]
fn every_article_of_the_demo_still_sells() {
    let codes: Vec<String> = goods().iter().flat_map(|good| &good.article.codes).map(|code| code.key.short().to_owned()).collect();
    assert!(codes.len() > 500);
    for code in codes {
        assert_eq!(card::find(&code), None, "{code}");
    }
}

#[test]
fn a_configuration_with_a_card_number_is_refused_without_showing_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("node.toml");
    let text = config_text(&folder.path().join("data"), "127.0.0.1:0", None, &Devices::default());
    fs::write(&path, text.replace("name = \"Markt am Platz\"", "name = \"Pay to 4111 1111 1111 1111\"")).expect("a file");
    let output = run(&["node", "--config", path.to_str().expect("a plain path"), "--check-config"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &*String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains("payment card"), "{said}");
    assert!(!said.contains("4111"), "{said}");
}

/// Journal, log, feeds, cache, head office's database: all that a run leaves behind.
fn search(folder: &Path, files: &mut usize) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            search(&path, files);
            continue;
        }
        let Ok(bytes) = fs::read(&path) else { continue };
        *files += 1;
        for trace in TRACES {
            let is_there = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
            assert!(!is_there, "{} holds {trace}", path.display());
        }
    }
}
