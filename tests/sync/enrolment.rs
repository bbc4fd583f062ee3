//! Boxes enrol over real sockets, and everybody who should not get in is named: whoever replays, steals or copies, and clocks that are far off.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use counterfoil::enrol::{EnrolError, EnrolledFiles, enrol};
use counterfoil::head_office::authority::Authority;
use counterfoil::head_office::bench::{StandIn, wait_until};
use counterfoil::head_office::enrolment::{self, CODE_LIFE_MS, CodeFor, NodeRow, State};
use counterfoil::head_office::node_cli::{self, Named, NodeCliError, NodeTask};
use counterfoil::head_office::serve::{self, Running};
use counterfoil::ids::{NodeId, StoreId};
use counterfoil::node::config::HeadOfficeLink;
use counterfoil::time::{Clock, HandClock, SystemClock};
use tempfile::TempDir;

use super::over_http::PATIENCE;

const DAY_MS: i64 = 86_400_000;

/// A head office with a clock of its own, and room for boxes.
struct Stage {
    folder: TempDir,
    clock: Arc<HandClock>,
    office: Running,
}

impl Stage {
    async fn new() -> Stage {
        Stage::at(SystemClock::new().now().ms, |_| {}).await
    }

    async fn at(now_ms: i64, change: impl FnOnce(&mut counterfoil::head_office::HeadOfficeConfig)) -> Stage {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(HandClock::at(now_ms)));
        let mut config = crate::storage::config(&folder.path().join("ho"), 0);
        config.enrolment = true;
        change(&mut config);
        let office = serve::start(config, clock.clone()).await.unwrap();
        Stage { folder, clock, office }
    }

    fn url(&self) -> String {
        format!("https://{}", self.office.address)
    }

    async fn code(&self, store: &str, node: Option<&str>, replaces: bool) -> String {
        let wanted = CodeFor { store: StoreId::new(store).unwrap(), node: node.map(|node| NodeId::new(node).unwrap()), replaces };
        let (_, pin) = self.office.office.authority().unwrap().server_trust(None).unwrap();
        let mut random = [0; 10];
        getrandom(&mut random);
        let code = self
            .office
            .office
            .write(move |writer, now_ms| Ok(enrolment::make_code(writer.connection(), writer.key(), pin, random, &wanted, now_ms)?));
        code.await.unwrap().unwrap().to_string()
    }

    /// A box's folder and its file.
    fn place(&self, name: &str, store: &str, node: &str) -> Place {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let place = Place { config: folder.join("node.toml"), folder, store: store.to_owned(), node: node.to_owned() };
        std::fs::write(&place.config, format!("[store]\nid = \"{store}\"\n\n[node]\nid = \"{node}\"\ndata_dir = {:?}\n", place.folder))
            .unwrap();
        place
    }

    async fn enrol(&self, place: &Place, code: &str) -> Result<String, EnrolError> {
        enrol(&place.config, &self.url(), code).await
    }

    /// The code of the refusal.
    async fn refused(&self, place: &Place, code: &str) -> String {
        match self.enrol(place, code).await {
            Err(EnrolError::Refused { code, .. }) => code,
            other => panic!("it should have been refused: {other:?}"),
        }
    }

    async fn nodes(&self) -> Vec<NodeRow> {
        let now_ms = self.clock.now().ms;
        self.office.office.read(move |connection| enrolment::list(connection, now_ms)).await.unwrap()
    }

    async fn state(&self, node: &str) -> State {
        self.nodes().await.into_iter().find(|row| row.node == node).expect("the node is listed").state
    }

    /// As a technician types it beside the head office that runs.
    fn command(&self, task: &NodeTask) -> Result<String, NodeCliError> {
        let (config, now_ms) = (self.office.office.config(), self.clock.now().ms);
        // A session with a server waits in a way that these threads must not.
        std::thread::scope(|scope| scope.spawn(|| node_cli::carry_out(config, task, now_ms)).join()).unwrap()
    }

    async fn incidents(&self, kind: &str) -> i64 {
        let kind = kind.to_owned();
        let question = move |connection: &counterfoil::head_office::db::Connection| {
            connection.query_row("SELECT count(*) FROM incidents WHERE kind = ?1 AND closed_ms IS NULL", [kind], |row| row.get(0))
        };
        self.office.office.read(question).await.unwrap()
    }

    async fn until_incident(&self, kind: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.incidents(kind).await == 0 {
            assert!(std::time::Instant::now() < deadline, "no incident: {kind}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn getrandom(bytes: &mut [u8]) {
    use std::io::Read;
    std::fs::File::open("/dev/urandom").unwrap().read_exact(bytes).unwrap();
}

struct Place {
    folder: PathBuf,
    config: PathBuf,
    store: String,
    node: String,
}

impl Place {
    /// The box at work, with what its enrolment gave it.
    fn start(&self, url: &str) -> StandIn {
        let node = StandIn::open(&self.folder, &self.store, &self.node).unwrap();
        node.start_line(url, Some(self.link(url))).unwrap();
        node
    }

    fn link(&self, url: &str) -> HeadOfficeLink {
        let files = EnrolledFiles::of(&self.folder);
        HeadOfficeLink { url: url.to_owned(), ca: Some(files.ca), cert: Some(files.cert), key: Some(files.key), public_key: None }
    }
}

async fn until_why(node: &StandIn, words: &str) {
    let told = wait_until(PATIENCE, || node.node().screen().link.why.contains(words)).await;
    assert!(told.is_ok(), "expected {words:?}, got {:?}", node.node().screen().link.why);
}

async fn until_sent(node: &StandIn) {
    let sent = wait_until(PATIENCE, || node.acknowledged_seq() >= node.head_seq()).await;
    assert!(sent.is_ok(), "{}", node.node().screen().link.why);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_enrols_and_its_records_arrive() {
    let stage = Stage::new().await;
    let place = stage.place("box", "s1", "n1");
    let code = stage.code("s1", None, false).await;
    stage.enrol(&place, &code).await.unwrap();
    let text = std::fs::read_to_string(&place.config).unwrap();
    assert!(text.contains("[head_office]\nurl = \"https://") && text.contains("head-office-ca.pem"), "{text}");
    assert!(!std::fs::read_to_string(place.folder.join("node.pem")).unwrap().contains("PRIVATE"));
    let node = place.start(&stage.url());
    node.sell(3).unwrap();
    until_sent(&node).await;
    assert_eq!(stage.state("n1").await, State::Good);
    assert_eq!(stage.incidents("key changed").await, 0);
    // With this certificate it speaks for nobody else: neither for another node nor for another store.
    for (name, store, other) in [("posing", "s1", "n2"), ("abroad", "s2", "n1")] {
        let posing = StandIn::open(&stage.folder.path().join(name), store, other).unwrap();
        posing.start_line(&stage.url(), Some(place.link(&stage.url()))).unwrap();
        until_why(&posing, "wrong_certificate").await;
        assert_eq!(posing.acknowledged_seq(), 0);
    }
    // Without one it does not even get so far.
    let bare = StandIn::open(&stage.folder.path().join("bare"), "s1", "n3").unwrap();
    let link = HeadOfficeLink { cert: None, key: None, ..place.link(&stage.url()) };
    bare.start_line(&stage.url(), Some(link)).unwrap();
    until_why(&bare, "wrong_certificate").await;
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_code_lets_nobody_in_and_is_an_incident() {
    let stage = Stage::new().await;
    let code = stage.code("s1", None, false).await;
    let first = stage.place("first", "s1", "n1");
    stage.enrol(&first, &code).await.unwrap();
    assert_eq!(stage.refused(&stage.place("second", "s1", "n2"), &code).await, "code_used");
    assert_eq!(stage.incidents("code used twice").await, 1);
    // The first box whose answer was lost on the way may ask again.
    stage.enrol(&first, &code).await.unwrap();
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_boxes_with_one_code_exactly_one_gets_in() {
    let stage = Stage::new().await;
    let code = stage.code("s1", None, false).await;
    let places = [stage.place("a", "s1", "n1"), stage.place("b", "s1", "n2")];
    let (a, b) = tokio::join!(stage.enrol(&places[0], &code), stage.enrol(&places[1], &code));
    assert_eq!([&a, &b].iter().filter(|done| done.is_ok()).count(), 1, "{a:?} {b:?}");
    assert_eq!(stage.nodes().await.len(), 1);
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_code_lets_nobody_in() {
    let stage = Stage::new().await;
    let code = stage.code("s1", None, false).await;
    stage.clock.advance(CODE_LIFE_MS);
    assert_eq!(stage.refused(&stage.place("box", "s1", "n1"), &code).await, "code_expired");
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_for_its_store_and_node_alone_and_is_not_spent_by_a_mistake() {
    let stage = Stage::new().await;
    let code = stage.code("s1", Some("n1"), false).await;
    assert_eq!(stage.refused(&stage.place("other-store", "s2", "n1"), &code).await, "code_of_other_store");
    assert_eq!(stage.refused(&stage.place("other-node", "s1", "n2"), &code).await, "code_of_other_node");
    stage.enrol(&stage.place("right", "s1", "n1"), &code).await.unwrap();
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_code_is_not_shown_to_a_server_with_another_authority() {
    let (ours, theirs) = (Stage::new().await, Stage::new().await);
    let code = ours.code("s1", None, false).await;
    let place = ours.place("box", "s1", "n1");
    let met = enrol(&place.config, &theirs.url(), &code).await;
    assert!(matches!(met, Err(EnrolError::Stranger { .. })), "{met:?}");
    assert!(!place.folder.join("node.pem").exists());
    // It was not sent anywhere, so it is still good.
    ours.enrol(&place, &code).await.unwrap();
    ours.office.stop().await;
    theirs.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_authority_is_not_heard() {
    let stage = Stage::new().await;
    let code = stage.code("s1", None, false).await;
    let place = stage.place("box", "s1", "n1");
    stage.enrol(&place, &code).await.unwrap();
    let foreign = Authority::open(&{
        let folder = stage.folder.path().join("foreign");
        std::fs::create_dir(&folder).unwrap();
        folder
    })
    .unwrap();
    let node = StandIn::open(&place.folder, "s1", "n1").unwrap();
    let key = counterfoil::journal::NodeKey::load_existing(&place.folder.join("node.key")).unwrap();
    let issued = foreign.certify(&StoreId::new("s1").unwrap(), &NodeId::new("n1").unwrap(), &key.public(), stage.clock.now().ms, DAY_MS);
    std::fs::write(place.folder.join("node.pem"), issued.unwrap().pem).unwrap();
    node.start_line(&stage.url(), Some(place.link(&stage.url()))).unwrap();
    until_why(&node, "cannot be reached").await;
    assert_eq!(node.acknowledged_seq(), 0);
    stage.office.stop().await;
}

/// Head office's clock and the box's are decades and a year apart, either way; whichever of them is wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_whose_clock_is_far_off_enrols_and_is_heard() {
    let now_ms = SystemClock::new().now().ms;
    for office_ms in [DAY_MS, now_ms + 400 * DAY_MS, now_ms + 55 * 365 * DAY_MS] {
        let stage = Stage::at(office_ms, |_| {}).await;
        let code = stage.code("s1", None, false).await;
        let place = stage.place("box", "s1", "n1");
        stage.enrol(&place, &code).await.unwrap();
        let node = place.start(&stage.url());
        until_sent(&node).await;
        stage.office.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_that_are_tried_out_shut_the_door_for_a_while() {
    let stage = Stage::new().await;
    let (mine, place) = (stage.code("s1", None, false).await, stage.place("box", "s1", "n1"));
    let (_, pin) = stage.office.office.authority().unwrap().server_trust(None).unwrap();
    for guess in 0..10 {
        let guessed = counterfoil::sync::enrolment::Code::new([guess; 10], pin.clone()).to_string();
        assert_eq!(stage.refused(&place, &guessed).await, "code_unknown");
    }
    assert_eq!(stage.refused(&place, &mine).await, "too_many_codes");
    stage.clock.advance(10 * 60_000);
    stage.enrol(&place, &mine).await.unwrap();
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copied_disk_cannot_enrol_under_another_name() {
    let stage = Stage::new().await;
    let place = stage.place("box", "s1", "n1");
    stage.enrol(&place, &stage.code("s1", None, false).await).await.unwrap();
    let copy = stage.place("copy", "s1", "n2");
    std::fs::copy(place.folder.join("node.key"), copy.folder.join("node.key")).unwrap();
    assert_eq!(stage.refused(&copy, &stage.code("s1", None, false).await).await, "key_of_other_node");
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloned_disk_is_an_incident_and_both_branches_are_kept() {
    let stage = Stage::new().await;
    let place = stage.place("box", "s1", "n1");
    stage.enrol(&place, &stage.code("s1", None, false).await).await.unwrap();
    let node = place.start(&stage.url());
    node.sell(2).unwrap();
    until_sent(&node).await;
    let clone = stage.place("clone", "s1", "n1");
    copy_folder(&place.folder, &clone.folder);
    node.sell(2).unwrap();
    until_sent(&node).await;
    let second = StandIn::open(&clone.folder, "s1", "n1").unwrap();
    second.sell(1).unwrap();
    second.start_line(&stage.url(), Some(clone.link(&stage.url()))).unwrap();
    stage.until_incident("fork").await;
    until_sent(&second).await;
    assert_eq!(stage.state("n1").await, State::TwoBoxes);
    let sales = |connection: &counterfoil::head_office::db::Connection| {
        connection.query_row("SELECT count(*) FROM transactions", [], |row| row.get::<_, i64>(0))
    };
    assert_eq!(stage.office.office.read(sales).await.unwrap(), 5, "both ways count");
    stage.office.stop().await;
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy_folder(&entry.path(), &target) } else { std::fs::copy(entry.path(), target).map(drop).unwrap() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_renewed_while_the_node_works() {
    let stage = Stage::new().await;
    let place = stage.place("box", "s1", "n1");
    stage.enrol(&place, &stage.code("s1", None, false).await).await.unwrap();
    let first = std::fs::read_to_string(place.folder.join("node.pem")).unwrap();
    // Beyond two thirds of its life.
    stage.clock.advance(61 * DAY_MS);
    let node = place.start(&stage.url());
    until_sent(&node).await;
    let renewed = || std::fs::read_to_string(place.folder.join("node.pem")).unwrap() != first;
    wait_until(PATIENCE, renewed).await.unwrap();
    // The first one has run out by now; the node goes on with the second, without a restart.
    stage.clock.advance(40 * DAY_MS);
    node.sell(2).unwrap();
    until_sent(&node).await;
    assert_eq!(stage.state("n1").await, State::Good);
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_for_too_long_comes_back_with_its_key_and_a_persons_word() {
    let stage = Stage::at(SystemClock::new().now().ms, |config| config.certificate_life_ms = 60_000).await;
    let place = stage.place("box", "s1", "n1");
    stage.enrol(&place, &stage.code("s1", None, false).await).await.unwrap();
    stage.clock.advance(91 * DAY_MS);
    assert_eq!(stage.state("n1").await, State::Expired);
    let named = || Named { store: StoreId::new("s1").unwrap(), node: NodeId::new("n1").unwrap() };
    // Whoever has not proved the key yet is not let in.
    let too_early = stage.command(&NodeTask::Approve(named()));
    assert!(matches!(too_early, Err(NodeCliError::NotBack { .. })), "{too_early:?}");
    let node = place.start(&stage.url());
    until_why(&node, "certificate_expired").await;
    stage.until_incident("waits for approval").await;
    assert_eq!((stage.state("n1").await, node.acknowledged_seq()), (State::WaitsForApproval, 0));
    assert!(stage.command(&NodeTask::Nodes).unwrap().contains("waits for approval"));
    let said = stage.command(&NodeTask::Approve(named())).unwrap();
    assert!(said.contains("goes on by itself"), "{said}");
    until_sent(&node).await;
    assert_eq!(stage.state("n1").await, State::Good);
    assert_eq!(stage.incidents("waits for approval").await, 0);
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_node_is_heard_no_more_and_its_place_can_be_taken() {
    let stage = Stage::new().await;
    let place = stage.place("box", "s1", "n1");
    stage.enrol(&place, &stage.code("s1", None, false).await).await.unwrap();
    let node = place.start(&stage.url());
    until_sent(&node).await;
    // Another box cannot become this node without a word that says so.
    let next = stage.place("next", "s1", "n1");
    assert_eq!(stage.refused(&next, &stage.code("s1", Some("n1"), false).await).await, "node_taken");

    let store = StoreId::new("s1").unwrap();
    let first_lead = stage.office.office.write({
        let store = store.clone();
        move |writer, now_ms| Ok(counterfoil::head_office::leads::first(writer.connection(), &store, now_ms)?)
    });
    assert_eq!(first_lead.await.unwrap().map(|lead| lead.epoch), Some(1));
    let replacing = stage.code("s1", Some("n1"), true).await;
    stage.enrol(&next, &replacing).await.unwrap();
    let lead = stage.office.office.read(|connection| counterfoil::head_office::leads::current(connection, "s1")).await.unwrap().unwrap();
    assert_eq!((lead.node.as_str(), lead.epoch), ("n1", 2), "the store's orders go on under the next epoch");
    stage.clock.advance(3_000);
    node.sell(1).unwrap();
    until_why(&node, "node_replaced").await;
    let second = next.start(&stage.url());
    until_sent(&second).await;
    assert_eq!((stage.incidents("fork").await, stage.incidents("key changed").await), (0, 0), "it was announced");

    let revoked = stage
        .office
        .office
        .write(move |writer, now_ms| Ok(enrolment::revoke(writer.connection(), &store, &NodeId::new("n1").unwrap(), "stolen", now_ms)?));
    assert_eq!(revoked.await.unwrap(), Ok(()));
    stage.clock.advance(3_000);
    second.sell(1).unwrap();
    until_why(&second, "certificate_revoked").await;
    assert_eq!(stage.state("n1").await, State::Revoked);
    stage.office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_office_put_back_from_a_backup_knows_its_boxes_by_their_certificates() {
    let stage = Stage::new().await;
    let place = stage.place("box", "s1", "n1");
    stage.enrol(&place, &stage.code("s1", None, false).await).await.unwrap();
    let forget = || stage.office.office.write(|writer, _| Ok(writer.connection().execute("DELETE FROM enrolments", [])?));
    forget().await.unwrap();
    let node = place.start(&stage.url());
    until_sent(&node).await;
    stage.until_incident("enrolment forgotten").await;
    assert_eq!(stage.state("n1").await, State::Good);
    // One that has run out as well proves too little.
    stage.clock.advance(91 * DAY_MS);
    forget().await.unwrap();
    stage.office.office.gate().forget();
    node.sell(1).unwrap();
    until_why(&node, "certificate_forgotten").await;
    stage.enrol(&place, &stage.code("s1", Some("n1"), false).await).await.unwrap();
    until_sent(&node).await;
    stage.office.stop().await;
}

/// A browser at the door for people.
struct Desk {
    origin: String,
    client: reqwest::Client,
}

impl Desk {
    fn at(stage: &Stage) -> Desk {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Desk { origin: format!("http://{}", stage.office.pages_address), client }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(format!("{}{path}", self.origin)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let body = reqwest::Url::parse_with_params("http://x/", fields).unwrap().query().unwrap_or_default().to_owned();
        let request = self.client.post(format!("{}{path}", self.origin)).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.header("origin", &self.origin).body(body).send().await.unwrap();
        let is_code = path == "/nodes/codes" && answer.status().is_success();
        assert!(!is_code || answer.headers()["cache-control"] == "no-store");
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn shows(&self, words: &[&str]) {
        let (_, page) = self.get("/nodes").await;
        for word in words {
            assert!(page.contains(word), "{word} is not on {page}");
        }
    }
}

/// The code on a page.
fn code_on(page: &str) -> String {
    let after = page.split("class=\"code\"><code>").nth(1).unwrap_or_else(|| panic!("no code on {page}"));
    after.split('<').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_page_nodes_a_code_is_made_and_a_box_is_approved_revoked_and_replaced() {
    let stage = Stage::at(SystemClock::new().now().ms, |config| {
        config.pages_listen = "127.0.0.1:0".parse().ok();
        // A node asks about its certificate after two thirds of this.
        config.certificate_life_ms = 3_000;
    })
    .await;
    let desk = Desk::at(&stage);
    desk.shows(&["No box is enrolled"]).await;
    // What boxes call serves no page, whoever asks.
    let anybody = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
    for path in ["/nodes", "/api/v1/nodes", "/"] {
        assert_eq!(anybody.get(format!("{}{path}", stage.url())).send().await.unwrap().status().as_u16(), 404, "{path}");
    }

    for (fields, says) in [
        (&[("store", "a b")][..], "is not valid"),
        (&[("store", "s1"), ("replace", "yes")], "name the node as well"),
        (&[("store", "s.1")], "cannot contain a dot"),
    ] {
        let (status, words) = desk.post("/nodes/codes", fields).await;
        assert!(status == 422 && words.contains(says), "{status} {words}");
    }
    let (status, page) = desk.post("/nodes/codes", &[("store", "s1"), ("node", "n1")]).await;
    let code = code_on(&page);
    assert!(status == 200 && page.contains(&format!("--head-office https://127.0.0.1:0 --code {code}")), "{page}");
    let (_, later) = desk.get("/nodes").await;
    assert!(later.contains("Codes that wait") && !later.contains(&code), "it is shown once: {later}");
    // Its page asks this address for news.
    assert_eq!(desk.get("/nodes/codes").await.0, 303);

    let place = stage.place("box", "s1", "n1");
    stage.enrol(&place, &code).await.unwrap();
    let node = place.start(&stage.url());
    until_sent(&node).await;
    desk.shows(&["state good", "just now", "/nodes/s1/n1/revoke"]).await;
    // One that was given back lets nobody in.
    let (_, page) = desk.post("/nodes/codes", &[("store", "s1"), ("node", "n1"), ("replace", "yes")]).await;
    let given_back = code_on(&page);
    let id = page.split("/nodes/codes/").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    assert_eq!(desk.post(&format!("/nodes/codes/{id}/withdraw"), &[]).await.0, 303);
    assert_eq!(stage.refused(&stage.place("late", "s1", "n1"), &given_back).await, "code_expired");

    let (_, question) = desk.get("/nodes/s1/n1/revoke").await;
    assert!(question.contains("no more?") && question.contains("Leave it as it is"), "{question}");
    assert_eq!(desk.get("/nodes/s1/n7/revoke").await.0, 404);
    let (status, words) = desk.post("/nodes/s1/n1/approve", &[]).await;
    assert!(status == 409 && words.contains("nothing_to_approve"), "{words}");
    assert_eq!(desk.post("/nodes/s1/n1/revoke", &[("reason", "stolen <b>")]).await.0, 303);
    desk.shows(&["state bad\">revoked", "stolen &lt;b&gt;", "New code"]).await;
    node.sell(1).unwrap();
    until_why(&node, "certificate_revoked").await;

    let (_, page) = desk.post("/nodes/codes", &[("store", "s1"), ("node", "n1")]).await;
    stage.enrol(&place, &code_on(&page)).await.unwrap();
    until_sent(&node).await;
    stage.clock.advance(91 * DAY_MS);
    node.sell(1).unwrap();
    stage.until_incident("waits for approval").await;
    desk.shows(&["waits for approval", "/nodes/s1/n1/approve"]).await;
    assert_eq!(desk.post("/nodes/s1/n1/approve", &[]).await.0, 303);
    until_sent(&node).await;

    let list: serde_json::Value = serde_json::from_str(&desk.get("/api/v1/nodes").await.1).unwrap();
    assert_eq!((&list[0]["node"], &list[0]["state"]), (&"n1".into(), &"good".into()), "{list}");
    stage.office.stop().await;
}
