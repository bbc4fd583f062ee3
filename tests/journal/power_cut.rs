//! The plug is pulled at every write point, and again at every write point of the recovery. Whatever the disk makes of it: what was
//! acknowledged is there, once, whole and in order; what was not is there whole or not at all; and it never looks like damage.

use counterfoil::journal::model_disk::{Cut, Mishap, ModelDisk};
use counterfoil::journal::verify::verify_disk;
use counterfoil::journal::{AppendError, Content, Hash, Journal, Kind, OpenError, Position, Record};

use super::shop::{at, carry, command, key, open, records};

#[test]
fn no_power_cut_loses_what_was_acknowledged() {
    let acts = undisturbed();
    for act in 1..=acts {
        let (disk, witness) = trade_until(Mishap::PowerCut { act });
        for seed in 0..4 {
            for stale_bytes in [false, true] {
                let cut = Cut { seed: seed * 1000 + act, stale_bytes };
                let (left, place) = (disk.after_power_cut(cut), format!("power cut at act {act} of {acts}, {cut:?}"));
                let verdict = verify_disk(&left, &[key().public()]).unwrap();
                assert!(
                    stale_bytes || verdict.first_bad.is_none(),
                    "{place}: a tear is no damage, but verify says {:?}",
                    verdict.first_bad
                );
                witness.examine(&left, &place);
            }
        }
    }
}

#[test]
fn no_power_cut_during_recovery_does_either() {
    let acts = undisturbed();
    for act in 1..=acts {
        let (disk, witness) = trade_until(Mishap::PowerCut { act });
        let first = Cut { seed: act, stale_bytes: false };
        for second_act in 1.. {
            let disk = disk.after_power_cut(first);
            disk.plan(Mishap::PowerCut { act: second_act });
            let recovered = open(&disk, 8).is_ok();
            let second = Cut { seed: act * 1000 + second_act, stale_bytes: second_act % 2 == 0 };
            let place = format!("power cut at act {act}, {first:?}, then at act {second_act} of the recovery, {second:?}");
            witness.examine(&disk.after_power_cut(second), &place);
            if recovered {
                break;
            }
        }
    }
}

#[test]
fn a_dead_process_loses_nothing_that_it_wrote() {
    let acts = undisturbed();
    for act in 1..=acts {
        let (disk, witness) = trade_until(Mishap::PowerCut { act });
        witness.examine(&disk.after_process_death(), &format!("killed at act {act}"));
    }
}

/// A failed fsync or write, then the process is started again on a machine whose page cache shows records that the disk does not have,
/// answers from them, and then the power goes.
#[test]
fn after_a_failure_nothing_is_answered_that_is_not_on_disk() {
    let acts = undisturbed();
    for act in 1..=acts {
        let (disk, witness) = trade_until(Mishap::Failure { act });
        for seed in 0..4 {
            let cut = Cut { seed, stale_bytes: false };
            let place = format!("failure at act {act}, then power cut, {cut:?}");
            witness.examine(&disk.after_power_cut(cut), &place);
        }
        let disk = disk.after_process_death();
        let Ok(opened) = open(&disk, 7) else { panic!("failure at act {act}: does not start again") };
        witness.check(&records(opened.replay), &format!("failure at act {act}, started again"));
        let whole = records(opened.journal.replay_from_start().unwrap());
        let answered = witness.check(&whole, &format!("failure at act {act}, started again, from the start"));
        drop(opened.journal);
        for seed in 0..4 {
            let cut = Cut { seed, stale_bytes: false };
            let place = format!("failure at act {act}, started again, answered, then power cut, {cut:?}");
            let later = Witness { acknowledged: answered.clone(), ..witness.clone() };
            later.examine(&disk.after_power_cut(cut), &place);
        }
    }
}

/// A full disk refuses, and the journal goes on when there is room again; at no point is an acknowledged record lost.
#[test]
fn a_full_disk_loses_nothing() {
    let acts = undisturbed();
    for act in 1..=acts {
        let (disk, witness) = trade_until(Mishap::Full { act });
        witness.examine(&disk.after_power_cut(Cut { seed: act, stale_bytes: false }), &format!("full from act {act} on, then power cut"));
        witness.examine(&disk.after_process_death(), &format!("full from act {act} on, then there was room"));
    }
}

