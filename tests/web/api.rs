//! The API: what it asks the loop, what it refuses, and that its description is whole.

use counterfoil::document::{self, Voice};
use counterfoil::ids::{AttemptId, CommandId, Incarnation, JobId, ReceiptNo, TxnId};
use counterfoil::money::{Currency, Qty};
use counterfoil::node::handle::AskError;
use counterfoil::retail::{Answer, Command, Disposition, PrintAnswer, Refusal};
use serde_json::{Value, json};

use super::http::{Reply, send};
use super::stage::{Stage, basket, euro, groceries, locale, open_print, screen, selling, ws};
use counterfoil::retail::print::PrintState;

async fn stage() -> Stage {
    let mut shown = screen(selling(basket(groceries())));
    shown.prints = vec![open_print(PrintState::Unknown { cause: "unplugged".into() })];
    Stage::open(shown, locale("en")).await
}

async fn call(stage: &Stage, method: &str, path: &str, body: &str) -> Reply {
    let (host, bearer) = (stage.address.to_string(), format!("Bearer {}", stage.desk_token));
    let mut headers = vec![("Host", host.as_str()), ("Authorization", bearer.as_str())];
    if !body.is_empty() {
        headers.push(("Content-Type", "application/json"));
    }
    send(stage.address, method, path, &headers, body).await
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

#[tokio::test]
async fn every_act_reaches_the_loop_as_its_command() {
    let stage = stage().await;
    let check = async |method: &str, path: &str, body: Value, here: Option<&str>, command: Command| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = call(&stage, method, path, &body).await;
        assert_eq!(reply.status, 200, "{method} {path}: {}", reply.body);
        let asked = stage.last_asked();
        assert_eq!((asked.id.as_str(), asked.workstation, asked.command), ("c-1", here.map(ws), command), "{method} {path}");
    };
    let at = "/api/v1/workstations/1";
    let one = Some("1");
    let nothing = json!({"id": "c-1"});
    let add = |quantity| Command::AddLine { code: "4006381333931".into(), quantity };
    check("POST", &format!("{at}/scan"), json!({"id": "c-1", "code": "4006381333931"}), one, add(None)).await;
    check("POST", &format!("{at}/lines"), json!({"id": "c-1", "code": "4006381333931"}), one, add(None)).await;
    let three = json!({"id": "c-1", "code": "4006381333931", "quantity": 3000});
    check("POST", &format!("{at}/lines"), three, one, add(Some(Qty::pieces(3)))).await;
    let set = Command::SetQuantity { line: 2, quantity: Qty::pieces(5) };
    check("PATCH", &format!("{at}/lines/2"), json!({"id": "c-1", "quantity": 5000}), one, set).await;
    check("DELETE", &format!("{at}/lines/2?id=c-1"), Value::Null, one, Command::VoidLine { line: 2 }).await;
    check("POST", &format!("{at}/undo"), nothing.clone(), one, Command::Undo {}).await;
    check("POST", &format!("{at}/void"), nothing.clone(), one, Command::VoidTransaction {}).await;
    check("POST", &format!("{at}/suspend"), nothing.clone(), one, Command::Suspend {}).await;
    let recall = json!({"id": "c-1", "txn": uuid(3)});
    check("POST", &format!("{at}/recall"), recall, one, Command::Recall { txn: TxnId(uuid(3)) }).await;
    let cash = json!({"id": "c-1", "amount": 1000});
    check("POST", &format!("{at}/tenders"), cash, one, Command::TenderCash { amount: euro(1000) }).await;
    check("DELETE", &format!("{at}/tenders/0?id=c-1"), Value::Null, one, Command::RemoveTender { index: 0 }).await;
    check("POST", &format!("{at}/card"), nothing.clone(), one, Command::StartCard { amount: None }).await;
    let part = json!({"id": "c-1", "amount": 500});
    check("POST", &format!("{at}/card"), part, one, Command::StartCard { amount: Some(euro(500)) }).await;
    let paid = Command::EndCard { attempt: AttemptId(uuid(5)), paid: true };
    check("POST", &format!("{at}/card/{}", uuid(5)), json!({"id": "c-1", "paid": true}), one, paid).await;
    let back =
        json!({"id": "c-1", "receipt": "1-7K3F-000042", "line": 2, "quantity": 1000, "disposition": "damaged", "reason": "defective"});
    let (receipt, reason, quantity) = ("1-7K3F-000042".to_owned(), "defective".to_owned(), Some(Qty::pieces(1)));
    let command = Command::ReturnLine { receipt, line: 2, quantity, disposition: Disposition::Damaged, reason };
    check("POST", &format!("{at}/returns"), back, one, command).await;
    let back = json!({"id": "c-1", "code": "4006381333931", "disposition": "shelf", "reason": "other"});
    let (code, reason) = ("4006381333931".to_owned(), "other".to_owned());
    let command = Command::ReturnArticle { code, quantity: None, disposition: Disposition::Shelf, reason, receipt: None };
    check("POST", &format!("{at}/returns/articles"), back, one, command).await;
    check("POST", &format!("{at}/refund"), nothing.clone(), one, Command::Refund { by: None }).await;
    let undone = json!({"id": "c-1", "txn": uuid(3)});
    check("POST", &format!("{at}/post-void"), undone, one, Command::PostVoid { txn: TxnId(uuid(3)) }).await;
    let resolved = Command::ResolveCard { attempt: AttemptId(uuid(5)), charged: false };
    check("POST", &format!("{at}/card/{}/resolve", uuid(5)), json!({"id": "c-1", "charged": false}), one, resolved).await;
    let terminal = counterfoil::ids::DeviceName::new("terminal-1").unwrap();
    check("POST", "/api/v1/devices/terminal-1/end-of-day", nothing.clone(), None, Command::EndTerminalDay { terminal }).await;
    let open = json!({"id": "c-1", "department": "dept-1", "price": 250, "code": "4006381333931"});
    let department = counterfoil::ids::Sku::new("dept-1").unwrap();
    let open_price = Command::SellOpenPrice { department, price: euro(250), quantity: None, code: Some("4006381333931".into()) };
    check("POST", &format!("{at}/open-price"), open, one, open_price).await;
    let typed = json!({"id": "c-1", "code": "1001", "weight_g": 535, "tare_g": 15});
    let (weight, tare) = (Qty::from_thousandths(535), Qty::from_thousandths(15));
    let weighed = |tare| Command::AddWeighed { code: "1001".into(), weight, tare, scale: None };
    check("POST", &format!("{at}/weight"), typed, one, weighed(tare)).await;
    check("POST", &format!("{at}/weight"), json!({"id": "c-1", "code": "1001", "weight_g": 535}), one, weighed(Qty::ZERO)).await;
    check("POST", &format!("{at}/training"), json!({"id": "c-1", "on": true}), one, Command::SetTraining { on: true }).await;
    check("POST", &format!("{at}/reprint"), nothing.clone(), one, Command::Reprint { txn: None }).await;
    let today = Command::OpenDay { date: jiff::civil::date(2026, 11, 22) };
    check("POST", "/api/v1/day/open", nothing.clone(), None, today).await;
    let dated = Command::OpenDay { date: jiff::civil::date(2026, 11, 23) };
    check("POST", "/api/v1/day/open", json!({"id": "c-1", "date": "2026-11-23"}), None, dated).await;
    check("POST", "/api/v1/day/close", nothing.clone(), None, Command::CloseDay {}).await;
    let settle = json!({"id": "c-1", "answer": "print_copy"});
    let settled = Command::SettlePrint { job: JobId(uuid(99)), answer: PrintAnswer::PrintCopy };
    check("POST", &format!("/api/v1/prints/{}/settle", uuid(99)), settle, one, settled).await;
}

