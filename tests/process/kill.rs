//! The node killed again and again while two tills sell: nothing that was acknowledged is lost, nothing is at head office twice.
//!
//! The tills do what a till's browser does: a command that got no answer is sent again, with the same id, until it has one. How long the
//! node lives each time is by dice; `COUNTERFOIL_SEED=7 cargo test --release process::kill` throws others, `COUNTERFOIL_KILLS=1000` kills more often.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use counterfoil::retail::{Event, TransactionKind, TransactionRecord};
use serde_json::{Value, json};

use super::child::{run, wait_for};
use super::dice::{Dice, number_from};
use super::shop::{Devices, Priced, Shop};
use super::till::{Till, scan_at, tender_at, void_at};

/// What a till gave to a customer: it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    txn: String,
    number: String,
    kind: TransactionKind,
    total: i64,
    /// As scanned, in order.
    codes: Vec<String>,
}

/// Where the node is now, told to those who sell.
#[derive(Default)]
struct Whereabouts {
    /// The address and how many nodes there have been.
    now: Mutex<(Option<SocketAddr>, u32)>,
    changed: Condvar,
}

impl Whereabouts {
    fn tell(&self, address: Option<SocketAddr>) {
        let mut now = self.now.lock().expect("no panic under the lock");
        *now = (address, now.1 + 1);
        self.changed.notify_all();
    }

    fn wait(&self) -> SocketAddr {
        let now = self.now.lock().expect("no panic under the lock");
        self.changed.wait_while(now, |now| now.0.is_none()).expect("no panic under the lock").0.expect("waited for")
    }

    /// After a call that failed: the node is gone, or about to be.
    fn wait_for_news(&self) {
        let now = self.now.lock().expect("no panic under the lock");
        let before = now.1;
        let _ = self.changed.wait_timeout_while(now, Duration::from_millis(5), |now| now.1 == before);
    }
}

/// One workstation and whoever stands there.
struct Seller<'a> {
    workstation: &'a str,
    token: &'a str,
    whereabouts: &'a Whereabouts,
    till: Option<Till>,
    commands: u64,
    repeats: u64,
}

impl Seller<'_> {
    /// Sends a command until it is answered.
    fn act(&mut self, path: &str, mut body: Value) -> Value {
        self.commands += 1;
        body["id"] = json!(format!("{}-{}", self.workstation, self.commands));
        loop {
            let Some(till) = &mut self.till else {
                self.till = Till::connect(self.whereabouts.wait(), self.token).ok();
                if self.till.is_none() {
                    self.whereabouts.wait_for_news();
                }
                continue;
            };
            match till.post(path, &body) {
                Ok(reply) if reply.status == 200 => return reply.body,
                // Starting, stopping, or its look-up is being made again: what a till's page waits for as well.
                Ok(reply) if reply.status == 503 || reply.body["code"] == "catalogue_not_ready" => self.whereabouts.wait_for_news(),
                Ok(reply) => panic!("{path} {body}: {} {}", reply.status, reply.body),
                Err(_) => {
                    self.till = None;
                    self.repeats += 1;
                    self.whereabouts.wait_for_news();
                }
            }
        }
    }

    fn serve(&mut self, basket: &[&Priced], pays: bool) -> Given {
        let text = |answer: &Value, key: &str| answer[key].as_str().unwrap_or_else(|| panic!("no {key} in {answer}")).to_owned();
        for priced in basket {
            self.act(&scan_at(self.workstation), json!({ "code": priced.code }));
        }
        let total: i64 = basket.iter().map(|priced| priced.cents).sum();
        let codes = basket.iter().map(|priced| priced.code.clone()).collect();
        let (answer, kind) = if pays {
            let answer = self.act(&tender_at(self.workstation), json!({ "amount": total + 500 }));
            assert_eq!(answer["change"], 500, "the basket came to something else than what was scanned: {answer}");
            (answer, TransactionKind::Sale)
        } else {
            (self.act(&void_at(self.workstation), json!({})), TransactionKind::Void)
        };
        Given { txn: text(&answer, "txn"), number: text(&answer, "receipt"), kind, total, codes }
    }
}

