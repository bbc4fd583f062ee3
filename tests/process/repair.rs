//! Records rot on the node's disk. The shop sells on and says what is unproved; when the line is back, head office's copy fills the hole.

use std::fs;
use std::path::{Path, PathBuf};

use counterfoil::head_office::db::{self, params};
use counterfoil::journal::model_disk::ModelDisk;
use counterfoil::journal::{Content, Disk, Folder, Journal, Limits, NodeKey, OpenOptions, Record};
use counterfoil::node::replay;
use counterfoil::retail::{Event, State};
use counterfoil::time::Stamp;
use serde_json::json;

use super::child::{run, wait_for};
use super::shop::{Devices, Shop};
use super::till::Till;

#[test]
fn lost_records_are_fetched_from_head_office_and_the_state_is_as_if_nothing_had_been() {
    let shop = Shop::new(&Devices::default());
    let node = shop.start();
    let mut till = shop.till(&node);
    for sale in 0..3 {
        sell(&shop, &mut till, sale);
    }
    // Another segment, and a new carry-forward to start from.
    till.must("/api/v1/day/close", &json!({"id": "close-1"}));
    shop.stop(node);
    let node = shop.start();
    let mut till = shop.till(&node);
    till.must("/api/v1/day/open", &json!({"id": "open-2"}));
    for sale in 3..6 {
        sell(&shop, &mut till, sale);
    }
    wait_for("head office has all", || (transactions(&shop) == 6).then_some(()));
    shop.stop(node);

    let sales: Vec<u64> =
        shop.events().into_iter().filter(|(_, event)| matches!(event, Event::TransactionCompleted { .. })).map(|(seq, _)| seq).collect();
    let (closed, replayed) = (sales[1], sales[4]);
    let whole: Vec<(PathBuf, Vec<u8>)> = [closed, replayed]
        .into_iter()
        .map(|seq| segment_with(&shop.journal(), seq))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    for seq in [closed, replayed] {
        rot(&shop.journal(), seq);
    }

    // The line is down: sell on, alarm, unproved.
    shop.line(false);
    let node = shop.start();
    let mut till = Till::connect(node.address, &shop.token).expect("a ready node answers");
    let alarms = wait_for("the alarm", || {
        let alarms = alarms_of(&mut till);
        // The one in the closed segment is found by the look in the background.
        (alarms.len() == 2).then_some(alarms)
    });
    let of = |seq: u64| alarms.iter().find(|text| text.contains(&format!("record {seq} "))).unwrap_or_else(|| panic!("{alarms:?}"));
    assert!(of(replayed).contains("unproved") && !of(closed).contains("unproved"), "{alarms:?}");
    sell(&shop, &mut till, 6);
    shop.stop(node);
    let verdict = verify(&shop);
    assert!(verdict.starts_with("BAD: ") && verdict.contains("2 bad stretches"), "{verdict}");

    // The line is up, and head office's copy is not what it was.
    let good = swap_copy(&shop, replayed, |line| {
        let text = String::from_utf8(line).unwrap().replacen("\"training\":false", "\"training\":true ", 1);
        let covered = &text[..text.len() - 19];
        format!("{covered},\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(covered.as_bytes())).into_bytes()
    });
    shop.line(true);
    let node = shop.start();
    let mut till = Till::connect(node.address, &shop.token).expect("a ready node answers");
    let refused = wait_for("one repair, and one refusal", || {
        let alarms = alarms_of(&mut till);
        (alarms.len() == 1 && alarms[0].contains("Head office's copy does not lead to record")).then_some(alarms)
    });
    assert!(refused[0].contains("unproved"), "{refused:?}");
    shop.stop(node);
    put_copy(&shop, replayed, good);

    // And now it is.
    let node = shop.start();
    let mut till = Till::connect(node.address, &shop.token).expect("a ready node answers");
    wait_for("the alarm's end", || alarms_of(&mut till).is_empty().then_some(()));
    sell(&shop, &mut till, 7);
    wait_for("head office has all", || (transactions(&shop) == 8).then_some(()));
    let incidents = shop.ask_office(|office| {
        let mut question = office.prepare_cached("SELECT text FROM incidents WHERE kind = 'damaged disk' ORDER BY id")?;
        question.query_map([], |row| row.get::<_, String>(0))?.collect::<db::Result<Vec<_>>>()
    });
    for seq in [closed, replayed] {
        let words = format!("Records {seq} to {seq} are repaired from head office's copy.");
        wait_for("head office's log", || incidents.iter().any(|text| text.contains(&words)).then_some(()));
    }
    till.must("/api/v1/day/close", &json!({"id": "close-2"}));
    shop.stop(node);

    let verdict = verify(&shop);
    assert!(verdict.contains("repaired from head office's copy: ") && verdict.contains("clean: "), "{verdict}");
    let z = shop.events().into_iter().rev().find_map(|(_, event)| match event {
        Event::DayClosed { report } => Some(report),
        _ => None,
    });
    assert_eq!(z.expect("the day was closed").totals.sales, 5, "the lost sale is in the day's sums");
    let repaired = state(&shop);
    assert!(repaired.unproved.is_empty());
    for (path, bytes) in whole {
        fs::write(path, bytes).unwrap();
    }
    for entry in fs::read_dir(shop.journal()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("repair-") {
            fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(state(&shop), repaired, "a disk that never lost anything adds up to the same");
}

fn sell(shop: &Shop, till: &mut Till, sale: usize) {
    let code = &shop.goods()[sale].code;
    till.must("/api/v1/workstations/1/lines", &json!({"id": format!("line-{sale}"), "code": code}));
    till.must("/api/v1/workstations/1/tenders", &json!({"id": format!("cash-{sale}"), "amount": 50_000}));
}

fn alarms_of(till: &mut Till) -> Vec<String> {
    let health = till.look("/api/v1/health");
    let mut alarms: Vec<String> =
        health["alarms"].as_array().expect("a list").iter().map(|text| text.as_str().unwrap().to_owned()).collect();
    alarms.sort();
    alarms
}

fn transactions(shop: &Shop) -> u64 {
    shop.ask_office(|office| office.query_row("SELECT count(*) FROM transactions", [], |row| row.get(0)))
}

fn verify(shop: &Shop) -> String {
    String::from_utf8(run(&["journal", "verify", shop.journal().to_str().unwrap()]).stdout).unwrap()
}

/// The state to which the journal adds up, from its newest carry-forward; without touching it.
fn state(shop: &Shop) -> State {
    let disk = ModelDisk::new();
    for entry in fs::read_dir(shop.journal()).unwrap() {
        let path = entry.unwrap().path();
        disk.plant(path.file_name().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
    }
    let carry = ModelDisk::new();
    for entry in fs::read_dir(shop.data().join("carry")).unwrap() {
        let path = entry.unwrap().path();
        carry.plant(path.file_name().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
    }
    let events =
        shop.journal().read_dir().unwrap().map(|entry| entry.unwrap().path()).find(|path| path.to_string_lossy().contains("segment-"));
    let line = fs::read(events.unwrap()).unwrap().split_inclusive(|byte| *byte == b'\n').next().unwrap().to_vec();
    let options = OpenOptions {
        identity: Record::parse(line).unwrap().identity,
        key: NodeKey::load_or_create(&shop.data().join("node.key")).unwrap(),
        incarnation: counterfoil::ids::Incarnation(77),
        now: Stamp::default(),
        program: "test".to_owned(),
        limits: Limits::default(),
    };
    let opened = Journal::open(disk, options).unwrap();
    replay::state(opened.replay, &opened.journal, &Content::on(carry)).unwrap().state
}

fn segment_with(folder: &Path, seq: u64) -> PathBuf {
    let mut names: Vec<String> = Folder::read_only(folder).unwrap().list().unwrap();
    names.retain(|name| name.starts_with("segment-"));
    names.sort();
    let name = names.into_iter().rfind(|name| name.split('-').nth(1).unwrap().parse::<u64>().unwrap() <= seq).unwrap();
    folder.join(name)
}

/// Flips a bit of a record.
fn rot(folder: &Path, seq: u64) {
    let path = segment_with(folder, seq);
    let mut bytes = fs::read(&path).unwrap();
    let field = format!("\"seq\":{seq},");
    let at = bytes.windows(field.len()).position(|window| window == field.as_bytes()).unwrap();
    bytes[at + 200] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Changes a line in head office's store; gives the chunk as it was.
fn swap_copy(shop: &Shop, seq: u64, change: impl Fn(Vec<u8>) -> Vec<u8> + Send + 'static) -> (i64, Vec<u8>) {
    let (packing, bytes): (i64, Vec<u8>) = shop.ask_office(move |office| {
        office.query_row("SELECT packing, bytes FROM chunks WHERE first_seq <= ?1 AND last_seq >= ?1", [seq], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    });
    let lines = if packing == 0 { bytes.clone() } else { zstd::stream::decode_all(bytes.as_slice()).unwrap() };
    let field = format!("\"seq\":{seq},");
    let changed: Vec<u8> = lines
        .split_inclusive(|byte| *byte == b'\n')
        .flat_map(|line| if line.windows(field.len()).any(|w| w == field.as_bytes()) { change(line.to_vec()) } else { line.to_vec() })
        .collect();
    assert_ne!(changed, lines);
    put_copy(shop, seq, (0, changed));
    (packing, bytes)
}

fn put_copy(shop: &Shop, seq: u64, (packing, bytes): (i64, Vec<u8>)) {
    shop.tamper_with_office(move |office| {
        let changed = office
            .execute("UPDATE chunks SET packing = ?2, bytes = ?3 WHERE first_seq <= ?1 AND last_seq >= ?1", params![seq, packing, bytes])?;
        assert_eq!(changed, 1);
        Ok(())
    });
}