#[test]
fn a_full_disk_is_a_refusal_that_leaves_the_journal_usable() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    disk.plan(Mishap::Full { act: disk.acts() + 1 });
    let mut refused = None;
    for number in 1..100 {
        match journal.append(&command(number)) {
            Ok(_) => {}
            Err(error) => {
                refused = Some((number, error));
                break;
            }
        }
    }
    let (number, error) = refused.expect("two KiB of room do not hold a hundred commands");
    assert!(matches!(error, AppendError::DiskFull { .. }), "{error}");
    journal.flush().unwrap();
    assert_eq!(journal.durable_upto(), number, "one link and the commands before");
    let disk = disk.after_process_death();
    journal.append(&command(number)).unwrap();
    journal.flush().unwrap();
    let witness = Witness { attempted: number, ..Witness::default() };
    assert_eq!(witness.check(&records(journal.replay_from_start().unwrap()), "after room was made").len() as u64, number);
    drop(disk);
}

#[test]
fn a_start_on_a_full_disk_says_so() {
    let disk = ModelDisk::new();
    disk.plan(Mishap::Full { act: 1 });
    let Err(error) = open(&disk, 1) else { panic!("opened without room") };
    assert!(matches!(error, OpenError::DiskFull { .. }), "{error}");
}

#[test]
fn the_first_failed_flush_is_the_last() {
    let disk = ModelDisk::new();
    let mut journal = open(&disk, 1).unwrap().journal;
    journal.append(&command(1)).unwrap();
    disk.plan(Mishap::Failure { act: disk.acts() + 1 });
    let error = journal.flush().expect_err("a failed fsync is never tried again");
    assert!(error.to_string().contains("flush failed"), "{error}");
    assert_eq!(journal.flush().unwrap_err(), error);
    assert_eq!(journal.append(&command(2)).unwrap_err(), AppendError::Fenced(error.clone()));
    assert_eq!(journal.end_segment().unwrap_err(), AppendError::Fenced(error.clone()));
    assert_eq!(journal.mark_due_ms(0), None);
    assert_eq!(journal.close(at(9)).unwrap_err(), AppendError::Fenced(error));
}

/// A carry-forward's parts are files of their own: on disk before anyone has their name, and never half of one under it.
#[test]
fn content_is_durable_before_its_name_is_known() {
    let parts: [&[u8]; 3] = [b"open transactions", &[7; 3_000], b"tills"];
    for act in 1..=12 {
        let disk = ModelDisk::new();
        disk.plan(Mishap::PowerCut { act });
        let content = Content::on(disk.clone());
        let known: Vec<_> = parts.iter().map_while(|part| content.put(part).ok()).collect();
        for seed in 0..16 {
            let left = Content::on(disk.after_power_cut(Cut { seed, stale_bytes: seed % 2 == 1 }));
            for (number, part) in parts.iter().enumerate() {
                let name = Hash::of(part).to_string();
                match left.get(&name) {
                    Ok(bytes) => assert_eq!(bytes, *part),
                    Err(error) => assert!(!known.contains(&name), "power cut at act {act}, seed {seed}, part {number}: {error}"),
                }
                assert_eq!(left.put(part).unwrap(), name, "and it can be put again");
            }
        }
    }
}

/// The workload's acts when nothing goes wrong. All of it is then acknowledged.
fn undisturbed() -> u64 {
    let disk = ModelDisk::new();
    let mut witness = Witness::default();
    trade(&disk, &mut witness).unwrap();
    assert_eq!(witness.acknowledged.len() as u64, witness.attempted);
    assert!(witness.attempted > 60);
    disk.acts()
}

fn trade_until(mishap: Mishap) -> (ModelDisk, Witness) {
    let disk = ModelDisk::new();
    let mut witness = Witness::default();
    disk.plan(mishap);
    let _ = trade(&disk, &mut witness);
    (disk, witness)
}

/// Two days in four incarnations: single and grouped commits, marks, segments that end by size and at day close, carry-forwards, a clean
/// stop, and two processes that just die.
fn trade(disk: &ModelDisk, witness: &mut Witness) -> Result<(), Stopped> {
    let mut journal = open(disk, 1)?.journal;
    witness.sell(&mut journal, 1)?;
    witness.sell(&mut journal, 3)?;
    journal.write_mark(at(5))?;
    witness.sell(&mut journal, 2)?;
    witness.append(&mut journal, 2)?;
    drop(journal);

    let mut journal = open(disk, 2)?.journal;
    for _ in 0..8 {
        witness.sell(&mut journal, 2)?;
    }
    witness.append(&mut journal, 1)?;
    journal.end_segment()?;
    witness.acknowledge(&journal);
    witness.carry(&mut journal)?;
    witness.sell(&mut journal, 1)?;
    journal.close(at(60))?;

    let mut journal = open(disk, 3)?.journal;
    for _ in 0..6 {
        witness.sell(&mut journal, 3)?;
    }
    journal.end_segment()?;
    drop(journal);

    let mut journal = open(disk, 4)?.journal;
    witness.carry(&mut journal)?;
    for _ in 0..10 {
        witness.sell(&mut journal, 2)?;
    }
    Ok(())
}

