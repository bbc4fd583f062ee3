//! Who wrote it, in which order, and whether anybody changed it since: links, marks, signatures, forks, forgeries.

use counterfoil::journal::model_disk::ModelDisk;
use counterfoil::journal::verify::verify_disk;
use counterfoil::journal::{AppendError, BadRecord, Disk, Draft, Hash, Journal, Kind, NodeKey, PublicKey, Record};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::shop::{SMALL, at, carry, command, event, key, open, options, records};

#[test]
fn an_incarnation_begins_with_a_link_to_its_parents_head() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 0xaa).unwrap().journal;
    journal.append(&command(1)).unwrap();
    journal.flush().unwrap();
    let parent = journal.head();
    drop(journal);
    let opened = open(&disk, 0xbb).unwrap();
    let link = records(opened.replay).pop().unwrap();
    assert_eq!(
        (link.kind(), link.incarnation, link.seq, link.prev),
        (Kind::Link, opened.journal.incarnation(), parent.seq + 1, parent.hash)
    );
    let said = link.link().unwrap();
    assert_eq!((said.parent_inc, said.parent_seq, said.parent_hash), (Some(parent.incarnation), parent.seq, parent.hash));
    assert!(link.is_signed_by(&key().public()));
    assert_eq!(opened.journal.program_of(parent.incarnation).as_deref(), Some("0.1.0"));
}

#[test]
fn a_cloned_disk_makes_two_children_of_one_parent() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    journal.append(&command(1)).unwrap();
    journal.close(at(1)).unwrap();
    let clone = disk.copy();
    let child = |disk: &ModelDisk, incarnation| records(open(disk, incarnation).unwrap().replay).pop().unwrap();
    let (one, two) = (child(&disk, 2), child(&clone, 3));
    assert_eq!(one.link().unwrap().parent_hash, two.link().unwrap().parent_hash, "one parent: whoever sees both sees the fork");
    assert_eq!(one.seq, two.seq);
    assert_ne!((one.incarnation, one.hash), (two.incarnation, two.hash));
}

#[test]
fn links_marks_and_carry_forwards_are_signed_and_others_when_asked() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    journal.append(&carry(1)).unwrap();
    journal.append(&command(1)).unwrap();
    journal.append(&Draft { signed: true, ..command(2) }).unwrap();
    journal.close(at(5)).unwrap();
    let found = records(open(&disk, 2).unwrap().journal.replay_from_start().unwrap());
    let signed: Vec<_> = found.iter().map(|record| (record.kind(), record.is_signed_by(&key().public()))).collect();
    let expected = [
        (Kind::Link, true),
        (Kind::CarryForward, true),
        (Kind::Command, false),
        (Kind::Command, true),
        (Kind::Mark, true),
        (Kind::Link, true),
    ];
    assert_eq!(signed, expected);
    let report = verify_disk(&disk, &[key().public()]).unwrap();
    assert_eq!((report.signatures, report.signed_upto, report.first_bad), (5, 6, None));
}

#[test]
fn a_chain_rewritten_with_correct_hashes_is_found_out() {
    let disk = sold();
    // The forger takes one unit off a sale and makes every hash and checksum after it fit again.
    let forged = rewrite(&disk, None);
    let bad = verify_disk(&forged, &[key().public()]).unwrap().first_bad.unwrap();
    assert!(matches!(bad.reason, BadRecord::BadSignature { .. }), "{bad}");
    assert_eq!(bad.seq, 6, "the mark behind the change is the first that vouches for it");
    assert!(matches!(verify_disk(&forged, &[]).unwrap().first_bad.unwrap().reason, BadRecord::BadSignature { .. }));

    // A forger who also signs with a key of his own deceives only those who do not know the node's.
    let own = NodeKey::from_seed([66; 32]);
    let forged = rewrite(&disk, Some(&own));
    assert_eq!(verify_disk(&forged, &[]).unwrap().first_bad, None);
    let bad = verify_disk(&forged, &[key().public()]).unwrap().first_bad.unwrap();
    assert_eq!((bad.seq, bad.reason), (1, BadRecord::BadSignature { key: key().public_hex() }));
}

#[test]
fn a_record_that_must_be_signed_and_is_not_is_bad() {
    let disk = sold();
    let name = disk.list().unwrap().remove(0);
    let lines = rechained(&disk, |record| {
        let body = body(record);
        if record.kind() == Kind::Mark { body.split(",\"sig\":").next().unwrap().to_owned() } else { body }
    });
    disk.plant(&name, lines);
    let bad = verify_disk(&disk, &[]).unwrap().first_bad.unwrap();
    assert_eq!((bad.seq, bad.reason), (6, BadRecord::Unsigned));
}

