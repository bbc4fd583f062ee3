//! Holes, and what fills them: head office's copy of the very bytes, in a file of its own.

use counterfoil::journal::model_disk::{Cut, Mishap, ModelDisk};
use counterfoil::journal::repair::find_lost;
use counterfoil::journal::verify::verify_disk;
use counterfoil::journal::{BadRecord, BadRepair, Disk, Hash, Journal, LostRecords, Record, Repair};

use super::recovery::{Harm, damage, last_of_first_segment_of_day_two, lines, lost_segment_of_day_two, segments, sell, two_days};
use super::shop::{SMALL, at, identity, key, open, records};

#[test]
fn a_repaired_journal_is_the_journal_that_was_never_damaged() {
    let check = |harm: Harm, seq: u64, lost: (u64, u64)| {
        let (whole, disk) = (two_days(), two_days());
        damage(&disk, seq, harm);
        let mut journal = open(&disk, 5).unwrap().journal;
        let damaged: Vec<_> = segments(&disk).iter().map(|name| (*name, disk.bytes(&name.to_string()))).collect();
        let found = holes(&disk, &journal);
        assert_eq!(found.iter().map(|hole| (hole.first_seq, hole.last_seq)).collect::<Vec<_>>(), [lost], "{harm:?} at {seq}");
        let repair = prove(&found[0], &copy_of(&whole, lost.0, lost.1)).unwrap();
        journal.store_repair(&repair).unwrap();
        assert!(journal.is_repaired(seq, seq).unwrap());
        assert_eq!(holes(&disk, &journal), [], "{harm:?} at {seq}: nothing is left to ask for");
        for (name, bytes) in &damaged {
            assert_eq!(disk.bytes(&name.to_string()), *bytes, "{harm:?} at {seq}: no older file was written");
        }
        drop(journal);

        let opened = open(&disk, 6).unwrap();
        assert!(opened.report.is_clean(), "{harm:?} at {seq}: {}", opened.report);
        assert!(opened.report.repaired.len() <= 1, "an older segment is not read at a start");
        let undamaged = open(&whole, 5).unwrap();
        let until = undamaged.report.parent.unwrap().seq;
        let all: Vec<_> = records_upto(opened.journal.replay_from_start().unwrap(), until);
        assert_eq!(all, records_upto(undamaged.journal.replay_from_start().unwrap(), until), "{harm:?} at {seq}");
        assert_eq!(records(opened.replay).last().unwrap().link().unwrap().holes, []);
        drop(opened.journal);
        let report = verify_disk(&disk, &[key().public()]).unwrap();
        assert_eq!((report.first_bad, report.repaired.len()), (None, 1), "{harm:?} at {seq}");
    };
    for harm in [Harm::FlipBit, Harm::ZeroTheLine, Harm::SplitTheLine] {
        check(harm, 24, (24, 24));
    }
    check(Harm::LoseTheNewline, 24, (24, 25));
    check(Harm::FlipBit, 3, (3, 3));
    check(Harm::FlipBit, 22, (22, 22));
    check(Harm::FlipBit, last_of_first_segment_of_day_two(), (last_of_first_segment_of_day_two(), last_of_first_segment_of_day_two()));
    check(Harm::LoseTheSegment, 35, lost_segment_of_day_two());
}

/// The next start's link names the record in front of the hole as its parent, and goes on doing so.
#[test]
fn a_hole_at_the_end_is_filled_behind_a_link_that_reaches_over_it() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    sell(&mut journal, 1..=5);
    journal.end_segment().unwrap();
    drop(journal);
    let whole = disk.copy();
    damage(&disk, 5, Harm::FlipBit);
    damage(&disk, 6, Harm::FlipBit);
    let mut journal = open(&disk, 2).unwrap().journal;
    sell(&mut journal, 6..=7);
    let [hole] = holes(&disk, &journal).try_into().unwrap();
    assert_eq!((hole.first_seq, hole.last_seq, hole.after_prev), (5, 6, None));

    // Nothing behind the hole speaks for its end, so the caller holds head office's signature against it; piece by piece will do.
    journal.store_repair(&prove(&hole, &copy_of(&whole, 5, 5)).unwrap()).unwrap();
    let [rest] = holes(&disk, &journal).try_into().unwrap();
    assert_eq!((rest.first_seq, rest.last_seq), (6, 6));
    journal.store_repair(&prove(&rest, &copy_of(&whole, 6, 6)).unwrap()).unwrap();
    journal.close(at(90)).unwrap();
    for _ in 0..2 {
        let opened = open(&disk, 3).unwrap();
        assert!(opened.report.is_clean(), "{}", opened.report);
        assert!(records(opened.replay).windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq));
    }
    let report = verify_disk(&disk, &[key().public()]).unwrap();
    assert_eq!((report.first_bad, report.repaired.len()), (None, 1));
}

