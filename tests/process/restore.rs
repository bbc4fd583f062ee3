//! The box burns down. A new one is enrolled in its place, restored from head office, and trades on with the history; what stops a restore says
//! what to do, and the next try goes on where it stopped.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use counterfoil::document::receipt_code::{self, KeyId};
use counterfoil::head_office::db::{self, params};
use counterfoil::head_office::enrolment::{self, CodeFor};
use counterfoil::head_office::found_journal::{self, TakenIn};
use counterfoil::head_office::orders::{self, PlacedOrder};
use counterfoil::head_office::serve::{self, Running};
use counterfoil::head_office::storage;
use counterfoil::ids::{NodeId, OrderNo, PlaceCode, StoreId};
use counterfoil::journal::{NodeKey, RawRecord, Reader, Record, verify};
use counterfoil::money::Currency;
use counterfoil::node::replay;
use counterfoil::process::{EXIT_CONFIG, EXIT_DATA, EXIT_UNAVAILABLE};
use counterfoil::retail::order::{OrderAct, Shown};
use counterfoil::retail::{Event, TransactionRecord};
use counterfoil::time::SystemClock;
use counterfoil::web::pairing::{Pairing, Scope};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::child::{Child, Log, NotifySocket, listening, program, run, wait_for};
use super::shop::{Devices, STORE, config_text, priced_goods, stock_up};
use super::till::Till;

const NODE: &str = "box-1";
const MILK: &str = "100001";

/// A head office that enrols, in this process, and room for boxes.
struct Chain {
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
    office: Option<Running>,
}

impl Chain {
    fn new() -> Chain {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut config = crate::storage::config(&folder.path().join("office"), 0);
        config.enrolment = true;
        let office = runtime.block_on(serve::start(config, Arc::new(SystemClock::new()))).unwrap();
        runtime.block_on(stock_up(&office.office, Currency::from_code("EUR").unwrap()));
        Chain { folder, runtime, office: Some(office) }
    }

    fn office(&self) -> &Running {
        self.office.as_ref().unwrap()
    }

    fn url(&self) -> String {
        format!("https://{}", self.office().address)
    }

    fn code(&self, replaces: bool) -> String {
        let wanted = CodeFor { store: StoreId::new(STORE).unwrap(), node: Some(NodeId::new(NODE).unwrap()), replaces };
        let office = &self.office().office;
        let (_, pin) = office.authority().unwrap().server_trust(None).unwrap();
        let mut random = [0; 10];
        fs::File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
        let make =
            office.write(move |writer, now_ms| Ok(enrolment::make_code(writer.connection(), writer.key(), pin, random, &wanted, now_ms)?));
        let code = self.runtime.block_on(make).unwrap().unwrap().to_string();
        office.gate().forget();
        code
    }

    fn ask<T: Send + 'static>(&self, question: impl FnOnce(&db::Connection) -> db::Result<T> + Send + 'static) -> T {
        self.runtime.block_on(self.office().office.read(question)).unwrap()
    }

    fn count(&self, sql: &'static str) -> u64 {
        self.ask(move |connection| connection.query_row(sql, [], |row| row.get(0)))
    }

    /// Open incidents of a kind, in words.
    fn incidents(&self, kind: &'static str) -> Vec<String> {
        self.ask(move |connection| {
            connection
                .prepare_cached("SELECT text FROM incidents WHERE kind = ?1 AND closed_ms IS NULL")?
                .query_map([kind], |row| row.get(0))?
                .collect()
        })
    }

    fn new_box(&self, name: &str) -> Place {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        let text = config_text(&folder.join("data"), "127.0.0.1:0", None, &Devices::default());
        fs::write(folder.join("node.toml"), text).unwrap();
        Place { log: Log::new(folder.join("log")), folder }
    }

    /// A box that is this node from now on.
    fn enrolled(&self, name: &str, replaces: bool) -> Place {
        let place = self.new_box(name);
        let code = self.code(replaces);
        let said = run(&["enrol", "--config", &place.config(), "--head-office", &self.url(), "--code", &code]);
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        self.office().office.gate().forget();
        place
    }

    fn until_all_is_here(&self, node: &mut AtWork) {
        wait_for("head office has all", || {
            let health = node.till.look("/api/v1/health");
            (health["head_office_online"] == true && health["transactions_waiting"] == 0).then_some(())
        });
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        if let Some(office) = self.office.take() {
            self.runtime.block_on(office.stop());
        }
    }
}

