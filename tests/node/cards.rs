//! A card terminal through the real driver, over TCP: whatever the line and the process do, nobody is charged twice and no charge is lost. The
//! simulated terminal's own book is the truth that the till's record is held against.

use counterfoil::device::sim::{Answer as CustomerAnswer, Cut, SimTerminal};
use counterfoil::device::{DeviceKind, DeviceState};
use counterfoil::node::handle::Input;
use counterfoil::retail::card::CardState;

use super::*;

const STEP: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(40);
const MILK_CENTS: i64 = 129;

fn config_with(data: &Path, terminal: &SimTerminal) -> NodeConfig {
    let text = include_str!("../../docs/node.toml");
    let shop = text.split("[[workstation]]").next().unwrap();
    let shop = shop.split("[head_office]").next().unwrap().to_owned() + "[tax]" + shop.split("[tax]").nth(1).unwrap();
    let shop = shop.replace("/var/lib/counterfoil", &data.display().to_string()).replace("127.0.0.1:8080", "127.0.0.1:0");
    let shop = shop.replace("required = true", "required = false");
    let address = terminal.port().address();
    let till = format!(
        "[[workstation]]\nid = \"1\"\nterminal = \"terminal-1\"\n[[device]]\nname = \"terminal-1\"\nkind = \"zvt\"\nprofile = \"zvt\"\ntcp = \"{address}\"\n"
    );
    parse(&format!("{shop}{till}"), Path::new("test")).unwrap()
}

async fn open_with(data: &Path, terminal: &SimTerminal) -> Running {
    let running = start(&config_with(data, terminal)).await.unwrap();
    if running.node.screen().feeds.is_empty() {
        catalogue(&running.node, 1).await;
    }
    running
}

async fn until(what: &str, node: &Node, mut holds: impl FnMut(&counterfoil::node::Screen) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    let mut changes = node.changes();
    loop {
        if holds(&changes.borrow_and_update()) {
            return;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "{what} did not happen: {:?} {:?}", node.screen().workstations, node.screen().devices);
        // The simulator's own changes wake nobody here.
        let _ = tokio::time::timeout(Duration::from_millis(20).min(left), changes.changed()).await;
    }
}

async fn until_ready(node: &Node) {
    until("a ready terminal", node, |screen| {
        screen.devices.iter().any(|device| device.kind == DeviceKind::Zvt && device.state == DeviceState::Ready)
    })
    .await;
}

fn card(screen: &counterfoil::node::Screen) -> Option<counterfoil::retail::basket::CardAttempt> {
    screen.workstations[&till("1").unwrap()].basket.as_ref()?.card.clone()
}

fn is_sold(screen: &counterfoil::node::Screen) -> bool {
    screen.workstations[&till("1").unwrap()].basket.is_none()
}

struct Ids(u32);

impl Ids {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("card-{}", self.0)
    }
}

