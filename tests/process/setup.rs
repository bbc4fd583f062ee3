//! The first start of a real node: no default password, one code on the console, and the first manager by hand of whoever reads it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::child::{Child, Log, NotifySocket, listening, program, wait_for};
use super::shop::{Devices, config_text};
use crate::browser::harness::Browser;
use crate::web::http::{Reply, send};

struct Box<'a> {
    folder: &'a Path,
    log: Log,
}

impl Box<'_> {
    fn start(&self) -> (Child, SocketAddr) {
        let socket = NotifySocket::new(self.folder);
        let config = self.folder.join("node.toml");
        let mut command = program(&["node", "--config", config.to_str().unwrap()]);
        let mut child = Child::spawn(command.env("NOTIFY_SOCKET", socket.path()).stdout(self.log.open()).stderr(self.log.open()));
        socket.wait("READY=1", &mut child).unwrap_or_else(|status| panic!("{status}: {}", self.log.last_words()));
        let address = listening(child.id()).expect("a ready node listens");
        (child, address)
    }

    /// Codes that all starts so far have printed.
    fn codes(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join("node.log")).unwrap();
        let printed = text.lines().filter_map(|line| line.split_once("set-up code: ")).map(|(_, rest)| rest);
        printed.map(|rest| rest.split_whitespace().next().unwrap().to_owned()).collect()
    }

    fn stop(&self, mut child: Child) {
        child.ask_to_stop();
        assert!(child.wait_end().success(), "{}", self.log.last_words());
    }
}

async fn form(address: SocketAddr, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Reply {
    let body = fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let (host, origin) = (address.to_string(), format!("http://{address}"));
    let mut headers = vec![("Host", host.as_str()), ("Origin", origin.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    if !cookie.is_empty() {
        headers.push(("Cookie", cookie));
    }
    send(address, "POST", path, &headers, &body).await
}

async fn get(address: SocketAddr, path: &str, cookie: &str) -> Reply {
    let host = address.to_string();
    send(address, "GET", path, &[("Host", &host), ("Accept", "text/html"), ("Cookie", cookie)], "").await
}

async fn sign_in(address: SocketAddr, cookie: &str, id: &str) -> Reply {
    let (host, origin) = (address.to_string(), format!("http://{address}"));
    let headers = [("Host", host.as_str()), ("Origin", origin.as_str()), ("Cookie", cookie), ("Content-Type", "application/json")];
    let body = format!(r#"{{"id":"{id}","staff":"maria","pin":"246810"}}"#);
    send(address, "POST", "/api/v1/workstations/1/sign-in", &headers, &body).await
}

/// One on which people have to sign in, and nobody can yet; and where its data will be.
fn new_box(folder: &Path) -> (PathBuf, Box<'_>) {
    let data = folder.join("node");
    let text = config_text(&data, "127.0.0.1:0", None, &Devices::default());
    std::fs::write(folder.join("node.toml"), text.replace("required = false", "required = true")).unwrap();
    (data, Box { folder, log: Log::new(folder.join("node.log")) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_box_prints_a_code_that_lets_one_browser_in_and_names_its_manager() {
    let folder = tempfile::tempdir().unwrap();
    let (data, here) = new_box(folder.path());

    // A code that nobody used is worth nothing after the next start.
    let (child, _) = here.start();
    here.stop(child);
    let (child, address) = here.start();
    // The code comes right after the word that it is ready.
    let codes = wait_for("the second code", || Some(here.codes()).filter(|codes| codes.len() == 2));
    assert_ne!(codes[0], codes[1]);
    assert!(get(address, "/setup", "").await.body.contains("name=\"code\""));
    assert_eq!(get(address, "/", "").await.status, 303, "nobody is in yet");
    assert_eq!(form(address, "/setup", "", &[("code", &codes[0])]).await.status, 403);
    let reply = form(address, "/setup", "", &[("code", &codes[1])]).await;
    assert_eq!(reply.status, 303, "{}", reply.body);
    let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(form(address, "/setup", "", &[("code", &codes[1])]).await.status, 410, "used");

    // Only the browser that came in with the code names the manager, once.
    let manager = |again| [("id", "maria"), ("name", "Maria"), ("pin", "246810"), ("again", again)];
    assert_eq!(form(address, "/setup/manager", "", &manager("246810")).await.status, 403);
    assert!(get(address, "/setup", &cookie).await.body.contains("name=\"again\""));
    assert_eq!(form(address, "/setup/manager", &cookie, &manager("246811")).await.status, 422);
    assert_eq!(sign_in(address, &cookie, "a").await.code(), "staff_unknown");
    assert_eq!(form(address, "/setup/manager", &cookie, &manager("246810")).await.status, 303);
    assert_eq!(form(address, "/setup/manager", &cookie, &manager("246810")).await.status, 403);
    assert_eq!(sign_in(address, &cookie, "b").await.status, 200);
    assert_eq!(get(address, "/setup", &cookie).await.status, 404);
    here.stop(child);

    // The next start needs no code, and knows her.
    let (child, address) = here.start();
    let port = address.port();
    let cookie = format!("counterfoil-{port}={}", cookie.split_once('=').unwrap().1);
    assert_eq!(sign_in(address, &cookie, "c").await.status, 200);
    here.stop(child);
    assert_eq!(here.codes().len(), 2, "{}", here.log.last_words());
    let text = std::fs::read_to_string(folder.path().join("node.log")).unwrap();
    assert!(!text.contains("246810"), "a PIN is in the log");
    for file in std::fs::read_dir(data.join("feeds")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(5).any(|part| part == b"Maria"), "sealed under the box's key");
    }
}

/// A client in a test says from which origin it comes; a browser says what the page's headers let it say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_forms_of_the_set_up_are_taken_from_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let (_, here) = new_box(folder.path());
    let (child, address) = here.start();
    let code = wait_for("the code", || here.codes().pop());
    let browser = Browser::start(1366, 768).await;
    browser.open(&format!("http://{address}/setup")).await;
    browser.tap("[name=code]").await;
    browser.keys(&code).await;
    browser.tap("form button").await;
    browser.until("the manager's form", "document.querySelector('.setup-manager')").await;
    for (name, typed) in [("id", "maria"), ("name", "Maria"), ("pin", "246810"), ("again", "246810")] {
        browser.tap(&format!("[name={name}]")).await;
        browser.keys(typed).await;
    }
    browser.tap(".setup-manager button").await;
    browser.until("the end of it", "!document.querySelector('.setup-manager')").await;
    let cookie = browser.driver.get_all_cookies().await.unwrap().pop().expect("the browser was let in");
    let cookie = format!("{}={}", cookie.name, cookie.value);
    browser.end().await;
    assert_eq!(sign_in(address, &cookie, "a").await.status, 200);
    here.stop(child);
}
