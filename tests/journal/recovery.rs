//! The table at the head of `src/journal/recovery.rs`, row by row.

use counterfoil::ids::{Incarnation, NodeId, StoreId};
use counterfoil::journal::model_disk::ModelDisk;
use counterfoil::journal::verify::verify_disk;
use counterfoil::journal::{BadRecord, Disk, Identity, Journal, Kind, OpenError, Opened, Record, Replayed, SegmentName};

use super::shop::{SMALL, at, carry, command, key, keys, open, options, records};

#[test]
fn row_1_an_empty_folder_is_a_first_start() {
    let disk = ModelDisk::new();
    let opened = open(&disk, 1).unwrap();
    assert_eq!((opened.report.parent, opened.report.carried_over, opened.report.cut.as_ref()), (None, 0, None));
    let link = records(opened.replay).remove(0).link().unwrap();
    assert_eq!((link.parent_inc, link.parent_seq), (None, 0));
    assert_eq!(link.public_key, key().public_hex());
}

#[test]
fn rows_2_and_3_flushed_records_stay_and_the_rest_is_copied() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    sell(&mut journal, 1..=4); // Records 2 to 5; record 5 says that 4 is flushed.
    append(&mut journal, 5..=6);
    let name = only_segment(&disk);
    let before = disk.bytes(&name).unwrap();
    drop(journal);

    let opened = open(&disk, 2).unwrap();
    assert_eq!((opened.report.carried_over, opened.report.is_clean()), (2, true));
    let lines = lines(&before);
    let [old, new] = segments(&disk).try_into().unwrap();
    assert_eq!(disk.bytes(&old.to_string()).unwrap(), lines[..5].concat(), "up to D nothing moved, and the copied part is gone");
    assert_eq!(new, SegmentName { first_seq: 6, incarnation: Incarnation(1) }, "named after its first record");
    assert!(disk.bytes(&new.to_string()).unwrap().starts_with(&lines[5..].concat()), "copied byte for byte");
    assert_eq!(keys(&records(opened.replay)).len(), 6);
    drop(opened.journal);

    // Nothing says yet that the copies are on disk, so they are copied again, into a file of the same name.
    let opened = open(&disk, 3).unwrap();
    assert_eq!(opened.report.carried_over, 3);
    assert_eq!(segments(&disk), [old, new]);
    assert_eq!(keys(&records(opened.replay)).len(), 6);
}

#[test]
fn row_4_a_bad_record_above_d_is_cut_with_what_follows() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    sell(&mut journal, 1..=3);
    append(&mut journal, 4..=6); // Records 5, 6 and 7: never flushed.
    drop(journal);
    damage(&disk, 6, Harm::FlipBit);

    let opened = open(&disk, 2).unwrap();
    let cut = opened.report.cut.clone().unwrap();
    assert_eq!((cut.bad.seq, cut.records, opened.report.is_clean()), (6, 1, true));
    assert_eq!(keys(&records(opened.replay)), ["command-1", "command-2", "command-3", "command-4"]);
    assert_eq!(opened.report.parent.unwrap().seq, 5);
    assert_eq!(opened.journal.head().seq, 6, "the number was never acknowledged, and the incarnation makes it another record");
    assert_eq!(verify_disk(&disk, &[key().public()]).unwrap().first_bad, None);
}

#[test]
fn row_5_damage_before_the_carry_forward_in_use_is_told_and_sales_go_on() {
    let disk = two_days();
    let before = disk.copy();
    // Record 20 stands in the same segment as the newest carry-forward, in front of it.
    damage(&disk, 20, Harm::FlipBit);
    let opened = open(&disk, 5).unwrap();
    assert_eq!(opened.report.carry_forward, Some(22));
    let [found] = opened.report.damage.as_slice() else { panic!("{}", opened.report) };
    assert_eq!((found.bad.lost, found.in_replay), (Some((20, 20)), false));
    assert!(opened.report.to_string().contains("DAMAGED: record 20 has checksum"), "{}", opened.report);
    let found = records(opened.replay);
    assert_eq!(keys(&found), keys(&records(open(&before, 5).unwrap().replay)), "nothing that counts today is missing");
    assert_eq!(found.last().unwrap().link().unwrap().holes, [], "and nothing is unproved");

    // Older segments are not read at a start. `verify`, which the node runs in the background, finds the damage.
    let disk = before;
    damage(&disk, 3, Harm::FlipBit);
    assert!(open(&disk, 5).unwrap().report.is_clean());
    assert_eq!(verify_disk(&disk, &[]).unwrap().first_bad.unwrap().seq, 3);
}

