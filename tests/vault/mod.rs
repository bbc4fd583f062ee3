//! The vault on disks that lose power, fail, fill up and flip bits: what was answered is there, what was erased is gone, and damage costs one
//! person alone.

use std::collections::BTreeMap;

use counterfoil::ids::SubjectRef;
use counterfoil::journal::model_disk::{Cut, Mishap, ModelDisk};
use counterfoil::journal::{Folder, NodeKey};
use counterfoil::vault::{BadDetails, Damage, Details, FindBy, Vault, VaultError};

fn key() -> NodeKey {
    NodeKey::from_seed([5; 32])
}

fn open(disk: &ModelDisk) -> Result<(Vault<ModelDisk>, Vec<Damage>), VaultError> {
    Vault::open(disk.clone(), &key())
}

fn person(number: u32) -> Details {
    let (name, email) = (format!("Eva Muster-{number}"), format!("eva{number}@example.org"));
    Details { name, email, phone: format!("+49301234{number:04}"), ..Details::default() }
}

fn by_email(number: u32) -> FindBy {
    FindBy::Email(format!("eva{number}@example.org"))
}

#[test]
fn somebody_is_found_by_exact_spelling_changed_and_erased() {
    let disk = ModelDisk::new();
    let (vault, _) = open(&disk).unwrap();
    let eva = vault.create(person(1)).unwrap();
    let other = vault.create(person(2)).unwrap();
    assert_eq!(vault.get(eva).unwrap(), person(1));
    assert_eq!((vault.find(&by_email(1)), vault.find(&FindBy::Phone("+493012340002".into()))), (Some(eva), Some(other)));
    assert_eq!(vault.find(&FindBy::Email("eva@example.org".into())), None, "never by a part");

    let taken = vault.create(Details { email: "EVA1@example.org".into(), ..Details::default() });
    assert!(matches!(taken, Err(VaultError::Taken(who)) if who == eva));
    let nobody = vault.create(Details { name: "Eva".into(), ..Details::default() });
    assert!(matches!(nobody, Err(VaultError::Bad(BadDetails::NothingToFindBy))));

    vault.replace(eva, Details { email: "muster@example.org".into(), ..person(1) }).unwrap();
    assert_eq!((vault.find(&by_email(1)), vault.find(&FindBy::Email("muster@example.org".into()))), (None, Some(eva)));

    assert!(vault.erase(eva).unwrap() && vault.erase(eva).unwrap());
    assert!(!vault.erase(SubjectRef(uuid::Uuid::nil())).unwrap());
    assert!(matches!(vault.replace(eva, person(1)), Err(VaultError::Erased(_))));
    drop(vault);
    let (vault, damage) = open(&disk).unwrap();
    assert_eq!(damage, []);
    assert!(matches!(vault.get(eva), Err(VaultError::Erased(_))));
    assert_eq!((vault.get(other).unwrap(), vault.len()), (person(2), 1));
    assert!(vault.create(person(1)).is_ok(), "the address is free again, under a new reference");
}

#[test]
fn nothing_on_disk_can_be_read_and_an_erased_key_is_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = || std::fs::read(folder.path().join("vault/subjects")).unwrap();
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let open = |seed| Vault::open(Folder::create(&folder.path().join("vault")).unwrap(), &NodeKey::from_seed([seed; 32]));
    let (vault, _) = open(5).unwrap();
    let eva = vault.create(person(1)).unwrap();
    vault.replace(eva, Details { name: "Eva Neu".into(), ..person(1) }).unwrap();
    let other = vault.create(person(2)).unwrap();
    for plain in ["Muster", "example.org", "1234", "Neu"] {
        assert!(!holds(&bytes(), plain.as_bytes()), "{plain} can be read");
    }
    // Where the key of a frame lies: see docs/VAULT.md.
    let sealed_key = bytes()[32..92].to_vec();
    vault.erase(eva).unwrap();
    assert!(!holds(&bytes(), &sealed_key), "the key of somebody erased is still there");
    drop(vault);

    let before = bytes();
    assert!(matches!(open(6), Err(VaultError::OtherKey { .. })));
    assert_eq!(bytes(), before, "a vault that does not open is left as it is");
    let (vault, _) = open(5).unwrap();
    assert!(vault.get(other).is_ok() && vault.get(eva).is_err());
}

/// Who was answered what.
#[derive(Clone, Default)]
struct Witness {
    /// The newest details that were answered.
    kept: BTreeMap<SubjectRef, Details>,
    erased: Vec<SubjectRef>,
    /// Asked last, and perhaps never answered: what it may have become.
    under_way: Option<Under>,
}

