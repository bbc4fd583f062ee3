//! The loop on a disk that loses power, or whose flush fails, at every act: what was answered is in the record afterwards, and the state
//! replayed from it knows the answer. The planted fault `answer-before-flush` must fail here.

use std::collections::BTreeSet;
use std::sync::Arc;

use counterfoil::device::DeviceReport;
use counterfoil::document::Stationery;
use counterfoil::document::stored::Fallback;
use counterfoil::gs1::CodeRules;
use counterfoil::ids::{Incarnation, NodeId, StaffId, StoreId};
use counterfoil::journal::model_disk::{Cut, Mishap, ModelDisk};
use counterfoil::journal::{Content, Folder, Identity, Journal, Limits, NodeKey, OpenOptions, Reader};
use counterfoil::node::archive::Archive;
use counterfoil::node::books::Bookshelf;
use counterfoil::node::handle::{DurableHead, Input};
use counterfoil::node::notify::Notify;
use counterfoil::node::orders::{CollectKeys, HandOvers};
use counterfoil::node::originals::Originals;
use counterfoil::node::prints::{Prints, ReceiptCodes};
use counterfoil::node::proof::Approval;
use counterfoil::node::publish::Publisher;
use counterfoil::node::replay;
use counterfoil::node::run::Loop;
use counterfoil::node::scanner::Scanners;
use counterfoil::node::seal::Seal;
use counterfoil::node::writer::Writer;
use counterfoil::retail::rights::{Role, StaffFact, StaffLimits};
use counterfoil::retail::staff::{Proof, SignInWay};
use counterfoil::time::SystemClock;
use counterfoil::views::{Options, Views};
use tokio::sync::{mpsc, oneshot, watch};

use super::*;

const COMMANDS: usize = 6;

fn journal(disk: &ModelDisk, incarnation: u64) -> Option<counterfoil::journal::Opened<ModelDisk>> {
    let options = OpenOptions {
        identity: Identity { store: StoreId::new("berlin-1").unwrap(), node: NodeId::new("box-1").unwrap() },
        key: NodeKey::from_seed([7; 32]),
        incarnation: Incarnation(incarnation),
        now: Stamp { ms: 1, quality: ClockQuality::Synchronised },
        program: "test".to_owned(),
        limits: Limits { fill_bytes: 16 << 10, ..Limits::default() },
    };
    Journal::open(disk.clone(), options).ok()
}

/// A loop on that disk; what is no journal lies in a real folder.
fn shop(
    opened: counterfoil::journal::Opened<ModelDisk>,
    disk: &ModelDisk,
    outside: &Path,
    config: &NodeConfig,
) -> (Loop<ModelDisk>, Views) {
    let content = Content::on(disk.clone());
    let replayed = replay::state(opened.replay, &opened.journal, &content).unwrap();
    let rules = Arc::new(config.rules.clone());
    let journal_folder = outside.join("journal");
    Folder::create(&journal_folder).unwrap();
    let (views, _) = Views::open(Options {
        folder: outside.join("views"),
        feeds_folder: outside.join("feeds"),
        node: config.node.clone(),
        adopted: Default::default(),
        head_seq: 0,
        records: Arc::new(|_, _, _| Ok(())),
    });
    let mut publisher = Publisher::new(config.store.clone(), String::new(), rules.clone(), BTreeSet::new(), 0, Vec::new(), Vec::new());
    let writer = Writer::new(opened.journal, content, replayed.state, rules, Arc::new(SystemClock::new()), config.time_zone.clone());
    let screen = publisher.screen(writer.state(), writer.now(), writer.uptime());
    let work = Loop {
        durable: watch::Sender::new(DurableHead::at(writer.durable())),
        writer,
        archive: Archive::new(views.clone(), Arc::new(Reader::open(&journal_folder).unwrap())),
        views: views.clone(),
        books: Bookshelf::open(&outside.join("feeds"), Seal::of(&NodeKey::from_seed([3; 32])), &config.store, &Default::default()),
        codes: CodeRules::for_country("DE", config.rules.currency.clone()),
        time_zone: config.time_zone.clone(),
        prints: Prints {
            papers: Fallback {
                stationery: Stationery {
                    letterhead: config.letterhead.clone(),
                    currency: config.rules.currency.clone(),
                    locale: config.locale,
                },
                time_zone: config.time_zone.clone(),
            },
            codes: ReceiptCodes { chain: config.chain.clone(), store: config.store.clone(), key: NodeKey::from_seed([7; 32]) },
            staff: Default::default(),
            customers: None,
        },
        publisher,
        screen: watch::Sender::new(screen),
        printers: Default::default(),
        terminals: Default::default(),
        scales: Default::default(),
        elsewhere: std::sync::Arc::new(counterfoil::node::elsewhere::Elsewhere::new(mpsc::channel(1).0)),
        undelivered: Vec::new(),
        displays: Vec::new(),
        notify: Notify::from_environment(),
        unindexed: Vec::new(),
        vault: None,
        originals: Originals::new(config.chain.clone(), config.store.clone(), NodeKey::from_seed([7; 32]).public()),
        questions: mpsc::channel(1).0,
        idle: Default::default(),
        collect: CollectKeys::new(&NodeKey::from_seed([7; 32]), None, outside.join("head-office.pub")),
        hand_overs: HandOvers::default(),
        scanners: Scanners::new(0),
        configuration: counterfoil::node::configuration::Configuration::open(config),
    };
    (work, views)
}