/// A box's folder.
struct Place {
    folder: PathBuf,
    log: Log,
}

/// A node that runs there.
struct AtWork {
    child: Child,
    till: Till,
}

impl Place {
    fn config(&self) -> String {
        self.folder.join("node.toml").to_str().unwrap().to_owned()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn start(&self) -> AtWork {
        let pairing = Pairing::open(&self.data(), Arc::new(SystemClock::new())).unwrap();
        let (_, token) = pairing.create_token("test", Scope::Any).unwrap();
        let socket = NotifySocket::new(&self.folder);
        let mut command = program(&["node", "--config", &self.config()]);
        let mut child = Child::spawn(command.env("NOTIFY_SOCKET", socket.path()).stdout(self.log.open()).stderr(self.log.open()));
        socket.wait("READY=1", &mut child).unwrap_or_else(|status| panic!("{status}: {}", self.log.last_words()));
        let till = Till::connect(listening(child.id()).unwrap(), &token).unwrap();
        AtWork { child, till }
    }

    fn stop(&self, mut node: AtWork) {
        node.child.ask_to_stop();
        assert!(node.child.wait_end().success(), "{}", self.log.last_words());
    }

    fn restore(&self, more: &[&str]) -> (Option<i32>, String) {
        let output = run(&[&["restore", "--config", &self.config()], more].concat());
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains("panicked"), "{text}");
        (output.status.code(), text)
    }

    fn restored(&self) -> String {
        let (status, text) = self.restore(&[]);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains("restored in") && !text.contains("not here yet"), "{text}");
        text
    }

    fn refused(&self, exit: u8, says: &[&str]) -> String {
        let (status, text) = self.restore(&[]);
        assert_eq!(status, Some(i32::from(exit)), "{text}");
        assert!(says.iter().all(|words| text.contains(words)), "{says:?}: {text}");
        text
    }

    /// Sends the box to another address of head office.
    fn call_at(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(from));
        fs::write(self.config(), text.replace(from, to)).unwrap();
    }

    fn records(&self) -> Vec<RawRecord> {
        let folder = self.data().join("journal");
        let head = verify(&folder, &[]).unwrap().head.unwrap().seq;
        Reader::open(&folder).unwrap().read_batch(1, head, usize::MAX).unwrap()
    }

    /// What was sold here, in order.
    fn sales(&self) -> Vec<TransactionRecord> {
        let records = self.records().into_iter().map(|raw| Record::parse(raw.line).unwrap());
        let events = records.flat_map(|record| replay::events(&record).unwrap());
        events
            .filter_map(|event| match event {
                Event::TransactionCompleted { record } => Some(*record),
                _ => None,
            })
            .collect()
    }
}

impl AtWork {
    fn must(&mut self, path: &str, body: Value) -> Value {
        let mut body = body;
        body["id"] = json!(uuid::Uuid::now_v7().simple().to_string());
        self.till.must(path, &body)
    }

    fn knows_goods(&mut self) {
        let known = format!("/api/v1/articles/by-code/{}", priced_goods()[0].code);
        wait_for("the catalogue's arrival", || (self.till.get(&known).unwrap().status == 200).then_some(()));
    }

    fn sell(&mut self, sales: std::ops::Range<usize>) {
        let goods = priced_goods();
        for sale in sales {
            self.must("/api/v1/workstations/1/lines", json!({"code": goods[sale % goods.len()].code}));
            self.must("/api/v1/workstations/1/tenders", json!({"amount": 50_000}));
        }
    }

