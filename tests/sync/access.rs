//! Who may do what at head office: the ways in, every attack by name, every address, and the log of acts.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use counterfoil::head_office::HeadOfficeConfig;
use counterfoil::head_office::access::cli::{
    self, AccessError, AccessTask, AuditTask, Login, PersonAdd, PersonChange, PersonReset, PersonTask,
};
use counterfoil::head_office::access::cli::{ReachArgs, TokenAdd, TokenName, TokenTask};
use counterfoil::head_office::access::routes::{self, Of};
use counterfoil::head_office::access::{Role, sessions, waits};
use counterfoil::head_office::bench::{StandIn, wait_until};
use counterfoil::head_office::serve::{self, Running};
use counterfoil::time::{Clock, HandClock, SystemClock};
use tempfile::TempDir;

use super::over_http::PATIENCE;

const PASSWORD: &str = "correct horse battery";
const MINUTE_MS: i64 = 60_000;
const HTML: (&str, &str) = ("accept", "text/html");

/// A head office where people sign in, with a clock of its own.
struct Stage {
    folder: TempDir,
    clock: Arc<HandClock>,
    office: Running,
    client: reqwest::Client,
}

struct Answer {
    status: u16,
    body: String,
    cookie: Option<String>,
    location: String,
}

impl Answer {
    fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn config(folder: &Path) -> HeadOfficeConfig {
    HeadOfficeConfig { sign_in: true, ..crate::storage::config(&folder.join("ho"), 0) }
}

fn client() -> reqwest::Client {
    // The client wants a TLS provider even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

impl Stage {
    async fn new() -> Stage {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(HandClock::at(SystemClock::new().now().ms)));
        let office = serve::start(config(folder.path()), clock.clone()).await.unwrap();
        Stage { folder, clock, office, client: client() }
    }

    async fn restart(self) -> Stage {
        // At the same port, by which browsers know their cookie.
        let config = HeadOfficeConfig { listen: self.office.address, ..config(self.folder.path()) };
        self.office.stop().await;
        let office = serve::start(config, self.clock.clone()).await.unwrap();
        Stage { office, ..self }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.office.pages_address)
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.origin()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body.to_owned()).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let cookie = header("set-cookie");
        let cookie = cookie.split(';').next().filter(|pair| pair.contains('=')).map(str::to_owned);
        Answer { status: answer.status().as_u16(), location: header("location"), cookie, body: answer.text().await.unwrap() }
    }

    /// A form of our own page, with this cookie.
    async fn post(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = self.origin();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", &origin), ("cookie", cookie), HTML];
        self.ask("POST", path, &headers, &form(fields)).await
    }

    async fn get(&self, cookie: &str, path: &str) -> Answer {
        self.ask("GET", path, &[("cookie", cookie), HTML], "").await
    }

    async fn with_token(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.ask(method, path, &[("authorization", &bearer), ("content-type", "application/json")], body).await
    }

    /// The cookie of a new session.
    async fn sign_in(&self, login: &str, password: &str) -> String {
        let answer = self.try_sign_in(login, password).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.cookie.expect("a cookie")
    }

    async fn try_sign_in(&self, login: &str, password: &str) -> Answer {
        self.post("none=none", "/sign-in", &[("login", login), ("password", password), ("to", "/sales")]).await
    }

    /// As a technician types it beside the head office that runs.
    fn command(&self, task: &AccessTask) -> Result<String, AccessError> {
        let (config, now_ms) = (self.office.office.config(), self.clock.now().ms);
        let typed = || Ok((PASSWORD.to_owned(), PASSWORD.to_owned()));
        // A session with a server waits in a way that these threads must not.
        std::thread::scope(|scope| scope.spawn(|| cli::carry_out(config, task, typed, now_ms)).join()).unwrap()
    }

    fn person(&self, login: &str, role: Role, stores: Option<&str>, regions: Option<&str>) {
        let add = PersonAdd {
            login: login.to_owned(),
            name: format!("Person {login}"),
            role,
            reach: ReachArgs { stores: stores.map(str::to_owned), regions: regions.map(str::to_owned) },
            type_password: true,
        };
        self.command(&AccessTask::Person(PersonTask::Add(add))).unwrap();
    }

    fn token(&self, name: &str, scope: &str, stores: Option<&str>, days: u32) -> String {
        let reach = ReachArgs { stores: stores.map(str::to_owned), regions: None };
        self.command(&AccessTask::Token(TokenTask::Add(TokenAdd {
            name: name.to_owned(),
            scope: scope.to_owned(),
            reach,
            channels: None,
            days,
        })))
        .unwrap()
    }

    fn verify(&self) -> Result<String, AccessError> {
        self.command(&AccessTask::Audit(AuditTask::Verify { known: None }))
    }

    /// Straight into the database, as somebody does who has got that far.
    async fn sql(&self, statement: &str) {
        let statement = statement.to_owned();
        let done = self.office.office.write(move |writer, _| Ok(writer.connection().execute(&statement, [])?));
        done.await.unwrap();
    }

    /// "who act object outcome" of each line, the oldest first.
    async fn log(&self) -> Vec<String> {
        let filter = counterfoil::head_office::access::audit::Filter { limit: 500, ..Default::default() };
        let rows = self.office.office.read(move |connection| counterfoil::head_office::access::audit::list(connection, &filter)).await;
        let words = |row: &counterfoil::head_office::access::audit::AuditRow| {
            format!("{} | {} | {} | {} | {}", row.who, row.act, row.object, row.store, row.outcome)
        };
        rows.unwrap().iter().rev().map(words).collect()
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    reqwest::Url::parse_with_params("http://x/", fields).unwrap().query().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_admin_comes_in_with_the_code_from_the_console_and_nobody_with_a_default_password() {
    let stage = Stage::new().await;
    let code = stage.office.setup_code.clone().expect("a code is printed");
    assert!(stage.get("", "/").await.location.starts_with("/sign-in"));
    assert!(stage.get("", "/sign-in").await.body.contains("set-up code"));
    for (login, password) in [("admin", "admin"), ("admin", ""), ("", ""), ("root", "counterfoil")] {
        assert_eq!(stage.try_sign_in(login, password).await.status, 403, "{login}");
    }
    let typed = |code: &str, password: &str| {
        [("code", code), ("login", "Anna"), ("name", "Anna A."), ("password", password), ("again", PASSWORD)]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    let set_up = async |code: &str, password: &str| {
        let fields = typed(code, password);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        stage.post("", "/setup", &fields).await
    };
    assert_eq!(set_up(&code, "short").await.status, 422, "a password that is none uses no code up");
    assert_eq!(set_up("WRONG-CODE", PASSWORD).await.status, 403);
    let first = set_up(&code, PASSWORD).await;
    assert_eq!((first.status, first.location.as_str()), (303, "/sign-in"), "{}", first.body);
    assert_eq!(set_up(&code, PASSWORD).await.status, 404, "a code is good once");
    let cookie = stage.sign_in("anna", PASSWORD).await;
    assert!(stage.get(&cookie, "/people").await.body.contains("Anna A."));
    let stage = stage.restart().await;
    assert_eq!(stage.office.setup_code, None, "somebody is there: no code any more");
    assert_eq!(stage.get("", "/setup").await.status, 404);
    assert_eq!(stage.get(&cookie, "/people").await.status, 200, "a session survives a restart");
    assert!(stage.verify().unwrap().contains("is whole"));
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_at_speed_meet_a_growing_wait_that_survives_a_restart() {
    let stage = Stage::new().await;
    stage.person("anna", Role::Look, None, None);
    // Thirty at once: they are counted before they are compared.
    let tries = (0..30).map(|_| stage.try_sign_in("anna", "wrong wrong wrong"));
    let mut outcomes: Vec<u16> = Vec::new();
    for answer in futures_all(tries.collect()).await {
        outcomes.push(answer.status);
    }
    let compared = outcomes.iter().filter(|status| **status == 403).count();
    assert!(compared <= 5 && outcomes.iter().all(|status| [403, 429].contains(status)), "{outcomes:?}");
    let right = stage.try_sign_in("anna", PASSWORD).await;
    assert!(right.status == 429 && right.body.contains("5 seconds"), "the right one waits as well: {}", right.body);
    let stage = stage.restart().await;
    assert_eq!(stage.try_sign_in("ANNA", PASSWORD).await.status, 429, "nobody forgets by starting again");
    stage.clock.advance(6_000);
    assert_eq!(stage.try_sign_in("anna", "wrong wrong wrong").await.status, 403);
    stage.clock.advance(6_000);
    assert_eq!(stage.try_sign_in("anna", PASSWORD).await.status, 429, "the wait has grown");
    stage.clock.advance(6_000);
    stage.sign_in("anna", PASSWORD).await;
    assert_eq!(stage.try_sign_in("anna", "wrong wrong wrong").await.status, 403, "all is forgotten with the right one");
    // Many names from one place wait too, also names that nobody has.
    let mut last = 0;
    for number in 0..30 {
        last = stage.try_sign_in(&format!("nobody{number}"), "wrong wrong wrong").await.status;
    }
    assert_eq!(last, 429);
    stage.clock.advance(waits::WAIT_MS_MAX + 1);
    stage.sign_in("anna", PASSWORD).await;
    stage.office.stop().await;
}

async fn futures_all<F: Future<Output = Answer>>(futures: Vec<F>) -> Vec<Answer> {
    let mut waiting: Vec<std::pin::Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                done.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_and_a_stolen_or_planted_cookie_is_worth_nothing() {
    let stage = Stage::new().await;
    stage.person("admin", Role::Admin, None, None);
    stage.person("anna", Role::Look, None, None);
    let is_in = async |cookie: &str| stage.get(cookie, "/sales").await.status == 200;

    // Fixation: what an attacker planted before the sign-in is not the session after it.
    let name = stage.sign_in("anna", PASSWORD).await.split('=').next().unwrap().to_owned();
    let planted = format!("{name}={}", "a".repeat(64));
    let answer = stage.post(&planted, "/sign-in", &[("login", "anna"), ("password", PASSWORD)]).await;
    let cookie = answer.cookie.unwrap();
    assert!(cookie != planted && !is_in(&planted).await && is_in(&cookie).await);
    // And a session that the browser had is over with the next sign-in.
    let next = stage.post(&cookie, "/sign-in", &[("login", "anna"), ("password", PASSWORD)]).await.cookie.unwrap();
    assert!(!is_in(&cookie).await && is_in(&next).await);

    // Stolen, and used after the owner signed out.
    assert_eq!(stage.post(&next, "/sign-out", &[]).await.status, 303);
    assert!(!is_in(&next).await);
    let answer = stage.get(&next, "/sales").await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/sign-in?ended=yes&to=%2Fsales"));

    // Somebody idles; a page that brings itself up to date is nobody at work.
    let idle = stage.sign_in("anna", PASSWORD).await;
    for _ in 0..4 {
        stage.clock.advance(sessions::IDLE_MS / 4);
        stage.ask("GET", "/sales", &[("cookie", &idle), HTML, ("sec-fetch-dest", "empty")], "").await;
    }
    stage.clock.advance(1);
    let answer = stage.ask("GET", "/sales", &[("cookie", &idle), HTML, ("sec-fetch-dest", "empty")], "").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "sign_in_first"), "a script is told, not led to a form");
    // However busy: a working day.
    let busy = stage.sign_in("anna", PASSWORD).await;
    for minutes in 0..sessions::LIFE_MS / MINUTE_MS / 30 {
        assert!(is_in(&busy).await, "after {minutes} half hours");
        stage.clock.advance(30 * MINUTE_MS);
    }
    assert!(!is_in(&busy).await);

    // Shut out with a page open; another role at once.
    let (open, admin) = (stage.sign_in("anna", PASSWORD).await, stage.sign_in("admin", PASSWORD).await);
    assert_eq!(stage.post(&admin, "/people/anna/disable", &[]).await.status, 303);
    assert!(!is_in(&open).await && stage.try_sign_in("anna", PASSWORD).await.status == 403);
    assert_eq!(stage.post(&admin, "/people/anna/enable", &[]).await.status, 303);
    assert!(!is_in(&open).await, "a session that has ended stays over");

    // A new password ends all others; one made by an admin has to be replaced first.
    let (one, two) = (stage.sign_in("anna", PASSWORD).await, stage.sign_in("anna", PASSWORD).await);
    let other = "another horse battery";
    let typed = [("old", PASSWORD), ("password", other), ("again", other)];
    assert_eq!(stage.post(&one, "/account/password", &[("old", "wrong"), typed[1], typed[2]]).await.status, 403);
    assert_eq!(stage.post(&one, "/account/password", &typed).await.status, 303);
    assert!(is_in(&one).await && !is_in(&two).await);
    let reset = stage.post(&admin, "/people/anna/reset", &[]).await;
    let made = reset.body.split("class=\"code\">").nth(1).and_then(|rest| rest.split('<').next()).expect("it is shown once").to_owned();
    assert!(!is_in(&one).await && !stage.get(&admin, "/people").await.body.contains(&made));
    let first = stage.sign_in("anna", &made).await;
    let answer = stage.get(&first, "/sales").await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/account"));
    assert!(stage.get(&first, "/account").await.body.contains("Choose a password of your own"));
    let typed = [("old", made.as_str()), ("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(stage.post(&first, "/account/password", &typed).await.status, 303);
    assert!(is_in(&first).await);

    // Listed, and ended by hand.
    let second = stage.sign_in("anna", PASSWORD).await;
    let shown = stage.get(&second, "/account").await.body;
    let id = shown.split("/account/sessions/").nth(1).and_then(|rest| rest.split('/').next()).expect("the other one is listed").to_owned();
    assert_eq!(stage.post(&second, &format!("/account/sessions/{id}/end"), &[]).await.status, 303);
    assert!(!is_in(&first).await && is_in(&second).await);

    // The last admin stays.
    assert_eq!(stage.post(&admin, "/people/admin/disable", &[]).await.status, 409);
    let look = [("login", "admin"), ("name", "A"), ("role", "look"), ("known", "yes")];
    assert_eq!(stage.post(&admin, "/people", &look).await.status, 422);
    assert!(stage.verify().unwrap().contains("is whole"));
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_site_changes_nothing_with_a_cookie_that_is_lying_around() {
    let stage = Stage::new().await;
    stage.person("admin", Role::Admin, None, None);
    let answer = stage.try_sign_in("admin", PASSWORD).await;
    let (cookie, origin) = (answer.cookie.unwrap(), stage.origin());
    let raw = stage
        .client
        .post(format!("{origin}/sign-in"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", &origin)
        .body(form(&[("login", "admin"), ("password", PASSWORD), ("to", "//evil.example/")]));
    let raw = raw.send().await.unwrap();
    let set = raw.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && !set.contains("admin"), "{set}");
    assert_eq!(raw.headers()["location"], "/", "nobody is led away by a link to the way in");
    let fields = form(&[("login", "eve"), ("name", "Eve"), ("role", "admin")]);
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for (from, site) in [("http://evil.example", "cross-site"), ("null", "cross-site"), (origin.as_str(), "cross-site")] {
        let answer = stage.ask("POST", "/people", &[kind, ("cookie", &cookie), ("origin", from), ("sec-fetch-site", site)], &fields).await;
        assert_eq!(answer.status, 403, "{from}");
    }
    assert_eq!(stage.ask("POST", "/people", &[kind, ("cookie", &cookie)], &fields).await.code(), "foreign_origin");
    assert!(!stage.get(&cookie, "/people").await.body.contains("Eve"));
    // A link from a mail comes without the strict cookie: our own page asks again.
    let link = [HTML, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let answer = stage.ask("GET", "/orders/4711", &link, "").await;
    assert!(answer.status == 200 && answer.body.contains("url=/orders/4711"), "{}", answer.body);
    stage.office.stop().await;
}

/// A store with something of everything, so that whoever must not see it could.
async fn fill(stage: &Stage) -> StandIn {
    let node = StandIn::open(&stage.folder.path().join("node"), "geheim", "n1").unwrap();
    node.sell(3).unwrap();
    node.start_line(&format!("http://{}", stage.office.address), None).unwrap();
    wait_until(PATIENCE, || node.acknowledged_seq() >= node.head_seq()).await.unwrap();
    let now = stage.clock.now().ms;
    for statement in [
        "INSERT INTO stores (store, name) VALUES ('other', 'Other shop')".to_owned(),
        format!(
            "INSERT INTO incidents (kind, store, node, fingerprint, text, remedy, first_ms, last_ms) VALUES ('fork', 'geheim', 'n1', 'f', 'geheim text', 'r', {now}, {now})"
        ),
        format!(
            "INSERT INTO exceptions (node, branch, seq, event, kind, owner, reason, opened_ms) SELECT id, 1, 1, 0, 'k', 'o', 'geheim reason', {now} FROM nodes"
        ),
        format!(
            "INSERT INTO collect_orders (order_no, store, version, content, lines, secret, token, number, placed_ms, promised_ms, expires_ms) VALUES ('4711', 'geheim', 1, '{{}}', '[]', 's', 't', '12345678', {now}, {now}, {now})"
        ),
        format!(
            "INSERT INTO order_exceptions (fingerprint, store, order_no, kind, owner, reason, opened_ms) VALUES ('x', 'geheim', '4711', 'k', 'o', 'geheim', {now})"
        ),
        format!("INSERT INTO order_messages (order_no, store, kind, due_ms) VALUES ('4711', 'geheim', 'ready', {now})"),
        format!("INSERT INTO order_returns (order_no, store, handed_over_ms, opened_ms) VALUES ('4711', 'geheim', {now}, {now})"),
        format!(
            "INSERT INTO enrol_codes (hash, store, node, replaces, made_ms, expires_ms) VALUES ('4711', 'geheim', 'n1', 0, {now}, {now} + 1000000)"
        ),
        "INSERT INTO stock (store, sku, quantity, version) VALUES ('geheim', 'milk', 1000, 1)".to_owned(),
        "INSERT INTO rights (store, lead, office, sku, granted) VALUES ('geheim', 1, 1, 'milk', 1000)".to_owned(),
    ] {
        stage.sql(&statement).await;
    }
    node
}

/// Every `.route("…", get(…).post(…))` and `utoipa::path(get, path = "…"` of head office's sources, but those of the doors for nodes.
fn written_routes() -> BTreeSet<(String, String)> {
    let mut sources = Vec::new();
    crate::purity::sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/head_office"), &mut sources);
    let for_nodes = ["doors.rs", "enrol_door.rs"];
    let mut found = BTreeSet::new();
    for source in sources.iter().filter(|path| !for_nodes.contains(&path.file_name().unwrap().to_str().unwrap())) {
        let text = std::fs::read_to_string(source).unwrap();
        for described in text.split("#[utoipa::path(").skip(1) {
            let (method, rest) = described.split_once(", path = \"").expect("method and path come first");
            found.insert((method.to_uppercase(), rest.split('"').next().unwrap().to_owned()));
        }
        for call in text.split(".route(").skip(1) {
            let Some(path) = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
            let mut depth = 1;
            let whole: String = call
                .chars()
                .take_while(|c| {
                    depth += i32::from(*c == '(') - i32::from(*c == ')');
                    depth > 0
                })
                .collect();
            for method in ["get", "post", "put", "delete", "patch"] {
                let is_there = whole
                    .match_indices(&format!("{method}("))
                    .any(|(at, _)| !whole[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
                if is_there {
                    found.insert((method.to_uppercase(), path.to_owned()));
                }
            }
        }
    }
    found
}

/// An address of the store `geheim`, whatever stands in its braces.
fn concrete(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{store}" => "geheim",
        "{node}" => "n1",
        "{order}" => "4711",
        "{id}" if path.contains("codes") => "4711",
        "{id}" => "1",
        "{day}" => "2026-11-22",
        "{act}" => "deactivate",
        part if part.starts_with('{') => "geheim",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The one test that knows every address: who is not signed in gets nowhere, and who is for another store sees and does nothing of this one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_address_asks_who_it_is_and_keeps_other_stores_away() {
    let written = written_routes();
    assert!(written.len() > 60, "the sources were read: {written:?}");
    let missing: Vec<_> = written
        .iter()
        .filter(|(method, path)| !routes::OPEN.contains(&path.as_str()) && routes::find(method, path).is_none())
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    assert!(
        missing.is_empty(),
        "add these to the table in src/head_office/access/routes.rs; until then they are for admins alone: {missing:#?}"
    );
    let gone: Vec<_> = routes::ROUTES.iter().filter(|rule| !written.contains(&(rule.method.to_owned(), rule.path.to_owned()))).collect();
    assert!(gone.is_empty(), "these stand in the table, and nothing answers there any more: {gone:#?}");

    let stage = Stage::new().await;
    let _node = fill(&stage).await;
    stage.person("admin", Role::Admin, None, None);
    stage.person("other", Role::Manager, Some("other"), None);
    let other = stage.sign_in("other", PASSWORD).await;
    let origin = stage.origin();
    let mut faults = Vec::new();
    for rule in routes::ROUTES {
        let (path, body) = (concrete(rule.path), form(&[("store", "geheim"), ("node", "n1"), ("order", "4712"), ("lines", "milk 1")]));
        let by_query = rule.of == Of::Query || rule.path == "/api/v1/stock";
        let path = if by_query { format!("{path}?store=geheim") } else { path };
        let json = r#"{"store":"geheim","node":"n1","order":"4711","name":"Renamed"}"#;
        let is_api = path.starts_with("/api/");
        let (kind, body) = if is_api { ("application/json", json.to_owned()) } else { ("application/x-www-form-urlencoded", body) };
        let body = if rule.method == "GET" { String::new() } else { body };
        let what = format!("{} {path}", rule.method);
        let basic = [("content-type", kind), ("origin", origin.as_str())];

        let answer = stage.ask(rule.method, &path, &basic, &body).await;
        if (answer.status, answer.code().as_str()) != (401, "sign_in_first") {
            faults.push(format!("{what}: a program without a token gets {} {}", answer.status, answer.body));
        }
        let answer = stage.ask(rule.method, &path, &[basic[0], basic[1], HTML], &body).await;
        let is_asked = answer.status == 303 && answer.location.starts_with("/sign-in");
        if !is_api && !is_asked {
            faults.push(format!("{what}: a browser without a session gets {} {}", answer.status, answer.location));
        }
        if rule.path == "/sign-out" || rule.path == "/changes" {
            continue;
        }
        let answer = stage.ask(rule.method, &path, &[basic[0], basic[1], ("cookie", &other)], &body).await;
        let is_refused = answer.status == 403 && ["other_store", "whole_chain", "right_missing"].contains(&answer.code().as_str());
        match rule.of {
            // Whoever reads may be told that nothing is there.
            Of::Lists if answer.status == 200 && answer.body.replace("geheim&", "").contains("geheim") => {
                let at = answer.body.find("geheim").unwrap_or(0);
                let around: String = answer.body.chars().skip(at.saturating_sub(80)).take(200).collect();
                faults.push(format!("{what}: somebody of another store reads of this one: {around}"));
            }
            Of::Lists if !(200..500).contains(&answer.status) => faults.push(format!("{what}: {} {}", answer.status, answer.body)),
            Of::Path | Of::Body | Of::Query | Of::Row(..) | Of::Chain if !is_refused => {
                faults.push(format!("{what}: somebody of another store gets {} {}", answer.status, answer.body));
            }
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    // Nothing of it happened.
    let admin = stage.sign_in("admin", PASSWORD).await;
    let stores = stage.ask("GET", "/api/v1/stores", &[("cookie", &admin)], "").await.body;
    assert!(stores.contains("\"incidents\":1") && stores.contains("\"exceptions\":1") && !stores.contains("Renamed"), "{stores}");
    // With the store in a region of theirs, they see it at once.
    stage.person("north", Role::Look, None, Some("north"));
    let north = stage.sign_in("north", PASSWORD).await;
    assert!(!stage.get(&north, "/").await.body.contains("geheim"));
    let answer = stage.post(&admin, "/stores/geheim", &[("name", "Geheim 1"), ("region", "north")]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let shown = stage.get(&north, "/").await.body;
    assert!(shown.contains("Geheim 1") && !shown.contains("Other shop"), "{shown}");
    assert_eq!(stage.get(&north, "/stores/geheim").await.status, 200);
    let sales = stage.ask("GET", "/api/v1/transactions", &[("cookie", &north)], "").await.body;
    assert_eq!(sales.matches("\"txn\":").count(), 3, "{sales}");
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_does_what_it_is_for_where_it_is_for_as_long_as_it_is_for() {
    let stage = Stage::new().await;
    let _node = fill(&stage).await;
    stage.person("admin", Role::Admin, None, None);
    let reads = stage.token("reads", "look", None, 30);
    let acts = stage.token("acts", "orders", Some("other"), 30);
    let code = async |token: &str, method: &str, path: &str, body: &str| {
        let answer = stage.with_token(token, method, path, body).await;
        (answer.status, answer.code())
    };
    assert_eq!(code(&reads, "GET", "/api/v1/stores", "").await.0, 200);
    // Beyond its scope.
    assert_eq!(code(&reads, "POST", "/api/v1/orders/4711/cancel", "").await, (403, "right_missing".to_owned()));
    assert_eq!(code(&reads, "GET", "/api/v1/orders/4711", "").await, (403, "right_missing".to_owned()));
    assert_eq!(code(&reads, "GET", "/api/v1/audit", "").await, (403, "right_missing".to_owned()));
    assert_eq!(code(&reads, "GET", "/people", "").await, (403, "right_missing".to_owned()));
    // Of another store.
    assert_eq!(code(&acts, "POST", "/api/v1/orders/4711/cancel", "").await, (403, "other_store".to_owned()));
    let place = r#"{"order":"4712","store":"geheim","promised_ms":1,"lines":[{"sku":"milk","quantity":1000}]}"#;
    assert_eq!(code(&acts, "POST", "/api/v1/orders", place).await, (403, "other_store".to_owned()));
    assert_eq!(code(&acts, "GET", "/api/v1/stores/geheim/lead", "").await, (403, "other_store".to_owned()));
    let mine = place.replace("geheim", "other");
    assert_eq!(
        code(&acts, "POST", "/api/v1/orders", &mine).await.1,
        "order_malformed",
        "its own store is asked, and knows no such article"
    );
    // Guessed, cut off, sent in another way.
    for token in ["", "x", &reads[..63], &"0".repeat(64)] {
        assert_eq!(code(token, "GET", "/api/v1/stores", "").await, (401, "sign_in_first".to_owned()));
    }
    assert_eq!(stage.ask("GET", &format!("/api/v1/stores?token={reads}"), &[], "").await.status, 401);
    let listed = stage.command(&AccessTask::Token(TokenTask::List)).unwrap();
    assert!(listed.contains("reads") && !listed.contains(&reads) && !listed.contains("never"), "{listed}");
    // Its time is over; the other one is revoked.
    stage.clock.advance(31 * 24 * 60 * MINUTE_MS);
    assert_eq!(code(&reads, "GET", "/api/v1/stores", "").await.0, 401);
    let again = stage.token("again", "look", None, 30);
    assert_eq!(code(&again, "GET", "/api/v1/stores", "").await.0, 200);
    stage.command(&AccessTask::Token(TokenTask::Revoke(TokenName { name: "again".to_owned() }))).unwrap();
    assert_eq!(code(&again, "GET", "/api/v1/stores", "").await.0, 401);
    // What no token may be.
    let wanted = |scope: &str| {
        TokenTask::Add(TokenAdd {
            name: "x".to_owned(),
            scope: scope.to_owned(),
            reach: ReachArgs { stores: None, regions: None },
            channels: None,
            days: 1,
        })
    };
    for (scope, says) in [("administer", "no program administers"), ("fly", "is no scope"), ("", "needs a scope")] {
        let why = stage.command(&AccessTask::Token(wanted(scope))).unwrap_err().to_string();
        assert!(why.contains(says), "{why}");
    }
    let log = stage.log().await;
    assert!(log.iter().any(|line| line == "token acts | cancel order | order 4711 |  | refused 403"), "{log:#?}");
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_a_channel_reaches_this_channel_and_nothing_else() {
    let stage = Stage::new().await;
    stage.person("admin", Role::Admin, None, None);
    let add = |stores: Option<&str>, channels: &str| {
        TokenTask::Add(TokenAdd {
            name: "shop".to_owned(),
            scope: "look,orders,manage,help-shops,fulfil,audit".to_owned(),
            reach: ReachArgs { stores: stores.map(str::to_owned), regions: None },
            channels: Some(channels.to_owned()),
            days: 30,
        })
    };
    assert!(stage.command(&AccessTask::Token(add(Some("s1"), "web"))).unwrap_err().to_string().contains("for stores or for channels"));
    assert!(stage.command(&AccessTask::Token(add(None, "no/channel"))).unwrap_err().to_string().contains("is no channel"));
    let secret = stage.command(&AccessTask::Token(add(None, "web, market"))).unwrap();
    let manages = stage.token("manages", "manage", None, 30);
    for channel in ["web", "other"] {
        let made = stage.with_token(&manages, "PUT", &format!("/api/v1/channels/{channel}"), r#"{"name":"A shop"}"#).await;
        assert!(made.status < 300, "{}", made.body);
    }
    let code = async |method: &str, path: &str| {
        let answer = stage.with_token(&secret, method, path, "{}").await;
        (answer.status, answer.code())
    };
    assert_eq!(code("GET", "/api/v1/channels/web/stock").await.0, 200);
    assert_eq!(code("GET", "/api/v1/channels/%77eb/stock").await.0, 200);
    assert_eq!(code("PUT", "/api/v1/channels/web/orders/1").await, (422, "order_malformed".to_owned()));
    for path in ["other/stock", "WEB/stock", "web%2F..%2Fother/stock", "other%2Fweb/stock"] {
        assert_eq!(code("GET", &format!("/api/v1/channels/{path}")).await, (403, "other_channel".to_owned()), "{path}");
    }
    assert_eq!(code("PUT", "/api/v1/channels/other/orders/1").await, (403, "other_channel".to_owned()));
    // Every other address of the table.
    for rule in routes::ROUTES {
        let (status, code) = code(rule.method, &concrete(rule.path)).await;
        assert!(status == 403 && (code == "other_channel" || code == "right_missing"), "{} {}: {status} {code}", rule.method, rule.path);
    }
    let listed = stage.command(&AccessTask::Token(TokenTask::List)).unwrap();
    assert!(listed.contains("channel web, market"), "{listed}");
    let log = stage.log().await;
    assert!(log.iter().any(|line| line.contains("make token | shop, channels web, market |")), "{log:#?}");
    assert!(log.iter().any(|line| line.starts_with("token shop | take order |") && line.ends_with("refused 403")), "{log:#?}");
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_bound_to_a_place_sees_writes_and_cancels_what_is_wholly_its_own() {
    let stage = Stage::new().await;
    stage.person("admin", Role::Admin, None, None);
    let now = stage.clock.now().ms;
    for (part, place, number) in [("P1", "hub-1", "9"), ("P2", "hub-2", "9"), ("P3", "hub-1", "10"), ("P4", "hub-2", "11")] {
        stage
            .sql(&format!(
                "INSERT INTO order_parts (part, store, channel, number, attempt, kind, recipient, promised_ms, lines, state, since_ms, made_ms, note,
                   tracking, unserved, change_no) VALUES ('{part}', '{place}', 'web', '{number}', 1, 'ship', '{{\"name\":\"Zoe\"}}', {now}, '[]', 'sent',
                   {now}, {now}, '', '', 0, 1)"
            ))
            .await;
    }
    for number in ["9", "10", "11"] {
        stage
            .sql(&format!(
                "INSERT INTO channel_orders (channel, number, store, version, sent, content, refused, order_no, came_ms, changed_ms)
                 VALUES ('web', '{number}', '', 1, '', '', '[]', '', {now}, {now})"
            ))
            .await;
    }
    let hub = stage.token("hub", "orders", Some("hub-1"), 30);
    let code = async |method: &str, path: &str, body: &str| {
        let answer = stage.with_token(&hub, method, path, body).await;
        (answer.status, answer.code())
    };
    let note = r#"{"who":"Anna","text":"the box is dented"}"#;
    assert_eq!(code("POST", "/api/v1/orders/P1/notes", note).await.0, 201);
    assert_eq!(code("GET", "/api/v1/orders/P1/timeline", "").await.0, 200);
    assert_eq!(code("POST", "/api/v1/orders/P2/notes", note).await, (403, "other_store".to_owned()));
    assert_eq!(code("GET", "/api/v1/orders/P2/timeline", "").await.0, 404);
    // A cancel ends all of the order, and a part of it is another place's.
    assert_eq!(code("POST", "/api/v1/orders/P1/cancel", "").await, (403, "other_store".to_owned()));
    assert_eq!(code("POST", "/api/v1/orders/P3/cancel", "").await.0, 200);
    let reach = counterfoil::head_office::access::Reach::parse("hub-1", "").unwrap();
    let seen = stage
        .office
        .office
        .read_within(reach, |connection| connection.query_row("SELECT count(*) FROM channel_orders", [], |row| row.get::<_, i64>(0)));
    assert_eq!(seen.await.unwrap(), 2);
    let log = stage.log().await;
    assert!(log.iter().any(|line| line.starts_with("token hub | cancel order | order P1 |") && line.ends_with("refused 403")), "{log:#?}");
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_act_leaves_a_line_and_a_row_that_was_changed_or_taken_out_is_named() {
    let stage = Stage::new().await;
    let _node = fill(&stage).await;
    stage.person("admin", Role::Admin, None, None);
    let admin = stage.sign_in("admin", PASSWORD).await;
    assert_eq!(stage.post(&admin, "/incidents/1/close", &[]).await.status, 303);
    assert_eq!(stage.post(&admin, "/incidents/1/close", &[]).await.status, 303);
    assert_eq!(stage.post(&admin, "/orders/4711/cancel", &[]).await.status, 303);
    assert_eq!(stage.post(&admin, "/orders/nothing/cancel", &[]).await.status, 404);
    let token = stage.token("shop", "orders", None, 30);
    let put = stage.with_token(&token, "PUT", "/api/v1/stores/geheim", r#"{"name":"X"}"#).await;
    assert_eq!(put.status, 403);
    let log = stage.log().await;
    let expect = [
        "the console of this machine | add person | admin |  | done",
        "admin | sign in |  |  | done",
        "admin | close incident | id 1 |  | done",
        "admin | close incident | id 1 |  | nothing to change",
        "admin | cancel order | order 4711 |  | done",
        "admin | cancel order | order nothing |  | refused 404",
        "the console of this machine | make token | shop |  | done",
        "token shop | name store |  | geheim | refused 403",
    ];
    assert_eq!(log, expect);
    // By cursor and as a table.
    let read = async |query: &str| {
        let body = stage.ask("GET", &format!("/api/v1/audit{query}"), &[("cookie", &admin)], "").await.body;
        serde_json::from_str::<serde_json::Value>(&body).unwrap_or_else(|_| panic!("{body}"))
    };
    let page = read("?limit=3").await;
    assert_eq!((page["rows"][0]["seq"].as_u64(), page["next"].as_str()), (Some(8), Some("6")));
    let page = read("?limit=3&cursor=6").await;
    assert_eq!((page["rows"][0]["seq"].as_u64(), page["rows"][0]["outcome"].as_str()), (Some(5), Some("done")));
    assert_eq!(read("?who=token%20shop").await["rows"].as_array().unwrap().len(), 1);
    let csv = stage.ask("GET", "/api/v1/audit.csv", &[("cookie", &admin)], "").await.body;
    assert!(csv.starts_with("number,time,who") && csv.lines().count() == 9, "{csv}");
    assert!(stage.get(&admin, "/audit").await.body.contains("nothing to change"));

    let whole = stage.verify().unwrap();
    let known: Vec<String> = whole.lines().nth(1).unwrap().split(' ').skip(1).map(str::to_owned).collect();
    let with_known = AccessTask::Audit(AuditTask::Verify { known: Some(known) });
    assert!(stage.command(&with_known).unwrap().contains("8 rows"));
    let broken = async |statement: &str, says: &str| {
        stage.sql("CREATE TABLE kept AS SELECT * FROM audit_log").await;
        stage.sql(statement).await;
        let why = stage.verify().unwrap_err().to_string();
        assert!(why.contains(says), "{statement}: {why}");
        stage.sql("DELETE FROM audit_log").await;
        stage.sql("INSERT INTO audit_log SELECT * FROM kept").await;
        stage.sql("DROP TABLE kept").await;
        assert_eq!(stage.verify().unwrap(), whole);
    };
    broken("UPDATE audit_log SET who = 'nobody' WHERE seq = 5", "row 5 was changed").await;
    broken("UPDATE audit_log SET at_ms = at_ms + 1 WHERE seq = 1", "row 1 was changed").await;
    broken("DELETE FROM audit_log WHERE seq = 4", "row 4 is missing: it was taken out").await;
    broken("DELETE FROM audit_log WHERE seq = 1", "row 1 is missing").await;
    broken("DELETE FROM audit_log WHERE seq > 6", "row 7 is missing: rows were taken off the end").await;
    broken("UPDATE audit_log SET signature = (SELECT signature FROM audit_log WHERE seq = 2) WHERE seq = 3", "row 3 was not written").await;
    broken("UPDATE audit_log SET before_hash = '' WHERE seq = 3", "row 3 does not go on").await;
    // The end taken off with its mark: who kept the head sees it.
    stage.sql("DELETE FROM audit_log WHERE seq > 6").await;
    stage.sql("UPDATE meta SET value = (SELECT '6 ' || hash FROM audit_log WHERE seq = 6) WHERE name = 'audit_head'").await;
    assert!(stage.verify().unwrap().contains("6 rows"));
    let why = stage.command(&with_known).unwrap_err().to_string();
    assert!(why.contains("row 7 is missing"), "{why}");
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_of_an_order_is_signed_by_who_wrote_it() {
    let stage = Stage::new().await;
    let _node = fill(&stage).await;
    stage.person("admin", Role::Admin, None, None);
    let admin = stage.sign_in("admin", PASSWORD).await;
    let page = stage.get(&admin, "/service/4711").await;
    assert!(page.body.contains("Write a note") && !page.body.contains("Your name"), "who signed in is not asked for a name: {}", page.body);
    assert_eq!(stage.post(&admin, "/service/4711/notes", &[("who", "The boss"), ("text", "Called back.")]).await.status, 303);
    let issue = [("who", "The boss"), ("text", "Where is it?"), ("owner", "Shop"), ("due", "")];
    assert_eq!(stage.post(&admin, "/service/4711/issues", &issue).await.status, 303);
    // A program says for whom it writes, and is named beside that.
    let token = stage.token("desk", "orders", None, 30);
    for body in [r#"{"who":"Ms Li","text":"Asked again."}"#, r#"{"text":"By itself."}"#] {
        assert_eq!(stage.with_token(&token, "POST", "/api/v1/orders/4711/notes", body).await.status, 201);
    }
    let notes = stage.with_token(&token, "GET", "/api/v1/orders/4711/notes", "").await;
    let notes: Vec<serde_json::Value> = serde_json::from_str(&notes.body).unwrap();
    let who: Vec<&str> = notes.iter().map(|note| note["who"].as_str().unwrap()).collect();
    assert_eq!(who, ["Person admin (admin)", "Person admin (admin)", "Ms Li (token desk)", "token desk"]);
    stage.office.stop().await;
}

/// Several head offices on one database, or commands beside one: the log stays one chain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_does_not_fork_when_many_write() {
    let stage = Stage::new().await;
    stage.person("admin", Role::Admin, None, None);
    let admin = stage.sign_in("admin", PASSWORD).await;
    let second = if crate::storage::is_postgres() {
        let folder = stage.folder.path().join("second");
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(stage.folder.path().join("ho/head-office.key"), folder.join("head-office.key")).unwrap();
        let config = HeadOfficeConfig { data_dir: folder, ..config(stage.folder.path()) };
        Some(serve::start(config, stage.clock.clone()).await.unwrap())
    } else {
        None
    };
    let addresses: Vec<String> =
        std::iter::once(stage.origin()).chain(second.iter().map(|office| format!("http://{}", office.pages_address))).collect();
    let mut tries = Vec::new();
    for number in 0..20 {
        let origin = addresses[number % addresses.len()].clone();
        let (client, port) = (stage.client.clone(), origin.rsplit(':').next().unwrap().to_owned());
        let secret = admin.split_once('=').unwrap().1.to_owned();
        tries.push(tokio::spawn(async move {
            let cookie = format!("counterfoil-office-{port}={secret}");
            let request = client.post(format!("{origin}/incidents/{number}/close")).header("origin", &origin).header("cookie", cookie);
            request.send().await.unwrap().status().as_u16()
        }));
    }
    for number in 0..5 {
        stage.person(&format!("p{number}"), Role::Look, None, None);
    }
    for answer in tries {
        assert_eq!(answer.await.unwrap(), 303);
    }
    assert_eq!(stage.log().await.len(), 27);
    assert!(stage.verify().unwrap().contains("27 rows"));
    if let Some(second) = second {
        second.stop().await;
    }
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_sign_in_the_console_acts_and_only_on_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let open = HeadOfficeConfig { sign_in: false, ..config(folder.path()) };
    let wide = HeadOfficeConfig { enrolment: true, pages_listen: "0.0.0.0:0".parse().ok(), ..open.clone() };
    let why = serve::start(wide, Arc::new(SystemClock::new())).await.err().expect("it does not start").to_string();
    assert!(why.contains("sign_in is false") && why.contains("127.0.0.1"), "{why}");
    let clock = Arc::new(HandClock::at(1_000));
    let office = serve::start(open, clock.clone()).await.unwrap();
    assert_eq!(office.setup_code, None);
    let stage = Stage { folder, clock, office, client: client() };
    assert_eq!(stage.get("", "/people").await.status, 200);
    assert_eq!(stage.ask("POST", "/incidents/7/close", &[("origin", &stage.origin())], "").await.status, 303);
    assert_eq!(stage.log().await, ["the console of this machine | close incident | id 7 |  | nothing to change"]);
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_added_listed_changed_and_shut_out_at_the_console() {
    let stage = Stage::new().await;
    let person = |task: PersonTask| stage.command(&AccessTask::Person(task));
    let nobody = || ReachArgs { stores: None, regions: None };
    let add = |login: &str, role: Role, reach: ReachArgs, type_password: bool| {
        person(PersonTask::Add(PersonAdd { login: login.to_owned(), name: "Anna A.".to_owned(), role, reach, type_password }))
    };
    assert!(person(PersonTask::List).unwrap().contains("nobody yet"));
    let made = add("anna", Role::Orders, ReachArgs { stores: Some("s1,s2".to_owned()), regions: Some("north".to_owned()) }, false).unwrap();
    assert!(made.starts_with("anna is orders for region north, s1, s2\npassword, shown this once"), "{made}");
    let password = made.lines().last().unwrap().to_owned();
    let cookie = stage.sign_in("anna", &password).await;
    assert_eq!(stage.get(&cookie, "/orders").await.location, "/account", "a password that somebody else made is replaced first");
    for (done, says) in [
        (add("anna", Role::Look, nobody(), true), "already"),
        (add("an na", Role::Look, nobody(), true), "a login has"),
        (add("ben", Role::Admin, ReachArgs { stores: Some("s1".to_owned()), regions: None }, true), "an admin is for all stores"),
        (add("ben", Role::Look, ReachArgs { stores: Some("a/b".to_owned()), regions: None }, true), "no store's id"),
        (person(PersonTask::Disable(Login { login: "zoe".to_owned() })), "nobody has the login"),
        (person(PersonTask::Reset(PersonReset { login: "zoe".to_owned(), type_password: true })), "nobody has the login"),
    ] {
        let why = done.unwrap_err().to_string();
        assert!(why.contains(says), "{why}");
    }
    add("root", Role::Admin, nobody(), true).unwrap();
    let why = person(PersonTask::Disable(Login { login: "root".to_owned() })).unwrap_err().to_string();
    assert!(why.contains("the only admin"), "{why}");
    let change = PersonChange { login: "anna".to_owned(), name: None, role: Some(Role::Manager), reach: nobody() };
    assert_eq!(person(PersonTask::Change(change)).unwrap(), "anna is manager for region north, s1, s2");
    person(PersonTask::Reset(PersonReset { login: "anna".to_owned(), type_password: true })).unwrap();
    let cookie = stage.sign_in("anna", PASSWORD).await;
    assert_eq!(stage.get(&cookie, "/orders").await.status, 200);
    person(PersonTask::Disable(Login { login: "anna".to_owned() })).unwrap();
    assert_eq!(stage.get(&cookie, "/orders").await.status, 303);
    let listed = person(PersonTask::List).unwrap();
    assert!(listed.contains("shut out") && listed.contains("region north, s1, s2") && listed.contains("manager"), "{listed}");
    assert!(stage.verify().unwrap().contains("is whole"));
    stage.office.stop().await;
}