fn sell(shop: &Shop, workstation: &str, mut dice: Dice, whereabouts: &Whereabouts, closing: &AtomicBool) -> (Vec<Given>, u64) {
    let goods = shop.goods();
    let mut seller = Seller { workstation, token: &shop.token, whereabouts, till: None, commands: 0, repeats: 0 };
    let mut given = Vec::new();
    while !closing.load(Ordering::Relaxed) {
        let basket: Vec<&Priced> = (0..dice.throw(1, 3)).map(|_| dice.pick(&goods)).collect();
        let pays = dice.throw(1, 12) > 1;
        given.push(seller.serve(&basket, pays));
    }
    (given, seller.repeats)
}

#[test]
fn a_hundred_kills_lose_nothing_and_double_nothing() {
    let kills = number_from("COUNTERFOIL_KILLS").unwrap_or(100);
    let mut dice = Dice::from_environment();
    let began = Instant::now();
    let shop = Shop::new(&Devices::default());
    // The goods arrive before anybody is killed for them.
    let node = shop.start();
    drop(shop.till(&node));
    shop.stop(node);

    let (whereabouts, closing) = (Whereabouts::default(), AtomicBool::new(false));
    let mut starts = Vec::new();
    let (given, repeats) = std::thread::scope(|scope| {
        let throws = [dice.fork(), dice.fork()];
        let sellers: Vec<_> = ["1", "2"]
            .into_iter()
            .zip(throws)
            .map(|(workstation, dice)| {
                let (shop, whereabouts, closing) = (&shop, &whereabouts, &closing);
                scope.spawn(move || sell(shop, workstation, dice, whereabouts, closing))
            })
            .collect();
        for kill in 1..=kills {
            let start = Instant::now();
            let mut node = shop.start();
            starts.push(start.elapsed());
            whereabouts.tell(Some(node.address));
            std::thread::sleep(Duration::from_millis(dice.throw(20, 400)));
            node.child.kill();
            whereabouts.tell(None);
            verify(&shop, &format!("after kill {kill}"));
            assert!(sellers.iter().all(|seller| !seller.is_finished()), "a till gave up after kill {kill}");
        }
        let node = shop.start();
        closing.store(true, Ordering::Relaxed);
        whereabouts.tell(Some(node.address));
        let sold: Vec<(Vec<Given>, u64)> = sellers.into_iter().map(|seller| seller.join().expect("a till's thread")).collect();
        let repeats: u64 = sold.iter().map(|(_, repeats)| repeats).sum();
        let given: Vec<Given> = sold.into_iter().flat_map(|(given, _)| given).collect();
        let count = given.len();
        wait_for("head office has all", || {
            let there = shop.ask_office(|office| office.query_row("SELECT count(*) FROM transactions", [], |row| row.get::<_, usize>(0)));
            (there >= count).then_some(())
        });
        shop.stop(node);
        (given, repeats)
    });
    verify(&shop, "at the end");

    let recorded = recorded(&shop);
    check_record(&given, &recorded);
    check_head_office(&shop, &recorded);
    starts.sort();
    println!(
        "{kills} kills, {} transactions, {repeats} calls without an answer; a start took {} ms (median), {} ms at most; {} s in all",
        given.len(),
        starts[starts.len() / 2].as_millis(),
        starts[starts.len() - 1].as_millis(),
        began.elapsed().as_secs()
    );
    assert!(repeats > 0, "no kill fell into a call: this shows nothing");
}