#[test]
fn a_mark_is_due_after_a_second_of_quiet_and_only_then() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    journal.append(&command(1)).unwrap();
    assert_eq!(journal.mark_due_ms(10_000), None, "not flushed yet: the flush comes first");
    journal.flush().unwrap();
    assert_eq!(journal.mark_due_ms(10_000), Some(11_000));
    assert_eq!(journal.mark_due_ms(10_700), Some(11_000));
    journal.append(&command(2)).unwrap();
    journal.flush().unwrap();
    assert_eq!(journal.mark_due_ms(10_900), Some(11_900), "the quiet begins anew");
    let upto = journal.write_mark(at(2_000)).unwrap();
    assert_eq!((upto, journal.durable_upto()), (4, 4));
    assert_eq!(journal.mark_due_ms(60_000), None, "a mark needs no mark");
    let mark = records(journal.replay_from_start().unwrap()).pop().unwrap();
    assert_eq!((mark.kind(), mark.durable_upto), (Kind::Mark, 3));
}

#[test]
fn time_in_the_journal_never_goes_back() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    journal.append(&command(500)).unwrap();
    journal.append(&command(400)).unwrap();
    journal.flush().unwrap();
    drop(journal);
    let found = records(open(&disk, 2).unwrap().replay);
    let held = counterfoil::time::Stamp { ms: at(500).ms, quality: counterfoil::time::ClockQuality::HeldBack };
    assert_eq!((found[1].at, found[2].at, found[3].at), (at(500), held, held), "neither by a command nor by a start");
}