#[tokio::test]
async fn answers_and_refusals_come_back_in_words() {
    let stage = stage().await;
    let number = ReceiptNo { workstation: ws("1"), incarnation: Incarnation(0x00ab_cdef_0123_4567), counter: 42, training: false };
    let answer = Answer { seq: 7, txn: Some(TxnId(uuid(6))), receipt: Some(number), change: Some(euro(251)), ..Answer::default() };
    stage.planned.lock().unwrap().push_back(Ok(answer));
    let reply = call(&stage, "POST", "/api/v1/workstations/1/tenders", r#"{"id":"c-1","amount":1000}"#).await;
    let expect = json!({"seq": 7, "txn": uuid(6), "receipt": "1-7BH6-000042", "change": 251});
    assert_eq!(reply.json(), expect);

    let voice = Voice { locale: document::Locale::default(), currency: Currency::from_code("EUR").unwrap() };
    let check = async |error: AskError, status: u16, code: &str| {
        stage.planned.lock().unwrap().push_back(Err(error));
        let reply = call(&stage, "POST", "/api/v1/workstations/1/scan", r#"{"id":"c-2","code":"x"}"#).await;
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        let problem = reply.json();
        assert_eq!((reply.status, problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert_eq!(
            (problem["status"].as_u64(), problem["type"].as_str()),
            (Some(u64::from(status)), Some(format!("/problems/{code}").as_str()))
        );
        for words in ["title", "detail", "remedy"] {
            assert!(!problem[words].as_str().unwrap().is_empty(), "{words} is empty: {problem}");
        }
    };
    let refused = |refusal| AskError::Refused(refusal, voice.clone());
    check(refused(Refusal::UnknownArticle { code: "4006381333931".into() }), 404, "unknown_article").await;
    check(refused(Refusal::DayNotOpen), 409, "day_not_open").await;
    check(refused(Refusal::QuantityNotPositive), 422, "quantity_not_positive").await;
    check(refused(Refusal::CommandReused), 409, "command_reused").await;
    check(refused(Refusal::CatalogueNotReady { why: "it is being rebuilt".into() }), 503, "catalogue_not_ready").await;
    check(AskError::Busy, 503, "busy").await;
    check(AskError::Stopping, 503, "restarting").await;
    check(AskError::DiskFull("the disk is full".into()), 507, "disk_full").await;
}

#[tokio::test]
async fn bodies_that_do_not_fit_are_refused_by_name() {
    let stage = stage().await;
    let check = async |body: &str, code: &str, named: &str| {
        let reply = call(&stage, "POST", "/api/v1/workstations/1/lines", body).await;
        assert_eq!((reply.status, reply.code().as_str()), (422, code), "{body}: {}", reply.body);
        assert!(reply.json()["detail"].as_str().unwrap().contains(named), "{}", reply.body);
    };
    check(r#"{"id":"a","code":"1","price":1}"#, "unknown_field", "`price`").await;
    check(r#"{"code":"1"}"#, "body_malformed", "missing field `id`").await;
    check(r#"{"id":"a b","code":"1"}"#, "body_malformed", "command id").await;
    check(r#"{"id":"","code":"1"}"#, "body_malformed", "command id").await;
    check(r#"{"id":"a","id":"b","code":"1"}"#, "body_malformed", "duplicate field `id`").await;
    check(r#"{"id":"a","code":"1","quantity":1.5}"#, "body_malformed", "1.5").await;
    check(r#"{"id":"a","code":"1","quantity":"3"}"#, "body_malformed", "string").await;
    check(r#"{"id":"a","code":7}"#, "body_malformed", "integer").await;
    check("{", "body_malformed", "EOF").await;
    check("null", "body_malformed", "null").await;
    check(&format!("{}1{}", "[".repeat(500), "]".repeat(500)), "body_malformed", "line 1").await;
    let reply = call(&stage, "DELETE", "/api/v1/workstations/1/lines/1", "").await;
    assert_eq!((reply.status, reply.code().as_str()), (422, "query_malformed"));
    let reply = call(&stage, "DELETE", "/api/v1/workstations/1/lines/1?id=a&force=yes", "").await;
    assert_eq!((reply.status, reply.code().as_str()), (422, "query_malformed"));
    let reply = call(&stage, "DELETE", "/api/v1/workstations/1/lines/x?id=a", "").await;
    assert_eq!((reply.status, reply.code().as_str()), (404, "address_malformed"));
    assert!(stage.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_next_scan_can_be_armed() {
    let stage = stage().await;
    let arm = async |body: &str| call(&stage, "POST", "/api/v1/workstations/1/next-scan", body).await;
    assert_eq!(arm(r#"{"next":{"times":3000}}"#).await.status, 204);
    assert_eq!(arm(r#"{"next":"price_check"}"#).await.status, 204);
    assert_eq!(arm(r#"{"next":"bag"}"#).await.status, 204);
    assert_eq!(arm(r#"{"next":{"times":0}}"#).await.code(), "quantity_out_of_range");
    assert_eq!(arm(r#"{"next":{"times":-1}}"#).await.code(), "quantity_out_of_range");
    assert_eq!(arm(r#"{"next":"sell","x":1}"#).await.code(), "unknown_field");
    assert_eq!(stage.told.lock().unwrap().len(), 3);
    // The tare of the next weight, and the weighing itself.
    let at = "/api/v1/workstations/1";
    let tare = async |body: &str| call(&stage, "POST", &format!("{at}/tare"), body).await;
    assert_eq!(tare(r#"{"tare_g":20}"#).await.status, 204);
    assert_eq!(tare(r#"{"tare_g":-1}"#).await.code(), "tare_out_of_range");
    assert_eq!(tare(r#"{"tare_g":90000}"#).await.code(), "tare_out_of_range");
    assert_eq!(call(&stage, "POST", &format!("{at}/weight/again"), "").await.status, 204);
    assert_eq!(call(&stage, "DELETE", &format!("{at}/weight"), "").await.status, 204);
    assert_eq!(stage.told.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn what_is_shown_can_be_read() {
    let stage = stage().await;
    let get = async |path: &str| {
        let reply = call(&stage, "GET", path, "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    };
    let till = get("/api/v1/workstations/1").await;
    assert_eq!(till["basket"]["lines"].as_array().unwrap().len(), 11);
    assert_eq!(till["basket"]["lines"][6]["quantity"], 12_000);
    assert_eq!(till["basket"]["due"], 4776);
    assert_eq!(till["basket"]["due_cash"], 4775);
    assert_eq!(till["next_scan"], "sell");
    assert_eq!(get("/api/v1/workstations").await.as_array().unwrap().len(), 2);
    assert_eq!(get("/api/v1/day").await["date"], "2026-11-22");
    assert_eq!(get("/api/v1/prints").await[0]["state"], "unknown");
    assert_eq!(get("/api/v1/devices").await[0]["paper"], "ok");
    assert_eq!(get("/api/v1/health").await["state"], "ok");
    assert_eq!(get("/api/v1/suspended").await, json!([]));
    assert_eq!(get("/api/v1/transactions").await, json!([]));
    let works = get("/api/v1/works").await;
    let of = |what: &str| works.as_array().unwrap().iter().find(|fact| fact["what"] == what).unwrap_or_else(|| panic!("{works}")).clone();
    assert_eq!(of("selling")["works"], true);
    assert_eq!(of("stock")["works"], false);
    assert_eq!(of("printing.printer-1")["works"], true);
    assert!(of("prices")["as_of_ms"].is_i64());
    let missing = call(&stage, "GET", &format!("/api/v1/transactions/{}", uuid(1)), "").await;
    assert_eq!(missing.code(), "transaction_unknown");
    // No catalogue has come to this stage: that is said, and it is not "not found".
    assert_eq!(call(&stage, "GET", "/api/v1/articles?q=milk", "").await.code(), "not_now");
    assert_eq!(call(&stage, "GET", "/api/v1/articles/by-code/4006381333931", "").await.code(), "not_now");
}

#[tokio::test]
async fn the_description_is_whole() {
    let stage = stage().await;
    let description = call(&stage, "GET", "/api/openapi.json", "").await.json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    let mut references = Vec::new();
    collect(&description, &mut references);
    assert!(references.len() > 60, "only {} references", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference}"));
        assert!(description.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let expected = [
        "get /api/v1/workstations",
        "get /api/v1/workstations/{ws}",
        "get /api/v1/workstations/{ws}/events",
        "post /api/v1/workstations/{ws}/scan",
        "get /api/v1/staff",
        "post /api/v1/workstations/{ws}/sign-in",
        "post /api/v1/workstations/{ws}/sign-out",
        "post /api/v1/workstations/{ws}/lock",
        "post /api/v1/workstations/{ws}/approve",
        "delete /api/v1/workstations/{ws}/approve",
        "post /api/v1/workstations/{ws}/lines",
        "patch /api/v1/workstations/{ws}/lines/{line}",
        "delete /api/v1/workstations/{ws}/lines/{line}",
        "post /api/v1/workstations/{ws}/undo",
        "post /api/v1/workstations/{ws}/void",
        "post /api/v1/workstations/{ws}/suspend",
        "post /api/v1/workstations/{ws}/recall",
        "post /api/v1/workstations/{ws}/tenders",
        "delete /api/v1/workstations/{ws}/tenders/{index}",
        "post /api/v1/workstations/{ws}/lines/{line}/discount",
        "post /api/v1/workstations/{ws}/lines/{line}/price",
        "post /api/v1/workstations/{ws}/discount",
        "post /api/v1/workstations/{ws}/coupons",
        "post /api/v1/workstations/{ws}/member",
        "post /api/v1/workstations/{ws}/customers/find",
        "post /api/v1/workstations/{ws}/customers",
        "post /api/v1/workstations/{ws}/customer",
        "delete /api/v1/workstations/{ws}/customer",
        "delete /api/v1/workstations/{ws}/customers/{subject}",
        "post /api/v1/workstations/{ws}/age-check",
        "post /api/v1/workstations/{ws}/put-aside",
        "get /api/v1/orders",
        "get /api/v1/promises",
        "get /api/v1/orders/{order}",
        "get /api/v1/stock",
        "get /api/v1/workstations/{ws}/orders",
        "post /api/v1/workstations/{ws}/orders",
        "post /api/v1/workstations/{ws}/stock",
        "get /api/v1/workstations/{ws}/orders/{order}/customer",
        "post /api/v1/workstations/{ws}/open-price",
        "post /api/v1/workstations/{ws}/weight",
        "delete /api/v1/workstations/{ws}/weight",
        "post /api/v1/workstations/{ws}/weight/again",
        "post /api/v1/workstations/{ws}/tare",
        "post /api/v1/workstations/{ws}/training",
        "post /api/v1/workstations/{ws}/card",
        "post /api/v1/workstations/{ws}/card/{attempt}",
        "post /api/v1/workstations/{ws}/card/{attempt}/cancel",
        "post /api/v1/workstations/{ws}/card/{attempt}/resolve",
        "post /api/v1/workstations/{ws}/reprint",
        "post /api/v1/workstations/{ws}/scanner",
        "post /api/v1/workstations/{ws}/scanner/take",
        "post /api/v1/workstations/{ws}/next-scan",
        "put /api/v1/workstations/{ws}/receipt",
        "delete /api/v1/workstations/{ws}/receipt",
        "post /api/v1/workstations/{ws}/returns",
        "post /api/v1/workstations/{ws}/returns/articles",
        "put /api/v1/workstations/{ws}/armed-return",
        "delete /api/v1/workstations/{ws}/armed-return",
        "post /api/v1/workstations/{ws}/refund",
        "post /api/v1/workstations/{ws}/post-void",
        "get /api/v1/suspended",
        "get /api/v1/transactions",
        "get /api/v1/transactions/{txn}",
        "get /api/v1/day",
        "post /api/v1/day/open",
        "post /api/v1/day/close",
        "get /api/v1/prints",
        "post /api/v1/prints/{job}/settle",
        "get /api/v1/articles",
        "get /api/v1/articles/by-code/{code}",
        "get /api/v1/devices",
        "post /api/v1/devices/{name}/test",
        "post /api/v1/devices/{name}/end-of-day",
        "post /api/v1/workstations/{ws}/till",
        "post /api/v1/safe/bags",
        "post /api/v1/safe/collections",
        "post /api/v1/safe/count",
        "get /api/v1/health",
        "get /api/v1/works",
        "get /api/v1/screens",
        "post /api/v1/screens/confirm",
        "delete /api/v1/screens/{screen}",
        "post /api/v1/tokens",
        "get /api/v1/desk",
        "post /api/v1/desk/sign-in",
        "delete /api/v1/desk/sign-in",
        "get /api/v1/tills",
        "get /api/v1/tills/{till}/x",
        "get /api/v1/day/x",
        "get /api/v1/safe",
        "get /api/v1/reports",
        "get /api/v1/reports.csv",
        "get /api/v1/reports/{report}",
        "get /api/v1/reports/{report}/text",
        "post /api/v1/reports/{report}/print",
        "get /api/v1/days",
        "get /api/v1/days/{date}",
    ];
    let mut described: Vec<String> = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["responses"].as_object().is_some_and(|responses| !responses.is_empty()), "{method} {path}");
            described.push(format!("{method} {path}"));
        }
    }
    described.sort();
    let mut expected: Vec<String> = expected.iter().map(|route| (*route).to_owned()).collect();
    expected.sort();
    assert_eq!(described, expected);
    // Every command wants an id made by the client.
    for (path, methods) in description["paths"].as_object().unwrap() {
        let Some(body) = methods["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str() else { continue };
        let schema = &description["components"]["schemas"][body.rsplit('/').next().unwrap()];
        let unrecorded = [
            "/next-scan",
            "/scanner",
            "/scanner/take",
            "/tare",
            "/weight/again",
            "/test",
            "/screens/confirm",
            "/tokens",
            "/customers",
            "/customers/find",
        ]
        .iter()
        .any(|end| path.ends_with(end));
        // A body of several kinds of act has its id beside the kind.
        let parts = schema["allOf"].as_array().map_or_else(|| vec![schema], |parts| parts.iter().collect());
        let wants = parts.iter().any(|part| part["required"].as_array().is_some_and(|required| required.contains(&json!("id"))));
        assert_eq!(wants, !unrecorded, "{path}: {schema}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                references.push(reference.clone());
            }
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn a_token_is_made_once_and_can_be_bound_to_a_till() {
    let stage = stage().await;
    let made = call(&stage, "POST", "/api/v1/tokens", r#"{"name":"handheld","workstation":"2"}"#).await.json();
    assert_eq!(made["screen"]["workstation"], "2");
    let (host, bearer) = (stage.address.to_string(), format!("Bearer {}", made["token"].as_str().unwrap()));
    let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
    assert_eq!(send(stage.address, "GET", "/api/v1/workstations/2", &headers, "").await.status, 200);
    assert_eq!(send(stage.address, "GET", "/api/v1/workstations/1", &headers, "").await.status, 403);
    let unknown = call(&stage, "POST", "/api/v1/tokens", r#"{"name":"x","workstation":"9"}"#).await;
    assert_eq!(unknown.code(), "workstation_unknown");
    assert!(CommandId::new("c-1").is_ok());
}