#[test]
fn row_6_damage_within_what_is_replayed_is_named_kept_and_passed() {
    let check = |harm: Harm, seq: u64, lost: (u64, u64)| {
        let disk = two_days();
        damage(&disk, seq, harm);
        let damaged: Vec<_> = segments(&disk).iter().map(|name| (name.to_string(), disk.bytes(&name.to_string()))).collect();
        let opened = open(&disk, 5).unwrap();
        let [found] = opened.report.damage.as_slice() else { panic!("{harm:?} at {seq}: {}", opened.report) };
        assert_eq!((found.bad.lost, found.in_replay), (Some(lost), true), "{harm:?} at {seq}");
        assert_eq!(opened.report.cut, None, "{harm:?} at {seq}: flushed once, never cut");
        let place = (found.bad.segment.to_string(), disk.bytes(&found.bad.segment.to_string()));
        assert!(damaged.contains(&place), "{harm:?} at {seq}: the damaged segment is kept as it is");

        let (replayed, holes) = replay(opened);
        assert_eq!(holes, [lost], "{harm:?} at {seq}");
        let (first, last) = (replayed.first().unwrap().seq, replayed.last().unwrap());
        let expected: Vec<u64> = (first..=last.seq).filter(|seq| !(lost.0..=lost.1).contains(seq)).collect();
        assert_eq!(replayed.iter().map(|record| record.seq).collect::<Vec<_>>(), expected, "{harm:?} at {seq}: all others");
        let named = last.link().unwrap().holes;
        assert_eq!(
            named.iter().map(|hole| (hole.first_seq, hole.last_seq)).collect::<Vec<_>>(),
            [lost],
            "{harm:?} at {seq}: the link says so"
        );

        let again = open(&disk, 6).unwrap();
        assert_eq!(again.report.damage.len(), 1, "{harm:?} at {seq}: and the next start finds it again");
        assert_eq!(verify_disk(&disk, &[]).unwrap().first_bad.unwrap().seq, lost.0, "{harm:?} at {seq}");
    };
    check(Harm::FlipBit, 24, (24, 24));
    check(Harm::ZeroTheLine, 24, (24, 24));
    check(Harm::LoseTheNewline, 24, (24, 25));
    check(Harm::SplitTheLine, 24, (24, 24));
    check(Harm::Garbage, 24, (24, 25));
    // The last record of a segment that has ended.
    check(Harm::FlipBit, last_of_first_segment_of_day_two(), (last_of_first_segment_of_day_two(), last_of_first_segment_of_day_two()));
    check(Harm::LoseTheSegment, 35, lost_segment_of_day_two());
    // The carry-forward itself: replay starts at the one before it.
    let disk = two_days();
    damage(&disk, 22, Harm::FlipBit);
    let opened = open(&disk, 5).unwrap();
    assert_eq!(opened.report.carry_forward, Some(2));
    let (replayed, holes) = replay(opened);
    assert_eq!((replayed[0].kind(), holes), (Kind::CarryForward, vec![(22, 22)]));
}

#[test]
fn row_7_a_record_that_does_not_continue_its_predecessor_is_told_and_replayed() {
    let disk = two_days();
    // Someone changed record 24 and computed its checksum anew.
    change_line(&disk, 24, |line| {
        let text = String::from_utf8(line).unwrap().replacen("\"of\":3", "\"of\":4", 1);
        let covered = &text[..text.len() - 19];
        format!("{covered},\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(covered.as_bytes())).into_bytes()
    });
    let opened = open(&disk, 5).unwrap();
    let [found] = opened.report.damage.as_slice() else { panic!("{}", opened.report) };
    assert_eq!((found.bad.seq, found.bad.lost, &found.bad.reason), (25, None, &BadRecord::ChainBroken));
    assert!(found.in_replay);
    let replayed: Vec<_> = opened.replay.map(|step| matches!(step.unwrap(), Replayed::Damage(_))).collect();
    assert_eq!(replayed.iter().filter(|is_damage| **is_damage).count(), 1);
    assert_eq!(verify_disk(&disk, &[]).unwrap().first_bad.unwrap().seq, 25);
}

#[test]
fn row_8_a_segment_under_construction_counts_for_nothing() {
    let disk = two_days();
    let undisturbed = keys(&records(open(&disk.copy(), 5).unwrap().replay));
    disk.plant("segment.tmp", b"{\"v\":1,\"half".to_vec());
    let opened = open(&disk, 5).unwrap();
    assert!(opened.report.is_clean());
    assert_eq!(keys(&records(opened.replay)), undisturbed);
    assert_eq!(disk.bytes("segment.tmp"), None);
}

#[test]
fn row_9_a_last_segment_without_an_intact_record_is_removed() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    sell(&mut journal, 1..=3);
    journal.end_segment().unwrap();
    let ahead = segments(&disk)[1].to_string();
    append(&mut journal, 4..=4);
    drop(journal);
    damage(&disk, 5, Harm::FlipBit);

    let opened = open(&disk, 2).unwrap();
    assert_eq!(opened.report.cut.as_ref().unwrap().bad.seq, 5);
    assert_eq!(disk.bytes(&ahead), None);
    assert_eq!(keys(&records(opened.replay)), ["command-1", "command-2", "command-3"]);
    assert_eq!(verify_disk(&disk, &[key().public()]).unwrap().first_bad, None);
}

