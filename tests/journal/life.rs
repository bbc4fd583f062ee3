//! A journal on a real folder, from its first start on.

use counterfoil::journal::{Folder, Journal, Kind, Limits, OpenError, ReadError, Reader, verify};

use super::shop::{SMALL, at, carry, command, key, keys, open, options, records};

#[test]
fn what_was_flushed_is_there_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let disk = Folder::create(&path).unwrap();
    let opened = open(&disk, 1).unwrap();
    assert_eq!(opened.report.parent, None);
    let mut journal = opened.journal;
    for number in 1..=40 {
        journal.append(&command(number)).unwrap();
        assert_eq!(journal.flush().unwrap(), journal.head().seq);
    }
    let head = journal.head();
    journal.close(at(100)).unwrap();

    let opened = open(&disk, 2).unwrap();
    assert!(opened.report.is_clean(), "{}", opened.report);
    assert_eq!(opened.report.parent.unwrap().seq, head.seq + 1, "the mark");
    let found = records(opened.replay);
    assert_eq!(keys(&found), (1..=40).map(|number| format!("command-{number}")).collect::<Vec<_>>());
    assert_eq!(found.first().unwrap().kind(), Kind::Link);
    assert_eq!(found.iter().map(|record| record.seq).collect::<Vec<_>>(), (1..=43).collect::<Vec<_>>());
    drop(opened.journal);

    let report = verify(&path, &[key().public()]).unwrap();
    assert_eq!((report.first_bad, report.records, report.signed_upto), (None, 43, 43));
    assert!(report.segments >= 3, "{}", report.segments);
}

#[test]
fn a_second_process_is_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Folder::create(folder.path()).unwrap();
    let first = open(&disk, 1).unwrap();
    let Err(error) = open(&Folder::create(folder.path()).unwrap(), 2) else { panic!("opened twice") };
    assert!(matches!(error, OpenError::Locked { .. }));
    assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
    drop(first);
    assert!(open(&disk, 3).is_ok());
}

#[test]
fn the_reader_gives_the_stored_bytes_while_the_journal_grows() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Folder::create(folder.path()).unwrap();
    let mut journal = Journal::open(disk, options(1, SMALL)).unwrap().journal;
    let reader = Reader::open(folder.path()).unwrap();
    let mut next = 1;
    let mut got = Vec::new();
    for number in 1..=100 {
        journal.append(&command(number)).unwrap();
        if number % 7 == 0 {
            journal.flush().unwrap();
        }
        let batch = reader.read_batch(next, journal.durable_upto(), 1000).unwrap();
        next += batch.len() as u64;
        got.extend(batch);
        assert!(next <= journal.durable_upto() + 1);
    }
    journal.flush().unwrap();
    while next <= journal.durable_upto() {
        let batch = reader.read_batch(next, journal.durable_upto(), 1).unwrap();
        assert_eq!(batch.len(), 1);
        next += 1;
        got.extend(batch);
    }
    let all = records(journal.replay_from_start().unwrap());
    assert_eq!(got.iter().map(|raw| &raw.line).collect::<Vec<_>>(), all.iter().map(|record| &record.line).collect::<Vec<_>>());
    for seq in [1, 50, 101, 2] {
        assert_eq!(reader.read_one(seq).unwrap().line, all[seq as usize - 1].line);
    }
    assert!(reader.read_one(102).is_err());
}

#[test]
fn the_product_sizes_fit_together() {
    let limits = Limits::default();
    assert!((limits.record_bytes_max as u64) < limits.segment_bytes_max);
    assert_eq!(limits.segment_bytes_max % limits.fill_bytes, 0);
}

#[test]
fn the_reader_stops_at_damage_and_goes_on_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Folder::create(folder.path()).unwrap();
    let mut journal = open(&disk, 1).unwrap().journal;
    for number in 1..=9 {
        journal.append(&command(number)).unwrap();
    }
    journal.flush().unwrap();
    let file = folder.path().join("segment-0000000000000001-0000000000000001.jsonl");
    let mut bytes = std::fs::read(&file).unwrap();
    let fifth_line = bytes.split_inclusive(|byte| *byte == b'\n').take(4).map(<[u8]>::len).sum::<usize>();
    bytes[fifth_line + 99] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    let reader = Reader::open(folder.path()).unwrap();
    let seqs = |from, upto| reader.read_batch(from, upto, usize::MAX).map(|batch| batch.iter().map(|raw| raw.seq).collect::<Vec<_>>());
    assert_eq!(seqs(2, 10).unwrap(), [2, 3, 4], "up to the damage");
    let Err(ReadError::Hole { first_seq, last_seq, .. }) = seqs(5, 10) else { panic!("a damaged record was read") };
    assert_eq!((first_seq, last_seq), (5, 5));
    assert_eq!(seqs(6, 10).unwrap(), [6, 7, 8, 9, 10]);
    assert!(matches!(reader.read_one(5), Err(ReadError::Hole { .. })));
    assert!(matches!(reader.read_one(11), Err(ReadError::Absent { seq: 11, .. })));
    assert!(matches!(reader.read_one(0), Err(ReadError::Absent { seq: 0, .. })));
    assert_eq!((reader.oldest_seq().unwrap(), seqs(3, 2).unwrap()), (Some(1), vec![]));
}

#[test]
fn replay_starts_at_the_newest_carry_forward_and_can_go_further_back() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Folder::create(folder.path()).unwrap();
    let mut journal = open(&disk, 1).unwrap().journal;
    for day in 1..=3 {
        journal.append(&carry(day)).unwrap();
        for number in 1..=15 {
            journal.append(&command(day * 100 + number)).unwrap();
        }
        journal.flush().unwrap();
        journal.end_segment().unwrap();
    }
    journal.close(at(1000)).unwrap();
    let opened = open(&disk, 2).unwrap();
    let first_key = |replay| keys(&records(replay)).into_iter().next().unwrap();
    assert_eq!(opened.report.carry_forward, Some(34));
    assert_eq!(first_key(opened.replay), "carry-3");
    assert_eq!(first_key(opened.journal.replay_from_carry_before(34).unwrap()), "carry-2");
    assert_eq!(first_key(opened.journal.replay_from_carry_before(18).unwrap()), "carry-1");
    let whole = records(opened.journal.replay_from_carry_before(2).unwrap());
    assert_eq!(whole.len(), records(opened.journal.replay_from_start().unwrap()).len());
    assert_eq!(whole[0].seq, 1);
}