#[test]
fn a_draft_that_would_spoil_the_format_is_refused_and_leaves_no_trace() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    let check = |journal: &mut Journal<ModelDisk>, draft: Draft, reason: &str| {
        let Err(AppendError::Unwritable { reason: found }) = journal.append(&draft) else { panic!("{reason}: was written") };
        assert_eq!(found, reason);
    };
    let one = |json: &str| Draft { events: vec![event(json)], ..command(1) };
    check(&mut journal, Draft { events: Vec::new(), ..command(1) }, "it has no event");
    check(&mut journal, one("{\"a.1\":\n{}}"), "an event holds the control character 0x0a");
    check(&mut journal, one("[1]"), "an event is not an object with one name");
    check(&mut journal, one(r#"{"a.1":{"price":1.5}}"#), "the number 1.5 is not an integer below 2^53");
    check(&mut journal, one(r#"{"a.1":{"price":1e3}}"#), "the number 1e3 is not an integer below 2^53");
    check(&mut journal, one(r#"{"a.1":[-9007199254740992]}"#), "the number -9007199254740992 is not an integer below 2^53");
    check(&mut journal, Draft { carry: false, ..carry(1) }, "its first event and its being a carry-forward do not agree");
    check(&mut journal, Draft { carry: true, ..command(1) }, "its first event and its being a carry-forward do not agree");
    let long = format!(r#"{{"a.1":"{}"}}"#, "x".repeat(5_000));
    check(&mut journal, Draft { key: None, ..one(&long) }, "it has 5248 bytes and may have 4096");
    assert_eq!(journal.head().seq, 1);
    journal.append(&one(r#"{"a.1":{"text":"1.5 \" 1e3 \\","price":-9007199254740991}}"#)).unwrap();
}

#[test]
fn a_carry_forward_stays_small() {
    let limits = counterfoil::journal::Limits { record_bytes_max: 1 << 20, segment_bytes_max: 4 << 20, ..SMALL };
    let mut journal = Journal::open(ModelDisk::new(), options(1, limits)).unwrap().journal;
    let large = Draft { events: vec![event(&format!(r#"{{"carried_forward.1":"{}"}}"#, "x".repeat(64 << 10)))], ..carry(1) };
    let Err(AppendError::Unwritable { reason }) = journal.append(&large) else { panic!("was written") };
    assert!(reason.ends_with("bytes and may have 65536"), "{reason}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    /// Whatever a command holds, it comes back byte for byte, from the replay and from the reader's parse.
    #[test]
    fn what_is_appended_comes_back(
        texts in prop::collection::vec(prop::collection::vec(any::<String>(), 1..4), 1..12),
        keys in prop::collection::vec(prop::option::of(any::<String>()), 12),
        numbers in prop::collection::vec(-9_007_199_254_740_991_i64..=9_007_199_254_740_991, 12),
        flushes in prop::collection::vec(any::<bool>(), 12),
    ) {
        let limits = counterfoil::journal::Limits { record_bytes_max: 64 << 10, segment_bytes_max: 128 << 10, fill_bytes: 32 << 10 };
        let disk = ModelDisk::new();
        let mut journal = Journal::open(disk.clone(), options(1, limits)).unwrap().journal;
        let mut sent = Vec::new();
        for (index, texts) in texts.iter().enumerate() {
            let events: Vec<_> = texts.iter().map(|text| event(&serde_json::json!({"said.1": {"text": text, "n": numbers[index]}}).to_string())).collect();
            let draft = Draft { key: keys[index].clone(), events, signed: flushes[index], ..command(index as u64) };
            journal.append(&draft).unwrap();
            if flushes[index] {
                journal.flush().unwrap();
            }
            sent.push(draft);
        }
        journal.flush().unwrap();
        drop(journal);
        let opened = Journal::open(disk, options(2, limits)).unwrap();
        let found: Vec<_> = records(opened.replay).into_iter().filter(|record| record.kind() == Kind::Command).collect();
        prop_assert_eq!(found.len(), sent.len());
        for (record, draft) in found.iter().zip(&sent) {
            prop_assert_eq!(&record.key, &draft.key);
            prop_assert_eq!(record.events.iter().map(|event| event.get()).collect::<Vec<_>>(), draft.events.iter().map(|event| event.get()).collect::<Vec<_>>());
            prop_assert_eq!(record.hash, Hash::of(&record.line));
            prop_assert_eq!(record.sig.is_some(), draft.signed);
        }
    }

    /// No line makes the parser panic, and none but a record passes.
    #[test]
    fn garbage_is_no_record(bytes in prop::collection::vec(any::<u8>(), 0..400), end in any::<bool>()) {
        let mut line = bytes;
        if end {
            let crc = crc32c::crc32c(&line);
            line.extend(format!(",\"crc\":\"{crc:08x}\"}}\n").bytes());
        }
        prop_assert!(Record::parse(line).is_err());
    }
}

/// Link 1, commands 2 to 5, mark 6, in one file.
fn sold() -> ModelDisk {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    for number in 1..=4 {
        journal.append(&command(number)).unwrap();
        journal.flush().unwrap();
    }
    journal.close(at(9)).unwrap();
    disk
}

/// Changes record 3 and makes everything after it fit; with a key also the signatures.
fn rewrite(disk: &ModelDisk, signer: Option<&NodeKey>) -> ModelDisk {
    let lines = rechained(disk, |record| {
        let mut body = body(record);
        if record.seq == 3 {
            body = body.replacen("\"of\":3", "\"of\":2", 1);
        }
        let Some(signer) = signer else { return body };
        if record.sig.is_some() {
            let unsigned = body.split(",\"sig\":").next().unwrap().replace(&key().public_hex(), &signer.public_hex());
            body = format!("{unsigned},\"sig\":\"{}\"", signer.sign_hex(unsigned.as_bytes()));
        }
        body
    });
    let forged = ModelDisk::new();
    forged.plant(&disk.list().unwrap()[0], lines);
    forged
}

/// All lines of the only segment, with `change` made to the bytes before the checksum, and `prev` and checksum computed again.
fn rechained(disk: &ModelDisk, change: impl Fn(&Record) -> String) -> Vec<u8> {
    let bytes = disk.bytes(&disk.list().unwrap()[0]).unwrap();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let mut forged: Vec<u8> = Vec::new();
    let mut prev: Option<Hash> = None;
    for line in lines {
        let mut record = Record::parse(line.to_vec()).unwrap();
        if let Some(prev) = prev {
            record.line = String::from_utf8(record.line).unwrap().replace(&record.prev.to_string(), &prev.to_string()).into_bytes();
        }
        let covered = change(&record);
        let line = format!("{covered},\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(covered.as_bytes()));
        prev = Some(Hash::of(line.as_bytes()));
        forged.extend(line.bytes());
    }
    forged
}

fn body(record: &Record) -> String {
    let text = std::str::from_utf8(&record.line).unwrap();
    text[..text.len() - 19].to_owned()
}

#[test]
fn a_public_key_is_a_point_or_nothing() {
    assert_eq!(PublicKey::from_hex(&key().public_hex()), Ok(key().public()));
    for bad in ["", "00", &"g".repeat(64), &"AB".repeat(32)] {
        assert!(PublicKey::from_hex(bad).is_err(), "{bad}");
    }
}