    fn act(&mut self, act: &OrderAct) {
        self.must("/api/v1/workstations/1/orders", json!({"act": act}));
    }

    fn order(&mut self, order: &str) -> Value {
        self.till.get(&format!("/api/v1/orders/{order}")).unwrap().body
    }

    /// The newest report of a closed day, as it is printed again.
    fn day_report(&mut self) -> String {
        let rows = self.till.look("/api/v1/reports");
        let rows = rows.as_array().or_else(|| rows["reports"].as_array()).unwrap_or_else(|| panic!("{rows}")).clone();
        let row = rows.iter().find(|row| row["kind"] == "day_z").unwrap_or_else(|| panic!("{rows:?}"));
        let id = row["id"].as_str().unwrap().to_owned();
        self.till.look(&format!("/api/v1/reports/{id}/text")).as_str().unwrap().to_owned()
    }
}

fn number(order: &str) -> OrderNo {
    OrderNo::new(order).unwrap()
}

#[test]
fn a_burnt_box_is_replaced_and_trades_on_with_its_history() {
    let chain = Chain::new();
    let old = chain.enrolled("old", false);
    let mut node = old.start();
    node.knows_goods();
    node.sell(0..3);
    node.must("/api/v1/day/close", json!({}));
    let z = node.day_report();
    node.must("/api/v1/day/open", json!({}));
    node.sell(3..5);
    // An order is half-way: accepted, and somebody is picking.
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let placed: PlacedOrder = serde_json::from_value(json!({
        "order": "K1", "store": STORE, "promised_ms": now_ms + 3_600_000, "name": "Zoë", "phone": "+49 30 555",
        "lines": [{"sku": MILK, "quantity": 1000, "zone": "chilled", "location": "A-01"}],
    }))
    .unwrap();
    chain.runtime.block_on(orders::place(&chain.office().office, placed)).unwrap();
    let state = wait_for("K1 in the shop", || node.order("K1")["state"].as_str().map(str::to_owned));
    if state == "received" {
        // It came before the stock.
        node.act(&OrderAct::Accept { order: number("K1") });
    }
    node.act(&OrderAct::StartPicking { order: number("K1"), take_over: false });
    // And a basket is parked.
    node.must("/api/v1/workstations/1/lines", json!({"code": priced_goods()[0].code}));
    node.must("/api/v1/workstations/1/suspend", json!({}));
    let upto = old.records().len() as u64;
    wait_for("head office has all of it", || (chain.count("SELECT max(head_seq) FROM branches") >= upto).then_some(()));
    drop(node);
    let (before, sales, disk) = (old.records(), old.sales(), old.folder.join("burnt"));
    let former = NodeKey::load_existing(&old.data().join("node.key")).unwrap();
    fs::rename(old.data(), &disk).unwrap();

    let new = chain.enrolled("new", true);
    let said = new.restored();
    assert!(said.contains("head office holds") && said.contains("100 %") && said.contains("every record is proved"), "{said}");
    assert!(!said.contains("replays the whole record"), "the state of the newest day comes out as the record names it: {said}");
    let noted = chain.incidents("box restored");
    assert!(noted.len() == 1 && noted[0].contains("goes on behind record"), "{noted:?}");

    // The very bytes, as far as they had arrived; and it can sell with the line down.
    new.call_at("https://", "https://127.0.0.1:9/#");
    let mut node = new.start();
    let now = new.records();
    let arrived = now.iter().zip(&before).take_while(|(now, before)| now.line == before.line).count();
    assert!(before.len() - arrived <= 3, "{arrived} of {}: all but the marks of the last second", before.len());
    assert_eq!(node.day_report(), z, "the Z, byte for byte");
    node.sell(5..6);
    assert_eq!(node.order("K1")["state"], "picking");
    assert_eq!(node.till.look("/api/v1/suspended").as_array().map(Vec::len), Some(1));
    new.stop(node);
    new.call_at("https://127.0.0.1:9/#", "https://");

    // Numbers go on without a gap, under the short code of another incarnation.
    let sold = new.sales();
    let counters: Vec<u64> = sold.iter().map(|sale| sale.number.counter).collect();
    assert_eq!(counters, (counters[0]..counters[0] + 6).collect::<Vec<_>>());
    assert_ne!(sold[5].number.incarnation, sold[4].number.incarnation);

    // A receipt of before is taken back by its code, though another key signed it.
    let mut node = new.start();
    let key = KeyId::of(&former.public_hex());
    let chain_name = counterfoil::node::config::load(Path::new(&new.config())).unwrap().chain;
    let code = receipt_code::encode(&sales[1], &StoreId::new(STORE).unwrap(), &chain_name, key, |bytes| former.sign(bytes)).unwrap();
    let line = sales[1].lines[0].line;
    node.must(
        "/api/v1/workstations/1/returns",
        json!({"receipt": code, "line": line, "quantity": 1000, "disposition": "shelf", "reason": "unwanted"}),
    );
    node.must("/api/v1/workstations/1/refund", json!({"by": "cash"}));

    // The order goes on, and is handed over.
    node.act(&OrderAct::Pick { orders: vec![number("K1")], code: MILK.to_owned(), quantity: None });
    node.act(&OrderAct::FinishPicking { order: number("K1"), bags: 1 });
    node.act(&OrderAct::Stage { order: number("K1"), bag: 1, place: PlaceCode::new("A-1").unwrap() });
    let shown = wait_for("the customer's code", || {
        chain.runtime.block_on(chain.office().office.read(|connection| orders::find(connection, &number("K1")))).unwrap().unwrap().2
    });
    node.act(&OrderAct::HandOver {
        order: number("K1"),
        shown: Shown::Code(shown.token),
        bags: vec![1],
        leaves: Vec::new(),
        later: Vec::new(),
        of_age: false,
    });
    chain.until_all_is_here(&mut node);

    // At head office it is one journal, counted once.
    wait_for("all sales", || (chain.count("SELECT count(*) FROM transactions") == 7).then_some(()));
    assert_eq!(chain.count("SELECT count(*) FROM branches"), 1);
    let state = chain
        .ask(|connection| connection.query_row("SELECT state FROM order_states WHERE order_no = 'K1'", [], |row| row.get::<_, String>(0)));
    assert_eq!(state, "handed_over");
    for kind in ["fork", "hole", "chain broken", "key changed", "bad signature"] {
        assert_eq!(chain.incidents(kind), Vec::<String>::new());
    }
    assert_eq!(chain.count("SELECT count(*) FROM exceptions"), 0);
    // Both boxes' keys prove it; one alone does not.
    let keys = fs::read_to_string(new.data().join("former-keys")).unwrap();
    assert_eq!(keys.trim(), former.public_hex());
    let own = NodeKey::load_existing(&new.data().join("node.key")).unwrap();
    assert!(verify(&new.data().join("journal"), &[own.public(), former.public()]).unwrap().first_bad.is_none());
    assert!(verify(&new.data().join("journal"), &[own.public()]).unwrap().first_bad.is_some());

    // The old box is back from the ashes: nobody hears it.
    fs::rename(&disk, old.data()).unwrap();
    let mut ghost = old.start();
    wait_for("the fence", || fs::read_to_string(old.folder.join("log")).unwrap().contains("node_replaced").then_some(()));
    ghost.sell(0..1);
    assert_eq!(chain.count("SELECT count(*) FROM transactions"), 7);
    old.stop(ghost);

    // Its disk is read in: what it never sent, and what it sold since, is kept and counted beside the rest.
    let folders = crate::storage::folders(&chain.folder.path().join("office"));
    let take_in = |folder: &Path| {
        let connection = storage::open(&folders).unwrap();
        let (store, node) = (StoreId::new(STORE).unwrap(), NodeId::new(NODE).unwrap());
        found_journal::take_in(&connection, &store, &node, folder, jiff::Timestamp::now().as_millisecond())
    };
    let taken = take_in(&old.data().join("journal")).unwrap();
    assert!(taken.bad == 0 && taken.new > 2 && taken.new < taken.records, "{taken:?}");
    assert_eq!(take_in(&old.data().join("journal")).unwrap(), TakenIn { new: 0, ..taken }, "a second time there is nothing new");
    assert_eq!(chain.count("SELECT count(*) FROM transactions"), 8);
    assert_eq!((chain.count("SELECT count(*) FROM branches"), chain.incidents("fork").len()), (2, 1));
    for kind in ["chain broken", "key changed", "bad signature"] {
        assert_eq!(chain.incidents(kind), Vec::<String>::new());
    }
    node.sell(6..7);
    wait_for("the new box goes on", || (chain.count("SELECT count(*) FROM transactions") == 9).then_some(()));
    assert_eq!(chain.count("SELECT count(*) FROM branches"), 2);
    new.stop(node);
}