/// Starts a card payment. Right after a cut the terminal's book may have moved without the till having heard of it; then it says "try again".
async fn start_card(node: &Node, ids: &mut Ids) {
    until_ready(node).await;
    ask(node, &ids.next(), "1", Command::StartCard { amount: None }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_cuts_with_and_without_a_restart_charge_nobody_twice_and_lose_no_charge() {
    let data = tempfile::tempdir().unwrap();
    let terminal = SimTerminal::tcp("127.0.0.1:0", STEP).unwrap();
    let mut running = open_with(data.path(), &terminal).await;
    let mut ids = Ids(0);
    let (mut charged, mut declined) = (0, 0);
    for restart in [false, true] {
        for answer in [CustomerAnswer::Approve, CustomerAnswer::Decline] {
            for cut in Cut::ALL {
                let place = format!("{cut:?}, {answer:?}, restart {restart}");
                let mut node = running.node.clone();
                until_ready(&node).await;
                ask(&node, &ids.next(), "1", scan(MILK)).await.unwrap_or_else(|error| panic!("{place}: {error}"));
                terminal.answer(answer);
                let before = terminal.snapshot();
                terminal.cut(Some(cut));
                if cut == Cut::Registration {
                    terminal.hang_up();
                }
                ask(&node, &ids.next(), "1", Command::StartCard { amount: None }).await.unwrap_or_else(|error| panic!("{place}: {error}"));
                if restart {
                    until(&format!("{place}: the cut"), &node, |screen| terminal.snapshot().cut.is_none() || card(screen).is_none()).await;
                    running.stop().await.unwrap();
                    running = open_with(data.path(), &terminal).await;
                    node = running.node.clone();
                }
                until(&format!("{place}: an end"), &node, |screen| card(screen).is_none()).await;
                terminal.cut(None);
                let after = terminal.snapshot();
                let sold = is_sold(&node.screen());
                assert_eq!(after.kept() - before.kept(), if sold { MILK_CENTS } else { 0 }, "{place}: the terminal's book and ours differ");
                assert!(after.book.len() <= before.book.len() + 1 && after.requests <= before.requests + 1, "{place}: asked twice");
                assert!(!sold || answer == CustomerAnswer::Approve, "{place}: sold without money");
                if sold {
                    charged += 1;
                    let last = node.screen().workstations[&till("1").unwrap()].last.clone().unwrap();
                    let proof = last.tenders[0].card.as_deref().unwrap();
                    assert_eq!((proof.receipt, proof.card.as_str()), (after.book.last().unwrap().receipt, "************1881"), "{place}");
                } else {
                    declined += 1;
                    ask(&node, &ids.next(), "1", cash(MILK_CENTS)).await.unwrap_or_else(|error| panic!("{place}: {error}"));
                }
            }
        }
    }
    // Three of the twelve points lie before the terminal has read the request.
    assert_eq!((charged, declined), (18, 30));
    assert_eq!(terminal.snapshot().kept(), charged * MILK_CENTS);
    running.stop().await.unwrap();
    let journal =
        std::fs::read_dir(data.path().join("journal")).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap_or_default());
    for segment in journal {
        let text = String::from_utf8_lossy(&segment);
        assert!(!text.contains("4012888888881881") && !text.contains("40128888"), "a card number stands in the record");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_at_any_moment_of_a_payment_finds_out_how_it_ended() {
    let data = tempfile::tempdir().unwrap();
    let terminal = SimTerminal::tcp("127.0.0.1:0", Duration::from_millis(60)).unwrap();
    let mut running = open_with(data.path(), &terminal).await;
    let mut ids = Ids(0);
    for moment_ms in (0..200).step_by(25) {
        let node = running.node.clone();
        until_ready(&node).await;
        ask(&node, &ids.next(), "1", scan(MILK)).await.unwrap();
        let before = terminal.snapshot();
        ask(&node, &ids.next(), "1", Command::StartCard { amount: None }).await.unwrap();
        tokio::time::sleep(Duration::from_millis(moment_ms)).await;
        running.stop().await.unwrap();
        running = open_with(data.path(), &terminal).await;
        let node = running.node.clone();
        until(&format!("an end after {moment_ms} ms"), &node, |screen| card(screen).is_none()).await;
        let sold = is_sold(&node.screen());
        assert_eq!(terminal.snapshot().kept() - before.kept(), if sold { MILK_CENTS } else { 0 }, "after {moment_ms} ms");
        if !sold {
            ask(&node, &ids.next(), "1", cash(MILK_CENTS)).await.unwrap();
        }
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_a_reversed_and_a_decided_payment() {
    let data = tempfile::tempdir().unwrap();
    let terminal = SimTerminal::tcp("127.0.0.1:0", STEP).unwrap();
    let running = open_with(data.path(), &terminal).await;
    let node = running.node.clone();
    let mut ids = Ids(0);

    // Nobody shows a card; the cashier gives up.
    terminal.answer(CustomerAnswer::Wait);
    ask(&node, &ids.next(), "1", scan(MILK)).await.unwrap();
    start_card(&node, &mut ids).await;
    until("words of the terminal", &node, |screen| screen.workstations[&till("1").unwrap()].card_words.is_some()).await;
    let attempt = card(&node.screen()).unwrap().attempt;
    node.tell(Input::CancelCard { workstation: till("1").unwrap(), attempt }).await.unwrap();
    until("the end", &node, |screen| card(screen).is_none()).await;
    assert!(node.screen().workstations[&till("1").unwrap()].card_declined.is_some());
    assert_eq!(terminal.snapshot().kept(), 0);

    // Half by card, then taken back by the terminal.
    terminal.answer(CustomerAnswer::Approve);
    until_ready(&node).await;
    ask(&node, &ids.next(), "1", Command::StartCard { amount: Some(Money::from_minor(50)) }).await.unwrap();
    until("half of it", &node, |screen| card(screen).is_none()).await;
    assert_eq!(terminal.snapshot().kept(), 50);
    ask(&node, &ids.next(), "1", Command::RemoveTender { index: 0 }).await.unwrap();
    until("the reversal", &node, |screen| card(screen).is_none()).await;
    assert_eq!(terminal.snapshot().kept(), 0);
    assert!(node.screen().workstations[&till("1").unwrap()].basket.as_ref().unwrap().tenders.is_empty());

    // The terminal is gone in the middle of a payment and stays away: a person decides.
    terminal.answer(CustomerAnswer::Wait);
    start_card(&node, &mut ids).await;
    until("words of the terminal", &node, |screen| screen.workstations[&till("1").unwrap()].card_words.is_some()).await;
    terminal.set_offline(true);
    until("a question for a person", &node, |screen| {
        card(screen).and_then(|card| card.terminal).is_some_and(|at| matches!(at.state, CardState::Unknown { decidable: true, .. }))
    })
    .await;
    let attempt = card(&node.screen()).unwrap().attempt;
    ask(&node, &ids.next(), "1", Command::ResolveCard { attempt, charged: false }).await.unwrap();
    ask(&node, &ids.next(), "1", cash(MILK_CENTS)).await.unwrap();
    terminal.set_offline(false);
    until_ready(&node).await;
    assert_eq!(terminal.snapshot().kept(), 0);

    // The terminal's own day.
    let name = counterfoil::ids::DeviceName::new("terminal-1").unwrap();
    let day = CommandId::new(&ids.next()).unwrap();
    let command = Command::EndTerminalDay { terminal: name.clone() };
    node.ask(CommandRequest { id: day, workstation: None, staff: None, approval: None, command }).await.unwrap();
    until("the end of the terminal's day", &node, |screen| {
        screen.terminals[&name].day.as_ref().and_then(|day| day.ended.as_ref()).is_some_and(|end| end.done)
    })
    .await;
    assert_eq!(terminal.snapshot().days, 1);
    running.stop().await.unwrap();
}