fn verify(shop: &Shop, when: &str) {
    let folder = shop.journal();
    let output = run(&["journal", "verify", folder.to_str().expect("a plain path")]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{when}: {text}{}", String::from_utf8_lossy(&output.stderr));
}

/// Finished transactions of the journal, in its order.
fn recorded(shop: &Shop) -> Vec<TransactionRecord> {
    let finished = shop.events().into_iter().filter_map(|(_, event)| match event {
        Event::TransactionCompleted { record } | Event::TransactionVoided { record } => Some(*record),
        _ => None,
    });
    finished.collect()
}

/// What was acknowledged is on record once, as it was acknowledged, and numbers have no gap.
fn check_record(given: &[Given], recorded: &[TransactionRecord]) {
    let mut by_txn: BTreeMap<String, &TransactionRecord> = BTreeMap::new();
    for record in recorded {
        assert!(by_txn.insert(record.txn.to_string(), record).is_none(), "{} is on record twice", record.number);
    }
    for given in given {
        let record = by_txn.get(&given.txn).unwrap_or_else(|| panic!("acknowledged and lost: {given:?}"));
        let found = Given {
            txn: record.txn.to_string(),
            number: record.number.to_string(),
            kind: record.kind,
            total: record.total.minor(),
            codes: record.lines.iter().map(|line| line.code.clone()).collect(),
        };
        assert_eq!(found, *given, "on record otherwise than acknowledged");
    }
    let acknowledged: BTreeSet<&String> = given.iter().map(|given| &given.txn).collect();
    assert_eq!(acknowledged.len(), given.len(), "a transaction was given to two customers");
    assert_eq!(recorded.len(), given.len(), "the tills asked until they were answered, so there is nothing else on record");
    for workstation in ["1", "2"] {
        let of = recorded.iter().filter(|record| record.workstation.as_str() == workstation);
        let counters: Vec<u64> = of.map(|record| record.number.counter).collect();
        let wanted: Vec<u64> = (1..=counters.len() as u64).collect();
        assert_eq!(counters, wanted, "numbers of workstation {workstation}");
    }
}

fn upper_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

type Row = (String, String, String, String, i64, i64, i64);

/// Head office has the same transactions, each once, to the cent, and nothing to complain of.
fn check_head_office(shop: &Shop, recorded: &[TransactionRecord]) {
    let mut wanted: Vec<Row> = recorded.iter().map(row_of).collect();
    let mut found: Vec<Row> = shop.ask_office(|office| {
        let mut question = office.prepare_cached(
            "SELECT txn, kind, number, workstation, total, change,
                    (SELECT coalesce(sum(extended), 0) FROM lines WHERE lines.txn = transactions.id)
             FROM transactions",
        )?;
        let rows = question.query_map([], |row| {
            Ok((upper_hex(&row.get::<_, Vec<u8>>(0)?), row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
        })?;
        rows.collect()
    });
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted, "head office and the journal disagree");
    let sales: i64 = recorded.iter().filter(|record| record.kind == TransactionKind::Sale).map(|record| record.total.minor()).sum();
    let (day, troubles) = shop.ask_office(|office| {
        let count = |table: &str| office.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
        let day = office.query_row("SELECT sum(total) FROM sales_days", [], |row| row.get::<_, i64>(0))?;
        Ok((day, [count("incidents")?, count("quarantine")?, count("exceptions")?, count("holes")?]))
    });
    assert_eq!(day, sales, "the days' sum");
    assert_eq!(troubles, [0; 4], "incidents, quarantine, exceptions, holes");
}

fn row_of(record: &TransactionRecord) -> Row {
    let kind = match record.kind {
        TransactionKind::Sale => "sale",
        TransactionKind::Void => "void",
        TransactionKind::Return => "return",
        TransactionKind::PostVoid => "post_void",
    };
    let lines = record.lines.iter().map(|line| line.extended.minor()).sum();
    let txn = record.txn.0.simple().to_string().to_uppercase();
    let number = record.number.to_string();
    (txn, kind.to_owned(), number, record.workstation.to_string(), record.total.minor(), record.change.minor(), lines)
}
