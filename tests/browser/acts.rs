//! Taps and keys on the till page, and what they ask of the loop: the same in any order a hurried cashier finds.

use std::time::{Duration, Instant};

use counterfoil::money::Qty;
use counterfoil::node::handle::AskError;
use counterfoil::retail::Command;
use counterfoil::retail::age::AgeProof;
use counterfoil::web::pairing::Scope;

use super::harness::{Browser, PATIENCE};
use crate::web::stage::{self, Stage, basket, euro, groceries, locale, screen, selling};

const F8: &str = "\u{e038}";
const DELETE: &str = "\u{e017}";
const UP: &str = "\u{e013}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

async fn open() -> (Stage, Browser) {
    let stage = Stage::open(screen(selling(basket(groceries()))), locale("en")).await;
    let browser = Browser::start(1366, 768).await;
    let invite = stage.pairing.invite(Scope::Any);
    browser.open(&format!("http://{}/pair/{invite}?to=/till/1", stage.address)).await;
    browser.until("the till's script", "document.getElementById('till').dataset.ready").await;
    (stage, browser)
}

/// Waits until the loop was asked `count` commands in all, and returns them.
async fn asked(stage: &Stage, count: usize) -> Vec<Command> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let commands: Vec<Command> = stage.asked.lock().unwrap().iter().map(|request| request.command.clone()).collect();
        if commands.len() >= count {
            return commands;
        }
        assert!(Instant::now() < deadline, "only {commands:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn add(code: &str, quantity: Option<i64>) -> Command {
    Command::AddLine { code: code.into(), quantity: quantity.map(Qty::pieces) }
}

/// Keys as a keyboard wedge sends them: all within a few milliseconds.
pub async fn wedge(browser: &Browser, code: &str) {
    // A person takes longer to pull the trigger than the keys of one scan are apart.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let script = format!(
        "for (const key of [...{code:?}, 'Enter']) (document.activeElement || document.body).dispatchEvent(\
         new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true }}))"
    );
    browser.run(&script).await;
}

#[tokio::test]
async fn keys_need_no_focus_and_a_scan_is_a_scan_wherever_it_comes() {
    let (stage, browser) = open().await;
    // Short enough to be typed and never taken for a scan, however the driver's keys are spaced.
    browser.keys(&format!("4711{ENTER}")).await;
    assert_eq!(asked(&stage, 1).await[0], add("4711", None));
    assert_eq!(browser.text("#entry").await, "Code or amount");

    // A quantity typed ahead: told to the loop for scans of devices, sent along for typed codes.
    browser.keys("3*").await;
    browser.until("the quantity", "document.querySelector('#entry .times')").await;
    browser.keys(&format!("4711{ENTER}")).await;
    assert_eq!(asked(&stage, 2).await[1], add("4711", Some(3)));
    let told = stage.told.lock().unwrap().clone();
    assert!(told.iter().any(|told| told.contains("Times(Qty(3000))")), "{told:?}");

    // A wedge scan in the middle of typing takes nothing of what was typed, nor leaves anything behind.
    browser.keys("20").await;
    browser.until("the digits", "document.querySelector('#entry').innerText === '20'").await;
    wedge(&browser, "96385074").await;
    assert_eq!(asked(&stage, 3).await[2], add("96385074", None));
    assert_eq!(browser.text("#entry").await, "20");
    assert_eq!(browser.text("#pay-typed .amount").await, "20.00");
    browser.keys(ESCAPE).await;
    assert_eq!(browser.text("#entry").await, "Code or amount");

    // Letters search; a scan that begins with letters, or comes while the search is open, is still a scan.
    wedge(&browser, "]C10104006381333931").await;
    assert_eq!(asked(&stage, 4).await[3], add("]C10104006381333931", None));
    browser.keys("mil").await;
    browser.until("the search", "document.querySelector('#search-text').value === 'mil'").await;
    wedge(&browser, "4006381333931").await;
    assert_eq!(asked(&stage, 5).await[4], add("4006381333931", None));
    assert_eq!(browser.run("return document.querySelector('#search-text').value").await, "mil");
    browser.keys(ESCAPE).await;
    browser.until("the list", "document.getElementById('panels').hidden").await;

    // Signs inside a scanned code delete nothing and pay nothing.
    wedge(&browser, "12-34/567+8*9").await;
    assert_eq!(asked(&stage, 6).await[5], add("12-34/567+8*9", None));

    // A tap leaves no focus behind: Enter afterwards does not press the button again.
    browser.tap("#act-undo").await;
    browser.keys(ENTER).await;
    browser.keys(F8).await;
    let commands = asked(&stage, 8).await;
    assert_eq!(&commands[6..], [Command::Undo {}, Command::Undo {}]);
    browser.end().await;
}