#[derive(Clone)]
enum Under {
    Create(Details),
    Replace(SubjectRef, Details),
    Erase(SubjectRef),
}

impl Witness {
    fn examine(&self, disk: &ModelDisk, place: &str) {
        let (vault, damage) = open(disk).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(damage.iter().all(|damage| matches!(damage, Damage::TornTail { .. })), "{place}: a tear is no damage: {damage:?}");
        for (subject, details) in &self.kept {
            let found = vault.get(*subject);
            match (&self.under_way, found) {
                (Some(Under::Erase(going)), Err(VaultError::Erased(_))) if going == subject => {}
                (Some(Under::Replace(changed, new)), Ok(found)) if changed == subject && found == *new => {}
                (_, Ok(found)) if found == *details => {}
                (_, other) => panic!("{place}: {subject} is {:?}", other.map(|details| details.name)),
            }
        }
        for subject in &self.erased {
            assert!(matches!(vault.get(*subject), Err(VaultError::Erased(_))), "{place}: {subject} is back");
        }
        let extra = usize::from(matches!(self.under_way, Some(Under::Create(_))));
        assert!(vault.len() <= self.kept.len() + extra, "{place}: somebody nobody took in");
        if let Some(Under::Create(details)) = &self.under_way {
            let found = vault.find(&details.found_by()[0]);
            assert!(found.is_none_or(|found| vault.get(found).unwrap() == *details), "{place}: half of somebody");
        }
    }
}

/// Takes people in, changes and erases them until the disk goes.
fn work_until(mishap: Option<Mishap>) -> (ModelDisk, Witness) {
    let disk = ModelDisk::new();
    disk.plan(mishap.unwrap_or(Mishap::PowerCut { act: u64::MAX }));
    let mut witness = Witness::default();
    let Ok((mut vault, _)) = open(&disk) else { return (disk, witness) };
    for round in 0..12 {
        let known: Vec<SubjectRef> = witness.kept.keys().copied().collect();
        let one = known.get(round as usize % known.len().max(1)).copied();
        let done = match (round % 4, one) {
            (1, Some(subject)) => {
                let changed = Details { name: format!("changed {round}"), ..witness.kept[&subject].clone() };
                witness.under_way = Some(Under::Replace(subject, changed.clone()));
                vault.replace(subject, changed.clone()).map(|()| drop(witness.kept.insert(subject, changed)))
            }
            (3, Some(subject)) => {
                witness.under_way = Some(Under::Erase(subject));
                vault.erase(subject).map(|_| {
                    witness.kept.remove(&subject);
                    witness.erased.push(subject);
                })
            }
            _ => {
                witness.under_way = Some(Under::Create(person(round)));
                vault.create(person(round)).map(|subject| drop(witness.kept.insert(subject, person(round))))
            }
        };
        if done.is_err() {
            return (disk, witness);
        }
        witness.under_way = None;
        if round == 6 {
            let Ok((again, _)) = open(&disk) else { return (disk, witness) };
            vault = again;
        }
    }
    (disk, witness)
}

#[test]
fn no_power_cut_loses_what_was_answered_or_brings_back_who_was_erased() {
    let acts = work_until(None).0.acts();
    assert!(acts > 30, "{acts}");
    for act in 1..=acts {
        let (disk, witness) = work_until(Some(Mishap::PowerCut { act }));
        for seed in 0..4 {
            let cut = Cut { seed: seed * 1000 + act, stale_bytes: false };
            let place = format!("power cut at act {act} of {acts}, {cut:?}");
            let left = disk.after_power_cut(cut);
            witness.examine(&left, &place);
            // And again in the middle of the start that follows.
            for second in 1..=5 {
                let left = disk.after_power_cut(cut);
                left.plan(Mishap::PowerCut { act: second });
                let _ = open(&left);
                witness.examine(&left.after_power_cut(Cut { seed: second, stale_bytes: false }), &format!("{place}, then at {second}"));
            }
        }
        witness.examine(&disk.after_process_death(), &format!("killed at act {act}"));
    }
}

