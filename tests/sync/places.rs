//! Places without a node: what they say is there, the parts of orders that they take and confirm, by API and by table; and what they say wrongly.

use counterfoil::head_office::access::Reach;
use counterfoil::head_office::parts::{self, NewPart, NotAssigned, PartKind, PartLine, Recipient};
use counterfoil::head_office::{atp, order_exceptions, order_returns, places};
use counterfoil::ids::{OrderNo, PlaceId, Sku};
use counterfoil::money::{Qty, Unit};
use serde_json::{Value as Json, json};

use crate::node::orders::{Office, office, stocked};

const HOUR_MS: i64 = 3_600_000;
/// Of the demo's goods.
const MILK: &str = "100001";
const BREAD: &str = "100002";

async fn ask(office: &Office, method: &str, path: &str, body: impl Into<reqwest::Body>) -> (u16, Json) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = reqwest::Client::new().request(method, format!("http://{}{path}", office.pages_address)).body(body);
    let request = request.header("content-type", if path.ends_with(".csv") { "text/csv" } else { "application/json" });
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Json::String(text)))
}

async fn put_place(office: &Office, place: &str, more: Json) {
    let mut draft = json!({ "kind": "warehouse", "name": format!("Place {place}"), "stock_hours": 24, "accept_minutes": 60 });
    for (key, value) in more.as_object().unwrap() {
        draft[key] = value.clone();
    }
    let (status, answer) = ask(office, "PUT", &format!("/api/v1/places/{place}"), draft.to_string()).await;
    assert_eq!(status, 204, "{answer}");
}

pub async fn stage(folder: &std::path::Path) -> Office {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let office = office(&folder.join("ho"), 0).await;
    stocked(&office).await;
    put_place(&office, "W1", json!({ "region": "north" })).await;
    put_place(&office, "W2", json!({ "kind": "supplier", "region": "south" })).await;
    office
}

pub fn part(number: &str, place: &str, lines: &[(&str, i64)]) -> NewPart {
    let line = |((sku, pieces), line): (&(&str, i64), u32)| PartLine {
        line,
        sku: Sku::new(sku).unwrap(),
        name: format!("Article {sku}"),
        quantity: Qty::pieces(*pieces),
        unit: Unit::Piece,
        short: Qty::ZERO,
        why: String::new(),
    };
    NewPart {
        value: None,
        part: OrderNo::new(number).unwrap(),
        place: PlaceId::new(place).unwrap(),
        channel: "shop".to_owned(),
        number: format!("web-{number}"),
        attempt: 1,
        kind: PartKind::Ship,
        to: Recipient {
            name: "Zoë O'Hara".to_owned(),
            lines: vec!["Weg 1".to_owned(), "10115 Berlin".to_owned()],
            country: "DE".to_owned(),
            ..Recipient::default()
        },
        promised_ms: jiff::Timestamp::now().as_millisecond() + 24 * HOUR_MS,
        lines: lines.iter().zip(1..).map(line).collect(),
    }
}

pub async fn assign(office: &Office, new: NewPart) -> Result<(), NotAssigned> {
    office.office.write(move |writer, now_ms| Ok(parts::assign(writer, &new, now_ms)?)).await.unwrap()
}

async fn end(office: &Office, number: &str) -> Result<String, String> {
    let number = OrderNo::new(number).unwrap();
    let done = office.office.write(move |writer, now_ms| Ok(parts::end(writer, &number, "the customer cancelled", now_ms)?)).await.unwrap();
    done.map(|part| part.state).map_err(|why| why.to_string())
}

async fn state_of(office: &Office, number: &str) -> String {
    let number = OrderNo::new(number).unwrap();
    office.office.read(move |connection| parts::find(connection, &number)).await.unwrap().unwrap().state
}

