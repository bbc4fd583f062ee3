//! Card numbers and stripes come to head office by a page, the API, an address and the texts of files. Each is refused, and nothing of them
//! is on head office's disk.

use std::path::Path;

use counterfoil::head_office::feeds;
use counterfoil::head_office::people::{Checked, Draft};
use counterfoil::head_office::serve::Running;
use counterfoil::ids::{Sku, TaxClassId};
use counterfoil::money::{Currency, Money};
use counterfoil::sync::feed::Article;
use counterfoil::time::Stamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::over_http::office;

const NUMBER: &str = "4111111111111111";
const STRIPE: &str = ";5018123412341234=25121011000000000000?";

/// Status and body.
async fn ask(office: &Running, method: &str, path: &str, kind: &str, body: &str) -> (u16, String) {
    let address = office.pages_address;
    let mut line = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    line.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"));
    (status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
}

fn holds(folder: &Path, trace: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return holds(&path, trace);
        }
        std::fs::read(path).unwrap().windows(trace.len()).any(|part| part == trace.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_office_takes_no_card_data() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(folder.path()).await;
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let good = ask(&office, "PUT", "/api/v1/staff/anna", JSON, r#"{"name":"Anna","role":"cashier"}"#).await;
    assert_eq!(good.0, 204, "{}", good.1);
    let good = ask(&office, "POST", "/staff", FORM, "id=4111&name=1111&role=cashier&stores=*&discount=11&badge=11111111").await;
    assert!(good.0 < 400, "fields that hold a number only together hold none: {good:?}");
    for (method, path, kind, body) in [
        ("PUT", "/api/v1/staff/ben", JSON, r#"{"name":"Ben 4111 1111 1111 1111","role":"cashier"}"#.to_owned()),
        ("PUT", "/api/v1/staff/ben", JSON, format!(r#"{{"name":"Ben","role":"cashier","badge":"{STRIPE}"}}"#)),
        ("PUT", "/api/v1/staff/4111111111111111", JSON, r#"{"name":"Ben","role":"cashier"}"#.to_owned()),
        ("POST", "/staff", FORM, "id=ben&name=4111+1111+1111+1111&role=cashier".to_owned()),
        ("POST", "/staff", FORM, format!("id=ben&name=Ben&role=cashier&badge={NUMBER}")),
        ("PUT", "/api/v1/recalls/r-1", JSON, format!(r#"{{"reason":"call {NUMBER}","articles":[{{"gtin":"4006381333931"}}]}}"#)),
        ("GET", "/stock?search=4111111111111111", JSON, String::new()),
        ("GET", "/stock?search=%34111111111111111", JSON, String::new()),
    ] {
        let (status, answer) = ask(&office, method, path, kind, &body).await;
        assert_eq!(status, 422, "{method} {path} {body}: {answer}");
        assert!(answer.contains("card_data") && !answer.contains("4111") && !answer.contains("5018"), "{answer}");
    }
    let long = "x".repeat(3 << 20);
    assert_eq!(ask(&office, "PUT", "/api/v1/staff/ben", JSON, &long).await.0, 413);
    let draft = Draft { name: Some(format!("Ben {STRIPE}")), ..Draft::default() };
    let faults = Checked::new("ben", draft).err().unwrap().join("\n");
    assert!(faults.contains("payment card") && !faults.contains("5018"), "{faults}");

    // An article that happens to have such a number is looked for like any other.
    let article = Article {
        sku: Sku::new(NUMBER).unwrap(),
        name: "Pin board".to_owned(),
        unit: Default::default(),
        tax_class: TaxClassId::new("A").unwrap(),
        group: String::new(),
        brand: None,
        price: Some(Money::from_minor(499)),
        codes: Vec::new(),
        location: None,
        age_min: None,
    };
    for trace in [NUMBER, "4111 1111", "5018123412341234"] {
        assert!(!holds(folder.path(), trace), "{trace} is on the disk");
    }
    let folders = office.office.folders().clone();
    let published = office.office.write(move |writer, now_ms| {
        let at = Stamp { ms: now_ms, ..Stamp::default() };
        feeds::stage_articles(writer.connection(), [Ok(article)].into_iter()).unwrap();
        Ok(feeds::publish_catalogue(writer.connection(), &folders, &Currency::from_code("EUR").unwrap(), at).unwrap())
    });
    assert!(published.await.unwrap().file.is_some());
    let (status, answer) = ask(&office, "GET", "/stock?search=4111111111111111", JSON, "").await;
    assert_eq!(status, 200, "{answer}");
    office.stop().await;
}