#[test]
fn a_restore_that_breaks_off_goes_on_and_takes_nothing_that_is_not_proved() {
    let chain = Chain::new();
    let old = chain.enrolled("old", false);
    let mut node = old.start();
    node.knows_goods();
    node.sell(0..150);
    chain.until_all_is_here(&mut node);
    old.stop(node);
    // The mark of a clean stop may have stayed at home.
    let mut before = old.records();
    before.truncate(usize::try_from(chain.count("SELECT max(head_seq) FROM branches")).unwrap());
    fs::remove_dir_all(old.data()).unwrap();

    let new = chain.enrolled("new", true);
    let direct = chain.office().address.to_string();
    let (relay, left) = relay(chain.office().address, 30_000);
    new.call_at(&direct, &relay.to_string());
    let said = new.refused(EXIT_UNAVAILABLE, &["trying again", "type the same command again", "goes on behind record"]);
    assert!(new.data().join("restoring").exists() && !said.contains("behind record 0"), "{said}");
    // The node does not begin a journal of its own meanwhile.
    let output = run(&["node", "--config", &new.config()]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(i32::from(EXIT_CONFIG)) && text.contains("let `counterfoil restore` finish it"), "{text}");

    // The power went in the middle of a line.
    let newest = fs::read_dir(new.data().join("restoring")).unwrap().map(|entry| entry.unwrap().path());
    let newest = newest.filter(|path| path.extension().is_some()).max().unwrap();
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() - 10]).unwrap();
    // And head office's copy has rotted.
    left.store(i64::MAX, Ordering::SeqCst);
    let seq = before.len() as u64 - 5;
    let good = chunk(&chain, seq);
    let lines = if good.0 == 0 { good.1.clone() } else { zstd::stream::decode_all(good.1.as_slice()).unwrap() };
    let field = format!("\"seq\":{seq},");
    let mut rotten = lines.clone();
    let at = rotten.windows(field.len()).position(|window| window == field.as_bytes()).unwrap();
    rotten[at + 150] ^= 1;
    put_chunk(&chain, seq, (0, rotten));
    let said = new.refused(EXIT_DATA, &["are here already", "does not prove itself", "Nothing behind it was taken"]);
    assert!(said.contains(&format!("record {seq} ")), "{said}");
    put_chunk(&chain, seq, good);
    let said = new.restored();
    assert!(said.contains(&format!("records 1 to {} are here already", seq - 1)), "{said}");
    let now = new.records();
    assert!(now.len() > before.len() && now.iter().zip(&before).all(|(now, before)| now.line == before.line));
    assert!(!new.data().join("restoring").exists() && !new.data().join("restore-unfinished").exists());
}

