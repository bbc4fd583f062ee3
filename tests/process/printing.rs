//! The node killed while it prints. The printer outlives it, as in a shop: what was sent comes out, what was not does not, and nobody
//! prints it a second time without COPY on it. A drawer pulse is never made up for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use counterfoil::device::lang::escpos::{PaperRow, PrinterProfile};
use counterfoil::device::sim::SimPrinter;
use counterfoil::ids::JobId;
use counterfoil::retail::{Event, PrintProgress};
use serde_json::{Value, json};

use super::child::{kill, wait_for};
use super::dice::{Dice, number_from};
use super::shop::{Devices, Node, STORE_NAME, Shop};
use super::till::{Till, scan_at, tender_at};

/// Slow enough that a paper takes longer than a node lives, often.
const LINE_MS: u64 = 4;

/// A paper, or what came out of it.
#[derive(Debug, Default)]
struct Paper {
    text: String,
}

impl Paper {
    fn is_copy(&self) -> bool {
        self.text.contains("COPY")
    }
}

/// The roll, taken apart where a letterhead begins: a paper that was broken off has no cut.
fn papers(printer: &SimPrinter) -> Vec<Paper> {
    let mut papers: Vec<Paper> = Vec::new();
    for row in printer.snapshot().paper.rows {
        let PaperRow::Text { spans, .. } = row else { continue };
        let line: String = spans.iter().map(|span| span.text.as_str()).collect();
        if line.trim() == STORE_NAME {
            papers.push(Paper::default());
        }
        if let Some(paper) = papers.last_mut() {
            paper.text.push_str(line.trim());
            paper.text.push('\n');
        }
    }
    papers
}

/// Pays while a killer waits behind the node. Gives the answer if there was one.
fn pay_and_kill(node: &mut Node, till: &mut Till, tender: &Value, after: Duration) -> Option<Value> {
    let id = node.child.id();
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(after);
            kill(id);
        });
        till.post(&tender_at("1"), tender).ok()
    });
    node.child.kill();
    answer.filter(|reply| reply.status == 200).map(|reply| reply.body)
}

/// Answers every question about a paper until none is left. Gives the jobs that were asked about.
fn settle(till: &mut Till, printer: &SimPrinter, round: u64, asked: &mut BTreeSet<String>) {
    wait_for("every paper to come to an end", || {
        let open = till.look("/api/v1/prints");
        let open = open.as_array().expect("a list");
        for paper in open.iter().filter(|paper| paper["state"] == "unknown" || paper["state"] == "failed") {
            let job = paper["job"].as_str().expect("an id");
            if paper["state"] == "unknown" {
                asked.insert(job.to_owned());
            }
            let answer = if round.is_multiple_of(2) { "complete" } else { "print_copy" };
            till.must(&format!("/api/v1/prints/{job}/settle"), &json!({ "id": format!("settle-{job}"), "answer": answer }));
        }
        (open.is_empty() && printer.snapshot().done).then_some(())
    });
}