/// The process is over: its journal refused.
#[derive(Debug)]
struct Stopped;

impl From<OpenError> for Stopped {
    fn from(_: OpenError) -> Stopped {
        Stopped
    }
}
impl From<AppendError> for Stopped {
    fn from(_: AppendError) -> Stopped {
        Stopped
    }
}

/// Someone outside who remembers what the shop was told.
#[derive(Debug, Clone, Default)]
struct Witness {
    /// Where each acknowledged command stands, from command 1 on.
    acknowledged: Vec<Position>,
    /// Appended and not yet answered for.
    waiting: Vec<Position>,
    /// Commands that were tried, this one included.
    attempted: u64,
}

impl Witness {
    /// `count` commands in one flush.
    fn sell(&mut self, journal: &mut Journal<ModelDisk>, count: u64) -> Result<(), Stopped> {
        self.append(journal, count)?;
        journal.flush().map_err(AppendError::from)?;
        self.acknowledge(journal);
        Ok(())
    }

    fn append(&mut self, journal: &mut Journal<ModelDisk>, count: u64) -> Result<(), Stopped> {
        for _ in 0..count {
            self.attempted += 1;
            self.waiting.push(journal.append(&command(self.attempted))?);
        }
        Ok(())
    }

    fn carry(&mut self, journal: &mut Journal<ModelDisk>) -> Result<(), Stopped> {
        journal.append(&carry(self.attempted))?;
        journal.flush().map_err(AppendError::from)?;
        Ok(())
    }

    /// All that the journal calls durable has been answered for.
    fn acknowledge(&mut self, journal: &Journal<ModelDisk>) {
        let flushed = self.waiting.iter().take_while(|position| position.seq <= journal.durable_upto()).count();
        self.acknowledged.extend(self.waiting.drain(..flushed));
    }

    /// Starts on what is left and looks at everything.
    fn examine(&self, disk: &ModelDisk, place: &str) {
        let opened = open(disk, 9).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(opened.report.is_clean(), "{place}: {}", opened.report);
        self.check(&records(opened.replay), place);

        let mut journal = opened.journal;
        let whole = records(journal.replay_from_start().unwrap());
        self.check(&whole, place);
        journal.append(&command(1_000)).unwrap();
        journal.flush().unwrap();
        let verdict = verify_disk(disk, &[key().public()]).unwrap();
        assert_eq!(verdict.first_bad, None, "{place}");
        assert_eq!(verdict.records, whole.len() as u64 + 1, "{place}");
    }

    /// `found`, from the start or from a carry-forward, against what is remembered. Gives the commands' places.
    fn check(&self, found: &[Record], place: &str) -> Vec<Position> {
        let number = |record: &Record| record.key.as_ref().unwrap().rsplit_once('-').unwrap().1.parse::<u64>().unwrap();
        let carried = found.first().filter(|record| record.kind() == Kind::CarryForward).map_or(0, number);
        let found = commands(found.to_vec());
        for (record, expected) in found.iter().zip(carried + 1..) {
            assert_eq!(number(record), expected, "{place}: lost, doubled or out of order");
            assert_eq!(record.events.len(), 3, "{place}: a part of command {expected}");
            if let Some(acknowledged) = self.acknowledged.get(expected as usize - 1) {
                assert_eq!(record.position(), *acknowledged, "{place}: command {expected} is not what was acknowledged");
            }
        }
        let newest = carried + found.len() as u64;
        assert!(newest <= self.attempted, "{place}: nobody asked for command {newest}");
        assert!(newest >= self.acknowledged.len() as u64, "{place}: {} were acknowledged, {newest} are left", self.acknowledged.len());
        found.iter().map(Record::position).collect()
    }
}

/// Without the journal's own records and carry-forwards.
fn commands(records: Vec<Record>) -> Vec<Record> {
    records.into_iter().filter(|record| record.kind() == Kind::Command).collect()
}