/// What once lost a digit: a quantity and the beginning of a code in one breath, the rest after a pause, and a page that was busy meanwhile.
#[tokio::test]
async fn a_code_typed_right_behind_a_quantity_keeps_its_first_digits() {
    let (stage, browser) = open().await;
    // The times are those of the keys, as a browser stamps them; the page is blocked from the first key to the last.
    let typed = async |keys: &[(&str, i64)]| {
        let keys = serde_json::to_string(keys).unwrap();
        browser
            .run(&format!(
                "const began = performance.now(); for (const [key, at] of {keys}) {{ \
                   const event = new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true }}); \
                   Object.defineProperty(event, 'timeStamp', {{ value: began + at }}); document.body.dispatchEvent(event) }}"
            ))
            .await;
    };
    let scan = |code: &'static str, from: i64| code.split("").filter(|key| !key.is_empty()).zip((from..).step_by(10)).collect::<Vec<_>>();
    let mut keys = vec![("3", 0), ("*", 30)];
    // A pause, then the trigger of a wedge.
    keys.extend(scan("4006381333931", 110));
    keys.push(("Enter", 245));
    typed(&keys).await;
    assert_eq!(asked(&stage, 1).await[0], add("4006381333931", Some(3)));
    // In one breath: the digits behind the sign are the code's.
    let mut keys = vec![("2", 1_000), ("*", 1_030)];
    keys.extend(scan("400", 1_050));
    keys.extend(scan("6381333931", 1_150));
    keys.push(("Enter", 1_255));
    typed(&keys).await;
    assert_eq!(asked(&stage, 2).await[1], add("4006381333931", Some(2)));
    browser.until("nothing is left", "document.getElementById('entry').innerText === 'Code or amount'").await;
    browser.end().await;
}

#[tokio::test]
async fn lines_are_changed_where_the_cashier_points() {
    let (stage, browser) = open().await;
    browser.tap("#act-delete").await;
    browser.tap("#l-7").await;
    browser.until("the chosen line", "document.getElementById('l-7').classList.contains('chosen')").await;
    browser.tap("#act-more").await;
    browser.tap("#act-less").await;
    browser.keys("24*").await;
    browser.keys(&format!("{UP}{DELETE}")).await;
    let set = |line, pieces| Command::SetQuantity { line, quantity: Qty::pieces(pieces) };
    let commands = asked(&stage, 5).await;
    assert_eq!(commands, [Command::VoidLine { line: 11 }, set(7, 13), set(7, 11), set(7, 24), Command::VoidLine { line: 6 }]);
    browser.end().await;
}

#[tokio::test]
async fn money_is_taken_once_however_often_the_button_is_hit() {
    let (stage, browser) = open().await;
    browser.run("for (let i = 0; i < 3; i++) document.getElementById('pay-exact').click()").await;
    assert_eq!(asked(&stage, 1).await, [Command::TenderCash { amount: euro(4775) }]);
    // Long enough for a second command to have arrived, had there been one.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(asked(&stage, 1).await.len(), 1);

    browser.keys("20+").await;
    assert_eq!(asked(&stage, 2).await[1], Command::TenderCash { amount: euro(2000) });
    tokio::time::sleep(Duration::from_millis(400)).await;
    browser.keys("5.5/").await;
    assert_eq!(asked(&stage, 3).await[2], Command::StartCard { amount: Some(euro(550)) });
    tokio::time::sleep(Duration::from_millis(400)).await;

    // The node is busy: the same command is sent again under the same id, without another tap.
    stage.planned.lock().unwrap().extend([Err(AskError::Busy), Err(AskError::Stopping)]);
    browser.keys("+").await;
    asked(&stage, 6).await;
    let ids: Vec<String> = stage.asked.lock().unwrap()[3..].iter().map(|request| request.id.to_string()).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
    browser.end().await;
}

#[tokio::test]
async fn the_panel_more_opens_with_one_key_and_a_tile_with_one_more() {
    let (stage, browser) = open().await;
    browser.keys("\u{e03b}").await;
    browser.until("the tiles", "document.querySelector('.panel[data-name=more]').offsetParent !== null").await;
    browser.keys("d").await;
    browser.until("the day", "document.querySelector('.panel[data-name=day]').offsetParent !== null").await;
    // A scan closes it and sells, whatever letters its code holds.
    browser.keys("\u{e03b}").await;
    browser.until("the tiles", "document.querySelector('.panel[data-name=more]').offsetParent !== null").await;
    wedge(&browser, "DDDD-1234").await;
    assert_eq!(asked(&stage, 1).await[0], add("DDDD-1234", None));
    browser.until("the list", "document.getElementById('panels').hidden").await;
    browser.end().await;
}

#[tokio::test]
async fn of_age_is_one_tap_and_a_birth_date_is_typed_and_two() {
    let (stage, browser) = open().await;
    let asks = stage::situations().into_iter().find(|(name, _)| *name == "age-check").unwrap().1;
    stage.show(asks);
    browser.until("the question", "document.getElementById('check-yes')").await;
    let answer = |of_age, proof| Command::CheckAge { code: "4006381333931".into(), quantity: None, of_age, proof };

    // A scan that comes now says nothing about anybody's age; the core drops it.
    wedge(&browser, "96385074").await;
    assert_eq!(asked(&stage, 1).await[0], add("96385074", None));
    browser.tap("#check-yes").await;
    assert_eq!(asked(&stage, 2).await[1], answer(true, AgeProof::Seen));
    tokio::time::sleep(Duration::from_millis(400)).await;
    browser.keys("-").await;
    assert_eq!(asked(&stage, 3).await[2], answer(false, AgeProof::Seen));
    tokio::time::sleep(Duration::from_millis(400)).await;
    // The store writes 2026-11-22; the code is no article of the stage, so that only the way of the date is seen here.
    browser.keys("20100101").await;
    browser.until("the digits", "document.querySelector('#entry').innerText === '20100101'").await;
    browser.tap("#check-birth").await;
    let by_date = asked(&stage, 4).await.swap_remove(3);
    assert!(matches!(by_date, Command::CheckAge { proof: AgeProof::BirthDate, .. }), "{by_date:?}");
    let journalled = serde_json::to_string(&by_date).unwrap();
    assert!(!journalled.contains("2010"), "a birth date goes no further than the page's own node: {journalled}");
    browser.end().await;
}