/// Opens and closes days until the disk gives up; returns the ids that were answered.
fn trade(disk: &ModelDisk, outside: &Path) -> BTreeSet<String> {
    let Some(opened) = journal(disk, 1) else { return BTreeSet::new() };
    let (work, views) = shop(opened, disk, outside, &config(outside));
    let (inbox, inputs) = mpsc::channel::<Input>(16);
    let script = async move {
        let mut answered = BTreeSet::new();
        for n in 0..COMMANDS {
            let command = match n % 2 {
                0 => Command::OpenDay { date: jiff::civil::date(2026, 11, 1 + n as i8) },
                _ => Command::CloseDay {},
            };
            let id = format!("command-{n}");
            let (reply, answer) = oneshot::channel();
            let request = CommandRequest { id: CommandId::new(&id).unwrap(), workstation: till("1"), staff: None, approval: None, command };
            if inbox.send(Input::Ask(request, reply)).await.is_err() {
                break;
            }
            match answer.await {
                Ok(Ok(answer)) => assert!(answer.seq > 0 && answered.insert(id)),
                Ok(Err(AskError::DiskFull(_))) | Err(_) => break,
                Ok(Err(other)) => panic!("{other}"),
            }
        }
        let _ = inbox.send(Input::Stop).await;
        answered
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (_, answered) = runtime.block_on(async { tokio::join!(work.run(inputs), script) });
    views.close();
    answered
}

/// What a start finds on the disk: every answered command must be known, with its answer.
fn examine(disk: &ModelDisk, answered: &BTreeSet<String>, place: &str) {
    if answered.is_empty() {
        return;
    }
    let opened = journal(disk, 2).unwrap_or_else(|| panic!("{place}: does not start again"));
    let state = replay::state(opened.replay, &opened.journal, &Content::on(disk.clone())).unwrap_or_else(|e| panic!("{place}: {e}")).state;
    assert!(state.impossible.is_empty(), "{place}: {:?}", state.impossible);
    for id in answered {
        assert!(state.answers.get(&CommandId::new(id).unwrap()).is_some(), "{place}: {id} was answered and is gone");
    }
}

#[test]
fn what_was_answered_is_on_disk_whenever_the_power_goes() {
    let outside = tempfile::tempdir().unwrap();
    let undisturbed = ModelDisk::new();
    let all = trade(&undisturbed, outside.path());
    assert_eq!(all.len(), COMMANDS);
    examine(&undisturbed.after_power_cut(Cut { seed: 0, stale_bytes: false }), &all, "undisturbed");
    for act in 1..=undisturbed.acts() {
        for mishap in [Mishap::PowerCut { act }, Mishap::Failure { act }] {
            let disk = ModelDisk::new();
            disk.plan(mishap);
            let answered = trade(&disk, outside.path());
            for seed in 0..4 {
                let cut = Cut { seed, stale_bytes: seed % 2 == 1 };
                examine(&disk.after_power_cut(cut), &answered, &format!("{mishap:?}, {cut:?}"));
            }
            examine(&disk.after_process_death(), &answered, &format!("{mishap:?}, process death"));
        }
    }
}

/// The loop's own clock cannot be moved on, so the moment at which the till shall lock is set before the loop runs.
#[test]
fn a_till_where_nobody_does_anything_locks_itself() {
    let outside = tempfile::tempdir().unwrap();
    let (disk, mut config) = (ModelDisk::new(), config(outside.path()));
    config.rules.staff_required = true;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let person = StaffFact {
        id: StaffId::new("ben").unwrap(),
        role: Role::Cashier,
        rights: Role::Cashier.rights(),
        limits: StaffLimits { discount_percent_max: 0 },
    };
    let mut run = |incarnation: u64, idle_lock_min: u32, is_due: bool, signs_in: bool| {
        config.rules.idle_lock_min = idle_lock_min;
        let (mut work, views) = shop(journal(&disk, incarnation).unwrap(), &disk, outside.path(), &config);
        let (inbox, inputs) = mpsc::channel::<Input>(16);
        let mut screens = work.screen.subscribe();
        let proof = Proof::Person { fact: person.clone(), way: SignInWay::Pin };
        let locked = runtime.block_on(async {
            if is_due {
                work.idle.insert(till("1").unwrap(), tokio::time::Instant::now());
            }
            let script = async move {
                if signs_in {
                    let (reply, answer) = oneshot::channel();
                    let approval = Some(Approval::Checked(proof));
                    let id = CommandId::new(&format!("sign-in-{incarnation}")).unwrap();
                    let request = CommandRequest { id, workstation: till("1"), staff: None, approval, command: Command::SignIn {} };
                    inbox.send(Input::Ask(request, reply)).await.unwrap();
                    answer.await.unwrap().unwrap();
                } else {
                    // Anything wakes the loop; a due lock comes with it.
                    inbox.send(Input::Restarted).await.unwrap();
                }
                inbox.send(Input::Stop).await.unwrap();
            };
            let (ended, ()) = tokio::join!(work.run(inputs), script);
            ended.unwrap();
            let screen = screens.borrow_and_update().clone();
            screen.workstations[&till("1").unwrap()].signed_in.as_ref().unwrap().locked
        });
        views.close();
        locked
    };
    assert!(!run(1, 10, false, true), "just signed in");
    assert!(!run(2, 10, false, false), "ten minutes are not over");
    assert!(!run(3, 0, true, false), "a store that locks nothing");
    assert!(run(4, 10, true, false), "ten minutes are over");
    assert!(run(5, 10, false, false), "and it stays locked over a restart");
    assert!(!run(6, 10, false, true), "whoever signs in opens it");
}

#[test]
fn a_device_report_for_nothing_changes_nothing() {
    // A report is a fact from outside: one for a job that nobody knows must not stop the loop.
    let data = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let running = open(data.path()).await;
        let before = running.node.durable().borrow().seq;
        let job = counterfoil::ids::JobId(uuid::Uuid::nil());
        let printer = counterfoil::ids::DeviceName::new("nobody").unwrap();
        let progress = counterfoil::retail::PrintProgress::Printed {};
        running.node.tell(Input::Device(DeviceReport::Job { printer, job, progress })).await.unwrap();
        ask(&running.node, "a", "1", scan(MILK)).await.unwrap();
        assert!(running.node.durable().borrow().seq <= before + 1);
        running.stop().await.unwrap();
    });
}