#[test]
fn what_cannot_be_restored_is_refused_with_what_to_do() {
    let chain = Chain::new();
    let stranger = chain.new_box("stranger");
    stranger.refused(EXIT_CONFIG, &["not enrolled", "no [head_office]", "--replace", "counterfoil enrol"]);

    let old = chain.enrolled("old", false);
    old.refused(1, &["has no record of node box-1", "simply started", "nothing_held"]);
    let mut node = old.start();
    node.knows_goods();
    node.sell(0..1);
    chain.until_all_is_here(&mut node);
    // A second box with the first one's key, which is at work.
    let twin = chain.new_box("twin");
    fs::create_dir(twin.data()).unwrap();
    for file in ["node.key", "node.pem", "head-office-ca.pem", "head-office.pub"] {
        fs::copy(old.data().join(file), twin.data().join(file)).unwrap();
    }
    let text = fs::read_to_string(old.config()).unwrap();
    fs::write(twin.config(), text.replace(old.data().to_str().unwrap(), twin.data().to_str().unwrap())).unwrap();
    twin.refused(1, &["is at work", "seconds ago", "--replace", "node_at_work"]);
    old.stop(node);
    old.refused(1, &["holds records", "nothing is written over them"]);
    // One that begun anew before anybody thought of restoring: the record of before is there to be chosen.
    let hasty = chain.enrolled("hasty", true);
    let mut node = hasty.start();
    chain.until_all_is_here(&mut node);
    hasty.stop(node);
    hasty.refused(1, &["holds records", "enrol again"]);
    fs::remove_dir_all(hasty.data()).unwrap();
    let new = chain.enrolled("new", true);
    let (status, said) = new.restore(&["--journal", "1000000"]);
    assert!(status == Some(1) && said.contains("no_such_journal"), "{said}");
    let journals: Vec<i64> = chain
        .ask(|connection| connection.prepare_cached("SELECT id FROM branches ORDER BY id")?.query_map([], |row| row.get(0))?.collect());
    let (status, said) = new.restore(&["--journal", &journals[0].to_string()]);
    assert!(status == Some(0) && said.contains(&format!("--journal {}", journals[1])), "{said}");
    assert_eq!(new.sales().len(), 1);
    assert_eq!(chain.incidents("fork"), Vec::<String>::new());
}