#[test]
fn bytes_that_are_not_what_was_lost_are_refused_and_named() {
    let (whole, disk) = (two_days(), two_days());
    damage(&disk, 24, Harm::FlipBit);
    damage(&disk, 25, Harm::FlipBit);
    let journal = open(&disk, 5).unwrap().journal;
    let [hole] = holes(&disk, &journal).try_into().unwrap();
    let good = copy_of(&whole, 24, 25);
    assert!(prove(&hole, &good).is_ok());

    let line = |seq: u64| copy_of(&whole, seq, seq);
    let changed = |seq: u64| {
        let text = String::from_utf8(line(seq)).unwrap().replacen("\"of\":3", "\"of\":4", 1);
        let covered = &text[..text.len() - 19];
        format!("{covered},\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(covered.as_bytes())).into_bytes()
    };
    let mut flipped = good.clone();
    flipped[90] ^= 1;
    assert!(matches!(prove(&hole, &flipped), Err(BadRepair::Record { seq: 24, reason: BadRecord::Checksum { .. } })));
    assert_eq!(prove(&hole, b""), Err(BadRepair::Empty));
    assert_eq!(prove(&hole, &line(25)), Err(BadRepair::WrongNumber { expected: 24, found: 25 }));
    assert_eq!(prove(&hole, &copy_of(&whole, 24, 26)), Err(BadRepair::WrongNumber { expected: 26, found: 26 }));
    assert_eq!(prove(&hole, &[changed(24), line(25)].concat()), Err(BadRepair::Broken { seq: 25 }));
    assert_eq!(prove(&hole, &[line(24), changed(25)].concat()), Err(BadRepair::NotContinued { seq: 26 }));
    let elsewhere =
        LostRecords { before: hole.before.map(|before| counterfoil::journal::Position { hash: Hash::NONE, ..before }), ..hole.clone() };
    assert_eq!(prove(&elsewhere, &good), Err(BadRepair::NotOurs { seq: 23 }));
    let witnessed = Some((24, Hash::NONE));
    assert_eq!(
        hole.prove(&good, &identity(), &[key().public()], witnessed).map(|_| ()),
        Err(BadRepair::NotAcknowledged { seq: 24 }),
        "the node's own record of an acknowledgement says otherwise"
    );
    // A carry-forward is signed, and by another key it is not ours.
    let disk = two_days();
    damage(&disk, 22, Harm::FlipBit);
    let journal = open(&disk, 5).unwrap().journal;
    let [hole] = holes(&disk, &journal).try_into().unwrap();
    let other = counterfoil::journal::NodeKey::from_seed([9; 32]).public();
    let refused = hole.prove(&copy_of(&whole, 22, 22), &identity(), &[other], None);
    assert!(matches!(refused, Err(BadRepair::Record { seq: 22, reason: BadRecord::BadSignature { .. } })));
}

#[test]
fn a_power_cut_leaves_the_repair_whole_or_the_hole_as_it_was() {
    let whole = two_days();
    for act in 1.. {
        let disk = two_days();
        damage(&disk, 24, Harm::FlipBit);
        let mut journal = open(&disk, 5).unwrap().journal;
        let [hole] = holes(&disk, &journal).try_into().unwrap();
        let repair = prove(&hole, &copy_of(&whole, 24, 24)).unwrap();
        disk.plan(Mishap::PowerCut { act: disk.acts() + act });
        let stored = journal.store_repair(&repair).is_ok();
        drop(journal);
        for seed in 0..8 {
            let left = disk.after_power_cut(Cut { seed, stale_bytes: seed % 2 == 0 });
            let report = open(&left, 6).unwrap().report;
            assert!(report.is_clean() || !stored, "act {act}, seed {seed}: {report}");
            assert_eq!(report.damage.len() + report.repaired.len(), 1, "act {act}, seed {seed}: {report}");
        }
        if stored {
            break;
        }
    }
}

/// What a repair held counts for nothing once it has rotted; the same bytes come again.
#[test]
fn a_repair_that_rots_is_a_hole_again() {
    let (whole, disk) = (two_days(), two_days());
    damage(&disk, 24, Harm::FlipBit);
    let mut journal = open(&disk, 5).unwrap().journal;
    let [hole] = holes(&disk, &journal).try_into().unwrap();
    let repair = prove(&hole, &copy_of(&whole, 24, 24)).unwrap();
    journal.store_repair(&repair).unwrap();
    let name = disk.list().unwrap().into_iter().find(|name| name.starts_with("repair-")).unwrap();
    assert_eq!(disk.bytes(&name).unwrap(), copy_of(&whole, 24, 24), "the record's bytes and nothing else");
    let mut rotten = disk.bytes(&name).unwrap();
    rotten[60] ^= 1;
    disk.plant(&name, rotten);
    assert_eq!(holes(&disk, &journal), [hole]);
    journal.store_repair(&repair).unwrap();
    assert_eq!(holes(&disk, &journal), []);
}

fn holes(disk: &ModelDisk, journal: &Journal<ModelDisk>) -> Vec<LostRecords> {
    find_lost(disk, journal.durable_upto(), SMALL.record_bytes_max).unwrap()
}

fn prove(hole: &LostRecords, bytes: &[u8]) -> Result<Repair, BadRepair> {
    hole.prove(bytes, &identity(), &[key().public()], None)
}

/// Head office's copy.
fn copy_of(whole: &ModelDisk, first: u64, last: u64) -> Vec<u8> {
    let all = segments(whole).into_iter().flat_map(|name| lines(&whole.bytes(&name.to_string()).unwrap()));
    all.filter(|line| (first..=last).contains(&Record::parse(line.clone()).unwrap().seq)).flatten().collect()
}

fn records_upto(replay: counterfoil::journal::Replay<ModelDisk>, upto: u64) -> Vec<Vec<u8>> {
    records(replay).into_iter().filter(|record| record.seq <= upto).map(|record| record.line).collect()
}