#[test]
fn a_kill_while_printing_never_gives_a_second_paper_or_pulse() {
    let kills = number_from("COUNTERFOIL_PRINT_KILLS").unwrap_or(30);
    let mut dice = Dice::from_environment();
    let profile = PrinterProfile::built_in("epson-80mm").expect("built in");
    let printer = SimPrinter::tcp("127.0.0.1:0", profile, LINE_MS).expect("a port on loopback");
    let shop = Shop::new(&Devices { printer: Some(printer.port()), scanner: None });
    let goods = shop.goods();
    let mut asked = BTreeSet::new();
    let mut numbers = Vec::new();
    let mut node = shop.start();
    for round in 0..kills {
        let mut till = shop.till(&node);
        for line in 0..dice.throw(1, 4) {
            till.must(&scan_at("1"), &json!({ "id": format!("scan-{round}-{line}"), "code": dice.pick(&goods).code }));
        }
        // The printer is at hand, or the paper would only be held.
        wait_for("the printer", || printer.snapshot().connected.then_some(()));
        let (papers_before, pulses_before) = (papers(&printer).len(), printer.snapshot().pulses);

        let tender = json!({ "id": format!("pay-{round}"), "amount": 100_000 });
        let after = Duration::from_millis(dice.throw(0, 250));
        let answer = pay_and_kill(&mut node, &mut till, &tender, after);

        node = shop.start();
        let mut till = shop.till(&node);
        let again = till.must(&tender_at("1"), &tender);
        assert!(answer.is_none_or(|answer| answer == again), "the same id was answered otherwise");
        let number = again["receipt"].as_str().expect("a number").to_owned();
        settle(&mut till, &printer, round, &mut asked);

        let roll = papers(&printer);
        let new = &roll[papers_before..];
        let unmarked: Vec<&Paper> = new.iter().filter(|paper| !paper.is_copy()).collect();
        let story = format!("round {round}, {number}, killed after {after:?}");
        assert!(unmarked.len() <= 1, "{story}: two unmarked papers: {new:#?}");
        assert!(new.len() <= 2, "{story}: {} papers", new.len());
        let pulses = printer.snapshot().pulses - pulses_before;
        assert!(pulses <= 1, "{story}: {pulses} drawer pulses for one sale");
        numbers.push(number);
    }
    shop.stop(node);

    let roll = papers(&printer);
    for number in &numbers {
        let unmarked = roll.iter().filter(|paper| !paper.is_copy() && paper.text.contains(number.as_str())).count();
        assert!(unmarked <= 1, "{number} is on {unmarked} unmarked papers");
    }
    let (printed, unknown) = check_record(&shop, &roll, &asked);
    assert!(printer.snapshot().pulses as usize <= numbers.len(), "more pulses than sales");
    assert!(unknown > 0, "no kill fell into a paper: this shows nothing");
    println!("{kills} kills: {printed} papers proved, {unknown} asked about, {} drawer pulses", printer.snapshot().pulses);
}

/// On record each paper is either proved, and then it is on the roll once, or a person was asked.
fn check_record(shop: &Shop, roll: &[Paper], asked: &BTreeSet<String>) -> (usize, usize) {
    let mut jobs: BTreeMap<JobId, (u32, Option<PrintProgress>)> = BTreeMap::new();
    let mut number_of = BTreeMap::new();
    let mut subject = BTreeMap::new();
    let mut was_unknown = BTreeSet::new();
    for (_, event) in shop.events() {
        match event {
            Event::TransactionCompleted { record } => {
                number_of.insert(record.txn, record.number.to_string());
            }
            Event::PrintRequested { job, copy, what: counterfoil::retail::event::PrintSubject::Receipt(txn), .. } => {
                jobs.insert(job, (copy, None));
                subject.insert(job, txn);
            }
            Event::PrintProgressed { job, progress } => {
                if let PrintProgress::Unknown { .. } = progress {
                    was_unknown.insert(job.to_string());
                }
                if let Some((_, last)) = jobs.get_mut(&job) {
                    *last = Some(progress);
                }
            }
            _ => {}
        }
    }
    assert_eq!(&was_unknown, asked, "what is unknown on record and what the till was asked");
    let mut printed = 0;
    for (job, (copy, last)) in &jobs {
        let number = &number_of[&subject[job]];
        match last {
            Some(PrintProgress::Printed {}) => {
                let whole = roll.iter().filter(|paper| paper.is_copy() == (*copy > 0) && paper.text.contains(number.as_str())).count();
                assert_eq!(whole, 1, "{number}, copy {copy}: proved, and on the roll {whole} times");
                printed += 1;
            }
            Some(PrintProgress::Unknown { .. }) => {}
            other => panic!("{number}, copy {copy}: {other:?}"),
        }
    }
    (printed, was_unknown.len())
}