#[test]
fn rows_10_and_11_what_the_next_segment_has_counts_there_and_is_cut_here() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    sell(&mut journal, 1..=4);
    drop(journal);
    let old = only_segment(&disk);
    let uncut = disk.bytes(&old).unwrap();
    let journal = open(&disk, 2).unwrap().journal;
    drop(journal);
    assert_eq!(lines(&disk.bytes(&old).unwrap()).len(), 4);

    // The start died before it cut the old segment, and the copied record in there has rotted since.
    let mut rotten = uncut;
    let start = lines(&rotten)[..4].concat().len();
    rotten[start + 40] ^= 1;
    disk.plant(&old, rotten);
    assert_eq!(verify_disk(&disk, &[key().public()]).unwrap().first_bad, None, "the copy counts");
    let opened = open(&disk, 3).unwrap();
    assert!(opened.report.is_clean(), "{}", opened.report);
    assert_eq!(keys(&records(opened.replay)).len(), 4);
    assert_eq!(lines(&disk.bytes(&old).unwrap()).len(), 4, "and this start ends what the other one left");
}

#[test]
fn row_12_two_segments_with_one_first_record_are_two_disks() {
    let disk = two_days();
    let clone = disk.copy();
    open(&disk, 5).unwrap();
    open(&clone, 6).unwrap();
    let mut journal = open(&disk, 7).unwrap().journal;
    sell(&mut journal, 100..=102);
    journal.end_segment().unwrap();
    sell(&mut journal, 103..=104);
    drop(journal);
    let mut journal = open(&clone, 8).unwrap().journal;
    sell(&mut journal, 200..=202);
    journal.end_segment().unwrap();
    sell(&mut journal, 203..=204);
    drop(journal);
    for name in segments(&clone) {
        disk.plant(&name.to_string(), clone.bytes(&name.to_string()).unwrap());
    }
    let Err(error) = open(&disk, 9) else { panic!("opened a mixture of two disks") };
    assert!(matches!(error, OpenError::Fork { .. }), "{error}");
    assert!(matches!(verify_disk(&disk, &[]).unwrap().first_bad.unwrap().reason, BadRecord::Fork { .. }));
}

#[test]
fn row_13_another_nodes_journal_is_refused() {
    let disk = two_days();
    let mut options = options(9, SMALL);
    options.identity = Identity { store: StoreId::new("berlin-1").unwrap(), node: NodeId::new("node-2").unwrap() };
    let Err(error) = Journal::open(disk.clone(), options) else { panic!("opened another node's journal") };
    assert_eq!(
        error.to_string(),
        "the journal in a model disk belongs to store berlin-1, node node-1, and this is store berlin-1, node node-2: \
         correct the configuration or the folder"
    );
}

#[test]
fn row_13_a_newer_format_is_refused_with_the_version_to_install() {
    let disk = two_days();
    change_line(&disk, 24, |line| {
        let text = String::from_utf8(line).unwrap().replacen("{\"v\":1,", "{\"v\":2,", 1);
        let covered = &text[..text.len() - 19];
        format!("{covered},\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(covered.as_bytes())).into_bytes()
    });
    // Not even when the line before it is bad as well.
    damage(&disk, 23, Harm::FlipBit);
    let Err(error) = open(&disk, 9) else { panic!("opened a newer format") };
    let OpenError::Newer { format, program, .. } = &error else { panic!("{error}") };
    assert_eq!((*format, program.as_deref()), (2, Some("0.1.0")));
    assert!(error.to_string().ends_with("holds a record of format 2, written by 0.1.0: install that version or a newer one"), "{error}");
}

#[test]
fn row_14_a_journal_without_one_readable_record_is_left_alone() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    sell(&mut journal, 1..=4);
    drop(journal);
    let name = only_segment(&disk);
    disk.plant(&name, vec![0; disk.bytes(&name).unwrap().len()]);
    let Err(error) = open(&disk, 2) else { panic!("began anew on top of a lost journal") };
    assert!(matches!(error, OpenError::NothingReadable { segments: 1, .. }), "{error}");
    assert!(disk.bytes(&name).is_some());
}