/// Lets that many bytes of answers through, and then nothing any more.
fn relay(office: SocketAddr, bytes: i64) -> (SocketAddr, Arc<AtomicI64>) {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, left) = (door.local_addr().unwrap(), Arc::new(AtomicI64::new(bytes)));
    let budget = left.clone();
    std::thread::spawn(move || {
        for near in door.incoming().flatten() {
            let Ok(far) = TcpStream::connect(office) else { continue };
            let (mut up, mut down) = ((near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near));
            std::thread::spawn(move || std::io::copy(&mut up.0, &mut up.1));
            let budget = budget.clone();
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(count @ 1..) = down.0.read(&mut piece) {
                    if budget.fetch_sub(count as i64, Ordering::SeqCst) < count as i64 || down.1.write_all(&piece[..count]).is_err() {
                        break;
                    }
                }
                let _ = down.1.shutdown(std::net::Shutdown::Both);
                let _ = down.0.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    (address, left)
}

fn chunk(chain: &Chain, seq: u64) -> (i64, Vec<u8>) {
    chain.ask(move |office| {
        office.query_row("SELECT packing, bytes FROM chunks WHERE first_seq <= ?1 AND last_seq >= ?1", [seq], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    })
}

fn put_chunk(chain: &Chain, seq: u64, (packing, bytes): (i64, Vec<u8>)) {
    let put = chain.office().office.write(move |writer, _| {
        let sql = "UPDATE chunks SET packing = ?2, bytes = ?3 WHERE first_seq <= ?1 AND last_seq >= ?1";
        assert_eq!(writer.connection().execute(sql, params![seq, packing, bytes])?, 1);
        Ok(())
    });
    chain.runtime.block_on(put).unwrap();
}
