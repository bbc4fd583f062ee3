//! Attacks on the doors. Each must be turned away before anything is done, and each is checked against the same request done right.

use std::time::Duration;

use counterfoil::retail::Command;
use counterfoil::web::pairing::{Scope, confirm_by_file};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::http::{Reply, raw, send};
use super::stage::{Stage, locale, one_article, screen, ws};

const UNDO: &str = r#"{"id":"x1"}"#;
const PATH: &str = "/api/v1/workstations/1/undo";

async fn stage() -> Stage {
    Stage::open(screen(one_article()), locale("en")).await
}

/// A browser that is in: its cookie, as the pairing link gave it.
async fn cookie(stage: &Stage, scope: Scope) -> String {
    let link = format!("/pair/{}?to=/till/1", stage.pairing.invite(scope));
    let reply = send(stage.address, "GET", &link, &[("Host", &host(stage))], "").await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/till/1")));
    let cookie = reply.header("set-cookie").unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

fn host(stage: &Stage) -> String {
    stage.address.to_string()
}

/// The command as our own page sends it, with some headers replaced or, by an empty value, left out.
async fn undo(stage: &Stage, cookie: &str, changed: &[(&str, &str)]) -> Reply {
    let (host, origin) = (host(stage), format!("http://{}", stage.address));
    let mut headers = vec![
        ("Host", host.as_str()),
        ("Origin", origin.as_str()),
        ("Sec-Fetch-Site", "same-origin"),
        ("Cookie", cookie),
        ("Content-Type", "application/json"),
    ];
    for (name, value) in changed {
        headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            headers.push((name, value));
        }
    }
    send(stage.address, "POST", PATH, &headers, UNDO).await
}

#[tokio::test]
async fn only_our_own_page_with_a_paired_browser_gets_through() {
    let stage = stage().await;
    let cookie = cookie(&stage, Scope::Workstation(ws("1"))).await;
    let check = async |changed: &[(&str, &str)], status: u16, code: &str| {
        let reply = undo(&stage, &cookie, changed).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{changed:?}: {}", reply.body);
    };
    check(&[("Host", "evil.example")], 421, "foreign_host").await;
    check(&[("Host", "localhost:1")], 421, "foreign_host").await;
    check(&[("Origin", "http://evil.example")], 403, "foreign_origin").await;
    check(&[("Origin", "null")], 403, "foreign_origin").await;
    check(&[("Origin", "")], 403, "foreign_origin").await;
    check(&[("Sec-Fetch-Site", "cross-site")], 403, "foreign_site").await;
    check(&[("Sec-Fetch-Site", "same-site")], 403, "foreign_site").await;
    check(&[("Cookie", "")], 401, "not_paired").await;
    check(&[("Cookie", "counterfoil-1=0000")], 401, "not_paired").await;
    // A form on another site cannot send JSON, and what it can send is refused.
    check(&[("Content-Type", "application/x-www-form-urlencoded")], 415, "not_json").await;
    check(&[("Content-Type", "text/plain")], 415, "not_json").await;
    check(&[("Content-Type", "")], 415, "not_json").await;
    assert!(stage.asked.lock().unwrap().is_empty(), "an attack reached the loop");

    let reply = undo(&stage, &cookie, &[]).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(stage.last_asked().command, Command::Undo {});
}