/// What may be promised at a place, and what is in doubt.
async fn promised(office: &Office, place: &str, sku: &str) -> (i64, String) {
    let (_, answer) = ask(office, "GET", &format!("/api/v1/atp?sku={sku}"), "").await;
    let row = answer["rows"].as_array().unwrap().iter().find(|row| row["store"] == place).cloned().unwrap_or_default();
    (
        row["atp"].as_i64().map_or(-1, |atp| atp / 1000),
        row["doubts"].as_array().map(|all| all.iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join(" ")).unwrap_or_default(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_states_its_stock_and_serves_parts_by_api_and_by_table() {
    let folder = tempfile::tempdir().unwrap();
    let office = stage(folder.path()).await;
    assert_eq!(promised(&office, "W1", MILK).await.0, -1, "nothing was stated");
    let stock = format!("SKU;On_hand\r\n{MILK};12\r\n{BREAD};5\r\n");
    assert_eq!(ask(&office, "PUT", "/api/v1/places/W1/stock.csv", stock).await.1["rows"], 2);
    assert_eq!(promised(&office, "W1", MILK).await, (12, String::new()));
    // With the stores: in all, and in its region.
    let (_, all) = ask(&office, "GET", &format!("/api/v1/atp?sku={MILK}"), "").await;
    assert_eq!((&all["total"]["atp"], &all["total"]["stores"]), (&json!(12_000), &json!(2)));
    let north = all["regions"].as_array().unwrap().iter().find(|region| region["region"] == "north").unwrap();
    assert_eq!(north["atp"], 12_000);

    // Its parts hold what they need; what has left is not there twice.
    assign(&office, part("A1", "W1", &[(MILK, 4), (BREAD, 1)])).await.unwrap();
    assign(&office, part("A2", "W1", &[(MILK, 3)])).await.unwrap();
    assert_eq!(promised(&office, "W1", MILK).await.0, 5);
    let (_, list) = ask(&office, "GET", "/api/v1/places/W1/parts", "").await;
    let seen: Vec<&str> = list["rows"].as_array().unwrap().iter().map(|row| row["part"].as_str().unwrap()).collect();
    assert_eq!(seen, ["A1", "A2"]);
    assert_eq!(ask(&office, "POST", "/api/v1/places/W1/parts/A1/accept", "").await.1["state"], "accepted");
    let next = list["next"].as_str().unwrap();
    let (_, news) = ask(&office, "GET", &format!("/api/v1/places/W1/parts?after={next}"), "").await;
    assert_eq!(news["rows"].as_array().unwrap().len(), 1, "what changed comes again: {news}");
    let (_, table) = ask(&office, "GET", "/api/v1/places/W1/parts.csv", "").await;
    assert!(table.as_str().unwrap().contains("A1,accepted,web-A1,shop,"), "{table}");
    let short = json!({ "lines": [{ "line": 1, "quantity": 1000, "reason": "broken" }] }).to_string();
    assert_eq!(ask(&office, "POST", "/api/v1/places/W1/parts/A1/short", short).await.1["lines"][0]["short"], 1000);
    assert_eq!(promised(&office, "W1", MILK).await.0, 6);
    let shipped = json!({ "tracking": "00340" }).to_string();
    assert_eq!(ask(&office, "POST", "/api/v1/places/W1/parts/A1/shipped", shipped.clone()).await.1["state"], "shipped");
    // Said twice it is the same; a later statement no longer has it, so it is not taken off again.
    assert_eq!(ask(&office, "POST", "/api/v1/places/W1/parts/A1/shipped", shipped).await.0, 200);
    assert_eq!(promised(&office, "W1", MILK).await.0, 6);
    let body = json!({ "whole": true, "rows": [{ "sku": MILK, "on_hand": 9000 }] }).to_string();
    assert_eq!(ask(&office, "PUT", "/api/v1/places/W1/stock", body).await.1["rows"], 1);
    assert_eq!(promised(&office, "W1", MILK).await.0, 6);
    assert_eq!(promised(&office, "W1", BREAD).await.0, 0, "it is not in the whole stock");

    // By table, all at once; what its place refuses is for routing to place anew.
    let table = "part,act,reason\nA2,refused,no staff\n";
    assert_eq!(ask(&office, "POST", "/api/v1/places/W1/confirmations.csv", table).await.1["parts"], 1);
    assert_eq!(promised(&office, "W1", MILK).await.0, 9);
    let unserved = office.office.read(|connection| parts::unserved(connection, 9)).await.unwrap();
    assert_eq!(unserved.iter().map(|part| part.part.as_str()).collect::<Vec<_>>(), ["A1", "A2"], "short, and refused");

    // Each step is told once.
    let (_, events) = ask(&office, "GET", "/api/v1/events?kinds=part.*", "").await;
    let kinds: Vec<&str> = events["rows"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["part.sent", "part.sent", "part.accepted", "part.short", "part.shipped", "part.refused"]);
    assert!(!events.to_string().contains("Hara"), "{events}");

    // Customer service finds a parcel by whom it is for, and shows all parts of the order.
    assign(&office, NewPart { number: "web-A1".to_owned(), attempt: 2, ..part("A3", "W2", &[(MILK, 1)]) }).await.unwrap();
    let (_, found) = ask(&office, "GET", "/api/v1/order-search?q=zo", "").await;
    let mut found: Vec<&str> = found["rows"].as_array().unwrap().iter().map(|row| row["order"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, ["A1", "A2", "A3"]);
    let (_, story) = ask(&office, "GET", "/api/v1/orders/A1/timeline", "").await;
    let of = |rows: &Json, key: &str| rows.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(of(&story["parts"], "part"), ["A1", "A3"]);
    assert_eq!(of(&story["steps"], "kind"), ["part.sent", "part.accepted", "part.short", "part.shipped", "part.sent"]);
    let note = json!({ "who": "Anna", "text": "she asked where it is" }).to_string();
    assert_eq!(ask(&office, "POST", "/api/v1/orders/A1/notes", note).await.0, 201);
    let (_, page) = ask(&office, "GET", "/service/A1", "").await;
    for part in ["2 parts", "00340", "attempt 2", "she asked where it is", "1 short"] {
        assert!(page.as_str().unwrap().contains(part), "{part}");
    }
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_place_says_wrongly_is_named_by_its_row_and_nothing_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let office = stage(folder.path()).await;
    let stock = |rows: &str| format!("sku;on_hand;as_of\n{rows}");
    let good = format!("{MILK};7;\n");
    assert_eq!(ask(&office, "PUT", "/api/v1/places/W1/stock.csv", stock(&good)).await.0, 200);
    let tomorrow = jiff::Timestamp::from_millisecond(office.office.now_ms() + 24 * HOUR_MS).unwrap();
    let many: String = (0..200_000).map(|number| format!("S{number};1\n")).collect();
    for (rows, expect) in [
        (format!("{BREAD};1;\nX-1;1;\nX-2;1;"), "row 3: there is no article \"X-1\" in the assortment; row 4: there is no article \"X-2\""),
        (format!("{BREAD};1;\n{MILK};1;\n{BREAD};2;"), "row 4: "),
        (format!("{BREAD};1.000,5;"), "row 2: on_hand \"1.000,5\" is no number"),
        (format!("{BREAD};1,5;"), "row 2: on_hand 1.5 of "),
        (format!("{BREAD};-1;"), "row 2: on_hand -1 of "),
        (format!("{BREAD};1;1970-01-01T00:00:00Z"), "row 2: as_of: 1970-01-01 00:00 UTC is more than 31 days ago"),
        (format!("{BREAD};1;{tomorrow}"), "is in the future"),
        (format!("{BREAD};1;yesterday"), "row 2: as_of \"yesterday\" is no time"),
        (format!("{BREAD};1"), "row 2: it has 2 fields"),
        (String::new(), "the file has no rows"),
    ] {
        let (status, answer) = ask(&office, "PUT", "/api/v1/places/W1/stock.csv", stock(&rows)).await;
        let detail = answer["detail"].as_str().unwrap_or_default();
        assert!(status == 422 && answer["code"] == "rows_refused" && detail.contains(expect), "{rows:.60}: {status} {answer}");
    }
    let (status, answer) = ask(&office, "PUT", "/api/v1/places/W1/stock.csv", format!("sku;on_hand\n{many}")).await;
    assert!(
        status == 422 && answer["detail"].as_str().unwrap().contains("row 100002: a file has at most 100000 rows"),
        "{status} {answer}"
    );
    let nothing = json!({ "whole": true, "rows": [] }).to_string();
    assert_eq!(ask(&office, "PUT", "/api/v1/places/W1/stock", nothing).await.0, 422);
    let of_store = json!({ "rows": [{ "sku": MILK, "on_hand": 1000 }] }).to_string();
    assert!(ask(&office, "PUT", "/api/v1/places/berlin-1/stock", of_store).await.1["detail"].as_str().unwrap().contains("is a store"));
    assert_eq!(promised(&office, "W1", MILK).await.0, 7);
    assert_eq!(promised(&office, "W1", BREAD).await.0, -1, "nothing of a file with a fault was taken");
    // What was counted before is passed over, not an error.
    let older = jiff::Timestamp::from_millisecond(office.office.now_ms() - HOUR_MS).unwrap();
    assert_eq!(ask(&office, "PUT", "/api/v1/places/W1/stock.csv", stock(&format!("{MILK};99;{older}"))).await.1["older"], 1);
    assert_eq!(promised(&office, "W1", MILK).await.0, 7);

    for (number, place) in [("B1", "W1"), ("B2", "W1"), ("B3", "W1"), ("B4", "W2")] {
        assign(&office, part(number, place, &[(MILK, 1)])).await.unwrap();
    }
    assert!(matches!(assign(&office, part("B1", "W2", &[(MILK, 1)])).await, Err(NotAssigned::Exists(_))));
    assert!(matches!(assign(&office, part("B9", "berlin-1", &[(MILK, 1)])).await, Err(NotAssigned::Place(_))), "a store sends nothing");
    assert_eq!(end(&office, "B2").await.unwrap(), "cancelled", "it had not been accepted");
    for (rows, expect) in [
        ("B1,shipped,T1\nB4,shipped,T2\n", "row 3: there is no part B4 at this place"),
        ("B1,shipped,T1\nB2,shipped,T2\n", "row 3: part B2: it was cancelled"),
        ("B1,shipped,T1\nB1,accepted,\n", "row 3: part B1 stands in row 2 already"),
        ("B1,shipped,T1\nB3,lost,\n", "row 3: act \"lost\""),
        ("B1,shipped,T1\nB3,delivered,\n", "row 3: part B3: it has not left yet"),
    ] {
        let (status, answer) = ask(&office, "POST", "/api/v1/places/W1/confirmations.csv", format!("part,act,tracking\n{rows}")).await;
        assert!(status == 422 && answer["detail"].as_str().unwrap().contains(expect), "{rows}: {answer}");
        assert_eq!(state_of(&office, "B1").await, "sent", "half a file was taken: {rows}");
    }
    let (status, answer) = ask(&office, "POST", "/api/v1/places/W1/parts/B2/shipped", "").await;
    assert_eq!((status, &answer["code"]), (409, &json!("part_cancelled")));
    let exceptions = office.office.read(|connection| order_exceptions::list(connection, 9)).await.unwrap();
    assert!(exceptions.iter().any(|row| row.kind == "shipped_after_cancel" && row.order == "B2" && row.times == 2), "{exceptions:?}");
    // Accepted, it ends when the place says so; or it has left.
    ask(&office, "POST", "/api/v1/places/W1/parts/B3/accept", "").await;
    assert_eq!(end(&office, "B3").await.unwrap(), "cancel_asked");
    assert_eq!(promised(&office, "W1", MILK).await.0, 5, "until then its units are held");
    assert_eq!(ask(&office, "POST", "/api/v1/places/W1/parts/B3/accept", "").await.1["code"], "part_asked_back");
    assert_eq!(ask(&office, "POST", "/api/v1/places/W1/parts/B3/shipped", "{\"tracking\": \"T3\"}").await.0, 200);
    assert!(end(&office, "B3").await.is_err());
    let exceptions = office.office.read(|connection| order_exceptions::list(connection, 9)).await.unwrap();
    assert!(exceptions.iter().any(|row| row.kind == "cancel_too_late" && row.order == "B3"), "{exceptions:?}");
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_stock_promises_nothing_and_nobody_sees_another_places_parts() {
    let folder = tempfile::tempdir().unwrap();
    let office = stage(folder.path()).await;
    let now_ms = office.office.now_ms();
    let stated = |age_ms: i64| json!({ "as_of_ms": now_ms - age_ms, "rows": [{ "sku": MILK, "on_hand": 7000 }] }).to_string();
    ask(&office, "PUT", "/api/v1/places/W1/stock", stated(25 * HOUR_MS)).await;
    ask(&office, "PUT", "/api/v1/places/W2/stock", stated(23 * HOUR_MS)).await;
    assert_eq!(promised(&office, "W1", MILK).await, (0, "stock_old".to_owned()));
    assert_eq!(promised(&office, "W2", MILK).await, (7, String::new()));
    let (_, page) = ask(&office, "GET", &format!("/stock/{MILK}"), "").await;
    let page = page.as_str().unwrap();
    assert!(page.contains("stock too old") && page.contains("Place W2") && page.contains("supplier"), "{page}");
    let (_, page) = ask(&office, "GET", "/places/W1", "").await;
    assert!(page.as_str().unwrap().contains("promises nothing: state it again"), "{page}");
    // Switched off, it is not there.
    put_place(&office, "W2", json!({ "kind": "supplier", "region": "south", "active": false })).await;
    assert_eq!(promised(&office, "W2", MILK).await.0, -1);
    assert!(matches!(assign(&office, part("C2", "W2", &[(MILK, 1)])).await, Err(NotAssigned::Place(_))));
    put_place(&office, "W2", json!({ "kind": "supplier", "region": "south" })).await;

    for (number, place) in [("C1", "W1"), ("C2", "W2")] {
        assign(&office, part(number, place, &[(MILK, 1)])).await.unwrap();
    }
    for (stores, regions, expect) in [("W1", "", "W1: C1"), ("", "south", "W2: C2"), ("berlin-1", "", "berlin-1: ")] {
        let seen = office.office.read_within(Reach::parse(stores, regions).unwrap(), |connection| {
            let mut parts = parts::changes(connection, "W1", 0, 9)?;
            parts.extend(parts::changes(connection, "W2", 0, 9)?);
            let places = places::all(connection)?.iter().map(|place| place.place.to_string()).collect::<Vec<_>>().join(" ");
            let stock = atp::everywhere(connection, MILK, None, i64::MAX / 4)?.stores;
            let other = stock.iter().any(|row| !places.contains(&row.store));
            Ok(format!(
                "{places}: {}{}",
                parts.iter().map(|part| part.part.as_str()).collect::<Vec<_>>().join(" "),
                if other { " and stock" } else { "" }
            ))
        });
        assert_eq!(seen.await.unwrap(), expect);
    }
    // What is silent is found when its time is over.
    let silent = async |later_ms: i64| {
        office.office.read(move |connection| Ok(parts::silent(connection, now_ms + later_ms, 9)?.len())).await.unwrap()
    };
    assert_eq!((silent(HOUR_MS / 2).await, silent(2 * HOUR_MS).await), (0, 2));
    // A place is no store: nothing is collected there by a code.
    let order =
        json!({ "order": "C9", "store": "W1", "promised_ms": now_ms + HOUR_MS, "lines": [{ "sku": MILK, "quantity": 1000 }] }).to_string();
    let (status, answer) = ask(&office, "POST", "/api/v1/orders", order).await;
    assert!(status == 422 && answer["detail"].as_str().unwrap().contains("is no store"), "{answer}");
    // All of it is there after the tables that can be counted again were.
    let stale = office.office.write(|writer, _| Ok(counterfoil::head_office::storage::set_meta(writer.connection(), "projections", "0")?));
    stale.await.unwrap();
    office.stop().await;
    let office = crate::node::orders::office(&folder.path().join("ho"), 0).await;
    assert_eq!(state_of(&office, "C1").await, "sent");
    assert_eq!(promised(&office, "W2", MILK).await.0, 6);
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customer_service_cancels_parcels_and_asks_back_what_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let office = stage(folder.path()).await;
    let of_one = |number: &str, place: &str| NewPart { number: "web-9".to_owned(), ..part(number, place, &[(MILK, 1)]) };
    for (number, place) in [("C1", "W1"), ("C2", "W2")] {
        assign(&office, of_one(number, place)).await.unwrap();
    }
    let post = async |path: &str, body: Json| {
        let (status, answer) = ask(&office, "POST", path, body.to_string()).await;
        (status, answer["code"].as_str().unwrap_or_default().to_owned())
    };
    let page = async |path: &str| ask(&office, "GET", path, "").await.1.as_str().unwrap_or_default().to_owned();
    let why = json!({ "who": "Anna", "reason": "broken" });
    assert_eq!(post("/api/v1/places/W1/parts/C1/accept", json!({})).await.0, 200);
    assert_eq!(post("/api/v1/orders/C1/return", why.clone()).await, (409, "not_handed_over".to_owned()));
    let story = page("/service/C2").await;
    assert!(story.contains("/service/C2/cancel") && story.contains("number=web-9") && !story.contains("/service/C2/return"), "{story}");
    let question = page("/service/C2/cancel").await;
    assert!(question.contains("the place has begun") && question.contains("it ends at once") && question.contains("Cancel the order"));
    // Of either part, the order ends: what its place has not begun at once, the other one is asked for.
    for _ in 0..2 {
        assert_eq!(post("/api/v1/orders/C2/cancel", json!({})).await.0, 200);
        assert_eq!((state_of(&office, "C1").await, state_of(&office, "C2").await), ("cancel_asked".to_owned(), "cancelled".to_owned()));
    }
    // It had left: now it can be asked back, and not be cancelled.
    assert_eq!(post("/api/v1/places/W1/parts/C1/shipped", json!({ "tracking": "T1" })).await.0, 200);
    assert_eq!(post("/api/v1/orders/C1/cancel", json!({})).await, (409, "order_has_left".to_owned()));
    let story = page("/service/C1").await;
    assert!(!story.contains("/service/C1/cancel") && story.contains("/service/C1/return"), "{story}");
    for _ in 0..2 {
        assert_eq!(post("/api/v1/orders/C1/return", why.clone()).await.0, 204);
    }
    assert_eq!(post("/api/v1/orders/C1/refund", json!({ "who": "Anna", "reason": "broken", "amount": 119 })).await.0, 204);
    assert_eq!(post("/api/v1/orders/C2/return", why).await, (409, "not_handed_over".to_owned()), "it never left");
    let returns = office.office.read(|connection| order_returns::list(connection, i64::MAX / 2, 9)).await.unwrap();
    let returns: Vec<_> = returns.iter().map(|row| (row.order.as_str(), row.store.as_str(), row.state)).collect();
    assert_eq!(returns, [("C1", "W1", "open")]);
    assert!(page("/orders").await.contains("/service/C1"));
    office.stop().await;
}