/// The end of a segment proves that all before it was flushed, before any record says so.
#[test]
fn a_record_before_the_last_segment_is_never_a_torn_tail() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    append(&mut journal, 1..=5);
    journal.end_segment().unwrap();
    drop(journal);
    damage(&disk, 4, Harm::FlipBit);
    let opened = open(&disk, 2).unwrap();
    assert_eq!((opened.report.cut.as_ref(), opened.report.damage.len()), (None, 1));
    let (replayed, holes) = replay(opened);
    assert_eq!(holes, [(4, 4)]);
    assert_eq!(keys(&replayed), ["command-1", "command-2", "command-4", "command-5"]);
}

/// Day one: carry-forward 2, commands up to 21. Day two: carry-forward 22, in the same segment as the last of day one, and more
/// segments after it. Everything but the last mark is below D.
pub fn two_days() -> ModelDisk {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    journal.append(&carry(1)).unwrap();
    sell(&mut journal, 1..=14);
    journal.end_segment().unwrap();
    sell(&mut journal, 15..=19);
    assert_eq!(journal.append(&carry(2)).unwrap().seq, 22);
    sell(&mut journal, 21..=40);
    journal.end_segment().unwrap();
    sell(&mut journal, 41..=45);
    journal.close(at(60)).unwrap();
    disk
}

pub fn last_of_first_segment_of_day_two() -> u64 {
    let segments = segments(&two_days());
    let day_two = segments.iter().position(|segment| segment.first_seq > 22).unwrap();
    segments[day_two].first_seq - 1
}

pub fn lost_segment_of_day_two() -> (u64, u64) {
    let segments = segments(&two_days());
    let lost = segments.iter().rposition(|segment| segment.first_seq <= 35).unwrap();
    (segments[lost].first_seq, segments[lost + 1].first_seq - 1)
}

/// One flush each.
pub fn sell(journal: &mut Journal<ModelDisk>, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        journal.append(&command(number)).unwrap();
        journal.flush().unwrap();
    }
}

/// No flush.
fn append(journal: &mut Journal<ModelDisk>, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        journal.append(&command(number)).unwrap();
    }
}

fn replay(opened: Opened<ModelDisk>) -> (Vec<Record>, Vec<(u64, u64)>) {
    let mut holes = Vec::new();
    let mut found = Vec::new();
    for step in opened.replay {
        match step.unwrap() {
            Replayed::Record(record) => found.push(*record),
            Replayed::Damage(bad) => holes.push(bad.lost.unwrap()),
        }
    }
    (found, holes)
}

#[derive(Debug, Clone, Copy)]
pub enum Harm {
    FlipBit,
    ZeroTheLine,
    LoseTheNewline,
    SplitTheLine,
    Garbage,
    LoseTheSegment,
}

pub fn damage(disk: &ModelDisk, seq: u64, harm: Harm) {
    match harm {
        Harm::FlipBit => change_line(disk, seq, |mut line| {
            let middle = line.len() / 2;
            line[middle] ^= 4;
            line
        }),
        Harm::ZeroTheLine => change_line(disk, seq, |line| vec![0; line.len()]),
        Harm::LoseTheNewline => change_line(disk, seq, |mut line| {
            *line.last_mut().unwrap() = b' ';
            line
        }),
        Harm::SplitTheLine => change_line(disk, seq, |mut line| {
            line[100] = b'\n';
            line
        }),
        Harm::Garbage => {
            change_line(disk, seq, |line| (0..line.len()).map(|at| (at * 167 + 3) as u8).filter(|byte| *byte != b'\n').collect())
        }
        Harm::LoseTheSegment => {
            let (name, _, _) = place(disk, seq);
            disk.remove(&name).unwrap();
        }
    }
}

fn change_line(disk: &ModelDisk, seq: u64, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let (name, bytes, line) = place(disk, seq);
    let all = lines(&bytes);
    let changed = [all[..line].concat(), change(all[line].clone()), bytes[all[..=line].concat().len()..].to_vec()].concat();
    disk.plant(&name, changed);
}

/// The file in which a record stands, its bytes, and the record's line.
fn place(disk: &ModelDisk, seq: u64) -> (String, Vec<u8>, usize) {
    let name = segments(disk).into_iter().rfind(|segment| segment.first_seq <= seq).unwrap();
    let bytes = disk.bytes(&name.to_string()).unwrap();
    (name.to_string(), bytes, (seq - name.first_seq) as usize)
}

pub fn segments(disk: &ModelDisk) -> Vec<SegmentName> {
    let mut names: Vec<_> = disk.list().unwrap().iter().filter_map(|name| SegmentName::parse(name)).collect();
    names.sort();
    names
}

fn only_segment(disk: &ModelDisk) -> String {
    let [name] = segments(disk).try_into().unwrap();
    name.to_string()
}

/// Without the zeros at the end.
pub fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let written = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    bytes[..written].split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}