#[tokio::test]
async fn a_screen_of_one_till_cannot_touch_another() {
    let stage = stage().await;
    let token = format!("Bearer {}", stage.till_token);
    let headers = [("Host", host(&stage)), ("Authorization", token), ("Content-Type", "application/json".to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let check = async |method: &str, path: &str, body: &str, status: u16, code: &str| {
        let reply = send(stage.address, method, path, &headers, body).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{method} {path}: {}", reply.body);
    };
    check("GET", "/api/v1/workstations/2", "", 403, "wrong_workstation").await;
    check("POST", "/api/v1/workstations/2/undo", UNDO, 403, "wrong_workstation").await;
    check("GET", "/api/v1/workstations/2/events", "", 403, "wrong_workstation").await;
    check("GET", "/api/v1/workstations/9", "", 404, "workstation_unknown").await;
    check("GET", "/api/v1/screens", "", 403, "not_a_desk").await;
    for path in ["tills", "tills/1/x", "day/x", "safe", "reports", "reports.csv", "reports/1-0", "days", "days/2026-11-22", "desk"] {
        check("GET", &format!("/api/v1/{path}"), "", 403, "not_a_desk").await;
    }
    check("POST", "/api/v1/screens/confirm", r#"{"code":"ABCDEF"}"#, 403, "not_a_desk").await;
    check("POST", "/api/v1/tokens", r#"{"name":"x"}"#, 403, "not_a_desk").await;
    check("POST", "/api/v1/devices/printer-1/test", r#"{"kind":"drawer"}"#, 403, "not_a_desk").await;
    let reply = send(stage.address, "GET", "/till/2", &[headers[0], headers[1], ("Accept", "text/html")], "").await;
    assert_eq!(reply.status, 403);
    assert!(stage.asked.lock().unwrap().is_empty());
    assert!(stage.told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn no_address_but_the_pairing_page_and_the_health_probe_is_open() {
    let stage = stage().await;
    let host = host(&stage);
    let description = send(stage.address, "GET", "/api/openapi.json", &[("Host", &host)], "").await;
    assert_eq!(description.status, 401);
    let bearer = format!("Bearer {}", stage.desk_token);
    let description = send(stage.address, "GET", "/api/openapi.json", &[("Host", &host), ("Authorization", &bearer)], "").await.json();
    let mut routes = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let path = path.replace("{ws}", "1").replace("{line}", "1").replace("{index}", "0").replace("{name}", "printer-1");
        let path = path.replace("{till}", "1").replace("{date}", "2026-11-22").replace("{report}", "1-0");
        let path = ["{attempt}", "{job}", "{txn}", "{screen}", "{code}", "{order}", "{subject}"]
            .iter()
            .fold(path, |path, hole| path.replace(hole, "00000000-0000-0000-0000-000000000001"));
        assert!(!path.contains('{'), "{path}");
        for method in methods.as_object().unwrap().keys() {
            let reply = send(stage.address, &method.to_uppercase(), &path, &[("Host", &host)], "").await;
            assert_eq!((reply.status, reply.code().as_str()), (401, "not_paired"), "{method} {path}");
            routes += 1;
        }
    }
    assert!(routes >= 34, "only {routes} routes are described");
    for page in ["/", "/till/1", "/display/1", "/devices", "/screens", "/office"] {
        let reply = send(stage.address, "GET", page, &[("Host", &host), ("Accept", "text/html")], "").await;
        let towards = format!("/pair?to={page}");
        assert_eq!((reply.status, reply.header("location")), (303, Some(towards.as_str())));
    }
    assert_eq!(send(stage.address, "GET", "/healthz", &[("Host", &host)], "").await.body, "ok\n");
}

#[tokio::test]
async fn pages_cannot_be_framed_and_hold_nothing_inline() {
    let stage = stage().await;
    let (host, bearer) = (host(&stage), format!("Bearer {}", stage.desk_token));
    for page in ["/", "/till/1", "/display/1", "/devices", "/screens", "/no-such-page"] {
        let reply = send(stage.address, "GET", page, &[("Host", &host), ("Authorization", &bearer), ("Accept", "text/html")], "").await;
        let policy = reply.header("content-security-policy").expect("a policy on every page");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{page}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("access-control-allow-origin"), None);
        for inline in [" style=", "<style", " onclick=", " onload=", "javascript:"] {
            assert!(!reply.body.contains(inline), "{page} has {inline}");
        }
        for script in reply.body.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/assets/") && script.split('>').nth(1).unwrap().starts_with("</script"), "{page}: {script}");
        }
    }
}

#[tokio::test]
async fn bodies_are_limited_and_must_arrive() {
    let stage = stage().await;
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nConnection: close\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
        stage.address, stage.desk_token
    );
    let large = format!(r#"{{"id":"{}"}}"#, "x".repeat(70_000));
    let reply = raw(stage.address, format!("{head}Content-Length: {}\r\n\r\n{large}", large.len()).as_bytes()).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"));
    // Without a length, in chunks.
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let reply = raw(stage.address, chunked.as_bytes()).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"));
    // Half of it, and then nothing more.
    let reply = raw(stage.address, format!("{head}Content-Length: 100\r\n\r\n{{\"id\":").as_bytes()).await;
    assert_eq!((reply.status, reply.code().as_str()), (408, "body_late"));
    // Half of it, and the connection is gone.
    let mut broken = tokio::net::TcpStream::connect(stage.address).await.unwrap();
    broken.write_all(format!("{head}Content-Length: 100\r\n\r\n{{\"id\":\"y\"").as_bytes()).await.unwrap();
    broken.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(60), broken.read_to_end(&mut rest)).await.expect("the server lets go");
    assert!(stage.asked.lock().unwrap().is_empty(), "an incomplete body reached the loop");
}

#[tokio::test]
async fn a_new_browser_gets_in_when_a_person_confirms_its_code() {
    let stage = stage().await;
    let (host, origin) = (host(&stage), format!("http://{}", stage.address));
    let page =
        send(stage.address, "GET", "/pair?to=/till/1", &[("Host", &host), ("User-Agent", "Mozilla/5.0 (X11; Linux) Chrome/1")], "").await;
    assert_eq!(page.status, 200);
    let knock = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let waiting = stage.pairing.waiting();
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].name.as_str(), &waiting[0].scope), ("Chromium on Linux", &Scope::Workstation(ws("1"))));
    assert!(page.body.contains(&waiting[0].code));

    // A reload keeps the code instead of knocking again.
    send(stage.address, "GET", "/pair?to=/till/1", &[("Host", &host), ("Cookie", &knock)], "").await;
    assert_eq!(stage.pairing.waiting(), waiting);

    let collect = [("Host", host.as_str()), ("Origin", origin.as_str()), ("Cookie", knock.as_str())];
    let early = send(stage.address, "POST", "/pair/collect", &collect, "").await;
    assert_eq!((early.status, early.code().as_str()), (409, "not_confirmed"));

    // A desk that is in confirms it.
    let bearer = format!("Bearer {}", stage.desk_token);
    let desk = [("Host", host.as_str()), ("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let wrong = send(stage.address, "POST", "/api/v1/screens/confirm", &desk, r#"{"code":"WRONG0"}"#).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (409, "wrong_code"));
    let body = format!(r#"{{"code":"{}"}}"#, waiting[0].code);
    assert_eq!(send(stage.address, "POST", "/api/v1/screens/confirm", &desk, &body).await.status, 204);

    let state = send(stage.address, "GET", "/pair/state", &[("Host", &host), ("Cookie", &knock)], "").await;
    assert_eq!(state.json()["state"], "confirmed");
    // Somebody else's browser cannot collect it.
    let stranger = [("Host", host.as_str()), ("Origin", origin.as_str())];
    assert_eq!(send(stage.address, "POST", "/pair/collect", &stranger, "").await.status, 409);
    let collected = send(stage.address, "POST", "/pair/collect", &collect, "").await;
    assert_eq!(collected.status, 204);
    let cookie = collected.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let till = send(stage.address, "GET", "/till/1", &[("Host", &host), ("Cookie", &cookie)], "").await;
    assert_eq!(till.status, 200);

    // Revoked, it is out.
    let id = &stage.pairing.screens().iter().find(|screen| screen.name == "Chromium on Linux").unwrap().id.clone();
    assert_eq!(send(stage.address, "DELETE", &format!("/api/v1/screens/{id}"), &desk[..2], "").await.status, 204);
    let till = send(stage.address, "GET", "/till/1", &[("Host", &host), ("Cookie", &cookie), ("Accept", "text/html")], "").await;
    assert_eq!(till.status, 303);
}

#[tokio::test]
async fn wrong_codes_are_limited_at_every_door_together() {
    let stage = stage().await;
    let (host, bearer) = (host(&stage), format!("Bearer {}", stage.desk_token));
    let desk = [("Host", host.as_str()), ("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    for _ in 0..5 {
        let reply = send(stage.address, "POST", "/api/v1/screens/confirm", &desk, r#"{"code":"WRONG0"}"#).await;
        assert_eq!(reply.code(), "wrong_code");
    }
    let reply = send(stage.address, "POST", "/api/v1/screens/confirm", &desk, r#"{"code":"WRONG0"}"#).await;
    assert_eq!((reply.status, reply.code().as_str()), (429, "pairing_locked"));
    assert!(reply.header("retry-after").is_some());
    // A code that could not be one does not even get to the node.
    assert!(confirm_by_file(std::path::Path::new("/nowhere"), "no-code", Duration::ZERO).is_err());
}

#[tokio::test]
async fn a_pairing_link_leads_nowhere_else() {
    let stage = stage().await;
    let host = host(&stage);
    let token = stage.pairing.invite(Scope::Any);
    for to in ["//evil.example/x", "https://evil.example", "%2F%2Fevil.example", "/%5Cevil.example"] {
        let reply = send(stage.address, "GET", &format!("/pair/{token}?to={to}"), &[("Host", &host)], "").await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("/")), "{to}");
    }
    let reply = send(stage.address, "GET", "/pair/0123456789abcdef?to=/till/1", &[("Host", &host)], "").await;
    assert_eq!(reply.status, 410);
    assert!(reply.header("set-cookie").is_none());
}

#[tokio::test]
async fn a_revoked_screen_loses_its_live_stream() {
    let stage = stage().await;
    let mut stream = tokio::net::TcpStream::connect(stage.address).await.unwrap();
    let request = format!("GET /till/1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n", stage.address, stage.till_token);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = vec![0; 64 * 1024];
    let first = stream.read(&mut bytes).await.unwrap();
    assert!(String::from_utf8_lossy(&bytes[..first]).contains("200 OK"));
    let id = stage.pairing.screens().iter().find(|screen| screen.name == "till 1").unwrap().id.clone();
    stage.pairing.revoke(&id).unwrap();
    let ended = async { while stream.read(&mut bytes).await.is_ok_and(|count| count > 0 && !bytes[..count].ends_with(b"0\r\n\r\n")) {} };
    tokio::time::timeout(Duration::from_secs(60), ended).await.expect("the stream ends");
}