/// What the page cache shows after a failed flush is not what is on the disk: the start must not answer from it alone.
#[test]
fn after_a_failure_nothing_is_answered_that_is_not_on_disk() {
    let acts = work_until(None).0.acts();
    for act in 1..=acts {
        let (disk, witness) = work_until(Some(Mishap::Failure { act }));
        witness.examine(&disk.after_power_cut(Cut { seed: act, stale_bytes: false }), &format!("failure at act {act}, then power cut"));
        let disk = disk.after_process_death();
        let Ok((vault, _)) = open(&disk) else { panic!("failure at act {act}: does not open again") };
        let answered: BTreeMap<SubjectRef, Details> =
            witness.kept.keys().filter_map(|subject| Some((*subject, vault.get(*subject).ok()?))).collect();
        let later = Witness { kept: answered, under_way: None, ..witness.clone() };
        let left = disk.after_power_cut(Cut { seed: act, stale_bytes: false });
        let (again, _) = open(&left).unwrap();
        for (subject, details) in &later.kept {
            assert!(again.get(*subject).unwrap() == *details, "failure at act {act}: {subject} was answered and is not on disk");
        }
    }
}

#[test]
fn a_full_disk_is_an_answer_and_loses_nothing() {
    let acts = work_until(None).0.acts();
    for act in 1..=acts {
        let (disk, witness) = work_until(Some(Mishap::Full { act }));
        witness.examine(&disk.after_power_cut(Cut { seed: act, stale_bytes: false }), &format!("full from act {act} on, then power cut"));
    }
    let disk = ModelDisk::new();
    let (vault, _) = open(&disk).unwrap();
    disk.plan(Mishap::Full { act: disk.acts() + 1 });
    let refused = (0..1000).find_map(|number| vault.create(person(number)).err()).expect("the disk has an end");
    assert!(matches!(refused, VaultError::DiskFull), "{refused}");
    disk.after_process_death();
    vault.create(person(5000)).expect("there is room again");
}

#[test]
fn a_failed_write_takes_no_more_until_the_next_start() {
    let disk = ModelDisk::new();
    let (vault, _) = open(&disk).unwrap();
    let eva = vault.create(person(1)).unwrap();
    disk.plan(Mishap::Failure { act: disk.acts() + 2 });
    assert!(matches!(vault.create(person(2)), Err(VaultError::Disk { .. })));
    assert!(matches!(vault.create(person(3)), Err(VaultError::Fenced)));
    assert_eq!(vault.get(eva).unwrap(), person(1), "reading goes on");
    assert!(open(&disk.after_process_death()).unwrap().0.create(person(3)).is_ok());
}

#[test]
fn a_flipped_bit_costs_one_person_by_name_and_nobody_else() {
    let disk = ModelDisk::new();
    let (vault, _) = open(&disk).unwrap();
    let people: Vec<SubjectRef> = (0..4).map(|number| vault.create(person(number)).unwrap()).collect();
    vault.erase(people[3]).unwrap();
    drop(vault);
    open(&disk).unwrap();
    let whole = disk.bytes("subjects").unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let disk = ModelDisk::new();
        disk.plant("subjects", bytes);
        let (vault, damage) = open(&disk).unwrap_or_else(|error| panic!("byte {at}: {error}"));
        assert_eq!(damage.len(), 1, "byte {at}: {damage:?}");
        let lost: Vec<SubjectRef> = people[..3].iter().filter(|subject| vault.get(**subject).is_err()).copied().collect();
        assert!(lost.len() <= 1, "byte {at}: {lost:?}");
        if let Damage::Subject { subject, .. } = damage[0]
            && lost.contains(&subject)
        {
            assert!(matches!(vault.get(subject), Err(VaultError::Lost(_))));
            drop(vault);
            let (vault, damage) = open(&disk).unwrap();
            assert_eq!(damage, [], "byte {at}: said once");
            assert!(matches!(vault.get(subject), Err(VaultError::Lost(_))), "byte {at}: and kept in mind");
            vault.replace(subject, person(9)).unwrap();
            assert_eq!(open(&disk).unwrap().0.get(subject).unwrap(), person(9), "asked anew");
        }
    }
}

/// An older version must not come back when the newer one is damaged: it may be the one that somebody took back.
#[test]
fn an_older_version_never_stands_in_for_a_damaged_one() {
    let disk = ModelDisk::new();
    let (vault, _) = open(&disk).unwrap();
    let eva = vault.create(person(1)).unwrap();
    let first = disk.bytes("subjects").unwrap().len();
    vault.replace(eva, Details { name: "Eva Neu".into(), ..person(1) }).unwrap();
    vault.create(person(2)).unwrap();
    let mut bytes = disk.bytes("subjects").unwrap();
    bytes[first + 110] ^= 4;
    let damaged = ModelDisk::new();
    damaged.plant("subjects", bytes);
    let (vault, damage) = open(&damaged).unwrap();
    assert!(matches!(damage[..], [Damage::Subject { subject, .. }] if subject == eva), "{damage:?}");
    assert!(matches!(vault.get(eva), Err(VaultError::Lost(_))));
    assert_eq!(vault.find(&by_email(1)), None);
}
